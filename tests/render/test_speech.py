"""Spoken formulas, against sentences written by hand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

import pytest

from symbackprop import chance, dataset, expr, magnitudes, statements
from symbackprop.dims import DEPTH, ONE, Dim, dim, index, units, width
from symbackprop.expr import LOSS, Hidden, Named, Partial, PreActivation, Weight, number
from symbackprop.network import MLP
from symbackprop.notations import notation
from symbackprop.render.speech import speak
from symbackprop.statements import Chain, Implies, Together, equal
from symbackprop.tree import Node, children, node

L, J = index("l"), index("j")
W, H, Z = Weight(L), Hidden(L), PreActivation(L)
A, B, V = Named("A"), Named("B"), Named("v")
Y = PreActivation(DEPTH + 1)
PLACED = expr.ColumnAt(Hidden(dim(0)), J, units(1))


def jacobian(at: Dim) -> expr.ActivationJacobian:
    return expr.ActivationJacobian("g", PreActivation(at))


SPOKEN: list[tuple[Node, str]] = [
    # variables: the output is y hat, the input x, the depth is capital L
    (Y, "y hat"),
    (Hidden(dim(0)), "x"),
    (Hidden(DEPTH), "h capital L"),
    (Weight(DEPTH - 1), "W of layer capital L minus one"),
    (expr.Bias(L), "b l"),
    (expr.Target(), "y"),
    (LOSS, "the loss L"),
    (Named("σ"), "sigma"),
    (Named("u", L + 1), "u of layer l plus one"),
    # numbers and sizes
    (number(-2), "minus 2"),
    (number(Fraction(1, 2)), "one half"),
    (number(Fraction(-2, 3)), "minus 2 over 3"),
    (expr.Size(width(L) - 1), "n l minus 1"),
    (expr.Size(width(L - 1)), "n of layer l minus one"),
    (expr.Size(width(L + 1) - 1), "n of layer l plus one, minus one"),
    (expr.Size(units(L)), "n l minus 1"),
    (expr.Size(units(DEPTH + 1)), "n of layer capital L plus one"),
    (expr.Size(2 * width(0)), "2 n 0"),
    (expr.Identity(width(0)), "the identity matrix"),
    (expr.Ones(width(0)), "the vector of ones"),
    (expr.Zeros(width(0)), "the vector of zeros"),
    (expr.Kronecker(index("i"), index("k")), "the Kronecker delta of i and k"),
    # parts
    (expr.Entry(Z, index("i")), "entry i of z l"),
    (expr.Entry(W, index("i"), index("k")), "entry i, k of W l"),
    (expr.Entry(Z, units(L)), "entry n l minus 1, of z l"),
    (expr.Row(Weight(dim(0)), J).T, "the transpose of row j of W 0"),
    (expr.Column(W, width(L)), "column n l of W l"),
    (expr.Columns(W, ONE, units(L)), "columns 1 to n l minus 1, of W l"),
    (expr.Columns(W, dim(2), dim(3)), "columns 2 to 3 of W l"),
    (expr.WithoutBias(W), "W l without its bias column"),
    (
        PLACED,
        "the matrix with n 0 rows and n 1 minus 1 columns whose column j is x and whose other columns are zero",
    ),
    # products and sums: commas and quantities say what belongs together
    (Weight(ONE).T, "W 1 transpose"),
    (Weight(L + 1).T, "the transpose of W of layer l plus one"),
    ((A @ B).T, "the transpose of the quantity A times B, end quantity"),
    (A.T.T, "A transpose transpose"),
    (A @ B @ V, "A times B times v"),
    (A @ (B + V), "A times the quantity B plus v, end quantity"),
    (A @ B + V, "A times B, plus v"),
    (A - B - V, "A minus B minus v"),
    (expr.Sum((A, expr.Negative(B + V))), "A minus the quantity B plus v, end quantity"),
    (-(A + B), "minus the quantity A plus B, end quantity"),
    (expr.Hadamard((A, B)), "A entrywise times B"),
    (expr.Quotient(number(1), Named("s")), "1 over s"),
    (expr.Quotient(A @ V, Named("s")), "the quantity A times v, end quantity, over s"),
    (expr.Power(Named("s"), Fraction(2)), "s squared"),
    (expr.Power(Named("s"), Fraction(-1, 2)), "s to the power minus one half"),
    (expr.Power(expr.Norm(V), Fraction(2)), "the quantity the 2-norm of v, end quantity squared"),
    (expr.SquareRoot(expr.Size(width(0))), "the square root of n 0"),
    # functions
    (expr.Diagonal(V), "the diagonal matrix of v"),
    (expr.Elementwise("g", Z), "g of z l"),
    (expr.Elementwise("leaky_relu", Z, 1), "leaky relu prime of z l"),
    (expr.Elementwise("g", Z, 2) @ V, "g double prime of z l, times v"),
    (expr.Elementwise("g", Z @ V), "g of the quantity z l times v, end quantity"),
    (expr.LayerMap("g", Z), "psi of z l"),
    (jacobian(L), "the Jacobian of layer l, with g prime of z l on the diagonal and a last column of zeros"),
    (expr.Function("L", (Y, expr.Target())), "the loss L of y hat and y"),
    (expr.LogSumExp(V), "the log of the sum of the exponentials of v"),
    (expr.Softmax(V), "softmax of v"),
    (expr.Norm(Z), "the 2-norm of z l"),
    (expr.Norm(W), "the spectral norm of W l"),
    (expr.Norm(W, "F"), "the Frobenius norm of W l"),
    (expr.SingularValue(W.T), "the largest singular value of W l transpose"),
    (expr.SingularValue(W, "smallest"), "the smallest singular value of W l"),
    (expr.SingularValue(W, "least nonzero"), "the smallest nonzero singular value of W l"),
    (magnitudes.SingularValueAt(W, index("i")), "singular value i of W l"),
    (
        magnitudes.SpectralSum("i", A, expr.Power(magnitudes.SingularValueAt(A, index("i")), Fraction(2))),
        "the sum over the singular values i of A, of the quantity singular value i of A, end quantity squared, end sum",
    ),
    (
        magnitudes.OverUnit("sup", V, expr.Norm(A @ V)) @ B,
        "the supremum over unit vectors v, of the 2-norm of the quantity A times v, end quantity, end supremum, "
        "times B",
    ),
    (
        magnitudes.OverUnit("inf", V, expr.Norm(V)),
        "the infimum over unit vectors v, of the 2-norm of v, end infimum",
    ),
    (
        magnitudes.Extreme("max", "i", ONE, units(L), expr.Entry(Z, index("i"))),
        "the maximum over i from 1 to n l minus 1 of entry i of z l, end maximum",
    ),
    (
        magnitudes.Extreme("min", "k", ONE, DEPTH, expr.Norm(Weight(index("k")), "F")),
        "the minimum over k from 1 to capital L of the Frobenius norm of W k, end minimum",
    ),
    # random quantities and training sets
    (
        chance.Gaussian(expr.Zeros(width(0)), expr.Identity(width(0))),
        "the normal distribution with mean the vector of zeros, and covariance the identity matrix",
    ),
    (chance.Expectation(A @ V), "the expectation of the quantity A times v, end quantity"),
    (chance.Variance(Named("s")), "the variance of s"),
    (dataset.Family("l", dim(0), DEPTH, W), "all W l over l from 0 to capital L"),
    (
        dataset.Prediction("f", Named("x", index("i")), Named("theta")),
        "f of x i, with parameters theta",
    ),
    (Partial(LOSS, Z), "the partial derivative of the loss L with respect to z l"),
    (
        Partial(H, Z, numerator=True),
        "the partial derivative, in numerator layout, of h l with respect to z l",
    ),
    (
        expr.IndexedProduct("l", ONE, DEPTH, W.T) @ V,
        "the product over l from 1 to capital L of W l transpose, end product, times v",
    ),
    (
        expr.IndexedProduct("l", ONE, DEPTH, W, descending=True),
        "the product over l from capital L down to 1 of W l, end product",
    ),
    (
        expr.IndexedSum("i", ONE, units(L), expr.Entry(Z, index("i"))),
        "the sum over i from 1 to n l minus 1 of entry i of z l, end sum",
    ),
    # statements
    (equal(A, B, V), "A equals B equals v"),
    (Chain((A, B), ("≤",), continued=True), "is at most B"),
    (Chain((A, B), ("≥",)), "A is at least B"),
    (Together((equal(A, B), equal(V, B))), "A equals B; and v equals B"),
    (Implies(equal(A, B), equal(B, A)), "if A equals B, then B equals A"),
    (statements.Ellipsis("…"), "and so on"),
]


@pytest.mark.parametrize(("e", "words"), SPOKEN, ids=[type(e).__name__ for e, _ in SPOKEN])
def test_spoken(e: Node, words: str) -> None:
    assert speak(e, MLP()) == words


@pytest.mark.parametrize(("e", "words"), SPOKEN)
def test_the_letters_of_the_lecture_are_those_without_a_notation(e: Node, words: str) -> None:
    assert speak(e, MLP(), notation("lecture")) == words


@pytest.mark.parametrize(
    ("letters", "e", "words"),
    [
        ({"W": "U"}, Weight(L + 1).T, "the transpose of U of layer l plus one"),
        ({"output": "o"}, Y, "o hat"),
        ({"input": "u"}, Hidden(dim(0)), "u"),
        ({"psi": "phi"}, expr.LayerMap("g", Z), "phi of z l"),
        ({"g": "sigma"}, expr.Elementwise("g", Z, 1), "sigma prime of z l"),
        ({"n": "d"}, expr.Size(width(L + 1) - 1), "d of layer l plus one, minus one"),
        ({"depth": "N"}, Weight(DEPTH), "W capital N"),
        ({"loss": "J"}, LOSS, "the loss J"),
        ({"v": "r"}, V, "r"),
    ],
)
def test_other_letters(letters: dict[str, str], e: Node, words: str) -> None:
    assert speak(e, MLP(), notation("lecture").with_symbols(**letters)) == words


def test_the_given_line_and_the_closed_form() -> None:
    given = equal(Partial(LOSS, expr.Row(Weight(dim(0)), J).T), PLACED @ Partial(LOSS, PreActivation(ONE)))
    assert speak(given, MLP()) == (
        "the partial derivative of the loss L with respect to the transpose of row j of W 0 equals the matrix with "
        "n 0 rows and n 1 minus 1 columns whose column j is x and whose other columns are zero, times the partial "
        "derivative of the loss L with respect to z 1"
    )
    closed = expr.IndexedProduct("l", ONE, DEPTH, jacobian(L) @ W.T) @ Partial(LOSS, Y)
    assert speak(closed, MLP()) == (
        "the product over l from 1 to capital L of the Jacobian of layer l, with g prime of z l on the diagonal and a "
        "last column of zeros, times W l transpose, end product, times the partial derivative of the loss L with "
        "respect to y hat"
    )


def test_in_a_chain_only_the_first_jacobian_is_described() -> None:
    chain = jacobian(ONE) @ Weight(ONE).T @ jacobian(dim(2)) @ Weight(dim(2)).T
    assert speak(chain, MLP()) == (
        "the Jacobian of layer 1, with g prime of z 1 on the diagonal and a last column of zeros, times W 1 transpose "
        "times the Jacobian of layer 2, times W 2 transpose"
    )


def test_what_the_network_says_is_spoken() -> None:
    assert speak(PreActivation(dim(3)), MLP(depth=2)) == "y hat"
    assert speak(PreActivation(dim(3)), MLP(depth=3)) == "z 3"
    assert speak(PLACED, MLP(widths=[4, 5, 5, 3])) == (
        "the matrix with 4 rows and 4 columns whose column j is x and whose other columns are zero"
    )
    assert speak(expr.Size(units(L)), MLP(bias="none")) == "n l"


def test_without_a_network_no_sizes_of_matrices_are_said() -> None:
    assert speak(PLACED) == "the matrix whose column j is x and whose other columns are zero"
    assert speak(Y) == "y hat"
    assert speak(expr.Norm(W)) == "the 2-norm of W l"


DIFFERENT: list[tuple[expr.Expr, expr.Expr]] = [
    (expr.Size(width(L + 1) - 1), expr.Size(width(L))),
    (expr.Size(width(L - 1)), expr.Size(width(L) - 1)),
    (Weight(L + 1).T @ V, Named("W", L).T @ V),
    (A @ (B + V), A @ B + V),
    (expr.Elementwise("g", Z) @ V, expr.Elementwise("g", Z @ V)),
    (Partial(LOSS, Z) @ V, Partial(LOSS, Z @ V)),
    ((A @ B).T, A.T @ B),
    (expr.Quotient(A @ V, B), A @ expr.Quotient(V, B)),
    (expr.IndexedProduct("l", ONE, DEPTH, W) @ V, expr.IndexedProduct("l", ONE, DEPTH, W @ V)),
    (A - (B + V), A - B + V),
    (A - expr.Sum((B, V)), A - B - V),
    (expr.Power(expr.Norm(V), Fraction(2)), expr.Norm(expr.Power(V, Fraction(2)))),
    (LOSS, expr.Size(DEPTH)),
    (expr.SquareRoot(A) + B, expr.SquareRoot(A + B)),
    (expr.Negative(A) + B, expr.Negative(A + B)),
    (expr.Entry(Z, index("i")) @ V, expr.Entry(Z @ V, index("i"))),
    (magnitudes.OverUnit("sup", V, A) @ B, magnitudes.OverUnit("sup", V, A @ B)),
    (magnitudes.Extreme("max", "i", ONE, DEPTH, A) + B, magnitudes.Extreme("max", "i", ONE, DEPTH, A + B)),
    (expr.Power(chance.Expectation(A), Fraction(2)), chance.Expectation(expr.Power(A, Fraction(2)))),
    (chance.Variance(A) @ B, chance.Variance(A @ B)),
    (expr.SingularValue(A, "least nonzero"), expr.SingularValue(A, "smallest")),
]


@pytest.mark.parametrize(("one", "two"), DIFFERENT)
def test_different_formulas_sound_different(one: expr.Expr, two: expr.Expr) -> None:
    assert speak(one, MLP()) != speak(two, MLP())


def test_only_words_and_simple_punctuation() -> None:
    for e, _ in SPOKEN:
        assert re.fullmatch(r"[A-Za-z0-9 ,;\-]+", speak(e, MLP())), e
        assert "  " not in speak(e)
        assert " ," not in speak(e)
    for name in ("ψ", "leaky_relu", "g'", "\\sigma", "ℓ", "w_{1}"):
        assert re.fullmatch(r"[A-Za-z0-9 ]+", speak(Named(name))), name


def concrete(base: type[Node]) -> Iterator[type[Node]]:
    for kind in base.__subclasses__():
        if "_fields" in kind.__dict__ and kind.__module__.startswith("symbackprop."):
            yield kind
        yield from concrete(kind)


def test_every_node_has_words_and_an_example() -> None:
    silent = speak.dispatch(object)
    lacking = [kind.__name__ for kind in concrete(Node) if speak.dispatch(kind) is silent]
    assert not lacking, f"no words for {', '.join(lacking)}: add @speak.register"
    shown = {type(inner) for e, _ in SPOKEN for inner in nodes(e)}
    modules = {module.__name__ for module in (expr, statements, magnitudes, chance, dataset)}
    own = {kind for kind in concrete(Node) if kind.__module__ in modules}
    assert not own - shown, f"no example for {sorted(kind.__name__ for kind in own - shown)}"


def nodes(e: Node) -> Iterator[Node]:
    yield e
    for inner in children(e):
        yield from nodes(inner)


def test_a_node_without_words_is_named() -> None:
    @node
    class Mute(expr.Expr):
        operand: expr.Expr

    with pytest.raises(TypeError, match=r"Mute has no words registered: add @speak.register"):
        speak(Mute(A))
