"""Singular values: laws against integrals, traces and samples; sampling against a plain loop."""

from __future__ import annotations

import math
import tracemalloc
from functools import partial

import numpy as np
import pytest
from scipy.integrate import quad

from symbackprop.errors import SymbackpropError
from symbackprop.numeric.backprop import ACTIVATIONS
from symbackprop.numeric.spectra import (
    MarchenkoPastur,
    end_to_end,
    factorwise_edge,
    gaussian,
    gaussian_product,
    histogram,
    isometry,
    orthogonal,
    product_edge,
    singular_values,
    spectra,
)

SHAPES = [(256, 784, 2 / 1040), (784, 256, 2 / 1040), (50, 50, 1 / 50), (3, 100, 0.7), (99, 100, 2.0)]


def rng(seed=0):
    return np.random.default_rng(seed)


# --- Marchenko–Pastur ------------------------------------------------------------------------------------------------


def test_the_edges_of_xavier_are_those_of_the_remarks():
    for rows, columns in ((256, 784), (784, 256)):
        low, high = MarchenkoPastur(rows, columns, 2 / (784 + 256)).edges
        assert high == pytest.approx(1.9295, abs=5e-5)
        assert low == pytest.approx(0.5262, abs=5e-5)


def test_a_square_matrix_has_a_quarter_circle():
    """√(4 - s²)/π on [0, 2]; of squares √(x (4 - x))/(2πx)."""
    law = MarchenkoPastur(30, 30, 1 / 30)
    s = np.array([0.0, 0.3, 1.0, 1.9])
    assert law.density(s) == pytest.approx(np.sqrt(4 - s**2) / np.pi, rel=1e-13)
    x = s[1:] ** 2
    assert law.squared_density(x) == pytest.approx(np.sqrt(x * (4 - x)) / (2 * np.pi * x), rel=1e-13)
    assert law.squared_density(0) == math.inf
    assert law.edges == pytest.approx((0, 2))
    assert law.squared_edges == pytest.approx((0, 4))


@pytest.mark.parametrize(("rows", "columns", "variance"), SHAPES)
def test_densities_integrate_to_one(rows, columns, variance):
    """And E[s²] = tr(A Aᵀ)/min = variance · max, which the density of squares in place of the other would not give."""
    law = MarchenkoPastur(rows, columns, variance)
    trace = variance * max(rows, columns)
    for density, edges, square in (
        (law.density, law.edges, lambda s: s * s),
        (law.squared_density, law.squared_edges, lambda x: x),
    ):
        # a quarter circle in place of the variable takes the roots at the edges away
        def integrate(f, low=edges[0], high=edges[1]):
            middle, half = (low + high) / 2, (high - low) / 2
            return quad(lambda t: f(middle - half * math.cos(t)) * half * math.sin(t), 0, math.pi)[0]

        assert integrate(lambda s, d=density: float(d(s))) == pytest.approx(1, abs=1e-6)
        assert integrate(lambda s, d=density, sq=square: sq(s) * float(d(s))) == pytest.approx(trace, rel=1e-6)


@pytest.mark.parametrize(("rows", "columns", "variance"), SHAPES)
def test_there_is_nothing_outside_of_the_edges(rows, columns, variance):
    law = MarchenkoPastur(rows, columns, variance)
    low, high = law.edges
    assert (law.density([-1, low * 0.999 - 1e-9, high * 1.001]) == 0).all()
    assert (law.squared_density([-1, low**2 * 0.999 - 1e-9, high**2 * 1.001]) == 0).all()
    assert (law.density(np.linspace(low, high, 9)[1:-1]) > 0).all()


def test_zeros_of_the_larger_gram_matrix_are_the_atom():
    a = gaussian(6, 10, 1.0, rng())
    zeros = np.abs(np.linalg.eigvalsh(a.T @ a)) < 1e-9
    assert zeros.mean() == pytest.approx(MarchenkoPastur(6, 10, 1.0).zero_atom)
    assert len(singular_values(a)) == 6


def distance(values, density, low, high):
    """The greatest distance of the distribution functions of a sample and a law (Kolmogorov)."""
    grid = np.linspace(low, high, 2001)
    law = np.concatenate([[0], np.cumsum((density(grid)[1:] + density(grid)[:-1]) / 2 * np.diff(grid))])
    return float(np.abs(np.searchsorted(np.sort(values), grid) / len(values) - law).max())


@pytest.mark.parametrize(("rows", "columns"), [(60, 150), (150, 60), (80, 80)])
def test_sampled_matrices_follow_the_law(rows, columns):
    """A finite matrix is off by about 1/size; the law of squares, or another variance, is off by far more."""
    law = MarchenkoPastur(rows, columns, 2 / (rows + columns))
    draw = partial(gaussian, rows, columns, law.variance)
    values = np.concatenate([part.ravel() for part in spectra(draw, 60, seed=1)])
    assert distance(values, law.density, *law.edges) < 0.02
    assert distance(values**2, law.squared_density, law.squared_edges[0] + 1e-4, law.squared_edges[1]) < 0.03
    assert distance(values, law.squared_density, law.squared_edges[0] + 1e-4, law.squared_edges[1]) > 0.1
    wider = MarchenkoPastur(rows, columns, 1.2 * law.variance)
    assert distance(values, wider.density, *wider.edges) > 0.04


# --- products --------------------------------------------------------------------------------------------------------


def test_edges_of_products():
    """The remarks for ten; 2 for one; √(27/4) for two."""
    assert product_edge(10) == pytest.approx(5.341, abs=5e-4)
    assert factorwise_edge(10) == 1024
    assert product_edge(1) == pytest.approx(2)
    assert product_edge(2) == pytest.approx(math.sqrt(27 / 4))


def test_sampled_products_have_that_edge():
    """Tenth of a percent of what the factors allow: fluctuations at size 250 are about 0.3, and so is the shift."""
    largest = histogram(partial(gaussian_product, 250, 10), 8, [0, 10]).largest
    error = largest.std(ddof=1) / math.sqrt(8)
    assert largest.mean() == pytest.approx(product_edge(10), abs=4 * error + 0.3)
    assert largest.max() < 0.01 * factorwise_edge(10)


# --- random matrices -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rows", "columns"), [(5, 5), (7, 3), (3, 7), (1, 4)])
def test_orthogonal_matrices(rows, columns):
    q = orthogonal(rows, columns, rng())
    assert q.shape == (rows, columns)
    gram = q @ q.T if rows <= columns else q.T @ q
    assert gram == pytest.approx(np.eye(min(rows, columns)), abs=1e-14)


def test_orthogonal_matrices_are_uniform():
    """Entries have mean 0 and mean square 1/n; QR alone gives one sign to every 1 × 1 matrix."""
    stream = rng()
    assert {float(orthogonal(1, 1, stream)[0, 0]) for _ in range(40)} == {-1.0, 1.0}
    entries = np.array([orthogonal(4, 4, stream) for _ in range(2000)])
    # the standard error of an entry is 1/2/√2000
    assert np.abs(entries.mean(axis=0)).max() < 4.5 * 0.5 / math.sqrt(2000)
    assert (entries**2).mean(axis=0) == pytest.approx(np.full((4, 4), 0.25), abs=0.025)


def test_gaussian_entries():
    a = gaussian(300, 400, 0.25, rng())
    assert a.shape == (300, 400)
    assert a.mean() == pytest.approx(0, abs=4 * 0.5 / math.sqrt(a.size))
    assert a.var() == pytest.approx(0.25, rel=4 * math.sqrt(2 / a.size))
    assert not gaussian(2, 3, 0.0, rng()).any()


@pytest.mark.parametrize("name", ["tanh", "relu", "identity", "softplus"])
def test_the_end_to_end_jacobian_by_complex_steps(name):
    drawn = []

    def weights(stream):
        drawn.append(stream.standard_normal((4, 4)))
        return drawn[-1]

    found = end_to_end(name, 4, 3, weights, 2.0, rng(5))
    x = rng(5).standard_normal(4)
    x *= math.sqrt(4 * 2.0) / np.linalg.norm(x)
    g = ACTIVATIONS[name][0]
    for column in range(4):
        h = x.astype(complex)
        h[column] += 1e-30j
        for w in drawn:
            h = g(w @ h)
        assert found[:, column] == pytest.approx(h.imag / 1e-30, rel=1e-11, abs=1e-14)


# --- sampling --------------------------------------------------------------------------------------------------------


def test_singular_values():
    assert singular_values([[3.0, 0.0, 0.0], [0.0, -4.0, 0.0]]) == pytest.approx([4, 3])
    assert singular_values([[3, 4]]) == pytest.approx([5])
    assert singular_values(np.ones((2, 3, 4))).shape == (2, 3)


BINS = np.linspace(0.4, 1.8, 8)


def test_a_histogram_counts_every_singular_value():
    draw = partial(gaussian, 5, 8, 2 / 13)
    found = histogram(draw, 130, BINS, seed=3)
    stream = rng(3)
    values = np.array([np.linalg.svd(draw(stream), compute_uv=False) for _ in range(130)])
    assert found.counts.tolist() == np.histogram(values, BINS)[0].tolist()
    assert (found.below, found.above) == ((values < 0.4).sum(), (values > 1.8).sum())
    assert min(found.below, found.above) > 0
    assert found.total == 5 * 130
    assert found.largest == pytest.approx(values.max(axis=1))
    assert found.smallest == pytest.approx(values.min(axis=1))
    outside = (found.below + found.above) / found.total
    assert (found.density * np.diff(BINS)).sum() == pytest.approx(1 - outside)


def test_the_memory_changes_no_count():
    draw = partial(gaussian_product, 4, 3)
    found = [histogram(draw, 250, BINS, seed=2, memory=memory) for memory in (1, 1000, 2**25)]
    assert len({tuple(f.counts.tolist()) for f in found}) == 1
    assert len({tuple(f.largest.tolist()) for f in found}) == 1
    assert found[0].counts.tolist() != histogram(draw, 250, BINS, seed=3).counts.tolist()


def test_memory_is_bounded():
    """2000 matrices of 32 kB are 64 MB together."""
    tracemalloc.start()
    try:
        histogram(partial(gaussian, 64, 64, 1 / 64), 2000, [0, 3], memory=2**20)
        assert tracemalloc.get_traced_memory()[1] < 2**23
    finally:
        tracemalloc.stop()


def test_a_part_has_as_many_matrices_as_the_memory_holds():
    parts = spectra(partial(gaussian, 3, 5, 1.0), 1000, memory=4 * 3 * 5 * 8)
    assert [part.shape for part in parts] == [(4, 3)] * 250


@pytest.mark.parametrize("samples", [1, 99, 100, 101, 1234])
def test_progress_rises_to_the_total(samples):
    told = []
    histogram(partial(gaussian, 2, 2, 1.0), samples, [0, 1], progress=lambda done, total: told.append((done, total)))
    done = [part for part, _ in told]
    assert done == sorted(set(done))
    assert done[-1] == samples
    assert {total for _, total in told} == {samples}
    assert min(samples, 50) <= len(told) <= 100


# --- dynamical isometry ----------------------------------------------------------------------------------------------


def test_orthogonal_weights_are_isometric_without_activation():
    assert isometry("identity", "orthogonal", width=32, depth=20, epsilon=1e-9, samples=3) == 1
    assert isometry("identity", "gaussian", width=32, depth=20, samples=3) < 0.1


def test_isometry_is_around_one():
    """2 is not within 1 ± 0.9, and is within 1 ± 1.1."""
    assert [isometry("identity", "orthogonal", 8, 1, epsilon, gain=2.0, samples=2) for epsilon in (0.9, 1.1)] == [0, 1]


def test_tanh_is_isometric_for_short_inputs_only():
    """Singular values lose about q per layer: 1 - tanh² ≈ 1 - q."""
    assert isometry("tanh", "orthogonal", width=32, depth=10, length=1e-5, samples=3) == 1
    assert isometry("tanh", "orthogonal", width=32, depth=10, length=1.0, samples=3) < 0.2
    assert isometry("tanh", "gaussian", width=32, depth=10, length=1e-5, samples=3) < 0.1


@pytest.mark.parametrize("weights", ["gaussian", "orthogonal"])
@pytest.mark.parametrize("gain", [1.0, math.sqrt(2)])
def test_relu_is_never_isometric(weights, gain):
    assert isometry("relu", weights, width=32, depth=10, gain=gain, samples=5) < 0.1


def test_one_relu_layer_keeps_half():
    """Rows of dead units are 0, those of the others orthonormal: half of the singular values are 1 in expectation."""
    share = isometry("relu", "orthogonal", width=40, depth=1, epsilon=1e-9, samples=100)
    assert share == pytest.approx(0.5, abs=4 * 0.5 / math.sqrt(40 * 100))


# --- bad input -------------------------------------------------------------------------------------------------------

MATRIX = [[1.0, 2.0], [3.0, 4.0]]


def draw_of(value):
    return lambda stream: np.full((2, 2), value)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: singular_values(np.zeros((0, 3))), r"an empty matrix \(0 × 3\)"),
        (lambda: singular_values([1.0, 2.0]), "1 dimensions"),
        (lambda: singular_values([["a", "b"]]), "numbers"),
        (lambda: singular_values([[1.0, math.nan], [0.0, 1.0]]), r"entry \(1, 2\) of the matrix is nan"),
        (lambda: singular_values([[1.0, 0.0], [-math.inf, 1.0]]), r"entry \(2, 1\) of the matrix is -inf"),
        (lambda: gaussian(2, 2, -1.0, rng()), "-1.0 is no variance"),
        (lambda: gaussian(2, 2, math.nan, rng()), "nan is no variance"),
        (lambda: gaussian(0, 2, 1.0, rng()), "rows = 0 is too small"),
        (lambda: gaussian(2, 2.5, 1.0, rng()), "columns = 2.5 is not a whole number"),
        (lambda: orthogonal(2, 0, rng()), "0 is too small"),
        (lambda: gaussian_product(3, 0, rng()), "factors = 0"),
        (lambda: MarchenkoPastur(0, 2, 1.0), "rows = 0"),
        (lambda: MarchenkoPastur(2, -1, 1.0), "columns = -1"),
        (lambda: MarchenkoPastur(2, 2, -1.0), "-1.0 is no variance"),
        (lambda: MarchenkoPastur(2, 2, 0.0), "variance 0"),
        (lambda: product_edge(0), "factors = 0"),
        (lambda: histogram(draw_of(1.0), 0, [0, 1]), "samples = 0"),
        (lambda: histogram(draw_of(math.nan), 3, [0, 1]), "nan"),
        (lambda: histogram(draw_of(1.0), 3, [0, 0]), "bins"),
        (lambda: histogram(draw_of(1.0), 3, [1]), "bins"),
        (lambda: isometry("tanh", "xavier"), "one of gaussian, orthogonal"),
        (lambda: isometry("tanh", "gaussian", epsilon=-0.1), "epsilon = -0.1"),
        (lambda: isometry("tanh", "gaussian", length=-1.0), "-1.0 is no"),
        (lambda: isometry("g", "gaussian"), "generic"),
    ],
)
def test_bad_input_is_refused(call, words):
    with pytest.raises(SymbackpropError, match=words):
        call()
