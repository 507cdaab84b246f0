"""A document made from a derivation: title, conventions, the network, numbered steps, the result.

The formats are readers of it, each in its own file: `tex`, `typ`, `markdown`, `plain`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from symbackprop.derivation import Derivation, Reason, Shown, Step, least_depth
from symbackprop.dims import dim, index
from symbackprop.expr import Size
from symbackprop.judges.outcome import Outcome
from symbackprop.notations import Notation
from symbackprop.notations import notation as notation_named
from symbackprop.render.blocks import (
    Block,
    Display,
    Document,
    Heading,
    Line,
    Listing,
    Math,
    Paragraph,
    Proof,
    Result,
    StepBlock,
    Table,
    Words,
)
from symbackprop.render.breaking import INDENT, PROOF, TEXT, laid, width
from symbackprop.render.conventions import Dimensions, conventions, forward_equations
from symbackprop.render.layout import Look
from symbackprop.rules.induction import Induction
from symbackprop.statements import Chain, Ellipsis
from symbackprop.tree import Node

Report = Mapping[int, Mapping[str, Outcome]]
JUDGES = ("kernel", "exact", "numeric")
# what takes more lines of a page than this is printed in the short form; how wide they are, subproofs allowed for
_MOST, _ROOM = 3, TEXT - INDENT - 2 * PROOF
_BY_HAND = "not judged"


def document(
    derivation: Derivation,
    notation: str | Notation = "lecture",
    *,
    subproofs: bool = False,
    report: Report | None = None,
) -> Document:
    """The document of a derivation.

    Args:
        derivation: what is to be printed.
        notation: the letters.
        subproofs: whether inductions and calculations by entries are shown; else a sentence says what they are.
        report: what the judges say of each step, by its number from 1; a table at the end says it.

    Raises:
        SymbackpropError: for an unknown notation.
    """
    writer = Writer(derivation, notation_named(notation), subproofs)
    made: list[Block] = [
        Heading("Conventions"),
        Listing(tuple(map(writer.words, conventions(derivation)))),
        Heading("The network"),
        Paragraph(("The forward equations, in the order in which they are computed:",)),
        Display(tuple((writer.math(line), writer.words(note)) for line, note in forward_equations(derivation.network))),
        Heading("Derivation"),
        *writer.steps(derivation),
    ]
    if len(derivation.steps) > 1:
        made += [Heading("Result"), Paragraph(("From the first line to the last:",)), Result(writer.result())]
    if report is not None:
        made += [Heading("What the judges say"), _table(derivation, report)]
    return Document(title(derivation), tuple(made))


def title(derivation: Derivation) -> str:
    """The title, without the full stop that a docstring ends with."""
    return (derivation.title or derivation.name or "A derivation").strip().removesuffix(".")


class Writer:
    """Formulas, reasons and steps of one derivation as blocks.

    Attributes:
        look: how its formulas look; brief: the same in the short form.
    """

    def __init__(self, derivation: Derivation, notation: Notation, subproofs: bool = False) -> None:
        self.derivation = derivation
        self.subproofs = subproofs
        self.look = Look(derivation.network, notation, known=derivation.known)
        self.brief = replace(self.look, short=True)
        # where a calculation by entries was shown first, by its rule
        self._shown: dict[str, str] = {}

    def math(self, node: Node, shown: Shown = Shown()) -> Math:
        """A formula."""
        if shown == Shown():
            return Math(node, self.look, self.brief)
        return Math(node, self.look.showing(shown), self.brief.showing(shown))

    def fitting(self, lead: Math, node: Node, shown: Shown) -> Math:
        """A line in full; where it does not fit into a few lines of a page, without dimensions or in the short form."""
        made = self.math(node, shown)
        plain = replace(shown, dimensions="none")
        for tried in (made, self.math(node, plain), made.as_short()):
            if width(tried.box) <= _MOST * _ROOM:
                on_page = laid(lead.box, tried.box, _ROOM)
                if (on_page.fits or on_page.is_squeezed) and len(on_page.rows) <= _MOST:
                    return tried
        return self.math(node, plain).as_short()

    def words(self, reason: Reason) -> Words:
        """A sentence; its formulas are in the short form, and without labels."""
        return tuple(part if isinstance(part, str) else self.math(part).as_short() for part in reason)

    def steps(self, derivation: Derivation, prefix: str = "") -> tuple[StepBlock, ...]:
        """The steps of a derivation or of a subproof."""
        lead = self.math(derivation.start)
        return tuple(
            self._step(step, derivation, f"{prefix}{i}", lead, is_first=i == 1)
            for i, step in enumerate(derivation.steps, 1)
        )

    def _step(self, step: Step, derivation: Derivation, number: str, lead: Math, *, is_first: bool) -> StepBlock:
        side = Chain((derivation.start, step.after), (step.relation,), continued=True)
        dots = self.math(Ellipsis(step.shown.dots)) if step.shown.dots else None
        least = self.math(_least(step, derivation)) if step.assuming else None
        return StepBlock(
            number,
            step.rule.name,
            step.rule.source if step.rule.source != step.rule.name else "",
            (*self.words(step.why), *((" This needs ", least, ".") if least else ())),
            Line(lead, is_first, self.fitting(lead, side, step.shown), dots),
            self.shape(step),
            least,
            tuple(self._proofs(step, number)) if self.subproofs else (),
        )

    def shape(self, step: Step) -> Math:
        """Rows × columns of what a step leads to."""
        return self.math(Dimensions(step.after, ends=True))

    def _proofs(self, step: Step, number: str) -> Iterator[Proof]:
        if isinstance(step.rule, Induction):
            for letter, name, proof in zip("ab", _cases(step.rule), step.subproofs, strict=True):
                yield Proof(self.words(name), self.steps(proof, f"{number}{letter}."))
            return
        for proof in step.subproofs:
            first = self._shown.setdefault(step.rule.name, number)
            if first == number:
                yield Proof(("By entries:",), self.steps(proof, f"{number}."))
            else:
                yield Proof((f"By entries: as in step {first}.",), ())

    def result(self) -> Line:
        """The start and the result in one line, with the dimensions of the factors."""
        made = self.derivation
        side = Chain((made.start, made.result), (made.relation,), continued=True)
        lead = self.math(made.start)
        return Line(lead, True, self.fitting(lead, side, Shown(dimensions="all")))


def _cases(rule: Induction) -> tuple[Reason, Reason]:
    m = Size(index(rule.on))
    base: Reason = ("Base case, ", Chain((m, Size(rule.lower)), ("=",)), ":")
    step: Reason = ("Step, from ", m, " to ", Size(index(rule.on) + 1), ":")
    return base, step


def _least(step: Step, derivation: Derivation) -> Chain:
    """From which depth on the step makes sense."""
    depth = derivation.network.depth
    return Chain((Size(depth), Size(dim(least_depth(step.known, depth)))), ("≥",))


def _table(derivation: Derivation, report: Report) -> Table:
    rows = []
    for number, step in enumerate(derivation.steps, 1):
        said = report.get(number, {})
        words = (said[judge].word if judge in said else _BY_HAND for judge in JUDGES)
        rows.append((str(number), step.rule.name, *words))
    return Table(("step", "rule", *JUDGES), tuple(rows))
