"""Every gradient of a network of given depth, one line each, in the order in which they are computed."""

from __future__ import annotations

from symbackprop.derivation import Derivation, Rule
from symbackprop.errors import RuleError
from symbackprop.expr import LOSS, Bias, Expr, Hidden, Partial, PreActivation, Weight
from symbackprop.network import MLP
from symbackprop.rules.gradients import bias, loss_gradient, through_activation, through_weights, weight_matrix


def backward(network: MLP) -> tuple[tuple[Expr, Expr], ...]:
    """Pairs `(∂L/∂v, what it is equal to)`, from the output to the first layer: `ŷ`, then per layer `W`, `b`, `h`, `z`;
    the last is the input, `h_0`.

    `∂L/∂ŷ` comes first where the loss is a named one; it is left to the caller where the loss is generic.

    Raises:
        RuleError: for a network of symbolic depth.
    """
    if not network.depth.is_constant:
        raise RuleError("the lines of a network of depth L are without number: give a depth or widths")
    depth = network.depth.constant
    lines: list[tuple[Expr, Expr]] = []

    def add(variable: Expr, rule: Rule) -> None:
        start = Derivation(Partial(LOSS, variable), network)
        lines.append((start.start, start.by(rule).result))

    if network.loss.formula is not None:
        add(network.output, loss_gradient)
    for l in range(depth, -1, -1):
        add(Weight(l), weight_matrix)
        if network.bias == "separate":
            add(Bias(l), bias)
        add(Hidden(l), through_weights)
        if l > 0:
            add(PreActivation(l), through_activation)
    return tuple(lines)
