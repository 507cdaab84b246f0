"""Assignments are read as the contract has them; what is wrong is told with file, question, key and what to write."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from symbackprop.errors import SymbackpropError
from symbackprop.grading.assignment import assignment_of, read_assignment
from symbackprop.grading.question_table import question_of

HOMEWORK = Path(__file__).parents[2] / "examples" / "homework" / "assignment.toml"
GIVEN = {
    "given": "h = \\sigma(x W_1 + b_1)\nJ = \\frac{1}{2} \\|h - y\\|^2",
    "shapes": {"x": "1 x D", "W_1": "D x H", "b_1": "1 x H", "y": "1 x H"},
    "data": "rows",
}
MLP = {"ask": r"\frac{\partial L}{\partial W_1}"}
OWN = {"ask": r"\frac{\partial J}{\partial W_1}"}


def test_the_homework_of_the_examples_is_read() -> None:
    made = read_assignment(HOMEWORK)
    assert made.title == "Homework 3: backpropagation"
    assert [(task.id, task.points) for task in made.tasks] == [("1a", 4), ("1b", 2), ("2a", 3), ("2b", 1)]
    assert made.tasks[0].question().partial == "prefix"
    # a worker is told the tables as JSON
    assert all(json.loads(json.dumps(task.table)) == task.table for task in made.tasks)


def test_keys_at_the_top_are_meant_for_every_question_that_does_not_say_otherwise() -> None:
    table = {
        **GIVEN,
        "transposed": "accept",
        "question": [{"id": "1", **OWN}, {"id": "2", **OWN, "transposed": "reject"}, {"id": "3", **MLP, "network": {}}],
    }
    first, second, third = (task.question() for task in assignment_of({**table}, "f.toml").tasks)
    assert (first.transposed, second.transposed) == ("accept", "reject")
    assert first.network.equations != third.network.equations


@pytest.mark.parametrize(
    ("table", "depth", "bias"),
    [
        ({}, "L", "augmented"),
        ({"network": {"depth": "L", "activation": "g", "loss": "generic", "bias": "augmented"}}, "L", "augmented"),
        ({"network": {"depth": 3, "bias": "separate"}}, "3", "separate"),
        ({"network": {"widths": [4, 5, 5, 3], "activation": "tanh"}}, "2", "augmented"),
        # as the course has it
        ({"notation": "nielsen"}, "L", "separate"),
    ],
)
def test_a_network_is_what_its_table_says(table: dict[str, Any], depth: str, bias: str) -> None:
    ask = r"\frac{\partial C}{\partial w^{l}}" if "notation" in table else MLP["ask"]
    network: Any = question_of({**table, "ask": ask}, "f.toml").network
    assert (str(network.depth), network.bias) == (depth, bias)


# what is put into a question, and words of the sentence
WRONG: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "unknown key": ({"aks": "x"}, ("'aks'", "did you mean ask?")),
    "unknown key of a network": ({"network": {"deph": 2}}, ("'deph'", "depth")),
    "no text": ({"ask": 3}, ("ask = 3", "in quotes")),
    "no formula": ({"ask": r"\frac{"}, ("not closed", "write")),
    "a statement": ({"ask": "x = h_0"}, ("statement", "ask for")),
    "points in quotes": ({"points": "4"}, ("points = '4'", "without quotes")),
    "points below 0": ({"points": -1}, ("points = -1", "at least 0")),
    "points without end": ({"points": float("inf")}, ("points = inf", "at least 0")),
    "network in words": ({"network": "mlp"}, ("network = 'mlp'", "depth = 2")),
    "depth in words": ({"network": {"depth": "two"}}, ("depth = 'two'", "such as 2")),
    "depth 0": ({"network": {"depth": 0}}, ("depth 0", "1 or more")),
    "widths in words": ({"network": {"widths": [4, "5", 3]}}, ("widths", "[4, 5, 5, 3]")),
    "activation": ({"network": {"activation": "tahn"}}, ("tahn", "tanh")),
    "groups": ({"network": {"groups": 1.5}}, ("groups = 1.5", "whole number")),
    "epsilon": ({"network": {"epsilon": 0}}, ("epsilon = 0", "above 0")),
    "both networks": ({"network": {}, "given": "h = x"}, ("both", "leave one")),
    "shapes alone": ({"shapes": {"x": "D"}}, ("shapes", "given")),
    "equations that are none": ({"given": "h"}, ("forward equation", "=")),
    "notation": ({"notation": "mine"}, ("mine", "lecture")),
    "data": ({"data": "across"}, ("data = 'across'", '"rows"')),
    "symbols": ({"symbols": [1]}, ("symbols = [1]", "table of texts")),
    "in terms of a text": ({"in_terms_of": "h_1"}, ("in_terms_of", "list of texts")),
    "assume a list of numbers": ({"assume": [1]}, ("assume = [1]", "list of texts")),
    "assume no equation": ({"assume": ["h_1"]}, ("'h_1'", "a = b")),
    "layout": ({"layout": "left"}, ("layout = 'left'", '"numerator"')),
    "transposed": ({"transposed": True}, ("transposed = True", '"accept"')),
    "partial": ({"partial": "half"}, ("partial = 'half'", '"prefix"')),
    "tolerance": ({"tolerance": 0}, ("tolerance = 0", "above 0")),
    "id as a number": ({"id": 1}, ("question number 1", "id = 1", "in quotes")),
    "id of two lines": ({"id": "1\n2"}, ("question number 1", "id")),
}


@pytest.mark.parametrize(("own", "words"), WRONG.values(), ids=WRONG)
def test_a_wrong_question_is_a_sentence(own: dict[str, Any], words: tuple[str, ...]) -> None:
    with pytest.raises(SymbackpropError) as error:
        assignment_of({"question": [{"id": "1a", **MLP, **own}]}, "f.toml")
    said = str(error.value)
    assert said.startswith("f.toml, question ")
    for word in words:
        assert word in said


TABLES: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "empty": ({}, ("no questions", "[[question]]")),
    "one table": ({"question": {"id": "1"}}, ("no questions", "[[question]]")),
    "an id is missing": ({"question": [MLP]}, ("question number 1", "id is missing", '"1a"')),
    "no ask": ({"question": [{"id": "1a"}]}, ("question 1a", "ask is missing", r"\frac")),
    "two of one id": ({"question": [{"id": "1", **MLP}] * 2}, ("two questions", "'1'")),
    "an unknown key at the top": ({"titel": "x"}, ("'titel'", "did you mean title?")),
    "points at the top": ({"points": 1}, ("'points'",)),
    "title": ({"title": 3, "question": [{"id": "1", **MLP}]}, ("title = 3", "in quotes")),
}


@pytest.mark.parametrize(("table", "words"), TABLES.values(), ids=TABLES)
def test_a_wrong_assignment_is_a_sentence(table: dict[str, Any], words: tuple[str, ...]) -> None:
    with pytest.raises(SymbackpropError) as error:
        assignment_of(table, "f.toml")
    for word in ("f.toml", *words):
        assert word in str(error.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"title = ", "no TOML"), (b"\xff", "UTF-8"), (b"a = " + b"[" * 5000, "no TOML"), (None, "cannot be read")],
)
def test_a_file_that_is_none_is_a_sentence(content: bytes | None, words: str, tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SymbackpropError, match=words):
        read_assignment(file)


def test_a_byte_order_mark_is_no_part_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_text("\ufeff" + HOMEWORK.read_text(encoding="utf-8"), encoding="utf-8")
    assert [task.table for task in read_assignment(file).tasks] == [
        task.table for task in read_assignment(HOMEWORK).tasks
    ]
