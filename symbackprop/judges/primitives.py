"""Value and tangents of traces, diagonals, blocks, and of quotients and extremes entry by entry."""

from __future__ import annotations

from collections.abc import Callable

from flint import nmod_mat

from symbackprop.dims import Dim
from symbackprop.errors import ShapeError
from symbackprop.expr import Expr
from symbackprop.judges.duals import Dual, Flow, Symbols, chained, picked, push, says, scalar
from symbackprop.judges.field import PRIME, OutOfRange, diagonal, ints, inverse, matrix, zeros
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


def _square(e: Expr, flow: Flow, symbols: Symbols, what: str) -> tuple[Dual, int]:
    of = push(e, flow, symbols)
    rows, columns = of.extent
    if rows != columns:
        raise ShapeError(f"{what} needs a square matrix, but {e} is {says(of)}")
    return of, rows


@push.register
def _(e: Trace, flow: Flow, symbols: Symbols) -> Dual:
    of, size = _square(e.operand, flow, symbols, "a trace")
    places = range(0, size * size, size + 1)
    entries = ints(of.value)
    total = scalar(sum(entries[place] for place in places))
    return chained(total, (of, lambda: matrix(1, len(entries), [int(i in places) for i in range(len(entries))])))


@push.register
def _(e: DiagonalPart, flow: Flow, symbols: Symbols) -> Dual:
    of, size = _square(e.operand, flow, symbols, "the column of diagonal entries")
    return picked(of, size, 1, range(0, size * size, size + 1))


@push.register
def _(e: EntrywiseQuotient, flow: Flow, symbols: Symbols) -> Dual:
    above, below = (push(part, flow, symbols) for part in (e.numerator, e.denominator))
    if above.extent != below.extent:
        raise ShapeError(
            f"cannot divide entry by entry {e.numerator} ({says(above)}) and {e.denominator} ({says(below)})"
        )
    turned = [inverse(entry) for entry in ints(below.value)]
    values = [one * two % PRIME for one, two in zip(ints(above.value), turned, strict=True)]
    made = matrix(*above.extent, values)
    return chained(
        made,
        (above, lambda: diagonal(turned)),
        (below, lambda: diagonal([-one * two % PRIME for one, two in zip(values, turned, strict=True)])),
    )


@push.register
def _(e: Pairwise, flow: Flow, symbols: Symbols) -> Dual:
    """`max(a, b) = b + relu(a - b)` and `min(a, b) = b - relu(b - a)`, by the same values as `relu` has."""
    one, two = (push(part, flow, symbols) for part in e.against)
    entries, others = ints(one.value), ints(two.value)
    if is_number(e.against[1]):
        others *= len(entries)
    elif one.extent != two.extent:
        raise ShapeError(f"cannot take the {e.kind} of {e.left} and {e.right}: {says(one)} and {says(two)}")
    sign = 1 if e.kind == MAX else -1
    pairs = [(b, sign * (a - b) % PRIME) for a, b in zip(entries, others, strict=True)]
    made = matrix(*one.extent, [(b + sign * flow.point.function("relu", 0, u)) % PRIME for b, u in pairs])

    def share(of_first: bool) -> Callable[[], nmod_mat]:
        def slopes() -> nmod_mat:
            ahead = [flow.point.function("relu", 1, u) for _, u in pairs]
            return diagonal(ahead if of_first else [(1 - each) % PRIME for each in ahead])

        return slopes

    return chained(made, (one, share(True)), (two, share(False)))


@push.register
def _(e: Stacked, flow: Flow, symbols: Symbols) -> Dual:
    parts = [push(part, flow, symbols) for part in e.parts]
    along, across = (0, 1) if e.axis == ROWS else (1, 0)
    for part, dual in zip(e.parts[1:], parts[1:], strict=True):
        if dual.extent[across] != parts[0].extent[across]:
            raise ShapeError(f"cannot stack {e.parts[0]} ({says(parts[0])}) and {part} ({says(dual)}) by {e.axis}")
    total = sum(dual.extent[along] for dual in parts)
    rows, columns = (total, parts[0].extent[1]) if e.axis == ROWS else (parts[0].extent[0], total)
    made, places, before = zeros(rows, columns), [], 0
    for dual in parts:
        at = [
            (before + i, k) if e.axis == ROWS else (i, before + k)
            for i in range(dual.extent[0])
            for k in range(dual.extent[1])
        ]
        for place, entry in zip(at, ints(dual.value), strict=True):
            made[place] = entry
        places.append([i * columns + k for i, k in at])
        before += dual.extent[along]
    return chained(made, *((dual, _placed(at, rows * columns)) for dual, at in zip(parts, places, strict=True)))


def _placed(at: list[int], size: int) -> Callable[[], nmod_mat]:
    """The Jacobian of what has the entries of a part at some of its places."""

    def jacobian() -> nmod_mat:
        local = zeros(size, len(at))
        for i, place in enumerate(at):
            local[place, i] = 1
        return local

    return jacobian


@push.register
def _(e: Rows, flow: Flow, symbols: Symbols) -> Dual:
    of = push(e.operand, flow, symbols)
    rows, columns = of.extent
    first, last = (_place(end, rows, e.operand, flow, symbols) for end in (e.first, e.last))
    return picked(of, last - first + 1, columns, range(first * columns, (last + 1) * columns))


def _place(index: Dim, size: int, e: Expr, flow: Flow, symbols: Symbols) -> int:
    """An index that counts from 1, as one that counts from 0."""
    found = flow.point.size(index, symbols)
    if not 1 <= found <= size:
        raise OutOfRange(f"{e} has no index {found}: it runs from 1 to {size}")
    return found - 1
