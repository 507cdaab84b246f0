"""Sizes, indices, layers and shapes as a notation writes them: the inverse of what the printer does."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TypeVar

from symbackprop.dims import ONE, Dim, Symbol, Width, index, units, width
from symbackprop.equations import Network
from symbackprop.expr import Expr, Variable
from symbackprop.latex.places import ENGLISH, Head
from symbackprop.latex.sizes import NOTHING, Found, shaped
from symbackprop.network import MLP
from symbackprop.notations import Notation, Written
from symbackprop.orientation import in_rows
from symbackprop.shapes import Shape, Shaped, shape

# so many of one kind of thing are kept by a scope: letters with scripts, shapes of parts, sizes that are the same
MOST_KEPT = 4096


Key = TypeVar("Key")
Value = TypeVar("Value")


def keep_in(kept: dict[Key, Value], key: Key, value: Value) -> None:
    """Keep a value; where that is too many of them, all others are forgotten."""
    if len(kept) >= MOST_KEPT:
        kept.clear()
    kept[key] = value


class _Settled:
    """The shapes of a network with what is known of open sizes put in."""

    def __init__(self, network: Network, found: Found) -> None:
        self.network = network
        self.found = found

    def shape_of(self, variable: Variable) -> Shape:
        return shaped(self.network.shape_of(variable), self.found)

    def normal(self, size: Dim) -> Dim:
        return self.network.normal(size)

    def says(self, size: Dim) -> str:
        return self.network.says(size)


class Counting:
    """How a notation writes sizes, indices and layers, and the shapes in a network.

    Args:
        notation: the tables of letters.
        network: what quantities there are, with their shapes.
    """

    def __init__(self, notation: Notation, network: Network) -> None:
        self.notation = notation
        self.network = network
        # what was found before: the same sizes and the same parts stand in most formulas about a network
        self._conforming: dict[tuple[Dim, Dim], bool] = {}
        self._shapes: dict[Expr, Shape] = {}
        # equal sizes as one, so that most are the same without being compared
        self._same: dict[Dim, Dim] = {}

    @cached_property
    def is_layered(self) -> bool:
        """Whether the network is the lecture's, whose quantities stand in the notation's tables."""
        return isinstance(self.network, MLP)

    @cached_property
    def _has_widths(self) -> bool:
        """Whether layers have widths: of the lecture's network, and of one's own whose families have such shapes."""
        return self.is_layered or bool(getattr(self.network, "has_widths", False))

    # --- sizes and indices -------------------------------------------------------------------------------------------

    def conform(self, one: Dim, two: Dim) -> bool:
        """Whether two sizes are the same; a network whose sizes are still being found puts its own in here."""
        kept = self._conforming.get((one, two))
        if kept is None:
            kept = self.network.normal(one) == self.network.normal(two)
            keep_in(self._conforming, (one, two), kept)
        return kept

    def says(self, size: Dim) -> str:
        return "?" if any(name.startswith("?") for name in size.symbols) else self.network.says(size)

    def written(self, s: Shape) -> str:
        return f"{self.says(s[0])} × {self.says(s[1])}"

    @cached_property
    def sizes(self) -> frozenset[str]:
        """Letters of sizes and of the depth: integers that may stand in a formula as numbers."""
        own = frozenset(getattr(self.network, "sizes", ()))
        return own | (self.network.depth.symbols if self.is_layered else frozenset())

    def index(self, letter: str) -> Dim:
        """The integer symbol that a letter of a script stands for."""
        return self._indices.get(letter) or index("l" if letter == "ℓ" else ENGLISH.get(letter, letter))

    @cached_property
    def _indices(self) -> Mapping[str, Dim]:
        made = {letter: index(name) for name, letter in self.notation.letters.items() if len(name) == 1}
        return made | {row.letter: index(name) - row.shift for name, row in self.notation.index.items()}

    def layer(self, written: Dim, row: Written) -> Dim:
        """The layer that a row of the notation writes so: counted from its first one, and less the row's shift."""
        return self._unnumbered(written - row.shift) if row.layered else written - row.shift

    def _unnumbered(self, written: Dim) -> Dim:
        """The inverse of the notation's `numbered`."""
        first = self.notation.first
        if not first:
            return written
        shift_of = self.notation.shift_of
        counted = sum(c for atom, c in written.terms if isinstance(atom, Symbol) and not shift_of(atom.name))
        return written - first * (1 - counted)

    def end(self, written: Dim, name: str, is_layer: bool) -> Dim:
        """The end of the range of an index, where it is written so: the inverse of the notation's `value`."""
        value = written + self.notation.shift_of(name)
        return self._unnumbered(value) if is_layer else value

    def width(self, head: Head, below: Dim | None, above: Dim | None) -> Dim | None:
        """The width that a letter with a layer is; None if it is none."""
        row = self.notation.quantity.get("width")
        if not self._has_widths or row is None or head.key != (row.letter, ()) or head.is_marked:
            return None
        at, other = (above, below) if row.place == "sup" else (below, above)
        return None if at is None or other is not None else width(self.layer(at, row))

    def units(self, d: Dim) -> Dim:
        """A size as the network counts it: `n_l - 1` is the number of units of a layer with a bias unit."""
        match d:
            case Dim(((Width(layer), 1),), -1) if self.network.normal(units(layer)) != self.network.normal(
                width(layer)
            ):
                return units(layer)
        return d

    # --- rows or columns ---------------------------------------------------------------------------------------------

    @cached_property
    def turned(self) -> bool:
        """Whether formulas are about rows where the network has columns, or the other way round."""
        return bool(self.notation.data != self.network.data)

    def shape(self, e: Expr, found: Found = NOTHING) -> Shape:
        """Rows × columns of an expression as it is written.

        Args:
            found: what is known of open sizes beside what the network knows.

        Raises:
            ShapeError: if two parts do not conform.
        """
        if found:
            return self._shape(e, _Settled(self.network, found))
        kept = self._shapes.get(e)
        if kept is None:
            kept = self.shared(self._shape(e, self.network))
            keep_in(self._shapes, e, kept)
        return kept

    def shared(self, s: Shape) -> Shape:
        """A shape whose sizes are those of other shapes, where they are equal."""
        if len(self._same) >= MOST_KEPT:
            self._same.clear()
        same = self._same
        return same.setdefault(s[0], s[0]), same.setdefault(s[1], s[1])

    def _shape(self, e: Expr, network: Shaped) -> Shape:
        if not self.turned:
            return shape(e, network)
        columns, rows = shape(in_rows(e, self.network), network)
        return rows, columns

    def vector(self, size: Dim) -> Shape:
        """The shape of a vector: a column, or where formulas are about rows a row."""
        return (ONE, size) if self.turned else (size, ONE)

    def length(self, s: Shape) -> Dim | None:
        """The number of entries of a vector; None for what is none."""
        along, across = (s[1], s[0]) if self.turned else s
        return along if across == ONE else None
