"""Singular values of random weight matrices beside the law of large ones, Marchenko and Pastur's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from symbackprop.figures.figure import Design
from symbackprop.figures.table import Column, Table, words
from symbackprop.progress import Progress, part

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Sheet

# rows × columns: a square matrix, and the first weights of a network for digits, both with Xavier's variance
SHAPES = ((256, 256), (256, 784))
BINS, POINTS = 30, 200
MEASURED, LAW = "measured", "Marchenko-Pastur"


def numbers(progress: Progress, *, seed: int = 0, samples: int = 4) -> Table:
    """Densities of singular values, by bins at their middles and by the law between its edges."""
    import functools

    import numpy as np

    from symbackprop.numeric.spectra import MarchenkoPastur, gaussian, histogram

    rows = []
    for place, (height, width) in enumerate(SHAPES):
        variance = 2 / (height + width)
        law = MarchenkoPastur(height, width, variance)
        low, high = law.edges
        # some room beyond the edges, where finite matrices have a few
        edges = np.linspace(max(0.0, low - 0.1), high + 0.1, BINS + 1)
        draw = functools.partial(gaussian, height, width, variance)
        counted = histogram(draw, samples, edges, seed, part(progress, place, len(SHAPES)))
        middles, curve = (edges[1:] + edges[:-1]) / 2, np.linspace(low, high, POINTS)
        for kind, s, density in ((MEASURED, middles, counted.density), (LAW, curve, law.density(curve))):
            rows += [(f"{height} x {width}", kind, *cells, low, high) for cells in zip(s, density, strict=True)]
    columns = (
        words("matrix"),
        words("kind"),
        Column("singular value"),
        Column("density"),
        Column("lower edge"),
        Column("upper edge"),
    )
    return Table(columns, rows)


def draw(table: Table) -> Sheet:
    from symbackprop.figures import style

    made, panels = style.sheet(6.6, 1, 2, style.Margins(top=1.2, across=1.0))
    for axes, matrix in zip(panels, table.distinct("matrix"), strict=True):
        _panel(axes, matrix, table.where("matrix", matrix))
    panels[0].set_ylabel("density (dimensionless)")
    style.legend_above(made, panels[1], 3)
    return made


def _panel(axes: Axes, matrix: str, table: Table) -> None:
    from symbackprop.figures import style

    measured, law = table.where("kind", MEASURED), table.where("kind", LAW)
    s = measured.column("singular value")
    axes.bar(
        s, measured.column("density"), s[1] - s[0], color=style.SKY, edgecolor="white", linewidth=0.4, label=MEASURED
    )
    axes.plot(law.column("singular value"), law.column("density"), color=style.VERMILLION, label=LAW)
    edges = (table.column("lower edge")[0], table.column("upper edge")[0])
    # room for the numbers beside the edges
    axes.set_xlim(edges[0] - 0.12, edges[1] + 0.38)
    axes.set_ylim(0, 1.3 * max(table.column("density")))
    for edge in edges:
        axes.axvline(edge, color=style.BLACK, linewidth=0.9, linestyle=style.LOOKS[6].linestyle, label="edges")
        axes.annotate(
            style.number(round(edge, 4)),
            (edge, 0.97),
            (2, 0),
            xycoords=axes.get_xaxis_transform(),
            textcoords="offset points",
            ha="left",
            va="top",
            fontsize=8,
        )
    height, width = matrix.split(" x ")
    axes.set_title(rf"${height}\times{width}$")
    axes.set_xlabel("singular value (dimensionless)")


DESIGN = Design(
    order=60,
    caption="Singular values of Gaussian matrices with Xavier's variance 2/(a+b), and the density that Marchenko and "
    "Pastur's law of the squares gives them.",
    alt="Two histograms. Singular values of a square matrix spread over a quarter of a circle from 0 to 2; those of a "
    "256 by 784 matrix over an arch from 0.526 to 1.930.",
    numbers=numbers,
    draw=draw,
)
