"""Activations as NumPy functions, and between what their slopes lie.

`steepest` gives `sup |φ'|`, which bounds the largest singular value of every activation Jacobian
`D_l = (diag φ'(z_l) | 0)`. All numbers are dimensionless.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from symbackprop.activations import ACTIVATIONS as ROWS
from symbackprop.activations import Activation
from symbackprop.activations import activation as find_activation
from symbackprop.numeric.backprop import ACTIVATIONS
from symbackprop.numeric.module import run

# NumPy types most results of arithmetic as Any: a stricter name than that says nothing
Array = Any
Entrywise = Callable[[Array], Array]

# where roots of φ'' are looked for, in steps of 1/20
REACH, PLACES = 20.0, 801
# stands for an endless argument; its square is still a number
HUGE = 1e150


@cache
def numeric_row(activation: str | Activation) -> Activation:
    """The row of an activation of which more is known than its name.

    Raises:
        SymbackpropError: for an unknown or a generic one.
    """
    found = activation if isinstance(activation, Activation) else find_activation(activation)
    if found.is_generic:
        # which says so
        found.expression()
    return found


@cache
def function(activation: str | Activation, order: int = 0) -> Entrywise:
    """`φ`, or its `order`-th derivative, over arrays of any shape: the NumPy source of its row, compiled.

    Raises:
        SymbackpropError: for an unknown or a generic activation.
    """
    found = numeric_row(activation)
    g = run(f"import numpy as np\n\n{found.preamble}\n\ndef g(z):\n    return {found.numpy(order)}\n", "g")

    def quietly(z: Array) -> Array:
        # np.where computes the piece that it does not take as well: exp(z) for z > 0 in ELU
        with np.errstate(over="ignore"):
            return g(z)

    return quietly


@cache
def pair(activation: str | Activation) -> tuple[Entrywise, Entrywise]:
    """`φ` and `φ'`: those written by hand for backpropagation, or compiled from the row of another activation.

    Only compiling needs SymPy.

    Raises:
        SymbackpropError: for an unknown or a generic activation.
    """
    found = numeric_row(activation)
    # a row of somebody else may have a name of ours
    if found == ROWS.get(found.name):
        return ACTIVATIONS[found.name]
    return function(found), function(found, 1)


def bisected(f: Callable[[float], float], low: float, high: float) -> float:
    """A root between two numbers at which `f` has different signs, to the last figure.

    Three points of four are where the chord between the ends crosses 0, the value at an end that stays being halved
    (Illinois: Dowell and Jarratt 1971); each fourth halves what is left, so that it ends soon whatever `f` is.
    """
    below, above = f(low), f(high)
    rising = above > 0 or below < 0
    turn, before = 0, False
    while low < (middle := low + (high - low) / 2) < high:
        turn += 1
        if turn % 4 and above != below:
            chord = high - above * ((high - low) / (above - below))
            if math.isfinite(chord):
                middle = min(max(chord, math.nextafter(low, high)), math.nextafter(high, low))
        value = f(middle)
        if value == 0:
            return middle
        is_above = (value > 0) == rising
        if is_above:
            high, above = middle, value
            below = below / 2 if before else below
        else:
            low, below = middle, value
            above = above / 2 if turn > 1 and not before else above
        before = is_above
    return low


@dataclass(frozen=True)
class Extreme:
    """The least or greatest slope of an activation.

    Attributes:
        slope: `φ'(at)`, or the limit there.
        at: where; `±math.inf` for a limit.
        attained: whether `φ'` has that value anywhere.
        exact: the slope as SymPy writes it, where its place is a root of a rational number; else None.
    """

    slope: float
    at: float
    attained: bool
    exact: Any = None


@dataclass(frozen=True)
class Steepness:
    """Between what the slopes of an activation lie; `bound = sup |φ'|`, which no singular value of `D_l` exceeds."""

    least: Extreme
    greatest: Extreme

    @property
    def bound(self) -> float:
        return max(abs(self.least.slope), abs(self.greatest.slope))


@cache
def steepest(activation: str | Activation) -> Steepness:
    """The least and the greatest slope: at roots of `φ''`, at 0, where pieces meet, or far out.

    Roots are bracketed on [-20, 20] in steps of 1/20 and bisected; `φ''` is SymPy's derivative. Where pieces meet, `φ'`
    is looked at on either side as well.

    Raises:
        SymbackpropError: for an unknown or a generic activation.
    """
    slope = _number(function(activation, 1))
    found = [_at_root(activation, root) for root in _roots(function(activation, 2))]
    found.append(Extreme(slope(0.0), 0.0, True))
    for edge in _edges(activation):
        found.append(Extreme(slope(edge), edge, True))
        for side in (-1.0, 1.0):
            close = float(np.nextafter(edge, side * math.inf))
            found.append(_limit(activation, close, close, edge + side, edge))
    found += [_limit(activation, s * HUGE, s * REACH, s * REACH, s * math.inf) for s in (-1.0, 1.0)]
    # of equal slopes the first, which is one that is attained
    return Steepness(min(found, key=lambda e: e.slope), max(found, key=lambda e: e.slope))


def _number(f: Entrywise) -> Callable[[float], float]:
    """The same function of one number."""
    return lambda z: float(f(np.array(z)))


def _limit(activation: str | Activation, close: float, probe: float, inside: float, end: float) -> Extreme:
    """The slope `close` to an end: taken `inside` if `φ` is straight at `probe`, else only approached at the `end`."""
    straight = _number(function(activation, 2))(probe) == 0
    return Extreme(_number(function(activation, 1))(close), inside if straight else end, straight)


def _edges(activation: str | Activation) -> list[float]:
    """Where the pieces of `φ'` meet."""
    import sympy

    conditions = numeric_row(activation).expression(1).atoms(sympy.core.relational.Relational)
    return sorted({float(condition.rhs) for condition in conditions})


def _roots(f: Entrywise) -> list[float]:
    """The roots at which `f` changes sign, between places or at one of them."""
    grid = np.linspace(-REACH, REACH, PLACES)
    values = f(grid)
    at = grid[1:-1][(values[1:-1] == 0) & (values[:-2] * values[2:] < 0)]
    between = np.flatnonzero(values[:-1] * values[1:] < 0)
    return [*at.tolist(), *(bisected(_number(f), float(grid[i]), float(grid[i + 1])) for i in between)]


def _at_root(activation: str | Activation, root: float) -> Extreme:
    """The slope at a root of `φ''`; exact if the root is that of a rational number, which SymPy confirms."""
    import sympy

    found, z = numeric_row(activation), sympy.Symbol("z", real=True)
    square = sympy.Rational(root**2).limit_denominator(100)
    exact = sympy.sign(root) * sympy.sqrt(square)
    if abs(float(exact) - root) < 1e-9 and sympy.simplify(found.expression(2).subs(z, exact)) == 0:
        value = sympy.simplify(found.expression(1).subs(z, exact))
        return Extreme(float(value), float(exact), True, value)
    return Extreme(_number(function(activation, 1))(root), root, True)
