"""Ticks stand where the numbers are, and say them as a person would."""

from __future__ import annotations

import math
from typing import Any

import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Sheet

from symbackprop.figures import style
from symbackprop.figures.rulers import powers, ruled


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([0.001, 0.1, 10.0, 1000.0], ["0.001", "0.1", "10", "1000"]),
        ([1e-4, 1e-2, 1.0], ["$10^{-4}$", "$10^{-2}$", "$10^{0}$"]),
        ([1.0, 1e5], ["$10^{0}$", "$10^{5}$"]),
        ([], []),
    ],
)
def test_powers_are_written_out_or_all_of_them_as_formulas(values: list[float], shown: list[str]) -> None:
    assert powers(values) == shown


def drawn(low: float, high: float, is_logarithmic: bool = False) -> tuple[Sheet, Any]:
    """A sheet of one axes whose height runs from `low` to `high`."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(style.SETTINGS)
        made, (axes,) = style.sheet(6.0)
        if is_logarithmic:
            style.logarithmic_height(axes)
        axes.set(xlim=(0, 4), ylim=(low, high), xlabel="width", ylabel="height")
        ruled(made)
        canvas: Any = FigureCanvasAgg(made)
        canvas.draw()
    return made, axes


def numbers_at(axes: Any) -> dict[float, float]:
    """Each number beside the axis at the left, and what height it stands at in fact, in data."""
    down = axes.transData.inverted()
    texts = [text for text in axes.texts if text.get_position()[0] == 0 and text.get_text() != "height"]
    beside = [text for text in texts if text.get_ha() == "right"]
    extents = {float(text.get_text()): text.get_window_extent() for text in beside}
    return {number: down.transform((0, (box.y0 + box.y1) / 2))[1] for number, box in extents.items()}


@pytest.mark.parametrize(("low", "high", "is_logarithmic"), [(0.0, 4.0, False), (0.01, 100.0, True)])
def test_a_number_stands_at_its_height_and_within_the_axis(low: float, high: float, is_logarithmic: bool) -> None:
    _, axes = drawn(low, high, is_logarithmic)
    found = numbers_at(axes)
    assert len(found) >= 4
    for number, at in found.items():
        assert low <= number <= high
        near = math.log10(at / number) if is_logarithmic else at - number
        assert abs(near) < 0.12


def test_the_ticks_are_one_line_and_the_axis_itself_is_not_drawn() -> None:
    _, axes = drawn(0.0, 4.0)
    assert not axes.xaxis.get_visible()
    assert not axes.yaxis.get_visible()
    left = [line for line in axes.lines if set(line.get_xdata()) == {0.0}]
    assert [sorted(line.get_ydata()) for line in left] == [sorted(numbers_at(axes))]


def test_words_are_beyond_the_numbers_and_on_the_sheet() -> None:
    _, axes = drawn(0.0, 4000.0)
    (words,) = (text for text in axes.texts if text.get_text() == "height")
    box = words.get_window_extent()
    widest = min(text.get_window_extent().x0 for text in axes.texts if text.get_ha() == "right")
    assert 0 <= box.x0 < box.x1 < widest
    (below,) = (text for text in axes.texts if text.get_text() == "width")
    lowest = min(text.get_window_extent().y0 for text in axes.texts if text.get_va() == "top" and text is not below)
    assert 0 <= below.get_window_extent().y0 < below.get_window_extent().y1 < lowest


def test_the_axis_of_a_scale_of_colours_is_left_to_matplotlib() -> None:
    made, (axes,) = style.sheet(6.0)
    image = axes.contourf(np.arange(9.0).reshape(3, 3))
    bar = made.colorbar(image, ax=axes)
    ruled(made)
    assert bar.ax.yaxis.get_visible()
    assert not axes.yaxis.get_visible()
