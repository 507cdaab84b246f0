"""Mean field: against the numbers of the remarks, Simpson's rule, expansions from paper and random networks."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import simpson

from symbackprop.activations import ACTIVATIONS as ROWS
from symbackprop.activations import Activation
from symbackprop.errors import SymbackpropError
from symbackprop.numeric.backprop import ACTIVATIONS
from symbackprop.numeric.mean_field import (
    chi,
    critical,
    critical_point,
    decay_per_layer,
    expectation,
    fixed_point,
    length_map,
    lengths,
    mean_field,
    measured,
    side_by_side,
)
from symbackprop.numeric.slopes import function

LENGTHS = [1e-6, 0.01, 0.62, 3.9, 4.1, 100.0, 1e6]


def integral(f, q):
    """`E[f(√q z)²]` by Simpson's rule, cut where functions bend; 0 is seen from both sides."""
    root = math.sqrt(q)
    inner = sorted({min(c / root, 12.0) for c in (0.5, 2, 5, 20, 60)} | {1.0, 3.0, 6.0, 12.0})
    cuts = [-c for c in reversed(inner)] + [0.0, *inner]
    parts = []
    for low, high in pairwise(cuts):
        z = np.linspace(low, high, 4097)
        z[z == 0] = 1e-200 if low == 0 else -1e-200
        parts.append(simpson(f(root * z) ** 2 * np.exp(-z * z / 2) / math.sqrt(2 * math.pi), x=z))
    return math.fsum(parts)


# --- expectations ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("q", LENGTHS)
@pytest.mark.parametrize("name", ROWS)
def test_every_row_by_another_rule(name, q):
    g, slope = ACTIVATIONS[name]
    assert length_map(name, q, 1) == pytest.approx(integral(g, q), rel=1e-11)
    assert chi(name, q, 1) == pytest.approx(integral(slope, q), rel=1e-11)


@pytest.mark.parametrize("q", LENGTHS)
@pytest.mark.parametrize("name", ROWS)
def test_the_stated_accuracy(name, q):
    g = function(name)
    found = expectation(lambda z: g(z) ** 2, q, ROWS[name].kinks)
    assert found.error <= 1e-13 * found.value


def test_nodes_that_miss_the_slope_do_not_deceive():
    """E[σ'(√q z)²] → ∫σ'²/√(2πq) = 1/(6√(2πq)): 64 and 128 Gauss–Hermite nodes agree on about 0 here."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(64)
    q = 1e6
    assert np.sum(weights * ACTIVATIONS["sigmoid"][1](1e3 * nodes) ** 2) < 1e-30
    assert chi("sigmoid", q, 1) == pytest.approx(1 / 6 / math.sqrt(2 * math.pi * q), rel=1e-5)


@pytest.mark.parametrize("q", [0.0, *LENGTHS, math.inf])
@pytest.mark.parametrize("sigma_w2", [0.3, 1, 2, 1.7])
def test_relu_is_exact(q, sigma_w2):
    assert chi("relu", q, sigma_w2) == sigma_w2 / 2
    if q < math.inf:
        assert length_map("relu", q, sigma_w2) == pytest.approx(sigma_w2 * q / 2, rel=1e-14)


def test_limits_of_short_and_long_vectors():
    assert chi("leaky_relu", 0, 2) == pytest.approx(1 + 1e-4)
    assert chi("sigmoid", 0, 16) == pytest.approx(1)
    assert length_map("sigmoid", 0, 4) == pytest.approx(1)
    assert chi("softplus", math.inf, 2) == 1
    assert chi("tanh", math.inf, 2) == 0


def test_a_kink_elsewhere_is_cut_at():
    """Slopes 0 and 1 below and above 2: χ = P(√q z > 2) = erfc(√(2/q))/2."""
    shifted = Activation("s", "s", lambda sp, z: sp.Piecewise((0, z <= 2), (z - 2, True)), kinks=(2,))
    for q in (0.5, 1.0, 30.0):
        assert chi(shifted, q, 1) == pytest.approx(math.erfc(math.sqrt(2 / q)) / 2, rel=1e-12)


# --- fixed points ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "sigma_w2", "q", "slope", "figures"),
    [("sigmoid", 1, 0.26468688, 0.05572071, 5e-9), ("tanh", 2, 0.61796477, 1.1055288, 5e-8)],
)
def test_the_numbers_of_the_remarks(name, sigma_w2, q, slope, figures):
    found = mean_field(name, sigma_w2)
    assert found.q == pytest.approx(q, abs=5e-9)
    assert found.chi == pytest.approx(slope, abs=figures)
    assert found.decay**2 == pytest.approx(slope, abs=figures)


@pytest.mark.parametrize(
    ("name", "sigma_w2", "sigma_b2"),
    [("sigmoid", 1, 0), ("tanh", 2, 0), ("tanh", 1.3, 0.1), ("softplus", 1, 0), ("relu", 1, 0.5), ("gelu", 1, 0.2)],
)
def test_iteration_leads_to_the_fixed_point(name, sigma_w2, sigma_b2):
    for start in (0.01, 1.0, 5.0):
        assert lengths(name, sigma_w2, sigma_b2, start, 300)[-1] == pytest.approx(
            fixed_point(name, sigma_w2, sigma_b2, start), rel=1e-10
        )


def test_fixed_points_from_paper():
    # q = σ_w² q/2 + σ_b²
    assert fixed_point("relu", 1, 0.5) == pytest.approx(1, abs=1e-13)
    assert fixed_point("relu", 2, start=3.7) == 3.7
    assert fixed_point("relu", 1.9) == 0
    assert fixed_point("relu", 2.1) == math.inf
    assert fixed_point("relu", 2, 0.1) == math.inf
    # more than ReLU in every square
    assert fixed_point("softplus", 2) == math.inf
    assert fixed_point("elu", 2) == math.inf
    # Klambauer et al. (2017): mean 0 and variance 1 stay
    assert fixed_point("selu", 1, start=2.0) == pytest.approx(1, abs=1e-9)
    # a constant: q = σ_b²
    assert fixed_point("tanh", 0, 0.3) == pytest.approx(0.3)
    assert fixed_point("tanh", 0, 1e-15) == pytest.approx(1e-15)
    assert fixed_point("sigmoid", 1, start=0.0) == pytest.approx(0.26468688, abs=5e-9)


@pytest.mark.parametrize("epsilon", [1e-2, 1e-3, 1e-4])
def test_tanh_just_above_criticality(epsilon):
    """1 = σ_w² (1 - 2q + 17/3 q² - …), so q = ε/2 + O(ε²) at σ_w² = 1 + ε."""
    assert fixed_point("tanh", 1 + epsilon) == pytest.approx(epsilon / 2, rel=2 * epsilon)


def test_the_table_of_decays():
    found = decay_per_layer(["sigmoid", "relu"], [1, 2])
    assert [(row.activation, row.sigma_w2) for row in found] == [
        ("sigmoid", 1),
        ("sigmoid", 2),
        ("relu", 1),
        ("relu", 2),
    ]
    assert [row.decay for row in found[2:]] == [pytest.approx(math.sqrt(0.5)), 1]
    assert all(row.chi == pytest.approx(row.decay**2) for row in found)


# --- criticality -----------------------------------------------------------------------------------------------------


def test_lengths_of_tanh_at_criticality():
    """E[tanh²] = q - 2q² + 17/3 q³ - …, so 1/q_{l+1} = 1/q_l + 2 - 5/3 q_l, and 1/q_l = 2l - 5/6 log l + constant."""
    q = lengths("tanh", 1, layers=4000)
    assert 2 * 4000 * q[4000] == pytest.approx(1, abs=2e-3)
    assert 1 / q[4000] - 1 / q[1000] == pytest.approx(2 * 3000 - 5 / 6 * math.log(4), abs=2e-3)


def test_tanh_is_critical_at_one_and_no_bias():
    found = critical("tanh")
    assert (found.sigma_w2, found.sigma_b2, found.q) == (1, 0, 0)


def test_the_published_point_of_the_critical_line():
    """Schoenholz et al. (2017): σ_w² = 1.76 at σ_b² = 0.05."""
    assert critical("tanh", 0.05).sigma_w2 == pytest.approx(1.76, abs=5e-3)


@pytest.mark.parametrize("sigma_b2", [1e-4, 0.05, 0.5, 3.0])
def test_on_the_critical_line_chi_is_one(sigma_b2):
    """The fixed point is found anew by the length map; off the line χ moves as it should."""
    found = critical("tanh", sigma_b2)
    assert found.sigma_b2 == sigma_b2
    assert fixed_point("tanh", found.sigma_w2, sigma_b2) == pytest.approx(found.q, rel=1e-9)
    assert mean_field("tanh", found.sigma_w2, sigma_b2).chi == pytest.approx(1, abs=1e-10)
    assert mean_field("tanh", found.sigma_w2 * 0.99, sigma_b2).chi < 0.9995
    assert mean_field("tanh", found.sigma_w2 * 1.01, sigma_b2).chi > 1.0005


def test_critical_points_by_length():
    assert critical_point("relu", 2.5).sigma_w2 == pytest.approx(2)
    assert critical_point("relu", 2.5).sigma_b2 == pytest.approx(0, abs=1e-13)
    # φ'(0) = 1/4, so 16; and q - 16/4 < 0 says that no bias makes q = 0 a fixed point
    assert critical_point("sigmoid", 0).sigma_w2 == pytest.approx(16)
    assert critical_point("sigmoid", 0).sigma_b2 == pytest.approx(-4)


def test_relu_is_critical_without_biases_only():
    assert critical("relu").sigma_w2 == 2
    with pytest.raises(SymbackpropError, match=r"relu has no critical point at sigma_b2 = 0\.1"):
        critical("relu", 0.1)


# --- measured networks -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "sigma_w2"), [("sigmoid", 1), ("tanh", 2), ("tanh", 0.5), ("relu", 1.5), ("gelu", 3)])
def test_random_networks_agree(name, sigma_w2):
    """Four standard errors of each layer, and 2/n for the width, which is finite."""
    width, depth = 256, 5
    found = measured(name, width, depth, sigma_w2, seed=1, samples=30)
    off = np.abs(np.array(found.ratios) - found.predicted)
    allowed = 4 * np.array(found.errors) + 2 / width * np.array(found.predicted)
    assert len(found.ratios) == depth
    assert (off <= allowed).all()
    # χ for its root would not pass
    wrong = np.abs(np.array(found.ratios) - np.array(found.predicted) ** 2)
    assert (wrong > allowed).any()


def test_at_a_fixed_point_every_layer_does_the_same():
    found = measured("tanh", 8, 4, 2, samples=2)
    assert found.predicted == pytest.approx([math.sqrt(1.1055288)] * 4)


def test_where_lengths_shrink_the_decay_depends_on_the_layer():
    """q_1 = 1, then by the length map: √χ(q_l) rises to √χ(0) = 1."""
    found = measured("tanh", 8, 3, 1, samples=2)
    assert found.predicted[0] == pytest.approx(math.sqrt(integral(ACTIVATIONS["tanh"][1], 1.0)))
    assert list(found.predicted) == sorted(found.predicted)


def test_the_seed_decides():
    one, same, other = (measured("relu", 6, 2, 2, seed=seed, samples=3).ratios for seed in (1, 1, 2))
    assert one == same != other


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: length_map("tanh", -1, 1), "q = -1"),
        (lambda: length_map("tanh", math.inf, 1), "q = inf is endless"),
        (lambda: chi("tanh", 1, -2), "sigma_w2 = -2"),
        (lambda: fixed_point("tanh", 1, -0.1), "sigma_b2 = -0.1"),
        (lambda: mean_field("tanh", math.nan), "sigma_w2 = nan"),
        (lambda: critical("tanh", -1), "sigma_b2 = -1"),
        (lambda: mean_field("g", 1), "generic"),
        (lambda: mean_field("sinh", 1), "there is no activation 'sinh'"),
        (lambda: measured("tanh", 0, 3, 1), "width = 0 is too small"),
        (lambda: measured("tanh", 3, 0, 1), "depth = 0 is too small"),
        (lambda: measured("tanh", 3, 3, 1, samples=1), "samples = 1 is too small"),
        (lambda: measured("tanh", 3, 3, 0), "sigma_w2 = 0"),
    ],
)
def test_bad_numbers_are_refused(call, words):
    with pytest.raises(SymbackpropError, match=words):
        call()


def test_side_by_side_each_is_as_alone():
    cases = [("tanh", 1.5), ("relu", 2.0), ("relu", 1.0)]
    together = side_by_side(cases, width=24, depth=3, seed=5, samples=4)
    assert together == [measured(name, 24, 3, variance, seed=5, samples=4) for name, variance in cases]
    assert together[1] != together[2]
