"""Forward and backward by hand."""

from symbackprop.given import Network
from symbackprop.network import MLP
from symbackprop.numeric.worked import worked
from symbackprop.topic import Topic

NETWORK = Network(
    r"z = W x + b",
    r"h = \operatorname{ReLU}(z)",
    r"\hat{y} = v^\top h",
    r"L = \frac{1}{2} (\hat{y} - y)^2",
    shapes={"x": "2", "W": "2 x 2", "b": "2", "v": "2", "y": "scalar", r"\hat{y}": "scalar"},
)
VALUES = {"x": [1, 2], "W": [[1, -1], [2, 1]], "b": [0, 1], "v": [3, 2], "y": 8}


def derive(network: MLP, style: str) -> Topic:
    """The numbers of every equation and of every gradient."""
    return worked(NETWORK, VALUES)
