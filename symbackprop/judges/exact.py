"""The exact judge: both sides of a claim over a prime field, at random points of several depths and widths.

A derivative in a claim is found by dual numbers from the network's forward equations. No rule is imported here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, singledispatch
from typing import Protocol, cast

from flint import nmod_mat

from symbackprop import expr
from symbackprop.equations import Network
from symbackprop.errors import ShapeError, SymbackpropError
from symbackprop.expr import Expr
from symbackprop.judges.claim import Claim
from symbackprop.judges.field import (
    PRIME,
    ConstantRoot,
    OutOfRange,
    Point,
    Resample,
    Unvalued,
    table,
    targets_sum_to_one,
)
from symbackprop.judges.forward import value
from symbackprop.judges.instances import assignments, beyond, depths, width_sets
from symbackprop.judges.outcome import Outcome, Refuted, Supported, Undecided
from symbackprop.tree import children

# each root in a claim has a value at every second point, so a claim with eight of them at every 256th
ATTEMPTS = 4096


class Given(Protocol):
    """A network of a kind that has layers, of which one of given widths can be made."""

    widths: tuple[int, ...] | None

    def given(self, widths: Sequence[int]) -> Network:
        """The same kind of network with given widths."""

    def __hash__(self) -> int: ...


@dataclass(frozen=True)
class Sample:
    """What came of one comparison.

    Attributes:
        result: "agree", "differ", or "missing" where a side has no meaning at this depth or index.
        note: which entry differs and its values, or what is missing.
        one_sided: whether only one of the sides is missing.
    """

    depth: int
    widths: tuple[int, ...]
    seed: int
    symbols: Mapping[str, int]
    result: str
    note: str = ""
    one_sided: bool = False

    def __str__(self) -> str:
        widths = ",".join(map(str, self.widths))
        shown = "".join(f", {name} = {n}" for name, n in self.symbols.items() if name != "L")
        return f"depth {self.depth}, widths {widths}{shown}, seed {self.seed}: {self.note or 'both sides agree'}"


def judge(claim: Claim) -> Outcome:
    """What the values of both sides say of a claim.

    It is tried at depths 1 to 8, or the network's own, at two lists of pairwise distinct widths for each, or twice at
    the network's own. A depth at which one side has no meaning (`z_3` at depth 1) is left out, and the outcome says
    which remain. The claim is false where one side has no meaning for some of the indices only, or at no depth.
    """
    if claim.relation != "=":
        return Undecided(f"{claim.relation} says nothing in a prime field, which has no order")
    if not hasattr(claim.network, "given"):
        return Undecided("this judge gives a network widths, and this network takes none")
    tried: list[Sample] = []
    missing = ""
    try:
        for depth in depths(claim):
            found = list(evaluate(claim, depth))
            for sample in found:
                if sample.result == "differ":
                    return Refuted(str(sample))
            agreed = [sample for sample in found if sample.result == "agree"]
            gaps = [sample for sample in found if sample.result == "missing"]
            if agreed and any(sample.one_sided for sample in gaps):
                return Refuted(str(next(sample for sample in gaps if sample.one_sided)))
            missing = str(gaps[0]) if gaps else missing
            tried += agreed
        deep = None if tried else beyond(claim)
        gaps = [] if deep is None else [sample for sample in evaluate(claim, deep) if sample.one_sided]
        if gaps:
            return Refuted(str(gaps[0]))
    except Unvalued as reason:
        return Undecided(str(reason))
    except SymbackpropError as error:
        return Undecided(f"the network has no value in a prime field: {error}")
    if not tried:
        return Undecided(f"the claim has a meaning at none of the depths tried: {missing or 'its ranges are empty'}")
    return _supported(claim, tried)


def _supported(claim: Claim, tried: list[Sample]) -> Supported:
    """How many samples agreed where, and a bound on the probability of that if the sides differ at one of them."""
    reached = sorted({sample.depth for sample in tried})
    widths = {sample.widths for sample in tried}
    least = min(sum(1 for w in widths if len(w) == depth + 2) for depth in reached)
    degree = {d: (degree_of(claim.left, d) + degree_of(claim.right, d)) for d in reached}
    bound = sum(degree[sample.depth] / PRIME for sample in tried)
    own = getattr(claim.network, "widths", None)
    where = "the widths given" if own is not None else f"{least} lists of pairwise distinct widths each"
    return Supported(
        len(tried),
        f"GF(2^61-1), depth{_written(reached)}, {where}, degree at most {max(degree.values())} in the random values"
        + (", taking Σ_k y_k = 1" if targets_sum_to_one(claim.network) else ""),
        bound,
    )


def _written(numbers: list[int]) -> str:
    """` 3`, or `s 2…8`, or `s 1, 3`."""
    if len(numbers) == 1:
        return f" {numbers[0]}"
    if numbers == list(range(numbers[0], numbers[-1] + 1)):
        return f"s {numbers[0]}…{numbers[-1]}"
    return f"s {', '.join(map(str, numbers))}"


def evaluate(claim: Claim, depth: int) -> Iterator[Sample]:
    """Every comparison of a claim at one depth.

    Raises:
        Unvalued: if something in the claim has no value in a prime field.
    """
    network = cast(Given, claim.network)
    if network.widths is not None:
        yield from _at_widths(claim, depth, network.widths, 0)
        yield from _at_widths(claim, depth, network.widths, 1)
        return
    bias_units = bool(getattr(network, "augmented", True))
    for roots in (False, True):
        try:
            samples = [
                sample
                for i, widths in enumerate(width_sets(depth, bias_units, roots))
                for sample in _at_widths(claim, depth, widths, i)
            ]
        except ConstantRoot as reason:
            if roots:
                raise Unvalued(str(reason)) from None
            continue
        yield from samples
        return


def _at_widths(claim: Claim, depth: int, widths: tuple[int, ...], number: int) -> list[Sample]:
    """The comparisons at the first point of these widths at which all roots exist; `number` makes the points differ."""
    for attempt in range(ATTEMPTS):
        seed = number + 2 * attempt
        try:
            point = _point(cast(Given, claim.network), widths, seed)
            return [
                _compared(claim, point, depth, widths, symbols)
                for symbols in assignments(claim, point, depth, turned=bool(number))
            ]
        except ConstantRoot:
            raise
        except Resample as reason:
            last = reason
    raise Unvalued(f"{ATTEMPTS} random points gave no value: {last}")


@lru_cache(maxsize=256)
def _point(network: Given, widths: tuple[int, ...], seed: int) -> Point:
    return Point(network.given(widths), seed)


def _compared(claim: Claim, point: Point, depth: int, widths: tuple[int, ...], symbols: Mapping[str, int]) -> Sample:
    """One comparison; a side whose parts do not conform makes the claim false."""
    sides: list[nmod_mat] = []
    gaps: list[str] = []
    sample = Sample(depth, widths, point.seed, symbols, "differ")
    for side in (claim.left, claim.right):
        try:
            sides.append(value(side, point, symbols))
        except OutOfRange as gap:
            gaps.append(str(gap))
        except ShapeError as error:
            return _noted(sample, str(error))
    if gaps:
        return _noted(sample, gaps[0], "missing", one_sided=len(gaps) == 1)
    note = _difference(*sides)
    return _noted(sample, note, "differ" if note else "agree")


def _noted(sample: Sample, note: str, result: str = "differ", one_sided: bool = False) -> Sample:
    return Sample(sample.depth, sample.widths, sample.seed, sample.symbols, result, note, one_sided)


def _difference(left: nmod_mat, right: nmod_mat) -> str:
    """How two values differ: their shapes, or their first entries that do; empty if they do not."""
    shapes = [f"{m.nrows()} × {m.ncols()}" for m in (left, right)]
    if shapes[0] != shapes[1]:
        return f"the left side is {shapes[0]}, the right side {shapes[1]}"
    if left == right:
        return ""
    i, k = next((i, k) for i in range(left.nrows()) for k in range(left.ncols()) if left[i, k] != right[i, k])
    return f"entry {i + 1},{k + 1} is {left[i, k]} on the left, {right[i, k]} on the right"


def value_at(
    e: Expr, network: Network, widths: Sequence[int], seed: int = 0, symbols: Mapping[str, int] | None = None
) -> list[list[int]]:
    """The rows of the value of an expression in a network of given widths, at the point of a seed.

    Raises:
        OutOfRange, Unvalued, Resample, ShapeError: as `forward.push` does.
    """
    point = _point(cast(Given, network), tuple(widths), seed)
    depth = {name: len(widths) - 2 for name in network.depth.symbols}
    return table(value(e, point, {**depth, **(symbols or {})}))


# --- the degree that the bound assumes -------------------------------------------------------------------------------


@singledispatch
def degree_of(e: Expr, depth: int) -> int:
    """A bound on the degree of numerator and denominator of an entry, as a rational function of what is random.

    What is random: inputs, parameters and values of functions, each function taken as a random one, so that its values
    are new indeterminates. Sums and products add the degrees of their operands.
    """
    return sum(degree_of(operand, depth) for operand in children(e))


@degree_of.register
def _(e: expr.Variable, depth: int) -> int:
    # z = W h + b has degree 2; the loss of a network is a sum of such, or of their squares
    return 4


@degree_of.register
def _(e: expr.Partial, depth: int) -> int:
    # a path from the loss to a variable passes two factors in each layer, a slope and a weight
    return 2 * (depth + 2) + degree_of(e.of, depth)


@degree_of.register
def _(e: expr.IndexedProduct | expr.IndexedSum, depth: int) -> int:
    # an index of layers takes at most that many values
    return (depth + 2) * degree_of(e.body, depth)


@degree_of.register
def _(e: expr.Elementwise | expr.LayerMap | expr.ActivationJacobian, depth: int) -> int:
    return 1


@degree_of.register
def _(e: expr.Power, depth: int) -> int:
    return (abs(e.exponent.numerator) + e.exponent.denominator - 1) * degree_of(e.base, depth)


@degree_of.register
def _(e: expr.Norm | expr.SquareRoot, depth: int) -> int:
    # the root of a sum of squares; its sign doubles the degree once more
    return 4 * degree_of(e.operand, depth)
