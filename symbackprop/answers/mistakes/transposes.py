"""A transpose that is missing, or one too many; factors in the wrong order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from symbackprop.answers.mistakes.repair import Repair, Where
from symbackprop.expr import Expr, IndexedProduct, Product, Transpose, Variable

ORDER = 10


def repairs(part: Expr, where: Where) -> Iterator[Repair]:
    match part:
        case Transpose(operand):
            yield Repair("extra-transpose", operand, "{part} should not be transposed")
        case Variable() if not where.is_scalar(part):
            yield Repair("missing-transpose", Transpose(part), "{part} is not transposed")
        case IndexedProduct():
            turned = replace(part, descending=not part.descending)
            yield Repair("reversed-product", turned, "the factors of {part} are in the wrong order")
        case Product(factors):
            matrices = [i for i, factor in enumerate(factors) if not where.is_scalar(factor)]
            for i, k in pairwise(matrices):
                swapped = list(factors)
                swapped[i], swapped[k] = swapped[k], swapped[i]
                yield Repair("swapped-factors", Product(tuple(swapped)), "two factors of {part} are swapped")
            if len(matrices) > 2:
                yield Repair("reversed-product", Product(factors[::-1]), "the factors of {part} are in reverse order")
