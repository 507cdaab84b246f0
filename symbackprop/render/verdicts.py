"""What the judges say of steps, as a few words beside each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias, Union

from symbackprop.derivation import Step
from symbackprop.errors import SymbackpropError
from symbackprop.judges.outcome import Outcome, Proved, Refuted, Supported
from symbackprop.render.blocks import Verdict

if TYPE_CHECKING:
    from symbackprop.verify import Report as Verified

JUDGES = ("kernel", "exact", "numeric")
Outcomes = Mapping[int, Mapping[str, Outcome]]
Report: TypeAlias = Union[Outcomes, "Verified"]
CLAIM = "This line stands here as somebody claimed it. It does not hold."


def numbered(report: Report, steps: Sequence[Step]) -> Outcomes:
    """The outcomes of a report by the place of the step among those that are printed, from 1.

    Raises:
        SymbackpropError: for a report of more or fewer steps.
    """
    if isinstance(report, Mapping):
        return report
    if len(report.steps) != len(steps):
        raise SymbackpropError(
            f"the report has {len(report.steps)} steps and what is printed {len(steps)}: verify what is to be printed"
        )
    return {number: judged.outcomes for number, judged in enumerate(report.steps, 1)}


def verdict(step: Step, outcomes: Mapping[str, Outcome] | None) -> Verdict | None:
    """What stands beside a step; None where there is nothing to be said."""
    notes = () if step.is_true else (CLAIM,)
    if outcomes is None:
        return Verdict((), notes) if notes else None
    found = [(judge, outcomes[judge]) for judge in JUDGES if judge in outcomes]
    refuted = [f"Refuted by the {judge} judge: {_sentence(o.detail)}" for judge, o in found if isinstance(o, Refuted)]
    if not step.is_true and not refuted:
        refuted = ["No judge found a counterexample."]
    if step.is_true and found and not any(isinstance(o, Proved | Supported | Refuted) for _, o in found):
        refuted = [f"Undecided by the {judge} judge: {_sentence(o.detail)}" for judge, o in found]
    return Verdict(tuple((judge, o.word) for judge, o in found), (*notes, *refuted))


def _sentence(detail: str) -> str:
    return detail.rstrip(".") + "."
