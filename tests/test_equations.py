"""Where a variable is computed and where it is used, for families with symbolic indices."""

from __future__ import annotations

import pytest

from symbackprop.dims import DEPTH as L
from symbackprop.dims import ONE, Bounds, Dim, dim, index
from symbackprop.equations import MOST_KEPT, Equation, Network, same_variable
from symbackprop.errors import ShapeError
from symbackprop.expr import LOSS, Bias, Expr, Hidden, IndexedSum, Named, Norm, PreActivation, Target, Variable, Weight
from symbackprop.network import MLP

l, m, t = index("l"), index("m"), index("t")
KNOWN: Bounds = {"l": (ONE, L), "m": (l, L), "L": (ONE, None)}
NET, SEPARATE = MLP(), MLP(bias="separate")


def z(layer: Dim | int) -> PreActivation:
    return PreActivation(dim(layer))


def h(layer: Dim | int) -> Hidden:
    return Hidden(dim(layer))


def W(layer: Dim | int) -> Weight:
    return Weight(dim(layer))


@pytest.mark.parametrize(
    ("variable", "right"),
    [
        (z(l + 1), W(l) @ h(l)),
        (z(l), W(l - 1) @ h(l - 1)),
        (z(1), W(0) @ h(0)),
        (z(L + 1), W(L) @ h(L)),
        (z(m), W(m - 1) @ h(m - 1)),
        (h(0), None),
        (W(l), None),
        (Target(), None),
    ],
)
def test_definitions(variable, right):
    found = NET.definition(variable, KNOWN)
    assert (found and found.right) == right
    assert found is None or found.left == variable


@pytest.mark.parametrize(
    ("variable", "left"),
    [
        (h(l), [z(l + 1)]),
        (h(0), [z(1)]),
        (h(L), [z(L + 1)]),
        (z(l), [h(l)]),
        (z(L), [h(L)]),
        (z(L + 1), [LOSS]),
        (W(l), [z(l + 1)]),
        (W(0), [z(1)]),
        (Target(), [LOSS]),
        (Bias(dim(0)), []),
        (LOSS, []),
    ],
)
def test_uses(variable, left):
    assert [e.left for e in NET.uses(variable, KNOWN)] == left


def test_a_separate_bias_is_used_where_it_is_added():
    (found,) = SEPARATE.uses(Bias(l), KNOWN)
    assert (found.left, found.right) == (z(l + 1), W(l) @ h(l) + Bias(l))


@pytest.mark.parametrize("variable", [z(2), z(index("q")), h(2)])
def test_what_is_not_known_is_not_guessed(variable):
    """`z_2` is the output of a network of depth 1, and a pre-activation of a deeper one."""
    with pytest.raises(LookupError, match="is not known"):
        NET.uses(variable, {"L": (ONE, None)})
    assert len(NET.uses(variable, {"L": (dim(3), None), "q": (ONE, L)})) == 1


def test_whether_two_are_one():
    assert same_variable(z(l), z(l), {})
    assert not same_variable(z(l), z(l + 1), {})
    assert not same_variable(z(l), h(l), {})
    assert not same_variable(z(0), z(l), KNOWN)
    assert not same_variable(Named("a"), Named("b"), {})
    assert same_variable(Named("a", t), Named("a", t), {})
    for one, two in ((z(1), z(l)), (z(l), z(m)), (z(L), z(2))):
        with pytest.raises(LookupError):
            same_variable(one, two, KNOWN)


class Recurrent(Network):
    """`h_t = W h_{t-1} + x_t` for t = 1 … T with one `W`, and the loss of the last state."""

    depth = index("T")
    equations = (
        Equation(Named("h", t), Named("W") @ Named("h", t - 1) + Named("x", t), "t", ONE, index("T")),
        Equation(LOSS, Norm(Named("h", index("T")))),
    )


def test_a_variable_of_every_equation_of_a_family_is_not_in_one_of_them():
    network, known = Recurrent(), {"t": (ONE, index("T") - 1), "T": (dim(2), None)}
    assert [e.left for e in network.uses(Named("x", t), known)] == [Named("h", t)]
    assert [e.left for e in network.uses(Named("h", t), known)] == [Named("h", t + 1)]
    with pytest.raises(LookupError, match="W is in every equation of the family of h_t"):
        network.uses(Named("W"), known)


class Decayed(MLP):
    """The loss has a penalty on every weight matrix."""

    def loss_of(self, output: Expr, target: Expr) -> Expr:
        return super().loss_of(output, target) + IndexedSum("l", dim(0), self.depth, Norm(W(l), "F"))


def test_one_of_the_terms_of_a_sum_is_not_guessed():
    for variable in (W(0), W(l), W(m)):
        with pytest.raises(LookupError, match=r"is one of the W_l under a sum"):
            Decayed().uses(variable, KNOWN)
    assert [e.left for e in Decayed().uses(h(l), KNOWN)] == [z(l + 1)]


# --- what depends on what --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variable", "other", "expected"),
    [
        (h(l), W(l), False),
        (h(l), W(l - 1), True),
        (h(l), W(0), True),
        (h(l), z(l), True),
        (h(l), z(l + 1), False),
        (z(l + 1), h(l), True),
        (z(l), h(l), False),
        (z(l), z(l - 1), True),
        (h(l), h(0), True),
        (W(l), h(0), False),
        (LOSS, W(0), True),
        (Target(), W(0), False),
        (z(l), z(m), False),
        (z(m), z(l), True),
    ],
)
def test_dependence(variable, other, expected):
    assert NET.computed_from(variable, other, KNOWN) is expected


def direct(network: Network, variable: Variable, known: Bounds) -> list[bool]:
    return [network.is_direct(e, variable, known) for e in network.uses(variable, known)]


def test_in_the_lecture_every_use_is_direct():
    for variable in (h(l), z(l), W(l), h(0), W(0), z(L + 1)):
        assert direct(NET, variable, KNOWN) == [True]


class Skip(MLP):
    """`h_l = ψ(z_l) + h_{l-1}`."""

    def _equations(self) -> tuple[Equation, ...]:
        affine, activation, loss = super()._equations()
        return (affine, Equation(h(l), activation.right + h(l - 1), "l", ONE, self.depth), loss)


def test_a_skip_is_not():
    """`h_{l+1}` has `h_l` in its own equation, and in that of the `z_{l+1}` it is computed from."""
    network, known = Skip(bias="none"), {"l": (ONE, L - 1), "L": (dim(2), None)}
    assert {e.left: network.is_direct(e, h(l), known) for e in network.uses(h(l), known)} == {
        z(l + 1): True,
        h(l + 1): False,
    }


def test_a_shared_matrix_is_not_either():
    network = Recurrent()
    (equation, _) = network.equations
    assert not network.is_direct(equation, Named("W"), {"T": (dim(2), None)})
    assert network.is_direct(equation, Named("x", t), {"t": (ONE, index("T"))})


def test_a_network_without_variables_says_so():
    with pytest.raises(ShapeError, match="the network has no variable h_t"):
        Recurrent().shape_of(Named("h", t))
    assert Recurrent().constant(Named("h", t), ONE) is None


def test_what_a_network_keeps_is_bounded() -> None:
    asked = MLP()
    assert asked.kept(("square", 3), lambda: 9) == 9
    # it is not found again
    assert asked.kept(("square", 3), lambda: 0) == 9
    for n in range(MOST_KEPT):
        asked.kept(("number", n), lambda n=n: n)
    assert asked.kept(("square", 3), lambda: 0) == 0
