"""The inverse of a matrix as somebody adds it from outside: one file, as CONTRIBUTING says.

Sources: Giles 2008, section 2.2.3; Magnus and Neudecker 2019, chapter 8, section 4.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from symbackprop.adjoints import Setting, pullback
from symbackprop.dims import Dim
from symbackprop.equations import Network
from symbackprop.errors import ShapeError
from symbackprop.expr import Expr, Variable
from symbackprop.forms import negated, times
from symbackprop.indices import Calculus, Entries, Item, entries, scaled, single, summed
from symbackprop.indices import times as product
from symbackprop.judges import duals, floats
from symbackprop.judges.degree import Within, degree_of
from symbackprop.judges.field import PRIME, Resample, ints, matrix, zeros
from symbackprop.matrices import matrix as explicit_matrix
from symbackprop.normalform import derivative, entry_derivative, normal
from symbackprop.notations import Notation
from symbackprop.numeric.code import Code
from symbackprop.numeric.forms import Form, form
from symbackprop.numeric.source import emit
from symbackprop.reading import Reading, explicit
from symbackprop.render import look, words
from symbackprop.render.boxes import Box, Row, Symbol
from symbackprop.shapes import Shape, Shaped, shape, written
from symbackprop.symbolic import symbolic
from symbackprop.tree import node


@node
class Inverse(Expr):
    """`A^{-1}` of a square matrix."""

    operand: Expr

    def __str__(self) -> str:
        return f"({self.operand})^-1"


@shape.register
def _(e: Inverse, network: Shaped) -> Shape:
    rows, columns = found = shape(e.operand, network)
    if rows != columns:
        raise ShapeError(f"an inverse needs a square matrix, but {e.operand} is {written(found, network)}")
    return found


@entries.register
def _(e: Inverse, row: Dim, column: Dim, calculus: Calculus) -> Entries:
    return single(Item(e, row, column))


@entry_derivative.register
def _(e: Inverse, r: Dim, c: Dim, variable: Variable, row: Dim, column: Dim, calculus: Calculus) -> Entries:
    """`∂(A^{-1})_{rc} = -Σ_{ik} (A^{-1})_{ri} ∂A_{ik} (A^{-1})_{kc}`, from `A A^{-1} = I`."""
    size = calculus.shape(e.operand)[0]
    i, k = calculus.index(size), calculus.index(size)
    inner = derivative(normal(entries(e.operand, i, k, calculus), calculus), variable, row, column, calculus)
    terms = product(product(single(Item(e, r, i)), inner), single(Item(e, k, c)))
    return scaled(-1, summed(i, summed(k, terms, calculus), calculus))


@pullback.register
def _(e: Inverse, at: int, upstream: Expr, setting: Setting) -> Expr:
    r"""C = X^{-1}: ∂L/∂X = -C^⊤ G C^⊤"""
    return negated(times(e.T, upstream, e.T))


@look.layout.register
def _(e: Inverse, how: look.Look) -> Box:
    return look.raised(look.inside(e.operand, how, look.Level.BASE), Row((Symbol("−"), Symbol("1"))))


@look.level.register
def _(e: Inverse, how: look.Look) -> look.Level:
    return look.Level.FACTOR


@words.speak.register
def _(e: Inverse, network: Network | None = None, notation: Notation | None = None) -> str:
    return f"the inverse of {words.of(e.operand, network, notation)}"


@words.level.register
def _(e: Inverse) -> words.Level:
    return words.Level.PREFIX


@duals.push.register
def _(e: Inverse, flow: duals.Flow, symbols: duals.Symbols) -> duals.Dual:
    of = duals.push(e.operand, flow, symbols)
    try:
        made = of.value.inv()
    except ZeroDivisionError:
        raise Resample("a matrix without an inverse") from None
    size = of.extent[0]
    cells = ints(made)

    def jacobian() -> Any:
        local = zeros(size * size, size * size)
        for r in range(size):
            for c in range(size):
                for i in range(size):
                    for k in range(size):
                        local[r * size + c, i * size + k] = -cells[r * size + i] * cells[k * size + c] % PRIME
        return local

    return duals.chained(matrix(size, size, cells), (of, jacobian))


@degree_of.register
def _(e: Inverse, within: Within) -> int:
    # determinants of that size
    return within.turns * degree_of(e.operand, within)


@floats.value.register
def _(e: Inverse, point: floats.Point, symbols: floats.Symbols) -> Any:
    return np.linalg.inv(floats.at(e.operand, point, symbols))


@explicit.register
def _(e: Inverse, reading: Reading) -> Any:
    return explicit_matrix(explicit(e.operand, reading)).inv()


@symbolic.register
def _(e: Inverse, network: Network) -> Any:
    return symbolic(e.operand, network).inv()


@form.register
def _(e: Inverse, network: Shaped) -> Form:
    return form(e.operand, network)


@emit.register
def _(e: Inverse, code: Code) -> str:
    return f"np.linalg.inv({emit(e.operand, code)})"
