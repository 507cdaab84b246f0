"""Entries further reduced, for the kernel: slopes of well-known functions by their values, and what is assumed put in.

The slopes are stated here on their own, apart from the rules that print them; tests confirm each with SymPy.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from symbackprop import expr
from symbackprop.assumptions import with_assumed
from symbackprop.dims import ONE, Bounds
from symbackprop.entries import entries
from symbackprop.indices import (
    UNIT,
    Applied,
    Calculus,
    Entries,
    Factor,
    Item,
    Raised,
    Term,
    plus,
    scaled,
    single,
    times,
    under,
)
from symbackprop.normalform import applied, normal, raised
from symbackprop.statements import Chain


def _value(function: str, argument: Entries) -> Entries:
    return single(Applied(function, 0, argument))


def _sigmoid(z: Entries, work: Calculus) -> Entries:
    """σ' = σ - σ²"""
    s = _value("sigmoid", z)
    return plus(s, scaled(-1, times(s, s)))


def _tanh(z: Entries, work: Calculus) -> Entries:
    """tanh' = 1 - tanh²"""
    t = _value("tanh", z)
    return plus(UNIT, scaled(-1, times(t, t)))


def _softplus(z: Entries, work: Calculus) -> Entries:
    """softplus' = σ"""
    return _value("sigmoid", z)


def _relu(z: Entries, work: Calculus) -> Entries:
    """relu' = step"""
    return _value("step", z)


def _square(z: Entries, work: Calculus) -> Entries:
    """(z²)' = 2 z"""
    return scaled(2, z)


def _reciprocal(z: Entries, work: Calculus) -> Entries:
    """(1/z)' = -1/z²"""
    return scaled(-1, raised(normal(z, work), Fraction(-2)))


def _sqrt(z: Entries, work: Calculus) -> Entries:
    """(√z)' = 1/(2√z)"""
    return scaled(Fraction(1, 2), raised(normal(z, work), Fraction(-1, 2)))


def _identity(z: Entries, work: Calculus) -> Entries:
    """z' = 1"""
    return UNIT


SLOPES: dict[str, Callable[[Entries, Calculus], Entries]] = {
    "sigmoid": _sigmoid,
    "tanh": _tanh,
    "softplus": _softplus,
    "relu": _relu,
    "square": _square,
    "reciprocal": _reciprocal,
    "sqrt": _sqrt,
    "identity": _identity,
}
# what is a power of its argument
POWERS = {"square": Fraction(2), "reciprocal": Fraction(-1), "sqrt": Fraction(1, 2), "identity": Fraction(1)}


def reduced(one: Entries, given: tuple[Chain, ...], work: Calculus) -> Entries:
    """The normal form with what is assumed, in which first derivatives of well-known functions and powers are written
    out, and variables that are the value of a function or a softmax by their forward equations.
    """
    return with_assumed(_written_out(one, work), given, work)


def _written_out(one: Entries, work: Calculus) -> Entries:
    parts = []
    for term in one.terms:
        total = Entries((Term(term.coefficient, ()),))
        work.ranges.update(term.bound)
        for factor in term.factors:
            total = times(total, _factor(factor, work))
        parts.append(under(term.bound, total))
    return normal(plus(*parts), work)


def _definition(variable: expr.Variable, work: Calculus) -> expr.Expr | None:
    """What a variable is a name of: a function entry by entry or a softmax; None for any other."""
    # an index that is summed over runs from 1
    ranges: Bounds = {name: (ONE, size) for name, size in work.ranges.items()}
    try:
        equation = work.network.definition(variable, {**ranges, **work.known})
    except LookupError:
        return None
    if equation is None or not isinstance(equation.right, expr.Elementwise | expr.Softmax):
        return None
    return equation.right


def _factor(factor: Factor, work: Calculus) -> Entries:
    match factor:
        case Item(expr.Variable() as v, row, column):
            named = _definition(v, work)
            if named is not None:
                return _written_out(normal(entries(named, row, column, work), work), work)
        case Applied(function, 1, argument) if function in SLOPES:
            return SLOPES[function](_written_out(argument, work), work)
        case Applied(function, 0, argument) if function in POWERS:
            return raised(_written_out(argument, work), POWERS[function])
        case Applied(function, order, argument):
            return applied(function, order, _written_out(argument, work), work)
        case Raised(base, exponent):
            return raised(_written_out(base, work), exponent)
    return single(factor)
