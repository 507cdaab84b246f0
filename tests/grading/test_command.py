"""The command `grade` as its users call it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from symbackprop.cli import main

ROOT = Path(__file__).parents[2]
HOMEWORK = ROOT / "examples" / "homework"
ASSIGNMENT = ["--assignment", str(HOMEWORK / "assignment.toml")]


def test_the_class_of_the_examples(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["grade", str(HOMEWORK / "submissions.jsonl"), *ASSIGNMENT, "-o", str(tmp_path / "out"), "--workers", "1"]
    assert main(words) == 0
    said = capsys.readouterr()
    assert said.out == "14 answers: 7 correct, 6 incorrect, 1 unreadable\n"
    assert [line.rpartition("/")[2] for line in said.err.splitlines()] == [
        "verdicts.jsonl",
        "grades.csv",
        "report.html",
    ]
    grades = (tmp_path / "out" / "grades.csv").read_text(encoding="utf-8").splitlines()
    assert grades[:2] == ['"id","1a","1b","2a","2b","total"', '"ada",4,2,3,1,10']
    assert main(words) == 0
    assert "14 verdicts kept from an earlier run" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "read", "write"),
    [
        (["none.jsonl", *ASSIGNMENT, "-o", "out"], "none.jsonl", "cannot be read"),
        (
            [str(HOMEWORK / "submissions.jsonl"), "--assignment", "none.toml", "-o", "out"],
            "none.toml",
            "cannot be read",
        ),
        ([str(HOMEWORK / "submissions.jsonl"), *ASSIGNMENT, "-o", "out", "--workers", "two"], "'two'", "--workers 2"),
        ([str(HOMEWORK / "submissions.jsonl"), *ASSIGNMENT, "-o", "out", "--workers", "0"], "0", "--workers 1"),
    ],
)
def test_wrong_usage_is_one_sentence_and_leaves_nothing(
    words: list[str],
    read: str,
    write: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["grade", *words]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert read in said.err
    assert write in said.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_an_interruption_is_a_sentence(tmp_path: Path) -> None:
    answers = tmp_path / "answers.jsonl"
    lines = [
        f'{{"id": "{n}", "question": "2a", "answer": "x^T ((\\\\hat y - y) W_2^T \\\\odot {n} h)"}}\n'
        for n in range(5000)
    ]
    answers.write_text("".join(lines), encoding="utf-8")
    words = [sys.executable, "-m", "symbackprop", "grade", str(answers), *ASSIGNMENT, "-o", str(tmp_path / "out")]
    process = subprocess.Popen([*words, "--workers", "1"], stderr=subprocess.PIPE, encoding="utf-8", cwd=ROOT)
    journal = tmp_path / "out" / "verdicts.jsonl"
    while not (journal.exists() and journal.stat().st_size):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "of 5,000 answers are judged and kept, and the same command goes on from there" in said
    assert not (tmp_path / "out" / "grades.csv").exists()
