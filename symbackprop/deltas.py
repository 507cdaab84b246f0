"""Kronecker deltas under sums: which of them take a sum away, and which make a term 0.

A delta goes only where the value that it gives to an index surely lies in the range of the index.
"""

from __future__ import annotations

from collections.abc import Mapping

from symbackprop.dims import ONE, Bounds, Dim, Symbol, at_most, index
from symbackprop.indices import Calculus, Delta, Factor, Term, symbol_of


def resolved(term: Term, calculus: Calculus) -> Term | None:
    """The term with every delta taken away that a sum over one of its indices lets go; None where it is zero."""
    factors, bound = list(term.factors), dict(term.bound)
    progress = has_delta = any(isinstance(factor, Delta) for factor in factors)
    while progress:
        progress = False
        for position, factor in enumerate(factors):
            if not isinstance(factor, Delta):
                continue
            if factor.one == factor.two:
                del factors[position]
                progress = True
                break
            if _vanishes(factor, bound, calculus):
                return None
            solved = _solved(factor, bound, calculus)
            if solved is not None:
                index_of, at = solved
                del factors[position], bound[index_of]
                factors = [f.at({index_of: at}) for f in factors]
                progress = True
                break
            for one, two in ((factor.one, factor.two), (factor.two, factor.one)):
                name = symbol_of(one)
                if name in bound and name is not None and _fits(two, bound, bound[name], calculus):
                    del factors[position], bound[name]
                    factors = [f.at({name: two}) for f in factors]
                    progress = True
                    break
            if progress:
                break
    coefficient, left = term.coefficient, []
    for factor in _merged(factors, bound, calculus) if has_delta else factors:
        known = calculus.constant(factor)
        if known is None:
            left.append(factor)
        else:
            coefficient *= known
    if not has_delta and len(left) == len(factors):
        return term
    return Term(coefficient, tuple(left), tuple(bound.items()))


def _merged(factors: list[Factor], bound: Mapping[str, Dim], calculus: Calculus) -> list[Factor]:
    """The factors with one name for two indices that a remaining delta makes equal: the one that runs less far."""

    def preference(at: Dim) -> tuple[bool, str]:
        return symbol_of(at) is not None, str(at)

    for place in range(len(factors)):
        # read again each time: an earlier delta may have renamed its indices
        delta = factors[place]
        if not isinstance(delta, Delta):
            continue
        kept, other = sorted((delta.one, delta.two), key=preference)
        for one, two in ((kept, other), (other, kept)):
            name = symbol_of(two)
            size = None if name is None else bound.get(name, calculus.ranges.get(name))
            if name is not None and size is not None and _fits(one, bound, size, calculus):
                factors = [f if i == place else f.at({name: one}) for i, f in enumerate(factors)]
                break
    return factors


def _fits(at: Dim, bound: Mapping[str, Dim], size: Dim, calculus: Calculus) -> bool:
    name = symbol_of(at)
    if name in bound and name is not None:
        return at_most(bound[name], size, calculus.known)
    if _is_shifted(at, bound, calculus):
        return surely_within(at, bound, size, calculus)
    return calculus.within(at, size)


def _is_shifted(at: Dim, bound: Mapping[str, Dim], calculus: Calculus) -> bool:
    """Whether it is an index with something added, as the `m + b` of a row in the second of two blocks."""
    return symbol_of(at) is None and any(
        isinstance(atom, Symbol) and (atom.name in bound or atom.name in calculus.ranges) for atom, _ in at.terms
    )


def surely_within(at: Dim, bound: Mapping[str, Dim], size: Dim, calculus: Calculus) -> bool:
    """Whether an index, or one with something added or taken away, surely lies from 1 to `size`."""
    known, at = _ranges(bound, calculus), calculus.sized(at)
    return at_most(ONE, at, known) and at_most(at, size, known)


def _ranges(bound: Mapping[str, Dim], calculus: Calculus) -> Bounds:
    """What is known of the symbols, the ranges of the indices included."""
    ranges = {**calculus.ranges, **bound}
    return {**calculus.known, **{name: (ONE, size) for name, size in ranges.items() if name not in calculus.known}}


def _solved(delta: Delta, bound: Mapping[str, Dim], calculus: Calculus) -> tuple[str, Dim] | None:
    """The bound index that a delta with something added to an index fixes, and its value: `b` for `δ_{m+a,m+b}`.

    None where the value is not known to lie in the range of the index.
    """
    if not (_is_shifted(delta.one, bound, calculus) or _is_shifted(delta.two, bound, calculus)):
        return None
    difference = calculus.sized(delta.one) - calculus.sized(delta.two)
    for atom, c in difference.terms:
        if isinstance(atom, Symbol) and atom.name in bound and abs(c) == 1:
            at = index(atom.name) - difference * c
            if surely_within(at, {n: s for n, s in bound.items() if n != atom.name}, bound[atom.name], calculus):
                return atom.name, at
    return None


def _vanishes(delta: Delta, bound: Mapping[str, Dim], calculus: Calculus) -> bool:
    difference = delta.one - delta.two
    if difference.is_constant:
        return difference.constant != 0
    if _is_shifted(delta.one, bound, calculus) or _is_shifted(delta.two, bound, calculus):
        known = _ranges(bound, calculus)
        one, two = calculus.sized(delta.one), calculus.sized(delta.two)
        if at_most(one + 1, two, known) or at_most(two + 1, one, known):
            return True
    for one, two in ((delta.one, delta.two), (delta.two, delta.one)):
        name = symbol_of(one)
        size = None if name is None else bound.get(name, calculus.ranges.get(name))
        if size is not None and calculus.beyond(two, size):
            return True
    return False
