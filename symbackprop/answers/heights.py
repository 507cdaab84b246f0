"""How large the whole numbers in a formula may become: what differs by a multiple of the prime agrees in its field.

Numerators and denominators are multiplied out as polynomials in what is drawn at random; the height is a bound on the
sum of the sizes of their coefficients, as a power of two. Where the difference of two formulas has a height below that
of the prime, none of its coefficients is a multiple of it but 0. A function of something is a new indeterminate, and
equal for two arguments in the field where their difference is 0 there: so their heights are bounded too. What the
network computes is written out for that: who divides `z` by `h = z/2` has a 2, and the 61st power of it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import singledispatch

from symbackprop import expr, groups, primitives
from symbackprop.answers.bare import is_free
from symbackprop.answers.question import Question
from symbackprop.answers.vertices import is_unknown
from symbackprop.dims import Dim, Symbol
from symbackprop.equations import same_family
from symbackprop.expr import Expr, Partial, Variable
from symbackprop.judges.field import PRIME
from symbackprop.judges.scalars import RATIONAL, bits_of, is_folded
from symbackprop.keeping import kept
from symbackprop.shapes import shape
from symbackprop.statements import Chain
from symbackprop.tree import children, subterms

# of the prime, less one for the difference of two numerators
BITS = math.log2(PRIME) - 1
# a number, or bits of it, of which nothing is known
FAR = 2.0**70
# functions of which the values are fractions of random numbers, and those that are their argument times such a fraction
OF_HASHES = frozenset({"exp", "sigmoid", "tanh", "sign", "step"})
PIECES = frozenset({"identity", "relu", "abs"})


@dataclass(frozen=True)
class Counted:
    """Where whole numbers are counted.

    Attributes:
        by_graphs: whether terms with other indices are other terms, and sizes are letters: then formulas are compared
            graph by graph. Else every size is a number.
        ranges: the largest value of each index that a sum or product binds.
    """

    question: Question
    by_graphs: bool = False
    ranges: Mapping[str, float] = field(default_factory=dict)

    def largest(self, size: Dim) -> float:
        """How large a size is at most; the sum of its coefficients, where sizes are letters."""
        return abs(size.constant) + sum(abs(times) * self._largest(atom) for atom, times in size.terms)

    def _largest(self, atom: object) -> float:
        if isinstance(atom, Symbol) and atom.name in self.ranges:
            return self.ranges[atom.name]
        if self.by_graphs:
            return 1.0
        widths = getattr(self.question.network, "widths", None)
        return FAR if isinstance(atom, Symbol) or widths is None else max(widths)

    def terms(self, *sizes: Dim) -> float:
        """The bits of the number of terms in a sum over indices of these sizes."""
        return 0.0 if self.by_graphs else sum(_bits(self.largest(size)) for size in sizes)

    def turns(self, e: expr.IndexedProduct | expr.IndexedSum) -> float:
        """How many values an index takes."""
        return max(self.largest(e.upper - e.lower + 1), 1.0)

    def inside(self, e: expr.IndexedProduct | expr.IndexedSum) -> Counted:
        """The same where an index is bound."""
        last = FAR if self.by_graphs else max(self.largest(e.lower), self.largest(e.upper))
        return replace(self, ranges={**self.ranges, e.index: last})


@dataclass(frozen=True)
class Height:
    """Of a fraction.

    Attributes:
        above: bits of the numerator; below: of the denominator.
        argument: bits of the largest numerator, and of the largest denominator, of what functions are taken of.
        chain: bits that the chain rule brings out of functions.
        degree: of numerator and denominator together; a derivative counts its factors.
        is_whole: whether the denominator is a number.
    """

    above: float = 0.0
    below: float = 0.0
    argument: tuple[float, float] = (0.0, 0.0)
    chain: float = 0.0
    degree: float = 0.0
    is_whole: bool = True

    def times(self, other: Height) -> Height:
        return replace(self._with(other), above=self.above + other.above, below=self.below + other.below)

    def plus(self, other: Height) -> Height:
        above = _added(self.above + other.below, other.above + self.below)
        return replace(self._with(other), above=above, below=self.below + other.below)

    def _with(self, other: Height) -> Height:
        (one, two), (three, four) = self.argument, other.argument
        return Height(
            argument=(max(one, three), max(two, four)),
            chain=self.chain + other.chain,
            degree=self.degree + other.degree,
            is_whole=self.is_whole and other.is_whole,
        )

    def raised(self, exponent: Fraction | int) -> Height:
        count = float(math.ceil(abs(exponent)))
        above, below = (self.above, self.below) if exponent >= 0 else (self.below, self.above)
        is_whole = self.is_whole and (exponent >= 0 or not self.degree)
        return replace(self, above=above * count, below=below * count, degree=self.degree * count, is_whole=is_whole)

    def more(self, above: float, below: float = 0.0) -> Height:
        return replace(self, above=self.above + above, below=self.below + below)


ONE = Height()
LETTER = Height(degree=1.0)
UNKNOWN = Height(FAR, FAR)


def is_below_the_prime(left: Expr, right: Expr, at: Counted) -> bool:
    """Whether the difference of two formulas, and of any two arguments of functions in them, is surely no multiple."""
    whole = height(left, at).plus(height(right, at))
    return whole.above <= BITS and sum(whole.argument) + 1 <= BITS


def bits_written(e: Expr) -> float:
    """The bits of all numbers that stand in a formula, in its bounds and sizes too; of a power, as often as it says."""
    return kept(e, "_bits_written", _bits_written)


def _bits_written(e: Expr) -> float:
    inside = sum(map(bits_written, children(e)))
    match e:
        case expr.Number(value):
            return _bits(value.numerator) + _bits(value.denominator)
        case expr.Power(_, exponent) | groups.EntrywisePower(_, exponent):
            return min(float(abs(exponent)), FAR) * inside + _bits(exponent.numerator)
    return inside + sum(_bits(size.constant) for size in vars(e).values() if isinstance(size, Dim))


def _added(one: float, two: float) -> float:
    high, low = max(one, two), min(one, two)
    return high + (1.0 if high - low < 50 else 0.0)


def _bits(number: float) -> float:
    return math.log2(max(abs(number), 1))


@singledispatch
def height(e: Expr, at: Counted) -> Height:
    """The height of a formula; operations of which nothing is known multiply their operands."""
    made = ONE
    for part in children(e):
        made = made.times(height(part, at))
    return made


@height.register
def _(e: Partial, at: Counted) -> Height:
    if is_unknown(e, at.question):
        return LETTER
    # (N/D)' = (N'D - ND')/D², in which every factor of a term is differentiated once
    of = height(e.of, at)
    more = of.chain + _bits(of.degree)
    if of.is_whole:
        return replace(of.more(more, of.chain), chain=2 * of.chain)
    return replace(of.more(of.below + more, of.below + of.chain), chain=2 * of.chain, degree=2 * of.degree)


@height.register
def _(e: expr.Number, at: Counted) -> Height:
    return Height(_bits(e.value.numerator), _bits(e.value.denominator))


@height.register
def _(e: expr.Size, at: Counted) -> Height:
    return Height(_bits(at.largest(e.size)))


@height.register
def _(e: expr.Sum, at: Counted) -> Height:
    first, *rest = (height(part, at) for part in e.terms)
    for each in rest:
        first = first.plus(each)
    return first


@height.register
def _(e: expr.Quotient | primitives.EntrywiseQuotient, at: Counted) -> Height:
    return height(e.numerator, at).times(height(e.denominator, at).raised(-1))


@height.register
def _(e: expr.Power, at: Counted) -> Height:
    return height(e.base, at).raised(e.exponent)


@height.register
def _(e: groups.EntrywisePower, at: Counted) -> Height:
    return height(e.operand, at).raised(e.exponent)


@height.register
def _(e: primitives.Stacked, at: Counted) -> Height:
    # the largest of its entries, over a common denominator
    every = [height(part, at) for part in children(e)]
    made = ONE
    for each in every:
        made = made.times(each)
    if all(isinstance(part, expr.Number | primitives.Stacked) for part in children(e)):
        values = [part.value for _, part in subterms(e) if isinstance(part, expr.Number)]
        below = _bits(math.lcm(*(value.denominator for value in values)))
        return Height(max(_bits(value.numerator) for value in values) + below, below)
    return replace(made, above=max(each.above for each in every) + made.below)


# --- sums over entries -----------------------------------------------------------------------------------------------


@height.register
def _(e: expr.Product, at: Counted) -> Height:
    made = ONE
    for factor in e.factors:
        made = made.times(height(factor, at))
    return made.more(at.terms(*(shape(factor, at.question.network)[1] for factor in e.factors)))


@height.register
def _(e: primitives.Trace | expr.Norm | expr.Softmax | expr.LogSumExp, at: Counted) -> Height:
    own, more = height(e.operand, at), at.terms(*shape(e.operand, at.question.network))
    if isinstance(e, primitives.Trace):
        return own.more(more)
    # a root has a half for its slope; an exponential of each entry is divided by the sum of all
    chain = own.chain + own.above + 2 * own.below
    return replace(own.more(more + 1, more + 1), degree=own.degree + 2, chain=chain, is_whole=False)


@height.register
def _(e: expr.IndexedProduct | expr.IndexedSum, at: Counted) -> Height:
    body, turns = height(e.body, at.inside(e)), at.turns(e)
    every = replace(body, chain=body.chain * turns, degree=body.degree * turns)
    if isinstance(e, expr.IndexedProduct):
        more = at.terms(shape(e.body, at.question.network)[1])
        return replace(every, above=(body.above + more) * turns, below=body.below * turns)
    return replace(every, above=body.above + body.below * turns + _bits(turns), below=body.below * turns)


# --- functions -------------------------------------------------------------------------------------------------------


@height.register
def _(e: expr.Elementwise | expr.LayerMap | expr.ActivationJacobian, at: Counted) -> Height:
    own, order = height(e.operand, at), getattr(e, "order", int(isinstance(e, expr.ActivationJacobian)))
    name, made = e.function, _of_unknown(own)
    if not is_folded(e) and name not in RATIONAL:
        return made
    bits = bits_of(name, order)
    if name in OF_HASHES:
        return replace(made.more(bits, bits), is_whole=name in ("sign", "step"))
    if name in PIECES and not order:
        return replace(made, above=own.above + bits, below=own.below + bits, is_whole=own.is_whole)
    # `log'` is a fraction of its argument, and `log` of an exponential is what that was taken of
    size = max(2, 1 + order) * (own.above + own.below) + sum(own.argument) + bits
    return replace(made, above=size, below=size, degree=(2 + order) * made.degree, is_whole=False)


def _of_unknown(own: Height) -> Height:
    """A function of something: a new indeterminate."""
    largest, least = own.argument
    return Height(
        argument=(max(largest, own.above), max(least, own.below)),
        chain=own.chain + own.above + 2 * own.below + _bits(own.degree),
        degree=1 + own.degree,
    )


@height.register
def _(e: expr.Function, at: Counted) -> Height:
    made = ONE
    for part in e.arguments:
        made = made.times(height(part, at))
    return _of_unknown(made)


@height.register
def _(e: primitives.Pairwise, at: Counted) -> Height:
    # b + (a - b) step(a - b)
    both = height(e.left, at).plus(height(e.right, at))
    return replace(_of_unknown(both), above=both.above + 2, below=both.below + 2)


# --- what the network computes ---------------------------------------------------------------------------------------


@height.register
def _(e: Variable, at: Counted) -> Height:
    key = ("height", e, at.by_graphs)
    return at.question.network.kept(key, lambda: _of_variable(e, Counted(at.question, at.by_graphs)))


def _of_variable(e: Variable, at: Counted) -> Height:
    if is_free(e, at.question):
        return LETTER
    try:
        made = at.question.network.definition(_last(e, at.question), {})
    except LookupError:
        return UNKNOWN
    if made is not None:
        found = height(made.right, at)
        # it may be a number, and somebody differentiates by it
        return replace(found, degree=max(found.degree, 1.0))
    # what is assumed is made true by fractions, as targets are numbers over their sum
    about = [chain for chain in at.question.given if any(part == e for _, part in subterms(chain))]
    bits = sum(map(_numbers, about)) + at.terms(*shape(e, at.question.network)) if about else 0.0
    return Height(bits, bits, degree=2.0 if about else 1.0, is_whole=not about)


def _numbers(chain: Chain) -> float:
    """The bits of all numbers in an equation."""
    values = (part.value for _, part in subterms(chain) if isinstance(part, expr.Number))
    return sum(_bits(value.numerator) + _bits(value.denominator) for value in values)


def _last(e: Variable, question: Question) -> Variable:
    """Of a family, the member that takes most equations."""
    if e.index is None or e.index.is_constant:
        return e
    network = question.network
    family = next((each for each in network.equations if each.index and same_family(each.left, e)), None)
    return e if family is None else family.member(family.upper).left
