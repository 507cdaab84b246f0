"""How wide a formula is on a page, nearly, and where a line of it is broken.

The widths are those of Computer Modern in em, on the wide side: they say where lines are broken, once for every page
format, and a format needs no engine for that. A factor that is too wide by itself is opened at its parentheses.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import singledispatch
from typing import Protocol

from symbackprop.keeping import kept
from symbackprop.render import boxes
from symbackprop.render.boxes import Box, Row

_SCRIPT, _SCRIPT_SPACE = 0.72, 0.05
_WIDE = {
    "m": 0.88,
    "w": 0.72,
    "W": 0.98,
    "M": 1.0,
    "L": 0.7,
    "D": 0.85,
    "…": 1.25,
    "−": 0.8,
    "ψ": 0.68,
    "𝒩": 0.98,
    "i": 0.36,
    "⊤": 0.8,
    "(": 0.4,
    ")": 0.4,
    ",": 0.3,
}
_LETTER, _WORD_LETTER = 0.6, 0.52
_RELATION, _OPERATION, _BLANKS = 1.4, 1.3, 0.5
_SPACES = {"quad": 1.0, "thin": 0.17}
# the fence of a matrix, the gap between its columns, the bars of a fraction, what surrounds a factor
_FENCE, _COLUMN, _OVERHANG, _GAP = 0.75, 1.0, 0.3, 0.17

# what a page holds in em (11 points, A4), less what the estimate of a width may be short by; how far formulas, lines
# that go on, subproofs and remarks go in; the room for a rule's name beside a line
TEXT, INDENT, HANG, PROOF, ASIDE, NOTE = 41.5, 1.8, 2.0, 1.6, 2.0, 11.0
# a left side that takes more of a line than this stands on a line of its own
_LEAD = 0.25

# what is narrower than this does not stand on a last line by itself, if it can be helped
_ALONE = 2.5
# a line that is no wider than this many times its room may be scaled down
SQUEEZED = 1.1

# how gladly a line is broken before an item
NEVER, FACTOR, LARGE, TERM, RELATION, NEXT = range(6)


class HasBox(Protocol):
    """A formula among words."""

    @property
    def box(self) -> Box: ...


def small(box: Box) -> float:
    """The width of a script or note, where signs have no blanks around them."""
    items = box.items if isinstance(box, Row) else (box,)
    signs = sum(isinstance(item, boxes.Infix) for item in items)
    return _SCRIPT * (width(box) - _BLANKS * signs)


# --- widths ----------------------------------------------------------------------------------------------------------


def width(box: Box) -> float:
    """The width of a box in em; kept with the box, because lines of a derivation share most of theirs."""
    return kept(box, "_width", _width)


@singledispatch
def _width(box: Box) -> float:
    raise TypeError(f"{type(box).__name__} has no width registered: add @_width.register for it")


@_width.register
def _(box: boxes.Symbol) -> float:
    letter = _WORD_LETTER if box.operator or box.text.isdigit() else _LETTER
    return sum(_WIDE.get(c, letter) for c in box.text) + (_GAP if box.operator else 0)


@_width.register
def _(box: boxes.Prefixed) -> float:
    return sum(_width(boxes.Symbol(text)) for text in (box.prefix, box.text))


@_width.register
def _(box: boxes.Words) -> float:
    return _WORD_LETTER * len(box.text)


@_width.register
def _(box: boxes.Infix) -> float:
    return _RELATION if box.text in boxes.RELATIONS else _OPERATION


@_width.register
def _(box: boxes.Space) -> float:
    return _SPACES[box.size]


@_width.register
def _(box: boxes.Row) -> float:
    return sum(width(item) + (_GAP if _is_large(item) else 0) for item in box.items)


@_width.register
def _(box: boxes.Scripts) -> float:
    scripts = [small(script) for script in (box.sub, box.sup) if script is not None]
    return width(box.base) + 0.3 * box.primes + (max(scripts) + _SCRIPT_SPACE if scripts else 0.0)


@_width.register
def _(box: boxes.Accent | boxes.Bold) -> float:
    return width(box.base) * (1.1 if isinstance(box, boxes.Bold) else 1.0)


@_width.register
def _(box: boxes.Fraction) -> float:
    return max(width(box.numerator), width(box.denominator)) + _OVERHANG


@_width.register
def _(box: boxes.Radical) -> float:
    return width(box.body) + 1.0


@_width.register
def _(box: boxes.Fenced) -> float:
    return width(box.body) + 2 * (_FENCE if box.grows else 0.4)


@_width.register
def _(box: boxes.Torn) -> float:
    return _FENCE


@_width.register
def _(box: boxes.Matrix) -> float:
    columns = [max(map(width, column)) for column in zip(*box.rows, strict=True)]
    return sum(columns) + _COLUMN * (len(columns) - 1) + 2 * _FENCE


@_width.register
def _(box: boxes.Big) -> float:
    bounds = [small(bound) for bound in (box.lower, box.upper) if bound is not None]
    return max(1.45, *bounds, _WORD_LETTER * len(box.sign)) + _GAP


@_width.register
def _(box: boxes.Under | boxes.Over) -> float:
    return max(width(box.body), small(box.note))


@_width.register
def _(box: boxes.Stack) -> float:
    return max(map(width, box.lines))


def words_width(words: Sequence[str | HasBox]) -> float:
    """How wide a sentence of words and formulas is in one line, in em."""
    return sum(_WORD_LETTER * len(part) if isinstance(part, str) else width(part.box) for part in words)


# --- where a line may be broken --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Part:
    """A piece of a line.

    Attributes:
        box: the piece.
        breaks: how gladly a line is broken before it.
        opens: what it opens, where it is a delimiter of something that may be broken; closes: what it closes.
    """

    box: Box
    breaks: int
    opens: boxes.Fenced | None = None
    closes: boxes.Fenced | None = None

    @property
    def width(self) -> float:
        """Its width in a line; delimiters may grow where both stand on one line."""
        ends, bare = self.opens or self.closes, self.box.base if isinstance(self.box, boxes.Scripts) else self.box
        grown = _FENCE - 0.4 if ends is not None and ends.grows and not isinstance(bare, boxes.Torn) else 0.0
        return width(self.box) + grown + (_GAP if _is_large(self.box) else 0)


def _flat(box: Box) -> Iterator[Box]:
    if isinstance(box, Row):
        for item in box.items:
            yield from _flat(item)
    else:
        yield box


def _is_large(box: Box) -> bool:
    return isinstance(box, boxes.Matrix | boxes.Big | boxes.Fraction | boxes.Fenced | boxes.Under)


def _sign(box: Box) -> Box:
    """A relation without the mark above it."""
    return box.body if isinstance(box, boxes.Over) and isinstance(box.body, boxes.Infix) else box


def _breaks(before: Box, item: Box) -> int:
    """How gladly a line is broken between neighbours: never after a sign, nor between a function and its argument."""
    before, item = _sign(before), _sign(item)
    if isinstance(before, boxes.Infix | boxes.Big | boxes.Space) or isinstance(item, boxes.Space | boxes.Words):
        return NEVER
    if isinstance(item, boxes.Infix):
        return RELATION if item.text in boxes.RELATIONS else TERM
    if isinstance(before, boxes.Words):
        # one formula beside another: rather there than between the sides of the next
        return NEXT if before.text.startswith(",") else NEVER
    if isinstance(before, boxes.Symbol) and not before.text.isalnum():
        # a minus, an opening parenthesis
        return NEVER
    if isinstance(item, boxes.Symbol) and not item.text.isalnum():
        return NEVER
    if isinstance(item, boxes.Fenced) and isinstance(before, boxes.Symbol | boxes.Scripts):
        return NEVER
    # the factors of a layer end in a transposed one
    ends_layer = isinstance(before, boxes.Scripts) and before.sup is not None
    return LARGE if ends_layer or isinstance(item, boxes.Matrix | boxes.Big | boxes.Under) else FACTOR


def _holds_large(box: Box) -> bool:
    """Whether what stands between delimiters is tall, so that it looks ill without delimiters as tall as it is."""
    if isinstance(box, boxes.Scripts):
        return _holds_large(box.base)
    if not isinstance(box, boxes.Fenced):
        return False
    return any(isinstance(item, boxes.Matrix | boxes.Under | boxes.Big) for item in _flat(box.body))


def _parts(box: Box, limit: float) -> list[_Part]:
    """The items of a row, nested rows opened, and parentheses opened around what is wider than the limit."""
    made: list[_Part] = []
    before: Box | None = None
    for item in _flat(box):
        place = NEVER if before is None else _breaks(before, item)
        inner = _opened(item, limit) if width(item) > (limit if _holds_large(item) else limit / 2) else []
        if inner:
            made.append(replace(inner[0], breaks=place))
            made += inner[1:]
        else:
            made.append(_Part(item, place))
        before = item
    return made


def _opened(box: Box, limit: float) -> list[_Part]:
    """The parts of something between parentheses; nothing for what cannot be broken."""
    if isinstance(box, boxes.Scripts):
        inner = _opened(box.base, limit)
        if not inner:
            return []
        last = boxes.Scripts(inner[-1].box, box.sub, box.sup, box.primes)
        return [*inner[:-1], replace(inner[-1], box=last)]
    if not isinstance(box, boxes.Fenced):
        return []
    opening, closing = _delimiters(box)
    return [_Part(opening, NEVER, opens=box), *_parts(box.body, limit), _Part(closing, NEVER, closes=box)]


def _delimiters(box: boxes.Fenced) -> tuple[Box, Box]:
    """Both delimiters, which may come to stand on two lines: each as tall as what they enclose."""
    tall = tuple(dict.fromkeys(_tall(box.body)))  # two of the same are no taller than one
    if not (box.grows and tall):
        return boxes.Symbol(box.opening), boxes.Symbol(box.closing)
    whole = replace(box, body=Row(tall))
    return boxes.Torn(box.opening, True, whole), boxes.Torn(box.closing, False, whole)


def _tall(box: Box) -> Iterator[Box]:
    """What delimiters around a box grow for."""
    for item in _flat(box):
        if isinstance(item, boxes.Scripts | boxes.Accent):
            yield from _tall(item.base)
        elif isinstance(item, boxes.Fenced):
            yield from _tall(item.body)
        elif isinstance(item, boxes.Matrix | boxes.Big | boxes.Fraction | boxes.Under):
            yield item


def _line(parts: Sequence[_Part]) -> Row:
    """A line of parts; delimiters that both stand on it enclose what is between them again, and grow with it."""
    made: list[Box] = []
    # where something was opened on this line, and what
    opened: list[tuple[int, boxes.Fenced]] = []
    for part in parts:
        if part.opens is not None:
            opened.append((len(made), part.opens))
        if part.closes is None or not opened:
            made.append(part.box)
            continue
        start, whole = opened.pop()
        closed: Box = replace(whole, body=Row(tuple(made[start + 1 :])))
        made[start:] = [_scripted_as(part.box, closed)]
    return Row(tuple(made))


def _scripted_as(closing: Box, closed: Box) -> Box:
    """What is closed, with the scripts that its closing delimiter has."""
    return replace(closing, base=_scripted_as(closing.base, closed)) if isinstance(closing, boxes.Scripts) else closed


def broken(box: Box, first: float, following: float) -> list[Box]:
    """The lines of a formula.

    Args:
        box: the formula.
        first: the width of the first line in em; following: that of the others.

    A line is wider than that only where a part of the formula is that cannot be broken, or where tall delimiters would
    be torn apart for little: then the formula is one line, a little too wide.
    """
    if width(box) <= first:
        return [box]
    parts = _parts(box, following)
    if width(box) <= SQUEEZED * first and any(part.opens is not None and part.opens.grows for part in parts):
        return [box]
    widths = [part.width for part in parts]
    lines: list[Box] = []
    start = 0
    while start < len(parts):
        end = _end_of_line(parts, widths, start, first if start == 0 else following)
        lines.append(_line(parts[start:end]))
        start = end
    return lines


def _end_of_line(parts: Sequence[_Part], widths: Sequence[float], start: int, limit: float) -> int:
    """Where the next line begins: as late as it fits, or earlier at a place where it is broken more gladly."""
    used, best, score = 0.0, 0, -1.0
    for i in range(start, len(parts)):
        if i > start and parts[i].breaks and (used <= limit or not best):
            # a line that is two thirds full and broken before a large factor is better than a full one
            value = used / limit + 0.3 * (parts[i].breaks - FACTOR)
            if sum(widths[i:]) < _ALONE:
                value -= 1.0
            if value >= score:
                best, score = i, value
        used += widths[i]
        if used > limit and best:
            return best
    return len(parts)


@dataclass(frozen=True)
class Laid:
    """A line of a chain on a page.

    Attributes:
        lead: the lines of the left side, where it stands on lines of its own; else nothing.
        rows: the lines of the relation and the right side; all but the first go in.
        first, following: how wide the first of them may be, and the others.
    """

    lead: tuple[Box, ...]
    rows: tuple[Box, ...]
    first: float
    following: float

    @property
    def fits(self) -> bool:
        """Whether no line is too wide."""
        rooms = [self.first] + [self.following] * (len(self.rows) - 1)
        return all(width(row) <= room for row, room in zip(self.rows, rooms, strict=True)) and all(
            width(row) <= self.first + HANG for row in self.lead
        )

    @property
    def is_squeezed(self) -> bool:
        """Whether it is one line that is scaled down a little."""
        return len(self.rows) == 1 and self.first < width(self.rows[0]) <= SQUEEZED * self.first


def laid(lead: Box, side: Box, room: float) -> Laid:
    """A left side, and a relation with its right side, in a room of so many em.

    A short left side stands before the relation; a long one on lines of its own, and then the relation goes in.
    """
    is_short = width(lead) <= _LEAD * room
    first = room - (width(lead) if is_short else HANG)
    following = first - HANG
    above = () if is_short else tuple(broken(lead, room, room - HANG))
    return Laid(above, tuple(broken(side, first, following)), first, following)
