"""Shapes, computed from the indices of an expression and never stored in it.

`shape(e, network)` gives rows × columns as dims; a scalar is 1 × 1. A new primitive registers itself:
`@shape.register`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import singledispatch
from typing import Protocol, TypeVar

from symbackprop import chance, dataset, expr, groups, magnitudes
from symbackprop.dims import ONE, Dim, Units, Width, at_most, dim, index, units, width
from symbackprop.errors import ShapeError
from symbackprop.expr import Expr, Variable
from symbackprop.substitution import substitute

Shape = tuple[Dim, Dim]
Bound = TypeVar("Bound", bound=Expr)
SCALAR: Shape = (ONE, ONE)


class Shaped(Protocol):
    """What knows the shapes of variables: a network."""

    def shape_of(self, variable: Variable) -> Shape:
        """Rows × columns of a variable, or a `ShapeError` where the network has no such variable."""

    def normal(self, size: Dim) -> Dim:
        """The dim with what the network knows of its widths put in."""

    def says(self, size: Dim) -> str:
        """The dim as a person writes it: `n_2-1`."""


def written(s: Shape, network: Shaped) -> str:
    """A shape in an error message: `n_2-1 × n_1`."""
    return " × ".join(network.says(size) for size in s)


@singledispatch
def shape(e: Expr, network: Shaped) -> Shape:
    """Rows × columns of an expression in a network.

    Raises:
        ShapeError: if two parts do not conform; the message names both, with their shapes.
    """
    raise TypeError(f"{type(e).__name__} has no shape registered: add @shape.register for it")


def _same(parts: Iterable[Expr], network: Shaped, verb: str) -> Shape:
    first, *rest = parts
    one = shape(first, network)
    for other in rest:
        two = shape(other, network)
        if one != two:
            raise ShapeError(
                f"cannot {verb} {first} ({written(one, network)}) and {other} ({written(two, network)}): "
                "both must have the same shape"
            )
    return one


def _column(e: Expr, network: Shaped, what: str) -> Dim:
    rows, columns = shape(e, network)
    if columns != ONE:
        raise ShapeError(f"{what} needs a column, but {e} is {written((rows, columns), network)}")
    return rows


def _scalar(e: Expr, network: Shaped, what: str) -> Shape:
    found = shape(e, network)
    if found != SCALAR:
        raise ShapeError(f"{what} must be a scalar, but {e} is {written(found, network)}")
    return SCALAR


@shape.register
def _(e: Variable, network: Shaped) -> Shape:
    return network.shape_of(e)


@shape.register(expr.Number)
@shape.register(expr.Size)
@shape.register(expr.Kronecker)
def _(e: Expr, network: Shaped) -> Shape:
    return SCALAR


@shape.register
def _(e: expr.Identity, network: Shaped) -> Shape:
    size = network.normal(e.size)
    return size, size


@shape.register
def _(e: expr.Ones | expr.Zeros, network: Shaped) -> Shape:
    return network.normal(e.size), ONE


@shape.register
def _(e: expr.Entry, network: Shaped) -> Shape:
    if e.column is None:
        _column(e.operand, network, f"the entry {e.row}")
    else:
        shape(e.operand, network)
    return SCALAR


@shape.register
def _(e: expr.Row, network: Shaped) -> Shape:
    return ONE, shape(e.operand, network)[1]


@shape.register
def _(e: expr.Column, network: Shaped) -> Shape:
    return shape(e.operand, network)[0], ONE


@shape.register
def _(e: expr.Columns, network: Shaped) -> Shape:
    rows, columns = shape(e.operand, network)
    if at_most(e.first, 0, {}) or at_most(columns + 1, network.normal(e.last), {}):
        raise ShapeError(
            f"{e} reaches beyond {e.operand} ({written((rows, columns), network)}): "
            f"write columns from 1 to {network.says(columns)}"
        )
    # `n_l - 1` columns are written as the units of layer l, as they are without the bias column
    return rows, one_less(network.normal(e.last - e.first + 2), network)


@shape.register
def _(e: expr.WithoutBias, network: Shaped) -> Shape:
    rows, columns = shape(e.operand, network)
    return rows, one_less(columns, network)


def one_less(size: Dim, network: Shaped) -> Dim:
    """The size less one: `n_l - 1`, written as the number of units of layer `l` where `n_l` counts a bias unit."""
    match size:
        case Dim(((Width(layer), 1),), 0) if network.normal(units(layer)) != size:
            return units(layer)
    return size - 1


@shape.register
def _(e: expr.ColumnAt, network: Shaped) -> Shape:
    return _column(e.vector, network, "a column-placement matrix"), network.normal(e.width)


@shape.register
def _(e: expr.Transpose, network: Shaped) -> Shape:
    rows, columns = shape(e.operand, network)
    return columns, rows


@shape.register
def _(e: expr.Product, network: Shaped) -> Shape:
    rows, columns, last = ONE, ONE, None
    for factor in e.factors:
        found = shape(factor, network)
        if found == SCALAR:
            continue
        if last is None:
            rows = found[0]
        elif found[0] != columns:
            raise ShapeError(
                f"cannot multiply {last} ({written(shape(last, network), network)}) by {factor} "
                f"({written(found, network)}){_likely(last, columns, factor, network)}"
            )
        columns, last = found[1], factor
    return rows, columns


def _likely(last: Expr, needed: Dim, factor: Expr, network: Shaped) -> str:
    """A guess at what was meant, for an error message."""
    rows, columns = shape(factor, network)
    if isinstance(factor, Variable) and factor.index is not None:
        for other in (expr.Hidden, expr.PreActivation):
            try:
                candidate = other(factor.index)
                if candidate != factor and shape(candidate, network) == (needed, columns):
                    return f": did you mean {candidate}?"
            except ShapeError:
                continue
    if columns == needed:
        return f": did you mean {_turned(factor)}?"
    if isinstance(last, Variable | expr.Transpose) and shape(last, network)[0] == rows:
        return f": did you mean {_turned(last)}?"
    return ": the inner sizes differ"


def _turned(e: Expr) -> Expr:
    return e.operand if isinstance(e, expr.Transpose) else e.T


@shape.register
def _(e: expr.Hadamard, network: Shaped) -> Shape:
    return _same(e.factors, network, "multiply entry by entry")


@shape.register
def _(e: expr.Sum, network: Shaped) -> Shape:
    return _same(e.terms, network, "add")


@shape.register(expr.Negative)
@shape.register(expr.Elementwise)
def _(e: expr.Negative | expr.Elementwise, network: Shaped) -> Shape:
    return shape(e.operand, network)


@shape.register
def _(e: expr.Quotient, network: Shaped) -> Shape:
    _scalar(e.denominator, network, "a denominator")
    return shape(e.numerator, network)


@shape.register
def _(e: expr.Power, network: Shaped) -> Shape:
    return _scalar(e.base, network, "the base of a power")


@shape.register
def _(e: expr.SquareRoot, network: Shaped) -> Shape:
    return _scalar(e.operand, network, "what stands under a root")


@shape.register
def _(e: groups.Membership, network: Shaped) -> Shape:
    size = network.normal(e.size)
    if size.is_constant:
        groups.per_group(size.constant, e.groups)
    return size, dim(e.groups)


@shape.register
def _(e: groups.EntrywisePower, network: Shaped) -> Shape:
    return shape(e.operand, network)


@shape.register
def _(e: expr.Diagonal, network: Shaped) -> Shape:
    size = _column(e.operand, network, "diag")
    return size, size


@shape.register
def _(e: expr.LayerMap, network: Shaped) -> Shape:
    return _one_more(_column(e.operand, network, "ψ")), ONE


@shape.register
def _(e: expr.ActivationJacobian, network: Shaped) -> Shape:
    size = _column(e.operand, network, "an activation Jacobian")
    return size, _one_more(size)


def _one_more(size: Dim) -> Dim:
    """The width of a layer with that many units and a bias unit."""
    match size:
        case Dim(((Units(layer), 1),), 0):
            return width(layer)
    return size + 1


@shape.register
def _(e: expr.Function, network: Shaped) -> Shape:
    for argument in e.arguments:
        shape(argument, network)
    return SCALAR


@shape.register
def _(e: expr.LogSumExp, network: Shaped) -> Shape:
    rows, columns = _along(e, network)
    return (ONE, columns) if e.along == "column" else (rows, ONE)


@shape.register
def _(e: expr.Softmax, network: Shaped) -> Shape:
    return _along(e, network)


def _along(e: expr.LogSumExp | expr.Softmax, network: Shaped) -> Shape:
    if e.along not in ("column", "row"):
        raise ShapeError(f"{e} is taken along {e.along!r}: write 'column' or 'row'")
    return shape(e.operand, network)


@shape.register
def _(e: expr.Norm, network: Shaped) -> Shape:
    found = shape(e.operand, network)
    if e.kind == "1" and ONE not in found:
        raise ShapeError(f"the 1-norm is of a column or a row, but {e.operand} is {written(found, network)}")
    return SCALAR


@shape.register(expr.SingularValue)
@shape.register(magnitudes.SingularValueAt)
def _(e: expr.SingularValue | magnitudes.SingularValueAt, network: Shaped) -> Shape:
    shape(e.operand, network)
    return SCALAR


@shape.register
def _(e: magnitudes.OverUnit, network: Shaped) -> Shape:
    _column(e.vector, network, f"a {e.kind} over unit vectors")
    return _scalar(e.body, network, f"what a {e.kind} is taken of")


@shape.register
def _(e: magnitudes.Extreme, network: Shaped) -> Shape:
    for end in _ends(e):
        _scalar(substitute(e.body, {e.index: end}), network, f"what a {e.kind} is taken of")
    return _scalar(e.body, network, f"what a {e.kind} is taken of")


@shape.register
def _(e: magnitudes.SpectralSum, network: Shaped) -> Shape:
    shape(e.of, network)
    return _scalar(e.body, network, "what is summed over singular values")


@shape.register
def _(e: expr.Partial, network: Shaped) -> Shape:
    of, wrt = shape(e.of, network), shape(e.wrt, network)
    if of == SCALAR:
        found = wrt
    elif of[1] == ONE and wrt[1] == ONE:
        found = (wrt[0], of[0])
    else:
        raise ShapeError(
            f"{e} would need more than two indices: {e.of} is {written(of, network)} "
            f"and {e.wrt} is {written(wrt, network)}; differentiate a scalar, or a column by a column"
        )
    return (found[1], found[0]) if e.numerator else found


@shape.register
def _(e: expr.IndexedProduct, network: Shaped) -> Shape:
    return _once(e, network, _of_product)


def _of_product(e: expr.IndexedProduct, network: Shaped) -> Shape:
    rows, columns = shape(e.body, network)
    after = substitute(e.body, {e.index: index(e.index) + (-1 if e.descending else 1)})
    first, last = (e.upper, e.lower) if e.descending else (e.lower, e.upper)
    if (rows, columns) == SCALAR:
        return SCALAR
    found = shape(after, network)
    for end in _ends(e):
        shape(substitute(e.body, {e.index: end}), network)
    if columns != found[0]:
        raise ShapeError(
            f"the factors of {e} do not conform: {e.body} ({written((rows, columns), network)}) "
            f"is followed by {after} ({written(found, network)})"
        )
    return (
        network.normal(rows.at({e.index: first})),
        network.normal(columns.at({e.index: last})),
    )


def _ends(e: expr.IndexedProduct | expr.IndexedSum | magnitudes.Extreme | dataset.Family) -> tuple[Dim, ...]:
    """The first and the last value of the index, unless there surely is none."""
    count = e.upper - e.lower + 1
    return () if count.is_constant and count.constant <= 0 else (e.lower, e.upper)


def _once(e: Bound, network: Shaped, find: Callable[[Bound, Shaped], Shape]) -> Shape:
    """What stands under an index is put together anew for each of its ends: of one in many lines that is done once."""
    kept = getattr(network, "kept", None)
    found: Shape = find(e, network) if kept is None else kept(("shape", e), lambda: find(e, network))
    return found


@shape.register
def _(e: expr.IndexedSum, network: Shaped) -> Shape:
    return _once(e, network, _of_sum)


def _of_sum(e: expr.IndexedSum, network: Shaped) -> Shape:
    for end in _ends(e):
        shape(substitute(e.body, {e.index: end}), network)
    found = shape(e.body, network)
    if any(e.index in size.symbols for size in found):
        raise ShapeError(
            f"cannot add the terms of {e}: {e.body} ({written(found, network)}) has another shape for each {e.index}"
        )
    return found


# --- random quantities and training sets -----------------------------------------------------------------------------


@shape.register
def _(e: chance.Gaussian, network: Shaped) -> Shape:
    size = _column(e.mean, network, "the mean of a normal distribution")
    found = shape(e.covariance, network)
    if found != (size, size):
        raise ShapeError(
            f"the covariance {e.covariance} is {written(found, network)}, but the mean {e.mean} has "
            f"{network.says(size)} entries: a covariance has as many rows and as many columns"
        )
    return size, ONE


@shape.register
def _(e: chance.Expectation, network: Shaped) -> Shape:
    return shape(e.operand, network)


@shape.register
def _(e: chance.Variance, network: Shaped) -> Shape:
    return _scalar(e.operand, network, "what a variance is taken of")


@shape.register
def _(e: dataset.Family, network: Shaped) -> Shape:
    """That of each member, by its index."""
    for end in _ends(e):
        shape(substitute(e.member, {e.index: end}), network)
    return shape(e.member, network)


@shape.register
def _(e: dataset.Prediction, network: Shaped) -> Shape:
    _column(e.input, network, f"the function {e.name}")
    shape(e.parameters, network)
    return shape(expr.Target(), network)
