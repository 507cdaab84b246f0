"""A constant that is added to every entry does not change the softmax."""

from symbackprop.derivation import Derivation
from symbackprop.latex.parse import parse
from symbackprop.network import MLP
from symbackprop.quantities import Quantities
from symbackprop.rules.norms import multiplied_out

SPACE = Quantities({"z": ("n",), "c": ()})
STEPS = (
    (r"\frac{\exp(z + c \mathbf{1})}{\mathbf{1}^\top \exp(z + c \mathbf{1})}", "definition of the softmax"),
    (r"\frac{\exp(c) \exp(z)}{\exp(c) \mathbf{1}^\top \exp(z)}", "exponential of a sum"),
    (r"\frac{\exp(z)}{\mathbf{1}^\top \exp(z)}", "cancelled"),
    (r"\operatorname{softmax}(z)", "definition of the softmax"),
)


def derive(network: MLP, style: str) -> Derivation:
    """softmax(z + c 1) = softmax(z)."""
    start = parse(r"\operatorname{softmax}(z + c \mathbf{1})", network=SPACE)
    made = Derivation(start, SPACE, known=SPACE.bounds)
    for text, name in STEPS:
        made = made.by(multiplied_out(parse(text, network=SPACE), name), at=())
    return made
