"""A layer that is left out of a product."""

from __future__ import annotations

from collections.abc import Iterator

from symbackprop.answers.mistakes.layers import neighbours
from symbackprop.answers.mistakes.repair import Repair, Where
from symbackprop.expr import ActivationJacobian, Diagonal, Expr, Product, Transpose, Variable, Weight

# the ways are many, so they are tried last
ORDER = 60
NAMES = ("W", "V", "U")


def repairs(part: Expr, where: Where) -> Iterator[Repair]:
    if isinstance(part, Product):
        yield from _skipped(part, where)


def _skipped(part: Product, where: Where) -> Iterator[Repair]:
    """`W_lᵀ diag(g'(z_l))` put between two factors, either way round."""
    for layer in where.layers:
        for weight in _weights(where):
            for jacobian in (Diagonal(layer.slope), ActivationJacobian(layer.function, layer.argument)):
                for pair in ((Transpose(weight), jacobian), (jacobian, Transpose(weight)), (Transpose(weight),)):
                    for i in range(len(part.factors) + 1):
                        made = Product((*part.factors[:i], *pair, *part.factors[i:]))
                        if where.shape(made) is not None:
                            yield Repair("skipped-layer", made, f"a layer is left out of {{part}}: {weight} is missing")


def _weights(where: Where) -> Iterator[Variable]:
    """Weights that the answer has not, near those that it has."""
    seen = set(where.variables)
    for variable in where.variables:
        if isinstance(variable, Weight) or variable.name in NAMES:
            yield from (other for other in neighbours(variable, where) if other not in seen)
