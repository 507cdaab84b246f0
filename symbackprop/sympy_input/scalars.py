"""Scalars of SymPy, one function for each node, registered with `taken`.

A formula keeps the form in which SymPy holds it, but for what the tree writes otherwise: a factor to a negative power
stands below a fraction line, a term with a negative coefficient is a `Negative`, and a sum of sizes is one `Size`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from functools import cache, singledispatch
from typing import Any

import sympy
from sympy.core.function import AppliedUndef

from symbackprop import expr
from symbackprop.activations import FUNCTIONS, scalar_function
from symbackprop.dims import Dim
from symbackprop.errors import SymbackpropError
from symbackprop.expr import Elementwise, Expr, Named, Negative, Number, Size, Sum, product_of
from symbackprop.primitives import MAX, MIN, Pairwise
from symbackprop.sympy_input.scope import Scope, plain


@singledispatch
def taken(e: Any, scope: Scope) -> Expr:
    """A node of SymPy as a node of the tree; another one is added by `@taken.register`.

    Raises:
        SymbackpropError: for what the tree has no node for.
    """
    raise SymbackpropError(f"the tree has no node for SymPy's {type(e).__name__}, in {short(e)}")


def short(e: Any) -> str:
    text = str(e)
    return text if len(text) <= 80 else f"{text[:77]}…"


@taken.register
def _(e: sympy.Rational, scope: Scope) -> Expr:
    value = Fraction(int(e.p), int(e.q))
    return Number(value) if value >= 0 else Negative(Number(-value))


@taken.register
def _(e: sympy.Float, scope: Scope) -> Expr:
    """The decimal number as it is printed: 0.1 is 1/10."""
    return taken(sympy.Rational(str(e)), scope)


@taken.register
def _(e: sympy.core.numbers.Exp1, scope: Scope) -> Expr:
    return Elementwise("exp", expr.number(1))


@taken.register
def _(e: sympy.core.numbers.Pi, scope: Scope) -> Expr:
    if scope.declares("pi"):
        return Named("pi")
    raise SymbackpropError("the tree has no node for the number π: put a symbol in its place, sympy.Symbol('pi')")


@taken.register
def _(e: sympy.core.numbers.ImaginaryUnit, scope: Scope) -> Expr:
    raise SymbackpropError(
        "the tree has no complex numbers: latex2sympy2 reads the letter I as the imaginary unit, "
        "the identity matrix is sympy.Identity(n)"
    )


@taken.register
def _(e: sympy.Symbol, scope: Scope) -> Expr:
    size = scope.dim(e)
    return scope.entry(e.name) if size is None else Size(size)


def ordered(e: Any) -> tuple[Any, ...]:
    """The terms or factors in the order in which they were written, or else in that in which SymPy prints them."""
    if type(e)(*e.args).args != e.args:
        return tuple(e.args)
    return tuple(e.as_ordered_terms() if e.is_Add else e.as_ordered_factors())


@taken.register
def _(e: sympy.Add, scope: Scope) -> Expr:
    size = scope.dim(e)
    return Size(size) if size is not None and size.symbols else Sum(tuple(taken(term, scope) for term in ordered(e)))


@taken.register
def _(e: sympy.Mul, scope: Scope) -> Expr:
    size = scope.dim(e)
    if size is not None and size.symbols:
        return Size(size)
    sign, above, below = 1, list[Any](), list[Any]()
    for factor in ordered(e):
        if factor.is_Rational and factor < 0:
            sign, factor = -sign, -factor
        if factor.is_Rational:
            above += [factor.p] if factor.p != 1 else []
            below += [factor.q] if factor.q != 1 else []
        elif factor.is_Pow and _exponent(factor).is_Rational and _exponent(factor) < 0:
            below.append(_raised(factor.base, -_exponent(factor)))
        else:
            above.append(factor)
    found = _product(above, scope)
    if below:
        found = expr.Quotient(found, _product(below, scope))
    return found if sign > 0 else Negative(found)


def _product(factors: Iterable[Any], scope: Scope) -> Expr:
    found = tuple(taken(sympy.sympify(factor), scope) for factor in factors)
    return product_of(found) if found else expr.number(1)


def _raised(base: Any, exponent: Any) -> Any:
    return base if exponent == 1 else sympy.Pow(base, exponent, evaluate=False)


def _exponent(e: Any) -> Any:
    """Its value where it is a number: latex2sympy2 leaves 3/2 as 3 times 2 to the power -1."""
    return e.exp.doit() if e.exp.is_number else e.exp


@taken.register
def _(e: sympy.Pow, scope: Scope) -> Expr:
    base, exponent = e.base, _exponent(e)
    if base is sympy.E:
        return Elementwise("exp", taken(exponent, scope))
    if exponent.is_Rational:
        if exponent < 0:
            return expr.Quotient(expr.number(1), taken(_raised(base, -exponent), scope))
        if exponent == sympy.Rational(1, 2):
            return expr.SquareRoot(taken(base, scope))
        return expr.Power(taken(base, scope), Fraction(int(exponent.p), int(exponent.q)))
    if base.is_Rational and base > 0:
        # exact: a positive number has a real logarithm
        return Elementwise("exp", product_of((taken(exponent, scope), Elementwise("log", taken(base, scope)))))
    raise SymbackpropError(
        f"the tree has no node for {short(e)}: an exponent is a number, or the base is one; for a positive base "
        f"write exp({short(exponent)}*log({short(base)}))"
    )


@taken.register
def _(e: sympy.Max | sympy.Min, scope: Scope) -> Expr:
    kind = MAX if isinstance(e, sympy.Max) else MIN
    # numbers last, as in max(z, 0); the rest in an order that does not change from run to run
    first, *rest = (taken(part, scope) for part in sorted(e.args, key=lambda part: (part.is_number, str(part))))
    for other in rest:
        first = Pairwise(kind, first, other)
    return first


@taken.register
def _(e: sympy.Sum | sympy.Product, scope: Scope) -> Expr:
    bodies: list[tuple[str, Dim, Dim]] = []
    inside = scope
    for letter, *bounds in reversed(e.limits):
        if len(bounds) != 2:
            raise SymbackpropError(f"{short(e)} has no bounds for {letter}: write ({letter}, 1, n)")
        lower, upper = (inside.size(bound) for bound in bounds)
        bodies.append((letter.name, lower, upper))
        inside = replace(inside, counted=inside.counted | {letter.name})
    found = taken(e.function, inside)
    make = expr.IndexedSum if isinstance(e, sympy.Sum) else expr.IndexedProduct
    for name, lower, upper in reversed(bodies):
        found = make(name, lower, upper, found)
    return found


# --- functions of one variable ---------------------------------------------------------------------------------------


@cache
def _called() -> dict[Any, tuple[str, int]]:
    """The functions of SymPy that are a function of the table, or the derivative of one."""
    z = sympy.Symbol("z", real=True)
    formulas = {row.name: row.expression() for row in FUNCTIONS.values()}
    rows = {type(formula): (name, 0) for name, formula in formulas.items() if formula.args == (z,)}
    return rows | {sympy.Abs: ("abs", 0), sympy.sign: ("abs", 1)}


def function_of(e: Any) -> tuple[str, int]:
    """The name and the order that `Elementwise` has for a function of one variable.

    Only a function that SymPy knows nothing of can be generic: its `gamma` is no letter.

    Raises:
        SymbackpropError: for one that is in no table.
    """
    if type(e) in _called():
        return _called()[type(e)]
    name = plain(type(e).__name__)
    try:
        if isinstance(e, AppliedUndef):
            return scalar_function(name).name, 0
    except SymbackpropError:
        pass
    known = ", ".join(sorted(FUNCTIONS))
    raise SymbackpropError(
        f"the tree has no function {name}, in {short(e)}: it has {known}, and letters for generic ones"
    )


@taken.register
def _(e: sympy.Function, scope: Scope) -> Expr:
    if len(e.args) != 1:
        raise SymbackpropError(f"the tree has no function {type(e).__name__} of {len(e.args)}, in {short(e)}")
    name, order = function_of(e)
    return Elementwise(name, taken(e.args[0], scope), order)


@taken.register
def _(e: sympy.log, scope: Scope) -> Expr:
    """Of two arguments, as latex2sympy2 leaves it, the second is the base."""
    found = Elementwise("log", taken(e.args[0], scope))
    if len(e.args) == 1 or e.args[1] is sympy.E:
        return found
    return expr.Quotient(found, Elementwise("log", taken(e.args[1], scope)))


@taken.register
def _(e: sympy.Piecewise, scope: Scope) -> Expr:
    """A function of the table that is written in pieces, as ReLU."""
    sides = {side for _, where in e.args for side in getattr(where, "args", ()) if not side.is_number}
    for argument in sorted(sides, key=str):
        found = in_the_table(e, argument)
        if found is not None:
            return Elementwise(found[0], taken(argument, scope), found[1])
    raise SymbackpropError(
        f"the tree has no cases: {short(e)} is no function of the table; write Max(0, z) for ReLU, or one of "
        f"{', '.join(sorted(FUNCTIONS))}"
    )


def in_the_table(e: Any, argument: Any) -> tuple[str, int] | None:
    """The function that an expression is of an argument, or of which it is the derivative; None if there is none."""
    z = sympy.Symbol("z", real=True)
    for order in (0, 1):
        for row in FUNCTIONS.values():
            formula = row.expression(order)
            if formula.free_symbols and formula.subs(z, argument) == e:
                return row.name, order
    return None


@taken.register
def _(e: AppliedUndef, scope: Scope) -> Expr:
    """A generic function `g(z)` of a scalar; what depends on matrices or on several is a loss."""
    name = plain(type(e).__name__)
    if name == scope.loss or scope.declares(name):
        # of what it is a function is for the network to say
        return scope.variable(name)
    if len(e.args) == 1 and not getattr(e.args[0], "is_Matrix", False):
        return Elementwise(function_of(e)[0], taken(e.args[0], scope))
    return expr.Function(name, tuple(taken(part, scope) for part in e.args))


@taken.register
def _(e: sympy.Derivative, scope: Scope) -> Expr:
    if len(e.variable_count) != 1:
        raise SymbackpropError(f"{short(e)} differentiates by several variables: the tree has ∂ by one")
    ((by, count),) = e.variable_count
    of = e.expr
    if isinstance(of, sympy.Function) and of.args == (by,) and not getattr(by, "is_Matrix", False):
        inner = taken(of, scope)
        if isinstance(inner, Elementwise) and count.is_Integer:
            return Elementwise(inner.function, inner.operand, inner.order + int(count))
    if count != 1:
        raise SymbackpropError(f"{short(e)} differentiates {count} times: the tree has first derivatives by a variable")
    variable = taken(by, scope)
    if isinstance(variable, Size):
        raise SymbackpropError(f"{short(e)} differentiates by {by}, which is an index or a size, not a variable")
    return expr.Partial(taken(of, scope), variable)
