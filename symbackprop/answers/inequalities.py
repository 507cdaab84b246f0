"""Whether one quantity bounds another: by a theorem whose conditions hold; numbers only look for the contrary."""

from __future__ import annotations

from symbackprop.answers.comparing import DIFFERENT, EQUAL, OPEN, Compared
from symbackprop.answers.norms import is_norm_of_product, is_product_of_norms
from symbackprop.answers.proving import by_kernel, proof
from symbackprop.answers.question import Question
from symbackprop.answers.witness import witness
from symbackprop.dims import ONE
from symbackprop.expr import Expr, Norm, Number, SingularValue
from symbackprop.judges.signs import Setting, is_nonnegative
from symbackprop.judges.theorems import cited
from symbackprop.shapes import shape
from symbackprop.substitution import rewritten


def compare_sizes(left: Expr, relation: str, right: Expr, question: Question, seeded_by: str = "") -> Compared:
    """Whether `left relation right` holds in every network that the question is about.

    Args:
        seeded_by: as in `compare`.
    """
    if relation not in ("≤", "≥"):
        return Compared(OPEN, f"{relation} is not decided: write =, ≤ or ≥")
    shown = witness(left, right, question, relation)
    if shown is not None:
        return Compared(DIFFERENT, f"{relation} fails at {shown.where}", witness=shown)
    if left == right or by_kernel(left, right, question) is not None:
        return Compared(EQUAL, "both sides are equal")

    if relation == "≤" and is_product_of_norms(left, right, question):
        return Compared(EQUAL, "by theorem: the norm of a product is at most the product of the norms")
    if is_norm_of_product(left, right, question, lambda one, two: proof(one, two, question, seeded_by) is not None):
        return Compared(EQUAL, "both sides are equal")

    def same(one: Expr, two: Expr) -> bool:
        return by_kernel(one, two, question) is not None

    setting = Setting(question.network, question.known, question.given, same)
    if relation == "≥" and isinstance(right, Number) and right.value <= 0 and is_nonnegative(left, setting):
        return Compared(EQUAL, "by theorem: it is not negative")
    ways = dict.fromkeys(((left, right), (_spectral(left, question), _spectral(right, question))))
    theorem = next((found for one, two in ways if (found := cited(one, relation, two, setting))), None)
    if theorem is not None:
        return Compared(EQUAL, f"by theorem: {theorem.name}")
    return Compared(OPEN, f"no counterexample to {relation} was found, and no theorem that says it")


def _spectral(e: Expr, question: Question) -> Expr:
    """The same with the norm of each matrix as its largest singular value, as theorems have it."""

    def spectral(part: Expr) -> Expr | None:
        if not isinstance(part, Norm) or part.kind != "2" or ONE in shape(part.operand, question.network):
            return None
        return SingularValue(part.operand)

    return rewritten(e, spectral)
