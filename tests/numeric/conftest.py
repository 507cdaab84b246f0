"""Random networks for the tests of this folder: weights, data, and what the hand-written backpropagation gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from symbackprop.numeric.backprop import ACTIVATIONS, LOSSES, Pass, backprop


@dataclass
class Example:
    """A network's numbers; `widths` count bias units where `bias` is "augmented"."""

    widths: tuple[int, ...]
    bias: str
    W: list[Any]
    b: list[Any] | None
    x: Any
    y: Any

    def by_hand(self, activation: str = "tanh", loss: str = "squared_error") -> Pass:
        x, y = (v[:, None] if v.ndim == 1 else v for v in (self.x, self.y))
        b = None if self.b is None else [c.reshape(-1, 1) for c in self.b]
        return backprop(self.W, x, y, ACTIVATIONS[activation], LOSSES[loss], b, self.bias == "augmented")

    @property
    def arguments(self) -> tuple[Any, ...]:
        return (self.W, self.x, self.y) if self.b is None else (self.W, self.b, self.x, self.y)


def make(widths: tuple[int, ...], bias: str = "augmented", examples: int = 0, seed: int = 0) -> Example:
    """Weights of variance 1/n, targets that sum to 1; `examples` columns, or 1-D vectors for 0."""
    rng = np.random.default_rng(seed)
    last = len(widths) - 2
    W = []
    for l in range(last + 1):
        rows = widths[l + 1] - (bias == "augmented" and l < last)
        W.append(rng.standard_normal((rows, widths[l])) / np.sqrt(widths[l]))
    b = [rng.standard_normal(len(w)) for w in W] if bias == "separate" else None
    columns = (examples,) if examples else ()
    x = rng.standard_normal((widths[0], *columns))
    if bias == "augmented":
        x[-1] = 1
    y = rng.random((widths[-1], *columns)) + 0.1
    return Example(widths, bias, W, b, x, y / y.sum(axis=0))


@pytest.fixture(scope="session")
def example() -> Callable[..., Example]:
    return make
