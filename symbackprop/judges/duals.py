"""Dual numbers over the field, and the forward equations run on them.

A dual is a value with its tangents. `Flow` runs a network's equations at a point, with one variable perturbed or none;
`push`, whose readers are in `forward.py`, gives the dual of an expression in a flow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import singledispatch

from flint import nmod_mat

from symbackprop import expr, groups
from symbackprop.errors import ShapeError
from symbackprop.expr import Expr, Variable
from symbackprop.judges.field import PRIME, ConstantRoot, Point, Resample, Unvalued, ints, matrix, zeros
from symbackprop.keeping import quick
from symbackprop.substitution import free_symbols
from symbackprop.tree import subterms

# a root exists at every second draw
REDRAWN = 128
Symbols = Mapping[str, int]
Jacobian = Callable[[], "nmod_mat | int"]


@quick
class Dual:
    """A value and its tangents, `rows·columns × directions`; None where nothing perturbed reaches it.

    Attributes:
        is_seed: whether the directions are its own entries in order, the tangents the identity: a product with that
            would take longer than all others.
    """

    value: nmod_mat
    tangent: nmod_mat | None = None
    is_seed: bool = False

    @property
    def extent(self) -> tuple[int, int]:
        """Rows and columns of the value."""
        return self.value.nrows(), self.value.ncols()


def chained(made: nmod_mat, *parts: tuple[Dual, Jacobian]) -> Dual:
    """The chain rule: a value made of parts, each with the Jacobian of the value's entries by the part's entries.

    Entries are counted row by row. A Jacobian that is a multiple of the identity may be given as that number.
    """
    tangent: nmod_mat | None = None
    for part, jacobian in parts:
        if part.tangent is not None:
            local = jacobian()
            if isinstance(local, int):
                moved = part.tangent * local
            elif part.is_seed:
                moved = local
            else:
                moved = local * part.tangent
            tangent = moved if tangent is None else tangent + moved
    return Dual(made, tangent)


def picked(of: Dual, rows: int, columns: int, sources: Sequence[int | None]) -> Dual:
    """A matrix each of whose entries is an entry of another one, by its flat position, or zero (None)."""
    size, width = of.value.nrows() * of.value.ncols(), of.value.ncols()
    if len(sources) == 1 and sources[0] is not None:
        # an entry of a large matrix, of which the others need not be read
        made = matrix(rows, columns, [int(of.value[divmod(sources[0], width)])])
    else:
        entries = of.value.entries()
        made = matrix(rows, columns, [0 if source is None else int(entries[source]) for source in sources])

    def selection() -> nmod_mat:
        local = zeros(len(sources), size)
        for i, source in enumerate(sources):
            if source is not None:
                local[i, source] = 1
        return local

    return chained(made, (of, selection))


@singledispatch
def push(e: Expr, flow: Flow, symbols: Symbols) -> Dual:
    """Value and tangents of an expression in a flow.

    Raises:
        OutOfRange: for a variable, row or product that does not exist at this depth.
        Unvalued: for something without a value in the field.
        Resample: where this point is no good and another may be.
        ShapeError: if two parts do not conform.
    """
    raise TypeError(f"{type(e).__name__} has no value registered: add @push.register for it")


def scalar(number: int) -> nmod_mat:
    """A number as a 1 × 1 matrix."""
    return matrix(1, 1, [number % PRIME])


def number_of(e: Expr, flow: Flow, symbols: Symbols, what: str) -> tuple[Dual, int]:
    """The dual of a scalar, and its value."""
    made = push(e, flow, symbols)
    if made.extent != (1, 1):
        raise ShapeError(f"{what} must be a scalar, but {e} is {says(made)}")
    return made, int(made.value[0, 0])


def column_of(e: Expr, flow: Flow, symbols: Symbols, what: str) -> tuple[Dual, list[int]]:
    """The dual of a column, and its entries."""
    made = push(e, flow, symbols)
    if made.value.ncols() != 1:
        raise ShapeError(f"{what} needs a column, but {e} is {says(made)}")
    return made, ints(made.value)


def says(made: Dual) -> str:
    """Its rows and columns, for an error message."""
    return "{} × {}".format(*made.extent)


class Flow:
    """The forward equations run at a point; what is `given` keeps its dual, its own equation being cut."""

    def __init__(self, point: Point, given: Mapping[Variable, Dual] | None = None) -> None:
        self.point = point
        self.given = dict(given or {})
        self.upstream: dict[Variable, frozenset[Variable]] = {}
        self._duals: dict[Variable, Dual] = dict(self.given)
        self._read: set[Variable] = set()

    def dual(self, variable: Variable) -> Dual:
        """The dual of a variable whose index is a number; those it is computed from are run before it, in order."""
        self._read.add(variable)
        found = self._duals.get(variable)
        if found is not None:
            return found
        waiting = [variable]
        while waiting:
            current = waiting[-1]
            missing = self._missing(current)
            if not missing:
                waiting.pop()
                self._duals[current] = self._compute(current)
            waiting += missing
        return self._duals[variable]

    def _missing(self, variable: Variable) -> list[Variable]:
        """What its equation reads and is not run yet."""
        if not self._reached(variable):
            return []
        return [part for part in self.point.read_by(variable) if part not in self._duals]

    def _compute(self, variable: Variable) -> Dual:
        if not self._reached(variable):
            return still(self.point).dual(variable)
        definition = self.point.definition(variable)
        if definition is None:
            self.upstream[variable] = frozenset()
            return Dual(self.point.drawn(variable))
        outer, self._read = self._read, set()
        try:
            made = push(definition.right, self, {})
            read = self._read
        finally:
            self._read = outer
        if made.extent != self.point.extent(variable):
            sizes = ["{} × {}".format(*extent) for extent in (self.point.extent(variable), made.extent)]
            raise ShapeError(f"{variable} is {sizes[0]}, but the right side of its equation is {sizes[1]}")
        if not self.given:
            self.upstream[variable] = frozenset(read).union(*(self.upstream[u] for u in read))
        return made

    def _reached(self, variable: Variable) -> bool:
        """Whether the variable depends on what is given; all are computed where nothing is given."""
        if not self.given:
            return True
        flow = still(self.point)
        if variable not in flow.upstream:
            flow.dual(variable)
        return not flow.upstream[variable].isdisjoint(self.given)


def still(point: Point) -> Flow:
    """The flow at a point in which nothing is perturbed; it is kept with the point.

    Where forward equations have roots, it is the first at which all of them exist: after each one that does not, only
    the parameter that is nearest to it is drawn again, so that the cost of a network of roots grows with their number.

    Raises:
        ConstantRoot: where the root of a size does not exist.
        Unvalued: if a root does not exist whatever is drawn.
    """
    if point.still is None:
        for variable in _with_roots(point):
            _settle(point, variable)
        point.still = point.still or Flow(point)
    return point.still


def _with_roots(point: Point) -> list[Variable]:
    """The variables whose own equations take roots, in the order of their indices."""
    found: list[tuple[int, int, Variable]] = []
    for order, equation in enumerate(point.network.equations):
        if not any(_takes_root(part) for _, part in subterms(equation.right)):
            continue
        if equation.index is None:
            found.append((0, order, equation.left))
            continue
        first, last = (point.size(end, {}) for end in (equation.lower, equation.upper))
        found += [(at, order, point.at(equation.left, {equation.index: at})) for at in range(first, last + 1)]
    return [variable for _, _, variable in sorted(found, key=lambda one: one[:2])]


def _takes_root(e: Expr) -> bool:
    if isinstance(e, expr.Power | groups.EntrywisePower):
        return e.exponent.denominator == 2
    return isinstance(e, expr.SquareRoot) or (isinstance(e, expr.Norm) and e.kind != "1")


def _settle(point: Point, variable: Variable) -> None:
    """Draw again what is nearest to a variable until the roots in its equation exist."""
    for _ in range(REDRAWN):
        point.still = point.still or Flow(point)
        try:
            point.still.dual(variable)
            return
        except ConstantRoot:
            point.still = None
            raise
        except Resample as reason:
            rows = _behind(reason.entries, variable, point)
            for drawn in _nearest(point, variable):
                # those of the groups that have a root are kept, or no draw would be good for all of many groups
                point.draw_again(drawn, rows if point.extent(drawn)[0] > max(rows, default=0) else ())
    raise Unvalued(f"{variable} has no value in the field at any of {REDRAWN} draws")


def _behind(entries: Sequence[int], variable: Variable, point: Point) -> tuple[int, ...]:
    """The units in the groups that are some entries of a variable; none where its equation has no groups."""
    definition = point.definition(variable)
    parts = () if definition is None else (e for _, e in subterms(definition.right))
    for part in parts:
        if isinstance(part, groups.Membership) and not part.size.symbols:
            size = point.size(part.size, {})
            each = groups.per_group(size, part.groups)
            return tuple(i for i in range(size) if i // each in entries)
    return ()


def _nearest(point: Point, variable: Variable) -> list[Variable]:
    """The first input or parameter that is met on the way back from each root in the equation of a variable.

    One that belongs to a layer is taken before one that all layers share, as ε, which would undo the layers before.
    """
    definition = point.definition(variable)
    roots = [] if definition is None else [e for _, e in subterms(definition.right) if _takes_root(e)]
    found: list[Variable] = []
    for root in roots:
        waiting = [e for _, e in subterms(root) if isinstance(e, Variable) and not free_symbols(e)]
        # what stands under a sum's own index is found by what else its equation reads
        waiting = waiting or list(point.read_by(variable))
        free: list[Variable] = []
        for current in waiting:
            if point.definition(current) is not None:
                waiting += [part for part in point.read_by(current) if part not in waiting]
                continue
            free.append(current)
            if current.index is not None:
                break
        found += [each for each in free[-1:] if each.index is not None] or free[:1]
    if not found:
        raise Unvalued(f"{variable} is computed from nothing that is drawn")
    return found
