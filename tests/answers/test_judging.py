"""Verdicts on answers, worked out on paper; in each, what is right is right for a reason given there."""

import json

import pytest
from networks import W1, question

import symbackprop as sb
from symbackprop.answers.judging import judge
from symbackprop.answers.question import Question

P = 2**61 - 1
BACK = r"\left(W_2^\top \left((W_3^\top (z_3 - y)) \odot g'(z_2)\right) \odot g'(z_1)\right) x^\top"
RIGHT = [
    BACK,
    r"\operatorname{diag}(g'(z_1)) W_2^\top \operatorname{diag}(g'(z_2)) W_3^\top (z_3 - y) x^\top",
    r"\frac{\partial L}{\partial z_1} x^\top",
    # b_1 is added to W_1 x, so both have one gradient
    r"\frac{\partial L}{\partial b_1} x^\top",
    rf"\frac{{\partial L}}{{\partial W_1}} = {BACK}",
    r"\left(x (z_3 - y)^\top W_3 \operatorname{diag}(g'(z_2)) W_2 \operatorname{diag}(g'(z_1))\right)^\top",
    r"\frac{\partial L}{\partial W_{1,ij}} = "
    r"g'(z_{1,i}) x_j \sum_{q=1}^{n} W_{2,qi} \frac{\partial L}{\partial z_{2,q}}",
    r"\delta_3 = z_3 - y \\ \delta_2 = (W_3^\top \delta_3) \odot g'(z_2) \\"
    r"\delta_1 = (W_2^\top \delta_2) \odot g'(z_1) \\ \frac{\partial L}{\partial W_1} = \delta_1 x^\top",
    r"(1 + 1 - 1) \frac{\partial L}{\partial z_1} x^\top",
]
# a root that is no number of the network; its sign is not known in a field
ROOTS = [
    r"\frac{\sqrt{9}}{-3} \frac{\partial L}{\partial z} x^\top",
    r"\frac{\sqrt{(3 - 14)^2}}{3 - 14} \frac{\partial L}{\partial z} x^\top",
    r"\frac{\sqrt{x_1^2}}{x_1} \frac{\partial L}{\partial z} x^\top",
    r"\frac{\partial ((2147483648 \cdot 1073741824) L)}{\partial z} x^\top",
]
# each is wrong by mathematics, and each passes some cheaper test
AIMED = [
    # 1 in the field of 2^61 - 1 elements
    f"{P + 1} " + r"\frac{\partial L}{\partial z} x^\top",
    r"2^{61} \frac{\partial L}{\partial z} x^\top",
    r"1152921504606846976 \cdot 2 \frac{\partial L}{\partial z} x^\top",
    rf"\frac{{{3 * P + 1}}}{{{2 * P + 1}}} \frac{{\partial L}}{{\partial z}} x^\top",
    rf"\frac{{\partial L}}{{\partial z}} x^\top + {P} W",
    # by Fermat every number to this power is 1
    rf"(x^\top x)^{{{P - 1}}} \frac{{\partial L}}{{\partial z}} x^\top",
    rf"((a - y) \odot \sigma'(z + {P} \mathbf{{1}})) x^\top",
]
AT_SIZES = [
    r"\left(1 + \prod_{q=2}^{12} (m - q)\right) \frac{\partial L}{\partial z} x^\top",
    r"\left(1 + (\mathbf{1}^\top \mathbf{1} - 2)(\mathbf{1}^\top \mathbf{1} - 3)\right) "
    r"\frac{\partial L}{\partial z} x^\top",
]


@pytest.mark.parametrize("answer", RIGHT)
def test_right(answer):
    made = judge(question(W1), answer)
    assert (made.verdict, made.score, made.first_wrong_line) == ("correct", 1.0, None), made.reason
    assert made.certificate is not None
    assert made.certificate.bound < 1e-9
    assert made.witness is None
    assert not made.mistakes


@pytest.mark.parametrize("network", ["logistic", "numbers"])
@pytest.mark.parametrize("answer", AIMED + ROOTS)
def test_an_answer_that_aims_at_the_field_is_not_accepted(answer, network):
    assert judge(question(r"\frac{\partial L}{\partial W}", network), answer).verdict != "correct"


@pytest.mark.parametrize("answer", AT_SIZES)
def test_an_answer_that_aims_at_sizes_is_not_accepted(answer):
    assert judge(question(r"\frac{\partial L}{\partial W}", "logistic"), answer).verdict != "correct"


DEPTH = r"\left(\sum_{q=1}^{L} 1\right)"
LECTURE = {
    r"\prod_{l=1}^{L} [D_l W_l^\top] \frac{\partial L}{\partial \hat{\vec{y}}}": "correct",
    r"\prod_{k=1}^{L-1} [D_k W_k^\top] \frac{\partial L}{\partial \vec{z}_L}": "correct",
    r"\prod_{l=0}^{L-1} [D_{l+1} W_{l+1}^\top] \frac{\partial L}{\partial \hat{\vec{y}}}": "correct",
    r"D_1 W_1^\top \prod_{l=2}^{L} [D_l W_l^\top] \frac{\partial L}{\partial \hat{\vec{y}}}": "correct",
    r"D_1 W_1^\top \frac{\partial L}{\partial \vec{z}_2}": "correct",
    r"\prod_{l=2}^{L} [D_l W_l^\top] \frac{\partial L}{\partial \hat{\vec{y}}}": "incorrect",
    r"\prod_{l=1}^{L-1} [D_l W_l^\top] \frac{\partial L}{\partial \hat{\vec{y}}}": "incorrect",
    # right up to depth 8, wrong from depth 9 on
    rf"\left(1 + \prod_{{k=1}}^{{8}} ({DEPTH} - k)\right) "
    r"D_1 W_1^\top \frac{\partial L}{\partial \vec{z}_2}": "undecided",
    # here the letter is the loss
    r"\left(1 + \prod_{k=1}^{8} (L - k)\right) D_1 W_1^\top \frac{\partial L}{\partial \vec{z}_2}": "incorrect",
}


@pytest.mark.parametrize(("answer", "verdict"), LECTURE.items())
def test_every_depth(answer, verdict):
    made = judge(question(r"\frac{\partial L}{\partial \vec{z}_1}", "lecture"), answer)
    assert made.verdict == verdict, made.reason
    if verdict == "correct":
        assert made.certificate is not None
        assert made.certificate.proof == "induction"


def test_a_rejection_has_real_numbers():
    made = judge(question(W1), "2" + BACK)
    assert made.verdict == "incorrect"
    assert made.witness is not None
    expected, got = made.witness.expected, made.witness.got
    assert got[0][0] == pytest.approx(2 * expected[0][0])
    assert len(made.witness.widths) == len(question(W1).network.sizes)


def test_a_wrong_line_before_a_right_end():
    lines = [r"\frac{\partial L}{\partial W_1} &= \frac{\partial L}{\partial z_1} x^\top"]
    lines += [r"&= -\left((W_2^\top \frac{\partial L}{\partial z_2}) \odot g'(z_1)\right) x^\top", f"&= {BACK}"]
    made = judge(question(W1), r"\begin{align*} " + r" \\ ".join(lines) + r" \end{align*}")
    assert made.verdict == "incorrect"
    assert made.first_wrong_line == 2
    assert [line.verdict for line in made.lines] == ["correct", "incorrect", "correct"]
    assert [mistake.code for mistake in made.mistakes] == ["sign"]
    assert "the last line is right" in made.reason
    assert judge(question(W1, partial="prefix"), r" \\ ".join(lines).replace("&", "")).score == pytest.approx(
        1 / 3, abs=1e-4
    )


def test_what_follows_from_a_wrong_line():
    wrong = rf"{W1} = 2 \frac{{\partial L}}{{\partial z_1}} x^\top \\ = \frac{{\partial L}}{{\partial z_1}} (2 x)^\top"
    made = judge(question(W1), wrong)
    assert made.first_wrong_line == 1
    assert "follows from the line before" in made.lines[1].note


NOT_THE_QUESTION = {
    # another quantity, rightly
    r"\frac{\partial L}{\partial z_1} = (W_2^\top \frac{\partial L}{\partial z_2}) \odot g'(z_1)": (
        "incorrect",
        "says nothing of",
    ),
    r"\left(\frac{\partial L}{\partial W_1^\top}\right)^\top": ("incorrect", "what is asked for"),
    r"A = \frac{\partial L}{\partial W_1} \\ \frac{\partial L}{\partial W_1} = A": ("incorrect", "what is asked for"),
    r"\frac{\partial L}{\partial z_{1,i}} x_j": ("unreadable", "one side only"),
    r"\delta_1 x^\top": ("unreadable", "no quantity here"),
    "": ("unreadable", "no formula"),
    r"W_1 = ": ("unreadable", "nothing stands after"),
}


PARTS = {
    r"\frac{\partial L}{\partial W_{ij}} = (a_i - y_i) a_i (1 - a_i) x_j": "correct",
    r"\left(\frac{\partial L}{\partial W}\right)_{ij} = (a_i - y_i) a_i (1 - a_i) x_j": "correct",
    r"\frac{\partial L}{\partial W_{ij}} = (a_i - y_i) a_i (1 - a_i) x_i": "incorrect",
    # one entry, one column and the diagonal are not the whole
    r"\left(\frac{\partial L}{\partial W}\right)_{12} = (a_1 - y_1) a_1 (1 - a_1) x_2": "incorrect",
    r"\frac{\partial L}{\partial W_{i1}} = (a_i - y_i) a_i (1 - a_i) x_1": "incorrect",
    r"\frac{\partial L}{\partial W_{ii}} = (a_i - y_i) a_i (1 - a_i) x_i": "incorrect",
}


@pytest.mark.parametrize(("answer", "verdict"), PARTS.items())
def test_an_entry_at_letters_says_the_whole(answer, verdict):
    assert judge(question(r"\frac{\partial L}{\partial W}", "logistic"), answer).verdict == verdict


def test_equal_answers_have_equal_values():
    asked = question(W1)
    right = {judge(asked, answer).value for answer in RIGHT if "W_{1,ij}" not in answer}
    wrong = {judge(asked, text).value for text in ("2" + BACK, BACK + r" \cdot 2", BACK + "+" + BACK)}
    assert len(right) == len(wrong) == 1
    assert right != wrong
    assert "" not in right | wrong


@pytest.mark.parametrize(("answer", "said"), NOT_THE_QUESTION.items())
def test_what_is_no_answer(answer, said):
    made = judge(question(W1), answer)
    assert made.verdict == said[0]
    assert said[1] in made.reason


def test_only_what_may_be_used():
    asked = question(W1, in_terms_of=(r"\frac{\partial L}{\partial z_1}", "x"))
    assert judge(asked, r"\frac{\partial L}{\partial z_1} x^\top").verdict == "correct"
    made = judge(asked, BACK)
    assert made.verdict == "incorrect"
    assert [mistake.code for mistake in made.mistakes] == ["not-in-terms-of"]


def test_layouts():
    turned = r"x \frac{\partial L}{\partial z_1}"
    assert judge(question(W1, layout="numerator"), turned).verdict == "correct"
    assert judge(question(W1, layout="numerator"), BACK).verdict == "incorrect"
    other = r"x \left(\frac{\partial L}{\partial z_1}\right)^\top"
    made = judge(question(W1), other)
    assert (made.verdict, [mistake.code for mistake in made.mistakes]) == ("incorrect", ["transposed-layout"])
    assert judge(question(W1, transposed="accept"), other).verdict == "correct"
    assert judge(question(W1, transposed="accept"), "2" + other).verdict == "incorrect"


def test_bounds():
    ask = r"\left\| \frac{\partial L}{\partial \vec{h}_L} \right\|"
    sizes = r"\left\| W_L^\top \frac{\partial L}{\partial \hat{\vec{y}}} \right\|"
    longer = r"\left\| W_L^\top \right\|_2 \left\| \frac{\partial L}{\partial \hat{\vec{y}}} \right\|"
    asked = question(ask, "lecture")
    assert judge(asked, rf"{ask} = {sizes} \le {longer}").verdict == "correct"
    made = judge(asked, rf"{ask} = {sizes} \ge {longer}")
    assert made.verdict == "incorrect"


def test_bounds_by_norms_of_jacobians():
    ask = r"\left\| \frac{\partial L}{\partial \vec{z}_1} \right\|_2"
    jacobian, end = r"\frac{\partial \vec{h}_k}{\partial \vec{z}_k}", r"\|\frac{\partial L}{\partial \hat{\vec{y}}}\|_2"
    bound = rf"\prod_{{k=1}}^{{L}} (\|{jacobian}\|_2 \|W_k\|_2) {end}"
    asked = question(ask, "lecture")
    assert judge(asked, rf"{ask} \le {bound}").verdict == "correct"
    assert judge(asked, rf"{ask} \le {bound.replace('k=1', 'k=2')}").verdict == "incorrect"
    assert judge(asked, rf"{ask} \le \frac{{1}}{{2}} {bound}").verdict == "incorrect"
    # another layer's slopes are no bound
    assert judge(asked, rf"{ask} \le {bound.replace('z}_k', 'z}_{k+1}')}").verdict != "correct"


def test_a_chain_goes_one_way():
    ask = r"\left\| \frac{\partial L}{\partial \vec{h}_L} \right\|"
    bound = r"\left\| W_L^\top \right\|_2 \left\| \frac{\partial L}{\partial \hat{\vec{y}}} \right\|"
    asked = question(ask, "lecture")
    assert judge(asked, rf"{ask} \le {bound} = {bound}").verdict == "correct"
    for answer in (rf"{ask} \le {bound} \ge 0", rf"{ask} \le {bound} \\ \ge 0"):
        made = judge(asked, answer)
        assert (made.verdict, "one chain" in made.reason) == ("incorrect", True)


def test_a_bound_is_no_value_of_a_gradient():
    right = r"(p - y) x^\top"
    asked = question(r"\frac{\partial L}{\partial W}", "softmax")
    assert judge(asked, rf"\frac{{\partial L}}{{\partial W}} = {right}").verdict == "correct"
    for relation in (r"\le", r"\ge"):
        made = judge(asked, rf"\frac{{\partial L}}{{\partial W}} {relation} {right}")
        assert (made.verdict, "a bound" in made.reason) == ("incorrect", True)


@pytest.mark.parametrize(
    "answer",
    [
        r"\frac{\partial (L + 1)}{\partial z}",
        r"\frac{\partial (2 L)}{\partial z} / 2",
        r"\frac{\partial L^2}{\partial z} / (2 L)",
        r"\frac{\partial (-\sum_k y_k \log p_k)}{\partial z}",
        r"-\frac{\partial (y^\top \log(p))}{\partial z}",
        r"2 \frac{\partial}{\partial z} (-\frac{1}{2} \sum_k y_k \log p_k)",
    ],
)
def test_a_derivative_that_is_not_worked_out_restates_the_question(answer):
    made = judge(question(r"\frac{\partial L}{\partial z}", "softmax"), answer)
    assert (made.verdict, [mistake.code for mistake in made.mistakes]) == ("incorrect", ["restates-question"])


def test_on_the_way_it_may_stand():
    way = r"\frac{\partial L}{\partial z} = \frac{\partial}{\partial z} (-\sum_k y_k \log p_k) = p - y"
    assert judge(question(r"\frac{\partial L}{\partial z}", "softmax"), way).verdict == "correct"
    # of what is between it may be used
    asked = question(r"\frac{\partial L}{\partial z}", "softmax")
    assert judge(asked, r"(\frac{\partial p}{\partial z})^\top \frac{\partial L}{\partial p}").verdict == "correct"


def test_the_same_each_time():
    once, again = (json.dumps(judge(question(W1), "2" + BACK).as_json()) for _ in range(2))
    assert once == again
    assert list(json.loads(once)) == [
        "id", "question", "verdict", "reason", "score", "assumed", "lines", "first_wrong_line", "mistakes", "witness",
        "certificate",
    ]  # fmt: skip


def test_targets_are_taken_to_sum_to_one():
    made = judge(question(r"\frac{\partial L}{\partial z}", "softmax"), "p - y")
    assert made.verdict == "correct"
    assert made.assumed


def test_a_sign_that_is_supplied_is_said():
    asked = question(r"\frac{\partial L}{\partial z}", "logistic")
    beside, written = (judge(asked, rf"(a - y) {sign} \sigma'(z)") for sign in ("", r"\odot"))
    assert (beside.verdict, written.verdict) == ("correct", "correct")
    assert any("⊙" in said for said in beside.assumed)
    assert not written.assumed


ROWS = {
    r"\frac{\partial J}{\partial \theta_k} = \hat{y}_k - y_k": "correct",
    r"\frac{\partial J}{\partial \theta_1} = \hat{y}_1 - y_1": "incorrect",
    r"\frac{\partial J}{\partial \theta_k} = \hat{y}_k - y_1": "incorrect",
}


@pytest.mark.parametrize(("answer", "verdict"), ROWS.items())
def test_an_entry_of_a_row_at_a_letter_says_the_whole(answer, verdict):
    network = sb.Network(
        r"\hat{y} = \operatorname{softmax}(\theta)",
        r"J = -\sum_k y_k \log \hat{y}_k",
        shapes={r"\theta": "1 x D", "y": "1 x D"},
        data="rows",
    )
    assert judge(Question(r"\frac{\partial J}{\partial \theta}", network), answer).verdict == verdict


def test_a_gradient_of_zero_has_no_share_that_it_may_be_off():
    network = sb.Network(r"z = w^\top x", r"L = \frac{1}{2}(z - y)^2", shapes={"w": "2", "x": "2", "y": "scalar"})
    data = [r"x = (2, 3)^\top", r"w = (1, 1)^\top", "y = 5"]
    asked = Question(r"\frac{\partial L}{\partial w}", network, assume=data, tolerance=0.01)
    assert judge(asked, r"(0, 0)^\top").verdict == "correct"
    assert judge(asked, "0").verdict == "correct"
    assert judge(asked, r"(0.001, 0)^\top").verdict == "incorrect"


def test_a_product_beyond_the_layers_of_given_widths_is_incorrect() -> None:
    # of a depth of 2 there is no W_3, and no n_4 that its rows would be counted by
    answer = r"W_0^\top \prod_{l=1}^3 \left[ \begin{pmatrix} \tanh'((\vec{z}_l^\top)_1) \end{pmatrix} W_l^\top \right]"
    answer += r" \frac{\partial L}{\partial \hat{\vec{y}}}"
    network = sb.MLP(2, [3, 3, 3, 3], "tanh", "squared_error", "separate")
    found = judge(Question(r"\frac{\partial L}{\partial \vec{x}}", network), answer)
    assert found.verdict == "incorrect"
    assert "there is no width n_4" in found.lines[0].note
