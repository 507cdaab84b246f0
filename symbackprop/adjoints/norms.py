"""Norms of a column and of a matrix (Magnus and Neudecker 2019; The Matrix Cookbook, section 2.6)."""

from __future__ import annotations

from fractions import Fraction

from symbackprop import expr
from symbackprop.adjoints import NoAdjoint, Setting, fused, pullback
from symbackprop.dims import ONE
from symbackprop.expr import Expr, number
from symbackprop.forms import beside, over, times
from symbackprop.tree import Path


@pullback.register
def _(e: expr.Norm, at: int, upstream: Expr, setting: Setting) -> Expr:
    r"""c = ‖x‖₂ or ‖X‖_F: ∂L/∂X = X / c · G where c ≠ 0;  c = ‖x‖₁: ∂L/∂x = sign(x) G"""
    _check(e, setting)
    if e.kind == "1":
        return beside(expr.Elementwise("abs", e.operand, 1), upstream, setting.network)
    return beside(over(e.operand, e), upstream, setting.network)


@fused.register
def _(e: expr.Power, path: Path, upstream: Expr, setting: Setting) -> tuple[int, Expr] | None:
    r"""c = ‖x‖²: ∂L/∂x = 2 x G, for x = 0 too"""
    match e:
        case expr.Power(expr.Norm(operand, kind) as norm, exponent) if exponent == Fraction(2) and kind != "1":
            _check(norm, setting)
            return 2, times(number(2), beside(operand, upstream, setting.network))
    return None


def _check(e: expr.Norm, setting: Setting) -> None:
    if e.kind == "2" and ONE not in setting.shape(e.operand):
        raise NoAdjoint(f"the spectral norm {e} has no gradient where its largest singular value is double")
