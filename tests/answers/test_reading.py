r"""The lines of answers: what is known at once is read as what has to be decided is."""

import pytest

import symbackprop as sb
from symbackprop.answers import reading
from symbackprop.answers.question import Question
from symbackprop.answers.reading import read_answer
from symbackprop.network import MLP

NETWORK = sb.Network(
    "z_1 = W_1 x + b_1",
    r"h_1 = \sigma(z_1)",
    "z_2 = W_2 h_1 + b_2",
    r"L = \ell(z_2, y)",
    shapes={"x": "d", "y": "k", "W_1": "m x d", "W_2": "k x m", "b_1": "m", "b_2": "k"},
)
OWN = (r"\frac{\partial L}{\partial z_1}", NETWORK)
LECTURE = (r"\frac{\partial L}{\partial \vec{z}_l}", MLP())
ROW = (r"\frac{\partial L}{\partial \vec{w}_{0,j}^\top}", MLP())
PLACED = r"(\vec{0} \quad \dots \quad \vec{x} \quad \dots \quad \vec{0})"
ANSWERS = [
    (*OWN, r"(W_2^\top \frac{\partial L}{\partial z_2}) \odot \sigma'(z_1)"),
    (*OWN, r"\frac{\partial L}{\partial z_1} = W_2^\top \frac{\partial L}{\partial z_2} \odot h_1 \odot (1 - h_1)"),
    (*OWN, "= W_2^\\top \\frac{\\partial L}{\\partial z_2} \\odot \\sigma'(z_1)"),
    (*OWN, r"\frac{\partial L}{\partial z_1} = z_1 \\ = h_1 \\ \frac{\partial L}{\partial b_1} = x"),
    (*OWN, r"\delta = \frac{\partial L}{\partial z_2} \\ W_2^\top \delta \odot \sigma'(z_1) \\ = (W_2^\top \delta)"),
    (*OWN, r"W_2^\top \delta \\ \delta = z_1 \\ \delta"),
    (*OWN, r"\frac{\partial L}{\partial z_1} = z_1, \quad \frac{\partial L}{\partial b_1} = z_1"),
    (*OWN, r"0 \\ = 0 \\ z_1 = 0 \\ x \\ = h_1"),
    (*OWN, " ".join([r"h_1^\top h_1"] * 40) + " z_1"),
    (*OWN, r"z_1 + (z_1"),
    (*OWN, r"a = \frac{\partial L}{\partial z_1} \\ a = z_1"),
    (*LECTURE, r"D_l W_l^\top \frac{\partial L}{\partial \vec{z}_{l+1}}"),
    (*LECTURE, r"\frac{\partial L}{\partial \vec{z}_l} = D_l (\frac{\partial L}{\partial \vec{h}_l})"),
    (*LECTURE, r"\prod_{k=l}^L \left[D_k W_k^\top\right] \frac{\partial L}{\partial \hat{\vec{y}}}"),
    (*ROW, rf"{PLACED} \prod_{{l=1}}^L [D_l W_l^\top] \frac{{\partial L}}{{\partial \hat{{\vec{{y}}}}}}"),
    (
        *ROW,
        rf"{ROW[0]} &= {PLACED} \frac{{\partial L}}{{\partial \vec{{z}}_1}} \\ &= \vec{{x}} \left\|{PLACED}\right\|_F",
    ),
]


def lines_of(text, question):
    """All that was read, with every span."""
    return [
        (line.cut, line.head, [(side.tree, side.relation, side.spans) for side in line.sides], line.name, line.assumed)
        if line.error is None
        else (type(line.error), line.error.message, line.error.text, line.error.span, line.head)
        for line in read_answer(text, question).lines
    ]


@pytest.mark.parametrize(("ask", "network", "text"), ANSWERS)
def test_what_is_known_at_once_is_read_as_all_else_is(ask, network, text, monkeypatch):
    question = Question(ask, network)
    first = lines_of(text, question)
    # what stood in it is known now
    for _ in range(2):
        assert lines_of(text, question) == first
    with monkeypatch.context() as patched:
        patched.setattr(reading, "read_at_once", lambda *_: None)
        assert lines_of(text, question) == first
        assert lines_of(text, Question(ask, network)) == first


def test_much_is_known_at_once(monkeypatch):
    ask, network, text = ANSWERS[0]
    question = Question(ask, network)
    read_answer(text, question)
    found = []
    at_once = reading.read_at_once
    monkeypatch.setattr(reading, "read_at_once", lambda *given: found.append(at_once(*given)) or found[-1])
    read_answer(text, question)
    assert found[-1] is not None


def test_a_product_of_too_many_factors_is_refused_in_parentheses_too():
    question = Question(*OWN)
    for text in ("L L", "(L L)", "L L"):
        assert read_answer(text, question).lines[0].error is None
    for text in ("L " * 70, "(" + "L " * 70 + ")"):
        (line,) = read_answer(text, question).lines
        assert line.error is not None
        assert "70 factors" in line.error.message
