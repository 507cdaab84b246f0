"""What each initialization does to the size of pre-activations on the way forward and of gradients on the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from symbackprop.figures.figure import Design
from symbackprop.figures.table import Column, Table, words
from symbackprop.progress import Progress

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Sheet

    from symbackprop.figures.style import Look

# rows of the table of initializations, and what they are called here
SCHEMES = {
    "he": "He, fan-in",
    "he_fan_out": "He, fan-out",
    "lecture_he": "the lecture's He",
    "xavier": "Xavier",
    "lecun": "LeCun",
    "orthogonal": "orthogonal",
}
DIRECTIONS = ("forward", "backward")
WIDTHS = (784, 256, 64, 10)
# how far marks of neighbouring schemes stand apart, so that none hides another
APART = 0.05


def numbers(progress: Progress, *, seed: int = 0, networks: int = 3, inputs: int = 32) -> Table:
    """Mean squares of the entries of `z_l` over those of `z_0`, and of `∂L/∂z_l` over those of the last, with ReLU.

    As in the variance computations every weight matrix reads activations, the first one too: `h_0 = ReLU(z_0)` for a
    Gaussian `z_0`. There are no biases, so all ways to count units are the same.
    """
    import itertools
    import operator

    import numpy as np

    from symbackprop.network import MLP
    from symbackprop.numeric.initializations import draw as weights
    from symbackprop.numeric.initializations import gains

    network = MLP(widths=list(WIDTHS), bias="none")
    rng = np.random.default_rng(seed)
    rows = []
    for place, (scheme, label) in enumerate(SCHEMES.items()):
        squares = []
        for sample in range(networks):
            squares.append(_mean_squares(weights(network, scheme, rng), inputs, rng))
            progress(place * networks + sample + 1, len(SCHEMES) * networks)
        expected = gains(network, scheme)
        forward = [1, *itertools.accumulate(expected.forward, operator.mul)]
        backward = [1, *itertools.accumulate(reversed(expected.backward), operator.mul)][::-1]
        for direction, predicted, measured in zip(
            DIRECTIONS, (forward, backward), np.mean(squares, axis=0), strict=True
        ):
            rows += [
                (label, direction, layer, float(theory), found)
                for layer, (theory, found) in enumerate(zip(predicted, measured, strict=True))
            ]
    columns = (
        words("initialization"),
        words("direction"),
        Column("layer"),
        Column("mean square, predicted"),
        Column("mean square, measured"),
    )
    return Table(columns, rows)


def _mean_squares(weights: list[Any], inputs: int, rng: Any) -> tuple[list[float], list[float]]:
    """Of the entries of `z_0 … z_{L+1}` and of the gradients by them, each over where the pass begins."""
    z = [rng.standard_normal((weights[0].shape[1], inputs))]
    for w in weights:
        z.append(w @ z[-1].clip(0))
    gradients = [rng.standard_normal(z[-1].shape)]
    for w, units in zip(reversed(weights), reversed(z[:-1]), strict=True):
        gradients.append((units > 0) * (w.T @ gradients[-1]))
    forward, backward = ([float((entries**2).mean()) for entries in way] for way in (z, gradients))
    return [square / forward[0] for square in forward], [square / backward[0] for square in reversed(backward)]


def draw(table: Table) -> Sheet:
    from symbackprop.figures import style

    made, panels = style.sheet(8.45, 1, 2, style.Margins(left=1.5, bottom=1.7, top=1.75, across=1.0), sharey=True)
    for axes, direction, title in zip(
        panels, DIRECTIONS, ("forward, $z_l$", r"backward, $\partial L/\partial z_l$"), strict=True
    ):
        own = table.where("direction", direction)
        for place, (scheme, look) in enumerate(zip(own.distinct("initialization"), style.LOOKS, strict=False)):
            _line(axes, (place - 2.5) * APART, scheme, own.where("initialization", scheme), look)
        axes.set(xlabel="layer $l$ (dimensionless)", title=title)
        style.logarithmic_height(axes)
        style.whole_numbers(axes.xaxis)
    panels[0].set_ylabel("mean square ratio (dimensionless)")
    style.legend_above(made, panels[0], 3)
    style.legend_below(made, {"predicted": style.line(), "measured": style.line(linestyle="", marker="o")})
    return made


def _line(axes: Axes, shift: float, label: str, table: Table, look: Look) -> None:
    layers = [layer + shift for layer in table.column("layer")]
    axes.plot(layers, table.column("mean square, predicted"), color=look.color, linestyle=look.linestyle, linewidth=0.9)
    # a line without points, for the legend
    axes.plot([], [], color=look.color, linestyle=look.linestyle, marker=look.marker, label=label)
    axes.plot(layers, table.column("mean square, measured"), color=look.color, linestyle="", marker=look.marker)


DESIGN = Design(
    order=80,
    caption="Mean squares of pre-activations and gradients in ReLU networks of widths 784, 256, 64 and 10, by "
    "initialization, predicted and measured.",
    alt="Left: forward, He's fan-in keeps the mean square at 1, the lecture's He raises it to 4.17, fan-out to 78, and "
    "Xavier, LeCun and orthogonal weights lower it. Right: backward, fan-out keeps it at 1 and all others lower it, "
    "the lecture's He to 0.053.",
    numbers=numbers,
    draw=draw,
)
