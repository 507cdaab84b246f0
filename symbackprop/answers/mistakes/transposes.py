"""A transpose that is missing, or one too many; factors in the wrong order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, pairwise

from symbackprop.answers.mistakes.repair import Repair, is_ones
from symbackprop.answers.mistakes.where import Where
from symbackprop.expr import (
    Elementwise,
    Expr,
    Hadamard,
    IndexedProduct,
    Ones,
    Partial,
    Product,
    Sum,
    Transpose,
    Variable,
    WithoutBias,
    product_of,
)

ORDER = 10
REVERSED = "the factors of {part} are in reverse order"
SWAPPED = "two factors of {part} are swapped"


def repairs(part: Expr, where: Where) -> Iterator[Repair]:
    match part:
        case Transpose(operand):
            yield Repair("extra-transpose", operand, "{part} should not be transposed")
        case Variable() | WithoutBias() | Partial() | Sum() | Hadamard() | Elementwise() | Ones():
            is_small = isinstance(part, Variable | WithoutBias)
            if (is_small or not where.conforms) and part is not where.answer and not where.is_scalar(part):
                yield Repair("missing-transpose", Transpose(part), "{part} is not transposed")
    match part:
        case IndexedProduct():
            turned = replace(part, descending=not part.descending)
            yield Repair("reversed-product", turned, "the factors of {part} are in the wrong order")
        case Product((Product((one, two)), *rest)) if all(map(is_ones, rest)):
            # a number that is added to every entry, as `pᵀ p` for `p pᵀ`
            yield Repair("swapped-factors", Product((two, one)), SWAPPED)
        case Product():
            yield from _in_another_order(part, where)
            yield from _grouped_otherwise(part)
        case Hadamard(factors):
            yield from _taken_in(factors)


def _in_another_order(part: Product, where: Where) -> Iterator[Repair]:
    """Factors that are next to each other first, then all that stand in reverse, then any two."""
    factors = part.factors
    scalars = [factor for factor in factors if where.is_scalar(factor)]
    matrices = [factor for factor in factors if not where.is_scalar(factor)]
    count = len(matrices)

    def whole(order: list[Expr]) -> Expr:
        return product_of((*scalars, *order))

    for i in range(count - 1):
        yield Repair("swapped-factors", whole(_swapped(matrices, i, i + 1)), SWAPPED)
    if count == 2 and matrices[0] != matrices[1] and not where.conforms:
        one, two = matrices
        size = where.shape(one)
        turned = Ones(size[0]) if isinstance(two, Ones) and size is not None else two
        yield Repair("swapped-factors", whole([Transpose(turned), one]), SWAPPED)
        yield Repair("swapped-factors", whole([two, Transpose(one)]), SWAPPED)
    for start, end in combinations(range(count + 1), 2):
        if end - start > 2:
            order = [*matrices[:start], *matrices[start:end][::-1], *matrices[end:]]
            yield Repair("reversed-product", whole(order), REVERSED)
    for i in range(count - 3):
        # `D_2 W_2ᵀ D_1 W_1ᵀ`: layers in the wrong order, each right in itself
        order = [*matrices[:i], *matrices[i + 2 : i + 4], *matrices[i : i + 2], *matrices[i + 4 :]]
        yield Repair("reversed-product", whole(order), REVERSED)
    for i, k in combinations(range(count), 2):
        if k > i + 1:
            yield Repair("swapped-factors", whole(_swapped(matrices, i, k)), SWAPPED)
            rest = [*matrices[:i], *matrices[i + 1 :]]
            yield Repair("swapped-factors", whole([*rest[:k], matrices[i], *rest[k:]]), SWAPPED)
            rest = [*matrices[:k], *matrices[k + 1 :]]
            yield Repair("swapped-factors", whole([*rest[:i], matrices[k], *rest[i:]]), SWAPPED)


def _swapped(factors: list[Expr], i: int, k: int) -> list[Expr]:
    made = list(factors)
    made[i], made[k] = made[k], made[i]
    return made


def _grouped_otherwise(part: Product) -> Iterator[Repair]:
    """`Wᵀ (δ ⊙ g')` for `(Wᵀ δ) ⊙ g'`: what is multiplied entry by entry stands on the wrong side of a matrix."""
    factors = part.factors
    for i, (one, two) in enumerate(pairwise(factors)):
        for inner, other, is_right in ((two, one, True), (one, two, False)):
            if not isinstance(inner, Hadamard):
                continue
            for k, outside in enumerate(inner.factors):
                rest = (*inner.factors[:k], *inner.factors[k + 1 :])
                left = rest[0] if len(rest) == 1 else Hadamard(rest)
                pair = Product((other, left)) if is_right else Product((left, other))
                made = product_of((*factors[:i], Hadamard((outside, pair)), *factors[i + 2 :]))
                yield Repair("swapped-factors", made, f"{outside} stands on the wrong side of {other} in {{part}}")


def _taken_in(factors: tuple[Expr, ...]) -> Iterator[Repair]:
    """`g' ⊙ (Wᵀ δ)` for `Wᵀ (g' ⊙ δ)`."""
    for i, inner in enumerate(factors):
        if not isinstance(inner, Product) or len(inner.factors) < 2:
            continue
        rest = (*factors[:i], *factors[i + 1 :])
        *front, last = inner.factors
        first, *behind = inner.factors
        says = f"{rest[0]} stands on the wrong side of {first} in {{part}}"
        yield Repair("swapped-factors", Product((*front, Hadamard((*rest, last)))), says)
        yield Repair("swapped-factors", Product((Hadamard((*rest, first)), *behind)), says)
