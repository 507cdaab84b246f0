"""Scalars as a number times powers: norms are homogeneous, scalars commute, and cancel where they are not 0."""

from __future__ import annotations

from fractions import Fraction

from symbackprop import expr
from symbackprop.expr import Expr, Norm, Product
from symbackprop.judges.signs import Setting, is_nonnegative
from symbackprop.shapes import SCALAR, shape


def factors(e: Expr) -> tuple[Expr, ...]:
    """The factors of a product, or the expression alone."""
    return e.factors if isinstance(e, Product) else (e,)


def monomial(e: Expr, setting: Setting) -> tuple[Fraction, dict[Expr, Fraction]] | None:
    """A scalar as a number times powers of scalars, norms with their nonnegative factors taken out; None for 0.

    `‖y‖ ‖A (y/‖y‖)‖` is `‖A y‖`, where `y` is not zero.
    """
    powers: dict[Expr, Fraction] = {}
    coefficient = Fraction(1)
    waiting: list[tuple[Expr, Fraction]] = [(e, Fraction(1))]
    while waiting:
        part, power = waiting.pop()
        match part:
            case expr.Number(value):
                if value == 0 or power.denominator != 1:
                    return None
                coefficient *= value**power.numerator
            case Product(parts):
                waiting += [(inner, power) for inner in parts]
            case expr.Quotient(above, below):
                waiting += [(above, power), (below, -power)]
            case expr.Power(base, exponent) if exponent.denominator == 1:
                waiting.append((base, power * exponent))
            case expr.SquareRoot(expr.Power(base, exponent)) if exponent == 2 and is_nonnegative(base, setting):
                waiting.append((base, power))
            case Norm(operand, kind):
                scalars, core = _scalars_out(operand, setting)
                waiting += [(scalar, power * sign) for scalar, sign in scalars]
                atom = Norm(core, kind)
                powers[atom] = powers.get(atom, Fraction(0)) + power
            case _:
                powers[part] = powers.get(part, Fraction(0)) + power
    return coefficient, {atom: power for atom, power in powers.items() if power}


def _scalars_out(e: Expr, setting: Setting) -> tuple[list[tuple[Expr, int]], Expr]:
    """The nonnegative scalar factors of a vector or matrix with their exponents, and what is left."""
    scalars: list[tuple[Expr, int]] = []
    left: list[Expr] = []
    for part in factors(e):
        if isinstance(part, expr.Quotient) and is_nonnegative(part.denominator, setting):
            scalars.append((part.denominator, -1))
            part = part.numerator
        for inner in factors(part):
            if shape(inner, setting.network) == SCALAR and is_nonnegative(inner, setting):
                scalars.append((inner, 1))
            else:
                left.append(inner)
    if not left:
        return [], e
    return scalars, left[0] if len(left) == 1 else Product(tuple(left))


def same_monomial(left: Expr, right: Expr, setting: Setting) -> bool:
    """`‖c v‖ = c ‖v‖` for a scalar that is not negative; scalars commute, and cancel where they are not 0."""
    if left == right or shape(left, setting.network) != SCALAR:
        return False
    one, two = monomial(left, setting), monomial(right, setting)
    return one is not None and one == two
