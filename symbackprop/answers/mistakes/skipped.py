"""A layer that is left out of a product."""

from __future__ import annotations

from collections.abc import Iterator

from symbackprop.answers.mistakes.repair import Repair, is_weight
from symbackprop.answers.mistakes.where import Where
from symbackprop.expr import Expr, Hadamard, Partial, Product, Sum, Transpose, Variable

# the ways are many, so they are tried last
ORDER = 60


def repairs(part: Expr, where: Where) -> Iterator[Repair]:
    if isinstance(part, Product):
        yield from _skipped(part.factors, where)
    elif isinstance(part, Sum | Partial | Hadamard) and not where.is_scalar(part):
        yield from _skipped((part,), where)


def _skipped(factors: tuple[Expr, ...], where: Where) -> Iterator[Repair]:
    """`W_lᵀ diag(g'(z_l))` put between two factors, either way round."""
    jacobians = [jacobian for layer in where.layers for jacobian in layer.jacobians]
    for weight in _weights(where):
        turned = Transpose(weight)
        for pair in [(turned,), *((turned, each) for each in jacobians), *((each, turned) for each in jacobians)]:
            for i in range(len(factors) + 1):
                made = Product((*factors[:i], *pair, *factors[i:]))
                if where.shape(made) is not None:
                    yield Repair("skipped-layer", made, f"a layer is left out of {{part}}: {weight} is missing")


def _weights(where: Where) -> Iterator[Variable]:
    """Weights that the answer has not, or that several layers share."""
    seen = set(where.variables)
    yield from (each for each in where.quantities if is_weight(each) and (each not in seen or each.index is None))
