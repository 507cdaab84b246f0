"""Free matrices of symbolic sizes: what shapes they have, and what is no size."""

from __future__ import annotations

import pytest

from symbackprop.dims import ONE, dim, index
from symbackprop.equations import Equation
from symbackprop.errors import ShapeError, SymbackpropError
from symbackprop.expr import LOSS, Elementwise, Entry, IndexedSum, Named, Norm, Weight
from symbackprop.quantities import Quantities
from symbackprop.shapes import SCALAR, shape

A, x, h, u, c = map(Named, "Axhuc")
m, n, t, T = map(index, ("m", "n", "t", "T"))


def test_shapes_are_as_written() -> None:
    network = Quantities({"A": ("m", "n"), "x": ("n",), "c": (), "b": (3, n + 1)})
    assert network.shape_of(A) == (m, n)
    assert network.shape_of(x) == (n, ONE)
    assert network.shape_of(c) == SCALAR
    assert network.shape_of(Named("b")) == (dim(3), n + 1)
    assert network.shape_of(LOSS) == SCALAR
    assert network.sizes == ("m", "n")
    assert network.bounds == {"m": (ONE, None), "n": (ONE, None)}
    assert shape(A @ x, network) == (m, ONE)


def test_sizes_are_put_into_shapes_and_equations() -> None:
    total = IndexedSum("i", ONE, n, Entry(A @ x, index("i")))
    given = Quantities({"A": ("m", "n"), "x": ("n",)}, [Equation(LOSS, total)]).given({"m": 5, "n": 4})
    assert given.shape_of(A) == (dim(5), dim(4))
    assert given.sizes == ()
    assert given.equations[0].right == IndexedSum("i", ONE, dim(4), Entry(A @ x, index("i")))


def test_the_ends_of_families_are_sizes_too() -> None:
    step = Equation(Named("h", t), Elementwise("g", Named("h", t - 1)), "t", dim(1), T)
    network = Quantities({"h": ("n",)}, [step, Equation(LOSS, Norm(Named("h", T)))])
    assert network.sizes == ("T", "n")
    given = network.given({"T": 3, "n": 2})
    assert given.equations[0].upper == dim(3)
    assert given.equations[0].index == "t"
    assert given.equations[1].right == Norm(Named("h", dim(3)))


def test_what_is_no_size() -> None:
    with pytest.raises(SymbackpropError, match="the size 0 of A is below 1"):
        Quantities({"A": (0, 2)})
    with pytest.raises(SymbackpropError, match="the size 'm n' of A is no letter"):
        Quantities({"A": ("m n",)})
    with pytest.raises(SymbackpropError, match="A has 3 sizes"):
        Quantities({"A": ("m", "n", "p")})
    with pytest.raises(SymbackpropError, match="q is no size of these quantities: their letters are m"):
        Quantities({"A": ("m",)}).given({"q": 2})
    with pytest.raises(SymbackpropError, match="below 1"):
        Quantities({"A": ("m",)}).given({"m": 0})
    with pytest.raises(ShapeError, match="no variable W_1: it has A"):
        Quantities({"A": ("m",)}).shape_of(Weight(1))
