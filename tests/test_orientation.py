"""Layouts: transposing a formula twice gives it back, and once transposes its shape and its value."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symbackprop.chance import Expectation, Variance
from symbackprop.derivation import Derivation, Shown
from symbackprop.dims import DEPTH as L
from symbackprop.dims import ONE, dim, index, units, width
from symbackprop.errors import RuleError
from symbackprop.expr import (
    LOSS,
    ActivationJacobian,
    Bias,
    Column,
    ColumnAt,
    Columns,
    Diagonal,
    Elementwise,
    Entry,
    Expr,
    Hadamard,
    Hidden,
    Identity,
    IndexedProduct,
    Kronecker,
    Named,
    Norm,
    Ones,
    Partial,
    PreActivation,
    Product,
    Quotient,
    Row,
    Size,
    Softmax,
    Transpose,
    Weight,
    WithoutBias,
    Zeros,
    number,
)
from symbackprop.judges import exact
from symbackprop.judges.claim import Claim
from symbackprop.judges.outcome import Supported
from symbackprop.library import derive, names
from symbackprop.magnitudes import Extreme, SingularValueAt
from symbackprop.network import MLP
from symbackprop.orientation import in_rows, oriented
from symbackprop.primitives import Rows, Stacked
from symbackprop.rules.gradients import chain_rule
from symbackprop.shapes import shape
from symbackprop.topic import Topic

NET = MLP()
TOPICS_AND_GRADIENTS = [name for name in names() if name != "lecture"]
l, j, k = index("l"), index("j"), index("k")
z, h, W = PreActivation(l), Hidden(l), Weight(l)


def d(e: Expr) -> Partial:
    return Partial(LOSS, e)


D = ActivationJacobian("g", z)
FACTOR = ActivationJacobian("g", PreActivation(k)) @ Weight(k).T
UP = PreActivation(l + 1)
TURNED: dict[str, tuple[Expr, Expr]] = {
    "a gradient": (d(z), Partial(LOSS, z, True)),
    "a Jacobian": (Partial(h, z), Partial(h, z, True)),
    "through the weights": (W.T @ d(UP), Partial(LOSS, UP, True) @ W),
    "through the activation": (D @ d(h), Partial(LOSS, h, True) @ D.T),
    "closed form": (
        IndexedProduct("k", l, L, FACTOR) @ d(PreActivation(L + 1)),
        Partial(LOSS, PreActivation(L + 1), True)
        @ IndexedProduct("k", l, L, Weight(k) @ ActivationJacobian("g", PreActivation(k)).T, True),
    ),
    "weight matrix": (d(UP) @ h.T, h @ Partial(LOSS, UP, True)),
    "scaled": (Entry(d(UP), j) @ h, Entry(d(UP), j) @ h.T),
    "a scalar behind": (h @ Entry(d(UP), j), h.T @ Entry(d(UP), j)),
    "a scalar between": (W @ Entry(h, j) @ W.T, Entry(h, j) @ W @ W.T),
    "diagonal": (Diagonal(z) @ d(z), Partial(LOSS, z, True) @ Diagonal(z)),
    "twice transposed": (W.T.T, W.T.T.T),
    "sum": (d(z) + -d(z), Partial(LOSS, z, True) + -Partial(LOSS, z, True)),
    "expectation": (Expectation(W.T @ d(UP)), Expectation(Partial(LOSS, UP, True) @ W)),
    "scalars stay before what they scale": (
        SingularValueAt(W, j) @ Extreme("max", "k", ONE, L, Norm(Weight(k))) @ Variance(Entry(z, j)) @ h,
        SingularValueAt(W, j) @ Extreme("max", "k", ONE, L, Norm(Weight(k))) @ Variance(Entry(z, j)) @ h.T,
    ),
    "an expected scalar": (Expectation(Entry(z, j)) @ h, Expectation(Entry(z, j)) @ h.T),
    "quotient": (Quotient(d(z), Size(units(l))), Quotient(Partial(LOSS, z, True), Size(units(l)))),
}


@pytest.mark.parametrize("name", TURNED)
def test_a_formula_in_the_other_layout(name):
    one, other = TURNED[name]
    assert oriented(one) == other
    assert oriented(other) == one


LEAVES = [
    z,
    h,
    W,
    d(z),
    d(h),
    Partial(h, z),
    D,
    number(2),
    Entry(h, j),
    Ones(units(l)),
    Zeros(units(l)),
    Identity(width(l)),
    Row(W, j).T,
]


def _grown(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    """Composite nodes; that they conform does not matter to a map of trees."""
    two = st.lists(inner, min_size=2, max_size=4).map(tuple)
    return st.one_of(
        two.map(lambda parts: Product(parts)),
        two.map(lambda parts: Hadamard(parts)),
        st.tuples(inner, inner).map(lambda pair: pair[0] + pair[1]),
        inner.map(Transpose),
        inner.map(lambda e: -e),
        inner.map(lambda e: Quotient(e, number(3))),
        inner.map(lambda e: Elementwise("g", e)),
        inner.map(WithoutBias),
        inner.map(Diagonal),
        inner.map(lambda e: ColumnAt(e, j, width(l))),
        inner.map(lambda e: IndexedProduct("l", dim(1), L, e)),
        inner.map(lambda e: Row(e, j)),
    )


@settings(deadline=None, derandomize=True)
@given(st.recursive(st.sampled_from(LEAVES), _grown, max_leaves=12))
def test_it_is_its_own_inverse(e):
    assert oriented(oriented(e)) == e


ROWS: dict[str, tuple[Expr, Expr]] = {
    "through the weights": (W.T @ d(UP), d(UP) @ W.T),
    "the forward equation": (W @ h + Bias(l), h @ W + Bias(l)),
    "weight matrix": (d(UP) @ h.T, h.T @ d(UP)),
    "a gradient keeps its shape": (d(z), d(z)),
    "a Jacobian": (Partial(h, z), Partial(h, z)),
    "closed form": (
        IndexedProduct("k", l, L, FACTOR) @ d(PreActivation(L + 1)),
        d(PreActivation(L + 1))
        @ IndexedProduct("k", l, L, Weight(k).T @ ActivationJacobian("g", PreActivation(k)), True),
    ),
    "a row of the weights is a column": (d(Row(W, j).T), d(Column(W, j).T)),
    "the bias column is a row": (Column(W, width(l)), Row(W, width(l))),
    "columns are rows": (Columns(W, ONE, units(l)), Rows(W, ONE, units(l))),
    "an entry of a matrix": (Entry(W, j, k), Entry(W, k, j)),
    "an entry of a vector": (Entry(h, j), Entry(h, j)),
    "blocks": (Stacked((z, z), "rows"), Stacked((z, z), "columns")),
    "softmax": (Softmax(z), Softmax(z, "row")),
    "scalars in front stay there": (number(2) @ Entry(z, j) @ W @ h, number(2) @ Entry(z, j) @ h @ W),
    "a scalar behind": (h @ Entry(d(UP), j), h @ Entry(d(UP), j)),
    "a scalar between": (W @ Entry(h, j) @ W.T, W.T @ Entry(h, j) @ W),
    "a named scalar": (Named("c") @ W @ h, Named("c") @ h @ W),
    "twice transposed": (W.T.T @ h, h @ W.T.T),
    "norm": (Norm(W @ h), Norm(h @ W)),
}


class WithScalar(MLP):
    """The network with one scalar beside it."""

    def shape_of(self, variable):
        return (ONE, ONE) if variable == Named("c") else super().shape_of(variable)


@pytest.mark.parametrize("name", ROWS)
def test_a_formula_about_rows(name):
    one, other = ROWS[name]
    assert in_rows(one, WithScalar()) == other
    assert in_rows(other, WithScalar()) == one


@settings(deadline=None, derandomize=True)
@given(st.recursive(st.sampled_from([*LEAVES, Named("c"), Column(W, k), Kronecker(j, k)]), _grown, max_leaves=12))
def test_rows_are_their_own_inverse(e):
    assert in_rows(in_rows(e, WithScalar()), WithScalar()) == e
    assert in_rows(in_rows(e)) == e


@pytest.mark.parametrize("name", TOPICS_AND_GRADIENTS)
def test_every_line_comes_back_from_rows(name):
    made = derive(name, MLP(bias="separate"))
    derivations = made.derivations if isinstance(made, Topic) else (made,)
    for one in derivations:
        for line in one.lines:
            assert in_rows(in_rows(line, one.network), one.network) == line


# the exact judge has no value for singular values and moments
NO_VALUE = {"expectation", "scalars stay before what they scale", "an expected scalar"}
FITTING = [one for name, (one, _) in TURNED.items() if name not in NO_VALUE] + [
    W.T @ (d(UP) + d(UP)),
    (W.T @ d(UP)).T.T,
    Transpose(W.T @ d(UP)),
    Hadamard((Elementwise("g", z, 1), WithoutBias(W).T @ d(UP))),
    ColumnAt(h, j, units(l + 1)) @ d(UP),
    Elementwise("g", z).T @ d(z),
]


@pytest.mark.parametrize("e", FITTING, ids=str)
def test_shape_and_value_are_transposed(e):
    rows, columns = shape(e, NET)
    assert shape(oriented(e), NET) == (columns, rows)
    outcome = exact.judge(Claim(oriented(e), "=", e.T, NET, {"l": (ONE, L - 1)}))
    assert isinstance(outcome, Supported)


SINGLE = [name for name in names() if isinstance(derive(name), Derivation)]
TOPICS = [name for name in names() if name not in (*SINGLE, "lecture")]


@pytest.mark.parametrize("name", TOPICS)
def test_topics_in_numerator_layout(name):
    columns, rows = (derive(name, layout=layout) for layout in ("denominator", "numerator"))
    for one, other in zip(columns.derivations, rows.derivations, strict=True):
        assert other.lines == tuple(oriented(line) for line in one.lines)
        assert shape(other.result, one.network) == tuple(reversed(shape(one.result, one.network)))
    assert [one.lines for one in rows.oriented().derivations] == [one.lines for one in columns.derivations]


@pytest.mark.parametrize("name", SINGLE)
@pytest.mark.parametrize("style", ["jacobian", "hadamard"])
def test_derivations_in_numerator_layout(name, style):
    columns, rows = (derive(name, style=style, layout=layout) for layout in ("denominator", "numerator"))
    assert shape(rows.result, NET) == shape(rows.start, NET) == tuple(reversed(columns.shape()))
    assert rows.lines == tuple(oriented(line) for line in columns.lines)
    claim = Claim(rows.start, rows.relation, rows.result, NET, {**columns.known, **columns.steps[-1].known})
    assert isinstance(exact.judge(claim), Supported)
    back = rows.oriented()
    assert back.lines == columns.lines
    assert [s.subproofs and s.subproofs[0].lines for s in back.steps] == [
        s.subproofs and s.subproofs[0].lines for s in columns.steps
    ]
    assert not replace(back).numerator


def test_rules_apply_in_denominator_layout_only():
    on = Derivation(d(z), NET, known={"l": (ONE, L)}).oriented()
    with pytest.raises(RuleError, match="orient the derivation when it is done"):
        on.by(chain_rule)


def test_words_below_a_factor_stay_with_it():
    shown = Shown(label="a", notes=((W.T, "weights"),))
    assert shown.oriented() == Shown(label="a", notes=((W, "weights"),))
    assert shown.oriented().oriented() == shown
