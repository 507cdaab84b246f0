"""Softmax, log-sum-exp, and the logarithm of a softmax (Bishop 2006, section 4.3.4)."""

from __future__ import annotations

from symbackprop import expr
from symbackprop.adjoints import JACOBIAN, Setting, fused, pullback
from symbackprop.adjoints.products import scaled_by_entries
from symbackprop.dims import ONE
from symbackprop.expr import Expr, number
from symbackprop.forms import beside, entrywise, negated, plus, times, turned
from symbackprop.tree import Path


@pullback.register
def _(e: expr.Softmax, at: int, upstream: Expr, setting: Setting) -> Expr:
    r"""p = softmax(x): ∂L/∂x = (diag(p) - p pᵀ) G = p ⊙ (G - 1 pᵀG)"""
    rows, columns = setting.shape(e)
    if columns == ONE and e.along == "column":
        if setting.style == JACOBIAN:
            return times(expr.Diagonal(e) - e @ e.T, upstream)
        return entrywise(e, plus(upstream, negated(times(expr.Ones(rows), e.T, upstream))))
    if rows == ONE and e.along == "row":
        total = times(upstream, turned(e, setting.network), expr.Ones(columns).T)
        return entrywise(e, plus(upstream, negated(total)))
    return entrywise(e, plus(upstream, negated(_spread(entrywise(e, upstream), e, setting))))


@pullback.register
def _(e: expr.LogSumExp, at: int, upstream: Expr, setting: Setting) -> Expr:
    r"""c = log Σ exp x: ∂L/∂x = softmax(x) G; of a matrix the entry of G for each of its columns or rows"""
    weights = expr.Softmax(e.operand, e.along)
    rows, columns = setting.shape(e.operand)
    if setting.is_scalar(upstream):
        return beside(weights, upstream, setting.network)
    repeated = times(expr.Ones(rows), upstream) if e.along == "column" else times(upstream, expr.Ones(columns).T)
    return entrywise(weights, repeated)


@fused.register
def _(e: expr.Elementwise, path: Path, upstream: Expr, setting: Setting) -> tuple[int, Expr] | None:
    r"""q = log softmax(x): ∂L/∂x = G - softmax(x) 1ᵀG;  q = log σ(x): ∂L/∂x = (1 - σ(x)) ⊙ G"""
    match e:
        case expr.Elementwise("log", expr.Elementwise("sigmoid", x, 0) as s, 0):
            return 2, scaled_by_entries(plus(_one(x, setting), negated(s)), upstream, setting)
        case expr.Elementwise("log", expr.Softmax() as p, 0):
            rows, columns = setting.shape(p)
            if columns == ONE and p.along == "column":
                return 2, plus(upstream, negated(times(p, expr.Ones(rows).T, upstream)))
            return 2, plus(upstream, negated(entrywise(p, _spread(upstream, p, setting))))
    return None


def _one(x: Expr, setting: Setting) -> Expr:
    """1 in every entry of the shape of `x`."""
    rows, columns = setting.shape(x)
    if columns == ONE:
        return number(1) if rows == ONE else expr.Ones(rows)
    return times(expr.Ones(rows), expr.Ones(columns).T) if rows != ONE else expr.Ones(columns).T


def _spread(e: Expr, p: expr.Softmax, setting: Setting) -> Expr:
    """The sums over each column, or each row, in every entry of it."""
    rows, columns = setting.shape(p)
    if p.along == "column":
        return times(expr.Ones(rows), expr.Ones(rows).T, e)
    return times(e, expr.Ones(columns), expr.Ones(columns).T)
