"""How traces, diagonals, blocks, and quotients and extremes entry by entry are written and spoken."""

from __future__ import annotations

from symbackprop import expr, primitives
from symbackprop.equations import Network
from symbackprop.expr import Expr, Variable
from symbackprop.notations import Notation
from symbackprop.primitives import COLUMNS, DiagonalPart, EntrywiseQuotient, Pairwise, Rows, Stacked, Trace
from symbackprop.render import boxes, words
from symbackprop.render.boxes import Box, Infix, Row, Symbol, Words
from symbackprop.render.letters import ANY, below, written
from symbackprop.render.look import Level, Look, applied, dims_layout, fenced, indexed, inside, layout, level, raised
from symbackprop.render.spoken import place, size_words
from symbackprop.render.words import of, speak, stands

TRACE = Symbol("tr", operator=True)
EXTREMES = {kind: Symbol(kind, operator=True) for kind in (primitives.MAX, primitives.MIN)}
_SAID = {primitives.MAX: "maximum", primitives.MIN: "minimum"}


@layout.register
def _(e: Trace, look: Look) -> Box:
    return applied(TRACE, inside(e.operand, look.bare))


@layout.register
def _(e: DiagonalPart, look: Look) -> Box:
    # as `Diagonal` is written: the shape of what stands in parentheses says which of the two it is
    return applied(Words("diag"), inside(e.operand, look.bare))


@layout.register
def _(e: EntrywiseQuotient, look: Look) -> Box:
    over, under = (inside(part, look, Level.FACTOR) for part in (e.numerator, e.denominator))
    return Row((over, Infix("⊘"), under))


@layout.register
def _(e: Pairwise, look: Look) -> Box:
    return Row((EXTREMES[e.kind], fenced("(", Row((inside(e.left, look), Words(", "), inside(e.right, look))), ")")))


@layout.register
def _(e: Stacked, look: Look) -> Box:
    nothing = [part for part in e.parts if _is_nothing(part)]
    if len(nothing) > 1 or any(isinstance(part, expr.Product) for part in nothing):
        # nothing else says how many zeros stand before the others, and how many behind them
        sized = tuple(_sized(part, look) if _is_nothing(part) else inside(part, look.bare) for part in e.parts)
        return boxes.Matrix((sized,) if e.axis == COLUMNS else tuple((part,) for part in sized))
    if e.axis == COLUMNS:
        return boxes.Matrix((tuple(inside(part, look.bare) for part in e.parts),))
    return boxes.Matrix(tuple(tuple(inside(part, look.bare) for part in row) for row in _grid(e)))


def _is_nothing(e: Expr) -> bool:
    """Whether it is a column of zeros, or a block of them, `0 1ᵀ`."""
    return isinstance(e, expr.Zeros) or (isinstance(e, expr.Product) and isinstance(e.factors[0], expr.Zeros))


def _sized(e: Expr, look: Look) -> Box:
    """A block of zeros with the numbers of its rows and columns below: `0_m 1_nᵀ`."""
    match e:
        case expr.Product(factors):
            return Row(tuple(_sized(factor, look) for factor in factors))
        case expr.Transpose(operand):
            return raised(_sized(operand, look), Symbol(look.notation.transpose))
        case expr.Zeros(size) | expr.Ones(size):
            return below(inside(e, look.bare), (dims_layout(size, look, tight=True),), look)
    return inside(e, look.bare)


def _grid(e: Stacked) -> tuple[tuple[Expr, ...], ...]:
    """The rows of a matrix that is stacked from rows, each of as many parts; else every part is a row of its own."""
    rows = tuple(part.parts for part in e.parts if isinstance(part, Stacked) and part.axis == COLUMNS)
    if len(rows) == len(e.parts) and len(set(map(len, rows))) == 1:
        return rows
    return tuple((part,) for part in e.parts)


@layout.register
def _(e: Rows, look: Look) -> Box:
    first, last = (dims_layout(end, look, tight=True) for end in (e.first, e.last))
    at = (Row((first, Symbol("…"), last)), ANY)
    if isinstance(e.operand, Variable):
        # a block of the weights is a matrix, so it has their letter and not that of a row
        return indexed(written(e.operand, look), e.operand.index, at, look)
    return below(inside(e.operand, look, Level.BASE), at, look)


level.register(EntrywiseQuotient)(lambda e, look: Level.PRODUCT)
level.register(Trace)(lambda e, look: Level.FACTOR)
level.register(DiagonalPart)(lambda e, look: Level.FACTOR)
level.register(Pairwise)(lambda e, look: Level.FACTOR)
level.register(Stacked)(lambda e, look: Level.BASE)
level.register(Rows)(lambda e, look: Level.BASE)


# --- speech ----------------------------------------------------------------------------------------------------------

stands(words.Level.PREFIX, Trace, DiagonalPart, Pairwise, Stacked, Rows)


@speak.register
def _(e: Trace, network: Network | None = None, notation: Notation | None = None) -> str:
    return f"the trace of {of(e.operand, network, notation)}"


@speak.register
def _(e: DiagonalPart, network: Network | None = None, notation: Notation | None = None) -> str:
    return f"the diagonal entries of {of(e.operand, network, notation)}"


@speak.register
def _(e: EntrywiseQuotient, network: Network | None = None, notation: Notation | None = None) -> str:
    parts = (e.numerator, e.denominator)
    return words.infix(
        [
            ("entrywise over" if i else "", of(part, network, notation), words.level(part))
            for i, part in enumerate(parts)
        ]
    )


@speak.register
def _(e: Pairwise, network: Network | None = None, notation: Notation | None = None) -> str:
    name = _SAID[e.kind]
    both = f"{of(e.left, network, notation)}, and {of(e.right, network, notation)}"
    return f"the {name} entry by entry of {both}, end {name}"


@speak.register
def _(e: Stacked, network: Network | None = None, notation: Notation | None = None) -> str:
    between = ", beside " if e.axis == COLUMNS else ", above "
    return f"the matrix of blocks {between.join(of(part, network, notation) for part in e.parts)}, end matrix"


@speak.register
def _(e: Rows, network: Network | None = None, notation: Notation | None = None) -> str:
    first, last = size_words(e.first, network, notation), place(e.last, network, notation)
    return f"rows {first} to {last} of {of(e.operand, network, notation)}"
