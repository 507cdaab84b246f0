"""Each mistake by its name, in answers that somebody might write; and the place that is marked."""

import pytest
from networks import W1, question

import symbackprop as sb
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


@pytest.mark.parametrize(("ask", "answer", "code"), LECTURE)
def test_named_in_the_lecture(ask, answer, code):
    made = judge(question(ask, "lecture"), answer)
    assert made.verdict == "incorrect"
    assert [mistake.code for mistake in made.mistakes] == [code], [each.message for each in made.mistakes]


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
    # transposes, signs, scale, terms, activations, layers, products, entries, skipped
    assert len(families()) == 9
