"""A network that is no stack of layers: matrices of symbolic sizes, and perhaps equations that compute from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symbackprop.dims import ONE, Bounds, Dim, dim, index
from symbackprop.equations import Equation, Network
from symbackprop.errors import ShapeError, SymbackpropError
from symbackprop.expr import Loss, Variable
from symbackprop.shapes import SCALAR, Shape
from symbackprop.substitution import substitute

Extent = int | str | Dim


class Quantities(Network):
    """Variables of given or symbolic sizes: `Quantities({"A": ("m", "n"), "y": ("n",)})` has `A`, m × n, and a column.

    Args:
        shapes: by the name of a variable, its rows and columns; a column may leave out the 1, a scalar both.
            A letter is a symbolic size.
        equations: what is computed, in order; the loss, if there is one, is a scalar.

    Raises:
        SymbackpropError: for a size that is no letter and no whole number of 1 or more.
    """

    depth = ONE

    def __init__(self, shapes: Mapping[str, Sequence[Extent]], equations: Sequence[Equation] = ()) -> None:
        self._shapes = {name: _shape(name, extents) for name, extents in shapes.items()}
        self.equations = tuple(equations)

    @property
    def names(self) -> frozenset[str]:
        """The names of its variables."""
        return frozenset(self._shapes)

    @property
    def sizes(self) -> tuple[str, ...]:
        """The letters of the symbolic sizes, in order; those at which families of equations end are among them."""
        ends = {end for equation in self.equations for end in (equation.lower, equation.upper)}
        return tuple(sorted({name for size in self.extents | ends for name in size.symbols}))

    @property
    def extents(self) -> frozenset[Dim]:
        """Every number of rows or columns of a variable."""
        return frozenset(size for each in self._shapes.values() for size in each)

    @property
    def bounds(self) -> Bounds:
        """What is known of the symbolic sizes: each is at least 1."""
        return dict.fromkeys(self.sizes, (ONE, None))

    def given(self, sizes: Mapping[str, int]) -> Quantities:
        """The same quantities with numbers for symbolic sizes, in the equations too.

        Raises:
            SymbackpropError: for a letter that is no size, or a size below 1.
        """
        self.check_sizes(sizes)
        values = {name: dim(number) for name, number in sizes.items()}
        shapes = {name: [size.at(values) for size in each] for name, each in self._shapes.items()}
        return Quantities(shapes, [placed(equation, values) for equation in self.equations])

    def check_sizes(self, sizes: Mapping[str, int]) -> None:
        """Raise `SymbackpropError` for a letter that is no size."""
        for name in sizes.keys() - set(self.sizes):
            known = ", ".join(self.sizes) or "none"
            raise SymbackpropError(f"{name} is no size of these quantities: their letters are {known}")

    def shape_of(self, variable: Variable) -> Shape:
        if isinstance(variable, Loss):
            return SCALAR
        if variable.name not in self._shapes:
            known = ", ".join(self._shapes)
            raise ShapeError(f"the network has no variable {variable}: it has {known}")
        return self._shapes[variable.name]


def _shape(name: str, extents: Sequence[Extent]) -> Shape:
    if len(extents) > 2:
        raise SymbackpropError(f"{name} has {len(extents)} sizes: write its rows and its columns, such as ('m', 'n')")
    rows, columns = (*(_size(name, extent) for extent in extents), ONE, ONE)[:2]
    return rows, columns


def _size(name: str, extent: Extent) -> Dim:
    if isinstance(extent, str):
        if not extent.isidentifier():
            raise SymbackpropError(f"the size {extent!r} of {name} is no letter: write one such as 'm', or a number")
        return index(extent)
    size = dim(extent)
    if size.is_constant and size.constant < 1:
        raise SymbackpropError(f"the size {size} of {name} is below 1: write 1 or more, or a letter such as 'm'")
    return size


def placed(equation: Equation, values: Mapping[str, Dim]) -> Equation:
    """The equation with numbers for the sizes in it, but for a bound index of the same name."""
    inside = {name: value for name, value in values.items() if name != equation.index}
    left = substitute(equation.left, inside)
    assert isinstance(left, Variable)
    return Equation(
        left,
        substitute(equation.right, inside),
        equation.index,
        equation.lower.at(values),
        equation.upper.at(values),
        equation.abbreviates,
    )
