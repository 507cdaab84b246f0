r"""Answers are cut where LaTeX ends a line, and where one equation ends and the next begins."""

import re
from random import Random

import pytest
from networks import W1, question

from symbackprop.answers import lines as cutting
from symbackprop.answers.judging import judge
from symbackprop.answers.lines import MOST_LINES, cut
from symbackprop.latex.errors import ReadingError

CUTS = {
    "a = b": ["a = b"],
    r"\begin{align*} a &= b \\ &= c \\[2pt] &= d \end{align*}": ["a  = b", "= c", "= d"],
    r"$$\begin{aligned} a &= b\\ c&=d \end{aligned}$$": ["a  = b", "c =d"],
    # a matrix keeps its rows
    r"a = \begin{pmatrix} 1 \\ 2 \end{pmatrix}": [r"a = \begin{pmatrix} 1 \\ 2 \end{pmatrix}"],
    r"x = \left( a \\ b \right)": [r"x = \left( a \\ b \right)"],
    # a line break is a space in LaTeX, but between two equations it is not meant as one
    "a = b\nc = d": ["a = b", "c = d"],
    "a = b\n= c": ["a = b", "= c"],
    "a =\n b": ["a =\n b"],
    "a = b\n + c": ["a = b\n + c"],
    "a = b +\nc = d": ["a = b +\nc = d"],
    "a\n b": ["a\n b"],
    "a = b\n\nc": ["a = b", "c"],
    r"\[ a = b \] \[ c = d \]": ["a = b", "c = d"],
    "% a comment\na = b % another": ["a = b"],
    r"a = b \nonumber \\ c = d \label{eq:1}": ["a = b", "c = d"],
    "a = b.": ["a = b."],
}


@pytest.mark.parametrize(("text", "lines"), CUTS.items())
def test_cut(text, lines):
    assert [line.text for line in cut(text).lines] == lines


@pytest.mark.parametrize("text", [text for text in CUTS if len(CUTS[text]) > 1])
def test_a_line_stands_where_it_stood(text):
    for line in cut(text).lines:
        start, end = line.span
        assert len(line.text) == end - start
        assert line.written == text[start:end]
        # only what is no formula is blanked out
        assert all(new in (old, " ") for new, old in zip(line.text, line.written, strict=True))


def test_words_beside_formulas_are_left_out_and_said():
    made = cut("Since $a$ is small, $b = c$.")
    assert [line.text for line in made.lines] == ["a", "b = c"]
    assert made.words is not None
    assert cut("$b = c$").words is None


@pytest.mark.parametrize("text", ["", " \n ", r"\\ \\", "% nothing", "$$ $$"])
def test_nothing_is_refused(text):
    with pytest.raises(ReadingError, match="no formula"):
        cut(text)


def test_too_much_is_refused():
    with pytest.raises(ReadingError, match="at most"):
        cut(r"a = b \\ " * (MOST_LINES + 1))
    with pytest.raises(ReadingError, match="characters"):
        cut("a" * 100_000)


DELTA = r"\underbrace{\frac{\partial L}{\partial z_1}}_{\delta} x^\top"
NAMED = {
    f"{W1} = {DELTA}": "correct",
    rf"{W1} = {DELTA} \\ = \delta x^\top": "correct",
    rf"{W1} = {DELTA} \\ = 2 \delta x^\top": "incorrect",
    rf"\delta := \frac{{\partial L}}{{\partial z_1}}, \quad {W1} = \delta x^\top": "correct",
    rf"{W1} = \delta x^\top, \quad \delta = \frac{{\partial L}}{{\partial z_1}}": "correct",
    rf"{W1} = \delta x^\top, \quad \delta = \frac{{\partial L}}{{\partial h_1}}": "incorrect",
    f"{W1} = {DELTA}".replace("z_1", "h_1"): "incorrect",
    # the name of another quantity
    f"{W1} = {DELTA}".replace(r"{\delta}", "{h_1}"): "unreadable",
    rf"\therefore {W1} = \frac{{\partial L}}{{\partial z_1}} x^\top": "correct",
}


@pytest.mark.parametrize(("answer", "verdict"), NAMED.items())
def test_names_below_braces_and_beside_formulas(answer, verdict):
    assert judge(question(W1), answer).verdict == verdict


PIECES = [
    "a", "=", " ", "\\,", r"\frac{a}{b}", r"\cdot", r"\epsilon", r"\not", r"\left(", r"\right)", ".", ",", "{", "}",
    r"\\", r"\newline", "\n", "%", "$", r"\[", r"\]", "&", r"\begin{align}", r"\end{align}", r"\label{x}",
    r"\therefore ",
]  # fmt: skip


def test_one_line_is_cut_as_several_are(monkeypatch):
    random = Random(0)
    texts = ["".join(random.choices(PIECES[: random.choice((15, None))], k=random.randint(1, 9))) for _ in range(3000)]
    short = [cuts_of(text) for text in texts]
    monkeypatch.setattr(cutting, "_PARTING", re.compile(""))
    for text, found in zip(texts, short, strict=True):
        assert found == cuts_of(text), text


def cuts_of(text):
    """The lines of a text, or why it has none."""
    try:
        return cut(text)
    except ReadingError as error:
        return error.message, error.span
