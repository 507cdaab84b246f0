"""Rules about the ordered product `∏_{l=a}^{b} A_l`: they follow from its definition by recursion on the bounds."""

from __future__ import annotations

from symbackprop.derivation import Context, Reason, Rewritten, Rule, rule
from symbackprop.dims import Dim, at_most, dim, index
from symbackprop.errors import RuleError
from symbackprop.expr import Expr, IndexedProduct, Partial, Product, Size, Variable, factors_of, product_of
from symbackprop.statements import equal
from symbackprop.substitution import substitute


def instance(body: Expr, name: str, at: Dim) -> tuple[Expr, ...]:
    """The factors of the body of an indexed product at one value of its index."""
    return factors_of(substitute(body, {name: at}))


def _defined(low: Dim, high: Dim, context: Context) -> None:
    """Raise `LookupError` where it is not known that `low ≤ high`, without which a product is not defined."""
    if not at_most(low, high, context.known):
        raise LookupError(f"whether {low} ≤ {high} is not known")


@rule("into the product", source="definition of the ordered product")
def absorb(e: Expr, context: Context) -> Rewritten | None:
    r"""∏_{l=a}^{b} A_l · A_{b+1} = ∏_{l=a}^{b+1} A_l        shapes: as the factors"""
    if not isinstance(e, Product):
        return None
    for i, factor in enumerate(e.factors):
        if isinstance(factor, IndexedProduct) and not factor.descending:
            _defined(factor.lower, factor.upper + 1, context)
            following = instance(factor.body, factor.index, factor.upper + 1)
            end = i + 1 + len(following)
            if e.factors[i + 1 : end] == following:
                grown = IndexedProduct(factor.index, factor.lower, factor.upper + 1, factor.body)
                why = _factor_at(product_of(following), factor.index, factor.upper + 1)
                return Rewritten(product_of((*e.factors[:i], grown, *e.factors[end:])), why)
    return None


@rule("into the product, in front", source="definition of the ordered product")
def absorb_before(e: Expr, context: Context) -> Rewritten | None:
    r"""A_{a-1} ∏_{l=a}^{b} A_l = ∏_{l=a-1}^{b} A_l        shapes: as the factors"""
    if not isinstance(e, Product):
        return None
    for i, factor in enumerate(e.factors):
        if isinstance(factor, IndexedProduct) and not factor.descending:
            _defined(factor.lower, factor.upper + 1, context)
            before = instance(factor.body, factor.index, factor.lower - 1)
            start = i - len(before)
            if start >= 0 and e.factors[start:i] == before:
                grown = IndexedProduct(factor.index, factor.lower - 1, factor.upper, factor.body)
                why = ("One factor more, that of ", Size(factor.lower - 1), ".")
                return Rewritten(product_of((*e.factors[:start], grown, *e.factors[i + 1 :])), why)
    return None


def _factor_at(factor: Expr, name: str, at: Dim) -> Reason:
    return (factor, " is the factor of the product at ", equal(Size(index(name)), Size(at)), ".")


def fold(name: str, body: Expr, lower: Dim | int, upper: Dim | int) -> Rule:
    """The rule that writes `A_a A_{a+1} … A_b` as `∏_{l=a}^{b} A_l`; with `b = a - 1` it inserts the empty product.

    Args:
        name: the index of the product.
        body: what is multiplied, in terms of that index.
        lower: the first value of the index.
        upper: the last one; the difference is a given number.
    """
    first, last = dim(lower), dim(upper)
    if not (last - first).is_constant:
        raise RuleError(f"from {first} to {last} is not a given number of factors: use an induction")
    count = (last - first).constant + 1
    if count < 0:
        raise RuleError(f"a product from {first} to {last} is not defined: it ends at {first - 1} or later")

    def rewrite(e: Expr, context: Context) -> Rewritten | None:
        made = IndexedProduct(name, first, last, body)
        if not count:
            # the empty product is the identity where it starts: it goes before the gradient by the variable there
            why: Reason = ("A product without factors is the identity.",)
            starts = isinstance(e, Partial) and isinstance(e.wrt, Variable) and e.wrt.index == first
            return Rewritten(made @ e, why) if starts else None
        if not isinstance(e, Product):
            return None
        run = tuple(f for step in range(count) for f in instance(body, name, first + step))
        for at in range(len(e.factors) - len(run) + 1):
            if e.factors[at : at + len(run)] == run:
                ends = (equal(Size(index(name)), Size(first)), " to ", Size(last))
                why = ("The factors from ", *ends, " written as one product.")
                return Rewritten(product_of((*e.factors[:at], made, *e.factors[at + len(run) :])), why)
        return None

    statement = "A_a A_{a+1} … A_b = ∏_{l=a}^{b} A_l        shapes: as the factors"
    return Rule("as a product", rewrite, statement, source="definition of the ordered product")


@rule("first factor out", source="definition of the ordered product")
def peel(e: Expr, context: Context) -> Rewritten | None:
    r"""∏_{l=a}^{b} A_l = A_a ∏_{l=a+1}^{b} A_l, for a ≤ b        shapes: as the factors"""
    if not isinstance(e, IndexedProduct) or e.descending:
        return None
    _defined(e.lower, e.upper, context)
    rest = IndexedProduct(e.index, e.lower + 1, e.upper, e.body)
    first = instance(e.body, e.index, e.lower)
    return Rewritten(Product((*first, rest)), _factor_at(product_of(first), e.index, e.lower))


@rule("empty product", source="definition of the ordered product")
def empty(e: Expr, context: Context) -> Rewritten | None:
    r"""(∏_{l=a}^{a-1} A_l) B = B        shapes: as B"""
    if not isinstance(e, Product):
        return None
    for i, factor in enumerate(e.factors):
        if isinstance(factor, IndexedProduct) and factor.upper == factor.lower - 1:
            rest = product_of((*e.factors[:i], *e.factors[i + 1 :]))
            return Rewritten(rest, ("A product without factors is the identity.",))
    return None


def begun(name: str, body: Expr, first: Dim | int) -> Rule:
    """The rule that puts the empty product `∏_{name=first}^{first-1} body` of scalars before an expression."""
    made = IndexedProduct(name, dim(first), dim(first) - 1, body)
    why: Reason = ("A product without factors is 1.",)
    statement = "B = (∏_{l=a}^{a-1} a_l) B        shapes: as B"
    return Rule("as a product", lambda e, context: Rewritten(made @ e, why), statement, source=empty.source)


def over(name: str, lower: Dim | int, upper: Dim | int, body: Expr) -> IndexedProduct:
    """`∏_{name=lower}^{upper} body`."""
    return IndexedProduct(name, dim(lower), dim(upper), body)


def at_index(e: Expr, name: str, value: Dim | int) -> Expr:
    """An expression at one value of an index."""
    return substitute(e, {name: dim(value)})
