"""Values of expressions in float64 at a random point, from the forward equations alone.

`at(e, point, symbols)` is a two-dimensional array; a scalar is 1 × 1. Complex numbers go through, unconjugated. A new
primitive registers one function: `@value.register`. Those of entries are in `symbackprop.judges.values`,
norms and singular values in `spectra`, derivatives in `steps`, which is what other modules import.
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
from symbackprop.expr import Expr, Named, Variable
from symbackprop.judges.hypotheses import NOTHING, Plan, Unmade
from symbackprop.judges.spreads import GAUSSIAN, SPREADS, made_as
from symbackprop.judges.stand_ins import GENERIC_ACTIVATIONS, GENERIC_LOSS, SCALARS, SLOPES, by_formula
from symbackprop.network import MLP
from symbackprop.normalization import SCALE, SHIFT, epsilon_of
from symbackprop.numeric.backprop import ACTIVATIONS, LOSSES, Array, Entrywise, Pass, backprop
from symbackprop.numeric.normalized import normalized_backprop
from symbackprop.substitution import free_symbols
from symbackprop.tree import children, rebuild

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
        # whether what somebody assumed holds here
        self.held: dict[object, bool] = {}
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

    @property
    def is_moved(self) -> bool:
        """Whether a variable was changed to get here."""
        return self._before is not None

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
        formula = by_formula(name)
        if formula is not None:
            return formula
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
        if not isinstance(self.network, MLP):
            # a network of one's own may have families with a width for each layer
            own = self.network.normal(Dim(((kind(dim(layer)), 1),)))
            if own.is_constant:
                return own.constant
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
            # seeds are no negative numbers, but an index may be: h_{-1}, where h_t goes two steps back
            rng = np.random.default_rng([self.seed, number % 2**32, *variable.name.encode()])
            made = SPREADS[self.spread](rng.standard_normal(extent), rng)
            if isinstance(variable, expr.Weight):
                made /= np.sqrt(extent[1])
            if isinstance(variable, expr.Target):
                # targets of a cross-entropy sum to 1
                made = np.abs(made) / max(np.abs(made).sum(), np.finfo(float).tiny)
            if variable.index is None and variable.name == getattr(self.network, "epsilon", None):
                # ε of a normalized network is above 0
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
        if self.given or not network.kept("is plain", lambda: MLP(**network.options).equations == network.equations):
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
            groups=network.groups or 1,
        )


def at(e: Expr, point: Point, symbols: Symbols) -> Array:
    """The value of an expression; the point keeps the greatest size of any part of it (`peak`).

    It is found once at a point: the lines of a derivation have most of their parts in common.

    Raises:
        Missing: where it has no meaning at this depth.
        NotNumeric: for what cannot be evaluated.
        ShapeError: if parts do not conform.
    """
    # a variable has its value kept already, and where one is moved little is looked at twice
    if point.is_moved or not children(e):
        return computed(e, point, symbols)
    return point.keep(key_of(e, symbols), lambda: computed(e, point, symbols))


def key_of(e: Expr, symbols: Symbols) -> object:
    """The expression and the numbers for its free symbols."""
    names = free_symbols(e)
    return (e, *[(name, symbols[name]) for name in sorted(names) if name in symbols]) if names else e


def computed(e: Expr, point: Point, symbols: Symbols) -> Array:
    """The value as `at` gives it, whether it was found before or not."""
    made = value(e, point, symbols)
    # as `abs(made).max(initial=0)`, which takes three times as long for arrays as small as ours
    size = _modulus(made.item()) if made.size == 1 else float(np.maximum.reduce(np.abs(made), axis=None, initial=0.0))
    point.peak = max(point.peak, size)
    return made


def _modulus(number: complex) -> float:
    """Its absolute value; of a complex number beyond all floats, infinity, as of arrays."""
    try:
        return abs(number)
    except OverflowError:
        return float("inf")


def scalar(number: Any) -> Array:
    return np.array([[number]])


@singledispatch
def value(e: Expr, point: Point, symbols: Symbols) -> Array:
    raise NotNumeric(f"{type(e).__name__} has no value in numbers")


def place(d: Dim, size: int, point: Point, symbols: Symbols) -> int:
    found = point.size(d, symbols)
    if not 1 <= found <= size:
        raise Missing(f"{d} = {found} is not within 1 … {size}")
    return found - 1
