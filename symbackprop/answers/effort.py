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


def work(e: Node) -> int:
    """How many parts are computed, each as often as an index in front of it has values.

    A part that stands in several places is looked at once, as names may stand for names: its work still counts at each.
    """
    open_: list[Node] = [e]
    while open_:
        part = open_[-1]
        parts = children(part)
        unknown = [each for each in parts if _known(each) is None]
        if unknown:
            open_ += unknown
            continue
        open_.pop()
        keep(part, "_work", _turns(part) * (1 + sum([_known(each) or 0 for each in parts])))
    return _known(e) or 0


def _known(e: Node) -> int | None:
    """The work of a part, which stands in many formulas, where it was found before."""
    found: int | None = getattr(e, "_work", None)
    return found


def _turns(e: Node) -> int:
    if isinstance(e, Power | EntrywisePower) and max(abs(e.exponent.numerator), e.exponent.denominator) > HIGHEST:
        return MOST + 1
    if not isinstance(e, IndexedProduct | IndexedSum | Extreme):
        return 1
    count = e.upper - e.lower + 1
    return max(count.constant, 1) if count.is_constant else TURNS + abs(count.constant)
