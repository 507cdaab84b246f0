"""What the derivations of the lecture's bounds share: from the norm of a gradient to a product of singular values."""

from __future__ import annotations

from symbackprop.derivation import Derivation, Rule
from symbackprop.dims import bound_to, dim, index
from symbackprop.errors import RuleError
from symbackprop.expr import (
    LARGEST,
    LOSS,
    SMALLEST,
    ActivationJacobian,
    Expr,
    IndexedProduct,
    Norm,
    Partial,
    PreActivation,
    Product,
    Row,
    Weight,
    factors_of,
    product_of,
)
from symbackprop.network import MLP
from symbackprop.rules.gradients import weight_row
from symbackprop.rules.induction import induction
from symbackprop.rules.layers import to_layer
from symbackprop.rules.norms import bounded, bounded_below, without_bias_unit
from symbackprop.rules.products import absorb, begun, empty, peel
from symbackprop.substitution import substitute

RELATION = {LARGEST: "≤", SMALLEST: "≥"}
PEEL: dict[str, Rule] = {LARGEST: bounded, SMALLEST: bounded_below}


def row_gradient(network: MLP) -> Derivation:
    """∂L/∂w_{0,j}ᵀ = (0 … x … 0) ∏_{l=1}^L [D_l W_lᵀ] ∂L/∂ŷ, for every depth from 1 on.

    Raises:
        RuleError: for a normalized network, whose layers are other matrices.
    """
    if network.scheme is not None:
        raise RuleError(
            f"the bounds are about layers D_l W_lᵀ, and {network.scheme.name} normalization puts other matrices "
            "between them: leave the normalization out"
        )
    start = Derivation(Partial(LOSS, Row(Weight(0), index("j")).T), network, name="weight_gradient")
    return network.kept("row gradient", lambda: to_layer(start.by(weight_row), network, 1, network.depth + 1))


def first_layer(network: MLP) -> Derivation:
    """∂L/∂z_1 = ∏_{l=1}^L [diag(g'(z_l)) W̃_lᵀ] ∂L/∂ŷ, for every depth from 1 on."""
    start = Derivation(Partial(LOSS, PreActivation(1)), network, name="preactivation")
    return network.kept("first layer", lambda: to_layer(start, network, 1, network.depth + 1, style="hadamard"))


def shorter(network: MLP) -> tuple[Derivation, ...]:
    """D_l W_lᵀ = diag(g'(z_l)) W̃_lᵀ; nothing for a network without bias units, where both are the same."""
    if not network.augmented:
        return ()
    l = index("l")
    start = ActivationJacobian(network.activation.name, PreActivation(l)) @ Weight(l).T
    return (Derivation(start, network, known={"l": (dim(1), network.depth)}).by(without_bias_unit),)


def layers_of(e: Expr) -> IndexedProduct:
    """The product over the layers in an expression.

    Raises:
        RuleError: if there is none.
    """
    for factor in factors_of(e):
        if isinstance(factor, IndexedProduct):
            return factor
    raise RuleError(f"{e} has no product over the layers")


def layer_by_layer(derivation: Derivation, which: str) -> Derivation:
    """From `… ‖∏_{l=1}^L [A_l B_l] v‖` to `… ∏_{l=1}^L [σ(A_l) σ(B_l)] ‖v‖`, by induction, for every depth.

    Args:
        derivation: whose last line is a product that ends in that norm, or the norm alone.
        which: the largest or the smallest singular values.
    """
    line = derivation.result
    before, norm = (line.factors[:-1], line.factors[-1]) if isinstance(line, Product) else ((), line)
    assert isinstance(norm, Norm)
    product = layers_of(norm.operand)
    rest = factors_of(norm.operand)[1:]
    m, name = index("m"), product.index
    count = len(factors_of(product.body))

    def one(start: Derivation) -> Derivation:
        made = start.by(peel)
        for _ in range(count):
            made = made.by(PEEL[which])
        return made

    # what one layer becomes, found by doing it at layer m + 1
    at_m = IndexedProduct(name, m + 1, product.upper, product.body)
    known = bound_to(derivation.known, "m", (product.lower - 1, product.upper - 1))
    trial = one(Derivation(Norm(product_of((at_m, *rest))), derivation.network, known=known, given=derivation.given))
    made = factors_of(trial.result)[:-1]
    body = substitute(product_of(made), {"m": index(name) - 1})
    claim = product_of((*before, IndexedProduct(name, product.lower, m, body), Norm(product_of((at_m, *rest)))))
    where = (len(before),) if before else ()

    def step(start: Derivation) -> Derivation:
        return one(start).by(absorb)

    rule = induction(
        "m",
        claim,
        product.lower - 1,
        product.upper,
        lambda start: start.by(begun(name, body, product.lower), at=where),
        step,
        RELATION[which],
    )
    return derivation.by(rule, at=()).by(empty)
