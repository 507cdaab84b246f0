"""From entries back to vectors and matrices: `Σ_i W_{ik} u_i`, read at the index `k`, is `Wᵀ u`.

Whatever is recognised is taken apart again and compared, so a reading can fail but not be wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from symbackprop import expr, groups
from symbackprop.dims import ONE, Dim, Symbol, Width, dim, index, units
from symbackprop.entries import entries
from symbackprop.errors import ShapeError
from symbackprop.expr import Expr
from symbackprop.forms import has_gradient, turned
from symbackprop.indices import (
    UNIT,
    Applied,
    Calculus,
    Delta,
    Entries,
    Factor,
    Inexpressible,
    Item,
    Raised,
    Term,
    indices_of,
    symbol_of,
    times,
)
from symbackprop.normalform import normal, raised
from symbackprop.primitives import EntrywiseQuotient
from symbackprop.shapes import SCALAR
from symbackprop.substitution import free_symbols
from symbackprop.tree import subterms

STYLES = ("jacobian", "hadamard")


def recognised(one: Entries, row: Dim, column: Dim, calculus: Calculus, style: str = "jacobian") -> Expr:
    """The expression whose entry at `row, column` is given; a column where `column` is 1, a scalar where both are.

    Args:
        one: entries in normal form.
        row: an index of the calculation, or 1.
        column: the same.
        calculus: the calculation that the entries come from.
        style: "jacobian" writes `diag(g'(z)) u`, "hadamard" writes `g'(z) ⊙ u`.

    Raises:
        Inexpressible: where the entries are not those of an expression of this tree.
    """
    shared, inside = _shared(one, frozenset((*row.names, *column.names)))
    if shared is not None:
        return _scaled(shared, recognised(inside, row, column, calculus, style), calculus, style)
    # before the terms are read, in which sums may have indices of the same names
    wanted = tuple(ONE if (name := symbol_of(end)) is None else calculus.ranges[name] for end in (row, column))
    total: Expr | None = None
    for term in sorted(one.terms, key=lambda t: (t.coefficient < 0, len(t.factors))):
        part = _Reading(term, row, column, calculus, style).read()
        if total is None:
            total = -part if term.coefficient < 0 else part
        else:
            total = total - part if term.coefficient < 0 else total + part
    if total is None:
        raise Inexpressible("everything cancels")
    _check_shape(total, wanted, calculus)
    # inside a function, what was put in for an index may have given bound indices other names than a normal form has
    if normal(entries(total, row, column, calculus), calculus) != normal(one, calculus):
        raise Inexpressible(f"{total} does not have the entries that it was read from")
    return total


def _check_shape(e: Expr, wanted: tuple[Dim, ...], calculus: Calculus) -> None:
    """Raise `Inexpressible` where an expression has more rows or columns than the indices that it was read at.

    The first n entries of a longer column are those of the column, which is another one.
    """
    try:
        found = calculus.shape(e)
    except ShapeError as error:
        raise Inexpressible(str(error)) from None
    if found != wanted:
        raise Inexpressible(f"{e} has another shape than the indices that it is read at")


def _shared(one: Entries, places: frozenset[str]) -> tuple[Term | None, Entries]:
    """What is a factor of every one of several terms, number and powers of scalars, and the sum without it.

    Of a scalar that every term has a power of, the greatest is taken out: `s^{-1}` of `s^{-1}` and `s^{-3}`.
    """
    sizes = {abs(term.coefficient) for term in one.terms}
    number = sizes.pop() if len(sizes) == 1 else Fraction(1)
    exponents = [{f.base: f.exponent for f in term.factors if isinstance(f, Raised)} for term in one.terms]
    common = [base for base in exponents[0] if all(base in own for own in exponents)] if exponents else []
    # what has the index of an entry, or one that is summed over, is no scalar
    places = places.union(name for term in one.terms for name, _ in term.bound)
    common = [base for base in common if places.isdisjoint(indices_of(Raised(base, Fraction(1))))]
    powers = tuple(Raised(base, max(own[base] for own in exponents)) for base in common)
    if len(one.terms) < 2 or (number == 1 and not powers):
        return None, one
    return Term(number, powers), Entries(tuple(_divided(term, number, powers) for term in one.terms))


def _divided(term: Term, number: Fraction, powers: tuple[Raised, ...]) -> Term:
    """A term without a number and without powers of scalars, of each of which it has some power itself."""
    least = {power.base: power.exponent for power in powers}
    factors: list[Factor] = []
    for f in term.factors:
        if not isinstance(f, Raised) or f.base not in least:
            factors.append(f)
        elif f.exponent != least[f.base]:
            factors.append(Raised(f.base, f.exponent - least[f.base]))
    return Term(term.coefficient / number, tuple(factors), term.bound)


def _scaled(shared: Term, inside: Expr, calculus: Calculus, style: str) -> Expr:
    """An expression times what its terms shared: a reciprocal becomes a denominator."""
    below = [f for f in shared.factors if isinstance(f, Raised) and f.exponent < 0]
    above = Term(shared.coefficient, tuple(f for f in shared.factors if not isinstance(f, Raised) or f.exponent > 0))
    scale = None
    if above != Term(Fraction(1), ()):
        scale = recognised(Entries((above,)), ONE, ONE, calculus, style)
    if below:
        under = UNIT
        for f in below:
            under = times(under, raised(f.base, -f.exponent))
        scale = expr.Quotient(scale or expr.number(1), recognised(under, ONE, ONE, calculus, style))
    assert scale is not None
    return scale @ inside


class _Reading:
    """One term being read; factors are struck from `left` as they are used."""

    def __init__(self, term: Term, row: Dim, column: Dim, calculus: Calculus, style: str) -> None:
        self.left = list(term.factors)
        self.coefficient = abs(term.coefficient)
        self.row, self.column = row, column
        self.calculus = calculus
        self.style = style
        self.sizes = dict(term.bound)
        for end in (row, column):
            if (name := symbol_of(end)) is not None:
                self.sizes[name] = calculus.ranges[name]
        calculus.ranges.update(self.sizes)

    def read(self) -> Expr:
        self._find_softmax()
        scalars = self._take(lambda f: not self._live(f) and not isinstance(f, Delta))
        if self.row == ONE and self.column == ONE:
            body = self._inner()
        elif self.column == ONE:
            body = self._column(self.row)
        elif self.row == ONE:
            body = turned(self._column(self.column), self.calculus.network)
        else:
            body = self._matrix()
        if self.left:
            raise Inexpressible(f"nothing is known to write {self.left[0]} as")
        # a gradient by a scalar stands where the chain rule has it, behind the derivative: `1 ∂L/∂z̄`
        last = [self._scalar(f) for f in scalars if _is_gradient(f) and isinstance(self._scalar(f), expr.Partial)]
        before = self._scale([f for f in scalars if not _is_gradient(f) or self._scalar(f) not in last])
        parts = [*before, *([] if body is None else [body]), *last] or [expr.number(1)]
        total = parts[0]
        for part in parts[1:]:
            total = total @ part
        # a softmax of the column at an index of the entry, or at one that is summed over, is one for each of them
        loose = free_symbols(total) & self.sizes.keys()
        if loose:
            raise Inexpressible(f"{total} has the index {min(loose)} in it, which means nothing outside of the entry")
        return total

    def _inside(self, argument: Entries, row: Dim, column: Dim) -> Expr:
        """What is inside a function or a power, at an index of this term."""
        # what was read before may have had sums over other indices of the same names
        self.calculus.ranges.update(self.sizes)
        return recognised(argument, row, column, self.calculus, self.style)

    def _scale(self, scalars: list[Factor]) -> list[Expr]:
        """What is before a column or a matrix: the number and the scalars, those with reciprocals over a line."""
        above = [self._scalar(f) for f in scalars if not isinstance(f, Raised) or f.exponent > 0]
        below = [self._scalar(Raised(f.base, -f.exponent)) for f in scalars if isinstance(f, Raised) and f.exponent < 0]
        if self.coefficient != 1:
            above.insert(0, expr.Number(Fraction(self.coefficient)))
        above, below = _powers(above), _powers(below)
        if not below:
            return above
        # sizes stand before variables, as in `1/(m σ)`
        below.sort(key=lambda e: any(isinstance(part, expr.Variable) for _, part in subterms(e)))
        over = above or [expr.number(1)]
        ends = [part[0] if len(part) == 1 else expr.Product(tuple(part)) for part in (over, below)]
        return [expr.Quotient(*ends)]

    def _find_softmax(self) -> None:
        """`exp v_k / Σ_m exp v_m` becomes an entry of the softmax of v."""
        for below in [f for f in self.left if isinstance(f, Raised) and f.exponent == -1]:
            for above in [f for f in self.left if isinstance(f, Applied) and f.function == "exp"]:
                for name in self._live(above):
                    k = Dim(((Symbol(name), 1),))
                    vector = self._inside(above.argument, k, ONE)
                    whole = normal(entries(expr.Softmax(vector), k, ONE, self.calculus), self.calculus)
                    if whole.terms == (Term(Fraction(1), tuple(f for f in self.left if f in (below, above))),):
                        self.left = [f for f in self.left if f not in (below, above)]
                        self.left.append(Item(expr.Softmax(vector), k, ONE))
                        return

    # which indices a factor has, and which factors an index

    def _live(self, factor: Factor) -> list[str]:
        match factor:
            case Item(_, row, column):
                ends = [row, column]
            case Delta(one, two):
                ends = [one, two]
            case Applied(_, _, argument) | Raised(argument, _):
                # an index that the argument sums over itself may have the name of one outside
                own = [{name for name, _ in t.bound} for t in argument.terms]
                inner = [(name, i) for i, t in enumerate(argument.terms) for f in t.factors for name in self._live(f)]
                return list(dict.fromkeys(name for name, i in inner if name not in own[i]))
        return [name for name in dict.fromkeys(map(symbol_of, ends)) if name is not None and name in self.sizes]

    def _take(self, wanted: Callable[[Factor], bool]) -> list[Factor]:
        taken = [f for f in self.left if wanted(f)]
        self.left = [f for f in self.left if not wanted(f)]
        return taken

    # scalars and columns

    def _scalar(self, factor: Factor) -> Expr:
        match factor:
            case Item(expr.Size(size)):
                return expr.Size(self._named(size))
            case Item(of, row, column):
                is_scalar = self.calculus.shape(of) == SCALAR
                return of if is_scalar else expr.Entry(of, row, None if column == ONE else column)
            case Applied(function, order, argument):
                return expr.Elementwise(function, self._inside(argument, ONE, ONE), order)
            case Raised(base, exponent):
                inside = self._inside(base, ONE, ONE)
                if exponent == 1:
                    return inside
                return expr.SquareRoot(inside) if exponent == Fraction(1, 2) else expr.Power(inside, exponent)
        raise Inexpressible(f"{factor} is not a scalar")

    def _weight(self, factor: Factor, at: Dim) -> Expr:
        """A factor that has one index only, as a column over it."""
        size = self.sizes[str(at)]
        match factor:
            case Item(of, row, column):
                if column == ONE:
                    found: Expr = of
                elif symbol_of(column) == str(at):
                    found = of.T if self.calculus.shape(of)[0] == ONE else expr.Row(of, row).T
                else:
                    found = expr.Column(of, column)
            case Applied(function, order, argument):
                found = expr.Elementwise(function, self._inside(argument, at, ONE), order)
            case Raised(base, exponent):
                found = groups.EntrywisePower(self._inside(base, at, ONE), exponent)
            case _:
                raise Inexpressible(f"{factor} is not a column")
        if self.calculus.shape(found)[0] != size:
            raise Inexpressible(f"{found} is longer than the index it is read at")
        return found

    def _edge(self, item: Item, at: Dim) -> tuple[Expr, Dim]:
        """A matrix that has the index `at` and another, turned so that `at` counts its rows; and the other index."""
        matrix = item.of
        if self.sizes[str(item.column)] == self.calculus.shape(matrix)[1] - 1:
            matrix = expr.WithoutBias(matrix)
        return (matrix, item.column) if item.row == at else (matrix.T, item.row)

    def _around(self, at: Dim) -> tuple[list[Expr], list[Item]]:
        """The columns and the matrices that have an index, slopes first and gradients last."""
        name = str(at)
        found = self._take(lambda f: name in self._live(f))
        weights = [f for f in found if self._live(f) == [name]]
        # slopes first, gradients last, as the chain rule has them
        weights.sort(key=lambda f: (not (isinstance(f, Applied) and f.order > 0), _is_gradient(f)))
        edges = [f for f in found if self._live(f) != [name]]
        if any(not isinstance(f, Item) for f in edges):
            raise Inexpressible(f"{edges[0]} has two indices and is not an entry of a matrix")
        return [self._weight(f, at) for f in weights], [f for f in edges if isinstance(f, Item)]

    def _column(self, at: Dim) -> Expr:
        weights, edges = self._around(at)
        for item in edges:
            matrix, other = self._edge(item, at)
            weights.append(matrix @ self._column(other))
        weights.sort(key=has_gradient)
        if not weights:
            return expr.Ones(self._named(self.sizes[str(at)]))
        if len(weights) == 1:
            return weights[0]
        if self.style == "hadamard":
            return _over_line(weights)
        *first, last = weights
        return expr.Diagonal(_entrywise(first)) @ last

    def _inner(self) -> Expr | None:
        """What is left of a scalar: nothing, or one sum over columns, `aᵀ b`."""
        for factor in self.left:
            for name in self._live(factor):
                at = Dim(((Symbol(name), 1),))
                weights, edges = self._around(at)
                for item in edges:
                    matrix, other = self._edge(item, at)
                    weights.append(matrix @ self._column(other))
                if len(weights) == 1:
                    return expr.Ones(self._named(self.sizes[name])).T @ weights[0]
                # what the network computes first, then its parameters, and a gradient at the end
                weights.sort(key=lambda e: (isinstance(e, expr.Partial), isinstance(e, expr.Named)))
                first, *between, last = weights
                if not between:
                    return first.T @ last
                if self.style == "hadamard":
                    return first.T @ expr.Hadamard((*between, last))
                return first.T @ expr.Diagonal(_entrywise(between)) @ last
        return None

    # matrices

    def _matrix(self) -> Expr:
        for end, placed in ((self.column, True), (self.row, False)):
            for factor in self.left:
                if isinstance(factor, Delta) and end in (factor.one, factor.two) and len(self._live(factor)) == 1:
                    self.left.remove(factor)
                    at = factor.two if factor.one == end else factor.one
                    size = self._named(self.sizes[str(end)])
                    other = self._column(self.row if placed else self.column)
                    made = expr.ColumnAt(other, at, size)
                    return made if placed else made.T
        diagonal = [
            f for f in self.left if isinstance(f, Delta) and set(self._live(f)) == {str(self.row), str(self.column)}
        ]
        if diagonal:
            self.left.remove(diagonal[0])
            return self._diagonal()
        entrywise = self._entry_by_entry()
        if entrywise is not None:
            return entrywise
        if self._connected():
            return self._path(self.row)
        return self._column(self.row) @ self._column(self.column).T

    def _entry_by_entry(self) -> Expr | None:
        """`A ⊙ B ⊘ C`, where each factor is the entry at this row and column of a matrix; None where that is not so."""
        ends = {str(self.row), str(self.column)}
        if not self.left or any(isinstance(f, Delta) or set(self._live(f)) != ends for f in self.left):
            return None
        if len(self.left) == 1 and isinstance(self.left[0], Item):
            return None
        above: list[Expr] = []
        below: list[Expr] = []
        for factor in self._take(lambda f: True):
            match factor:
                case Item(of, row, _):
                    above.append(of if row == self.row else of.T)
                case Applied(function, order, argument):
                    inside = self._inside(argument, self.row, self.column)
                    above.append(expr.Elementwise(function, inside, order))
                case Raised(base, exponent) if exponent == -1:
                    below.append(self._inside(base, self.row, self.column))
                case _:
                    raise Inexpressible(f"nothing is known to write {factor} as, entry by entry")
        above.sort(key=has_gradient)
        if not below:
            return _entrywise(above)
        rows, columns = (self._named(self.sizes[str(end)]) for end in (self.row, self.column))
        one = expr.Ones(rows) @ expr.Ones(columns).T
        return EntrywiseQuotient(_entrywise(above) if above else one, _entrywise(below))

    def _diagonal(self) -> Expr:
        """A matrix that is zero off its diagonal, square or with one column (or row) more."""
        rows, columns = self.sizes[str(self.row)], self.sizes[str(self.column)]
        least = self.column if rows == columns + 1 else self.row
        other = self.row if least is self.column else self.column
        self.left = [f.at({str(other): least}) for f in self.left]
        weights, edges = self._around(least)
        if edges and rows != columns:
            raise Inexpressible("a rectangular diagonal with a matrix on it")
        for item in edges:
            matrix, inner = self._edge(item, least)
            weights.append(matrix @ self._column(inner))
        if rows == columns:
            if not weights:
                return expr.Identity(self._named(rows))
            return expr.Diagonal(_entrywise(weights))
        match weights:
            case [expr.Elementwise(function, operand, 1)] if abs((rows - columns).constant) == 1:
                made = expr.ActivationJacobian(function, operand)
                return made if columns == rows + 1 else made.T
        raise Inexpressible("a rectangular diagonal that is not an activation Jacobian")

    def _connected(self) -> bool:
        reached, grown = {str(self.row)}, True
        while grown:
            grown = False
            for factor in self.left:
                ends = set(self._live(factor))
                if isinstance(factor, Item) and ends & reached and not ends <= reached:
                    reached |= ends
                    grown = True
        return str(self.column) in reached

    def _path(self, at: Dim) -> Expr:
        """The product of matrices from an index to the column's index."""
        weights, edges = self._around(at)
        total: Expr | None = None
        if weights:
            total = expr.Diagonal(_entrywise(weights))
        if at == self.column:
            return total if total is not None else expr.Identity(self._named(self.sizes[str(at)]))
        if len(edges) != 1:
            raise Inexpressible("matrices that branch")
        matrix, other = self._edge(edges[0], at)
        total = matrix if total is None else total @ matrix
        touched = any(str(other) in self._live(f) for f in self.left)
        return total @ self._path(other) if other != self.column or touched else total

    def _named(self, size: Dim) -> Dim:
        """A size in the network's own words: `n_l - 1` is the number of units of layer `l`."""
        match size:
            case Dim(((Width(layer), 1),), -1):
                return units(layer)
        return size


def _powers(scalars: list[Expr]) -> list[Expr]:
    """Equal scalars as a power of one: `r²` for `r r`."""
    found = {e: scalars.count(e) for e in scalars}
    return [e if count == 1 else expr.Power(e, Fraction(count)) for e, count in found.items()]


def _is_gradient(factor: Factor) -> bool:
    return isinstance(factor, Item) and isinstance(factor.of, expr.Partial)


def _over_line(columns: list[Expr]) -> Expr:
    """The entrywise product of columns; reciprocals are below the line of a quotient."""
    below = [c.operand for c in columns if isinstance(c, groups.EntrywisePower) and c.exponent == -1]
    above = [c for c in columns if not (isinstance(c, groups.EntrywisePower) and c.exponent == -1)]
    if not below or not above:
        return expr.Hadamard(tuple(columns))
    return EntrywiseQuotient(_entrywise(above), _entrywise(below))


def _entrywise(columns: list[Expr]) -> Expr:
    return columns[0] if len(columns) == 1 else expr.Hadamard(tuple(columns))


# --- scalars with indexed sums, for printing a calculation ------------------------------------------------------------


def written(one: Entries, names: str = "mpqrstuv") -> Expr:
    """Entries as a scalar expression with indexed sums, for printing the calculation."""
    terms = [_written(term, names) for term in one.terms]
    if not terms:
        return expr.number(0)
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def _written(term: Term, names: str) -> Expr:
    # not a letter that stands for something else in the term: the induction's own index may be one of them
    taken = term.symbols.union(*(free_symbols(f.of) for f in term.factors if isinstance(f, Item)))
    free = [name for name in names if name not in taken]
    letters = {name: index(free[i]) for i, (name, _) in enumerate(term.bound)}
    factors = [_factor(f.at(letters), names) for f in term.factors]
    if abs(term.coefficient) != 1 or not factors:
        factors.insert(0, expr.Number(abs(term.coefficient)))
    body: Expr = factors[0]
    for factor in factors[1:]:
        body = body @ factor
    for name, size in reversed(term.bound):
        body = expr.IndexedSum(str(letters[name]), dim(1), size, body)
    return -body if term.coefficient < 0 else body


def _factor(factor: Factor, names: str) -> Expr:
    match factor:
        case Item(of, row, column):
            return of if shape_is_plain(of) else expr.Entry(of, row, None if column == ONE else column)
        case Delta(one, two):
            return expr.Kronecker(one, two)
        case Applied(function, order, argument):
            return expr.Elementwise(function, written(argument, names), order)
        case Raised(base, exponent):
            return expr.Power(written(base, names), exponent)


def shape_is_plain(of: Expr) -> bool:
    """Whether an uncut item is a scalar already."""
    return isinstance(of, expr.Size | expr.Function | expr.Loss)
