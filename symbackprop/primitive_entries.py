"""Traces, diagonals, quotients and extremes entry by entry, blocks and rows, as sums of products of entries.

A row of stacked blocks is `Σ_a δ_{i,a} A_{a,k} + Σ_b δ_{i,m+b} B_{b,k}`, where `A` has `m` rows: an identity for every
`i`. A sum goes only where the index is known to lie in its range, so nothing is said of a row of which it is not known
in which block it is.
"""

from __future__ import annotations

from fractions import Fraction

from symbackprop.deltas import surely_within
from symbackprop.dims import ONE, Dim
from symbackprop.expr import Expr
from symbackprop.indices import (
    Calculus,
    Delta,
    Entries,
    entries,
    plus,
    scaled,
    single,
    summed,
    times,
)
from symbackprop.normalform import applied, normal, raised
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
    offsets,
)


@entries.register
def _(e: Trace, row: Dim, column: Dim, calculus: Calculus) -> Entries:
    size = calculus.shape(e.operand)[0]
    if size == ONE:
        return entries(e.operand, ONE, ONE, calculus)
    i = calculus.index(size)
    return summed(i, entries(e.operand, i, i, calculus), calculus)


@entries.register
def _(e: DiagonalPart, row: Dim, column: Dim, calculus: Calculus) -> Entries:
    return entries(e.operand, row, row, calculus)


@entries.register
def _(e: EntrywiseQuotient, row: Dim, column: Dim, calculus: Calculus) -> Entries:
    below = normal(entries(e.denominator, row, column, calculus), calculus)
    return times(entries(e.numerator, row, column, calculus), raised(below, Fraction(-1)))


@entries.register
def _(e: Pairwise, row: Dim, column: Dim, calculus: Calculus) -> Entries:
    """`max(a, b) = b + relu(a - b)` and `min(a, b) = b - relu(b - a)`."""
    one, two = (_at(part, row, column, calculus) for part in e.against)
    sign = 1 if e.kind == MAX else -1
    above = plus(scaled(sign, one), scaled(-sign, two))
    return plus(two, scaled(sign, applied("relu", 0, above, calculus)))


def _at(e: Expr, row: Dim, column: Dim, calculus: Calculus) -> Entries:
    """An entry; a number is the same at every place."""
    return entries(e, ONE, ONE, calculus) if is_number(e) else entries(e, row, column, calculus)


@entries.register
def _(e: Stacked, row: Dim, column: Dim, calculus: Calculus) -> Entries:
    along = row if e.axis == ROWS else column
    made = []
    for part, before, size in offsets(e, calculus.network):
        before, size = calculus.sized(before), calculus.sized(size)

        def block(at: Dim, part: Expr = part) -> Entries:
            return entries(part, *((at, column) if e.axis == ROWS else (row, at)), calculus)

        if surely_within(along - before, {}, size, calculus):
            return block(along - before)
        if size == ONE:
            made.append(times(block(ONE), single(Delta(along, before + 1))))
        else:
            i = calculus.index(size)
            made.append(summed(i, times(block(i), single(Delta(along, before + i))), calculus))
    return plus(*made)


@entries.register
def _(e: Rows, row: Dim, column: Dim, calculus: Calculus) -> Entries:
    return entries(e.operand, calculus.sized(e.first - 1) + row, column, calculus)
