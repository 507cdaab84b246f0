"""Values in float64 of what says how large something is: norms, singular values, extremes; and of predictions."""

from __future__ import annotations

import numpy as np

from symbackprop import chance, dataset, expr, magnitudes
from symbackprop.errors import ShapeError
from symbackprop.expr import Expr, Named
from symbackprop.judges.floats import Missing, NotNumeric, Point, Symbols, at, place, scalar, value
from symbackprop.numeric.backprop import Array
from symbackprop.substitution import put

_ATTAINED = {"sup": expr.LARGEST, "inf": expr.SMALLEST}


def singular_values(A: Array) -> Array:
    """The `min(rows, columns)` singular values in falling order, after a complex step with the derivative of each.

    That of `σ(A + ε B)` by `ε` is `uᵀ B v`, where `σ` is simple: NumPy's own take moduli, and are not analytic.
    """
    if not np.isfinite(A).all():
        # at a point at which something is divided by 0, nothing is known of them
        return np.full(min(A.shape), np.nan)
    if not np.iscomplexobj(A):
        return np.linalg.svd(A, compute_uv=False)
    u, values, v = np.linalg.svd(A.real, full_matrices=False)
    return values + 1j * np.einsum("ik,ij,kj->k", u, A.imag, v)


def one_of(A: Array, which: str) -> Array:
    """`σ_{1,1}`, `σ_{n,n}` or the smallest that is not 0."""
    values = singular_values(A)
    if which == expr.LARGEST:
        return scalar(values[0])
    if which == expr.LEAST_NONZERO:
        # what is nearer to 0 than rounding can tell is 0
        nonzero = values[values.real > max(A.shape) * np.finfo(float).eps * values[0].real]
        return scalar(nonzero[-1] if len(nonzero) else values[0])
    # σ_{n,n} is inf ‖A v‖ over unit v (slide "Exploding gradients"): 0 where there are more columns than rows
    return scalar(values[-1] if A.shape[0] >= A.shape[1] else 0.0)


@value.register
def _(e: expr.Norm, point: Point, symbols: Symbols) -> Array:
    inner = at(e.operand, point, symbols)
    if e.kind == "1":
        return scalar((inner * np.sign(inner.real)).sum())
    if e.kind == "F" or 1 in inner.shape:
        # not numpy.linalg.norm, which takes moduli and so is not analytic
        return scalar(np.sqrt((inner * inner).sum()))
    return one_of(inner, expr.LARGEST)


@value.register
def _(e: expr.SingularValue, point: Point, symbols: Symbols) -> Array:
    return one_of(at(e.operand, point, symbols), e.which)


@value.register
def _(e: magnitudes.SingularValueAt, point: Point, symbols: Symbols) -> Array:
    values = singular_values(at(e.operand, point, symbols))
    return scalar(values[place(e.at, len(values), point, symbols)])


@value.register
def _(e: magnitudes.SpectralSum, point: Point, symbols: Symbols) -> Array:
    count = min(at(e.of, point, symbols).shape)
    return sum((at(e.body, point, {**symbols, e.index: turn}) for turn in range(1, count + 1)), np.zeros((1, 1)))


@value.register
def _(e: magnitudes.Extreme, point: Point, symbols: Symbols) -> Array:
    low, high = point.size(e.lower, symbols), point.size(e.upper, symbols)
    if high < low:
        raise Missing(f"the {e.kind} from {low} to {high} has no meaning")
    values = [at(e.body, point, {**symbols, e.index: turn}) for turn in range(low, high + 1)]
    return (max if e.kind == "max" else min)(values, key=lambda one: float(one.real.item()))


@value.register
def _(e: magnitudes.OverUnit, point: Point, symbols: Symbols) -> Array:
    return one_of(_linear(e, point, symbols), _ATTAINED[e.kind])


def _linear(e: magnitudes.OverUnit, point: Point, symbols: Symbols) -> Array:
    """The matrix `A` of a `sup` or `inf` of `‖A v‖`: what the norm is taken of, at each basis vector.

    Raises:
        NotNumeric: where it is not the norm of a column that is linear in the vector.
    """
    refused = NotNumeric(
        f"{e} has a value here only as the {e.kind} of the norm of a column that is linear in {e.vector}"
    )
    if not isinstance(e.body, expr.Norm):
        raise refused
    # a name that no network has, so that nothing else follows from it
    unit = Named(f"unit vector {e.vector}")
    inner = put(e.body.operand, e.vector, unit)

    def image(vector: Array) -> Array:
        made = at(inner, point.moved(unit, vector), symbols)
        if made.shape[1] != 1:
            raise refused
        return made

    size = len(at(e.vector, point, symbols))
    made = np.concatenate([image(column[:, None]) for column in np.eye(size)], axis=1)
    tried = np.random.default_rng(point.seed).standard_normal((size, 1))
    if not np.allclose(image(tried), made @ tried, rtol=1e-9):
        raise refused
    return made


# --- random quantities and training sets -----------------------------------------------------------------------------


@value.register
def _(e: dataset.Prediction, point: Point, symbols: Symbols) -> Array:
    layers, depth = dataset.all_weights(e.parameters), point.size(point.network.depth, {})
    if layers is None or [point.size(end, symbols) for end in layers] != [0, depth]:
        raise NotNumeric(f"{e} has a value only with the weights of all layers as its parameters")
    source, made = expr.Hidden(0), at(e.input, point, symbols)
    if made.shape != point.value(source).shape:
        raise ShapeError(f"{e} has an input of {len(made)} entries: write as many as x has")
    return point.moved(source, made).value(expr.PreActivation(depth + 1))


def _refused(e: Expr, point: Point, symbols: Symbols) -> Array:
    raise NotNumeric(f"{e} has no value in numbers: {(chance.UNVALUED | dataset.UNVALUED)[type(e)]}")


for kind in chance.UNVALUED | dataset.UNVALUED:
    value.register(kind)(_refused)
