"""The value in floats of each kind of expression that is made of entries, at a point."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from symbackprop import expr, groups
from symbackprop.dims import dim
from symbackprop.errors import ShapeError
from symbackprop.expr import Entry, Expr, Row, Transpose, Variable
from symbackprop.judges.floats import Missing, NotNumeric, Point, Symbols, at, place, scalar, value
from symbackprop.judges.stand_ins import GENERIC_LOSS
from symbackprop.numeric.backprop import Array
from symbackprop.shapes import shape
from symbackprop.substitution import free_symbols, substitute


@value.register
def _(e: Variable, point: Point, symbols: Symbols) -> Array:
    return point.value(point.member(e, symbols))


@value.register
def _(e: expr.Number, point: Point, symbols: Symbols) -> Array:
    return scalar(float(e.value))


@value.register
def _(e: expr.Size, point: Point, symbols: Symbols) -> Array:
    return scalar(float(point.size(e.size, symbols)))


@value.register
def _(e: expr.Kronecker, point: Point, symbols: Symbols) -> Array:
    return scalar(float(point.size(e.one, symbols) == point.size(e.two, symbols)))


@value.register
def _(e: expr.Identity, point: Point, symbols: Symbols) -> Array:
    return np.eye(point.size(e.size, symbols))


@value.register
def _(e: expr.Zeros, point: Point, symbols: Symbols) -> Array:
    return np.zeros((point.size(e.size, symbols), 1))


@value.register
def _(e: expr.Ones, point: Point, symbols: Symbols) -> Array:
    return np.ones((point.size(e.size, symbols), 1))


@value.register
def _(e: Entry, point: Point, symbols: Symbols) -> Array:
    inner = at(e.operand, point, symbols)
    column = 0 if e.column is None else place(e.column, inner.shape[1], point, symbols)
    return scalar(inner[place(e.row, inner.shape[0], point, symbols), column])


@value.register
def _(e: Row, point: Point, symbols: Symbols) -> Array:
    inner = at(e.operand, point, symbols)
    return inner[[place(e.row, inner.shape[0], point, symbols)], :]


@value.register
def _(e: expr.Column, point: Point, symbols: Symbols) -> Array:
    inner = at(e.operand, point, symbols)
    return inner[:, [place(e.column, inner.shape[1], point, symbols)]]


@value.register
def _(e: expr.Columns, point: Point, symbols: Symbols) -> Array:
    inner = at(e.operand, point, symbols)
    first, last = (place(end, inner.shape[1], point, symbols) for end in (e.first, e.last))
    return inner[:, first : last + 1]


@value.register
def _(e: expr.WithoutBias, point: Point, symbols: Symbols) -> Array:
    return at(e.operand, point, symbols)[:, :-1]


@value.register
def _(e: expr.ColumnAt, point: Point, symbols: Symbols) -> Array:
    inner = at(e.vector, point, symbols)
    width = point.size(e.width, symbols)
    made = np.zeros((len(inner), width), dtype=inner.dtype)
    made[:, [place(e.column, width, point, symbols)]] = inner
    return made


@value.register
def _(e: Transpose, point: Point, symbols: Symbols) -> Array:
    return at(e.operand, point, symbols).T


@value.register
def _(e: expr.Product, point: Point, symbols: Symbols) -> Array:
    made = at(e.factors[0], point, symbols)
    for factor in e.factors[1:]:
        made = _times(made, at(factor, point, symbols), e)
    return made


def _times(left: Array, right: Array, e: Expr) -> Array:
    if left.shape == (1, 1) or right.shape == (1, 1):
        return left * right
    if left.shape[1] != right.shape[0]:
        raise ShapeError(f"a product in {e} does not conform: {left.shape} by {right.shape}")
    return left @ right


@value.register
def _(e: expr.Hadamard, point: Point, symbols: Symbols) -> Array:
    return _folded(e, e.factors, np.multiply, point, symbols)


@value.register
def _(e: expr.Sum, point: Point, symbols: Symbols) -> Array:
    return _folded(e, e.terms, np.add, point, symbols)


def _folded(
    e: Expr, parts: tuple[Expr, ...], by: Callable[[Array, Array], Array], point: Point, symbols: Symbols
) -> Array:
    made = at(parts[0], point, symbols)
    for part in parts[1:]:
        other = at(part, point, symbols)
        if other.shape != made.shape:
            raise ShapeError(f"the parts of {e} have different shapes: {made.shape} and {other.shape}")
        made = by(made, other)
    return made


@value.register
def _(e: expr.Negative, point: Point, symbols: Symbols) -> Array:
    return -at(e.operand, point, symbols)


@value.register
def _(e: expr.Quotient, point: Point, symbols: Symbols) -> Array:
    return at(e.numerator, point, symbols) / at(e.denominator, point, symbols)


@value.register
def _(e: expr.Power, point: Point, symbols: Symbols) -> Array:
    return at(e.base, point, symbols) ** float(e.exponent)


@value.register
def _(e: groups.Membership, point: Point, symbols: Symbols) -> Array:
    return np.repeat(np.eye(e.groups), groups.per_group(point.size(e.size, symbols), e.groups), axis=0)


@value.register
def _(e: groups.EntrywisePower, point: Point, symbols: Symbols) -> Array:
    return at(e.operand, point, symbols) ** float(e.exponent)


@value.register
def _(e: expr.SquareRoot, point: Point, symbols: Symbols) -> Array:
    return np.sqrt(at(e.operand, point, symbols))


@value.register
def _(e: expr.Diagonal, point: Point, symbols: Symbols) -> Array:
    return np.diag(at(e.operand, point, symbols)[:, 0])


@value.register
def _(e: expr.Elementwise, point: Point, symbols: Symbols) -> Array:
    inner = at(e.operand, point, symbols)
    if e.order > 1:
        raise NotNumeric(f"{e} needs a second derivative, which this judge does not have")
    return point.function(e.function)[e.order](inner)


@value.register
def _(e: expr.LayerMap, point: Point, symbols: Symbols) -> Array:
    units = point.function(e.function)[0](at(e.operand, point, symbols))
    return np.concatenate([units, np.ones((1, 1))])


@value.register
def _(e: expr.ActivationJacobian, point: Point, symbols: Symbols) -> Array:
    slopes = point.function(e.function)[1](at(e.operand, point, symbols))
    return np.concatenate([np.diag(slopes[:, 0]), np.zeros_like(slopes)], axis=1)


@value.register
def _(e: expr.Function, point: Point, symbols: Symbols) -> Array:
    arguments = [at(a, point, symbols) for a in e.arguments]
    if len(arguments) != 2 or arguments[0].shape != arguments[1].shape:
        entries = np.concatenate([a.reshape(-1, 1) for a in arguments])
        arguments = [entries, np.zeros(entries.shape)]
    return GENERIC_LOSS[0](*arguments)[:, None]


@value.register
def _(e: expr.LogSumExp, point: Point, symbols: Symbols) -> Array:
    powers = np.exp(at(e.operand, point, symbols))
    return np.log(powers.sum(axis=0 if e.along == "column" else 1, keepdims=True))


@value.register
def _(e: expr.Softmax, point: Point, symbols: Symbols) -> Array:
    powers = np.exp(at(e.operand, point, symbols))
    return powers / powers.sum(axis=0 if e.along == "column" else 1, keepdims=True)


@value.register
def _(e: expr.IndexedProduct, point: Point, symbols: Symbols) -> Array:
    low, high = point.size(e.lower, symbols), point.size(e.upper, symbols)
    if high < low - 1:
        raise Missing(f"the product from {low} to {high} has no meaning")
    turns = range(high, low - 1, -1) if e.descending else range(low, high + 1)
    if not turns:
        return np.eye(_empty_size(e, point, symbols))
    made = at(e.body, point, {**symbols, e.index: turns[0]})
    for turn in turns[1:]:
        made = _times(made, at(e.body, point, {**symbols, e.index: turn}), e)
    return made


def _empty_size(e: expr.IndexedProduct, point: Point, symbols: Symbols) -> int:
    """The size of the identity: the rows of what would be the first factor, or the columns of the one before it."""
    # the network has numbers for its sizes, and so must what stands in the body
    sizes = {name: dim(symbols[name]) for name in free_symbols(e.body) & symbols.keys() if name != e.index}
    rows, columns = shape(substitute(e.body, sizes), point.network)
    first, before = (e.upper, e.lower) if e.descending else (e.lower, e.upper)
    for size, turn in ((rows, first), (columns, before)):
        try:
            return point.size(size, {**symbols, e.index: point.size(turn, symbols)})
        except Missing:
            continue
    raise Missing(f"the size of the empty product {e} is not known")


@value.register
def _(e: expr.IndexedSum, point: Point, symbols: Symbols) -> Array:
    low, high = point.size(e.lower, symbols), point.size(e.upper, symbols)
    if high < low - 1:
        raise Missing(f"the sum from {low} to {high} has no meaning")
    if high < low:
        # the network has numbers for its sizes, and so must what stands in the body
        sizes = {name: dim(symbols[name]) for name in free_symbols(e.body) & symbols.keys() if name != e.index}
        rows, columns = shape(substitute(e.body, sizes), point.network)
        return np.zeros((point.size(rows, symbols), point.size(columns, symbols)))
    return sum(at(e.body, point, {**symbols, e.index: turn}) for turn in range(low, high + 1))
