"""The kernel on single steps: what it proves and refutes; a line that does not conform is never proved."""

from __future__ import annotations

from dataclasses import replace

import pytest

from symbackprop.derivation import Derivation, Rule, within
from symbackprop.dims import DEPTH, ONE, bound_to, dim, index
from symbackprop.errors import RuleError, ShapeError
from symbackprop.expr import (
    LOSS,
    ActivationJacobian,
    Hidden,
    IndexedProduct,
    Named,
    Norm,
    Partial,
    PreActivation,
    Product,
    Weight,
)
from symbackprop.judges.kernel import judge
from symbackprop.judges.outcome import Proved, Refuted
from symbackprop.magnitudes import OverUnit
from symbackprop.network import MLP
from symbackprop.quantities import Quantities
from symbackprop.rules.gradients import through_activation, through_weights
from symbackprop.rules.norms import assumed
from symbackprop.statements import equal

NET = MLP()
l = index("l")
KNOWN = {"l": (dim(1), DEPTH)}
GRADIENT = Partial(LOSS, PreActivation(l))
STEP = Derivation(GRADIENT, NET, known=KNOWN).by(through_activation)


def forged(**changed: object) -> Derivation:
    """The derivation of one step with something of the step changed."""
    (step,) = STEP.steps
    return replace(STEP, steps=(replace(step, **changed),))


def test_a_step_of_the_lecture_is_proved() -> None:
    assert isinstance(judge(STEP.steps[0], STEP), Proved)


CHANGED = {
    "another line after": {"after": ActivationJacobian("g", PreActivation(l + 1)) @ Partial(LOSS, Hidden(l))},
    "another rule": {"rule": through_weights},
    "another relation": {"relation": "≤"},
    "another place": {"where": (0, 1)},
    "another line before": {"before": Partial(LOSS, PreActivation(l + 1))},
    "fewer layers": {"known": {"l": (dim(2), DEPTH)}},
}


@pytest.mark.parametrize("changed", CHANGED.values(), ids=CHANGED)
def test_a_forged_step_is_refuted(changed: dict[str, object]) -> None:
    made = forged(**changed)
    assert isinstance(judge(made.steps[0], made), Refuted)


def test_a_start_that_does_not_conform_is_refused() -> None:
    # W_1 is (n_2-1) × n_1 and ∂L/∂z_1 has n_1-1 entries
    with pytest.raises(ShapeError, match="W_1"):
        Derivation(Weight(1) @ Partial(LOSS, PreActivation(1)), NET)


def test_a_step_inside_a_line_that_does_not_conform_is_refuted() -> None:
    inside = Derivation(Partial(LOSS, PreActivation(1)), NET).by(through_activation)
    (step,) = inside.steps

    def around(e: Product | Partial) -> Product:
        return Weight(1) @ e

    line = replace(step, before=around(inside.start), after=around(step.after), where=(1,))
    made = replace(inside, start=around(inside.start), steps=(line,))
    assert isinstance(judge(line, made), Refuted)


def test_a_rule_that_changes_the_shape_does_not_apply() -> None:
    shorter = Rule("shorter", lambda e, _: Partial(LOSS, PreActivation(l)) if e == Partial(LOSS, Hidden(l)) else None)
    with pytest.raises(ShapeError, match="shorter"):
        Derivation(Partial(LOSS, Hidden(l)), NET, known=KNOWN).by(shorter)


def test_a_rule_that_does_not_apply_says_where() -> None:
    with pytest.raises(RuleError, match="through the weights"):
        Derivation(GRADIENT, NET, known=KNOWN).by(through_weights)


# --- what is bound at the place of a step -----------------------------------------------------------------------------


def test_an_assumption_about_x_says_nothing_under_a_supremum_over_x() -> None:
    """From x = v it does not follow that sup ‖A x‖ over x is sup ‖A v‖, which is ‖A v‖."""
    A, x, v = Named("A"), Named("x"), Named("v")
    space = Quantities({"A": ("m", "n"), "x": ("n",), "v": ("n",)})
    outside = Derivation(Norm(A @ x), space, known=space.bounds, given=(equal(x, v),))
    put_in = assumed(x, v, ("By assumption.",))
    step = outside.by(put_in, at=(0, 1))
    assert isinstance(judge(step.steps[0], step), Proved)
    bound = replace(outside, start=OverUnit("sup", x, Norm(A @ x))).by(put_in, at=(1, 0, 1))
    assert not isinstance(judge(bound.steps[0], bound), Proved)


def test_bounds_by_a_symbol_that_is_bound_anew_are_forgotten() -> None:
    known = {"k": (ONE, index("l")), "l": (ONE, dim(3)), "m": (ONE, DEPTH)}
    assert bound_to(known, "l", (dim(2), DEPTH)) == {"m": (ONE, DEPTH), "l": (dim(2), DEPTH)}
    product = IndexedProduct("l", dim(2), DEPTH, Norm(Weight(index("l"))))
    assert "k" not in within(product, (0,), known)
    assert within(product, (), known) == known
