"""Initializations of weights, one row each, and what they do to the sizes of pre-activations and gradients.

The lecture's `n_l` counts the bias unit of every layer but the output. So a unit of layer `l + 1` reads `n_l - 1` units
and the bias unit, and a unit of layer `l` is read by `n_{l+1} - 1` units (`n_{L+1}` for the output). There are two ways
to put these numbers into a formula, the *readings*:

    "units"     fan-in `n_l - 1`, fan-out `n_{l+1} - 1`: units of the network, as the papers count them
    "lecture"   fan-in `n_l`, fan-out `n_{l+1}`: the letters as the lecture's formulas have them

Each row says which of them its formula is meant with; every function takes the other one as well. In a network whose
biases stand apart, or that has none, they are the same. Variances and gains are dimensionless and exact fractions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np

from symbackprop.activations import Activation
from symbackprop.errors import SymbackpropError
from symbackprop.network import MLP
from symbackprop.numeric.slopes import Array, pair
from symbackprop.numeric.spectra import check_count, gaussian, orthogonal

UNITS, LECTURE = "units", "lecture"
READINGS = (UNITS, LECTURE)
ZERO, DRAWN = "zero", "drawn"

Widths = MLP | Sequence[int]
Number = Fraction | float


@dataclass(frozen=True)
class Fans:
    """How many units one unit of `W_l` reads, and by how many one is read."""

    fan_in: int
    fan_out: int


@dataclass(frozen=True)
class Initialization:
    """An initialization: weights of mean 0, all of a layer with one variance.

    Attributes:
        name: what it is called in code; title: in prose.
        variance: by fan-in and fan-out.
        reading: how its formula counts units, "units" or "lecture".
        distribution: how the weights are drawn, a key of `DISTRIBUTIONS`.
        source: paper and equation.
    """

    name: str
    title: str
    variance: Callable[[int, int], Fraction]
    reading: str
    distribution: str
    source: str


ROWS = (
    Initialization(
        "xavier",
        "Xavier",
        lambda fan_in, fan_out: Fraction(2, fan_in + fan_out),
        UNITS,
        "uniform",
        "Glorot and Bengio 2010, eqs. 12 and 16",
    ),
    Initialization(
        "lecture_xavier",
        "Xavier, as the lecture has it",
        lambda fan_in, fan_out: Fraction(2, fan_in + fan_out),
        LECTURE,
        "normal",
        "the lecture, slide “Initialization”",
    ),
    Initialization(
        "he",
        "He, fan-in",
        lambda fan_in, fan_out: Fraction(2, fan_in),
        UNITS,
        "normal",
        "He et al. 2015, eq. 10",
    ),
    Initialization(
        "he_fan_out",
        "He, fan-out",
        lambda fan_in, fan_out: Fraction(2, fan_out),
        UNITS,
        "normal",
        "He et al. 2015, eq. 14",
    ),
    Initialization(
        "lecture_he",
        "“He”, as the lecture has it: Xavier with gain √2",
        lambda fan_in, fan_out: Fraction(4, fan_in + fan_out),
        LECTURE,
        "normal",
        "the lecture, slide “Initialization”",
    ),
    Initialization(
        "lecun",
        "LeCun",
        lambda fan_in, fan_out: Fraction(1, fan_in),
        UNITS,
        "normal",
        "LeCun et al. 1998, eq. 16",
    ),
    Initialization(
        "orthogonal",
        "orthogonal",
        # Haar: the longer side has orthonormal vectors, whose squared entries add up to 1
        lambda fan_in, fan_out: Fraction(1, max(fan_in, fan_out)),
        UNITS,
        "orthogonal",
        "Saxe et al. 2014",
    ),
)

INITIALIZATIONS: dict[str, Initialization] = {row.name: row for row in ROWS}


def _uniform(rows: int, columns: int, variance: float, rng: np.random.Generator) -> Array:
    """Entries uniform on `±√(3 · variance)`."""
    return rng.uniform(-1, 1, (rows, columns)) * math.sqrt(3 * variance)


def _orthogonal(rows: int, columns: int, variance: float, rng: np.random.Generator) -> Array:
    """All singular values equal, `√(variance · max(rows, columns))`: 1 for the variance of the row."""
    return orthogonal(rows, columns, rng) * math.sqrt(variance * max(rows, columns))


# name: draws rows × columns entries of mean 0 and a variance
DISTRIBUTIONS: dict[str, Callable[[int, int, float, np.random.Generator], Array]] = {
    "normal": gaussian,
    "uniform": _uniform,
    "orthogonal": _orthogonal,
}


def _one_of(what: str, name: str, known: Sequence[str]) -> str:
    if name not in known:
        raise SymbackpropError(f"there is no {what} {name!r}: write one of {', '.join(sorted(known))}")
    return name


def initialization(scheme: str | Initialization) -> Initialization:
    """The row of that name, or the row itself.

    Raises:
        SymbackpropError: for an unknown name; it lists the known ones.
    """
    if isinstance(scheme, Initialization):
        return scheme
    return INITIALIZATIONS[_one_of("initialization", scheme, list(INITIALIZATIONS))]


def _network(widths: Widths) -> MLP:
    """The network; widths alone are those of the lecture's, bias units counted.

    Raises:
        SymbackpropError: for a network without widths, or widths that are no network.
    """
    network = widths if isinstance(widths, MLP) else MLP(widths=tuple(widths))
    if network.widths is None:
        raise SymbackpropError(
            "a network of symbolic widths has no numbers: give it some, MLP(widths=[784, 256, 64, 10])"
        )
    return network


def fans(widths: Widths, reading: str = UNITS) -> tuple[Fans, ...]:
    """Fan-in and fan-out of `W_0 … W_L`.

    Raises:
        SymbackpropError: for another reading, and for what is no network with widths.
    """
    network = _network(widths)
    _one_of("reading", reading, READINGS)
    assert network.widths is not None
    counted = [n - (reading == UNITS and network.augmented) for n in network.widths]
    # the output has no bias unit
    counted[-1] = network.widths[-1]
    return tuple(Fans(*pair) for pair in pairwise(counted))


def variances(widths: Widths, scheme: str | Initialization, reading: str | None = None) -> tuple[Fraction, ...]:
    """The variance of the weights of `W_0 … W_L`; units counted as the row says unless a reading is given."""
    row = initialization(scheme)
    return tuple(row.variance(f.fan_in, f.fan_out) for f in fans(widths, reading or row.reading))


def draw(
    widths: Widths,
    scheme: str | Initialization,
    rng: np.random.Generator,
    bias: str | None = None,
    reading: str | None = None,
    distribution: str | None = None,
) -> list[Array]:
    """`W_0 … W_L` in the network's shapes: `(n_{l+1} - 1) × n_l`, and `n_{L+1} × n_L` for the last.

    Args:
        bias: the last column, where the network's biases are weights of a bias unit: "zero", as the papers have it, or
            "drawn", normal with the variance of the other weights, as the lecture has it. By default as the source of
            the row has it. Biases that stand apart are not drawn: they begin at 0.
        reading: how units are counted; by default as the row says.
        distribution: a key of `DISTRIBUTIONS`; by default that of the row.

    Raises:
        SymbackpropError: for an unknown name of any of these.
    """
    row, network = initialization(scheme), _network(widths)
    bias = bias or (DRAWN if row.reading == LECTURE else ZERO)
    _one_of("bias", bias, (ZERO, DRAWN))
    entries = DISTRIBUTIONS[_one_of("distribution", distribution or row.distribution, list(DISTRIBUTIONS))]
    W = []
    for size, variance in zip(fans(network), variances(network, row, reading), strict=True):
        w = entries(size.fan_out, size.fan_in, float(variance), rng)
        if network.augmented:
            column = gaussian(size.fan_out, 1, float(variance) if bias == DRAWN else 0.0, rng)
            w = np.hstack([w, column])
        W.append(w)
    return W


# --- gains -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Gains:
    """What each layer does to mean squares, `l = 0 … L`.

    Attributes:
        forward: `E[z_{l+1}²] / E[z_l²]`, biases 0.
        backward: `E[(∂L/∂z_l)²] / E[(∂L/∂z_{l+1})²]`.
    """

    forward: tuple[Number, ...]
    backward: tuple[Number, ...]

    @property
    def products(self) -> tuple[Number, Number]:
        """Over all layers, forward and backward."""
        return math.prod(self.forward), math.prod(self.backward)


def gains(
    widths: Widths,
    scheme: str | Initialization,
    activation_factor: Number = Fraction(1, 2),
    reading: str | None = None,
    counted: str | None = None,
) -> Gains:
    """`factor · fan-in · variance` and `factor · fan-out · variance` of each layer (He et al. 2015, section 2.2).

    Every layer is taken to read activations, the first one too, as He et al. do.

    Args:
        activation_factor: `E[φ(z)²]/E[z²]`, which for ReLU is 1/2, and so is `E[φ'(z)²]`; 1 for the identity.
        reading: how units are counted in the variance; by default as the row says.
        counted: how the units that are summed over are counted. By default as in the variance, which gives the
            formulas as printed; "units" gives what the network does, its bias column being 0.
    """
    row = initialization(scheme)
    reading = reading or row.reading
    terms = zip(fans(widths, counted or reading), variances(widths, row, reading), strict=True)
    pairs = [(activation_factor * size.fan_in * v, activation_factor * size.fan_out * v) for size, v in terms]
    return Gains(tuple(forward for forward, _ in pairs), tuple(backward for _, backward in pairs))


@dataclass(frozen=True)
class MeasuredGains:
    """Gains of random layers and their standard errors, `l = 0 … L`."""

    forward: tuple[float, ...]
    backward: tuple[float, ...]
    forward_errors: tuple[float, ...]
    backward_errors: tuple[float, ...]


def measured_gains(
    widths: Widths,
    scheme: str | Initialization,
    activation: str | Activation = "relu",
    samples: int = 200,
    seed: int = 0,
    reading: str | None = None,
) -> MeasuredGains:
    """The gains of drawn weights, the bias column 0: each layer gets standard normal `z_l` and `∂L/∂z_{l+1}`.

    Raises:
        SymbackpropError: for fewer than 2 samples, and as `draw` does.
    """
    check_count("samples", samples, 2)
    rng = np.random.default_rng(seed)
    g, slope = pair(activation)
    sizes = fans(widths)
    found = np.empty((samples, len(sizes), 2))
    for sample in range(samples):
        for l, w in enumerate(draw(widths, scheme, rng, ZERO, reading)):
            w = w[:, : sizes[l].fan_in]
            z, upstream = rng.standard_normal(sizes[l].fan_in), rng.standard_normal(sizes[l].fan_out)
            found[sample, l] = np.mean((w @ g(z)) ** 2), np.mean((slope(z) * (w.T @ upstream)) ** 2)
    means, errors = found.mean(axis=0), found.std(axis=0, ddof=1) / math.sqrt(samples)
    (forward, backward), (first, second) = means.T.tolist(), errors.T.tolist()
    return MeasuredGains(tuple(forward), tuple(backward), tuple(first), tuple(second))
