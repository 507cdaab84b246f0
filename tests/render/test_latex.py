"""Boxes as LaTeX: a table of what each kind of box is, names that could be anything, and that long lines stay cheap."""

from __future__ import annotations

import re
import time
from fractions import Fraction

import pytest

from symbackprop.derivation import Shown
from symbackprop.dims import dim, index, units
from symbackprop.expr import (
    LOSS,
    ActivationJacobian,
    Column,
    ColumnAt,
    Columns,
    Elementwise,
    Entry,
    Expr,
    Function,
    Hidden,
    Identity,
    IndexedProduct,
    Kronecker,
    LogSumExp,
    Named,
    Norm,
    Ones,
    Partial,
    Power,
    PreActivation,
    Product,
    Row,
    SingularValue,
    Softmax,
    SquareRoot,
    Target,
    Weight,
    WithoutBias,
    Zeros,
    number,
)
from symbackprop.network import MLP
from symbackprop.render import boxes
from symbackprop.render.boxes import Box, Symbol
from symbackprop.render.latex import COMMANDS, WRITERS, latex, write
from symbackprop.render.layout import Look, layout

l, i, k = index("l"), index("i"), index("k")
A = Named("A")
a, b = Symbol("a"), Symbol("b")


@pytest.mark.parametrize(
    ("box", "wanted"),
    [
        (Symbol("ψ"), r"\psi"),
        (Symbol("Σ"), r"\Sigma"),
        (Symbol("12"), "12"),
        (Symbol("tanh", operator=True), r"\tanh"),
        (Symbol("ReLU", operator=True), r"\operatorname{ReLU}"),
        (boxes.Words("th column"), r"\text{th column}"),
        (boxes.Words(", or "), r", \text{ or }"),
        (boxes.Words(", "), ","),
        (boxes.Row((a, boxes.Infix("≤"), b)), r"a \leq b"),
        (boxes.Row((a, boxes.Space("quad"), b)), r"a \quad b"),
        (boxes.Row((Symbol("∂"), Symbol("L"))), r"\partial L"),
        (boxes.Row((Symbol("ψ"), Symbol("x"))), r"\psi x"),
        (boxes.Scripts(a, b, Symbol("⊤")), r"a_b^\top"),
        (boxes.Scripts(a, boxes.Row((b, Symbol(","), a))), "a_{b,a}"),
        (boxes.Scripts(a, b, Symbol("2"), primes=1), "a'^2_b"),
        (boxes.Scripts(boxes.Row((a, b)), sup=a), "{a b}^a"),
        (boxes.Accent(a, "vec"), r"\vec{a}"),
        (boxes.Accent(boxes.Accent(a, "vec"), "hat"), r"\hat{\vec{a}}"),
        (boxes.Accent(boxes.Row((a, b)), "tilde"), r"\widetilde{a b}"),
        (boxes.Bold(a), r"\mathbf{a}"),
        (boxes.Bold(Symbol("Ω")), r"\boldsymbol{\Omega}"),
        (boxes.Fraction(a, b), r"\frac{a}{b}"),
        (boxes.Radical(a), r"\sqrt{a}"),
        (boxes.Fenced("‖", a, "‖", False), r"\|a\|"),
        (boxes.Fenced("{", a, "}"), r"\left\{ a \right\}"),
        (boxes.Matrix(((a, b), (b, a))), r"\begin{pmatrix} a & b \\ b & a \end{pmatrix}"),
        (boxes.Big("Σ", a, b), r"\sum_a^b"),
        (boxes.Big("sup", a), r"\sup_a"),
        (boxes.Under(a, b), r"\underbrace{a}_{b}"),
        (boxes.Over(a, b), r"\overset{b}{a}"),
        (boxes.Torn("[", True, boxes.Fenced("[", a, "]")), r"\mathopen{\left[ \vphantom{a} \right.}"),
        (boxes.Torn("‖", False, boxes.Fenced("‖", a, "‖")), r"\mathclose{\left. \vphantom{a} \right\|}"),
        (boxes.Stack((a, b)), r"\substack{a \\ b}"),
    ],
)
def test_each_kind_of_box(box: Box, wanted: str) -> None:
    assert write(box) == wanted


def test_every_kind_of_box_has_a_writer() -> None:
    kinds = set(Box.__subclasses__())
    assert set(WRITERS) == kinds.union(*(kind.__subclasses__() for kind in kinds))


@pytest.mark.parametrize(
    ("e", "wanted"),
    [
        (Hidden(0), r"\vec{x}"),
        (Hidden(l), r"\vec{h}_l"),
        (Row(Weight(l), i), r"\vec{w}_{l,i}"),
        (Entry(PreActivation(l), i), "z_{l,i}"),
        (Entry(Hidden(0), i), "x_i"),
        (Entry(Target(), k), "y_k"),
        (Entry(Weight(l), i, k), "w_{l,i,k}"),
        (Column(Weight(l), k), r"\vec{w}_{l,\cdot,k}"),
        (Row(A, i), r"A_{i,\cdot}"),
        (Entry(A @ A, i, k), "(A A)_{i,k}"),
        (WithoutBias(Weight(l)), r"\tilde{W}_l"),
        (Row(WithoutBias(Weight(l)), i), r"\tilde{\vec{w}}_{l,i}"),
        (Ones(l), r"\vec{1}"),
        (Identity(l), "I"),
        (Kronecker(i, k), r"\delta_{i,k}"),
        (Elementwise("g", PreActivation(l)), r"g(\vec{z}_l)"),
        (Elementwise("tanh", PreActivation(l), 1), r"\tanh'(\vec{z}_l)"),
        (Elementwise("sigmoid", PreActivation(l), 1), r"\sigma'(\vec{z}_l)"),
        (Elementwise("relu", PreActivation(l), 1), r"\operatorname{ReLU}'(\vec{z}_l)"),
        (Elementwise("phi", PreActivation(l), 2), r"\phi''(\vec{z}_l)"),
        (Softmax(Target()), r"\operatorname{softmax}(\vec{y})"),
        (LogSumExp(Target()), r"\operatorname{logsumexp}(\vec{y})"),
        (Function("L", (A, Target())), r"L(A, \vec{y})"),
        (SquareRoot(Norm(A, "F")), r"\sqrt{\|A\|_F}"),
        (Power(Norm(A), Fraction(2)), r"\|A\|_2^2"),
        (Power(Norm(A), Fraction(-1, 2)), r"\|A\|_2^{-1/2}"),
        (number(Fraction(-1, 2)), r"-\frac{1}{2}"),
        (IndexedProduct("l", dim(1), index("L"), Weight(l), True), r"\prod_{l=L}^1 [W_l]"),
        (Columns(Weight(l), dim(1), units(l)), r"W_{l,\cdot,1\dots n_l-1}"),
        (Columns(A.T, dim(2), k), r"(A^\top)_{\cdot,2\dots k}"),
        (Zeros(l), r"\vec{0}"),
        (Power(SingularValue(A), Fraction(2)), r"\sigma_{1,1}(A)^2"),
        (Named("gamma", l), r"\gamma_l"),
        (Named("W_x"), "W_x"),
        (Named("W_hx", l), r"W_{\text{hx},l}"),
        (Named("loss"), r"\operatorname{loss}"),
    ],
)
def test_each_kind_of_node(e: Expr, wanted: str) -> None:
    assert latex(e) == wanted


def test_output_at_a_given_depth() -> None:
    assert (
        latex(Partial(LOSS, PreActivation(dim(4))), network=MLP(depth=3))
        == r"\frac{\partial L}{\partial \hat{\vec{y}}}"
    )
    assert latex(PreActivation(dim(4))) == r"\vec{z}_4"


# --- names that could be anything -------------------------------------------------------------------------------------

NASTY = [
    "\\input{x}",
    "a}b",
    "$",
    "x%y",
    "^",
    "~",
    "_",
    "#1",
    "&",
    "\\",
    "a\\\\b",
    "x^^41",
    "é",
    "{",
    "\\end{document}",
]


@pytest.mark.parametrize("name", NASTY)
def test_names_cannot_do_anything(name: str) -> None:
    """No command but those that escape a character, and braces in balance."""
    made = latex(Named(name, l))
    escapes = r"operatorname|text|textbackslash|textasciicircum|textasciitilde|backslash|hat"
    rest = re.sub(rf"\\(?:(?:{escapes})(?![A-Za-z])|[{{}}$&#%_])", "", made)
    assert not re.search(r"[\\$&#%~]|\^\^", rest)
    assert rest.count("{") == rest.count("}")


def test_every_command_is_a_command_or_a_letter() -> None:
    assert all(re.fullmatch(r"\\[A-Za-z]+|\\\||-|\*|o|\\mathcal\{[LN]\}", command) for command in COMMANDS.values())


# --- cost -------------------------------------------------------------------------------------------------------------


def closed(depth: int) -> Product:
    pairs = (f for m in range(1, depth + 1) for f in (ActivationJacobian("g", PreActivation(m)), Weight(m).T))
    return Product((ColumnAt(Hidden(0), index("j"), units(1)), *pairs, Partial(LOSS, PreActivation(depth + 1))))


def seconds(depth: int) -> float:
    e, network = closed(depth), MLP(depth=depth)
    start = time.process_time()
    latex(e, network=network)
    return time.process_time() - start


def test_a_long_product_costs_what_its_text_costs() -> None:
    """Ten times as many layers take some ten times as long, not a hundred times."""
    short = min(seconds(100) for _ in range(5))
    assert min(seconds(1000) for _ in range(3)) < 30 * short


def test_lines_of_a_derivation_lay_each_factor_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    look = Look(MLP(depth=20))
    whole = closed(20)
    lines = [Product(whole.factors[:n]) for n in range(2, len(whole.factors))]
    written: list[Box] = []
    matrix = WRITERS[boxes.Matrix]
    monkeypatch.setitem(WRITERS, boxes.Matrix, lambda box: written.append(box) or matrix(box))
    text = [write(layout(line, look.showing(Shown()))) for line in lines]
    assert len(written) == 20
    assert sum(line.count("pmatrix") for line in text) > 20 * 20
