"""What a change to an answer says: the mistake that it takes back, and what is told of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from symbackprop.answers.question import Question
from symbackprop.dims import Dim
from symbackprop.errors import ShapeError, SymbackpropError
from symbackprop.expr import (
    ActivationJacobian,
    Diagonal,
    Elementwise,
    Expr,
    Hadamard,
    Hidden,
    LayerMap,
    PreActivation,
    Product,
    Sum,
    Variable,
)
from symbackprop.shapes import SCALAR, Shape, shape
from symbackprop.tree import children, subterms


@dataclass(frozen=True)
class Repair:
    """A part of an answer as it should have been.

    Attributes:
        code: of the mistake that is taken back.
        instead: what stands in place of the part.
        says: what to look at; `{part}` is the part as it was written.
    """

    code: str
    instead: Expr
    says: str


@dataclass(frozen=True)
class Layer:
    """An activation in the network: `h = g(z)`.

    Attributes:
        hidden: what it is called; None where it has no name.
    """

    function: str
    argument: Expr
    hidden: Variable | None

    @property
    def slope(self) -> Expr:
        """`g'(z)`."""
        return Elementwise(self.function, self.argument, 1)


@dataclass
class Where:
    """What a repair may look at: the question, the whole answer, and what it is about."""

    question: Question
    head: Expr
    answer: Expr

    def shape(self, e: Expr) -> Shape | None:
        """Its shape; None where its parts do not conform."""
        try:
            return shape(e, self.question.network)
        except (ShapeError, SymbackpropError, LookupError):
            return None

    def is_scalar(self, e: Expr) -> bool:
        return self.shape(e) == SCALAR

    def is_column(self, e: Expr) -> bool:
        found = self.shape(e)
        return found is not None and found[1] == SCALAR[1] and found != SCALAR

    @cached_property
    def layers(self) -> Sequence[Layer]:
        """The activations of the network; of a family those of the layers that the answer or the question mentions."""
        return tuple(dict.fromkeys(self._layers()))

    def _layers(self) -> Iterator[Layer]:
        indices = {part.index for e in (self.answer, self.head) for part in _variables(e) if part.index is not None}
        wanted = sorted({near for each in indices for near in (each, each + 1, each - 1)}, key=str)
        for equation in self.question.network.equations:
            for part in (part for _, part in subterms(equation.right)):
                if not isinstance(part, Elementwise | LayerMap) or (isinstance(part, Elementwise) and part.order):
                    continue
                is_whole = part == equation.right
                if equation.index is None:
                    yield Layer(part.function, part.operand, equation.left if is_whole else None)
                    continue
                for index in wanted:
                    yield from self._member(equation.left, part, index, is_whole)

    def _member(self, left: Variable, part: Elementwise | LayerMap, index: Dim, is_whole: bool) -> Iterator[Layer]:
        """The activation of one layer of a family."""
        z = part.operand
        if not isinstance(z, PreActivation) or not is_whole:
            return
        if self.shape(PreActivation(index)) is not None and self.shape(Hidden(index)) is not None:
            yield Layer(part.function, PreActivation(index), Hidden(index))

    @cached_property
    def variables(self) -> Sequence[Variable]:
        """The variables in the answer, each once."""
        return tuple(dict.fromkeys(_variables(self.answer)))

    def exists(self, variable: Expr) -> bool:
        return self.shape(variable) is not None


def is_slope(e: Expr) -> bool:
    """Whether a factor is the derivative of an activation, entry by entry or as a matrix."""
    match e:
        case Elementwise(order=order):
            return order > 0
        case Diagonal(operand):
            return is_slope(operand)
    return isinstance(e, ActivationJacobian)


def without(part: Sum | Product | Hadamard, i: int) -> Expr:
    """A sum or product without one of its operands; the one that is left of two is itself."""
    operands = children(part)
    rest = (*operands[:i], *operands[i + 1 :])
    return rest[0] if len(rest) == 1 else type(part)(rest)


def _variables(e: Expr) -> Iterator[Variable]:
    for _, part in subterms(e):
        if isinstance(part, Variable):
            yield part
