"""Value and tangents of what is linear in its operands: variables, constants, parts of a matrix, products and sums."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from flint import nmod_mat

from symbackprop import expr, groups
from symbackprop.dims import Dim
from symbackprop.errors import ShapeError
from symbackprop.expr import Expr, Variable
from symbackprop.judges.duals import Dual, Flow, Symbols, chained, column_of, number_of, picked, push, says, scalar
from symbackprop.judges.field import PRIME, OutOfRange, diagonal, ints, inverse, matrix, zeros


@push.register
def _(e: Variable, flow: Flow, symbols: Symbols) -> Dual:
    return flow.dual(flow.point.at(e, symbols))


@push.register
def _(e: expr.Number, flow: Flow, symbols: Symbols) -> Dual:
    return Dual(scalar(_fraction(e.value)))


def _fraction(number: Fraction) -> int:
    return number.numerator * inverse(number.denominator) % PRIME


@push.register
def _(e: expr.Size, flow: Flow, symbols: Symbols) -> Dual:
    return Dual(scalar(flow.point.size(e.size, symbols)))


@push.register
def _(e: expr.Kronecker, flow: Flow, symbols: Symbols) -> Dual:
    return Dual(scalar(int(flow.point.size(e.one, symbols) == flow.point.size(e.two, symbols))))


@push.register
def _(e: expr.Identity, flow: Flow, symbols: Symbols) -> Dual:
    return Dual(diagonal([1] * flow.point.size(e.size, symbols)))


@push.register
def _(e: expr.Zeros, flow: Flow, symbols: Symbols) -> Dual:
    return Dual(zeros(flow.point.size(e.size, symbols), 1))


@push.register
def _(e: expr.Ones, flow: Flow, symbols: Symbols) -> Dual:
    size = flow.point.size(e.size, symbols)
    return Dual(matrix(size, 1, [1] * size))


@push.register
def _(e: groups.Membership, flow: Flow, symbols: Symbols) -> Dual:
    size = flow.point.size(e.size, symbols)
    each = groups.per_group(size, e.groups)
    return Dual(matrix(size, e.groups, [int(i // each == k) for i in range(size) for k in range(e.groups)]))


def _place(index: Dim, size: int, e: Expr, flow: Flow, symbols: Symbols) -> int:
    """An index that counts from 1, as one that counts from 0."""
    found = flow.point.size(index, symbols)
    if not 1 <= found <= size:
        raise OutOfRange(f"{e} has no index {found}: it runs from 1 to {size}")
    return found - 1


@push.register
def _(e: expr.Entry, flow: Flow, symbols: Symbols) -> Dual:
    of = push(e.operand, flow, symbols)
    rows, columns = of.extent
    if e.column is None and columns != 1:
        raise ShapeError(f"the entry {e.row} needs a column, but {e.operand} is {says(of)}")
    row = _place(e.row, rows, e.operand, flow, symbols)
    column = 0 if e.column is None else _place(e.column, columns, e.operand, flow, symbols)
    return picked(of, 1, 1, [row * columns + column])


@push.register
def _(e: expr.Row, flow: Flow, symbols: Symbols) -> Dual:
    of = push(e.operand, flow, symbols)
    rows, columns = of.extent
    start = _place(e.row, rows, e.operand, flow, symbols) * columns
    return picked(of, 1, columns, range(start, start + columns))


@push.register
def _(e: expr.Column, flow: Flow, symbols: Symbols) -> Dual:
    of = push(e.operand, flow, symbols)
    rows, columns = of.extent
    column = _place(e.column, columns, e.operand, flow, symbols)
    return picked(of, rows, 1, range(column, rows * columns, columns))


@push.register
def _(e: expr.Columns, flow: Flow, symbols: Symbols) -> Dual:
    of = push(e.operand, flow, symbols)
    rows, columns = of.extent
    first, last = (_place(end, columns, e.operand, flow, symbols) for end in (e.first, e.last))
    sources = [i * columns + k for i in range(rows) for k in range(first, last + 1)]
    return picked(of, rows, last - first + 1, sources)


@push.register
def _(e: expr.WithoutBias, flow: Flow, symbols: Symbols) -> Dual:
    of = push(e.operand, flow, symbols)
    rows, columns = of.extent
    return picked(of, rows, columns - 1, [i for i in range(rows * columns) if (i + 1) % columns])


@push.register
def _(e: expr.ColumnAt, flow: Flow, symbols: Symbols) -> Dual:
    of, entries = column_of(e.vector, flow, symbols, "a column-placement matrix")
    width = flow.point.size(e.width, symbols)
    place = _place(e.column, width, e, flow, symbols)
    sources = [i if k == place else None for i in range(len(entries)) for k in range(width)]
    return picked(of, len(entries), width, sources)


@push.register
def _(e: expr.Transpose, flow: Flow, symbols: Symbols) -> Dual:
    of = push(e.operand, flow, symbols)
    if of.tangent is None:
        return Dual(of.value.transpose())
    rows, columns = of.extent
    return picked(of, columns, rows, [i * columns + k for k in range(columns) for i in range(rows)])


# --- products and sums -----------------------------------------------------------------------------------------------


@push.register
def _(e: expr.Product, flow: Flow, symbols: Symbols) -> Dual:
    duals = [push(factor, flow, symbols) for factor in e.factors]
    # from the right, where the column stands: matrix by vector costs less than matrix by matrix
    total, last = duals[-1], e.factors[-1]
    for factor, dual in zip(reversed(e.factors[:-1]), reversed(duals[:-1]), strict=True):
        if (1, 1) not in (dual.extent, total.extent) and dual.value.ncols() != total.value.nrows():
            raise ShapeError(f"cannot multiply {factor} ({says(dual)}) by {last} ({says(total)})")
        total, last = times(dual, total), factor
    return total


def times(one: Dual, two: Dual) -> Dual:
    """The product of two duals; either may be a scalar."""
    if one.extent == (1, 1):
        return _scaled(one, two)
    if two.extent == (1, 1):
        return _scaled(two, one)
    rows, columns = one.value.nrows(), two.value.ncols()
    return chained(
        one.value * two.value,
        (one, lambda: _kronecker(rows, two.value.transpose())),
        (two, lambda: one.value if columns == 1 else _kronecker(columns, one.value, outside=False)),
    )


def _scaled(factor: Dual, of: Dual) -> Dual:
    number = int(factor.value[0, 0])
    rows, columns = of.extent
    return chained(of.value * number, (factor, lambda: matrix(rows * columns, 1, ints(of.value))), (of, lambda: number))


def _kronecker(size: int, m: nmod_mat, outside: bool = True) -> nmod_mat:
    """`I ⊗ m`, or `m ⊗ I` if the identity is not outside."""
    rows, columns = m.nrows(), m.ncols()
    made = zeros(size * rows, size * columns)
    for i in range(rows):
        for k in range(columns):
            entry = m[i, k]
            for s in range(size):
                if outside:
                    made[s * rows + i, s * columns + k] = entry
                else:
                    made[i * size + s, k * size + s] = entry
    return made


def _alike(parts: Sequence[Expr], flow: Flow, symbols: Symbols, verb: str) -> list[Dual]:
    duals = [push(part, flow, symbols) for part in parts]
    for part, dual in zip(parts[1:], duals[1:], strict=True):
        if dual.extent != duals[0].extent:
            raise ShapeError(f"cannot {verb} {parts[0]} ({says(duals[0])}) and {part} ({says(dual)})")
    return duals


@push.register
def _(e: expr.Hadamard, flow: Flow, symbols: Symbols) -> Dual:
    total, *rest = _alike(e.factors, flow, symbols, "multiply entry by entry")
    for dual in rest:
        one, two = ints(total.value), ints(dual.value)
        made = matrix(*total.extent, [a * b % PRIME for a, b in zip(one, two, strict=True)])
        total = chained(made, (total, _lazy_diagonal(two)), (dual, _lazy_diagonal(one)))
    return total


def _lazy_diagonal(entries: list[int]) -> Callable[[], nmod_mat]:
    return lambda: diagonal(entries)


def plus(one: Dual, two: Dual) -> Dual:
    """The sum of two duals of one shape."""
    return chained(one.value + two.value, (one, lambda: 1), (two, lambda: 1))


@push.register
def _(e: expr.Sum, flow: Flow, symbols: Symbols) -> Dual:
    total, *rest = _alike(e.terms, flow, symbols, "add")
    for dual in rest:
        total = plus(total, dual)
    return total


@push.register
def _(e: expr.Negative, flow: Flow, symbols: Symbols) -> Dual:
    of = push(e.operand, flow, symbols)
    return chained(-of.value, (of, lambda: -1))


@push.register
def _(e: expr.Quotient, flow: Flow, symbols: Symbols) -> Dual:
    by, number = number_of(e.denominator, flow, symbols, "a denominator")
    factor = inverse(number)
    return times(chained(scalar(factor), (by, lambda: -factor * factor % PRIME)), push(e.numerator, flow, symbols))
