"""An adjoint rule is one place: a network is derived through the inverse and the log-determinant of `tests/outside`.

Each of the two is one new file that nothing in the package knows. The expected gradients are those of the sources:
Magnus and Neudecker 2019, chapter 9; Giles 2008, section 2.2; Petersen and Pedersen 2012, formulas 57, 61 and 124.
"""

from __future__ import annotations

import sys
from fractions import Fraction
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import symbackprop as sb
from symbackprop.asked import all_gradients, gradient_of
from symbackprop.dims import ONE, index
from symbackprop.equations import Equation
from symbackprop.expr import LOSS, Expr, Named, Norm, Partial, Power, number
from symbackprop.forward import ForwardNetwork
from symbackprop.judges import exact, kernel, numeric
from symbackprop.judges.claim import Claim
from symbackprop.judges.floats import Point
from symbackprop.judges.outcome import Proved, Refuted, Supported
from symbackprop.judges.steps import evaluate
from symbackprop.render.latex import latex
from symbackprop.render.look import Look, layout
from symbackprop.render.text import render as text
from symbackprop.render.typst import write as typst

sys.path.insert(0, str(Path(__file__).parents[1] / "outside"))

Inverse = import_module("inverse").Inverse
LogDeterminant = import_module("log_determinant").LogDeterminant

n = index("n")
A, B, S, X, x, b, y, u = (Named(name) for name in ("A", "B", "S", "X", "x", "b", "y", "u"))
HALF = number(Fraction(1, 2))

# the negative log-likelihood of a Gaussian, ½ log det S + ½ xᵀ S⁻¹ x
GAUSSIAN = ForwardNetwork(
    [Equation(LOSS, HALF @ LogDeterminant(S) + HALF @ x.T @ Inverse(S) @ x)], {S: (n, n), x: (n, ONE)}
)
# of a covariance that is computed: S = B Bᵀ + A
FACTORED = ForwardNetwork(
    [Equation(S, B @ B.T + A), Equation(LOSS, HALF @ LogDeterminant(S) + HALF @ x.T @ Inverse(S) @ x)],
    {S: (n, n), A: (n, n), B: (n, n), x: (n, ONE)},
)
# a linear solve, u = A⁻¹ b, and how far it is from y
SOLVE = ForwardNetwork(
    [Equation(u, Inverse(A) @ b), Equation(LOSS, HALF @ Power(Norm(u - y), Fraction(2)))],
    {A: (n, n), b: (n, ONE), u: (n, ONE), y: (n, ONE)},
)


def transposed(e: Expr) -> Expr:
    """The inverse, transposed."""
    made: Expr = Inverse(e).T
    return made


GRADIENTS = {
    "Gaussian by its covariance": (
        GAUSSIAN,
        S,
        HALF @ transposed(S) - HALF @ transposed(S) @ x @ x.T @ transposed(S),
    ),
    "Gaussian by its point": (GAUSSIAN, x, HALF @ (Inverse(S) + transposed(S)) @ x),
    "Gaussian by a part of a computed covariance": (
        FACTORED,
        A,
        HALF @ transposed(S) - HALF @ transposed(S) @ x @ x.T @ transposed(S),
    ),
    "Gaussian by a factor of a computed covariance": (
        FACTORED,
        B,
        # ∂L/∂S, which is symmetric as S is, times 2 B; here for any S
        HALF @ (transposed(S) + Inverse(S)) @ B
        - HALF @ (transposed(S) @ x @ x.T @ transposed(S) + Inverse(S) @ x @ x.T @ Inverse(S)) @ B,
    ),
    "solve by its right side": (SOLVE, b, transposed(A) @ (u - y)),
    # -A⁻ᵀ (u - y) uᵀ, with u = A⁻¹ b put in
    "solve by its matrix": (SOLVE, A, -(transposed(A) @ (u - y) @ b.T @ transposed(A))),
}
WRONG = {
    "Gaussian by its covariance": (
        HALF @ transposed(S) + HALF @ transposed(S) @ x @ x.T @ transposed(S),
        transposed(S) - HALF @ transposed(S) @ x @ x.T @ transposed(S),
        HALF @ Inverse(S) - HALF @ Inverse(S) @ x @ x.T @ Inverse(S),
        HALF @ transposed(S) - HALF @ x @ x.T,
    ),
    "Gaussian by its point": (Inverse(S) @ x, HALF @ Inverse(S) @ x, transposed(S) @ x),
    "solve by its right side": (Inverse(A) @ (u - y), A.T @ (u - y), -(transposed(A) @ (u - y))),
    "solve by its matrix": (
        transposed(A) @ (u - y) @ u.T,
        -(Inverse(A) @ (u - y) @ u.T),
        -(transposed(A) @ u @ (u - y).T),
        -(transposed(A) @ (u - y) @ b.T),
    ),
}


@pytest.mark.parametrize("name", GRADIENTS)
def test_the_answer_is_what_the_source_says(name: str) -> None:
    network, wrt, expected = GRADIENTS[name]
    made = gradient_of(wrt, network).derivations[-1]
    assert made.start == Partial(LOSS, wrt)
    assert isinstance(kernel.equal(made.result, expected, network, network.bounds), Proved)
    claim = Claim(Partial(LOSS, wrt), "=", expected, network, network.bounds)
    assert isinstance(exact.judge(claim), Supported)
    assert isinstance(numeric.judge(claim), Supported)


@pytest.mark.parametrize("network", [GAUSSIAN, FACTORED, SOLVE], ids=["gaussian", "factored", "solve"])
def test_every_step_is_proved_and_supported(network: ForwardNetwork) -> None:
    # entry by entry with SymPy, three by three matrices are inverted for minutes
    report = sb.verify(all_gradients(network), effort="brief")
    assert len(report.steps) >= 2
    for judged in report.steps:
        assert isinstance(judged.outcomes["kernel"], Proved), judged
        assert isinstance(judged.outcomes["exact"], Supported), judged
        assert isinstance(judged.outcomes["numeric"], Supported), judged


@pytest.mark.parametrize(("name", "place"), [(name, i) for name, all_ in WRONG.items() for i in range(len(all_))])
def test_wrong_variants_are_refuted(name: str, place: int) -> None:
    network, wrt, _ = GRADIENTS[name]
    wrong = WRONG[name][place]
    claim = Claim(Partial(LOSS, wrt), "=", wrong, network, network.bounds)
    assert isinstance(exact.judge(claim), Refuted)
    assert isinstance(numeric.judge(claim), Refuted)
    assert not isinstance(kernel.equal(claim.left, wrong, network, network.bounds), Proved)


def test_the_gradient_of_a_gaussian_by_differences() -> None:
    """Against central differences of the loss that is written by hand."""
    sizes = {"n": 3}
    point = Point(GAUSSIAN.given(sizes), 4)
    covariance, column = point.value(S), point.value(x)

    def loss(matrix: np.ndarray) -> float:
        sign = np.sign(np.linalg.det(matrix))
        squared = (column.T @ np.linalg.solve(matrix, column)).item()
        return float(0.5 * np.log(sign * np.linalg.det(matrix)) + 0.5 * squared)

    found = evaluate(gradient_of(S, GAUSSIAN).derivations[-1].result, point, sizes)
    for i in np.ndindex(3, 3):
        step = np.zeros((3, 3))
        step[i] = 1e-6
        assert found[i] == pytest.approx((loss(covariance + step) - loss(covariance - step)) / 2e-6, rel=1e-6)


def test_it_is_printed_in_every_format() -> None:
    right = -(transposed(A) @ (u - y) @ u.T)
    assert latex(right, network=SOLVE) == r"-(A^{-1})^\top(u - y) u^\top"
    assert typst(layout(Inverse(A), Look())) == "A^(- 1)"
    assert text(Inverse(A) @ b, Look()) == "A⁻¹ b"


@pytest.mark.parametrize("suffix", [".tex", ".typ", ".md", ".json"])
def test_whole_derivations_are_saved(suffix: str, tmp_path: Path) -> None:
    file = tmp_path / f"gaussian{suffix}"
    gradient_of(S, GAUSSIAN).save(file)
    assert len(file.read_text(encoding="utf-8")) > 100
