"""A document made from a derivation or a topic: title, conventions, the network, numbered steps, the result.

The formats are readers of it, each in its own file: `tex`, `typ`, `markdown`, `plain`, and `slides`.
"""

from __future__ import annotations

from symbackprop.derivation import Derivation
from symbackprop.notations import Notation
from symbackprop.notations import notation as notation_named
from symbackprop.render.arranged import arranged, turned_words
from symbackprop.render.blocks import Block, Display, Document, Heading, Listing, Paragraph, Result, Table
from symbackprop.render.conventions import conventions, forward_equations
from symbackprop.render.topics import CHAIN, OPENING, TopicWriter, given
from symbackprop.render.verdicts import JUDGES, Report, numbered
from symbackprop.render.writer import Writer
from symbackprop.topic import Topic

_BY_HAND = "not judged"


def document(
    what: Derivation | Topic,
    notation: str | Notation = "lecture",
    *,
    subproofs: bool = False,
    report: Report | None = None,
) -> Document:
    """The document of a derivation or of a topic.

    Args:
        what: what is to be printed.
        notation: the letters.
        subproofs: whether inductions and calculations by entries are shown; else a sentence says what they are.
        report: what the judges say of each step: a report, or outcomes by the number of the step, from 1. A table at
            the end says it; in a document of a topic, a few words beside each step.

    Raises:
        SymbackpropError: for an unknown notation or figure, or a report that is about something else.
    """
    letters = notation_named(notation)
    made = _document(arranged(what, letters), letters, subproofs, report)
    return turned_words(made) if letters.data != what.network.data else made


def _document(what: Derivation | Topic, letters: Notation, subproofs: bool, report: Report | None) -> Document:
    outcomes = None if report is None else numbered(report, what.steps)
    if isinstance(what, Topic):
        return Document(title(what), TopicWriter(letters, subproofs, outcomes).document(what))
    writer = Writer(what.network, letters, what.known, subproofs)
    made: list[Block] = [
        Heading(OPENING[0]),
        Listing(tuple(map(writer.words, conventions(what, letters)))),
        Heading(OPENING[1]),
        Paragraph(("The forward equations, in the order in which they are computed:",)),
        Display(tuple((writer.math(e), writer.words(note)) for e, note in forward_equations(what.network, letters))),
        Heading(CHAIN),
        *given(what, writer),
        *writer.steps(what),
    ]
    if len(what.steps) > 1:
        made += [Heading("Result"), Paragraph(("From the first line to the last:",)), Result(writer.result(what))]
    if outcomes is not None:
        made += [Heading("What the judges say"), _table(what, outcomes)]
    return Document(title(what), tuple(made))


def title(what: Derivation | Topic) -> str:
    """The title, without the full stop that a docstring ends with."""
    return (what.title or what.name or "A derivation").strip().removesuffix(".")


def _table(derivation: Derivation, report: Report) -> Table:
    rows = []
    outcomes = numbered(report, derivation.steps)
    for number, step in enumerate(derivation.steps, 1):
        said = outcomes.get(number, {})
        words = (said[judge].word if judge in said else _BY_HAND for judge in JUDGES)
        rows.append((str(number), step.rule.name, *words))
    return Table(("step", "rule", *JUDGES), tuple(rows))
