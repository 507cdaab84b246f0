"""What was found when the arrays of a call were checked, for the next call with the same ones."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import numpy as np

from symbackprop.numeric.calls import Call, flat

Array = Any
FORM = attrgetter("shape", "dtype")


@dataclass(frozen=True, slots=True)
class Found:
    """What holds for calls with these weights, biases and targets, and data of these shapes.

    Attributes:
        passes: the compiled passes for these sizes.
        x_shape, y_shape: of the data as it is given; y_shape is None where `y` is for the caller's own functions alone.
        kind: the type of all arrays.
        count: of examples.
        b: the biases as columns; None where they do not stand apart.
        targets: the identities of the arrays that are filled, each of which owns its memory.
    """

    passes: list[Any]
    x_shape: tuple[int, ...]
    y_shape: tuple[int, ...] | None
    kind: np.dtype[Any]
    count: int
    b: Sequence[Array] | None
    targets: frozenset[int]

    def fits(self, x: Array, y: Array) -> bool:
        """Whether new data needs no more checks: of the same shapes and type, and apart from what is filled."""
        if type(x) is not np.ndarray or x.shape != self.x_shape or x.dtype != self.kind:
            return False
        targets = self.targets
        # the base of a view is the array that owns its memory
        if targets and (id(x) in targets or id(x.base) in targets):
            return False
        if self.y_shape is None:
            return type(y) is np.ndarray and y.ndim == x.ndim
        if type(y) is not np.ndarray or y.shape != self.y_shape or y.dtype != self.kind:
            return False
        return not targets or not (id(y) in targets or id(y.base) in targets)


class _Remembered:
    """The arrays that a function was called with last, and what was found for them, so that it need not look again.

    It does not keep the arrays alive. Calls from several threads at once are safe: what is remembered changes in one
    step.
    """

    def __init__(self) -> None:
        # which arrays these are, what is told when one of them is no more, and what was found
        self._last: tuple[tuple[Any, ...], Sequence[Any], Any] = (), (), None

    def _remember(self, keys: tuple[Any, ...], arrays: Sequence[Any], found: Any) -> None:
        self._last = keys, [weakref.ref(array, self._forget) for array in arrays], found

    def _forget(self, _: object) -> None:
        self._last = (), (), None


class Given(_Remembered):
    """Which arrays a function was called with last: it need not check them again while shapes and types stay."""

    def seen(self, arrays: Sequence[Any]) -> bool:
        """Whether exactly these were kept last, and all still are."""
        keys, _, forms = self._last
        return keys == (*map(id, arrays),) and bool(forms == list(map(FORM, arrays)))

    def keep(self, arrays: Sequence[Any]) -> None:
        """Remember these until one of them is no more."""
        self._remember((*map(id, arrays),), arrays, list(map(FORM, arrays)))


class Memory(_Remembered):
    """The weights, biases and targets of the last call that was checked, and what was found for them."""

    def found(self, W: Sequence[Any], b: Sequence[Any] | None, out: Any) -> Found | None:
        """What was found for exactly these arrays, if they were kept last and all still are."""
        keys, _, found = self._last
        try:
            return found if keys == _keys(W, b, out) else None
        except (TypeError, ValueError):
            return None

    def keep(self, W: Sequence[Any], b: Sequence[Any] | None, out: Any, found: Found | None) -> None:
        """Remember these until one of the arrays is no more."""
        if found is not None:
            self._remember(_keys(W, b, out), flat([W, b or (), out or ()]), found)


def _keys(W: Sequence[Any], b: Sequence[Any] | None, out: Any) -> tuple[Any, ...]:
    """Which arrays these are, and what they are in."""
    if b is None:
        return type(W), type(out), [*map(id, W)], None if out is None else [*map(id, out)]
    dW, db = ((), ()) if out is None else out
    return type(W), type(out), [*map(id, W)], [*map(id, b)], [*map(id, dW)], [*map(id, db)]


def found_of(call: Call, W: Sequence[Any], data: Sequence[Any], passes: list[Any], any_target: bool) -> Found | None:
    """What the next call may rely on; None where an array was converted, or may share its memory.

    Args:
        W, data: as the caller gave them.
    """
    given = [] if call.given is None else flat(call.given)
    filled = [] if call.out is None else flat(call.out)
    same = [*zip(call.W, W, strict=True), *((b, b) for b in call.biases or ())]
    is_plain = all(one is other and isinstance(one, np.ndarray) and one.dtype == call.x.dtype for one, other in same)
    is_direct = all(one is other or one.base is other for one, other in zip(filled, given, strict=True))
    x, y = data[-2:]
    are_arrays = isinstance(x, np.ndarray) and isinstance(y, np.ndarray)
    if not (is_plain and is_direct and are_arrays) or any(target.base is not None for target in given):
        return None
    targets = frozenset(map(id, given))
    return Found(passes, x.shape, None if any_target else y.shape, call.x.dtype, call.x.shape[1], call.b, targets)
