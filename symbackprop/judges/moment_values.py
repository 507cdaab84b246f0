"""Values of expressions in a network with random weights: exact numbers, or arrays of outcomes or of samples.

Forward equations and the chain rule are written down once more here, entry by entry: nothing is imported from the
rules.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from contextlib import suppress
from fractions import Fraction
from typing import Any, Protocol

from symbackprop import expr
from symbackprop.chance import Expectation, Variance
from symbackprop.dims import Dim, Units, Width
from symbackprop.expr import Bias, Entry, Expr, Hidden, Partial, PreActivation, Weight
from symbackprop.judges.claim import Claim
from symbackprop.judges.laws import Atom, Kind, Unvalued
from symbackprop.substitution import free_symbols

NAMES: dict[type[Expr], str] = {Weight: "W", Bias: "b", Hidden: "h", PreActivation: "z"}


class Space(Protocol):
    """Random values, of which means can be taken."""

    @property
    def kind(self) -> Kind:
        """The distributions."""

    @property
    def correction(self) -> float:
        """What the variance of as many values is multiplied with, so that its mean is that of the distribution."""

    def entry(self, atom: Atom) -> Any:
        """The values of one entry."""

    def applied(self, order: int, value: Any, function: str) -> Any:
        """The activation, or a derivative of it, of values."""

    def mean(self, operand: Expr, symbols: dict[str, int]) -> Any:
        """The mean of an expression."""


class OutOfRange(Exception):
    """A layer or a unit that the network does not have."""


def size_of(d: Dim, symbols: dict[str, int], kind: Kind) -> int:
    """A dim as a number.

    Raises:
        OutOfRange: for the width of a layer that the network does not have, or a symbol without a value.
    """

    def sized(what: type[Width] | type[Units], layer: int) -> int:
        if not 0 <= layer < len(kind.widths):
            raise OutOfRange(f"there is no layer {layer}")
        return kind.widths[layer] if what is Width else kind.units(layer)

    try:
        return d.value(symbols, sized)
    except KeyError as name:
        raise OutOfRange(f"nothing is known of {name}") from None


def value(e: Expr, space: Space, symbols: dict[str, int]) -> Any:
    """A scalar: exact numbers or arrays of samples; outside a mean it is a number, or one for each batch.

    Raises:
        Unvalued: for what has none here.
        OutOfRange: where it names what the network does not have.
    """
    if isinstance(e, Entry | Partial):
        atom = _atom(e, symbols, space.kind)
        if atom is not None:
            return space.entry(atom)
    match e:
        case expr.Number(number):
            return number if number.denominator > 1 else int(number)
        case expr.Size(size):
            return size_of(size, symbols, space.kind)
        case expr.Sum(terms):
            return sum(value(term, space, symbols) for term in terms)
        case expr.Product(factors):
            return math.prod(value(factor, space, symbols) for factor in factors)
        case expr.Negative(operand):
            return -value(operand, space, symbols)
        case expr.Quotient(above, below):
            return _ratio(value(above, space, symbols), value(below, space, symbols))
        case expr.Power(base, exponent) if exponent.denominator == 1:
            return _power(value(base, space, symbols), int(exponent))
        case expr.IndexedSum(name, low, high, body) | expr.IndexedProduct(name, low, high, body):
            ends = (size_of(end, symbols, space.kind) for end in (low, high))
            parts = (value(body, space, {**symbols, name: i}) for i in _span(*ends))
            return sum(parts) if isinstance(e, expr.IndexedSum) else math.prod(parts)
        case expr.Elementwise(_, operand, order):
            return space.applied(order, value(operand, space, symbols), e.function)
        case Expectation(operand):
            return space.mean(operand, symbols)
        case Variance(operand):
            first = space.mean(operand, symbols)
            return space.correction * (space.mean(expr.Power(operand, Fraction(2)), symbols) - first * first)
    raise Unvalued(f"{e} has no value in a network with random weights")


def _span(low: int, high: int) -> range:
    if high < low - 1:
        raise OutOfRange(f"nothing is from {low} to {high}")
    return range(low, high + 1)


def _ratio(above: Any, below: Any) -> Any:
    if isinstance(above, int) and isinstance(below, int):
        return Fraction(above, below)
    return above / below


def _power(base: Any, exponent: int) -> Any:
    return Fraction(base) ** exponent if exponent < 0 and isinstance(base, int) else base**exponent


def _atom(e: Expr, symbols: dict[str, int], kind: Kind) -> Atom | None:
    """Which entry an expression is; None if it is none."""
    match e:
        case Partial(expr.Loss(), Entry(v, row, None)) | Entry(Partial(expr.Loss(), v), row, None):
            if not isinstance(v, PreActivation | Hidden):
                return None
            name, column = "d" + NAMES[type(v)], None
        case Entry(v, row, column) if type(v) in NAMES:
            name = NAMES[type(v)]
        case _:
            return None
    assert isinstance(v, expr.Variable) and v.index is not None
    layer, i = size_of(v.index, symbols, kind), size_of(row, symbols, kind)
    k = 0 if column is None else size_of(column, symbols, kind)
    _check(name, layer, i, k, kind)
    return name, layer, i, k


def _check(name: str, layer: int, i: int, k: int, kind: Kind) -> None:
    first, last = {"z": (1, 1), "dz": (1, 1), "h": (0, 0), "dh": (1, 0), "W": (0, 0), "b": (0, 0)}[name]
    if not first <= layer <= kind.depth + last:
        raise OutOfRange(f"there is no {name} of layer {layer}")
    rows = kind.units(layer + 1) if name in "Wb" else kind.widths[layer] if name in ("h", "dh") else kind.units(layer)
    columns = kind.widths[layer] if name == "W" else 0
    if not 1 <= i <= rows or not (1 if name == "W" else 0) <= k <= columns:
        raise OutOfRange(f"there is no entry {i},{k} of {name} in layer {layer}")


# --- what is asked for ------------------------------------------------------------------------------------------------


class Asked:
    """Notes which entries are asked for."""

    correction = 1

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.atoms: set[Atom] = set()

    def entry(self, atom: Atom) -> int:
        self.atoms.add(atom)
        return 1

    def applied(self, order: int, value: Any, function: str) -> int:
        return 1

    def mean(self, operand: Expr, symbols: dict[str, int]) -> int:
        value(operand, self, symbols)
        return 1


def key_of(operand: Expr, symbols: dict[str, int]) -> Hashable:
    """What a mean depends on."""
    return operand, tuple(sorted((name, i) for name, i in symbols.items() if name in free_symbols(operand)))


def computed(atom: Atom, space: Any) -> Any:
    """An entry that is not drawn, by the forward equations and the chain rule.

    `z_{l+1} = W_l h_l`, `h_l = g(z_l)`, `∂L/∂h_l = W_lᵀ ∂L/∂z_{l+1}`, `∂L/∂z_l = g'(z_l) ∂L/∂h_l`.
    """
    kind: Kind = space.kind
    name, layer, row, _ = atom
    match name:
        case "h" if row > kind.units(layer):
            return 1
        case "h":
            return space.applied(0, space.entry(("z", layer, row, 0)), kind.activation)
        case "z":
            columns = range(1, kind.widths[layer - 1] + 1)
            total = sum(space.entry(("W", layer - 1, row, k)) * space.entry(("h", layer - 1, k, 0)) for k in columns)
            return total + space.entry(("b", layer - 1, row, 0)) if kind.bias == "separate" else total
        case "dh":
            rows = range(1, kind.units(layer + 1) + 1)
            return sum(space.entry(("W", layer, i, row)) * space.entry(("dz", layer + 1, i, 0)) for i in rows)
        case "dz":
            slope = space.applied(1, space.entry(("z", layer, row, 0)), kind.activation)
            return slope * space.entry(("dh", layer, row, 0))
    raise Unvalued(f"{atom} is drawn")


def check_consistent(asked: set[Atom], kind: Kind) -> None:
    """Raise `Unvalued` for what the assumption on gradients says nothing of.

    With it, pre-activations are any: not those that weights in the same claim make.
    """
    if not kind.draws.independent_gradients:
        if any(name in ("dz", "dh") for name, *_ in asked):
            raise Unvalued("the law of a gradient follows from nothing that is assumed")
        return
    layers = {layer for name, layer, *_ in asked if name in ("z", "h")}
    weights = {layer for name, layer, *_ in asked if name in "Wb"}
    if len(layers) > 1 or any(w < z for w in weights for z in layers):
        raise Unvalued("the pre-activations of one layer only are assumed, not how they come from those before")


def top_of(claim: Claim, symbols: dict[str, int], kind: Kind) -> int:
    """The last layer of which the gradient is drawn: the highest that the claim names."""
    asked = Asked(kind)
    for side in (claim.left, claim.right):
        # a side that names what is not there names nothing else either
        with suppress(OutOfRange):
            value(side, asked, symbols)
    return max((layer + (name == "dh") for name, layer, *_ in asked.atoms if name in ("dz", "dh")), default=0)
