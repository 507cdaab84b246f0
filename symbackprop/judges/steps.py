"""Derivatives at a point: of the loss by the hand-written backpropagation, of anything by complex steps.

`evaluate` is `floats.at` with derivatives. A complex step adds `1e-30 i` to an entry of a variable and reads the
imaginary part of what follows: exact to rounding, as nothing is subtracted (Squire and Trapp 1998).
"""

from __future__ import annotations

import numpy as np

from symbackprop import expr
from symbackprop.expr import Entry, Expr, Partial, Row, Transpose, Variable
from symbackprop.judges import primitive_values, spectra, values
from symbackprop.judges.floats import NotNumeric, Point, Symbols, at, computed, key_of, place, scalar, value
from symbackprop.numeric.backprop import Array, Pass
from symbackprop.numeric.normalized import NormalizedPass
from symbackprop.primitives import Rows

STEP = 1e-30
REGISTERED = (primitive_values, spectra, values)  # importing them registers their readers


def evaluate(e: Expr, point: Point, symbols: Symbols) -> Array:
    """The value of any expression, derivatives included, as `at` otherwise; it is found once at a point."""
    return point.keep(key_of(e, symbols), lambda: _quiet(e, point, symbols))


def _quiet(e: Expr, point: Point, symbols: Symbols) -> Array:
    with np.errstate(all="ignore"):
        return computed(e, point, symbols)


@value.register
def _(e: Partial, point: Point, symbols: Symbols) -> Array:
    variable = _variable(e.wrt, point, symbols)
    stepped = by_hand(e, variable, point)
    if stepped is None:
        stepped = by_steps(e, variable, point, symbols)
    # one array of the variable's shape for each entry of what is differentiated, and the part asked for of each
    parts = [_part(e.wrt, gradient, point, symbols) for gradient in stepped]
    if len(parts) == 1:
        made = parts[0]
    else:
        if parts[0].shape[1] != 1:
            raise NotNumeric(f"{e} would need more than two indices")
        made = np.concatenate(parts, axis=1)
    return made.T if e.numerator else made


def _variable(wrt: Expr, point: Point, symbols: Symbols) -> Variable:
    while isinstance(wrt, Transpose | Row | Entry | expr.Column | expr.Columns | Rows | expr.WithoutBias):
        wrt = wrt.operand
    if not isinstance(wrt, Variable):
        raise NotNumeric(f"{wrt} is not a variable of the network")
    return point.member(wrt, symbols)


def _part(wrt: Expr, gradient: Array, point: Point, symbols: Symbols) -> Array:
    match wrt:
        case Transpose(operand):
            return _part(operand, gradient, point, symbols).T
        case Row(operand, row):
            inner = _part(operand, gradient, point, symbols)
            return inner[[place(row, len(inner), point, symbols)], :]
        case expr.Column(operand, column):
            inner = _part(operand, gradient, point, symbols)
            return inner[:, [place(column, inner.shape[1], point, symbols)]]
        case expr.Columns(operand, first, last):
            inner = _part(operand, gradient, point, symbols)
            start, end = (place(d, inner.shape[1], point, symbols) for d in (first, last))
            return inner[:, start : end + 1]
        case Rows(operand, first, last):
            inner = _part(operand, gradient, point, symbols)
            start, end = (place(d, len(inner), point, symbols) for d in (first, last))
            return inner[start : end + 1]
        case expr.WithoutBias(operand):
            return _part(operand, gradient, point, symbols)[:, :-1]
        case Entry(operand, row, column):
            inner = _part(operand, gradient, point, symbols)
            k = 0 if column is None else place(column, inner.shape[1], point, symbols)
            return scalar(inner[place(row, len(inner), point, symbols), k])
    return gradient


def by_hand(e: Partial, variable: Variable, point: Point) -> list[Array] | None:
    """The derivative of the loss from the hand-written backpropagation, checked along a direction by a complex step."""
    if e.of != expr.LOSS or variable == expr.LOSS or isinstance(variable, expr.Target):
        return None
    if variable not in point.gradients:
        # first, as a variable that the network does not have is missing here and an error below
        value = point.value(variable)
        found = point.backward()
        gradient = None if found is None else _found(found, variable)
        if gradient is None:
            return None
        point.gradients[variable] = _checked(gradient, value, variable, point)
    return [point.gradients[variable]]


def _found(found: Pass, variable: Variable) -> Array | None:
    """The gradient by a variable in a pass; None for one that the pass does not have, as ε."""
    if variable.index is None:
        return None
    if isinstance(found, NormalizedPass) and isinstance(variable, expr.Named):
        return found.named[variable.name][variable.index.constant]
    family: dict[type, list[Array]] = {
        expr.Weight: found.dW,
        expr.Bias: found.db,
        expr.PreActivation: found.dz,
        expr.Hidden: found.dh,
    }
    return family[type(variable)][variable.index.constant]


def _checked(gradient: Array, value: Array, variable: Variable, point: Point) -> Array:
    """The gradient itself, once a complex step along some direction has confirmed it."""
    direction = np.random.default_rng(point.seed).standard_normal(value.shape)
    slope = point.moved(variable, value + STEP * 1j * direction).value(expr.LOSS).imag.item() / STEP
    along = float((gradient * direction).sum())
    if abs(slope - along) > 1e-9 * float(np.abs(gradient * direction).sum()) + 1e-300:
        raise NotNumeric(f"backpropagation ({along}) and a complex step ({slope}) differ in ∂L/∂{variable}")
    return gradient


def by_steps(e: Partial, variable: Variable, point: Point, symbols: Symbols) -> list[Array]:
    """For each entry of a scalar or column, its derivative by the entries of a variable that are asked for.

    Each takes one complex step; the others, in arrays of the variable's shape, stay 0.
    """
    of, value = e.of, point.value(variable)
    asked = _part(e.wrt, np.arange(value.size).reshape(value.shape), point, symbols)
    gradients: list[Array] = []
    for i, k in zip(*np.unravel_index(asked.ravel(), value.shape), strict=True):
        step = np.zeros(value.shape, dtype=complex)
        step[i, k] = STEP * 1j
        slopes = np.imag(at(of, point.moved(variable, value + step), symbols)) / STEP
        if slopes.shape[1] != 1:
            raise NotNumeric(f"{of} is a matrix: its derivative would need more than two indices")
        gradients = gradients or [np.zeros(value.shape) for _ in slopes]
        for gradient, slope in zip(gradients, slopes[:, 0], strict=True):
            gradient[i, k] = slope
    return gradients
