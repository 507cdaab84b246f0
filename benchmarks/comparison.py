"""Gradients of one network at one point: as they are derived, by complex steps at 50 digits, and by the peers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import numpy as np

from benchmarks import peers
from benchmarks.evaluation import Array, Explodes, Forward, Key, Symbols, Values, by_complex_step, key_of, mp
from benchmarks.growing import Grown
from symbackprop.derivation import Derivation
from symbackprop.dims import Bounds, dim
from symbackprop.expr import Expr, Named, Partial, Variable

# both sides have 60 digits or more; what cancels may take some of them
TOLERANCE = mp.mpf(10) ** -50


# --- what came out ----------------------------------------------------------------------------------------------------


@dataclass
class Beside:
    """What came out beside a peer.

    Attributes:
        same: gradients.
        others: those that are not, as words.
        at_kinks: those that are not where a function is taken at a kink: a slope there is what somebody chose.
        refused: networks that the peer does not compute, as words.
    """

    same: int = 0
    others: list[str] = field(default_factory=list)
    at_kinks: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


@dataclass
class Count:
    """What came out.

    Attributes:
        right, wrong: gradients; `wrong` as words.
        refused: networks, or questions about them, by the words of the refusal.
        seconds: of the derivations.
        beside: what came out beside a peer that is installed.
    """

    networks: int = 0
    right: int = 0
    checked: int = 0
    wrong: list[str] = field(default_factory=list)
    refused: dict[str, list[str]] = field(default_factory=dict)
    unusable: int = 0
    seconds: float = 0.0
    slowest: tuple[float, str] = (0.0, "none")
    beside: dict[str, Beside] = field(default_factory=dict)

    def refuse(self, words: str, name: str) -> None:
        self.refused.setdefault(words, []).append(name)


# --- a network at a point ---------------------------------------------------------------------------------------------


class Point:
    """The values of the inputs and parameters of a network, drawn from its seed."""

    def __init__(self, made: Grown, seed: int, scale: float = 1.0) -> None:
        self.made, self.scale = made, scale
        self.random = Random(f"{seed} {scale}")
        self.drawn: dict[Key, Array] = {}
        self.forward = Forward(made.network.equations, self.leaf, made.sizes)

    def extent(self, key: Key) -> tuple[int, int]:
        """Rows and columns as numbers."""
        name, at = key
        rows, columns = self.made.network.shape_of(Named(name, None if at is None else dim(at)))
        values = self.forward.values
        return values.size(rows, {}), values.size(columns, {})

    def leaf(self, key: Key) -> Array:
        """The value of an input or a parameter."""
        if key not in self.drawn:
            drawn = np.empty(self.extent(key), dtype=object)
            for place in np.ndindex(*drawn.shape):
                drawn[place] = mp.mpf(self.random.gauss(0, 1) * self.scale)
            if key[0] in self.made.targets:
                # targets of a cross-entropy sum to 1
                drawn = drawn * drawn
                drawn = drawn / drawn.sum()
            self.drawn[key] = drawn
        return self.drawn[key]

    def by_steps(self, key: Key) -> Array:
        """The gradient by a variable, by complex steps."""
        equations = self.made.network.equations
        return by_complex_step(equations, self.leaf, self.made.sizes, key, self.extent(key))

    def by_peer(self, peer: str, keys: Sequence[Key]) -> dict[Key, Array]:
        """The gradients by variables as a peer finds them."""
        extents = {key: self.extent(key) for key in keys}
        equations = self.made.network.equations
        return peers.gradients(peers.library(peer), equations, self.leaf, self.made.sizes, extents)


# --- lines ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """The gradient by a variable, or by each of a family.

    Attributes:
        known: the ends of the letter of the family.
    """

    wrt: Variable
    result: Expr
    known: Bounds


def lines_of(derivations: Sequence[Derivation]) -> list[Line]:
    """What derivations of gradients came to."""
    return [
        Line(d.start.wrt, d.result, d.known)
        for d in derivations
        if isinstance(d.start, Partial) and isinstance(d.start.wrt, Variable)
    ]


class Lines:
    """Lines as numbers: each at every index that it is about; a gradient that stands in one is put in."""

    def __init__(self, lines: Sequence[Line], forward: Forward) -> None:
        self.lines, self.sizes = lines, forward.sizes
        self.values = Values(forward.variable, self.partial, forward.sizes)
        self.found: dict[Key, Array] = {}

    def partial(self, wrt: Variable, symbols: Symbols) -> Array:
        key = key_of(wrt, self.values, symbols)
        if key not in self.found:
            for line in self.lines:
                at = self._at(line, key)
                if at is not None:
                    self.found[key] = self.values.of(line.result, at)
                    break
            else:
                raise LookupError(f"no line for the gradient by {key[0]} at {key[1]}")
        return self.found[key]

    def _at(self, line: Line, key: Key) -> Symbols | None:
        """The numbers for the letters of a line at which it is about a variable; None where it is not."""
        for symbols in self.members(line):
            if key_of(line.wrt, self.values, symbols) == key:
                return symbols
        return None

    def members(self, line: Line) -> list[Symbols]:
        """The numbers for the letter of a line."""
        at = line.wrt.index
        letters = [] if at is None else sorted(at.symbols - set(self.sizes))
        if not letters:
            return [{}]
        (name,) = letters
        low, high = line.known[name]
        assert low is not None and high is not None
        return [{name: i} for i in range(self.values.size(low, {}), self.values.size(high, {}) + 1)]


def differs(found: Array, wanted: Array, tolerance: Any = TOLERANCE) -> str | None:
    """By how much two arrays differ, beside the largest entry; None if they do not."""
    if found.shape != wanted.shape:
        return f"the shape {found.shape} instead of {wanted.shape}"
    size = max([mp.mpf(1), *(abs(entry) for entry in wanted.flat)])
    off = max(abs(a - b) for a, b in zip(found.flat, wanted.flat, strict=True)) / size
    return f"off by {mp.nstr(off, 3)}" if not off < tolerance else None


class Comparison:
    """The gradients of one network at one point.

    Args:
        name: of the network, for what is said about it.
        count: what is found is added to it.
    """

    def __init__(self, name: str, point: Point, count: Count) -> None:
        self.name, self.point, self.count = name, point, count
        self.wanted: dict[Key, Array] = {}
        self.found: dict[Key, Array] = {}

    def with_steps(self, lines: Sequence[Line], others: Sequence[Line] = (), how: str = "") -> None:
        """Compare lines with complex steps.

        Args:
            others: lines of gradients that may stand in these, beside themselves.
            how: words about where the lines are from.
        """
        values = Lines((*lines, *others), self.point.forward)
        for line in lines:
            for symbols in values.members(line):
                key = key_of(line.wrt, values.values, symbols)
                words = f"{self.name}: {line.wrt}{how}"
                try:
                    if key not in self.wanted:
                        self.wanted[key] = self.point.by_steps(key)
                    found = values.values.of(line.result, symbols)
                except (Explodes, ZeroDivisionError):
                    self.count.unusable += 1
                    continue
                except Exception as error:
                    self.count.wrong.append(f"{words}: {type(error).__name__}: {error}")
                    continue
                self.found.setdefault(key, found)
                off = differs(found, self.wanted[key])
                self.count.checked += 1
                self.count.right += off is None
                if off is not None:
                    self.count.wrong.append(f"{words} at {key[1]}: {off}")

    def with_peers(self) -> None:
        """Compare what was found with every peer that is installed."""
        kinks = self.point.forward.values.kinks
        for peer in filter(peers.is_installed, peers.PEERS):
            beside = self.count.beside.setdefault(peer, Beside())
            try:
                theirs = self.point.by_peer(peer, list(self.found))
            except Exception as error:
                beside.refused.append(f"{self.name}: {peer}: {type(error).__name__}: {error}")
                continue
            for key, found in self.found.items():
                off = differs(found, theirs[key], peers.TOLERANCE)
                words = f"{self.name}: {key[0]} at {key[1]}: {peer} {off}"
                if off is None:
                    beside.same += 1
                elif kinks:
                    beside.at_kinks.append(f"{words}, at a kink of {', '.join(sorted(kinks))}")
                else:
                    beside.others.append(words)
