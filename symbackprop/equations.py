"""Networks as named forward equations: what each variable is computed from, and where each is used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from symbackprop.dims import DEPTH, Bounds, Dim, Units, Width, at_most, dim, index
from symbackprop.errors import ShapeError
from symbackprop.expr import Expr, Path, Variable, substitute, subterms
from symbackprop.shapes import Shape


@dataclass(frozen=True)
class Equation:
    """`left = right`, for every value of `index` from `lower` to `upper` where it is a family."""

    left: Variable
    right: Expr
    index: str | None = None
    lower: Dim = dim(0)
    upper: Dim = dim(0)

    def instance(self, template: Variable, wanted: Variable, known: Bounds) -> Equation | None:
        """The equation of the family in which `template`, a variable of it, is `wanted`; None if there is none.

        Raises:
            LookupError: if what is known of the indices does not settle it.
        """
        if type(template) is not type(wanted) or template.name != wanted.name:
            return None
        if template.index is None or wanted.index is None:
            return self if template == wanted else None
        if self.index is None or self.index not in template.index.symbols:
            return self if _same_index(template.index, wanted.index, known) else None
        # layer families step by one: the template's index is the family's index plus an offset
        value = wanted.index - (template.index - index(self.index))
        if at_most(self.lower, value, known) and at_most(value, self.upper, known):
            at = {self.index: value}
            left = substitute(self.left, at)
            assert isinstance(left, Variable)
            return Equation(left, substitute(self.right, at))
        if at_most(value + 1, self.lower, known) or at_most(self.upper + 1, value, known):
            return None
        raise LookupError(f"whether {self.lower} ≤ {value} ≤ {self.upper} is not known")


def _same_index(one: Dim, two: Dim, known: Bounds) -> bool:
    if one == two:
        return True
    if at_most(one + 1, two, known) or at_most(two + 1, one, known):
        return False
    raise LookupError(f"whether {one} = {two} is not known")


class Network:
    """Forward equations, in the order in which they are computed, with the shapes of the variables.

    The loss is the last equation. Subclasses say the shapes; `MLP` is the lecture's network.
    """

    equations: tuple[Equation, ...]
    depth: Dim = DEPTH

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

    def definition(self, variable: Variable, known: Bounds) -> Equation | None:
        """The equation that computes a variable; None for an input or a parameter."""
        for equation in self.equations:
            found = equation.instance(equation.left, variable, known)
            if found is not None:
                return found
        return None

    def uses(self, variable: Variable, known: Bounds) -> list[Equation]:
        """The equations in which a variable is used, in the order in which they are computed."""
        found: list[Equation] = []
        for equation in self.equations:
            for _, template in _variables(equation.right):
                instance = equation.instance(template, variable, known)
                if instance is not None and instance not in found:
                    found.append(instance)
        return found


def _variables(e: Expr) -> Iterator[tuple[Path, Variable]]:
    for path, inner in subterms(e):
        if isinstance(inner, Variable):
            yield path, inner
