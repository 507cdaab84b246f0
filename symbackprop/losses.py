"""Losses, one row each: the loss as a tree over the output `ŷ` and the target `y`, for one example."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from symbackprop.dims import Dim
from symbackprop.errors import SymbackpropError
from symbackprop.expr import Expr


@dataclass(frozen=True)
class LossFunction:
    """A loss.

    Attributes:
        name: what it is called on the command line.
        formula: `(output, target, size) -> scalar tree`; None for a generic one, about which nothing is known.
    """

    name: str
    formula: Callable[[Expr, Expr, Dim], Expr] | None = None


LOSSES: dict[str, LossFunction] = {row.name: row for row in (LossFunction("generic"),)}


def loss(name: str) -> LossFunction:
    """The loss of that name.

    Raises:
        SymbackpropError: for an unknown name.
    """
    if name in LOSSES:
        return LOSSES[name]
    raise SymbackpropError(f"there is no loss {name!r}: write one of {', '.join(sorted(LOSSES))}")
