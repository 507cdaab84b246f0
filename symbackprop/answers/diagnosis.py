"""The mistake in a wrong answer: the least change that makes its value right, found by exact evaluation.

Every part of the answer is changed in every way that a family of mistakes knows, and the value compared with the right
one at a point where the answer itself is wrong. What agrees there is compared everywhere before anything is said.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from itertools import islice

from flint import nmod_mat

from symbackprop.answers import mistakes
from symbackprop.answers.comparing import compare
from symbackprop.answers.effort import work
from symbackprop.answers.mistaken import mistaken
from symbackprop.answers.mistakes.repair import Repair, Where
from symbackprop.answers.question import Question
from symbackprop.answers.reading import Side
from symbackprop.answers.verdict import Mistake
from symbackprop.errors import ShapeError, SymbackpropError
from symbackprop.expr import Expr, Partial
from symbackprop.judges import exact
from symbackprop.judges.exact import Sample
from symbackprop.judges.field import OutOfRange, Resample, Unvalued
from symbackprop.latex.surface import Span
from symbackprop.shapes import Shape, shape
from symbackprop.substitution import replace_at
from symbackprop.tree import Path, at_path, children, subterms

# parts that are computed in all, changes that are tried, and pairs of them
MOST_WORK = 60_000
MOST = 1500
MOST_PAIRS = 1500
# of which pairs are made: the mistakes that are made most often
PAIRED = frozenset(
    {
        "missing-transpose",
        "extra-transpose",
        "swapped-factors",
        "sign",
        "missing-factor",
        "extra-factor",
        "missing-activation-derivative",
        "transposed-layout",
    }
)
Repairs = Callable[[Expr, Where], Iterator[Repair]]


@dataclass(frozen=True)
class Change:
    """A repair at a place of an answer."""

    path: Path
    repair: Repair
    made: Expr


@cache
def families() -> tuple[Repairs, ...]:
    """What the files in `mistakes` know, in their order."""
    names = (each.name for each in pkgutil.iter_modules(mistakes.__path__))
    modules = [import_module(f"{mistakes.__name__}.{name}") for name in names]
    found = sorted((each for each in modules if hasattr(each, "repairs")), key=lambda each: each.ORDER)
    return tuple(each.repairs for each in found)


def diagnosed(side: Side, head: Expr, question: Question, answer: str) -> list[Mistake]:
    """The mistakes that explain a wrong value, one or two; none where no such change makes it right."""
    try:
        target = _Target(side.tree, head, question)
    except (Unvalued, OutOfRange, SymbackpropError):
        return []
    most = MOST_WORK // work(side.tree)
    singles: list[Change] = []
    for change in islice(changes(side.tree, head, question), min(MOST, most)):
        singles.append(change)
        if target.is_hit(change.made) and compare(head, change.made, question, answer).is_equal:
            return [_told(change, side, answer)]
    own = target.worth(side.tree)
    if own is not None:
        for each in islice(mistaken(head, question), most):
            is_same = target.worth(each.made, own[0]) == own
            if is_same and compare(each.made, side.tree, question, answer).is_equal:
                return [Mistake(each.code, each.says, side.span)]
    often = [change for change in singles if change.repair.code in PAIRED]
    for first in islice(often, MOST_PAIRS):
        for second in _next(first, often, side.tree):
            if target.is_hit(second.made) and compare(head, second.made, question, answer).is_equal:
                return [_told(first, side, answer), _told(second, side, answer)]
            if target.tries > min(MOST + MOST_PAIRS, most):
                return []
    return []


def changes(answer: Expr, head: Expr, question: Question) -> Iterator[Change]:
    """Every change that a family of mistakes knows, at every part of an answer."""
    where = Where(question, head, answer)
    places = [
        (path, part) for path, part in subterms(answer) if isinstance(part, Expr) and not _is_in_partial(path, answer)
    ]
    for repairs in families():
        for path, part in places:
            for repair in repairs(part, where):
                yield Change(path, repair, replace_at(answer, path, repair.instead))


def _is_in_partial(path: Path, answer: Expr) -> bool:
    """Whether a part belongs to a derivative, which is one quantity."""
    e = answer
    for step in path:
        if isinstance(e, Partial):
            return True
        e = children(e)[step]
    return False


def _next(first: Change, often: list[Change], answer: Expr) -> Iterator[Change]:
    """The second change of a pair, made after the first, at another part of the answer."""
    for second in often:
        if second.path <= first.path or not _apart(first.path, second.path):
            continue
        # a part put in may have become one with what it stands in, and places moved
        if _is_there(second.path, first.made, answer):
            yield Change(second.path, second.repair, replace_at(first.made, second.path, second.repair.instead))


def _is_there(path: Path, made: Expr, answer: Expr) -> bool:
    """Whether the part of an answer at a place still stands there once it is changed elsewhere."""
    try:
        return bool(at_path(made, path) == at_path(answer, path))
    except IndexError:
        return False


def _apart(one: Path, two: Path) -> bool:
    """Whether neither of two places is within the other."""
    shorter = min(len(one), len(two))
    return one[:shorter] != two[:shorter]


class _Target:
    """The right value at a point at which an answer is wrong."""

    def __init__(self, answer: Expr, head: Expr, question: Question) -> None:
        self.claim = question.claim(head, answer)
        self.question = question
        sample = exact.compare(self.claim).against
        if sample is None or sample.result != "differ":
            # where one side has no meaning: at the least depth at which what is asked for has a value
            sample = next((each for each in exact.compare(question.claim(head, head)).agreed[::-1]), None)
        if sample is None:
            raise Unvalued("it has no value")
        self.sample: Sample = sample
        self.right = (shape(head, question.network), self._value(head))
        self.tries = 0

    def _value(self, e: Expr) -> nmod_mat:
        return exact.value_in(e, self.sample, self.claim)

    def worth(self, e: Expr, like: Shape | None = None) -> tuple[Shape, nmod_mat] | None:
        """Shape and value of an expression there; None where it has none, or another shape than is wanted."""
        self.tries += 1
        try:
            size = shape(e, self.question.network)
            return None if like is not None and size != like else (size, self._value(e))
        except (ShapeError, SymbackpropError, LookupError, OutOfRange, Unvalued, Resample):
            return None

    def is_hit(self, e: Expr) -> bool:
        """Whether an expression has the right shape, and the right value there."""
        return self.worth(e, self.right[0]) == self.right


def _told(change: Change, side: Side, answer: str) -> Mistake:
    span = side.spans.get(change.path, side.span)
    return Mistake(change.repair.code, change.repair.says.replace("{part}", written(span, answer)), span)


def written(span: Span, answer: str) -> str:
    """The part of an answer, on one line, short enough for a sentence."""
    shown = " ".join(answer[slice(*span)].split())
    return shown if len(shown) <= 60 else f"{shown[:57]}…"
