"""Matrices that are written out: column placement, activation Jacobians and diagonals, and their transposes.

Their sizes come from the shapes. Up to two units are written out in full; more, and symbolic many, with dots.
"""

from __future__ import annotations

from functools import singledispatch

from symbackprop import expr
from symbackprop.dims import ONE, Dim, dim
from symbackprop.expr import Expr, Variable
from symbackprop.forward import ForwardNetwork
from symbackprop.render import boxes
from symbackprop.render.boxes import Box, Fenced, Row, Space, Symbol, Words
from symbackprop.render.letters import entry, function
from symbackprop.render.look import (
    ZERO,
    Level,
    Look,
    applied,
    called,
    dims_layout,
    fenced,
    indexed,
    inside,
    layout,
    level,
    raised,
    zero_vector,
)

ACROSS, DOWN, ASLANT = Symbol("…"), Symbol("⋮"), Symbol("⋱")
QUAD = Space("quad")
_TURNED: dict[Box, Box] = {ACROSS: DOWN, DOWN: ACROSS}
_ENDINGS = {1: "st", 2: "nd", 3: "rd"}

Cells = tuple[tuple[Box, ...], ...]


# --- transposes ------------------------------------------------------------------------------------------------------


@singledispatch
def transposed(e: Expr, look: Look) -> Box:
    """How the transpose of an expression is written: with a mark, or turned, where it is a matrix with dots."""
    return raised(inside(e, look, Level.BASE), Symbol(look.notation.transpose))


@singledispatch
def transposed_level(e: Expr, look: Look) -> Level:
    """How tightly the transpose of an expression binds; one with a mark takes no second one."""
    return Level.FACTOR


@layout.register
def _(e: expr.Transpose, look: Look) -> Box:
    return transposed(e.operand, look)


@level.register
def _(e: expr.Transpose, look: Look) -> Level:
    return transposed_level(e.operand, look)


def _turned(cells: Cells) -> Cells:
    return tuple(tuple(_TURNED.get(cell, cell) for cell in column) for column in zip(*cells, strict=True))


# --- column placement ------------------------------------------------------------------------------------------------


def _placed(e: expr.ColumnAt, zero: Box, vector: Box, look: Look, what: str, dots: Box) -> tuple[Box, ...]:
    """The columns, or transposed the rows: `0 … 0 v 0 … 0`; written out where there is no room for dots."""
    # of a network that somebody gave, nothing on the left says which one it is: the embedding E in ∂L/∂E
    if look.shown.column_label or isinstance(look.network, ForwardNetwork):
        vector = boxes.Over(vector, _ordinal(e.column, what, look))
    width = look.network.normal(e.width)
    if width == ONE:
        return (vector,)
    if width == dim(2) and e.column.is_constant:
        return (vector, zero) if e.column == ONE else (zero, vector)
    return (zero, dots, zero, vector, zero, dots, zero)


def _ordinal(d: Dim, what: str, look: Look) -> Box:
    """`jth column`, `1st column`."""
    box = dims_layout(d, look, tight=True)
    if d.is_constant:
        n = d.constant
        ending = "th" if n % 100 in (11, 12, 13) else _ENDINGS.get(n % 10, "th")
        return Row((box, Words(f"{ending} {what}")))
    return Row((box if isinstance(box, Symbol) else Fenced("(", box, ")", False), Words(f"th {what}")))


def _side_by_side(e: expr.ColumnAt, zero: Box, vector: Box, look: Look) -> Box:
    columns = _placed(e, zero, vector, look, "column", ACROSS)
    items = [item for column in columns for item in (QUAD, column)][1:]
    return fenced("(", Row(tuple(items)), ")")


def _one_below_the_other(e: expr.ColumnAt, zero: Box, vector: Box, look: Look) -> Box:
    return boxes.Matrix(tuple((row,) for row in _placed(e, zero, vector, look, "row", DOWN)))


@layout.register
def _(e: expr.ColumnAt, look: Look) -> Box:
    # among rows, a row is placed
    place = _one_below_the_other if look.turned else _side_by_side
    return place(e, zero_vector(look), inside(e.vector, look.bare), look)


@level.register
def _(e: expr.ColumnAt, look: Look) -> Level:
    return Level.BASE


@transposed.register
def _(e: expr.ColumnAt, look: Look) -> Box:
    place = _side_by_side if look.turned else _one_below_the_other
    zero = raised(zero_vector(look), Symbol(look.notation.transpose))
    # the transpose of a row's transpose is the row
    row = e.vector.operand if isinstance(e.vector, expr.Transpose) else e.vector.T
    return place(e, zero, inside(row, look.bare), look)


@transposed_level.register
def _(e: expr.ColumnAt, look: Look) -> Level:
    return Level.BASE


# --- diagonals -------------------------------------------------------------------------------------------------------


def _diagonal_cells(name: str, order: int, operand: Expr, look: Look) -> Cells:
    """The square matrix with `g'(v_i)` on its diagonal."""
    size = look.length(operand)
    g = function(name, order, look, operand)

    def cell(i: Dim) -> Box:
        return called(g, entry(operand, (i,), look), look)

    if size == ONE:
        return ((cell(ONE),),)
    if size == dim(2):
        return ((cell(ONE), ZERO), (ZERO, cell(size)))
    return (
        (cell(ONE), ACROSS, ZERO),
        (DOWN, ASLANT, DOWN),
        (ZERO, ACROSS, cell(size)),
    )


def _with_zero_column(cells: Cells) -> Cells:
    return tuple((*row, DOWN if DOWN in row else ZERO) for row in cells)


def _jacobian_cells(e: expr.ActivationJacobian, look: Look) -> Cells:
    cells = _with_zero_column(_diagonal_cells(e.function, 1, e.operand, look))
    return _turned(cells) if look.turned else cells


@layout.register
def _(e: expr.ActivationJacobian, look: Look) -> Box:
    return _jacobian_name(e, look) if look.short else boxes.Matrix(_jacobian_cells(e, look))


def _jacobian_name(e: expr.ActivationJacobian, look: Look) -> Box:
    """`D_l`, or `D(v)` where it is not one of the network's layers."""
    row = look.notation.quantity["activation_jacobian"]
    if isinstance(e.operand, Variable) and e.operand.index is not None:
        return indexed(row, e.operand.index, (), look)
    return applied(indexed(row, None, (), look), inside(e.operand, look.bare))


@level.register
def _(e: expr.ActivationJacobian, look: Look) -> Level:
    return Level.BASE


@transposed.register
def _(e: expr.ActivationJacobian, look: Look) -> Box:
    if look.short:
        return raised(_jacobian_name(e, look), Symbol(look.notation.transpose))
    return boxes.Matrix(_turned(_jacobian_cells(e, look)))


@transposed_level.register
def _(e: expr.ActivationJacobian, look: Look) -> Level:
    return Level.FACTOR if look.short else Level.BASE


def _is_written_out(e: expr.Diagonal, look: Look) -> bool:
    """Whether a diagonal is the Jacobian of an activation, whose entries `g'(z_{l,i})` the lecture writes out."""
    return not look.short and isinstance(e.operand, expr.Elementwise) and e.operand.order > 0


@layout.register
def _(e: expr.Diagonal, look: Look) -> Box:
    if _is_written_out(e, look) and isinstance(e.operand, expr.Elementwise):
        return boxes.Matrix(_diagonal_cells(e.operand.function, e.operand.order, e.operand.operand, look))
    return applied(Words("diag"), inside(e.operand, look.bare))


@level.register
def _(e: expr.Diagonal, look: Look) -> Level:
    return Level.BASE if _is_written_out(e, look) else Level.FACTOR
