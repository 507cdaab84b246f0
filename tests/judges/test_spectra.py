"""Norms, singular values and extremes in floats: against NumPy at the same values, and against difference quotients."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from symbackprop.chance import Expectation, Gaussian, Variance
from symbackprop.dataset import Family, Prediction
from symbackprop.dims import DEPTH, ONE, dim, index, units, width
from symbackprop.errors import ShapeError
from symbackprop.expr import (
    LEAST_NONZERO,
    SMALLEST,
    ColumnAt,
    Columns,
    Diagonal,
    Elementwise,
    Entry,
    Hidden,
    Identity,
    LayerMap,
    Norm,
    Partial,
    Power,
    PreActivation,
    SingularValue,
    Weight,
    WithoutBias,
    Zeros,
    number,
)
from symbackprop.judges import exact
from symbackprop.judges.claim import Claim
from symbackprop.judges.floats import Missing, NotNumeric, Point
from symbackprop.judges.numeric import judge
from symbackprop.judges.outcome import Refuted, Supported, Undecided
from symbackprop.judges.spectra import singular_values
from symbackprop.judges.steps import evaluate
from symbackprop.magnitudes import Extreme, OverUnit, SingularValueAt, SpectralSum
from symbackprop.network import MLP
from symbackprop.substitution import substitute

# W_0 is 4 × 3, W_1 is 2 × 5 and W_2 is 4 × 3
WIDTHS = (3, 5, 3, 4)
i, l = index("i"), index("l")
W = [Weight(k) for k in range(3)]
ALL = Family("l", dim(0), DEPTH, Weight(l))


@pytest.fixture
def point():
    return Point(MLP(widths=WIDTHS, activation="tanh", loss="squared_error"), seed=5)


def of(e, point, **symbols):
    return evaluate(e, point, symbols).item()


def spectrum(point, k):
    """By the eigenvalues of `WᵀW` or `WWᵀ`, whichever is smaller, in falling order."""
    A = point.value(W[k])
    gram = A.T @ A if A.shape[0] >= A.shape[1] else A @ A.T
    return np.sqrt(np.linalg.eigvalsh(gram))[::-1]


@pytest.mark.parametrize("k", [0, 1, 2])
def test_the_singular_values_in_falling_order(k, point):
    want = spectrum(point, k)
    found = [of(SingularValueAt(W[k], i), point, i=at) for at in range(1, len(want) + 1)]
    assert found == pytest.approx(want, rel=1e-9)
    assert of(SingularValue(W[k]), point) == pytest.approx(want[0], rel=1e-12)
    assert of(SingularValue(W[k], LEAST_NONZERO), point) == pytest.approx(want[-1], rel=1e-9)
    for outside in (0, len(want) + 1):
        with pytest.raises(Missing, match="is not within 1"):
            of(SingularValueAt(W[k], i), point, i=outside)


def test_the_smallest_is_0_where_there_are_more_columns_and_the_least_nonzero_is_not(point):
    assert of(SingularValue(W[1], SMALLEST), point) == 0
    assert of(SingularValue(W[0], SMALLEST), point) == pytest.approx(spectrum(point, 0)[-1])
    # one column of three: singular values ‖x‖, 0, 0
    placed = ColumnAt(Hidden(0), dim(2), dim(3))
    x = np.linalg.norm(point.value(Hidden(0)))
    assert of(SingularValue(placed, LEAST_NONZERO), point) == pytest.approx(x)
    assert of(SingularValue(placed, SMALLEST), point) == pytest.approx(0, abs=1e-15)
    assert of(SingularValue(Zeros(dim(2)), LEAST_NONZERO), point) == 0


@pytest.mark.parametrize("k", [0, 1, 2])
def test_the_frobenius_norm_by_singular_values(k, point):
    squares = SpectralSum("i", W[k], Power(SingularValueAt(W[k], i), Fraction(2)))
    assert of(squares, point) == pytest.approx((point.value(W[k]) ** 2).sum(), rel=1e-12)
    # of a constant: as many as there are singular values, not as many as columns
    assert of(SpectralSum("i", W[k], number(1)), point) == min(point.value(W[k]).shape)


def test_extremes(point):
    slopes = 1 - np.tanh(point.value(PreActivation(1))) ** 2
    slope = Elementwise("abs", Elementwise("tanh", Entry(PreActivation(1), i), 1))
    assert of(Extreme("max", "i", ONE, units(1), slope), point) == pytest.approx(slopes.max(), rel=1e-13)
    assert of(Extreme("min", "i", ONE, units(1), slope), point) == pytest.approx(slopes.min(), rel=1e-13)
    assert of(Extreme("min", "i", dim(2), dim(3), slope), point) == pytest.approx(slopes[1:3].min(), rel=1e-13)
    with pytest.raises(Missing, match="the max from 2 to 1 has no meaning"):
        of(Extreme("max", "i", dim(2), ONE, slope), point)


# --- over unit vectors -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [0, 1, 2])
def test_supremum_and_infimum_are_singular_values(k, point):
    """Beside 4000 random unit vectors, which stay within both ends and come near to them."""
    vector = Hidden(k)
    image = Norm(W[k] @ vector)
    sup, inf = (of(OverUnit(kind, vector, image), point) for kind in ("sup", "inf"))
    units_ = np.random.default_rng(0).standard_normal((WIDTHS[k], 4000))
    lengths = np.linalg.norm(point.value(W[k]) @ (units_ / np.linalg.norm(units_, axis=0)), axis=0)
    assert inf - 1e-12 <= lengths.min()
    assert lengths.max() <= sup + 1e-12
    assert sup == pytest.approx(spectrum(point, k)[0])
    assert lengths.max() > 0.9 * sup
    rows, columns = point.value(W[k]).shape
    assert inf == pytest.approx(spectrum(point, k)[-1] if rows >= columns else 0)


def test_a_supremum_of_any_linear_column(point):
    """‖W_1 (h + 2h) - W_1 h‖ is twice ‖W_1 h‖, and ‖diag(v) h‖ is at most the largest |v_i|."""
    h = Hidden(1)
    twice = OverUnit("sup", h, Norm(W[1] @ (h + number(2) @ h) - W[1] @ h))
    assert of(twice, point) == pytest.approx(2 * spectrum(point, 1)[0])
    z = PreActivation(1)
    scaled = OverUnit("sup", z, Norm(Diagonal(Columns(W[0], ONE, ONE)) @ z))
    assert of(scaled, point) == pytest.approx(np.abs(point.value(W[0])[:, 0]).max())


def test_only_what_is_written_moves_with_the_vector(point):
    """`z_2` is computed from `h_1`, but `sup_{h_1} ‖h_1 (z_2ᵀ z_2)‖` holds it fixed."""
    h, z = Hidden(1), PreActivation(2)
    fixed = OverUnit("sup", h, Norm((z.T @ z) @ h))
    assert of(fixed, point) == pytest.approx((point.value(z) ** 2).sum())


@pytest.mark.parametrize(
    "body",
    [
        Norm(LayerMap("tanh", W[1] @ Hidden(1))),
        Norm(W[1] @ Hidden(1) + PreActivation(2)),
        Norm(W[1] @ Hidden(1) @ Hidden(1).T),
        Entry(Hidden(1), ONE),
    ],
    ids=["not linear", "affine", "a matrix", "no norm"],
)
def test_what_is_no_norm_of_a_linear_column_is_refused(body, point):
    with pytest.raises(NotNumeric, match="only as the sup of the norm of a column that is linear in h_1"):
        of(OverUnit("sup", Hidden(1), body), point)


# --- derivatives -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "e",
    [
        Norm(W[1]),
        SingularValue(W[1]),
        SingularValue(W[0], SMALLEST),
        SingularValueAt(W[1], dim(2)),
        OverUnit("sup", Hidden(1), Norm(W[1] @ Hidden(1))),
        Extreme("max", "i", ONE, units(2), Entry(W[1], i, ONE)),
        SpectralSum("i", W[1], Power(SingularValueAt(W[1], i), Fraction(3))),
        Norm(Columns(W[1], dim(2), dim(4)), "F"),
        Norm(WithoutBias(W[1]), "F"),
    ],
    ids=str,
)
def test_derivatives_by_a_difference_quotient(e, point):
    wrt = W[0] if e == SingularValue(W[0], SMALLEST) else W[1]
    found = evaluate(Partial(e, wrt), point, {})
    value = point.value(wrt)
    for at in np.ndindex(value.shape):
        step = np.zeros(value.shape)
        step[at] = 1e-6
        up, down = (of(e, point.moved(wrt, value + sign * step)) for sign in (1, -1))
        assert found[at] == pytest.approx((up - down) / 2e-6, abs=1e-8)


def test_the_derivative_by_some_columns(point):
    """By the columns 2 … 4 of W_1, and by all but the last."""
    e = Norm(W[1])
    whole = evaluate(Partial(e, W[1]), point, {})
    assert evaluate(Partial(e, Columns(W[1], dim(2), dim(4))), point, {}) == pytest.approx(whole[:, 1:4])
    assert evaluate(Partial(e, WithoutBias(W[1])), point, {}) == pytest.approx(whole[:, :-1])


# --- training sets and what is random --------------------------------------------------------------------------------


def test_the_prediction_for_another_input(point):
    made = evaluate(Prediction("f", number(2) @ Hidden(0), ALL), point, {"L": 2})
    h = 2 * point.value(Hidden(0))
    for k in (0, 1):
        h = np.append(np.tanh(point.value(W[k]) @ h), [[1.0]], axis=0)
    assert made == pytest.approx(point.value(W[2]) @ h)
    with pytest.raises(ShapeError, match="has an input of 5 entries: write as many as x has"):
        evaluate(Prediction("f", Hidden(1), ALL), point, {"L": 2})
    with pytest.raises(NotNumeric, match="only with the weights of all layers"):
        evaluate(Prediction("f", Hidden(0), Family("l", dim(0), ONE, Weight(l))), point, {})


PREDICTED = Prediction("f", Hidden(0), ALL)
OUTPUT = PreActivation(DEPTH + 1)


@pytest.mark.parametrize("ask", [judge, exact.judge], ids=["numeric", "exact"])
def test_the_prediction_for_the_input_is_the_output(ask):
    assert isinstance(ask(Claim(PREDICTED, "=", OUTPUT, MLP())), Supported)
    doubled = Prediction("f", number(2) @ Hidden(0), ALL)
    assert isinstance(ask(Claim(doubled, "=", number(2) @ OUTPUT, MLP())), Refuted)
    # its derivative by the input goes through all layers
    assert isinstance(ask(Claim(Partial(PREDICTED, Hidden(0)), "=", Partial(OUTPUT, Hidden(0)), MLP())), Supported)
    given = MLP(widths=[3, 4, 3])
    left, right = (Partial(Norm(e), Weight(l)) for e in (PREDICTED, OUTPUT))
    ends = {"l": (dim(0), ONE), "L": (ONE, ONE)}
    left, right = (substitute(e, {"L": ONE}) for e in (left, right))
    assert isinstance(ask(Claim(left, "=", right, given, ends)), Supported)
    assert isinstance(ask(Claim(number(2) @ left, "=", right, given, ends)), Refuted)


@pytest.mark.parametrize("ask", [judge, exact.judge], ids=["numeric", "exact"])
def test_columns_and_zeros(ask):
    network = MLP()
    tilde = Columns(Weight(l), ONE, units(l))
    assert isinstance(ask(Claim(tilde, "=", WithoutBias(Weight(l)), network)), Supported)
    first_dropped = Columns(Weight(l), dim(2), width(l))
    assert isinstance(ask(Claim(first_dropped, "=", WithoutBias(Weight(l)), network)), Refuted)
    by = Partial(Norm(Weight(l), "F"), tilde), Partial(Norm(Weight(l), "F"), WithoutBias(Weight(l)))
    assert isinstance(ask(Claim(by[0], "=", by[1], network)), Supported)
    assert isinstance(ask(Claim(Hidden(l) + Zeros(width(l)), "=", Hidden(l), network)), Supported)
    assert isinstance(ask(Claim(Zeros(width(l)), "=", Hidden(l), network)), Refuted)


@pytest.mark.parametrize(
    ("e", "why"),
    [
        (Gaussian(Zeros(width(l)), Identity(width(l))), "it is a distribution"),
        (Expectation(Hidden(l)), "it is an average over all draws"),
        (Variance(Entry(Hidden(l), ONE)), "it is an average over all draws"),
        (Family("k", dim(0), DEPTH, Weight(index("k"))), "it is many matrices"),
    ],
)
@pytest.mark.parametrize("ask", [judge, exact.judge], ids=["numeric", "exact"])
def test_what_has_no_value_says_why(ask, e, why):
    found = ask(Claim(e, "=", e, MLP()))
    assert isinstance(found, Undecided)
    assert why in found.detail


@pytest.mark.parametrize(
    ("e", "why"),
    [
        (SingularValueAt(Weight(l), ONE), "roots of polynomials"),
        (SpectralSum("i", Weight(l), SingularValueAt(Weight(l), i)), "roots of polynomials"),
        (OverUnit("sup", Hidden(l), Norm(Weight(l) @ Hidden(l))), "no order"),
        (Extreme("max", "i", ONE, width(l), Entry(Hidden(l), i)), "no order"),
    ],
)
def test_what_a_prime_field_cannot_say(e, why):
    found = exact.judge(Claim(e, "=", e, MLP()))
    assert isinstance(found, Undecided)
    assert why in found.detail
    assert isinstance(judge(Claim(e, "=", e, MLP())), Supported)


def test_the_lecture_on_supremum_and_infimum():
    """`sup ‖A x‖ = σ_{1,1}(A)` and `inf ‖A x‖ = σ_{n,n}(A)`, at `A = W_l`; of the least nonzero one it is false."""
    body = Norm(Weight(l) @ Hidden(l))
    sup, inf = (OverUnit(kind, Hidden(l), body) for kind in ("sup", "inf"))
    assert isinstance(judge(Claim(sup, "=", SingularValue(Weight(l)), MLP())), Supported)
    assert isinstance(judge(Claim(inf, "=", SingularValue(Weight(l), SMALLEST), MLP())), Supported)
    assert isinstance(judge(Claim(inf, "=", SingularValue(Weight(l), LEAST_NONZERO), MLP())), Refuted)
    assert isinstance(judge(Claim(sup, "=", Norm(Weight(l), "F"), MLP())), Refuted)


def test_a_matrix_that_is_not_finite_has_singular_values_of_which_nothing_is_known():
    # NumPy's own routine stops the whole run there: "SVD did not converge"
    for entry in (np.nan, np.inf):
        found = singular_values(np.array([[1.0, entry], [0.0, 2.0]]))
        assert found.shape == (2,)
        assert np.isnan(found).all()
