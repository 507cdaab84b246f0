"""Initializations: variances and gains from paper, drawn weights against them."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from symbackprop.errors import SymbackpropError
from symbackprop.network import MLP
from symbackprop.numeric.initializations import (
    DISTRIBUTIONS,
    INITIALIZATIONS,
    Fans,
    draw,
    fans,
    gains,
    initialization,
    measured_gains,
    variances,
)

WIDTHS = [784, 256, 64, 10]

# by hand for W_0 of 784-256-64-10 with bias units counted: 783 units are read, and a unit is read by 255
FIRST = {
    "xavier": Fraction(2, 783 + 255),
    "lecture_xavier": Fraction(2, 784 + 256),
    "he": Fraction(2, 783),
    "he_fan_out": Fraction(2, 255),
    "lecture_he": Fraction(4, 784 + 256),
    "lecun": Fraction(1, 783),
    "orthogonal": Fraction(1, 783),
}


def rng(seed=0):
    return np.random.default_rng(seed)


# --- variances -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", INITIALIZATIONS)
def test_the_variance_of_every_row(name):
    assert variances(WIDTHS, name)[0] == FIRST[name]
    assert initialization(name).source


def test_the_output_has_no_bias_unit():
    assert fans(WIDTHS) == (Fans(783, 255), Fans(255, 63), Fans(63, 10))
    assert fans(WIDTHS, "lecture") == (Fans(784, 256), Fans(256, 64), Fans(64, 10))
    assert variances(WIDTHS, "xavier")[2] == Fraction(2, 73)
    assert variances(WIDTHS, "xavier", reading="lecture")[2] == Fraction(2, 74)
    assert variances(WIDTHS, "lecture_xavier", reading="units") == variances(WIDTHS, "xavier")


@pytest.mark.parametrize("bias", ["separate", "none"])
def test_without_bias_units_both_readings_are_one(bias):
    network = MLP(widths=WIDTHS, bias=bias)
    assert fans(network) == fans(network, "lecture") == (Fans(784, 256), Fans(256, 64), Fans(64, 10))


def test_the_lectures_he_is_that_of_the_paper_for_equal_widths_only():
    """4/(n_l + n_{l+1}) = 2/n_l if and only if they are equal; it is always twice Xavier's."""
    equal = MLP(widths=[50, 50, 50, 50], bias="none")
    assert variances(equal, "lecture_he") == variances(equal, "he") == variances(equal, "he_fan_out")
    network = MLP(widths=WIDTHS, bias="none")
    assert not set(variances(network, "lecture_he")) & set(variances(network, "he"))
    for widths in (equal, network):
        pairs = zip(variances(widths, "lecture_he"), variances(widths, "xavier"), strict=True)
        assert all(one == 2 * two for one, two in pairs)


# --- gains -----------------------------------------------------------------------------------------------------------


def test_the_gains_of_the_remarks():
    """2 n_l/(n_l + n_{l+1}) forward and 2 n_{l+1}/(n_l + n_{l+1}) backward."""
    found = gains(WIDTHS, "lecture_he")
    assert found.forward == (Fraction(2 * 784, 1040), Fraction(2 * 256, 320), Fraction(2 * 64, 74))
    assert found.backward == (Fraction(2 * 256, 1040), Fraction(2 * 64, 320), Fraction(2 * 10, 74))
    forward, backward = found.products
    assert float(forward) == pytest.approx(4.17264, abs=5e-6)
    assert float(backward) == pytest.approx(0.0532225, abs=5e-8)


def test_counted_rightly_the_lectures_gains_are_less():
    found = gains(WIDTHS, "lecture_he", counted="units")
    assert found.forward == (Fraction(2 * 783, 1040), Fraction(2 * 255, 320), Fraction(2 * 63, 74))
    assert found.backward[2] == Fraction(2 * 10, 74)


@pytest.mark.parametrize("widths", [WIDTHS, [3, 9, 4, 2]])
def test_what_each_scheme_keeps(widths):
    """He keeps ReLU's lengths forward or backward, LeCun and orthogonal (narrowing) those of the identity."""
    assert set(gains(widths, "he").forward) == {1}
    assert set(gains(widths, "he_fan_out").backward) == {1}
    assert set(gains(widths, "lecun", 1).forward) == {1}
    xavier = gains(widths, "xavier", 1)
    assert all(one + two == 2 for one, two in zip(xavier.forward, xavier.backward, strict=True))
    ends = gains(widths, "orthogonal", 1)
    assert all(max(pair) == 1 for pair in zip(ends.forward, ends.backward, strict=True))


@pytest.mark.parametrize("name", INITIALIZATIONS)
def test_drawn_weights_have_the_predicted_gains(name):
    """Four and a half standard errors of six numbers each; the other reading, or He for Xavier, is further off."""
    widths = [40, 20, 60, 5]
    found = measured_gains(widths, name, samples=1000, seed=4)
    right = gains(widths, name, counted="units")
    for values, errors, predicted in (
        (found.forward, found.forward_errors, right.forward),
        (found.backward, found.backward_errors, right.backward),
    ):
        off = np.abs(np.array(values) - [float(p) for p in predicted])
        assert (off <= 4.5 * np.array(errors)).all()
        # the tolerance would see a variance that is 15 % off
        assert (4.5 * np.array(errors) < 0.15 * np.array(values)).all()


def test_the_printed_count_is_not_what_the_network_does():
    """With n_l in place of n_l - 1 terms the forward gain of 4 → 3 would be a third too great."""
    widths = [4, 3, 2]
    found = measured_gains(widths, "lecture_he", samples=4000, seed=1)
    off = [abs(found.forward[0] - float(g.forward[0])) for g in (gains(widths, "lecture_he"),)]
    right = gains(widths, "lecture_he", counted="units").forward[0]
    assert off[0] > 10 * found.forward_errors[0]
    assert found.forward[0] == pytest.approx(float(right), abs=4 * found.forward_errors[0])


def test_the_identity_doubles_what_relu_gives():
    one, two = (measured_gains([30, 30, 30], "he", g, samples=500).forward for g in ("identity", "relu"))
    assert one[0] / two[0] == pytest.approx(2, rel=0.1)


# --- drawing ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", INITIALIZATIONS)
@pytest.mark.parametrize("bias", ["augmented", "separate", "none"])
def test_shapes_are_those_of_the_network(name, bias):
    network = MLP(widths=[6, 5, 4, 3], bias=bias)
    W = draw(network, name, rng())
    assert [w.shape for w in W] == ([(4, 6), (3, 5), (3, 4)] if bias == "augmented" else [(5, 6), (4, 5), (3, 4)])


def test_the_network_takes_them():
    network = MLP(widths=[6, 5, 4, 3], activation="tanh", loss="squared_error")
    loss, grads = network.gradients()(draw(network, "xavier", rng()), np.array([1.0, 2, 3, 4, 5, 1]), np.zeros(3))
    assert loss > 0
    assert [g.shape for g in grads] == [(4, 6), (3, 5), (3, 4)]


@pytest.mark.parametrize(("name", "drawn"), [("xavier", False), ("he", False), ("lecture_he", True)])
def test_the_bias_column(name, drawn):
    """The lecture's formula is for the whole of W_l; the papers start biases at 0."""
    assert all(w[:, -1].any() == drawn for w in draw(WIDTHS, name, rng()))
    assert not any(w[:, -1].any() for w in draw(WIDTHS, name, rng(), bias="zero"))
    assert all(w[:, -1].any() for w in draw(WIDTHS, name, rng(), bias="drawn"))
    assert all(w[:, :-1].all() for w in draw(WIDTHS, name, rng(), bias="zero"))


@pytest.mark.parametrize("name", INITIALIZATIONS)
@pytest.mark.parametrize("distribution", [None, *DISTRIBUTIONS])
def test_drawn_entries_have_the_variance(name, distribution):
    """63 × 255 weights: the relative error of a normal sample variance is √(2/16065) = 1.1 %."""
    w = draw(WIDTHS, name, rng(2), distribution=distribution)[1][:, :-1]
    assert w.mean() == pytest.approx(0, abs=5 * w.std() / math.sqrt(w.size))
    assert (w**2).mean() == pytest.approx(float(variances(WIDTHS, name)[1]), rel=0.05)


def test_a_drawn_bias_column_has_the_variance_of_the_others():
    column = np.concatenate([w[:, -1] for w in draw([1001] * 4 + [10], "lecture_he", rng(3))[:3]])
    assert column.var() == pytest.approx(4 / 2002, rel=4.5 * math.sqrt(2 / 3000))


def test_orthogonal_weights_without_the_bias_column():
    for w in draw([8, 5, 7, 3], "orthogonal", rng()):
        assert np.linalg.svd(w[:, :-1], compute_uv=False) == pytest.approx(np.ones(min(w[:, :-1].shape)))


def test_xavier_is_uniform_as_in_the_paper():
    """U[±√6/√(n_in + n_out)], Glorot and Bengio (2010), eq. 16."""
    w = draw(WIDTHS, "xavier", rng())[0]
    end = math.sqrt(6 / (783 + 255))
    assert np.abs(w).max() <= end
    assert np.abs(w).max() == pytest.approx(end, rel=1e-3)
    assert np.abs(draw(WIDTHS, "xavier", rng(), distribution="normal")[0]).max() > end


def test_the_seed_decides():
    one, same, other = (draw([4, 3, 2], "he", rng(seed))[0] for seed in (1, 1, 2))
    assert (one == same).all()
    assert (one != other)[:, :-1].all()


# --- bad input -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: draw(WIDTHS, "glorot", rng()), ", ".join(sorted(INITIALIZATIONS))),
        (lambda: gains(WIDTHS, "He"), "there is no initialization 'He': write one of he, "),
        (lambda: fans(WIDTHS, "true"), "write one of lecture, units"),
        (lambda: variances(WIDTHS, "he", "true"), "write one of lecture, units"),
        (lambda: draw(WIDTHS, "he", rng(), bias="one"), "write one of drawn, zero"),
        (lambda: draw(WIDTHS, "he", rng(), distribution="cauchy"), "write one of normal, orthogonal, uniform"),
        (lambda: fans([3, 2]), "widths 3,2 are not a network"),
        (lambda: fans([3, 1, 2]), "width n_1 = 1 is too small"),
        (lambda: fans(MLP()), "symbolic widths"),
        (lambda: measured_gains(WIDTHS, "he", samples=1), "samples = 1 is too small"),
        (lambda: measured_gains(WIDTHS, "he", "g"), "generic"),
    ],
)
def test_bad_input_is_refused(call, words):
    with pytest.raises(SymbackpropError, match=words):
        call()
