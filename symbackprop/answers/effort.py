"""How much work it is to compute a quantity, known before any is done: no answer may take long."""

from __future__ import annotations

from collections.abc import Callable

from symbackprop.expr import IndexedProduct, IndexedSum, Power
from symbackprop.groups import EntrywisePower
from symbackprop.keeping import keep
from symbackprop.magnitudes import Extreme
from symbackprop.tree import Node, children

# parts to be computed at one point; a homework answer has some dozens
MOST = 50_000
# no homework has a higher power
HIGHEST = 1_000
# how many values an index takes whose bounds are letters, at the sizes that are tried
TURNS = 12
_POWERS = (Power, EntrywisePower)
_COUNTING = (IndexedProduct, IndexedSum, Extreme)


def work(e: Node) -> int:
    """How many parts are computed, each as often as an index in front of it has values."""
    return _counted(e, "_work", _turns)


def length(e: Node) -> int:
    """How many parts are written, names that were given written out."""
    return _counted(e, "_length", lambda part: 1)


def repeated(e: Node) -> int:
    """How many parts stand there more often than they are written, once every power is multiplied out."""
    return _counted(e, "_repeated", _factors) - length(e)


def _factors(e: Node) -> int:
    return max(abs(e.exponent.numerator), 1) if isinstance(e, _POWERS) else 1


def _counted(e: Node, name: str, turns: Callable[[Node], int]) -> int:
    """The parts, each as often as `turns` says for every part that it stands in.

    A part that stands in several places is looked at once, as names may stand for names: its work still counts at each.

    Args:
        name: of the attribute in which a part keeps its own count, as it stands in many formulas.
    """
    open_: list[Node] = [e]
    found = 0
    while open_:
        part, total, count = open_[-1], 1, len(open_)
        for each in children(part):
            known: int | None = getattr(each, name, None)
            if known is None:
                open_.append(each)
            else:
                total += known
        if len(open_) == count:
            open_.pop()
            found = turns(part) * total
            keep(part, name, found)
    return found


def _turns(e: Node) -> int:
    if isinstance(e, _POWERS) and max(abs(e.exponent.numerator), e.exponent.denominator) > HIGHEST:
        return MOST + 1
    if not isinstance(e, _COUNTING):
        return 1
    count = e.upper - e.lower + 1
    return max(count.constant, 1) if count.is_constant else TURNS + abs(count.constant)
