"""Wrong answers, of which none may be accepted, and right ones written in other ways, of which none should be rejected.

`python -m benchmarks --only mutants --mutants 1000000 --rewrites 20000`. An answer is wrong because real numbers say
so, which are worked out in `float_values.py` and not by a judge. A wrong answer that is accepted is printed at once.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from benchmarks.answered import (
    CRASHED,
    LATE,
    Answered,
    answered,
    as_equation,
    as_lines,
    has_value,
    keeps_its_values,
    means_something_right,
    printed,
    reads_as,
    slip,
    with_a_name,
)
from benchmarks.exercises import Exercise, exercises, found_wrong
from benchmarks.mutant_operators import mutant
from benchmarks.plan import Plan
from benchmarks.rewrites import rewritten
from benchmarks.table import Row, digits
from symbackprop.answers.verdict import CORRECT, INCORRECT, UNDECIDED, UNREADABLE
from symbackprop.expr import Expr

SEED = 2026
# shares of what is tried: slips of the pen, two changes at once, and wrong lines before a right end
SLIPS, TWICE, IN_LINES, AS_EQUATION = 0.12, 0.15, 0.06, 0.2
REJECTED, DOUBTED = 0.001, 0.01
# how many answers that are not judged rightly are shown
SHOWN = 40
SAY_EVERY = 60.0


@dataclass
class Tally:
    """What became of the answers.

    Attributes:
        words: how many were said to be correct, incorrect, …
        kinds: how many each operator made, and of them how many were said to be what.
        dropped: how many were never given to the judge, and why.
        conform: how many conform in shape.
        shown: what is worth a look.
    """

    words: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    by_kind: Counter[tuple[str, str]] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    conform: int = 0
    seconds: float = 0.0
    cpu: float = 0.0
    shown: list[Answered] = field(default_factory=list)

    @property
    def tried(self) -> int:
        return sum(self.words.values())

    def add(self, made: Answered) -> None:
        self.words[made.word] += 1
        self.kinds[made.made_by.split(",")[0]] += 1
        self.by_kind[made.made_by.split(",")[0], made.word] += 1
        self.seconds += made.seconds
        self.cpu += made.cpu


@dataclass(frozen=True)
class Wrong:
    """A wrong answer, before it is judged."""

    exercise: Exercise
    text: str
    made_by: str
    conforms: bool


# --- wrong answers ----------------------------------------------------------------------------------------------------


def wrong_answers(found: list[Exercise], count: int, dropped: Counter[str], seed: int = SEED) -> Iterator[Wrong]:
    """So many wrong answers; what is not wrong, or says nothing, is counted as dropped."""
    random = Random(seed)
    made = 0
    while made < count:
        exercise = random.choice(found)
        one = _wrong(exercise, random, dropped)
        if one is not None:
            made += 1
            yield one


def _wrong(exercise: Exercise, random: Random, dropped: Counter[str]) -> Wrong | None:
    right = _varied(random.choice(exercise.right), exercise, random)
    if random.random() < SLIPS:
        return _slipped(right, exercise, random, dropped)
    changed = mutant(right, exercise, random)
    if changed is None:
        return None
    name, tree = changed
    if random.random() < TWICE:
        again = mutant(tree, exercise, random)
        name, tree = (f"{name}, {again[0]}", again[1]) if again is not None else (name, tree)
    how = found_wrong(tree, exercise)
    if not how:
        dropped["equal" if has_value(tree, exercise) else "no value"] += 1
        return None
    text = printed(tree, exercise)
    if text is None:
        dropped["not printed"] += 1
        return None
    return _in_a_form(Wrong(exercise, text, name, how == "wrong"), right, random)


def _varied(e: Expr, exercise: Exercise, random: Random) -> Expr:
    """A right formula, half the time written otherwise."""
    for _ in range(random.choice((0, 0, 0, 1, 1, 2))):
        again = rewritten(e, exercise, random)
        if again is not None and not found_wrong(again[1], exercise) and exercise.question.restates(again[1]) is None:
            e = again[1]
    return e


def _slipped(right: Expr, exercise: Exercise, random: Random, dropped: Counter[str]) -> Wrong | None:
    text = printed(right, exercise)
    changed = None if text is None else slip(text, random)
    if changed is None:
        return None
    name, text = changed
    tree = reads_as(text, exercise)
    if tree is None:
        dropped["slip that is not read"] += 1
        return None
    how = found_wrong(tree, exercise)
    if not how:
        dropped["equal"] += 1
        return None
    return Wrong(exercise, text, name, how == "wrong")


def _in_a_form(made: Wrong, right: Expr, random: Random) -> Wrong:
    """As an equation, or as a wrong line between right ones, some of the time."""
    kind = random.random()
    if kind < IN_LINES:
        whole = printed(right, made.exercise)
        if whole is not None:
            lines = random.choice(([whole, made.text, whole], [made.text, whole], [whole, made.text]))
            by = f"{made.made_by}, in lines"
            return Wrong(made.exercise, as_lines(lines, made.exercise, random), by, made.conforms)
    if kind < AS_EQUATION:
        return Wrong(made.exercise, as_equation(made.text, made.exercise), made.made_by, made.conforms)
    return made


def judged_wrong(found: list[Exercise], count: int, seed: int = SEED, until: float | None = None) -> Tally:
    """What is said of so many wrong answers, or of as many as there is time for.

    Args:
        until: when to stop, by the monotonic clock.
    """
    tally = Tally()
    said = time.monotonic()
    for wrong in wrong_answers(found, count, tally.dropped, seed):
        made = answered(wrong.exercise, wrong.text, wrong.made_by, named=False)
        if made.word == CORRECT and means_something_right(wrong.text, wrong.exercise):
            tally.dropped["read as something right"] += 1
            if tally.dropped["read as something right"] <= SHOWN:
                print(f"read as something right; {made}\n", flush=True)
            continue
        tally.add(made)
        tally.conform += wrong.conforms
        if made.word in (CORRECT, CRASHED, LATE):
            tally.shown.append(made)
            if tally.by_kind[made.made_by.split(",")[0], made.word] <= SHOWN:
                print(f"{'FALSELY ACCEPTED; ' if made.word == CORRECT else ''}{made}\n", flush=True)
        if time.monotonic() - said > SAY_EVERY:
            said = time.monotonic()
            print(f"{tally.tried:,} mutants: {dict(tally.words)}", file=sys.stderr, flush=True)
        if until is not None and time.monotonic() > until:
            break
    return tally


# --- right answers ----------------------------------------------------------------------------------------------------


def right_answers(found: list[Exercise], count: int, dropped: Counter[str], seed: int = SEED) -> Iterator[Wrong]:
    """So many right answers, each of 1 to 4 rewritings of a right formula."""
    random = Random(seed)
    made = 0
    while made < count:
        exercise = random.choice(found)
        e, names = random.choice(exercise.right), []
        for _ in range(random.randint(1, 4)):
            again = rewritten(e, exercise, random)
            if again is None:
                continue
            if found_wrong(again[1], exercise) or not keeps_its_values(again[1], exercise):
                # the rewriting is not one here, as where a layer has a unit more
                dropped[f"not equal: {again[0]}"] += 1
                continue
            names.append(again[0])
            e = again[1]
        if not names:
            continue
        if exercise.question.restates(e) is not None:
            dropped["what is asked for"] += 1
            continue
        text = printed(e, exercise)
        if text is None:
            dropped["not printed"] += 1
            continue
        made += 1
        yield Wrong(exercise, *_right_form(e, text, exercise, random, ", ".join(names)), True)


def _right_form(e: Expr, text: str, exercise: Exercise, random: Random, by: str) -> tuple[str, str]:
    kind = random.random()
    if kind < 0.1:
        named = with_a_name(e, exercise, random)
        if named is not None:
            return named, f"{by}, with a name"
    if kind < 0.2:
        first = printed(random.choice(exercise.right), exercise)
        if first is not None:
            return as_lines([first, text], exercise, random), f"{by}, in lines"
    return (as_equation(text, exercise) if kind < 0.4 else text), by


def judged_right(found: list[Exercise], count: int, seed: int = SEED, until: float | None = None) -> Tally:
    """What is said of so many right answers, or of as many as there is time for."""
    tally = Tally()
    for right in right_answers(found, count, tally.dropped, seed):
        made = answered(right.exercise, right.text, right.made_by)
        tally.add(made)
        if made.word != CORRECT:
            tally.shown.append(made)
            if sum(each.word == made.word for each in tally.shown) <= SHOWN:
                print(f"RIGHT, but {made}\n", flush=True)
        if until is not None and time.monotonic() > until:
            break
    return tally


# --- rows -------------------------------------------------------------------------------------------------------------


def wrong_and_right(plan: Plan) -> Iterator[Row]:
    """The rows of the wrong answers and of the right ones."""
    found = exercises(plan.short)
    wrong = judged_wrong(found, plan.mutants)
    yield from _wrong_rows(wrong, len(found))
    yield from _right_rows(judged_right(found, plan.rewrites))


def _wrong_rows(tally: Tally, questions: int) -> Iterator[Row]:
    accepted = tally.words[CORRECT]
    share = tally.conform / tally.tried
    rate = tally.tried / tally.cpu
    others = ", ".join(f"{word} {tally.words[word]:,}" for word in (INCORRECT, UNDECIDED, UNREADABLE, LATE, CRASHED))
    dropped = ", ".join(f"{why} {count:,}" for why, count in tally.dropped.most_common())
    yield Row(
        "mutants", f"{tally.tried:,} wrong answers: accepted", f"{accepted:,}", others, "0", ok=accepted == 0,
        numbers={"words": dict(tally.words), "kinds": dict(tally.kinds), "dropped": dict(tally.dropped)},
    )  # fmt: skip
    yield Row(
        "mutants", f"… of {len(tally.kinds)} operators, {questions} questions: conform in shape", f"{share:.0%}",
        f"dropped: {dropped}", "≥ 50 %", ok=share >= 0.5, numbers={"conform": tally.conform},
    )  # fmt: skip
    yield Row(
        "mutants", "… judged a second of CPU", digits(rate), f"{digits(tally.tried / tally.seconds)} by the clock"
    )
    for name in sorted(tally.kinds, key=lambda each: -tally.kinds[each]):
        said = {
            word: tally.by_kind[name, word] for word in (CORRECT, UNDECIDED, UNREADABLE) if tally.by_kind[name, word]
        }
        yield Row("mutants", f"… by {name}", f"{tally.kinds[name]:,}", ", ".join(f"{w} {n:,}" for w, n in said.items()))


def _right_rows(tally: Tally) -> Iterator[Row]:
    for word, most in ((INCORRECT, REJECTED), (UNDECIDED, DOUBTED), (UNREADABLE, None)):
        share = tally.words[word] / tally.tried
        yield Row(
            "mutants", f"{tally.tried:,} right answers, rewritten: {word}", f"{share:.2%}", f"{tally.words[word]:,}",
            "" if most is None else f"≤ {most:.1%}", ok=None if most is None else share <= most,
            numbers={"words": dict(tally.words), "dropped": dict(tally.dropped)},
        )  # fmt: skip
    others = ", ".join(f"{word} {tally.words[word]:,}" for word in (CORRECT, LATE, CRASHED))
    yield Row("mutants", "… judged a second of CPU", digits(tally.tried / tally.cpu), others)
