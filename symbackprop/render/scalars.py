"""Formulas of one variable, which SymPy holds, as sentences: words, and trees of ours that every printer can print.

Used for what an activation is and what its derivative is, which SymPy finds.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from symbackprop.activations import Activation
from symbackprop.derivation import Reason
from symbackprop.equations import Network
from symbackprop.expr import Elementwise, Expr, Named, Negative, Power, Product, Quotient, SquareRoot, Sum, number
from symbackprop.notations import Notation
from symbackprop.render import speech
from symbackprop.render.boxes import Box, Symbol
from symbackprop.render.layout import Level, Look, applied, inside, layout, level
from symbackprop.render.speech import speak
from symbackprop.statements import Chain, equal
from symbackprop.tree import Node, node

Z = Named("z")
_DIGITS = 5


@node
class Decimal(Expr):
    """A number that is known to a few figures: 1.0507."""

    text: str


@node
class Applied(Expr):
    """A function that is no activation, with its name written upright: `erf(z)`."""

    name: str
    operand: Expr


@layout.register
def _(e: Decimal, look: Look) -> Box:
    return Symbol(e.text)


@layout.register
def _(e: Applied, look: Look) -> Box:
    return applied(Symbol(e.name, operator=True), inside(e.operand, look))


level.register(Decimal)(lambda e, look: Level.FACTOR)
level.register(Applied)(lambda e, look: Level.FACTOR)


@speak.register
def _(e: Decimal, network: Network | None = None, notation: Notation | None = None) -> str:
    whole, _, digits = e.text.partition(".")
    return f"{whole} point {' '.join(digits)}"


@speak.register
def _(e: Applied, network: Network | None = None, notation: Notation | None = None) -> str:
    return f"{e.name} of the quantity {speak(e.operand, network, notation)}, end quantity"


speech.level.register(Decimal)(lambda e: speech.Level.NAME)
speech.level.register(Applied)(lambda e: speech.Level.PREFIX)


def described(row: Activation) -> Reason:
    """What an activation and its derivative are: `σ(z) = 1/(1 + exp(-z)) and σ'(z) = …`."""
    import sympy as sp

    own = row.expression()
    derivative = _says(Elementwise(row.name, Z, 1), row.derivative())
    # tanh(z) = tanh(z) says nothing
    is_known = type(own).__name__ == row.symbol
    said = derivative if is_known else (*_says(Elementwise(row.name, Z), own), "; ", *derivative)
    is_rounded = any(isinstance(number, sp.Float) for number in own.atoms(sp.Number))
    return (*said, f", with {_DIGITS} figures of the constants") if is_rounded else said


def _says(left: Expr, right: Any) -> Reason:
    pieces = getattr(right, "args", ()) if type(right).__name__ == "Piecewise" else ()
    if not pieces:
        return (equal(left, tree(right)),)
    made: list[str | Node] = [left, " is "]
    for value, where in pieces:
        made += [tree(value)]
        made += [", else "] if where == True else [" for ", _condition(where), ", "]  # noqa: E712
    # the last piece holds everywhere else
    last = made.pop()
    assert last == ", else "
    made[-2] = ", else " if len(pieces) == 2 else ", and else "
    return tuple(made)


def _condition(where: Any) -> Chain:
    relation = {"LessThan": "≤", "StrictLessThan": "<", "GreaterThan": "≥", "StrictGreaterThan": ">"}
    return Chain((tree(where.lhs), tree(where.rhs)), (relation[type(where).__name__],))


def tree(e: Any) -> Expr:
    """A SymPy expression in the real symbol `z` as a tree.

    Raises:
        TypeError: for a kind of expression that no activation has.
    """
    import sympy as sp

    match e:
        case sp.Symbol():
            return Named(e.name)
        case sp.Rational():
            return number(Fraction(int(e.p), int(e.q)))
        case sp.Float():
            return Decimal(str(sp.Float(e, _DIGITS)))
        case sp.Add():
            terms = sorted(e.as_ordered_terms(), key=lambda term: term.could_extract_minus_sign())
            return Sum(tuple(_signed(term) for term in terms))
        case sp.Mul() if e.could_extract_minus_sign():
            return Negative(tree(-e))
        case sp.Mul() | sp.Pow():
            return _ratio(e)
        case sp.Function():
            name = type(e).__name__
            known = {"exp", "log", "tanh"}
            return Elementwise(name, tree(e.args[0])) if name in known else Applied(name, tree(e.args[0]))
    if e == sp.pi:
        return Named("pi")
    raise TypeError(f"{type(e).__name__} has no tree: add a case for it")


def _signed(term: Any) -> Expr:
    return Negative(tree(-term)) if term.could_extract_minus_sign() else tree(term)


def _ratio(e: Any) -> Expr:
    import sympy as sp

    over, under = sp.fraction(e)
    if under == 1:
        return _power(e) if isinstance(e, sp.Pow) else Product(tuple(tree(factor) for factor in e.as_ordered_factors()))
    return Quotient(tree(over), tree(under))


def _power(e: Any) -> Expr:
    import sympy as sp

    if e.exp == sp.Rational(1, 2):
        return SquareRoot(tree(e.base))
    return Power(tree(e.base), Fraction(int(e.exp.p), int(e.exp.q)))
