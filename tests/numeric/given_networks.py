"""Networks with forward passes written by hand, through which complex numbers go: what compiled gradients must give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import symbackprop as sb
from symbackprop.given_file import read_given

EXAMPLES = Path(__file__).parents[2] / "examples" / "networks"
STEP = 1e-30

Array = Any
Arrays = dict[str, Array]


def sigmoid(z: Array) -> Array:
    return 1 / (1 + np.exp(-z))


def softmax(z: Array) -> Array:
    """Of the rows."""
    powers = np.exp(z - z.real.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


@dataclass
class Case:
    """A network, its loss as a function of arrays by name, and the shapes of these."""

    network: Any
    loss: Callable[..., Any]
    shapes: dict[str, tuple[int, ...]]
    targets: tuple[str, ...] = ()

    def arrays(self, seed: int = 0) -> Arrays:
        """Numbers for all of them; the rows of targets sum to 1."""
        rng = np.random.default_rng(seed)
        made = {name: np.asarray(rng.standard_normal(shape)) for name, shape in self.shapes.items()}
        for name in self.targets:
            made[name] = softmax(made[name])
        return made

    def by_steps(self, arrays: Arrays, name: str) -> Array:
        """The gradient by one of them, by complex steps through the loss written by hand."""
        made = np.zeros(np.shape(arrays[name]))
        for place in np.ndindex(*made.shape):
            moved = {each: np.array(array, dtype=complex) for each, array in arrays.items()}
            moved[name][place] += 1j * STEP
            made[place] = self.loss(**moved).imag / STEP
        return made


def _two_layers(x: Array, W_1: Array, b_1: Array, W_2: Array, b_2: Array, y: Array) -> Any:
    return -(y * np.log(softmax(sigmoid(x @ W_1 + b_1) @ W_2 + b_2))).sum()


def _batch_norm(X: Array, W_1: Array, gamma: Array, beta: Array, W_2: Array, b_2: Array, Y: Array) -> Any:
    C = X @ W_1 - (X @ W_1).mean(axis=0)
    H = np.tanh(gamma * C / np.sqrt((C * C).mean(axis=0)) + beta)
    return -(Y * np.log(softmax(H @ W_2 + b_2))).sum() / len(X)


def _attention(X: Array, W_Q: Array, W_K: Array, W_V: Array, Y: Array) -> Any:
    weights = softmax((X @ W_Q) @ (X @ W_K).T / 2)
    return ((weights @ X @ W_V - Y) ** 2).sum()


def _layer_norm(z: Array, g: Array, b: Array, y: Array) -> Any:
    u = (z - z.mean()) / np.sqrt(((z - z.mean()) ** 2).mean() + 0.001)
    return ((g * u + b - y) ** 2).sum()


def _norms(W: Array, x: Array, b: Array, y: Array) -> Any:
    z = W @ x + b
    return np.sqrt((z**2).sum()) + (W**2).sum() / 10 + (y * np.sign(y.real)).sum() * z.sum()


def _dropout(x: Array, m: Array, W: Array, V: Array, y: Array) -> Any:
    h = np.maximum(W @ x, 0) if np.isrealobj(W) else (W @ x) * ((W @ x).real > 0)
    return 0.5 * ((V @ (m * h) - y) ** 2).sum()


def _embedding(X: Array, E: Array, W: Array, Y: Array) -> Any:
    return -(Y * np.log(softmax(X @ E @ W))).sum()


def _recurrent(**arrays: Array) -> Any:
    h, total = arrays["h_0"], 0.0
    for t in range(1, 5):
        h = np.tanh(arrays["W"] @ h + arrays["U"] @ arrays[f"x_{t}"])
        total = total + ((h - arrays[f"y_{t}"]) ** 2).sum()
    return total


def _diagonal(A: Array, B: Array, d: Array, x: Array) -> Any:
    return (np.tanh(A @ (d * (B @ x))) ** 2).sum() + np.trace(A @ B)


RECURRENT = {"h_t": "n", "x_t": "m", "y_t": "n", "W": "n x n", "U": "n x m"}
CASES: dict[str, Callable[[], Case]] = {
    "two layers": lambda: Case(
        read_given(EXAMPLES / "two_layers.toml"),
        _two_layers,
        {"x": (1, 5), "W_1": (5, 4), "b_1": (1, 4), "W_2": (4, 3), "b_2": (1, 3), "y": (1, 3)},
        ("y",),
    ),
    "batch norm": lambda: Case(
        read_given(EXAMPLES / "batch_norm.toml"),
        _batch_norm,
        {"X": (7, 5), "W_1": (5, 4), "gamma": (4,), "beta": (1, 4), "W_2": (4, 3), "b_2": (3,), "Y": (7, 3)},
        ("Y",),
    ),
    "attention": lambda: Case(
        sb.Network(
            "Q = X W_Q",
            "K = X W_K",
            r"A = \operatorname{softmax}(\frac{1}{2} Q K^\top)",
            "O = A X W_V",
            r"L = \|O - Y\|_F^2",
            shapes={"X": "N x D", "W_Q": "D x H", "W_K": "D x H", "W_V": "D x M", "Y": "N x M"},
            data="rows",
        ),
        _attention,
        {"X": (6, 3), "W_Q": (3, 4), "W_K": (3, 4), "W_V": (3, 2), "Y": (6, 2)},
    ),
    "layer norm": lambda: Case(
        sb.Network(
            r"\mu = \frac{1}{n} \sum_{i=1}^{n} z_i",
            r"v = \frac{1}{n} \sum_{i=1}^{n} (z_i - \mu)^2",
            r"u = \frac{z - \mu \mathbf{1}}{\sqrt{v + \frac{1}{1000}}}",
            r"o = g \odot u + b",
            r"L = \|o - y\|^2",
            shapes={"z": "n", "g": "n", "b": "n", "y": "n"},
        ),
        _layer_norm,
        {"z": (5,), "g": (5,), "b": (5,), "y": (5,)},
    ),
    "norms": lambda: Case(
        sb.Network(
            "z = W x + b",
            r"L = \|z\| + \frac{1}{10} \|W\|_F^2 + \|y\|_1 \mathbf{1}^\top z",
            shapes={"W": "m x n", "x": "n", "b": "m", "y": "p"},
        ),
        _norms,
        {"W": (4, 3), "x": (3,), "b": (4,), "y": (5,)},
    ),
    "dropout": lambda: Case(
        sb.Network(
            r"h = \operatorname{ReLU}(W x)",
            r"d = m \odot h",
            r"L = \frac{1}{2} \|V d - y\|^2",
            shapes={"W": "k x n", "x": "n", "m": "k", "V": "p x k", "y": "p"},
        ),
        _dropout,
        {"x": (3,), "m": (6,), "W": (6, 3), "V": (2, 6), "y": (2,)},
    ),
    "embedding": lambda: Case(
        sb.Network(
            r"P = \operatorname{softmax}(X E W)",
            r"L = -\sum_{i=1}^{N} \sum_{k=1}^{K} Y_{ik} \log P_{ik}",
            shapes={"X": "N x V", "E": "V x D", "W": "D x K", "Y": "N x K"},
            data="rows",
        ),
        _embedding,
        {"X": (4, 9), "E": (9, 3), "W": (3, 5), "Y": (4, 5)},
        ("Y",),
    ),
    "recurrent": lambda: Case(
        sb.Network(
            r"h_t = \tanh(W h_{t-1} + U x_t), \quad t = 1, \dots, T",
            r"L = \sum_{t=1}^T \|h_t - y_t\|^2",
            shapes=RECURRENT,
        ).given({"T": 4}),
        _recurrent,
        {"W": (3, 3), "U": (3, 2), "h_0": (3,)}
        | {f"x_{t}": (2,) for t in range(1, 5)}
        | {f"y_{t}": (3,) for t in range(1, 5)},
    ),
    "diagonal": lambda: Case(
        sb.Network(
            r"h = \tanh(A \operatorname{diag}(d) B x)",
            r"L = \|h\|^2 + \operatorname{tr}(A B)",
            shapes={"A": "m x k", "d": "k", "B": "k x m", "x": "m"},
        ),
        _diagonal,
        {"A": (4, 3), "d": (3,), "B": (3, 4), "x": (4,)},
    ),
}
