"""A Hadamard product for a matrix product, and the other way round; the column of the bias."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from symbackprop.answers.mistakes.repair import Repair
from symbackprop.answers.mistakes.where import Where
from symbackprop.expr import Diagonal, Expr, Hadamard, Ones, Product, Transpose, Weight, WithoutBias, product_of

ORDER = 40


def repairs(part: Expr, where: Where) -> Iterator[Repair]:
    match part:
        case Hadamard((one, two)):
            says = "{part} should be a matrix product, not entry by entry"
            for made in (Product((one, Transpose(two))), Product((Transpose(one), two)), Product((one, two))):
                yield Repair("hadamard-for-product", made, says)
        case Hadamard(factors):
            for i, pair in enumerate(pairwise(factors)):
                inside = Hadamard((*factors[:i], Product(pair), *factors[i + 2 :]))
                yield Repair("hadamard-for-product", inside, "{part} should have a matrix product in it")
        case Product(factors):
            for i, (one, two) in enumerate(pairwise(factors)):
                for entrywise in _entrywise(one, two):
                    whole = product_of((*factors[:i], entrywise, *factors[i + 2 :]))
                    yield Repair("product-for-hadamard", whole, "{part} should be taken entry by entry")
            yield from _around(factors)
        case Weight() if getattr(where.question.network, "augmented", False):
            yield Repair("bias-column-kept", WithoutBias(part), "{part} stands here with the column of the bias")
        case WithoutBias(operand):
            yield Repair("bias-column-dropped", operand, "the column of the bias is left out of {part}")


def _around(factors: tuple[Expr, ...]) -> Iterator[Repair]:
    """`a b c` for `a ⊙ (b c)`, `(a b) ⊙ c` and `((a b) ⊙ c) d`."""
    says = "{part} should be taken entry by entry"
    for i in range(1, len(factors)):
        left, right = product_of(factors[:i]), product_of(factors[i:])
        if isinstance(left, Ones | Diagonal) or isinstance(right, Ones):
            continue
        for one in (left, *([left.operand] if isinstance(left, Transpose) else [])):
            yield Repair("product-for-hadamard", Hadamard((one, right)), says)
        middle = factors[i]
        first = middle.operand if isinstance(middle, Transpose) else middle
        if len(factors) > i + 1:
            yield Repair("product-for-hadamard", Product((Hadamard((left, first)), *factors[i + 1 :])), says)


def _entrywise(one: Expr, two: Expr) -> Iterator[Expr]:
    if isinstance(one, Diagonal) or any(isinstance(each, Ones) for each in (one, two)):
        return
    if isinstance(one, Transpose) and isinstance(one.operand, Ones):
        return
    yield Hadamard((one, two))
    if isinstance(two, Transpose):
        yield Hadamard((one, two.operand))
    if isinstance(one, Transpose):
        yield Hadamard((one.operand, two))
