"""Networks that answers are judged about."""

from functools import cache

import symbackprop as sb
from symbackprop.answers.question import Question

W1, W2 = r"\frac{\partial L}{\partial W_1}", r"\frac{\partial L}{\partial W_2}"
LAYERS = (r"z_1 = W_1 x + b_1", r"h_1 = g(z_1)", r"z_2 = W_2 h_1 + b_2", r"h_2 = g(z_2)", r"z_3 = W_3 h_2 + b_3")
SHAPES = {"x": "d", "W_1": "m x d", "W_2": "n x m", "W_3": "k x n", "y": "k"}


@cache
def three(square: bool = False) -> sb.Network:
    """Three layers and a squared error; with square matrices, swapped factors conform."""
    shapes = dict(SHAPES)
    if square:
        shapes = {"x": "n", "W_1": "n x n", "W_2": "n x n", "W_3": "n x n", "y": "n"}
    return sb.Network(*LAYERS, r"L = \frac{1}{2} \|z_3 - y\|^2", shapes=shapes)


@cache
def ridge() -> sb.Network:
    return sb.Network(
        r"e = X w - y",
        r"L = \frac{1}{N} \|e\|^2 + \lambda \|w\|^2",
        shapes={"X": "N x d", "w": "d", "y": "N", r"\lambda": "scalar"},
    )


@cache
def softmax() -> sb.Network:
    return sb.Network(
        r"z = W x + b",
        r"p = \operatorname{softmax}(z)",
        r"L = -\sum_k y_k \log p_k",
        shapes={"x": "d", "W": "m x d", "b": "m", "y": "m"},
    )


@cache
def logistic(sizes: str = "letters") -> sb.Network:
    m, d = ("m", "d") if sizes == "letters" else ("3", "2")
    return sb.Network(
        r"z = W x + b",
        r"a = \sigma(z)",
        r"L = \frac{1}{2} \|a - y\|^2",
        shapes={"x": d, "W": f"{m} x {d}", "b": m, "y": m},
    )


@cache
def question(ask: str, network: str = "three", **options: object) -> Question:
    """A question that all tests of it share."""
    if network == "plain":
        return Question(ask, sb.MLP(bias="separate"), **options)
    found = {"three": three, "ridge": ridge, "softmax": softmax, "logistic": logistic, "lecture": sb.MLP}
    if network == "square":
        return Question(ask, three(True), **options)
    if network == "numbers":
        return Question(ask, logistic("numbers"), **options)
    return Question(ask, found[network](), **options)
