"""Rules of matrix algebra that need no network."""

from __future__ import annotations

from symbackprop.derivation import Context, Rewritten, rule
from symbackprop.dims import ONE, dim
from symbackprop.entries import entries
from symbackprop.equations import Equation
from symbackprop.expr import Diagonal, Entry, Expr, Hadamard, Hidden, Product, number
from symbackprop.indices import UNIT, Calculus, Inexpressible, normal
from symbackprop.rules.products import product_of
from symbackprop.shapes import shape


@rule("Hadamard product as a diagonal matrix", source="Magnus and Neudecker 2019, section 3.6")
def hadamard_as_diagonal(e: Expr, context: Context) -> Expr | None:
    r"""v ⊙ u = diag(v) u        shapes: n×1 ⊙ n×1 = n×n · n×1"""
    if not isinstance(e, Hadamard):
        return None
    *first, last = e.factors
    vector = first[0] if len(first) == 1 else Hadamard(tuple(first))
    return Diagonal(vector) @ last


@rule("the bias unit is 1", source="slide 1: ψ appends 1")
def bias_unit(e: Expr, context: Context) -> Rewritten | None:
    r"""h_{l,n_l} = 1        shape: 1×1"""
    match e:
        case Entry(Hidden() as h, last, None) if last == shape(h, context.network)[0]:
            equation = _forward(h, context)
            if equation is None:
                return Rewritten(number(1), "The input ends in the constant 1.")
            work = Calculus(context.network, context.known)
            try:
                appended = normal(entries(equation.right, work.sized(last), ONE, work), work)
            except Inexpressible:
                return None
            return Rewritten(number(1), f"{h} = {equation.right} ends in 1.") if appended == UNIT else None
    return None


def _forward(h: Hidden, context: Context) -> Equation | None:
    """The equation of hidden units; where `h_l` may also be the input, which ends in 1 by convention, that of `l ≥ 1`."""
    known = dict(context.known)
    for name in h.index.symbols:
        lower, upper = known.get(name, (None, None))
        if lower == dim(0):
            known[name] = (ONE, upper)
    return context.network.definition(h, known)


@rule("factor 1", source="definition of 1")
def drop_one(e: Expr, context: Context) -> Expr | None:
    r"""1 · A = A        shapes: 1×1 · m×n"""
    if isinstance(e, Product) and number(1) in e.factors:
        rest = tuple(f for f in e.factors if f != number(1))
        return product_of(rest) if rest else number(1)
    return None

