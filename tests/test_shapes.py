"""Shapes come from the indices; what does not conform is said with both objects, both shapes and a likely cause."""

from __future__ import annotations

import pytest

from symbackprop.chance import Expectation, Gaussian, Variance
from symbackprop.dataset import Family, Prediction
from symbackprop.dims import DEPTH as L
from symbackprop.dims import ONE, Dim, dim, index, units, width
from symbackprop.errors import ShapeError
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
    IndexedSum,
    LayerMap,
    LogSumExp,
    Named,
    Norm,
    Partial,
    Power,
    PreActivation,
    Quotient,
    Row,
    SingularValue,
    Softmax,
    SquareRoot,
    Target,
    Weight,
    WithoutBias,
    Zeros,
    number,
)
from symbackprop.magnitudes import Extreme, OverUnit, SingularValueAt, SpectralSum
from symbackprop.network import MLP
from symbackprop.shapes import shape, written

l, k, j = index("l"), index("k"), index("j")
NET, SEPARATE, NONE = MLP(), MLP(bias="separate"), MLP(bias="none")
GIVEN = MLP(widths=[4, 5, 6, 3])
z, h, W = PreActivation(l), Hidden(l), Weight(l)
OUTPUT = PreActivation(L + 1)
BODY = ActivationJacobian("g", PreActivation(k)) @ Weight(k).T


WEIGHTS = Family("l", dim(0), L, W)


def d(e: Expr) -> Partial:
    return Partial(LOSS, e)


def over(lower: Dim | int, upper: Dim | int, body: Expr = BODY, descending: bool = False) -> IndexedProduct:
    return IndexedProduct("k", dim(lower), dim(upper), body, descending)


# rows × columns as the lecture and the remarks on it say
LECTURE: dict[str, tuple[Expr, str]] = {
    "pre-activations": (z, "n_l-1 × 1"),
    "hidden units": (h, "n_l × 1"),
    "input": (Hidden(0), "n_0 × 1"),
    "output": (OUTPUT, "n_{L+1} × 1"),
    "target": (Target(), "n_{L+1} × 1"),
    "loss": (LOSS, "1 × 1"),
    "W_l": (W, "n_{l+1}-1 × n_l"),
    "W_0": (Weight(0), "n_1-1 × n_0"),
    "W_L": (Weight(L), "n_{L+1} × n_L"),
    "W_{L-1}": (Weight(L - 1), "n_L-1 × n_{L-1}"),
    "D_l is wide": (ActivationJacobian("g", z), "n_l-1 × n_l"),
    "D_L": (ActivationJacobian("g", PreActivation(L)), "n_L-1 × n_L"),
    "ψ appends the bias unit": (LayerMap("g", z), "n_l × 1"),
    "g does not": (Elementwise("g", z), "n_l-1 × 1"),
    "diag": (Diagonal(z), "n_l-1 × n_l-1"),
    "W without its bias column": (WithoutBias(W), "n_{l+1}-1 × n_l-1"),
    "W_L without its bias column": (WithoutBias(Weight(L)), "n_{L+1} × n_L-1"),
    "W without its bias column, by columns": (Columns(W, ONE, units(l)), "n_{l+1}-1 × n_l-1"),
    "the same with n_l - 1 columns": (Columns(W, ONE, width(l) - 1), "n_{l+1}-1 × n_l-1"),
    "two columns": (Columns(W, j, j + 1), "n_{l+1}-1 × 2"),
    "weight row": (Row(W, j), "1 × n_l"),
    "bias as a column": (Column(W, width(l)), "n_{l+1}-1 × 1"),
    "entry": (Entry(W, j, k), "1 × 1"),
    "column-placement matrix": (ColumnAt(h, j, units(l + 1)), "n_l × n_{l+1}-1"),
    "that of the last layer": (ColumnAt(Hidden(L), j, units(L + 1)), "n_L × n_{L+1}"),
    "∂L/∂z": (d(z), "n_l-1 × 1"),
    "∂L/∂h": (d(h), "n_l × 1"),
    "∂L/∂W": (d(W), "n_{l+1}-1 × n_l"),
    "∂L/∂w": (d(Row(W, j).T), "n_l × 1"),
    "∂h/∂z": (Partial(h, z), "n_l-1 × n_l"),
    "∂z/∂h": (Partial(PreActivation(l + 1), h), "n_l × n_{l+1}-1"),
    "∂z/∂w": (Partial(PreActivation(l + 1), Row(W, j).T), "n_l × n_{l+1}-1"),
    "∂h/∂z, numerator": (Partial(h, z, True), "n_l × n_l-1"),
    "∂L/∂z, numerator": (Partial(LOSS, z, True), "1 × n_l-1"),
    "a layer": (ActivationJacobian("g", z) @ W.T, "n_l-1 × n_{l+1}-1"),
    "all layers": (over(1, L), "n_1-1 × n_{L+1}"),
    "all but the last": (over(1, L - 1), "n_1-1 × n_L-1"),
    "no layer": (over(1, 0), "n_1-1 × n_1-1"),
    "downwards": (over(1, L, Weight(k) @ ActivationJacobian("g", PreActivation(k)).T, True), "n_{L+1} × n_1-1"),
    "gradient": (over(1, L) @ d(OUTPUT), "n_1-1 × 1"),
    "norms": (Norm(W), "1 × 1"),
    "singular value": (SingularValue(W.T), "1 × 1"),
    "singular value in the middle": (SingularValueAt(W, j), "1 × 1"),
    "sum over singular values": (SpectralSum("k", W, SingularValueAt(W, k)), "1 × 1"),
    "supremum": (OverUnit("sup", h, Norm(W @ h)), "1 × 1"),
    "minimum": (Extreme("min", "k", ONE, units(l), Entry(z, k)), "1 × 1"),
    "zeros": (Zeros(width(l)), "n_l × 1"),
    "normal distribution": (Gaussian(Zeros(width(l)), number(2) @ Identity(width(l))), "n_l × 1"),
    "expectation": (Expectation(W), "n_{l+1}-1 × n_l"),
    "variance": (Variance(Entry(z, j)), "1 × 1"),
    "all weights, each by its layer": (WEIGHTS, "n_{l+1}-1 × n_l"),
    "prediction": (Prediction("f", Hidden(0), WEIGHTS), "n_{L+1} × 1"),
    "softmax": (Softmax(OUTPUT), "n_{L+1} × 1"),
    "logsumexp": (LogSumExp(OUTPUT), "1 × 1"),
    "softmax of each column": (Softmax(W), "n_{l+1}-1 × n_l"),
    "softmax of each row": (Softmax(W, "row"), "n_{l+1}-1 × n_l"),
    "logsumexp of each column": (LogSumExp(W), "1 × n_l"),
    "logsumexp of each row": (LogSumExp(W, "row"), "n_{l+1}-1 × 1"),
    "scalar times column": (Entry(z, j) @ h, "n_l × 1"),
    "inner product": (z.T @ d(z), "1 × 1"),
    "sum over rows": (IndexedSum("k", ONE, units(l), Entry(z, k)), "1 × 1"),
    "sum of loose ends": (IndexedSum("k", ONE, L, Norm(Weight(k))), "1 × 1"),
}


@pytest.mark.parametrize("name", LECTURE)
def test_shapes_of_the_lecture(name):
    e, expected = LECTURE[name]
    assert written(shape(e, NET), NET) == expected


WITHOUT_UNIT: dict[str, tuple[Expr, str]] = {
    "pre-activations": (z, "n_l × 1"),
    "hidden units": (h, "n_l × 1"),
    "weights": (W, "n_{l+1} × n_l"),
    "ψ is g": (Elementwise("g", z), "n_l × 1"),
    "without the last column": (WithoutBias(W), "n_{l+1} × n_l-1"),
    "all layers": (over(1, L, Diagonal(PreActivation(k)) @ Weight(k).T), "n_1 × n_{L+1}"),
}


@pytest.mark.parametrize("network", [SEPARATE, NONE], ids=["separate", "none"])
@pytest.mark.parametrize("name", WITHOUT_UNIT)
def test_shapes_without_a_bias_unit(name, network):
    e, expected = WITHOUT_UNIT[name]
    assert written(shape(e, network), network) == expected


def test_the_separate_bias():
    assert written(shape(Bias(l), SEPARATE), SEPARATE) == "n_{l+1} × 1"
    for network in (NET, NONE):
        with pytest.raises(ShapeError, match="the network has no variable b_l"):
            shape(Bias(l), network)


@pytest.mark.parametrize(
    ("e", "expected"),
    [
        (Weight(0), (4, 4)),
        (Weight(1), (5, 5)),
        (Weight(2), (3, 6)),
        (PreActivation(3), (3, 1)),
        (PreActivation(1), (4, 1)),
        (Hidden(1), (5, 1)),
        (ActivationJacobian("g", PreActivation(2)), (5, 6)),
        (WithoutBias(Weight(2)), (3, 5)),
        (WithoutBias(Weight(2).T), (6, 2)),
        (Columns(Weight(2), dim(2), width(2)), (3, 5)),
        (Columns(Weight(2), ONE, units(2)), (3, 5)),
        (over(1, 2) @ d(PreActivation(3)), (4, 1)),
        (Identity(units(1)), (4, 4)),
    ],
)
def test_shapes_at_given_widths(e, expected):
    assert shape(e, GIVEN) == tuple(map(dim, expected))


WRONG: dict[str, tuple[Expr, str]] = {
    "pre-activation for hidden units": (
        Weight(1) @ PreActivation(1),
        "cannot multiply W_1 (n_2-1 × n_1) by z_1 (n_1-1 × 1): did you mean h_1?",
    ),
    "no transpose": (
        W @ d(PreActivation(l + 1)),
        "cannot multiply W_l (n_{l+1}-1 × n_l) by ∂L/∂z_{l+1} (n_{l+1}-1 × 1): did you mean W_lᵀ?",
    ),
    "transposed by mistake": (
        W @ h.T,
        "cannot multiply W_l (n_{l+1}-1 × n_l) by h_lᵀ (1 × n_l): did you mean h_l?",
    ),
    "to be transposed": (
        ActivationJacobian("g", z) @ W,
        "cannot multiply D_l (n_l-1 × n_l) by W_l (n_{l+1}-1 × n_l): did you mean W_lᵀ?",
    ),
    "another layer": (
        Weight(3) @ Hidden(1),
        "cannot multiply W_3 (n_4-1 × n_3) by h_1 (n_1 × 1): the inner sizes differ",
    ),
    "sum": (z + h, "cannot add z_l (n_l-1 × 1) and h_l (n_l × 1): both must have the same shape"),
    "Hadamard product": (
        Hadamard((h, d(z))),
        "cannot multiply entry by entry h_l (n_l × 1) and ∂L/∂z_l (n_l-1 × 1): both must have the same shape",
    ),
    "diag of a matrix": (Diagonal(W), "diag needs a column, but W_l is n_{l+1}-1 × n_l"),
    "ψ of a matrix": (LayerMap("g", W), "ψ needs a column, but W_l is n_{l+1}-1 × n_l"),
    "D of a row": (ActivationJacobian("g", z.T), "an activation Jacobian needs a column, but z_lᵀ is 1 × n_l-1"),
    "placed row": (ColumnAt(h.T, j, units(l)), "a column-placement matrix needs a column, but h_lᵀ is 1 × n_l"),
    "softmax along nothing": (Softmax(W, "rows"), "softmax_row(W_l) is taken along 'rows': write 'column' or 'row'"),
    "1-norm of a matrix": (Norm(W, "1"), "the 1-norm is of a column or a row, but W_l is n_{l+1}-1 × n_l"),
    "entry of a matrix": (Entry(W, j), "the entry j needs a column, but W_l is n_{l+1}-1 × n_l"),
    "power of a column": (Power(z, 2), "the base of a power must be a scalar, but z_l is n_l-1 × 1"),
    "root of a column": (SquareRoot(z), "what stands under a root must be a scalar"),
    "column below": (Quotient(number(1), z), "a denominator must be a scalar, but z_l is n_l-1 × 1"),
    "four indices": (Partial(z, W), "∂z_l/∂W_l would need more than two indices: z_l is n_l-1 × 1 and W_l is"),
    "product of D W": (
        over(1, L, ActivationJacobian("g", PreActivation(k)) @ Weight(k)),
        "cannot multiply D_k (n_k-1 × n_k) by W_k",
    ),
    "product the wrong way round": (
        over(1, L, BODY, descending=True),
        "the factors of ∏_{k=1}^{L}[D_k W_kᵀ] do not conform: D_k W_kᵀ (n_k-1 × n_{k+1}-1) is followed by "
        "D_{k-1} W_{k-1}ᵀ (n_{k-1}-1 × n_k-1)",
    ),
    "product that ends too late": (
        over(1, L + 1),
        "there is no W_{L+1} in a network of depth L: its index runs from 0 to L",
    ),
    "product that starts too early": (
        over(0, L),
        "there is no z_0 in a network of depth L: its index runs from 1 to L+1",
    ),
    "product and gradient": (
        over(1, L - 1) @ d(OUTPUT),
        "cannot multiply ∏_{k=1}^{L-1}[D_k W_kᵀ] (n_1-1 × n_L-1) by ∂L/∂z_{L+1} (n_{L+1} × 1)",
    ),
    "sum of matrices of all shapes": (
        IndexedSum("k", ONE, L, Weight(k)),
        "cannot add the terms of Σ_{k=1}^{L} W_k: W_k (n_{k+1}-1 × n_k) has another shape for each k",
    ),
    "layer too deep": (
        Weight(L + 1),
        "there is no W_{L+1} in a network of depth L: its index runs from 0 to L",
    ),
    "h after the last": (Hidden(L + 1), "there is no h_{L+1} in a network of depth L: its index runs from 0 to L"),
    "z_0": (PreActivation(0), "there is no z_0 in a network of depth L: its index runs from 1 to L+1"),
    "negative layer": (Weight(-1), "there is no W_{-1} in a network of depth L: its index runs from 0 to L"),
    "unknown": (Named("q"), "the network has no variable q"),
    "columns beyond the last": (
        Columns(W, ONE, width(l) + 1),
        "W_l[:,1…n_l+1] reaches beyond W_l (n_{l+1}-1 × n_l): write columns from 1 to n_l",
    ),
    "column 0": (Columns(W, dim(0), dim(1)), "W_l[:,0…1] reaches beyond W_l"),
    "supremum over a matrix": (OverUnit("sup", W, Norm(W)), "a sup over unit vectors needs a column, but W_l is"),
    "supremum of a column": (OverUnit("sup", h, h), "what a sup is taken of must be a scalar, but h_l is n_l × 1"),
    "largest of columns": (Extreme("max", "k", ONE, L, Hidden(k)), "what a max is taken of must be a scalar"),
    "minimum over layers that are not there": (
        Extreme("min", "k", ONE, L + 1, Norm(Weight(k))),
        "there is no W_{L+1} in a network of depth L",
    ),
    "sum of matrices over singular values": (SpectralSum("k", W, W), "what is summed over singular values must be a"),
    "covariance of another size": (
        Gaussian(Zeros(width(l)), Identity(units(l))),
        "the covariance I is n_l-1 × n_l-1, but the mean 0 has n_l entries: a covariance has as many rows and",
    ),
    "variance of a column": (Variance(z), "what a variance is taken of must be a scalar, but z_l is n_l-1 × 1"),
    "too many weights": (Family("l", dim(0), L + 1, W), "there is no W_{L+1} in a network of depth L"),
    "prediction of a row": (Prediction("f", Hidden(0).T, WEIGHTS), "the function f needs a column, but h_0ᵀ is"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_conform_is_said(name):
    e, message = WRONG[name]
    with pytest.raises(ShapeError) as wrong:
        shape(e, NET)
    assert message in str(wrong.value)


def test_layers_that_a_given_network_does_not_have():
    with pytest.raises(ShapeError, match=r"there is no W_3 in a network of depth 2: its index runs from 0 to 2"):
        shape(Weight(3), GIVEN)
    with pytest.raises(ShapeError, match=r"there is no width n_7 in a network of depth 2: .* from n_0 to n_3"):
        shape(Identity(width(7)), GIVEN)
    with pytest.raises(ShapeError, match="there is no width"):
        shape(Identity(width(-1)), GIVEN)


def test_an_empty_product_needs_no_layer():
    assert written(shape(over(L + 1, L), NET), NET) == "n_{L+1} × n_{L+1}"


def test_a_node_without_a_shape_says_where_to_register_one():
    class Strange(Expr):
        pass

    with pytest.raises(TypeError, match=r"Strange has no shape registered: add @shape.register"):
        shape(Strange(), NET)
