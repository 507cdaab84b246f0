"""A primitive is one new file: the inverse and the log-determinant, added from `tests/outside`, meet every reader."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import sympy

from symbackprop.adjoints import Setting, contribution
from symbackprop.dims import index
from symbackprop.errors import ShapeError
from symbackprop.expr import Expr, Identity, Named, Partial, number
from symbackprop.judges import entrywise, exact, kernel, numeric
from symbackprop.judges.claim import Claim
from symbackprop.judges.floats import Point
from symbackprop.judges.outcome import Proved, Refuted, Supported
from symbackprop.judges.steps import evaluate
from symbackprop.numeric.action import emit
from symbackprop.numeric.code import Code
from symbackprop.orientation import oriented
from symbackprop.primitives import Trace
from symbackprop.quantities import Quantities
from symbackprop.render.latex import latex
from symbackprop.render.speech import speak
from symbackprop.shapes import shape
from symbackprop.symbolic import symbolic

sys.path.insert(0, str(Path(__file__).parent / "outside"))

Inverse = import_module("inverse").Inverse
LogDeterminant = import_module("log_determinant").LogDeterminant

A, B, X, n, m = Named("A"), Named("B"), Named("X"), index("n"), index("m")
NETWORK = Quantities({"A": ("n", "n"), "B": ("n", "n"), "X": ("n", "m")})


def judged(left: Expr, right: Expr) -> tuple[object, ...]:
    claim = Claim(left, "=", right, NETWORK, NETWORK.bounds)
    return tuple(type(judge.judge(claim)) for judge in (exact, numeric, entrywise))


def test_what_it_is_to_shapes_printers_and_speech() -> None:
    assert shape(Inverse(A), NETWORK) == (n, n)
    with pytest.raises(ShapeError, match="an inverse needs a square matrix, but X is n × m"):
        shape(Inverse(X), NETWORK)
    assert latex(Inverse(A) @ B, network=NETWORK) == "A^{-1} B"
    assert latex(Inverse(A + B), network=NETWORK) == "(A + B)^{-1}"
    assert latex(LogDeterminant(A @ B) @ B, network=NETWORK) == r"\operatorname{logdet}(A B) B"
    assert speak(Inverse(A + B), NETWORK) == "the inverse of the quantity A plus B, end quantity"
    assert oriented(LogDeterminant(A) @ A @ Inverse(B)) == Inverse(B).T @ LogDeterminant(A) @ A.T


def test_values() -> None:
    sizes = {"n": 3, "m": 2}
    point = Point(NETWORK.given(sizes), 0)
    a = point.value(A)
    assert np.allclose(evaluate(Inverse(A) @ A, point, sizes), np.eye(3))
    assert evaluate(LogDeterminant(A), point, sizes).item() == pytest.approx(np.log(abs(np.linalg.det(a))))


TRUE = {
    "log-determinant": (Partial(LogDeterminant(A), A), Inverse(A).T),
    "of a product": (Partial(LogDeterminant(A @ B), A), (B @ Inverse(A @ B)).T),
    "trace with an inverse": (Partial(Trace(Inverse(A) @ B), A), -(Inverse(A).T @ B.T @ Inverse(A).T)),
    "by what stands outside": (Partial(Trace(Inverse(A) @ B), B), Inverse(A).T),
}


@pytest.mark.parametrize("name", TRUE)
def test_true_claims_are_proved_and_supported(name: str) -> None:
    left, right = TRUE[name]
    assert isinstance(kernel.equal(left, right, NETWORK, NETWORK.bounds), Proved)
    assert judged(left, right)[:2] == (Supported, Supported)


WRONG = {
    "no transpose": (Partial(LogDeterminant(A), A), Inverse(A)),
    "no sign": (Partial(Trace(Inverse(A) @ B), A), Inverse(A).T @ B.T @ Inverse(A).T),
    "one factor": (Partial(Trace(Inverse(A) @ B), A), -(Inverse(A).T @ B.T)),
    "swapped": (Partial(Trace(Inverse(A) @ B), A), -(Inverse(A).T @ Inverse(A).T @ B.T)),
    "twice": (Partial(LogDeterminant(A), A), number(2) @ Inverse(A).T),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_claims_are_refuted(name: str) -> None:
    left, right = WRONG[name]
    assert not isinstance(kernel.equal(left, right, NETWORK, NETWORK.bounds), Proved)
    assert judged(left, right)[:2] == (Refuted, Refuted)


def test_judges_know_what_an_inverse_is() -> None:
    assert judged(A @ Inverse(A), Identity(n))[:2] == (Supported, Supported)
    assert judged(Inverse(A @ B), Inverse(A) @ Inverse(B))[:2] == (Refuted, Refuted)
    assert judged(Inverse(A @ B), Inverse(B) @ Inverse(A))[:2] == (Supported, Supported)


def test_the_adjoint_rules_are_what_the_judges_find() -> None:
    loss = Trace(Inverse(A) @ B)
    made = contribution(loss, (0, 0, 0), number(1), Setting(NETWORK))
    assert judged(Partial(loss, A), made)[:2] == (Supported, Supported)
    made = contribution(LogDeterminant(A), (0,), number(1), Setting(NETWORK))
    assert judged(Partial(LogDeterminant(A), A), made)[:2] == (Supported, Supported)


def test_numpy_source() -> None:
    a = np.random.default_rng(0).standard_normal((3, 3))
    space = {"np": np, "A": a}
    assert np.allclose(eval(emit(Inverse(A) @ A, Code(NETWORK)), space), np.eye(3))
    assert eval(emit(LogDeterminant(A), Code(NETWORK)), space) == pytest.approx(np.log(abs(np.linalg.det(a))))


def test_sympy_with_symbolic_sizes() -> None:
    size = sympy.Symbol("n", integer=True, positive=True)
    assert symbolic(Inverse(A), NETWORK) == sympy.Inverse(sympy.MatrixSymbol("A", size, size))
