"""Index calculus: what an expression says entry by entry, in a normal form that two equal formulas share.

`(A B)_{ik} = Σ_m A_{im} B_{mk}`; the derivative of an entry of a variable by another is a Kronecker delta; a delta
under a sum takes the sum away. All sizes stay symbolic, so an equality of normal forms holds for all widths. Rules
are derived with it, and the kernel proves steps with it.

An index is a `Dim`: a symbol where it is free or summed over, anything else where it is fixed (`j`, `1`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import singledispatch
from math import gcd
from operator import attrgetter
from typing import Any

from symbackprop import expr
from symbackprop.dims import ONE, Dim, Symbol, as_width, at_most, index
from symbackprop.equations import Network
from symbackprop.expr import Expr
from symbackprop.keeping import keep, kept, quick
from symbackprop.shapes import shape
from symbackprop.substitution import free_symbols, substitute

# terms of a product that is multiplied out: a page of a derivation has some dozens
MOST_TERMS = 5_000


class Inexpressible(Exception):
    """Something that the index calculus has no entries or no derivative for."""


# --- the normal form -------------------------------------------------------------------------------------------------


def _hashed(*names: str) -> Callable[[Any], int]:
    """The hash of a dataclass by some fields, computed once: what is found of a term is looked up by it.

    A coefficient or an exponent is left out: that of a fraction takes longer than all others.
    """
    read = attrgetter(*names)

    def find(self: Any) -> int:
        try:
            found: int = self._hash
        except AttributeError:
            found = hash(read(self))
            keep(self, "_hash", found)
        return found

    return find


@quick
class Item:
    """Entry `row, column` of an expression that is not taken apart; a column's entries have `column` 1."""

    of: Expr
    row: Dim
    column: Dim

    __hash__ = _hashed("of", "row", "column")

    def at(self, values: Mapping[str, Dim]) -> Item:
        row, column = self.row.at(values), self.column.at(values)
        # a sum over a family runs through the variables of it
        of = substitute(self.of, values)
        if of is self.of and row is self.row and column is self.column:
            return self
        return Item(of, row, column)


@quick
class Delta:
    """Kronecker's `δ`: 1 where both indices are equal, else 0."""

    one: Dim
    two: Dim

    __hash__ = _hashed("one", "two")

    def at(self, values: Mapping[str, Dim]) -> Delta:
        one, two = self.one.at(values), self.two.at(values)
        return self if one is self.one and two is self.two else Delta(one, two)


@quick
class Applied:
    """A function of one variable, or its derivative of some order, of a scalar."""

    function: str
    order: int
    argument: Entries

    __hash__ = _hashed("function", "order", "argument")

    def at(self, values: Mapping[str, Dim]) -> Applied:
        argument = self.argument.at(values)
        return self if argument is self.argument else Applied(self.function, self.order, argument)


@quick
class Raised:
    """A scalar to a rational power."""

    base: Entries
    exponent: Fraction

    __hash__ = _hashed("base")

    def at(self, values: Mapping[str, Dim]) -> Raised:
        base = self.base.at(values)
        return self if base is self.base else Raised(base, self.exponent)


Factor = Item | Delta | Applied | Raised


@quick
class Term:
    """`coefficient · Σ_{bound} product of factors`; `bound` gives the summed indices with the sizes they run to."""

    coefficient: Fraction
    factors: tuple[Factor, ...]
    bound: tuple[tuple[str, Dim], ...] = ()

    __hash__ = _hashed("factors", "bound")

    def at(self, values: Mapping[str, Dim]) -> Term:
        """The term with free indices replaced; its own bound ones are renamed rather than captured."""
        if self.symbols.isdisjoint(values):
            return self
        if self.bound:
            bound = {name for name, _ in self.bound}
            values = {name: value for name, value in values.items() if name not in bound}
            if self.symbols.isdisjoint(values):
                return self
            taken = frozenset[str]().union(*(value.symbols for value in values.values()))
            # a new name for a bound index must not be one that is being replaced
            if bound & taken:
                return self.apart(taken | values.keys()).at(values)
        return Term(self.coefficient, tuple([f.at(values) for f in self.factors]), self.bound)

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

    @property
    def symbols(self) -> frozenset[str]:
        """Names of all indices in it, bound ones too."""
        return kept(self, "_symbols", _symbols)


def _symbols(term: Term) -> frozenset[str]:
    return frozenset(name for name, _ in term.bound).union(*[indices_of(factor) for factor in term.factors])


@quick
class Entries:
    """A sum of terms."""

    terms: tuple[Term, ...]

    __hash__ = _hashed("terms")

    def at(self, values: Mapping[str, Dim]) -> Entries:
        terms = tuple([t.at(values) for t in self.terms])
        return self if all(new is old for new, old in zip(terms, self.terms, strict=True)) else Entries(terms)


# one object for the coefficient that most terms have
ALONE = Fraction(1)
ZERO = Entries(())
UNIT = Entries((Term(ALONE, ()),))


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

    def index_along(self, size: Dim) -> Dim:
        """A new index, or 1 where there is one entry only."""
        return ONE if size == ONE else self.index(size)

    def entry_indices(self, shape: tuple[Dim, Dim]) -> tuple[Dim, Dim]:
        """The row and the column of an entry of what has this shape."""
        rows, columns = shape
        return self.index_along(rows), self.index_along(columns)

    def sized(self, size: Dim) -> Dim:
        """A size in which `units` are spelled as widths, so that sizes of one layer compare."""
        found = self._sized.get(size)
        if found is None:
            # true of every layer but the output, and there no width stands beside the units
            found = self._sized[size] = self.network.normal(size).map_sizes(as_width)
        return found

    def shape(self, e: Expr) -> tuple[Dim, Dim]:
        return self.network.kept(("sized", e), lambda: self._shape(e))

    def _shape(self, e: Expr) -> tuple[Dim, Dim]:
        rows, columns = shape(e, self.network)
        return self.sized(rows), self.sized(columns)

    def constant(self, factor: Factor) -> int | None:
        """The value of an entry that the network fixes, such as a bias unit."""
        if isinstance(factor, Item) and isinstance(factor.of, expr.Variable) and symbol_of(factor.row) is None:
            return self.network.constant(factor.of, factor.row)
        return None

    def fixed(self, at: Dim, size: Dim) -> Dim:
        """An index named in an expression, such as the `j` of a row: it lies within what it indexes."""
        name = symbol_of(at)
        if name is not None and name not in self.ranges:
            self.ranges[name] = self.sized(size)
        return at

    def within(self, at: Dim, size: Dim) -> bool:
        """Whether an index surely lies between 1 and `size`."""
        name = symbol_of(at)
        if name is not None and name in self.ranges:
            return at_most(self.sized(self.ranges[name]), size, self.known)
        at = self.sized(at)
        return at_most(ONE, at, self.known) and at_most(at, size, self.known)

    def beyond(self, at: Dim, size: Dim) -> bool:
        """Whether a fixed index surely lies outside of 1 … `size`."""
        name, at = symbol_of(at), self.sized(at)
        if name is not None and name in self.ranges:
            return False
        return at_most(size + 1, at, self.known) or at_most(at, 0, self.known)


@singledispatch
def entries(e: Expr, row: Dim, column: Dim, calculus: Calculus) -> Entries:
    """The entry of an expression at a row and a column, as a sum of products of entries of what it is made of.

    Its readers are in `symbackprop.entries` and `symbackprop.primitive_entries`.

    Raises:
        Inexpressible: for a node that has no entries in this calculus (a singular value).
    """
    raise Inexpressible(f"{type(e).__name__} is not registered with the index calculus")


def symbol_of(at: Dim) -> str | None:
    match at:
        case Dim(((Symbol(name), 1),), 0):
            return name
    return None


# --- arithmetic ------------------------------------------------------------------------------------------------------


def plus(*parts: Entries) -> Entries:
    return Entries(tuple(t for part in parts for t in part.terms))


def times(one: Entries, two: Entries) -> Entries:
    """The product, multiplied out.

    Raises:
        Inexpressible: if it has more terms than anybody can wait for.
    """
    if len(one.terms) * len(two.terms) > MOST_TERMS:
        raise Inexpressible(f"a product of {len(one.terms)} and {len(two.terms)} terms is too long to multiply out")
    return Entries(tuple(_product(a, b) for a in one.terms for b in two.terms))


def _product(one: Term, two: Term) -> Term:
    if one.bound:
        one = one.apart(two.symbols)
    if two.bound:
        two = two.apart(one.symbols)
    if two.coefficient is ALONE:
        coefficient = one.coefficient
    else:
        coefficient = two.coefficient if one.coefficient is ALONE else one.coefficient * two.coefficient
    return Term(coefficient, (*one.factors, *two.factors), (*one.bound, *two.bound))


def scaled(factor: Fraction | int, one: Entries) -> Entries:
    return Entries(tuple(Term(t.coefficient * factor, t.factors, t.bound) for t in one.terms))


def summed(over: Dim, one: Entries, calculus: Calculus) -> Entries:
    """`Σ_over one`."""
    name = symbol_of(over)
    assert name is not None
    return under(((name, calculus.ranges[name]),), one)


def under(bound: tuple[tuple[str, Dim], ...], one: Entries) -> Entries:
    """The entries under sums over indices that occur free in them."""
    taken = frozenset(name for name, _ in bound)
    apart = [t.apart(taken) for t in one.terms]
    return Entries(tuple(Term(t.coefficient, t.factors, (*t.bound, *bound)) for t in apart))


def single(factor: Factor) -> Entries:
    return Entries((Term(ALONE, (factor,)),))


def count(size: Dim) -> Entries:
    """A size as a scalar; a given one is a number, and `2n` is 2 times `n`."""
    if size.is_constant:
        return scaled(size.constant, UNIT)
    content = gcd(size.constant, *(c for _, c in size.terms))
    least = Dim(tuple((atom, c // content) for atom, c in size.terms), size.constant // content)
    return scaled(content, single(Item(expr.Size(least), ONE, ONE)))


def indices_of(factor: Factor) -> tuple[str, ...]:
    """Names of the indices in a factor, in order."""
    return kept(factor, "_indices", _indices)


def _indices(factor: Factor) -> tuple[str, ...]:
    match factor:
        case Item(of, row, column):
            return (*row.names, *column.names, *sorted(free_symbols(of)))
        case Delta(one, two):
            return (*one.names, *two.names)
        case Applied(_, _, argument) | Raised(argument, _):
            return tuple([name for term in argument.terms for name in _free(term)])


def _free(term: Term) -> list[str]:
    """Names of the indices in a term that are not its own, in order."""
    own = {name for name, _ in term.bound}
    return [name for factor in term.factors for name in indices_of(factor) if name not in own]
