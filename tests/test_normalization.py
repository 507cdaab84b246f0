"""Networks with normalized layers: what the equations are, what they refuse, and their numbers."""

from __future__ import annotations

import time
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

import symbackprop as sb
from symbackprop.dims import dim, index, units
from symbackprop.errors import SymbackpropError
from symbackprop.expr import (
    LOSS,
    Hidden,
    LayerMap,
    Named,
    Norm,
    Number,
    Ones,
    Partial,
    PreActivation,
    Size,
    Variable,
    Weight,
)
from symbackprop.judges import exact
from symbackprop.judges.claim import Claim
from symbackprop.judges.outcome import Refuted, Supported
from symbackprop.network import MLP
from symbackprop.normalization import SCHEMES, as_epsilon, one_set, scheme
from symbackprop.numeric.backprop import ACTIVATIONS, LOSSES
from symbackprop.numeric.normalized import normalize, normalize_in_groups, normalized_backprop

l = index("l")


# --- equations -------------------------------------------------------------------------------------------------------


def definition(network: MLP, variable: Variable):
    found = network.definition(variable, {"l": (dim(1), network.depth)})
    assert found is not None
    return found.right


def test_the_output_is_not_normalized() -> None:
    network = MLP(normalization="layer", widths=[3, 4, 2])
    assert network.uses(PreActivation(2), {})[0].left == LOSS
    assert [e.left for e in network.uses(PreActivation(1), {})] == [Named("mean", dim(1)), Named("c", dim(1))]


def test_shapes() -> None:
    network = MLP(normalization="layer")
    assert network.shape_of(Named("c", l)) == network.shape_of(Named("v", l)) == (units(l), dim(1))
    assert network.shape_of(Named("s", l)) == network.shape_of(Named("mean", l)) == (dim(1), dim(1))
    with pytest.raises(SymbackpropError):
        MLP(normalization="rms").shape_of(Named("mean", l))
    with pytest.raises(SymbackpropError, match="index runs from 1"):
        network.shape_of(Named("s", dim(0)))


def test_rms_has_no_mean() -> None:
    network = MLP(normalization="rms")
    assert definition(network, Named("s", l)) == Norm(PreActivation(l))
    assert definition(network, Hidden(l)) == LayerMap("g", Named("a", l))


def test_given_widths_keep_the_scheme() -> None:
    given = MLP(normalization="rms", epsilon=0.5).given([3, 4, 2])
    assert (given.scheme, given.epsilon) == (SCHEMES["rms"], Fraction(1, 2))


# --- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"normalization": "layer", "epsilon": -1e-5}, "epsilon = -1e-05 is negative.*write 0 or more"),
        ({"normalization": "layer", "epsilon": float("nan")}, "epsilon = nan is not a number"),
        ({"normalization": "layer", "epsilon": "1 2"}, "is no letter"),
        ({"epsilon": 1e-5}, "epsilon belongs to a normalization"),
        ({"normalization": "layr"}, "there is no normalization 'layr': write one of batch, group"),
        ({"normalization": "layer", "widths": [3, 2, 4]}, "layer 1 has one unit.*s_1 = 0 always.*n_1 of 3 or more"),
        ({"normalization": "layer", "widths": [3, 1, 4], "bias": "none"}, "n_1 of 2 or more"),
        ({"normalization": "batch"}, "averages over the examples.*write normalization='layer', 'rms' or 'group'"),
        ({"normalization": "instance"}, "averages over the positions of a channel"),
        ({"normalization": "group"}, "needs a number of groups: write groups=2"),
        ({"groups": 2}, "groups belong to group normalization: write normalization='group'"),
        ({"normalization": "layer", "groups": 2}, "groups belong to group normalization"),
        ({"normalization": "group", "groups": 0}, "groups = 0 is not a number of groups: write 1 or more"),
        ({"normalization": "group", "groups": -2}, "groups = -2 is not a number of groups"),
        ({"normalization": "group", "groups": 1.5}, "groups = 1.5 is not a whole number"),
        (
            {"normalization": "group", "groups": 3, "widths": [4, 7, 5, 2]},
            "layer 2 has 4 units.*not 3 groups of equally many.*a width n_2 of 7 or 10, or groups=1 or 2$",
        ),
        (
            {"normalization": "group", "groups": 2, "widths": [4, 5, 2], "bias": "none"},
            "layer 1 has 5 units.*a width n_1 of 4 or 6, or groups=1$",
        ),
        ({"normalization": "group", "groups": 4, "widths": [4, 5, 2]}, "layer 1 has 4 units.*two or more each"),
        ({"normalization": "layer", "activation": "s"}, "the letter s is a quantity of a normalized network"),
    ],
)
def test_bad_input_is_a_sentence(options, words) -> None:
    with pytest.raises(SymbackpropError, match=words):
        MLP(**options)


def test_one_unit_is_enough_where_nothing_is_centred() -> None:
    assert MLP(normalization="rms", widths=[3, 2, 4]).widths == (3, 2, 4)


def test_epsilon() -> None:
    assert as_epsilon(1e-5) == Fraction(1, 100_000)
    assert as_epsilon(0) is None
    assert as_epsilon("epsilon") == "epsilon"
    right = definition(MLP(normalization="layer", epsilon=0.25), Named("s", l))
    assert right.operand.terms[1].factors == (Size(units(l)), Number(Fraction(1, 4)))


def test_names_of_schemes() -> None:
    assert scheme("Layer") is SCHEMES["layer"]
    assert [row.name for row in SCHEMES.values() if not row.centred] == ["rms"]


def test_compiled_code_refuses_rather_than_ignores() -> None:
    network = MLP(normalization="layer", activation="tanh", loss="squared_error", widths=[3, 4, 2])
    with pytest.raises(SymbackpropError, match="layer normalization of an MLP is not compiled"):
        network.gradients()
    with pytest.raises(SymbackpropError, match="layer normalization of an MLP is not compiled"):
        sb.lambdify(sb.derive("weight_gradient", network))


# --- numbers ---------------------------------------------------------------------------------------------------------


def difference(f, at: np.ndarray, step: float = 1e-20) -> np.ndarray:
    """The gradient of a scalar function, by complex steps."""
    gradient = np.zeros(at.shape)
    for place in np.ndindex(*at.shape):
        moved = at.astype(complex)
        moved[place] += 1j * step
        gradient[place] = f(moved).imag / step
    return gradient


@pytest.mark.parametrize("epsilon", [0.0, 0.3])
def test_groups_in_numbers(epsilon) -> None:
    rng = np.random.default_rng(0)
    z, upstream = rng.standard_normal((6, 5)), rng.standard_normal((6, 5))
    made = normalize_in_groups(z, 2, epsilon)
    apart = [normalize(part, 0, True, epsilon).out for part in (z[:3], z[3:])]
    assert np.allclose(made.out, np.concatenate(apart))
    wanted = difference(lambda at: (upstream * normalize_in_groups(at, 2, epsilon).out).sum(), z)
    assert np.allclose(made.backward(upstream)["z"], wanted, atol=1e-12)
    with pytest.raises(ValueError, match="6 units are not 4 groups"):
        normalize_in_groups(z, 4)


def test_one_group_has_the_numbers_of_a_layer_and_two_have_others() -> None:
    rng = np.random.default_rng(1)
    W, x, y = (
        [rng.standard_normal(s) for s in ((6, 4), (2, 7))],
        rng.standard_normal((4, 3)),
        rng.standard_normal((2, 3)),
    )
    v, u = ([None, rng.standard_normal((6, 1))] for _ in "vu")
    of = (W, x, y, ACTIVATIONS["tanh"], LOSSES["squared_error"], v, u)
    layer, one, two = normalized_backprop(*of), normalized_backprop(*of, groups=1), normalized_backprop(*of, groups=2)
    assert np.array_equal(layer.dW[0], one.dW[0])
    assert not np.allclose(layer.dW[0], two.dW[0], rtol=0.1)
    for l, w in enumerate(W):
        wanted = difference(lambda at, l=l: normalized_backprop([*W[:l], at, *W[l + 1 :]], *of[1:], groups=2).loss, w)
        assert np.allclose(two.dW[l], wanted, atol=1e-12)


@pytest.mark.parametrize("is_centred", [True, False])
@pytest.mark.parametrize("epsilon", [0.0, 0.3])
@pytest.mark.parametrize("axis", [0, 1])
def test_the_lemma_in_numbers(is_centred, epsilon, axis) -> None:
    rng = np.random.default_rng(0)
    z, upstream = rng.standard_normal((4, 5)), rng.standard_normal((4, 5))
    made = normalize(z, axis, is_centred, epsilon)
    wanted = difference(lambda at: (upstream * normalize(at, axis, is_centred, epsilon).out).sum(), z)
    assert np.allclose(made.backward(upstream)["z"], wanted, atol=1e-12)
    if is_centred:
        assert np.allclose(made.backward(upstream)["z"].sum(axis=axis), 0)


def test_batch_normalization_by_its_formula() -> None:
    """The remarks: `dx = (γ/σ)(q - mean q - x̂ mean(q x̂))`."""
    rng = np.random.default_rng(1)
    x, q, gamma = rng.standard_normal((3, 7)), rng.standard_normal((3, 7)), rng.standard_normal((3, 1))
    made = normalize(x, axis=1)
    deviation = x.std(axis=1, keepdims=True)
    x_hat = (x - x.mean(axis=1, keepdims=True)) / deviation
    wanted = gamma / deviation * (q - q.mean(1, keepdims=True) - x_hat * (q * x_hat).mean(1, keepdims=True))
    assert np.allclose(made.out, x_hat)
    assert np.allclose(made.backward(gamma * q)["z"], wanted)


def test_group_normalization_is_layer_normalization_of_each_group() -> None:
    """As PyTorch lays groups out: consecutive units; the Jacobian has no entries between groups."""
    rng = np.random.default_rng(2)
    z, upstream = rng.standard_normal((3, 4)), rng.standard_normal((3, 4))
    whole = normalize(z, axis=1).backward(upstream)["z"]
    for group in range(3):
        alone = normalize(z[group : group + 1], axis=1).backward(upstream[group : group + 1])["z"]
        assert np.allclose(alone, whole[group : group + 1])


@pytest.mark.parametrize("is_centred", [True, False])
@pytest.mark.parametrize("augmented", [True, False])
def test_backpropagation_by_hand(is_centred, augmented) -> None:
    """Every gradient against complex steps, summed over a batch."""
    rng = np.random.default_rng(3)
    sizes = [3, 4, 5, 2]
    W = [rng.standard_normal((out, inner + (augmented and l > 0))) for l, (inner, out) in enumerate(pairwise(sizes))]
    v = [None, *(rng.standard_normal((n, 1)) for n in sizes[1:3])]
    u = [None, *(rng.standard_normal((n, 1)) for n in sizes[1:3])]
    x, y = rng.standard_normal((3, 6)), rng.standard_normal((2, 6))

    def run(W=W, v=v, u=u):
        rows = ACTIVATIONS["tanh"], LOSSES["squared_error"]
        return normalized_backprop(W, x, y, *rows, v, u, augmented=augmented, is_centred=is_centred, epsilon=0.1)

    made = run()

    def at(items, place, value):
        return [value if i == place else item for i, item in enumerate(items)]

    for layer in range(3):
        wanted = difference(lambda w, k=layer: run(W=at(W, k, w)).loss, W[layer])
        assert np.allclose(made.dW[layer], wanted, atol=1e-10)
    for layer in (1, 2):
        by_v = difference(lambda w, k=layer: run(v=at(v, k, w)).loss, v[layer])
        by_u = difference(lambda w, k=layer: run(u=at(u, k, w)).loss, u[layer])
        assert np.allclose(made.named["v"][layer], by_v, atol=1e-10)
        assert np.allclose(made.named["u"][layer], by_u, atol=1e-10)


# --- the exact judge where every layer has a root --------------------------------------------------------------------


def test_depth_eight_does_not_take_two_to_the_eight_points() -> None:
    """Roots are found layer by layer: 24 of them would be found together at one in 16 million points."""
    widths = [3, *[5] * 24, 2]
    network = MLP(normalization="layer", widths=widths)
    start = time.perf_counter()
    good = Claim(Partial(LOSS, Hidden(dim(1))), "=", Weight(1).T @ Partial(LOSS, PreActivation(2)), network)
    bad = Claim(Partial(LOSS, Hidden(dim(1))), "=", Weight(1).T @ Partial(LOSS, Named("a", dim(2))), network)
    assert isinstance(exact.judge(good), Supported)
    assert isinstance(exact.judge(bad), Refuted)
    assert time.perf_counter() - start < 60


def test_one_seed_is_one_point() -> None:
    """Whatever was asked for first: a point is settled before anything is read off it."""
    from symbackprop.judges.field import Point, table
    from symbackprop.judges.forward import value

    network = MLP(normalization="layer", widths=[4, 5, 5, 3])
    first, second = Point(network, 7), Point(network, 7)
    weights = [Weight(0), Weight(1)]
    before = [table(value(w, first, {})) for w in weights]
    value(LOSS, second, {})
    assert before == [table(value(w, second, {})) for w in weights]


def test_one_set_has_its_sizes() -> None:
    network, at = one_set("batch", "epsilon")
    given = network.given({"m": 4})
    assert given.shape_of(at.out) == (dim(4), dim(1))
    assert given.epsilon == "epsilon"
    assert Ones(at.size) == Ones(index("m"))
