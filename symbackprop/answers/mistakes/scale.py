"""A factor that is missing or too much: 2 of a square, a mean for a sum; the other layout."""

from __future__ import annotations

from collections.abc import Iterator

from symbackprop.answers.mistakes.repair import Repair, below, within_terms
from symbackprop.answers.mistakes.where import Where
from symbackprop.dims import index
from symbackprop.expr import (
    Entry,
    Expr,
    Product,
    Quotient,
    Size,
    Transpose,
    number,
)
from symbackprop.network import MLP

ORDER = 4
NUMBERS = (2, 4, 3)


def repairs(part: Expr, where: Where) -> Iterator[Repair]:
    if part is where.answer and not where.is_scalar(part):
        yield Repair("transposed-layout", Transpose(part), "this is the transpose: the gradient in the other layout")
    if part is where.answer:
        yield from _of_the_whole(part, where)
    yield from within_terms(part, lambda term: _of_the_whole(term, where))


def _of_the_whole(part: Expr, where: Where) -> Iterator[Repair]:
    for value in NUMBERS:
        yield Repair("missing-factor", Product((number(value), part)), f"a factor {value} is missing")
        yield Repair("extra-factor", Quotient(part, number(value)), f"there is a factor {value} too much")
    for letter in sorted(getattr(where.question.network, "sizes", ())):
        size = Size(index(letter))
        yield Repair("mean-for-sum", Product((size, part)), f"this is a mean over {letter}, and a sum is asked for")
        yield Repair("sum-for-mean", Quotient(part, size), f"this is a sum, and a mean over {letter} is asked for")
    for scalar in where.parameters:
        if scalar not in below(part):
            yield Repair("missing-factor", Product((scalar, part)), f"the factor {scalar} is missing")
    for factor in _entries(where):
        yield Repair("missing-factor", Product((factor, part)), f"the factor {factor} is missing")
    for factor in _columns(where):
        for made in (Product((part, factor)), Product((factor, part))):
            if where.shape(made) == where.shape(where.head):
                yield Repair("missing-factor", made, f"the factor {factor} is missing")


def _entries(where: Where) -> Iterator[Expr]:
    """The entries of the network's columns at the letters that an entry is asked for at."""
    letters = sorted(where.head_letters)
    for variable in where.quantities if letters else ():
        if where.is_column(variable):
            yield from (Entry(variable, index(letter)) for letter in letters)


def _columns(where: Where) -> Iterator[Expr]:
    """The columns of the network and their transposes, where the answer has not the shape that it should have."""
    network = where.question.network
    if where.conforms or where.is_number:
        return
    own = [*getattr(network, "inputs", ()), *(equation.left for equation in network.equations if not equation.index)]
    own += [network.input] if isinstance(network, MLP) else []
    for variable in dict.fromkeys(own):
        if where.is_column(variable):
            yield from (variable, Transpose(variable))
