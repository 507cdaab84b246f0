"""Scalar functions of one variable that are rational in `e^z`: as fractions in lowest terms, equality is decided.

Their arguments are whole multiples of the variable: `2 σ(2z) - 1`.

The sigmoid is `t/(1+t)`, tanh is `(t²-1)/(t²+1)` and cosh is `(t²+1)/(2t)` with `t = e^z`; derivatives by the chain
rule `d/dz = t d/dt`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

from symbackprop import expr
from symbackprop.equations import Network
from symbackprop.expr import Expr, Variable
from symbackprop.shapes import SCALAR, shape
from symbackprop.tree import subterms

if TYPE_CHECKING:
    from flint import fmpq_poly


@dataclass(frozen=True)
class InExponential:
    """`above / below`, polynomials in `t` with rational coefficients, in lowest terms, `below` with leading 1."""

    above: fmpq_poly
    below: fmpq_poly

    def __add__(self, other: InExponential) -> InExponential:
        return _lowest(self.above * other.below + other.above * self.below, self.below * other.below)

    def __mul__(self, other: InExponential) -> InExponential:
        return _lowest(self.above * other.above, self.below * other.below)

    def __neg__(self) -> InExponential:
        return InExponential(-self.above, self.below)

    def raised(self, exponent: int) -> InExponential:
        """The fraction to a whole power; to a negative one only where it is not 0."""
        if exponent < 0:
            return _lowest(self.below**-exponent, self.above**-exponent)
        return InExponential(self.above**exponent, self.below**exponent)

    def at(self, multiple: int) -> InExponential:
        """The function at `n z`: with `t^n` in place of `t`."""
        length = max(len(self.above), len(self.below))
        above, below = (_spread(part, multiple, length) for part in (self.above, self.below))
        return _lowest(above, below)

    def slope(self) -> InExponential:
        """`d/dz`, which is `t d/dt`."""
        above = self.above.derivative() * self.below - self.above * self.below.derivative()
        return _lowest(_polynomial(0, 1) * above, self.below * self.below)

    @property
    def is_positive(self) -> bool:
        """Whether it is above 0 for every `t > 0`, as all coefficients of both its polynomials are, but for zeros."""
        return all(any(part) and all(c >= 0 for c in part) for part in (self.above.coeffs(), self.below.coeffs()))


def _polynomial(*coefficients: int) -> fmpq_poly:
    """The polynomial in `t` with these coefficients, that of 1 first."""
    from flint import fmpq_poly

    return fmpq_poly(list(coefficients))


def _spread(one: fmpq_poly, multiple: int, length: int) -> fmpq_poly:
    """`p(t^n)`; for a negative `n` times the power of `t` that makes it a polynomial, the same for all of a length."""
    coefficients = [one[i] for i in range(length)]
    made: list[Any] = [0] * (abs(multiple) * (length - 1) + 1)
    made[:: abs(multiple)] = coefficients if multiple > 0 else coefficients[::-1]
    return type(one)(made)


def _lowest(above: fmpq_poly, below: fmpq_poly) -> InExponential:
    """The fraction in lowest terms; the denominator is not 0."""
    common = above.gcd(below)
    above, below = above // common, below // common
    leading = below.leading_coefficient()
    return InExponential(above / leading, below / leading)


# numerator and denominator, as coefficients of 1, t, t², …
FUNCTIONS = {
    "sigmoid": ((0, 1), (1, 1)),
    "tanh": ((-1, 0, 1), (1, 0, 1)),
    "exp": ((0, 1), (1,)),
    "cosh": ((1, 0, 1), (0, 2)),
    "sinh": ((-1, 0, 1), (0, 2)),
}


def in_exponential(e: Expr, network: Network) -> tuple[Variable, InExponential] | None:
    """The variable `z` and the fraction in `t = e^z` that a scalar is, in lowest terms.

    None for no such function of one variable, and where something is divided by that may be 0.
    """
    parts = [part for _, part in subterms(e)]
    variables = {part for part in parts if isinstance(part, Variable)}
    functions = [part for part in parts if isinstance(part, expr.Elementwise)]
    if len(variables) != 1 or not functions or any(_multiple(f.operand) is None for f in functions):
        return None
    if any(shape(v, network) != SCALAR for v in variables):
        return None
    made = fraction(e)
    return None if made is None else (variables.pop(), made)


# what is multiplied with the variable inside a function, at most: the degrees grow with it
_LARGEST = 32


def _multiple(e: Expr) -> int | None:
    """The whole number `n`, not 0, of `n z`; None for anything else."""
    match e:
        case Variable():
            return 1
        case expr.Negative(operand):
            inner = _multiple(operand)
            return None if inner is None else -inner
        case expr.Product((expr.Number(value), Variable())) if value.denominator == 1 and 0 < abs(value) <= _LARGEST:
            return value.numerator
    return None


def fraction(e: Expr) -> InExponential | None:
    """The fraction that a scalar is, whatever the variable is called in it; None as for `in_exponential`."""
    match e:
        case expr.Number(value):
            return InExponential(_polynomial(value.numerator) / value.denominator, _polynomial(1))
        case expr.Elementwise(function, operand, order) if function in FUNCTIONS:
            made = InExponential(*(_polynomial(*part) for part in FUNCTIONS[function]))
            for _ in range(order):
                made = made.slope()
            multiple = _multiple(operand)
            return None if multiple is None else made.at(multiple)
        case expr.Quotient(above, below):
            parts = _fractions((above, below))
            return None if parts is None or not parts[1].is_positive else parts[0] * parts[1].raised(-1)
        case expr.Negative(operand):
            inner = fraction(operand)
            return None if inner is None else -inner
        case expr.Power(base, exponent) if exponent.denominator == 1:
            inner = fraction(base)
            if inner is None or (exponent < 0 and not inner.is_positive):
                return None
            return inner.raised(exponent.numerator)
        case expr.Product(parts):
            factors = _fractions(parts)
            return None if factors is None else reduce(InExponential.__mul__, factors)
        case expr.Sum(parts):
            terms = _fractions(parts)
            return None if terms is None else reduce(InExponential.__add__, terms)
    return None


def _fractions(parts: tuple[Expr, ...]) -> list[InExponential] | None:
    """The fraction that each part is; None where one of them is not."""
    made = [found for part in parts if (found := fraction(part)) is not None]
    return made if len(made) == len(parts) else None
