"""Every wrong variant of every rule is refuted by judges that import no rule, and the kernel proves none of them."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from dataclasses import replace
from itertools import islice

import decay_variants
import moment_variants
import norm_variants
import normalization_variants
import pytest
import shortening_variants
import variants

import symbackprop.rules
from symbackprop.derivation import Derivation, Rule, Step
from symbackprop.dims import ONE, Bounds, dim
from symbackprop.expr import LOSS, Diagonal, Elementwise, Expr, Hadamard, Hidden, Partial, PreActivation, Weight
from symbackprop.judges import entrywise, exact, kernel, numeric
from symbackprop.judges.claim import Claim
from symbackprop.judges.outcome import Outcome, Proved, Refuted, Supported, Undecided
from symbackprop.network import MLP

CASES = {case.name: case for case in variants.CASES}
EACH = pytest.mark.parametrize("name", CASES)
# functions of the package that make rules, so that no rule object of theirs is found in a module
FACTORIES = {"fold", "induction"}


def claim(case, right: Expr) -> Claim:
    return Claim(case.start, "=", right, case.network, case.known)


def started(case) -> Derivation:
    return Derivation(case.start, case.network, known=case.known)


def by_faulty(case, after: Expr) -> Outcome:
    """What the kernel says of a step by a rule that makes one line of everything, under the name of the right one."""
    rule = Rule(case.rule.name, lambda e, context: after, case.rule.statement)
    step = Step(case.start, "=", after, rule, (), "because", {"L": (ONE, None), **case.known})
    return kernel.judge(step, replace(started(case), steps=(step,)))


def rules() -> dict[str, Rule]:
    """Every rule object in the modules of `symbackprop.rules`."""
    found: dict[str, Rule] = {}
    for info in pkgutil.iter_modules(symbackprop.rules.__path__):
        module = importlib.import_module(f"symbackprop.rules.{info.name}")
        found |= {f"{info.name}.{key}": value for key, value in vars(module).items() if isinstance(value, Rule)}
    return found


def test_every_rule_has_variants():
    covered = {
        case.rule.name
        for module in (
            variants,
            moment_variants,
            decay_variants,
            norm_variants,
            normalization_variants,
            shortening_variants,
        )
        for case in module.CASES
    }
    assert len(rules()) >= 13
    missing = {rule.name for rule in rules().values()} - covered
    assert not missing, f"write wrong variants of {missing} in variants.py"
    assert {case.factory for case in CASES.values() if case.factory} == FACTORIES


@EACH
def test_there_are_at_least_six_of_each_besides_a_wrong_factor(name):
    case = CASES[name]
    factors = {"sign", "factor 2", "half", "counted twice"}
    assert factors < case.wrong.keys()
    assert len(case.wrong.keys() - factors) >= 6
    assert len(set(case.wrong.values())) == len(case.wrong)


@EACH
def test_the_rule_makes_what_paper_says(name):
    case = CASES[name]
    made = started(case).by(case.rule)
    assert made.result == case.right
    assert isinstance(kernel.judge(made.steps[0], made), Proved)
    assert isinstance(exact.judge(claim(case, case.right)), Supported)
    assert isinstance(numeric.judge(claim(case, case.right)), Supported)


@EACH
def test_every_wrong_variant_is_refuted(name):
    case = CASES[name]
    wrong = {what: exact.judge(claim(case, right)) for what, right in case.wrong.items()}
    assert not {what: outcome for what, outcome in wrong.items() if not isinstance(outcome, Refuted)}


@EACH
def test_the_numeric_judge_supports_none(name):
    case = CASES[name]
    outcomes = [numeric.judge(claim(case, wrong)) for wrong in islice(case.wrong.values(), 0, None, 3)]
    assert all(isinstance(outcome, Refuted | Undecided) for outcome in outcomes)
    assert any(isinstance(outcome, Refuted) for outcome in outcomes)


@EACH
def test_sympy_refutes_too(name):
    case = CASES[name]
    wrong = {what: entrywise.judge(claim(case, right)) for what, right in case.wrong.items()}
    assert not {what: outcome for what, outcome in wrong.items() if not isinstance(outcome, Refuted)}


@EACH
def test_the_kernel_refutes_a_line_that_the_rule_does_not_make(name):
    case = CASES[name]
    made = started(case).by(case.rule)
    (step,) = made.steps
    for wrong in case.wrong.values():
        changed = replace(step, after=wrong)
        assert isinstance(kernel.judge(changed, replace(made, steps=(changed,))), Refuted)


@EACH
def test_the_kernel_proves_no_wrong_rule(name):
    """It is the line that is checked, by entries, not the name: so the right line is proved."""
    case = CASES[name]
    proved = {what: str(wrong) for what, wrong in case.wrong.items() if isinstance(by_faulty(case, wrong), Proved)}
    assert not proved
    # an induction has no proof in one step
    assert isinstance(by_faulty(case, case.right), Undecided if case.factory == "induction" else Proved)


# --- where everything conforms, values alone must tell ---------------------------------------------------------------

SQUARE = MLP(widths=[3, 3, 3, 3], bias="none")


def d(e: Expr) -> Partial:
    return Partial(LOSS, e)


def z(layer: int) -> PreActivation:
    return PreActivation(dim(layer))


def h(layer: int) -> Hidden:
    return Hidden(dim(layer))


def W(layer: int) -> Weight:
    return Weight(dim(layer))


def G(layer: int, order: int = 1) -> Diagonal:
    return Diagonal(Elementwise("g", z(layer), order))


FITTING: dict[str, tuple[Expr, Expr, tuple[Expr, ...]]] = {
    "weights": (d(h(1)), W(1).T @ d(z(2)), (W(1) @ d(z(2)), W(2).T @ d(z(2)), W(1).T @ d(z(1)), W(0).T @ d(z(2)))),
    "activation": (d(z(1)), G(1) @ d(h(1)), (d(h(1)), G(1, 0) @ d(h(1)), G(2) @ d(h(1)), G(1) @ d(h(2)))),
    "matrix": (d(W(1)), d(z(2)) @ h(1).T, (h(1) @ d(z(2)).T, d(z(2)) @ z(1).T, d(z(1)) @ h(1).T, d(z(2)) @ h(0).T)),
    "layer": (
        d(z(1)),
        Hadamard((Elementwise("g", z(1), 1), W(1).T @ d(z(2)))),
        (
            Hadamard((Elementwise("g", z(1), 1), W(1) @ d(z(2)))),
            W(1).T @ Hadamard((Elementwise("g", z(1), 1), d(z(2)))),
            W(1).T @ G(1) @ d(z(2)),
            G(1) @ W(1).T @ G(2) @ d(z(2)),
        ),
    ),
    "two layers": (
        d(z(1)),
        G(1) @ W(1).T @ G(2) @ W(2).T @ d(z(3)),
        (
            G(2) @ W(2).T @ G(1) @ W(1).T @ d(z(3)),
            W(2).T @ G(2) @ W(1).T @ G(1) @ d(z(3)),
            W(1).T @ G(1) @ W(2).T @ G(2) @ d(z(3)),
            G(1) @ W(1) @ G(2) @ W(2) @ d(z(3)),
        ),
    ),
}


@pytest.mark.parametrize("name", FITTING)
def test_where_all_widths_are_equal_the_values_refute(name):
    left, right, wrong = FITTING[name]
    known: Bounds = {}
    assert isinstance(exact.judge(Claim(left, "=", right, SQUARE, known)), Supported)
    for each in wrong:
        outcome = exact.judge(Claim(left, "=", each, SQUARE, known))
        assert isinstance(outcome, Refuted)
        assert "entry" in outcome.counterexample
        assert isinstance(numeric.judge(Claim(left, "=", each, SQUARE, known)), Refuted)
