"""True claims are supported, and every wrong variant of them is refuted with a counterexample that can be redone."""

from __future__ import annotations

import time
from fractions import Fraction

import pytest
import sympy

from symbackprop.dims import DEPTH, ONE, Bounds, Dim, dim, index, units, width
from symbackprop.equations import Equation
from symbackprop.expr import (
    LOSS,
    ActivationJacobian,
    ColumnAt,
    Diagonal,
    Elementwise,
    Entry,
    Expr,
    Hadamard,
    Hidden,
    Identity,
    IndexedProduct,
    IndexedSum,
    Ones,
    Partial,
    PreActivation,
    Product,
    Row,
    Softmax,
    Target,
    Weight,
    WithoutBias,
    number,
)
from symbackprop.judges.claim import Claim
from symbackprop.judges.entrywise import judge
from symbackprop.judges.evaluation import NotEvaluable, Point
from symbackprop.judges.outcome import Refuted, Supported, Undecided
from symbackprop.network import MLP

l, j, L = index("l"), index("j"), DEPTH
z, h, W = PreActivation, Hidden, Weight
ANY: Bounds = {"L": (ONE, None)}
HIDDEN: Bounds = {"L": (ONE, None), "l": (ONE, L)}
WEIGHTS: Bounds = {"L": (ONE, None), "l": (dim(0), L)}
NETWORK = MLP()


def by(v: Expr) -> Partial:
    return Partial(LOSS, v)


def D(layer: Dim) -> ActivationJacobian:
    return ActivationJacobian("g", z(layer))


def closed(body: Expr, lower: int = 1, upper: Dim = L, descending: bool = False) -> Expr:
    """(0…x…0) ∏ [body] ∂L/∂ŷ."""
    product = IndexedProduct("l", dim(lower), upper, body, descending)
    return ColumnAt(h(0), j, units(1)) @ product @ by(z(L + 1))


LAST, HID, PRE = by(h(L)), by(h(l)), by(z(l))
ROW, FIRST = by(Row(W(l), j).T), by(Row(W(0), j).T)
TAKEN_OUT = ColumnAt(h(l), j, units(l + 1)) @ by(z(l + 1))
G1 = Elementwise("g", z(l), 1)

TRUE: dict[str, tuple[Expr, Expr, Bounds]] = {
    "last hidden": (LAST, W(L).T @ by(z(L + 1)), ANY),
    "hidden": (HID, W(l).T @ by(z(l + 1)), HIDDEN),
    "hidden, without bounds": (HID, W(l).T @ by(z(l + 1)), {}),
    "input": (by(h(0)), W(0).T @ by(z(1)), ANY),
    "pre-activation": (PRE, D(l) @ by(h(l)), HIDDEN),
    "pre-activation, hadamard": (PRE, Hadamard((G1, WithoutBias(W(l)).T @ by(z(l + 1)))), HIDDEN),
    "Jacobian of a layer": (Partial(h(l), z(l)), D(l), HIDDEN),
    "Jacobian, numerator": (Partial(z(l + 1), h(l), numerator=True), W(l), WEIGHTS),
    "weight row": (ROW, TAKEN_OUT, WEIGHTS),
    "closed": (FIRST, closed(D(l) @ W(l).T), ANY),
    "closed, second line": (FIRST, ColumnAt(h(0), j, units(1)) @ D(dim(1)) @ W(1).T @ by(z(2)), ANY),
    "closed, from layer 2": (by(h(1)), W(1).T @ D(dim(2)) @ W(2).T @ by(z(3)), {"L": (dim(2), None)}),
    "weight matrix": (by(W(l)), by(z(l + 1)) @ h(l).T, WEIGHTS),
    "sum over units": (
        Entry(by(h(l)), ONE),
        IndexedSum("k", ONE, units(l + 1), Entry(W(l), index("k"), ONE) @ Entry(by(z(l + 1)), index("k"))),
        WEIGHTS,
    ),
}

WRONG: dict[str, tuple[Expr, Expr, Bounds]] = {
    "hidden: no transpose": (HID, W(l) @ by(z(l + 1)), HIDDEN),
    "hidden: swapped": (HID, by(z(l + 1)) @ W(l).T, HIDDEN),
    "hidden: wrong weights": (HID, W(l - 1).T @ by(z(l + 1)), HIDDEN),
    "hidden: wrong upstream": (HID, W(l).T @ by(z(l)), HIDDEN),
    "hidden: bias column dropped": (HID, WithoutBias(W(l)).T @ by(z(l + 1)), HIDDEN),
    "hidden: sign": (HID, -(W(l).T @ by(z(l + 1))), HIDDEN),
    "hidden: factor 2": (HID, number(2) @ W(l).T @ by(z(l + 1)), HIDDEN),
    "pre-activation: no g'": (PRE, WithoutBias(W(l)).T @ by(z(l + 1)), HIDDEN),
    "pre-activation: g for g'": (
        PRE,
        Hadamard((Elementwise("g", z(l)), WithoutBias(W(l)).T @ by(z(l + 1)))),
        HIDDEN,
    ),
    "pre-activation: g''": (PRE, Hadamard((Elementwise("g", z(l), 2), WithoutBias(W(l)).T @ by(z(l + 1)))), HIDDEN),
    "pre-activation: g' twice": (PRE, Diagonal(G1) @ D(l) @ by(h(l)), HIDDEN),
    "pre-activation: g' at another layer": (PRE, D(l + 1) @ by(h(l)), HIDDEN),
    "pre-activation: Jacobian transposed": (PRE, D(l).T @ by(h(l)), HIDDEN),
    "pre-activation: bias column kept": (PRE, D(l) @ W(l).T @ by(h(l)), HIDDEN),
    "weight row: z for h": (ROW, ColumnAt(z(l), j, units(l + 1)) @ by(z(l + 1)), HIDDEN),
    "weight row: first column": (ROW, ColumnAt(h(l), ONE, units(l + 1)) @ by(z(l + 1)), WEIGHTS),
    "weight row: another layer's input": (ROW, ColumnAt(h(l - 1), j, units(l + 1)) @ by(z(l + 1)), HIDDEN),
    "weight row: width for units": (ROW, ColumnAt(h(l), j, width(l + 1)) @ by(z(l + 1)), WEIGHTS),
    "weight row: vector for component": (ROW, h(l), WEIGHTS),
    "weight row: transposed": (ROW, TAKEN_OUT.T, WEIGHTS),
    "closed: reversed": (FIRST, closed(D(l) @ W(l).T, descending=True), ANY),
    "closed: one factor missing": (FIRST, closed(D(l) @ W(l).T, upper=L - 1), ANY),
    "closed: one factor too many": (FIRST, closed(D(l) @ W(l).T, upper=L + 1), ANY),
    "closed: starts late": (FIRST, closed(D(l) @ W(l).T, lower=2), ANY),
    "closed: no transpose": (FIRST, closed(D(l) @ W(l)), ANY),
    "closed: factors swapped": (FIRST, closed(W(l).T @ D(l)), ANY),
    "closed: no g'": (FIRST, closed(WithoutBias(W(l)).T), ANY),
    "weight matrix: transposed": (by(W(l)), h(l) @ by(z(l + 1)).T, WEIGHTS),
    "weight matrix: inner product": (by(W(l)), by(z(l + 1)).T @ h(l), WEIGHTS),
    "weight matrix: z for h": (by(W(l)), by(z(l + 1)) @ z(l).T, HIDDEN),
}


@pytest.mark.parametrize("name", TRUE)
def test_true_claims_are_supported(name: str) -> None:
    left, right, known = TRUE[name]
    outcome = judge(Claim(left, "=", right, NETWORK, known))
    assert isinstance(outcome, Supported), outcome.detail
    assert outcome.samples >= 6


@pytest.mark.parametrize("name", WRONG)
def test_wrong_claims_are_refuted(name: str) -> None:
    left, right, known = WRONG[name]
    outcome = judge(Claim(left, "=", right, NETWORK, known))
    assert isinstance(outcome, Refuted), outcome.detail


@pytest.mark.parametrize("bias", ["separate", "none"])
def test_networks_without_bias_units(bias: str) -> None:
    mlp = MLP(bias=bias)
    right = Hadamard((G1, W(l).T @ by(z(l + 1))))
    assert isinstance(judge(Claim(PRE, "=", right, mlp, HIDDEN)), Supported)
    assert isinstance(judge(Claim(PRE, "=", W(l).T @ by(z(l + 1)), mlp, HIDDEN)), Refuted)


def test_a_claim_about_one_depth_or_given_widths() -> None:
    left, right, _ = TRUE["pre-activation"]
    known: Bounds = {"l": (ONE, dim(2))}
    at_two = judge(Claim(left, "=", right, MLP(depth=2), known))
    assert isinstance(at_two, Supported)
    assert "widths 3, 2, 4, 2" in at_two.detail
    given = judge(Claim(left, "=", right, MLP(widths=[2, 3, 2, 2]), known))
    assert isinstance(given, Supported)
    assert "widths 2, 3, 2, 2" in given.detail


def test_a_depth_at_which_it_makes_no_sense_is_skipped() -> None:
    left, right, _ = TRUE["closed, from layer 2"]
    outcome = judge(Claim(left, "=", right, NETWORK, {"L": (dim(2), None)}))
    assert isinstance(outcome, Supported)
    assert "widths 2, 4, 3," not in outcome.detail


class Residual(MLP):
    """z_{l+1} = W_l h_l + h_l, all layers of one width."""

    def _equations(self) -> tuple[Equation, ...]:
        first, *rest = super()._equations()
        return (Equation(first.left, first.right + h(l), "l", first.lower, first.upper), *rest)


def test_a_residual_network_has_another_rule() -> None:
    network = Residual(bias="none")
    upstream = by(z(l + 1))
    known: Bounds = HIDDEN
    assert isinstance(judge(Claim(HID, "=", W(l).T @ upstream + upstream, network, known)), Supported)
    assert isinstance(judge(Claim(HID, "=", (W(l).T + Identity(width(l))) @ upstream, network, known)), Supported)
    assert isinstance(judge(Claim(HID, "=", W(l).T @ upstream, network, known)), Refuted)


def test_loss_gradients_are_told_exactly() -> None:
    network = MLP(loss="softmax_cross_entropy")
    output = z(L + 1)
    true = judge(Claim(by(output), "=", Softmax(output) - Target(), network, ANY))
    assert isinstance(true, Supported)
    # Σ y = 1 is taken for granted
    total = Ones(width(L + 1)).T @ Target()
    assert isinstance(judge(Claim(by(output), "=", Softmax(output) @ total - Target(), network, ANY)), Supported)
    for wrong in (Target() - Softmax(output), Softmax(output), Softmax(output) + Target()):
        outcome = judge(Claim(by(output), "=", wrong, network, ANY))
        assert isinstance(outcome, Refuted)
    half = MLP(loss="half_squared_error")
    assert isinstance(judge(Claim(by(output), "=", output - Target(), half, ANY)), Supported)
    twice = Product((number(2), output - Target()))
    assert isinstance(judge(Claim(by(output), "=", twice, half, ANY)), Refuted)
    binary = MLP(loss="binary_cross_entropy")
    logistic = Elementwise("sigmoid", output)
    assert isinstance(judge(Claim(by(output), "=", logistic - Target(), binary, ANY)), Supported)
    assert isinstance(judge(Claim(by(output), "=", Target() - logistic, binary, ANY)), Refuted)
    absolute = MLP(loss="absolute_error")
    sign = Elementwise("abs", output - Target(), 1)
    assert isinstance(judge(Claim(by(output), "=", sign, absolute, ANY)), Supported)
    assert isinstance(judge(Claim(by(output), "=", -sign, absolute, ANY)), Refuted)


def test_an_identity_of_one_activation() -> None:
    # tanh' = 1 - tanh² holds, sigmoid' = σ(1-σ) holds, and neither holds for the other
    tanh, sigmoid = (MLP(activation=name, depth=1) for name in ("tanh", "sigmoid"))

    def slope(name: str) -> Expr:
        return Elementwise(name, z(1), 1)

    def value(name: str) -> Expr:
        return Elementwise(name, z(1))

    ones = Ones(units(1))
    square = Hadamard((value("tanh"), value("tanh")))
    assert isinstance(judge(Claim(slope("tanh"), "=", ones - square, tanh)), Supported)
    logistic = Hadamard((value("sigmoid"), ones - value("sigmoid")))
    assert isinstance(judge(Claim(slope("sigmoid"), "=", logistic, sigmoid)), Supported)
    half = judge(Claim(slope("sigmoid"), "=", ones - value("sigmoid"), sigmoid))
    assert isinstance(half, Refuted)
    assert isinstance(judge(Claim(slope("tanh"), "=", ones - value("tanh"), tanh)), Refuted)


def test_relu_is_told_exactly_with_its_convention() -> None:
    relu = MLP(activation="relu", depth=1)
    layer = Elementwise("relu", z(1))
    # ReLU(z) = z ReLU'(z), and ReLU'(ReLU(z)) = ReLU'(z) because ReLU'(0) = 0
    assert isinstance(judge(Claim(layer, "=", Hadamard((z(1), Elementwise("relu", z(1), 1))), relu)), Supported)
    nested = Elementwise("relu", layer, 1)
    assert isinstance(judge(Claim(nested, "=", Elementwise("relu", z(1), 1), relu)), Supported)
    assert isinstance(judge(Claim(layer, "=", z(1), relu)), Refuted)


def test_the_counterexample_can_be_redone() -> None:
    scalar = MLP(widths=[2, 2, 1], activation="identity", loss="half_squared_error")
    outcome = judge(Claim(by(z(2)), "=", z(2), scalar))
    assert isinstance(outcome, Refuted)
    text = outcome.detail
    assert "widths 2, 2, 1" in text
    point = dict(pair.split(" = ") for pair in text[text.index("(") + 1 : -1].split(", "))
    left, right = (Fraction(text.split(mark)[0].split()[-1]) for mark in (" on the left", " on the right"))
    value = {name: Fraction(v) for name, v in point.items()}
    hidden = value["W_0[1,1]"] * value["x_1"] + value["W_0[1,2]"]
    output = value["W_1[1,1]"] * hidden + value["W_1[1,2]"]
    assert right == output
    assert left == output - value["y_1"]


@pytest.mark.parametrize(
    ("claim", "reason"),
    [
        (Claim(HID, "≤", HID, NETWORK, HIDDEN), "equality only"),
        (Claim(HID, "=", HID, NETWORK, {"L": (dim(9), None), "l": (ONE, L)}), "none of the depths"),
        (Claim(by(z(9)), "=", by(z(9)), NETWORK, ANY), "none of the depths"),
    ],
)
def test_what_cannot_be_told(claim: Claim, reason: str) -> None:
    outcome = judge(claim)
    assert isinstance(outcome, Undecided)
    assert reason in outcome.reason


def test_agreement_of_floats_alone_is_undecided() -> None:
    # log(exp z) = z is no identity of an unknown logarithm, so the exact part cannot see it
    network = MLP(depth=1)
    whole = Elementwise("log", Elementwise("exp", z(1)))
    outcome = judge(Claim(whole, "=", z(1), network))
    assert isinstance(outcome, Undecided)
    assert "agree to 50 digits" in outcome.reason
    assert isinstance(judge(Claim(whole, "=", z(1) + z(1), network)), Refuted)


def test_a_point_is_consistent() -> None:
    g, u, v = sympy.Function("g"), sympy.Symbol("u"), sympy.Symbol("v")
    point = Point(0, lambda symbol, here: None)
    assert point.at(g(u + v)) == point.at(g(v + 2 * u - u))
    assert point.at(g(u)) != point.at(g(u).diff(u))
    at = sympy.Subs(g(u).diff(u), u, u + v)
    assert point.at(at) == point.at(g(u + v).diff(v))
    assert point.at(sympy.exp(u) * sympy.exp(v)) == point.at(sympy.exp(u + v, evaluate=False))
    with pytest.raises(NotEvaluable, match="denominator"):
        Point(0, lambda symbol, here: Fraction(0)).at(1 / u)


def test_time_of_a_claim() -> None:
    mlp = MLP()
    left, right, known = TRUE["closed"]
    start = time.perf_counter()
    judge(Claim(left, "=", right, mlp, known))
    assert time.perf_counter() - start < 5  # 0.4 s on a free core; the bound only catches a blow-up
