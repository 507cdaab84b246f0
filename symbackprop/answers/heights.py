"""How large the whole numbers in a formula may become: what differs by a multiple of the prime agrees in its field.

Numerators and denominators are multiplied out as polynomials in what is drawn at random; the height is a bound on the
sum of the sizes of their coefficients, as a power of two. Where the difference of two formulas has a height below that
of the prime, none of its coefficients is a multiple of it but 0. A function of something is a new indeterminate, and
equal for two arguments in the field where their difference is 0 there: so their heights are bounded too.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import singledispatch

from symbackprop import expr, groups, primitives
from symbackprop.answers.effort import TURNS
from symbackprop.dims import Dim
from symbackprop.expr import Expr, Partial, Variable
from symbackprop.judges.field import PRIME
from symbackprop.tree import children

# of the prime, less one for the difference of two numerators
BITS = math.log2(PRIME) - 1
# of the numbers in the formula of a known function, as the 2 in tanh
IN_FUNCTIONS = 2.0
Inner = Callable[[Expr], float]


@dataclass(frozen=True)
class Height:
    """Bits of numerator and denominator, and the most that the difference of two arguments of functions takes."""

    above: float = 0.0
    below: float = 0.0
    inside: float = 0.0

    def times(self, other: Height) -> Height:
        return Height(self.above + other.above, self.below + other.below, max(self.inside, other.inside))

    def plus(self, other: Height) -> Height:
        above = _added(self.above + other.below, other.above + self.below)
        return Height(above, self.below + other.below, max(self.inside, other.inside))

    def raised(self, exponent: Fraction) -> Height:
        count = math.ceil(abs(exponent))
        above, below = (self.above, self.below) if exponent >= 0 else (self.below, self.above)
        return Height(above * count, below * count, self.inside)


ONE = Height()


def is_below_the_prime(left: Expr, right: Expr, sizes: Inner) -> bool:
    """Whether the difference of two formulas, and of any two arguments of functions in them, is surely no multiple.

    Args:
        sizes: the bits of the number of terms that a product of matrices has in each entry.
    """
    one, two = (height(side, sizes) for side in (left, right))
    whole = one.plus(two)
    return whole.above <= BITS and whole.inside <= BITS


def no_sizes(e: Expr) -> float:
    """Where formulas are compared graph by graph, terms with other indices are other terms."""
    return 0.0


def _added(one: float, two: float) -> float:
    high, low = max(one, two), min(one, two)
    return high + (1.0 if high - low < 50 else 0.0)


@singledispatch
def height(e: Expr, sizes: Inner) -> Height:
    """The height of a formula; operations of which nothing is known multiply their operands."""
    made = ONE
    for part in children(e):
        made = made.times(height(part, sizes))
    return Height(made.above + sizes(e), made.below, made.inside)


@height.register
def _(e: Variable, sizes: Inner) -> Height:
    # computed from the network, by nothing that an answer can choose
    return ONE


@height.register
def _(e: Partial, sizes: Inner) -> Height:
    # that of what is differentiated, and as much again for the denominator of a fraction
    return height(e.of, sizes).raised(Fraction(2))


@height.register
def _(e: expr.Number, sizes: Inner) -> Height:
    return Height(_bits(e.value.numerator), _bits(e.value.denominator))


@height.register
def _(e: expr.Size, sizes: Inner) -> Height:
    return Height(_bits(_largest(e.size)))


def _bits(number: int) -> float:
    return math.log2(max(abs(number), 1))


def _largest(size: Dim) -> int:
    return abs(size.constant) + sum(abs(count) * TURNS for _, count in size.terms)


@height.register
def _(e: expr.Sum, sizes: Inner) -> Height:
    first, *rest = (height(part, sizes) for part in e.terms)
    for each in rest:
        first = first.plus(each)
    return first


@height.register
def _(e: expr.Quotient | primitives.EntrywiseQuotient, sizes: Inner) -> Height:
    return height(e.numerator, sizes).times(height(e.denominator, sizes).raised(Fraction(-1)))


@height.register
def _(e: expr.Power, sizes: Inner) -> Height:
    return height(e.base, sizes).raised(e.exponent)


@height.register
def _(e: groups.EntrywisePower, sizes: Inner) -> Height:
    return height(e.operand, sizes).raised(e.exponent)


@height.register
def _(e: expr.Elementwise | expr.LayerMap | expr.ActivationJacobian, sizes: Inner) -> Height:
    own = height(e.operand, sizes)
    both = own.plus(own)
    # of square and reciprocal the argument is a part itself
    return Height(2 * own.above + IN_FUNCTIONS, 2 * own.below + IN_FUNCTIONS, max(both.above, own.inside))


@height.register
def _(e: expr.IndexedProduct | expr.IndexedSum, sizes: Inner) -> Height:
    body, count = height(e.body, sizes), e.upper - e.lower + 1
    turns = max(count.constant, 1) if count.is_constant else TURNS
    if isinstance(e, expr.IndexedProduct):
        return Height((body.above + sizes(e)) * turns, body.below * turns, body.inside)
    return Height(body.above + body.below * turns + math.log2(turns), body.below * turns, body.inside)
