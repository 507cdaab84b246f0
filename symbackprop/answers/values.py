"""Shapes and values of many expressions at one point: what they have in common is computed once."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from flint import nmod_mat

from symbackprop.equations import Network
from symbackprop.errors import ShapeError, SymbackpropError
from symbackprop.expr import Diagonal, Expr, Hadamard, Named, Negative, Product, Quotient, Sum, Transpose
from symbackprop.judges import exact
from symbackprop.judges.claim import Claim
from symbackprop.judges.duals import Dual, Flow, push, still
from symbackprop.judges.exact import Sample
from symbackprop.judges.field import OutOfRange, Resample, Unvalued
from symbackprop.shapes import SCALAR, Shape, shape
from symbackprop.substitution import free_symbols
from symbackprop.tree import children, rebuild

# where an index that is bound further out is looked at: a layer that has one before it
PLACE = 2
# what is computed from the values of its operands, whatever they are
MADE_OF_PARTS = (Product, Hadamard, Sum, Transpose, Negative, Quotient, Diagonal)
# shapes that are looked at for one answer; most take some hundreds
MOST = 20_000
FAILED = (ShapeError, SymbackpropError, LookupError, OutOfRange, Unvalued, Resample)


class SpentError(Exception):
    """As much was tried as is allowed for one answer."""


class Values:
    """What expressions are worth at the point of a sample.

    Args:
        claim: what the sample is of.
        is_bounded: whether there is an end to what may be asked.
    """

    def __init__(self, sample: Sample, claim: Claim, network: Network, is_bounded: bool = True) -> None:
        self.network = network
        self.is_bounded = is_bounded
        self.symbols = dict(sample.symbols)
        self.known = sample.symbols.keys() | sample.setting.symbols.keys() | frozenset(getattr(network, "sizes", ()))
        self.point = exact.point_of(sample, claim)
        self._shapes: dict[Expr, Shape | None] = {}
        self._values: dict[Expr, nmod_mat | None] = {}

    def shape(self, e: Expr) -> Shape | None:
        """Rows × columns; None where its parts do not conform, or something does not exist.

        Raises:
            SpentError: where too much is asked.
        """
        if e not in self._shapes:
            if self.is_bounded and len(self._shapes) > MOST:
                raise SpentError
            self._shapes[e] = self._shape(e)
        return self._shapes[e]

    def value(self, e: Expr) -> nmod_mat | None:
        """The value; None where it has none."""
        if e not in self._values:
            self._values[e] = self._value(e)
        return self._values[e]

    def _shape(self, e: Expr) -> Shape | None:
        match e:
            case Product(factors):
                return self._product(factors)
            case Hadamard(parts) | Sum(parts):
                sizes = {self.shape(part) for part in parts}
                return sizes.pop() if len(sizes) == 1 else None
            case Transpose(operand):
                size = self.shape(operand)
                return None if size is None else size[::-1]
            case Negative(operand):
                return self.shape(operand)
            case Quotient(above, below):
                return self.shape(above) if self.shape(below) == SCALAR else None
        try:
            return shape(e, self.network)
        except FAILED:
            return None

    def _product(self, factors: tuple[Expr, ...]) -> Shape | None:
        total = SCALAR
        for factor in factors:
            size = self.shape(factor)
            if size is None:
                return None
            if total == SCALAR:
                total = size
            elif size != SCALAR:
                if total[1] != size[0]:
                    return None
                total = (total[0], size[1])
        return total

    def _value(self, e: Expr) -> nmod_mat | None:
        if not isinstance(e, MADE_OF_PARTS):
            return self._of_one(e)
        found = [self.value(part) for part in children(e)]
        stands = _stands(len(found))
        given = {stand: Dual(value) for stand, value in zip(stands, found, strict=True) if value is not None}
        if len(given) < len(found):
            return None
        try:
            return push(rebuild(e, stands), Flow(self.point, given), self.symbols).value
        except FAILED:
            return None

    def _of_one(self, e: Expr) -> nmod_mat | None:
        open_ = free_symbols(e) - self.known
        symbols = {**self.symbols, **dict.fromkeys(open_, PLACE)} if open_ else self.symbols
        try:
            return push(e, still(self.point), symbols).value
        except FAILED:
            return None


@lru_cache(maxsize=64)
def _stands(count: int) -> tuple[Any, ...]:
    """What stands for operands of which the values are known."""
    return tuple(Named(f"operand {i}") for i in range(count))
