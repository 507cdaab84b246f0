"""Functions rational in e^z: identities of the slopes, and what is no identity, against values of math."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import pytest

from symbackprop.expr import Elementwise, Expr, Named, Negative, Number, Power, Product, Quotient, Sum, number
from symbackprop.judges.exponentials import in_exponential
from symbackprop.quantities import Quantities

SPACE = Quantities({"s": (), "t": (), "v": ("n",)})
s, t, v = (Named(name) for name in "stv")
ONE, TWO = number(1), number(2)
POINTS = (-2.3, -0.4, 0.7, 1.9)


def sigmoid(z: Expr, order: int = 0) -> Elementwise:
    return Elementwise("sigmoid", z, order)


def tanh(z: Expr, order: int = 0) -> Elementwise:
    return Elementwise("tanh", z, order)


def exp(z: Expr) -> Elementwise:
    return Elementwise("exp", z)


def power(e: Expr, exponent: int) -> Power:
    return Power(e, Fraction(exponent))


# derivatives by hand
FUNCTIONS: dict[tuple[str, int], Callable[[float], float]] = {
    ("sigmoid", 0): lambda z: 1 / (1 + math.exp(-z)),
    ("sigmoid", 1): lambda z: math.exp(-z) / (1 + math.exp(-z)) ** 2,
    ("sigmoid", 2): lambda z: math.exp(-z) * (math.exp(-z) - 1) / (1 + math.exp(-z)) ** 3,
    ("tanh", 0): math.tanh,
    ("tanh", 1): lambda z: 1 / math.cosh(z) ** 2,
    ("tanh", 2): lambda z: -2 * math.tanh(z) / math.cosh(z) ** 2,
    ("exp", 0): math.exp,
    ("exp", 1): math.exp,
}


def value(e: Expr, z: float) -> float:
    match e:
        case Number(one):
            return float(one)
        case Named():
            return z
        case Elementwise(function, operand, order):
            return FUNCTIONS[function, order](value(operand, z))
        case Quotient(above, below):
            return value(above, z) / value(below, z)
        case Negative(operand):
            return -value(operand, z)
        case Power(base, exponent):
            return value(base, z) ** int(exponent)
        case Product(parts):
            return math.prod(value(part, z) for part in parts)
        case Sum(parts):
            return sum(value(part, z) for part in parts)
    raise AssertionError(e)


def equal(left: Expr, right: Expr) -> bool:
    one, two = in_exponential(left, SPACE), in_exponential(right, SPACE)
    return one is not None and one == two


PAIRS: dict[str, tuple[Expr, Expr, bool]] = {
    "slope of the sigmoid": (sigmoid(t, 1), sigmoid(t) @ (ONE - sigmoid(t)), True),
    "slope of tanh": (tanh(t, 1), ONE - power(tanh(t), 2), True),
    "second derivative": (tanh(t, 2), number(-2) @ tanh(t) @ tanh(t, 1), True),
    "exp is its derivative": (Elementwise("exp", t, 1), Elementwise("exp", t), True),
    "sigmoid by exp": (sigmoid(t), Elementwise("exp", t) @ power(ONE + Elementwise("exp", t), -1), True),
    "completed square": (sigmoid(t, 1), Number(Fraction(1, 4)) - power(sigmoid(t) - Number(Fraction(1, 2)), 2), True),
    "tanh by exponentials": (tanh(t), Quotient(exp(t) - exp(-t), exp(t) + exp(-t)), True),
    "tanh by the sigmoid": (tanh(t), TWO @ sigmoid(TWO @ t) - ONE, True),
    "slope by exponentials": (sigmoid(t, 1), Quotient(exp(-t), power(ONE + exp(-t), 2)), True),
    "an even slope": (sigmoid(-t, 1), sigmoid(t, 1), True),
    "an odd second slope": (sigmoid(-t, 2), -sigmoid(t, 2), True),
    "three times": (exp(number(3) @ t), exp(t) @ exp(TWO @ t), True),
    "tanh by the sigmoid, not twice": (tanh(t), TWO @ sigmoid(t) - ONE, False),
    "the other sign": (tanh(-t), tanh(t), False),
    "an odd slope": (sigmoid(-t, 2), sigmoid(t, 2), False),
    "no factor": (sigmoid(t, 1), ONE - sigmoid(t), False),
    "sigmoid for tanh": (tanh(t, 1), ONE - power(sigmoid(t), 2), False),
    "plus": (tanh(t, 1), ONE + power(tanh(t), 2), False),
    "twice": (sigmoid(t, 1), TWO @ sigmoid(t) @ (ONE - sigmoid(t)), False),
    "higher order": (sigmoid(t, 1), sigmoid(t), False),
}


@pytest.mark.parametrize(("left", "right", "same"), PAIRS.values(), ids=PAIRS)
def test_equality_is_that_of_values(left: Expr, right: Expr, same: bool) -> None:
    assert equal(left, right) is same
    assert all(math.isclose(value(left, z), value(right, z), abs_tol=1e-12) for z in POINTS) is same


REFUSED: dict[str, Expr] = {
    "two variables": sigmoid(s) + sigmoid(t),
    "the variable itself": sigmoid(t) + t,
    "a column": sigmoid(v),
    "another function": Elementwise("relu", t),
    "no function": TWO,
    "of a sum": sigmoid(t + t),
    "half of it": sigmoid(Number(Fraction(1, 2)) @ t),
    "none of it": sigmoid(number(0) @ t),
    "too many times": exp(number(10**9) @ t),
    "over what may be 0": Quotient(ONE, exp(t) - exp(-t)),
    "divided by what may be 0": tanh(t) @ power(tanh(t), -1),
    "divided by 0": power(tanh(t) - tanh(t), -1),
    "a root": Power(sigmoid(t), Fraction(1, 2)),
}


@pytest.mark.parametrize("e", REFUSED.values(), ids=REFUSED)
def test_what_is_refused(e: Expr) -> None:
    assert in_exponential(e, SPACE) is None


def test_the_variable_counts() -> None:
    assert not equal(sigmoid(s), sigmoid(t))
    assert not equal(sigmoid(s, 1), sigmoid(t) @ (ONE - sigmoid(t)))
