"""What the numeric judge takes for functions of which nothing is known, and for those that only losses use.

All are analytic away from their kinks, so that complex steps go through.
"""

from __future__ import annotations

import numpy as np

from symbackprop.numeric.backprop import ACTIVATIONS, Array, Entrywise, OfOutput


def _smooth(z: Array) -> Array:
    return z + z * z / 4 - z * z * z / 10


def _smooth_slope(z: Array) -> Array:
    return 1 + z / 2 - 3 * z * z / 10


# what a generic activation is taken to be, one after another
GENERIC_ACTIVATIONS: tuple[tuple[Entrywise, Entrywise], ...] = (ACTIVATIONS["tanh"], (_smooth, _smooth_slope))
# functions that only losses use
SCALARS: dict[str, Entrywise] = {
    "exp": np.exp,
    "log": np.log,
    "abs": lambda z: z * np.sign(np.real(z)),
    "huber": lambda z: np.where(np.abs(np.real(z)) <= 1, z * z / 2, z * np.sign(np.real(z)) - 0.5),
}
SLOPES: dict[str, Entrywise] = {
    "exp": np.exp,
    "log": lambda z: 1 / z,
    "abs": lambda z: np.sign(np.real(z)),
    "huber": lambda z: np.clip(np.real(z), -1, 1),
}


def _numbers(o: Array) -> Array:
    return np.arange(1, len(o) + 1)[:, None]


def _generic_loss(o: Array, y: Array) -> Array:
    return (_numbers(o) * np.sin(o + y / 2)).sum(axis=0) + o.sum(axis=0) ** 2 / 2


def _generic_loss_slope(o: Array, y: Array) -> Array:
    return _numbers(o) * np.cos(o + y / 2) + o.sum(axis=0)


GENERIC_LOSS: tuple[OfOutput, OfOutput] = (_generic_loss, _generic_loss_slope)
