"""Rows of the chapter on derivatives of The Matrix Cookbook (Petersen and Pedersen, 15 November 2012), by number.

Every row that can be said with one loss and one variable of these primitives is here; the gradients are the book's.
"""

from __future__ import annotations

import pytest

import symbackprop as sb
from symbackprop.adjoints import HADAMARD, JACOBIAN
from symbackprop.asked import gradient_of
from symbackprop.expr import LOSS, Expr, Named, Negative, Partial
from symbackprop.judges import exact, kernel
from symbackprop.judges.claim import Claim
from symbackprop.judges.outcome import Proved, Refuted, Supported

TRACE = r"\operatorname{tr}"
COLUMNS = {"a": "m", "b": "n", "X": "m x n"}
# the book's W of these rows is symmetric
W = r"(V + V^\top)"
SHAPES = {"V": "m x m", "A": "m x n", "x": "m", "s": "n"}

# number: (loss, by what, gradient, shapes)
ROWS: dict[str, tuple[str, str, str, dict[str, str]]] = {
    "69": (r"a^\top x", "x", "a", {"x": "n", "a": "n"}),
    "69, the other way round": (r"x^\top a", "x", "a", {"x": "n", "a": "n"}),
    "70": (r"a^\top X b", "X", r"a b^\top", COLUMNS),
    "71": (r"a^\top X^\top b", "X", r"b a^\top", {"a": "n", "b": "m", "X": "m x n"}),
    "72": (r"a^\top X a", "X", r"a a^\top", {"a": "n", "X": "n x n"}),
    "72, transposed": (r"a^\top X^\top a", "X", r"a a^\top", {"a": "n", "X": "n x n"}),
    "77": (r"b^\top X^\top X c", "X", r"X (b c^\top + c b^\top)", {"b": "n", "c": "n", "X": "m x n"}),
    "78": (
        r"(B x + b)^\top C (D x + d)",
        "x",
        r"B^\top C (D x + d) + D^\top C^\top (B x + b)",
        {"B": "m x n", "C": "m x p", "D": "p x n", "x": "n", "b": "m", "d": "p"},
    ),
    "81": (r"x^\top B x", "x", r"(B + B^\top) x", {"B": "n x n", "x": "n"}),
    "82": (
        r"b^\top X^\top D X c",
        "X",
        r"D^\top X b c^\top + D X c b^\top",
        {"b": "n", "c": "n", "D": "m x m", "X": "m x n"},
    ),
    "83": (
        r"(X b + c)^\top D (X b + c)",
        "X",
        r"(D + D^\top) (X b + c) b^\top",
        {"b": "n", "c": "m", "D": "m x m", "X": "m x n"},
    ),
    "84": (rf"(x - A s)^\top {W} (x - A s)", "s", rf"-2 A^\top {W} (x - A s)", SHAPES),
    "85": (rf"(x - s)^\top {W} (x - s)", "x", rf"2 {W} (x - s)", {"V": "n x n", "x": "n", "s": "n"}),
    "86": (rf"(x - s)^\top {W} (x - s)", "s", rf"-2 {W} (x - s)", {"V": "n x n", "x": "n", "s": "n"}),
    "87": (rf"(x - A s)^\top {W} (x - A s)", "x", rf"2 {W} (x - A s)", SHAPES),
    "88": (rf"(x - A s)^\top {W} (x - A s)", "A", rf"-2 {W} (x - A s) s^\top", SHAPES),
    "99": (rf"{TRACE}(X)", "X", "I_n", {"X": "n x n"}),
    "100": (rf"{TRACE}(X A)", "X", r"A^\top", {"X": "m x n", "A": "n x m"}),
    "101": (rf"{TRACE}(A X B)", "X", r"A^\top B^\top", {"A": "p x m", "X": "m x n", "B": "n x p"}),
    "102": (rf"{TRACE}(A X^\top B)", "X", "B A", {"A": "p x n", "X": "m x n", "B": "m x p"}),
    "103": (rf"{TRACE}(X^\top A)", "X", "A", {"X": "m x n", "A": "m x n"}),
    "104": (rf"{TRACE}(A X^\top)", "X", "A", {"X": "m x n", "A": "m x n"}),
    "106": (rf"{TRACE}(X X)", "X", r"2 X^\top", {"X": "n x n"}),
    "107": (rf"{TRACE}(X X B)", "X", r"(X B + B X)^\top", {"X": "n x n", "B": "n x n"}),
    "108": (rf"{TRACE}(X^\top B X)", "X", r"B X + B^\top X", {"X": "m x n", "B": "m x m"}),
    "109": (rf"{TRACE}(B X X^\top)", "X", r"B X + B^\top X", {"X": "m x n", "B": "m x m"}),
    "110": (rf"{TRACE}(X X^\top B)", "X", r"B X + B^\top X", {"X": "m x n", "B": "m x m"}),
    "111": (rf"{TRACE}(X B X^\top)", "X", r"X B^\top + X B", {"X": "m x n", "B": "n x n"}),
    "112": (rf"{TRACE}(B X^\top X)", "X", r"X B^\top + X B", {"X": "m x n", "B": "n x n"}),
    "113": (rf"{TRACE}(X^\top X B)", "X", r"X B^\top + X B", {"X": "m x n", "B": "n x n"}),
    "114": (
        rf"{TRACE}(A X B X)",
        "X",
        r"A^\top X^\top B^\top + B^\top X^\top A^\top",
        {"A": "n x m", "X": "m x n", "B": "n x m"},
    ),
    "115": (rf"{TRACE}(X^\top X)", "X", "2 X", {"X": "m x n"}),
    "115, the other way round": (rf"{TRACE}(X X^\top)", "X", "2 X", {"X": "m x n"}),
    "116": (
        rf"{TRACE}(B^\top X^\top C X B)",
        "X",
        r"C^\top X B B^\top + C X B B^\top",
        {"B": "n x p", "X": "m x n", "C": "m x m"},
    ),
    "117": (
        rf"{TRACE}(X^\top B X C)",
        "X",
        r"B X C + B^\top X C^\top",
        {"X": "m x n", "B": "m x m", "C": "n x n"},
    ),
    "118": (
        rf"{TRACE}(A X B X^\top C)",
        "X",
        r"A^\top C^\top X B^\top + C A X B",
        {"A": "p x m", "X": "m x n", "B": "n x n", "C": "m x p"},
    ),
    "119": (
        rf"{TRACE}((A X B + C) (A X B + C)^\top)",
        "X",
        r"2 A^\top (A X B + C) B^\top",
        {"A": "p x m", "X": "m x n", "B": "n x q", "C": "p x q"},
    ),
    "129": (r"\|x - a\|_2", "x", r"\frac{x - a}{\|x - a\|_2}", {"x": "n", "a": "n"}),
    "131": (r"\|x\|_2^2", "x", "2 x", {"x": "n"}),
    "132": (r"\|X\|_F^2", "X", "2 X", {"X": "m x n"}),
}
SYMMETRIC = ("84", "85", "86", "87", "88")


def network_of(number: str) -> tuple[sb.Network, Named, Expr]:
    """The network of a row, the variable and the gradient of the book."""
    loss, by, gradient, shapes = ROWS[number]
    network = sb.Network(f"L = {loss}", shapes=shapes)
    book = sb.parse(gradient, network=network)
    assert isinstance(book, Expr)
    return network, Named(by), book


@pytest.mark.parametrize("style", [HADAMARD, JACOBIAN])
@pytest.mark.parametrize("number", ROWS)
def test_our_gradient_is_the_books(number: str, style: str):
    network, variable, book = network_of(number)
    ours = gradient_of(variable, network, style).derivation.result
    assert not any(isinstance(part, Partial) for part in (ours, book))
    assert isinstance(kernel.equal(ours, book, network, network.bounds), Proved), ours


@pytest.mark.parametrize("number", ROWS)
def test_the_exact_judge_supports_the_book_and_refutes_its_negative(number: str):
    network, variable, book = network_of(number)
    asked = Partial(LOSS, variable)
    claims = [Claim(asked, "=", right, network, network.bounds) for right in (book, Negative(book))]
    assert isinstance(exact.judge(claims[0]), Supported)
    assert isinstance(exact.judge(claims[1]), Refuted)


@pytest.mark.parametrize("number", SYMMETRIC)
def test_without_symmetry_the_row_is_false(number: str):
    loss, by, gradient, shapes = ROWS[number]
    network = sb.Network(f"L = {loss.replace(W, 'V')}", shapes=shapes)
    book = sb.parse(gradient.replace(W, "V"), network=network)
    ours = gradient_of(Named(by), network).derivation.result
    assert isinstance(exact.judge(Claim(Partial(LOSS, Named(by)), "=", book, network, network.bounds)), Refuted)
    assert not isinstance(kernel.equal(ours, book, network, network.bounds), Proved)
