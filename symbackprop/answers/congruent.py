"""Two formulas that are built alike are equal if their parts are: the kernel is asked of the parts only.

The kernel compares entries, and has none for what stands under two sums or products whose bounds depend on each other.
Sums and products over a common range are equal if their bodies are, for every index within it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from symbackprop.dims import Bounds, bound_to, index
from symbackprop.expr import Expr, IndexedProduct, IndexedSum, Partial
from symbackprop.substitution import bound_index, free_symbols, replace_at, substitute
from symbackprop.tree import Path, children, rebuild

Ranged = IndexedSum | IndexedProduct
# how often the kernel is asked for one pair of formulas
MOST = 24


@dataclass
class Congruence:
    """Compares formulas part by part.

    Attributes:
        asked: whether two expressions are equal, with what is known of the indices; it takes long.
        left: how often that may still be asked.
    """

    asked: Callable[[Expr, Expr, Bounds], bool]
    left: int = MOST

    def holds(self, one: Expr, two: Expr, known: Bounds) -> bool:
        """Whether two expressions are equal, as far as that is found."""
        if one == two or self._by_operands(one, two, known):
            return True
        if self.left == 0:
            return False
        self.left -= 1
        return self.asked(one, self._aligned(two, one, known), known)

    def _by_operands(self, one: Expr, two: Expr, known: Bounds) -> bool:
        """Whether both are one operation on equal operands."""
        if isinstance(one, Ranged) and isinstance(two, Ranged):
            return self._by_bodies(one, two, known)
        pairs = operands_in_pairs(one, two)
        return bool(pairs) and all(self.holds(part, other, known) for part, other in pairs)

    def _by_bodies(self, one: Ranged, two: Ranged, known: Bounds) -> bool:
        """Whether both run over one range, perhaps counted from another start, and have equal bodies there."""
        shift = two.lower - one.lower
        if type(one) is not type(two) or two.upper - one.upper != shift:
            return False
        if isinstance(one, IndexedProduct) and isinstance(two, IndexedProduct) and one.descending != two.descending:
            return False
        if one.index != two.index and one.index in free_symbols(two.body):
            return False
        body = substitute(two.body, {two.index: index(one.index) + shift})
        return self.holds(one.body, body, bound_to(known, one.index, (one.lower, one.upper)))

    def _aligned(self, e: Expr, like: Expr, known: Bounds) -> Expr:
        """The expression with its sums and products over a range written as equal ones of another expression."""
        if isinstance(e, Ranged):
            return e
        models = list(dict.fromkeys(part for _, part in _ranged(like)))
        # from the right, so that what is put in does not move what is left of it
        for path, part in [*_ranged(e)][::-1]:
            model = next((each for each in models if self._by_operands(each, part, known)), None)
            e = e if model is None else replace_at(e, path, model)
        return e


def operands_in_pairs(one: Expr, two: Expr) -> list[tuple[Expr, Expr]]:
    """The operands of one and the same operation on both sides; none where they are different operations.

    None either of a derivative, as one by a variable is none by what it is computed as, nor under an index.
    """
    parts, others = children(one), children(two)
    if type(one) is not type(two) or len(parts) != len(others) or _is_closed(one) or rebuild(one, others) != two:
        return []
    return list(zip(parts, others, strict=True))


def _is_closed(e: Expr) -> bool:
    """Whether what stands inside may not be replaced by what is equal to it outside."""
    return isinstance(e, Partial) or bound_index(e) is not None


def _ranged(e: Expr, path: Path = ()) -> Iterator[tuple[Path, Ranged]]:
    """The sums and products over a range that stand in no other one and in no derivative, from the left."""
    if isinstance(e, Ranged):
        yield path, e
    elif not _is_closed(e):
        for i, part in enumerate(children(e)):
            yield from _ranged(part, (*path, i))
