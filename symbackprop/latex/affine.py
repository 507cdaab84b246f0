"""Scalars made of whole numbers and sizes only: one `Size`, where they are affine and have a letter in them.

A number among columns is the column of it.
"""

from __future__ import annotations

from collections.abc import Sequence

from symbackprop import expr
from symbackprop.dims import ONE, Dim, dim
from symbackprop.expr import Expr, Negative, Number, Size
from symbackprop.latex.readings import Mark, Reader, Reading
from symbackprop.shapes import SCALAR, Shape


def value_of(e: Expr) -> Dim | None:
    """The integer that a scalar is."""
    match e:
        case Number(value) if value.denominator == 1:
            return dim(value.numerator)
        case Size(size):
            return size
        case Negative(operand):
            inner = value_of(operand)
            return None if inner is None else -inner
    return None


def merged_product(parts: Sequence[Reading], reader: Reader) -> Expr | None:
    """`2 n` as one size."""
    values = [value_of(part.tree) for part in parts]
    total = dim(1)
    for value in values:
        if value is None or not (value.is_constant or total.is_constant):
            return None
        total = value * total.constant if total.is_constant else total * value.constant
    return None if total.is_constant else Size(total)


def merged_sum(terms: Sequence[Expr], reader: Reader) -> Expr | None:
    """`n_l + n_{l+1}` and `n - 1` as one size."""
    total = dim(0)
    for term in terms:
        value = value_of(term)
        if value is None:
            return None
        total = total + value
    return None if total.is_constant else Size(reader.scope.units(total))


def negated(e: Expr) -> Expr:
    """A number or a size with a minus is one number or size; of anything else it is the negative."""
    match e:
        case Number(value):
            return Number(-value)
        case Size(size):
            return Size(-size)
    return expr.Negative(e)


def as_column(number: Reading, size: Shape, reader: Reader) -> Reading:
    """A number as the vector or the matrix of it: `1 - a` for a column `a` is `1⃗ - a`."""
    assert isinstance(number.tree, Number)
    value = number.tree.value
    along, across = size[::-1] if reader.scope.turned else size
    factors: tuple[Expr, ...] = tuple(
        part
        for part, n in ((expr.Ones(along), along), (expr.Transpose(expr.Ones(across)), across))
        if n != ONE or size == SCALAR
    )
    if reader.scope.turned:
        factors = factors[::-1]
    if not value and across == ONE:
        tree: Expr = expr.Zeros(along)
    else:
        tree = expr.product_of(factors if value == 1 else (number.tree, *factors))
    return Reading(tree, size, Mark(number.mark.span), number.found, number.assumed)
