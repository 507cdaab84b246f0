"""Rules about the sum `Σ_{s=a}^{b} f_s`: they follow from its definition by recursion on the bounds."""

from __future__ import annotations

from symbackprop.derivation import Context, Rewritten, Rule, rule
from symbackprop.dims import Dim, at_most
from symbackprop.expr import Expr, IndexedSum, Negative, Product, Size, Sum
from symbackprop.forms import negated, plus, times
from symbackprop.shapes import SCALAR, shape
from symbackprop.substitution import substitute


def begun_sum(name: str, body: Expr, first: Dim) -> Rule:
    """The rule that puts the empty sum `Σ_{name=first}^{first-1} body` before an expression of the same shape."""
    made = IndexedSum(name, first, first - 1, body)
    statement = "B = Σ_{s=a}^{a-1} f_s + B        shapes: as B"
    return Rule(
        "as a sum",
        lambda e, context: Rewritten(made + e, ("A sum without terms is 0.",)),
        statement,
        source=into_sum.source,
    )


@rule("into the sum", source="definition of the sum")
def into_sum(e: Expr, context: Context) -> Rewritten | None:
    r"""Σ_{s=a}^{b} f_s + f_{b+1} = Σ_{s=a}^{b+1} f_s        shapes: as f"""
    if not isinstance(e, Sum):
        return None
    for i, total in enumerate(e.terms):
        if not isinstance(total, IndexedSum):
            continue
        following = substitute(total.body, {total.index: total.upper + 1})
        if following in e.terms:
            if not at_most(total.lower, total.upper + 1, context.known):
                raise LookupError(f"whether {total.lower} ≤ {total.upper + 1} is not known")
            grown = IndexedSum(total.index, total.lower, total.upper + 1, total.body)
            at = e.terms.index(following)
            terms = [grown if k == i else term for k, term in enumerate(e.terms) if k != at]
            return Rewritten(plus(*terms), ("It is the term at ", Size(total.upper + 1), "."))
    return None


@rule("a product with a sum", source="distributive law")
def over_sum(e: Expr, context: Context) -> Rewritten | None:
    r"""A (u + v) = A u + A v        shapes: as A u"""
    if not isinstance(e, Product) or shape(e, context.network) == SCALAR:
        return None
    for i, factor in enumerate(e.factors):
        if isinstance(factor, Sum):
            before, after = e.factors[:i], e.factors[i + 1 :]
            return Rewritten(plus(*(_term(before, term, after) for term in factor.terms)))
    return None


def _term(before: tuple[Expr, ...], term: Expr, after: tuple[Expr, ...]) -> Expr:
    if isinstance(term, Negative):
        return negated(times(*before, term.operand, *after))
    return times(*before, term, *after)
