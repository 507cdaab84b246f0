"""Norms, singular values, extremes and predictions in SymPy, entry by entry."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import sympy
from sympy import ImmutableDenseMatrix as Matrix

from symbackprop import chance, dataset, expr, magnitudes
from symbackprop.errors import ShapeError, SymbackpropError
from symbackprop.expr import Expr
from symbackprop.matrices import matrix, scalar, singular_values
from symbackprop.reading import OutOfRange, Reading, bounds, explicit, instances, within
from symbackprop.substitution import put


@explicit.register
def _(e: expr.Norm, reading: Reading) -> Any:
    value = matrix(explicit(e.operand, reading))
    if e.kind == "1":
        return sympy.Add(*map(modulus, value))
    if e.kind == "F" or 1 in value.shape:
        return sympy.sqrt(sympy.Add(*(item**2 for item in value)))
    return one_of(value, expr.LARGEST)


def modulus(u: Any) -> Any:
    """`|u|` as the table of functions writes it: SymPy's own is that of a complex number, which `u` may be to it."""
    return sympy.Piecewise((-u, u < 0), (u, u > 0), (0, True))


def one_of(value: Any, which: str) -> Any:
    """`σ_{1,1}`, `σ_{n,n}` or the smallest that is not 0."""
    values = singular_values(value)
    largest = sympy.Max(*values)
    if which == expr.LARGEST:
        return largest
    if which == expr.LEAST_NONZERO:
        return sympy.Min(*(sympy.Piecewise((largest, sympy.Eq(v, 0)), (v, True)) for v in values))
    # inf ‖Ax‖ over unit x (the lecture's fact): 0 where A is wide
    return sympy.Min(*values) if value.shape[0] >= value.shape[1] else sympy.Integer(0)


@explicit.register
def _(e: expr.SingularValue, reading: Reading) -> Any:
    return one_of(matrix(explicit(e.operand, reading)), e.which)


@explicit.register
def _(e: magnitudes.SingularValueAt, reading: Reading) -> Any:
    values = singular_values(matrix(explicit(e.operand, reading)))
    at = within(e.at, len(values), e, reading)
    # the k-th in falling order is the largest one that k of them reach
    return sympy.Max(*(sympy.Min(*chosen) for chosen in combinations(values, at)))


@explicit.register
def _(e: magnitudes.SpectralSum, reading: Reading) -> Any:
    count = min(matrix(explicit(e.of, reading)).shape)
    return sympy.Add(*map(scalar, instances(e.body, e.index, range(1, count + 1), reading)))


@explicit.register
def _(e: magnitudes.Extreme, reading: Reading) -> Any:
    values = [scalar(value) for value in instances(e.body, e.index, bounds(e, reading), reading)]
    if not values:
        raise OutOfRange(f"{e} is taken of nothing: its range is empty")
    return (sympy.Max if e.kind == "max" else sympy.Min)(*values)


@explicit.register
def _(e: magnitudes.OverUnit, reading: Reading) -> Any:
    unit = expr.Named(f"unit vector {e.vector}")
    if isinstance(e.body, expr.Norm):
        symbols = Matrix([sympy.Dummy() for _ in range(reading.size(e.vector)[0])])
        vector = reading.held.setdefault(unit, symbols)
        image = matrix(explicit(put(e.body.operand, e.vector, unit), reading))
        if image.shape[1] == 1:
            made = image.jacobian(vector)
            if made.free_symbols.isdisjoint(vector) and (image - made * vector).expand().is_zero_matrix:
                return one_of(made.as_immutable(), expr.LARGEST if e.kind == "sup" else expr.SMALLEST)
    raise SymbackpropError(
        f"{e} has a value here only as the {e.kind} of the norm of a column that is linear in {e.vector}"
    )


# --- random quantities and training sets -----------------------------------------------------------------------------


@explicit.register
def _(e: dataset.Prediction, reading: Reading) -> Any:
    layers, depth = dataset.all_weights(e.parameters), reading.number(reading.network.depth)
    if layers is None or [reading.number(end) for end in layers] != [0, depth]:
        raise SymbackpropError(f"{e} has a value only with the weights of all layers as its parameters")
    source, made = expr.Hidden(0), matrix(explicit(e.input, reading))
    x = reading.symbols(source)
    if made.shape != x.shape:
        raise ShapeError(f"{e} has an input of {made.shape[0]} entries: write as many as x has")
    output = reading.under(source).read(expr.PreActivation(depth + 1))
    return output.subs(dict(zip(x, made, strict=True)), simultaneous=True)


def _refused(e: Expr, reading: Reading) -> Any:
    raise SymbackpropError(f"{e} has no value in SymPy: {(chance.UNVALUED | dataset.UNVALUED)[type(e)]}")


for kind in chance.UNVALUED | dataset.UNVALUED:
    explicit.register(kind)(_refused)
