"""The tree in SymPy at given widths: matrices of entries, every index a number, derivatives taken by SymPy.

A variable is read as a matrix of plain symbols: `W_0[1,2]`, `b_0[1]`, `z_1[2]`, `h_1[2]`, and `x_1`, `y_1`, `yhat_1`
for input, target and output. To differentiate by a variable, what depends on it is written out through the forward
equations as far as that variable, and everything else stays a symbol; so a derivative stays short at any depth. The
bias unit of a layer is a symbol as well, because there is a derivative by it; in a value it is 1 (`Reading.finished`).
"""

from __future__ import annotations

from functools import singledispatch
from typing import Any

import sympy
from sympy import ImmutableDenseMatrix as Matrix
from sympy.core.function import AppliedUndef

from symbackprop import expr
from symbackprop.activations import scalar_function
from symbackprop.dims import Dim, dim
from symbackprop.equations import Network
from symbackprop.errors import ShapeError, SymbackpropError
from symbackprop.expr import Expr, Variable, substitute, subterms
from symbackprop.shapes import shape

Z = sympy.Symbol("z", real=True)  # the variable of the activation table


class OutOfRange(ShapeError):
    """A variable, row or column that the network does not have."""


class Reading:
    """How variables are read in one network of given widths.

    Args:
        network: a network whose depth and widths are numbers.
        opaque: whether named activations are read as unknown functions, as the generic `g` always is.
        base: the variable that is differentiated by; what depends on it is written out.
        shared: the reading this one was made from.
    """

    def __init__(
        self, network: Network, opaque: bool = False, base: Variable | None = None, shared: Reading | None = None
    ) -> None:
        self.network = network
        self.opaque = opaque
        self.base = base
        self.hidden: set[str] = set() if shared is None else shared.hidden
        self.origin: dict[sympy.Symbol, tuple[Variable, int, int]] = {} if shared is None else shared.origin
        self._symbols: dict[Variable, Matrix] = {} if shared is None else shared._symbols
        self._depends: dict[tuple[Variable, Variable], bool] = {} if shared is None else shared._depends
        self._written: dict[Variable, Any] = {}
        self.partials: dict[expr.Partial, Any] = {}
        self._full: dict[Variable, Any] = {} if shared is None else shared._full
        self._under: dict[Variable, Reading] = {} if shared is None else shared._under

    # --- sizes and symbols ---

    def number(self, size: Dim) -> int:
        """A dim as a number.

        Raises:
            SymbackpropError: for an index that has no value.
        """
        known = self.network.normal(size)
        if not known.is_constant:
            raise SymbackpropError(f"{size} has no value here: put numbers in place of {', '.join(known.symbols)}")
        return known.constant

    def size(self, variable: Variable) -> tuple[int, int]:
        """Rows and columns of a variable."""
        if variable.index is not None:
            self.number(variable.index)
        try:
            rows, columns = self.network.shape_of(variable)
        except ShapeError as error:
            raise OutOfRange(str(error)) from None
        return self.number(rows), self.number(columns)

    def symbols(self, variable: Variable) -> Matrix:
        """The matrix of a variable's own symbols."""
        if variable not in self._symbols:
            rows, columns = self.size(variable)
            entries = []
            for i in range(1, rows + 1):
                for k in range(1, columns + 1):
                    symbol = sympy.Symbol(self._name(variable, i, k, columns))
                    self.origin[symbol] = (variable, i, k)
                    entries.append(symbol)
            self._symbols[variable] = Matrix(rows, columns, entries)
        return self._symbols[variable]

    def _name(self, variable: Variable, i: int, k: int, columns: int) -> str:
        match variable:
            case expr.Hidden(Dim((), 0)):
                return f"x_{i}"
            case expr.Target():
                return f"y_{i}"
            case expr.PreActivation(layer) if layer == self.network.depth + 1:
                return f"yhat_{i}"
        place = f"{i}" if columns == 1 and not isinstance(variable, expr.Weight) else f"{i},{k}"
        return f"{variable.name}{'' if variable.index is None else f'_{variable.index}'}[{place}]"

    def is_bias_unit(self, variable: Variable, i: int) -> bool:
        """Whether entry `i` is the constant 1 at the end of a layer."""
        return self.network.constant(variable, dim(i)) is not None

    # --- forward equations ---

    def definition(self, variable: Variable) -> Expr | None:
        """The right side of the variable's forward equation; None for inputs, targets and parameters."""
        self.size(variable)
        found = self.network.definition(variable, {})
        return None if found is None else found.right

    def depends(self, variable: Variable, base: Variable) -> bool:
        """Whether a variable is, or is computed from, another one."""
        key = (variable, base)
        if key not in self._depends:
            right = None if variable == base else self.definition(variable)
            self._depends[key] = variable == base or (
                right is not None and any(isinstance(e, Variable) and self.depends(e, base) for _, e in subterms(right))
            )
        return self._depends[key]

    def read(self, variable: Variable) -> Any:
        """A variable as symbols, or written out if it depends on the base; the loss is always written out."""
        through = self.base is not None and variable != self.base and self.depends(variable, self.base)
        if not through and not isinstance(variable, expr.Loss):
            return self.symbols(variable)
        if variable not in self._written:
            right = self.definition(variable)
            assert right is not None
            self._written[variable] = explicit(right, self)
        return self._written[variable]

    def under(self, base: Variable) -> Reading:
        """The reading in which what depends on `base` is written out."""
        if base not in self._under:
            self._under[base] = Reading(self.network, self.opaque, base, self)
        return self._under[base]

    def through(self, value: Any) -> Any:
        """A derivative in which the symbols of what depends on the base are written out as well."""
        if self.base is None:
            return value
        put = {}
        for symbol in _free(value) & self.origin.keys():
            variable, i, k = self.origin[symbol]
            if variable != self.base and self.depends(variable, self.base):
                put[symbol] = entry(self.read(variable), i, k)
        return value.subs(put, simultaneous=True) if put else value

    # --- values for whoever imports SymPy expressions ---

    def finished(self, value: Any, expand: bool) -> Any:
        """The value with every bias unit 1 and, to `expand`, hidden units and pre-activations written out."""
        put = {}
        for symbol in _free(value) & self.origin.keys():
            variable, i, k = self.origin[symbol]
            if self.is_bias_unit(variable, i):
                put[symbol] = sympy.Integer(1)
            elif expand and self.definition(variable) is not None:
                put[symbol] = entry(self.full(variable), i, k)
        return canonical(value.subs(put, simultaneous=True) if put else value)

    def full(self, variable: Variable) -> Any:
        """A variable in parameters, input and target alone."""
        if variable not in self._full:
            right = self.definition(variable)
            value = self.symbols(variable) if right is None else explicit(right, self)
            self._full[variable] = self.finished(value, expand=True)
        return self._full[variable]


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


def _free(value: Any) -> set[sympy.Symbol]:
    found: set[sympy.Symbol] = value.free_symbols
    return found


def entry(value: Any, i: int, k: int = 1) -> Any:
    """Entry `i, k`, counted from 1; a scalar is its own entry."""
    return value[i - 1, k - 1] if isinstance(value, Matrix) else value


def scalar(value: Any) -> Any:
    """A 1 × 1 matrix as its entry."""
    return value[0, 0] if isinstance(value, Matrix) and value.shape == (1, 1) else value


def entrywise(function: Any, value: Any) -> Any:
    """A function of one variable applied to every entry."""
    return value.applyfunc(function) if isinstance(value, Matrix) else function(value)


def applied(name: str, order: int, reading: Reading) -> Any:
    """A scalar function of the table, or its derivative, as a Python function of a SymPy expression.

    A generic one is `sympy.Function(name)`; its derivative at `u` is `Derivative`, in `Subs` where `u` is no symbol.
    """
    row = scalar_function(name)
    hidden = reading.opaque and row.offered and not row.is_generic and row.name != "identity"
    if hidden:
        reading.hidden.add(row.name)
    elif not row.is_generic:
        formula = row.expression(order)
        return lambda u: formula.xreplace({Z: u})
    f = sympy.Function(row.name)

    def at(u: Any) -> Any:
        if order == 0:
            return f(u)
        variable = u if u.is_Symbol else sympy.Symbol("u")
        slope = sympy.Derivative(f(variable), (variable, order))
        return slope if u.is_Symbol else sympy.Subs(slope, variable, u)

    return at


def times(one: Any, two: Any) -> Any:
    """The product of matrices or scalars; a 1 × 1 matrix may stand anywhere."""
    if not (isinstance(one, Matrix) and isinstance(two, Matrix)):
        return one * two
    if one.shape[1] != two.shape[0]:
        if one.shape == (1, 1) or two.shape == (1, 1):
            return scalar(one) * scalar(two)
        raise ShapeError(f"cannot multiply {_says(one)} by {_says(two)}: the inner sizes differ")
    return one * two


def _says(value: Any) -> str:
    rows, columns = value.shape if isinstance(value, Matrix) else (1, 1)
    return f"{rows} × {columns}"


def _alike(one: Any, two: Any, verb: str) -> tuple[Any, Any]:
    """Two values of one shape."""
    if isinstance(one, Matrix) != isinstance(two, Matrix):
        one, two = scalar(one), scalar(two)
    if _says(one) != _says(two):
        raise ShapeError(f"cannot {verb} {_says(one)} and {_says(two)}: both must have the same shape")
    return one, two


# --- every node ------------------------------------------------------------------------------------------------------


@singledispatch
def explicit(e: Expr, reading: Reading) -> Any:
    """An expression as a SymPy matrix, or as a scalar expression.

    Raises:
        ShapeError: if two parts do not conform; `OutOfRange` if the network has no such variable, row or column.
        SymbackpropError: for what has no explicit form.
    """
    raise SymbackpropError(f"{type(e).__name__} is not registered with the SymPy reader: add @explicit.register for it")


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
def _(e: expr.Ones, reading: Reading) -> Any:
    return Matrix.ones(reading.number(e.size), 1)


def _within(at: Dim, size: int, e: Expr, reading: Reading) -> int:
    value = reading.number(at)
    if not 1 <= value <= size:
        raise OutOfRange(f"{e} does not exist: its index {value} runs from 1 to {size}")
    return value


@explicit.register
def _(e: expr.Entry, reading: Reading) -> Any:
    value = _matrix(explicit(e.operand, reading))
    i = _within(e.row, value.shape[0], e, reading)
    return value[i - 1, 0 if e.column is None else _within(e.column, value.shape[1], e, reading) - 1]


@explicit.register
def _(e: expr.Row, reading: Reading) -> Any:
    value = _matrix(explicit(e.operand, reading))
    return value[_within(e.row, value.shape[0], e, reading) - 1, :]


@explicit.register
def _(e: expr.Column, reading: Reading) -> Any:
    value = _matrix(explicit(e.operand, reading))
    return value[:, _within(e.column, value.shape[1], e, reading) - 1]


@explicit.register
def _(e: expr.WithoutBias, reading: Reading) -> Any:
    return _matrix(explicit(e.operand, reading))[:, :-1]


@explicit.register
def _(e: expr.ColumnAt, reading: Reading) -> Any:
    vector, width = _column(explicit(e.vector, reading), e), reading.number(e.width)
    at = _within(e.column, width, e, reading)
    return Matrix(vector.shape[0], width, lambda i, k: vector[i, 0] if k == at - 1 else 0)


@explicit.register
def _(e: expr.Transpose, reading: Reading) -> Any:
    value = explicit(e.operand, reading)
    return value.T if isinstance(value, Matrix) else value


def _matrix(value: Any) -> Any:
    return value if isinstance(value, Matrix) else Matrix([[value]])


def _column(value: Any, e: Expr) -> Any:
    column = _matrix(value)
    if column.shape[1] != 1:
        raise ShapeError(f"{e} needs a column, but was given {_says(column)}")
    return column


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
        one, two = _alike(total, explicit(factor, reading), "multiply entry by entry")
        total = one.multiply_elementwise(two) if isinstance(one, Matrix) else one * two
    return total


@explicit.register
def _(e: expr.Sum, reading: Reading) -> Any:
    total = explicit(e.terms[0], reading)
    for term in e.terms[1:]:
        one, two = _alike(total, explicit(term, reading), "add")
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
def _(e: expr.Diagonal, reading: Reading) -> Any:
    return sympy.diag(*_column(explicit(e.operand, reading), e)).as_immutable()


@explicit.register
def _(e: expr.Elementwise, reading: Reading) -> Any:
    return entrywise(applied(e.function, e.order, reading), explicit(e.operand, reading))


@explicit.register
def _(e: expr.LayerMap, reading: Reading) -> Any:
    units = entrywise(applied(e.function, 0, reading), _column(explicit(e.operand, reading), e))
    return units.col_join(Matrix([[1]]))


@explicit.register
def _(e: expr.ActivationJacobian, reading: Reading) -> Any:
    slopes = entrywise(applied(e.function, 1, reading), _column(explicit(e.operand, reading), e))
    size = slopes.shape[0]
    return Matrix(size, size + 1, lambda i, k: slopes[i, 0] if i == k else 0)


@explicit.register
def _(e: expr.Function, reading: Reading) -> Any:
    entries = [item for argument in e.arguments for item in _matrix(explicit(argument, reading))]
    return sympy.Function(e.name)(*entries)


@explicit.register
def _(e: expr.LogSumExp, reading: Reading) -> Any:
    return sympy.log(sympy.Add(*map(sympy.exp, _column(explicit(e.operand, reading), e))))


@explicit.register
def _(e: expr.Softmax, reading: Reading) -> Any:
    powers = entrywise(sympy.exp, _column(explicit(e.operand, reading), e))
    return powers / sympy.Add(*powers)


@explicit.register
def _(e: expr.Norm, reading: Reading) -> Any:
    value = _matrix(explicit(e.operand, reading))
    if e.kind == "F" or 1 in value.shape:
        return sympy.sqrt(sympy.Add(*(item**2 for item in value)))
    return sympy.Max(*value.singular_values())


@explicit.register
def _(e: expr.SingularValue, reading: Reading) -> Any:
    value = _matrix(explicit(e.operand, reading))
    # min(m, n) of them: SymPy adds zeros for the larger side
    tall = value if value.shape[0] >= value.shape[1] else value.T
    return (sympy.Max if e.largest else sympy.Min)(*tall.singular_values())


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
        case expr.Entry(operand):
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
    if _says(of) == "1 × 1":
        made = entrywise(lambda u: sympy.diff(scalar(of), u), wrt)
    elif _matrix(of).shape[1] == 1 and _matrix(wrt).shape[1] == 1:
        column, by = _matrix(of), _matrix(wrt)
        made = Matrix(by.shape[0], column.shape[0], lambda k, i: sympy.diff(column[i, 0], by[k, 0]))
    else:
        raise ShapeError(f"{e} would need more than two indices: {_says(of)} by {_says(wrt)}")
    if e.numerator and isinstance(made, Matrix):
        made = made.T
    return reading.through(made)


def _bounds(e: expr.IndexedProduct | expr.IndexedSum, reading: Reading) -> range:
    lower, upper = reading.number(e.lower), reading.number(e.upper)
    if upper < lower - 1:
        raise OutOfRange(f"{e} runs from {lower} to {upper}, which is less than nothing")
    return range(lower, upper + 1)


@explicit.register
def _(e: expr.IndexedSum, reading: Reading) -> Any:
    terms = [explicit(substitute(e.body, {e.index: dim(at)}), reading) for at in _bounds(e, reading)]
    if not terms:
        rows, columns = (reading.number(size) for size in shape(e, reading.network))
        return scalar(Matrix.zeros(rows, columns))
    return sum(terms[1:], terms[0])


@explicit.register
def _(e: expr.IndexedProduct, reading: Reading) -> Any:
    values = list(_bounds(e, reading))
    total: Any = None
    for at in reversed(values) if e.descending else values:
        value = explicit(substitute(e.body, {e.index: dim(at)}), reading)
        total = value if total is None else times(total, value)
    if total is not None:
        return total
    rows, columns = (reading.number(size) for size in shape(e, reading.network))
    if rows != columns:
        raise ShapeError(f"{e} has no factors, but its ends are {rows} × {columns}: the identity is square")
    return sympy.Integer(1) if rows == 1 else Matrix.eye(rows)
