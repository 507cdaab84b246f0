"""Every wrong variant of every rule about means and variances is refuted by judges that import no rule."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import moment_variants
import pytest

from symbackprop.chance import Expectation, Variance
from symbackprop.derivation import Derivation, Rule, Step
from symbackprop.dims import ONE, dim, index, units, width
from symbackprop.draws import Draws, RandomMLP
from symbackprop.errors import RuleError
from symbackprop.expr import LOSS, Elementwise, Entry, Expr, Hidden, Partial, Power, PreActivation, Weight, number
from symbackprop.judges import kernel
from symbackprop.judges.claim import Claim
from symbackprop.judges.moments import exact, numeric
from symbackprop.judges.outcome import Outcome, Proved, Refuted, Supported, Undecided
from symbackprop.network import MLP
from symbackprop.rules import moments

CASES = {case.rule.name: case for case in moment_variants.CASES}
EACH = pytest.mark.parametrize("name", CASES)
FACTORS = {"sign", "factor 2", "half", "counted twice"}


def claim(case, right: Expr) -> Claim:
    return Claim(case.start, "=", right, case.network, case.known)


def started(case) -> Derivation:
    return Derivation(case.start, case.network, known=case.known)


def by_faulty(case, after: Expr) -> Outcome:
    """What the kernel says of a step by a rule that makes one line of everything, under the name of the right one."""
    rule = Rule(case.rule.name, lambda e, context: after, case.rule.statement)
    step = Step(case.start, "=", after, rule, (), "because", {"L": (ONE, None), **case.known})
    return kernel.judge(step, replace(started(case), steps=(step,)))


@EACH
def test_there_are_at_least_six_of_each_besides_a_wrong_factor(name):
    case = CASES[name]
    assert len(case.wrong.keys() - FACTORS) >= 6
    assert len(set(case.wrong.values())) == len(case.wrong)


@EACH
def test_the_rule_makes_what_paper_says(name):
    case = CASES[name]
    made = started(case).by(case.rule, at=())
    assert made.result == case.right
    assert isinstance(kernel.judge(made.steps[0], made), Proved)
    assert isinstance(exact(claim(case, case.right)), Supported)
    assert isinstance(numeric(claim(case, case.right)), Supported)


@EACH
def test_every_wrong_variant_is_refuted_exactly(name):
    case = CASES[name]
    wrong = {what: exact(claim(case, right)) for what, right in case.wrong.items()}
    assert not {what: outcome for what, outcome in wrong.items() if not isinstance(outcome, Refuted)}


@EACH
def test_sampling_supports_none(name):
    case = CASES[name]
    outcomes = [numeric(claim(case, wrong)) for wrong in islice(case.wrong.values(), 0, None, 2)]
    assert all(isinstance(outcome, Refuted | Undecided) for outcome in outcomes)
    assert any(isinstance(outcome, Refuted) for outcome in outcomes)


@EACH
def test_the_kernel_proves_no_wrong_rule(name):
    case = CASES[name]
    proved = {what: str(wrong) for what, wrong in case.wrong.items() if isinstance(by_faulty(case, wrong), Proved)}
    assert not proved
    assert isinstance(by_faulty(case, case.right), Proved)


@EACH
def test_the_kernel_refutes_a_line_that_the_rule_does_not_make(name):
    case = CASES[name]
    made = started(case).by(case.rule, at=())
    (step,) = made.steps
    for wrong in case.wrong.values():
        changed = replace(step, after=wrong)
        assert isinstance(kernel.judge(changed, replace(made, steps=(changed,))), Refuted)


# --- where a condition does not hold, a rule does not apply, and what it would make is false --------------------------

l, i, k = index("l"), index("i"), index("k")
z, h = Entry(PreActivation(l), ONE), Entry(Hidden(l), ONE)
TWO = 2


def sq(e: Expr) -> Power:
    return Power(e, number(2).value)


SKEW = Draws(symmetric=False)
WITHOUT: dict[str, tuple[Rule, Expr, Expr, RandomMLP]] = {
    "not symmetric": (
        moments.half_of_square,
        Expectation(sq(Elementwise("relu", z))),
        number(1) @ Expectation(sq(z)) @ number(number(1).value / 2),
        RandomMLP(activation="relu", draws=SKEW),
    ),
    "h has a mean": (
        moments.as_variance,
        Expectation(sq(h)),
        Variance(h),
        RandomMLP(activation="relu"),
    ),
    "the variance of h is not its mean square": (
        moments.of_mean_zero,
        Variance(h),
        Expectation(sq(h)),
        RandomMLP(activation="relu"),
    ),
    "z depends on the weights": (
        moments.of_independent,
        Expectation(sq(Entry(Weight(l), ONE, ONE)) @ sq(Entry(PreActivation(l + 1), ONE))),
        Expectation(sq(Entry(Weight(l), ONE, ONE))) @ Expectation(sq(Entry(PreActivation(l + 1), ONE))),
        RandomMLP(activation="relu"),
    ),
    "the bias unit is not like the others": (
        moments.units_alike,
        Expectation(sq(Entry(Hidden(l), width(l)))),
        Expectation(sq(h)),
        RandomMLP(activation="relu"),
    ),
    "the biases are not like the weights": (
        moments.weights_alike,
        Variance(Entry(Weight(l), ONE, width(l))),
        Variance(Entry(Weight(l), ONE, ONE)),
        RandomMLP(activation="relu"),
    ),
    "two units are not independent": (
        moments.of_sum,
        Variance(h + Entry(Hidden(l), units(l))),
        Variance(h) + Variance(Entry(Hidden(l), units(l))),
        RandomMLP(activation="relu"),
    ),
}


@pytest.mark.parametrize("name", WITHOUT)
def test_without_its_condition_a_rule_does_not_apply(name):
    rule, start, wrong, network = WITHOUT[name]
    known = {"l": (ONE, network.depth), "L": (ONE, None)}
    with pytest.raises(RuleError, match="does not apply"):
        Derivation(start, network, known=known).by(rule, at=())
    assert isinstance(exact(Claim(start, "=", wrong, network, known)), Refuted)
    step = Step(start, "=", wrong, Rule(rule.name, lambda e, context: wrong), (), "because", known)
    assert not isinstance(kernel.judge(step, Derivation(start, network, (step,), known)), Proved)


def test_gradients_need_the_assumption():
    """Without it nothing is said of a gradient: the rules do not apply, the judges say that they do not know."""
    start = Variance(Partial(LOSS, Entry(Hidden(l), k)))
    known = {"l": (ONE, index("L") - 1), "L": (dim(2), None), "k": (ONE, units(l))}
    plain = RandomMLP(activation="relu")
    with pytest.raises(RuleError, match="does not apply"):
        Derivation(start, plain, known=known).by(moments.of_mean_zero)
    mean_square = Expectation(sq(Partial(LOSS, Entry(Hidden(l), k))))
    assert isinstance(exact(Claim(start, "=", mean_square, plain, known)), Undecided)
    assumed = RandomMLP(activation="relu", draws=Draws(independent_gradients=True))
    assert Derivation(start, assumed, known=known).by(moments.of_mean_zero).result == mean_square


def test_the_output_gradient_is_not_of_mean_zero_and_its_entries_are_not_alike():
    network = RandomMLP(activation="relu", draws=Draws(independent_gradients=True))
    last = Partial(LOSS, Entry(PreActivation(network.depth + 1), i))
    known = {"L": (ONE, None), "i": (ONE, units(network.depth + 1))}
    mean_square = Expectation(sq(last))
    for rule in (moments.as_variance, moments.units_alike):
        with pytest.raises(RuleError, match="does not apply"):
            Derivation(mean_square, network, known=known).by(rule, at=())
    for wrong in (Variance(last), Expectation(sq(Partial(LOSS, Entry(PreActivation(network.depth + 1), ONE))))):
        assert isinstance(exact(Claim(mean_square, "=", wrong, network, known)), Refuted)


def test_rules_about_means_need_random_weights():
    with pytest.raises(RuleError, match="does not apply"):
        Derivation(Variance(Entry(Weight(0), ONE, ONE)), MLP()).by(moments.weights_alike)
