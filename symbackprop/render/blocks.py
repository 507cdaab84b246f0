"""What a document is made of, before any format: a small tree of blocks.

The builder in `document` makes it once from a derivation; every format is one short reader of it. Formulas stay trees
(`Math`), laid out when a format asks for their boxes, and spoken when one asks for their words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property

from symbackprop.render.boxes import Box
from symbackprop.render.layout import Look, layout
from symbackprop.render.speech import speak
from symbackprop.tree import Node


@dataclass(frozen=True)
class Math:
    """A formula.

    Attributes:
        node: the expression or statement.
        look: how it is laid out.
        brief: how it is laid out in the short form, `D_l` for the activation Jacobian.
        spoken_as: its words, where they are not those of the tree.
    """

    node: Node
    look: Look
    brief: Look
    spoken_as: str = ""

    @cached_property
    def box(self) -> Box:
        return layout(self.look.placed(self.node), self.look)

    @cached_property
    def short(self) -> Box:
        """The boxes of the short form."""
        return layout(self.brief.placed(self.node), self.brief)

    @cached_property
    def spoken(self) -> str:
        """ASCII words."""
        return self.spoken_as or speak(self.look.placed(self.node), self.look.network, self.look.notation)

    def as_short(self) -> Math:
        """The formula with the short form as its only one."""
        return replace(self, look=self.brief)


Words = tuple[str | Math, ...]


@dataclass(frozen=True)
class Block:
    """Base of the blocks."""


@dataclass(frozen=True)
class Heading(Block):
    """The title of a section.

    Attributes:
        level: 1 for a section, 2 for a part of one, and so on.
        numbered: whether it has a number, and a place in the contents.
    """

    text: str
    level: int = 1
    numbered: bool = False


@dataclass(frozen=True)
class Contents(Block):
    """The numbered headings with their pages."""


@dataclass(frozen=True)
class Paragraph(Block):
    """A sentence or several.

    Attributes:
        leads: whether it leads in what follows, and stays on its page.
    """

    words: Words
    leads: bool = True


@dataclass(frozen=True)
class Listing(Block):
    """Short sentences, one an item."""

    items: tuple[Words, ...]


@dataclass(frozen=True)
class Display(Block):
    """Formulas on lines of their own, each with a note beside it.

    Attributes:
        inset: whether they stand as far in as the lines of a derivation.
    """

    lines: tuple[tuple[Math, Words], ...]
    inset: bool = False


@dataclass(frozen=True)
class Result(Block):
    """What a derivation has led to: its start and its last line."""

    line: Line


@dataclass(frozen=True)
class Line:
    """One line of a chain.

    Attributes:
        lead: the left side of the chain; printed on its first line, and room for it left on the others.
        is_first: whether it is the first line.
        formula: the relation and the right side.
        dots: what stands on a line before it, where lines are left out.
    """

    lead: Math
    is_first: bool
    formula: Math
    dots: Math | None = None


@dataclass(frozen=True)
class Proof:
    """A subproof: a titled chain of steps."""

    title: Words
    steps: tuple[StepBlock, ...]


@dataclass(frozen=True)
class Verdict:
    """What the judges say of a step.

    Attributes:
        outcomes: judge and word, as `("kernel", "proved")`.
        notes: sentences on what was refuted, with the counterexample.
    """

    outcomes: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """All outcomes in a line."""
        return " · ".join(f"{judge} {word}" for judge, word in self.outcomes)


# gives a verdict once it is printed: the judges may be at work while a page is laid out
Said = Callable[[], Verdict | None]


@dataclass(frozen=True)
class StepBlock(Block):
    """A step of a derivation.

    Attributes:
        number: as it is printed: "2", or in a subproof "5a.1".
        rule: the name of the rule.
        source: where the rule is from; empty if it is not said.
        why: the reason, one sentence.
        line: what the step leads to.
        shape: rows × columns of both sides.
        least: the least depth that it needs, as `L ≥ 2`, where it needs more than one layer; the reason says it too.
        proofs: base case and step of an induction, or the proof by entries; empty where they are not shown.
        is_claim: whether it is printed as somebody made it, and is false.
        said: gives what the judges say, where that stands beside the step.
    """

    number: str
    rule: str
    source: str
    why: Words
    line: Line
    shape: Math
    least: Math | None = None
    proofs: tuple[Proof, ...] = ()
    is_claim: bool = False
    said: Said | None = None

    @cached_property
    def verdict(self) -> Verdict | None:
        """What the judges say."""
        return None if self.said is None else self.said()


@dataclass(frozen=True)
class OneLine(Block):
    """A short derivation as one line, `start = … = result`, with the reason of each step below it."""

    line: Line
    steps: tuple[StepBlock, ...]


@dataclass(frozen=True)
class Table(Block):
    """Cells of plain words.

    Attributes:
        title: what stands above it.
        right: which columns are set at the right, as numbers are.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    title: str = ""
    right: tuple[bool, ...] = ()


@dataclass(frozen=True)
class Picture(Block):
    """A figure.

    Attributes:
        name: what `symbackprop plot` calls it.
        alt: words for who does not see it.
    """

    name: str
    alt: str
    caption: Words

    @property
    def command(self) -> str:
        """What draws it."""
        return f"symbackprop plot {self.name}"


@dataclass(frozen=True)
class Aside(Block):
    """Blocks that are set off from the others: a remark."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Document:
    """A title and blocks, in the order in which they are read."""

    title: str
    blocks: tuple[Block, ...]
    language: str = field(default="en")

    @property
    def has_contents(self) -> bool:
        """Whether it has sections with numbers, and a list of them."""
        return any(isinstance(block, Contents) for block in self.blocks)


def capitalised(words: str) -> str:
    """Words with a capital at the start; the other letters stay as they are."""
    return words[:1].upper() + words[1:]
