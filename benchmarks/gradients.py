"""Backpropagation by hand, as a textbook loop, and the matrix products that are in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = Any
# entries of a gradient of one example up to which its outer product is left to BLAS
OUTER = 128**2


def by_hand(W: list[Array], x: Array, y: Array) -> tuple[Any, list[Array]]:
    """Loss and gradients as a textbook has them: tanh, squared loss, no biases, columns are examples.

    `∂L/∂z_l = (W_lᵀ ∂L/∂z_{l+1}) ⊙ (1 - h_l²)`, `∂L/∂W_l = ∂L/∂z_{l+1} h_lᵀ`.
    """
    h = [x]
    for w in W[:-1]:
        h.append(np.tanh(w @ h[-1]))
    residual = W[-1] @ h[-1] - y
    upstream = 2 * residual
    gradients = [upstream @ h[-1].T]
    for l in range(len(W) - 1, 0, -1):
        upstream = (W[l].T @ upstream) * (1 - h[l] * h[l])
        gradients.append(upstream @ h[l - 1].T)
    return (residual * residual).sum(), gradients[::-1]


def products_alone(W: list[Array], x: Array, out: list[Array]) -> Callable[[], None]:
    """The matrix products of `by_hand` and nothing else, into arrays that are there: the floor.

    Args:
        out: what is filled with products of the shapes of the gradients.
    """
    h = [x, *(np.empty((len(w), x.shape[1]), x.dtype) for w in W)]
    upstream = [np.full_like(made, 0.5) for made in h]

    def work() -> None:
        for l, w in enumerate(W):
            np.dot(w, h[l], h[l + 1])
        for l in range(len(W) - 1, -1, -1):
            _outer(upstream[l + 1], h[l].T, out[l])
            if l:
                np.dot(W[l].T, upstream[l + 1], upstream[l])

    return work


def _outer(column: Array, row: Array, out: Array) -> None:
    # a product over one example: above these sizes BLAS is slower at it than one multiplication an entry
    if column.shape[1] == 1 and out.size > OUTER:
        np.multiply(column, row, out)
    else:
        np.dot(column, row, out)


def products_cost(batch: int, size: int, depth: int) -> int:
    """Operations of these products, a multiplication and an addition being two; `∂L/∂x` is not among them."""
    return 2 * batch * size**2 * (3 * (depth + 1) - 1)
