"""For every rule about normalization: a line, what it makes of it on paper, and what people make of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from symbackprop.derivation import Rule
from symbackprop.dims import ONE, Bounds, dim, index, units
from symbackprop.equations import Network
from symbackprop.expr import (
    LOSS,
    ActivationJacobian,
    Diagonal,
    Entry,
    Expr,
    Hidden,
    Identity,
    IndexedSum,
    Named,
    Ones,
    Partial,
    Power,
    PreActivation,
    Quotient,
    Size,
    SquareRoot,
    number,
)
from symbackprop.groups import EntrywisePower, Membership
from symbackprop.network import MLP
from symbackprop.normalization import one_set
from symbackprop.rules import collecting, normalization


@dataclass(frozen=True)
class Case:
    """One rule at one line: `start = right`, and wrong right sides by what is wrong with them."""

    name: str
    rule: Rule
    start: Expr
    right: Expr
    wrong: dict[str, Expr] = field(hash=False)
    network: Network
    known: Bounds = field(hash=False)
    factory: str = ""


def d(e: Expr) -> Partial:
    return Partial(LOSS, e)


def over(e: Expr, by: Expr) -> Expr:
    return Quotient(e, by)


def squared(e: Expr) -> Expr:
    return Power(e, Fraction(2))


def scaled(right: Expr) -> dict[str, Expr]:
    return {
        "sign": -right,
        "factor 2": number(2) @ right,
        "half": number(Fraction(1, 2)) @ right,
        "counted twice": right + right,
    }


# --- one set: batch normalization of m values of one unit ------------------------------------------------------------

BATCH, SET = one_set("batch")
SIZES: Bounds = {"m": (dim(2), None)}
m = index("m")
x, c, x_bar, x_hat, sigma, gamma, a = (Named(name) for name in ("x", "c", "xbar", "xhat", "sigma", "gamma", "a"))
ONE_M = number(1)
ones, I, M = Ones(m), Identity(m), Size(m)
mean_matrix = over(ONE_M, M) @ ones @ ones.T
hat_matrix = over(ONE_M, M) @ x_hat @ x_hat.T
c_matrix = over(ONE_M, M @ squared(sigma)) @ c @ c.T


def every_set() -> tuple[Case, ...]:
    right = over(ONE_M, sigma) @ d(x_hat) + over(ONE_M, M @ sigma) @ c @ d(sigma)
    uses = Case(
        "every use of the centred column",
        normalization.every_use,
        d(c),
        right,
        {
            "only the direct use": over(ONE_M, sigma) @ d(x_hat),
            "only through the deviation": over(ONE_M, M @ sigma) @ c @ d(sigma),
            "deviation as a sum, not a mean": over(ONE_M, sigma) @ d(x_hat) + over(ONE_M, sigma) @ c @ d(sigma),
            "derivative of a square": over(ONE_M, sigma) @ d(x_hat) + over(number(2), M) @ c @ d(sigma),
            "no reciprocal": sigma @ d(x_hat) + over(ONE_M, M @ sigma) @ c @ d(sigma),
            "minus for plus": over(ONE_M, sigma) @ d(x_hat) - over(ONE_M, M @ sigma) @ c @ d(sigma),
            "normalized column": over(ONE_M, sigma) @ d(x_hat) + over(ONE_M, M @ sigma) @ x_hat @ d(sigma),
            **scaled(right),
        },
        BATCH,
        SIZES,
    )
    centring = (I - mean_matrix) @ d(c)
    factor = Case(
        "common factor",
        collecting.common_factor(d(c)),
        d(c) + over(ONE_M, M) @ ones @ -(ones.T @ d(c)),
        centring,
        {
            "sum for mean": (I - ones @ ones.T) @ d(c),
            "plus for minus": (I + mean_matrix) @ d(c),
            "no mean": d(c),
            "only the mean": mean_matrix @ d(c),
            "no identity": -mean_matrix @ d(c),
            "mean twice": (I - mean_matrix - mean_matrix) @ d(c),
            "square of the size": (I - over(ONE_M, squared(M)) @ ones @ ones.T) @ d(c),
            **scaled(centring),
        },
        BATCH,
        SIZES,
        "common_factor",
    )
    by_c = over(ONE_M, sigma) @ (I - mean_matrix - c_matrix)
    by_hat = over(ONE_M, sigma) @ (I - mean_matrix - hat_matrix)
    renamed = Case(
        "in terms of the normalized column",
        collecting.in_terms_of(x_hat),
        by_c @ d(x_hat),
        by_hat @ d(x_hat),
        {
            "not divided by the size": over(ONE_M, sigma) @ (I - mean_matrix - x_hat @ x_hat.T) @ d(x_hat),
            "still over the variance": over(ONE_M, sigma)
            @ (I - mean_matrix - over(ONE_M, M @ squared(sigma)) @ x_hat @ x_hat.T)
            @ d(x_hat),
            "over the deviation": over(ONE_M, sigma)
            @ (I - mean_matrix - over(ONE_M, M @ sigma) @ x_hat @ x_hat.T)
            @ d(x_hat),
            "one column each": over(ONE_M, sigma) @ (I - mean_matrix - over(ONE_M, M) @ c @ x_hat.T) @ d(x_hat),
            "no mean": over(ONE_M, sigma) @ (I - hat_matrix) @ d(x_hat),
            "no column": over(ONE_M, sigma) @ (I - mean_matrix) @ d(x_hat),
            "no deviation in front": (I - mean_matrix - hat_matrix) @ d(x_hat),
            **scaled(by_hat @ d(x_hat)),
        },
        BATCH,
        SIZES,
        "in_terms_of",
    )
    q = d(a)
    mean_q, hat_q = over(ONE_M, M) @ ones @ ones.T @ q, over(ONE_M, M) @ x_hat @ x_hat.T @ q
    closed = over(gamma, sigma) @ (q - mean_q - hat_q)
    wrong_closed = {
        "mean not taken off": over(gamma, sigma) @ (q - hat_q),
        "correlation not taken off": over(gamma, sigma) @ (q - mean_q),
        "statistics held fixed": over(gamma, sigma) @ q,
        "sums for means": over(gamma, sigma) @ (q - ones @ ones.T @ q - x_hat @ x_hat.T @ q),
        "no γ": over(ONE_M, sigma) @ (q - mean_q - hat_q),
        "times σ": gamma @ sigma @ (q - mean_q - hat_q),
        "over the variance": over(gamma, squared(sigma)) @ (q - mean_q - hat_q),
        "centred for normalized": over(gamma, sigma) @ (q - mean_q - over(ONE_M, M) @ c @ c.T @ q),
        "plus": over(gamma, sigma) @ (q + mean_q + hat_q),
        **scaled(closed),
    }
    distributed = Case("distributed", collecting.distributed, by_hat @ gamma @ q, closed, wrong_closed, BATCH, SIZES)
    whole = Case("through the set", normalization.lemma(SET), d(x), closed, wrong_closed, BATCH, SIZES, "lemma")
    return uses, factor, renamed, distributed, whole


# --- a layer ---------------------------------------------------------------------------------------------------------

LAYER = MLP(normalization="layer")
l = index("l")
HIDDEN: Bounds = {"l": (ONE, LAYER.depth), "L": (ONE, None)}
n = units(l)
z, c_l, s, v, a_l = PreActivation(l), Named("c", l), Named("s", l), Named("v", l), Named("a", l)
N, one_l, I_l = Size(n), Ones(n), Identity(n)
ROOT = over(SquareRoot(N), s)
MEAN = over(number(1), N) @ one_l @ one_l.T
ALONG = over(number(1), squared(s)) @ c_l @ c_l.T
UP = Diagonal(v) @ d(a_l)


def every_layer() -> tuple[Case, ...]:
    right = ROOT @ (I_l - MEAN - ALONG) @ UP
    through = Case(
        "through the normalization",
        normalization.through_normalization,
        d(z),
        right,
        {
            "statistics held fixed": ROOT @ UP,
            "length held fixed": ROOT @ (I_l - MEAN) @ UP,
            "mean held fixed": ROOT @ (I_l - ALONG) @ UP,
            "no √n": over(number(1), s) @ (I_l - MEAN - ALONG) @ UP,
            "n for √n": over(N, s) @ (I_l - MEAN - ALONG) @ UP,
            "no scale": ROOT @ (I_l - MEAN - ALONG) @ d(a_l),
            "scale on the left": ROOT @ Diagonal(v) @ (I_l - MEAN - ALONG) @ d(a_l),
            "not centred": ROOT @ (I_l - MEAN - over(number(1), squared(s)) @ z @ z.T) @ UP,
            "over the length": ROOT @ (I_l - MEAN - over(number(1), s) @ c_l @ c_l.T) @ UP,
            "mean over the squares": ROOT @ (I_l - MEAN - over(number(1), N) @ c_l @ c_l.T) @ UP,
            **scaled(right),
        },
        LAYER,
        HIDDEN,
    )
    D = ActivationJacobian("g", a_l)
    after = D @ d(Hidden(l))
    argument = Case(
        "through the activation of a normalized layer",
        normalization.through_argument,
        d(a_l),
        after,
        {
            "slope at the pre-activation": ActivationJacobian("g", z) @ d(Hidden(l)),
            "slope at the centred column": ActivationJacobian("g", c_l) @ d(Hidden(l)),
            "no slope": ActivationJacobian("identity", a_l) @ d(Hidden(l)),
            "another activation": ActivationJacobian("f", a_l) @ d(Hidden(l)),
            "with the scale": Diagonal(v) @ D @ d(Hidden(l)),
            "with the normalization": ROOT @ D @ d(Hidden(l)),
            "slope twice": D @ D.T @ D @ d(Hidden(l)),
            **scaled(after),
        },
        LAYER,
        HIDDEN,
    )
    i = index("i")
    trace = IndexedSum("i", ONE, n, Entry(I_l - MEAN - ALONG, i, i))
    rank = N - number(2)
    cancelled = Case(
        "what cancels",
        collecting.cancelled,
        trace,
        rank,
        {
            "n": N,
            "n - 1": N - number(1),
            "n - 3": N - number(3),
            "n + 2": N + number(2),
            "0": number(0),
            "1": number(1),
            **scaled(rank),
        },
        LAYER,
        HIDDEN,
    )
    return through, argument, cancelled


# --- a layer in groups ------------------------------------------------------------------------------------------------

GROUPED = MLP(normalization="group", groups=2)
members, deviations = Membership(n, 2), Named("deviations", l)
SHARE = over(number(2), N)


def each(exponent: int) -> Diagonal:
    """diag(s^{⊙p}), a diagonal of the groups."""
    return Diagonal(EntrywisePower(deviations, Fraction(exponent)))


def every_group() -> tuple[Case, ...]:
    front = Diagonal(members @ EntrywisePower(deviations, Fraction(-1)))
    C = Diagonal(c_l)
    means = SHARE @ members @ members.T
    along = SHARE @ C @ members @ each(-2) @ members.T @ C
    right = front @ (I_l - means - along) @ UP
    wrong = {
        "statistics held fixed": front @ UP,
        "deviations held fixed": front @ (I_l - means) @ UP,
        "means held fixed": front @ (I_l - along) @ UP,
        "mean of the layer": front @ (I_l - MEAN - along) @ UP,
        "all units in one group": front @ (I_l - MEAN - over(number(1), N) @ C @ one_l @ one_l.T @ C) @ UP,
        "means over the layer": front @ (I_l - over(number(1), N) @ members @ members.T - along) @ UP,
        "sums for means": front @ (I_l - members @ members.T - C @ members @ each(-2) @ members.T @ C) @ UP,
        "groups mixed": front @ (I_l - means - SHARE @ c_l @ c_l.T) @ UP,
        "not over the variance": front @ (I_l - means - SHARE @ C @ members @ members.T @ C) @ UP,
        "over the deviation": front @ (I_l - means - SHARE @ C @ members @ each(-1) @ members.T @ C) @ UP,
        "times the deviation": Diagonal(members @ deviations) @ (I_l - means - along) @ UP,
        "not divided": (I_l - means - along) @ UP,
        "no scale": front @ (I_l - means - along) @ d(a_l),
        "scale on the left": front @ Diagonal(v) @ (I_l - means - along) @ d(a_l),
        **scaled(right),
    }
    through = Case(
        "through the normalization of groups", normalization.through_normalization, d(z), right, wrong, GROUPED, HIDDEN
    )
    spread = (
        front
        - SHARE @ members @ each(-1) @ members.T
        - SHARE @ C @ members @ each(-3) @ members.T @ C
    ) @ UP  # fmt: skip
    taken_out = Case(
        "common factor in front", collecting.in_front(front), spread, right, wrong, GROUPED, HIDDEN, "in_front"
    )
    return through, taken_out


CASES: tuple[Case, ...] = (*every_set(), *every_layer(), *every_group())
