"""Other ways to write a right answer, as changes of its tree that keep its value; none of the project's rules."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from random import Random

from benchmarks.changes import Operator, changed, shape_in
from benchmarks.exercises import Exercise
from symbackprop import expr
from symbackprop.dims import ONE, dim, index
from symbackprop.expr import Expr, Hadamard, Negative, Ones, Product, Quotient, Sum, Transpose, Variable, number
from symbackprop.groups import EntrywisePower
from symbackprop.shapes import SCALAR, Shape
from symbackprop.substitution import substitute


def _ones(extent: Shape) -> Expr:
    rows, columns = extent
    if extent == SCALAR:
        return number(1)
    if columns == ONE:
        return Ones(rows)
    return Ones(columns).T if rows == ONE else Ones(rows) @ Ones(columns).T


def _product(*parts: Expr) -> Product:
    return Product(tuple(factor for part in parts for factor in expr.factors_of(part)))


def commute_terms(e: Expr, x: Exercise, r: Random) -> Expr | None:
    return Sum(tuple(r.sample(e.terms, len(e.terms)))) if isinstance(e, Sum) else None


def commute_entries(e: Expr, x: Exercise, r: Random) -> Expr | None:
    return Hadamard(tuple(r.sample(e.factors, len(e.factors)))) if isinstance(e, Hadamard) else None


def move_scalar(e: Expr, x: Exercise, r: Random) -> Expr | None:
    """A scalar factor to another place of a product."""
    if not isinstance(e, Product):
        return None
    scalars = [i for i, factor in enumerate(e.factors) if shape_in(factor, x) == SCALAR]
    if not scalars:
        return None
    i = r.choice(scalars)
    rest = [*e.factors[:i], *e.factors[i + 1 :]]
    rest.insert(r.randint(0, len(rest)), e.factors[i])
    return Product(tuple(rest))


def group_factors(e: Expr, x: Exercise, r: Random) -> Expr | None:
    """`A B C` as `A (B C)`, which is written with brackets."""
    if not isinstance(e, Product) or len(e.factors) < 3:
        return None
    i = r.randrange(len(e.factors) - 1)
    inner = Product(e.factors[i : i + 2])
    return None if shape_in(inner, x) is None else Product((*e.factors[:i], inner, *e.factors[i + 2 :]))


def group_entries(e: Expr, x: Exercise, r: Random) -> Expr | None:
    if not isinstance(e, Hadamard) or len(e.factors) < 3:
        return None
    return Hadamard((e.factors[0], Hadamard(e.factors[1:])))


def diagonal_as_entries(e: Expr, x: Exercise, r: Random) -> Expr | None:
    """`diag(v) u` as `v ⊙ u`."""
    if not isinstance(e, Product):
        return None
    for i, factor in enumerate(e.factors[:-1]):
        if isinstance(factor, expr.Diagonal) and (shape_in(e.factors[i + 1], x) or SCALAR)[1] == ONE:
            made = Hadamard((factor.operand, e.factors[i + 1]))
            if shape_in(made, x) is not None:
                return _some((*e.factors[:i], made, *e.factors[i + 2 :]))
    return None


def _some(factors: tuple[Expr, ...]) -> Expr:
    return factors[0] if len(factors) == 1 else Product(factors)


def entries_as_diagonal(e: Expr, x: Exercise, r: Random) -> Expr | None:
    found = shape_in(e, x)
    if not isinstance(e, Hadamard) or found is None or found[1] != ONE:
        return None
    rest = e.factors[1] if len(e.factors) == 2 else Hadamard(e.factors[1:])
    return _product(expr.Diagonal(e.factors[0]), rest)


def diagonal_from_the_right(e: Expr, x: Exercise, r: Random) -> Expr | None:
    """`v ⊙ u` of rows as `v diag(uᵀ)`."""
    found = shape_in(e, x)
    if not isinstance(e, Hadamard) or found is None or found[0] != ONE or len(e.factors) != 2:
        return None
    return _product(e.factors[0], expr.Diagonal(e.factors[1].T))


def transpose_inside(e: Expr, x: Exercise, r: Random) -> Expr | None:
    """`(A B)ᵀ = Bᵀ Aᵀ`, and of sums and entrywise products."""
    match e:
        case Transpose(Product(factors)):
            return Product(tuple(factor.T for factor in factors[::-1]))
        case Transpose(Hadamard(factors)):
            return Hadamard(tuple(factor.T for factor in factors))
        case Transpose(Sum(terms)):
            return Sum(tuple(term.T for term in terms))
        case Transpose(Transpose(inner)):
            return inner
    return None


def transpose_outside(e: Expr, x: Exercise, r: Random) -> Expr | None:
    match e:
        case Product(factors):
            return Product(tuple(_turned(factor) for factor in factors[::-1])).T
        case Hadamard(factors):
            return Hadamard(tuple(_turned(factor) for factor in factors)).T
        case Sum(terms) if shape_in(e, x) != SCALAR:
            return Sum(tuple(_turned(term) for term in terms)).T
    return None


def _turned(e: Expr) -> Expr:
    if isinstance(e, Transpose):
        return e.operand
    return e if isinstance(e, expr.Number | expr.Size | expr.Diagonal) else e.T


def double_transpose(e: Expr, x: Exercise, r: Random) -> Expr | None:
    return e.T.T if shape_in(e, x) not in (None, SCALAR) else None


def distribute(e: Expr, x: Exercise, r: Random) -> Expr | None:
    """`A (B + C)` as `A B + A C`."""
    if isinstance(e, Product | Hadamard):
        for i, factor in enumerate(e.factors):
            if isinstance(factor, Sum):
                made = []
                for term in factor.terms:
                    inner = term.operand if isinstance(term, Negative) else term
                    whole = type(e)((*e.factors[:i], inner, *e.factors[i + 1 :]))
                    made.append(-whole if isinstance(term, Negative) else whole)
                return Sum(tuple(made))
    return None


def factor_out(e: Expr, x: Exercise, r: Random) -> Expr | None:
    """`A B + A C` as `A (B + C)`."""
    if not isinstance(e, Sum) or not all(isinstance(term, Product) and len(term.factors) > 1 for term in e.terms):
        return None
    products = [term for term in e.terms if isinstance(term, Product)]
    if len({term.factors[0] for term in products}) > 1:
        return None
    return Product((products[0].factors[0], Sum(tuple(_some(term.factors[1:]) for term in products))))


def number_in_front(e: Expr, x: Exercise, r: Random) -> Expr | None:
    """`2 · 1/2 · A`."""
    k = r.choice((2, 3, Fraction(1, 2)))
    return _product(number(k), number(1 / Fraction(k)), e)


def half_twice(e: Expr, x: Exercise, r: Random) -> Expr | None:
    half = _product(number(Fraction(1, 2)), e)
    return None if shape_in(e, x) is None else half + half


def minus_twice(e: Expr, x: Exercise, r: Random) -> Expr | None:
    if isinstance(e, Sum):
        return -Sum(tuple(term.operand if isinstance(term, Negative) else -term for term in e.terms))
    return None


def minus_outside(e: Expr, x: Exercise, r: Random) -> Expr | None:
    """A sign from a factor to the whole."""
    if isinstance(e, Product | Hadamard):
        for i, factor in enumerate(e.factors):
            if isinstance(factor, Negative):
                return -type(e)((*e.factors[:i], factor.operand, *e.factors[i + 1 :]))
    return None


def slope(e: Expr, x: Exercise, r: Random) -> Expr | None:
    """`σ' = σ (1 - σ)`, `tanh' = 1 - tanh²`."""
    if not isinstance(e, expr.Elementwise) or e.order != 1 or (extent := shape_in(e, x)) is None:
        return None
    value = replace(e, order=0)
    one = _ones(extent)
    times = Product if extent == SCALAR else Hadamard
    if e.function == "sigmoid":
        return times((value, one - value))
    if e.function == "tanh":
        return one - (expr.Power(value, Fraction(2)) if extent == SCALAR else times((value, value)))
    return None


def square_of_entries(e: Expr, x: Exercise, r: Random) -> Expr | None:
    if isinstance(e, Hadamard) and len(e.factors) == 2 and e.factors[0] == e.factors[1]:
        return EntrywisePower(e.factors[0], Fraction(2))
    return None


def difference_of_squares(e: Expr, x: Exercise, r: Random) -> Expr | None:
    """`1 - h ⊙ h` as `(1 - h) ⊙ (1 + h)`."""
    match e:
        case Sum((one, Negative(Hadamard((a, b))))) if a == b and one == _ones(shape_in(e, x) or SCALAR):
            return Hadamard((one - a, one + a))
        case Sum((one, Negative(expr.Power(a, exponent)))) if exponent == 2 and one == number(1):
            return Product((one - a, one + a))
    return None


def written_out(e: Expr, x: Exercise, r: Random) -> Expr | None:
    """A variable as what computes it: `g(z)` for `h`, `W h + b` for `z`."""
    if not isinstance(e, Variable):
        return None
    for equation in x.network.equations:
        left = equation.left
        if left.name != e.name or e.name == "L":
            continue
        if equation.index is None:
            return equation.right if left == e else None
        if e.index is None or left.index is None:
            return None
        value = e.index - (left.index - index(equation.index))
        if value.is_constant and equation.upper.is_constant:
            inside = equation.lower.constant <= value.constant <= equation.upper.constant
            return substitute(equation.right, {equation.index: value}) if inside else None
    return None


def by_its_name(e: Expr, x: Exercise, r: Random) -> Expr | None:
    """What a variable is computed from as the variable: `h` for `g(z)`."""
    for equation in x.network.equations:
        if equation.index is None and equation.right == e and equation.left.name != "L":
            return equation.left
    return None


def add_and_subtract(e: Expr, x: Exercise, r: Random) -> Expr | None:
    extent = shape_in(e, x)
    alike = [v for v in x.variables if extent is not None and shape_in(v, x) == extent]
    if not alike:
        return None
    other = r.choice(alike)
    return e + other - other


def over_a_number(e: Expr, x: Exercise, r: Random) -> Expr | None:
    """`1/2 A` as `A / 2`."""
    if isinstance(e, Product) and isinstance(front := e.factors[0], expr.Number) and front.value.denominator > 1:
        rest = _some(e.factors[1:])
        above = rest if front.value.numerator == 1 else _product(number(front.value.numerator), rest)
        return Quotient(above, number(front.value.denominator))
    return None


def split_fraction(e: Expr, x: Exercise, r: Random) -> Expr | None:
    """`(a + b) / c` as `a / c + b / c`, and `a / c` as `(1/c) a`."""
    match e:
        case Quotient(Sum(terms), below):
            return Sum(
                tuple(-Quotient(t.operand, below) if isinstance(t, Negative) else Quotient(t, below) for t in terms)
            )
        case Quotient(above, below) if above != number(1):
            return _product(Quotient(number(1), below), above)
    return None


def times_identity(e: Expr, x: Exercise, r: Random) -> Expr | None:
    extent = shape_in(e, x)
    if extent is None or extent[0] == ONE:
        return None
    return _product(expr.Identity(extent[0]), e)


def times_ones(e: Expr, x: Exercise, r: Random) -> Expr | None:
    extent = shape_in(e, x)
    return None if extent in (None, SCALAR) else Hadamard((_ones(extent), e))  # type: ignore[arg-type]


def rename_index(e: Expr, x: Exercise, r: Random) -> Expr | None:
    if not isinstance(e, expr.IndexedProduct | expr.IndexedSum):
        return None
    letter = next(each for each in ("i", "q", "r") if each != e.index)
    return replace(e, index=letter, body=substitute(e.body, {e.index: index(letter)}))


def shift_index(e: Expr, x: Exercise, r: Random) -> Expr | None:
    """`∏_{l=1}^{L} A_l` as `∏_{l=2}^{L+1} A_{l-1}`."""
    if not isinstance(e, expr.IndexedProduct | expr.IndexedSum):
        return None
    moved = substitute(e.body, {e.index: index(e.index) - 1})
    return replace(e, lower=e.lower + 1, upper=e.upper + 1, body=moved)


def write_product_out(e: Expr, x: Exercise, r: Random) -> Expr | None:
    """A product over layers whose ends are numbers, factor by factor."""
    if not isinstance(e, expr.IndexedProduct) or not (e.upper - e.lower).is_constant:
        return None
    count = (e.upper - e.lower).constant + 1
    if not 1 < count < 5 or e.descending:
        return None
    return _product(*(substitute(e.body, {e.index: e.lower + k}) for k in range(count)))


def sum_of_entries(e: Expr, x: Exercise, r: Random) -> Expr | None:
    """`aᵀ b` as `Σ_i a_i b_i`."""
    if not isinstance(e, Product) or len(e.factors) != 2 or shape_in(e, x) != SCALAR:
        return None
    left, right = e.factors
    if not isinstance(left, Transpose) or not isinstance(left.operand, Variable) or not isinstance(right, Variable):
        return None
    size = (shape_in(right, x) or SCALAR)[0]
    if size == ONE:
        return None
    i = index("i")
    return expr.IndexedSum("i", dim(1), size, expr.Entry(left.operand, i) @ expr.Entry(right, i))


REWRITES: dict[str, Operator] = {
    made.__name__: made
    for made in (
        commute_terms, commute_entries, move_scalar, group_factors, group_entries, diagonal_as_entries,
        entries_as_diagonal, diagonal_from_the_right, transpose_inside, transpose_outside, double_transpose,
        distribute, factor_out, number_in_front, half_twice, minus_twice, minus_outside, slope, square_of_entries,
        difference_of_squares, written_out, by_its_name, add_and_subtract, over_a_number, split_fraction,
        times_identity, times_ones, rename_index, shift_index, write_product_out, sum_of_entries,
    )
}  # fmt: skip


def rewritten(e: Expr, exercise: Exercise, random: Random) -> tuple[str, Expr] | None:
    """The formula with one of these rewritings, outside of derivatives, and its name."""
    return changed(e, REWRITES, exercise, random, in_derivatives=False)
