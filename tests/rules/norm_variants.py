"""For every rule about norms, singular values and slopes: a line, what it makes of it, and what is wrong to write."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from symbackprop.derivation import Rule
from symbackprop.dims import DEPTH, ONE, Bounds, Dim, dim, index, units, width
from symbackprop.equations import Network
from symbackprop.expr import (
    LARGEST,
    LEAST_NONZERO,
    LOSS,
    SMALLEST,
    ActivationJacobian,
    ColumnAt,
    Diagonal,
    Elementwise,
    Entry,
    Expr,
    Identity,
    IndexedProduct,
    Named,
    Norm,
    Number,
    Partial,
    Power,
    PreActivation,
    Quotient,
    Row,
    SingularValue,
    Size,
    SquareRoot,
    Weight,
    WithoutBias,
    number,
)
from symbackprop.magnitudes import Extreme, OverUnit
from symbackprop.network import MLP
from symbackprop.quantities import Quantities
from symbackprop.rules import ladder, norms, products, slopes
from symbackprop.statements import Chain, equal

l, L, i, j = index("l"), DEPTH, index("i"), index("j")
k, m, n = index("k"), index("m"), index("n")
SPACE = Quantities(
    {
        **dict.fromkeys("AB", ("n", "n")),
        **dict.fromkeys("FG", ("m", "n")),
        **dict.fromkeys("uvx", ("n",)),
        **dict.fromkeys("st", ()),
        "a": ("m",),
        "Q": ("m", "k"),
        "C": ("k", "n"),
        "K": (2, 4),
        "H": (4, 2),
    }
)
A, B, F, G, Q, C, K, H = (Named(name) for name in "ABFGQCKH")
a, u, v, x, s, t = (Named(name) for name in "auvxst")
NET = MLP()
LAYERS: Bounds = {"l": (ONE, L), "L": (ONE, None)}
ALL: Bounds = {"L": (ONE, None)}
z = PreActivation(l)
D, W = ActivationJacobian("g", z), Weight(l)
G_l = Diagonal(Elementwise("g", z, 1))
ISOMETRY = (equal(Q.T @ Q, Identity(k)),)
HALF = number(Fraction(1, 2))


@dataclass(frozen=True)
class Case:
    """One rule at one line: `start relation right`, and wrong right sides by what is wrong with them."""

    name: str
    rule: Rule
    start: Expr
    right: Expr
    wrong: dict[str, Expr] = field(hash=False)
    network: Network = SPACE
    known: Bounds | None = field(default=None, hash=False)
    given: tuple[Chain, ...] = ()

    @property
    def bounds(self) -> Bounds:
        return self.known if self.known is not None else getattr(self.network, "bounds", {})


def big(e: Expr) -> SingularValue:
    return SingularValue(e, LARGEST)


def small(e: Expr) -> SingularValue:
    return SingularValue(e, SMALLEST)


def nonzero(e: Expr) -> SingularValue:
    return SingularValue(e, LEAST_NONZERO)


def over(body: Expr, low: Dim | int = 1, high: Dim | int = L) -> IndexedProduct:
    return IndexedProduct("l", dim(low), dim(high), body)


def slope(kind: str, function: str, at: Expr, order: int = 1, high: Dim = n) -> Extreme:
    """`max_i |g'(v_i)|`."""
    return Extreme(kind, "i", ONE, high, Elementwise("abs", Elementwise(function, Entry(at, i), order)))


def entry(kind: str, at: Expr, low: Dim = ONE, high: Dim = n) -> Extreme:
    return Extreme(kind, "i", low, high, Elementwise("abs", Entry(at, i)))


def root(count: Dim) -> SquareRoot:
    return SquareRoot(Size(count))


def square(e: Expr) -> Power:
    return Power(e, Fraction(2))


SIGMOID, TANH = Elementwise("sigmoid", t), Elementwise("tanh", t)
UNIT = Quotient(v, Norm(v))
JACOBIAN_SLOPES = slope("max", "g", z, high=units(l))
ROWS = Norm(Partial(LOSS, Row(Weight(0), j).T))
FROBENIUS = Norm(Partial(LOSS, Weight(0)), "F")

CASES = (
    Case(
        "bounded",
        norms.bounded,
        Norm(F @ A @ v),
        big(F) @ Norm(A @ v),
        {
            "smallest": small(F) @ Norm(A @ v),
            "smallest nonzero": nonzero(F) @ Norm(A @ v),
            "half": HALF @ big(F) @ Norm(A @ v),
            "sign": -(big(F) @ Norm(A @ v)),
            "the second matrix left out": big(F) @ Norm(v),
            "no matrix": Norm(A @ v),
            "another matrix": big(G) @ Norm(A @ v),
            "no norm": big(F),
            "square root": SquareRoot(big(F)) @ Norm(A @ v),
        },
    ),
    Case(
        "bounded below",
        norms.bounded_below,
        Norm(F @ A @ v),
        small(F) @ Norm(A @ v),
        {
            "largest": big(F) @ Norm(A @ v),
            "smallest nonzero": nonzero(F) @ Norm(A @ v),
            "no matrix": Norm(A @ v),
            "the second matrix left out": small(F) @ Norm(v),
            "another matrix": small(G) @ Norm(A @ v),
            "Frobenius": Norm(F, "F") @ Norm(A @ v),
            "twice": number(9) @ small(F) @ Norm(A @ v),
        },
    ),
    Case(
        "submultiplicative",
        norms.submultiplicative,
        big(F @ A),
        big(F) @ big(A),
        {
            "smallest": small(F) @ small(A),
            "one smallest": big(F) @ small(A),
            "the other smallest": small(F) @ big(A),
            "one factor": big(F),
            "the other factor": big(A),
            "sign": -(big(F) @ big(A)),
            "other matrix": big(G) @ big(A),
            "smallest nonzero": nonzero(F) @ nonzero(A),
        },
    ),
    Case(
        "supermultiplicative",
        norms.supermultiplicative,
        small(F @ A),
        small(F) @ small(A),
        {
            "largest": big(F) @ big(A),
            "one largest": small(F) @ big(A),
            "the other largest": big(F) @ small(A),
            "one factor": small(F),
            "the other factor": small(A),
            "smallest nonzero": nonzero(F) @ nonzero(A),
            "Frobenius": Norm(F, "F") @ Norm(A, "F"),
        },
    ),
    Case(
        "layers",
        norms.submultiplicative,
        big(over(D @ W.T)),
        over(big(D) @ big(W.T)),
        {
            "smallest": over(small(D) @ small(W.T)),
            "no slopes": over(big(W.T)),
            "no weights": over(big(D)),
            "first layer left out": over(big(D) @ big(W.T), 2),
            "last layer left out": over(big(D) @ big(W.T), 1, L - 1),
            "smallest slopes": over(small(G_l) @ big(W.T)),
            "no product": number(0),
        },
        NET,
        ALL,
    ),
    Case(
        "bounded at once",
        norms.bounded_at_once,
        Norm(F @ A @ v),
        big(F @ A) @ Norm(v),
        {
            "smallest": small(F @ A) @ Norm(v),
            "first alone": big(F) @ Norm(v),
            "second alone": big(A) @ Norm(v),
            "half": HALF @ big(F @ A) @ Norm(v),
            "no norm": big(F @ A),
            "matrix twice": big(F @ A @ A) @ Norm(v),
            "another vector": big(F @ A) @ Norm(u),
        },
    ),
    Case(
        "bounded below at once",
        norms.bounded_below_at_once,
        Norm(F @ A @ v),
        small(F @ A) @ Norm(v),
        {
            "largest": big(F @ A) @ Norm(v),
            "smallest nonzero": nonzero(F @ A) @ Norm(v),
            "first alone": small(F) @ Norm(v),
            "second alone": number(9) @ small(A) @ Norm(v),
            "no norm": big(F @ A),
            "Frobenius": Norm(F @ A, "F") @ Norm(v),
        },
    ),
    Case(
        "column kept",
        norms.column_kept,
        big(WithoutBias(W).T),
        big(W.T),
        {
            "smallest": small(W.T),
            "half": HALF @ big(W.T),
            "sign": -big(W.T),
            "layer before": big(Weight(l - 1).T),
            "smallest nonzero": nonzero(W.T),
            "zero": number(0),
        },
        NET,
        LAYERS,
    ),
    Case(
        "extreme slope",
        norms.extreme_slope,
        big(D),
        JACOBIAN_SLOPES,
        {
            "least": slope("min", "g", z, high=units(l)),
            "activation": slope("max", "g", z, 0, units(l)),
            "twice": number(2) @ JACOBIAN_SLOPES,
            "layer after": slope("max", "g", PreActivation(l + 1), 1, units(l + 1)),
            "no modulus": Extreme("min", "i", ONE, units(l), Elementwise("g", Entry(z, i), 1)),
            "first unit alone": slope("max", "g", z, high=ONE),
            "pre-activations": Extreme("max", "i", ONE, units(l), Elementwise("abs", Entry(z, i))),
        },
        NET,
        LAYERS,
    ),
    Case(
        "extreme entry",
        norms.extreme_slope,
        small(Diagonal(v)),
        entry("min", v),
        {
            "largest": entry("max", v),
            "another column": entry("min", u),
            "one entry": entry("min", v, ONE, ONE),
            "no modulus": Extreme("min", "i", ONE, n, Entry(v, i)),
            "norm": Norm(v),
            "zero": number(0),
        },
    ),
    Case(
        "empty bound",
        norms.empty_bound,
        small(K) @ Norm(v),
        number(0),
        {
            "smallest nonzero": nonzero(K) @ Norm(v),
            "transposed": small(K.T) @ Norm(v),
            "one": number(1),
            "norm": Norm(v),
            "largest": big(K) @ Norm(v),
            "sign": -(big(K) @ Norm(v)),
        },
    ),
    Case(
        "zero column",
        norms.empty_bound,
        small(ColumnAt(v, ONE, dim(2))),
        number(0),
        {
            "norm": Norm(v),
            "largest": big(ColumnAt(v, ONE, dim(2))),
            "smallest nonzero": nonzero(ColumnAt(v, ONE, dim(2))),
            "one": number(1),
            "sign": -Norm(v),
            "one column": small(ColumnAt(v, ONE, ONE)),
        },
    ),
    Case(
        "supremum",
        norms.as_supremum,
        Norm(F),
        OverUnit("sup", x, Norm(F @ x)),
        {
            "infimum": OverUnit("inf", x, Norm(F @ x)),
            "another matrix": OverUnit("sup", x, Norm(G @ x)),
            "transposed twice": OverUnit("sup", x, Norm(F @ F.T @ F @ x)),
            "no matrix": OverUnit("sup", x, Norm(x)),
            "sign": -OverUnit("sup", x, Norm(F @ x)),
            "at one vector": Norm(F @ v),
        },
    ),
    Case(
        "largest",
        norms.as_largest,
        OverUnit("sup", x, Norm(F @ x)),
        big(F),
        {
            "smallest": small(F),
            "smallest nonzero": nonzero(F),
            "Frobenius": Norm(F, "F"),
            "another matrix": big(G),
            "squared": square(big(F)),
            "of the square": big(F.T @ F),
        },
    ),
    Case(
        "smallest",
        norms.as_smallest,
        OverUnit("inf", x, Norm(F @ x)),
        small(F),
        {
            "largest": big(F),
            "smallest nonzero": nonzero(F),
            "transposed": small(F.T),
            "another matrix": small(G),
            "zero": number(0),
            "of the square": small(F.T @ F),
        },
    ),
    Case(
        "unit vector",
        norms.at_unit_vector,
        Norm(F @ UNIT),
        Norm(F),
        {
            "smallest": small(F),
            "half": HALF @ Norm(F),
            "sign": -Norm(F),
            "another matrix": Norm(G),
            "smallest nonzero": nonzero(F),
            "zero": number(0),
        },
    ),
    Case(
        "sphere",
        norms.on_sphere,
        OverUnit("sup", x, Norm(x)),
        number(1),
        {
            "zero": number(0),
            "two": number(2),
            "sign": number(-1),
            "size": Size(n),
            "root of the size": root(n),
            "another norm": Norm(v),
        },
    ),
    Case(
        "without bias unit",
        norms.without_bias_unit,
        D @ W.T,
        G_l @ WithoutBias(W).T,
        {
            "activation": Diagonal(Elementwise("g", z)) @ WithoutBias(W).T,
            "no slopes": WithoutBias(W).T,
            "slopes twice": G_l @ G_l @ WithoutBias(W).T,
            "weights twice": G_l @ WithoutBias(W).T @ WithoutBias(W) @ WithoutBias(W).T,
            "no transpose": G_l @ WithoutBias(W),
            "swapped": WithoutBias(W).T @ G_l,
            "sign": -(G_l @ WithoutBias(W).T),
        },
        NET,
        LAYERS,
    ),
    Case(
        "rank one",
        norms.rank_one,
        Norm(a @ v.T, "F"),
        Norm(v) @ Norm(a),
        {
            "one norm": Norm(v),
            "the other norm": Norm(a),
            "squared": square(Norm(v)) @ square(Norm(a)),
            "sum": Norm(v) + Norm(a),
            "another vector": Norm(u) @ Norm(a),
            "sign": -(Norm(v) @ Norm(a)),
            "root": SquareRoot(Norm(v) @ Norm(a)),
        },
    ),
    Case(
        "length kept",
        norms.length_kept,
        small(Q @ C),
        small(C),
        {
            "largest": big(C),
            "smallest nonzero": nonzero(C),
            "one": number(1),
            "zero": number(0),
            "sign": -big(C),
            "squared": square(big(C)),
        },
        SPACE,
        {**SPACE.bounds, "k": (ONE, m)},
        ISOMETRY,
    ),
    Case(
        "ones",
        norms.without_ones,
        number(1) @ Norm(v),
        Norm(v),
        {
            "zero": number(0),
            "one": number(1),
            "one more": number(1) + Norm(v),
            "another": Norm(u),
            "sign": -Norm(v),
            "squared": square(Norm(v)),
        },
    ),
    Case(
        "longest row",
        norms.longest_row,
        Extreme("max", "j", ONE, units(1), ROWS),
        Quotient(FROBENIUS, root(units(1))),
        {
            "no root": FROBENIUS,
            "by the width": Quotient(number(2) @ FROBENIUS, root(width(1))),
            "times the root": root(units(1)) @ FROBENIUS,
            "twice": number(2) @ Quotient(FROBENIUS, root(units(1))),
            "by the width of the input, thrice": number(3) @ Quotient(FROBENIUS, root(width(0))),
            "of the gradient of all weights, squared": number(9) @ square(FROBENIUS),
        },
        NET,
        ALL,
    ),
    Case(
        "slope of the sigmoid",
        slopes.sigmoid_slope,
        Elementwise("sigmoid", t, 1),
        SIGMOID @ (number(1) - SIGMOID),
        {
            "sum": SIGMOID @ (number(1) + SIGMOID),
            "square": square(SIGMOID),
            "no factor": number(1) - SIGMOID,
            "of tanh": number(1) - square(TANH),
            "at another variable": Elementwise("sigmoid", s) @ (number(1) - Elementwise("sigmoid", s)),
            "sign": -(SIGMOID @ (number(1) - SIGMOID)),
        },
    ),
    Case(
        "slope of tanh",
        slopes.tanh_slope,
        Elementwise("tanh", t, 1),
        number(1) - square(TANH),
        {
            "sum": number(1) + square(TANH),
            "no square": number(1) - TANH,
            "product": TANH @ (number(1) - TANH),
            "of the sigmoid": SIGMOID @ (number(1) - SIGMOID),
            "at another variable": number(1) - square(Elementwise("tanh", s)),
            "cube": number(1) - Power(TANH, Fraction(3)),
        },
    ),
    Case(
        "completed square",
        slopes.completed_square,
        s @ (number(1) - s),
        Number(Fraction(1, 4)) - square(s - HALF),
        {
            "half": HALF - square(s - HALF),
            "no quarter": -square(s - HALF),
            "square added": Number(Fraction(1, 4)) + square(s - HALF),
            "sum inside": Number(Fraction(1, 4)) - square(s + HALF),
            "no square": Number(Fraction(1, 4)) - (s - HALF),
            "another": Number(Fraction(1, 4)) - square(t - HALF),
        },
    ),
    Case(
        "square dropped",
        slopes.square_dropped,
        s - square(t),
        s,
        {
            "less": s - number(100),
            "the square": s - number(2) @ square(t),
            "sign": -s - number(100),
            "another": t - number(100),
            "the square alone": -square(t) - square(s) - number(50),
            "no square": number(-100) @ square(s) - square(t),
        },
    ),
    Case(
        "steepest",
        slopes.steepest,
        slope("max", "tanh", v),
        number(1),
        {
            "of the sigmoid": Number(Fraction(1, 4)),
            "half": HALF,
            "zero": number(0),
            "sign": number(-1),
            "least": slope("min", "tanh", v),
            "by its own value": slope("min", "tanh", v, 0),
        },
    ),
    Case(
        "the identity",
        ladder.identity_out,
        A @ Identity(n),
        A,
        {
            "identity alone": Identity(n),
            "transposed": A.T,
            "twice": A @ A,
            "another": B,
            "sign": -A,
            "sum": A + Identity(n),
        },
    ),
    Case(
        "empty product",
        products.empty,
        over(big(D), 1, 0) @ Norm(Partial(LOSS, PreActivation(1))),
        Norm(Partial(LOSS, PreActivation(1))),
        {
            "zero": number(0),
            "one": number(1),
            "one factor": over(big(D), 1, 1) @ Norm(Partial(LOSS, PreActivation(1))),
            "all factors": over(big(D)) @ Norm(Partial(LOSS, PreActivation(1))),
            "layer after": Norm(Partial(LOSS, PreActivation(2))),
            "sign": -Norm(Partial(LOSS, PreActivation(1))),
        },
        NET,
        ALL,
    ),
)
