"""`mlp.gradients()`: against the hand-written backpropagation, complex steps and SymPy."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
import sympy

from symbackprop.dims import dim
from symbackprop.errors import ShapeError, SymbackpropError
from symbackprop.expr import LOSS, Hidden, Partial, PreActivation, Weight
from symbackprop.network import MLP
from symbackprop.numeric.backprop import ACTIVATIONS, LOSSES
from symbackprop.numeric.gradients import Gradients
from symbackprop.rules.backward import backward


def near(got, want):
    """Within 1e-12 of the largest entry, and of the same shape."""
    assert len(got) == len(want)
    for one, other in zip(got, want, strict=True):
        assert one.shape == other.shape
        assert np.abs(one - other).max() <= 1e-12 * max(np.abs(other).max(), 1e-300)


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_every_activation_and_loss(activation, loss, example):
    e = example((5, 4, 6, 3), examples=7)
    found = e.by_hand(activation, loss)
    total, grads = MLP(depth=2, activation=activation, loss=loss).gradients()(*e.arguments)
    assert total == pytest.approx(found.loss, rel=1e-13)
    near(grads, found.dW)


@pytest.mark.parametrize("depth", range(1, 9))
@pytest.mark.parametrize("bias", ["augmented", "separate", "none"])
def test_every_depth_and_bias(depth, bias, example):
    widths = tuple(range(depth + 4, 2, -1))
    e = example(widths, bias, examples=3, seed=depth)
    found = e.by_hand("tanh", "squared_error")
    f = MLP(widths=widths, activation="tanh", loss="squared_error", bias=bias).gradients()
    total, grads = f(*e.arguments)
    assert total == pytest.approx(found.loss, rel=1e-13)
    if bias == "separate":
        near(grads[0], found.dW)
        near([g[:, None] for g in grads[1]], found.db)
        assert [g.shape for g in grads[1]] == [b.shape for b in e.b]
    else:
        near(grads, found.dW)


def test_one_example_may_be_one_dimensional_or_a_column(example):
    e = example((5, 4, 3))
    f = MLP(depth=1, activation="tanh", loss="squared_error").gradients()
    total, grads = f(e.W, e.x, e.y)
    other, same = f(e.W, e.x[:, None], e.y[:, None])
    assert np.ndim(total) == 0
    assert total == other == pytest.approx(e.by_hand().loss)
    near(grads, e.by_hand().dW)
    near(same, grads)


def test_widths_of_one(example):
    e = example((2, 2, 2, 1), examples=4)
    near(
        MLP(widths=[2, 2, 2, 1], activation="tanh", loss="huber").gradients()(*e.arguments)[1],
        e.by_hand("tanh", "huber").dW,
    )


def test_the_mean_divides_by_the_number_of_examples(example):
    e = example((5, 4, 3), "separate", examples=8)
    mlp = MLP(depth=1, activation="tanh", loss="squared_error", bias="separate")
    found = e.by_hand()
    total, (dW, db) = mlp.gradients(reduction="mean")(*e.arguments)
    assert total == pytest.approx(found.loss / 8)
    near(dW, [g / 8 for g in found.dW])
    near(db, [g[:, 0] / 8 for g in found.db])


@pytest.mark.parametrize("reduction", ["sum", "mean"])
@pytest.mark.parametrize("data", ["columns", "rows"])
@pytest.mark.parametrize("bias", ["augmented", "separate", "none"])
def test_more_examples_than_are_worked_through_at_a_time(bias, data, reduction, example):
    count = 3200
    e = example((5, 128, 3), bias, examples=count)
    f = MLP(depth=1, activation="tanh", loss="squared_error", bias=bias).gradients(reduction=reduction, data=data)
    *given, x, y = e.arguments
    total, grads = f(*given, *((x.T, y.T) if data == "rows" else (x, y)))
    tile = f._at(1, False)["tile"](e.W)
    assert count // tile == 3
    assert count % tile
    found, share = e.by_hand(), count if reduction == "mean" else 1
    assert total == pytest.approx(found.loss / share, rel=1e-13)
    near(grads[0] if bias == "separate" else grads, [g / share for g in found.dW])
    if bias == "separate":
        near(grads[1], [g[:, 0] / share for g in found.db])


def test_out_is_filled_and_returned(example):
    e = example((5, 4, 3), "separate", examples=3)
    f = MLP(depth=1, activation="tanh", loss="squared_error", bias="separate").gradients()
    out = ([np.full_like(w, 9.0) for w in e.W], [np.full_like(b, 9.0) for b in e.b])
    kept = [id(a) for part in out for a in part]
    _, (dW, db) = f(*e.arguments, out=out)
    assert [id(a) for part in (dW, db) for a in part] == kept
    near(dW, e.by_hand().dW)
    near([b[:, None] for b in db], e.by_hand().db)


def test_generic_functions_are_given(example):
    e = example((5, 4, 3), examples=6)
    found = e.by_hand("sigmoid", "half_squared_error")
    g, dg = ACTIVATIONS["sigmoid"]
    loss, dloss = LOSSES["half_squared_error"]
    for mlp in (MLP(depth=1), MLP()):
        total, grads = mlp.gradients(g=g, dg=dg, loss=loss, dloss=dloss)(*e.arguments)
        assert total == pytest.approx(found.loss)
        near(grads, found.dW)


def test_symbolic_depth_is_compiled_for_the_weights_it_meets(example):
    f = MLP(activation="tanh", loss="squared_error").gradients()
    with pytest.raises(SymbackpropError, match="written for a given depth"):
        _ = f.source
    for widths in ((5, 4, 3), (5, 4, 6, 3), (5, 4, 3)):
        e = example(widths, examples=2)
        near(f(*e.arguments)[1], e.by_hand().dW)
    assert "W0, W1 = W" in f.source or "W0, W1, W2 = W" in f.source


# --- other methods ---------------------------------------------------------------------------------------------------

ANALYTIC = sorted(set(ACTIVATIONS) - {"gelu"})  # math.erfc, which NumPy code borrows for GELU, takes real numbers only


@pytest.mark.parametrize("activation", ANALYTIC)
@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_complex_steps_of_the_compiled_loss(activation, loss, example):
    """The compiled forward pass differentiated by a complex step, against the compiled gradients."""
    e = example((4, 5, 3), examples=3)
    f = MLP(depth=1, activation=activation, loss=loss).gradients()
    _, grads = f(*e.arguments)
    for l in range(2):
        direction = np.random.default_rng(l).standard_normal(e.W[l].shape)
        stepped = [w + 1e-30j * direction if i == l else w for i, w in enumerate(e.W)]
        slope = f(stepped, e.x, e.y)[0].imag / 1e-30
        assert slope == pytest.approx((grads[l] * direction).sum(), rel=1e-11)


def test_sympy_differentiates_the_loss_of_a_small_network():
    """2-2-2 with a sigmoid and softmax cross-entropy, all gradients, by SymPy's own lambdify."""
    W0 = sympy.Matrix(2, 3, sympy.symbols("a:6"))
    W1 = sympy.Matrix(2, 3, sympy.symbols("c:6"))
    x, y = sympy.Matrix([*sympy.symbols("x:2"), 1]), sympy.Matrix(sympy.symbols("y:2"))
    z = W1 * sympy.Matrix([*(W0 * x).applyfunc(lambda s: 1 / (1 + sympy.exp(-s))), 1])
    loss = sympy.log(sum(sympy.exp(s) for s in z)) - z.dot(y)
    symbols = [*W0, *W1, *x[:2], *y]
    rng = np.random.default_rng(3)
    values = rng.standard_normal(16)
    values[14:] = 0.3, 0.7
    want = np.array(sympy.lambdify(symbols, [sympy.diff(loss, s) for s in symbols[:12]], "numpy")(*values))
    f = MLP(widths=[3, 3, 2], activation="sigmoid", loss="softmax_cross_entropy").gradients()
    W = [values[:6].reshape(2, 3), values[6:12].reshape(2, 3)]
    total, grads = f(W, np.array([*values[12:14], 1.0]), values[14:])
    assert total == pytest.approx(float(sympy.lambdify(symbols, loss, "numpy")(*values)), rel=1e-13)
    near([grads[0].ravel(), grads[1].ravel()], [want[:6], want[6:]])


@pytest.mark.parametrize("kind", ["f4", "f8", "c16"])
def test_the_type_of_numbers_is_kept(kind, example):
    e = example((5, 4, 3), examples=3)
    for activation in ANALYTIC:
        f = MLP(depth=1, activation=activation, loss="softmax_cross_entropy").gradients()
        total, grads = f([w.astype(kind) for w in e.W], e.x.astype(kind), e.y.astype(kind))
        assert {g.dtype for g in grads} == {np.dtype(kind)} == {total.dtype}


# slopes where units saturate, each as its paper writes it, to be worked out at 50 digits
SCALE, ALPHA = mpmath.mpf("1.0507009873554804934193349852946"), mpmath.mpf("1.6732632423543772848170429916717")
SATURATING = {
    "tanh": lambda z: (mpmath.tanh(z), mpmath.sech(z) ** 2),
    "sigmoid": lambda z: (1 / (1 + mpmath.exp(-z)), 1 / (2 + mpmath.exp(z) + mpmath.exp(-z))),
    "elu": lambda z: (z, mpmath.mpf(1)) if z > 0 else (mpmath.expm1(z), mpmath.exp(z)),
    "selu": lambda z: (SCALE * z, SCALE) if z > 0 else (SCALE * ALPHA * mpmath.expm1(z), SCALE * ALPHA * mpmath.exp(z)),
    "softplus": lambda z: (mpmath.log1p(mpmath.exp(z)), 1 / (1 + mpmath.exp(-z))),
}


@pytest.mark.parametrize("activation", sorted(SATURATING))
@pytest.mark.parametrize("z", [-40.0, -20.0, -10.0, 10.0, 20.0, 40.0])
def test_where_units_saturate(activation, z):
    """ŷ = g(z), y = -sign(z): ∂L/∂W_0 is 2 (g(z) - y) g'(z) (1, 1), which a slope 1 - h² loses."""
    W, y = [np.array([[z, 0.0]]), np.array([[1.0, 0.0]])], -np.sign(z)
    network = MLP(widths=[2, 2, 1], activation=activation, loss="squared_error")
    _, grads = network.gradients(precise=True)(W, np.array([1.0, 1.0]), np.array([y]))
    with mpmath.workdps(50):
        value, slope = SATURATING[activation](mpmath.mpf(z))
        want = float(2 * (value - int(y)) * slope)
    assert grads[0][0] == pytest.approx([want] * 2, rel=1e-12, abs=0)


def test_the_slope_of_tanh_at_twenty_from_paper():
    """2 (1 + 1) sech² 20 = 4 · 4 e⁻⁴⁰ = 6.797e-17, where 1 - tanh² is 0."""
    W = [np.array([[20.0, 0.0]]), np.array([[1.0, 0.0]])]
    f = MLP(widths=[2, 2, 1], activation="tanh", loss="squared_error").gradients(precise=True)
    assert f(W, np.ones(2), -np.ones(1))[1][0][0, 0] == pytest.approx(16 * np.exp(-40), rel=1e-12, abs=0)


# --- the lines it is made from ---------------------------------------------------------------------------------------

P = {l: Partial(LOSS, PreActivation(dim(l))) for l in (1, 2)}
RIGHT = backward(MLP(depth=1, activation="tanh", loss="squared_error"))
SWAPS = {
    "no transpose": (Partial(LOSS, Hidden(dim(1))), Weight(dim(1)) @ P[2]),
    "no g'": (P[1], Partial(LOSS, Hidden(dim(1)))),
    "h_0 for h_1": (Partial(LOSS, Weight(dim(1))), P[2] @ Hidden(dim(0)).T),
    "wrong layer": (Partial(LOSS, Weight(dim(0))), P[2] @ Hidden(dim(0)).T),
    "sign": (Partial(LOSS, Hidden(dim(1))), -(Weight(dim(1)).T @ P[2])),
}


@pytest.mark.parametrize("mistake", sorted(SWAPS))
def test_wrong_lines_give_wrong_numbers(mistake, example):
    """Widths at which even the wrong lines conform."""
    bias = "none"
    e = example((3, 3, 3), bias, examples=2)
    network = MLP(depth=1, activation="tanh", loss="squared_error", bias=bias)
    lines = dict(backward(network))
    left, right = SWAPS[mistake]
    near(Gradients(network, lines=list(lines.items()))(*e.arguments)[1], e.by_hand().dW)
    wrong = Gradients(network, lines=list({**lines, left: right}.items()))(*e.arguments)[1]
    assert any(np.abs(g - w).max() > 1e-3 * np.abs(w).max() for g, w in zip(wrong, e.by_hand().dW, strict=True))


def test_a_missing_line_is_named():
    lines = [pair for pair in RIGHT if pair[0] != P[1]]
    with pytest.raises(SymbackpropError, match="do not say what ∂L/∂z_1 is"):
        Gradients(MLP(depth=1, activation="tanh", loss="squared_error"), lines=lines)


# --- bad input -------------------------------------------------------------------------------------------------------


def test_bad_input_is_named(example):
    e = example((5, 4, 3), examples=6)
    f = MLP(depth=1, activation="tanh", loss="squared_error").gradients()
    with pytest.raises(SymbackpropError, match="depth 1 has 2 weight matrices, but W has 3"):
        f([*e.W, e.W[0]], e.x, e.y)
    with pytest.raises(ShapeError, match="are the examples its columns"):
        f(e.W, np.ones((6, 5)), e.y)
    with pytest.raises(ShapeError, match=r"x is 5 × 6 and y is 3 × 2: both must have one column for each example"):
        f(e.W, e.x, e.y[:, :2])
    with pytest.raises(SymbackpropError, match=r"write gradients\(W, x, y\)"):
        f(e.W, e.W, e.x, e.y)
    with pytest.raises(ShapeError, match="out for W_0 is 3 × 4"):
        f(e.W, e.x, e.y, out=[e.W[1].copy(), e.W[0].copy()])
    with pytest.raises(SymbackpropError, match="out for W_0 shares memory with W"):
        f(e.W, e.x, e.y, out=[*e.W])
    with pytest.raises(SymbackpropError, match="there is no reduction 'max': write sum or mean"):
        MLP(depth=1, activation="tanh", loss="squared_error").gradients(reduction="max")


def test_what_is_generic_is_named():
    with pytest.raises(
        SymbackpropError, match=r"generic activation and loss: write gradients\(g=…, dg=…, loss=…, dloss=…\)"
    ):
        MLP().gradients()
    with pytest.raises(SymbackpropError, match=r"generic loss: write gradients\(loss=…, dloss=…\)"):
        MLP(depth=2, activation="tanh").gradients()
    with pytest.raises(SymbackpropError, match="g= is for a generic function"):
        MLP(depth=2, activation="tanh", loss="huber").gradients(g=np.tanh)


def test_biases_must_fit(example):
    e = example((5, 4, 3), "separate")
    f = MLP(depth=1, activation="tanh", loss="squared_error", bias="separate").gradients()
    with pytest.raises(ShapeError, match=r"b_1 is 4, but W_1 \(3 × 4\) has 3 rows"):
        f(e.W, [e.b[0], e.b[0]], e.x, e.y)
    with pytest.raises(SymbackpropError, match="b must be a list of 2 biases"):
        f(e.W, e.b[:1], e.x, e.y)


def test_out_that_cannot_be_filled_is_named(example):
    e = example((5, 4, 3), examples=6)
    f = MLP(depth=1, activation="tanh", loss="squared_error").gradients()
    with pytest.raises(SymbackpropError, match=r"out for W_0 is an array of int64, which cannot hold .* float64"):
        f(*e.arguments, out=[np.zeros(w.shape, dtype=int) for w in e.W])
    with pytest.raises(SymbackpropError, match=r"out for W_0 is a list, which cannot be filled: write np.empty_like"):
        f(*e.arguments, out=[w.tolist() for w in e.W])
    with pytest.raises(SymbackpropError, match=r"out must be a list of arrays, not a ndarray"):
        f(*e.arguments, out=np.zeros(2))
    with pytest.raises(SymbackpropError, match=r"float64, which cannot hold gradients of complex128"):
        f([w.astype(complex) for w in e.W], e.x, e.y, out=[np.empty_like(w) for w in e.W])
    fixed = [np.empty_like(w) for w in e.W]
    fixed[1].flags.writeable = False
    with pytest.raises(SymbackpropError, match=r"out for W_1 is a read-only array"):
        f(*e.arguments, out=fixed)
    smaller = [np.empty(w.shape, dtype="f4") for w in e.W]
    f(*e.arguments, out=smaller)
    assert smaller[0] == pytest.approx(e.by_hand().dW[0], rel=1e-5, abs=1e-6)


def test_out_of_separate_biases_is_a_pair(example):
    e = example((5, 4, 3), "separate")
    f = MLP(depth=1, activation="tanh", loss="squared_error", bias="separate").gradients()
    for out in ([np.empty_like(w) for w in e.W], [[np.empty_like(w) for w in e.W]], np.zeros(2)):
        with pytest.raises(SymbackpropError, match=r"biases stand apart in this network: write out=\(dW, db\)"):
            f(*e.arguments, out=out)


def test_the_bias_unit_must_be_one(example):
    e = example((5, 4, 3), examples=3)
    f = MLP(depth=1, activation="tanh", loss="squared_error").gradients()
    e.x[-1, 1] = 2
    with pytest.raises(SymbackpropError, match=r"its last entry in column 2 is 2.0; append 1 or use bias='separate'"):
        f(*e.arguments)
    with pytest.raises(SymbackpropError, match=r"x must end in the bias unit 1: its last entry is 2.0; append 1"):
        f(e.W, e.x[:, 1], e.y[:, 1])
    e = example((5, 4, 3), "none", examples=3)
    MLP(depth=1, activation="tanh", loss="squared_error", bias="none").gradients()(*e.arguments)
