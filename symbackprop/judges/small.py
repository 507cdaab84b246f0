"""What SymPy tries a claim at: networks of small sizes, with numbers for the free indices, and readings of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import product

from symbackprop import expr
from symbackprop.dims import Dim, dim
from symbackprop.equations import Network
from symbackprop.errors import ShapeError
from symbackprop.explicit import Reading
from symbackprop.expr import Expr
from symbackprop.judges.claim import Claim
from symbackprop.judges.settings import Choice, Setting, at_widths, kind
from symbackprop.network import MLP
from symbackprop.shapes import shape
from symbackprop.substitution import free_symbols, substitute
from symbackprop.symbolic import at_widths as with_equations
from symbackprop.tree import subterms

DEPTHS = 2
ROWS = range(1, 3)  # values of an index that counts rows or columns
INSTANCES = 6  # of the free indices, at one list of widths

# widths n_0 … n_{L+1} by depth; neighbours differ, so that a transpose or a layer too much shows in the shapes
WIDTHS = {
    1: ((2, 4, 3), (4, 3, 2)),
    2: ((3, 2, 4, 2), (2, 4, 3, 1)),
    3: ((2, 3, 2, 4, 2), (3, 2, 4, 3, 2)),
    4: ((2, 3, 2, 4, 3, 2), (3, 2, 3, 2, 4, 2)),
}
# where layers are normalized: of three units or more each, as one of two has no gradient
NORMALIZED = {
    1: ((2, 4, 3), (3, 5, 2)),
    2: ((3, 4, 5, 2), (2, 5, 4, 1)),
    3: ((2, 4, 5, 4, 2), (3, 5, 4, 5, 2)),
    4: ((2, 4, 5, 4, 5, 2), (3, 5, 4, 5, 4, 2)),
}
# where the forward equations need layers of one width, as z = W h + h does
SQUARE = {depth: ((3,) * (depth + 2), (2,) * (depth + 2)) for depth in WIDTHS}


@dataclass(frozen=True)
class Instance:
    """A claim at given sizes with numbers for its free indices."""

    reading: Reading
    left: Expr
    right: Expr
    where: str


def enough(network: Network) -> int:
    """At how many depths a claim about every depth is tried."""
    # through a second normalized layer SymPy writes out a root of sums of roots: a minute for one gradient
    return 1 if isinstance(network, MLP) and network.scheme is not None else DEPTHS


def settings(claim: Claim) -> Iterator[Setting]:
    """Networks of small sizes within what is known, the least deep first."""
    of_kind = kind(claim.network)
    if of_kind is None:
        return
    choice = Choice(partial(_widths, claim.network), lists=2, small=True)
    for level in of_kind.levels(claim.known, max(WIDTHS)):
        yield from of_kind.settings(level, claim.known, choice)


def _widths(network: Network, depth: int, bias_units: bool, least: int, multiple: int) -> Sequence[tuple[int, ...]]:
    assert isinstance(network, MLP)
    tried = (WIDTHS if network.scheme is None else NORMALIZED).get(depth, ())
    distinct = [widths for widths in tried if _conforms(network, widths)]
    return distinct or [widths for widths in SQUARE.get(depth, ()) if _conforms(network, widths)]


def _conforms(network: MLP, widths: tuple[int, ...]) -> bool:
    """Whether the forward equations give every layer the shape that it has."""
    concrete = with_equations(network, widths)
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


def reading(network: Network, setting: Setting, opaque: bool) -> Reading:
    """One reading for every step of every derivation about the same network, so that a derivative is taken once."""
    return _reading(concrete(network, setting), opaque)


@lru_cache(maxsize=64)
def _reading(network: Network, opaque: bool) -> Reading:
    return Reading(network, opaque)


def concrete(network: Network, setting: Setting) -> Network:
    """The network at a setting, its forward equations kept as they are."""
    if not isinstance(network, MLP) or network.widths is not None:
        return setting.network
    return _concrete(network, setting.sizes)


@lru_cache(maxsize=64)
def _concrete(network: MLP, widths: tuple[int, ...]) -> Network:
    own, plain = with_equations(network, widths), at_widths(network, widths)
    # one network for all that are the same
    return plain if type(network) is MLP and plain.equations == own.equations else own


def instances(claim: Claim, setting: Setting) -> Iterator[Instance]:
    """The claim at these sizes, its free indices at each of their values; rows at the first two."""
    read = reading(claim.network, setting, opaque=True)
    numbers = {name: dim(value) for name, value in setting.symbols.items()}
    left, right = (substitute(side, numbers) for side in (claim.left, claim.right))
    names = sorted(free_symbols(left) | free_symbols(right))
    rows = _rows(left) | _rows(right)
    ranges = [ROWS if name in rows or name in "ij" else range(setting.depth + 2) for name in names]
    given = 0
    for values in product(*ranges):
        put = dict(zip(names, map(dim, values), strict=True))
        if given < INSTANCES and _within(claim, put, rows, read.network, setting):
            given += 1
            where = ", ".join((_where(setting), *(f"{n} = {v}" for n, v in put.items())))
            yield Instance(read, substitute(left, put), substitute(right, put), where)


def _where(setting: Setting) -> str:
    if not isinstance(setting.network, MLP):
        return setting.says
    return f"widths {', '.join(map(str, setting.sizes))}"


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


def _within(claim: Claim, put: dict[str, Dim], rows: set[str], network: Network, setting: Setting) -> bool:
    """Whether the indices are within what is known of them, or within the layers."""
    values = {**put, **{name: dim(value) for name, value in setting.symbols.items()}}
    for name, value in put.items():
        default = (dim(1), None) if name in rows else (dim(1), dim(setting.depth))
        low, high = claim.known.get(name, default)
        if not _between(low, value, high, values, network):
            return False
    return True


def _between(low: Dim | None, value: Dim, high: Dim | None, put: dict[str, Dim], network: Network) -> bool:
    return all(
        bound is None or sign * (network.normal(bound.at(put)) - value).constant >= 0
        for bound, sign in ((low, -1), (high, 1))
    )
