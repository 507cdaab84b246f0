"""Networks as named forward equations: what each variable is computed from, and where each is used."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from symbackprop.dims import DEPTH, Bounds, Dim, Units, Width, at_most, dim, index
from symbackprop.errors import ShapeError
from symbackprop.expr import Expr, Variable
from symbackprop.shapes import Shape
from symbackprop.substitution import scopes, substitute

R = TypeVar("R")
Family = tuple[type[Variable], str]
# from one family to another, by how much the index grows on the way
Reach = dict[Family, dict[Family, float]]
# findings that a network keeps; the longest derivations and proofs need a tenth
MOST_KEPT = 50_000


@dataclass(frozen=True)
class Equation:
    """`left = right`, for every value of `index` from `lower` to `upper` where it is a family.

    Attributes:
        abbreviates: whether the left side is a short name, as of a mean, that a proof may write out.
    """

    left: Variable
    right: Expr
    index: str | None = None
    lower: Dim = dim(0)
    upper: Dim = dim(0)
    abbreviates: bool = False

    def instance(self, template: Variable, wanted: Variable, known: Bounds) -> Equation | None:
        """The equation of the family in which `template`, a variable of it, is `wanted`; None if there is none.

        Raises:
            LookupError: if what is known of the indices does not settle it.
        """
        if not same_family(template, wanted):
            return None
        if self.index is None or template.index is None or self.index not in template.index.symbols:
            if not same_variable(template, wanted, known):
                return None
            if self.index is not None:
                raise LookupError(f"{wanted} is in every equation of the family of {self.left}, not in one of them")
            return self
        if wanted.index is None:
            return None
        # layer families step by one: the template's index is the family's index plus an offset
        value = wanted.index - (template.index - index(self.index))
        if at_most(self.lower, value, known) and at_most(value, self.upper, known):
            return self.member(value)
        if at_most(value + 1, self.lower, known) or at_most(self.upper + 1, value, known):
            return None
        raise LookupError(f"whether {self.lower} ≤ {value} ≤ {self.upper} is not known")

    def member(self, value: Dim) -> Equation:
        """The equation of the family at one value of its index."""
        assert self.index is not None
        at = {self.index: value}
        left = substitute(self.left, at)
        assert isinstance(left, Variable)
        return Equation(left, substitute(self.right, at), abbreviates=self.abbreviates)


def same_family(one: Expr, two: Variable) -> bool:
    """Whether both are variables of one family, as `z_1` and `z_l` are."""
    return type(one) is type(two) and isinstance(one, Variable) and one.name == two.name


def same_variable(one: Variable, two: Variable, known: Bounds) -> bool:
    """Whether both are the same variable.

    Raises:
        LookupError: if what is known of the indices does not settle it: `h_1` is `h_l` for one `l`.
    """
    if not same_family(one, two) or one.index is None or two.index is None:
        return one == two
    if one.index == two.index:
        return True
    if at_most(one.index + 1, two.index, known) or at_most(two.index + 1, one.index, known):
        return False
    raise LookupError(f"whether {one.index} = {two.index} is not known")


class Network:
    """Forward equations, in the order in which they are computed, with the shapes of the variables.

    The loss is the last equation. Subclasses say the shapes; `MLP` is the lecture's network.
    """

    equations: tuple[Equation, ...]
    depth: Dim = DEPTH
    # whether an example is a column of the equations, or a row: `x W + b`
    data: str = "columns"

    def shape_of(self, variable: Variable) -> Shape:
        """Rows × columns of a variable."""
        raise ShapeError(f"the network has no variable {variable}")

    def normal(self, size: Dim) -> Dim:
        """The dim with what the network knows of its widths put in."""
        return size.map_sizes(self.size) if size.terms else size

    def size(self, atom: Width | Units) -> Dim:
        """What the network knows of one width or number of units."""
        return Dim(((atom, 1),))

    def says(self, size: Dim) -> str:
        """The dim as a person writes it."""
        return str(size)

    def constant(self, variable: Variable, row: Dim) -> int | None:
        """The value of an entry that is the same in every network of the kind, such as a bias unit; else None."""
        return None

    def about(self, names: frozenset[str]) -> Network:
        """The network as far as these further variables, by name, go: one without what none of them needs."""
        return self

    def definition(self, variable: Variable, known: Bounds) -> Equation | None:
        """The equation that computes a variable; None for an input or a parameter."""
        key = ("definition", variable, frozenset(known.items()))
        return self.kept(key, lambda: self._definition(variable, known))

    def _definition(self, variable: Variable, known: Bounds) -> Equation | None:
        for equation in self.equations:
            found = equation.instance(equation.left, variable, known)
            if found is not None:
                return found
        return None

    def uses(self, variable: Variable, known: Bounds) -> list[Equation]:
        """The equations in which a variable is used, in the order in which they are computed."""
        key = ("uses", variable, frozenset(known.items()))
        return list(self.kept(key, lambda: self._uses(variable, known)))

    def _uses(self, variable: Variable, known: Bounds) -> list[Equation]:
        found: list[Equation] = []
        for equation in self.equations:
            for template, bound in variables_of(equation.right):
                if template.index is not None and template.index.symbols & bound and same_family(template, variable):
                    raise LookupError(f"whether {variable} is one of the {template} under a sum is not known")
                instance = equation.instance(template, variable, known)
                if instance is not None and instance not in found:
                    found.append(instance)
        return found

    def kept(self, key: Hashable, find: Callable[[], R]) -> R:
        """What was found before for the same key: rules and kernel ask the same questions over and over.

        A network may be asked of for days: once very much is kept, all of it is forgotten and found again when needed.
        """
        found: dict[Hashable, R] = self.__dict__.setdefault("_found", {})
        if key not in found:
            value = find()
            if len(found) >= MOST_KEPT:
                found.clear()
            found[key] = value
            return value
        return found[key]

    def is_direct(self, equation: Equation, variable: Variable, known: Bounds) -> bool:
        """Whether a variable enters an equation only where it is written: nothing else in it is computed from it."""
        others = {other for other, _ in variables_of(equation.right) if other != variable}
        return not any(self.computed_from(other, variable, known) for other in others)

    def computed_from(self, variable: Variable, other: Variable, known: Bounds) -> bool:
        """Whether a variable depends on another one; True also where that is not settled."""
        shift = self._reach.get(family_of(variable), {}).get(family_of(other))
        if shift is None:
            return False
        if shift == math.inf or variable.index is None or other.index is None:
            return True
        return not at_most(variable.index + int(shift) + 1, other.index, known)

    @cached_property
    def _reach(self) -> Reach:
        return reach_of(self.equations)


def reach_of(equations: Sequence[Equation]) -> Reach:
    """By how much the index grows at most on a way from a variable to one that it is computed from.

    `h_l` is computed from `W_{l-1}` and from those before it: -1. Infinite where nothing bounds it.
    """
    edges: dict[Family, list[tuple[Family, float]]] = {}
    for equation in equations:
        for right, bound in variables_of(equation.right):
            edge = (family_of(right), _shift(equation, right, bound))
            edges.setdefault(family_of(equation.left), []).append(edge)
    reach: Reach = {start: {} for start in edges}
    # in the order of the equations one pass finds all but what goes round through a family
    for turn in range(2 * len(edges) + 2):
        changed = False
        for start, following in edges.items():
            own = reach[start]
            for middle, here in following:
                for end, shift in ((middle, 0.0), *reach.get(middle, {}).items()):
                    total = here + shift
                    if total > own.get(end, -math.inf):
                        # what still grows after as many passes as there are families grows for ever
                        own[end] = total if turn <= len(edges) else math.inf
                        changed = True
        if not changed:
            break
    return reach


def family_of(variable: Variable) -> Family:
    """What two variables have in common where `same_family` holds."""
    return type(variable), variable.name


def _shift(equation: Equation, right: Variable, bound: frozenset[str]) -> float:
    left = equation.left.index
    if equation.index is None or left is None or right.index is None or right.index.symbols & bound:
        return math.inf
    difference = right.index - left
    return difference.constant if difference.is_constant else math.inf


def variables_of(e: Expr, bound: frozenset[str] = frozenset()) -> Iterator[tuple[Variable, frozenset[str]]]:
    """The variables in an expression, each with the names of the indices that are bound there."""
    if isinstance(e, Variable):
        yield e, bound
    for operand, here in scopes(e):
        yield from variables_of(operand, bound | here)
