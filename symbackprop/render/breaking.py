"""How wide a formula is on a page, nearly, and where a line of it is broken.

The widths are those of Computer Modern in em, on the wide side: they say where lines are broken, once for every page
format, and a format needs no engine for that. A factor that is too wide by itself is opened at its parentheses.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import singledispatch

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
    "i": 0.36,
    "⊤": 0.8,
    "(": 0.4,
    ")": 0.4,
    ",": 0.3,
}
_LETTER, _WORD_LETTER = 0.6, 0.52
_RELATION, _OPERATION, _BLANKS = 1.4, 1.3, 0.5
_SPACES = {"quad": 1.0, "thin": 0.17}
_RELATIONS = frozenset("=≤≥<>⇒≈≠")
# the fence of a matrix, the gap between its columns, the bars of a fraction, what surrounds a factor
_FENCE, _COLUMN, _OVERHANG, _GAP = 0.75, 1.0, 0.3, 0.17

# what a page holds in em (11 points, A4), less what the estimate of a width may be short by; how far formulas, lines
# that go on and subproofs go in; the room for a rule's name beside a line
TEXT, INDENT, HANG, PROOF, NOTE = 41.5, 1.8, 2.0, 1.6, 11.0
# a left side that takes more of a line than this stands on a line of its own
_LEAD = 0.25

# how gladly a line is broken before an item
NEVER, FACTOR, LARGE, TERM, RELATION = range(5)


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
def _(box: boxes.Words) -> float:
    return _WORD_LETTER * len(box.text)


@_width.register
def _(box: boxes.Infix) -> float:
    return _RELATION if box.text in _RELATIONS else _OPERATION


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


# --- where a line may be broken --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Part:
    box: Box
    breaks: int


def _flat(box: Box) -> Iterator[Box]:
    if isinstance(box, Row):
        for item in box.items:
            yield from _flat(item)
    else:
        yield box


def _is_large(box: Box) -> bool:
    return isinstance(box, boxes.Matrix | boxes.Big | boxes.Fraction | boxes.Fenced | boxes.Under)


def _breaks(before: Box, item: Box) -> int:
    """How gladly a line is broken between neighbours: never after a sign, nor between a function and its argument."""
    if isinstance(before, boxes.Infix | boxes.Big | boxes.Space) or isinstance(item, boxes.Space | boxes.Words):
        return NEVER
    if isinstance(item, boxes.Infix):
        return RELATION if item.text in _RELATIONS else TERM
    if isinstance(before, boxes.Words):
        return TERM if before.text.startswith(",") else NEVER
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
            made.append(_Part(inner[0].box, place))
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
        return [*inner[:-1], _Part(last, NEVER)]
    if not isinstance(box, boxes.Fenced):
        return []
    body = _parts(box.body, limit)
    opening, closing = (_Part(boxes.Symbol(sign), NEVER) for sign in (box.opening, box.closing))
    return [opening, *body, closing]


def broken(box: Box, first: float, following: float) -> list[Box]:
    """The lines of a formula.

    Args:
        box: the formula.
        first: the width of the first line in em; following: that of the others.

    A line is wider than that only where a part of the formula is that cannot be broken.
    """
    if width(box) <= first:
        return [box]
    parts = _parts(box, following)
    widths = [width(part.box) + (_GAP if _is_large(part.box) else 0) for part in parts]
    lines: list[Box] = []
    start = 0
    while start < len(parts):
        end = _end_of_line(parts, widths, start, first if start == 0 else following)
        lines.append(Row(tuple(part.box for part in parts[start:end])))
        start = end
    return lines


def _end_of_line(parts: Sequence[_Part], widths: Sequence[float], start: int, limit: float) -> int:
    """Where the next line begins: as late as it fits, or earlier at a place where it is broken more gladly."""
    used, best, score = 0.0, 0, -1.0
    for i in range(start, len(parts)):
        if i > start and parts[i].breaks and (used <= limit or not best):
            # a line that is two thirds full and broken before a large factor is better than a full one
            value = used / limit + 0.3 * (parts[i].breaks - FACTOR)
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


def laid(lead: Box, side: Box, room: float) -> Laid:
    """A left side, and a relation with its right side, in a room of so many em.

    A short left side stands before the relation; a long one on lines of its own, and then the relation goes in.
    """
    is_short = width(lead) <= _LEAD * room
    first = room - (width(lead) if is_short else HANG)
    following = first - HANG
    above = () if is_short else tuple(broken(lead, room, room - HANG))
    return Laid(above, tuple(broken(side, first, following)), first, following)
