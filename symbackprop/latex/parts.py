"""Entries, rows, columns and blocks of anything, its transposes and its powers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from symbackprop import expr
from symbackprop.dims import ONE, Dim, at_most
from symbackprop.errors import ShapeError
from symbackprop.expr import Expr
from symbackprop.groups import EntrywisePower
from symbackprop.latex import surface as s
from symbackprop.latex.marks_above import Above, Layer, Turned, read_above
from symbackprop.latex.meaning_dims import read_places
from symbackprop.latex.places import ANY, At, Places, Range
from symbackprop.latex.readings import Mark, Reader, Reading, Readings, over, settle
from symbackprop.latex.registered import Table
from symbackprop.latex.sizes import merged, same
from symbackprop.latex.surface import Surface
from symbackprop.primitives import Rows
from symbackprop.shapes import SCALAR, Shape
from symbackprop.tree import children

# what a power of a square matrix is, by its exponent: a new primitive registers itself, as the inverse for -1
POWERS: Table[Fraction, Callable[[Expr], Expr]] = Table()


# so many binary digits may a power of numbers have
MOST_BITS = 100_000


def mark_of(tree: Expr, at: Surface) -> Mark:
    """The span of one place for every part of a tree."""
    return Mark(at.span, tuple(mark_of(child, at) for child in children(tree)))


def scripted(bases: Readings, e: s.Scripted, reader: Reader) -> Readings:
    """The readings of what has scripts: its entries, transposes, powers."""
    aboves = read_above(e.sup, reader)
    belows = [()] if e.sub is None else read_places(e.sub, reader)

    def attempt(base: Reading, below: Places, above: tuple[Above, ...]) -> Callable[[], Readings]:
        def made() -> Readings:
            result = parted(base, below, e, reader)
            for mark in above:
                result = marked(result, mark, e, reader)
            return [primed(result, e, reader)]

        return made

    attempts = [attempt(base, below, above) for base in bases for below in belows for above in aboves]
    return reader.any_of(attempts, e)


def measured(tree: Expr, parts: tuple[Reading, ...] | list[Reading], reader: Reader, e: Surface | s.Span) -> Reading:
    """A reading whose shape is that of its tree; sizes of the operands must not have to be found for that.

    Raises:
        NonconformingError: if parts do not conform.
    """
    found = merged([part.found for part in parts], reader.scope.conform)
    if found is None:
        raise reader.error(f"the sizes in {reader.source(e)!r} contradict each other", e)
    try:
        size = reader.scope.shape(settle(tree, found), found)
    except ShapeError as error:
        raise reader.nonconforming(str(error), e, tree) from None
    return over(tree, size, e, parts, found)


def square(part: Reading, reader: Reader) -> Reading:
    """The same with as many rows as columns, where a size that is open can make it so."""
    rows, columns = part.size
    found = same(rows, columns, part.found, reader.scope.conform)
    return part if found is None or found is part.found else replace(part, found=found)


def turned(base: Reading, e: Surface, reader: Reader) -> Reading:
    rows, columns = base.shape
    return over(expr.Transpose(base.tree), (columns, rows), e, [base])


def primed(base: Reading, e: s.Scripted, reader: Reader) -> Reading:
    """`W'`: the transpose, of what is no function."""
    if not e.primes:
        return base
    if e.primes > 1 or base.is_scalar:
        raise reader.error(
            f"{reader.source(e)!r} is no function, so ' is no derivative of it: write \\top for a transpose, "
            "or say what it is differentiated by",
            e,
        )
    return turned(base, e, reader)


def _bits(e: Expr) -> Fraction:
    """About how many binary digits the numbers make that a scalar is of; a variable has none."""
    match e:
        case expr.Number(value):
            return Fraction(max(abs(value.numerator), value.denominator).bit_length())
        case expr.Power(operand, exponent):
            return _bits(operand) * abs(exponent)
        case expr.Product() | expr.Sum() | expr.Negative() | expr.Quotient():
            return sum(map(_bits, children(e)), Fraction(0))
    return Fraction(0)


def marked(base: Reading, mark: Above, e: s.Scripted, reader: Reader) -> Reading:
    """What one mark above makes of a reading.

    Raises:
        ReadingError: if it makes nothing of it.
    """
    if isinstance(mark, Turned):
        return turned(base, e, reader)
    if isinstance(mark, Layer):
        raise reader.error(f"{reader.source(e)!r} has no index above it here: write it where the network has it", e)
    if mark.entrywise or e.dotted:
        return over(EntrywisePower(base.tree, mark.exponent), base.shape, e, [base])
    if base.is_scalar:
        if _bits(base.tree) * abs(mark.exponent) > MOST_BITS:
            raise reader.error(
                f"the number {reader.source(e)!r} has more than {MOST_BITS} binary digits: write a smaller one", e
            )
        return over(expr.Power(base.tree, mark.exponent), SCALAR, e, [base])
    rows, columns = base.size
    if isinstance(base.tree, expr.Diagonal) and mark.exponent.denominator == 1 and mark.exponent > 0:
        # of a diagonal matrix both are the same
        return over(expr.Diagonal(EntrywisePower(base.tree.operand, mark.exponent)), base.shape, e, [base])
    if rows == columns and mark.exponent in POWERS:
        return over(POWERS[mark.exponent](base.tree), base.shape, e, [base])
    if mark.exponent == -1 and rows == columns:
        raise reader.error(
            f"the inverse {reader.source(e)!r} is none of the operations here: write the equation that it solves", e
        )
    if rows == columns:
        raise reader.error(
            f"{reader.source(e)!r} may be a product of matrices or a power of each entry: write the factors with "
            r"\odot or side by side",
            e,
        )
    return over(EntrywisePower(base.tree, mark.exponent), base.shape, e, [base])


def parted(base: Reading, places: Places, e: Surface, reader: Reader) -> Reading:
    """The entry, row, column or block that places below say.

    Raises:
        ReadingError: if there are more or fewer places than there are dimensions, or one is out of its range.
    """
    if not places or set(places) == {ANY}:
        return base
    rows, columns = base.size
    tree = base.tree
    extents = (rows, columns)
    if len(places) == 1:
        if columns == ONE and rows != ONE:
            places = (places[0], ANY)
        elif rows == ONE and columns != ONE:
            places = (ANY, places[0])
        extents = (rows, columns)
    for place, size in zip(places, extents, strict=False):
        _within(place, size, e, reader)
    made = _part(tree, places, (rows, columns), reader.scope.turned)
    if made is None:
        raise reader.error(
            f"{reader.source(e)!r} has {len(places)} {'index' if len(places) == 1 else 'indices'} below, but it is "
            f"{reader.scope.written((rows, columns))}: "
            f"write {'none' if base.is_scalar else 'one for each of its dimensions'}",
            e,
        )
    if isinstance(made, expr.Entry):
        return over(made, SCALAR, e, [base])
    if isinstance(made, expr.Row):
        return over(made, (ONE, columns), e, [base])
    if isinstance(made, expr.Column):
        return over(made, (rows, ONE), e, [base])
    return measured(made, [base], reader, e)


def _part(tree: Expr, places: Places, s_: Shape, turned: bool) -> Expr | None:
    rows, columns = s_
    match places:
        case (Dim() as i, At_any) if At_any is ANY:
            return _entry_of_column(tree, i, turned) if columns == ONE else expr.Row(tree, i)
        case (At_any, Dim() as k) if At_any is ANY:
            return _entry_of_row(tree, k, turned) if rows == ONE else expr.Column(tree, k)
        case (At_any, Range(first, last)) if At_any is ANY:
            return expr.Columns(tree, first, last)
        case (Range(first, last), At_any) if At_any is ANY:
            return Rows(tree, first, last)
        case (Dim() as i, Dim() as k) if s_ != SCALAR and (columns != ONE or k == ONE) and (rows != ONE or i == ONE):
            return expr.Entry(tree, i, k)
    return None


def _entry_of_column(tree: Expr, i: Dim, turned: bool) -> Expr:
    return expr.Entry(tree, i, ONE) if turned else expr.Entry(tree, i)


def _entry_of_row(tree: Expr, k: Dim, turned: bool) -> Expr:
    return expr.Entry(tree, k) if turned else expr.Entry(tree, ONE, k)


def _within(place: At, size: Dim, e: Surface, reader: Reader) -> None:
    ends = (place.first, place.last) if isinstance(place, Range) else (place,) if isinstance(place, Dim) else ()
    for end in ends:
        if at_most(end, 0, {}) or at_most(size + 1, end, {}):
            raise reader.error(
                f"the index {end} in {reader.source(e)!r} is out of its range: it runs from 1 to "
                f"{reader.scope.says(size)}",
                e,
            )
