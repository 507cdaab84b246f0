"""Singular values of random weight matrices: sampled, and their laws for large matrices.

A matrix of `a × b` entries has `min(a, b)` singular values. Squared, they are eigenvalues of the smaller of `A Aᵀ` and
`Aᵀ A`; the larger of the two has `|a - b|` more, all 0. What is here counts the `min(a, b)` only, so every density
integrates to 1; the share of zeros of the larger one is `MarchenkoPastur.zero_atom`. All numbers are dimensionless.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from symbackprop.activations import Activation
from symbackprop.errors import SymbackpropError
from symbackprop.numeric.slopes import Array, pair
from symbackprop.progress import Progress, silent

# one matrix, from a stream of random numbers
Draw = Callable[[np.random.Generator], Array]

# bytes of the matrices whose singular values are taken at once
MEMORY = 2**25
# progress is reported at least so often
REPORTS = 100


def check_count(name: str, value: int, least: int = 1) -> int:
    """The number, if it is a whole one that is not too small.

    Raises:
        SymbackpropError: otherwise.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise SymbackpropError(f"{name} = {value!r} is not a whole number: write {least} or more")
    if value < least:
        raise SymbackpropError(f"{name} = {value} is too small: write {least} or more")
    return int(value)


def _check_variance(variance: float) -> None:
    if not 0 <= variance < math.inf:
        raise SymbackpropError(f"{variance} is no variance: write a number that is 0 or more")


def singular_values(matrix: Array) -> Array:
    """The `min(a, b)` singular values of an `a × b` matrix, greatest first; of a stack of them, one row each.

    Raises:
        SymbackpropError: for what is no matrix, has no entries, or has an entry that is not a finite number.
    """
    found = np.asarray(matrix)
    if found.ndim < 2:
        raise SymbackpropError(f"an array of {found.ndim} dimensions has no singular values: write a matrix, of two")
    if found.size == 0:
        shape = " × ".join(map(str, found.shape))
        raise SymbackpropError(f"an empty matrix ({shape}) has no singular values: write one with entries")
    if not np.issubdtype(found.dtype, np.number):
        raise SymbackpropError(f"a matrix of {found.dtype} has no singular values: write one of numbers")
    unfit = np.argwhere(~np.isfinite(found))
    if len(unfit):
        row, column = unfit[0][-2:]
        value = found[tuple(unfit[0])]
        raise SymbackpropError(
            f"entry ({row + 1}, {column + 1}) of the matrix is {value}: singular values need finite entries"
        )
    return np.linalg.svd(found, compute_uv=False)


# --- random matrices -------------------------------------------------------------------------------------------------


def gaussian(rows: int, columns: int, variance: float, rng: np.random.Generator) -> Array:
    """A `rows × columns` matrix of independent normal entries with mean 0."""
    _check_variance(variance)
    return rng.standard_normal((check_count("rows", rows), check_count("columns", columns))) * math.sqrt(variance)


def orthogonal(rows: int, columns: int, rng: np.random.Generator) -> Array:
    """A matrix whose singular values are all 1, uniformly (Haar): its longer side has orthonormal vectors.

    QR of a Gaussian matrix, the signs of R's diagonal taken into Q: without that it is not uniform (Mezzadri 2007).
    """
    tall = gaussian(max(rows, columns), check_count("size", min(rows, columns)), 1.0, rng)
    q, r = np.linalg.qr(tall)
    signs = np.where(np.diagonal(r) < 0, -1.0, 1.0)
    return q * signs if rows >= columns else (q * signs).T


def gaussian_product(size: int, factors: int, rng: np.random.Generator) -> Array:
    """The product of `factors` independent Gaussian matrices `size × size` with variance `1/size`."""
    found = np.eye(check_count("size", size))
    for _ in range(check_count("factors", factors)):
        found = found @ gaussian(size, size, 1 / size, rng)
    return found


def end_to_end(
    activation: str | Activation, width: int, depth: int, weights: Draw, length: float, rng: np.random.Generator
) -> Array:
    """The Jacobian of `h_depth` by `x`, `width × width`, of a random network without biases: `D_depth W … D_1 W_0`.

    Rows belong to `h_depth`; `D_l = diag φ'(z_l)`, and `x` is Gaussian with `‖x‖² = width · length` (Pennington et al.
    2017). In denominator layout it is the transpose of this, with the same singular values.

    Args:
        weights: draws each `W_l`, `width × width`.
        length: mean square of the entries of `x`.
    """
    g, slope = pair(activation)
    h = rng.standard_normal(check_count("width", width))
    h *= math.sqrt(width * length) / np.linalg.norm(h)
    found = np.eye(width)
    for _ in range(check_count("depth", depth)):
        w = weights(rng)
        z = w @ h
        found, h = slope(z)[:, None] * (w @ found), g(z)
    return found


# --- laws for large matrices -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class MarchenkoPastur:
    """The law of the singular values of a large `rows × columns` matrix of independent entries with mean 0.

    With `m ≤ n` the two sizes and `v` the variance, `x = s²` has (Marchenko and Pastur 1967)

        density of s²:  √((x₊ - x)(x - x₋)) / (2π v m x)       x₋ ≤ x ≤ x₊,   x_± = v (√n ± √m)²
        density of s:   √((s₊² - s²)(s² - s₋²)) / (π v m s)    s₋ ≤ s ≤ s₊,   s_± = √v (√n ± √m)

    It holds when both sizes grow at a fixed ratio, whatever law the entries have.

    Raises:
        SymbackpropError: for a size below 1 or a variance that is not above 0.
    """

    rows: int
    columns: int
    variance: float

    def __post_init__(self) -> None:
        check_count("rows", self.rows)
        check_count("columns", self.columns)
        _check_variance(self.variance)
        if self.variance == 0:
            raise SymbackpropError("variance 0 leaves only zeros, which have no density: write a number above 0")

    @property
    def edges(self) -> tuple[float, float]:
        """`√v |√a ± √b|`, the least and the greatest singular value in the limit."""
        scale, short, long = math.sqrt(self.variance), *map(math.sqrt, sorted((self.rows, self.columns)))
        return scale * (long - short), scale * (long + short)

    @property
    def squared_edges(self) -> tuple[float, float]:
        """The squares of the edges."""
        low, high = self.edges
        return low**2, high**2

    @property
    def zero_atom(self) -> float:
        """`1 - m/n`: the weight at 0 in the law of the larger Gram matrix, beside `m/n` times the density here."""
        return 1 - min(self.rows, self.columns) / max(self.rows, self.columns)

    def density(self, s: Array) -> Array:
        """The density of singular values at `s`, 0 outside of the edges; for a square matrix it is finite at 0."""
        s = np.asarray(s, dtype=float)
        low, high = self.edges
        within = (s >= low) & (s <= high)
        safe = np.where(within, s, high)
        # each difference of squares as a product, and the factor s that a square matrix has in common taken out
        upper = np.sqrt((high - safe) * (high + safe))
        lower = np.ones_like(safe) if low == 0 else np.sqrt((safe - low) * (safe + low)) / safe
        return np.where(within, upper * lower / (math.pi * self.variance * min(self.rows, self.columns)), 0.0)

    def squared_density(self, x: Array) -> Array:
        """The density of squared singular values at `x`, 0 outside of the edges; for a square matrix endless at 0."""
        x = np.asarray(x, dtype=float)
        s = np.sqrt(np.where(x > 0, x, 0.0))
        with np.errstate(divide="ignore", invalid="ignore"):
            found = self.density(s) / (2 * s)
        # where 0 lies below the edge, 0/0 is 0
        return np.where((x < 0) | np.isnan(found), 0.0, found)


def product_edge(factors: int) -> float:
    """The greatest singular value of a product of large square Gaussian matrices with variance `1/n`.

    `√((L+1)^{L+1} / L^L)` for `L` factors, from the Fuss–Catalan law of its square (Penson and Życzkowski 2011).
    """
    check_count("factors", factors)
    return math.exp(((factors + 1) * math.log(factors + 1) - factors * math.log(factors)) / 2)


def factorwise_edge(factors: int) -> float:
    """What the norm of the same product is bounded by, factor by factor: each has the edge 2, so `2^L`."""
    return MarchenkoPastur(1, 1, 1.0).edges[1] ** check_count("factors", factors)


# --- sampling --------------------------------------------------------------------------------------------------------


def spectra(
    draw: Draw, samples: int, seed: int = 0, progress: Progress = silent, memory: int = MEMORY
) -> Iterator[Array]:
    """Singular values of `samples` random matrices, in parts `k × min(a, b)`, each row greatest first.

    Matrices are drawn one after the other from one stream, so the parts together do not depend on `memory`.

    Args:
        draw: makes one matrix, always of the same shape.
        progress: told the number of matrices done after each part.
        memory: bytes that the matrices of a part may take, though a part has at least one.
    """
    check_count("samples", samples)
    rng = np.random.default_rng(seed)
    first = np.asarray(draw(rng))
    size = max(1, min(memory // max(1, first.nbytes), math.ceil(samples / REPORTS)))
    done, waiting = 0, [first]
    while done < samples:
        waiting += [draw(rng) for _ in range(min(size, samples - done) - len(waiting))]
        found = singular_values(np.stack(waiting))
        done, waiting = done + len(waiting), []
        progress(done, samples)
        yield found


@dataclass(frozen=True)
class Histogram:
    """Singular values of many random matrices, counted.

    Attributes:
        bins: the edges of the bins, rising.
        counts: of each bin; the last one contains its upper edge.
        below, above: how many lie outside.
        largest, smallest: of each matrix, in the order drawn.
    """

    bins: Array
    counts: Array
    below: int
    above: int
    largest: Array
    smallest: Array

    @property
    def total(self) -> int:
        """How many singular values there were."""
        return int(self.counts.sum()) + self.below + self.above

    @cached_property
    def density(self) -> Array:
        """Share of all singular values by width of the bin: to lay beside `MarchenkoPastur.density`."""
        return self.counts / (self.total * np.diff(self.bins))


def histogram(
    draw: Draw, samples: int, bins: Array, seed: int = 0, progress: Progress = silent, memory: int = MEMORY
) -> Histogram:
    """The singular values of `samples` random matrices, of which no more than a part is held at once.

    Args:
        bins: the edges of the bins, two or more numbers that rise.
        draw, seed, progress, memory: as for `spectra`.

    Raises:
        SymbackpropError: for bins that do not rise.
    """
    edges = np.asarray(bins, dtype=float)
    if edges.ndim != 1 or len(edges) < 2 or not (np.diff(edges) > 0).all():
        raise SymbackpropError("the edges of the bins must be two or more numbers that rise, such as 0, 0.5, 1")
    counts = np.zeros(len(edges) - 1, dtype=int)
    below = above = 0
    largest, smallest = [], []
    for values in spectra(draw, samples, seed, progress, memory):
        counts += np.histogram(values, edges)[0]
        below += int((values < edges[0]).sum())
        above += int((values > edges[-1]).sum())
        largest.append(values[:, 0])
        smallest.append(values[:, -1])
    return Histogram(edges, counts, below, above, np.concatenate(largest), np.concatenate(smallest))


# --- dynamical isometry ----------------------------------------------------------------------------------------------

# name: draws one square matrix of a size; singular values 1, or 1 in the mean square
SQUARE: dict[str, Callable[[int, np.random.Generator], Array]] = {
    "gaussian": lambda size, rng: gaussian(size, size, 1 / size, rng),
    "orthogonal": lambda size, rng: orthogonal(size, size, rng),
}


def isometry(
    activation: str | Activation,
    weights: str,
    width: int = 64,
    depth: int = 10,
    epsilon: float = 0.1,
    gain: float = 1.0,
    length: float = 0.01,
    samples: int = 20,
    seed: int = 0,
    progress: Progress = silent,
) -> float:
    """The share of singular values of end-to-end Jacobians within `[1 - ε, 1 + ε]`: 1 is dynamical isometry.

    (Saxe et al. 2014; Pennington et al. 2017.) Orthogonal weights reach it where `φ'` is 1 on what comes: with the
    identity for every input, with tanh for short ones; with ReLU no weights do, half of the units being dead.

    Args:
        weights: "orthogonal" or "gaussian", times `gain`.
        length: mean square of the entries of the input.

    Raises:
        SymbackpropError: for other weights, and for `ε < 0`.
    """
    if weights not in SQUARE:
        raise SymbackpropError(f"there are no weights {weights!r}: write one of {', '.join(sorted(SQUARE))}")
    if not epsilon >= 0:
        raise SymbackpropError(f"epsilon = {epsilon} leaves no room around 1: write a number that is 0 or more")
    _check_variance(length)
    matrix = partial(SQUARE[weights], width)
    draw = partial(end_to_end, activation, width, depth, lambda rng: gain * matrix(rng), length)
    within = total = 0
    for values in spectra(draw, samples, seed, progress):
        within += int((np.abs(values - 1) <= epsilon).sum())
        total += values.size
    return within / total
