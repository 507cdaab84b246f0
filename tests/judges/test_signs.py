"""Signs of scalars and places at which a line rises with a part, against values at random numbers of both signs."""

from __future__ import annotations

from fractions import Fraction

import pytest

from symbackprop.dims import DEPTH, ONE, Bounds, dim, index, units, width
from symbackprop.equations import Network
from symbackprop.expr import (
    SMALLEST,
    Diagonal,
    Elementwise,
    Entry,
    Expr,
    IndexedProduct,
    IndexedSum,
    Named,
    Negative,
    Norm,
    Power,
    Product,
    Quotient,
    SingularValue,
    Size,
    SquareRoot,
    number,
)
from symbackprop.judges.signs import Setting, inside_of, is_nonnegative, is_positive, rises, spelled
from symbackprop.magnitudes import Extreme
from symbackprop.network import MLP
from symbackprop.quantities import Quantities
from symbackprop.tree import Path

SPACE = Quantities({"A": ("n", "n"), "v": ("n",), "s": (), "t": ()})
A, v, s, t = (Named(name) for name in "Avst")
n, l, m, i, L = index("n"), index("l"), index("m"), index("i"), DEPTH


def setting(network: Network = SPACE, known: Bounds | None = None) -> Setting:
    return Setting(network, SPACE.bounds if known is None else known, (), lambda one, two: one == two)


def over(body: Expr) -> IndexedProduct:
    return IndexedProduct("l", ONE, dim(3), body)


SQUARE = Power(s, Fraction(2))
SIGNS: dict[str, tuple[Expr, bool]] = {
    "norm": (Norm(v), True),
    "singular value": (SingularValue(A, SMALLEST), True),
    "scalar": (s, False),
    "minus a norm": (Negative(Norm(v)), False),
    "square": (SQUARE, True),
    "cube": (Power(s, Fraction(3)), False),
    "cube of a norm": (Power(Norm(v), Fraction(3)), True),
    "square root": (SquareRoot(s), True),
    "power of 2/3 of a scalar": (Power(s, Fraction(2, 3)), False),
    "modulus": (Elementwise("abs", s), True),
    "slope of a modulus": (Elementwise("abs", s, 1), False),
    "tanh": (Elementwise("tanh", s), False),
    "product of norms": (Norm(v) @ Norm(A @ v), True),
    "product with a scalar": (Norm(v) @ s, False),
    "two scalars, perhaps of two signs": (s @ t, False),
    "scalar made of columns": (v.T @ v, False),
    "sum of squares": (SQUARE + Power(t, Fraction(2)), True),
    "difference": (Norm(v) - Norm(A @ v), False),
    "quotient": (Quotient(Norm(v), SQUARE), True),
    "quotient by a scalar": (Quotient(Norm(v), s), False),
    "negative number": (number(-1), False),
    "a size": (Size(n), True),
    "a size less one": (Size(n - 1), True),
    "a size less two": (Size(n - 2), False),
    "largest entry": (Extreme("max", "i", ONE, n, Entry(v, i)), False),
    "least modulus": (Extreme("min", "i", ONE, n, Elementwise("abs", Entry(v, i))), True),
    "product over layers": (over(Norm(v)), True),
    "product of scalars over layers": (over(s), False),
    "sum over layers": (IndexedSum("l", ONE, dim(3), s), False),
}


@pytest.mark.parametrize(("e", "sure"), SIGNS.values(), ids=SIGNS)
def test_what_is_surely_not_negative(e: Expr, sure: bool) -> None:
    assert is_nonnegative(e, setting()) is sure


POSITIVE: dict[str, tuple[Expr, bool]] = {
    "exp": (Elementwise("exp", s), True),
    "exp of a column": (Elementwise("exp", v), False),
    "a size": (SquareRoot(Size(n)), True),
    "a size less one": (Size(n - 1), False),
    "norm": (Norm(v), False),
    "zero": (number(0), False),
    "square": (SQUARE, False),
}


@pytest.mark.parametrize(("e", "sure"), POSITIVE.values(), ids=POSITIVE)
def test_what_is_surely_positive(e: Expr, sure: bool) -> None:
    assert is_positive(e, setting()) is sure


PLACES: dict[str, tuple[Expr, Path, bool]] = {
    "itself": (s, (), True),
    "beside a norm": (Norm(v) @ s, (1,), True),
    "beside a scalar": (t @ s, (1,), False),
    "beside a matrix": (s @ v, (0,), False),
    "in a sum": (s + t, (0,), True),
    "taken away": (t - s, (1, 0), False),
    "above a norm": (Quotient(s, Norm(v)), (0,), True),
    "above a scalar": (Quotient(s, t), (0,), False),
    "below": (Quotient(Norm(v), s), (1,), False),
    "under a root": (SquareRoot(Norm(v)), (0,), True),
    "under a root, perhaps negative": (SquareRoot(s), (0,), False),
    "squared norm": (Power(Norm(v), Fraction(2)), (0,), True),
    "squared scalar": (SQUARE, (0,), False),
    "power 0": (Power(Norm(v), Fraction(0)), (0,), False),
    "inverse": (Power(Norm(v), Fraction(-1)), (0,), False),
    "factor of each layer": (over(Norm(v)), (0,), True),
    "factor of each layer, perhaps negative": (over(s), (0,), False),
    "beside it in each layer": (over(Norm(v) @ SQUARE), (0, 0), True),
    "matrix of each layer": (over(A), (0,), False),
    "term of each layer": (IndexedSum("l", ONE, dim(3), s), (0,), True),
    "in a minimum": (Extreme("min", "i", ONE, n, Entry(v, i)), (0,), True),
    "in a norm": (Norm(s @ v), (0, 0), False),
    "in a singular value": (SingularValue(s @ A), (0, 0), False),
    "on a diagonal": (Norm(Diagonal(v)), (0, 0), False),
    "in a function": (Elementwise("tanh", s), (0,), False),
    "two levels": (Norm(v) @ (s + t), (1, 1), True),
    "two levels, the outer falls": (t @ (s + t), (1, 0), False),
}


@pytest.mark.parametrize(("e", "where", "sure"), PLACES.values(), ids=PLACES)
def test_where_a_line_rises_with_a_part(e: Expr, where: Path, sure: bool) -> None:
    assert rises(e, where, setting()) is sure


def test_an_index_hides_another_of_its_name() -> None:
    outside = setting(MLP(), {"m": (ONE, l), "l": (dim(5), L)})
    inside = inside_of(outside, "l", dim(2), dim(2))
    assert inside.known == {"l": (dim(2), dim(2))}
    assert inside_of(outside, "k", dim(1), l).known == {**outside.known, "k": (dim(1), l)}


def test_units_are_widths_in_hidden_layers_only() -> None:
    hidden, beyond = {"l": (ONE, L)}, {"l": (ONE, L + 1)}
    assert spelled(units(l), setting(MLP(), hidden)) == width(l) - 1
    assert spelled(units(l), setting(MLP(), beyond)) == units(l)
    assert spelled(units(L + 1), setting(MLP(), {})) == width(L + 1)
    assert spelled(units(1), setting(MLP(), {})) == width(1) - 1
    assert spelled(units(l), setting(MLP(bias="none"), hidden)) == width(l)
    assert spelled(units(1), setting(MLP(widths=[4, 3, 2]), {})) == dim(2)


def test_a_product_is_flat() -> None:
    assert isinstance(Norm(v) @ s @ t, Product)
    assert not rises(Norm(v) @ s @ t, (0,), setting())
