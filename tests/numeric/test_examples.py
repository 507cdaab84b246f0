"""Gradients of each example and their norms: against one pass by hand for each example."""

from __future__ import annotations

import numpy as np
import pytest

from symbackprop.errors import ShapeError, SymbackpropError
from symbackprop.network import MLP
from symbackprop.numeric.backprop import ACTIVATIONS, LOSSES, backprop

WIDTHS, EXAMPLES = (5, 4, 6, 3), 7
CASES = [(a, "softmax_cross_entropy") for a in sorted(ACTIVATIONS)] + [("tanh", loss) for loss in sorted(LOSSES)]


def one_by_one(e, activation="tanh", loss="squared_error"):
    """Losses, and gradients by each weight and each bias, stacked."""
    b = None if e.b is None else [c.reshape(-1, 1) for c in e.b]
    found = [
        backprop(e.W, e.x[:, [i]], e.y[:, [i]], ACTIVATIONS[activation], LOSSES[loss], b, e.bias == "augmented")
        for i in range(e.x.shape[1])
    ]
    dW = [np.stack([one.dW[l] for one in found]) for l in range(len(e.W))]
    db = [np.stack([one.db[l][:, 0] for one in found]) for l in range(len(e.W))] if e.b else []
    return np.array([one.loss for one in found]), dW, db


def network(bias="augmented", activation="tanh", loss="squared_error"):
    return MLP(depth=2, activation=activation, loss=loss, bias=bias)


def lengths(arrays):
    return np.sqrt(sum(np.square(a).reshape(len(a), -1).sum(axis=1) for a in arrays))


@pytest.mark.parametrize(("activation", "loss"), CASES)
@pytest.mark.parametrize("bias", ["augmented", "separate", "none"])
def test_each_example_as_by_hand(activation, loss, bias, example):
    e = example(WIDTHS, bias, examples=EXAMPLES)
    losses, dW, db = one_by_one(e, activation, loss)
    f = network(bias, activation, loss).gradients()
    got, grads = f.per_example(*e.arguments)
    assert got.shape == (EXAMPLES,)
    assert got == pytest.approx(losses, rel=1e-12)
    weights, biases = grads if e.b else (grads, [])
    for one, other in zip([*weights, *biases], [*dW, *db], strict=True):
        assert one.shape == other.shape
        assert one == pytest.approx(other, rel=1e-11, abs=1e-13)
    norms = f.norms(*e.arguments)
    assert norms.losses == pytest.approx(losses, rel=1e-12)
    assert norms.total == pytest.approx(lengths([*dW, *db]), rel=1e-12)
    assert [n.shape for n in norms.W] == [(EXAMPLES,)] * 3
    for one, other in zip([*norms.W, *(norms.b or [])], [*dW, *db], strict=True):
        assert one == pytest.approx(lengths([other]), rel=1e-12)
    assert (norms.b is None) == (bias != "separate")


def test_the_sum_over_examples_is_the_gradient_whatever_the_reduction(example):
    for count in (1, 7, 300):
        e = example(WIDTHS, "separate", examples=count)
        for reduction in ("sum", "mean"):
            f = network("separate").gradients(reduction=reduction)
            total, (dW, db) = f(*e.arguments)
            losses, (each_W, each_b) = f.per_example(*e.arguments)
            share = count if reduction == "mean" else 1
            assert total * share == pytest.approx(losses.sum(), rel=1e-12)
            for whole, each in zip([*dW, *db], [*each_W, *each_b], strict=True):
                assert whole * share == pytest.approx(each.sum(axis=0), rel=1e-10, abs=1e-11)


@pytest.mark.parametrize("mistake", ["h of another example", "without the bias", "norm of the sum", "sum of the norms"])
def test_wrong_norms_differ(mistake, example):
    """The norms that a slip would give are far from those by hand."""
    e = example(WIDTHS, "separate", examples=EXAMPLES)
    _, dW, db = one_by_one(e)
    norms = network("separate").gradients().norms(*e.arguments)
    _, (pairs, _) = network("separate").gradients(factored=True)(*e.arguments)
    u, v = pairs[1]
    wrong = {
        "h of another example": np.linalg.norm(u, axis=0) * np.linalg.norm(np.roll(v, 1, axis=1), axis=0),
        "without the bias": lengths(dW),
        "norm of the sum": np.full(EXAMPLES, np.sqrt(sum((a.sum(axis=0) ** 2).sum() for a in [*dW, *db]))),
        "sum of the norms": sum(lengths([a]) for a in [*dW, *db]),
    }[mistake]
    right = norms.W[1] if mistake.startswith("h of") else norms.total
    assert np.abs(right - wrong).max() > 1e-3


def test_examples_as_rows_and_a_single_one(example):
    for bias in ("augmented", "separate"):
        e = example(WIDTHS, bias, examples=EXAMPLES)
        *weights, x, y = e.arguments
        columns, rows = (network(bias).gradients(data=data) for data in ("columns", "rows"))
        for method in ("per_example", "norms"):
            one, other = getattr(columns, method)(*weights, x, y), getattr(rows, method)(*weights, x.T, y.T)
            assert str(one) == str(other)
        losses, grads = columns.per_example(*weights, x[:, 0], y[:, 0])
        assert losses.shape == (1,)
        assert (grads[0] if e.b else grads)[1].shape == (1, *e.W[1].shape)
        assert columns.norms(*weights, x[:, 0], y[:, 0]).total == pytest.approx(columns.norms(*e.arguments).total[:1])
        empty = columns.norms(*weights, x[:, :0], y[:, :0])
        assert empty.total.shape == empty.losses.shape == (0,)
        losses, grads = columns.per_example(*weights, x[:, :0], y[:, :0])
        assert losses.shape == (0,)
        assert [g.shape for g in (grads[0] if e.b else grads)] == [(0, *w.shape) for w in e.W]


def test_biases_come_in_their_own_shapes(example):
    e = example(WIDTHS, "separate", examples=EXAMPLES)
    f = network("separate").gradients()
    _, (_, db) = f.per_example(e.W, [e.b[0], e.b[1][:, None], e.b[2]], e.x, e.y)
    assert [d.shape for d in db] == [(7, 4), (7, 6, 1), (7, 3)]


@pytest.mark.parametrize("kind", ["f2", "f4", "f8", "g"])
def test_types_are_kept_and_squares_do_not_overflow(kind, example):
    """Gradients near the square root of the largest number, of which a sum of squares would be infinite."""
    e = example(WIDTHS, "none", examples=EXAMPLES)
    W, x = [w.astype(kind) for w in e.W], e.x.astype(kind)
    large = np.finfo(kind).max ** np.dtype(kind).type(0.75)
    f = MLP(depth=2, activation="tanh", bias="none").gradients(
        loss=lambda yhat, y: yhat[0] * 0, dloss=lambda yhat, y: np.full_like(yhat, large)
    )
    norms = f.norms(W, x, e.y.astype(kind))
    losses, grads = f.per_example(W, x, e.y.astype(kind))
    assert {a.dtype for a in (norms.losses, norms.total, *norms.W, losses, *grads)} == {np.dtype(kind)}
    assert np.isfinite(norms.total).all()
    want = lengths([g.astype("g") / np.longdouble(large) for g in grads]) * np.longdouble(large)
    assert np.abs(norms.total / want - 1).max() < 20 * np.finfo(kind).eps


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_numbers_that_are_none_stay_with_their_example(example):
    e = example(WIDTHS, examples=EXAMPLES)
    f = network().gradients()
    clean = f.norms(*e.arguments)
    e.x[0, 2], e.y[1, 4] = np.nan, np.inf
    norms, (losses, grads) = f.norms(*e.arguments), f.per_example(*e.arguments)
    bad = np.isin(np.arange(EXAMPLES), (2, 4))
    for array in (norms.losses, norms.total, *norms.W, losses, *[g.sum(axis=(1, 2)) for g in grads]):
        assert np.array_equal(~np.isfinite(array), bad)
    assert np.isnan(norms.total[2])
    assert np.array_equal(norms.total[~bad], clean.total[~bad])


def test_zero_gradients_have_the_norm_zero(example):
    e = example(WIDTHS, "none", examples=EXAMPLES)
    f = MLP(depth=2, activation="identity", loss="squared_error", bias="none").gradients()
    norms = f.norms(e.W, e.x, e.W[2] @ e.W[1] @ e.W[0] @ e.x)
    assert norms.total == pytest.approx(np.zeros(EXAMPLES), abs=1e-13)
    assert (f.norms(e.W, 0 * e.x, 0 * e.y).total == 0).all()


def test_a_later_call_changes_no_earlier_result(example):
    e, later = (example(WIDTHS, "separate", examples=EXAMPLES, seed=seed) for seed in (1, 2))
    f = network("separate").gradients()
    losses, (dW, db) = f.per_example(*e.arguments)
    norms = f.norms(*e.arguments)
    kept = [a.copy() for a in (losses, *dW, *db, norms.total, *norms.W)]
    f.per_example(*later.arguments)
    f.norms(*later.arguments)
    assert all(np.array_equal(a, b) for a, b in zip((losses, *dW, *db, norms.total, *norms.W), kept, strict=True))


def test_generic_losses_give_one_number_an_example(example):
    e = example(WIDTHS, examples=EXAMPLES)
    given = {"g": np.tanh, "dg": lambda z: 1 - np.tanh(z) ** 2, "dloss": lambda yhat, y: 2 * (yhat - y)}
    f = MLP(depth=2).gradients(loss=lambda yhat, y: ((yhat - y) ** 2).sum(axis=0, keepdims=True), **given)
    assert f.per_example(*e.arguments)[0] == pytest.approx(one_by_one(e)[0])
    total = MLP(depth=2).gradients(loss=lambda yhat, y: ((yhat - y) ** 2).sum(), **given)
    with pytest.raises(ShapeError, match="loss gives 1 numbers for 7 examples: it must give the loss of each"):
        total.norms(*e.arguments)
    with pytest.raises(SymbackpropError, match=r"write gradients\(W, x, y\)"):
        f.norms(e.W, e.x)


@pytest.mark.parametrize("options", [{}, {"inputs": True}, {"factored": True}, {"reduction": "mean"}])
def test_losses_of_each_example_beside_the_gradients(options, example):
    e = example(WIDTHS, examples=300)
    plain, each = (network().gradients(each=each, **options) for each in (False, True))
    losses, grads, *_ = each(*e.arguments)
    assert losses == pytest.approx(one_by_one(e)[0], rel=1e-12)
    total, same, *_ = plain(*e.arguments)
    assert losses.sum() == pytest.approx(total * (300 if options.get("reduction") else 1))
    for one, other in zip(grads, same, strict=True):
        assert np.allclose(one[0], other[0], rtol=1e-11, atol=1e-13)
