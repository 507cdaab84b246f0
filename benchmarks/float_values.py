"""Values of trees in complex double precision, for nothing but `mutants.py`: no judge is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import singledispatch
from typing import Any, Protocol

import numpy as np

from symbackprop import expr, primitives
from symbackprop.dims import Dim
from symbackprop.expr import Expr, Variable
from symbackprop.groups import EntrywisePower

Array = Any
Symbols = Mapping[str, int]
# a variable at an index that is a number
Key = tuple[str, int | None]
STEP = 1e-30
# whole numbers above it are rounded, and what is left of them, in proportion, is lost in that
EXACT = 2.0**53
CANCELLED = 1e-10


class Misshapen(Exception):
    """Parts that do not conform at the sizes of a point."""


class Valueless(Exception):
    """Something that has no value at a point: a layer that there is not, or a number that is not finite."""


def _above(high: Callable[[Array], Array], low: Callable[[Array], Array]) -> Callable[[Array], Array]:
    return lambda z: np.where(z.real > 0, high(z), low(z))


def _sigmoid(z: Array) -> Array:
    return 1 / (1 + np.exp(-z))


FUNCTIONS: dict[str, Callable[[Array], Array]] = {
    "sigmoid": _sigmoid,
    "tanh": np.tanh,
    "relu": _above(lambda z: z, lambda z: 0 * z),
    "leaky_relu": _above(lambda z: z, lambda z: z / 100),
    "softplus": lambda z: np.log(1 + np.exp(z)),
    "silu": lambda z: z * _sigmoid(z),
    "identity": lambda z: z,
    "exp": np.exp,
    "log": np.log,
    "abs": _above(lambda z: z, lambda z: -z),
    "sin": np.sin,
    "cos": np.cos,
    "square": lambda z: z * z,
    "sqrt": np.sqrt,
    "reciprocal": lambda z: 1 / z,
    "step": _above(lambda z: 1 + 0 * z, lambda z: 0 * z),
    "sign": _above(lambda z: 1 + 0 * z, lambda z: -1 + 0 * z),
}


def _generic(name: str) -> Callable[[Array], Array]:
    """A function for a letter of which nothing is known."""
    shift = sum(map(ord, name)) % 7 / 10
    return lambda z: np.sin(z + shift) + z * z / 3


def function(name: str, order: int) -> Callable[[Array], Array]:
    """A function of one variable, or its derivative at real numbers."""
    of = FUNCTIONS.get(name) or _generic(name)
    if order == 0:
        return of
    if order == 1:
        return lambda z: of(z.real + 1j * STEP).imag / STEP + 0j
    raise Valueless(f"the derivative of order {order}")


class Flow(Protocol):
    """What the variables are, and the numbers of sizes: `places.Flow`."""

    @property
    def is_moved(self) -> bool: ...
    def of(self, e: Expr, symbols: Symbols) -> Array: ...
    def number(self, d: Dim, symbols: Symbols) -> int: ...
    def variable(self, key: Key, variable: Variable) -> Array: ...
    def partial(self, of: Expr, wrt: Variable, symbols: Symbols) -> Array: ...


def key_of(variable: Variable, flow: Flow, symbols: Symbols) -> Key:
    """The name with the index as a number."""
    return variable.name, None if variable.index is None else flow.number(variable.index, symbols)


# --- nodes ------------------------------------------------------------------------------------------------------------


@singledispatch
def value(e: Expr, flow: Flow, symbols: Symbols) -> Array:
    """The value of a node from those of its operands."""
    raise Valueless(type(e).__name__)


def _one(number: Any) -> Array:
    return np.full((1, 1), number, dtype=complex)


def _part(made: Array, what: str) -> Array:
    if 0 in made.shape:
        raise Valueless(what)
    return made


@value.register
def _(e: Variable, flow: Flow, symbols: Symbols) -> Array:
    return flow.variable(key_of(e, flow, symbols), e)


@value.register
def _(e: expr.Partial, flow: Flow, symbols: Symbols) -> Array:
    if flow.is_moved:
        raise Valueless("a derivative of a derivative")
    made = _by(e.of, e.wrt, flow, symbols)
    return made.T if e.numerator else made


def _by(of: Expr, wrt: Expr, flow: Flow, symbols: Symbols) -> Array:
    if isinstance(wrt, Variable):
        return flow.partial(of, wrt, symbols)
    if isinstance(wrt, PARTS) and isinstance(inner := wrt.operand, Expr):
        return CUT[type(wrt)](wrt, _by(of, inner, flow, symbols), flow, symbols)
    raise Valueless(f"a derivative by {wrt}")


def _row(e: expr.Row, made: Array, flow: Flow, symbols: Symbols) -> Array:
    i = flow.number(e.row, symbols)
    return _part(made[i - 1 : i, :] if i > 0 else made[:0], "a row")


def _column(e: expr.Column, made: Array, flow: Flow, symbols: Symbols) -> Array:
    k = flow.number(e.column, symbols)
    return _part(made[:, k - 1 : k] if k > 0 else made[:, :0], "a column")


def _entry(e: expr.Entry, made: Array, flow: Flow, symbols: Symbols) -> Array:
    i, k = flow.number(e.row, symbols), 1 if e.column is None else flow.number(e.column, symbols)
    if e.column is None and made.shape[0] == 1:
        i, k = k, i
    if not (0 < i <= made.shape[0] and 0 < k <= made.shape[1]):
        raise Valueless("an entry")
    return made[i - 1 : i, k - 1 : k]


def _columns(e: expr.Columns, made: Array, flow: Flow, symbols: Symbols) -> Array:
    return _part(made[:, flow.number(e.first, symbols) - 1 : flow.number(e.last, symbols)], "columns")


def _rows(e: primitives.Rows, made: Array, flow: Flow, symbols: Symbols) -> Array:
    return _part(made[flow.number(e.first, symbols) - 1 : flow.number(e.last, symbols), :], "rows")


CUT: dict[type[Expr], Callable[..., Array]] = {
    expr.Row: _row,
    expr.Column: _column,
    expr.Entry: _entry,
    expr.Columns: _columns,
    primitives.Rows: _rows,
    expr.Transpose: lambda e, made, flow, symbols: made.T,
    expr.WithoutBias: lambda e, made, flow, symbols: _part(made[:, :-1], "without bias"),
}
PARTS = tuple(CUT)
for kind, cut in CUT.items():
    value.register(kind, lambda e, flow, symbols, cut=cut: cut(e, flow.of(e.operand, symbols), flow, symbols))


@value.register
def _(e: expr.Number, flow: Flow, symbols: Symbols) -> Array:
    return _one(e.value.numerator / e.value.denominator)


@value.register
def _(e: expr.Size, flow: Flow, symbols: Symbols) -> Array:
    return _one(flow.number(e.size, symbols))


@value.register
def _(e: expr.Kronecker, flow: Flow, symbols: Symbols) -> Array:
    return _one(flow.number(e.one, symbols) == flow.number(e.two, symbols))


@value.register
def _(e: expr.Identity, flow: Flow, symbols: Symbols) -> Array:
    return np.eye(flow.number(e.size, symbols), dtype=complex)


@value.register
def _(e: expr.Zeros, flow: Flow, symbols: Symbols) -> Array:
    return np.zeros((flow.number(e.size, symbols), 1), dtype=complex)


@value.register
def _(e: expr.Ones, flow: Flow, symbols: Symbols) -> Array:
    return np.ones((flow.number(e.size, symbols), 1), dtype=complex)


@value.register
def _(e: expr.ColumnAt, flow: Flow, symbols: Symbols) -> Array:
    column = flow.of(e.vector, symbols)
    made = np.zeros((len(column), flow.number(e.width, symbols)), dtype=complex)
    k = flow.number(e.column, symbols)
    if column.shape[1] != 1 or not 0 < k <= made.shape[1]:
        raise Misshapen("a column at a place")
    made[:, k - 1] = column[:, 0]
    return made


@value.register
def _(e: expr.Product, flow: Flow, symbols: Symbols) -> Array:
    made: Array = None
    front = 1 + 0j
    for factor in e.factors:
        found = flow.of(factor, symbols)
        if found.shape == (1, 1):
            front = front * found[0, 0]
        elif made is None:
            made = found
        elif made.shape[1] == found.shape[0]:
            made = made @ found
        elif made.shape == (1, 1):
            front, made = front * made[0, 0], found
        else:
            raise Misshapen("a product")
    return _one(front) if made is None else made * front


def _alike(parts: list[Array]) -> list[Array]:
    if len({part.shape for part in parts}) > 1:
        raise Misshapen("unlike parts")
    return parts


@value.register
def _(e: expr.Hadamard, flow: Flow, symbols: Symbols) -> Array:
    return np.multiply.reduce(_alike([flow.of(factor, symbols) for factor in e.factors]))


@value.register
def _(e: expr.Sum, flow: Flow, symbols: Symbols) -> Array:
    terms = _alike([flow.of(term, symbols) for term in e.terms])
    made, sizes = np.add.reduce(terms), np.abs(terms)
    # 2^61 x - (2^61 - 1) x is x, and rounding leaves anything: such numbers show neither that it is right nor wrong
    if (sizes > EXACT).any() and (sizes.max(axis=0) * CANCELLED > np.abs(made)).any():
        raise Valueless("a sum in which nearly all cancels")
    return made


@value.register
def _(e: expr.Negative, flow: Flow, symbols: Symbols) -> Array:
    return -flow.of(e.operand, symbols)


def _scalar(made: Array) -> Any:
    if made.shape != (1, 1):
        raise Misshapen("no scalar")
    return made[0, 0]


@value.register
def _(e: expr.Quotient, flow: Flow, symbols: Symbols) -> Array:
    return flow.of(e.numerator, symbols) / _scalar(flow.of(e.denominator, symbols))


@value.register
def _(e: primitives.EntrywiseQuotient, flow: Flow, symbols: Symbols) -> Array:
    above, below = _alike([flow.of(e.numerator, symbols), flow.of(e.denominator, symbols)])
    return above / below


def _power(z: Any, exponent: Any) -> Any:
    whole = exponent.denominator == 1 and abs(exponent) < 1000
    return z ** int(exponent) if whole else z ** float(exponent)


@value.register
def _(e: expr.Power, flow: Flow, symbols: Symbols) -> Array:
    return _one(_power(_scalar(flow.of(e.base, symbols)), e.exponent))


@value.register
def _(e: EntrywisePower, flow: Flow, symbols: Symbols) -> Array:
    return _power(flow.of(e.operand, symbols), e.exponent)


@value.register
def _(e: expr.SquareRoot, flow: Flow, symbols: Symbols) -> Array:
    return _one(np.sqrt(_scalar(flow.of(e.operand, symbols))))


@value.register
def _(e: expr.Diagonal, flow: Flow, symbols: Symbols) -> Array:
    column = flow.of(e.operand, symbols)
    if column.shape[1] != 1:
        raise Misshapen("a diagonal")
    return np.diag(column[:, 0])


@value.register
def _(e: primitives.DiagonalPart, flow: Flow, symbols: Symbols) -> Array:
    return np.diag(_square(flow.of(e.operand, symbols)))[:, None]


@value.register
def _(e: primitives.Trace, flow: Flow, symbols: Symbols) -> Array:
    return _one(np.trace(_square(flow.of(e.operand, symbols))))


def _square(made: Array) -> Array:
    if made.shape[0] != made.shape[1]:
        raise Misshapen("not square")
    return made


@value.register
def _(e: expr.Elementwise, flow: Flow, symbols: Symbols) -> Array:
    operand = flow.of(e.operand, symbols)
    if e.order and flow.is_moved:
        raise Valueless("a derivative of a derivative")
    return function(e.function, e.order)(operand)


@value.register
def _(e: expr.LayerMap, flow: Flow, symbols: Symbols) -> Array:
    return np.concatenate([function(e.function, 0)(flow.of(e.operand, symbols)), _one(1)])


@value.register
def _(e: expr.ActivationJacobian, flow: Flow, symbols: Symbols) -> Array:
    column = function(e.function, 1)(flow.of(e.operand, symbols))
    if column.shape[1] != 1:
        raise Misshapen("a Jacobian")
    return np.concatenate([np.diag(column[:, 0]), np.zeros((len(column), 1))], axis=1)


@value.register
def _(e: expr.Function, flow: Flow, symbols: Symbols) -> Array:
    # every entry with a number of its own, and all of them together
    entries = np.concatenate([flow.of(part, symbols).reshape(-1) for part in e.arguments])
    own = np.arange(len(entries)) * 0.7 + 1.3
    return _one(np.sin(own * entries).sum() + entries.sum() ** 2 / 5)


@value.register
def _(e: expr.Softmax, flow: Flow, symbols: Symbols) -> Array:
    powers = np.exp(flow.of(e.operand, symbols))
    return powers / powers.sum(axis=0 if e.along == "column" else 1, keepdims=True)


@value.register
def _(e: expr.LogSumExp, flow: Flow, symbols: Symbols) -> Array:
    powers = np.exp(flow.of(e.operand, symbols))
    return np.log(powers.sum(axis=0 if e.along == "column" else 1, keepdims=True))


@value.register
def _(e: expr.Norm, flow: Flow, symbols: Symbols) -> Array:
    operand = flow.of(e.operand, symbols)
    if e.kind == "1":
        return _one(FUNCTIONS["abs"](operand).sum())
    if e.kind != "F" and 1 not in operand.shape:
        if flow.is_moved:
            raise Valueless("the derivative of a spectral norm")
        return _one(np.linalg.norm(operand.real, 2))
    return _one(np.sqrt((operand * operand).sum()))


@value.register
def _(e: primitives.Pairwise, flow: Flow, symbols: Symbols) -> Array:
    one, two = (flow.of(part, symbols) for part in e.against)
    if one.shape != two.shape and not any(isinstance(part, expr.Number) for part in e.against):
        raise Misshapen("unlike parts")
    one, two = np.broadcast_arrays(one, two)
    return np.where(one.real > two.real if e.kind == "max" else one.real < two.real, one, two)


@value.register
def _(e: expr.IndexedSum, flow: Flow, symbols: Symbols) -> Array:
    ends = range(flow.number(e.lower, symbols), flow.number(e.upper, symbols) + 1)
    terms = [flow.of(e.body, {**symbols, e.index: i}) for i in ends]
    if not terms:
        raise Valueless("an empty sum")
    return np.add.reduce(_alike(terms))


@value.register
def _(e: expr.IndexedProduct, flow: Flow, symbols: Symbols) -> Array:
    ends = list(range(flow.number(e.lower, symbols), flow.number(e.upper, symbols) + 1))
    factors = [flow.of(e.body, {**symbols, e.index: i}) for i in (ends[::-1] if e.descending else ends)]
    made = _one(1) if not factors else factors[0]
    for factor in factors[1:]:
        if made.shape[1] != factor.shape[0]:
            raise Misshapen("a product over layers")
        made = made @ factor
    return made
