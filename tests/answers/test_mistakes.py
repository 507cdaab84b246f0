"""Each mistake by its name, in answers that somebody might write; and the place that is marked."""

from pathlib import Path

import pytest
from networks import W1, W2, question

import symbackprop as sb
from symbackprop.answers import mistakes
from symbackprop.answers.diagnosis import families
from symbackprop.answers.judging import judge
from symbackprop.answers.question import Question

GZ1, GZ2 = r"\frac{\partial L}{\partial z_1}", r"\frac{\partial L}{\partial z_2}"
Z1, GH1 = GZ1, r"\frac{\partial L}{\partial h_1}"
D1, D2 = r"\operatorname{diag}(g'(z_1))", r"\operatorname{diag}(g'(z_2))"
GY = r"\frac{\partial L}{\partial \hat{\vec{y}}}"
TO_THE_OUTPUT = r"[D_l W_l^\top] \frac{\partial L}{\partial \hat{\vec{y}}}"
# question, network, answer, code, what is marked
MISTAKES = [
    (Z1, "three", rf"(W_2 {GZ2}) \odot g'(z_1)", "missing-transpose", "W_2"),
    (Z1, "square", rf"(W_2 {GZ2}) \odot g'(z_1)", "missing-transpose", "W_2"),
    (W1, "three", rf"{GZ1} x", "missing-transpose", "x"),
    (r"\frac{\partial L}{\partial h_1}", "square", rf"W_2^\top \left({GZ2}\right)^\top", "extra-transpose", None),
    (W1, "three", rf"x^\top {GZ1}", "swapped-factors", None),
    (Z1, "square", rf"{D1} {D2} W_2^\top W_3^\top (z_3 - y)", "swapped-factors", None),
    (Z1, "three", rf"W_2^\top {GZ2}", "missing-activation-derivative", None),
    (Z1, "three", rf"(W_2^\top {GZ2}) \odot g(z_1)", "activation-for-derivative", "g(z_1)"),
    (Z1, "three", rf"(W_2^\top {GZ2}) \odot h_1", "activation-for-derivative", "h_1"),
    (
        r"\frac{\partial L}{\partial h_1}",
        "three",
        rf"(W_2^\top {GZ2}) \odot g'(z_1)",
        "extra-activation-derivative",
        None,
    ),
    (r"\frac{\partial L}{\partial z}", "logistic", r"(a - y) \odot (1 - a)", "half-derivative", "(1 - a)"),
    (Z1, "three", rf"(W_2^\top {GZ2}) \odot g'(z_2)", "wrong-layer", None),
    (r"\frac{\partial L}{\partial W_2}", "square", rf"{GZ2} x^\top", "wrong-input", "x"),
    (r"\frac{\partial L}{\partial W_2}", "three", rf"{GZ2} z_1^\top", "preactivation-for-hidden", "z_1"),
    (W1, "three", rf"{GZ1} \odot x^\top", "hadamard-for-product", None),
    (r"\frac{\partial L}{\partial z_3}", "three", "2 (z_3 - y)", "extra-factor", None),
    (r"\frac{\partial L}{\partial z_3}", "three", "y - z_3", "sign", None),
    (r"\frac{\partial L}{\partial z_3}", "three", "z_3 + y", "sign", None),
    (W1, "three", rf"x \left({GZ1}\right)^\top", "transposed-layout", None),
    (r"\frac{\partial L}{\partial w}", "ridge", r"\frac{2}{N} X^\top e", "missing-regularizer", None),
    (r"\frac{\partial L}{\partial w}", "ridge", r"2 X^\top e + 2 \lambda w", "sum-for-mean", None),
    (r"\frac{\partial L}{\partial w}", "ridge", r"\frac{1}{N} X^\top e + \lambda w", "missing-factor", None),
    (W1, "three", r"\left(\frac{\partial L}{\partial W_1^\top}\right)^\top", "restates-question", None),
    (W1, "three", r"z_3 - y", "shape", None),
]


@pytest.mark.parametrize(("ask", "network", "answer", "code", "marked"), MISTAKES)
def test_named(ask, network, answer, code, marked):
    made = judge(question(ask, network), answer)
    assert made.verdict == "incorrect"
    assert [mistake.code for mistake in made.mistakes] == [code], [each.message for each in made.mistakes]
    start, end = made.mistakes[0].span
    assert 0 <= start < end <= len(answer)
    if marked is not None:
        assert answer[start:end] == marked
        assert marked in made.mistakes[0].message


LECTURE = [
    (r"\frac{\partial L}{\partial \vec{z}_1}", r"\prod_{l=1}^{L-1}" + TO_THE_OUTPUT, "product-bounds"),
    (r"\frac{\partial L}{\partial \vec{z}_1}", r"\prod_{l=2}^{L}" + TO_THE_OUTPUT, "product-bounds"),
    (r"\frac{\partial L}{\partial \vec{h}_L}", r"W_L \frac{\partial L}{\partial \hat{\vec{y}}}", "missing-transpose"),
    (
        r"\frac{\partial L}{\partial W_L}",
        r"\frac{\partial L}{\partial \hat{\vec{y}}} \vec{h}_{L-1}^\top",
        "wrong-layer",
    ),
]


def test_the_column_of_the_bias():
    asked = Question(r"\frac{\partial L}{\partial \vec{z}_1}", sb.MLP(depth=2))
    right = r"g'(\vec{z}_1) \odot (\tilde{W}_1^\top \frac{\partial L}{\partial \vec{z}_2})"
    assert judge(asked, right).verdict == "correct"
    made = judge(asked, right.replace(r"\tilde{W}_1", "W_1"))
    assert made.verdict == "incorrect"
    assert made.mistakes[0].code in ("bias-column-kept", "shape")


def test_two_mistakes():
    made = judge(question(W1, "square"), rf"-{GZ1} x")
    assert made.verdict == "incorrect"
    assert {mistake.code for mistake in made.mistakes} <= {"sign", "missing-transpose", "shape"}
    made = judge(question(Z1), r"(W_2 (W_3 (z_3 - y) \odot g'(z_2))) \odot g'(z_1)")
    assert [mistake.code for mistake in made.mistakes] == ["missing-transpose"] * 2


def test_no_mistake_is_named_where_no_change_explains_it():
    made = judge(question(W1), r"\left(g'(z_1) \odot g'(z_1) \odot z_1 \odot z_1\right) x^\top")
    assert made.verdict == "incorrect"
    assert not made.mistakes


def test_every_file_has_a_family():
    files = [path for path in Path(mistakes.__file__).parent.glob("*.py") if "ORDER = " in path.read_text("utf-8")]
    assert len(families()) == len(files) > 10


# --- in answers whose parts may not conform, and in other forms than the textbook's ----------------------------------

X = r"\frac{\partial L}{\partial x}"
W, B, Z = r"\frac{\partial L}{\partial W}", r"\frac{\partial L}{\partial b}", r"\frac{\partial L}{\partial z}"
GW = r"\frac{\partial L}{\partial w}"
GP, GA = r"\frac{\partial L}{\partial p}", r"\frac{\partial L}{\partial a}"
# question, network, answer, codes, what is added to see that the name is not given to whatever looks like it
FORMS = [
    # another layer's weight, slope, upstream gradient, input
    (Z1, "three", rf"(W_1^\top {GZ2}) \odot g'(z_1)", ["wrong-layer"], r"z_1 \odot z_1"),
    (Z1, "three", rf"(W_3^\top {GZ2}) \odot g'(z_1)", ["wrong-layer"], r"z_1 \odot z_1"),
    (Z1, "square", rf"(W_1^\top {GZ2}) \odot g'(z_1)", ["wrong-layer"], r"z_1 \odot z_1"),
    (W1, "three", rf"{GZ2} x^\top", ["wrong-layer"], r"W_1 \odot W_1"),
    (W1, "three", rf"\frac{{\partial L}}{{\partial W_1}} = {GZ2} x^\top", ["wrong-layer"], r"W_1 \odot W_1"),
    (W1, "three", rf"{GZ1} h_1^\top", ["wrong-input"], r"W_1 \odot W_1"),
    (W1, "three", rf"{GZ1} h_2^\top", ["wrong-input"], r"W_1 \odot W_1"),
    (r"\frac{\partial L}{\partial W_2}", "square", rf"{GZ2} h_2^\top", ["wrong-layer"], r"W_2 \odot W_2"),
    # a layer left out, or its weight alone
    (X, "three", rf"W_1^\top {GZ2}", ["skipped-layer"], r"x \odot x"),
    (X, "square", rf"W_1^\top {GZ2}", ["skipped-layer"], r"x \odot x"),
    (Z1, "three", rf"{GZ2} \odot g'(z_1)", ["missing-factor", "shape"], r"z_1 \odot z_1"),
    (Z1, "square", rf"{GZ2} \odot g'(z_1)", ["missing-factor"], r"z_1 \odot z_1"),
    # factors in another order
    (Z1, "three", rf"W_2^\top ({GZ2} \odot g'(z_1))", ["swapped-factors"], r"z_1 \odot z_1"),
    (Z1, "square", rf"W_2^\top ({GZ2} \odot g'(z_1))", ["swapped-factors"], r"z_1 \odot z_1"),
    (Z1, "three", rf"W_2^\top {D1} {GZ2}", ["swapped-factors"], r"z_1 \odot z_1"),
    (W1, "three", rf"x^\top \cdot {GZ1}", ["swapped-factors"], r"W_1 \odot W_1"),
    (X, "three", rf"{GZ2} W_2^\top {D1} W_1^\top", ["reversed-product"], r"x \odot x"),
    (X, "square", rf"W_2^\top {D1} W_1^\top {GZ2}", ["reversed-product"], r"x \odot x"),
    # products of the wrong kind
    (Z1, "three", rf"(W_2^\top {GZ2})^\top g'(z_1)", ["product-for-hadamard"], r"z_1 \odot z_1"),
    (W2, "three", rf"{GZ2} \odot h_1", ["hadamard-for-product"], r"W_2 \odot W_2"),
    (W1, "square", rf"{GZ1} x", ["missing-transpose"], r"W_1 \odot W_1"),
    # the transpose of all of it, said of what was asked for
    (W1, "three", rf"{W1} = x \left({GZ1}\right)^\top", ["transposed-layout"], r"W_1 \odot W_1"),
    # slopes
    (W1, "three", rf"{GH1} x^\top", ["missing-activation-derivative"], r"W_1 \odot W_1"),
    (W, "softmax", rf"{GP} x^\top", ["missing-activation-derivative"], r"W \odot W"),
    (W, "softmax", r"((p - y) \odot p \odot (1 - p)) x^\top", ["extra-activation-derivative"], r"W \odot W"),
    (Z, "softmax", r"(\operatorname{diag}(p) - p p^\top) (p - y)", ["extra-activation-derivative"], r"z \odot z"),
    (W, "logistic", r"((a - y) \odot (1 - a)) x^\top", ["half-derivative"], r"W \odot W"),
    (W, "logistic", r"((a - y) \odot a) x^\top", ["activation-for-derivative"], r"W \odot W"),
    # z for h wherever it stands
    (W, "softmax", r"(z - y) x^\top", ["preactivation-for-hidden"], r"W \odot W"),
    (Z, "logistic", rf"{GA} \odot z \odot (1 - z)", ["preactivation-for-hidden"], r"z \odot z"),
    (Z, "logistic", rf"{GA} \odot (W x + b) \odot (1 - (W x + b))", ["preactivation-for-hidden"], r"z \odot z"),
    # factors of any kind
    (B, "softmax", r"(p - y) x^\top", ["extra-factor", "shape"], r"b \odot b"),
    (B, "softmax", r"W^\top (p - y)", ["extra-factor", "shape"], r"b \odot b"),
    (B, "softmax", r"(p - y) \odot b", ["extra-factor"], r"b \odot b"),
    (W, "softmax", r"p - y", ["missing-factor", "shape"], r"W \odot W"),
    (GW, "ridge", r"\frac{2}{N} X^\top e + 2 \lambda", ["missing-factor"], r"w \odot w"),
    (GW, "ridge", r"\frac{2}{N} X^\top e + 2 \lambda \|w\|_2", ["shape"], r"w \odot w"),
    # a term left out of what a quantity is
    (GW, "ridge", r"\frac{2}{N} X^\top X w + 2 \lambda w", ["missing-term"], r"w \odot w"),
    (r"\frac{\partial L}{\partial z_3}", "three", "W_3 h_2 - y", ["missing-term"], r"z_3 \odot z_3"),
    # one component for all
    (B, "softmax", "p_1 - y_1", ["component-for-vector", "shape"], r"y_1 y_1"),
    (W, "softmax", r"(p_1 - y_1) x^\top", ["component-for-vector", "shape"], r"y_1 x^\top"),
    (W, "softmax", r"\frac{\partial L}{\partial z_1} x^\top", ["component-for-vector", "shape"], r"y_1 x^\top"),
]


@pytest.mark.parametrize(("ask", "network", "answer", "codes", "junk"), FORMS)
def test_named_in_other_forms(ask, network, answer, codes, junk):
    made = judge(question(ask, network), answer)
    assert made.verdict == "incorrect"
    assert [mistake.code for mistake in made.mistakes] == codes, [each.message for each in made.mistakes]
    for mistake in made.mistakes:
        start, end = mistake.span
        assert 0 <= start < end <= len(answer)


@pytest.mark.parametrize(("ask", "network", "answer", "codes", "junk"), FORMS)
def test_not_named_where_undoing_it_is_not_right(ask, network, answer, codes, junk):
    """With something else added, taking the mistake back makes nothing right: then it is not named."""
    made = judge(question(ask, network), f"{answer} + {junk}")
    assert made.verdict != "correct"
    assert set(codes).isdisjoint({mistake.code for mistake in made.mistakes} - {"shape"})


ZL = r"\frac{\partial L}{\partial \vec{z}_l}"
DEEP_FORMS = [
    (
        ZL,
        r"D_l W_l^\top \frac{\partial L}{\partial \vec{z}_{l+2}}",
        "skipped-layer",
    ),
    (ZL, r"D_l W_l^\top \frac{\partial L}{\partial \vec{z}_l}", "wrong-layer"),
    (
        ZL,
        r"g'(\vec{z}_l) \odot (W_l^\top \frac{\partial L}{\partial \vec{z}_{l+1}})",
        "bias-column-kept",
    ),
    (
        ZL,
        r"\tilde{W}_l^\top \operatorname{diag}(g'(\vec{z}_l)) \frac{\partial L}{\partial \vec{z}_{l+1}}",
        "swapped-factors",
    ),
    (r"\frac{\partial L}{\partial \vec{z}_1}", rf"\prod_{{l=1}}^{{8}} {TO_THE_OUTPUT}", "product-bounds"),
    (
        ZL,
        r"\prod_{k=l}^{L} [D_l W_l^\top] \frac{\partial L}{\partial \hat{\vec{y}}}",
        "product-bounds",
    ),
    (
        r"\frac{\partial L}{\partial W_l}",
        r"\frac{\partial L}{\partial \vec{h}_{l+1}} \vec{h}_l^\top",
        "missing-activation-derivative",
    ),
]


@pytest.mark.parametrize(("ask", "answer", "code"), [*LECTURE, *DEEP_FORMS])
def test_named_at_any_depth(ask, answer, code):
    made = judge(question(ask, "lecture"), answer)
    assert made.verdict == "incorrect"
    assert [mistake.code for mistake in made.mistakes] == [code], [each.message for each in made.mistakes]


def test_the_verdict_does_not_depend_on_names():
    for ask, network, answer, _, _ in FORMS:
        asked = question(ask, network)
        assert judge(asked, answer, names_mistakes=False).verdict == judge(asked, answer).verdict


def test_what_was_found_for_one_answer_does_not_change_what_is_said_of_the_next():
    def said(asked, answers):
        return [[mistake.as_json() for mistake in judge(asked, answer).mistakes] for answer in answers]

    network = ("z = W x + b", r"a = \sigma(z)", r"L = \frac{1}{2} \|a - y\|^2")
    shapes = {"x": "d", "W": "m x d", "b": "m", "y": "m"}
    answers = [r"((a - y) \odot (1 - a)) x^\top", r"x^\top (a - y)", "W x", r"(a - y) x^\top", "a - y"]
    forward = said(Question(W, sb.Network(*network, shapes=shapes)), answers)
    backward = said(Question(W, sb.Network(*network, shapes=shapes)), answers[::-1])
    assert forward == backward[::-1]
