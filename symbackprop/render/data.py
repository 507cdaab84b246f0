"""A derivation or a topic as data: its steps as JSON, formulas as LaTeX."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from symbackprop.derivation import Derivation, Reason, Step, least_depth
from symbackprop.dims import dim
from symbackprop.judges.outcome import Outcome
from symbackprop.notations import Notation
from symbackprop.notations import notation as notation_named
from symbackprop.render.arranged import arranged, turned
from symbackprop.render.clauses import Dimensions
from symbackprop.render.latex import write
from symbackprop.render.layout import Look, layout
from symbackprop.render.verdicts import JUDGES, Report, numbered
from symbackprop.topic import Part, Remark, Topic
from symbackprop.tree import Node

if TYPE_CHECKING:
    from symbackprop.verify import Report as Verified

Row = dict[str, Any]


def source(
    what: Derivation | Topic,
    notation: str | Notation = "lecture",
    *,
    subproofs: bool = False,
    report: Report | None = None,
) -> str:
    """The steps as JSON."""
    return json.dumps(rows(what, notation, subproofs=subproofs, report=report), ensure_ascii=False, indent=1) + "\n"


def rows(
    what: Derivation | Topic,
    notation: str | Notation = "lecture",
    *,
    subproofs: bool = False,
    report: Report | None = None,
) -> list[Row]:
    """The steps, one dictionary each; those of a topic are counted through all of its derivations.

    Args:
        what: whose steps are wanted.
        notation: the letters of the formulas.
        subproofs: whether each step has its subproofs, as lists of steps too.
        report: what the judges say of each step; all are asked where there is none.
    """
    if report is None:
        from symbackprop.verify import verify

        # of a topic, with its hundreds of steps, a brief look; the details say so
        effort = "brief" if isinstance(what, Topic) else "full"
        report = verify(what, effort=effort, workers=os.cpu_count() or 1)
    outcomes = numbered(report, what.steps)
    made: list[Row] = []
    counted: Counter[str] = Counter()
    for name, derivation in _named(arranged(what, notation_named(notation)), what.name):
        look = _look(derivation, notation)
        for place, step in enumerate(derivation.steps, 1):
            counted[name] += 1
            row = {"name": name, "step": counted[name], **_row(derivation, place, step, look, subproofs)}
            made.append({**row, **_judges(outcomes.get(len(made) + 1, {}))})
    return made


def report_rows(report: Verified, notation: str | Notation = "lecture") -> list[Row]:
    """The steps of all derivations and topics of a report, with what each judge says."""
    made = []
    looks: dict[int, Look] = {}
    for judged in report.steps:
        derivation = judged.derivation
        look = looks.setdefault(id(derivation), _look(derivation, notation))
        row = _row(derivation, judged.place or judged.number, judged.step, look, False)
        made.append({"name": derivation.name, "step": judged.number, **row, **_judges(judged.outcomes)})
    return made


def _named(part: Part, name: str) -> Iterator[tuple[str, Derivation]]:
    """The derivations in a part of a topic, each with the name of the innermost topic that has one."""
    match part:
        case Derivation():
            yield name, part
        case Topic() | Remark():
            inner = part.name if isinstance(part, Topic) and part.name else name
            for each in part.parts:
                yield from _named(each, inner)


def _look(derivation: Derivation, notation: str | Notation) -> Look:
    return Look(derivation.network, notation_named(notation), known=derivation.known)


def _row(derivation: Derivation, place: int, step: Step, look: Look, subproofs: bool) -> Row:
    """A step by its place in its derivation.

    `before` is the line before; `since` counts the line that the rule was applied to, from 0. A line that is printed as
    somebody claimed it says what is `expected` of the judges.
    """
    lines = derivation.lines
    row: Row = {
        "rule": step.rule.name,
        "relation": step.relation,
        "before": _latex(lines[place - 1], look),
        "after": _latex(step.after, look),
        "why": _sentence(step.why, look),
        "shape": _latex(Dimensions(step.after, ends=True), look),
        "since": place - 1 if lines[place - 1] == step.before else lines.index(step.before),
        "assuming": _assuming(derivation, step, look),
        "source": step.rule.source,
    }
    if not step.is_true:
        row["expected"] = "refuted"
    if subproofs:
        row["subproofs"] = [_subproof(proof, look) for proof in step.subproofs]
    return row


def _assuming(derivation: Derivation, step: Step, look: Look) -> list[str]:
    """The least depth that a step needs, as the notation counts it."""
    depth = derivation.network.depth
    if not step.assuming or depth.is_constant:
        return list(step.assuming)
    (name,) = depth.symbols
    least = look.notation.value(name, dim(least_depth(step.known, depth)), False)
    return [f"{look.notation.indices(depth) + -look.notation.shift_of(name)} ≥ {least}"]


def _subproof(proof: Derivation, look: Look) -> Row:
    steps = [
        {"name": proof.name, "step": place, **_row(proof, place, step, look, True)}
        for place, step in enumerate(proof.steps, 1)
    ]
    return {"start": _latex(proof.start, look), "steps": steps}


def _latex(node: Node, look: Look) -> str:
    return write(layout(look.placed(node), look))


def _sentence(why: Reason, look: Look) -> str:
    """Words, with formulas between dollar signs."""
    said = [part if isinstance(part, str) else f"${_latex(part, look)}$" for part in why]
    if look.turned:
        said = [turned(words) if isinstance(part, str) else words for part, words in zip(why, said, strict=True)]
    return "".join(said)


def _judges(outcomes: Mapping[str, Outcome]) -> Row:
    """What each judge says, a word each, None for one that was not asked; and on what it rests."""
    return {
        "judges": {judge: outcomes[judge].word if judge in outcomes else None for judge in JUDGES},
        "details": {judge: outcome.detail for judge, outcome in outcomes.items()},
    }
