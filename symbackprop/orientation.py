"""Layout and data: exact maps from a formula to the same formula in numerator layout, or about rows, and back.

For the layout a formula is transposed as a whole: factors in the other order, each transposed, `∏` running downwards.
A partial derivative in numerator layout is the transpose of the one in denominator layout, so it takes the place of it.
For data as rows it is transposed as well, and every variable of it too: see `in_rows`.
"""

from __future__ import annotations

from functools import singledispatch
from typing import Any, TypeVar, cast

from symbackprop import chance, expr, magnitudes, primitives
from symbackprop.equations import Network
from symbackprop.errors import ShapeError
from symbackprop.expr import Expr
from symbackprop.shapes import SCALAR
from symbackprop.tree import Node, children, rebuild, subterms

N = TypeVar("N", bound=Node)


@singledispatch
def oriented(e: Expr) -> Expr:
    """The transposed formula; its own inverse."""
    return expr.Transpose(e)


_SCALARS = (
    expr.Number,
    expr.Size,
    expr.Entry,
    expr.Kronecker,
    expr.Loss,
    expr.Function,
    expr.Norm,
    primitives.Trace,
    expr.SingularValue,
    expr.Power,
    expr.SquareRoot,
    magnitudes.OverUnit,
    magnitudes.Extreme,
    magnitudes.SingularValueAt,
    magnitudes.SpectralSum,
    chance.Variance,
)


@oriented.register(expr.Identity)
@oriented.register(expr.Diagonal)
def _(e: Expr) -> Expr:
    return e


for kind in _SCALARS:
    oriented.register(kind, lambda e: e)


@singledispatch
def is_scalar(e: Expr) -> bool:
    """Whether it is a scalar whatever the network: then it is its own transpose and need not change its place."""
    return False


for kind in _SCALARS:
    is_scalar.register(kind, lambda e: True)


@is_scalar.register(expr.Elementwise)
@is_scalar.register(expr.Negative)
@is_scalar.register(chance.Expectation)
@is_scalar.register(expr.Product)
@is_scalar.register(expr.Sum)
@is_scalar.register(expr.Hadamard)
@is_scalar.register(primitives.Pairwise)
@is_scalar.register(primitives.EntrywiseQuotient)
def _(e: Expr) -> bool:
    return all(map(is_scalar, children(e)))


@is_scalar.register
def _(e: expr.Quotient) -> bool:
    return is_scalar(e.numerator)


@is_scalar.register
def _(e: expr.LogSumExp) -> bool:
    # of a matrix it is none, and what a variable that is no layer's is, is for its network to say
    return not any(isinstance(part, expr.Named) for _, part in subterms(e.operand))


@oriented.register
def _(e: primitives.Stacked) -> Expr:
    axis = primitives.COLUMNS if e.axis == primitives.ROWS else primitives.ROWS
    return primitives.Stacked(tuple(map(oriented, e.parts)), axis)


@oriented.register
def _(e: primitives.EntrywiseQuotient) -> Expr:
    return primitives.EntrywiseQuotient(oriented(e.numerator), oriented(e.denominator))


@oriented.register
def _(e: expr.LogSumExp | primitives.Pairwise) -> Expr:
    return e if is_scalar(e) else expr.Transpose(e)


@oriented.register
def _(e: expr.Elementwise) -> Expr:
    return e if is_scalar(e) else expr.Transpose(e)


@oriented.register
def _(e: expr.Transpose) -> Expr:
    marks, inside = 1, e.operand
    while isinstance(inside, expr.Transpose):
        marks, inside = marks + 1, inside.operand
    if _is_composite(inside):
        return _transposed(oriented(inside), marks)
    # one mark more or less, so that it comes back
    return _transposed(inside, marks - 1 if marks % 2 else marks + 1)


def _transposed(e: Expr, times: int) -> Expr:
    for _ in range(times):
        e = expr.Transpose(e)
    return e


def _is_composite(e: Expr) -> bool:
    """Whether the transpose of it is written some other way than with a mark."""
    return not isinstance(oriented(e), expr.Transpose)


@oriented.register
def _(e: expr.Partial) -> Expr:
    return expr.Partial(e.of, e.wrt, not e.numerator)


@oriented.register
def _(e: expr.Product) -> Expr:
    # a scalar stays before the factor that follows it; those at the end stay at the end
    groups: list[tuple[Expr, ...]] = []
    scalars: tuple[Expr, ...] = ()
    for factor in e.factors:
        if is_scalar(factor):
            scalars += (factor,)
        else:
            groups.append((*scalars, oriented(factor)))
            scalars = ()
    return expr.Product((*(f for group in reversed(groups) for f in group), *scalars))


@oriented.register(expr.Sum)
@oriented.register(expr.Hadamard)
@oriented.register(expr.Negative)
@oriented.register(expr.IndexedSum)
@oriented.register(chance.Expectation)
def _(e: expr.Sum | expr.Hadamard | expr.Negative | expr.IndexedSum | chance.Expectation) -> Expr:
    return rebuild(e, tuple(oriented(c) for c in children(e)))


@oriented.register
def _(e: expr.Quotient) -> Expr:
    return expr.Quotient(oriented(e.numerator), e.denominator)


@oriented.register
def _(e: expr.IndexedProduct) -> Expr:
    return expr.IndexedProduct(e.index, e.lower, e.upper, oriented(e.body), not e.descending)


# --- data as rows ----------------------------------------------------------------------------------------------------


def orient(e: N, layout: str = "denominator", data: str = "columns", network: Network | None = None) -> N:
    """A formula in denominator layout and about columns, in a layout and with examples as columns or as rows.

    It is its own inverse: the same call on what it gives leads back.

    Args:
        e: an expression; a statement too where the layout stays.
        layout: "denominator" or "numerator".
        data: "columns" or "rows".
        network: says which variables are scalars.
    """
    made: Any = e
    if layout == "numerator":
        made = oriented(made)
    return cast(N, in_rows(made, network) if data == "rows" else made)


def in_rows(e: N, network: Network | None = None) -> N:
    """The formula of the transposes: every column variable is a row, every matrix stored with inputs × outputs.

    `W_l h_l + b_l` becomes `h_l W_l + b_l`: variables keep their names and mean their transposes, so that marks stay
    and factors change their order; a gradient has the shape of what it is of, as before. Row `j` of the weights is
    their column `j`, an entry `A_{i,k}` is `A_{k,i}`. Shapes are those of the formula that it came from, transposed.
    Applied again it gives that formula back.

    Raises:
        SymbackpropError: for an expression that has no such form.
    """
    return cast(N, turned_in_rows(e, network))


@singledispatch
def turned_in_rows(e: Node, network: Network | None) -> Node:
    """The operands turned, for a statement and for what means the same of columns and of rows.

    An activation Jacobian, a column among zeros, ones and zeros, `diag`, norms and functions are of rows in what they
    are turned into: with a last row of zeros, a row among zeros, a row of ones.
    """
    return rebuild(e, tuple(turned_in_rows(part, network) for part in children(e)))


@turned_in_rows.register
def _(e: expr.Product, network: Network | None) -> Node:
    return expr.Product(_reversed(e.factors, network))


def _reversed(factors: tuple[Expr, ...], network: Network | None) -> tuple[Expr, ...]:
    """Factors in the other order, each turned; scalars in front stay in front, and those at the end at the end."""
    places = [i for i, factor in enumerate(factors) if not (is_scalar(factor) or _is_scalar_in(factor, network))]
    made = tuple(in_rows(factor, network) for factor in factors)
    if not places:
        return made
    first, end = places[0], places[-1] + 1
    return (*made[:first], *reversed(made[first:end]), *made[end:])


def _is_scalar_in(e: Expr, network: Network | None) -> bool:
    """Whether it is a scalar, being made of scalar variables: in both forms, as a variable stays where it is."""
    match e:
        case expr.Variable():
            try:
                return network is not None and network.shape_of(e) == SCALAR
            except ShapeError:
                return False
        case expr.Partial(of, wrt):
            return _is_scalar_in(of, network) and _is_scalar_in(wrt, network)
        case expr.Quotient(numerator):
            return is_scalar(e) or _is_scalar_in(numerator, network)
        case expr.Elementwise() | expr.Negative() | expr.Product() | expr.Sum() | expr.Hadamard():
            return all(is_scalar(part) or _is_scalar_in(part, network) for part in children(e))
    return is_scalar(e)


@turned_in_rows.register
def _(e: expr.IndexedProduct, network: Network | None) -> Node:
    return expr.IndexedProduct(e.index, e.lower, e.upper, in_rows(e.body, network), not e.descending)


@turned_in_rows.register
def _(e: expr.Row, network: Network | None) -> Node:
    return expr.Column(in_rows(e.operand, network), e.row)


@turned_in_rows.register
def _(e: expr.Column, network: Network | None) -> Node:
    return expr.Row(in_rows(e.operand, network), e.column)


@turned_in_rows.register
def _(e: expr.Columns, network: Network | None) -> Node:
    return primitives.Rows(in_rows(e.operand, network), e.first, e.last)


@turned_in_rows.register
def _(e: primitives.Rows, network: Network | None) -> Node:
    return expr.Columns(in_rows(e.operand, network), e.first, e.last)


@turned_in_rows.register
def _(e: primitives.Stacked, network: Network | None) -> Node:
    axis = primitives.COLUMNS if e.axis == primitives.ROWS else primitives.ROWS
    return primitives.Stacked(tuple(in_rows(part, network) for part in e.parts), axis)


@turned_in_rows.register(expr.Softmax)
@turned_in_rows.register(expr.LogSumExp)
def _(e: expr.Softmax | expr.LogSumExp, network: Network | None) -> Node:
    return type(e)(in_rows(e.operand, network), "row" if e.along == "column" else "column")


@turned_in_rows.register
def _(e: expr.Entry, network: Network | None) -> Node:
    operand = in_rows(e.operand, network)
    return expr.Entry(operand, e.row) if e.column is None else expr.Entry(operand, e.column, e.row)
