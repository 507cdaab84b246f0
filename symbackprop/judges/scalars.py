"""Scalar functions of one variable over the field, as far as identities between them can hold there.

`exp`, `log`, `sin` and the like are keyed hashes of their argument, with `exp(-u) = 1/exp(u)`, and the logarithm of an
exponential or of an entry of a softmax is known. Where a formula has a kink, it is written with `sign(u)`, an odd hash
with `sign(2u) = sign(u)`: `|u| = u sign(u)`, `relu(u) = u (1 + sign(u))/2`, so that `|u| = relu(u) + relu(-u)` and
`max(a, b) + min(a, b) = a + b` come out. All else is what its formula makes of these: the sigmoid is
`1/(1 + exp(-u))`. What holds in the field is true; not all that is true holds here, as `exp(u + v) = exp(u) exp(v)`
does not, or `relu(3u) = 3 relu(u)`: see `is_folded`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from symbackprop import expr
from symbackprop.activations import scalar_function
from symbackprop.errors import SymbackpropError
from symbackprop.expr import Expr
from symbackprop.judges.field import PRIME, Unvalued, inverse
from symbackprop.primitives import Pairwise
from symbackprop.scalar import Activation

if TYPE_CHECKING:
    from symbackprop.judges.field import Point

Value = Callable[["Point", int], int]
HALF = (PRIME + 1) // 2
# what somebody writes down; one of 2^33 random elements is as small, in one of its rotations
COUNTED = 2**20


def _sign(point: Point, u: int) -> int:
    """An odd hash with `sign(2u) = sign(u)`: in the field twice a number is a rotation of its 61 bits.

    Small whole numbers, and halves, quarters … of them, have their own sign.
    """
    if not u:
        return 0
    if u > PRIME - u:
        return PRIME - point.function("sign", 0, PRIME - u)
    turned = [(u << k | u >> 61 - k) & PRIME for k in range(61)]
    least, least_negative = min(turned), PRIME - max(turned)
    if min(least, least_negative) <= COUNTED:
        return 1 if least < least_negative else PRIME - 1
    if least < least_negative:
        return point.hashed("sign", 0, least)
    return PRIME - point.hashed("sign", 0, least_negative)


def _step(point: Point, u: int) -> int:
    return (1 + _sign(point, u)) * HALF % PRIME if u else 0


def _exp(point: Point, u: int) -> int:
    if not u:
        return 1
    if u <= PRIME - u:
        found = point.hashed("exp", 0, u)
    else:
        found = inverse(point.function("exp", 0, PRIME - u))
        # log(1 + exp(-c)) is log(1 + exp(c)) - c, whichever is asked for first
        point.softened[(1 + found) % PRIME] = PRIME - u
    point.logarithms[found] = u
    return found


def _log(point: Point, u: int) -> int:
    if u in point.softened:
        c = point.softened[u]
        return (point.function("log", 0, 1 + point.function("exp", 0, c)) - c) % PRIME
    if u in point.sigmoids:
        return -point.function("softplus", 0, -point.sigmoids[u] % PRIME) % PRIME
    found = point.logarithms.get(u)
    return point.hashed("log", 0, u) if found is None else found


def _softplus(point: Point, u: int) -> int:
    return point.function("log", 0, (1 + point.function("exp", 0, u)) % PRIME)


def _sigmoid(point: Point, u: int) -> int:
    found = inverse(1 + point.function("exp", 0, PRIME - u if u else 0))
    # 1 - σ(u) is σ(-u)
    point.sigmoids[found], point.sigmoids[(1 - found) % PRIME] = u, -u % PRIME
    return found


def _tanh(point: Point, u: int) -> int:
    """`2 σ(2u) - 1`."""
    return (2 * inverse(1 + point.function("exp", 0, -2 * u % PRIME)) - 1) % PRIME


VALUES: dict[str, Value] = {
    "identity": lambda point, u: u,
    "exp": _exp,
    "log": _log,
    "sign": _sign,
    "step": _step,
    "abs": lambda point, u: u * _sign(point, u) % PRIME,
    "relu": lambda point, u: u * _step(point, u) % PRIME,
    "sigmoid": _sigmoid,
    "tanh": _tanh,
    "softplus": _softplus,
    "square": lambda point, u: u * u % PRIME,
    "reciprocal": lambda point, u: inverse(u),
}
SLOPES: dict[str, Value] = {
    "identity": lambda point, u: 1,
    "exp": _exp,
    "log": lambda point, u: inverse(u),
    "sign": lambda point, u: 0,
    "step": lambda point, u: 0,
    "abs": _sign,
    "relu": _step,
    "sigmoid": lambda point, u: (s := point.function("sigmoid", 0, u)) * (1 - s) % PRIME,
    "tanh": lambda point, u: (1 - point.function("tanh", 0, u) ** 2) % PRIME,
    "softplus": _sigmoid,
    "square": lambda point, u: 2 * u % PRIME,
    "reciprocal": lambda point, u: -(inverse(u) ** 2) % PRIME,
}


def value_of(point: Point, name: str, order: int, u: int) -> int:
    """A scalar function, or its derivative of that order, at an argument.

    Raises:
        Resample: where this point is no good (a denominator is zero).
        Unvalued: for a formula that has a function of which there is no value here.
    """
    if order < 2:
        found = (SLOPES if order else VALUES).get(name)
        if found is not None:
            return found(point, u)
    formula = _formula(name, order)
    return point.hashed(name, order, u) if formula is None else formula(point, u)


# functions with every identity in the field that they have in numbers
RATIONAL = frozenset({"identity", "square", "reciprocal"})


def is_folded(e: Expr) -> bool:
    """Whether an operation has more identities than it has in the field: `exp`, or `max`, but not a generic `g`."""
    match e:
        case expr.Elementwise(name) | expr.LayerMap(name) | expr.ActivationJacobian(name):
            return name not in RATIONAL and _is_known(name)
        case expr.Norm(_, kind):
            return kind == "1"
    return isinstance(e, expr.Softmax | expr.LogSumExp | Pairwise)


@cache
def _is_known(name: str) -> bool:
    try:
        return not scalar_function(name).is_generic
    except SymbackpropError:
        return False


@cache
def growth_of(name: str, order: int) -> int:
    """A bound on the degree of a function's value and slope in its argument and the hashes that it is made of."""
    if name in VALUES:
        # of the hash and the argument, and twice as much for a slope
        return 4
    try:
        row = scalar_function(name)
    except SymbackpropError:
        return 1
    return 1 if row.is_generic else max(_growth(_derivative(row, order)), _growth(_derivative(row, order + 1)))


def _growth(e: Any) -> int:
    """The sum of the degrees of the parts, of which a fraction of sums has no more."""
    if e.is_Pow and e.exp.is_Rational:
        return max(1, abs(int(e.exp.p))) * _growth(e.base)
    return max(1, sum(_growth(part) for part in e.args))


@cache
def bits_of(name: str, order: int) -> float:
    """The bits of all numbers in the formula of a function, or of its derivative of that order."""
    if order < 2 and name in VALUES:
        # a tanh is (1 - E)/(1 + E), its slope 4E/(1 + E)²
        return 2.0
    return _bits(_derivative(scalar_function(name), order))


def _bits(e: Any) -> float:
    if e.is_Rational:
        return math.log2(max(abs(int(e.p)), 1)) + math.log2(int(e.q))
    if e.is_Pow and e.exp.is_Rational:
        return max(1, abs(int(e.exp.p))) * _bits(e.base)
    return 1.0 + sum(_bits(part) for part in e.args)


@cache
def _formula(name: str, order: int) -> Value | None:
    """What the formula of a row makes of the values of its parts; None where nothing more is known."""
    try:
        row = scalar_function(name)
    except SymbackpropError:
        return None
    return None if row.is_generic else _read(_derivative(row, order))


def _derivative(row: Activation, order: int) -> Any:
    """The derivative as SymPy finds it: to write it as a person would, as the table does, takes a second or more."""
    import sympy

    return sympy.diff(row.expression(), sympy.Symbol("z", real=True), order)


def _read(e: Any) -> Value:
    """A SymPy expression in the variable `z` as a function over the field."""
    import sympy

    if e.is_Symbol:
        return lambda point, u: u
    if e.is_Rational:
        number = int(e.p) * pow(int(e.q), -1, PRIME) % PRIME
        return lambda point, u: number
    if e.is_Float and e < 0:
        return _product([lambda point, u: PRIME - 1, _read(-e)])
    if e.is_Atom:
        # π, or a constant with so many figures: no relation between them is known
        text = sympy.srepr(e)
        return lambda point, u: point.opaque(f"constant {text}")
    if isinstance(e, sympy.Piecewise):
        return _pieces(list(e.args))
    if isinstance(e, sympy.Add):
        terms = [_read(part) for part in e.args]
        return lambda point, u: sum(term(point, u) for term in terms) % PRIME
    if isinstance(e, sympy.Mul):
        return _product([_read(part) for part in e.args])
    if isinstance(e, sympy.Pow):
        return _power(e)
    return _called(e)


def _product(factors: list[Value]) -> Value:
    def made(point: Point, u: int) -> int:
        total = 1
        for factor in factors:
            total = total * factor(point, u) % PRIME
        return total

    return made


def _power(e: Any) -> Value:
    base = _read(e.base)
    if e.exp.is_Integer:
        exponent = int(e.exp)
        return lambda point, u: pow(base(point, u) if exponent > 0 else inverse(base(point, u)), abs(exponent), PRIME)
    if e.exp.is_Rational:
        # x^{p/q} is a power of one value for x^{1/q}
        above, root = int(e.exp.p), f"root {int(e.exp.q)}"

        def made(point: Point, u: int) -> int:
            found = point.hashed(root, 0, base(point, u))
            return pow(found if above > 0 else inverse(found), abs(above), PRIME)

        return made
    raise Unvalued(f"{e} has no value in a prime field: its exponent is no fraction")


NAMES = {"Abs": "abs", "sign": "sign", "exp": "exp", "log": "log", "tanh": "tanh"}


def _called(e: Any) -> Value:
    if len(e.args) != 1:
        raise Unvalued(f"{e.func.__name__} of several arguments has no value in a prime field")
    name, inner = NAMES.get(e.func.__name__), _read(e.args[0])
    if name is not None:
        return lambda point, u: point.function(name, 0, inner(point, u))
    called = e.func.__name__
    return lambda point, u: point.hashed(called, 0, inner(point, u))


def _pieces(pieces: list[tuple[Any, Any]]) -> Value:
    """Pieces as `below + (above - below) step(u - c)`, which is `below` for `u ≤ c`."""
    import sympy

    (piece, where), *rest = pieces
    here = _read(piece)
    if where is sympy.true or not rest:
        return here
    other = _pieces(rest)
    if not isinstance(where, sympy.core.relational.Relational):
        raise Unvalued(f"the condition {where} has no value in a prime field: write z <= c")
    difference = _read(where.lhs - where.rhs)
    rising = isinstance(where, sympy.Gt | sympy.Ge)
    strict = isinstance(where, sympy.Gt | sympy.Lt)

    def made(point: Point, u: int) -> int:
        gap = difference(point, u)
        # step(gap) is 1 above the place, and 0 at it
        above = _step(point, gap) if rising == strict else 1 - _step(point, -gap % PRIME)
        one, two = here(point, u), other(point, u)
        low, high = (two, one) if rising else (one, two)
        return (low + (high - low) * above) % PRIME

    return made
