"""The exact judge: both sides of a claim over a prime field, at random points of several depths and widths.

A derivative in a claim is found by dual numbers from the network's forward equations. No rule is imported here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial

from flint import nmod_mat

from symbackprop.equations import Network
from symbackprop.errors import ShapeError, SymbackpropError
from symbackprop.expr import Expr
from symbackprop.judges import hypotheses
from symbackprop.judges.claim import Claim
from symbackprop.judges.constrained import constrained, holds
from symbackprop.judges.degree import Within, degree_of
from symbackprop.judges.field import (
    PRIME,
    ConstantRoot,
    OutOfRange,
    Point,
    Resample,
    Unvalued,
    has_root,
    table,
    targets_sum_to_one,
)
from symbackprop.judges.forward import value
from symbackprop.judges.functions import HAD_A_ROOT
from symbackprop.judges.hypotheses import Unmade
from symbackprop.judges.instances import assignments, beyond, width_sets
from symbackprop.judges.outcome import Outcome, Refuted, Supported, Undecided
from symbackprop.judges.scalars import is_folded
from symbackprop.judges.settings import FULL, Choice, Effort, Kind, Setting, at_sizes, at_widths, kind, levels
from symbackprop.quantities import Quantities
from symbackprop.substitution import free_symbols
from symbackprop.tree import subterms

# each root in a claim has a value at every second point, so a claim with eight of them at every 256th
ATTEMPTS = 4096
# half of all numbers have a root: what has none at so many points, and had none before, is zero or negative everywhere
HOPELESS = 48
SIZES = Choice(width_sets)
WITH_ROOTS = Choice(partial(width_sets, roots=True), has_root)


@dataclass(frozen=True)
class Sample:
    """What came of one comparison.

    Attributes:
        result: "agree", "differ", "missing" where a side has no meaning at this depth or index, or "unmade" where
            what the claim assumes does not hold.
        note: which entry differs and its values, or what is missing.
        one_sided: whether only one of the sides is missing.
    """

    setting: Setting
    seed: int
    symbols: Mapping[str, int]
    result: str
    note: str = ""
    one_sided: bool = False

    @property
    def widths(self) -> tuple[int, ...]:
        """The widths, or the sizes, that were tried."""
        return self.setting.sizes

    def __str__(self) -> str:
        free = {name: n for name, n in self.symbols.items() if name not in self.setting.symbols}
        shown = "".join(f", {name} = {n}" for name, n in free.items())
        return f"{self.setting.says}{shown}, seed {self.seed}: {self.note or 'both sides agree'}"


def judge(claim: Claim, effort: Effort = FULL) -> Outcome:
    """What the values of both sides say of a claim.

    It is tried at depths 1 to 8, or the network's own, at two lists of pairwise distinct widths for each, or twice at
    the network's own; in a network of `Quantities`, at three lists of pairwise distinct sizes. A depth at which one
    side has no meaning (`z_3` at depth 1) is left out, and the outcome says which remain. The claim is false where one
    side has no meaning for some of the indices only, or at no depth.

    Args:
        effort: how many depths and lists of sizes are tried.
    """
    if claim.relation != "=":
        return Undecided(f"{claim.relation} says nothing in a prime field, which has no order")
    if kind(claim.network) is None:
        return Undecided("this judge gives a network widths, and this network takes none")
    try:
        return _tried(claim, effort)
    except Unvalued as reason:
        return Undecided(str(reason))
    except SymbackpropError as error:
        return Undecided(f"the network has no value in a prime field: {error}")


@dataclass(frozen=True)
class Found:
    """What came of all comparisons of a claim.

    Attributes:
        agreed: where both sides have one value.
        against: where they have not, or where one side alone has a meaning.
        reason: why there is nothing in either.
    """

    agreed: tuple[Sample, ...] = ()
    against: Sample | None = None
    reason: str = ""


def _tried(claim: Claim, effort: Effort) -> Outcome:
    found = compare(claim, effort)
    if found.against is not None and found.against.result == "differ":
        return _refuted(claim, found.against)
    if found.against is not None:
        return Refuted(str(found.against))
    return _supported(claim, found.agreed, effort) if found.agreed else Undecided(found.reason)


def compare(claim: Claim, effort: Effort = FULL) -> Found:
    """Compare the sides of a claim as `judge` does, up to the first difference.

    Raises:
        Unvalued: if something in the claim has no value in a prime field.
    """
    tried: list[Sample] = []
    missing = unmade = ""
    depths = levels(_kind(claim), claim.known, effort)
    for level in depths:
        found = list(evaluate(claim, level, effort))
        for sample in found:
            if sample.result == "differ":
                return Found(tuple(tried), sample)
        agreed = [sample for sample in found if sample.result == "agree"]
        gaps = [sample for sample in found if sample.result == "missing"]
        if agreed and any(sample.one_sided for sample in gaps):
            return Found(tuple(tried), next(sample for sample in gaps if sample.one_sided))
        missing = str(gaps[0]) if gaps else missing
        unmade = next((sample.note for sample in found if sample.result == "unmade"), unmade)
        tried += agreed
    deep = None if tried else beyond(claim)
    if len(depths) == 1 and found and all(sample.one_sided for sample in found):
        # one side has a meaning at all sizes, and the other one at none
        return Found(against=found[0])
    gaps = [] if deep is None else [sample for sample in evaluate(claim, deep, effort) if sample.one_sided]
    if gaps:
        return Found(against=gaps[0])
    if not tried and effort.deepest < FULL.deepest:
        # where it has a meaning only at greater depths
        return compare(claim, replace(effort, deepest=FULL.deepest, between=True))
    if not tried and not unmade:
        unmade = f"the claim has a meaning at none of the depths tried: {missing or 'its ranges are empty'}"
    return Found(tuple(tried), reason=unmade)


def _refuted(claim: Claim, sample: Sample) -> Outcome:
    """A counterexample; where functions are known by some of their identities only, numbers must refute it too."""
    sides = (claim.left, claim.right, *(equation.right for equation in claim.network.equations))
    if any(is_folded(part) for side in sides for _, part in subterms(side)):
        from symbackprop.judges import numeric

        if isinstance(numeric.judge(claim), Supported):
            return Undecided(
                "both sides agree in numbers, by an identity that its functions do not have in a prime field, where "
                f"they differ: {sample}"
            )
    return Refuted(str(sample))


def _kind(claim: Claim) -> Kind:
    found = kind(claim.network)
    assert found is not None
    return found


def _supported(claim: Claim, tried: Sequence[Sample], effort: Effort) -> Supported:
    """How many samples agreed where, and a bound on the probability of that if the sides differ at one of them."""
    degree, bound = bounded(claim, tried)
    settings = {sample.setting.sizes: sample.setting for sample in tried}
    where = _kind(claim).tried(list(settings.values()))
    return Supported(
        len(tried),
        f"{effort.says}GF(2^61-1), {where}, degree at most {degree} in the random values"
        + (", taking Σ_k y_k = 1" if targets_sum_to_one(claim.network) else "")
        + "".join(f", given {hypotheses.says(each)}" for each in hypotheses.assumed(claim)),
        bound,
    )


def bounded(claim: Claim, agreed: Sequence[Sample]) -> tuple[int, float]:
    """The greatest degree of the sides in what is random, and a bound on the probability that all samples agree.

    The bound holds if the sides differ at the sizes and indices of one of the samples.
    """
    settings = {sample.setting.sizes: sample.setting for sample in agreed}
    within = {sizes: Within(setting, hypotheses.plan(claim, setting.symbols)) for sizes, setting in settings.items()}
    degree = {sizes: degree_of(claim.left, at) + degree_of(claim.right, at) for sizes, at in within.items()}
    return max(degree.values()), sum(degree[sample.widths] / PRIME for sample in agreed)


def evaluate(
    claim: Claim, depth: int, effort: Effort = FULL, choices: Sequence[Choice] = (SIZES, WITH_ROOTS)
) -> Iterator[Sample]:
    """Every comparison of a claim at one depth, up to the first sizes at which its sides differ.

    Quantities have depth 1.

    Args:
        choices: the sizes; the next ones are taken where those before have no root that is needed.

    Raises:
        Unvalued: if something in the claim has no value in a prime field.
    """
    for choice in choices:
        settings = list(_kind(claim).settings(depth, claim.known, choice))[: effort.lists]
        if len(settings) == 1 and effort.lists > 1:
            settings *= 2
        try:
            samples = _up_to_the_first_difference(claim, settings, effort)
        except ConstantRoot as reason:
            if choice is choices[-1] or getattr(claim.network, "widths", None) is not None:
                raise Unvalued(str(reason)) from None
            continue
        yield from samples
        return


def _up_to_the_first_difference(claim: Claim, settings: Sequence[Setting], effort: Effort) -> list[Sample]:
    samples: list[Sample] = []
    for number, setting in enumerate(settings):
        samples += _at(claim, setting, number, effort.seed)
        if any(sample.result == "differ" for sample in samples):
            break
    return samples


def evaluate_at(claim: Claim, sizes: Mapping[str, int], seed: int) -> list[Sample]:
    """The comparisons of a claim about quantities at one list of sizes, whatever they are.

    Args:
        sizes: a number for every letter of a size.

    Raises:
        Unvalued: as `evaluate` does.
    """
    assert isinstance(claim.network, Quantities)
    return _at(claim, at_sizes(claim.network, sizes), 0, seed)


def _at(claim: Claim, setting: Setting, number: int, first: int = 0) -> list[Sample]:
    """The comparisons at the first point of a setting at which all roots exist; `number` makes the points differ."""
    plan = hypotheses.plan(claim, setting.symbols)
    turned = bool(number % 2)
    rootless = Counter[Expr]()
    for attempt in range(ATTEMPTS):
        seed = first + number + 3 * attempt
        try:
            point = constrained(setting.network, seed, plan) if claim.given else _point(setting.network, seed)
            hypotheses.checked(claim, partial(holds, point=point, setting=setting), point.held)
            return [_compared(claim, point, setting, symbols) for symbols in assignments(claim, point, setting, turned)]
        except ConstantRoot:
            raise
        except Unmade as reason:
            return [Sample(setting, seed, {}, "unmade", str(reason))]
        except Resample as reason:
            last = reason
            if reason.square is not None and not getattr(reason.square, HAD_A_ROOT, False):
                rootless[reason.square] += 1
                if rootless[reason.square] == HOPELESS:
                    raise Unvalued(f"√{reason.square} has no value at any of {HOPELESS} random points") from None
    raise Unvalued(f"{ATTEMPTS} random points gave no value: {last}")


def _point(network: Network, seed: int) -> Point:
    return _points(network, seed).lightened()


@lru_cache(maxsize=256)
def _points(network: Network, seed: int) -> Point:
    return Point(network, seed)


def _compared(claim: Claim, point: Point, setting: Setting, symbols: Mapping[str, int]) -> Sample:
    """One comparison; a side whose parts do not conform makes the claim false."""
    sides: list[nmod_mat] = []
    gaps: list[str] = []
    for side in (claim.left, claim.right):
        try:
            sides.append(_value(side, point, symbols))
        except OutOfRange as gap:
            gaps.append(str(gap))
        except ShapeError as error:
            return Sample(setting, point.seed, symbols, "differ", str(error))
    if gaps:
        return Sample(setting, point.seed, symbols, "missing", gaps[0], one_sided=len(gaps) == 1)
    note = _difference(*sides)
    return Sample(setting, point.seed, symbols, "differ" if note else "agree", note)


def _value(e: Expr, point: Point, symbols: Mapping[str, int]) -> nmod_mat:
    """The value of a side, found once at a point: it is the right side of one step and the left side of the next."""
    names = free_symbols(e)
    key = ("value", e, *sorted((name, n) for name, n in symbols.items() if name in names))
    if key not in point.partials:
        found = value(e, point, symbols)
        point.partials[key] = found
    return point.partials[key]


def _difference(left: nmod_mat, right: nmod_mat) -> str:
    """How two values differ: their shapes, or their first entries that do; empty if they do not."""
    shapes = [f"{m.nrows()} × {m.ncols()}" for m in (left, right)]
    if shapes[0] != shapes[1]:
        return f"the left side is {shapes[0]}, the right side {shapes[1]}"
    if left == right:
        return ""
    i, k = next((i, k) for i in range(left.nrows()) for k in range(left.ncols()) if left[i, k] != right[i, k])
    return f"entry {i + 1},{k + 1} is {left[i, k]} on the left, {right[i, k]} on the right"


def value_in(e: Expr, sample: Sample, claim: Claim) -> nmod_mat:
    """The value of an expression where a sample of a claim was taken; it is not kept.

    Raises:
        OutOfRange, Unvalued, Resample, ShapeError: as `forward.push` does.
    """
    return value(e, point_of(sample, claim), sample.symbols)


def point_of(sample: Sample, claim: Claim) -> Point:
    """The point at which a sample of a claim was taken."""
    network, plan = sample.setting.network, hypotheses.plan(claim, sample.setting.symbols)
    return constrained(network, sample.seed, plan) if claim.given else _point(network, sample.seed)


def value_at(
    e: Expr, network: Network, widths: Sequence[int], seed: int = 0, symbols: Mapping[str, int] | None = None
) -> list[list[int]]:
    """The rows of the value of an expression in a network of given widths, at the point of a seed.

    Raises:
        OutOfRange, Unvalued, Resample, ShapeError: as `forward.push` does.
    """
    point = _point(at_widths(network, tuple(widths)), seed)
    depth = {name: len(widths) - 2 for name in network.depth.symbols}
    return table(value(e, point, {**depth, **(symbols or {})}))
