"""The ladder of bounds: against paper, hand-written backpropagation, explicit matrices, and 60-digit arithmetic."""

from __future__ import annotations

import math
from functools import reduce
from itertools import pairwise

import mpmath
import numpy as np
import pytest

from symbackprop.errors import ShapeError, SymbackpropError
from symbackprop.network import MLP
from symbackprop.numeric import rungs
from symbackprop.numeric.backprop import ACTIVATIONS, LOSSES, backprop
from symbackprop.numeric.bounds import MARGIN, BoundLadder, ladder
from symbackprop.numeric.rungs import Extremes, Factors, extremes, telescoped
from symbackprop.numeric.scaled import Scaled, product, scaled

FALSE_READING = "lecture, smallest nonzero"
UPPER = ("lecture", "without the bias column", "fused", "telescoped QR", "optimal")
LOWER = ("lecture, infimum", "without the bias column", "fused", "telescoped QR", "optimal")
# widths that fall, rise, are equal, have a neck below the output, a scalar output, one unit; bias units counted
WIDTHS = [
    (4, 3, 3, 2),
    (3, 7, 5, 4, 2),
    (3, 4, 6, 8, 5),
    (4, 5, 2, 6, 3),
    (5, 4, 4, 1),
    (2, 2, 2, 2),
    (3, 4, 6, 2),
    (4, 5, 3),
]


def point(widths, bias="augmented", seed=0):
    """Weights, biases where they stand apart, input and upstream gradient; standard normal."""
    rng = np.random.default_rng(seed)
    rows = [n - (bias == "augmented") for n in widths[1:-1]] + [widths[-1]]
    W = [rng.standard_normal((m, n)) for m, n in zip(rows, widths[:-1], strict=True)]
    b = [rng.standard_normal(m) for m in rows] if bias == "separate" else None
    x = rng.standard_normal(widths[0])
    if bias == "augmented":
        x[-1] = 1
    return W, b, x, rng.standard_normal(widths[-1])


def by_hand(W, b, x, upstream, activation, bias):
    """The hand-written pass; the loss `⟨upstream, ŷ⟩` has the upstream gradient that was given."""
    u = upstream[:, None]
    loss = (lambda o, y: (u * o).sum(axis=0), lambda o, y: u + 0 * o)
    columns = None if b is None else [c[:, None] for c in b]
    return backprop(W, x[:, None], 0 * u, ACTIVATIONS[activation], loss, columns, bias == "augmented")


def values(found, kind):
    return {rung.name: rung.value for rung in found.rungs if rung.kind == kind}


# --- on paper --------------------------------------------------------------------------------------------------------


def test_one_unit_on_paper():
    """x = (0, 1), W_1 = (3 4), g = id, ∂L/∂ŷ = 2: ∂L/∂z_1 = 3·2 = 6; σ(W_1ᵀ) = 5 counts the bias column."""
    found = BoundLadder(MLP(widths=[2, 2, 1], activation="identity"))([[[1, 0]], [[3, 4]]], [0, 1], [2])
    assert found.true == 6
    assert found.rows == (6,)
    assert values(found, "upper") == {"lecture": 10} | dict.fromkeys(UPPER[1:], 6)
    assert values(found, "lower") == {
        "lecture, infimum": 0,
        FALSE_READING: 10,
        "without the bias column": 6,
        "fused": 6,
        "telescoped QR": 6,
        "optimal": 6,
    }
    assert found.fails(found.rung(FALSE_READING, "lower"))


def test_two_units_on_paper():
    """G_1 = diag(1/2, 1/4), W̃_1 = diag(1, 2), so A_1 = I/2; the rows of W_1 are orthogonal, of lengths √5 and 2."""
    found = ladder([[0.5, 0.25]], [np.zeros((2, 2)), [[1, 0, 2], [0, 2, 0]]], [0, 1], [3, 4])
    assert found.true == pytest.approx(2.5)
    assert found.rows == pytest.approx((1.5, 2))
    assert values(found, "upper") == pytest.approx(
        {"lecture": 2.5 * 5**0.5, "without the bias column": 5, "fused": 2.5, "telescoped QR": 2.5, "optimal": 2.5}
    )
    assert values(found, "lower") == pytest.approx(
        {
            "lecture, infimum": 0,
            FALSE_READING: 2.5,
            "without the bias column": 1.25,
            "fused": 2.5,
            "telescoped QR": 2.5,
            "optimal": 2.5,
        }
    )
    assert found.for_the_largest_row(found.rung("fused", "lower")) == pytest.approx(2.5 / 2**0.5)
    assert found.for_the_largest_row(found.rung("fused")) == pytest.approx(2.5)


def test_telescoping_on_paper():
    """A_1 = diag(3, 1/10), A_2 = (0 2)ᵀ: Q_2 = e_2, so R_1 = 1/10 and R_2 = 2, where σ(A_1) σ(A_2) = 6."""
    W = [np.zeros((2, 1)), [[3, 0], [0, 0.1]], [[0, 2]]]
    found = ladder([[1, 1], [1, 1]], W, [2], [5], bias="none")
    assert found.true == pytest.approx(2 * 0.2 * 5)
    assert values(found, "upper") == pytest.approx(
        {"lecture": 60, "without the bias column": 60, "fused": 60, "telescoped QR": 2, "optimal": 2}
    )
    # s(A_1) s(A_2) = 1/10 · 2
    assert values(found, "lower")["fused"] == pytest.approx(2)


def test_without_bias_units_and_with_one_unit_the_infimum_is_not_empty():
    """n = 1, 1, 1, no biases: X = (x), D_1 = (g'), so the lecture's bound is |x| |g'| |w_1| ‖∂L/∂ŷ‖, the true value."""
    found = ladder([[-0.5]], [[[1]], [[-4]]], [3], [2], bias="none")
    assert set(values(found, "lower").values()) == {12}
    assert set(values(found, "upper").values()) == {12}
    assert found.true == 12


def test_with_two_units_the_column_placement_matrix_makes_it_empty():
    """X = (0 x) has rank 1 of 2 columns, so s(X) = 0 even where there is no bias unit."""
    found = ladder([[1, 1]], [[[1], [1]], np.eye(2)], [3], [2, 1], bias="none")
    assert values(found, "lower")["lecture, infimum"] == 0
    assert values(found, "lower")["without the bias column"] == pytest.approx(3 * 5**0.5)


# --- the true value --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bias", ["augmented", "separate", "none"])
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_the_true_value_is_that_of_backpropagation(activation, bias):
    for seed, widths in enumerate(WIDTHS):
        W, b, x, u = point(widths, bias, seed)
        found = BoundLadder(MLP(widths=widths, activation=activation, bias=bias))(W, x, u, b=b)
        dW = by_hand(W, b, x, u, activation, bias).dW[0]
        assert found.true == pytest.approx(np.linalg.norm(dW), rel=1e-10)
        assert found.rows == pytest.approx(np.linalg.norm(dW, axis=1), rel=1e-10, abs=1e-13)


def test_the_true_value_is_that_of_complex_steps():
    W, _, x, u = point((4, 5, 4, 3))
    found = BoundLadder(MLP(widths=(4, 5, 4, 3), activation="tanh"))(W, x, u)

    def loss(first):
        h = np.append(np.tanh(first @ x), 1)
        return u @ W[2] @ np.append(np.tanh(W[1] @ h), 1)

    def slope(j, k):
        moved = W[0].astype(complex)
        moved[j, k] += 1e-30j
        return loss(moved).imag / 1e-30

    dW = np.array([[slope(j, k) for k in range(4)] for j in range(4)])
    assert found.true == pytest.approx(np.linalg.norm(dW), rel=1e-13)
    assert found.rows == pytest.approx(np.linalg.norm(dW, axis=1), rel=1e-13)


@pytest.mark.parametrize("loss", sorted(LOSSES))
@pytest.mark.parametrize("column", [False, True])
def test_a_target_tells_the_upstream_gradient(loss, column):
    W, _, x, _ = point((4, 5, 3))
    y = np.array([0.2, 0.5, 0.3])
    _, dW = MLP(widths=(4, 5, 3), activation="gelu", loss=loss).gradients()(W, x, y)
    at = BoundLadder(MLP(widths=(4, 5, 3), activation="gelu", loss=loss))
    found = at(W, x[:, None], y=y[:, None]) if column else at(W, x, y=y)
    assert found.true == pytest.approx(np.linalg.norm(dW[0]), rel=1e-12)


# --- the rungs, from explicit matrices -------------------------------------------------------------------------------


def placed(slope, augmented):
    """D_l as the slide writes it, `(diag g'(z_l) | 0)`."""
    return np.hstack([np.diag(slope), np.zeros((len(slope), 1))]) if augmented else np.diag(slope)


def top(A):
    return np.linalg.norm(A, 2)


def bottom(A):
    """inf ‖Ay‖ over unit y: the smallest singular value, 0 where A is wide and so has a kernel."""
    return np.linalg.norm(A, -2) if A.shape[0] >= A.shape[1] else 0.0


def chained(matrices):
    return reduce(np.matmul, matrices)


def gram_schmidt(A):
    """Q_l and R_l by classical Gram–Schmidt, twice; for A of full rank."""
    Q = []
    for column in A.T[: len(A)]:
        for _ in range(2):
            column = column - sum(((q @ column) * q for q in Q), np.zeros(len(A)))
        Q.append(column / np.linalg.norm(column))
    Q = np.array(Q).T
    return Q, Q.T @ A


def telescoped_by_hand(A):
    R, Q = [], np.eye(A[-1].shape[1])
    for a in reversed(A):
        Q, r = gram_schmidt(a @ Q)
        R.append(r)
    return R[::-1]


def expected(W, x, u, slopes, augmented):
    """Every rung from D_l, W_l and X themselves; those without the bias column by cutting W_l."""
    D = [placed(s, augmented) for s in slopes]
    cut = [w[:, :-1] if augmented else w for w in W[1:]]
    A = [d @ w.T for d, w in zip(D, W[1:], strict=True)]
    R = telescoped_by_hand(A)
    X = np.zeros((len(x), len(W[0])))
    X[:, 0] = x
    size = np.linalg.norm(x) * np.linalg.norm(u)
    upper = {
        "lecture": top(X) * math.prod(top(d) * top(w.T) for d, w in zip(D, W[1:], strict=True)) * np.linalg.norm(u),
        "without the bias column": size * math.prod(top(d) * top(w.T) for d, w in zip(D, cut, strict=True)),
        "fused": size * math.prod(map(top, A)),
        "telescoped QR": size * math.prod(map(top, R)),
        "optimal": size * top(chained(A)),
    }
    lower = {
        "lecture, infimum": bottom(X)
        * math.prod(bottom(d) * bottom(w.T) for d, w in zip(D, W[1:], strict=True))
        * np.linalg.norm(u),
        "without the bias column": size
        * math.prod(np.abs(s).min() * bottom(w.T) for s, w in zip(slopes, cut, strict=True)),
        "fused": size * math.prod(map(bottom, A)),
        "telescoped QR": size * math.prod(map(bottom, R)),
        # of a product with a neck the infimum is 0, which floats miss
        "optimal": size * bottom(chained(A)) * (min(len(a) for a in A) >= len(u)),
    }
    return {"upper": upper, "lower": lower}


def faults(activation="tanh", bias="augmented", seeds=range(6)):
    """What is wrong with the ladder on random networks, in words: failed bounds, order, values."""
    for widths in WIDTHS:
        for seed in seeds:
            W, b, x, u = point(widths, bias, seed)
            found = BoundLadder(MLP(widths=widths, activation=activation, bias=bias))(W, x, u, b=b)
            for rung in found.rungs:
                if rung.holds and found.fails(rung):
                    yield f"{rung.kind} {rung.name} fails at {widths}"
            upper, lower = values(found, "upper"), values(found, "lower")
            steps = [*(upper[name] for name in UPPER), found.true, *(lower[name] for name in reversed(LOWER))]
            if any(two > one * (1 + MARGIN) for one, two in pairwise(steps)):
                yield f"out of order at {widths}"
            hand = by_hand(W, b, x, u, activation, bias)
            slopes = [ACTIVATIONS[activation][1](z[:, 0]) for z in hand.z[1:-1]]
            wanted = expected(W, x, u, slopes, bias == "augmented")
            for kind, known in wanted.items():
                for name, value in known.items():
                    if found.rung(name, kind).value != pytest.approx(value, rel=1e-6, abs=1e-12):
                        yield f"{kind} {name} is off at {widths}"


@pytest.mark.parametrize("bias", ["augmented", "separate", "none"])
@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "softplus", "leaky_relu", "gelu"])
def test_the_ladder_holds_is_ordered_and_has_the_values_of_explicit_matrices(activation, bias):
    assert list(faults(activation, bias, range(3))) == []


@pytest.mark.parametrize("activation", ["relu", "identity"])
def test_it_holds_with_dead_units(activation):
    for widths in WIDTHS:
        for seed in range(5):
            W, _, x, u = point(widths, seed=seed)
            found = BoundLadder(MLP(widths=widths, activation=activation))(W, x, u)
            assert not [rung for rung in found.rungs if rung.holds and found.fails(rung)]


def wide_as_if_tall(A):
    """The smallest of min(rows, columns) singular values, whatever the shape."""
    found = np.linalg.svd(A, compute_uv=False)
    return Extremes(float(found[0]), float(found[-1]), float(found[-1]))


def last_one_too_small(A):
    return [*telescoped(A)[:-1], telescoped(A)[-1] / 1.5]


def without_turning(A):
    """QR of each A_l in place of A_l Q_{l+1}, cut to shapes that conform."""
    return [np.linalg.qr(a, mode="r")[:, : len(A[-1].T)] for a in A]


def by_the_largest_slope(f):
    return [extremes(a, float(d.max()) * w.least) for a, d, w in zip(f.A, f.slopes, f.of_plain, strict=True)]


WRONG = {
    "bias column kept in the lower rungs": ("Factors.of_plain", property(lambda f: f.of_W)),
    "R_l without Q_{l+1}": ("telescoped", without_turning),
    "one R_l too small": ("telescoped", last_one_too_small),
    "largest slope for the smallest": ("Factors.of_A", property(by_the_largest_slope)),
    "slopes left out of the factors": ("Factors.of_A", property(lambda f: f.of_plain)),
    "the gradient without its slopes": (
        "Factors.gradient",
        property(lambda f: Factors._chained([w.T for w in f.plain], f.upstream)),
    ),
    "without ‖x‖": ("norm", lambda v: scaled(1.0)),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_rungs_are_caught(wrong, monkeypatch):
    where, variant = WRONG[wrong]
    monkeypatch.setattr(f"symbackprop.numeric.rungs.{where}", variant)
    # the first is enough: a wrong variant may go on to matrices that do not conform
    assert next(faults(), None) is not None


def test_a_wide_factor_as_if_it_were_tall_is_caught(monkeypatch):
    monkeypatch.setattr(Factors, "of_R", property(lambda f: list(map(extremes, f.R))))
    assert list(faults()) == []
    monkeypatch.setattr(Factors, "of_A", property(lambda f: list(map(wide_as_if_tall, f.A))))
    assert {f.split(" at ")[0] for f in faults()} >= {"lower fused fails", "out of order"}


def test_the_product_in_the_wrong_order_is_caught(monkeypatch):
    """Where all layers have the same number of units, A_L ⋯ A_1 conforms as well."""
    monkeypatch.setitem(globals(), "WIDTHS", [(4, 4, 4, 4, 3)])
    assert list(faults()) == []
    chain = rungs.Factors._chained
    monkeypatch.setattr(rungs.Factors, "_chained", staticmethod(lambda A, right: chain(A[::-1], right)))
    assert {f.split(" at ")[0] for f in faults()} >= {"upper optimal is off", "upper optimal fails"}


# --- singular values -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(2, 2), (5, 2), (3, 2)])
def test_extremes_over_all_directions(shape):
    A = np.random.default_rng(sum(shape)).standard_normal(shape)
    angle = np.linspace(0, np.pi, 200_001)
    sizes = np.linalg.norm(A @ [np.cos(angle), np.sin(angle)], axis=0)
    found = extremes(A)
    assert (found.largest, found.least, found.least_nonzero) == pytest.approx((sizes.max(), sizes.min(), sizes.min()))


@pytest.mark.parametrize(
    ("A", "found"),
    [
        ([[3, 0, 0], [0, 4, 0]], (4, 0, 3)),
        ([[3, 0], [0, 4], [0, 0]], (4, 3, 3)),
        ([[3, 4]], (5, 0, 5)),
        ([[3], [4]], (5, 5, 5)),
        ([[-7]], (7, 7, 7)),
        ([[1, 1], [1, 1]], (2, 0, 2)),
        ([[0, 0], [0, 0]], (0, 0, 0)),
        ([[0], [0]], (0, 0, 0)),
        ([[1e200], [1e200]], (2**0.5 * 1e200,) * 3),
    ],
)
def test_extremes_on_paper(A, found):
    got = extremes(np.array(A, dtype=float))
    assert (got.largest, got.least, got.least_nonzero) == pytest.approx(found)


@pytest.mark.parametrize("units", [(4, 4, 4), (5, 3, 2), (2, 5, 3), (3, 5, 2), (4, 2, 3, 6), (6, 3, 1), (1, 1, 1)])
def test_telescoping(units):
    """The norm of the product is kept for every vector; R_l is k_l × k_{l+1}, k_l the least of m_l … m_{L+1}."""
    rng = np.random.default_rng(0)
    A = [rng.standard_normal(shape) for shape in pairwise(units)]
    R = telescoped(A)
    k = [min(units[l:]) for l in range(len(units))]
    assert [r.shape for r in R] == list(pairwise(k))
    y = rng.standard_normal((units[-1], 50))
    assert np.linalg.norm(chained(R) @ y, axis=0) == pytest.approx(np.linalg.norm(chained(A) @ y, axis=0))
    for r, hand in zip(R, telescoped_by_hand(A), strict=True):
        assert np.linalg.svd(r, compute_uv=False) == pytest.approx(np.linalg.svd(hand, compute_uv=False))


def test_telescoping_survives_where_factors_are_wide():
    """Units 3, 5, 2: A_1 is wide, so the fused bound is empty; ‖A_1 A_2 y‖ over all directions is not."""
    W, _, x, u = point((4, 4, 6, 2), seed=3)
    found = BoundLadder(MLP(widths=(4, 4, 6, 2), activation="tanh"))(W, x, u)
    lower = values(found, "lower")
    assert lower["fused"] == 0
    hand = by_hand(W, None, x, u, "tanh", "augmented")
    A = [ACTIVATIONS["tanh"][1](z) * w[:, :-1].T for z, w in zip(hand.z[1:-1], W[1:], strict=True)]
    angle = np.linspace(0, np.pi, 200_001)
    infimum = np.linalg.norm(chained(A) @ [np.cos(angle), np.sin(angle)], axis=0).min()
    size = np.linalg.norm(x) * np.linalg.norm(u)
    assert 0 < lower["telescoped QR"] <= lower["optimal"] == pytest.approx(size * infimum)


def test_a_layer_with_fewer_units_than_the_output_leaves_nothing_below():
    """Units 4, 1, 5 → 3: some ∂L/∂ŷ gives the gradient 0, so that no positive bound can hold."""
    W, _, x, _ = point((4, 5, 2, 6, 3))
    A = W[3][:, :-1].T, W[2][:, :-1].T
    u = np.linalg.svd((ACTIVATIONS["identity"][1](np.ones(1))[:, None] * A[1]) @ A[0])[2][-1]
    found = BoundLadder(MLP(widths=(4, 5, 2, 6, 3), activation="identity"))(W, x, u)
    assert found.true < 1e-13
    assert {values(found, "lower")[name] for name in LOWER} == {0}


@pytest.mark.parametrize("kind", ["upper", "lower"])
def test_the_optimal_bounds_are_reached(kind):
    W, _, x, u = point((4, 5, 5, 3), seed=2)
    at = BoundLadder(MLP(widths=(4, 5, 5, 3), activation="tanh"))
    hand = by_hand(W, None, x, u, "tanh", "augmented")
    A = chained([ACTIVATIONS["tanh"][1](z) * w[:, :-1].T for z, w in zip(hand.z[1:-1], W[1:], strict=True)])
    reached = at(W, x, np.linalg.svd(A)[2][0 if kind == "upper" else -1])
    assert reached.ratio(reached.rung("optimal", kind)) == pytest.approx(1)


@pytest.mark.parametrize("depth", [1, 2, 64])
def test_telescoping_is_exact_for_a_scalar_output(depth):
    widths = (6,) * (depth + 1) + (1,)
    W, _, x, u = point(widths)
    found = BoundLadder(MLP(widths=widths, activation="tanh"))(W, x, u)
    for kind in ("upper", "lower"):
        for name in ("telescoped QR", "optimal"):
            assert found.ratio(found.rung(name, kind)) == pytest.approx(1, rel=1e-11)
    # with one hidden layer there is nothing to telescope
    assert (found.ratio(found.rung("fused")) > 1.1) == (depth > 1)


# --- deep and saturated networks -------------------------------------------------------------------------------------


def test_deep_products_keep_their_figures():
    """24 layers of 4 units, singular values 60 orders apart: against 200 digits."""
    widths = (5,) * 25 + (4,)
    W, _, x, u = point(widths, seed=1)
    found = BoundLadder(MLP(widths=widths, activation="softplus"))(W, x, u)
    hand = by_hand(W, None, x, u, "softplus", "augmented")
    with mpmath.workdps(200):
        total = mpmath.eye(4)
        for z, w in zip(hand.z[1:-1], W[1:], strict=True):
            slopes = [1 / (1 + mpmath.exp(-mpmath.mpf(float(v)))) for v in z[:, 0]]
            total = total * (mpmath.diag(slopes) * mpmath.matrix(w[:, :-1].T.tolist()))
        sizes = mpmath.svd_r(total, compute_uv=False)
        size = mpmath.norm(mpmath.matrix(x.tolist())) * mpmath.norm(mpmath.matrix(u.tolist()))
        assert sizes[3] < 1e-20 * sizes[0]
        assert found.rung("optimal").value == pytest.approx(float(size * sizes[0]), rel=1e-9)
        assert found.rung("optimal", "lower").value == pytest.approx(float(size * sizes[3]), rel=1e-6)


def test_bounds_beyond_the_range_of_a_float():
    """400 layers of 1/100 and one unit: 10^-800, in which every rung but the empty one agrees."""
    W = [[[1.0]]] + [[[0.01]]] * 400
    found = ladder([[1.0]] * 400, W, [1.0], [1.0], bias="none")
    assert found.true == 0
    assert found.size.log10 == pytest.approx(-800)
    assert all(rung.size.log10 == pytest.approx(-800) and not found.fails(rung) for rung in found.rungs)
    large = ladder([[1.0]] * 400, [[[1.0]]] + [[[100.0]]] * 400, [1.0], [1.0], bias="none")
    assert large.rung("lecture").value == math.inf
    assert large.ratio(large.rung("lecture")) == pytest.approx(1)


@pytest.mark.parametrize(("activation", "slope"), [("tanh", 1.8158e-4), ("sigmoid", 0.0066481)])
def test_saturated_at_five(activation, slope):
    """σ'(5) and tanh'(5) as they are tabulated; one unit."""
    found = BoundLadder(MLP(widths=[2, 2, 1], activation=activation))([[[0, 5]], [[1, 0]]], [0, 1], [1])
    assert found.true == pytest.approx(slope, rel=1e-4)


def test_slopes_do_not_cancel_far_out():
    """tanh'(20) = 4e^-40 to a relative 1e-17, where 1 - tanh² is 0."""
    found = BoundLadder(MLP(widths=[2, 2, 1], activation="tanh"))([[[0, 20]], [[1, 0]]], [0, 1], [1])
    assert found.true == pytest.approx(4 * math.exp(-40), rel=1e-13)


@pytest.mark.parametrize("slopes", [(1, 1e-200), (1e-200, 1)])
def test_slopes_two_hundred_orders_apart(slopes):
    """W̃_1 has orthogonal columns of length √2, so s(A_1) = √2·1e-200; in floats R_1 may be singular."""
    W = [np.zeros((2, 1)), np.array([[1.0, 1.0], [1.0, -1.0]])]
    found = ladder([slopes], W, [1], [1, 0], bias="none")
    lower = values(found, "lower")
    assert [lower[name] for name in LOWER[1:]] == pytest.approx([2**0.5 * 1e-200] * 4, rel=1e-9, abs=0)


@pytest.mark.parametrize(
    ("numbers", "log10"), [([1e300, 1e300, 1e-300], 300), ([1e-200] * 5, -1000), ([2.0, 0.0], -math.inf), ([], 0)]
)
def test_products_with_an_exponent(numbers, log10):
    assert product(numbers).log10 == pytest.approx(log10)


@pytest.mark.parametrize(
    ("one", "other", "quotient"), [(3, 4, 0.75), (0, 4, 0), (0, 0, 1), (3, 0, math.inf), (1e300, 1e-300, math.inf)]
)
def test_quotients(one, other, quotient):
    assert scaled(one).over(scaled(other)) == quotient


def test_a_number_is_kept_exactly():
    assert scaled(0.1).value == 0.1
    assert Scaled(0.75, 2).value == 3


# --- the false reading, and random networks --------------------------------------------------------------------------


def test_the_false_reading_fails_in_one_network_of_six():
    """At widths 4, 3, 3, 2 with tanh, standard normal weights, for one row; batched explicit formulas say the same."""
    rows = BoundLadder(MLP(widths=[4, 3, 3, 2], activation="tanh")).tightness(samples=3000, seed=1)
    (claim,) = [row for row in rows if row.name == FALSE_READING]
    assert not claim.holds

    rng, samples = np.random.default_rng(7), 100_000
    W = [rng.standard_normal((samples, *shape)) for shape in ((2, 4), (2, 3), (2, 3))]
    ones = np.ones((samples, 1))
    h, slopes = np.hstack([rng.standard_normal((samples, 3)), ones]), []
    for w in W[:2]:
        z = np.einsum("sij,sj->si", w, h)
        slopes.append(np.cosh(z) ** -2.0)
        h = np.hstack([np.tanh(z), ones])
    u = rng.standard_normal((samples, 2))
    v = slopes[1] * np.einsum("sij,si->sj", W[2][:, :, :2], u)
    v = slopes[0] * np.einsum("sij,si->sj", W[1][:, :, :2], v)
    claimed = np.linalg.norm(u, axis=1)
    for slope, w in zip(slopes, W[1:], strict=True):
        claimed = claimed * slope.min(axis=1) * np.linalg.svd(w, compute_uv=False)[:, -1]
    for_a_row, for_all = np.mean(claimed > np.abs(v[:, 0])), np.mean(claimed > np.linalg.norm(v, axis=1))
    assert round(1 / for_a_row) == 6
    # three standard deviations of 3,000 networks
    assert claim.failed_for_a_row == pytest.approx(for_a_row, abs=0.021)
    assert claim.failed == pytest.approx(for_all, abs=0.01)


def test_no_proven_bound_fails_on_random_networks():
    for activation in ("tanh", "relu", "softplus"):
        for row in BoundLadder(MLP(widths=[4, 6, 4, 5, 3], activation=activation)).tightness(samples=100, gain=1.5):
            assert not row.holds or row.failed == 0, row
            # upper ones hold for each row as well
            assert row.kind == "lower" or row.failed_for_a_row == 0


def test_proven_lower_bounds_fail_for_one_row():
    """No positive lower bound holds for a single j where there are two units or more."""
    rows = BoundLadder(MLP(widths=[4, 3, 3, 2], activation="tanh")).tightness(samples=300)
    assert next(row for row in rows if (row.name, row.kind) == ("optimal", "lower")).failed_for_a_row > 0.05


def test_tighter_rungs_have_smaller_medians():
    rows = BoundLadder(MLP(widths=[6, 6, 5, 4, 3], activation="tanh")).tightness(samples=60, gain=1.0)
    medians = {(row.kind, row.name): row.median for row in rows}
    steps = [medians["upper", name] for name in UPPER] + [1] + [medians["lower", name] for name in reversed(LOWER)]
    assert steps == sorted(steps, reverse=True)
    assert len(set(steps)) == len(steps)
    assert all(row.low <= row.median <= row.high for row in rows)


def test_quantiles_are_those_of_the_samples():
    """One unit, no biases, one layer, g = id: bound / true is σ(w) |u| / |w u| = 1 for every rung."""
    for row in BoundLadder(MLP(widths=[1, 1, 1], activation="identity", bias="none")).tightness(samples=20):
        assert (row.low, row.median, row.high, row.failed, row.zero) == pytest.approx((1, 1, 1, 0, 0))


def test_networks_without_a_gradient_are_left_out_and_counted():
    """One ReLU with x = 1 and a normal weight is dead in half of the networks; so are three layers of them in 7/8."""
    rows = BoundLadder(MLP(widths=[2, 2, 1], activation="relu")).tightness(samples=2000)
    assert all(row.zero == pytest.approx(0.5, abs=0.04) for row in rows)
    assert next(row for row in rows if row.name == "optimal").low == pytest.approx(1)


def test_seeds_and_gains():
    at = BoundLadder(MLP(widths=[4, 3, 3, 2], activation="tanh"))
    assert at.tightness(20, seed=3) == at.tightness(20, seed=3)
    assert at.tightness(20, seed=3) != at.tightness(20, seed=4)
    # widths 4, 4, 4, 4: variance gain²/4 is 1 for gain 2
    even = BoundLadder(MLP(widths=[4, 4, 4, 4], activation="tanh"))
    assert even.tightness(20, gain=2.0) == even.tightness(20)
    assert even.tightness(20, gain=1.0) != even.tightness(20)


def test_progress_is_told():
    told = []
    BoundLadder(MLP(widths=[3, 3, 2], activation="tanh")).tightness(3, progress=lambda *done: told.append(done))
    assert told == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize("bias", ["augmented", "separate"])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_counterexample_is_one_in_fifty_digits(bias, seed):
    """From its tenths alone: forward, backward and the smallest singular values that are not 0, by mpmath."""
    widths = [4, 3, 3, 2] if bias == "augmented" else [2, 2, 3, 3]
    found = BoundLadder(MLP(widths=widths, activation="tanh", bias=bias)).counterexample(seed)
    assert found is not None
    assert all(entry.denominator in (1, 2, 5, 10) for w in found.W for row in w for entry in row)
    assert (found.b is None) == (bias == "augmented")
    with mpmath.workdps(50):

        def matrix(rows):
            return mpmath.matrix([[mpmath.mpf(e.numerator) / e.denominator for e in row] for row in rows])

        W, x, u = [matrix(w) for w in found.W], matrix([[e] for e in found.x]), matrix([[e] for e in found.upstream])
        h, slopes = x, []
        for l, w in enumerate(W[:-1]):
            z = w * h if found.b is None else w * h + matrix([[e] for e in found.b[l]])
            slopes.append([mpmath.sech(v) ** 2 for v in z])
            h = mpmath.matrix([mpmath.tanh(v) for v in z] + ([1] if bias == "augmented" else []))
        v, claimed = u, mpmath.norm(x) * mpmath.norm(u)
        for slope, w in list(zip(slopes, W[1:], strict=True))[::-1]:
            v = mpmath.diag(slope) * (w.T * v)[: len(slope), 0]
            sizes = [s for s in mpmath.svd_r(w, compute_uv=False) if s > 1e-40]
            claimed *= min(slope) * min(sizes)
        true = mpmath.norm(x) * mpmath.norm(v)
        assert claimed > mpmath.mpf("1.49") * true
        assert found.claimed == pytest.approx(float(claimed))
        assert found.true == pytest.approx(float(true))
        assert found.rows == pytest.approx([float(mpmath.norm(x) * abs(e)) for e in v], abs=1e-15)


def test_there_is_none_where_the_reading_is_right():
    """One unit in each layer and no biases: σ is |w|, and the reading is an identity."""
    assert BoundLadder(MLP(widths=[1, 1, 1], activation="tanh", bias="none")).counterexample(tries=50) is None


# --- what is refused -------------------------------------------------------------------------------------------------

NET = MLP(widths=[3, 3, 2], activation="tanh")
APART = MLP(activation="tanh", bias="separate")
W2 = [np.ones((2, 3)), np.ones((2, 3))]
X, U = [1, 2, 1], [1, 1]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: BoundLadder(MLP(widths=[3, 3, 2])), "activation g is generic.*name it"),
        (lambda: BoundLadder("tanh"), "not of a str"),
        (lambda: BoundLadder(MLP(activation="tanh", normalization="layer")), "layer normalization stands between"),
        (lambda: BoundLadder(MLP(activation="tanh")).tightness(), r"need widths: write MLP\(widths="),
        (lambda: BoundLadder(MLP(activation="tanh")).counterexample(), "need widths"),
        (lambda: BoundLadder(NET).tightness(samples=0), "samples = 0"),
        (lambda: BoundLadder(NET).tightness(samples=2.5), "samples = 2.5"),
        (lambda: BoundLadder(NET).tightness(gain=-1), "gain = -1"),
        (lambda: BoundLadder(NET).tightness(gain=math.nan), "gain = nan"),
        (lambda: BoundLadder(NET)([W2[0], W2[1] * math.nan], X, U), r"W_1 has nan at \(1, 1\)"),
        (lambda: BoundLadder(NET)([[[1, 2, 3], [4, math.inf, 6]], W2[1]], X, U), r"W_0 has inf at \(2, 2\)"),
        (lambda: BoundLadder(NET)(W2, [math.nan, 2, 1], U), r"x has nan at \(1\)"),
        (lambda: BoundLadder(NET)(W2, X, [1, -math.inf]), r"upstream has -inf at \(2\)"),
        (lambda: BoundLadder(NET)([W2[0] * 1j, W2[1]], X, U), "W_0 is not an array of real numbers"),
        (lambda: BoundLadder(NET)([[[1, 2], [3]], W2[1]], X, U), "W_0 is not an array of real numbers"),
        (lambda: BoundLadder(NET)("W", X, U), "W must be a list"),
        (lambda: BoundLadder(NET)(W2[:1], X, U), "has 2 weight matrices, but W has 1"),
        (lambda: BoundLadder(NET)(W2, [1, 2, 3], U), "x must end in the bias unit 1"),
        (lambda: BoundLadder(NET)(W2, X), "told once"),
        (lambda: BoundLadder(NET)(W2, X, U, y=U), "told once"),
        (lambda: BoundLadder(NET)(W2, X, y=U), "loss is generic"),
        (lambda: BoundLadder(NET)(W2, X, U, b=[1]), "leave b out"),
        (lambda: BoundLadder(APART)(W2, X, U), "write b="),
        (lambda: BoundLadder(MLP(activation="identity"))([1e300 * W2[0], 1e300 * W2[1]], X, U), "z_2 overflows"),
        (lambda: ladder([], W2, X, U), "0 slopes were given for 1 hidden layers"),
        (lambda: ladder([[1, math.nan]], W2, X, U), r"g'\(z_1\) has nan"),
        (lambda: ladder([[1, 1]], W2, X, U, bias="some"), "there is no bias 'some'"),
        (lambda: BoundLadder(NET)(W2, X, U).rung("best"), "no upper rung 'best': write one of upper 'lecture'"),
        (lambda: BoundLadder(NET)(W2, X, U).ratio(BoundLadder(NET)(W2, X, U).rungs[0], row=3), "j runs from 1 to 2"),
    ],
)  # fmt: skip
def test_what_is_refused(call, words):
    with pytest.raises(SymbackpropError, match=words):
        call()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: BoundLadder(NET)([W2[0], np.ones((2, 2))], X, U), "W_1 is 2 × 2, but a network of widths 3,3,2"),
        (lambda: BoundLadder(NET)(W2, [1, 1], U), "x has 2 entries.*bias unit"),
        (lambda: BoundLadder(NET)(W2, X, [1, 1, 1]), "upstream has 3 entries"),
        (lambda: ladder([[1]], W2, X, U), r"g'\(z_1\) has 1 entries, but W_0 has 2 rows"),
        (lambda: ladder([[1, 1]], [W2[0], np.ones((2, 2))], X, U), "needs 3 columns"),
        (lambda: BoundLadder(APART)([W2[0], np.ones((2, 2))], X, U, b=[[1], [1, 1]]), "b_0 is 1, but W_0"),
        (lambda: BoundLadder(MLP(widths=[3, 3, 2], activation="tanh", loss="huber"))(W2, X, y=[1]), "y has 1 entries"),
    ],
)  # fmt: skip
def test_shapes_that_do_not_conform(call, words):
    with pytest.raises(ShapeError, match=words):
        call()


def test_it_is_immutable():
    found = BoundLadder(NET)(W2, X, U)
    for what, name in ((found, "rungs"), (found.rungs[0], "name"), (found.size, "mantissa")):
        with pytest.raises(AttributeError):
            setattr(what, name, None)
