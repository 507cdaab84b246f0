"""Values from papers, from mpmath at 50 digits with formulas of its own, and from the stated conventions."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import mpmath
import numpy as np
import pytest
import sympy

from symbackprop.activations import ACTIVATIONS, FUNCTIONS, Activation, activation, scalar_function
from symbackprop.errors import SymbackpropError

mp = mpmath.mp.clone()
mp.dps = 60

LAMBDA = mp.mpf("1.0507009873554804934193349852946")
ALPHA = mp.mpf("1.6732632423543772848170429916717")

# each function as its own paper writes it, in mpmath
REFERENCE: dict[str, Callable[[mpmath.mpf], mpmath.mpf]] = {
    "sigmoid": lambda z: 1 / (1 + mp.exp(-z)),
    "tanh": mp.tanh,
    "relu": lambda z: max(z, mp.mpf(0)),
    "leaky_relu": lambda z: z if z > 0 else z / 100,
    "elu": lambda z: z if z > 0 else mp.expm1(z),
    "selu": lambda z: LAMBDA * (z if z > 0 else ALPHA * mp.expm1(z)),
    "softplus": lambda z: mp.log1p(mp.exp(z)),
    "gelu": lambda z: z * mp.erfc(-z / mp.sqrt(2)) / 2,
    "silu": lambda z: z / (1 + mp.exp(-z)),
    "identity": lambda z: z,
    "exp": mp.exp,
    "log": mp.log,
    "abs": abs,
    "huber": lambda z: z * z / 2 if abs(z) <= 1 else abs(z) - mp.mpf(1) / 2,
}
SLOPES: dict[str, Callable[[mpmath.mpf], mpmath.mpf]] = {
    "sigmoid": lambda z: 1 / (2 + mp.exp(z) + mp.exp(-z)),
    "tanh": lambda z: mp.sech(z) ** 2,
    "relu": lambda z: mp.mpf(z > 0),
    "leaky_relu": lambda z: mp.mpf(1) if z > 0 else mp.mpf(1) / 100,
    "elu": lambda z: mp.mpf(1) if z > 0 else mp.exp(z),
    "selu": lambda z: LAMBDA if z > 0 else LAMBDA * ALPHA * mp.exp(z),
    "softplus": lambda z: 1 / (1 + mp.exp(-z)),
    "gelu": lambda z: mp.erfc(-z / mp.sqrt(2)) / 2 + z * mp.npdf(z),
    "silu": lambda z: (1 + mp.exp(-z) + z * mp.exp(-z)) / (1 + mp.exp(-z)) ** 2,
    "identity": lambda z: mp.mpf(1),
    "exp": mp.exp,
    "log": lambda z: 1 / z,
    "abs": mp.sign,
    "huber": lambda z: z if abs(z) <= 1 else mp.sign(z),
}
GRID = [s * a for a in (700.0, 40.0, 20.0, 5.0, 2.0, 1.0, 0.7, 1e-3, 1e-8, 1e-300) for s in (-1, 1)] + [0.0]


def grid(row: Activation) -> list[float]:
    return [z for z in GRID if z > 0] if row.name == "log" else GRID


def evaluated(row: Activation, source: str, **variables: np.ndarray) -> np.ndarray:
    """The source run as the program that a reader would write: NumPy, the preamble, the expression."""
    space: dict[str, object] = {"np": np}
    exec(row.preamble, space)
    with np.errstate(all="raise", under="ignore"):
        return np.asarray(eval(source, space, dict(variables)))


def near(got: np.ndarray, expected: list[mpmath.mpf], relative: float, absolute: float = 5e-324) -> None:
    for g, e in zip(got, expected, strict=True):
        assert abs(mp.mpf(float(g)) - e) <= relative * abs(e) + absolute, (g, e)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_row_has_a_reference(name: str) -> None:
    assert name in REFERENCE
    assert name in SLOPES


@pytest.mark.parametrize("row", FUNCTIONS.values(), ids=lambda row: row.name)
def test_numpy_value_is_accurate_and_never_overflows(row: Activation) -> None:
    z = np.array(grid(row))
    near(
        evaluated(row, row.numpy(), z=z),
        [REFERENCE[row.name](mp.mpf(v)) for v in z],
        2e-13 if row.name == "gelu" else 2e-15,
    )


@pytest.mark.parametrize("row", FUNCTIONS.values(), ids=lambda row: row.name)
def test_numpy_derivative_is_accurate_and_never_overflows(row: Activation) -> None:
    z = np.array(grid(row))
    # gelu: cancellation of Φ and zφ, and erfc at a rounded argument, cost figures where the slope is tiny
    relative = 2e-12 if row.name == "gelu" else 4e-15
    near(evaluated(row, row.numpy(1), z=z), [SLOPES[row.name](mp.mpf(v)) for v in z], relative)


@pytest.mark.parametrize("row", FUNCTIONS.values(), ids=lambda row: row.name)
@pytest.mark.parametrize("order", [0, 1])
def test_sympy_agrees_with_the_reference_at_50_digits(row: Activation, order: int) -> None:
    formula = sympy.lambdify(sympy.Symbol("z", real=True), row.expression(order), "mpmath")
    table = (SLOPES if order else REFERENCE)[row.name]
    # 1 - tanh(700)² is 4e-608; the constants of SELU have 32 figures
    figures = 30 if row.name == "selu" else 50
    for v in grid(row):
        with mpmath.workdps(800):
            got = formula(mpmath.mpf(v))
        assert abs(got - table(mp.mpf(v))) <= mp.mpf(10) ** -figures * abs(table(mp.mpf(v))) + mp.mpf(10) ** -750


@pytest.mark.parametrize("row", FUNCTIONS.values(), ids=lambda row: row.name)
def test_second_derivative_is_the_slope_of_the_first(row: Activation) -> None:
    places = [0.3, 0.8, 1.7, 6.0] if row.name == "log" else [-6.0, -1.7, -0.3, 0.3, 0.8, 1.7, 6.0]
    expected = [mp.diff(SLOPES[row.name], mp.mpf(v)) for v in places]
    near(evaluated(row, row.numpy(2), z=np.array(places)), expected, 1e-12, 1e-15)
    z = sympy.Symbol("z", real=True)
    near(np.array([float(row.derivative(2).subs(z, sympy.Rational(v))) for v in places]), expected, 1e-12, 1e-15)


@pytest.mark.parametrize("row", [r for r in FUNCTIONS.values() if r.by_value], ids=lambda row: row.name)
def test_derivative_by_the_value(row: Activation) -> None:
    z = np.array([v for v in grid(row) if abs(v) <= 40])
    h = evaluated(row, row.numpy(), z=z)
    near(evaluated(row, row.by_value, h=h), [SLOPES[row.name](mp.mpf(v)) for v in z], 4e-15)


@pytest.mark.parametrize(
    ("name", "source", "place"),
    [
        ("tanh", "1.0 - h", 0.5),
        ("tanh", "1.0 - h * h", 20.0),
        ("sigmoid", "h * (1.0 - h)", 40.0),
        ("elu", "np.where(h <= 0, h + 1.0, 1.0)", -40.0),
        ("selu", "np.where(h <= 0, h + 1.7580993408473768, 1.0507009873554805)", -40.0),
    ],
)
def test_a_slope_by_the_value_that_cancels_would_be_seen(name: str, source: str, place: float) -> None:
    row = FUNCTIONS[name]
    assert not row.by_value
    h = evaluated(row, row.numpy(), z=np.array([place]))
    with pytest.raises(AssertionError):
        near(evaluated(row, source, h=h), [SLOPES[name](mp.mpf(place))], 4e-15)


SOFTSIGN = Activation("softsign", "softsign", lambda sp, z: z / (1 + sp.Abs(z)))


def test_a_row_with_a_modulus() -> None:
    """Softsign, its slope 1/(1 + |z|)² and the slope of that, which is odd."""
    z = np.array([v for v in GRID if v])
    at = [mp.mpf(v) for v in z]
    near(evaluated(SOFTSIGN, SOFTSIGN.numpy(), z=z), [v / (1 + abs(v)) for v in at], 4e-16)
    near(evaluated(SOFTSIGN, SOFTSIGN.numpy(1), z=z), [1 / (1 + abs(v)) ** 2 for v in at], 1e-15)
    near(evaluated(SOFTSIGN, SOFTSIGN.numpy(2), z=z), [-2 * mp.sign(v) / (1 + abs(v)) ** 3 for v in at], 2e-15)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (lambda sp, z: sp.sign(z), lambda v: mp.sign(v)),
        (lambda sp, z: sp.Abs(z - 1), lambda v: abs(v - 1)),
        (lambda sp, z: sp.Max(-1, sp.Min(1, z)), lambda v: max(-1, min(1, v))),
        (lambda sp, z: sp.Max(z, -2, z / 3), lambda v: max(v, -2, v / 3)),
        (lambda sp, z: z / sp.sqrt(1 + z**2), lambda v: v / mp.sqrt(1 + v**2)),
        (lambda sp, z: sp.exp(-(z**2) / sp.pi), lambda v: mp.exp(-(v**2) / mp.pi)),
        (
            lambda sp, z: sp.Piecewise((z**2, sp.Abs(z) <= 1), (2 * sp.Abs(z) - 1, True)),
            lambda v: v**2 if abs(v) <= 1 else 2 * abs(v) - 1,
        ),
    ],
)
def test_functions_that_a_new_row_may_use(formula: Callable, expected: Callable) -> None:
    row = Activation("new", "new", formula)
    z = np.array([-20.0, -3.0, -1.0, -0.4, 0.0, 0.6, 1.0, 2.5, 20.0])
    near(evaluated(row, row.numpy(), z=z), [mp.mpf(expected(mp.mpf(v))) for v in z], 1e-13)


@pytest.mark.parametrize(
    ("formula", "order", "name"),
    [
        (lambda sp, z: z * sp.sin(z), 0, "sin"),
        (lambda sp, z: sp.erf(z), 0, "erf"),
        (lambda sp, z: sp.Max(0, z), 1, "Heaviside"),
        (lambda sp, z: sp.Piecewise((z, sp.cos(z) > 0), (0, True)), 0, "cos"),
    ],
)
def test_a_function_without_numpy_source_is_named(formula: Callable, order: int, name: str) -> None:
    with pytest.raises(SymbackpropError, match=rf"has no NumPy source: {name} is not one of Abs, Max, Min, exp, log"):
        Activation("new", "new", formula).numpy(order)


@pytest.mark.parametrize(
    ("name", "greatest", "place"),
    [
        ("sigmoid", 0.25, 0.0),
        ("tanh", 1.0, 0.0),
        ("relu", 1.0, 1.0),
        ("softplus", 1.0, 700.0),
        ("gelu", 1.128904, 2**0.5),
        ("silu", 1.099839, 2.39936),
    ],
)
def test_greatest_slope(name: str, greatest: float, place: float) -> None:
    row = ACTIVATIONS[name]
    z = np.linspace(-30, 30, 60001)
    assert np.abs(evaluated(row, row.numpy(1), z=z)).max() == pytest.approx(greatest, abs=1e-6)
    assert evaluated(row, row.numpy(1), z=np.array([place]))[0] == pytest.approx(greatest, abs=1e-6)


def test_silu_has_its_least_slope_where_it_has_its_greatest_mirrored() -> None:
    row = ACTIVATIONS["silu"]
    z = np.linspace(-30, 30, 60001)
    slopes = evaluated(row, row.numpy(1), z=z)
    assert slopes.min() == pytest.approx(-0.099839, abs=1e-6)
    assert z[slopes.argmin()] == pytest.approx(-2.39936, abs=1e-3)


@pytest.mark.parametrize(("name", "slope"), [("sigmoid", 0.0066481), ("tanh", 1.8158e-4)])
def test_slopes_that_vanish(name: str, slope: float) -> None:
    z = sympy.Symbol("z", real=True)
    assert float(activation(name).derivative().subs(z, 5)) == pytest.approx(slope, rel=1e-4)


@pytest.mark.parametrize(
    ("name", "slope"),
    [("relu", 0), ("leaky_relu", 0.01), ("elu", 1), ("selu", 1.7580993408473768), ("abs", 0), ("huber", 0)],
)
def test_convention_at_zero_holds_in_sympy_and_in_numpy(name: str, slope: float) -> None:
    row = FUNCTIONS[name]
    z = sympy.Symbol("z", real=True)
    assert float(row.derivative().subs(z, 0)) == pytest.approx(slope, abs=1e-15)
    assert evaluated(row, row.numpy(1), z=np.array([0.0, -0.0])).tolist() == pytest.approx([slope, slope], abs=1e-15)


@pytest.mark.parametrize("row", FUNCTIONS.values(), ids=lambda row: row.name)
def test_kinks_are_where_the_one_sided_slopes_differ(row: Activation) -> None:
    step = mp.mpf(10) ** -20
    for place in (-1, 0, 1) if row.name != "log" else (1, 2):
        differ = abs(SLOPES[row.name](place + step) - SLOPES[row.name](place - step)) > 1e-9
        assert (place in row.kinks) == differ
    assert bool(row.kinks) == bool(row.convention)


def test_simple_derivatives_are_readable() -> None:
    z = sympy.Symbol("z", real=True)
    assert activation("tanh").derivative() == 1 - sympy.tanh(z) ** 2
    assert activation("identity").derivative() == 1
    assert sympy.count_ops(activation("sigmoid").derivative()) <= 6


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("ReLU", "relu"),
        ("GELU", "gelu"),
        ("SiLU", "silu"),
        ("ELU", "elu"),
        ("SELU", "selu"),
        ("LeakyReLU", "leaky_relu"),
        ("leaky-relu", "leaky_relu"),
        ("Tanh", "tanh"),
        ("sigma", "sigmoid"),
        ("σ", "sigmoid"),
    ],
)
def test_spellings(written: str, name: str) -> None:
    assert activation(written) is ACTIVATIONS[name]


@pytest.mark.parametrize(
    ("written", "symbol"),
    [("g", "g"), ("f", "f"), ("generic", "g"), ("phi", "φ"), ("φ", "φ"), ("psi", "ψ"), ("lambda", "λ"), ("ρ", "ρ")],
)
def test_generic_functions(written: str, symbol: str) -> None:
    found = activation(written)
    assert found.is_generic
    assert found.symbol == symbol
    assert activation(found.name) == found


def test_a_generic_function_has_no_formula() -> None:
    with pytest.raises(SymbackpropError, match="g is a generic function"):
        activation("g").numpy(1)


@pytest.mark.parametrize("name", ["abs", "huber", "exp", "log"])
def test_what_only_losses_use_is_not_offered(name: str) -> None:
    assert scalar_function(name).name == name
    with pytest.raises(SymbackpropError, match=rf"no activation '{name}': write one of elu, gelu"):
        activation(name)


def test_symbols_of_more_than_one_letter_are_operators() -> None:
    assert [activation(n).is_operator for n in ("sigmoid", "tanh", "relu", "phi")] == [False, True, True, False]


def test_the_variable_of_the_source_can_be_chosen() -> None:
    assert activation("silu").numpy(0, "a").count("z") == 0
    z = np.array([-1.0, 2.0])
    row = activation("gelu")
    assert evaluated(row, row.numpy(1, "z1"), z1=z).tolist() == evaluated(row, row.numpy(1), z=z).tolist()


def test_the_table_needs_no_sympy() -> None:
    code = (
        "import sys, symbackprop.activations, symbackprop.losses; print('sympy' in sys.modules, 'numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
