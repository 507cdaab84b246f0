"""The derivative of an activation that is half there, of the wrong kind, or once too often."""

from __future__ import annotations

from collections.abc import Iterator

from symbackprop.answers.mistakes.repair import Repair, is_slope, without
from symbackprop.answers.mistakes.where import Layer, Where, slope_column
from symbackprop.dims import ONE
from symbackprop.expr import (
    Diagonal,
    Elementwise,
    Expr,
    Hadamard,
    Negative,
    Number,
    Ones,
    Partial,
    Product,
    Softmax,
    Sum,
    Transpose,
    Variable,
    number,
    product_of,
)
from symbackprop.shapes import SCALAR

ORDER = 2
LEAVES = (Variable, Partial, Number, Ones)
HALF = "{part} is half of the derivative of the activation"


def repairs(part: Expr, where: Where) -> Iterator[Repair]:
    if where.is_number:
        return
    for layer in where.layers:
        if isinstance(layer.map, Softmax):
            yield from _of_softmax(part, layer, where)
            continue
        slope = slope_column(layer, where)
        if slope is not None:
            yield from _of_another_kind(part, layer, slope, where)
            yield from _half(part, layer, slope, where)
    if isinstance(part, Elementwise) and part.order == 1:
        plain = Elementwise(part.function, part.operand)
        yield Repair("extra-activation-derivative", plain, "{part} is the derivative, not the activation")
    yield from _too_many(part, where)


def _of_another_kind(part: Expr, layer: Layer, slope: Expr, where: Where) -> Iterator[Repair]:
    plain = Elementwise(layer.function, layer.argument) if layer.is_simple else None
    if part in (layer.map, layer.hidden, plain):
        yield Repair("activation-for-derivative", slope, "{part} is the activation, not its derivative")


def _too_many(part: Expr, where: Where) -> Iterator[Repair]:
    if not isinstance(part, Product | Hadamard):
        return
    count = len(part.factors)
    for i, factor in enumerate(part.factors):
        if is_slope(factor):
            says = f"the factor {factor} in {{part}} is too much"
            yield Repair("extra-activation-derivative", without(part, i), says)
    # written out, as `a (1 - a)`
    for length in range(1, min(3, count)):
        for i in range(count - length + 1):
            run = part.factors[i : i + length]
            if all(isinstance(each, Variable) for each in run):
                continue
            whole = run[0] if length == 1 else type(part)(run)
            if any(_is_slope_of(whole, layer, where) for layer in where.layers):
                says = f"the factor {whole} in {{part}} is too much"
                yield Repair("extra-activation-derivative", without(part, i, length), says)


def _is_slope_of(e: Expr, layer: Layer, where: Where) -> bool:
    """Whether a factor has the value of a slope, be it of a sigmoid where there is a softmax."""
    forms = [slope_column(layer, where), *layer.jacobians, *_slopes_by_name(layer, where)]
    return any(form is not None and where.same(e, form) for form in forms)


def _slopes_by_name(layer: Layer, where: Where) -> Iterator[Expr]:
    """`h (1 - h)`."""
    size = where.shape(layer.named)
    if size is not None:
        yield Hadamard((layer.named, _one_less(layer.named, where)))


def _one_less(e: Expr, where: Where) -> Expr:
    """`1 - h`."""
    return Sum((_ones(e, where), Negative(e)))


def _ones(e: Expr, where: Where) -> Expr:
    """Ones in the shape of a part."""
    rows, columns = where.shape(e) or SCALAR
    factors = [part for part, n in ((Ones(rows), rows), (Transpose(Ones(columns)), columns)) if n != ONE]
    return product_of(tuple(factors)) if factors else number(1)


def _half(part: Expr, layer: Layer, slope: Expr, where: Where) -> Iterator[Repair]:
    """`1 - h` or `h` for `h (1 - h)`, `1 - h` for `1 - h²`."""
    if not isinstance(part, Sum | Hadamard) or where.shape(layer.named) is None:
        return
    h = layer.named
    halves = (_one_less(h, where), Sum((_ones(h, where), h)), Hadamard((h, h)))
    if any(where.same(part, each) for each in halves):
        yield Repair("half-derivative", slope, HALF)


def _of_softmax(part: Expr, layer: Layer, where: Where) -> Iterator[Repair]:
    """The Jacobian of a softmax: its diagonal alone."""
    p = layer.named
    if not where.is_column(p) or not layer.jacobians:
        return
    jacobian = layer.jacobians[0]
    own = Hadamard((p, _one_less(p, where)))
    if isinstance(part, Diagonal) and where.same(part, Diagonal(own)):
        yield Repair("half-derivative", jacobian, "{part} is the diagonal of the Jacobian alone")
