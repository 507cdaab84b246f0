"""How the variables of a network are written, and their entries, rows and columns: by the notation's table."""

from __future__ import annotations

from dataclasses import replace
from functools import cache, singledispatch

from symbackprop import expr, groups
from symbackprop.activations import scalar_function
from symbackprop.dims import ONE, Dim, Units, dim
from symbackprop.errors import ShapeError
from symbackprop.expr import Expr, Named, Variable
from symbackprop.forward import ForwardNetwork
from symbackprop.network import MLP
from symbackprop.notations import Written
from symbackprop.quantities import Quantities
from symbackprop.render.boxes import Accent, Box, Row, Scripts, Symbol
from symbackprop.render.look import (
    Level,
    Look,
    dims_layout,
    indexed,
    inside,
    layout,
    level,
    listed,
    parenthesised,
    styled,
    zero_vector,
)
from symbackprop.shapes import SCALAR

ANY = Symbol("·")
# the activation of a network of which nothing is said
GENERIC = "g"


@singledispatch
def quantity(e: Variable, look: Look) -> str:
    """The row of the notation's table that says how a variable is written; empty if it is written by its name."""
    return ""


@quantity.register
def _(e: expr.PreActivation, look: Look) -> str:
    is_output = e.index == look.output_layer and "output" in look.notation.quantity
    return "output" if is_output else "preactivation"


@quantity.register
def _(e: expr.Hidden, look: Look) -> str:
    return "input" if e.index == dim(0) and "input" in look.notation.quantity else "hidden"


@quantity.register
def _(e: expr.Weight, look: Look) -> str:
    return "weight"


@quantity.register
def _(e: expr.Bias, look: Look) -> str:
    return "bias"


@quantity.register
def _(e: expr.Target, look: Look) -> str:
    return "target"


@quantity.register
def _(e: expr.Loss, look: Look) -> str:
    return "loss"


def written(e: Variable, look: Look) -> Written:
    """How a variable is written."""
    what = quantity(e, look)
    found = look.notation.quantity[what] if what else look.of_name(e.name)
    return replace(found, style="plain") if found.style != "plain" and _is_scalar(e, look) else found


def _is_scalar(e: Variable, look: Look) -> bool:
    """Whether it is a number in a network of quantities: an arrow would say that it is a column."""
    network = look.network
    return isinstance(network, Quantities) and e.name in network.names and network.shape_of(e) == SCALAR


def _part_of(e: Variable, look: Look) -> Written:
    """How a row, a column or, made plain, an entry of a variable is written: `w` for the weights `W`."""
    return look.notation.quantity["weight_row"] if isinstance(e, expr.Weight) else written(e, look)


def variable(e: Variable, look: Look, accent: str = "") -> Box:
    """A variable with its layer."""
    return indexed(written(e, look), e.index, (), look, accent)


@layout.register
def _(e: Variable, look: Look) -> Box:
    return variable(e, look)


def function(name: str, order: int, look: Look, of: Expr | None = None) -> Box:
    """A function of one variable with the primes of its derivative: `g'`, `tanh'`, or of a layer `g'^{[l]}`.

    The notation has a letter for the activation of a network that is any function. A function whose own sign that is
    goes by its name then: `sigmoid`, where `σ` is the activation.
    """
    row = look.notation.quantity.get("activation")
    symbol = look.notation.letters.get(name) or _symbol(name)
    if row is None or not isinstance(look.network, MLP) or look.network.activation.name != GENERIC:
        return _function(symbol, order, _parameter(name))
    if name != GENERIC:
        return _function(name if symbol == row.letter else symbol, order, _parameter(name))
    layer = _layer_of(of)
    named = indexed(row, layer, (), look) if GENERIC not in look.notation.letters else _function(symbol, 0)
    if not order:
        return named
    return replace(named, primes=order) if isinstance(named, Scripts) else Scripts(named, primes=order)


def _layer_of(e: Expr | None) -> Dim | None:
    """The layer whose units an activation is applied to; None where it is applied to something else."""
    inner = e.operand if isinstance(e, expr.Entry) else e
    return inner.index if isinstance(inner, Variable) else None


@cache
def _symbol(name: str) -> str:
    return scalar_function(name).symbol


@cache
def _parameter(name: str) -> str:
    return scalar_function(name).parameter


@cache
def _function(text: str, order: int, parameter: str = "") -> Box:
    base = Symbol(text, operator=len(text) > 1)
    below = Symbol(parameter) if parameter else None
    return Scripts(base, below, primes=order) if order or below else base


def entry(e: Expr, indices: tuple[Dim, ...], look: Look) -> Box:
    """Entry `v_i` or `A_{i,k}` of anything."""
    at = tuple(dims_layout(i, look, tight=True) for i in indices)
    if isinstance(e, Variable):
        return indexed(_part_of(e, look).plain, e.index, at, look)
    if isinstance(e, expr.WithoutBias) and isinstance(e.operand, Variable):
        return indexed(_part_of(e.operand, look).plain, e.operand.index, at, look, "tilde")
    row = gradient_row(e, look)
    if row is not None and isinstance(e, expr.Partial):
        return indexed(row.plain, getattr(e.wrt, "index", None), at, look)
    return below(inside(e, look, Level.BASE), at, look)


def gradient_row(e: Expr, look: Look) -> Written | None:
    """How the gradient of the loss by a variable is written for short; None where it is not."""
    if look.spelled or not look.notation.gradient or not isinstance(e, expr.Partial) or e.of != expr.LOSS:
        return None
    return look.notation.gradient.get(quantity(e.wrt, look)) if isinstance(e.wrt, Variable) else None


def below(base: Box, at: tuple[Box, ...], look: Look) -> Box:
    """Indices below something; parentheses where it has scripts already."""
    if isinstance(base, Scripts):
        base = parenthesised(base)
    return Scripts(base, listed(at, look.notation.separator))


@layout.register
def _(e: expr.Entry, look: Look) -> Box:
    if e.column is None:
        return entry(e.operand, (e.row,), look)
    # of a row that somebody declared, one index says all
    is_row = isinstance(e.operand, Named) and e.row == ONE and is_row_of(e.operand, look)
    return entry(e.operand, (e.column,) if is_row else (e.row, e.column), look)


def is_row_of(e: Variable, look: Look) -> bool:
    """Whether a variable of somebody's network is a row."""
    if not isinstance(look.network, ForwardNetwork):
        return False
    try:
        rows, columns = look.network.shape_of(e)
    except ShapeError:
        # a letter of the text only
        return False
    return rows == ONE != columns


def _line_of(e: Expr, at: tuple[Box, ...], at_weights: tuple[Box, ...], look: Look) -> Box:
    """A row or a column of a matrix; those of the weights have a letter of their own."""
    accent = "tilde" if isinstance(e, expr.WithoutBias) else ""
    inner = e.operand if isinstance(e, expr.WithoutBias) else e
    if isinstance(inner, expr.Weight):
        return indexed(_part_of(inner, look), inner.index, at_weights, look, accent)
    if isinstance(inner, Variable):
        return indexed(written(inner, look), inner.index, at, look, accent)
    return below(inside(e, look, Level.BASE), at, look)


@layout.register
def _(e: expr.Row, look: Look) -> Box:
    j = dims_layout(e.row, look, tight=True)
    mark = look.notation.row_mark
    return _line_of(e.operand, (j, ANY), (j, Symbol(mark)) if mark else (j,), look)


@layout.register
def _(e: expr.Column, look: Look) -> Box:
    at = (ANY, dims_layout(e.column, look, tight=True))
    return _line_of(e.operand, at, at, look)


@layout.register
def _(e: expr.WithoutBias, look: Look) -> Box:
    if isinstance(e.operand, Variable):
        return variable(e.operand, look, "tilde")
    return Accent(inside(e.operand, look), "tilde")


@layout.register
def _(e: expr.Columns, look: Look) -> Box:
    first, last = (dims_layout(end, look, tight=True) for end in (e.first, e.last))
    at = (ANY, Row((first, Symbol("…"), last)))
    if isinstance(e.operand, Variable):
        # a block of the weights is a matrix, so it has their letter and not that of a row
        return indexed(written(e.operand, look), e.operand.index, at, look)
    return below(inside(e.operand, look, Level.BASE), at, look)


@layout.register
def _(e: expr.Zeros, look: Look) -> Box:
    return zero_vector(look)


@layout.register
def _(e: expr.Ones, look: Look) -> Box:
    return styled(Symbol("1"), look.notation.vectors)


@layout.register
def _(e: expr.Identity, look: Look) -> Box:
    return Symbol("I")


@layout.register
def _(e: groups.Membership, look: Look) -> Box:
    layer = next((atom.layer for atom, _ in e.size.terms if isinstance(atom, Units)), None)
    return indexed(look.of_name("M"), layer, (), look)


@layout.register
def _(e: expr.Kronecker, look: Look) -> Box:
    at = tuple(dims_layout(i, look, tight=True) for i in (e.one, e.two))
    row = look.notation.quantity.get("kronecker")
    return Scripts(Symbol("δ" if row is None else row.letter), listed(at, look.notation.separator))


for _kind in (
    Variable,
    expr.Entry,
    expr.Row,
    expr.Column,
    expr.Columns,
    expr.WithoutBias,
    expr.Zeros,
    expr.Ones,
    expr.Identity,
    groups.Membership,
):
    level.register(_kind)(lambda e, look: Level.BASE)
