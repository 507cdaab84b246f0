"""Rectangles of characters with a base line, and how they are put together: what terminal text is drawn with."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

# top, middle, bottom of a tall delimiter; a brace also has a point in its middle
_TALL = {
    "(": "⎛⎜⎝",
    ")": "⎞⎟⎠",
    "[": "⎡⎢⎣",
    "]": "⎤⎥⎦",
    "{": "⎧⎪⎩",
    "}": "⎫⎪⎭",
    "‖": "‖‖‖",
    "|": "│││",
}
_POINTS = {"{": "⎨", "}": "⎬"}


def columns(text: str) -> int:
    """How many columns of a terminal a text takes: combining characters take none, wide East Asian ones two."""
    total = 0
    for char in text:
        if unicodedata.category(char) in ("Mn", "Me", "Cf"):
            continue
        total += 2 if unicodedata.east_asian_width(char) in "WF" else 1
    return total


@dataclass(frozen=True)
class Picture:
    """Lines of one width; `base` is the number of the line on which neighbours align."""

    lines: tuple[str, ...]
    base: int = 0

    @property
    def width(self) -> int:
        return columns(self.lines[0])

    @property
    def above(self) -> int:
        return self.base

    @property
    def below(self) -> int:
        return len(self.lines) - self.base - 1

    @property
    def is_tall(self) -> bool:
        """Whether a delimiter must grow to enclose it; a lowered row of subscripts alone does not count."""
        return self.above > 0 or self.below > 1


def line_of(text: str) -> Picture:
    """One line; a letter and its accent become one character where Unicode has it."""
    return Picture((unicodedata.normalize("NFC", text),))


def centred(text: str, width: int) -> str:
    """The text with blanks on both sides."""
    free = width - columns(text)
    return " " * (free // 2) + text + " " * (free - free // 2)


def padded(picture: Picture, above: int, below: int) -> Picture:
    """The picture with blank lines, so that it has that many above and below its base line."""
    blank = " " * picture.width
    lines = (blank,) * (above - picture.above) + picture.lines + (blank,) * (below - picture.below)
    return Picture(lines, above)


def beside(pictures: Sequence[Picture]) -> Picture:
    """Pictures in a row, their base lines aligned."""
    if not pictures:
        return line_of("")
    above = max(p.above for p in pictures)
    below = max(p.below for p in pictures)
    even = [padded(p, above, below).lines for p in pictures]
    return Picture(tuple(map("".join, zip(*even, strict=True))), above)


def stacked(pictures: Sequence[Picture], base: int) -> Picture:
    """Pictures one below another, centred; `base` is the number of the line to align on."""
    width = max(p.width for p in pictures)
    return Picture(tuple(centred(line, width) for p in pictures for line in p.lines), base)


def delimiter(sign: str, above: int, below: int) -> Picture:
    """A delimiter that reaches so many lines above and below the base line."""
    height = above + below + 1
    if height == 1:
        return line_of(sign)
    top, middle, bottom = tuple(_TALL[sign])
    lines = [top, *[middle] * (height - 2), bottom]
    if sign in _POINTS and height > 2:
        lines[height // 2] = _POINTS[sign]
    return Picture(tuple(lines), above)


def flush(lines: Sequence[str], base: int) -> Picture:
    """Lines of any widths, one below another from the left."""
    width = max(map(columns, lines))
    return Picture(tuple(line + " " * (width - columns(line)) for line in lines), base)


def brace(width: int) -> str:
    """A brace of that width, opening upwards."""
    if width < 3:
        return "⏟" if width < 2 else "╰╯"
    left = (width - 3) // 2
    return "╰" + "─" * left + "┬" + "─" * (width - 3 - left) + "╯"
