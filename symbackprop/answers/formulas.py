r"""The formulas of a LaTeX document with the lines they stand on; the document is read as text and never run.

Displayed mathematics, and in the text what has a relation in it. Comments are left out, and so is what stands in
`verbatim` and `lstlisting`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from symbackprop.answers.lines import HOLDERS

_NAMES = "|".join(
    re.escape(name) for name in sorted(HOLDERS - {"document", "proof", "solution"}, key=len, reverse=True)
)
_FORMULA = re.compile(
    r"(?P<skipped>\\begin\{(?P<name>verbatim\*?|lstlisting|minted|comment)\}.*?\\end\{(?P=name)\})"
    rf"|(?P<environment>\\begin\{{(?P<kind>{_NAMES})\}}.*?\\end\{{(?P=kind)\}})"
    r"|(?P<display>\\\[.*?\\\])"
    r"|(?P<dollars>\$\$.*?\$\$)"
    r"|(?P<inline>(?<!\\)\$[^$]+\$|\\\(.*?\\\))",
    re.DOTALL,
)
_COMMENT = re.compile(r"(?<!\\)%[^\n]*")
_RELATION = re.compile(r"=|<|>|≤|≥|≈|\\(?:leq?|geq?|approx|equiv)(?![A-Za-z])")


@dataclass(frozen=True)
class Formula:
    """A formula of a document.

    Attributes:
        text: as it is written, with its environment; comments are blanked out.
        start: its first character in the document.
        is_displayed: whether it stands by itself.
    """

    text: str
    start: int
    is_displayed: bool


def formulas(document: str) -> Iterator[Formula]:
    """The formulas of a document, in order."""
    # blanks in place of comments, so that every character stays where it is
    plain = _COMMENT.sub(lambda found: " " * len(found[0]), document)
    for found in _FORMULA.finditer(plain):
        if found["skipped"]:
            continue
        is_displayed = found["inline"] is None
        if is_displayed or _RELATION.search(found[0]):
            yield Formula(found[0], found.start(), is_displayed)


def line_at(document: str, place: int) -> int:
    """The line that a character of a document stands on, from 1."""
    return document.count("\n", 0, place) + 1


_SAID = re.compile(r"^[ \t]*%[ \t]*symbackprop:(.*)$", re.MULTILINE)


def declared(document: str) -> str:
    r"""What the document says of its network, as TOML: the lines that begin with `% symbackprop:`."""
    return "\n".join(found[1].strip() for found in _SAID.finditer(document))
