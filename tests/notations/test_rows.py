"""Data as rows: the formulas as they are printed, computed with NumPy, against backprop about rows by hand."""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch
from typing import Any

import numpy as np
import pytest

from symbackprop import expr
from symbackprop.derivation import Derivation
from symbackprop.dims import Dim, dim
from symbackprop.expr import LOSS, Expr
from symbackprop.library import derive
from symbackprop.network import MLP
from symbackprop.orientation import in_rows, orient
from symbackprop.substitution import free_symbols, substitute

Array = Any
WIDTHS = {"augmented": [4, 5, 4, 2], "separate": [3, 4, 3, 2], "none": [3, 4, 3, 2]}


@dataclass
class Backprop:
    """A network of two hidden layers with tanh and its gradients, as a course about rows writes it in NumPy."""

    bias: str
    x: Array
    W: list[Array]
    b: list[Array]
    y: Array

    @classmethod
    def random(cls, bias: str) -> Backprop:
        rng = np.random.default_rng(7)
        n = WIDTHS[bias]
        units = [size - (bias == "augmented") for size in n[:-1]] + n[-1:]
        x = rng.normal(size=(1, n[0]))
        if bias == "augmented":
            x[0, -1] = 1.0
        W = [rng.normal(size=(n[i], units[i + 1])) for i in range(3)]
        b = [rng.normal(size=(1, units[i + 1])) * (bias == "separate") for i in range(3)]
        made = cls(bias, x, W, b, rng.normal(size=(1, n[-1])))
        made.run()
        return made

    def run(self) -> None:
        h0 = self.x
        z1 = h0 @ self.W[0] + self.b[0]
        h1 = self.unit(np.tanh(z1))
        z2 = h1 @ self.W[1] + self.b[1]
        h2 = self.unit(np.tanh(z2))
        out = h2 @ self.W[2] + self.b[2]
        dout = 2 * (out - self.y)
        dW2, db2, dh2 = h2.T @ dout, dout, dout @ self.W[2].T
        dz2 = self.without(dh2) * (1 - np.tanh(z2) ** 2)
        dW1, db1, dh1 = h1.T @ dz2, dz2, dz2 @ self.W[1].T
        dz1 = self.without(dh1) * (1 - np.tanh(z1) ** 2)
        dW0, db0, dx = h0.T @ dz1, dz1, dz1 @ self.W[0].T
        self.h, self.z = [h0, h1, h2], [None, z1, z2, out]
        self.dW, self.db, self.dh, self.dz = [dW0, dW1, dW2], [db0, db1, db2], [dx, dh1, dh2], [None, dz1, dz2, dout]

    def unit(self, h: Array) -> Array:
        return np.hstack([h, np.ones((1, 1))]) if self.bias == "augmented" else h

    def without(self, dh: Array) -> Array:
        return dh[:, :-1] if self.bias == "augmented" else dh

    def number(self, d: Dim) -> int:
        return MLP(widths=WIDTHS[self.bias], bias=self.bias).normal(d).constant


# --- formulas about rows, read as a person reads them -----------------------------------------------------------------


@singledispatch
def value(e: Expr, at: Backprop) -> Array:
    raise TypeError(type(e).__name__)


@value.register
def _(e: expr.PreActivation, at: Backprop) -> Array:
    return at.z[at.number(e.index)]


@value.register
def _(e: expr.Hidden, at: Backprop) -> Array:
    return at.h[at.number(e.index)]


@value.register
def _(e: expr.Weight, at: Backprop) -> Array:
    return at.W[at.number(e.index)]


@value.register
def _(e: expr.Product, at: Backprop) -> Array:
    made = value(e.factors[0], at)
    for factor in e.factors[1:]:
        right = value(factor, at)
        made = (
            made * right
            if 1 in (np.size(made), np.size(right)) and np.ndim(right) * np.ndim(made) == 0
            else made @ right
        )
    return made


@value.register
def _(e: expr.Transpose, at: Backprop) -> Array:
    return value(e.operand, at).T


@value.register
def _(e: expr.Hadamard, at: Backprop) -> Array:
    made = value(e.factors[0], at)
    for factor in e.factors[1:]:
        right = value(factor, at)
        assert right.shape == made.shape
        made = made * right
    return made


@value.register
def _(e: expr.Diagonal, at: Backprop) -> Array:
    inner = value(e.operand, at)
    assert inner.shape[0] == 1, "what stands on the diagonal is a row"
    return np.diag(inner[0])


@value.register
def _(e: expr.Elementwise, at: Backprop) -> Array:
    assert (e.function, e.order) == ("g", 1)
    return 1 - np.tanh(value(e.operand, at)) ** 2


@value.register
def _(e: expr.ActivationJacobian, at: Backprop) -> Array:
    # ∂h/∂z: a row for each unit, the last one of zeros for the bias unit
    slopes = 1 - np.tanh(value(e.operand, at)[0]) ** 2
    return np.vstack([np.diag(slopes), np.zeros((1, len(slopes)))])


@value.register
def _(e: expr.WithoutBias, at: Backprop) -> Array:
    return value(e.operand, at)[:-1]


@value.register
def _(e: expr.ColumnAt, at: Backprop) -> Array:
    made = np.zeros((at.number(e.width), value(e.vector, at).size))
    made[at.number(e.column) - 1] = value(e.vector, at)[0]
    return made


@value.register
def _(e: expr.Row, at: Backprop) -> Array:
    i = at.number(e.row) - 1
    return value(e.operand, at)[i : i + 1]


@value.register
def _(e: expr.Column, at: Backprop) -> Array:
    i = at.number(e.column) - 1
    return value(e.operand, at)[:, i : i + 1]


@value.register
def _(e: expr.Entry, at: Backprop) -> Array:
    inner = value(e.operand, at)
    assert e.column is None
    assert 1 in inner.shape
    return inner.ravel()[at.number(e.row) - 1]


@value.register
def _(e: expr.IndexedProduct, at: Backprop) -> Array:
    values = range(at.number(e.lower), at.number(e.upper) + 1)
    parts = [value(substitute(e.body, {e.index: dim(k)}), at) for k in values]
    parts = parts[::-1] if e.descending else parts
    return np.linalg.multi_dot(parts) if len(parts) > 1 else parts[0] if parts else 1.0


@value.register
def _(e: expr.Partial, at: Backprop) -> Array:
    made = _gradient(e.wrt, at) if e.of == LOSS else _jacobian(e.of, e.wrt, at)
    return made.T if e.numerator else made


def _gradient(wrt: Expr, at: Backprop) -> Array:
    match wrt:
        case expr.PreActivation(l):
            return at.dz[at.number(l)]
        case expr.Hidden(l):
            return at.dh[at.number(l)]
        case expr.Weight(l):
            return at.dW[at.number(l)]
        case expr.Bias(l):
            return at.db[at.number(l)]
        case expr.Transpose(inner):
            return _gradient(inner, at).T
        case expr.Row(expr.Weight(l), j):
            return at.dW[at.number(l)][at.number(j) - 1 : at.number(j)]
        case expr.Column(expr.Weight(l), j):
            return at.dW[at.number(l)][:, at.number(j) - 1 : at.number(j)]
    raise TypeError(repr(wrt))


def _jacobian(of: Expr, wrt: Expr, at: Backprop) -> Array:
    """A row for each entry of what is differentiated."""
    match of, wrt:
        case expr.PreActivation(l), expr.Hidden():
            return at.W[at.number(l) - 1].T
        case expr.Hidden(), expr.PreActivation():
            slopes = np.diag(1 - np.tanh(value(wrt, at)[0]) ** 2)
            return np.vstack([slopes, np.zeros(len(slopes))]) if at.bias == "augmented" else slopes
        case expr.PreActivation(l), expr.Transpose(expr.Column(expr.Weight(), j)):
            made = np.zeros((at.z[at.number(l)].size, at.h[at.number(l) - 1].size))
            made[at.number(j) - 1] = at.h[at.number(l) - 1][0]
            return made
    raise TypeError(f"{of!r} by {wrt!r}")


# --- every line of every gradient -------------------------------------------------------------------------------------

NAMES = ["last_hidden", "preactivation", "hidden", "weight_row", "weight_gradient", "layer_weight_gradient"]
NAMES += ["weight_matrix", "bias", "input"]


def instances(e: Expr, known: Any, network: MLP) -> list[Expr]:
    """An expression at every value of its free layer, and at a row."""
    made = [substitute(e, {"j": dim(2)})]
    if "l" in known and "l" in free_symbols(e):
        low, high = (network.normal(end).constant for end in known["l"])
        made = [substitute(each, {"l": dim(l)}) for each in made for l in range(low, high + 1)]
    return made


@pytest.mark.parametrize("layout", ["denominator", "numerator"])
@pytest.mark.parametrize("style", ["jacobian", "hadamard"])
@pytest.mark.parametrize(
    ("name", "bias"), [(name, bias) for name in NAMES for bias in WIDTHS if (name, bias) != ("bias", "none")]
)
def test_lines_about_rows_hold(name: str, bias: str, style: str, layout: str) -> None:
    network, at = MLP(2, bias=bias), Backprop.random(bias)
    made = derive(name, network, style=style, layout=layout)
    assert isinstance(made, Derivation)
    for line in made.lines:
        one = instances(in_rows(made.start, network), made.known, network)
        two = instances(in_rows(line, network), made.known, network)
        for start, end in zip(one, two, strict=True):
            np.testing.assert_allclose(value(end, at), value(start, at), rtol=1e-12, atol=1e-14)


l = dim(1)
z, h, W = expr.PreActivation(dim(2)), expr.Hidden(l), expr.Weight(l)
UP = expr.Partial(LOSS, z)
# what a mistaken map would give
WRONG = {
    "factors not reversed": (expr.Partial(LOSS, h), W.T @ UP),
    "a transpose toggled": (expr.Partial(LOSS, h), UP @ W),
    "no transpose": (expr.Partial(LOSS, W), h @ UP),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_map_is_found(name: str) -> None:
    start, line = WRONG[name]
    at = Backprop.random("separate")
    try:
        found = value(line, at)
    except ValueError:
        return
    assert found.shape != value(start, at).shape or not np.allclose(found, value(start, at))


def test_layout_and_data_together() -> None:
    e = W.T @ UP
    assert orient(e) == e
    assert orient(e, data="rows") == UP @ W.T
    turned = expr.Partial(LOSS, z, True)
    assert orient(e, "numerator") == turned @ W
    assert orient(e, "numerator", "rows") == W @ turned
    assert orient(orient(e, "numerator", "rows"), "numerator", "rows") == e
