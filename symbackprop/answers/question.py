r"""What is asked: a quantity of a network, in a notation, and what an answer may use."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property

from symbackprop import expr
from symbackprop.dims import ONE, Bounds, Dim, dim
from symbackprop.equations import Equation, Network
from symbackprop.errors import SymbackpropError
from symbackprop.expr import Expr, Partial, Variable
from symbackprop.forward import ForwardNetwork
from symbackprop.judges.claim import Claim
from symbackprop.latex.loose import loosened
from symbackprop.latex.parse import free_indices, read, scope_of
from symbackprop.latex.scope import Scope
from symbackprop.network import MLP
from symbackprop.notations import Notation
from symbackprop.notations import notation as notation_named
from symbackprop.primitives import Rows
from symbackprop.shapes import Shape, shape
from symbackprop.statements import Chain
from symbackprop.tree import parts

LAYOUTS = ("denominator", "numerator")
TRANSPOSED = ("reject", "accept")
PARTIAL = ("none", "prefix")
# of which a derivative by the whole is known once that by the part is, and the other way round
PARTS = (
    expr.Row,
    expr.Column,
    expr.Entry,
    expr.Transpose,
    expr.WithoutBias,
    expr.Columns,
    Rows,
)


@dataclass(eq=False)
class Question:
    r"""A question of an assignment.

    Args:
        ask: the quantity asked for, as LaTeX: `\frac{\partial L}{\partial W_1}`.
        network: whose quantity that is.
        id: its name in the assignment.
        points: what a right answer earns there.
        notation: how the question and its answers are written; the network's own, if it has one.
        symbols: what further letters mean: `{r"\sigma": "tanh"}`.
        in_terms_of: the quantities that an answer may use, as LaTeX; all but the one asked for, if it is None.
        assume: equations that hold, as LaTeX.
        layout: "denominator", in which the gradient by a column is a column, or "numerator", in which it is a row.
        transposed: whether the transpose of what is asked for is "accept"ed.
        partial: "none", or "prefix" for the share of the lines before the first wrong one.
        tolerance: by how much a number may be off, relative to the right one; exact, if it is None.

    Raises:
        ReadingError: for a quantity that cannot be read.
        SymbackpropError: for an unknown choice, or an `assume` that is no equation.
    """

    ask: str
    network: Network
    id: str | None = None
    points: float = 1.0
    notation: str | Notation | None = None
    symbols: Mapping[str, str | Expr] = field(default_factory=dict)
    in_terms_of: Sequence[str] | None = None
    assume: Sequence[str] = ()
    layout: str = "denominator"
    transposed: str = "reject"
    partial: str = "none"
    tolerance: float | None = None

    def __post_init__(self) -> None:
        choices = (("layout", LAYOUTS), ("transposed", TRANSPOSED), ("partial", PARTIAL))
        for name, known in choices:
            value = getattr(self, name)
            if value not in known:
                raise SymbackpropError(f"{name} = {value!r} says nothing: write one of {', '.join(known)}")
        with_numbers = _with_numbers(self.network, self.given)
        if with_numbers is not self.network:
            self.network = with_numbers
            for name in ("given", "scope", "loose", "letters"):
                # made anew of the network with its numbers
                self.__dict__.pop(name, None)
        # now rather than at the first answer
        assert self.asked is not None
        assert self.given is not None
        assert self.usable is not None or self.in_terms_of is None

    @cached_property
    def letters(self) -> Notation:
        """The notation that answers are written in."""
        return letters_of(self.network, self.notation)

    @cached_property
    def scope(self) -> Scope:
        """What letters mean in an answer."""
        return scope_of(self.letters, self.network, self.symbols, self.layout == "numerator")

    @cached_property
    def loose(self) -> Scope:
        """The same where nothing is refused for its shape."""
        return loosened(self.scope)

    @cached_property
    def asked(self) -> Expr:
        tree = read(self.ask, scope=self.scope).tree
        if not isinstance(tree, Expr):
            raise SymbackpropError(
                f"{self.ask} is a statement: ask for a quantity, as \\frac{{\\partial L}}{{\\partial W_1}}"
            )
        return tree

    @cached_property
    def shape(self) -> Shape:
        return shape(self.asked, self.network)

    @cached_property
    def _whole(self) -> Expr:
        return whole(self.asked)

    @cached_property
    def known(self) -> Bounds:
        """What is known of the sizes, of the depth, and of the letters of layers in what is asked for."""
        if isinstance(self.network, ForwardNetwork):
            return {**self.network.bounds, **self._of_steps()}
        known: dict[str, tuple[Dim | None, Dim | None]] = dict.fromkeys(self.network.depth.symbols, (ONE, None))
        wrt = whole(self.asked)
        wrt = wrt.wrt if isinstance(wrt, Partial) else wrt
        if isinstance(wrt, Variable) and wrt.index is not None:
            first = dim(0) if isinstance(wrt, expr.Weight | expr.Bias) else ONE
            known |= dict.fromkeys(wrt.index.symbols & self.indices, (first, self.network.depth))
        return known

    def _of_steps(self) -> Bounds:
        """Over what a letter of a family runs: where the way from one member to the next is the same."""
        from symbackprop.asked import gradient_of

        wrt = whole(self.asked)
        if not isinstance(wrt, Partial) or not isinstance(wrt.wrt, Variable) or wrt.wrt.index is None:
            return {}
        names = wrt.wrt.index.symbols & self.indices
        if not names:
            return {}
        try:
            made = gradient_of(wrt.wrt, self.network).derivations
        except (SymbackpropError, LookupError):
            return {}
        own = next((each.known for each in made if each.start == wrt), {})
        # the last member may have another way to the loss
        return {name: (own[name][0], _before(own[name][1])) for name in names if name in own}

    @cached_property
    def given(self) -> tuple[Chain, ...]:
        """The equations that are assumed."""
        own = self.network.assumed if isinstance(self.network, ForwardNetwork) else ()
        return tuple(dict.fromkeys((*own, *map(self._equation, self.assume))))

    def _equation(self, text: str) -> Chain:
        tree = read(text, scope=self.scope).tree
        if not isinstance(tree, Chain):
            raise SymbackpropError(f"what is assumed is an equation, but {text!r} is none: write one, as a = b")
        return tree

    @cached_property
    def indices(self) -> frozenset[str]:
        """The indices that what is asked for has free, as the `j` of a row."""
        return free_indices(self.asked, self.network)

    @cached_property
    def usable(self) -> tuple[Expr, ...] | None:
        """The quantities that an answer may use; None for all."""
        if self.in_terms_of is None:
            return None
        found = [read(text, scope=self.scope).tree for text in self.in_terms_of]
        return tuple(tree for tree in found if isinstance(tree, Expr))

    def from_depth(self, least: int) -> Question:
        """The same question about networks of at least that depth, where the depth is a letter."""
        if not isinstance(self.network, MLP) or self.network.depth.is_constant or least <= 1:
            return self
        return self.knowing({**self.known, **dict.fromkeys(self.network.depth.symbols, (dim(least), None))})

    def knowing(self, known: Bounds) -> Question:
        """The same question where something else is known of sizes, depth and letters."""
        made = copy(self)
        made.known = known
        return made

    def claim(self, left: Expr, right: Expr, relation: str = "=") -> Claim:
        """That two quantities are equal, whatever the sizes and the depth."""
        return Claim(left, relation, right, self.network, self.known, self.given)

    @property
    def is_unrolled(self) -> bool:
        """Whether every size and the depth is a number."""
        if isinstance(self.network, MLP):
            return self.network.widths is not None
        return not getattr(self.network, "sizes", ())

    def seed(self, answer: Expr, text: str) -> int:
        """A seed that question and answer decide, so that nobody can aim at the points that it makes."""
        said = repr((self.ask, text, answer)).encode()
        # beyond the seeds of the common points, and of those tried where a root is missing
        return 2**40 + int.from_bytes(hashlib.blake2b(said, digest_size=5).digest())

    def entry_asked(self, head: Expr) -> Expr | None:
        """The entry of what is asked for that a left side is, at letters; None for anything else.

        Who writes `∂L/∂W_{ij} = …` says all of `∂L/∂W`.
        """
        asked = self.asked
        match head:
            case expr.Entry(operand, row, column) if operand == asked:
                pass
            case Partial(of, expr.Entry(operand, row, column)) if isinstance(asked, Partial) and (of, operand) == (
                asked.of,
                asked.wrt,
            ):
                pass
            case _:
                return None
        # of a row or column of what is asked for, that place is 1
        extents = zip((row, column), self.shape, strict=True)
        places = [place for place, size in extents if place is not None and (place, size) != (ONE, ONE)]
        letters = {name for place in places for name in place.symbols}
        is_any = len(letters) == len(places) and all(place.constant == 0 for place in places)
        return expr.Entry(asked, row, column) if is_any and letters.isdisjoint(self.indices) else None

    def restates(self, e: Expr) -> Expr | None:
        """The part of an expression that is what is asked for, or tells it without any work; None if there is none."""
        own = self._whole
        # whatever tells it has a part of its kind in it
        if not any(type(part) is type(own) and _tells(whole(part), own) for part in parts(e)):
            return None
        return next((part for part in parts(e) if isinstance(part, Expr) and _tells(whole(part), own)), None)


def _tells(e: Expr, own: Expr) -> bool:
    """Whether an expression is that quantity, or a derivative by the same of something made of what it is one of."""
    if e == own:
        return True
    if not isinstance(e, Partial) or not isinstance(own, Partial) or e.wrt != own.wrt or isinstance(e.of, Variable):
        return False
    return any(part == own.of for part in parts(e.of))


def _with_numbers(network: Network, given: Sequence[Chain]) -> Network:
    """The network in which inputs that are assumed to be numbers are computed as these."""
    if not isinstance(network, ForwardNetwork):
        return network
    inputs = set(network.inputs)
    found: list[Equation] = []
    for chain in given:
        match chain:
            case Chain((Variable() as left, right), ("=",)) if left in inputs and is_number(right):
                found.append(Equation(left, right))
    if not found:
        return network
    shapes = {variable: network.shape_of(variable) for variable in network.members}
    return ForwardNetwork(
        (*found, *network.equations), shapes, network.assumed, network.letters, network.loss_letter, network.notation
    )


def is_number(e: Expr) -> bool:
    """Whether it is made of numbers alone."""
    return not any(isinstance(part, Variable | Partial) for part in parts(e))


def letters_of(network: Network, notation: str | Notation | None) -> Notation:
    """The notation of formulas about a network: its own letters, and its data as they were given."""
    if not isinstance(network, ForwardNetwork):
        return notation_named(notation or "lecture")
    return network.reading if notation is None else network.written_in(notation_named(notation))


def _before(end: Dim | None) -> Dim | None:
    return None if end is None or end.is_constant else end - 1


def whole(e: Expr) -> Expr:
    """The quantity that an expression is a transpose, row, column or entry of; of a derivative that by all of it."""
    while isinstance(e, PARTS):
        e = e.operand
    if isinstance(e, Partial):
        wrt = e.wrt
        while isinstance(wrt, PARTS):
            wrt = wrt.operand
        of = whole(e.of)
        if isinstance(wrt, Variable) and (of is not e.of or wrt is not e.wrt or e.numerator):
            return Partial(of, wrt)
    return e
