"""Scalar functions, one row each: the activations, and what losses apply to one entry.

A row gives `g` once, as SymPy writes it; every derivative is SymPy's derivative of that, never typed, and NumPy source
for the derivatives is made from it (`symbackprop.numpy_source`). A row may give stable NumPy source for `g` itself.

At a kink the derivative is taken from the left, as `g'(0)` = slope for `z < 0`: ReLU'(0) = 0, LeakyReLU'(0) = 1/100,
SELU'(0) = λα. The one exception is `abs`, with `sign(0) = 0`. Because each row writes its pieces as `z ≤ 0` and
otherwise, SymPy's derivative, its values and the NumPy source follow the same convention.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import cache
from typing import Any

from symbackprop.errors import SymbackpropError
from symbackprop.notations import GREEK
from symbackprop.scalar import Activation as Activation

LEFT = "from the left"

NORMAL_CDF = '''\
import math

_erfc = np.frompyfunc(math.erfc, 1, 1)


def normal_cdf(z):
    """Φ(z), the standard normal distribution function, accurate in both tails."""
    return 0.5 * np.asarray(_erfc(-math.sqrt(0.5) * np.asarray(z)), dtype=float)
'''


ERF = '''\
import math

_erf = np.frompyfunc(math.erf, 1, 1)


def error_function(z):
    """2/√π times the integral of exp(-t²) from 0 to z."""
    return np.asarray(_erf(np.asarray(z)), dtype=float)
'''


def _selu(sp: Any, z: Any) -> Any:
    """λ z, and λα(eᶻ - 1) for z ≤ 0, with the constants of Klambauer et al. (2017) to 32 figures."""
    scale = sp.Float("1.0507009873554804934193349852946", 32)
    alpha = sp.Float("1.6732632423543772848170429916717", 32)
    return sp.Piecewise((scale * alpha * (sp.exp(z) - 1), z <= 0), (scale * z, True))


ROWS = (
    Activation(
        "sigmoid",
        "σ",
        lambda sp, z: 1 / (1 + sp.exp(-z)),
        source="np.exp(np.minimum(z, 0.0)) / (1.0 + np.exp(-np.abs(z)))",
        quick="h * (1 - h)",
    ),
    Activation("tanh", "tanh", lambda sp, z: sp.tanh(z), source="np.tanh(z)", quick="1 - h * h"),
    Activation(
        "relu",
        "ReLU",
        lambda sp, z: sp.Piecewise((0, z <= 0), (z, True)),
        kinks=(0,),
        convention=LEFT,
        source="np.maximum(z, 0.0)",
        by_value="np.where(h <= 0, 0.0, 1.0)",
        quick="np.greater(h, 0.0)",
    ),
    Activation(
        "leaky_relu",
        "LeakyReLU",
        lambda sp, z: sp.Piecewise((z / 100, z <= 0), (z, True)),
        kinks=(0,),
        convention=LEFT,
        by_value="np.where(h <= 0, 0.01, 1.0)",
    ),
    Activation(
        "elu",
        "ELU",
        lambda sp, z: sp.Piecewise((sp.exp(z) - 1, z <= 0), (z, True)),
        source="np.where(z <= 0, np.expm1(np.minimum(z, 0.0)), z)",
    ),
    Activation(
        "selu",
        "SELU",
        _selu,
        kinks=(0,),
        convention=LEFT,
        source="np.where(z <= 0, 1.7580993408473768 * np.expm1(np.minimum(z, 0.0)), 1.0507009873554805 * z)",
    ),
    Activation(
        "softplus",
        "softplus",
        lambda sp, z: sp.log(1 + sp.exp(z)),
        source="np.maximum(z, 0.0) + np.log1p(np.exp(-np.abs(z)))",
        by_value="-np.expm1(-h)",
    ),
    Activation(
        "gelu",
        "GELU",
        lambda sp, z: z * (1 + sp.erf(z / sp.sqrt(2))) / 2,
        source="np.maximum(z, -1e3) * normal_cdf(z)",
        preamble=NORMAL_CDF,
    ),
    Activation(
        "silu",
        "SiLU",
        lambda sp, z: z / (1 + sp.exp(-z)),
        source="np.maximum(z, -1e3) * np.exp(np.minimum(z, 0.0)) / (1.0 + np.exp(-np.abs(z)))",
    ),
    Activation("identity", "id", lambda sp, z: z, by_value="np.ones_like(h)"),
    Activation("exp", "exp", lambda sp, z: sp.exp(z), source="np.exp(z)", by_value="h", offered=False),
    Activation("log", "log", lambda sp, z: sp.log(z), source="np.log(z)", offered=False),
    Activation(
        "abs",
        "abs",
        lambda sp, z: sp.Piecewise((-z, z < 0), (z, z > 0), (0, True)),
        kinks=(0,),
        convention="sign(0) = 0",
        source="np.abs(z)",
        offered=False,
    ),
    Activation(
        "huber",
        "huber",
        lambda sp, z: sp.Piecewise((-z - sp.Rational(1, 2), z < -1), (z**2 / 2, z <= 1), (z - sp.Rational(1, 2), True)),
        source="np.where(np.abs(z) <= 1, 0.5 * z**2, np.abs(z) - 0.5)",
        offered=False,
    ),
    Activation("sin", "sin", lambda sp, z: sp.sin(z), offered=False),
    Activation("cos", "cos", lambda sp, z: sp.cos(z), offered=False),
    Activation("sinh", "sinh", lambda sp, z: sp.sinh(z), offered=False),
    Activation("cosh", "cosh", lambda sp, z: sp.cosh(z), offered=False),
    Activation("arctan", "arctan", lambda sp, z: sp.atan(z), offered=False),
    Activation("erf", "erf", lambda sp, z: sp.erf(z), preamble=ERF, offered=False),
    Activation("sqrt", "sqrt", lambda sp, z: sp.sqrt(z), offered=False),
    Activation("square", "square", lambda sp, z: z**2, offered=False),
    Activation("reciprocal", "reciprocal", lambda sp, z: 1 / z, offered=False),
    Activation(
        "sign",
        "sign",
        lambda sp, z: sp.Piecewise((-1, z < 0), (1, z > 0), (0, True)),
        kinks=(0,),
        convention="sign′(0) = 0",
        source="np.sign(np.real(z))",
        offered=False,
    ),
    Activation(
        "step",
        "step",
        lambda sp, z: sp.Piecewise((0, z <= 0), (1, True)),
        kinks=(0,),
        convention="step(0) = 0, step′(0) = 0",
        source="np.where(z <= 0, 0.0, 1.0)",
        offered=False,
    ),
    Activation("softsign", "softsign", lambda sp, z: z / (1 + sp.Abs(z)), offered=False),
    Activation(
        "hard_tanh",
        "hardtanh",
        lambda sp, z: sp.Piecewise((-1, z <= -1), (z, z <= 1), (1, True)),
        kinks=(-1, 1),
        convention=LEFT,
        source="np.clip(z, -1.0, 1.0)",
        offered=False,
    ),
    # tanh(log(1 + eᶻ)) as a fraction in eᶻ
    Activation(
        "mish",
        "Mish",
        lambda sp, z: z * (sp.exp(2 * z) + 2 * sp.exp(z)) / (sp.exp(2 * z) + 2 * sp.exp(z) + 2),
        offered=False,
    ),
    Activation(
        "log_sigmoid",
        "logsigmoid",
        lambda sp, z: -sp.log(1 + sp.exp(-z)),
        source="np.minimum(z, 0.0) - np.log1p(np.exp(-np.abs(z)))",
        offered=False,
    ),
)

FUNCTIONS: dict[str, Activation] = {row.name: row for row in ROWS}
ACTIVATIONS: dict[str, Activation] = {row.name: row for row in ROWS if row.offered}

# σ is the sigmoid unless a network says otherwise
LETTERS = {letter: name for name, letter in GREEK.items()}


def offered() -> str:
    """The names that may be written for an activation, for an error message."""
    return ", ".join(sorted(ACTIVATIONS))


def _squeezed(name: str) -> str:
    return name.casefold().replace("_", "").replace("-", "").replace(" ", "")


def activation(name: str) -> Activation:
    """The activation of that name; a single letter, or the name of a Greek one, is a generic function.

    Capitals, `_` and `-` do not count: `LeakyReLU`, `leaky-relu`. `sigma` and `σ` are the sigmoid.

    Raises:
        SymbackpropError: for a name that is neither.
    """
    for row in ACTIVATIONS.values():
        if _squeezed(row.name) == _squeezed(name):
            return row
    if name == "generic":
        return Activation("g", "g")
    letter = LETTERS.get(name, name)
    if letter == "sigma":
        return ACTIVATIONS["sigmoid"]
    if letter in GREEK:
        return Activation(letter, GREEK[letter])
    if len(name) == 1 and name.isalpha():
        return Activation(name, name)
    raise SymbackpropError(f"there is no activation {name!r}: write one of {offered()}, or a letter for a generic one")


def scalar_function(name: str) -> Activation:
    """The row of an `Elementwise` node: an activation, or a function that only losses use.

    The functions with a parameter are `prelu(1/4)`, `elu(2)` and `swish(3/2)`; `swish` alone is `silu`.

    Raises:
        SymbackpropError: for a name that is neither.
    """
    if name in FUNCTIONS:
        return FUNCTIONS[name]
    if name == "swish":
        return FUNCTIONS["silu"]
    return with_parameter(name) or activation(name)


_NUMBER = re.compile(r"(\w+)\((\d+(?:/\d+|\.\d+)?)\)")


def _prelu(sp: Any, z: Any, a: Any) -> Any:
    return sp.Piecewise((a * z, z <= 0), (z, True))


def _elu(sp: Any, z: Any, a: Any) -> Any:
    return sp.Piecewise((a * (sp.exp(z) - 1), z <= 0), (z, True))


def _swish(sp: Any, z: Any, a: Any) -> Any:
    return z / (1 + sp.exp(-a * z))


# functions with a parameter a: symbol, formula, whether it has a kink at 0 unless a is 1
PARAMETRIC: dict[str, tuple[str, Callable[[Any, Any, Any], Any], bool]] = {
    "prelu": ("PReLU", _prelu, True),
    "elu": ("ELU", _elu, True),
    "swish": ("Swish", _swish, False),
}


@cache
def with_parameter(name: str) -> Activation | None:
    """The row of a function with a parameter: `prelu(1/4)`; None for another name.

    Raises:
        SymbackpropError: for a parameter that is not a number above 0.
    """
    found = _NUMBER.fullmatch(name)
    if found is None or found[1] not in PARAMETRIC:
        if name.partition("(")[0] in PARAMETRIC and name not in FUNCTIONS:
            raise SymbackpropError(f"{name!r} has no parameter: write a number above 0 after it, as in 'prelu(1/4)'")
        return None
    symbol, formula, has_kink = PARAMETRIC[found[1]]
    value = Fraction(found[2])
    if not value:
        raise SymbackpropError(f"the parameter of {name!r} is 0: write a number above 0, as in 'prelu(1/4)'")

    def at(sp: Any, z: Any) -> Any:
        return formula(sp, z, sp.Rational(value.numerator, value.denominator))

    kinks = (0,) if has_kink and value != 1 else ()
    return Activation(
        name, symbol, at, kinks=kinks, convention=LEFT if kinks else "", offered=False, parameter=str(value)
    )


GENERIC = frozenset({"g", "f", "h", "phi", "psi", "sigma", "generic"})


def function(name: str, formula: Callable[[Any, Any], Any], symbol: str = "") -> Activation:
    """Registers a function of one variable: `function("q", lambda sympy, z: z**3 + z)`.

    From then on `Elementwise("q", …)`, and what is returned called with an expression, apply it to each entry; its
    derivatives are SymPy's. Kinks are written as `Piecewise` with `z <= 0` and otherwise.

    Args:
        name: a word of letters, digits and `_`.
        formula: `(sympy, z) -> expression` in the real symbol `z`.
        symbol: how formulas write it; its name if it is not given.

    Raises:
        SymbackpropError: for a name that has another formula already, or that stands for a function of which nothing is
            known, and for a formula with another variable than `z`.
    """
    import sympy

    if not name.isidentifier() or name in GENERIC:
        raise SymbackpropError(
            f"{name!r} cannot be the name of a function: write a word of letters, digits and _, which is none of "
            f"{', '.join(sorted(GENERIC))}, as these stand for functions of which nothing is known"
        )
    row = Activation(name, symbol or name, formula, offered=False)
    made = row.expression()
    others = made.free_symbols - {sympy.Symbol("z", real=True)}
    if others:
        raise SymbackpropError(f"the formula of {name} has {', '.join(sorted(map(str, others)))} in it: write it in z")
    if made.has(sympy.erf):
        row = replace(row, preamble=NORMAL_CDF + ERF.removeprefix("import math\n"))
    known = scalar_function(name) if name in FUNCTIONS or name == "swish" else None
    if known is None:
        FUNCTIONS[name] = row
        return row
    if known.formula is None or sympy.simplify(known.expression() - made) != 0:
        raise SymbackpropError(
            f"{name} is {'a generic function' if known.formula is None else known.expression()} already: "
            "choose another name"
        )
    return known
