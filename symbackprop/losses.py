"""Losses, one row each: the loss as a tree over the output `ŷ` and the target `y`, for one example.

Every formula is made of sums over the output units `k` of scalar functions of `ŷ_k` and `y_k`, and of `logsumexp(ŷ)`,
which the index calculus can differentiate. A batch sums its examples unless its reduction is the mean.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from symbackprop.dims import ONE, Dim, index
from symbackprop.errors import SymbackpropError
from symbackprop.expr import Elementwise, Entry, Expr, IndexedSum, LogSumExp, Power, Product, Quotient, Size, number


@dataclass(frozen=True)
class LossFunction:
    """A loss.

    Attributes:
        name: what it is called on the command line.
        formula: `(output, target, size) -> scalar tree`; None for a generic one, about which nothing is known.
        meaning: one line: what it is, and what `ŷ` and `y` are in it.
        assumed: equations, as LaTeX, without which the formula is not the loss that the name says.
        convention: what stands for the derivative where there is none; empty where there always is one.
    """

    name: str
    formula: Callable[[Expr, Expr, Dim], Expr] | None = None
    meaning: str = ""
    assumed: tuple[str, ...] = ()
    convention: str = ""

    @property
    def is_generic(self) -> bool:
        """Whether nothing is known of it."""
        return self.formula is None


K = index("k")


def _over_units(size: Dim, term: Expr) -> IndexedSum:
    """`Σ_{k=1}^{n_{L+1}} term`."""
    return IndexedSum("k", ONE, size, term)


def _error(output: Expr, target: Expr) -> Expr:
    """`ŷ_k - y_k`."""
    return Entry(output, K) - Entry(target, K)


def _squared_error(output: Expr, target: Expr, size: Dim) -> Expr:
    return _over_units(size, Power(_error(output, target), Fraction(2)))


def _half_squared_error(output: Expr, target: Expr, size: Dim) -> Expr:
    return Product((number(Fraction(1, 2)), _squared_error(output, target, size)))


def _mean_squared_error(output: Expr, target: Expr, size: Dim) -> Expr:
    return Quotient(_squared_error(output, target, size), Size(size))


def _softmax_cross_entropy(output: Expr, target: Expr, size: Dim) -> Expr:
    return LogSumExp(output) - _over_units(size, Entry(target, K) @ Entry(output, K))


def _binary_cross_entropy(output: Expr, target: Expr, size: Dim) -> Expr:
    logit = Entry(output, K)
    return _over_units(size, Elementwise("softplus", logit) - Entry(target, K) @ logit)


def _absolute_error(output: Expr, target: Expr, size: Dim) -> Expr:
    return _over_units(size, Elementwise("abs", _error(output, target)))


def _huber(output: Expr, target: Expr, size: Dim) -> Expr:
    return _over_units(size, Elementwise("huber", _error(output, target)))


LOSSES: dict[str, LossFunction] = {
    row.name: row
    for row in (
        LossFunction("generic", None, "L(ŷ, y), of which nothing is known"),
        LossFunction("squared_error", _squared_error, "‖ŷ - y‖²"),
        LossFunction("half_squared_error", _half_squared_error, "½ ‖ŷ - y‖²"),
        LossFunction("mean_squared_error", _mean_squared_error, "‖ŷ - y‖² / n_{L+1}, the mean over the output units"),
        LossFunction(
            "softmax_cross_entropy",
            _softmax_cross_entropy,
            "-Σ_k y_k log softmax(ŷ)_k = logsumexp(ŷ) - Σ_k y_k ŷ_k; ŷ are logits, y probabilities that sum to 1",
            assumed=(r"\sum_k y_k = 1",),
        ),
        LossFunction(
            "binary_cross_entropy",
            _binary_cross_entropy,
            "-Σ_k [y_k log σ(ŷ_k) + (1 - y_k) log(1 - σ(ŷ_k))] = Σ_k [softplus(ŷ_k) - y_k ŷ_k]; ŷ are logits",
        ),
        LossFunction("absolute_error", _absolute_error, "Σ_k |ŷ_k - y_k|", convention="sign(0) = 0"),
        LossFunction(
            "huber",
            _huber,
            "Σ_k of ½ e_k² where |e_k| ≤ 1, else |e_k| - ½, with e = ŷ - y: the Huber loss of threshold 1",
        ),
    )
}


def loss(name: str) -> LossFunction:
    """The loss of that name; `-` counts as `_`, and capitals do not count.

    Raises:
        SymbackpropError: for an unknown name.
    """
    key = name.casefold().replace("-", "_")
    if key in LOSSES:
        return LOSSES[key]
    raise SymbackpropError(f"there is no loss {name!r}: write one of {', '.join(sorted(LOSSES))}")
