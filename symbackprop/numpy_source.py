"""NumPy source of a SymPy expression in one variable `z`, arranged so that it neither overflows nor cancels.

Exponentials of `z` are written by `t = exp(-m|z|) ≤ 1`, with one formula for `z > 0` and one for `z ≤ 0` where they
differ: `exp(-z)/(1 + exp(-z))²` overflows at `z = -800`, `t/(1 + t)²` does not.
"""

from __future__ import annotations

import re
from math import gcd

import sympy

Z = sympy.Symbol("z", real=True)
T = sympy.Symbol("t", positive=True)
NORMAL_CDF = sympy.Function("normal_cdf")
CALLS = {sympy.exp: sympy.Function("np.exp"), sympy.log: sympy.Function("np.log")}


def in_variable(source: str, variable: str) -> str:
    """The source with another variable in place of `z`."""
    return re.sub(r"\bz\b", variable, source)


def numpy_source(e: sympy.Expr) -> str:
    """One NumPy expression, over arrays `z` of any shape, of a SymPy expression in the real symbol `z`."""
    if not e.has(Z):
        return f"np.full_like(z, {_constant(e)}, dtype=float)"
    return _source(e, (1, -1))


def _source(e: sympy.Expr, signs: tuple[int, ...]) -> str:
    """The source of `e` where `z` has one of the signs."""
    if isinstance(e, sympy.Piecewise):
        return _pieces(list(e.args), signs)
    if not e.has(Z):
        return _constant(e)
    if e.has(sympy.tanh):
        e = sympy.expand(e).rewrite(sympy.exp)
    rates = [_rate(power) for power in e.atoms(sympy.exp)]
    if rates and None not in rates and e != sympy.exp(Z):
        return _by_exponential(e, gcd(*(abs(rate) for rate in rates if rate is not None)), signs)
    normal = e.subs(sympy.erf(Z / sympy.sqrt(2)), 2 * NORMAL_CDF(Z) - 1)
    return _printed(sympy.expand(normal))


def _pieces(pieces: list[tuple[sympy.Expr, sympy.Basic]], signs: tuple[int, ...]) -> str:
    (piece, where), *rest = pieces
    if where == sympy.true:
        return _source(piece, signs)
    here = others = signs
    if where in (Z <= 0, Z < 0):
        here, others = (-1,), (1,)
    elif where == (Z > 0):
        here, others = (1,), (-1,)
    return f"np.where({where}, {_source(piece, here)}, {_pieces(rest, others)})"


def _rate(power: sympy.Expr) -> int | None:
    """The integer `c` of `exp(c z)`; None for another exponent."""
    rate = power.args[0] / Z
    return int(rate) if rate.is_Integer else None


def _by_exponential(e: sympy.Expr, rate: int, signs: tuple[int, ...]) -> str:
    """`e` written by `t = exp(-rate |z|)`, for positive and for negative `z`."""
    halves = [_half(e, rate, sign) for sign in signs]
    above, below = halves[0], halves[-1]
    if all(sympy.expand(a - b) == 0 for a, b in zip(above, below, strict=True)):
        text = _printed(above[0] / above[1])
    elif sympy.expand(above[1] - below[1]) == 0:
        text = f"np.where(z > 0, {_printed(above[0])}, {_printed(below[0])}) / {_enclosed(above[1])}"
    else:
        text = f"np.where(z > 0, {_printed(above[0] / above[1])}, {_printed(below[0] / below[1])})"
    return re.sub(r"\bt\b", "np.exp(-np.abs(z))" if rate == 1 else f"np.exp(-{rate} * np.abs(z))", text)


def _half(e: sympy.Expr, rate: int, sign: int) -> tuple[sympy.Expr, sympy.Expr]:
    """Numerator and denominator in `t`, for `z` of one sign."""
    half = e.replace(sympy.exp, lambda power: T ** (-sign * power / Z / rate))
    numerator, denominator = sympy.fraction(sympy.factor(sympy.cancel(sympy.together(half))))
    return numerator, denominator


def _enclosed(e: sympy.Expr) -> str:
    return f"({_printed(e)})" if isinstance(e, sympy.Add | sympy.Mul) else _printed(e)


def _constant(e: sympy.Expr) -> str:
    return repr(float(e))


def _printed(e: sympy.Expr) -> str:
    """The expression as Python writes it, its irrational constants as floats."""
    for function, call in CALLS.items():
        e = e.replace(function, call)
    if isinstance(e, sympy.Add):
        return " + ".join(_printed(term) for term in e.as_ordered_terms()).replace("+ -", "- ")
    constant, rest = e.as_independent(Z, T, as_Add=False)
    if constant.is_Rational:
        return str(e)
    return _constant(constant) if rest == 1 else f"{_constant(constant)} * {rest}"
