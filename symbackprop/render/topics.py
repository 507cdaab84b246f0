"""The blocks of a topic: its parts in the order of the slide, with conventions and forward equations said once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import singledispatchmethod

from symbackprop import figures, topic
from symbackprop.derivation import Derivation, Reason, Step
from symbackprop.dims import Bounds
from symbackprop.equations import Network
from symbackprop.judges.outcome import Outcome
from symbackprop.notations import Notation
from symbackprop.render.blocks import (
    Aside,
    Block,
    Contents,
    Display,
    Heading,
    Listing,
    Paragraph,
    Picture,
    Result,
    Said,
    Table,
    Words,
)
from symbackprop.render.breaking import width
from symbackprop.render.cells import printed
from symbackprop.render.conventions import conventions_of, forward_equations, ranges
from symbackprop.render.used import used_in
from symbackprop.render.verdicts import verdict
from symbackprop.render.writer import Writer
from symbackprop.statements import Chain
from symbackprop.topic import Numbers, Part, Prose, Remark, Shows, Topic
from symbackprop.tree import Node

NUMBERS = "Tables of numbers and figures keep the letters of the lecture, and its way to store matrices."
# the headings before what is particular to a derivation or topic, and the one above the steps
OPENING, CHAIN = ("Conventions", "The network"), "Derivation"
# a chain of more steps than this ends with its first and its last line
_LONG = 3
# assumptions that are wider than this, in em, stand on lines of their own
_INLINE = 24.0
_SIGNS = str.maketrans("", "", " +-−±.,·×^%/e∞≤≥<>=~≈")


class TopicWriter:
    """The blocks of a topic and of the topics within it.

    Args:
        subproofs: whether inductions and calculations by entries are shown.
        outcomes: what the judges say of the steps, by their place among all of them, from 1.
    """

    def __init__(
        self,
        notation: Notation,
        subproofs: bool = False,
        outcomes: Mapping[int, Mapping[str, Outcome]] | None = None,
    ) -> None:
        self.notation = notation
        self.subproofs = subproofs
        self.outcomes = outcomes
        self._place = 0
        # what the derivation before assumes, which is not said again
        self.assumed: tuple[Chain, ...] = ()
        self._said: set[Reason] = set()
        self._networks: list[Network] = []

    def document(self, whole: Topic) -> tuple[Block, ...]:
        """All blocks; contents first where there are sections."""
        sections = [i for i, part in enumerate(whole.parts) if isinstance(part, Topic)]
        if sections:
            section = _Section(self, whole, 1)
            before, after = whole.parts[: sections[0]], whole.parts[sections[0] :]
            return (*section.blocks(before), Contents(), *self._opening(whole), *section.blocks(after))
        made = tuple(self._opening(whole))
        if not made:
            return tuple(_Section(self, whole, 1).blocks(whole.parts))
        return (*made, Heading(CHAIN), *_Section(self, whole, 2).blocks(whole.parts))

    def _opening(self, whole: Topic) -> Iterator[Block]:
        said, equations = self.introduced(whole)
        writer = self.writer(whole.network)
        if said:
            yield Heading(OPENING[0])
            yield Listing(tuple(map(writer.words, said)))
        if equations:
            yield Heading(OPENING[1])
            yield Paragraph(("The forward equations, in the order in which they are computed:",))
            yield Display(tuple((writer.math(line), writer.words(note)) for line, note in equations))

    def introduced(self, part: Topic) -> tuple[tuple[Reason, ...], tuple[tuple[Chain, Reason], ...]]:
        """The conventions and the forward equations that a topic needs and that were not said before."""
        if any(_same(part.network, known) for known in self._networks):
            return (), ()
        self._networks.append(part.network)
        about = [made for made in part.derivations if _same(made.network, part.network)]
        found = conventions_of(used_in(part.network, about, _shown(part), self.notation))
        if self.notation.name != "lecture" and _has_numbers(part):
            found = (*found, (NUMBERS,))
        fresh = tuple(said for said in found if said not in self._said)
        self._said.update(fresh)
        return fresh, forward_equations(part.network, self.notation)

    def writer(self, network: Network, known: Bounds | None = None, entries: dict[str, str] | None = None) -> Writer:
        return Writer(network, self.notation, known, self.subproofs, entries)

    def verdict(self, step: Step) -> Said:
        """Gives what stands beside the next step, which is this one."""
        self._place += 1
        place = self._place
        return lambda: verdict(step, None if self.outcomes is None else self.outcomes.get(place, {}))


class _Section:
    """The parts of one topic.

    Args:
        level: of the headings in it.
        number: that of its next step.
    """

    def __init__(self, whole: TopicWriter, part: Topic, level: int) -> None:
        self.whole = whole
        self.level = level
        self.number = 1
        self.entries: dict[str, str] = {}
        self.writer = whole.writer(part.network)

    def blocks(self, parts: Sequence[Part], in_aside: bool = False) -> Iterator[Block]:
        for i, part in enumerate(parts):
            following = parts[i + 1] if i + 1 < len(parts) else None
            yield from self._part(part, following, in_aside)

    @singledispatchmethod
    def _part(self, part: Part, following: Part | None, in_aside: bool) -> Iterator[Block]:
        raise TypeError(f"{type(part).__name__} is no part of a topic: add @_part.register for it")

    @_part.register
    def _(self, part: Prose, following: Part | None, in_aside: bool) -> Iterator[Block]:
        leads = isinstance(following, Shows | Derivation | Numbers | topic.Picture)
        yield Paragraph(self.writer.words(part.words), leads)

    @_part.register
    def _(self, part: Shows, following: Part | None, in_aside: bool) -> Iterator[Block]:
        yield Display(((self.writer.alone(part.says, part.shown), self.writer.words(part.note)),), inset=True)

    @_part.register
    def _(self, part: Numbers, following: Part | None, in_aside: bool) -> Iterator[Block]:
        rows = part.compute()
        right = tuple(all(map(_is_number, column)) for column in zip(*rows, strict=True)) if rows else ()
        yield Table(part.columns, tuple(tuple(map(printed, row)) for row in rows), part.title, right)

    @_part.register
    def _(self, part: topic.Picture, following: Part | None, in_aside: bool) -> Iterator[Block]:
        design = figures.design(part.name)
        yield Picture(part.name, design.alt, self.writer.words(part.caption or (design.caption,)))

    @_part.register
    def _(self, part: Remark, following: Part | None, in_aside: bool) -> Iterator[Block]:
        title = part.title.strip().removesuffix(".")
        yield Aside(f"Remark: {title}" if title else "Remark", tuple(self.blocks(part.parts, in_aside=True)))

    @_part.register
    def _(self, part: Topic, following: Part | None, in_aside: bool) -> Iterator[Block]:
        inner = _Section(self.whole, part, self.level + 1)
        yield Heading((part.title or part.name).strip().removesuffix("."), self.level, numbered=True)
        said, equations = self.whole.introduced(part)
        if said:
            yield Listing(tuple(map(inner.writer.words, said)))
        if equations:
            yield Paragraph(("The forward equations here:",))
            yield Display(tuple((inner.writer.math(line), inner.writer.words(note)) for line, note in equations))
        if not part.name:
            # its steps are counted with those around it
            inner.number, inner.entries = self.number, self.entries
        yield from inner.blocks(part.parts)
        if not part.name:
            self.number = inner.number

    @_part.register
    def _(self, part: Derivation, following: Part | None, in_aside: bool) -> Iterator[Block]:
        writer = self.whole.writer(part.network, part.known, self.entries)
        steps = writer.steps(part, first=self.number, said=[self.whole.verdict(step) for step in part.steps])
        self.number += len(steps)
        title = part.title.strip().removesuffix(".")
        if title:
            yield Heading(title, 0 if in_aside else self.level)
        if title or part.given != self.whole.assumed:
            self.whole.assumed = part.given
            yield from given(part, writer)
        if said := ranges(part, self.whole.notation):
            yield Paragraph(writer.words(said))
        line = writer.one_line(part, steps)
        if line is not None:
            yield line
            return
        yield from steps
        if len(steps) > _LONG:
            yield Paragraph(("From the first line to the last:",))
            yield Result(writer.result(part))


def given(derivation: Derivation, writer: Writer) -> Iterator[Block]:
    """What a derivation assumes, said before its first step."""
    made = [writer.alone(chain) for chain in derivation.given]
    if not made:
        return
    if sum(width(each.box) for each in made) > _INLINE:
        yield Paragraph(("Assumed:",))
        yield Display(tuple((each, ()) for each in made), inset=True)
        return
    words: Words = ()
    for i, each in enumerate(made):
        between = " and " if i == len(made) - 1 else ", "
        words = (*words, between if i else "Assumed: ", each.as_short())
    yield Paragraph((*words, "."))


def _shown(part: Topic) -> Iterator[Node]:
    """What stands in a topic beside its derivations."""
    for each in part.all_parts():
        match each:
            case Shows(says):
                yield says
            case Prose(words):
                yield from (word for word in words if isinstance(word, Node))


def _has_numbers(part: Topic) -> bool:
    """Whether a topic has tables of numbers or figures."""
    return any(isinstance(each, Numbers | topic.Picture) for each in part.all_parts())


def _same(one: Network, two: Network) -> bool:
    """Whether two networks have the same forward equations."""
    if one is two:
        return True
    equations = [getattr(network, "equations", ()) for network in (one, two)]
    return type(one) is type(two) and equations[0] == equations[1]


def _is_number(cell: str) -> bool:
    """Whether a cell is digits and signs, such as `2.5 ± 0.1`, or a number that is endless, or nothing."""
    digits = cell.translate(_SIGNS)
    return digits in ("", "endless") or digits.isdigit()
