r"""Equality for every size from equality at sizes that are large enough.

Take formulas without sizes in them, made of sums, products, transposes and functions of entries. Multiplied out, every
entry is a sum of monomials over graphs: a vertex for each index that is summed over or stands at the entry, an edge for
each factor. If two such sums differ at all, look at a graph with the most vertices whose coefficients differ: where
every vertex has an index of its own, its monomial comes from no other graph, so that the sums differ at every size that
has as many indices as that graph has vertices. So it is enough to compare them at one list of sizes of which each is at
least the number of vertices. Denominators are multiplied out first, which adds their vertices. Functions of which
nothing is known, of different arguments, are independent of each other.

A vertex with no factor but ones is no vertex of the graph: it counts a size, as `1ᵀ1` does. Such formulas are left to
others. Sizes that stand in a formula as numbers (`1/N`) are taken as indeterminates: an identity among them holds
whatever they are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import singledispatch
from itertools import pairwise

from symbackprop import expr, primitives
from symbackprop.answers.heights import is_below_the_prime, no_sizes
from symbackprop.answers.question import Question
from symbackprop.answers.references import closed
from symbackprop.dims import Dim, dim
from symbackprop.errors import ShapeError, SymbackpropError
from symbackprop.expr import LOSS, Expr, Partial, Variable, number
from symbackprop.forward import ForwardNetwork, targets_sum_to_one
from symbackprop.judges import exact
from symbackprop.judges.field import PRIME, Unvalued
from symbackprop.judges.instances import width_sets
from symbackprop.judges.settings import FULL, Choice
from symbackprop.network import MLP
from symbackprop.shapes import SCALAR, Shape, shape
from symbackprop.substitution import free_symbols, own_dims, rewritten
from symbackprop.tree import children, subterms

# formulas of more vertices are not compared at so large sizes
MOST = 40
ONCE = replace(FULL, lists=1)


class _NotUniform(Exception):
    """Something that is not the same formula for every size."""


def holds_for_all_sizes(left: Expr, right: Expr, question: Question, seeded_by: str) -> bool:
    """Whether two quantities are equal for every size, as they are at sizes that are large enough.

    False says nothing: their form may not be the same for every size.

    Args:
        seeded_by: what the random numbers for sizes depend on, so that nobody can aim at them.
    """
    try:
        _check_given(question)
        one, two = (_plain(side, question, seeded_by) for side in (left, right))
        if not is_below_the_prime(_plain(left, question), _plain(right, question), no_sizes):
            return False
        _check_indices(question, one, two)
        needed = sum(vertices(side, Counting(question)) for side in (one, two)) + 2
        if needed > MOST:
            return False
        once = replace(ONCE, seed=question.seed(right, seeded_by))
        found = list(exact.evaluate(question.claim(one, two), _level(question), once, (_at_least(needed),)))
    except (_NotUniform, Unvalued, ShapeError, SymbackpropError):
        return False
    return bool(found) and all(sample.result == "agree" and min(sample.widths, default=0) >= needed for sample in found)


def _check_given(question: Question) -> None:
    """Refuse what is assumed, but that targets sum to 1: then they are any numbers over their sum."""
    network = question.network
    own = targets_sum_to_one(network) if isinstance(network, ForwardNetwork) else ()
    if not set(question.given) <= set(own):
        raise _NotUniform


def _level(question: Question) -> int:
    return question.network.depth.constant if isinstance(question.network, MLP) else 1


def _at_least(size: int) -> Choice:
    def widths(depth: int, bias_units: bool, least: int, multiple: int) -> list[tuple[int, ...]]:
        return width_sets(depth, bias_units, max(least, size), multiple)

    return Choice(widths, lambda each: each >= size)


# --- a formula without derivatives and sizes -------------------------------------------------------------------------


def _plain(e: Expr, question: Question, seeded_by: str | None = None) -> Expr:
    """The formula with every derivative written out, and with a seed, a random number for every size."""

    def without_derivative(part: Expr) -> Expr | None:
        return closed(part, question) if isinstance(part, Partial) else None

    def without_size(part: Expr) -> Expr | None:
        if not isinstance(part, expr.Size):
            return None
        return number(_drawn(part.size, f"{question.ask} {seeded_by}"))

    for _ in range(len(question.network.equations) + 1):
        before, e = e, rewritten(e, without_derivative)
        if e == before:
            break
    return e if seeded_by is None else rewritten(e, without_size)


def _drawn(size: Dim, seed: str) -> int:
    """A number for a size: a random one for each letter in it."""

    def letter(atom: object) -> int:
        return int.from_bytes(hashlib.blake2b(f"{atom!r} {seed}".encode(), digest_size=8).digest()) % PRIME

    return size.constant + sum(letter(atom) * count for atom, count in size.terms)


# --- vertices --------------------------------------------------------------------------------------------------------

INDEXING = (expr.Entry, expr.Row, expr.Column, expr.Kronecker)


def _check_indices(question: Question, *sides: Expr) -> None:
    """Refuse entries but those at letters, two of which may be free: then they are equal, or they are not."""
    free: set[str] = set()
    for side in sides:
        free |= free_symbols(side)
        for _, part in subterms(side):
            if isinstance(part, INDEXING) and not all(map(_is_letter, own_dims(part))):
                raise _NotUniform
    if len(free - set(getattr(question.network, "sizes", ()))) > 2:
        raise _NotUniform


def _is_letter(place: Dim) -> bool:
    return place.constant == 0 and len(place.terms) == 1 and place.terms[0][1] == 1 and bool(place.symbols)


@dataclass(frozen=True)
class Counting:
    """Where vertices are counted.

    Attributes:
        is_full: whether a pre-activation is written out although its bias lets it take any value.
    """

    question: Question
    is_full: bool = False

    def shape(self, e: Expr) -> Shape:
        return shape(e, self.question.network)


@singledispatch
def vertices(e: Expr, at: Counting) -> int:
    """How many indices the formula sums over at most, multiplied out, with every denominator.

    Raises:
        _NotUniform: where that depends on a size.
    """
    raise _NotUniform


def _within(e: Expr, at: Counting, own: int = 0) -> int:
    return own + sum(vertices(part, at) for part in children(e))


ENTRYWISE = (
    expr.Number,
    expr.Ones,
    expr.Zeros,
    expr.Identity,
    expr.Transpose,
    expr.Hadamard,
    expr.Sum,
    expr.Negative,
    expr.Quotient,
    expr.Diagonal,
    expr.Elementwise,
    expr.WithoutBias,
    expr.LayerMap,
    expr.ActivationJacobian,
    *INDEXING,
    primitives.DiagonalPart,
    primitives.Rows,
    expr.Columns,
    primitives.EntrywiseQuotient,
    primitives.Pairwise,
)
for kind in ENTRYWISE:
    vertices.register(kind, _within)


@vertices.register
def _(e: expr.Softmax | expr.LogSumExp | primitives.Trace, at: Counting) -> int:
    """Functions of all entries together."""
    if has_ones(e.operand):
        raise _NotUniform
    return _within(e, at, 1)


@vertices.register
def _(e: expr.Product, at: Counting) -> int:
    large = [part for part in children(e) if at.shape(part) != SCALAR]
    for one, two in pairwise(large):
        if at.shape(one)[1].terms and has_ones(one) and has_ones(two):
            raise _NotUniform
    return _within(e, at, len(large))


@vertices.register
def _(e: expr.IndexedSum, at: Counting) -> int:
    whole = e.lower == dim(1) and e.upper.terms
    if not whole or not all(_is_at(term, e.index) for term in terms_of(e.body)):
        raise _NotUniform
    return 1 + vertices(e.body, at)


def terms_of(e: Expr) -> Iterator[Expr]:
    """The terms of a sum, without signs and numbers in front of brackets."""
    match e:
        case expr.Sum(terms):
            for term in terms:
                yield from terms_of(term)
        case expr.Negative(operand):
            yield from terms_of(operand)
        case _:
            yield e


def _is_at(term: Expr, name: str) -> bool:
    """Whether a factor of a term stands at an index, so that the vertex of the index has a factor."""
    match term:
        case expr.Entry(operand) | expr.Row(operand) | expr.Column(operand):
            return not has_ones(operand) and any(name in place.symbols for place in own_dims(term))
        case expr.Elementwise(operand=operand):
            return _is_at(operand, name)
        case expr.Product(factors):
            return any(_is_at(factor, name) for factor in factors)
        case expr.Quotient(above, _):
            return _is_at(above, name)
        case expr.Power(base, exponent):
            return exponent > 0 and _is_at(base, name)
    return False


def has_ones(e: Expr) -> bool:
    """Whether a vertex of it, multiplied out, may have no factor but ones."""
    match e:
        case expr.Ones() | expr.Identity() | expr.Zeros():
            return True
        case Variable() | Partial() | expr.Number() | expr.Size():
            return False
        case expr.Power() | expr.LogSumExp() | primitives.Trace():
            return False
        case expr.Sum(parts) | expr.Product(parts):
            return any(map(has_ones, parts))
        case expr.Quotient(above, _):
            return has_ones(above)
    return all(map(has_ones, children(e)))


@vertices.register
def _(e: expr.Power, at: Counting) -> int:
    exponent = e.exponent
    if exponent.denominator != 1:
        raise _NotUniform
    base = e.base
    if isinstance(base, expr.Norm):
        if exponent.numerator % 2 or has_ones(base.operand):
            raise _NotUniform
        return abs(exponent.numerator) * (2 + vertices(base.operand, at))
    return abs(exponent.numerator) * vertices(base, at)


@vertices.register
def _(e: Partial, at: Counting) -> int:
    if e.of == LOSS:
        if not _is_unknown(e, at.question):
            raise _NotUniform
        return 0
    # by the rules for products and fractions a term of a derivative has at most twice as many, and those asked for
    return 2 * vertices(e.of, replace(at, is_full=True)) + 2


def _is_unknown(e: Partial, question: Question) -> bool:
    """Whether it is the gradient of a loss of which nothing is known, by what that reads."""
    loss = question.network.definition(LOSS, {})
    return loss is not None and isinstance(loss.right, expr.Function) and e.wrt in loss.right.arguments


@vertices.register
def _(e: Variable, at: Counting) -> int:
    if e.index is not None and not e.index.is_constant:
        raise _NotUniform
    return at.question.network.kept(("vertices", e, at.is_full), lambda: _of_variable(e, at))


def _of_variable(e: Variable, at: Counting) -> int:
    question = at.question
    try:
        equation = question.network.definition(e, {})
    except LookupError:
        raise _NotUniform from None
    if equation is None:
        # targets that sum to 1 are numbers over their sum
        is_target = any(part == e for chain in question.given for _, part in subterms(chain))
        return int(is_target or isinstance(e, expr.Target))
    if not at.is_full and _is_free(e, question):
        return 0
    if any(isinstance(part, expr.Size | Partial) for _, part in subterms(equation.right)):
        raise _NotUniform
    return vertices(equation.right, at)


def _is_free(e: Variable, question: Question) -> bool:
    """Whether a pre-activation takes any value, whatever else does, as its layer has a bias of its own."""
    network = question.network
    if not isinstance(network, MLP) or network.bias == "none" or network.scheme is not None:
        return False
    return isinstance(e, expr.PreActivation)
