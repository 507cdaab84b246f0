"""The named steps that make a gradient short: right ones are proved and supported, wrong ones refuted."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import mpmath
import pytest
import shortening_variants

from symbackprop import Network
from symbackprop.derivation import Context, Derivation, Rule, Step
from symbackprop.expr import Expr, Named, Norm, Power, Product, number
from symbackprop.judges import exact, kernel, numeric
from symbackprop.judges.claim import Claim
from symbackprop.judges.outcome import Proved, Refuted, Supported
from symbackprop.judges.reduced import SLOPES
from symbackprop.rules import shortening

CASES = {case.rule.name: case for case in shortening_variants.CASES}
EACH = pytest.mark.parametrize("name", CASES)


def started(case) -> Derivation:
    return Derivation(case.start, case.network, known=case.network.bounds, given=case.given)


def claim(case, right: Expr) -> Claim:
    return Claim(case.start, "=", right, case.network, case.network.bounds, case.given)


@EACH
def test_the_rule_makes_what_paper_says_and_is_proved(name):
    case = CASES[name]
    made = started(case).by(case.rule, at=())
    assert made.result == case.right
    assert isinstance(kernel.judge(made.steps[0], made), Proved)
    assert isinstance(exact.judge(claim(case, case.right)), Supported)
    assert isinstance(numeric.judge(claim(case, case.right)), Supported)


@EACH
def test_wrong_variants_are_refuted_and_never_proved(name):
    case = CASES[name]
    assert len(case.wrong) >= 6
    for what, wrong in case.wrong.items():
        outcomes = [exact.judge(claim(case, wrong)), numeric.judge(claim(case, wrong))]
        assert any(isinstance(outcome, Refuted) for outcome in outcomes), what
        rule = Rule(case.rule.name, lambda e, context, wrong=wrong: wrong)
        step = Step(case.start, "=", wrong, rule, (), (), case.network.bounds)
        faulty = replace(started(case), steps=(step,))
        assert not isinstance(kernel.judge(step, faulty), Proved), what


# the slopes that the kernel takes for granted, on paper, at 50 digits
ON_PAPER = {
    "sigmoid": (lambda z: 1 / (1 + mpmath.exp(-z)), lambda z: mpmath.exp(-z) / (1 + mpmath.exp(-z)) ** 2),
    "tanh": (mpmath.tanh, lambda z: mpmath.sech(z) ** 2),
    "softplus": (lambda z: mpmath.log(1 + mpmath.exp(z)), lambda z: 1 / (1 + mpmath.exp(-z))),
    "relu": (lambda z: max(z, mpmath.mpf(0)), lambda z: mpmath.mpf(z > 0)),
    "square": (lambda z: z**2, lambda z: 2 * z),
    "reciprocal": (lambda z: 1 / z, lambda z: -1 / z**2),
    "sqrt": (mpmath.sqrt, lambda z: 1 / (2 * mpmath.sqrt(z))),
    "identity": (lambda z: z, lambda z: mpmath.mpf(1)),
}


@pytest.mark.parametrize("name", sorted(SLOPES))
def test_the_slopes_that_the_kernel_knows_are_those_of_calculus(name):
    from symbackprop.dims import ONE
    from symbackprop.entries import entries
    from symbackprop.expr import Named
    from symbackprop.indices import Applied, Calculus, Item, Raised, Term
    from symbackprop.quantities import Quantities

    work = Calculus(Quantities({"z": ()}), {})
    z = entries(Named("z"), ONE, ONE, work)
    f, slope = ON_PAPER[name]

    def value(one, at):
        return sum((term_value(term, at) for term in one.terms), mpmath.mpf(0))

    def term_value(term: Term, at):
        total = mpmath.mpf(term.coefficient.numerator) / term.coefficient.denominator
        for factor in term.factors:
            match factor:
                case Item():
                    total *= at
                case Applied("step", 0, argument):
                    total *= mpmath.mpf(value(argument, at) > 0)
                case Applied(function, 0, argument):
                    total *= ON_PAPER[function][0](value(argument, at))
                case Raised(base, exponent):
                    total *= value(base, at) ** (mpmath.mpf(exponent.numerator) / exponent.denominator)
        return total

    with mpmath.workdps(50):
        for at in (mpmath.mpf(7) / 5, mpmath.mpf(1) / 3):
            known = value(SLOPES[name](z, work), at)
            assert abs(known - slope(at)) < mpmath.mpf(10) ** -45
            assert abs(mpmath.diff(f, at) - slope(at)) < mpmath.mpf(10) ** -15


def test_what_is_long_when_multiplied_out_is_left_alone(monkeypatch):
    # by paper: (1 + 1)^2 (1 + (1 + 1)^2)^4 is 4 times 5^4 terms
    inner = number(1) + Power(Norm(Named("a"), "F"), Fraction(4))
    long = Power(number(1) + Power(inner, Fraction(2)), Fraction(-4))
    network = Network(r"L = \|a\|_F^2", shapes={"a": ("n", "n")})
    tried = []
    monkeypatch.setattr(shortening, "_shorter", lambda e, *others: tried.append(e))
    rule = shortening.worked_out("shorter", lambda e, context: True, "hadamard")
    for e in (Product((Power(inner, Fraction(2)), long)), Product((inner, inner))):
        rule.rewrite(e, Context(network, {}))
    assert tried == [Product((inner, inner))]
