"""An entry where a vector is meant."""

from __future__ import annotations

from collections.abc import Iterator

from symbackprop.answers.mistakes.repair import Repair, Where
from symbackprop.expr import Entry, Expr, Row

ORDER = 50


def repairs(part: Expr, where: Where) -> Iterator[Repair]:
    match part:
        case Entry(operand) | Row(operand):
            yield Repair("component-for-vector", operand, "{part} is one component: the whole belongs here")
