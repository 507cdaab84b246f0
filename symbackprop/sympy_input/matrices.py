"""Matrices of SymPy, symbolic and explicit, and functions applied to each entry, registered with `taken`.

SymPy counts rows and columns from 0, the tree from 1.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import sympy
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction
from sympy.matrices.expressions.diagonal import DiagMatrix, DiagonalMatrix, DiagonalOf
from sympy.matrices.expressions.slice import MatrixSlice

from symbackprop import expr, primitives
from symbackprop.dims import ONE, Dim, as_width
from symbackprop.errors import ShapeError, SymbackpropError
from symbackprop.expr import Elementwise, Expr, Hadamard, Negative, Sum, product_of
from symbackprop.groups import EntrywisePower
from symbackprop.shapes import written
from symbackprop.sympy_input.scalars import function_of, in_the_table, short, taken
from symbackprop.sympy_input.scope import Scope

# a power of more factors than this is not written out
MOST_FACTORS = 16


@taken.register
def _(e: sympy.MatrixSymbol, scope: Scope) -> Expr:
    made = scope.variable(e.name)
    if scope.network is not None:
        here, wanted = tuple(scope.size(size) for size in e.shape), scope.network.shape_of(made)
        if any(_plain_size(one, scope) != _plain_size(two, scope) for one, two in zip(here, wanted, strict=True)):
            raise ShapeError(
                f"SymPy's {e.name} is {here[0]} × {here[1]}, but {made} is {written(wanted, scope.network)} "
                "in the network: make both the same"
            )
    return made


def _plain_size(size: Dim, scope: Scope) -> Dim:
    """A size in widths only, as SymPy's symbols write it."""
    assert scope.network is not None
    return scope.network.normal(size).map_sizes(as_width)


@taken.register
def _(e: sympy.MatMul, scope: Scope) -> Expr:
    sign, factors = 1, list[Expr]()
    for factor in e.args:
        if factor.is_Rational and factor < 0:
            sign, factor = -sign, -factor
        if factor != 1:
            factors += expr.factors_of(taken(factor, scope))
    found = product_of(tuple(factors))
    return found if sign > 0 else Negative(found)


@taken.register
def _(e: sympy.MatAdd, scope: Scope) -> Expr:
    return Sum(tuple(taken(term, scope) for term in e.args))


@taken.register
def _(e: sympy.MatPow, scope: Scope) -> Expr:
    power = e.exp
    if power.is_Integer and 2 <= power <= MOST_FACTORS:
        return product_of(expr.factors_of(taken(e.base, scope)) * int(power))
    if power == -1:
        raise SymbackpropError(_NO_INVERSE.format(short(e.base)))
    raise SymbackpropError(f"the tree has no power {power} of the matrix {short(e.base)}: write the product out")


_NO_INVERSE = "the tree has no inverse of a matrix, {}: name it as a variable, with its equation A B = I assumed"


@taken.register
def _(e: sympy.Inverse, scope: Scope) -> Expr:
    raise SymbackpropError(_NO_INVERSE.format(short(e.arg)))


@taken.register
def _(e: sympy.Determinant, scope: Scope) -> Expr:
    raise SymbackpropError(f"the tree has no determinant, of {short(e.arg)}: name it as a scalar variable")


@taken.register
def _(e: sympy.Transpose, scope: Scope) -> Expr:
    return taken(e.arg, scope).T


@taken.register
def _(e: sympy.HadamardProduct, scope: Scope) -> Expr:
    """Factors to the power -1, entry by entry, are what it is divided by."""
    below = [factor.base for factor in e.args if isinstance(factor, sympy.HadamardPower) and factor.exp == -1]
    above = [factor for factor in e.args if not (isinstance(factor, sympy.HadamardPower) and factor.exp == -1)]
    found = _entrywise(above, scope) if above else _outer(expr.Ones, e, scope)
    return primitives.EntrywiseQuotient(found, _entrywise(below, scope)) if below else found


def _entrywise(factors: list[Any], scope: Scope) -> Expr:
    found = tuple(taken(factor, scope) for factor in factors)
    return found[0] if len(found) == 1 else Hadamard(found)


@taken.register
def _(e: sympy.HadamardPower, scope: Scope) -> Expr:
    """Of a column it is a node; of a matrix with several columns it is written with what the tree has for those."""
    base, power = taken(e.base, scope), e.exp
    if power.is_Rational and e.base.shape[1] == 1:
        return EntrywisePower(base, Fraction(int(power.p), int(power.q)))
    if power == sympy.Rational(1, 2):
        return Elementwise("sqrt", base)
    if power == -1:
        return primitives.EntrywiseQuotient(_outer(expr.Ones, e, scope), base)
    if power.is_Integer and 2 <= abs(power) <= MOST_FACTORS:
        found = Hadamard((base,) * abs(int(power)))
        return found if power > 0 else primitives.EntrywiseQuotient(_outer(expr.Ones, e, scope), found)
    raise SymbackpropError(
        f"the tree does not raise the entries of {short(e.base)} to {short(power)}: write exp and log"
    )


@taken.register
def _(e: sympy.Trace, scope: Scope) -> Expr:
    return primitives.Trace(taken(e.arg, scope))


# --- constants -------------------------------------------------------------------------------------------------------


@taken.register
def _(e: sympy.Identity, scope: Scope) -> Expr:
    return expr.Identity(scope.size(e.rows))


@taken.register
def _(e: sympy.OneMatrix, scope: Scope) -> Expr:
    return _outer(expr.Ones, e, scope)


@taken.register
def _(e: sympy.ZeroMatrix, scope: Scope) -> Expr:
    return _outer(expr.Zeros, e, scope)


def _outer(column: type[expr.Ones | expr.Zeros], e: Any, scope: Scope) -> Expr:
    """A matrix of which all entries are the same: a column, a row, or a column times a row."""
    rows, columns = (scope.size(size) for size in e.shape)
    if columns == ONE:
        return column(rows)
    return column(columns).T if rows == ONE else column(rows) @ column(columns).T


# --- diagonals and parts ---------------------------------------------------------------------------------------------


@taken.register
def _(e: DiagMatrix, scope: Scope) -> Expr:
    column = taken(e.args[0], scope)
    return expr.Diagonal(column if e.args[0].shape[1] == 1 else column.T)


@taken.register
def _(e: DiagonalOf, scope: Scope) -> Expr:
    return primitives.DiagonalPart(taken(e.arg, scope))


@taken.register
def _(e: DiagonalMatrix, scope: Scope) -> Expr:
    return expr.Diagonal(primitives.DiagonalPart(taken(e.arg, scope)))


@taken.register
def _(e: sympy.matrices.expressions.matexpr.MatrixElement, scope: Scope) -> Expr:
    parent, row, column = e.args
    is_column = parent.shape[1] == 1 and column == 0
    return expr.Entry(taken(parent, scope), scope.size(row) + 1, None if is_column else scope.size(column) + 1)


@taken.register
def _(e: MatrixSlice, scope: Scope) -> Expr:
    """Rows `first … last`, then columns; a slice of all of them is left out."""
    found = taken(e.parent, scope)
    rows, columns = e.rowslice, e.colslice
    if rows[2] != 1 or columns[2] != 1:
        raise SymbackpropError(f"the tree takes rows and columns that follow one another, not {short(e)}")
    total = e.parent.shape
    if (rows[0], rows[1]) != (0, total[0]):
        first, last = scope.size(rows[0]) + 1, scope.size(rows[1])
        found = expr.Row(found, first) if first == last else primitives.Rows(found, first, last)
    if (columns[0], columns[1]) != (0, total[1]):
        first, last = scope.size(columns[0]) + 1, scope.size(columns[1])
        found = expr.Column(found, first) if first == last else expr.Columns(found, first, last)
    return found


@taken.register
def _(e: sympy.MatrixBase, scope: Scope) -> Expr:
    """A matrix of which every entry is written: rows one below the other, each of them entries side by side."""
    return _stacked([[taken(e[i, k], scope) for k in range(e.cols)] for i in range(e.rows)], e)


@taken.register
def _(e: sympy.BlockMatrix, scope: Scope) -> Expr:
    rows, columns = e.blockshape
    return _stacked([[taken(e.blocks[i, k], scope) for k in range(columns)] for i in range(rows)], e)


def _stacked(rows: list[list[Expr]], e: Any) -> Expr:
    if not rows or not rows[0]:
        raise SymbackpropError(f"a matrix has one row and one column at least: {short(e)} has none")
    lines = [row[0] if len(row) == 1 else primitives.Stacked(tuple(row), primitives.COLUMNS) for row in rows]
    return lines[0] if len(lines) == 1 else primitives.Stacked(tuple(lines), primitives.ROWS)


# --- functions of each entry -----------------------------------------------------------------------------------------


@taken.register
def _(e: ElementwiseApplyFunction, scope: Scope) -> Expr:
    """A function of the table, or what is composed of them entry by entry."""
    argument = sympy.Dummy("z", real=True)
    body = sympy.sympify(e.function(argument))
    return _Entrywise(argument, e.expr, scope).of(body)


class _Entrywise:
    """A formula of one variable, with a matrix in its place."""

    def __init__(self, argument: Any, matrix: Any, scope: Scope) -> None:
        self.argument, self.matrix, self.scope = argument, matrix, scope

    def of(self, body: Any) -> Expr:
        """The formula with its operations entry by entry."""
        if body == self.argument:
            return taken(self.matrix, self.scope)
        if self.argument not in body.free_symbols:
            return self._constant(body)
        known = in_the_table(body, self.argument)
        if known is not None:
            return Elementwise(known[0], taken(self.matrix, self.scope), known[1])
        match body:
            case sympy.Add():
                return Sum(tuple(self.of(term) for term in body.args))
            case sympy.Mul():
                return self._multiplied(body)
            case sympy.Pow(base=base, exp=sympy.Integer() as power) if 2 <= power <= MOST_FACTORS:
                return Hadamard((self.of(base),) * int(power))
            case sympy.Pow(base=base, exp=sympy.Integer() as power) if power < 0:
                return primitives.EntrywiseQuotient(self._constant(sympy.Integer(1)), self.of(base**-power))
            case sympy.Function() if len(body.args) == 1:
                name, order = function_of(body)
                return Elementwise(name, self.of(body.args[0]), order)
            case sympy.Derivative(expr=sympy.Function(args=(inner,)) as of) if inner == self.argument:
                name, order = function_of(of)
                return Elementwise(name, self.of(inner), order + int(body.derivative_count))
        raise SymbackpropError(
            f"the tree has no function of each entry {short(body)}: "
            "it has those of the table of activations, and sums, products and quotients of them"
        )

    def _constant(self, value: Any) -> Expr:
        """A number as a matrix of the shape that is wanted."""
        ones = _outer(expr.Ones, self.matrix, self.scope)
        if value == 1:
            return ones
        sign, size = (Negative, -value) if value.is_Rational and value < 0 else (None, value)
        found = ones if size == 1 else product_of((taken(size, self.scope), *expr.factors_of(ones)))
        return found if sign is None else sign(found)

    def _multiplied(self, body: Any) -> Expr:
        """Factors without the variable are scalars before the entrywise product; those of negative power are below."""
        scalars, rest = body.as_independent(self.argument, as_Add=False)
        above = [factor for factor in sympy.Mul.make_args(rest) if not _is_below(factor)]
        below = [1 / factor for factor in sympy.Mul.make_args(rest) if _is_below(factor)]
        found = self._entrywise(above) if above else self._constant(sympy.Integer(1))
        if below:
            found = primitives.EntrywiseQuotient(found, self._entrywise(below))
        if scalars == 1:
            return found
        negative = scalars.is_Rational and scalars < 0
        size = -scalars if negative else scalars
        found = found if size == 1 else product_of((taken(size, self.scope), *expr.factors_of(found)))
        return Negative(found) if negative else found

    def _entrywise(self, factors: list[Any]) -> Expr:
        found = [self.of(factor) for factor in factors]
        return found[0] if len(found) == 1 else Hadamard(tuple(found))


def _is_below(factor: Any) -> bool:
    return bool(factor.is_Pow and factor.exp.is_Rational and factor.exp < 0)
