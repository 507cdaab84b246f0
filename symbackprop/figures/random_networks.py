"""Gradients of random networks, for figures that compare them."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from symbackprop.numeric.backprop import ACTIVATIONS, Pass, backprop

# NumPy types most results of arithmetic as Any: a stricter name than that says nothing
Array = Any


def gaussian_weights(rng: np.random.Generator, widths: list[int], variance: float) -> list[Array]:
    """`W_0 … W_L`, entries `N(0, variance/n_in)`; no biases."""
    return [
        rng.standard_normal((after, before)) * math.sqrt(variance / before)
        for before, after in itertools.pairwise(widths)
    ]


def run(weights: list[Array], x: Array, upstream: Array, activation: str, augmented: bool = False) -> Pass:
    """A forward and a backward pass, with a loss whose gradient by the output is `upstream`."""
    linear = (lambda output, target: (output * target).sum(axis=0), lambda output, target: target)
    return backprop(weights, x, upstream, ACTIVATIONS[activation], linear, augmented=augmented)


def gradient_norms(made: Pass) -> list[float]:
    """`‖∂L/∂z_l‖ / ‖∂L/∂ŷ‖` for `l = 1 … L`."""
    *hidden, output = (float(np.linalg.norm(gradient)) for gradient in made.dz[1:])
    return [norm / output for norm in hidden]


def stacked_norms(weights: list[Array], x: Array, upstream: Array, activation: str) -> Array:
    """The same for many networks in one pass: `weights[l]` is `networks × n_{l+1} × n_l`, the others hold columns.

    No biases; `networks × L`.
    """
    g, slope = ACTIVATIONS[activation]
    slopes, h = [], x
    for w in weights[:-1]:
        z = w @ h
        slopes.append(slope(z))
        h = g(z)
    found, gradient = [], upstream
    for w, own in zip(reversed(weights[1:]), reversed(slopes), strict=True):
        gradient = own * (w.swapaxes(1, 2) @ gradient)
        found.append(np.linalg.norm(gradient, axis=(1, 2)))
    return np.stack(found[::-1], axis=1) / np.linalg.norm(upstream, axis=(1, 2))[:, None]
