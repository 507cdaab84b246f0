"""What a formula looks like, before any format: a small tree of boxes.

`layout` turns an expression into boxes, once for every visual format; LaTeX, Typst and terminal text are each one
short reader of boxes. So a new primitive says once how it is written, and a new format is a dozen functions. Text in
boxes is Unicode ("ψ", "∂", "⊤"); each format has its own table from there. Speech does not come from boxes: it reads
the expression, because it says what a formula means and not where its parts stand.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Box:
    """Base of the boxes."""


@dataclass(frozen=True)
class Symbol(Box):
    """A variable, digit string or sign in math: "z", "ψ", "∂", "12", "0", "…"; `operator` names are upright: "tanh"."""

    text: str
    operator: bool = False


@dataclass(frozen=True)
class Prefixed(Symbol):
    """A letter with one before it that is part of its name, so that no line is broken between: `dZ`."""

    prefix: str = ""


@dataclass(frozen=True)
class Words(Box):
    """Upright text within a formula: ", or "."""

    text: str


# the relations among what stands between its neighbours
RELATIONS = frozenset("=≤≥<>⇒←≈≠")


@dataclass(frozen=True)
class Infix(Box):
    """A relation or binary operation standing between its neighbours in a row: = ≤ + − × ⊙."""

    text: str


@dataclass(frozen=True)
class Space(Box):
    """ "quad" or "thin"."""

    size: str


@dataclass(frozen=True)
class Row(Box):
    """Boxes side by side."""

    items: tuple[Box, ...]


@dataclass(frozen=True)
class Scripts(Box):
    """A base with subscript and superscript; `primes` stand before the superscript."""

    base: Box
    sub: Box | None = None
    sup: Box | None = None
    primes: int = 0


@dataclass(frozen=True)
class Accent(Box):
    """A base under "vec", "hat", "bar" or "tilde"."""

    base: Box
    mark: str


@dataclass(frozen=True)
class Bold(Box):
    """An upright bold letter, for courses that write vectors so."""

    base: Box


@dataclass(frozen=True)
class Fraction(Box):
    numerator: Box
    denominator: Box


@dataclass(frozen=True)
class Radical(Box):
    body: Box


@dataclass(frozen=True)
class Fenced(Box):
    """A body between delimiters "(", "[", "{", "‖", "|"; `grows` with the body."""

    opening: str
    body: Box
    closing: str
    grows: bool = True


@dataclass(frozen=True)
class Torn(Box):
    """A delimiter whose other one is on another line.

    Attributes:
        text: the delimiter; opens: whether it is the left one, which bars do not say.
        whole: both with what is tall between them, which this one is as tall as.
    """

    text: str
    opens: bool
    whole: Fenced


@dataclass(frozen=True)
class Matrix(Box):
    """Rows of cells between round brackets."""

    rows: tuple[tuple[Box, ...], ...]


@dataclass(frozen=True)
class Big(Box):
    """`∏` or `Σ` with its bounds; what it applies to follows in the row. Also "sup" and "inf"."""

    sign: str
    lower: Box | None = None
    upper: Box | None = None


@dataclass(frozen=True)
class Under(Box):
    """A body with a brace under it and a note below the brace."""

    body: Box
    note: Box


@dataclass(frozen=True)
class Over(Box):
    """A body with a small note above it."""

    body: Box
    note: Box


@dataclass(frozen=True)
class Stack(Box):
    """Lines one below another, within a note."""

    lines: tuple[Box, ...]
