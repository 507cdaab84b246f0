"""An assignment: a title and its questions, from a TOML file.

Any key of a question may stand at the top level; there it is meant for each question that does not say otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from symbackprop.answers.question import Question
from symbackprop.errors import SymbackpropError
from symbackprop.given_file import table_in
from symbackprop.grading.question_table import EQUATIONS, KEYS, question_of
from symbackprop.grading.tables import Table

# what is of each question by itself
OWN = ("id", "ask", "points")
FOR_ALL = tuple(key for key in KEYS if key not in OWN)


@dataclass(frozen=True)
class Task:
    """A question of an assignment as it is written.

    Attributes:
        id: its name, unique in the assignment.
        points: what a right answer earns.
        table: all that is said of it, as plain data that another process can be told.
        where: words for its place.
    """

    id: str
    points: float
    table: Mapping[str, Any]
    where: str

    @property
    def ask(self) -> str:
        asked: str = self.table["ask"]
        return asked

    @cached_property
    def written(self) -> str:
        """All that verdicts depend on, as text: points only weigh them."""
        said = {key: value for key, value in self.table.items() if key not in ("id", "points")}
        return json.dumps(said, sort_keys=True)

    def question(self) -> Question:
        """The question itself, made anew.

        Raises:
            SymbackpropError: for what cannot be read.
        """
        return question_of(self.table, self.where)


@dataclass(frozen=True)
class Assignment:
    """What a class is asked."""

    title: str
    tasks: tuple[Task, ...]


def read_assignment(path: str | Path) -> Assignment:
    """The assignment in a TOML file; each of its questions can be read.

    Raises:
        SymbackpropError: for a file that cannot be read, or a question that is wrong; the sentence names file, question
            and key, and what to write.
    """
    return assignment_of(table_in(path, "utf-8-sig"), str(path))


def assignment_of(table: Mapping[str, object], where: str) -> Assignment:
    """The assignment that a table says.

    Args:
        where: words for its place, with which every sentence begins.

    Raises:
        SymbackpropError: for what is missing, unknown, twice there or of another kind.
    """
    said = Table(table, where)
    said.only(("title", "question", *FOR_ALL))
    listed = table.get("question")
    if not isinstance(listed, list) or not listed or not all(isinstance(each, dict) for each in listed):
        raise SymbackpropError(f"{where}: it has no questions: write [[question]], and below it id, ask and points")
    for_all = {key: value for key, value in table.items() if key in FOR_ALL}
    tasks: dict[str, Task] = {}
    for number, own in enumerate(listed, 1):
        task = _task(own, for_all, f"{where}, question number {number}", where)
        if task.id in tasks:
            raise SymbackpropError(f"{where}: two questions have the id {task.id!r}: write another one for the second")
        tasks[task.id] = task
    for task in tasks.values():
        task.question()
    return Assignment(said.text("title") or Path(where).stem, tuple(tasks.values()))


def _task(own: Mapping[str, object], for_all: Mapping[str, object], place: str, where: str) -> Task:
    """A question with what is meant for all."""
    if "network" in own:
        for_all = {key: value for key, value in for_all.items() if key not in EQUATIONS}
    elif "given" in own:
        for_all = {key: value for key, value in for_all.items() if key not in ("network", *EQUATIONS)}
    id = Table(own, place).needed("id", '"1a"')
    if any(not c.isprintable() for c in id) or id != id.strip():
        raise SymbackpropError(f'{place}: the id {id!r} has blanks around it or signs without a shape: write "1a"')
    here = Table(own, f"{where}, question {id}")
    here.only((*OWN, *FOR_ALL))
    points = here.number("points", 0)
    return Task(id, 1.0 if points is None else points, {**for_all, **own}, here.where)
