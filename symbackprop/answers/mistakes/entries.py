"""An entry or a norm where a vector is meant, or a vector for an entry."""

from __future__ import annotations

from collections.abc import Iterator

from symbackprop.answers.mistakes.repair import Repair
from symbackprop.answers.mistakes.where import Where
from symbackprop.dims import ONE, Dim, index
from symbackprop.expr import (
    Entry,
    Expr,
    Hadamard,
    IndexedSum,
    Norm,
    Ones,
    Partial,
    Power,
    Product,
    Row,
    Variable,
    product_of,
)
from symbackprop.substitution import free_symbols, replace_at
from symbackprop.tree import subterms

ORDER = 12
COMPONENT = "{part} is one component: the whole belongs here"
# a letter that no answer has
LETTER = "i"


def repairs(part: Expr, where: Where) -> Iterator[Repair]:
    match part:
        case Entry(operand) | Row(operand):
            yield Repair("component-for-vector", operand, COMPONENT)
        case Partial(of, Entry(operand) | Row(operand)):
            yield Repair("component-for-vector", Partial(of, operand, part.numerator), COMPONENT)
        case Partial(of, Variable() as wrt) if where.is_column(part):
            for letter in sorted(free_symbols(where.head) & where.question.indices):
                one = Partial(of, Entry(wrt, index(letter)), part.numerator)
                yield Repair("component-for-vector", one, f"{{part}} has all components: that at {letter} belongs here")
    if isinstance(part, Product) and any(isinstance(each, Ones) for _, each in subterms(part)):
        yield from _of_norms(part)
    if part is where.answer:
        yield from _of_all(part, where)


def _of_norms(part: Product) -> Iterator[Repair]:
    """`λ ‖w‖`, which is a number and added to every entry, for `λ w`."""
    factors = tuple(each for each in part.factors if not any(isinstance(inner, Ones) for _, inner in subterms(each)))
    inner = product_of(factors) if factors else part
    for path, each in subterms(inner):
        norm = each.base if isinstance(each, Power) else each
        if isinstance(norm, Norm):
            made = replace_at(inner, path, norm.operand)
            yield Repair("shape", made, "{part} is a number, and is added to every entry")


def _of_all(part: Expr, where: Where) -> Iterator[Repair]:
    """Every entry at one number made the whole, or the sum over it."""
    found = [(path, each) for path, each in subterms(part) if isinstance(each, Entry)]
    for row, column in dict.fromkeys((each.row, each.column) for _, each in found):
        if not row.is_constant or not (column is None or column.is_constant):
            continue
        own = [(path, each) for path, each in found if (each.row, each.column) == (row, column)]
        whole, summand = part, part
        # from the right, so that a product that grows does not move what is left of it
        for path, each in reversed(own):
            whole = replace_at(whole, path, each.operand)
            summand = replace_at(summand, path, Entry(each.operand, index(LETTER), column))
        size = _length(own[0][1], where)
        yield Repair("component-for-vector", whole, COMPONENT)
        if isinstance(whole, Product):
            yield Repair("component-for-vector", _entrywise(whole, where), COMPONENT)
        if size is not None and where.is_scalar(where.head):
            summed = IndexedSum(LETTER, ONE, size, summand)
            yield Repair("component-for-vector", summed, "{part} is of one component: the sum over all belongs here")


def _entrywise(whole: Product, where: Where) -> Expr:
    """Numbers times each other as columns entry by entry."""
    columns = tuple(each for each in whole.factors if not where.is_scalar(each))
    scalars = tuple(each for each in whole.factors if where.is_scalar(each))
    if len(columns) < 2:
        return whole
    return Product((*scalars, Hadamard(columns))) if scalars else Hadamard(columns)


def _length(entry: Entry, where: Where) -> Dim | None:
    size = where.shape(entry.operand)
    return None if size is None else size[0]
