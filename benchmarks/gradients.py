"""Compiled gradients beside backpropagation by hand: a textbook loop, and the reference of the numeric judge."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.plan import Plan
from benchmarks.table import Row, digits, duration, failure
from benchmarks.timing import calls, paired
from symbackprop.network import MLP
from symbackprop.numeric.backprop import ACTIVATIONS, LOSSES, backprop

Array = Any
# seconds that one turn of calls should take
TURN = 0.02


def by_hand(W: list[Array], x: Array, y: Array) -> tuple[Any, list[Array]]:
    """Loss and gradients as a textbook has them: tanh, squared loss, no biases, columns are examples.

    `∂L/∂z_l = (W_lᵀ ∂L/∂z_{l+1}) ⊙ (1 - h_l²)`, `∂L/∂W_l = ∂L/∂z_{l+1} h_lᵀ`.
    """
    h = [x]
    for w in W[:-1]:
        h.append(np.tanh(w @ h[-1]))
    residual = W[-1] @ h[-1] - y
    upstream = 2 * residual
    gradients = [upstream @ h[-1].T]
    for l in range(len(W) - 1, 0, -1):
        upstream = (W[l].T @ upstream) * (1 - h[l] * h[l])
        gradients.append(upstream @ h[l - 1].T)
    return (residual * residual).sum(), gradients[::-1]


def beside_hand(plan: Plan) -> Iterator[Row]:
    """All gradients of a tanh network, in turns: compiled, by the textbook, by the reference."""
    yield from (cell(*sizes, pairs=plan.pairs) for sizes in plan.cells)


def cell(batch: int, size: int, depth: int, pairs: int) -> Row:
    """One batch size, width and depth (hidden layers, all of one width)."""
    figure = f"gradients, batch {batch}, {size} × {depth}, out="
    rng = np.random.default_rng(0)
    W = [rng.standard_normal((size, size)) / size**0.5 for _ in range(depth + 1)]
    x, y = rng.standard_normal((2, size, batch))
    network = MLP(widths=[size] * (depth + 2), activation="tanh", loss="squared_error", bias="none")
    compiled, out = network.gradients(), [np.empty_like(w) for w in W]

    def ours() -> Any:
        return compiled(W, x, y, out=out)

    def textbook() -> Any:
        return by_hand(W, x, y)

    def reference() -> Any:
        return backprop(W, x, y, ACTIVATIONS["tanh"], LOSSES["squared_error"], augmented=False)

    _, wanted = textbook()
    if not all(np.allclose(one, two, rtol=1e-10) for one, two in zip(ours()[1], wanted, strict=True)):
        return failure("numeric", figure, "the gradients differ from those by hand")
    count = max(1, round(TURN / calls(textbook, 3)))
    mine, theirs, ratio = paired(lambda: calls(ours, count), lambda: calls(textbook, count), pairs)
    _, kept, against = paired(lambda: calls(ours, count), lambda: calls(reference, count), pairs)
    return Row(
        "numeric",
        figure,
        duration(mine),
        f"textbook {duration(theirs)}, reference {duration(kept)}",
        ratio=ratio,
        to=f"× textbook, {digits(against)} × reference",
        numbers={"seconds": mine, "textbook": theirs, "reference": kept, "to_reference": against},
    )
