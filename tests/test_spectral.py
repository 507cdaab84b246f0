"""Norms, singular values, extremes and predictions in SymPy, against matrices whose singular values are known."""

from __future__ import annotations

from fractions import Fraction

import pytest
import sympy
from sympy import ImmutableDenseMatrix as Matrix
from sympy import Symbol

from symbackprop.chance import Expectation, Gaussian, Variance
from symbackprop.dataset import Family, Prediction
from symbackprop.dims import DEPTH, ONE, dim, index, units, width
from symbackprop.errors import ShapeError, SymbackpropError
from symbackprop.expr import (
    LEAST_NONZERO,
    SMALLEST,
    ColumnAt,
    Columns,
    Diagonal,
    Elementwise,
    Entry,
    Expr,
    Hidden,
    Identity,
    LayerMap,
    Norm,
    Partial,
    Power,
    PreActivation,
    SingularValue,
    Weight,
    Zeros,
    number,
)
from symbackprop.magnitudes import Extreme, OverUnit, SingularValueAt, SpectralSum
from symbackprop.symbolic import to_sympy

# z_1 has 3 entries, W_0 is 3 × 2, W_1 is 2 × 4
WIDTHS = (2, 4, 2)
i, l = index("i"), index("l")
# at this point diag(z_1) has the singular values 3, 2, 0
AT = {Symbol("z_1[1]"): -2, Symbol("z_1[2]"): 0, Symbol("z_1[3]"): 3}
D = Diagonal(PreActivation(1))
ALL = Family("l", dim(0), DEPTH, Weight(l))


def read(e: Expr, **indices: int) -> sympy.Basic:
    return to_sympy(e, WIDTHS, expand=False, **indices)


@pytest.mark.parametrize(
    ("e", "wanted"),
    [
        (SingularValueAt(D, ONE), 3),
        (SingularValueAt(D, dim(2)), 2),
        (SingularValueAt(D, dim(3)), 0),
        (SingularValue(D), 3),
        (SingularValue(D, SMALLEST), 0),
        (SingularValue(D, LEAST_NONZERO), 2),
        (Norm(D), 3),
        (SpectralSum("i", D, SingularValueAt(D, i)), 5),
        (SpectralSum("i", D, Power(SingularValueAt(D, i), Fraction(2))), 13),
        # of three rows and six columns there are three, the others are no singular values
        (SpectralSum("i", D, number(1)), 3),
        (SingularValue(ColumnAt(PreActivation(1), ONE, dim(2)), SMALLEST), 0),
        (SingularValue(ColumnAt(PreActivation(1), ONE, dim(2)), LEAST_NONZERO), sympy.sqrt(13)),
        (SingularValue(PreActivation(1).T, SMALLEST), 0),
        (SingularValueAt(PreActivation(1).T, ONE), sympy.sqrt(13)),
        (SingularValue(PreActivation(1), SMALLEST), sympy.sqrt(13)),
        (Extreme("max", "i", ONE, units(1), Entry(PreActivation(1), i)), 3),
        (Extreme("min", "i", ONE, units(1), Entry(PreActivation(1), i)), -2),
        (Extreme("max", "i", ONE, dim(2), Elementwise("abs", Entry(PreActivation(1), i))), 2),
        (OverUnit("sup", PreActivation(1), Norm(D.T @ number(2) @ PreActivation(1))), None),
        (OverUnit("sup", Hidden(1), Norm(ColumnAt(PreActivation(1), ONE, width(1)) @ Hidden(1))), sympy.sqrt(13)),
        (OverUnit("inf", Hidden(1), Norm(ColumnAt(PreActivation(1), ONE, width(1)) @ Hidden(1))), 0),
        (Norm(Columns(D, dim(2), dim(3)), "F"), 3),
    ],
    ids=str,
)
def test_by_hand(e: Expr, wanted: object) -> None:
    if wanted is None:
        # diag(z) z is no linear map of z
        with pytest.raises(SymbackpropError, match="only as the sup of the norm of a column that is linear in z_1"):
            read(e)
        return
    assert sympy.simplify(sympy.sympify(read(e)).subs(AT)) == wanted


def test_suprema_are_singular_values() -> None:
    """At W_1 = (3 0 0 0; 4 0 5 0): `WWᵀ` has the eigenvalues 45 and 5."""
    values = {
        Symbol(f"W_1[{r},{c}]"): v
        for r, row in enumerate(([3, 0, 0, 0], [4, 0, 5, 0]), 1)
        for c, v in enumerate(row, 1)
    }
    sup, inf = (read(OverUnit(kind, Hidden(1), Norm(Weight(1) @ Hidden(1)))) for kind in ("sup", "inf"))
    assert sympy.simplify(sup.subs(values)) == 3 * sympy.sqrt(5)
    assert inf == 0
    turned = read(OverUnit("inf", PreActivation(2), Norm(Weight(1).T @ PreActivation(2))))
    assert sympy.simplify(turned.subs(values)) == sympy.sqrt(5)


@pytest.mark.parametrize(
    "body",
    [
        Norm(LayerMap("g", Weight(1) @ Hidden(1))),
        Norm(Weight(1) @ Hidden(1) + PreActivation(2)),
        Norm(Weight(1) @ Hidden(1) @ Hidden(1).T),
        Entry(Hidden(1), ONE),
    ],
    ids=["not linear", "affine", "a matrix", "no norm"],
)
def test_what_is_no_norm_of_a_linear_column_is_refused(body: Expr) -> None:
    with pytest.raises(SymbackpropError, match="only as the sup of the norm of a column that is linear in h_1"):
        read(OverUnit("sup", Hidden(1), body))


def test_only_what_is_written_moves_with_the_vector() -> None:
    """`z_2` is computed from `h_1`, but here it stays: by `W_0`, on which both depend, as well."""
    h, z = Hidden(1), PreActivation(2)
    held = OverUnit("sup", h, Norm(Entry(z, ONE) @ h))
    assert read(held).subs(Symbol("yhat_1"), -3) == 3
    assert to_sympy(Partial(held, Weight(1)), WIDTHS).shape == (2, 4)


def test_columns_and_zeros() -> None:
    assert read(Columns(Weight(1), dim(2), width(1) - 1)) == Matrix(2, 2, lambda r, c: Symbol(f"W_1[{r + 1},{c + 2}]"))
    assert read(Zeros(units(1))) == Matrix.zeros(3, 1)
    by = to_sympy(Partial(Power(Norm(Weight(0), "F"), Fraction(2)), Columns(Weight(0), ONE, ONE)), WIDTHS)
    assert by == 2 * Matrix(3, 1, lambda r, c: Symbol(f"W_0[{r + 1},1]"))
    with pytest.raises(ShapeError, match="write columns from 1 to 4"):
        read(Columns(Weight(1), ONE, index("k")), k=5)


def test_columns_and_zeros_of_symbolic_widths() -> None:
    n = Symbol("n_l", integer=True, positive=True)
    assert to_sympy(Columns(Weight(l), dim(2), width(l))).shape[1] == n - 1
    assert to_sympy(Zeros(width(l))) == sympy.ZeroMatrix(n, 1)
    with pytest.raises(SymbackpropError, match="with symbolic widths: give widths"):
        to_sympy(SingularValueAt(Weight(l), i))


def test_the_prediction_for_another_input() -> None:
    output = to_sympy(PreActivation(2), WIDTHS)
    assert to_sympy(Prediction("f", Hidden(0), ALL), WIDTHS) == output
    doubled = to_sympy(Prediction("f", number(2) @ Hidden(0), ALL), WIDTHS)
    g, x = sympy.Function("g"), Symbol("x_1")
    units_ = [g(2 * Symbol(f"W_0[{k},1]") * x + 2 * Symbol(f"W_0[{k},2]")) for k in (1, 2, 3)]
    assert doubled == Matrix([sum(Symbol(f"W_1[{r},{k}]") * u for k, u in enumerate([*units_, 1], 1)) for r in (1, 2)])
    slope = to_sympy(Partial(Entry(Prediction("f", Hidden(0), ALL), ONE), Weight(1)), WIDTHS)
    assert slope == to_sympy(Partial(Entry(PreActivation(2), ONE), Weight(1)), WIDTHS)
    with pytest.raises(ShapeError, match="has an input of 4 entries: write as many as x has"):
        to_sympy(Prediction("f", Hidden(1), ALL), WIDTHS)
    with pytest.raises(SymbackpropError, match="only with the weights of all layers as its parameters"):
        to_sympy(Prediction("f", Hidden(0), Family("l", ONE, DEPTH, Weight(l))), WIDTHS)


@pytest.mark.parametrize(
    ("e", "why"),
    [
        (Gaussian(Zeros(width(0)), Identity(width(0))), "it is a distribution"),
        (Expectation(Hidden(0)), "it is an average over all draws"),
        (Variance(Entry(Hidden(0), ONE)), "it is an average over all draws"),
        (ALL, "it is many matrices"),
    ],
)
def test_what_has_no_value_says_why(e: Expr, why: str) -> None:
    with pytest.raises(SymbackpropError, match=f"has no value in SymPy: {why}"):
        to_sympy(e, WIDTHS)


def test_an_extreme_of_nothing() -> None:
    with pytest.raises(ShapeError, match="its range is empty"):
        read(Extreme("max", "i", ONE, dim(0), Entry(PreActivation(1), i)))
