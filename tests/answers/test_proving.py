"""Ordered products written from another start: the same matrix, entry by entry, at every depth."""

import pytest

from symbackprop.answers.proving import rotated
from symbackprop.dims import Dim, dim, index
from symbackprop.expr import Diagonal, Elementwise, Expr, IndexedProduct, PreActivation, Product, Weight
from symbackprop.judges import exact
from symbackprop.judges.claim import Claim
from symbackprop.judges.outcome import Supported
from symbackprop.network import MLP

L, l = index("L"), index("l")
NETWORK = MLP(bias="separate")


def slope(layer: Dim) -> Expr:
    return Diagonal(Elementwise("g", PreActivation(layer), 1))


def product(lower: Dim, upper: Dim, *body: Expr) -> IndexedProduct:
    return IndexedProduct("l", lower, upper, Product(body))


AFTER = Product((product(dim(0), L - 1, Weight(l).T, slope(l + 1)), Weight(L).T))
BEFORE = Product((slope(dim(1)), product(dim(1), L - 1, Weight(l).T, slope(l + 1)), Weight(L).T))
BETWEEN = Product((slope(dim(1)), product(dim(2), L, Weight(l - 1).T, slope(l))))


@pytest.mark.parametrize("written", [AFTER, BEFORE, BETWEEN])
def test_a_product_from_another_start(written):
    ways = list(rotated(written))
    assert ways
    for way in ways:
        claim = Claim(written, "=", way, NETWORK, {"L": (dim(1), None)}, ())
        assert isinstance(exact.judge(claim), Supported), way


@pytest.mark.parametrize(
    "written",
    [
        Product((product(dim(0), L - 1, Weight(l).T, slope(l + 1)), Weight(L - 1).T)),
        Product((slope(dim(2)), product(dim(2), L, Weight(l - 1).T, slope(l)))),
        Weight(L).T,
    ],
)
def test_what_does_not_go_on_has_no_other_start(written):
    assert not list(rotated(written))
