r"""The surface of a formula: what stands beside, above and below what, before anything is known of its meaning.

Every node has its `span`, the half-open characters of the source that it was read from. Whether `\sigma(z)` is a
function of `z` or a product, and whether `^T` is a transpose or a power, is not decided here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar, cast, dataclass_transform

Span = tuple[int, int]
Made = TypeVar("Made", bound="Surface")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def surface_node(cls: type[Made]) -> type[Made]:
    """Make a class a kind of surface: compared and hashed by its parts, and never changed once it is made.

    A type checker holds the latter. A frozen dataclass would ask for it at each of its attributes whenever one is made,
    which takes several times as long, and there is one for every token.
    """
    return dataclass(slots=True, unsafe_hash=True)(cls)


@surface_node
class Surface:
    """Base of every node of the surface; `span` does not count when two are compared."""

    span: Span = field(compare=False)


def values(node: Surface) -> list[object]:
    """What its attributes are, in order, the span first."""
    return [getattr(node, name) for name in node.__dataclass_fields__]


# --- what is read once and stands in many places ---------------------------------------------------------------------

# What is mostly written the same way, as `W_2^\top` and `(1 - h_1)`, is read alone, and once. It is the same in any
# formula: none of its signs takes along what stands behind it, and what stands before it does not matter, but for a
# command that waits for its argument.


class _Elsewhere(Surface):
    """What may have been read at another place: its parts are moved here when somebody first looks at them."""

    __slots__ = ("_origin",)
    # the same there, and how far away that is
    _origin: tuple[Surface, int]

    # a type checker shall still say which attributes there are
    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> object:
            """An attribute that has no value yet."""
            if name not in self.__dataclass_fields__:
                raise AttributeError(name)
            there, by = self._origin
            for each in self.__dataclass_fields__:
                if each not in ("span", "written"):
                    setattr(self, each, _moved(getattr(there, each), by))
            return getattr(self, name)


@surface_node
class Written(_Elsewhere):
    r"""What may be known by what is written.

    Attributes:
        written: all of its text, where that alone says what it is: `W_2^\top`, `\frac{\partial L}{\partial W_1}`.
    """

    written: str = field(default="", compare=False, repr=False, kw_only=True)


def moved(e: Surface, by: int) -> Surface:
    """The same surface at another place."""
    start, end = e.span
    span = (start + by, end + by)
    if isinstance(e, Written):
        made: Any = object.__new__(type(e))
        made.span = span
        made.written = e.written
        made._origin = e, by
        return cast(Surface, made)
    if isinstance(e, Letter):
        return Letter(span, e.text, e.style)
    return type(e)(span, *[_moved(value, by) for value in values(e)[1:]])


def _moved(value: object, by: int) -> object:
    if isinstance(value, tuple):
        return tuple([_moved(each, by) for each in value])
    return moved(value, by) if isinstance(value, Surface) else value


def written_in(e: Surface) -> object:
    """What tells a letter with its scripts and the like from all others, if it is known without a walk through it."""
    if type(e) is Letter:
        return e.text, e.style, e.span[1] - e.span[0]
    return (e.written or None) if isinstance(e, Written) else None


# --- kinds -----------------------------------------------------------------------------------------------------------


@surface_node
class Letter(Surface):
    r"""A letter or a word: `x`, `\alpha` (as `α`), `\text{ReLU}` (as `ReLU`), `\log` (as `log`), `\infty` (as `∞`).

    Attributes:
        text: in Unicode; more than one character for words and named operators.
        style: "plain", "vec" (an arrow), "bold", "calligraphic", "blackboard", "roman" (`\mathrm`, `\text`,
            `\operatorname`), "sans", "underline", or "operator" for a command such as `\log` or `\tanh`.
    """

    text: str
    style: str = "plain"


@surface_node
class Numeral(Surface):
    """A number as written: `2`, `0.5`, `10`; never with a sign."""

    text: str


@surface_node
class Dots(Surface):
    r"""`…` (`\dots`, `\ldots`, `\cdots`, `...`), `⋮` or `⋱`."""

    sign: str


@surface_node
class Blank(Surface):
    r"""Nothing: an empty group `{}`, an empty cell of a matrix; or a place holder `\cdot`, `·` or `:` in a script."""

    text: str = ""


@surface_node
class Accented(Written):
    """A body under "hat", "bar", "tilde" or "dot"; an arrow or a line below is a style of a single letter instead."""

    accent: str
    body: Surface


@surface_node
class Styled(Surface):
    r"""A style around what is no single letter: `\mathbf{W h}`, `\vec{w_l}`; `style` as in `Letter`."""

    style: str
    body: Surface


@surface_node
class Scripted(Written):
    r"""A base with scripts. In `g'^{[1]}` there is one prime and a superscript; `W'` has one prime, `W.^T` none."""

    base: Surface
    sub: Surface | None = None
    sup: Surface | None = None
    primes: int = 0
    # `.^`: entry by entry, `A.^2`; many write `W.^T` too
    dotted: bool = False


@surface_node
class Sign(Surface):
    r"""What stands between two parts, in Unicode; "" with an empty span where two parts merely stand side by side.

    Attributes:
        text: of a term "", "·", "×", "⊙", "∘", "*", ".*", "@", "⊗", "/", "./" or "÷"; of a sum "+", "-", "±", "∓" or
            "⊕"; of a chain "=", ":=", "≤", "→", "⇒", …, ":" of a range, or "…" of a range `1 … n` in a script;
            of a list ",", ";", "|", "quad" (a wide space, or a column of `align`), or "" beside prose.
        note: what `\overset`, `\stackrel` or `\underset` writes over or under it.
    """

    text: str
    note: Surface | None = field(default=None, compare=True)


@surface_node
class Prose(Surface):
    r"""Words between formulas: `\text{if }`, `\text{otherwise}`, `\text{th column}`; trimmed."""

    text: str


@surface_node
class Fraction(Written):
    r"""`\frac{a}{b}`, `\tfrac12`, `{a \over b}`; not `a/b`, which is a term with the sign "/"."""

    numerator: Surface
    denominator: Surface


@surface_node
class Root(Surface):
    r"""`\sqrt{x}`, `\sqrt[3]{x}`."""

    radicand: Surface
    degree: Surface | None = None


@surface_node
class Fenced(Written):
    r"""A body in delimiters: `(` `)`, `[` `]`, `{` `}` (of `\{`), `|`, `‖`, `⟨` `⟩`, `⌊` `⌋`, `⌈` `⌉`; `.` for none."""

    left: str
    body: Surface
    right: str


@surface_node
class Annotated(Surface):
    r"""A body with a note that adds nothing to its value.

    Attributes:
        kind: "underbrace", "overbrace", "overset" (`\stackrel` too) or "underset".
        note: None for a brace without a script.
    """

    kind: str
    body: Surface
    note: Surface | None = None


@surface_node
class Matrix(Written):
    r"""Rows of cells; `kind` is the environment: "pmatrix", "bmatrix", "cases", "array", …, or "substack"."""

    kind: str
    rows: tuple[tuple[Surface, ...], ...]


@surface_node
class Big(Surface):
    r"""An operator and the rest of its term: `∑`, `∏`, `∫`, and with a script `max`, `sup`, `argmax`, `lim`, ….

    `\max(0, z)` without a script is a term of the letter `max` and a fence instead.
    """

    sign: str
    body: Surface
    sub: Surface | None = None
    sup: Surface | None = None


@surface_node
class Signed(Surface):
    r"""A sign in front: `-a b` is `-` of the whole term `a b`; in `a \cdot -b` it is of the factor `b`."""

    sign: str
    body: Surface


@surface_node
class Term(Surface):
    r"""Two or more factors, left to right as written; `signs[i]` stands between `factors[i]` and `factors[i + 1]`.

    `f(x)`, `\log x` and `\partial L` are terms too: what is a function is not known here.
    """

    factors: tuple[Surface, ...]
    signs: tuple[Sign, ...]


@surface_node
class Additive(Surface):
    """Two or more terms; `signs[i]` stands behind `terms[i]`; a sign before the first is `Signed`."""

    terms: tuple[Surface, ...]
    signs: tuple[Sign, ...]


@surface_node
class Chain(Surface):
    """`a = b ≤ c`: parts and the relations between them; a line that starts with `=` has a `Blank` first part."""

    parts: tuple[Surface, ...]
    signs: tuple[Sign, ...]


@surface_node
class Listed(Surface):
    """Parts between commas, semicolons, `|` in a fence, wide spaces, and prose, which is a part of its own."""

    parts: tuple[Surface, ...]
    signs: tuple[Sign, ...]


@surface_node
class Lines(Surface):
    r"""Two or more lines of `aligned`, `align`, `gather`, …, or parted by `\\`; marks `&` are left out.

    A line that goes on with `×` has a `Blank` first factor.
    """

    rows: tuple[Surface, ...]


class ScriptedFence(Scripted):
    """Stands for the kind of parentheses that have scripts."""


# what has other quantities in it: it means the same wherever it is written so and the same is bound, and beside the
# same left side if that is asked
AROUND_OTHERS = frozenset({Fenced, ScriptedFence, Fraction, Matrix})


def kind_of(e: Surface) -> type[Surface]:
    """The kind of a surface; parentheses with scripts are one of their own."""
    if not isinstance(e, Scripted):
        return type(e)
    # what is known by its text need not be looked into
    is_fence = e.written.startswith(("(", "\\left")) if e.written else isinstance(e.base, Fenced)
    return ScriptedFence if is_fence else Scripted
