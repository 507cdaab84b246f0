"""The lecture's bounds: every step proved, claims refuted with numbers, and the ends right for random networks."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache, reduce

import numpy as np
import pytest

from symbackprop import expr
from symbackprop.derivation import Derivation, Step
from symbackprop.errors import RuleError
from symbackprop.expr import LEAST_NONZERO, SMALLEST, Expr, IndexedProduct, Norm, Product, SingularValue, number
from symbackprop.judges import kernel, numeric
from symbackprop.judges.outcome import Proved, Refuted
from symbackprop.judges.settings import BRIEF
from symbackprop.library import derive
from symbackprop.network import MLP
from symbackprop.numeric.bounds import BoundLadder
from symbackprop.rules.norms import bounded_below
from symbackprop.topic import Prose, Remark, Topic
from symbackprop.tree import children, rebuild, subterms
from symbackprop.verify import JUDGES, Judged, claim_of

Array = np.ndarray
NETWORKS: dict[str, Callable[[], MLP]] = {
    "lecture": MLP,
    "depth 1": lambda: MLP(depth=1),
    "depth 3": lambda: MLP(depth=3),
    "given widths": lambda: MLP(widths=[4, 3, 3, 2], activation="tanh"),
    "separate biases": lambda: MLP(bias="separate"),
    "no biases": lambda: MLP(bias="none"),
    "no biases, depth 1": lambda: MLP(depth=1, bias="none"),
    "sigmoids": lambda: MLP(activation="sigmoid", loss="softmax_cross_entropy"),
    "one output": lambda: MLP(widths=[4, 3, 1]),
    "one unit": lambda: MLP(widths=[4, 2, 2]),
    "one of each": lambda: MLP(widths=[3, 1, 1], bias="separate"),
    "more outputs than units": lambda: MLP(widths=[4, 3, 3, 5]),
    "separate, given widths": lambda: MLP(widths=[4, 3, 3, 2], bias="separate"),
}
EACH = pytest.mark.parametrize("network", NETWORKS)
BOUNDS = ("vanishing_gradients", "exploding_gradients")


@cache
def topic(name: str, network: str = "lecture") -> Topic:
    made = derive(name, NETWORKS[network]())
    assert isinstance(made, Topic)
    return made


def steps(made: Topic) -> list[tuple[Step, Derivation]]:
    return [(step, derivation) for derivation in made.derivations for step in derivation.steps]


# --- proofs and refutations ------------------------------------------------------------------------------------------


def unproved(made: Topic) -> list[str]:
    return [
        f"{step.rule.name}: {kernel.judge(step, derivation).detail}"
        for step, derivation in steps(made)
        if step.is_true and not isinstance(kernel.judge(step, derivation), Proved)
    ]


def test_the_lemma_is_proved() -> None:
    assert not unproved(topic("spectral_norm"))
    assert [each.relation for each in topic("spectral_norm").derivations] == ["=", "≤", "=", "≤"]


@EACH
@pytest.mark.parametrize("name", BOUNDS)
def test_every_step_is_proved_but_claims(name: str, network: str) -> None:
    assert not unproved(topic(name, network))


@EACH
def test_the_claim_is_refuted_with_numbers(network: str) -> None:
    claims = [
        (step, derivation) for step, derivation in steps(topic("exploding_gradients", network)) if not step.is_true
    ]
    # where every matrix is a number, both sides are equal
    assert len(claims) == (network != "one of each")
    for step, derivation in claims:
        assert any(part.which == LEAST_NONZERO for _, part in subterms(step.after) if isinstance(part, SingularValue))
        outcomes = {
            "kernel": kernel.judge(step, derivation),
            "numeric": numeric.judge(claim_of(step, derivation), BRIEF),
        }
        assert not isinstance(outcomes["kernel"], Proved)
        assert isinstance(outcomes["numeric"], Refuted)
        seen = re.search(r"entry 1,1 is (\S+) on the left, (\S+) on the right", outcomes["numeric"].detail)
        assert seen is not None
        assert float(seen[1]) < float(seen[2])
        assert Judged(derivation, 1, step, outcomes).as_expected
        assert not Judged(derivation, 1, replace(step, is_true=True), outcomes).as_expected


def test_without_a_refutation_a_claim_is_not_as_expected() -> None:
    ((step, derivation),) = [pair for pair in steps(topic("exploding_gradients")) if not pair[0].is_true]
    kernels = dict.fromkeys(JUDGES, kernel.judge(step, derivation))
    assert not Judged(derivation, 1, step, kernels).as_expected


# --- relations -------------------------------------------------------------------------------------------------------


@EACH
def test_each_chain_leads_one_way(network: str) -> None:
    above, below = (topic(name, network) for name in BOUNDS)
    assert {each.relation for each in above.derivations} <= {"=", "≤"}
    assert {each.relation for each in below.derivations} <= {"=", "≥"}
    assert above.derivation.relation == "≤"
    assert below.derivation.relation == "≥"


def ladder(name: str, network: str) -> Derivation:
    return next(each for each in topic(name, network).derivations if each.start == Norm(_first_weights(each), "F"))


def _first_weights(derivation: Derivation) -> Expr:
    return expr.Partial(expr.LOSS, expr.Weight(0))


# --- falsified steps -------------------------------------------------------------------------------------------------


def _turned(step: Step) -> Step:
    return replace(step, relation={"≤": "≥", "≥": "≤", "=": "≤"}[step.relation])


def _turned_with_its_rule(step: Step) -> Step:
    turned = _turned(step)
    return replace(turned, rule=replace(step.rule, relation=turned.relation))


def _dropped(step: Step) -> Step:
    """The first factor of the line after left out."""
    e = step.after
    if isinstance(e, Product) and len(e.factors) > 1:
        rest = e.factors[1:]
        return replace(step, after=rest[0] if len(rest) == 1 else Product(rest))
    return replace(step, after=number(2) @ e)


def _other_end(step: Step) -> Step:
    """The smallest for the largest, and the other way round, everywhere."""

    def changed(e: Expr) -> Expr:
        e = rebuild(e, tuple(changed(each) for each in children(e)))
        if isinstance(e, SingularValue):
            return SingularValue(e.operand, SMALLEST if e.which != SMALLEST else "largest")
        return e

    return replace(step, after=changed(step.after))


@pytest.mark.parametrize("falsified", [_turned, _turned_with_its_rule, _dropped, _other_end])
@pytest.mark.parametrize("name", ["spectral_norm", *BOUNDS])
def test_a_falsified_step_is_not_proved(name: str, falsified: Callable[[Step], Step]) -> None:
    for step, derivation in steps(topic(name, "lecture")):
        false = falsified(step)
        if not step.is_true or false == step or (falsified is _turned_with_its_rule and step.relation == "="):
            continue
        made = replace(derivation, steps=tuple(false if each is step else each for each in derivation.steps))
        assert not isinstance(kernel.judge(false, made), Proved), f"{step.rule.name}: {false.after}"


def test_a_falsified_subproof_is_not_proved() -> None:
    (induction,) = [
        (step, derivation)
        for step, derivation in steps(topic("vanishing_gradients", "depth 3"))
        if step.rule.name == "induction" and step.relation == "≤"
    ]
    step, derivation = induction
    base, induct = step.subproofs
    for at, inner in enumerate(induct.steps):
        false = replace(induct, steps=(*induct.steps[:at], _turned(inner), *induct.steps[at + 1 :]))
        changed = replace(step, subproofs=(base, false))
        made = replace(derivation, steps=tuple(changed if each is step else each for each in derivation.steps))
        assert not isinstance(kernel.judge(changed, made), Proved)


def test_inequalities_of_both_kinds_do_not_compose() -> None:
    above = topic("vanishing_gradients", "depth 1").derivations[0]
    with pytest.raises(RuleError):
        above.by(bounded_below)


# --- what is empty ---------------------------------------------------------------------------------------------------


def empty(network: str) -> Remark:
    return next(
        part
        for part in topic("exploding_gradients", network).parts
        if isinstance(part, Remark) and part.title.startswith("As the fact")
    )


def ends_in_zero(remark: Remark) -> bool:
    return any(isinstance(part, Derivation) and part.result == number(0) for part in remark.parts)


def words(remark: Remark) -> str:
    return " ".join(str(word) for part in remark.parts if isinstance(part, Prose) for word in part.words)


@pytest.mark.parametrize("network", ["lecture", "depth 1", "depth 3", "given widths", "one output", "one unit"])
def test_with_bias_units_the_lower_bound_is_zero(network: str) -> None:
    assert ends_in_zero(empty(network))
    assert "empty" in empty(network).title


def test_with_separate_biases_it_is_zero_where_the_first_layer_has_two_units() -> None:
    assert ends_in_zero(empty("separate, given widths"))
    assert "column of zeros" in words(empty("separate, given widths"))
    for symbolic in ("separate biases", "no biases"):
        assert not ends_in_zero(empty(symbolic))
        assert "two units or more" in words(empty(symbolic))
    assert "may say something" in words(empty("one of each"))
    assert "two units" not in words(empty("one of each"))


# --- random networks, by hand ----------------------------------------------------------------------------------------


def random_network(widths: tuple[int, ...], seed: int) -> tuple[list[Array], list[Array], Array, Array]:
    """Weights with a bias column, slopes of tanh in each layer, input, and `∂L/∂ŷ`."""
    rng = np.random.default_rng(seed)
    depth = len(widths) - 2
    W = [
        rng.standard_normal((widths[k + 1] - (k < depth), widths[k])) * rng.choice([0.3, 1.0, 3.0])
        for k in range(depth + 1)
    ]
    x = np.append(rng.standard_normal(widths[0] - 1), 1.0)
    h, slopes = x, []
    for weights in W[:-1]:
        z = weights @ h
        slopes.append(1 - np.tanh(z) ** 2)
        h = np.append(np.tanh(z), 1.0)
    return W, slopes, x, rng.standard_normal(widths[-1])


def sigma(A: Array) -> Array:
    return np.linalg.svd(A, compute_uv=False)


WIDTHS = ((4, 3, 2), (4, 3, 3, 2), (5, 6, 4, 3, 2), (3, 2, 2), (4, 3, 1), (3, 3, 4, 5))


@pytest.mark.parametrize("widths", WIDTHS)
def test_the_bounds_hold_for_random_networks(widths: tuple[int, ...]) -> None:
    for seed in range(40):
        W, slopes, x, upstream = random_network(widths, seed)
        bare = [weights[:, :-1] for weights in W[1:]]
        layers = [np.diag(slope) @ weights.T for slope, weights in zip(slopes, bare, strict=True)]
        first = reduce(lambda v, layer: layer @ v, reversed(layers), upstream)
        rows = [abs(each) * np.linalg.norm(x) for each in first]
        upper = np.linalg.norm(upstream) * np.linalg.norm(x)
        for slope, weights in zip(slopes, W[1:], strict=True):
            upper *= slope.max() * sigma(weights)[0]
        lower = np.linalg.norm(upstream) * np.linalg.norm(x)
        for slope, weights in zip(slopes, bare, strict=True):
            tall = weights.shape[1] >= weights.shape[0]
            lower *= slope.min() * (sigma(weights)[-1] if tall else 0)
        whole = np.linalg.norm(np.outer(first, x))
        room = 1 + 1e-12
        assert max(rows) <= upper * room
        assert whole <= upper * room
        assert whole * room >= lower
        assert max(rows) * room >= lower / np.sqrt(widths[1] - 1)


def form(e: Expr) -> list[str]:
    """The kinds of factors of a bound, in order."""
    parts = e.factors if isinstance(e, Product) else (e,)
    return [type(part).__name__ for part in parts]


@pytest.mark.parametrize("network", ["lecture", "depth 1", "given widths"])
def test_the_results_are_the_products_that_were_tried(network: str) -> None:
    above, below = ladder("vanishing_gradients", network), ladder("exploding_gradients", network)
    for derivation, which, kind in ((above, "largest", "max"), (below, SMALLEST, "min")):
        assert form(derivation.result) == ["Norm", "IndexedProduct", "Norm"]
        layers = derivation.result.factors[1]
        assert isinstance(layers, IndexedProduct)
        slope, weights = layers.body.factors
        assert (slope.kind, weights.which) == (kind, which)


def test_the_counterexample_on_the_page_is_one() -> None:
    """The numbers in the table, by hand: a row's norm lies below the product of smallest nonzero singular values."""
    found = BoundLadder(MLP(widths=[3, 3, 2], activation="tanh")).counterexample()
    assert found is not None
    W = [np.array(each, dtype=float) for each in found.W]
    x, upstream = (np.array(each, dtype=float).ravel() for each in (found.x, found.upstream))
    slope = 1 - np.tanh(W[0] @ x) ** 2
    D = np.column_stack([np.diag(slope), np.zeros(len(slope))])
    rows = np.abs(D @ W[1].T @ upstream) * np.linalg.norm(x)
    claimed = np.linalg.norm(x) * slope.min() * sigma(W[1])[-1] * np.linalg.norm(upstream)
    assert min(rows) < claimed
    assert claimed == pytest.approx(float(found.claimed))
    assert rows == pytest.approx([float(each) for each in found.rows])


def test_a_normalized_network_is_refused_in_words() -> None:
    for name in BOUNDS:
        with pytest.raises(RuleError, match="leave the normalization out"):
            derive(name, MLP(normalization="layer"))
