"""The derivative of an activation that is missing, or the activation written out in its place."""

from __future__ import annotations

from collections.abc import Iterator

from symbackprop.answers.mistakes.activations import LEAVES
from symbackprop.answers.mistakes.repair import Repair
from symbackprop.answers.mistakes.where import Where, slope_column
from symbackprop.expr import Diagonal, Elementwise, Expr, Hadamard, Number, Ones, Product, Softmax, product_of
from symbackprop.shapes import SCALAR

ORDER = 20


def repairs(part: Expr, where: Where) -> Iterator[Repair]:
    if where.is_number:
        return
    for layer in where.layers:
        slope = slope_column(layer, where)
        if slope is not None and not isinstance(part, LEAVES) and where.same(part, layer.named):
            yield Repair("activation-for-derivative", slope, "{part} is the activation, not its derivative")
    yield from _missing(part, where)
    for layer in where.layers:
        if isinstance(layer.map, Softmax) and layer.jacobians and not isinstance(part, Ones):
            size = where.shape(layer.named)
            if size is not None and where.is_column(layer.named) and where.shape(part) == size:
                made = Product((layer.jacobians[0], part))
                says = f"the factor {layer.jacobians[0]} is missing at {{part}}"
                yield Repair("missing-activation-derivative", made, says)


def _missing(part: Expr, where: Where) -> Iterator[Repair]:
    size = where.shape(part)
    if size is None or isinstance(part, Elementwise | Ones | Number):
        return
    if where.is_scalar(part) and not where.is_scalar(where.head):
        return
    for layer in where.layers:
        slope = slope_column(layer, where)
        if slope is None:
            continue
        own = where.shape(slope)
        if own == size:
            made: Expr = Product((slope, part)) if size == SCALAR else Hadamard((slope, part))
        elif own is not None and own[0] == size[0] and where.is_column(slope):
            made = Product((Diagonal(slope), part))
        else:
            continue
        yield Repair("missing-activation-derivative", made, f"the factor {slope} is missing at {{part}}")
    if isinstance(part, Product):
        yield from _between(part.factors, where)
    elif not isinstance(part, LEAVES) and size[0] != size[1]:
        yield from _between((part,), where)


def _between(factors: tuple[Expr, ...], where: Where) -> Iterator[Repair]:
    """A Jacobian of the activation between two factors, or in front of one."""
    for layer in where.layers:
        for jacobian in layer.jacobians:
            for i in range(len(factors) + 1):
                made = product_of((*factors[:i], jacobian, *factors[i:]))
                if where.shape(made) is not None:
                    says = f"the factor {jacobian} is missing in {{part}}"
                    yield Repair("missing-activation-derivative", made, says)
