"""Rules of matrix algebra that need no network."""

from __future__ import annotations

from symbackprop.derivation import Context, Rewritten, rule
from symbackprop.expr import Diagonal, Expr, Hadamard


@rule("Hadamard product as a diagonal matrix", source="Magnus and Neudecker 2019, section 3.6")
def hadamard_as_diagonal(e: Expr, context: Context) -> Rewritten | None:
    r"""v ⊙ u = diag(v) u        shapes: n×1 ⊙ n×1 = n×n · n×1"""
    if not isinstance(e, Hadamard):
        return None
    *first, last = e.factors
    vector = first[0] if len(first) == 1 else Hadamard(tuple(first))
    why = ("Each entry of ", last, " is scaled by the same entry of ", vector, ".")
    return Rewritten(Diagonal(vector) @ last, why)
