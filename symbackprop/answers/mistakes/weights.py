"""A weight matrix that is missing between two layers."""

from __future__ import annotations

from collections.abc import Iterator

from symbackprop.answers.mistakes.repair import Repair, is_weight
from symbackprop.answers.mistakes.where import Where
from symbackprop.expr import Expr, Hadamard, Partial, Product, Sum, Transpose, Variable

ORDER = 13


def repairs(part: Expr, where: Where) -> Iterator[Repair]:
    if isinstance(part, Product | Hadamard | Partial | Variable | Sum):
        yield from _weight_missing(part, where)


def _weight_missing(part: Expr, where: Where) -> Iterator[Repair]:
    """`δ ⊙ g'` for `(Wᵀ δ) ⊙ g'`."""
    size = where.shape(part)
    if size is None or where.is_scalar(part):
        return
    for weight in where.quantities:
        if not is_weight(weight):
            continue
        for made in (Product((Transpose(weight), part)), Product((part, Transpose(weight)))):
            if where.shape(made) is not None:
                yield Repair("missing-factor", made, f"the factor {weight} is missing at {{part}}")
