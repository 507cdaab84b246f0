r"""Equality for every size from equality at sizes that are large enough, and as many as are needed.

Take formulas made of sums, products, transposes, sizes and functions of entries. Multiplied out, every entry is a sum
of monomials over graphs: a vertex for each index that is summed over or stands at the entry, an edge for each factor.
A vertex with no factor but ones is taken off: it counts a size, as `1ᵀ1` does. What is left is `Σ_G c_G(n) M_G`, one
list of graphs for all sizes `n`, in which `c_G` are polynomials.

If two such sums differ at some sizes, look at a graph with the most vertices whose coefficients differ there: where
every vertex has an index of its own, its monomial comes from no other graph, so that the sums differ at any such
sizes that have as many indices as that graph has vertices. So where they agree at sizes of which each is at least the
number of vertices, all coefficients agree there; and a polynomial that is 0 at more values of each of its letters
than its degree in that letter, at all combinations of them, is 0. Without a vertex that counts a size one list of
sizes is enough.

Denominators are multiplied out first, which adds their vertices. A division entry by entry has a denominator for
every value of an index. There, and where there are functions of entries, an index is a vertex with a rational
function of what stands at it; of these, one of any further indices with a constant is taken off as before, and the
others are independent of each other for different indices. So these are vertices that may count a size, unless a
factor at them is a variable that nothing is divided by. Functions of which nothing is known, of different arguments,
are independent of each other; an argument that depends on sizes is refused, as two arguments may be equal at some
sizes only.

A root `√(q + ε)` with an ε of its own takes any value, whatever all else is, once ε is `s² - q`: it is an
indeterminate.

Sizes that stand in a formula as numbers (`1/N`) are themselves taken as indeterminates where nothing else counts
them: an identity among them holds whatever they are.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from itertools import product

from symbackprop import expr
from symbackprop.answers.bare import NotUniform, counting
from symbackprop.answers.heights import Counted, is_below_the_prime
from symbackprop.answers.question import Question
from symbackprop.answers.references import closed
from symbackprop.answers.vertices import Terms, check_indices, count
from symbackprop.dims import Dim, Symbol
from symbackprop.errors import ShapeError, SymbackpropError
from symbackprop.expr import LOSS, Expr, Partial, Variable, number
from symbackprop.forward import ForwardNetwork, targets_sum_to_one
from symbackprop.judges import exact
from symbackprop.judges.field import PRIME, Unvalued
from symbackprop.judges.instances import width_sets
from symbackprop.judges.settings import FULL, Choice
from symbackprop.network import MLP
from symbackprop.substitution import rewritten
from symbackprop.tree import parts

# formulas of more vertices are not compared at so large sizes, or at more lists of sizes
MOST = 40
MOST_LISTS = 40
ONCE = replace(FULL, lists=1)
# the indices of an entry
ENTRY = 2


def holds_for_all_sizes(left: Expr, right: Expr, question: Question, seeded_by: str) -> bool:
    """Whether two quantities are equal for every size, as they are at sizes that are large enough.

    False says nothing: their form may not be the same for every size.

    Args:
        seeded_by: what the random numbers are drawn by, so that nobody can aim at them.
    """
    try:
        _check_given(question)
        one, two = (_plain(side, question) for side in (left, right))
        if not is_below_the_prime(one, two, Counted(question, by_graphs=True)):
            return False
        check_indices(question, (one, two))
        drawn = _sizes_drawn(one, question, seeded_by), _sizes_drawn(two, question, seeded_by)
        # a root is known by what stands under it, with its sizes
        needed = _needed(one, two, question) if _has_root(one) or _has_root(two) else _needed(*drawn, question)
        if needed.degrees:
            return _at_every(one, two, question, _needed(one, two, question), seeded_by)
        return _at_one(*drawn, question, needed.vertices, question.seed(right, seeded_by))
    except (NotUniform, Unvalued, ShapeError, SymbackpropError):
        return False


def _check_given(question: Question) -> None:
    """Refuse what is assumed, but that targets sum to 1: then they are any numbers over their sum."""
    network = question.network
    own = targets_sum_to_one(network) if isinstance(network, ForwardNetwork) else ()
    if not set(question.given) <= set(own):
        raise NotUniform


# --- a formula without derivatives -----------------------------------------------------------------------------------


def _plain(e: Expr, question: Question) -> Expr:
    """The formula with every derivative written out, and those by entries as entries of derivatives."""

    def without_derivative(part: Expr) -> Expr | None:
        match part:
            case Partial(of, expr.Entry(Variable() as variable, row, column)) if of == LOSS and not part.numerator:
                return expr.Entry(Partial(LOSS, variable), row, column)
            case Partial():
                return closed(part, question)
        return None

    for _ in range(len(question.network.equations) + 1):
        before, e = e, rewritten(e, without_derivative)
        if e == before:
            break
    return e


def _sizes_drawn(e: Expr, question: Question, seed: str) -> Expr:
    """The formula with a random number for every size."""

    def drawn(part: Expr) -> Expr | None:
        return number(_drawn(part.size, f"{question.ask} {seed}")) if isinstance(part, expr.Size) else None

    return rewritten(e, drawn) if any(isinstance(part, expr.Size) for part in parts(e)) else e


def _has_root(e: Expr) -> bool:
    return any(
        isinstance(part, expr.SquareRoot) or (isinstance(part, expr.Power) and part.exponent.denominator != 1)
        for part in parts(e)
    )


def _drawn(size: Dim, seed: str) -> int:
    """A number for a size: a random one for each letter in it."""

    def letter(atom: object) -> int:
        return int.from_bytes(hashlib.blake2b(f"{atom!r} {seed}".encode(), digest_size=8).digest()) % PRIME

    return size.constant + sum(letter(atom) * times for atom, times in size.terms)


# --- where it is compared --------------------------------------------------------------------------------------------


def _needed(one: Expr, two: Expr, question: Question) -> Terms:
    """How large sizes must be, and how many values of each are too many for the difference to be 0 by chance."""
    at = counting(question, one, two)
    # one side is what is asked for, the same for all answers
    left = question.network.kept(("counted", one, at.divided), lambda: count(one, at))
    right = count(two, at)
    made = left.across(right)
    found = Terms(made.vertices + ENTRY, made.degrees)
    if found.vertices > MOST:
        raise NotUniform
    return found


def _at_one(one: Expr, two: Expr, question: Question, needed: int, seed: int) -> bool:
    """Whether both agree at one list of sizes that are large enough."""

    network = question.network
    level = network.depth.constant if isinstance(network, MLP) else 1
    found = list(exact.evaluate(question.claim(one, two), level, replace(ONCE, seed=seed), (_from(needed),)))
    return bool(found) and all(sample.result == "agree" and min(sample.widths, default=0) >= needed for sample in found)


@cache
def _from(needed: int) -> Choice:
    """Sizes that are not smaller; made once, as what is found of it is kept."""

    def widths(depth: int, bias_units: bool, least: int, multiple: int) -> list[tuple[int, ...]]:
        return width_sets(depth, bias_units, max(least, needed), multiple)

    return Choice(widths, lambda each: each >= needed)


def _at_every(one: Expr, two: Expr, question: Question, needed: Terms, seeded_by: str) -> bool:
    """Whether both agree at every combination of more values of each size than the degree in it."""
    claim, first = question.claim(one, two), question.seed(two, seeded_by)
    for place, sizes in enumerate(_lists(question, needed)):
        found = exact.evaluate_at(claim, sizes, first + place)
        if not found or any(sample.result != "agree" for sample in found):
            return False
    return True


def _lists(question: Question, needed: Terms) -> Iterator[Mapping[str, int]]:
    network = question.network
    names = getattr(network, "sizes", ())
    degrees = {atom.name if isinstance(atom, Symbol) else "": times for atom, times in needed.degrees.items()}
    bounded = any(high is not None for low, high in question.known.values())
    if isinstance(network, MLP) or bounded or not degrees.keys() <= set(names):
        raise NotUniform
    if math.prod(times + 1 for times in degrees.values()) > MOST_LISTS:
        raise NotUniform
    # letters that are not counted have a size that no other has
    others = {name: needed.vertices + place for place, name in enumerate(names) if name not in degrees}
    for each in product(*(range(times + 1) for times in degrees.values())):
        yield {**others, **{name: needed.vertices + more for name, more in zip(degrees, each, strict=True)}}
