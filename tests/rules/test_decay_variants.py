"""Wrong variants of the rules about singular values: numbers refute them, and the kernel proves none."""

from __future__ import annotations

from dataclasses import replace

import decay_variants
import pytest

from symbackprop.derivation import Derivation, Rule, Step
from symbackprop.expr import Expr
from symbackprop.judges import kernel, numeric
from symbackprop.judges.claim import Claim
from symbackprop.judges.outcome import Proved, Refuted, Supported

CASES = {case.rule.name: case for case in decay_variants.CASES}
EACH = pytest.mark.parametrize("name", CASES)


def started(case) -> Derivation:
    return Derivation(case.start, case.network, known=case.known)


def claim(case, right: Expr) -> Claim:
    return Claim(case.start, case.rule.relation, right, case.network, case.known)


@EACH
def test_the_rule_makes_what_paper_says(name):
    case = CASES[name]
    made = started(case).by(case.rule)
    assert made.result == case.right
    assert isinstance(kernel.judge(made.steps[0], made), Proved)
    assert isinstance(numeric.judge(claim(case, case.right)), Supported)


@EACH
def test_numbers_refute_every_wrong_variant(name):
    case = CASES[name]
    assert len(case.wrong) >= 6
    found = {what: numeric.judge(claim(case, right)) for what, right in case.wrong.items()}
    assert not {what: outcome for what, outcome in found.items() if not isinstance(outcome, Refuted)}


@EACH
def test_the_kernel_proves_no_wrong_rule(name):
    """It is the line that is checked, by theorems with conditions, not the name: so the right line is proved."""
    case = CASES[name]

    def by_faulty(after: Expr) -> object:
        rule = Rule(case.rule.name, lambda e, context: after, case.rule.statement, case.rule.relation)
        step = Step(case.start, case.rule.relation, after, rule, (), (), case.known)
        return kernel.judge(step, replace(started(case), steps=(step,)))

    assert isinstance(by_faulty(case.right), Proved)
    assert not {what for what, right in case.wrong.items() if isinstance(by_faulty(right), Proved)}
