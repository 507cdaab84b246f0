"""Dimensions under the factors of a product: braces whose notes are computed from the shapes."""

from __future__ import annotations

from collections.abc import Iterator

from symbackprop import expr
from symbackprop.dims import Dim
from symbackprop.expr import Expr
from symbackprop.render import boxes
from symbackprop.render.boxes import Box, Infix, Row, Words
from symbackprop.render.look import Level, Look, bounds_of, dims_layout, inside, is_single, parenthesised, spelled
from symbackprop.shapes import SCALAR, Shape
from symbackprop.substitution import substitute


def factor(e: Expr, look: Look, needed: Level) -> Box:
    """A factor of a product, with its dimensions below where the line shows them.

    A product over an index has none of its own: the factors in its body have.
    """
    wanted = look.shown.dimensions
    if wanted == "none" or (wanted == "columns" and not _is_placement(e)):
        return inside(e, look, needed)
    if isinstance(e, expr.IndexedProduct) or look.shape(e) == SCALAR:
        return inside(e, look, needed)
    return boxes.Under(inside(e, look.bare, needed), dimensions(e, look))


def _is_placement(e: Expr) -> bool:
    """Whether it is a column that is placed among zeros, or in numerator layout a row."""
    return isinstance(e.operand if isinstance(e, expr.Transpose) else e, expr.ColumnAt)


def dimensions(e: Expr, look: Look) -> Box:
    """`n_l × (n_{l+1} - 1), or n_L × n_{L+1}`: the shape, and what it is at the ends of an index where that differs."""
    generic = _spelled(look.shape(e), look)
    notes: list[Box] = [_by(generic, look)]
    for other in _at_ends(e, generic, look):
        notes += [Words(", or "), _by(other, look)]
    return notes[0] if len(notes) == 1 else Row(tuple(notes))


def _spelled(s: Shape, look: Look) -> Shape:
    return spelled(s[0], look.network), spelled(s[1], look.network)


def _by(s: Shape, look: Look) -> Box:
    rows, columns = (_size(d, look) for d in s)
    return Row((rows, Infix("×"), columns))


def _size(d: Dim, look: Look) -> Box:
    box = dims_layout(d, look)
    return box if is_single(d, look) else parenthesised(box)


def _at_ends(e: Expr, generic: Shape, look: Look) -> Iterator[Shape]:
    """The shapes at the ends of the bound indices that are not the generic spelling with the end put in.

    The output has no bias unit, so `n_{l+1} - 1` is `n_{L+1}`, and not `n_{L+1} - 1`, at `l = L`.
    """
    # the letters of free sizes stand in the shapes themselves, which have no ends
    sizes = getattr(look.network, "sizes", ())
    for name, ends in bounds_of(look.known, look.network.depth.symbols).items():
        for end in ends if name not in sizes else ():
            at = {name: end}
            found = _spelled(look.shape(substitute(e, at)), look)
            rows, columns = generic
            if found != _spelled((rows.at(at), columns.at(at)), look):
                yield found
