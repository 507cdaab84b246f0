"""Primitives of networks in general: traces, diagonals, quotients and extremes entry by entry, blocks, blocks of rows.

What each one means to each reader is in the reader's own files; the shapes are here. `Columns`, `Softmax`, `LogSumExp`
and the norms, which the lecture needs as well, are in `symbackprop.expr`.
"""

from __future__ import annotations

from collections.abc import Iterator

from symbackprop.dims import ONE, Dim, Units, at_most, dim, width
from symbackprop.errors import ShapeError
from symbackprop.expr import Expr, Negative, Number
from symbackprop.shapes import SCALAR, Shape, Shaped, one_less, shape, written
from symbackprop.tree import node

ROWS, COLUMNS = "rows", "columns"
MAX, MIN = "max", "min"


@node
class Trace(Expr):
    """`tr(A) = Σ_i A_{i,i}` of a square matrix, a scalar."""

    operand: Expr

    def __str__(self) -> str:
        return f"tr({self.operand})"


@node
class DiagonalPart(Expr):
    """`diag(A)`, the column of the entries `A_{i,i}` of a square matrix; `Diagonal` makes a matrix of a column."""

    operand: Expr

    def __str__(self) -> str:
        return f"diag({self.operand})"


@node
class EntrywiseQuotient(Expr):
    """`a ⊘ b`, the entries of `a` divided by those of `b`, both of one shape; `b` has no entry 0."""

    numerator: Expr
    denominator: Expr

    def __str__(self) -> str:
        return f"({self.numerator}) ⊘ ({self.denominator})"


@node
class Pairwise(Expr):
    """`max(a, b)` or `min(a, b)`, entry by entry, of two of one shape.

    One of them may be a number, as in `max(0, Z)`: it is compared with every entry of the other. Nothing else is
    broadcast. Where both are equal the extreme has no derivative: `max(a, b)` is taken as `b + relu(a - b)` and
    `min(a, b)` as `b - relu(b - a)`, of which the derivative by `b` is 1 there and that by `a` is 0; where one of them
    is a number it stands in the place of `b`, so that `max(0, z)` and `max(z, 0)` are both `relu(z)`, with its slope 0
    at 0.
    """

    kind: str
    left: Expr
    right: Expr

    def __str__(self) -> str:
        return f"{self.kind}({self.left}, {self.right})"

    @property
    def against(self) -> tuple[Expr, Expr]:
        """The two with the one that has the derivative 1 where both are equal, or is a number, as the second."""
        return (self.right, self.left) if is_number(self.left) else (self.left, self.right)


def is_number(e: Expr) -> bool:
    """Whether it is written as a number, perhaps with a minus."""
    return isinstance(e, Number) or (isinstance(e, Negative) and is_number(e.operand))


@node
class Stacked(Expr):
    """Matrices one below the other (`axis` is "rows"), of equally many columns, or side by side ("columns")."""

    parts: tuple[Expr, ...]
    axis: str = ROWS

    def __str__(self) -> str:
        return f"({('; ' if self.axis == ROWS else ', ').join(map(str, self.parts))})"


@node
class Rows(Expr):
    """The rows `first … last` of a matrix or column, `(last - first + 1) × columns`."""

    operand: Expr
    first: Dim
    last: Dim

    def __str__(self) -> str:
        inner = str(self.operand) if str(self.operand).isidentifier() else f"({self.operand})"
        return f"{inner}[{self.first}…{self.last},:]"


# --- shapes ----------------------------------------------------------------------------------------------------------


def _square(e: Expr, network: Shaped, what: str) -> Dim:
    rows, columns = shape(e, network)
    if rows != columns:
        raise ShapeError(f"{what} needs a square matrix, but {e} is {written((rows, columns), network)}")
    return rows


@shape.register
def _(e: Trace, network: Shaped) -> Shape:
    _square(e.operand, network, "a trace")
    return SCALAR


@shape.register
def _(e: DiagonalPart, network: Shaped) -> Shape:
    return _square(e.operand, network, "the column of diagonal entries"), ONE


def _alike(one: Expr, two: Expr, network: Shaped, verb: str) -> Shape:
    left, right = shape(one, network), shape(two, network)
    if left != right:
        raise ShapeError(
            f"cannot {verb} {one} ({written(left, network)}) and {two} ({written(right, network)}): "
            "both must have the same shape"
        )
    return left


@shape.register
def _(e: EntrywiseQuotient, network: Shaped) -> Shape:
    return _alike(e.numerator, e.denominator, network, "divide entry by entry")


@shape.register
def _(e: Pairwise, network: Shaped) -> Shape:
    if e.kind not in (MAX, MIN):
        raise ShapeError(f"there is no extreme {e.kind!r} of two: write {MAX!r} or {MIN!r}")
    one, two = e.against
    return shape(one, network) if is_number(two) else _alike(one, two, network, f"take the {e.kind} of")


@shape.register
def _(e: Stacked, network: Shaped) -> Shape:
    if not e.parts or e.axis not in (ROWS, COLUMNS):
        raise ShapeError(f"blocks are one or more matrices stacked by {ROWS!r} or {COLUMNS!r}: {e.axis!r} of {e}")
    along, across = (0, 1) if e.axis == ROWS else (1, 0)
    found = [shape(part, network) for part in e.parts]
    for part, other in zip(e.parts[1:], found[1:], strict=True):
        if other[across] != found[0][across]:
            how = "one below the other" if e.axis == ROWS else "side by side"
            raise ShapeError(
                f"cannot put {e.parts[0]} ({written(found[0], network)}) and {part} ({written(other, network)}) {how}: "
                f"both must have as many {COLUMNS if e.axis == ROWS else ROWS}"
            )
    total = _with_bias_unit(sum((each[along] for each in found), dim(0)))
    return (total, found[0][1]) if e.axis == ROWS else (found[0][0], total)


def _with_bias_unit(size: Dim) -> Dim:
    """The units of a layer and one more are its width."""
    match size:
        case Dim(((Units(layer), 1),), 1):
            return width(layer)
    return size


def offsets(e: Stacked, network: Shaped) -> Iterator[tuple[Expr, Dim, Dim]]:
    """Each part of stacked blocks with the number of rows (or columns) before it, and its own."""
    before = dim(0)
    for part in e.parts:
        size = shape(part, network)[0 if e.axis == ROWS else 1]
        yield part, before, size
        before = before + size


@shape.register
def _(e: Rows, network: Shaped) -> Shape:
    rows, columns = shape(e.operand, network)
    if at_most(e.first, 0, {}) or at_most(rows + 1, network.normal(e.last), {}):
        raise ShapeError(
            f"{e} reaches beyond {e.operand} ({written((rows, columns), network)}): "
            f"write rows from 1 to {network.says(rows)}"
        )
    # `n_l - 1` rows are written as the units of layer l, as `Columns` writes them
    return one_less(network.normal(e.last - e.first + 2), network), columns
