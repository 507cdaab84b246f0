"""Sizes and indices: affine arithmetic against plain integers, and what follows from bounds."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symbackprop.dims import DEPTH, ONE, Bounds, Dim, Symbol, Units, Width, at_most, dim, index, units, width

l, m, j, L = index("l"), index("m"), index("j"), DEPTH
SYMBOLS = {"l": 3, "m": 5, "L": 8}


def size(kind: type[Width] | type[Units], layer: int) -> int:
    return 10 * layer + 7 - (kind is Units)


ATOMS = [l, m, L, width(l), width(l + 1), units(l), units(L), width(3), ONE]
AFFINE = st.lists(st.tuples(st.integers(-4, 4), st.sampled_from(ATOMS)), max_size=6)


def built(parts: list[tuple[int, Dim]]) -> Dim:
    total = dim(0)
    for c, atom in parts:
        total = total + c * atom
    return total


@given(AFFINE, AFFINE)
def test_arithmetic_is_that_of_integers(one, two):
    a, b = built(one), built(two)
    x, y = (sum(c * atom.value(SYMBOLS, size) for c, atom in parts) for parts in (one, two))
    for made, expected in ((a + b, x + y), (a - b, x - y), (-a, -x), (3 * a, 3 * x), (5 - a, 5 - x), (a + 2, x + 2)):
        assert made.value(SYMBOLS, size) == expected


@given(AFFINE, st.randoms())
def test_the_order_of_terms_does_not_matter(parts, random):
    mixed = list(parts)
    random.shuffle(mixed)
    assert built(parts) == built(mixed)
    assert hash(built(parts)) == hash(built(mixed))
    assert str(built(parts)) == str(built(mixed))


@given(AFFINE)
def test_putting_in_a_value(parts):
    whole = built(parts)
    placed = whole.at({"l": m + 1, "m": dim(5)})
    assert placed.value({"m": 5, "L": 8}, size) == whole.value({"l": 6, "m": 5, "L": 8}, size)
    assert "l" not in placed.symbols


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (dim(0), "0"),
        (l + 1, "l+1"),
        (1 - l, "-l+1"),
        (L - l, "L-l"),
        (width(l + 1) - 1, "n_{l+1}-1"),
        (width(2), "n_2"),
        (2 * width(l) + l, "l+2n_l"),
        (l - l, "0"),
        (width(10), "n_{10}"),
        (units(l), "units_l"),
    ],
)
def test_it_is_written_as_people_write_it(made, text):
    assert str(made) == text


def test_widths_are_sizes_of_their_layer():
    assert width(l).at({"l": dim(2)}) == width(2)
    assert (width(l + 1) - width(l)).at({"l": dim(0)}) == width(1) - width(0)
    assert width(l) != units(l)
    assert width(l).symbols == {"l"}
    assert index("l") == Dim(((Symbol("l"), 1),))
    assert width(l).map_sizes(lambda atom: dim(4)) == dim(4)
    assert (2 * units(l) + l).map_sizes(lambda atom: width(atom.layer) - 1) == 2 * width(l) - 2 + l
    with pytest.raises(KeyError):
        width(j).value({}, size)


KNOWN: Bounds = {"l": (ONE, L), "L": (ONE, None), "m": (l + 1, L - 1)}
FOLLOWS = [
    (1, l),
    (l, L),
    (0, L),
    (l + 1, m),
    (m, L - 1),
    (2, m),
    (1, width(l)),
    (0, width(l) - 1),
    (units(l), width(l)),
    (l, l),
    (2, width(l) + l),
    (1, units(L + 1)),
    (dim(3), dim(3)),
]
DOES_NOT = [
    (2, l),
    (l, 3),
    (L, 8),
    (m + 1, L - 1),
    (width(l), width(l + 1)),
    (2, width(l)),
    (width(l), units(l)),
    (1, j),
    (j, 1),
    (dim(4), dim(3)),
]


@pytest.mark.parametrize(("low", "high"), FOLLOWS)
def test_what_follows_from_the_bounds(low, high):
    assert at_most(low, high, KNOWN)


@pytest.mark.parametrize(("low", "high"), DOES_NOT)
def test_what_does_not(low, high):
    assert not at_most(low, high, KNOWN)


def test_which_bound_is_put_in_first_does_not_matter():
    """`l + 1 ≤ m` needs the bound of `m`, which is in terms of `l`, before that of `l`."""
    assert at_most(l + 1, m, {"l": (dim(0), L), "m": (l + 1, L), "L": (ONE, None)})
    assert at_most(l, L, {"l": (ONE, m), "m": (None, L)})
    assert not at_most(l, m, {"l": (m, None), "m": (None, l)})


@given(AFFINE.filter(lambda parts: all(atom in (l, m, L, ONE) for _, atom in parts)))
def test_what_follows_holds_wherever_the_bounds_do(parts):
    claimed = built(parts)
    if at_most(0, claimed, KNOWN):
        values = [
            claimed.value({"l": a, "m": b, "L": c}, size)
            for a, b, c in product(range(1, 7), repeat=3)
            if a <= c and a + 1 <= b <= c - 1
        ]
        assert min(values) >= 0
