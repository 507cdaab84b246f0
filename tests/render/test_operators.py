"""Signs that take what follows along, in LaTeX: where they need parentheses, and that every format can write them."""

from __future__ import annotations

from fractions import Fraction

import pytest

from symbackprop.chance import Expectation, Gaussian, Variance
from symbackprop.dataset import Family, Prediction
from symbackprop.dims import DEPTH, ONE, dim, index, units, width
from symbackprop.expr import (
    Columns,
    Diagonal,
    Elementwise,
    Entry,
    Expr,
    Identity,
    IndexedSum,
    Named,
    Norm,
    Power,
    PreActivation,
    Product,
    SquareRoot,
    Weight,
    Zeros,
    number,
)
from symbackprop.magnitudes import Extreme, OverUnit, SingularValueAt, SpectralSum
from symbackprop.network import MLP
from symbackprop.render.breaking import width as width_of
from symbackprop.render.latex import latex
from symbackprop.render.layout import Look, layout
from symbackprop.render.text import render
from symbackprop.render.typst import equation
from symbackprop.render.typst import write as typst_of

A, B, x, s = Named("A"), Named("B"), Named("x"), Named("s")
i, l = index("i"), index("l")
SUP = OverUnit("sup", x, Norm(A @ x))
MAX = Extreme("max", "i", ONE, units(l), Entry(PreActivation(l), i))
TRACE = SpectralSum("i", A, SingularValueAt(A, i))
WEIGHTS = Family("l", dim(0), DEPTH, Weight(l))
NORMAL = Gaussian(Zeros(width(l)), Identity(width(l)))

WRITTEN: list[tuple[Expr, str]] = [
    (SUP, r"\sup_{\|\vec{x}\|_2=1} \|A \vec{x}\|_2"),
    (OverUnit("inf", x, Norm(A @ x)), r"\inf_{\|\vec{x}\|_2=1} \|A \vec{x}\|_2"),
    (MAX, r"\max_i z_{l,i}"),
    (Extreme("min", "i", ONE, units(l), Elementwise("abs", Entry(PreActivation(l), i))), r"\min_i |z_{l,i}|"),
    (TRACE, r"\sum_i \sigma_{i,i}(A)"),
    (SingularValueAt(A @ B, dim(2)), r"\sigma_{2,2}(A B)"),
    # only at the end of a product may they stand without parentheses
    (s @ SUP, r"s \sup_{\|\vec{x}\|_2=1} \|A \vec{x}\|_2"),
    (SUP @ s, r"\left( \sup_{\|\vec{x}\|_2=1} \|A \vec{x}\|_2 \right) s"),
    (MAX @ MAX, r"\left( \max_i z_{l,i} \right) \max_i z_{l,i}"),
    (Product((s, s @ MAX)), r"s\left( s \max_i z_{l,i} \right)"),
    (Power(MAX, Fraction(2)), r"\left( \max_i z_{l,i} \right)^2"),
    (s + MAX, r"s + \max_i z_{l,i}"),
    # a sum stands in brackets
    (Extreme("max", "i", ONE, DEPTH, s + s), r"\max_i [s + s]"),
    (IndexedSum("i", ONE, index("N"), s + s), r"\sum_{i=1}^N [s + s]"),
    (Extreme("max", "i", ONE, DEPTH, MAX), r"\max_i \max_i z_{l,i}"),
    (SquareRoot(TRACE), r"\sqrt{\sum_i \sigma_{i,i}(A)}"),
    # random quantities and training sets
    (NORMAL, r"\mathcal{N}(\vec{0}, I)"),
    (Expectation(Power(s, Fraction(2))), r"\operatorname{E}[s^2]"),
    (Power(Expectation(s), Fraction(2)), r"\operatorname{E}[s]^2"),
    (Variance(s + s), r"\operatorname{Var}[s + s]"),
    (number(2) @ Variance(s), r"2\operatorname{Var}[s]"),
    (WEIGHTS, r"\{W_l\}_{l=0}^L"),
    (Prediction("f", Named("x", i), WEIGHTS), r"f(\vec{x}_i; \{W_l\}_{l=0}^L)"),
    (Diagonal(x) @ Prediction("f", x, Named("theta")), r"\text{diag}(\vec{x}) f(\vec{x}; \theta)"),
]


@pytest.mark.parametrize(("e", "wanted"), WRITTEN)
def test_written_in_latex(e: Expr, wanted: str) -> None:
    assert latex(e) == wanted


@pytest.mark.parametrize(("e", "wanted"), WRITTEN)
def test_every_format_writes_it(e: Expr, wanted: str) -> None:
    typst = pytest.importorskip("typst")
    box = layout(e, Look(network=MLP()))
    made = typst.compile(f"#{equation(box, 'a formula')}".encode(), format="png")
    assert made[:4] == b"\x89PNG"
    assert render(e, Look())
    assert width_of(box) > 0


@pytest.mark.parametrize(
    ("e", "wanted"),
    [
        (MAX, "maxᵢ zₗ,ᵢ"),
        (TRACE, "Σᵢ σᵢ,ᵢ(A)"),
        (NORMAL, "N(0, I)"),
        (WEIGHTS, "{Wₗ}ₗ₌₀ᴸ"),
        (Variance(s), "Var[s]"),
        (Power(SingularValueAt(A, i), Fraction(2)), "σᵢ,ᵢ(A)²"),
    ],
)
def test_drawn_in_a_terminal(e: Expr, wanted: str) -> None:
    assert render(e, Look()) == wanted


def test_a_supremum_in_a_terminal() -> None:
    assert render(SUP, Look()).splitlines() == [" sup   ‖A x‖₂", "‖x‖₂=1"]


def test_typst_sets_max_off_from_a_bar() -> None:
    bars = Elementwise("abs", Entry(PreActivation(l), i))
    assert "_(i) thin " in typst_of(layout(Extreme("max", "i", ONE, DEPTH, bars), Look())).replace("_i", "_(i)")
    assert "thin" not in typst_of(layout(IndexedSum("i", ONE, DEPTH, bars), Look()))


def test_columns_in_a_terminal() -> None:
    assert render(Columns(A, ONE, dim(3)), Look()).splitlines() == ["A", " ·,1…3"]
