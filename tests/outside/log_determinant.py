"""The logarithm of a determinant, of a matrix of which it is positive, as somebody adds it from outside.

Source: Magnus and Neudecker 2019, chapter 8, section 3: d log det X = tr(X^{-1} dX).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy
from inverse import Inverse

from symbackprop.adjoints import Setting, pullback
from symbackprop.dims import Dim
from symbackprop.equations import Network
from symbackprop.errors import ShapeError
from symbackprop.expr import Expr, Variable
from symbackprop.forms import times
from symbackprop.indices import Calculus, Entries, Item, entries, single, summed
from symbackprop.indices import times as product
from symbackprop.judges import duals, floats
from symbackprop.judges.field import Resample, ints, matrix
from symbackprop.matrices import matrix as explicit_matrix
from symbackprop.normalform import derivative, entry_derivative, normal
from symbackprop.notations import Notation
from symbackprop.numeric.code import Code
from symbackprop.numeric.forms import Form, form
from symbackprop.numeric.source import emit
from symbackprop.orientation import is_scalar, oriented
from symbackprop.reading import Reading, explicit
from symbackprop.render import look, words
from symbackprop.render.boxes import Box, Symbol
from symbackprop.shapes import SCALAR, Shape, Shaped, shape, written
from symbackprop.symbolic import symbolic
from symbackprop.tree import node


@node
class LogDeterminant(Expr):
    """`log det A`."""

    operand: Expr

    def __str__(self) -> str:
        return f"log det({self.operand})"


@shape.register
def _(e: LogDeterminant, network: Shaped) -> Shape:
    found = shape(e.operand, network)
    if found[0] != found[1]:
        raise ShapeError(f"a determinant needs a square matrix, but {e.operand} is {written(found, network)}")
    return SCALAR


@entries.register
def _(e: LogDeterminant, row: Dim, column: Dim, calculus: Calculus) -> Entries:
    return single(Item(e, row, column))


@entry_derivative.register
def _(e: LogDeterminant, r: Dim, c: Dim, variable: Variable, row: Dim, column: Dim, calculus: Calculus) -> Entries:
    """`∂ log det A = Σ_{ik} (A^{-1})_{ki} ∂A_{ik}`."""
    size = calculus.shape(e.operand)[0]
    i, k = calculus.index(size), calculus.index(size)
    inner = derivative(normal(entries(e.operand, i, k, calculus), calculus), variable, row, column, calculus)
    return summed(i, summed(k, product(single(Item(Inverse(e.operand), k, i)), inner), calculus), calculus)


@pullback.register
def _(e: LogDeterminant, at: int, upstream: Expr, setting: Setting) -> Expr:
    r"""c = log det X: ∂L/∂X = X^{-⊤} G"""
    return times(Inverse(e.operand).T, upstream)


@look.layout.register
def _(e: LogDeterminant, how: look.Look) -> Box:
    return look.applied(Symbol("logdet", operator=True), look.inside(e.operand, how.bare))


@look.level.register
def _(e: LogDeterminant, how: look.Look) -> look.Level:
    return look.Level.FACTOR


@words.speak.register
def _(e: LogDeterminant, network: Network | None = None, notation: Notation | None = None) -> str:
    return f"the log of the determinant of {words.of(e.operand, network, notation)}"


@words.level.register
def _(e: LogDeterminant) -> words.Level:
    return words.Level.PREFIX


@duals.push.register
def _(e: LogDeterminant, flow: duals.Flow, symbols: duals.Symbols) -> duals.Dual:
    of = duals.push(e.operand, flow, symbols)
    determinant = int(of.value.det())
    if not determinant:
        raise Resample("a matrix without an inverse")
    made = duals.scalar(flow.point.function("log", 0, determinant))
    size = of.extent[0]
    return duals.chained(made, (of, lambda: matrix(1, size * size, ints(of.value.inv().transpose()))))


@floats.value.register
def _(e: LogDeterminant, point: floats.Point, symbols: floats.Symbols) -> Any:
    # of a matrix whose determinant is negative, log of its modulus has the same derivative
    found = np.linalg.det(floats.at(e.operand, point, symbols))
    return floats.scalar(np.log(found * np.sign(np.real(found))))


@explicit.register
def _(e: LogDeterminant, reading: Reading) -> Any:
    return sympy.log(explicit_matrix(explicit(e.operand, reading)).det())


@symbolic.register
def _(e: LogDeterminant, network: Network) -> Any:
    return sympy.log(sympy.Determinant(symbolic(e.operand, network)))


@form.register
def _(e: LogDeterminant, network: Shaped) -> Form:
    return Form.SCALAR


@emit.register
def _(e: LogDeterminant, code: Code) -> str:
    return f"np.linalg.slogdet({emit(e.operand, code)})[1]"


is_scalar.register(LogDeterminant, lambda e: True)
oriented.register(LogDeterminant, lambda e: e)
