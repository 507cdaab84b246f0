"""The lecture's question: the gradient of a row of the first weight matrix (slides 1 and 2)."""

from symbackprop.derivation import Derivation
from symbackprop.dims import index
from symbackprop.expr import LOSS, Partial, Row, Weight
from symbackprop.network import MLP
from symbackprop.rules.gradients import weight_row, weight_row_scaled
from symbackprop.rules.layers import closed, layer_factor, one_layer_on, to_layer
from symbackprop.rules.products import absorb, fold

ORDER = 5
# deeper networks than this are not written out layer by layer, but as those of depth L are
WRITTEN_OUT = {"jacobian": 400, "hadamard": 30}


def derive(network: MLP, style: str) -> Derivation:
    """∂L/∂w_{0,j}ᵀ = (0 … x … 0) ∏_{l=1}^L [D_l W_lᵀ] ∂L/∂ŷ."""
    start = Derivation(Partial(LOSS, Row(Weight(0), index("j")).T), network)
    if style == "hadamard":
        return closed(entrywise(start, network), network)
    given = start.by(weight_row, label="w0.given", column_label=True, dimensions="columns")
    explicit = is_written_out(network, style)
    return closed(unrolled(given, network) if explicit else every_depth(given, network), network)


def is_written_out(network: MLP, style: str) -> bool:
    """Whether every layer gets its own steps."""
    return network.depth.is_constant and network.depth.constant <= WRITTEN_OUT[style]


def every_depth(given: Derivation, network: MLP) -> Derivation:
    """As on the slides: two layers written out, the others by induction, then the last one."""
    L = network.depth
    one = one_layer_on(given, "jacobian", ("w0.1", "w0.2"), restated="w0.restated")
    two = one_layer_on(one, "jacobian", ("w0.3", "w0.4"))
    all_but_one = to_layer(two, network, 1, L, since=1, label="w0.5", dots="…")
    last = one_layer_on(all_but_one, "jacobian", ("w0.6", "w0.7"))
    return last.by(absorb, label="w0.closed", dimensions="all")


def unrolled(given: Derivation, network: MLP) -> Derivation:
    """For a given depth: layer after layer, then as one product."""
    depth = network.depth.constant
    for _ in range(depth):
        given = one_layer_on(given, "jacobian")
    return given.by(fold("l", layer_factor(network, "l"), 1, depth), label="w0.closed", dimensions="all")


def entrywise(start: Derivation, network: MLP) -> Derivation:
    """With Hadamard products: entry j of the first layer's gradient times x."""
    given = start.by(weight_row_scaled)
    if is_written_out(network, "hadamard"):
        for _ in range(network.depth.constant):
            given = one_layer_on(given, "hadamard")
        return given
    two = one_layer_on(one_layer_on(given, "hadamard"), "hadamard")
    return to_layer(two, network, 1, network.depth + 1, style="hadamard", since=1, dots="…")
