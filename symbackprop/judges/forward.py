"""Forward mode: value and tangents of every node at a point of the field, one reader for both.

`push(e, flow, symbols)` gives both at once; `value(e, point, symbols)` is the first alone. A new primitive registers
one function that gives its value and its Jacobian by each operand: `@push.register`. `∂of/∂wrt` is read off by
perturbing the entries of `wrt` and running the forward equations; no rule of derivation is known here.
"""

from __future__ import annotations

from flint import nmod_mat

from symbackprop import expr
from symbackprop.dims import dim
from symbackprop.errors import ShapeError
from symbackprop.expr import Expr, Variable
from symbackprop.judges import functions, linear, primitives
from symbackprop.judges.duals import Dual, Flow, Symbols, push, says, still
from symbackprop.judges.field import OutOfRange, Point, Unvalued, diagonal, ints, matrix, zeros
from symbackprop.judges.linear import plus, times
from symbackprop.primitives import Rows
from symbackprop.shapes import shape
from symbackprop.substitution import free_symbols, substitute
from symbackprop.tree import subterms

REGISTERED = (functions, linear, primitives)  # importing them registers their readers
BLOCK = 256  # directions pushed at once: a large weight matrix need not be perturbed in all its entries at a time
PARTS = (expr.Row, expr.Column, expr.Entry, expr.Transpose, expr.WithoutBias, expr.Columns, Rows)


def value(e: Expr, point: Point, symbols: Symbols) -> nmod_mat:
    """The value of an expression at a point; a scalar is 1 × 1. Raises what `push` raises."""
    return push(e, still(point), symbols).value


# --- indexed products and sums ---------------------------------------------------------------------------------------


def _unrolled(e: expr.IndexedProduct | expr.IndexedSum, flow: Flow, symbols: Symbols) -> list[Dual]:
    lower, upper = (flow.point.size(bound, symbols) for bound in (e.lower, e.upper))
    if upper < lower - 1:
        raise OutOfRange(f"{e} runs from {lower} to {upper}")
    return [push(e.body, flow, {**symbols, e.index: k}) for k in range(lower, upper + 1)]


def _size_when_empty(e: Expr, flow: Flow, symbols: Symbols) -> tuple[int, int]:
    """What the shape of a product or sum is without any factor or term: its body's, by the indices alone."""
    placed = substitute(e, {name: dim(n) for name, n in symbols.items()})
    for _, part in subterms(placed):
        if isinstance(part, Variable) and not free_symbols(part):
            flow.point.extent(part)  # one that this network does not have is out of range, not of a wrong shape
    rows, columns = shape(placed, flow.point.network)
    return flow.point.size(rows, symbols), flow.point.size(columns, symbols)


@push.register
def _(e: expr.IndexedProduct, flow: Flow, symbols: Symbols) -> Dual:
    factors = _unrolled(e, flow, symbols)
    if not factors:
        rows, columns = _size_when_empty(e, flow, symbols)
        if rows != columns:
            raise ShapeError(f"{e} is empty, and {rows} × {columns}: only a square product has an identity")
        return Dual(diagonal([1] * rows))
    if e.descending:
        factors.reverse()
    total = factors.pop()
    for dual in reversed(factors):
        if (1, 1) not in (dual.extent, total.extent) and dual.value.ncols() != total.value.nrows():
            raise ShapeError(f"the factors of {e} do not conform: {says(dual)} is followed by {says(total)}")
        total = times(dual, total)
    return total


@push.register
def _(e: expr.IndexedSum, flow: Flow, symbols: Symbols) -> Dual:
    terms = _unrolled(e, flow, symbols)
    total = terms[0] if terms else Dual(zeros(*_size_when_empty(e, flow, symbols)))
    for dual in terms[1:]:
        if dual.extent != total.extent:
            raise ShapeError(f"the terms of {e} differ in shape: {says(total)} and {says(dual)}")
        total = plus(total, dual)
    return total


# --- derivatives -----------------------------------------------------------------------------------------------------


@push.register
def _(e: expr.Partial, flow: Flow, symbols: Symbols) -> Dual:
    if flow.given:
        raise Unvalued(f"the derivative of {e}, itself a derivative, has no value here")
    point = flow.point
    names = free_symbols(e)
    key = (e, *sorted((name, n) for name, n in symbols.items() if name in names))
    if key not in point.partials:
        point.partials[key] = _partial(e, flow, symbols)
    return Dual(point.partials[key])


def _partial(e: expr.Partial, flow: Flow, symbols: Symbols) -> nmod_mat:
    """`∂of/∂wrt`: the tangents of `of` along each entry of `wrt`, a block of directions at a time."""
    variable, extent, places = _places(e.wrt, flow, symbols)
    of = push(e.of, flow, symbols)
    is_scalar = of.extent == (1, 1)
    if not is_scalar and (of.value.ncols() != 1 or extent[1] != 1):
        raise ShapeError(
            f"{e} would need more than two indices: {e.of} is {says(of)} and {e.wrt} is {extent[0]} × {extent[1]}"
        )
    rows: list[int] = []
    for start in range(0, len(places), BLOCK):
        rows += ints(_along(places[start : start + BLOCK], variable, e.of, flow, symbols).transpose())
    found = matrix(*extent, rows) if is_scalar else matrix(extent[0], of.value.nrows(), rows)
    return found.transpose() if e.numerator else found


def _along(places: list[int], variable: Variable, of: Expr, flow: Flow, symbols: Symbols) -> nmod_mat:
    """The tangents of an expression along some entries of a variable: its entries × those."""
    now = flow.dual(variable).value
    size = now.nrows() * now.ncols()
    seed = zeros(size, len(places))
    for direction, place in enumerate(places):
        seed[place, direction] = 1
    moved = push(of, Flow(flow.point, {variable: Dual(now, seed, places == list(range(size)))}), symbols)
    if moved.tangent is None:
        return zeros(moved.value.nrows() * moved.value.ncols(), len(places))
    return moved.tangent


def _places(wrt: Expr, flow: Flow, symbols: Symbols) -> tuple[Variable, tuple[int, int], list[int]]:
    """The variable that a part belongs to, the part's rows and columns, and where each of its entries stands there.

    The entries are found by reading the part with each entry of the variable replaced by its own flat position.
    """
    inner = wrt
    while isinstance(inner, PARTS):
        inner = inner.operand
    if not isinstance(inner, Variable):
        raise Unvalued(f"a derivative by {wrt} has no value here: only by a variable or a part of one")
    variable = flow.point.at(inner, symbols)
    rows, columns = flow.point.extent(variable)
    numbered = Dual(matrix(rows, columns, range(rows * columns)))
    found = push(wrt, Flow(flow.point, {variable: numbered}), symbols)
    return variable, found.extent, ints(found.value)
