"""Normalizations as equations, poolings, slices, products of features."""

from __future__ import annotations

import numpy as np
from by_hand import squared


def _layer(v):
    x = v["x"]
    centred = x - x.mean()
    return 0.5 * squared(v["gamma"] * centred / np.sqrt((centred**2).mean() + v["epsilon"]) + v["beta"] - v["y"])


def _batch(v, axis):
    centred = v["X"] - v["X"].mean(axis, keepdims=True)
    scaled = centred / np.sqrt((centred**2).mean(axis, keepdims=True) + v["epsilon"])
    return 0.5 * squared(v["gamma"] * scaled + v["beta"] - v["Y"])


def _groups(v):
    total = []
    for each in (v["x"][:2], v["x"][2:]):
        centred = each - each.mean()
        total.append(centred / np.sqrt((centred**2).mean() + v["epsilon"]))
    return 0.5 * squared(v["gamma"] * np.vstack(total) - v["y"])


NETWORKS = {
    "layer norm": {
        "given": [
            r"\mu = \frac{1}{n} \sum_{i=1}^{n} x_i",
            r"s = \frac{1}{n} \sum_{i=1}^{n} (x_i - \mu)^2",
            r"\hat{x} = \frac{x - \mu \mathbf{1}}{\sqrt{s + \epsilon}}",
            r"h = \gamma \odot \hat{x} + \beta",
            r"L = \frac12 \|h - y\|^2",
        ],
        "shapes": {"x": "n", "gamma": "n", "beta": "n", "y": "n", "epsilon": "scalar"},
        "positive": ["epsilon"],
        "loss": _layer,
        "gradients": {
            r"\gamma": r"(h - y) \odot \hat{x}",
            r"\beta": r"h - y",
            r"\hat{x}": r"\gamma \odot (h - y)",
            # the form that implementations have
            "x": r"\frac{1}{\sqrt{s + \epsilon}} (\gamma \odot (h - y) "
            r"- \frac{1}{n} \mathbf{1} \mathbf{1}^\top (\gamma \odot (h - y)) "
            r"- \frac{1}{n} \hat{x} \hat{x}^\top (\gamma \odot (h - y)))",
        },
    },
    "batch norm of rows": {
        "given": [
            r"\mu = \frac{1}{N} \mathbf{1}^\top X",
            r"C = X - \mathbf{1} \mu",
            r"v = \frac{1}{N} \mathbf{1}^\top (C \odot C)",
            r"S = C \oslash (\mathbf{1} \sqrt{v + \epsilon})",
            r"H = (\mathbf{1} \gamma) \odot S + \mathbf{1} \beta",
            r"L = \frac12 \|H - Y\|_F^2",
        ],
        "data": "rows",
        "shapes": {"X": "N x D", "gamma": "1 x D", "beta": "1 x D", "Y": "N x D", "epsilon": "scalar"},
        "positive": ["epsilon"],
        "loss": lambda v: _batch(v, 0),
        "gradients": {
            r"\gamma": r"\mathbf{1}^\top ((H - Y) \odot S)",
            r"\beta": r"\mathbf{1}^\top (H - Y)",
            "S": r"(H - Y) \odot (\mathbf{1} \gamma)",
        },
    },
    "batch norm of columns": {
        "given": [
            r"\mu = \frac{1}{N} X \mathbf{1}",
            r"C = X - \mu \mathbf{1}^\top",
            r"v = \frac{1}{N} (C \odot C) \mathbf{1}",
            r"S = C \oslash (\sqrt{v + \epsilon} \mathbf{1}^\top)",
            r"H = \operatorname{diag}(\gamma) S + \beta",
            r"L = \frac12 \|H - Y\|_F^2",
        ],
        "shapes": {"X": "D x N", "gamma": "D", "beta": "D", "Y": "D x N", "epsilon": "scalar"},
        "positive": ["epsilon"],
        "loss": lambda v: _batch(v, 1),
        "gradients": {
            r"\gamma": r"((H - Y) \odot S) \mathbf{1}",
            r"\beta": r"(H - Y) \mathbf{1}",
            "S": r"\operatorname{diag}(\gamma) (H - Y)",
        },
    },
    "RMS norm": {
        "given": [
            r"r = \sqrt{\frac{1}{n} \|x\|^2 + \epsilon}",
            r"h = \gamma \odot \frac{x}{r}",
            r"L = \frac12 \|h - y\|^2",
        ],
        "shapes": {"x": "n", "gamma": "n", "y": "n", "epsilon": "scalar"},
        "positive": ["epsilon"],
        "loss": lambda v: 0.5 * squared(v["gamma"] * v["x"] / np.sqrt((v["x"] ** 2).mean() + v["epsilon"]) - v["y"]),
        "gradients": {
            r"\gamma": r"(h - y) \odot \frac{x}{r}",
            "x": r"\frac{1}{r} (\gamma \odot (h - y) - \frac{1}{n r^2} x x^\top (\gamma \odot (h - y)))",
        },
    },
    "group norm of two groups": {
        "given": [
            r"\mu_1 = \frac{1}{2} \sum_{i=1}^{2} x_i",
            r"\mu_2 = \frac{1}{m} \mathbf{1}^\top w",
            r"a = \frac{1}{\sqrt{\frac12 \|x - \mu_1\|^2 + \epsilon}}",
            r"b = \frac{1}{\sqrt{\frac{1}{m} \|w - \mu_2\|^2 + \epsilon}}",
            r"h = \gamma \odot [a (x - \mu_1); b (w - \mu_2)]",
            r"L = \frac12 \|h - y\|^2",
        ],
        "shapes": {"x": "2", "w": "m", "gamma": "m + 2", "y": "m + 2", "epsilon": "scalar"},
        "positive": ["epsilon"],
        "loss": lambda v: _groups({**v, "x": np.vstack([v["x"], v["w"]])}),
        "gradients": {r"\gamma": r"(h - y) \odot [a (x - \mu_1); b (w - \mu_2)]"},
    },
    "mean pooling": {
        "given": [
            r"H = \tanh(X W)",
            r"m = \frac{1}{N} \mathbf{1}^\top H",
            r"L = \frac12 \|m - y\|^2",
        ],
        "data": "rows",
        "shapes": {"X": "N x D", "W": "D x k", "y": "1 x k"},
        "loss": lambda v: 0.5 * squared(np.tanh(v["X"] @ v["W"]).mean(0, keepdims=True) - v["y"]),
        "gradients": {
            "W": r"\frac{1}{N} X^\top ((\mathbf{1} \mathbf{1}^\top - H \odot H) \odot (\mathbf{1} (m - y)))",
        },
    },
    "log-sum-exp pooling": {
        "given": [r"z = W x", r"s = \operatorname{logsumexp}(z)", r"L = (s - y)^2"],
        "shapes": {"y": "scalar"},
        "loss": lambda v: (np.log(np.exp(v["W"] @ v["x"]).sum()) - v["y"]) ** 2,
        "gradients": {"W": r"2 (s - y) \operatorname{softmax}(z) x^\top"},
    },
    "a power mean": {
        "given": [r"m = \sqrt{\frac{1}{n} \sum_{i=1}^n x_i^2}", r"L = (m - y)^2"],
        "shapes": {"x": "n", "y": "scalar"},
        "loss": lambda v: (np.sqrt((v["x"] ** 2).mean()) - v["y"]) ** 2,
        "gradients": {"x": r"\frac{2 (m - y)}{n m} x"},
    },
    "features by an outer product": {
        "given": [r"F = u v^\top", r"L = \frac12 \|F - Y\|_F^2"],
        "loss": lambda v: 0.5 * squared(v["u"] @ v["v"].T - v["Y"]),
        "gradients": {"u": r"(F - Y) v", "v": r"(F - Y)^\top u"},
    },
    "a slice": {
        "given": [r"z = W x", r"L = \frac12 \|z_{1:2} - y\|^2"],
        "shapes": {"W": "5 x n", "x": "n", "y": "2"},
        "loss": lambda v: 0.5 * squared((v["W"] @ v["x"])[:2] - v["y"]),
        "gradients": {"y": r"y - z_{1:2}"},
    },
}
