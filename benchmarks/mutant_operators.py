"""What goes wrong in an answer, as changes of its tree: own code, none of it that of the mistakes that are named.

An operator takes a node of a right formula and makes another one of it, or None where it has nothing to change. Whether
the formula is wrong then is not for it to say.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from random import Random

from benchmarks.changes import Operator, changed, shape_in
from benchmarks.exercises import Exercise
from benchmarks.mutant_traps import TRAPS
from symbackprop import expr, primitives
from symbackprop.dims import Dim, dim
from symbackprop.expr import LOSS, Expr, Hadamard, Negative, Number, Partial, Product, Sum, Transpose, Variable, number
from symbackprop.groups import EntrywisePower
from symbackprop.shapes import SCALAR
from symbackprop.substitution import replace_at, substitute
from symbackprop.tree import Path, children, rebuild, subterms

OTHERS = {
    "sigmoid": ("tanh", "relu", "softplus"),
    "tanh": ("sigmoid", "sin"),
    "relu": ("step", "leaky_relu", "softplus"),
    "step": ("relu", "sign"),
    "log": ("exp",),
    "exp": ("log",),
}


def _other(e: Expr, exercise: Exercise, random: Random, alike: bool = True) -> Expr | None:
    """A variable that stands in the exercise, of the same shape if it is to be alike."""
    found = [v for v in exercise.variables if v != e]
    wanted = shape_in(e, exercise)
    if alike:
        found = [v for v in found if shape_in(v, exercise) == wanted]
    return random.choice(found) if found else None


def _at(parts: tuple[Expr, ...], place: int, *new: Expr) -> tuple[Expr, ...]:
    return (*parts[:place], *new, *parts[place + 1 :])


def _some(kind: type, parts: tuple[Expr, ...]) -> Expr:
    return parts[0] if len(parts) == 1 else kind(parts)  # type: ignore[no-any-return]


# --- transposes and order ---------------------------------------------------------------------------------------------


def drop_transpose(e: Expr, x: Exercise, r: Random) -> Expr | None:
    return e.operand if isinstance(e, Transpose) else None


def add_transpose(e: Expr, x: Exercise, r: Random) -> Expr | None:
    return None if shape_in(e, x) in (SCALAR, None) else e.T


def swap_neighbours(e: Expr, x: Exercise, r: Random) -> Expr | None:
    if not isinstance(e, Product):
        return None
    i = r.randrange(len(e.factors) - 1)
    a, b = e.factors[i : i + 2]
    return Product((*e.factors[:i], b, a, *e.factors[i + 2 :]))


def reverse_product(e: Expr, x: Exercise, r: Random) -> Expr | None:
    return Product(e.factors[::-1]) if isinstance(e, Product) else None


def reverse_and_transpose(e: Expr, x: Exercise, r: Random) -> Expr | None:
    return Product(tuple(factor.T for factor in e.factors[::-1])) if isinstance(e, Product) else None


def move_transpose(e: Expr, x: Exercise, r: Random) -> Expr | None:
    """`A Bᵀ` as `Aᵀ B`."""
    if not isinstance(e, Product):
        return None
    turned = [i for i, factor in enumerate(e.factors) if isinstance(factor, Transpose)]
    straight = [i for i, factor in enumerate(e.factors) if not isinstance(factor, Transpose)]
    if not turned or not straight:
        return None
    i, k = r.choice(turned), r.choice(straight)
    made = list(e.factors)
    made[i], made[k] = e.factors[i].operand, e.factors[k].T  # type: ignore[attr-defined]
    return Product(tuple(made))


def swap_places(e: Expr, x: Exercise, r: Random) -> Expr | None:
    """Two parts of one shape change places."""
    found = [(path, part) for path, part in subterms(e) if path and isinstance(part, Expr)]
    r.shuffle(found)
    for path, part in found[:6]:
        for other, two in found:
            apart = path[: len(other)] != other and other[: len(path)] != path
            if apart and part != two and shape_in(part, x) == shape_in(two, x) is not None:
                return _with_both(e, (path, two), (other, part))
    return None


def _with_both(e: Expr, one: tuple[Path, Expr], two: tuple[Path, Expr]) -> Expr:
    """The formula with two parts replaced at once, of which neither stands in the other: each may move the other."""
    (path, new), (other, old) = one, two
    if path[0] == other[0]:
        inside = _with_both(children(e)[path[0]], (path[1:], new), (other[1:], old))
        return replace_at(e, path[:1], inside)
    operands = list(children(e))
    for (i, *rest), part in (one, two):
        operands[i] = replace_at(operands[i], tuple(rest), part)
    return rebuild(e, tuple(operands))


# --- factors and terms ------------------------------------------------------------------------------------------------


def drop_factor(e: Expr, x: Exercise, r: Random) -> Expr | None:
    if not isinstance(e, Product | Hadamard):
        return None
    i = r.randrange(len(e.factors))
    return _some(type(e), _at(e.factors, i))


def double_factor(e: Expr, x: Exercise, r: Random) -> Expr | None:
    if not isinstance(e, Product | Hadamard):
        return None
    i = r.randrange(len(e.factors))
    return type(e)(_at(e.factors, i, e.factors[i], e.factors[i]))


def drop_term(e: Expr, x: Exercise, r: Random) -> Expr | None:
    return _some(Sum, _at(e.terms, r.randrange(len(e.terms)))) if isinstance(e, Sum) else None


def double_term(e: Expr, x: Exercise, r: Random) -> Expr | None:
    return e + r.choice(e.terms) if isinstance(e, Sum) else None


def flip_sign(e: Expr, x: Exercise, r: Random) -> Expr | None:
    return e.operand if isinstance(e, Negative) else -e


def flip_term(e: Expr, x: Exercise, r: Random) -> Expr | None:
    if not isinstance(e, Sum):
        return None
    i = r.randrange(len(e.terms))
    term = e.terms[i]
    return Sum(_at(e.terms, i, term.operand if isinstance(term, Negative) else -term))


def scale(e: Expr, x: Exercise, r: Random) -> Expr | None:
    front = number(r.choice((2, 3, -1, Fraction(1, 2), Fraction(1, 3), Fraction(1, 4), 0, Fraction(99, 100))))
    return Product((front, *expr.factors_of(e)))


def scale_by_size(e: Expr, x: Exercise, r: Random) -> Expr | None:
    """A sum for a mean, or a mean for a sum."""
    sizes = [d for d in (shape_in(x.question.asked, x) or ()) if d != dim(1)]
    sizes += [d for v in x.variables for d in (shape_in(v, x) or ()) if d != dim(1)]
    if not sizes:
        return None
    size = expr.Size(r.choice(sizes))
    return Product((size, *expr.factors_of(e))) if r.random() < 0.5 else expr.Quotient(e, size)


def add_quantity(e: Expr, x: Exercise, r: Random) -> Expr | None:
    other = _other(e, x, r)
    return None if other is None else e + other if r.random() < 0.6 else e - other


def add_itself(e: Expr, x: Exercise, r: Random) -> Expr | None:
    """The square of a quantity is added: it vanishes to first order only."""
    return None if shape_in(e, x) is None else e + (e if shape_in(e, x) == SCALAR else Hadamard((e, e)))


def split_product(e: Expr, x: Exercise, r: Random) -> Expr | None:
    """`(A + B) C` as `A + B C`."""
    if not isinstance(e, Product):
        return None
    for i, factor in enumerate(e.factors):
        if isinstance(factor, Sum):
            rest = e.factors[i + 1 :] if i == 0 else e.factors[:i]
            if rest:
                last = Product((factor.terms[-1], *rest)) if i == 0 else Product((*rest, factor.terms[-1]))
                return Sum((*factor.terms[:-1], last))
    return None


# --- functions --------------------------------------------------------------------------------------------------------


def differentiate(e: Expr, x: Exercise, r: Random) -> Expr | None:
    return replace(e, order=1) if isinstance(e, expr.Elementwise) and e.order == 0 else None


def integrate(e: Expr, x: Exercise, r: Random) -> Expr | None:
    return replace(e, order=0) if isinstance(e, expr.Elementwise) and e.order == 1 else None


def other_function(e: Expr, x: Exercise, r: Random) -> Expr | None:
    if not isinstance(e, expr.Elementwise) or e.function not in OTHERS:
        return None
    return replace(e, function=r.choice(OTHERS[e.function]))


def other_argument(e: Expr, x: Exercise, r: Random) -> Expr | None:
    """`g'(h)` for `g'(z)`, or `g'(2 z)`."""
    if not isinstance(e, expr.Elementwise | expr.ActivationJacobian | expr.LayerMap | expr.Softmax):
        return None
    other = _other(e.operand, x, r)
    if other is None or r.random() < 0.3:
        return replace(e, operand=number(r.choice((2, -1))) * e.operand)
    return replace(e, operand=other)


def drop_function(e: Expr, x: Exercise, r: Random) -> Expr | None:
    return e.operand if isinstance(e, expr.Elementwise | expr.Softmax) else None


def along_the_other(e: Expr, x: Exercise, r: Random) -> Expr | None:
    if not isinstance(e, expr.Softmax | expr.LogSumExp):
        return None
    return replace(e, along="row" if e.along == "column" else "column")


def other_kind(e: Expr, x: Exercise, r: Random) -> Expr | None:
    """A maximum for a minimum, another norm."""
    match e:
        case primitives.Pairwise(kind=kind):
            return replace(e, kind="min" if kind == "max" else "max")
        case expr.Norm(kind=kind):
            return replace(e, kind=r.choice([each for each in ("1", "2", "F") if each != kind]))
        case expr.SquareRoot(operand):
            return operand
        case primitives.EntrywiseQuotient(above, below):
            return primitives.EntrywiseQuotient(below, above)
        case expr.Quotient(above, below):
            return Product((above, below)) if r.random() < 0.5 else above
    return None


def other_exponent(e: Expr, x: Exercise, r: Random) -> Expr | None:
    if not isinstance(e, expr.Power | EntrywisePower):
        return None
    return replace(e, exponent=e.exponent + r.choice((1, -1, 2)))


def other_number(e: Expr, x: Exercise, r: Random) -> Expr | None:
    return number(e.value + r.choice((1, -1, Fraction(1, 2)))) if isinstance(e, Number) else None


# --- other quantities -------------------------------------------------------------------------------------------------


def other_quantity(e: Expr, x: Exercise, r: Random) -> Expr | None:
    """Another quantity of the same shape: `h` for `z`."""
    return _other(e, x, r) if isinstance(e, Variable) else None


def any_quantity(e: Expr, x: Exercise, r: Random) -> Expr | None:
    return _other(e, x, r, alike=False) if isinstance(e, Variable) else None


def other_layer(e: Expr, x: Exercise, r: Random) -> Expr | None:
    if not isinstance(e, Variable) or e.index is None:
        return None
    step = r.choice((1, -1, 2))
    moved = e.index + step
    return expr.Named(e.name, moved) if isinstance(e, expr.Named) else type(e)(moved)  # type: ignore[call-arg]


def other_gradient(e: Expr, x: Exercise, r: Random) -> Expr | None:
    """The gradient by another quantity of the same shape."""
    if not isinstance(e, Partial) or e.of != LOSS:
        return None
    other = _other(e.wrt, x, r)
    return None if other is None else Partial(LOSS, other)


def gradient_for_quantity(e: Expr, x: Exercise, r: Random) -> Expr | None:
    if isinstance(e, Partial):
        return e.wrt
    return Partial(LOSS, e) if isinstance(e, Variable) and e.name not in ("y", "Y", "m", "p") else None


def all_layers(e: Expr, x: Exercise, r: Random) -> Expr | None:
    """Everything one layer too far."""
    letters = [letter for letter in ("l", "t", "k", "p") if letter in x.question.indices]
    if not letters:
        return None
    made: Expr = substitute(e, {letters[0]: Dim.__add__(_letter(letters[0]), r.choice((1, -1)))})
    return None if made == e else made


def _letter(name: str) -> Dim:
    from symbackprop.dims import index

    return index(name)


# --- products, sums and matrices --------------------------------------------------------------------------------------


def other_bounds(e: Expr, x: Exercise, r: Random) -> Expr | None:
    if not isinstance(e, expr.IndexedProduct | expr.IndexedSum):
        return None
    step = r.choice((1, -1))
    return replace(e, lower=e.lower + step) if r.random() < 0.5 else replace(e, upper=e.upper + step)


def other_direction(e: Expr, x: Exercise, r: Random) -> Expr | None:
    return replace(e, descending=not e.descending) if isinstance(e, expr.IndexedProduct) else None


def constant_body(e: Expr, x: Exercise, r: Random) -> Expr | None:
    """The factor of one layer in place of that of each: right where there is one layer only."""
    if not isinstance(e, expr.IndexedProduct | expr.IndexedSum):
        return None
    return replace(e, body=substitute(e.body, {e.index: r.choice((e.lower, e.upper))}))


def one_factor(e: Expr, x: Exercise, r: Random) -> Expr | None:
    if not isinstance(e, expr.IndexedProduct | expr.IndexedSum):
        return None
    return substitute(e.body, {e.index: r.choice((e.lower, e.upper))})


def hadamard_for_product(e: Expr, x: Exercise, r: Random) -> Expr | None:
    return Hadamard(e.factors) if isinstance(e, Product) else None


def product_for_hadamard(e: Expr, x: Exercise, r: Random) -> Expr | None:
    return Product(e.factors) if isinstance(e, Hadamard) else None


def drop_diagonal(e: Expr, x: Exercise, r: Random) -> Expr | None:
    return e.operand if isinstance(e, expr.Diagonal) else None


def with_or_without_bias(e: Expr, x: Exercise, r: Random) -> Expr | None:
    if isinstance(e, expr.WithoutBias | primitives.Rows | expr.Columns):
        return e.operand
    return expr.WithoutBias(e) if isinstance(e, Variable) and e.name == "W" else None


def other_part(e: Expr, x: Exercise, r: Random) -> Expr | None:
    match e:
        case expr.Entry(operand, row, None):
            return expr.Entry(operand, row + r.choice((1, -1)))
        case expr.Entry(operand, row, column) if column is not None:
            return expr.Entry(operand, column, row)
        case expr.Row(operand, row):
            return expr.Row(operand, row + 1)
        case expr.ColumnAt(vector, column, width):
            return expr.ColumnAt(vector, column + 1, width)
        case expr.Identity(size):
            return expr.Ones(size) @ expr.Ones(size).T
        case expr.Ones(size):
            return expr.Zeros(size)
    return None


OPERATORS: dict[str, Operator] = {
    made.__name__: made
    for made in (
        drop_transpose, add_transpose, swap_neighbours, reverse_product, reverse_and_transpose, move_transpose,
        swap_places, drop_factor, double_factor, drop_term, double_term, flip_sign, flip_term, scale, scale_by_size,
        add_quantity, add_itself, split_product, differentiate, integrate, other_function, other_argument,
        drop_function, along_the_other, other_kind, other_exponent, other_number, other_quantity, any_quantity,
        other_layer, other_gradient, gradient_for_quantity, all_layers, other_bounds, other_direction, constant_body,
        one_factor, hadamard_for_product, product_for_hadamard, drop_diagonal, with_or_without_bias, other_part,
        *TRAPS,
    )
}  # fmt: skip


def mutant(e: Expr, exercise: Exercise, random: Random) -> tuple[str, Expr] | None:
    """A formula with one of these changes, and the name of the operator."""
    return changed(e, OPERATORS, exercise, random)
