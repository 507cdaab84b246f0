"""How much work it is to compute a quantity, known before any is done: no answer may take long."""

from __future__ import annotations

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
    """How many parts are computed, each as often as an index in front of it has values.

    A part that stands in several places is looked at once, as names may stand for names: its work still counts at each.
    """
    open_: list[Node] = [e]
    found = 0
    while open_:
        part, total = open_[-1], 1
        ready = True
        for each in children(part):
            # a part stands in many formulas
            known: int | None = getattr(each, "_work", None)
            if known is None:
                open_.append(each)
                ready = False
            else:
                total += known
        if ready:
            open_.pop()
            found = _turns(part) * total
            keep(part, "_work", found)
    return found


def _turns(e: Node) -> int:
    if isinstance(e, _POWERS) and max(abs(e.exponent.numerator), e.exponent.denominator) > HIGHEST:
        return MOST + 1
    if not isinstance(e, _COUNTING):
        return 1
    count = e.upper - e.lower + 1
    return max(count.constant, 1) if count.is_constant else TURNS + abs(count.constant)
