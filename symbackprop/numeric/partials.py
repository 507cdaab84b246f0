"""The derivatives that a formula still contains, written out until only `∂L/∂ŷ` is left.

A line such as `∂L/∂z_l = D_l ∂L/∂h_l` is a formula in another derivative; its number needs that one in closed form. The
Jacobians come from the rules, so from the network's own forward equations.
"""

from __future__ import annotations

from symbackprop.derivation import Context
from symbackprop.dims import Bounds, Dim, dim, index, units
from symbackprop.errors import SymbackpropError
from symbackprop.expr import (
    LOSS,
    Bias,
    Expr,
    Hidden,
    Identity,
    IndexedProduct,
    IndexedSum,
    Partial,
    PreActivation,
    Row,
    Transpose,
    Variable,
    Weight,
)
from symbackprop.magnitudes import Extreme
from symbackprop.network import MLP
from symbackprop.rules.gradients import jacobian, loss_gradient
from symbackprop.tree import children, rebuild

SKIPS = "a layer of this network feeds more than the next one: derive until only ∂L/∂ŷ is left"


def upstream_gradient(network: MLP) -> Expr | None:
    """`∂L/∂ŷ` as a formula in `ŷ` and `y`; None where the loss is generic."""
    if network.loss.formula is None:
        return None
    known = {name: (dim(1), None) for name in network.depth.symbols}
    made = loss_gradient(Partial(LOSS, network.output), Context(network, known))
    if made is None:
        raise SymbackpropError(f"no gradient of the loss {network.loss.name} could be derived")
    return made.after


def written_out(e: Expr, network: MLP, known: Bounds) -> Expr:
    """The expression with every derivative but `∂L/∂ŷ` in closed form.

    Raises:
        SymbackpropError: for a derivative that is not one of the network's.
    """
    if isinstance(e, Partial):
        if e == Partial(LOSS, network.output):
            return e
        closed = _closed(Partial(e.of, e.wrt), network, known)
        return Transpose(closed) if e.numerator else closed
    if isinstance(e, IndexedProduct | IndexedSum | Extreme):
        known = {**known, e.index: (e.lower, e.upper)}
    inner = children(e)
    return rebuild(e, tuple(written_out(c, network, known) for c in inner)) if inner else e


def _closed(e: Partial, network: MLP, known: Bounds) -> Expr:
    upstream = Partial(LOSS, network.output)
    match e:
        case Partial(of, PreActivation(l)) if of == LOSS:
            return _chain(l, network) @ upstream
        case Partial(of, Hidden(l)) if of == LOSS:
            return _slope(PreActivation(l + 1), Hidden(l), network, known) @ _chain(l + 1, network) @ upstream
        case Partial(of, Weight(l)) if of == LOSS:
            return _chain(l + 1, network) @ upstream @ Hidden(l).T
        case Partial(of, Bias(l)) if of == LOSS:
            return _chain(l + 1, network) @ upstream
        case Partial(of, Transpose(Row(Weight(l))) as row) if of == LOSS:
            return _slope(PreActivation(l + 1), row, network, known) @ _chain(l + 1, network) @ upstream
        case Partial(Variable() as of, wrt) if of != LOSS:
            return _slope(of, wrt, network, known)
    raise SymbackpropError(f"{e} has no number yet: derive it until only ∂L/∂ŷ is left")


def _chain(layer: Dim, network: MLP) -> Expr:
    """`∂ŷ/∂z_layer`, the product of the Jacobians of the layers above; empty at the output."""
    if layer.is_constant and network.depth.is_constant:
        return _unrolled(layer.constant, network)
    name = next(letter for letter in "klmpq" if letter not in layer.symbols)
    k = index(name)
    known: Bounds = {name: (dim(1), network.depth)}
    z, h, above = PreActivation(k), Hidden(k), PreActivation(k + 1)
    if [e.left for v in (z, h) for e in network.uses(v, known)] != [h, above]:
        raise SymbackpropError(SKIPS)
    return IndexedProduct(name, layer, network.depth, _slope(h, z, network, known) @ _slope(above, h, network, known))


def _unrolled(layer: int, network: MLP) -> Expr:
    """The same at given layers, each with the Jacobian of its own widths (`Wᵀ + I` only where `W` is square)."""
    product: Expr = Identity(units(network.depth + 1))
    for k in range(network.depth.constant, layer - 1, -1):
        z, h, above = PreActivation(dim(k)), Hidden(dim(k)), PreActivation(dim(k + 1))
        if [e.left for v in (z, h) for e in network.uses(v, {})] != [h, above]:
            raise SymbackpropError(SKIPS)
        product = _slope(h, z, network, {}) @ _slope(above, h, network, {}) @ product
    return product


def _slope(of: Expr, wrt: Expr, network: MLP, known: Bounds) -> Expr:
    made = jacobian(Partial(of, wrt), Context(network, known))
    if made is None:
        raise SymbackpropError(f"{Partial(of, wrt)} has no number yet: {of} is not computed from {wrt} in one step")
    return made.after
