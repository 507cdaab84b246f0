"""Nodes for units in groups: which unit is in which group, and powers of each entry of a column."""

from __future__ import annotations

from fractions import Fraction

from symbackprop.dims import Dim
from symbackprop.errors import ShapeError
from symbackprop.expr import Expr
from symbackprop.tree import node


@node
class Membership(Expr):
    """`M`, `size × groups`: entry `i, k` is 1 where unit `i` is in group `k`, else 0.

    The units are grouped in order, the same number in each group. `Mᵀz` has the sum of each group, and `M s` gives each
    unit the entry of its group. With one group it is the column of ones.
    """

    size: Dim
    groups: int

    def __str__(self) -> str:
        return "M"


@node
class EntrywisePower(Expr):
    """`v^{⊙p}`, each entry of a column or a matrix to a rational power."""

    operand: Expr
    exponent: Fraction

    def __str__(self) -> str:
        return f"({self.operand})^⊙{self.exponent}"


def per_group(size: int, groups: int) -> int:
    """How many units a group has.

    Raises:
        ShapeError: if the groups cannot have equally many.
    """
    if groups < 1 or size < groups or size % groups:
        raise ShapeError(
            f"{size} units are not {groups} groups of equally many: write a number of units that {groups} divides"
        )
    return size // groups
