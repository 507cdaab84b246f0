"""Answers as students write them, made from trees: LaTeX in the letters of the question, and what the judge says."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from random import Random

from benchmarks.exercises import Exercise, found_wrong
from benchmarks.timing import TooLong, limited
from symbackprop import expr
from symbackprop.answers import judging
from symbackprop.answers.reading import read_answer
from symbackprop.answers.verdict import Verdict
from symbackprop.errors import SymbackpropError
from symbackprop.expr import Expr
from symbackprop.latex.parse import read
from symbackprop.render.latex import latex
from symbackprop.tree import subterms

# seconds of CPU that one answer may take before it is counted as late
LATEST = 10
LATE, CRASHED = "late", "crashed"
NAME = r"\Phi"


@dataclass(frozen=True)
class Answered:
    """An answer and what was said of it.

    Attributes:
        word: the verdict, or `LATE`, or `CRASHED`.
        seconds: that it took; cpu: those of the process itself.
    """

    exercise: Exercise
    text: str
    made_by: str
    word: str
    reason: str
    seconds: float
    cpu: float

    def __str__(self) -> str:
        return (
            f"{self.word}: {self.exercise.name}\n    by: {self.made_by}\n    answer: {self.text}\n"
            f"    said: {self.reason} ({self.seconds * 1e3:.0f} ms)"
        )


def printed(e: Expr, exercise: Exercise) -> str | None:
    """The LaTeX of a formula; None for a tree that no notation writes."""
    try:
        return latex(e, exercise.question.letters, exercise.network)
    except (SymbackpropError, LookupError, NotImplementedError):
        return None


def answered(exercise: Exercise, text: str, made_by: str, named: bool = True) -> Answered:
    """What the judge says of a text; without the search for the mistake, it costs less and says the same word."""
    start, cpu = time.perf_counter(), time.process_time()
    try:
        with limited(LATEST, of_cpu=True):
            said: Verdict = judging.judge(exercise.question, text, names_mistakes=named)
        word, reason = said.verdict, said.reason
    except TooLong:
        word, reason = LATE, f"more than {LATEST} s of CPU"
    except Exception as error:
        word, reason = CRASHED, f"{type(error).__name__}: {error}"
    spent = time.perf_counter() - start, time.process_time() - cpu
    return Answered(exercise, text, made_by, word, reason, *spent)


def reads_as(text: str, exercise: Exercise) -> Expr | None:
    """The formula that a text of one expression says; None where it cannot be read."""
    question = exercise.question
    try:
        tree = read(text, scope=question.scope, left=question.asked, like=question.shape).tree
    except SymbackpropError:
        return None
    return tree if isinstance(tree, Expr) else None


def means_something_right(text: str, exercise: Exercise) -> bool:
    """Whether every value that an answer gives, as it is read, is right, whatever the answer was printed from."""
    question = exercise.question
    try:
        lines = read_answer(text, question).lines
    except SymbackpropError:
        return False
    if any(line.error is not None for line in lines):
        return False
    sides = [side.tree for line in lines for side in line.sides if line.head in (None, question.asked)]
    return all(found_wrong(side, exercise) == "" and has_value(side, exercise) for side in sides)


def has_value(e: Expr, exercise: Exercise) -> bool:
    """Whether a formula has a value at one place at least."""
    for place in exercise.places:
        try:
            place.value(e)
        except Exception:
            continue
        return True
    return False


def keeps_its_values(e: Expr, exercise: Exercise) -> bool:
    """Whether a formula has a value wherever what is asked for has one: `z_l` has none for `l = 0`."""
    for i, place in enumerate(exercise.places):
        try:
            exercise.wanted(i)
        except Exception:
            continue
        try:
            place.value(e)
        except Exception:
            return False
    return True


# --- several lines ----------------------------------------------------------------------------------------------------


def as_equation(text: str, exercise: Exercise) -> str:
    """`ask = text`."""
    return f"{exercise.question.ask} = {text}"


def as_lines(texts: list[str], exercise: Exercise, random: Random) -> str:
    """A derivation of several lines, in one of the ways in which they are written."""
    first, *rest = texts
    rows = [rf"{exercise.question.ask} &= {first}", *(f"&= {text}" for text in rest)]
    match random.randrange(3):
        case 0:
            return "\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}"
        case 1:
            return "\\begin{align*}\n" + " \\\\\n".join(rows) + "\n\\end{align*}"
    return " \\\\ ".join(row.replace("&=", "=", 1) for row in rows)


def with_a_name(e: Expr, exercise: Exercise, random: Random) -> str | None:
    r"""Two lines: a part of the formula by a name, and the formula with the name."""
    whole = printed(e, exercise)
    if whole is None or NAME in whole:
        return None
    parts = [part for path, part in subterms(e) if path and isinstance(part, expr.Product | expr.Hadamard | expr.Sum)]
    random.shuffle(parts)
    for part in parts:
        own = printed(part, exercise)
        if own is None or whole.count(own) != 1 or _free(part, exercise):
            continue
        bracketed = rf"(?:\\left)?\(\s*{re.escape(own)}\s*(?:\\right)?\)(?!\s*\^)"
        made = re.sub(bracketed, lambda _: rf"\left( {NAME} \right)", whole)
        if made != whole:
            return rf"{NAME} = {own} \\ {exercise.question.ask} = {made}"
    return None


def _free(part: Expr, exercise: Exercise) -> bool:
    """Whether a part has an index that is bound outside of it."""
    from symbackprop.substitution import free_symbols

    return bool(
        free_symbols(part) - set(exercise.question.indices) - set(getattr(exercise.network, "sizes", ())) - {"L"}
    )


# --- slips of the pen -------------------------------------------------------------------------------------------------

SLIPS: dict[str, tuple[str, tuple[str, ...]]] = {
    "text: transpose dropped": (r"\^\\?(?:top|T|intercal)\b|\^\{\\top\}", ("",)),
    "text: minus for plus": (r"\+", ("-",)),
    "text: plus for minus": (r"(?<=\S )-(?= )", ("+",)),
    "text: prime dropped": (r"'", ("",)),
    "text: sign of entrywise products dropped": (r"\\odot|\\circ", ("",)),
    "text: another subscript": (r"(?<=_)\d", ("1", "2", "3", "0")),
    "text: another layer": (r"(?<=_)[lt]\b", ("{l+1}", "{l-1}", "{t+1}", "{t-1}")),
    "text: brackets dropped": (r"\\left\(|\\right\)|\(|\)", ("",)),
    "text: another letter": (r"\b[hzxyab]\b", tuple("hzxyab")),
    "text: another number": (r"(?<![_^{\d])\d(?!\d)", ("1", "2", "3")),
    "text: a factor squared": (r"(?<=[a-zA-Z}]) (?=\\left|\()", ("^2 ",)),
    "text: fraction upside down": (r"\\frac\{(\w+)\}\{(\w+)\}", (r"\\frac{\2}{\1}",)),
}


def slip(text: str, random: Random) -> tuple[str, str] | None:
    """A text with one slip, or with all brackets dropped, and what it is called."""
    name = random.choice(list(SLIPS))
    pattern, ways = SLIPS[name]
    found = list(re.finditer(pattern, text))
    if not found:
        return None
    if "brackets" in name:
        return name, re.sub(pattern, "", text)
    place = random.choice(found)
    new = place.expand(random.choice(ways)) if "\\1" in ways[0] else random.choice(ways)
    return name, text[: place.start()] + new + text[place.end() :]
