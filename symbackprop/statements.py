"""Statements: what one line of the lecture says, which is not always an expression: a chain, an implication, a list."""

from __future__ import annotations

from symbackprop.expr import Expr
from symbackprop.tree import Node, node


class Statement(Node):
    """Something that is claimed, and true or false."""


@node
class Chain(Statement):
    """`first rel_1 second rel_2 third …`; `relations` has one element fewer than `sides`.

    A chain may go on from the line before: then its first side is not printed (`continued`).
    """

    sides: tuple[Expr, ...]
    relations: tuple[str, ...]
    continued: bool = False


@node
class Together(Statement):
    """Several statements, all claimed, separated by commas."""

    parts: tuple[Statement, ...]


@node
class Implies(Statement):
    """`premise ⇒ conclusion`."""

    premise: Statement
    conclusion: Statement


@node
class Ellipsis(Statement):
    """`…` or `⋮`: steps that are left out of a chain, being shown elsewhere."""

    sign: str


def equal(*sides: Expr) -> Chain:
    """`a = b = …`."""
    return Chain(sides, ("=",) * (len(sides) - 1))
