"""Real numbers at which two quantities differ by more than rounding explains."""

from __future__ import annotations

from typing import Any

from symbackprop.answers.question import Question
from symbackprop.answers.verdict import Witness
from symbackprop.expr import Expr

# digits of a number that are shown
SHOWN = 12


def witness(left: Expr, right: Expr, question: Question, relation: str = "=") -> Witness | None:
    """A point at which the relation fails; None if none of those tried shows it beyond doubt."""
    # NumPy is imported where numbers are wanted, and not before
    from symbackprop.judges import numeric

    found = numeric.counterexample(question.claim(left, right, relation))
    if found is None:
        return None
    return Witness(found.sizes, found.seed, shown(found.left), shown(found.right), found.where)


def shown(values: Any) -> Any:
    """The rows of a matrix, or a number."""
    rows = [[float(f"{entry:.{SHOWN}g}") for entry in row] for row in values.tolist()]
    return rows[0][0] if len(rows) == len(rows[0]) == 1 else rows
