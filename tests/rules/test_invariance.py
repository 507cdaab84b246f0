"""What layer normalization forgets: every line judged, what people take for it refuted, numbers by NumPy."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from symbackprop.derivation import Derivation
from symbackprop.dims import dim, index, units
from symbackprop.expr import (
    LOSS,
    Diagonal,
    Expr,
    Named,
    Norm,
    Number,
    Ones,
    Partial,
    Power,
    PreActivation,
    Quotient,
    Size,
    SquareRoot,
    number,
)
from symbackprop.judges import exact, kernel, numeric
from symbackprop.judges.claim import Claim
from symbackprop.judges.outcome import Proved, Refuted, Supported
from symbackprop.network import MLP
from symbackprop.rules.invariance import (
    along_itself,
    by_shift_and_scale,
    centring,
    frobenius,
    one_unit,
    one_unit_with,
    scaled,
    scaled_with,
    shifted,
    two_units,
    vanishing,
)
from symbackprop.verify import claim_of

LAYER = MLP(normalization="layer")
n = index("n")
N, ONES = Size(n), Ones(n)
z, c, s, a, v, u, x = (Named(name) for name in ("z", "c", "s", "a", "v", "u", "x"))
alpha, beta, tau, epsilon, mean = (Named(name) for name in ("alpha", "beta", "tau", "epsilon", "mean"))
z_1, z_2, c_1, a_1, u_1, v_1 = (Named(name) for name in ("z_1", "z_2", "c_1", "a_1", "u_1", "v_1"))
MEAN_OF = Quotient(number(1), N) @ ONES @ ONES.T
ROOT = SquareRoot(N)
TWO = Fraction(2)

MADE: dict[str, Callable[[], tuple[Derivation, ...]]] = {
    "centring": lambda: (centring(),),
    "shifted": shifted,
    "shifted, with ε": lambda: shifted("epsilon"),
    "scaled": scaled,
    "scaled, with ε": lambda: (scaled_with(),),
    "by shift and scale": by_shift_and_scale,
    "along itself": lambda: (along_itself(LAYER),),
    "Frobenius": lambda: (frobenius(),),
    "two units": two_units,
    "one unit": one_unit,
    "one unit, with ε": one_unit_with,
}
# each of the derivations, what it comes to on paper, and what it does not come to
RESULTS: dict[str, tuple[tuple[Expr, tuple[Expr, ...]], ...]] = {
    "centring": ((z - MEAN_OF @ z, (z, z + MEAN_OF @ z, MEAN_OF @ z, z - ONES @ ONES.T @ z, z - mean @ z)),),
    "shifted": (
        (c, (c + tau @ ONES, c - tau @ ONES, tau @ c, z, -c, number(2) @ c)),
        (s, (s + tau, tau @ s, Norm(z), number(2) @ s, s + ROOT @ tau, Norm(c + tau @ ONES))),
        (a, (a + tau @ ONES, a + tau @ v, a - u, tau @ a, u, number(2) @ a)),
    ),
    "shifted, with ε": (
        (c, (c + tau @ ONES, z)),
        (s, (Norm(c), s + tau, SquareRoot(Power(s, TWO) + N @ epsilon))),
        (a, (a + tau @ ONES, ROOT @ Quotient(number(1), Norm(c)) @ Diagonal(v) @ c + u)),
    ),
    "scaled": (
        (alpha @ c, (c, beta @ c, alpha @ z, Power(alpha, TWO) @ c, -(alpha @ c), alpha @ alpha @ c)),
        (alpha @ s, (s, beta @ s, Power(alpha, TWO) @ s, -(alpha @ s), alpha + s, Quotient(number(1), alpha) @ s)),
        (a, (alpha @ a, Quotient(number(1), alpha) @ a, a - u, alpha @ (a - u) + u, -a, number(2) @ a)),
    ),
    "scaled, with ε": (
        (
            Power(alpha, TWO) @ Power(s, TWO) + (number(1) - Power(alpha, TWO)) @ N @ epsilon,
            (
                Power(alpha, TWO) @ Power(s, TWO),
                Power(s, TWO),
                Power(alpha, TWO) @ Power(s, TWO) + N @ epsilon,
                alpha @ Power(s, TWO) + (number(1) - alpha) @ N @ epsilon,
                Power(alpha, TWO) @ Power(s, TWO) - (number(1) - Power(alpha, TWO)) @ N @ epsilon,
                Power(alpha, TWO) @ Power(s, TWO) + (number(1) - Power(alpha, TWO)) @ epsilon,
            ),
        ),
    ),
    "by shift and scale": (
        (
            ONES.T @ Partial(LOSS, x),
            (
                Quotient(number(1), N) @ ONES.T @ Partial(LOSS, x),
                alpha @ ONES.T @ Partial(LOSS, x),
                z.T @ Partial(LOSS, x),
                -(ONES.T @ Partial(LOSS, x)),
                number(0),
            ),
        ),
        (
            z.T @ Partial(LOSS, x),
            (x.T @ Partial(LOSS, x), ONES.T @ Partial(LOSS, x), alpha @ z.T @ Partial(LOSS, x), number(0)),
        ),
    ),
    "Frobenius": (
        (
            N - number(2),
            (
                N,
                N - number(1),
                Number(Fraction(1, 2)) @ (N - number(2)),
                Power(N - number(2), TWO),
                number(0),
                number(1),
            ),
        ),
    ),
    "two units": (
        (-c_1, (c_1, number(0), -z_1, -(number(2) @ c_1), z_1 - z_2)),
        (number(2) @ Power(c_1, TWO), (Power(c_1, TWO), number(4) @ Power(c_1, TWO), Power(z_1 - z_2, TWO), c_1)),
        (number(1), (number(0), -number(1), number(2), Number(Fraction(1, 2)), Power(c_1, TWO))),
    ),
    "one unit": ((number(0), (z_1, mean, number(1))), (number(0), (number(1), Power(z_1, TWO)))),
    "one unit, with ε": (
        (u_1, (number(0), v_1 + u_1, v_1, -u_1)),
        (number(0), (Partial(LOSS, a_1), Partial(LOSS, c_1), number(1))),
    ),
}


@pytest.mark.parametrize("name", MADE)
def test_every_step_is_proved_and_supported(name: str) -> None:
    for derivation in MADE[name]():
        assert derivation.steps
        for step in derivation.steps:
            claim = claim_of(step, derivation)
            assert isinstance(kernel.judge(step, derivation), Proved), step.after
            assert isinstance(exact.judge(claim), Supported), step.after
            assert isinstance(numeric.judge(claim), Supported), step.after


@pytest.mark.parametrize("name", RESULTS)
def test_it_comes_to_what_it_does_on_paper_and_to_nothing_else(name: str) -> None:
    for derivation, (right, wrong) in zip(MADE[name](), RESULTS[name], strict=True):

        def claim(side: Expr, of: Derivation = derivation) -> Claim:
            return Claim(of.start, "=", side, of.network, of.known)

        assert isinstance(exact.judge(claim(right)), Supported)
        accepted = [str(each) for each in wrong if not isinstance(exact.judge(claim(each)), Refuted)]
        assert not accepted


def test_the_results_are_those_of_the_remarks() -> None:
    """1ᵀ ∂L/∂z = cᵀ ∂L/∂z = 0, so zᵀ ∂L/∂z too; rank n - 2; identically 0 for n = 2."""
    assert [made.result for made in shifted()] == [c, s, a]
    assert [made.result for made in scaled()] == [alpha @ c, alpha @ s, a]
    along = along_itself(LAYER)
    assert along.start == PreActivation(index("l")).T @ Partial(LOSS, PreActivation(index("l")))
    assert along.result == number(0)
    assert frobenius().result == N - number(2)
    assert [made.result for made in one_unit_with()] == [u_1, number(0)]


def test_of_a_network_that_does_not_centre_the_gradient_is_not_orthogonal_to_ones() -> None:
    network, l = MLP(normalization="rms"), index("l")
    gradient = Partial(LOSS, PreActivation(l))
    known = {"l": (dim(1), network.depth)}
    across = Claim(Ones(units(l)).T @ gradient, "=", number(0), network, known)
    assert isinstance(exact.judge(across), Refuted)
    assert isinstance(exact.judge(Claim(PreActivation(l).T @ gradient, "=", number(0), network, known)), Supported)


def test_the_bound_is_proved() -> None:
    made = vanishing()
    assert made.relation == "≤"
    assert all(isinstance(kernel.judge(step, made), Proved) for step in made.steps)


# --- by NumPy ---------------------------------------------------------------------------------------------------------


def normalized(column: np.ndarray, eps: float = 0.0) -> np.ndarray:
    """The normalized column, as the lecture has it."""
    centred = column - column.mean()
    return np.sqrt(len(column) / (centred @ centred + len(column) * eps)) * centred


@pytest.mark.parametrize("size", [2, 3, 7])
def test_numbers_of_a_shift_and_a_scale(size: int) -> None:
    column = np.random.default_rng(size).standard_normal(size)
    assert normalized(column + 3.5) == pytest.approx(normalized(column))
    assert normalized(column + 3.5, 0.1) == pytest.approx(normalized(column, 0.1))
    assert normalized(2.5 * column) == pytest.approx(normalized(column))
    assert normalized(2.5 * column, 0.1) != pytest.approx(normalized(column, 0.1))
    assert normalized(-2.5 * column) == pytest.approx(-normalized(column))


def test_numbers_of_two_units_and_of_one() -> None:
    for pair in ([3.0, 1.0], [1e-3, 0.0], [-5.0, -70.0]):
        assert normalized(np.array(pair)) == pytest.approx([1, -1])
        assert normalized(np.array(pair[::-1])) == pytest.approx([-1, 1])
    assert normalized(np.array([4.0]), 0.1) == pytest.approx([0])
    with np.errstate(all="ignore"):
        assert np.isnan(normalized(np.array([4.0]))).all()
