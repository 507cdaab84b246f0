"""What a formula costs: how many multiplications it takes, by the sizes, and how many numbers a pass keeps.

Products are worked out one factor at a time, and that is where the cost lies: `A B v`, with `A` m×n and `B` n×p, takes
`m n + n p` multiplications from the right and `m n p + m p` from the left. Additions come with multiplications, one
each or one fewer, and functions of one variable are evaluated once an entry; neither is counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import singledispatch

from symbackprop import expr
from symbackprop.asked import all_gradients
from symbackprop.dims import ONE, Dim, Symbol, dim
from symbackprop.equations import Network
from symbackprop.errors import SymbackpropError
from symbackprop.expr import LOSS, Expr, Partial, Size, Variable, number
from symbackprop.forms import plus, times
from symbackprop.forward import ForwardNetwork
from symbackprop.primitives import EntrywiseQuotient
from symbackprop.shapes import SCALAR, shape
from symbackprop.tree import children

LEFT, RIGHT, BEST = "left", "right", "best"
ORDERS = (LEFT, RIGHT, BEST)


@dataclass(frozen=True)
class Count:
    """A polynomial in sizes: `2 m n + n` is `{(m, n): 2, (n,): 1}`."""

    terms: tuple[tuple[tuple[Dim, ...], int], ...] = ()

    @classmethod
    def of(cls, *sizes: Dim) -> Count:
        """The product of some sizes."""
        factor, rest = 1, []
        for size in sizes:
            if size.is_constant:
                factor *= size.constant
            else:
                rest.append(size)
        return cls(((tuple(sorted(rest, key=str)), factor),)) if factor else cls()

    def __add__(self, other: Count) -> Count:
        total = dict(self.terms)
        for sizes, count in other.terms:
            total[sizes] = total.get(sizes, 0) + count
        return Count(tuple(total.items()))

    def __eq__(self, other: object) -> bool:
        return dict(self.terms) == dict(other.terms) if isinstance(other, Count) else NotImplemented

    def __hash__(self) -> int:
        return hash(frozenset(self.terms))

    def __bool__(self) -> bool:
        return bool(self.terms)

    def at(self, sizes: Mapping[str, int]) -> int:
        """The number, with numbers for the letters.

        Raises:
            SymbackpropError: for a letter without a number.
        """
        values = {name: dim(value) for name, value in sizes.items()}
        total = 0
        for own, count in self.terms:
            for size in own:
                known = size.at(values)
                if not known.is_constant:
                    raise SymbackpropError(f"the size {size} has no number: give one for {', '.join(known.names)}")
                count *= known.constant
            total += count
        return total

    def expression(self) -> Expr:
        """The polynomial as an expression."""
        parts = [times(number(count), *map(Size, sizes)) for sizes, count in self.terms]
        return plus(*parts) if parts else number(0)

    def __str__(self) -> str:
        return " + ".join(_written(sizes, count) for sizes, count in self.terms) or "0"


def _written(sizes: tuple[Dim, ...], count: int) -> str:
    own = [f"({size})" if len(size.terms) + bool(size.constant) > 1 else str(size) for size in sizes]
    return " ".join([*([str(count)] if count != 1 or not own else []), *own])


def total(counts: Iterable[Count]) -> Count:
    """The sum."""
    return sum(counts, start=Count())


# --- multiplications -------------------------------------------------------------------------------------------------


def multiplications(e: Expr, network: Network, order: str = BEST) -> Count:
    """How many multiplications and divisions the value of an expression takes; variables and gradients are at hand.

    Args:
        order: in which products are worked out: "left" to right, "right" to left, or, for "best", from the end that is
            a vector, and from the left where neither is.

    Raises:
        SymbackpropError: for another order, or an expression that binds an index.
    """
    if order not in ORDERS:
        raise SymbackpropError(f"there is no order {order!r}: write one of {', '.join(ORDERS)}")
    if isinstance(e, Variable | Partial):
        return Count()
    return _own(e, network, order) + total(multiplications(part, network, order) for part in children(e))


@singledispatch
def _own(e: Expr, network: Network, order: str) -> Count:
    """The multiplications of a node itself, its operands at hand."""
    if isinstance(e, expr.IndexedSum | expr.IndexedProduct):
        raise SymbackpropError(f"{e} has a term for every {e.index}: count those of one, and take them times")
    return Count()


@_own.register(expr.Quotient)
@_own.register(EntrywiseQuotient)
@_own.register(expr.Softmax)
def _(e: Expr, network: Network, order: str) -> Count:
    return Count.of(*shape(e, network))


@_own.register
def _(e: expr.Hadamard, network: Network, order: str) -> Count:
    return total([Count.of(*shape(e, network))] * (len(e.factors) - 1))


@_own.register
def _(e: expr.Power, network: Network, order: str) -> Count:
    return Count.of(*shape(e.base, network))


@_own.register
def _(e: expr.Norm, network: Network, order: str) -> Count:
    return Count() if e.kind == "1" else Count.of(*shape(e.operand, network))


@_own.register
def _(e: expr.Product, network: Network, order: str) -> Count:
    scalars = [f for f in e.factors if shape(f, network) == SCALAR]
    rest = [f for f in e.factors if shape(f, network) != SCALAR]
    # a number 1 and a sign cost nothing; every other scalar is multiplied with what is there by then
    found = total([Count.of(*shape(e, network))] * (len(scalars) - (not rest)))
    return found + _chain(rest, network, order)


def _chain(factors: list[Expr], network: Network, order: str) -> Count:
    """Matrix after matrix, from one end."""
    if len(factors) < 2:
        return Count()
    is_column, is_row = shape(factors[-1], network)[1] == ONE, shape(factors[0], network)[0] == ONE
    from_left = order == LEFT or (order == BEST and (is_row or not is_column))
    rows = list(factors) if from_left else factors[::-1]
    found, so_far = Count(), rows[0]
    for nxt in rows[1:]:
        left, right = (so_far, nxt) if from_left else (nxt, so_far)
        found += _pair(left, right, network)
        so_far = left @ right
    return found


def _pair(left: Expr, right: Expr, network: Network) -> Count:
    """`A B`: every entry of `A` meets every column of `B`; a diagonal matrix has one entry in a row that counts."""
    (m, n), (_, p) = shape(left, network), shape(right, network)
    if isinstance(left, expr.Diagonal | expr.ActivationJacobian):
        return Count.of(m, p)
    if isinstance(right, expr.Diagonal | expr.ActivationJacobian):
        return Count.of(m, shape(right, network)[0])
    # a row or a column of ones adds up or copies
    if _is_ones(left) or _is_ones(right):
        return Count()
    return Count.of(m, n, p)


def _is_ones(e: Expr) -> bool:
    return isinstance(e.operand if isinstance(e, expr.Transpose) else e, expr.Ones)


# --- passes ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cost:
    """What a line of a pass costs.

    Attributes:
        line: `left = right` that is worked out; kept: how many numbers it leaves to be kept.
    """

    left: Expr
    right: Expr
    multiplications: Count
    kept: Count


def forward_pass(network: ForwardNetwork) -> tuple[Cost, ...]:
    """What every forward equation costs; what it computes is kept for the backward pass."""
    return tuple(_cost(each.left, each.right, network) for each in network.equations)


def backward_pass(network: ForwardNetwork) -> tuple[Cost, ...]:
    """What every gradient costs: by what the network computes, and by its parameters and inputs.

    Raises:
        SymbackpropError: for a network whose loss depends on nothing.
    """
    lines = all_gradients(network).derivations
    return tuple(_cost(line.start, line.result, network) for line in lines)


def _cost(left: Expr, right: Expr, network: ForwardNetwork) -> Cost:
    own = ONE, ONE
    return Cost(
        left, right, multiplications(right, network), Count.of(*(own if left == LOSS else shape(left, network)))
    )


def letters(count: Count) -> tuple[str, ...]:
    """The letters of the sizes in a count, in order."""
    found = {
        atom.name for sizes, _ in count.terms for size in sizes for atom, _ in size.terms if isinstance(atom, Symbol)
    }
    return tuple(sorted(found))
