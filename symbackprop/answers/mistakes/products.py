"""A Hadamard product for a matrix product, and the other way round; the column of the bias."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from symbackprop.answers.mistakes.repair import Repair, Where
from symbackprop.expr import Diagonal, Expr, Hadamard, Product, Transpose, Weight, WithoutBias, product_of

ORDER = 40


def repairs(part: Expr, where: Where) -> Iterator[Repair]:
    match part:
        case Hadamard((one, two)):
            says = "{part} should be a matrix product, not entry by entry"
            for made in (Product((one, Transpose(two))), Product((Transpose(one), two)), Product((one, two))):
                yield Repair("hadamard-for-product", made, says)
        case Product(factors):
            for i, (one, two) in enumerate(pairwise(factors)):
                for pair in _entrywise(one, two):
                    whole = product_of((*factors[:i], pair, *factors[i + 2 :]))
                    yield Repair("product-for-hadamard", whole, "{part} should be taken entry by entry")
        case Weight() if getattr(where.question.network, "augmented", False):
            yield Repair("bias-column-kept", WithoutBias(part), "{part} stands here with the column of the bias")
        case WithoutBias(operand):
            yield Repair("bias-column-dropped", operand, "the column of the bias is left out of {part}")


def _entrywise(one: Expr, two: Expr) -> Iterator[Expr]:
    if isinstance(one, Diagonal):
        return
    yield Hadamard((one, two))
    if isinstance(two, Transpose):
        yield Hadamard((one, two.operand))
    if isinstance(one, Transpose):
        yield Hadamard((one.operand, two))
