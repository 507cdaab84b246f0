"""What a call of compiled gradients is given, as the code takes it: checked, of one type, examples as columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from symbackprop.network import MLP
from symbackprop.numeric.arguments import check_bias_unit, check_network, check_out, check_vectors
from symbackprop.numeric.arrays import common_type

Array = Any


class Call(NamedTuple):
    """The arguments of one call.

    Attributes:
        W, b, x, y: as the code takes them; `b` is None where biases do not stand apart.
        out: the arrays that it fills; None where it shall make them.
        given: the caller's arrays for the same.
        biases: the caller's biases, in whose shapes their gradients come.
    """

    W: Sequence[Array]
    b: Sequence[Array] | None
    x: Array
    y: Array
    out: Any
    given: Any
    biases: Sequence[Any] | None

    @property
    def arguments(self) -> tuple[Any, ...]:
        """Those before `out`."""
        return (self.W, self.x, self.y) if self.b is None else (self.W, self.b, self.x, self.y)

    def returned(self, grads: Any) -> Any:
        """The gradients in the caller's arrays, or in the shapes of what they are gradients by."""
        if grads is self.given:
            return grads
        if self.given is not None:
            for target, made in zip(flat(self.given), flat(grads), strict=True):
                if target is not made and not np.may_share_memory(target, made):
                    np.copyto(target, made.reshape(target.shape), casting="same_kind")
            return self.given
        if self.biases is None:
            return grads
        dW, db = grads
        return dW, [made.reshape(np.shape(bias)) for made, bias in zip(db, self.biases, strict=True)]


def call_of(network: MLP, W: Sequence[Any], data: Sequence[Any], out: Any, by_rows: bool, any_target: bool) -> Call:
    """The arguments of a call.

    Args:
        data: `x, y`, or `b, x, y`; by_rows: whether examples are the rows of `x` and `y`.
        any_target: whether `y` is for the caller's own functions alone.

    Raises:
        ShapeError: for arrays that do not conform.
        SymbackpropError: for an input without its bias unit, several types, or `out` that cannot be filled.
    """
    b = data[0] if len(data) == 3 else None
    x, y = (np.asarray(array).T if by_rows else np.asarray(array) for array in data[-2:])
    check_network(network, W, b)
    check_vectors(network, W, x, y, any_target=any_target, batch=True)
    check_bias_unit(network, x)
    W, biases = [np.asarray(w) for w in W], [np.asarray(bias) for bias in b or ()]
    named = [*_named("W", W), *_named("b", biases), ("x", x), *([] if any_target else [("y", y)])]
    kind = common_type(named)
    own_W, own_b = [_as(w, kind) for w in W], [column(_as(bias, kind)) for bias in biases]
    own_x, own_y = column(_as(x, kind)), column(y if any_target else _as(y, kind))
    check_out(out, own_W, None if b is None else own_b, biases, own_x, own_y)
    return Call(own_W, None if b is None else own_b, own_x, own_y, _targets(out, kind, b is not None), out, b)


def column(array: Array) -> Array:
    """A vector as a column."""
    return array[:, None] if array.ndim == 1 else array


def flat(nested: Any) -> list[Array]:
    """The arrays in lists of arrays, one after another."""
    return [array for part in nested for array in (flat(part) if isinstance(part, list | tuple) else [part])]


def _named(family: str, arrays: Sequence[Array]) -> list[tuple[str, Array]]:
    return [(f"{family}_{l}", array) for l, array in enumerate(arrays)]


def _as(array: Array, kind: np.dtype[Any]) -> Array:
    return array if array.dtype == kind and array.dtype.isnative else array.astype(kind)


def _targets(out: Any, kind: np.dtype[Any], separate: bool) -> Any:
    """The caller's arrays where the code can fill them, and new ones in place of others."""
    if out is None:
        return None
    if separate:
        return [_target(array, kind) for array in out[0]], [_target(column(array), kind) for array in out[1]]
    made = [_target(array, kind) for array in out]
    return out if all(one is other for one, other in zip(made, out, strict=True)) else made


def _target(array: Array, kind: np.dtype[Any]) -> Array:
    fits = array.flags.c_contiguous and array.dtype == kind
    return array if fits else np.empty(array.shape, kind)
