"""Backward through normalizations written by hand, as one would without this package: what derivations must give.

It imports NumPy only. One lemma for every scheme: a set of `n` numbers is taken along an axis, centred or not, divided
by its length and multiplied by `√n`. Nothing is conjugated, so that complex arguments give complex-step derivatives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from symbackprop.numeric.backprop import Array, Entrywise, OfOutput, Pass


@dataclass(frozen=True)
class SetPass:
    """What normalizing sets of `n` numbers computes; the sums over a set keep their axis, of length 1.

    Attributes:
        mean, c, s: mean, centred values (of an uncentred scheme: 0 and the values) and length, `s² = ‖c‖² + n ε`.
        out: `√n/s · c`.
        axis: along which a set lies.
    """

    mean: Array
    c: Array
    s: Array
    out: Array
    axis: int
    is_centred: bool

    @property
    def n(self) -> int:
        """How many numbers a set has."""
        return int(self.c.shape[self.axis])

    def backward(self, upstream: Array) -> dict[str, Array]:
        """The gradients by the values (`z`), by `c`, `s` and `mean`, for the gradient by `out`."""
        n, c, s, axis = self.n, self.c, self.s, self.axis
        ds = -(n**0.5) / s**2 * (c * upstream).sum(axis=axis, keepdims=True)
        dc = n**0.5 / s * upstream + ds * c / s
        if not self.is_centred:
            return {"z": dc, "s": ds}
        dmean = -dc.sum(axis=axis, keepdims=True)
        return {"z": dc + dmean / n, "c": dc, "s": ds, "mean": dmean}


def normalize(z: Array, axis: int = 0, is_centred: bool = True, epsilon: float = 0.0) -> SetPass:
    """Each set of numbers along an axis, centred if asked for, over its length, times `√n`.

    Raises:
        ValueError: for no numbers, for one that is not finite, for ε below 0, and where a length is 0.
    """
    if not z.size or not np.isfinite(z).all():
        raise ValueError("what is normalized has no entries, or one that is not finite: give finite numbers")
    if np.real(epsilon) < 0:
        raise ValueError(f"epsilon = {epsilon} is negative: write 0 or more, such as 1e-5")
    n = z.shape[axis]
    mean = z.mean(axis=axis, keepdims=True) if is_centred else 0 * z.sum(axis=axis, keepdims=True)
    c = z - mean
    s = np.sqrt((c * c).sum(axis=axis, keepdims=True) + n * epsilon)
    if not np.real(s).all():
        raise ValueError("all numbers of a set are equal, so s = 0 cannot be divided by: write epsilon=1e-5, say")
    return SetPass(mean, c, s, n**0.5 / s * c, axis, is_centred)


@dataclass(frozen=True)
class GroupsPass:
    """What normalizing the units of a layer in groups computes, for a batch of columns.

    Attributes:
        sets: the same as groups × units of a group × examples.
        out: the normalized units, units × examples.
    """

    sets: SetPass
    out: Array

    def backward(self, upstream: Array) -> dict[str, Array]:
        """The gradients by the pre-activations (`z`), by `c`, and by `means` and `deviations`, a row for each group."""
        inner = self.sets.backward(upstream.reshape(self.sets.c.shape))
        # the standard deviation of a group is its length over √m
        found = {"means": inner["mean"][:, 0], "deviations": self.sets.n**0.5 * inner["s"][:, 0]}
        return {name: inner[name].reshape(upstream.shape) for name in ("z", "c")} | found


def normalize_in_groups(z: Array, groups: int, epsilon: float = 0.0) -> GroupsPass:
    """Each group of consecutive rows of each column, normalized as a set.

    Raises:
        ValueError: as `normalize` does, and where the groups do not have equally many rows.
    """
    if groups < 1 or len(z) % groups:
        raise ValueError(f"{len(z)} units are not {groups} groups of equally many: give a divisor of {len(z)}")
    made = normalize(z.reshape(groups, -1, z.shape[1]), 1, epsilon=epsilon)
    return GroupsPass(made, made.out.reshape(z.shape))


@dataclass(frozen=True)
class NormalizedPass(Pass):
    """A pass through a network of normalized layers.

    Attributes:
        named: by the name of a variable that the normalization adds (`mean`, `c`, `s`, `a`, `v`, `u`; in groups `means`
            and `deviations`), the gradients by it, `[None, layer 1, …]`; those of `v` and `u` are summed over the
            batch.
    """

    named: dict[str, list[Array]]


def normalized_backprop(
    W: Sequence[Array],
    x: Array,
    y: Array,
    activation: tuple[Entrywise, Entrywise],
    loss: tuple[OfOutput, OfOutput],
    v: Sequence[Array],
    u: Sequence[Array],
    b: Sequence[Array] | None = None,
    augmented: bool = True,
    is_centred: bool = True,
    epsilon: float = 0.0,
    groups: int = 1,
) -> NormalizedPass:
    """Loss and gradients of an MLP with layer normalization, RMS (`is_centred=False`) or group normalization.

    Args:
        W, x, y, activation, loss, b, augmented: as in `backprop`.
        v, u: scale and shift, `[None, layer 1, …, layer L]`, columns.
        is_centred: whether the mean of a layer is taken off.
        epsilon: `s² = ‖c‖² + n ε`.
        groups: in how many groups the units of each layer are; one is the layer.
    """
    g, dg = activation
    value, slope = loss
    last = len(W) - 1

    z: list[Array] = [None]
    a: list[Array] = [None]
    sets: list[SetPass | GroupsPass | None] = [None]
    h = [x]
    for l, w in enumerate(W):
        z.append(w @ h[l] if b is None else w @ h[l] + b[l])
        if l < last:
            made: SetPass | GroupsPass
            if groups == 1:
                made = normalize(z[-1], 0, is_centred, epsilon)
            else:
                made = normalize_in_groups(z[-1], groups, epsilon)
            sets.append(made)
            a.append(v[l + 1] * made.out + u[l + 1])
            units = g(a[-1])
            h.append(np.concatenate([units, np.ones_like(units[:1])]) if augmented else units)

    dz: list[Array] = [None] * (last + 2)
    dh: list[Array] = [None] * (last + 1)
    names = ("mean", "c", "s", "means", "deviations", "a", "v", "u")
    named: dict[str, list[Array]] = {name: [None] * (last + 1) for name in names}
    dz[last + 1] = slope(z[-1], y)
    for l in range(last, -1, -1):
        dh[l] = W[l].T @ dz[l + 1]
        normalized = sets[l]
        if normalized is not None:
            da = dg(a[l]) * (dh[l][:-1] if augmented else dh[l])
            named["a"][l] = da
            named["u"][l] = da.sum(axis=1, keepdims=True)
            named["v"][l] = (normalized.out * da).sum(axis=1, keepdims=True)
            inner = normalized.backward(v[l] * da)
            dz[l] = inner.pop("z")
            for name, gradient in inner.items():
                named[name][l] = gradient
    dW = [dz[l + 1] @ h[l].T for l in range(last + 1)]
    db = [dz[l + 1].sum(axis=1, keepdims=True) for l in range(last + 1)]
    return NormalizedPass(value(z[-1], y).sum(), z, h, dz, dh, dW, db, named)
