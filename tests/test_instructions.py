"""A warm call of compiled gradients executes no more than is recorded: counts, not seconds."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def instructions(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT))
    return importlib.import_module("benchmarks.instructions")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks.instructions", *arguments],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
    )


def test_no_count_rose() -> None:
    """In a process of its own, where nothing else is traced."""
    done = run()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing rose" in done.stdout


def test_every_call_is_recorded_and_nothing_else(instructions: Any) -> None:
    assert set(instructions.recorded()) == set(instructions.CALLS)


# --- what is counted, on paper ----------------------------------------------------------------------------------------


def nothing(*values: Any) -> None:
    return None


A, B = [1, 2, 3], {"x": 2}
NONE = {"calls": 0, "arithmetic": 0, "subscripts": 0, "attributes": 0}


def operations() -> Any:
    return -(A[0] * 3 + 1)


def calls() -> None:
    nothing(1)
    nothing(*A)
    nothing(nothing(values) for values in ())


def parts() -> None:
    A[1] = A[0]
    A[0:2]
    _ = A.append
    B["x"] += 1


def comprehension() -> Any:
    return [value + 1 for value in A]


WANTED: dict[Any, dict[str, int]] = {
    nothing: {},
    operations: {"arithmetic": 3, "subscripts": 1},
    # the generator expression is called as well
    calls: {"calls": 4},
    # one more is read to be added to, and written
    parts: {"arithmetic": 1, "subscripts": 5, "attributes": 1},
    # a function of its own in one release, none in another
    comprehension: {"arithmetic": 3},
}


def test_counts_are_those_on_paper(instructions: Any) -> None:
    for work, wanted in WANTED.items():
        assert instructions.counted(work) == NONE | wanted, work.__name__


def test_bytes_are_those_of_arrays_that_are_held_at_once(instructions: Any) -> None:
    kept = np.ones(100_000)

    def work() -> None:
        np.add(kept + 1, kept + 2)

    # two operands and their sum
    assert 2_400_000 <= instructions.held(work) < 2_410_000
    assert instructions.held(lambda: np.add(kept, 1, out=kept)) < 10_000


# --- a slower call is found -------------------------------------------------------------------------------------------


def slower(instructions: Any, monkeypatch: pytest.MonkeyPatch, extra: Any) -> list[str]:
    """What is said when something more is done for each matrix of a call."""
    from symbackprop.numeric.gradients import Gradients

    right = Gradients.__call__

    def wrong(self: Any, W: Any, *data: Any, out: Any = None) -> Any:
        kept = [extra(w) for w in W]
        return right(self, kept, *data, out=out)

    name = "batch 1, 64 × 32, float64"
    usual = instructions.counts(name)
    monkeypatch.setattr(Gradients, "__call__", wrong)
    return instructions.risen(name, instructions.counts(name), usual)


@pytest.mark.skipif(sys.gettrace() is not None, reason="this process is traced by another")
@pytest.mark.parametrize(
    ("extra", "kind", "by"),
    [
        # one instruction more for each of 33 matrices, and 33 × 64 × 64 numbers of 8 bytes
        (lambda w: np.asarray(w), "calls", 33),
        (lambda w: w + 0, "bytes", 33 * 64 * 64 * 8),
    ],
)
def test_a_slower_call_is_found(
    instructions: Any, monkeypatch: pytest.MonkeyPatch, extra: Any, kind: str, by: int
) -> None:
    said = slower(instructions, monkeypatch, extra)
    (found,) = [words for words in said if f" {kind} rose " in words]
    before, after = (
        int(word.replace(",", "")) for word in found.split(" rose from ")[1].split(", and")[0].split(" to ")
    )
    assert after - before >= by
    assert "python -m benchmarks.instructions --write" in found


@pytest.mark.parametrize(("count", "is_said"), [(1000, False), (1022, False), (1023, True), (10, False)])
def test_a_small_rise_is_let_pass(instructions: Any, count: int, is_said: bool) -> None:
    said = instructions.risen("x", {"calls": count}, {"calls": 1000})
    assert bool(said) is is_said
    assert not said or "x: calls rose from 1,000 to 1,023" in said[0]


def test_what_is_not_recorded_is_said(instructions: Any) -> None:
    assert "--write" in instructions.risen("x", {"calls": 1}, None)[0]
