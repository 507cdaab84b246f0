"""NumPy source for the values of expression trees.

Vectors are one-dimensional arrays, rows and columns alike; in `batch` code they are `n × N`, an example a column.
Products are in `symbackprop.numeric.action`, singular values in `symbackprop.numeric.sizes`, which register them here.
What needs statements (a loop) writes them to the `Code` it is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch

from symbackprop import expr, groups, magnitudes
from symbackprop.dims import ONE, Dim, dim, index
from symbackprop.errors import SymbackpropError
from symbackprop.expr import Expr, Variable
from symbackprop.numeric.code import Code, grouped, index_name
from symbackprop.numeric.forms import Form, form
from symbackprop.shapes import shape
from symbackprop.substitution import free_symbols, substitute
from symbackprop.tree import children


@singledispatch
def emit(e: Expr, code: Code) -> str:
    """NumPy source for the value of an expression.

    Raises:
        SymbackpropError: for what has no value in numbers.
    """
    raise SymbackpropError(f"{e} cannot be compiled: {type(e).__name__} has no NumPy source; add @emit.register for it")


@emit.register
def _(e: Variable, code: Code) -> str:
    return code.variable(e)


@emit.register
def _(e: expr.Number, code: Code) -> str:
    return _rational(e.value.numerator, e.value.denominator)


def _rational(numerator: int, denominator: int) -> str:
    if denominator == 1:
        return str(numerator)
    exact = denominator & (denominator - 1) == 0
    return str(numerator / denominator) if exact else f"{numerator} / {denominator}"


@emit.register
def _(e: expr.Size, code: Code) -> str:
    return code.dim(e.size)


@emit.register
def _(e: expr.Kronecker, code: Code) -> str:
    return f"float({code.dim(e.one)} == {code.dim(e.two)})"


@emit.register
def _(e: expr.Identity, code: Code) -> str:
    return f"np.eye({code.dim(e.size)})"


@emit.register
def _(e: expr.Zeros, code: Code) -> str:
    return f"np.zeros(({code.dim(e.size)}, 1))" if code.batch else f"np.zeros({code.dim(e.size)})"


@emit.register
def _(e: expr.Ones, code: Code) -> str:
    return f"np.ones(({code.dim(e.size)}, 1))" if code.batch else f"np.ones({code.dim(e.size)})"


@emit.register
def _(e: expr.Entry, code: Code) -> str:
    if e.column is None and e.row.symbols & code.spread:
        return emit(e.operand, code)
    column = "" if e.column is None else f", {code.dim(e.column - 1)}"
    return f"{grouped(emit(e.operand, code))}[{code.dim(e.row - 1)}{column}]"


@emit.register
def _(e: expr.Row, code: Code) -> str:
    return f"{grouped(emit(e.operand, code))}[{code.dim(e.row - 1)}]"


@emit.register
def _(e: expr.Column, code: Code) -> str:
    return f"{grouped(emit(e.operand, code))}[:, {code.dim(e.column - 1)}]"


@emit.register
def _(e: expr.Columns, code: Code) -> str:
    inner, found = grouped(emit(e.operand, code)), form(e.operand, code.network)
    if found.value[1]:
        # of what has one column, they are that column
        return inner
    before = "" if found is Form.ROW else ":, "
    return f"{inner}[{before}{code.dim(e.first - 1)}:{code.dim(e.last)}]"


@emit.register
def _(e: expr.WithoutBias, code: Code) -> str:
    return f"{grouped(emit(e.operand, code))}[:, :-1]"


@emit.register
def _(e: expr.ColumnAt, code: Code) -> str:
    return f"np.outer({emit(e.vector, code)}, {unit_row(e, code)})"


def unit_row(e: expr.ColumnAt, code: Code) -> str:
    """The row with a one where the column stands."""
    return f"np.arange({code.dim(e.width)}) == {code.dim(e.column - 1)}"


@emit.register
def _(e: expr.Transpose, code: Code) -> str:
    inner = emit(e.operand, code)
    return f"{grouped(inner)}.T" if form(e.operand, code.network) is Form.MATRIX else inner


@emit.register
def _(e: expr.Hadamard, code: Code) -> str:
    return times([emit(f, code) for f in e.factors])


@emit.register
def _(e: expr.Sum, code: Code) -> str:
    return summed([(isinstance(t, expr.Negative), emit(unsigned(t), code)) for t in e.terms])


def unsigned(e: Expr) -> Expr:
    return e.operand if isinstance(e, expr.Negative) else e


def summed(terms: Sequence[tuple[bool, str]]) -> str:
    """The sum of terms, each with whether it is subtracted."""
    text = ""
    for minus, term in terms:
        sign = "-" if minus else "+"
        term = grouped(term) if minus else term
        text = f"{text} {sign} {term}" if text else ("-" if minus else "") + term
    return text


@emit.register
def _(e: expr.Negative, code: Code) -> str:
    return f"-{grouped(emit(e.operand, code))}"


@emit.register
def _(e: expr.Quotient, code: Code) -> str:
    return f"{grouped(emit(e.numerator, code))} / {grouped(emit(e.denominator, code))}"


@emit.register
def _(e: expr.Power, code: Code) -> str:
    if (
        isinstance(e.base, expr.Norm)
        and e.base.kind != "1"
        and e.exponent == 2
        and form(e.base.operand, code.network) is not Form.MATRIX
    ):
        return code.sum_of(f"{grouped(emit(e.base.operand, code))} ** 2")
    exponent = _rational(e.exponent.numerator, e.exponent.denominator)
    return f"{grouped(emit(e.base, code))} ** {grouped(exponent)}"


@emit.register
def _(e: expr.SquareRoot, code: Code) -> str:
    return f"np.sqrt({emit(e.operand, code)})"


@emit.register
def _(e: groups.Membership, code: Code) -> str:
    return f"np.repeat(np.eye({e.groups}), {grouped(code.dim(e.size))} // {e.groups}, axis=0)"


@emit.register
def _(e: groups.EntrywisePower, code: Code) -> str:
    exponent = _rational(e.exponent.numerator, e.exponent.denominator)
    return f"{grouped(emit(e.operand, code))} ** {grouped(exponent)}"


@emit.register
def _(e: expr.Diagonal, code: Code) -> str:
    return f"np.diag({emit(e.operand, code)})"


@emit.register
def _(e: expr.Elementwise, code: Code) -> str:
    by_value = code.slope(e.function, e.operand) if e.order == 1 else None
    return by_value or f"{code.function(e.function, e.order)}({emit(e.operand, code)})"


@emit.register
def _(e: expr.LayerMap, code: Code) -> str:
    return f"{code.helper('with_bias_unit')}({code.function(e.function, 0)}({emit(e.operand, code)}))"


@emit.register
def _(e: expr.ActivationJacobian, code: Code) -> str:
    inner = emit(e.operand, code)
    return f"np.column_stack([np.diag({code.function(e.function, 1)}({inner})), np.zeros_like({inner})])"


@emit.register
def _(e: expr.Function, code: Code) -> str:
    return f"loss({', '.join(emit(a, code) for a in e.arguments)})"


@emit.register
def _(e: expr.LogSumExp, code: Code) -> str:
    return _along(e, code, "logsumexp")


@emit.register
def _(e: expr.Softmax, code: Code) -> str:
    return _along(e, code, "softmax")


def _along(e: expr.LogSumExp | expr.Softmax, code: Code, name: str) -> str:
    """The function of each column, or of each row as a column of the transpose; a row is one-dimensional, too."""
    inner, found = emit(e.operand, code), form(e.operand, code.network)
    one_by_one = found is (Form.ROW if e.along == "column" else Form.COLUMN)
    if one_by_one:
        # each entry by itself
        return f"np.ones_like({inner})" if name == "softmax" else inner
    if found is Form.MATRIX and e.along == "row":
        turned = f"{code.helper(name)}({grouped(inner)}.T)"
        return f"{turned}.T" if name == "softmax" else turned
    return f"{code.helper(name)}({inner})"


@emit.register
def _(e: expr.Norm, code: Code) -> str:
    inner = emit(e.operand, code)
    if e.kind == "1":
        return code.sum_of(f"{code.function('abs', 0)}({inner})")
    if form(e.operand, code.network) is Form.MATRIX:
        return f"np.linalg.norm({inner}{', 2' if e.kind == '2' else ''})"
    # not np.linalg.norm, which takes moduli: complex-step differences need an analytic function
    return f"np.sqrt({code.sum_of(f'{grouped(inner)} ** 2')})"


@emit.register
def _(e: expr.Partial, code: Code) -> str:
    if e.of != expr.LOSS or not isinstance(e.wrt, Variable):
        raise SymbackpropError(f"{e} has no value of its own in NumPy source: derive it first")
    return partial_name(e, code)


def partial_name(e: expr.Partial, code: Code) -> str:
    """`dL_dz1`, `dL_dyhat`."""
    assert isinstance(e.wrt, Variable)
    return f"dL_d{code.variable(e.wrt)}"


@emit.register
def _(e: expr.IndexedProduct, code: Code) -> str:
    inside = form(e.body, code.network)
    total = code.fresh()
    first = substitute(e.body, {e.index: e.upper if e.descending else e.lower})
    if inside is Form.SCALAR:
        code.line(f"{total} = 1.0")
    elif e.upper == e.lower:
        return emit(first, code)
    else:
        code.line(f"{total} = np.eye({_rows(first, code)})")
    with code.block(loop(e, code, rising=not e.descending)):
        inner = emit(e.body, code)
        code.line(f"{total} = {total} {'*' if inside is Form.SCALAR else '@'} {grouped(inner)}")
    return total


def _rows(e: Expr, code: Code) -> str:
    return code.dim(shape(e, code.network)[0])


@emit.register
def _(e: expr.IndexedSum, code: Code) -> str:
    if over_entries(e, code):
        # Σ_k f(u_k, v_k): the same operations on whole columns, then one sum
        return code.sum_of(spread(e.body, e.index, code))
    total = code.fresh()
    code.line(f"{total} = 0.0")
    with code.block(loop(e, code, rising=True)):
        code.line(f"{total} = {total} + {emit(e.body, code)}")
    return total


def spread(body: Expr, name: str, code: Code) -> str:
    """The values of a scalar at every value of an index at once."""
    code.spread, outer = code.spread | {name}, code.spread
    text = emit(body, code)
    code.spread = outer
    return text


def over_entries(e: expr.IndexedSum | magnitudes.Extreme, code: Code) -> bool:
    """Whether it is over all entries of the columns in its body, of which nothing else depends on its index."""

    def touches(inner: Expr) -> bool:
        if isinstance(inner, expr.Entry) and inner.column is None and inner.row == index(e.index):
            whole = e.lower == ONE and shape(inner.operand, code.network)[0] == code.network.normal(e.upper)
            return e.index in free_symbols(inner.operand) or not whole
        if e.index not in free_symbols(inner):
            return False
        here = any(isinstance(own, Dim) and e.index in own.symbols for own in inner._values())
        return here or any(touches(child) for child in children(inner))

    return form(e.body, code.network) is Form.SCALAR and e.index in free_symbols(e.body) and not touches(e.body)


def loop(e: expr.IndexedProduct | expr.IndexedSum | magnitudes.Extreme, code: Code, rising: bool) -> str:
    """The `for` line over its index."""
    name, low, high = index_name(e.index), e.lower, e.upper
    if rising:
        return f"for {name} in range({code_range(low, high + 1, code)}):"
    return f"for {name} in range({code.dim(high)}, {code.dim(low - 1)}, -1):"


def code_range(low: Dim, stop: Dim, code: Code) -> str:
    """The arguments of `range` from `low` up to before `stop`."""
    return code.dim(stop) if low == dim(0) else f"{code.dim(low)}, {code.dim(stop)}"


def times(factors: Sequence[str]) -> str:
    return factors[0] if len(factors) == 1 else " * ".join(grouped(f) for f in factors)
