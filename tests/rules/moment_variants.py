"""For every rule about means and variances: a line it applies to, what paper says of it, and what people make of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from symbackprop.chance import Expectation, Variance
from symbackprop.derivation import Rule
from symbackprop.dims import DEPTH, ONE, Bounds, Dim, dim, index, units, width
from symbackprop.draws import Draws, RandomMLP
from symbackprop.expr import (
    LOSS,
    Elementwise,
    Entry,
    Expr,
    Hidden,
    IndexedSum,
    Partial,
    Power,
    PreActivation,
    Quotient,
    Size,
    Weight,
    number,
)
from symbackprop.rules import moments

l, i, k = index("l"), index("i"), index("k")
L = DEPTH
HALF, TWO = number(Fraction(1, 2)), number(2)
DRAWN = RandomMLP(draws=Draws(biases="drawn", symmetric=False))
RELU = RandomMLP(activation="relu")
BACK = RandomMLP(activation="relu", draws=Draws(independent_gradients=True))
XAVIER = RandomMLP(draws=Draws(variance=Quotient(TWO, Size(width(l) + width(l + 1)))))
FORWARD: Bounds = {"l": (ONE, L), "L": (ONE, None), "i": (ONE, units(l + 1)), "k": (ONE, units(l))}
BACKWARD: Bounds = {"l": (ONE, L - 1), "L": (dim(2), None), "i": (ONE, units(l + 1)), "k": (ONE, units(l))}


@dataclass(frozen=True)
class Case:
    """One rule at one line: `start = right`, and wrong right sides by what is wrong with them."""

    rule: Rule
    start: Expr
    right: Expr
    wrong: dict[str, Expr] = field(hash=False)
    network: RandomMLP
    known: Bounds = field(default_factory=lambda: FORWARD, hash=False)

    def __post_init__(self) -> None:
        self.wrong.update(
            {
                "sign": -self.right,
                "factor 2": TWO @ self.right,
                "half": HALF @ self.right,
                "counted twice": self.right + self.right,
            }
        )


def w(row: Dim = i, column: Dim = k, layer: Dim = l) -> Entry:
    return Entry(Weight(layer), row, column)


def h(at: Dim = k, layer: Dim = l) -> Entry:
    return Entry(Hidden(layer), at)


def z(at: Dim = k, layer: Dim = l) -> Entry:
    return Entry(PreActivation(layer), at)


def by(e: Entry) -> Partial:
    return Partial(LOSS, e)


def E(e: Expr) -> Expectation:
    return Expectation(e)


def Var(e: Expr) -> Variance:
    return Variance(e)


def sq(e: Expr) -> Power:
    return Power(e, Fraction(2))


def over(body: Expr, name: str = "k", upper: Dim | None = None) -> IndexedSum:
    return IndexedSum(name, ONE, units(l) if upper is None else upper, body)


def relu(e: Expr, order: int = 0) -> Elementwise:
    return Elementwise("relu", e, order)


# the variance of each weight, of layer l if not another one
v = Var(w(ONE, ONE))
after = Var(w(ONE, ONE, l - 1))
bias = w(i, width(l))

CASES = (
    Case(
        moments.of_sum,
        Var(over(w() @ h()) + bias),
        over(Var(w() @ h())) + Var(bias),
        {
            "no bias": over(Var(w() @ h())),
            "the bias twice": over(Var(w() @ h()), upper=width(l)) + Var(bias),
            "the bias without its variance": over(Var(w() @ h())) + E(bias),
            "variances multiplied": over(Var(w()) @ Var(h())) + Var(bias),
            "weights only": over(Var(w())) + Var(bias),
            "first unit only": Var(w(i, ONE) @ h(ONE)) + Var(bias),
            "means of squares of means": over(sq(E(w() @ h()))) + Var(bias),
        },
        DRAWN,
    ),
    Case(
        moments.of_mean_zero,
        Var(w() @ h()),
        E(sq(w()) @ sq(h())),
        {
            "square of the mean": sq(E(w() @ h())),
            "h not squared": E(sq(w()) @ h()),
            "w not squared": E(w() @ sq(h())),
            "no square": E(w() @ h()),
            "without h": E(sq(w())),
            "without w": E(sq(h())),
            "fourth power": E(sq(sq(w())) @ sq(h())),
        },
        DRAWN,
    ),
    Case(
        moments.as_variance,
        E(sq(w())),
        Var(w()),
        {
            "mean": E(w()),
            "square of the mean": sq(E(w())),
            "variance of the square": Var(sq(w())),
            "fourth power": E(sq(sq(w()))),
            "square of the variance": sq(Var(w())),
            "of the units": Var(h()),
            "the mean added": Var(w()) + number(1),
        },
        # with weights of two values the square is constant
        DRAWN,
    ),
    Case(
        moments.of_independent,
        E(sq(w()) @ sq(h())),
        E(sq(w())) @ E(sq(h())),
        {
            "square of the mean of h": E(sq(w())) @ sq(E(h())),
            "mean of h": E(sq(w())) @ E(h()),
            "square of the mean of w": sq(E(w())) @ E(sq(h())),
            "variance of h": E(sq(w())) @ Var(h()),
            "sum": E(sq(w())) + E(sq(h())),
            "w only": E(sq(w())),
            "h only": E(sq(h())),
            "of the layer before": E(sq(w())) @ E(sq(h(ONE, l - 1))),
        },
        DRAWN,
    ),
    Case(
        moments.weights_alike,
        Var(w()),
        v,
        {
            "of the layer before": after,
            "mean": E(w(ONE, ONE)),
            "square": sq(v),
            "of a unit": Var(h(ONE)),
            "of all": Size(units(l)) @ v,
            "of the square": Var(sq(w(ONE, ONE))),
            "shared": Quotient(v, Size(units(l))),
        },
        DRAWN,
    ),
    Case(
        moments.of_bias,
        Var(bias),
        v,
        {
            "biases at 0": number(0),
            "of the layer before": after,
            "mean": E(bias),
            "square": sq(v),
            "of all": Size(width(l)) @ v,
            "of the bias unit": Var(h(width(l))),
            "of a unit": Var(h(ONE)),
        },
        DRAWN,
    ),
    Case(
        moments.units_alike,
        E(sq(h())),
        E(sq(h(ONE))),
        {
            "not squared": E(h(ONE)),
            "square of the mean": sq(E(h(ONE))),
            "the bias unit": E(sq(h(width(l)))),
            "of the layer before": E(sq(h(ONE, l - 1))),
            "pre-activation": E(sq(z(ONE))),
            "all units": Size(units(l)) @ E(sq(h(ONE))),
            "variance": Var(h(ONE)),
        },
        RELU,
    ),
    Case(
        moments.counted,
        over(v @ E(sq(h(ONE)))),
        Size(units(l)) @ v @ E(sq(h(ONE))),
        {
            "the bias unit counted": Size(width(l)) @ v @ E(sq(h(ONE))),
            "units of the layer after": Size(units(l + 1)) @ v @ E(sq(h(ONE))),
            "once": v @ E(sq(h(ONE))),
            "squared": Size(units(l)) @ Size(units(l)) @ v @ E(sq(h(ONE))),
            "one less": Size(units(l) - 1) @ v @ E(sq(h(ONE))),
            "the mean": Quotient(v @ E(sq(h(ONE))), Size(units(l))),
            "square of the mean": Size(units(l)) @ v @ sq(E(h(ONE))),
        },
        RELU,
    ),
    Case(
        moments.half_of_square,
        E(sq(relu(z(ONE)))),
        HALF @ E(sq(z(ONE))),
        {
            "all of it": E(sq(z(ONE))),
            "square of the mean": HALF @ sq(E(z(ONE))),
            "square of the mean of ReLU": sq(E(relu(z(ONE)))),
            "a quarter": number(Fraction(1, 4)) @ E(sq(z(ONE))),
            "not squared": HALF @ E(z(ONE)),
            "of the layer after": HALF @ E(sq(z(ONE, l + 1))),
            "variance of ReLU": Var(relu(z(ONE))),
        },
        RELU,
    ),
    Case(
        moments.half_of_slopes,
        E(sq(relu(z(k), 1))),
        HALF,
        {
            "1": number(1),
            "0": number(0),
            "a quarter more": number(Fraction(3, 4)),
            "the square": E(sq(relu(z(k)))),
            "square of the mean": sq(E(relu(z(k), 1))),
            "variance": Var(relu(z(k), 1)),
            "the pre-activation": HALF @ E(sq(z(k))),
        },
        BACK,
    ),
    Case(
        moments.by_scheme,
        v,
        Quotient(TWO, Size(width(l) + width(l + 1))),
        {
            "gain of the lecture's He": Quotient(number(4), Size(width(l) + width(l + 1))),
            "fan-in": Quotient(TWO, Size(units(l))),
            "fan-out": Quotient(TWO, Size(units(l + 1))),
            "LeCun": Quotient(number(1), Size(units(l))),
            "no bias units counted": Quotient(TWO, Size(units(l) + units(l + 1))),
            "standard deviation squared": sq(Quotient(TWO, Size(width(l) + width(l + 1)))),
            "layer before": Quotient(TWO, Size(width(l - 1) + width(l))),
        },
        XAVIER,
        {"l": (ONE, L - 1), "L": (dim(2), None)},
    ),
)
