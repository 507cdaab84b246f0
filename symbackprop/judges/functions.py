"""Value and tangents of functions: elementwise ones, the layer map, softmax, opaque losses, powers, roots and norms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from hashlib import blake2b

from flint import nmod_mat

from symbackprop import chance, dataset, expr, groups, magnitudes
from symbackprop.errors import ShapeError
from symbackprop.expr import Expr, Variable
from symbackprop.judges.duals import Dual, Flow, Symbols, chained, column_of, number_of, picked, push, scalar
from symbackprop.judges.field import (
    PRIME,
    ConstantRoot,
    Point,
    Resample,
    Unvalued,
    diagonal,
    has_root,
    ints,
    inverse,
    matrix,
    root,
    zeros,
)
from symbackprop.keeping import keep
from symbackprop.tree import children


def _applied(flow: Flow, name: str, order: int, entries: Sequence[int]) -> list[int]:
    return [flow.point.function(name, order, u) for u in entries]


@push.register
def _(e: expr.Elementwise, flow: Flow, symbols: Symbols) -> Dual:
    of = push(e.operand, flow, symbols)
    entries = ints(of.value)
    made = matrix(*of.extent, _applied(flow, e.function, e.order, entries))
    return chained(made, (of, lambda: diagonal(_applied(flow, e.function, e.order + 1, entries))))


@push.register
def _(e: expr.LayerMap, flow: Flow, symbols: Symbols) -> Dual:
    of, entries = column_of(e.operand, flow, symbols, "ψ")
    size = len(entries)
    made = matrix(size + 1, 1, [*_applied(flow, e.function, 0, entries), 1])
    return chained(made, (of, lambda: diagonal(_applied(flow, e.function, 1, entries), size + 1).transpose()))


@push.register
def _(e: expr.ActivationJacobian, flow: Flow, symbols: Symbols) -> Dual:
    of, entries = column_of(e.operand, flow, symbols, "an activation Jacobian")
    size = len(entries)
    slopes = chained(
        matrix(size, 1, _applied(flow, e.function, 1, entries)),
        (of, lambda: diagonal(_applied(flow, e.function, 2, entries))),
    )
    return picked(slopes, size, size + 1, [i if i == k else None for i in range(size) for k in range(size + 1)])


@push.register
def _(e: expr.Diagonal, flow: Flow, symbols: Symbols) -> Dual:
    of, entries = column_of(e.operand, flow, symbols, "diag")
    size = len(entries)
    return picked(of, size, size, [i if i == k else None for i in range(size) for k in range(size)])


@push.register
def _(e: expr.Function, flow: Flow, symbols: Symbols) -> Dual:
    duals = [push(argument, flow, symbols) for argument in e.arguments]
    entries = [entry for dual in duals for entry in ints(dual.value)]
    # a short name for the call: it is drawn from once for each entry
    call = blake2b(f"{e.name} at {entries}".encode(), digest_size=32).hexdigest()
    parts: list[tuple[Dual, Callable[[], nmod_mat]]] = []
    start = 0
    for dual in duals:
        places = range(start, start + dual.value.nrows() * dual.value.ncols())
        start = places.stop
        parts.append((dual, _opaque_slopes(flow.point, call, places)))
    return chained(scalar(flow.point.opaque(call)), *parts)


def _opaque_slopes(point: Point, call: str, places: range) -> Callable[[], nmod_mat]:
    return lambda: matrix(1, len(places), [point.opaque(call, place) for place in places])


@push.register
def _(e: expr.LogSumExp, flow: Flow, symbols: Symbols) -> Dual:
    of, weights, totals = _exponentials(e, flow, symbols)
    made = [flow.point.function("log", 0, total) for total, _ in totals]
    extent = (1, len(made)) if e.along == "column" else (len(made), 1)

    def slopes() -> nmod_mat:
        local = zeros(len(made), len(weights))
        for line, (_, places) in enumerate(totals):
            for k in places:
                local[line, k] = weights[k]
        return local

    return chained(matrix(*extent, made), (of, slopes))


@push.register
def _(e: expr.Softmax, flow: Flow, symbols: Symbols) -> Dual:
    of, weights, totals = _exponentials(e, flow, symbols)

    def slopes() -> nmod_mat:
        local = diagonal(weights)
        for _, places in totals:
            for i in places:
                for k in places:
                    local[i, k] -= weights[i] * weights[k] % PRIME
        return local

    return chained(matrix(*of.extent, weights), (of, slopes))


def _exponentials(
    e: expr.LogSumExp | expr.Softmax, flow: Flow, symbols: Symbols
) -> tuple[Dual, list[int], list[tuple[int, range]]]:
    """The operand, its softmax, and for each column, or each row, the sum of exponentials and where its entries are."""
    of = push(e.operand, flow, symbols)
    rows, columns = of.extent
    entries = ints(of.value)
    exponentials = _applied(flow, "exp", 0, entries)
    size = rows * columns
    lines = (
        [range(k, size, columns) for k in range(columns)]
        if e.along == "column"
        else [range(i * columns, (i + 1) * columns) for i in range(rows)]
    )
    weights, totals = [0] * size, []
    for places in lines:
        total = sum(exponentials[k] for k in places) % PRIME
        share, logarithm = inverse(total), flow.point.function("log", 0, total)
        totals.append((total, places))
        for k in places:
            weights[k] = exponentials[k] * share % PRIME
            flow.point.logarithms[weights[k]] = (entries[k] - logarithm) % PRIME
    return of, weights, totals


# --- roots and norms -------------------------------------------------------------------------------------------------


def _power(of: Dual, base: int, exponent: int) -> Dual:
    """An integer power of a scalar."""
    base = inverse(base) if exponent < 0 else base
    magnitude = abs(exponent)
    # x^-n is a power of 1/x, whose own derivative is -x^-2
    slope = exponent * pow(base, magnitude + 1 if exponent < 0 else max(magnitude - 1, 0), PRIME) % PRIME
    return chained(scalar(pow(base, magnitude, PRIME)), (of, lambda: slope))


# the attribute of a scalar that had a root at some point: then it is no scalar that is zero or negative everywhere
HAD_A_ROOT = "_had_a_root"


def _square_root(of: Dual, square: int, e: Expr) -> Dual:
    if not has_root(square) and _is_constant(e):
        raise ConstantRoot(f"√{e} has no value in the field")
    try:
        found = root(square)
    except Resample as reason:
        raise Resample(str(reason), square=e) from None
    keep(e, HAD_A_ROOT, True)
    return chained(scalar(found), (of, lambda: inverse(2 * found)))


def _is_constant(e: Expr) -> bool:
    return not isinstance(e, Variable) and all(_is_constant(operand) for operand in children(e))


@push.register
def _(e: expr.SquareRoot, flow: Flow, symbols: Symbols) -> Dual:
    return _square_root(*number_of(e.operand, flow, symbols, "what stands under a root"), e.operand)


def _is_root(e: Expr) -> bool:
    """Whether it is a norm that is a root of a sum of squares."""
    return isinstance(e, expr.Norm) and e.kind != "1"


@push.register
def _(e: expr.Power, flow: Flow, symbols: Symbols) -> Dual:
    if e.exponent.denominator == 1 and e.exponent.numerator % 2 == 0 and _is_root(e.base):
        # ‖v‖² is a sum of squares, which has a value where its root has none
        assert isinstance(e.base, expr.Norm)
        squares, square, _ = _squares(e.base, flow, symbols)
        return _power(squares, square, e.exponent.numerator // 2)
    of, base = number_of(e.base, flow, symbols, "the base of a power")
    if e.exponent.denominator == 2:
        of = _square_root(of, base, e.base)
        base = int(of.value[0, 0])
    elif e.exponent.denominator != 1:
        raise Unvalued(f"{e} has no value in a prime field: its exponent is neither whole nor a half")
    return _power(of, base, e.exponent.numerator)


@push.register
def _(e: groups.EntrywisePower, flow: Flow, symbols: Symbols) -> Dual:
    of = push(e.operand, flow, symbols)
    entries = ints(of.value)
    if e.exponent.denominator > 2:
        raise Unvalued(f"{e} has no value in a prime field: its exponent is neither whole nor a half")
    if e.exponent.denominator == 2 and (failed := [i for i, entry in enumerate(entries) if not has_root(entry)]):
        raise Resample("a number without a root", failed)
    values, slopes = zip(*(_value_and_slope(entry, e.exponent) for entry in entries), strict=True)
    return chained(matrix(*of.extent, values), (of, lambda: diagonal(slopes)))


def _value_and_slope(base: int, exponent: Fraction) -> tuple[int, int]:
    """A power of a number, and `p b^{p-1}`, by way of `r`, where `b` is `r` or `r²`."""
    above, below = exponent.numerator, exponent.denominator
    found = root(base) if below == 2 else base
    if above < below:
        inverse(found)  # there is none of 0
    slope = above * inverse(below) * pow(found, above - below, PRIME) if above else 0
    return pow(found, above, PRIME), slope % PRIME


@push.register
def _(e: expr.Norm, flow: Flow, symbols: Symbols) -> Dual:
    if e.kind == "1":
        of = push(e.operand, flow, symbols)
        entries = ints(of.value)
        total = scalar(sum(_applied(flow, "abs", 0, entries)))
        return chained(total, (of, lambda: matrix(1, len(entries), _applied(flow, "abs", 1, entries))))
    return _square_root(*_squares(e, flow, symbols))


def _squares(e: expr.Norm, flow: Flow, symbols: Symbols) -> tuple[Dual, int, Expr]:
    """The sum of the squared entries under a norm, its value, and what it is the norm of."""
    of = push(e.operand, flow, symbols)
    if e.kind != "F" and 1 not in of.extent:
        raise Unvalued(f"the spectral norm {e} has no value in a prime field")
    entries = ints(of.value)
    square = sum(entry * entry for entry in entries) % PRIME
    squares = chained(scalar(square), (of, lambda: matrix(1, len(entries), [2 * entry % PRIME for entry in entries])))
    return squares, square, e.operand


@push.register(expr.SingularValue)
@push.register(magnitudes.SingularValueAt)
@push.register(magnitudes.SpectralSum)
def _(e: Expr, flow: Flow, symbols: Symbols) -> Dual:
    raise Unvalued(f"{e} has no value in a prime field: singular values are roots of polynomials of high degree")


@push.register(magnitudes.OverUnit)
@push.register(magnitudes.Extreme)
def _(e: Expr, flow: Flow, symbols: Symbols) -> Dual:
    raise Unvalued(f"{e} has no value in a prime field, which has no order")


# --- random quantities and training sets -----------------------------------------------------------------------------


@push.register
def _(e: dataset.Prediction, flow: Flow, symbols: Symbols) -> Dual:
    point, layers = flow.point, dataset.all_weights(e.parameters)
    depth = point.size(point.network.depth, {})
    if layers is None or [point.size(end, symbols) for end in layers] != [0, depth]:
        raise Unvalued(f"{e} has a value only with the weights of all layers as its parameters")
    source, output = expr.Hidden(0), expr.PreActivation(depth + 1)
    given = push(e.input, flow, symbols)
    if given.extent != point.extent(source):
        raise ShapeError(f"{e} has an input of {given.value.nrows()} entries: write as many as x has")
    return Flow(point, {**flow.given, source: given}).dual(output)


def _refused(e: Expr, flow: Flow, symbols: Symbols) -> Dual:
    raise Unvalued(f"{e} has no value in a prime field: {(chance.UNVALUED | dataset.UNVALUED)[type(e)]}")


for kind in chance.UNVALUED | dataset.UNVALUED:
    push.register(kind)(_refused)
