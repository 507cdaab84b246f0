"""Networks at given sizes with random numbers, and formulas there: what is wrong is told by real numbers.

Derivatives are complex steps through the forward equations, as in `evaluation.py`, but fast. What differs here by far
more than rounding explains is different; what agrees is not said to be equal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from benchmarks.float_values import STEP, Array, Key, Symbols, Valueless, key_of, value
from symbackprop import expr
from symbackprop.dims import Dim
from symbackprop.equations import Network
from symbackprop.expr import Expr, Variable

# numbers are far larger than rounding, relative to what they are parts of
APART = 1e-6


class Place:
    """A network at given sizes, with random numbers for what it does not compute.

    Args:
        symbols: numbers for the letters of sizes and for the depth.
        size: of a layer, where layers have widths of their own.
        positive: names of variables that are above 0; summing: of those whose columns, or rows, sum to 1.
    """

    def __init__(
        self,
        network: Network,
        symbols: Symbols,
        seed: int,
        size: Callable[[Any, int], int],
        positive: frozenset[str] = frozenset(),
        summing: Mapping[str, int] | None = None,
    ) -> None:
        self.network, self.symbols, self.sized = network, dict(symbols), size
        self.seed, self.positive, self.summing = seed, positive, summing or {}
        self._leaves: dict[Key, Array] = {}
        self._partials: dict[Any, Array] = {}
        self.forward = Flow(self)

    def number(self, d: Dim, symbols: Symbols) -> int:
        """What a size or an index is."""
        try:
            return d.value({**self.symbols, **symbols}, self.sized)
        except KeyError as error:
            raise Valueless(f"{error} has no number") from None

    def value(self, e: Expr, symbols: Symbols | None = None) -> Array:
        """The value of an expression, a two-dimensional array.

        Raises:
            Misshapen: where parts do not conform.
            Valueless: where a part has no value, or is no finite number.
        """
        with np.errstate(all="ignore"):
            made = self.forward.of(e, symbols or {})
        if not np.isfinite(made).all():
            raise Valueless("not finite")
        return made

    def leaf(self, key: Key, variable: Variable) -> Array:
        """A variable that no equation computes."""
        if key not in self._leaves:
            if (key[1] or 0) < 0:
                raise Valueless(f"{key[0]} at {key[1]}")
            at = variable if key[1] is None else _indexed(variable, key[1])
            if isinstance(at, expr.PreActivation):
                raise Valueless(f"there is no {at}")
            try:
                extent = tuple(self.number(d, {}) for d in self.network.shape_of(at))
            except Exception as error:
                raise Valueless(str(error)) from None
            if min(extent) < 1:
                raise Valueless(f"{at} is {extent}")
            drawn = np.random.default_rng([self.seed, *map(ord, key[0]), key[1] or 0])
            made = drawn.uniform(0.2, 1.2, extent)
            if key[0] not in self.positive:
                made = made * drawn.choice((-1, 1), extent)
            if key[0] in self.summing:
                made = np.abs(made) / np.abs(made).sum(axis=self.summing[key[0]], keepdims=True)
            if self._is_augmented_input(key):
                made[-1] = 1
            self._leaves[key] = made + 0j
        return self._leaves[key]

    def _is_augmented_input(self, key: Key) -> bool:
        return key == ("h", 0) and getattr(self.network, "augmented", False)

    def partial(self, of: Expr, wrt: Variable, symbols: Symbols) -> Array:
        """`∂of/∂wrt`, a row for every entry of `wrt` and a column for every one of `of`; of a scalar as `wrt` is."""
        key = key_of(wrt, self.forward, symbols)
        kept = (of, key, tuple(sorted(symbols.items())))
        if kept not in self._partials:
            here = self.forward.variable(key, wrt)
            columns = []
            for place in np.ndindex(*here.shape):
                columns.append(Flow(self, (key, place)).of(of, symbols).imag / STEP)
            if columns[0].shape == (1, 1):
                made = np.array([column[0, 0] for column in columns]).reshape(here.shape)
            elif here.shape[1] == 1 == columns[0].shape[1]:
                made = np.array([column[:, 0] for column in columns])
            else:
                raise Valueless("the derivative of a matrix")
            self._partials[kept] = made + 0j
        return self._partials[kept]


class Flow:
    """The forward equations at a place, with an entry of one variable moved by a complex step."""

    def __init__(self, place: Place, moved: tuple[Key, tuple[int, int]] | None = None) -> None:
        self.place, self.moved = place, moved
        self._found: dict[Key, Array] = {}

    @property
    def is_moved(self) -> bool:
        return self.moved is not None

    def of(self, e: Expr, symbols: Symbols) -> Array:
        return value(e, self, symbols)

    def number(self, d: Dim, symbols: Symbols) -> int:
        return self.place.number(d, symbols)

    def partial(self, of: Expr, wrt: Variable, symbols: Symbols) -> Array:
        return self.place.partial(of, wrt, symbols)

    def variable(self, key: Key, variable: Variable) -> Array:
        """The value of a variable, by its equation."""
        if key not in self._found:
            made = self._computed(key, variable)
            if self.moved is not None and self.moved[0] == key:
                made = made.copy()
                made[self.moved[1]] += 1j * STEP
            self._found[key] = made
        return self._found[key]

    def _computed(self, key: Key, variable: Variable) -> Array:
        for equation in self.place.network.equations:
            left = equation.left
            if left.name != key[0]:
                continue
            if equation.index is None:
                if left.index is None or self.number(left.index, {}) == key[1]:
                    return self.of(equation.right, {})
                continue
            ends = self.number(equation.lower, {}), self.number(equation.upper, {})
            for i in range(ends[0], ends[1] + 1):
                symbols = {equation.index: i}
                if key_of(left, self, symbols) == key:
                    return self.of(equation.right, symbols)
        return self.place.leaf(key, variable)


def _indexed(variable: Variable, number: int) -> Variable:
    made = expr.Named(variable.name, Dim((), number)) if isinstance(variable, expr.Named) else type(variable)(number)  # type: ignore[call-arg]
    assert isinstance(made, Variable)
    return made


def differ(one: Array, two: Array) -> bool:
    """Whether two values are further apart than rounding explains."""
    if one.shape != two.shape:
        return True
    scale = max(np.abs(one).max(), np.abs(two).max(), 1e-3)
    return bool(np.abs(one - two).max() > APART * scale)
