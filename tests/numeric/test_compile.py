"""`lambdify` against hand-written backpropagation, SymPy and complex steps; wrong derivations give wrong numbers."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import sympy

from symbackprop import library
from symbackprop.derivation import Derivation
from symbackprop.dims import dim, index, units
from symbackprop.errors import ShapeError, SymbackpropError
from symbackprop.expr import (
    LOSS,
    ActivationJacobian,
    Column,
    ColumnAt,
    Diagonal,
    Elementwise,
    Hadamard,
    Hidden,
    Identity,
    IndexedProduct,
    IndexedSum,
    Norm,
    Partial,
    PreActivation,
    Row,
    SingularValue,
    Sum,
    Target,
    Transpose,
    Weight,
    WithoutBias,
    number,
)
from symbackprop.network import MLP
from symbackprop.numeric.backprop import ACTIVATIONS, LOSSES
from symbackprop.numeric.compile import lambdify

l, j, k = index("l"), index("j"), index("k")
WIDTHS = {depth: tuple(range(depth + 4, 2, -1)) for depth in range(1, 9)}
FREE = {"weight_row": (2, 1), "weight_gradient": (0, 1), "layer_weight_gradient": (2, 1)}


def expected(name, found, layer, row):
    """What each derivation is about, in the numbers of the hand-written pass."""
    return {
        "last_hidden": lambda: found.dh[-1],
        "preactivation": lambda: found.dz[layer],
        "hidden": lambda: found.dh[layer],
        "weight_row": lambda: found.dW[layer][[row - 1]].T,
        "weight_gradient": lambda: found.dW[0][[row - 1]].T,
        "layer_weight_gradient": lambda: found.dW[layer][[row - 1]].T,
        "weight_matrix": lambda: found.dW[layer],
        "input": lambda: found.dh[0],
    }[name]()


NAMES = ["last_hidden", "preactivation", "hidden", "weight_row", "weight_gradient", "layer_weight_gradient"]
NAMES += ["weight_matrix", "input"]


@pytest.mark.parametrize("bias", ["augmented", "separate", "none"])
@pytest.mark.parametrize("style", ["jacobian", "hadamard"])
@pytest.mark.parametrize("name", NAMES)
def test_every_derivation_for_symbolic_depth(name, style, bias, example):
    f = lambdify(library.derive(name, MLP(activation="tanh", loss="huber", bias=bias), style=style))
    for depth in (1, 2, 3, 8):
        e = example(WIDTHS[depth], bias, seed=depth)
        found = e.by_hand("tanh", "huber")
        options = {key: value for key, value in (("l", 1), ("j", 2)) if key in f.parameters}
        got = f(*e.arguments, **options)
        want = expected(name, found, options.get("l", 0), options.get("j", 1))
        want = want if name == "weight_matrix" else want[:, 0]
        assert got.shape == want.shape
        assert np.abs(got - want).max() <= 1e-12 * np.abs(want).max()


@pytest.mark.parametrize("bias", ["augmented", "separate"])
def test_the_bias(bias, example):
    f = lambdify(library.derive("bias", MLP(activation="tanh", loss="squared_error", bias=bias)))
    e = example((5, 4, 6, 3), bias)
    found = e.by_hand()
    for layer in range(3):
        want = found.dW[layer][:, -1] if bias == "augmented" else found.db[layer][:, 0]
        assert f(*e.arguments, l=layer) == pytest.approx(want, rel=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_the_transposed_layout(name, example):
    """Rows times matrices, worked out from the left; a row comes out as it should."""
    f = lambdify(library.derive(name, MLP(activation="tanh", loss="squared_error"), layout="numerator"))
    e = example((5, 4, 6, 3))
    found = e.by_hand()
    options = {key: value for key, value in (("l", 1), ("j", 2)) if key in f.parameters}
    want = expected(name, found, 1, 2).T
    got = f(e.W, e.x[:, None], e.y[:, None], **options)
    assert got.shape == want.shape
    assert got == pytest.approx(want, rel=1e-12)


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_every_activation_and_loss(activation, loss, example):
    f = lambdify(library.derive("weight_gradient", MLP(activation=activation, loss=loss)))
    e = example((5, 4, 6, 3))
    want = e.by_hand(activation, loss).dW[0][1]
    assert np.abs(f(e.W, e.x, e.y, j=2) - want).max() <= 1e-12 * np.abs(want).max()


def test_generic_activation_and_loss(example):
    f = lambdify(library.derive("weight_gradient"))
    assert f.parameters == ("W", "x", "y", "j", "upstream", "g", "dg")
    e = example((5, 4, 6, 3))
    want = e.by_hand("sigmoid", "half_squared_error").dW[0][2]
    g, dg = ACTIVATIONS["sigmoid"]
    got = f(e.W, e.x, e.y, j=3, upstream=lambda yhat, y: yhat - y, g=g, dg=dg)
    assert got == pytest.approx(want, rel=1e-12)
    yhat = e.by_hand("sigmoid").z[-1][:, 0]
    assert f(e.W, e.x, e.y, j=3, upstream=yhat - e.y, g=g, dg=dg) == pytest.approx(want, rel=1e-12)
    assert f(e.W, e.x, None, j=3, upstream=(yhat - e.y)[:, None], g=g, dg=dg) == pytest.approx(want, rel=1e-12)


def test_columns_go_in_and_columns_come_out(example):
    f = lambdify(library.derive("weight_gradient", MLP(activation="tanh", loss="squared_error")))
    e = example((5, 4, 3))
    assert f(e.W, e.x, e.y).shape == (5,)
    assert f(e.W, e.x[:, None], e.y[:, None]).shape == (5, 1)


def test_a_layer_of_one_unit_stays_a_column(example):
    f = lambdify(library.derive("weight_gradient", MLP(widths=[2, 2, 2, 1], activation="tanh", loss="squared_error")))
    e = example((2, 2, 2, 1))
    assert f(e.W, e.x, e.y) == pytest.approx(e.by_hand().dW[0][0], rel=1e-12)


# --- other judges of the same numbers --------------------------------------------------------------------------------


def test_sympy_differentiates_the_explicit_network():
    """The scalar loss of a 3-3-3-2 network written out in SymPy, differentiated and lambdified by SymPy."""
    widths = (3, 3, 3, 2)
    explicit = [sympy.MatrixSymbol(f"W{i}", widths[i + 1] - (i < 2), widths[i]).as_explicit() for i in range(3)]
    x = sympy.Matrix([*sympy.symbols("x1:3"), 1])
    y = sympy.Matrix(sympy.symbols("y1:3"))
    h = x
    for w in explicit[:-1]:
        h = sympy.Matrix([*(w * h).applyfunc(sympy.tanh), 1])
    loss = sum(error**2 for error in explicit[-1] * h - y)
    symbols = [s for w in explicit for s in w] + [*x[:2], *y]
    rng = np.random.default_rng(5)
    values = rng.standard_normal(len(symbols))
    f = lambdify(library.derive("weight_gradient", MLP(activation="tanh", loss="squared_error")))
    sizes = np.cumsum([w.shape[0] * w.shape[1] for w in explicit])
    W = [part.reshape(w.shape) for part, w in zip(np.split(values[: sizes[-1]], sizes[:-1]), explicit, strict=True)]
    data = values[sizes[-1] :]
    for row in (1, 2):
        slopes = sympy.lambdify(symbols, [sympy.diff(loss, explicit[0][row - 1, c]) for c in range(3)], "numpy")
        want = np.array(slopes(*values))
        got = f(W, np.array([*data[:2], 1.0]), data[2:], j=row)
        assert np.abs(got - want).max() <= 1e-12 * np.abs(want).max()


def test_complex_arguments_flow_through(example):
    """d/dε of the gradient along a direction, by a complex step, against its central difference."""
    f = lambdify(library.derive("weight_gradient", MLP(activation="tanh", loss="softmax_cross_entropy")))
    e = example((4, 5, 3))
    direction = np.random.default_rng(1).standard_normal(e.W[1].shape)

    def at(step):
        return f([e.W[0], e.W[1] + step * direction], e.x, e.y)

    assert at(1e-30j).imag / 1e-30 == pytest.approx((at(1e-5) - at(-1e-5)) / 2e-5, rel=1e-7)


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_float32_stays_float32(activation, example):
    f = lambdify(library.derive("weight_gradient", MLP(activation=activation, loss="softmax_cross_entropy")))
    e = example((4, 5, 3))
    got = f([w.astype("f4") for w in e.W], e.x.astype("f4"), e.y.astype("f4"))
    assert got.dtype == np.float32
    assert got == pytest.approx(e.by_hand(activation, "softmax_cross_entropy").dW[0][0], rel=1e-4, abs=1e-6)


def test_not_a_number_flows_through(example):
    f = lambdify(library.derive("weight_gradient", MLP(activation="tanh", loss="squared_error")))
    e = example((4, 5, 3))
    e.x[0] = np.nan
    assert np.isnan(f(e.W, e.x, e.y)).all()


# --- the code --------------------------------------------------------------------------------------------------------


def test_the_source_stands_alone(tmp_path, example):
    """The file imports NumPy only, and in a Python that cannot find this package it gives the same numbers."""
    f = lambdify(library.derive("weight_gradient", MLP(activation="gelu", loss="softmax_cross_entropy")))
    e = example((4, 5, 3))
    (tmp_path / "grad.py").write_text(f.source, encoding="utf-8")
    np.savez(tmp_path / "data.npz", a=e.W[0], b=e.W[1], x=e.x, y=e.y)
    script = (
        "import sys; sys.modules['symbackprop'] = None; import numpy as np; from grad import weight_gradient as f\n"
        "d = np.load('data.npz'); print(*(v.hex() for v in f([d['a'], d['b']], d['x'], d['y'], j=2).tolist()))"
    )
    run = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert [float.fromhex(v) for v in run.stdout.split()] == f(e.W, e.x, e.y, j=2).tolist()


def test_no_matrix_meets_a_matrix(example):
    """Every product of the closed form is a matrix by a vector: arrays that count show it."""

    met = []

    class Counting(np.ndarray):
        def __matmul__(self, other):
            met.append((self.ndim, np.ndim(other)))
            return np.asarray(self) @ np.asarray(other)

    f = lambdify(library.derive("weight_gradient", MLP(activation="tanh", loss="squared_error")))
    e = example((5, 4, 6, 5, 3))
    W = [w.view(Counting) for w in e.W]
    source = f.source.replace("np.asarray(w)", "w")
    space = {}
    exec(source, space)
    assert space["weight_gradient"](W, e.x, e.y) == pytest.approx(e.by_hand().dW[0][0])
    # four products forward, three backward
    assert met == [(2, 1)] * 7


def closed(body, network, vector=None, column=j):
    """(0…v…0) ∏_{l=1}^{L} [body] ∂L/∂ŷ."""
    vector = Hidden(0) if vector is None else vector
    upstream = Partial(LOSS, network.output)
    return ColumnAt(vector, column, units(1)) @ IndexedProduct("l", dim(1), network.depth, body) @ upstream


D = ActivationJacobian("tanh", PreActivation(l))
PADDED = Diagonal(Elementwise("tanh", PreActivation(l), 1))
NETWORK = MLP(activation="tanh", loss="squared_error")
TILDE = WithoutBias(Weight(l))
UP = Partial(LOSS, NETWORK.output)
WRONG = {
    "reversed order": ColumnAt(Hidden(0), j, units(1))
    @ IndexedProduct("l", dim(1), NETWORK.depth, D @ Weight(l).T, True)
    @ UP,
    "no transpose": closed(PADDED @ TILDE, NETWORK),
    "g for g'": closed(Diagonal(Elementwise("tanh", PreActivation(l))) @ TILDE.T, NETWORK),
    "no g'": closed(TILDE.T, NETWORK),
    "wrong layer in D": closed(ActivationJacobian("tanh", PreActivation(l + 1)) @ Weight(l).T, NETWORK),
    "h_1 for x": closed(D @ Weight(l).T, NETWORK, Hidden(1)),
    "wrong column": closed(D @ Weight(l).T, NETWORK, column=j + 1),
    "product too short": ColumnAt(Hidden(0), j, units(1))
    @ IndexedProduct("l", dim(1), NETWORK.depth - 1, D @ Weight(l).T)
    @ UP,
    "sign": -closed(D @ Weight(l).T, NETWORK),
    "y - ŷ": ColumnAt(Hidden(0), j, units(1))
    @ IndexedProduct("l", dim(1), NETWORK.depth, D @ Weight(l).T)
    @ (number(2) @ (Target() - NETWORK.output)),
    "doubled": number(2) @ closed(D @ Weight(l).T, NETWORK),
}


@pytest.fixture
def square(example):
    """All layers of three pre-activations, so that wrong formulas conform too."""
    return example((4, 4, 4, 3))


def test_the_closed_form_by_hand_is_right(square):
    f = lambdify(Derivation(closed(D @ Weight(l).T, NETWORK), NETWORK))
    assert f(square.W, square.x, square.y) == pytest.approx(square.by_hand().dW[0][0], rel=1e-12)


@pytest.mark.parametrize("mistake", sorted(WRONG))
def test_a_wrong_derivation_gives_wrong_numbers(mistake, square):
    """The derivation of ∂L/∂w_{0,j}ᵀ with another last line, which need not even conform for symbolic widths."""
    right = library.derive("weight_gradient", NETWORK)
    f = lambdify(replace(right, steps=(*right.steps[:-1], replace(right.steps[-1], after=WRONG[mistake]))))
    want = square.by_hand().dW[0][0]
    assert np.abs(f(square.W, square.x, square.y) - want).max() > 1e-3 * np.abs(want).max()


VALUES = {
    "a sum of products": (
        (D @ Weight(l).T + D @ Weight(l).T) @ Partial(LOSS, PreActivation(l + 1)),
        lambda e, p: 2 * p.dz[1][:, 0],
    ),
    "identity": (Identity(units(l)) @ Partial(LOSS, PreActivation(l)), lambda e, p: p.dz[1][:, 0]),
    "a row of a weight by a column": (Row(Weight(l), j) @ Hidden(l), lambda e, p: p.z[2][0, 0]),
    "a column of a weight": (Column(Weight(l), j), lambda e, p: e.W[1][:, 0]),
    "an outer product, scaled": (
        number(3) @ Partial(LOSS, PreActivation(l + 1)) @ Hidden(l).T,
        lambda e, p: 3 * p.dW[1],
    ),
    "a Jacobian by entries": (Partial(PreActivation(l + 1), Hidden(l)), lambda e, p: e.W[1].T),
    "a placement matrix": (
        ColumnAt(Hidden(l), j, units(l + 1)),
        lambda e, p: np.outer(p.h[1][:, 0], np.eye(len(p.z[2]))[0]),
    ),
    "its transpose by a column": (
        Transpose(ColumnAt(Hidden(l), j, units(l + 1))) @ Hidden(l),
        lambda e, p: np.eye(len(p.z[2]))[0] * (p.h[1] ** 2).sum(),
    ),
    "a transposed Jacobian by a column": (
        Transpose(D) @ PreActivation(l),
        lambda e, p: np.append((1 - np.tanh(p.z[1]) ** 2)[:, 0] * p.z[1][:, 0], 0),
    ),
    "a product of matrices": (
        IndexedProduct("k", dim(1), NETWORK.depth, ActivationJacobian("tanh", PreActivation(k)) @ Weight(k).T),
        lambda e, p: np.linalg.multi_dot([m for i in (1, 2) for m in ((_jacobian(p.z[i])), e.W[i].T)]),
    ),
    "a sum over layers": (
        IndexedSum("k", dim(1), NETWORK.depth, Transpose(Hidden(k)) @ Hidden(k)),
        lambda e, p: (p.h[1] ** 2).sum() + (p.h[2] ** 2).sum(),
    ),
    "the largest singular value": (SingularValue(Weight(l).T), lambda e, p: np.linalg.svd(e.W[1])[1][0]),
    "the smallest one, of more rows than columns": (
        SingularValue(Weight(2).T, "smallest"),
        lambda e, p: np.linalg.svd(e.W[2])[1][-1],
    ),
    "inf |A v| of more columns than rows": (SingularValue(Weight(2), "smallest"), lambda e, p: 0.0),
    "a norm": (Norm(PreActivation(l)), lambda e, p: np.linalg.norm(p.z[1])),
    "entrywise": (Hadamard((PreActivation(l), PreActivation(l))), lambda e, p: p.z[1][:, 0] ** 2),
}


def _jacobian(z):
    slopes = (1 - np.tanh(z) ** 2)[:, 0]
    return np.column_stack([np.diag(slopes), 0 * slopes])


@pytest.mark.parametrize("name", sorted(VALUES))
def test_values_of_other_formulas(name, example):
    tree, want = VALUES[name]
    e = example((5, 4, 6, 3))
    found = e.by_hand()
    f = lambdify(Derivation(tree, NETWORK))
    assert np.asarray(f(e.W, e.x, e.y)) == pytest.approx(np.asarray(want(e, found)), rel=1e-12, abs=1e-14)


class WithSkip(MLP):
    """z_{l+1} = W_l h_l + h_l, for square weights."""

    def _equations(self):
        first, *rest = super()._equations()
        return (replace(first, right=Sum((first.right, Hidden(l)))), *rest)


def test_another_forward_equation_gives_other_numbers():
    """With z = W h + h the Jacobian becomes Wᵀ + I, and the forward pass adds h: against complex steps."""
    network = WithSkip(widths=[3, 3, 3, 3], activation="tanh", loss="squared_error", bias="none")
    f = lambdify(Derivation(Partial(LOSS, Hidden(0)), network))
    rng = np.random.default_rng(2)
    W, x, y = [rng.standard_normal((3, 3)) for _ in range(3)], rng.standard_normal(3), rng.standard_normal(3)

    def loss(h):
        for i, w in enumerate(W):
            z = w @ h + h
            h = np.tanh(z) if i < 2 else z
        return ((h - y) ** 2).sum()

    want = [loss(x + 1e-30j * unit).imag / 1e-30 for unit in np.eye(3)]
    assert f(W, x, y) == pytest.approx(np.array(want), rel=1e-12)


# --- bad input -------------------------------------------------------------------------------------------------------


def test_bad_input_is_named(example):
    f = lambdify(library.derive("weight_gradient", MLP(widths=[4, 5, 3], activation="tanh", loss="squared_error")))
    e = example((4, 5, 3))
    with pytest.raises(SymbackpropError, match="depth 1 has 2 weight matrices, but W has 1"):
        f(e.W[:1], e.x, e.y)
    with pytest.raises(ShapeError, match="W_0 is 4 × 3, but a network of widths 4,5,3 needs 4 × 4"):
        f([e.W[0][:, :3], e.W[1]], e.x, e.y)
    with pytest.raises(ShapeError, match="does x end in the bias unit 1"):
        f(e.W, e.x[:3], e.y)
    with pytest.raises(ShapeError, match="y has 2 entries"):
        f(e.W, e.x, e.y[:2])
    with pytest.raises(ShapeError, match="x is 4 × 2: write it as 1-D or n × 1"):
        f(e.W, np.ones((4, 2)), e.y)
    with pytest.raises(SymbackpropError, match="j = 0 is no index here: j runs from 1 to 4 for these 2 weights"):
        f(e.W, e.x, e.y, j=0)
    with pytest.raises(SymbackpropError, match="j = 9 is no index here: j runs from 1 to 4 for these 2 weights"):
        f(e.W, e.x, e.y, j=9)
    with pytest.raises(TypeError, match="upstream"):
        f(e.W, e.x, e.y, upstream=1)


def test_weights_must_fit_each_other(example):
    f = lambdify(library.derive("weight_gradient", MLP(activation="tanh", loss="squared_error")))
    e = example((4, 5, 3))
    with pytest.raises(ShapeError, match=r"W_1 \(3 × 4\) does not fit W_0 \(4 × 4\): .* so W_1 needs 5 columns"):
        f([e.W[0], e.W[1][:, :4]], e.x, e.y)
    with pytest.raises(SymbackpropError, match="must be a list"):
        f(e.W[0], e.x, e.y)
    with pytest.raises(ShapeError, match="W_0 must be a matrix, but it is 4:"):
        f([e.x, e.W[1]], e.x, e.y)


def test_what_is_generic_must_be_given(example):
    e = example((4, 5, 3))
    f = lambdify(library.derive("weight_gradient"))
    with pytest.raises(SymbackpropError, match="generic: write upstream="):
        f(e.W, e.x, e.y)
    with pytest.raises(SymbackpropError, match="the activation is generic: write g=…, dg=…"):
        f(e.W, e.x, e.y, upstream=1)
    with pytest.raises(
        SymbackpropError, match=r"the loss and the activation are generic: write upstream=.*, g=…, dg=…"
    ):
        f(e.W, e.x, e.y)
    with pytest.raises(SymbackpropError, match="the loss is generic: write upstream="):
        f(e.W, e.x, e.y, g=np.tanh, dg=np.cos)


def test_the_upstream_gradient_must_fit(example):
    e = example((4, 5, 3))
    f = lambdify(library.derive("weight_gradient", MLP(activation="tanh")))
    with pytest.raises(ShapeError, match=r"upstream has 2 entries, but W_1 \(3 × 5\) has 3 rows"):
        f(e.W, e.x, e.y, upstream=np.ones(2))
    with pytest.raises(ShapeError, match=r"upstream\(yhat, y\) gives 1 entries, but W_1"):
        f(e.W, e.x, e.y, upstream=lambda yhat, y: 1.0)


LAYERED = [("bias", 0), ("hidden", 1), ("preactivation", 1), ("weight_matrix", 0), ("weight_row", 0)]


@pytest.mark.parametrize("bias", ["augmented", "separate"])
@pytest.mark.parametrize("style", ["jacobian", "hadamard"])
@pytest.mark.parametrize(("name", "least"), LAYERED)
def test_layers_that_do_not_exist(name, least, style, bias, example):
    """Layers run to L = 2; beyond it the product is empty and would be ∂L/∂ŷ."""
    mlp = MLP(activation="tanh", loss="squared_error", bias=bias)
    f = lambdify(library.derive(name, mlp, style=style))
    e = example((5, 4, 6, 3), bias)
    plain = {}
    exec(f.source, plain)
    for layer in (least, 2):
        assert (plain[f.name](*e.arguments, l=layer) == f(*e.arguments, l=layer)).all()
    for layer in (least - 1, 3, 7, -3):
        with pytest.raises(SymbackpropError, match=rf"l = {layer} is no index here: l runs from {least} to L = 2 for"):
            f(*e.arguments, l=layer)
        with pytest.raises(IndexError, match=rf"l = {layer} is no index: {least} ≤ l ≤ L"):
            plain[f.name](*e.arguments, l=layer)
    assert f"l: {least} ≤ l ≤ L, as printed." in f.source
    with pytest.raises(SymbackpropError, match=r"l = 1\.5 is no index: write a whole number"):
        f(*e.arguments, l=1.5)


def test_layers_of_a_given_depth(example):
    f = lambdify(library.derive("bias", MLP(widths=[5, 4, 6, 3], activation="tanh", loss="squared_error")))
    e = example((5, 4, 6, 3))
    with pytest.raises(SymbackpropError, match="l runs from 0 to 2 for these 3 weights"):
        f(*e.arguments, l=3)


@pytest.mark.parametrize("bias", ["augmented", "separate"])
def test_rows_that_do_not_exist(bias, example):
    """W_1 has as many rows as z_2, W_2 as ŷ: 5 or 6, and 3."""
    f = lambdify(library.derive("weight_row", MLP(activation="tanh", loss="squared_error", bias=bias)))
    e = example((5, 4, 6, 3), bias)
    plain = {}
    exec(f.source, plain)
    for layer, rows in ((1, 5 if bias == "augmented" else 6), (2, 3)):
        f(*e.arguments, l=layer, j=rows)
        for row in (0, rows + 1):
            with pytest.raises(
                SymbackpropError, match=rf"j = {row} is no index here: j runs from 1 to .* = {rows} for"
            ):
                f(*e.arguments, l=layer, j=row)
            with pytest.raises(IndexError):
                plain[f.name](*e.arguments, l=layer, j=row)


def test_the_bias_unit_must_be_one(example):
    e = example((5, 4, 3))
    e.x[-1] = 2
    mlp = MLP(activation="tanh", loss="squared_error")
    with pytest.raises(SymbackpropError, match=r"x must end in the bias unit 1: its last entry is 2\.0; append 1"):
        lambdify(library.derive("weight_gradient", mlp))(e.W, e.x, e.y)


def test_the_gradient_by_the_input_takes_any_last_entry(example):
    """∂L/∂x at an x that ends in 2, against complex steps of the forward pass in all its entries."""
    e = example((5, 4, 3))
    e.x[-1] = 2

    def loss(x):
        return ((e.W[1] @ np.append(np.tanh(e.W[0] @ x), 1) - e.y) ** 2).sum()

    want = [loss(e.x + 1e-30j * unit).imag / 1e-30 for unit in np.eye(5)]
    f = lambdify(library.derive("input", MLP(activation="tanh", loss="squared_error")))
    assert f(e.W, e.x, e.y) == pytest.approx(np.array(want), rel=1e-12)
