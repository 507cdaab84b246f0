"""The exact and the numeric judge of claims about means and variances in a network with random weights.

Exact: the weights have finite distributions with the properties that the network's `Draws` states, all outcomes are
enumerated, and means are ratios of whole numbers. Numeric: Monte Carlo. Neither imports a rule, and what is proved in
`moment_forms` is not used here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache
from typing import Any

from symbackprop.chance import Expectation, Variance
from symbackprop.dims import dim
from symbackprop.draws import RandomMLP
from symbackprop.expr import Expr
from symbackprop.judges.claim import Claim
from symbackprop.judges.laws import MOST, Atom, Kind, Needs, TooMany, Unvalued, outcomes
from symbackprop.judges.moment_instances import depths, instances
from symbackprop.judges.moment_samples import BATCHES, SAMPLES, samples_of
from symbackprop.judges.moment_values import Asked, OutOfRange, check_consistent, computed, key_of, top_of, value
from symbackprop.judges.outcome import Outcome, Refuted, Supported, Undecided
from symbackprop.judges.settings import FULL, Effort, written
from symbackprop.tree import parts

# units of each layer, input first: pairwise distinct where they are compared, and few
SHAPES = {
    1: ((2, 3, 4), (3, 1, 2)),
    2: ((2, 3, 1, 4), (1, 2, 3, 1), (2, 1, 3, 2)),
    3: ((2, 1, 2, 1, 3), (2, 1, 3, 2, 1), (1, 3, 1, 2, 3)),
}
# units where samples are drawn, and how many of them: in batches, so that the error of a mean is known
SAMPLED = {1: (5, 6, 3), 2: (4, 6, 3, 5), 3: (3, 5, 2, 4, 3)}
ERRORS = 6.0


def is_about(claim: Claim) -> bool:
    """Whether a claim is about means or variances."""
    return any(isinstance(part, Expectation | Variance) for e in (claim.left, claim.right) for part in parts(e))


def kind_of(network: RandomMLP, units: tuple[int, ...], points: int) -> Kind:
    """Distributions for a network of the same kind with so many units in each layer."""
    added = int(network.augmented)
    widths = network.widths or (*(n + added for n in units[:-1]), *units[-1:])
    return _made(network, widths, points)


@lru_cache(maxsize=64)
def _made(network: RandomMLP, widths: tuple[int, ...], points: int) -> Kind:
    draws = network.draws
    bare = Kind(widths, network.bias, network.activation.name, draws, lambda layer: None)

    @cache
    def variance(layer: int) -> Fraction | None:
        said = draws.variance_at(dim(layer))
        return None if said is None else Fraction(value(said, _Constants(bare), {"L": bare.depth}))

    return Kind(widths, network.bias, network.activation.name, draws, variance, points)


@dataclass(frozen=True)
class _Constants:
    """No random values at all: what a variance is given by."""

    kind: Kind
    correction: int = 1

    def entry(self, atom: Atom) -> Any:
        raise Unvalued(f"{atom} is random")

    def applied(self, order: int, value: Any, function: str) -> Any:
        raise Unvalued(f"{function} is not rational")

    def mean(self, operand: Expr, symbols: dict[str, int]) -> Any:
        raise Unvalued(f"the mean of {operand} is not a constant")


# --- the exact judge -------------------------------------------------------------------------------------------------


class Enumerated:
    """All outcomes of what one mean needs, one mean after another."""

    correction = 1

    def __init__(self, kind: Kind, top: int) -> None:
        self.kind, self.top = kind, top
        self._values: dict[Atom, Any] = {}

    def known(self, side: Expr, symbols: dict[str, int]) -> Fraction:
        """The value of a side, found once: it is the right side of one step and the left side of the next."""
        key = ("side", self.top, key_of(side, symbols))
        if key not in self.kind.means:
            self.kind.means[key] = Fraction(value(side, self, symbols))
        return self.kind.means[key]

    def mean(self, operand: Expr, symbols: dict[str, int]) -> Fraction:
        key = (self.top, key_of(operand, symbols))
        if key not in self.kind.means:
            self.kind.means[key] = self._enumerated(operand, symbols)
        return self.kind.means[key]

    def _enumerated(self, operand: Expr, symbols: dict[str, int]) -> Fraction:
        import numpy as np

        asked = Asked(self.kind)
        value(operand, asked, symbols)
        check_consistent(asked.atoms, self.kind)
        drawn, weights = outcomes(Needs(self.kind, self.top).plan(asked.atoms))
        self._values = {atom: np.array(values, dtype=object) for atom, values in drawn.items()}
        found = value(operand, self, symbols)
        total = np.sum(found * np.array(weights, dtype=object))
        return Fraction(total) / sum(weights)

    def entry(self, atom: Atom) -> Any:
        if atom not in self._values:
            self._values[atom] = computed(atom, self)
        return self._values[atom]

    def applied(self, order: int, value: Any, function: str) -> Any:
        import numpy as np

        if function != self.kind.activation:
            raise Unvalued(f"{function} is not the activation of the network")
        # few different values among many outcomes
        slopes = {v: self.kind.slope(v, order) for v in set(value)}
        return np.array([slopes[v] for v in value], dtype=object)


def exact(claim: Claim, effort: Effort = FULL) -> Outcome:
    """Both sides by enumeration, at every depth up to 3 and several lists of distinct widths and of distributions."""
    if claim.relation != "=":
        return Undecided(f"{claim.relation} between means is not enumerated")
    if not isinstance(claim.network, RandomMLP):
        return Undecided("this network does not say what its weights are drawn from")
    tried, reason, gap = 0, "no depth that is enumerated is within what is known", ""
    reached: set[int] = set()
    for depth, kind in _kinds(claim, effort):
        try:
            for symbols in instances(claim, kind):
                try:
                    found = _compared(claim, _where_given(claim, kind, symbols), symbols)
                except OutOfRange as missing:
                    reason = str(missing)
                    continue
                if isinstance(found, Refuted):
                    return found
                gap = gap or found
                if not found:
                    tried += 1
                    reached.add(depth)
        except TooMany:
            reason = f"there are more than {MOST} outcomes"
        except Unvalued as error:
            reason = str(error)
    if tried and gap:
        return Refuted(f"one side says nothing where the other does: {gap}")
    if not tried:
        return Undecided(f"no mean was enumerated: {gap or reason}")
    where = written(sorted(reached))
    return Supported(tried, f"{effort.says}all outcomes of finite distributions, exactly, depth{where}")


def _kinds(claim: Claim, effort: Effort) -> Iterator[tuple[int, Kind]]:
    """The distributions at which a claim is tried, with the depth; at its own widths, if the network has some."""
    assert isinstance(claim.network, RandomMLP)
    for depth in depths(claim):
        shapes = SHAPES.get(depth, ())[: effort.lists] if claim.network.widths is None else ((),)
        for units in shapes:
            for points in (2, 3)[: effort.lists]:
                yield depth, kind_of(claim.network, units, points)


def _compared(claim: Claim, kind: Kind, symbols: dict[str, int]) -> Refuted | str:
    """How both sides differ; where one of them says nothing, what is missing; empty where they agree.

    Raises:
        OutOfRange: where neither of them says anything.
    """
    values: list[Fraction] = []
    gaps: list[str] = []
    top = top_of(claim, symbols, kind)
    for side in (claim.left, claim.right):
        try:
            values.append(Enumerated(kind, top).known(side, symbols))
        except OutOfRange as gap:
            gaps.append(str(gap))
    if len(gaps) == 1:
        return gaps[0]
    if gaps:
        raise OutOfRange(gaps[0])
    one, two = values
    if one == two:
        return ""
    where = "".join(f", {name} = {n}" for name, n in symbols.items() if name not in claim.network.depth.symbols)
    widths = ",".join(map(str, kind.widths))
    return Refuted(f"widths {widths}{where}, weights of {kind.points} values: {one} on the left, {two} on the right")


def _where_given(claim: Claim, kind: Kind, symbols: dict[str, int]) -> Kind:
    """The kind with the variance of the weights at which the equations assumed hold.

    Raises:
        Unvalued: where no one variance makes them hold.
    """
    if not claim.given:
        return kind

    def gaps(variance: Fraction) -> list[Fraction]:
        space = Enumerated(kind.at_variance(variance), 0)
        sides = ((value(side, space, symbols) for side in chain.sides) for chain in claim.given)
        return [Fraction(one) - Fraction(two) for one, two in sides]

    one, two = gaps(Fraction(1))[0], gaps(Fraction(2))[0]
    root = 1 - one / (two - one) if two != one else Fraction(0)
    if root <= 0 or any(gaps(root)):
        raise Unvalued("no variance of the weights makes the equations assumed hold")
    return kind.at_variance(root)


# --- the numeric judge -----------------------------------------------------------------------------------------------


def numeric(claim: Claim, effort: Effort = FULL) -> Outcome:
    """Both sides by Monte Carlo, at each depth up to 3: they must agree within six standard errors.

    The error is that of the mean over batches of the difference of both sides.
    """
    if claim.relation != "=":
        return Undecided(f"{claim.relation} between means is not sampled")
    if not isinstance(claim.network, RandomMLP):
        return Undecided("this network does not say what its weights are drawn from")
    tried, reason, worst = 0, "no depth that is sampled is within what is known", 0.0
    for depth in depths(claim)[: effort.lists]:
        kind = kind_of(claim.network, SAMPLED.get(depth, ()), 2)
        try:
            for symbols in instances(claim, kind):
                try:
                    gap, error, scale = _sampled(claim, kind, symbols)
                except OutOfRange as missing:
                    reason = str(missing)
                    continue
                tried += 1
                if abs(gap) > ERRORS * error + 1e-9 * scale:
                    at = "".join(f", {n} = {i}" for n, i in symbols.items())
                    widths = ",".join(map(str, kind.widths))
                    return Refuted(f"widths {widths}{at}: the sides differ by {gap:.3g} ± {error:.1g}")
                worst = max(worst, error / scale if scale else 0.0)
        except Unvalued as unvalued:
            reason = str(unvalued)
    if not tried:
        return Undecided(f"nothing was sampled: {reason}")
    return Supported(
        tried,
        f"{effort.says}Monte Carlo, {BATCHES * SAMPLES} draws each, within 6 standard errors of at most {worst:.1g}",
    )


def _sampled(claim: Claim, kind: Kind, symbols: dict[str, int]) -> tuple[float, float, float]:
    """The difference of both sides, its standard error, and how large the sides are."""
    import numpy as np

    top = top_of(claim, symbols, kind)
    space = samples_of(_where_given(claim, kind, symbols), top)
    one, two = (value(side, space, symbols) * np.ones(BATCHES) for side in (claim.left, claim.right))
    gap = np.asarray(one - two, dtype=float)
    scale = float(np.mean(np.abs(one)) + np.mean(np.abs(two)))
    return float(np.mean(gap)), float(np.std(gap, ddof=1) / math.sqrt(BATCHES)), scale
