"""The Jacobian of the softmax."""

from typing import Any

from symbackprop.derivation import Derivation
from symbackprop.expr import Diagonal, Named, Softmax
from symbackprop.given import Network
from symbackprop.latex.parse import parse
from symbackprop.network import MLP
from symbackprop.rules.norms import multiplied_out
from symbackprop.rules.shortening import by_name
from symbackprop.topic import Topic

NETWORK = Network(r"p = \operatorname{softmax}(z)", r"L = \ell(p)", shapes={"z": "n"})


def derive(network: MLP, style: str) -> Topic:
    """∂p/∂z = diag(p) - p pᵀ."""
    whole = Derivation(read(r"\frac{\partial p}{\partial z}"), NETWORK, known=NETWORK.bounds, title="As a matrix")
    p = Softmax(Named("z"))
    entry = Derivation(read(r"\frac{\partial p_k}{\partial z_i}"), NETWORK, known=NETWORK.bounds, title="By entries")
    return Topic(
        (
            whole.by(multiplied_out(Diagonal(p) - p @ p.T, "quotient rule"), at=()).by(by_name, at=()),
            entry.by(multiplied_out(read(r"p_k (\delta_{ki} - p_i)"), "entry of the matrix"), at=()),
        ),
        NETWORK,
    )


def read(text: str) -> Any:
    return parse(text, network=NETWORK)
