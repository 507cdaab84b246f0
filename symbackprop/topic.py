"""A topic of the lecture: prose, lines, derivations, remarks, tables and figures, in the order of the slide."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from symbackprop.derivation import Derivation, Reason, Shown, Step
from symbackprop.equations import Network
from symbackprop.errors import SymbackpropError
from symbackprop.expr import Expr
from symbackprop.statements import Statement

if TYPE_CHECKING:
    from pathlib import Path as File


@dataclass(frozen=True)
class Prose:
    """One or more sentences, of words and formulas."""

    words: Reason


@dataclass(frozen=True)
class Shows:
    """A line that is shown and not derived here: a definition, an implication, a line stated again.

    Attributes:
        label: the lecture's name for it.
        note: what is said beside it.
    """

    says: Statement | Expr
    label: str = ""
    shown: Shown = Shown()
    note: Reason = ()


@dataclass(frozen=True)
class Numbers:
    """A table of numbers; `compute` gives the cells, row by row, when somebody looks at it."""

    title: str
    columns: tuple[str, ...]
    compute: Callable[[], tuple[tuple[str, ...], ...]]


@dataclass(frozen=True)
class Picture:
    """A figure, by its name on the command line (`symbackprop plot NAME`)."""

    name: str
    caption: Reason = ()


@dataclass(frozen=True)
class Remark:
    """What a careful reader must know of the lines before it; it may derive or refute something itself."""

    title: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Topic:
    """A part of the lecture.

    Attributes:
        network: the forward equations that most of it is about.
        main: which derivation (from 0) has the result of the topic; the last one, if not given.
    """

    parts: tuple[Part, ...]
    network: Network
    name: str = ""
    title: str = ""
    main: int = -1

    def called(self, name: str, title: str) -> Topic:
        """The same topic under a name and a title; its derivations are of that name too, unless they have their own."""
        return replace(self, parts=_named(self.parts, name), name=name, title=title)

    def oriented(self) -> Topic:
        """The same topic in the other layout: its derivations are; lines that are only shown stay as they are."""
        return mapped(self, Derivation.oriented)

    @property
    def derivations(self) -> tuple[Derivation, ...]:
        """Its derivations, those of its remarks and sections among them, in order."""
        return tuple(part for part in self.all_parts() if isinstance(part, Derivation))

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of all of them."""
        return tuple(step for derivation in self.derivations for step in derivation.steps)

    @property
    def derivation(self) -> Derivation:
        """The derivation whose result is the result of the topic.

        Raises:
            SymbackpropError: for a topic without any.
        """
        if not self.derivations:
            raise SymbackpropError(f"the topic {self.name or self.title} has no derivation, so it has no result")
        return self.derivations[self.main]

    @property
    def result(self) -> Expr:
        return self.derivation.result

    def all_parts(self) -> Iterator[Part]:
        """Its parts, each followed by the parts of it, in the order of a page."""
        for part in self.parts:
            yield part
            if isinstance(part, Topic):
                yield from part.all_parts()
            elif isinstance(part, Remark):
                yield from Topic(part.parts, self.network).all_parts()

    def latex(self, notation: str = "lecture") -> str:
        """The steps of the derivation that has the result, as a LaTeX `aligned` environment."""
        return self.derivation.latex(notation)

    def _repr_latex_(self) -> str:
        return self.derivation._repr_latex_()

    def save(self, path: str | File, **options: Any) -> None:
        """Write it to a file; the suffix chooses the format: .tex .typ .pdf .md .json .py."""
        from symbackprop.render.files import save

        save(self, path, **options)


Part = Prose | Shows | Numbers | Picture | Remark | Derivation | Topic


def _named(parts: tuple[Part, ...], name: str) -> tuple[Part, ...]:
    return tuple(_mapped(part, lambda made: made if made.name else replace(made, name=name)) for part in parts)


def mapped(topic: Topic, change: Callable[[Derivation], Derivation]) -> Topic:
    """The topic with all its derivations changed."""
    return replace(topic, parts=tuple(_mapped(part, change) for part in topic.parts))


def _mapped(part: Part, change: Callable[[Derivation], Derivation]) -> Part:
    """The part with all derivations in it changed."""
    match part:
        case Derivation():
            return change(part)
        case Remark() | Topic():
            return replace(part, parts=tuple(_mapped(inner, change) for inner in part.parts))
    return part
