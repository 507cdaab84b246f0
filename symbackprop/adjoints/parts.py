"""Diagonals, traces, entries, rows, columns, concatenation (The Matrix Cookbook, section 2.5; Giles 2008, 2.2)."""

from __future__ import annotations

from symbackprop import expr
from symbackprop.adjoints import Setting, pullback
from symbackprop.dims import ONE, Dim, dim
from symbackprop.expr import Expr
from symbackprop.forms import times_in, turned
from symbackprop.primitives import DiagonalPart, Rows, Stacked, Trace


@pullback.register
def _(e: expr.Diagonal, at: int, upstream: Expr, setting: Setting) -> Expr:
    r"""C = diag(x): ∂L/∂x = the diagonal of G"""
    return DiagonalPart(upstream)


@pullback.register
def _(e: DiagonalPart, at: int, upstream: Expr, setting: Setting) -> Expr:
    r"""c = the diagonal of X: ∂L/∂X = diag(G)"""
    return expr.Diagonal(upstream)


@pullback.register
def _(e: Trace, at: int, upstream: Expr, setting: Setting) -> Expr:
    r"""c = tr(X): ∂L/∂X = G I"""
    return times_in(setting.network, upstream, expr.Identity(setting.shape(e.operand)[0]))


@pullback.register
def _(e: expr.Entry, at: int, upstream: Expr, setting: Setting) -> Expr:
    r"""c = X_{ik}: ∂L/∂X has G at i, k and zeros elsewhere"""
    rows, columns = setting.shape(e.operand)
    column = expr.ColumnAt(upstream, e.row, rows).T
    return column if e.column is None else expr.ColumnAt(column, e.column, columns)


@pullback.register
def _(e: expr.Row, at: int, upstream: Expr, setting: Setting) -> Expr:
    r"""c = row i of X: ∂L/∂X has G in row i and zeros elsewhere"""
    return expr.ColumnAt(turned(upstream, setting.network), e.row, setting.shape(e.operand)[0]).T


@pullback.register
def _(e: expr.Column, at: int, upstream: Expr, setting: Setting) -> Expr:
    r"""c = column k of X: ∂L/∂X has G in column k and zeros elsewhere"""
    return expr.ColumnAt(upstream, e.column, setting.shape(e.operand)[1])


@pullback.register
def _(e: expr.ColumnAt, at: int, upstream: Expr, setting: Setting) -> Expr:
    r"""C has x in column k: ∂L/∂x = column k of G"""
    return expr.Column(upstream, e.column)


@pullback.register
def _(e: Stacked, at: int, upstream: Expr, setting: Setting) -> Expr:
    r"""C = X below Y, or X beside Y: ∂L/∂X = the rows, or columns, of G where X stands"""
    way = 0 if e.axis == "rows" else 1
    sizes = [setting.shape(part)[way] for part in e.parts]
    first = sum(sizes[:at], dim(0)) + 1
    last = first + sizes[at] - 1
    return Rows(upstream, first, last) if e.axis == "rows" else expr.Columns(upstream, first, last)


@pullback.register(Rows)
@pullback.register(expr.Columns)
def _(e: Rows | expr.Columns, at: int, upstream: Expr, setting: Setting) -> Expr:
    r"""C = rows (or columns) a … b of X: ∂L/∂X has G there and zeros elsewhere"""
    by_rows = isinstance(e, Rows)
    rows, columns = setting.shape(e.operand)
    total = rows if by_rows else columns
    other = columns if by_rows else rows

    def nothing(size: Dim) -> tuple[Expr, ...]:
        if size == dim(0):
            return ()
        tall, wide = (size, other) if by_rows else (other, size)
        return (expr.Zeros(tall) if wide == ONE else expr.Zeros(tall) @ expr.Ones(wide).T,)

    parts = (*nothing(e.first - 1), upstream, *nothing(setting.network.normal(total - e.last)))
    return parts[0] if len(parts) == 1 else Stacked(parts, "rows" if by_rows else "columns")


@pullback.register
def _(e: expr.WithoutBias, at: int, upstream: Expr, setting: Setting) -> Expr:
    r"""C = X without its last column: ∂L/∂X = (G 0)"""
    return Stacked((upstream, expr.Zeros(setting.shape(upstream)[0])), "columns")
