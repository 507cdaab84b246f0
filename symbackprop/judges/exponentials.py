"""Scalar functions of one variable that are rational in `e^z`: as fractions in lowest terms, equality is decided.

The sigmoid is `t/(1+t)` and tanh is `(t²-1)/(t²+1)` with `t = e^z`; derivatives by the chain rule `d/dz = t d/dt`.
"""

from __future__ import annotations

from typing import Any

from symbackprop import expr
from symbackprop.equations import Network
from symbackprop.expr import Expr, Variable
from symbackprop.shapes import SCALAR, shape
from symbackprop.tree import subterms


def in_exponential(e: Expr, network: Network) -> tuple[Variable, Any] | None:
    """The variable `z` and the fraction in `t = e^z` that a scalar is, in lowest terms.

    None for no such function of one variable, and where something is divided by that may be 0.
    """
    variables = {part for _, part in subterms(e) if isinstance(part, Variable)}
    functions = [part for _, part in subterms(e) if isinstance(part, expr.Elementwise)]
    if len(variables) != 1 or not functions or any(f.operand not in variables for f in functions):
        return None
    if any(shape(v, network) != SCALAR for v in variables):
        return None
    import sympy

    made = _fraction(e, sympy, sympy.Symbol("t", positive=True))
    return None if made is None else (variables.pop(), sympy.cancel(sympy.together(made)))


def _fraction(e: Expr, sympy: Any, t: Any) -> Any:
    match e:
        case expr.Number(value):
            return sympy.Rational(value.numerator, value.denominator)
        case expr.Elementwise(function, _, order):
            made = {"sigmoid": t / (1 + t), "tanh": (t**2 - 1) / (t**2 + 1), "exp": t}.get(function)
            for _ in range(order if made is not None else 0):
                made = t * sympy.diff(made, t)
            return made
        case expr.Negative(operand):
            made = _fraction(operand, sympy, t)
            return None if made is None else -made
        case expr.Power(base, exponent) if exponent.denominator == 1:
            made = _fraction(base, sympy, t)
            if made is None or (exponent < 0 and not _is_positive(made, sympy, t)):
                return None
            return made**exponent.numerator
        case expr.Product(parts):
            return _joined(sympy.Mul, parts, sympy, t)
        case expr.Sum(parts):
            return _joined(sympy.Add, parts, sympy, t)
    return None


def _is_positive(made: Any, sympy: Any, t: Any) -> bool:
    """Whether a fraction is above 0 for every `t > 0`, as all coefficients of both its polynomials are."""
    above, below = sympy.fraction(sympy.cancel(sympy.together(made)))
    return all(c > 0 for part in (above, below) for c in sympy.Poly(part, t).coeffs())


def _joined(join: Any, parts: tuple[Expr, ...], sympy: Any, t: Any) -> Any:
    made = [_fraction(part, sympy, t) for part in parts]
    return None if any(part is None for part in made) else join(*made)
