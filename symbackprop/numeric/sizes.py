"""NumPy source for singular values and extremes; and why there is none for what is random or a whole training set."""

from __future__ import annotations

from symbackprop import chance, dataset, expr, magnitudes
from symbackprop.dims import Dim, index
from symbackprop.errors import SymbackpropError
from symbackprop.expr import Expr
from symbackprop.numeric.code import Code
from symbackprop.numeric.forms import Form, form
from symbackprop.numeric.source import emit, loop, over_entries, spread
from symbackprop.substitution import free_symbols
from symbackprop.tree import children, subterms

_HELPERS = {expr.SMALLEST: "smallest_singular_value", expr.LEAST_NONZERO: "smallest_nonzero_singular_value"}


@emit.register
def _(e: expr.SingularValue, code: Code) -> str:
    found = form(e.operand, code.network)
    if found is Form.MATRIX and e.which == expr.LARGEST:
        return f"np.linalg.norm({emit(e.operand, code)}, 2)"
    if found is Form.MATRIX:
        return f"{code.helper(_HELPERS[e.which])}({emit(e.operand, code)})"
    if found is Form.ROW and e.which == expr.SMALLEST:
        # a row has more columns than rows, so that some unit vector is sent to 0
        return "0.0"
    # the only singular value of a column or a row is its length
    return emit(expr.Norm(e.operand), code)


def _all_singular_values(e: Expr, code: Code) -> str:
    return f"np.linalg.svd(np.atleast_2d({emit(e, code)}), compute_uv=False)"


@emit.register
def _(e: magnitudes.SingularValueAt, code: Code) -> str:
    if e.at.symbols & code.spread:
        return _all_singular_values(e.operand, code)
    return f"{_all_singular_values(e.operand, code)}[{code.dim(e.at - 1)}]"


@emit.register
def _(e: magnitudes.SpectralSum, code: Code) -> str:
    if e.index not in free_symbols(e.body) or not _over_values(e.body, e):
        raise SymbackpropError(
            f"{e} cannot be compiled: only a formula in the singular values σ_{{{e.index},{e.index}}} of {e.of} can"
        )
    return f"np.sum({spread(e.body, e.index, code)})"


def _over_values(body: Expr, e: magnitudes.SpectralSum) -> bool:
    """Whether the index of a sum over singular values stands nowhere but at those."""
    if body == magnitudes.SingularValueAt(e.of, index(e.index)):
        return True
    if any(isinstance(own, Dim) and e.index in own.symbols for own in body._values()):
        return False
    return all(_over_values(child, e) for child in children(body))


@emit.register
def _(e: magnitudes.Extreme, code: Code) -> str:
    if over_entries(e, code):
        return f"np.{e.kind}({spread(e.body, e.index, code)}{', axis=0' if code.batch else ''})"
    total = code.fresh()
    code.line(f"{total} = {'-' if e.kind == 'max' else ''}np.inf")
    with code.block(loop(e, code, rising=True)):
        code.line(f"{total} = np.{e.kind}imum({total}, {emit(e.body, code)})")
    return total


@emit.register
def _(e: magnitudes.OverUnit, code: Code) -> str:
    match e.body:
        case expr.Norm(expr.Product((*matrices, vector))) if vector == e.vector and not _occurs(e, matrices):
            of = matrices[0] if len(matrices) == 1 else expr.Product(tuple(matrices))
            return emit(expr.SingularValue(of, expr.LARGEST if e.kind == "sup" else expr.SMALLEST), code)
    raise SymbackpropError(f"{e} cannot be compiled: write the norm of a matrix times {e.vector}")


def _occurs(e: magnitudes.OverUnit, parts: list[Expr]) -> bool:
    """Whether the vector that is bound occurs in any of them."""
    return any(e.vector == inner for part in parts for _, inner in subterms(part))


# --- random quantities and training sets -----------------------------------------------------------------------------


@emit.register
def _(e: dataset.Prediction, code: Code) -> str:
    raise SymbackpropError(f"{e} cannot be compiled: compile the output of the network, and call that with the input")


def _refused(e: Expr, code: Code) -> str:
    raise SymbackpropError(f"{e} cannot be compiled: {(chance.UNVALUED | dataset.UNVALUED)[type(e)]}")


for kind in chance.UNVALUED | dataset.UNVALUED:
    emit.register(kind)(_refused)
