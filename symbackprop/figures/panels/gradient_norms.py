"""The gradient norm in each layer of one network, inside the bounds that products of singular values give."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from symbackprop.figures.figure import Design
from symbackprop.figures.table import Column, Table
from symbackprop.progress import Progress

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Sheet

# the band's name, and the rungs of the ladder above and below it, from the loosest to the sharpest
BANDS = (
    ("factor by factor", "lecture", "without the bias column"),
    ("telescoped by QR", "telescoped QR", "telescoped QR"),
    ("best linear", "optimal", "optimal"),
)


def numbers(progress: Progress, *, seed: int = 0, layers: int = 8, first: int = 64, outputs: int = 8) -> Table:
    """`‖∂L/∂z_l‖ / ‖∂L/∂ŷ‖` with its bounds, for a tanh network whose layers shrink evenly.

    Widths must not grow towards the output, or every lower bound is 0.
    """
    import numpy as np

    from symbackprop.figures.random_networks import gradient_norms, run
    from symbackprop.numeric.backprop import ACTIVATIONS
    from symbackprop.numeric.bounds import ladder

    _, slope = ACTIVATIONS["tanh"]
    rng = np.random.default_rng(seed)
    # units without the bias unit: of the input, the hidden layers and the output
    units = [first, *np.linspace(first, outputs, layers + 1).round().astype(int).tolist()]
    weights = [
        rng.standard_normal((after, before + 1)) / (before + 1) ** 0.5 for before, after in itertools.pairwise(units)
    ]
    x = np.append(rng.standard_normal(first), 1.0)[:, None]
    upstream = rng.standard_normal((outputs, 1))
    upstream /= np.linalg.norm(upstream)
    made = run(weights, x, upstream, "tanh", augmented=True)
    slopes = [slope(z) for z in made.z[1:-1]]
    rows = []
    for layer, norm in enumerate(gradient_norms(made), 1):
        # for an input of length 1, its bias unit, ‖∂L/∂W‖ is the norm of the gradient by the layer's pre-activations
        unit = np.eye(weights[layer - 1].shape[1])[-1]
        found = ladder(slopes[layer - 1 :], weights[layer - 1 :], unit, upstream)
        bounds = [
            found.rung(name, kind).value
            for _, *both in BANDS
            for kind, name in zip(("upper", "lower"), both, strict=True)
        ]
        rows.append((layer, norm, *bounds))
        progress(layer, layers)
    columns = [Column(f"{name}, {kind}") for name, _, _ in BANDS for kind in ("upper", "lower")]
    return Table((Column("layer"), Column("gradient norm"), *columns), rows)


def draw(table: Table) -> Sheet:
    from symbackprop.figures import style

    made, (axes,) = style.sheet(7.6, margins=style.Margins(left=1.75, top=1.3))
    layers = table.column("layer")
    for (name, _, _), shade in zip(BANDS, style.SHADES, strict=True):
        upper, lower = table.column(f"{name}, upper"), table.column(f"{name}, lower")
        style.band(axes, layers, lower, upper, shade, alpha=1, label=name)
    axes.plot(
        layers,
        table.column("gradient norm"),
        color=style.BLACK,
        marker="s",
        markeredgecolor="white",
        label="gradient norm",
    )
    axes.set(
        xlabel="layer $l$ (dimensionless)",
        ylabel=r"$\|\partial L/\partial z_l\|\,/\,\|\partial L/\partial \hat{y}\|$ (dimensionless)",
    )
    style.logarithmic_height(axes)
    style.whole_numbers(axes.xaxis)
    style.legend_above(made, axes, 2)
    return made


DESIGN = Design(
    order=30,
    caption="The gradient norm in each layer of a random tanh network, within three bands: bounds factor by factor, "
    "telescoped by QR, and the best that are linear in the upstream gradient.",
    alt="A line of gradient norms near 1 inside three nested bands that widen from the last layer to the first; the "
    "one factor by factor is many powers of ten wide.",
    numbers=numbers,
    draw=draw,
)
