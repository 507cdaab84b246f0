"""A document as text for a terminal: the network, the chain with its rules at the right, what its short forms mean."""

from __future__ import annotations

from collections.abc import Iterator

from symbackprop.derivation import Derivation
from symbackprop.dims import index
from symbackprop.expr import ActivationJacobian, PreActivation, Weight, WithoutBias
from symbackprop.notations import Notation
from symbackprop.notations import notation as notation_named
from symbackprop.render import blocks, boxes
from symbackprop.render.blocks import Math, Proof, StepBlock, Words
from symbackprop.render.boxes import Box, Row
from symbackprop.render.breaking import width as em_width
from symbackprop.render.conventions import used
from symbackprop.render.document import Writer, document
from symbackprop.render.drawing import draw
from symbackprop.render.pictures import columns
from symbackprop.render.text import WIDTH, fits, write

_STEP, _PROOF = 2, 4
_NO_BIAS = " without its last column, which multiplies the bias unit"
# a left side that is wider than this stands on lines of its own
_LEAD = 24


def plain(derivation: Derivation, notation: str | Notation = "lecture", *, subproofs: bool = False) -> str:
    """A derivation as text of at most 100 columns, for a terminal.

    What a page says of conventions is left to the formulas; but a short form that stands in a line is explained.

    Raises:
        SymbackpropError: for an unknown notation.
    """
    made = document(derivation, notation, subproofs=subproofs)
    chain = _Chain()
    lines = [made.title, ""]
    for block in made.blocks:
        if isinstance(block, blocks.Display):
            lines += [*_network(block), ""]
        elif isinstance(block, StepBlock):
            lines += chain.step(block, _STEP)
    lines += _legend(derivation, Writer(derivation, notation_named(notation)), chain.shortened)
    return "\n".join(line.rstrip() for line in lines).rstrip()


# --- lines -----------------------------------------------------------------------------------------------------------


def _indented(lines: list[str], by: int) -> list[str]:
    return [" " * by + line if line else line for line in lines]


def _network(made: blocks.Display) -> Iterator[str]:
    for formula, note in made.lines:
        row = Row((formula.box, boxes.Words("   "), *_boxes(note))) if note else formula.box
        yield from _indented(write(row, WIDTH - _STEP), _STEP)


def _boxes(words: Words) -> Iterator[Box]:
    for part in words:
        yield boxes.Words(part) if isinstance(part, str) else part.box


class _Chain:
    """The lines of the steps; it remembers whether a short form stands in one of them."""

    def __init__(self) -> None:
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
            lines += _indented(write(self.fitting(made.line.lead, WIDTH - indent), WIDTH - indent), indent)
        if made.line.dots:
            lines += [*_indented(write(made.line.dots.box), inside), ""]
        formula = self.fitting(made.line.formula, WIDTH - inside)
        if made.line.is_first and aligned:
            lines += _noted(Row((made.line.lead.box, formula)), made, indent)
        else:
            lines += [""] * (bool(lines) and draw(formula).is_tall) + _noted(formula, made, inside)
        for proof in made.proofs:
            lines += ["", *self.proof(proof, indent + _PROOF)]
        return [*lines, ""]

    def proof(self, made: Proof, indent: int) -> list[str]:
        """A subproof: its title and its steps, set in."""
        lines = [*_indented(write(Row(tuple(_boxes(made.title))), WIDTH - indent), indent), ""]
        for step in made.steps:
            lines += self.step(step, indent + _STEP)
        return lines[:-1]


def _noted(box: Box, made: StepBlock, indent: int) -> list[str]:
    """The lines of a formula with the rule at the right of its base line, or below where there is no room."""
    lines = _indented(write(box, WIDTH - indent), indent)
    picture = draw(box)
    at = picture.base if picture.width <= WIDTH - indent else len(lines) - 1
    note = f"[{made.number}] {made.rule}"
    if made.least is not None:
        note += f", for {write(made.least.box)[0]}"
    room = WIDTH - columns(lines[at]) - columns(note)
    if room >= 2:
        lines[at] += " " * room + note
    else:
        lines.append(note.rjust(WIDTH))
    return lines


def _legend(derivation: Derivation, writer: Writer, shortened: bool) -> list[str]:
    """What the short forms mean that stand in the lines."""
    found = used(derivation)
    lines: list[str] = []
    jacobian = found.examples.get(ActivationJacobian)
    if shortened and isinstance(jacobian, ActivationJacobian):
        D = writer.math(ActivationJacobian(jacobian.function, PreActivation(index("l"))))
        lines += write(Row((D.short, boxes.Infix("="), D.box)), WIDTH - _STEP)
    if found.has(WithoutBias):
        W = Weight(index("l"))
        row = (writer.math(WithoutBias(W)).box, boxes.Words(" is "), writer.math(W).box, boxes.Words(_NO_BIAS))
        lines += write(Row(row), WIDTH - _STEP)
    return ["where", *_indented(lines, _STEP)] if lines else []
