"""Steps that rest on another derivation: it must be proved, of the same network, and as general; claims never are."""

from __future__ import annotations

from dataclasses import replace

import pytest

from symbackprop.derivation import Derivation, Step
from symbackprop.dims import DEPTH, ONE, Bounds, dim, index
from symbackprop.errors import RuleError
from symbackprop.expr import SMALLEST, ActivationJacobian, Expr, Named, Norm, PreActivation, SingularValue, number
from symbackprop.judges import kernel
from symbackprop.judges.outcome import Outcome, Proved, Refuted, Undecided
from symbackprop.network import MLP
from symbackprop.quantities import Quantities
from symbackprop.rules import norms
from symbackprop.rules.citation import as_derived, claimed
from symbackprop.statements import equal
from symbackprop.substitution import replace_at
from symbackprop.tree import Path

SHAPES = {"A": ("n", "n"), "B": ("n", "n"), "v": ("n",), "s": ()}
SPACE = Quantities(SHAPES)
A, B, v, s = (Named(name) for name in "ABvs")
l = index("l")
EMPTY = SingularValue(ActivationJacobian("g", PreActivation(l)), SMALLEST)


def begin(start: Expr, space: Quantities = SPACE) -> Derivation:
    return Derivation(start, space, known=SPACE.bounds)


BELOW = begin(Norm(A @ v)).by(norms.bounded_below)
ABOVE = begin(Norm(A @ v)).by(norms.bounded)
NORM = begin(Norm(A)).by(norms.as_largest)


def cited(
    proof: Derivation, known: Bounds, *, start: Expr | None = None, where: Path = (), relation: str = ""
) -> Outcome:
    """What the kernel says of a step by a derivation, perhaps under another relation."""
    rule = as_derived(proof)
    rule = replace(rule, relation=relation or rule.relation)
    before = proof.start if start is None else start
    after = replace_at(before, where, proof.result)
    step = Step(before, rule.relation, after, rule, where, (), known, (), (proof,))
    # about the network of the test, whatever the proof is about
    network = SPACE if isinstance(proof.network, Quantities) else proof.network
    return kernel.judge(step, Derivation(before, network, (step,), known))


def test_a_proof_is_cited() -> None:
    assert isinstance(cited(BELOW, SPACE.bounds), Proved)
    assert isinstance(cited(NORM, SPACE.bounds, start=s @ Norm(A), where=(1,)), Proved)


def test_an_equality_is_cited_as_an_inequality() -> None:
    assert isinstance(cited(NORM, SPACE.bounds, relation="≤"), Proved)


@pytest.mark.parametrize(("proof", "relation"), [(BELOW, "≤"), (BELOW, "="), (ABOVE, "≥"), (ABOVE, "=")])
def test_an_inequality_is_cited_as_it_is(proof: Derivation, relation: str) -> None:
    assert isinstance(cited(proof, SPACE.bounds, relation=relation), Refuted)


def test_an_inequality_is_cited_of_a_whole_line_only() -> None:
    assert isinstance(cited(ABOVE, SPACE.bounds, start=s @ Norm(A @ v), where=(1,)), Undecided)


def test_a_proof_for_fewer_layers_is_refused() -> None:
    proof = Derivation(EMPTY, MLP(), known={"l": (dim(2), DEPTH)}).by(norms.empty_bound)
    assert isinstance(cited(proof, {"l": (ONE, DEPTH)}), Refuted)
    assert isinstance(cited(proof, {"l": (dim(2), DEPTH)}), Proved)
    assert isinstance(cited(proof, {"l": (dim(3), DEPTH)}), Proved)


def test_a_proof_that_assumes_more_is_refused() -> None:
    given = (equal(A, B),)
    proof = Derivation(A @ v, SPACE, known=SPACE.bounds, given=given).by(norms.assumed(A, B, ()), at=())
    assert isinstance(kernel.judge(proof.steps[0], proof), Proved)
    assert isinstance(cited(proof, SPACE.bounds), Refuted)


def test_a_proof_about_another_network_is_refused() -> None:
    assert isinstance(cited(begin(Norm(A @ v), Quantities(SHAPES)).by(norms.bounded), SPACE.bounds), Refuted)


def test_a_claim_is_no_proof() -> None:
    claim = begin(Norm(A @ v)).by(claimed("≤", Norm(v), "somebody"), is_true=False)
    assert isinstance(kernel.judge(claim.steps[0], claim), Undecided)
    assert isinstance(cited(claim, SPACE.bounds), Undecided)
    # not even a claim that is true
    true = begin(Norm(A)).by(claimed("=", SingularValue(A), "somebody"))
    assert isinstance(kernel.judge(true.steps[0], true), Undecided)


def test_a_false_step_inside_is_found() -> None:
    (step,) = ABOVE.steps
    false = replace(ABOVE, steps=(replace(step, after=number(2) @ step.after),))
    assert not isinstance(cited(false, SPACE.bounds), Proved)


def test_another_start_is_refused() -> None:
    assert isinstance(cited(ABOVE, SPACE.bounds, start=Norm(B @ v)), Refuted)
    with pytest.raises(RuleError, match="does not apply"):
        begin(Norm(B @ v)).by(as_derived(ABOVE))


def test_equalities_are_read_backwards_and_inequalities_are_not() -> None:
    back = begin(SingularValue(A)).by(as_derived(NORM, backwards=True))
    assert back.result == Norm(A)
    assert isinstance(kernel.judge(back.steps[0], back), Proved)
    with pytest.raises(RuleError, match="cannot be read backwards"):
        as_derived(ABOVE, backwards=True)
