"""The lecture's formula lines: each id with the statement it makes, found in the derivations by their labels.

No line is kept as text: a line is a derivation in one line, a step of one, or a line that a topic shows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from symbackprop.derivation import Derivation, Shown, compose
from symbackprop.dims import DEPTH
from symbackprop.errors import SymbackpropError
from symbackprop.expr import Expr
from symbackprop.library import derive
from symbackprop.network import MLP
from symbackprop.notations import notation as notation_named
from symbackprop.statements import Chain, Ellipsis, Statement
from symbackprop.topic import Shows, Topic


@dataclass(frozen=True)
class Line:
    """A line of the lecture: what it says, and how it is shown."""

    says: Statement | Expr
    shown: Shown = Shown()


def lecture_lines(network: MLP | None = None) -> dict[str, Line]:
    """Every line of the lecture, by its formula id.

    Raises:
        SymbackpropError: for another network than the lecture's.
    """
    network = network or MLP()
    if network.depth != DEPTH or not network.augmented or network.scheme is not None:
        raise SymbackpropError(
            "the lecture's lines are about depth L with bias units: leave depth, widths, bias and normalization out"
        )
    lecture = derive("lecture", network)
    assert isinstance(lecture, Topic)
    lines: dict[str, Line] = {}
    for part in lecture.all_parts():
        if isinstance(part, Shows) and part.label:
            lines[part.label] = Line(part.says, part.shown)
        elif isinstance(part, Derivation):
            lines |= dict([(part.label, one_line(part))] if part.label else step_lines(part))
    return lines


def one_line(derivation: Derivation) -> Line:
    """A short derivation as one line: `start = … = result`."""
    relations = tuple(step.relation for step in derivation.steps)
    return Line(Chain(derivation.lines, relations), derivation.steps[-1].shown)


def step_lines(derivation: Derivation) -> Iterator[tuple[str, Line]]:
    """The labelled steps of a derivation; the first with its left side, the others going on from the line before.

    Between two of them there may be steps that the lecture does not show: the relation is that of all of them.
    """
    relation, dots, is_first = "=", "", True
    for i, step in enumerate(derivation.steps, 1):
        relation, dots = compose(relation, step.relation), dots or step.shown.dots
        if not step.shown.label:
            continue
        if dots:
            yield f"{step.shown.label.partition('.')[0]}.dots", Line(Ellipsis(dots))
        says = Chain((derivation.start, step.after), (relation,), continued=not is_first)
        yield step.shown.label, Line(says, step.shown)
        if step.shown.restated:
            from_the_start = replace(derivation, steps=derivation.steps[:i]).relation
            yield step.shown.restated, Line(Chain(says.sides, (from_the_start,)), step.shown)
        relation, dots, is_first = "=", "", False


def lecture_latex(notation: str = "lecture") -> dict[str, str]:
    """Every line as LaTeX, by the lecture's formula id."""
    from symbackprop.render.latex import latex

    network = MLP()
    letters = notation_named(notation)
    # from the norms on, the lecture writes row j as `w_{0,j,·}`
    later = replace(letters, row_mark="·") if notation == "lecture" else letters
    made = {}
    for name, line in lecture_lines(network).items():
        by_row = name.startswith(("vanish.", "explode."))
        made[name] = latex(line.says, later if by_row else letters, network, line.shown)
    return made
