"""The ladder of bounds on ‖∂L/∂W_0‖ at a point, beside the true value; `symbackprop.numeric.rungs` has the bounds.

All values are floats: they illustrate, and no verdict rests on them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from symbackprop.errors import ShapeError, SymbackpropError
from symbackprop.network import MLP
from symbackprop.numeric.arguments import check_bias_unit, check_network, check_upstream, check_vectors
from symbackprop.numeric.backprop import LOSSES
from symbackprop.numeric.rungs import RUNGS, UPPER, Factors
from symbackprop.numeric.scaled import Scaled, norm, scaled
from symbackprop.numeric.slopes import pair
from symbackprop.progress import Progress, silent

if TYPE_CHECKING:
    from symbackprop.numeric.tightness import Counterexample, Tightness

Array = Any
# a bound has failed where the other side passes it by more than this part: far above what rounding does to 64 layers of
# 512 units (64 · 512 · 2^-52 = 7e-12), far below any failure that one would print
MARGIN = 1e-9


@dataclass(frozen=True)
class Rung:
    """One bound at one point; `size` is its value with an exponent of its own, `holds` whether it is proven."""

    name: str
    kind: str
    size: Scaled
    holds: bool

    @property
    def value(self) -> float:
        return self.size.value


@dataclass(frozen=True)
class Ladder:
    """The bounds at one point beside the true value.

    Attributes:
        size: ‖∂L/∂W_0‖_F, with an exponent of its own.
        shares: for each row j of W_0, its part |∂L/∂z_{1,j}| / ‖∂L/∂z_1‖; zeros if the gradient is 0.
        rungs: as in `RUNGS`, upper ones first, each from the loosest to the sharpest.
    """

    size: Scaled
    shares: tuple[float, ...]
    rungs: tuple[Rung, ...]

    @property
    def true(self) -> float:
        """‖∂L/∂W_0‖_F."""
        return self.size.value

    @property
    def rows(self) -> tuple[float, ...]:
        """‖∂L/∂w_{0,j}‖ for each row j."""
        return tuple(self._against(j).value for j in range(1, len(self.shares) + 1))

    def rung(self, name: str, kind: str = UPPER) -> Rung:
        """The rung of that name and kind.

        Raises:
            SymbackpropError: if there is none.
        """
        for rung in self.rungs:
            if (rung.name, rung.kind) == (name, kind):
                return rung
        listed = ", ".join(f"{rung.kind} {rung.name!r}" for rung in self.rungs)
        raise SymbackpropError(f"there is no {kind} rung {name!r}: write one of {listed}")

    def ratio(self, rung: Rung, row: int | None = None) -> float:
        """Bound / true, of the whole of ∂L/∂W_0 or of its row j, counted from 1; ∞ by 0, and 1 for 0 by 0."""
        return rung.size.over(self._against(row))

    def fails(self, rung: Rung, row: int | None = None) -> bool:
        """Whether the other side passes the bound by more than `MARGIN` of it; lower bounds may fail for one row."""
        ratio = self.ratio(rung, row)
        return ratio < 1 - MARGIN if rung.kind == UPPER else ratio > 1 + MARGIN

    def for_the_largest_row(self, rung: Rung) -> float:
        """What a rung says of `max_j ‖∂L/∂w_{0,j}‖`: a lower one divided by the root of the number of rows."""
        return rung.value if rung.kind == UPPER else rung.value / len(self.shares) ** 0.5

    def _against(self, row: int | None) -> Scaled:
        if row is None:
            return self.size
        if not 1 <= row <= len(self.shares):
            raise SymbackpropError(f"j = {row} is no row of W_0: j runs from 1 to {len(self.shares)}")
        return self.size * scaled(self.shares[row - 1])


def ladder(slopes: Sequence[Any], W: Sequence[Any], x: Any, upstream: Any, bias: str = "augmented") -> Ladder:
    """The ladder of given matrices, without a network: any numbers may be the slopes.

    Args:
        slopes: `g'(z_1) … g'(z_L)`, of as many entries as `z_l`.
        W: `W_0 … W_L`, with the bias column last where the bias is augmented; `W_0` counts by its shape alone.
        x: `n_0` entries, 1-D or a column, the last of them 1 where the bias is augmented.
        upstream: `∂L/∂ŷ`.
        bias: as of an `MLP`.

    Raises:
        ShapeError: for what does not conform.
        SymbackpropError: for what is not finite or not real, and for an input without its bias unit.
    """
    W, x, upstream, _ = _checked(MLP(bias=bias), W, x, upstream, None)
    if len(slopes) != len(W) - 1:
        raise SymbackpropError(
            f"{len(slopes)} slopes were given for {len(W) - 1} hidden layers: write g'(z_l) for each"
        )
    slopes = [_finite(f"g'(z_{l})", slope).reshape(-1) for l, slope in enumerate(slopes, 1)]
    for l, slope in enumerate(slopes, 1):
        if len(slope) != len(W[l - 1]):
            raise ShapeError(
                f"g'(z_{l}) has {len(slope)} entries, but W_{l - 1} has {len(W[l - 1])} rows, one for each entry"
            )
    return _ladder(slopes, W, x, upstream, bias == "augmented")


def _ladder(slopes: Sequence[Array], W: Sequence[Array], x: Array, upstream: Array, augmented: bool) -> Ladder:
    factors = Factors(slopes, W, x, upstream, augmented)
    gradient, exponent = factors.gradient
    size = norm(gradient)
    shares = np.abs(gradient) / (size.value or 1.0)
    outside = norm(upstream)
    rungs = tuple(Rung(row.name, row.kind, row.value(factors) * outside, row.holds) for row in RUNGS)
    return Ladder(factors.x * size * Scaled(0.5, exponent + 1), tuple(map(float, shares)), rungs)


# --- what was given --------------------------------------------------------------------------------------------------


def _finite(name: str, given: Any) -> Array:
    """An array of floats.

    Raises:
        SymbackpropError: for anything else, and for NaN and infinities, which no bound survives.
    """
    try:
        is_complex = np.iscomplexobj(given)
        array = None if is_complex else np.asarray(given, dtype=float)
    except (TypeError, ValueError):
        array = None
    if array is None:
        raise SymbackpropError(
            f"{name} is not an array of real numbers: write rows of equal length, as [[1, 2], [3, 4]]"
        )
    if not np.isfinite(array).all():
        where = tuple(int(i) + 1 for i in np.argwhere(~np.isfinite(array))[0])
        entry = ", ".join(map(str, where))
        raise SymbackpropError(
            f"{name} has {array[~np.isfinite(array)][0]} at ({entry}), counted from 1: "
            "singular values need finite numbers, so mend or leave out this point"
        )
    return array


def _checked(network: MLP, W: Any, x: Any, upstream: Any, b: Any) -> tuple[list[Array], Array, Array, list[Array]]:
    """Weights, input, upstream gradient and biases as arrays that conform; vectors 1-D."""
    if isinstance(W, list | tuple):
        W = [_finite(f"W_{l}", w) for l, w in enumerate(W)]
    if isinstance(b, list | tuple):
        b = [_finite(f"b_{l}", bias) for l, bias in enumerate(b)]
    check_network(network, W, b)
    x = _finite("x", x)
    check_vectors(network, W, x, None, any_target=True)
    check_bias_unit(network, x)
    if upstream is not None:
        upstream = check_upstream(_finite("upstream", upstream), W).reshape(-1)
    return W, x.reshape(-1), upstream, [bias.reshape(-1) for bias in b or ()]


# --- a network -------------------------------------------------------------------------------------------------------


class BoundLadder:
    """`BoundLadder(network)(W, x, upstream)`: every bound at a point beside the true value.

    >>> from symbackprop import MLP
    >>> at = BoundLadder(MLP(widths=[2, 2, 1], activation="identity"))([[[1, 0]], [[3, 4]]], [0, 1], [2])
    >>> at.true, at.rung("lecture").value, at.rung("optimal").value
    (6.0, 10.0, 6.0)

    Args:
        network: with a named activation; random networks need its widths too.

    Raises:
        SymbackpropError: for a generic activation, and for a network with normalization, whose factors are others.
    """

    def __init__(self, network: MLP) -> None:
        if not isinstance(network, MLP):
            raise SymbackpropError(
                f"a ladder is of an MLP, not of a {type(network).__name__}: write BoundLadder(MLP(…))"
            )
        if network.activation.is_generic:
            raise SymbackpropError(
                f"the activation {network.activation.name} is generic, so g'(z_l) has no value: name it, as "
                'MLP(activation="tanh"), or give the slopes to ladder(slopes, W, x, upstream)'
            )
        if network.scheme is not None:
            raise SymbackpropError(
                f"{network.scheme.name} normalization stands between z_l and g, so D_l W_lᵀ are not all factors: "
                "write MLP(…) without normalization"
            )
        self.network = network
        self._g, self._dg = pair(network.activation)

    def __call__(self, W: Sequence[Any], x: Any, upstream: Any = None, *, y: Any = None, b: Any = None) -> Ladder:
        """The ladder at a point.

        Args:
            W: `W_0 … W_L`, `W_l` of `(n_{l+1}-1) × n_l` and `W_L` of `n_{L+1} × n_L` where the bias is augmented.
            x: `n_0` entries, 1-D or `n_0 × 1`; the last is 1 where the bias is augmented.
            upstream: `∂L/∂ŷ`, `n_{L+1}` entries.
            y: the target, in place of `upstream`, for a network with a named loss.
            b: `b_0 … b_L` where they stand apart.

        Raises:
            ShapeError: for what does not conform.
            SymbackpropError: for NaN and infinities, here or on the way to the output; for an input without its bias
                unit; if biases are missing or too many; if not exactly one of `upstream` and `y` is given, or `y` for a
                generic loss.
        """
        separate = self.network.bias == "separate"
        if separate != (b is not None):
            told = "write b=[b_0, b_1]" if separate else "leave b out"
            raise SymbackpropError(f"this network has bias={self.network.bias!r}: {told}")
        if (upstream is None) == (y is None):
            raise SymbackpropError(
                "the upstream gradient must be told once: write upstream=… or, for a named loss, y=…"
            )
        if y is not None and self.network.loss.is_generic:
            raise SymbackpropError(
                'the loss is generic, so y says nothing of ∂L/∂ŷ: write upstream=…, or MLP(loss="squared_error")'
            )
        W, flat, upstream, biases = _checked(self.network, W, x, upstream, b)
        slopes, output = self._forward(W, flat, biases)
        if y is not None:
            y = _finite("y", y)
            check_vectors(self.network, W, np.asarray(x, dtype=float), y, any_target=False)
            upstream = LOSSES[self.network.loss.name][1](output[:, None], y.reshape(-1, 1)).reshape(-1)
        return _ladder(slopes, W, flat, upstream, self.network.augmented)

    def _forward(self, W: Sequence[Array], h: Array, b: Sequence[Array]) -> tuple[list[Array], Array]:
        """`g'(z_1) … g'(z_L)`, and the output."""
        slopes: list[Array] = []
        # what overflows is refused, with a sentence
        with np.errstate(over="ignore", invalid="ignore"):
            for l, w in enumerate(W):
                z = w @ h + b[l] if b else w @ h
                if not np.isfinite(z).all():
                    raise SymbackpropError(f"z_{l + 1} overflows at these weights: scale them or x down")
                if l < len(W) - 1:
                    slopes.append(self._dg(z))
                    units = self._g(z)
                    h = np.append(units, 1.0) if self.network.augmented else units
        return slopes, z

    def tightness(
        self, samples: int = 200, seed: int = 0, gain: float | None = None, progress: Progress = silent
    ) -> tuple[Tightness, ...]:
        """A row for each rung: how tight it is, and how often it fails, on random networks of these widths.

        Weights, bias columns and biases that stand apart included, are independent normal numbers of variance
        `gain² / n_l`, or 1 without a gain; `x`, but for its bias unit, and `∂L/∂ŷ` are standard normal.

        Args:
            samples: networks.
            seed: of the numbers.
            gain: see above.
            progress: called with the networks done and their number.

        Raises:
            SymbackpropError: without widths, for no samples, and for a gain that is not positive.
        """
        from symbackprop.numeric.tightness import tightness

        return tightness(self, samples, seed, gain, progress)

    def counterexample(self, seed: int = 0, tries: int = 10_000, factor: float = 1.5) -> Counterexample | None:
        """A network in tenths where the reading with "smallest nonzero" claims `factor` times the true value or more.

        Weights, `x` and `∂L/∂ŷ` are drawn from -1, -0.9, …, 1; the first that serves is given, or None if none of the
        tries does, which proves nothing.

        Raises:
            SymbackpropError: without widths.
        """
        from symbackprop.numeric.tightness import counterexample

        return counterexample(self, seed, tries, factor)
