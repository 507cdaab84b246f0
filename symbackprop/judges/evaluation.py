"""The value of a SymPy expression at a point: exact rationals, or 50 digits.

Unknown functions and their derivatives are given independent random values, one for each distinct argument: there are
smooth functions with those values. Exact evaluation does the same for what is not rational (`log`, `erf`, roots); `exp`
of a half of an integer is a power of one number `t`, so that `exp(a + b) = exp(a) exp(b)`. Where two expressions
differ, that is a real counterexample only as long as no such value was needed (`Point.rational`).
"""

from __future__ import annotations

import operator
import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import sympy
from sympy.core.function import AppliedUndef

DIGITS = 50
WORKING = DIGITS + 20
LARGEST_EXPONENT = 20_000
COMPARISONS: dict[Any, Callable[[Any, Any], bool]] = {
    sympy.Le: operator.le,
    sympy.Lt: operator.lt,
    sympy.Ge: operator.ge,
    sympy.Gt: operator.gt,
    sympy.Eq: operator.eq,
    sympy.Ne: operator.ne,
}


class NotEvaluable(Exception):
    """An expression that has no value here; the message says why."""


class Point:
    """One random point: values of the independent symbols and of the unknown functions.

    Args:
        seed: of the random values.
        value: `(symbol, point) -> value` for a symbol that is not independent, None for one that is.
        digits: whether to compute with 50 digits rather than exactly; then run it under `mpmath.workdps(WORKING)`.
    """

    def __init__(self, seed: int, value: Callable[[sympy.Symbol, Point], Any], digits: bool = False) -> None:
        self.seed = seed
        self.digits = digits
        self.rational = True
        self.chosen: dict[str, Fraction] = {}
        self._dependent = value
        self._memo: dict[Any, Any] = {}

    def random(self, key: object) -> Any:
        """A nonzero rational that depends on the key and the seed alone."""
        source = random.Random(f"{self.seed} {key}")
        value = Fraction(source.choice((-1, 1)) * source.randint(1, 60), source.choice((1, 1, 1, 2)))
        return self.lifted(value)

    def lifted(self, value: Fraction) -> Any:
        return mpmath.mpf(value.numerator) / value.denominator if self.digits else value

    def symbol(self, symbol: sympy.Symbol) -> Any:
        value = self._dependent(symbol, self)
        if value is None:
            name = symbol.name
            exact = self.chosen.get(name)
            if exact is None:
                source = random.Random(f"{self.seed} {name}")
                exact = self.chosen[name] = Fraction(source.choice((-1, 1)) * source.randint(1, 20))
            value = self.lifted(exact)
        return value

    def at(self, e: Any) -> Any:
        """The value of an expression.

        Raises:
            NotEvaluable: for what has no value at this point, such as a division by zero.
        """
        return self._at(e, {})

    def _at(self, e: Any, inside: dict[sympy.Symbol, Any]) -> Any:
        key = e if not inside else None
        if isinstance(e, sympy.Symbol) and e not in inside:
            key = e
        if key is not None and key in self._memo:
            return self._memo[key]
        value = self._fresh(e, inside)
        if key is not None:
            self._memo[key] = value
        return value

    def _fresh(self, e: Any, inside: dict[sympy.Symbol, Any]) -> Any:
        if isinstance(e, sympy.Symbol):
            return inside[e] if e in inside else self.symbol(e)
        if isinstance(e, sympy.Rational):
            return self.lifted(Fraction(int(e.p), int(e.q)))
        if isinstance(e, sympy.Subs):
            bound = {v: self._at(p, inside) for v, p in zip(e.variables, e.point, strict=True)}
            return self._at(e.expr, {**inside, **bound})
        if isinstance(e, sympy.Derivative):
            return self._slope(e, inside)
        if isinstance(e, sympy.Piecewise):
            return self._piece(e, inside)
        values = [self._at(a, inside) for a in e.args]
        if isinstance(e, sympy.Add):
            return sum(values[1:], values[0])
        if isinstance(e, sympy.Mul):
            total = values[0]
            for value in values[1:]:
                total = total * value
            return total
        if isinstance(e, AppliedUndef):
            return self._unknown(e.func.__name__, (), values)
        return self._function(e, values)

    def _slope(self, e: Any, inside: dict[sympy.Symbol, Any]) -> Any:
        applied = e.expr
        if not isinstance(applied, AppliedUndef) or not all(v in applied.args for v, _ in e.variable_count):
            raise NotEvaluable(f"SymPy leaves {e} as it is")
        orders = tuple(sorted((applied.args.index(v), int(count)) for v, count in e.variable_count))
        return self._unknown(applied.func.__name__, orders, [self._at(a, inside) for a in applied.args])

    def _unknown(self, name: str, orders: tuple[tuple[int, int], ...], values: list[Any]) -> Any:
        shown = [mpmath.nstr(v, DIGITS - 15) for v in values] if self.digits else values
        return self.random((name, orders, [str(v) for v in shown]))

    def _piece(self, e: Any, inside: dict[sympy.Symbol, Any]) -> Any:
        for piece, where in e.args:
            if self._holds(where, inside):
                return self._at(piece, inside)
        raise NotEvaluable(f"{e} has no value here")

    def _holds(self, where: Any, inside: dict[sympy.Symbol, Any]) -> bool:
        if where in (sympy.true, sympy.false):
            return bool(where)
        if isinstance(where, sympy.ITE):
            test, then, otherwise = where.args
            return self._holds(then if self._holds(test, inside) else otherwise, inside)
        if isinstance(where, sympy.And | sympy.Or):
            parts = (self._holds(part, inside) for part in where.args)
            return all(parts) if isinstance(where, sympy.And) else any(parts)
        if isinstance(where, sympy.Not):
            return not self._holds(where.args[0], inside)
        if where.func not in COMPARISONS:
            raise NotEvaluable(f"the condition {where} is not a comparison")
        left, right = (self._at(side, inside) for side in where.args)
        return COMPARISONS[where.func](left, right)

    def _function(self, e: Any, values: list[Any]) -> Any:
        if isinstance(e, sympy.Pow) and isinstance(e.exp, sympy.Integer):
            return self._power(values[0], int(e.exp))
        if self.digits:
            return self._fifty(e, values)
        self.rational = False
        if isinstance(e, sympy.exp):
            return self._exponential(values[0])
        if isinstance(e, sympy.tanh):
            double = self._exponential(2 * values[0])
            return self._divided(double - 1, double + 1)
        return self.random((type(e).__name__, *map(str, values)))

    def _power(self, base: Any, exponent: int) -> Any:
        if exponent < 0:
            return self._divided(self.lifted(Fraction(1)), base**-exponent)
        return base**exponent

    def _divided(self, above: Any, below: Any) -> Any:
        if below == 0:
            raise NotEvaluable("a denominator is 0 at the point")
        return above / below

    def _exponential(self, exponent: Fraction) -> Fraction:
        if exponent.denominator > 2 or abs(exponent) > LARGEST_EXPONENT:
            made: Fraction = self.random(("exp", str(exponent)))
            return made
        return Fraction(3, 2) ** int(2 * exponent)

    def _fifty(self, e: Any, values: list[Any]) -> Any:
        made = e.func(*(sympy.Float(v, WORKING) for v in values)).evalf(WORKING)
        if not (made.is_Float or made.is_Rational):
            raise NotEvaluable(f"SymPy has no real value of {e.func.__name__} at the point")
        return mpmath.mpf(sympy.Float(made, WORKING)._mpf_)
