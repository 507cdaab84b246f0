"""What a call of compiled gradients is given, as the code takes it: checked, of one type, examples as columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from symbackprop.errors import SymbackpropError
from symbackprop.network import MLP
from symbackprop.numeric.arguments import (
    check_bias_unit,
    check_lists,
    check_network,
    check_out,
    check_same,
    check_vectors,
)
from symbackprop.numeric.arrays import array_of, common_type

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
        return dW, self._as_biases(db)

    def factors(self, grads: Any, by_rows: bool) -> Any:
        """Pairs of factors with an example as a column, or as a row; gradients by biases in the shapes of these."""
        pairs = grads if self.biases is None else grads[0]
        if by_rows:
            pairs = [(left.T, right.T) for left, right in pairs]
        return pairs if self.biases is None else (pairs, self._as_biases(grads[1]))

    def _as_biases(self, db: Sequence[Array]) -> list[Array]:
        return [made.reshape(np.shape(bias)) for made, bias in zip(db, self.biases or (), strict=True)]


def call_of(
    network: MLP, W: Sequence[Any], data: Sequence[Any], out: Any, by_rows: bool, any_target: bool, target: str = "y"
) -> Call:
    """The arguments of a call.

    Args:
        data: `x, y`, or `b, x, y`; by_rows: whether examples are the rows of `x` and `y`.
        any_target: whether `y` is for the caller's own functions alone; target: what it is called.

    Raises:
        ShapeError: for arrays that do not conform.
        SymbackpropError: for an input without its bias unit, several types, or `out` that cannot be filled.
    """
    given = data[0] if len(data) == 3 else ()
    check_lists(W, given)
    weights, biases = _named("W", W), _named("b", given)
    (_, x), (_, y) = vectors = [
        (name, array_of(name, array)) for name, array in zip(("x", target), data[-2:], strict=True)
    ]
    kind = common_type([*weights, *biases, *(vectors[:1] if any_target else vectors)])
    W, b = [w for _, w in weights], [bias for _, bias in biases] if len(data) == 3 else None
    check_network(network, W, b)
    if by_rows:
        x, y = x.T, y.T
    check_vectors(network, W, x, y, any_target=any_target, batch=True, by_rows=by_rows, target=target)
    check_bias_unit(network, x, by_rows)
    own_W, own_b = [as_kind(w, kind) for w in W], None if b is None else [column(as_kind(bias, kind)) for bias in b]
    own_x, own_y = column(as_kind(x, kind)), column(y if any_target else as_kind(y, kind))
    check_out(out, own_W, own_b, b or [], own_x, own_y, target)
    return Call(own_W, own_b, own_x, own_y, _targets(out, kind, b is not None), out, b)


@dataclass(frozen=True)
class Direction:
    """The arguments of one call of a Jacobian–vector product, as the code takes them: `W, (b,) x, dW, (db,) dx`.

    Attributes:
        shape: that of `x` as the caller gave it.
    """

    arguments: tuple[Any, ...]
    shape: tuple[int, ...]


def direction_of(network: MLP, W: Sequence[Any], data: Sequence[Any], by_rows: bool) -> Direction:
    """The arguments of a Jacobian–vector product.

    Args:
        data: `x, dW, dx`, or `b, x, dW, db, dx`.

    Raises:
        ShapeError: for arrays that do not conform.
        SymbackpropError: for an input without its bias unit, or several types.
    """
    separate = len(data) == 5
    b, x, dW, db, dx = data if separate else ((), data[0], data[1], (), data[2])
    check_lists(W, b)
    lists = [_named("W", W), _named("b", b), [("x", array_of("x", x))]]
    weights, biases, (x,) = ([array for _, array in part] for part in lists)
    check_network(network, weights, biases if separate else None)
    tangents = [_tangents("W", dW, W), _tangents("b", db, b), [("dx", array_of("dx", dx))]]
    kind = common_type([pair for part in (*lists, *tangents) for pair in part])
    columns = x.T if by_rows else x
    check_vectors(network, weights, columns, columns, any_target=True, batch=True, by_rows=by_rows)
    check_bias_unit(network, columns, by_rows)
    for part, changes in zip(lists, tangents, strict=True):
        for (name, array), (changed, change) in zip(part, changes, strict=True):
            check_same(changed, change, name, array)

    def taken(part: Sequence[tuple[str, Array]]) -> list[Array]:
        return [column(as_kind(array, kind)) for _, array in part]

    def all_of(parts: Sequence[Sequence[tuple[str, Array]]]) -> list[Any]:
        (vector,) = (column(as_kind(array.T if by_rows else array, kind)) for _, array in parts[2])
        return [taken(parts[0]), *([taken(parts[1])] if separate else []), vector]

    return Direction((*all_of(lists), *all_of(tangents)), x.shape)


def _tangents(family: str, given: Any, of: Sequence[Any]) -> list[tuple[str, Array]]:
    """Those of weights or biases, as many as there are of these."""
    if not isinstance(given, list | tuple) or len(given) != len(of):
        raise SymbackpropError(
            f"d{family} must be a list of {len(of)} arrays, one for each of {family}: write "
            f"[d{family}_0 … d{family}_{len(of) - 1}]"
        )
    return _named(f"d{family}", given)


def column(array: Array) -> Array:
    """A vector as a column."""
    return array[:, None] if array.ndim == 1 else array


def flat(nested: Any) -> list[Array]:
    """The arrays in lists of arrays, one after another."""
    return [array for part in nested for array in (flat(part) if isinstance(part, list | tuple) else [part])]


def _named(family: str, given: Sequence[Any]) -> list[tuple[str, Array]]:
    return [(f"{family}_{l}", array_of(f"{family}_{l}", array)) for l, array in enumerate(given)]


def as_kind(array: Array, kind: np.dtype[Any]) -> Array:
    """The array, converted where it is of another type."""
    return array if array.dtype == kind and array.dtype.isnative else array.astype(kind)


def _targets(out: Any, kind: np.dtype[Any], separate: bool) -> Any:
    """The caller's arrays where the code can fill them, and new ones in place of others."""
    if out is None:
        return None
    if separate:
        return [target_of(array, kind) for array in out[0]], [target_of(column(array), kind) for array in out[1]]
    made = [target_of(array, kind) for array in out]
    return out if all(one is other for one, other in zip(made, out, strict=True)) else made


def target_of(array: Array, kind: np.dtype[Any]) -> Array:
    """The array where code can fill it, and a new one in place of another."""
    # C order, aligned, writeable
    fits = array.flags.carray and array.dtype == kind
    return array if fits else np.empty(array.shape, kind)
