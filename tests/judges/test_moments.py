"""Judges of claims about random weights: exact values by hand, closed forms, and what they refuse to say."""

from __future__ import annotations

import itertools
from fractions import Fraction

import pytest

from symbackprop.chance import Expectation, Variance
from symbackprop.dims import DEPTH, ONE, dim, index, units, width
from symbackprop.draws import Draws, RandomMLP
from symbackprop.errors import SymbackpropError
from symbackprop.expr import LOSS, Entry, Expr, Hidden, Partial, Power, PreActivation, Quotient, Size, Weight, number
from symbackprop.judges.claim import Claim
from symbackprop.judges.laws import Kind, TooMany, marginal
from symbackprop.judges.moment_forms import prove
from symbackprop.judges.moments import exact, is_about, numeric
from symbackprop.judges.outcome import Refuted, Supported, Undecided
from symbackprop.network import MLP
from symbackprop.statements import equal

l, i, L = index("l"), index("i"), DEPTH
FORWARD = {"l": (ONE, L), "L": (ONE, None), "i": (ONE, units(l + 1))}
BACKWARD = {"l": (ONE, L - 1), "L": (dim(2), None), "k": (ONE, units(l))}
v = Variance(Entry(Weight(l), ONE, ONE))
HALF = number(Fraction(1, 2))


def z(layer, at=ONE) -> Entry:
    return Entry(PreActivation(layer), at)


def sq(e: Expr) -> Power:
    return Power(e, Fraction(2))


H2 = Expectation(sq(Entry(Hidden(l), ONE)))
NEXT = Variance(z(l + 1, i))


def says(right: Expr, network: RandomMLP, left: Expr = NEXT, known=FORWARD, given=()) -> tuple[bool, type, type]:
    """Whether it is proved, and what both judges say."""
    claim = Claim(left, "=", right, network, known, given)
    proved = prove(left, right, network, known, given) is not None
    return proved, type(exact(claim)), type(numeric(claim))


TRUE, FALSE = (True, Supported, Supported), (False, Refuted, Refuted)
RELU, DRAWN = RandomMLP(activation="relu"), RandomMLP(draws=Draws(biases="drawn"))


@pytest.mark.parametrize("bias", ["augmented", "separate", "none"])
def test_one_layer_forward(bias):
    """Var[z] = fan-in · Var[w] E[h²], and a bias that is drawn adds Var[w] once (He et al. 2015, eq. 6)."""
    fan_in = Size(units(l))
    assert says(fan_in @ v @ H2, RandomMLP(bias=bias)) == TRUE
    drawn = RandomMLP(bias=bias, draws=Draws(biases="drawn"))
    assert says(fan_in @ v @ H2 + v, drawn) == (TRUE if bias != "none" else FALSE)
    assert says(fan_in @ v @ H2, drawn) == (FALSE if bias != "none" else TRUE)


WRONG = {
    "fan-in with the bias unit": Size(width(l)) @ v @ H2,
    "fan-out": Size(units(l + 1)) @ v @ H2,
    "square of the mean": Size(units(l)) @ v @ sq(Expectation(Entry(Hidden(l), ONE))),
    "variance of h": Size(units(l)) @ v @ Variance(Entry(Hidden(l), ONE)),
    "half missing": Size(units(l)) @ v @ Variance(z(l)),
    "a quarter": number(Fraction(1, 4)) @ Size(units(l)) @ v @ Variance(z(l)),
    "weights of the layer before": Size(units(l)) @ Variance(Entry(Weight(l - 1), ONE, ONE)) @ H2,
    "standard deviation": Size(units(l)) @ sq(v) @ H2,
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_gains_are_refuted_by_both(name):
    assert says(HALF @ Size(units(l)) @ v @ Variance(z(l)), RELU) == TRUE
    assert says(WRONG[name], RELU) == FALSE


def test_one_layer_back():
    network = RandomMLP(activation="relu", draws=Draws(independent_gradients=True))
    k = index("k")

    def gradient(layer, at=ONE) -> Variance:
        return Variance(Partial(LOSS, z(layer, at)))

    left = gradient(l, k)
    assert says(HALF @ Size(units(l + 1)) @ v @ gradient(l + 1), network, left, BACKWARD) == TRUE
    for fan in (width(l + 1), units(l), units(l + 1) + 1):
        assert says(HALF @ Size(fan) @ v @ gradient(l + 1), network, left, BACKWARD) == FALSE
    assert says(Size(units(l + 1)) @ v @ gradient(l + 1), network, left, BACKWARD) == FALSE


def test_symmetry_is_needed():
    """E[ReLU(z)²] = ½ E[z²] is false for weights of mean 0 that are not symmetric."""
    right = HALF @ Size(units(l)) @ v @ Variance(z(l))
    skew = RandomMLP(activation="relu", draws=Draws(symmetric=False))
    proved, found, _ = says(right, skew)
    assert (proved, found) == (False, Refuted)


# --- the enumeration itself ------------------------------------------------------------------------------------------


def kind(draws: Draws, widths=(2, 2, 1), activation="relu", points=2, variance=None) -> Kind:
    return Kind(widths, "augmented", activation, draws, lambda layer: variance, points)


@pytest.mark.parametrize("draws", [Draws(), Draws(symmetric=False), Draws(biases="drawn")])
@pytest.mark.parametrize("points", [2, 3])
@pytest.mark.parametrize("variance", [None, Fraction(2, 7), Fraction(1), Fraction(9, 2)])
def test_weights_have_mean_0_and_the_variance_said(draws, points, variance):
    law = kind(draws, points=points, variance=variance).weight(1, 1)
    total = sum(law.values())
    assert sum(value * weight for value, weight in law.items()) == 0
    second = Fraction(sum(value**2 * weight for value, weight in law.items()), total)
    assert second == variance or (variance is None and second > 0)
    mirrored = {-value: weight for value, weight in law.items()}
    assert (mirrored == law) == draws.symmetric


def test_the_bias_column():
    assert kind(Draws()).weight(0, 2) == {0: 1}
    assert kind(Draws(biases="drawn")).weight(0, 2) == kind(Draws()).weight(0, 1)


def test_preactivations_by_hand():
    """x = (1, 1) or (-2, 1) at odds of 1 to 2, W_0 = (±1, 0): z = ±1 or ±2."""
    assert kind(Draws()).preactivations(1, 1) == {(1,): 1, (-1,): 1, (-2,): 2, (2,): 2}
    assert kind(Draws()).hidden(1) == {(1, 1): 1, (0, 1): 3, (2, 1): 2}


def test_what_is_assumed_of_gradients():
    """In a hidden layer: mean 0, entries alike, and not independent; in the output neither alike nor of mean 0."""
    made = kind(Draws(independent_gradients=True), widths=(2, 4, 3))
    law = made.gradient(1)
    one = marginal(law, [1])
    assert all(marginal(law, [place]) == one for place in (2, 3))
    assert sum(value * weight for (value,), weight in one.items()) == 0
    pairs = marginal(law, [1, 2])
    total = sum(law.values())
    assert any(pairs.get((a, b), 0) * total != one[(a,)] * one[(b,)] for (a,), (b,) in itertools.product(one, one))
    output = made.gradient(2)
    assert marginal(output, [1]) != marginal(output, [2])
    assert sum(value * weight for (value, *_), weight in output.items()) != 0
    signs = made.preactivations(1, 3)
    assert all(0 not in outcome for outcome in signs)
    assert all(signs[tuple(-value for value in outcome)] == weight for outcome, weight in signs.items())


def test_too_many_outcomes_are_not_enumerated():
    with pytest.raises(TooMany):
        kind(Draws(biases="drawn"), widths=(9, 9, 2), points=3).hidden(1)


def test_exact_numbers():
    """Var[z_1] of one input: E[w²] E[x²] = 1 · (1/3 · 1 + 2/3 · 4) = 3, with x = 1 or -2."""
    network = RandomMLP(widths=[2, 2, 1], activation="relu", draws=Draws(variance=number(1)))
    for right, found in ((3, Supported), (2, Refuted)):
        assert isinstance(exact(Claim(Variance(z(ONE)), "=", number(right), network)), found)


# --- what they do not say --------------------------------------------------------------------------------------------


def test_inequalities_and_networks_without_draws_are_undecided():
    for judge in (exact, numeric):
        assert isinstance(judge(Claim(NEXT, "≤", v, RELU, FORWARD)), Undecided)
        assert isinstance(judge(Claim(NEXT, "=", v, MLP(), FORWARD)), Undecided)
    assert prove(NEXT, NEXT, MLP(), FORWARD) is None


def test_a_function_without_rational_values_is_only_sampled():
    right = Size(units(l)) @ v @ H2
    proved, found, sampled = says(right, RandomMLP(activation="tanh"))
    assert (proved, found, sampled) == (True, Undecided, Supported)


def test_where_only_one_side_says_something_a_claim_is_refuted():
    """At l = 1 there is no W_{l-2}."""
    known = {"l": (ONE, L), "L": (dim(2), None)}
    right = Variance(Entry(Weight(l - 2), ONE, ONE))
    assert isinstance(exact(Claim(right + v, "=", right + v, RELU, known)), Supported)
    assert isinstance(exact(Claim(v, "=", v + right, RELU, known)), Refuted)


def test_equations_assumed():
    """Of ½ (n_l - 1) v = 1 follows v = 2/(n_l - 1), and nothing else."""
    given = (equal(HALF @ Size(units(l)) @ v, number(1)),)
    known = {"l": (ONE, L), "L": (ONE, None)}
    assert says(Quotient(number(2), Size(units(l))), RELU, v, known, given) == TRUE
    assert says(Quotient(number(2), Size(width(l))), RELU, v, known, given) == FALSE
    assert says(Quotient(number(2), Size(units(l))), RELU, v, known) == FALSE


def test_is_about():
    assert is_about(Claim(v, "=", v, RELU))
    assert not is_about(Claim(z(l), "=", z(l), RELU))


def test_biases_are_zero_or_drawn():
    with pytest.raises(SymbackpropError, match="write one of zero, drawn"):
        Draws(biases="one")
