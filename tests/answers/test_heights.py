r"""Numbers that reach the prime of the field: `2^61` is 1 there, in whatever it is hidden, and is never accepted."""

from __future__ import annotations

import time
from math import log2

import pytest

import symbackprop as sb
from symbackprop.answers.comparing import MANY_BITS
from symbackprop.answers.heights import bits_written
from symbackprop.answers.judging import judge
from symbackprop.answers.question import Question
from symbackprop.latex.parse import read

LAYER = ("z = W x + b", r"h = \sigma(z)", r"L = v^\top h")
SMALL = {"W": "3 x 2", "x": "2 x 1", "b": "3 x 1", "v": "3 x 1"}
WIDE = {"W": "3 x 512", "x": "512 x 1", "b": "3 x 1", "v": "3 x 1"}
HALVED = ("z = W x + b", r"h = z / 2", r"L = v^\top h")
ASK = r"\frac{\partial L}{\partial x}"
BY_H = r"\frac{\partial L}{\partial \vec{h}_2}"
RIGHT = r"W^\top (v \odot \sigma'(z))"


def layer(equations=LAYER, shapes=SMALL, ask=ASK, assume=()):
    return Question(ask, sb.Network(*equations, shapes=shapes), assume=assume)


# each of them is 2^61, and so 1 modulo 2^61 - 1
MERSENNE = [
    r"2^{61}",
    # bounds that are large, though the index takes one value
    r"2^{30} (\prod_{k=2147483648}^{2147483648} k)",
    r"2^{30} (\sum_{k=2147483648}^{2147483648} k)",
    r"2^{7} (\sum_{k=512}^{512} k)^6",
    # log' is 1/x
    r"2^{41} \log'(\frac{1}{2^{20}})",
    # a derivative brings an exponent down
    r"2 (\frac{\partial x_1^{32}}{\partial x_1} / x_1^{31})^{12}",
    r"128 (\frac{\partial x_1^{512}}{\partial x_1} / x_1^{511})^6",
]


def test_what_is_right_is_accepted():
    assert judge(layer(), RIGHT).verdict == "correct"
    assert judge(layer(), rf"1^{{61}} (\prod_{{k=1}}^{{1}} k) \log'(1) {RIGHT}").verdict == "correct"


@pytest.mark.parametrize("one", MERSENNE)
def test_a_number_that_is_one_in_the_field_is_another_number(one):
    assert judge(layer(), f"{one} {RIGHT}").verdict != "correct"


@pytest.mark.parametrize("one", MERSENNE)
def test_its_bits_are_seen_before_anything_is_proved(one):
    scope = Question(ASK, sb.Network(*LAYER)).scope
    assert bits_written(read(one, scope=scope).tree) > MANY_BITS
    # by paper: 3/2 has 2.58 bits, 8 has 3, 4^2 has 4 and the exponent 1
    assert bits_written(read(r"\frac{3}{2} + 8 + 4^2 x_1", scope=scope).tree) == pytest.approx(log2(3) + 1 + 3 + 4 + 1)


def test_large_numbers_are_no_fault():
    # 2^61 - 2^61 + 1 = 1, in real numbers too
    assert judge(Question(ASK, sb.Network(*LAYER)), rf"(2^{{61}} - 2^{{61}} + 1) {RIGHT}").verdict == "correct"


@pytest.mark.parametrize("one", [r"128 (\|x/x\|^2)^6", r"128 \|x \oslash x\|^{12}", r"128 (\sum_{i=1}^{512} 1)^6"])
def test_a_size_that_is_summed_over_is_a_number_too(one):
    assert judge(layer(shapes=WIDE), f"{one} {RIGHT}").verdict == "incorrect"


@pytest.mark.parametrize("one", ["2^7 (n_0-1)^6", r"128 \prod_{k=1}^6 (n_0-1)"])
def test_so_is_a_width(one):
    question = Question(BY_H, sb.MLP(widths=[513, 4, 3, 2]))
    assert judge(question, rf"{one} W_2^\top \frac{{\partial L}}{{\partial \hat{{\vec{{y}}}}}}").verdict == "incorrect"


def test_and_how_often_a_width_says_that_something_is_multiplied():
    question = Question(BY_H, sb.MLP(widths=[62, 4, 3, 2]))
    answer = r"(\prod_{k=1}^{n_0-1} 2) W_2^\top \frac{\partial L}{\partial \hat{\vec{y}}}"
    assert judge(question, answer).verdict == "incorrect"


def test_numbers_in_the_equations_count():
    """`z` is `2 h`, so `(z_1/h_1)^61` is `2^61`."""
    half = r"\frac{1}{2} W^\top v"
    assert judge(layer(HALVED), half).verdict == "correct"
    assert judge(layer(HALVED), r"(\frac{z_1}{h_1}) \frac{1}{4} W^\top v").verdict == "correct"
    assert judge(layer(HALVED), rf"(\frac{{z_1}}{{h_1}})^{{61}} {half}").verdict == "incorrect"


@pytest.mark.parametrize(("given", "power"), [(r"x = (2, 3)^\top", "x_1^{61}"), ("y = 2", "y^{61}")])
def test_so_do_numbers_that_are_data(given, power):
    network = sb.Network(r"z = w^\top x", r"L = \frac{1}{2}(z - y)^2", shapes={"w": "2", "x": "2", "y": "scalar"})
    question = Question(r"\frac{\partial L}{\partial w}", network, assume=[given])
    assert judge(question, "(z-y) x").verdict == "correct"
    assert judge(question, f"{power} (z-y) x").verdict == "incorrect"


def test_arguments_of_functions_that_agree_in_the_field():
    r"""`2^{30} z` and `z / 2^{31}` do, as `2^{61}` is 1."""
    answer = rf"{RIGHT} + W^\top (\sigma(2^{{30}} z) - \sigma(\frac{{1}}{{2^{{31}}}} z))"
    assert judge(layer(), answer).verdict != "correct"


@pytest.mark.parametrize(
    "one",
    [
        r"\frac{(L + 1)^{32}}{(L + 1)^{32}}",
        rf"\frac{{{'(L + 1)' * 20}}}{{{'(L + 1)' * 20}}}",
        r"(L / (z^\top z - 2 z^\top y + y^\top y))^{16}",
        r"\frac{1}{512 x_1^{511}} \frac{\partial x_1^{512}}{\partial x_1}",
        r"(\frac{1}{32 x_1^{31}} \frac{\partial x_1^{32}}{\partial x_1})^{12}",
    ],
)
def test_powers_that_are_too_long_to_multiply_out_take_no_time(one):
    shapes = {"W": "H x D", "x": "D x 1", "b": "H x 1", "y": "H x 1"}
    question = layer(("z = W x + b", r"L = \|z - y\|^2"), shapes)
    start = time.process_time()
    assert judge(question, rf"{one} 2 W^\top (z - y)").verdict in ("correct", "undecided")
    assert time.process_time() - start < 2


DATA = [
    r"x = \begin{pmatrix} 0.05 \\ 0.1 \end{pmatrix}",
    r"W = \begin{pmatrix} 0.15 & 0.2 \\ 0.25 & 0.3 \end{pmatrix}",
    r"b = \begin{pmatrix} 0.35 \\ 0.35 \end{pmatrix}",
    r"v = \begin{pmatrix} 0.4 \\ 0.45 \end{pmatrix}",
    "y = 0.01",
]


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (r"(p - 0.01) (v \odot \sigma'(z)) x^\top", "correct"),
        (r"(p - y) (\begin{pmatrix} 0.4 \\ 0.45 \end{pmatrix} \odot \sigma'(z)) x^\top", "correct"),
        (r"(p - y) (v \odot \sigma'(z)) \begin{pmatrix} 0.05 & 0.1 \end{pmatrix}", "correct"),
        (r"(p - 0.1) (v \odot \sigma'(z)) x^\top", "incorrect"),
        (r"(p - y) (\begin{pmatrix} 0.45 \\ 0.4 \end{pmatrix} \odot \sigma'(z)) x^\top", "incorrect"),
        # 20 x_1 + 1 is 2
        (r"(20 x_1 + 1)^{61} (p - y) (v \odot \sigma'(z)) x^\top", "incorrect"),
    ],
)
def test_numbers_may_stand_for_the_data_that_they_are(answer, verdict):
    shapes = {"x": "2", "W": "2 x 2", "b": "2", "v": "2", "y": "scalar", "p": "scalar"}
    equations = ("z = W x + b", r"h = \sigma(z)", r"p = v^\top h", r"L = \frac{1}{2} (p - y)^2")
    assert judge(layer(equations, shapes, r"\frac{\partial L}{\partial W}", DATA), answer).verdict == verdict
