r"""An answer cut into lines: `\\`, environments that align, blocks of mathematics, line breaks between equations.

What is no formula (`\begin{aligned}`, `&`, words around `$…$`) is blanked out, so that what is read of a line stands
where it stood.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from symbackprop.keeping import quick
from symbackprop.latex.errors import ReadingError
from symbackprop.latex.surface import Span
from symbackprop.latex.tokens import MAX_CHARACTERS

MOST_LINES = 200
# environments that hold lines rather than a matrix
_STARRED = ("align", "alignat", "gather", "equation", "eqnarray", "multline", "flalign")
_PLAIN = ("aligned", "alignedat", "gathered", "split", "math", "displaymath", "document", "proof", "solution")
HOLDERS = frozenset([*_PLAIN, *_STARRED, *(f"{name}*" for name in _STARRED)])
_SAYS_NOTHING = r"nonumber|notag|displaystyle|therefore(?![A-Za-z])"
_PIECE = re.compile(
    r"(?P<comment>(?<!\\)%[^\n]*)"
    r"|(?P<row>\\\\\*?(?:\s*\[[^\]\n]{0,20}\])?|\\(?:newline|cr)(?![A-Za-z]))"
    r"|(?P<begin>\\begin\s*\{(?P<opens>[^{}]{0,20})\}(?P<columns>\s*\{\d+\})?)"
    r"|(?P<end>\\end\s*\{(?P<closes>[^{}]{0,20})\})"
    r"|(?P<left>\\left(?![A-Za-z]))"
    r"|(?P<right>\\right(?![A-Za-z]))"
    r"|(?P<enter>\\[\[(])"
    r"|(?P<leave>\\[\])])"
    rf"|(?P<nothing>\\(?:{_SAYS_NOTHING}|label\s*\{{[^{{}}]*\}}|tag\*?\s*\{{[^{{}}]*\}}))"
    r"|(?P<command>\\(?:[A-Za-z]+|.))"
    r"|(?P<dollars>\$\$?)"
    r"|(?P<open>[{(\[])"
    r"|(?P<close>[})\]])"
    r"|(?P<tab>&)"
    r"|(?P<break>[ \t\r]*\n\s*)",
    re.DOTALL,
)
# what parts lines or is blanked out: most answers have none of it
_PARTING = re.compile(rf"%|\n|\$|&|\\(?:[\\\[\]()]|newline|cr|begin|end|{_SAYS_NOTHING}|label|tag)")
_RELATION_WORDS = r"leq?|geq?|leqslant|geqslant|approx|equiv|coloneqq|triangleq|to|Rightarrow|implies|iff"
_RELATION = rf"(?:=|<|>|≤|≥|≈|≡|:=|\\(?:{_RELATION_WORDS})(?![A-Za-z]))"
_STARTS_WITH_RELATION = re.compile(rf"\s*{_RELATION}")
_HAS_RELATION = re.compile(_RELATION)
# what wants something behind it, or before it
_UNFINISHED = re.compile(rf"(?:{_RELATION}|[+\-−*/·,(]|\\(?:cdot|odot|circ|times|otimes|quad|left\S?|frac)|[_^])\s*$")
_GOES_ON = re.compile(r"\s*(?:[+\-−*/·)\]}]|\\(?:cdot|odot|circ|times|otimes|right)(?![A-Za-z])|[_^])")


@quick
class Cut:
    """A line of an answer.

    Attributes:
        text: with everything blanked out that is no formula; as long as the span.
        written: as it stands in the answer.
    """

    text: str
    written: str
    span: Span


@quick
class Cuts:
    """The lines of an answer.

    Attributes:
        words: the span of words beside the formulas that are not read; None where there are none.
    """

    lines: tuple[Cut, ...]
    words: Span | None = None


def cut(text: str) -> Cuts:
    """The lines of an answer, in order, none of them empty.

    Raises:
        ReadingError: for an answer that is empty, too long or of too many lines, or has an environment that ends
            without a beginning.
    """
    if len(text) > MAX_CHARACTERS:
        raise ReadingError(
            f"this answer has {len(text):,} characters: write at most {MAX_CHARACTERS:,}", text, (0, len(text))
        )
    if _PARTING.search(text) is None:
        return Cuts(tuple(_whole(text)))
    cutter = _Cutter(text)
    lines = tuple(cutter.lines())
    if not lines:
        raise _nothing(text)
    if len(lines) > MOST_LINES:
        raise ReadingError(f"this answer has {len(lines)} lines: write at most {MOST_LINES}", text, lines[-1].span)
    return Cuts(lines, cutter.words)


def _nothing(text: str) -> ReadingError:
    return ReadingError("there is no formula in this answer: write one", text, (0, len(text)))


def _whole(text: str) -> Iterator[Cut]:
    """A text that is one line, without the spaces around it."""
    shown = text.strip()
    if not shown.strip(".,;"):
        raise _nothing(text)
    first = text.index(shown)
    yield Cut(shown, shown, (first, first + len(shown)))


class _Cutter:
    """Goes through a text once, and keeps what is open."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.blank = list(text)
        self.words: Span | None = None
        # where lines end and the next ones begin: what stands between is no part of either
        self.certain: list[Span] = []
        self.possible: list[Span] = []
        self._cut()

    def _cut(self) -> None:
        depth, outside = 0, 0
        inside = in_blocks = False
        for found in _PIECE.finditer(self.text):
            kind, span = found.lastgroup, found.span()
            if kind == "comment":
                self._drop(span)
            elif kind == "begin":
                depth += self._environment(found["opens"], span, depth, opens=True)
            elif kind == "end":
                depth -= self._environment(found["closes"], span, depth, opens=False)
            elif kind in ("left", "open"):
                depth += 1
            elif kind in ("right", "close"):
                depth = max(depth - 1, 0)
            elif kind == "nothing":
                self._drop(span)
            elif kind in ("enter", "leave", "dollars"):
                inside, in_blocks = (not inside if kind == "dollars" else kind == "enter"), True
                self._block(span, outside, inside)
                depth, outside = 0, span[1]
            elif depth == 0:
                self._at_top(kind, span)
        if in_blocks and not inside:
            self._outside((outside, len(self.text)))

    def _environment(self, name: str, span: Span, depth: int, opens: bool) -> int:
        """By how much an environment that begins or ends changes the depth."""
        if name.strip() not in HOLDERS:
            return 1 if opens or depth > 0 else 0
        self._drop(span)
        if depth == 0:
            self.certain.append(span)
        return 0

    def _block(self, span: Span, outside: int, enters: bool) -> None:
        self._drop(span)
        self.certain.append(span)
        if enters:
            self._outside((outside, span[0]))

    def _outside(self, span: Span) -> None:
        """Words beside blocks of mathematics are no formula."""
        if re.search(r"[A-Za-z0-9]", self.text[slice(*span)]):
            self.words = self.words or span
        self._drop(span)

    def _at_top(self, kind: str | None, span: Span) -> None:
        if kind == "row":
            self._drop(span)
            self.certain.append(span)
        elif kind == "tab":
            self._drop(span)
        elif kind == "break":
            several = self.text[slice(*span)].count("\n") > 1
            (self.certain if several else self.possible).append(span)

    def _drop(self, span: Span) -> None:
        self.blank[slice(*span)] = [c if c == "\n" else " " for c in self.blank[slice(*span)]]

    def lines(self) -> Iterator[Cut]:
        """What stands between the ends of lines, without what is empty."""
        blank = "".join(self.blank)
        ends = [*self.certain, *self._needed(blank)]
        start = 0
        for end, after in [*sorted(ends), (len(blank), len(blank))]:
            if end >= start:
                yield from self._line(blank, start, end)
                start = after

    def _line(self, blank: str, start: int, end: int) -> Iterator[Cut]:
        piece = blank[start:end]
        shown = piece.strip()
        if shown.strip(".,;"):
            first = start + piece.index(shown)
            span = (first, first + len(shown))
            yield Cut(shown, self.text[slice(*span)], span)

    def _needed(self, blank: str) -> Iterator[Span]:
        """The line breaks that end a line, as the next one is an equation by itself or goes on with a relation."""
        bounds = sorted([*self.certain, *self.possible, (len(blank), len(blank))])
        certain = set(self.certain)
        start = 0
        for (end, after), (until, _) in zip(bounds, [*bounds[1:], (len(blank), len(blank))], strict=True):
            if (end, after) in certain:
                start = after
                continue
            here, behind = blank[start:end], blank[after:until]
            own = _HAS_RELATION.search(behind) is not None
            if own and not _UNFINISHED.search(here) and not _GOES_ON.match(behind) and here.strip():
                yield (end, after)
                start = after


def goes_on(text: str) -> bool:
    """Whether a line begins with a relation, and so goes on from the line before."""
    return _STARTS_WITH_RELATION.match(text) is not None
