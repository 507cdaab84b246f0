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
        b: the biases as columns; None where they do not stand apart.
        targets: the identities of the arrays that are filled, each of which owns its memory.
    """

    passes: list[Any]
    x_shape: tuple[int, ...]
    y_shape: tuple[int, ...] | None
    kind: np.dtype[Any]
    b: Sequence[Array] | None
    targets: frozenset[int]

    def fits(self, x: Array, y: Array) -> bool:
        """Whether new data needs no more checks: of the same shapes and type, and apart from what is filled."""
        if type(x) is not np.ndarray or x.shape != self.x_shape or x.dtype != self.kind:
            return False
        # the base of a view is the array that owns its memory
        if id(x) in self.targets or (x.base is not None and id(x.base) in self.targets):
            return False
        if self.y_shape is None:
            return True
        if type(y) is not np.ndarray or y.shape != self.y_shape or y.dtype != self.kind:
            return False
        return id(y) not in self.targets and (y.base is None or id(y.base) not in self.targets)


class Remembered:
    """The arrays that a function was called with last, and what was found for them, so that it need not look again.

    It does not keep the arrays alive. Calls from several threads at once are safe: what is remembered changes in one
    step.
    """

    def __init__(self) -> None:
        self._last: tuple[tuple[int, ...], Sequence[Any], Any] = ((), (), None)

    def found(self, arrays: Sequence[Any], weights: int = 0) -> Any:
        """What was found for exactly these, so many of them weights, if they were kept last and all still are."""
        keys, _, found = self._last
        return found if (weights, *map(id, arrays)) == keys else None

    def keep(self, arrays: Sequence[Any], found: Any, weights: int = 0) -> None:
        """Remember what was found for these until one of them is no more."""
        self._last = (weights, *map(id, arrays)), [weakref.ref(array, self._forget) for array in arrays], found

    def _forget(self, _: object) -> None:
        self._last = (), (), None


class Given:
    """Which arrays a function was called with last: it need not check them again while shapes and types stay."""

    def __init__(self) -> None:
        self._remembered = Remembered()

    def seen(self, arrays: Sequence[Any]) -> bool:
        """Whether exactly these were kept last, and all still are."""
        forms: list[Any] | None = self._remembered.found(arrays)
        return forms is not None and forms == list(map(FORM, arrays))

    def keep(self, arrays: Sequence[Any]) -> None:
        """Remember these until one of them is no more."""
        self._remembered.keep(arrays, list(map(FORM, arrays)))


class Memory:
    """The weights, biases and targets of the last call that was checked, and what was found for them."""

    def __init__(self) -> None:
        self._remembered = Remembered()

    def found(self, W: Sequence[Any], b: Sequence[Any] | None, out: Any) -> Found | None:
        """What was found for exactly these arrays, if they were kept last and all still are."""
        try:
            found: Found | None = self._remembered.found(_arrays(W, b, out), len(W))
        except (TypeError, ValueError):
            return None
        return found

    def keep(self, W: Sequence[Any], b: Sequence[Any] | None, out: Any, found: Found | None) -> None:
        """Remember these until one of the arrays is no more."""
        if found is not None:
            self._remembered.keep(_arrays(W, b, out), found, len(W))


def _arrays(W: Sequence[Any], b: Sequence[Any] | None, out: Any) -> list[Any]:
    if b is None:
        return [*W] if out is None else [*W, *out]
    if out is None:
        return [*W, *b]
    dW, db = out
    return [*W, *b, *dW, *db]


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
    return Found(passes, x.shape, None if any_target else y.shape, call.x.dtype, call.b, targets)
