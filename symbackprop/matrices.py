"""SymPy values of the explicit reader: matrices and scalars, where a 1 × 1 matrix may stand for a scalar."""

from __future__ import annotations

from typing import Any

import sympy
from sympy import ImmutableDenseMatrix as Matrix
from sympy.core.function import AppliedUndef

from symbackprop.errors import ShapeError
from symbackprop.expr import Expr


def entry(value: Any, i: int, k: int = 1) -> Any:
    """Entry `i, k`, counted from 1; a scalar is its own entry."""
    return value[i - 1, k - 1] if isinstance(value, Matrix) else value


def scalar(value: Any) -> Any:
    """A 1 × 1 matrix as its entry."""
    return value[0, 0] if isinstance(value, Matrix) and value.shape == (1, 1) else value


def entrywise(function: Any, value: Any) -> Any:
    """A function of one variable applied to every entry."""
    return value.applyfunc(function) if isinstance(value, Matrix) else function(value)


def times(one: Any, two: Any) -> Any:
    """The product of matrices or scalars; a 1 × 1 matrix may stand anywhere."""
    if not (isinstance(one, Matrix) and isinstance(two, Matrix)):
        return one * two
    if one.shape[1] != two.shape[0]:
        if one.shape == (1, 1) or two.shape == (1, 1):
            return scalar(one) * scalar(two)
        raise ShapeError(f"cannot multiply {says(one)} by {says(two)}: the inner sizes differ")
    return one * two


def says(value: Any) -> str:
    """Rows × columns of a value."""
    rows, columns = value.shape if isinstance(value, Matrix) else (1, 1)
    return f"{rows} × {columns}"


def alike(one: Any, two: Any, verb: str) -> tuple[Any, Any]:
    """Two values of one shape."""
    if isinstance(one, Matrix) != isinstance(two, Matrix):
        one, two = scalar(one), scalar(two)
    if says(one) != says(two):
        raise ShapeError(f"cannot {verb} {says(one)} and {says(two)}: both must have the same shape")
    return one, two


def matrix(value: Any) -> Any:
    """A scalar as a 1 × 1 matrix."""
    return value if isinstance(value, Matrix) else Matrix([[value]])


def column(value: Any, e: Expr) -> Any:
    """A value that must be a column."""
    found = matrix(value)
    if found.shape[1] != 1:
        raise ShapeError(f"{e} needs a column, but was given {says(found)}")
    return found


def singular_values(value: Any) -> list[Any]:
    """The `min(rows, columns)` singular values, in no order: which is larger may depend on the entries."""
    rows, columns = value.shape
    # SymPy adds zeros where there are more columns than rows
    found: list[Any] = (value if rows >= columns else value.T).singular_values()
    return found


def canonical(value: Any) -> Any:
    """The value with every derivative of an unknown function of several arguments written in one way.

    SymPy's chain rule writes ∂L/∂ŷ_1 at a point as `Subs(Derivative(L(ξ, e_2), ξ), ξ, e_1)`, and differently for each
    argument; here it is `Subs(Derivative(L(u_1, u_2), u_1), (u_1, u_2), (e_1, e_2))`, so that equal ones compare equal.
    """

    def rewritten(e: Any) -> Any:
        slope = e.expr
        inside = dict(zip(e.variables, e.point, strict=True))
        arguments = slope.expr.args
        if len(arguments) == 1:
            return e
        names = sympy.symbols(f"u_1:{len(arguments) + 1}")
        by = [(names[arguments.index(v)], count) for v, count in slope.variable_count]
        point = [argument.subs(inside, simultaneous=True) for argument in arguments]
        return sympy.Subs(sympy.Derivative(slope.expr.func(*names), *by), names, point)

    return value.replace(_is_slope, rewritten)


def _is_slope(e: Any) -> bool:
    """Whether it is a derivative of an unknown function by some of its arguments, at a point."""
    return (
        isinstance(e, sympy.Subs)
        and isinstance(e.expr, sympy.Derivative)
        and isinstance(e.expr.expr, AppliedUndef)
        and all(v in e.expr.expr.args for v, _ in e.expr.variable_count)
    )
