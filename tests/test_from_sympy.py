"""What is taken over from SymPy, against trees written by hand, against SymPy's own values, and back again."""

from __future__ import annotations

import functools
import math
import random
import subprocess
import sys
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Function, MatrixSymbol, Rational, Symbol, exp, log, symbols, tanh

from symbackprop.dims import dim, index
from symbackprop.errors import ShapeError, SymbackpropError
from symbackprop.expr import (
    LOSS,
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
    Named,
    Negative,
    Ones,
    Partial,
    Power,
    Quotient,
    Row,
    Size,
    SquareRoot,
    Sum,
    Target,
    Weight,
    Zeros,
    number,
)
from symbackprop.expr import Function as Unknown
from symbackprop.from_sympy import from_sympy, quantities_of
from symbackprop.given import Network
from symbackprop.groups import EntrywisePower
from symbackprop.judges.floats import Point
from symbackprop.judges.steps import evaluate
from symbackprop.latex.parse import parse
from symbackprop.network import MLP
from symbackprop.primitives import DiagonalPart, EntrywiseQuotient, Pairwise, Rows, Stacked, Trace
from symbackprop.quantities import Quantities
from symbackprop.symbolic import to_sympy

x, y, w_1 = symbols("x y w_1")
k, n, m = symbols("k n m", integer=True, positive=True)
A, B, v = MatrixSymbol("A", n, m), MatrixSymbol("B", m, n), MatrixSymbol("v", n, 1)
S = MatrixSymbol("S", n, n)
g = Function("g")
X, Y, W1 = Named("x"), Named("y"), Named("w", dim(1))
NA, NB, NV, NS = (Named(name) for name in "ABvS")
N, M = index("n"), index("m")
one, two = number(1), number(2)


# --- trees written by hand -------------------------------------------------------------------------------------------

SCALARS: list[tuple[Any, Expr]] = [
    (sympy.Integer(3), number(3)),
    (Rational(-2, 3), Negative(number(Fraction(2, 3)))),
    (sympy.Float("0.1"), number(Fraction(1, 10))),
    (w_1, W1),
    (Symbol("b_{hidden}"), Named("b_hidden")),
    (Symbol(r"\hat{y}"), Named("yhat")),
    (Symbol(r"\mathbf{x}"), X),
    (Symbol("gamma"), Named("gamma")),
    (x - y, X - Y),
    (x / 2, Quotient(X, two)),
    (-x * y, Negative(X @ Y)),
    (3 * x / y, Quotient(number(3) @ X, Y)),
    (1 / (x * y), Quotient(one, X @ Y)),
    (x**3, Power(X, Fraction(3))),
    (x**-2, Quotient(one, Power(X, Fraction(2)))),
    (sympy.sqrt(x), SquareRoot(X)),
    (x ** Rational(2, 3), Power(X, Fraction(2, 3))),
    (x / sympy.sqrt(y), Quotient(X, SquareRoot(Y))),
    (sympy.E, Elementwise("exp", one)),
    (sympy.Pow(sympy.E, x, evaluate=False), Elementwise("exp", X)),
    (2**x, Elementwise("exp", X @ Elementwise("log", two))),
    (exp(-x), Elementwise("exp", Negative(X))),
    (log(x, sympy.E, evaluate=False), Elementwise("log", X)),
    (log(x, 10, evaluate=False), Quotient(Elementwise("log", X), Elementwise("log", number(10)))),
    (sympy.Abs(x), Elementwise("abs", X)),
    (sympy.sign(x), Elementwise("abs", X, 1)),
    (sympy.atan(x), Elementwise("arctan", X)),
    (sympy.Piecewise((0, x <= 0), (x, True)), Elementwise("relu", X)),
    (g(x), Elementwise("g", X)),
    (Function(r"\sigma")(x), Elementwise("sigmoid", X)),
    (g(x).diff(x), Elementwise("g", X, 1)),
    (g(x).diff(x, 2), Elementwise("g", X, 2)),
    (sympy.Max(0, x), Pairwise("max", X, number(0))),
    (sympy.Min(x, y), Pairwise("min", X, Y)),
    (n + 1, Size(N + 1)),
    (2 * n - m, Size(N * 2 - M)),
    (sympy.Sum(k * x, (k, 1, n)), IndexedSum("k", dim(1), N, Size(index("k")) @ X)),
    (sympy.Product(x + k, (k, 1, 3)), IndexedProduct("k", dim(1), dim(3), Size(index("k")) + X)),
    (
        sympy.Sum(x * k, (m, 1, k), (k, 1, n)),
        IndexedSum("k", dim(1), N, IndexedSum("m", dim(1), index("k"), Size(index("k")) @ X)),
    ),
]

MATRICES: list[tuple[Any, Expr]] = [
    (A * B, NA @ NB),
    (-2 * A * B, Negative(two @ NA @ NB)),
    (A + 3 * B.T, Sum((number(3) @ NB.T, NA))),
    (x * A, X @ NA),
    (S**2, NS @ NS),
    (sympy.HadamardProduct(A, B.T), Hadamard((NA, NB.T))),
    (sympy.HadamardPower(v, Rational(1, 2)), EntrywisePower(NV, Fraction(1, 2))),
    (sympy.HadamardPower(A, 2), Hadamard((NA, NA))),
    (sympy.HadamardPower(A, Rational(1, 2)), Elementwise("sqrt", NA)),
    (sympy.HadamardPower(A, -2), EntrywiseQuotient(Ones(N) @ Ones(M).T, Hadamard((NA, NA)))),
    (sympy.HadamardProduct(A, sympy.HadamardPower(B.T, -1)), EntrywiseQuotient(NA, NB.T)),
    (sympy.Trace(A * B), Trace(NA @ NB)),
    (sympy.Identity(n), Identity(N)),
    (sympy.OneMatrix(n, 1), Ones(N)),
    (sympy.OneMatrix(1, n), Ones(N).T),
    (sympy.OneMatrix(n, m), Ones(N) @ Ones(M).T),
    (sympy.ZeroMatrix(n, 1), Zeros(N)),
    (sympy.DiagMatrix(v), Diagonal(NV)),
    (sympy.DiagonalOf(S), DiagonalPart(NS)),
    (sympy.DiagonalMatrix(S), Diagonal(DiagonalPart(NS))),
    # SymPy counts from 0
    (A[0, 1], Entry(NA, dim(1), dim(2))),
    (v[2, 0], Entry(NV, dim(3))),
    (sympy.Sum(v[k - 1, 0] ** 2, (k, 1, n)), IndexedSum("k", dim(1), N, Power(Entry(NV, index("k")), Fraction(2)))),
    (A[1, :], Row(NA, dim(2))),
    (A[1:4, :], Rows(NA, dim(2), dim(4))),
    (A[:, 1:4], Columns(NA, dim(2), dim(4))),
    (sympy.Matrix([x, y]), Stacked((X, Y), "rows")),
    (sympy.Matrix([[x, 1], [y, 2]]), Stacked((Stacked((X, one), "columns"), Stacked((Y, two), "columns")), "rows")),
    (sympy.BlockMatrix([[A, A]]), Stacked((NA, NA), "columns")),
    (A.applyfunc(tanh), Elementwise("tanh", NA)),
    (A.applyfunc(lambda z: 1 / (1 + exp(-z))), Elementwise("sigmoid", NA)),
    (A.applyfunc(lambda z: 1 - tanh(z) ** 2), Elementwise("tanh", NA, 1)),
    (A.applyfunc(sympy.Abs), Elementwise("abs", NA)),
    (A.applyfunc(g), Elementwise("g", NA)),
    (v.applyfunc(lambda z: z * exp(z)), Hadamard((NV, Elementwise("exp", NV)))),
    (v.applyfunc(lambda z: 1 - z), Sum((Ones(N), Negative(NV)))),
    (v.applyfunc(lambda z: 3 / z), number(3) @ EntrywiseQuotient(Ones(N), NV)),
    (sympy.Derivative(Symbol("L"), A), Partial(LOSS, NA)),
    (sympy.Derivative(Function("L")(A), A), Partial(LOSS, NA)),
    (sympy.Derivative(Function("C")(A, v), A), Partial(Unknown("C", (NA, NV)), NA)),
]


@pytest.mark.parametrize(("given_expression", "tree"), [*SCALARS, *MATRICES], ids=lambda each: str(each)[:60])
def test_an_expression_is_the_tree_that_a_person_writes(given_expression: Any, tree: Expr) -> None:
    assert from_sympy(given_expression) == tree


def test_a_quotient_entry_by_entry_needs_no_column_of_ones_where_nothing_is_divided_by() -> None:
    found = from_sympy(v.applyfunc(lambda z: z / (1 + z)))
    assert found == EntrywiseQuotient(NV, Sum((Ones(N), NV)))


# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("refused", "said"),
    [
        ("x + 1", "str is no expression of SymPy: LaTeX is read by parse"),
        (sympy.Inverse(S), "no inverse of a matrix, S: name it as a variable"),
        (S**-1, "no inverse of a matrix, S"),
        (sympy.Determinant(S), "no determinant, of S"),
        (
            x**y,
            "no node for x**y: an exponent is a number, or the base is one; for a positive base write exp(y*log(x))",
        ),
        (sympy.I * x, "latex2sympy2 reads the letter I as the imaginary unit"),
        (sympy.pi * x, "no node for the number π"),
        (sympy.oo, "no node for SymPy's Infinity"),
        (sympy.Eq(x, y), "no node for SymPy's Equality"),
        (sympy.Integral(x, x), "no node for SymPy's Integral"),
        (sympy.gamma(x), "no function gamma, in gamma(x)"),
        (A.applyfunc(sympy.gamma), "no function gamma"),
        (v.applyfunc(lambda z: z**z), "no function of each entry"),
        (sympy.Piecewise((0, x < 1), (y, True)), "the tree has no cases"),
        (sympy.Sum(Symbol("z_k"), (k, 1, 3)), "z_k is one symbol to SymPy, the same for every k"),
        (sympy.Sum(x, (k, 1, x * y)), "x*y is no size or bound here"),
        (sympy.Derivative(x * y**2, x, y), "differentiates by several variables"),
        (sympy.Derivative(x * y**2, y, 2), "differentiates 2 times"),
        (sympy.Derivative(g(n) * n, n), "which is an index or a size"),
        (S**n, "no power n of the matrix S"),
        (sympy.HadamardPower(A, x), "does not raise the entries of A to x"),
        (A[0:4:2, :], "rows and columns that follow one another"),
        (sympy.Matrix(0, 0, []), "one row and one column at least"),
        (sympy.beta(x, y), "no function beta of 2"),
    ],
    ids=lambda each: str(each)[:40],
)
def test_what_the_tree_has_no_node_for_is_refused_by_name(refused: Any, said: str) -> None:
    with pytest.raises(SymbackpropError) as error:
        from_sympy(refused)
    assert said in str(error.value)


def test_nesting_that_is_too_deep_is_refused() -> None:
    deep = x
    for _ in range(3000):
        deep = sympy.Pow(sympy.Add(deep, 1, evaluate=False), 2, evaluate=False)
    with pytest.raises(SymbackpropError, match="nested too deeply"):
        from_sympy(deep)


# --- networks --------------------------------------------------------------------------------------------------------


def test_symbols_are_the_variables_of_the_network() -> None:
    network = MLP()
    w = MatrixSymbol("W_1", Symbol("n_2", integer=True) - 1, Symbol("n_1", integer=True))
    h = MatrixSymbol("h_1", Symbol("n_1", integer=True), 1)
    assert from_sympy(w * h, network) == Weight(1) @ Hidden(1)
    assert from_sympy(MatrixSymbol("y", Symbol("n_{L+1}", integer=True), 1), network) == Target()
    # without a network they are variables of their own
    assert from_sympy(w * h) == Named("W", dim(1)) @ Named("h", dim(1))
    quantities = Quantities({"W_1": ("a", "b"), "n": (), "z": ("b",)})
    assert from_sympy(MatrixSymbol("W_1", Symbol("a"), Symbol("b")), quantities) == Named("W_1")
    assert from_sympy(n, quantities) == Named("n"), "a name that the network declares is a variable"
    assert from_sympy(Symbol("a"), quantities) == Size(index("a")), "the letter of a size is a size"


def test_a_matrix_of_another_shape_than_in_the_network_is_refused() -> None:
    with pytest.raises(ShapeError, match=r"SymPy's A is m × n, but A is n × m in the network"):
        from_sympy(MatrixSymbol("A", m, n), Quantities({"A": ("n", "m")}))
    with pytest.raises(ShapeError, match=r"cannot add A \(n × m\) and x \(1 × 1\)"):
        from_sympy(Symbol("A") + x, Quantities({"A": ("n", "m"), "x": ()}))
    with pytest.raises(ShapeError, match="the network has no variable x"):
        from_sympy(x, Quantities({"A": ("n", "m")}))


def test_the_variables_of_an_expression_are_found_with_their_shapes() -> None:
    found = quantities_of(A * B * v[0, 0] + x * S)
    assert found.names == {"A", "B", "v", "S", "x"}
    assert found.shape_of(NA) == (N, M)
    assert found.shape_of(NV) == (N, dim(1))
    assert found.shape_of(X) == (dim(1), dim(1))
    assert found.sizes == ("m", "n")
    # two members of one family, of two shapes
    two_layers = MatrixSymbol("W_2", 3, n) * MatrixSymbol("W_1", n, 4)
    network = quantities_of(two_layers)
    assert from_sympy(two_layers, network) == Named("W_2") @ Named("W_1")
    assert to_sympy(from_sympy(two_layers, network), network=network) == two_layers


def test_symbols_are_the_variables_of_a_network_of_forward_equations() -> None:
    network = Network(r"z = W_1 x", r"J = z^\top z", shapes={"x": "D", "W_1": "m x D"})
    D = Symbol("D", integer=True, positive=True)
    W = MatrixSymbol("W_1", m, D)
    found = from_sympy(sympy.Derivative(Symbol("J"), W), network)
    assert found == parse(r"\frac{\partial J}{\partial W_1}", network=network)
    assert from_sympy(W * MatrixSymbol("x", D, 1), network) == parse("W_1 x", network=network)


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "g"])
def test_the_whole_loss_of_a_network_written_out_by_sympy_comes_back(activation: str) -> None:
    network = MLP(widths=[2, 3, 3, 2], activation=activation, loss="squared_error")
    loss = network.to_sympy().loss
    found = from_sympy(loss, network)
    assert to_sympy(found, network=network) == loss


# --- there and back --------------------------------------------------------------------------------------------------

fractions = st.builds(Rational, st.integers(-7, 7).filter(bool), st.integers(1, 5))
letters = st.sampled_from([x, y, w_1])


def _monomials(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Products without a factor that is a sum: SymPy multiplies a number into one whenever it meets both alone."""
    functions = st.sampled_from([exp, tanh, g, sympy.sin, lambda u: log(1 + u**2), lambda u: 1 / (1 + exp(-u))])
    powers = st.builds(lambda u, p: u**p, inner, st.sampled_from([2, 3, -1, -2, Rational(1, 2), Rational(-3, 2)]))
    factors = st.one_of(letters, st.builds(lambda f, u: f(u), functions, inner), powers)
    return st.builds(lambda c, parts: c * sympy.Mul(*parts), fractions, st.lists(factors, min_size=1, max_size=3))


def _sums(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.builds(lambda parts: sympy.Add(*parts), st.lists(_monomials(inner), min_size=1, max_size=3))


scalars = st.recursive(letters, _sums, max_leaves=4)
POINT = {x: Rational(3, 7), y: Rational(5, 11), w_1: Rational(13, 9)}


@settings(max_examples=60, deadline=None)
@given(scalars)
def test_scalars_come_back(e: Any) -> None:
    back = to_sympy(from_sympy(e), network=Quantities({"x": (), "y": (), "w": ()}))
    if back != e:
        # SymPy writes 2 (x + 1) as 2 x + 2 wherever it meets it alone
        one, other = (each.replace(g, sympy.cosh).evalf(40, subs=POINT) for each in (back, e))
        assert abs(one - other) <= abs(other) * Rational(1, 10**30)


def _of_shape(rows: Any, columns: Any, depth: int) -> st.SearchStrategy[Any]:
    """Matrix expressions of symbolic shape over A, B, v and S, and the scalar x."""
    leaves = [e for e in (A, A.T, B, B.T, S, S.T, B * A) if e.shape == (rows, columns)]
    here: st.SearchStrategy[Any] = st.sampled_from(leaves)
    if not depth:
        return here
    same = _of_shape(rows, columns, depth - 1)
    options = [
        here,
        st.builds(lambda a, b: a + b, same, same),
        st.builds(lambda c, a: c * a, st.sampled_from([x, -x, Rational(1, 2), 3, -1]), same),
        st.builds(lambda a, b: sympy.HadamardProduct(a, b), same, same),
    ]
    for between in (n, m):
        left, right = _of_shape(rows, between, depth - 1), _of_shape(between, columns, depth - 1)
        options.append(st.builds(lambda a, b: a * b, left, right))
    if rows == columns == n:
        options.append(st.just(sympy.DiagMatrix(v)))
        options.append(st.just(sympy.Identity(n)))
    return st.one_of(options)


matrices = st.one_of(_of_shape(n, m, 2), _of_shape(n, n, 2), _of_shape(m, n, 2))
SHAPES = Quantities({"A": ("n", "m"), "B": ("m", "n"), "S": ("n", "n"), "v": ("n",), "x": ()})


@settings(max_examples=40, deadline=None)
@given(matrices)
def test_matrices_come_back_with_their_value(e: Any) -> None:
    tree = from_sympy(e, SHAPES)
    concrete, values = _drawn(SHAPES)
    # SymPy gathers A A into a power in some orders and not in others, and multiplies a number into a sum in some
    back = to_sympy(tree, network=SHAPES)
    if back != e and not back.has(sympy.MatPow):
        np.testing.assert_allclose(_in_numpy(back, values), _in_numpy(e, values), rtol=1e-9)
    point = Point(concrete, 1, given={Named(name): value for name, value in values.items()})
    np.testing.assert_allclose(evaluate(tree, point, SIZES), _in_numpy(e, values), rtol=1e-9)


def _in_numpy(e: Any, values: dict[str, Any]) -> Any:
    """The value of a matrix expression by what SymPy's documentation says its nodes are."""
    parts = (
        [_in_numpy(part, values) for part in e.args]
        if not isinstance(e, sympy.MatrixSymbol | sympy.Identity | sympy.ZeroMatrix)
        else []
    )
    match e:
        case sympy.MatrixSymbol() | sympy.Symbol():
            return values.get(e.name, SIZES.get(e.name))
        case sympy.Number():
            return float(e)
        case sympy.ZeroMatrix():
            return np.zeros([SIZES[str(size)] for size in e.shape])
        case sympy.Identity():
            return np.eye(SIZES[str(e.shape[0])])
        case sympy.Add() | sympy.MatAdd():
            return sum(parts)
        # before Mul, of which SymPy makes it a subclass
        case sympy.MatMul():
            return functools.reduce(lambda a, b: a @ b if np.size(a) > 1 and np.size(b) > 1 else a * b, parts)
        case sympy.Mul() | sympy.HadamardProduct():
            return math.prod(parts)
        case sympy.MatPow():
            return np.linalg.matrix_power(parts[0], int(e.exp))
        case sympy.HadamardPower() | sympy.Pow():
            return parts[0] ** parts[1]
        case sympy.Transpose():
            return parts[0].T
        case sympy.DiagMatrix():
            return np.diag(parts[0][:, 0])
    raise AssertionError(f"the strategy does not make {type(e).__name__}")


@pytest.mark.parametrize(("e", "tree"), MATRICES, ids=lambda each: str(each)[:40])
def test_what_is_taken_over_has_the_value_that_sympy_gives_it(e: Any, tree: Expr) -> None:
    if isinstance(tree, Partial) or e.has(g, sympy.matrices.expressions.diagonal.DiagonalOf, sympy.DiagonalMatrix):
        pytest.skip("SymPy has no value for it, or fails")
    _same_value(e, tree, Quantities({"A": ("n", "m"), "B": ("m", "n"), "S": ("n", "n"), "v": ("n",), "x": (), "y": ()}))


def test_a_wrong_tree_has_another_value() -> None:
    with pytest.raises(AssertionError):
        _same_value(A * B, (NA @ NB).T, SHAPES)
    with pytest.raises(AssertionError):
        _same_value(A[0, 1], Entry(NA, dim(2), dim(1)), SHAPES)
    with pytest.raises(AssertionError):
        _same_value(A.applyfunc(tanh), Elementwise("tanh", NA, 1), SHAPES)


SIZES = {"n": 5, "m": 4}


def _drawn(network: Quantities) -> tuple[Quantities, dict[str, Any]]:
    """The network at widths n = 5, m = 4, and values of its variables."""
    drawn = random.Random(1)
    concrete = network.given({name: SIZES[name] for name in network.sizes})
    values = {}
    for name in sorted(network.names):
        rows, columns = (size.constant for size in concrete.shape_of(Named(name)))
        values[name] = np.array([[drawn.randint(1, 90) / 64 for _ in range(columns)] for _ in range(rows)])
    return concrete, values


def _same_value(e: Any, tree: Expr, network: Quantities) -> None:
    """SymPy's value of the entries, and that of the numeric judge, at one point."""
    concrete, values = _drawn(network)
    point = Point(concrete, 1, given={Named(name): value for name, value in values.items()})
    np.testing.assert_allclose(evaluate(tree, point, SIZES), _by_sympy(e, values), rtol=1e-9)


def _by_sympy(e: Any, values: dict[str, Any]) -> Any:
    at = e.subs({n: SIZES["n"], m: SIZES["m"]}).doit()
    put: dict[Any, Any] = {Symbol(name): sympy.Float(str(values[name][0, 0])) for name in ("x", "y") if name in values}
    for part in at.atoms(MatrixSymbol):
        put[part] = sympy.ImmutableDenseMatrix(values[part.name])
    at = at.subs(put).doit()
    entries = at.as_explicit() if getattr(at, "is_Matrix", False) and hasattr(at, "as_explicit") else at
    explicit = entries if getattr(entries, "is_Matrix", False) else sympy.Matrix([[entries]])
    return np.array(sympy.N(explicit).tolist(), dtype=float)


# --- the package -----------------------------------------------------------------------------------------------------


def test_a_public_function_stays_one_when_a_module_of_its_name_is_imported() -> None:
    code = """
import symbackprop.from_sympy, symbackprop.latex, symbackprop.verify
import symbackprop as sb
assert callable(sb.from_sympy) and callable(sb.latex) and callable(sb.verify)
from symbackprop.verify import verify
assert sb.verify is verify
"""
    subprocess.run([sys.executable, "-c", code], check=True)
