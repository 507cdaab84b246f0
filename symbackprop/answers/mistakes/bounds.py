"""Bounds of a product or sum over layers that are off, or an index that does not appear."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from symbackprop.answers.mistakes.repair import Repair
from symbackprop.answers.mistakes.where import Where
from symbackprop.dims import dim, index
from symbackprop.expr import Expr, IndexedProduct, IndexedSum
from symbackprop.substitution import free_symbols, substitute

ORDER = 11


def repairs(part: Expr, where: Where) -> Iterator[Repair]:
    if isinstance(part, IndexedProduct | IndexedSum):
        yield from _bounds(part, where)


def _bounds(part: IndexedProduct | IndexedSum, where: Where) -> Iterator[Repair]:
    says = "the bounds of {part} are wrong"
    for low, high in ((0, 1), (0, -1), (1, 0), (-1, 0)):
        made = replace(part, lower=part.lower + low, upper=part.upper + high)
        yield Repair("product-bounds", made, says)
    depth = where.question.network.depth
    ends = dict.fromkeys((*where.indices, dim(0), dim(1), dim(2), depth, depth - 1))
    near = [end for end in ends if part.index not in end.symbols]
    for end in near:
        yield Repair("product-bounds", replace(part, lower=end), says)
        yield Repair("product-bounds", replace(part, upper=end), says)
    if part.index not in free_symbols(part.body):
        # `∏_{k=l}^L [D_l W_lᵀ]`: the index that runs does not appear
        for letter in sorted(free_symbols(part.body)):
            body = substitute(part.body, {letter: index(part.index)})
            yield Repair("product-bounds", replace(part, body=body), f"{part.index} does not appear in {{part}}")
