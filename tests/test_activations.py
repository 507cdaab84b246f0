"""Values from papers, from mpmath at 50 digits with formulas of its own, and from the stated conventions."""

from __future__ import annotations

import math
import subprocess
import sys
import warnings
from collections.abc import Callable

import mpmath
import numpy as np
import pytest
import sympy

from symbackprop.activations import ACTIVATIONS, FUNCTIONS, ROWS, Activation, activation, function, scalar_function
from symbackprop.errors import SymbackpropError
from symbackprop.expr import Elementwise, Named

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
    "sin": mp.sin,
    "cos": mp.cos,
    "sinh": mp.sinh,
    "cosh": mp.cosh,
    "arctan": mp.atan,
    "erf": mp.erf,
    "sqrt": mp.sqrt,
    "square": lambda z: z * z,
    "reciprocal": lambda z: 1 / z,
    "sign": mp.sign,
    "step": lambda z: mp.mpf(z > 0),
    "softsign": lambda z: z / (1 + abs(z)),
    "hard_tanh": lambda z: max(mp.mpf(-1), min(mp.mpf(1), z)),
    "mish": lambda z: z * mp.tanh(mp.log1p(mp.exp(z))),
    "log_sigmoid": lambda z: -mp.log1p(mp.exp(-z)),
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
    "sin": mp.cos,
    "cos": lambda z: -mp.sin(z),
    "sinh": mp.cosh,
    "cosh": mp.sinh,
    "arctan": lambda z: 1 / (1 + z * z),
    "erf": lambda z: 2 * mp.exp(-z * z) / mp.sqrt(mp.pi),
    "sqrt": lambda z: 1 / (2 * mp.sqrt(z)),
    "square": lambda z: 2 * z,
    "reciprocal": lambda z: -1 / (z * z),
    "sign": lambda z: mp.mpf(0),
    "step": lambda z: mp.mpf(0),
    "softsign": lambda z: 1 / (1 + abs(z)) ** 2,
    "hard_tanh": lambda z: mp.mpf(-1 < z <= 1),
    "mish": lambda z: mp.tanh(mp.log1p(mp.exp(z))) + z * mp.sech(mp.log1p(mp.exp(z))) ** 2 / (1 + mp.exp(-z)),
    "log_sigmoid": lambda z: 1 / (1 + mp.exp(z)),
}
# where a function is defined, by its name, if that is not everywhere; the slope of 1/z does not overflow there
DOMAIN: dict[str, Callable[[float], bool]] = {
    "log": lambda z: z > 0,
    "sqrt": lambda z: z > 0,
    "reciprocal": lambda z: abs(z) > 1e-100,
}
GRID = [s * a for a in (700.0, 40.0, 20.0, 5.0, 2.0, 1.0, 0.7, 1e-3, 1e-8, 1e-300) for s in (-1, 1)] + [0.0]


def grid(row: Activation) -> list[float]:
    return list(filter(DOMAIN.get(row.name, lambda z: True), GRID))


def evaluated(row: Activation, source: str, **variables: np.ndarray) -> np.ndarray:
    """The source run as the program that a reader would write: NumPy, the preamble, the expression."""
    space: dict[str, object] = {"np": np}
    exec(row.preamble, space)
    with np.errstate(all="raise", under="ignore"):
        return np.asarray(eval(source, space, dict(variables)))


def near(got: np.ndarray, expected: list[mpmath.mpf], relative: float, absolute: float = 5e-324) -> None:
    for g, e in zip(got, expected, strict=True):
        assert abs(mp.mpf(float(g)) - e) <= relative * abs(e) + absolute, (g, e)


@pytest.mark.parametrize("name", [row.name for row in ROWS])
def test_every_row_has_a_reference(name: str) -> None:
    assert name in REFERENCE
    assert name in SLOPES


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_numpy_value_is_accurate_and_never_overflows(row: Activation) -> None:
    z = np.array(grid(row))
    near(
        evaluated(row, row.numpy(), z=z),
        [REFERENCE[row.name](mp.mpf(v)) for v in z],
        2e-13 if row.name == "gelu" else 2e-15,
    )


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_numpy_derivative_is_accurate_and_never_overflows(row: Activation) -> None:
    z = np.array(grid(row))
    # gelu: cancellation of Φ and zφ, and erfc at a rounded argument, cost figures where the slope is tiny
    relative = 2e-12 if row.name == "gelu" else 4e-15
    near(evaluated(row, row.numpy(1), z=z), [SLOPES[row.name](mp.mpf(v)) for v in z], relative)


# values at -∞ and at +∞ of the function, its slope and the slope of that, by hand
INF = math.inf
LIMITS: dict[str, tuple[tuple[float, float], ...]] = {
    "sigmoid": ((0, 1), (0, 0), (0, 0)),
    "tanh": ((-1, 1), (0, 0), (0, 0)),
    "relu": ((0, INF), (0, 1), (0, 0)),
    "leaky_relu": ((-INF, INF), (0.01, 1), (0, 0)),
    "elu": ((-1, INF), (0, 1), (0, 0)),
    "selu": ((-1.7580993408473766, INF), (0, 1.0507009873554805), (0, 0)),
    "softplus": ((0, INF), (0, 1), (0, 0)),
    "gelu": ((0, INF), (0, 1), (0, 0)),
    "silu": ((0, INF), (0, 1), (0, 0)),
    "identity": ((-INF, INF), (1, 1), (0, 0)),
}
SIZES = (1e-300, 1.0, 37.5, 709.0, 745.2, 1e3, 1e5)
ORDERS = pytest.mark.parametrize("order", [0, 1, 2])
OFFERED = pytest.mark.parametrize("row", ACTIVATIONS.values(), ids=lambda row: row.name)


def without_warning(row: Activation, order: int, z: list[float]) -> np.ndarray:
    """The values, where a warning of any kind is an error."""
    space: dict[str, object] = {"np": np}
    exec(row.preamble, space)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return np.asarray(eval(row.numpy(order), space, {"z": np.array(z)}))


def test_every_activation_has_limits() -> None:
    assert LIMITS.keys() == ACTIVATIONS.keys()


@OFFERED
@ORDERS
def test_nothing_warns_and_values_are_exact(row: Activation, order: int) -> None:
    z = [sign * size for size in SIZES for sign in (-1, 1)] + [0.0]
    got = without_warning(row, order, z)
    if order < 2:
        table = SLOPES if order else REFERENCE
        with mp.workdps(800):
            expected = [table[row.name](mp.mpf(v)) for v in z]
        # z times a power of e that is the least number above 0, or not above it
        near(got, expected, 2e-12 if row.name == "gelu" else 4e-15, 1000 * 5e-324)
    elsewhere = [place for place, v in enumerate(z) if abs(v) > 750]
    far = [LIMITS[row.name][order][z[place] > 0] for place in elsewhere]
    finite = [place for place, limit in zip(elsewhere, far, strict=True) if math.isfinite(limit)]
    assert got[finite] == pytest.approx([limit for limit in far if math.isfinite(limit)], rel=1e-15, abs=5e-324)


@OFFERED
@ORDERS
def test_at_infinity_and_where_there_is_no_number(row: Activation, order: int) -> None:
    below, above, nothing = without_warning(row, order, [-INF, INF, math.nan])
    assert (below, above) == pytest.approx(LIMITS[row.name][order], rel=1e-15, abs=0)
    # a slope that is a number on one side of 0 is that number there
    assert math.isnan(nothing) != (order > 0 and row.name in ("relu", "leaky_relu", "elu", "selu", "identity"))


def test_a_branch_that_does_not_count_would_be_heard() -> None:
    row = Activation("new", "new", lambda sp, z: z, source="np.where(z <= 0, np.exp(z), 1.0)")
    with pytest.raises(RuntimeWarning, match="overflow"):
        without_warning(row, 0, [1e3])


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
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


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_second_derivative_is_the_slope_of_the_first(row: Activation) -> None:
    places = list(filter(DOMAIN.get(row.name, lambda z: True), [-6.0, -1.7, -0.3, 0.3, 0.8, 1.7, 6.0]))
    expected = [mp.diff(SLOPES[row.name], mp.mpf(v)) for v in places]
    near(evaluated(row, row.numpy(2), z=np.array(places)), expected, 1e-12, 1e-15)
    z = sympy.Symbol("z", real=True)
    near(np.array([float(row.derivative(2).subs(z, sympy.Rational(v))) for v in places]), expected, 1e-12, 1e-15)


@pytest.mark.parametrize("row", [r for r in ROWS if r.by_value], ids=lambda row: row.name)
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
        (lambda sp, z: z * sp.gamma(z), 0, "gamma"),
        (lambda sp, z: sp.erfc(z), 0, "erfc"),
        (lambda sp, z: sp.Max(0, z), 1, "Heaviside"),
        (lambda sp, z: sp.Piecewise((z, sp.zeta(z) > 0), (0, True)), 0, "zeta"),
    ],
)
def test_a_function_without_numpy_source_is_named(formula: Callable, order: int, name: str) -> None:
    with pytest.raises(SymbackpropError, match=rf"has no NumPy source: {name} is not one of Abs, Max, Min, atan, cos"):
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


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_kinks_are_where_the_one_sided_slopes_differ(row: Activation) -> None:
    step = mp.mpf(10) ** -20
    for place in filter(DOMAIN.get(row.name, lambda z: True), (-1, 0, 1, 2)):
        # a jump, or two slopes
        differ = any(abs(f[row.name](place + step) - f[row.name](place - step)) > 1e-9 for f in (REFERENCE, SLOPES))
        assert (place in row.kinks) == differ
    assert bool(row.kinks) == bool(row.convention)


@pytest.mark.parametrize(
    ("name", "formula", "slope"),
    [
        ("prelu(1/4)", lambda z: z if z > 0 else z / 4, lambda z: mp.mpf(1) if z > 0 else mp.mpf(1) / 4),
        ("prelu(0.1)", lambda z: z if z > 0 else z / 10, lambda z: mp.mpf(1) if z > 0 else mp.mpf(1) / 10),
        ("elu(2)", lambda z: z if z > 0 else 2 * mp.expm1(z), lambda z: mp.mpf(1) if z > 0 else 2 * mp.exp(z)),
        ("swish(3)", lambda z: z / (1 + mp.exp(-3 * z)), lambda z: mp.diff(lambda u: u / (1 + mp.exp(-3 * u)), z)),
    ],
)
def test_functions_with_a_parameter(name: str, formula: Callable, slope: Callable) -> None:
    row = scalar_function(name)
    z = np.array([-20.0, -3.0, -0.4, 0.0, 0.6, 2.5, 20.0])
    near(evaluated(row, row.numpy(), z=z), [mp.mpf(formula(mp.mpf(v))) for v in z], 1e-14)
    near(evaluated(row, row.numpy(1), z=z), [mp.mpf(slope(mp.mpf(v))) for v in z], 1e-13, 1e-25)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("prelu", "'prelu' has no parameter: write a number above 0 after it, as in 'prelu"),
        ("prelu(a)", "has no parameter"),
        ("prelu(-1)", "has no parameter"),
        ("swish(0)", "the parameter of 'swish\\(0\\)' is 0"),
        ("mush", "there is no activation 'mush'"),
    ],
)
def test_a_parameter_is_a_number_above_0(name: str, message: str) -> None:
    with pytest.raises(SymbackpropError, match=message):
        scalar_function(name)


def test_a_function_that_somebody_registers() -> None:
    cubic = function("cubic_of_a_test", lambda sp, z: z**3 + z)
    assert function("cubic_of_a_test", lambda sp, z: z * (z**2 + 1) - 0) is cubic
    assert cubic(Named("x"), 1) == Elementwise("cubic_of_a_test", Named("x"), 1)
    assert evaluated(scalar_function("cubic_of_a_test"), cubic.numpy(1), z=np.array([2.0])) == 13
    assert function("sine", lambda sp, z: sp.sin(z)).numpy(1) == "np.cos(z)"
    bell = function("bell", lambda sp, z: z * sp.erf(z) + sp.erf(z / sp.sqrt(2)))
    got = evaluated(bell, bell.numpy(), z=np.array([0.7]))[0]
    assert got == pytest.approx(0.7 * math.erf(0.7) + math.erf(0.7 / math.sqrt(2)), rel=1e-14)


@pytest.mark.parametrize(
    ("name", "formula", "message"),
    [
        ("tanh", lambda sp, z: sp.sin(z), "tanh is tanh\\(z\\) already: choose another name"),
        ("swish", lambda sp, z: z, "swish is .* already"),
        ("g", lambda sp, z: z, "stand for functions of which nothing is known"),
        ("two words", lambda sp, z: z, "write a word of letters, digits and _"),
        ("fine", lambda sp, z: sp.Symbol("a") * z, "the formula of fine has a in it: write it in z"),
    ],
)
def test_a_function_that_is_not_registered(name: str, formula: Callable, message: str) -> None:
    with pytest.raises(SymbackpropError, match=message):
        function(name, formula)
    assert "fine" not in FUNCTIONS


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
