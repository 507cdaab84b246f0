"""Sigmoids make every gradient shrink by a factor of 4 or more a layer, but for the weights."""

from symbackprop.derivation import Derivation
from symbackprop.expr import Elementwise, Named
from symbackprop.library import derive as named
from symbackprop.network import MLP
from symbackprop.quantities import Quantities
from symbackprop.rules.norms import extreme_slope
from symbackprop.rules.slopes import completed_square, sigmoid_slope, square_dropped, steepest
from symbackprop.topic import Prose, Topic

NETWORK = MLP(activation="sigmoid", bias="separate")


def derive(network: MLP, style: str) -> Topic:
    """‖∂L/∂w_{0,j}‖ ≤ σ(0 … x … 0) ∏_l [¼ σ(W_l)] ‖∂L/∂ŷ‖."""
    bound = next(each for each in named("vanishing_gradients", NETWORK).derivations if each.title == "For every depth")
    slope = Derivation(Elementwise("sigmoid", Named("z"), 1), Quantities({"z": ()}), title="The slope of the sigmoid")
    return Topic(
        (
            slope.by(sigmoid_slope).by(completed_square).by(square_dropped),
            bound.by(extreme_slope).by(steepest).called("", "The gradient of the first layer"),
            Prose(("Where the weights of every layer have a spectral norm of 1 at most, n layers leave (1/4)ⁿ.",)),
        ),
        NETWORK,
    )
