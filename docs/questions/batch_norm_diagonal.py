"""Batch normalization with statistics that are fixed, as at test time: its Jacobian is diagonal."""

from symbackprop.derivation import Derivation
from symbackprop.given import Network
from symbackprop.latex.parse import parse
from symbackprop.network import MLP
from symbackprop.rules.norms import multiplied_out

NETWORK = Network(
    r"\hat{x} = (x - \mu) \oslash s",
    r"y = \gamma \odot \hat{x} + \beta",
    r"L = \ell(y)",
    shapes={"x": "n", r"\mu": "n", "s": "n", r"\hat{x}": "n", r"\gamma": "n", r"\beta": "n"},
)
STEPS = (
    (r"\frac{\partial \hat{x}}{\partial x} \frac{\partial y}{\partial \hat{x}}", "chain rule"),
    (r"\frac{\partial \hat{x}}{\partial x} \operatorname{diag}(\gamma)", "each entry is scaled"),
    (r"\operatorname{diag}(\gamma \oslash s)", "each entry is divided"),
)


def derive(network: MLP, style: str) -> Derivation:
    """∂y/∂x = diag(γ ⊘ s)."""
    start = parse(r"\frac{\partial y}{\partial x}", network=NETWORK)
    made = Derivation(start, NETWORK, known=NETWORK.bounds)
    for text, name in STEPS:
        made = made.by(multiplied_out(parse(text, network=NETWORK), name), at=())
    return made
