"""How much work it is to compute a quantity, known before any is done: no answer may take long."""

from __future__ import annotations

from collections.abc import Callable

from symbackprop.expr import IndexedProduct, IndexedSum, Power
from symbackprop.groups import EntrywisePower
from symbackprop.magnitudes import Extreme
from symbackprop.tree import Node, children

# parts to be computed at one point; a homework answer has some dozens
MOST = 50_000
# no homework has a higher power
HIGHEST = 1_000
# how many values an index takes whose bounds are letters, at the sizes that are tried
TURNS = 12


def work(e: Node) -> int:
    """How many parts are computed, each as often as an index in front of it has values."""
    return _counted(e, _turns)


def length(e: Node) -> int:
    """How many parts are written, names that were given written out."""
    return _counted(e, lambda part: 1)


def _counted(e: Node, turns: Callable[[Node], int]) -> int:
    """The parts, each as often as `turns` says for every part that it stands in.

    A part that stands in several places is looked at once, as names may stand for names: its work still counts at each.
    """
    found: dict[int, int] = {}
    open_: list[tuple[Node, bool]] = [(e, False)]
    while open_:
        part, is_ready = open_.pop()
        if id(part) in found:
            continue
        parts = children(part)
        if not is_ready:
            open_.append((part, True))
            open_ += [(each, False) for each in parts]
            continue
        found[id(part)] = turns(part) * (1 + sum(found[id(each)] for each in parts))
    return found[id(e)]


def _turns(e: Node) -> int:
    if isinstance(e, Power | EntrywisePower) and max(abs(e.exponent.numerator), e.exponent.denominator) > HIGHEST:
        return MOST + 1
    if not isinstance(e, IndexedProduct | IndexedSum | Extreme):
        return 1
    count = e.upper - e.lower + 1
    return max(count.constant, 1) if count.is_constant else TURNS + abs(count.constant)
