"""The gradient of a whole weight matrix: an outer product."""

from symbackprop.derivation import Derivation
from symbackprop.dims import dim, index
from symbackprop.expr import LOSS, Partial, Weight
from symbackprop.network import MLP
from symbackprop.rules.gradients import weight_matrix
from symbackprop.rules.layers import closed, to_layer

ORDER = 7


def derive(network: MLP, style: str) -> Derivation:
    """∂L/∂W_l = ∂L/∂z_{l+1} h_lᵀ = (∏_{k=l+1}^L [D_k W_kᵀ] ∂L/∂ŷ) h_lᵀ, for 0 ≤ l ≤ L."""
    l, L = index("l"), network.depth
    start = Derivation(Partial(LOSS, Weight(l)), network, known={"l": (dim(0), L)})
    outer = start.by(weight_matrix)
    return closed(to_layer(outer, network, l + 1, L + 1, name="k", style=style, dots="…", dimensions="all"), network)
