"""The gradient of the biases of a layer: a column of their own, or the last column of the weights."""

from symbackprop.derivation import Derivation
from symbackprop.dims import dim, index, width
from symbackprop.errors import SymbackpropError
from symbackprop.expr import LOSS, Bias, Column, Expr, Partial, Weight
from symbackprop.network import MLP
from symbackprop.rules.gradients import bias
from symbackprop.rules.layers import closed, to_layer

ORDER = 8


def derive(network: MLP, style: str) -> Derivation:
    """∂L/∂b_l = ∂L/∂z_{l+1} = ∏_{k=l+1}^L [D_k W_kᵀ] ∂L/∂ŷ, for 0 ≤ l ≤ L."""
    if network.bias == "none":
        raise SymbackpropError("a network without biases has no gradient of them: write bias augmented or separate")
    l, L = index("l"), network.depth
    b: Expr = Column(Weight(l), width(l)) if network.augmented else Bias(l)
    line = Derivation(Partial(LOSS, b), network, known={"l": (dim(0), L)}).by(bias)
    return closed(to_layer(line, network, l + 1, L + 1, name="k", style=style, dots="…", dimensions="all"), network)
