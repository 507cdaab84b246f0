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
from threading import Lock

from symbackprop.answers import mistakes
from symbackprop.answers.comparing import agree
from symbackprop.answers.effort import work
from symbackprop.answers.mistaken import Mistaken, mistaken
from symbackprop.answers.mistakes.repair import Repair, is_ones
from symbackprop.answers.mistakes.where import Where
from symbackprop.answers.question import Question
from symbackprop.answers.reading import Side
from symbackprop.answers.target import Target
from symbackprop.answers.values import SpentError
from symbackprop.answers.verdict import Mistake
from symbackprop.errors import SymbackpropError
from symbackprop.expr import Expr, Number, Partial, Product
from symbackprop.judges.field import PRIME, OutOfRange, Unvalued
from symbackprop.latex.surface import Span
from symbackprop.shapes import written as written_shape
from symbackprop.substitution import everywhere, replace_at
from symbackprop.tree import Path, at_path, children, subterms

# parts that are computed in all, changes that are tried, and pairs of them
MOST_WORK = 60_000
MOST = 1500
MOST_PAIRS = 1000
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
        "missing-term",
        "sum-for-mean",
    }
)
# how a product entry by entry is written
ENTRYWISE = ("\\odot", "\\circ", "*", "⊙", "∘", "\\cdot", "\\times", "×", "·")
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
        target = Target(side.tree, head, question)
    except (Unvalued, OutOfRange, SymbackpropError):
        return []
    return _Diagnosis(side, head, question, answer, target).mistakes()


class _Diagnosis:
    """The search for the mistake in one side of a line."""

    def __init__(self, side: Side, head: Expr, question: Question, answer: str, target: Target) -> None:
        self.side, self.head, self.question, self.answer, self.target = side, head, question, answer, target
        self.where = Where(question, head, side.tree, target)
        self.most = MOST_WORK // work(side.tree)

    def mistakes(self) -> list[Mistake]:
        """The first explanation: one change, another formula with one mistake, two changes."""
        found = self._of_a_number()
        if found:
            return found
        try:
            found, singles = self._single()
            return found or self._of_the_truth() or self._pair(singles)
        except SpentError:
            return []

    def _of_a_number(self) -> list[Mistake]:
        """A number where a vector or a matrix is asked for, which was read as that with equal entries."""
        match self.side.tree:
            case Product((Number(value), *ones)) if all(is_ones(each) for each in ones):
                size = written_shape(self.target.right[0], self.question.network)
                span = self.side.span
                shape = Mistake("shape", f"{written(span, self.answer)} is a number, and {self.head} is {size}", span)
                residue = value.numerator * pow(value.denominator, -1, PRIME) % PRIME
                if residue and residue in self.target.right[3]:
                    return [
                        Mistake("component-for-vector", "this is one component: the whole belongs here", span),
                        shape,
                    ]
                return [shape]
        return []

    def _single(self) -> tuple[list[Mistake], list[Change]]:
        """The mistake that one change takes back, and all changes that were tried."""
        singles: list[Change] = []
        for change in islice(changes(self.where), min(MOST, self.most)):
            singles.append(change)
            if self._is_right(change.made):
                return [self._told(change)], singles
        return [], singles

    def _is_right(self, made: Expr) -> bool:
        return self.target.is_hit(made) and agree(self.head, made, self.question)

    def _of_the_truth(self) -> list[Mistake]:
        """The mistake with which a right formula has the value of the answer."""
        own = self.target.worth(self.side.tree)
        if own is None:
            return []
        for each in _worth_as_much(own, self.where, self.target, min(MOST, self.most)):
            if agree(each.made, self.side.tree, self.question):
                return [Mistake(each.code, each.says, self.side.span)]
        return []

    def _pair(self, singles: list[Change]) -> list[Mistake]:
        """The two mistakes that two changes take back; numbers would be right by chance."""
        if self.where.is_number:
            return []
        often = [change for change in singles if change.repair.code in PAIRED]
        pairs = ((first, second) for first in often for second in _next(first, often, self.side.tree))
        for first, second in islice(pairs, min(MOST_PAIRS, self.most)):
            if self._is_right(second.made):
                return [self._told(first), self._told(second)]
        return []

    def _told(self, change: Change) -> Mistake:
        span = self.side.spans.get(change.path, self.side.span)
        shown = written(span, self.answer)
        if change.repair.code == "hadamard-for-product" and not any(sign in shown for sign in ENTRYWISE):
            # two columns side by side are read entry by entry only because they are no product of matrices
            return Mistake("missing-transpose", f"a transpose is missing in {shown}", span)
        return Mistake(change.repair.code, change.repair.says.replace("{part}", shown), span)


def changes(where: Where) -> Iterator[Change]:
    """Every change that a family of mistakes knows, at every part of an answer, then at all equal parts of it."""
    answer = where.answer
    places = [
        (path, part) for path, part in subterms(answer) if isinstance(part, Expr) and not _is_in_partial(path, answer)
    ]
    for repairs in families():
        for path, part in places:
            for repair in repairs(part, where):
                yield Change(path, repair, replace_at(answer, path, repair.instead))
    yield from _of_all(places, where)


def _of_all(places: list[tuple[Path, Expr]], where: Where) -> Iterator[Change]:
    """The same change to all equal parts: who takes `z` for `h` does so wherever it stands."""
    first: dict[Expr, Path] = {}
    several: dict[Expr, Path] = {}
    for path, part in places:
        if part in first:
            several[part] = first[part]
        first.setdefault(part, path)
    for repairs in families():
        for part, path in several.items():
            for repair in repairs(part, where):
                if part != where.answer:
                    yield Change(path, repair, everywhere(where.answer, part, repair.instead))


def _worth_as_much(own: object, where: Where, target: Target, most: int) -> Iterator[Mistaken]:
    """The mistaken formulas with a value; what they are worth where all answers are looked at is found once."""
    if not target.is_common:
        every = islice(mistaken(where), most)
        yield from (each for each in every if target.worth(each.made) == own)
        return
    network = where.question.network
    key = ("mistaken", where.head, where.question.given, frozenset(where.question.known.items()))
    table = network.kept(key, lambda: _Table(where, target.shared()))
    yield from table.like(own, most)


class _Table:
    """Mistaken formulas by their value, found one after the other as far as somebody asks."""

    def __init__(self, where: Where, target: Target) -> None:
        self.every = mistaken(Where(where.question, where.head, where.head, target))
        self.target = target
        self.found: list[tuple[object, Mistaken]] = []
        # answers may be judged in several threads
        self._lock = Lock()

    def like(self, own: object, most: int) -> Iterator[Mistaken]:
        """Those with a value, of so many that are looked at."""
        for i in range(most):
            if not self._has(i):
                return
            value, each = self.found[i]
            if value is not None and value == own:
                yield each

    def _has(self, i: int) -> bool:
        with self._lock:
            if i < len(self.found):
                return True
            following = next(self.every, None)
            if following is not None:
                self.found.append((self.target.worth(following.made), following))
            return following is not None


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


def written(span: Span, answer: str) -> str:
    """The part of an answer, on one line, short enough for a sentence."""
    shown = " ".join(answer[slice(*span)].split())
    return shown if len(shown) <= 60 else f"{shown[:57]}…"
