"""Backpropagation in MLPs, vanishing and exploding gradients, initialization, weight decay, normalization."""

from symbackprop.dims import dim
from symbackprop.expr import Hidden, LayerMap, PreActivation, Variable
from symbackprop.library import derive as derive_named
from symbackprop.library import names
from symbackprop.network import MLP
from symbackprop.statements import Chain, equal
from symbackprop.topic import Part, Prose, Shows, Topic

ORDER = 99
# slides 1 and 2, and what follows from them in the same way
SLIDES = ("last_hidden", "preactivation", "hidden", "weight_row", "weight_gradient")
MORE = ("layer_weight_gradient", "weight_matrix", "bias", "input")


def derive(network: MLP, style: str) -> Topic:
    """All topics in order."""
    topics = [name for name in names() if name not in (*SLIDES, *MORE, "lecture")]
    return Topic(
        (practice(network, style), more(network, style), *(section(name, network, style) for name in topics)), network
    )


def section(name: str, network: MLP, style: str) -> Part:
    """A derivation or a topic by its name."""
    return derive_named(name, network, style=style)


def practice(network: MLP, style: str) -> Topic:
    """The forward equations and the first two slides."""
    parts = (
        Prose(("The network, from the last layer to the first:",)),
        *model(network),
        *(section(name, network, style) for name in SLIDES),
    )
    return Topic(parts, network, "practice", "Backpropagation in MLPs: practice")


def more(network: MLP, style: str) -> Topic:
    """The gradients that the slides leave out."""
    found = [name for name in MORE if name != "bias" or network.bias != "none"]
    parts = tuple(section(name, network, style) for name in found)
    return Topic(parts, network, "more_gradients", "More gradients, in the same way")


def model(network: MLP) -> tuple[Shows, ...]:
    """The forward equations as slide 1 writes them: the last layers with `z_l` put in, the first one in two lines."""
    L = network.depth
    lines = {"model.output": forward(network.output, network)}
    if not L.is_constant or L.constant > 1:
        lines["model.hidden_last"] = composed(Hidden(L), network)
    if not L.is_constant or L.constant > 2:
        lines["model.hidden_before"] = composed(Hidden(L - 1), network)
    lines["model.hidden_first"] = forward(Hidden(1), network)
    lines["model.preactivation_first"] = forward(PreActivation(1), network)
    return tuple(Shows(line, name) for name, line in lines.items())


def forward(variable: Variable, network: MLP) -> Chain:
    """The equation of a variable."""
    known = {name: (dim(3), None) for name in network.depth.symbols}
    equation = network.definition(variable, known)
    assert equation is not None
    return equal(equation.left, equation.right)


def composed(hidden: Hidden, network: MLP) -> Chain:
    """`h_l = ψ(W_{l-1} h_{l-1})`: the pre-activations replaced by what they are."""
    left, right = forward(hidden, network).sides
    if network.scheme is not None or not isinstance(right, LayerMap):
        return equal(left, right)
    return equal(left, LayerMap(right.function, forward(PreActivation(hidden.index), network).sides[1]))
