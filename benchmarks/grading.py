"""A class of thousands: how many answers a second `grade` judges, and how much memory that takes.

`python -m benchmarks.grading` prints the full size alone. The answers are those of the examples' homework in the ways
in which people write them, right and wrong, half of them different; an answer that is there twice is judged once.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks.plan import FULL, Plan
from benchmarks.table import Row, digits, duration, failure, table
from benchmarks.timing import ROOT, installed

HOMEWORK = ROOT / "examples" / "homework" / "assignment.toml"
SEED = 1
# seconds between two looks at the memory of the processes
TICK = 0.2
# parts of answers, one of each line being taken; `{n}` is a number, `{m}` the next one
PARTS: dict[str, tuple[str, ...]] = {
    "ERROR": (r"(\hat{y} - y)", r"(\hat y-y)", r"\left(\hat{y} - y\right)", r"({m} (\hat{y} - y) - {n} (\hat{y} - y))"),
    "BACK": (r"W_2^\top", r"W_2^T", r"W_2^{\top}", r"({m} W_2 - {n} W_2)^\top"),
    "SLOPE": (r"h \odot (1 - h)", r"h\circ(1-h)", r"(h - h \odot h)", r"({m} h - {n} h) \odot (1 - h)"),
    "INPUT": (r"x^\top", r"x^T", r"x^{\top}", r"({m} x - {n} x)^\top"),
    "GRADIENT": (r"\frac{\partial L}{\partial z_{1,j}}", r"({m} - {n}) \frac{\partial L}{\partial z_{1,j}}"),
    "UP": (r"\frac{\partial L}{\partial \hat{y}}", r"({m} - {n}) \frac{\partial L}{\partial \hat{y}}"),
    "JACOBIAN": (r"\frac{\partial \vec{h}_L}{\partial \vec{z}_L}", r"\left(\frac{\partial h_L}{\partial z_L}\right)"),
}
FORMS: dict[str, tuple[str, ...]] = {
    "1a": (
        r"GRADIENT \vec{x}",
        r"\vec{x} GRADIENT",
        r"\frac{\partial L}{\partial \vec{w}_{0,j}^\top} = GRADIENT \vec{x}",
        r"{m} GRADIENT \vec{x}",
        r"GRADIENT \vec{x}^\top",
    ),
    "1b": (r"JACOBIAN W_L^\top UP", r"{m} JACOBIAN W_L^\top UP - {n} JACOBIAN W_L^\top UP", r"JACOBIAN W_L UP"),
    "2a": (
        r"INPUT (ERROR BACK \odot SLOPE)",
        r"\frac{\partial J}{\partial W_1} = INPUT \left(SLOPE \odot (ERROR BACK)\right)",
        "\\begin{align*}\n\\delta_2 &= ERROR \\\\\n\\delta_1 &= \\delta_2 BACK \\odot SLOPE \\\\\n"
        "\\frac{\\partial J}{\\partial W_1} &= INPUT \\delta_1\n\\end{align*}",
        r"INPUT (ERROR BACK)",
        r"INPUT (ERROR W_2 \odot SLOPE)",
        r"INPUT (ERROR BACK \odot h \odot ({n} - h))",
    ),
    "2b": (
        r"ERROR BACK \odot SLOPE",
        r"SLOPE \odot (ERROR BACK)",
        r"ERROR BACK",
        r"-ERROR BACK \odot SLOPE",
        r"\frac{ERROR BACK",
    ),
}
PROGRAM = """
import json, sys
from symbackprop.grading.run import grade
submissions, assignment, folder, workers = sys.argv[1:]
print(json.dumps(dict(grade(submissions, assignment, folder, workers=int(workers)).counts)))
"""


def answers(count: int) -> list[dict[str, str]]:
    """Rows as they are handed in."""
    chosen = random.Random(SEED)
    rows = []
    for number in range(count):
        question = list(FORMS)[number % len(FORMS)]
        text = chosen.choice(FORMS[question])
        for part, ways in PARTS.items():
            text = text.replace(part, chosen.choice(ways))
        n = chosen.randrange(1, 400)
        text = text.replace("{n}", str(n)).replace("{m}", str(n + 1))
        rows.append({"id": f"student {number // len(FORMS)}", "question": question, "answer": text})
    return rows


def grading(plan: Plan) -> Iterator[Row]:
    """A class with one worker and with two."""
    rows = answers(plan.submissions)
    different = len({(row["question"], row["answer"]) for row in rows})
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        handed_in = place / "submissions.jsonl"
        handed_in.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        written = []
        for workers in (1, 2):
            figure = f"grade: {len(rows):,} answers, {workers} worker{'s' * (workers > 1)}"
            folder = place / f"out{workers}"
            seconds, peaks, said = _measured(handed_in, folder, workers)
            if not said:
                yield failure("grading", figure, "the run has failed")
                return
            written.append((folder / "verdicts.jsonl").read_bytes())
            yield Row(
                "grading",
                figure,
                f"{digits(len(rows) / seconds)} a second",
                f"{duration(seconds)}, {digits(different / seconds)} different ones a second",
                numbers={"seconds": seconds, "answers": len(rows), "different": different, "counts": said},
            )
            run, worker = (peaks.get(kind, 0) / (1 << 20) for kind in ("run", "worker"))
            yield Row(
                "grading",
                f"grade: peak memory, {workers} worker{'s' * (workers > 1)}",
                f"{digits(run)} MB",
                f"each worker at most {digits(worker)} MB",
                numbers={"run": peaks.get("run"), "worker": peaks.get("worker")},
            )
        same = written[0] == written[1]
        yield Row(
            "grading", "grade: verdicts of one worker and of two", "the same bytes" if same else "differ", ok=same
        )


def _measured(handed_in: Path, folder: Path, workers: int) -> tuple[float, Mapping[str, int], dict[str, int]]:
    """Seconds of a run, the most memory of its processes by kind, and what it says."""
    words = [sys.executable, "-c", PROGRAM, handed_in, HOMEWORK, folder, workers]
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(installed()), os.environ.get("PYTHONPATH", "")])}
    begin = time.perf_counter()
    process = subprocess.Popen(list(map(str, words)), stdout=subprocess.PIPE, encoding="utf-8", env=env)
    peaks: dict[str, int] = {}
    while process.poll() is None:
        for kind, peak in _memory(process.pid):
            peaks[kind] = max(peaks.get(kind, 0), peak)
        time.sleep(TICK)
    seconds = time.perf_counter() - begin
    assert process.stdout is not None
    with process.stdout as stream:
        said = stream.read()
    return seconds, peaks, json.loads(said) if process.returncode == 0 else {}


def _memory(process: int) -> Iterator[tuple[str, int]]:
    """The most memory that a run and each of its workers has had so far; nothing where the system does not tell."""
    kinds = {process: "run"}
    children = Path(f"/proc/{process}/task/{process}/children")
    if children.exists():
        kinds |= {int(word): "worker" for word in children.read_text().split()}
    for each, kind in kinds.items():
        try:
            status = Path(f"/proc/{each}/status").read_text()
        except OSError:
            continue
        for line in status.splitlines():
            if line.startswith("VmHWM:"):
                yield kind, 1024 * int(line.split()[1])


if __name__ == "__main__":
    print(table(list(grading(FULL))))
