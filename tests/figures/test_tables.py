"""The numbers of the figures against those of the lecture's remarks, closed forms and other code."""

from __future__ import annotations

import csv
import itertools
import math
import subprocess
import sys
from functools import cache

import numpy as np
import pytest

from symbackprop import figures
from symbackprop.errors import SymbackpropError
from symbackprop.figures import random_networks
from symbackprop.figures.table import Column, Table, words


@cache
def table(name: str) -> Table:
    return figures.figure(name).table


# --- tables ----------------------------------------------------------------------------------------------------------


def test_names_in_the_order_of_the_lecture() -> None:
    assert figures.names() == (
        "activations",
        "saturation",
        "gradient_norms",
        "activation_comparison",
        "depth_gain",
        "spectra",
        "products",
        "initializations",
    )


@pytest.mark.parametrize("name", figures.names())
def test_every_number_is_finite_and_has_a_unit(name: str) -> None:
    assert table(name).rows
    for column in table(name).columns:
        cells = table(name).column(column.name)
        if column.unit is None:
            assert all(isinstance(cell, str) for cell in cells)
        else:
            assert column.unit == "dimensionless"
            assert all(type(cell) in (int, float) and math.isfinite(cell) for cell in cells)


@pytest.mark.parametrize("name", figures.names())
def test_csv_read_again_is_the_table(name: str) -> None:
    header, *rows = csv.reader(figures.figure(name).csv().decode().splitlines())
    assert header == [column.header for column in table(name).columns]
    units = [column.unit for column in table(name).columns]
    read = [tuple(cell if unit is None else float(cell) for cell, unit in zip(row, units, strict=True)) for row in rows]
    assert read == list(table(name).rows)


def test_units_in_the_header() -> None:
    made = Table(
        (words("matrix"), Column("time", "s"), Column("norm")), [("2 x 3", 1.5, np.float64(0.1)), ("I, J", 2, 3)]
    )
    assert made.csv() == 'matrix,time (s),norm (dimensionless)\n2 x 3,1.5,0.1\n"I, J",2,3\n'


def test_text_in_columns() -> None:
    made = Table((words("matrix"), Column("norm")), [("2 x 3", 1 / 3), ("I", 20)])
    assert made.text().splitlines() == [
        "matrix           norm",
        "        dimensionless",
        "2 x 3        0.333333",
        "I                  20",
    ]


def test_a_row_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="a row of 1 cells in a table of 2 columns"):
        Table((Column("a"), Column("b")), [(1,)])


def test_where_and_distinct() -> None:
    made = Table((words("name"), Column("n")), [("b", 1), ("a", 2), ("b", 3)])
    assert made.distinct("name") == ["b", "a"]
    assert made.where("name", "b").column("n") == [1, 3]


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("no_such", {}, "there is no figure 'no_such': write one of activations, saturation, "),
        ("products", {"sample": 3}, "no option 'sample': write one of seed=0, width=128"),
        ("activations", {"seed": 3}, "no option 'seed': leave it out"),
        ("products", {"samples": 0}, "samples = 0 is out of range: write 12, say"),
        ("products", {"samples": 2.5}, "samples = 2.5 is no whole number: write 12"),
        ("activation_comparison", {"variance": math.nan}, "variance = nan is out of range"),
        ("activation_comparison", {"variance": "2"}, "variance = '2' is no number"),
    ],
)
def test_errors_of_names_and_options(name: str, options: dict[str, object], message: str) -> None:
    with pytest.raises(SymbackpropError, match=message):
        figures.figure(name, **options)


SLOW = ("gradient_norms", "activation_comparison", "depth_gain", "spectra", "products", "initializations")
SMALL = {
    "gradient_norms": {"layers": 3},
    "activation_comparison": {"networks": 2, "depth": 3},
    "depth_gain": {"networks": 2, "depth": 4},
    "spectra": {"samples": 2},
    "products": {"samples": 3, "width": 16},
    "initializations": {"networks": 2},
}


@pytest.mark.parametrize("name", SLOW)
def test_progress_rises_to_its_end(name: str) -> None:
    told: list[tuple[int, int]] = []
    figures.figure(name, lambda done, total: told.append((done, total)), **SMALL[name])
    ((total,), dones) = {total for _, total in told}, [done for done, _ in told]
    assert dones == sorted(set(dones))
    assert dones[-1] == total


@pytest.mark.parametrize("name", SLOW)
def test_a_seed_chooses_the_numbers(name: str) -> None:
    first, again, other = (figures.figure(name, seed=seed, **SMALL[name]).table for seed in (0, 0, 1))
    assert first == again
    assert first != other


# --- their numbers ---------------------------------------------------------------------------------------------------


def at(name: str, **wanted: object) -> Table:
    made = table(name)
    for column, value in wanted.items():
        made = made.where({"z": "pre-activation z", "size": "pre-activation |z|"}.get(column, column), value)
    return made


def test_slopes_of_saturated_units() -> None:
    # remark 2: σ'(5) = 0.0066481, tanh'(5) = 1.8158e-4, tanh'(0.1) = 0.990, σ' ≤ 1/4
    for activation, slope in (("sigmoid", 0.0066481), ("tanh", 1.8158e-4)):
        assert at("activations", activation=activation, z=5.0).column("derivative g'(z)") == pytest.approx(
            [slope], rel=1e-4
        )
        product = at("saturation", activation=activation, size=5.0).column("product of slopes")
        assert product == pytest.approx([slope**layers for layers in range(1, 11)], rel=1e-3)
    tanh = at("saturation", activation="tanh", size=0.1, layers=1).column("product of slopes")
    assert tanh == pytest.approx([0.990], abs=5e-4)
    assert at("saturation", activation="sigmoid", size=0.0, layers=10).column("product of slopes") == [0.25**10]


@pytest.mark.parametrize(
    ("activation", "sides"),
    [
        ("sigmoid", {-1, 1}),
        ("tanh", {-1, 1}),
        ("relu", {-1}),
        ("gelu", {-1}),
        ("leaky_relu", set()),
        ("identity", set()),
    ],
)
def test_where_activations_saturate(activation: str, sides: set[int]) -> None:
    rows = at("activations", activation=activation)
    saturated = {z for z, flag in zip(rows.column("pre-activation z"), rows.column("saturated"), strict=True) if flag}
    assert {int(math.copysign(1, z)) for z in saturated} == sides
    assert all(abs(z) > 5 for z in saturated)


def test_activations_against_sympy() -> None:
    import sympy

    from symbackprop.activations import ACTIVATIONS

    symbol = sympy.Symbol("z", real=True)
    for name, z in itertools.product(table("activations").distinct("activation"), (-3.5, 0.5, 4.0)):
        own = at("activations", activation=name, z=z)
        for order, column in enumerate(("activation g(z)", "derivative g'(z)")):
            expected = float(ACTIVATIONS[name].expression(order).subs(symbol, sympy.Float(z, 30)))
            assert own.column(column) == pytest.approx([expected], rel=1e-12, abs=1e-15)


def test_the_gradient_norm_lies_in_every_band_and_the_bands_in_each_other() -> None:
    made = table("gradient_norms")
    names = ("factor by factor", "telescoped by QR", "best linear")
    ascending = (
        [f"{name}, lower" for name in names] + ["gradient norm"] + [f"{name}, upper" for name in reversed(names)]
    )
    for lower, higher in itertools.pairwise(ascending):
        pairs = zip(made.column(lower), made.column(higher), strict=True)
        assert all(0 < low <= high * (1 + 1e-9) for low, high in pairs), (lower, higher)


def test_bands_of_one_layer_are_its_singular_values() -> None:
    # the last layer has one factor, so only what is pulled apart into g' and W is looser
    last = table("gradient_norms").rows[-1]
    by_name = dict(zip([column.name for column in table("gradient_norms").columns], last, strict=True))
    for kind in ("upper", "lower"):
        assert by_name[f"telescoped by QR, {kind}"] == pytest.approx(by_name[f"best linear, {kind}"])
    assert by_name["factor by factor, upper"] > by_name["best linear, upper"]


def test_mean_field_theory_of_the_compared_networks() -> None:
    def ratios(name: str) -> list[float]:
        theory = at("activation_comparison", activation=name).column("mean-field theory")
        return [here / after for here, after in itertools.pairwise(theory)]

    # remarks: χ = σ_w²/2 for ReLU; tanh at σ_w² = 2 tends to χ = 1.1055288
    assert ratios("relu") == pytest.approx([1.0] * 19)
    assert ratios("tanh")[-1] == pytest.approx(math.sqrt(1.1055288), rel=1e-4)
    # inputs of mean square 1 give q_1 = σ_w² = 2; the trapezoidal rule is exact for what decays on both sides
    z = np.linspace(-10, 10, 2001)
    weight = np.exp(-z * z / 2) / np.exp(-z * z / 2).sum()
    chi = 2 * (weight / np.cosh(math.sqrt(2) * z) ** 4).sum()
    assert ratios("tanh")[0] == pytest.approx(math.sqrt(chi), rel=1e-8)


def test_measured_networks_scatter_around_the_theory() -> None:
    made = table("activation_comparison")
    for name in made.distinct("activation"):
        own = made.where("activation", name)
        low, median, high = (own.column(column) for column in ("10th percentile", "median", "90th percentile"))
        theory = own.column("mean-field theory")
        for cells in zip(low, median, high, theory, strict=True):
            assert cells[0] < cells[1] < cells[2]
            assert cells[0] < cells[3] < 2 * cells[2], name


def test_gradients_of_deep_networks_with_small_gain_shrink_by_the_gain() -> None:
    made = table("depth_gain")
    for gain in (0.5, 0.75):
        ratios = made.where("gain", gain).column("log10 of the gradient norm ratio")
        # tanh is the identity once lengths have died out, and for that E‖W‖_F²/n = gain² exactly
        assert (ratios[-1] - ratios[19]) / 19 == pytest.approx(math.log10(gain), abs=0.01)
    assert made.where("gain", 3.0).column("log10 of the gradient norm ratio")[-1] > 3


# remark 5: edges √(2/(a+b)) |√a ± √b|, of singular values; those of their squares are the squares
EDGES = {
    ("256 x 256", "singular values"): (0.0, 2.0),
    ("256 x 784", "singular values"): (0.5262, 1.9295),
    ("256 x 256", "their squares"): (0.0, 4.0),
    ("256 x 784", "their squares"): (2 - 4 * 16 * 28 / 1040, 2 + 4 * 16 * 28 / 1040),
}


@pytest.mark.parametrize(("matrix", "of"), EDGES)
def test_spectra_between_the_edges_of_the_remarks(matrix: str, of: str) -> None:
    own = table("spectra").where("matrix", matrix).where("of", of)
    assert (*own.distinct("lower edge"), *own.distinct("upper edge")) == pytest.approx(EDGES[matrix, of], abs=5e-5)
    measured, law = own.where("kind", "measured"), own.where("kind", "Marchenko-Pastur")
    at, density = np.array(measured.column("value")), np.array(measured.column("density"))
    breadth = at[1] - at[0]
    # a value may lie beyond the bins
    assert density.sum() * breadth == pytest.approx(1, abs=2e-3)
    x, y = np.array(law.column("value")), np.array(law.column("density"))
    # the law's distribution function by trapezoids; before the first point of 1/(π√x), 2√x/π lies
    before = 2 * math.sqrt(x[0]) / math.pi if EDGES[matrix, of][0] == 0 and of == "their squares" else 0.0
    below = before + np.concatenate(([0.0], np.cumsum(np.diff(x) * (y[1:] + y[:-1]) / 2)))
    assert below[-1] == pytest.approx(1, abs=4e-3)
    ends = np.append(at - breadth / 2, at[-1] + breadth / 2)
    shares = np.diff(np.interp(ends, x, below, 0, below[-1])) / breadth
    assert np.abs(shares - density).max() < 0.08 * density.max()


@pytest.mark.parametrize("matrix", ["256 x 256", "256 x 784"])
def test_the_squares_of_the_same_singular_values_are_counted(matrix: str) -> None:
    own = table("spectra").where("matrix", matrix).where("kind", "measured")
    means = []
    for of in ("singular values", "their squares"):
        made = own.where("of", of)
        at, density = np.array(made.column("value")), np.array(made.column("density"))
        power = 2 if of == "singular values" else 1
        means.append((at**power * density).sum() / density.sum())
    # the mean of the squares is n v, with n the longer side: Σ s² = ‖W‖_F²
    height, width = map(int, matrix.split(" x "))
    assert means == pytest.approx([2 * width / (height + width)] * 2, rel=0.02)


def test_the_densities_of_a_square_matrix() -> None:
    """Remark 5: a quarter of a circle, √(4-s²)/π; so the squares have √((4-x)/x)/(2π)."""
    law = table("spectra").where("matrix", "256 x 256").where("kind", "Marchenko-Pastur")
    own, squared = (law.where("of", of) for of in ("singular values", "their squares"))
    s, x = np.array(own.column("value")), np.array(squared.column("value"))
    assert own.column("density") == pytest.approx((np.sqrt(np.maximum(4 - s**2, 0)) / math.pi).tolist(), abs=1e-7)
    wanted = np.sqrt(np.maximum(4 - x, 0) / x) / (2 * math.pi)
    assert squared.column("density") == pytest.approx(wanted.tolist(), abs=1e-7)


def test_products_of_matrices() -> None:
    made = table("products")
    assert made.column("limit of wide matrices")[9] == pytest.approx(5.341, abs=5e-4)
    assert made.column("bound factor by factor")[9] == 1024
    for median, limit in zip(made.column("median"), made.column("limit of wide matrices"), strict=True):
        assert 0.85 * limit < median < 1.02 * limit


def test_initializations_over_the_widths_of_the_remarks() -> None:
    def ratio(name: str, direction: str, layer: int, which: str = "predicted") -> float:
        own = table("initializations").where("initialization", name).where("direction", direction).where("layer", layer)
        (value,) = own.column(f"mean square, {which}")
        return float(value)

    assert ratio("the lecture's He", "forward", 3) == pytest.approx(4.17264, abs=5e-6)
    assert ratio("the lecture's He", "backward", 0) == pytest.approx(0.0532225, abs=5e-8)
    assert ratio("He, fan-in", "forward", 3) == 1
    assert ratio("He, fan-out", "backward", 0) == 1
    assert ratio("Xavier", "forward", 3) == pytest.approx(4.17264 / 8, abs=1e-6)
    for name, direction, layer in itertools.product(
        table("initializations").distinct("initialization"), ("forward", "backward"), range(4)
    ):
        # the output has 10 units, so that its mean square is known to a third
        assert ratio(name, direction, layer, "measured") == pytest.approx(ratio(name, direction, layer), rel=0.35)


def test_stacked_networks_are_run_as_one_by_one() -> None:
    rng = np.random.default_rng(3)
    networks = [random_networks.gaussian_weights(rng, [5, 4, 6, 3], 2.0) for _ in range(3)]
    x, upstream = rng.standard_normal((3, 5, 1)), rng.standard_normal((3, 3, 1))
    stacked = [np.stack(layer) for layer in zip(*networks, strict=True)]
    found = random_networks.stacked_norms(stacked, x, upstream, "tanh")
    for place, weights in enumerate(networks):
        alone = random_networks.gradient_norms(random_networks.run(weights, x[place], upstream[place], "tanh"))
        assert found[place] == pytest.approx(alone, rel=1e-13)


NO_SYMPY = """
import sys
from symbackprop.library import derive
from symbackprop.topic import Numbers, Picture
from symbackprop import figures
for part in derive("lecture").all_parts():
    if isinstance(part, Numbers):
        part.compute()
    if isinstance(part, Picture):
        figures.figure(part.name)
print("sympy" in sys.modules)
"""


def test_no_table_and_no_figure_needs_sympy() -> None:
    done = subprocess.run([sys.executable, "-c", NO_SYMPY], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
