"""A process that dies, hangs or takes too much costs one answer; the others are judged as if nothing had been."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from symbackprop.errors import SymbackpropError
from symbackprop.grading.assignment import read_assignment
from symbackprop.grading.workers import Job, Judged, Limits, judged

LIMITS = Limits(seconds=1.0, megabytes=256)


def run(
    answers: list[str], assignment: Path, workers: int = 1, judge: str = "quick", limits: Limits = LIMITS
) -> dict[str, Judged]:
    """What comes of each answer."""
    jobs = [Job(place, "1a", answer) for place, answer in enumerate(answers)]
    tasks = read_assignment(assignment).tasks
    found = list(judged(jobs, tasks, workers, limits, f"grading_judges:{judge}"))
    assert sorted(each.place for each in found) == list(range(len(answers)))
    return {answers[each.place]: each for each in found}


# an answer that does harm, and what is said of it
HARM = {
    "crash": "it ended the process that judged it",
    "hang": "it took more than 1 s",
    "memory": "it took more than 256 MB of memory",
    "raise": "judging it failed: ZeroDivisionError: nothing is divided by nothing",
    "refuse": "judging it failed: this is refused",
}


def test_each_harm_costs_one_answer(assignment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "log"
    monkeypatch.setenv("SYMBACKPROP_TEST_JUDGED", str(log))
    harmless = [f"right {n}" for n in range(60)]
    answers = list(harmless)
    for place, word in enumerate(HARM):
        answers.insert(5 + 9 * place, word)
    found = run(answers, assignment, workers=2)
    assert {answer: each.failed for answer, each in found.items() if each.verdict is None} == HARM
    assert all(found[answer].value == "1" for answer in harmless)
    # what did no harm is judged once, what did is tried again once
    lines = [line.partition(" ")[2] for line in log.read_text().splitlines()]
    assert sorted(lines) == sorted(f"1a {answer}" for answer in [*harmless, *HARM, *HARM])


def test_what_ended_a_process_by_chance_is_judged_alone_in_another(
    assignment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYMBACKPROP_TEST_JUDGED", str(tmp_path / "log"))
    found = run(["a", "crash", "b"], assignment, judge="once")
    assert all(each.verdict is not None for each in found.values())


def test_an_answer_that_only_waits_ends_too(assignment: Path) -> None:
    found = run(["sleep", "right"], assignment, limits=Limits(seconds=0.2))
    assert (found["sleep"].failed, found["right"].value) == ("it took more than 0.2 s", "1")


def test_what_a_judge_prints_is_no_verdict(assignment: Path) -> None:
    found = run(["print"], assignment)
    assert found["print"].verdict is not None


def test_a_judge_that_cannot_be_loaded_is_a_sentence(assignment: Path) -> None:
    with pytest.raises(SymbackpropError, match=r"does not start: AttributeError.*nobody"):
        run(["a"], assignment, judge="nobody")


def test_no_process_outlives_a_run_that_is_left(
    assignment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log"
    monkeypatch.setenv("SYMBACKPROP_TEST_JUDGED", str(log))
    jobs = [Job(0, "1a", "right"), Job(1, "1a", "hang")]
    tasks = read_assignment(assignment).tasks
    coming = judged(jobs, tasks, 1, Limits(seconds=60), "grading_judges:quick")
    assert next(coming).place == 0
    coming.close()
    assert is_gone(int(log.read_text().split()[0]))


def is_gone(process: int, seconds: float = 10.0) -> bool:
    """Whether a process ends within some time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False
