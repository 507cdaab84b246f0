"""Values of expressions in float64 at a random point, from the forward equations alone.

`at(e, point, symbols)` is a two-dimensional array; a scalar is 1 × 1. Complex numbers go through, unconjugated. A new
primitive registers one function: `@value.register`. Derivatives are in `symbackprop.judges.steps`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import singledispatch
from typing import Any

import numpy as np

from symbackprop import expr
from symbackprop.dims import Dim, Units, Width, dim
from symbackprop.errors import ShapeError
from symbackprop.expr import Entry, Expr, Row, Transpose, Variable
from symbackprop.judges.stand_ins import GENERIC_ACTIVATIONS, GENERIC_LOSS, SCALARS, SLOPES
from symbackprop.network import MLP
from symbackprop.numeric.backprop import ACTIVATIONS, LOSSES, Array, Entrywise, Pass, backprop
from symbackprop.shapes import shape
from symbackprop.tree import rebuild

Symbols = Mapping[str, int]


class Missing(Exception):
    """A variable, row or product that does not exist at this depth; the text says which."""


class NotNumeric(Exception):
    """Something that this judge cannot evaluate; the text says why."""


class Point:
    """A network of given widths with random inputs and parameters.

    Args:
        network: of given widths.
        seed: of the random numbers.
        generic: which of `GENERIC_ACTIVATIONS` stands for a generic activation.
        given: values of some variables, which then do not follow from their equations.
    """

    def __init__(
        self, network: MLP, seed: int, generic: int = 0, given: Mapping[Variable, Array] | None = None
    ) -> None:
        self.network = network
        self.seed = seed
        self.generic = generic
        self.given = dict(given or {})
        self.peak = 0.0
        self._values: dict[Variable, Array] = dict(self.given)
        self._drawn: dict[Variable, Array] = {}
        self._pass: Pass | None = None

    def moved(self, variable: Variable, to: Array) -> Point:
        """The same point with one variable changed, and what follows from it."""
        other = Point(self.network, self.seed, self.generic, {**self.given, variable: to})
        other._drawn = self._drawn
        return other

    def function(self, name: str) -> tuple[Entrywise, Entrywise]:
        """A function of one variable and its derivative."""
        if name in ACTIVATIONS:
            return ACTIVATIONS[name]
        if name in SCALARS:
            return SCALARS[name], SLOPES[name]
        # another name than the network's is another function
        turn = self.generic + (name != self.network.activation.name)
        return GENERIC_ACTIVATIONS[turn % len(GENERIC_ACTIVATIONS)]

    def size(self, d: Dim, symbols: Symbols) -> int:
        """The value of a dim.

        Raises:
            Missing: for the width of a layer that is not there.
        """
        try:
            return d.value(symbols, self._width)
        except KeyError as name:
            raise NotNumeric(f"the index {name} has no value") from None

    def _width(self, kind: type[Width] | type[Units], layer: int) -> int:
        widths = self.network.widths
        assert widths is not None
        if not 0 <= layer < len(widths):
            raise Missing(f"there is no layer {layer}")
        return widths[layer] - (kind is Units and self.network.augmented and layer < len(widths) - 1)

    def value(self, variable: Variable) -> Array:
        """The value of a variable whose index is a number."""
        if variable not in self._values:
            try:
                definition = self.network.definition(variable, {})
                extent = tuple(self.size(d, {}) for d in self.network.shape_of(variable))
            except (ShapeError, LookupError) as error:
                raise Missing(str(error)) from None
            if definition is None:
                self._values[variable] = self._draw(variable, extent)
            else:
                self._values[variable] = at(definition.right, self, {})
        return self._values[variable]

    def _draw(self, variable: Variable, extent: tuple[int, ...]) -> Array:
        if variable not in self._drawn:
            number = variable.index.constant if variable.index is not None else 0
            rng = np.random.default_rng([self.seed, number, *variable.name.encode()])
            made = rng.standard_normal(extent)
            if isinstance(variable, expr.Weight):
                made /= np.sqrt(extent[1])
            if isinstance(variable, expr.Target):
                # targets of a cross-entropy sum to 1
                made = np.abs(made) / np.abs(made).sum()
            if isinstance(variable, expr.Hidden) and self.network.augmented:
                made[-1] = 1
            self._drawn[variable] = made
        return self._drawn[variable]

    def backward(self) -> Pass | None:
        """The hand-written backpropagation at this point; None where the network has other equations than it."""
        network = self.network
        assert network.widths is not None
        plain = MLP(None, network.widths, network.activation.name, network.loss.name, network.bias)
        if self.given or plain.equations != network.equations:
            return None
        if self._pass is None:
            layers = range(len(network.widths) - 1)
            W = [self.value(expr.Weight(dim(l))) for l in layers]
            b = [self.value(expr.Bias(dim(l))) for l in layers] if network.bias == "separate" else None
            x, y = self.value(network.input), self.value(expr.Target())
            loss = GENERIC_LOSS if network.loss.formula is None else LOSSES[network.loss.name]
            slopes = self.function(network.activation.name)
            self._pass = backprop(W, x, y, slopes, loss, b, network.augmented)
        return self._pass


def at(e: Expr, point: Point, symbols: Symbols) -> Array:
    """The value of an expression; the point keeps the greatest size of any part of it (`peak`).

    Raises:
        Missing: where it has no meaning at this depth.
        NotNumeric: for what cannot be evaluated.
        ShapeError: if parts do not conform.
    """
    made = value(e, point, symbols)
    point.peak = max(point.peak, float(np.abs(made).max(initial=0)))
    return made


def settled(e: Variable, point: Point, symbols: Symbols) -> Variable:
    """The variable with the value of its index put in."""
    if e.index is None or e.index.is_constant:
        return e
    return rebuild(e, (), lambda d: dim(point.size(d, symbols)))


def scalar(number: Any) -> Array:
    return np.array([[number]])


@singledispatch
def value(e: Expr, point: Point, symbols: Symbols) -> Array:
    raise NotNumeric(f"{type(e).__name__} has no value in numbers")


@value.register
def _(e: Variable, point: Point, symbols: Symbols) -> Array:
    if e.index is None:
        return point.value(e)
    return point.value(settled(e, point, symbols))


@value.register
def _(e: expr.Number, point: Point, symbols: Symbols) -> Array:
    return scalar(float(e.value))


@value.register
def _(e: expr.Size, point: Point, symbols: Symbols) -> Array:
    return scalar(float(point.size(e.size, symbols)))


@value.register
def _(e: expr.Kronecker, point: Point, symbols: Symbols) -> Array:
    return scalar(float(point.size(e.one, symbols) == point.size(e.two, symbols)))


@value.register
def _(e: expr.Identity, point: Point, symbols: Symbols) -> Array:
    return np.eye(point.size(e.size, symbols))


@value.register
def _(e: expr.Ones, point: Point, symbols: Symbols) -> Array:
    return np.ones((point.size(e.size, symbols), 1))


def place(d: Dim, size: int, point: Point, symbols: Symbols) -> int:
    found = point.size(d, symbols)
    if not 1 <= found <= size:
        raise Missing(f"{d} = {found} is not within 1 … {size}")
    return found - 1


@value.register
def _(e: Entry, point: Point, symbols: Symbols) -> Array:
    inner = at(e.operand, point, symbols)
    column = 0 if e.column is None else place(e.column, inner.shape[1], point, symbols)
    return scalar(inner[place(e.row, inner.shape[0], point, symbols), column])


@value.register
def _(e: Row, point: Point, symbols: Symbols) -> Array:
    inner = at(e.operand, point, symbols)
    return inner[[place(e.row, inner.shape[0], point, symbols)], :]


@value.register
def _(e: expr.Column, point: Point, symbols: Symbols) -> Array:
    inner = at(e.operand, point, symbols)
    return inner[:, [place(e.column, inner.shape[1], point, symbols)]]


@value.register
def _(e: expr.WithoutBias, point: Point, symbols: Symbols) -> Array:
    return at(e.operand, point, symbols)[:, :-1]


@value.register
def _(e: expr.ColumnAt, point: Point, symbols: Symbols) -> Array:
    inner = at(e.vector, point, symbols)
    width = point.size(e.width, symbols)
    made = np.zeros((len(inner), width), dtype=inner.dtype)
    made[:, [place(e.column, width, point, symbols)]] = inner
    return made


@value.register
def _(e: Transpose, point: Point, symbols: Symbols) -> Array:
    return at(e.operand, point, symbols).T


@value.register
def _(e: expr.Product, point: Point, symbols: Symbols) -> Array:
    made = at(e.factors[0], point, symbols)
    for factor in e.factors[1:]:
        made = _times(made, at(factor, point, symbols), e)
    return made


def _times(left: Array, right: Array, e: Expr) -> Array:
    if left.shape == (1, 1) or right.shape == (1, 1):
        return left * right
    if left.shape[1] != right.shape[0]:
        raise ShapeError(f"a product in {e} does not conform: {left.shape} by {right.shape}")
    return left @ right


@value.register
def _(e: expr.Hadamard, point: Point, symbols: Symbols) -> Array:
    return _folded(e, e.factors, np.multiply, point, symbols)


@value.register
def _(e: expr.Sum, point: Point, symbols: Symbols) -> Array:
    return _folded(e, e.terms, np.add, point, symbols)


def _folded(
    e: Expr, parts: tuple[Expr, ...], by: Callable[[Array, Array], Array], point: Point, symbols: Symbols
) -> Array:
    made = at(parts[0], point, symbols)
    for part in parts[1:]:
        other = at(part, point, symbols)
        if other.shape != made.shape:
            raise ShapeError(f"the parts of {e} have different shapes: {made.shape} and {other.shape}")
        made = by(made, other)
    return made


@value.register
def _(e: expr.Negative, point: Point, symbols: Symbols) -> Array:
    return -at(e.operand, point, symbols)


@value.register
def _(e: expr.Quotient, point: Point, symbols: Symbols) -> Array:
    return at(e.numerator, point, symbols) / at(e.denominator, point, symbols)


@value.register
def _(e: expr.Power, point: Point, symbols: Symbols) -> Array:
    return at(e.base, point, symbols) ** float(e.exponent)


@value.register
def _(e: expr.SquareRoot, point: Point, symbols: Symbols) -> Array:
    return np.sqrt(at(e.operand, point, symbols))


@value.register
def _(e: expr.Diagonal, point: Point, symbols: Symbols) -> Array:
    return np.diag(at(e.operand, point, symbols)[:, 0])


@value.register
def _(e: expr.Elementwise, point: Point, symbols: Symbols) -> Array:
    inner = at(e.operand, point, symbols)
    if e.order > 1:
        raise NotNumeric(f"{e} needs a second derivative, which this judge does not have")
    return point.function(e.function)[e.order](inner)


@value.register
def _(e: expr.LayerMap, point: Point, symbols: Symbols) -> Array:
    units = point.function(e.function)[0](at(e.operand, point, symbols))
    return np.concatenate([units, np.ones((1, 1))])


@value.register
def _(e: expr.ActivationJacobian, point: Point, symbols: Symbols) -> Array:
    slopes = point.function(e.function)[1](at(e.operand, point, symbols))
    return np.concatenate([np.diag(slopes[:, 0]), np.zeros_like(slopes)], axis=1)


@value.register
def _(e: expr.Function, point: Point, symbols: Symbols) -> Array:
    output, target = (at(a, point, symbols) for a in e.arguments)
    return GENERIC_LOSS[0](output, target)[:, None]


@value.register
def _(e: expr.LogSumExp, point: Point, symbols: Symbols) -> Array:
    return scalar(np.log(np.exp(at(e.operand, point, symbols)).sum()))


@value.register
def _(e: expr.Softmax, point: Point, symbols: Symbols) -> Array:
    powers = np.exp(at(e.operand, point, symbols))
    return powers / powers.sum()


@value.register
def _(e: expr.Norm, point: Point, symbols: Symbols) -> Array:
    inner = at(e.operand, point, symbols)
    if e.kind == "F" or 1 in inner.shape:
        # not numpy.linalg.norm, which takes moduli and so is not analytic
        return scalar(np.sqrt((inner * inner).sum()))
    return scalar(np.linalg.norm(inner, 2))


@value.register
def _(e: expr.SingularValue, point: Point, symbols: Symbols) -> Array:
    inner = at(e.operand, point, symbols)
    values = np.linalg.svd(inner, compute_uv=False)
    # σ_{n,n} is inf ‖A v‖ over unit v (slide "Exploding gradients"): 0 where there are more columns than rows
    smallest = values[-1] if inner.shape[0] >= inner.shape[1] else 0.0
    return scalar(values[0] if e.largest else smallest)


@value.register
def _(e: expr.IndexedProduct, point: Point, symbols: Symbols) -> Array:
    low, high = point.size(e.lower, symbols), point.size(e.upper, symbols)
    if high < low - 1:
        raise Missing(f"the product from {low} to {high} has no meaning")
    turns = range(high, low - 1, -1) if e.descending else range(low, high + 1)
    if not turns:
        return np.eye(_empty_size(e, point, symbols))
    made = at(e.body, point, {**symbols, e.index: turns[0]})
    for turn in turns[1:]:
        made = _times(made, at(e.body, point, {**symbols, e.index: turn}), e)
    return made


def _empty_size(e: expr.IndexedProduct, point: Point, symbols: Symbols) -> int:
    """The size of the identity: the rows of what would be the first factor, or the columns of the one before it."""
    rows, columns = shape(e.body, point.network)
    first, before = (e.upper, e.lower) if e.descending else (e.lower, e.upper)
    for size, turn in ((rows, first), (columns, before)):
        try:
            return point.size(size, {**symbols, e.index: point.size(turn, symbols)})
        except Missing:
            continue
    raise Missing(f"the size of the empty product {e} is not known")


@value.register
def _(e: expr.IndexedSum, point: Point, symbols: Symbols) -> Array:
    low, high = point.size(e.lower, symbols), point.size(e.upper, symbols)
    if high < low:
        raise Missing(f"the sum from {low} to {high} has no meaning")
    return sum(at(e.body, point, {**symbols, e.index: turn}) for turn in range(low, high + 1))
