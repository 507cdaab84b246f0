"""Values and tangents in the prime field, against arithmetic on plain integers written here."""

from __future__ import annotations

from fractions import Fraction

import pytest

from symbackprop import expr
from symbackprop.dims import DEPTH, Dim, dim, index, units, width
from symbackprop.equations import Equation, Network
from symbackprop.errors import ShapeError
from symbackprop.expr import (
    LOSS,
    Bias,
    Column,
    ColumnAt,
    Diagonal,
    Elementwise,
    Entry,
    Expr,
    Hidden,
    Identity,
    IndexedProduct,
    IndexedSum,
    LayerMap,
    Named,
    Norm,
    Ones,
    Partial,
    Power,
    PreActivation,
    Quotient,
    Row,
    Size,
    Softmax,
    SquareRoot,
    Target,
    Variable,
    Weight,
    WithoutBias,
    number,
)
from symbackprop.judges.exact import value_at
from symbackprop.judges.field import MOST_KEPT, PRIME, ConstantRoot, OutOfRange, Point, Resample, Unvalued, table
from symbackprop.judges.forward import value
from symbackprop.network import MLP
from symbackprop.shapes import SCALAR, Shape

P = PRIME
WIDTHS = (3, 5, 7, 4)
l = index("l")
Rows = list[list[int]]


def multiplied(a: Rows, b: Rows) -> Rows:
    return [[sum(x * y for x, y in zip(row, column, strict=True)) % P for column in zip(*b, strict=True)] for row in a]


def transposed(a: Rows) -> Rows:
    return [list(column) for column in zip(*a, strict=True)]


def at(e: Expr, seed: int = 0, network: MLP | None = None, **symbols: int) -> Rows:
    return value_at(e, network or MLP(), WIDTHS, seed, symbols)


def backprop(point: Point, bias: str) -> tuple[dict[int, Rows], dict[int, Rows]]:
    """∂L/∂W_l and ∂L/∂z_l of half the squared error, written by hand on integers; only g and g' come from the point."""
    last = len(WIDTHS) - 2

    def drawn(variable: Variable) -> Rows:
        return table(point.drawn(variable))

    w = {k: drawn(Weight(dim(k))) for k in range(last + 1)}
    h, z = {0: drawn(Hidden(dim(0)))}, {}
    for k in range(last + 1):
        z[k + 1] = multiplied(w[k], h[k])
        if bias == "separate":
            z[k + 1] = [[(a[0] + b[0]) % P] for a, b in zip(z[k + 1], drawn(Bias(dim(k))), strict=True)]
        h[k + 1] = [[point.function("g", 0, a[0])] for a in z[k + 1]] + ([[1]] if bias == "augmented" else [])
    dz = {last + 1: [[(a[0] - b[0]) % P] for a, b in zip(z[last + 1], drawn(Target()), strict=True)]}
    for k in range(last, 0, -1):
        back = multiplied(transposed(w[k]), dz[k + 1])
        dz[k] = [[point.function("g", 1, a[0]) * b[0] % P] for a, b in zip(z[k], back, strict=False)]
    return {k: multiplied(dz[k + 1], transposed(h[k])) for k in w}, dz


@pytest.mark.parametrize("bias", ["augmented", "separate", "none"])
def test_forward_mode_agrees_with_a_backprop_written_by_hand(bias: str) -> None:
    point = Point(MLP(None, WIDTHS, "g", "half_squared_error", bias), 7)
    weights, pre = backprop(point, bias)
    for k in range(3):
        assert table(value(Partial(LOSS, Weight(dim(k))), point, {})) == weights[k]
        assert table(value(Partial(LOSS, PreActivation(dim(k + 1))), point, {})) == pre[k + 1]
        by_row = Partial(LOSS, Row(Weight(dim(k)), dim(2)).T)
        assert table(value(by_row, point, {})) == [[entry] for entry in weights[k][1]]
        if bias == "separate":
            assert table(value(Partial(LOSS, Bias(dim(k))), point, {})) == pre[k + 1]


def test_more_directions_than_one_block() -> None:
    """∂L/∂W_0 has 19·20 = 380 entries, and half the squared error of one layer is known by hand."""
    point = Point(MLP(None, (20, 20, 3), "identity", "half_squared_error"), 1)
    z = table(value(PreActivation(dim(2)), point, {}))
    error = [[(a[0] - b[0]) % P] for a, b in zip(z, table(point.drawn(Target())), strict=True)]
    back = multiplied(transposed(table(point.drawn(Weight(dim(1))))), error)[:-1]
    expected = multiplied(back, transposed(table(point.drawn(Hidden(dim(0))))))
    assert table(value(Partial(LOSS, Weight(dim(0))), point, {})) == expected


def test_layouts() -> None:
    jacobian = Partial(PreActivation(2), PreActivation(1))
    assert (len(at(jacobian)), len(at(jacobian)[0])) == (4, 6)
    numerator = Partial(PreActivation(2), PreActivation(1), numerator=True)
    assert at(numerator) == transposed(at(jacobian))
    assert at(Partial(LOSS, Weight(1), numerator=True)) == transposed(at(Partial(LOSS, Weight(1))))


def test_a_part_is_that_part_of_the_whole() -> None:
    whole = at(Partial(LOSS, Weight(1)))
    assert at(Partial(LOSS, Row(Weight(1), dim(3)))) == [whole[2]]
    assert at(Partial(LOSS, Column(Weight(1), dim(5)))) == [[row[4]] for row in whole]
    assert at(Partial(LOSS, Entry(Weight(1), dim(3), dim(5)))) == [[whole[2][4]]]
    assert at(Partial(LOSS, WithoutBias(Weight(1)))) == [row[:-1] for row in whole]
    assert at(Partial(LOSS, WithoutBias(Weight(1)).T)) == transposed([row[:-1] for row in whole])


def test_a_product_of_matrices_by_either_factor() -> None:
    """Entry 2,3 of A B: its derivative by B has row 2 of A in column 3, the one by A column 3 of B in row 2."""
    a, b = WithoutBias(Weight(1)), Weight(0)
    entry = Entry(a @ b, dim(2), dim(3))
    of_a, of_b = at(a)[1], [row[2] for row in at(b)]
    assert at(Partial(entry, b)) == [[0, 0, x] for x in of_a]
    assert at(Partial(entry, a)) == [of_b if i == 1 else [0] * 4 for i in range(6)]


def test_the_perturbed_variable_has_its_own_equation_cut() -> None:
    assert at(Partial(Weight(1) @ Hidden(1) + PreActivation(2), Hidden(1))) == [
        [2 * entry % P for entry in row] for row in transposed(at(Weight(1)))
    ]
    assert at(Partial(PreActivation(1), PreActivation(2))) == [[0] * 4] * 6


def test_draws() -> None:
    assert at(Weight(1)) == at(Weight(1))
    assert at(Weight(1)) != at(Weight(1), seed=1)
    assert at(Weight(0))[0][0] != at(Weight(1))[0][0]
    assert at(Hidden(0))[-1] == [1]
    assert at(Hidden(1))[-1] == [1]
    assert at(Hidden(0), network=MLP(bias="none"))[-1] != [1]
    assert len({entry for row in at(Weight(2)) for entry in row}) == 28
    softmax = MLP(loss="softmax_cross_entropy")
    assert sum(row[0] for row in at(Target(), network=softmax)) % P == 1
    assert sum(row[0] for row in at(Target())) % P != 1


def test_a_point_that_has_computed_much_forgets_it_and_finds_the_same_again() -> None:
    point = Point(MLP().given(WIDTHS))
    first = table(value(Elementwise("g", PreActivation(2)), point, {}))
    kept = len(point.lightened()._functions)
    assert kept > 0
    for n in range(MOST_KEPT):
        point.function("g", 0, n)
    assert len(point.lightened()._functions) == 0
    assert table(value(Elementwise("g", PreActivation(2)), point, {})) == first


def test_functions_are_functions() -> None:
    twice = LayerMap("g", Identity(dim(3)) @ Ones(dim(3)))
    assert at(twice) == [*at(Elementwise("g", Ones(dim(3)))), [1]]
    assert at(Elementwise("g", number(5))) != at(Elementwise("f", number(5)))
    assert at(Elementwise("g", number(5))) != at(Elementwise("g", number(5), 1))
    assert at(Elementwise("identity", number(5))) == [[5]]
    assert at(Elementwise("log", number(5), 1)) == at(Quotient(number(1), number(5)))
    assert at(Elementwise("exp", number(5), 2)) == at(Elementwise("exp", number(5)))


LAYER = expr.ActivationJacobian("g", PreActivation(index("k"))) @ Weight(index("k")).T
SMALL: list[tuple[Expr, Rows]] = [
    (number(Fraction(1, 2)) @ number(4), [[2]]),
    (Size(width(1) - width(0)), [[2]]),
    (Size(units(3)), [[4]]),
    (Size(DEPTH), [[2]]),
    (expr.Kronecker(l, dim(2)), [[0]]),
    (expr.Kronecker(l, dim(1)), [[1]]),
    (Quotient(Ones(dim(2)), number(-1)), [[P - 1], [P - 1]]),
    (Power(number(3), Fraction(4)), [[81]]),
    (Power(number(3), Fraction(-1)) @ number(6), [[2]]),
    # √2: p ≡ 7 mod 8; its square is 2, and of both roots it is the one that is a square
    (Power(SquareRoot(number(2)), Fraction(2)), [[2]]),
    (Power(number(2), Fraction(1, 2)) @ SquareRoot(number(2)), [[2]]),
    (Norm(Ones(dim(4))) @ number(3), [[6]]),
    (Norm(Identity(dim(4)), "F"), [[2]]),
    (Diagonal(Ones(dim(2))), [[1, 0], [0, 1]]),
    (ColumnAt(Ones(dim(2)), dim(3), dim(4)), [[0, 0, 1, 0], [0, 0, 1, 0]]),
    (WithoutBias(ColumnAt(Ones(dim(2)), dim(1), dim(2))), [[1], [1]]),
    (Ones(dim(2)) @ Ones(dim(3)).T, [[1, 1, 1], [1, 1, 1]]),
    (-Ones(dim(1)), [[P - 1]]),
    (IndexedSum("k", dim(1), dim(4), Size(index("k"))), [[10]]),
    (IndexedSum("k", dim(1), dim(0), Size(index("k"))), [[0]]),
    (IndexedProduct("k", dim(1), dim(4), Size(index("k"))), [[24]]),
    # empty products: the identity of n_3 = 4 entries at the output, of n_2 - 1 = 6 before it
    (IndexedProduct("k", dim(3), dim(2), LAYER), [[int(i == k) for k in range(4)] for i in range(4)]),
    (IndexedProduct("k", dim(2), dim(1), LAYER), [[int(i == k) for k in range(6)] for i in range(6)]),
    (Softmax(Ones(dim(2))) @ number(2), [[1], [1]]),
]


@pytest.mark.parametrize(("e", "expected"), SMALL, ids=[str(e) for e, _ in SMALL])
def test_small_values(e: Expr, expected: Rows) -> None:
    assert at(e, l=1) == expected


def test_softmax_and_logsumexp_are_consistent() -> None:
    v = PreActivation(3)
    assert at(Partial(expr.LogSumExp(v), v)) == at(Softmax(v))
    assert at(Partial(Softmax(v), v)) == at(Diagonal(Softmax(v)) - Softmax(v) @ Softmax(v).T)


@pytest.mark.parametrize("seed", range(12))
def test_derivatives_of_roots_and_quotients(seed: int) -> None:
    v = PreActivation(3)
    try:
        gradient = at(Partial(Norm(v), v), seed)
        assert gradient == at(Quotient(v, Norm(v)), seed)
        assert gradient != at(v, seed)
        cubed = at(Partial(Power(Norm(v), Fraction(-3)), v), seed)
        assert cubed == at(number(-3) @ Power(Norm(v), Fraction(-5)) @ v, seed)
    except Resample:
        with pytest.raises(Resample):
            at(Norm(v), seed)


def test_about_half_of_the_points_have_a_root() -> None:
    found = 0
    for seed in range(100):
        try:
            at(Norm(Target()), seed)
            found += 1
        except Resample:
            continue
    assert 30 <= found <= 70


def test_indexed_products_in_both_orders() -> None:
    k = index("k")
    rising = IndexedProduct("k", dim(1), dim(2), Weight(k).T)
    falling = IndexedProduct("k", dim(0), dim(1), WithoutBias(Weight(k)), descending=True)
    middle = [row[:-1] for row in at(Weight(1))]
    assert at(falling) == multiplied(middle, [row[:-1] for row in at(Weight(0))])
    with pytest.raises(ShapeError, match="do not conform"):
        at(rising)


@pytest.mark.parametrize(
    ("e", "error", "message"),
    [
        (Weight(3), OutOfRange, "no W_3 in a network of depth 2"),
        (Row(Weight(1), dim(7)), OutOfRange, "it runs from 1 to 6"),
        (Row(Weight(1), dim(0)), OutOfRange, "no index 0"),
        (Size(width(9)), OutOfRange, "no layer 9"),
        (Size(width(-1)), OutOfRange, "no layer -1"),
        (IndexedProduct("k", dim(4), dim(1), Weight(index("k"))), OutOfRange, "from 4 to 1"),
        (IndexedSum("k", dim(1), dim(0), Weight(dim(7))), OutOfRange, "no W_7"),
        (Weight(1) @ Hidden(0), ShapeError, "cannot multiply"),
        (Weight(1) + Weight(0), ShapeError, "cannot add"),
        (Partial(Hidden(1), Weight(0)), ShapeError, "more than two indices"),
        (Entry(Weight(1), dim(1)), ShapeError, "needs a column"),
        (Quotient(number(1), Hidden(1)), ShapeError, "must be a scalar"),
        (Norm(Weight(1)), Unvalued, "spectral norm"),
        (expr.SingularValue(Weight(1)), Unvalued, "singular value"),
        (Power(number(2), Fraction(1, 3)), Unvalued, "neither whole nor a half"),
        (Partial(LOSS, Hidden(1) + Hidden(1)), Unvalued, "only by a variable"),
        (Partial(Partial(LOSS, Hidden(1)), Hidden(1)), Unvalued, "itself a derivative"),
        (Size(index("m")), Unvalued, "the integer symbol m has no value"),
        (SquareRoot(number(3)), ConstantRoot, "√3"),
        (Quotient(number(1), number(0)), Resample, "zero"),
    ],
    ids=str,
)
def test_what_has_no_value(e: Expr, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        at(e)


class OneLayer(Network):
    """z = A x + c, without widths: sizes are integer symbols."""

    equations = (
        Equation(Named("z"), Named("A") @ Named("x") + Named("c")),
        Equation(LOSS, expr.Function("L", (Named("z"),))),
    )

    def shape_of(self, variable: Variable) -> Shape:
        rows, columns = index("H"), index("D")
        found: dict[str, tuple[Dim, Dim]] = {
            "A": (rows, columns),
            "x": (columns, dim(1)),
            "c": (rows, dim(1)),
            "z": (rows, dim(1)),
            "L": SCALAR,
        }
        return found[variable.name]


def test_a_network_of_named_variables() -> None:
    point = Point(OneLayer(), 0, {"H": 3, "D": 4})
    a, x, c = (table(point.drawn(Named(name))) for name in "Axc")
    z = [[(m[0] + b[0]) % P] for m, b in zip(multiplied(a, x), c, strict=True)]
    assert table(value(Named("z"), point, {})) == z
    by_z = table(value(Partial(LOSS, Named("z")), point, {}))
    assert table(value(Partial(LOSS, Named("A")), point, {})) == multiplied(by_z, transposed(x))
