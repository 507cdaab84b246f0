"""What tables and the report need of a verdict, and no more: a class has many."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Marked:
    """An answer with its verdict.

    Attributes:
        wrong_line: the first wrong line and what is said of it, of an answer of several lines.
        mistakes: codes and messages.
        value: names the value of the answer; the answer itself where it has none.
        is_valued: whether it has one.
    """

    id: str | int
    question: str | None
    answer: str
    verdict: str
    reason: str
    score: float
    wrong_line: tuple[str, str] | None
    mistakes: tuple[tuple[str, str], ...]
    value: str
    is_valued: bool

    @classmethod
    def of(cls, row: Mapping[str, Any], answer: str, value: str) -> Marked:
        """What is needed of a row of `verdicts.jsonl`."""
        number = row["first_wrong_line"]
        several = row["lines"] if len(row["lines"]) > 1 else ()
        wrong = next((line for line in several if line["line"] == number), None)
        return cls(
            row["id"],
            row["question"],
            answer,
            row["verdict"],
            row["reason"],
            row["score"],
            None if wrong is None else (wrong["latex"], wrong["note"]),
            tuple(dict.fromkeys((each["code"], each["message"]) for each in row["mistakes"])),
            value or answer,
            bool(value),
        )
