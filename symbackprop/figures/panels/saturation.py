"""How small the slope of a saturated unit is, and what many layers of them leave of a gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING

from symbackprop.figures.figure import Design
from symbackprop.figures.table import Column, Table, words
from symbackprop.progress import Progress

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Sheet

    from symbackprop.figures.style import Look

SATURATED = 5.0
REACH, POINTS, LAYERS = 8.0, 81, 10
# pre-activations whose products are followed through the layers: the steepest of each, small ones and saturated ones
FOLLOWED = {"sigmoid": (0.0, SATURATED), "tanh": (0.1, SATURATED)}

# where the slope at 5 is written, in points from its mark: away from both lines
LABELS = {"sigmoid": ((3, 5), "left"), "tanh": ((-5, -8), "right")}


def numbers(progress: Progress) -> Table:
    """`g'(z)^l`: what the slopes of `l` layers leave of a gradient at most, if all their pre-activations are `z`."""
    import numpy as np

    from symbackprop.numeric.backprop import ACTIVATIONS

    rows = []
    for name, followed in FOLLOWED.items():
        _, slope = ACTIVATIONS[name]
        for z in sorted({*np.linspace(0, REACH, POINTS).tolist(), *followed}):
            value = float(slope(np.array(z)))
            rows += [(name, z, count, value**count) for count in range(1, LAYERS + 1 if z in followed else 2)]
    columns = (words("activation"), Column("pre-activation |z|"), Column("layers"), Column("product of slopes"))
    return Table(columns, rows)


def draw(table: Table) -> Sheet:
    from symbackprop.figures import style

    made, (slopes, products) = style.sheet(6.6, 1, 2, style.Margins(left=1.5, across=1.8))
    for name, look in zip(FOLLOWED, style.LOOKS, strict=False):
        own = table.where("activation", name)
        _slope(slopes, name, own.where("layers", 1), look)
        _products(products, name, own, look)
    style.logarithmic_height(slopes)
    slopes.set(ylim=(1e-7, 3), xlabel="$|z|$ (dimensionless)", ylabel="slope $g'(z)$ (dimensionless)")
    slopes.set_xlim(0, max(table.column("pre-activation |z|")))
    slopes.axvspan(SATURATED, slopes.get_xlim()[1], color=style.LIGHT, linewidth=0, zorder=0, label="saturated")
    slopes.legend(loc="lower left")
    style.logarithmic_height(products)
    products.set(ylim=(1e-46, 1e4), xlabel="layers $l$ (dimensionless)", ylabel="$g'(z)^l$ (dimensionless)")
    products.set_yticks([1e-40, 1e-30, 1e-20, 1e-10, 1])
    products.legend(loc="lower left", borderaxespad=0.1)
    style.whole_numbers(products.xaxis)
    return made


def _slope(axes: Axes, name: str, table: Table, look: Look) -> None:
    from symbackprop.figures import style

    z, slope = table.column("pre-activation |z|"), table.column("product of slopes")
    axes.plot(z, slope, color=look.color, linestyle=look.linestyle, label=style.named(name))
    at_five = slope[z.index(SATURATED)]
    axes.plot([SATURATED], [at_five], color=look.color, marker=look.marker)
    offset, side = LABELS[name]
    axes.annotate(
        f"${style.scientific(at_five)}$", (SATURATED, at_five), offset, textcoords="offset points", ha=side, fontsize=8
    )


def _products(axes: Axes, name: str, table: Table, look: Look) -> None:
    from symbackprop.figures import style

    for z, filling in zip(FOLLOWED[name], ("white", look.color), strict=True):
        own = table.where("pre-activation |z|", z)
        axes.plot(
            own.column("layers"),
            own.column("product of slopes"),
            color=look.color,
            linestyle=look.linestyle,
            marker=look.marker,
            markerfacecolor=filling,
            label=f"{style.named(name)}, $z={z:g}$",
        )


DESIGN = Design(
    order=20,
    caption="The slope of sigmoid and tanh, which are saturated beyond |z| = 5, and its product over layers whose "
    "units all have that pre-activation.",
    alt="Left: the slopes of sigmoid and tanh over the size of the pre-activation on a logarithmic scale; at 5 they "
    "are 0.00665 and 0.000182. Right: products of equal slopes over 1 to 10 layers; for tanh at 0.1 the product stays "
    "near 1, for sigmoid at 0 it falls to a millionth, for both at 5 far below that.",
    numbers=numbers,
    draw=draw,
)
