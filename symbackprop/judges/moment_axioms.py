"""What is taken to be true of means in a network with random weights: the axioms that `moment_forms` proves with.

`E[w_{i,k} w_{i',k'}] = δ_{i,i'} δ_{k,k'} Var[w]`, the mean of a product of what is independent is the product of the
means, what is linear in weights has mean 0, half of the squares are left by ReLU, and the units of a layer are alike.
Each holds because the network's `Draws` say so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

from symbackprop import expr
from symbackprop.chance import Variance
from symbackprop.dims import ONE, Bounds, Dim, at_most, units, width
from symbackprop.draws import RandomMLP
from symbackprop.equations import same_variable
from symbackprop.expr import Bias, Expr, Hidden, Partial, PreActivation, Variable, Weight
from symbackprop.indices import (
    UNIT,
    ZERO,
    Applied,
    Calculus,
    Delta,
    Entries,
    Factor,
    Inexpressible,
    Item,
    Raised,
    Term,
    plus,
    scaled,
    single,
    symbol_of,
    times,
    under,
)
from symbackprop.normalform import normal

MEAN = "E"
HALF = Fraction(1, 2)
# how often means are taken again
ROUNDS = 8

# reads an expression as a sum of products
Read = Callable[[Expr, "Moments"], Entries]


class Moments(Calculus):
    """A calculation with moments: the index calculus in a network with random weights."""

    def __init__(self, network: RandomMLP, known: Bounds, read: Read) -> None:
        super().__init__(network, known)
        self.random, self.draws, self.read = network, network.draws, read

    def inside(self, more: Bounds) -> Moments:
        """The same under a sum, where its index lies within its bounds."""
        return Moments(self.random, {**self.known, **more}, self.read)

    def fixed(self, at: Dim, size: Dim) -> Dim:
        """An index named in an expression: it lies within what is known of it, else within what it indexes."""
        name = symbol_of(at)
        upper = None if name is None else self.known.get(name, (None, None))[1]
        return super().fixed(self.network.normal(at), size if upper is None else self.network.normal(upper))

    def is_unit(self, k: Dim, layer: Dim | None) -> bool:
        """Whether `k` is surely a pre-activation of a layer, not its bias unit."""
        if layer is None:
            return False
        size, name = self.network.normal(units(layer)), symbol_of(k)
        if name in self.ranges:
            return self.within(k, self.sized(size))
        if name is not None:
            # the index of a sum reaches as far as its bound
            k = self.known.get(name, (None, k))[1] or k
        # every layer has a unit beside its bias unit, which its size in widths does not say
        return at_most(k, size, self.known)

    def is_bias(self, k: Dim, layer: Dim) -> bool:
        """Whether `k` is the bias unit of a layer."""
        return self.random.augmented and self.sized(k) == self.sized(self.network.normal(width(layer)))

    def is_hidden(self, layer: Dim, last: Dim | int = 0) -> bool:
        """Whether a layer surely has index 1 to `L + last`."""
        known = {**dict.fromkeys(self.network.depth.symbols, (ONE, None)), **self.known}
        return at_most(1, layer, known) and at_most(layer, self.network.depth + last, known)


def mean(one: Entries, work: Moments) -> Entries:
    """`E[…]`, which is linear."""
    parts = []
    for term in normal(one, work).terms:
        work.ranges.update(term.bound)
        parts.append(under(term.bound, scaled(term.coefficient, _of_product(term.factors, work))))
    return _again(normal(plus(*parts), work), work)


def _again(one: Entries, work: Moments) -> Entries:
    """The means in it taken once more: where two indices turned out to be one, more is known of them."""
    for _ in range(ROUNDS):
        parts = []
        for term in one.terms:
            work.ranges.update(term.bound)
            total = scaled(term.coefficient, UNIT)
            for factor in term.factors:
                match factor:
                    case Applied(function, _, Entries((Term(_, block),))) if function == MEAN:
                        total = times(total, _of_product(block, work))
                    case _:
                        total = times(total, single(factor))
            parts.append(under(term.bound, total))
        new = normal(plus(*parts), work)
        if new == one:
            return one
        one = new
    raise Inexpressible("the moments do not come to an end")


def _of_product(factors: tuple[Factor, ...], work: Moments) -> Entries:
    """The mean of a product: what is constant comes out, what is independent comes apart."""
    constant = [f for f in factors if not _variables(f)]
    waiting = [f for f in factors if _variables(f)]
    total = UNIT
    for factor in constant:
        total = times(total, single(factor))
    while waiting:
        block = [waiting.pop(0)]
        for other in block:
            joined = [f for f in waiting if not _independent(other, f, work)]
            waiting = [f for f in waiting if f not in joined]
            block += joined
        total = times(total, _of_block(tuple(block), work))
    return total


def _variables(factor: Factor) -> list[Expr]:
    """What is random in a factor: variables, and derivatives of the loss."""
    match factor:
        case Item(Variable() as v) if not isinstance(v, expr.Loss):
            return [v]
        case Item(Partial() as d):
            return [d]
        case Applied(function, _, _) if function == MEAN:
            return []
        case Applied(_, _, argument) | Raised(argument, _):
            return [v for term in argument.terms for f in term.factors for v in _variables(f)]
    return []


def _independent(one: Factor, two: Factor, work: Moments) -> bool:
    return all(_apart(a, b, one, two, work) for a in _variables(one) for b in _variables(two))


def _apart(a: Expr, b: Expr, one: Factor, two: Factor, work: Moments) -> bool:
    """Whether what is random in two factors is independent.

    Entries of weights are, one from another, where they surely differ; which two that are alike in a sum do is for
    `_of_block` to tell.
    """
    if isinstance(b, Weight | Bias) and not isinstance(a, Weight | Bias):
        a, b = b, a
    match a, b:
        case Weight() | Bias(), Weight() | Bias():
            return type(a) is not type(b) or not same_variable(a, b, work.known)
        case (Weight() | Bias()) as w, Variable() as v:
            return not work.network.computed_from(v, w, work.known)
        case ((Weight(layer) | Bias(layer)), Partial(_, PreActivation(q) | Hidden(q))):
            return work.draws.independent_gradients and at_most(layer + 1, q, work.known)
        case PreActivation(layer), Partial(_, PreActivation(q)):
            return work.draws.independent_gradients and at_most(layer + 1, q, work.known)
        case PreActivation(layer), Partial(_, Hidden(q)):
            return work.draws.independent_gradients and at_most(layer, q, work.known)
        case Partial(), PreActivation():
            return _apart(b, a, two, one, work)
    return False


def _of_block(block: tuple[Factor, ...], work: Moments) -> Entries:
    """The mean of a product of factors that may depend on each other."""
    match block:
        case (Item(Weight() | Bias()),):
            return ZERO
        case (Item(Weight(l), i, k), Item(Weight(), m, n)):
            return times(times(single(Delta(i, m)), single(Delta(k, n))), _variance(Weight(l), k, work))
        case (Item(Bias(l), i, _), Item(Bias(), m, _)):
            return times(single(Delta(i, m)), _variance(Bias(l), i, work))
        case (Item(PreActivation(l)),) if work.is_hidden(l, 1) and _is_linear(PreActivation(l), work):
            return ZERO
        case (Item(Partial(_, Hidden(l) | PreActivation(l))),) if work.draws.independent_gradients:
            if work.is_hidden(l):
                # linear in the weights of the layer after, which are independent of all else in it
                return ZERO
    half = _by_symmetry(block, work)
    if half is not None:
        return half
    if any(isinstance(v, Weight | Bias) for f in block for v in _variables(f)):
        raise Inexpressible("a moment of weights with what is computed from them, or of more than two")
    return _opaque(_first_unit(block, work), work)


def _is_linear(z: PreActivation, work: Moments) -> bool:
    """Whether the forward equation of `z` is linear in weights that are independent of the rest of it."""
    equation = work.network.definition(z, work.known)
    right = None if equation is None else equation.right
    return all(
        isinstance(term, expr.Product | Bias) for term in (right.terms if isinstance(right, expr.Sum) else (right,))
    )


def _variance(of: Weight | Bias, column: Dim, work: Moments) -> Entries:
    """The variance of an entry of a matrix of weights, or of a bias."""
    layer = of.index
    is_bias = isinstance(of, Bias) or work.is_bias(column, layer)
    if work.draws.biases == "zero":
        if is_bias:
            return ZERO
        if not work.is_unit(column, layer):
            raise Inexpressible(f"whether {column} is the bias unit of layer {layer} is not known")
    said = work.draws.variance_at(layer)
    return single(Item(Variance(Weight(layer)), ONE, ONE)) if said is None else work.read(said, work)


def _by_symmetry(block: tuple[Factor, ...], work: Moments) -> Entries | None:
    """`E[ReLU(z)²] = ½ E[z²]` and `E[ReLU'(z)] = ½` for a pre-activation that is as likely as its negative."""
    if not work.draws.symmetric:
        return None
    first = block[0]
    match first:
        case Applied("relu", order, Entries((Term(coefficient, (Item(PreActivation(l)) as z,), ()),))):
            if coefficient != 1 or any(f != first for f in block) or not work.is_hidden(l, 1):
                return None
            if order == 1 and work.draws.independent_gradients:
                return scaled(HALF, UNIT)
            if order == 0 and len(block) == 2:
                return scaled(HALF, _of_block((z, z), work))
    return None


def _first_unit(block: tuple[Factor, ...], work: Moments) -> tuple[Factor, ...]:
    """The factors with unit 1 in place of unit `k`, where all of them are about one unit: the units are alike."""
    rows: set[Dim] = set()
    for item in (item for factor in block for item in _items(factor)):
        match item:
            case Item(PreActivation(l), k, _) if work.is_hidden(l, 1) and work.is_unit(k, l):
                rows.add(k)
            case Item(Hidden(l), k, _) if work.is_hidden(l) and work.is_unit(k, l):
                rows.add(k)
            case Item(Partial(_, PreActivation(l) | Hidden(l)), k, _) if work.is_hidden(l) and work.is_unit(k, l):
                rows.add(k)
            case _:
                return block
    if len(rows) != 1:
        return block
    (row,) = rows
    name = symbol_of(row)
    if name is None:
        return block if row == ONE else tuple(_at_one(f, row) for f in block)
    return tuple(f.at({name: ONE}) for f in block)


def _items(factor: Factor) -> Iterator[Item]:
    match factor:
        case Item():
            yield factor
        case Applied(_, _, argument) | Raised(argument, _):
            for term in argument.terms:
                for inner in term.factors:
                    yield from _items(inner)


def _at_one(factor: Factor, row: Dim) -> Factor:
    match factor:
        case Item(of, k, column) if k == row:
            return Item(of, ONE, column)
        case Applied(function, order, argument):
            terms = tuple(
                Term(t.coefficient, tuple(_at_one(f, row) for f in t.factors), t.bound) for t in argument.terms
            )
            return Applied(function, order, Entries(terms))
    return factor


def _opaque(block: tuple[Factor, ...], work: Moments) -> Entries:
    return single(Applied(MEAN, 0, normal(Entries((Term(Fraction(1), block),)), work)))
