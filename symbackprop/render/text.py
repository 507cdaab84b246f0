"""Boxes as Unicode text in two dimensions, for a terminal, within a given number of columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import singledispatch

from symbackprop.render import boxes
from symbackprop.render.boxes import Box
from symbackprop.render.drawing import (
    FACTOR,
    NEVER,
    RELATION,
    TERM,
    Part,
    draw,
    fences,
    flat,
    joined,
    matrix_parts,
    parts_of,
    scripts_at,
)
from symbackprop.render.layout import Look, layout
from symbackprop.render.pictures import line_of
from symbackprop.tree import Node

WIDTH = 100


def _pieces(box: Box, limit: int) -> list[Part]:
    """The parts of a box between which a line may be broken; what is wider than the limit is opened itself."""
    if not isinstance(box, boxes.Row):
        return _opened(box, limit)
    made: list[Part] = []
    together = parts_of(box)
    too_wide = _too_wide(together, limit)
    for i, (item, part) in enumerate(zip(flat(box), together, strict=True)):
        if i in too_wide:
            first, *rest = _pieces(item, limit)
            made += [replace(first, gap=part.gap, breaks=part.breaks), *rest]
        else:
            made.append(part)
    return made


def _too_wide(together: Sequence[Part], limit: int) -> set[int]:
    """The parts to be opened: the widest of each run that has no place to break and is wider than the limit."""
    found: set[int] = set()
    start = 0
    for end in range(1, len(together) + 1):
        if end == len(together) or together[end].breaks:
            run = together[start:end]
            if sum(part.picture.width + len(part.gap) for part in run) > limit:
                found.add(max(range(start, end), key=lambda i: together[i].picture.width))
            start = end
    return found


@singledispatch
def _opened(box: Box, limit: int) -> list[Part]:
    """The parts of a box that is too wide; one that has none stays whole."""
    return [Part(draw(box))]


@_opened.register
def _(box: boxes.Words, limit: int) -> list[Part]:
    return [Part(line_of(word), " " * (i > 0), FACTOR) for i, word in enumerate(box.text.split())]


@_opened.register
def _(box: boxes.Fenced, limit: int) -> list[Part]:
    opening, closing = fences(box, draw(box.body))
    first, *rest = _pieces(box.body, limit)
    return [Part(opening), replace(first, breaks=NEVER), *rest, Part(closing)]


@_opened.register
def _(box: boxes.Matrix, limit: int) -> list[Part]:
    opening, *inner, closing = matrix_parts(box)
    return [
        Part(opening),
        *(Part(p, "", FACTOR if i and not i % 2 else NEVER) for i, p in enumerate(inner)),
        Part(closing),
    ]


@_opened.register
def _(box: boxes.Scripts, limit: int) -> list[Part]:
    return [*_pieces(box.base, limit), Part(scripts_at(box, draw(box.base)))]


@_opened.register
def _(box: boxes.Fraction, limit: int) -> list[Part]:
    return [*_bracketed(box.numerator, limit), Part(line_of("/"), " "), *_bracketed(box.denominator, limit, " ")]


@_opened.register
def _(box: boxes.Radical, limit: int) -> list[Part]:
    return [Part(line_of("√")), *_bracketed(box.body, limit)]


@_opened.register
def _(box: boxes.Under | boxes.Over, limit: int) -> list[Part]:
    mark = "⏟" if isinstance(box, boxes.Under) else "⏞"
    return [*_pieces(box.body, limit), Part(line_of(mark), " "), *_bracketed(box.note, limit)]


@_opened.register
def _(box: boxes.Stack, limit: int) -> list[Part]:
    opened = [_pieces(line, limit) for line in box.lines]
    return [part for first, *rest in opened for part in (replace(first, gap=" ", breaks=TERM), *rest)]


def _bracketed(box: Box, limit: int, gap: str = "") -> list[Part]:
    first, *rest = _opened(boxes.Fenced("(", box, ")"), limit)
    return [replace(first, gap=gap), *rest]


def _lines(parts: Sequence[Part], width: int) -> Iterator[tuple[int, Sequence[Part]]]:
    """The parts of each line with its indent, none wider than the width where a place to break is to be had."""
    start, indent = 0, 0
    while start < len(parts):
        used, fits = indent, []
        end = start
        while end < len(parts):
            used += parts[end].picture.width + (len(parts[end].gap) if end > start else 0)
            if used > width and end > start:
                break
            end += 1
            fits.append(used)
        if end < len(parts):
            end = _best_break(parts, start, end, fits, width)
        yield indent, [replace(parts[start], gap=""), *parts[start + 1 : end]]
        start = end
        if start < len(parts):
            indent = 2 if parts[start].breaks >= RELATION else 4


def _best_break(parts: Sequence[Part], start: int, end: int, used: Sequence[int], width: int) -> int:
    """Where the next line begins: before a relation rather than a term, a term rather than a factor, and late."""
    places = [i for i in range(start + 1, end + 1) if parts[i].breaks]
    if not places:
        return next((i for i in range(end + 1, len(parts)) if parts[i].breaks), len(parts))
    late = [i for i in places if used[i - start - 1] >= width // 2]
    return max(late or places[-1:], key=lambda i: (parts[i].breaks, i))


# --- what others call ------------------------------------------------------------------------------------------------


def fits(box: Box, width: int = WIDTH) -> bool:
    """Whether a box is drawn without breaking its line."""
    return draw(box).width <= width


def write(box: Box, width: int = WIDTH) -> list[str]:
    """The lines of a box, without blanks at their ends.

    What is wider than `width` columns goes on in further lines, indented, broken before relations, terms and factors;
    a line that was broken is followed by a blank one where one of the two is more than a line high. Only a single name
    that is wider than the width itself makes a longer line.
    """
    whole = draw(box)
    if whole.width <= width:
        return [line.rstrip() for line in whole.lines]
    made: list[str] = []
    for indent, parts in _lines(_pieces(box, width - 4), width):
        lines = [(" " * indent + line).rstrip() for line in joined(parts).lines]
        made += [""] * (bool(made) and len(lines) > 1) + lines
    return made


def render(e: Node, look: Look, width: int = WIDTH) -> str:
    """An expression or statement as text: in full, or in the short form (`D_l` for the activation Jacobian) where the
    full one is wider than `width`; broken into lines where both are."""
    e = look.placed(e)
    full = layout(e, look)
    if fits(full, width):
        return "\n".join(write(full, width))
    return "\n".join(write(layout(e, replace(look, short=True)), width))
