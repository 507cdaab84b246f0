"""The norm of the gradient of one example, without the gradient."""

from symbackprop.derivation import Derivation
from symbackprop.given import Network
from symbackprop.latex.parse import parse
from symbackprop.network import MLP
from symbackprop.rules.norms import multiplied_out

NETWORK = Network(r"z = W x + b", r"J = \ell(z, y)", shapes={"x": "n", "W": "m x n", "y": "m"})
STEPS = (
    (r"\left\| \frac{\partial J}{\partial z} x^\top \right\|_F^2", "gradient of a product"),
    (r"\|x\|_2^2 \left\| \frac{\partial J}{\partial z} \right\|_2^2", "norm of an outer product"),
)


def derive(network: MLP, style: str) -> Derivation:
    """‖∂J/∂W‖_F² = ‖x‖² ‖∂J/∂z‖²."""
    start = parse(r"\left\| \frac{\partial J}{\partial W} \right\|_F^2", network=NETWORK)
    made = Derivation(start, NETWORK, known=NETWORK.bounds)
    for text, name in STEPS:
        made = made.by(multiplied_out(parse(text, network=NETWORK), name), at=())
    return made
