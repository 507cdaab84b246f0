"""Primitives of networks in general, before every reader: true claims are proved and supported, wrong ones refuted.

Expected values come from NumPy, from paper, and from the definitions: a trace is a sum over a diagonal.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
import sympy

from symbackprop.activations import function
from symbackprop.dims import ONE, dim, index, units, width
from symbackprop.errors import ShapeError
from symbackprop.expr import (
    Columns,
    Diagonal,
    Elementwise,
    Entry,
    Expr,
    Hadamard,
    Hidden,
    Identity,
    LogSumExp,
    Named,
    Norm,
    Ones,
    Partial,
    Power,
    PreActivation,
    Row,
    Softmax,
    Weight,
    Zeros,
    number,
)
from symbackprop.indices import Calculus, Delta, Entries, Item, entries
from symbackprop.judges import entrywise, exact, kernel, numeric
from symbackprop.judges.claim import Claim
from symbackprop.judges.floats import Point
from symbackprop.judges.outcome import Proved, Refuted, Supported, Undecided
from symbackprop.judges.steps import evaluate
from symbackprop.network import MLP
from symbackprop.normalform import normal
from symbackprop.numeric.action import emit
from symbackprop.numeric.code import Code
from symbackprop.numeric.forms import Form, form
from symbackprop.numeric.module import module
from symbackprop.orientation import oriented
from symbackprop.primitives import (
    COLUMNS,
    MAX,
    MIN,
    DiagonalPart,
    EntrywiseQuotient,
    Pairwise,
    Rows,
    Stacked,
    Trace,
)
from symbackprop.quantities import Quantities
from symbackprop.render.latex import latex
from symbackprop.render.layout import Look, layout
from symbackprop.render.speech import speak
from symbackprop.render.text import write as text
from symbackprop.render.typst import write as typst
from symbackprop.shapes import shape, written
from symbackprop.symbolic import symbolic, to_sympy

A, B, C, D, S, T = map(Named, "ABCDST")
a, b, u, v, x = map(Named, "abuvx")
m, n, p, q, j = map(index, ("m", "n", "p", "q", "j"))
SHAPES = {
    "A": ("m", "n"),
    "D": ("m", "n"),
    "B": ("p", "n"),
    "C": ("m", "q"),
    "S": ("n", "n"),
    "T": ("n", "m"),
    "a": ("n",),
    "b": ("n",),
    "x": ("n",),
    "u": ("m",),
    "v": ("p",),
}
NETWORK = Quantities(SHAPES)
SIZES = {"m": 3, "n": 4, "p": 2, "q": 5}
CUBIC = function("cubic", lambda sp, z: z**3 + z)


def E(name: str, e: Expr, order: int = 0) -> Elementwise:
    return Elementwise(name, e, order)


def total(e: Expr, size: object = n) -> Expr:
    return Ones(size).T @ e


def by(e: Expr, wrt: Expr) -> Partial:
    return Partial(total(e), wrt)


# --- shapes ----------------------------------------------------------------------------------------------------------

l = index("l")
SHAPED = {
    "trace": (Trace(S @ S), NETWORK, "1 × 1"),
    "diagonal part": (DiagonalPart(A @ T), NETWORK, "m × 1"),
    "quotient": (EntrywiseQuotient(A, D), NETWORK, "m × n"),
    "maximum": (Pairwise(MAX, a, b), NETWORK, "n × 1"),
    "maximum with a number": (Pairwise(MAX, number(0), A), NETWORK, "m × n"),
    "minimum with a number": (Pairwise(MIN, A, -number(1)), NETWORK, "m × n"),
    "blocks of rows": (Stacked((A, B)), NETWORK, "m+p × n"),
    "blocks of columns": (Stacked((A, C), COLUMNS), NETWORK, "m × n+q"),
    "rows": (Rows(A, dim(2), m), NETWORK, "m-1 × n"),
    "units and a bias unit": (Stacked((E("g", PreActivation(l)), Ones(ONE))), MLP(), "n_l × 1"),
    "rows of all units": (Rows(Hidden(l), ONE, width(l) - 1), MLP(), "n_l-1 × 1"),
}


@pytest.mark.parametrize("name", SHAPED)
def test_shape(name: str) -> None:
    e, network, expected = SHAPED[name]
    assert written(shape(e, network), network) == expected


def test_rows_of_a_layer_have_the_size_that_others_of_it_have() -> None:
    assert shape(Rows(Hidden(l), ONE, width(l) - 1), MLP()) == (units(l), ONE)
    assert shape(Stacked((PreActivation(l), Ones(ONE))), MLP()) == (width(l), ONE)


UNFIT = {
    "trace": (Trace(A), "a trace needs a square matrix, but A is m × n"),
    "diagonal part": (DiagonalPart(A), "the column of diagonal entries needs a square matrix, but A is m × n"),
    "quotient": (EntrywiseQuotient(a, u), "cannot divide entry by entry a (n × 1) and u (m × 1): both must have"),
    "maximum": (Pairwise(MAX, a, u), "cannot take the max of a (n × 1) and u (m × 1): both must have the same shape"),
    "no maximum": (Pairwise("sup", a, b), "there is no extreme 'sup' of two: write 'max' or 'min'"),
    "a scalar that is no number": (Pairwise(MAX, Norm(a), b), "cannot take the max of ‖a‖_2 (1 × 1) and b (n × 1)"),
    "rows": (Stacked((A, C)), "cannot put A (m × n) and C (m × q) one below the other: both must have as many columns"),
    "columns": (Stacked((A, B), COLUMNS), "cannot put A (m × n) and B (p × n) side by side: both must have as many"),
    "no axis": (Stacked((A, B), "depth"), "blocks are one or more matrices stacked by 'rows' or 'columns': 'depth'"),
    "row 0": (Rows(A, dim(0), m), "A[0…m,:] reaches beyond A (m × n): write rows from 1 to m"),
    "a row too many": (Rows(A, ONE, m + 1), "A[1…m+1,:] reaches beyond A (m × n): write rows from 1 to m"),
    "1-norm": (Norm(A, "1"), "the 1-norm is of a column or a row, but A is m × n"),
}


@pytest.mark.parametrize("name", UNFIT)
def test_what_does_not_conform_is_said(name: str) -> None:
    e, message = UNFIT[name]
    with pytest.raises(ShapeError) as wrong:
        shape(e, NETWORK)
    assert str(wrong.value).startswith(message)


# --- what is printed and said ----------------------------------------------------------------------------------------

PRINTED = {
    "trace": (Trace(S) @ x, r"\operatorname{tr}(S) \vec{x}", "tr(S) x", "the trace of S, times x"),
    "diagonal part": (DiagonalPart(S), r"\text{diag}(S)", "diag(S)", "the diagonal entries of S"),
    "quotient": (
        EntrywiseQuotient(a + b, EntrywiseQuotient(a, b)),
        r"(\vec{a} + b) \oslash (\vec{a} \oslash b)",
        "(a + b) ⊘ (a ⊘ b)",
        "the quantity a plus b, end quantity, entrywise over the quantity a entrywise over b, end quantity",
    ),
    "factor of a Hadamard product": (
        Hadamard((a, EntrywiseQuotient(a, b))),
        r"\vec{a} \odot (\vec{a} \oslash b)",
        "a ⊙ (a ⊘ b)",
        "a entrywise times the quantity a entrywise over b, end quantity",
    ),
    "maximum": (
        Pairwise(MAX, number(0), S @ x),
        r"\max(0, S \vec{x})",
        "max(0, S x)",
        "the maximum entry by entry of 0, and the quantity S times x, end quantity, end maximum",
    ),
    "rows": (Rows(A, dim(2), m), r"A_{2\dots m,\cdot}", None, "rows 2 to m of A"),
    "1-norm": (Norm(S @ x, "1"), r"\|S \vec{x}\|_1", "‖S x‖₁", "the 1-norm of the quantity S times x, end quantity"),
    "softmax of columns": (Softmax(A), r"\operatorname{softmax}(A)", "softmax(A)", "softmax of A"),
    "softmax of rows": (
        Softmax(A, "row"),
        r"\operatorname{softmax}_{\text{row}}(A)",
        None,
        "softmax, row by row, of A",
    ),
    "softmax of one row": (Softmax(x.T, "row"), r"\operatorname{softmax}(\vec{x}^\top)", None, None),
    "blocks": (
        Stacked((A, B)),
        r"\begin{pmatrix} A \\ B \end{pmatrix}",
        None,
        "the matrix of blocks A, above B, end matrix",
    ),
    "blocks side by side": (
        Stacked((A, C), COLUMNS).T,
        r"\begin{pmatrix} A & C \end{pmatrix}^\top",
        None,
        "the transpose of the matrix of blocks A, beside C, end matrix",
    ),
    "parameter": (E("prelu(1/4)", x, 1), r"\operatorname{PReLU}'_{1/4}(\vec{x})", None, None),
}


@pytest.mark.parametrize("name", PRINTED)
def test_how_it_is_written_and_said(name: str) -> None:
    e, tex, plain, spoken = PRINTED[name]
    assert latex(e, network=NETWORK) == tex
    if plain is not None:
        assert text(layout(e, Look(NETWORK))) == [plain]
    if spoken is not None:
        assert speak(e, NETWORK) == spoken


def test_typst() -> None:
    assert typst(layout(Pairwise(MIN, a, b), Look(NETWORK))) == r'op("min") \( arrow(a)\,b \)'
    assert typst(layout(EntrywiseQuotient(b, a), Look(NETWORK))) == "b ⊘ arrow(a)"
    assert "A; B" in typst(layout(Stacked((A, B)), Look(NETWORK)))


# --- claims ----------------------------------------------------------------------------------------------------------

EXACT = (Proved, Supported, Supported)
# true, but not told by index calculus
NUMBERS = (Undecided, Supported, Supported)
ZERO_TO_ONE = Pairwise(MAX, number(0), Pairwise(MIN, number(1), a))

CLAIMS: dict[str, tuple[Expr, Expr, tuple[type, type, type]]] = {
    "a trace is cyclic": (Trace(A @ T), Trace(T @ A), EXACT),
    "trace of a sum": (Trace(S + S.T), number(2) @ Trace(S), EXACT),
    "trace of a scalar": (Trace(a.T @ b), b.T @ a, EXACT),
    "a trace by its matrix": (Partial(Trace(A @ T), A), T.T, EXACT),
    "diagonal of a product": (DiagonalPart(A @ D.T), Hadamard((A, D)) @ Ones(n), EXACT),
    "diagonal and matrix": (Diagonal(DiagonalPart(S)), Hadamard((S, Identity(n))), EXACT),
    "matrix and diagonal": (DiagonalPart(Diagonal(a)), a, EXACT),
    "a quotient and back": (Hadamard((EntrywiseQuotient(a, b), b)), a, EXACT),
    "quotient by the denominator": (
        by(EntrywiseQuotient(a, b), b),
        -EntrywiseQuotient(a, Hadamard((b, b))),
        EXACT,
    ),
    "softmax of columns": (Ones(m).T @ Softmax(A), Ones(n).T, EXACT),
    "softmax of rows": (Softmax(A, "row") @ Ones(n), Ones(m), EXACT),
    "softmax of rows by columns": (Softmax(A, "row"), Softmax(A.T).T, EXACT),
    "logsumexp of rows": (LogSumExp(A, "row"), LogSumExp(A.T).T, EXACT),
    "logsumexp by its column": (Partial(LogSumExp(a), a), Softmax(a), EXACT),
    "log of a softmax": (E("log", Softmax(a)), a - LogSumExp(a) @ Ones(n), NUMBERS),
    "the first block": (Rows(Stacked((A, B)), ONE, m), A, EXACT),
    "the second block": (Rows(Stacked((A, B)), m + 1, m + p), B, EXACT),
    "columns of blocks": (Columns(Stacked((A, C), COLUMNS), n + 1, n + q), C, EXACT),
    "blocks times a column": (Stacked((A, B)) @ x, Stacked((A @ x, B @ x)), EXACT),
    "blocks meet blocks": (Stacked((A, B)).T @ Stacked((A, B)), A.T @ A + B.T @ B, EXACT),
    "blocks side by side": (Stacked((A, C), COLUMNS) @ Stacked((a, Named("w"))), A @ a + C @ Named("w"), EXACT),
    "two parts of blocks": (
        Rows(Stacked((u, a)), dim(2), m + 1),
        Stacked((Rows(u, dim(2), m), Rows(a, ONE, ONE))),
        EXACT,
    ),
    "a function of blocks": (E("g", Stacked((u, v))), Stacked((E("g", u), E("g", v))), EXACT),
    "length of blocks": (
        Power(Norm(Stacked((u, v))), Fraction(2)),
        Power(Norm(u), Fraction(2)) + Power(Norm(v), Fraction(2)),
        EXACT,
    ),
    "by a block": (Partial(Norm(Stacked((u, v))), u), Partial(Norm(Stacked((v, u))), u), EXACT),
    "by rows": (Partial(Ones(m).T @ A @ x, Rows(A, dim(2), m)), Ones(m - 1) @ x.T, EXACT),
    "maximum and minimum": (Pairwise(MAX, a, b) + Pairwise(MIN, a, b), a + b, EXACT),
    "maximum the other way": (Pairwise(MAX, a, b), Pairwise(MAX, b, a), EXACT),
    "minimum by a maximum": (Pairwise(MIN, a, b), -Pairwise(MAX, -a, -b), EXACT),
    "maximum with 0": (Pairwise(MAX, number(0), a), E("relu", a), EXACT),
    "0 second": (Pairwise(MAX, a, number(0)), E("relu", a), EXACT),
    "modulus": (Pairwise(MAX, a, -a), E("abs", a), EXACT),
    "modulus by relu": (E("abs", a), E("relu", a) + E("relu", -a), EXACT),
    "relu of twice": (E("relu", number(2) @ a), number(2) @ E("relu", a), EXACT),
    "relu by a step": (E("relu", a), Hadamard((a, E("step", a))), NUMBERS),
    "maximum by the first": (by(Pairwise(MAX, a, b), a), E("step", a - b), EXACT),
    "maximum by the second": (by(Pairwise(MAX, a, b), b), Ones(n) - E("step", a - b), EXACT),
    "minimum by the first": (by(Pairwise(MIN, a, b), a), E("step", b - a), EXACT),
    "maximum with 0 by its column": (by(Pairwise(MAX, number(0), a), a), E("relu", a, 1), EXACT),
    "1-norm": (Norm(u, "1"), Ones(m).T @ E("abs", u), EXACT),
    "1-norm by its column": (Partial(Norm(u, "1"), u), E("sign", u), EXACT),
    "1-norm of blocks": (Norm(Stacked((u, v)), "1"), Norm(u, "1") + Norm(v, "1"), NUMBERS),
    "sigmoid": (E("sigmoid", a), EntrywiseQuotient(Ones(n), Ones(n) + E("exp", -a)), NUMBERS),
    "tanh by a sigmoid": (E("tanh", a), number(2) @ E("sigmoid", number(2) @ a) - Ones(n), NUMBERS),
    "log of a sigmoid": (E("log", Ones(n) - E("sigmoid", a)), -E("softplus", a), NUMBERS),
    "a function registered": (CUBIC(a), Hadamard((a, a, a)) + a, NUMBERS),
    "its slope": (by(CUBIC(a), a), number(3) @ Hadamard((a, a)) + Ones(n), NUMBERS),
    "its slope by name": (by(CUBIC(a), a), CUBIC(a, 1), EXACT),
    "sine": (by(E("sin", a), a), E("cos", a), EXACT),
    "square": (E("square", a), Hadamard((a, a)), EXACT),
    "reciprocal": (by(E("reciprocal", a), a), -EntrywiseQuotient(Ones(n), E("square", a)), EXACT),
}
NETWORK_OF_CLAIMS = Quantities({**SHAPES, "w": ("q",)})


def outcomes(left: Expr, right: Expr) -> tuple[type, type, type]:
    assert shape(left, NETWORK_OF_CLAIMS) == shape(right, NETWORK_OF_CLAIMS)
    claim = Claim(left, "=", right, NETWORK_OF_CLAIMS, NETWORK_OF_CLAIMS.bounds)
    proof = kernel.equal(left, right, NETWORK_OF_CLAIMS, NETWORK_OF_CLAIMS.bounds)
    return type(proof), type(exact.judge(claim)), type(numeric.judge(claim))


@pytest.mark.parametrize("name", CLAIMS)
def test_true_claims(name: str) -> None:
    left, right, expected = CLAIMS[name]
    assert outcomes(left, right) == expected


WRONG: dict[str, tuple[Expr, Expr]] = {
    "a trace of other factors": (Trace(A @ T), Trace(A @ D.T)),
    "a trace by its matrix, not transposed": (Partial(Trace(S @ S.T), S), S),
    "a sum for a trace": (Trace(S), Ones(n).T @ S @ Ones(n)),
    "diagonal of another product": (DiagonalPart(A @ T), Hadamard((A, D)) @ Ones(n)),
    "all of a matrix for its diagonal": (Diagonal(DiagonalPart(S)), S),
    "product for quotient": (EntrywiseQuotient(a, b), Hadamard((a, b))),
    "turned quotient": (EntrywiseQuotient(a, b), EntrywiseQuotient(b, a)),
    "quotient by the denominator without sign": (by(EntrywiseQuotient(a, b), b), EntrywiseQuotient(a, E("square", b))),
    "quotient by the denominator, not squared": (by(EntrywiseQuotient(a, b), b), -EntrywiseQuotient(a, b)),
    "softmax of the others": (Softmax(A), Softmax(A, "row")),
    "sum of the others": (Ones(m).T @ Softmax(A, "row"), Ones(n).T),
    "softmax of all": (Softmax(S), Softmax(S.T)),
    "the first block for the second": (Rows(Stacked((A, D)), m + 1, m + m), A),
    "blocks turned": (Stacked((A, D)) @ x, Stacked((D @ x, A @ x))),
    "one block more": (Stacked((A, B)).T @ Stacked((A, B)), A.T @ A),
    "a row too far": (Rows(Stacked((u, v)), dim(2), m), Rows(u, ONE, m - 1)),
    "by another row": (Partial(Ones(m).T @ A @ x, Rows(A, dim(2), m)), Ones(m - 1) @ a.T),
    "minimum for maximum": (Pairwise(MAX, a, b), Pairwise(MIN, a, b)),
    "the first for the maximum": (Pairwise(MAX, a, b), a),
    "maximum by the first, turned": (by(Pairwise(MAX, a, b), a), E("step", b - a)),
    "minimum by the first, turned": (by(Pairwise(MIN, a, b), a), E("step", a - b)),
    "relu for minimum": (Pairwise(MIN, a, number(0)), E("relu", a)),
    "difference for modulus": (E("abs", a), E("relu", a) - E("relu", -a)),
    "no modulus": (Norm(u, "1"), Ones(m).T @ u),
    "length for 1-norm": (Norm(u, "1"), Norm(u)),
    "1-norm by its column": (Partial(Norm(u, "1"), u), E("step", u)),
    "cosine": (by(E("cos", a), a), E("sin", a)),
    "slope of a cubic": (by(CUBIC(a), a), number(2) @ Hadamard((a, a)) + Ones(n)),
    "log of a softmax": (E("log", Softmax(a)), a + LogSumExp(a) @ Ones(n)),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_claims(name: str) -> None:
    proof, *judges = outcomes(*WRONG[name])
    assert proof is Undecided
    assert judges == [Refuted, Refuted]


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (E("exp", a + b), Hadamard((E("exp", a), E("exp", b)))),
        (by(ZERO_TO_ONE, a), Hadamard((E("step", a), E("step", Ones(n) - a)))),
        (Hadamard((E("sin", a), E("sin", a))) + Hadamard((E("cos", a), E("cos", a))), Ones(n)),
    ],
)
def test_an_identity_that_the_field_does_not_have_is_not_refuted(left: Expr, right: Expr) -> None:
    assert outcomes(left, right) == (Undecided, Undecided, Supported)


def test_what_is_proved_by_moduli_is_not_refuted_for_want_of_an_order() -> None:
    assert outcomes(E("relu", number(3) @ a), number(3) @ E("relu", a)) == (Proved, Undecided, Supported)
    proof, *judges = outcomes(E("relu", -number(3) @ a), -(number(3) @ E("relu", a)))
    assert (proof, *judges) == (Undecided, Refuted, Refuted)


def test_a_proof_says_what_may_not_be_0() -> None:
    left = Hadamard((EntrywiseQuotient(a, b), b))
    assert kernel.equal(left, a, NETWORK, NETWORK.bounds) == Proved("by entries, where no entry of b is 0")
    assert kernel.equal(Trace(A @ T), Trace(T @ A), NETWORK, NETWORK.bounds) == Proved("by entries")


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (Trace(A @ T), Trace(T @ A)),
        (Pairwise(MAX, a, b), Pairwise(MAX, b, a)),
        (Stacked((A, B)) @ x, Stacked((A @ x, B @ x))),
        (DiagonalPart(A @ D.T), Hadamard((A, D)) @ Ones(n)),
        (EntrywiseQuotient(a, b), Hadamard((a, E("reciprocal", b)))),
        (by(E("softsign", a), a), E("reciprocal", E("square", Ones(n) + E("abs", a)))),
        (by(Pairwise(MAX, number(0), a), a), E("relu", a, 1)),
    ],
)
def test_sympy_agrees(left: Expr, right: Expr) -> None:
    claim = Claim(left, "=", right, NETWORK, NETWORK.bounds)
    assert isinstance(entrywise.judge(claim), Supported)
    wrong = Claim(left, "=", number(2) @ right, NETWORK, NETWORK.bounds)
    assert isinstance(entrywise.judge(wrong), Refuted)


def test_at_a_tie_one_of_the_two_has_the_slope() -> None:
    """At `a = b` the derivative by the second is 1 and that by the first 0; of a number there is none."""
    same = Quantities({"a": ("n",)})
    for kind in (MAX, MIN):
        e = Partial(Ones(n).T @ Pairwise(kind, a, a), a)
        assert isinstance(kernel.equal(e, Ones(n), same, same.bounds), Proved)
        assert isinstance(exact.judge(Claim(e, "=", Ones(n), same, same.bounds)), Supported)
    for e in (Pairwise(MAX, number(0), PreActivation(1)), Pairwise(MAX, PreActivation(1), number(0))):
        # a layer of one unit
        found = to_sympy(e, widths=[2, 2, 1], expand=False)
        (z,) = found.free_symbols
        assert (found.subs(z, -1), found.subs(z, 2)) == (0, 2)
        assert (found.diff(z).subs(z, 0), found.diff(z).subs(z, 1)) == (0, 1)


# --- index calculus of blocks ----------------------------------------------------------------------------------------


def entry_of(e: Expr, row: object, work: Calculus) -> Entries:
    return normal(entries(e, row, ONE, work), work)


def test_a_row_of_which_the_block_is_not_known_stays_a_sum_over_both() -> None:
    work = Calculus(NETWORK, NETWORK.bounds)
    i = work.index(m + p)
    found = entry_of(Stacked((u, v)), i, work)
    assert len(found.terms) == 2
    assert all(any(isinstance(factor, Delta) for factor in term.factors) for term in found.terms)


def test_a_row_in_a_block_is_the_row_of_the_block() -> None:
    work = Calculus(NETWORK, NETWORK.bounds)
    first, second = work.index(m), work.index(p)
    items = [entry_of(Stacked((u, v)), row, work).terms for row in (first, m + second, ONE, m + 1, m + p)]
    assert [[term.factors for term in terms] for terms in items] == [
        [(Item(u, first, ONE),)],
        [(Item(v, second, ONE),)],
        [(Item(u, ONE, ONE),)],
        [(Item(v, ONE, ONE),)],
        [(Item(v, p, ONE),)],
    ]


def test_nothing_is_said_of_a_row_that_may_lie_in_either_block() -> None:
    # m is 1 or more, so row 2 may be in either, and there may be no row m - 1
    for row in (dim(2), m - 1):
        work = Calculus(NETWORK, NETWORK.bounds)
        for term in entry_of(Stacked((u, v)), row, work).terms:
            assert any(isinstance(factor, Delta) for factor in term.factors)


SQUARE = Quantities({"A": ("n", "n"), "B": ("n", "n"), "a": ("n",), "b": ("n",)})
BLOCKS: dict[str, tuple[Expr, Expr]] = {
    "block diagonal": (
        Stacked((Stacked((A, Zeros(n) @ Ones(n).T), COLUMNS), Stacked((Zeros(n) @ Ones(n).T, B), COLUMNS)))
        @ Stacked((a, b)),
        Stacked((A @ a, B @ b)),
    ),
    "blocks in blocks": (Stacked((Stacked((A, B)), A)).T @ Stacked((A, B, A)), A.T @ A + B.T @ B + A.T @ A),
    "shifted by one block": (Rows(Stacked((a, b)), n + 1, n + n), b),
    "identity of blocks": (Rows(Identity(n + n), n + 1, n + n) @ Stacked((a, b)), b),
}


@pytest.mark.parametrize("name", BLOCKS)
def test_blocks_are_proved_and_another_order_is_not(name: str) -> None:
    left, right = BLOCKS[name]
    assert isinstance(kernel.equal(left, right, SQUARE, SQUARE.bounds), Proved)
    swapped = {"block diagonal": Stacked((B @ b, A @ a)), "blocks in blocks": A.T @ A + B.T @ B + B.T @ B}
    wrong = swapped.get(name, a)
    assert isinstance(kernel.equal(left, wrong, SQUARE, SQUARE.bounds), Undecided)
    assert isinstance(exact.judge(Claim(left, "=", wrong, SQUARE, SQUARE.bounds)), Refuted)


def test_no_false_line_about_rows_of_blocks_is_proved() -> None:
    """Rows of blocks by every choice of ends: proved only where NumPy finds them equal at every size that is tried."""
    stack, ends = Stacked((a, b, a)), (ONE, dim(2), n, n + 1, n + 2, n + n, n + n + 1)
    parts = (a, b, Rows(a, dim(2), n), Rows(Stacked((a, b)), dim(2), n + 1), Stacked((b, a)), Stacked((a, a)))
    proved = 0
    for first in ends:
        for part in parts:
            rows = Rows(stack, first, first + shape(part, SQUARE)[0] - 1)
            try:
                if shape(rows, SQUARE) != shape(part, SQUARE):
                    continue
            except ShapeError:
                continue
            if isinstance(kernel.equal(rows, part, SQUARE, SQUARE.bounds), Proved):
                proved += 1
                for size in (2, 3, 5):
                    point = Point(SQUARE.given({"n": size}), size)
                    one, two = (evaluate(e, point, {"n": size}) for e in (rows, part))
                    assert np.array_equal(one, two), (rows, part)
    assert proved >= 5


# --- values and code -------------------------------------------------------------------------------------------------

VALUED: dict[str, Expr] = {
    "trace": Trace(A @ T),
    "diagonal": DiagonalPart(A @ D.T),
    "quotient": EntrywiseQuotient(a, b),
    "quotient of matrices": EntrywiseQuotient(A, D),
    "maximum": Pairwise(MAX, number(0), A),
    "minimum": Pairwise(MIN, a, b),
    "rows below rows": Stacked((A, B)),
    "side by side": Stacked((A, C), COLUMNS),
    "columns below each other": Stacked((a, u)),
    "rows side by side": Stacked((a.T, u.T), COLUMNS),
    "columns side by side": Stacked((a, b), COLUMNS),
    "rows one below the other": Stacked((a.T, b.T)),
    "a number below": Stacked((a, number(1))),
    "rows": Rows(A, dim(2), m),
    "part of a column": Rows(a, dim(2), n),
    "columns": Columns(A, dim(2), n),
    "part of a row": Columns(a.T, dim(2), n),
    "softmax of columns": Softmax(A),
    "softmax of rows": Softmax(A, "row"),
    "softmax of a row": Softmax(a.T, "row"),
    "softmax of each entry": Softmax(a, "row"),
    "logsumexp of columns": LogSumExp(A),
    "logsumexp of rows": LogSumExp(A, "row"),
    "logsumexp of a row": LogSumExp(a.T, "row"),
    "logsumexp of each entry": LogSumExp(a, "row"),
    "1-norm": Norm(a, "1"),
    "squared 1-norm": Power(Norm(a, "1"), Fraction(2)),
    "functions": Hadamard((E("prelu(1/4)", a), E("mish", a), E("erf", a), CUBIC(a, 1))),
    "blocks times a column": Stacked((A, B)) @ x,
    "diagonal matrix": Diagonal(DiagonalPart(S)) @ x,
}


def by_numpy(name: str, w: dict[str, np.ndarray]) -> np.ndarray:
    A, B, C, D, S, T = (w[key] for key in "ABCDST")
    a, b, u, x = (w[key] for key in "abux")
    powers, rows = np.exp(A), np.exp(A).sum(axis=1, keepdims=True)
    slopes = np.where(a > 0, a, a / 4) * a * np.tanh(np.log1p(np.exp(a))) * (3 * a * a + 1)
    expected: dict[str, object] = {
        "trace": (A * T.T).sum(),
        "diagonal": (A * D).sum(axis=1),
        "quotient": a / b,
        "quotient of matrices": A / D,
        "maximum": A * (A > 0),
        "minimum": np.stack([a, b]).min(axis=0),
        "rows below rows": [*A.tolist(), *B.tolist()],
        "side by side": [[*one, *two] for one, two in zip(A.tolist(), C.tolist(), strict=True)],
        "columns below each other": [*a.ravel(), *u.ravel()],
        "rows side by side": [*a.ravel(), *u.ravel()],
        "columns side by side": [*zip(a.ravel(), b.ravel(), strict=True)],
        "rows one below the other": [a.ravel(), b.ravel()],
        "a number below": [*a.ravel(), 1],
        "rows": A[[1, 2]],
        "part of a column": a[[1, 2, 3]],
        "columns": A[:, [1, 2, 3]],
        "part of a row": a[[1, 2, 3]],
        "softmax of columns": powers / powers.sum(axis=0),
        "softmax of rows": powers / rows,
        "softmax of a row": np.exp(a) / np.exp(a).sum(),
        "softmax of each entry": np.ones(4),
        "logsumexp of columns": np.log(powers.sum(axis=0)),
        "logsumexp of rows": np.log(rows),
        "logsumexp of a row": np.log(np.exp(a).sum()),
        "logsumexp of each entry": a,
        "1-norm": np.linalg.norm(a, 1),
        "squared 1-norm": np.linalg.norm(a, 1) ** 2,
        "functions": slopes * np.vectorize(math.erf)(a),
        "blocks times a column": [*(A @ x).ravel(), *(B @ x).ravel()],
        "diagonal matrix": np.diag(S)[:, None] * x,
    }
    return np.asarray(expected[name], dtype=float)


class WithActivation(Quantities):
    """Quantities for generated code, which asks how the activation of its network is called."""

    activation = MLP().activation


@pytest.mark.parametrize("name", VALUED)
def test_values_in_floats_and_in_code(name: str) -> None:
    e, point = VALUED[name], Point(NETWORK.given(SIZES), 1)
    values = {key: point.value(Named(key)) for key in SHAPES}
    expected = by_numpy(name, values)
    found = evaluate(e, point, SIZES)
    extent = tuple(size.value(SIZES, lambda kind, layer: 0) for size in shape(e, NETWORK))
    assert found.shape == extent
    assert found.ravel() == pytest.approx(expected.ravel(), rel=1e-12)

    code = Code(WithActivation(SHAPES))
    body = f"def run({', '.join([*SHAPES, *SIZES])}):\n    return {emit(e, code)}"
    space: dict[str, object] = {}
    exec(module("", code, body), space)
    vectors = {key: value[:, 0] if value.shape[1] == 1 else value for key, value in values.items()}
    got = np.asarray(space["run"](**vectors, **SIZES))
    assert got.ravel() == pytest.approx(expected.ravel(), rel=1e-12)
    assert (got.ndim == 2) == (form(e, NETWORK) is Form.MATRIX)


# --- numerator layout, symbolic SymPy --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "e",
    [
        Stacked((A, B)) @ x,
        Trace(S) @ A @ x,
        Hadamard((EntrywiseQuotient(a, b), Pairwise(MAX, a, b))),
        LogSumExp(A) @ a,
        Rows(A, ONE, m) @ x,
        Pairwise(MAX, number(0), A),
    ],
)
def test_the_transposed_formula_is_the_transpose(e: Expr) -> None:
    turned = oriented(e)
    assert oriented(turned) == e
    claim = Claim(turned, "=", e.T, NETWORK, NETWORK.bounds)
    assert isinstance(exact.judge(claim), Supported)


def test_blocks_are_turned_block_by_block() -> None:
    assert oriented(Stacked((A, B))) == Stacked((A.T, B.T), COLUMNS)
    assert oriented(Trace(S)) == Trace(S)


def test_sympy_with_symbolic_sizes() -> None:
    rows, columns = (sympy.Symbol(name, integer=True, positive=True) for name in "mn")
    one, square = sympy.MatrixSymbol("A", rows, columns), sympy.MatrixSymbol("S", columns, columns)
    assert symbolic(Trace(S @ S), NETWORK) == sympy.Trace(square * square)
    assert symbolic(DiagonalPart(S), NETWORK).shape == (columns, 1)
    assert symbolic(Stacked((A, D)), NETWORK).shape == (2 * rows, columns)
    assert symbolic(Rows(A, dim(2), m), NETWORK) == one[1:rows, :]
    assert symbolic(EntrywiseQuotient(A, D), NETWORK).shape == (rows, columns)


def test_explicit_sympy_at_given_widths() -> None:
    found = to_sympy(Stacked((PreActivation(1), Row(Weight(0), ONE).T)), widths=[2, 3, 1], expand=False)
    assert [str(entry) for entry in found] == ["z_1[1]", "z_1[2]", "W_0[1,1]", "W_0[1,2]"]
    assert str(to_sympy(Entry(Rows(Hidden(0), dim(2), dim(2)), ONE), widths=[2, 3, 1])) == "1"
