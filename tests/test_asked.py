"""Gradients that are asked for by a variable: the lecture's network is one of many, and lines cite each other."""

from __future__ import annotations

from fractions import Fraction

import pytest

import symbackprop as sb
from symbackprop.asked import LONGEST, all_gradients, gradient_of
from symbackprop.dims import DEPTH as L
from symbackprop.dims import ONE, dim, index, units
from symbackprop.equations import Equation
from symbackprop.errors import ShapeError, SymbackpropError
from symbackprop.expr import (
    LOSS,
    ActivationJacobian,
    Bias,
    ColumnAt,
    Entry,
    Hadamard,
    Hidden,
    IndexedProduct,
    IndexedSum,
    Named,
    Norm,
    Ones,
    Partial,
    Power,
    PreActivation,
    Row,
    Weight,
    number,
)
from symbackprop.forward import ForwardNetwork
from symbackprop.judges.outcome import Proved
from symbackprop.rules.shortening import size_of

j, l, m, t = (index(letter) for letter in "jlmt")
JACOBIAN_TIMES_WEIGHTS = ActivationJacobian("g", PreActivation(m)) @ Weight(m).T


def last_result(topic):
    return topic.derivations[-1].result


def proved(topic) -> bool:
    return all(isinstance(each.outcomes["kernel"], Proved) for each in sb.verify(topic, effort="brief").steps)


# what the lecture closes its derivation with, for three of its quantities
CLOSED = {
    "row": (
        Row(Weight(0), j).T,
        ColumnAt(Hidden(0), j, units(1))
        @ IndexedProduct("m", ONE, L, JACOBIAN_TIMES_WEIGHTS)
        @ Partial(LOSS, PreActivation(L + 1)),
    ),
    "matrix": (
        Weight(l),
        IndexedProduct("m", l + 1, L, JACOBIAN_TIMES_WEIGHTS) @ Partial(LOSS, PreActivation(L + 1)) @ Hidden(l).T,
    ),
    "input": (
        Hidden(0),
        Weight(0).T @ IndexedProduct("m", ONE, L, JACOBIAN_TIMES_WEIGHTS) @ Partial(LOSS, PreActivation(L + 1)),
    ),
}


@pytest.mark.parametrize("what", CLOSED)
def test_the_lectures_network_is_one_of_many(what):
    wrt, closed = CLOSED[what]
    topic = gradient_of(wrt, sb.MLP(), "jacobian")
    assert last_result(topic) == closed
    assert proved(topic)


def test_the_backward_pass_of_the_lectures_network_has_a_line_for_each_kind_of_variable():
    topic = all_gradients(sb.MLP(bias="separate"), "hadamard")
    results = {str(each.start): each.result for each in topic.derivations}
    z = PreActivation(l + 1)
    assert results[str(Partial(LOSS, Weight(l)))] == Partial(LOSS, z) @ Hidden(l).T
    assert results[str(Partial(LOSS, Bias(l)))] == Partial(LOSS, z)
    assert results[str(Partial(LOSS, Hidden(l)))] == Weight(l).T @ Partial(LOSS, z)


RECURRENT = (r"h_t = \tanh(W h_{t-1} + U x_t + b)", r"L = \frac{1}{2} \|h_T - y\|^2")


def test_through_time_the_gradient_is_a_product_over_time_under_a_sum_over_time():
    network = sb.Network(*RECURRENT)
    topic = sb.derive(r"\frac{\partial L}{\partial W}", network)
    h, W, T = (lambda at: Named("h", at)), Named("W"), index("T")
    match last_result(topic):
        case IndexedSum("t", low, high, body):
            assert (low, high) == (ONE, T)
        case other:
            pytest.fail(f"{other} is no sum over time")
    (product,) = [part for part in _parts(body) if isinstance(part, IndexedProduct)]
    assert (product.lower, product.upper) == (t, T - 1)
    assert h(t - 1).T in _parts(body)
    assert W.T in _parts(product)
    assert proved(topic)


def _parts(e):
    from symbackprop.tree import subterms

    return [part for _, part in subterms(e)]


def test_softmax_with_cross_entropy_is_output_minus_target():
    network = sb.Network(
        "z = W x + b", r"\hat{y} = \operatorname{softmax}(z)", r"J = -\sum_k y_k \log \hat{y}_k", shapes={"y": "K"}
    )
    for style in ("jacobian", "hadamard"):
        topic = sb.derive(r"\frac{\partial J}{\partial z}", network, style=style)
        assert last_result(topic) == Named("yhat") - Named("y")
        names = [step.rule.name for step in topic.steps]
        assert "softmax with cross-entropy" in names
        assert proved(topic)


def test_without_the_assumption_it_is_not():
    network = sb.Network(
        "z = W x + b", r"\hat{y} = \operatorname{softmax}(z)", r"J = -\sum_k y_k \log \hat{y}_k", shapes={"y": "K"}
    )
    network.assumed = ()
    topic = sb.derive(r"\frac{\partial J}{\partial z}", network)
    assert last_result(topic) != Named("yhat") - Named("y")


def test_sigmoid_with_binary_cross_entropy_is_output_minus_target():
    network = sb.Network(
        r"z = w^\top x + b",
        r"\hat{y} = \sigma(z)",
        r"L = -y \log \hat{y} - (1 - y) \log(1 - \hat{y})",
        shapes={"w": "n", "x": "n", "b": "1", "y": "1"},
    )
    topic = sb.derive(r"\frac{\partial L}{\partial w}", network)
    assert last_result(topic) == (Named("yhat") - Named("y")) @ Named("x")
    assert proved(topic)


def test_a_parameter_used_twice_sums_over_its_uses():
    network = sb.Network(r"h = \tanh(W x)", r"\hat{x} = W^\top h", r"L = \frac{1}{2} \|\hat{x} - x\|^2")
    topic = sb.derive(r"\frac{\partial L}{\partial W}", network)
    W, x, h, out = (Named(name) for name in ("W", "x", "h", "xhat"))
    slope = Ones(network.shape_of(h)[0]) - Hadamard((h, h))
    assert set(last_result(topic).terms) == {
        Hadamard((slope, W @ (out - x))) @ x.T,
        h @ (out - x).T,
    }
    assert proved(topic)


def test_an_answer_that_would_be_long_is_left_in_terms_of_the_lines_above():
    lines = [rf"a_{k} = \tanh(a_{k - 1} + W_{k} a_{k - 1})" for k in range(2, 9)]
    network = sb.Network(r"a_1 = \tanh(W_1 x)", *lines, r"L = \frac{1}{2} \|a_8 - y\|^2")
    topic = sb.derive(r"\frac{\partial L}{\partial W_1}", network)
    assert size_of(last_result(topic)) <= LONGEST
    named = {part for part in _parts(last_result(topic)) if isinstance(part, Partial)}
    assert named <= {derivation.start for derivation in topic.derivations}


def test_what_the_loss_does_not_depend_on_is_said():
    network = ForwardNetwork(
        [Equation(LOSS, Named("x").T @ Named("x"))],
        {Named("x"): (index("n"), ONE), Named("q"): (index("n"), ONE)},
    )
    with pytest.raises(SymbackpropError, match="the loss does not depend on q"):
        gradient_of(Named("q"), network)
    with pytest.raises(ShapeError, match="no variable p"):
        gradient_of(Named("p"), network)
    with pytest.raises(SymbackpropError, match="no part of one"):
        gradient_of(number(2), network)


def test_with_a_loss_at_every_step_each_of_them_is_reached_by_a_product_over_time():
    network = sb.Network(
        r"h_t = \tanh(W h_{t-1} + U x_t)", r"o_t = V h_t", r"L = \sum_{t=1}^{T} \frac{1}{2} \|o_t - y_t\|^2"
    )
    topic = sb.derive(r"\frac{\partial L}{\partial h_t}", network)
    T = index("T")
    match last_result(topic):
        case IndexedSum(s, low, high, body):
            assert (low, high) == (t, T)
        case other:
            pytest.fail(f"{other} is no sum over time")
    (product,) = [part for part in _parts(body) if isinstance(part, IndexedProduct)]
    assert (product.lower, product.upper) == (t, index(s) - 1)
    V, at = Named("V"), index(s)
    assert body == product @ V.T @ (Named("o", at) - Named("y", at))
    report = sb.verify(topic, effort="brief")
    assert report.as_expected
    assert proved(topic)


def test_the_eleventh_layer_is_no_entry_of_the_first():
    network = sb.Network(
        "z_1 = W_1 x", r"z_2 = \tanh(z_1)", r"z_{11} = W_{11} z_2", r"L = \frac{1}{2} \|z_{11} - y\|^2"
    )
    assert network.equations[-1].right == number(Fraction(1, 2)) @ Power(
        Norm(Named("z", dim(11)) - Named("y")), Fraction(2)
    )
    entries = sb.Network("z_1 = W_1 x", "L = z_{1,1} + z_{1,2}", shapes={"x": "n", "W_1": "2 x n"})
    z = Named("z", ONE)
    assert entries.equations[-1].right == Entry(z, ONE) + Entry(z, dim(2))


# --- what cannot be derived ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("loss", "named"),
    [
        (r"\sum_i |x_i| + \|x\| + \max_i x_i", r"max_\{i\} x\[i\]"),
        (r"\|x\| + \min_i x_i", r"min_\{i\} x\[i\]"),
        (r"\prod_{i=1}^n x_i", r"∏_\{i=1\}"),
    ],
)
def test_what_has_no_rule_is_not_said_to_be_independent(loss: str, named: str) -> None:
    network = sb.Network(f"L = {loss}", shapes={"x": "n"})
    said = f"{named}.* runs over an index, and its derivative has no rule"
    with pytest.raises(SymbackpropError, match=said):
        sb.derive(r"\frac{\partial L}{\partial x}", network)
    with pytest.raises(SymbackpropError, match=said):
        all_gradients(network)
    with pytest.raises(SymbackpropError, match=said):
        network.gradients()


def test_a_norm_and_absolute_values_are_derived_without_a_given_shape() -> None:
    network = sb.Network(r"L = \|x\| + \sum_i |x_i|")
    derived = sb.derive(r"\frac{\partial L}{\partial x}", network)
    assert str(derived.derivations[-1].result) in ("x/‖x‖_2 + abs′(x)", "abs′(x) + x/‖x‖_2")
