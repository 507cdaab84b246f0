"""What the remarks on the lecture say and no other test shows: each by numbers of NumPy, or by what is printed."""

from __future__ import annotations

import numpy as np
import pytest

from symbackprop.expr import ActivationJacobian, PreActivation
from symbackprop.lecture import lecture_lines
from symbackprop.library import derive, names
from symbackprop.network import MLP
from symbackprop.numeric.backprop import ACTIVATIONS
from symbackprop.numeric.bounds import BoundLadder
from symbackprop.render.latex import latex
from symbackprop.render.plain import plain
from symbackprop.topic import Numbers, Topic


def table(name: str, title: str) -> tuple[tuple[str, ...], ...]:
    """The cells of the table of a topic whose title begins so."""
    topic = derive(name)
    assert isinstance(topic, Topic)
    (found,) = [part for part in topic.all_parts() if isinstance(part, Numbers) and part.title.startswith(title)]
    return found.compute()


def test_one_steep_unit_keeps_the_largest_singular_value_up() -> None:
    """Erratum 2: σ_{1,1}(D_l) is the greatest slope, so all units of a layer must saturate."""
    z = np.array([9.0, -8.0, 0.1, 12.0])
    slopes = 1 - np.tanh(z) ** 2
    jacobian = np.column_stack([np.diag(slopes), np.zeros(4)])
    largest = np.linalg.svd(jacobian, compute_uv=False)[0]
    assert largest == pytest.approx(1 - np.tanh(0.1) ** 2)
    assert largest > 0.99
    assert sorted(slopes)[-2] < 1e-6


def test_a_dead_unit_makes_the_lower_bounds_by_slopes_empty() -> None:
    """Erratum 3: one unit of a ReLU layer below 0, and the least slope is 0."""
    network = MLP(widths=[2, 3, 1], activation="relu")
    W = [np.array([[1.0, 1.0], [-1.0, -1.0]]), np.array([[1.0, 1.0, 0.0]])]
    made = BoundLadder(network)(W, np.array([2.0, 1.0]), np.array([1.0]))
    assert made.true > 0
    assert made.rung("without the bias column", kind="lower").value == 0


def test_the_slope_of_softplus_is_below_1() -> None:
    """Erratum 3: softplus is no activation whose slope keeps a gradient up."""
    z = np.linspace(-30, 30, 2001)
    slope = ACTIVATIONS["softplus"][1](z)
    assert (slope < 1).all()
    assert (slope > 0).all()


def test_a_norm_that_is_kept_at_one_point_leaves_the_singular_values_free() -> None:
    """Erratum 7: diag(2, 1/2) keeps the length of (1, 2), on paper √5 both times."""
    cells = dict(table("layer_normalization", "A matrix that keeps"))
    assert cells["‖Ax‖"] == cells["‖x‖"] == f"{5**0.5:.6g}"
    assert cells["σ(A)"] == "2, 0.5"


def test_the_slopes_of_the_remarks_are_in_the_table() -> None:
    rows = {z: (float(sigmoid), float(tanh)) for z, sigmoid, tanh in table("vanishing_gradients", "Slopes at")}
    assert rows["5"] == pytest.approx((0.0066481, 1.8158e-4), rel=1e-4)
    assert rows["0.1"][1] == pytest.approx(0.990, abs=5e-4)
    assert rows["0"] == (0.25, 1.0)


def test_the_gains_of_the_remarks_are_in_the_table() -> None:
    products = [row[1:] for row in table("initialization", "The product of the factors")]
    assert any(np.allclose([float(cell) for cell in row], (4.17264, 0.0532225), rtol=1e-4) for row in products)


def test_the_edges_of_the_remarks_are_in_the_tables() -> None:
    edges = [[float(cell) for cell in row[1:]] for row in table("initialization", "Where the singular values")]
    assert any(np.allclose(sorted(row), (0.5262, 1.9295), atol=5e-5) for row in edges)
    assert ("10", "5.341", "1024") in table("initialization", "The greatest singular value of a product")


def test_the_counterexample_that_is_printed_breaks_the_bound() -> None:
    """Erratum 1, recomputed: both sides from the weights that stand in the table."""
    cells = dict(table("exploding_gradients", "A network of widths"))

    def matrix(text: str) -> np.ndarray:
        return np.array([[float(cell) for cell in row.split(",")] for row in text.split(";")])

    W0, W1 = matrix(cells["W_0"]), matrix(cells["W_1"])
    x, upstream = matrix(cells["x"])[0], matrix(cells["∂L/∂ŷ"])[0]
    if len(x) < W0.shape[1]:
        x = np.append(x, 1.0)
    slopes = 1 - np.tanh(W0 @ x) ** 2
    rows = np.linalg.norm(x) * np.abs(slopes * (W1[:, :-1].T @ upstream))

    def least(A: np.ndarray) -> float:
        values = np.linalg.svd(A, compute_uv=False)
        return values[values > 1e-12].min()

    D = np.column_stack([np.diag(slopes), np.zeros(len(slopes))])
    claimed = np.linalg.norm(x) * least(D) * least(W1.T) * np.linalg.norm(upstream)
    assert float(cells["the bound claimed"]) == pytest.approx(claimed, rel=1e-5)
    for j, row in enumerate(rows, 1):
        assert float(cells[f"‖∂L/∂w_0,{j}‖"]) == pytest.approx(row, rel=1e-5)
        assert row < claimed


# --- what the review of the printed lecture found ---------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["layer", "rms"])
def test_the_printed_jacobian_of_a_normalized_layer_is_at_what_the_activation_gets(scheme: str) -> None:
    printed = plain(derive("weight_gradient", MLP(normalization=scheme)))
    assert "g′(aₗ,₁)" in printed
    assert "g′(zₗ,₁)" not in printed
    assert "g′(zₗ,₁)" in plain(derive("weight_gradient"))
    assert latex(ActivationJacobian("g", PreActivation(1))).count("z_{1,") == 2


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_the_lecture_can_be_had_for_a_given_depth(depth: int) -> None:
    lecture = derive("lecture", MLP(depth=depth))
    assert isinstance(lecture, Topic)
    assert len(lecture.steps) > 150


@pytest.mark.parametrize("name", [name for name in names() if name != "lecture"])
def test_every_result_is_printed_in_its_own_network(name: str) -> None:
    made = derive(name)
    derivation = made.derivation if isinstance(made, Topic) else made
    assert latex(derivation.result, network=derivation.network)
    assert made.latex().startswith(r"\begin{aligned}")


def test_the_lines_of_the_lecture_are_those_of_the_table(lecture: dict[str, tuple[str, ...]]) -> None:
    assert set(lecture_lines()) == set(lecture)
    assert len(lecture) == 49
