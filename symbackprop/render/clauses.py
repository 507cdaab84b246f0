"""What only sentences say: sizes, ranges, and what a short name stands for."""

from __future__ import annotations

from dataclasses import replace

from symbackprop import expr
from symbackprop.dims import Dim, index
from symbackprop.equations import Network
from symbackprop.expr import Expr, Partial, Size
from symbackprop.network import MLP
from symbackprop.notations import Notation
from symbackprop.notations import notation as notation_named
from symbackprop.render import boxes, speech, spoken
from symbackprop.render.boxes import Box
from symbackprop.render.braces import dimensions
from symbackprop.render.layout import Look, inside, layout
from symbackprop.render.letters import quantity
from symbackprop.render.look import dims_layout
from symbackprop.statements import Chain, Statement, equal
from symbackprop.tree import node


@node
class Dimensions(Statement):
    """`rows × columns` of an expression; with what it is at the `ends` of its indices where that differs."""

    of: Expr
    ends: bool = False


@layout.register
def _(e: Dimensions, look: Look) -> Box:
    return dimensions(e.of, look if e.ends else replace(look, known={}))


@speech.speak.register
def _(e: Dimensions, network: Network | None = None, notation: Notation | None = None) -> str:
    assert network is not None
    look = Look(network, notation or notation_named("lecture"))
    rows, columns = (spoken.size_words(size, network, notation) for size in look.shape(e.of))
    return f"{rows} by {columns}"


@node
class Between(Statement):
    """`low ≤ name ≤ high` of an integer symbol; an end that is None is left out, and `name = low` is all of one value.

    The notation says how the symbol counts: a layer from its `first`.
    """

    low: Dim | None
    name: str
    high: Dim | None
    is_layer: bool = False


def _written(e: Between, notation: Notation) -> Statement:
    """The chain that is printed; its dims are those of letters already, so that nothing is put in for them again."""
    shift = notation.shift_of(e.name)
    low, high = (None if end is None else Size(notation.value(e.name, end, e.is_layer)) for end in (e.low, e.high))
    at = Size(index(e.name) - shift)
    if low == high and low is not None:
        return equal(at, low)
    sides = [side for side in (low, at, high) if side is not None]
    if low is not None and high is None:
        return Chain((at, low), ("≥",))
    return Chain(tuple(sides), ("≤",) * (len(sides) - 1))


@layout.register
def _(e: Between, look: Look) -> Box:
    return layout(_written(e, look.notation), look)


@speech.speak.register
def _(e: Between, network: Network | None = None, notation: Notation | None = None) -> str:
    return speech.speak(_written(e, notation or notation_named("lecture")), network, notation)


@node
class Counted(Statement):
    """A value of an integer symbol that counts layers, as the notation counts it."""

    name: str
    value: Dim


@layout.register
def _(e: Counted, look: Look) -> Box:
    return dims_layout(look.notation.value(e.name, e.value, True), look)


@speech.speak.register
def _(e: Counted, network: Network | None = None, notation: Notation | None = None) -> str:
    letters = notation or notation_named("lecture")
    return spoken.dim_words(letters.value(e.name, e.value, True), notation=letters)


@node
class SpelledOut(Statement):
    """A gradient by its short name and in full: `δ^l = ∂C/∂z^l`."""

    of: Partial


@layout.register
def _(e: SpelledOut, look: Look) -> Box:
    return boxes.Row((inside(e.of, look), boxes.Infix("="), inside(e.of, replace(look, spelled=True))))


@speech.speak.register
def _(e: SpelledOut, network: Network | None = None, notation: Notation | None = None) -> str:
    look = Look(network or MLP(), notation or notation_named("lecture"))
    what = quantity(e.of.wrt, look) if isinstance(e.of.wrt, expr.Variable) else ""
    row = look.notation.gradient.get(what)
    words = speech.speak(e.of, network, notation)
    return words if row is None else f"{spoken.letter(row)} is {words}"


@node
class Layered(Statement):
    """A variable by its family and layer: `h_0` for the input, `z_{L+1}` for the output."""

    of: expr.Variable


@layout.register
def _(e: Layered, look: Look) -> Box:
    return inside(e.of, Look(look.network, _by_family(look.notation)))


@speech.speak.register
def _(e: Layered, network: Network | None = None, notation: Notation | None = None) -> str:
    return speech.speak(e.of, network, _by_family(notation or notation_named("lecture")))


def _by_family(notation: Notation) -> Notation:
    """The notation without letters of their own for the input and the output."""
    quantity = {name: row for name, row in notation.quantity.items() if name not in ("input", "output")}
    return replace(notation, quantity=quantity)
