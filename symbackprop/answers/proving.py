"""Proofs that two quantities are equal for every size and every depth."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

from symbackprop.answers.congruent import Congruence, operands_in_pairs
from symbackprop.answers.effort import length, repeated
from symbackprop.answers.question import Question, is_number
from symbackprop.answers.references import is_reference, references
from symbackprop.answers.uniform import holds_for_all_sizes
from symbackprop.dims import Bounds, Dim, at_most, bound_to, index
from symbackprop.equations import Equation
from symbackprop.errors import SymbackpropError
from symbackprop.expr import Expr, IndexedProduct, Partial, Product, Size, Variable, factors_of
from symbackprop.indices import Inexpressible
from symbackprop.judges import kernel
from symbackprop.judges.outcome import Proved
from symbackprop.network import MLP
from symbackprop.statements import Chain
from symbackprop.substitution import free_symbols, rewritten, substitute
from symbackprop.tree import parts, subterms

# of longer formulas, and of polynomials in so many sizes, normal forms take long
MOST_PARTS = 1_000
MOST_REPEATED = 300
MOST_SIZES = 8
# right formulas with which an answer is compared part by part
CLOSEST = 4
# by how much people count from another start
SHIFTS = (0, 1, -1)


@dataclass(frozen=True)
class Proof:
    """That it holds everywhere.

    Attributes:
        kind: "induction" where it is for every depth, "unrolled" for a depth that is given.
        says: how, in words.
    """

    kind: str
    says: str


def proof(left: Expr, right: Expr, question: Question, seeded_by: str | None) -> Proof | None:
    """A proof that two quantities of one shape are equal; None where none is found.

    Args:
        left: what is asked for, or another quantity of the network.
        seeded_by: what the random numbers for sizes depend on; None where values prove nothing.
    """
    kind = "induction" if is_deep(question) else "unrolled"
    if length(right) > MOST_PARTS or sum(isinstance(part, Size) for _, part in subterms(right)) > MOST_SIZES:
        return None
    if is_reference(right, left, question):
        return Proof(kind, "it is a line of a derivation of which every step is proved")
    by_values = seeded_by is not None and not is_deep(question)
    if by_values and holds_for_all_sizes(left, right, question, seeded_by or ""):
        return Proof(kind, "its form is the same for every size, and it is right at sizes that are large enough")
    if repeated(right) > MOST_REPEATED:
        return None
    likely = _likeliest_first(references(left, question), right)
    for reference in likely:
        for way in _ways(right, reference, question):
            said = by_kernel(reference, way, question)
            if said is not None:
                return Proof(kind, said)
    if any(_holds_at_data(reference, right, question) for reference in likely):
        return Proof(kind, "by entries, with the data that are given")
    congruence = Congruence(lambda one, two, known: by_kernel(one, two, question, known) is not None)
    if any(congruence.holds(reference, right, question.known) for reference in likely[:CLOSEST]):
        return Proof(kind, "part by part, by entries")
    return _part_by_part(left, right, question, seeded_by)


def _holds_at_data(reference: Expr, right: Expr, question: Question) -> bool:
    """Whether two formulas without derivatives are equal once the data that are numbers are put in."""
    data = {each.left: each.right for each in question.network.equations if is_number(each.right)}
    sides = (reference, right)
    if not data or any(isinstance(part, Partial) for side in sides for part in parts(side)):
        return False
    one, two = (rewritten(side, lambda part: data.get(part) if isinstance(part, Variable) else None) for side in sides)
    return by_kernel(one, two, question) is not None


def _likeliest_first(found: Sequence[Expr], right: Expr) -> list[Expr]:
    """Formulas in the order in which they share most with an expression: the kernel takes long to see a difference."""
    own = _leaves(right)
    return sorted(found, key=lambda each: len(_leaves(each) ^ own))


def _leaves(e: Expr) -> frozenset[Expr]:
    """The quantities that a formula is made of."""
    return frozenset(part for part in parts(e) if isinstance(part, Variable | Partial))


def _part_by_part(left: Expr, right: Expr, question: Question, seeded_by: str | None) -> Proof | None:
    """A proof that one operation has equal operands on both sides, as the norms of two equal columns."""
    pairs = operands_in_pairs(left, right)
    if not pairs:
        return None
    found = Proof("unrolled", "part by part")
    for part, other in pairs:
        if part == other:
            continue
        proved = proof(part, other, question, seeded_by)
        if proved is None:
            return None
        found = replace(found, kind=proved.kind)
    return found


def is_deep(question: Question) -> bool:
    """Whether the question is about a network of any depth, or of any number of steps."""
    network = question.network
    if isinstance(network, MLP):
        return not network.depth.is_constant
    return any(not bound.is_constant for each in network.equations for bound in (each.lower, each.upper))


def by_kernel(left: Expr, right: Expr, question: Question, known: Bounds | None = None) -> str | None:
    """How the kernel proves two expressions equal; None where it does not.

    Args:
        known: of the indices, where it is more than the question says.
    """
    known = question.known if known is None else known
    try:
        said = kernel.equal(left, right, question.network, known, (*question.given, *_instances(question, known)))
    except (SymbackpropError, LookupError, Inexpressible):
        return None
    return said.method if isinstance(said, Proved) else None


def _instances(question: Question, known: Bounds) -> Iterator[Chain]:
    """What is given for every member of a family, for the indices that are bound within its range."""
    bound = {name: ends for name, ends in known.items() if name not in question.known}
    for chain, (name, ends) in product(question.given if bound else (), bound.items()):
        free = frozenset[str]().union(*map(free_symbols, chain.sides))
        for family in question.network.equations:
            if family.index in free and family.index != name and _is_within(ends, family, known):
                yield replace(chain, sides=tuple(substitute(side, {family.index: index(name)}) for side in chain.sides))
                break


def _is_within(ends: tuple[Dim | None, Dim | None], family: Equation, known: Bounds) -> bool:
    low, high = ends
    return (
        low is not None
        and high is not None
        and at_most(family.lower, low, known)
        and at_most(high, family.upper, known)
    )


def _ways(right: Expr, reference: Expr, question: Question) -> Iterator[Expr]:
    """The expression, and the same with gradients written out and products written as those of the reference."""
    yield right
    renamed = rewritten(right, lambda part: _other_name(part, question))
    if renamed != right:
        yield renamed
    bodies = {(part.index, part.body) for _, part in subterms(reference) if isinstance(part, IndexedProduct)}
    if not bodies:
        return
    for written in dict.fromkeys((right, *rotated(right), _written_out(right, question))):
        made = rewritten(written, lambda part: _as_any(part, bodies, question))
        if made != right:
            yield made


def _other_name(part: Expr, question: Question) -> Expr | None:
    """The gradient by another variable that a gradient is, as that by a bias is the one by its pre-activation."""
    if not isinstance(part, Partial):
        return None
    return next((each for each in references(part, question)[1:] if isinstance(each, Partial)), None)


def rotated(e: Expr) -> Iterator[Expr]:
    """`∏_{l=a}^{b} [X_l Y_l] X_{b+1}` as `X_a ∏_{l=a}^{b} [Y_l X_{l+1}]`, and `Y_{a-1} ∏_{l=a}^{b} [X_l Y_l]` likewise.

    By the definition of the ordered product, for an empty one too.
    """
    factors = factors_of(e)
    for place, part in enumerate(factors):
        if not isinstance(part, IndexedProduct) or part.descending or not isinstance(part.body, Product):
            continue
        name, inside = part.index, part.body.factors
        for cut in range(1, len(inside)):
            first, second = inside[:cut], inside[cut:]
            before, after = factors[:place], factors[place + 1 :]
            if after[: len(first)] == _at(first, name, part.upper + 1):
                body = Product((*second, *_at(first, name, index(name) + 1)))
                made = (*_at(first, name, part.lower), replace(part, body=body))
                yield Product((*before, *made, *after[len(first) :]))
            if before[len(before) - len(second) :] == _at(second, name, part.lower - 1):
                body = Product((*_at(second, name, index(name) - 1), *first))
                made = (replace(part, body=body), *_at(second, name, part.upper))
                yield Product((*before[: len(before) - len(second)], *made, *after))


def _at(factors: tuple[Expr, ...], name: str, place: Dim) -> tuple[Expr, ...]:
    return tuple(substitute(factor, {name: place}) for factor in factors)


def _written_out(e: Expr, question: Question) -> Expr:
    """The gradients in an expression as the products that they are."""

    def as_product(part: Expr) -> Expr | None:
        every = references(part, question)[:0:-1] if isinstance(part, Partial) else ()
        return next((each for each in every if any(isinstance(f, IndexedProduct) for f in factors_of(each))), None)

    return rewritten(e, as_product)


def _as_any(part: Expr, bodies: Collection[tuple[str, Expr]], question: Question) -> IndexedProduct | None:
    """A product written with the first of these bodies that is equal to its own."""
    if not isinstance(part, IndexedProduct):
        return None
    return next((found for name, body in bodies if (found := _as(part, name, body, question)) is not None), None)


def _as(part: IndexedProduct, name: str, body: Expr, question: Question) -> IndexedProduct | None:
    """A product written with another body that is equal to its own, perhaps counted from another start."""
    for shift in SHIFTS:
        wanted = substitute(body, {name: index(part.index) + shift})
        inside = bound_to(question.known, part.index, (part.lower, part.upper))
        if wanted == part.body or by_kernel(part.body, wanted, question, inside) is not None:
            return replace(part, index=name, lower=part.lower + shift, upper=part.upper + shift, body=body)
    return None
