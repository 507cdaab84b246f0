"""Adjoint rules: what an operand receives of the gradient that reaches an operation, one rule for each primitive.

For a scalar loss, the gradient by a matrix has the shape of that matrix, so no rule needs more than two indices. With
the upstream gradient `G = ∂L/∂e`, of the shape of `e`, `pullback(e, at, G, setting)` is what `e` contributes to the
gradient by its operand `at`. Each file here has the rules of some primitives and is found by itself.
Sources: Giles 2008, An extended collection of matrix derivative results; Magnus and Neudecker 2019; Petersen and
Pedersen 2012, The Matrix Cookbook.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, singledispatch
from importlib import import_module
from pkgutil import iter_modules

from symbackprop.equations import Network
from symbackprop.errors import RuleError
from symbackprop.expr import Expr
from symbackprop.shapes import SCALAR, Shape, shape
from symbackprop.tree import Path, at_path

JACOBIAN, HADAMARD = "jacobian", "hadamard"


class NoAdjoint(RuleError):
    """A primitive through which no gradient can be taken by a rule."""


@dataclass(frozen=True)
class Setting:
    """The network, and how a product with a diagonal matrix is written.

    Attributes:
        network: says the shapes.
        style: "jacobian" writes `diag(g'(z)) u` where `u` is a column, "hadamard" writes `g'(z) ⊙ u`.
    """

    network: Network
    style: str = JACOBIAN

    def shape(self, e: Expr) -> Shape:
        """Rows × columns of an expression."""
        return shape(e, self.network)

    def is_scalar(self, e: Expr) -> bool:
        """Whether an expression is a scalar."""
        return self.shape(e) == SCALAR


@singledispatch
def pullback(e: Expr, at: int, upstream: Expr, setting: Setting) -> Expr:
    """What the operand `at` of `e` receives of the upstream gradient, in the operand's shape.

    Args:
        e: the operation.
        at: which of its operands, counted as in a `Path`.
        upstream: `∂L/∂e`, of the shape of `e`.
        setting: the network, and the style.

    Raises:
        NoAdjoint: for a primitive that has no rule; `@pullback.register` adds one.
    """
    raise NoAdjoint(f"there is no adjoint rule for {type(e).__name__}: add one with @pullback.register")


@singledispatch
def fused(e: Expr, path: Path, upstream: Expr, setting: Setting) -> tuple[int, Expr] | None:
    """A rule for an operation together with the one inside it: how far down the path it leads, and what arrives.

    `‖v‖²` gives `2 v`, not `2 ‖v‖ v/‖v‖`, which says nothing at 0. None where there is no such rule.
    """
    return None


def contribution(e: Expr, path: Path, upstream: Expr, setting: Setting) -> Expr:
    """What the part of `e` at a path receives of the upstream gradient `∂L/∂e`."""
    _load()
    while path:
        taken, upstream = fused(e, path, upstream, setting) or (1, pullback(e, path[0], upstream, setting))
        e, path = at_path(e, path[:taken]), path[taken:]
    return upstream


@cache
def _load() -> None:
    """Import every file of rules once."""
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
