"""The arrays that a compiled function is given: of one type, and apart from each other in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from symbackprop.errors import SymbackpropError


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
