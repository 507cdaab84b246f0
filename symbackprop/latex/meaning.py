"""What a surface means: `read(surface, reader)` gives its readings, in the files `meaning_*` by subject.

A kind of surface registers itself: `@reads(s.Numeral)`. Some of a kind may be something special, as a fraction may be
a derivative: `@special(s.Fraction)` registers what is asked first, and gives None where it does not apply. Every part
of a surface is read, or there is an error that points at it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from symbackprop.latex import surface as s
from symbackprop.latex.readings import Reader, Readings
from symbackprop.latex.surface import AROUND_OTHERS, Surface, kind_of, written_in

Meaning = TypeVar("Meaning", bound=Callable[[Any, Reader], Readings])
Special = TypeVar("Special", bound=Callable[[Any, Reader], "Readings | None"])
MEANINGS: dict[type[Surface], Callable[[Any, Reader], Readings]] = {}
SPECIAL: dict[type[Surface], list[Callable[[Any, Reader], Readings | None]]] = {}


def reads(*kinds: type[Surface]) -> Callable[[Meaning], Meaning]:
    """Register what surfaces of these kinds mean."""

    def register(meaning: Meaning) -> Meaning:
        for kind in kinds:
            MEANINGS[kind] = meaning
        return meaning

    return register


def special(*kinds: type[Surface]) -> Callable[[Special], Special]:
    """Register what some surfaces of these kinds mean; it gives None for the others."""

    def register(meaning: Special) -> Special:
        for kind in kinds:
            SPECIAL.setdefault(kind, []).append(meaning)
        return meaning

    return register


def read(e: Surface, reader: Reader) -> Readings:
    """The readings of a surface as an expression, the first being the most literal; never an empty list.

    Raises:
        ReadingError: if it has none.
    """
    written = written_in(e)
    is_kept_here = False
    if written is not None:
        is_kept_here = kind_of(e) in AROUND_OTHERS
        if is_kept_here and reader.bound:
            written = written, reader.bound
        kept = reader.scope.by_text.get(written)
        if kept is None and is_kept_here and reader.left is not None:
            kept = _beside_left(written, reader)
        # what is nothing by itself is read anew: the error says where
        if kept is not None and kept[1]:
            start, there = kept
            by = e.span[0] - start
            return [part.moved(by) for part in there] if by else there
    before = reader.kept.get(id(e))
    if before is not None:
        _, found, opened, asked = before
        reader.opened += opened
        reader.asked += asked
        return found
    open_before, asked_before = len(reader.opened), len(reader.asked)
    found = _read(e, reader)
    # one of each says as much as many
    opened, asked = reader.opened[open_before:][:1], reader.asked[asked_before:][:1]
    reader.kept[id(e)] = e, found, opened, asked
    if written is not None and is_kept_here and not opened and not any(part.found for part in found):
        reader.scope.keep_text((written, reader.left) if asked else written, e.span[0], found)
    return found


def _beside_left(written: object, reader: Reader) -> tuple[int, Readings] | None:
    """What is kept of a text that takes from the left side what it does not say itself."""
    kept = reader.scope.by_text.get((written, reader.left))
    if kept is not None:
        reader.left_side()
    return kept


def is_nothing(e: Surface, reader: Reader) -> bool:
    """Whether it is known that a letter with its scripts has no readings."""
    kept = reader.scope.by_text.get(written_in(e))
    return kept is not None and not kept[1] and not reader.bound


def _read(e: Surface, reader: Reader) -> Readings:
    kind = type(e)
    for meaning in SPECIAL.get(kind, ()):
        found = meaning(e, reader)
        if found is not None:
            return found
    plain = MEANINGS.get(kind)
    if plain is None:
        raise reader.error(f"{reader.source(e)!r} is no expression: write one here", e)
    return plain(e, reader)


@reads(s.Blank)
def _(e: s.Blank, reader: Reader) -> Readings:
    raise reader.error("there is nothing here: write an expression", e)


@reads(s.Dots)
def _(e: s.Dots, reader: Reader) -> Readings:
    raise reader.error(
        "dots that stand for a part of a formula cannot be read: write the part out, or a product over an index, "
        r"as \prod_{l=1}^{L}",
        e,
    )


@reads(s.Prose)
def _(e: s.Prose, reader: Reader) -> Readings:
    raise reader.error(f"words are no part of a formula here: leave {e.text!r} out", e)


@reads(s.Chain)
def _(e: s.Chain, reader: Reader) -> Readings:
    raise reader.error(f"{reader.source(e)!r} is no expression: a relation cannot be part of one", e)


@reads(s.Listed)
def _(e: s.Listed, reader: Reader) -> Readings:
    raise reader.error(f"{reader.source(e)!r} is a list and no expression: write one expression here", e)


@reads(s.Lines)
def _(e: s.Lines, reader: Reader) -> Readings:
    raise reader.error("several lines are no expression: write one line here", e)
