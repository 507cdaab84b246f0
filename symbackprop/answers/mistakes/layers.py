"""A quantity of another layer, or one quantity for another: z for h, h for x."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from symbackprop.answers.mistakes.repair import Repair, is_weight
from symbackprop.answers.mistakes.where import Where
from symbackprop.dims import Dim, index
from symbackprop.expr import Bias, Entry, Expr, Ones, Variable
from symbackprop.shapes import SCALAR
from symbackprop.substitution import free_symbols

ORDER = 15


def repairs(part: Expr, where: Where) -> Iterator[Repair]:
    match part:
        case Variable():
            for other in where.neighbours(part):
                yield Repair("wrong-layer", other, f"{{part}} stands where {other} belongs")
        case Entry(Variable(), row, None):
            yield from _other_entry(part, row, where)
    yield from _other_kind(part, where)
    if isinstance(part, Variable | Ones):
        yield from _other_quantity(part, where)


def _other_entry(part: Entry, row: Dim, where: Where) -> Iterator[Repair]:
    """An entry at another letter, of those that are asked for."""
    for letter in sorted(free_symbols(where.head)):
        if index(letter) != row:
            other = replace(part, row=index(letter))
            yield Repair("wrong-input", other, f"{{part}} stands where {other} belongs")


def _other_kind(part: Expr, where: Where) -> Iterator[Repair]:
    """z for h, h for z."""
    for layer in where.layers:
        is_argument = part == layer.argument
        if is_argument or (not isinstance(part, Variable) and layer.hidden and where.same(part, layer.argument)):
            says = f"{{part}} is the pre-activation: {layer.named} belongs here"
            yield Repair("preactivation-for-hidden", layer.named, says)
        if part == layer.hidden:
            yield Repair("wrong-input", layer.argument, f"{{part}} stands where {layer.argument} belongs")


def _other_quantity(part: Variable | Ones, where: Where) -> Iterator[Repair]:
    """What another layer reads, or another quantity of the network."""
    size = where.shape(part)
    if size is None or type(part) is Bias or (isinstance(part, Ones) and not where.conforms):
        return
    for other in where.quantities:
        fits = where.shape(other) == size if where.conforms else where.shape(other) != SCALAR
        if not fits or other == part or type(other) is Bias:
            continue
        if isinstance(part, Ones):
            yield Repair("missing-factor", other, f"the factor {other} is missing")
        elif is_weight(part) and is_weight(other):
            yield Repair("wrong-layer", other, f"{{part}} stands where {other} belongs")
        else:
            yield Repair("wrong-input", other, f"{{part}} stands where {other} belongs")
