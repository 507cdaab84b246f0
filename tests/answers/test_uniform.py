"""Equality for all sizes from equality at some: true for what has one form, never for what is aimed at those sizes."""

from functools import cache

import pytest
from networks import question

import symbackprop as sb
from symbackprop import expr
from symbackprop.answers.bare import counting
from symbackprop.answers.judging import judge
from symbackprop.answers.question import Question
from symbackprop.answers.reading import read_answer
from symbackprop.answers.roots import free_roots
from symbackprop.answers.uniform import holds_for_all_sizes
from symbackprop.answers.vertices import count
from symbackprop.dims import index
from symbackprop.expr import Named

STANDARDIZED = (
    r"c = x - \frac{1}{m} \mathbf{1} \mathbf{1}^\top x",
    r"u = \frac{1}{s} c",
    r"L = \ell(u)",
)
X = r"\frac{\partial L}{\partial x}"
GRADIENT = (
    r"\frac{1}{s} (I - \frac{1}{m} \mathbf{1} \mathbf{1}^\top - \frac{1}{m} u u^\top) \frac{\partial L}{\partial u}"
)


@cache
def standardized(scale: str = r"\sqrt{\frac{1}{m} c^\top c + \epsilon}") -> Question:
    shapes = {"x": "m", "c": "m", "u": "m", "s": "scalar", **({r"\epsilon": "scalar"} if "epsilon" in scale else {})}
    mean, standard, loss = STANDARDIZED
    return Question(X, sb.Network(mean, f"s = {scale}", standard, loss, shapes=shapes))


RIGHT = [
    GRADIENT,
    r"\frac{1}{s} (I - \frac{1}{m} \mathbf{1} \mathbf{1}^\top)"
    r" (I - \frac{1}{m} u u^\top) \frac{\partial L}{\partial u}",
    r"\frac{1}{m s} (m \frac{\partial L}{\partial u} - \mathbf{1} \sum_{i=1}^m \frac{\partial L}{\partial u_i}"
    r" - u \sum_{i=1}^m u_i \frac{\partial L}{\partial u_i})",
    GRADIENT.replace("{s}", r"{\sqrt{\epsilon + \frac{1}{m} \sum_{i=1}^m c_i^2}}"),
    GRADIENT.replace(r"\frac{1}{s}", r"(\frac{\|c\|^2}{m} + \epsilon)^{-1/2}"),
    # s² = cᵀc/m + ε
    GRADIENT.replace(r"\frac{1}{m} u", r"\frac{s^2 - \epsilon}{c^\top c} u"),
]


@pytest.mark.parametrize("answer", RIGHT)
def test_standardized_by_hand(answer):
    assert judge(standardized(), answer).verdict == "correct"


WRONG = [
    GRADIENT.replace("{m} u", "{m - 1} u"),
    GRADIENT.replace(r"\frac{1}{m} u u^\top", r"\frac{1}{c^\top c} c c^\top"),
    GRADIENT.replace("{s}", r"{\sqrt{\frac{1}{m} c^\top c + 2 \epsilon}}"),
    GRADIENT.replace("{s}", r"{\sqrt{\frac{1}{m} x^\top x + \epsilon}}"),
    GRADIENT.replace("{s}", r"{\sqrt{\frac{1}{m - 1} c^\top c + \epsilon}}"),
    GRADIENT.replace("{s}", r"{-\sqrt{\frac{1}{m} c^\top c + \epsilon}}"),
    "-" + GRADIENT,
    GRADIENT + " + x",
]


@pytest.mark.parametrize("answer", WRONG)
def test_standardized_wrongly(answer):
    assert judge(standardized(), answer).verdict == "incorrect"


# each is a number of entries, whatever they are
COUNTED = [
    "m",
    r"\mathbf{1}^\top (\sigma(z) + \sigma(-z))",
    r"\sum_{i=1}^m (\sigma(z_i) + \sigma(-z_i))",
    r"\mathbf{1}^\top (z \oslash z)",
    r"\sum_{i=1}^m \frac{z_i}{z_i}",
    r"z^\top (\mathbf{1} \oslash z)",
    r"\exp(z)^\top \exp(-z)",
    r"\mathbf{1}^\top (\sigma'(z) \oslash \sigma'(z))",
    r"\mathbf{1}^\top (a + \sigma(-z))",
    r"\operatorname{tr}(I_m)",
    # e^{z_i} e^{-z_i}, over and times the same sums
    r"(\mathbf{1}^\top (\operatorname{softmax}(z) \odot \operatorname{softmax}(-z)))"
    r" (\mathbf{1}^\top \exp(z)) (\mathbf{1}^\top \exp(-z))",
    r"\|z \oslash z\|^2",
    # log' is 1/z
    r"z^\top \log'(z)",
    r"\operatorname{tr}(\operatorname{diag}(z) \frac{\partial \log(z)}{\partial z})",
]


@pytest.mark.parametrize("counted", COUNTED)
def test_nobody_aims_at_the_sizes_that_are_tried(counted):
    """Right at one size, wherever that is."""
    asked = question(r"\frac{\partial L}{\partial b}", "logistic")
    right = r"(a - y) \odot \sigma'(z)"
    for size in range(2, 48):
        answer = f"(1 + {counted} - {size}) ({right})"
        (line,) = read_answer(answer, asked).lines
        assert line.error is None
        assert not holds_for_all_sizes(asked.asked, line.sides[0].tree, asked, answer)


def test_one_size_was_enough_for_one_that_is_aimed():
    """So was a sum of slopes that is the number of entries; the sizes that everybody is judged at are among those."""
    counted, right = COUNTED[1], r"((a - y) \odot \sigma'(z)) x^\top"
    asked = question(r"\frac{\partial L}{\partial W}", "logistic")
    for more in range(12, 40, 3):
        answer = f"(1 + ({counted} - 2)({counted} - 5)({counted} - {more})) {right}"
        assert judge(asked, answer, names_mistakes=False).verdict != "correct"


def test_a_root_takes_any_value_where_something_is_added_that_is_nowhere_else():
    assert free_roots(standardized())
    assert not free_roots(standardized(r"\sqrt{\frac{1}{m} c^\top c}"))
    assert not free_roots(standardized(r"\sqrt{\frac{1}{m} c^\top c + \epsilon^2}"))
    assert not free_roots(standardized(r"\sqrt{\epsilon c^\top c + \epsilon}"))


def test_two_roots_with_one_parameter_are_not_free():
    network = sb.Network(
        r"s = \sqrt{x^\top x + \epsilon}",
        r"t = \sqrt{y^\top y + \epsilon}",
        r"L = \ell(s, t)",
        shapes={"x": "m", "y": "m", "s": "scalar", "t": "scalar", r"\epsilon": "scalar"},
    )
    assert not free_roots(Question(X, network))


def test_vertices_and_sizes_are_counted():
    asked, m = standardized(), index("m")
    x, c, ones = Named("x"), Named("c"), expr.Ones(m)
    cases = {
        x: (0, 0),
        ones.T @ x: (1, 0),
        ones.T @ ones: (1, 1),
        x.T @ x: (1, 0),
        c.T @ x: (2, 2),
        expr.Size(m): (0, 1),
    }
    for tree, (vertices, degree) in cases.items():
        found = count(tree, counting(asked, tree))
        assert found.above.vertices >= vertices
        assert sum(found.above.degrees.values(), sum(found.below.degrees.values())) >= degree
