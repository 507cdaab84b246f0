"""Units in groups: what the membership matrix and entrywise powers are to each reader of the tree."""

from __future__ import annotations

from fractions import Fraction

import pytest

import symbackprop as sb
from symbackprop.dims import ONE, dim, index, units
from symbackprop.errors import ShapeError
from symbackprop.explicit import Reading, explicit
from symbackprop.expr import Diagonal, Expr, Identity, Named, Ones, Partial, Size, number
from symbackprop.groups import EntrywisePower, Membership, per_group
from symbackprop.judges import exact, kernel, numeric
from symbackprop.judges.claim import Claim
from symbackprop.judges.field import PRIME, Point, table
from symbackprop.judges.floats import Point as Floats
from symbackprop.judges.forward import value as in_the_field
from symbackprop.judges.outcome import Proved, Refuted, Supported
from symbackprop.judges.steps import value
from symbackprop.network import MLP
from symbackprop.quantities import Quantities
from symbackprop.render.speech import speak
from symbackprop.shapes import shape

NETWORK = MLP(normalization="group", groups=2)
l = index("l")
KNOWN = {"l": (ONE, NETWORK.depth), "L": (ONE, None)}
M, s = Membership(units(l), 2), Named("deviations", l)
n = Size(units(l))


def claim(left: Expr, right: Expr) -> Claim:
    return Claim(left, "=", right, NETWORK, KNOWN)


TRUE = {
    "as many units in each": (number(2) @ M.T @ M, n @ Identity(dim(2))),
    "each unit in one": (M @ Ones(dim(2)), Ones(units(l))),
    "sums of a group spread": (number(2) @ M @ M.T @ M, n @ M),
    "a power for each unit": (
        Diagonal(M @ EntrywisePower(s, Fraction(-1))) @ Diagonal(M @ s),
        Identity(units(l)),
    ),
    "on either side": (Diagonal(M @ s) @ M, M @ Diagonal(s)),
    "a root squared": (EntrywisePower(EntrywisePower(s, Fraction(2)), Fraction(1, 2)), s),
}
FALSE = {
    "one group": (M @ M.T, Ones(units(l)) @ Ones(units(l)).T),
    "its own inverse": (M.T @ M, Identity(dim(2))),
    "as many as units": (M.T @ M, n @ Identity(dim(2))),
    "all of one group": (M @ M.T, Identity(units(l))),
    "no power": (EntrywisePower(s, Fraction(-1)), s),
}


@pytest.mark.parametrize("name", TRUE)
def test_what_follows_for_all_widths(name) -> None:
    left, right = TRUE[name]
    if name != "a root squared":  # which of two roots is meant the entries do not say
        assert isinstance(kernel.equal(left, right, NETWORK, KNOWN), Proved)
    assert isinstance(exact.judge(claim(left, right)), Supported)
    assert isinstance(numeric.judge(claim(left, right)), Supported)


@pytest.mark.parametrize("name", FALSE)
def test_what_does_not(name) -> None:
    left, right = FALSE[name]
    assert not isinstance(kernel.equal(left, right, NETWORK, KNOWN), Proved)
    assert isinstance(exact.judge(claim(left, right)), Refuted)
    assert isinstance(numeric.judge(claim(left, right)), Refuted)


def test_the_membership_of_four_units_in_two_groups() -> None:
    wanted = [[1, 0], [1, 0], [0, 1], [0, 1]]
    network = Quantities({"x": (4,)})
    of = Membership(dim(4), 2)
    assert table(in_the_field(of, Point(network), {})) == wanted
    assert explicit(of, Reading(network)).tolist() == wanted
    assert value(of, Floats(network, 0), {}).tolist() == wanted
    assert per_group(4, 2) == 2


@pytest.mark.parametrize(("size", "groups"), [(5, 2), (1, 2), (4, 0)])
def test_groups_that_do_not_divide(size, groups) -> None:
    with pytest.raises(ShapeError, match=f"{size} units are not {groups} groups of equally many: write"):
        shape(Membership(dim(size), groups), NETWORK)


def test_powers_in_the_field() -> None:
    network = Quantities({"x": ("n",)}).given({"n": 3})
    x = in_the_field(Named("x"), Point(network), {})
    inverse = in_the_field(EntrywisePower(Named("x"), Fraction(-2)), Point(network), {})
    assert all(int(a) ** 2 * int(b) % PRIME == 1 for a, b in zip(x.entries(), inverse.entries(), strict=True))


def test_spoken_and_printed() -> None:
    assert speak(M, NETWORK) == "the group membership matrix of layer l"
    assert speak(EntrywisePower(Named("x"), Fraction(-1))) == "x to the power minus 1 entry by entry"
    assert sb.latex(EntrywisePower(Named("x"), Fraction(-1))) == r"\vec{x}^{\odot-1}"
    assert sb.latex(M) == "M_l"


def test_the_derivative_of_a_power_by_complex_steps() -> None:
    """The numeric judge has no formula for it: `∂(x^{⊙-3})/∂x = -3 diag(x^{⊙-4})`."""
    x = Named("x")
    network = Quantities({"x": ("n",)})
    cubes = EntrywisePower(x, Fraction(-3))
    right = number(-3) @ Diagonal(EntrywisePower(x, Fraction(-4)))
    for judge in (exact.judge, numeric.judge):
        assert isinstance(judge(Claim(Partial(cubes, x), "=", right, network, {"n": (ONE, None)})), Supported)
        assert isinstance(judge(Claim(Partial(cubes, x), "=", -right, network, {"n": (ONE, None)})), Refuted)
