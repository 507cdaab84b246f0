"""Losses and regularizers of one model: regressions, margins, divergences, factorizations."""

from __future__ import annotations

import numpy as np
from by_hand import relu, sigmoid, softmax, squared

SCALAR = "scalar"
N_THREE = (1, 2, 3)


def _margin(v):
    return max(0.0, squared(v["W"] @ (v["a"] - v["p"])) - squared(v["W"] @ (v["a"] - v["n"])) + v["m"].item())


def _siamese(v):
    d = np.sqrt(squared(np.tanh(v["W"] @ v["x"]) - np.tanh(v["W"] @ v["y"])))
    return v["t"] * d**2 + (1 - v["t"]) * relu(v["m"] - d) ** 2


def _variational(v):
    mean, log_scale = v["A"] @ v["x"], v["B"] @ v["x"]
    latent = mean + np.exp(log_scale) * v["epsilon"]
    prior = squared(mean) + (np.exp(2 * log_scale) - 2 * log_scale - 1).sum()
    return 0.5 * squared(v["D"] @ latent - v["x"]) + 0.5 * prior


def _cosine(v):
    a, b = v["A"] @ v["x"], v["B"] @ v["y"]
    return 1 - (a.T @ b) / np.sqrt(squared(a) * squared(b))


def _binary(v):
    p = sigmoid(v["X"] @ v["w"] + v["b"])
    return -(v["y"] * np.log(p) + (1 - v["y"]) * np.log(1 - p)).mean()


NETWORKS = {
    "ridge regression": {
        "given": [r"L = \|X w - y\|^2 + \lambda \|w\|^2"],
        "loss": lambda v: squared(v["X"] @ v["w"] - v["y"]) + v["lambda"] * squared(v["w"]),
        "gradients": {
            "w": r"2 X^\top (X w - y) + 2 \lambda w",
            r"\lambda": r"\|w\|^2",
            "X": r"2 (X w - y) w^\top",
        },
    },
    "lasso": {
        "given": [r"L = \frac{1}{2} \|X w - y\|^2 + \lambda \|w\|_1"],
        "shapes": {"lambda": SCALAR},
        "loss": lambda v: 0.5 * squared(v["X"] @ v["w"] - v["y"]) + v["lambda"] * np.abs(v["w"]).sum(),
        "gradients": {r"\lambda": r"\|w\|_1", "y": r"y - X w"},
    },
    "elastic net": {
        "given": [r"L = \frac{1}{2N} \|y - X w\|_2^2 + \alpha \|w\|_1 + \frac{\beta}{2} \|w\|_2^2"],
        "shapes": {"X": "N x D", "alpha": SCALAR, "beta": SCALAR},
        "loss": lambda v: (
            squared(v["y"] - v["X"] @ v["w"]) / (2 * len(v["X"]))
            + v["alpha"] * np.abs(v["w"]).sum()
            + v["beta"] / 2 * squared(v["w"])
        ),
        "gradients": {"X": r"-\frac{1}{N} (y - X w) w^\top", r"\beta": r"\frac12 \|w\|_2^2"},
    },
    "a mean of squares by entries": {
        "given": [r"\hat{y} = X w + b \mathbf{1}", r"L = \frac{1}{N} \sum_{i=1}^N (\hat{y}_i - y_i)^2"],
        "shapes": {"X": "N x D", "b": SCALAR},
        "loss": lambda v: ((v["X"] @ v["w"] + v["b"] - v["y"]) ** 2).mean(),
        "gradients": {
            "w": r"\frac{2}{N} X^\top (\hat{y} - y)",
            "b": r"\frac{2}{N} \mathbf{1}^\top (\hat{y} - y)",
        },
    },
    "logistic regression": {
        "given": [r"p = \sigma(w^\top x + b)", r"L = -y \log p - (1 - y) \log(1 - p)"],
        "shapes": {"b": SCALAR, "y": SCALAR},
        "loss": lambda v: (
            -v["y"] * np.log(sigmoid(v["w"].T @ v["x"] + v["b"]))
            - (1 - v["y"]) * np.log(1 - sigmoid(v["w"].T @ v["x"] + v["b"]))
        ),
        "gradients": {"w": r"(p - y) x", "b": r"p - y", "x": r"(p - y) w"},
    },
    "logistic regression of a batch": {
        "given": [
            r"p = \sigma(X w + b)",
            r"L = -\frac{1}{N} \sum_{i=1}^N (y_i \log p_i + (1 - y_i) \log(1 - p_i))",
        ],
        "shapes": {"X": "N x D", "w": "D", "b": SCALAR, "y": "N"},
        "loss": _binary,
        "gradients": {"w": r"\frac{1}{N} X^\top (p - y)", "b": r"\frac{1}{N} \mathbf{1}^\top (p - y)"},
    },
    "Poisson regression": {
        "given": [r"\eta = w^\top x", r"L = \exp(\eta) - y \eta"],
        "shapes": {"y": SCALAR},
        "loss": lambda v: np.exp(v["w"].T @ v["x"]) - v["y"] * (v["w"].T @ v["x"]),
        "gradients": {"w": r"(\exp(\eta) - y) x"},
    },
    "hinge": {
        "given": [r"s = w^\top x + b", r"L = \max(0, 1 - y s)"],
        "shapes": {"y": SCALAR, "b": SCALAR},
        "loss": lambda v: relu(1 - v["y"] * (v["w"].T @ v["x"] + v["b"])),
        "gradients": {},
    },
    "a support vector machine": {
        "given": [r"L = \frac12 \|w\|^2 + C \sum_{i=1}^N \max(0, 1 - y_i (w^\top x_i + b))"],
        "shapes": {"x_i": "D", "y_i": SCALAR, "b": SCALAR, "C": SCALAR},
        "sizes": {"N": 3},
        "families": {"x": (1, 3), "y": (1, 3)},
        "loss": lambda v: (
            0.5 * squared(v["w"])
            + v["C"] * sum(relu(1 - v[f"y_{i}"] * (v["w"].T @ v[f"x_{i}"] + v["b"])) for i in N_THREE)
        ),
        "gradients": {"C": r"\sum_{i=1}^N \max(0, 1 - y_i (w^\top x_i + b))"},
    },
    "a support vector machine of a batch": {
        "given": [r"L = \frac12 \|w\|^2 + \mathbf{1}^\top \max(0, 1 - y \odot (X w))"],
        "shapes": {"X": "N x D", "y": "N", "w": "D"},
        "loss": lambda v: 0.5 * squared(v["w"]) + relu(1 - v["y"] * (v["X"] @ v["w"])).sum(),
        "gradients": {"w": r"w - X^\top (y \odot \operatorname{ReLU}'(1 - y \odot (X w)))"},
    },
    "a smooth Huber loss": {
        "given": [r"r = w^\top x - y", r"L = \sqrt{1 + r^2} - 1"],
        "shapes": {"y": SCALAR},
        "loss": lambda v: np.sqrt(1 + (v["w"].T @ v["x"] - v["y"]) ** 2) - 1,
        "gradients": {"w": r"\frac{r}{\sqrt{1 + r^2}} x"},
    },
    "cosine similarity": {
        "given": [r"u = A x", r"v = B y", r"L = 1 - \frac{u^\top v}{\|u\| \|v\|}"],
        "loss": _cosine,
        "gradients": {
            "u": r"\frac{u^\top v}{\|u\|^3 \|v\|} u - \frac{1}{\|u\| \|v\|} v",
            "A": r"(\frac{u^\top v}{\|u\|^3 \|v\|} u - \frac{1}{\|u\| \|v\|} v) x^\top",
        },
    },
    "triplets": {
        "given": [r"L = \max(0, \|W a - W p\|^2 - \|W a - W n\|^2 + m)"],
        "shapes": {"a": "D", "p": "D", "n": "D", "m": SCALAR, "W": "k x D"},
        "loss": _margin,
        "gradients": {
            "p": r"-2 \operatorname{ReLU}'(\|W a - W p\|^2 - \|W a - W n\|^2 + m) W^\top (W a - W p)",
        },
    },
    "pairs with a margin": {
        "given": [
            r"a = \tanh(W x)",
            r"b = \tanh(W y)",
            r"d = \|a - b\|",
            r"L = t d^2 + (1 - t) \max(0, m - d)^2",
        ],
        "shapes": {"t": SCALAR, "m": SCALAR},
        "loss": _siamese,
        "gradients": {"t": r"d^2 - \max(0, m - d)^2"},
    },
    "a contrastive softmax": {
        "given": [
            r"S = \frac{1}{\tau} U V^\top",
            r"P = \operatorname{softmax}(S)",
            r"L = -\frac{1}{N} \operatorname{tr}(\log P)",
        ],
        "data": "rows",
        "shapes": {"U": "N x d", "V": "N x d", "tau": SCALAR},
        "loss": lambda v: -np.trace(np.log(softmax(v["U"] @ v["V"].T / v["tau"], 1))) / len(v["U"]),
        "gradients": {"U": r"\frac{1}{N \tau} (P - I) V", "V": r"\frac{1}{N \tau} (P - I)^\top U"},
    },
    "a temperature": {
        "given": [r"p = \operatorname{softmax}(z / \tau)", r"L = -y^\top \log p"],
        "shapes": {"tau": SCALAR, "z": "K", "y": "K"},
        "targets": ["y"],
        "positive": ["tau"],
        "loss": lambda v: -(v["y"] * np.log(softmax(v["z"] / v["tau"], 0))).sum(),
        "gradients": {"z": r"\frac{1}{\tau} (p - y)", r"\tau": r"\frac{1}{\tau^2} z^\top (y - p)"},
    },
    "a temperature under a line": {
        "given": [r"p = \operatorname{softmax}\left(\frac{W x}{\tau}\right)", r"L = -\sum_k y_k \log p_k"],
        "shapes": {"tau": SCALAR},
        "targets": ["y"],
        "positive": ["tau"],
        "loss": lambda v: -(v["y"] * np.log(softmax(v["W"] @ v["x"] / v["tau"], 0))).sum(),
        "gradients": {"W": r"\frac{1}{\tau} (p - y) x^\top"},
    },
    "a divergence from a softmax": {
        "given": [r"q = \operatorname{softmax}(W x)", r"L = \sum_{k=1}^K p_k (\log p_k - \log q_k)"],
        "shapes": {"p": "K", "W": "K x D"},
        "targets": ["p"],
        "loss": lambda v: (v["p"] * (np.log(v["p"]) - np.log(softmax(v["W"] @ v["x"], 0)))).sum(),
        "gradients": {"W": r"(q - p) x^\top", "q": r"-p \oslash q"},
    },
    "a variational autoencoder": {
        "given": [
            r"\mu = A x",
            r"s = B x",
            r"z = \mu + \exp(s) \odot \varepsilon",
            r"L = \frac12 \|D z - x\|^2 + \frac12 (\|\mu\|^2 + \mathbf{1}^\top (\exp(2 s) - 2 s - 1))",
        ],
        "shapes": {"x": "n", "A": "k x n", "B": "k x n", "D": "n x k", r"\varepsilon": "k"},
        "loss": _variational,
        "gradients": {"D": r"(D z - x) z^\top", "A": r"(D^\top (D z - x) + \mu) x^\top"},
    },
    "a factorization": {
        "given": [r"L = \|R - U V^\top\|_F^2 + \lambda (\|U\|_F^2 + \|V\|_F^2)"],
        "shapes": {"U": "m x k", "V": "n x k", "lambda": SCALAR, "R": "m x n"},
        "loss": lambda v: squared(v["R"] - v["U"] @ v["V"].T) + v["lambda"] * (squared(v["U"]) + squared(v["V"])),
        "gradients": {
            "U": r"-2 (R - U V^\top) V + 2 \lambda U",
            "V": r"-2 (R - U V^\top)^\top U + 2 \lambda V",
        },
    },
    "a factorization of observed entries": {
        "given": [r"E = M \odot (R - U V^\top)", r"L = \frac12 \|E\|_F^2"],
        "shapes": {"U": "m x k", "V": "n x k", "R": "m x n", "M": "m x n"},
        "loss": lambda v: 0.5 * squared(v["M"] * (v["R"] - v["U"] @ v["V"].T)),
        "gradients": {"U": r"-(M \odot E) V", "V": r"-(M \odot E)^\top U"},
    },
    "a bilinear form": {
        "given": [r"s = x^\top W y", r"L = -\log \sigma(s)"],
        "loss": lambda v: -np.log(sigmoid(v["x"].T @ v["W"] @ v["y"])),
        "gradients": {"W": r"(\sigma(s) - 1) x y^\top", "x": r"(\sigma(s) - 1) W y"},
    },
    "a trace as a regularizer": {
        "given": [r"L = \frac12 \|W x - y\|^2 + \frac{\lambda}{2} \operatorname{tr}(W^\top W)"],
        "shapes": {"lambda": SCALAR},
        "loss": lambda v: 0.5 * squared(v["W"] @ v["x"] - v["y"]) + v["lambda"] / 2 * squared(v["W"]),
        "gradients": {"W": r"(W x - y) x^\top + \lambda W"},
    },
    "examples i = 1 … N": {
        "given": [r"L = \frac{1}{N} \sum_{i=1}^N (w^\top x^{(i)} - y^{(i)})^2"],
        "shapes": {"x^{(i)}": "D", "y^{(i)}": SCALAR},
        "sizes": {"N": 3},
        "families": {"x": (1, 3), "y": (1, 3)},
        "loss": lambda v: sum((v["w"].T @ v[f"x_{i}"] - v[f"y_{i}"]) ** 2 for i in N_THREE) / 3,
        "gradients": {"w": r"\frac{2}{N} \sum_{i=1}^N (w^\top x^{(i)} - y^{(i)}) x^{(i)}"},
    },
}
