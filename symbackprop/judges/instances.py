"""At what the exact judge tries a claim: widths for each depth, and values of the free symbols within their bounds."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from symbackprop import expr
from symbackprop.dims import Dim, dim
from symbackprop.errors import ShapeError
from symbackprop.expr import Expr
from symbackprop.judges.claim import Claim
from symbackprop.judges.duals import push, still
from symbackprop.judges.field import OutOfRange, Point, Resample, Unvalued, has_root
from symbackprop.judges.settings import DEEPEST, Setting, depth_symbol
from symbackprop.primitives import Rows
from symbackprop.substitution import free_symbols
from symbackprop.tree import parts

# where in its range the first, second, … symbol is tried: the ends, where a bound that is off by one shows, between;
# last, all at the same place, where a Kronecker delta is 1
SPREADS = (
    (Fraction(0), Fraction(1), Fraction(1, 3), Fraction(2, 3), Fraction(0)),
    (Fraction(1), Fraction(0), Fraction(1, 2), Fraction(1), Fraction(0)),
    (Fraction(1, 2), Fraction(1), Fraction(0), Fraction(1, 3), Fraction(0)),
)


def beyond(claim: Claim) -> int | None:
    """A depth at which no layer that the claim names by number is missing; None where the depth is known or bounded.

    What has no meaning even there (`W_{L+1}`) has none at any depth, whereas `z_9` only needs more layers than 8.
    """
    if claim.network.depth.is_constant or claim.known.get(depth_symbol(claim.network), (None, None))[1] is not None:
        return None
    named = [
        abs(own.constant)
        for side in (claim.left, claim.right)
        for part in parts(side)
        for own in part._values()
        if isinstance(own, Dim)
    ]
    deep = DEEPEST + max(named, default=0)
    return deep if deep <= 3 * DEEPEST else None


def width_sets(
    depth: int, bias_units: bool, least: int = 2, multiple: int = 1, roots: bool = False
) -> list[tuple[int, ...]]:
    """Two lists of widths `n_0 … n_{L+1}`, pairwise distinct, so that nothing conforms by accident.

    Where bias units are counted, the `n_l - 1` differ from every width too. No size is 1, which would pass for a
    scalar. In one list the layers widen towards the output, in the other they narrow.

    Args:
        least: the least number of units; a layer of two that is normalized has no gradient, which hides what is wrong.
        multiple: of what the numbers of units are multiples, where they are in groups.
        roots: take only numbers of units that have a square root in the field, for claims with `√(n_l-1)`.
    """
    taken: set[int] = set()
    found: list[int] = []
    size = least
    while len(found) < depth + 2:
        bias = 1 if bias_units and len(found) <= depth else 0
        if taken.isdisjoint((size + bias, size)) and (has_root(size) or not roots):
            taken |= {size + bias, size}
            found.append(size + bias)
        size += multiple
    *layers, output = found
    return [tuple(found), (*reversed(layers), output)]


def assignments(claim: Claim, point: Point, setting: Setting, turned: bool = False) -> Iterator[dict[str, int]]:
    """Up to five instances of the free symbols at a point, depth or sizes among them; none where a range is empty.

    A symbol ranges over what is known of it. Without bounds it is a place in what the left side (else the right)
    indexes with it, or a layer from 1 to the depth.

    Args:
        turned: combine the places of several symbols in another way.
    """
    start = {**point.sizes, **setting.symbols}
    free = (free_symbols(claim.left) | free_symbols(claim.right)) - start.keys()
    names = _ordered(sorted(free), claim)
    seen: set[tuple[int, ...]] = set()
    for turn in range(len(SPREADS[0])):
        chosen = dict(start)
        for i, name in enumerate(names):
            low, high = _range(name, claim, point, chosen, setting.depth)
            if high < low:
                break
            chosen[name] = low + round(SPREADS[(i + turned) % len(SPREADS)][turn] * (high - low))
        else:
            key = tuple(chosen[name] for name in names)
            if key not in seen:
                seen.add(key)
                yield chosen


def _ordered(names: list[str], claim: Claim) -> list[str]:
    """Layers before rows, whose number depends on the layer, and each symbol after those that bound it."""
    rows = {name for name in names if any(True for _ in _indexed(claim.left, name) or _indexed(claim.right, name))}
    waiting = sorted(names, key=lambda name: (name in rows, name))
    placed: list[str] = []
    while waiting:
        ready = (name for name in waiting if _bounded_by(name, claim).isdisjoint(set(waiting) - {name}))
        name = next(ready, waiting[0])
        waiting.remove(name)
        placed.append(name)
    return placed


def _bounded_by(name: str, claim: Claim) -> frozenset[str]:
    bounds = claim.known.get(name, (None, None))
    return frozenset[str]().union(*(bound.symbols for bound in bounds if bound is not None))


def _range(name: str, claim: Claim, point: Point, chosen: dict[str, int], depth: int) -> tuple[int, int]:
    """The least and the greatest value of a symbol: what is known, else what it indexes, else the layers."""
    lower, upper = claim.known.get(name, (None, None))
    low, high = 1, depth
    if lower is None or upper is None:
        places = _places(claim.left, name, point, chosen) or _places(claim.right, name, point, chosen)
        if places:
            low, high = max(p[0] for p in places), min(p[1] for p in places)
    if lower is not None:
        low = point.size(lower, chosen)
    if upper is not None:
        high = point.size(upper, chosen)
    return low, high


def _indexed(e: Expr, name: str) -> Iterator[tuple[Expr | Dim, Dim, bool]]:
    """Where a symbol is a row or a column: what is indexed (or how many columns), by what, and whether by columns."""
    for part in parts(e):
        match part:
            case expr.Row(operand, row) if name in row.symbols:
                yield operand, row, False
            case expr.Column(operand, column) if name in column.symbols:
                yield operand, column, True
            case expr.Columns(operand, first, last) if name in first.symbols | last.symbols:
                yield operand, first if name in first.symbols else last, True
            case Rows(operand, first, last) if name in first.symbols | last.symbols:
                yield operand, first if name in first.symbols else last, False
            case expr.ColumnAt(_, column, width) if name in column.symbols:
                yield width, column, True
            case expr.Entry(operand, row, column):
                if name in row.symbols:
                    yield operand, row, False
                if column is not None and name in column.symbols:
                    yield operand, column, True


def _places(e: Expr, name: str, point: Point, chosen: dict[str, int]) -> list[tuple[int, int]]:
    """The ranges that a symbol has as a row or column of what it indexes in an expression."""
    found: list[tuple[int, int]] = []
    for indexed, place, by_columns in _indexed(e, name):
        try:
            if isinstance(indexed, Dim):
                size = point.size(indexed, chosen)
            else:
                size = push(indexed, still(point), chosen).extent[by_columns]
            offset = point.size(place.at({name: dim(0)}), chosen)
        except (OutOfRange, Unvalued, Resample, ShapeError):
            # under the bound index of a sum it has no one range; another place may say
            continue
        found.append((1 - offset, size - offset))
    return found
