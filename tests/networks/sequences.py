"""Recurrent cells, attention, and words as rows."""

from __future__ import annotations

import numpy as np
from by_hand import sigmoid, softmax, squared


def _last(v):
    h = v["h_0"]
    for t in (1, 2, 3):
        h = np.tanh(v["W"] @ h + v["U"] @ v[f"x_{t}"] + v["b"])
    return 0.5 * squared(v["V"] @ h - v["y"])


def _each(v):
    h, total = v["h_0"], 0.0
    for t in (1, 2, 3):
        h = np.tanh(v["W"] @ h + v["U"] @ v[f"x_{t}"] + v["b"])
        total += 0.5 * squared(v["V"] @ h - v[f"y_{t}"])
    return total


def _words(v):
    h, total = v["h_0"], 0.0
    for t in (1, 2):
        h = sigmoid(v["W"] @ h + v["U"] @ v[f"x_{t}"])
        total -= (v[f"y_{t}"] * np.log(softmax(v["V"] @ h, 0))).sum()
    return total


def _gru(v):
    z = sigmoid(v["W_z"] @ v["x"] + v["U_z"] @ v["h"])
    r = sigmoid(v["W_r"] @ v["x"] + v["U_r"] @ v["h"])
    new = np.tanh(v["W_h"] @ v["x"] + v["U_h"] @ (r * v["h"]))
    return 0.5 * squared((1 - z) * v["h"] + z * new - v["y"])


def _lstm(v):
    both = np.vstack([v["h"], v["x"]])
    i, f, o = (sigmoid(v[f"W_{gate}"] @ both + v[f"b_{gate}"]) for gate in "ifo")
    s = f * v["c"] + i * np.tanh(v["W_g"] @ both + v["b_g"])
    return 0.5 * squared(o * np.tanh(s) - v["y"])


def _attention(v):
    q, k, x = v["X"] @ v["W_Q"], v["X"] @ v["W_K"], v["X"] @ v["W_V"]
    return 0.5 * squared(softmax(q @ k.T / np.sqrt(q.shape[1]), 1) @ x - v["Y"])


RECURRENT = r"h_t = \tanh(W h_{t-1} + U x_t + b)"
GATE = r"{g} = \sigma(W_{g} [h; x] + b_{g})"

NETWORKS = {
    "a recurrent network, loss at the last step": {
        "given": [RECURRENT, r"o = V h_T", r"L = \frac12 \|o - y\|^2"],
        "sizes": {"T": 3},
        "families": {"x": (1, 3), "h": (0, 0)},
        "loss": _last,
        "gradients": {
            "V": r"(o - y) h_T^\top",
            "h_T": r"V^\top (o - y)",
            "U": r"\sum_{t=1}^T ((1 - h_t \odot h_t) \odot \frac{\partial L}{\partial h_t}) x_t^\top",
            "W": r"\sum_{t=1}^T ((1 - h_t \odot h_t) \odot \frac{\partial L}{\partial h_t}) h_{t-1}^\top",
        },
    },
    "a recurrent network, loss at every step": {
        "given": [RECURRENT, r"o_t = V h_t", r"L = \sum_{t=1}^T \frac12 \|o_t - y_t\|^2"],
        "sizes": {"T": 3},
        "families": {"x": (1, 3), "y": (1, 3), "h": (0, 0)},
        "loss": _each,
        "gradients": {
            "V": r"\sum_{t=1}^T (o_t - y_t) h_t^\top",
            "b": r"\sum_{t=1}^T (1 - h_t \odot h_t) \odot \frac{\partial L}{\partial h_t}",
        },
    },
    "a language model": {
        "given": [
            r"h_t = \sigma(W h_{t-1} + U x_t)",
            r"p_t = \operatorname{softmax}(V h_t)",
            r"L = -\sum_{t=1}^T y_t^\top \log p_t",
        ],
        "sizes": {"T": 2},
        "families": {"x": (1, 2), "y": (1, 2), "h": (0, 0)},
        "targets": ["y"],
        "loss": _words,
        "gradients": {
            "W": r"\sum_{t=1}^T (h_t \odot (1 - h_t) \odot \frac{\partial L}{\partial h_t}) h_{t-1}^\top",
        },
    },
    "a gated recurrent unit": {
        "given": [
            r"z = \sigma(W_z x + U_z h)",
            r"r = \sigma(W_r x + U_r h)",
            r"\tilde{h} = \tanh(W_h x + U_h (r \odot h))",
            r"s = (1 - z) \odot h + z \odot \tilde{h}",
            r"L = \frac12 \|s - y\|^2",
        ],
        "loss": _gru,
        "gradients": {
            "W_z": r"((s - y) \odot (\tilde{h} - h) \odot z \odot (1 - z)) x^\top",
            "W_h": r"((s - y) \odot z \odot (1 - \tilde{h} \odot \tilde{h})) x^\top",
            "U_h": r"((s - y) \odot z \odot (1 - \tilde{h} \odot \tilde{h})) (r \odot h)^\top",
            "U_r": r"(h \odot r \odot (1 - r) \odot U_h^\top ((s - y) \odot z \odot (1 - \tilde{h} \odot \tilde{h})))"
            r" h^\top",
        },
    },
    "a long short-term memory cell, one step": {
        "given": [
            GATE.replace("{g}", "i"),
            GATE.replace("{g}", "f"),
            GATE.replace("{g}", "o"),
            r"g = \tanh(W_g [h; x] + b_g)",
            r"s = f \odot c + i \odot g",
            r"m = o \odot \tanh(s)",
            r"L = \frac12 \|m - y\|^2",
        ],
        "loss": _lstm,
        "gradients": {
            "b_o": r"(m - y) \odot \tanh(s) \odot o \odot (1 - o)",
            "c": r"(m - y) \odot o \odot \tanh'(s) \odot f",
            "W_g": r"((m - y) \odot o \odot \tanh'(s) \odot i \odot (1 - g \odot g)) [h; x]^\top",
            "b_i": r"(m - y) \odot o \odot \tanh'(s) \odot g \odot i \odot (1 - i)",
        },
    },
    "attention": {
        "given": [
            r"Q = X W_Q",
            r"K = X W_K",
            r"V = X W_V",
            r"S = \frac{Q K^\top}{\sqrt{d}}",
            r"A = \operatorname{softmax}(S)",
            r"O = A V",
            r"L = \frac12 \|O - Y\|_F^2",
        ],
        "data": "rows",
        "shapes": {"X": "N x D", "W_Q": "D x d", "W_K": "D x d", "W_V": "D x d", "Y": "N x d"},
        "loss": _attention,
        "gradients": {
            "W_V": r"X^\top A^\top (O - Y)",
            "W_Q": r"\frac{1}{\sqrt{d}} X^\top (A \odot ((O - Y) V^\top - (A \odot (O - Y) V^\top) \mathbf{1} "
            r"\mathbf{1}^\top)) K",
            "W_K": r"\frac{1}{\sqrt{d}} X^\top (A \odot ((O - Y) V^\top - (A \odot (O - Y) V^\top) \mathbf{1} "
            r"\mathbf{1}^\top))^\top Q",
        },
    },
    "an embedding by one-hot rows": {
        "given": [r"X = S E", r"z = \mathbf{1}^\top X w", r"L = \frac12 (z - y)^2"],
        "shapes": {"S": "N x V", "E": "V x d", "w": "d", "y": "scalar"},
        "loss": lambda v: 0.5 * ((v["S"] @ v["E"] @ v["w"]).sum() - v["y"]) ** 2,
        "gradients": {"E": r"(z - y) S^\top \mathbf{1} w^\top", "w": r"(z - y) X^\top \mathbf{1}"},
    },
    "an embedding by a row": {
        "given": [r"x = E_{3,:}", r"z = x W + b", r"L = \frac12 \|z - y\|^2"],
        "data": "rows",
        "shapes": {"E": "V x d", "W": "d x m", "b": "1 x m", "y": "1 x m"},
        "sizes": {"V": 5},
        "loss": lambda v: 0.5 * squared(v["E"][2:3] @ v["W"] + v["b"] - v["y"]),
        "gradients": {"W": r"x^\top (z - y)", "b": r"z - y"},
    },
    "tied input and output embeddings": {
        "given": [
            r"x = E^\top o",
            r"h = \tanh(W x)",
            r"p = \operatorname{softmax}(E h)",
            r"L = -y^\top \log p",
        ],
        "shapes": {"E": "V x d", "W": "d x d", "o": "V", "y": "V"},
        "targets": ["y"],
        "loss": lambda v: -(v["y"] * np.log(softmax(v["E"] @ np.tanh(v["W"] @ v["E"].T @ v["o"]), 0))).sum(),
        "gradients": {
            "E": r"(p - y) h^\top + o (W^\top ((1 - h \odot h) \odot E^\top (p - y)))^\top",
            "W": r"((1 - h \odot h) \odot E^\top (p - y)) x^\top",
        },
    },
    "skip-gram with a softmax over all words": {
        "given": [r"\hat{y} = \operatorname{softmax}(U^\top v)", r"J = -\sum_{w=1}^V y_w \log \hat{y}_w"],
        "shapes": {"U": "d x V", "v": "d", "y": "V"},
        "targets": ["y"],
        "loss": lambda v: -(v["y"] * np.log(softmax(v["U"].T @ v["v"], 0))).sum(),
        "gradients": {"v": r"U (\hat{y} - y)", "U": r"v (\hat{y} - y)^\top"},
    },
    "skip-gram with negative samples": {
        "given": [r"J = -\log \sigma(u^\top v) - \sum_{k=1}^K \log \sigma(-w_k^\top v)"],
        "shapes": {"w_k": "d", "v": "d", "u": "d"},
        "sizes": {"K": 3},
        "families": {"w": (1, 3)},
        "loss": lambda v: (
            -np.log(sigmoid(v["u"].T @ v["v"])) - sum(np.log(sigmoid(-v[f"w_{k}"].T @ v["v"])) for k in (1, 2, 3))
        ),
        "gradients": {
            "u": r"(\sigma(u^\top v) - 1) v",
            "v": r"(\sigma(u^\top v) - 1) u + \sum_{k=1}^K (1 - \sigma(-w_k^\top v)) w_k",
        },
    },
}
