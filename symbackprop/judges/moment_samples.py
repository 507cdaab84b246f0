"""Random draws of the weights of a network, in batches, so that the error of every mean is known."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import Any

from symbackprop.expr import Expr
from symbackprop.judges.laws import Atom, Kind, Unvalued
from symbackprop.judges.moment_values import Asked, check_consistent, computed, key_of, value

BATCHES, SAMPLES = 32, 512
SEED = 1


class Sampled:
    """Random draws, in batches: a mean is one number for each batch."""

    correction = SAMPLES / (SAMPLES - 1)

    def __init__(self, kind: Kind, top: int) -> None:
        import numpy as np

        self.kind, self.top = kind, top
        self._rng = np.random.default_rng(SEED)
        self._values: dict[Atom, Any] = {}
        self._shared: dict[tuple[str, int], Any] = {}
        self._means: dict[Hashable, Any] = {}

    def mean(self, operand: Expr, symbols: dict[str, int]) -> Any:
        key = key_of(operand, symbols)
        if key not in self._means:
            self._means[key] = self._mean(operand, symbols)
        return self._means[key]

    def _mean(self, operand: Expr, symbols: dict[str, int]) -> Any:
        import numpy as np

        asked = Asked(self.kind)
        value(operand, asked, symbols)
        check_consistent(asked.atoms, self.kind)
        return np.mean(value(operand, self, symbols) * np.ones((BATCHES, SAMPLES)), axis=1)

    def entry(self, atom: Atom) -> Any:
        if atom not in self._values:
            self._values[atom] = self._drawn(atom)
        return self._values[atom]

    def applied(self, order: int, value: Any, function: str) -> Any:
        if function != self.kind.activation:
            raise Unvalued(f"{function} is not the activation of the network")
        return _function(function, order)(value)

    def _drawn(self, atom: Atom) -> Any:
        name, layer, _, column = atom
        kind = self.kind
        normal = self._rng.standard_normal
        size = (BATCHES, SAMPLES)
        if name in "Wb":
            is_bias = name == "b" or (kind.bias == "augmented" and column == kind.widths[layer])
            if is_bias and kind.draws.biases == "zero":
                return 0.0
            variance = kind.variance(layer)
            scale = math.sqrt((layer + 2) / 4 if variance is None else float(variance))
            return scale * (normal(size) if kind.draws.symmetric else self._rng.exponential(size=size) - 1)
        if name == "h" and layer == 0 and atom[2] <= kind.units(0):
            return normal(size) * atom[2] / 2 + 0.5
        if name == "z" and kind.draws.independent_gradients:
            return normal(size) * self._common("z", layer)
        if name == "dz" and layer == self.top:
            drawn = normal(size) * self._common("dz", layer)
            return drawn if layer <= kind.depth else drawn * atom[2] + 1
        return computed(atom, self)

    def _common(self, name: str, layer: int) -> Any:
        """What all units of a layer share, so that they are alike and depend on each other."""
        if (name, layer) not in self._shared:
            self._shared[name, layer] = self._rng.uniform(0.5, 1.5, (BATCHES, SAMPLES))
        return self._shared[name, layer]


def _function(name: str, order: int) -> Callable[[Any], Any]:
    """An activation over arrays; for one of which nothing is known, a curve without symmetry."""
    from symbackprop.activations import activation
    from symbackprop.numeric.slopes import function, pair

    if activation(name).is_generic:
        return _curve(order)
    return pair(name)[order] if order < 2 else function(name, order)


def _curve(order: int) -> Callable[[Any], Any]:
    import numpy as np

    return (lambda z: np.sin(z) + 0.3 * z + 0.5) if order == 0 else (lambda z: np.cos(z) + 0.3)


def samples_of(kind: Kind, top: int) -> Sampled:
    """The same draws for all claims about a network."""
    # kinds that differ in the variance alone are equal
    return _samples(kind, kind.variance, top)


@lru_cache(maxsize=8)
def _samples(kind: Kind, variance: object, top: int) -> Sampled:
    return Sampled(kind, top)
