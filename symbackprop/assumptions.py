"""What is assumed put into entries: `Σ_k y_k` is 1 where that is assumed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

from symbackprop.dims import Dim
from symbackprop.entries import entries
from symbackprop.indices import Calculus, Entries, Item, Term, indices_of, scaled, symbol_of, times, under
from symbackprop.normalform import normal
from symbackprop.statements import Chain


def with_assumed(one: Entries, given: Iterable[Chain], calculus: Calculus) -> Entries:
    """The normal form in which a sum over the entries of a variable that an equation gives is put in.

    Of the equations only those are used that say what `Σ_k v_k` is, or each `Σ_k A_{ik}` or `Σ_i A_{ik}`.
    """
    for chain in given:
        if chain.relations == ("=",):
            one = _with(one, chain, calculus)
    return one


def _with(one: Entries, chain: Chain, calculus: Calculus) -> Entries:
    left, right = chain.sides
    i, k = calculus.entry_indices(calculus.shape(left))
    match normal(entries(left, i, k, calculus), calculus).terms:
        case (Term(coefficient, (Item() as item,), ((name, size),)),):
            value = scaled(Fraction(1) / coefficient, entries(right, i, k, calculus))
        case _:
            return one
    parts = [_put(term, item, name, size, value, calculus) for term in one.terms]
    return normal(Entries(tuple(term for part in parts for term in part.terms)), calculus)


def _put(term: Term, item: Item, name: str, size: Dim, value: Entries, calculus: Calculus) -> Entries:
    for over, at in _sums_of(term, item, name, size):
        rest = tuple(factor for factor in term.factors if over not in indices_of(factor))
        bound = tuple(pair for pair in term.bound if pair[0] != over)
        return under(bound, times(Entries((Term(term.coefficient, rest),)), value.at(at)))
    return Entries((term,))


def _sums_of(term: Term, item: Item, name: str, size: Dim) -> Iterator[tuple[str, dict[str, Dim]]]:
    """Sums in a term that are the sum of the entries of `item.of`: their index, and the other index of the item."""
    for over, extent in term.bound:
        having = [factor for factor in term.factors if over in indices_of(factor)]
        if extent != size or len(having) != 1:
            continue
        found = having[0]
        if not isinstance(found, Item) or found.of != item.of:
            continue
        for own, other in ((item.row, found.row), (item.column, found.column)):
            if symbol_of(own) == name and symbol_of(other) == over:
                free, there = (item.column, found.column) if own == item.row else (item.row, found.row)
                letter = symbol_of(free)
                yield over, {} if letter is None else {letter: there}
