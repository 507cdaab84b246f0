r"""`check`: one answer to one question."""

from __future__ import annotations

from typing import Any

from symbackprop.answers.judging import judge
from symbackprop.answers.question import Question
from symbackprop.answers.verdict import Verdict
from symbackprop.equations import Network
from symbackprop.network import MLP


def check(answer: str, ask: str, network: Network | None = None, **options: Any) -> Verdict:
    r"""The verdict on an answer in LaTeX.

    >>> from symbackprop.answers.check import check
    >>> verdict = check(r"W_L \frac{\partial L}{\partial \hat{\vec{y}}}", ask=r"\frac{\partial L}{\partial \vec{h}_L}")
    >>> verdict.verdict, [mistake.code for mistake in verdict.mistakes]
    ('incorrect', ['missing-transpose'])

    Args:
        answer: one expression, `lhs = rhs`, or several lines; it is never executed.
        ask: what is asked for, as LaTeX.
        network: the lecture's, if not given.
        options: those of `Question`, such as `notation="nielsen"` or `transposed="accept"`.

    Raises:
        ReadingError: for an `ask` that cannot be read; an answer that cannot is a verdict, "unreadable".
        SymbackpropError: for an unknown option.
    """
    return judge(Question(ask, network or MLP(), **options), answer)
