"""What formulas cost, against counts by hand and against multiplications that are really made."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from symbackprop.dims import ONE, index
from symbackprop.errors import SymbackpropError
from symbackprop.expr import Diagonal, Elementwise, Expr, Hadamard, IndexedSum, Named, Norm, Ones, Size, number
from symbackprop.given import Network
from symbackprop.numeric.cost import Count, backward_pass, forward_pass, letters, multiplications, total
from symbackprop.quantities import Quantities

SPACE = Quantities({"A": ("p", "q"), "B": ("q", "r"), "v": ("r",), "w": ("r",), "u": ("p",), "c": ()})
A, B, v, w, u, c = (Named(name) for name in "ABvwuc")
p, q, r = (index(name) for name in "pqr")

# by hand: p q r for a matrix times a matrix, and so on
COUNTS: dict[str, tuple[Expr, str, list[tuple[tuple, int]]]] = {
    "matrix times vector": (B @ v, "best", [((q, r), 1)]),
    "from the right": (A @ B @ v, "right", [((q, r), 1), ((p, q), 1)]),
    "from the left": (A @ B @ v, "left", [((p, q, r), 1), ((p, r), 1)]),
    "best is from the vector": (A @ B @ v, "best", [((q, r), 1), ((p, q), 1)]),
    "a row in front": (u.T @ A @ B, "best", [((p, q), 1), ((q, r), 1)]),
    "outer product": (u @ v.T, "best", [((p, r), 1)]),
    "inner product": (v.T @ w, "best", [((r,), 1)]),
    "entry by entry": (Hadamard((v, w, v)), "best", [((r,), 2)]),
    "a diagonal matrix": (B @ Diagonal(v) @ w, "right", [((r,), 1), ((q, r), 1)]),
    "a scalar": (c @ B, "best", [((q, r), 1)]),
    "scalars alone": (c @ c @ c, "best", [((), 2)]),
    "ones add up": (Ones(q).T @ B, "best", []),
    "a function": (Elementwise("tanh", v + w), "best", []),
    "a length": (Norm(v), "best", [((r,), 1)]),
    "inside a function": (Elementwise("tanh", B @ v), "best", [((q, r), 1)]),
}


@pytest.mark.parametrize("name", COUNTS)
def test_counts_by_hand(name: str) -> None:
    e, order, expected = COUNTS[name]
    sums = [Count(((tuple(sorted(sizes, key=str)), count),)) for sizes, count in expected]
    assert multiplications(e, SPACE, order) == total(sums)


class Counted:
    """A number that counts how often it is multiplied."""

    made = 0

    def __init__(self, value: float) -> None:
        self.value = value

    def __mul__(self, other: Counted) -> Counted:
        Counted.made += 1
        return Counted(self.value * other.value)

    def __add__(self, other: Counted) -> Counted:
        return Counted(self.value + other.value)


def matrix(rows: int, columns: int) -> list[list[Counted]]:
    return [[Counted(1.0 + i + k) for k in range(columns)] for i in range(rows)]


def times(left: Sequence[Sequence[Counted]], right: Sequence[Sequence[Counted]]) -> list[list[Counted]]:
    made = []
    for row in left:
        line = []
        for k in range(len(right[0])):
            entry = row[0] * right[0][k]
            for i in range(1, len(row)):
                entry = entry + row[i] * right[i][k]
            line.append(entry)
        made.append(line)
    return made


@pytest.mark.parametrize("order", ["left", "right"])
def test_as_many_as_are_made(order: str) -> None:
    """A product of three matrices and a column, multiplied out with numbers that count."""
    sizes = {"p": 2, "q": 3, "r": 5}
    a, b, column = matrix(2, 3), matrix(3, 5), matrix(5, 1)
    Counted.made = 0
    if order == "left":
        times(times(a, b), column)
    else:
        times(a, times(b, column))
    assert multiplications(A @ B @ v, SPACE, order).at(sizes) == Counted.made


def test_a_network() -> None:
    """One layer for a batch: N D K forward, and twice that backward, for the weights and for what comes in."""
    network = Network(r"Z = X W", r"J = \ell(Z, Y)", shapes={"X": "N x D", "W": "D x K", "Y": "N x K"}, data="rows")
    once = Count.of(index("N"), index("D"), index("K"))
    (layer, _) = forward_pass(network)
    assert (layer.multiplications, layer.kept) == (once, Count.of(index("N"), index("K")))
    assert total(line.multiplications for line in backward_pass(network)) == once + once
    assert letters(once) == ("D", "K", "N")


def test_counts_are_polynomials() -> None:
    count = Count.of(p, q) + Count.of(q, p) + Count.of(ONE, r) + Count.of(r, p + 1)
    assert count.at({"p": 2, "q": 3, "r": 5}) == 2 * 6 + 5 + 5 * 3
    assert str(Count.of(p, q) + Count.of(p, q)) == "2 p q"
    assert str(Count()) == "0"
    assert not Count()
    assert (Count.of(p, q) + Count.of(q, p)).expression() == number(2) @ Size(p) @ Size(q)
    assert str(Count.of(r, p + 1)) == "(p+1) r"
    assert Count.of(p) != Count.of(q)
    with pytest.raises(SymbackpropError, match="has no number"):
        count.at({"p": 2})


def test_refused() -> None:
    with pytest.raises(SymbackpropError, match="write one of left, right, best"):
        multiplications(A @ B, SPACE, "middle")
    with pytest.raises(SymbackpropError, match="a term for every i"):
        multiplications(IndexedSum("i", ONE, p, number(2) @ c), SPACE)
