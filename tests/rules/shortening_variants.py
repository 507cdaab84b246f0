"""Wrong variants of the named steps that make a gradient short, in networks that somebody writes."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from symbackprop.derivation import Rule
from symbackprop.dims import ONE, Bounds, Dim, index
from symbackprop.equations import Equation
from symbackprop.expr import (
    LOSS,
    Diagonal,
    Elementwise,
    Entry,
    Expr,
    Hadamard,
    IndexedSum,
    Named,
    Norm,
    Ones,
    Partial,
    Power,
    Quotient,
    Softmax,
    SquareRoot,
    number,
)
from symbackprop.forward import ForwardNetwork
from symbackprop.primitives import EntrywiseQuotient
from symbackprop.rules import shortening, sums
from symbackprop.rules.reverse import through_uses
from symbackprop.statements import Chain, equal

K, D = index("K"), index("D")
W, x, z, h, p, q, y, w, s, b = (Named(letter) for letter in "WxzhpqywsB")
ONES = Ones(K)
COLUMN, SCALAR = (K, ONE), (ONE, ONE)
SHAPES = {W: (K, D), x: (D, ONE), z: COLUMN, h: COLUMN, y: COLUMN}
TARGETS = equal(IndexedSum("k", ONE, K, Entry(y, index("k"))), number(1))


def sigmoid(e: Expr, order: int = 0) -> Elementwise:
    return Elementwise("sigmoid", e, order)


def half_squared(e: Expr) -> Expr:
    return number(Fraction(1, 2)) @ Power(Norm(e), Fraction(2))


HIDDEN = ForwardNetwork(
    [Equation(z, W @ x), Equation(h, sigmoid(z)), Equation(LOSS, half_squared(h - y))],
    SHAPES,
)
SOFT = ForwardNetwork(
    [Equation(z, W @ x), Equation(p, Softmax(z)), Equation(LOSS, -(y.T @ Elementwise("log", p)))],
    {W: (K, D), x: (D, ONE), z: COLUMN, p: COLUMN, y: COLUMN},
    [TARGETS],
)
LOGISTIC = ForwardNetwork(
    [
        Equation(s, w.T @ x),
        Equation(q, sigmoid(s)),
        Equation(LOSS, -(y @ Elementwise("log", q)) - (number(1) - y) @ Elementwise("log", number(1) - q)),
    ],
    {w: (D, ONE), x: (D, ONE), s: SCALAR, q: SCALAR, y: SCALAR},
)


t, T = index("t"), index("T")
V = Named("V")


def e(at: Dim) -> Named:
    """A column for each time."""
    return Named("e", at)


TIME = ForwardNetwork(
    [Equation(LOSS, IndexedSum("t", ONE, T, Power(Norm(e(t)), Fraction(2))))], {e(t): COLUMN, V: (K, D)}
)


@dataclass(frozen=True)
class Case:
    """One rule at one line: `start = right`, and wrong right sides by what is wrong with them."""

    rule: Rule
    start: Expr
    right: Expr
    network: ForwardNetwork
    wrong: dict[str, Expr] = field(hash=False)
    known: Bounds = field(default_factory=dict, hash=False)

    @property
    def given(self) -> tuple[Chain, ...]:
        return self.network.assumed


G = Partial(LOSS, h)
u = Partial(LOSS, z)
slope_line = sigmoid(z, 1)
soft_line = (Diagonal(p) - p @ p.T) @ -EntrywiseQuotient(y, p)
bce_line = q @ (number(1) - q) @ (-Quotient(y, q) + Quotient(number(1) - y, number(1) - q))
SOFTMAX, LOGISTIC_RULE, *_ = (rule for rule in shortening.shortenings("jacobian") if "cross-entropy" in rule.name)

CASES = (
    Case(
        shortening.slope,
        slope_line,
        Hadamard((h, ONES - h)),
        HIDDEN,
        {
            "activation for its derivative": h,
            "one half of it": ONES - h,
            "squared": Hadamard((h, h)),
            "of the pre-activation": Hadamard((z, ONES - z)),
            "that of tanh": ONES - Hadamard((h, h)),
            "sign": -Hadamard((h, ONES - h)),
            "plus": Hadamard((h, ONES + h)),
        },
    ),
    Case(
        shortening.diagonal_as_hadamard,
        Diagonal(h) @ G,
        Hadamard((h, G)),
        HIDDEN,
        {
            "without the diagonal": G,
            "of the pre-activation": Hadamard((z, G)),
            "squared": Hadamard((h, h, G)),
            "a product of columns": h @ h.T @ G,
            "a sum": h + G,
            "sign": -Hadamard((h, G)),
        },
    ),
    Case(
        shortening.by_name,
        Hadamard((sigmoid(z), G)),
        Hadamard((h, G)),
        HIDDEN,
        {
            "name of the pre-activation": Hadamard((z, G)),
            "name of the target": Hadamard((y, G)),
            "left out": G,
            "twice": Hadamard((h, h, G)),
            "sign": -Hadamard((h, G)),
            "slope": Hadamard((sigmoid(z, 1), G)),
        },
    ),
    Case(
        SOFTMAX,
        soft_line,
        p - y,
        SOFT,
        {
            "sign": y - p,
            "target alone": -y,
            "output alone": p,
            "plus": p + y,
            "times the output": Hadamard((p, p - y)),
            "twice": number(2) @ (p - y),
            "logits for the output": z - y,
        },
    ),
    Case(
        LOGISTIC_RULE,
        bce_line,
        q - y,
        LOGISTIC,
        {
            "sign": y - q,
            "slope kept": q @ (number(1) - q) @ (q - y),
            "logit for the output": s - y,
            "plus": q + y,
            "target alone": -y,
            "twice": number(2) @ (q - y),
        },
    ),
    Case(
        through_uses("hadamard"),
        u,
        Hadamard((sigmoid(z, 1), G)),
        HIDDEN,
        {
            "no slope": G,
            "activation for its derivative": Hadamard((sigmoid(z), G)),
            "slope of the slope": Hadamard((sigmoid(z, 2), G)),
            "slope squared": Hadamard((sigmoid(z, 1), sigmoid(z, 1), G)),
            "sign": -Hadamard((sigmoid(z, 1), G)),
            "slope of the output": Hadamard((sigmoid(h, 1), G)),
        },
    ),
    Case(
        shortening.like_terms,
        Hadamard((h, G)) + z + Hadamard((h, G)),
        number(2) @ Hadamard((h, G)) + z,
        HIDDEN,
        {
            "counted once": Hadamard((h, G)) + z,
            "counted three times": number(3) @ Hadamard((h, G)) + z,
            "the other one counted": Hadamard((h, G)) + number(2) @ z,
            "both counted": number(2) @ Hadamard((h, G)) + number(2) @ z,
            "squared": Hadamard((h, h, G, G)) + z,
            "sign": number(2) @ Hadamard((h, G)) - z,
            "cancelled": z,
        },
    ),
    Case(
        shortening.common_factor,
        Hadamard((h, G)) + Hadamard((z, G)),
        Hadamard((h + z, G)),
        HIDDEN,
        {
            "product of the others": Hadamard((h, z, G)),
            "the factor counted twice": Hadamard((h + z, G, G)),
            "one left out": Hadamard((h, G)),
            "difference": Hadamard((h - z, G)),
            "factor left out": h + z,
            "sign": -Hadamard((h + z, G)),
        },
    ),
    Case(
        shortening.without_ones,
        number(1) @ W.T @ G,
        W.T @ G,
        HIDDEN,
        {
            "another number": number(2) @ W.T @ G,
            "sign": -(W.T @ G),
            "of another column": W.T @ z,
            "by the pre-activation": W.T @ u,
            "twice": W.T @ G + W.T @ G,
            "input": x,
        },
    ),
    Case(
        shortening.root_squared,
        Power(SquareRoot(q), Fraction(2)),
        q,
        LOGISTIC,
        {
            "root kept": SquareRoot(q),
            "squared": Power(q, Fraction(2)),
            "sign": -q,
            "its complement": number(1) - q,
            "one": number(1),
            "half": Quotient(q, number(2)),
        },
    ),
    Case(
        shortening.scalars_first,
        W.T @ G @ Power(Norm(h), Fraction(2)),
        Power(Norm(h), Fraction(2)) @ W.T @ G,
        HIDDEN,
        {
            "left out": W.T @ G,
            "an outer product": W.T @ h @ h.T @ G,
            "squared": Power(Norm(h), Fraction(4)) @ W.T @ G,
            "of another column": Power(Norm(z), Fraction(2)) @ W.T @ G,
            "sign": -(Power(Norm(h), Fraction(2)) @ W.T @ G),
            "as a sum": W.T @ G + W.T @ h,
        },
    ),
    Case(
        sums.into_sum,
        IndexedSum("t", ONE, T - 1, e(t)) + e(T),
        IndexedSum("t", ONE, T, e(t)),
        TIME,
        {
            "one too many": IndexedSum("t", ONE, T, e(t)) + e(T),
            "one too few": IndexedSum("t", ONE, T - 1, e(t)),
            "the last one twice": IndexedSum("t", ONE, T - 1, e(t)) + e(T) + e(T),
            "one step later": IndexedSum("t", ONE, T, e(t - 1)),
            "sign": -IndexedSum("t", ONE, T, e(t)),
            "the last one alone": e(T),
        },
    ),
    Case(
        sums.over_sum,
        V.T @ (e(T) + e(ONE)),
        V.T @ e(T) + V.T @ e(ONE),
        TIME,
        {
            "one left out": V.T @ e(T),
            "a factor left out": V.T @ e(T) + V.T @ e(T),
            "difference": V.T @ e(T) - V.T @ e(ONE),
            "twice": number(2) @ V.T @ e(T),
            "the other way": V.T @ e(ONE) - V.T @ e(T),
            "sign": -(V.T @ e(T)) - V.T @ e(ONE),
        },
    ),
)
