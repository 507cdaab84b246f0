"""Boxes as Typst math that people can read, set nearly as LaTeX sets them.

Every letter that is not one of Typst's names is written as an escaped character or as a string, so no text can end the
formula or call a function. Sources: the Typst reference on math (attach, lr, mat, underbrace) and appendix G of the
TeXbook, for the thin space beside fractions and growing delimiters.
"""

from __future__ import annotations

from functools import singledispatch

from symbackprop.keeping import kept
from symbackprop.notations import GREEK
from symbackprop.render import boxes
from symbackprop.render.boxes import Box

# Unicode to what a person writes; every other character is escaped
NAMES: dict[str, str] = {
    **{letter: name for name, letter in GREEK.items()},
    "∂": "partial",
    "∇": "nabla",
    "⊤": "top",
    "⊺": "⊺",
    "⊙": "dot.o",
    "⊘": "⊘",
    "∘": "compose",
    "×": "times",
    "·": "dot.c",
    "−": "-",
    "≤": "<=",
    "≥": ">=",
    "⇒": "=>",
    "←": "<-",
    "≈": "approx",
    "∈": "in",
    "…": "...",
    "⋮": "dots.v",
    "⋱": "dots.down",
    "ℒ": "cal(L)",
    "𝒩": "cal(N)",
    "ℓ": "ell",
    "=": "=",
    "+": "+",
    "-": "-",
    "<": "<",
    ">": ">",
    "±": "plus.minus",
    "′": "prime",
}
BIG = {"∏": "product", "Σ": "sum"}
ACCENTS = {"vec": "arrow", "hat": "hat", "bar": "macron", "tilde": "tilde"}
DELIMITERS = {"(": r"\(", ")": r"\)", "[": r"\[", "]": r"\]", "{": r"\{", "}": r"\}", "‖": "‖", "|": r"\|"}
# delimiters that are the same on both sides
BARS = ("‖", "|")
SPACES = {"quad": "quad", "thin": "thin"}
# as far apart as the cells of LaTeX's pmatrix
_MATRIX = "column-gap: #1em, row-gap: #0.3em"
_THIN = "thin"


def equation(box: Box, alt: str, block: bool = True) -> str:
    """A `math.equation(…)` call with alternative text, for Typst's code mode; in markup `#` stands before it.

    Args:
        box: the formula.
        alt: what a screen reader says; PDF/UA-1 wants it for every equation.
        block: whether it stands on lines of its own; else it is part of a line of text.
    """
    setting = "true" if block else "false"
    return f"math.equation(block: {setting}, alt: {string(alt)}, $ {write(box)} $)"


def string(text: str) -> str:
    """A Typst string literal; line ends and other control characters become blanks."""
    return '"' + printable(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def printable(text: str) -> str:
    """The text with a blank for each line end and each control character."""
    # line by line, as most lines have none: a figure has half a million characters
    return " ".join(map(_printable, text.split("\n")))


def _printable(line: str) -> str:
    return line if line.isprintable() else "".join(c if c.isprintable() else " " for c in line)


def write(box: Box) -> str:
    """Typst math of a box, without dollar signs; kept with the box, as lines of a derivation share most of theirs."""
    return kept(box, "_typst", _write)


@singledispatch
def _write(box: Box) -> str:
    raise TypeError(f"{type(box).__name__} has no Typst registered: add @_write.register for it")


# --- letters, signs and words ----------------------------------------------------------------------------------------


@_write.register
def _(box: boxes.Symbol) -> str:
    if box.operator:
        return f"op({string(box.text)})"
    if box.text.isascii() and box.text.isdigit():
        return box.text
    return _character(box.text) if len(box.text) == 1 else f"italic({string(box.text)})"


@_write.register
def _(box: boxes.Prefixed) -> str:
    return f"{_character(box.prefix)} {_character(box.text)}"


def _character(char: str) -> str:
    """One character of math. ASCII signs may always be escaped; what Typst has no name for is a letter or a sign."""
    if char in NAMES:
        return NAMES[char]
    if char.isascii() and char.isalnum():
        return char
    if char.isascii() and char.isprintable() and not char.isspace():
        return "\\" + char
    return char if char.isalpha() else string(char)


@_write.register
def _(box: boxes.Infix) -> str:
    return _character(box.text) if len(box.text) == 1 else f"op({string(box.text)})"


@_write.register
def _(box: boxes.Words) -> str:
    # a comma or semicolon is set in math, so that it stands in the slant of the formula and with its blank
    comma, text = ("\\" + box.text[0], box.text[1:]) if box.text.startswith((",", ";")) else ("", box.text)
    return f"{comma}{string(text)}" if text.strip() or not comma else comma


@_write.register
def _(box: boxes.Space) -> str:
    return SPACES[box.size]


@_write.register
def _(box: boxes.Accent) -> str:
    return f"{ACCENTS[box.mark]}({write(box.base)})"


@_write.register
def _(box: boxes.Bold) -> str:
    return f"upright(bold({write(box.base)}))"


# --- rows ------------------------------------------------------------------------------------------------------------


@_write.register
def _(box: boxes.Row) -> str:
    items = list(_flat(box))
    made: list[str] = []
    for i, item in enumerate(items):
        if i:
            made.append(_between(items[i - 1], item))
        made.append(write(item))
    return "".join(made)


def _flat(row: boxes.Row) -> list[Box]:
    return [inner for item in row.items for inner in (_flat(item) if isinstance(item, boxes.Row) else [item])]


def _between(left: Box, right: Box) -> str:
    """What stands between neighbours in a row; blanks at a string would be set, elsewhere they are not."""
    if isinstance(right, boxes.Words) and right.text[:1].isalpha() and _is_inner(left):
        return f" {_THIN}"
    if isinstance(left, boxes.Big) and left.sign.isalpha() and left.sign not in BIG and isinstance(right, boxes.Fenced):
        # "max" before a bar, as TeX sets it
        return f" {_THIN} "
    if isinstance(left, boxes.Words) or isinstance(right, boxes.Words):
        return "" if not (isinstance(left, boxes.Infix) or isinstance(right, boxes.Infix)) else " "
    if (_is_inner(left) and _is_ordinary(right)) or (_is_ordinary(left) and _is_inner(right)):
        return f" {_THIN} "
    return " "


def _is_inner(box: Box) -> bool:
    """Whether a thin space sets it off from its neighbours, as TeX does for what it calls inner formulas.

    Fractions get one too, where TeX puts a fixed 1.2 points.
    """
    match box:
        case boxes.Fraction() | boxes.Matrix():
            return True
        case boxes.Fenced(grows=grows):
            return grows
    return False


def _is_ordinary(box: Box) -> bool:
    """Whether TeX sets a thin space between it and an inner formula: not beside signs, spaces, commas."""
    if isinstance(box, boxes.Symbol):
        return box.operator or box.text.isalnum()
    return not isinstance(box, boxes.Infix | boxes.Space | boxes.Words | boxes.Big)


# --- what has parts --------------------------------------------------------------------------------------------------


def _script(mark: str, box: Box | None) -> str:
    if box is None:
        return ""
    text = write(box)
    return f"{mark}{text}" if text.isdigit() or (len(text) == 1 and text.isalpha()) else f"{mark}({text})"


@_write.register
def _(box: boxes.Scripts) -> str:
    base = write(box.base)
    single = isinstance(box.base, boxes.Symbol | boxes.Accent | boxes.Bold | boxes.Torn)
    if not single and not (isinstance(box.base, boxes.Fenced) and box.base.grows):
        base = f"attach({base})"
    primes = "'" * box.primes
    return f"{base}{primes}{_script('_', box.sub)}{_script('^', box.sup)}"


@_write.register
def _(box: boxes.Fraction) -> str:
    return f"frac({write(box.numerator)}, {write(box.denominator)})"


@_write.register
def _(box: boxes.Radical) -> str:
    return f"sqrt({write(box.body)})"


@_write.register
def _(box: boxes.Fenced) -> str:
    opening, closing, body = DELIMITERS[box.opening], DELIMITERS[box.closing], write(box.body)
    if box.grows:
        return f"lr({opening} {body} {closing})"
    if box.opening in BARS:
        # a bar does not say on its own on which side it stands
        opening, closing = f'class("opening", {opening})', f'class("closing", {closing})'
    return f"{opening} {body} {closing}"


@_write.register
def _(box: boxes.Torn) -> str:
    return f"torn({DELIMITERS[box.text]}, {write(box.whole)})"


@_write.register
def _(box: boxes.Matrix) -> str:
    rows = "; ".join(", ".join(map(write, row)) for row in box.rows)
    return f"mat({_MATRIX}, {rows})"


@_write.register
def _(box: boxes.Big) -> str:
    sign = BIG.get(box.sign) or f"limits(op({string(box.sign)}))"
    return sign + _script("_", box.lower) + _script("^", box.upper)


@_write.register
def _(box: boxes.Under) -> str:
    return f"underbrace({write(box.body)}, {write(box.note)})"


@_write.register
def _(box: boxes.Over) -> str:
    return f"limits({write(box.body)})" + _script("^", box.note)


@_write.register
def _(box: boxes.Stack) -> str:
    return f"mat(delim: #none, row-gap: #0.2em, {'; '.join(map(write, box.lines))})"
