"""The hand-written backpropagation: against complex steps of its own forward pass, and against numbers from paper."""

from __future__ import annotations

import ast
from pathlib import Path

import mpmath
import numpy as np
import pytest

from symbackprop.numeric import backprop as module
from symbackprop.numeric.backprop import ACTIVATIONS, LOSSES, backprop


def test_it_imports_numpy_only():
    """It must share nothing with what it judges."""
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert names == {"__future__", "collections.abc", "dataclasses", "typing", "numpy"}


def test_one_unit_from_paper():
    """z_1 = 0.5·2 + 0.1, h_1 = (z_1, 1), ŷ = 3 z_1 - 1, L = (ŷ - 1)²: dL/dŷ = 2 (2.3 - 1) = 2.6."""
    W = [np.array([[0.5, 0.1]]), np.array([[3.0, -1.0]])]
    found = backprop(W, np.array([[2.0], [1.0]]), np.array([[1.0]]), ACTIVATIONS["identity"], LOSSES["squared_error"])
    assert found.loss == pytest.approx(1.69)
    assert found.dW[1] == pytest.approx(np.array([[2.6 * 1.1, 2.6]]))
    assert found.dW[0] == pytest.approx(np.array([[2.6 * 3 * 2, 2.6 * 3]]))


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("loss", LOSSES)
def test_every_row_by_complex_steps(activation, loss, example):
    e = example((4, 5, 3), examples=3)
    found = e.by_hand(activation, loss)
    for l, w in enumerate(e.W):
        for place in [(0, 0), (1, 2), (len(w) - 1, w.shape[1] - 1)]:
            stepped = [v.astype(complex) for v in e.W]
            stepped[l][place] += 1e-30j
            slope = backprop(stepped, e.x, e.y, ACTIVATIONS[activation], LOSSES[loss]).loss.imag / 1e-30
            assert slope == pytest.approx(found.dW[l][place], rel=1e-11, abs=1e-14)


def test_values_of_activations():
    """From tables: Φ(1) = 0.8413447460685429; Klambauer et al. for SELU; log 2 for softplus."""
    at = {name: float(g(np.array([1.0]))[0]) for name, (g, _) in ACTIVATIONS.items()}
    assert at["gelu"] == pytest.approx(0.8413447460685429, rel=1e-14)
    assert at["sigmoid"] == pytest.approx(0.7310585786300049, rel=1e-14)
    assert at["silu"] == pytest.approx(0.7310585786300049, rel=1e-14)
    assert at["selu"] == pytest.approx(1.0507009873554805)
    assert float(ACTIVATIONS["softplus"][0](np.array([0.0]))[0]) == pytest.approx(np.log(2))
    assert float(ACTIVATIONS["elu"][0](np.array([-1.0]))[0]) == pytest.approx(np.exp(-1) - 1)


@pytest.mark.parametrize(("name", "slope"), [("relu", 0.0), ("leaky_relu", 0.01), ("selu", 1.7580993408473766)])
def test_at_a_kink_the_slope_is_the_left_one(name, slope):
    assert ACTIVATIONS[name][1](np.array([0.0]))[0] == pytest.approx(slope)


def test_float32_stays_float32(example):
    e = example((4, 5, 3), examples=2)
    W, x, y = [w.astype("f4") for w in e.W], e.x.astype("f4"), e.y.astype("f4")
    for activation in ACTIVATIONS.values():
        found = backprop(W, x, y, activation, LOSSES["softmax_cross_entropy"])
        assert {g.dtype for g in found.dW} == {np.dtype("f4")}


# --- both tails, against 50 digits -----------------------------------------------------------------------------------


def _logistic(z):
    return 1 / (1 + mpmath.exp(-z))


def _cdf(z):
    return mpmath.erfc(-z / mpmath.sqrt(2)) / 2


# name: (g, g'), as mpmath has them or by their definitions
EXACT = {
    "tanh": (mpmath.tanh, lambda z: mpmath.sech(z) ** 2),
    "sigmoid": (_logistic, lambda z: _logistic(z) * _logistic(-z)),
    "softplus": (lambda z: mpmath.log1p(mpmath.exp(z)), _logistic),
    "gelu": (lambda z: z * _cdf(z), lambda z: _cdf(z) + z * mpmath.npdf(z)),
    "silu": (lambda z: z * _logistic(z), lambda z: _logistic(z) * (1 + z * _logistic(-z))),
}


@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("name", EXACT)
def test_both_tails_have_all_figures(name, order):
    """Where no slope has a root, from 3 outwards; rounding `z` in e^{-z²/2} costs z² of the last place."""
    sizes = np.concatenate([np.linspace(3, 12, 91), np.linspace(12, 37, 26), [100.0, 300.0]])
    z = np.concatenate([-sizes, sizes])
    with mpmath.workdps(50):
        exact = np.array([float(EXACT[name][order](mpmath.mpf(float(v)))) for v in z])
    seen = np.abs(exact) > 1e-300
    found = ACTIVATIONS[name][order](z)
    room = (4 + (z * z if name == "gelu" else 0)) * 2.0**-52
    assert (np.abs(found - exact) <= room * np.abs(exact))[seen].all()
    assert (np.abs(found[~seen]) <= 1e-300).all()


def test_near_zero_the_normal_distribution_has_all_figures():
    z = np.linspace(-3, 3, 241)
    with mpmath.workdps(50):
        exact = np.array([float(_cdf(mpmath.mpf(float(v)))) for v in z])
    assert module._normal_cdf(z) == pytest.approx(exact, rel=4e-15)


@pytest.mark.parametrize("name", EXACT)
def test_complex_steps_far_out(name):
    """The slope by a complex step has the figures of the slope, on both sides of where the residue is dropped."""
    z = np.array([-30.0, -12.8, -8.9, -8.0, -0.5, 0.5, 8.0, 8.9, 12.8, 30.0])
    g, slope = ACTIVATIONS[name]
    assert g(z + 1e-30j).imag / 1e-30 == pytest.approx(slope(z), rel=1e-12, abs=1e-300)


def test_one_minus_a_square_would_fail():
    """The textbook's tanh' loses every figure at 20."""
    assert 1 - np.tanh(20.0) ** 2 == 0
    assert ACTIVATIONS["tanh"][1](np.array(20.0)) == pytest.approx(4 * np.exp(-40.0), rel=1e-14)
