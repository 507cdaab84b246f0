"""Products in a straight-line program: in the order that costs least, diagonal matrices as factors entry by entry.

A vector of ones sums what it multiplies, or repeats it; a scalar multiplies the smallest there is.
"""

from __future__ import annotations

from dataclasses import dataclass

from symbackprop import expr
from symbackprop.dims import ONE, Dim
from symbackprop.expr import Expr
from symbackprop.groups import EntrywisePower, Membership
from symbackprop.numeric.straight.chains import best_order, estimate
from symbackprop.numeric.straight.trees import Array, Operand, Trees, extent_of, lowered
from symbackprop.numeric.straight.values import Value
from symbackprop.primitives import ROWS, DiagonalPart, EntrywiseQuotient, Pairwise, Rows, Stacked, Trace
from symbackprop.shapes import shape


@dataclass(frozen=True)
class Factor:
    """A factor of a product, or some of them multiplied.

    Attributes:
        value: its value, or one that is broadcast to it; of a diagonal matrix the column on its diagonal.
    """

    value: Operand
    rows: Dim
    columns: Dim
    is_diagonal: bool = False

    @property
    def array(self) -> Array:
        """The shape of the array of the value, once it is whole."""
        return (self.rows,) if self.is_diagonal else extent_of((self.rows, self.columns))


@lowered.register
def _(e: expr.Product, trees: Trees) -> Operand:
    scalars: list[Operand] = []
    factors: list[Factor] = []
    for each in flat(e, trees):
        rows, columns = shape(each, trees.network)
        if rows == columns == ONE:
            scalars.append(trees.value(each))
        elif isinstance(each, expr.Diagonal):
            factors.append(Factor(trees.value(each.operand), rows, columns, True))
        elif not isinstance(each, expr.Identity):
            factors.append(Factor(trees.value(each), rows, columns))
    scale = _multiplied(scalars, trees)
    if not factors:
        whole = next((each for each in e.factors if isinstance(each, expr.Identity)), None)
        return scale if whole is None else trees.times(scale, trees.value(whole))
    at = _smallest(factors)
    if at is not None and len(factors) > 1:
        factors[at] = Factor(trees.times(scale, factors[at].value), factors[at].rows, factors[at].columns)
        scale = "1.0"
    sizes = [factors[0].rows, *(factor.columns for factor in factors)]
    diagonals = [i for i, factor in enumerate(factors) if factor.is_diagonal]
    made = _in_order(best_order(sizes, diagonals), factors, trees)
    if made.is_diagonal:
        whole_diagonal = trees.program.copied("np.diag({})", (trees.full(made.value, made.array),), made.array * 2)
        return trees.times(scale, whole_diagonal)
    return trees.times(scale, made.value)


def flat(e: Expr, trees: Trees) -> list[Expr]:
    """The factors of a product, and of products and transposed products in it; one that is a number stays a factor."""
    match e:
        case expr.Product(factors):
            return [part for factor in factors for part in _inside(factor, trees)]
        case expr.Transpose(expr.Product() as inner):
            return [part.T for part in reversed(flat(inner, trees))]
        case expr.Transpose(expr.Diagonal() as inner):
            return [inner]
    return [e]


def _inside(factor: Expr, trees: Trees) -> list[Expr]:
    return flat(factor, trees) if trees.array(factor) else [factor]


def _multiplied(scalars: list[Operand], trees: Trees) -> Operand:
    made: Operand = "1.0"
    # numbers first
    for scalar in sorted(scalars, key=lambda each: isinstance(each, Value)):
        made = trees.times(made, scalar)
    return made


def _smallest(factors: list[Factor]) -> int | None:
    """The place of the factor that has the fewest entries; None where the product has no more of them."""

    def entries(rows: Dim, columns: Dim) -> int:
        return estimate(rows) * estimate(columns)

    least = entries(factors[0].rows, factors[-1].columns)
    found = None
    for i, factor in enumerate(factors):
        if not factor.is_diagonal and isinstance(factor.value, Value) and entries(factor.rows, factor.columns) < least:
            least, found = entries(factor.rows, factor.columns), i
    return found


def _in_order(order: object, factors: list[Factor], trees: Trees) -> Factor:
    if isinstance(order, int):
        return factors[order]
    assert isinstance(order, tuple)
    left, right = (_in_order(part, factors, trees) for part in order)
    both = left.is_diagonal and right.is_diagonal
    return Factor(_product(left, right, trees), left.rows, right.columns, both)


def _product(left: Factor, right: Factor, trees: Trees) -> Operand:
    """The value of a product of two."""
    one, two = left.value, right.value
    if left.is_diagonal:
        return trees.times(one if right.is_diagonal or right.columns == ONE else trees.column(one), two)
    if right.is_diagonal:
        return trees.times(one, two if left.rows == ONE else trees.row(two))
    if left.columns == ONE:
        return _outer(left, right, trees)
    for vector, matrix, axis in ((right, left, 1), (left, right, 0)):
        is_vector = ONE in (vector.rows, vector.columns)
        if is_vector and (isinstance(vector.value, str) or not vector.value.shape):
            # 1ᵀ A and A 1, and multiples of them
            return trees.times(_summed(matrix, axis, trees), vector.value)
    return trees.program.dot(trees.full(one, left.array), trees.full(two, right.array))


def _outer(left: Factor, right: Factor, trees: Trees) -> Operand:
    """A column times a row, or a number times one of them."""
    one, two = left.value, right.value
    if left.rows == ONE or right.columns == ONE:
        return trees.times(one, two)
    if isinstance(one, str) or not one.shape:
        return trees.row(trees.times(one, two))
    if isinstance(two, str) or not two.shape:
        return trees.column(trees.times(one, two))
    # a matrix product is quicker than one entry by entry
    return trees.program.dot(trees.program.view(one, "[:, None]"), trees.program.view(two, "[None]"))


def _summed(matrix: Factor, axis: int, trees: Trees) -> Operand:
    """The sums of its rows (`axis` 1) or columns."""
    if isinstance(matrix.value, str):
        return f"({matrix.value} * ({trees.size(matrix.columns if axis else matrix.rows)}))"
    whole = trees.full(matrix.value, matrix.array)
    return trees.total(whole) if len(matrix.array) < 2 else trees.program.reduced("sum", whole, axis)


# --- diagonals and traces --------------------------------------------------------------------------------------------


@lowered.register
def _(e: expr.Diagonal, trees: Trees) -> Operand:
    extent = trees.array(e)
    return trees.program.copied("np.diag({})", (trees.whole(e.operand),), extent) if extent else trees.value(e.operand)


@lowered.register
def _(e: Trace, trees: Trees) -> Operand:
    if not trees.array(e.operand):
        return trees.value(e.operand)
    if isinstance(e.operand, expr.Diagonal):
        return trees.total(trees.whole(e.operand.operand))
    split = _split(e.operand, trees)
    if split is None:
        return trees.program.plain("{}.trace()", (trees.whole(e.operand),), ())
    left, right = split
    return trees.total(trees.full(trees.times(left, right), left.shape or ()))


@lowered.register
def _(e: DiagonalPart, trees: Trees) -> Operand:
    if not trees.array(e.operand):
        return trees.value(e.operand)
    split = _split(e.operand, trees)
    if split is None:
        return trees.program.view(trees.whole(e.operand), ".diagonal()", trees.array(e))
    left, right = split
    return trees.program.reduced("sum", trees.full(trees.times(left, right), left.shape or ()), 1)


def _split(e: Expr, trees: Trees) -> tuple[Value, Value] | None:
    """`A` and `Bᵀ` of a product `A B` of matrices: its diagonal is the sums of the rows of `A ⊙ Bᵀ`."""
    factors = flat(e, trees)
    if len(factors) < 2 or any(ONE in shape(factor, trees.network) for factor in factors):
        return None
    rest = factors[1] if len(factors) == 2 else expr.Product(tuple(factors[1:]))
    return trees.whole(factors[0]), trees.program.view(trees.whole(rest), ".T")


# --- others that NumPy has a function for ----------------------------------------------------------------------------


@lowered.register
def _(e: EntrywiseQuotient, trees: Trees) -> Operand:
    return trees.over(trees.value(e.numerator), trees.value(e.denominator))


@lowered.register
def _(e: EntrywisePower, trees: Trees) -> Operand:
    return trees.power(trees.value(e.operand), expr.Number(e.exponent))


@lowered.register
def _(e: Membership, trees: Trees) -> Operand:
    text = f"np.repeat(np.eye({e.groups}, dtype=kind), ({trees.size(e.size)}) // {e.groups}, axis=0)"
    return trees.program.constant(text, trees.array(e)) if len(trees.array(e)) > 1 else trees.as_source(e)


@lowered.register
def _(e: Pairwise, trees: Trees) -> Operand:
    left, right = trees.value(e.left), trees.value(e.right)
    if isinstance(left, str) and isinstance(right, str):
        return f"{e.kind}({left}, {right})"
    return trees.ufunc(f"{e.kind}imum", left, right)


@lowered.register
def _(e: Rows, trees: Trees) -> Operand:
    return trees.part(e.operand, (e.first, e.last), None, trees.array(e))


@lowered.register
def _(e: expr.ColumnAt, trees: Trees) -> Operand:
    extent = trees.array(e)
    if trees.array(e.vector) == extent:
        return trees.value(e.vector)
    # a column, or a number of which the others are 0 beside it
    at = f"(np.arange({trees.size(e.width)}) == {trees.size(e.column - 1)})"
    text = f"np.outer({{}}, {at})" if len(extent) > 1 else f"{{}} * {at}"
    return trees.program.copied(text, (trees.whole(e.vector),), extent)


@lowered.register
def _(e: Stacked, trees: Trees) -> Operand:
    extent = trees.array(e)
    if len(e.parts) == 1:
        return trees.value(e.parts[0])
    texts: list[str] = []
    values: list[Operand] = []
    for part in e.parts:
        found = trees.whole(part)
        if len(extent) == 2 and len(found.shape or ()) == 1:
            turned = trees.row(found) if e.axis == ROWS else trees.column(found)
            assert isinstance(turned, Value)
            found = turned
        texts.append("{}" if found.shape else "[{}]")
        values.append(found)
    axis = 1 if len(extent) == 2 and e.axis != ROWS else 0
    return trees.program.into(f"np.concatenate([{', '.join(texts)}], {axis}, {{out}})", tuple(values), extent)
