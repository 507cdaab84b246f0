"""Products of matrices, Hadamard products, sums, transposes (Giles 2008, sections 2.1 and 2.2)."""

from __future__ import annotations

from symbackprop import expr
from symbackprop.adjoints import JACOBIAN, Setting, pullback
from symbackprop.dims import ONE
from symbackprop.expr import Expr, number
from symbackprop.forms import beside, entrywise, negated, times, times_in, turned
from symbackprop.primitives import Trace


@pullback.register
def _(e: expr.Product, at: int, upstream: Expr, setting: Setting) -> Expr:
    r"""C = A X B: ∂L/∂X = Aᵀ G Bᵀ        shapes: m×n = m×p · p×q · q×n"""
    if setting.is_scalar(e.factors[at]):
        return _by_scalar(e, at, upstream, setting)
    scalars = [factor for factor in e.factors if setting.is_scalar(factor)]
    before = [factor for factor in e.factors[:at] if not setting.is_scalar(factor)]
    after = [factor for factor in e.factors[at + 1 :] if not setting.is_scalar(factor)]
    left, right = ([turned(factor, setting.network) for factor in reversed(part)] for part in (before, after))
    if left or right:
        upstream = _without_identity(upstream)
    if setting.is_scalar(upstream):
        # ∂(aᵀ b)/∂b ∂L/∂(aᵀ b): a gradient by a scalar stands behind the derivative, as in the chain rule
        return times_in(setting.network, *scalars, beside(times(*left, *right), upstream, setting.network))
    return times_in(setting.network, *scalars, *left, upstream, *right)


def _without_identity(e: Expr) -> Expr:
    """`G` of `G I`, as it comes from a trace: beside another matrix the identity says nothing."""
    match e:
        case expr.Product(factors):
            # what makes a scalar stays together: `(aᵀ b) c`
            rest = tuple(factor for factor in factors if not isinstance(factor, expr.Identity))
            return expr.product_of(rest) if rest else number(1)
    return number(1) if isinstance(e, expr.Identity) else e


def _by_scalar(e: expr.Product, at: int, upstream: Expr, setting: Setting) -> Expr:
    r"""C = c M: ∂L/∂c = ⟨M, G⟩, the sum of all entries of M ⊙ G"""
    rest = times_in(setting.network, *e.factors[:at], *e.factors[at + 1 :])
    return inner(rest, upstream, setting)


def inner(one: Expr, upstream: Expr, setting: Setting) -> Expr:
    """`⟨M, G⟩ = Σ M_{ik} G_{ik}` of two of one shape: `uᵀ G` of columns, `tr(Mᵀ G)` of matrices."""
    rows, columns = setting.shape(upstream)
    if rows == ONE and columns == ONE:
        return beside(one, upstream, setting.network)
    if columns == ONE:
        return times_in(setting.network, turned(one, setting.network), upstream)
    if rows == ONE:
        return times_in(setting.network, upstream, turned(one, setting.network))
    return Trace(times_in(setting.network, turned(one, setting.network), upstream))


@pullback.register
def _(e: expr.Hadamard, at: int, upstream: Expr, setting: Setting) -> Expr:
    r"""C = A ⊙ X: ∂L/∂X = A ⊙ G"""
    others = entrywise(*e.factors[:at], *e.factors[at + 1 :])
    return scaled_by_entries(others, upstream, setting)


def scaled_by_entries(weights: Expr, upstream: Expr, setting: Setting) -> Expr:
    """`weights ⊙ G`, as `diag(weights) G` where the style has it so and G is a column; a product of scalars."""
    if setting.is_scalar(upstream):
        return times_in(setting.network, weights, upstream)
    if setting.style == JACOBIAN and setting.shape(upstream)[1] == ONE:
        sign, bare = (True, weights.operand) if isinstance(weights, expr.Negative) else (False, weights)
        made = times(expr.Diagonal(bare), upstream)
        return negated(made) if sign else made
    return entrywise(weights, upstream)


@pullback.register
def _(e: expr.Sum, at: int, upstream: Expr, setting: Setting) -> Expr:
    r"""C = A + X: ∂L/∂X = G"""
    return upstream


@pullback.register
def _(e: expr.Negative, at: int, upstream: Expr, setting: Setting) -> Expr:
    r"""C = -X: ∂L/∂X = -G"""
    return negated(upstream)


@pullback.register
def _(e: expr.Transpose, at: int, upstream: Expr, setting: Setting) -> Expr:
    r"""C = Xᵀ: ∂L/∂X = Gᵀ"""
    return turned(upstream, setting.network)
