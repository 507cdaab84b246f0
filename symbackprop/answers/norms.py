r"""Norms that are equal or bounded: `‖u vᵀ‖_F = ‖u‖ ‖v‖`, `‖A B v‖ ≤ ‖A‖ ‖B‖ ‖v‖`, by some formula of the matrix.

What a bound is made of is a bag of sizes, as these are numbers and commute: of a product of matrices, the largest
singular value of each factor, or of a column its norm; the same of each factor in a product over an index. A matrix and
its transpose have one size, `(diag v | 0)` that of `diag v`, and `(0 … v … 0)` that of `v`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from symbackprop import expr
from symbackprop.answers.question import Question
from symbackprop.answers.references import references
from symbackprop.dims import ONE, Dim, at_most, bound_to, index
from symbackprop.expr import LARGEST, Expr, IndexedProduct, Norm, Partial, Product, SingularValue, factors_of
from symbackprop.magnitudes import Extreme
from symbackprop.shapes import SCALAR, shape
from symbackprop.substitution import free_symbols, substitute

Same = Callable[[Expr, Expr], bool]
# the name of an index in a bag, which no formula has
ANY = "·"
SPECTRAL, FROBENIUS = "2", "F"
# how often a gradient is written as what it is computed from: over two layers
MOST_PUT_IN = 4


# --- equal -----------------------------------------------------------------------------------------------------------


def is_norm_of_product(left: Expr, right: Expr, question: Question, same: Same) -> bool:
    """Whether a norm is that of one column times numbers, or of `u vᵀ`, and the other side says so.

    Args:
        same: whether two matrices of one shape are proved to be equal.
    """
    if not isinstance(left, Norm) or left.kind not in (SPECTRAL, FROBENIUS):
        return False
    size = shape(left.operand, question.network)
    return any(
        shape(each, question.network) == size and same(left.operand, each) for each in _with_that_norm(right, question)
    )


def _with_that_norm(e: Expr, question: Question) -> Iterator[Expr]:
    """Matrices of which the norm is surely this product of norms and absolute values."""
    scalars: list[Expr] = []
    columns: list[Expr] = []
    for factor in _factors(e):
        match factor:
            case expr.Number(value) if value >= 0:
                scalars.append(factor)
            case expr.Elementwise("abs", inner, 0) if shape(inner, question.network) == SCALAR:
                scalars.append(inner)
            case Norm(operand, kind) if kind in (SPECTRAL, FROBENIUS) and ONE in shape(operand, question.network):
                columns.append(operand if shape(operand, question.network)[1] == ONE else operand.T)
            case _:
                return
    match columns:
        case [u]:
            yield from (_product(*scalars, each) for each in (u, u.T))
        case [u, v]:
            yield from (_product(*scalars, *pair) for pair in ((u, v.T), (v, u.T)))


def _factors(e: Expr) -> Iterator[Expr]:
    for factor in factors_of(e):
        yield from _factors(factor) if isinstance(factor, Product) else (factor,)


def _product(*factors: Expr) -> Expr:
    return factors[0] if len(factors) == 1 else Product(factors)


# --- bounded ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Size:
    """The norm of a matrix, once or for each value of an index between bounds.

    Attributes:
        of: without transposes; its index is `ANY`.
    """

    of: Expr
    kind: str
    bounds: tuple[Dim, Dim] | None = None


@dataclass
class _Bag:
    """A nonnegative number times sizes."""

    coefficient: Fraction = Fraction(1)
    sizes: Counter[_Size] = field(default_factory=Counter)


def is_product_of_norms(left: Expr, right: Expr, question: Question) -> bool:
    """Whether `‖E‖` is at most a product of sizes, as E is a product of matrices with these or smaller ones."""
    if not isinstance(left, Norm) or left.kind not in (SPECTRAL, FROBENIUS):
        return False
    is_column = ONE in shape(left.operand, question.network)
    allowed = _of_sizes(right, question)
    if allowed is None or allowed.coefficient <= 0:
        return False
    for way in _ways(left.operand, question):
        # the Frobenius norm of a matrix is not at most a product of largest singular values
        is_outer = len(factors_of(way)) == 2 and all(ONE in shape(part, question.network) for part in factors_of(way))
        if left.kind == FROBENIUS and not is_column and not is_outer:
            continue
        needed = _of_factors(way, question)
        if needed is not None and _covers(allowed, needed):
            return True
    return False


def _ways(e: Expr, question: Question) -> Iterator[Expr]:
    """Formulas that are equal to a matrix, with those of the gradient at their end put in, a few times."""
    seen: dict[Expr, None] = {}
    ends = [e]
    for _ in range(MOST_PUT_IN):
        ends = [way for end in ends for way in _put_in(end, question) if way not in seen]
        yield from ends
        seen |= dict.fromkeys(ends)


def _put_in(e: Expr, question: Question) -> Iterator[Expr]:
    *before, last = _factors(e)
    if isinstance(last, Partial):
        yield from (_product(*before, *_factors(way)) for way in references(last, question))
    else:
        yield e


def _of_sizes(e: Expr, question: Question) -> _Bag | None:
    """What a product of norms is made of; None for anything else."""
    made = _Bag()
    for factor in _factors(e):
        match factor:
            case expr.Number(value) if value >= 0:
                made.coefficient *= value
            case SingularValue(operand, which) if which == LARGEST:
                made.sizes[_size(operand, SPECTRAL, question)] += 1
            case Norm(operand, kind) if kind in (SPECTRAL, FROBENIUS):
                made.sizes[_size(operand, kind, question)] += 1
            case expr.Elementwise("abs", inner, 0) if shape(inner, question.network) == SCALAR:
                made.sizes[_size(inner, SPECTRAL, question)] += 1
            case Extreme("max", name, low, high, expr.Elementwise("abs", expr.Elementwise(function, entry, 1), 0)):
                # the largest slope
                match entry:
                    case expr.Entry(z, row, None) if (low, row) == (ONE, index(name)) and name not in free_symbols(z):
                        if high != shape(z, question.network)[0]:
                            return None
                        made.sizes[_Size(expr.Diagonal(expr.Elementwise(function, z, 1)), SPECTRAL)] += 1
                    case _:
                        return None
            case IndexedProduct(body=body):
                each = _for_each(_of_sizes(body, _where(factor, question)), factor, question)
                if each is None:
                    return None
                made.sizes += each
            case _:
                return None
    return _gathered(made)


def _of_factors(e: Expr, question: Question) -> _Bag | None:
    """The sizes of the factors of a matrix; None for a sum."""
    made = _Bag()
    for factor in _factors(e):
        match factor:
            case expr.Number(value):
                made.coefficient *= abs(value)
            case expr.Negative(operand):
                inside = _of_factors(operand, question)
                if inside is None:
                    return None
                made.coefficient *= inside.coefficient
                made.sizes += inside.sizes
            case IndexedProduct(body=body):
                each = _for_each(_of_factors(body, _where(factor, question)), factor, question)
                if each is None:
                    return None
                made.sizes += each
            case _:
                made.sizes[_size(factor, SPECTRAL, question)] += 1
    return _gathered(made)


def _where(e: IndexedProduct, question: Question) -> Question:
    """The question where the index of a product is within its bounds."""
    return question.knowing(bound_to(question.known, e.index, (e.lower, e.upper)))


def _for_each(inside: _Bag | None, e: IndexedProduct, question: Question) -> Counter[_Size] | None:
    """The sizes of a body for each value of its index; None where it is no product of sizes, or not at every depth."""
    if inside is None or inside.coefficient != 1 or any(size.bounds is not None for size in inside.sizes):
        return None
    if not at_most(e.lower, e.upper + 1, question.known):
        return None
    any_value = {e.index: index(ANY)}
    return Counter(
        {_Size(substitute(size.of, any_value), size.kind, (e.lower, e.upper)): n for size, n in inside.sizes.items()}
    )


def _size(e: Expr, kind: str, question: Question) -> _Size:
    while True:
        match e:
            case expr.Transpose(operand):
                e = operand
            case expr.ColumnAt(v):
                e = v
            case expr.ActivationJacobian(function, z):
                e = expr.Diagonal(expr.Elementwise(function, z, 1))
            case Partial(expr.Variable() as h, expr.Variable() as z) if made := _activation(h, z, question):
                e = expr.ActivationJacobian(made, z)
            case _:
                break
    # of a column they are the same
    return _Size(e, SPECTRAL if ONE in shape(e, question.network) else kind)


def _activation(h: expr.Variable, z: expr.Variable, question: Question) -> str | None:
    """The function of which `h = g(z)` has the Jacobian `∂h/∂z`."""
    try:
        made = question.network.definition(h, question.known)
    except LookupError:
        return None
    match made and made.right:
        case expr.LayerMap(name, inner) | expr.Elementwise(name, inner, 0) if inner == z:
            return name
    return None


def _gathered(bag: _Bag) -> _Bag:
    """With each product over an index as long as it gets."""
    sizes = Counter(bag.sizes)
    while True:
        grown = next(_longer(sizes), None)
        if grown is None:
            return _Bag(bag.coefficient, sizes)
        old, end, new = grown
        sizes -= Counter([old, end])
        sizes[new] += 1


def _longer(sizes: Counter[_Size]) -> Iterator[tuple[_Size, _Size, _Size]]:
    for each in sizes:
        if each.bounds is None:
            continue
        low, high = each.bounds
        for at, bounds in ((high + 1, (low, high + 1)), (low - 1, (low - 1, high))):
            end = _Size(substitute(each.of, {ANY: at}), each.kind)
            if sizes[end]:
                yield each, end, _Size(each.of, each.kind, bounds)


def _covers(allowed: _Bag, needed: _Bag) -> bool:
    """Whether one bag is at least another, size by size."""
    if allowed.coefficient < needed.coefficient:
        return False
    left = Counter(allowed.sizes)
    for size in needed.sizes.elements():
        found = next((each for each in _at_least(size) if left[each]), None)
        if found is None:
            return False
        left[found] -= 1
    return not any(left.values())


def _at_least(size: _Size) -> Iterator[_Size]:
    """Sizes that are surely not smaller: `‖A‖_2 ≤ ‖A‖_F`, `max_i |v_i| ≤ ‖v‖`; a part of a matrix is no larger."""
    yield size
    yield _Size(size.of, FROBENIUS, size.bounds)
    if isinstance(size.of, expr.Diagonal):
        yield _Size(size.of.operand, SPECTRAL, size.bounds)
    if isinstance(size.of, expr.WithoutBias):
        yield from _at_least(_Size(size.of.operand, size.kind, size.bounds))
