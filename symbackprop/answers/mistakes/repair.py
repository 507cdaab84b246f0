"""What a change to an answer says: the mistake that it takes back, and what is told of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from symbackprop.expr import (
    ActivationJacobian,
    Diagonal,
    Elementwise,
    Expr,
    Hadamard,
    Ones,
    Product,
    Quotient,
    Sum,
    Transpose,
    Variable,
    Weight,
    WithoutBias,
)
from symbackprop.tree import children, subterms

# letters of weights in networks whose variables are of its own
WEIGHTS = ("W", "V", "U", "w", "v", "u")


@dataclass(frozen=True)
class Repair:
    """A part of an answer as it should have been.

    Attributes:
        code: of the mistake that is taken back.
        instead: what stands in place of the part.
        says: what to look at; `{part}` is the part as it was written.
    """

    code: str
    instead: Expr
    says: str


def is_slope(e: Expr) -> bool:
    """Whether a factor is the derivative of an activation, entry by entry or as a matrix."""
    match e:
        case Elementwise(order=order):
            return order > 0
        case Diagonal(operand):
            return is_slope(operand)
    return isinstance(e, ActivationJacobian)


def is_ones(e: Expr) -> bool:
    """Whether it is a column or a row of ones."""
    return isinstance(e.operand if isinstance(e, Transpose) else e, Ones)


def is_weight(e: Expr) -> bool:
    """Whether it is the weights of a layer, in front of what the layer reads."""
    while isinstance(e, Transpose | WithoutBias):
        e = e.operand
    return isinstance(e, Weight) or (isinstance(e, Variable) and e.name.split("_")[0] in WEIGHTS)


def without(part: Sum | Product | Hadamard, i: int, count: int = 1) -> Expr:
    """A sum or product without some of its operands in a row; the one that is left of two is itself."""
    operands = children(part)
    rest = (*operands[:i], *operands[i + count :])
    return rest[0] if len(rest) == 1 else type(part)(rest)


def within_terms(part: Expr, change: Callable[[Expr], Iterator[Repair]]) -> Iterator[Repair]:
    """Changes to one term of a sum, as changes to the sum."""
    if not isinstance(part, Sum):
        return
    for i, term in enumerate(part.terms):
        for each in change(term):
            whole = Sum((*part.terms[:i], each.instead, *part.terms[i + 1 :]))
            yield replace(each, instead=whole, says=f"{each.says}, in the term {term} of {{part}}")


def below(part: Expr) -> set[Expr]:
    """What something in a part is divided by."""
    quotients = (each for _, each in subterms(part) if isinstance(each, Quotient))
    return {each for quotient in quotients for _, each in subterms(quotient.denominator)}
