"""Products of positive numbers beyond the range of a float: 64 layers leave it.

Arrays are divided by powers of two alone, which rounds nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = Any


@dataclass(frozen=True)
class Scaled:
    """A number `mantissa · 2^exponent ≥ 0`, the mantissa below 1 and at least 1/2, or 0."""

    mantissa: float
    exponent: int = 0

    @property
    def value(self) -> float:
        """As a float: 0 or ∞ where it lies beyond its range."""
        try:
            return math.ldexp(self.mantissa, self.exponent)
        except OverflowError:
            return math.inf

    @property
    def log10(self) -> float:
        """Its logarithm, -∞ for 0."""
        return math.log10(self.mantissa) + self.exponent * math.log10(2) if self.mantissa else -math.inf

    def __mul__(self, other: Scaled) -> Scaled:
        mantissa, shift = math.frexp(self.mantissa * other.mantissa)
        return Scaled(mantissa, self.exponent + other.exponent + shift if mantissa else 0)

    def over(self, other: Scaled) -> float:
        """The quotient; by 0 it is ∞, and 1 for 0 by 0: a bound of 0 on 0 is exact."""
        if not other.mantissa:
            return math.inf if self.mantissa else 1.0
        return Scaled(self.mantissa / other.mantissa, self.exponent - other.exponent).value


def scaled(number: float) -> Scaled:
    return Scaled(*math.frexp(number))


def product(numbers: Iterable[Scaled | float]) -> Scaled:
    """Their product, which neither overflows nor underflows."""
    total = Scaled(0.5, 1)
    for number in numbers:
        total = total * (number if isinstance(number, Scaled) else scaled(number))
    return total


def rescaled(array: Array) -> tuple[Array, int]:
    """The array over the power of two that brings its largest entry below 1, and that power."""
    exponent = math.frexp(np.abs(array).max())[1]
    return np.ldexp(array, -exponent), exponent


def norm(vector: Array) -> Scaled:
    small, exponent = rescaled(vector)
    return scaled(float(np.linalg.norm(small))) * Scaled(0.5, exponent + 1)
