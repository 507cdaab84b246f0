"""Least and greatest slopes: against numbers from paper, and against the slopes written by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sympy

from symbackprop.activations import ACTIVATIONS as ROWS
from symbackprop.activations import Activation
from symbackprop.errors import SymbackpropError
from symbackprop.numeric.backprop import ACTIVATIONS
from symbackprop.numeric.slopes import function, pair, steepest

# the remarks; LeakyReLU, ELU and identity from their definitions, SELU's λα from Klambauer et al. (2017)
BOUNDS = {
    "sigmoid": 0.25,
    "tanh": 1,
    "relu": 1,
    "softplus": 1,
    "gelu": 1.128904,
    "silu": 1.099839,
    "leaky_relu": 1,
    "elu": 1,
    "selu": 1.758099,
    "identity": 1,
}


@pytest.mark.parametrize("name", ROWS)
def test_the_bound_of_every_row(name):
    assert steepest(name).bound == pytest.approx(BOUNDS[name], abs=5e-7)


@pytest.mark.parametrize("name", ROWS)
def test_slopes_lie_between_the_least_and_the_greatest(name):
    """A fine grid of the slopes by hand comes as close as its step allows, and no further."""
    z = np.linspace(-40, 40, 80001)
    by_hand = ACTIVATIONS[name][1](z)
    found = steepest(name)
    assert by_hand.min() == pytest.approx(found.least.slope, abs=1e-6)
    assert by_hand.max() == pytest.approx(found.greatest.slope, abs=1e-6)
    assert by_hand.min() >= found.least.slope - 1e-14
    assert by_hand.max() <= found.greatest.slope + 1e-14


@pytest.mark.parametrize("name", ROWS)
def test_a_slope_that_is_attained_is_taken_there(name):
    for extreme in (steepest(name).least, steepest(name).greatest):
        if extreme.attained:
            slope = ACTIVATIONS[name][1](np.array([extreme.at]))[0]
            assert slope == pytest.approx(extreme.slope, abs=1e-14)


@pytest.mark.parametrize(
    ("name", "end", "attained"),
    [
        ("sigmoid", "least", False),
        ("softplus", "greatest", False),
        ("softplus", "least", False),
        ("elu", "greatest", True),
        ("relu", "greatest", True),
        ("relu", "least", True),
        ("tanh", "greatest", True),
        ("identity", "least", True),
    ],
)
def test_a_limit_is_not_attained(name, end, attained):
    extreme = getattr(steepest(name), end)
    assert extreme.attained is attained
    assert math.isinf(extreme.at) is not attained


def test_gelu_is_steepest_at_the_root_of_two():
    """φ'' = (2 - z²) e^{-z²/2}/√(2π), so φ'(√2) = Φ(√2) + √2 e^{-1}/√(2π) = (1 + erf 1)/2 + e^{-1}/√π."""
    found = steepest("gelu").greatest
    assert found.at == math.sqrt(2)
    assert found.slope == pytest.approx((1 + math.erf(1)) / 2 + math.exp(-1) / math.sqrt(math.pi), abs=1e-15)
    assert sympy.simplify(found.exact - (1 + sympy.erf(1)) / 2 - sympy.exp(-1) / sympy.sqrt(sympy.pi)) == 0
    assert steepest("gelu").least.slope == pytest.approx(1 - found.slope)


def test_silu_is_steepest_where_z_tanh_half_z_is_two():
    """φ'' = 0 says z tanh(z/2) = 2; slopes at z and -z add up to 1."""
    found = steepest("silu")
    assert found.greatest.at == pytest.approx(2.39936, abs=5e-6)
    assert found.least.at == pytest.approx(-2.39936, abs=5e-6)
    assert found.greatest.at * math.tanh(found.greatest.at / 2) == pytest.approx(2, abs=1e-14)
    assert found.least.slope == pytest.approx(-0.099839, abs=5e-7)
    assert found.greatest.slope + found.least.slope == pytest.approx(1, abs=1e-15)
    assert found.greatest.exact is None


@pytest.mark.parametrize("name", ROWS)
def test_by_hand_and_by_sympy_agree(name):
    z = np.linspace(-38, 38, 1522)
    for order, by_hand in enumerate(pair(name)):
        assert by_hand is ACTIVATIONS[name][order]
        assert by_hand(z) == pytest.approx(function(name, order)(z), rel=1e-12, abs=1e-300)


def test_a_row_that_has_a_name_of_ours_is_compiled():
    own, slope = pair(Activation("tanh", "tanh", lambda sp, z: z**3))
    assert own(np.array(2.0)) == 8
    assert slope(np.array(2.0)) == 12


def test_exact_slopes():
    assert steepest("sigmoid").greatest.exact == sympy.Rational(1, 4)
    assert steepest("tanh").greatest.exact == 1


def test_the_numbers_of_saturation():
    """The remarks, erratum 2."""
    sigmoid, tanh = function("sigmoid", 1), function("tanh", 1)
    assert sigmoid(np.array(5.0)) == pytest.approx(0.0066481, abs=5e-8)
    assert tanh(np.array(5.0)) == pytest.approx(1.8158e-4, abs=5e-9)
    assert tanh(np.array(0.1)) == pytest.approx(0.990, abs=5e-4)


def test_a_new_row_needs_nothing_here():
    """z/(1 + z²) has the slope (1 - z²)/(1 + z²)²: 1 at 0, and -1/8 at √3, where its derivative is 0."""
    found = steepest(Activation("bump", "bump", lambda sp, z: z / (1 + z**2)))
    assert (found.greatest.slope, found.greatest.at) == (1, 0)
    assert found.least.exact == sympy.Rational(-1, 8)
    assert abs(found.least.at) == math.sqrt(3)


def test_the_root_of_a_fraction_is_exact():
    """z e^{-z²} has the slope (1 - 2z²) e^{-z²}, whose derivative (4z³ - 6z) e^{-z²} is 0 at √(3/2)."""
    found = steepest(Activation("wave", "wave", lambda sp, z: z * sp.exp(-(z**2))))
    assert abs(found.least.at) == math.sqrt(1.5)
    assert found.least.exact == -2 * sympy.exp(-sympy.Rational(3, 2))


@pytest.mark.parametrize("name", ["g", "sinh"])
def test_a_function_without_numbers_is_refused(name):
    with pytest.raises(SymbackpropError, match="tanh"):
        steepest(name)
