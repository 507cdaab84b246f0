"""Numbers, what works entry by entry, and parts and extremes of arrays, in a straight-line program."""

from __future__ import annotations

from symbackprop import expr
from symbackprop.dims import ONE, dim
from symbackprop.numeric.straight.trees import Operand, Trees, lowered
from symbackprop.numeric.straight.values import Value
from symbackprop.shapes import shape

# --- numbers ---------------------------------------------------------------------------------------------------------


@lowered.register
def _(e: expr.Number, trees: Trees) -> Operand:
    numerator, denominator = e.value.numerator, e.value.denominator
    if denominator == 1:
        # NumPy takes a whole number to the type of an array by a buffer of its own
        return repr(float(numerator))
    if not denominator & (denominator - 1):
        return repr(numerator / denominator)
    return f"({numerator} / {denominator})"


@lowered.register
def _(e: expr.Size, trees: Trees) -> Operand:
    return f"({trees.size(e.size)})"


@lowered.register
def _(e: expr.Kronecker, trees: Trees) -> Operand:
    return f"float({trees.size(e.one)} == {trees.size(e.two)})"


@lowered.register
def _(e: expr.Ones, trees: Trees) -> Operand:
    return "1.0"


@lowered.register
def _(e: expr.Zeros, trees: Trees) -> Operand:
    return "0.0"


@lowered.register
def _(e: expr.Identity, trees: Trees) -> Operand:
    if trees.array(e) == ():
        return "1.0"
    return trees.program.constant(f"np.eye({trees.size(e.size)}, dtype=kind)", trees.array(e))


# --- entry by entry --------------------------------------------------------------------------------------------------


@lowered.register
def _(e: expr.Transpose, trees: Trees) -> Operand:
    inside = trees.value(e.operand)
    return trees.program.view(inside, ".T") if isinstance(inside, Value) and inside.shape else inside


@lowered.register
def _(e: expr.Negative, trees: Trees) -> Operand:
    if isinstance(e.operand, expr.Product):
        # one more factor is multiplied with the other numbers
        return lowered(expr.Product((expr.number(-1), *e.operand.factors)), trees)
    inside = trees.value(e.operand)
    return f"(-{inside})" if isinstance(inside, str) else trees.ufunc("negative", inside)


@lowered.register
def _(e: expr.Sum, trees: Trees) -> Operand:
    # what is added comes before what is subtracted, so that nothing is negated
    terms = sorted(e.terms, key=lambda term: isinstance(term, expr.Negative))
    total = trees.value(terms[0])
    for term in terms[1:]:
        minus = isinstance(term, expr.Negative)
        total = trees.add(total, trees.value(term.operand if isinstance(term, expr.Negative) else term), minus)
    return total


@lowered.register
def _(e: expr.Hadamard, trees: Trees) -> Operand:
    made = trees.value(e.factors[0])
    for factor in e.factors[1:]:
        made = trees.times(made, trees.value(factor))
    return made


@lowered.register
def _(e: expr.Quotient, trees: Trees) -> Operand:
    return trees.over(trees.value(e.numerator), trees.value(e.denominator))


@lowered.register
def _(e: expr.Power, trees: Trees) -> Operand:
    if isinstance(e.base, expr.Norm) and e.exponent == 2 and _is_euclidean(e.base, trees):
        return trees.total(trees.ufunc("square", trees.whole(e.base.operand)))
    return trees.power(trees.value(e.base), expr.Number(e.exponent))


def _is_euclidean(e: expr.Norm, trees: Trees) -> bool:
    return e.kind == "F" or (e.kind == "2" and len(trees.array(e.operand)) < 2)


@lowered.register
def _(e: expr.SquareRoot, trees: Trees) -> Operand:
    inside = trees.value(e.operand)
    return f"({inside} ** 0.5)" if isinstance(inside, str) else trees.ufunc("sqrt", inside)


@lowered.register
def _(e: expr.Elementwise, trees: Trees) -> Operand:
    return trees.function(e.function, trees.value(e.operand), e.order, e.operand)


@lowered.register
def _(e: expr.LayerMap, trees: Trees) -> Operand:
    units = trees.value(expr.Elementwise(e.function, e.operand))
    extent = trees.array(e.operand)
    if not extent:
        return trees.as_source(e)
    return trees.program.with_unit(trees.full(units, extent))


# --- parts -----------------------------------------------------------------------------------------------------------


@lowered.register
def _(e: expr.Entry, trees: Trees) -> Operand:
    rows, _ = shape(e.operand, trees.network)
    if e.column is None:
        along = (e.row, e.row)
        return trees.part(e.operand, along, None, ()) if rows != ONE else trees.part(e.operand, None, along, ())
    return trees.part(e.operand, (e.row, e.row), (e.column, e.column), ())


@lowered.register
def _(e: expr.Row, trees: Trees) -> Operand:
    return trees.part(e.operand, (e.row, e.row), None, trees.array(e))


@lowered.register
def _(e: expr.Column, trees: Trees) -> Operand:
    return trees.part(e.operand, None, (e.column, e.column), trees.array(e))


@lowered.register
def _(e: expr.Columns, trees: Trees) -> Operand:
    return trees.part(e.operand, None, (e.first, e.last), trees.array(e))


@lowered.register
def _(e: expr.WithoutBias, trees: Trees) -> Operand:
    columns = shape(e.operand, trees.network)[1]
    return trees.part(e.operand, None, (dim(1), columns - 1), trees.array(e))


# --- along rows and columns ------------------------------------------------------------------------------------------


@lowered.register
def _(e: expr.Softmax, trees: Trees) -> Operand:
    extent = trees.array(e.operand)
    powers = _powers(e, trees)
    if powers is None:
        return "1.0"
    _, raised, axis = powers
    return trees.over(raised, trees.program.reduced("sum", raised, axis, len(extent) > 1))


@lowered.register
def _(e: expr.LogSumExp, trees: Trees) -> Operand:
    powers = _powers(e, trees)
    if powers is None:
        return trees.value(e.operand)
    top, raised, axis = powers
    total = trees.program.reduced("sum", raised, axis, axis is not None)
    made = trees.ufunc("add", top, trees.ufunc("log", total))
    if axis is None:
        return made
    # one number for each column or row
    return trees.program.view(made, "[0]" if axis == 0 else "[:, 0]", trees.array(e))


def _powers(e: expr.Softmax | expr.LogSumExp, trees: Trees) -> tuple[Value, Value, int | None] | None:
    """The largest entries, the exponentials of the others beside them, and the axis; None for each entry by itself."""
    rows, columns = shape(e.operand, trees.network)
    if (rows if e.along == "column" else columns) == ONE:
        return None
    inside = trees.whole(e.operand)
    axis = None if ONE in (rows, columns) else 0 if e.along == "column" else 1
    top = trees.program.reduced("max", inside, axis, axis is not None)
    return top, trees.ufunc("exp", trees.ufunc("subtract", inside, top)), axis


@lowered.register
def _(e: expr.Norm, trees: Trees) -> Operand:
    if e.kind == "1":
        sizes = trees.function("abs", trees.whole(e.operand), 0, e.operand)
        return trees.total(trees.full(sizes, trees.array(e.operand)))
    if not _is_euclidean(e, trees):
        return trees.as_source(e)
    return trees.ufunc("sqrt", trees.total(trees.ufunc("square", trees.whole(e.operand))))
