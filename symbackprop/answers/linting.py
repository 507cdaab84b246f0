"""Every equation of a document judged against a network: which are wrong, open, ambiguous or cannot be read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from symbackprop.answers.comparing import Compared, compare
from symbackprop.answers.formulas import Formula, formulas, line_at
from symbackprop.answers.inequalities import compare_sizes
from symbackprop.answers.lines import cut, goes_on
from symbackprop.answers.question import Question, letters_of
from symbackprop.answers.reading import LineReader, ReadLine, Side
from symbackprop.dims import Bounds, dim
from symbackprop.equations import Network
from symbackprop.errors import ShapeError, SymbackpropError
from symbackprop.expr import LOSS, Expr
from symbackprop.latex.errors import ReadingError
from symbackprop.latex.parse import free_indices
from symbackprop.latex.readings import AmbiguousError
from symbackprop.network import MLP
from symbackprop.notations import Notation
from symbackprop.progress import Progress, silent
from symbackprop.render.latex import latex
from symbackprop.shapes import shape, written

# steps that are left out
DOTS = re.compile(r"\\[lcv]?dots|…|⋮|\.\.\.")
LETTERS = frozenset("lkm")
WRONG, AMBIGUOUS, UNREAD, OPEN, RIGHT = "wrong", "ambiguous", "unread", "undecided", "right"


@dataclass(frozen=True)
class Finding:
    """What is said of one equation.

    Attributes:
        word: `WRONG`, `AMBIGUOUS`, `UNREAD`, `OPEN` or `RIGHT`.
        line: of the document, from 1.
        text: the equation as it is written.
        why: a sentence; empty for one that is right.
    """

    word: str
    line: int
    text: str
    why: str = ""

    def says(self, name: str) -> str:
        """`handout.tex:12: wrong: …`."""
        return f"{name}:{self.line}: {self.word}: {self.why}\n    {' '.join(self.text.split())}"


def lint(
    document: str, network: Network, notation: str | Notation | None = None, progress: Progress = silent
) -> list[Finding]:
    """What is found of every equation of a document, in order.

    Args:
        document: LaTeX; it is read and never run.
        network: whose quantities the equations are about.
        notation: how they are written; the network's own, if it has one.
        progress: called with how many formulas are judged, and of how many.
    """
    about = _question(network, notation)
    reader = LineReader(about, document)
    found: list[Finding] = []
    every = list(formulas(document))
    for number, formula in enumerate(every, 1):
        found += _formula(formula, document, reader, about)
        progress(number, len(every))
    return found


def _question(network: Network, notation: str | Notation | None) -> Question:
    """The network as a question about its loss: what letters mean is the same."""
    return Question(latex(LOSS, letters_of(network, notation), network), network, notation=notation)


def _formula(formula: Formula, document: str, reader: LineReader, about: Question) -> Iterator[Finding]:
    try:
        lines = cut(formula.text).lines
    except ReadingError:
        return
    before: Expr | None = None
    for line in lines:
        if DOTS.fullmatch(line.text):
            continue
        place = line_at(document, formula.start + line.span[0])
        for read in reader.read(line):
            # a line that goes on has the line before on its left
            going = before if goes_on(line.text) else None
            yield from _line(read, going, place, about, formula.is_displayed)
            before = read.sides[-1].tree if read.sides else None
            if read.error is not None:
                reader.head = None


def _line(read: ReadLine, before: Expr | None, place: int, about: Question, is_displayed: bool) -> Iterator[Finding]:
    text = read.cut.written
    if read.error is not None:
        if read.is_misshapen:
            yield Finding(WRONG, place, text, read.error.message)
        elif is_displayed or isinstance(read.error, AmbiguousError):
            word = AMBIGUOUS if isinstance(read.error, AmbiguousError) else UNREAD
            yield Finding(word, place, text, read.error.message)
        return
    if read.head is None:
        # a value that is said of nothing
        return
    before = before or read.head
    for side in read.sides[1:] if read.name else read.sides:
        word, why = _said(before, side, about)
        if word != RIGHT:
            yield Finding(word, place, text, why)
            return
        before = side.tree
    yield Finding(RIGHT, place, text)


def _said(before: Expr, side: Side, about: Question) -> tuple[str, str]:
    """What is found of two sides of an equation."""
    network = about.network
    one_sided = free_indices(side.tree, network) ^ free_indices(before, network)
    if one_sided and side.relation == "=":
        return WRONG, f"the index {', '.join(sorted(one_sided))} stands on one side only"
    try:
        sizes = shape(before, network), shape(side.tree, network)
        if sizes[0] != sizes[1]:
            return WRONG, f"one side is {written(sizes[0], network)}, the other {written(sizes[1], network)}"
        found = _compared(before, side, about)
    except (ShapeError, SymbackpropError) as error:
        return UNREAD, str(error)
    if found.is_equal:
        return RIGHT, ""
    return (WRONG if found.is_different else OPEN), found.reason


def _compared(before: Expr, side: Side, about: Question) -> Compared:
    """What is found of two sides: equal where they are for some range of the letter of the layers."""
    found: Compared | None = None
    for known in _ranges(before, side.tree, about):
        here = about.knowing(known)
        made = (
            compare(before, side.tree, here)
            if side.relation == "="
            else compare_sizes(before, side.relation, side.tree, here)
        )
        if made.is_equal:
            return made
        found = found if found is not None and not (found.is_different and not made.is_different) else made
    assert found is not None
    return found


def _ranges(before: Expr, after: Expr, about: Question) -> Iterator[Bounds]:
    """What may be known of the letters of layers, of which a document says in words that they run from 1 to L, say."""
    network, known = about.network, about.known
    letters = (free_indices(before, network) | free_indices(after, network)) & LETTERS
    if not letters or not isinstance(network, MLP):
        yield known
        return
    for low, high in ((1, network.depth), (1, network.depth - 1), (0, network.depth), (0, network.depth - 1)):
        yield {**known, **dict.fromkeys(letters, (dim(low), high))}
