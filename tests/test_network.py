"""The lecture's network, and what is said of one that cannot be."""

from __future__ import annotations

import numpy as np
import pytest

from symbackprop.activations import ACTIVATIONS
from symbackprop.dims import DEPTH, ONE, dim, index, units, width
from symbackprop.errors import SymbackpropError
from symbackprop.expr import (
    LOSS,
    Bias,
    Elementwise,
    Function,
    Hidden,
    LayerMap,
    LogSumExp,
    PreActivation,
    Target,
    Weight,
)
from symbackprop.losses import LOSSES
from symbackprop.network import MLP
from symbackprop.tree import subterms

l = index("l")
KNOWN = {"l": (ONE, DEPTH), "L": (ONE, None)}


def test_the_lecture_is_the_default():
    network = MLP()
    assert network.depth == DEPTH
    assert network.augmented
    forward, activation, loss = network.equations
    assert (forward.left, forward.right) == (PreActivation(l + 1), Weight(l) @ Hidden(l))
    assert (forward.index, forward.lower, forward.upper) == ("l", dim(0), DEPTH)
    assert (activation.left, activation.right) == (Hidden(l), LayerMap("g", PreActivation(l)))
    assert (activation.lower, activation.upper) == (ONE, DEPTH)
    assert (loss.left, loss.right) == (LOSS, Function("L", (PreActivation(DEPTH + 1), Target())))
    assert network.output == PreActivation(DEPTH + 1)
    assert network.input == Hidden(0)


def test_modes_of_the_bias():
    separate, none = MLP(bias="separate"), MLP(bias="none")
    assert separate.equations[0].right == Weight(l) @ Hidden(l) + Bias(l)
    assert none.equations[0].right == Weight(l) @ Hidden(l)
    for network in (separate, none):
        assert network.equations[1].right == Elementwise("g", PreActivation(l))
        assert network.normal(units(l)) == width(l)
    assert MLP().normal(units(l)) == units(l)
    # the output has no bias unit
    assert MLP().normal(units(DEPTH + 1)) == width(DEPTH + 1)
    assert MLP().says(units(l) + 1) == "n_l"


def test_only_bias_units_are_constant():
    assert MLP().constant(Hidden(l), width(l)) == 1
    assert MLP().constant(Hidden(l), width(l) - 1) is None
    assert MLP().constant(PreActivation(l), width(l)) is None
    assert MLP(bias="none").constant(Hidden(l), width(l)) is None
    assert MLP(widths=[4, 5, 3]).constant(Hidden(1), dim(5)) == 1


def test_depth_and_widths():
    assert MLP(3).depth == MLP(widths=[4, 5, 5, 5, 2]).depth == MLP(3, [4, 5, 5, 5, 2]).depth == dim(3)
    assert MLP("L").depth == MLP(DEPTH).depth == DEPTH
    assert MLP(widths=list(np.array([4, 5, 3]))).widths == (4, 5, 3)
    assert MLP(widths=[2, 2, 1]).widths == (2, 2, 1)
    assert MLP(widths=[1, 1, 1], bias="none").widths == (1, 1, 1)
    network = MLP(widths=[4, 5, 5, 3])  # the example of the README: W_0 4×4, W_1 4×5, W_2 3×5
    assert [network.shape_of(Weight(i)) for i in range(3)] == [
        (dim(4), dim(4)),
        (dim(4), dim(5)),
        (dim(3), dim(5)),
    ]


def test_the_same_kind_of_network_at_given_widths():
    class Own(MLP):
        pass

    own = Own(activation="tanh", loss="squared_error", bias="separate")
    made = own.given([2, 3, 4])
    assert type(made) is Own
    assert made.widths == (2, 3, 4)
    assert (made.activation, made.loss, made.bias) == (own.activation, own.loss, own.bias)


@pytest.mark.parametrize("name", [name for name, row in ACTIVATIONS.items() if row.offered])
def test_activations_by_name(name):
    network = MLP(activation=name)
    assert network.equations[1].right == LayerMap(network.activation.name, PreActivation(l))


@pytest.mark.parametrize("name", LOSSES)
def test_losses_by_name(name):
    right = MLP(loss=name).equations[-1].right
    parts = [part for _, part in subterms(right)]
    assert PreActivation(DEPTH + 1) in parts
    assert Target() in parts
    assert (name == "generic") == isinstance(right, Function)
    assert any(isinstance(part, LogSumExp) for part in parts) == (name == "softmax_cross_entropy")


def test_a_letter_is_a_generic_activation():
    assert MLP(activation="f").equations[1].right == LayerMap("f", PreActivation(l))


REFUSED = [
    ({"depth": 0}, "depth 0 is not a network: the depth counts hidden layers; write 1 or more, or L"),
    ({"depth": -2}, "depth -2 is not a network: the depth counts hidden layers; write 1 or more, or L"),
    ({"depth": 2.5}, "depth = 2.5 is not a whole number: write one, such as 5"),
    ({"depth": "deep"}, "depth = 'deep' is not a whole number"),
    ({"widths": []}, "widths (none) are not a network: write three or more, n_0 of the input, one for each hidden"),
    ({"widths": [4]}, "widths 4 are not a network"),
    ({"widths": [4, 3]}, "widths 4,3 are not a network"),
    ({"depth": 3, "widths": [4, 5, 3]}, "3 widths do not fit depth 3: write 5 of them, n_0 to n_4"),
    ({"depth": 1, "widths": [4, 5, 5, 3]}, "4 widths do not fit depth 1: write 3 of them, n_0 to n_2"),
    ({"depth": DEPTH, "widths": [4, 5, 3]}, "widths 4,5,3 need a given depth: write 1 or leave it out"),
    ({"depth": "L", "widths": [4, 5, 3]}, "widths 4,5,3 need a given depth: write 1 or leave it out"),
    (
        {"widths": [4, 1, 3]},
        "width n_1 = 1 is too small: write 2 or more (the bias unit is counted, so 1 would be the bias unit alone)",
    ),
    ({"widths": [1, 4, 3]}, "width n_0 = 1 is too small: write 2 or more (the bias unit"),
    ({"widths": [4, 5, 0]}, "width n_2 = 0 is too small: write 1 or more"),
    ({"widths": [4, 0, 3], "bias": "none"}, "width n_1 = 0 is too small: write 1 or more"),
    ({"widths": [4, -5, 3], "bias": "separate"}, "width n_1 = -5 is too small: write 1 or more"),
    ({"widths": [4, 2.5, 3]}, "width n_1 = 2.5 is not a whole number: write one, such as 5"),
    ({"widths": "453"}, "width n_0 = '4' is not a whole number"),
    ({"activation": "sigmiod"}, "there is no activation 'sigmiod': write one of "),
    ({"activation": ""}, "there is no activation '': write one of "),
    ({"loss": "mse"}, "there is no loss 'mse': write one of "),
    ({"bias": "units"}, "there is no bias 'units': write one of augmented, separate, none"),
]


@pytest.mark.parametrize(("options", "message"), REFUSED, ids=[str(options) for options, _ in REFUSED])
def test_what_cannot_be_is_said_in_a_sentence(options, message):
    with pytest.raises(SymbackpropError) as refused:
        MLP(**options)
    said = str(refused.value)
    assert said.startswith(message)
    assert "\n" not in said


def test_the_sentence_lists_what_there_is():
    with pytest.raises(SymbackpropError) as refused:
        MLP(activation="swish")
    for name in ("relu", "tanh", "gelu", "a letter for a generic one"):
        assert name in str(refused.value)
    with pytest.raises(SymbackpropError) as refused:
        MLP(loss="mse")
    for name in LOSSES:
        assert name in str(refused.value)
