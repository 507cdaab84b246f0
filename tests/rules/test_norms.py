"""Rules about norms and slopes: each makes what paper says, and numbers refute every wrong variant of it."""

from __future__ import annotations

import norm_variants
import pytest

from symbackprop.derivation import Derivation, Rule, Step
from symbackprop.errors import RuleError
from symbackprop.expr import Expr, Named, Norm, SingularValue
from symbackprop.judges import kernel, numeric
from symbackprop.judges.claim import Claim
from symbackprop.judges.outcome import Outcome, Proved, Refuted, Supported
from symbackprop.rules import norms

CASES = {case.name: case for case in norm_variants.CASES}
EACH = pytest.mark.parametrize("name", CASES)


def numbers(case, right: Expr) -> Outcome:
    return numeric.judge(Claim(case.start, case.rule.relation, right, case.network, case.bounds, case.given))


def started(case) -> Derivation:
    return Derivation(case.start, case.network, known=case.bounds, given=case.given)


def by_faulty(case, after: Expr, relation: str) -> Outcome:
    rule = Rule(case.rule.name, lambda e, context: after, case.rule.statement, relation)
    step = Step(case.start, relation, after, rule, (), (), case.bounds)
    begun = started(case)
    return kernel.judge(step, Derivation(begun.start, begun.network, (step,), begun.known, given=begun.given))


def test_there_are_at_least_six_of_each() -> None:
    assert all(len(set(case.wrong.values())) == len(case.wrong) >= 6 for case in CASES.values())


@EACH
def test_the_rule_makes_what_paper_says(name: str) -> None:
    case = CASES[name]
    made = started(case).by(case.rule, at=())
    assert made.result == case.right
    assert isinstance(kernel.judge(made.steps[0], made), Proved)
    assert isinstance(numbers(case, case.right), Supported)


@EACH
def test_numbers_refute_every_wrong_variant(name: str) -> None:
    case = CASES[name]
    wrong = {what: numbers(case, right) for what, right in case.wrong.items()}
    assert not {what: outcome for what, outcome in wrong.items() if not isinstance(outcome, Refuted)}


@EACH
def test_the_kernel_proves_no_wrong_rule(name: str) -> None:
    case = CASES[name]
    assert isinstance(by_faulty(case, case.right, case.rule.relation), Proved)
    assert not [
        what for what, right in case.wrong.items() if isinstance(by_faulty(case, right, case.rule.relation), Proved)
    ]


@EACH
def test_the_kernel_proves_no_inequality_the_other_way(name: str) -> None:
    case = CASES[name]
    for relation in {"≤", "≥"} - {case.rule.relation}:
        assert not isinstance(by_faulty(case, case.right, relation), Proved)


def test_the_lemma_says_which_way() -> None:
    space = norm_variants.SPACE
    start = Derivation(Norm(Named("A") @ Named("v")), space, known=space.bounds)
    above, below = start.by(norms.bounded), start.by(norms.bounded_below)
    assert (above.relation, below.relation) == ("≤", "≥")
    assert above.result == SingularValue(Named("A")) @ Norm(Named("v"))
    two = Derivation(Norm(Named("A") @ Named("B") @ Named("v")), space, known=space.bounds).by(norms.bounded)
    assert two.by(norms.bounded).relation == "≤"
    with pytest.raises(RuleError, match="relates its ends in no way"):
        two.by(norms.bounded_below)
