"""The right value at a point at which an answer is wrong: what a change must give to be worth a closer look."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy

from flint import nmod_mat

from symbackprop.answers.comparing import common_samples
from symbackprop.answers.question import Question
from symbackprop.answers.values import Values
from symbackprop.expr import Expr
from symbackprop.judges import exact
from symbackprop.judges.exact import Sample
from symbackprop.judges.field import Unvalued
from symbackprop.shapes import Shape

# shape, rows and columns of numbers, and the numbers
Worth = tuple[Shape, int, int, tuple[int, ...]]
# a depth at which layers one and two off exist
DEEP = 3


class Target:
    """The right value at a point at which an answer is wrong.

    Attributes:
        is_common: whether the point is that at which every answer to the question is looked at.

    Raises:
        Unvalued: where there is no such point.
    """

    def __init__(self, answer: Expr, head: Expr, question: Question) -> None:
        self.head, self.question = head, question
        self.is_common = True
        self.values = self._at(_typical(common_samples(head, question)))
        right = self.worth(head)
        if right is not None and self.worth(answer) == right:
            sample = exact.compare(question.claim(head, answer)).against
            if sample is None or sample.result != "differ":
                raise Unvalued("it is wrong at no point that is known")
            self.is_common = False
            self.values = self._at(sample)
            right = self.worth(head)
        if right is None:
            raise Unvalued("it has no value")
        self.right: Worth = right

    def _at(self, sample: Sample, is_bounded: bool = True) -> Values:
        return Values(sample, self.question.claim(self.head, self.head), self.question.network, is_bounded)

    def shared(self) -> Target:
        """The same without an end, for what is found once for all answers."""
        made = copy(self)
        made.values = self._at(_typical(common_samples(self.head, self.question)), is_bounded=False)
        return made

    def worth(self, e: Expr) -> Worth | None:
        """Shape and value of an expression there; None where it has none."""
        size = self.values.shape(e)
        value = None if size is None else self.values.value(e)
        return None if size is None or value is None else _worth(size, value)

    def is_hit(self, e: Expr) -> bool:
        """Whether an expression has the right shape, and the right value there."""
        return self.values.shape(e) == self.right[0] and self.worth(e) == self.right


def _worth(size: Shape, value: nmod_mat) -> Worth:
    return size, value.nrows(), value.ncols(), tuple(map(int, value.entries()))


def _typical(samples: Sequence[Sample]) -> Sample:
    """A point in the middle: quantities one and two layers off exist there too."""
    if not samples:
        raise Unvalued("it has a value nowhere")
    return max(samples, key=_neighbours)


def _neighbours(sample: Sample) -> int:
    """How much there is around the layer that is asked for, without more layers than needed."""
    letters = [n for name, n in sample.symbols.items() if name not in sample.setting.symbols]
    ends = [n for name, n in sample.setting.symbols.items() if name in ("L", "T")] or [sample.setting.depth]
    inside = sum((n >= 2) + (n + 1 <= max(ends)) + (n + 2 <= max(ends)) for n in letters)
    return 20 * inside + 10 * (max(ends) >= DEEP) - max(ends)
