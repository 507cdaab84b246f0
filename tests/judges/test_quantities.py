"""Claims about free matrices: every judge supports true ones and refutes wrong variants, naming the sizes."""

from __future__ import annotations

from fractions import Fraction
from types import ModuleType

import numpy as np
import pytest

from symbackprop.dims import ONE, Bounds, Dim, dim, index
from symbackprop.equations import Equation, Network
from symbackprop.errors import SymbackpropError
from symbackprop.expr import (
    LEAST_NONZERO,
    LOSS,
    SMALLEST,
    Diagonal,
    Elementwise,
    Entry,
    Expr,
    Hadamard,
    Identity,
    IndexedSum,
    Kronecker,
    Named,
    Norm,
    Partial,
    Power,
    PreActivation,
    Quotient,
    Row,
    SingularValue,
    Size,
    SquareRoot,
    Weight,
    number,
)
from symbackprop.judges import entrywise, exact, numeric
from symbackprop.judges.claim import Claim
from symbackprop.judges.field import PRIME, Point, has_root
from symbackprop.judges.forward import value
from symbackprop.judges.outcome import Refuted, Supported, Undecided
from symbackprop.judges.settings import BRIEF, FULL, Choice, effort_of, kind
from symbackprop.library import derive
from symbackprop.network import MLP
from symbackprop.quantities import Quantities
from symbackprop.statements import Chain, equal
from symbackprop.verify import verify

ALL = (exact, entrywise, numeric)
A, B, Q, R, U, V, W, X = map(Named, "ABQRUVWX")
b, c, s, x, y = map(Named, "bcsxy")
m, n, i, j, p, t, T = map(index, ("m", "n", "i", "j", "p", "t", "T"))
HALF, TWO = number(Fraction(1, 2)), Fraction(2)


def square(e: Expr, kind: str = "2") -> Power:
    return Power(Norm(e, kind), TWO)


FREE = Quantities({"A": ("m", "n"), "B": ("n", "p"), "x": ("n",), "y": ("n",), "c": ()})
RIDGE = Quantities(
    {"A": ("m", "n"), "x": ("n",), "b": ("m",), "c": ()},
    [Equation(LOSS, HALF @ square(A @ x - b) + HALF @ c @ square(x))],
)
RESIDUAL = Named("r")
WITH_RESIDUAL = {"A": ("m", "n"), "x": ("n",), "b": ("m",), "r": ("m",)}
LEAST_SQUARES = Quantities(WITH_RESIDUAL, [Equation(RESIDUAL, A @ x - b), Equation(LOSS, HALF @ square(RESIDUAL))])
# without a root, which has no derivative where r = 0
SUMS = Quantities(WITH_RESIDUAL, [Equation(RESIDUAL, A @ x - b), Equation(LOSS, HALF @ RESIDUAL.T @ RESIDUAL)])


def h(at: Dim) -> Named:
    return Named("h", at)


RECURRENT = Quantities(
    {"W": ("n", "n"), "h": ("n",), "u": ("n",)},
    [
        Equation(h(t), Elementwise("g", W @ h(t - 1) + Named("u", t)), "t", dim(1), T),
        Equation(LOSS, HALF @ square(h(T))),
    ],
)
SLOPE = Diagonal(Elementwise("g", W @ h(t - 1) + Named("u", t), 1))
OVER_TIME: Bounds = {"t": (ONE, T)}
ENTRIES = IndexedSum("k", ONE, n, Entry(A, i, index("k")) @ Entry(B, index("k"), j))

# name: left, right, network, bounds, wrong right sides
EQUALITIES: dict[str, tuple[Expr, Expr, Network, Bounds, tuple[Expr, ...]]] = {
    "transpose of a product": ((A @ B).T, B.T @ A.T, FREE, {}, (-(B.T @ A.T), number(2) @ B.T @ A.T)),
    "by entries": (Entry(A @ B, i, j), ENTRIES, FREE, {}, (Entry(A, i, ONE) @ Entry(B, ONE, j),)),
    "Frobenius": (
        square(A, "F"),
        IndexedSum("i", ONE, m, square(Row(A, index("i")).T)),
        FREE,
        {},
        (Norm(A, "F"), IndexedSum("i", ONE, m, Norm(Row(A, index("i")).T)), square(A @ x)),
    ),
    "quotient": (
        Quotient(A @ x, Norm(x)),
        A @ Quotient(x, Norm(x)),
        FREE,
        {},
        (Quotient(A @ x, Norm(y)), Quotient(A @ x, square(x))),
    ),
    "entry of the identity": (Entry(Identity(n), i, j), Kronecker(i, j), FREE, {}, (number(1), number(0))),
    "a root of a size": (SquareRoot(Size(n)) @ SquareRoot(Size(n)), Size(n), FREE, {}, (Size(m),)),
    "least squares by x": (
        Partial(LOSS, x),
        A.T @ (A @ x - b),
        LEAST_SQUARES,
        {},
        (A.T @ (A @ x + b), A.T @ (b - A @ x), number(2) @ A.T @ (A @ x - b)),
    ),
    "least squares by A": (
        Partial(LOSS, A),
        (A @ x - b) @ x.T,
        LEAST_SQUARES,
        {},
        ((b - A @ x) @ x.T, x @ (A @ x - b).T, (A @ x) @ x.T),
    ),
    "Jacobian": (Partial(RESIDUAL, x), A.T, LEAST_SQUARES, {}, (A, -A.T)),
    "ridge": (
        Partial(LOSS, x),
        A.T @ (A @ x - b) + c @ x,
        RIDGE,
        {},
        (A.T @ (A @ x - b), A.T @ (A @ x - b) + number(2) @ c @ x, A.T @ (A @ x - b) - c @ x),
    ),
    "ridge, one entry": (
        Partial(LOSS, Entry(x, i)),
        Entry(A.T @ (A @ x - b) + c @ x, i),
        RIDGE,
        {},
        (Entry(A.T @ (A @ x - b), i), Entry(A.T @ (A @ x - b) + c @ x, ONE)),
    ),
    "back through time": (
        Partial(LOSS, h(t - 1)),
        W.T @ SLOPE @ Partial(LOSS, h(t)),
        RECURRENT,
        OVER_TIME,
        (W @ SLOPE @ Partial(LOSS, h(t)), W.T @ Partial(LOSS, h(t)), SLOPE @ W.T @ Partial(LOSS, h(t))),
    ),
}


@pytest.mark.parametrize("name", EQUALITIES)
@pytest.mark.parametrize("judge", ALL, ids=lambda judge: judge.__name__.rpartition(".")[2])
def test_what_is_true_is_supported_and_what_is_not_refuted(judge: ModuleType, name: str) -> None:
    left, right, network, known, wrong = EQUALITIES[name]
    found = judge.judge(Claim(left, "=", right, network, known))
    assert isinstance(found, Supported), found
    assert "n = " in found.detail
    for variant in wrong:
        refuted = judge.judge(Claim(left, "=", variant, network, known))
        assert isinstance(refuted, Refuted), (variant, refuted)
        assert "n = " in refuted.detail


def test_a_gradient_by_hand() -> None:
    """∂/∂x ½‖Ax - b‖² = Aᵀ(Ax - b), computed with Python's integers from the values at a point."""
    network = LEAST_SQUARES.given({"m": 2, "n": 2})
    point = Point(network, 5)

    def rows(e: Expr) -> list[list[int]]:
        return [[int(entry) for entry in row] for row in value(e, point, {}).table()]

    matrix, column, target = rows(A), rows(x), rows(b)
    residual = [sum(matrix[k][q] * column[q][0] for q in range(2)) - target[k][0] for k in range(2)]
    expected = [[sum(matrix[k][q] * residual[k] for k in range(2)) % PRIME] for q in range(2)]
    assert rows(Partial(LOSS, x)) == expected


BOUNDS: dict[str, tuple[Expr, str, Expr, bool]] = {
    "largest": (Norm(A @ y), "≤", SingularValue(A) @ Norm(y), True),
    "largest, the other way": (Norm(A @ y), "≥", SingularValue(A) @ Norm(y), False),
    "smallest": (Norm(A @ y), "≥", SingularValue(A, SMALLEST) @ Norm(y), True),
    "least nonzero": (Norm(A @ y), "≥", SingularValue(A, LEAST_NONZERO) @ Norm(y), False),
    "Frobenius": (Norm(A), "≤", Norm(A, "F"), True),
    "Frobenius, the other way": (Norm(A), "≥", Norm(A, "F"), False),
    "triangle": (Norm(x + y), "≤", Norm(x) + Norm(y), True),
    "triangle, the other way": (Norm(x + y), "≥", Norm(x) + Norm(y), False),
    "positive c only": (c @ Norm(x), "≥", Norm(c @ x), False),
}


@pytest.mark.parametrize(("left", "relation", "right", "holds"), BOUNDS.values(), ids=BOUNDS)
def test_inequalities(left: Expr, relation: str, right: Expr, holds: bool) -> None:
    found = numeric.judge(Claim(left, relation, right, FREE))
    assert isinstance(found, Supported if holds else Refuted), found
    assert "n = " in found.detail
    if holds:
        assert "no counterexample at points drawn as Gaussian, some entries 0, repeated columns, rank 1" in found.detail
    for judge in (exact, entrywise):
        assert isinstance(judge.judge(Claim(left, relation, right, FREE)), Undecided)


def test_an_inequality_that_fails_only_where_the_rank_is_not_full() -> None:
    """σ_{n,n}(A) > 0 almost everywhere for tall A, so Gaussian matrices show nothing."""
    claim = Claim(SingularValue(A, SMALLEST), "≥", number(Fraction(1, 10**6)), FREE, {"m": (n + 1, None)})
    found = numeric.judge(claim)
    assert isinstance(found, Refuted)
    assert "repeated columns" in found.detail or "rank 1" in found.detail or "some entries 0" in found.detail


# --- what is assumed -------------------------------------------------------------------------------------------------

TALL: Bounds = {"m": (n, None)}
ORTHONORMAL = Quantities({"Q": ("m", "n"), "y": ("n",)})
LENGTH = Claim(Norm(Q @ y), "=", Norm(y), ORTHONORMAL, TALL)
COLUMNS, IN_ROWS = equal(Q.T @ Q, Identity(n)), equal(Q @ Q.T, Identity(m))
SQUARES = Quantities({"A": ("n", "n"), "Q": ("n", "n"), "R": ("n", "n")})
FACTORED = (equal(Q.T @ Q, Identity(n)), equal(A @ Q, Q @ R))
DECOMPOSED = Quantities({"A": ("m", "n"), "U": ("m", "n"), "V": ("n", "n"), "s": ("n",), "y": ("n",)})
OF_A = (equal(U.T @ U, Identity(n)), equal(V.T @ V, Identity(n)), equal(A, U @ Diagonal(s) @ V.T))
BY_VALUES = square(Hadamard((s, V.T @ y)))

# name: claim with what it needs, and a wrong right side
GIVEN: dict[str, tuple[Claim, Expr]] = {
    "orthonormal columns": (Claim(Norm(Q @ y), "=", Norm(y), ORTHONORMAL, TALL, (COLUMNS,)), number(2) @ Norm(y)),
    "orthonormal rows": (
        Claim(Norm(Q.T @ b), "=", Norm(b), Quantities({"Q": ("m", "n"), "b": ("m",)}), {"n": (m, None)}, (IN_ROWS,)),
        square(b),
    ),
    "a definition": (
        Claim(square(b), "=", x.T @ A.T @ A @ x, SUMS, {}, (equal(b, A @ x),)),
        number(2) @ x.T @ A.T @ A @ x,
    ),
    "a definition from the right": (Claim(b, "=", A @ x, SUMS, {}, (equal(A @ x, b),)), number(2) @ A @ x),
    "a factorisation": (Claim(A, "=", Q @ R @ Q.T, SQUARES, {}, FACTORED), Q.T @ R @ Q),
    "singular values": (
        Claim(square(A @ y), "=", BY_VALUES, DECOMPOSED, TALL, OF_A),
        square(Hadamard((s, V @ y))),
    ),
    "a unit vector": (
        Claim(Norm(c @ y), "=", SquareRoot(Power(c, TWO)), FREE, {}, (equal(Norm(y), number(1)),)),
        c @ c,
    ),
}


@pytest.mark.parametrize("name", GIVEN)
@pytest.mark.parametrize("judge", [exact, numeric], ids=["exact", "numeric"])
def test_what_is_assumed_holds_at_every_point(judge: ModuleType, name: str) -> None:
    claim, wrong = GIVEN[name]
    found = judge.judge(claim)
    assert isinstance(found, Supported), found
    assert "given" in found.detail
    refuted = judge.judge(Claim(claim.left, "=", wrong, claim.network, claim.known, claim.given))
    assert isinstance(refuted, Refuted), refuted
    # without what is assumed it is false
    assert isinstance(judge.judge(Claim(claim.left, "=", claim.right, claim.network, claim.known)), Refuted)


@pytest.mark.parametrize("judge", ALL, ids=["exact", "entrywise", "numeric"])
@pytest.mark.parametrize(
    "given",
    [
        equal(A @ A, A),
        equal(A @ R, R @ A),
        Chain((Norm(A), number(1)), ("≤",)),
        equal(A, Q, R, Identity(n) + A),
    ],
    ids=["idempotent", "commuting", "bounded", "contradiction"],
)
def test_what_cannot_be_made_to_hold_is_undecided(judge: ModuleType, given: Chain) -> None:
    """Even for a claim that is true, or false, everywhere."""
    for right in (A, number(2) @ A):
        found = judge.judge(Claim(A, "=", right, SQUARES, {}, (given,)))
        assert isinstance(found, Undecided), found
        assert "make" in found.reason or "point" in found.reason


def test_too_many_orthonormal_columns() -> None:
    wide = Claim(Norm(Q @ y), "=", Norm(y), ORTHONORMAL, {"n": (m + 1, None)}, (COLUMNS,))
    for judge in (exact, numeric):
        found = judge.judge(wide)
        assert isinstance(found, Undecided)
        assert "orthonormal columns of" in found.reason


def test_a_sign_is_assumed_where_there_is_an_order() -> None:
    positive = Claim(Norm(c @ x), "=", c @ Norm(x), FREE, {}, (Chain((c, number(0)), ("≥",)),))
    assert isinstance(numeric.judge(positive), Supported)
    assert isinstance(numeric.judge(Claim(positive.left, "=", positive.right, FREE)), Refuted)
    assert isinstance(exact.judge(positive), Undecided)


def test_a_factor_of_a_tall_matrix_is_made_in_numbers_only() -> None:
    network = Quantities({"X": ("m", "n"), "Q": ("m", "n"), "R": ("n", "n")})
    given = (COLUMNS, equal(X, Q @ R))
    claim = Claim(Norm(X, "F"), "=", Norm(R, "F"), network, TALL, given)
    assert isinstance(numeric.judge(claim), Supported)
    assert isinstance(exact.judge(claim), Undecided)
    assert isinstance(numeric.judge(Claim(Norm(X, "F"), "=", Norm(Q, "F"), network, TALL, given)), Refuted)


def test_what_is_assumed_is_held_fixed_in_a_derivative() -> None:
    """b = A x says where the point is, not what b is computed from: there the gradient is 0, and its slope is not."""
    at_rest = (equal(b, A @ x),)
    for judge in (exact, numeric):
        zero = number(0) @ x
        assert isinstance(judge.judge(Claim(Partial(LOSS, x), "=", zero, SUMS, {}, at_rest)), Supported)
        assert isinstance(judge.judge(Claim(Partial(RESIDUAL, x), "=", A.T, SUMS, {}, at_rest)), Supported)


def test_an_assumption_about_an_mlp() -> None:
    """∂L/∂W_0 = 0 cannot be had by choosing values."""
    network = MLP(widths=[3, 4, 2], activation="tanh", loss="squared_error")
    given = (equal(Partial(LOSS, Weight(0)), number(0) @ Weight(0)),)
    claim = Claim(Partial(LOSS, PreActivation(1)), "=", number(0) @ PreActivation(1), network, {}, given)
    for judge in ALL:
        assert isinstance(judge.judge(claim), Undecided)


# --- sizes -----------------------------------------------------------------------------------------------------------


def sizes(network: Quantities, known: Bounds, choice: Choice | None = None) -> list[dict[str, int]]:
    found = kind(network)
    assert found is not None
    choice = choice or Choice(lambda depth, bias, least: ())
    return [dict(setting.symbols) for setting in found.settings(1, known, choice)]


def test_sizes_are_distinct_rising_and_falling() -> None:
    lists = sizes(FREE, {})
    assert len(lists) == 3
    assert all(len(set(each.values())) == 3 and min(each.values()) >= 2 for each in lists)
    ordered = [sorted(each, key=lambda name: each[name]) for each in lists]
    assert ordered[0] == ["m", "n", "p"]
    assert ordered[1] == ["p", "n", "m"]


def test_sizes_are_within_what_is_known() -> None:
    assert all(each["m"] >= each["n"] + 1 for each in sizes(FREE, {"m": (n + 1, None)}))
    assert all(each["m"] == 2 * each["n"] for each in sizes(FREE, {"m": (2 * n, 2 * n)}))
    assert all(each["m"] == each["n"] for each in sizes(FREE, {"m": (n, n)}))
    assert sizes(FREE, {"m": (n, n)})
    assert sizes(FREE, {"m": (n, n - 1)}) == []
    assert isinstance(exact.judge(Claim(A, "=", A, FREE, {"m": (n, n - 1)})), Undecided)


def test_a_size_that_is_another_size_by_accident_is_not_taken() -> None:
    """With m = 3 the columns of A and the rows of B would conform."""
    network = Quantities({"A": ("n", "m"), "B": (3, n + 1)})
    for each in sizes(network, {}):
        assert len({each["m"], each["n"], each["n"] + 1, 3}) == 4


def test_sizes_with_roots() -> None:
    for each in sizes(FREE, {}, Choice(lambda depth, bias, least: (), has_root)):
        assert all(has_root(size) for size in each.values())


def test_square_matrices_where_sizes_are_equal() -> None:
    claim = Claim(A @ B, "=", B @ A, Quantities({"A": ("m", "n"), "B": ("n", "m")}), {"m": (n, n)})
    for judge in ALL:
        found = judge.judge(claim)
        assert isinstance(found, Refuted)
        assert "m = " in found.detail


def test_sizes_that_are_numbers() -> None:
    network = Quantities({"A": (2, 3), "x": (3,)})
    assert isinstance(exact.judge(Claim((A @ x).T, "=", x.T @ A.T, network)), Supported)
    found = numeric.judge(Claim(A @ x, "=", number(2) @ A @ x, network))
    assert isinstance(found, Refuted)
    assert "the sizes given" in found.detail


def test_a_network_that_nobody_can_give_sizes() -> None:
    for judge in ALL:
        assert isinstance(judge.judge(Claim(LOSS, "=", LOSS, Network())), Undecided)


def test_a_loss_without_an_equation_is_free() -> None:
    assert isinstance(entrywise.judge(Claim(LOSS, "=", LOSS, FREE)), Undecided)
    assert isinstance(exact.judge(Claim(LOSS, "=", number(2) @ LOSS, FREE)), Refuted)


def test_two_by_two_orthogonal_matrices_are_not_all_reflections() -> None:
    """A 2 × 2 reflection is its own transpose: if all were, Q = Qᵀ would pass at n = 2."""
    network = Quantities({"Q": (2, 2)})
    given = (equal(Q.T @ Q, Identity(dim(2))),)
    from symbackprop.judges.floats import Point as Numbers
    from symbackprop.judges.hypotheses import plan

    planned = plan(Claim(Q, "=", Q.T, network, {}, given))
    made = [Numbers(network, seed, plan=planned).value(Q) for seed in range(20)]
    assert all(np.allclose(q.T @ q, np.eye(2)) for q in made)
    assert {round(float(np.linalg.det(q))) for q in made} == {-1, 1}


# --- effort ----------------------------------------------------------------------------------------------------------


def test_a_brief_look_says_so_and_finds_what_is_wrong() -> None:
    left, right, network, _, wrong = EQUALITIES["ridge"]
    for judge in (exact, numeric):
        found = judge.judge(Claim(left, "=", right, network), BRIEF)
        assert isinstance(found, Supported)
        assert found.detail.split(", ", 1)[1].startswith("a brief look: ")
        assert found.samples < judge.judge(Claim(left, "=", right, network)).samples
        assert isinstance(judge.judge(Claim(left, "=", wrong[0], network), BRIEF), Refuted)


def test_a_brief_look_goes_as_deep_as_the_claim_needs() -> None:
    deep = Claim(Partial(LOSS, PreActivation(6)), "=", Partial(LOSS, PreActivation(6)), MLP())
    for judge in (exact, numeric):
        assert isinstance(judge.judge(deep, BRIEF), Supported)


def test_verify_takes_an_effort() -> None:
    derivation = derive("hidden")
    report = verify(derivation, effort="brief")
    assert report.as_expected
    for judged in report.steps:
        assert "a brief look" in judged.outcomes["exact"].detail
        assert "a brief look" in judged.outcomes["numeric"].detail
        assert "SymPy" not in judged.outcomes["exact"].detail
    assert "SymPy" in verify(derivation).steps[0].outcomes["exact"].detail
    assert effort_of("full") is FULL
    with pytest.raises(SymbackpropError, match="no effort 'quick': write one of full, brief"):
        verify(derivation, effort="quick")


def test_a_sign_that_matters_is_found() -> None:
    """‖s v‖ = s ‖v‖ holds for s ≥ 0 only."""
    s, v = Named("s"), Named("v")
    space = Quantities({"s": (), "v": ("n",)})
    assert isinstance(numeric.judge(Claim(Norm(s @ v), "=", s @ Norm(v), space, space.bounds)), Refuted)
