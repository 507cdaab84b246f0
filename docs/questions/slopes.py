"""The slopes of sigmoid, tanh and ReLU."""

from typing import Any

from symbackprop.derivation import Derivation
from symbackprop.latex.parse import parse
from symbackprop.network import MLP
from symbackprop.quantities import Quantities
from symbackprop.rules.norms import multiplied_out
from symbackprop.rules.slopes import tanh_slope
from symbackprop.topic import Prose, Topic

SPACE = Quantities({"z": ()})


def read(text: str) -> Any:
    return parse(text, "cs231n", SPACE)


def derive(network: MLP, style: str) -> Topic:
    """σ'(z) = σ(z) (1 - σ(z)), tanh'(z) = 1 - tanh²(z), ReLU'(z) = [z > 0]."""
    sigmoid = Derivation(read(r"\sigma'(z)"), SPACE, title="Sigmoid")
    quotient = multiplied_out(read(r"\frac{\exp(-z)}{(1 + \exp(-z))^2}"), "quotient rule")
    split = multiplied_out(
        read(r"\frac{1}{1 + \exp(-z)} \left( 1 - \frac{1}{1 + \exp(-z)} \right)"), "one factor for each"
    )
    named = multiplied_out(read(r"\sigma(z) (1 - \sigma(z))"), "sigmoid by its name")
    tanh = Derivation(read(r"\tanh'(z)"), SPACE, title="Tanh").by(tanh_slope)
    relu = Derivation(read(r"\operatorname{ReLU}'(z)"), SPACE, title="ReLU")
    step = multiplied_out(read(r"\operatorname{step}(z)"), "slope on each side of 0")
    return Topic(
        (
            sigmoid.by(quotient, at=()).by(split, at=()).by(named, at=()),
            tanh,
            relu.by(step, at=()),
            Prose(("The step is 1 where its argument is positive and 0 elsewhere; at 0, where ReLU has a kink, the "
                   "slope is taken from the left.",)),
        ),
        SPACE,
    )  # fmt: skip
