"""Runs of `grade` that are killed at random moments and started again: nothing is lost, nothing is judged twice.

`python tests/grading/kills.py 100` kills a hundred times, with 1,000 answers and the real judge, and says what came of
it.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
OUTPUTS = ("verdicts.jsonl", "fingerprints.jsonl", "grades.csv", "report.html")
PROGRAM = """
import sys
from symbackprop.grading.run import grade
submissions, assignment, folder, workers, judge = sys.argv[1:]
grade(submissions, assignment, folder, workers=int(workers), judge=judge)
"""


@dataclass(frozen=True)
class Campaign:
    """What came of it.

    Attributes:
        kills: that hit a run.
        inside: of these, how many found some answers judged and some not.
        runs: that went on to the end.
        differing: outputs that are not those of a run without kills.
        lost: verdicts that were kept once, and later were not.
    """

    kills: int
    inside: int
    runs: int
    differing: int
    lost: int


def start(submissions: Path, assignment: Path, folder: Path, workers: int, judge: str) -> subprocess.Popen[bytes]:
    """One run in a process of its own."""
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(HERE), os.environ.get("PYTHONPATH", "")])}
    words = [submissions, assignment, folder, workers, judge]
    return subprocess.Popen([sys.executable, "-c", PROGRAM, *map(str, words)], env=env)


def campaign(
    submissions: Path, assignment: Path, folder: Path, kills: int, judge: str, workers: int = 2, seed: int = 0
) -> Campaign:
    """Kill runs until that has been done often enough, each run to the end at last."""
    random_ = random.Random(seed)
    begin = time.monotonic()
    whole = folder / "whole"
    if start(submissions, assignment, whole, workers, judge).wait():
        raise SystemExit("the run without kills has failed")
    longest = time.monotonic() - begin
    wanted = [(whole / name).read_bytes() for name in OUTPUTS]
    total = wanted[0].count(b"\n")
    done = Counter[str]()
    while done["kills"] < kills:
        done["runs"] += 1
        target = folder / f"run {done['runs']}"
        seen: set[str] = set()
        while True:
            process = start(submissions, assignment, target, workers, judge)
            # towards the end of the campaign every run is let through
            wait = random_.uniform(0.02, 0.3) * longest if done["kills"] < kills else None
            try:
                status = process.wait(wait)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
                done["kills"] += 1
                kept = _kept(target)
                done["inside"] += 0 < len(kept) < total
                done["lost"] += len(seen - kept)
                seen |= kept
                continue
            if status:
                raise SystemExit(f"a run has failed with {status}")
            break
        done["lost"] += len(seen - _kept(target))
        found = [(target / name).read_bytes() for name in OUTPUTS]
        done["differing"] += sum(one != two for one, two in zip(found, wanted, strict=True))
    return Campaign(done["kills"], done["inside"], done["runs"], done["differing"], done["lost"])


def _kept(folder: Path) -> set[str]:
    """The whole lines of a journal."""
    file = folder / OUTPUTS[0]
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    return {line for line in text.split("\n")[:-1] if line}


def answers(count: int) -> str:
    """Different answers to the questions of the examples, as JSON lines."""
    forms = {
        "1a": r"{n} \frac{\partial L}{\partial z_{1,j}} \vec{x} - {m} \frac{\partial L}{\partial z_{1,j}} \vec{x}",
        "2a": r"x^\top \left((\hat{y} - y) W_2^\top \odot h \odot ({n} - {m} h)\right)",
        "2b": r"({n} \hat{y} - {m} y) W_2^\top \odot h \odot (1 - h)",
    }
    lines = []
    for number in range(count):
        question = list(forms)[number % 3]
        text = forms[question].replace("{n}", str(number // 3 + 1)).replace("{m}", str(number // 3 % 7))
        lines.append(json.dumps({"id": f"student {number}", "question": question, "answer": text}) + "\n")
    return "".join(lines)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        (place / "answers.jsonl").write_text(answers(1000), encoding="utf-8")
        homework = ROOT / "examples" / "homework" / "assignment.toml"
        made = campaign(place / "answers.jsonl", homework, place, int(sys.argv[1]), "symbackprop.answers.judging:judge")
    print(made)
    sys.exit(made.differing or made.lost)
