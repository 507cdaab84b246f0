"""Singular values of random weight matrices, and their squares, beside the law of large ones: Marchenko and Pastur."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from symbackprop.figures.figure import Design
from symbackprop.figures.table import Column, Table, words
from symbackprop.progress import Progress, part

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Sheet

# rows × columns: a square matrix, and the first weights of a network for digits, both with Xavier's variance
SHAPES = ((256, 256), (256, 784))
BINS, POINTS = 24, 400
MEASURED, LAW = "measured", "Marchenko-Pastur"
PLAIN, SQUARED = "singular values", "their squares"
LABELS = {PLAIN: "singular value $s$ (dimensionless)", SQUARED: "its square $s^2$ (dimensionless)"}
# bins reach that far beyond either edge, in parts of what lies between: finite matrices have a few there
BEYOND = 0.05


def numbers(progress: Progress, *, seed: int = 0, samples: int = 4) -> Table:
    """Densities of singular values and of their squares, by bins at their middles and by the law between its edges."""
    import numpy as np

    from symbackprop.numeric.spectra import MarchenkoPastur

    rows = []
    for place, (height, width) in enumerate(SHAPES):
        variance = 2 / (height + width)
        law = MarchenkoPastur(height, width, variance)
        squares = _squares(height, width, variance, samples, seed, part(progress, place, len(SHAPES)))
        s = np.linspace(*law.edges, POINTS)
        # the squares of a square matrix have no finite density at 0
        s = s[s > 0]
        for of, values, ends, curve, density in (
            (PLAIN, np.sqrt(squares), law.edges, s, law.density(s)),
            (SQUARED, squares, law.squared_edges, s**2, law.squared_density(s**2)),
        ):
            room = BEYOND * (ends[1] - ends[0])
            bins = np.linspace(max(0.0, ends[0] - room), ends[1] + room, BINS + 1)
            # shares of all values, those beyond the bins too
            shares = np.histogram(values, bins)[0] / (len(values) * np.diff(bins))
            for kind, at, found in ((MEASURED, (bins[1:] + bins[:-1]) / 2, shares), (LAW, curve, density)):
                cells = zip(at, found, strict=True)
                rows += [(f"{height} x {width}", of, kind, *each, *ends) for each in cells]
    columns = (
        words("matrix"),
        words("of"),
        words("kind"),
        Column("value"),
        Column("density"),
        Column("lower edge"),
        Column("upper edge"),
    )
    return Table(columns, rows)


def _squares(height: int, width: int, variance: float, samples: int, seed: int, progress: Progress) -> Any:
    """The squared singular values of random matrices that are at least as wide as high.

    As eigenvalues of `A Aᵀ` they have half of the figures, more than a histogram shows, in a third of the time.
    """
    import numpy as np

    from symbackprop.numeric.spectra import gaussian

    rng = np.random.default_rng(seed)
    found = []
    for sample in range(samples):
        matrix = gaussian(height, width, variance, rng)
        found.append(np.linalg.eigvalsh(matrix @ matrix.T))
        progress(sample + 1, samples)
    # rounding may take one that is 0 below it
    return np.concatenate(found).clip(0)


def draw(table: Table) -> Sheet:
    from symbackprop.figures import style

    matrices = table.distinct("matrix")
    made, panels = style.sheet(11.0, 2, len(matrices), style.Margins(top=1.2, across=1.0, down=1.25))
    for row, of in enumerate((PLAIN, SQUARED)):
        own = table.where("of", of)
        here = panels[row * len(matrices) :][: len(matrices)]
        for axes, matrix in zip(here, matrices, strict=True):
            _panel(axes, own.where("matrix", matrix))
            axes.set_xlabel(LABELS[of])
            # the same for all matrices, with room for the number beside the upper edge
            end = max(own.column("upper edge"))
            axes.set_xlim(-0.04 * end, 1.28 * end)
        here[0].set_ylabel("density (dimensionless)")
    for axes, matrix in zip(panels, matrices, strict=False):
        axes.set_title(r"${}\times{}$".format(*matrix.split(" x ")))
    style.legend_above(made, panels[0], 3)
    return made


def _panel(axes: Axes, table: Table) -> None:
    """Bars, the law, and its edges with their numbers."""
    from symbackprop.figures import style

    measured, law = table.where("kind", MEASURED), table.where("kind", LAW)
    middles, shares = measured.column("value"), measured.column("density")
    breadth = middles[1] - middles[0]
    style.bars(axes, middles, shares, breadth, color=style.SKY, label=MEASURED)
    axes.plot(law.column("value"), law.column("density"), color=style.VERMILLION, label=LAW)
    for edge in (table.column("lower edge")[0], table.column("upper edge")[0]):
        axes.axvline(edge, color=style.BLACK, linewidth=0.9, linestyle=style.LOOKS[6].linestyle, label="edges")
        axes.annotate(
            style.number(round(edge, 4)),
            (edge, 0.97),
            # clear of the curve that rises beside the edge 0
            (4, 0),
            xycoords=axes.get_xaxis_transform(),
            textcoords="offset points",
            ha="left",
            va="top",
            fontsize=8,
        )
    # by the bars, as the squares of a square matrix have a density without end, and with room for the numbers
    axes.set_ylim(0, 1.3 * max(shares))


DESIGN = Design(
    order=60,
    caption="Singular values of Gaussian matrices with Xavier's variance 2/(a+b), above, and their squares, below, of "
    "which Marchenko and Pastur's law is; above it is carried over to the roots.",
    alt="Four histograms, each with the curve of the law. Singular values of a square matrix spread over a quarter of "
    "a circle from 0 to 2, their squares from 0 to 4 with most of them near 0; those of a 256 by 784 matrix over an "
    "arch from 0.526 to 1.930, their squares from 0.277 to 3.723, steep on the left.",
    numbers=numbers,
    draw=draw,
)
