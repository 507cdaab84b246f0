"""The SymPy reader against matrices written out by hand, and against SymPy's own derivative of the whole network."""

from __future__ import annotations

import pytest
import sympy
from sympy import ImmutableDenseMatrix as Matrix
from sympy import Symbol

from symbackprop.dims import DEPTH, ONE, dim, index, units, width
from symbackprop.errors import ShapeError, SymbackpropError
from symbackprop.expr import (
    LOSS,
    ActivationJacobian,
    Bias,
    Column,
    ColumnAt,
    Diagonal,
    Elementwise,
    Entry,
    Hadamard,
    Hidden,
    Identity,
    IndexedProduct,
    IndexedSum,
    Kronecker,
    LayerMap,
    LogSumExp,
    Norm,
    Ones,
    Partial,
    PreActivation,
    Quotient,
    Row,
    SingularValue,
    Size,
    Softmax,
    SquareRoot,
    Target,
    Weight,
    WithoutBias,
    number,
)
from symbackprop.network import MLP
from symbackprop.symbolic import to_sympy

WIDTHS = (2, 3, 2)
g = sympy.Function("g")
x1, y1, y2 = sympy.symbols("x_1 y_1 y_2")
z, h, W = PreActivation, Hidden, Weight
l = index("l")


def w(layer: int, i: int, k: int) -> Symbol:
    return Symbol(f"W_{layer}[{i},{k}]")


Z1 = [w(0, i, 1) * x1 + w(0, i, 2) for i in (1, 2)]
H1 = [*map(g, Z1), sympy.Integer(1)]
YHAT = [sum(w(1, i, k) * H1[k - 1] for k in (1, 2, 3)) for i in (1, 2)]


def test_the_whole_network_written_out() -> None:
    made = MLP().to_sympy(WIDTHS)
    assert made.x == Matrix([x1, 1])
    assert made.y == Matrix([y1, y2])
    assert made.weights == (
        Matrix(2, 2, lambda i, k: w(0, i + 1, k + 1)),
        Matrix(2, 3, lambda i, k: w(1, i + 1, k + 1)),
    )
    assert made.biases == ()
    assert made.preactivations == (Matrix(Z1),)
    assert made.hidden == (Matrix(H1),)
    assert made.output == Matrix(YHAT)
    assert made.loss == sympy.Function("L")(*YHAT, y1, y2)


def test_separate_biases_and_no_bias() -> None:
    separate = MLP(bias="separate").to_sympy([1, 2, 1])
    b = [Symbol(f"b_0[{i}]") for i in (1, 2)]
    assert separate.x == Matrix([x1])
    assert separate.preactivations[0] == Matrix([w(0, i, 1) * x1 + b[i - 1] for i in (1, 2)])
    assert separate.biases[1] == Matrix([Symbol("b_1[1]")])
    assert to_sympy(Bias(dim(0)), [1, 2, 1], MLP(bias="separate")) == Matrix(b)
    assert MLP(bias="none").to_sympy([1, 2, 1]).preactivations[0] == Matrix([w(0, i, 1) * x1 for i in (1, 2)])


def test_named_activation_and_loss() -> None:
    made = MLP(widths=WIDTHS, activation="tanh", loss="squared_error").to_sympy()
    hidden = [*map(sympy.tanh, Z1), 1]
    output = [sum(w(1, i, k) * hidden[k - 1] for k in (1, 2, 3)) for i in (1, 2)]
    assert sympy.expand(made.loss - (output[0] - y1) ** 2 - (output[1] - y2) ** 2) == 0


def test_intermediate_variables_may_stay_symbols() -> None:
    product = W(1) @ h(1)
    symbols = Matrix([Symbol("h_1[1]"), Symbol("h_1[2]"), 1])
    weights = Matrix(2, 3, lambda i, k: w(1, i + 1, k + 1))
    assert to_sympy(product, WIDTHS, expand=False) == weights * symbols
    assert to_sympy(product, WIDTHS) == weights * Matrix(H1)


@pytest.mark.parametrize("activation", ["tanh", "relu", "g"])
@pytest.mark.parametrize("bias", ["augmented", "separate", "none"])
def test_gradient_by_a_weight_row_is_sympys_derivative_of_the_network(activation: str, bias: str) -> None:
    mlp = MLP(activation=activation, loss="squared_error", bias=bias)
    made = mlp.to_sympy([3, 2, 3, 2])
    gradient = to_sympy(Partial(LOSS, Row(W(0), dim(1)).T), [3, 2, 3, 2], mlp)
    assert gradient.shape == (3, 1)
    for k in range(3):
        assert gradient[k, 0].equals(made.loss.diff(made.weights[0][0, k])) is not False
        assert sympy.expand((gradient[k, 0] - made.loss.diff(made.weights[0][0, k])).doit()) == 0


def test_generic_derivatives_compare_equal_on_both_sides_of_the_chain_rule() -> None:
    loss, upstream = LOSS, Partial(LOSS, z(2))
    left = to_sympy(Partial(loss, h(1)), WIDTHS)
    right = to_sympy(W(1).T @ upstream, WIDTHS)
    assert (left - right).expand() == Matrix.zeros(3, 1)
    wrong = to_sympy(W(1).T @ (upstream + upstream), WIDTHS)
    assert (left - wrong).expand() != Matrix.zeros(3, 1)


def test_a_generic_derivative_takes_a_function_in_its_place() -> None:
    slopes = to_sympy(ActivationJacobian("g", z(1)), WIDTHS)
    tanh = slopes.subs(g, sympy.tanh).doit()
    assert tanh == Matrix([[1 - sympy.tanh(Z1[0]) ** 2, 0, 0], [0, 1 - sympy.tanh(Z1[1]) ** 2, 0]])


def test_derivative_by_a_layer_is_as_if_it_were_independent() -> None:
    jacobian = to_sympy(Partial(h(1), z(1)), WIDTHS)
    slopes = [sympy.Subs(g(Symbol("u")).diff(Symbol("u")), Symbol("u"), v) for v in Z1]
    assert jacobian == Matrix([[slopes[0], 0, 0], [0, slopes[1], 0]])
    assert to_sympy(Partial(z(2), h(1)), WIDTHS) == Matrix(3, 2, lambda k, i: w(1, i + 1, k + 1))
    assert to_sympy(Partial(z(2), h(1), numerator=True), WIDTHS) == Matrix(2, 3, lambda i, k: w(1, i + 1, k + 1))


def test_derivatives_by_parts_of_a_matrix() -> None:
    mlp = MLP(activation="identity", loss="half_squared_error")
    full = to_sympy(Partial(LOSS, W(1)), WIDTHS, mlp)
    assert full.shape == (2, 3)
    error = to_sympy(z(2) - Target(), WIDTHS, mlp)
    assert (full - error * Matrix([*Z1, 1]).T).expand() == Matrix.zeros(2, 3)
    assert to_sympy(Partial(LOSS, Row(W(1), dim(2))), WIDTHS, mlp) == full[1, :]
    assert to_sympy(Partial(LOSS, Row(W(1), dim(2)).T), WIDTHS, mlp) == full[1, :].T
    assert to_sympy(Partial(LOSS, Column(W(1), dim(3))), WIDTHS, mlp) == full[:, 2]
    assert to_sympy(Partial(LOSS, WithoutBias(W(1))), WIDTHS, mlp) == full[:, :2]
    assert to_sympy(Partial(LOSS, Entry(W(1), dim(2), dim(1))), WIDTHS, mlp) == full[1, 0]
    assert to_sympy(Partial(LOSS, W(1).T), WIDTHS, mlp) == full.T
    assert to_sympy(Partial(LOSS, h(0)), WIDTHS, mlp).shape == (2, 1)


def test_a_second_derivative_sees_through_the_layers_between() -> None:
    mlp = MLP(activation="identity", loss="half_squared_error")
    # ∂L/∂ŷ_1 = ŷ_1 - y_1, and ŷ_1 depends on W_1[1,3], the bias, with slope 1
    first = Partial(LOSS, Entry(z(2), ONE))
    assert to_sympy(Partial(first, Entry(W(1), ONE, dim(3))), WIDTHS, mlp) == 1


def test_every_other_node_by_hand() -> None:
    z1, z2 = sympy.symbols("z_1[1] z_1[2]")
    column = Matrix([z1, z2])

    def read(e: object) -> object:
        return to_sympy(e, WIDTHS, expand=False)  # type: ignore[arg-type]

    weights = Matrix(2, 2, lambda i, k: w(0, i + 1, k + 1))
    assert read(Identity(units(1))) == Matrix.eye(2)
    assert read(Ones(width(1))) == Matrix.ones(3, 1)
    assert read(Size(width(1))) == 3
    assert read(Kronecker(ONE, ONE)) == 1
    assert read(Kronecker(ONE, dim(2))) == 0
    assert read(ColumnAt(z(1), dim(2), width(1))) == Matrix([[0, z1, 0], [0, z2, 0]])
    assert read(Diagonal(z(1))) == sympy.diag(z1, z2)
    assert read(Hadamard((z(1), z(1)))) == Matrix([z1**2, z2**2])
    assert read(Elementwise("g", z(1), 1)) == Matrix([g(z1).diff(z1), g(z2).diff(z2)])
    assert read(LayerMap("g", z(1))) == Matrix([g(z1), g(z2), 1])
    assert read(LogSumExp(z(1))) == sympy.log(sympy.exp(z1) + sympy.exp(z2))
    assert read(Softmax(z(1)))[0] == sympy.exp(z1) / (sympy.exp(z1) + sympy.exp(z2))
    assert read(Norm(z(1))) == sympy.sqrt(z1**2 + z2**2)
    assert read(Norm(W(0), "F")) == sympy.sqrt(sum(e**2 for e in weights))
    assert read(SquareRoot(number(4))) == 2
    assert read(Quotient(z(1), Size(units(1)))) == column / 2
    assert read(IndexedSum("k", ONE, units(1), Entry(z(1), index("k")))) == z1 + z2
    assert read(z(1).T @ z(1)) == z1**2 + z2**2
    assert read(-z(1) + z(1)) == Matrix.zeros(2, 1)


def test_singular_values_at_numbers() -> None:
    matrix = to_sympy(SingularValue(Diagonal(z(1))), WIDTHS, expand=False)
    smallest = to_sympy(SingularValue(Diagonal(z(1)), "smallest"), WIDTHS, expand=False)
    values = {Symbol("z_1[1]"): -3, Symbol("z_1[2]"): 2}
    assert matrix.subs(values) == 3
    assert smallest.subs(values) == 2


def test_a_product_is_ordered_and_empty_is_the_identity() -> None:
    mlp = MLP()
    body = ActivationJacobian("g", z(l)) @ W(l).T
    e = IndexedProduct("l", ONE, DEPTH, body)
    widths = (2, 3, 4, 2)
    one = to_sympy(ActivationJacobian("g", z(1)) @ W(1).T @ ActivationJacobian("g", z(2)) @ W(2).T, widths, mlp)
    assert (to_sympy(e, widths, mlp) - one).expand() == Matrix.zeros(2, 2)
    assert to_sympy(IndexedProduct("l", ONE, DEPTH - 1, body), WIDTHS, mlp) == Matrix.eye(2)
    with pytest.raises(ShapeError):
        to_sympy(IndexedProduct("l", ONE, DEPTH, body, descending=True), widths, mlp)


def test_symbolic_widths() -> None:
    n = [Symbol(f"n_{i}", integer=True, positive=True) for i in range(4)]
    W0, W1 = sympy.MatrixSymbol("W_0", n[1] - 1, n[0]), sympy.MatrixSymbol("W_1", n[2] - 1, n[1])
    assert to_sympy(W(0)) == W0
    assert to_sympy(W(1) @ h(1)) == W1 * sympy.MatrixSymbol("h_1", n[1], 1)
    assert to_sympy(W(1).T @ z(2) + h(1)) == W1.T * sympy.MatrixSymbol("z_2", n[2] - 1, 1) + sympy.MatrixSymbol(
        "h_1", n[1], 1
    )
    assert to_sympy(Hadamard((z(1), z(1)))).shape == (n[1] - 1, 1)
    chain = IndexedProduct("l", dim(0), dim(1), WithoutBias(W(l + 1)), descending=True)
    with pytest.raises(SymbackpropError, match=r"SymPy cannot say W_2~ with symbolic widths"):
        to_sympy(chain)
    deep = to_sympy(W(DEPTH - 1))
    assert str(deep.shape[0]) == "n_L - 1"
    assert to_sympy(Row(W(1), index("j"))).shape == (1, n[1])
    assert (
        to_sympy(Entry(z(1), index("k")))
        == sympy.MatrixSymbol("z_1", n[1] - 1, 1)[Symbol("k", integer=True, positive=True) - 1, 0]
    )


@pytest.mark.parametrize("e", [Partial(LOSS, z(1)), ActivationJacobian("g", z(1)), LayerMap("g", z(1))])
def test_what_sympy_cannot_say_with_symbolic_widths(e: Partial) -> None:
    with pytest.raises(SymbackpropError, match=r"with symbolic widths: give widths"):
        to_sympy(e)


def test_bad_input() -> None:
    with pytest.raises(ShapeError, match="did you mean h_1"):
        to_sympy(W(1) @ z(1), WIDTHS)
    with pytest.raises(SymbackpropError, match="put numbers in place of l"):
        to_sympy(W(l), WIDTHS)
    with pytest.raises(SymbackpropError, match="needs widths"):
        MLP().to_sympy()
    with pytest.raises(SymbackpropError, match="do not fit depth 3"):
        MLP(depth=3).to_sympy(WIDTHS)
    with pytest.raises(ShapeError, match="its index 3 runs from 1 to 2"):
        to_sympy(Row(W(1), dim(3)), WIDTHS)
    with pytest.raises(SymbackpropError, match="cannot differentiate by"):
        to_sympy(Partial(LOSS, W(1) @ h(1)), WIDTHS)
    with pytest.raises(ShapeError, match="more than two indices"):
        to_sympy(Partial(z(1), W(0)), WIDTHS)
