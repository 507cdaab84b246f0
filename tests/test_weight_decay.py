"""Weight decay: the topic and what the judges say of it, the theorems it rests on, and numbers of trained networks."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from symbackprop.derivation import Context, Derivation
from symbackprop.dims import DEPTH as L
from symbackprop.dims import ONE, dim, index, units, width
from symbackprop.equations import Equation, Network
from symbackprop.errors import SymbackpropError
from symbackprop.expr import (
    LOSS,
    ActivationJacobian,
    Diagonal,
    Elementwise,
    Expr,
    Hidden,
    Identity,
    IndexedProduct,
    IndexedSum,
    Named,
    Norm,
    Partial,
    PreActivation,
    Product,
    SingularValue,
    Weight,
    WithoutBias,
    number,
)
from symbackprop.judges import differentiation, kernel
from symbackprop.judges.outcome import Proved, Refuted
from symbackprop.judges.signs import Setting
from symbackprop.library import derive
from symbackprop.network import MLP
from symbackprop.numeric.decay import WIDTHS, examples, initial, measured, stepped, trained
from symbackprop.quantities import Quantities
from symbackprop.render.latex import latex
from symbackprop.rules.decay import decayed, squared, sum_rule
from symbackprop.rules.norms import multiplied_out
from symbackprop.statements import Chain
from symbackprop.substitution import substitute
from symbackprop.topic import Numbers, Prose, Shows
from symbackprop.verify import verify

l = index("l")
J, R, lam, eta = Named("J"), Named("R"), Named("lambda"), Named("eta")
S = Named("S", l)
NETWORKS = {
    "lecture": {},
    "separate biases": {"bias": "separate"},
    "no biases": {"bias": "none", "activation": "relu"},
    "depth 1": {"depth": 1, "activation": "tanh", "loss": "squared_error"},
    "widths": {"widths": [3, 4, 4, 2]},
    "normalized": {"normalization": "layer"},
}


def W(layer: object = l) -> Weight:
    return Weight(layer)


def tables(name: str) -> Numbers:
    parts = derive("weight_decay").all_parts()
    return next(part for part in parts if isinstance(part, Numbers) and part.title.startswith(name))


# --- the topic -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NETWORKS)
def test_every_step_is_proved_and_every_slip_refuted(name):
    report = verify(derive("weight_decay", MLP(**NETWORKS[name])), effort="brief")
    assert report.as_expected
    for judged in report.steps:
        if judged.step.is_true:
            assert isinstance(judged.outcomes["kernel"], Proved)
        else:
            assert isinstance(judged.outcomes["exact"], Refuted)
            assert isinstance(judged.outcomes["numeric"], Refuted)
    assert sum(not judged.step.is_true for judged in report.steps) == 3


def test_the_lines_of_the_lecture_are_in_it():
    topic = derive("weight_decay")
    shown = {part.label: part for part in topic.all_parts() if isinstance(part, Shows)}
    (note,) = shown["decay.loss"].shown.notes
    assert note[1] == "Exclude biases"
    (frobenius,) = (made for made in topic.derivations if made.label == "decay.frobenius")
    assert latex(frobenius.start) == r"\|A\|_F"
    assert latex(frobenius.result) == r"\sqrt{\sum_i \sigma_{i,i}(A)^2}"


def test_the_gradient_is_that_of_the_remarks():
    topic = derive("weight_decay")
    assert topic.derivation.start == Partial(J, W())
    assert topic.result == Partial(LOSS, W()) + number(2) @ lam @ W() @ S
    assert derive("weight_decay", MLP(bias="none")).result == Partial(LOSS, W()) + number(2) @ lam @ W()


def test_the_step_shrinks_the_weights():
    (made,) = (d for d in derive("weight_decay").derivations if d.title == "One step of gradient descent")
    shrunk = W() @ (Identity(width(l)) - number(2) @ eta @ lam @ S)
    assert made.start == W() - eta @ Partial(J, W())
    assert made.result == shrunk - eta @ Partial(LOSS, W())
    shown = [part.says for part in derive("weight_decay").all_parts() if isinstance(part, Shows)]
    assert Chain((W(), made.start), ("←",)) in shown


def test_the_bounds():
    topic = derive("weight_decay")
    slopes = Diagonal(Elementwise("g", PreActivation(l), 1))

    def over(body: Expr) -> IndexedProduct:
        return IndexedProduct("l", dim(1), L, body)

    sizes = over(SingularValue(slopes) @ Norm(WithoutBias(W()), "F"))
    found = {made.start: made for made in topic.derivations}
    output, x = PreActivation(L + 1), Hidden(0)
    jacobian = W(0).T @ over(ActivationJacobian("g", PreActivation(l)) @ W().T)
    assert found[Partial(output, x)].result == jacobian
    gradient = found[Norm(Partial(LOSS, PreActivation(1)))]
    assert (gradient.relation, gradient.result) == ("≤", Product((sizes, Norm(Partial(LOSS, output)))))
    rows = WithoutBias(Identity(width(dim(0)))).T
    sensitivity = found[Norm(rows @ Partial(output, x))]
    assert (sensitivity.relation, sensitivity.result) == ("≤", Norm(WithoutBias(W(0)), "F") @ sizes)


def prose(topic) -> str:
    """Its words, formulas left out."""
    parts = (part for part in topic.all_parts() if isinstance(part, Prose))
    return " ".join(word for part in parts for word in part.words if isinstance(word, str))


def test_the_slip_of_two_examples_is_about_two_of_them():
    (made,) = (d for d in derive("weight_decay").derivations if d.start == IndexedSum("i", ONE, dim(2), lam @ R))
    assert not made.known
    assert not made.steps[0].is_true
    assert made.result == lam @ R


def test_what_a_normalization_leaves_out_is_said():
    for scheme in ("layer", "rms"):
        topic = derive("weight_decay", MLP(normalization=scheme))
        assert f"are left out here, as the network has {scheme} normalization" in prose(topic)
        assert not any(isinstance(made.start, Norm) and made.start.operand == Partial(LOSS, PreActivation(1))
                       for made in topic.derivations)  # fmt: skip
    assert "left out here" not in prose(derive("weight_decay"))


@pytest.mark.parametrize("shrink", [0.5, 0.1])
def test_normalized_layers_do_not_see_how_large_the_weights_are(shrink):
    """Smaller weights before a normalized layer: the same output and sensitivity, larger gradients."""
    rng = np.random.default_rng(5)
    W_0, W_1, x, upstream = (rng.standard_normal(shape) for shape in ((4, 3), (2, 4), (3,), (2,)))

    def run(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Output and its Jacobian by x, through √n c/s and tanh; and the gradient of the weights."""
        z = weights @ x
        c = z - z.mean()
        s = np.linalg.norm(c)
        a = np.sqrt(4) * c / s
        local = np.sqrt(4) / s * (np.eye(4) - 1 / 4 - np.outer(c, c) / s**2)
        back = W_1 @ np.diag(1 - np.tanh(a) ** 2) @ local
        return np.concatenate([W_1 @ np.tanh(a), (back @ weights).ravel()]), np.outer(back.T @ upstream, x)

    (same, gradient), (other, larger) = run(W_0), run(shrink * W_0)
    np.testing.assert_allclose(other, same, rtol=1e-9)
    np.testing.assert_allclose(larger, gradient / shrink, rtol=1e-9)


def test_the_example_of_the_three_slips():
    # norms 5 and 1, squares 25 and 1: 6 + 2·0.1·2, 6 + 2·0.1·3, 26 + 0.1·5
    values = dict(tables("Two examples").compute())
    assert values["as printed, with l = 0"] == "6.4"
    assert values["as printed, with l = 1"] == "6.6"
    assert values["as meant"] == "26.5"
    assert values["only the residuals not squared"] == "6.5"
    assert values["only the penalty of layer 0"] == "26.2"
    assert values["only λ inside the sum"] == "27"


# --- the theorems ----------------------------------------------------------------------------------------------------


def setting(network: Network, **known: tuple) -> Setting:
    return Setting(network, known, (), lambda one, two: False)


NET = decayed(MLP())
INSIDE = {"l": (dim(0), L)}


def test_the_sum_rule_needs_factors_that_do_not_depend_on_the_variable():
    a, b, c, v, u = (Named(name) for name in "abcvu")
    sizes = dict.fromkeys("abcvu", ())
    right = Partial(a, v) + c @ Partial(b, v)
    plain = Quantities(sizes, (Equation(u, a + c @ b),))
    through = Quantities(sizes, (Equation(c, v @ v), Equation(u, a + c @ b)))
    assert differentiation.is_sum_rule(Partial(u, v), right, setting(plain))
    assert not differentiation.is_sum_rule(Partial(u, v), right, setting(through))
    assert not differentiation.is_sum_rule(Partial(u, c), Partial(a, c) + c @ Partial(b, c), setting(plain))
    assert not differentiation.is_sum_rule(Partial(u, v), Partial(a, v) + Partial(b, v), setting(plain))


def test_one_term_is_within_the_bounds_of_the_sum():
    term = Partial(squared(WithoutBias(W()), "F"), W())
    assert differentiation.is_one_term(Partial(R, W()), term, setting(NET, l=(dim(0), L)))
    assert not differentiation.is_one_term(Partial(R, W()), term, setting(NET, l=(dim(0), L + 1)))
    after = Partial(squared(WithoutBias(W(l + 1)), "F"), W())
    assert not differentiation.is_one_term(Partial(R, W()), after, setting(NET, l=(dim(0), L)))


@pytest.mark.parametrize(
    "body",
    [
        squared(W(index("k")), "F") @ squared(W(index("k") + 1), "F"),
        squared(W(index("k")), "F") @ squared(Hidden(index("k")), "2"),
        squared(W(index("k")), "F") @ IndexedSum("k", dim(0), L, squared(W(index("k")), "F")),
    ],
)
def test_one_term_needs_the_variable_in_no_other_term(body):
    total = IndexedSum("k", dim(1), L - 1, body)
    one = Partial(IndexedSum("k", dim(1), L - 1, squared(W(index("k")), "F")), W())
    within = setting(MLP(), l=(dim(1), L - 1))
    assert differentiation.is_one_term(one, Partial(squared(W(), "F"), W()), within)
    assert not differentiation.is_one_term(Partial(total, W()), Partial(substitute(body, {"k": l}), W()), within)


def test_the_chain_rule_needs_one_use():
    x, u, out = (Named(name) for name in "xuo")
    A, B, C = (Named(name) for name in "ABC")
    sizes = {"x": ("n",), "u": ("m",), "o": ("p",), "A": ("m", "n"), "B": ("p", "m"), "C": ("p", "n")}
    one = Quantities(sizes, (Equation(u, A @ x), Equation(out, B @ u)))
    skip = Quantities(sizes, (Equation(u, A @ x), Equation(out, B @ u + C @ x)))
    right = Partial(u, x) @ Partial(out, u)
    assert differentiation.is_chain_to(Partial(out, x), right, setting(one))
    assert not differentiation.is_chain_to(Partial(out, x), right, setting(skip))
    # ∂x/∂x is not what goes through u
    assert not differentiation.is_chain_to(Partial(x, x), Partial(u, x) @ Partial(x, u), setting(one))


def test_what_is_computed_from_the_variable_is_not_held_fixed():
    """`∂(zᵀz)/∂W` goes through `z = W h`: not by entries of the formula alone."""
    z = PreActivation(1)
    start = Derivation(Partial(squared(z), Weight(0)), MLP())
    nothing = start.by(multiplied_out(number(0) @ Weight(0), "held fixed"))
    assert not isinstance(kernel.judge(nothing.steps[0], nothing), Proved)


def test_the_sum_rule_applies_to_sums_only():
    assert sum_rule(Partial(R, W()), Context(NET, INSIDE)) is None


# --- numbers ---------------------------------------------------------------------------------------------------------


def loss(W: list[np.ndarray], x: np.ndarray, y: np.ndarray, decay: float) -> float:
    """`J`, written again."""
    h = x
    for w in W[:-1]:
        h = np.vstack([np.tanh(w @ h), np.ones((1, h.shape[1]))])
    return float(((W[-1] @ h - y) ** 2).sum() + decay * sum((w[:, :-1] ** 2).sum() for w in W))


def test_training_goes_down_the_loss_with_its_penalty():
    """One small step goes against the gradient of `J`, found by differences, biases included."""
    (x, y), rate, decay = examples(), 1e-3, 0.05
    W = initial()
    W[0][:, -1] = 0.5
    slopes = []
    for a, w in enumerate(W):
        slope = np.zeros_like(w)
        for place in np.ndindex(w.shape):
            moved = [v.copy() for v in W], [v.copy() for v in W]
            moved[0][a][place] += 1e-6
            moved[1][a][place] -= 1e-6
            slope[place] = (loss(moved[0], x, y, decay) - loss(moved[1], x, y, decay)) / 2e-6
        slopes.append(slope)
    after = stepped(W, x, y, decay, rate)
    for w, new, slope in zip(W, after, slopes, strict=True):
        np.testing.assert_allclose((w - new) / rate, slope, rtol=1e-5, atol=1e-6)


def test_the_sensitivity_is_that_of_the_output_to_the_input():
    W, (x, y) = initial(3), examples(3)

    def output(at: np.ndarray) -> float:
        h = at
        for w in W[:-1]:
            h = np.append(np.tanh(w @ h), 1)
        return (W[-1] @ h).item()

    greatest = 0.0
    for column in x.T:
        steps = 1e-6 * np.eye(len(column))[: WIDTHS[0] - 1]
        slopes = [(output(column + step) - output(column - step)) / 2e-6 for step in steps]
        greatest = max(greatest, float(np.linalg.norm(slopes)))
    assert measured(W, x, y, 0).sensitivity == pytest.approx(greatest, rel=1e-6)


def test_decay_lowers_the_bounds_and_the_sensitivity():
    found = [trained(decay) for decay in (0, 0.01, 0.1)]
    for less, more in pairwise(found):
        for name in ("penalty", "sensitivity", "spectral", "frobenius"):
            assert getattr(more, name) < getattr(less, name)
        assert more.residual > less.residual
    assert all(each.sensitivity <= each.spectral <= each.frobenius for each in found)
    rows = tables("Sensitivity").compute()
    assert [row[0] for row in rows] == ["0", "0.01", "0.1"]


@pytest.mark.parametrize("decay", [-0.1, float("nan")])
def test_a_negative_decay_is_refused(decay):
    with pytest.raises(SymbackpropError, match="rewards large weights: write 0 or more"):
        trained(decay)


def test_steps_that_are_too_large_are_refused():
    with pytest.raises(SymbackpropError, match="write a smaller one"):
        trained(100.0, steps=2000, rate=1.0)


def test_the_normal_equations_solve_ridge_regression():
    """Their solution is the least-squares fit of the data with √λ I appended, which NumPy finds otherwise."""
    rng = np.random.default_rng(0)
    X, Y, decay = rng.standard_normal((3, 8)), rng.standard_normal((2, 8)), 0.7
    W = np.linalg.solve(X @ X.T + decay * np.eye(3), X @ Y.T).T
    more = np.hstack([X, np.sqrt(decay) * np.eye(3)])
    fit = np.linalg.lstsq(more.T, np.hstack([Y, np.zeros((2, 3))]).T, rcond=None)[0].T
    np.testing.assert_allclose(W, fit, rtol=1e-9)
    topic = derive("weight_decay")
    (normal,) = (made for made in topic.derivations if made.title == "The normal equations")
    matrix = Named("X") @ Named("X").T + lam @ Identity(index("d"))
    assert normal.start == matrix @ Named("W").T


def test_the_sizes_of_the_network_with_decay():
    assert NET.shape_of(S) == (width(l), width(l))
    assert NET.shape_of(Named("x", ONE)) == NET.shape_of(Hidden(0))
    assert NET.shape_of(Named("y", ONE)) == (width(L + 1), ONE)
    assert NET.shape_of(PreActivation(l)) == (units(l), ONE)
    assert decayed(MLP(normalization="layer")).scheme is not None
    assert [e.left for e in NET.uses(W(), INSIDE)] == [PreActivation(l + 1)]
