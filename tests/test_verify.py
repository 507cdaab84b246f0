"""Reports: what counts as expected, and that a report of nothing does not pass."""

from __future__ import annotations

from dataclasses import replace
from multiprocessing import active_children

import pytest

from symbackprop.derivation import Derivation
from symbackprop.dims import dim
from symbackprop.errors import SymbackpropError
from symbackprop.expr import LOSS, Hidden, Identity, Named, Norm, Partial
from symbackprop.judges import numeric
from symbackprop.judges.outcome import Proved, Refuted, Supported, Undecided
from symbackprop.library import derive
from symbackprop.network import MLP
from symbackprop.quantities import Quantities
from symbackprop.rules.norms import multiplied_out
from symbackprop.statements import equal
from symbackprop.verify import ENOUGH, JUDGES, Judged, Report, _shared_out, claim_of, judging, verify

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


def test_several_processes_say_the_same() -> None:
    made = [derive(name) for name in ("hidden", "preactivation", "spectral_norm")]
    one, two = (verify(*made, effort="brief", workers=workers) for workers in (1, 2))
    assert [judged.outcomes for judged in one.steps] == [judged.outcomes for judged in two.steps]
    assert [(judged.number, judged.place) for judged in one.steps] == [(j.number, j.place) for j in two.steps]


@pytest.mark.parametrize("workers", [1, 2])
def test_outcomes_are_there_as_they_come_and_are_those_of_a_report(workers: int) -> None:
    made = [derive(name) for name in ("hidden", "preactivation", "spectral_norm")]
    seen: list[int] = []
    report = verify(*made, effort="brief")
    with judging(*made, progress=lambda done, total: seen.append(done), effort="brief", workers=workers) as outcomes:
        # in any order: the second derivation is asked for first
        assert outcomes[3] == report.steps[2].outcomes
        # other processes may have got further meanwhile
        assert workers > 1 or seen[-1] < len(report.steps)
        assert [outcomes[number] for number in outcomes] == [judged.outcomes for judged in report.steps]
        assert len(outcomes) == seen[-1] == len(report.steps)
        for number in (0, len(outcomes) + 1):
            assert number not in outcomes
            assert outcomes.get(number, {}) == {}


def test_where_there_are_many_topics_one_process_judges_a_whole_topic() -> None:
    topic, other = derive("spectral_norm").derivations, derive("hidden")
    assert _shared_out([*topic, other], 2) == [[place] for place in range(len(topic) + 1)]
    many = [*topic, other] * ENOUGH
    found = _shared_out(many, 2)
    assert [len(places) for places in found] == [len(topic), 1] * ENOUGH
    # those of the last topic one by one
    assert [len(places) for places in _shared_out([*many, *topic], 2)] == [len(topic), 1] * ENOUGH + [1] * len(topic)
    assert [place for places in found for place in places] == list(range(len(many)))


def test_who_judges_ends_where_nobody_asks() -> None:
    before = set(active_children())
    with judging(derive("hidden"), derive("preactivation"), effort="brief", workers=2):
        assert set(active_children()) > before
    assert set(active_children()) <= before


def test_an_unknown_effort_is_refused_once_an_outcome_is_asked_for() -> None:
    with (
        judging(derive("hidden"), effort="much") as outcomes,
        pytest.raises(SymbackpropError, match="no effort 'much'"),
    ):
        outcomes[1]


def test_progress_ends_with_all_steps() -> None:
    seen: list[tuple[int, int]] = []
    verify(derive("hidden"), derive("weight_row"), progress=lambda done, total: seen.append((done, total)))
    assert seen == [(2, 4), (4, 4)]


def test_steps_of_a_topic_are_numbered_through() -> None:
    report = verify(derive("spectral_norm"), effort="brief")
    assert [judged.number for judged in report.steps] == list(range(1, len(report.steps) + 1))
    assert {judged.derivation.name for judged in report.steps} == {"spectral_norm"}
    assert [judged.place for judged in report.steps][:4] == [1, 2, 1, 2]


def test_a_false_line_is_as_expected_only_if_it_is_refuted() -> None:
    """The lecture's lower bound, with the smallest nonzero singular values: a judge finds a counterexample."""
    (false,) = [
        judged for judged in verify(derive("exploding_gradients"), effort="brief").steps if not judged.step.is_true
    ]
    assert isinstance(false.outcomes["numeric"], Refuted)
    assert false.as_expected
    assert not replace(false, step=replace(false.step, is_true=True)).as_expected
    unseen = {judge: Undecided("not looked at") for judge in false.outcomes}
    assert not replace(false, outcomes=unseen).as_expected


def test_assumptions_that_hang_together_are_kept_together() -> None:
    """‖A‖_F = ‖R‖_F rests on A = Q R and on QᵀQ = I, which names neither A nor R."""
    Q, R, A, other = (Named(name) for name in "QRAB")
    space = Quantities({"A": (4, 2), "Q": (4, 2), "R": (2, 2), "B": (2, 2)})
    given = (equal(Q.T @ Q, Identity(dim(2))), equal(A, Q @ R), equal(other @ other, other))
    start = Derivation(Norm(A, "F"), space, given=given)
    made = start.by(multiplied_out(Norm(R, "F"), "lengths are kept"))
    claim = claim_of(made.steps[0], made)
    assert claim.given == given[:2]
    assert isinstance(numeric.judge(claim), Supported)
