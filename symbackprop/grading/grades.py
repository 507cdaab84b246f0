"""`grades.csv`: a row for each student, points for each question and their sum."""

from __future__ import annotations

from collections.abc import Sequence

from symbackprop.grading.assignment import Assignment
from symbackprop.grading.marked import Marked

# what a spreadsheet takes for the beginning of a formula, or drops before one; some know the wide forms too
_FORMULA = frozenset("=+-@\t\r\n＝＋－＠")


def grades_csv(assignment: Assignment, marked: Sequence[Marked]) -> bytes:
    """The table, students in the order of their first answers; a question that one did not answer is empty."""
    points: dict[str, dict[str, float]] = {}
    tasks = {task.id: task for task in assignment.tasks}
    for each in marked:
        own = points.setdefault(str(each.id), {})
        task = tasks.get(each.question or "")
        if task is not None:
            # one sound answer to a question counts, and broken ones beside it have no points
            own[task.id] = max(own.get(task.id, 0.0), each.score * task.points)
    lines = [["id", *tasks, "total"]]
    for id, own in points.items():
        lines.append([id, *(number(own[name]) if name in own else "" for name in tasks), number(sum(own.values()))])
    return "".join(",".join(map(cell, line)) + "\n" for line in lines).encode()


def cell(text: str) -> str:
    """A text as a cell that no spreadsheet runs: numbers as they are, anything else in quotes.

    Quotes also keep a spreadsheet that expects `;` from cutting a cell there, which could begin with `=`.
    """
    if text.replace(".", "", 1).isdecimal() and text.isascii():
        return text
    begins = {text[:1], text.lstrip()[:1]} - {""}
    harmless = f"'{text}" if begins & _FORMULA else text
    return '"' + harmless.replace('"', '""') + '"' if harmless else ""


def number(value: float) -> str:
    """Points with at most four decimals, and no more than they need."""
    return f"{value:.4f}".rstrip("0").rstrip(".")
