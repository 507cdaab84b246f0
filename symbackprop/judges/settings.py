"""What a claim is tried at: networks whose depth and sizes are numbers, in place of every network of a kind.

`kind(network)` says how networks like it are tried. A network of layers has `given(widths)`, and is tried at several
depths; `Quantities` have `given(sizes)` and no depth. Which numbers a judge takes for sizes is its own `Choice`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, permutations, product
from typing import Any, Protocol

from symbackprop.dims import DEPTH, Bounds, Dim, Units, Width, dim
from symbackprop.equations import Network
from symbackprop.errors import SymbackpropError
from symbackprop.network import MLP
from symbackprop.quantities import Quantities

DEEPEST = 8
LARGER = 6  # how many sizes more than letters may be needed until what is known of them is met
CANDIDATES = 20_000  # combinations of sizes looked through before giving up


@dataclass(frozen=True)
class Effort:
    """How much a judge tries.

    Attributes:
        deepest: the greatest depth of a network of symbolic depth.
        lists: how many lists of sizes at each depth.
        entrywise: whether SymPy differentiates entry by entry as well.
        says: said in the outcome, empty for everything.
        seed: where the seeds of the points in a prime field begin.
        between: whether the depths between the least and the deepest are tried as well.
    """

    deepest: int = DEEPEST
    lists: int = 3
    entrywise: bool = True
    says: str = ""
    seed: int = 0
    between: bool = True


FULL = Effort()
BRIEF = Effort(3, 1, False, "a brief look: ", between=False)
EFFORTS = {"full": FULL, "brief": BRIEF}


def effort_of(name: str) -> Effort:
    """The effort of a name.

    Raises:
        SymbackpropError: for an unknown one.
    """
    if name not in EFFORTS:
        raise SymbackpropError(f"there is no effort {name!r}: write one of {', '.join(EFFORTS)}")
    return EFFORTS[name]


@dataclass(frozen=True)
class Setting:
    """One network in which every size is a number.

    Attributes:
        symbols: the number for the symbol of the depth, or for each letter of a size.
        sizes: the widths, or the sizes in the order of their letters.
        says: where that is, in words.
    """

    network: Network
    symbols: Mapping[str, int]
    depth: int
    sizes: tuple[int, ...]
    says: str


@dataclass(frozen=True)
class Choice:
    """Which numbers a judge takes for sizes.

    Attributes:
        widths: for a depth, whether bias units are counted, the least number of units, and what it is a multiple of:
            lists `n_0 … n_{L+1}`.
        usable: whether a number may stand for a letter.
        lists: how many lists are taken at most.
        small: whether no larger numbers are wanted than make the sizes distinct.
    """

    widths: Callable[[int, bool, int, int], Sequence[tuple[int, ...]]]
    usable: Callable[[int], bool] = lambda size: True
    lists: int = 3
    small: bool = False


class Kind(Protocol):
    """How networks of a kind are tried."""

    def levels(self, known: Bounds, deepest: int) -> Sequence[int]:
        """The depths at which a claim is tried; a network without layers has one level."""

    def settings(self, level: int, known: Bounds, choice: Choice) -> Iterator[Setting]:
        """Networks of that depth within what is known."""

    def tried(self, settings: Sequence[Setting]) -> str:
        """Where something held, in words."""


def kind(network: Network) -> Kind | None:
    """How networks like this one are tried; None if nobody says how to give it sizes."""
    if isinstance(network, Quantities):
        return Sizes(network)
    return Layers(network) if hasattr(network, "given") else None


def levels(network_kind: Kind, known: Bounds, effort: Effort) -> Sequence[int]:
    """The depths at which a claim is tried with that effort."""
    every = network_kind.levels(known, effort.deepest)
    return every if effort.between else sorted({*every[:1], *every[-1:]})


# --- layers ----------------------------------------------------------------------------------------------------------


def depth_symbol(network: Network) -> str:
    """The name of the depth: `L`, or what a network of symbolic depth calls it."""
    (name,) = network.depth.symbols or DEPTH.symbols
    return name


class Layers:
    """A network of layers: its own depth and widths if it has them, else depths from 1."""

    def __init__(self, network: Any) -> None:
        self.network = network

    def levels(self, known: Bounds, deepest: int) -> Sequence[int]:
        depth: Dim = self.network.depth
        if depth.is_constant:
            return range(depth.constant, depth.constant + 1)
        lower, upper = known.get(depth_symbol(self.network), (None, None))
        least = lower.constant if lower is not None and lower.is_constant else 1
        most = upper.constant if upper is not None and upper.is_constant else DEEPEST
        first = max(least, 1)
        # however little is tried, the least depth at which the claim makes sense is, and a greater one
        return range(first, min(most, DEEPEST, max(deepest, first + 1)) + 1)

    def settings(self, level: int, known: Bounds, choice: Choice) -> Iterator[Setting]:
        own: tuple[int, ...] | None = self.network.widths
        least = 2 if getattr(self.network, "scheme", None) is None else 3
        bias_units = bool(getattr(self.network, "augmented", True))
        groups = getattr(self.network, "groups", None) or 1
        lists = [own] if own is not None else choice.widths(level, bias_units, least * groups, groups)
        for widths in lists[: choice.lists]:
            network = self.network if own is not None else at_widths(self.network, tuple(widths))
            says = f"depth {level}, widths {','.join(map(str, widths))}"
            yield Setting(network, {depth_symbol(self.network): level}, level, tuple(widths), says)

    def tried(self, settings: Sequence[Setting]) -> str:
        depths = sorted({setting.depth for setting in settings})
        if self.network.widths is not None:
            return f"depth{written(depths)}, the widths given"
        lists = {setting.sizes for setting in settings}
        least = min(sum(len(sizes) == depth + 2 for sizes in lists) for depth in depths)
        return f"depth{written(depths)}, {least} list{'s' * (least > 1)} of pairwise distinct widths each"


def written(numbers: Sequence[int]) -> str:
    """` 3`, or `s 2…8`, or `s 1, 3`."""
    if len(numbers) == 1:
        return f" {numbers[0]}"
    if list(numbers) == list(range(numbers[0], numbers[-1] + 1)):
        return f"s {numbers[0]}…{numbers[-1]}"
    return f"s {', '.join(map(str, numbers))}"


def at_widths(network: Any, widths: tuple[int, ...]) -> Network:
    """The network with given widths; one for all that differ in nothing, so that what is found of it is found once."""
    if type(network) is not MLP:
        return _given(network, widths)
    scheme = None if network.scheme is None else network.scheme.name
    return _plain(
        widths, network.activation.name, network.loss.name, network.bias, scheme, network.epsilon, network.groups
    )


@lru_cache(maxsize=256)
def _given(network: Any, widths: tuple[int, ...]) -> Network:
    made: Network = network.given(widths)
    return made


@lru_cache(maxsize=256)
def _plain(widths: tuple[int, ...], *kind: Any) -> MLP:
    return MLP(None, widths, *kind)


# --- quantities ------------------------------------------------------------------------------------------------------


class Sizes:
    """Quantities of symbolic sizes: numbers for their letters, pairwise distinct wherever that is possible."""

    def __init__(self, network: Quantities) -> None:
        self.network = network

    def levels(self, known: Bounds, deepest: int) -> Sequence[int]:
        return (1,)

    def settings(self, level: int, known: Bounds, choice: Choice) -> Iterator[Setting]:
        key = "settings", frozenset(known.items()), choice
        yield from self.network.kept(key, lambda: self._settings(known, choice))

    def _settings(self, known: Bounds, choice: Choice) -> tuple[Setting, ...]:
        every = _sizes(self.network, tuple(sorted(known.items())), choice)
        return tuple(at_sizes(self.network, values) for values in every)

    def tried(self, settings: Sequence[Setting]) -> str:
        return "sizes " + "; ".join(dict.fromkeys(setting.says for setting in settings))


def at_sizes(network: Quantities, values: Mapping[str, int]) -> Setting:
    """Quantities with a number for every letter of a size."""
    says = ", ".join(f"{name} = {value}" for name, value in values.items()) or "the sizes given"
    return Setting(_at_sizes(network, tuple(values.items())), values, 1, tuple(values.values()), says)


@lru_cache(maxsize=256)
def _at_sizes(network: Quantities, values: tuple[tuple[str, int], ...]) -> Quantities:
    return network.given(dict(values))


@lru_cache(maxsize=256)
def _sizes(
    network: Quantities, known: tuple[tuple[str, tuple[Dim | None, Dim | None]], ...], choice: Choice
) -> tuple[dict[str, int], ...]:
    """Lists of sizes within what is known: one that rises with the letters, one that falls, one that does neither.

    The sizes are pairwise distinct and 2 or more, so that nothing conforms by accident; where no such sizes are within
    what is known (`m = n`), they are what they must be.
    """
    names, bounds = network.sizes, dict(known)
    found: list[dict[str, int]] = []
    for order in ORDERS:
        values = _first(names, order, choice, lambda v: _within(bounds, v) and _distinct(network.extents, v))
        if values is not None and values not in found:
            found.append(values)
    if not found:
        pool = [size for size in range(1, len(names) + LARGER) if choice.usable(size)]
        every = (dict(zip(names, each, strict=True)) for each in product(pool, repeat=len(names)))
        allowed = [values for values in islice(every, CANDIDATES) if _within(bounds, values)]
        found = allowed[-1:] + allowed[len(allowed) // 2 : len(allowed) // 2 + 1]
    return tuple(found[: choice.lists])


def _rising(pool: list[int]) -> list[int]:
    return pool


def _falling(pool: list[int]) -> list[int]:
    return pool[::-1]


def _mixed(pool: list[int]) -> list[int]:
    return pool[1::2] + pool[::2]


# the order in which numbers are tried for the letters, and how many more than there are letters
ORDERS: tuple[tuple[Callable[[list[int]], list[int]], int], ...] = ((_rising, 0), (_falling, 2), (_mixed, 3))


def _first(
    names: tuple[str, ...],
    order: tuple[Callable[[list[int]], list[int]], int],
    choice: Choice,
    fits: Callable[[Mapping[str, int]], bool],
) -> dict[str, int] | None:
    """The first distinct sizes in an order that fit, among as few numbers as will do."""
    arrange, start = order
    if choice.small:
        # one letter needs one number more, or there is nothing to choose from
        start = min(start, int(len(names) == 1))
    usable = [size for size in range(2, 60) if choice.usable(size)]
    for more in range(start, start + LARGER):
        every = permutations(arrange(usable[: len(names) + more]), len(names))
        for each in islice(every, CANDIDATES):
            values = dict(zip(names, each, strict=True))
            if fits(values):
                return values
    return None


def _no_layers(atom: type[Width] | type[Units], layer: int) -> int:
    raise KeyError(str(atom(dim(layer))))


def _within(bounds: Bounds, values: Mapping[str, int]) -> bool:
    """Whether every size is within its bounds; a bound in other symbols than sizes says nothing of sizes."""
    for name, value in values.items():
        lower, upper = bounds.get(name, (None, None))
        if lower is not None and lower.symbols <= values.keys() and lower.value(values, _no_layers) > value:
            return False
        if upper is not None and upper.symbols <= values.keys() and upper.value(values, _no_layers) < value:
            return False
    return True


def _distinct(extents: frozenset[Dim], values: Mapping[str, int]) -> bool:
    """Whether different sizes in the shapes are different numbers, none of them below 2 but a 1 that is written."""
    numbers = [size.value(values, _no_layers) for size in extents]
    symbolic = [size.value(values, _no_layers) for size in extents if size.terms]
    return len(set(numbers)) == len(numbers) and all(number >= 2 for number in symbolic)
