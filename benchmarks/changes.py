"""One change to a formula, drawn from a table of what can be done to its parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random

from benchmarks.exercises import Exercise
from symbackprop.errors import SymbackpropError
from symbackprop.expr import Expr, Partial
from symbackprop.shapes import Shape, shape
from symbackprop.substitution import replace_at
from symbackprop.tree import Path, at_path, subterms

# makes another node of a node, or None where it has nothing to change
Operator = Callable[[Expr, Exercise, Random], Expr | None]


def changed(
    e: Expr, table: Mapping[str, Operator], exercise: Exercise, random: Random, in_derivatives: bool = True
) -> tuple[str, Expr] | None:
    """A formula with one change, and the name of the operator; None where the one that was drawn has nothing to do.

    Args:
        in_derivatives: whether what stands in a derivative may be changed, which is then one of or by something else.
    """
    name = random.choice(list(table))
    found = [(path, part) for path, part in subterms(e) if isinstance(part, Expr)]
    random.shuffle(found)
    for path, part in found:
        if not in_derivatives and _is_in_derivative(path, e):
            continue
        made = table[name](part, exercise, random)
        if made is not None and made != part:
            return name, replace_at(e, path, made)
    return None


def _is_in_derivative(path: Path, e: Expr) -> bool:
    return any(isinstance(at_path(e, path[:k]), Partial) for k in range(len(path)))


def shape_in(e: Expr, exercise: Exercise) -> Shape | None:
    """Rows × columns; None where parts do not conform, or something does not exist."""
    try:
        return shape(e, exercise.network)
    except (SymbackpropError, LookupError):
        return None
