"""Every derivation and topic in every notation: printed in full, spoken, and without an arrow of the lecture's."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from symbackprop.library import derive, names
from symbackprop.network import MLP
from symbackprop.notations import names as notations
from symbackprop.notations import notation
from symbackprop.render import markdown, typ
from symbackprop.render.arranged import turned
from symbackprop.render.document import document
from symbackprop.topic import Topic

COURSES = [name for name in notations() if name != "lecture"]
NAMES = [name for name in names() if name != "lecture"]
# no course but the lecture has arrows
ARROW = re.compile(r"\\vec|\\overrightarrow")


@pytest.mark.parametrize("course", COURSES)
@pytest.mark.parametrize("name", NAMES)
def test_a_topic_in_a_course(name: str, course: str) -> None:
    letters = notation(course)
    made = derive(name, MLP(bias=letters.bias))
    text = markdown.source(document(made, letters, subproofs=name in ("weight_matrix", "preactivation")))
    assert not ARROW.search(text)


@pytest.mark.parametrize("bias", ["augmented", "separate"])
@pytest.mark.parametrize("name", NAMES)
def test_every_network_is_about_columns(name: str, bias: str) -> None:
    """So each is turned in a course about rows, and in no other."""
    made = derive(name, MLP(bias=bias))
    parts = [made, *made.derivations] if isinstance(made, Topic) else [made]
    assert {each.network.data for each in parts} == {"columns"}


def test_ridge_regression_as_courses_write_it() -> None:
    made = derive("weight_decay", MLP(bias="separate"))
    columns, rows = (same(markdown.source(document(made, course))) for course in ("goodfellow", "cs224n"))
    assert r"=2(\mathbf{W}(\mathbf{X}\mathbf{X}^\top+\lambdaI)-\mathbf{Y}\mathbf{X}^\top)" in columns
    assert r"=2((\mathbf{X}^\top\mathbf{X}+\lambdaI)\mathbf{W}-\mathbf{X}^\top\mathbf{Y})" in rows
    assert r"(\nabla_{\mathbf{a}^{(k)}}J)\mathbf{h}^{(k-1)\top}+2\lambda\mathbf{W}^{(k)}" in columns
    assert r"\mathbf{h}_{l-1}^\top\boldsymbol{\delta}_l+2\lambda\mathbf{W}_l" in rows


def same(text: str) -> str:
    return re.sub(r"\s+|\\left|\\right", "", text)


@pytest.mark.parametrize("data", ["rows", "columns"])
@pytest.mark.parametrize("layout", ["denominator", "numerator"])
def test_what_is_spoken_agrees_with_what_is_printed(layout: str, data: str) -> None:
    letters = replace(notation("ng"), data=data)
    made = derive("weight_matrix", MLP(bias="separate"), layout=layout)
    source = typ.source(document(made, letters))
    assert "W of layer l plus one" in source
    first, second = ("A of layer l minus one", "Z l") if data == "rows" else ("Z l", "A of layer l minus one")
    words = re.search(r'block: true, alt: "the partial derivative[^"]* equals ([^"]*)"', source)
    assert words is not None
    spoken = words.group(1)
    is_first = spoken.index(first) < spoken.index(second)
    assert is_first == (layout == "denominator")


def test_layers_are_spoken_as_they_are_counted() -> None:
    source = typ.source(document(derive("weight_matrix", MLP(bias="separate")), "nielsen"))
    assert "the product over k from l to capital L minus 1 of" in source
    assert "sigma prime of z k" in source


@pytest.mark.parametrize(
    ("words", "other"),
    [
        ("The last column of W holds the biases.", "The last row of W holds the biases."),
        ("Columns and rows", "Rows and columns"),
        ("the column-placement matrix", "the row-placement matrix"),
        ("first factor out", "last factor out"),
        ("at z = 0 the slope from the left is taken", "at z = 0 the slope from the left is taken"),
        ("tomorrow, a throw", "tomorrow, a throw"),
    ],
)
def test_sentences_are_turned_as_formulas_are(words: str, other: str) -> None:
    assert turned(words) == other
    assert turned(other) == words


def test_rows_in_the_letters_of_the_lecture() -> None:
    rows = notation("lecture").with_data("rows")
    text = markdown.source(document(derive("bias"), rows))
    assert r"\vec{z}_{l+1} = \vec{h}_l W_l" in text
    assert "Examples are rows: every vector is a row, and $W_l$, $n_l \\times (n_{l+1} - 1)$" in text
    assert "the last row of $W_l$ holds the biases" in text
    assert "the index falls from left to right" in text
    assert "and a last row of zeros, for the bias unit is constant" in text


def test_numbers_stay_in_the_letters_of_the_lecture_and_say_so() -> None:
    text = markdown.source(document(derive("exploding_gradients", MLP(bias="separate")), "cs231n"))
    assert "keep the letters of the lecture" in text
    assert "keep the letters" not in markdown.source(document(derive("bias"), "cs231n"))
