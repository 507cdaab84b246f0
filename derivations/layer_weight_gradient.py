"""The gradient of a row of any weight matrix, from the output."""

from symbackprop.derivation import Derivation
from symbackprop.dims import dim, index
from symbackprop.expr import LOSS, Partial, Row, Weight
from symbackprop.network import MLP
from symbackprop.rules.gradients import weight_row, weight_row_scaled
from symbackprop.rules.layers import closed, to_layer

ORDER = 6


def derive(network: MLP, style: str) -> Derivation:
    """∂L/∂w_{l,j}ᵀ = (0 … h_l … 0) ∏_{k=l+1}^L [D_k W_kᵀ] ∂L/∂ŷ, for 0 ≤ l ≤ L."""
    l, L = index("l"), network.depth
    start = Derivation(Partial(LOSS, Row(Weight(l), index("j")).T), network, known={"l": (dim(0), L)})
    row = start.by(weight_row_scaled) if style == "hadamard" else start.by(weight_row, column_label=True)
    return closed(to_layer(row, network, l + 1, L + 1, name="k", style=style, dots="…", dimensions="all"), network)
