"""The value in floats of traces, diagonals, blocks, and of quotients and extremes entry by entry."""

from __future__ import annotations

import numpy as np

from symbackprop.errors import ShapeError
from symbackprop.expr import Expr
from symbackprop.judges.floats import Point, Symbols, at, place, scalar, value
from symbackprop.numeric.backprop import Array
from symbackprop.primitives import MAX, ROWS, DiagonalPart, EntrywiseQuotient, Pairwise, Rows, Stacked, Trace, is_number


def _square(e: Expr, point: Point, symbols: Symbols) -> Array:
    inner = at(e, point, symbols)
    if inner.shape[0] != inner.shape[1]:
        raise ShapeError(f"{e} is {inner.shape[0]} × {inner.shape[1]}, and has no diagonal: it must be square")
    return inner


@value.register
def _(e: Trace, point: Point, symbols: Symbols) -> Array:
    return scalar(np.trace(_square(e.operand, point, symbols)))


@value.register
def _(e: DiagonalPart, point: Point, symbols: Symbols) -> Array:
    return np.diag(_square(e.operand, point, symbols))[:, None]


@value.register
def _(e: EntrywiseQuotient, point: Point, symbols: Symbols) -> Array:
    above, below = (at(part, point, symbols) for part in (e.numerator, e.denominator))
    if above.shape != below.shape:
        raise ShapeError(f"the parts of {e} have different shapes: {above.shape} and {below.shape}")
    return above / below


@value.register
def _(e: Pairwise, point: Point, symbols: Symbols) -> Array:
    one, two = (at(part, point, symbols) for part in e.against)
    if one.shape != two.shape and not is_number(e.against[1]):
        raise ShapeError(f"the parts of {e} have different shapes: {one.shape} and {two.shape}")
    # by the real parts, so that a complex step goes with the one that counts
    first = np.real(one) > np.real(two) if e.kind == MAX else np.real(one) < np.real(two)
    return np.where(first, one, two)


@value.register
def _(e: Stacked, point: Point, symbols: Symbols) -> Array:
    parts = [at(part, point, symbols) for part in e.parts]
    if len({part.shape[1 if e.axis == ROWS else 0] for part in parts}) > 1:
        raise ShapeError(f"the blocks of {e} do not fit by {e.axis}: {', '.join(str(part.shape) for part in parts)}")
    return np.concatenate(parts, axis=0 if e.axis == ROWS else 1)


@value.register
def _(e: Rows, point: Point, symbols: Symbols) -> Array:
    inner = at(e.operand, point, symbols)
    first, last = (place(end, len(inner), point, symbols) for end in (e.first, e.last))
    return inner[first : last + 1]
