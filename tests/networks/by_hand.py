"""Functions that the networks of this folder are computed with by hand, in NumPy alone."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[np.float64]]


def sigmoid(z: Array) -> Array:
    """1 / (1 + e^{-z})"""
    return 1 / (1 + np.exp(-z))


def relu(z: Array) -> Array:
    """max(0, z)"""
    return np.maximum(z, 0)


def softmax(z: Array, axis: int) -> Array:
    """e^z over its sum along an axis."""
    raised = np.exp(z)
    return raised / raised.sum(axis=axis, keepdims=True)


def squared(a: Array) -> Any:
    """The sum of the squares of all entries."""
    return (a**2).sum()
