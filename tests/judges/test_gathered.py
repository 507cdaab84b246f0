"""Sums by their definition: what is the same terms is proved, and nothing else is."""

from __future__ import annotations

import pytest

from symbackprop.dims import ONE, dim, index
from symbackprop.expr import Expr, IndexedSum, Named
from symbackprop.judges.gathered import same_sums

s, t, T = (index(letter) for letter in "stT")
KNOWN = {"T": (ONE, None), "t": (ONE, T)}


def x(at) -> Named:
    return Named("x", at if not isinstance(at, int) else dim(at))


def total(low, high, body: Expr | None = None) -> IndexedSum:
    low, high = (dim(end) if isinstance(end, int) else end for end in (low, high))
    return IndexedSum("s", low, high, x(s) if body is None else body)


SAME = {
    "a term at the end": (total(1, T), total(1, T - 1) + x(T)),
    "a term in front": (total(0, T), x(0) + total(1, T)),
    "terms at both ends": (total(0, T), x(0) + total(1, T - 1) + x(T)),
    "an empty sum": (x(t), total(t, t - 1) + x(t)),
    "in another order": (x(T) + total(t, T - 1), total(t, T)),
}
OTHER = {
    "a term too many": (total(1, T), total(1, T) + x(T)),
    "a term too few": (total(1, T), total(1, T - 1)),
    "another term": (total(1, T), total(1, T - 1) + x(T - 1)),
    "another start": (total(1, T), total(t, T)),
    "another body": (total(1, T), total(1, T, x(s + 1))),
    "twice the last": (total(1, T - 1) + x(T) + x(T), total(1, T)),
    "what may be undefined": (total(t, T - 2) + x(T - 1), total(t, T - 1)),
    "no sum at all": (x(t) + x(T), x(T) + x(t)),
    "nothing": (total(t, t - 1), total(t, t - 1, x(s + 1))),
}


@pytest.mark.parametrize("name", SAME)
def test_the_same_terms(name):
    one, two = SAME[name]
    assert same_sums(one, two, KNOWN)
    assert same_sums(two, one, KNOWN)


@pytest.mark.parametrize("name", OTHER)
def test_other_terms(name):
    one, two = OTHER[name]
    assert not same_sums(one, two, KNOWN)
    assert not same_sums(two, one, KNOWN)
