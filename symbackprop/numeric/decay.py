"""What weight decay does in training: gradient descent on a tiny seeded data set, with and without it.

The network is the lecture's, with tanh, one output and bias units counted; gradients are those of the backpropagation
written by hand. `J = Σ_i ‖y_i - f(x_i)‖² + λ Σ_l ‖W̃_l‖_F²`, the penalty being on all but the bias columns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from symbackprop.errors import SymbackpropError
from symbackprop.numeric.backprop import ACTIVATIONS, LOSSES, Array, backprop

WIDTHS = (3, 9, 9, 1)
EXAMPLES = 12
NOISE = 0.3
# weights as small as these keep z far from where `1 - tanh² z` loses its figures, and it is found four times as soon
TANH = (np.tanh, lambda z: 1 - np.tanh(z) ** 2)
ONES = (lambda o, y: o.sum(axis=0), lambda o, y: np.ones_like(o))


@dataclass(frozen=True)
class Trained:
    """A trained network: how it fits, how it reacts to its input, and the bounds of that.

    Attributes:
        decay: `λ`.
        residual: `Σ_i ‖y_i - f(x_i)‖²` at the end.
        penalty: `Σ_l ‖W̃_l‖_F²`.
        sensitivity: the greatest `‖∂ŷ/∂x‖_2` at an example, over the entries of `x` that are no bias unit.
        spectral, frobenius: `∏_l σ_{1,1}(W̃_l)` and `∏_l ‖W̃_l‖_F`, which bound it, as tanh' is at most 1.
    """

    decay: float
    residual: float
    penalty: float
    sensitivity: float
    spectral: float
    frobenius: float


def examples(seed: int = 0) -> tuple[Array, Array]:
    """Inputs, one a column, that end in the bias unit, and noisy targets."""
    rng = np.random.default_rng(seed)
    x = np.concatenate([rng.uniform(-1, 1, (WIDTHS[0] - 1, EXAMPLES)), np.ones((1, EXAMPLES))])
    return x, np.sin(2 * x[:1]) + NOISE * rng.standard_normal((1, EXAMPLES))


def initial(seed: int = 0) -> list[Array]:
    """Gaussian weights with the variance 1 over the fan-in, and biases 0."""
    rng = np.random.default_rng(seed + 1)
    units = [*(n - 1 for n in WIDTHS[1:-1]), WIDTHS[-1]]
    W = [rng.standard_normal((m, n)) / np.sqrt(n - 1) for m, n in zip(units, WIDTHS, strict=False)]
    for w in W:
        w[:, -1] = 0
    return W


def without_bias(w: Array) -> Array:
    """`W S`, with zeros in the bias column."""
    kept = w.copy()
    kept[:, -1] = 0
    return kept


def stepped(W: list[Array], x: Array, y: Array, decay: float, rate: float) -> list[Array]:
    """The weights after one step of gradient descent, `W - η (∂L/∂W + 2 λ W S)`."""
    found = backprop(W, x, y, TANH, LOSSES["squared_error"])
    return [w - rate * (dw + 2 * decay * without_bias(w)) for w, dw in zip(W, found.dW, strict=True)]


def trained(decay: float, steps: int = 400, rate: float = 0.03, seed: int = 0) -> Trained:
    """The network after that many steps of `W ← W - η (∂L/∂W + 2 λ W S)`.

    Raises:
        SymbackpropError: for a negative `λ`, or where the steps are too large and the weights grow without end.
    """
    if not decay >= 0:
        raise SymbackpropError(f"weight decay λ = {decay} rewards large weights: write 0 or more")
    x, y = examples(seed)
    W = initial(seed)
    for _ in range(steps):
        with np.errstate(over="ignore", invalid="ignore"):
            # what overflows is refused right below
            W = stepped(W, x, y, decay, rate)
        if not all(np.isfinite(w).all() for w in W):
            raise SymbackpropError(f"the weights grow without end at a learning rate of {rate}: write a smaller one")
    return measured(W, x, y, decay)


def measured(W: list[Array], x: Array, y: Array, decay: float) -> Trained:
    """The numbers of a network at some weights."""
    residual = backprop(W, x, y, ACTIVATIONS["tanh"], LOSSES["squared_error"]).loss
    slopes = backprop(W, x, y, ACTIVATIONS["tanh"], ONES).dh[0][:-1]
    kept = [w[:, :-1] for w in W]
    return Trained(
        decay,
        float(residual),
        float(sum((w * w).sum() for w in kept)),
        float(np.sqrt((slopes * slopes).sum(axis=0)).max()),
        float(np.prod([np.linalg.norm(w, 2) for w in kept])),
        float(np.prod([np.linalg.norm(w) for w in kept])),
    )
