"""Whether two quantities are equal: by exact values, and then for every size and depth by a proof.

Values differ: then they are unequal, once real numbers show it too. Values agree wherever they are compared: then they
are equal there but for an error with a bound, and equal everywhere where the sizes and the depth are given, or where a
proof says so. Anything else is undecided.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from symbackprop.answers.heights import Counted, bits_written, is_below_the_prime
from symbackprop.answers.identities import by_identities
from symbackprop.answers.norms import is_norm_of_product
from symbackprop.answers.proving import is_deep, proof
from symbackprop.answers.question import Question
from symbackprop.answers.roots import with_own_roots
from symbackprop.answers.verdict import Certificate, Witness
from symbackprop.answers.witness import witness
from symbackprop.errors import ShapeError, SymbackpropError
from symbackprop.expr import Expr
from symbackprop.judges import exact
from symbackprop.judges.exact import Sample
from symbackprop.judges.field import PRIME, OutOfRange, Resample, Unvalued
from symbackprop.judges.settings import FULL
from symbackprop.substitution import free_symbols

# at other points than those that everybody is judged at
AGAIN = replace(FULL, lists=1)
# what a certificate may leave open at most
SURE = 1e-9
# no right formula of a homework has numbers of so many bits in all; a number that is 1 in a prime field has
MANY_BITS = 24
EQUAL, DIFFERENT, OPEN = "equal", "different", "open"


@dataclass(frozen=True)
class Compared:
    """What is found of two quantities.

    Attributes:
        result: `EQUAL`, `DIFFERENT` or `OPEN`.
        reason: why, for a person.
    """

    result: str
    reason: str = ""
    witness: Witness | None = None
    certificate: Certificate | None = None

    @property
    def is_equal(self) -> bool:
        return self.result == EQUAL

    @property
    def is_different(self) -> bool:
        return self.result == DIFFERENT


def compare(left: Expr, right: Expr, question: Question, seeded_by: str = "") -> Compared:
    """Whether two quantities are equal in every network that the question is about.

    Args:
        left: what is known to be right, if either is.
        seeded_by: makes the points of the second look; nobody who writes an answer can aim at them.
    """
    if left == right:
        return Compared(EQUAL, "it is the same", certificate=_by_form(question))
    left, right = by_identities(left, question), by_identities(right, question)

    def same(one: Expr, two: Expr) -> bool:
        return proof(one, two, question, seeded_by) is not None

    if is_norm_of_product(left, right, question, same):
        return Compared(EQUAL, "the norm of a product with one column", certificate=_by_form(question))
    claim = question.claim(left, right)
    try:
        found = exact.compare(claim)
        if found.against is None and found.agreed and question.is_unrolled:
            # where no proof is asked for
            more = exact.compare(claim, replace(AGAIN, seed=question.seed(right, seeded_by)))
            found = replace(found, agreed=(*found.agreed, *more.agreed), against=more.against)
    except Unvalued as reason:
        return Compared(OPEN, f"it cannot be computed exactly: {reason}")
    except ShapeError as error:
        return Compared(DIFFERENT, str(error))
    except SymbackpropError as error:
        return Compared(OPEN, str(error))
    if found.against is not None:
        return _different(left, right, question, found.against)
    if not found.agreed:
        return Compared(OPEN, found.reason)
    _, bound = exact.bounded(claim, found.agreed)
    if bound > SURE:
        return Compared(OPEN, f"its degree is too high to be sure: values may agree by chance, at most {bound:.1g}")
    # a letter of a row or an entry is tried at some of its values only
    plain = with_own_roots(right, question, same)
    is_rooted = plain is None
    is_whole = question.is_unrolled and not is_rooted and not free_symbols(left) | free_symbols(right)
    if is_whole and is_below_the_prime(left, right, Counted(question)):
        return Compared(EQUAL, "", certificate=_certificate(found.agreed, "unrolled", bound))
    is_suspect = bits_written(right) > MANY_BITS
    if is_suspect and (shown := _shown(left, right, question)) is not None:
        return shown
    # an answer for a network of two layers or more has no meaning where there is one
    deeper = question.from_depth(min(sample.setting.depth for sample in found.agreed))
    proved = proof(left, plain or right, deeper, None if is_rooted else seeded_by)
    if proved is None:
        # values agree in the field: real numbers may still differ, if they were not asked before
        shown = None if is_suspect else _shown(left, right, question)
        return shown or _unproved(question, found.agreed)
    return Compared(EQUAL, proved.says, certificate=_certificate(found.agreed, proved.kind, bound))


def _unproved(question: Question, agreed: Sequence[Sample]) -> Compared:
    points, sizes = len(agreed), "size and depth" if is_deep(question) else "size"
    return Compared(
        OPEN, f"it is right at all {points} points that were tried, but no proof was found for every {sizes}"
    )


def common_samples(head: Expr, question: Question) -> tuple[Sample, ...]:
    """Where a quantity has a value: the points at which every answer about it is looked at.

    Raises:
        Unvalued, SymbackpropError: where it has a value nowhere.
    """
    claim = question.claim(head, head)
    key = ("common points", head, question.given, frozenset(question.known.items()))
    return question.network.kept(key, lambda: exact.compare(claim).agreed)


def agree(left: Expr, right: Expr, question: Question) -> bool:
    """Whether two quantities have one value at every point that is tried, surely not by chance.

    That settles no verdict, for which `compare` asks for a proof as well; it is enough to say what a mistake was.
    """
    if left == right:
        return True
    claim = question.claim(left, right)
    try:
        found = exact.compare(claim)
    except (SymbackpropError, LookupError, OutOfRange, Unvalued, Resample):
        return False
    return found.against is None and bool(found.agreed) and exact.bounded(claim, found.agreed)[1] <= SURE


def fingerprint(e: Expr, question: Question) -> str:
    """What an answer is worth at one point: equal answers have equal ones; empty where it has no value there."""
    try:
        samples = common_samples(question.asked, question)
        if not samples:
            return ""
        found = exact.value_in(e, samples[-1], question.claim(question.asked, question.asked))
    except (SymbackpropError, LookupError, Unvalued, OutOfRange, Resample):
        return ""
    said = repr((found.nrows(), found.ncols(), [int(entry) for entry in found.entries()])).encode()
    return hashlib.blake2b(said, digest_size=12).hexdigest()


def _certificate(agreed: Sequence[Sample], kind: str, bound: float) -> Certificate:
    settings = list(dict.fromkeys((sample.setting.depth, sample.setting.sizes) for sample in agreed))
    return Certificate(
        (PRIME,),
        len(agreed),
        tuple(dict.fromkeys(sizes for _, sizes in settings)),
        tuple(sorted({depth for depth, _ in settings})),
        kind,
        bound,
    )


def _by_form(question: Question) -> Certificate:
    """Of an answer that is the right formula itself."""
    return Certificate((), 0, (), (), "unrolled" if question.is_unrolled else "induction", 0.0)


def _different(left: Expr, right: Expr, question: Question, against: Sample) -> Compared:
    """Unequal, if real numbers show it."""
    if against.result == "missing":
        return Compared(DIFFERENT, f"one side has no meaning there: {against}")
    return _shown(left, right, question) or Compared(
        OPEN,
        f"it differs from the right value in a prime field ({against}), but no real numbers were found that show it",
    )


def _shown(left: Expr, right: Expr, question: Question) -> Compared | None:
    """Unequal, as real numbers show; None where none do."""
    found = witness(left, right, question)
    return None if found is None else Compared(DIFFERENT, f"at {found.where} it has another value", witness=found)
