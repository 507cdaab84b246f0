"""The gradient norm in each layer of random networks that differ in the activation."""

from __future__ import annotations

import itertools
import math
import operator
from typing import TYPE_CHECKING, Any

from symbackprop.figures.figure import Design
from symbackprop.figures.table import Column, Table, words
from symbackprop.progress import Progress

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Sheet

    from symbackprop.figures.style import Look

# those that saturate on both sides, and those that do not: the first lose so much that the second need their own scale
GROUPS = (("sigmoid", "tanh"), ("relu", "elu", "softplus", "silu"))
NAMES = tuple(name for group in GROUPS for name in group)
LOW, MEDIAN, HIGH = 10, 50, 90
# black, and thinner than what is measured
THEORY: dict[str, Any] = {"color": "black", "linewidth": 0.7}
# networks that are held at once, and run in one pass
TOGETHER = 12


def numbers(
    progress: Progress, *, seed: int = 0, width: int = 64, depth: int = 20, variance: float = 2.0, networks: int = 24
) -> Table:
    """Percentiles of `‖∂L/∂z_l‖ / ‖∂L/∂ŷ‖` over networks of weights with variance `variance/n_in`.

    Every activation sees the same weights, inputs and upstream gradients.
    """
    import numpy as np

    from symbackprop.figures.random_networks import gaussian_weights, stacked_norms

    rng = np.random.default_rng(seed)
    norms: list[Any] = [[] for _ in NAMES]
    for start in range(0, networks, TOGETHER):
        drawn = [
            (gaussian_weights(rng, [width] * (depth + 2), variance), rng.standard_normal((2, width, 1)))
            for _ in range(start, min(start + TOGETHER, networks))
        ]
        weights = [np.stack(layer) for layer in zip(*(each for each, _ in drawn), strict=True)]
        x, upstream = np.stack([ends for _, ends in drawn], axis=1)
        for own, name in zip(norms, NAMES, strict=True):
            own.extend(stacked_norms(weights, x, upstream, name))
        progress(start + len(drawn), networks)
    rows = []
    for place, name in enumerate(NAMES):
        percentiles = np.percentile(norms[place], (LOW, MEDIAN, HIGH), axis=0)
        rows += [
            (name, layer, *cells)
            for layer, *cells in zip(range(1, depth + 1), *percentiles, _theory(name, variance, depth), strict=True)
        ]
    columns = (
        words("activation"),
        Column("layer"),
        Column("10th percentile"),
        Column("median"),
        Column("90th percentile"),
        Column("mean-field theory"),
    )
    return Table(columns, rows)


def _theory(name: str, variance: float, depth: int) -> list[float]:
    """`∏ √χ(q_k)` over the layers from `l` to the last, for inputs of mean square 1."""
    from symbackprop.numeric.mean_field import chi, lengths

    ahead = lengths(name, variance, start=variance, layers=depth - 1)
    decays = [math.sqrt(chi(name, q, variance)) for q in ahead]
    return list(itertools.accumulate(reversed(decays), operator.mul))[::-1]


def draw(table: Table) -> Sheet:
    from symbackprop.figures import style

    made, panels = style.sheet(8.25, 1, 2, style.Margins(left=1.75, bottom=1.7, top=1.25, across=1.1))
    looks = dict(zip(NAMES, style.LOOKS, strict=False))
    for axes, group in zip(panels, GROUPS, strict=True):
        for name in group:
            _line(axes, name, table.where("activation", name), looks[name])
        axes.set(xlabel="layer $l$ (dimensionless)")
        style.logarithmic_height(axes)
        style.whole_numbers(axes.xaxis)
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, columnspacing=1.2)
    marks = {
        "median": style.line(marker="o"),
        f"{LOW}-{HIGH} % band": style.ground(),
        "mean-field theory": style.line(**THEORY, linestyle=style.DOTS),
    }
    style.legend_below(made, marks)
    panels[0].set_ylabel(r"$\|\partial L/\partial z_l\|\,/\,\|\partial L/\partial \hat{y}\|$ (dimensionless)")
    return made


def _line(axes: Axes, name: str, table: Table, look: Look) -> None:
    from symbackprop.figures import style

    layers = table.column("layer")
    style.band(axes, layers, table.column("10th percentile"), table.column("90th percentile"), look.color)
    axes.plot(
        layers,
        table.column("median"),
        color=look.color,
        linestyle=look.linestyle,
        marker=look.marker,
        markevery=3,
        label=style.named(name),
    )
    axes.plot(layers, table.column("mean-field theory"), linestyle=style.DOTS, **THEORY)


DESIGN = Design(
    order=40,
    caption="The gradient norm in each layer of random networks with weights of variance 2/n, by activation, and "
    "their root mean square in mean-field theory.",
    alt="Left: for sigmoid the gradient norm falls by ten powers of ten over 20 layers, for tanh it stays near 1. "
    "Right: for ReLU and ELU it stays near 1, for softplus and SiLU it falls below a twentieth and a two hundredth.",
    numbers=numbers,
    draw=draw,
)
