"""The largest singular value of a product of random matrices beside its limit and the bound factor by factor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from symbackprop.figures.figure import Design
from symbackprop.figures.table import Column, Table
from symbackprop.progress import Progress

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Sheet

LOW, MEDIAN, HIGH = 10, 50, 90


def numbers(progress: Progress, *, seed: int = 0, width: int = 128, factors: int = 10, samples: int = 12) -> Table:
    """Percentiles over samples of products of `1 … factors` square matrices of variance 1/width."""
    import numpy as np

    from symbackprop.numeric.spectra import factorwise_edge, gaussian, product_edge

    rng = np.random.default_rng(seed)
    measured = np.empty((samples, factors))
    for sample in range(samples):
        product = np.eye(width)
        for factor in range(factors):
            product = gaussian(width, width, 1 / width, rng) @ product
            # the greatest eigenvalue of the Gram matrix has figures enough, sooner than all singular values
            measured[sample, factor] = np.linalg.eigvalsh(product @ product.T)[-1] ** 0.5
        progress(sample + 1, samples)
    rows = [
        (count, *np.percentile(column, (LOW, MEDIAN, HIGH)), product_edge(count), factorwise_edge(count))
        for count, column in enumerate(measured.T, 1)
    ]
    columns = (
        Column("factors"),
        Column("10th percentile"),
        Column("median"),
        Column("90th percentile"),
        Column("limit of wide matrices"),
        Column("bound factor by factor"),
    )
    return Table(columns, rows)


def draw(table: Table) -> Sheet:
    from symbackprop.figures import style

    made, (axes,) = style.sheet(7.0)
    factors, (first, second, third) = table.column("factors"), style.LOOKS[:3]
    style.band(axes, factors, table.column("10th percentile"), table.column("90th percentile"), first.color)
    bound = table.column("bound factor by factor")
    axes.plot(
        factors,
        bound,
        color=second.color,
        linestyle=second.linestyle,
        marker=second.marker,
        label="$2^L$, factor by factor",
    )
    axes.plot(
        factors,
        table.column("limit of wide matrices"),
        color=third.color,
        linestyle=third.linestyle,
        label=r"$\sqrt{(L+1)^{L+1}/L^L}$, the limit",
    )
    axes.plot(
        factors,
        table.column("median"),
        color=first.color,
        linestyle="",
        marker=first.marker,
        label="measured, with 10-90 % band",
    )
    style.logarithmic_height(axes)
    axes.set(xlabel="factors $L$ (dimensionless)", ylabel="largest singular value (dimensionless)")
    style.whole_numbers(axes.xaxis)
    axes.legend(loc="upper left")
    return made


DESIGN = Design(
    order=70,
    caption="The largest singular value of a product of L Gaussian matrices of variance 1/n: measured, its limit, and "
    "the bound that multiplies the singular values of the factors.",
    alt="The bound factor by factor grows as 2 to the L, to 1024 at 10 factors; the measured value follows the limit, "
    "5.34 at 10 factors.",
    numbers=numbers,
    draw=draw,
)
