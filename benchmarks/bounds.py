"""The QR ladder beside plain SVDs: what telescoping a bound costs, against the singular values of each factor.

`python -m benchmarks.bounds` prints the full size alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np

from benchmarks.plan import FULL, SHORT, Plan
from benchmarks.table import Row, duration, failure, table
from benchmarks.timing import once, paired
from symbackprop.numeric.rungs import extremes, telescoped

Array = Any
# depth (factors) and width of a plan
SIZES = {FULL: (64, 512), SHORT: (8, 64)}
# output units of a classifier; beside it as many as there are hidden ones: then every Q_l is square, R_l has the
# singular values of A_l, and nothing is gained for the price
CLASSES = 10


def qr_beside_svd(plan: Plan) -> Iterator[Row]:
    """Extreme singular values of each factor, in turns: of `R_l` after QR from the right, of `A_l` by plain SVD."""
    depth, width = SIZES[plan]
    yield from (cell(depth, width, outputs, plan.slow) for outputs in (CLASSES, width))


def factors(depth: int, width: int, outputs: int) -> list[Array]:
    """`A_l = G_l W̃_lᵀ` of a random tanh-like network: slopes in (0, 1], weights of variance 1/width."""
    rng = np.random.default_rng(0)
    sizes = [width] * depth + [outputs]
    return [rng.uniform(0.1, 1, (m, 1)) * rng.standard_normal((m, n)) / width**0.5 for m, n in pairwise(sizes)]


def cell(depth: int, width: int, outputs: int, turns: int) -> Row:
    """One number of output units; beside the times, how much the product of the largest shrinks by telescoping."""
    figure = f"bounds, depth {depth}, width {width}, {outputs} outputs: QR ladder"
    A = factors(depth, width, outputs)
    ladder, plain = [extremes(r) for r in telescoped(A)], [extremes(a) for a in A]
    shrunk = prod(r.largest / a.largest for r, a in zip(ladder, plain, strict=True))
    if shrunk > 1 + 1e-9 or any(r.least < a.least * (1 - 1e-9) for r, a in zip(ladder, plain, strict=True)):
        return failure("bounds", figure, "telescoping has loosened a bound")
    ours, theirs, ratio = paired(
        lambda: once(lambda: [extremes(r) for r in telescoped(A)]).seconds,
        lambda: once(lambda: [extremes(a) for a in A]).seconds,
        turns,
    )
    return Row(
        "bounds",
        figure,
        duration(ours),
        f"SVD of each factor {duration(theirs)}, bound {shrunk:.1e} × theirs",
        ratio=ratio,
        to="× plain SVDs",
        numbers={"seconds": ours, "pairs": turns, "svd": theirs, "shrunk": shrunk},
    )


if __name__ == "__main__":
    print(table(list(qr_beside_svd(FULL))))
