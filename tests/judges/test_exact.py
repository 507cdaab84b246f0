"""The exact judge: the lecture's formulas are supported, and what students and rules get wrong is refuted."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from fractions import Fraction

import pytest

from symbackprop.dims import DEPTH, ONE, Bounds, Dim, dim, index, units, width
from symbackprop.equations import Equation, Network
from symbackprop.expr import (
    LOSS,
    ActivationJacobian,
    Bias,
    ColumnAt,
    Diagonal,
    Elementwise,
    Entry,
    Expr,
    Hadamard,
    Hidden,
    Identity,
    IndexedProduct,
    IndexedSum,
    LayerMap,
    Loss,
    Named,
    Norm,
    Ones,
    Partial,
    Power,
    PreActivation,
    Product,
    Quotient,
    Row,
    SingularValue,
    Size,
    Softmax,
    SquareRoot,
    Target,
    Variable,
    Weight,
    WithoutBias,
    number,
)
from symbackprop.judges.claim import Claim
from symbackprop.judges.exact import evaluate, judge, value_at
from symbackprop.judges.instances import width_sets
from symbackprop.judges.outcome import Refuted, Supported, Undecided
from symbackprop.network import MLP
from symbackprop.shapes import SCALAR, Shape

l, k, j, i = index("l"), index("k"), index("j"), index("i")
NET, SEPARATE, NONE = MLP(), MLP(bias="separate"), MLP(bias="none")
OUTPUT = PreActivation(DEPTH + 1)
FROM_INPUT: Bounds = {"l": (dim(0), DEPTH)}
BEFORE_LAST: Bounds = {"l": (ONE, DEPTH - 1)}


OUT = width(DEPTH + 1)


def grad(e: Expr) -> Partial:
    return Partial(LOSS, e)


def jac(layer: Dim | int) -> ActivationJacobian:
    return ActivationJacobian("g", PreActivation(layer))


def slope(layer: Dim | int, order: int = 1) -> Elementwise:
    return Elementwise("g", PreActivation(layer), order)


def layers(lower: Dim | int, upper: Dim | int, body: Expr | None = None, descending: bool = False) -> IndexedProduct:
    return IndexedProduct("k", dim(lower), dim(upper), body or jac(k) @ Weight(k).T, descending)


def placed(layer: Dim | int, at: Dim = j, columns: Dim | None = None, vector: Expr | None = None) -> ColumnAt:
    return ColumnAt(vector or Hidden(layer), at, columns or units(dim(layer) + 1))


def outcome(left: Expr, right: Expr, network: Network = NET, known: Bounds | None = None) -> object:
    return judge(Claim(left, "=", right, network, known or {}))


ROW0 = grad(Row(Weight(0), j).T)
ROW = grad(Row(Weight(l), j).T)
TRUE: dict[str, tuple[Expr, Expr, Network, Bounds]] = {
    "last hidden": (grad(Hidden(DEPTH)), Weight(DEPTH).T @ grad(OUTPUT), NET, {}),
    "hidden": (grad(Hidden(l)), Weight(l).T @ grad(PreActivation(l + 1)), NET, {}),
    "input": (grad(Hidden(l)), Weight(l).T @ grad(PreActivation(l + 1)), NET, FROM_INPUT),
    "pre-activation": (grad(PreActivation(l)), jac(l) @ grad(Hidden(l)), NET, {}),
    "∂h/∂z is D": (Partial(Hidden(l), PreActivation(l)), jac(l), NET, {}),
    "∂z/∂h is Wᵀ": (Partial(PreActivation(l + 1), Hidden(l)), Weight(l).T, NET, FROM_INPUT),
    "∂z/∂h, numerator": (Partial(PreActivation(l + 1), Hidden(l), numerator=True), Weight(l), NET, FROM_INPUT),
    "∂z/∂w": (Partial(PreActivation(l + 1), Row(Weight(l), j).T), placed(l), NET, FROM_INPUT),
    "weight row": (ROW, placed(l) @ grad(PreActivation(l + 1)), NET, FROM_INPUT),
    "chain rule": (grad(Hidden(l)), Partial(OUTPUT, Hidden(l)) @ grad(OUTPUT), NET, {}),
    "closed form": (ROW0, placed(0) @ layers(1, DEPTH) @ grad(OUTPUT), NET, {}),
    "closed form, one layer split": (
        ROW0,
        placed(0) @ jac(1) @ Weight(1).T @ layers(2, DEPTH) @ grad(OUTPUT),
        NET,
        {},
    ),
    "line of depth 2": (
        ROW0,
        placed(0) @ jac(1) @ Weight(1).T @ jac(2) @ Weight(2).T @ grad(PreActivation(3)),
        NET,
        {},
    ),
    "partial product": (grad(PreActivation(l)), layers(l, DEPTH) @ grad(OUTPUT), NET, {}),
    "up to layer m": (
        grad(PreActivation(l)),
        layers(l, index("m") - 1) @ grad(PreActivation(index("m"))),
        NET,
        {"l": (ONE, DEPTH), "m": (l, DEPTH + 1)},
    ),
    "matrix": (grad(Weight(l)), grad(PreActivation(l + 1)) @ Hidden(l).T, NET, FROM_INPUT),
    "one entry": (grad(Entry(Weight(l), j, i)), Entry(grad(PreActivation(l + 1)), j) @ Entry(Hidden(l), i), NET, {}),
    "bias is the last column": (
        grad(Entry(Weight(l), j, width(l))),
        Entry(grad(PreActivation(l + 1)), j),
        NET,
        FROM_INPUT,
    ),
    "without the bias column": (jac(l) @ Weight(l).T, Diagonal(slope(l)) @ WithoutBias(Weight(l)).T, NET, {}),
    "hadamard": (
        grad(PreActivation(l)),
        Hadamard((slope(l), WithoutBias(Weight(l)).T @ grad(PreActivation(l + 1)))),
        NET,
        {},
    ),
    "by entries": (
        Entry(grad(Hidden(l)), i),
        IndexedSum(
            "r", ONE, units(l + 1), Entry(Weight(l), index("r"), i) @ Entry(grad(PreActivation(l + 1)), index("r"))
        ),
        NET,
        {},
    ),
    "separate bias": (grad(Bias(l)), grad(PreActivation(l + 1)), SEPARATE, FROM_INPUT),
    "separate, pre-activation": (
        grad(PreActivation(l)),
        Diagonal(slope(l)) @ Weight(l).T @ grad(PreActivation(l + 1)),
        SEPARATE,
        {},
    ),
    "no bias": (
        ROW0,
        placed(0) @ layers(1, DEPTH, Diagonal(slope(k)) @ Weight(k).T) @ grad(OUTPUT),
        NONE,
        {},
    ),
}


@pytest.mark.parametrize("name", TRUE)
def test_true_claims_are_supported(name: str) -> None:
    left, right, network, known = TRUE[name]
    found = outcome(left, right, network, known)
    assert isinstance(found, Supported), found
    assert found.samples >= 14
    assert found.bound is not None
    assert 0 < found.bound < 1e-12


CLOSED = placed(0) @ layers(1, DEPTH) @ grad(OUTPUT)
HIDDEN, PRE, MATRIX = grad(Hidden(l)), grad(PreActivation(l)), grad(Weight(l))
UP = grad(PreActivation(l + 1))
MUTANTS: dict[str, tuple[Expr, Expr, Network, Bounds]] = {
    "no transpose": (HIDDEN, Weight(l) @ UP, NET, {}),
    "wrong layer's weights": (HIDDEN, Weight(l - 1).T @ UP, NET, {}),
    "own gradient": (HIDDEN, Weight(l).T @ PRE, NET, {}),
    "hidden for pre-activation": (HIDDEN, Weight(l).T @ grad(Hidden(l + 1)), NET, BEFORE_LAST),
    "bias dropped": (HIDDEN, WithoutBias(Weight(l)).T @ UP, NET, {}),
    "sign": (HIDDEN, -(Weight(l).T @ UP), NET, {}),
    "factor 2": (HIDDEN, number(2) @ Weight(l).T @ UP, NET, {}),
    "extra term": (HIDDEN, Weight(l).T @ UP + Hidden(l), NET, {}),
    "transposed result": (HIDDEN, UP.T @ Weight(l), NET, {}),
    "numerator layout": (HIDDEN, Partial(LOSS, Hidden(l), numerator=True), NET, {}),
    "swapped": (PRE, grad(Hidden(l)) @ jac(l), NET, {}),
    "no slope": (PRE, WithoutBias(Weight(l)).T @ UP, NET, {}),
    "g for g'": (PRE, Diagonal(slope(l, 0)) @ WithoutBias(Weight(l)).T @ UP, NET, {}),
    "g'' for g'": (PRE, Diagonal(slope(l, 2)) @ WithoutBias(Weight(l)).T @ UP, NET, {}),
    "another function's slope": (PRE, ActivationJacobian("f", PreActivation(l)) @ grad(Hidden(l)), NET, {}),
    "slope of the next layer": (PRE, jac(l + 1) @ Weight(l).T @ UP, NET, {}),
    "slope twice": (PRE, Diagonal(slope(l)) @ jac(l) @ grad(Hidden(l)), NET, {}),
    "slope at h": (grad(Hidden(l)), ActivationJacobian("g", Hidden(l)) @ grad(Hidden(l)), NET, {}),
    "bias column kept": (PRE, Diagonal(slope(l)) @ Weight(l).T @ UP, NET, {}),
    "Jacobian with the bias dropped": (PRE, jac(l) @ WithoutBias(Weight(l)).T @ UP, NET, {}),
    "hadamard for product": (PRE, Hadamard((jac(l), Weight(l))) @ UP, NET, {}),
    "matrix transposed": (MATRIX, Hidden(l) @ UP.T, NET, FROM_INPUT),
    "matrix of the next input": (MATRIX, UP @ Hidden(l + 1).T, NET, {"l": (dim(0), DEPTH - 1)}),
    "pre-activation for hidden": (MATRIX, UP @ PreActivation(l).T, NET, {}),
    "inner product": (MATRIX, Hidden(l).T @ UP, NET, {}),
    "wrong row": (ROW0, placed(0, j + 1) @ grad(PreActivation(1)), NET, {}),
    "row before": (ROW0, placed(0, j - 1) @ grad(PreActivation(1)), NET, {}),
    "always the first row": (ROW0, placed(0, ONE) @ layers(1, DEPTH) @ grad(OUTPUT), NET, {}),
    "wrong vector placed": (ROW, placed(l, vector=PreActivation(l)) @ UP, NET, {}),
    "too wide": (ROW0, placed(0, columns=width(1)) @ grad(PreActivation(1)), NET, {}),
    "upper bound short": (ROW0, placed(0) @ layers(1, DEPTH - 1) @ grad(OUTPUT), NET, {}),
    "upper bound long": (PRE, layers(l, DEPTH + 1) @ grad(OUTPUT), NET, {}),
    "lower bound off": (ROW0, placed(0) @ layers(2, DEPTH) @ grad(OUTPUT), NET, {}),
    "reversed product": (ROW0, placed(0) @ layers(1, DEPTH, descending=True) @ grad(OUTPUT), NET, {}),
    "factors swapped in the product": (
        ROW0,
        placed(0) @ layers(1, DEPTH, Weight(k).T @ jac(k)) @ grad(OUTPUT),
        NET,
        {},
    ),
    "slope missing in the product": (
        ROW0,
        placed(0) @ layers(1, DEPTH, WithoutBias(Weight(k)).T) @ grad(OUTPUT),
        NET,
        {},
    ),
    "g for g' in the product": (
        ROW0,
        placed(0) @ layers(1, DEPTH, Diagonal(slope(k, 0)) @ WithoutBias(Weight(k)).T) @ grad(OUTPUT),
        NET,
        {},
    ),
    "no upstream gradient": (ROW0, placed(0) @ layers(1, DEPTH), NET, {}),
    "one layer skipped": (
        ROW0,
        placed(0) @ jac(1) @ Weight(1).T @ layers(3, DEPTH) @ grad(OUTPUT),
        NET,
        {"L": (dim(2), None)},
    ),
    "loss factor": (CLOSED, Product((LOSS, CLOSED)), NET, {}),
    "only true at depth 1": (ROW0, placed(0) @ jac(1) @ Weight(1).T @ grad(OUTPUT), NET, {}),
    # 1 + ∏_{d=1}^{7} (L - d) is 1 up to depth 7
    "true up to depth 7": (
        HIDDEN,
        Product(
            (
                number(1) + Product(tuple(Size(DEPTH - d) for d in range(1, 8))),
                Weight(l).T,
                UP,
            )
        ),
        NET,
        {},
    ),
    "separate: bias by its activation": (grad(Bias(l)), grad(Hidden(l + 1)), SEPARATE, {"l": (dim(0), DEPTH - 1)}),
    "separate: own layer": (grad(Bias(l)), PRE, SEPARATE, {}),
    "none: bias removed twice": (HIDDEN, WithoutBias(Weight(l)).T @ UP, NONE, {}),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_wrong_claims_are_refuted(name: str) -> None:
    found = outcome(*MUTANTS[name])
    assert isinstance(found, Refuted), found
    assert "depth" in found.detail
    assert "seed" in found.detail


def test_a_counterexample_says_where_and_what() -> None:
    found = outcome(HIDDEN, -(Weight(l).T @ UP))
    assert isinstance(found, Refuted)
    assert found.detail.startswith("depth 1, widths 3,5,6, l = 1, seed 0: entry 1,1 is ")
    left = value_at(HIDDEN, NET, (3, 5, 6), 0, {"l": 1})[0][0]
    assert f"entry 1,1 is {left} on the left, {2**61 - 1 - left} on the right" in found.detail
    shapes = outcome(HIDDEN, HIDDEN.T)
    assert isinstance(shapes, Refuted)
    assert "the left side is 5 × 1, the right side 1 × 5" in shapes.detail


def test_shallow_depths_are_skipped_and_said() -> None:
    found = outcome(grad(PreActivation(2)), jac(2) @ Weight(2).T @ grad(PreActivation(3)))
    assert isinstance(found, Supported)
    assert "depths 2…8" in found.detail
    assert "2^61-1" in found.detail
    assert [s.result for s in evaluate(Claim(grad(Hidden(3)), "=", grad(Hidden(3)), NET), 2)] == ["missing"] * 2
    nowhere = outcome(grad(Hidden(9)), grad(Hidden(9)))
    assert isinstance(nowhere, Undecided)
    assert "no h_9" in nowhere.reason


def test_more_layers_than_are_tried_are_not_a_refutation() -> None:
    """∂L/∂h_8 = W_8ᵀ ∂L/∂z_9 needs depth 8; with h_9 for h_8 it needs 9, and h_1 exists before that."""
    assert isinstance(outcome(grad(Hidden(8)), Weight(8).T @ grad(PreActivation(9))), Supported)
    assert isinstance(outcome(PRE, layers(l, 8) @ jac(9) @ grad(Hidden(9)), NET, {"l": (ONE, ONE)}), Undecided)


def test_an_index_out_of_range_on_one_side_only() -> None:
    """`l` runs to L where nothing says otherwise, and then there is no W_{L+1}; within `l ≤ L-1` the claim is true."""
    right = Weight(l).T @ jac(l + 1) @ Weight(l + 1).T @ grad(PreActivation(l + 2))
    found = outcome(HIDDEN, right)
    assert isinstance(found, Refuted)
    assert "no z_3" in found.detail or "no W_" in found.detail
    bounded = outcome(HIDDEN, right, NET, BEFORE_LAST)
    assert isinstance(bounded, Supported)
    assert "depths 2…8" in bounded.detail


def test_a_claim_is_tried_at_both_ends_of_its_range() -> None:
    """`W_l` for l < L and 2 W_L: only the last layer shows that the claim is false; the same for the last row."""
    twice_last = number(2) @ Weight(DEPTH).T @ grad(OUTPUT)
    tried = {s.symbols["l"] for s in evaluate(Claim(HIDDEN, "=", HIDDEN, NET), 8)}
    assert {1, 8} <= tried
    assert isinstance(outcome(HIDDEN, twice_last, NET, {"l": (DEPTH, DEPTH)}), Refuted)
    rows = {s.symbols["j"] for s in evaluate(Claim(ROW0, "=", ROW0, NET), 1) if s.widths == (3, 5, 6)}
    assert {1, 4} <= rows


@pytest.mark.parametrize("relation", ["≤", "≥"])
def test_no_order(relation: str) -> None:
    found = judge(Claim(LOSS, relation, LOSS, NET))
    assert isinstance(found, Undecided)
    assert "no order" in found.reason


def test_what_the_field_cannot_say() -> None:
    for e in (Norm(Weight(0)), SingularValue(Weight(0))):
        assert isinstance(outcome(e, e), Undecided)
    assert isinstance(outcome(SquareRoot(number(3)), SquareRoot(number(3))), Undecided)
    assert isinstance(judge(Claim(LOSS, "=", LOSS, Network())), Undecided)


@pytest.mark.parametrize("sign", [0, -1])
def test_what_never_has_a_root_is_given_up_soon(sign):
    square = Product((number(sign), Power(Entry(Hidden(1), dim(1)), Fraction(2))))
    found = outcome(SquareRoot(square), SquareRoot(square))
    assert isinstance(found, Undecided)
    assert "no value at any of 48 random points" in found.reason


def test_what_has_a_root_at_one_point_in_64_is_not():
    # by chance 1/2 each
    roots = Product(tuple(SquareRoot(Entry(Hidden(1), dim(i)) + number(k)) for i in (1, 2) for k in (1, 2, 3)))
    assert isinstance(outcome(roots, roots), Supported)
    assert isinstance(outcome(roots, number(2) @ roots), Refuted)


def test_given_widths_and_given_depth() -> None:
    given = MLP(widths=[4, 5, 5, 3])
    claim = (ROW0, placed(0) @ layers(1, given.depth) @ grad(PreActivation(3)))
    found = outcome(*claim, given)
    assert isinstance(found, Supported)
    assert "depth 2" in found.detail
    assert isinstance(outcome(ROW0, placed(0, j + 1) @ grad(PreActivation(1)), given), Refuted)
    deep = MLP(depth=12)
    assert isinstance(outcome(grad(Hidden(11)), Weight(11).T @ grad(PreActivation(12)), deep), Supported)


def test_a_deep_network_needs_no_deep_stack() -> None:
    deep = MLP(widths=[3] * 402)
    found = outcome(grad(Hidden(400)), Weight(400).T @ grad(PreActivation(401)), deep)
    assert isinstance(found, Supported)


@pytest.mark.parametrize("bias_units", [True, False])
@pytest.mark.parametrize("roots", [True, False])
@pytest.mark.parametrize("depth", range(1, 9))
def test_widths_conform_to_nothing_by_accident(depth: int, bias_units: bool, roots: bool) -> None:
    first, second = width_sets(depth, bias_units, roots=roots)
    assert first != second
    for widths in (first, second):
        hidden = [w - 1 for w in widths[:-1]] if bias_units else []
        assert len({*widths, *hidden, 1}) == len(widths) + len(hidden) + 1


# --- losses that are known -------------------------------------------------------------------------------------------

ERROR = OUTPUT - Target()


class WithLoss(MLP):
    """The lecture's network with a loss written here."""

    def __init__(self, loss_tree: Expr, depth: Dim | None = None, widths: Sequence[int] | None = None) -> None:
        self._tree = loss_tree
        super().__init__(depth, widths)

    def given(self, widths: Sequence[int]) -> WithLoss:
        return WithLoss(self._tree, None, widths)

    def loss_of(self, output: Expr, target: Expr) -> Expr:
        from symbackprop.substitution import substitute

        return substitute(self._tree, {"L": self.depth})


SQUARED = ERROR.T @ ERROR
ENTRY = Entry(OUTPUT, k) - Entry(Target(), k)
LOSS_GRADIENTS: dict[str, tuple[Expr, Expr]] = {
    "squared error": (SQUARED, number(2) @ ERROR),
    "squared error by the norm": (Power(Norm(ERROR), Fraction(2)), number(2) @ ERROR),
    "norm": (Norm(ERROR), Quotient(ERROR, Norm(ERROR))),
    "half squared error": (Product((number(Fraction(1, 2)), SQUARED)), ERROR),
    "mean squared error": (
        Quotient(SQUARED, Size(OUT)),
        Quotient(number(2) @ ERROR, Size(OUT)),
    ),
    "softmax cross-entropy": (
        -(Target().T @ Elementwise("log", Softmax(OUTPUT))),
        Softmax(OUTPUT) - Target(),
    ),
    "binary cross-entropy": (
        IndexedSum(
            "k",
            ONE,
            OUT,
            Elementwise("softplus", Entry(OUTPUT, k)) - Entry(Target(), k) @ Entry(OUTPUT, k),
        ),
        Elementwise("sigmoid", OUTPUT) - Target(),
    ),
    "absolute error": (
        IndexedSum("k", ONE, OUT, Elementwise("abs", ENTRY)),
        Elementwise("abs", ERROR, 1),
    ),
}


@pytest.mark.parametrize("name", LOSS_GRADIENTS)
def test_losses(name: str) -> None:
    tree, gradient = LOSS_GRADIENTS[name]
    network = WithLoss(tree)
    assert isinstance(outcome(grad(OUTPUT), gradient, network), Supported)
    assert isinstance(outcome(ROW0, placed(0) @ layers(1, DEPTH) @ gradient, network), Supported)
    assert isinstance(outcome(grad(OUTPUT), number(2) @ gradient, network), Refuted)
    assert isinstance(outcome(grad(OUTPUT), -gradient, network), Refuted)
    assert isinstance(outcome(grad(OUTPUT), ERROR @ number(3), network), Refuted)


@pytest.mark.parametrize(
    ("name", "gradient"),
    [
        ("squared_error", number(2) @ ERROR),
        ("half_squared_error", ERROR),
        ("mean_squared_error", Quotient(number(2) @ ERROR, Size(OUT))),
        ("softmax_cross_entropy", Softmax(OUTPUT) - Target()),
        ("binary_cross_entropy", Elementwise("sigmoid", OUTPUT) - Target()),
    ],
)
def test_losses_by_name(name: str, gradient: Expr) -> None:
    network = MLP(loss=name)
    found = outcome(grad(OUTPUT), gradient, network)
    assert isinstance(found, Supported)
    # ŷ - y is the gradient only for targets that are probabilities, and the outcome says that it took them for that
    assert ("Σ_k y_k = 1" in found.detail) == (name == "softmax_cross_entropy")
    assert isinstance(outcome(grad(OUTPUT), gradient + Target(), network), Refuted)


@pytest.mark.parametrize(
    ("activation", "of_value"),
    [
        ("tanh", lambda h, one: one - Hadamard((h, h))),
        ("sigmoid", lambda h, one: Hadamard((h, one - h))),
        ("identity", lambda h, one: one),
    ],
)
def test_slopes_of_known_activations(activation: str, of_value: object) -> None:
    assert callable(of_value)
    network = MLP(activation=activation, bias="separate")
    inner = Weight(l).T @ UP
    right = Hadamard((of_value(Hidden(l), Ones(units(l))), inner))
    assert isinstance(outcome(PRE, right, network), Supported)
    assert isinstance(outcome(PRE, Hadamard((Hidden(l), inner)), network), Refuted)


# --- layer normalization, as layernorm.after of the lecture ----------------------------------------------------------


class LayerNorm(MLP):
    """z_{l+1} = W_l h_l, its mean, s = ‖z - mean 1‖, h = ψ(√(n-1)/s · diag(v)(z - mean 1) + u); `a` is what ψ is of."""

    def given(self, widths: Sequence[int]) -> LayerNorm:
        return LayerNorm(None, widths)

    def _equations(self) -> tuple[Equation, ...]:
        z, size = PreActivation(l), Size(units(l))
        centred = z - Product((Named("m", l), Ones(units(l))))
        scaled = Product((Quotient(SquareRoot(size), Named("s", l)), Diagonal(Named("v", l)), centred))
        affine, _, loss = super()._equations()
        mean = Product((Quotient(number(1), size), IndexedSum("i", ONE, units(l), Entry(z, i))))
        return (
            affine,
            Equation(Named("m", l), mean, "l", dim(1), self.depth),
            Equation(Named("s", l), Norm(centred), "l", dim(1), self.depth),
            Equation(Named("a", l), scaled + Named("u", l), "l", dim(1), self.depth),
            Equation(Hidden(l), LayerMap("g", Named("a", l)), "l", dim(1), self.depth),
            loss,
        )

    def shape_of(self, variable: Variable) -> Shape:
        if isinstance(variable, Loss) or (isinstance(variable, Named) and variable.name in "ms"):
            return SCALAR
        if isinstance(variable, Named) and variable.index is not None:
            return self.normal(units(variable.index)), ONE
        return super().shape_of(variable)


NORMED = LayerNorm()
CENTRE = Identity(units(l)) - Quotient(Ones(units(l)) @ Ones(units(l)).T, Size(units(l)))
UNIT = Quotient(CENTRE @ PreActivation(l), Norm(CENTRE @ PreActivation(l)))
Q = grad(Named("a", l))
SCALE = Quotient(SquareRoot(Size(units(l))), Norm(CENTRE @ PreActivation(l)))
TWO_DEPTHS: Bounds = {"L": (ONE, dim(2)), "l": (ONE, DEPTH)}


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (
            Hidden(l),
            LayerMap("g", SquareRoot(Size(units(l))) @ Diagonal(Named("v", l)) @ UNIT + Named("u", l)),
        ),
        (grad(Named("u", l)), Q),
        (grad(Named("v", l)), SquareRoot(Size(units(l))) @ Hadamard((UNIT, Q))),
        (PRE, SCALE @ (CENTRE - UNIT @ UNIT.T) @ Hadamard((Named("v", l), Q))),
        (Ones(units(l)).T @ PRE, number(0)),
    ],
    ids=["forward", "∂L/∂u", "∂L/∂v", "∂L/∂z", "1ᵀ∂L/∂z = 0"],
)
def test_layer_normalization(left: Expr, right: Expr) -> None:
    found = outcome(left, right, NORMED, TWO_DEPTHS)
    assert isinstance(found, Supported), found
    assert "depths 1…2" in found.detail


@pytest.mark.parametrize(
    "right",
    [
        SCALE @ CENTRE @ Hadamard((Named("v", l), Q)),
        (CENTRE - UNIT @ UNIT.T) @ Hadamard((Named("v", l), Q)),
        SCALE @ (CENTRE - UNIT @ UNIT.T) @ Q,
        SCALE @ (Identity(units(l)) - UNIT @ UNIT.T) @ Hadamard((Named("v", l), Q)),
    ],
    ids=["the norm held fixed", "no scale", "no v", "the mean held fixed"],
)
def test_layer_normalization_done_wrong(right: Expr) -> None:
    assert isinstance(outcome(PRE, right, NORMED, TWO_DEPTHS), Refuted)


# --- independence ----------------------------------------------------------------------------------------------------


def test_no_rule_is_imported() -> None:
    code = "import sys, symbackprop.judges.exact; print([m for m in sys.modules if m.split('.')[1:2] == ['rules']])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
    code = "import sys, symbackprop.judges.exact; print([m for m in ('sympy', 'numpy') if m in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
