"""Cases in which two sides are compared by entries: the rows of each block apart, and kinks by absolute values.

A function of stacked blocks is a sum of products in each block only: `g(u; v)` has the entries `g(u_a)` in the rows of
`u` and `g(v_b)` in those of `v`. So a row of which it is not known in which block it is has no normal form, and each
block is looked at by itself. Of two sides with kinks, `|z|` and `relu(z) + relu(-z)`, the values are compared.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

from symbackprop.dims import Dim, dim
from symbackprop.expr import Expr
from symbackprop.indices import ZERO, Applied, Calculus, Entries, Raised, Term, plus, scaled, single, times, under
from symbackprop.normalform import applied, normal, raised
from symbackprop.primitives import EntrywiseQuotient, Stacked, offsets
from symbackprop.tree import subterms

# a stretch of rows or columns: how many are before it, and how many it has
Stretch = tuple[Dim, Dim]
# functions of which the values are known by the sign of the argument, and their derivatives but for the kink
KINKED = frozenset({"relu", "abs", "step", "sign"})
SLOPES = {"relu": "step", "abs": "sign"}


def partitions(size: Dim, sides: tuple[Expr, ...], work: Calculus) -> Iterator[tuple[Stretch, ...]]:
    """Ways to go through 1 … `size`: at once, and by the blocks of each stack of that size."""
    yield ((dim(0), size),)
    seen: set[tuple[Stretch, ...]] = set()
    for side in sides:
        for _, part in subterms(side):
            if not isinstance(part, Stacked):
                continue
            blocks = tuple((work.sized(before), work.sized(own)) for _, before, own in offsets(part, work.network))
            if len(blocks) > 1 and blocks not in seen and sum((own for _, own in blocks), dim(0)) == size:
                seen.add(blocks)
                yield blocks


def at(stretch: Stretch, work: Calculus) -> Dim:
    """An index that runs over a stretch."""
    before, size = stretch
    return before + work.index_along(size)


def by_absolute_values(one: Entries, work: Calculus) -> Entries:
    """The same values with `relu(u)` as `(u + |u|)/2`, `|-2u|` as `2|u|`, `sign(-u)` as `-sign(u)`, slopes by name.

    True at kinks too, where the conventions are `relu'(0) = step(0) = 0` and `abs'(0) = sign(0) = 0`; a derivative of
    the result is another one there, so none is taken of it. Nothing changes where there is no kink.
    """
    if not any(_has_kink(term) for term in one.terms):
        return one
    parts = []
    for term in one.terms:
        total = Entries((Term(term.coefficient, ()),))
        work.ranges.update(term.bound)
        for factor in term.factors:
            match factor:
                case Applied(function, order, argument):
                    made = _evened(function, order, by_absolute_values(argument, work), work)
                case Raised(base, exponent):
                    made = raised(by_absolute_values(base, work), exponent)
                case _:
                    made = single(factor)
            total = times(total, made)
        parts.append(under(term.bound, total))
    return normal(plus(*parts), work)


def _has_kink(term: Term) -> bool:
    return any(
        (isinstance(f, Applied) and (f.function in KINKED or any(map(_has_kink, f.argument.terms))))
        or (isinstance(f, Raised) and any(map(_has_kink, f.base.terms)))
        for f in term.factors
    )


def _evened(function: str, order: int, argument: Entries, work: Calculus) -> Entries:
    if order and function in SLOPES:
        function, order = SLOPES[function], order - 1
    if order and function in KINKED:
        # beside the kink, and at it by convention, a step has no slope
        return ZERO
    if function == "relu":
        return scaled(Fraction(1, 2), plus(argument, _evened("abs", 0, argument, work)))
    content = _content(argument) if function in KINKED else Fraction(1)
    if content != 1:
        # positive factors come out of a modulus, and say nothing to a sign
        inner = _evened(function, 0, normal(scaled(1 / content, argument), work), work)
        return scaled(content if function == "abs" else 1, inner)
    if function in ("abs", "sign"):
        turned = normal(scaled(-1, argument), work)
        if _leads_with_minus(argument, turned):
            return scaled(1 if function == "abs" else -1, applied(function, 0, turned, work))
    return applied(function, order, argument, work)


def _content(one: Entries) -> Fraction:
    """The greatest rational number by which every coefficient is a whole one; 1 of nothing."""
    numbers = [term.coefficient for term in one.terms]
    above = math.gcd(*(number.numerator for number in numbers))
    return Fraction(above or 1, math.lcm(*(number.denominator for number in numbers)))


def _leads_with_minus(argument: Entries, turned: Entries) -> bool:
    """Which of `u` and `-u` stands for both."""
    return repr(turned.terms) < repr(argument.terms)


def same(one: Entries, two: Entries, work: Calculus) -> bool:
    """Whether two entries in normal form are equal, kinks by their values."""
    return one == two or by_absolute_values(one, work) == by_absolute_values(two, work)


def where_divided(left: Expr, right: Expr) -> str:
    """What a proof by entries takes for granted where there are quotients entry by entry."""
    below = {part.denominator for side in (left, right) for _, part in subterms(side) if _divides(part)}
    return f", where no entry of {' or '.join(sorted(map(str, below)))} is 0" if below else ""


def _divides(e: Expr) -> bool:
    return isinstance(e, EntrywiseQuotient)
