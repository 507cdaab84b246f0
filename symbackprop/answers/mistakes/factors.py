"""A factor that is missing or too much, whatever it is: an input, a mask, a rate."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from symbackprop.answers.mistakes.repair import Repair, below, is_slope, is_weight, within_terms, without
from symbackprop.answers.mistakes.where import Where
from symbackprop.expr import Expr, Hadamard, Number, Ones, Partial, Power, Product, Quotient, Sum, Variable

ORDER = 35


def repairs(part: Expr, where: Where) -> Iterator[Repair]:
    yield from _too_many(part, where)
    if part is where.answer:
        yield from _scalar_missing(part, where)
    yield from within_terms(part, lambda term: _scalar_missing(term, where))
    if isinstance(part, Variable) and not is_weight(part) and not where.is_scalar(part):
        size = where.shape(part)
        if size is not None:
            yield Repair("wrong-input", Ones(size[0]), "{part} stands where a column of ones belongs")
        for piece in where.pieces if where.conforms else ():
            if where.shape(piece) == size:
                yield Repair("wrong-input", piece, f"{{part}} stands where {piece} belongs")
    if isinstance(part, Product | Hadamard | Partial | Variable | Sum):
        yield from _entries_missing(part, where)


def _too_many(part: Expr, where: Where) -> Iterator[Repair]:
    """One factor left out, or several in a row."""
    if not isinstance(part, Product | Hadamard):
        return
    count = len(part.factors)
    for length in range(1, count):
        for i in range(count - length + 1):
            run = part.factors[i : i + length]
            if any(is_slope(each) for each in run):
                continue
            shown = " ".join(map(str, run))
            yield Repair("extra-factor", without(part, i, length), f"the factor {shown} in {{part}} is too much")
    if isinstance(part, Hadamard):
        yield from _inside(part, where)


def _inside(part: Hadamard, where: Where) -> Iterator[Repair]:
    """`γ x ⊙ g` for `γ g`: the column of a factor of which a number is left."""
    for i, factor in enumerate(part.factors):
        if not isinstance(factor, Product):
            continue
        rest = without(part, i)
        for k, inner in enumerate(factor.factors):
            left = without(factor, k)
            if where.is_scalar(left):
                says = f"the factor {inner} in {{part}} is too much"
                yield Repair("extra-factor", Product((left, rest)), says)


def _scalar_missing(part: Expr, where: Where) -> Iterator[Repair]:
    """Rates, weights of terms, deviations: of the whole, or of one term."""
    under = below(part)
    for scalar in where.scalars:
        times = Product((scalar, part))
        if scalar in under:
            yield Repair("extra-factor", times, f"there is a factor 1/{scalar} too much")
        else:
            yield Repair("missing-factor", times, f"the factor {scalar} is missing")
        yield Repair("missing-factor", Quotient(part, scalar), f"the factor 1/{scalar} is missing")
        if isinstance(part, Product) and scalar in part.factors:
            # `p x` for `x / p`
            twice = Quotient(part, Power(scalar, Fraction(2)))
            yield Repair("extra-factor", twice, f"{scalar} is a factor, and belongs below the stroke")


def _entries_missing(part: Expr, where: Where) -> Iterator[Repair]:
    """A factor of each entry, or one that stands below a stroke."""
    size = where.shape(part)
    if size is None or isinstance(part, Ones | Number):
        return
    for other in where.quantities:
        if other == part:
            continue
        if where.is_scalar(other):
            if not where.is_scalar(part):
                yield Repair("missing-factor", Product((other, part)), f"the factor {other} is missing at {{part}}")
                yield Repair("missing-factor", Quotient(part, other), f"the factor 1/{other} is missing at {{part}}")
        elif where.shape(other) == size and other.index is None:
            yield Repair("missing-factor", Hadamard((other, part)), f"the factor {other} is missing at {{part}}")
