"""From the norm of a gradient to a product over the layers, for every depth: what is derived, and what is refused."""

from __future__ import annotations

import pytest

from symbackprop.derivation import Derivation
from symbackprop.dims import DEPTH, ONE, dim, index, units
from symbackprop.errors import RuleError
from symbackprop.expr import (
    LARGEST,
    LOSS,
    SMALLEST,
    ActivationJacobian,
    ColumnAt,
    Hidden,
    IndexedProduct,
    Norm,
    Partial,
    PreActivation,
    SingularValue,
    Weight,
)
from symbackprop.judges import kernel
from symbackprop.judges.outcome import Proved
from symbackprop.network import MLP
from symbackprop.rules.bounds import first_layer, layer_by_layer, layers_of, row_gradient, shorter
from symbackprop.rules.citation import as_derived
from symbackprop.rules.norms import bounded, bounded_below, sizes

l, j, L = index("l"), index("j"), DEPTH
BODY = ActivationJacobian("g", PreActivation(l)) @ Weight(l).T
Y = Partial(LOSS, PreActivation(L + 1))
PLACED = ColumnAt(Hidden(0), j, units(1))


def proved(made: Derivation) -> bool:
    return all(isinstance(kernel.judge(step, made), Proved) for step in made.steps)


def test_the_gradient_is_the_lectures() -> None:
    made = row_gradient(MLP())
    assert made.result == PLACED @ IndexedProduct("l", ONE, L, BODY) @ Y
    assert made.relation == "="
    assert proved(made)
    assert proved(first_layer(MLP()))


@pytest.mark.parametrize(("which", "first", "relation"), [(LARGEST, bounded, "≤"), (SMALLEST, bounded_below, "≥")])
def test_layer_by_layer_as_on_the_slide(which: str, first: object, relation: str) -> None:
    network = MLP()
    gradient = row_gradient(network)
    start = Derivation(Norm(gradient.start), network).by(as_derived(gradient), at=(0,)).by(first)
    made = layer_by_layer(start, which)
    layers = SingularValue(BODY.factors[0], which) @ SingularValue(BODY.factors[1], which)
    assert made.result == SingularValue(PLACED, which) @ IndexedProduct("l", ONE, L, layers) @ Norm(Y)
    assert made.relation == relation
    assert proved(made)


def test_the_norm_alone_may_be_taken_apart() -> None:
    network = MLP(bias="none")
    gradient = first_layer(network)
    start = Derivation(Norm(gradient.start), network).by(as_derived(gradient), at=(0,))
    made = layer_by_layer(start, LARGEST)
    assert [type(part) for part in made.result.factors] == [IndexedProduct, Norm]
    assert proved(made)


def test_sizes_of_one_factor_and_of_two() -> None:
    assert sizes(Weight(1), SMALLEST) == SingularValue(Weight(1), SMALLEST)
    assert sizes(Weight(1).T @ Weight(0), LARGEST) == SingularValue(Weight(1).T) @ SingularValue(Weight(0))


def test_what_has_no_layers_is_refused() -> None:
    with pytest.raises(RuleError, match="no product over the layers"):
        layers_of(Weight(1) @ Hidden(1))


def test_bias_units_are_left_out_where_there_are_any() -> None:
    (short,) = shorter(MLP())
    assert short.known == {"l": (dim(1), L)}
    assert proved(short)
    assert shorter(MLP(bias="none")) == ()


def test_a_normalized_network_is_refused() -> None:
    with pytest.raises(RuleError, match="layer normalization puts other matrices"):
        row_gradient(MLP(normalization="layer"))
