"""Ticks with their numbers, and the words along an axis.

Matplotlib makes an object of each tick, of three lines and two texts, and looks twice where each number ends: half of
the time that a figure takes. Here the ticks of an axis are one line, and how wide numbers are is told by their signs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure as Sheet
from matplotlib.lines import Line2D
from matplotlib.markers import TICKDOWN, TICKLEFT
from matplotlib.transforms import ScaledTranslation

# points from an axis to its numbers: the tick, and what is left blank
LENGTH, BLANK = 3.5, 3.5
# how high numbers are, how wide a sign of one is, and what is left blank between them and words
HEIGHT, WIDTH, APART = 7.0, 4.2, 4.0
POINTS_PER_INCH = 72
# numbers from 10^-LONG to 10^LONG are written out, unless others on the axis are not
LONG = 3
# what is not seen of a formula
MARKUP = str.maketrans("", "", "$^{}")


def ruled(made: Sheet) -> Sheet:
    """The same sheet, every axis at the bottom or at the left drawn in this way."""
    for axes in made.axes:
        for axis, position in ((axes.xaxis, "bottom"), (axes.yaxis, "left")):
            if axes.get_visible() and axis.get_ticks_position() == position:
                _ticks(axes, axis, position)
                axis.set_visible(False)
    return made


def powers(values: Sequence[float]) -> list[str]:
    """Powers of ten as a person writes them: 0.01, 1, 100, or all of them as formulas, which take long to set."""
    exponents = [round(math.log10(value)) for value in values]
    if all(abs(exponent) <= LONG for exponent in exponents):
        return [f"{value:g}" for value in values]
    return [f"$10^{{{exponent}}}$" for exponent in exponents]


def _ticks(axes: Axes, axis: Axis, position: str) -> None:
    """The ticks of an axis, their numbers where they are not those of a neighbour, and what is measured along it."""
    low, high = sorted(axis.get_view_interval())
    places = [float(place) for place in axis.get_majorticklocs() if low <= place <= high]
    is_low, ends = position == "bottom", [0.0] * len(places)
    look: dict[str, Any] = {"color": "black", "linestyle": "", "clip_on": False, "zorder": 2.01}
    look |= {"markersize": LENGTH, "markeredgewidth": rcParams["xtick.major.width"]}
    if is_low:
        look |= {"marker": TICKDOWN, "transform": axes.get_xaxis_transform("tick1")}
    else:
        look |= {"marker": TICKLEFT, "transform": axes.get_yaxis_transform("tick1")}
    axes.add_artist(Line2D(places if is_low else ends, ends if is_low else places, **look))
    shown: Sequence[str] = ()
    if axis.get_tick_params().get(f"label{position}", True):
        shown = powers(places) if axis.get_scale() == "log" else axis.get_major_formatter().format_ticks(places)
        _numbers(axes, places, shown, is_low)
    if axis.get_label_text():
        taken = HEIGHT if is_low else max(map(_wide, shown), default=0)
        _words(axes, axis.get_label_text(), LENGTH + BLANK + taken + APART, is_low)


def _numbers(axes: Axes, places: Sequence[float], shown: Sequence[str], is_low: bool) -> None:
    beside = axes.get_xaxis_text1_transform if is_low else axes.get_yaxis_text1_transform
    transform, upright, sideways = beside(LENGTH + BLANK)
    look: dict[str, Any] = {"transform": transform, "va": upright, "ha": sideways, "size": rcParams["xtick.labelsize"]}
    for place, text in zip(places, shown, strict=True):
        x, y = (place, 0.0) if is_low else (0.0, place)
        axes.text(x, y, text, **look)


def _wide(text: str) -> float:
    """About how many points wide a number is."""
    signs = text.translate(MARKUP)
    return WIDTH * (len(signs) - signs.count(".") / 2)


def _words(axes: Axes, words: str, away: float, is_low: bool) -> None:
    """Words along an axis, so many points away from it."""
    sheet = axes.get_figure(root=True)
    assert sheet is not None
    inches = -away / POINTS_PER_INCH
    x, y, right, up = (0.5, 0.0, 0.0, inches) if is_low else (0.0, 0.5, inches, 0.0)
    moved = axes.transAxes + ScaledTranslation(right, up, sheet.dpi_scale_trans)
    look: dict[str, Any] = {"va": "top"} if is_low else {"va": "bottom", "rotation": 90, "rotation_mode": "anchor"}
    axes.text(x, y, words, transform=moved, ha="center", size=rcParams["axes.labelsize"], **look)
