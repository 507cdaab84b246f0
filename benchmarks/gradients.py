"""Compiled gradients beside backpropagation by hand: a textbook loop, and the reference of the numeric judge."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.plan import Plan
from benchmarks.table import Row, duration, failure
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
    for batch, size, depth in plan.cells:
        figure = f"gradients, batch {batch}, width {size} × depth {depth}, out="
        rng = np.random.default_rng(0)
        W = [rng.standard_normal((size, size)) / size**0.5 for _ in range(depth + 1)]
        x, y = rng.standard_normal((2, size, batch))
        network = MLP(widths=[size] * (depth + 2), activation="tanh", loss="squared_error", bias="none")
        compiled, out = network.gradients(), [np.empty_like(w) for w in W]

        def ours(compiled: Any = compiled, W: Any = W, x: Any = x, y: Any = y, out: Any = out) -> Any:
            return compiled(W, x, y, out=out)

        def hand(W: Any = W, x: Any = x, y: Any = y) -> Any:
            return by_hand(W, x, y)

        def reference(W: Any = W, x: Any = x, y: Any = y) -> Any:
            return backprop(W, x, y, ACTIVATIONS["tanh"], LOSSES["squared_error"], augmented=False)

        _, wanted = hand()
        if not all(np.allclose(one, two, rtol=1e-10) for one, two in zip(ours()[1], wanted, strict=True)):
            yield failure("numeric", figure, "the gradients differ from those by hand")
            continue
        count = max(1, round(TURN / calls(hand, 3)))
        mine, theirs, ratio = paired(lambda: calls(ours, count), lambda: calls(hand, count), plan.pairs)
        _, kept, against = paired(lambda: calls(ours, count), lambda: calls(reference, count), plan.pairs)
        yield Row(
            "numeric",
            figure,
            duration(mine),
            f"textbook {duration(theirs)}, reference {duration(kept)}",
            ratio=ratio,
            to=f"× textbook, {against:.2f} × reference",
            numbers={"seconds": mine, "textbook": theirs, "reference": kept, "to_reference": against},
        )
