"""The derivative of an activation that is missing, half there, of the wrong kind, or once too often."""

from __future__ import annotations

from collections.abc import Iterator

from symbackprop.answers.mistakes.repair import Repair, Where, is_slope, without
from symbackprop.expr import (
    ActivationJacobian,
    Diagonal,
    Elementwise,
    Expr,
    Hadamard,
    Negative,
    Number,
    Ones,
    Product,
    Sum,
    product_of,
)

ORDER = 20


def repairs(part: Expr, where: Where) -> Iterator[Repair]:
    yield from _of_another_kind(part, where)
    yield from _too_many(part, where)
    yield from _half(part, where)
    yield from _missing(part, where)


def _of_another_kind(part: Expr, where: Where) -> Iterator[Repair]:
    for layer in where.layers:
        if part == Elementwise(layer.function, layer.argument) or part == layer.hidden:
            yield Repair("activation-for-derivative", layer.slope, "{part} is the activation, not its derivative")
    if isinstance(part, Elementwise) and part.order == 1:
        plain = Elementwise(part.function, part.operand)
        yield Repair("extra-activation-derivative", plain, "{part} is the derivative, not the activation")


def _too_many(part: Expr, where: Where) -> Iterator[Repair]:
    if not isinstance(part, Product | Hadamard):
        return
    for i, factor in enumerate(part.factors):
        if is_slope(factor):
            says = f"the factor {factor} in {{part}} is too much"
            yield Repair("extra-activation-derivative", without(part, i), says)


def _half(part: Expr, where: Where) -> Iterator[Repair]:
    """`1 - h` or `h` for `h (1 - h)`."""
    for layer in where.layers:
        forms = [form for form in (layer.hidden, Elementwise(layer.function, layer.argument)) if form is not None]
        match part:
            case Sum((Ones() | Number(), Negative(operand))) if operand in forms:
                yield Repair("half-derivative", layer.slope, "{part} is half of the derivative of the activation")
            case Hadamard((one, two)) if one == two and one in forms:
                yield Repair("half-derivative", layer.slope, "{part} is not the derivative of the activation")


def _missing(part: Expr, where: Where) -> Iterator[Repair]:
    size = where.shape(part)
    if size is None or where.is_scalar(part) or isinstance(part, Elementwise | Ones):
        return
    for layer in where.layers:
        own = where.shape(layer.slope)
        if own == size:
            made: Expr = Hadamard((layer.slope, part))
        elif own is not None and own[0] == size[0]:
            made = Product((Diagonal(layer.slope), part))
        else:
            continue
        yield Repair("missing-activation-derivative", made, f"the factor {layer.slope} is missing at {{part}}")
    if isinstance(part, Product):
        yield from _between(part, where)


def _between(part: Product, where: Where) -> Iterator[Repair]:
    """A Jacobian of the activation between two factors, or in front of one."""
    for layer in where.layers:
        for jacobian in (Diagonal(layer.slope), ActivationJacobian(layer.function, layer.argument)):
            for i in range(len(part.factors) + 1):
                made = product_of((*part.factors[:i], jacobian, *part.factors[i:]))
                if where.shape(made) is not None:
                    says = f"the factor {jacobian} is missing in {{part}}"
                    yield Repair("missing-activation-derivative", made, says)
