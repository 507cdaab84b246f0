"""Layout: the exact map from a formula in denominator layout to the same formula in numerator layout, and back.

A formula is transposed as a whole: factors in the other order, each transposed, `∏` running downwards. A partial
derivative in numerator layout is the transpose of the one in denominator layout, so it takes the place of it.
"""

from __future__ import annotations

from functools import singledispatch

from symbackprop import chance, expr, magnitudes
from symbackprop.expr import Expr
from symbackprop.tree import children, rebuild


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
    expr.LogSumExp,
    expr.Norm,
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


def is_scalar(e: Expr) -> bool:
    """Whether it is a scalar whatever the network: then it is its own transpose and need not change its place."""
    match e:
        case expr.Elementwise(_, operand) | expr.Negative(operand) | chance.Expectation(operand):
            return is_scalar(operand)
        case expr.Quotient(numerator):
            return is_scalar(numerator)
        case expr.Product(parts) | expr.Sum(parts) | expr.Hadamard(parts):
            return all(map(is_scalar, parts))
    return isinstance(e, _SCALARS)


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
