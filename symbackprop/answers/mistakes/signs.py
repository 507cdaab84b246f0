"""A sign the wrong way round; a difference taken the other way, or its size."""

from __future__ import annotations

from collections.abc import Iterator

from symbackprop.answers.mistakes.repair import Repair
from symbackprop.answers.mistakes.where import Where
from symbackprop.expr import Elementwise, Expr, Negative, Sum

ORDER = 5


def repairs(part: Expr, where: Where) -> Iterator[Repair]:
    match part:
        case Sum(terms):
            for i, term in enumerate(terms):
                turned = term.operand if isinstance(term, Negative) else Negative(term)
                made = Sum((*terms[:i], turned, *terms[i + 1 :]))
                yield Repair("sign", made, "a sign in {part} is wrong")
        case Negative(operand):
            yield Repair("sign", operand, "the sign of {part} is wrong")
        case Elementwise("abs", operand, 0):
            yield Repair("sign", operand, "the absolute value of {part} loses its sign")
    if part is where.answer and not isinstance(part, Negative):
        yield Repair("sign", Negative(part), "the sign of {part} is wrong")
