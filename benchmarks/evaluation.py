"""Values of trees at 50 digits, from their definitions, for nothing but `random_networks.py`: no judge is asked.

Arrays are NumPy's, of mpmath numbers. Complex numbers go through unconjugated and what is chosen is chosen by real
parts, so that a complex step gives derivatives with all their digits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import singledispatch
from typing import Any

import mpmath
import numpy as np

from symbackprop import expr
from symbackprop.dims import Dim
from symbackprop.equations import Equation
from symbackprop.expr import LOSS, Expr, Named, Partial, Variable
from symbackprop.groups import EntrywisePower
from symbackprop.primitives import DiagonalPart, EntrywiseQuotient, Pairwise, Rows, Stacked, Trace

# a step far below the last digit that is compared; as many digits are lost in functions that cancel at complex numbers
STEP_EXPONENT = 80
DIGITS = 60 + STEP_EXPONENT
# what an exponential is taken of is at most this large: a step is small beside e^{-2·40}
LARGEST = 40

Array = Any
Symbols = Mapping[str, int]
# a variable of a family, or a single one, with an index that is a number
Key = tuple[str, int | None]

mp = mpmath.MPContext()
mp.dps = DIGITS
STEP = mp.mpf(10) ** -STEP_EXPONENT


class Explodes(Exception):
    """Numbers that are too large to compare, or that have no derivative: the network is drawn again."""


def _real(z: Any) -> Any:
    """The real part; what a step makes of a 0, where functions have their kinks, is 0."""
    return z.real if abs(z.real) > STEP else mp.mpf(0)


def _bounded_exp(z: Any) -> Any:
    if abs(_real(z)) > LARGEST:
        raise Explodes(f"exp({mp.nstr(z, 5)})")
    return mp.exp(z)


def _above(point: int, high: Callable[[Any], Any], low: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda z: high(z) if _real(z) > point else low(z)


def _modulus(z: Any) -> Any:
    return mp.sign(_real(z)) * z


def _sigmoid(z: Any) -> Any:
    return 1 / (1 + _bounded_exp(-z))


def _softplus(z: Any) -> Any:
    return mp.log(1 + _bounded_exp(z))


SELU_SCALE = mp.mpf("1.0507009873554804934193349852946")
SELU_ALPHA = mp.mpf("1.6732632423543772848170429916717")

FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "sigmoid": _sigmoid,
    "tanh": lambda z: 2 * _sigmoid(2 * z) - 1,
    "relu": _above(0, lambda z: z, lambda z: 0 * z),
    "leaky_relu": _above(0, lambda z: z, lambda z: z / 100),
    "elu": _above(0, lambda z: z, lambda z: _bounded_exp(z) - 1),
    "selu": _above(0, lambda z: SELU_SCALE * z, lambda z: SELU_SCALE * SELU_ALPHA * (_bounded_exp(z) - 1)),
    "softplus": _softplus,
    "gelu": lambda z: z * mp.erfc(-z / mp.sqrt(2)) / 2,
    "silu": lambda z: z * _sigmoid(z),
    "identity": lambda z: z,
    "exp": _bounded_exp,
    "log": mp.log,
    "abs": _modulus,
    "huber": lambda z: z * z / 2 if abs(_real(z)) <= 1 else _modulus(z) - mp.mpf("0.5"),
    "sin": mp.sin,
    "cos": mp.cos,
    "sinh": lambda z: (_bounded_exp(z) - _bounded_exp(-z)) / 2,
    "cosh": lambda z: (_bounded_exp(z) + _bounded_exp(-z)) / 2,
    "arctan": mp.atan,
    "erf": mp.erf,
    "sqrt": mp.sqrt,
    "square": lambda z: z * z,
    "reciprocal": lambda z: 1 / z,
    "sign": lambda z: mp.sign(_real(z)) + 0 * z,
    "step": _above(0, lambda z: 1 + 0 * z, lambda z: 0 * z),
    "softsign": lambda z: z / (1 + _modulus(z)),
    "hard_tanh": lambda z: z if -1 < _real(z) <= 1 else mp.sign(_real(z)) + 0 * z,
    "mish": lambda z: z * (2 * _sigmoid(2 * _softplus(z)) - 1),
    "log_sigmoid": lambda z: -_softplus(-z),
}


# where the slope of a function is what somebody chose, or the function jumps
KINKS: dict[str, tuple[int, ...]] = {
    "relu": (0,),
    "leaky_relu": (0,),
    "selu": (0,),
    "abs": (0,),
    "hard_tanh": (-1, 1),
    "sign": (0,),
    "step": (0,),
}


def _slope(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The derivative at a real point, by a complex step."""
    return lambda z: function(mp.mpc(_real(z), STEP)).imag / STEP


class Values:
    """What the variables and the gradients of a network are at one point.

    Args:
        variable: the value of a variable at an index.
        partial: the gradient of the loss by one.
        sizes: numbers for the letters of sizes.

    Attributes:
        kinks: the functions that were taken exactly at a kink.
    """

    def __init__(
        self,
        variable: Callable[[Key], Array],
        partial: Callable[[Variable, Symbols], Array],
        sizes: Symbols,
    ) -> None:
        self.variable = variable
        self.partial = partial
        self.sizes = sizes
        self.kinks: set[str] = set()

    def size(self, d: Dim, symbols: Symbols) -> int:
        """The number that a size or an index is."""
        return d.value({**self.sizes, **symbols}, _no_width)

    def of(self, e: Expr, symbols: Symbols) -> Array:
        """The value of an expression, a two-dimensional array."""
        return value(e, self, symbols)


def _no_width(kind: object, layer: int) -> int:
    raise KeyError(f"{kind} {layer}")


def key_of(variable: Variable, values: Values, symbols: Symbols) -> Key:
    """The name with the index as a number."""
    return variable.name, None if variable.index is None else values.size(variable.index, symbols)


def zeros(rows: int, columns: int) -> Array:
    """A matrix of zeros."""
    made = np.empty((rows, columns), dtype=object)
    made.fill(mp.mpf(0))
    return made


def _note_kinks(function: str, operand: Array, values: Values) -> None:
    if any(abs(z.real - at) <= STEP for at in KINKS.get(function, ()) for z in operand.flat):
        values.kinks.add(function)


def scalar(number: Any) -> Array:
    """A scalar as a matrix."""
    made = np.empty((1, 1), dtype=object)
    made[0, 0] = number
    return made


def _each(function: Callable[[Any], Any], array: Array) -> Array:
    made = np.empty(array.shape, dtype=object)
    for place, entry in np.ndenumerate(array):
        made[place] = function(entry)
    return made


@singledispatch
def value(e: Expr, values: Values, symbols: Symbols) -> Array:
    """The value of a node from those of its operands."""
    raise NotImplementedError(f"{type(e).__name__} has no value here: add it to benchmarks/evaluation.py")


@value.register
def _(e: Named, values: Values, symbols: Symbols) -> Array:
    return values.variable(key_of(e, values, symbols))


@value.register
def _(e: Partial, values: Values, symbols: Symbols) -> Array:
    if e.of != LOSS or not isinstance(e.wrt, Variable) or e.numerator:
        raise NotImplementedError(f"{e} has no value here")
    return values.partial(e.wrt, symbols)


@value.register
def _(e: expr.Number, values: Values, symbols: Symbols) -> Array:
    return scalar(mp.mpf(e.value.numerator) / e.value.denominator)


@value.register
def _(e: expr.Size, values: Values, symbols: Symbols) -> Array:
    return scalar(mp.mpf(values.size(e.size, symbols)))


@value.register
def _(e: expr.Kronecker, values: Values, symbols: Symbols) -> Array:
    return scalar(mp.mpf(values.size(e.one, symbols) == values.size(e.two, symbols)))


@value.register
def _(e: expr.Identity, values: Values, symbols: Symbols) -> Array:
    size = values.size(e.size, symbols)
    made = zeros(size, size)
    for i in range(size):
        made[i, i] = mp.mpf(1)
    return made


@value.register
def _(e: expr.Zeros, values: Values, symbols: Symbols) -> Array:
    return zeros(values.size(e.size, symbols), 1)


@value.register
def _(e: expr.Ones, values: Values, symbols: Symbols) -> Array:
    return zeros(values.size(e.size, symbols), 1) + mp.mpf(1)


@value.register
def _(e: expr.Entry, values: Values, symbols: Symbols) -> Array:
    column = 1 if e.column is None else values.size(e.column, symbols)
    return scalar(values.of(e.operand, symbols)[values.size(e.row, symbols) - 1, column - 1])


@value.register
def _(e: expr.Row, values: Values, symbols: Symbols) -> Array:
    i = values.size(e.row, symbols)
    return values.of(e.operand, symbols)[i - 1 : i, :]


@value.register
def _(e: expr.Column, values: Values, symbols: Symbols) -> Array:
    k = values.size(e.column, symbols)
    return values.of(e.operand, symbols)[:, k - 1 : k]


@value.register
def _(e: expr.Columns, values: Values, symbols: Symbols) -> Array:
    return values.of(e.operand, symbols)[:, values.size(e.first, symbols) - 1 : values.size(e.last, symbols)]


@value.register
def _(e: Rows, values: Values, symbols: Symbols) -> Array:
    return values.of(e.operand, symbols)[values.size(e.first, symbols) - 1 : values.size(e.last, symbols), :]


@value.register
def _(e: expr.WithoutBias, values: Values, symbols: Symbols) -> Array:
    return values.of(e.operand, symbols)[:, :-1]


@value.register
def _(e: expr.ColumnAt, values: Values, symbols: Symbols) -> Array:
    column = values.of(e.vector, symbols)
    made = zeros(len(column), values.size(e.width, symbols))
    made[:, values.size(e.column, symbols) - 1] = column[:, 0]
    return made


@value.register
def _(e: Stacked, values: Values, symbols: Symbols) -> Array:
    return np.concatenate([values.of(part, symbols) for part in e.parts], axis=0 if e.axis == "rows" else 1)


@value.register
def _(e: expr.Transpose, values: Values, symbols: Symbols) -> Array:
    return values.of(e.operand, symbols).T


@value.register
def _(e: expr.Product, values: Values, symbols: Symbols) -> Array:
    made: Array = None
    front = mp.mpf(1)
    for factor in e.factors:
        found = values.of(factor, symbols)
        if found.shape == (1, 1):
            front = front * found[0, 0]
        else:
            made = found if made is None else made @ found
    return scalar(front) if made is None else made * front


@value.register
def _(e: expr.Hadamard, values: Values, symbols: Symbols) -> Array:
    first, *rest = (values.of(factor, symbols) for factor in e.factors)
    for factor in rest:
        first = _alike(first, factor) * factor
    return first


def _alike(one: Array, two: Array) -> Array:
    assert one.shape == two.shape, f"{one.shape} beside {two.shape}"
    return one


@value.register
def _(e: expr.Sum, values: Values, symbols: Symbols) -> Array:
    first, *rest = (values.of(term, symbols) for term in e.terms)
    for term in rest:
        first = _alike(first, term) + term
    return first


@value.register
def _(e: expr.Negative, values: Values, symbols: Symbols) -> Array:
    return -values.of(e.operand, symbols)


@value.register
def _(e: expr.Quotient, values: Values, symbols: Symbols) -> Array:
    return values.of(e.numerator, symbols) / values.of(e.denominator, symbols)[0, 0]


@value.register
def _(e: EntrywiseQuotient, values: Values, symbols: Symbols) -> Array:
    above, below = values.of(e.numerator, symbols), values.of(e.denominator, symbols)
    return _alike(above, below) / below


def _power(z: Any, exponent: Any) -> Any:
    if exponent.denominator == 1:
        return z ** int(exponent)
    return mp.exp(mp.log(z) * exponent.numerator / exponent.denominator)


@value.register
def _(e: expr.Power, values: Values, symbols: Symbols) -> Array:
    return scalar(_power(values.of(e.base, symbols)[0, 0], e.exponent))


@value.register
def _(e: EntrywisePower, values: Values, symbols: Symbols) -> Array:
    return _each(lambda z: _power(z, e.exponent), values.of(e.operand, symbols))


@value.register
def _(e: expr.SquareRoot, values: Values, symbols: Symbols) -> Array:
    return scalar(mp.sqrt(values.of(e.operand, symbols)[0, 0]))


@value.register
def _(e: expr.Diagonal, values: Values, symbols: Symbols) -> Array:
    column = values.of(e.operand, symbols)
    made = zeros(len(column), len(column))
    for i in range(len(column)):
        made[i, i] = column[i, 0]
    return made


@value.register
def _(e: DiagonalPart, values: Values, symbols: Symbols) -> Array:
    square = values.of(e.operand, symbols)
    made = zeros(len(square), 1)
    for i in range(len(square)):
        made[i, 0] = square[i, i]
    return made


@value.register
def _(e: Trace, values: Values, symbols: Symbols) -> Array:
    square = values.of(e.operand, symbols)
    return scalar(sum((square[i, i] for i in range(len(square))), mp.mpf(0)))


@value.register
def _(e: expr.Elementwise, values: Values, symbols: Symbols) -> Array:
    function = FUNCTIONS[e.function]
    if e.order > 1:
        raise NotImplementedError(f"the derivative of order {e.order} has no value here")
    operand = values.of(e.operand, symbols)
    _note_kinks(e.function, operand, values)
    return _each(_slope(function) if e.order else function, operand)


@value.register
def _(e: expr.LayerMap, values: Values, symbols: Symbols) -> Array:
    column = _each(FUNCTIONS[e.function], values.of(e.operand, symbols))
    return np.concatenate([column, scalar(mp.mpf(1))])


@value.register
def _(e: expr.ActivationJacobian, values: Values, symbols: Symbols) -> Array:
    column = _each(_slope(FUNCTIONS[e.function]), values.of(e.operand, symbols))
    made = zeros(len(column), len(column) + 1)
    for i in range(len(column)):
        made[i, i] = column[i, 0]
    return made


@value.register
def _(e: expr.Softmax, values: Values, symbols: Symbols) -> Array:
    powers = _each(_bounded_exp, values.of(e.operand, symbols))
    return powers / powers.sum(axis=0 if e.along == "column" else 1, keepdims=True)


@value.register
def _(e: expr.LogSumExp, values: Values, symbols: Symbols) -> Array:
    powers = _each(_bounded_exp, values.of(e.operand, symbols))
    return _each(mp.log, powers.sum(axis=0 if e.along == "column" else 1, keepdims=True))


@value.register
def _(e: expr.Norm, values: Values, symbols: Symbols) -> Array:
    operand = values.of(e.operand, symbols)
    if e.kind == "1":
        _note_kinks("abs", operand, values)
        return scalar(_each(_modulus, operand).sum())
    assert e.kind == "F" or 1 in operand.shape, "a spectral norm"
    total = (operand * operand).sum()
    if abs(total) < STEP:
        raise Explodes("a norm at 0 has no derivative")
    return scalar(mp.sqrt(total))


@value.register
def _(e: Pairwise, values: Values, symbols: Symbols) -> Array:
    # a number is compared with every entry; where both are equal it is the second, or the number
    one, two = np.broadcast_arrays(*(values.of(part, symbols) for part in e.against))
    made = np.empty(one.shape, dtype=object)
    for place in np.ndindex(*one.shape):
        a, b = one[place], two[place]
        if abs((a - b).real) <= STEP:
            values.kinks.add(e.kind)
        first = _real(a - b) > 0 if e.kind == "max" else _real(a - b) < 0
        made[place] = a if first else b
    return made


@value.register
def _(e: expr.IndexedSum, values: Values, symbols: Symbols) -> Array:
    ends = range(values.size(e.lower, symbols), values.size(e.upper, symbols) + 1)
    terms = [values.of(e.body, {**symbols, e.index: i}) for i in ends]
    return sum(terms[1:], terms[0])


@value.register
def _(e: expr.IndexedProduct, values: Values, symbols: Symbols) -> Array:
    ends = list(range(values.size(e.lower, symbols), values.size(e.upper, symbols) + 1))
    factors = [values.of(e.body, {**symbols, e.index: i}) for i in (ends[::-1] if e.descending else ends)]
    if not factors:
        return scalar(mp.mpf(1))
    made = factors[0]
    for factor in factors[1:]:
        made = made @ factor
    return made


# --- forward equations ------------------------------------------------------------------------------------------------


class Forward:
    """The forward equations at one point, with an entry of one variable moved by a complex step.

    Args:
        equations: of the network.
        leaves: the value of an input or a parameter.
        sizes: numbers for the letters.
        moved: which variable, and which entry of it.
    """

    def __init__(
        self,
        equations: tuple[Equation, ...],
        leaves: Callable[[Key], Array],
        sizes: Symbols,
        moved: tuple[Key, tuple[int, int]] | None = None,
    ) -> None:
        self.equations, self.leaves, self.sizes, self.moved = equations, leaves, sizes, moved
        self.values = Values(self.variable, _no_gradient, sizes)
        self._found: dict[Key, Array] = {}

    def variable(self, key: Key) -> Array:
        """The value of a variable, by its equation."""
        if key not in self._found:
            made = self._computed(key)
            if self.moved is not None and self.moved[0] == key:
                made = made.copy()
                made[self.moved[1]] = made[self.moved[1]] + mp.mpc(0, STEP)
            self._found[key] = made
        return self._found[key]

    def _computed(self, key: Key) -> Array:
        for equation in self.equations:
            left = equation.left
            if left.name != key[0]:
                continue
            if left.index is None:
                return self.values.of(equation.right, {})
            for symbols in self._members(equation):
                if key_of(left, self.values, symbols) == key:
                    return self.values.of(equation.right, symbols)
        return self.leaves(key)

    def _members(self, equation: Equation) -> list[Symbols]:
        if equation.index is None:
            return [{}]
        ends = (self.values.size(equation.lower, {}), self.values.size(equation.upper, {}))
        return [{equation.index: i} for i in range(ends[0], ends[1] + 1)]

    @property
    def loss(self) -> Any:
        """The value of the last equation."""
        return self.values.of(self.equations[-1].right, {})[0, 0]


def _no_gradient(wrt: Variable, symbols: Symbols) -> Array:
    raise NotImplementedError(f"forward equations have no gradient by {wrt} in them")


def by_complex_step(
    equations: tuple[Equation, ...], leaves: Callable[[Key], Array], sizes: Symbols, key: Key, shape: tuple[int, int]
) -> Array:
    """The gradient of the loss by a variable, entry by entry."""
    made = zeros(*shape)
    for place in np.ndindex(*shape):
        made[place] = mp.mpc(Forward(equations, leaves, sizes, (key, place)).loss).imag / STEP
    return made
