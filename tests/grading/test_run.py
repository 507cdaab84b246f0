"""Whole runs: what is written is the same however the run went, and nothing is judged twice."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from symbackprop import __version__
from symbackprop.answers.judging import judge
from symbackprop.errors import SymbackpropError
from symbackprop.grading.assignment import read_assignment
from symbackprop.grading.run import Graded, grade

OUTPUTS = ("verdicts.jsonl", "fingerprints.jsonl", "grades.csv", "report.html")
HOMEWORK = Path(__file__).parents[2] / "examples" / "homework"
KEYS = "id question verdict reason score assumed lines first_wrong_line mistakes witness certificate"
Row = tuple[str, str, str]
HandIn = Callable[[Sequence[Row]], Path]
# some equal, one of an unknown question
CLASS = [
    *((f"s{n}", "1a", f"right {n % 3}") for n in range(9)),
    *((f"s{n}", "1b", f"wrong {n}\nwrong") for n in range(5)),
    ("s1", "7", "x"),
]


def outputs(folder: Path) -> list[bytes]:
    return [(folder / name).read_bytes() for name in OUTPUTS]


def rows(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "verdicts.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def run(assignment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Graded, list[str]]]:
    """Runs with the quick judge; what came of it, and what was judged."""
    log = tmp_path / "log"
    monkeypatch.setenv("SYMBACKPROP_TEST_JUDGED", str(log))

    def run(submissions: Path, folder: Path, **options: Any) -> tuple[Graded, list[str]]:
        log.unlink(missing_ok=True)
        made = grade(submissions, assignment, folder, **{"judge": "grading_judges:quick", **options})
        lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
        return made, [line.partition(" ")[2] for line in lines if line[:1].isdigit()]

    return run


def test_a_run_judges_equal_answers_once_and_keeps_their_order(
    run: Callable[..., Any], handed_in: HandIn, tmp_path: Path
) -> None:
    made, judged = run(handed_in(CLASS), tmp_path / "out")
    assert made.counts == {"correct": 9, "incorrect": 5, "undecided": 0, "unreadable": 1}
    assert sorted(judged) == sorted([*(f"1a right {n}" for n in range(3)), *(f"1b wrong {n}" for n in range(5))])
    assert [(row["id"], row["question"]) for row in rows(tmp_path / "out")] == [row[:2] for row in CLASS]
    # the keys of the contract, in its order
    assert " ".join(rows(tmp_path / "out")[0]) == KEYS


def test_a_run_that_is_interrupted_goes_on_where_it_was(
    run: Callable[..., Any], handed_in: HandIn, tmp_path: Path
) -> None:
    class_ = handed_in(CLASS)
    run(class_, tmp_path / "whole", workers=2)

    def stop(done: int, total: int) -> None:
        if done >= 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(class_, tmp_path / "cut", progress=stop)
    kept = {(row["id"], row["question"]) for row in rows(tmp_path / "cut")}
    made, judged = run(class_, tmp_path / "cut")
    assert made.kept == len(kept) >= 7
    known = {f"{question} {answer}".partition("\n")[0] for id, question, answer in CLASS if (id, question) in kept}
    assert not known & set(judged)
    assert outputs(tmp_path / "cut") == outputs(tmp_path / "whole")
    # and a third time there is nothing to do
    assert run(class_, tmp_path / "cut")[1] == []
    assert outputs(tmp_path / "cut") == outputs(tmp_path / "whole")


def test_what_has_changed_is_judged_again_and_nothing_else(
    run: Callable[..., Any], handed_in: HandIn, assignment: Path, tmp_path: Path
) -> None:
    first = [("a", "1a", "right 1"), ("b", "1a", "wrong 1"), ("a", "1b", "right 2")]
    run(handed_in(first), tmp_path / "out")
    second = [("new", "1b", "right 3"), ("b", "1a", "right 1"), ("a", "1b", "right 2"), ("a", "1a", "right 1")]
    assert run(handed_in(second), tmp_path / "out")[1] == ["1b right 3"]
    assert [row["verdict"] for row in rows(tmp_path / "out")] == ["correct"] * 4
    text = assignment.read_text(encoding="utf-8")
    # points weigh verdicts and do not change them
    assignment.write_text(text.replace("points = 4", "points = 40"), encoding="utf-8")
    assert run(handed_in(second), tmp_path / "out")[1] == []
    assert (tmp_path / "out" / "grades.csv").read_text().splitlines()[1:] == [
        '"new",,1.5,1.5',
        '"b",40,,40',
        '"a",40,1.5,41.5',
    ]
    assignment.write_text(text.replace("points = 1.5", 'points = 1.5\ntransposed = "accept"'), encoding="utf-8")
    assert sorted(run(handed_in(second), tmp_path / "out")[1]) == ["1b right 2", "1b right 3"]


def test_the_version_is_part_of_what_a_verdict_depends_on(
    run: Callable[..., Any], handed_in: HandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class_ = handed_in([("a", "1a", "right")])
    run(class_, tmp_path / "out")
    monkeypatch.setattr("symbackprop.grading.run.__version__", f"{__version__}.1")
    assert run(class_, tmp_path / "out")[1] == ["1a right"]


def test_kinds_of_input_and_numbers_of_workers_make_no_difference(assignment: Path, tmp_path: Path) -> None:
    """The real judge, on a part of the class of the examples."""
    lines = [json.loads(line) for line in (HOMEWORK / "submissions.jsonl").read_text(encoding="utf-8").splitlines()]
    lines = [row for row in lines if row["question"] in ("1b", "2b")]
    homework = HOMEWORK / "assignment.toml"
    students = sorted({row["id"] for row in lines})
    lines.sort(key=lambda row: (students.index(row["id"]), row["question"]))
    made = [tmp_path / "a.jsonl", tmp_path / "a.csv", tmp_path / "folder"]
    made[0].write_text("".join(json.dumps(row) + "\n" for row in lines), encoding="utf-8")
    cells = [["id", "question", "answer"], *([row["id"], row["question"], row["answer"]] for row in lines)]
    made[1].write_text("\n".join(",".join(f'"{cell}"' for cell in row) for row in cells), encoding="utf-8-sig")
    for row in lines:
        (made[2] / row["id"]).mkdir(parents=True, exist_ok=True)
        (made[2] / row["id"] / f"{row['question']}.tex").write_text(row["answer"], encoding="utf-8", newline="")
    for place, source in enumerate(made):
        grade(source, homework, tmp_path / f"out{place}", workers=1 + place % 2)
    assert outputs(tmp_path / "out0") == outputs(tmp_path / "out1") == outputs(tmp_path / "out2")
    # and they are what the judge says
    questions = {task.id: task.question() for task in read_assignment(homework).tasks}
    told = [judge(questions[row["question"]], row["answer"]).named(row["id"], row["question"]) for row in lines]
    assert rows(tmp_path / "out0") == [json.loads(json.dumps(verdict.as_json())) for verdict in told]


@pytest.fixture
def kills() -> Any:
    """The module with the campaign."""
    found = importlib.util.spec_from_file_location("grading_kills", Path(__file__).parent / "kills.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    # dataclasses look their own module up there
    sys.modules[found.name] = module
    found.loader.exec_module(module)
    return module


def test_kills_at_random_moments_change_nothing(
    kills: Any, assignment: Path, tmp_path: Path, handed_in: HandIn
) -> None:
    class_ = handed_in([(f"s{n}", "1a", f"answer {n}") for n in range(400)])
    made = kills.campaign(class_, assignment, tmp_path, 3, "grading_judges:slow", workers=1, seed=5)
    assert (made.kills, made.differing, made.lost) == (3, 0, 0)


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_no_process_outlives_a_run_that_is_killed(
    kills: Any,
    assignment: Path,
    tmp_path: Path,
    handed_in: HandIn,
    monkeypatch: pytest.MonkeyPatch,
    how: signal.Signals,
) -> None:
    log = tmp_path / "log"
    monkeypatch.setenv("SYMBACKPROP_TEST_JUDGED", str(log))
    process = kills.start(handed_in([("a", "1a", "hang")]), assignment, tmp_path / "out", 1, "grading_judges:quick")
    end = time.monotonic() + 60
    while not log.exists():
        assert time.monotonic() < end
        time.sleep(0.02)
    process.send_signal(how)
    process.wait()
    worker = int(log.read_text().split()[0])
    # a process that has ended is nobody's any more, so it may be gone or waiting to be taken from the table
    while Path(f"/proc/{worker}/stat").exists() and " Z " not in Path(f"/proc/{worker}/stat").read_text():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("options", "words"), [({"workers": 0}, "0 workers"), ({"workers": -1}, "write --workers 1 or more")]
)
def test_wrong_options_are_sentences(
    run: Callable[..., Any], handed_in: HandIn, tmp_path: Path, options: dict[str, int], words: str
) -> None:
    with pytest.raises(SymbackpropError, match=words):
        run(handed_in(CLASS), tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()
