"""The tree in SymPy at given widths: matrices of entries, every index a number, derivatives taken by SymPy."""

from __future__ import annotations

from typing import Any

import sympy
from sympy import ImmutableDenseMatrix as Matrix

from symbackprop import expr, groups, primitive_sympy, spectral
from symbackprop.activations import scalar_function
from symbackprop.errors import ShapeError, SymbackpropError
from symbackprop.expr import Expr, Variable
from symbackprop.matrices import alike, column, entrywise, matrix, says, scalar, times
from symbackprop.primitives import Rows
from symbackprop.reading import OutOfRange, Reading, bounds, explicit, instances, within
from symbackprop.shapes import shape

__all__ = ["OutOfRange", "Reading", "explicit"]

REGISTERED = (primitive_sympy, spectral)  # importing them registers their readers
Z = sympy.Symbol("z", real=True)  # the variable of the activation table


def applied(name: str, order: int, reading: Reading) -> Any:
    """A scalar function of the table, or its derivative, as a Python function of a SymPy expression.

    A generic one is `sympy.Function(name)`; its derivative at `u` is `Derivative`, in `Subs` where `u` is no symbol.
    """
    row = scalar_function(name)
    hidden = reading.opaque and row.offered and not row.is_generic and row.name != "identity"
    if hidden:
        reading.hidden.add(row.name)
    elif not row.is_generic:
        formula = row.expression(order).replace(sympy.Abs, spectral.modulus)
        return lambda u: formula.xreplace({Z: u})
    f = sympy.Function(row.name)

    def at(u: Any) -> Any:
        if order == 0:
            return f(u)
        variable = u if u.is_Symbol else sympy.Symbol("u")
        slope = sympy.Derivative(f(variable), (variable, order))
        return slope if u.is_Symbol else sympy.Subs(slope, variable, u)

    return at


# --- every node ------------------------------------------------------------------------------------------------------


@explicit.register
def _(e: Variable, reading: Reading) -> Any:
    return reading.read(e)


@explicit.register
def _(e: expr.Number, reading: Reading) -> Any:
    return sympy.Rational(e.value.numerator, e.value.denominator)


@explicit.register
def _(e: expr.Size, reading: Reading) -> Any:
    return sympy.Integer(reading.number(e.size))


@explicit.register
def _(e: expr.Kronecker, reading: Reading) -> Any:
    return sympy.Integer(reading.number(e.one) == reading.number(e.two))


@explicit.register
def _(e: expr.Identity, reading: Reading) -> Any:
    return Matrix.eye(reading.number(e.size))


@explicit.register
def _(e: expr.Zeros, reading: Reading) -> Any:
    return Matrix.zeros(reading.number(e.size), 1)


@explicit.register
def _(e: expr.Ones, reading: Reading) -> Any:
    return Matrix.ones(reading.number(e.size), 1)


@explicit.register
def _(e: expr.Entry, reading: Reading) -> Any:
    value = matrix(explicit(e.operand, reading))
    i = within(e.row, value.shape[0], e, reading)
    return value[i - 1, 0 if e.column is None else within(e.column, value.shape[1], e, reading) - 1]


@explicit.register
def _(e: expr.Row, reading: Reading) -> Any:
    value = matrix(explicit(e.operand, reading))
    return value[within(e.row, value.shape[0], e, reading) - 1, :]


@explicit.register
def _(e: expr.Column, reading: Reading) -> Any:
    value = matrix(explicit(e.operand, reading))
    return value[:, within(e.column, value.shape[1], e, reading) - 1]


@explicit.register
def _(e: expr.Columns, reading: Reading) -> Any:
    value = matrix(explicit(e.operand, reading))
    first, last = (within(end, value.shape[1], e, reading) for end in (e.first, e.last))
    return value[:, first - 1 : last]


@explicit.register
def _(e: expr.WithoutBias, reading: Reading) -> Any:
    return matrix(explicit(e.operand, reading))[:, :-1]


@explicit.register
def _(e: expr.ColumnAt, reading: Reading) -> Any:
    vector, width = column(explicit(e.vector, reading), e), reading.number(e.width)
    at = within(e.column, width, e, reading)
    return Matrix(vector.shape[0], width, lambda i, k: vector[i, 0] if k == at - 1 else 0)


@explicit.register
def _(e: expr.Transpose, reading: Reading) -> Any:
    value = explicit(e.operand, reading)
    return value.T if isinstance(value, Matrix) else value


@explicit.register
def _(e: expr.Product, reading: Reading) -> Any:
    # scalars are taken out first, so that one between two matrices does not hide that these do not conform
    total: Any = sympy.Integer(1)
    chain: Any = None
    for factor in e.factors:
        value = explicit(factor, reading)
        if not isinstance(value, Matrix):
            total = total * value
        else:
            chain = value if chain is None else times(chain, value)
    return total if chain is None else times(total, chain)


@explicit.register
def _(e: expr.Hadamard, reading: Reading) -> Any:
    total = explicit(e.factors[0], reading)
    for factor in e.factors[1:]:
        one, two = alike(total, explicit(factor, reading), "multiply entry by entry")
        total = one.multiply_elementwise(two) if isinstance(one, Matrix) else one * two
    return total


@explicit.register
def _(e: expr.Sum, reading: Reading) -> Any:
    total = explicit(e.terms[0], reading)
    for term in e.terms[1:]:
        one, two = alike(total, explicit(term, reading), "add")
        total = one + two
    return total


@explicit.register
def _(e: expr.Negative, reading: Reading) -> Any:
    return -explicit(e.operand, reading)


@explicit.register
def _(e: expr.Quotient, reading: Reading) -> Any:
    return explicit(e.numerator, reading) / scalar(explicit(e.denominator, reading))


@explicit.register
def _(e: expr.Power, reading: Reading) -> Any:
    exponent = sympy.Rational(e.exponent.numerator, e.exponent.denominator)
    return scalar(explicit(e.base, reading)) ** exponent


@explicit.register
def _(e: expr.SquareRoot, reading: Reading) -> Any:
    return sympy.sqrt(scalar(explicit(e.operand, reading)))


@explicit.register
def _(e: groups.Membership, reading: Reading) -> Any:
    size = reading.number(e.size)
    each = groups.per_group(size, e.groups)
    return Matrix(size, e.groups, lambda i, k: int(i // each == k))


@explicit.register
def _(e: groups.EntrywisePower, reading: Reading) -> Any:
    exponent = sympy.Rational(*e.exponent.as_integer_ratio())
    return entrywise(lambda u: u**exponent, explicit(e.operand, reading))


@explicit.register
def _(e: expr.Diagonal, reading: Reading) -> Any:
    return sympy.diag(*column(explicit(e.operand, reading), e)).as_immutable()


@explicit.register
def _(e: expr.Elementwise, reading: Reading) -> Any:
    return entrywise(applied(e.function, e.order, reading), explicit(e.operand, reading))


@explicit.register
def _(e: expr.LayerMap, reading: Reading) -> Any:
    units = entrywise(applied(e.function, 0, reading), column(explicit(e.operand, reading), e))
    return units.col_join(Matrix([[1]]))


@explicit.register
def _(e: expr.ActivationJacobian, reading: Reading) -> Any:
    slopes = entrywise(applied(e.function, 1, reading), column(explicit(e.operand, reading), e))
    size = slopes.shape[0]
    return Matrix(size, size + 1, lambda i, k: slopes[i, 0] if i == k else 0)


@explicit.register
def _(e: expr.Function, reading: Reading) -> Any:
    entries = [item for argument in e.arguments for item in matrix(explicit(argument, reading))]
    return sympy.Function(e.name)(*entries)


@explicit.register
def _(e: expr.LogSumExp, reading: Reading) -> Any:
    powers = entrywise(sympy.exp, matrix(explicit(e.operand, reading)))
    return scalar(entrywise(sympy.log, _sums(powers, e.along)))


@explicit.register
def _(e: expr.Softmax, reading: Reading) -> Any:
    powers = entrywise(sympy.exp, matrix(explicit(e.operand, reading)))
    sums = _sums(powers, e.along)
    by_column = e.along == "column"
    return Matrix(*powers.shape, lambda i, k: powers[i, k] / (sums[0, k] if by_column else sums[i, 0]))


def _sums(value: Any, along: str) -> Any:
    """The sum of each column, or of each row."""
    rows, columns = value.shape
    if along == "column":
        return Matrix(1, columns, lambda _, k: sympy.Add(*value[:, k]))
    return Matrix(rows, 1, lambda i, _: sympy.Add(*value[i, :]))


def variable_of(part: Expr) -> Variable:
    """The variable that something is a part of: `W_l` for `w_{l,j}ᵀ`.

    Raises:
        SymbackpropError: if it is no part of a variable.
    """
    match part:
        case Variable():
            return part
        case expr.Transpose(operand) | expr.Row(operand) | expr.Column(operand) | expr.WithoutBias(operand):
            return variable_of(operand)
        case expr.Entry(operand) | expr.Columns(operand) | Rows(operand):
            return variable_of(operand)
    raise SymbackpropError(f"cannot differentiate by {part}: write a variable, or a row, column or entry of one")


@explicit.register
def _(e: expr.Partial, reading: Reading) -> Any:
    if e not in reading.partials:
        reading.partials[e] = _differentiated(e, reading)
    return reading.partials[e]


def _differentiated(e: expr.Partial, reading: Reading) -> Any:
    inner = reading.under(variable_of(e.wrt))
    of, wrt = explicit(e.of, inner), explicit(e.wrt, inner)
    if says(of) == "1 × 1":
        made = entrywise(lambda u: sympy.diff(scalar(of), u), wrt)
    elif matrix(of).shape[1] == 1 and matrix(wrt).shape[1] == 1:
        above, by = matrix(of), matrix(wrt)
        made = Matrix(by.shape[0], above.shape[0], lambda k, i: sympy.diff(above[i, 0], by[k, 0]))
    else:
        raise ShapeError(f"{e} would need more than two indices: {says(of)} by {says(wrt)}")
    if e.numerator and isinstance(made, Matrix):
        made = made.T
    return reading.through(made)


@explicit.register
def _(e: expr.IndexedSum, reading: Reading) -> Any:
    terms = instances(e.body, e.index, bounds(e, reading), reading)
    if not terms:
        rows, columns = (reading.number(size) for size in shape(e, reading.network))
        return scalar(Matrix.zeros(rows, columns))
    return sum(terms[1:], terms[0])


@explicit.register
def _(e: expr.IndexedProduct, reading: Reading) -> Any:
    values = bounds(e, reading)
    total: Any = None
    for value in instances(e.body, e.index, reversed(values) if e.descending else values, reading):
        total = value if total is None else times(total, value)
    if total is not None:
        return total
    rows, columns = (reading.number(size) for size in shape(e, reading.network))
    if rows != columns:
        raise ShapeError(f"{e} has no factors, but its ends are {rows} × {columns}: the identity is square")
    return sympy.Integer(1) if rows == 1 else Matrix.eye(rows)
