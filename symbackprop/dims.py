"""Sizes and indices: integers that are affine in layer indices, the depth L and the widths n_l.

A `Dim` is always in normal form, so two of them are equal exactly when they are the same affine
expression. `n_{l+1} - 1`, `L - 1`, `j` and `4` are all dims.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from symbackprop.keeping import keep, kept


@dataclass(frozen=True, slots=True)
class Symbol:
    """An integer symbol: a layer index `l`, a row `j`, the depth `L`."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Width:
    """The width `n_l` of a layer, the bias unit counted where the network has one."""

    layer: Dim

    def __str__(self) -> str:
        layer = str(self.layer)
        return f"n_{layer}" if len(layer) == 1 else f"n_{{{layer}}}"


@dataclass(frozen=True, slots=True)
class Units:
    """The number of pre-activations of a layer: `n_l - 1` where a bias unit is counted in `n_l`, else `n_l`.

    The output layer has no bias unit, so `Units(L+1)` is `n_{L+1}`; which case holds is for the network to say.
    """

    layer: Dim

    def __str__(self) -> str:
        layer = str(self.layer)
        return f"units_{layer}" if len(layer) == 1 else f"units_{{{layer}}}"


Atom = Symbol | Width | Units


@dataclass(frozen=True)
class Dim:
    """An affine integer expression `Σ coefficient·atom + constant`; build it with `index`, `width` and `+ - *`."""

    terms: tuple[tuple[Atom, int], ...] = ()
    constant: int = 0

    def __hash__(self) -> int:
        cached: int | None = getattr(self, "_hash", None)
        if cached is None:
            cached = hash((self.terms, self.constant))
            keep(self, "_hash", cached)
        return cached

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Dim):
            return NotImplemented
        return self.constant == other.constant and self.terms == other.terms

    def __add__(self, other: Dim | int) -> Dim:
        if not isinstance(other, Dim):
            return Dim(self.terms, self.constant + other) if other else self
        if not other.terms:
            return Dim(self.terms, self.constant + other.constant) if other.constant else self
        if not self.terms:
            return Dim(other.terms, self.constant + other.constant)
        return _collect((*self.terms, *other.terms), self.constant + other.constant)

    __radd__ = __add__

    def __mul__(self, factor: int) -> Dim:
        if factor == 1:
            return self
        if not self.terms or not factor:
            return Dim(constant=factor * self.constant)
        if len(self.terms) == 1:
            ((atom, c),) = self.terms
            return Dim(((atom, factor * c),), factor * self.constant)
        return _collect(((atom, factor * c) for atom, c in self.terms), factor * self.constant)

    __rmul__ = __mul__

    def __neg__(self) -> Dim:
        return self * -1

    def __sub__(self, other: Dim | int) -> Dim:
        return self + -other

    def __rsub__(self, other: Dim | int) -> Dim:
        return dim(other) - self

    @property
    def is_constant(self) -> bool:
        return not self.terms

    @property
    def symbols(self) -> frozenset[str]:
        """Names of the integer symbols in it, those inside a width's layer included."""
        return kept(self, "_symbols", _symbols)

    @property
    def names(self) -> tuple[str, ...]:
        """The same in the order of the alphabet."""
        return kept(self, "_names", _names)

    def at(self, values: Mapping[str, Dim]) -> Dim:
        """The dim with each named symbol replaced."""
        # the keys are looked up: a set would go through all of a mapping
        if not values or not self.terms or values.keys().isdisjoint(self.symbols):
            return self
        if len(self.terms) == 1:
            ((only, c),) = self.terms
            if isinstance(only, Symbol):
                return values[only.name] * c + self.constant
        constant = self.constant
        terms: list[tuple[Atom, int]] = []
        for atom, c in self.terms:
            if not isinstance(atom, Symbol):
                terms.append((type(atom)(atom.layer.at(values)), c))
            elif atom.name in values:
                value = values[atom.name]
                constant += c * value.constant
                terms += [(inner, c * each) for inner, each in value.terms]
            else:
                terms.append((atom, c))
        return _collect(terms, constant)

    def value(self, symbols: Mapping[str, int], size: Callable[[type[Width] | type[Units], int], int]) -> int:
        """Its integer value; `size(Width, 3)` gives `n_3`, `size(Units, 3)` the number of its pre-activations.

        Raises:
            KeyError: for a symbol that has no value.
        """
        total = self.constant
        for atom, c in self.terms:
            if isinstance(atom, Symbol):
                total += c * symbols[atom.name]
            else:
                total += c * size(type(atom), atom.layer.value(symbols, size))
        return total

    def map_sizes(self, size: Callable[[Width | Units], Dim]) -> Dim:
        """The dim with every width and number of units replaced."""
        if all(isinstance(atom, Symbol) for atom, _ in self.terms):
            return self
        if len(self.terms) == 1 and not self.constant:
            ((atom, c),) = self.terms
            return self if isinstance(atom, Symbol) else size(atom) * c
        constant = self.constant
        terms: list[tuple[Atom, int]] = []
        for atom, c in self.terms:
            if isinstance(atom, Symbol):
                terms.append((atom, c))
            else:
                value = size(atom)
                constant += c * value.constant
                terms += [(inner, c * each) for inner, each in value.terms]
        return _collect(terms, constant)

    def __str__(self) -> str:
        return kept(self, "_text", _text)


def _symbols(d: Dim) -> frozenset[str]:
    names: set[str] = set()
    for atom, _ in d.terms:
        names |= {atom.name} if isinstance(atom, Symbol) else atom.layer.symbols
    return frozenset(names)


def _names(d: Dim) -> tuple[str, ...]:
    return tuple(sorted(d.symbols))


def _text(d: Dim) -> str:
    text = ""
    for atom, c in d.terms:
        size = "" if abs(c) == 1 else str(abs(c))
        sign = "-" if c < 0 else "+" if text else ""
        text += f"{sign}{size}{atom}"
    if d.constant or not text:
        text += f"{d.constant:+d}" if text else str(d.constant)
    return text


def _key(atom: Atom) -> tuple[int, str, int]:
    if isinstance(atom, Symbol):
        return (0, atom.name, 0)
    return (1 if isinstance(atom, Width) else 2, str(Dim(atom.layer.terms)), atom.layer.constant)


def _collect(terms: Iterable[tuple[Atom, int]], constant: int) -> Dim:
    total: dict[Atom, int] = {}
    for atom, c in terms:
        total[atom] = total.get(atom, 0) + c
    kept = [(atom, c) for atom, c in total.items() if c]
    if len(kept) < 2:
        return Dim(tuple(kept), constant)
    # positive terms first, so that a printed dim never opens with a minus if it can help it
    kept.sort(key=lambda term: (term[1] < 0, _key(term[0])))
    return Dim(tuple(kept), constant)


def dim(value: Dim | int) -> Dim:
    """The dim of an integer; a dim is returned as it is."""
    return value if isinstance(value, Dim) else Dim(constant=value)


@lru_cache(maxsize=1024)
def index(name: str) -> Dim:
    """An integer symbol as a dim: `index("l") + 1` is `l+1`."""
    return Dim(((Symbol(name), 1),))


def width(layer: Dim | int) -> Dim:
    """The width `n_layer` as a dim."""
    return Dim(((Width(dim(layer)), 1),))


def units(layer: Dim | int) -> Dim:
    """The number of pre-activations of a layer as a dim."""
    return Dim(((Units(dim(layer)), 1),))


def as_width(atom: Width | Units) -> Dim:
    """A size in widths only: the units of a layer are one less than its width, the bias unit being counted there.

    It is not so where there is no bias unit, as in the output: a network puts in first what it knows of those.
    """
    return width(atom.layer) - 1 if isinstance(atom, Units) else Dim(((atom, 1),))


DEPTH = index("L")
ONE = dim(1)

# What is known of the integer symbols: each lies between two dims, both included; None is no bound.
Bounds = Mapping[str, tuple["Dim | None", "Dim | None"]]


def at_most(low: Dim | int, high: Dim | int, known: Bounds) -> bool:
    """Whether `low <= high` follows from the bounds of the symbols; every width is at least 1.

    Sound and incomplete: False means only that it does not follow.
    """
    difference = dim(high) - dim(low)
    for atom, c in difference.terms:
        if isinstance(atom, Units) and c < 0:
            # a layer never has more pre-activations than its width says
            difference = difference + (units(atom.layer) - width(atom.layer)) * -c
    return _least_is_natural(difference, known, 8)


def _least_is_natural(difference: Dim, known: Bounds, rounds: int) -> bool:
    """Whether a dim is at least 0, shown by replacing one symbol after another by the bound that makes it least."""
    sizes = [c for atom, c in difference.terms if not isinstance(atom, Symbol)]
    if sizes:
        if min(sizes) < 0:
            return False
        symbols = tuple([term for term in difference.terms if isinstance(term[0], Symbol)])
        difference = Dim(symbols, difference.constant + sum(sizes))
    if not difference.terms:
        return difference.constant >= 0
    if not rounds:
        return False
    # a bound may be in terms of another symbol (`l + 1 ≤ m`, `l ≤ L`), and which goes first matters
    for atom, c in difference.terms:
        assert isinstance(atom, Symbol)
        lower, upper = known.get(atom.name, (None, None))
        bound = lower if c > 0 else upper
        if bound is not None and _least_is_natural(difference.at({atom.name: bound}), known, rounds - 1):
            return True
    return False


def corners(ranges: Iterable[tuple[str, Dim, Dim]]) -> list[dict[str, Dim]]:
    """The values of indices at the ends of their ranges, the outer ones first; none where a range is surely empty."""
    made: list[dict[str, Dim]] = [{}]
    for name, lower, upper in ranges:
        further: list[dict[str, Dim]] = []
        for so_far in made:
            first, last = lower.at(so_far), upper.at(so_far)
            if not at_most(last + 1, first, {}):
                further += [{**so_far, name: end} for end in dict.fromkeys((first, last))]
        made = further
    return made


def bound_to(known: Bounds, name: str, bounds: tuple[Dim | None, Dim | None]) -> Bounds:
    """What is known where a symbol is bound anew: nothing that was said with the symbol of the same name outside."""
    kept = {
        other: ends
        for other, ends in known.items()
        if other != name and not any(end is not None and name in end.symbols for end in ends)
    }
    return {**kept, name: bounds}
