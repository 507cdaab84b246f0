"""Activations, one row each. The derivative is derived by SymPy from the row's expression, never typed.

At a kink (ReLU, leaky ReLU at 0) the derivative is taken from the left: `g'(0)` is the slope for `z < 0`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from symbackprop.errors import SymbackpropError

if TYPE_CHECKING:
    import sympy


@dataclass(frozen=True)
class Activation:
    """A scalar function `g`.

    Attributes:
        name: what it is called on the command line.
        symbol: how formulas write it, in Unicode.
        formula: `(sympy, z) -> expression`; None for a generic one, about which nothing is known.
    """

    name: str
    symbol: str
    formula: Callable[[Any, Any], Any] | None = None

    @property
    def is_generic(self) -> bool:
        return self.formula is None


ACTIVATIONS: dict[str, Activation] = {
    row.name: row
    for row in (
        Activation("sigmoid", "σ", lambda sp, z: 1 / (1 + sp.exp(-z))),
        Activation("tanh", "tanh", lambda sp, z: sp.tanh(z)),
        Activation("identity", "id", lambda sp, z: z),
    )
}


def activation(name: str) -> Activation:
    """The activation of that name; a single letter, or the name of a Greek one, is a generic function.

    Raises:
        SymbackpropError: for a name that is neither.
    """
    if name in ACTIVATIONS:
        return ACTIVATIONS[name]
    if name == "generic":
        return Activation("g", "g")
    if len(name) == 1 and name.isalpha():
        return Activation(name, name)
    raise SymbackpropError(
        f"there is no activation {name!r}: write one of {', '.join(sorted(ACTIVATIONS))}, or a letter for a generic one"
    )
