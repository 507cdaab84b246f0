"""Wrong answers that look right where somebody looks: modulo the prime that everybody knows, at small sizes, nearly."""

from __future__ import annotations

from fractions import Fraction
from random import Random

from benchmarks.changes import shape_in
from benchmarks.exercises import Exercise
from symbackprop import expr
from symbackprop.dims import dim, index
from symbackprop.expr import Expr, Number, Product, number
from symbackprop.shapes import SCALAR

# the prime that the exact judge's field is known to have: numbers that are 1 or 0 in it are neither here
PUBLIC = 2**61 - 1


def right_in_a_field(e: Expr, x: Exercise, r: Random) -> Expr | None:
    """A number that is 1, or 0, modulo the prime that everybody knows."""
    k = r.randint(1, 5)
    ones: tuple[Expr, ...] = (
        number(PUBLIC + 1),
        number(k * PUBLIC + 1),
        number(Fraction(k * PUBLIC + 3, 3)),
        number(Fraction(PUBLIC + 2, 2)),
        expr.Power(number(2), Fraction(61)),
        number(2**31) * number(2**30),
        number(-1) * number(PUBLIC - 1),
        expr.Power(number(r.choice((3, 5, Fraction(2, 3)))), Fraction(PUBLIC - 1)),
    )
    if r.random() < 0.3:
        return e + Product((number(PUBLIC), *expr.factors_of(e)))
    return Product((r.choice(ones), *expr.factors_of(e)))


def right_by_counting(e: Expr, x: Exercise, r: Random) -> Expr | None:
    """`2^61`, which is 1 modulo that prime, in parts that only counting shows: bounds, slopes, exponents."""
    scalars = [expr.Entry(v, dim(1)) for v in x.variables if (shape_in(v, x) or SCALAR)[1] == dim(1)]
    scalars = [v for v in scalars if shape_in(v, x) == SCALAR]
    large, k = dim(2**31), r.choice((10, 20, 30))
    parts: list[tuple[Expr, ...]] = [
        (number(2**30), expr.IndexedProduct("k", large, large, expr.Size(index("k")))),
        (number(2**30), expr.IndexedSum("k", large, large, expr.Size(index("k")))),
        (number(2 ** (61 - k)), expr.Elementwise("log", number(Fraction(1, 2**k)), 1)),
    ]
    if scalars and isinstance((v := r.choice(scalars)).operand, expr.Variable):
        slope = expr.Quotient(expr.Partial(expr.Power(v, Fraction(32)), v), expr.Power(v, Fraction(31)))
        parts.append((number(2), expr.Power(slope, Fraction(12))))
    return Product((*r.choice(parts), *expr.factors_of(e)))


def right_by_fermat(e: Expr, x: Exercise, r: Random) -> Expr | None:
    """A scalar to a power that is 1 at all points of the field."""
    column = next(
        (v for v in x.variables if (shape_in(v, x) or SCALAR)[1] == dim(1) != (shape_in(v, x) or SCALAR)[0]), None
    )
    if column is None:
        return None
    power = expr.Power(r.choice((expr.Entry(column, dim(1)), column.T @ column)), Fraction(PUBLIC - 1))
    return Product((power, *expr.factors_of(e)))


def right_at_small_sizes(e: Expr, x: Exercise, r: Random) -> Expr | None:
    """A factor that is 1 at the sizes, or depths, that somebody is likely to try."""
    sizes = [d for v in x.variables for d in (shape_in(v, x) or ()) if not d.is_constant]
    if not x.network.depth.is_constant:
        sizes.append(x.network.depth)
    if not sizes:
        return None
    size, last = r.choice(sizes), r.choice((9, 12, 20))
    terms: list[Expr] = [expr.Size(size) + number(-k) for k in range(r.choice((0, 2)), last)]
    return e + Product((*terms, *expr.factors_of(e)))


def nearly(e: Expr, x: Exercise, r: Random) -> Expr | None:
    """A factor so close to 1 that floats of single precision do not show it."""
    return Product((number(1 + Fraction(r.choice((1, -1)), 100_000)), *expr.factors_of(e)))


def sign_of(e: Expr, x: Exercise, r: Random) -> Expr | None:
    """`|v|` for `v`, by a root or a norm."""
    found = shape_in(e, x)
    if found is None or isinstance(e, Number):
        return None
    if found == SCALAR:
        return expr.SquareRoot(expr.Power(e, Fraction(2)))
    return expr.Elementwise("abs", e)


def sign_as_a_factor(e: Expr, x: Exercise, r: Random) -> Expr | None:
    """`√(v²) / v` of a scalar, which is 1 or -1."""
    scalars: list[Expr] = [v for v in x.variables if shape_in(v, x) == SCALAR]
    scalars += [expr.Entry(v, dim(1)) for v in x.variables if (shape_in(v, x) or SCALAR)[1] == dim(1)]
    scalars = [v for v in scalars if shape_in(v, x) == SCALAR]
    if not scalars or shape_in(e, x) is None:
        return None
    v = r.choice(scalars)
    root = expr.SquareRoot(expr.Power(v, Fraction(2))) if r.random() < 0.7 else expr.Norm(v)
    return Product((expr.Quotient(root, v), *expr.factors_of(e)))


def root_of_a_number(e: Expr, x: Exercise, r: Random) -> Expr | None:
    """`√9 / (-3)`: which of two roots it is, a field does not know."""
    if shape_in(e, x) is None:
        return None
    k = r.choice((2, 3, 5, 6, 7, 10, 11, 13, 17, 19))
    return Product((expr.Quotient(expr.SquareRoot(number(k * k)), number(-k)), *expr.factors_of(e)))


TRAPS = (
    right_in_a_field,
    right_by_counting,
    right_by_fermat,
    right_at_small_sizes,
    nearly,
    sign_of,
    sign_as_a_factor,
    root_of_a_number,
)
