"""The mistake in a line whose parts do not conform: it is read as it stands, and a change to it found that is right."""

from __future__ import annotations

from collections.abc import Iterator

from symbackprop.answers.diagnosis import diagnosed
from symbackprop.answers.question import Question
from symbackprop.answers.reading import LineReader, ReadLine, Side
from symbackprop.answers.verdict import Mistake
from symbackprop.errors import SymbackpropError
from symbackprop.expr import Expr
from symbackprop.latex.loose import loosened
from symbackprop.shapes import shape


def reshaped(line: ReadLine, question: Question, answer: str) -> list[Mistake]:
    """The mistakes, one or two, with which a line becomes right; none where no such change does."""
    for side, head in _sides(line, question, answer):
        if not _is_about(side.tree, head, question):
            return diagnosed(side, head, question, answer)
    return []


def _sides(line: ReadLine, question: Question, answer: str) -> Iterator[tuple[Side, Expr]]:
    """The values in a line, each with what it is a value of."""
    reader = LineReader(question, answer, question.asked)
    scope = line.scope or question.scope
    reader.scope = question.loose if scope is question.scope else loosened(scope)
    reader.head = line.head
    for made in reader.read(line.cut):
        head = question.asked if made.head is None else question.entry_asked(made.head) or made.head
        for side in made.sides[1:] if made.name else made.sides:
            yield side, head


def _is_about(value: Expr, head: Expr, question: Question) -> bool:
    """Whether a value conforms and has the shape of what it is a value of."""
    try:
        return shape(value, question.network) == shape(head, question.network)
    except SymbackpropError:
        return False
