r"""Forward equations as they are written: one a line, two sides, and the range of a family."""

from __future__ import annotations

import re
from dataclasses import dataclass

from symbackprop.dims import ONE, Dim
from symbackprop.expr import Variable
from symbackprop.latex import surface as s
from symbackprop.latex.errors import ReadingError
from symbackprop.latex.grammar import surface
from symbackprop.latex.meaning_dims import read_dim
from symbackprop.latex.names import parts_of
from symbackprop.latex.parse import scope_of
from symbackprop.latex.readings import Reader
from symbackprop.latex.surface import Span, Surface

# so many equations and characters may a network have
MAX_EQUATIONS = 1_000
MAX_CHARACTERS = 200_000
HINT = "write a formula a line, and equal layers as one family, as h_l = …"


@dataclass
class Line:
    """An equation as it was written.

    Attributes:
        left: its left side; the loss in the last one.
        at: where that stands.
        index: the letter of a family, with its range.
    """

    text: str
    left: Variable
    right: Surface
    at: Span
    index: str | None = None
    lower: Dim = ONE
    upper: Dim = ONE


def lines_of(text: str) -> list[str]:
    r"""The equations of a text: one a line; `\\` ends a line too, but inside of a matrix it ends a row.

    Raises:
        ReadingError: for a text that is longer, or has more lines, than is read.
    """
    lines, depth = [""], 0
    for part in re.split(r"(\\begin\b|\\end\b|\\\\|\n)", text):
        depth += (part == r"\begin") - (part == r"\end")
        if part in ("\\\\", "\n") and depth == 0:
            lines.append("")
        else:
            lines[-1] += part
    equations = [line for line in (each.strip().rstrip(",;.") for each in lines) if line]
    if len(text) > MAX_CHARACTERS and len(equations) > 1:
        # a single line is refused as any formula that is too long
        message = f"the text has {len(text)} characters, but at most {MAX_CHARACTERS} are read"
        raise ReadingError(f"{message}: {HINT}", text, (MAX_CHARACTERS, len(text)))
    if len(equations) > MAX_EQUATIONS:
        message = f"there are {len(equations)} equations, but at most {MAX_EQUATIONS} are read"
        first = equations[MAX_EQUATIONS]
        raise ReadingError(f"{message}: {HINT}", first, (0, len(first)))
    return equations


def sides_of(text: str) -> tuple[str, Surface, Surface, tuple[Surface, ...]]:
    """Text, left side, right side, and what stands behind the equation."""
    whole = surface(text)
    behind: tuple[Surface, ...] = ()
    if isinstance(whole, s.Listed):
        whole, *rest = whole.parts
        behind = tuple(part for part in rest if not isinstance(part, s.Prose | s.Blank))
    if not isinstance(whole, s.Chain) or len(whole.parts) != 2 or whole.signs[0].text not in ("=", ":=", "←", "≡"):
        raise ReadingError("a forward equation is one variable, =, and what it is computed from", text, whole.span)
    return text, whole.parts[0], whole.parts[1], behind


def summed_over(e: Surface, name: str, text: str) -> tuple[Dim, Dim] | None:
    """The bounds of a sum over an index somewhere in a formula: `1` and `N` of `Σ_{i=1}^N`; None if there is none."""
    match e:
        case s.Big(
            sub=s.Chain(parts=(s.Letter(text=letter), first), signs=(s.Sign(text="="),)), sup=s.Surface() as last
        ):
            if letter == name:
                reader = Reader(text, scope_of("lecture"))
                return read_dim(first, reader), read_dim(last, reader)
    return next(filter(None, (summed_over(part, name, text) for part in parts_of(e))), None)


def range_of(behind: tuple[Surface, ...], name: str, text: str) -> tuple[Dim, Dim]:
    r"""`t = 1, \dots, T`, or `1 \le t \le T`."""
    reader = Reader(text, scope_of("lecture"))
    match behind:
        case (s.Chain(parts=(_, first), signs=(s.Sign(text="="),)), s.Dots(), last):
            return read_dim(first, reader), read_dim(last, reader)
        case (s.Chain(parts=(first, _, last), signs=(s.Sign(text="≤"), s.Sign(text="≤"))),):
            return read_dim(first, reader), read_dim(last, reader)
    raise ReadingError(f"the range of {name} is written as {name} = 1, \\dots, {name.upper()}", text, behind[0].span)
