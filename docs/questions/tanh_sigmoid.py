"""Tanh is a sigmoid, scaled and shifted."""

from symbackprop.derivation import Derivation
from symbackprop.latex.parse import parse
from symbackprop.network import MLP
from symbackprop.quantities import Quantities
from symbackprop.rules.norms import multiplied_out

SPACE = Quantities({"z": ()})
STEPS = (
    (r"\frac{\exp(z) - \exp(-z)}{\exp(z) + \exp(-z)}", "definition of tanh"),
    (r"\frac{2}{1 + \exp(-2 z)} - 1", "divided by exp(z)"),
    (r"2 \sigma(2 z) - 1", "definition of the sigmoid"),
)


def derive(network: MLP, style: str) -> Derivation:
    """tanh(z) = 2 σ(2z) - 1."""
    made = Derivation(parse(r"\tanh(z)", network=SPACE), SPACE)
    for text, name in STEPS:
        made = made.by(multiplied_out(parse(text, network=SPACE), name), at=())
    return made
