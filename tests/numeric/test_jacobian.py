"""`mlp.vjp()` and `mlp.jvp()`: against the pass by hand, complex steps, and each other."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from symbackprop.dims import dim
from symbackprop.errors import ShapeError, SymbackpropError
from symbackprop.expr import LOSS, Hidden, Partial, PreActivation, Weight
from symbackprop.network import MLP
from symbackprop.numeric import jacobian
from symbackprop.numeric.backprop import ACTIVATIONS, backprop
from symbackprop.numeric.straight.pushed import Pushed
from symbackprop.rules.backward import backward

WIDTHS, EXAMPLES = (5, 4, 6, 3), 7
BIASES = ["augmented", "separate", "none"]
ANALYTIC = sorted(set(ACTIVATIONS) - {"gelu"})  # math.erfc takes real numbers only


def network(bias, activation="tanh"):
    return MLP(depth=2, activation=activation, bias=bias)


def direction(e, seed=5):
    rng = np.random.default_rng(seed)
    dW = [rng.standard_normal(w.shape) for w in e.W]
    db = [rng.standard_normal(b.shape) for b in e.b] if e.b else None
    return dW, db, rng.standard_normal(e.x.shape)


def pushed(f, e, dW, db, dx):
    return f(e.W, e.x, dW, dx) if db is None else f(e.W, e.b, e.x, dW, db, dx)


def pulled(f, e, v):
    """`ŷ`, and the products in one list."""
    yhat, grads, dx = f(*e.arguments[:-1], v)
    return yhat, [*(grads[0] + grads[1] if e.b else grads), dx]


def product(arrays, others):
    return sum(np.sum(a * b) for a, b in zip(arrays, others, strict=True))


def upstream(e, seed=9):
    return np.random.default_rng(seed).standard_normal(e.y.shape)


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
@pytest.mark.parametrize("bias", BIASES)
@pytest.mark.parametrize("precise", [False, True])
def test_vjp_is_the_pass_by_hand_of_a_linear_loss(activation, bias, precise, example):
    """The loss `v · ŷ` has the gradients that are wanted."""
    e = example(WIDTHS, bias, examples=EXAMPLES)
    v = upstream(e)
    linear = (lambda yhat, y: (v * yhat).sum(), lambda yhat, y: v)
    b = [c[:, None] for c in e.b] if e.b else None
    found = backprop(e.W, e.x, e.y, ACTIVATIONS[activation], linear, b, bias == "augmented")
    yhat, products = pulled(network(bias, activation).vjp(precise=precise), e, v)
    assert (v * yhat).sum() == pytest.approx(found.loss, rel=1e-11)
    want = [*found.dW, *([d[:, 0] for d in found.db] if e.b else [])]
    for one, other in zip(products[:-1], want, strict=True):
        assert one.shape == other.shape
        assert one == pytest.approx(other, rel=1e-11, abs=1e-12)
    assert products[-1] == pytest.approx(found.dh[0], rel=1e-11, abs=1e-12)


@pytest.mark.parametrize("activation", ANALYTIC)
@pytest.mark.parametrize("bias", BIASES)
def test_jvp_is_a_complex_step(activation, bias, example):
    e = example(WIDTHS, bias, examples=EXAMPLES)
    dW, db, dx = direction(e)
    dx = dx if bias != "augmented" else np.concatenate([dx[:-1], 0 * dx[-1:]])  # the bias unit stays 1
    step = 1e-30j
    moved = [[w + step * d for w, d in zip(e.W, dW, strict=True)]]
    moved += [[b + step * d for b, d in zip(e.b, db, strict=True)]] if e.b else []
    z, _, _ = network(bias, activation).vjp()(*moved, e.x + step * dx, upstream(e))
    yhat, dyhat = pushed(network(bias, activation).jvp(), e, dW, db, dx)
    assert yhat == pytest.approx(z.real, rel=1e-12)
    assert dyhat == pytest.approx(z.imag / 1e-30, rel=1e-11, abs=1e-12)


def disagreement(f, g, e):
    """`⟨v, J d⟩ - ⟨Jᵀ v, d⟩`, in parts of the larger."""
    dW, db, dx = (direction(e)[0], direction(e)[1], direction(e)[2])
    cast = e.x.dtype.type
    dW, db = [d.astype(cast) for d in dW], db and [d.astype(cast) for d in db]
    v, dx = upstream(e).astype(cast), dx.astype(cast)
    one = np.sum(v * pushed(f, e, dW, db, dx)[1])
    other = product(pulled(g, e, v)[1], [*dW, *(db or []), dx])
    return abs(one - other) / max(abs(one), abs(other))


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
@pytest.mark.parametrize("bias", BIASES)
@pytest.mark.parametrize(("kind", "near"), [("f4", 1e-4), ("f8", 1e-12)])
@pytest.mark.parametrize("examples", [1, 7, 300])
def test_one_is_the_transpose_of_the_other(activation, bias, kind, near, examples, example):
    e = example(WIDTHS, bias, examples=examples, seed=3)
    e.W, e.x, e.y = [w.astype(kind) for w in e.W], e.x.astype(kind), e.y.astype(kind)
    e.b = e.b and [b.astype(kind) for b in e.b]
    assert disagreement(network(bias, activation).jvp(), network(bias, activation).vjp(), e) < near


@pytest.mark.parametrize("kind", ["f2", "f4", "f8", "g", "c16"])
@pytest.mark.parametrize("activation", ANALYTIC)
def test_the_type_of_numbers_is_kept(kind, activation, example):
    e = example(WIDTHS, "separate", examples=EXAMPLES)
    e.W, e.b, e.x, e.y = (
        [w.astype(kind) for w in e.W],
        [b.astype(kind) for b in e.b],
        e.x.astype(kind),
        e.y.astype(kind),
    )
    dW, db, dx = direction(e)
    cast = [d.astype(kind) for d in dW], [d.astype(kind) for d in db], dx.astype(kind)
    yhat, products = pulled(network("separate", activation).vjp(), e, e.y)
    assert {a.dtype for a in (yhat, *products, *pushed(network("separate", activation).jvp(), e, *cast))} == {
        np.dtype(kind)
    }


# --- wrong ones ------------------------------------------------------------------------------------------------------

WRONG_TANGENTS = {
    "no g'": lambda text: text.split(" * ")[-1] if " * " in text else text,
    "no dW h": lambda text: text.split(" + ", 1)[1] if "dW" in text else text,
    "no W dh": lambda text: text.split(" + ")[0] if "dW" in text else text,
    "sign": lambda text: text.replace(" + ", " - ", 1),
}


@pytest.mark.parametrize("mistake", sorted(WRONG_TANGENTS))
@pytest.mark.parametrize("bias", BIASES)
def test_wrong_tangents_are_told(mistake, bias, example, monkeypatch):
    e = example(WIDTHS, bias, examples=EXAMPLES)
    right = Pushed._tangent
    monkeypatch.setattr(Pushed, "_tangent", lambda self, variable: WRONG_TANGENTS[mistake](right(self, variable)))
    assert disagreement(network(bias).jvp(), network(bias).vjp(), e) > 1e-3


P = {l: Partial(LOSS, PreActivation(dim(l))) for l in (1, 2, 3)}
WRONG_LINES = {
    "no g'": (P[1], Partial(LOSS, Hidden(dim(1)))),
    "h_0 for h_1": (Partial(LOSS, Weight(dim(1))), P[2] @ Hidden(dim(0)).T),
    "no transpose": (Partial(LOSS, Hidden(dim(1))), Weight(dim(1)) @ P[2]),
    "sign": (Partial(LOSS, Hidden(dim(1))), -(Weight(dim(1)).T @ P[2])),
}


@pytest.mark.parametrize("mistake", sorted(WRONG_LINES))
def test_wrong_lines_are_told(mistake, example, monkeypatch):
    """Widths at which even the wrong lines conform."""
    e = example((3, 3, 3, 3), "none", examples=EXAMPLES)
    left, right = WRONG_LINES[mistake]
    monkeypatch.setattr(jacobian, "derived", lambda network: list({**dict(backward(network)), left: right}.items()))
    assert disagreement(network("none").jvp(), network("none").vjp(), e) > 1e-3


# --- how they are called ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bias", BIASES)
def test_rows_and_single_examples(bias, example):
    e = example(WIDTHS, bias, examples=EXAMPLES)
    dW, db, dx = direction(e)
    v = upstream(e)
    *weights, x, _ = e.arguments
    changes = [dW] if db is None else [dW, db]
    vjp, jvp = network(bias).vjp(), network(bias).jvp()
    yhat, _, back = vjp(*weights, x, v)
    _, ahead = jvp(*weights, x, *changes, dx)
    rows, _, back_rows = network(bias).vjp(data="rows")(*weights, x.T, v.T)
    assert np.array_equal(rows.T, yhat)
    assert pytest.approx(back, rel=1e-12) == back_rows.T
    got = network(bias).jvp(data="rows")(*weights, x.T, *changes, dx.T)
    assert pytest.approx(yhat, rel=1e-12) == got[0].T
    assert pytest.approx(ahead, rel=1e-12) == got[1].T
    one = vjp(*weights, x[:, 0], v[:, 0])
    assert (one[0].shape, one[2].shape) == ((3,), (5,))
    assert one[0] == pytest.approx(yhat[:, 0], rel=1e-12)
    assert one[2] == pytest.approx(back[:, 0], rel=1e-12)
    single = jvp(*weights, x[:, 0], *changes, dx[:, 0])
    assert single[1].shape == (3,)
    assert single[1] == pytest.approx(ahead[:, 0], rel=1e-12)
    for empty in (vjp(*weights, x[:, :0], v[:, :0])[0], *jvp(*weights, x[:, :0], *changes, dx[:, :0])):
        assert empty.shape == (3, 0)


def test_products_by_weights_are_written_where_the_caller_says(example):
    e = example(WIDTHS, examples=EXAMPLES)
    f, out = network("augmented").vjp(), [np.full(w.shape, np.nan) for w in e.W]
    _, want, dx = f(e.W, e.x, e.y)
    for _ in range(2):
        _, got, same = f(e.W, e.x, e.y, out=out)
        assert all(one is other for one, other in zip(got, out, strict=True))
        assert all(np.array_equal(one, other) for one, other in zip([*out, same], [*want, dx], strict=True))


def test_later_calls_and_other_threads_change_nothing(example):
    f, g = network("augmented").vjp(), network("augmented").jvp()

    def work(seed):
        e = example(WIDTHS, examples=(3, 64, 300)[seed % 3], seed=seed)
        yhat, products = pulled(f, e, upstream(e))
        return [yhat, *products, *pushed(g, e, *direction(e))]

    alone = [work(seed) for seed in range(8)]
    kept = [[a.copy() for a in result] for result in alone]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(10):
            for one, other in zip(pool.map(work, range(8)), kept, strict=True):
                assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    assert all(
        np.array_equal(a, b) for one, other in zip(alone, kept, strict=True) for a, b in zip(one, other, strict=True)
    )


def test_generic_activations_and_depths(example):
    e = example(WIDTHS, examples=EXAMPLES)
    g, dg = ACTIVATIONS["sigmoid"]
    v, (dW, db, dx) = upstream(e), direction(e)
    named = pulled(network("augmented", "sigmoid").vjp(), e, v)[1]
    for mlp in (MLP(), MLP(depth=2), MLP(widths=WIDTHS)):
        for one, other in zip(pulled(mlp.vjp(g=g, dg=dg), e, v)[1], named, strict=True):
            assert one == pytest.approx(other, rel=1e-12)
        assert disagreement(mlp.jvp(g=g, dg=dg), mlp.vjp(g=g, dg=dg), e) < 1e-12
    with pytest.raises(SymbackpropError, match=r"generic activation: write jvp\(g=…, dg=…\)"):
        MLP(depth=2).jvp()
    with pytest.raises(SymbackpropError, match=r"generic activation: write vjp\(g=…, dg=…\)"):
        MLP(depth=2).vjp()
    with pytest.raises(SymbackpropError, match="written for a given depth"):
        _ = MLP(activation="tanh").jvp().source
    assert "dW0, dW1, dW2 = dW" in network("none").jvp().source
    assert "def vjp(W, b, x, v, out=None)" in network("separate").vjp().source
    assert pushed(network("augmented").jvp(), e, dW, db, dx)[1].shape == (3, EXAMPLES)


def test_bad_input_is_named(example):
    e = example(WIDTHS, examples=EXAMPLES)
    dW, _, dx = direction(e)
    f, g = network("augmented").vjp(), network("augmented").jvp()
    with pytest.raises(ShapeError, match=r"v has 7 entries, but W_2 \(3 × 6\) has 3 rows"):
        f(e.W, e.x, e.y.T)
    with pytest.raises(SymbackpropError, match=r"write vjp\(W, x, v\)"):
        f(e.W, e.x)
    with pytest.raises(SymbackpropError, match=r"write jvp\(W, x, dW, dx\)"):
        g(e.W, e.x, dx)
    with pytest.raises(SymbackpropError, match="out for W_0 shares memory with W_0"):
        f(e.W, e.x, e.y, out=e.W)
    with pytest.raises(ShapeError, match="dW_1 is 4 × 5, but W_1 is 5 × 4: they must agree"):
        g(e.W, e.x, [dW[0], dW[1].T, dW[2]], dx)
    with pytest.raises(ShapeError, match="dx is 5, but x is 5 × 7: they must agree"):
        g(e.W, e.x, dW, dx[:, 0])
    with pytest.raises(SymbackpropError, match="dW must be a list of 3 arrays"):
        g(e.W, e.x, dW[:2], dx)
    with pytest.raises(SymbackpropError, match="W_0 has numbers of float64 and dx of float32: types are not mixed"):
        g(e.W, e.x, dW, dx.astype("f4"))
    with pytest.raises(SymbackpropError, match="x must end in the bias unit 1"):
        g(e.W, e.x + 1, dW, dx)
    with pytest.raises(SymbackpropError, match="examples are no 'lines'"):
        network("none").jvp(data="lines")
    separate = example(WIDTHS, "separate", examples=EXAMPLES)
    dW, db, dx = direction(separate)
    with pytest.raises(SymbackpropError, match="db must be a list of 3 arrays"):
        network("separate").jvp()(separate.W, separate.b, separate.x, dW, db[0], dx)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_nan_stays_with_its_example(example):
    e = example(WIDTHS, examples=EXAMPLES)
    dW, _, dx = direction(e)
    e.x[0, 2] = np.nan
    yhat, dyhat = network("augmented", "relu").jvp()(e.W, e.x, dW, dx)
    assert np.isnan(yhat).all(axis=0).tolist() == [i == 2 for i in range(EXAMPLES)]
    assert np.isnan(dyhat).any(axis=0).tolist() == [i == 2 for i in range(EXAMPLES)]
