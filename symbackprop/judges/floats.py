"""Values of expressions in float64 at a random point, from the forward equations alone.

`at(e, point, symbols)` is a two-dimensional array; a scalar is 1 × 1. Complex numbers go through, unconjugated. A new
primitive registers one function: `@value.register`. Norms and singular values are in `symbackprop.judges.spectra`,
derivatives in `symbackprop.judges.steps`, which is what other modules import.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import singledispatch
from typing import Any

import numpy as np

from symbackprop import expr
from symbackprop.dims import Dim, Units, Width, dim
from symbackprop.equations import Network
from symbackprop.errors import ShapeError
from symbackprop.expr import Entry, Expr, Named, Row, Transpose, Variable
from symbackprop.judges.hypotheses import NOTHING, Plan, Unmade
from symbackprop.judges.spreads import GAUSSIAN, SPREADS, made_as
from symbackprop.judges.stand_ins import GENERIC_ACTIVATIONS, GENERIC_LOSS, SCALARS, SLOPES
from symbackprop.network import MLP
from symbackprop.normalization import SCALE, SHIFT, epsilon_of
from symbackprop.numeric.backprop import ACTIVATIONS, LOSSES, Array, Entrywise, Pass, backprop
from symbackprop.numeric.normalized import normalized_backprop
from symbackprop.shapes import shape
from symbackprop.tree import rebuild

Symbols = Mapping[str, int]


class Missing(Exception):
    """A variable, row or product that does not exist at this depth; the text says which."""


class NotNumeric(Exception):
    """Something that this judge cannot evaluate; the text says why."""


class Point:
    """A network of given sizes with random inputs and parameters.

    Args:
        network: of given sizes.
        seed: of the random numbers.
        generic: which of `GENERIC_ACTIVATIONS` stands for a generic activation.
        given: values of some variables, which then do not follow from their equations.
        spread: how inputs and parameters are drawn, a name of `SPREADS`.
        plan: how those are made of which something is assumed.
    """

    def __init__(
        self,
        network: Network,
        seed: int,
        generic: int = 0,
        given: Mapping[Variable, Array] | None = None,
        spread: str = GAUSSIAN,
        plan: Plan = NOTHING,
    ) -> None:
        self.network = network
        self.seed = seed
        self.generic = generic
        self.given = dict(given or {})
        self.spread = spread
        self.plan = plan
        self.peak = 0.0
        # what somebody asked for here, each with the greatest size of any part of it
        self.found: dict[object, tuple[Array, float]] = {}
        self.gradients: dict[Variable, Array] = {}
        self._values: dict[Variable, tuple[Array, float]] = {each: (value, 0.0) for each, value in self.given.items()}
        self._drawn: dict[Variable, Array] = {}
        self._members: dict[tuple[Variable, int], Variable] = {}
        self._making: set[Variable] = set()
        self._pass: Pass | None = None
        self._base = self
        self._before: tuple[Point, Variable] | None = None

    def moved(self, variable: Variable, to: Array) -> Point:
        """The same point with one variable changed, and what follows from it."""
        other = Point(self.network, self.seed, self.generic, {**self.given, variable: to}, self.spread, self.plan)
        other._drawn, other._members = self._drawn, self._members
        other._base = self._base
        other._before = (self, variable)
        return other

    def _unmoved(self, variable: Variable) -> Point | None:
        """The point before this one, if what was changed since then is nothing that a variable is computed from."""
        if self._before is None:
            return None
        before, changed = self._before
        follows = self.network.kept(("what follows from", changed), dict[Variable, bool])
        if variable not in follows:
            follows[variable] = self.network.computed_from(variable, changed, {})
        return None if follows[variable] else before

    def keep(self, key: object, find: Callable[[], Array]) -> Array:
        """What was found before for the same key; `peak` grows as if it were computed again."""
        if key not in self.found:
            outer, self.peak = self.peak, 0.0
            try:
                self.found[key] = find(), self.peak
            finally:
                self.peak = max(outer, self.peak)
        made, peak = self.found[key]
        self.peak = max(self.peak, peak)
        return made

    def member(self, variable: Variable, symbols: Symbols) -> Variable:
        """The variable of a family that is meant, its index a number."""
        index = variable.index
        if index is None or index.is_constant:
            return variable
        key = (variable, self.size(index, symbols))
        if key not in self._members:
            self._members[key] = rebuild(variable, (), lambda d: dim(self.size(d, symbols)))
        return self._members[key]

    def function(self, name: str) -> tuple[Entrywise, Entrywise]:
        """A function of one variable and its derivative."""
        if name in ACTIVATIONS:
            return ACTIVATIONS[name]
        if name in SCALARS:
            return SCALARS[name], SLOPES[name]
        # another name than the network's is another function
        turn = self.generic + (name != (self.network.activation.name if isinstance(self.network, MLP) else "g"))
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
        widths = getattr(self.network, "widths", None)
        if not isinstance(self.network, MLP) or widths is None:
            raise NotNumeric(f"there is no width {kind(dim(layer))} in a network without layers")
        if not 0 <= layer < len(widths):
            raise Missing(f"there is no layer {layer}")
        counted: int = widths[layer]
        return counted - (kind is Units and self.network.augmented and layer < len(widths) - 1)

    def value(self, variable: Variable) -> Array:
        """The value of a variable whose index is a number."""
        if variable not in self._values:
            before = self._unmoved(variable)
            outer, self.peak = self.peak, 0.0
            if before is None:
                made = self._computed(variable)
            else:
                made, self.peak = before.value(variable), before._values[variable][1]
            self._values[variable] = made, self.peak
            self.peak = outer
        made, peak = self._values[variable]
        self.peak = max(self.peak, peak)
        return made

    def _computed(self, variable: Variable) -> Array:
        try:
            definition = self.network.definition(variable, {})
            extent = tuple(self.size(d, {}) for d in self.network.shape_of(variable))
        except (ShapeError, LookupError) as error:
            raise Missing(str(error)) from None
        if definition is None:
            return self._draw(variable, extent)
        return at(definition.right, self, {})

    def _draw(self, variable: Variable, extent: tuple[int, ...]) -> Array:
        if variable not in self._drawn:
            number = variable.index.constant if variable.index is not None else 0
            rng = np.random.default_rng([self.seed, number, *variable.name.encode()])
            made = SPREADS[self.spread](rng.standard_normal(extent), rng)
            if isinstance(variable, expr.Weight):
                made /= np.sqrt(extent[1])
            if isinstance(variable, expr.Target):
                # targets of a cross-entropy sum to 1
                made = np.abs(made) / max(np.abs(made).sum(), np.finfo(float).tiny)
            if variable.index is None and variable.name == getattr(self.network, "epsilon", None):
                # ε of a normalised network is above 0
                made = np.abs(made)
            if isinstance(variable, expr.Hidden) and getattr(self.network, "augmented", False):
                made[-1] = 1
            self._drawn[variable] = self._planned(variable, made)
        return self._drawn[variable]

    def _planned(self, variable: Variable, drawn: Array) -> Array:
        """The value made as the plan says, where it says anything of this variable."""
        made = self.plan.of(variable)
        if made is None:
            return drawn
        if variable in self._making:
            raise Unmade(f"the judge cannot make {variable}, which is assumed to be computed from itself")
        self._making.add(variable)
        try:
            # from the point itself, not from one in which something is moved
            source = None if made.source is None else np.real(at(made.source, self._base, {}))
        finally:
            self._making.discard(variable)
        return made_as(made, drawn, source)

    def backward(self) -> Pass | None:
        """The hand-written backpropagation at this point; None where the network has other equations than it."""
        network = self.network
        if not isinstance(network, MLP) or network.widths is None:
            return None
        scheme = None if network.scheme is None else network.scheme.name
        kind = (network.activation.name, network.loss.name, network.bias, scheme, network.epsilon)
        if self.given or MLP(None, network.widths, *kind).equations != network.equations:
            return None
        if self._pass is None:
            self._pass = self._by_hand(network, len(network.widths) - 1)
        return self._pass

    def _by_hand(self, network: MLP, count: int) -> Pass:
        """The hand-written pass through a network of `count` weight matrices."""
        W = [self.value(expr.Weight(dim(l))) for l in range(count)]
        b = [self.value(expr.Bias(dim(l))) for l in range(count)] if network.bias == "separate" else None
        x, y = self.value(network.input), self.value(expr.Target())
        loss = GENERIC_LOSS if network.loss.formula is None else LOSSES[network.loss.name]
        slopes = self.function(network.activation.name)
        if network.scheme is None:
            return backprop(W, x, y, slopes, loss, b, network.augmented)
        v, u = ([0, *(self.value(Named(name, dim(l))) for l in range(1, count))] for name in (SCALE, SHIFT))
        epsilon = epsilon_of(network.epsilon)
        return normalized_backprop(
            W,
            x,
            y,
            slopes,
            loss,
            v,
            u,
            b,
            network.augmented,
            is_centred=network.scheme.centred,
            epsilon=0.0 if epsilon is None else at(epsilon, self, {}).item(),
        )


def at(e: Expr, point: Point, symbols: Symbols) -> Array:
    """The value of an expression; the point keeps the greatest size of any part of it (`peak`).

    Raises:
        Missing: where it has no meaning at this depth.
        NotNumeric: for what cannot be evaluated.
        ShapeError: if parts do not conform.
    """
    made = value(e, point, symbols)
    point.peak = max(point.peak, float(np.abs(made).max(initial=0)) if made.size != 1 else abs(made.item()))
    return made


def scalar(number: Any) -> Array:
    return np.array([[number]])


@singledispatch
def value(e: Expr, point: Point, symbols: Symbols) -> Array:
    raise NotNumeric(f"{type(e).__name__} has no value in numbers")


@value.register
def _(e: Variable, point: Point, symbols: Symbols) -> Array:
    return point.value(point.member(e, symbols))


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
def _(e: expr.Zeros, point: Point, symbols: Symbols) -> Array:
    return np.zeros((point.size(e.size, symbols), 1))


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
def _(e: expr.Columns, point: Point, symbols: Symbols) -> Array:
    inner = at(e.operand, point, symbols)
    first, last = (place(end, inner.shape[1], point, symbols) for end in (e.first, e.last))
    return inner[:, first : last + 1]


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
    arguments = [at(a, point, symbols) for a in e.arguments]
    if len(arguments) != 2 or arguments[0].shape != arguments[1].shape:
        entries = np.concatenate([a.reshape(-1, 1) for a in arguments])
        arguments = [entries, np.zeros(entries.shape)]
    return GENERIC_LOSS[0](*arguments)[:, None]


@value.register
def _(e: expr.LogSumExp, point: Point, symbols: Symbols) -> Array:
    return scalar(np.log(np.exp(at(e.operand, point, symbols)).sum()))


@value.register
def _(e: expr.Softmax, point: Point, symbols: Symbols) -> Array:
    powers = np.exp(at(e.operand, point, symbols))
    return powers / powers.sum()


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
