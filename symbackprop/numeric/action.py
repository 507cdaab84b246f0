"""Products, and what a matrix does to a vector.

A product is never multiplied out where it ends in a column (or begins with a row): each matrix acts on a vector, from
that end, and says by `apply` how it does so.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch

from symbackprop import expr
from symbackprop.expr import Expr
from symbackprop.numeric import primitives, sizes
from symbackprop.numeric.code import Code, atomic, grouped
from symbackprop.numeric.forms import Form, form
from symbackprop.numeric.source import emit, loop, summed, times, unit_row, unsigned

REGISTERED = (primitives, sizes)  # importing them registers their readers


def value(e: Expr, code: Code) -> str:
    """NumPy source for the value of any expression, products included."""
    return emit(e, code)


@emit.register
def _(e: expr.Product, code: Code) -> str:
    scalars: list[str] = []
    segments: list[list[Expr]] = [[]]
    for factor in e.factors:
        found = form(factor, code.network)
        if found is Form.SCALAR:
            scalars.append(emit(factor, code))
            continue
        if segments[-1] and found is Form.ROW and form(segments[-1][-1], code.network).is_column:
            # a column times a row: an outer product, each side of which is worked out by itself
            segments.append([])
        segments[-1].append(factor)
    if scalars and len(segments) == 1 and segments[0] and form(e, code.network) is not _form(segments[0], code):
        # a layer of one unit, of which the vector is written as a scalar: it is what the matrices act on
        start, transposed = f"np.array([{times(scalars)}])", form(e, code.network) is Form.ROW
        return act(segments[0] if transposed else segments[0][::-1], start, code, transposed=transposed)
    ends: list[str] = []
    for segment in filter(None, segments):
        text, found = _segment(segment, code)
        if found is Form.SCALAR and len(segments) > 1:
            scalars.append(text)
        else:
            ends.append(text)
    if len(ends) == 2:
        ends = [f"{grouped(ends[0])} @ {grouped(ends[1])}.T" if code.batch else f"np.outer({ends[0]}, {ends[1]})"]
    return times([*scalars, *ends])


def _form(factors: Sequence[Expr], code: Code) -> Form:
    return Form((form(factors[0], code.network).value[0], form(factors[-1], code.network).value[1]))


def _segment(factors: Sequence[Expr], code: Code) -> tuple[str, Form]:
    """The value of a product without an outer product in it."""
    first, last = form(factors[0], code.network), form(factors[-1], code.network)
    if last is Form.COLUMN:
        inner = factors[1:-1] if first is Form.ROW and len(factors) > 1 else factors[:-1]
        text = act(inner[::-1], emit(factors[-1], code), code)
        if first is not Form.ROW:
            return text, Form.COLUMN
        left = emit(factors[0], code)
        dot = code.sum_of(f"{grouped(left)} * {grouped(text)}") if code.batch else f"{grouped(left)} @ {grouped(text)}"
        return dot, Form.SCALAR
    if first is Form.ROW:
        return act(factors[1:], emit(factors[0], code), code, transposed=True), Form.ROW
    return " @ ".join(grouped(emit(f, code)) for f in factors), Form.MATRIX


def act(factors: Sequence[Expr], start: str, code: Code, name: str = "", transposed: bool = False) -> str:
    """The matrices applied one after another to the vector `start`, kept under `name` on the way."""
    text = start
    for factor in factors:
        if isinstance(factor, expr.IndexedProduct) or not atomic(text):
            # a vector that is read more than once, or changed in a loop, has a name
            name = name or code.fresh()
            if text != name:
                code.line(f"{name} = {text}")
            text = name
        if isinstance(factor, expr.IndexedProduct):
            _act_in_loop(factor, code, name, transposed)
        else:
            text = apply(factor, text, code, transposed)
    return text


def _act_in_loop(e: expr.IndexedProduct, code: Code, name: str, transposed: bool) -> None:
    """The rightmost factor acts first, or the leftmost if the product is transposed."""
    body = expr.factors_of(e.body)
    with code.block(loop(e, code, rising=transposed != e.descending)):
        text = act(body if transposed else body[::-1], name, code, name, transposed)
        code.line(f"{name} = {text}")


# --- what a matrix does to a vector ----------------------------------------------------------------------------------


@singledispatch
def apply(e: Expr, v: str, code: Code, transposed: bool = False) -> str:
    """NumPy source for a matrix, or its transpose, times the vector called `v`."""
    if form(e, code.network) is Form.SCALAR:
        return f"{grouped(emit(e, code))} * {v}"
    return f"{grouped(emit(e, code))}{'.T' if transposed else ''} @ {v}"


@apply.register
def _(e: expr.Transpose, v: str, code: Code, transposed: bool = False) -> str:
    return apply(e.operand, v, code, not transposed)


@apply.register
def _(e: expr.Identity, v: str, code: Code, transposed: bool = False) -> str:
    return v


@apply.register
def _(e: expr.ActivationJacobian, v: str, code: Code, transposed: bool = False) -> str:
    slope = emit(expr.Elementwise(e.function, e.operand, 1), code)
    # the zero column meets the last entry of v; transposed it gives a last entry 0
    return f"np.concatenate([{slope} * {v}, np.zeros_like({v}[:1])])" if transposed else f"{slope} * {v}[:-1]"


@apply.register
def _(e: expr.Diagonal, v: str, code: Code, transposed: bool = False) -> str:
    return f"{grouped(emit(e.operand, code))} * {v}"


@apply.register
def _(e: expr.ColumnAt, v: str, code: Code, transposed: bool = False) -> str:
    column = grouped(emit(e.vector, code))
    return f"({column} @ {v}) * ({unit_row(e, code)})" if transposed else f"{column} * {v}[{code.dim(e.column - 1)}]"


@apply.register
def _(e: expr.Product, v: str, code: Code, transposed: bool = False) -> str:
    return act(e.factors if transposed else e.factors[::-1], v, code, transposed=transposed)


@apply.register
def _(e: expr.IndexedProduct, v: str, code: Code, transposed: bool = False) -> str:
    return act([e], v, code, transposed=transposed)


@apply.register
def _(e: expr.Sum, v: str, code: Code, transposed: bool = False) -> str:
    return summed([(isinstance(t, expr.Negative), apply(unsigned(t), v, code, transposed)) for t in e.terms])


@apply.register
def _(e: expr.Negative, v: str, code: Code, transposed: bool = False) -> str:
    return f"-{grouped(apply(e.operand, v, code, transposed))}"


@apply.register
def _(e: expr.Quotient, v: str, code: Code, transposed: bool = False) -> str:
    return f"{grouped(apply(e.numerator, v, code, transposed))} / {grouped(emit(e.denominator, code))}"


@apply.register
def _(e: expr.IndexedSum, v: str, code: Code, transposed: bool = False) -> str:
    total = code.fresh()
    code.line(f"{total} = 0.0")
    with code.block(loop(e, code, rising=True)):
        code.line(f"{total} = {total} + {apply(e.body, v, code, transposed)}")
    return total
