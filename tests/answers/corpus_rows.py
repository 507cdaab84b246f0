"""The answers in tests/answers/corpus: the questions, the rows of every theme, and the known failures."""

from __future__ import annotations

import json
import tomllib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from symbackprop.answers.judging import judge
from symbackprop.answers.question import Question
from symbackprop.given import Network
from symbackprop.network import MLP

FOLDER = Path(__file__).parent / "corpus"
KNOWN = FOLDER / "known_failures.jsonl"
OF_ANSWERS = ("in_terms_of", "assume")
# in place of a verdict
ERROR = "error"


@dataclass(frozen=True)
class Row:
    """An answer, and what mathematics says of it.

    Attributes:
        theme: the file that it is in.
        question: the id of a question in questions.toml.
        verdict: one of `VERDICTS`.
        mistake: the code of the one mistake that was made; None where there is none, or no code for it.
        why: what is not obvious.
    """

    theme: str
    question: str
    answer: str
    verdict: str
    mistake: str | None = None
    why: str = ""

    @property
    def key(self) -> tuple[str, str]:
        return self.question, self.answer


@cache
def rows() -> tuple[Row, ...]:
    """All answers, theme by theme."""
    files = sorted(path for path in FOLDER.glob("*.jsonl") if path != KNOWN)
    return tuple(Row(path.stem, **table) for path in files for table in _lines(path))


@cache
def _by_question() -> Mapping[str, tuple[Row, ...]]:
    found = defaultdict(list)
    for row in rows():
        found[row.question].append(row)
    return {name: tuple(own) for name, own in found.items()}


def of_question(name: str) -> tuple[Row, ...]:
    """The answers to one question."""
    return _by_question()[name]


@cache
def known() -> Mapping[tuple[str, str], str]:
    """What is printed in place of the expected verdict, by question and answer, where that is known."""
    return {(table["question"], table["answer"]): table["printed"] for table in _lines(KNOWN)}


@cache
def questions() -> Mapping[str, Mapping[str, Any]]:
    """The tables of questions.toml by their ids."""
    table = tomllib.loads((FOLDER / "questions.toml").read_text(encoding="utf-8"))
    return {each["id"]: each for each in table["question"]}


@cache
def question(name: str) -> Question:
    """A question, prepared once for all answers to it."""
    table = questions()[name]
    options = {key: table[key] for key in OF_ANSWERS if key in table}
    notation = table.get("notation")
    if "given" not in table:
        return Question(table["ask"], MLP(**table["network"]), id=name, notation=notation, **options)
    network = Network(table["given"], shapes=table["shapes"], data=table.get("data"), notation=notation or "lecture")
    return Question(table["ask"], network, id=name, **options)


@dataclass(frozen=True)
class Outcome:
    """What is printed for an answer.

    Attributes:
        verdict: the word; "error" where judging fails.
        reason: one sentence.
        mistakes: the codes that are named.
    """

    verdict: str
    reason: str
    mistakes: tuple[str, ...] = ()


def outcome(row: Row) -> Outcome:
    """The answer judged."""
    try:
        made = judge(question(row.question), row.answer)
    except Exception as error:
        return Outcome(ERROR, f"{type(error).__name__}: {error}")
    return Outcome(made.verdict, made.reason, tuple(mistake.code for mistake in made.mistakes))


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
