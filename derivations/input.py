"""The gradient of the input: how the loss changes with the data."""

from symbackprop.derivation import Derivation
from symbackprop.expr import LOSS, Hidden, Partial
from symbackprop.network import MLP
from symbackprop.rules.gradients import through_weights
from symbackprop.rules.layers import closed, to_layer

ORDER = 9


def derive(network: MLP, style: str) -> Derivation:
    """∂L/∂x = W_0ᵀ ∂L/∂z_1 = W_0ᵀ ∏_{l=1}^L [D_l W_lᵀ] ∂L/∂ŷ."""
    first = Derivation(Partial(LOSS, Hidden(0)), network).by(through_weights)
    line = to_layer(first, network, 1, network.depth + 1, style=style, dots="…", dimensions="all")
    return closed(line, network)
