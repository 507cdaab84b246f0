"""Rules about norms and singular values: the lecture's lemma and its mirror image, and what sharpens both bounds.

The inequalities hold by theorems whose conditions the kernel checks (`symbackprop.judges.theorems`).
"""

from __future__ import annotations

from dataclasses import replace

from symbackprop import expr
from symbackprop.derivation import Context, Reason, Rewritten, Rule, rule
from symbackprop.dims import ONE, as_width, at_most, bound_to, index
from symbackprop.equations import same_family
from symbackprop.expr import LARGEST, SMALLEST, Expr, Norm, Product, SingularValue, factors_of, number, product_of
from symbackprop.magnitudes import Extreme, OverUnit
from symbackprop.shapes import SCALAR, shape
from symbackprop.substitution import free_symbols

UPPER = "slide “Vanishing Gradients”"
LOWER = "slide “Exploding Gradients”"


def _first_out(e: Expr, context: Context, which: str) -> Rewritten | None:
    """`σ(A) ‖B v‖` for `‖A B v‖`."""
    match e:
        case Norm(Product((first, *rest)), "2") if shape(e.operand, context.network)[1] == ONE:
            return _by_lemma(first, product_of(tuple(rest)), which)
    return None


@rule("the spectral norm bounds the norm", relation="≤", source=UPPER)
def bounded(e: Expr, context: Context) -> Rewritten | None:
    r"""‖A y‖_2 ≤ σ_{1,1}(A) ‖y‖_2        shapes: A is m×n, y is n×1"""
    return _first_out(e, context, LARGEST)


@rule("the smallest singular value bounds the norm", relation="≥", source=LOWER)
def bounded_below(e: Expr, context: Context) -> Rewritten | None:
    r"""‖A y‖_2 ≥ σ_{n,n}(A) ‖y‖_2        shapes: A is m×n, y is n×1"""
    return _first_out(e, context, SMALLEST)


def _by_lemma(matrix: Expr, vector: Expr, which: str) -> Rewritten:
    """`σ(A) ‖v‖` for `‖A v‖`."""
    size, how = SingularValue(matrix, which), "longer" if which == LARGEST else "shorter"
    return Rewritten(size @ Norm(vector), (f"No vector becomes {how} than ", size, " times its length."))


@rule("singular values of a product", relation="≤", source="Horn and Johnson 2013, section 5.6")
def submultiplicative(e: Expr, context: Context) -> Rewritten | None:
    r"""σ_{1,1}(A B) ≤ σ_{1,1}(A) σ_{1,1}(B), for any number of factors        shapes: scalars"""
    return _split(e, LARGEST)


@rule("smallest singular values of a product", relation="≥", source="Horn and Johnson 2013, section 7.3")
def supermultiplicative(e: Expr, context: Context) -> Rewritten | None:
    r"""σ_{n,n}(A B) ≥ σ_{n,n}(A) σ_{n,n}(B), for any number of factors        shapes: scalars"""
    return _split(e, SMALLEST)


def _split(e: Expr, which: str) -> Rewritten | None:
    match e:
        case SingularValue(Product() as product, kind) if kind == which:
            return Rewritten(sizes(product, which), ONE_BY_ONE)
        case SingularValue(expr.IndexedProduct(name, low, high, body, False), kind) if kind == which:
            return Rewritten(expr.IndexedProduct(name, low, high, sizes(body, which)), ONE_BY_ONE)
    return None


ONE_BY_ONE = ("Each factor in turn changes lengths within its own singular values.",)


def sizes(body: Expr, which: str) -> Expr:
    """`σ(A) σ(B)` for `A B`."""
    return product_of(tuple(SingularValue(part, which) for part in factors_of(body)))


@rule("split off as one factor", relation="≤", source=UPPER)
def bounded_at_once(e: Expr, context: Context) -> Rewritten | None:
    r"""‖A_1 ⋯ A_k y‖_2 ≤ σ_{1,1}(A_1 ⋯ A_k) ‖y‖_2        shapes: y is a column"""
    return _all_out(e, context, LARGEST)


@rule("split off as one factor, from below", relation="≥", source=LOWER)
def bounded_below_at_once(e: Expr, context: Context) -> Rewritten | None:
    r"""‖A_1 ⋯ A_k y‖_2 ≥ σ_{n,n}(A_1 ⋯ A_k) ‖y‖_2        shapes: y is a column"""
    return _all_out(e, context, SMALLEST)


def _all_out(e: Expr, context: Context, which: str) -> Rewritten | None:
    """`σ(A B) ‖v‖` for `‖A B v‖`."""
    match e:
        case Norm(Product((*first, last)), "2") if shape(last, context.network)[1] == ONE:
            return _by_lemma(product_of(tuple(first)), last, which)
    return None


@rule("without the bias column", relation="≤", source="Horn and Johnson 2013, problem 7.3.P16")
def column_kept(e: Expr, context: Context) -> Rewritten | None:
    r"""σ_{1,1}(W̃ᵀ) ≤ σ_{1,1}(Wᵀ)        shapes: scalars"""
    match e:
        case SingularValue(expr.Transpose(expr.WithoutBias(W)), which) if which == LARGEST:
            return Rewritten(SingularValue(W.T), ("A matrix is at least as large as a part of it.",))
    return None


@rule("slopes on the diagonal", source="Horn and Johnson 2013, section 2.6")
def extreme_slope(e: Expr, context: Context) -> Rewritten | None:
    r"""σ_{1,1}(diag v) = max_i |v_i|, σ_{n,n}(diag v) = min_i |v_i|        shapes: scalars"""
    match e:
        case SingularValue(expr.Diagonal(v), which) if which in (LARGEST, SMALLEST):
            pass
        case SingularValue(expr.ActivationJacobian(function, z), which) if which == LARGEST:
            v = expr.Elementwise(function, z, 1)
        case _:
            return None
    name = next(letter for letter in "ikpq" if letter not in free_symbols(v))
    match v:
        case expr.Elementwise(function, z, order):
            entry: Expr = expr.Elementwise(function, expr.Entry(z, index(name)), order)
        case _:
            entry = expr.Entry(v, index(name))
    kind = "max" if which == LARGEST else "min"
    size = shape(v, context.network)[0]
    why = ("A diagonal matrix scales each coordinate by its own entry.",)
    return Rewritten(Extreme(kind, name, ONE, size, expr.Elementwise("abs", entry)), why)


@rule("the factor is 0", source="rank and nullity")
def empty_bound(e: Expr, context: Context) -> Rewritten | None:
    r"""σ_{n,n}(A) = 0 where A is wide or has a zero column; a product with a factor 0 is 0        shapes: scalars"""
    for find, words in ((_wide, "more columns than rows"), (_with_zero_column, "a column of zeros")):
        found = find(e, context)
        if found is not None:
            return Rewritten(number(0), (found, f" has {words}, so it sends some unit vector to zero."))
    return None


def _wide(e: Expr, context: Context) -> Expr | None:
    """The first matrix with more columns than rows of which the smallest singular value is a factor."""
    match e:
        case SingularValue(operand, which) if which == SMALLEST:
            rows, columns = (context.network.normal(s).map_sizes(as_width) for s in shape(operand, context.network))
            return operand if at_most(rows + 1, columns, context.known) else None
        case Product(parts):
            return next((found for part in parts if (found := _wide(part, context)) is not None), None)
        case expr.IndexedProduct(name, low, high, body) if at_most(low, high, context.known):
            return _wide(body, replace(context, known=bound_to(context.known, name, (low, high))))
    return None


def _with_zero_column(e: Expr, context: Context) -> Expr | None:
    """The first column-placement matrix of two columns or more of which the smallest singular value is a factor."""
    for part in factors_of(e):
        match part:
            case SingularValue(expr.ColumnAt(_, _, columns) as placed, which) if which == SMALLEST:
                if at_most(2, context.network.normal(columns), context.known):
                    return placed
    return None


# --- what the norms are ----------------------------------------------------------------------------------------------


@rule("definition of the spectral norm", source=UPPER)
def as_supremum(e: Expr, context: Context) -> Rewritten | None:
    r"""‖A‖_2 = sup_{‖x‖_2=1} ‖A x‖_2        shapes: A is m×n"""
    match e:
        case Norm(A, "2") if shape(A, context.network)[1] != ONE:
            x = expr.Named("x")
            return Rewritten(OverUnit("sup", x, Norm(A @ x)), ("The spectral norm is how far a unit vector can go.",))
    return None


@rule("the largest singular value", source=UPPER)
def as_largest(e: Expr, context: Context) -> Rewritten | None:
    r"""‖A‖_2 = sup_{‖x‖_2=1} ‖A x‖_2 = σ_{1,1}(A)        shapes: A is m×n"""
    match e:
        case OverUnit("sup", x, Norm(Product((*parts, last)), "2")) if last == x:
            return Rewritten(SingularValue(product_of(tuple(parts))), _SVD)
        case Norm(A, "2") if shape(A, context.network)[1] != ONE:
            return Rewritten(SingularValue(A), _SVD)
    return None


_SVD = ("The singular value decomposition turns, stretches by the singular values, and turns again.",)


@rule("the smallest singular value", source=LOWER)
def as_smallest(e: Expr, context: Context) -> Rewritten | None:
    r"""inf_{‖x‖_2=1} ‖A x‖_2 = σ_{n,n}(A)        shapes: A is m×n"""
    match e:
        case OverUnit("inf", x, Norm(Product((*parts, last)), "2")) if last == x:
            return Rewritten(SingularValue(product_of(tuple(parts)), SMALLEST), _SVD)
    return None


@rule("at a unit vector", relation="≤", source=UPPER)
def at_unit_vector(e: Expr, context: Context) -> Rewritten | None:
    r"""‖A u‖_2 ≤ ‖A‖_2, where ‖u‖_2 = 1        shapes: A is m×n, u is n×1"""
    match e:
        case Norm(Product((*parts, expr.Quotient(v, Norm(w, "2")) as u)), "2") if v == w:
            why = (u, " has norm 1, and the supremum is over all such vectors.")
            return Rewritten(Norm(product_of(tuple(parts))), why)
    return None


@rule("without the bias unit", source="slide 1, bullet 2: the last column of zeros")
def without_bias_unit(e: Expr, context: Context) -> Rewritten | None:
    r"""D_l W_lᵀ = G_l W̃_lᵀ        shapes: (n_l-1)×n_l · n_l×m = (n_l-1)×(n_l-1) · (n_l-1)×m"""
    match e:
        case Product((expr.ActivationJacobian(function, z) as D, expr.Transpose(W))):
            why = ("The last column of ", D, " is zero, so the last column of ", W, " has no part in the product.")
            return Rewritten(expr.Diagonal(expr.Elementwise(function, z, 1)) @ expr.WithoutBias(W).T, why)
    return None


@rule("a matrix of rank 1", source="Horn and Johnson 2013, problem 5.6.P23")
def rank_one(e: Expr, context: Context) -> Rewritten | None:
    r"""‖u vᵀ‖_F = ‖u‖_2 ‖v‖_2, σ_{1,1}(0 … v … 0) = ‖v‖_2        shapes: u is m×1, v is n×1"""
    match e:
        case Norm(Product((u, expr.Transpose(v))), "F") if (
            shape(u, context.network)[1] == ONE == shape(v, context.network)[1]
        ):
            return Rewritten(Norm(v) @ Norm(u), _SQUARES)
        case Norm(Product((expr.Transpose(v), u)), "F") if (
            shape(u, context.network) == SCALAR and shape(v, context.network)[1] == ONE
        ):
            return Rewritten(Norm(v) @ Norm(u), _SQUARES)
        case SingularValue(expr.ColumnAt(v), which) if which == LARGEST:
            return Rewritten(Norm(v), ("All columns but one are zero.",))
    return None


_SQUARES = ("The squares of the entries add up to the product of two sums.",)


@rule("orthonormal columns keep lengths", source="‖Qv‖² = vᵀQᵀQv", requires="QᵀQ = I")
def length_kept(e: Expr, context: Context) -> Rewritten | None:
    r"""‖Q v‖_2 = ‖v‖_2, σ(Q A) = σ(A) and σ(Q) = 1, where QᵀQ = I        shapes: Q is m×k, v is k×1, A is k×n"""
    match e:
        case Norm(Product((Q, *rest)), "2") if (
            _is_orthonormal(Q, context) and shape(e.operand, context.network)[1] == ONE
        ):
            return Rewritten(Norm(product_of(tuple(rest))), (Q, " has orthonormal columns."))
        case SingularValue(Product((Q, *rest)), which) if _is_orthonormal(Q, context):
            return Rewritten(SingularValue(product_of(tuple(rest)), which), (Q, " has orthonormal columns."))
        case SingularValue(Q) if _is_orthonormal(Q, context):
            return Rewritten(number(1), (Q, " has orthonormal columns."))
    return None


def _is_orthonormal(Q: Expr, context: Context) -> bool:
    """Whether `QᵀQ = I` is assumed for the family that `Q` is one of."""
    for chain in context.given:
        match chain.sides[0]:
            case Product((expr.Transpose(expr.Variable() as one), other)) if one == other:
                if isinstance(Q, expr.Variable) and same_family(Q, one):
                    return True
    return False


@rule("a factor 1", source="arithmetic")
def without_ones(e: Expr, context: Context) -> Rewritten | None:
    r"""1 · a = a        shapes: as a"""
    if not isinstance(e, Product) or number(1) not in e.factors:
        return None
    left = tuple(f for f in e.factors if f != number(1))
    return Rewritten(product_of(left or (number(1),)), ("One changes nothing.",))


def assumed(old: Expr, new: Expr, why: tuple[str | Expr, ...]) -> Rule:
    """The rule that puts one side of an assumed equation in place of the other, in a product."""

    def rewrite(e: Expr, context: Context) -> Rewritten | None:
        wanted, parts = factors_of(old), factors_of(e)
        for i in range(len(parts) - len(wanted) + 1):
            if parts[i : i + len(wanted)] == wanted:
                return Rewritten(product_of((*parts[:i], *factors_of(new), *parts[i + len(wanted) :])), why)
        return None

    return Rule("by assumption", rewrite, "an equation that is assumed", source="assumption")


def multiplied_out(to: Expr, name: str, why: Reason = ()) -> Rule:
    """The rule that writes an expression in another way, equal by its entries."""
    return Rule(name, lambda e, context: Rewritten(to, why), "the same by its entries", source="entries")


@rule("the longest row", relation="≥", source="a mean is at most the largest term")
def longest_row(e: Expr, context: Context) -> Rewritten | None:
    r"""max_j ‖row j of ∂L/∂W‖_2 ≥ ‖∂L/∂W‖_F / √m        shapes: W is m×n"""
    match e:
        case Extreme("max", j, _, high, Norm(expr.Partial(of, expr.Transpose(expr.Row(W, at))), "2")) if at == index(j):
            mean = expr.Quotient(Norm(expr.Partial(of, W), "F"), expr.SquareRoot(expr.Size(high)))
            return Rewritten(mean, ("The largest square is at least the mean of the squares.",))
    return None


@rule("on the unit sphere", source="definition of the unit sphere")
def on_sphere(e: Expr, context: Context) -> Rewritten | None:
    r"""sup_{‖x‖_2=1} ‖x‖_2 = inf_{‖x‖_2=1} ‖x‖_2 = 1        shapes: x is n×1"""
    match e:
        case OverUnit(_, x, Norm(y, "2")) if x == y:
            return Rewritten(number(1), ("All vectors there have norm 1.",))
    return None
