"""Theorems about norms and singular values that the kernel rests on, each with its conditions and its source.

A theorem says whether `left relation right` is an instance of it. It sees the two expressions only, never the rule
that made one of the other, and checks every condition: shapes for all widths, signs, the equations assumed. An
inequality inside an expression is one of the whole where the place is monotone (`rises`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

from symbackprop import expr
from symbackprop.dims import ONE, Dim, at_most, index
from symbackprop.expr import LARGEST, SMALLEST, Expr, IndexedProduct, Norm, Product, SingularValue, factors_of
from symbackprop.judges.added import is_near_identity, is_triangle
from symbackprop.judges.differentiation import is_chain_to, is_one_term, is_sum_rule
from symbackprop.judges.monomials import is_at_most_one, same_monomial
from symbackprop.judges.signs import Setting, inside_of, is_nonnegative, spelled
from symbackprop.magnitudes import Extreme, OverUnit, SingularValueAt, SpectralSum
from symbackprop.shapes import SCALAR, shape
from symbackprop.statements import Chain
from symbackprop.substitution import free_symbols, substitute
from symbackprop.tree import Node, children, subterms


@dataclass(frozen=True)
class Theorem:
    """A statement with a check of whether `left relation right` is an instance of it."""

    name: str
    relation: str
    source: str
    holds: Callable[[Expr, Expr, Setting], bool]


def cited(left: Expr, relation: str, right: Expr, setting: Setting) -> Theorem | None:
    """The theorem of which this is an instance; an equality may be read from either side."""
    for theorem in THEOREMS:
        if theorem.relation != relation:
            continue
        if theorem.holds(left, right, setting) or (relation == "=" and theorem.holds(right, left, setting)):
            return theorem
    return None


def _is_column(e: Expr, setting: Setting) -> bool:
    return shape(e, setting.network)[1] == ONE


# --- products --------------------------------------------------------------------------------------------------------


def _sizes(e: Expr, which: str, setting: Setting) -> tuple[Expr, ...] | None:
    """The factors of the matrices whose sizes are multiplied: `σ(A) σ(B) ‖v‖` gives `A, B, v`.

    Only the last may be the norm of a column; the others are singular values of the kind asked for. A scalar `c` is a
    matrix too, of one row and one column: `σ(c) = |c|`, wherever in the product it stands.
    """
    found: list[Expr] = []
    parts = factors_of(e)
    for i, part in enumerate(parts):
        match part:
            case SingularValue(operand, kind) if kind == which:
                found += factors_of(operand)
            case Norm(operand, "2") if i == len(parts) - 1 and _is_column(operand, setting):
                found += factors_of(operand)
            case _:
                return None
    return tuple(found)


def _ends_in_norm(e: Expr) -> bool:
    return isinstance(factors_of(e)[-1], Norm)


def _of_product(which: str) -> Callable[[Expr, Expr, Setting], bool]:
    """`‖A B v‖ ≤ σ(A) σ(B) ‖v‖` and `σ(A B) ≤ σ(A) σ(B)`, or with ≥ and the smallest."""

    def holds(left: Expr, right: Expr, setting: Setting) -> bool:
        if isinstance(left, Product) or _ends_in_norm(left) != _ends_in_norm(right):
            return False
        whole, parts = _sizes(left, which, setting), _sizes(right, which, setting)
        return whole is not None and whole == parts

    return holds


def _of_indexed_product(which: str) -> Callable[[Expr, Expr, Setting], bool]:
    """`σ(∏ A_l B_l) ≤ ∏ [σ(A_l) σ(B_l)]`, or with ≥ and the smallest; both are 1 where there is no factor."""

    def holds(left: Expr, right: Expr, setting: Setting) -> bool:
        match left, right:
            case SingularValue(IndexedProduct(i, a, b, body, False), kind), IndexedProduct(k, c, d, sizes, False):
                if (i, a, b, kind) != (k, c, d, which) or _ends_in_norm(sizes):
                    return False
                inside = inside_of(setting, i, a, b)
                return _sizes(sizes, which, inside) == factors_of(body)
        return False

    return holds


# --- what singular values are ----------------------------------------------------------------------------------------


def _is_definition(left: Expr, right: Expr, setting: Setting) -> bool:
    """`σ_{1,1}(A) = ‖A‖_2 = sup ‖A x‖`, `σ_{n,n}(A) = inf ‖A x‖` over unit `x`."""
    one, two = _extent(left, setting), _extent(right, setting)
    return one is not None and one == two and left != right


def _extent(e: Expr, setting: Setting) -> tuple[str, tuple[Expr, ...]] | None:
    """Which end of the singular values of which matrix something is."""
    match e:
        case SingularValue(operand, which) if which in (LARGEST, SMALLEST):
            return which, factors_of(operand)
        case Norm(operand, "2"):
            return LARGEST, factors_of(operand)
        case OverUnit("sup" | "inf" as kind, x, Norm(Product(parts), "2")) if parts[-1] == x:
            matrix = parts[0] if len(parts) == 2 else Product(parts[:-1])
            # not a scalar times a matrix, which is a matrix and no column
            fits = shape(matrix, setting.network)[1] == shape(x, setting.network)[0]
            if fits and not _has(matrix, x):
                return (LARGEST if kind == "sup" else SMALLEST), parts[:-1]
    return None


def _has(e: Node, part: Expr) -> bool:
    return any(inner == part for _, inner in subterms(e))


def _is_at_unit_vector(left: Expr, right: Expr, setting: Setting) -> bool:
    """`‖A u‖ ≤ sup ‖A x‖`, where `‖u‖ = 1`."""
    found = _extent(right, setting)
    match left:
        case Norm(Product(parts), "2") if found is not None and found[0] == LARGEST and parts[:-1] == found[1]:
            unit = parts[-1]
            # where what is divided by is 0, so is the unit vector: then the norm is 0
            return _is_column(unit, setting) and is_at_most_one(Norm(unit), setting)
    return False


def _is_norm_on_sphere(left: Expr, right: Expr, setting: Setting) -> bool:
    """`sup ‖x‖ = inf ‖x‖ = 1` over unit `x`."""
    match left:
        case OverUnit(_, x, Norm(y, "2")):
            return x == y and right == expr.number(1)
    return False


def _same_on_sphere(left: Expr, right: Expr, setting: Setting) -> bool:
    """`sup f(x) = sup g(x)`, where `f(x) = g(x)` for all `x`: what is assumed of one `x` says nothing of the others."""
    match left, right:
        case OverUnit(kind, x, f), OverUnit(other, y, g) if kind == other and x == y:
            given = tuple(chain for chain in setting.given if not _has(chain, x))
            return cited(f, "=", g, replace(setting, given=given)) is not None
    return False


def _is_extreme_slope(left: Expr, right: Expr, setting: Setting) -> bool:
    """`σ_{1,1}(diag v) = max_i |v_i|` and `σ_{n,n}(diag v) = min_i |v_i|`; the largest also of `(diag v | 0)`."""
    match left, right:
        case SingularValue(expr.Diagonal(v), which), Extreme(kind, i, low, high, body):
            wanted = {LARGEST: "max", SMALLEST: "min"}.get(which)
            entry: Expr = expr.Entry(v, index(i))
        case SingularValue(expr.ActivationJacobian(function, z), which), Extreme(kind, i, low, high, body):
            wanted = {LARGEST: "max"}.get(which)
            v, entry = z, expr.Elementwise(function, expr.Entry(z, index(i)), 1)
        case _:
            return False
    if kind != wanted or i in free_symbols(v) or (low, high) != (ONE, shape(v, setting.network)[0]):
        return False
    match body:
        case expr.Elementwise("abs", inner, 0):
            return inner == entry or inside_of(setting, i, low, high).equal(inner, entry)
    return False


def _is_single_column(left: Expr, right: Expr, setting: Setting) -> bool:
    """`σ_{1,1}(0 … v … 0) = ‖v‖`, and `‖u vᵀ‖_F = ‖u‖ ‖v‖`."""
    match left, right:
        case SingularValue(expr.ColumnAt(v), which), Norm(w, "2"):
            return which == LARGEST and v == w
        case Norm(Product((first, second)), "F"), Product((Norm(one, "2"), Norm(two, "2"))):
            match first, second:
                case _, expr.Transpose(v):
                    u = first
                case expr.Transpose(v), u if shape(u, setting.network) == SCALAR:
                    pass
                case _:
                    return False
            return {u, v} == {one, two} and _is_column(u, setting) and _is_column(v, setting)
    return False


def _is_zero(left: Expr, right: Expr, setting: Setting) -> bool:
    """`left = 0`, as one of its factors is 0: `σ_{n,n}` of a matrix that is wide or has a zero column."""
    return right == expr.number(0) and _vanishes(left, setting)


def _vanishes(e: Expr, setting: Setting) -> bool:
    match e:
        case expr.Number(value):
            return value == 0
        case SingularValue(expr.ColumnAt(_, _, columns), which) if which == SMALLEST and at_most(
            2, spelled(columns, setting), setting.known
        ):
            return True
        case SingularValue(operand, which) if which == SMALLEST:
            # sizes in units compare once they are written as widths
            rows, columns = (spelled(size, setting) for size in shape(operand, setting.network))
            return at_most(rows + 1, columns, setting.known)
        case Product(parts):
            return any(_vanishes(part, setting) for part in parts)
        case IndexedProduct(i, low, high, body):
            return at_most(low, high, setting.known) and _vanishes(body, inside_of(setting, i, low, high))
    return False


def _drops_columns(left: Expr, right: Expr, setting: Setting) -> bool:
    """`σ_{1,1}(W̃ᵀ) ≤ σ_{1,1}(Wᵀ)`: a part of a matrix maps no unit vector farther."""
    match left, right:
        case SingularValue(part, kind), SingularValue(whole, other) if kind == other == LARGEST:
            while isinstance(part, expr.Transpose) and isinstance(whole, expr.Transpose):
                part, whole = part.operand, whole.operand
            match part:
                case expr.WithoutBias(operand) | expr.Columns(operand):
                    return operand == whole
    return False


def _is_frobenius(left: Expr, right: Expr, setting: Setting) -> bool:
    """`‖A‖_F = √(Σ_i σ_{i,i}(A)²)`: both are the root of the trace of AᵀA."""
    match left, right:
        case Norm(A, "F"), expr.SquareRoot(SpectralSum(i, B, expr.Power(SingularValueAt(C, at), two))):
            return A == B == C and i not in free_symbols(A) and at == index(i) and two == 2
    return False


# --- orthonormal columns, equations assumed --------------------------------------------------------------------------


def _is_orthonormal(Q: Expr, setting: Setting) -> bool:
    """Whether `QᵀQ = I` is assumed."""
    size = shape(Q, setting.network)[1]
    return _is_assumed(Q.T @ Q, expr.Identity(size), setting)


def _keeps_length(left: Expr, right: Expr, setting: Setting) -> bool:
    """`‖Q v‖ = ‖v‖` and `σ(Q A) = σ(A)`, where `QᵀQ = I`; `σ(Q) = 1`."""
    match left, right:
        case (Norm(Product(parts), "2"), Norm(rest, "2")) if _is_column(rest, setting):
            return parts[1:] == factors_of(rest) and _is_orthonormal(parts[0], setting)
        case SingularValue(Product(parts), kind), SingularValue(rest, other) if kind == other:
            return parts[1:] == factors_of(rest) and _is_orthonormal(parts[0], setting)
        case SingularValue(Q), expr.Number(value) if value == 1:
            return _is_orthonormal(Q, setting)
    return False


def _is_assumed(left: Expr, right: Expr, setting: Setting) -> bool:
    """Whether both differ by an equation that is assumed, at some values of its free indices, in place of a part."""
    one, two = factors_of(left), factors_of(right)
    # what both have in common before and after the part
    while len(one) > 1 and len(two) > 1 and one[0] == two[0]:
        one, two = one[1:], two[1:]
    while len(one) > 1 and len(two) > 1 and one[-1] == two[-1]:
        one, two = one[:-1], two[:-1]
    if one == two:
        return False
    return any(
        _instances(template, (one, two), setting) or _instances(template, (two, one), setting)
        for chain in setting.given
        for template in _equations(chain)
    )


def _equations(chain: Chain) -> list[tuple[Expr, Expr]]:
    return [
        (one, two) for one, rel, two in zip(chain.sides, chain.relations, chain.sides[1:], strict=False) if rel == "="
    ]


def _instances(template: tuple[Expr, Expr], found: tuple[tuple[Expr, ...], tuple[Expr, ...]], setting: Setting) -> bool:
    """Whether both sides are those of the equation at one value of its free index; depth and sizes are none."""
    wanted = (factors_of(template[0]), factors_of(template[1]))
    if wanted == found:
        return True
    sizes = setting.network.depth.symbols | set(getattr(setting.network, "sizes", ()))
    for name in sorted((free_symbols(template[0]) | free_symbols(template[1])) - sizes):
        for value in _values(found):
            moved = tuple(factors_of(substitute(side, {name: value})) for side in template)
            if moved == found:
                return True
    return False


def _values(found: tuple[tuple[Expr, ...], tuple[Expr, ...]]) -> set[Dim]:
    """Dims that the free index of an equation may be: those of the variables, and one less."""
    dims: set[Dim] = set()
    waiting: list[Expr] = [e for side in found for e in side]
    while waiting:
        e = waiting.pop()
        if isinstance(e, expr.Variable) and e.index is not None:
            dims |= {e.index, e.index - 1}
        waiting += children(e)
    return dims


# --- other inequalities ----------------------------------------------------------------------------------------------


def _is_largest_row(left: Expr, right: Expr, setting: Setting) -> bool:
    """`max_j ‖row j of A‖ ≥ ‖A‖_F / √rows`: the largest is at least the root of the mean square."""
    match left, right:
        case (
            Extreme("max", j, low, high, Norm(row, "2")),
            expr.Quotient(Norm(A, "F"), expr.SquareRoot(expr.Size(count))),
        ):
            rows = shape(A, setting.network)[0]
            sizes = {spelled(size, setting) for size in (high, count, rows)}
            if low != ONE or len(sizes) > 1 or j in free_symbols(A):
                return False
            inside, wanted = inside_of(setting, j, low, high), expr.Row(A, index(j))
            alike = [each for each in (wanted.T, wanted) if shape(each, setting.network) == shape(row, setting.network)]
            return any(inside.equal(row, each) for each in alike)
    return False


def _drops_square(left: Expr, right: Expr, setting: Setting) -> bool:
    """`a - b² ≤ a`."""
    match left:
        case expr.Sum(terms) if len(terms) > 1:
            *rest, last = terms
            kept = rest[0] if len(rest) == 1 else expr.Sum(tuple(rest))
            scalar = shape(left, setting.network) == SCALAR
            return (
                scalar and kept == right and isinstance(last, expr.Negative) and is_nonnegative(last.operand, setting)
            )
    return False


def _is_one_of_all(left: Expr, right: Expr, setting: Setting) -> bool:
    """`σ_{1,1}(A) ≤ √(Σ_i σ_{i,i}(A)²)`: it is one of them, and no square is negative."""
    match left, right:
        case SingularValue(A, which), expr.SquareRoot(SpectralSum(i, B, expr.Power(SingularValueAt(C, at), two))):
            return which == LARGEST and A == B == C and i not in free_symbols(A) and at == index(i) and two == 2
    return False


def _is_below_frobenius(left: Expr, right: Expr, setting: Setting) -> bool:
    """`σ_{1,1}(A) ≤ ‖A‖_F`; a matrix and its transpose have the same singular values."""
    match left, right:
        case SingularValue(A, which), Norm(B, "F"):
            return which == LARGEST and _unturned(A) == _unturned(B)
    return False


def _unturned(e: Expr) -> Expr:
    while isinstance(e, expr.Transpose):
        e = e.operand
    return e


# max |g'|: σ' = σ (1 - σ) is 1/4 at 0, tanh' = 1 - tanh² is 1 there, the others go up to 1
STEEPEST = {"sigmoid": Fraction(1, 4), "tanh": Fraction(1), "relu": Fraction(1), "softplus": Fraction(1)}


def _is_steepest(left: Expr, right: Expr, setting: Setting) -> bool:
    """`max_i |g'(z_i)| ≤ c`, where `|g'| ≤ c` everywhere."""
    match left, right:
        case Extreme("max", _, _, _, expr.Elementwise("abs", expr.Elementwise(function, _, 1), 0)), expr.Number(c):
            return function in STEEPEST and c >= STEEPEST[function]
    return False


def _is_scalar_identity(left: Expr, right: Expr, setting: Setting) -> bool:
    """Two rational functions of `e^z` that are equal, as `σ'(z) = σ(z) (1 - σ(z))`, in lowest terms."""
    from symbackprop.judges.exponentials import in_exponential

    one, two = (in_exponential(e, setting.network) for e in (left, right))
    return one is not None and one == two and left != right


THEOREMS = (
    Theorem("the spectral norm of a product", "≤", "slide “Vanishing Gradients”", _of_product(LARGEST)),
    Theorem("the smallest singular value of a product", "≥", "slide “Exploding Gradients”", _of_product(SMALLEST)),
    Theorem("the spectral norm of a product", "≤", "Horn and Johnson 2013, 5.6", _of_indexed_product(LARGEST)),
    Theorem("the smallest singular value of a product", "≥", "its factors one by one", _of_indexed_product(SMALLEST)),
    Theorem("a norm is homogeneous, and scalars commute", "=", "definition of a norm", same_monomial),
    Theorem("the spectral norm as a supremum", "=", "Horn and Johnson 2013, 5.6.6", _is_definition),
    Theorem("a value is at most the supremum", "≤", "definition of the supremum", _is_at_unit_vector),
    Theorem("the norm on the unit sphere", "=", "definition of the unit sphere", _is_norm_on_sphere),
    Theorem("equal functions have equal suprema", "=", "definition of the supremum", _same_on_sphere),
    Theorem("the singular values of a diagonal matrix", "=", "Horn and Johnson 2013, 2.6", _is_extreme_slope),
    Theorem("a matrix of rank 1", "=", "Horn and Johnson 2013, 5.6.P23", _is_single_column),
    Theorem("a wide matrix sends a unit vector to 0", "=", "rank and nullity", _is_zero),
    Theorem("a part of a matrix", "≤", "Horn and Johnson 2013, 7.3.P16", _drops_columns),
    Theorem("the Frobenius norm by singular values", "=", "Horn and Johnson 2013, 5.6.P23", _is_frobenius),
    Theorem("orthonormal columns keep lengths", "=", "‖Qv‖² = vᵀQᵀQv", _keeps_length),
    Theorem("an equation assumed", "=", "the assumptions", _is_assumed),
    Theorem("the largest row", "≥", "a mean is at most the largest term", _is_largest_row),
    Theorem("the steepest slope", "≤", "the slope and where it is greatest", _is_steepest),
    Theorem("rational functions of e^z", "=", "equal as fractions in lowest terms", _is_scalar_identity),
    Theorem("the triangle inequality", "≤", "definition of a norm", is_triangle),
    Theorem(
        "a singular value moves by the norm of what is added", "≥", "Horn and Johnson 2013, 7.3.5", is_near_identity
    ),
    Theorem("a square is not negative", "≤", "a² ≥ 0", _drops_square),
    Theorem("one of several", "≤", "no square is negative", _is_one_of_all),
    Theorem("the Frobenius norm bounds the spectral norm", "≤", "Horn and Johnson 2013, 5.6.P23", _is_below_frobenius),
    Theorem("the derivative is linear", "=", "sum rule", is_sum_rule),
    Theorem("a term for each layer", "=", "a derivative of what has no such variable is 0", is_one_term),
    Theorem("the chain rule through one variable", "=", "chain rule", is_chain_to),
)
