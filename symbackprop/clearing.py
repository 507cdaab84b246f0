"""Fractions compared over a common denominator: `ŷ (1 - ŷ) (1 - y)/(1 - ŷ)` is `ŷ (1 - y)`, where `1 - ŷ` is not 0."""

from __future__ import annotations

from symbackprop.indices import Calculus, Entries, Factor, Raised, Term, indices_of, times, under
from symbackprop.normalform import normal


def same_cleared(one: Entries, two: Entries, calculus: Calculus) -> bool:
    """Whether both are equal where nothing that is divided by is 0, found by multiplying all of it out."""
    below = _largest(one, _largest(two, {}))
    return bool(below) and _cleared(one, below, calculus) == _cleared(two, below, calculus)


def _is_below(factor: Factor, term: Term) -> bool:
    """Whether a factor divides by a sum, to a whole power, that no index of the term's own sums runs through."""
    if not isinstance(factor, Raised) or factor.exponent >= 0 or factor.exponent.denominator != 1:
        return False
    return not {name for name, _ in term.bound} & set(indices_of(factor))


def _largest(one: Entries, so_far: dict[Entries, int]) -> dict[Entries, int]:
    """By what is divided, and by how high a power of it at most."""
    for term in one.terms:
        for factor in term.factors:
            if isinstance(factor, Raised) and _is_below(factor, term):
                so_far[factor.base] = max(so_far.get(factor.base, 0), -factor.exponent.numerator)
    return so_far


def _cleared(one: Entries, below: dict[Entries, int], calculus: Calculus) -> Entries:
    """The entries times every power that anything in them is divided by."""
    terms: list[Term] = []
    for term in one.terms:
        left = dict(below)
        kept: list[Factor] = []
        for factor in term.factors:
            if isinstance(factor, Raised) and _is_below(factor, term):
                left[factor.base] += factor.exponent.numerator
            else:
                kept.append(factor)
        total = Entries((Term(term.coefficient, tuple(kept)),))
        for base, power in left.items():
            for _ in range(power):
                total = times(total, base)
        terms += under(term.bound, total).terms
    return normal(Entries(tuple(terms)), calculus)
