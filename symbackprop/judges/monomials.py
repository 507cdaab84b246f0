"""Scalars as a number times powers: norms are homogeneous, scalars commute, and cancel where nothing is lost.

Dividing by 0 gives 0 here, so that a line says something for all values: `c (1/c)` is 1 only where `c` is never 0, but
`c (1/c) a` is `a` wherever `a` is 0 with `c`.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from symbackprop import expr
from symbackprop.expr import Expr, Norm, Product, factors_of
from symbackprop.judges.signs import Setting, is_nonnegative, is_positive
from symbackprop.shapes import SCALAR, shape


@dataclass(frozen=True)
class Monomial:
    """`coefficient · Π atom^power`.

    Attributes:
        powers: those that are not 0.
        cancelled: atoms that were multiplied and divided by as often.
    """

    coefficient: Fraction
    powers: dict[Expr, Fraction]
    cancelled: frozenset[Expr]


def monomial(e: Expr, setting: Setting) -> Monomial | None:
    """A scalar as a number times powers of scalars, norms with their nonnegative factors taken out; None for 0.

    `‖y‖ ‖A (y/‖y‖)‖` is `‖A y‖`.
    """
    powers: dict[Expr, Fraction] = {}
    coefficient = Fraction(1)
    waiting: list[tuple[Expr, Fraction]] = [(e, Fraction(1))]
    while waiting:
        part, power = waiting.pop()
        atom: Expr = part
        match part:
            case expr.Number(value):
                if value == 0 or power.denominator != 1:
                    return None
                coefficient *= value**power.numerator
                continue
            case Product(parts):
                scalars, rest = _scalars_of(parts, setting)
                if scalars:
                    waiting += [(inner, power) for inner in (*scalars, *rest)]
                    continue
            case expr.Quotient(above, below):
                waiting += [(above, power), (below, -power)]
                continue
            case expr.Power(base, exponent) if exponent.denominator == 1:
                waiting.append((base, power * exponent))
                continue
            case expr.SquareRoot(expr.Power(base, exponent)) if exponent == 2 and is_nonnegative(base, setting):
                waiting.append((base, power))
                continue
            case Norm(operand, kind):
                taken, core = _scalars_out(operand, setting)
                waiting += [(scalar, power * sign) for scalar, sign in taken]
                atom = Norm(core, kind)
        if power:
            powers[atom] = powers.get(atom, Fraction(0)) + power
    left = {atom: power for atom, power in powers.items() if power}
    return Monomial(coefficient, left, frozenset(powers.keys() - left.keys()))


def _scalars_of(parts: tuple[Expr, ...], setting: Setting) -> tuple[list[Expr], tuple[Expr, ...]]:
    """The scalars among the factors, and what the others make together, in their order: `uᵀ A v` is one scalar."""
    scalars = [part for part in parts if shape(part, setting.network) == SCALAR]
    others = tuple(part for part in parts if shape(part, setting.network) != SCALAR)
    return scalars, (Product(others),) if others else ()


def _scalars_out(e: Expr, setting: Setting) -> tuple[list[tuple[Expr, int]], Expr]:
    """The nonnegative scalar factors of a vector or matrix with their exponents, and what is left."""
    scalars: list[tuple[Expr, int]] = []
    left: list[Expr] = []
    for part in factors_of(e):
        if isinstance(part, expr.Quotient) and is_nonnegative(part.denominator, setting):
            scalars.append((part.denominator, -1))
            part = part.numerator
        for inner in factors_of(part):
            if shape(inner, setting.network) == SCALAR and is_nonnegative(inner, setting):
                scalars.append((inner, 1))
            else:
                left.append(inner)
    if not left:
        return [], e
    return scalars, left[0] if len(left) == 1 else Product(tuple(left))


def same_monomial(left: Expr, right: Expr, setting: Setting) -> bool:
    """`‖c v‖ = c ‖v‖` for a scalar that is not negative; scalars commute, and cancel as said above."""
    if left == right or shape(left, setting.network) != SCALAR:
        return False
    one, two = monomial(left, setting), monomial(right, setting)
    if one is None or two is None or (one.coefficient, one.powers) != (two.coefficient, two.powers):
        return False
    return all(is_positive(c, setting) or _is_zero_with(one, c) for c in one.cancelled | two.cancelled)


def is_at_most_one(e: Expr, setting: Setting) -> bool:
    """Whether a norm is 1, or 0 where something that it is divided by is: that of `y/‖y‖`."""
    found = monomial(e, setting)
    return found is not None and found.coefficient == 1 and not found.powers


def _is_zero_with(made: Monomial, c: Expr) -> bool:
    """Whether a monomial is 0 wherever a norm is: `‖A y‖` where `‖y‖` is."""
    if not isinstance(c, Norm):
        return False
    part = factors_of(c.operand)
    for atom, power in made.powers.items():
        if isinstance(atom, Norm) and power > 0:
            whole = factors_of(atom.operand)
            if any(whole[i : i + len(part)] == part for i in range(len(whole) - len(part) + 1)):
                return True
    return False
