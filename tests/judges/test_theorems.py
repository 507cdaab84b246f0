"""Theorems about norms: true lines at several widths and letters, and near misses, each with numbers that refute it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import pytest

from symbackprop import expr
from symbackprop.derivation import Derivation, Rule, Step
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
from symbackprop.judges import kernel, numeric
from symbackprop.judges.claim import Claim
from symbackprop.judges.outcome import Outcome, Proved, Refuted, Supported
from symbackprop.magnitudes import Extreme, OverUnit, SingularValueAt, SpectralSum
from symbackprop.network import MLP
from symbackprop.quantities import Quantities
from symbackprop.statements import Chain, equal
from symbackprop.tree import Path, at_path

m, n, k, i, j, l, L = index("m"), index("n"), index("k"), index("i"), index("j"), index("l"), DEPTH
NET, TANH, SEPARATE = MLP(), MLP(activation="tanh"), MLP(bias="separate")
GIVEN_WIDTHS = MLP(widths=[4, 3, 3, 2])
ONE_OUTPUT = MLP(widths=[4, 3, 1])
LAYERS: Bounds = {"l": (ONE, L), "L": (ONE, None)}
SPACE = Quantities(
    {
        **dict.fromkeys(("A", "B", "P"), ("n", "n")),
        **dict.fromkeys(("F", "G"), ("m", "n")),
        **dict.fromkeys(("u", "v", "w", "x"), ("n",)),
        **dict.fromkeys(("s", "t"), ()),
        "Q": ("m", "k"),
        "C": ("k", "n"),
        "T": (5, 3),
        "a": ("m",),
    }
)
A, B, C, F, G, P, Q, T = (Named(name) for name in "ABCFGPQT")
a, u, v, w, x, s, t = (Named(name) for name in "auvwxst")
ISOMETRY = (equal(Q.T @ Q, Identity(k)),)
D, Wt = ActivationJacobian("g", PreActivation(l)), Weight(l).T
G_l = Diagonal(Elementwise("g", PreActivation(l), 1))


def big(e: Expr) -> SingularValue:
    return SingularValue(e, LARGEST)


def small(e: Expr) -> SingularValue:
    return SingularValue(e, SMALLEST)


def over(body: Expr, low: Dim | int = 1, high: Dim | int = L) -> IndexedProduct:
    return IndexedProduct("l", dim(low), dim(high), body)


def steepest(function: str, order: int = 1) -> Extreme:
    """`max_i |g'(v_i)|`."""
    return Extreme("max", "i", ONE, n, Elementwise("abs", Elementwise(function, Entry(v, i), order)))


def root(count: Dim) -> SquareRoot:
    return SquareRoot(Size(count))


def slope(kind: str, e: Expr, name: str = "i", high: Dim = n) -> Extreme:
    return Extreme(kind, name, ONE, high, Elementwise("abs", Entry(e, index(name))))


@dataclass(frozen=True)
class Line:
    """`left relation right`, perhaps by what is put in place of a part; whether numbers refute a near miss."""

    left: Expr
    relation: str
    right: Expr
    network: Network = SPACE
    known: Bounds | None = None
    given: tuple[Chain, ...] = ()
    refuted: bool = True
    where: Path = ()
    part: Expr | None = None

    @property
    def bounds(self) -> Bounds:
        return self.known if self.known is not None else getattr(self.network, "bounds", {})


def judged(line: Line) -> Outcome:
    """What the kernel says of the line as a step by a rule that makes just this of it."""
    made = line.part or at_path(line.right, line.where)
    rule = Rule("made up", lambda e, context: made, "", line.relation)
    step = Step(line.left, line.relation, line.right, rule, line.where, (), line.bounds)
    start = Derivation(line.left, line.network, known=line.bounds, given=line.given)
    return kernel.judge(step, Derivation(line.left, line.network, (step,), line.bounds, given=start.given))


def numbers(line: Line) -> Outcome:
    return numeric.judge(Claim(line.left, line.relation, line.right, line.network, line.bounds, line.given))


ROWS_OF_W = Norm(Partial(LOSS, Row(Weight(0), j).T))
GRADIENT = Partial(LOSS, Weight(0))
MEAN = Quotient(Norm(GRADIENT, "F"), root(units(1)))
UNIT_V = Quotient(v, Norm(v))
SIGMOID, TANH_T = Elementwise("sigmoid", t), Elementwise("tanh", t)

TRUE: dict[str, Line] = {
    "‖A v‖": Line(Norm(A @ v), "≤", big(A) @ Norm(v)),
    "‖F v‖, wide or tall": Line(Norm(F @ v), "≤", big(F) @ Norm(v)),
    "three factors": Line(Norm(F @ A @ B @ v), "≤", big(F) @ big(A) @ big(B) @ Norm(v)),
    "two at once": Line(Norm(F @ A @ B @ v), "≤", big(F @ A) @ big(B) @ Norm(v)),
    "a norm of a sum": Line(Norm(u + v), "≤", Norm(u) + Norm(v)),
    "a norm of a difference": Line(Norm(u - A @ v), "≤", Norm(u) + Norm(A @ v)),
    "the other way round": Line(Norm(u), "≤", Norm(u + A @ u) + Norm(A @ u)),
    "Frobenius norms of a sum": Line(Norm(A + B, "F"), "≤", Norm(A, "F") + Norm(B, "F")),
    "near the identity": Line(small(Identity(n) + A), "≥", number(1) - big(A)),
    "from below": Line(Norm(T @ Named("z")), "≥", small(T) @ Norm(Named("z")), Quantities({"T": (5, 3), "z": (3,)})),
    "a scalar is a matrix too": Line(Norm(s @ A @ v), "≤", big(s) @ big(A) @ Norm(v)),
    "a scalar in between, from below": Line(Norm(A @ s @ v), "≥", small(A) @ small(s) @ Norm(v)),
    "of a product": Line(big(F @ A), "≤", big(F) @ big(A)),
    "of a product, from below": Line(small(F @ A), "≥", small(F) @ small(A)),
    "layers": Line(big(over(D @ Wt)), "≤", over(big(D) @ big(Wt)), NET, {"L": (ONE, None)}),
    "layers from below": Line(
        small(over(G_l @ Wt.T.T)), "≥", over(small(G_l) @ small(Wt.T.T)), MLP(bias="none"), {"L": (ONE, None)}
    ),
    "one output": Line(
        Norm(Weight(1).T @ Partial(LOSS, PreActivation(2))),
        "≤",
        big(Weight(1).T) @ Norm(Partial(LOSS, PreActivation(2))),
        ONE_OUTPUT,
    ),
    "inside a product": Line(Norm(u) @ Norm(A @ v), "≤", Norm(u) @ big(A) @ Norm(v), where=(1,), part=big(A) @ Norm(v)),
    "as a supremum": Line(OverUnit("sup", x, Norm(F @ x)), "=", big(F)),
    "as an infimum": Line(OverUnit("inf", x, Norm(F @ x)), "=", small(F)),
    "spectral norm": Line(Norm(F), "=", big(F)),
    "at a unit vector": Line(Norm(F @ UNIT_V), "≤", Norm(F)),
    "on the sphere": Line(OverUnit("inf", x, Norm(x)), "=", number(1)),
    "equal suprema": Line(
        OverUnit("sup", Named("y"), Norm(Q @ C @ Named("y"))),
        "=",
        OverUnit("sup", Named("y"), Norm(C @ Named("y"))),
        Quantities({"Q": ("m", "k"), "C": ("k", "n"), "y": ("n",)}),
        given=ISOMETRY,
    ),
    "homogeneous": Line(Norm(Norm(u) @ A @ v), "=", Norm(u) @ Norm(A @ v)),
    "scalars commute": Line(Norm(u) @ Norm(v), "=", Norm(v) @ Norm(u)),
    "cancelled where nothing is lost": Line(Norm(A @ v), "=", Norm(v) @ Norm(A @ UNIT_V)),
    "a positive size cancels": Line(root(n) @ Quotient(Norm(v), root(n)), "=", Norm(v)),
    "diagonal, largest": Line(big(Diagonal(v)), "=", slope("max", v)),
    "diagonal, smallest": Line(small(Diagonal(v)), "=", slope("min", v, "p")),
    "activation Jacobian": Line(
        big(D),
        "=",
        Extreme("max", "i", ONE, units(l), Elementwise("abs", Elementwise("g", Entry(PreActivation(l), i), 1))),
        NET,
        LAYERS,
    ),
    "placed": Line(big(ColumnAt(v, k, m)), "=", Norm(v), known={**SPACE.bounds, "k": (ONE, m)}),
    "rank 1": Line(Norm(a @ v.T, "F"), "=", Norm(v) @ Norm(a)),
    "rank 1, one row": Line(Norm(v.T @ s, "F"), "=", Norm(v) @ Norm(s)),
    "wide": Line(small(D), "=", number(0), NET, LAYERS),
    "wide by numbers": Line(small(T.T) @ Norm(v), "=", number(0)),
    "wide in every layer": Line(over(small(D) @ small(Wt)), "=", number(0), NET, {"L": (ONE, None)}),
    "a column of zeros": Line(small(ColumnAt(v, ONE, dim(2))), "=", number(0)),
    "without the bias column": Line(big(WithoutBias(Weight(l)).T), "≤", big(Wt), NET, LAYERS),
    "Frobenius": Line(Norm(F, "F"), "=", SquareRoot(SpectralSum("i", F, Power(SingularValueAt(F, i), Fraction(2))))),
    "isometry, vector": Line(
        Norm(Q @ Named("y")), "=", Norm(Named("y")), Quantities({"Q": ("m", "k"), "y": ("k",)}), given=ISOMETRY
    ),
    "isometry, matrix": Line(small(Q @ C), "=", small(C), given=ISOMETRY),
    "isometry, alone": Line(SingularValue(Q, LEAST_NONZERO), "=", number(1), given=ISOMETRY),
    "assumed": Line(A @ B @ v, "=", A @ P @ v, given=(equal(B, P),)),
    "assumed, read backwards": Line(P, "=", B, given=(equal(B, P),)),
    "longest row": Line(Extreme("max", "j", ONE, units(1), ROWS_OF_W), "≥", MEAN, NET, {"L": (ONE, None)}),
    "longest row of any matrix": Line(
        Extreme("max", "j", ONE, m, Norm(Row(F, j))), "≥", Quotient(Norm(F, "F"), root(m))
    ),
    "steepest sigmoid": Line(steepest("sigmoid"), "≤", number(Fraction(1, 4))),
    "slope of the sigmoid": Line(Elementwise("sigmoid", t, 1), "=", SIGMOID @ (number(1) - SIGMOID)),
    "slope of tanh": Line(Elementwise("tanh", t, 1), "=", number(1) - TANH_T @ TANH_T),
    "a square dropped": Line(s - Power(t, Fraction(2)), "≤", s),
    "one of several": Line(big(F), "≤", SquareRoot(SpectralSum("i", F, Power(SingularValueAt(F, i), Fraction(2))))),
    "below Frobenius": Line(big(F.T), "≤", Norm(F, "F")),
}

TALL = Quantities({"H": (4, 2), "y": (2,), "K": (2, 4), "b": (4,)})
H, K, b, y = Named("H"), Named("K"), Named("b"), Named("y")
Y = Partial(LOSS, PreActivation(L + 1))
OFF = expr.Columns(Identity(width(l)), ONE, units(l)).T
BEYOND: Bounds = {"l": (ONE, L + 1), "L": (ONE, None)}

WRONG: dict[str, Line] = {
    "relation turned": Line(Norm(A @ v), "≥", big(A) @ Norm(v)),
    "relation turned, smallest": Line(Norm(A @ v), "≤", small(A) @ Norm(v)),
    "equality": Line(Norm(A @ v), "=", big(A) @ Norm(v)),
    "smallest from above": Line(small(A @ B), "≤", small(A) @ small(B)),
    "smallest for largest": Line(Norm(A @ v), "≤", small(A) @ Norm(v)),
    "largest for smallest": Line(Norm(A @ v), "≥", big(A) @ Norm(v)),
    "one smallest among the largest": Line(Norm(A @ B @ v), "≤", big(A) @ small(B) @ Norm(v)),
    "smallest nonzero": Line(Norm(F @ v), "≥", SingularValue(F, LEAST_NONZERO) @ Norm(v)),
    "smallest nonzero of a product": Line(
        SingularValue(F @ A, LEAST_NONZERO),
        "≥",
        SingularValue(F, LEAST_NONZERO) @ SingularValue(A, LEAST_NONZERO),
        refuted=False,
    ),
    "factor missing": Line(Norm(A @ B @ v), "≤", big(A) @ Norm(v)),
    "norm missing": Line(Norm(A @ v), "≤", big(A)),
    "factor added": Line(Norm(A @ v), "≤", big(A) @ big(B) @ Norm(v)),
    "other matrix": Line(Norm(A @ v), "≤", big(B) @ Norm(v)),
    "other vector": Line(Norm(A @ v), "≤", big(A) @ Norm(u)),
    "product in the other order": Line(big(A @ B), "≤", big(B @ A)),
    "sum for product": Line(big(A @ B), "≤", big(A) + big(B)),
    "negative scalar": Line(Norm(s @ A @ v), "≤", s @ big(A) @ Norm(v)),
    "layers, one less": Line(big(over(D @ Wt)), "≤", over(big(D) @ big(Wt), 2), NET, {"L": (ONE, None)}),
    "layers, smallest": Line(big(over(D @ Wt)), "≤", over(small(D) @ small(Wt)), NET, {"L": (ONE, None)}),
    "layers, slopes left out": Line(big(over(D @ Wt)), "≤", over(big(Wt)), NET, {"L": (ONE, None)}),
    "rises with nothing": Line(s @ Norm(A @ v), "≤", s @ big(A) @ Norm(v), where=(1,), part=big(A) @ Norm(v)),
    "falls with it": Line(s - Norm(A @ v), "≤", s - big(A) @ Norm(v), where=(1, 0)),
    "in a denominator": Line(Quotient(Norm(u), Norm(A @ v)), "≤", Quotient(Norm(u), big(A) @ Norm(v)), where=(1,)),
    "to a negative power": Line(
        Power(Norm(A @ v), Fraction(-1)), "≤", Power(big(A) @ Norm(v), Fraction(-1)), where=(0,)
    ),
    "a square of what may be negative": Line(
        Power(s - Power(t, Fraction(2)), Fraction(2)), "≤", Power(s, Fraction(2)), where=(0,)
    ),
    "supremum as the smallest": Line(OverUnit("sup", x, Norm(F @ x)), "=", small(F)),
    "infimum as the largest": Line(OverUnit("inf", x, Norm(F @ x)), "=", big(F)),
    "infimum as the smallest nonzero": Line(
        OverUnit("inf", b, Norm(K @ b)), "=", SingularValue(K, LEAST_NONZERO), TALL
    ),
    "supremum over a scalar": Line(OverUnit("inf", s, Norm(F @ s)), "=", small(F), refuted=False),
    "supremum with the vector twice": Line(OverUnit("sup", x, Norm(x @ x.T @ x)), "=", big(x @ x.T), refuted=False),
    "Frobenius for spectral": Line(Norm(F, "F"), "=", big(F)),
    "at no unit vector": Line(Norm(F @ v), "≤", Norm(F)),
    "at a unit vector of another": Line(Norm(F @ Quotient(v, Norm(u))), "≤", Norm(F)),
    "at a unit vector, from above": Line(Norm(F), "≤", Norm(F @ UNIT_V)),
    "sphere, another vector": Line(OverUnit("sup", x, Norm(u)), "=", number(1), refuted=False),
    "suprema equal at one vector": Line(
        OverUnit("sup", x, Norm(A @ x)),
        "=",
        OverUnit("sup", x, Norm(B @ x)),
        given=(equal(Norm(A @ x), Norm(B @ x)),),
        refuted=False,
    ),
    "a negative scalar out of a norm": Line(Norm(s @ v), "=", s @ Norm(v), refuted=False),
    "a negative scalar out of a norm, from above": Line(Norm(s @ v), "≤", s @ Norm(v)),
    "matrices commute": Line(u.T @ A @ B @ v, "=", u.T @ B @ A @ v),
    "cancelled, and something is lost": Line(
        small(D) @ Quotient(number(1), small(D)), "=", number(1), NET, LAYERS, refuted=False
    ),
    "√a √√a": Line(Norm(v) @ SquareRoot(Norm(v)), "=", Norm(v)),
    "diagonal, the other end": Line(small(Diagonal(v)), "=", slope("max", v)),
    "diagonal, one entry short": Line(big(Diagonal(y)), "=", slope("max", y, high=ONE), TALL),
    "diagonal, no modulus": Line(big(Diagonal(v)), "=", Extreme("max", "i", ONE, n, Entry(v, i))),
    "diagonal of another": Line(big(Diagonal(v)), "=", slope("max", u)),
    "activation Jacobian, smallest": Line(
        small(D),
        "=",
        Extreme("min", "i", ONE, units(l), Elementwise("abs", Elementwise("g", Entry(PreActivation(l), i), 1))),
        NET,
        LAYERS,
    ),
    "activation Jacobian, not the slope": Line(
        big(D),
        "=",
        Extreme("max", "i", ONE, units(l), Elementwise("abs", Elementwise("g", Entry(PreActivation(l), i)))),
        NET,
        LAYERS,
    ),
    "activation Jacobian, another layer": Line(
        big(D),
        "=",
        Extreme("max", "i", ONE, units(l), Elementwise("abs", Elementwise("g", Entry(PreActivation(l + 1), i), 1))),
        MLP(bias="none", widths=[2, 2, 2, 2]),
        {"l": (ONE, ONE)},
        refuted=False,
    ),
    "placed, smallest": Line(small(ColumnAt(v, ONE, m)), "=", Norm(v)),
    "placed, smallest, perhaps one column": Line(small(ColumnAt(v, ONE, m)), "=", number(0), refuted=False),
    "rank 1, one norm": Line(Norm(a @ v.T, "F"), "=", Norm(v) @ Norm(v)),
    "rank 2": Line(Norm(a @ v.T + a @ u.T, "F"), "=", Norm(v) @ Norm(a)),
    "tall": Line(small(H), "=", number(0), TALL),
    "of unknown shape": Line(small(F), "=", number(0)),
    "wide, largest": Line(big(K), "=", number(0), TALL),
    "wide, smallest nonzero": Line(SingularValue(K, LEAST_NONZERO), "=", number(0), TALL),
    "no layer": Line(over(small(K), 2, 1), "=", number(0), TALL),
    "perhaps no layer": Line(over(small(D), 2, L), "=", number(0), NET, {"L": (ONE, None)}, refuted=False),
    "the output has no bias unit": Line(small(OFF), "=", number(0), NET, BEYOND),
    "an index of the same name outside": Line(
        over(IndexedProduct("k", k, l, small(expr.Columns(Identity(dim(5)), ONE, dim(2)).T)), 2, 2),
        "=",
        number(0),
        NET,
        {"k": (ONE, l), "l": (dim(3), L), "L": (dim(3), None)},
        refuted=False,
    ),
    "bias column, from below": Line(big(WithoutBias(Weight(l)).T), "≥", big(Wt), NET, LAYERS),
    "bias column, smallest": Line(small(WithoutBias(Weight(l))), "≤", small(Weight(l)), NET, LAYERS),
    "bias column of the layer after": Line(big(WithoutBias(Weight(l - 1)).T), "≤", big(Wt), NET, LAYERS),
    "Frobenius of another": Line(
        Norm(F, "F"), "=", SquareRoot(SpectralSum("i", G, Power(SingularValueAt(G, i), Fraction(2))))
    ),
    "Frobenius, no square": Line(Norm(F, "F"), "=", SquareRoot(SpectralSum("i", F, SingularValueAt(F, i)))),
    "Frobenius, index captured": Line(
        Norm(Weight(i), "F"),
        "=",
        SquareRoot(SpectralSum("i", Weight(i), Power(SingularValueAt(Weight(i), i), Fraction(2)))),
        NET,
        {"i": (ONE, L)},
        refuted=False,
    ),
    "isometry not assumed": Line(small(Q @ C), "=", small(C)),
    "isometry the other way": Line(small(Q @ C), "=", small(C), given=(equal(Q @ Q.T, Identity(m)),), refuted=False),
    "isometry on the other side": Line(big(C.T @ Q.T), "=", big(C.T), given=ISOMETRY, refuted=False),
    "assumed of another": Line(A @ v, "=", P @ v, given=(equal(B, P),)),
    "assumed behind another factor": Line(A @ B @ v, "=", P @ A @ v, given=(equal(B, P),)),
    "assumed inequality": Line(Norm(u), "=", Norm(v), given=(Chain((Norm(u), Norm(v)), ("≤",)),), refuted=False),
    "longest row, from above": Line(Extreme("max", "j", ONE, m, Norm(Row(F, j))), "≤", Quotient(Norm(F, "F"), root(m))),
    "longest row, by columns": Line(Extreme("max", "j", ONE, m, Norm(Row(F, j))), "≥", Quotient(Norm(F, "F"), root(n))),
    "longest row, no root": Line(Extreme("max", "j", ONE, m, Norm(Row(F, j))), "≥", Norm(F, "F")),
    "shortest row": Line(Extreme("min", "j", ONE, m, Norm(Row(F, j))), "≥", Quotient(Norm(F, "F"), root(m))),
    "longest row but the first": Line(
        Extreme("max", "j", dim(2), dim(4), Norm(Row(H, j))), "≥", Quotient(Norm(H, "F"), root(dim(4))), TALL
    ),
    "longest row, one entry repeated": Line(
        Extreme("max", "j", ONE, dim(4), Norm(expr.Ones(dim(2)) @ Entry(H, j, ONE))),
        "≥",
        Quotient(Norm(H, "F"), root(dim(4))),
        TALL,
    ),
    "longest row, the output's last left out": Line(
        Extreme("max", "j", ONE, width(l) - 1, Norm(Row(Weight(l - 1), j))),
        "≥",
        Quotient(Norm(Weight(l - 1), "F"), root(units(l))),
        NET,
        BEYOND,
        refuted=False,
    ),
    "steeper than it says": Line(steepest("tanh"), "≤", number(Fraction(1, 4))),
    "steepest, the function itself": Line(steepest("softplus", 0), "≤", number(1)),
    "slope of another variable": Line(
        Elementwise("sigmoid", t, 1), "=", Elementwise("sigmoid", s) @ (number(1) - Elementwise("sigmoid", s))
    ),
    "sigmoid for its slope": Line(SIGMOID, "=", SIGMOID @ (number(1) - SIGMOID)),
    "slope of the other function": Line(Elementwise("tanh", t, 1), "=", TANH_T @ (number(1) - TANH_T)),
    "a square added": Line(s + Power(t, Fraction(2)), "≤", s),
    "a square dropped, from below": Line(s - Power(t, Fraction(2)), "≥", s),
    "a scalar dropped": Line(s - t, "≤", s),
    "a norm of a sum from below": Line(Norm(u + v), "≥", Norm(u) + Norm(v)),
    "one of two norms": Line(Norm(u + v), "≤", Norm(u) + Norm(w)),
    "a norm counted once": Line(Norm(u + v + v), "≤", Norm(u) + Norm(v)),
    "norms that do not meet": Line(Norm(u), "≤", Norm(u + v) + Norm(w)),
    "norms of two kinds": Line(Norm(A + B, "F"), "≤", Norm(A) + Norm(B)),
    "near the identity, the largest for both": Line(small(Identity(n) + A), "≥", number(1) - small(A)),
    "near the identity, too far": Line(small(Identity(n) + A), "≥", number(2) - big(A)),
    "near the identity, twice of it": Line(small(Identity(n) + number(2) @ A), "≥", number(1) - big(A)),
    "near the identity, from above": Line(small(Identity(n) + A), "≤", number(1) - big(A)),
    "near another matrix": Line(small(B + A), "≥", number(1) - big(A)),
    "a cube dropped": Line(s - Power(t, Fraction(3)), "≤", s),
    "Frobenius below the largest": Line(Norm(F, "F"), "≤", big(F)),
}


@pytest.mark.parametrize("name", TRUE)
def test_a_true_line_is_proved_and_holds_in_numbers(name: str) -> None:
    line = TRUE[name]
    assert isinstance(judged(line), Proved)
    assert isinstance(numbers(line), Supported)


@pytest.mark.parametrize("name", WRONG)
def test_a_near_miss_is_not_proved(name: str) -> None:
    assert not isinstance(judged(WRONG[name]), Proved)


@pytest.mark.parametrize("name", [name for name, line in WRONG.items() if line.refuted])
def test_numbers_refute_a_near_miss(name: str) -> None:
    assert isinstance(numbers(WRONG[name]), Refuted)


# --- equations assumed, at which index -------------------------------------------------------------------------------


class Family(MLP):
    """A network with square matrices `Q_l`."""

    def _shape_of(self, variable: expr.Variable) -> tuple[Dim, Dim]:
        return (dim(3), dim(3)) if variable.name == "Q" else super()._shape_of(variable)


def member(at: Dim | int) -> Named:
    return Named("Q", dim(at))


def gram(at: Dim | int) -> Chain:
    return equal(member(at).T @ member(at), Identity(dim(3)))


AT_INDEX = {
    "for all l": (big(member(2)), (gram(l),), True),
    "at the same index": (big(member(2)), (gram(2),), True),
    "at another index": (big(member(2)), (gram(1),), False),
    "at the depth": (big(member(L + 1)), (gram(L + 1),), True),
    "at the depth, which is no free index": (big(member(1)), (gram(L + 1),), False),
    "of another family": (big(Weight(1)), (gram(l),), False),
}


@pytest.mark.parametrize(("left", "given", "proved"), AT_INDEX.values(), ids=AT_INDEX)
def test_what_is_assumed_is_of_an_index(left: Expr, given: tuple[Chain, ...], proved: bool) -> None:
    line = Line(left, "=", number(1), Family(), {"L": (dim(2), None)}, given)
    assert isinstance(judged(line), Proved) is proved


def test_an_equation_at_the_depth_says_nothing_of_other_layers() -> None:
    given = (equal(member(L + 1), Identity(dim(3))),)
    assert isinstance(judged(Line(member(L + 1), "=", Identity(dim(3)), Family(), {}, given)), Proved)
    assert not isinstance(judged(Line(member(1), "=", Identity(dim(3)), Family(), {}, given)), Proved)


def test_no_chain_leads_from_one_to_zero() -> None:
    """Where 1 = s/s were proved, `σ(D)/σ(D) = 0` would end it."""
    quotient = small(D) @ Quotient(number(1), small(D))
    both = [judged(Line(quotient, "=", number(c), NET, LAYERS)) for c in (0, 1)]
    assert not all(isinstance(outcome, Proved) for outcome in both)


def test_every_theorem_is_tried() -> None:
    from symbackprop.judges import theorems

    elsewhere = {"the derivative is linear", "a term for each layer", "the chain rule through one variable"}
    said = {outcome.method for line in TRUE.values() if isinstance(outcome := judged(line), Proved)}
    said = {method.removeprefix("by theorem: ") for method in said}
    missing = {each.name for each in theorems.THEOREMS} - elsewhere - said
    assert not missing, f"write a true line and near misses for {missing}"
