"""Judges for tests, which worker processes import by name."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from symbackprop.answers.verdict import CORRECT, INCORRECT, Line, Mistake, Verdict
from symbackprop.errors import SymbackpropError

JUDGED = "SYMBACKPROP_TEST_JUDGED"


def quick(question: Any, answer: str) -> Verdict:
    """Correct are answers that begin with `right`; some words do harm."""
    log = os.environ.get(JUDGED)
    if log:
        with Path(log).open("a", encoding="utf-8") as file:
            file.write(f"{os.getpid()} {question.id} {answer}\n")
    word = answer.partition(" ")[0]
    if word == "crash":
        os._exit(3)
    if word == "hang":
        while True:
            pass
    if word == "sleep":
        time.sleep(600)
    if word == "memory":
        held = bytearray(4 << 30)
        return Verdict(CORRECT, str(len(held)))
    if word == "raise":
        raise ZeroDivisionError("nothing is divided by nothing\nat all")
    if word == "refuse":
        raise SymbackpropError("this is refused")
    if word == "print":
        print("verdict", flush=True)
    if word.startswith("right"):
        return Verdict(CORRECT, "the value is right", 1.0, valued="1")
    lines = tuple(Line(n, text, INCORRECT, "no", (0, 1)) for n, text in enumerate(answer.split("\n"), 1))
    mistake = Mistake("sign", f"the sign of {answer} is wrong", (0, 1))
    return Verdict(INCORRECT, "it has another value", 0.25, (), lines, 1, (mistake,), valued=answer[:1])


def once(question: Any, answer: str) -> Verdict:
    """Answers beginning with `crash` end the first process that judges them, and are right in the second."""
    mark = Path(os.environ[JUDGED] + answer.replace(" ", "-"))
    if answer.startswith("crash") and not mark.exists():
        mark.touch()
        os._exit(3)
    return quick(question, f"right {answer}")


def slow(question: Any, answer: str) -> Verdict:
    """As `quick`, in a few milliseconds."""
    time.sleep(0.003)
    return quick(question, answer)
