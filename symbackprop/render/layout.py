"""From expressions and statements to boxes: how each operation is written. The one place for every visual format.

`layout(e, look)` is a `singledispatch` function; a new primitive registers its layout and how tightly it binds:

    @layout.register
    def _(e: MyNode, look: Look) -> Box:
        return applied(Symbol("f"), inside(e.operand, look))

    @level.register
    def _(e: MyNode, look: Look) -> Level:
        return Level.FACTOR

Variables are in `letters`, matrices that are written out in `matrices`, dimensions under braces in `braces`, `∏`, `Σ`
and their like in `operators`, random quantities and training sets in `chance`.
"""

from __future__ import annotations

from fractions import Fraction

from symbackprop import expr, groups, magnitudes, statements
from symbackprop.dims import ONE
from symbackprop.errors import ShapeError
from symbackprop.expr import Expr
from symbackprop.render import boxes, chance, operators, primitives
from symbackprop.render.boxes import Box, Infix, Row, Scripts, Symbol, Words
from symbackprop.render.braces import dimensions, factor
from symbackprop.render.letters import function, gradient_row
from symbackprop.render.look import (
    Level,
    Look,
    applied,
    called,
    dims_layout,
    fenced,
    indexed,
    inside,
    is_single,
    layout,
    level,
    listed,
    parenthesised,
    raised,
    spelled,
)
from symbackprop.render.matrices import transposed, transposed_level
from symbackprop.shapes import SCALAR
from symbackprop.tree import subterms

__all__ = [
    "Level",
    "Look",
    "applied",
    "dimensions",
    "dims_layout",
    "inside",
    "layout",
    "level",
    "transposed",
    "transposed_level",
]

REGISTERED = (operators, chance, primitives)  # importing them registers their layouts
MINUS, PARTIAL, NABLA = Symbol("−"), Symbol("∂"), Symbol("∇")
# functions that are written as delimiters
_BARS = {"abs": ("|", "|")}


def _binds(tightness: Level, *kinds: type[Expr]) -> None:
    for kind in kinds:
        level.register(kind)(lambda e, look: tightness)


# --- numbers ---------------------------------------------------------------------------------------------------------


def _rational(value: Fraction) -> Box:
    top, bottom = Symbol(str(abs(value.numerator))), Symbol(str(value.denominator))
    size = top if value.denominator == 1 else boxes.Fraction(top, bottom)
    return Row((MINUS, size)) if value < 0 else size


@layout.register
def _(e: expr.Number, look: Look) -> Box:
    return _rational(e.value)


@level.register
def _(e: expr.Number, look: Look) -> Level:
    if e.value < 0:
        return Level.SUM
    return Level.BASE if e.value.denominator == 1 else Level.FACTOR


@layout.register
def _(e: expr.Size, look: Look) -> Box:
    return dims_layout(e.size, look)


@level.register
def _(e: expr.Size, look: Look) -> Level:
    if not is_single(e.size, look):
        return Level.SUM
    terms = spelled(e.size, look.network).terms
    return Level.PRODUCT if terms and terms[0][1] != 1 else Level.BASE


# --- products and sums -----------------------------------------------------------------------------------------------


@layout.register
def _(e: expr.Product, look: Look) -> Box:
    items: list[Box] = []
    last = len(e.factors) - 1
    for i, part in enumerate(e.factors):
        if i and _runs_together(e.factors[i - 1], part, look):
            items.append(Infix("·"))
        items.append(_factor(part, i == 0, i == last, look))
    return Row(tuple(items))


def _factor(e: Expr, is_first: bool, is_last: bool, look: Look) -> Box:
    if is_last and _is_open(e, look):
        return inside(e, look)
    box = factor(e, look, Level.FACTOR)
    if isinstance(e, expr.Quotient) and not is_first and not _is_scalar(e, look):
        # a vector over its norm, in the middle of a product, is read as one vector
        return parenthesised(box)
    return box


def _is_open(e: Expr, look: Look) -> bool:
    """Whether it begins with a sign that takes everything to its right along."""
    return level(e, look) == Level.OPEN and not isinstance(e, expr.Product)


def _is_scalar(e: Expr, look: Look) -> bool:
    try:
        return look.shape(e) == SCALAR
    except ShapeError:
        return False


def _runs_together(left: Expr, right: Expr, look: Look) -> bool:
    """Whether neighbours in a product need a dot: `2 3` is not 23, and `2 ½` is not two and a half."""
    if isinstance(left, expr.Number) and isinstance(right, expr.Number):
        return level(right, look) >= Level.FACTOR
    return _starts_with_digit(right, look)


def _starts_with_digit(e: Expr, look: Look) -> bool:
    match e:
        case expr.Number(value):
            return value >= 0 and value.denominator == 1
        case expr.Size(size):
            return is_single(size, look) and not spelled(size, look.network).terms
        case expr.Power(base):
            return _starts_with_digit(base, look)
    return False


@layout.register
def _(e: expr.Hadamard, look: Look) -> Box:
    items: list[Box] = []
    for part in e.factors:
        if items:
            items.append(Infix(look.notation.hadamard))
        items.append(factor(part, look, Level.FACTOR))
    return Row(tuple(items))


@layout.register
def _(e: expr.Sum, look: Look) -> Box:
    items: list[Box] = []
    for term in e.terms:
        minus = isinstance(term, expr.Negative)
        if items:
            items.append(Infix("−" if minus else "+"))
        elif minus:
            items.append(MINUS)
        items.append(inside(term.operand if isinstance(term, expr.Negative) else term, look, Level.OPEN))
    return Row(tuple(items))


@layout.register
def _(e: expr.Negative, look: Look) -> Box:
    return Row((MINUS, inside(e.operand, look, Level.OPEN)))


_binds(Level.PRODUCT, expr.Hadamard)
_binds(Level.SUM, expr.Sum, expr.Negative)


@level.register
def _(e: expr.Product, look: Look) -> Level:
    return Level.OPEN if _is_open(e.factors[-1], look) else Level.PRODUCT


# --- quotients, powers, roots ----------------------------------------------------------------------------------------


@layout.register
def _(e: expr.Quotient, look: Look) -> Box:
    return boxes.Fraction(inside(e.numerator, look), inside(e.denominator, look))


@layout.register
def _(e: expr.Power, look: Look) -> Box:
    return _to_the(e.base, _exponent(e.exponent), look)


def _exponent(value: Fraction) -> tuple[Box, ...]:
    return (Symbol("−"), Symbol(str(-value))) if value < 0 else (Symbol(str(value)),)


def _to_the(operand: Expr, exponent: tuple[Box, ...], look: Look) -> Box:
    base = inside(operand, look, Level.BASE)
    if isinstance(base, Scripts) and base.sup is not None:
        base = parenthesised(base)
    return raised(base, exponent[0] if len(exponent) == 1 else Row(exponent))


@layout.register
def _(e: groups.EntrywisePower, look: Look) -> Box:
    return _to_the(e.operand, (Symbol(look.notation.hadamard), *_exponent(e.exponent)), look)


@layout.register
def _(e: expr.SquareRoot, look: Look) -> Box:
    return boxes.Radical(inside(e.operand, look))


_binds(Level.FACTOR, expr.Quotient, expr.Power, expr.SquareRoot, groups.EntrywisePower)
# what stands above a δ may be an index, of an error: a power of it has parentheses, and is read only so
_binds(Level.FACTOR, expr.Kronecker)


# --- functions -------------------------------------------------------------------------------------------------------


@layout.register
def _(e: expr.Elementwise, look: Look) -> Box:
    if e.function in _BARS and not e.order and not _has_bars(e.operand) and not _is_square(e.operand, look):
        opening, closing = _BARS[e.function]
        return fenced(opening, inside(e.operand, look), closing)
    return called(function(e.function, e.order, look, e.operand), inside(e.operand, look), look)


def _has_bars(e: Expr) -> bool:
    """Whether something in it stands between bars: `||z||` would be its norm."""
    return any(isinstance(part, expr.Elementwise) and part.function in _BARS for _, part in subterms(e))


def _is_square(e: Expr, look: Look) -> bool:
    """Whether it is a square matrix, so that bars around it would be its determinant."""
    try:
        rows, columns = look.shape(e)
    except ShapeError:
        return False
    return rows == columns != ONE


@layout.register
def _(e: expr.LayerMap, look: Look) -> Box:
    return called(indexed(look.notation.quantity["layer_map"], None, (), look), inside(e.operand, look), look)


@layout.register
def _(e: expr.Function, look: Look) -> Box:
    loss = look.notation.function_of_loss()
    written = loss if e.name == expr.LOSS.name else look.of_name(e.name)
    items: list[Box] = []
    for argument in e.arguments:
        if items:
            items.append(Words(", "))
        items.append(inside(argument, look))
    arguments = items[0] if len(items) == 1 else Row(tuple(items))
    return called(indexed(written, None, (), look), arguments, look)


@layout.register
def _(e: expr.LogSumExp, look: Look) -> Box:
    return called(_along(Symbol("logsumexp", operator=True), e, look), inside(e.operand, look), look)


@layout.register
def _(e: expr.Softmax, look: Look) -> Box:
    return called(_along(Symbol("softmax", operator=True), e, look), inside(e.operand, look), look)


def _along(name: Box, e: expr.LogSumExp | expr.Softmax, look: Look) -> Box:
    """The name with "row" below where it is taken of each row of a matrix; of one row, or columns, it goes unsaid."""
    if e.along == "column" or look.shape(e.operand)[0] == ONE:
        return name
    return Scripts(name, Words("row"))


_binds(Level.FACTOR, expr.Elementwise, expr.LayerMap, expr.Function, expr.LogSumExp, expr.Softmax)


# --- norms -----------------------------------------------------------------------------------------------------------


@layout.register
def _(e: expr.Norm, look: Look) -> Box:
    return Scripts(fenced("‖", inside(e.operand, look), "‖"), Symbol(e.kind))


_binds(Level.BASE, expr.Norm)


@layout.register
def _(e: expr.SingularValue, look: Look) -> Box:
    return _singular(Symbol("1" if e.which == expr.LARGEST else "n"), e.operand, look)


@layout.register
def _(e: magnitudes.SingularValueAt, look: Look) -> Box:
    return _singular(dims_layout(e.at, look, tight=True), e.operand, look)


def _singular(at: Box, of: Expr, look: Look) -> Box:
    """`σ_{i,i}(A)`."""
    return applied(Scripts(Symbol("σ"), listed((at, at), ",")), inside(of, look))


_binds(Level.BASE, expr.SingularValue, magnitudes.SingularValueAt)


# --- derivatives -----------------------------------------------------------------------------------------------------


@layout.register
def _(e: expr.Partial, look: Look) -> Box:
    short = _gradient_name(e, look)
    if short is not None:
        return short
    plain = look.bare
    if _is_nabla(e, look):
        return Row((Scripts(NABLA, inside(e.wrt, plain)), inside(e.of, plain, Level.FACTOR)))
    over, under = inside(e.of, plain, Level.FACTOR), inside(e.wrt, plain, Level.FACTOR)
    return boxes.Fraction(Row((PARTIAL, over)), Row((PARTIAL, under)))


def _is_nabla(e: expr.Partial, look: Look) -> bool:
    """Whether the notation writes it `∇_W J`: the gradient of a scalar by name."""
    named = isinstance(e.of, expr.Loss | expr.Named)
    return look.notation.derivative == "nabla" and not look.spelled and named and _is_scalar(e.of, look)


def _gradient_name(e: expr.Partial, look: Look) -> Box | None:
    """The notation's own letter for the gradient of the loss, if it has one: `δ^l`."""
    row = gradient_row(e, look)
    return None if row is None else indexed(row, getattr(e.wrt, "index", None), (), look)


@level.register
def _(e: expr.Partial, look: Look) -> Level:
    if _is_nabla(e, look):
        # nothing may stand behind ∇_W J: it would be read as a part of what is differentiated
        return Level.OPEN
    return Level.FACTOR if _gradient_name(e, look) is None else Level.BASE


# --- statements ------------------------------------------------------------------------------------------------------


@layout.register
def _(e: statements.Chain, look: Look) -> Box:
    items: list[Box] = [] if e.continued else [inside(e.sides[0], look)]
    for relation, side in zip(e.relations, e.sides[1:], strict=True):
        items += [Infix(relation), inside(side, look)]
    return Row(tuple(items))


@layout.register
def _(e: statements.Together, look: Look) -> Box:
    items: list[Box] = []
    for part in e.parts:
        if items:
            items.append(Words(", "))
        items.append(layout(part, look))
    return Row(tuple(items))


@layout.register
def _(e: statements.Implies, look: Look) -> Box:
    return Row((layout(e.premise, look), Infix("⇒"), layout(e.conclusion, look)))


@layout.register
def _(e: statements.Ellipsis, look: Look) -> Box:
    return Symbol(e.sign)
