"""Points over the prime field at which what a claim assumes holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

from flint import nmod_mat

from symbackprop.equations import Network
from symbackprop.expr import Variable
from symbackprop.judges import hypotheses
from symbackprop.judges.claim import Claim
from symbackprop.judges.field import OutOfRange, Point, Resample, diagonal, zeros
from symbackprop.judges.forward import value
from symbackprop.judges.hypotheses import Made, Plan, Unmade
from symbackprop.judges.instances import assignments
from symbackprop.judges.settings import Setting
from symbackprop.substitution import free_symbols
from symbackprop.tree import subterms


class Constrained(Point):
    """A random point at which some of the values are made as a plan says."""

    def __init__(self, network: Network, seed: int, plan: Plan) -> None:
        super().__init__(network, seed)
        self._plan = plan
        self._made: dict[Variable, nmod_mat] = {}
        self._making: set[Variable] = set()

    def drawn(self, variable: Variable) -> nmod_mat:
        made = self._plan.of(variable)
        if made is None:
            return super().drawn(variable)
        if variable in self._making:
            raise Unmade(f"the judge cannot make {variable}, which is assumed to be computed from itself")
        if variable not in self._made:
            self._making.add(variable)
            try:
                self._made[variable] = MAKERS[made.how](made, self)
            finally:
                self._making.discard(variable)
        return self._made[variable]

    def draw_again(self, variable: Variable, rows: Sequence[int] = ()) -> None:
        made = self._plan.of(variable)
        self._made.clear()
        super().draw_again(variable, rows)
        # what is made of others changes with them
        for _, part in subterms(made.source) if made is not None and made.source is not None else ():
            if isinstance(part, Variable) and not free_symbols(part) and self.definition(part) is None:
                self.draw_again(part)

    def orthogonal(self, variable: Variable, size: int) -> nmod_mat:
        """A random `Q` with `QᵀQ = I`: `(I - K)(I + K)⁻¹` with `Kᵀ = -K` (Cayley 1846)."""
        draws = iter(self._draws(f"skew {variable} {self._turns.get(variable, 0)}", size * size))
        skew = zeros(size, size)
        for i in range(size):
            for k in range(i):
                entry = next(draws)
                skew[i, k] = entry
                skew[k, i] = -entry
        one = diagonal([1] * size)
        try:
            return (one - skew) * (one + skew).inv()
        except ZeroDivisionError:
            raise Resample("I + K is singular") from None


def constrained(network: Network, seed: int, plan: Plan) -> Point:
    """The point of a seed; one for all steps that assume the same."""
    return _points(network, seed, plan).lightened()


@lru_cache(maxsize=64)
def _points(network: Network, seed: int, plan: Plan) -> Constrained:
    return Constrained(network, seed, plan)


def _columns(made: Made, point: Constrained) -> nmod_mat:
    return _first_columns(made, point, *point.extent(made.variable))


def _rows(made: Made, point: Constrained) -> nmod_mat:
    rows, columns = point.extent(made.variable)
    return _first_columns(made, point, columns, rows).transpose()


def _first_columns(made: Made, point: Constrained, rows: int, columns: int) -> nmod_mat:
    if columns > rows:
        raise Unmade(f"the judge cannot make {columns} orthonormal columns of {rows} entries for {made.variable}")
    whole = point.orthogonal(made.variable, rows)
    return whole * diagonal([1] * columns, rows).transpose()


def _value(made: Made, point: Constrained) -> nmod_mat:
    assert made.source is not None
    found = value(made.source, point, point.sizes)
    if (found.nrows(), found.ncols()) != point.extent(made.variable):
        raise Unmade(f"the judge cannot make {made.variable}: {made.source} has another shape")
    return found


def _factor(made: Made, point: Constrained) -> nmod_mat:
    """A factor with orthonormal columns is any that are a basis of the same space; square, any at all."""
    rows, columns = point.extent(made.variable)
    if rows != columns:
        raise Unmade(f"the judge cannot factor {made.source} in a prime field, as {made.variable} is assumed to")
    return _columns(made, point)


def _not_negative(made: Made, point: Constrained) -> nmod_mat:
    raise Unmade(f"the judge cannot make {made.variable} ≥ 0 in a prime field, which has no order")


def _column_sums(made: Made, point: Constrained) -> nmod_mat:
    """Entries as any other, the last of each column what is missing to 1."""
    drawn = Point.drawn(point, made.variable)
    rows, columns = drawn.nrows(), drawn.ncols()
    found = nmod_mat(drawn)
    for k in range(columns):
        found[rows - 1, k] = 1 - sum(int(drawn[i, k]) for i in range(rows - 1))
    return found


def _row_sums(made: Made, point: Constrained) -> nmod_mat:
    drawn = Point.drawn(point, made.variable)
    rows, columns = drawn.nrows(), drawn.ncols()
    found = nmod_mat(drawn)
    for i in range(rows):
        found[i, columns - 1] = 1 - sum(int(drawn[i, k]) for k in range(columns - 1))
    return found


MAKERS: dict[str, Callable[[Made, Constrained], nmod_mat]] = {
    hypotheses.ORTHONORMAL_COLUMNS: _columns,
    hypotheses.ORTHONORMAL_ROWS: _rows,
    hypotheses.VALUE: _value,
    hypotheses.FACTOR: _factor,
    hypotheses.NOT_NEGATIVE: _not_negative,
    hypotheses.COLUMN_SUMS: _column_sums,
    hypotheses.ROW_SUMS: _row_sums,
}


def holds(assumed: Claim, point: Point, setting: Setting) -> bool:
    """Whether something that is assumed holds at a point, for the values of its free indices that are tried."""
    if assumed.relation != "=":
        return False
    try:
        return all(
            value(assumed.left, point, symbols) == value(assumed.right, point, symbols)
            for turned in (False, True)
            for symbols in assignments(assumed, point, setting, turned)
        )
    except OutOfRange:
        return False
