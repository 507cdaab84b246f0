"""A quantity of another layer, a layer left out, bounds of a product that are off by one, one quantity for another."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from symbackprop.answers.mistakes.repair import Repair, Where
from symbackprop.expr import (
    Bias,
    Expr,
    IndexedProduct,
    IndexedSum,
    Partial,
    Variable,
)
from symbackprop.tree import rebuild

ORDER = 30


def repairs(part: Expr, where: Where) -> Iterator[Repair]:
    match part:
        case IndexedProduct() | IndexedSum():
            yield from _bounds(part)
        case Partial(of, wrt) if isinstance(wrt, Variable):
            for other in neighbours(wrt, where):
                yield Repair("wrong-layer", Partial(of, other, part.numerator), "{part} is of the wrong layer")
        case Variable():
            for other in neighbours(part, where):
                code = "wrong-input" if _is_input(part, other, where) else "wrong-layer"
                yield Repair(code, other, f"{{part}} stands where {other} belongs")
            yield from _other_kind(part, where)


def _bounds(part: IndexedProduct | IndexedSum) -> Iterator[Repair]:
    for low, high in ((0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, -1)):
        made = replace(part, lower=part.lower + low, upper=part.upper + high)
        yield Repair("product-bounds", made, "the bounds of {part} are wrong")


def neighbours(variable: Variable, where: Where) -> Iterator[Variable]:
    """The same quantity one or two layers off."""
    if variable.index is None:
        return
    for step in (1, -1, 2, -2):
        other = rebuild(variable, (), partial(operator.add, step))
        if where.exists(other):
            yield other


def _is_input(part: Variable, other: Variable, where: Where) -> bool:
    inputs = where.question.network.definition
    try:
        return inputs(part, {}) is None or inputs(other, {}) is None
    except LookupError:
        return False


def _other_kind(part: Variable, where: Where) -> Iterator[Repair]:
    """z for h, h for z, the input for a hidden layer."""
    for layer in where.layers:
        if part == layer.argument and layer.hidden is not None:
            says = f"{{part}} is the pre-activation: {layer.hidden} belongs here"
            yield Repair("preactivation-for-hidden", layer.hidden, says)
        if part == layer.hidden:
            yield Repair("wrong-input", layer.argument, f"{{part}} stands where {layer.argument} belongs")
    if where.is_column(part):
        for other in _columns(where):
            if other != part and type(other) is not Bias:
                yield Repair("wrong-input", other, f"{{part}} stands where {other} belongs")


def _columns(where: Where) -> Iterator[Variable]:
    """What a layer reads: hidden units and inputs."""
    yield from (layer.hidden for layer in where.layers if layer.hidden is not None)
    network = where.question.network
    own = getattr(network, "input", None)
    if own is not None:
        yield own
    yield from (each for each in getattr(network, "inputs", ()) if where.is_column(each))
