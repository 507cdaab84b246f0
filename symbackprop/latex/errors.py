"""What cannot be read, and where it stands."""

from __future__ import annotations

import unicodedata

from symbackprop.errors import SymbackpropError
from symbackprop.latex.surface import Span

# so much of a long line is shown on either side of the place
_AROUND = 50


class ReadingError(SymbackpropError):
    """A text that is no formula, or one that can be read in two ways.

    Attributes:
        message: a sentence that names what was read, and what to write instead.
        text: what was read.
        span: the half-open characters of `text` that the message is about.
        also: other texts with their spans that it is about.
    """

    def __init__(self, message: str, text: str, span: Span, also: tuple[tuple[str, Span], ...] = ()) -> None:
        self.message = message
        self.text = text
        self.span = span
        self.also = also
        super().__init__(message, text, span, also)

    def __str__(self) -> str:
        return "\n".join([self.message, *(excerpt(*place) for place in ((self.text, self.span), *self.also))])


def excerpt(text: str, span: Span) -> str:
    """The line of `text` in which `span` begins, as far as it is near, and a line of ^ marks below the span."""
    start = min(span[0], len(text))
    first = max(text.rfind("\n", 0, start) + 1, start - _AROUND)
    line_end = text.find("\n", start)
    last = min(len(text) if line_end < 0 else line_end, start + _AROUND)
    marks = max(1, min(span[1], last) - start)
    return f"  {_printable(text[first:last])}\n  {' ' * (start - first)}{'^' * marks}"


def _printable(text: str) -> str:
    # a control or bidi character would disorder the terminal, and a combining one move the marks
    return "".join("�" if unicodedata.category(c)[0] in "CM" else c for c in text)
