"""Scalars as monomials: what is equal for all values, and what only looks so, with values by hand."""

from __future__ import annotations

from fractions import Fraction

import pytest

from symbackprop.dims import index
from symbackprop.expr import Elementwise, Expr, Named, Norm, Power, Quotient, Size, SquareRoot, number
from symbackprop.judges.monomials import is_at_most_one, monomial, same_monomial
from symbackprop.judges.signs import Setting
from symbackprop.quantities import Quantities

SPACE = Quantities({"A": ("n", "n"), "B": ("n", "n"), "u": ("n",), "v": ("n",), "s": (), "t": ()})
SETTING = Setting(SPACE, SPACE.bounds, (), lambda one, two: one == two)
A, B, u, v, s, t = (Named(name) for name in "ABuvst")
ONE, n = number(1), index("n")
TWO, ROOT = number(2), SquareRoot(Size(n))

SAME: dict[str, tuple[Expr, Expr]] = {
    "scalars commute": (s @ Norm(v) @ t, t @ s @ Norm(v)),
    "numbers multiply": (TWO @ s @ number(3), number(6) @ s),
    "norm out": (Norm(Norm(u) @ A @ v), Norm(A @ v) @ Norm(u)),
    "quotient out": (Norm(Quotient(v, Norm(u))), Quotient(Norm(v), Norm(u))),
    "Frobenius norm too": (Norm(TWO @ A, "F"), TWO @ Norm(A, "F")),
    "root of a square": (SquareRoot(Power(Norm(v), Fraction(2))), Norm(v)),
    "square": (Power(s, Fraction(2)), s @ s),
    "quotient of quotients": (Quotient(s, Quotient(t, Norm(v))), Quotient(s @ Norm(v), t)),
    "scalar beside columns": (u.T @ s @ A @ v, s @ (u.T @ A @ v)),
    "the rest is 0 with it": (Norm(v) @ Norm(A @ Quotient(v, Norm(v))), Norm(A @ v)),
    "a size is not 0": (Quotient(s @ ROOT, ROOT), s),
    "exp is not 0": (Elementwise("exp", s) @ Quotient(t, Elementwise("exp", s)), t),
    "what is left is 0 with it": (Norm(v) @ Norm(v) @ Quotient(ONE, Norm(v)), Norm(v)),
}


@pytest.mark.parametrize(("left", "right"), SAME.values(), ids=SAME)
def test_the_same_monomial(left: Expr, right: Expr) -> None:
    assert same_monomial(left, right, SETTING)
    assert same_monomial(right, left, SETTING)


# beside each: values at which the sides differ
OTHER: dict[str, tuple[Expr, Expr]] = {
    "s = -1": (Norm(s @ v), s @ Norm(v)),
    "A B ≠ B A": (u.T @ A @ B @ v, u.T @ B @ A @ v),
    "u and v turned": (u.T @ A @ v, v.T @ A @ u),
    "in another order": (Norm(A @ B @ v), Norm(B @ A @ v)),
    "v = 0": (Quotient(Norm(v), Norm(v)), ONE),
    "s = 0": (Quotient(s, s), ONE),
    "t = 0": (s @ t @ Quotient(ONE, t), s),
    "u = 0": (Norm(u) @ Norm(A @ Quotient(v, Norm(u))), Norm(A @ v)),
    "v = 0, and A is left": (Norm(A @ v) @ Norm(B) @ Quotient(ONE, Norm(A @ v)), Norm(B)),
    "s = -1, root": (SquareRoot(Power(s, Fraction(2))), s),
    "s = 2": (Power(s, Fraction(2)), s),
    "other number": (TWO @ s, s),
    "Frobenius for spectral": (Norm(A, "F"), Norm(A)),
    "another variable": (s @ Norm(v), t @ Norm(v)),
    "half a power": (Norm(v) @ SquareRoot(Norm(v)), Norm(v)),
    "zero": (number(0) @ s, number(0) @ t),
}


@pytest.mark.parametrize(("left", "right"), OTHER.values(), ids=OTHER)
def test_not_the_same_monomial(left: Expr, right: Expr) -> None:
    assert not same_monomial(left, right, SETTING)
    assert not same_monomial(right, left, SETTING)


def test_a_column_is_no_monomial() -> None:
    assert not same_monomial(s @ v, v @ s, SETTING)


def test_a_monomial_by_hand() -> None:
    made = monomial(number(3) @ Norm(TWO @ v) @ Quotient(s, t), SETTING)
    assert made is not None
    assert made.coefficient == 6
    assert made.powers == {Norm(v): 1, s: 1, t: -1}
    assert not made.cancelled
    assert monomial(s @ number(0), SETTING) is None


def test_a_normed_vector_is_not_longer_than_one() -> None:
    assert is_at_most_one(Norm(Quotient(v, Norm(v))), SETTING)
    assert not is_at_most_one(Norm(Quotient(v, Norm(u))), SETTING)
    assert not is_at_most_one(Norm(Quotient(TWO @ v, Norm(v))), SETTING)
    assert not is_at_most_one(Norm(v), SETTING)
