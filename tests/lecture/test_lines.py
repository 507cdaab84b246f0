"""Every line of the lecture that the tree can say is built here as a tree and printed as the lecture has it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest

from symbackprop.chance import Gaussian
from symbackprop.dataset import Family, Prediction
from symbackprop.derivation import Shown
from symbackprop.dims import DEPTH as L
from symbackprop.dims import Dim, dim, index, units, width
from symbackprop.expr import (
    LOSS,
    ActivationJacobian,
    ColumnAt,
    Columns,
    Diagonal,
    Entry,
    Expr,
    Function,
    Hidden,
    Identity,
    IndexedProduct,
    IndexedSum,
    LayerMap,
    Named,
    Norm,
    Ones,
    Partial,
    Power,
    PreActivation,
    Product,
    Quotient,
    Row,
    SingularValue,
    Size,
    SquareRoot,
    Weight,
    Zeros,
    number,
)
from symbackprop.magnitudes import OverUnit, SingularValueAt, SpectralSum
from symbackprop.network import MLP
from symbackprop.notations import notation
from symbackprop.render.latex import latex
from symbackprop.statements import Chain, Ellipsis, Implies, Together, equal
from symbackprop.tree import Node

Fold = Callable[[str], list[str]]
Lines = dict[str, tuple[str, ...]]

l, j = index("l"), index("j")
z, h, W = PreActivation, Hidden, Weight
x, y_hat, y = Hidden(dim(0)), PreActivation(L + 1), Named("y")
A = Named("A")


def psi(e: Expr) -> Expr:
    return LayerMap("g", e)


def D(layer: Dim | int) -> Expr:
    return ActivationJacobian("g", z(dim(layer)))


def d_loss(wrt: Expr) -> Partial:
    return Partial(LOSS, wrt)


def row(layer: Dim | int, at: Dim | int = j) -> Expr:
    return Row(W(dim(layer)), dim(at)).T


def placed(vector: Expr, layer: Dim | int) -> Expr:
    return ColumnAt(vector, j, units(dim(layer)))


def layers(first: int, last: Dim | int, body: Callable[[Dim], Expr] = lambda i: D(i) @ W(i).T) -> Expr:
    return IndexedProduct("l", dim(first), dim(last), body(l))


def going_on(relation: str, side: Expr) -> Chain:
    """A line that goes on from the one before."""
    return Chain((LOSS, side), (relation,), continued=True)


def sigma(e: Expr, which: str = "largest") -> Expr:
    return SingularValue(e, which)


X = placed(x, 1)
UPSTREAM = d_loss(y_hat)
CLOSED = X @ layers(1, L) @ UPSTREAM
ROW_0 = d_loss(row(0))


def bound(which: str = "largest") -> Expr:
    factors = layers(1, L, lambda i: sigma(D(i), which) @ sigma(W(i).T, which))
    return Product((sigma(X, which), factors, Norm(UPSTREAM)))


def over_unit(kind: str) -> Expr:
    return OverUnit(kind, Named("x"), Norm(A @ Named("x")))


def normal(variance: int) -> Expr:
    """What the weights of a layer are drawn from."""
    scaled = Quotient(number(variance), Size(width(l) + width(l + 1))) @ Identity(width(l))
    return Gaussian(Zeros(width(l)), scaled)


i = index("i")
ALL_WEIGHTS = Family("l", dim(0), L, W(l))
RESIDUAL = Named("y", i) - Prediction("f", Named("x", i), ALL_WEIGHTS)
PENALTY = Power(Norm(Columns(W(l), dim(1), units(l)), "F"), Fraction(2))
MEAN = Named("mean", l + 1)
CENTRED = z(l + 1) - MEAN @ Ones(units(l + 1))
SCALED = Product((Quotient(SquareRoot(Size(units(l + 1))), Named("s", l + 1)), Diagonal(Named("v", l + 1)), CENTRED))
LINES: dict[str, Node] = {
    "model.output": equal(y_hat, W(L) @ h(L)),
    "model.hidden_last": equal(h(L), psi(W(L - 1) @ h(L - 1))),
    "model.hidden_before": equal(h(L - 1), psi(W(L - 2) @ h(L - 2))),
    "model.hidden_first": equal(h(dim(1)), psi(z(dim(1)))),
    "model.preactivation_first": equal(z(dim(1)), W(dim(0)) @ x),
    "rule.last_hidden": equal(d_loss(h(L)), Partial(y_hat, h(L)) @ UPSTREAM, W(L).T @ UPSTREAM),
    "rule.preactivation": equal(d_loss(z(l)), Partial(h(l), z(l)) @ d_loss(h(l)), D(l) @ d_loss(h(l))),
    "rule.hidden": equal(d_loss(h(l)), Partial(z(l + 1), h(l)) @ d_loss(z(l + 1)), W(l).T @ d_loss(z(l + 1))),
    "rule.weight_row": equal(
        d_loss(row(l)), Partial(z(l + 1), row(l)) @ d_loss(z(l + 1)), placed(h(l), l + 1) @ d_loss(z(l + 1))
    ),
    "w0.given": equal(ROW_0, X @ d_loss(z(dim(1)))),
    "w0.1": going_on("=", X @ D(1) @ d_loss(h(dim(1)))),
    "w0.2": going_on("=", X @ D(1) @ W(dim(1)).T @ d_loss(z(dim(2)))),
    "w0.restated": equal(ROW_0, X @ D(1) @ W(dim(1)).T @ d_loss(z(dim(2)))),
    "w0.3": going_on("=", X @ D(1) @ W(dim(1)).T @ D(2) @ d_loss(h(dim(2)))),
    "w0.4": going_on("=", X @ D(1) @ W(dim(1)).T @ D(2) @ W(dim(2)).T @ d_loss(z(dim(3)))),
    "w0.5": going_on("=", X @ layers(1, L - 1) @ d_loss(z(L))),
    "w0.6": going_on("=", X @ layers(1, L - 1) @ D(L) @ d_loss(h(L))),
    "w0.7": going_on("=", X @ layers(1, L - 1) @ D(L) @ W(L).T @ UPSTREAM),
    "w0.closed": going_on("=", CLOSED),
    "norm.definition": equal(Norm(A), over_unit("sup"), sigma(A)),
    "norm.unit_vector": Chain((Norm(A @ Quotient(y, Norm(y))), Norm(A), sigma(A)), ("≤", "=")),
    "norm.homogeneous": equal(
        Norm(A @ Quotient(y, Norm(y))),
        Norm(Quotient(number(1), Norm(y)) @ A @ y),
        Quotient(number(1), Norm(y)) @ Norm(A @ y),
    ),
    "norm.conclusion": Implies(
        Chain((Quotient(number(1), Norm(y)) @ Norm(A @ y), sigma(A)), ("≤",)),
        Chain((Norm(A @ y), sigma(A) @ Norm(y)), ("≤",)),
    ),
    "norm.lemma": Chain((Norm(A @ y), sigma(A) @ Norm(y)), ("≤",)),
    "vanish.gradient": equal(ROW_0, CLOSED),
    "vanish.1": equal(Norm(ROW_0), Norm(CLOSED)),
    "vanish.2": going_on("≤", sigma(X) @ Norm(layers(1, L) @ UPSTREAM)),
    "vanish.3": going_on("=", sigma(X) @ Norm(D(1) @ W(dim(1)).T @ layers(2, L) @ UPSTREAM)),
    "vanish.restated": Chain((Norm(ROW_0), sigma(X) @ Norm(D(1) @ W(dim(1)).T @ layers(2, L) @ UPSTREAM)), ("≤",)),
    "vanish.4": going_on("≤", sigma(X) @ sigma(D(1)) @ Norm(W(dim(1)).T @ layers(2, L) @ UPSTREAM)),
    "vanish.5": going_on("≤", sigma(X) @ sigma(D(1)) @ sigma(W(dim(1)).T) @ Norm(layers(2, L) @ UPSTREAM)),
    "vanish.6": going_on(
        "≤", sigma(X) @ layers(1, 2, lambda i: sigma(D(i)) @ sigma(W(i).T)) @ Norm(layers(3, L) @ UPSTREAM)
    ),
    "vanish.7": going_on("≤", bound()),
    "vanish.bound": Chain((Norm(ROW_0), bound()), ("≤",)),
    "vanish.saturation_term": sigma(D(l)),
    "vanish.bound_again": Chain((Norm(ROW_0), bound()), ("≤",)),
    "explode.upper_again": Chain((Norm(ROW_0), bound()), ("≤",)),
    "explode.fact": equal(over_unit("inf"), sigma(A, "smallest")),
    "explode.lower": Chain((Norm(ROW_0), bound("smallest")), ("≥",)),
    "explode.lower_again": Chain((Norm(ROW_0), bound("smallest")), ("≥",)),
    "init.xavier": normal(2),
    "init.he": normal(4),
    "decay.loss": equal(
        Function("L", (ALL_WEIGHTS,)),
        IndexedSum("i", dim(1), index("N"), Norm(RESIDUAL) + Named("lambda") @ PENALTY),
    ),
    "decay.frobenius": equal(Norm(A, "F"), SquareRoot(SpectralSum("i", A, Power(SingularValueAt(A, i), Fraction(2))))),
    "layernorm.isometry": equal(Norm(A @ Named("x")), Norm(Named("x"))),
    "layernorm.before": Together((equal(z(l + 1), W(l) @ h(l)), equal(h(l + 1), psi(z(l + 1))))),
    "layernorm.after": Together(
        (
            equal(z(l + 1), W(l) @ h(l)),
            equal(
                MEAN,
                Quotient(number(1), Size(units(l + 1)))
                @ IndexedSum("i", dim(1), units(l + 1), Entry(z(l + 1), index("i"))),
            ),
            equal(Named("s", l + 1), Norm(CENTRED)),
            equal(h(l + 1), psi(SCALED + Named("u", l + 1))),
        )
    ),
}
SHOWN = {
    "rule.weight_row": Shown(column_label=True),
    "w0.given": Shown(column_label=True, dimensions="columns"),
    "w0.closed": Shown(dimensions="all"),
    "decay.loss": Shown(notes=((PENALTY, "Exclude biases"),)),
}
# lines of dots say nothing: they are statements of their own
NOT_TREES = {"w0.dots", "vanish.dots"}


def printed(name: str) -> str:
    # from the norms on, the lecture writes row j as `w_{0,j,·}`
    by_row = name.startswith(("vanish.", "explode."))
    letters = replace(notation("lecture"), row_mark="·") if by_row else notation("lecture")
    return latex(LINES[name], letters, shown=SHOWN.get(name, Shown()))


@pytest.mark.parametrize("name", LINES)
def test_line_is_printed_as_in_the_lecture(name: str, lecture: Lines, folded: Fold) -> None:
    assert folded(printed(name)) in [folded(line) for line in lecture[name]]


def test_no_line_is_forgotten(lecture: Lines) -> None:
    assert set(lecture) == set(LINES) | NOT_TREES


@pytest.mark.parametrize(("name", "sign"), [("w0.dots", "…"), ("vanish.dots", "⋮")])
def test_lines_of_dots(name: str, sign: str, lecture: Lines, folded: Fold) -> None:
    assert [folded(latex(Ellipsis(sign)))] == [folded(line) for line in lecture[name]]


def test_no_two_different_lines_print_alike(lecture: Lines, folded: Fold) -> None:
    """The comparison can fail: a line matches those lines of the lecture that say the same, and no other."""
    same = {"vanish.bound", "vanish.bound_again", "explode.upper_again"}, {"explode.lower", "explode.lower_again"}
    for name in LINES:
        found = {other for other, lines in lecture.items() if folded(printed(name)) in [folded(line) for line in lines]}
        assert found == next((group for group in same if name in group), {name})


# --- the same lines for other letters, rows and depths ----------------------------------------------------------------


def other_letter(lines: tuple[str, ...], old: str, new: str) -> str:
    return lines[-1].replace(old, new)


@pytest.mark.parametrize("name", ["rule.hidden", "w0.restated", "w0.closed", "model.output"])
def test_other_weight_letter(name: str, lecture: Lines, folded: Fold) -> None:
    made = latex(LINES[name], notation("lecture").with_symbols(W="U"), shown=SHOWN.get(name, Shown()))
    wanted = other_letter(lecture[name], "W", "U").replace(r"\vec{w}", r"\vec{u}")
    assert folded(made) == folded(wanted) != folded(lecture[name][-1])


@pytest.mark.parametrize("name", ["w0.4", "w0.closed", "vanish.saturation_term"])
def test_other_activation(name: str, lecture: Lines, folded: Fold) -> None:
    """`g → f`, by the notation, which changes letters only."""
    made = latex(LINES[name], notation("lecture").with_symbols(g="f"), shown=SHOWN.get(name, Shown()))
    assert folded(made) == folded(other_letter(lecture[name], "g'", "f'")) != folded(lecture[name][-1])


def test_activation_of_the_tree(lecture: Lines, folded: Fold) -> None:
    """`g → f`, in the tree."""
    made = latex(ActivationJacobian("f", z(l)) @ d_loss(h(l)))
    wanted = lecture["rule.preactivation"][0].rsplit("=", 1)[1].replace("g'", "f'")
    assert folded(made) == folded(wanted)


@pytest.mark.parametrize(
    ("at", "label", "script"), [(index("k"), "k\\text{th column}", "0,k"), (dim(3), r"3\text{rd column}", "0,3")]
)
def test_other_row(at: Dim, label: str, script: str, lecture: Lines, folded: Fold) -> None:
    made = latex(equal(d_loss(row(0, at)), ColumnAt(x, at, units(dim(1))) @ d_loss(z(dim(1)))), shown=SHOWN["w0.given"])
    wanted = lecture["w0.given"][0].replace(r"j\text{th column}", label).replace("0,j", script)
    assert folded(made) == folded(wanted)


def test_given_depth(lecture: Lines, folded: Fold) -> None:
    """At depth 3 the output is `z_4`, the product ends at 3, and its last factor is `n_3 × n_4`."""
    closed = X @ layers(1, 3) @ d_loss(z(dim(4)))
    made = latex(going_on("=", closed), network=MLP(depth=3), shown=SHOWN["w0.closed"])
    wanted = lecture["w0.closed"][1].replace("^L", "^3").replace("n_L", "n_3").replace("n_{L+1}", "n_4")
    assert folded(made) == folded(wanted)


def test_given_widths(folded: Fold) -> None:
    """Widths 4, 5, 5, 3 by hand: the first layer has 4 units and a bias unit, the output has 3 and none."""
    made = latex(
        X @ D(1) @ W(dim(1)).T @ D(2) @ W(dim(2)).T @ d_loss(z(dim(3))),
        network=MLP(widths=[4, 5, 5, 3]),
        shown=Shown(dimensions="all"),
    )

    def dotted(layer: int) -> str:
        return (
            rf"\begin{{pmatrix}} g'(z_{{{layer},1}}) & \dots & 0 & 0 \\ \vdots & \ddots & \vdots & \vdots \\ "
            rf"0 & \dots & g'(z_{{{layer},4}}) & 0 \end{{pmatrix}}"
        )

    wanted = (
        r"\underbrace{(\vec 0 \quad \dots \quad \vec 0 \quad \vec x \quad \vec 0 \quad \dots \quad \vec 0)}"
        r"_{4 \times 4}"
        rf"\underbrace{{{dotted(1)}}}_{{4 \times 5}} \underbrace{{W_1^\top}}_{{5 \times 4}}"
        rf"\underbrace{{{dotted(2)}}}_{{4 \times 5}} \underbrace{{W_2^\top}}_{{5 \times 3}}"
        r"\underbrace{\frac{\partial L}{\partial \hat{\vec{y}}}}_{3 \times 1}"
    )
    assert folded(made) == folded(wanted)


def test_separate_bias_has_a_square_jacobian(folded: Fold) -> None:
    """Without bias units `∂h_l/∂z_l` is a diagonal: no zero column, and as many entries as the layer is wide."""
    from symbackprop.expr import Elementwise

    square = Diagonal(Elementwise("g", z(l), 1))
    made = latex(square @ d_loss(h(l)), network=MLP(bias="separate"), shown=Shown(dimensions="all"))
    wanted = (
        r"\underbrace{\begin{pmatrix} g'(z_{l,1}) & \dots & 0 \\ \vdots & \ddots & \vdots \\"
        r"0 & \dots & g'(z_{l,n_l}) \end{pmatrix}}_{n_l \times n_l}"
        r"\underbrace{\frac{\partial L}{\partial \vec{h}_l}}_{n_l \times 1}"
    )
    assert folded(made) == folded(wanted)


# --- the folding itself -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (r"\prod_{l=1}^{L}", r"\prod_{l=1}^L"),
        (r"\left( x \right)", "(x)"),
        (r"&= {{a}}", "=a"),
        (r"\vec{x}", r"\vec x"),
    ],
)
def test_folding_joins(one: str, other: str, folded: Fold) -> None:
    assert folded(one) == folded(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [(r"W_l^\top", "W_l"), ("{ab}", "ab"), (r"\{a\}", "a"), (r"\|x\|", "|x|"), (r"a \quad b", "a b")],
)
def test_folding_keeps_apart(one: str, other: str, folded: Fold) -> None:
    assert folded(one) != folded(other)
