"""A document as text for a terminal: the network, the chain with its rules at the right, what its short forms mean.

Of a topic every part is printed: prose in lines of words, tables, remarks behind a rule at the left.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import singledispatch

from symbackprop.derivation import Derivation
from symbackprop.dims import index
from symbackprop.expr import ActivationJacobian, Weight, WithoutBias
from symbackprop.notations import Notation
from symbackprop.notations import notation as notation_named
from symbackprop.render import blocks, boxes
from symbackprop.render.arranged import turned
from symbackprop.render.blocks import Heading, Math, Proof, StepBlock, Words
from symbackprop.render.boxes import Box, Row
from symbackprop.render.breaking import width as em_width
from symbackprop.render.document import document
from symbackprop.render.drawing import draw
from symbackprop.render.pictures import Picture, beside, columns, line_of
from symbackprop.render.text import WIDTH, fits, write
from symbackprop.render.topics import CHAIN, OPENING
from symbackprop.render.used import used, used_in
from symbackprop.render.verdicts import Report
from symbackprop.render.writer import Writer
from symbackprop.rules.gradients import at_layer
from symbackprop.topic import Topic

_STEP, _PROOF, _ASIDE = 2, 4, 2
_NO_BIAS = " without its last column, which multiplies the bias unit"
# a left side that is wider than this stands on lines of its own
_LEAD = 24


def plain(
    what: Derivation | Topic,
    notation: str | Notation = "lecture",
    *,
    subproofs: bool = False,
    report: Report | None = None,
) -> str:
    """A derivation or topic as text of at most 100 columns, for a terminal.

    What a page says of conventions is left to the formulas; but a short form that stands in a line is explained.

    Args:
        what: what is printed.
        notation: the letters.
        subproofs: whether inductions and calculations by entries are shown.
        report: what the judges say; of a topic it is printed beside each step.

    Raises:
        SymbackpropError: for an unknown notation, or a report that is about something else.
    """
    of_topic = report if isinstance(what, Topic) else None
    made = document(what, notation, subproofs=subproofs, report=of_topic)
    page = _Page()
    lines = [*_filled((made.title,), page.width), ""]
    for block in _printed(made.blocks, isinstance(what, Topic)):
        lines += _block(block, page)
    lines += _legend(what, notation_named(notation), page.shortened)
    return "\n".join(line.rstrip() for line in lines).rstrip()


def _printed(made: tuple[blocks.Block, ...], is_topic: bool) -> Iterator[blocks.Block]:
    """What a terminal shows: of a topic all but the conventions, of a derivation the equations and the steps."""
    section = ""
    for block in made:
        if isinstance(block, Heading):
            section = block.text
        is_chain = isinstance(block, blocks.Display | StepBlock)
        is_given = isinstance(block, blocks.Paragraph) and section == CHAIN
        is_opening = isinstance(block, Heading) and section in OPENING
        if is_chain or is_given or (is_topic and not is_opening):
            yield block


# --- lines -----------------------------------------------------------------------------------------------------------


def _indented(lines: list[str], by: int) -> list[str]:
    return [" " * by + line if line else line for line in lines]


def _boxes(words: Words) -> Iterator[Box]:
    for part in words:
        yield boxes.Words(part) if isinstance(part, str) else part.box


def _filled(words: Words, width: int) -> list[str]:
    """A sentence in lines of words, none wider than the width unless a formula is."""
    lines: list[str] = []
    row: list[Picture] = []
    for word in _unbroken(words):
        picture = beside(word)
        used = sum(each.width + 1 for each in row) + picture.width
        if row and used > width:
            lines += _joined(row)
            row = []
        row.append(picture)
    return lines + _joined(row)


def _unbroken(words: Words) -> Iterator[list[Picture]]:
    """What no line is broken within: a word, or a formula with the signs that touch it."""
    current: list[Picture] = []
    for part in words:
        if not isinstance(part, str):
            current.append(draw(part.box))
            continue
        first, *rest = part.split(" ")
        for i, piece in enumerate([first, *rest]):
            if i and current:
                yield current
                current = []
            if piece:
                current.append(line_of(piece))
    if current:
        yield current


def _joined(row: list[Picture]) -> list[str]:
    blank = line_of(" ")
    spaced = [picture for i, each in enumerate(row) for picture in ((blank, each) if i else (each,))]
    return list(beside(spaced).lines)


# --- chains ----------------------------------------------------------------------------------------------------------


class _Page:
    """So many columns; it remembers whether a short form stands in one of the lines."""

    def __init__(self) -> None:
        self.width = WIDTH
        self.shortened = False

    def fitting(self, formula: Math, width: int) -> Box:
        """A formula in full where it fits on a line, else in the short form."""
        # an em is more than a column: what is far too wide need not be drawn to see it
        if em_width(formula.box) <= width and fits(formula.box, width):
            return formula.box
        self.shortened = True
        return formula.short

    def step(self, made: StepBlock, indent: int) -> list[str]:
        """A step: the formula, its rule at the right, its subproofs below, and a blank line."""
        lead = draw(made.line.lead.box)
        aligned = lead.width <= _LEAD
        inside = indent + (lead.width + 1 if aligned else _STEP)
        lines: list[str] = []
        if made.line.is_first and not aligned:
            lines += _indented(write(self.fitting(made.line.lead, self.width - indent), self.width - indent), indent)
        if made.line.dots:
            lines += [*_indented(write(made.line.dots.box), inside), ""]
        formula = self.fitting(made.line.formula, self.width - inside)
        if made.line.is_first and aligned:
            lines += self._noted(Row((made.line.lead.box, formula)), made, indent)
        else:
            lines += [""] * (bool(lines) and draw(formula).is_tall) + self._noted(formula, made, inside)
        lines += self._judged(made, inside)
        for proof in made.proofs:
            lines += ["", *self.proof(proof, indent + _PROOF)]
        return [*lines, ""]

    def proof(self, made: Proof, indent: int) -> list[str]:
        """A subproof: its title and its steps, set in."""
        lines = [*_indented(write(Row(tuple(_boxes(made.title))), self.width - indent), indent), ""]
        for step in made.steps:
            lines += self.step(step, indent + _STEP)
        return lines[:-1]

    def _noted(self, box: Box, made: StepBlock, indent: int) -> list[str]:
        """The lines of a formula with the rule at the right of its base line, or below where there is no room."""
        lines = _indented(write(box, self.width - indent), indent)
        picture = draw(box)
        at = picture.base if picture.width <= self.width - indent else len(lines) - 1
        note = f"[{made.number}] {made.rule}{', as claimed' if made.is_claim else ''}"
        if made.least is not None:
            note += f", for {write(made.least.box)[0]}"
        room = self.width - columns(lines[at]) - columns(note)
        if room >= 2:
            lines[at] += " " * room + note
        else:
            lines.append(note.rjust(self.width))
        return lines

    def _judged(self, made: StepBlock, indent: int) -> list[str]:
        """What the judges say, below a formula."""
        if made.verdict is None:
            return []
        lines = [made.verdict.words.rjust(self.width)] if made.verdict.outcomes else []
        for note in made.verdict.notes:
            lines += _indented(_filled((note,), self.width - indent), indent)
        return lines


# --- blocks ----------------------------------------------------------------------------------------------------------


@singledispatch
def _block(made: blocks.Block, page: _Page) -> list[str]:
    raise TypeError(f"{type(made).__name__} has no text registered: add @_block.register for it")


@_block.register
def _(made: Heading, page: _Page) -> list[str]:
    return [made.text, ("═" if made.numbered else "─") * columns(made.text), ""] if made.level else [made.text, ""]


@_block.register
def _(made: blocks.Contents | blocks.Listing, page: _Page) -> list[str]:
    return []


@_block.register
def _(made: blocks.Paragraph, page: _Page) -> list[str]:
    return [*_filled(made.words, page.width), ""]


@_block.register
def _(made: blocks.Display, page: _Page) -> list[str]:
    lines: list[str] = []
    for formula, note in made.lines:
        row = Row((formula.box, boxes.Words("   "), *_boxes(note))) if note else formula.box
        if note and not fits(row, page.width - _STEP):
            lines += _indented(write(formula.box, page.width - _STEP), _STEP)
            lines += _indented(_filled(note, page.width - _STEP), _STEP)
        else:
            lines += _indented(write(row, page.width - _STEP), _STEP)
    return [*lines, ""]


@_block.register
def _(made: blocks.Result, page: _Page) -> list[str]:
    row = Row((made.line.lead.box, page.fitting(made.line.formula, page.width - _STEP)))
    return [*_indented(write(row, page.width - _STEP), _STEP), ""]


@_block.register
def _(made: StepBlock, page: _Page) -> list[str]:
    return page.step(made, _STEP)


@_block.register
def _(made: blocks.OneLine, page: _Page) -> list[str]:
    width = page.width - _STEP
    row = Row((made.line.lead.box, page.fitting(made.line.formula, width)))
    lines = _indented(write(row, width), _STEP)
    for step in made.steps:
        judged = f" ({step.verdict.words})" if step.verdict and step.verdict.outcomes else ""
        lines += _indented(_filled((f"[{step.number}] {step.rule}: ", *step.why, judged), width), _STEP)
    return [*lines, ""]


@_block.register
def _(made: blocks.Table, page: _Page) -> list[str]:
    rows = [made.header, *made.rows]
    widths = [max(map(columns, column)) for column in zip(*rows, strict=True)]
    right = made.right or (False,) * len(widths)
    lines = []
    for row in rows:
        gaps = [" " * (width - columns(cell)) for width, cell in zip(widths, row, strict=True)]
        lines.append("  ".join(gap + c if at else c + gap for c, gap, at in zip(row, gaps, right, strict=True)))
    lines.insert(1, "─" * (sum(widths) + 2 * len(widths) - 2))
    return [*_filled((made.title,), page.width), *_indented(lines, _STEP), ""]


@_block.register
def _(made: blocks.Picture, page: _Page) -> list[str]:
    words: Words = ("Figure: ", *made.caption, f" ({made.command} -o {made.name}.svg draws it)")
    return [*_filled(words, page.width), ""]


@_block.register
def _(made: blocks.Aside, page: _Page) -> list[str]:
    page.width -= _ASIDE
    inner = [*_filled((made.title,), page.width), "", *(line for block in made.blocks for line in _block(block, page))]
    page.width += _ASIDE
    while not inner[-1]:
        inner.pop()
    return [*(f"│ {line}" for line in inner), ""]


# --- what short forms mean --------------------------------------------------------------------------------------------


def _legend(what: Derivation | Topic, notation: Notation, shortened: bool) -> list[str]:
    """What the short forms mean that stand in the lines."""
    found = used_in(what.network, what.derivations) if isinstance(what, Topic) else used(what)
    no_bias = turned(_NO_BIAS) if notation.data != what.network.data else _NO_BIAS
    writer = Writer(what.network, notation)
    lines: list[str] = []
    jacobian = found.examples.get(ActivationJacobian)
    if shortened and isinstance(jacobian, ActivationJacobian):
        D = writer.math(at_layer(jacobian, index("l")))
        lines += write(Row((D.short, boxes.Infix("="), D.box)), WIDTH - _STEP)
    if found.has(WithoutBias):
        W = Weight(index("l"))
        row = (writer.math(WithoutBias(W)).box, boxes.Words(" is "), writer.math(W).box, boxes.Words(no_bias))
        lines += write(Row(row), WIDTH - _STEP)
    return ["where", *_indented(lines, _STEP)] if lines else []
