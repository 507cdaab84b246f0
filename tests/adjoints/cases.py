"""For each primitive: a forward equation, the gradient that the sources give, and wrong variants of it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from symbackprop.dims import ONE, dim, index
from symbackprop.expr import (
    LOSS,
    Column,
    ColumnAt,
    Columns,
    Diagonal,
    Elementwise,
    Entry,
    Expr,
    Hadamard,
    Identity,
    LogSumExp,
    Named,
    Negative,
    Norm,
    Ones,
    Partial,
    Power,
    Quotient,
    Row,
    Softmax,
    SquareRoot,
    Sum,
    number,
)
from symbackprop.groups import EntrywisePower
from symbackprop.primitives import DiagonalPart, EntrywiseQuotient, Pairwise, Rows, Stacked, Trace

m, n, p, q = (index(letter) for letter in "mnpq")
# which entry, row or column is taken
j = k = dim(2)
A, B, X, Y, S = (Named(letter) for letter in "ABXYS")
a, b, c, s, u, v, x, y = (Named(letter) for letter in "abcsuvxy")
U = Named("U")
G = Partial(LOSS, U)
SHAPES = {
    "A": (m, n),
    "X": (n, p),
    "B": (p, q),
    "Y": (n, p),
    "S": (n, n),
    "a": (m, ONE),
    "b": (n, ONE),
    "x": (n, ONE),
    "y": (n, ONE),
    "v": (p, ONE),
    "c": (ONE, ONE),
    "s": (ONE, ONE),
}
TWO = Fraction(2)


def f(e: Expr, order: int = 0) -> Elementwise:
    """A function of which nothing is known."""
    return Elementwise("f", e, order)


def step(e: Expr) -> Elementwise:
    return Elementwise("step", e)


@dataclass(frozen=True)
class Case:
    """`U = right`, and `∂L/∂wrt` on paper, with G = ∂L/∂U.

    Attributes:
        source: where the formula stands.
        wrong: other expressions of the same shape, none of which is the gradient.
        style: how products with diagonal matrices are written.
    """

    right: Expr
    wrt: Named
    gradient: Expr
    wrong: tuple[Expr, ...]
    source: str
    style: str = "hadamard"


GILES, MAGNUS, COOKBOOK = "Giles 2008", "Magnus and Neudecker 2019", "Petersen and Pedersen 2012"
p_ = Softmax(x)
P = Softmax(X)
R = Softmax(X, "row")

CASES: dict[str, Case] = {
    "a product, its left factor": Case(
        A @ X, A, G @ X.T, (G @ Y.T, -(G @ X.T), number(2) @ G @ X.T), f"{GILES}, 2.2.2"
    ),
    "a product, its right factor": Case(
        A @ X, X, A.T @ G, (-(A.T @ G), A.T @ G + Y, number(2) @ A.T @ G), f"{GILES}, 2.2.2"
    ),
    "a product, the factor between": Case(
        A @ X @ B, X, A.T @ G @ B.T, (-(A.T @ G @ B.T), A.T @ G @ B.T @ B @ B.T, Hadamard((A.T @ G @ B.T, X))), GILES
    ),
    "a factor that stands twice": Case(
        S @ S, S, G @ S.T + S.T @ G, (number(2) @ G @ S.T, number(2) @ S.T @ G, G @ S + S @ G), COOKBOOK
    ),
    "an inner product": Case(x.T @ y, x, y @ G, (x @ G, -(y @ G), number(2) @ y @ G), MAGNUS),
    "an outer product": Case(a @ x.T, x, G.T @ a, (-(G.T @ a), G.T @ a + x, number(2) @ G.T @ a), MAGNUS),
    "a quadratic form": Case(
        x.T @ S @ x, x, S @ x @ G + S.T @ x @ G, (number(2) @ S @ x @ G, number(2) @ S.T @ x @ G), f"{COOKBOOK}, 81"
    ),
    "a scalar multiple, the matrix": Case(c @ X, X, c @ G, (G, c @ c @ G, -(c @ G)), MAGNUS),
    "a scalar multiple, the scalar": Case(
        c @ X, c, Trace(X.T @ G), (Trace(Y.T @ G), c @ Trace(X.T @ G), -Trace(X.T @ G)), MAGNUS
    ),
    "a scalar multiple of a column, the scalar": Case(c @ x, c, x.T @ G, (y.T @ G, -(x.T @ G)), MAGNUS),
    "a sum": Case(X + Y, X, G, (-G, number(2) @ G, Hadamard((G, Y))), GILES),
    "a difference": Case(X - Y, Y, -G, (G, Hadamard((G, X)), number(2) @ G), GILES),
    "a transpose": Case(X.T, X, G.T, (-G.T, Hadamard((G.T, X)), number(2) @ G.T), GILES),
    "a Hadamard product": Case(
        Hadamard((X, Y)), X, Hadamard((Y, G)), (G, Hadamard((X, G)), Hadamard((X, Y, G))), MAGNUS
    ),
    "a Hadamard product, as a diagonal": Case(
        Hadamard((x, y)), x, Diagonal(y) @ G, (Diagonal(x) @ G, Diagonal(y) @ Diagonal(y) @ G), MAGNUS, "jacobian"
    ),
    "a square, entry by entry": Case(
        Hadamard((x, x)), x, Hadamard((x, G)) + Hadamard((x, G)), (Hadamard((x, G)), Hadamard((x, x, G))), MAGNUS
    ),
    "a function, entry by entry": Case(
        f(X), X, Hadamard((f(X, 1), G)), (Hadamard((f(X), G)), G, Hadamard((f(X, 1), f(X, 1), G))), MAGNUS
    ),
    "a function, as a diagonal": Case(
        f(x), x, Diagonal(f(x, 1)) @ G, (Diagonal(f(x)) @ G, G, Diagonal(f(y, 1)) @ G), MAGNUS, "jacobian"
    ),
    "a function of a product": Case(
        f(A @ x), x, A.T @ Hadamard((f(A @ x, 1), G)), (A.T @ Hadamard((f(A @ x), G)), A.T @ G), MAGNUS
    ),
    "a logarithm": Case(
        Elementwise("log", x),
        x,
        EntrywiseQuotient(G, x),
        (EntrywiseQuotient(x, G), Hadamard((x, G)), EntrywiseQuotient(G, Hadamard((x, x)))),
        MAGNUS,
    ),
    "an exponential": Case(
        Elementwise("exp", x), x, Hadamard((Elementwise("exp", x), G)), (G, Hadamard((x, G))), MAGNUS
    ),
    "a reciprocal": Case(
        Elementwise("reciprocal", x),
        x,
        -EntrywiseQuotient(G, Hadamard((x, x))),
        (EntrywiseQuotient(G, Hadamard((x, x))), -EntrywiseQuotient(G, x)),
        MAGNUS,
    ),
    "a root": Case(
        Elementwise("sqrt", x),
        x,
        number(Fraction(1, 2)) @ EntrywiseQuotient(G, Elementwise("sqrt", x)),
        (EntrywiseQuotient(G, Elementwise("sqrt", x)), number(Fraction(1, 2)) @ EntrywiseQuotient(G, x)),
        MAGNUS,
    ),
    "a maximum, its left side": Case(
        Pairwise("max", x, y),
        x,
        Hadamard((step(x - y), G)),
        (G, Hadamard((step(y - x), G)), Hadamard((x, G))),
        "Goodfellow, Bengio, Courville 2016, 6.3",
    ),
    "a maximum, its right side": Case(
        Pairwise("max", x, y),
        y,
        G - Hadamard((step(x - y), G)),
        (G, Hadamard((step(x - y), G)), -G),
        "Goodfellow, Bengio, Courville 2016, 6.3",
    ),
    "a minimum, its left side": Case(
        Pairwise("min", x, y),
        x,
        Hadamard((step(y - x), G)),
        (G, Hadamard((step(x - y), G)), G - Hadamard((step(y - x), G))),
        "Goodfellow, Bengio, Courville 2016, 6.3",
    ),
    "a minimum, its right side": Case(
        Pairwise("min", x, y),
        y,
        G - Hadamard((step(y - x), G)),
        (G, Hadamard((step(y - x), G)), -G),
        "Goodfellow, Bengio, Courville 2016, 6.3",
    ),
    "an absolute value": Case(
        Elementwise("abs", x), x, Hadamard((Elementwise("abs", x, 1), G)), (G, Hadamard((x, G))), MAGNUS
    ),
    "a quotient, what is divided": Case(
        Quotient(X, c), X, Quotient(G, c), (G, c @ G, Quotient(G, Power(c, TWO))), MAGNUS
    ),
    "a quotient, what divides": Case(
        Quotient(x, c),
        c,
        -Quotient(x.T @ G, Power(c, TWO)),
        (Quotient(x.T @ G, Power(c, TWO)), -Quotient(x.T @ G, c), -(x.T @ G)),
        MAGNUS,
    ),
    "a quotient entry by entry, above": Case(
        EntrywiseQuotient(x, y), x, EntrywiseQuotient(G, y), (G, Hadamard((G, y)), EntrywiseQuotient(G, x)), MAGNUS
    ),
    "a quotient entry by entry, below": Case(
        EntrywiseQuotient(x, y),
        y,
        -EntrywiseQuotient(Hadamard((x, G)), Hadamard((y, y))),
        (EntrywiseQuotient(Hadamard((x, G)), Hadamard((y, y))), -EntrywiseQuotient(Hadamard((x, G)), y)),
        MAGNUS,
    ),
    "a power": Case(
        Power(c, Fraction(3)), c, number(3) @ Power(c, TWO) @ G, (Power(c, TWO) @ G, number(3) @ c @ G), MAGNUS
    ),
    "a power entry by entry": Case(
        EntrywisePower(X, Fraction(3)),
        X,
        number(3) @ Hadamard((EntrywisePower(X, Fraction(2)), G)),
        (Hadamard((EntrywisePower(X, Fraction(2)), G)), number(3) @ Hadamard((X, G)), number(3) @ G),
        MAGNUS,
    ),
    "a root entry by entry": Case(
        EntrywisePower(x, Fraction(1, 2)),
        x,
        number(Fraction(1, 2)) @ EntrywiseQuotient(G, EntrywisePower(x, Fraction(1, 2))),
        (EntrywiseQuotient(G, EntrywisePower(x, Fraction(1, 2))), number(Fraction(1, 2)) @ EntrywiseQuotient(G, x)),
        MAGNUS,
    ),
    "a square root": Case(
        SquareRoot(c), c, Quotient(G, number(2) @ SquareRoot(c)), (Quotient(G, SquareRoot(c)), Quotient(G, c)), MAGNUS
    ),
    "a squared length": Case(
        Power(Norm(x), TWO), x, number(2) @ x @ G, (x @ G, -(number(2) @ x @ G), number(2) @ y @ G), f"{COOKBOOK}, 131"
    ),
    "a length": Case(Norm(x), x, Quotient(x, Norm(x)) @ G, (x @ G, number(2) @ x @ G), f"{COOKBOOK}, 129"),
    "a Frobenius norm": Case(
        Norm(X, "F"), X, Quotient(X, Norm(X, "F")) @ G, (X @ G, Quotient(Y, Norm(X, "F")) @ G), COOKBOOK
    ),
    "a squared Frobenius norm": Case(
        Power(Norm(X, "F"), TWO), X, number(2) @ X @ G, (X @ G, number(2) @ Y @ G), f"{COOKBOOK}, 115"
    ),
    "a sum of absolute values": Case(Norm(x, "1"), x, Elementwise("abs", x, 1) @ G, (x @ G, Ones(n) @ G), MAGNUS),
    "a trace": Case(Trace(S), S, G @ Identity(n), (G @ S, -(G @ Identity(n)), G @ S.T), f"{COOKBOOK}, 99"),
    "a trace of a product": Case(
        Trace(X.T @ S @ X), X, S @ X @ G + S.T @ X @ G, (number(2) @ S @ X @ G, S @ X @ G), f"{COOKBOOK}, 108"
    ),
    "a diagonal matrix": Case(
        Diagonal(x) @ X, x, DiagonalPart(G @ X.T), (DiagonalPart(G @ Y.T), -DiagonalPart(G @ X.T)), COOKBOOK
    ),
    "the diagonal of a matrix": Case(DiagonalPart(S), S, Diagonal(G), (S, -Diagonal(G), G @ G.T), COOKBOOK),
    "a bias on every column": Case(
        X + x @ Ones(p).T, x, G @ Ones(p), (-(G @ Ones(p)), Quotient(G @ Ones(p), c), x), GILES
    ),
    "a sum over rows": Case(Ones(n).T @ X, X, Ones(n) @ G, (x @ G, -(Ones(n) @ G), X), MAGNUS),
    "a sum over all": Case(
        Ones(n).T @ X @ Ones(p), X, Ones(n) @ Ones(p).T @ G, (x @ v.T @ G, X @ G, -(Ones(n) @ Ones(p).T @ G)), MAGNUS
    ),
    "softmax": Case(
        p_,
        x,
        Hadamard((p_, G - Ones(n) @ p_.T @ G)),
        (Hadamard((p_, G)), Hadamard((p_, G - p_)), G - p_ @ p_.T @ G, Hadamard((p_, G + Ones(n) @ p_.T @ G))),
        "Bishop 2006, 4.106",
    ),
    "softmax, as a Jacobian": Case(
        p_,
        x,
        (Diagonal(p_) - p_ @ p_.T) @ G,
        (Diagonal(p_) @ G, (Diagonal(p_) + p_ @ p_.T) @ G, (Identity(n) - p_ @ p_.T) @ G),
        "Bishop 2006, 4.106",
        "jacobian",
    ),
    "softmax of each column": Case(
        P,
        X,
        Hadamard((P, G - Ones(n) @ Ones(n).T @ Hadamard((P, G)))),
        (
            Hadamard((P, G)),
            Hadamard((P, G - Hadamard((P, G)))),
            Hadamard((R, G - Ones(n) @ Ones(n).T @ Hadamard((R, G)))),
        ),
        "Bishop 2006, 4.106, column by column",
    ),
    "softmax of each row": Case(
        R,
        X,
        Hadamard((R, G - Hadamard((R, G)) @ Ones(p) @ Ones(p).T)),
        (Hadamard((R, G)), Hadamard((P, G - Ones(n) @ Ones(n).T @ Hadamard((P, G))))),
        "Bishop 2006, 4.106, row by row",
    ),
    "log-softmax": Case(
        Elementwise("log", p_),
        x,
        G - p_ @ Ones(n).T @ G,
        (G - p_, G - p_ @ p_.T @ G, Hadamard((p_, G)), G + p_ @ Ones(n).T @ G),
        "Goodfellow, Bengio, Courville 2016, 6.30",
    ),
    "log-sum-exp": Case(
        LogSumExp(x), x, p_ @ G, (x @ G, -(p_ @ G), Elementwise("exp", x) @ G), "Boyd and Vandenberghe 2004, 3.1.5"
    ),
    "softmax cross-entropy": Case(
        -(y.T @ Elementwise("log", p_)),
        x,
        -(y @ G) + p_ @ Ones(n).T @ y @ G,
        (p_ @ G - y @ G, -(y @ G)),
        "Bishop 2006, 4.109",
    ),
    "an entry": Case(Entry(x, j), x, ColumnAt(G, j, n).T, (x @ G, -ColumnAt(G, j, n).T, Ones(n) @ G), COOKBOOK),
    "a row, as of an embedding": Case(
        Row(X, j), X, ColumnAt(G.T, j, n).T, (Ones(n) @ G, -ColumnAt(G.T, j, n).T, x @ G), COOKBOOK
    ),
    "a column": Case(Column(X, k), X, ColumnAt(G, k, p), (G @ Ones(p).T, -ColumnAt(G, k, p), G @ v.T), COOKBOOK),
    "rows one below the other, the upper ones": Case(
        Stacked((X, A.T @ A @ Y), "rows"), X, Rows(G, ONE, n), (-Rows(G, ONE, n), Rows(G, n + 1, n + n), X), "by blocks"
    ),
    "columns side by side, the right ones": Case(
        Stacked((Y, X), "columns"),
        X,
        Columns(G, p + 1, p + p),
        (-Columns(G, p + 1, p + p), Columns(G, ONE, p), X),
        "by blocks",
    ),
    "a dropout mask": Case(
        Hadamard((y, x)), x, Hadamard((y, G)), (G, Hadamard((x, G)), Hadamard((y, y, G))), "Srivastava et al. 2014, 4"
    ),
    "a residual sum": Case(
        x + f(S @ x),
        x,
        G + S.T @ Hadamard((f(S @ x, 1), G)),
        (S.T @ Hadamard((f(S @ x, 1), G)), G),
        "He et al. 2016, 5",
    ),
    "a negative": Case(Negative(X), X, Negative(G), (G, X), MAGNUS),
    "a sum of three": Case(Sum((X, Y, X)), X, G + G, (G, number(3) @ G), MAGNUS),
}
