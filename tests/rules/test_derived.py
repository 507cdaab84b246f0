"""The rules come from the forward equations: with other equations they say something else, and the judges agree."""

from __future__ import annotations

import pytest

from symbackprop.derivation import Derivation
from symbackprop.dims import DEPTH as L
from symbackprop.dims import ONE, Bounds, Dim, dim, index, units, width
from symbackprop.equations import Equation
from symbackprop.errors import RuleError
from symbackprop.expr import (
    LOSS,
    ActivationJacobian,
    ColumnAt,
    Diagonal,
    Elementwise,
    Expr,
    Hadamard,
    Hidden,
    Identity,
    Partial,
    PreActivation,
    Row,
    Sum,
    Target,
    Weight,
    number,
)
from symbackprop.judges import exact, kernel
from symbackprop.judges.claim import Claim
from symbackprop.judges.outcome import Outcome, Proved, Refuted, Supported
from symbackprop.network import MLP
from symbackprop.rules.gradients import (
    chain_rule,
    jacobian,
    through_activation,
    through_layer,
    through_weights,
    weight_matrix,
    weight_row,
)

l, j = index("l"), index("j")
INSIDE: Bounds = {"l": (ONE, L)}
SIDES = [3, 3, 3, 3, 3]


def z(layer: Dim | int) -> PreActivation:
    return PreActivation(dim(layer))


def h(layer: Dim | int) -> Hidden:
    return Hidden(dim(layer))


def W(layer: Dim | int) -> Weight:
    return Weight(dim(layer))


def d(e: Expr) -> Partial:
    return Partial(LOSS, e)


def g(layer: Dim | int) -> Elementwise:
    return Elementwise("g", z(layer), 1)


class Linear(MLP):
    """`z_{l+1}` is another function of `h_l` and `W_l` than `W_l h_l`; layers of one width, so that all conforms."""

    def pre_activation(self, weight: Expr, hidden: Expr) -> Expr:
        return weight @ hidden

    def _equations(self) -> tuple[Equation, ...]:
        first, *rest = super()._equations()
        return (Equation(first.left, self.pre_activation(W(l), h(l)), first.index, first.lower, first.upper), *rest)


class Residual(Linear):
    def pre_activation(self, weight: Expr, hidden: Expr) -> Expr:
        return weight @ hidden + hidden


class Transposed(Linear):
    def pre_activation(self, weight: Expr, hidden: Expr) -> Expr:
        return weight.T @ hidden


class Negated(Linear):
    def pre_activation(self, weight: Expr, hidden: Expr) -> Expr:
        return -(weight @ hidden)


class Doubled(Linear):
    def pre_activation(self, weight: Expr, hidden: Expr) -> Expr:
        return number(2) @ weight @ hidden


class Twice(Linear):
    def pre_activation(self, weight: Expr, hidden: Expr) -> Expr:
        return weight @ weight @ hidden


class Symmetric(Linear):
    def pre_activation(self, weight: Expr, hidden: Expr) -> Expr:
        return weight @ hidden + weight.T @ hidden


class Gated(Linear):
    def pre_activation(self, weight: Expr, hidden: Expr) -> Expr:
        return Hadamard((weight @ hidden, hidden))


def square(kind: type[MLP]) -> MLP:
    return kind(widths=SIDES, bias="none")


def agree(derivation: Derivation) -> None:
    """Every step is proved by the kernel and supported over the prime field."""
    for step in derivation.steps:
        assert isinstance(kernel.judge(step, derivation), Proved)
        assert isinstance(compared(step.before, step.after, derivation), Supported)


def compared(left: Expr, right: Expr, derivation: Derivation) -> Outcome:
    return exact.judge(Claim(left, "=", right, derivation.network, derivation.known))


I = Identity(dim(3))
# ∂z_{l+1}/∂h_l, for l = 1, on paper
JACOBIANS: dict[type[MLP], Expr] = {
    Linear: W(1).T,
    Residual: W(1).T + I,
    Transposed: W(1),
    Negated: -W(1).T,
    Doubled: number(2) @ W(1).T,
    Twice: W(1).T @ W(1).T,
    Symmetric: W(1).T + W(1),
}
# ∂L/∂W_l, with u the upstream gradient
u = d(z(2))
MATRICES: dict[type[MLP], Expr] = {
    Linear: u @ h(1).T,
    Residual: u @ h(1).T,
    Transposed: h(1) @ u.T,
    Negated: -(u @ h(1).T),
    Doubled: number(2) @ u @ h(1).T,
    Twice: u @ (W(1) @ h(1)).T + W(1).T @ u @ h(1).T,
    Symmetric: u @ h(1).T + h(1) @ u.T,
    Gated: Hadamard((h(1), u)) @ h(1).T,
}


@pytest.mark.parametrize("kind", JACOBIANS)
def test_the_jacobian_follows_the_forward_equation(kind):
    made = Derivation(d(h(1)), square(kind)).by(through_weights)
    assert isinstance(compared(made.start, JACOBIANS[kind] @ u, made), Supported)
    assert isinstance(compared(Partial(z(2), h(1)), JACOBIANS[kind], made), Supported)
    agree(made)
    agree(Derivation(d(h(1)), square(kind)).by(chain_rule).by(jacobian))
    for other, wrong in JACOBIANS.items():
        if other is not kind:
            assert isinstance(compared(made.result, wrong @ u, made), Refuted)


def test_a_residual_layer_adds_the_identity():
    made = Derivation(d(h(1)), square(Residual)).by(through_weights)
    jacobian_of_it, upstream = made.result.factors
    assert isinstance(jacobian_of_it, Sum)
    assert set(jacobian_of_it.terms) == {W(1).T, I}
    assert upstream == u


@pytest.mark.parametrize("kind", MATRICES)
def test_the_gradient_of_the_weights_follows_too(kind):
    made = Derivation(d(W(1)), square(kind)).by(weight_matrix)
    assert isinstance(compared(made.start, MATRICES[kind], made), Supported)
    agree(made)


@pytest.mark.parametrize("kind", [Linear, Negated, Doubled, Residual])
def test_the_row_follows_too(kind):
    made = Derivation(d(Row(W(1), j).T), square(kind)).by(weight_row)
    factor = {Negated: -1, Doubled: 2}.get(kind, 1)
    assert isinstance(compared(made.start, number(factor) @ ColumnAt(h(1), j, dim(3)) @ u, made), Supported)
    agree(made)


def test_through_a_layer_of_any_kind():
    for kind in (Residual, Transposed, Negated, Doubled):
        made = Derivation(d(z(1)), square(kind)).by(through_layer)
        assert isinstance(compared(made.start, Diagonal(g(1)) @ JACOBIANS[kind] @ u, made), Supported)
        agree(made)


def test_without_the_bias_unit_the_activation_jacobian_is_square():
    for bias in ("none", "separate"):
        made = Derivation(d(z(l)), MLP(bias=bias), known=INSIDE).by(through_activation)
        assert made.result == Diagonal(g(l)) @ d(h(l))
        assert made.network.normal(units(l)) == width(l)
        agree(made)
    wide = Derivation(d(z(l)), MLP(), known=INSIDE).by(through_activation)
    assert wide.result == ActivationJacobian("g", z(l)) @ d(h(l))
    agree(wide)


# --- a variable that is used more than once --------------------------------------------------------------------------


class TwoHeads(MLP):
    """`h_1` is used in the layer after it and again in the output: `z_{L+1} = W_L h_L + h_1`."""

    def _equations(self) -> tuple[Equation, ...]:
        affine, activation, _ = super()._equations()
        skip = Equation(PreActivation(self.depth + 1), W(self.depth) @ h(self.depth) + h(1))
        below = Equation(affine.left, affine.right, "l", dim(0), self.depth - 1)
        return (below, skip, activation, Equation(LOSS, self.loss_of(self.output, Target())))


class Parallel(MLP):
    """Each layer reads the two before it: `z_{l+1} = W_l h_l + h_{l-1}`, for `l ≥ 1`."""

    def _equations(self) -> tuple[Equation, ...]:
        affine, *rest = super()._equations()
        first = Equation(z(1), W(0) @ h(0))
        return (first, Equation(affine.left, W(l) @ h(l) + h(l - 1), "l", ONE, self.depth), *rest)


def test_where_one_use_depends_on_the_other_no_partial_is_written():
    """`z_4 = W_3 h_3 + h_1`, and `h_3` depends on `h_1`: the total ∂z_4/∂h_1 would count that way twice."""
    network = TwoHeads(widths=[3, 3, 3, 3, 3], bias="none")
    start = Derivation(d(h(1)), network)
    with pytest.raises(RuleError, match="does not apply"):
        start.by(chain_rule)
    total = Partial(z(2), h(1)) @ d(z(2)) + Partial(z(4), h(1)) @ d(z(4))
    assert isinstance(compared(start.start, total, start), Refuted)
    assert isinstance(compared(start.start, W(1).T @ d(z(2)) + d(z(4)), start), Supported)


def test_in_a_shallow_network_both_uses_are_the_same_equation():
    network = TwoHeads(widths=[3, 3, 3], bias="none")
    made = Derivation(d(h(1)), network).by(chain_rule).by(jacobian)
    assert isinstance(compared(made.start, (W(1).T + I) @ d(z(2)), made), Supported)
    agree(made)


class Split(MLP):
    """`h_1` feeds two columns that do not depend on each other; the loss compares their sum with the target."""

    def _equations(self) -> tuple[Equation, ...]:
        return (
            Equation(z(1), W(0) @ h(0)),
            Equation(h(1), Elementwise("g", z(1))),
            Equation(z(2), W(1) @ h(1)),
            Equation(z(3), -(W(2) @ h(1))),
            Equation(LOSS, self.loss_of(z(2) + z(3), Target())),
        )


def test_the_chain_rule_sums_over_both_uses():
    network = Split(widths=[3, 3, 3, 3], bias="none", loss="squared_error")
    made = Derivation(d(h(1)), network).by(chain_rule)
    assert made.result == Partial(z(2), h(1)) @ d(z(2)) + Partial(z(3), h(1)) @ d(z(3))
    agree(made)
    on = made.by(jacobian).by(jacobian)
    assert isinstance(compared(on.start, W(1).T @ d(z(2)) - W(2).T @ d(z(3)), on), Supported)
    agree(on)
    for wrong in (W(1).T @ d(z(2)), -(W(2).T @ d(z(3))), W(1).T @ d(z(2)) + W(2).T @ d(z(3))):
        assert isinstance(compared(made.start, wrong, made), Refuted)


def test_two_layers_that_read_one_are_summed_at_once():
    """By contraction, without a partial of one column by another, also where one use depends on the other."""
    network = Parallel(widths=SIDES, bias="none")
    made = Derivation(d(z(1)), network).by(through_layer)
    right = Hadamard((g(1), W(1).T @ d(z(2)) + d(z(3))))
    assert isinstance(compared(made.start, right, made), Supported)
    agree(made)
    assert isinstance(compared(made.start, Hadamard((g(1), W(1).T @ d(z(2)))), made), Refuted)


class Tied(MLP):
    """One weight matrix for all layers."""

    def _equations(self) -> tuple[Equation, ...]:
        affine, *rest = super()._equations()
        return (Equation(affine.left, W(0) @ h(l), "l", dim(0), self.depth), *rest)


def test_a_matrix_that_all_layers_share_is_not_differentiated_by_one_of_them():
    network = Tied(widths=SIDES, bias="none")
    start = Derivation(d(W(0)), network)
    with pytest.raises(RuleError):
        start.by(weight_matrix)
    one_layer = d(z(1)) @ h(0).T
    assert isinstance(compared(start.start, one_layer, start), Refuted)
    every = one_layer + d(z(2)) @ h(1).T + d(z(3)) @ h(2).T + d(z(4)) @ h(3).T
    assert isinstance(compared(start.start, every, start), Supported)


def test_what_is_used_nowhere_has_no_gradient_by_the_rules():
    with pytest.raises(RuleError, match="does not apply anywhere"):
        Derivation(d(Target()), MLP()).by(chain_rule)
