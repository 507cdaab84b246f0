"""What the numeric judge takes for functions of which nothing is known, and for those that only losses use.

All are analytic away from their kinks, so that complex steps go through.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from symbackprop.activations import scalar_function
from symbackprop.errors import SymbackpropError
from symbackprop.numeric.backprop import ACTIVATIONS, Array, Entrywise, OfOutput
from symbackprop.scalar import Activation


def _smooth(z: Array) -> Array:
    return z + z * z / 4 - z * z * z / 10


def _smooth_slope(z: Array) -> Array:
    return 1 + z / 2 - 3 * z * z / 10


# what a generic activation is taken to be, one after another
GENERIC_ACTIVATIONS: tuple[tuple[Entrywise, Entrywise], ...] = (ACTIVATIONS["tanh"], (_smooth, _smooth_slope))


def _above(z: Array) -> Array:
    return np.real(z) > 0


def _modulus(z: Array) -> Array:
    return z * np.sign(np.real(z))


def _softplus(z: Array) -> Array:
    return np.where(_above(z), z, 0) + np.log1p(np.exp(np.where(_above(z), -z, z)))


def _sigmoid(z: Array) -> Array:
    power = np.exp(np.where(_above(z), -z, z))
    return np.where(_above(z), 1, power) / (1 + power)


def _mish_slope(z: Array) -> Array:
    t = np.tanh(_softplus(z))
    return t + z * (1 - t * t) * _sigmoid(z)


def _erf(z: Array) -> Array:
    # a complex step is so small that the slope alone tells what becomes of it
    real = np.vectorize(math.erf, otypes=[float])(np.real(z))
    return real + 1j * np.imag(z) * _erf_slope(np.real(z)) if np.iscomplexobj(z) else real


def _erf_slope(z: Array) -> Array:
    return 2 / math.sqrt(math.pi) * np.exp(-z * z)


def _hard_tanh(z: Array) -> Array:
    return np.where(np.real(z) <= -1, -1, np.where(np.real(z) <= 1, z, 1))


def _within_one(z: Array) -> Array:
    return ((np.real(z) > -1) & (np.real(z) <= 1)) + 0 * z


def _log(z: Array) -> Array:
    """The logarithm, and its slope along an imaginary step; it has neither below 0, where NumPy's has an `iπ`."""
    if not np.iscomplexobj(z):
        return np.log(z)
    here = np.where(np.real(z) > 0, np.real(z), np.nan)
    return np.log(here) + 1j * (np.imag(z) / here)


# functions that only losses and other equations use
SCALARS: dict[str, Entrywise] = {
    "exp": np.exp,
    "log": _log,
    "abs": _modulus,
    "huber": lambda z: np.where(np.abs(np.real(z)) <= 1, z * z / 2, _modulus(z) - 0.5),
    "sin": np.sin,
    "cos": np.cos,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "arctan": np.arctan,
    "erf": _erf,
    "sqrt": np.sqrt,
    "square": lambda z: z * z,
    "reciprocal": lambda z: 1 / z,
    "sign": lambda z: np.sign(np.real(z)) + 0 * z,
    "step": lambda z: _above(z) + 0 * z,
    "softsign": lambda z: z / (1 + _modulus(z)),
    "hard_tanh": _hard_tanh,
    "mish": lambda z: z * np.tanh(_softplus(z)),
    "log_sigmoid": lambda z: -_softplus(-z),
}
SLOPES: dict[str, Entrywise] = {
    "exp": np.exp,
    "log": lambda z: 1 / z,
    "abs": lambda z: np.sign(np.real(z)),
    "huber": lambda z: np.clip(np.real(z), -1, 1),
    "sin": np.cos,
    "cos": lambda z: -np.sin(z),
    "sinh": np.cosh,
    "cosh": np.sinh,
    "arctan": lambda z: 1 / (1 + z * z),
    "erf": _erf_slope,
    "sqrt": lambda z: 0.5 / np.sqrt(z),
    "square": lambda z: 2 * z,
    "reciprocal": lambda z: -1 / (z * z),
    "sign": lambda z: 0 * z,
    "step": lambda z: 0 * z,
    "softsign": lambda z: 1 / (1 + _modulus(z)) ** 2,
    "hard_tanh": _within_one,
    "mish": _mish_slope,
    "log_sigmoid": lambda z: _sigmoid(-z),
}


@cache
def by_formula(name: str) -> tuple[Entrywise, Entrywise] | None:
    """A function and its derivative by the formula that somebody registered; None where there is none."""
    try:
        row = scalar_function(name)
    except SymbackpropError:
        return None
    return None if row.is_generic else (_run(row, 0), _run(row, 1))


def _run(row: Activation, order: int) -> Entrywise:
    """A formula in NumPy; pieces, moduli and signs go by the real part, so that complex steps go through."""
    import sympy

    z, real = sympy.Symbol("z", real=True), sympy.Symbol("r", real=True)
    e = row.expression(order)
    e = e.replace(lambda part: isinstance(part, sympy.Max | sympy.Min), lambda part: part.rewrite(sympy.Piecewise))
    e = e.replace(sympy.Abs, lambda part: part * sympy.sign(part))
    e = e.replace(sympy.sign, lambda part: sympy.sign(part.subs(z, real)))
    e = e.replace(lambda part: part.is_Relational, lambda part: part.subs(z, real))
    formula = sympy.lambdify((z, real), e, [{"erf": _erf}, "numpy"])
    return lambda v: formula(v, np.real(v)) + 0 * v


def _numbers(o: Array) -> Array:
    return np.arange(1, len(o) + 1)[:, None]


def _generic_loss(o: Array, y: Array) -> Array:
    return (_numbers(o) * np.sin(o + y / 2)).sum(axis=0) + o.sum(axis=0) ** 2 / 2


def _generic_loss_slope(o: Array, y: Array) -> Array:
    return _numbers(o) * np.cos(o + y / 2) + o.sum(axis=0)


GENERIC_LOSS: tuple[OfOutput, OfOutput] = (_generic_loss, _generic_loss_slope)
