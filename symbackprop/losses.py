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
from symbackprop.expr import (
    Elementwise,
    Entry,
    Expr,
    IndexedSum,
    LogSumExp,
    Negative,
    Power,
    Product,
    Quotient,
    Size,
    Softmax,
    number,
)
from symbackprop.statements import Chain, equal

# `(output, target, size) -> scalar tree`
Formula = Callable[[Expr, Expr, Dim], Expr]


@dataclass(frozen=True)
class LossFunction:
    """A loss.

    Attributes:
        name: what it is called on the command line.
        formula: `(output, target, size) -> scalar tree`; None for a generic one, about which nothing is known.
        outputs: what the entries of `ŷ` are, in words.
        targets: what those of `y` are.
        textbook: the form in which textbooks define the loss, where the formula is that form worked out.
        assumed: `(target, size) -> equations` without which the formula is not the loss that the name says.
        convention: what stands for the derivative where there is none, in words; empty where there always is one.
    """

    name: str
    formula: Formula | None = None
    outputs: str = ""
    targets: str = ""
    textbook: Formula | None = None
    assumed: tuple[Callable[[Expr, Dim], Chain], ...] = ()
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


def _log_likelihood(output: Expr, target: Expr, size: Dim) -> Expr:
    """`-Σ_k y_k log softmax(ŷ)_k`."""
    return Negative(_over_units(size, Entry(target, K) @ Elementwise("log", Entry(Softmax(output), K))))


def _log_likelihood_of_labels(output: Expr, target: Expr, size: Dim) -> Expr:
    """`-Σ_k [y_k log σ(ŷ_k) + (1 - y_k) log(1 - σ(ŷ_k))]`."""
    label, chance = Entry(target, K), Elementwise("sigmoid", Entry(output, K))
    one = number(1)
    yes, no = label @ Elementwise("log", chance), Product((one - label, Elementwise("log", one - chance)))
    return Negative(_over_units(size, yes + no))


def _sums_to_one(target: Expr, size: Dim) -> Chain:
    """`Σ_{k=1}^{n_{L+1}} y_k = 1`."""
    return equal(_over_units(size, Entry(target, K)), number(1))


LOSSES: dict[str, LossFunction] = {
    row.name: row
    for row in (
        LossFunction("generic"),
        LossFunction("squared_error", _squared_error, "predictions", "observed values"),
        LossFunction("half_squared_error", _half_squared_error, "predictions", "observed values"),
        LossFunction("mean_squared_error", _mean_squared_error, "predictions", "observed values"),
        LossFunction(
            "softmax_cross_entropy",
            _softmax_cross_entropy,
            "logits",
            "probabilities that sum to one",
            textbook=_log_likelihood,
            assumed=(_sums_to_one,),
        ),
        LossFunction(
            "binary_cross_entropy",
            _binary_cross_entropy,
            "logits",
            "probabilities, one for each label",
            textbook=_log_likelihood_of_labels,
        ),
        LossFunction(
            "absolute_error",
            _absolute_error,
            "predictions",
            "observed values",
            convention="where output and target agree, the slope of the absolute value is taken to be zero",
        ),
        LossFunction("huber", _huber, "predictions", "observed values"),
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
