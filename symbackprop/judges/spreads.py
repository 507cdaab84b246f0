"""How the numeric judge draws inputs and parameters: at random in several ways, or so that something holds of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from symbackprop.judges import hypotheses
from symbackprop.judges.hypotheses import Made, Unmade
from symbackprop.numeric.backprop import Array

GAUSSIAN, SPARSE, REPEATED, RANK_ONE = "Gaussian", "some entries 0", "repeated columns", "rank 1"


def _gaussian(drawn: Array, rng: np.random.Generator) -> Array:
    return drawn


def _sparse(drawn: Array, rng: np.random.Generator) -> Array:
    return drawn * (rng.random(drawn.shape) < 0.6)


def _repeated(drawn: Array, rng: np.random.Generator) -> Array:
    made = drawn.copy()
    made[:, 1::2] = made[:, : made.shape[1] - made.shape[1] % 2 : 2]
    return made


def _rank_one(drawn: Array, rng: np.random.Generator) -> Array:
    return drawn[:, :1] * drawn[:1, :] if 1 not in drawn.shape else drawn


# by name: from independent standard normal entries, entries of another kind; an inequality may fail only at such
SPREADS: dict[str, Callable[[Array, np.random.Generator], Array]] = {
    GAUSSIAN: _gaussian,
    SPARSE: _sparse,
    REPEATED: _repeated,
    RANK_ONE: _rank_one,
}


def made_as(made: Made, drawn: Array, source: Array | None) -> Array:
    """A value of which something is assumed.

    Args:
        made: how it is made.
        drawn: the value it would have else.
        source: the value of the expression that it is made from, if it is.

    Raises:
        Unmade: where no such value exists.
    """
    return MAKERS[made.how](made, drawn, source)


def _columns(made: Made, drawn: Array, source: Array | None) -> Array:
    """Orthonormal columns that span the same as those drawn, or more."""
    rows, columns = drawn.shape
    if columns > rows:
        raise Unmade(f"the judge cannot make {columns} orthonormal columns of {rows} entries for {made.variable}")
    factor, triangle = np.linalg.qr(drawn)
    # signs of their own: without them every 2 × 2 one would be a reflection, which is its own transpose
    return factor * np.where(np.diag(triangle) < 0, -1, 1)


def _rows(made: Made, drawn: Array, source: Array | None) -> Array:
    return _columns(made, drawn.T, source).T


def _value(made: Made, drawn: Array, source: Array | None) -> Array:
    if source is None or source.shape != drawn.shape:
        raise Unmade(f"the judge cannot make {made.variable}: {made.source} has another shape")
    return source


def _factor(made: Made, drawn: Array, source: Array | None) -> Array:
    """The orthonormal factor of `X = Q R`; a wide `X` gives a square one."""
    factor = drawn if source is None else np.linalg.qr(source)[0]
    if source is None or factor.shape != drawn.shape:
        raise Unmade(f"the judge cannot factor {made.source}: {made.variable} has another shape than its factor")
    return factor


def _not_negative(made: Made, drawn: Array, source: Array | None) -> Array:
    return np.abs(drawn)


def _column_sums(made: Made, drawn: Array, source: Array | None) -> Array:
    """Shares above 0, as probabilities are."""
    shares = np.exp(np.real(drawn))
    return shares / shares.sum(axis=0, keepdims=True)


def _row_sums(made: Made, drawn: Array, source: Array | None) -> Array:
    return _column_sums(made, drawn.T, source).T


MAKERS: dict[str, Callable[[Made, Array, Array | None], Array]] = {
    hypotheses.ORTHONORMAL_COLUMNS: _columns,
    hypotheses.ORTHONORMAL_ROWS: _rows,
    hypotheses.VALUE: _value,
    hypotheses.FACTOR: _factor,
    hypotheses.NOT_NEGATIVE: _not_negative,
    hypotheses.COLUMN_SUMS: _column_sums,
    hypotheses.ROW_SUMS: _row_sums,
}
