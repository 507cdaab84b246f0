"""Theorems about the norms of sums: the triangle inequality, and how far a sum moves singular values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import product

from symbackprop import expr
from symbackprop.expr import LARGEST, SMALLEST, Expr, Norm, SingularValue, number
from symbackprop.judges.signs import Setting

# more norms than these are not looked at: every combination of signs is
_MOST = 6


def is_triangle(left: Expr, right: Expr, setting: Setting) -> bool:
    """`‖±u ± v ± …‖ ≤ ‖u‖ + ‖v‖ + …`, so `‖u‖ ≤ ‖u + v‖ + ‖v‖` too; norms of one kind."""
    if not isinstance(left, Norm) or not isinstance(right, expr.Sum) or len(right.terms) > _MOST:
        return False
    norms = [term for term in right.terms if isinstance(term, Norm) and term.kind == left.kind]
    if len(norms) < len(right.terms):
        return False
    wanted, parts = _terms(left.operand), [_terms(norm.operand) for norm in norms]
    return any(_combined(parts, signs) == wanted for signs in product((1, -1), repeat=len(parts)))


def _terms(e: Expr, sign: int = 1) -> Counter[Expr]:
    """How often each term stands in a sum; taken away, so many times below 0."""
    match e:
        case expr.Negative(operand):
            return _terms(operand, -sign)
        case expr.Sum(terms):
            return _combined([_terms(term) for term in terms], [sign] * len(terms))
    return Counter({e: sign})


def _combined(parts: Sequence[Counter[Expr]], signs: Sequence[int]) -> Counter[Expr]:
    total: Counter[Expr] = Counter()
    for part, sign in zip(parts, signs, strict=True):
        for term, count in part.items():
            total[term] += sign * count
    return Counter({term: count for term, count in total.items() if count})


def is_near_identity(left: Expr, right: Expr, setting: Setting) -> bool:
    """`σ_{n,n}(I + A) ≥ 1 - σ_{1,1}(A)`: no singular value moves by more than the norm of what is added."""
    match left, right:
        case (
            SingularValue(expr.Sum((expr.Identity(), A)), which),
            expr.Sum((expr.Number() as one, expr.Negative(SingularValue(B, size)))),
        ):
            return which == SMALLEST and size == LARGEST and one == number(1) and A == B
    return False
