"""The ladder of bounds on random networks: how tight each rung is, how often it fails, and where a false one fails."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np

from symbackprop.errors import SymbackpropError
from symbackprop.network import MLP
from symbackprop.numeric.bounds import BoundLadder, Ladder, Rung
from symbackprop.numeric.rungs import FALSE_READING, LOWER, RUNGS
from symbackprop.progress import Progress

Array = Any


@dataclass(frozen=True)
class Tightness:
    """A row of the table over random networks.

    Attributes:
        name, kind, holds: of the rung.
        low, median, high: quantiles (10, 50, 90 %) of bound / true, each one of the samples. A network whose gradient
            is 0 has no such ratio and is left out; if all are, the quantiles are NaN.
        zero: the part of the networks whose gradient is 0: a layer of dead ReLUs.
        failed: the part of the networks in which it failed for ‖∂L/∂W_0‖_F.
        failed_for_a_row: the part in which it failed for the lecture's left side, one row (the first) of ∂L/∂W_0.
    """

    name: str
    kind: str
    holds: bool
    low: float
    median: float
    high: float
    zero: float
    failed: float
    failed_for_a_row: float


@dataclass(frozen=True)
class Counterexample:
    """A point, in tenths, where the lecture's lower bound fails if it is read with smallest nonzero singular values.

    Attributes:
        W, b, x, upstream: exactly; `b` is None where biases do not stand apart.
        claimed: the right side of "‖∂L/∂W_0‖_F ≥ …".
        true: ‖∂L/∂W_0‖_F, which is less, and so is each row.
        rows: ‖∂L/∂w_{0,j}‖.
    """

    W: tuple[tuple[tuple[Fraction, ...], ...], ...]
    b: tuple[tuple[Fraction, ...], ...] | None
    x: tuple[Fraction, ...]
    upstream: tuple[Fraction, ...]
    claimed: float
    true: float
    rows: tuple[float, ...]


# by shape and number of inputs, 0 for vectors
Draw = Callable[[tuple[int, ...], int], Array]


def tightness(
    at: BoundLadder, samples: int, seed: int, gain: float | None, progress: Progress
) -> tuple[Tightness, ...]:
    """As `BoundLadder.tightness`."""
    if not isinstance(samples, int | np.integer) or samples < 1:
        raise SymbackpropError(f"samples = {samples!r} networks give no quantiles: write a whole number, 1 or more")
    if gain is not None and not 0 < gain < math.inf:
        raise SymbackpropError(f"gain = {gain} is no standard deviation: write a positive number, such as 1")
    rng = np.random.default_rng(seed)

    def normal(shape: tuple[int, ...], inputs: int) -> Array:
        return rng.standard_normal(shape) * (1.0 if gain is None or not inputs else gain / inputs**0.5)

    found = []
    for done in range(1, samples + 1):
        found.append(_drawn(at, normal)[1])
        progress(done, samples)
    return tuple(_row([(one, one.rungs[i]) for one in found]) for i in range(len(RUNGS)))


@cache
def of_random_networks(widths: tuple[int, ...], activation: str, samples: int) -> tuple[Tightness, ...]:
    """`BoundLadder(MLP(…)).tightness(samples)`, worked out once: tables of upper and of lower bounds ask for the same.

    Raises:
        SymbackpropError: as there.
    """
    return BoundLadder(MLP(widths=widths, activation=activation)).tightness(samples)


def _row(found: Sequence[tuple[Ladder, Rung]]) -> Tightness:
    rung = found[0][1]
    ratios = [at.ratio(one) for at, one in found if at.size.mantissa] or [math.nan]
    low, median, high = map(float, np.quantile(ratios, (0.1, 0.5, 0.9), method="inverted_cdf"))
    zero = sum(not at.size.mantissa for at, _ in found) / len(found)
    failed, for_a_row = (sum(at.fails(one, row) for at, one in found) / len(found) for row in (None, 1))
    return Tightness(rung.name, rung.kind, rung.holds, low, median, high, zero, failed, for_a_row)


def counterexample(at: BoundLadder, seed: int, tries: int, factor: float) -> Counterexample | None:
    """As `BoundLadder.counterexample`."""
    rng = np.random.default_rng(seed)
    for _ in range(tries):
        point, found = _drawn(at, lambda shape, _: rng.integers(-10, 11, shape) / 10)
        claim = found.rung(FALSE_READING, LOWER)
        if found.true > 0 and found.ratio(claim) >= factor:
            W, b, x, upstream = (_in_tenths(part) for part in point)
            return Counterexample(W, b or None, x, upstream, claim.value, found.true, found.rows)
    return None


def _drawn(at: BoundLadder, draw: Draw) -> tuple[tuple[Any, ...], Ladder]:
    """A point `(W, b, x, upstream)` of drawn numbers, and the ladder there."""
    widths, augmented = at.network.widths, at.network.augmented
    if widths is None:
        raise SymbackpropError(
            "random networks need widths: write MLP(widths=[4, 3, 3, 2], …), bias units counted where augmented"
        )
    sizes = list(zip([*(n - augmented for n in widths[1:-1]), widths[-1]], widths[:-1], strict=True))
    W = [draw((rows, inputs), inputs) for rows, inputs in sizes]
    b = [draw((rows,), inputs) for rows, inputs in sizes] if at.network.bias == "separate" else None
    x, upstream = draw((widths[0],), 0), draw((widths[-1],), 0)
    if augmented:
        x[-1] = 1.0
    return (W, b or [], x, upstream), at(W, x, upstream, b=b)


def _in_tenths(part: Any) -> Any:
    """An array, or a list of them, as tuples of exact tenths."""
    return tuple(map(_in_tenths, part)) if isinstance(part, list) or np.ndim(part) else Fraction(round(10 * part), 10)
