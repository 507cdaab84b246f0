"""Backward through normalizations: each step judged, wrong variants refuted, closed forms as on paper."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import normalization_variants
import pytest

from symbackprop.derivation import Derivation, Rule, Step
from symbackprop.dims import ONE, dim, index, units
from symbackprop.errors import SymbackpropError
from symbackprop.expr import (
    LOSS,
    Diagonal,
    Expr,
    Identity,
    Named,
    Ones,
    Partial,
    Power,
    PreActivation,
    Quotient,
    Row,
    Size,
    SquareRoot,
    Weight,
    Zeros,
    number,
)
from symbackprop.groups import EntrywisePower, Membership
from symbackprop.judges import exact, kernel, numeric
from symbackprop.judges.claim import Claim
from symbackprop.judges.outcome import Outcome, Proved, Refuted, Supported, Undecided
from symbackprop.network import MLP
from symbackprop.normalization import SCHEMES
from symbackprop.rules.gradients import weight_row
from symbackprop.rules.layers import layer_factor, layer_rules, to_layer
from symbackprop.rules.normalization import (
    bias_before,
    invariances,
    parameter_gradients,
    projection,
    through_scheme,
    through_set,
)
from symbackprop.verify import claim_of

CASES = {case.name: case for case in normalization_variants.CASES}
EACH = pytest.mark.parametrize("name", CASES)
l = index("l")
EPSILONS = pytest.mark.parametrize("epsilon", [None, "epsilon", 0.001])


def d(e: Expr) -> Partial:
    return Partial(LOSS, e)


def all_good(derivation: Derivation) -> None:
    """Every step is proved for all widths, and supported by both judges that import no rule."""
    for step in derivation.steps:
        claim = claim_of(step, derivation)
        assert isinstance(kernel.judge(step, derivation), Proved), step.after
        assert isinstance(exact.judge(claim), Supported), step.after
        assert isinstance(numeric.judge(claim), Supported), step.after


# --- wrong variants ---------------------------------------------------------------------------------------------------


def claim(case, right: Expr) -> Claim:
    return Claim(case.start, "=", right, case.network, case.known)


def started(case) -> Derivation:
    return Derivation(case.start, case.network, known=case.known)


def by_faulty(case, after: Expr) -> Outcome:
    """What the kernel says of a step by a rule that makes one line of everything, under the name of the right one."""
    rule = Rule(case.rule.name, lambda e, context: after, case.rule.statement)
    step = Step(case.start, "=", after, rule, (), "because", case.known)
    return kernel.judge(step, replace(started(case), steps=(step,)))


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
    all_good(made)


@EACH
def test_every_wrong_variant_is_refuted(name):
    case = CASES[name]
    found = {what: exact.judge(claim(case, right)) for what, right in case.wrong.items()}
    assert not {what: outcome for what, outcome in found.items() if not isinstance(outcome, Refuted)}


@EACH
def test_the_numeric_judge_supports_none(name):
    case = CASES[name]
    outcomes = [numeric.judge(claim(case, wrong)) for wrong in list(case.wrong.values())[::3]]
    assert all(isinstance(outcome, Refuted | Undecided) for outcome in outcomes)
    assert any(isinstance(outcome, Refuted) for outcome in outcomes)


@EACH
def test_the_kernel_proves_no_wrong_line(name):
    case = CASES[name]
    assert not [what for what, wrong in case.wrong.items() if isinstance(by_faulty(case, wrong), Proved)]
    assert isinstance(by_faulty(case, case.right), Proved)


# --- a layer ----------------------------------------------------------------------------------------------------------

N = Size(units(l))
S, V, U, C, A = (Named(name, l) for name in "svuca")
ROOT = Quotient(SquareRoot(N), S)
UP = Diagonal(V) @ d(A)


def projector(column: Expr, is_centred: bool) -> Expr:
    """`I - 11ᵀ/n - ccᵀ/s²`, or without the mean."""
    identity = Identity(units(l))
    mean = Quotient(number(1), N) @ Ones(units(l)) @ Ones(units(l)).T
    along = Quotient(number(1), Power(S, Fraction(2))) @ column @ column.T
    return identity - mean - along if is_centred else identity - along


@EPSILONS
@pytest.mark.parametrize(("name", "column"), [("layer", C), ("rms", PreActivation(l))])
def test_the_closed_form_of_a_layer(name, column, epsilon):
    """The remarks: ∂L/∂z = (√n/s)(P - ĉĉᵀ)(v ⊙ q), ∂L/∂v = √n ĉ ⊙ q, ∂L/∂u = q."""
    network = MLP(normalization=name, epsilon=epsilon)
    derivation = through_scheme(network)
    assert derivation.result == ROOT @ projector(column, name == "layer") @ UP
    all_good(derivation)
    scale, shift = parameter_gradients(network)
    assert scale.result == ROOT @ Diagonal(column) @ d(A)
    assert shift.result == d(A)
    all_good(scale)
    all_good(shift)


def test_the_steps_are_those_of_a_lecture():
    """Chain rule over the uses of z, of the mean, of c and of s, and common factors taken out between them."""
    lines = through_scheme(MLP(normalization="layer")).lines
    mean, ones = Named("mean", l), Ones(units(l))
    part = Quotient(number(1), N) @ ones
    assert lines[1] == d(C) + part @ d(mean)
    assert lines[2] == d(C) + part @ -(ones.T @ d(C))
    assert lines[3] == (Identity(units(l)) - part @ ones.T) @ d(C)
    assert len(lines) == 8


@pytest.mark.parametrize("bias", ["separate", "none"])
def test_other_biases(bias):
    all_good(through_scheme(MLP(normalization="layer", bias=bias)))


def test_a_network_without_normalization_has_nothing_to_go_through():
    with pytest.raises(SymbackpropError, match="write MLP\\(normalization='layer'\\)"):
        through_scheme(MLP())


# --- what a layer forgets ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["layer", "rms"])
def test_the_gradient_is_orthogonal_to_what_is_forgotten(name):
    """The remarks: `1ᵀ ∂L/∂z = cᵀ ∂L/∂z = 0`."""
    made = invariances(MLP(normalization=name))
    assert len(made) == (2 if name == "layer" else 1)
    for derivation in made:
        assert derivation.result == number(0)
        all_good(derivation)


def test_with_epsilon_an_eigenvalue_is_left():
    """The remarks: the eigenvalue along ĉ is `nε/s²`, so `cᵀ ∂L/∂z = (√n/s) (nε/s²) cᵀ (v ⊙ q)`."""
    ones, along = invariances(MLP(normalization="layer", epsilon="epsilon"))
    assert ones.result == number(0)
    eigenvalue = Quotient(N @ Named("epsilon"), Power(S, Fraction(2)))
    wanted = ROOT @ eigenvalue @ C.T @ UP
    for relation, right in (("supported", wanted), ("refuted", number(0)), ("refuted", number(2) @ wanted)):
        outcome = exact.judge(Claim(along.result, "=", right, along.network, along.steps[0].known))
        assert outcome.word == relation
    all_good(along)


@pytest.mark.parametrize(("name", "lost"), [("layer", 2), ("rms", 1)])
def test_the_jacobian_is_a_projection_of_rank(name, lost):
    """The remarks: rank n - 2; a projection has the rank of its trace."""
    square, trace = projection(MLP(normalization=name))
    assert square.start.factors == (square.result, square.result)
    assert trace.result == N - number(lost)
    all_good(square)
    all_good(trace)


def test_with_epsilon_it_is_no_projection():
    network = MLP(normalization="layer", epsilon="epsilon")
    with pytest.raises(SymbackpropError, match="leave ε out"):
        projection(network)
    of = projector(C, is_centred=True)
    assert isinstance(exact.judge(Claim(of @ of, "=", of, network, {"l": (ONE, network.depth)})), Refuted)


def test_a_layer_of_two_units_has_no_gradient():
    network = MLP(normalization="layer", widths=[3, 3, 5, 2])
    z = PreActivation(dim(1))
    assert isinstance(exact.judge(Claim(d(z), "=", number(0) @ z, network)), Supported)
    wider = MLP(normalization="layer", widths=[3, 5, 5, 2])
    assert isinstance(exact.judge(Claim(d(z), "=", number(0) @ z, wider)), Refuted)


# --- groups ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("groups", "epsilon"), [(2, None), (3, "epsilon"), (2, 0.001)])
def test_every_step_through_groups(groups, epsilon):
    """The last line on paper: `diag(M s⁻¹) (I - MMᵀ/m - diag(c) M diag(s⁻²) Mᵀ diag(c)/m) (v ⊙ q)`."""
    derivation = through_scheme(MLP(normalization="group", groups=groups, epsilon=epsilon))
    all_good(derivation)
    assert [step.rule.name for step in derivation.steps[-2:]] == ["common factor", "common factor in front"]
    members, deviations, share = Membership(units(l), groups), Named("deviations", l), Quotient(number(groups), N)
    inverse, squares = (EntrywisePower(deviations, Fraction(-p)) for p in (1, 2))
    along = share @ Diagonal(C) @ members @ Diagonal(squares) @ members.T @ Diagonal(C)
    inner = Identity(units(l)) - share @ members @ members.T - along
    assert derivation.result == Diagonal(members @ inverse) @ inner @ UP


@pytest.mark.parametrize("bias", ["separate", "none"])
def test_other_biases_in_groups(bias):
    all_good(through_scheme(MLP(normalization="group", groups=2, bias=bias)))


def test_one_group_is_the_layer():
    one, layer = (through_scheme(MLP(normalization=name, groups=g)) for name, g in (("group", 1), ("layer", None)))
    assert one.lines == layer.lines


def test_each_group_forgets_its_mean_and_its_length():
    """`Mᵀ ∂L/∂z = 0` and `Mᵀ diag(c) ∂L/∂z = 0`: a group more than `1ᵀ` and `cᵀ` say of a whole layer."""
    for derivation in invariances(MLP(normalization="group", groups=2)):
        assert derivation.result == Zeros(dim(2))
        all_good(derivation)
    # the eigenvalue ε/s² is left: (1/s) (ε/s²) Mᵀ diag(c) (v ⊙ q)
    along = invariances(MLP(normalization="group", groups=2, epsilon="epsilon"))[1]
    members, cubes = Membership(units(l), 2), EntrywisePower(Named("deviations", l), Fraction(-3))
    wanted = Named("epsilon") @ Diagonal(cubes) @ members.T @ Diagonal(C) @ UP
    for relation, right in (("supported", wanted), ("refuted", Zeros(dim(2))), ("refuted", number(2) @ wanted)):
        assert exact.judge(Claim(along.result, "=", right, along.network, along.steps[0].known)).word == relation
    all_good(along)


@pytest.mark.parametrize("groups", [2, 3])
def test_the_jacobian_of_groups_is_a_projection(groups):
    """Two dimensions go in each group, so that the rank is n - 2G."""
    square, trace = projection(MLP(normalization="group", groups=groups))
    assert square.start.factors == (square.result, square.result)
    assert trace.result == N - number(2 * groups)
    all_good(square)
    all_good(trace)


def test_groups_of_two_units_have_no_gradient():
    narrow, wider = (MLP(normalization="group", groups=2, widths=[3, n, 2]) for n in (5, 7))
    z = PreActivation(dim(1))
    assert isinstance(exact.judge(Claim(d(z), "=", number(0) @ z, narrow)), Supported)
    assert isinstance(exact.judge(Claim(d(z), "=", number(0) @ z, wider)), Refuted)


def test_the_weights_behind_eight_groups():
    """Each of eight roots has a value in the field at every second draw: the judge draws anew what has none."""
    derivation = through_scheme(MLP(normalization="group", groups=8, widths=[3, 25, 2]))
    assert isinstance(exact.judge(claim_of(derivation.steps[-1], derivation)), Supported)


# --- every scheme by one lemma ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SCHEMES)
@EPSILONS
def test_the_lemma_of_every_scheme(name, epsilon):
    all_good(through_set(name, epsilon))


@pytest.mark.parametrize("name", SCHEMES)
def test_the_jacobian_of_every_scheme(name):
    """`(1/σ)(I - 11ᵀ/n - x̂x̂ᵀ/n)`, and `(I - zzᵀ/(n r²))/r` for RMS (remarks)."""
    derivation, row = through_set(name), SCHEMES[name]
    size, x, x_hat, sigma = index(row.size), Named("x"), Named("xhat"), Named("sigma")
    identity, count = Identity(size), Size(size)
    mean = Quotient(number(1), count) @ Ones(size) @ Ones(size).T
    hat = Quotient(number(1), count) @ x_hat @ x_hat.T
    inner = identity - mean - hat if row.centred else identity - hat
    out = Quotient(number(1), sigma) @ inner @ d(x_hat)
    assert out in derivation.lines
    if not row.centred:
        along = Quotient(number(1), count @ Power(sigma, Fraction(2))) @ x @ x.T
        assert Quotient(number(1), sigma) @ (identity - along) @ d(x_hat) in derivation.lines


@pytest.mark.parametrize("name", ["layer", "batch"])
@EPSILONS
def test_a_bias_before_a_centred_normalization_has_no_gradient(name, epsilon):
    derivation = bias_before(name, epsilon)
    assert derivation.result == number(0)
    all_good(derivation)


def test_a_bias_before_rms_normalization_has_one():
    from symbackprop.normalization import one_set

    network, _ = one_set("rms", is_biased=True)
    assert isinstance(exact.judge(Claim(d(Named("b")), "=", number(0), network)), Refuted)


# --- through a whole network ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "groups"), [("layer", None), ("rms", None), ("group", 2)])
def test_the_gradient_of_a_row_of_the_first_weights(name, groups):
    """`∏_l [normalization · D_l W_lᵀ]`, by induction, for every depth."""
    network = MLP(normalization=name, groups=groups)
    start = Derivation(d(Row(Weight(0), index("j")).T), network).by(weight_row)
    derivation = to_layer(start, network, 1, network.depth + 1)
    assert isinstance(kernel.judge(derivation.steps[-1], derivation), Proved)
    assert isinstance(exact.judge(claim_of(derivation.steps[-1], derivation)), Supported)
    assert isinstance(numeric.judge(claim_of(derivation.steps[-1], derivation)), Supported)


def test_the_factor_of_a_layer_has_the_jacobian_of_its_normalization():
    factor = layer_factor(MLP(normalization="layer"), "l")
    plain = layer_factor(MLP(), "l")
    assert factor.factors[:3] == (ROOT, projector(C, is_centred=True), Diagonal(V))
    assert factor.factors[-1] == plain.factors[-1] == Weight(l).T


def test_hadamard_products_cannot_write_it():
    with pytest.raises(SymbackpropError, match="write style='jacobian'"):
        layer_rules(MLP(normalization="layer"), "hadamard")
