"""Functions entry by entry, quotients, powers, maxima (Magnus and Neudecker 2019, chapter 5)."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from symbackprop import expr
from symbackprop.adjoints import HADAMARD, Setting, pullback
from symbackprop.adjoints.products import inner, scaled_by_entries
from symbackprop.dims import ONE
from symbackprop.expr import Expr, number
from symbackprop.forms import entrywise, negated, over, plus, times
from symbackprop.groups import EntrywisePower
from symbackprop.primitives import EntrywiseQuotient, Pairwise, Rows, is_number
from symbackprop.shapes import SCALAR


@pullback.register
def _(e: expr.Elementwise, at: int, upstream: Expr, setting: Setting) -> Expr:
    r"""C = f(X): ∂L/∂X = f'(X) ⊙ G;  G ⊘ X of the logarithm, -G ⊘ (X ⊙ X) of 1/X, ½ G ⊘ √X, exp(X) ⊙ G, 2 X ⊙ G"""
    if e.order == 0 and e.function in _SHORT:
        return _SHORT[e.function](e, upstream, setting)
    slopes = expr.Elementwise(e.function, e.operand, e.order + 1)
    return scaled_by_entries(slopes, upstream, setting)


def _divided(e: Expr, by: Expr, setting: Setting) -> Expr:
    """`e ⊘ by`; of scalars a fraction."""
    if isinstance(e, expr.Negative):
        return negated(_divided(e.operand, by, setting))
    return over(e, by) if setting.is_scalar(by) else EntrywiseQuotient(e, by)


def _square_of(e: Expr, setting: Setting) -> Expr:
    return expr.Power(e, Fraction(2)) if setting.is_scalar(e) else expr.Hadamard((e, e))


# where the derivative has a short form of its own
_SHORT: dict[str, Callable[[expr.Elementwise, Expr, Setting], Expr]] = {
    "identity": lambda e, upstream, setting: upstream,
    "exp": lambda e, upstream, setting: scaled_by_entries(e, upstream, setting),
    "square": lambda e, upstream, setting: times(number(2), scaled_by_entries(e.operand, upstream, setting)),
    "log": lambda e, upstream, setting: _divided(upstream, e.operand, setting),
    "reciprocal": lambda e, upstream, setting: negated(_divided(upstream, _square_of(e.operand, setting), setting)),
    "sqrt": lambda e, upstream, setting: times(number(Fraction(1, 2)), _divided(upstream, e, setting)),
}


@pullback.register
def _(e: expr.LayerMap, at: int, upstream: Expr, setting: Setting) -> Expr:
    r"""h = ψ(z): ∂L/∂z = D G, or g'(z) ⊙ G without its last entry        shapes: n×1 = n×(n+1) · (n+1)×1"""
    if setting.style != HADAMARD:
        return times(expr.ActivationJacobian(e.function, e.operand), upstream)
    return entrywise(expr.Elementwise(e.function, e.operand, 1), without_last_row(upstream, setting))


def without_last_row(e: Expr, setting: Setting) -> Expr:
    """A column without its last entry: of `W_lᵀ u`, which has one for the bias unit, `W̃_lᵀ u`."""
    match e:
        case expr.Product((expr.Transpose(matrix), *others)):
            return times(expr.WithoutBias(matrix).T, *others)
        case expr.Sum(terms):
            return plus(*(without_last_row(term, setting) for term in terms))
    return Rows(e, ONE, setting.shape(e)[0] - 1)


@pullback.register
def _(e: expr.Quotient, at: int, upstream: Expr, setting: Setting) -> Expr:
    r"""C = X / c: ∂L/∂X = G / c, ∂L/∂c = -⟨X, G⟩ / c²"""
    if at == 0:
        return over(upstream, e.denominator)
    return negated(over(inner(e.numerator, upstream, setting), expr.Power(e.denominator, Fraction(2))))


@pullback.register
def _(e: EntrywiseQuotient, at: int, upstream: Expr, setting: Setting) -> Expr:
    r"""C = X ⊘ Y: ∂L/∂X = G ⊘ Y, ∂L/∂Y = -(X ⊙ G) ⊘ (Y ⊙ Y)"""
    if at == 0:
        return EntrywiseQuotient(upstream, e.denominator)
    square = expr.Hadamard((e.denominator, e.denominator))
    return negated(EntrywiseQuotient(entrywise(e.numerator, upstream), square))


@pullback.register
def _(e: expr.Power, at: int, upstream: Expr, setting: Setting) -> Expr:
    r"""c = x^r of a scalar: ∂L/∂x = r x^{r-1} G"""
    lower = e.exponent - 1
    rest = e.base if lower == 1 else number(1) if lower == 0 else expr.Power(e.base, lower)
    return times(number(e.exponent), rest, upstream)


@pullback.register
def _(e: EntrywisePower, at: int, upstream: Expr, setting: Setting) -> Expr:
    r"""C = X^{⊙r}: ∂L/∂X = r X^{⊙(r-1)} ⊙ G, a quotient where r - 1 is negative"""
    lower = e.exponent - 1
    if lower < 0:
        below = e.operand if lower == -1 else EntrywisePower(e.operand, -lower)
        return times(number(e.exponent), _divided(upstream, below, setting))
    rest = e.operand if lower == 1 else EntrywisePower(e.operand, lower)
    return times(number(e.exponent), upstream if not lower else scaled_by_entries(rest, upstream, setting))


@pullback.register
def _(e: expr.SquareRoot, at: int, upstream: Expr, setting: Setting) -> Expr:
    r"""c = √x of a scalar: ∂L/∂x = G / (2 √x)"""
    return over(upstream, times(number(2), e))


@pullback.register
def _(e: Pairwise, at: int, upstream: Expr, setting: Setting) -> Expr:
    r"""C = max(X, Y): ∂L/∂X = 1[X > Y] ⊙ G, ∂L/∂Y = (1 - 1[X > Y]) ⊙ G, so that a tie counts once

    A number stands in the place of Y: at 0 the slope of max(0, z) and of min(0, z) is 0, whichever way they stand.
    """
    one, two = e.against
    greater, lesser = (one, two) if e.kind == "max" else (two, one)
    ahead = expr.Elementwise("step", _difference(greater, lesser, setting))
    reached = scaled_by_entries(ahead, upstream, setting)
    return reached if (at == 1) == is_number(e.left) else plus(upstream, negated(reached))


def _difference(one: Expr, two: Expr, setting: Setting) -> Expr:
    """`X - Y`, where a number beside a matrix is that number in every entry."""
    zero = number(0)
    if two == zero:
        return one
    if one == zero:
        return negated(two)
    rows, columns = max(setting.shape(one), setting.shape(two), key=lambda size: size != SCALAR)
    every = expr.Ones(rows) if columns == ONE else expr.Ones(rows) @ expr.Ones(columns).T

    def whole(e: Expr) -> Expr:
        return times(e, every) if setting.is_scalar(e) and (rows, columns) != SCALAR else e

    return plus(whole(one), negated(whole(two)))
