"""Each activation with its derivative; where the derivative has died out beyond |z| = 5, the ground is gray."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

from symbackprop.figures.figure import Design
from symbackprop.figures.table import Column, Table, words
from symbackprop.progress import Progress

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Sheet

# |z| beyond which the lecture calls a unit saturated
SATURATED = 5.0
# pre-activations shown, at steps of a tenth
REACH, POINTS = 8.0, 161
# where it is decided whether a derivative tends to 0, and what is no longer there: LeakyReLU keeps 0.01
FAR, GONE = 40.0, 1e-9
# no derivative changes as much between two points unless it jumps
JUMP = 0.5
COLUMNS = 3
# the lecture's two, of which the slope at 5 is noted
NOTED = ("sigmoid", "tanh")


def numbers(progress: Progress) -> Table:
    """`g` and `g'` of every activation at evenly spaced pre-activations."""
    import numpy as np

    from symbackprop.numeric.backprop import ACTIVATIONS

    z = np.linspace(-REACH, REACH, POINTS)
    rows = []
    for name, (g, slope) in ACTIVATIONS.items():
        left, right = (abs(slope(np.array([end]))[0]) < GONE for end in (-FAR, FAR))
        saturated = (z < -SATURATED) & left | (z > SATURATED) & right
        rows += [(name, *row) for row in zip(z, g(z), slope(z), saturated.astype(int), strict=True)]
    columns = (
        words("activation"),
        Column("pre-activation z"),
        Column("activation g(z)"),
        Column("derivative g'(z)"),
        Column("saturated"),
    )
    return Table(columns, rows)


def draw(table: Table) -> Sheet:
    from symbackprop.figures import style

    # the identity is a straight line
    shown = [name for name in table.distinct("activation") if name != "identity"]
    rows = -(-len(shown) // COLUMNS)
    margins = style.Margins(top=1.2, down=0.75, across=0.3)
    made, panels = style.sheet(2.3 + 3.1 * rows, rows, COLUMNS, margins, sharex=True, sharey=True)
    for axes, name in zip(panels, shown, strict=False):
        _panel(axes, name, table.where("activation", name))
    for axes in panels[len(shown) :]:
        axes.set_visible(False)
    for axes in panels[-COLUMNS:]:
        axes.set_xlabel("$z$ (dimensionless)")
    for axes in panels[::COLUMNS]:
        axes.set_ylabel("$g$, $g'$ (dimensionless)")
    style.legend_above(made, panels[0], 3)
    return made


def _panel(axes: Axes, name: str, table: Table) -> None:
    from symbackprop.figures import style

    z, slope = table.column("pre-activation z"), table.column("derivative g'(z)")
    g_look, slope_look = style.LOOKS[:2]
    for side, saturated in zip(z, table.column("saturated"), strict=True):
        if saturated and abs(side) == z[-1]:
            axes.axvspan(math.copysign(SATURATED, side), side, color=style.LIGHT, linewidth=0, label="saturated")
    axes.axhline(0, color=style.GRAY, linewidth=0.5)
    axes.plot(z, table.column("activation g(z)"), color=g_look.color, linestyle=g_look.linestyle, label="$g(z)$")
    axes.plot(*_broken(z, slope), color=slope_look.color, linestyle=slope_look.linestyle, label="$g'(z)$")
    axes.set_title(style.named(name))
    axes.set_xlim(z[0], z[-1])
    axes.set_ylim(-1.9, 3.1)
    axes.set_xticks([-5, 0, 5])
    if name in NOTED:
        value = style.scientific(slope[z.index(SATURATED)])
        axes.annotate(f"$g'(5)={value}$", (0, 2.4), ha="center", fontsize=8)


def _broken(x: list[float], y: list[float]) -> tuple[list[float], list[float]]:
    """A line that is interrupted where it jumps."""
    broken_x, broken_y = [x[0]], [y[0]]
    for here, there in itertools.pairwise(zip(x, y, strict=True)):
        if abs(there[1] - here[1]) > JUMP:
            broken_x.append(there[0])
            broken_y.append(math.nan)
        broken_x.append(there[0])
        broken_y.append(there[1])
    return broken_x, broken_y


DESIGN = Design(
    order=10,
    caption="The activations and their derivatives; the ground is gray beyond |z| = 5 where the derivative tends to 0.",
    alt="Nine panels, one for each activation, with the activation and its derivative over pre-activations from -8 to "
    "8. Sigmoid and tanh saturate on both sides, with slopes 0.0066 and 0.00018 at 5; ReLU, ELU, SELU, softplus, "
    "GELU and SiLU on the left; LeakyReLU on neither.",
    numbers=numbers,
    draw=draw,
)
