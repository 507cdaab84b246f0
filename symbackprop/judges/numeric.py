"""The numeric judge: both sides of a claim in float64, at random points of several depths and widths.

A derivative of the loss comes from the hand-written backpropagation, and is checked by a complex step through this
judge's own forward pass; other derivatives come from complex steps alone. No rule is imported, nor the compiler.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

from symbackprop import expr
from symbackprop.dims import DEPTH
from symbackprop.errors import ShapeError, SymbackpropError
from symbackprop.expr import Expr
from symbackprop.judges.claim import Claim
from symbackprop.judges.floats import Missing, NotNumeric, Point
from symbackprop.judges.outcome import Outcome, Refuted, Supported, Undecided
from symbackprop.judges.stand_ins import GENERIC_ACTIVATIONS
from symbackprop.judges.steps import evaluate
from symbackprop.network import MLP
from symbackprop.numeric.backprop import Array
from symbackprop.substitution import free_symbols
from symbackprop.tree import subterms

DEEPEST = 8
# sides agree within this, relative to the larger of them
AGREE = 1e-9
# rounding of a sum in which terms cancel, relative to the largest number met on the way
ROUNDING = 1e-13
# a difference this many times what rounding explains refutes
FAR = 1e3
# combinations of the free indices tried at one point
INDICES = 4


@dataclass(frozen=True)
class Compared:
    """One comparison: "agree", "differ", "unclear", or "missing" where a side has no meaning; and what to say of it."""

    result: str
    note: str = ""
    one_sided: bool = False


def judge(claim: Claim) -> Outcome:
    """What the values of both sides say of a claim.

    It is tried at depths 1 to 8, or the network's own, at two lists of widths for each, with a generic activation taken
    as tanh and as a cubic. Equal means within 1e-9 of the larger side; a difference refutes where it is over 1,000
    times what rounding explains. Samples never prove an inequality: one that holds everywhere is `Supported`.
    """
    if claim.relation not in ("=", "≤", "≥"):
        return Undecided(f"{claim.relation} is not a relation between numbers")
    if not isinstance(claim.network, MLP):
        return Undecided("this judge evaluates an MLP, and this network is another")
    agreed, depths, unclear = 0, set(), ""
    missing = ""
    for depth in _depths(claim):
        found = list(_at_depth(claim, claim.network, depth))
        for compared in found:
            if compared.result == "differ":
                return Refuted(compared.note)
            unclear = unclear or (compared.note if compared.result == "unclear" else "")
        good = sum(compared.result == "agree" for compared in found)
        gaps = [compared for compared in found if compared.result == "missing"]
        if good and any(gap.one_sided for gap in gaps):
            return Refuted(next(gap.note for gap in gaps if gap.one_sided))
        missing = gaps[0].note if gaps else missing
        agreed += good
        depths |= {depth} if good else set()
    if unclear:
        return Undecided(unclear)
    if not agreed:
        return Undecided(f"the claim has a value at none of the depths tried: {missing}")
    method = "float64 within 1e-9, backpropagation by hand and complex steps"
    return Supported(agreed, f"{method}, depths {', '.join(map(str, sorted(depths)))}")


def _depths(claim: Claim) -> range:
    depth = claim.network.depth
    if depth.is_constant:
        return range(depth.constant, depth.constant + 1)
    lower, upper = claim.known.get(_depth_symbol(claim), (None, None))
    least = lower.constant if lower is not None and lower.is_constant else 1
    most = upper.constant if upper is not None and upper.is_constant else DEEPEST
    return range(max(least, 1), min(most, DEEPEST) + 1)


def _depth_symbol(claim: Claim) -> str:
    (name,) = claim.network.depth.symbols or DEPTH.symbols
    return name


def _widths(network: MLP, depth: int) -> list[tuple[int, ...]]:
    """Two lists of widths, in one of which every layer is wider than the one before, in the other narrower."""
    if network.widths is not None:
        return [network.widths]
    rising = tuple(range(3, depth + 5))
    return [rising, (*reversed(rising[:-1]), 2)]


def _at_depth(claim: Claim, network: MLP, depth: int) -> Iterator[Compared]:
    is_generic = network.activation.is_generic
    for number, widths in enumerate(_widths(network, depth)):
        for generic in range(len(GENERIC_ACTIVATIONS) if is_generic else 1):
            if network.widths is None and type(network) is not MLP:
                yield Compared("unclear", "a network of one's own is evaluated at its own widths only: give it some")
                return
            given = network if network.widths is not None else network.given(widths)
            point = Point(given, seed=2 * number + generic, generic=generic)
            try:
                for symbols in islice(_symbols(claim, point, depth), INDICES):
                    yield _compared(claim, point, symbols)
            except (NotNumeric, SymbackpropError) as reason:
                yield Compared("unclear", str(reason))


def _symbols(claim: Claim, point: Point, depth: int) -> Iterator[dict[str, int]]:
    """Values of the free symbols: least, greatest and a middle one of each range, within what is known."""
    start = {_depth_symbol(claim): depth}
    free = sorted((free_symbols(claim.left) | free_symbols(claim.right)) - start.keys())
    layers = [name for name in free if not _indexed_by(claim, name)]
    rows = [name for name in free if name not in layers]

    def extend(names: list[str], chosen: dict[str, int]) -> Iterator[dict[str, int]]:
        if not names:
            yield chosen
            return
        low, high = _range(claim, names[0], point, chosen, depth)
        for value in sorted({low, high, (low + high) // 2}) if low <= high else ():
            yield from extend(names[1:], {**chosen, names[0]: value})

    yield from _spread(list(extend([*layers, *rows], start)))


def _spread(items: list[dict[str, int]]) -> list[dict[str, int]]:
    """A few of many, the first and the last among them."""
    if len(items) <= INDICES:
        return items
    return [items[round(i * (len(items) - 1) / (INDICES - 1))] for i in range(INDICES)]


def _range(claim: Claim, name: str, point: Point, chosen: dict[str, int], depth: int) -> tuple[int, int]:
    lower, upper = claim.known.get(name, (None, None))
    low, high = 1, depth
    indexed = _indexed_by(claim, name)
    if indexed and upper is None:
        high = min(_extent(e, point, chosen) for e in indexed)
    if lower is not None:
        low = point.size(lower, chosen)
    if upper is not None:
        high = point.size(upper, chosen)
    return low, high


def _extent(e: tuple[Expr, bool] | expr.ColumnAt, point: Point, chosen: dict[str, int]) -> int:
    if isinstance(e, expr.ColumnAt):
        return point.size(e.width, chosen)
    extent: int = evaluate(e[0], point, chosen).shape[e[1]]
    return extent


def _indexed_by(claim: Claim, name: str) -> list[tuple[Expr, bool] | expr.ColumnAt]:
    """What a symbol is a row or column of, in the left side, else in the right."""
    found: list[tuple[Expr, bool] | expr.ColumnAt] = []
    for side in (claim.left, claim.right):
        for _, part in subterms(side):
            match part:
                case expr.Row(operand, row) if name in row.symbols:
                    found.append((operand, False))
                case expr.Column(operand, column) if name in column.symbols:
                    found.append((operand, True))
                case expr.ColumnAt(_, column, _) if name in column.symbols:
                    found.append(part)
                case expr.Entry(operand, row, column):
                    found += [(operand, False)] if name in row.symbols else []
                    found += [(operand, True)] if column is not None and name in column.symbols else []
        if found:
            return found
    return found


def _compared(claim: Claim, point: Point, symbols: dict[str, int]) -> Compared:
    where = f"widths {','.join(map(str, point.network.widths or ()))}" + "".join(
        f", {name} = {value}" for name, value in symbols.items() if name != _depth_symbol(claim)
    )
    where += f", seed {point.seed}"
    sides: list[Array] = []
    gaps: list[str] = []
    point.peak = 0.0
    for side in (claim.left, claim.right):
        try:
            sides.append(evaluate(side, point, symbols))
        except Missing as gap:
            gaps.append(str(gap))
        except ShapeError as error:
            return Compared("unclear", f"{where}: {error}")
    if gaps:
        return Compared("missing", f"{where}: {gaps[0]}", one_sided=len(gaps) == 1)
    left, right = sides
    if left.shape != right.shape:
        sizes = [" × ".join(map(str, side.shape)) for side in sides]
        return Compared("differ", f"{where}: the left side is {sizes[0]}, the right side {sizes[1]}")
    if not (np.isfinite(left).all() and np.isfinite(right).all()):
        return Compared("unclear", f"{where}: a value is not finite")
    return _judged(claim.relation, left, right, point.peak, where)


def _judged(relation: str, left: Array, right: Array, peak: float, where: str) -> Compared:
    """Two values of one shape: whether they differ by more than rounding explains."""
    bound = max(AGREE * float(max(np.abs(left).max(), np.abs(right).max())), ROUNDING * peak)
    excess = {"=": np.abs(left - right), "≤": left - right, "≥": right - left}[relation]
    i, k = np.unravel_index(int(excess.argmax()), excess.shape)
    if excess[i, k] <= bound:
        return Compared("agree")
    numbers = f"{where}: entry {i + 1},{k + 1} is {left[i, k]:.12g} on the left, {right[i, k]:.12g} on the right"
    if excess[i, k] > FAR * bound:
        return Compared("differ", f"{numbers}, {relation} within {bound:.1g}")
    return Compared("unclear", f"{numbers}, too near to tell from rounding ({bound:.1g})")
