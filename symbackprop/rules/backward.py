"""Every gradient of a network of given depth, one line each, in the order in which they are computed."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from symbackprop.activations import Activation
from symbackprop.derivation import Derivation, Rule
from symbackprop.dims import DEPTH, Dim, dim, index
from symbackprop.errors import RuleError
from symbackprop.expr import LOSS, Bias, Expr, Hidden, Partial, PreActivation, Variable, Weight
from symbackprop.losses import LossFunction
from symbackprop.network import MLP
from symbackprop.rules.gradients import bias, loss_gradient, through_activation, through_weights, weight_matrix
from symbackprop.substitution import substitute

Line = tuple[Expr, Expr]
Family = Callable[[Dim], Variable]
# a family, the rule for its gradient, and the first layer that it has
FAMILIES: dict[Family, tuple[Rule, int]] = {
    Weight: (weight_matrix, 0),
    Bias: (bias, 0),
    Hidden: (through_weights, 0),
    PreActivation: (through_activation, 1),
}


def backward(network: MLP) -> tuple[Line, ...]:
    """Pairs `(∂L/∂v, what it is equal to)`, from the output to the first layer: `ŷ`, then per layer `W`, `b`, `h`, `z`;
    the last is the input, `h_0`.

    `∂L/∂ŷ` comes first where the loss is a named one; it is left to the caller where the loss is generic. What holds
    for every layer of a network without widths is derived once, for a layer l, and for all depths.

    Raises:
        RuleError: for a network of symbolic depth.
    """
    if not network.depth.is_constant:
        raise RuleError("the lines of a network of depth L are without number: give a depth or widths")
    depth = network.depth.constant
    if type(network) is MLP and network.scheme is None and network.widths is None:
        of_loss, made = _for_every_layer(network.activation, network.loss, network.bias)
        lines = [_at(line, "L", depth) for line in of_loss]
        for l in range(depth, -1, -1):
            lines += [_at(made[family], "l", l) for family in made if l >= FAMILIES[family][1]]
        return tuple(lines)
    lines = _of_loss(network)
    for l in range(depth, -1, -1):
        families = [family for family in _families(network.bias) if l >= FAMILIES[family][1]]
        lines += [_by(family(dim(l)), FAMILIES[family][0], network) for family in families]
    return tuple(lines)


def _families(bias: str) -> list[Family]:
    return [family for family in FAMILIES if family is not Bias or bias == "separate"]


def _of_loss(network: MLP) -> list[Line]:
    return [] if network.loss.formula is None else [_by(network.output, loss_gradient, network)]


def _by(variable: Variable, rule: Rule, network: MLP) -> Line:
    start = Derivation(Partial(LOSS, variable), network)
    return start.start, start.by(rule).result


def _at(line: Line, name: str, value: int) -> Line:
    at = {name: dim(value)}
    left, right = line
    return substitute(left, at), substitute(right, at)


@lru_cache(maxsize=64)
def _for_every_layer(activation: Activation, loss: LossFunction, bias: str) -> tuple[list[Line], dict[Family, Line]]:
    """The line of the output and those of layer l, of all networks of depth L with these; they hold at any depth."""
    network = MLP("L", None, activation.name, loss.name, bias)
    made: dict[Family, Line] = {}
    for family in _families(bias):
        rule, first = FAMILIES[family]
        start = Derivation(Partial(LOSS, family(index("l"))), network, known={"l": (dim(first), DEPTH)})
        made[family] = start.start, start.by(rule).result
    return _of_loss(network), made
