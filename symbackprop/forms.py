"""Products, sums and transposes as a person writes them: no factor 1, one sign in front, no double transposes.

For whoever makes an expression anew; what is written already is never changed by these.
"""

from __future__ import annotations

from fractions import Fraction
from functools import singledispatch
from math import gcd, prod

from symbackprop import expr
from symbackprop.dims import Dim
from symbackprop.errors import ShapeError
from symbackprop.expr import Expr, factors_of, number, product_of
from symbackprop.primitives import EntrywiseQuotient
from symbackprop.shapes import SCALAR, Shaped, shape
from symbackprop.tree import subterms

ONE_SCALAR = number(1)


def negated(e: Expr) -> Expr:
    """`-e`, and `e` of `-e`; of a sum that starts with a minus, `b - a` of `-b + a`."""
    match e:
        case expr.Negative(operand):
            return operand
        case expr.Number(value) if value < 0:
            return expr.Number(-value)
        case expr.Sum((expr.Negative(), *_)):
            return plus(*map(negated, e.terms))
    return expr.Negative(e)


def times(*parts: Expr) -> Expr:
    """The ordered product; factors 1 are dropped and signs gathered in front."""
    factors: list[Expr] = []
    is_negative = False
    for part in parts:
        if isinstance(part, expr.Negative):
            is_negative, part = not is_negative, part.operand
        if isinstance(part, expr.Number) and part.value < 0:
            is_negative, part = not is_negative, expr.Number(-part.value)
        factors += [factor for factor in factors_of(part) if factor != ONE_SCALAR]
    made = product_of(tuple(_numbers_first(factors))) if factors else ONE_SCALAR
    return negated(made) if is_negative else made


def _numbers_first(factors: list[Expr]) -> list[Expr]:
    """One number in front, the product of all; over a line where something is divided there: `2 (1/N)` is `2/N`."""
    numbers = [factor.value for factor in factors if isinstance(factor, expr.Number)]
    if not numbers:
        return factors
    total = prod(numbers, start=Fraction(1))
    rest = [factor for factor in factors if not isinstance(factor, expr.Number)]
    for i, factor in enumerate(rest):
        match factor:
            case expr.Quotient(expr.Number(above), below):
                return [*rest[:i], _fraction(above * total, below), *rest[i + 1 :]]
            case expr.Quotient(above, expr.Number(below)) if total.denominator == 1 and total % below == 0:
                # 2 (λ/2) is λ
                return _numbers_first([expr.Number(total / below), *rest[:i], *factors_of(above), *rest[i + 1 :]])
    return rest if total == 1 and rest else [expr.Number(total), *rest]


def _fraction(above: Fraction, below: Expr) -> Expr:
    """A number over something, both numbers whole and in lowest terms: `2/(2N)` is `1/N`, and `½ · 1/N` is `1/(2N)`."""
    content, rest = _content(below)
    reduced = above / content
    if reduced.denominator == 1:
        return over(number(reduced), rest)
    if isinstance(rest, expr.Size):
        return expr.Quotient(number(reduced.numerator), expr.Size(rest.size * reduced.denominator))
    return expr.Quotient(number(reduced.numerator), times(number(reduced.denominator), rest))


def _content(e: Expr) -> tuple[Fraction, Expr]:
    """The whole number that is a factor of a size or a product, and the rest."""
    match e:
        case expr.Number(value) if value > 0:
            return value, ONE_SCALAR
        case expr.Size(size):
            content = gcd(size.constant, *(c for _, c in size.terms))
            terms = tuple((atom, c // content) for atom, c in size.terms)
            return Fraction(content), expr.Size(Dim(terms, size.constant // content))
        case expr.Product((expr.Number(first), *others)) if first > 0:
            return first, product_of(tuple(others))
    return Fraction(1), e


def times_in(network: Shaped, *parts: Expr) -> Expr:
    """The ordered product, with a scalar `aᵀ b` in brackets where it does not conform without: `(aᵀ b) X`."""
    made = times(*parts)
    try:
        shape(made, network)
    except ShapeError:
        return _grouped(network, parts)
    return made


def _grouped(network: Shaped, parts: tuple[Expr, ...]) -> Expr:
    bare = [part.operand if isinstance(part, expr.Negative) else part for part in parts]
    inner = [isinstance(e, expr.Product) and shape(e, network) == SCALAR for e in bare]
    made = times(*(part for part, is_inner in zip(parts, inner, strict=True) if not is_inner))
    is_negative = isinstance(made, expr.Negative)
    front: list[Expr] = []
    end: list[Expr] = []
    for part, e, is_inner in zip(parts, bare, inner, strict=True):
        if is_inner:
            (end if has_gradient(e) else front).append(e)
            is_negative ^= isinstance(part, expr.Negative)
    rest = factors_of(made.operand if isinstance(made, expr.Negative) else made)
    first = rest[:1] if isinstance(rest[0], expr.Number) else ()
    whole = expr.Product((*first, *front, *rest[len(first) :], *end))
    return negated(whole) if is_negative else whole


def has_gradient(e: Expr) -> bool:
    """Whether a derivative stands anywhere in it."""
    return any(isinstance(part, expr.Partial) for _, part in subterms(e))


def beside(e: Expr, scalar: Expr, network: Shaped) -> Expr:
    """`e` times a scalar: a gradient stands behind, as the chain rule has it, anything else in front."""
    return times_in(network, *((e, scalar) if has_gradient(scalar) else (scalar, e)))


def entrywise(*parts: Expr) -> Expr:
    """The Hadamard product, flat; signs are gathered in front."""
    factors: list[Expr] = []
    is_negative = False
    for part in parts:
        if isinstance(part, expr.Negative):
            is_negative, part = not is_negative, part.operand
        factors += part.factors if isinstance(part, expr.Hadamard) else (part,)
    made = factors[0] if len(factors) == 1 else expr.Hadamard(tuple(factors))
    return negated(made) if is_negative else made


def plus(*parts: Expr) -> Expr:
    """The sum, flat."""
    terms: list[Expr] = []
    for part in parts:
        terms += part.terms if isinstance(part, expr.Sum) else (part,)
    return terms[0] if len(terms) == 1 else expr.Sum(tuple(terms))


def over(numerator: Expr, denominator: Expr) -> Expr:
    """`numerator / denominator`, the sign in front."""
    if isinstance(numerator, expr.Negative):
        return negated(over(numerator.operand, denominator))
    return numerator if denominator == ONE_SCALAR else expr.Quotient(numerator, denominator)


def turned(e: Expr, network: Shaped) -> Expr:
    """The transpose, written without a mark where there is another way: `(A B)ᵀ` is `Bᵀ Aᵀ`."""
    return e if shape(e, network) == SCALAR else _turned(e, network)


@singledispatch
def _turned(e: Expr, network: Shaped) -> Expr:
    return e.T


@_turned.register
def _(e: expr.Transpose, network: Shaped) -> Expr:
    return e.operand


@_turned.register(expr.Identity)
@_turned.register(expr.Diagonal)
def _(e: Expr, network: Shaped) -> Expr:
    return e


@_turned.register
def _(e: expr.Negative, network: Shaped) -> Expr:
    return negated(turned(e.operand, network))


@_turned.register
def _(e: expr.Sum, network: Shaped) -> Expr:
    return plus(*(turned(term, network) for term in e.terms))


@_turned.register
def _(e: expr.Hadamard, network: Shaped) -> Expr:
    return entrywise(*(turned(factor, network) for factor in e.factors))


@_turned.register
def _(e: expr.Product, network: Shaped) -> Expr:
    # scalars stay in front or at the end, where they stand
    front: list[Expr] = []
    chain: list[Expr] = []
    end: list[Expr] = []
    for factor in e.factors:
        if shape(factor, network) == SCALAR:
            (end if chain else front).append(factor)
        else:
            chain.insert(0, turned(factor, network))
    return times_in(network, *front, *chain, *end)


@_turned.register
def _(e: EntrywiseQuotient, network: Shaped) -> Expr:
    return EntrywiseQuotient(turned(e.numerator, network), turned(e.denominator, network))


@_turned.register
def _(e: expr.Elementwise, network: Shaped) -> Expr:
    return expr.Elementwise(e.function, turned(e.operand, network), e.order)


@_turned.register
def _(e: expr.Quotient, network: Shaped) -> Expr:
    return over(turned(e.numerator, network), e.denominator)


@_turned.register
def _(e: expr.IndexedSum, network: Shaped) -> Expr:
    return expr.IndexedSum(e.index, e.lower, e.upper, turned(e.body, network))
