"""Whether the arrays given to a compiled function fit its network; what does not is said in a sentence.

Values are not looked at: NaN and infinities flow through.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from symbackprop.errors import ShapeError, SymbackpropError
from symbackprop.network import MLP


def _size(array: Any) -> str:
    return " × ".join(map(str, np.shape(array))) or "a number"


def check_network(network: MLP, W: Sequence[Any], b: Sequence[Any] | None = None) -> None:
    """Weights and biases against the network and each other.

    Raises:
        SymbackpropError: for a wrong number of them.
        ShapeError: for one that does not conform.
    """
    if not isinstance(W, list | tuple):
        raise SymbackpropError(f"W must be a list of the weights W_0 … W_L, not a {type(W).__name__}: write [W_0, W_1]")
    if network.depth.is_constant and len(W) != network.depth.constant + 1:
        raise SymbackpropError(
            f"a network of depth {network.depth} has {network.depth.constant + 1} weight matrices, but W has {len(W)}: "
            f"write [W_0 … W_{network.depth}]"
        )
    if len(W) < 2:
        raise SymbackpropError(
            f"W has {len(W)} weight matrices: a network has at least one hidden layer, so write [W_0, W_1]"
        )
    for l, w in enumerate(W):
        if np.ndim(w) != 2:
            raise ShapeError(
                f"W_{l} must be a matrix, but it is {_size(w)}: write it as n_{l + 1} rows of n_{l} columns"
            )
        if network.widths is not None:
            _check_given(network, l, w)
    for l in range(1, len(W)):
        rows, columns = np.shape(W[l - 1])[0], np.shape(W[l])[1]
        if columns != rows + network.augmented:
            unit = " and the bias unit" if network.augmented else ""
            raise ShapeError(
                f"W_{l} ({_size(W[l])}) does not fit W_{l - 1} ({_size(W[l - 1])}): h_{l} has the {rows} entries of "
                f"z_{l}{unit}, so W_{l} needs {rows + network.augmented} columns"
            )
    if b is not None:
        _check_biases(W, b)


def _check_given(network: MLP, l: int, w: Any) -> None:
    assert network.widths is not None
    rows = network.widths[l + 1] - (network.augmented and l + 2 < len(network.widths))
    if np.shape(w) != (rows, network.widths[l]):
        widths = ",".join(map(str, network.widths))
        raise ShapeError(
            f"W_{l} is {_size(w)}, but a network of widths {widths} needs {rows} × {network.widths[l]}"
            + (" (bias units are counted in the widths)" if network.augmented else "")
        )


def _check_biases(W: Sequence[Any], b: Sequence[Any]) -> None:
    if not isinstance(b, list | tuple) or len(b) != len(W):
        raise SymbackpropError(
            f"b must be a list of {len(W)} biases, one for each of the weights: write [b_0 … b_{len(W) - 1}]"
        )
    for l, (bias, w) in enumerate(zip(b, W, strict=True)):
        if np.shape(bias) not in ((np.shape(w)[0],), (np.shape(w)[0], 1)):
            raise ShapeError(
                f"b_{l} is {_size(bias)}, but W_{l} ({_size(w)}) has {np.shape(w)[0]} rows: they must agree"
            )


def check_vectors(network: MLP, W: Sequence[Any], x: Any, y: Any, any_target: bool, batch: bool = False) -> None:
    """Input and target against the weights; `any_target` if `y` is for the caller's own functions alone.

    Raises:
        ShapeError: for one that does not conform.
    """
    _check_columns(
        "x", x, np.shape(W[0])[1], batch, f"W_0 ({_size(W[0])}) has {np.shape(W[0])[1]} columns", network.augmented
    )
    if any_target:
        return
    outputs = np.shape(W[-1])[0]
    _check_columns("y", y, outputs, batch, f"W_{len(W) - 1} ({_size(W[-1])}) has {outputs} rows", False)
    if np.ndim(x) != np.ndim(y) or (np.ndim(x) == 2 and np.shape(x)[1] != np.shape(y)[1]):
        raise ShapeError(f"x is {_size(x)} and y is {_size(y)}: both must have one column for each example, or be 1-D")


def _check_columns(name: str, array: Any, rows: int, batch: bool, because: str, augmented: bool) -> None:
    found = np.shape(array)
    if len(found) not in (1, 2) or (len(found) == 2 and found[1] != 1 and not batch):
        wanted = "a column, or n × N with an example in each column" if batch else "1-D or n × 1"
        raise ShapeError(f"{name} is {_size(array)}: write it as {wanted}")
    if found[0] != rows:
        hint = f": does {name} end in the bias unit 1?" if augmented and found[0] == rows - 1 else ""
        hint = hint or (": are the examples its columns?" if len(found) == 2 and found[1] == rows else "")
        raise ShapeError(f"{name} has {found[0]} entries, but {because}{hint}")


def check_indices(given: Mapping[str, Any], least: Mapping[str, int]) -> None:
    """Free indices of a formula, which count as printed.

    Raises:
        SymbackpropError: for one below the first.
    """
    for name, value in given.items():
        if not isinstance(value, int | np.integer) or value < least[name]:
            raise SymbackpropError(f"{name} = {value} is no index here: it counts from {least[name]}, as printed")


def check_out(out: Any, W: Sequence[Any], b: Sequence[Any] | None) -> tuple[Any, Any]:
    """The arrays given for the gradients, `(dW, db)`; None where there are none.

    Raises:
        ShapeError: for one that does not have the shape of what it is the gradient by.
        SymbackpropError: for a wrong number of them, or one in which the weights themselves lie.
    """
    if out is None:
        return None, None
    dW, db = (out, None) if b is None else out
    for name, given, like in (("W", dW, W), *([] if b is None else [("b", db, b)])):
        if len(given) != len(like):
            raise SymbackpropError(f"out has {len(given)} arrays for the gradients by {name}, but needs {len(like)}")
        for l, (target, one) in enumerate(zip(given, like, strict=True)):
            if np.shape(target) != np.shape(one):
                raise ShapeError(
                    f"out for {name}_{l} is {_size(target)}, but {name}_{l} is {_size(one)}: they must agree"
                )
            if any(np.may_share_memory(target, other) for other in like):
                raise SymbackpropError(f"out for {name}_{l} shares memory with {name}: give arrays of their own")
    return dW, db
