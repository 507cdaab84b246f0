"""Networks with random weights: what they are drawn from, and what is assumed besides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from symbackprop.dims import Dim
from symbackprop.errors import SymbackpropError
from symbackprop.expr import Expr, number
from symbackprop.network import MLP
from symbackprop.substitution import substitute

BIASES = ("zero", "drawn")


@dataclass(frozen=True)
class Draws:
    """What the weights of a network are drawn from.

    Always: all weights are independent of each other and of the input, have mean 0, and those of one `W_l` have one
    distribution. So the units of a hidden layer are alike: they may be renumbered.

    Attributes:
        biases: "zero" where the last column of every `W_l` (or `b_l`) starts at 0, "drawn" where it is drawn like the
            other weights.
        variance: of each weight of `W_l`, in terms of the index `l`; None says nothing of it.
        symmetric: whether a weight is as likely as its negative, so that every pre-activation is.
        independent_gradients: whether `∂L/∂z_{l+1}` is taken to be independent of `W_l` and of `z_l`, and no `z_{l,k}`
            to be exactly 0 (He et al. 2015, section 2.2). It is an assumption: `z_{l+1}` is computed from both.
    """

    biases: str = "zero"
    variance: Expr | None = None
    symmetric: bool = True
    independent_gradients: bool = False

    def __post_init__(self) -> None:
        if self.biases not in BIASES:
            raise SymbackpropError(f"biases cannot start as {self.biases!r}: write one of {', '.join(BIASES)}")

    def variance_at(self, layer: Dim) -> Expr | None:
        """The variance of each weight of one `W_l`."""
        return None if self.variance is None else substitute(self.variance, {"l": layer})

    def bias_variance(self, weight: Expr) -> Expr:
        """The variance of each bias added to `W_l h_l`, where that of a weight is `weight`."""
        return number(0) if self.biases == "zero" else weight


class RandomMLP(MLP):
    """The lecture's network with weights that are drawn.

    Args:
        draws: what they are drawn from; the others are those of `MLP`.
    """

    def __init__(self, *args: Any, draws: Draws = Draws(), **options: Any) -> None:
        self.draws = draws
        super().__init__(*args, **options)

    def given(self, widths: Sequence[int]) -> RandomMLP:
        return random(self, self.draws, widths=widths)


def random(network: MLP, draws: Draws, activation: str | None = None, widths: Sequence[int] | None = None) -> RandomMLP:
    """The same network, or that with another activation or given widths, with weights that are drawn."""
    options = {**network.options, "activation": activation or network.activation.name}
    if widths is not None:
        options |= {"depth": None, "widths": widths}
    return RandomMLP(**options, draws=draws)
