"""The index calculus against NumPy: what it says entry by entry is what the matrices have there."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import singledispatch
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symbackprop import expr
from symbackprop.dims import DEPTH, ONE, Dim, dim, index, units, width
from symbackprop.entries import chained, entries, expanded
from symbackprop.equations import Equation, Network
from symbackprop.errors import ShapeError
from symbackprop.expr import (
    LOSS,
    ActivationJacobian,
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
    IndexedSum,
    Kronecker,
    LayerMap,
    LogSumExp,
    Named,
    Norm,
    Ones,
    Partial,
    Power,
    PreActivation,
    Quotient,
    Row,
    SingularValue,
    Size,
    Softmax,
    SquareRoot,
    Variable,
    Weight,
    WithoutBias,
    Zeros,
    number,
)
from symbackprop.indices import ZERO, Applied, Calculus, Delta, Entries, Inexpressible, Item, Raised
from symbackprop.judges import kernel
from symbackprop.judges.outcome import Proved
from symbackprop.network import MLP
from symbackprop.normalform import derivative, normal
from symbackprop.quantities import Quantities
from symbackprop.rules.recognise import recognised
from symbackprop.shapes import Shape, shape

# --- a network of three sizes, and its values ------------------------------------------------------------------------

SIZES = {"a": 2, "b": 3, "c": 4}
a, b, c = map(index, SIZES)
SHAPES: dict[str, tuple[Dim, Dim]] = {
    "A": (a, b),
    "B": (b, c),
    "C": (c, a),
    "S": (b, b),
    "u": (b, ONE),
    "v": (b, ONE),
    "w": (c, ONE),
    "s": (ONE, ONE),
}


class Plain(Network):
    """Variables of three different symbolic sizes, without equations."""

    equations = ()

    def shape_of(self, variable: Variable) -> Shape:
        return SHAPES[variable.name]


PLAIN = Plain()
A, B, C, S, u, v, w, s = (Named(name) for name in SHAPES)
RANDOM = np.random.default_rng(7)
VALUES = {name: RANDOM.uniform(0.5, 1.5, [n.value(SIZES, lambda *_: 0) for n in of]) for name, of in SHAPES.items()}
FUNCTIONS = {
    ("g", 0): np.sin,
    ("g", 1): np.cos,
    ("g", 2): lambda x: -np.sin(x),
    ("exp", 0): np.exp,
    ("log", 0): np.log,
    ("square", 0): np.square,
}
KNOWN = {name: (dim(1), None) for name in SIZES}


def number_of(at: Dim, places: dict[str, int]) -> int:
    return at.value({**SIZES, **places}, lambda *_: 0)


@singledispatch
def matrix(e: Expr, places: dict[str, int]) -> np.ndarray:
    """The value of an expression, by NumPy's matrices."""
    raise NotImplementedError(type(e))


@matrix.register
def _(e: Named, places):
    return VALUES[e.name]


@matrix.register
def _(e: expr.Number, places):
    return np.array([[float(e.value)]])


@matrix.register
def _(e: Size, places):
    return np.array([[float(number_of(e.size, places))]])


@matrix.register
def _(e: Identity, places):
    return np.eye(number_of(e.size, places))


@matrix.register
def _(e: Ones, places):
    return np.ones((number_of(e.size, places), 1))


@matrix.register
def _(e: Zeros, places):
    return np.zeros((number_of(e.size, places), 1))


@matrix.register
def _(e: Columns, places):
    return matrix(e.operand, places)[:, number_of(e.first, places) - 1 : number_of(e.last, places)]


@matrix.register
def _(e: Entry, places):
    column = 1 if e.column is None else number_of(e.column, places)
    return matrix(e.operand, places)[number_of(e.row, places) - 1, column - 1].reshape(1, 1)


@matrix.register
def _(e: Row, places):
    return matrix(e.operand, places)[[number_of(e.row, places) - 1], :]


@matrix.register
def _(e: Column, places):
    return matrix(e.operand, places)[:, [number_of(e.column, places) - 1]]


@matrix.register
def _(e: WithoutBias, places):
    return matrix(e.operand, places)[:, :-1]


@matrix.register
def _(e: ColumnAt, places):
    inside = matrix(e.vector, places)
    made = np.zeros((len(inside), number_of(e.width, places)))
    made[:, [number_of(e.column, places) - 1]] = inside
    return made


@matrix.register
def _(e: expr.Transpose, places):
    return matrix(e.operand, places).T


@matrix.register
def _(e: expr.Product, places):
    total = None
    for factor in e.factors:
        value = matrix(factor, places)
        if total is None:
            total = value
        else:
            total = (
                total * value if 1 in (total.size, value.size) and total.shape[1] != value.shape[0] else total @ value
            )
    return total


@matrix.register
def _(e: Hadamard, places):
    return math.prod(matrix(f, places) for f in e.factors)


@matrix.register
def _(e: expr.Sum, places):
    return sum(matrix(t, places) for t in e.terms)


@matrix.register
def _(e: expr.Negative, places):
    return -matrix(e.operand, places)


@matrix.register
def _(e: Quotient, places):
    return matrix(e.numerator, places) / matrix(e.denominator, places)


@matrix.register
def _(e: Power, places):
    return matrix(e.base, places) ** float(e.exponent)


@matrix.register
def _(e: SquareRoot, places):
    return np.sqrt(matrix(e.operand, places))


@matrix.register
def _(e: Diagonal, places):
    return np.diag(matrix(e.operand, places)[:, 0])


@matrix.register
def _(e: Elementwise, places):
    return FUNCTIONS[e.function, e.order](matrix(e.operand, places))


@matrix.register
def _(e: LayerMap, places):
    return np.vstack([FUNCTIONS[e.function, 0](matrix(e.operand, places)), [[1.0]]])


@matrix.register
def _(e: ActivationJacobian, places):
    slopes = FUNCTIONS[e.function, 1](matrix(e.operand, places)[:, 0])
    return np.hstack([np.diag(slopes), np.zeros((len(slopes), 1))])


@matrix.register
def _(e: LogSumExp, places):
    return np.log(np.exp(matrix(e.operand, places)).sum()).reshape(1, 1)


@matrix.register
def _(e: Softmax, places):
    above = np.exp(matrix(e.operand, places))
    return above / above.sum()


@matrix.register
def _(e: Norm, places):
    return np.sqrt(np.square(matrix(e.operand, places)).sum()).reshape(1, 1)


@matrix.register
def _(e: IndexedSum, places):
    span = range(number_of(e.lower, places), number_of(e.upper, places) + 1)
    return sum(matrix(e.body, {**places, e.index: i}) for i in span)


# --- the value of entries, by plain loops ----------------------------------------------------------------------------


def value(one: Entries, places: dict[str, int]) -> float:
    """The value of a sum of terms: each bound index in a loop of its own."""
    total = 0.0
    for term in one.terms:
        names = [name for name, _ in term.bound]
        for at in product(*(range(1, number_of(size, places) + 1) for _, size in term.bound)):
            inside = {**places, **dict(zip(names, at, strict=True))}
            total += float(term.coefficient) * math.prod(factor_value(f, inside) for f in term.factors)
    return total


def factor_value(factor: object, places: dict[str, int]) -> float:
    match factor:
        case Item(of, row, column):
            return matrix(of, places)[number_of(row, places) - 1, number_of(column, places) - 1]
        case Delta(one, two):
            return float(number_of(one, places) == number_of(two, places))
        case Applied(function, order, argument):
            return float(FUNCTIONS[function, order](value(argument, places)))
        case Raised(base, exponent):
            return value(base, places) ** float(exponent)
    raise NotImplementedError(factor)


def by_entries(e: Expr, places: dict[str, int] | None = None) -> np.ndarray:
    """The value of an expression from its entries in normal form, every entry at its own place."""
    work = Calculus(PLAIN, KNOWN)
    rows, columns = shape(e, PLAIN)
    i, k = work.index(rows, "row"), work.index(columns, "column")
    one = normal(entries(e, ONE if rows == ONE else i, ONE if columns == ONE else k, work), work)
    spans = [range(1, number_of(size, {}) + 1) for size in (rows, columns)]
    at = [[value(one, {**(places or {}), "row": r, "column": q}) for q in spans[1]] for r in spans[0]]
    return np.array(at)


def check(e: Expr, places: dict[str, int] | None = None) -> None:
    expected = matrix(e, places or {})
    np.testing.assert_allclose(by_entries(e, places), expected, rtol=1e-11, atol=1e-12)


j, k = index("j"), index("k")
g_of_u, square = Elementwise("g", u), Elementwise("square", u)
EXPRESSIONS: dict[str, Expr] = {
    "three factors": A @ B @ C,
    "around": C @ A @ B,
    "transposes": (A @ B).T.T @ C,
    "transpose of a product": (A @ B @ w).T,
    "a scalar in the middle": A @ s @ B,
    "a scalar made of columns": expr.Product((u.T @ v, A)),
    "trace-like": u.T @ S @ v,
    "square of a sum": Power(u.T @ v, Fraction(2)),
    "product of sums": Hadamard((A @ u, A @ v)),
    "sum of squares of sums": (A @ u).T @ (A @ u),
    "nested sums": (A @ Diagonal(S @ u) @ S @ v).T,
    "the same product twice": (u.T @ v) @ (u.T @ v),
    "hadamard of products": Hadamard((A @ B, (B.T @ A.T).T)),
    "a function of a sum": Elementwise("g", A @ u),
    "a function of a square of a sum": Elementwise("g", Power(u.T @ S @ u, Fraction(2))),
    "a sum of functions of sums": Ones(a).T @ Elementwise("exp", A @ Elementwise("g", S @ u)),
    "times a function of sums": Elementwise("g", A @ u).T @ A @ Elementwise("g", S @ v),
    "diagonal": Diagonal(u) @ Diagonal(v) @ B,
    "diagonal of a product": Diagonal(S @ u) @ S,
    "activation Jacobian": ActivationJacobian("g", S @ u).T @ v,
    "its zero column": ActivationJacobian("g", u),
    "layer map": LayerMap("g", S @ u),
    "layer map in a product": LayerMap("g", u).T @ LayerMap("g", v),
    "the first columns": Columns(A, ONE, dim(2)) @ Columns(S, ONE, dim(2)).T @ u,
    "columns of a product": Columns(A @ B, ONE, c - 1),
    "plus nothing": A @ u + Zeros(a),
    "zeros in a product": A @ Zeros(b),
    "placed": ColumnAt(u, ONE, c) @ w,
    "placed at the end": ColumnAt(u, c, c),
    "placed twice": ColumnAt(Column(Identity(b), dim(2)), dim(3), c),
    "placed in a product": A @ ColumnAt(u, dim(2), c) @ C,
    "unit columns": Column(Identity(b), dim(2)) @ Row(Identity(c), dim(3)),
    "row": Row(A, dim(2)) @ B,
    "column": A @ Column(S, dim(3)),
    "entry": Entry(A @ B, ONE, dim(4)) @ C,
    "without its last column": WithoutBias(S) @ WithoutBias(S).T,
    "without that of a product": WithoutBias(A @ B),
    "difference": A @ B - Hadamard((A @ B, A @ B)),
    "negative": -(A @ u),
    "quotient": Quotient(A @ u, u.T @ v),
    "root": Quotient(u, SquareRoot(u.T @ u)),
    "norm": Norm(A @ u) @ u,
    "Frobenius norm": Norm(A @ B, "F"),
    "softmax": Softmax(S @ u),
    "softmax in a product": A @ Softmax(S @ u),
    "logsumexp": LogSumExp(B @ w),
    "mean": Quotient(Ones(b).T @ u, Size(b)),
    "centred": u - Quotient(Ones(b) @ Ones(b).T @ u, Size(b)),
    "indexed sum": IndexedSum("k", ONE, b, Entry(u, k) @ A @ Column(S, k)),
    "indexed sum of squares": Power(IndexedSum("k", ONE, b, Entry(u, k)), Fraction(2)),
    "indexed sum of products": IndexedSum("k", ONE, b, Entry(u, k) @ Entry(v, k)),
    "sums with one name": IndexedSum("k", ONE, b, Entry(u, k)) @ IndexedSum("k", ONE, b, Entry(v, k)),
    "outer product of sums": (S @ u) @ (B @ w).T,
    "sum of ones": Ones(b).T @ Ones(b),
    "identity is taken away": A @ Identity(b) @ S @ Identity(b) @ u,
}


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_entries_are_those_of_the_matrix(name):
    check(EXPRESSIONS[name])


@pytest.mark.parametrize("place", [1, 2, 3])
def test_a_free_index_may_have_any_name(place):
    """Names that the calculus or a sum might use itself are no others."""
    for name in ("j", "k", "i", "row'", "·1", "·1'"):
        free = index(name)
        e = IndexedSum("k", ONE, b, Entry(S, free, k) @ Entry(u, k)) @ Column(S, free)
        if name == "k":
            e = IndexedSum("m", ONE, b, Entry(S, free, index("m")) @ Entry(u, index("m"))) @ Column(S, free)
        check(e, {name: place})
        check(Elementwise("g", S @ u) @ Row(S, free) @ Entry(S @ u, free), {name: place})
        check(ColumnAt(Column(S, free), free, b), {name: place})


# --- trees by chance -------------------------------------------------------------------------------------------------

COUNT = {"1": ONE, **dict(zip("abc", (a, b, c), strict=True))}
LEAVES = {of: [Named(name) for name, shape_ in SHAPES.items() if shape_ == of] for of in set(SHAPES.values())}


@st.composite
def trees(draw: st.DrawFn, rows: str, columns: str, depth: int = 3) -> Expr:
    """An expression of these sizes: products, sums, transposes, Hadamard products, diagonals, placed columns, parts."""
    of = (COUNT[rows], COUNT[columns])
    leaves = list(LEAVES.get(of, [])) + [leaf.T for leaf in LEAVES.get((of[1], of[0]), [])]
    if rows == columns != "1":
        leaves.append(Identity(of[0]))
    if columns == "1" and rows != "1":
        leaves.append(Ones(of[0]))
    kinds = ["leaf"] * bool(leaves)
    if depth:
        kinds += ["product", "product", "sum", "difference", "transpose", "hadamard", "function"]
        kinds += ["diagonal"] * (rows == columns != "1")
        kinds += ["placed"] * (columns != "1" and rows != "1")
        kinds += ["column"] * (columns == "1")
        kinds += ["row"] * (rows == "1")
        kinds += ["entry"] * (rows == columns == "1")
    if not kinds:
        kinds = ["outer"]
    kind = draw(st.sampled_from(kinds))

    def sub(r: str, q: str) -> Expr:
        return draw(trees(r, q, max(depth - 1, 0)))

    def place(n: str) -> Dim:
        return dim(draw(st.integers(1, 1 if n == "1" else SIZES[n])))

    middle = draw(st.sampled_from("abc"))
    match kind:
        case "leaf":
            return draw(st.sampled_from(leaves))
        case "product":
            return sub(rows, middle) @ sub(middle, columns)
        case "outer":
            return Ones(of[0]) @ Ones(of[1]).T
        case "sum":
            return sub(rows, columns) + sub(rows, columns)
        case "difference":
            return sub(rows, columns) - sub(rows, columns)
        case "transpose":
            return sub(columns, rows).T
        case "hadamard":
            return Hadamard((sub(rows, columns), sub(rows, columns)))
        case "function":
            return Elementwise(draw(st.sampled_from(["g", "square"])), sub(rows, columns))
        case "diagonal":
            return Diagonal(sub(rows, "1"))
        case "placed":
            return ColumnAt(sub(rows, "1"), place(columns), of[1])
        case "column":
            return Column(sub(rows, middle), place(middle))
        case "row":
            return Row(sub(middle, columns), place(middle))
        case _:
            return Entry(sub(middle, "b"), place(middle), place("b"))


ANY_TREE = st.sampled_from([("a", "b"), ("b", "1"), ("1", "1"), ("b", "b"), ("1", "c"), ("c", "a")])
CHANCE = settings(max_examples=50, deadline=None, derandomize=True)


@CHANCE
@given(ANY_TREE.flatmap(lambda of: trees(*of)))
def test_any_tree(e):
    expected = matrix(e, {})
    if np.abs(expected).max() > 1e12:
        return
    np.testing.assert_allclose(by_entries(e), expected, rtol=1e-9, atol=1e-9 * (1 + np.abs(expected).max()))


@CHANCE
@given(ANY_TREE.flatmap(lambda of: st.tuples(trees(*of, depth=2), trees(*of, depth=2))))
def test_what_the_kernel_proves_is_true(pair):
    """Two trees by chance are seldom equal; where the kernel says they are, NumPy agrees."""
    left, right = pair
    if isinstance(kernel.equal(left, right, PLAIN, KNOWN), Proved):
        np.testing.assert_allclose(matrix(left, {}), matrix(right, {}), rtol=1e-9, atol=1e-9)


def test_the_kernel_proves_the_laws_of_matrices():
    """Nearly always: where like factors differ in bound indices only, a proof may be missed, no false one found."""
    proved = []

    @CHANCE
    @given(trees("a", "b", depth=2), trees("b", "c", depth=2), trees("b", "c", depth=1))
    def laws(one: Expr, two: Expr, three: Expr) -> None:
        for left, right in (
            ((one @ two).T, two.T @ one.T),
            (one @ (two + three), one @ two + one @ three),
            (one @ (two - three), one @ two - one @ three),
            (Hadamard((two, three)), Hadamard((three, two))),
        ):
            proved.append(isinstance(kernel.equal(left, right, PLAIN, KNOWN), Proved))

    laws()
    assert len(proved) >= 100
    assert sum(proved) >= 0.9 * len(proved)


# --- equal and unequal normal forms ----------------------------------------------------------------------------------

EQUAL: dict[str, tuple[Expr, Expr]] = {
    "(AB)ᵀ = BᵀAᵀ": ((A @ B).T, B.T @ A.T),
    "associativity": (expr.Product((expr.Product((A, B)), C)), expr.Product((A, expr.Product((B, C))))),
    "distributivity": (A @ (u + v), A @ u + A @ v),
    "A I = A": (A @ Identity(b), A),
    "diag(u) v = u ⊙ v": (Diagonal(u) @ v, Hadamard((u, v))),
    "u ⊙ v = v ⊙ u": (Hadamard((u, v)), Hadamard((v, u))),
    "uᵀv = vᵀu": (u.T @ v, v.T @ u),
    "placed column": (ColumnAt(u, j, c) @ w, Entry(w, j) @ u),
    "placed column, outer": (ColumnAt(u, j, c), u @ Row(Identity(c), j)),
    "row of a product": (Row(A, j) @ B, Row(A @ B, j)),
    "zero bias column": (
        ActivationJacobian("g", u) @ LayerMap("g", v),
        Hadamard((Elementwise("g", u, 1), Elementwise("g", v))),
    ),
    "like terms": (u + u, number(2) @ u),
    "cancels": (u - u + v, v),
    "A.T.T": (A.T.T, A),
    "square of a sum": (Power(u.T @ v, Fraction(2)), (u.T @ v) @ (v.T @ u)),
    "diag of ones": (Diagonal(Ones(b)), Identity(b)),
    "exp is its derivative": (Elementwise("exp", u, 1), Elementwise("exp", u)),
    "log' is the reciprocal": (Elementwise("log", s, 1), Power(s, Fraction(-1))),
}
UNEQUAL: dict[str, tuple[Expr, Expr]] = {
    "(AB)ᵀ and AᵀBᵀ-like": ((S @ S.T).T, S.T @ S),
    "order": (S @ Diagonal(u), Diagonal(u) @ S),
    "transpose": (S @ u, S.T @ u),
    "square of a sum and sum of squares": (Power(u.T @ v, Fraction(2)), Hadamard((u, v)).T @ Hadamard((u, v))),
    "sum of a product and product of sums": (u.T @ v, (Ones(b).T @ u) @ (Ones(b).T @ v)),
    "function of a sum": (Elementwise("g", S @ u), S @ Elementwise("g", u)),
    "g and g'": (Elementwise("g", u), Elementwise("g", u, 1)),
    "one column and all": (ColumnAt(Column(Identity(b), j), k, c), Column(Identity(b), j) @ Ones(c).T),
    "two places": (ColumnAt(u, j, b), ColumnAt(u, k, b)),
    "diagonal and all": (Diagonal(u), u @ Ones(b).T),
    "bias column": (WithoutBias(S) @ WithoutBias(S).T, S @ S.T),
    "another row": (Row(A, j) @ B, Row(A, k) @ B),
    "half": (number(Fraction(1, 2)) @ u, u),
    "sign": (u - v, v - u),
    "identity and ones": (Identity(b), Ones(b) @ Ones(b).T),
    "a size": (Ones(b).T @ Ones(b), Ones(c).T @ Ones(c)),
    "placed in a product": (ColumnAt(u, j, b) @ v, Entry(v, k) @ u),
}


@pytest.mark.parametrize("name", EQUAL)
def test_equal_formulas_share_a_normal_form(name):
    left, right = EQUAL[name]
    assert isinstance(kernel.equal(left, right, PLAIN, KNOWN), Proved)
    assert isinstance(kernel.equal(right, left, PLAIN, KNOWN), Proved)


@pytest.mark.parametrize("name", UNEQUAL)
def test_unequal_formulas_do_not(name):
    left, right = UNEQUAL[name]
    assert shape(left, PLAIN) == shape(right, PLAIN)
    places = {"j": 1, "k": 2}
    assert not np.allclose(matrix(left, places), matrix(right, places))
    assert not isinstance(kernel.equal(left, right, PLAIN, KNOWN), Proved)
    assert not isinstance(kernel.equal(right, left, PLAIN, KNOWN), Proved)


# --- capture ---------------------------------------------------------------------------------------------------------


def test_a_bound_index_is_renamed_rather_than_captured():
    # g(Σ_m S_{k,m} u_m) with k replaced by m: the sum's own m must give way
    work = Calculus(PLAIN, KNOWN)
    at = work.index(b, "free")
    one = normal(entries(Elementwise("g", S @ u), at, ONE, work), work)
    ((term,),) = (one.terms,)
    (inner,) = term.factors
    (bound,) = inner.argument.terms[0].bound
    moved = one.at({"free": index(bound[0])})
    for place in (1, 2, 3):
        assert value(moved, {bound[0]: place}) == pytest.approx(matrix(Elementwise("g", S @ u), {})[place - 1, 0])


def test_a_new_name_is_not_one_that_is_replaced_at_the_same_time():
    work = Calculus(PLAIN, KNOWN)
    x, y = index("x"), index("x'")
    at = work.index(b, "free")
    one = entries(S @ u, at, ONE, work)
    (term,) = one.terms
    ((name, _),) = term.bound
    # the sum's index is called x; free becomes x, and x' (which does not occur) becomes 1
    called = Entries((term.at({}),)).terms[0].apart(frozenset())
    renamed = type(called)(called.coefficient, tuple(f.at({name: x}) for f in called.factors), (("x", b),))
    moved = Entries((renamed,)).at({"free": x, str(y): ONE})
    for place in (1, 2, 3):
        assert value(moved, {"x": place}) == pytest.approx(matrix(S @ u, {})[place - 1, 0])


@pytest.mark.parametrize("name", ["three factors", "a function of a sum", "sum of squares of sums", "softmax", "norm"])
def test_a_normal_form_is_its_own_normal_form(name):
    work = Calculus(PLAIN, KNOWN)
    rows, columns = shape(EXPRESSIONS[name], PLAIN)
    i, q = (ONE if size == ONE else work.index(size) for size in (rows, columns))
    once = normal(entries(EXPRESSIONS[name], i, q, work), work)
    assert normal(once, work) == once


# --- derivatives -----------------------------------------------------------------------------------------------------

SCALARS: dict[str, Expr] = {
    "quadratic": u.T @ S @ u,
    "square of a sum": Power(u.T @ v, Fraction(2)),
    "function of sums": Ones(a).T @ Elementwise("g", A @ Elementwise("g", S @ u)),
    "quotient": Quotient(u.T @ v, v.T @ S @ u),
    "norm": Norm(S @ u),
    "logsumexp": LogSumExp(S @ u),
    "softmax": Entry(Softmax(S @ u), dim(2)),
    "entries": Entry(S @ u, dim(3)) @ Entry(u, ONE),
    "u nowhere": v.T @ v,
}


@pytest.mark.parametrize("name", SCALARS)
@pytest.mark.parametrize("variable", [u, S])
def test_derivatives_are_those_of_differences(name, variable):
    e = SCALARS[name]
    work = Calculus(PLAIN, KNOWN)
    one = normal(entries(e, ONE, ONE, work), work)
    _, columns = SHAPES[variable.name]
    # names that normal forms give bound indices too: they must not be captured
    for row, column in (("row", "column"), ("·1", "·2")):
        slope = derivative(one, variable, index(row), ONE if columns == ONE else index(column), work)
        at = VALUES[variable.name]
        for i, q in np.ndindex(at.shape):
            kept, step = at[i, q], 1e-6
            at[i, q] = kept + step
            above = matrix(e, {})[0, 0]
            at[i, q] = kept - step
            below = matrix(e, {})[0, 0]
            at[i, q] = kept
            found = value(slope, {row: i + 1, column: q + 1})
            assert found == pytest.approx((above - below) / (2 * step), rel=1e-6, abs=1e-7)


@pytest.mark.parametrize(
    ("name", "variable"),
    [("quadratic", u), ("quadratic", S), *(("function of sums", of) for of in (u, S, A)), ("entries", S)],
)
def test_what_is_recognised_has_these_entries(name, variable):
    """From entries back to matrices: the gradient as an expression, evaluated by NumPy, is that of the entries."""
    work = Calculus(PLAIN, KNOWN)
    one = normal(entries(SCALARS[name], ONE, ONE, work), work)
    rows, columns = SHAPES[variable.name]
    i = work.index(rows, "row")
    q = ONE if columns == ONE else work.index(columns, "column")
    slope = derivative(one, variable, i, q, work)
    for style in ("jacobian", "hadamard"):
        made = recognised(slope, i, q, work, style)
        spans = VALUES[variable.name].shape
        direct = [[value(slope, {"row": r + 1, "column": t + 1}) for t in range(spans[1])] for r in range(spans[0])]
        np.testing.assert_allclose(matrix(made, {}), direct, rtol=1e-9)


def test_a_variable_inside_what_is_not_taken_apart_is_not_differentiated():
    l = index("l")
    network = MLP()
    product_of = expr.IndexedProduct("l", ONE, dim(2), Weight(l))
    work = Calculus(network, {})
    with pytest.raises(Inexpressible, match="is not known"):
        derivative(normal(entries(product_of, ONE, ONE, work), work), Weight(dim(2)), ONE, ONE, work)
    with pytest.raises(Inexpressible):
        entries(SingularValue(A), ONE, ONE, Calculus(PLAIN, KNOWN))
    with pytest.raises(Inexpressible, match="spectral norm"):
        entries(Norm(A), ONE, ONE, Calculus(PLAIN, KNOWN))


def test_whether_two_layers_are_one_must_be_known():
    l = index("l")
    one = entries(Hidden(l), ONE, ONE, work := Calculus(MLP(), {"l": (ONE, DEPTH)}))
    with pytest.raises(LookupError, match="whether l = 1 is not known"):
        derivative(one, Hidden(dim(1)), ONE, ONE, work)
    apart = Calculus(MLP(), {"l": (dim(2), DEPTH)})
    assert derivative(one, Hidden(dim(1)), ONE, ONE, apart).terms == ()


def test_in_a_sum_over_a_family_one_term_depends_on_one_member():
    t, T, s = index("t"), index("T"), index("s")
    network = Quantities({"h": ("n",), "a": ("n",)})
    total = IndexedSum("t", ONE, T, expr.Named("a", t).T @ expr.Named("h", t))
    for at, known, left in (
        (T, {"T": (ONE, None)}, 1),
        (s, {"T": (ONE, None), "s": (ONE, T)}, 1),
        (dim(0), {"T": (ONE, None)}, 0),
        (T + 1, {"T": (ONE, None)}, 0),
    ):
        work = Calculus(network, known)
        k = work.index(index("n"), "k")
        slope = derivative(normal(entries(total, ONE, ONE, work), work), expr.Named("h", at), k, ONE, work)
        wanted = normal(entries(expr.Named("a", at), k, ONE, work), work)
        assert slope == (wanted if left else ZERO)


def test_whether_a_member_is_in_a_sum_must_be_known():
    # at t = 0 there is no such term: the delta stays
    t, T, s = index("t"), index("T"), index("s")
    work = Calculus(Quantities({"h": ()}), {"T": (ONE, None), "s": (dim(0), T)})
    total = normal(entries(IndexedSum("t", ONE, T, expr.Named("h", t)), ONE, ONE, work), work)
    (term,) = derivative(total, expr.Named("h", s), ONE, ONE, work).terms
    assert any(isinstance(factor, Delta) for factor in term.factors)


def test_a_sum_that_starts_later_is_the_same_sum_shifted():
    t, T = index("t"), index("T")
    work = Calculus(Quantities({"h": ()}), {"T": (ONE, None)})
    one = IndexedSum("t", ONE, T, expr.Named("h", t - 1))
    two = IndexedSum("t", dim(0), T - 1, expr.Named("h", t))
    three = IndexedSum("t", dim(0), T - 1, expr.Named("h", t + 1))
    first, second, third = (normal(entries(e, ONE, ONE, work), work) for e in (one, two, three))
    assert first == second != third


# --- the chain rule --------------------------------------------------------------------------------------------------


class Scalar(Network):
    """`p = S u`, `q = g(p) + p`, and the loss `vᵀ q`: one column used in two places of one equation."""

    equations = (
        Equation(Named("p"), S @ u),
        Equation(Named("q"), Elementwise("g", Named("p")) + Named("p")),
        Equation(LOSS, v.T @ Named("q")),
    )

    def shape_of(self, variable: Variable) -> Shape:
        if variable == LOSS:
            return ONE, ONE
        return {**SHAPES, "p": (b, ONE), "q": (b, ONE)}[variable.name]


def test_the_chain_rule_by_entries_goes_through_every_equation():
    work = Calculus(Scalar(), KNOWN)
    i = work.index(b, "row")
    total = chained(u, i, ONE, work)
    for _ in range(2):
        total = expanded(total, work, keep=Entries(()))
    # ∂/∂u vᵀ(g(Su) + Su) = Sᵀ(g'(Su) ⊙ v + v)
    VALUES["p"] = VALUES["S"] @ VALUES["u"]
    slope = np.cos(VALUES["p"]) * VALUES["v"] + VALUES["v"]
    expected = VALUES["S"].T @ slope
    assert [value(total, {"row": r}) for r in (1, 2, 3)] == pytest.approx(list(expected[:, 0]))
    with pytest.raises(Inexpressible, match="does not depend on w"):
        chained(w, i, ONE, work)


L = DEPTH
l = index("l")
LAYERS = {"l": (ONE, L), "L": (ONE, None)}


def test_a_partial_is_the_total_derivative():
    """`∂z_3/∂h_1` goes through `h_2`: what one equation says of it, namely nothing, is not its value."""
    network, deep = MLP(), {"L": (dim(3), None)}
    one, three = Hidden(dim(1)), PreActivation(dim(3))
    zero = number(0) @ Weight(dim(1)).T @ Ones(units(2)) @ Ones(units(3)).T
    with pytest.raises(Inexpressible, match="z_3 depends on h_1 through more than its own equation"):
        kernel.equal(Partial(three, one), zero, network, deep)
    two = PreActivation(dim(2))
    assert isinstance(kernel.equal(Partial(two, two), Identity(units(2)), network, deep), Proved)
    nothing = kernel.equal(Partial(two, two), number(0) @ Identity(units(2)), network, deep)
    assert not isinstance(nothing, Proved)


def test_bias_units_are_ones_where_the_network_has_them():
    bias = Entry(Hidden(l), width(l))
    assert isinstance(kernel.equal(bias, number(1), MLP(), LAYERS), Proved)
    assert not isinstance(kernel.equal(bias, number(1), MLP(bias="none"), LAYERS), Proved)
    last = Column(ActivationJacobian("g", PreActivation(l)), width(l))
    assert isinstance(kernel.equal(last, number(0) @ Ones(units(l)), MLP(), LAYERS), Proved)
    dropped, whole = WithoutBias(Weight(l)), Weight(l)
    assert not isinstance(kernel.equal(dropped @ dropped.T, whole @ whole.T, MLP(bias="none"), LAYERS), Proved)


def test_the_identity_that_makes_everything_short():
    """`D_l W_lᵀ = G_l W̃_lᵀ` (remarks on the lecture), for all widths."""
    jacobian = ActivationJacobian("g", PreActivation(l)) @ Weight(l).T
    short = Diagonal(Elementwise("g", PreActivation(l), 1)) @ WithoutBias(Weight(l)).T
    assert isinstance(kernel.equal(jacobian, short, MLP(), LAYERS), Proved)
    with_bias = Diagonal(Elementwise("g", PreActivation(l), 1)) @ Weight(l).T
    with pytest.raises(ShapeError, match="cannot multiply"):
        shape(with_bias, MLP())


def test_ordered_products_by_their_definition_only():
    def over(lower: int, upper: int, descending: bool = False) -> Expr:
        return expr.IndexedProduct("l", dim(lower), dim(upper), Weight(l).T, descending)

    def proved(left: Expr, right: Expr) -> bool:
        try:
            return isinstance(kernel.equal(left, right, network, {}), Proved)
        except ShapeError:
            return False

    network = MLP(bias="none", widths=[3] * 8)
    two, whole = over(3, 4), over(1, 4)
    assert proved(over(1, 2) @ two, whole)
    assert proved(over(1, 2) @ Weight(dim(3)).T, over(1, 3))
    assert proved(Weight(dim(1)).T @ over(2, 4), whole)
    assert proved(over(1, 0) @ whole, whole)
    assert not proved(over(1, 2, descending=True) @ two, whole)
    assert not proved(over(5, 3) @ over(4, 6), over(5, 6))
    assert not proved(over(1, 2), over(1, 3))
    assert not proved(two @ over(1, 2), whole)
    assert not proved(over(1, 2) @ over(2, 4), whole)
    assert not proved(over(1, 2) @ over(4, 4), whole)


def test_a_printed_delta_is_a_delta():
    """`δ_{jk}` is an entry of the identity, and nothing else."""
    work = Calculus(PLAIN, KNOWN)
    assert entries(Kronecker(j, k), ONE, ONE, work) == entries(Identity(dim(3)), j, k, work)
    assert entries(Kronecker(j, k), ONE, ONE, work) != entries(Identity(dim(3)), j, j + 1, work)
