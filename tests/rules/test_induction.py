"""The lecture's "…": a wrong base, step or bound is rejected, when it is made and when it is forged by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from symbackprop.derivation import Derivation, Step
from symbackprop.dims import DEPTH as L
from symbackprop.dims import ONE, Bounds, Dim, dim, index
from symbackprop.errors import RuleError, ShapeError
from symbackprop.expr import LOSS, ActivationJacobian, Expr, Hidden, IndexedProduct, Partial, PreActivation, Weight
from symbackprop.judges import exact, kernel
from symbackprop.judges.claim import Claim
from symbackprop.judges.outcome import Outcome, Proved, Refuted, Supported, Undecided
from symbackprop.network import MLP
from symbackprop.rules.gradients import through_activation, through_weights
from symbackprop.rules.induction import Induction, induction
from symbackprop.rules.products import absorb, fold, peel

NET = MLP()
k, l, m = index("k"), index("l"), index("m")
BODY = ActivationJacobian("g", PreActivation(k)) @ Weight(k).T
TRANSPOSED = ActivationJacobian("g", PreActivation(k)) @ Weight(k)
Prove = Callable[[Derivation], Derivation]


def d(e: Expr) -> Partial:
    return Partial(LOSS, e)


def z(layer: Dim | int) -> PreActivation:
    return PreActivation(dim(layer))


def line(lower: Dim | int, upper: Dim | int, end: Dim | int, body: Expr = BODY) -> Expr:
    """`∏_{k=lower}^{upper} [D_k W_kᵀ] ∂L/∂z_end`."""
    return IndexedProduct("k", dim(lower), dim(upper), body) @ d(z(end))


def empty(start: Derivation) -> Derivation:
    return start.by(fold("k", BODY, 1, 0))


def layer(start: Derivation) -> Derivation:
    return start.by(through_activation).by(through_weights).by(absorb)


CLAIM = line(1, m - 1, m)
START = Derivation(d(z(1)), NET)


def made(
    claim: Expr = CLAIM,
    lower: Dim | int = 1,
    upper: Dim | int = L,
    base: Prove = empty,
    step: Prove = layer,
    start: Derivation = START,
) -> Derivation:
    return start.by(induction("m", claim, lower, dim(upper), base, step))


GOOD = made()
STEP = GOOD.steps[0]
RULE = STEP.rule
assert isinstance(RULE, Induction)
BASE, INDUCT = STEP.subproofs


def judged(step: Step) -> Outcome:
    return kernel.judge(step, replace(GOOD, steps=(step,)))


def test_the_right_one_is_proved():
    assert GOOD.result == line(1, L - 1, L)
    assert isinstance(judged(STEP), Proved)
    assert isinstance(exact.judge(Claim(GOOD.start, "=", GOOD.result, NET)), Supported)
    assert BASE.result == line(1, 0, 1)
    assert INDUCT.start == CLAIM
    assert INDUCT.result == line(1, m, m + 1)
    assert INDUCT.known["m"] == (ONE, L - 1)
    for proof in STEP.subproofs:
        assert all(isinstance(kernel.judge(step, proof), Proved) for step in proof.steps)


def test_up_to_the_output():
    on = made(upper=L + 1)
    assert on.result == line(1, L, L + 1)
    assert isinstance(kernel.judge(on.steps[0], on), Proved)


def test_from_a_symbolic_layer():
    start = Derivation(d(z(l)), NET, known={"l": (ONE, L)})
    on = made(line(l, m - 1, m), l, L + 1, lambda s: s.by(fold("k", BODY, l, l - 1)), start=start)
    assert on.result == line(l, L, L + 1)
    assert isinstance(kernel.judge(on.steps[0], on), Proved)


# --- as it is made ---------------------------------------------------------------------------------------------------

REFUSED: dict[str, tuple[Callable[[], Derivation], str]] = {
    "no base": (lambda: made(base=lambda s: s), "the base case of the induction ends in ∂L/∂z_1"),
    "base at another layer": (
        lambda: made(lower=2, upper=L + 1),
        "the base case of the induction ends in ∏_{k=1}^{0}",
    ),
    "base below the first layer": (lambda: made(lower=0), "the base case of the induction"),
    "base of another product": (
        lambda: made(base=lambda s: s.by(fold("k", TRANSPOSED, 1, 0))),
        "the base case of the induction",
    ),
    "no step": (lambda: made(step=lambda s: s), "the step of the induction"),
    "half a step": (lambda: made(step=lambda s: s.by(through_activation)), "the step of the induction"),
    "step without absorbing": (
        lambda: made(step=lambda s: s.by(through_activation).by(through_weights)),
        "the step of the induction",
    ),
    "two steps": (lambda: made(step=lambda s: layer(layer(s))), ""),
    "claim off by one, product too long": (lambda: made(line(1, m, m)), "the base case of the induction"),
    "claim off by one, product too short": (lambda: made(line(1, m - 2, m)), ""),
    "claim off by one, gradient": (lambda: made(line(1, m - 1, m + 1)), "the base case of the induction"),
    "claim starts at 0": (lambda: made(line(0, m - 1, m)), "the base case of the induction"),
    "claim with W for Wᵀ": (lambda: made(line(1, m - 1, m, TRANSPOSED)), ""),
    "claim about h": (
        lambda: made(IndexedProduct("k", dim(1), m - 1, BODY) @ d(Hidden(m))),
        "the base case of the induction",
    ),
    "beyond the output": (lambda: made(upper=L + 2), ""),
    "upper below lower": (lambda: made(upper=0), "needs to know more of the indices"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_not_made(name):
    make, message = REFUSED[name]
    # a claim whose factors do not even conform is refused by its shapes, before its proof is looked at
    with pytest.raises((RuleError, ShapeError)) as refused:
        make()
    shapes = isinstance(refused.value, ShapeError)
    assert shapes or message in str(refused.value)


# --- forged by hand --------------------------------------------------------------------------------------------------


def ending(upper: Dim, **changes: object) -> Step:
    """The induction with another upper bound, its line after changed with it."""
    rule = replace(RULE, upper=upper, rewrite=lambda e, context: line(1, upper - 1, upper))
    return replace(STEP, rule=rule, after=line(1, upper - 1, upper), **changes)


def claiming(claim: Expr, after: Expr, base: Derivation = BASE, induct: Derivation = INDUCT) -> Step:
    rule = replace(RULE, claim=claim, rewrite=lambda e, context: after)
    return replace(STEP, rule=rule, after=after, subproofs=(base, induct))


def shown_for(bounds: tuple[Dim | None, Dim | None]) -> Derivation:
    """The step shown for other values of the index only."""
    known: Bounds = {**INDUCT.known, "m": bounds}
    inner = tuple(replace(step, known=known) for step in INDUCT.steps)
    return replace(INDUCT, known=known, steps=inner)


def wrong_line(proof: Derivation, after: Expr) -> Derivation:
    """A proof of which the last line is another."""
    return replace(proof, steps=(*proof.steps[:-1], replace(proof.steps[-1], after=after)))


LONGER, SHORTER = line(1, m, m), line(1, m - 2, m)
ONLY_DEEP: Bounds = {**BASE.known, "L": (dim(3), None)}
TWO = MLP(depth=2)
FORGED: dict[str, Step] = {
    "one layer further than shown": ending(L + 1),
    "two layers further than shown": ending(L + 2),
    "a layer less than its rule says": replace(STEP, after=line(1, L - 2, L - 1)),
    "a layer more than its rule says": replace(STEP, after=line(1, L, L + 1)),
    "lower bound 0": replace(STEP, rule=replace(RULE, lower=dim(0))),
    "lower bound 2": replace(STEP, rule=replace(RULE, lower=dim(2))),
    "upper bound below the lower one": ending(dim(0)),
    "no subproofs": replace(STEP, subproofs=()),
    "no base": replace(STEP, subproofs=(INDUCT,)),
    "base twice": replace(STEP, subproofs=(BASE, BASE)),
    "subproofs swapped": replace(STEP, subproofs=(INDUCT, BASE)),
    "base without steps": replace(STEP, subproofs=(replace(BASE, steps=()), INDUCT)),
    "base of another line": replace(STEP, subproofs=(replace(BASE, start=d(z(2))), INDUCT)),
    "base with a wrong line": replace(STEP, subproofs=(wrong_line(BASE, line(1, 1, 2)), INDUCT)),
    "step without steps": replace(STEP, subproofs=(BASE, replace(INDUCT, steps=()))),
    "step without its last line": replace(STEP, subproofs=(BASE, replace(INDUCT, steps=INDUCT.steps[:-1]))),
    "step with a wrong line": replace(STEP, subproofs=(BASE, wrong_line(INDUCT, line(1, m + 1, m + 2)))),
    "step not shown for the last layer": replace(STEP, subproofs=(BASE, shown_for((ONE, L - 2)))),
    "step not shown for the first layer": replace(STEP, subproofs=(BASE, shown_for((dim(2), L - 1)))),
    "step shown for one layer only": replace(STEP, subproofs=(BASE, shown_for((dim(3), dim(3))))),
    "lines of the step shown for one layer only": replace(
        STEP, subproofs=(BASE, replace(INDUCT, steps=shown_for((dim(3), dim(3))).steps))
    ),
    "step shown for deep networks only": replace(
        STEP, subproofs=(BASE, replace(INDUCT, known={**INDUCT.known, "L": (dim(3), None)}))
    ),
    "base shown for deep networks only": replace(STEP, subproofs=(replace(BASE, known=ONLY_DEEP), INDUCT)),
    "subproofs about another network": replace(
        STEP, subproofs=(replace(BASE, network=TWO), replace(INDUCT, network=TWO))
    ),
    "claim off by one, long": claiming(LONGER, line(1, L, L)),
    "claim off by one, short": claiming(SHORTER, line(1, L - 2, L)),
    "claim off by one, base and step cut to fit": claiming(
        LONGER,
        line(1, L, L),
        replace(BASE, steps=(replace(BASE.steps[0], after=line(1, 1, 1)),)),
        replace(INDUCT, start=LONGER, steps=(replace(INDUCT.steps[-1], before=LONGER, after=line(1, m + 1, m + 1)),)),
    ),
    "claim without transpose": claiming(line(1, m - 1, m, TRANSPOSED), line(1, L - 1, L, TRANSPOSED)),
    "another relation": replace(STEP, relation="≤"),
    "from another line": replace(STEP, before=d(z(2))),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_induction_is_not_proved(name):
    assert isinstance(judged(FORGED[name]), Refuted | Undecided)


@pytest.mark.parametrize(
    "name", [name for name in FORGED if "wrong line" in name or "not shown" in name or "layer more" in name]
)
def test_and_what_is_plainly_wrong_is_refuted(name):
    assert isinstance(judged(FORGED[name]), Refuted)


@pytest.mark.parametrize("after", [line(1, L, L), line(1, L - 2, L), line(1, L - 1, L, TRANSPOSED), line(2, L - 1, L)])
def test_what_they_would_say_is_false(after):
    """The forgeries matter: a kernel that proved them would prove something false."""
    assert isinstance(exact.judge(Claim(d(z(1)), "=", after, NET)), Refuted)


def test_the_steps_of_a_product_need_its_bounds():
    """`∏_{k=1}^{L-1}` has no first factor at depth 1: `peel` says so, and a depth of 2 is assumed."""
    start = Derivation(line(1, L - 1, L), NET)
    on = start.by(peel)
    assert on.steps[0].assuming == ("L ≥ 2",)
    assert isinstance(kernel.judge(on.steps[0], on), Proved)
    unsaid = replace(on.steps[0], assuming=())
    assert isinstance(kernel.judge(unsaid, replace(on, steps=(unsaid,))), Refuted)
    shallow = replace(unsaid, known={"L": (ONE, None)})
    assert not isinstance(kernel.judge(shallow, replace(on, steps=(shallow,))), Proved)


def test_a_product_that_is_not_defined_is_not_made():
    with pytest.raises(RuleError, match="a product from 3 to 1 is not defined"):
        fold("k", BODY, 3, 1)
    with pytest.raises(RuleError, match="use an induction"):
        fold("k", BODY, 1, L)
