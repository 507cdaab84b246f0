"""How steep activations are: the numbers of the rules and of the kernel against values by hand."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import pytest

from symbackprop.derivation import Context, Derivation
from symbackprop.dims import DEPTH, ONE, index, units
from symbackprop.expr import ActivationJacobian, Elementwise, Entry, Named, Number, PreActivation, SingularValue
from symbackprop.judges import kernel, theorems
from symbackprop.judges.outcome import Proved
from symbackprop.magnitudes import Extreme
from symbackprop.network import MLP
from symbackprop.quantities import Quantities
from symbackprop.rules import slopes
from symbackprop.rules.norms import extreme_slope

t = Named("t")
SCALAR = Quantities({"t": ()})
l, i = index("l"), index("i")
# slopes by hand, and where each is steepest
SLOPES: dict[str, tuple[Callable[[float], float], float]] = {
    "sigmoid": (lambda z: math.exp(-z) / (1 + math.exp(-z)) ** 2, 0.0),
    "tanh": (lambda z: 1 / math.cosh(z) ** 2, 0.0),
    "relu": (lambda z: float(z > 0), 1.0),
    "softplus": (lambda z: 1 / (1 + math.exp(-z)), 40.0),
}


@pytest.mark.parametrize("function", SLOPES)
def test_no_slope_is_steeper_and_it_is_reached(function: str) -> None:
    slope, where = SLOPES[function]
    for steepest in (slopes.STEEPEST[function], theorems.STEEPEST[function]):
        assert all(slope(z / 10) <= steepest for z in range(-200, 201))
        assert slope(where) == pytest.approx(float(steepest))


def test_every_steepest_slope_is_tried() -> None:
    assert slopes.STEEPEST.keys() == theorems.STEEPEST.keys() == SLOPES.keys()


def test_the_slope_of_the_sigmoid_is_at_most_a_quarter() -> None:
    begin = Derivation(Elementwise("sigmoid", t, 1), SCALAR)
    made = begin.by(slopes.sigmoid_slope).by(slopes.completed_square).by(slopes.square_dropped)
    assert made.relation == "≤"
    assert made.result == Number(Fraction(1, 4))
    assert all(isinstance(kernel.judge(step, made), Proved) for step in made.steps)


def test_a_layer_of_sigmoids_is_at_most_a_quarter() -> None:
    layer = SingularValue(ActivationJacobian("sigmoid", PreActivation(l)))
    begin = Derivation(layer, MLP(activation="sigmoid"), known={"l": (ONE, DEPTH)})
    made = begin.by(extreme_slope).by(slopes.steepest)
    assert made.result == Number(Fraction(1, 4))
    assert all(isinstance(kernel.judge(step, made), Proved) for step in made.steps)


@pytest.mark.parametrize("function", ["g", "exp", "log"])
def test_nothing_is_said_of_other_functions(function: str) -> None:
    slope = Elementwise("abs", Elementwise(function, Entry(PreActivation(l), i), 1))
    assert slopes.steepest(Extreme("max", "i", ONE, units(l), slope), Context(MLP(), {})) is None


def test_nothing_is_said_of_the_least_slope() -> None:
    slope = Elementwise("abs", Elementwise("tanh", Entry(PreActivation(l), i), 1))
    assert slopes.steepest(Extreme("min", "i", ONE, units(l), slope), Context(MLP(), {})) is None
