r"""What is something special by its base: `\|W\|_F`, `D_l`, `e^{-z}`."""

from __future__ import annotations

from symbackprop.dims import Dim
from symbackprop.expr import Elementwise
from symbackprop.latex import surface as s
from symbackprop.latex.errors import ReadingError
from symbackprop.latex.marks_above import Above, Layer, read_above
from symbackprop.latex.meaning import read, special
from symbackprop.latex.meaning_dims import as_dim
from symbackprop.latex.meaning_scripts import head_of, lettered
from symbackprop.latex.meaning_sums import norm
from symbackprop.latex.parts import mark_of, marked, primed, scripted
from symbackprop.latex.places import Head
from symbackprop.latex.readings import Reader, Reading, Readings, over
from symbackprop.latex.surface import Surface
from symbackprop.network import MLP


def norm_kind(e: Surface | None) -> str | None:
    """The kind of a norm that stands below it; None for one that there is not."""
    match e:
        case None:
            return ""
        case s.Numeral(text="1" | "2" as text) | s.Letter(text="F" as text):
            return text
    return None


@special(s.Scripted)
def _(e: s.Scripted, reader: Reader) -> Readings | None:
    """A norm with its kind below."""
    base = e.base
    if not (isinstance(base, s.Fenced) and (base.left, base.right) == ("‖", "‖")):
        return None
    kind = norm_kind(e.sub)
    if kind is None:
        raise reader.error(f"there is no norm {reader.source(e.sub or e)!r} here: write 1, 2 or F", e.sub or e)
    made = [norm(part, kind, e, reader) for part in read(base.body, reader)]
    return scripted(made, s.Scripted(e.span, base, None, e.sup, e.primes), reader) if e.sup is not None else made


@special(s.Scripted)
def _(e: s.Scripted, reader: Reader) -> Readings | None:
    """`D_l`."""
    head = head_of(e.base)
    if head is None or not reader.scope.is_jacobian(head):
        return None
    below = None if e.sub is None else as_dim(e.sub, reader)
    for marks in read_above(e.sup, reader):
        above = marks[0].at if marks and isinstance(marks[0], Layer) else None
        layer = reader.scope.jacobian_layer(below, above)
        if layer is not None:
            return _jacobian_of_layer(layer, marks if above is None else marks[1:], e, reader)
    return None


@special(s.Scripted)
def _(e: s.Scripted, reader: Reader) -> Readings | None:
    """`e^{-z}`, where e is no variable."""
    head = head_of(e.base)
    if head is None or (head.text, head.accents) != ("e", ()) or e.sup is None or e.sub is not None or e.primes:
        return None
    if reader.scope.candidates(head, (), ()) or _readings_of_letter(head, e, reader):
        return None
    return [over(Elementwise("exp", part.tree), part.shape, e, [part]) for part in read(e.sup, reader)]


def _jacobian_of_layer(layer: Dim, marks: tuple[Above, ...], e: s.Scripted, reader: Reader) -> Readings:
    network = reader.scope.network
    assert isinstance(network, MLP)
    operand = network.argument(layer)
    if not reader.scope.has(operand):
        raise reader.error(f"there is no layer {layer} with an activation: write one from 1 to {network.depth}", e)
    tree = reader.scope.jacobian(operand)
    whole = Reading(tree, reader.scope.shape(tree), mark_of(tree, e))
    for mark in marks:
        whole = marked(whole, mark, e, reader)
    return [primed(whole, e, reader)]


def _readings_of_letter(head: Head, e: s.Scripted, reader: Reader) -> Readings:
    try:
        return lettered(head, e, reader)
    except ReadingError:
        return []
