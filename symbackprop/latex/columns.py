"""The column whose entries are listed with dots among them: the same formula of its entries, first to last."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from symbackprop import expr
from symbackprop.dims import ONE, Dim, dim
from symbackprop.errors import ShapeError
from symbackprop.expr import Elementwise, Expr, Number
from symbackprop.groups import EntrywisePower
from symbackprop.latex import surface as s
from symbackprop.latex.meaning import read
from symbackprop.latex.parts import mark_of
from symbackprop.latex.readings import Reader, Reading, Readings, said
from symbackprop.latex.surface import Surface


def is_zero(e: Surface) -> bool:
    match e:
        case s.Numeral(text="0"):
            return True
        case s.Styled(body=body) | s.Scripted(base=body, sub=None, primes=0):
            return is_zero(body)
    return False


def is_empty(e: Surface) -> bool:
    return isinstance(e, s.Blank) and not e.text


def is_dots(e: Surface, signs: str = "…⋮⋱") -> bool:
    return isinstance(e, s.Dots) and e.sign in signs


def listed(cells: tuple[Surface, ...], e: Surface, reader: Reader) -> Reading:
    """The column whose entries are listed, with or without dots among them.

    Raises:
        ReadingError: if they are not the same formula of the entries of one column, from the first to the last.
    """
    dots = [i for i, cell in enumerate(cells) if is_dots(cell)]
    if len(dots) > 1:
        raise reader.error("one … is enough: write the first entries, dots, and the last", e)
    first = _scalar(cells[0], reader)
    column = _lifted(first.settled, ONE, reader)
    if column is None:
        raise reader.error(
            f"{reader.source(cells[0])!r} is no formula of the first entry of a column, so the dots mean nothing: "
            "write such a formula, as g'(z_1)",
            cells[0],
        )
    try:
        size = reader.scope.length(reader.scope.shape(column))
    except ShapeError as error:
        raise reader.nonconforming(str(error), e, column) from None
    assert size is not None
    for place, cell in _numbered(cells, dots, size):
        if not any(_lifted(part.settled, place, reader) == column for part in _all_scalars(cell, reader)):
            raise reader.error(
                f"the entries of this matrix are no column: {reader.source(cell)!r} stands where "
                f"{said(_at_entry(column, place, reader))} should stand",
                cell,
            )
    if not dots and size != dim(len(cells)):
        raise reader.error(
            f"these are {len(cells)} entries of a column of {reader.scope.says(size)}: write dots between the first "
            "and the last",
            e,
        )
    return Reading(column, reader.scope.vector(size), mark_of(column, _covering(cells)), first.found, first.assumed)


def _covering(cells: tuple[Surface, ...]) -> Surface:
    return s.Blank((cells[0].span[0], cells[-1].span[1]))


def _numbered(cells: tuple[Surface, ...], dots: list[int], size: Dim) -> Iterator[tuple[Dim, Surface]]:
    for i, cell in enumerate(cells):
        if dots and i == dots[0]:
            continue
        yield (dim(i + 1) if not dots or i < dots[0] else size - (len(cells) - 1 - i)), cell


def _all_scalars(e: Surface, reader: Reader) -> Readings:
    return [part for part in read(e, reader) if part.is_scalar]


def _scalar(e: Surface, reader: Reader) -> Reading:
    parts = _all_scalars(e, reader)
    if not parts:
        raise reader.error(f"the entries of a matrix with dots are scalars, and {reader.source(e)!r} is none", e)
    lifts = [part for part in parts if _lifted(part.settled, ONE, reader) is not None]
    return (lifts or parts)[0]


def _lifted(e: Expr, at: Dim, reader: Reader) -> Expr | None:
    """The column whose entry at a place a scalar is."""
    match e:
        case expr.Entry(operand, row, None) if row == at:
            return operand
        case Elementwise(name, operand, order):
            inner = _lifted(operand, at, reader)
            return None if inner is None else Elementwise(name, inner, order)
        case expr.Power(base, exponent):
            inner = _lifted(base, at, reader)
            return None if inner is None else EntrywisePower(inner, exponent)
        case expr.Negative(operand):
            inner = _lifted(operand, at, reader)
            return None if inner is None else expr.Negative(inner)
        case expr.Product(factors):
            parts = [_lifted(factor, at, reader) for factor in factors]
            columns = [part for part in parts if part is not None]
            if len(columns) == len(parts):
                return expr.Hadamard(tuple(columns))
            if len(columns) == 1 and all(
                isinstance(f, Number) for f, p in zip(factors, parts, strict=True) if p is None
            ):
                return expr.Product(tuple(p or f for f, p in zip(factors, parts, strict=True)))
        case expr.Sum(terms):
            lifted = [_lifted(term, at, reader) for term in terms]
            known = next((part for part in lifted if part is not None), None)
            if known is None:
                return None
            size = reader.scope.length(reader.scope.shape(known))
            assert size is not None
            ones = [
                expr.Ones(size) if term == Number(Fraction(1)) else part
                for term, part in zip(terms, lifted, strict=True)
            ]
            return None if None in ones else expr.Sum(tuple(part for part in ones if part is not None))
    return None


def _at_entry(column: Expr, place: Dim, reader: Reader) -> Expr:
    """The entry of a lifted column, as it is written."""
    match column:
        case Elementwise(name, operand, order):
            return Elementwise(name, _at_entry(operand, place, reader), order)
        case EntrywisePower(operand, exponent):
            return expr.Power(_at_entry(operand, place, reader), exponent)
        case expr.Negative(operand):
            return expr.Negative(_at_entry(operand, place, reader))
        case expr.Hadamard(factors):
            return expr.Product(tuple(_at_entry(factor, place, reader) for factor in factors))
        case expr.Product(factors) if any(isinstance(factor, Number) for factor in factors):
            return expr.Product(tuple(f if isinstance(f, Number) else _at_entry(f, place, reader) for f in factors))
        case expr.Sum(terms):
            return expr.Sum(tuple(_at_entry(term, place, reader) for term in terms))
        case expr.Ones():
            return Number(Fraction(1))
    return expr.Entry(column, place)
