"""The ladder of bounds on ‖∂L/∂W_0‖: the lecture's, and what sharpens them step by step, beside the true value.

With `W̃_l` = `W_l` without its bias column, `G_l = diag g'(z_l)` and `A_l = G_l W̃_lᵀ`, which is `D_l W_lᵀ`,

    ∂L/∂z_1 = A_1 ⋯ A_L ∂L/∂ŷ        shapes: A_l is m_l × m_{l+1}, of as many rows as z_l has entries
    ‖∂L/∂W_0‖_F = ‖x‖ ‖∂L/∂z_1‖      because ∂L/∂W_0 = (∂L/∂z_1) xᵀ; row j has the norm ‖x‖ |∂L/∂z_{1,j}|

Write σ(A) for the largest singular value and s(A) for inf ‖Ay‖ over unit `y`: the smallest singular value where `A` has
at least as many rows as columns, else 0. From ‖Ay‖ ≤ σ(A)‖y‖ and ‖Ay‖ ≥ s(A)‖y‖, factor by factor, come bounds (slides
"Vanishing Gradients" and "Exploding Gradients"); each rung of `RUNGS` needs no more than that:

- Without the bias column: `D_l W_lᵀ = G_l W̃_lᵀ`, σ(D_l) = σ(G_l), and σ(W̃_l) ≤ σ(W_l) as `W̃_l` is a part of `W_l`.
  Below, `D_l` is wide, so s(D_l) = 0 and the lecture's bound is empty, while s(G_l) = min |g'|.
- Fused: σ(GB) ≤ σ(G) σ(B) and s(GB) ≥ s(G) s(B).
- Telescoped: `Q_{L+1} = I`, `A_l Q_{l+1} = Q_l R_l`, so `A_1 ⋯ A_L = Q_1 R_1 ⋯ R_L`, which has the norm of `R_1 ⋯ R_L`.
  As ‖Q_{l+1} y‖ = ‖y‖, σ(R_l) = σ(A_l Q_{l+1}) ≤ σ(A_l) and s(R_l) ≥ s(A_l). A scalar output makes every `R_l` a
  number, and both bounds the true value. (QR from one end is how Lyapunov exponents are computed: Benettin, Galgani,
  Giorgilli and Strelcyn 1980.)
- Optimal: σ and s of `A_1 ⋯ A_L` itself, the best bounds that are linear in ‖∂L/∂ŷ‖, being reached for some ∂L/∂ŷ.

"Lecture, smallest nonzero" is no bound: `D_l` maps a multiple of the last unit vector to 0, and `W_lᵀ` may put most of
a vector there, or, where it is wide, have the vector in its kernel.

A wide `A_l Q_{l+1}`, of `m_l` rows and `k_{l+1} > m_l` columns, has a square orthogonal `Q_l` and a wide `R_l`: the
identity and the upper bound stand, and s(R_l) = 0. Nothing is lost by that: `k_{l+1}` is the least of
`m_{l+1} … m_{L+1}`, so layer l has fewer units than the output, the product has a kernel, and its own infimum is 0. If
every layer has at least `m_{L+1}` units, every `R_l` is square, even where single `A_l` are wide and s(A_l) = 0.

A singular value of at most `max(shape) · 2^-52 · σ` counts as 0. In floats a smallest singular value is less exact than
the largest, so each lower rung is at least the one before it, factor by factor, which is a bound as well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from symbackprop.numeric.scaled import Scaled, norm, product, rescaled, scaled

Array = Any
EPSILON = 2.0**-52
UPPER, LOWER = "upper", "lower"
FALSE_READING = "lecture, smallest nonzero"


# --- singular values -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Extremes:
    """Of a matrix: σ, s (0 where it is wide), and the smallest singular value that is not 0 (0 if there is none)."""

    largest: float
    least: float
    least_nonzero: float


def extremes(A: Array, floor: float = 0.0) -> Extremes:
    """The extreme singular values of a matrix, by singular values alone: eigenvalues of `AᵀA` would halve the figures.

    Args:
        A: a matrix.
        floor: a known lower bound of s(A), which stands where the computed one has drowned in rounding.
    """
    values = np.array([norm(A).value]) if min(A.shape) == 1 else np.linalg.svd(A, compute_uv=False)
    noise = max(A.shape) * EPSILON * values[0]
    nonzero = values[values > noise]
    least = float(values[-1]) if A.shape[0] >= A.shape[1] and values[-1] > noise else 0.0
    return Extremes(float(values[0]), max(least, floor), float(nonzero[-1]) if nonzero.size else 0.0)


def telescoped(A: Sequence[Array]) -> list[Array]:
    """`R_1 … R_L` with `A_1 ⋯ A_L = Q_1 R_1 ⋯ R_L`: QR from the right, `Q_{L+1} = I`, `A_l Q_{l+1} = Q_l R_l`.

    Args:
        A: matrices that can be multiplied in this order, `A_l` of `m_l × m_{l+1}`.

    Returns:
        `R_l`, each `k_l × k_{l+1}` with `k_{L+1} = m_{L+1}` and `k_l = min(m_l, k_{l+1})`.
    """
    found: list[Array] = []
    Q = None
    for l in range(len(A) - 1, -1, -1):
        turned = A[l] if Q is None else A[l] @ Q
        if l == 0:
            found.append(np.linalg.qr(turned, mode="r"))
        else:
            Q, R = np.linalg.qr(turned)
            found.append(R)
    return found[::-1]


class Factors:
    """The chain `A_1 ⋯ A_L ∂L/∂ŷ` and the singular values of its factors, each worked out once.

    Args:
        slopes: `g'(z_1) … g'(z_L)`, 1-D.
        W: `W_0 … W_L`, of which the first counts by its shape alone.
        x, upstream: 1-D.
        augmented: whether each `W_l` has a bias column, its last.
    """

    def __init__(self, slopes: Sequence[Array], W: Sequence[Array], x: Array, upstream: Array, augmented: bool) -> None:
        self.slopes = [np.abs(slope) for slope in slopes]
        self.upstream = upstream
        self.augmented = augmented
        self.W = W[1:]
        self.plain = [w[:, :-1] if augmented else w for w in self.W]
        self.A = [slope[:, None] * w.T for slope, w in zip(slopes, self.plain, strict=True)]
        self.units = np.shape(W[0])[0]
        self.x = norm(x)

    @cached_property
    def of_D(self) -> list[Extremes]:
        """Of `D_l = (G_l | 0)`, which is wide where there is a bias unit."""
        return [
            Extremes(float(d.max()), 0.0 if self.augmented else float(d.min()), float(min(d[d > 0], default=0.0)))
            for d in self.slopes
        ]

    @cached_property
    def of_W(self) -> list[Extremes]:
        return [extremes(w.T) for w in self.W]

    @cached_property
    def of_plain(self) -> list[Extremes]:
        return [extremes(w.T) for w in self.plain] if self.augmented else self.of_W

    @cached_property
    def of_A(self) -> list[Extremes]:
        floors = (d.min() * w.least for d, w in zip(self.slopes, self.of_plain, strict=True))
        return [extremes(a, float(floor)) for a, floor in zip(self.A, floors, strict=True)]

    @cached_property
    def R(self) -> list[Array]:
        return telescoped(self.A)

    @cached_property
    def of_R(self) -> list[Extremes]:
        # as many columns as A_l: Q_{l+1} is square and orthogonal, so the singular values are those of A_l
        return [
            known if R.shape[1] == A.shape[1] else extremes(R, known.least)
            for R, A, known in zip(self.R, self.A, self.of_A, strict=True)
        ]

    @cached_property
    def gradient(self) -> tuple[Array, int]:
        """`∂L/∂z_1`, over a power of two, and that power."""
        return self._chained(self.A, self.upstream)

    @cached_property
    def largest(self) -> Scaled:
        """σ(A_1 ⋯ A_L)."""
        whole, exponent = self._chained(self.A[:-1], self.A[-1])
        return scaled(extremes(whole).largest) * Scaled(0.5, exponent + 1)

    @cached_property
    def least(self) -> Scaled:
        """s(A_1 ⋯ A_L) as `1/σ(R_L⁻¹ ⋯ R_1⁻¹)`: in the product itself it would soon lie below the rounding of σ."""
        least = product(r.least for r in self.of_R)
        if not least.mantissa:
            return least
        inverse: Array = np.eye(len(self.R[0]))
        total = 0
        # slopes may lie 300 orders apart: what then is singular in floats leaves the rung before it
        with np.errstate(over="ignore", invalid="ignore"):
            for R in self.R:
                small, down = rescaled(R)
                if not np.diagonal(small).all():
                    return least
                inverse = np.linalg.solve(small, inverse)
                if not np.isfinite(inverse).all():
                    return least
                inverse, up = rescaled(inverse)
                total += up - down
        found = scaled(1 / extremes(inverse).largest) * Scaled(0.5, 1 - total)
        return found if found.over(least) > 1 else least

    @staticmethod
    def _chained(factors: Sequence[Array], right: Array) -> tuple[Array, int]:
        """The product of the factors with what stands to their right, over a power of two, and that power."""
        right, total = rescaled(right)
        for factor in reversed(factors):
            right, exponent = rescaled(factor @ right)
            total += exponent
        return right, total


# --- the rungs -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Statement:
    """What a rung says: a number which, times ‖∂L/∂ŷ‖, bounds ‖∂L/∂W_0‖_F.

    Attributes:
        name, kind: the kind is "upper" or "lower".
        formula: the number, as one writes it; X is the column-placement matrix (0 … x … 0).
        holds: whether it is a proven bound.
        value: the number.
    """

    name: str
    kind: str
    formula: str
    holds: bool
    value: Callable[[Factors], Scaled]


def _pairs(first: Sequence[Extremes], second: Sequence[Extremes], which: str) -> Scaled:
    return product(getattr(each, which) for each in (*first, *second))


# s(G_l) s(W̃_lᵀ), with s(G_l) = min |g'|
def _least_without_bias(f: Factors) -> Scaled:
    return f.x * product(float(d.min()) for d in f.slopes) * product(w.least for w in f.of_plain)


# X is n_0 × m_1 of rank 1: σ = ‖x‖, and s = 0 unless there is one unit
RUNGS = (
    Statement("lecture", UPPER, "σ(X) ∏ σ(D_l) σ(W_lᵀ)", True, lambda f: f.x * _pairs(f.of_D, f.of_W, "largest")),
    Statement(
        "without the bias column",
        UPPER,
        "‖x‖ ∏ σ(G_l) σ(W̃_lᵀ)",
        True,
        lambda f: f.x * _pairs(f.of_D, f.of_plain, "largest"),
    ),
    Statement("fused", UPPER, "‖x‖ ∏ σ(G_l W̃_lᵀ)", True, lambda f: f.x * product(a.largest for a in f.of_A)),
    Statement("telescoped QR", UPPER, "‖x‖ ∏ σ(R_l)", True, lambda f: f.x * product(r.largest for r in f.of_R)),
    Statement("optimal", UPPER, "‖x‖ σ(∏ G_l W̃_lᵀ)", True, lambda f: f.x * f.largest),
    Statement(
        "lecture, infimum",
        LOWER,
        "s(X) ∏ s(D_l) s(W_lᵀ)",
        True,
        lambda f: (f.x if f.units == 1 else scaled(0.0)) * _pairs(f.of_D, f.of_W, "least"),
    ),
    Statement(
        FALSE_READING,
        LOWER,
        "the product of the smallest singular values that are not 0, of X, D_l and W_lᵀ",
        False,
        lambda f: f.x * _pairs(f.of_D, f.of_W, "least_nonzero"),
    ),
    Statement("without the bias column", LOWER, "‖x‖ ∏ min|g'(z_l)| s(W̃_lᵀ)", True, _least_without_bias),
    Statement("fused", LOWER, "‖x‖ ∏ s(G_l W̃_lᵀ)", True, lambda f: f.x * product(a.least for a in f.of_A)),
    Statement("telescoped QR", LOWER, "‖x‖ ∏ s(R_l)", True, lambda f: f.x * product(r.least for r in f.of_R)),
    Statement("optimal", LOWER, "‖x‖ s(∏ G_l W̃_lᵀ)", True, lambda f: f.x * f.least),
)
