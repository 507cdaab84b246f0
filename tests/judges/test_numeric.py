"""The numeric judge: it supports the lecture's lines and refutes wrong ones; it imports no rule and no compiler."""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from symbackprop.dims import DEPTH, dim, index, units, width
from symbackprop.errors import SymbackpropError
from symbackprop.expr import (
    LOSS,
    ActivationJacobian,
    Bias,
    Column,
    ColumnAt,
    Diagonal,
    Elementwise,
    Entry,
    Hidden,
    IndexedProduct,
    Negative,
    Norm,
    Partial,
    PreActivation,
    Row,
    SingularValue,
    Softmax,
    Sum,
    Target,
    Transpose,
    Weight,
    WithoutBias,
    number,
)
from symbackprop.judges.claim import Claim
from symbackprop.judges.floats import Point
from symbackprop.judges.numeric import judge
from symbackprop.judges.outcome import Refuted, Supported, Undecided
from symbackprop.judges.stand_ins import SCALARS
from symbackprop.judges.steps import evaluate
from symbackprop.network import MLP

l, j, L = index("l"), index("j"), DEPTH
LECTURE = MLP()
D = ActivationJacobian("g", PreActivation(l))
UP = Partial(LOSS, LECTURE.output)


def dL(of):
    return Partial(LOSS, of)


def claim(left, right, relation="=", network=LECTURE, **known):
    return Claim(left, relation, right, network, known)


W0 = dL(Transpose(Row(Weight(0), j)))


def gradient(body, lower=1, upper=L, descending=False, start=None, column=j, end=UP):
    """(0…x…0) ∏ [body] ∂L/∂ŷ, and what may go wrong in it."""
    placed = ColumnAt(Hidden(0) if start is None else start, column, units(1))
    return placed @ IndexedProduct("l", dim(lower), dim(upper), body, descending) @ end


RIGHT = {
    "last hidden": claim(dL(Hidden(L)), Weight(L).T @ UP),
    "pre-activation": claim(dL(PreActivation(l)), D @ dL(Hidden(l))),
    "its Jacobian": claim(Partial(Hidden(l), PreActivation(l)), D),
    "hidden": claim(dL(Hidden(l)), Weight(l).T @ dL(PreActivation(l + 1))),
    "weight row": claim(
        dL(Transpose(Row(Weight(l), j))), ColumnAt(Hidden(l), j, units(l + 1)) @ dL(PreActivation(l + 1))
    ),
    "its Jacobian by a row": claim(
        Partial(PreActivation(l + 1), Transpose(Row(Weight(l), j))), ColumnAt(Hidden(l), j, units(l + 1))
    ),
    "weight matrix": claim(dL(Weight(l)), dL(PreActivation(l + 1)) @ Hidden(l).T, l=(dim(0), L)),
    "bias column": claim(dL(Column(Weight(l), width(l))), dL(PreActivation(l + 1)), l=(dim(0), L)),
    "closed form": claim(W0, gradient(D @ Weight(l).T)),
    "without the bias column": claim(
        W0, gradient(Diagonal(Elementwise("g", PreActivation(l), 1)) @ WithoutBias(Weight(l)).T)
    ),
    "numerator layout": claim(Partial(LOSS, Hidden(l), True), Partial(LOSS, PreActivation(l + 1), True) @ Weight(l)),
}
WRONG = {
    "no transpose": claim(dL(Hidden(L)), Weight(L) @ UP, network=MLP(bias="none", widths=[3, 3, 3])),
    "no g'": claim(W0, gradient(WithoutBias(Weight(l)).T)),
    "g for g'": claim(W0, gradient(Diagonal(Elementwise("g", PreActivation(l))) @ WithoutBias(Weight(l)).T)),
    "layers of D one too high": claim(
        dL(PreActivation(l)),
        ActivationJacobian("g", PreActivation(l + 1)) @ dL(Hidden(l)),
        network=MLP(widths=[4, 4, 4, 4, 3]),
        l=(dim(1), dim(1)),
    ),
    "product one too short": claim(
        dL(PreActivation(1)),
        IndexedProduct("l", dim(2), dim(2), D @ Weight(l).T) @ UP,
        network=MLP(widths=[4, 4, 4, 3]),
    ),
    "column of another row": claim(
        W0, gradient(D @ Weight(l).T, column=j + 1), network=MLP(widths=[4, 5, 6, 3]), j=(dim(1), dim(3))
    ),
    "h_1 for x": claim(W0, gradient(D @ Weight(l).T, start=Hidden(1)), network=MLP(widths=[5, 5, 4, 3])),
    "sign": claim(W0, Negative(gradient(D @ Weight(l).T))),
    "factor 2": claim(dL(Hidden(L)), number(2) @ Weight(L).T @ UP),
    "reversed product": claim(
        W0,
        gradient(Diagonal(Elementwise("g", PreActivation(l), 1)) @ Weight(l).T, descending=True),
        network=MLP(bias="none", widths=[3, 3, 3, 3]),
    ),
    "bias column kept": claim(dL(PreActivation(l)), dL(Hidden(l))),
    "outer product turned": claim(
        dL(Weight(l)), Hidden(l) @ dL(PreActivation(l + 1)).T, network=MLP(bias="none", widths=[3, 3, 3, 3])
    ),
    "one unit of tanh": claim(
        Elementwise("g", PreActivation(l), 1),
        Sum((Elementwise("g", PreActivation(l)), Negative(Elementwise("g", PreActivation(l))))),
    ),
}


@pytest.mark.parametrize("name", sorted(RIGHT))
def test_true_claims_are_supported(name):
    outcome = judge(RIGHT[name])
    assert isinstance(outcome, Supported), outcome.detail
    assert outcome.samples >= 16


@pytest.mark.parametrize("name", sorted(WRONG))
def test_wrong_claims_are_refuted(name):
    outcome = judge(WRONG[name])
    assert isinstance(outcome, Refuted), outcome.detail
    assert "on the left" in outcome.detail or "the left side is" in outcome.detail


@pytest.mark.parametrize("loss", ["squared_error", "softmax_cross_entropy", "huber", "absolute_error"])
@pytest.mark.parametrize("activation", ["sigmoid", "relu", "gelu", "softplus"])
@pytest.mark.parametrize("bias", ["augmented", "separate"])
def test_named_networks(activation, loss, bias):
    network = MLP(depth=2, activation=activation, loss=loss, bias=bias)
    true = claim(dL(Hidden(l)), Weight(l).T @ dL(PreActivation(l + 1)), network=network)
    assert isinstance(judge(true), Supported)
    assert isinstance(judge(replace(true, right=Negative(true.right))), Refuted)


def test_the_gradient_of_a_loss():
    network = MLP(activation="tanh", loss="softmax_cross_entropy")
    output = PreActivation(L + 1)
    assert isinstance(judge(claim(dL(output), Softmax(output) - Target(), network=network)), Supported)
    assert isinstance(judge(claim(dL(output), Target() - Softmax(output), network=network)), Refuted)


def test_separate_biases():
    network = MLP(bias="separate")
    assert isinstance(judge(claim(dL(Bias(l)), dL(PreActivation(l + 1)), network=network)), Supported)
    assert isinstance(judge(claim(dL(Bias(l)), dL(PreActivation(l)), network=network)), Refuted)


# --- inequalities ----------------------------------------------------------------------------------------------------


def test_a_bound_is_supported_and_never_proved():
    """‖W_lᵀ v‖ ≤ σ_{1,1}(W_lᵀ) ‖v‖, and with equality ruled out by the other direction."""
    v = dL(PreActivation(l + 1))
    bound = SingularValue(Weight(l).T) @ Norm(v)
    outcome = judge(claim(Norm(Weight(l).T @ v), bound, "≤"))
    assert isinstance(outcome, Supported)
    assert isinstance(judge(claim(Norm(Weight(l).T @ v), bound, "≥")), Refuted)
    assert isinstance(judge(claim(Norm(Weight(l).T @ v), bound)), Refuted)


def test_the_smallest_singular_value_is_an_infimum():
    """`inf ‖D_l y‖` over unit `y` is 0, since `D_l` has a zero column (remarks, erratum 1); a wide `W_l` likewise."""
    assert isinstance(judge(claim(SingularValue(D, "smallest"), number(0))), Supported)
    assert isinstance(judge(claim(SingularValue(Weight(L).T, "smallest"), number(0), "≥")), Supported)


# --- what it rests on ------------------------------------------------------------------------------------------------


def test_depths_at_which_a_claim_has_no_meaning_are_left_out():
    outcome = judge(claim(dL(Hidden(2)), Weight(2).T @ dL(PreActivation(3))))
    assert isinstance(outcome, Supported)
    assert outcome.detail.endswith("depths 2, 3, 4, 5, 6, 7, 8")


def test_so_are_those_at_which_an_index_has_no_range():
    # there is no W_2 in a network of depth 1, and so no entry of the product either
    entry = Entry(Weight(2).T @ dL(PreActivation(3)), j)
    assert isinstance(judge(claim(entry, entry + number(1))), Refuted)
    agreed = judge(claim(entry, entry + number(0)))
    assert isinstance(agreed, Supported)
    assert agreed.detail.endswith("depths 2, 3, 4, 5, 6, 7, 8")


def test_what_has_no_number_is_undecided():
    second = Elementwise("g", PreActivation(l), 2)
    assert isinstance(judge(claim(second, second)), Undecided)
    assert isinstance(judge(claim(Weight(l) @ PreActivation(l), Hidden(l))), Undecided)
    assert isinstance(judge(claim(Hidden(l), Hidden(l), "⇒")), Undecided)


class Other(MLP):
    """`z_{l+1} = W_l h_l + h_l`, for which the hand-written backpropagation does not hold."""

    def _equations(self):
        first, *rest = super()._equations()
        return (replace(first, right=Sum((first.right, Hidden(l)))), *rest)


def test_other_equations_are_differentiated_by_complex_steps():
    network = Other(widths=[3, 3, 3, 3], bias="none", activation="tanh", loss="squared_error")
    plain = Weight(1).T @ dL(PreActivation(2))
    assert isinstance(judge(claim(dL(Hidden(1)), plain, network=network)), Refuted)
    assert isinstance(judge(claim(dL(Hidden(1)), plain + dL(PreActivation(2)), network=network)), Supported)


def test_a_mistake_in_the_hand_written_pass_is_noticed(monkeypatch):
    """The complex step along a random direction disagrees with a gradient that lacks a factor."""
    from symbackprop.judges import floats, numeric

    right = floats.backprop
    # points that were made before know the right gradients
    monkeypatch.setattr(numeric, "_point", numeric._point.__wrapped__)
    monkeypatch.setattr(floats, "backprop", lambda *a: replace(right(*a), dh=[2 * g for g in right(*a).dh]))
    outcome = judge(claim(dL(Hidden(l)), Weight(l).T @ dL(PreActivation(l + 1))))
    assert isinstance(outcome, Undecided)
    assert "complex step" in outcome.detail


def test_rounding_does_not_refute():
    """1e9 times two sums of the same terms in another order."""
    terms = tuple(PreActivation(l) @ Transpose(Hidden(l)) @ Hidden(l) for _ in range(7))
    big = number(10**9)
    assert isinstance(judge(claim(big @ Sum(terms), number(7) @ big @ terms[0])), Supported)


def test_a_value_by_hand():
    """tanh'(z) of the only unit of a 2-2-1 network at its own point."""
    network = MLP(widths=[2, 2, 1], activation="tanh", loss="squared_error")
    point = Point(network, seed=0)
    z = point.value(PreActivation(dim(1)))
    assert z == pytest.approx(point.value(Weight(dim(0))) @ point.value(Hidden(dim(0))))
    slope = evaluate(Partial(Hidden(dim(1)), PreActivation(dim(1))), point, {})
    assert slope == pytest.approx(np.array([[1 - np.tanh(z[0, 0]) ** 2, 0]]))


def test_it_imports_no_rule_and_no_compiler():
    script = "import sys, symbackprop.judges.numeric; print([m for m in sys.modules if 'symbackprop' in m])"
    modules = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert "symbackprop.numeric.backprop" in modules
    for forbidden in ("rules", "numeric.compile", "numeric.source", "numeric.action", "judges.kernel", "sympy"):
        assert f"symbackprop.{forbidden}" not in modules


def test_bad_networks_are_errors_of_their_own():
    with pytest.raises(SymbackpropError, match="is too small"):
        MLP(widths=[1, 2, 2])


def test_what_is_kept_at_a_point_is_one_value_for_each_number_of_its_symbols() -> None:
    network = MLP(widths=[3, 4, 3, 2], activation="tanh")
    point = Point(network, seed=0)
    row = Entry(Weight(dim(0)) @ network.input, index("i"))
    weights, x = point.value(Weight(dim(0))), point.value(network.input)
    for _ in range(2):
        for i in (1, 2, 3):
            found = evaluate(row + row, point, {"i": i}).item()
            assert found == pytest.approx(2 * (weights[i - 1] @ x).item(), rel=1e-14)


def test_what_is_kept_at_a_point_is_not_that_of_where_a_variable_is_moved() -> None:
    point = Point(MLP(widths=[3, 4, 3, 2], activation="tanh"), seed=0)
    W = Weight(dim(1))
    before = evaluate(W @ W.T, point, {})
    moved = point.moved(W, 3 * point.value(W))
    assert evaluate(W @ W.T, moved, {}) == pytest.approx(9 * before)
    assert evaluate(W @ W.T, point, {}) == pytest.approx(before)


def test_a_logarithm_has_no_value_and_no_slope_below_zero() -> None:
    """A complex step there would have the imaginary part of `log(-2)`, which is `iπ`, as its slope."""
    above, below = SCALARS["log"](np.array([complex(2, 1e-30), complex(-2, 1e-30)]))
    assert above.real == pytest.approx(math.log(2))
    assert above.imag / 1e-30 == pytest.approx(0.5)
    assert np.isnan(below)
