"""Finite distributions with the properties that `Draws` states, and what they make of a network, enumerated.

Everything is a whole number, and so are the weights of outcomes, of which each is a probability once it is divided by
the sum of all: means are exact. What a network assumes is
the only thing that these distributions have: unsymmetric ones where no symmetry is assumed, units of a layer that
depend on each other, an input of which no two entries are alike.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from hashlib import blake2b

from symbackprop.draws import Draws

# a value or a tuple of values, with its weight
Law = dict[int, int]
Joint = dict[tuple[int, ...], int]
# what is random: ("W", layer, row, column), ("b", layer, row), ("z" | "h" | "dz" | "dh", layer, row)
Atom = tuple[str, int, int, int]
# more outcomes than this are not enumerated
MOST = 20_000


class TooMany(Exception):
    """More outcomes than are enumerated."""


class Unvalued(Exception):
    """Something that has no exact mean here; the text says why."""


@dataclass(frozen=True)
class Kind:
    """One choice of distributions.

    Attributes:
        widths: `n_0 … n_{L+1}`, bias units counted where the network has them.
        bias: as of the network: "augmented", "separate" or "none".
        activation: its name; any name that is not known is a function with arbitrary values.
        variance: of each weight of a layer, where the network says it.
        points: 2 or 3, the number of values of a weight.
    """

    widths: tuple[int, ...]
    bias: str
    activation: str
    draws: Draws
    variance: Callable[[int], Fraction | None] = field(compare=False)
    points: int = 2

    @property
    def depth(self) -> int:
        return len(self.widths) - 2

    def units(self, layer: int) -> int:
        """How many pre-activations a layer has; of the input, how many entries besides the bias unit."""
        augmented = self.bias == "augmented" and layer <= self.depth
        return self.widths[layer] - 1 if augmented else self.widths[layer]

    # --- weights ---------------------------------------------------------------------------------------------------

    def weight(self, layer: int, column: int) -> Law:
        """The law of an entry of `W_layer`."""
        if self.bias == "augmented" and column == self.widths[layer]:
            return self.bias_law(layer)
        return self._weight(layer)

    def bias_law(self, layer: int) -> Law:
        return {0: 1} if self.draws.biases == "zero" else self._weight(layer)

    def _weight(self, layer: int) -> Law:
        given = self.variance(layer)
        # the least size at which a variance can be had
        size = layer + 1 if given is None else max(1, math.isqrt(max(math.ceil(given) - 1, 0)) + 1)
        symmetric = self.draws.symmetric
        # ±size: variance p size². Unsymmetric, -size or 2 size, with mean 0: variance 2 p size². Else 0
        p = (Fraction(1) if self.points == 2 else Fraction(2, 3)) if given is None else given / size**2
        p = p if symmetric or given is None else p / 2
        if symmetric:
            return _whole({size: p / 2, -size: p / 2, 0: 1 - p})
        return _whole({-size: 2 * p / 3, 2 * size: p / 3, 0: 1 - p})

    # --- units -----------------------------------------------------------------------------------------------------

    def slope(self, value: int, order: int) -> int:
        """`g`, or a derivative of it, of an integer.

        Raises:
            Unvalued: for a function that has no integer values.
        """
        match self.activation, order:
            case ("identity", 0) | ("relu", 0):
                return value if self.activation == "identity" else max(value, 0)
            case "identity", _:
                return int(order == 1)
            case "relu", 1:
                return int(value > 0)
        if len(self.activation) > 1 and self.activation not in GREEK:
            raise Unvalued(f"{self.activation} of a whole number is not rational")
        return blake2b(f"{self.activation},{order},{value}".encode(), digest_size=8).digest()[0] % 7 - 3

    @cached_property
    def means(self) -> dict[Hashable, Fraction]:
        """Means that were enumerated before."""
        return {}

    def at_variance(self, variance: Fraction) -> Kind:
        """The kind in which every weight has that variance; one for each, so that its means are found once."""
        if variance not in self._at_variances:
            self._at_variances[variance] = replace(self, variance=lambda layer: variance)
        return self._at_variances[variance]

    @cached_property
    def _at_variances(self) -> dict[Fraction, Kind]:
        return {}

    @cached_property
    def _hidden(self) -> dict[int, Joint]:
        return {}

    @cached_property
    def _laws(self) -> dict[tuple[int, int], Joint | None]:
        return {}

    def preactivations(self, layer: int, count: int) -> Joint:
        """The joint law of any `count` different `z_{layer,i}`: the rows of weights are alike.

        Raises:
            TooMany: where it has too many outcomes.
        """
        key = layer, count
        if key not in self._laws:
            made: Joint | None
            try:
                made = self._assumed(count) if self.draws.independent_gradients else self._computed(layer, count)
            except TooMany:
                made = None
            self._laws[key] = made
        found = self._laws[key]
        if found is None:
            raise TooMany
        return found

    def _computed(self, layer: int, count: int) -> Joint:
        total, work = Joint(), 0
        # many values of the units below lead to the same law
        rows: dict[tuple[tuple[int, int], ...], int] = {}
        laws = [self.weight(layer - 1, column + 1) for column in range(self.widths[layer - 1])]
        for h, chance in self.hidden(layer - 1).items():
            row: Law = {0: 1}
            for law, value in zip(laws, h, strict=True):
                row = _plus(row, {value * w: p for w, p in _merged(law, value).items()})
            if self.bias == "separate":
                row = _plus(row, self.bias_law(layer - 1))
            work += len(row) ** count
            if work > MOST:
                raise TooMany
            found = tuple(sorted(row.items()))
            rows[found] = rows.get(found, 0) + chance
        for outcomes_of_row, chance in rows.items():
            for z in itertools.product(outcomes_of_row, repeat=count):
                key = tuple([value for value, _ in z])
                total[key] = total.get(key, 0) + chance * math.prod([p for _, p in z])
        return _reduced(total)

    def _assumed(self, n: int) -> Joint:
        """Any pre-activations of which each is as likely as its negative, and none is 0; all of one size at a time."""
        signs = list(itertools.product((1, -1), repeat=n))
        return {tuple(s * size for s in sign): weight for sign in signs for size, weight in ((1, 2), (3, 1))}

    def hidden(self, layer: int) -> Joint:
        """The joint law of all `h_{layer,k}`, the bias unit among them."""
        if layer not in self._hidden:
            self._hidden[layer] = self._found_hidden(layer)
        return self._hidden[layer]

    def _found_hidden(self, layer: int) -> Joint:
        last = (1,) if self.bias == "augmented" else ()
        if layer == 0:
            n = self.units(0)
            one, two = tuple(range(1, n + 1)), tuple(2 * k * (-1) ** k for k in range(1, n + 1))
            return {(*one, *last): 1, (*two, *last): 2}
        total: Joint = {}
        for z, chance in self.preactivations(layer, self.units(layer)).items():
            h = (*(self.slope(value, 0) for value in z), *last)
            total[h] = total.get(h, 0) + chance
        return total

    def gradient(self, layer: int) -> Joint:
        """The joint law of all `∂L/∂z_{layer,i}`: of mean 0 and alike in a hidden layer, arbitrary in the output."""
        n = self.units(layer)
        if layer > self.depth:
            one, two = tuple(range(1, n + 1)), tuple(2 - 3 * k for k in range(n))
            return {one: 1, two: 2}
        if n == 1:
            return {(-1,): 2, (2,): 1}
        # the places of two entries are random; their sum is n or -n, so that they depend on each other
        orbits = (_orbit(n, n + 1, -1), _orbit(n, -n, 0))
        return {vector: weight for orbit in orbits for vector, weight in orbit.items()}


GREEK = frozenset({"phi", "psi", "rho", "eta"})


def _orbit(n: int, one: int, two: int) -> Joint:
    """`one` and `two` at any two different places, all else 0; the same weight in all for each pair of places."""
    found: Joint = {}
    for i, k in itertools.permutations(range(n), 2):
        vector = tuple(one if m == i else two if m == k else 0 for m in range(n))
        found[vector] = found.get(vector, 0) + 1
    return found


def _whole(law: dict[int, Fraction]) -> Law:
    """Probabilities as weights."""
    common = math.lcm(*(p.denominator for p in law.values()))
    return {outcome: int(p * common) for outcome, p in law.items() if p}


def _reduced(joint: Joint) -> Joint:
    common = math.gcd(*joint.values())
    return {outcome: weight // common for outcome, weight in joint.items()}


def _merged(law: Law, value: int) -> Law:
    """The law of a weight that is multiplied by a value: by 0, one outcome is all of them."""
    return law if value else {0: sum(law.values())}


def _plus(one: Law, two: Law) -> Law:
    total: Law = {}
    for (a, p), (b, q) in itertools.product(one.items(), two.items()):
        total[a + b] = total.get(a + b, 0) + p * q
    return total


# --- joint outcomes --------------------------------------------------------------------------------------------------


def marginal(joint: Joint, places: Sequence[int]) -> Joint:
    """The law of some of the entries, counted from 1."""
    total: Joint = {}
    for outcome, chance in joint.items():
        key = tuple(outcome[i - 1] for i in places)
        total[key] = total.get(key, 0) + chance
    return total


@dataclass(frozen=True)
class Plan:
    """What has to be drawn to know some atoms: blocks that are independent of each other, and their atoms."""

    blocks: tuple[tuple[tuple[Atom, ...], Joint], ...]

    @property
    def outcomes(self) -> int:
        return math.prod(len(law) for _, law in self.blocks)


class Needs:
    """The atoms that are drawn where some atoms are asked for.

    Without assumptions on gradients everything above the lowest layer asked for is computed from the weights. With
    them pre-activations are drawn, gradients are computed from those of layer `top` and of the weights.
    """

    def __init__(self, kind: Kind, top: int) -> None:
        self.kind, self.top = kind, top
        self.drawn: set[Atom] = set()

    def plan(self, asked: set[Atom]) -> Plan:
        """The blocks to draw.

        Raises:
            TooMany: where they have too many outcomes together.
        """
        values = {layer for name, layer, _, _ in asked if name in "zhWb"}
        self.root = min(values, default=0)
        for atom in asked:
            self._add(atom)
        plan = Plan(tuple(self._blocks()))
        if plan.outcomes > MOST:
            raise TooMany
        return plan

    def _add(self, atom: Atom) -> None:
        kind = self.kind
        name, layer, row, _ = atom
        if name == "h" and layer > 0 and row <= kind.units(layer):
            self._add(("z", layer, row, 0))
        elif name == "z" and layer > self.root and not kind.draws.independent_gradients:
            for k in range(1, kind.widths[layer - 1] + 1):
                self._add(("W", layer - 1, row, k))
                self._add(("h", layer - 1, k, 0))
            if kind.bias == "separate":
                self._add(("b", layer - 1, row, 0))
        elif name == "dz" and layer < self.top:
            self._add(("z", layer, row, 0))
            self._add(("dh", layer, row, 0))
        elif name == "dh":
            for i in range(1, kind.units(layer + 1) + 1):
                self._add(("W", layer, i, row))
                self._add(("dz", layer + 1, i, 0))
        else:
            self.drawn.add(atom)

    def _blocks(self) -> list[tuple[tuple[Atom, ...], Joint]]:
        kind = self.kind
        found: list[tuple[tuple[Atom, ...], Joint]] = []
        for atom in sorted(a for a in self.drawn if a[0] in "Wb"):
            name, layer, _, column = atom
            law = kind.weight(layer, column) if name == "W" else kind.bias_law(layer)
            found.append(((atom,), {(value,): p for value, p in law.items()}))
        for name, layer in sorted({a[:2] for a in self.drawn if a[0] in ("z", "h", "dz")}):
            atoms = tuple(sorted(a for a in self.drawn if a[:2] == (name, layer)))
            if name == "z":
                found.append((atoms, kind.preactivations(layer, len(atoms))))
            else:
                joint = kind.hidden(layer) if name == "h" else kind.gradient(layer)
                found.append((atoms, marginal(joint, [a[2] for a in atoms])))
        return found


def outcomes(plan: Plan) -> tuple[dict[Atom, list[int]], list[int]]:
    """All outcomes: the values of each atom, and the weights of the outcomes."""
    values: dict[Atom, list[int]] = {}
    weights = [1]
    for atoms, law in plan.blocks:
        count = len(weights)
        for atom in values:
            values[atom] = [value for value in values[atom] for _ in law]
        for i, atom in enumerate(atoms):
            values[atom] = [outcome[i] for outcome in law] * count
        weights = [w * c for w in weights for c in law.values()]
    return values, weights
