"""Right formulas with one thing left out: what they are worth tells what is missing in an answer of any other form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from symbackprop.answers.mistakes.repair import is_slope, without
from symbackprop.answers.question import Question
from symbackprop.answers.references import references
from symbackprop.expr import Expr, Hadamard, Product, Sum
from symbackprop.substitution import replace_at
from symbackprop.tree import children, subterms


@dataclass(frozen=True)
class Mistaken:
    """A right formula with a mistake in it.

    Attributes:
        says: what to look at.
    """

    code: str
    made: Expr
    says: str


def mistaken(head: Expr, question: Question) -> Iterator[Mistaken]:
    """Every right formula that is known for a quantity, each without one of its terms or factors."""
    seen: set[Expr] = set()
    for reference in references(head, question)[1:]:
        for path, part in subterms(reference):
            if not isinstance(part, Sum | Product | Hadamard):
                continue
            for i, left_out in enumerate(children(part)):
                made = replace_at(reference, path, without(part, i))
                if made not in seen:
                    seen.add(made)
                    yield Mistaken(*_named(part, left_out, made))


def _named(part: Expr, left_out: Expr, made: Expr) -> tuple[str, Expr, str]:
    if isinstance(part, Sum):
        return "missing-term", made, f"the term {left_out} is missing"
    if is_slope(left_out):
        return "missing-activation-derivative", made, f"the factor {left_out} is missing"
    return "missing-factor", made, f"the factor {left_out} is missing"
