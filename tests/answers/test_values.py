"""Values that are put together of those of parts are what the exact judge finds for the whole."""

import pytest
from networks import W1, question

from symbackprop.answers.comparing import common_samples
from symbackprop.answers.target import Target
from symbackprop.answers.values import MOST, SpentError, Values
from symbackprop.expr import Number, Product, Sum
from symbackprop.judges import exact
from symbackprop.latex.loose import loosened
from symbackprop.latex.parse import read
from symbackprop.shapes import shape

GZ1, GZ2 = r"\frac{\partial L}{\partial z_1}", r"\frac{\partial L}{\partial z_2}"
CONFORMING = [
    rf"{GZ1} x^\top",
    rf"(W_2^\top {GZ2}) \odot g'(z_1) - \frac{{1}}{{2}} h_1",
    rf"\operatorname{{diag}}(g'(z_1)) W_2^\top {GZ2} x^\top x",
    r"\frac{h_1}{x^\top x} + 2 z_1 (y^\top y)",
    r"(z_3 - y)^\top (z_3 - y)",
    r"-W_1^\top W_1 - x x^\top",
]
MISSHAPEN = [r"W_1 W_2", rf"{GZ2} + x", rf"{GZ1} \odot g'(z_2)", r"x x", r"\frac{x}{W_1}"]


def values(asked):
    claim = asked.claim(asked.asked, asked.asked)
    sample = common_samples(asked.asked, asked)[0]
    return Values(sample, claim, asked.network), lambda e: exact.value_in(e, sample, claim)


@pytest.mark.parametrize("text", CONFORMING)
def test_the_value_is_that_of_the_whole(text):
    asked = question(W1)
    tree = read(text, scope=asked.scope).tree
    made, whole = values(asked)
    assert made.shape(tree) == shape(tree, asked.network)
    assert made.value(tree) == whole(tree)
    assert made.value(Sum((tree, tree))) == whole(tree) * 2
    assert made.value(Sum((tree, tree))) != whole(tree)


@pytest.mark.parametrize("text", MISSHAPEN)
def test_what_does_not_conform_has_neither(text):
    asked = question(W1)
    tree = read(text, scope=loosened(asked.scope)).tree
    made, _ = values(asked)
    assert made.shape(tree) is None
    assert made.value(Product((tree, tree))) is None


def test_there_is_an_end_to_what_may_be_asked():
    asked = question(W1)
    target = Target(Number(1), asked.asked, asked)
    shared = target.shared()
    for i in range(MOST - 5):
        target.values.shape(Number(i))
        shared.values.shape(Number(i))
    many = [Number(-i) for i in range(1, 20)]
    with pytest.raises(SpentError):
        list(map(target.values.shape, many))
    # what is found once for all answers has no end of its own
    assert None not in map(shared.values.shape, many)
