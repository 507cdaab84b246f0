"""Terms: what stands side by side is a function and its argument, a derivative, or a product; signs say which product.

A term is first cut into units: a factor, a function with what it is applied to, a derivative with what is
differentiated. Then the units are multiplied (`products`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from symbackprop.latex import surface as s
from symbackprop.latex.errors import ReadingError
from symbackprop.latex.meaning import read, reads
from symbackprop.latex.products import multiplied
from symbackprop.latex.readings import Reader, Readings
from symbackprop.latex.surface import Surface

MOST_CUTS = 32


class Unit(NamedTuple):
    """Some neighbouring factors of a term that are one thing, and the sign before it."""

    readings: Readings
    before: s.Sign | None
    at: Surface


class Rest:
    """The factors of a term from one place on; what reads a unit says how many of them it took.

    Attributes:
        first: the factor at the place.
        count: how many there are.
        after: the next one, if no sign stands between.
    """

    __slots__ = ("after", "at", "count", "first", "reader", "term")

    def __init__(self, term: s.Term, at: int, reader: Reader) -> None:
        factors, signs = term.factors, term.signs
        self.term = term
        self.at = at
        self.reader = reader
        self.first: Surface = factors[at]
        self.count = len(factors) - at
        self.after: Surface | None = factors[at + 1] if at < len(signs) and not signs[at].text else None

    def sign(self, i: int) -> str | None:
        """The sign after the factor `i` places further on; None after the last."""
        k = self.at + i
        return self.term.signs[k].text if k < len(self.term.signs) else None

    def part(self, first: int, count: int) -> Surface:
        """Some of the factors, as a surface of their own."""
        start = self.at + first
        factors = self.term.factors[start : start + count]
        if len(factors) == 1:
            return factors[0]
        span = (factors[0].span[0], factors[-1].span[1])
        return s.Term(span, factors, self.term.signs[start : start + count - 1])

    def onwards(self, i: int) -> Rest:
        return Rest(self.term, self.at + i, self.reader)

    @property
    def run(self) -> int:
        """How many factors follow one another without a sign between them, from here on."""
        n = 1
        while n < self.count and self.sign(n - 1) == "":
            n += 1
        return n


# how many factors were taken, and what they mean
Taken = tuple[int, Readings]
# what may begin at a factor: nothing, or one or more ways to read a unit there
Beginner = Callable[[Rest], Iterator[Taken]]
BEGINNERS: list[Beginner] = []
# where one of these begins, nothing else does; by the kind of the factor that it begins with
CERTAIN: list[tuple[tuple[type[Surface], ...], Beginner]] = []
_CERTAIN_OF: dict[type[Surface], list[Beginner]] = {}


def begins(beginner: Beginner) -> Beginner:
    """Register a way to read a unit of a term."""
    BEGINNERS.append(beginner)
    return beginner


def surely_begins(*kinds: type[Surface]) -> Callable[[Beginner], Beginner]:
    """Register the only way to read a unit of a term where it applies, which begins with a factor of these kinds."""

    def register(beginner: Beginner) -> Beginner:
        CERTAIN.append((kinds, beginner))
        _CERTAIN_OF.clear()
        return beginner

    return register


def certain_of(kind: type[Surface]) -> list[Beginner]:
    """What may be the only way to read a unit that begins with a factor of a kind."""
    found = _CERTAIN_OF.get(kind)
    if found is None:
        found = _CERTAIN_OF[kind] = [beginner for kinds, beginner in CERTAIN if issubclass(kind, kinds)]
    return found


def units_at(rest: Rest) -> list[Taken]:
    """The ways to read a unit that begins at a factor, the most literal first.

    Raises:
        ReadingError: if there is none.
    """
    for beginner in certain_of(type(rest.first)):
        certain = list(beginner(rest))
        if certain:
            return certain
    made: list[Taken] = []
    failed: ReadingError | None = None
    for beginner in BEGINNERS:
        try:
            made += beginner(rest)
        except ReadingError as error:
            failed = failed or error
    try:
        made.append((1, read(rest.first, rest.reader)))
    except ReadingError as error:
        failed = failed or error
    if not made:
        assert failed is not None
        raise failed
    return made


def cuts(rest: Rest, before: s.Sign | None = None) -> list[tuple[Unit, ...]]:
    """Every way to cut a term into units."""
    made: list[tuple[Unit, ...]] = []
    failed: ReadingError | None = None
    # (units so far, what is left)
    open_: list[tuple[tuple[Unit, ...], Rest, s.Sign | None]] = [((), rest, before)]
    kept: dict[int, list[Taken] | ReadingError] = {}
    while open_:
        so_far, here, sign = open_.pop()
        if here.at not in kept:
            try:
                kept[here.at] = units_at(here)
            except ReadingError as error:
                kept[here.at] = error
        found = kept[here.at]
        if isinstance(found, ReadingError):
            failed = failed or found
            continue
        for count, readings in reversed(found):
            units = (*so_far, Unit(readings, sign, here.part(0, count)))
            if count == here.count:
                made.append(units)
            else:
                open_.append((units, here.onwards(count), here.term.signs[here.at + count - 1]))
        if len(made) + len(open_) > MOST_CUTS:
            raise rest.reader.error(
                f"{rest.reader.source(rest.term)!r} can be read in too many ways: put parentheses around arguments",
                rest.term,
            )
    if not made:
        assert failed is not None
        raise failed
    return made


@reads(s.Term)
def _(e: s.Term, reader: Reader) -> Readings:
    whole = Rest(e, 0, reader)
    attempts = [_product(units, e, reader) for units in cuts(whole)]
    return reader.any_of(attempts, e)


def _product(units: tuple[Unit, ...], e: s.Term, reader: Reader) -> Callable[[], Readings]:
    def made() -> Readings:
        if len(units) == 1:
            return units[0].readings
        signs = tuple(unit.before.text if unit.before is not None else "" for unit in units[1:])
        return multiplied([unit.readings for unit in units], signs, [unit.at for unit in units], e, reader)

    return made
