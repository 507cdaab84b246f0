"""Sums compared by their definition alone: a term that follows a sum, or precedes it, is a term of a longer one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from symbackprop.dims import Bounds, at_most
from symbackprop.expr import Expr, IndexedSum, Sum
from symbackprop.substitution import substitute


def same_sums(left: Expr, right: Expr, known: Bounds) -> bool:
    """Whether both are the same terms, those gathered in a sum `Σ_{s=a}^{b}` with `a ≤ b + 1` counted one by one."""
    sides = [_terms(left), _terms(right)]
    sums = [term for side in sides for term in side if isinstance(term, IndexedSum)]
    if not sums or not all(at_most(total.lower, total.upper + 1, known) for total in sums):
        return False
    one, two = (_gathered(side) for side in sides)
    # where nothing is left, both are zeros of a shape that is not looked at here
    return bool(one) and Counter(one) == Counter(two)


def _terms(e: Expr) -> list[Expr]:
    return list(e.terms) if isinstance(e, Sum) else [e]


def _gathered(terms: list[Expr]) -> list[Expr]:
    """The terms with each sum as long as it gets, and without empty ones."""
    while True:
        grown = _once(terms)
        if grown is None:
            return [term for term in terms if not _is_empty(term)]
        terms = grown


def _is_empty(e: Expr) -> bool:
    return isinstance(e, IndexedSum) and e.upper == e.lower - 1


def _once(terms: list[Expr]) -> list[Expr] | None:
    for i, total in enumerate(terms):
        if not isinstance(total, IndexedSum) or _is_empty(total):
            continue
        ends: tuple[tuple[Expr, Callable[[IndexedSum], IndexedSum]], ...] = (
            (substitute(total.body, {total.index: total.upper + 1}), _later),
            (substitute(total.body, {total.index: total.lower - 1}), _earlier),
        )
        for term, grow in ends:
            for k, other in enumerate(terms):
                if k != i and other == term:
                    return [grow(total) if n == i else each for n, each in enumerate(terms) if n != k]
    return None


def _later(total: IndexedSum) -> IndexedSum:
    return IndexedSum(total.index, total.lower, total.upper + 1, total.body)


def _earlier(total: IndexedSum) -> IndexedSum:
    return IndexedSum(total.index, total.lower - 1, total.upper, total.body)
