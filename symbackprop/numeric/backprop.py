"""Backpropagation written by hand, as one would without this package: the numbers that compiled derivations must give.

It imports NumPy only. Data are columns: `x` is `n_0 × N` and `y` is `n_{L+1} × N` for a batch of `N`; losses and
gradients of the weights are summed over the batch. Nothing is conjugated and every function is analytic away from its
kinks, so that complex arguments give complex-step derivatives. At a kink the derivative is the one for `z < 0`; that
of `|r|` is 0 at 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

# NumPy types most results of arithmetic as Any: a stricter name than that says nothing
Array = Any
Entrywise = Callable[[Array], Array]
OfOutput = Callable[[Array, Array], Array]

# constants of SELU (Klambauer et al. 2017, section 2)
SELU_SCALE = 1.0507009873554805
SELU_ALPHA = 1.6732632423543772
LEAK = 0.01
HUBER_WIDTH = 1.0
# of the trapezoidal rule for the normal distribution: beyond the last node e^{-t²/2} is less than 2e-18
CDF_STEP = 0.7
# (t², e^{-t²/2})
CDF_NODES = tuple((t * t, float(np.exp(-t * t / 2))) for t in (CDF_STEP * (k + 0.5) for k in range(13)))


def _positive(z: Array) -> Array:
    return np.real(z) > 0


def _toward_zero(z: Array) -> Array:
    """`z` or `-z`, whichever has no positive real part: its exponential does not overflow, and is as analytic."""
    return np.where(_positive(z), -z, z)


def _sigmoid(z: Array) -> Array:
    power = np.exp(_toward_zero(z))
    return np.where(_positive(z), 1, power) / (1 + power)


def _sigmoid_slope(z: Array) -> Array:
    """`σ(z) σ(-z)`, which keeps its figures where `1 - σ(z)` has none left."""
    power = np.exp(_toward_zero(z))
    return power / (1 + power) ** 2


def _tanh_slope(z: Array) -> Array:
    """`4 σ'(2z)`, as `tanh z = 2 σ(2z) - 1`; `1 - tanh² z` has no figure left beyond 19."""
    return 4 * _sigmoid_slope(2 * z)


def _elu(z: Array, scale: float, alpha: float) -> Array:
    above = _positive(z)
    return scale * np.where(above, z, alpha * np.expm1(np.where(above, 0, z)))


def _elu_slope(z: Array, scale: float, alpha: float) -> Array:
    above = _positive(z)
    return scale * np.where(above, 1, alpha * np.exp(np.where(above, 0, z)))


def _softplus(z: Array) -> Array:
    above = _positive(z)
    return np.where(above, z, 0) + np.log1p(np.exp(np.where(above, -z, z)))


def _normal_cdf(z: Array) -> Array:
    """`Φ(z)` with all figures in both tails: the trapezoidal rule for `∫ a e^{-(t² + a²)/2} / (2π (t² + a²)) dt`.

    That integral is `Φ(-a)` for `a > 0`; nodes are `t = ±h/2, ±3h/2, …`, and the residue at `t = ia` adds
    `1 / (1 + e^{2πa/h})` (Chiarella and Reichel 1968). What is left out is less than `e^{-2π²/h²} = 3e-18` of it.
    """
    a = -_toward_zero(z)
    total = sum(weight / (a * a + square) for square, weight in CDF_NODES)
    # from 2π/h on the residue is part of what is left out
    near = np.real(a) < 2 * np.pi / CDF_STEP
    residue = np.where(near, 1 / (1 + np.exp(2 * np.pi / CDF_STEP * np.where(near, a, 0))), 0)
    tail = CDF_STEP / np.pi * a * np.exp(-a * a / 2) * total + residue
    return np.where(_positive(z), 1 - tail, tail)


def _normal_density(z: Array) -> Array:
    return np.exp(-z * z / 2) / (2 * np.pi) ** 0.5


def _silu_slope(z: Array) -> Array:
    return _sigmoid(z) + z * _sigmoid_slope(z)


# name: (g, g')
ACTIVATIONS: dict[str, tuple[Entrywise, Entrywise]] = {
    "tanh": (np.tanh, _tanh_slope),
    "sigmoid": (_sigmoid, _sigmoid_slope),
    "relu": (lambda z: np.where(_positive(z), z, 0), lambda z: np.where(_positive(z), 1, 0 * z)),
    "leaky_relu": (lambda z: np.where(_positive(z), z, LEAK * z), lambda z: np.where(_positive(z), 1, LEAK + 0 * z)),
    "elu": (lambda z: _elu(z, 1, 1), lambda z: _elu_slope(z, 1, 1)),
    "selu": (lambda z: _elu(z, SELU_SCALE, SELU_ALPHA), lambda z: _elu_slope(z, SELU_SCALE, SELU_ALPHA)),
    "softplus": (_softplus, _sigmoid),
    "gelu": (lambda z: z * _normal_cdf(z), lambda z: _normal_cdf(z) + z * _normal_density(z)),
    "silu": (lambda z: z * _sigmoid(z), _silu_slope),
    "identity": (lambda z: z, np.ones_like),
}


def _log_sum_exp(v: Array) -> Array:
    top = v.max(axis=0)
    return top + np.log(np.exp(v - top).sum(axis=0))


def _softmax(v: Array) -> Array:
    powers = np.exp(v - v.max(axis=0))
    return powers / powers.sum(axis=0)


def _huber(r: Array) -> Array:
    size = r * np.sign(np.real(r))
    return np.where(size.real <= HUBER_WIDTH, r * r / 2, HUBER_WIDTH * (size - HUBER_WIDTH / 2))


def _huber_slope(r: Array) -> Array:
    return np.where(np.abs(np.real(r)) <= HUBER_WIDTH, r, HUBER_WIDTH * np.sign(np.real(r)))


# name: (loss of each example, its gradient by the output); cross-entropies take ŷ as logits, and targets that sum to 1
LOSSES: dict[str, tuple[OfOutput, OfOutput]] = {
    "squared_error": (lambda o, y: ((o - y) ** 2).sum(axis=0), lambda o, y: 2 * (o - y)),
    "half_squared_error": (lambda o, y: ((o - y) ** 2).sum(axis=0) / 2, lambda o, y: o - y),
    "mean_squared_error": (lambda o, y: ((o - y) ** 2).sum(axis=0) / len(o), lambda o, y: 2 * (o - y) / len(o)),
    "softmax_cross_entropy": (
        lambda o, y: _log_sum_exp(o) - (y * o).sum(axis=0),
        lambda o, y: _softmax(o) - y,
    ),
    "binary_cross_entropy": (lambda o, y: (_softplus(o) - y * o).sum(axis=0), lambda o, y: _sigmoid(o) - y),
    "absolute_error": (
        lambda o, y: ((o - y) * np.sign(np.real(o - y))).sum(axis=0),
        lambda o, y: np.sign(np.real(o - y)),
    ),
    "huber": (lambda o, y: _huber(o - y).sum(axis=0), lambda o, y: _huber_slope(o - y)),
}


@dataclass(frozen=True)
class Pass:
    """Everything a forward and a backward pass compute; `z[0]` and `dz[0]` are None, `h[0]` is the input.

    Attributes:
        loss: summed over the batch.
        z, h: pre-activations `z[1] … z[L+1]` and hidden units `h[0] … h[L]`.
        dz, dh: the gradients by them.
        dW, db: the gradients by weights and biases, summed over the batch.
    """

    loss: Any
    z: list[Any]
    h: list[Array]
    dz: list[Any]
    dh: list[Array]
    dW: list[Array]
    db: list[Array]


def backprop(
    W: Sequence[Array],
    x: Array,
    y: Array,
    activation: tuple[Entrywise, Entrywise],
    loss: tuple[OfOutput, OfOutput],
    b: Sequence[Array] | None = None,
    augmented: bool = True,
) -> Pass:
    """Loss and gradients of an MLP.

    Args:
        W: `W_0 … W_L`.
        x: `n_0 × N`; it ends in the bias unit 1 where the network is `augmented`.
        y: `n_{L+1} × N`.
        activation: `(g, g')`, a row of `ACTIVATIONS` or two functions.
        loss: `(loss of each example, gradient by the output)`, a row of `LOSSES` or two functions.
        b: `b_0 … b_L`, each `n × 1`, for biases that stand apart.
        augmented: whether every layer but the output ends in the bias unit 1.
    """
    g, dg = activation
    value, slope = loss
    last = len(W) - 1

    z: list[Any] = [None]
    h = [x]
    for l, w in enumerate(W):
        z.append(w @ h[l] if b is None else w @ h[l] + b[l])
        if l < last:
            units = g(z[-1])
            h.append(np.concatenate([units, np.ones_like(units[:1])]) if augmented else units)

    dz: list[Any] = [None] * (last + 2)
    dh: list[Any] = [None] * (last + 1)
    dz[last + 1] = slope(z[-1], y)
    for l in range(last, -1, -1):
        dh[l] = W[l].T @ dz[l + 1]
        if l > 0:
            dz[l] = dg(z[l]) * (dh[l][:-1] if augmented else dh[l])
    dW = [dz[l + 1] @ h[l].T for l in range(last + 1)]
    db = [dz[l + 1].sum(axis=1, keepdims=True) for l in range(last + 1)]
    return Pass(value(z[-1], y).sum(), z, h, dz, dh, dW, db)
