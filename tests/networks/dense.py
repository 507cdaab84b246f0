"""Layers one after another: columns and rows, one example and batches, shared weights, residuals, skips."""

from __future__ import annotations

import numpy as np
from by_hand import relu, sigmoid, softmax, squared

NETWORKS = {
    "two layers of columns": {
        "given": [
            r"z = W_1 x + b_1",
            r"h = \tanh(z)",
            r"\hat{y} = W_2 h + b_2",
            r"J = \frac{1}{2} \|\hat{y} - y\|^2",
        ],
        "loss": lambda v: 0.5 * squared(v["W_2"] @ np.tanh(v["W_1"] @ v["x"] + v["b_1"]) + v["b_2"] - v["y"]),
        "gradients": {
            "W_2": r"(\hat{y} - y) h^\top",
            "b_2": r"\hat{y} - y",
            "W_1": r"((1 - h \odot h) \odot W_2^\top (\hat{y} - y)) x^\top",
            "b_1": r"(1 - h \odot h) \odot W_2^\top (\hat{y} - y)",
            "x": r"W_1^\top ((1 - h \odot h) \odot W_2^\top (\hat{y} - y))",
        },
    },
    "two layers of rows, softmax and cross-entropy": {
        "given": [
            r"h = \sigma(x W_1 + b_1)",
            r"\hat{y} = \operatorname{softmax}(h W_2 + b_2)",
            r"J = -\sum_k y_k \log \hat{y}_k",
        ],
        "data": "rows",
        "targets": ["y"],
        "loss": lambda v: (
            -(v["y"] * np.log(softmax(sigmoid(v["x"] @ v["W_1"] + v["b_1"]) @ v["W_2"] + v["b_2"], 1))).sum()
        ),
        "gradients": {
            "W_2": r"h^\top (\hat{y} - y)",
            "b_2": r"\hat{y} - y",
            "W_1": r"x^\top ((\hat{y} - y) W_2^\top \odot h \odot (1 - h))",
            "x": r"((\hat{y} - y) W_2^\top \odot h \odot (1 - h)) W_1^\top",
        },
    },
    "a batch of rows, the mean of the cross-entropies": {
        "given": [
            r"H = \operatorname{ReLU}(X W_1 + b_1)",
            r"P = \operatorname{softmax}(H W_2 + b_2)",
            r"J = -\frac{1}{N} \sum_{i=1}^{N} \sum_{k=1}^{K} Y_{ik} \log P_{ik}",
        ],
        "data": "rows",
        "shapes": {"X": "N x D", "W_1": "D x H", "b_1": "1 x H", "W_2": "H x K", "b_2": "1 x K", "Y": "N x K"},
        "targets": ["Y"],
        "loss": lambda v: (
            -(v["Y"] * np.log(softmax(relu(v["X"] @ v["W_1"] + v["b_1"]) @ v["W_2"] + v["b_2"], 1))).sum() / len(v["X"])
        ),
        "gradients": {
            "W_2": r"\frac{1}{N} H^\top (P - Y)",
            "b_2": r"\frac{1}{N} \mathbf{1}^\top (P - Y)",
            "W_1": r"\frac{1}{N} X^\top (((P - Y) W_2^\top) \odot \operatorname{ReLU}'(X W_1 + b_1))",
        },
    },
    "a batch of columns, the sum of the squares": {
        "given": [
            r"H = \tanh(W_1 X + b_1 \mathbf{1}^\top)",
            r"Z = W_2 H + b_2 \mathbf{1}^\top",
            r"L = \frac{1}{2} \|Z - Y\|_F^2",
        ],
        "loss": lambda v: 0.5 * squared(v["W_2"] @ np.tanh(v["W_1"] @ v["X"] + v["b_1"]) + v["b_2"] - v["Y"]),
        "gradients": {
            "W_2": r"(Z - Y) H^\top",
            "b_2": r"(Z - Y) \mathbf{1}",
            "X": r"W_1^\top ((\mathbf{1} \mathbf{1}^\top - H \odot H) \odot W_2^\top (Z - Y))",
        },
    },
    "a batch of rows, the mean of the squares": {
        "given": [r"H = \tanh(X W_1 + b_1)", r"Z = H W_2 + b_2", r"L = \frac{1}{2 N} \|Z - Y\|_F^2"],
        "data": "rows",
        "shapes": {"X": "N x D", "W_1": "D x H", "b_1": "1 x H", "W_2": "H x K", "b_2": "1 x K", "Y": "N x K"},
        "loss": lambda v: (
            squared(np.tanh(v["X"] @ v["W_1"] + v["b_1"]) @ v["W_2"] + v["b_2"] - v["Y"]) / (2 * len(v["X"]))
        ),
        "gradients": {"W_2": r"\frac{1}{N} H^\top (Z - Y)", "b_2": r"\frac{1}{N} \mathbf{1}^\top (Z - Y)"},
    },
    "a residual block": {
        "given": [r"h = x + W_2 \tanh(W_1 x)", r"\ell = w^\top h", r"L = (\ell - y)^2"],
        "shapes": {"y": "scalar"},
        "loss": lambda v: (v["w"].T @ (v["x"] + v["W_2"] @ np.tanh(v["W_1"] @ v["x"])) - v["y"]) ** 2,
        "gradients": {
            "w": r"2 (\ell - y) h",
            "W_2": r"2 (\ell - y) w \tanh(W_1 x)^\top",
            "x": r"2 (\ell - y) (w + W_1^\top (\tanh'(W_1 x) \odot W_2^\top w))",
        },
    },
    "an autoencoder of tied weights": {
        "given": [r"h = \sigma(W x + b)", r"\hat{x} = W^\top h + c", r"L = \frac12 \|\hat{x} - x\|^2"],
        "loss": lambda v: 0.5 * squared(v["W"].T @ sigmoid(v["W"] @ v["x"] + v["b"]) + v["c"] - v["x"]),
        "gradients": {
            "W": r"(W (\hat{x} - x) \odot h \odot (1 - h)) x^\top + h (\hat{x} - x)^\top",
            "b": r"W (\hat{x} - x) \odot h \odot (1 - h)",
            "c": r"\hat{x} - x",
            "x": r"W^\top (W (\hat{x} - x) \odot h \odot (1 - h)) - (\hat{x} - x)",
        },
    },
    "a weight used twice": {
        "given": [r"h_1 = \tanh(W x)", r"h_2 = \tanh(W h_1)", r"L = \frac12 \|h_2 - y\|^2"],
        "loss": lambda v: 0.5 * squared(np.tanh(v["W"] @ np.tanh(v["W"] @ v["x"])) - v["y"]),
        "gradients": {
            "W": r"((1 - h_2 \odot h_2) \odot (h_2 - y)) h_1^\top "
            r"+ ((1 - h_1 \odot h_1) \odot W^\top ((1 - h_2 \odot h_2) \odot (h_2 - y))) x^\top",
        },
    },
    "skip connections by concatenation": {
        "given": [
            r"h_1 = \tanh(W_1 x)",
            r"h_2 = \tanh(W_2 h_1)",
            r"o = V [h_2; h_1; x]",
            r"L = \frac12 \|o - y\|^2",
        ],
        "loss": lambda v: (
            0.5
            * squared(
                v["V"] @ np.vstack([np.tanh(v["W_2"] @ np.tanh(v["W_1"] @ v["x"])), np.tanh(v["W_1"] @ v["x"]), v["x"]])
                - v["y"]
            )
        ),
        "gradients": {"V": r"(o - y) [h_2; h_1; x]^\top"},
    },
    "layers l = 1 … L": {
        "given": [r"z_l = W_l h_{l-1} + b_l", r"h_l = \sigma(z_l)", r"L = \frac12 \|h_L - y\|^2"],
        "sizes": {"L": 3, "n": 2},
        "families": {"W": (1, 3), "b": (1, 3), "h": (0, 0)},
        "loss": lambda v: (
            0.5
            * squared(
                sigmoid(v["W_3"] @ sigmoid(v["W_2"] @ sigmoid(v["W_1"] @ v["h_0"] + v["b_1"]) + v["b_2"]) + v["b_3"])
                - v["y"]
            )
        ),
        "gradients": {
            "b_L": r"(h_L - y) \odot h_L \odot (1 - h_L)",
            "W_L": r"((h_L - y) \odot h_L \odot (1 - h_L)) h_{L-1}^\top",
        },
    },
    "a highway layer": {
        "given": [
            r"t = \sigma(T x)",
            r"h = t \odot \tanh(W x) + (1 - t) \odot x",
            r"L = \frac12 \|h - y\|^2",
        ],
        "loss": lambda v: (
            0.5
            * squared(
                sigmoid(v["T"] @ v["x"]) * np.tanh(v["W"] @ v["x"]) + (1 - sigmoid(v["T"] @ v["x"])) * v["x"] - v["y"]
            )
        ),
        "gradients": {
            "W": r"((h - y) \odot t \odot \tanh'(W x)) x^\top",
            "T": r"((h - y) \odot (\tanh(W x) - x) \odot t \odot (1 - t)) x^\top",
        },
    },
    "a gated linear unit": {
        "given": [r"h = (A x) \odot \sigma(B x)", r"L = \frac12 \|h - y\|^2"],
        "loss": lambda v: 0.5 * squared((v["A"] @ v["x"]) * sigmoid(v["B"] @ v["x"]) - v["y"]),
        "gradients": {
            "A": r"((h - y) \odot \sigma(B x)) x^\top",
            "B": r"((h - y) \odot (A x) \odot \sigma'(B x)) x^\top",
        },
    },
    "a leak that is learned": {
        "given": [r"z = W x", r"h = \max(0, z) + a \min(0, z)", r"L = \frac12 \|h - y\|^2"],
        "shapes": {"a": "scalar"},
        "loss": lambda v: 0.5 * squared(relu(v["W"] @ v["x"]) + v["a"] * np.minimum(0, v["W"] @ v["x"]) - v["y"]),
        "gradients": {"a": r"\min(0, z)^\top (h - y)"},
    },
    "an unknown activation": {
        "given": [r"z = W x + b", r"h = g(z)", r"L = \frac12 \|h - y\|^2"],
        "gradients": {"W": r"((h - y) \odot g'(z)) x^\top", "b": r"(h - y) \odot g'(z)"},
    },
    "a dropout mask": {
        "given": [r"h = \operatorname{ReLU}(W x)", r"d = \frac{1}{p} m \odot h", r"L = \frac12 \|V d - y\|^2"],
        "positive": ["p"],
        "shapes": {"p": "scalar", "m": "H", "W": "H x D", "x": "D", "V": "K x H", "y": "K"},
        "loss": lambda v: 0.5 * squared(v["V"] @ (v["m"] * relu(v["W"] @ v["x"]) / v["p"]) - v["y"]),
        "gradients": {
            "W": r"\frac{1}{p} (m \odot \operatorname{ReLU}'(W x) \odot V^\top (V d - y)) x^\top",
            "V": r"(V d - y) d^\top",
        },
    },
}
