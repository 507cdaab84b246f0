"""At what a claim about random weights is tried: depths, and values of its free integer symbols within their bounds."""

from __future__ import annotations

from collections.abc import Iterator

from symbackprop.dims import Bounds, Dim, Units, Width, dim, index
from symbackprop.expr import Bias, Entry, Expr, Hidden, Partial, PreActivation, Weight
from symbackprop.judges.claim import Claim
from symbackprop.judges.laws import Kind
from symbackprop.judges.moment_values import OutOfRange, size_of
from symbackprop.substitution import free_symbols
from symbackprop.tree import parts

# deeper networks are not enumerated and not sampled
DEEPEST = 3


def instances(claim: Claim, kind: Kind) -> Iterator[dict[str, int]]:
    """Values of the free symbols of a claim within their bounds: all layers, and the first and last of the rows."""
    network = claim.network
    start = dict.fromkeys(network.depth.symbols, kind.depth)
    names = sorted((free_symbols(claim.left) | free_symbols(claim.right)) - start.keys())
    yield from _assigned(names, claim, kind, start)


def _assigned(names: list[str], claim: Claim, kind: Kind, chosen: dict[str, int]) -> Iterator[dict[str, int]]:
    if not names:
        yield chosen
        return
    ready = [n for n in names if not (_bounding(n, claim.known) & set(names) - {n})]
    # layers first: how many rows there are depends on them
    name = min(ready or names, key=lambda n: (_is_row(n, claim), n))
    low, high = _bounds(name, claim, kind, chosen)
    tried = sorted({low, high}) if _is_row(name, claim) and high >= low else range(low, high + 1)
    for i in tried:
        yield from _assigned([n for n in names if n != name], claim, kind, {**chosen, name: i})


def _bounding(name: str, known: Bounds) -> set[str]:
    return {symbol for bound in known.get(name, (None, None)) if bound is not None for symbol in bound.symbols}


def _rows(name: str, claim: Claim) -> Iterator[Dim]:
    """How far an index reaches that is a row or a column of something."""
    for side in (claim.left, claim.right):
        for part in parts(side):
            match part:
                case Entry(operand, row, column):
                    v = operand.wrt if isinstance(operand, Partial) else operand
                    for at, by_columns in ((row, False), (column, True)):
                        if at == index(name):
                            yield _extent(v, by_columns)


def _extent(v: Expr, by_columns: bool) -> Dim:
    match v:
        case Weight(layer):
            return Dim(((Width(layer), 1),)) if by_columns else Dim(((Units(layer + 1), 1),))
        case Bias(layer):
            return Dim(((Units(layer + 1), 1),))
        case Hidden(layer):
            return Dim(((Width(layer), 1),))
        case PreActivation(layer):
            return Dim(((Units(layer), 1),))
    return dim(1)


def _is_row(name: str, claim: Claim) -> bool:
    return any(True for _ in _rows(name, claim))


def _bounds(name: str, claim: Claim, kind: Kind, chosen: dict[str, int]) -> tuple[int, int]:
    lower, upper = claim.known.get(name, (None, None))
    low = 1 if lower is None else size_of(lower, chosen, kind)
    if upper is not None:
        return low, size_of(upper, chosen, kind)
    if not _is_row(name, claim):
        return low, kind.depth
    ends = []
    for end in _rows(name, claim):
        try:
            ends.append(size_of(end, chosen, kind))
        except OutOfRange:
            # under the bound index of a sum; another place says how far it reaches
            continue
    return low, min(ends, default=1)


def depths(claim: Claim) -> list[int]:
    depth = claim.network.depth
    if depth.is_constant:
        return [depth.constant]
    (name,) = depth.symbols
    lower, upper = claim.known.get(name, (None, None))
    low = lower.constant if lower is not None and lower.is_constant else 1
    high = upper.constant if upper is not None and upper.is_constant else DEEPEST
    return list(range(max(1, low), min(high, DEEPEST) + 1))
