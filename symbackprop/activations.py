"""Scalar functions, one row each: the activations, and what losses apply to one entry.

A row gives `g` once, as SymPy writes it; every derivative is SymPy's derivative of that, never typed, and NumPy source
for the derivatives is made from it (`symbackprop.numpy_source`). A row may give stable NumPy source for `g` itself.

At a kink the derivative is taken from the left, as `g'(0)` = slope for `z < 0`: ReLU'(0) = 0, LeakyReLU'(0) = 1/100,
SELU'(0) = λα. The one exception is `abs`, with `sign(0) = 0`. Because each row writes its pieces as `z ≤ 0` and
otherwise, SymPy's derivative, its values and the NumPy source follow the same convention.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from symbackprop.errors import SymbackpropError
from symbackprop.notations import GREEK

LEFT = "from the left"

NORMAL_CDF = '''\
import math

_erfc = np.frompyfunc(math.erfc, 1, 1)


def normal_cdf(z):
    """Φ(z), the standard normal distribution function, accurate in both tails."""
    return 0.5 * np.asarray(_erfc(-math.sqrt(0.5) * np.asarray(z)), dtype=float)
'''


@dataclass(frozen=True)
class Activation:
    """A scalar function `g`.

    Attributes:
        name: what it is called on the command line.
        symbol: how formulas write it, in Unicode; more than one letter is an operator (`tanh`).
        formula: `(sympy, z) -> expression`; None for a generic one, about which nothing is known.
        kinks: the points at which `g` has no derivative.
        convention: which one-sided slope stands for the derivative at a kink.
        source: stable NumPy source of `g` in `z`; made from the formula where it is empty.
        by_value: NumPy source of `g'(z)` in `h = g(z)`, where that is one expression which does not cancel; else empty:
            `1 - h²` for tanh has no figure left where `h` rounds to 1, and the slope is taken from `z`.
        preamble: what NumPy code that uses it must define first, after `import numpy as np`.
        offered: whether it may be the activation of a network; a row that only losses use is not.
    """

    name: str
    symbol: str
    formula: Callable[[Any, Any], Any] | None = None
    kinks: tuple[int, ...] = ()
    convention: str = ""
    source: str = ""
    by_value: str = ""
    preamble: str = ""
    offered: bool = True

    @property
    def is_generic(self) -> bool:
        """Whether nothing is known of it but its name."""
        return self.formula is None

    @property
    def is_operator(self) -> bool:
        """Whether its symbol is written upright, being more than one letter."""
        return len(self.symbol) > 1

    def expression(self, order: int = 0) -> Any:
        """`g`, or its `order`-th derivative, as SymPy writes it in the real symbol `z`.

        Raises:
            SymbackpropError: for a generic function.
        """
        if self.formula is None:
            raise SymbackpropError(
                f"{self.name} is a generic function, so nothing more is known of it: write one of {offered()}"
            )
        return _expression(self, order)

    def derivative(self, order: int = 1) -> Any:
        """The `order`-th derivative, by SymPy, in a readable form."""
        return self.expression(order)

    def numpy(self, order: int = 0, variable: str = "z") -> str:
        """NumPy source of `g` or its `order`-th derivative: one expression in `variable`, over arrays of any shape.

        It neither overflows nor loses figures for large or small `|z|`; `preamble` must stand before it.

        Raises:
            SymbackpropError: for a generic function.
        """
        from symbackprop.numpy_source import in_variable, numpy_source

        if order == 0 and self.source:
            return in_variable(self.source, variable)
        return in_variable(numpy_source(self.expression(order)), variable)


@cache
def _expression(row: Activation, order: int) -> Any:
    import sympy

    z = sympy.Symbol("z", real=True)
    assert row.formula is not None
    if order == 0:
        return sympy.sympify(row.formula(sympy, z))
    return _readable(sympy.diff(_expression(row, order - 1), z))


def _readable(e: Any) -> Any:
    """A derivative as a person would write it; the pieces are simplified one by one, so that each keeps its domain."""
    import sympy

    if isinstance(e, sympy.Piecewise):
        return sympy.Piecewise(*((_readable(piece), where) for piece, where in e.args))
    # z sign(z) is |z|, which SymPy does not say
    e = e.replace(lambda part: part.is_Mul and part.has(sympy.sign), _by_modulus)
    forms = [e, sympy.factor(e), sympy.factor(sympy.together(e)), sympy.simplify(e)]
    # simplify may trade exponentials for cosh(z/2), which nobody expects: only forms in the functions of the row count
    known = {type(part) for part in e.atoms(sympy.Function)}
    plain = [form for form in forms if {type(part) for part in form.atoms(sympy.Function)} <= known]
    return min(plain, key=sympy.count_ops)


def _by_modulus(e: Any) -> Any:
    import sympy

    z = sympy.Symbol("z", real=True)
    return e.subs(z * sympy.sign(z), sympy.Abs(z))


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
    ),
    Activation("tanh", "tanh", lambda sp, z: sp.tanh(z), source="np.tanh(z)"),
    Activation(
        "relu",
        "ReLU",
        lambda sp, z: sp.Piecewise((0, z <= 0), (z, True)),
        kinks=(0,),
        convention=LEFT,
        source="np.maximum(z, 0.0)",
        by_value="np.where(h <= 0, 0.0, 1.0)",
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
        source="z * normal_cdf(z)",
        preamble=NORMAL_CDF,
    ),
    Activation(
        "silu",
        "SiLU",
        lambda sp, z: z / (1 + sp.exp(-z)),
        source="z * np.exp(np.minimum(z, 0.0)) / (1.0 + np.exp(-np.abs(z)))",
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

    Raises:
        SymbackpropError: for a name that is neither.
    """
    return FUNCTIONS[name] if name in FUNCTIONS else activation(name)
