"""How much of a gradient arrives at the first layer, over depth and the size of the weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from symbackprop.figures.figure import Design
from symbackprop.figures.table import Column, Table
from symbackprop.progress import Progress

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Sheet


GAINS = tuple(0.5 + step / 8 for step in range(21))
# wider than this the colours stay the same
REACH = 6
# at which random tanh networks without biases neither lose nor gain, once they are deep
CRITICAL = 1.0


def numbers(
    progress: Progress, *, seed: int = 0, width: int = 48, depth: int = 40, networks: int = 30, directions: int = 8
) -> Table:
    """`log10` of the ratio of `‖∂L/∂z_1‖` to `‖∂L/∂z_L‖`, as a root mean square over upstream gradients and networks.

    Over all directions of `∂L/∂z_L` the mean of the squared ratio is `‖∂z_L/∂z_1‖_F²/n`, so one product of Jacobians
    serves every depth. It is that of `‖(∂z_L/∂z_1) v‖²` over unit vectors `v`, too: some that are perpendicular to each
    other are pushed through each network.
    """
    import numpy as np

    from symbackprop.numeric.backprop import ACTIVATIONS

    tanh, _ = ACTIVATIONS["tanh"]
    rng = np.random.default_rng(seed)
    grid = np.array(GAINS)
    squares = np.zeros((depth + 1, len(GAINS)))
    for network in range(networks):
        # the same network at every gain, side by side: z is width × gains, what is pushed width × gains × directions
        z = grid * rng.standard_normal((width, 1))
        pushed = np.linalg.qr(rng.standard_normal((width, min(directions, width))))[0]
        pushed = np.repeat(pushed[:, None], len(GAINS), axis=1)
        for layer in range(2, depth + 1):
            weights = rng.standard_normal((width, width)) / width**0.5
            h = tanh(z)
            pushed *= (grid * (1 - h * h))[:, :, None]
            # one product of matrices serves all gains
            pushed = (weights @ pushed.reshape(width, -1)).reshape(pushed.shape)
            z = grid * (weights @ h)
            squares[layer] += np.einsum("igj,igj->g", pushed, pushed) / pushed.shape[2] / networks
        progress(network + 1, networks)
    ratios = np.log10(squares[2:]) / 2
    rows = [
        (layer, gain, ratio) for layer, line in enumerate(ratios, 2) for gain, ratio in zip(grid, line, strict=True)
    ]
    return Table((Column("hidden layers"), Column("gain"), Column("log10 of the gradient norm ratio")), rows)


def draw(table: Table) -> Sheet:
    from symbackprop.figures import style

    layers, gains = table.distinct("hidden layers"), table.distinct("gain")
    cells = table.column("log10 of the gradient norm ratio")
    grid = [cells[start : start + len(gains)] for start in range(0, len(cells), len(gains))]
    made, (axes,) = style.sheet(8.4, margins=style.Margins(right=0.2, top=0.75))
    steps = range(-REACH, REACH + 1)
    image = axes.contourf(gains, layers, grid, levels=steps, cmap="PuOr_r", extend="both")
    lines = axes.contour(gains, layers, grid, levels=steps[::2], colors=style.BLACK, linewidths=0.6)
    for label in axes.clabel(lines, fontsize=8, fmt=style.number):
        # along a steep line they would stand on their side
        label.set_rotation(0)
        label.set_bbox({"facecolor": "white", "alpha": 0.75, "linewidth": 0, "pad": 0.8})
    axes.axvline(
        CRITICAL, color=style.BLACK, linewidth=1.2, linestyle=style.DOTS, label="critical gain of deep networks"
    )
    style.legend_above(made, axes, 1)
    axes.set(xlabel=r"gain $\sigma_w$ (dimensionless)", ylabel="hidden layers $L$ (dimensionless)")
    bar = made.colorbar(image, ax=axes, pad=0.03, ticks=steps[::2], format=style.number)
    bar.set_label(r"$\log_{10}$ of $\|\partial L/\partial z_1\|\,/\,\|\partial L/\partial z_L\|$ (dimensionless)")
    return made


DESIGN = Design(
    order=50,
    caption="How much larger the gradient is at the first than at the last hidden layer of random tanh networks, by "
    "depth and by the gain of the weights.",
    alt="A heat map of the logarithm of the gradient norm ratio over gains from 0.5 to 3 and 2 to 40 layers. The "
    "line of equal norms moves from a gain of 2 at 2 layers to 1.16 at 40. Left of it gradients vanish with depth, "
    "right of it they explode.",
    numbers=numbers,
    draw=draw,
)
