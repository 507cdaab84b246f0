"""A sign the wrong way round; a difference taken the other way."""

from __future__ import annotations

from collections.abc import Iterator

from symbackprop.answers.mistakes.repair import Repair, Where
from symbackprop.expr import Expr, Negative, Sum

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
    if part is where.answer and not isinstance(part, Negative):
        yield Repair("sign", Negative(part), "the sign of {part} is wrong")
