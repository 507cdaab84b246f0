"""The judge that differentiates entry by entry: SymPy, on the explicit scalar loss at small widths.

Both sides of a claim are read as explicit matrices (`symbackprop.explicit`), every derivative being SymPy's own, and
compared entry by entry at random points of exact rationals. No rule of a derivation takes part.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any

import mpmath
import sympy
from sympy import ImmutableDenseMatrix as Matrix

from symbackprop import expr
from symbackprop.dims import Dim, Symbol, dim
from symbackprop.equations import Network
from symbackprop.errors import ShapeError, SymbackpropError
from symbackprop.explicit import OutOfRange, Reading, explicit
from symbackprop.expr import Expr, Target
from symbackprop.judges.claim import Claim
from symbackprop.judges.evaluation import DIGITS, WORKING, NotEvaluable, Point
from symbackprop.judges.outcome import Outcome, Refuted, Supported, Undecided
from symbackprop.network import MLP
from symbackprop.shapes import shape
from symbackprop.substitution import free_symbols, substitute
from symbackprop.symbolic import at_depth, at_widths
from symbackprop.tree import subterms

POINTS = 3
DEPTHS = 2  # at how many depths a claim about every depth is tried
ROWS = range(1, 3)  # values of an index that counts rows or columns
INSTANCES = 6  # of the free indices, at one list of widths
SHOWN = 8  # symbols of a counterexample

# widths n_0 … n_{L+1} by depth; neighbours differ, so that a transpose or a layer too much shows in the shapes
WIDTHS = {
    1: ((2, 4, 3), (4, 3, 2)),
    2: ((3, 2, 4, 2), (2, 4, 3, 1)),
    3: ((2, 3, 2, 4, 2), (3, 2, 4, 3, 2)),
    4: ((2, 3, 2, 4, 3, 2), (3, 2, 3, 2, 4, 2)),
}
# where the forward equations need layers of one width, as z = W h + h does
SQUARE = {depth: ((3,) * (depth + 2), (2,) * (depth + 2)) for depth in WIDTHS}


@dataclass(frozen=True)
class _Instance:
    """A claim at given widths with numbers for its free indices."""

    network: MLP
    reading: Reading
    left: Expr
    right: Expr
    where: str


def judge(claim: Claim) -> Outcome:
    """What SymPy says of an equality, entry by entry at small widths.

    Returns:
        `Refuted` with a counterexample, `Supported` with the number of points at which both sides agreed exactly, or
        `Undecided` with the reason.
    """
    if claim.relation != "=":
        return Undecided(f"SymPy compares entries for equality only, not for {claim.relation}")
    if not isinstance(claim.network, MLP):
        return Undecided("the network is not an MLP, so there are no widths to try it at")
    seen: list[str] = []
    reasons: list[str] = []
    missing: list[tuple[_Instance, str]] = []
    depths: set[int] = set()
    samples = 0
    for depth, widths in _networks(claim):
        if len(depths) == DEPTHS and depth not in depths:
            break
        for instance in _instances(claim, widths):
            try:
                found = _compare(instance)
            except OutOfRange as error:
                missing.append((instance, str(error)))
                continue
            except (SymbackpropError, NotEvaluable) as error:
                reasons.append(str(error))
                continue
            if isinstance(found, Refuted):
                return found
            samples += found
            depths.add(depth)
            seen.append(instance.where)
    if reasons and not samples:
        return Undecided(reasons[0])
    if not samples:
        return _one_sided(missing)
    return Supported(samples, f"SymPy entry by entry, {seen[0]} to {seen[-1]}")


# --- what is tried ---------------------------------------------------------------------------------------------------


def _networks(claim: Claim) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Depths and widths at which the claim's network exists."""
    network = claim.network
    assert isinstance(network, MLP)
    if network.widths is not None:
        yield network.depth.constant, network.widths
        return
    for depth in WIDTHS:
        if not network.depth.is_constant or network.depth.constant == depth:
            distinct = [(depth, widths) for widths in WIDTHS[depth] if _conforms(network, widths)]
            yield from distinct or [(depth, widths) for widths in SQUARE[depth] if _conforms(network, widths)]


@lru_cache(maxsize=64)
def _reading(network: MLP, widths: tuple[int, ...], opaque: bool) -> Reading:
    """One reading for every step of a derivation, so that a derivative is taken once."""
    return Reading(at_widths(network, widths), opaque)


def _conforms(network: MLP, widths: tuple[int, ...]) -> bool:
    """Whether the forward equations give every layer the shape that it has."""
    concrete = at_widths(network, widths)
    try:
        return all(
            shape(left, concrete) == shape(right, concrete)
            for equation in concrete.equations
            for at in range(equation.lower.constant, equation.upper.constant + 1)
            for left, right in [
                [substitute(e, {equation.index or "": dim(at)}) for e in (equation.left, equation.right)]
            ]
        )
    except ShapeError:
        return False


def _instances(claim: Claim, widths: tuple[int, ...]) -> Iterator[_Instance]:
    """The claim at these widths, its free indices at each of their values; rows at the first two."""
    network = claim.network
    assert isinstance(network, MLP)
    reading = _reading(network, widths, opaque=True)
    concrete = reading.network
    assert isinstance(concrete, MLP)
    left, right = (at_depth(side, network, concrete) for side in (claim.left, claim.right))
    if not _allowed(claim, network.depth, concrete.depth, concrete):
        return
    names = sorted(free_symbols(left) | free_symbols(right))
    rows = _rows(left) | _rows(right)
    depth = concrete.depth.constant
    ranges = [ROWS if name in rows or name in "ij" else range(depth + 2) for name in names]
    given = 0
    for values in product(*ranges):
        put = dict(zip(names, map(dim, values), strict=True))
        if given < INSTANCES and _within(claim, put, rows, concrete, network):
            given += 1
            where = ", ".join((f"widths {', '.join(map(str, widths))}", *(f"{n} = {v}" for n, v in put.items())))
            yield _Instance(network, reading, substitute(left, put), substitute(right, put), where)


def _rows(e: Expr) -> set[str]:
    """Names of the indices that count rows or columns."""
    found: set[str] = set()
    for _, inner in subterms(e):
        match inner:
            case expr.Row(_, at) | expr.Column(_, at) | expr.ColumnAt(_, at, _):
                found |= at.symbols
            case expr.Entry(_, row, column):
                found |= row.symbols | (frozenset() if column is None else column.symbols)
            case expr.Kronecker(one, two):
                found |= one.symbols | two.symbols
    return found


def _allowed(claim: Claim, symbol: Dim, value: Dim, concrete: MLP) -> bool:
    """Whether the depth lies within what is known of it."""
    match symbol:
        case Dim(((Symbol(name), 1),), 0):
            low, high = claim.known.get(name, (None, None))
            return _between(low, value, high, {name: value}, concrete)
    return True


def _within(claim: Claim, put: dict[str, Dim], rows: set[str], concrete: MLP, network: Network) -> bool:
    values = dict(put)
    match network.depth:
        case Dim(((Symbol(name), 1),), 0):
            values[name] = concrete.depth
    for name, value in put.items():
        default = (dim(1), None) if name in rows else (dim(1), concrete.depth)
        low, high = claim.known.get(name, default)
        if not _between(low, value, high, values, concrete):
            return False
    return True


def _between(low: Dim | None, value: Dim, high: Dim | None, put: dict[str, Dim], concrete: MLP) -> bool:
    return all(
        bound is None or sign * (concrete.normal(bound.at(put)) - value).constant >= 0
        for bound, sign in ((low, -1), (high, 1))
    )


# --- comparing -------------------------------------------------------------------------------------------------------


def _one_sided(missing: list[tuple[_Instance, str]]) -> Outcome:
    """What to say where nothing could be compared: refuted if only the right side names what does not exist."""
    for instance, why in missing[:1]:
        try:
            explicit(instance.left, instance.reading)
        except SymbackpropError:
            continue
        return Refuted(f"at {instance.where}: {why}")
    return Undecided("it makes sense at none of the depths that were tried")


def _compare(instance: _Instance) -> Refuted | int:
    """The number of points at which both sides agreed, or a counterexample.

    Raises:
        OutOfRange: where a side names something that the network does not have.
        NotEvaluable: where it cannot be told.
    """
    sides = _sides(instance, instance.reading)
    if isinstance(sides, Refuted):
        return sides
    agreed, found = _at_points(instance, instance.reading, sides)
    if found is None or not instance.reading.hidden:
        return agreed if found is None else found
    # they differ for some function in place of a named one: that may have an identity that others do not have
    concrete = _reading(instance.network, _widths(instance.reading.network), opaque=False)
    sides = _sides(instance, concrete)
    assert not isinstance(sides, Refuted)
    agreed, found = _at_points(instance, concrete, sides)
    return agreed if found is None else found


def _widths(network: Network) -> tuple[int, ...]:
    assert isinstance(network, MLP)
    assert network.widths is not None
    return network.widths


def _sides(instance: _Instance, reading: Reading) -> tuple[Any, Any] | Refuted:
    """Both sides as matrices, unless their shapes differ or one has none."""
    made = []
    # the right side first: it is the one that may name what does not exist, and that is seen at once
    for side, name in ((instance.right, "right"), (instance.left, "left")):
        try:
            value = explicit(side, reading)
        except OutOfRange:
            raise
        except ShapeError as error:
            return Refuted(f"at {instance.where}: on the {name}, {error}")
        made.append(value if isinstance(value, Matrix) else Matrix([[value]]))
    two, one = made
    if one.shape != two.shape:
        shapes = [" × ".join(map(str, value.shape)) for value in (one, two)]
        return Refuted(f"at {instance.where}: the left side is {shapes[0]} and the right side {shapes[1]}")
    return one, two


def _at_points(instance: _Instance, reading: Reading, sides: tuple[Any, Any]) -> tuple[int, Refuted | None]:
    agreed = 0
    for seed in range(POINTS):
        point = _point(reading, seed, digits=False)
        found = _difference(instance, sides, point)
        if found is None:
            agreed += 1
        elif point.rational:
            return agreed, found
        else:
            return agreed, _confirmed(instance, reading, sides)
    return agreed, None


def _confirmed(instance: _Instance, reading: Reading, sides: tuple[Any, Any]) -> Refuted:
    """The counterexample at 50 digits.

    Raises:
        NotEvaluable: if both sides agree there, which proves nothing.
    """
    with mpmath.workdps(WORKING):
        for seed in range(POINTS):
            found = _difference(instance, sides, _point(reading, seed, digits=True))
            if found is not None:
                return found
    raise NotEvaluable(f"both sides agree to {DIGITS} digits, but not by identities that hold for every function")


def _difference(instance: _Instance, sides: tuple[Any, Any], point: Point) -> Refuted | None:
    one, two = sides
    for i in range(one.shape[0]):
        for k in range(one.shape[1]):
            a, b = point.at(one[i, k]), point.at(two[i, k])
            if not _equal(a, b, point):
                return _counterexample(instance, (i + 1, k + 1), sides, (a, b), point)
    return None


def _equal(a: Any, b: Any, point: Point) -> bool:
    if not point.digits:
        return bool(a == b)
    return bool(abs(a - b) <= mpmath.mpf(10) ** (10 - DIGITS) * max(abs(a), abs(b), mpmath.mpf(1)))


def _counterexample(
    instance: _Instance, place: tuple[int, int], sides: tuple[Any, Any], values: tuple[Any, Any], point: Point
) -> Refuted:
    entry = "" if sides[0].shape == (1, 1) else f"entry {','.join(map(str, place))} "
    shown = [mpmath.nstr(v, 15) if point.digits else str(v) for v in values]
    chosen = [f"{name} = {value}" for name, value in sorted(point.chosen.items())]
    if len(chosen) > SHOWN:
        chosen = [*chosen[:SHOWN], f"… (point {point.seed})"]
    at = f" ({', '.join(chosen)})" if chosen else ""
    return Refuted(f"at {instance.where}: {entry}is {shown[0]} on the left and {shown[1]} on the right{at}")


def _point(reading: Reading, seed: int, digits: bool) -> Point:
    """A point at which hidden units and pre-activations have the values that the forward equations give them."""
    network = reading.network
    assert isinstance(network, MLP)

    def value(symbol: sympy.Symbol, point: Point) -> Any:
        if symbol not in reading.origin:
            return None
        variable, i, k = reading.origin[symbol]
        if reading.is_bias_unit(variable, i):
            return point.at(sympy.Integer(1))
        right = reading.definition(variable)
        if right is not None:
            made = explicit(right, reading)
            return point.at(made[i - 1, k - 1])
        if isinstance(variable, Target) and network.loss.assumed and i == reading.size(variable)[0]:
            # targets that sum to 1
            others = reading.symbols(variable)[: i - 1]
            return point.at(1 - sympy.Add(*others))
        return None

    return Point(seed, value, digits)
