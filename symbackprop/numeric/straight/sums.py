"""Sums over the entries of vectors and matrices, all at once: `Σ_i Σ_k Y_{i,k} log P_{i,k}` has no loop.

A scalar formula with indices is worked out at all their values: an index is an axis of the array.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import singledispatch

from symbackprop import expr
from symbackprop.dims import ONE, Dim, index
from symbackprop.expr import Expr
from symbackprop.numeric.straight.trees import Operand, Trees, lowered
from symbackprop.numeric.straight.values import Value
from symbackprop.primitives import Pairwise
from symbackprop.shapes import shape
from symbackprop.substitution import free_symbols, substitute

# axes at most
MOST = 2
# terms that are written out where nothing else is found
UNROLLED = 64


class _OneByOne(Exception):
    """What is not worked out at all indices at once."""


@dataclass(frozen=True)
class Axis:
    """An index of a sum, from `low` to `high`."""

    name: str
    low: Dim
    high: Dim

    @property
    def length(self) -> Dim:
        return self.high - self.low + 1


Axes = tuple[Axis, ...]


@lowered.register
def _(e: expr.IndexedSum, trees: Trees) -> Operand:
    axis = Axis(e.index, trees.network.normal(e.lower), trees.network.normal(e.upper))
    try:
        return _over(e.body, axis, trees)
    except _OneByOne:
        length = axis.length
    if not length.is_constant or not 0 < length.constant <= UNROLLED:
        return trees.as_source(e)
    terms = tuple(substitute(e.body, {e.index: axis.low + i}) for i in range(length.constant))
    return trees.value(terms[0] if len(terms) == 1 else expr.Sum(terms))


def _over(e: Expr, axis: Axis, trees: Trees) -> Operand:
    """`Σ_i e`."""
    if axis.name not in free_symbols(e):
        return trees.times(f"({trees.size(axis.length)})", trees.value(e))
    if not trees.array(e):
        return _summed(e, axis, (), trees)
    match e:
        case expr.Sum(terms):
            total = _over(terms[0], axis, trees)
            for term in terms[1:]:
                total = trees.add(total, _over(term, axis, trees))
            return total
        case expr.Negative(inner):
            return trees.times("-1.0", _over(inner, axis, trees))
        case expr.Transpose(inner):
            found = _over(inner, axis, trees)
            return trees.program.view(found, ".T") if isinstance(found, Value) else found
        case expr.Product(factors):
            return _over_product(factors, axis, trees)
        case expr.ColumnAt():
            return _over_product((e,), axis, trees)
    raise _OneByOne


def _over_product(factors: Sequence[Expr], axis: Axis, trees: Trees) -> Operand:
    """`Σ_i` of a product: of numbers with the index, and at most one matrix whose only column that counts is the i-th.

    The numbers are then the entries of a row: `Σ_i s_i (0…v…0) = v s`, with `v` in column i.
    """
    scalars = [f for f in factors if not trees.array(f) and axis.name in free_symbols(f)]
    placed = [f for f in factors if trees.array(f) and axis.name in free_symbols(f)]
    others = [f for f in factors if axis.name not in free_symbols(f)]
    if not placed:
        total = _summed(_times(scalars), axis, (), trees)
        return trees.times(total, trees.value(_times(others)))
    (matrix,) = placed if len(placed) == 1 else (None,)
    at = matrix.operand if isinstance(matrix, expr.Transpose) else matrix
    whole = isinstance(at, expr.ColumnAt) and (axis.low, axis.high) == (ONE, trees.network.normal(at.width))
    if not isinstance(at, expr.ColumnAt) or not whole or at.column != index(axis.name) or axis.length == ONE:
        raise _OneByOne
    vector: tuple[Expr, ...] = (at.vector,)
    if axis.name in free_symbols(at.vector):
        if trees.array(at.vector):
            raise _OneByOne
        scalars.append(at.vector)
        vector = ()
    entries = trees.full(_at_once(_times(scalars), (axis,), trees), (axis.length,)) if scalars else None
    row: Expr = expr.Ones(axis.length).T if entries is None else trees.stand_in(entries, (ONE, axis.length))
    inside = expr.Transpose(_times([*vector, row])) if isinstance(matrix, expr.Transpose) else _times([*vector, row])
    return trees.value(_times([inside if f is matrix else f for f in factors if f not in scalars]))


def _times(factors: Sequence[Expr]) -> Expr:
    return expr.number(1) if not factors else factors[0] if len(factors) == 1 else expr.Product(tuple(factors))


def _summed(body: Expr, axis: Axis, axes: Axes, trees: Trees) -> Operand:
    if len(axes) == MOST or any(other.name == axis.name for other in axes):
        raise _OneByOne
    inner = (*axes, axis)
    whole = trees.full(_at_once(body, inner, trees), tuple(each.length for each in inner))
    return trees.program.reduced("sum", whole, len(axes)) if axes else trees.total(whole)


def _at_once(e: Expr, axes: Axes, trees: Trees) -> Operand:
    """A scalar at every value of the indices, an axis each; or what is broadcast to that."""
    if not free_symbols(e) & {axis.name for axis in axes}:
        return trees.value(e)
    if shape(e, trees.network) != (ONE, ONE):
        raise _OneByOne
    return spread(e, axes, trees)


@singledispatch
def spread(e: Expr, axes: Axes, trees: Trees) -> Operand:
    """The same for a formula in which an index of them stands."""
    raise _OneByOne


@spread.register
def _(e: expr.Size, axes: Axes, trees: Trees) -> Operand:
    raise _OneByOne


@spread.register
def _(e: expr.IndexedSum, axes: Axes, trees: Trees) -> Operand:
    axis = Axis(e.index, trees.network.normal(e.lower), trees.network.normal(e.upper))
    return _summed(e.body, axis, axes, trees)


@spread.register
def _(e: expr.Entry, axes: Axes, trees: Trees) -> Operand:
    names = {axis.name for axis in axes}
    if free_symbols(e.operand) & names:
        raise _OneByOne
    rows, columns = shape(e.operand, trees.network)
    places = [e.row] if e.column is None else [e.row, e.column]
    if e.column is None and rows == ONE:
        places = [ONE, e.row]
    ends: list[tuple[Dim, Dim] | None] = []
    along: list[int] = []
    for place, size in zip(places, (rows, columns), strict=False):
        used = place.symbols & names
        if not used:
            ends.append((place, place))
            continue
        at = next(i for i, axis in enumerate(axes) if axis.name in used)
        shift = place - index(axes[at].name)
        if len(used) > 1 or axes[at].name in shift.symbols or at in along:
            raise _OneByOne
        first, last = axes[at].low + shift, axes[at].high + shift
        ends.append(None if (first, last) == (ONE, size) else (first, last))
        along.append(at)
    ends += [None] * (2 - len(ends))
    wanted = tuple(axes[at].length for at in along)
    if any(length == ONE for length in wanted):
        raise _OneByOne
    found = trees.part(e.operand, ends[0], ends[1], wanted)
    return _placed(found, along, axes, trees)


def _placed(found: Operand, along: list[int], axes: Axes, trees: Trees) -> Operand:
    """The array with its axes where they belong."""
    assert isinstance(found, Value)
    if along == [1, 0]:
        return trees.program.view(found, ".T")
    if len(axes) == MOST and along == [0]:
        return trees.column(found)
    return trees.row(found) if len(axes) == MOST and along == [1] else found


@spread.register
def _(e: expr.Sum, axes: Axes, trees: Trees) -> Operand:
    total = _at_once(e.terms[0], axes, trees)
    for term in e.terms[1:]:
        minus = isinstance(term, expr.Negative)
        inside = term.operand if isinstance(term, expr.Negative) else term
        total = trees.add(total, _at_once(inside, axes, trees), minus)
    return total


@spread.register
def _(e: expr.Product | expr.Hadamard, axes: Axes, trees: Trees) -> Operand:
    names = {axis.name for axis in axes}
    # rows and columns beside each other are a number together
    made = trees.value(_times([f for f in e.factors if not free_symbols(f) & names]))
    for factor in e.factors:
        if free_symbols(factor) & names:
            made = trees.times(made, _at_once(factor, axes, trees))
    return made


@spread.register
def _(e: expr.Negative, axes: Axes, trees: Trees) -> Operand:
    return trees.times("-1.0", _at_once(e.operand, axes, trees))


@spread.register
def _(e: expr.Quotient, axes: Axes, trees: Trees) -> Operand:
    return trees.over(_at_once(e.numerator, axes, trees), _at_once(e.denominator, axes, trees))


@spread.register
def _(e: expr.Power, axes: Axes, trees: Trees) -> Operand:
    return trees.power(_at_once(e.base, axes, trees), expr.Number(e.exponent))


@spread.register
def _(e: expr.SquareRoot, axes: Axes, trees: Trees) -> Operand:
    return trees.power(_at_once(e.operand, axes, trees), expr.Number(Fraction(1, 2)))


@spread.register
def _(e: expr.Elementwise, axes: Axes, trees: Trees) -> Operand:
    return trees.function(e.function, _at_once(e.operand, axes, trees), e.order, e)


@spread.register
def _(e: Pairwise, axes: Axes, trees: Trees) -> Operand:
    return trees.ufunc(f"{e.kind}imum", _at_once(e.left, axes, trees), _at_once(e.right, axes, trees))
