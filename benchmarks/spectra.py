"""Monte Carlo spectra: the singular values of many random matrices, counted, beside their law and beside bare SVDs."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from benchmarks.plan import Plan
from benchmarks.table import Row, duration, failure
from benchmarks.timing import once
from symbackprop.numeric.spectra import Histogram, MarchenkoPastur, gaussian, histogram
from symbackprop.progress import Bar

SIZE = 64
BINS = np.linspace(0, 2, 21)
# share of the singular values by which the counts may differ from the law, a matrix of this size being finite
CLOSE = 0.05


def monte_carlo(plan: Plan) -> Iterator[Row]:
    """The spectrum of `plan.samples` square Gaussian matrices with variance 1/n, with a bar while they are counted."""
    figure = f"{plan.samples:,} spectra of {SIZE} × {SIZE} Gaussian matrices"
    found: list[Histogram] = []
    draw = partial(gaussian, SIZE, SIZE, 1 / SIZE)
    with Bar(figure) as bar:
        ours = once(lambda: found.append(histogram(draw, plan.samples, BINS, progress=bar)))
    rng = np.random.default_rng(0)
    bare = once(lambda: [np.linalg.svd(draw(rng), compute_uv=False) for _ in range(plan.samples)])
    off = _distance(found[0])
    if off > CLOSE:
        yield failure("spectra", figure, f"they are {off:.2f} away from Marchenko–Pastur, more than {CLOSE}")
        return
    yield Row(
        "spectra",
        figure,
        duration(ours.seconds),
        f"draws and SVDs alone {duration(bare.seconds)}",
        ratio=ours.seconds / bare.seconds,
        to="× these",
        numbers={"seconds": ours.seconds, "bare": bare.seconds, "samples": plan.samples, "distance": off},
    )


def _distance(found: Histogram) -> float:
    """Half the sum of differences of shares between counts and law: the total variation, bin by bin."""
    law = MarchenkoPastur(SIZE, SIZE, 1 / SIZE)
    middles = (found.bins[1:] + found.bins[:-1]) / 2
    return float(np.sum(np.abs(found.density - law.density(middles)) * np.diff(found.bins)) / 2)
