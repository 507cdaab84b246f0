"""What takes everything to its right along, with its range below: ∏, Σ, max, min, sup and inf."""

from __future__ import annotations

from symbackprop import expr, magnitudes
from symbackprop.dims import Dim, index
from symbackprop.expr import Expr
from symbackprop.render import boxes
from symbackprop.render.boxes import Box, Row, Symbol
from symbackprop.render.braces import factor
from symbackprop.render.counting import is_layer_in, value_of
from symbackprop.render.look import Level, Look, digits, dims_layout, fenced, inside, layout, level

EQUALS = Symbol("=")


@layout.register
def _(e: expr.IndexedProduct, look: Look) -> Box:
    first, last = (e.upper, e.lower) if e.descending else (e.lower, e.upper)
    within = look.within(e.index, e.lower, e.upper)
    # dimensions stand below factors, and a body that is one factor is no product
    whole = isinstance(e.body, expr.Product)
    body = inside(e.body, within) if whole else factor(e.body, within, Level.SUM)
    return Row((_over("∏", e, first, last, look), fenced("[", body, "]")))


@level.register
def _(e: expr.IndexedProduct, look: Look) -> Level:
    return Level.FACTOR


def counted(name: str, first: Dim, is_layer: bool, look: Look) -> Row:
    """`l=0`, below a sign."""
    return Row((_letter(name, look), EQUALS, value_of(name, first, is_layer, look)))


def _letter(name: str, look: Look) -> Box:
    return dims_layout(index(name) - look.notation.shift_of(name), look, tight=True)


def _over(sign: str, e: expr.IndexedProduct | expr.IndexedSum, first: Dim, last: Dim, look: Look) -> Box:
    is_layer = is_layer_in(e.index, (e.body,), look)
    return boxes.Big(sign, counted(e.index, first, is_layer, look), value_of(e.index, last, is_layer, look))


def _applied(sign: Box, body: Expr, look: Look) -> Box:
    """A sign before what it is taken of; a sum stands in brackets."""
    made = inside(body, look)
    return Row((sign, made if level(body, look) >= Level.OPEN else fenced("[", made, "]")))


@layout.register
def _(e: expr.IndexedSum, look: Look) -> Box:
    within = look.within(e.index, e.lower, e.upper)
    return _applied(_over("Σ", e, e.lower, e.upper, look), e.body, within)


@layout.register
def _(e: magnitudes.SpectralSum, look: Look) -> Box:
    return _applied(boxes.Big("Σ", _letter(e.index, look)), e.body, look)


@layout.register
def _(e: magnitudes.Extreme, look: Look) -> Box:
    within = look.within(e.index, e.lower, e.upper)
    return _applied(boxes.Big(e.kind, _letter(e.index, look)), e.body, within)


@layout.register
def _(e: magnitudes.OverUnit, look: Look) -> Box:
    unit = Row((inside(expr.Norm(e.vector), look), EQUALS, digits(1)))
    return _applied(boxes.Big(e.kind, unit), e.body, look)


@level.register(expr.IndexedSum)
@level.register(magnitudes.SpectralSum)
@level.register(magnitudes.Extreme)
@level.register(magnitudes.OverUnit)
def _(e: Expr, look: Look) -> Level:
    return Level.OPEN
