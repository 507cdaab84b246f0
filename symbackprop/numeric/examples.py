"""Gradients of each example and their norms, from the two factors that each gradient has.

The gradient of one example by a weight is `u vᵀ`, with `u = ∂L/∂z_{l+1}` and `v = h_l`; a pass over a batch has the `u`
and the `v` of all examples (Goodfellow 2015, "Efficient per-example gradient computations").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = Any


@dataclass(frozen=True)
class Norms:
    """The losses and the Frobenius norms of the gradients of `N` examples, arrays of shape `(N,)`.

    Attributes:
        losses: the loss of each example.
        total: the norm of its whole gradient, by all weights and biases together.
        W: its norm by each weight, a list.
        b: its norm by each bias, a list; None where biases do not stand apart.
    """

    losses: Array
    total: Array
    W: list[Array]
    b: list[Array] | None


def gradients_of(grads: Any, by_rows: bool, biases: Sequence[Any] | None) -> Any:
    """The gradients of each example, `N × rows × columns`; `(dW, db)` where there are biases.

    Args:
        grads: pairs of factors, and gradients by biases where there are any; by_rows: whether an example is a row of
            the factors.
        biases: as the caller gave them.
    """
    pairs = _by_example(grads if biases is None else grads[0], by_rows)
    dW = [u[:, :, None] * v[:, None] for u, v in pairs]
    if biases is None:
        return dW
    return dW, [u.reshape(len(u), *np.shape(bias)).copy() for (u, _), bias in zip(pairs, biases, strict=True)]


def norms_of(losses: Array, grads: Any, by_rows: bool, separate: bool) -> Norms:
    """`‖u‖ ‖v‖` for each example and weight, and what they give together; arguments as above."""
    pairs = _by_example(grads[0] if separate else grads, by_rows)
    biases = [_lengths(u) for u, _ in pairs]
    weights = [length * _lengths(v) for length, (_, v) in zip(biases, pairs, strict=True)]
    parts = [*weights, *(biases if separate else [])]
    return Norms(losses, _lengths(np.stack(parts, axis=1)), weights, biases if separate else None)


def _by_example(pairs: Sequence[tuple[Array, Array]], by_rows: bool) -> list[tuple[Array, Array]]:
    """The factors with an example as a row."""
    return [(u, v) if by_rows else (u.T, v.T) for u, v in pairs]


def _lengths(rows: Array) -> Array:
    """The norm of each row, in units of its largest entry, so that squares neither overflow nor vanish."""
    sizes = np.abs(rows)
    top = sizes.max(axis=1, keepdims=True)
    unit = np.where((top > 0) & np.isfinite(top), top, top.dtype.type(1))
    return unit[:, 0] * np.sqrt(np.square(sizes / unit).sum(axis=1))
