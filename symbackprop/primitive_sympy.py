"""Traces, diagonals, blocks, and quotients and extremes entry by entry, in SymPy, entry by entry."""

from __future__ import annotations

from typing import Any

import sympy
from sympy import ImmutableDenseMatrix as Matrix

from symbackprop.errors import ShapeError
from symbackprop.expr import Expr
from symbackprop.matrices import alike, entrywise, matrix, says, scalar
from symbackprop.primitives import (
    MAX,
    ROWS,
    DiagonalPart,
    EntrywiseQuotient,
    Pairwise,
    Rows,
    Stacked,
    Trace,
    is_number,
)
from symbackprop.reading import Reading, explicit, within


@explicit.register
def _(e: Trace, reading: Reading) -> Any:
    return _square(e.operand, reading).trace()


@explicit.register
def _(e: DiagonalPart, reading: Reading) -> Any:
    return _square(e.operand, reading).diagonal().T


def _square(e: Expr, reading: Reading) -> Any:
    value = matrix(explicit(e, reading))
    if value.shape[0] != value.shape[1]:
        raise ShapeError(f"{e} is {says(value)}, and has no diagonal: it must be square")
    return value


@explicit.register
def _(e: EntrywiseQuotient, reading: Reading) -> Any:
    above, below = alike(explicit(e.numerator, reading), explicit(e.denominator, reading), "divide entry by entry")
    return above.multiply_elementwise(entrywise(lambda u: 1 / u, below)) if isinstance(above, Matrix) else above / below


@explicit.register
def _(e: Pairwise, reading: Reading) -> Any:
    """By the sign of the difference, so that the derivative at a tie is the one of `Pairwise`."""
    one, two = (explicit(part, reading) for part in e.against)
    if isinstance(one, Matrix) and is_number(e.against[1]):
        two = Matrix(*one.shape, lambda i, k: scalar(two))
    one, two = alike(one, two, f"take the {e.kind} of")
    sign = 1 if e.kind == MAX else -1

    def chosen(a: Any, b: Any) -> Any:
        # as `relu` is written: the pieces are `u <= 0` and otherwise
        return sympy.Piecewise((b, sign * (a - b) <= 0), (a, True))

    if not isinstance(one, Matrix):
        return chosen(one, two)
    return Matrix(*one.shape, lambda i, k: chosen(one[i, k], two[i, k]))


@explicit.register
def _(e: Stacked, reading: Reading) -> Any:
    total, *rest = (matrix(explicit(part, reading)) for part in e.parts)
    way = 1 if e.axis == ROWS else 0
    for part in rest:
        if part.shape[way] != total.shape[way]:
            raise ShapeError(f"the blocks of {e} do not fit by {e.axis}: {says(total)} and {says(part)}")
        total = total.col_join(part) if e.axis == ROWS else total.row_join(part)
    return total


@explicit.register
def _(e: Rows, reading: Reading) -> Any:
    value = matrix(explicit(e.operand, reading))
    first, last = (within(end, value.shape[0], e, reading) for end in (e.first, e.last))
    return value[first - 1 : last, :]
