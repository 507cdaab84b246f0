"""Roots in an answer: a prime field knows no sign, so that √9 may be -3 there, and √(x²) either of x and -x.

A root that stands in the network's own equations is one more indeterminate, the same on both sides. Any other one is
left to proofs.
"""

from __future__ import annotations

from collections.abc import Iterator

from symbackprop.answers.question import Question
from symbackprop.expr import Expr, Norm, Power, SingularValue, SquareRoot, Variable
from symbackprop.groups import EntrywisePower
from symbackprop.magnitudes import SingularValueAt, SpectralSum
from symbackprop.substitution import put
from symbackprop.tree import subterms

FROM_SQUARES = (SquareRoot, Norm, SingularValue, SingularValueAt, SpectralSum)


def has_new_root(e: Expr, question: Question) -> bool:
    """Whether an answer has a root in it that the network has not."""
    own = question.network.kept(("roots", question.asked), lambda: frozenset(_of_network(question)))
    return any(root not in own for root in _roots(e))


def _of_network(question: Question) -> Iterator[Expr]:
    yield from _roots(question.asked)
    for equation in question.network.equations:
        for root in _roots(equation.right):
            yield root
            for _, part in subterms(root):
                made = question.network.definition(part, {}) if isinstance(part, Variable) and not part.index else None
                if made is not None:
                    # the same root, written out
                    yield put(root, part, made.right)


def _roots(e: Expr) -> Iterator[Expr]:
    """The parts of an expression that are roots, but for norms under an even power."""
    even: set[Expr] = set()
    for _, part in subterms(e):
        if isinstance(part, Power | EntrywisePower):
            base = part.base if isinstance(part, Power) else part.operand
            if part.exponent.denominator != 1:
                yield part
            elif part.exponent.numerator % 2 == 0:
                even.add(base)
        elif isinstance(part, FROM_SQUARES) and not (isinstance(part, Norm) and part in even):
            yield part
