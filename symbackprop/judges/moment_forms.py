"""Claims about means and variances in a network with random weights, proved in a normal form of moments.

Both sides become sums of products of moments: products inside an expectation are multiplied out by the index calculus,
and what the network's `Draws` say is used as axioms: `E[w_{i,k} w_{i',k'}] = δ_{i,i'} δ_{k,k'} Var[w]`, independence,
symmetry, and that the units of a layer are alike. Forward equations are put in until both sides agree. No rule is
imported here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from functools import singledispatch
from itertools import zip_longest

from symbackprop import expr
from symbackprop.chance import Expectation, Variance
from symbackprop.dims import ONE, Bounds, Dim, index, units, width
from symbackprop.draws import RandomMLP
from symbackprop.equations import Network
from symbackprop.expr import LOSS, Bias, Entry, Expr, Hidden, Partial, PreActivation, Variable, Weight
from symbackprop.indices import (
    UNIT,
    ZERO,
    Applied,
    Entries,
    Inexpressible,
    Item,
    Raised,
    Term,
    count,
    plus,
    scaled,
    single,
    summed,
    symbol_of,
    times,
)
from symbackprop.judges.moment_axioms import Moments, mean
from symbackprop.normalform import normal, raised
from symbackprop.statements import Chain
from symbackprop.substitution import free_symbols, substitute
from symbackprop.tree import children, rebuild

# how often a forward equation is put in on either side
UNFOLDINGS = 4


def prove(left: Expr, right: Expr, network: Network, known: Bounds, given: tuple[Chain, ...] = ()) -> str | None:
    """What the equality of two scalars with moments in them rests on, for all widths; None where it is not proved.

    Args:
        known: bounds of the free integer symbols.
        given: equations assumed.
    """
    if not isinstance(network, RandomMLP):
        return None
    work = Moments(network, known, moments)
    sides: tuple[list[Entries], list[Entries]] = ([], [])
    # both sides in turn: most lines differ by nothing or by one forward equation
    for forms in zip_longest(_forms(left, work), _forms(right, work)):
        for here, there, form in zip(sides, reversed(sides), forms, strict=True):
            if form is None:
                continue
            if form in there:
                return "moments by entries"
            if any(_differ_by(form, other, chain, work) for other in there for chain in given):
                return "moments by entries, and an equation assumed"
            here.append(form)
    return None


def _forms(e: Expr, work: Moments) -> Iterator[Entries]:
    """The normal forms of an expression as it is and with forward equations put in, each once."""
    waiting, seen = [(e, 0)], {e}
    while waiting:
        here, depth = waiting.pop(0)
        with suppress(Inexpressible, LookupError):
            yield normal(moments(here, work), work)
        if depth < UNFOLDINGS:
            for kind in (PreActivation, Hidden):
                for of_loss in (False, True):
                    new = _unfolded(here, kind, of_loss, work)
                    if new not in seen:
                        seen.add(new)
                        waiting.append((new, depth + 1))


def _differ_by(one: Entries, two: Entries, chain: Chain, work: Moments) -> bool:
    """Whether the difference of two forms is a multiple of that of both sides of an equation assumed."""
    if chain.relations != ("=",):
        return False
    gap = normal(plus(one, scaled(-1, two)), work)
    zero = normal(plus(moments(chain.sides[0], work), scaled(-1, moments(chain.sides[1], work))), work)
    for term in gap.terms:
        for unit in zero.terms:
            multiple = times(Entries((term,)), raised(Entries((unit,)), Fraction(-1)))
            for split in (multiple, times(Entries((term,)), _inverse(unit))):
                if normal(times(split, zero), work) == gap:
                    return True
    return False


def _inverse(term: Term) -> Entries:
    """`1/term`, factor by factor; a term with sums has none."""
    if term.bound or not term.coefficient:
        return ZERO
    total = scaled(1 / term.coefficient, UNIT)
    for factor in term.factors:
        base, power = (factor.base, -factor.exponent) if isinstance(factor, Raised) else (single(factor), Fraction(-1))
        total = times(total, raised(base, power))
    return total


# --- forward equations -----------------------------------------------------------------------------------------------


def _unfolded(e: Expr, kind: type[Variable], of_loss: bool, work: Moments) -> Expr:
    """The expression with every entry of a kind, or derivative of the loss by one, put in by the forward equations."""
    found: Expr | None = None
    match e:
        case Entry(Variable() as v, k, None) if isinstance(v, kind) and not of_loss:
            found = _forward(v, k, work)
        case Partial(expr.Loss(), Entry(Variable() as v, k, None)) | Entry(
            Partial(expr.Loss(), Variable() as v), k, None
        ):
            # a derivative by an entry is not one by what the entry is computed from
            found = _backward(v, k, work) if isinstance(v, kind) and of_loss else e
    if found is not None:
        return found
    if isinstance(e, expr.IndexedSum):
        inner = work.inside({e.index: (e.lower, e.upper)})
        return expr.IndexedSum(e.index, e.lower, e.upper, _unfolded(e.body, kind, of_loss, inner))
    operands = children(e)
    changed = tuple([_unfolded(child, kind, of_loss, work) for child in operands])
    return e if all(new is old for new, old in zip(changed, operands, strict=True)) else rebuild(e, changed)


def _fresh(*taken: Dim) -> str:
    used = {name for each in taken for name in each.symbols}
    return next(name for name in map("ι{}".format, range(len(used) + 1)) if name not in used)


def _forward(v: Variable, k: Dim, work: Moments) -> Expr | None:
    """`z_{l+1,i} = Σ_k w_{l,i,k} h_{l,k}` and `h_{l,k} = g(z_{l,k})`."""
    try:
        equation = work.network.definition(v, work.known)
    except LookupError:
        return None
    if equation is None:
        return None
    terms: list[Expr] = []
    for term in equation.right.terms if isinstance(equation.right, expr.Sum) else (equation.right,):
        match term:
            case expr.Product((Weight() as W, Hidden() as h)):
                m, last = _fresh(k, h.index), work.network.normal(width(h.index))
                bias = work.network.constant(h, last)
                size = last if bias is None else work.network.normal(units(h.index))
                terms.append(expr.IndexedSum(m, ONE, size, Entry(W, k, index(m)) @ Entry(h, index(m))))
                if bias is not None:
                    terms.append(expr.number(bias) @ Entry(W, k, last))
            case Bias():
                terms.append(Entry(term, k))
            case expr.LayerMap(function, z) if isinstance(z, Variable) and work.is_unit(k, z.index):
                terms.append(expr.Elementwise(function, Entry(z, k)))
            case expr.Elementwise(function, Variable() as z, 0):
                terms.append(expr.Elementwise(function, Entry(z, k)))
            case _:
                return None
    return terms[0] if len(terms) == 1 else expr.Sum(tuple(terms))


def _backward(v: Variable, k: Dim, work: Moments) -> Expr | None:
    """`∂L/∂h_{l,k} = Σ_i w_{l,i,k} ∂L/∂z_{l+1,i}` and `∂L/∂z_{l,k} = g'(z_{l,k}) ∂L/∂h_{l,k}`: the chain rule."""
    try:
        uses = work.network.uses(v, work.known)
    except LookupError:
        return None
    if len(uses) != 1:
        return None
    after, (right, *others) = uses[0].left, _terms(uses[0].right)
    match right:
        case expr.Product((Weight() as W, Hidden() as h)) if h == v and all(isinstance(b, Bias) for b in others):
            assert after.index is not None
            i = _fresh(k, after.index)
            body = Entry(W, index(i), k) @ Partial(LOSS, Entry(after, index(i)))
            return expr.IndexedSum(i, ONE, work.network.normal(units(after.index)), body)
        case expr.LayerMap(function, z) | expr.Elementwise(function, z, 0) if z == v and not others:
            return expr.Elementwise(function, Entry(v, k), 1) @ Partial(LOSS, Entry(after, k))
    return None


def _terms(e: Expr) -> tuple[Expr, ...]:
    return e.terms if isinstance(e, expr.Sum) else (e,)


# --- the normal form -------------------------------------------------------------------------------------------------


@singledispatch
def moments(e: Expr, work: Moments) -> Entries:
    """A scalar as a sum of products of entries, constants and moments.

    Raises:
        Inexpressible: for what is none.
    """
    raise Inexpressible(f"{e} is not a polynomial in entries and moments")


@moments.register
def _(e: expr.Number, work: Moments) -> Entries:
    return scaled(e.value, UNIT)


@moments.register
def _(e: expr.Size, work: Moments) -> Entries:
    return count(work.sized(work.network.normal(e.size)))


@moments.register
def _(e: expr.Product, work: Moments) -> Entries:
    total = UNIT
    for factor in e.factors:
        total = times(total, moments(factor, work))
    return total


@moments.register
def _(e: expr.Sum, work: Moments) -> Entries:
    return plus(*(moments(term, work) for term in e.terms))


@moments.register
def _(e: expr.Negative, work: Moments) -> Entries:
    return scaled(-1, moments(e.operand, work))


@moments.register
def _(e: expr.Quotient, work: Moments) -> Entries:
    return times(moments(e.numerator, work), raised(normal(moments(e.denominator, work), work), Fraction(-1)))


@moments.register
def _(e: expr.Power, work: Moments) -> Entries:
    return raised(normal(moments(e.base, work), work), e.exponent)


@moments.register
def _(e: expr.IndexedSum, work: Moments) -> Entries:
    if e.lower != ONE:
        raise Inexpressible("a sum by entries starts at 1")
    i = work.index(work.network.normal(e.upper))
    terms = moments(substitute(e.body, {e.index: i}), work)
    if any(isinstance(f, Item) and free_symbols(f.of) & i.symbols for t in terms.terms for f in t.factors):
        raise Inexpressible(f"{e} sums over a family, and only the places of entries are summed over")
    return _split(summed(i, terms, work), work)


def _split(one: Entries, work: Moments) -> Entries:
    """Sums over all units of a layer as those without the bias unit and the term of the bias unit."""
    parts: list[Entries] = []
    waiting = list(one.terms)
    while waiting:
        term = waiting.pop()
        for name, size in term.bound:
            layer = _layer_of(name, term)
            if layer is not None and work.is_bias(size, layer):
                rest = tuple(pair for pair in term.bound if pair[0] != name)
                shorter = (*rest, (name, work.sized(work.network.normal(units(layer)))))
                work.ranges[name] = shorter[-1][1]
                waiting.append(Term(term.coefficient, term.factors, shorter))
                last = Term(term.coefficient, term.factors).at({name: work.network.normal(width(layer))})
                waiting.append(Term(last.coefficient, last.factors, rest))
                break
        else:
            parts.append(Entries((term,)))
    return plus(*parts)


def _layer_of(name: str, term: Term) -> Dim | None:
    """The layer whose units an index of a sum runs over."""
    for factor in term.factors:
        match factor:
            case Item(Hidden(layer), row, _) if symbol_of(row) == name:
                return layer
            case Item(Weight(layer), _, column) if symbol_of(column) == name:
                return layer
    return None


@moments.register
def _(e: Entry, work: Moments) -> Entries:
    match e.operand:
        case Variable() as v:
            rows, columns = work.shape(v)
            column = ONE if e.column is None else work.fixed(e.column, columns)
            return single(Item(v, work.fixed(e.row, rows), column))
        case Partial(expr.Loss(), Variable() as v) if e.column is None:
            return moments(Partial(LOSS, Entry(v, e.row)), work)
    raise Inexpressible(f"{e} is not an entry of a variable")


@moments.register
def _(e: Partial, work: Moments) -> Entries:
    match e:
        case Partial(expr.Loss(), Entry(Variable() as v, row, None)):
            return single(Item(Partial(LOSS, v), work.fixed(row, work.shape(v)[0]), ONE))
    raise Inexpressible(f"{e} is not the derivative of the loss by an entry of a column")


@moments.register
def _(e: expr.Elementwise, work: Moments) -> Entries:
    if e.function == "identity":
        return UNIT if e.order == 1 else ZERO if e.order else moments(e.operand, work)
    return single(Applied(e.function, e.order, normal(moments(e.operand, work), work)))


@moments.register
def _(e: Expectation, work: Moments) -> Entries:
    return mean(moments(e.operand, work), work)


@moments.register
def _(e: Variance, work: Moments) -> Entries:
    value = normal(moments(e.operand, work), work)
    first = mean(value, work)
    return plus(mean(times(value, value), work), scaled(-1, times(first, first)))
