"""Networks of which the gradients are often got wrong: both uses of a variable, a sum of exponentials, a bias block."""

from __future__ import annotations

import symbackprop as sb
from benchmarks.growing import NUMBERS, Grown

LAYER = {"W": "m x n", "x": "n", "b": "m"}

# targets of a cross-entropy sum to 1: the network assumes so
TARGETS = {"softmax and cross-entropy": frozenset({"y"})}
# name: equations and shapes
CASES: dict[str, tuple[list[str], dict[str, str]]] = {
    "e ⊙ e": (["e = W x + b", r"L = \mathbf{1}^\top (e \odot e)"], LAYER),
    "e e of a scalar": ([r"e = v^\top x", "L = e e"], {"v": "n", "x": "n"}),
    "two ways from e": (
        ["e = W x + b", "a = A e", "c = B e", r"L = a^\top c + a^\top a"],
        LAYER | {"A": "p x m", "B": "p x m"},
    ),
    "logsumexp": (["z = W x + b", r"L = \operatorname{logsumexp}(z)"], LAYER),
    "softmax and cross-entropy": (
        ["z = W x + b", r"q = \operatorname{softmax}(z)", r"L = -y^\top \log(q)"],
        LAYER | {"y": "m"},
    ),
    "layer norm by entries": (
        [
            r"\mu = \frac{1}{n} \sum_{i=1}^{n} z_i",
            r"v = \frac{1}{n} \sum_{i=1}^{n} (z_i - \mu)^2",
            r"u = \frac{z - \mu \mathbf{1}}{\sqrt{v + \frac{1}{1000}}}",
            r"o = g \odot u + b",
            r"L = \|o - y\|^2",
        ],
        {"z": "n", "g": "n", "b": "n", "y": "n"},
    ),
    "a bias block": (
        ["z = [W, b] [x; 1]", r"h = [\tanh(z); 1]", "u = V h", r"L = \|u - y\|^2"],
        LAYER | {"V": "p x m+1", "y": "p"},
    ),
    "2(ŷ - y)": ([r"\hat{y} = W x + b", r"L = \|\hat{y} - y\|^2"], LAYER | {"y": "m"}),
}


def case(name: str) -> Grown:
    """The network of a name with numbers for its letters."""
    equations, shapes = CASES[name]
    network = sb.Network(*equations, shapes=shapes)
    return Grown(network, {size: NUMBERS[size] for size in network.sizes}, TARGETS.get(name, frozenset()))
