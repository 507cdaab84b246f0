"""A derivation as data: its steps as JSON, formulas as LaTeX."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from symbackprop.derivation import Derivation, Reason, Step
from symbackprop.judges.outcome import Outcome
from symbackprop.notations import Notation
from symbackprop.notations import notation as notation_named
from symbackprop.render.conventions import Dimensions
from symbackprop.render.document import JUDGES, Report
from symbackprop.render.latex import write
from symbackprop.render.layout import Look, layout
from symbackprop.tree import Node

if TYPE_CHECKING:
    from symbackprop.verify import Report as Verified

Row = dict[str, Any]


def source(
    derivation: Derivation,
    notation: str | Notation = "lecture",
    *,
    subproofs: bool = False,
    report: Report | None = None,
) -> str:
    """The steps as JSON."""
    return (
        json.dumps(rows(derivation, notation, subproofs=subproofs, report=report), ensure_ascii=False, indent=1) + "\n"
    )


def rows(
    derivation: Derivation,
    notation: str | Notation = "lecture",
    *,
    subproofs: bool = False,
    report: Report | None = None,
) -> list[Row]:
    """The steps, one dictionary each.

    Args:
        derivation: whose steps are wanted.
        notation: the letters of the formulas.
        subproofs: whether each step has its subproofs, as lists of steps too.
        report: what the judges say of each step, by its number from 1; all are asked where there is none.
    """
    if report is None:
        from symbackprop.verify import verify

        report = verify(derivation).outcomes()
    look = Look(derivation.network, notation_named(notation), known=derivation.known)
    made = []
    for number, step in enumerate(derivation.steps, 1):
        made.append({**_row(derivation, number, step, look, subproofs), **_judges(report.get(number, {}))})
    return made


def report_rows(report: Verified, notation: str | Notation = "lecture") -> list[Row]:
    """The steps of all derivations of a report, with what each judge says."""
    made = []
    looks: dict[int, Look] = {}
    for judged in report.steps:
        derivation = judged.derivation
        fresh = Look(derivation.network, notation_named(notation), known=derivation.known)
        look = looks.setdefault(id(derivation), fresh)
        made.append({**_row(derivation, judged.number, judged.step, look, False), **_judges(judged.outcomes)})
    return made


def _row(derivation: Derivation, number: int, step: Step, look: Look, subproofs: bool) -> Row:
    """One step. `before` is the line before; `since` counts the line that the rule was applied to, from 0."""
    lines = derivation.lines
    row: Row = {
        "name": derivation.name,
        "step": number,
        "rule": step.rule.name,
        "relation": step.relation,
        "before": _latex(lines[number - 1], look),
        "after": _latex(step.after, look),
        "why": _sentence(step.why, look),
        "shape": _latex(Dimensions(step.after, ends=True), look),
        "since": number - 1 if lines[number - 1] == step.before else lines.index(step.before),
        "assuming": list(step.assuming),
        "source": step.rule.source,
    }
    if subproofs:
        row["subproofs"] = [_subproof(proof, look) for proof in step.subproofs]
    return row


def _subproof(proof: Derivation, look: Look) -> Row:
    steps = [_row(proof, number, step, look, True) for number, step in enumerate(proof.steps, 1)]
    return {"start": _latex(proof.start, look), "steps": steps}


def _latex(node: Node, look: Look) -> str:
    return write(layout(node, look))


def _sentence(why: Reason, look: Look) -> str:
    """Words, with formulas between dollar signs."""
    return "".join(part if isinstance(part, str) else f"${_latex(part, look)}$" for part in why)


def _judges(outcomes: Mapping[str, Outcome]) -> Row:
    """What each judge says, a word each, None for one that was not asked; and on what it rests."""
    return {
        "judges": {judge: outcomes[judge].word if judge in outcomes else None for judge in JUDGES},
        "details": {judge: outcome.detail for judge, outcome in outcomes.items()},
    }
