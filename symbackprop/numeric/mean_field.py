"""Mean-field theory of wide random networks: how lengths and gradients change from one layer to the next.

Weights are independent with mean 0 and variance `σ_w²/n` for `n` inputs, biases with variance `σ_b²`. For `n → ∞` the
entries of `z_l` are Gaussian with mean 0 and variance `q_l` (Poole et al. 2016; Schoenholz et al. 2017):

    q_{l+1} = σ_w² E[φ(√q_l z)²] + σ_b²        the length map
    χ       = σ_w² E[φ'(√q z)²]                the mean square of ∂L/∂z_l's entries by that of ∂L/∂z_{l+1}'s

with `z` standard normal, so the norm of a gradient changes by `√χ` per layer: it vanishes for χ < 1 and explodes for
χ > 1. Everything here is dimensionless.

Expectations are taken by Gauss–Hermite quadrature with 32, 64, 128, 256 nodes until doubling them changes nothing. That
test deceives where the nodes are further apart than the activation bends, and a kink makes it slow. So beyond `q = 4`,
at kinks, and where it does not settle, each half-line is cut into panels that double in size away from 0, beginning at
the smaller of 1 and `1/√q`, with 32 and then 64 Gauss–Legendre nodes each, weights of each half-line adding up to 1/2.
Either way `Expectation.error` is what the last doubling changed, about 1e-15 of the value.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise

import numpy as np

from symbackprop.activations import Activation
from symbackprop.errors import SymbackpropError
from symbackprop.numeric.slopes import HUGE, Array, Entrywise, bisected, numeric_row, pair
from symbackprop.numeric.spectra import check_count

# parts of the line: the probability of each, its nodes, weights in the proportion of the normal density, and their sum
Rule = tuple[tuple[float, Array, Array, float], ...]

SETTLED = 2e-14
LARGEST_Q_OF_HERMITE = 4.0
# beyond it the normal density is 0 in floating point
FURTHEST = 40.0
# stands for an argument near 0, where a kink is still seen from both sides
TINY = 1e-300
# lengths outside of which a fixed point is 0 or does not exist; softplus at σ_w² = 2 lengthens by the share q^{-3/2},
# which beyond 1e9 is less than rounding
SHORTEST, LONGEST = 1e-12, 1e8


# --- expectations over a normal variable -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Expectation:
    """`E[f(√q z)]`.

    Attributes:
        value: from the finest rule.
        error: how far the rule with half as many nodes is from it.
        nodes: of the finest rule.
    """

    value: float
    error: float
    nodes: int


def expectation(f: Entrywise, q: float, kinks: Sequence[float] = ()) -> Expectation:
    """`E[f(√q z)]` for a standard normal `z`; `q = 0` and `q = math.inf` give the limits.

    Args:
        f: entry by entry; it bends on the scale of 1, and is smooth but for 0 and `kinks`.
        q: the variance of its argument.
        kinks: where `f` or its derivative jumps.
    """
    _check(q=q)
    if q in (0, math.inf):
        ends = f(np.array([-1.0, 1.0]) * (TINY if q == 0 else HUGE))
        return Expectation(float(np.mean(ends)), 0.0, 2)
    scale = math.sqrt(q)
    if q <= LARGEST_Q_OF_HERMITE and not kinks:
        found = _settled(f, scale, _hermite, (32, 64, 128, 256))
        if found.error <= SETTLED * abs(found.value):
            return found
    # a power of 2, so that lengths share their rules
    first = 2.0 ** min(0, math.floor(-math.log2(scale)))
    cuts = tuple(sorted({kink / scale for kink in kinks if kink}))
    return _settled(f, scale, lambda count: _panels(count, first, cuts), (32, 64))


def _settled(f: Entrywise, scale: float, rule: Callable[[int], Rule], counts: Sequence[int]) -> Expectation:
    """By the first rule that differs little from the one before, or else by the last."""
    before = _by_rule(f, scale, rule(counts[0]))
    for count in counts[1:]:
        parts = rule(count)
        value = _by_rule(f, scale, parts)
        error = abs(value - before)
        if error <= SETTLED * abs(value):
            break
        before = value
    return Expectation(value, error, sum(len(nodes) for _, nodes, *_ in parts))


def _by_rule(f: Entrywise, scale: float, parts: Rule) -> float:
    # a quotient of two sums in the same order: what is constant on a part comes out exactly
    return sum(share * float((w * f(scale * nodes)).sum() / total) for share, nodes, w, total in parts)


def _part(share: float, nodes: Array, weights: Array) -> tuple[float, Array, Array, float]:
    return share, nodes, weights, float(weights.sum())


@cache
def _hermite(count: int) -> Rule:
    """The Gauss–Hermite rule; NumPy's is good to 256 nodes, and overflows at 512."""
    return (_part(1.0, *np.polynomial.hermite_e.hermegauss(count)),)


@cache
def _legendre(count: int) -> tuple[Array, Array]:
    return np.polynomial.legendre.leggauss(count)


@lru_cache(maxsize=256)
def _panels(count: int, first: float, cuts: tuple[float, ...]) -> Rule:
    """Gauss–Legendre panels on both sides of 0, the first of that size, cut at kinks as well."""
    edges = [0.0, *(first * 2.0**k for k in range(math.ceil(math.log2(FURTHEST / first)) + 1))]
    x, w = _legendre(count)
    parts = []
    for sign in (-1, 1):
        own = np.unique([*edges, *(sign * cut for cut in cuts if 0 < sign * cut < edges[-1])])
        middles, halves = (own[1:] + own[:-1])[:, None] / 2, np.diff(own)[:, None] / 2
        z = (middles + halves * x).ravel()
        parts.append(_part(0.5, sign * z, (halves * w).ravel() * np.exp(-z * z / 2)))
    return tuple(parts)


def _check(**numbers: float) -> None:
    """Refuse a variance or a length that is negative or not a number."""
    for name, value in numbers.items():
        if not value >= 0:
            raise SymbackpropError(f"{name} = {value} is no mean square: write a number that is 0 or more")


def _check_finite(**numbers: float) -> None:
    _check(**numbers)
    for name, value in numbers.items():
        if value == math.inf:
            raise SymbackpropError(f"{name} = {value} is endless: write a number")


# --- the length map, its fixed point, and what a layer does to a gradient --------------------------------------------


def length_map(activation: str | Activation, q: float, sigma_w2: float, sigma_b2: float = 0.0) -> float:
    """`σ_w² E[φ(√q z)²] + σ_b²`: the mean square of the next layer's pre-activations (Poole et al. 2016)."""
    _check_finite(q=q, sigma_w2=sigma_w2, sigma_b2=sigma_b2)
    g, _ = pair(activation)
    return sigma_w2 * expectation(lambda z: g(z) ** 2, q, numeric_row(activation).kinks).value + sigma_b2


def chi(activation: str | Activation, q: float, sigma_w2: float) -> float:
    """`χ = σ_w² E[φ'(√q z)²]` (Schoenholz et al. 2017); its root is the factor of a gradient's norm per layer."""
    _check(q=q)
    _check_finite(sigma_w2=sigma_w2)
    _, slope = pair(activation)
    return sigma_w2 * expectation(lambda z: slope(z) ** 2, q, numeric_row(activation).kinks).value


def lengths(
    activation: str | Activation, sigma_w2: float, sigma_b2: float = 0.0, start: float = 1.0, layers: int = 10
) -> list[float]:
    """`q_0 = start, q_1, …, q_layers` by the length map."""
    found = [start]
    for _ in range(layers):
        found.append(length_map(activation, found[-1], sigma_w2, sigma_b2))
    return found


@lru_cache(maxsize=256)
def fixed_point(activation: str | Activation, sigma_w2: float, sigma_b2: float = 0.0, start: float = 1.0) -> float:
    """The length `q*` to which the length map leads from `start`; `math.inf` where lengths grow without end.

    The map rises with `q`, so lengths move to the next fixed point in one direction: it is bracketed by doubling or
    halving, then bisected. Iteration itself would be slow where χ is near 1: for tanh at `σ_w² = 1`, `q_l ≈ 1/(2l)`.
    Where every length stands still (ReLU at `σ_w² = 2`), `start` comes back.
    """
    _check_finite(start=start, sigma_w2=sigma_w2, sigma_b2=sigma_b2)

    def growth(q: float) -> float:
        return length_map(activation, q, sigma_w2, sigma_b2) - q

    q, moved = start, growth(start)
    if abs(moved) <= SETTLED * q:
        return q
    while SHORTEST <= (beyond := max(2 * q, SHORTEST) if moved > 0 else q / 2) <= LONGEST:
        if moved * growth(beyond) <= 0:
            return bisected(growth, min(q, beyond), max(q, beyond))
        q, moved = beyond, growth(beyond)
    if beyond > LONGEST:
        return math.inf
    return bisected(growth, 0.0, q) if growth(0.0) > 0 else 0.0


@dataclass(frozen=True)
class MeanField:
    """A row of the table of decays: `q*`, `χ` there, and `decay = √χ`, the factor of a gradient's norm per layer."""

    activation: str
    sigma_w2: float
    sigma_b2: float
    q: float
    chi: float
    decay: float


def mean_field(activation: str | Activation, sigma_w2: float, sigma_b2: float = 0.0, start: float = 1.0) -> MeanField:
    """Fixed point, χ and `√χ`; where lengths grow without end, χ is its limit for long vectors."""
    q = fixed_point(activation, sigma_w2, sigma_b2, start)
    found = chi(activation, q, sigma_w2)
    return MeanField(numeric_row(activation).name, sigma_w2, sigma_b2, q, found, math.sqrt(found))


def decay_per_layer(
    activations: Sequence[str | Activation], variances: Sequence[float], sigma_b2: float = 0.0
) -> list[MeanField]:
    """A row for each activation and `σ_w²`, activations slowest."""
    return [mean_field(activation, sigma_w2, sigma_b2) for activation in activations for sigma_w2 in variances]


# --- the critical line -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Critical:
    """A point of the critical line: there `q` is a fixed point of the length map and χ = 1."""

    sigma_w2: float
    sigma_b2: float
    q: float


def critical_point(activation: str | Activation, q: float) -> Critical:
    """The variances that make `q` a fixed point with χ = 1: `σ_w² = 1/E[φ'²]` and `σ_b² = q - σ_w² E[φ²]`.

    A negative `σ_b²` says that there are none.
    """
    sigma_w2 = 1 / chi(activation, q, 1.0)
    return Critical(sigma_w2, q - length_map(activation, q, sigma_w2), q)


def critical(activation: str | Activation, sigma_b2: float = 0.0) -> Critical:
    """The point of the critical line at a given `σ_b²`, that with the shortest `q`, by bisection over `q`.

    Raises:
        SymbackpropError: where no `σ_w²` gives χ = 1 at a fixed point.
    """
    _check_finite(sigma_b2=sigma_b2)

    def above(q: float) -> float:
        return critical_point(activation, q).sigma_b2 - sigma_b2

    low, short = 0.0, above(0.0)
    if short == 0:
        return critical_point(activation, 0.0)
    high = SHORTEST
    while high < LONGEST:
        if short * above(high) < 0:
            found = critical_point(activation, bisected(above, low, high))
            return Critical(found.sigma_w2, sigma_b2, found.q)
        low, high = high, 2 * high
    raise SymbackpropError(
        f"{numeric_row(activation).name} has no critical point at sigma_b2 = {sigma_b2}: no sigma_w2 keeps lengths and "
        "gradients there; write another sigma_b2, such as 0"
    )


# --- measured networks -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Measured:
    """Gradients of random networks beside mean-field theory, layers `l = 1 … L`.

    Attributes:
        ratios: root mean square over the networks of `‖∂L/∂z_l‖ / ‖∂L/∂z_{l+1}‖`.
        errors: their standard errors.
        predicted: `√χ(q_l)`, with `q_l` from the length map.
    """

    ratios: tuple[float, ...]
    errors: tuple[float, ...]
    predicted: tuple[float, ...]


def measured(
    activation: str | Activation, width: int, depth: int, sigma_w2: float, seed: int = 0, samples: int = 20
) -> Measured:
    """What a layer does to a gradient in random networks of `depth` hidden layers, all of one width, without biases.

    Each sample has its own weights, an input of such a length that `q_1` is the fixed point (1 where that is 0 or
    endless), and a Gaussian `∂L/∂ŷ`; gradients are found by a backpropagation of its own. The theory is for
    endless width: at width `n` it is off by terms of the order of `1/n`.

    Raises:
        SymbackpropError: for a width or depth below 1, fewer than 2 samples, or `σ_w² = 0`.
    """
    return side_by_side([(activation, sigma_w2)], width, depth, seed, samples)[0]


def side_by_side(
    cases: Sequence[tuple[str | Activation, float]], width: int, depth: int, seed: int = 0, samples: int = 20
) -> list[Measured]:
    """The same for each activation and `σ_w²`, all of them on the same random numbers, which are drawn once.

    Raises:
        SymbackpropError: as above.
    """
    for name, value, least in (("width", width, 1), ("depth", depth, 1), ("samples", samples, 2)):
        check_count(name, value, least)
    starts = [_first_length(activation, sigma_w2) for activation, sigma_w2 in cases]
    rng = np.random.default_rng(seed)
    squares = np.empty((len(cases), samples, depth))
    for sample in range(samples):
        weights = [rng.standard_normal((width, width)) for _ in range(depth + 1)]
        x, upstream = rng.standard_normal((2, width, 1))
        for place, ((activation, sigma_w2), q) in enumerate(zip(cases, starts, strict=True)):
            squares[place, sample] = _squared_ratios(activation, weights, x, upstream, sigma_w2, q)
    return [
        _measured(activation, sigma_w2, q, found)
        for (activation, sigma_w2), q, found in zip(cases, starts, squares, strict=True)
    ]


def _first_length(activation: str | Activation, sigma_w2: float) -> float:
    # with every argument, as `mean_field` asks for it: what was found for one is found for the other
    q = fixed_point(activation, sigma_w2, 0.0, 1.0)
    if sigma_w2 == 0:
        raise SymbackpropError("sigma_w2 = 0 makes every gradient 0: write a number above 0")
    return q if 0 < q < math.inf else 1.0


def _measured(activation: str | Activation, sigma_w2: float, q: float, squares: Array) -> Measured:
    """Of squared ratios, samples × layers, of networks that begin at the length `q`."""
    samples, depth = squares.shape
    ratios = np.sqrt(squares.mean(axis=0))
    errors = squares.std(axis=0, ddof=1) / math.sqrt(samples) / (2 * np.where(ratios > 0, ratios, 1))
    ahead = lengths(activation, sigma_w2, start=q, layers=depth - 1)
    predicted = tuple(math.sqrt(chi(activation, length, sigma_w2)) for length in ahead)
    return Measured(tuple(ratios.tolist()), tuple(errors.tolist()), predicted)


def _squared_ratios(
    activation: str | Activation, weights: Sequence[Array], x: Array, upstream: Array, sigma_w2: float, q: float
) -> list[float]:
    """`‖∂L/∂z_l‖² / ‖∂L/∂z_{l+1}‖²` of one network, whose `z_1` has mean square `q` in expectation."""
    width = len(x)
    scale = math.sqrt(sigma_w2 / width)
    W = [scale * standard for standard in weights]
    x = x * (math.sqrt(q / sigma_w2 * width) / np.linalg.norm(x))
    g, slope = pair(activation)
    slopes = []
    for w in W[:-1]:
        z = w @ x
        slopes.append(slope(z))
        x = g(z)
    # the loss is linear in the output, so that ∂L/∂ŷ is what was drawn; no gradient by a weight is asked for
    gradients = [upstream]
    for w, own in zip(reversed(W[1:]), reversed(slopes), strict=True):
        gradients.append(own * (w.T @ gradients[-1]))
    norms = [float(np.sum(gradient**2)) for gradient in reversed(gradients)]
    return [here / after if after else 0.0 for here, after in pairwise(norms)]
