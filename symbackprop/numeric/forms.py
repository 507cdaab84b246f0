"""Whether an expression is a scalar, a row, a column or a matrix, whatever the widths are.

`shapes` cannot say it for a layer of width 1, where a column is as large as a scalar; code for a column must not change
there.
"""

from __future__ import annotations

from enum import Enum
from functools import singledispatch

from symbackprop import chance, dataset, expr, groups, magnitudes
from symbackprop.dims import ONE
from symbackprop.errors import SymbackpropError
from symbackprop.expr import Expr
from symbackprop.primitives import ROWS, DiagonalPart, EntrywiseQuotient, Pairwise, Rows, Stacked, Trace
from symbackprop.shapes import Shaped, shape


class Form(Enum):
    """(one row, one column)"""

    SCALAR = (True, True)
    ROW = (True, False)
    COLUMN = (False, True)
    MATRIX = (False, False)

    @property
    def is_column(self) -> bool:
        return self is Form.COLUMN

    @property
    def transposed(self) -> Form:
        one_row, one_column = self.value
        return Form((one_column, one_row))


@singledispatch
def form(e: Expr, network: Shaped) -> Form:
    """Its form.

    Raises:
        SymbackpropError: for a node that is not known here.
    """
    raise SymbackpropError(f"{type(e).__name__} has no form registered: add @form.register for it")


@form.register(expr.Hidden)
@form.register(expr.PreActivation)
@form.register(expr.Bias)
@form.register(expr.Target)
@form.register(expr.Ones)
@form.register(expr.Zeros)
@form.register(expr.Column)
@form.register(expr.LayerMap)
@form.register(DiagonalPart)
@form.register(chance.Gaussian)
@form.register(dataset.Prediction)
def _(e: Expr, network: Shaped) -> Form:
    return Form.COLUMN


@form.register(expr.Weight)
@form.register(expr.Identity)
@form.register(expr.WithoutBias)
@form.register(expr.ColumnAt)
@form.register(expr.Diagonal)
@form.register(expr.ActivationJacobian)
@form.register(groups.Membership)
def _(e: Expr, network: Shaped) -> Form:
    return Form.MATRIX


@form.register(expr.Loss)
@form.register(expr.Number)
@form.register(expr.Size)
@form.register(expr.Kronecker)
@form.register(expr.Entry)
@form.register(expr.Power)
@form.register(expr.SquareRoot)
@form.register(expr.Function)
@form.register(expr.Norm)
@form.register(Trace)
@form.register(expr.SingularValue)
@form.register(magnitudes.SingularValueAt)
@form.register(magnitudes.SpectralSum)
@form.register(magnitudes.Extreme)
@form.register(magnitudes.OverUnit)
@form.register(chance.Variance)
def _(e: Expr, network: Shaped) -> Form:
    return Form.SCALAR


@form.register
def _(e: expr.Row, network: Shaped) -> Form:
    return Form.ROW


@form.register
def _(e: expr.Named, network: Shaped) -> Form:
    rows, columns = network.shape_of(e)
    return Form((rows == ONE, columns == ONE))


@form.register
def _(e: expr.Transpose, network: Shaped) -> Form:
    return form(e.operand, network).transposed


@form.register(expr.Negative)
@form.register(expr.Elementwise)
@form.register(groups.EntrywisePower)
@form.register(chance.Expectation)
def _(e: expr.Negative | expr.Elementwise | groups.EntrywisePower | chance.Expectation, network: Shaped) -> Form:
    return form(e.operand, network)


@form.register
def _(e: expr.Softmax, network: Shaped) -> Form:
    return form(e.operand, network)


@form.register
def _(e: expr.LogSumExp, network: Shaped) -> Form:
    one_row, one_column = form(e.operand, network).value
    return Form((True, one_column)) if e.along == "column" else Form((one_row, True))


@form.register
def _(e: expr.Columns, network: Shaped) -> Form:
    return Form((form(e.operand, network).value[0], False))


@form.register
def _(e: Rows, network: Shaped) -> Form:
    one_row, one_column = form(e.operand, network).value
    return Form((one_row, one_column))


@form.register
def _(e: Stacked, network: Shaped) -> Form:
    found = [form(part, network).value for part in e.parts]
    if len(found) == 1:
        return Form(found[0])
    if e.axis == ROWS:
        return Form((False, all(one_column for _, one_column in found)))
    return Form((all(one_row for one_row, _ in found), False))


@form.register
def _(e: EntrywiseQuotient, network: Shaped) -> Form:
    return form(e.numerator, network)


@form.register
def _(e: Pairwise, network: Shaped) -> Form:
    return form(e.against[0], network)


@form.register
def _(e: expr.Quotient, network: Shaped) -> Form:
    return form(e.numerator, network)


@form.register
def _(e: expr.Sum, network: Shaped) -> Form:
    return form(e.terms[0], network)


@form.register
def _(e: expr.Hadamard, network: Shaped) -> Form:
    return form(e.factors[0], network)


@form.register
def _(e: expr.Product, network: Shaped) -> Form:
    found = [f for f in (form(factor, network) for factor in e.factors) if f is not Form.SCALAR]
    made = Form((found[0].value[0], found[-1].value[1])) if found else Form.SCALAR
    if made is Form.MATRIX and len(found) < len(e.factors):
        # in a layer of one unit, what would be a column at the end (or a row in front) may be written as a scalar
        rows, columns = shape(e, network)
        made = Form.COLUMN if columns == ONE else Form.ROW if rows == ONE else made
    return made


@form.register(expr.IndexedProduct)
@form.register(expr.IndexedSum)
def _(e: expr.IndexedProduct | expr.IndexedSum, network: Shaped) -> Form:
    return form(e.body, network)


@form.register
def _(e: expr.Partial, network: Shaped) -> Form:
    of, wrt = form(e.of, network), form(e.wrt, network)
    found = wrt if of is Form.SCALAR else of if wrt is Form.SCALAR else Form.MATRIX
    return found.transposed if e.numerator else found
