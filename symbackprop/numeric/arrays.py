"""The arrays that a compiled function is given: of one type, apart from each other in memory, seen before or not."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from symbackprop.errors import SymbackpropError


class Given:
    """Which arrays a function was called with last, and what was found for them, so that it need not look again.

    It does not keep them alive. Calls from several threads at once are safe: what is remembered changes in one step.
    """

    def __init__(self) -> None:
        self._last: tuple[tuple[int, ...], Sequence[Any], Any] = ((), (), None)

    def found(self, arrays: Iterable[Any]) -> Any:
        """What was found for exactly these, if they were kept last and all still are; else None."""
        last = self._last
        return last[2] if tuple(map(id, arrays)) == last[0] else None

    def keep(self, arrays: Sequence[Any], found: Any) -> None:
        """Remember these until one of them is no more."""
        self._last = tuple(map(id, arrays)), [weakref.ref(array, self._forget) for array in arrays], found

    def _forget(self, _: object) -> None:
        self._last = (), (), None


def common_type(named: Sequence[tuple[str, Any]]) -> np.dtype[Any]:
    """The one floating-point type of some arrays; whole numbers go with any.

    Raises:
        SymbackpropError: for arrays of two precisions, and for what is no number.
    """
    first: tuple[str, np.dtype[Any]] | None = None
    is_complex = False
    for name, array in named:
        kind = array.dtype
        if kind.kind not in "biufc":
            raise SymbackpropError(f"{name} is an array of {kind}: write numbers, as np.asarray(…, dtype=float)")
        if kind.kind in "biu":
            continue
        is_complex |= kind.kind == "c"
        real = np.empty(0, kind).real.dtype.newbyteorder("=")
        if first is None:
            first = name, real
        elif first[1] != real:
            raise SymbackpropError(
                f"{first[0]} has numbers of {first[1]} and {name} of {real}: types are not mixed, so write "
                f"{name}.astype(np.{first[1]}) or {first[0]}.astype(np.{real})"
            )
    own = np.dtype(float) if first is None else first[1]
    return np.result_type(own, np.complex64) if is_complex else own


def overlap(targets: Sequence[tuple[str, Any]], others: Sequence[tuple[str, Any]]) -> tuple[str, str] | None:
    """The names of two arrays that may share memory, the first of them a target; None if there are none."""
    seen: dict[int, str] = {}
    parts: list[tuple[str, Any, bool]] = []
    for is_target, group in ((True, targets), (False, others)):
        for name, array in group:
            if id(array) in seen and (is_target or any(array is t for _, t in targets)):
                return seen[id(array)], name
            seen[id(array)] = name
            parts.append((name, array, is_target))
    # an array that owns its memory shares it with its views alone
    views = [part for part in parts if part[1].base is not None]
    for name, view, is_target in views:
        for other, array, is_other in parts:
            if view is not array and (is_target or is_other) and np.may_share_memory(view, array):
                return (name, other) if is_target else (other, name)
    return None
