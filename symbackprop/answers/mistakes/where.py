"""What a repair may look at: the question, the whole answer, the layers of the network, and values at one point."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

from symbackprop.answers.question import Question, is_number
from symbackprop.answers.target import Target
from symbackprop.dims import Dim, index
from symbackprop.equations import Equation
from symbackprop.expr import (
    ActivationJacobian,
    Diagonal,
    Elementwise,
    Entry,
    Expr,
    Hadamard,
    IndexedProduct,
    IndexedSum,
    LayerMap,
    Loss,
    Negative,
    Number,
    Ones,
    Partial,
    Product,
    Quotient,
    Size,
    Softmax,
    Sum,
    Transpose,
    Variable,
)
from symbackprop.network import MLP
from symbackprop.shapes import SCALAR, Shape
from symbackprop.substitution import substitute
from symbackprop.tree import rebuild, subterms

# what makes no activation of a formula; a product of two of a kind is written `z ⊙ z`
LINEAR = (Variable, Number, Size, Ones, Partial, Sum, Product, Hadamard, Negative, Quotient, Transpose)


@dataclass(frozen=True)
class Layer:
    """An activation in the network: `h = g(z)`.

    Attributes:
        map: `g(z)` as the network writes it.
        argument: `z`.
        hidden: what it is called; None where it has no name.
    """

    map: Expr
    argument: Expr
    hidden: Variable | None

    @property
    def named(self) -> Expr:
        """`h`, or what it is where it has no name."""
        return self.map if self.hidden is None else self.hidden

    @property
    def slope(self) -> Expr | None:
        """`g'(z)`, entry by entry; None where an entry depends on more than one."""
        match self.map:
            case Elementwise(function, argument) | LayerMap(function, argument):
                return Elementwise(function, argument, 1)
        if self.hidden is None or isinstance(self.map, Softmax):
            return None
        # of a column the sums of the rows of a Jacobian that is diagonal
        return Partial(self.hidden, self.argument)

    @property
    def function(self) -> str:
        """Its name; empty for a formula."""
        return self.map.function if isinstance(self.map, Elementwise | LayerMap) else ""

    @property
    def is_simple(self) -> bool:
        """Whether it is a function of one variable."""
        return isinstance(self.map, Elementwise | LayerMap)

    @property
    def jacobians(self) -> tuple[Expr, ...]:
        """The slopes as a matrix: a square one, and that of a layer with a bias unit."""
        match self.map:
            case Elementwise(function, argument):
                return (Diagonal(Elementwise(function, argument, 1)),)
            case LayerMap(function, argument):
                return (Diagonal(Elementwise(function, argument, 1)), ActivationJacobian(function, argument))
        if self.hidden is not None and isinstance(self.argument, Variable):
            return (Partial(self.hidden, self.argument),)
        return ()


@dataclass
class Where:
    """What a repair may look at.

    Args:
        target: a point, and what is right there.
    """

    question: Question
    head: Expr
    answer: Expr
    target: Target

    def shape(self, e: Expr) -> Shape | None:
        """Its shape; None where its parts do not conform."""
        return self.target.values.shape(e)

    def is_scalar(self, e: Expr) -> bool:
        return self.shape(e) == SCALAR

    def is_column(self, e: Expr) -> bool:
        found = self.shape(e)
        return found is not None and found[1] == SCALAR[1] and found != SCALAR

    def exists(self, variable: Expr) -> bool:
        return self.shape(variable) is not None

    @cached_property
    def conforms(self) -> bool:
        """Whether the answer has the shape that it should have, so that a change must leave shapes as they are."""
        return self.shape(self.answer) == self.shape(self.head)

    @cached_property
    def is_number(self) -> bool:
        """Whether the answer is made of numbers, which tell nothing of how they came about."""
        return is_number(self.answer)

    @cached_property
    def head_letters(self) -> frozenset[str]:
        """The letters at which an entry is asked for."""
        match self.head:
            case Entry(_, row, column):
                return row.symbols | (column.symbols if column is not None else frozenset())
        return frozenset()

    def same(self, one: Expr, two: Expr) -> bool:
        """Whether two parts have one value."""
        found = self.target.worth(one)
        return found is not None and found == self.target.worth(two)

    # --- the network -------------------------------------------------------------------------------------------------

    @cached_property
    def variables(self) -> Sequence[Variable]:
        """The variables in the answer, each once."""
        return tuple(dict.fromkeys(_variables(self.answer)))

    @cached_property
    def indices(self) -> Sequence[Dim]:
        """The layers or times that the answer or the question mentions, and those beside them."""
        own = {part.index for e in (self.answer, self.head) for part in _variables(e) if part.index is not None}
        for _, part in subterms(self.answer):
            if isinstance(part, IndexedProduct | IndexedSum):
                own |= {index(part.index), part.lower, part.upper}
        return sorted({near for each in own for near in (each, each + 1, each - 1)}, key=str)

    @cached_property
    def equations(self) -> Sequence[Equation]:
        """The equations of the network; of a family those of the layers that are mentioned."""
        found: list[Equation] = []
        for equation in self.question.network.equations:
            members = [equation] if equation.index is None else [equation.member(each) for each in self.indices]
            found += [each for each in members if self.exists(each.left) and self.shape(each.right) is not None]
        return tuple(dict.fromkeys(found))

    @cached_property
    def layers(self) -> Sequence[Layer]:
        """The activations of the network."""
        return tuple(dict.fromkeys(layer for equation in self.equations for layer in _layers(equation, self)))

    @cached_property
    def quantities(self) -> Sequence[Variable]:
        """What the network computes and what it is given, but for the loss."""
        network = self.question.network
        own: list[Variable] = [equation.left for equation in self.equations]
        for each in getattr(network, "inputs", ()):
            family = each.index is not None and not each.index.is_constant
            own += [_at(each, place) for place in self.indices] if family else [each]
        own += [network.input] if isinstance(network, MLP) else []
        own += [each for equation in self.equations for each in _variables(equation.right)]
        own += [other for variable in self.variables for other in self.neighbours(variable)]
        return tuple(dict.fromkeys(each for each in own if not isinstance(each, Loss) and self.exists(each)))

    @cached_property
    def scalars(self) -> Sequence[Variable]:
        """The scalars of the network: rates, weights of terms, deviations; none that an activation gives."""
        if self.is_number:
            return ()
        left_out = {getattr(self.head, "wrt", None), *(layer.hidden for layer in self.layers)}
        own = (each for each in self.quantities if each.index is None and self.is_scalar(each))
        return tuple(each for each in own if each not in left_out)

    @cached_property
    def parameters(self) -> Sequence[Variable]:
        """The scalars that the network is given."""
        given = getattr(self.question.network, "inputs", ())
        return tuple(each for each in self.scalars if each in given)

    @cached_property
    def pieces(self) -> Sequence[Expr]:
        """What the network's equations are made of and has no name, as `min(z, 0)`."""
        every = (part for equation in self.equations for _, part in subterms(equation.right))
        return tuple(dict.fromkeys(part for part in every if isinstance(part, Expr) and not isinstance(part, LINEAR)))

    def neighbours(self, variable: Variable) -> Iterator[Variable]:
        """The same quantity one or two layers off."""
        if variable.index is None:
            return
        for step in (1, -1, 2, -2):
            other = rebuild(variable, (), partial(operator.add, step))
            if self.exists(other):
                yield other

    def place(self, variable: Variable) -> int:
        """How late in the network a quantity is computed; what it is given is first."""
        lefts = [equation.left for equation in self.question.network.equations]
        found = (i for i, left in enumerate(lefts) if type(left) is type(variable) and left.name == variable.name)
        return next(found, -1)


def _at(member: Variable, place: Dim) -> Variable:
    made = substitute(member, dict.fromkeys(member.index.symbols if member.index else (), place))
    assert isinstance(made, Variable)
    return made


def _layers(equation: Equation, where: Where) -> Iterator[Layer]:
    """The activations in one equation, the whole of it first."""
    for path, part in subterms(equation.right):
        name = None if path else equation.left
        match part:
            case LayerMap() | Softmax() | Elementwise(order=0):
                yield Layer(part, part.operand, name)
    if isinstance(equation.right, LayerMap | Softmax | Elementwise) or isinstance(equation.left, Loss):
        return
    # `z σ(z)`, `max(z, 0) + a min(z, 0)`: a function of each entry that has no name
    size = where.shape(equation.left)
    parts = [part for _, part in subterms(equation.right) if isinstance(part, Expr)]
    inner = {part for part in parts if isinstance(part, Variable) and (size == SCALAR or not where.is_scalar(part))}
    is_entrywise = all(where.shape(part) in (size, SCALAR) for part in parts)
    is_linear = all(isinstance(part, LINEAR) for part in parts)
    if is_entrywise and not is_linear and len(inner) == 1 and not any(isinstance(part, Softmax) for part in parts):
        yield Layer(equation.right, inner.pop(), equation.left)


def slope_column(layer: Layer, where: Where) -> Expr | None:
    """The slopes of an activation in the shape of its argument."""
    slope = layer.slope
    if not isinstance(slope, Partial):
        return slope
    size = where.shape(layer.argument)
    if size is None or size[1] != SCALAR[1]:
        return None
    return slope if size == SCALAR else Product((slope, Ones(size[0])))


def _variables(e: Expr) -> Iterator[Variable]:
    for _, part in subterms(e):
        if isinstance(part, Variable):
            yield part
