"""The arrays that a compiled function is given: of one type, and apart from each other in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from symbackprop.errors import SymbackpropError

# candidates for a common byte of two arrays; NumPy's types know no such number
ATTEMPTS: Any = 10_000


def array_of(name: str, given: Any) -> Any:
    """An array of what was given.

    Raises:
        SymbackpropError: for a masked array, and for lists that make none.
    """
    if type(given) is np.ndarray:
        return given
    if isinstance(given, np.ma.MaskedArray):
        raise SymbackpropError(f"{name} is a masked array, whose mask nothing would heed: write {name}.filled(0)")
    try:
        return np.asarray(given)
    except (ValueError, TypeError, RuntimeError) as error:
        raise SymbackpropError(f"{name} is no array of numbers ({error}): write rows of equally many numbers") from None


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
    """The names of two arrays that share memory, the first of them a target; None if there are none."""
    named = [(*_span(array), i, name, array) for i, (name, array) in enumerate([*targets, *others]) if array.size]
    # by where they begin: only those that have not ended where the next begins can share anything with it
    reaching: list[tuple[int, int, int, str, Any]] = []
    shared: list[tuple[int, int, str, str]] = []
    for part in sorted(named, key=lambda p: p[:3]):
        reaching = [other for other in reaching if other[1] > part[0]]
        for other in reaching:
            one, two = sorted((other, part), key=lambda p: p[2])
            # exactly, unless that takes long: then it says that they do
            if one[2] < len(targets) and np.may_share_memory(one[4], two[4], max_work=ATTEMPTS):
                shared.append((one[2], two[2], one[3], two[3]))
        reaching.append(part)
    return min(shared)[2:] if shared else None


def _span(array: Any) -> tuple[int, int]:
    """From which address to which it reaches."""
    start = array.__array_interface__["data"][0]
    if array.flags.forc:
        return start, start + array.nbytes
    steps = [(n - 1) * step for n, step in zip(array.shape, array.strides, strict=True)]
    return start + sum(min(step, 0) for step in steps), start + sum(max(step, 0) for step in steps) + array.itemsize


def repeats(array: Any) -> bool:
    """Whether several entries may be in the same place: some step does not leave behind all that smaller ones reach."""
    if array.flags.forc:
        return False
    reach = array.itemsize
    for step, n in sorted((abs(step), n) for step, n in zip(array.strides, array.shape, strict=True) if n > 1):
        if step < reach:
            return True
        reach += (n - 1) * step
    return False
