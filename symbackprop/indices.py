"""Index calculus: what an expression says entry by entry, in a normal form that two equal formulas share.

`(A B)_{ik} = Σ_m A_{im} B_{mk}`; the derivative of an entry of a variable by another is a Kronecker delta; a delta
under a sum takes the sum away. All sizes stay symbolic, so an equality of normal forms holds for all widths. Rules
are derived with it, and the kernel proves steps with it.

An index is a `Dim`: a symbol where it is free or summed over, anything else where it is fixed (`j`, `1`).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

from symbackprop import expr
from symbackprop.dims import ONE, Dim, Symbol, Units, Width, at_most, dim, index, width
from symbackprop.equations import Network, same_family, same_variable
from symbackprop.expr import Expr
from symbackprop.shapes import shape


class Inexpressible(Exception):
    """Something that the index calculus has no entries or no derivative for."""


# --- the normal form -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Item:
    """Entry `row, column` of an expression that is not taken apart; a column's entries have `column` 1."""

    of: Expr
    row: Dim
    column: Dim

    def at(self, values: Mapping[str, Dim]) -> Item:
        return Item(self.of, self.row.at(values), self.column.at(values))


@dataclass(frozen=True)
class Delta:
    """Kronecker's `δ`: 1 where both indices are equal, else 0."""

    one: Dim
    two: Dim

    def at(self, values: Mapping[str, Dim]) -> Delta:
        return Delta(self.one.at(values), self.two.at(values))


@dataclass(frozen=True)
class Applied:
    """A function of one variable, or its derivative of some order, of a scalar."""

    function: str
    order: int
    argument: Entries

    def at(self, values: Mapping[str, Dim]) -> Applied:
        return Applied(self.function, self.order, self.argument.at(values))


@dataclass(frozen=True)
class Raised:
    """A scalar to a rational power."""

    base: Entries
    exponent: Fraction

    def at(self, values: Mapping[str, Dim]) -> Raised:
        return Raised(self.base.at(values), self.exponent)


Factor = Item | Delta | Applied | Raised


@dataclass(frozen=True)
class Term:
    """`coefficient · Σ_{bound} product of factors`; `bound` gives the summed indices with the sizes they run to."""

    coefficient: Fraction
    factors: tuple[Factor, ...]
    bound: tuple[tuple[str, Dim], ...] = ()

    def at(self, values: Mapping[str, Dim]) -> Term:
        """The term with free indices replaced; its own bound ones are renamed rather than captured."""
        bound = {name for name, _ in self.bound}
        values = {name: value for name, value in values.items() if name not in bound}
        taken = frozenset[str]().union(*(value.symbols for value in values.values()))
        # a new name for a bound index must not be one that is being replaced
        term = self.apart(taken | values.keys()) if bound & taken else self
        return Term(term.coefficient, tuple(f.at(values) for f in term.factors), term.bound)

    def apart(self, taken: frozenset[str]) -> Term:
        """The same term with bound indices of names that are not taken."""
        clash = {name for name, _ in self.bound if name in taken}
        if not clash:
            return self
        used = set(taken | self.symbols)
        renamed: dict[str, Dim] = {}
        for name in sorted(clash):
            new = name
            while new in used:
                new += "'"
            used.add(new)
            renamed[name] = index(new)
        bound = tuple((str(renamed.get(name, name)), size) for name, size in self.bound)
        return Term(self.coefficient, tuple(f.at(renamed) for f in self.factors), bound)

    @cached_property
    def symbols(self) -> frozenset[str]:
        """Names of all indices in it, bound ones too."""
        inside = (name for factor in self.factors for name in _indices(factor))
        return frozenset(inside).union(name for name, _ in self.bound)


@dataclass(frozen=True)
class Entries:
    """A sum of terms."""

    terms: tuple[Term, ...]

    def at(self, values: Mapping[str, Dim]) -> Entries:
        return Entries(tuple(t.at(values) for t in self.terms))


ZERO = Entries(())
UNIT = Entries((Term(Fraction(1), ()),))


@dataclass
class Calculus:
    """One calculation: the network, what is known of the symbols, and the range of every index met so far."""

    network: Network
    known: Mapping[str, tuple[Dim | None, Dim | None]]
    ranges: dict[str, Dim] = field(default_factory=dict)
    fresh: int = 0
    _sized: dict[Dim, Dim] = field(default_factory=dict, init=False, repr=False, compare=False)

    def index(self, size: Dim, name: str = "") -> Dim:
        """A new index that runs from 1 to `size`; one that is printed has a name."""
        self.fresh += 1
        name = name or f"#{self.fresh}"
        self.ranges[name] = self.sized(size)
        return index(name)

    def sized(self, size: Dim) -> Dim:
        """A size in which `units` are spelled as widths, so that sizes of one layer compare."""
        found = self._sized.get(size)
        if found is None:
            found = self._sized[size] = self.network.normal(size).map_sizes(_as_width)
        return found

    def shape(self, e: Expr) -> tuple[Dim, Dim]:
        rows, columns = shape(e, self.network)
        return self.sized(rows), self.sized(columns)

    def constant(self, factor: Factor) -> int | None:
        """The value of an entry that the network fixes, such as a bias unit."""
        if isinstance(factor, Item) and isinstance(factor.of, expr.Variable) and _symbol(factor.row) is None:
            return self.network.constant(factor.of, factor.row)
        return None

    def fixed(self, at: Dim, size: Dim) -> Dim:
        """An index named in an expression, such as the `j` of a row: it lies within what it indexes."""
        name = _symbol(at)
        if name is not None and name not in self.ranges:
            self.ranges[name] = self.sized(size)
        return at

    def within(self, at: Dim, size: Dim) -> bool:
        """Whether an index surely lies between 1 and `size`."""
        name = _symbol(at)
        top = self.ranges.get(name, at) if name is not None else at
        return at_most(self.sized(top), size, self.known)

    def beyond(self, at: Dim, size: Dim) -> bool:
        """Whether a fixed index is surely greater than `size`."""
        return _symbol(at) is None and at_most(size + 1, self.sized(at), self.known)


def _as_width(atom: Width | Units) -> Dim:
    # true of every layer but the output, and there no width stands beside the units
    return width(atom.layer) - 1 if isinstance(atom, Units) else Dim(((atom, 1),))


def _symbol(at: Dim) -> str | None:
    match at:
        case Dim(((Symbol(name), 1),), 0):
            return name
    return None


# --- arithmetic ------------------------------------------------------------------------------------------------------


def plus(*parts: Entries) -> Entries:
    return Entries(tuple(t for part in parts for t in part.terms))


def times(one: Entries, two: Entries) -> Entries:
    return Entries(tuple(_product(a, b) for a in one.terms for b in two.terms))


def _product(one: Term, two: Term) -> Term:
    if one.bound:
        one = one.apart(two.symbols)
    if two.bound:
        two = two.apart(one.symbols)
    return Term(one.coefficient * two.coefficient, (*one.factors, *two.factors), (*one.bound, *two.bound))


def scaled(factor: Fraction | int, one: Entries) -> Entries:
    return Entries(tuple(Term(t.coefficient * factor, t.factors, t.bound) for t in one.terms))


def summed(over: Dim, one: Entries, calculus: Calculus) -> Entries:
    """`Σ_over one`."""
    name = _symbol(over)
    assert name is not None
    return under(((name, calculus.ranges[name]),), one)


def under(bound: tuple[tuple[str, Dim], ...], one: Entries) -> Entries:
    """The entries under sums over indices that occur free in them."""
    taken = frozenset(name for name, _ in bound)
    apart = [t.apart(taken) for t in one.terms]
    return Entries(tuple(Term(t.coefficient, t.factors, (*t.bound, *bound)) for t in apart))


def single(factor: Factor) -> Entries:
    return Entries((Term(Fraction(1), (factor,)),))


def raised(base: Entries, exponent: Fraction) -> Entries:
    """A scalar to a power; a natural power of it is multiplied out, a lone number is computed."""
    if exponent.denominator == 1 and exponent >= 0 and not _is_power(base):
        total = UNIT
        for _ in range(int(exponent)):
            total = times(total, base)
        return total
    match base.terms:
        case (Term(coefficient, (Raised(inner, q),), ()),) if exponent.denominator == 1 and coefficient == 1:
            return raised(inner, q * exponent)
        case (Term(coefficient, (), ()),) if exponent.denominator == 1:
            return scaled(coefficient ** int(exponent), UNIT)
    return single(Raised(base, exponent))


def _is_power(base: Entries) -> bool:
    match base.terms:
        case (Term(coefficient, (Raised(),), ()),):
            return coefficient == 1
    return False


def applied(function: str, order: int, argument: Entries, calculus: Calculus) -> Entries:
    """A function of a scalar; `exp` is its own derivative, and that of `log` is a power."""
    if function == "exp":
        order = 0
    if function == "log" and order == 1:
        return raised(normal(argument, calculus), Fraction(-1))
    return single(Applied(function, order, normal(argument, calculus)))


# --- normal form -----------------------------------------------------------------------------------------------------


def normal(one: Entries, calculus: Calculus) -> Entries:
    """The normal form: deltas under sums resolved, bound indices renamed, like terms collected."""
    collected: dict[tuple[tuple[Factor, ...], tuple[tuple[str, Dim], ...]], Fraction] = {}
    for term in one.terms:
        made = _resolved(term, calculus)
        if made is not None:
            made = _renamed(made)
            key = (made.factors, made.bound)
            collected[key] = collected.get(key, Fraction(0)) + made.coefficient
    terms = [Term(c, factors, bound) for (factors, bound), c in collected.items() if c]
    return Entries(tuple(sorted(terms, key=_shown) if len(terms) > 1 else terms))


def _resolved(term: Term, calculus: Calculus) -> Term | None:
    """The term with every delta taken away that a sum over one of its indices lets go; None where it is zero."""
    factors, bound = list(term.factors), dict(term.bound)
    progress = True
    while progress:
        progress = False
        for position, factor in enumerate(factors):
            if not isinstance(factor, Delta):
                continue
            if factor.one == factor.two:
                del factors[position]
                progress = True
                break
            if _vanishes(factor, bound, calculus):
                return None
            for one, two in ((factor.one, factor.two), (factor.two, factor.one)):
                name = _symbol(one)
                if name in bound and name is not None and _fits(two, bound, bound[name], calculus):
                    del factors[position], bound[name]
                    factors = [f.at({name: two}) for f in factors]
                    progress = True
                    break
            if progress:
                break
    coefficient, left = term.coefficient, []
    for factor in _merged(factors, bound, calculus):
        known = calculus.constant(factor)
        if known is None:
            left.append(factor)
        else:
            coefficient *= known
    return Term(coefficient, tuple(left), tuple(bound.items()))


def _merged(factors: list[Factor], bound: Mapping[str, Dim], calculus: Calculus) -> list[Factor]:
    """The factors with one name for two indices that a remaining delta makes equal: the one that runs less far."""

    def preference(at: Dim) -> tuple[bool, str]:
        return _symbol(at) is not None, str(at)

    for place in range(len(factors)):
        # read again each time: an earlier delta may have renamed its indices
        delta = factors[place]
        if not isinstance(delta, Delta):
            continue
        kept, other = sorted((delta.one, delta.two), key=preference)
        for one, two in ((kept, other), (other, kept)):
            name = _symbol(two)
            size = None if name is None else bound.get(name, calculus.ranges.get(name))
            if name is not None and size is not None and _fits(one, bound, size, calculus):
                factors = [f if i == place else f.at({name: one}) for i, f in enumerate(factors)]
                break
    return factors


def _fits(at: Dim, bound: Mapping[str, Dim], size: Dim, calculus: Calculus) -> bool:
    name = _symbol(at)
    if name in bound and name is not None:
        return at_most(bound[name], size, calculus.known)
    return calculus.within(at, size)


def _vanishes(delta: Delta, bound: Mapping[str, Dim], calculus: Calculus) -> bool:
    for one, two in ((delta.one, delta.two), (delta.two, delta.one)):
        name = _symbol(one)
        size = None if name is None else bound.get(name, calculus.ranges.get(name))
        if size is not None and calculus.beyond(two, size):
            return True
    return False


def _shown(part: Factor | Term) -> str:
    """A text to sort by; kept with the part, which is sorted more than once."""
    own = part.__dict__
    found: str | None = own.get("_shown")
    if found is None:
        found = own["_shown"] = _text(part)
    return found


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


def _renamed(term: Term) -> Term:
    """Bound indices named by the place where they first occur, factors sorted.

    Ties between factors that differ only in bound indices may be broken either way: then two equal terms can get
    different normal forms, and a proof is missed; a wrong proof is impossible.
    """
    blank = {name: index("#") for name, _ in term.bound}
    taken = {name for factor in term.factors for name in _indices(factor)} - blank.keys()
    names = (f"·{i}" for i in itertools.count(1) if f"·{i}" not in taken)
    factors = list(term.factors)
    if len(factors) > 1:
        factors.sort(key=lambda f: (_shown(f.at(blank)), _shown(f)))
    order: dict[str, Dim] = {}
    for factor in factors:
        for name in _indices(factor):
            if name in blank and name not in order:
                order[name] = index(next(names))
    for name, _ in term.bound:
        if name not in order:
            order[name] = index(next(names))
    named = [_ordered(f.at(order)) for f in factors]
    bound = sorted(((str(order[name]), size) for name, size in term.bound), key=lambda pair: pair[0])
    return Term(term.coefficient, tuple(sorted(named, key=_shown)), tuple(bound))


def _ordered(factor: Factor) -> Factor:
    """The factor with the indices of a delta in order, and bound indices inside a function named once more."""
    match factor:
        case Delta(one, two) if str(two) < str(one):
            return Delta(two, one)
        case Applied(function, order, argument) if any(term.bound for term in argument.terms):
            return Applied(function, order, _all_renamed(argument))
        case Raised(base, exponent) if any(term.bound for term in base.terms):
            return Raised(_all_renamed(base), exponent)
    return factor


def _all_renamed(one: Entries) -> Entries:
    return Entries(tuple(sorted(map(_renamed, one.terms), key=_shown)))


def _indices(factor: Factor) -> Iterable[str]:
    """Names of the indices in a factor, in order."""
    match factor:
        case Item(_, row, column):
            dims: tuple[Dim, ...] = (row, column)
        case Delta(one, two):
            dims = (one, two)
        case Applied(_, _, argument) | Raised(argument, _):
            for term in argument.terms:
                own = {name for name, _ in term.bound}
                for inner in term.factors:
                    yield from (name for name in _indices(inner) if name not in own)
            return
    for d in dims:
        yield from sorted(d.symbols)


# --- derivatives -----------------------------------------------------------------------------------------------------


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
        for i, factor in enumerate(term.factors):
            rest = Entries((Term(term.coefficient, term.factors[:i] + term.factors[i + 1 :]),))
            parts.append(under(term.bound, times(rest, _derived(factor, variable, row, column, calculus))))
    return normal(plus(*parts), calculus)


def _derived(factor: Factor, variable: expr.Variable, row: Dim, column: Dim, calculus: Calculus) -> Entries:
    match factor:
        case Item(of, r, c):
            if isinstance(of, expr.Variable):
                if same_variable(of, variable, calculus.known):
                    return times(single(Delta(r, row)), single(Delta(c, column)))
                return ZERO
            if any(same_family(inner, variable) for _, inner in expr.subterms(of)):
                raise Inexpressible(f"the derivative of {of} by {variable} is not known")
            return ZERO
        case Delta():
            return ZERO
        case Applied(function, order, argument):
            inner = derivative(argument, variable, row, column, calculus)
            return times(applied(function, order + 1, argument, calculus), inner) if inner.terms else ZERO
        case Raised(base, exponent):
            inner = derivative(base, variable, row, column, calculus)
            return scaled(exponent, times(raised(base, exponent - 1), inner)) if inner.terms else ZERO


# --- back to scalar expressions --------------------------------------------------------------------------------------


def written(one: Entries, names: str = "mpqrstuv") -> Expr:
    """Entries as a scalar expression with indexed sums, for printing the calculation."""
    terms = [_written(term, names) for term in one.terms]
    if not terms:
        return expr.number(0)
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def _written(term: Term, names: str) -> Expr:
    # not a letter that stands for something else in the term: the induction's own index may be one of them
    taken = term.symbols.union(*(expr.free_symbols(f.of) for f in term.factors if isinstance(f, Item)))
    free = [name for name in names if name not in taken]
    letters = {name: index(free[i]) for i, (name, _) in enumerate(term.bound)}
    factors = [_factor(f.at(letters), names) for f in term.factors]
    if abs(term.coefficient) != 1 or not factors:
        factors.insert(0, expr.Number(abs(term.coefficient)))
    body: Expr = factors[0]
    for factor in factors[1:]:
        body = body @ factor
    for name, size in reversed(term.bound):
        body = expr.IndexedSum(str(letters[name]), dim(1), size, body)
    return -body if term.coefficient < 0 else body


def _factor(factor: Factor, names: str) -> Expr:
    match factor:
        case Item(of, row, column):
            return of if shape_is_plain(of) else expr.Entry(of, row, None if column == ONE else column)
        case Delta(one, two):
            return expr.Kronecker(one, two)
        case Applied(function, order, argument):
            return expr.Elementwise(function, written(argument, names), order)
        case Raised(base, exponent):
            return expr.Power(written(base, names), exponent)


def shape_is_plain(of: Expr) -> bool:
    """Whether an uncut item is a scalar already."""
    return isinstance(of, expr.Size | expr.Function | expr.Loss)
