"""How figures look: in print at the width of a column of text, in grayscale, and to who sees fewer colours.

Importing this imports matplotlib. No global state of it is kept: figures are objects, and settings hold while one is
drawn.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import matplotlib
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure as Sheet
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

from symbackprop.figures.rulers import ruled

INCH = 2.54
# centimetres; what is set at this width in a document is set at its own size
WIDTH = 12.0
DOTS_PER_INCH = 300

# Okabe & Ito (2008), "Color Universal Design"; its yellow is left out, which white paper swallows
BLUE, VERMILLION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
ORANGE, SKY, BLACK = "#E69F00", "#56B4E9", "#000000"
# one hue, from light to dark, for bands within bands
SHADES = ("#d6e6f2", "#94c1de", "#4a94c4")
GRAY, LIGHT = "#666666", "#e4e4e4"


class Look(NamedTuple):
    """What tells one line from another: by colour, by dashes and by marks, so that two of them may be lost."""

    color: str
    linestyle: Any
    marker: str


LOOKS = (
    Look(BLUE, "-", "o"),
    Look(VERMILLION, (0, (5, 1.5)), "s"),
    Look(GREEN, (0, (3, 1.2, 1, 1.2)), "^"),
    Look(PURPLE, (0, (1.2, 1)), "D"),
    Look(ORANGE, (0, (8, 1.5, 2, 1.5)), "v"),
    Look(SKY, (0, (4, 1, 1, 1, 1, 1)), "P"),
    Look(BLACK, (0, (2.5, 2)), "X"),
)

BAND = 0.2
DOTS: Any = (0, (1, 1.2))
# on a scale of powers of ten, at most: each is a formula of its own
TICKS = 7

# names of settings are checked by matplotlib as they are set
SETTINGS: Any = {
    "font.family": "serif",
    # Computer Modern comes with matplotlib; its minus is in the fonts of formulas alone
    "font.serif": ["cmr10"],
    "mathtext.fontset": "cm",
    "axes.formatter.use_mathtext": True,
    "axes.unicode_minus": False,
    "font.size": 9,
    "axes.labelsize": 9,
    "axes.titlesize": 9,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8,
    "axes.linewidth": 0.6,
    "axes.titlepad": 4,
    # told rather than found: to find it, the ticks of an axis are set and measured once more
    "axes.titley": 1.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.minor.width": 0.4,
    "ytick.minor.width": 0.4,
    "lines.linewidth": 1.2,
    "lines.markersize": 3.5,
    "legend.frameon": False,
    "legend.handlelength": 2.6,
    "savefig.dpi": DOTS_PER_INCH,
    # ids that are hashed with a random salt would make each file a different one
    "svg.hashsalt": "symbackprop",
    "svg.fonttype": "path",
    # 42 embeds TrueType as it is; Type 3, the default, is refused by some publishers
    "pdf.fonttype": 42,
}
# no date, or the same figure would be another file tomorrow
METADATA: dict[str, dict[str, Any]] = {
    "svg": {"Date": None, "Creator": "symbackprop"},
    "pdf": {"CreationDate": None, "Creator": "symbackprop"},
    "png": {"Software": "symbackprop"},
}


# it warns of the dates in Computer Modern's files, which are 0
FONT_WRITER = "fontTools"


@contextmanager
def _quiet(logger: str) -> Iterator[None]:
    """Only errors of a logger are heard."""
    found = logging.getLogger(logger)
    level = found.level
    found.setLevel(logging.ERROR)
    try:
        yield
    finally:
        found.setLevel(level)


def drawn(kind: str, draw: Callable[[], Sheet]) -> bytes:
    """The bytes of what `draw` makes, as svg, pdf or png; settings of whoever imports us do not change it."""
    with _quiet(FONT_WRITER), matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(SETTINGS)
        written = io.BytesIO()
        ruled(draw()).savefig(written, format=kind, metadata=METADATA[kind])
    return written.getvalue()


class Margins(NamedTuple):
    """Centimetres of paper beside, below and above the axes, and between them.

    They are given rather than computed: a layout that fits itself draws everything twice.
    """

    left: float = 1.35
    right: float = 0.35
    bottom: float = 1.05
    top: float = 0.35
    across: float = 0.5
    down: float = 0.5


def sheet(
    height: float, rows: int = 1, columns: int = 1, margins: Margins | None = None, **options: Any
) -> tuple[Sheet, list[Axes]]:
    """A sheet of `WIDTH` and some height in centimetres, and its axes row by row."""
    blank = margins or Margins()
    made = Sheet(figsize=(WIDTH / INCH, height / INCH))
    breadth = (WIDTH - blank.left - blank.right - (columns - 1) * blank.across) / columns
    tallness = (height - blank.bottom - blank.top - (rows - 1) * blank.down) / rows
    places = {
        "left": blank.left / WIDTH,
        "right": 1 - blank.right / WIDTH,
        "bottom": blank.bottom / height,
        "top": 1 - blank.top / height,
        # in widths and heights of one of the axes
        "wspace": blank.across / breadth,
        "hspace": blank.down / tallness,
    }
    grid = made.subplots(rows, columns, squeeze=False, gridspec_kw=places, **options)
    for axis in (axis for axes in grid.flat for axis in (axes.xaxis, axes.yaxis)):
        axis.set_major_formatter(number)
    return made, list(grid.flat)


def number(value: float, _: object = None) -> str:
    """What stands at a tick. Formulas take long to set, so only a minus makes one; logarithmic axes have their own."""
    return f"{value:g}" if value >= 0 else f"${value:g}$"


def legend_above(made: Sheet, axes: Axes, columns: int, **options: Any) -> None:
    """What the lines of some axes are, above all of them; a name that several have is said once."""
    handles, labels = axes.get_legend_handles_labels()
    once = dict(zip(labels, handles, strict=True))
    made.legend(list(once.values()), list(once), loc="upper center", ncols=columns, borderaxespad=0.3, **options)


def legend_below(made: Sheet, marks: Mapping[str, Artist]) -> None:
    """What bands, dots and marks mean whatever their colour, at the foot of the sheet."""
    made.legend(list(marks.values()), list(marks), loc="lower center", ncols=len(marks), borderaxespad=0.3)


def line(**look: Any) -> Artist:
    """A line for a legend, that is drawn nowhere else."""
    return Line2D([], [], **{"color": GRAY, **look})


def ground() -> Artist:
    """A band for a legend, of no colour in particular."""
    return Patch(color=GRAY, linewidth=0, alpha=BAND)


def logarithmic_height(axes: Axes) -> None:
    """A scale of powers of ten, with ticks at a few: eight between each two take as long as all else."""
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(numticks=TICKS))
    axes.yaxis.set_minor_locator(NullLocator())


def whole_numbers(axis: Axis) -> None:
    """Ticks at whole numbers, for layers and factors, of which there are no halves."""
    axis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))


def band(
    axes: Axes, x: Sequence[float], low: Sequence[float], high: Sequence[float], color: str, **options: Any
) -> None:
    """A shaded band."""
    axes.fill_between(x, low, high, color=color, linewidth=0, **{"alpha": BAND, **options})


def bars(
    axes: Axes, middles: Sequence[float], heights: Sequence[float], breadth: float, color: str, **options: Any
) -> None:
    """Bars side by side as one thing that is drawn: each by itself, they take as long as all else."""
    half = breadth / 2
    corners = [
        [(x - half, 0), (x - half, high), (x + half, high), (x + half, 0)]
        for x, high in zip(middles, heights, strict=True)
    ]
    axes.add_collection(PolyCollection(corners, facecolor=color, edgecolor="white", linewidth=0.4, **options))


def named(name: str) -> str:
    """The name of an activation as the lecture writes it: ReLU."""
    from symbackprop.activations import ACTIVATIONS

    shown = ACTIVATIONS[name].symbol
    return name if len(shown) == 1 else shown


def scientific(value: float, figures: int = 3) -> str:
    r"""A number as a formula: `1.82 \times 10^{-4}`, or `0.00665`."""
    if 1e-3 <= abs(value) < 10**figures:
        return f"{value:.{figures}g}"
    mantissa, _, power = f"{value:.{figures - 1}e}".partition("e")
    return rf"{mantissa} \times 10^{{{int(power)}}}"
