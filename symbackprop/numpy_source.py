"""NumPy source of a SymPy expression in one variable `z`, arranged so that it neither overflows nor cancels.

Exponentials of `z` are written by `t = exp(-m|z|) ≤ 1`, with one formula for `z > 0` and one for `z ≤ 0` where they
differ: `exp(-z)/(1 + exp(-z))²` overflows at `z = -800`, `t/(1 + t)²` does not. Both formulas are computed for every
`z`, so neither may warn where the other one counts. Where `z` stands beside a `t`, or beside `exp(-z²/2)`, which are 0
for large `|z|`, it is kept within ±1,000: `z t` is 0 at infinity, and `z²` does not overflow.

What NumPy has no name for here is refused: SymPy's own text for it would be no NumPy source.
"""

from __future__ import annotations

import re
from functools import reduce
from math import gcd
from typing import Any

import sympy
from sympy.printing.str import StrPrinter

from symbackprop.errors import SymbackpropError

Z = sympy.Symbol("z", real=True)
T = sympy.Symbol("t", positive=True)
# z where it is multiplied by what is 0 beyond: printed as its name
REACH = 1000
WITHIN = sympy.Symbol("np.clip(z, -1e3, 1e3)", real=True)
NORMAL_CDF = sympy.Function("normal_cdf")
# of one argument each; the sign by the real part, so that complex-step differences see a constant
CALLS = {
    sympy.exp: "np.exp({})",
    sympy.log: "np.log({})",
    sympy.Abs: "np.abs({})",
    sympy.sin: "np.sin({})",
    sympy.cos: "np.cos({})",
    sympy.tan: "np.tan({})",
    sympy.sinh: "np.sinh({})",
    sympy.cosh: "np.cosh({})",
    sympy.atan: "np.arctan({})",
    # defined before what uses it, as normal_cdf is
    sympy.erf: "error_function({})",
    sympy.sign: "np.sign(np.real({}))",
    NORMAL_CDF: "normal_cdf({})",
}
# of two or more arguments, taken two by two
PAIRS = {sympy.Max: "np.maximum({}, {})", sympy.Min: "np.minimum({}, {})"}
# slopes of losses in pieces, the last of which gives NaN for NaN: it is 0, or z, elsewhere too
PIECES = {
    sympy.Piecewise((-1, Z < 0), (1, Z > 0), (0, True)): "np.where(z < 0, -1.0, np.where(z > 0, 1.0, z))",
    sympy.Piecewise((-1, Z < -1), (Z, Z <= 1), (1, True)): "np.where(z < -1, -1.0, np.where(z > 1, 1.0, z))",
}
ARITHMETIC = (sympy.Add, sympy.Mul, sympy.Pow, sympy.Symbol, sympy.Number, sympy.NumberSymbol)
CONDITIONS = (sympy.core.relational.Relational, sympy.And, sympy.Or, sympy.Not)


def numpy_source(e: sympy.Expr) -> str:
    """One NumPy expression, over arrays `z` of any shape, of a SymPy expression in the real symbol `z`.

    Raises:
        SymbackpropError: for a function that has no NumPy source here.
    """
    if not e.has(Z):
        return f"np.full_like(z, {_constant(e)}, dtype=float)"
    return PIECES.get(e) or _source(e, (1, -1))


def _source(e: sympy.Expr, signs: tuple[int, ...]) -> str:
    """The source of `e` where `z` has one of the signs."""
    if isinstance(e, sympy.Piecewise):
        return _pieces(list(e.args), signs)
    if not e.has(Z):
        return _constant(e)
    if e.has(sympy.tanh):
        e = sympy.expand(e).rewrite(sympy.exp)
    rates = [_rate(power) for power in e.atoms(sympy.exp)]
    # exp(z) itself may overflow, but not as the formula for z <= 0 where z is greater
    if rates and None not in rates and (e != sympy.exp(Z) or signs == (-1,)):
        return _by_exponential(e, gcd(*(abs(rate) for rate in rates if rate is not None)), signs)
    if e.has(sympy.erf):
        e = sympy.expand(e.subs(sympy.erf(Z / sympy.sqrt(2)), 2 * NORMAL_CDF(Z) - 1))
    return _printed(sympy.Add(*map(_within_reach, sympy.Add.make_args(e))))


def _within_reach(term: sympy.Expr) -> sympy.Expr:
    """The term with `z` kept within reach where it has a factor `exp(-c z²)`, which is 0 beyond."""
    for factor in sympy.Mul.make_args(term):
        if isinstance(factor, sympy.exp):
            rate = -factor.args[0] / Z**2
            # the least number above 0 is over exp(-746)
            if rate.is_number and rate * REACH**2 > 2 * 746 and not term.has(NORMAL_CDF, sympy.log):
                return term.subs(Z, WITHIN)
    return term


def _pieces(pieces: list[tuple[sympy.Expr, sympy.Basic]], signs: tuple[int, ...]) -> str:
    (piece, where), *rest = pieces
    if where == sympy.true:
        return _source(piece, signs)
    here = others = signs
    if where in (Z <= 0, Z < 0):
        here, others = (-1,), (1,)
    elif where == (Z > 0):
        here, others = (1,), (-1,)
    return f"np.where({_text(where)}, {_source(piece, here)}, {_pieces(rest, others)})"


def _rate(power: sympy.Expr) -> int | None:
    """The integer `c` of `exp(c z)`; None for another exponent."""
    rate = power.args[0] / Z
    return int(rate) if rate.is_Integer else None


def _by_exponential(e: sympy.Expr, rate: int, signs: tuple[int, ...]) -> str:
    """`e` written by `t = exp(-rate |z|)`, for positive and for negative `z`."""
    halves = [_half(e, rate, sign) for sign in signs]
    shared = gcd(*(power for half in halves for part in half for power in _powers(part)))
    if shared > 1:
        # exp(-2|z|) once, not the square of exp(-|z|)
        rate *= shared
        halves = [_half(e, rate, sign) for sign in signs]
    above, below = halves[0], halves[-1]
    if all(sympy.expand(a - b) == 0 for a, b in zip(above, below, strict=True)):
        text = _printed(above[0] / above[1])
    elif sympy.expand(above[1] - below[1]) == 0:
        text = f"np.where(z > 0, {_printed(above[0])}, {_printed(below[0])}) / {_enclosed(above[1])}"
    else:
        text = f"np.where(z > 0, {_printed(above[0] / above[1])}, {_printed(below[0] / below[1])})"
    return re.sub(r"\bt\b", "np.exp(-np.abs(z))" if rate == 1 else f"np.exp(-{rate} * np.abs(z))", text)


def _powers(e: sympy.Expr) -> list[int]:
    """The exponents of `t` in it."""
    inside = [int(power.exp) if power.exp.is_Integer else 1 for power in e.atoms(sympy.Pow) if power.base == T]
    bare = e.subs({power: 1 for power in e.atoms(sympy.Pow) if power.base == T})
    return [*inside, *([1] if bare.has(T) else [])]


def _half(e: sympy.Expr, rate: int, sign: int) -> tuple[sympy.Expr, sympy.Expr]:
    """Numerator and denominator in `t`, for `z` of one sign."""
    half = e.replace(sympy.exp, lambda power: T ** (-sign * power / Z / rate))
    numerator, denominator = sympy.fraction(sympy.factor(sympy.cancel(sympy.together(half))))
    if numerator.is_polynomial(T, Z) and not numerator.subs(T, 0).has(Z) and not denominator.has(Z):
        # every z stands beside a t
        numerator = numerator.subs(Z, WITHIN)
    return numerator, denominator


def _enclosed(e: sympy.Expr) -> str:
    return f"({_printed(e)})" if isinstance(e, sympy.Add | sympy.Mul) else _printed(e)


def _constant(e: sympy.Expr) -> str:
    return repr(float(e))


def _printed(e: sympy.Expr) -> str:
    """The expression as Python writes it, its irrational constants as floats."""
    if isinstance(e, sympy.Add):
        return " + ".join(_printed(term) for term in e.as_ordered_terms()).replace("+ -", "- ")
    constant, rest = e.as_independent(Z, T, WITHIN, as_Add=False)
    if constant.is_Rational:
        return _text(e)
    return _constant(constant) if rest == 1 else f"{_constant(constant)} * {_text(rest)}"


def _text(e: sympy.Basic) -> str:
    """What the printer below writes, after a look at every part of it.

    Raises:
        SymbackpropError: for a part that it does not know.
    """
    for part in sympy.preorder_traversal(e):
        if part.func not in CALLS and part.func not in PAIRS and not isinstance(part, (*ARITHMETIC, *CONDITIONS)):
            known = ", ".join(sorted(f.__name__ for f in (*CALLS, *PAIRS, sympy.tanh) if f is not NORMAL_CDF))
            raise SymbackpropError(
                f"{part} has no NumPy source: {part.func.__name__} is not one of {known}; write the row with these, "
                "kinks as Piecewise with z <= 0, or add the function to symbackprop.numpy_source"
            )
    return str(_Numpy().doprint(e))


class _Numpy(StrPrinter):  # type: ignore[misc]
    """SymPy's text, with NumPy's names for functions and every figure of its floats."""

    def _print_Function(self, e: Any) -> str:
        if e.func is sympy.Abs and e.args[0] != Z:
            # |z| itself is made analytic, for complex-step differences, where a file is written
            return f"np.maximum({self._print(e.args[0])}, {self._print(-e.args[0])})"
        return CALLS[e.func].format(self._print(e.args[0]))

    def _print_LatticeOp(self, e: Any) -> str:
        arguments: list[str] = [self._print(part) for part in sorted(e.args, key=sympy.default_sort_key)]
        return reduce(PAIRS[e.func].format, arguments)

    def _print_Pow(self, e: Any, rational: bool = False) -> str:
        if abs(e.exp) == sympy.S.Half:
            root = f"np.sqrt({self._print(e.base)})"
            return root if e.exp > 0 else f"1/{root}"
        return str(super()._print_Pow(e, rational))

    def _print_Float(self, e: Any) -> str:
        return _constant(e)

    def _print_NumberSymbol(self, e: Any) -> str:
        return _constant(e)

    _print_Pi = _print_Exp1 = _print_NumberSymbol
