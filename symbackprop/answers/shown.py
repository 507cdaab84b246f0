"""A verdict for a terminal: each line typeset, ✓ or ✗ beside it, what is wrong underlined, and why."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

from symbackprop.answers.question import Question
from symbackprop.answers.reading import ReadLine, read_answer
from symbackprop.answers.verdict import CORRECT, INCORRECT, UNDECIDED, UNREADABLE, Line, Verdict
from symbackprop.errors import SymbackpropError
from symbackprop.latex.errors import excerpt
from symbackprop.render.look import Look
from symbackprop.render.text import WIDTH, render
from symbackprop.statements import Chain

MARKS = {CORRECT: "✓", INCORRECT: "✗", UNDECIDED: "?", UNREADABLE: "!"}
_IN = 4


def shown(verdict: Verdict, question: Question, answer: str, width: int = WIDTH) -> str:
    """The verdict in lines of at most so many columns."""
    head = f"{MARKS[verdict.verdict]} {verdict.verdict}: {verdict.reason}"
    made = wrap(head, width, subsequent_indent="  ")
    if len(verdict.lines) > 1 or verdict.verdict != CORRECT:
        read = read_answer(answer, question).lines if verdict.lines else ()
        for line, each in zip(verdict.lines, read, strict=True):
            made += ["", *_line(line, each, question, width)]
    for mistake in verdict.mistakes:
        made += ["", *wrap(f"{mistake.code}: {mistake.message}", width, subsequent_indent="  ")]
        made += excerpt(answer, mistake.span).split("\n")
    made += list(_numbers(verdict, width))
    for words in verdict.assumed:
        made += wrap(f"assumed: {words}", width, subsequent_indent="  ")
    return "\n".join(made)


def _line(line: Line, read: ReadLine, question: Question, width: int) -> Iterator[str]:
    """The mark, the line as it was understood, and why."""
    mark = f"{MARKS[line.verdict]} {line.number}"
    for row in _typeset(line, read, question, width - _IN):
        yield f"{mark:{_IN}}{row}".rstrip()
        mark = ""
    if line.note:
        yield from wrap(line.note, width, initial_indent=" " * _IN, subsequent_indent=" " * _IN)


def _typeset(line: Line, read: ReadLine, question: Question, width: int) -> list[str]:
    """The line as Unicode; as it was written, where it cannot be read."""
    if not read.sides:
        return wrap(line.latex, width) or [""]
    trees = [side.tree for side in read.sides]
    if read.head is not None and not read.name:
        trees.insert(0, read.head)
    relations = [side.relation for side in read.sides][-(len(trees) - 1) :] if len(trees) > 1 else []
    look = Look(question.network, question.letters)
    try:
        said = Chain(tuple(trees), tuple(relations)) if len(trees) > 1 else trees[0]
        rows = render(said, look, width - len(read.name) - 3).split("\n")
    except SymbackpropError:
        return wrap(line.latex, width)
    if read.name and len(rows) == 1:
        return [f"{read.name} = {rows[0]}"]
    return rows


def _numbers(verdict: Verdict, width: int) -> Iterator[str]:
    """The numbers that show that an answer is wrong, or how sure it is that it is right."""
    if verdict.witness is not None:
        yield ""
        yield from wrap(f"where it shows: {verdict.witness.where}", width, subsequent_indent="  ")
        for word, value in (("expected", verdict.witness.expected), ("got", verdict.witness.got)):
            yield from _matrix(word, value)
    if verdict.certificate is not None:
        made = verdict.certificate
        proved = {"induction": "proved for every depth and size", "shapes": "by the shapes"}.get(
            made.proof, "for the depth of the network"
        )
        checked = f"{made.points} exact comparisons, false acceptance at most {made.bound:.1g}; " if made.points else ""
        yield from wrap(f"{checked}{proved}", width, subsequent_indent="  ")


def _matrix(word: str, value: object) -> Iterator[str]:
    """A number or a small matrix."""
    if not isinstance(value, list):
        yield f"  {word:9}{value}"
        return
    rows = value[:4]
    for i, row in enumerate(rows):
        numbers = "  ".join(f"{number:10.4g}" for number in row[:6])
        more = "  …" if len(row) > 6 else ""
        yield f"  {word if i == 0 else '':9}{numbers}{more}"
    if len(value) > len(rows):
        yield f"  {'':9}⋮"
