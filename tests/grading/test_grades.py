"""`grades.csv`: points, sums, and cells that no spreadsheet runs."""

from __future__ import annotations

import csv
import io

import pytest

from symbackprop.grading.assignment import Assignment, Task
from symbackprop.grading.grades import cell, grades_csv, number
from symbackprop.grading.marked import Marked

HOMEWORK = Assignment("t", (Task("1a", 4, {}, ""), Task("=1+1", 1.5, {}, "")))


def marked(id: str | int, question: str | None, score: float) -> Marked:
    return Marked(id, question, "", "correct", "", score, None, (), "", False)


def table(*rows: Marked) -> list[list[str]]:
    return list(csv.reader(io.StringIO(grades_csv(HOMEWORK, rows).decode())))


def test_a_row_for_each_student_in_the_order_of_their_first_answers() -> None:
    found = table(marked("b", "1a", 1), marked("a", "1a", 0.3333), marked("b", "=1+1", 0.5), marked(17, "=1+1", 1))
    assert found == [
        ["id", "1a", "'=1+1", "total"],
        ["b", "4", "0.75", "4.75"],
        ["a", "1.3332", "", "1.3332"],
        ["17", "", "1.5", "1.5"],
    ]


def test_a_broken_row_beside_a_sound_one_has_no_points() -> None:
    assert table(marked("a", "1a", 0), marked("a", "1a", 1), marked("a", None, 0))[1:] == [["a", "4", "", "4"]]


RUN = [
    *("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "＝1"),
    *('=HYPERLINK("http://x","y")', "=cmd|' /C calc'!A0"),
]


@pytest.mark.parametrize("text", RUN)
def test_a_cell_that_a_spreadsheet_would_run_begins_with_an_apostrophe(text: str) -> None:
    assert next(csv.reader(io.StringIO(cell(text), newline=""))) == [f"'{text}"]


@pytest.mark.parametrize("id", [*RUN, "a;=1+1", "a\n=1+1", 'a",=1+1', "a\t=1+1", "a,=1"])
@pytest.mark.parametrize("between", [",", ";", "\t"])
def test_no_cell_of_a_table_begins_with_a_formula_whatever_stands_between(id: str, between: str) -> None:
    text = grades_csv(HOMEWORK, [marked(id, "1a", 1)]).decode()
    for row in csv.reader(io.StringIO(text, newline=""), delimiter=between):
        assert not [each for each in row if each.lstrip()[:1] in {*"=+-@＝"}]


@pytest.mark.parametrize("text", ["a", "é", "O'Neil", "a=b", "12", "0.5", "007", "1 2"])
def test_any_other_cell_is_as_it_was(text: str) -> None:
    assert next(csv.reader([cell(text)]), [""]) == [text]


@pytest.mark.parametrize(("value", "text"), [(4, "4"), (0.0, "0"), (1.5, "1.5"), (2 / 3, "0.6667"), (100.0, "100")])
def test_points_have_no_more_digits_than_they_need(value: float, text: str) -> None:
    assert number(value) == text
