"""A network at a random point over the prime field GF(2^61 - 1): its inputs and parameters, and its functions.

Every draw is a keyed hash, so a point is fixed by its seed. Scalar functions of which nothing is known are keyed hashes
of their argument: equal arguments give equal values. Nothing here knows a rule of derivation.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from flint import nmod_mat

from symbackprop import expr
from symbackprop.dims import Dim, Symbol, Units, Width, dim
from symbackprop.equations import Equation, Network
from symbackprop.errors import ShapeError
from symbackprop.expr import Expr, Variable
from symbackprop.quantities import Quantities
from symbackprop.substitution import free_symbols, substitute
from symbackprop.tree import subterms

if TYPE_CHECKING:
    from symbackprop.judges.duals import Flow

# p ≡ 7 mod 8: 2 has a root, -1 has none, so that of two roots exactly one is a square itself
PRIME = 2**61 - 1
_DRAW = 16  # bytes for one entry: reduced mod p, no residue is likelier than another by more than 2^-67
# values that a point keeps; what is judged at it is worth some tens
MOST_KEPT = 5_000


class OutOfRange(Exception):
    """A variable, a row or a product's bounds that do not exist at this depth; the text says which."""


class Unvalued(Exception):
    """Something that has no value in a prime field; the text says why."""


class Resample(Exception):
    """This point is no good (a root of a non-residue, a zero denominator); another seed may be.

    Attributes:
        entries: which entries of a column have no root, from 0; none where a scalar has not.
        square: the scalar that has none.
    """

    def __init__(self, reason: str, entries: Sequence[int] = (), square: Expr | None = None) -> None:
        super().__init__(reason)
        self.entries = tuple(entries)
        self.square = square


class ConstantRoot(Resample):
    """A root of a size or number that has none in the field: no seed helps, other widths may."""


def matrix(rows: int, columns: int, entries: Sequence[int]) -> nmod_mat:
    """A matrix over the field, its entries row by row."""
    return nmod_mat(rows, columns, entries, PRIME)


def zeros(rows: int, columns: int) -> nmod_mat:
    """The zero matrix."""
    return nmod_mat(rows, columns, PRIME)


def diagonal(entries: Sequence[int], columns: int | None = None) -> nmod_mat:
    """`diag(entries)`, with zero columns behind it if there are to be more columns than entries."""
    size = len(entries)
    made = zeros(size, size if columns is None else columns)
    for i, entry in enumerate(entries):
        made[i, i] = entry
    return made


def ints(m: nmod_mat) -> list[int]:
    """The entries of a matrix row by row, from 0 to p - 1."""
    return [int(entry) for entry in m.entries()]


def table(m: nmod_mat) -> list[list[int]]:
    """The rows of a matrix."""
    return [[int(entry) for entry in row] for row in m.table()]


def inverse(value: int) -> int:
    """`1 / value`.

    Raises:
        Resample: for zero.
    """
    if value % PRIME == 0:
        raise Resample("a denominator is zero")
    return pow(value, -1, PRIME)


def root(square: int) -> int:
    """The square root that is a square itself, which makes roots multiplicative.

    Raises:
        Resample: for a non-residue, and for zero, where a root has no derivative.
    """
    found = pow(square, (PRIME + 1) // 4, PRIME)
    if square % PRIME == 0 or found * found % PRIME != square % PRIME:
        raise Resample("a number without a root")
    return found


@lru_cache(maxsize=1024)
def has_root(square: int) -> bool:
    """Whether a size or number has a root in the field."""
    return pow(square, (PRIME - 1) // 2, PRIME) == 1


class Point:
    """A network of given sizes with random values for all that it does not compute.

    Args:
        network: of given widths, so that every size is a number once `sizes` are put in.
        seed: two points of one seed are the same.
        sizes: values of the integer symbols in the shapes of a network that has any.
    """

    def __init__(self, network: Network, seed: int = 0, sizes: Mapping[str, int] | None = None) -> None:
        self.network = network
        self.seed = seed
        self.sizes = dict(sizes or {})
        self._key = hashlib.blake2b(f"symbackprop {seed}".encode(), digest_size=32).digest()
        self._widths: dict[tuple[type[Width] | type[Units], int], int] = {}
        self._extents: dict[Variable, tuple[int, int]] = {}
        self._definitions: dict[Variable, Equation | None] = {}
        self._members: dict[tuple[Variable, int], Variable] = {}
        self._read: dict[Variable, tuple[Variable, ...]] = {}
        self._functions: dict[tuple[str, int, int], int] = {}
        # logarithms that are known; what 1 + exp(-u) and the sigmoid of u are values of
        self.logarithms: dict[int, int] = {}
        self.softened: dict[int, int] = {}
        self.sigmoids: dict[int, int] = {}
        self._turns: dict[Variable, int] = {}
        self._row_turns: dict[Variable, dict[int, int]] = {}
        # what has been computed here: the variables, and the derivatives that somebody asked for
        self.still: Flow | None = None
        self.partials: dict[object, nmod_mat] = {}
        # whether what somebody assumed holds here
        self.held: dict[object, bool] = {}
        self._normalized = targets_sum_to_one(network)

    # --- sizes ---------------------------------------------------------------------------------------------------

    def size(self, size: Dim, symbols: Mapping[str, int]) -> int:
        """The value of a dim.

        Raises:
            OutOfRange: for the width of a layer that the network does not have.
            Unvalued: for an integer symbol without a value.
        """
        if not size.terms:
            return size.constant
        try:
            return size.value({**self.sizes, **symbols} if self.sizes else symbols, self._width)
        except KeyError as missing:
            raise Unvalued(f"the integer symbol {missing.args[0]} has no value") from None

    def _width(self, kind: type[Width] | type[Units], layer: int) -> int:
        if (kind, layer) not in self._widths:
            atom = kind(dim(layer))
            depth = self.network.depth
            # families of a network of one's own run over letters of their own, which say nothing of its depth
            is_beyond = not isinstance(self.network, Quantities) and depth.is_constant and layer > depth.constant + 1
            if layer < 0 or is_beyond:
                raise OutOfRange(f"there is no layer {layer}, so {atom} is not defined")
            self._widths[kind, layer] = self._number(self.network.size(atom), str(atom))
        return self._widths[kind, layer]

    def _number(self, size: Dim, what: str) -> int:
        if not all(isinstance(atom, Symbol) for atom, _ in size.terms):
            raise Unvalued(f"the network does not say what {what} is: give its widths")
        return self.size(size, {})

    def extent(self, variable: Variable) -> tuple[int, int]:
        """Rows and columns of a variable.

        Raises:
            OutOfRange: if the network has no such variable.
        """
        if variable not in self._extents:
            try:
                rows, columns = self.network.shape_of(variable)
            except ShapeError as error:
                raise OutOfRange(str(error)) from None
            self._extents[variable] = (self.size(rows, {}), self.size(columns, {}))
        return self._extents[variable]

    def at(self, variable: Variable, symbols: Mapping[str, int]) -> Variable:
        """The member of a family that a variable means, its index a number."""
        index = variable.index
        if index is None or not index.terms:
            return variable
        key = (variable, self.size(index, symbols))
        if key not in self._members:
            known = {**self.sizes, **symbols}
            placed = substitute(variable, {name: dim(known[name]) for name in index.symbols})
            assert isinstance(placed, Variable)
            self._members[key] = placed
        return self._members[key]

    def definition(self, variable: Variable) -> Equation | None:
        """The equation that computes a variable; None for what is drawn."""
        if variable not in self._definitions:
            self._definitions[variable] = self.network.definition(variable, {})
        return self._definitions[variable]

    def read_by(self, variable: Variable) -> tuple[Variable, ...]:
        """What the equation of a variable reads, but for members of a family under a bound index.

        Raises:
            OutOfRange: if the network has no such variable.
        """
        if variable not in self._read:
            self.extent(variable)
            definition = self.definition(variable)
            parts = () if definition is None else (part for _, part in subterms(definition.right))
            self._read[variable] = tuple(p for p in parts if isinstance(p, Variable) and not free_symbols(p))
        return self._read[variable]

    # --- draws ---------------------------------------------------------------------------------------------------

    def drawn(self, variable: Variable) -> nmod_mat:
        """The random value of an input or a parameter.

        An input of a network with bias units ends in 1, and the targets of a softmax loss sum to 1.
        """
        rows, columns = self.extent(variable)
        turn = self._turns.get(variable, 0)
        again = f" again {turn}" if turn else ""
        label = f"{type(variable).__name__} {variable.name} {variable.index}{again}"
        entries = self._draws(label, rows * columns)
        for row, count in self._row_turns.get(variable, {}).items():
            entries[row * columns : (row + 1) * columns] = self._draws(f"{label} row {row} again {count}", columns)
        if isinstance(variable, expr.Hidden) and getattr(self.network, "augmented", False):
            entries[-columns:] = [1] * columns
        if isinstance(variable, expr.Target) and self._normalized:
            for k in range(columns):
                entries[(rows - 1) * columns + k] = (1 - sum(entries[k : (rows - 1) * columns : columns])) % PRIME
        return matrix(rows, columns, entries)

    def draw_again(self, variable: Variable, rows: Sequence[int] = ()) -> None:
        """Give an input or a parameter another value; whatever was computed here is forgotten.

        Args:
            rows: only these, from 0; all of them, if none is named.
        """
        if rows:
            turns = self._row_turns.setdefault(variable, {})
            turns.update({row: turns.get(row, 0) + 1 for row in rows})
        else:
            self._turns[variable] = self._turns.get(variable, 0) + 1
        self._forget()

    def _forget(self) -> None:
        self.still = None
        self.partials.clear()
        self.held.clear()

    def lightened(self) -> Point:
        """This point; where very much has been computed, all of it forgotten: the same comes of the same seed."""
        if len(self.partials) + len(self._functions) > MOST_KEPT:
            self._forget()
            for known in (self._functions, self.logarithms, self.softened, self.sigmoids):
                known.clear()
        return self

    def _draws(self, label: str, count: int) -> list[int]:
        entries: list[int] = []
        block = 0
        while len(entries) < count:
            digest = hashlib.blake2b(f"{label} {block}".encode(), key=self._key, digest_size=64).digest()
            needed = min(64, (count - len(entries)) * _DRAW)
            entries += [int.from_bytes(digest[i : i + _DRAW]) % PRIME for i in range(0, needed, _DRAW)]
            block += 1
        return entries

    def function(self, name: str, order: int, argument: int) -> int:
        """A scalar function, or its derivative of that order, at an argument: see `symbackprop.judges.scalars`.

        Raises:
            Resample, Unvalued: as `scalars.value_of` does.
        """
        key = (name, order, argument)
        if key not in self._functions:
            self._functions[key] = self._function(name, order, argument)
        return self._functions[key]

    def _function(self, name: str, order: int, argument: int) -> int:
        from symbackprop.judges.scalars import value_of

        return value_of(self, name, order, argument % PRIME)

    def hashed(self, name: str, order: int, argument: int) -> int:
        """The value at an argument of a function of which nothing is known."""
        return self._draws(f"function {name} {order} {argument}", 1)[0]

    def opaque(self, call: str, entry: int | None = None) -> int:
        """A function of many entries of which nothing is known, or its derivative by one of the entries.

        Args:
            call: its name and all of its arguments.
        """
        return self._draws(f"opaque {call}" if entry is None else f"opaque {call} by {entry}", 1)[0]


def targets_sum_to_one(network: Network) -> bool:
    """Whether the loss is a softmax cross-entropy, whose targets are probabilities."""
    return any(
        isinstance(part, expr.LogSumExp | expr.Softmax)
        for equation in network.equations
        if isinstance(equation.left, expr.Loss)
        for _, part in subterms(equation.right)
    )
