"""The normal form of entries, in which equal formulas are equal, and derivatives in it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import lru_cache, singledispatch

from symbackprop import expr
from symbackprop.deltas import resolved
from symbackprop.dims import Dim, dim, index
from symbackprop.equations import same_family, same_variable
from symbackprop.groups import Membership
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
    count,
    indices_of,
    plus,
    scaled,
    single,
    symbol_of,
    times,
    under,
)
from symbackprop.keeping import kept
from symbackprop.tree import subterms

# orders of like factors that are tried for a normal form: 5!
ORDERS = 120
# terms of which the normal form is kept: rules and kernel come to the same ones over and over
KEPT = 8192
# a natural power with more factors is not multiplied out
MOST_FACTORS = 200


def normal(one: Entries, calculus: Calculus) -> Entries:
    """The normal form: deltas under sums resolved, bound indices renamed, like terms collected."""
    collected: dict[tuple[tuple[Factor, ...], tuple[tuple[str, Dim], ...]], Fraction] = {}
    waiting = list(one.terms)
    while waiting:
        made = resolved(waiting.pop(), calculus)
        if made is None:
            continue
        made = _renamed(made)
        simpler = _counted(made) or _grouped(made, calculus) or _joined(made) or _cancelled(made)
        if simpler is not None:
            waiting += simpler.terms
            continue
        key = (made.factors, made.bound)
        collected[key] = collected[key] + made.coefficient if key in collected else made.coefficient
    terms = [Term(c, factors, bound) for (factors, bound), c in collected.items() if c]
    return Entries(tuple(sorted(terms, key=_shown) if len(terms) > 1 else terms))


def _counted(term: Term) -> Entries | None:
    """`Σ_i` of what does not have the index `i` is the number of terms times it; None where every index occurs."""
    if not term.bound:
        return None
    used = frozenset[str]().union(*[indices_of(factor) for factor in term.factors])
    spare = [size for name, size in term.bound if name not in used]
    if not spare:
        return None
    bound = tuple((name, size) for name, size in term.bound if name in used)
    total = Entries((Term(term.coefficient, term.factors, bound),))
    for size in spare:
        total = times(total, count(size))
    return total


def _grouped(term: Term, calculus: Calculus) -> Entries | None:
    """A term with one membership less; None where none can go.

    A unit is in one group: `M_{iγ} M_{iδ}` is `δ_{γδ} M_{iγ}`, and `Σ_γ M_{iγ}` is 1. `Σ_i M_{iγ}` is the number of
    units in a group.
    """
    members = [
        (at, f, f.of) for at, f in enumerate(term.factors) if isinstance(f, Item) and isinstance(f.of, Membership)
    ]
    for n, (_, one, _) in enumerate(members):
        for at, two, _ in members[n + 1 :]:
            if one.of == two.of and one.row == two.row:
                rest = (*term.factors[:at], Delta(one.column, two.column), *term.factors[at + 1 :])
                return Entries((Term(term.coefficient, rest, term.bound),))
    sizes = dict(term.bound)
    for at, item, of in members:
        rest = term.factors[:at] + term.factors[at + 1 :]
        elsewhere = {name for f in rest for name in indices_of(f)}
        whole = calculus.sized(of.size)
        for end, size in ((item.column, dim(of.groups)), (item.row, whole)):
            name = symbol_of(end)
            if name is None or name in elsewhere or sizes.get(name) != size:
                continue
            bound = tuple(pair for pair in term.bound if pair[0] != name)
            left = Entries((Term(term.coefficient, rest, bound),))
            return left if end is item.column else times(left, scaled(Fraction(1, of.groups), count(whole)))
    return None


def _joined(term: Term) -> Entries | None:
    """Powers of one scalar as one power: `s · s^{-2}` is `s^{-1}`; None where each scalar stands once."""
    if len(term.factors) < 2:
        return None
    for power in term.factors:
        if not isinstance(power, Raised):
            continue
        same: list[Factor] = [f for f in term.factors if isinstance(f, Raised) and f.base == power.base]
        match power.base.terms:
            case (Term(Fraction(numerator=1, denominator=1), (lone,), ()),):
                same += [f for f in term.factors if f == lone]
        if len(same) > 1:
            # the scalar itself may be a power of another one: it counts once, as `√a` in `√a · √√a`
            powers = (f.exponent if isinstance(f, Raised) and f.base == power.base else Fraction(1) for f in same)
            exponent = sum(powers, Fraction(0))
            rest = tuple(f for f in term.factors if f not in same)
            return under(term.bound, times(Entries((Term(term.coefficient, rest),)), raised(power.base, exponent)))
    return None


def _cancelled(term: Term) -> Entries | None:
    """`Σ_i c_i c_i · b^{-1}`, where `b` is `Σ_i c_i c_i + …`, as `1 - (…) b^{-1}`; None where no sum is a part of `b`.

    A sum over one index stands for what is left of `b`, so that `cᵀc/s² = 1` and `1 - nε/s² = cᵀc/s²` come out.
    """
    for power in term.factors:
        if not isinstance(power, Raised) or (power.exponent > 0 and power.exponent.denominator == 1):
            continue
        led = next((t for t in power.base.terms if len(t.bound) == 1), None)
        inner = None if led is None else _summed(led)
        over = None if inner is None else _sum_like(inner, term)
        if led is None or inner is None or over is None:
            continue
        left = Entries(tuple(t for t in power.base.terms if t is not led))
        bound = tuple(pair for pair in term.bound if pair[0] != over)
        rest = tuple(f for f in term.factors if over not in indices_of(f))
        outer = Term(led.coefficient / term.coefficient, tuple(f for f in led.factors if f not in inner.factors))
        scale = raised(Entries((outer,)), Fraction(-1)) if outer.factors else scaled(1 / outer.coefficient, UNIT)
        kept = Entries((Term(Fraction(1), rest),))
        return under(bound, times(scale, plus(_risen(rest, power), scaled(-1, times(kept, left)))))
    return None


def _summed(term: Term) -> Term:
    """A sum without the factors that do not have its index."""
    ((name, _),) = term.bound
    return Term(Fraction(1), tuple(f for f in term.factors if name in indices_of(f)), term.bound)


def _sum_like(led: Term, term: Term) -> str | None:
    """The index of a sum in a term that is the sum `led`; None if there is none."""
    ((own, size),) = led.bound
    for name, extent in term.bound:
        having = [f for f in term.factors if name in indices_of(f)]
        wanted = [f.at({own: index(name)}) for f in led.factors]
        if extent == size and sorted(map(_shown, having)) == sorted(map(_shown, wanted)):
            return name
    return None


def _risen(factors: tuple[Factor, ...], power: Raised) -> Entries:
    """The factors with one power more of a base."""
    rest = list(factors)
    rest.remove(power)
    return times(Entries((Term(Fraction(1), tuple(rest)),)), raised(power.base, power.exponent + 1))


def _shown(part: Factor | Term) -> str:
    """A text to sort by; kept with the part, which is sorted more than once."""
    return kept(part, "_text", _text)


def _text(part: Factor | Term) -> str:
    match part:
        case Item(of, row, column):
            return f"{of!r}[{row},{column}]"
        case Delta(one, two):
            return f"δ[{one},{two}]"
        case Applied(function, order, argument):
            return f"{function}{order}({_sum_shown(argument)})"
        case Raised(base, exponent):
            return f"({_sum_shown(base)})^{exponent}"
        case Term(coefficient, factors, bound):
            sums = "".join(f"Σ{name}" for name, _ in bound)
            return f"{coefficient}{sums}{'·'.join(map(_shown, factors))}"


def _sum_shown(one: Entries) -> str:
    return "+".join(map(_shown, one.terms))


@lru_cache(maxsize=KEPT)
def _renamed(term: Term) -> Term:
    """Bound indices named by the place where they first occur, factors sorted.

    Factors that differ only in bound indices are tried in every order, up to `ORDERS` of them. Where there are more, a
    tie may be broken either way: then two equal terms can get different normal forms, and a proof is missed; a wrong
    proof is impossible.
    """
    bound = frozenset(name for name, _ in term.bound)
    if len(term.factors) < 2 or not bound:
        return _named(term, _continued((), term.factors, bound))
    blank = dict.fromkeys(bound, index("#"))
    alike: dict[str, list[Factor]] = {}
    for factor in sorted(term.factors, key=_shown):
        alike.setdefault(_shown(factor.at(blank)), []).append(factor)
    # the orders in which the indices are met
    orders: set[tuple[str, ...]] = {()}
    for text in sorted(alike):
        group = alike[text]
        if len(orders) * math.factorial(len(group)) > ORDERS:
            orders = {_continued(min(orders), group, bound)}
        else:
            orders = {_continued(order, each, bound) for order in orders for each in _arrangements(group, order, bound)}
    made = [_named(term, order) for order in orders]
    return made[0] if len(made) == 1 else min(made, key=_shown)


def _arrangements(group: list[Factor], order: tuple[str, ...], bound: frozenset[str]) -> Iterable[Sequence[Factor]]:
    """The orders of like factors that may make a difference: one where all of their indices have been met."""
    met = all(name in order for factor in group for name in indices_of(factor) if name in bound)
    return [group] if met or len(set(group)) == 1 else itertools.permutations(group)


def _continued(order: tuple[str, ...], factors: Sequence[Factor], bound: frozenset[str]) -> tuple[str, ...]:
    """The order in which bound indices are met, once these factors are read."""
    met = dict.fromkeys(order)
    for factor in factors:
        for name in indices_of(factor):
            if name in bound:
                met[name] = None
    return tuple(met)


def _named(term: Term, met: tuple[str, ...]) -> Term:
    """The term with its bound indices named in the order in which they are met."""
    order: dict[str, Dim] = {}
    if term.bound:
        taken = term.symbols.difference(name for name, _ in term.bound)
        names = (f"·{i}" for i in itertools.count(1) if f"·{i}" not in taken)
        order = {name: index(next(names)) for name in dict.fromkeys((*met, *(name for name, _ in term.bound)))}
    factors = [_ordered(f.at(order)) for f in term.factors]
    sums = sorted([(str(order[name]), size) for name, size in term.bound], key=_first)
    return Term(term.coefficient, tuple(sorted(factors, key=_shown)), tuple(sums))


def _first(pair: tuple[str, Dim]) -> str:
    return pair[0]


def _ordered(factor: Factor) -> Factor:
    """The factor with the indices of a delta in order, and bound indices inside a function named once more."""
    match factor:
        case Delta(one, two) if str(two) < str(one):
            return Delta(two, one)
        case Applied(function, order, argument) if _binds(factor):
            return Applied(function, order, _all_renamed(argument))
        case Raised(base, exponent) if _binds(factor):
            return Raised(_all_renamed(base), exponent)
    return factor


def _binds(factor: Factor) -> bool:
    """Whether there are sums inside a function or a power, at any depth."""
    match factor:
        case Applied(_, _, inside) | Raised(inside, _):
            return any(term.bound or any(map(_binds, term.factors)) for term in inside.terms)
    return False


def _all_renamed(one: Entries) -> Entries:
    return Entries(tuple(sorted(map(_renamed, one.terms), key=_shown)))


def raised(base: Entries, exponent: Fraction) -> Entries:
    """A scalar to a power; a natural power of it is multiplied out, a lone number is computed."""
    if exponent.denominator == 1 and exponent >= 0 and not _is_power(base):
        if exponent * sum(len(term.factors) for term in base.terms) > MOST_FACTORS:
            raise Inexpressible(f"to the power {exponent}, it is too long to multiply out")
        total = UNIT
        for _ in range(int(exponent)):
            total = times(total, base)
        return total
    match base.terms:
        case (Term(coefficient, factors, ()),) if exponent.denominator == 1 and (len(factors) != 1 or coefficient != 1):
            # a whole power of a product is the product of the powers; of a root that holds for positive factors only
            total = scaled(coefficient ** int(exponent), UNIT)
            for factor in factors:
                total = times(total, raised(single(factor), exponent))
            return total
        case (Term(_, (Raised(inner, q),), ()),) if exponent.denominator == 1:
            return raised(inner, q * exponent)
        case (Term() as term,) if exponent.denominator == 1 and len(apart := independent(term)) > 1:
            # (Σ_i u_i²) (Σ_k v_k²) is a product, although it is one sum over i and k
            total = scaled(term.coefficient ** int(exponent), UNIT)
            for part in apart:
                total = times(total, raised(Entries((part,)), exponent))
            return total
    return single(Raised(base, exponent))


def independent(term: Term) -> list[Term]:
    """The factors of a term in groups that share no index that is summed over, each under its own sums."""
    groups: list[tuple[set[str], list[Factor]]] = []
    bound = {name for name, _ in term.bound}
    for factor in term.factors:
        names, factors = set(indices_of(factor)) & bound, [factor]
        touched = [group for group in groups if names & group[0]]
        for group in touched:
            names, factors = names | group[0], [*group[1], *factors]
            groups.remove(group)
        groups.append((names, factors))
    used = {name for names, _ in groups for name in names}
    if not groups or used != bound:
        return [term]
    ranges = dict(term.bound)
    if any(size.symbols & bound for size in ranges.values()):
        return [term]
    return [
        _renamed(Term(Fraction(1), tuple(factors), tuple((name, ranges[name]) for name in sorted(names))))
        for names, factors in groups
    ]


def _is_power(base: Entries) -> bool:
    match base.terms:
        case (Term(coefficient, (Raised(),), ()),):
            return coefficient == 1
    return False


def applied(function: str, order: int, argument: Entries, calculus: Calculus) -> Entries:
    """A function of a scalar; `exp` is its own derivative, that of `log` is a power, and a step has none."""
    if function == "exp":
        order = 0
    sign = 1
    while order and function in DERIVATIVES:
        function, factor = DERIVATIVES[function]
        sign, order = sign * factor, order - 1
    if order and function in ("step", "sign"):
        return ZERO
    if function == "log" and order == 1:
        return raised(normal(argument, calculus), Fraction(-1))
    if function in POWERS:
        return _power(POWERS[function], order, normal(argument, calculus))
    return scaled(sign, single(Applied(function, order, normal(argument, calculus))))


# functions of which the derivative is another one of the table, with its sign
DERIVATIVES = {"sin": ("cos", 1), "cos": ("sin", -1), "sinh": ("cosh", 1), "cosh": ("sinh", 1)}
POWERS = {"square": Fraction(2), "reciprocal": Fraction(-1), "sqrt": Fraction(1, 2)}


def _power(exponent: Fraction, order: int, argument: Entries) -> Entries:
    """A derivative of a power: `order` of its exponents in front."""
    front = Fraction(1)
    for _ in range(order):
        front, exponent = front * exponent, exponent - 1
    return scaled(front, raised(argument, exponent)) if front else ZERO


def derivative(one: Entries, variable: expr.Variable, row: Dim, column: Dim, calculus: Calculus) -> Entries:
    """The derivative of a scalar by an entry of a variable.

    Raises:
        Inexpressible: where the variable stands inside something that is not taken apart.
        LookupError: if what is known of the indices does not say whether a variable in it is the one.
    """
    parts = []
    taken = row.symbols | column.symbols
    for term in one.terms:
        term = term.apart(taken)
        calculus.ranges.update(term.bound)
        for i, factor in enumerate(term.factors):
            rest = Entries((Term(term.coefficient, term.factors[:i] + term.factors[i + 1 :]),))
            parts.append(under(term.bound, times(rest, _derived(factor, variable, row, column, calculus))))
    return normal(plus(*parts), calculus)


def _is_any_of(of: expr.Variable, variable: expr.Variable, calculus: Calculus) -> bool:
    """Whether it is a variable of the same family, at an index that a sum runs over."""
    if not same_family(of, variable) or of.index is None or variable.index is None or of.index == variable.index:
        return False
    return bool((of.index.symbols | variable.index.symbols) & calculus.ranges.keys())


def _derived(factor: Factor, variable: expr.Variable, row: Dim, column: Dim, calculus: Calculus) -> Entries:
    match factor:
        case Item(of, r, c):
            if isinstance(of, expr.Variable):
                if _is_any_of(of, variable, calculus):
                    assert of.index is not None and variable.index is not None
                    at = single(Delta(of.index, variable.index))
                    return times(at, times(single(Delta(r, row)), single(Delta(c, column))))
                if same_variable(of, variable, calculus.known):
                    return times(single(Delta(r, row)), single(Delta(c, column)))
                return ZERO
            return entry_derivative(of, r, c, variable, row, column, calculus)
        case Delta():
            return ZERO
        case Applied(function, order, argument):
            inner = derivative(argument, variable, row, column, calculus)
            return times(applied(function, order + 1, argument, calculus), inner) if inner.terms else ZERO
        case Raised(base, exponent):
            inner = derivative(base, variable, row, column, calculus)
            return scaled(exponent, times(raised(base, exponent - 1), inner)) if inner.terms else ZERO


@singledispatch
def entry_derivative(
    of: expr.Expr, r: Dim, c: Dim, variable: expr.Variable, row: Dim, column: Dim, calculus: Calculus
) -> Entries:
    """The derivative of entry `r, c` of an expression that is not taken apart, by entry `row, column` of a variable.

    A primitive whose entries are no formula in those of its operand registers it: it is an axiom of the calculus.

    Raises:
        Inexpressible: where the variable stands inside the expression, and nobody registered what its derivative is.
    """
    if any(same_family(inner, variable) for _, inner in subterms(of)):
        raise Inexpressible(f"the derivative of {of} by {variable} is not known")
    return ZERO
