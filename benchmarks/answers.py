"""Judging an answer: how soon, how many a second, and what other packages say of the same pairs.

`python -m benchmarks --only answers`. Packages that want different versions of one thing cannot be installed together:
`SYMBACKPROP_PEERS` lists further Pythons to look in, as `/tmp/one/bin/python:/tmp/two/bin/python`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from random import Random
from statistics import median

import symbackprop as sb
from benchmarks.answer_peers import PEERS
from benchmarks.answered import answered, means_something_right
from benchmarks.exercises import Exercise, exercises
from benchmarks.mutants import SEED, right_answers, wrong_answers
from benchmarks.plan import Plan
from benchmarks.table import Row, digits, duration, failure, within
from benchmarks.timing import command, installed, python, repeated
from symbackprop.answers.judging import judge
from symbackprop.answers.question import Question
from symbackprop.answers.verdict import CORRECT, INCORRECT
from symbackprop.render.latex import latex

PEER_PATH = Path(__file__).with_name("answer_peers.py")
# seconds for all pairs of one package
PATIENCE = 1500
WARM, COLD, RATE, TIMES = 0.002, 0.2, 5000, 1000
SHORT_SHAPES = {
    "x": "d", "y": "k", "W_1": "m x d", "W_2": "n x m", "W_3": "k x n", "b_1": "m", "b_2": "n", "b_3": "k",
}  # fmt: skip
SHORT_LINES = (
    r"z_1 = W_1 x + b_1", r"h_1 = \sigma(z_1)", r"z_2 = W_2 h_1 + b_2", r"h_2 = \sigma(z_2)",
    r"z_3 = W_3 h_2 + b_3", r"L = \ell(z_3, y)",
)  # fmt: skip
SHORT_ASK = r"\frac{\partial L}{\partial W_2}"
CHECK = ("check", r"\frac{\partial L}{\partial z_{l+1}} h_l^\top", "--ask", r"\frac{\partial L}{\partial W_l}")


@dataclass(frozen=True)
class Pair:
    """A right formula and an answer, and whether the answer is right."""

    exercise: Exercise
    reference: str
    answer: str
    is_right: bool


def beside(plan: Plan) -> Iterator[Row]:
    """All rows."""
    found = exercises(plan.short)
    pairs = _pairs(found, plan.pairs_beside)
    ours, seconds = _ours(pairs)
    yield ours
    slowest = yield from _theirs(pairs)
    yield from _homework(found, plan)
    yield from _short_answers(plan, seconds, slowest)
    yield from _cold(plan)


# --- the same pairs ---------------------------------------------------------------------------------------------------


def _pairs(found: list[Exercise], count: int) -> list[Pair]:
    """As many right ones as wrong ones, each on one line and without a left side."""
    from collections import Counter

    made: list[Pair] = []
    dropped: Counter[str] = Counter()
    for is_right, source in (
        (True, right_answers(found, 10 * count, dropped, SEED + 1)),
        (False, wrong_answers(found, 10 * count, dropped, SEED + 1)),
    ):
        wanted = len(made) + (count + 1) // 2 if is_right else count
        for one in source:
            if len(made) == wanted:
                break
            # what is read as something right is not known to be wrong
            if "=" in one.text or (not is_right and means_something_right(one.text, one.exercise)):
                continue
            question = one.exercise.question
            reference = latex(one.exercise.right[0], question.letters, question.network)
            made.append(Pair(one.exercise, reference, one.text, is_right))
    return made


def _row(name: str, said: list[tuple[bool | None, float]], pairs: list[Pair]) -> Row:
    agreed = list(zip(said, pairs, strict=True))
    right = sum(word is pair.is_right for (word, _), pair in agreed)
    accepted = sum(word is True and not pair.is_right for (word, _), pair in agreed)
    rejected = sum(word is False and pair.is_right for (word, _), pair in agreed)
    refused = sum(word is None for (word, _), _ in agreed)
    time_each = median(seconds for _, seconds in said)
    beside = f"falsely accepted {accepted}, falsely rejected {rejected}, refused {refused}, {duration(time_each)} each"
    return Row(
        "answers", f"{len(pairs)} pairs: {name}", f"{right} right", beside,
        numbers={"right": right, "accepted": accepted, "rejected": rejected, "refused": refused, "seconds": time_each},
    )  # fmt: skip


def _ours(pairs: list[Pair]) -> tuple[Row, float]:
    said: list[tuple[bool | None, float]] = []
    for pair in pairs:
        made = answered(pair.exercise, pair.answer, "")
        said.append(({CORRECT: True, INCORRECT: False}.get(made.word), made.seconds))
    row = _row("symbackprop", said, pairs)
    return row, row.numbers["seconds"]


def _theirs(pairs: list[Pair]) -> Generator[Row, None, float | None]:
    """A row for every package; returns the seconds of Math-Verify for a pair, or None."""
    texts = json.dumps([(pair.reference, pair.answer) for pair in pairs])
    verify: float | None = None
    for name in PEERS:
        found = _asked(name, texts)
        if found is None:
            yield Row("answers", f"{len(pairs)} pairs: {name}", "not installed")
        elif isinstance(found, str):
            yield failure("answers", f"{len(pairs)} pairs: {name}", found)
        else:
            row = _row(name, [(said, seconds) for said, seconds in found], pairs)
            verify = row.numbers["seconds"] if name == "Math-Verify" else verify
            yield row
    return verify


def _asked(name: str, texts: str) -> list[tuple[bool | None, float]] | str | None:
    """What a package says, from the first Python that has it; why it says nothing; None where it is not installed."""
    others = os.environ.get("SYMBACKPROP_PEERS", "")
    for program in (sys.executable, *filter(None, others.split(os.pathsep))):
        try:
            done = subprocess.run(
                [program, str(PEER_PATH), name], input=texts, capture_output=True, encoding="utf-8", timeout=PATIENCE
            )
        except subprocess.TimeoutExpired:
            return f"more than {PATIENCE} s"
        if done.returncode:
            return done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"status {done.returncode}"
        found = json.loads(done.stdout)
        if "said" in found:
            return [(said, seconds) for said, seconds in found["said"]]
    return None


# --- times ------------------------------------------------------------------------------------------------------------


def _homework(found: list[Exercise], plan: Plan) -> Iterator[Row]:
    """The first right line of every exercise, and of every one the last: warm."""
    asked = []
    for exercise in found:
        for line in dict.fromkeys((exercise.right[0], exercise.right[-1])):
            asked.append((exercise.question, latex(line, exercise.question.letters, exercise.network)))
    times: list[float] = []
    for question, text in asked:
        judge(question, text)
        times.append(min(_cpu_of(question, text) for _ in range(plan.turns)))
    share = sum(seconds <= WARM for seconds in times) / len(times)
    yield within(
        "answers", f"{len(times)} right answers of homework size, warm, median CPU", median(times), WARM,
        f"{share:.0%} within, the slowest {duration(max(times))}", slowest=max(times),
    )  # fmt: skip


def _cpu_of(question: Question, text: str) -> float:
    start = time.process_time()
    judge(question, text)
    return time.process_time() - start


def short_answers() -> list[str]:
    """Distinct short answers to the weight gradient of the second of three layers, right and wrong."""
    fronts = ("", "2 ", "-", r"\frac{1}{2} ")
    gradients = (
        r"\frac{\partial L}{\partial z_2}",
        r"\frac{\partial L}{\partial h_2}",
        r"\frac{\partial L}{\partial z_1}",
    )
    slopes = ("", r" \odot \sigma'(z_2)", r" \odot h_2 \odot (1 - h_2)", r" \odot h_1", r" \odot (1 - h_2)")
    lasts = (r"h_1^\top", "h_1^T", r"x^\top", r"h_2^\top", r"z_1^\top", "h_1", r"{h_1}^\top", r"h_1^{\top}")
    made = []
    for front, gradient, slope, last in product(fronts, gradients, slopes, lasts):
        inner = gradient + slope
        made.append(f"{front}({inner}) {last}" if slope else f"{front}{inner} {last}")
    Random(SEED).shuffle(made)
    return made


def _short_answers(plan: Plan, ours: float, theirs: float | None) -> Iterator[Row]:
    texts = short_answers()[: 40 if plan.short else None]
    question = Question(SHORT_ASK, sb.Network(*SHORT_LINES, shapes=SHORT_SHAPES))
    # warm: the first right one makes a proof, the first wrong one imports NumPy
    for text in texts[:20]:
        judge(question, text)
    alone = repeated(lambda: [judge(question, text, names_mistakes=False) for text in texts], 1)
    named = repeated(lambda: [judge(question, text) for text in texts], 1)
    rate = len(texts) / alone.cpu
    yield Row(
        "answers", f"{len(texts)} distinct short answers, three layers", f"{digits(rate)} a second of CPU",
        f"{digits(len(texts) / alone.seconds)} by the clock, {digits(len(texts) / named.cpu)} with mistakes named",
        f"≥ {RATE:,}", rate / RATE, "of the line", rate >= RATE,
        numbers={"alone": len(texts) / alone.cpu, "named": len(texts) / named.cpu},
    )  # fmt: skip
    if theirs is None:
        yield Row("answers", "beside Math-Verify, a pair", "not installed")
        return
    yield Row(
        "answers", "beside Math-Verify, a pair, by the clock", duration(ours), f"Math-Verify {duration(theirs)}",
        f"≥ {TIMES:,} ×", theirs / ours, "× as fast", theirs / ours >= TIMES,
    )  # fmt: skip


def _cold(plan: Plan) -> Iterator[Row]:
    """One answer by a cold process, and what it has imported."""
    runs = [command(*CHECK) for _ in range(plan.cold)]
    figure = "check of one answer, cold"
    if any(run.status for run in runs):
        yield failure("answers", figure, next(run.complaint for run in runs if run.status))
        return
    yield within(
        "answers",
        figure,
        median(run.seconds for run in runs),
        COLD,
        f"the fastest {duration(min(run.seconds for run in runs))}",
    )
    arguments = ", ".join(map(repr, (CHECK[1], CHECK[3])))
    program = (
        "import sys, symbackprop as sb\n"
        f"said = sb.check({arguments.split(', ', 1)[0]}, ask={arguments.split(', ', 1)[1]})\n"
        "print(said.verdict, *(name for name in ('sympy', 'numpy', 'flint', 'mpmath') if name in sys.modules))"
    )
    done = python("-c", program, packages=installed())
    if done.status:
        yield failure("answers", "… imports of sympy, numpy", done.complaint)
        return
    verdict, *heavy = done.output.split()
    yield Row(
        "answers", "… imports of sympy, numpy", ", ".join(heavy) or "none", f"the verdict: {verdict}", "neither",
        ok=not {"sympy", "numpy"} & set(heavy), numbers={"imported": heavy},
    )  # fmt: skip
