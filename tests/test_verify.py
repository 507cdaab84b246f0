"""Reports: what counts as expected, and that a report of nothing does not pass."""

from __future__ import annotations

import pytest

from symbackprop.derivation import Derivation
from symbackprop.expr import LOSS, Hidden, Partial
from symbackprop.judges.outcome import Proved, Refuted, Supported, Undecided
from symbackprop.library import derive
from symbackprop.network import MLP
from symbackprop.verify import JUDGES, Judged, Report, claim_of, verify

DERIVATION = derive("hidden")

CASES = {
    "all agree": ((Proved("by entries"), Supported(3, "x"), Supported(2, "y")), True),
    "only samples": ((Undecided("?"), Supported(3, "x"), Supported(2, "y")), True),
    "nobody knows": ((Undecided("?"), Undecided("?"), Undecided("?")), False),
    "one refutes": ((Proved("by entries"), Refuted("at widths 3, 2"), Supported(2, "y")), False),
}


@pytest.mark.parametrize(("outcomes", "expected"), CASES.values(), ids=CASES)
def test_what_is_expected(outcomes: tuple[object, ...], expected: bool) -> None:
    judged = Judged(DERIVATION, 1, DERIVATION.steps[0], dict(zip(JUDGES, outcomes, strict=True)))
    assert judged.as_expected is expected
    assert Report((judged,)).as_expected is expected


def test_a_report_of_no_step_is_not_as_expected() -> None:
    assert not verify(Derivation(Partial(LOSS, Hidden(1)), MLP())).as_expected


def test_every_step_is_judged_by_every_judge() -> None:
    report = verify(DERIVATION)
    assert [judged.outcomes.keys() for judged in report.steps] == [set(JUDGES)] * 2
    assert report.as_expected
    table = report.table()
    assert "2 of 2 steps as expected" in table
    assert table.count("proved") == 2


def test_a_refutation_is_said_below_the_table() -> None:
    outcomes = {"kernel": Proved("by entries"), "exact": Refuted("depth 2, widths 3,4"), "numeric": Undecided("why")}
    table = Report((Judged(DERIVATION, 2, DERIVATION.steps[1], outcomes),)).table()
    assert "hidden, step 2, exact: refuted: depth 2, widths 3,4" in table
    assert "0 of 1 steps as expected" in table


def test_the_claim_of_a_step_is_its_two_lines() -> None:
    step = DERIVATION.steps[1]
    claim = claim_of(step, DERIVATION)
    assert (claim.left, claim.relation, claim.right) == (step.before, "=", step.after)
