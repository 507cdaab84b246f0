"""Terms: what stands side by side is a function and its argument, a derivative, or a product; signs say which product.

A term is first cut into units: a factor, a function with what it is applied to, a derivative with what is
differentiated. Then the units are multiplied (`products`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple

from symbackprop.latex import surface as s
from symbackprop.latex.counting import keep_in
from symbackprop.latex.errors import ReadingError
from symbackprop.latex.meaning import is_nothing, read, reads
from symbackprop.latex.products import multiplied
from symbackprop.latex.readings import Reader, Readings
from symbackprop.latex.registered import Table
from symbackprop.latex.scope import Scope
from symbackprop.latex.surface import Surface, written_in

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
Beginner = Callable[[Rest], Iterable[Taken]]
# whether it may begin with a letter, whatever its scripts
OfLetter = Callable[[s.Letter, Scope], bool]


class Beginning(NamedTuple):
    """A way to read a unit of a term, and where it can apply: what is known of this from a factor's kind and letter.

    Attributes:
        first: the kinds of the factor that it begins with; after: those of the next one, None for any or none.
        letters: which letters it begins with; any if it does not say.
        is_near: whether it looks no further than to the next factor, where that stands in parentheses.
        fits: what else is known of the first factor where its text says all of it.
    """

    read: Beginner
    first: tuple[type[Surface], ...]
    after: tuple[type[Surface], ...] | None
    letters: OfLetter | None
    is_near: bool
    fits: Callable[[Surface], bool] | None = None

    def may(self, first: Surface, after: type[Surface] | None, scope: Scope) -> bool:
        if not isinstance(first, self.first):
            return False
        if self.after is not None and (after is None or not issubclass(after, self.after)):
            return False
        if self.fits is not None and written_in(first) is not None and not self.fits(first):
            return False
        letter = first.base if isinstance(first, s.Scripted) else first
        if letter is not first and isinstance(letter, s.Scripted | s.Fenced):
            # scripts on scripts and on parentheses are those of no function
            return False
        return self.letters is None or not isinstance(letter, s.Letter) or self.letters(letter, scope)


BEGINNERS: list[Beginning] = []
# where one of these begins, nothing else does
CERTAIN: list[Beginning] = []


def begins(
    *first: type[Surface],
    after: tuple[type[Surface], ...] | None = None,
    letters: OfLetter | None = None,
    is_near: bool = False,
) -> Callable[[Beginner], Beginner]:
    """Register a way to read a unit of a term, with where it can apply; see `Beginning`."""

    def register(beginner: Beginner) -> Beginner:
        Table.changes += 1
        BEGINNERS.append(Beginning(beginner, first or (Surface,), after, letters, is_near))
        return beginner

    return register


def surely_begins(
    *first: type[Surface],
    after: tuple[type[Surface], ...] | None = None,
    letters: OfLetter | None = None,
    is_near: bool = False,
    fits: Callable[[Surface], bool] | None = None,
) -> Callable[[Beginner], Beginner]:
    """Register the only way to read a unit of a term where it applies; see `Beginning`."""

    def register(beginner: Beginner) -> Beginner:
        Table.changes += 1
        CERTAIN.append(Beginning(beginner, first, after, letters, is_near, fits))
        return beginner

    return register


class Ways(NamedTuple):
    """What can begin at a factor.

    Attributes:
        certain, others: as they are registered.
        are_near: whether all of them look no further than to the next factor.
    """

    certain: tuple[Beginner, ...]
    others: tuple[Beginner, ...]
    are_near: bool


def _ways(first: Surface, after: Surface | None, scope: Scope) -> Ways | None:
    """What can begin at a factor, kept; None with most letters, which begin nothing but themselves."""
    return ways_before(first, None if after is None else s.kind_of(after), scope)


def ways_before(first: Surface, behind: type[Surface] | None, scope: Scope, written: object = None) -> Ways | None:
    """What can begin at a factor, where the kind of the next one is known, with no sign in between.

    Args:
        written: what tells the factor from all others, where that is known.
    """
    key = (type(first), written or _named(first), behind)
    try:
        found: Ways | None = scope.beginners[key]
    except KeyError:
        found = _found_ways(first, behind, scope)
        keep_in(scope.beginners, key, found)
    return found


def _named(first: Surface) -> object:
    """What ways to read a unit ask of a factor beside its kind."""
    if isinstance(first, s.Letter):
        return first.text, first.style
    if isinstance(first, s.Written) and first.written:
        return first.written
    letter = first.base if isinstance(first, s.Scripted) else first
    return (letter.text, letter.style) if isinstance(letter, s.Letter) else type(letter)


def _found_ways(first: Surface, behind: type[Surface] | None, scope: Scope) -> Ways | None:
    certain, others = ([each for each in ways if each.may(first, behind, scope)] for ways in (CERTAIN, BEGINNERS))
    if not certain and not others:
        return None
    are_near = all(each.is_near for each in (*certain, *others))
    return Ways(tuple(each.read for each in certain), tuple(each.read for each in others), are_near)


def units_at(rest: Rest) -> list[Taken]:
    """The ways to read a unit that begins at a factor, the most literal first.

    Raises:
        ReadingError: if there is none.
    """
    first, reader = rest.first, rest.reader
    ways = _ways(first, rest.after, reader.scope)
    if ways is None:
        return [(1, read(first, reader))]
    key = _applied(rest) if ways.are_near else None
    if key is None:
        return _units(rest, ways)
    kept = reader.scope.applied.get(key)
    if kept is None and reader.left is not None:
        kept = reader.scope.applied.get((key, reader.left))
        if kept is not None:
            reader.left_side()
    if kept is not None:
        by = first.span[0] - kept[0]
        return [(count, [part.moved(by) for part in readings]) for count, readings in kept[1]]
    opened, asked = len(reader.opened), len(reader.asked)
    taken = _units(rest, ways)
    if len(reader.opened) == opened and not any(part.found for _, readings in taken for part in readings):
        is_beside = len(reader.asked) > asked
        reader.scope.keep_applied((key, reader.left) if is_beside else key, first.span[0], taken)
    return taken


def _applied(rest: Rest) -> object:
    """What tells a factor and the parentheses behind it from all others, where that is known: `g'(z_1)`."""
    after = rest.after
    if type(after) is not s.Fenced or not after.written.startswith(("(", "\\left(")):
        return None
    written = written_in(rest.first)
    return None if written is None else (written, after.written, after.span[0] - rest.first.span[0], rest.reader.bound)


def _units(rest: Rest, ways: Ways) -> list[Taken]:
    for beginner in ways.certain:
        certain = list(beginner(rest))
        if certain:
            return certain
    if not ways.others:
        return [(1, read(rest.first, rest.reader))]
    made: list[Taken] = []
    failed: ReadingError | None = None
    for beginner in ways.others:
        try:
            made += beginner(rest)
        except ReadingError as error:
            failed = failed or error
    if made and is_nothing(rest.first, rest.reader):
        return made
    try:
        made.append((1, read(rest.first, rest.reader)))
    except ReadingError as error:
        failed = failed or error
    if not made:
        assert failed is not None
        raise failed
    return made


def cuts(term: s.Term, reader: Reader) -> list[tuple[Unit, ...]]:
    """Every way to cut a term into units."""
    # as far as there is one way
    units: list[Unit] = []
    factors, signs, scope = term.factors, term.signs, reader.scope
    at, last, before = 0, len(signs), None
    while True:
        first = factors[at]
        after = factors[at + 1] if at < last and not signs[at].text else None
        count = 1
        if _ways(first, after, scope) is None:
            # most factors are units by themselves
            units.append(Unit(read(first, reader), before, first))
        else:
            rest = Rest(term, at, reader)
            taken = units_at(rest)
            if len(taken) > 1:
                return _several(tuple(units), rest, before, taken)
            ((count, readings),) = taken
            units.append(Unit(readings, before, first if count == 1 else rest.part(0, count)))
        at += count
        if at > last:
            return [tuple(units)]
        before = signs[at - 1]


def _several(units: tuple[Unit, ...], rest: Rest, before: s.Sign | None, taken: list[Taken]) -> list[tuple[Unit, ...]]:
    """Every way to cut a term into units, from the place on where there are several."""
    made: list[tuple[Unit, ...]] = []
    failed: ReadingError | None = None
    # (units so far, what is left)
    open_: list[tuple[tuple[Unit, ...], Rest, s.Sign | None]] = [(units, rest, before)]
    kept: dict[int, list[Taken] | ReadingError] = {rest.at: taken}
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
            more = (*so_far, Unit(readings, sign, here.part(0, count)))
            if count == here.count:
                made.append(more)
            else:
                open_.append((more, here.onwards(count), here.term.signs[here.at + count - 1]))
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
    ways = cuts(e, reader)
    if len(ways) == 1:
        return reader.distinct(_product(ways[0], e, reader), e)
    return reader.any_of([partial(_product, units, e, reader) for units in ways], e)


def _product(units: tuple[Unit, ...], e: s.Term, reader: Reader) -> Readings:
    if len(units) == 1:
        return units[0].readings
    signs = tuple(["" if unit.before is None else unit.before.text for unit in units[1:]])
    return multiplied([unit.readings for unit in units], signs, [unit.at for unit in units], e, reader)
