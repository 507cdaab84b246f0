"""Letters with their accents, what stands in their subscripts, and what they may be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from symbackprop.dims import Dim
from symbackprop.expr import Expr
from symbackprop.notations import GREEK

ENGLISH: Mapping[str, str] = {letter: name for name, letter in GREEK.items()} | {"ℓ": "ell", "ℒ": "L", "ϵ": "epsilon"}
# the styles that mark a vector or a matrix; the others are those of letters, words and sets
MARKED = frozenset({"vec", "bold", "underline"})
Accents = tuple[str, ...]


@dataclass(frozen=True)
class Head:
    """A letter with its style and accents, in the order of the alphabet, without scripts."""

    text: str
    style: str = "plain"
    accents: Accents = ()
    prefix: str = ""

    @property
    def is_marked(self) -> bool:
        return self.style in MARKED

    @property
    def name(self) -> str:
        """The name of a variable that is written so: `yhat`."""
        return ENGLISH.get(self.text, self.text) + "".join(self.accents)

    @property
    def key(self) -> tuple[str, Accents]:
        return self.text, self.accents


class Anywhere(str):
    """A place holder in a subscript: `·` in `w_{l,j,·}`."""


ANY = Anywhere("·")


@dataclass(frozen=True)
class Range:
    """`1 … n` in a subscript."""

    first: Dim
    last: Dim


@dataclass(frozen=True)
class Label:
    """A subscript that is no index: the `x` of `W_x`."""

    text: str


At = Dim | Anywhere | Range | Label
Places = tuple[At, ...]


def is_entry(rest: Places) -> bool:
    """Whether these places are those of one entry."""
    return bool(rest) and all(isinstance(place, Dim) for place in rest)


@dataclass(frozen=True)
class Candidate:
    """A quantity that a letter with its first scripts may be, the scripts that are left, and what is taken for granted.

    Attributes:
        is_marked: whether the notation marks it, as a vector by an arrow.
        is_declared: whether the network has a variable whose name says all that is written.
    """

    tree: Expr
    rest: Places = ()
    assumed: str = ""
    is_marked: bool = False
    is_declared: bool = False

    def declared(self) -> Candidate:
        """The same of a variable whose name says all that is written."""
        return Candidate(self.tree, self.rest, self.assumed, self.is_marked, True)

    def is_written(self, head: Head) -> bool:
        """Whether the notation writes it so: an entry is plain, and the whole as its row says."""
        return head.is_marked == (self.is_marked and not is_entry(self.rest))
