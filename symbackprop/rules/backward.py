"""Every gradient of a network of given depth, one line each, in the order in which they are computed."""

from __future__ import annotations

from collections.abc import Callable

from symbackprop.derivation import Derivation, Rule
from symbackprop.dims import DEPTH, Dim, dim, index
from symbackprop.errors import RuleError
from symbackprop.expr import LOSS, Bias, Expr, Hidden, Partial, PreActivation, Variable, Weight
from symbackprop.network import MLP
from symbackprop.rules.gradients import bias, loss_gradient, through_activation, through_weights, weight_matrix
from symbackprop.substitution import substitute

Line = tuple[Expr, Expr]
# a family, the rule for its gradient, and the first layer that it has
FAMILIES: dict[Callable[[Dim], Variable], tuple[Rule, int]] = {
    Weight: (weight_matrix, 0),
    Bias: (bias, 0),
    Hidden: (through_weights, 0),
    PreActivation: (through_activation, 1),
}


def backward(network: MLP) -> tuple[Line, ...]:
    """Pairs `(∂L/∂v, what it is equal to)`, from the output to the first layer: `ŷ`, then per layer `W`, `b`, `h`, `z`;
    the last is the input, `h_0`.

    `∂L/∂ŷ` comes first where the loss is a named one; it is left to the caller where the loss is generic. What holds
    for every layer of a network without widths is derived once, for a layer l.

    Raises:
        RuleError: for a network of symbolic depth.
    """
    if not network.depth.is_constant:
        raise RuleError("the lines of a network of depth L are without number: give a depth or widths")
    depth = network.depth.constant
    is_uniform = type(network) is MLP and network.scheme is None and network.widths is None
    line = _for_every_layer(network) if is_uniform else _of_one_layer(network)
    families = [family for family in FAMILIES if family is not Bias or network.bias == "separate"]
    lines = [] if network.loss.formula is None else [_by(network.output, loss_gradient, network)]
    for l in range(depth, -1, -1):
        lines += [line(family, l) for family in families if l >= FAMILIES[family][1]]
    return tuple(lines)


def _by(variable: Variable, rule: Rule, network: MLP) -> Line:
    start = Derivation(Partial(LOSS, variable), network)
    return start.start, start.by(rule).result


def _of_one_layer(network: MLP) -> Callable[[Callable[[Dim], Variable], int], Line]:
    return lambda family, l: _by(family(dim(l)), FAMILIES[family][0], network)


def _for_every_layer(network: MLP) -> Callable[[Callable[[Dim], Variable], int], Line]:
    """The lines for layer l of the same network of depth L, at a layer."""
    symbolic = MLP(**{**network.options, "depth": "L"})
    made: dict[Callable[[Dim], Variable], Line] = {}
    for family, (rule, first) in FAMILIES.items():
        if family is not Bias or network.bias == "separate":
            layer = index("l")
            start = Derivation(Partial(LOSS, family(layer)), symbolic, known={"l": (dim(first), DEPTH)})
            made[family] = start.start, start.by(rule).result

    def line(family: Callable[[Dim], Variable], l: int) -> Line:
        at = {"l": dim(l)}
        left, right = made[family]
        return substitute(left, at), substitute(right, at)

    return line
