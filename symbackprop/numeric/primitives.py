"""NumPy source for traces, diagonals, blocks, rows, and quotients and extremes entry by entry."""

from __future__ import annotations

from symbackprop.expr import Expr
from symbackprop.numeric.code import Code, grouped
from symbackprop.numeric.forms import Form, form
from symbackprop.numeric.source import emit
from symbackprop.primitives import ROWS, DiagonalPart, EntrywiseQuotient, Pairwise, Rows, Stacked, Trace


@emit.register
def _(e: Trace, code: Code) -> str:
    return f"np.trace({_square(e.operand, code)})"


@emit.register
def _(e: DiagonalPart, code: Code) -> str:
    return f"np.diag({_square(e.operand, code)})"


def _square(e: Expr, code: Code) -> str:
    text = emit(e, code)
    return text if form(e, code.network) is Form.MATRIX else f"np.reshape({text}, (1, 1))"


@emit.register
def _(e: EntrywiseQuotient, code: Code) -> str:
    return f"{grouped(emit(e.numerator, code))} / {grouped(emit(e.denominator, code))}"


@emit.register
def _(e: Pairwise, code: Code) -> str:
    return f"np.{e.kind}imum({emit(e.left, code)}, {emit(e.right, code)})"


@emit.register
def _(e: Stacked, code: Code) -> str:
    parts = [(emit(part, code), form(part, code.network)) for part in e.parts]
    texts = ", ".join(text for text, _ in parts)
    if form(e, code.network) is not Form.MATRIX:
        # vectors and numbers one after another; a number in code for a batch is one for each example
        one_after_another = (text if found is not Form.SCALAR else f"np.atleast_1d({text})" for text, found in parts)
        return f"np.concatenate([{', '.join(one_after_another)}])"
    return f"np.vstack([{texts}])" if e.axis == ROWS else f"np.column_stack([{texts}])"


@emit.register
def _(e: Rows, code: Code) -> str:
    inner, found = grouped(emit(e.operand, code)), form(e.operand, code.network)
    # of what has one row, they are that row
    return inner if found.value[0] else f"{inner}[{code.dim(e.first - 1)}:{code.dim(e.last)}]"
