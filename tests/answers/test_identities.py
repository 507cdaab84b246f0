"""Identities that a prime field does not know: what is rewritten is the same in numbers, and near misses stay."""

import math

import pytest

import symbackprop as sb
from symbackprop import expr
from symbackprop.answers.identities import KNOWN, by_identities
from symbackprop.answers.question import Question
from symbackprop.expr import Elementwise, Named, number
from symbackprop.judges.exponentials import fraction
from symbackprop.latex.parse import read
from symbackprop.tree import subterms

NETWORK = sb.Network(
    r"h = \operatorname{ReLU}(z)", r"p = \operatorname{softmax}(h)", r"L = \ell(p, v)", shapes={"z": "m", "v": "m"}
)
ASKED = Question(r"\frac{\partial L}{\partial z}", NETWORK)
Z = Named("z")


def made(text: str) -> expr.Expr:
    tree = read(text, scope=ASKED.scope, like=ASKED.shape).tree
    assert isinstance(tree, expr.Expr)
    return by_identities(tree, ASKED)


WRITTEN = {
    r"\frac{1}{1 + e^{-z}}": Elementwise("sigmoid", Z),
    r"\frac{e^{z}}{1 + e^{z}}": Elementwise("sigmoid", Z),
    r"\frac{e^{-z}}{(1 + e^{-z})^2}": Elementwise("sigmoid", Z, 1),
    r"\frac{e^z - e^{-z}}{e^z + e^{-z}}": Elementwise("tanh", Z),
    r"\frac{4}{(e^z + e^{-z})^2}": Elementwise("tanh", Z, 1),
    r"\frac{1}{\cosh(z)^2}": Elementwise("tanh", Z, 1),
    r"\mathbb{1}(h > 0)": Elementwise("step", Z),
    r"\operatorname{softmax}(h - \max_k h_k)": expr.Softmax(Named("h")),
    r"\operatorname{softmax}(h + 3)": expr.Softmax(Named("h")),
}


@pytest.mark.parametrize(("text", "tree"), WRITTEN.items())
def test_it_is_a_function_that_is_known(text, tree):
    assert made(text) == tree


OTHERS = [
    r"\frac{1}{1 - e^{-z}}",
    r"\frac{e^{-z}}{(1 + e^{-z})^3}",
    r"\frac{e^{-z}}{(1 + e^{z})^2}",
    r"\frac{e^{-z}}{(1 + e^{-v})^2}",
    r"\frac{4}{(e^z - e^{-z})^2}",
    r"\frac{1}{\sinh(z)^2}",
    # a number or a sign within another one
    r"\frac{1}{1 + e^{1 (5 z)}}",
    r"\frac{1}{1 + e^{1 (-3 z)}}",
    r"\frac{1}{1 + e^{1 (-(-z))}}",
    r"\frac{1}{1 + e^{-(2 z)}}",
    r"\frac{1 - e^{2 (3 z)}}{1 + e^{2 (3 z)}}",
    r"\mathbb{1}(p > 0)",
    r"\operatorname{softmax}(h - v)",
    r"\operatorname{softmax}(2 h)",
]


@pytest.mark.parametrize("text", OTHERS)
def test_it_is_none(text):
    """None of these is equal to a function of the table, so none may be written as one."""
    parts = [part for _, part in subterms(made(text))]
    assert not any(isinstance(part, Elementwise) and (part.function, part.order) in KNOWN for part in parts)
    assert not any(isinstance(part, Elementwise) and part == Elementwise("step", Z) for part in parts)
    assert expr.Softmax(Named("h")) not in parts


@pytest.mark.parametrize(("name", "order"), KNOWN)
def test_functions_of_the_table_in_numbers(name, order):
    """Each fraction in `t = e^z` against the function of the standard library, its slope by a difference."""
    functions = {"sigmoid": lambda z: 1 / (1 + math.exp(-z)), "tanh": math.tanh}
    found = fraction(Elementwise(name, Named("·"), order))
    assert found is not None
    for z in (-1.5, 0.25, 2.0):
        t, f, step = math.exp(z), functions[name], 1e-6
        parts = (found.above.coeffs(), found.below.coeffs())
        above, below = (sum(float(c) * t**i for i, c in enumerate(part)) for part in parts)
        wanted = (f(z + step) - f(z - step)) / (2 * step) if order else f(z)
        assert above / below == pytest.approx(wanted, abs=1e-8)


def test_a_known_function_by_itself_stays():
    own = Elementwise("sigmoid", Z, 1)
    assert by_identities(own, ASKED) == own
    assert by_identities(expr.SquareRoot(number(4)), ASKED) == number(2)
    assert by_identities(expr.SquareRoot(number(5)), ASKED) == expr.SquareRoot(number(5))
