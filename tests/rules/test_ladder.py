"""The ladder of bounds: each rung is wider than the one before, for random networks by NumPy and for every width."""

from __future__ import annotations

import itertools
from functools import reduce

import numpy as np
import pytest

from symbackprop.derivation import Derivation
from symbackprop.expr import LARGEST, LOSS, SMALLEST, Named, Norm, Partial, Weight
from symbackprop.judges import kernel
from symbackprop.judges.outcome import Proved
from symbackprop.network import MLP
from symbackprop.rules.bounds import first_layer
from symbackprop.rules.ladder import ladder, telescope, telescoped, telescopes
from symbackprop.tree import subterms

NETWORKS = {
    "lecture": MLP(),
    "depth 1": MLP(depth=1),
    "separate": MLP(bias="separate"),
    "widths": MLP(widths=[4, 3, 3, 2]),
    "more outputs than units": MLP(widths=[4, 3, 3, 5]),
    "one output": MLP(widths=[4, 3, 3, 1]),
}


@pytest.mark.parametrize("which", [LARGEST, SMALLEST])
@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
def test_every_rung_is_proved(network: MLP, which: str) -> None:
    made = ladder(network, which)
    assert made.start == Norm(Partial(LOSS, Weight(0)), "F")
    assert made.relation == {LARGEST: "≤", SMALLEST: "≥"}[which]
    assert all(isinstance(kernel.judge(step, made), Proved) for step in made.steps)
    # the first step that is no equality comes after the gradient, so that the best bound is of the gradient itself
    first = next(i for i, step in enumerate(made.steps) if step.relation != "=")
    assert made.lines[first].factors[1].operand == first_layer(made.network).result


def named(derivation: Derivation) -> set[str]:
    """The names of the factors in its lines."""
    parts = (part for line in derivation.lines for _, part in subterms(line))
    return {part.name for part in parts if isinstance(part, Named)}


def test_no_factors_are_assumed_where_there_are_none() -> None:
    assert telescopes(MLP())
    assert telescopes(MLP(widths=[4, 3, 3, 2]))
    assert telescopes(MLP(widths=[4, 2, 2], bias="none"))
    # the hidden layers have two units each, the bias unit not counted
    assert not telescopes(MLP(widths=[4, 3, 3, 3]))
    assert not telescopes(MLP(widths=[9, 9, 2, 2]))
    for which in (LARGEST, SMALLEST):
        assert named(ladder(NETWORKS["widths"], which)) == {"Q", "R"}
        assert not named(ladder(NETWORKS["more outputs than units"], which))
        assert not ladder(NETWORKS["more outputs than units"], which).given
        # both lead to the same
        ends = [ladder(NETWORKS[name], which).result for name in ("widths", "more outputs than units")]
        assert [type(factor) for factor in ends[0].factors] == [type(factor) for factor in ends[1].factors]


def test_the_layers_are_factored_from_the_right() -> None:
    made, given = telescoped(MLP())
    proof = telescope(made, given)
    assert proof.relation == "="
    assert all(isinstance(kernel.judge(step, proof), Proved) for step in proof.steps)
    without = Derivation(proof.start, made, proof.steps, proof.known)
    assert not all(isinstance(kernel.judge(step, without), Proved) for step in proof.steps)


def factored(layers: list[np.ndarray]) -> tuple[np.ndarray, list[np.ndarray]]:
    """`Q_1` and `R_1 … R_L` by NumPy's QR, from the right."""
    Q, upper = np.eye(layers[-1].shape[1]), []
    for layer in reversed(layers):
        Q, R = np.linalg.qr(layer @ Q)
        upper.insert(0, R)
    return Q, upper


def sigma(A: np.ndarray, which: str) -> float:
    values = np.linalg.svd(A, compute_uv=False)
    return float(values[0]) if which == LARGEST else float(values[-1]) if A.shape[0] >= A.shape[1] else 0.0


@pytest.mark.parametrize("widths", [(5, 4, 4, 3, 2), (3, 3, 2), (7, 6, 5, 4)])
def test_each_rung_is_wider_than_the_one_before(widths: tuple[int, ...]) -> None:
    rng = np.random.default_rng(sum(widths))
    for _ in range(50):
        units = [*(n - 1 for n in widths[1:-1]), widths[-1]]
        slopes = [rng.random(rows) for rows in units[:-1]]
        weights = [rng.standard_normal((rows, columns + 1)) for columns, rows in itertools.pairwise(units)]
        bare = [W[:, :-1].T for W in weights]
        layers = [np.diag(slope) @ W for slope, W in zip(slopes, bare, strict=True)]
        upstream = rng.standard_normal(widths[-1])
        length = np.linalg.norm(upstream)
        product = reduce(np.matmul, layers)
        Q, upper = factored(layers)
        assert np.allclose(Q @ reduce(np.matmul, upper), product)
        for which, sign in ((LARGEST, 1), (SMALLEST, -1)):
            rungs = [
                float(np.linalg.norm(product @ upstream)),
                sigma(product, which) * length,
                float(np.prod([sigma(R, which) for R in upper])) * length,
                float(np.prod([sigma(layer, which) for layer in layers])) * length,
                float(np.prod([sigma(np.diag(a), which) * sigma(W, which) for a, W in zip(slopes, bare, strict=True)]))
                * length,
            ]
            if which == LARGEST:
                kept = [sigma(np.diag(a), which) * sigma(W, which) for a, W in zip(slopes, weights, strict=True)]
                rungs.append(float(np.prod(kept)) * length)
            for inner, outer in itertools.pairwise(rungs):
                assert sign * inner <= sign * outer + 1e-10
