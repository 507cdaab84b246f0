"""How many indices a formula sums over, multiplied out, and how often that may count a size: what `uniform` rests on.

Everything here is a bound from above: a formula that is counted too high is compared at more and larger sizes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import singledispatch
from itertools import pairwise

from symbackprop import expr, groups, primitives
from symbackprop.answers.bare import (
    COLUMNS,
    ROWS,
    Counting,
    NotUniform,
    denominators,
    has_sums,
    is_bare,
    is_free,
    is_polynomial,
    is_target,
    large_factors,
)
from symbackprop.answers.question import Question
from symbackprop.answers.roots import free_roots
from symbackprop.dims import Dim, dim
from symbackprop.expr import LOSS, Expr, Partial, Variable
from symbackprop.substitution import free_symbols, own_dims
from symbackprop.tree import children, subterms


@dataclass(frozen=True)
class Terms:
    """Of every term of a numerator or a denominator.

    Attributes:
        vertices: the most indices that it sums over.
        degrees: of its coefficient, in the sizes.
    """

    vertices: int = 0
    degrees: Mapping[object, int] = field(default_factory=dict)

    def times(self, other: Terms) -> Terms:
        return Terms(self.vertices + other.vertices, Counter(self.degrees) + Counter(other.degrees))

    def or_else(self, other: Terms) -> Terms:
        return Terms(max(self.vertices, other.vertices), Counter(self.degrees) | Counter(other.degrees))


@dataclass(frozen=True)
class Count:
    """What is counted of a fraction."""

    above: Terms = Terms()
    below: Terms = Terms()

    def times(self, *others: Count) -> Count:
        made = self
        for other in others:
            made = Count(made.above.times(other.above), made.below.times(other.below))
        return made

    def plus(self, other: Count) -> Count:
        return Count(self.across(other), self.below.times(other.below))

    def across(self, other: Count) -> Terms:
        """The numerator of the sum, or of the difference."""
        return self.above.times(other.below).or_else(other.above.times(self.below))

    def raised(self, exponent: int) -> Count:
        one = self if exponent >= 0 else Count(self.below, self.above)
        return Count().times(*[one] * abs(exponent))

    @property
    def counts_sizes(self) -> bool:
        return bool(self.above.degrees or self.below.degrees)


NOTHING = Count()


def vertex(size: Dim, is_counted: bool) -> Count:
    """An index that is summed over; counted, where it may have no factor."""
    if not size.terms:
        return NOTHING
    return Count(Terms(1, Counter(atom for atom, _ in size.terms) if is_counted else {}))


# --- what is counted -------------------------------------------------------------------------------------------------

INDEXING = (expr.Entry, expr.Row, expr.Column, expr.Kronecker)


@singledispatch
def count(e: Expr, at: Counting) -> Count:
    """What is counted of a formula.

    Raises:
        NotUniform: where its form depends on a size.
    """
    raise NotUniform


def _of_parts(e: Expr, at: Counting) -> Count:
    return NOTHING.times(*(count(part, at) for part in children(e)))


MULTIPLIED = (
    expr.Number,
    expr.Ones,
    expr.Zeros,
    expr.Identity,
    expr.Transpose,
    expr.Hadamard,
    expr.Negative,
    expr.Diagonal,
    expr.WithoutBias,
    *INDEXING,
    primitives.DiagonalPart,
    primitives.Rows,
    expr.Columns,
)
for kind in MULTIPLIED:
    count.register(kind, _of_parts)


@count.register
def _(e: expr.Size, at: Counting) -> Count:
    return Count(Terms(0, Counter(atom for atom, _ in e.size.terms)))


@count.register
def _(e: expr.Sum, at: Counting) -> Count:
    first, *rest = (count(part, at) for part in e.terms)
    for each in rest:
        first = first.plus(each)
    return first


@count.register
def _(e: expr.Quotient, at: Counting) -> Count:
    return count(e.numerator, at).times(count(e.denominator, at).raised(-1))


@count.register
def _(e: primitives.EntrywiseQuotient, at: Counting) -> Count:
    if has_sums(e.denominator, at):
        # a denominator for every entry, which all sum over the same
        raise NotUniform
    return count(e.numerator, at).times(count(e.denominator, at).raised(-1))


@count.register
def _(e: expr.Elementwise | expr.LayerMap | expr.ActivationJacobian, at: Counting) -> Count:
    inner = count(e.operand, at)
    if not is_polynomial(e):
        return _argument(inner)
    # a square, or a multiple of the argument by a function of it
    return (
        inner
        if e.function == "identity"
        else inner.raised(2)
        if e.function == "square"
        else inner.times(_argument(inner))
    )


def _argument(inner: Count) -> Count:
    """A function is a new indeterminate for each argument, so arguments may not depend on sizes."""
    if inner.counts_sizes:
        raise NotUniform
    return Count(inner.above.times(inner.below))


@count.register
def _(e: primitives.Pairwise, at: Counting) -> Count:
    # b + (a - b) step(a - b)
    inner = count(e.left, at).plus(count(e.right, at))
    return inner.times(_argument(inner))


@count.register
def _(e: expr.Softmax | expr.LogSumExp, at: Counting) -> Count:
    # the sum over all entries is a vertex of the denominator
    if is_bare(e.operand, e.along == "column", at):
        raise NotUniform
    inner = _argument(count(e.operand, at)).above.times(Terms(1))
    return Count(inner, inner)


@count.register
def _(e: primitives.Trace, at: Counting) -> Count:
    is_counted = is_bare(e.operand, ROWS, at) and is_bare(e.operand, COLUMNS, at)
    return count(e.operand, at).times(vertex(at.shape(e.operand)[0], is_counted))


@count.register
def _(e: expr.Product, at: Counting) -> Count:
    joined = [
        vertex(at.shape(one)[1], is_bare(one, COLUMNS, at) and is_bare(two, ROWS, at))
        for one, two in pairwise(large_factors(e, at))
    ]
    return _of_parts(e, at).times(*joined)


@count.register
def _(e: expr.IndexedSum, at: Counting) -> Count:
    if e.lower != dim(1) or not e.upper.terms:
        raise NotUniform
    for below in denominators(e.body):
        if e.index in free_symbols(below) and has_sums(below, at):
            raise NotUniform
    is_counted = not all(_is_at(term, e.index, at) for term in _terms_of(e.body))
    return count(e.body, at).times(vertex(e.upper, is_counted))


def _terms_of(e: Expr) -> Iterator[Expr]:
    """The terms of a sum, without signs and numbers in front of brackets."""
    match e:
        case expr.Sum(terms):
            for term in terms:
                yield from _terms_of(term)
        case expr.Negative(operand):
            yield from _terms_of(operand)
        case _:
            yield e


def _is_at(term: Expr, name: str, at: Counting) -> bool:
    """Whether a factor of a term stands at an index, so that the vertex of the index has a factor."""
    match term:
        case expr.Entry(operand, row, column):
            here, there = name in row.symbols, column is not None and name in column.symbols
            return (here and not is_bare(operand, ROWS, at)) or (there and not is_bare(operand, COLUMNS, at))
        case expr.Row(operand, row):
            return name in row.symbols and not is_bare(operand, ROWS, at)
        case expr.Column(operand, column):
            return name in column.symbols and not is_bare(operand, COLUMNS, at)
        case expr.Product(factors):
            return any(_is_at(factor, name, at) for factor in factors)
        case expr.Quotient(above, _):
            return _is_at(above, name, at)
        case expr.Power(base, exponent):
            return exponent > 0 and _is_at(base, name, at)
    return False


@count.register
def _(e: expr.Power, at: Counting) -> Count:
    exponent = e.exponent
    if exponent.denominator != 1:
        return _of_root(e.base, at)
    if not isinstance(e.base, expr.Norm):
        return count(e.base, at).raised(exponent.numerator)
    if exponent.numerator % 2 or e.base.kind == "1":
        raise NotUniform
    rows, columns = at.shape(e.base.operand)
    sides = ((ROWS, rows), (COLUMNS, columns))
    both = (vertex(size, is_bare(e.base.operand, side, at)) for side, size in sides)
    return count(e.base.operand, at).raised(2).times(*both).raised(exponent.numerator // 2)


@count.register
def _(e: groups.EntrywisePower, at: Counting) -> Count:
    if e.exponent.denominator != 1 or (e.exponent < 0 and has_sums(e.operand, at)):
        raise NotUniform
    return count(e.operand, at).raised(e.exponent.numerator)


@count.register
def _(e: expr.SquareRoot, at: Counting) -> Count:
    return _of_root(e.operand, at)


def _of_root(radicand: Expr, at: Counting) -> Count:
    if at.is_full or radicand not in free_roots(at.question):
        raise NotUniform
    return NOTHING


@count.register
def _(e: Partial, at: Counting) -> Count:
    if e.of == LOSS:
        if not is_unknown(e, at.question):
            raise NotUniform
        return NOTHING
    # by the rules for products and fractions a term of a derivative has at most twice as many, and those asked for
    inner = count(e.of, replace(at, is_full=True))
    asked = Count(Terms(2))
    return Count(inner.above.times(inner.below).times(inner.above), inner.below.times(inner.below)).times(asked)


def is_unknown(e: Partial, question: Question) -> bool:
    """Whether it is the gradient of a loss of which nothing is known, by what that reads."""
    if e.of != LOSS:
        return False
    loss = question.network.definition(LOSS, {})
    return loss is not None and isinstance(loss.right, expr.Function) and e.wrt in loss.right.arguments


@count.register
def _(e: Variable, at: Counting) -> Count:
    if e.index is not None and not e.index.is_constant:
        raise NotUniform
    return at.question.network.kept(("count", e, at.divided, at.is_full), lambda: _of_variable(e, at))


def _of_variable(e: Variable, at: Counting) -> Count:
    made = at.definition(e)
    if made is None:
        rest = next((rest for offset, rest in free_roots(at.question).values() if offset == e), None)
        if rest is not None:
            # ε is s² less all else under the root
            return count(rest, at)
        # targets that sum to 1 are numbers over their sum
        return Count(Terms(1), Terms(1)) if is_target(e, at.question) else NOTHING
    if not at.is_full and is_free(e, at.question):
        return NOTHING
    if any(isinstance(part, Partial) for _, part in subterms(made)):
        raise NotUniform
    return count(made, at)


# --- indices ---------------------------------------------------------------------------------------------------------


def check_indices(question: Question, sides: Iterable[Expr]) -> None:
    """Refuse entries but those at letters, two of which may be free: then they are equal, or they are not.

    Raises:
        NotUniform: for other ones.
    """
    free: set[str] = set()
    for side in sides:
        free |= free_symbols(side)
        for _, part in subterms(side):
            if isinstance(part, INDEXING) and not all(map(_is_letter, own_dims(part))):
                raise NotUniform
    if len(free - set(getattr(question.network, "sizes", ()))) > 2:
        raise NotUniform


def _is_letter(place: Dim) -> bool:
    return place.constant == 0 and len(place.terms) == 1 and place.terms[0][1] == 1 and bool(place.symbols)
