"""A term of a sum that is missing or too much, as that of a regularizer."""

from __future__ import annotations

from collections.abc import Iterator

from symbackprop.answers.mistakes.repair import Repair, without
from symbackprop.answers.mistakes.where import Where
from symbackprop.answers.references import references
from symbackprop.expr import Bias, Expr, Named, Negative, Partial, Product, Quotient, Sum, Variable
from symbackprop.shapes import SCALAR
from symbackprop.tree import subterms

ORDER = 8


def repairs(part: Expr, where: Where) -> Iterator[Repair]:
    if isinstance(part, Sum):
        for i, term in enumerate(part.terms):
            yield Repair(_extra(term, where), without(part, i), f"the term {term} in {{part}} is too much")
    if part is where.answer:
        for term in _terms_of_the_truth(where):
            yield Repair(named_missing(term, where), Sum((part, term)), f"the term {term} is missing")


def _terms_of_the_truth(where: Where) -> Iterator[Expr]:
    seen: set[Expr] = set()
    for reference in references(where.head, where.question):
        if isinstance(reference, Sum):
            for term in reference.terms:
                if term not in seen:
                    seen.add(term)
                    yield term


def named_missing(term: Expr, where: Where) -> str:
    """The code of a term that is missing."""
    return "missing-regularizer" if _is_regularizer(term, where) else "missing-term"


def _extra(term: Expr, where: Where) -> str:
    return "regularizer-on-bias" if _is_regularizer(term, where) and _is_bias(where) else "extra-term"


def _is_regularizer(term: Expr, where: Where) -> bool:
    """Whether a term has no part in the data: it is the variable itself times numbers."""
    wrt = where.head.wrt if isinstance(where.head, Partial) else None
    inner = term.operand if isinstance(term, Negative) else term
    variables = [part for _, part in subterms(inner) if isinstance(part, Variable)]
    large = [each for each in variables if where.shape(each) != SCALAR]
    # `b` alone, in `W x + b`, is part of an output
    is_weighted = isinstance(inner, Product | Quotient)
    return wrt is not None and is_weighted and bool(large) and set(large) <= {wrt}


def _is_bias(where: Where) -> bool:
    wrt = where.head.wrt if isinstance(where.head, Partial) else None
    return isinstance(wrt, Bias) or (isinstance(wrt, Named) and where.is_column(wrt))
