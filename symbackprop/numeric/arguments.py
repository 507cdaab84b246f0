"""Whether the arrays given to a compiled function fit its network; what does not is said in a sentence.

Values are not looked at, so that NaN and infinities flow through; but for the bias unit, which must be 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from symbackprop.dims import Bounds, Dim, Units, Width
from symbackprop.errors import ShapeError, SymbackpropError
from symbackprop.network import MLP
from symbackprop.numeric.arrays import overlap, repeats


def _size(array: Any) -> str:
    return " × ".join(map(str, np.shape(array))) or "a number"


def check_scheme(network: MLP) -> None:
    """Refuse a normalized network, which compiled code would compute without its normalization.

    Raises:
        SymbackpropError: for one.
    """
    if network.scheme is not None:
        raise SymbackpropError(
            f"{network.scheme.name} normalization of an MLP is not compiled to NumPy: write the network as equations, "
            "symbackprop.Network(…), whose gradients() are, or call symbackprop.numeric.normalized.normalized_backprop"
        )


def check_lists(W: Any, b: Any = ()) -> None:
    """That weights are a list, and biases, which are left out where they do not stand apart.

    Raises:
        SymbackpropError: for what is none.
    """
    if not isinstance(W, list | tuple):
        raise SymbackpropError(f"W must be a list of the weights W_0 … W_L, not a {type(W).__name__}: write [W_0, W_1]")
    if not isinstance(b, list | tuple):
        raise SymbackpropError(
            f"b must be a list of {len(W)} biases, one for each of the weights: write [b_0 … b_{len(W) - 1}]"
        )


def check_network(network: MLP, W: Sequence[Any], b: Sequence[Any] | None = None) -> None:
    """Weights and biases against the network and each other.

    Raises:
        SymbackpropError: for a wrong number of them.
        ShapeError: for one that does not conform.
    """
    check_lists(W, () if b is None else b)
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
        if not np.size(w):
            raise ShapeError(f"W_{l} is {_size(w)}: a layer has at least one unit, so give it rows and columns")
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
    if len(b) != len(W):
        raise SymbackpropError(
            f"b must be a list of {len(W)} biases, one for each of the weights: write [b_0 … b_{len(W) - 1}]"
        )
    for l, (bias, w) in enumerate(zip(b, W, strict=True)):
        if np.shape(bias) not in ((np.shape(w)[0],), (np.shape(w)[0], 1)):
            raise ShapeError(
                f"b_{l} is {_size(bias)}, but W_{l} ({_size(w)}) has {np.shape(w)[0]} rows: they must agree"
            )


def check_vectors(
    network: MLP,
    W: Sequence[Any],
    x: Any,
    y: Any,
    any_target: bool,
    batch: bool = False,
    by_rows: bool = False,
    target: str = "y",
) -> None:
    """Input and target against the weights.

    Args:
        x, y: examples as columns.
        any_target: whether `y` is for the caller's own functions alone, of whatever entries.
        batch: whether there may be many examples.
        by_rows: whether the caller gave examples as rows, of which the sentences then speak.
        target: what `y` is called.

    Raises:
        ShapeError: for one that does not conform.
    """
    because = f"W_0 ({_size(W[0])}) has {np.shape(W[0])[1]} columns"
    _check_columns("x", x, np.shape(W[0])[1], because, batch, by_rows, network.augmented)
    if any_target and not batch:
        return
    if not any_target:
        outputs = np.shape(W[-1])[0]
        because = f"W_{len(W) - 1} ({_size(W[-1])}) has {outputs} rows"
        _check_columns(target, y, outputs, because, batch, by_rows)
    if np.ndim(x) != np.ndim(y) or (np.ndim(x) == 2 and np.shape(x)[1] != np.shape(y)[1]):
        x, y, line = (np.transpose(x), np.transpose(y), "row") if by_rows else (x, y, "column")
        raise ShapeError(
            f"x is {_size(x)} and {target} is {_size(y)}: both must have one {line} for each example, or be 1-D"
        )


def _check_columns(
    name: str, array: Any, rows: int, because: str, batch: bool, by_rows: bool, augmented: bool = False
) -> None:
    found, lines = np.shape(array), "rows" if by_rows else "columns"
    if len(found) not in (1, 2) or (len(found) == 2 and found[1] != 1 and not batch):
        many = "N × n with an example in each row" if by_rows else "n × N with an example in each column"
        wanted = f"1-D, or {many}" if batch else "1-D or n × 1"
        raise ShapeError(f"{name} is {_size(np.transpose(array) if by_rows else array)}: write it as {wanted}")
    if found[0] != rows:
        hint = f": does {name} end in the bias unit 1?" if augmented and found[0] == rows - 1 else ""
        hint = hint or (f": are the examples its {lines}?" if len(found) == 2 and found[1] == rows else "")
        raise ShapeError(f"{name} has {found[0]} entries, but {because}{hint}")


def check_bias_unit(network: MLP, x: Any, by_rows: bool = False) -> None:
    """That an input, which ends in the bias unit, has a 1 there: slide 1 appends it, and it is no variable.

    Raises:
        SymbackpropError: for an input that ends in anything else.
    """
    if not network.augmented:
        return
    last = np.asarray(x)[-1]
    if (last == 1).all():
        return
    last = np.atleast_1d(last)
    first = np.flatnonzero(last != 1)[0]
    where = f" in {'row' if by_rows else 'column'} {first + 1}" if last.size > 1 else ""
    raise SymbackpropError(
        f"x must end in the bias unit 1: its last entry{where} is {last[first]}; append 1 or use bias='separate'"
    )


def check_indices(given: Mapping[str, Any], bounds: Bounds, network: MLP, W: Sequence[Any]) -> None:
    """Free indices of a formula, as printed, against their bounds in a network of these weights.

    An index of which nothing is known counts from 1; one without an upper bound is not checked from above.

    Raises:
        SymbackpropError: for one outside its bounds.
    """
    symbols: dict[str, int] = dict.fromkeys(network.depth.symbols, len(W) - 1)
    for name, value in given.items():
        if not isinstance(value, int | np.integer):
            raise SymbackpropError(f"{name} = {value} is no index: write a whole number")
        symbols[name] = int(value)
    # layers first: how many rows there are is a question about a layer
    for name in sorted(given, key=lambda n: _has_sizes(bounds.get(n, (None, None))[1])):
        low, high = bounds.get(name, (None, None))
        least = 1 if low is None else _number(low, symbols, W)
        most = None if high is None else _number(high, symbols, W)
        if symbols[name] >= least and (most is None or symbols[name] <= most):
            continue
        above = "" if high is None else f" to {most if high.is_constant else f'{network.says(high)} = {most}'}"
        raise SymbackpropError(
            f"{name} = {symbols[name]} is no index here: {name} runs from {least}{above} for these {len(W)} weights"
        )


def _has_sizes(size: Dim | None) -> bool:
    return size is not None and any(isinstance(atom, Width | Units) for atom, _ in size.terms)


def _number(size: Dim, symbols: Mapping[str, int], W: Sequence[Any]) -> int:
    """A dim in a network of these weights."""

    def measured(kind: type[Width] | type[Units], layer: int) -> int:
        below = layer > 0 and (kind is Units or layer == len(W))
        return int(np.shape(W[layer - 1])[0] if below else np.shape(W[layer])[1])

    return size.value(symbols, measured)


def check_upstream(upstream: Any, W: Sequence[Any]) -> Any:
    """`∂L/∂ŷ` as it was given, an array or a function that gives one; the function comes back checking what it gives.

    Raises:
        ShapeError: for an array, now or from the function later, that has not one entry for each output unit.
    """
    if callable(upstream):
        return lambda yhat, y: _outputs(upstream(yhat, y), W, "upstream(yhat, y) gives")
    return _outputs(upstream, W, "upstream has")


def _outputs(upstream: Any, W: Sequence[Any], what: str) -> Any:
    if np.size(upstream) != np.shape(W[-1])[0]:
        raise ShapeError(
            f"{what} {np.size(upstream)} entries, but W_{len(W) - 1} ({_size(W[-1])}) has {np.shape(W[-1])[0]} rows: "
            "∂L/∂ŷ has one entry for each output unit"
        )
    return upstream


def check_same(name: str, array: Any, like_name: str, like: Any) -> None:
    """That an array has the shape of another one.

    Raises:
        ShapeError: if not.
    """
    if np.shape(array) != np.shape(like):
        raise ShapeError(f"{name} is {_size(array)}, but {like_name} is {_size(like)}: they must agree")


def check_out(
    out: Any, W: Sequence[Any], b: Sequence[Any] | None, biases: Sequence[Any], x: Any, y: Any, target: str = "y"
) -> None:
    """The arrays given for the gradients, `(dW, db)` where biases stand apart; None where there are none.

    Args:
        biases: as the caller gave them, in whose shapes their gradients come.
        target: what `y` is called.

    Raises:
        ShapeError: for one that does not have the shape of what it is the gradient by.
        SymbackpropError: for a wrong number of them, one that cannot hold the numbers, or one that shares memory with
            another or with what is given.
    """
    if out is None:
        return
    lists = isinstance(out, list | tuple)
    if b is not None and not (lists and len(out) == 2 and all(isinstance(part, list | tuple) for part in out)):
        raise SymbackpropError("biases stand apart in this network: write out=(dW, db), two lists of arrays")
    if not lists:
        raise SymbackpropError(f"out must be a list of arrays, not a {type(out).__name__}: write out=[dW_0, dW_1]")
    dW, db = (out, []) if b is None else out
    named = []
    for name, given, like in (("W", dW, W), ("b", db, biases)):
        if len(given) != len(like):
            raise SymbackpropError(f"out has {len(given)} arrays for the gradients by {name}, but needs {len(like)}")
        for l, (array, one) in enumerate(zip(given, like, strict=True)):
            check_target(f"{name}_{l}", array, one, x.dtype)
            named.append((f"out for {name}_{l}", array))
    inputs = [(f"{name}_{l}", array) for name, of in (("W", W), ("b", b or [])) for l, array in enumerate(of)]
    if found := overlap(named, [*inputs, ("x", x), (target, y)]):
        raise SymbackpropError(f"{found[0]} shares memory with {found[1]}: give arrays of their own")


def check_target(name: str, target: Any, like: Any, kind: np.dtype[Any]) -> None:
    """That an array can be filled with a gradient of that type by what is called so; raises as `check_out`."""
    # what NumPy knows of masks is imported where it is first asked for
    if type(target) is not np.ndarray and (not isinstance(target, np.ndarray) or isinstance(target, np.ma.MaskedArray)):
        raise SymbackpropError(
            f"out for {name} is a {type(target).__name__}, which cannot be filled: write np.empty_like({name})"
        )
    check_same(f"out for {name}", target, name, like)
    if not np.can_cast(kind, target.dtype, "same_kind"):
        raise SymbackpropError(
            f"out for {name} is an array of {target.dtype}, which cannot hold gradients of {kind}: "
            f"write np.empty({target.shape}, dtype={kind.name!r})"
        )
    if repeats(target):
        raise SymbackpropError(f"out for {name} has several entries in one place: write np.empty_like({name})")
    if not target.flags.writeable:
        raise SymbackpropError(f"out for {name} is a read-only array: give one that can be filled")
