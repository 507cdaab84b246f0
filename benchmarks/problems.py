"""Losses of matrices and vectors, written for us, for SymPy's symbolic matrices and for tensorgrad's tensors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy

Symbols = Mapping[str, Any]

# numbers for the letters of sizes; tensorgrad has letters only, for 1 and for sums as well
NUMBERS = {"n": 2, "m": 3, "p": 4, "one": 1, "k": 3}


@dataclass(frozen=True)
class Problem:
    """A loss and a variable.

    Attributes:
        loss: as LaTeX, for us; `before`: forward equations above it.
        by: the name of the variable.
        shapes: of all.
        sympy: the same loss of SymPy's symbols by name.
        tensorgrad: the same of tensorgrad's variables by name, with its functions, and its module.
    """

    loss: str
    by: str
    shapes: dict[str, str]
    sympy: Callable[[Symbols], Any]
    tensorgrad: Callable[[Symbols, Any, Any], Any]
    before: tuple[str, ...] = ()


def sizes(shape: str) -> tuple[str, str]:
    """Rows and columns of a shape."""
    rows, _, columns = shape.partition(" x ")
    return rows, columns or "1"


def _total(e: Any) -> Any:
    """The sum of the entries of a column, in SymPy."""
    return sympy.OneMatrix(1, e.rows) * e


def _tanh(e: Any) -> Any:
    return e.applyfunc(sympy.tanh)


def _norm_in_sympy(v: Symbols) -> Any:
    size = v["z"].rows
    centred = v["z"] - sympy.OneMatrix(size, 1) * _total(v["z"]) / size
    spread = centred.T * centred / size + sympy.Identity(1) / 1000
    off = sympy.hadamard_product(v["g"], centred * spread.applyfunc(lambda s: 1 / sympy.sqrt(s))) + v["b"] - v["y"]
    return off.T * off


def _norm_in_tensorgrad(v: Symbols, F: Any, tg: Any) -> Any:
    centred = v["z"] - F.mean(v["z"], "n", keepdims=True)
    spread = F.mean(F.pow(centred, 2), "n", keepdims=True) + Fraction(1, 1000)
    return F.frobenius2(v["g"] * centred * F.pow(spread, Fraction(-1, 2)) + v["b"] - v["y"])


def _block_in_sympy(v: Symbols) -> Any:
    one = sympy.Identity(1)
    off = sympy.BlockMatrix([[v["W"], v["b"]]]) * sympy.BlockMatrix([[v["x"]], [one]]) - v["y"]
    return off.T * off


def _block_in_tensorgrad(v: Symbols, F: Any, tg: Any) -> Any:
    one, k = tg.symbols("one k")
    weights = F.concat(v["W"], v["b"] @ tg.Ones(n=one), dim="n", size=k)
    return F.frobenius2(weights @ F.concat(v["x"], tg.Ones(n=one), dim="n", size=k) - v["y"])


LAYER = {"W": "m x n", "x": "n"}

# asked of everyone before the clock starts
FIRST = Problem(r"x^\top x", "x", {"x": "n"}, lambda v: v["x"].T * v["x"], lambda v, F, tg: F.frobenius2(v["x"]))

PROBLEMS = {
    "aᵀ X b": Problem(
        r"a^\top X b",
        "X",
        {"a": "m", "b": "n", "X": "m x n"},
        lambda v: v["a"].T * v["X"] * v["b"],
        lambda v, F, tg: v["a"] @ v["X"] @ v["b"],
    ),
    "xᵀ B x": Problem(
        r"x^\top B x",
        "x",
        {"B": "n x n", "x": "n"},
        lambda v: v["x"].T * v["B"] * v["x"],
        lambda v, F, tg: v["x"] @ v["B"] @ v["x"].rename(n="n_"),
    ),
    "tr(A X B)": Problem(
        r"\operatorname{tr}(A X B)",
        "X",
        {"A": "p x m", "X": "m x n", "B": "n x p"},
        lambda v: sympy.Trace(v["A"] * v["X"] * v["B"]),
        # every edge meets its other end
        lambda v, F, tg: v["A"] @ v["X"] @ v["B"],
    ),
    "tr(XᵀX)": Problem(
        r"\operatorname{tr}(X^\top X)",
        "X",
        {"X": "m x n"},
        lambda v: sympy.Trace(v["X"].T * v["X"]),
        lambda v, F, tg: F.frobenius2(v["X"]),
    ),
    "‖W x - y‖², by W": Problem(
        r"\|W x - y\|^2",
        "W",
        LAYER | {"y": "m"},
        lambda v: (v["W"] * v["x"] - v["y"]).T * (v["W"] * v["x"] - v["y"]),
        lambda v, F, tg: F.frobenius2(v["W"] @ v["x"] - v["y"]),
    ),
    "1ᵀ tanh(W x), by W": Problem(
        r"\mathbf{1}^\top \tanh(W x)",
        "W",
        LAYER,
        lambda v: _total(_tanh(v["W"] * v["x"])),
        lambda v, F, tg: F.sum(F.tanh(v["W"] @ v["x"])),
    ),
    "1ᵀ tanh(V tanh(W x)), by W": Problem(
        r"\mathbf{1}^\top \tanh(V \tanh(W x))",
        "W",
        LAYER | {"V": "p x m"},
        lambda v: _total(_tanh(v["V"] * _tanh(v["W"] * v["x"]))),
        lambda v, F, tg: F.sum(F.tanh(v["V"] @ F.tanh(v["W"] @ v["x"]))),
    ),
    "‖ŷ - y‖², by ŷ": Problem(
        r"\|\hat{y} - y\|^2",
        "ŷ",
        {"ŷ": "n", "y": "n"},
        lambda v: (v["ŷ"] - v["y"]).T * (v["ŷ"] - v["y"]),
        lambda v, F, tg: F.frobenius2(v["ŷ"] - v["y"]),
    ),
    "1ᵀ (e ⊙ e), e = W x + b, by W": Problem(
        r"\mathbf{1}^\top (e \odot e)",
        "W",
        LAYER | {"b": "m"},
        lambda v: _total(sympy.hadamard_product(v["W"] * v["x"] + v["b"], v["W"] * v["x"] + v["b"])),
        lambda v, F, tg: F.sum((v["W"] @ v["x"] + v["b"]) * (v["W"] @ v["x"] + v["b"])),
        ("e = W x + b",),
    ),
    "logsumexp(W x), by W": Problem(
        r"\operatorname{logsumexp}(W x)",
        "W",
        LAYER,
        lambda v: sympy.log(_total((v["W"] * v["x"]).applyfunc(sympy.exp))[0, 0]),
        lambda v, F, tg: F.log(F.sum(F.exp(v["W"] @ v["x"]))),
    ),
    "‖[W, b] [x; 1] - y‖², by b": Problem(
        r"\|[W, b] [x; 1] - y\|^2",
        "b",
        LAYER | {"b": "m", "y": "m"},
        _block_in_sympy,
        _block_in_tensorgrad,
    ),
    "layer norm by entries, by z": Problem(
        r"\|o - y\|^2",
        "z",
        {"z": "n", "g": "n", "b": "n", "y": "n"},
        _norm_in_sympy,
        _norm_in_tensorgrad,
        (
            r"\mu = \frac{1}{n} \sum_{i=1}^{n} z_i",
            r"v = \frac{1}{n} \sum_{i=1}^{n} (z_i - \mu)^2",
            r"o = g \odot \frac{z - \mu \mathbf{1}}{\sqrt{v + \frac{1}{1000}}} + b",
        ),
    ),
}
