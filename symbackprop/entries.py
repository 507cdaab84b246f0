"""Every expression by entries, and the chain rule by entries: the part of the index calculus that knows the nodes.

A new primitive registers its entries here from outside: `@entries.register`.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from symbackprop import expr, groups, primitive_entries
from symbackprop.dims import ONE, Dim
from symbackprop.equations import Equation, same_family, same_variable, variables_of
from symbackprop.expr import LOSS, Expr, Partial
from symbackprop.indices import (
    UNIT,
    ZERO,
    Applied,
    Calculus,
    Delta,
    Entries,
    Factor,
    Inexpressible,
    Item,
    Raised,
    Term,
    count,
    plus,
    scaled,
    single,
    summed,
    times,
    under,
)
from symbackprop.indices import entries as entries
from symbackprop.normalform import applied, derivative, normal, raised
from symbackprop.primitives import Rows
from symbackprop.shapes import SCALAR
from symbackprop.substitution import substitute
from symbackprop.tree import subterms

REGISTERED = (primitive_entries,)  # importing it registers its readers


@entries.register(expr.Variable)
@entries.register(expr.IndexedProduct)
@entries.register(expr.Function)
def _(e: Expr, row: Dim, column: Dim, calculus: Calculus) -> Entries:
    return single(Item(e, row, column))


@entries.register
def _(e: expr.Partial, row: Dim, column: Dim, calculus: Calculus) -> Entries:
    if e.numerator:
        row, column = column, row
    if calculus.shape(e.of) == SCALAR:
        variable, row, column = place(e.wrt, row, column, calculus)
        return single(Item(expr.Partial(e.of, variable), row, column))
    return single(Item(expr.Partial(e.of, e.wrt), row, column))


def place(part: Expr, row: Dim, column: Dim, calculus: Calculus) -> tuple[expr.Variable, Dim, Dim]:
    """Which entry of which variable an entry of a part of it is: entry `k` of `w_{l,j}ᵀ` is entry `j, k` of `W_l`."""
    match part:
        case expr.Variable():
            return part, row, column
        case expr.Transpose(operand):
            return place(operand, column, row, calculus)
        case expr.Row(operand, j):
            return place(operand, calculus.fixed(j, calculus.shape(operand)[0]), column, calculus)
        case expr.Column(operand, k):
            return place(operand, row, calculus.fixed(k, calculus.shape(operand)[1]), calculus)
        case expr.Entry(operand, i, k):
            rows, columns = calculus.shape(operand)
            second = ONE if k is None else calculus.fixed(k, columns)
            return place(operand, calculus.fixed(i, rows), second, calculus)
        case expr.WithoutBias(operand):
            return place(operand, row, column, calculus)
        case expr.Columns(operand, first):
            return place(operand, row, calculus.sized(first - 1) + column, calculus)
        case Rows(operand, first):
            return place(operand, calculus.sized(first - 1) + row, column, calculus)
    raise Inexpressible(f"{part} is not a part of a variable")


@entries.register
def _(e: expr.Number, row: Dim, column: Dim, calculus: Calculus) -> Entries:
    return scaled(e.value, UNIT)


@entries.register
def _(e: expr.Size, row: Dim, column: Dim, calculus: Calculus) -> Entries:
    return count(calculus.sized(e.size))


@entries.register
def _(e: expr.Kronecker, row: Dim, column: Dim, calculus: Calculus) -> Entries:
    return single(Delta(e.one, e.two))


@entries.register
def _(e: expr.Identity, row: Dim, column: Dim, calculus: Calculus) -> Entries:
    return single(Delta(row, column))


@entries.register
def _(e: expr.Zeros, row: Dim, column: Dim, calculus: Calculus) -> Entries:
    return ZERO


@entries.register
def _(e: expr.Ones, row: Dim, column: Dim, calculus: Calculus) -> Entries:
    return UNIT


@entries.register(expr.Row)
@entries.register(expr.Column)
@entries.register(expr.Entry)
@entries.register(expr.WithoutBias)
@entries.register(expr.Columns)
def _(
    e: expr.Row | expr.Column | expr.Entry | expr.WithoutBias | expr.Columns, row: Dim, column: Dim, calculus: Calculus
) -> Entries:
    rows, columns = calculus.shape(e.operand)
    match e:
        case expr.Row(_, j):
            row = calculus.fixed(j, rows)
        case expr.Column(_, k):
            column = calculus.fixed(k, columns)
        case expr.Entry(_, i, k):
            row, column = calculus.fixed(i, rows), ONE if k is None else calculus.fixed(k, columns)
        case expr.Columns(_, first):
            column = calculus.sized(first - 1) + column
    return entries(e.operand, row, column, calculus)


@entries.register
def _(e: expr.ColumnAt, row: Dim, column: Dim, calculus: Calculus) -> Entries:
    at = calculus.fixed(e.column, e.width)
    return times(entries(e.vector, row, ONE, calculus), single(Delta(column, at)))


@entries.register
def _(e: expr.Transpose, row: Dim, column: Dim, calculus: Calculus) -> Entries:
    return entries(e.operand, column, row, calculus)


@entries.register
def _(e: expr.Product, row: Dim, column: Dim, calculus: Calculus) -> Entries:
    total = UNIT
    chain = []
    for factor in e.factors:
        if calculus.shape(factor) == SCALAR:
            total = times(total, entries(factor, ONE, ONE, calculus))
        else:
            chain.append(factor)
    inner: list[Dim] = []
    here = row
    for i, factor in enumerate(chain):
        size = calculus.shape(factor)[1]
        last = i == len(chain) - 1
        there = column if last else calculus.index_along(size)
        total = times(total, entries(factor, here, there, calculus))
        if not last and there != ONE:
            inner.append(there)
        here = there
    for over in inner:
        total = summed(over, total, calculus)
    return total


@entries.register
def _(e: expr.Hadamard, row: Dim, column: Dim, calculus: Calculus) -> Entries:
    total = UNIT
    for factor in e.factors:
        total = times(total, entries(factor, row, column, calculus))
    return total


@entries.register
def _(e: expr.Sum, row: Dim, column: Dim, calculus: Calculus) -> Entries:
    return plus(*(entries(term, row, column, calculus) for term in e.terms))


@entries.register
def _(e: expr.Negative, row: Dim, column: Dim, calculus: Calculus) -> Entries:
    return scaled(-1, entries(e.operand, row, column, calculus))


@entries.register
def _(e: expr.Quotient, row: Dim, column: Dim, calculus: Calculus) -> Entries:
    below = normal(entries(e.denominator, ONE, ONE, calculus), calculus)
    return times(entries(e.numerator, row, column, calculus), raised(below, Fraction(-1)))


@entries.register
def _(e: expr.Power, row: Dim, column: Dim, calculus: Calculus) -> Entries:
    return raised(normal(entries(e.base, ONE, ONE, calculus), calculus), e.exponent)


@entries.register
def _(e: groups.Membership, row: Dim, column: Dim, calculus: Calculus) -> Entries:
    # in one group is every unit
    return UNIT if e.groups == 1 else single(Item(e, row, column))


@entries.register
def _(e: groups.EntrywisePower, row: Dim, column: Dim, calculus: Calculus) -> Entries:
    return raised(normal(entries(e.operand, row, column, calculus), calculus), e.exponent)


@entries.register
def _(e: expr.SquareRoot, row: Dim, column: Dim, calculus: Calculus) -> Entries:
    return raised(normal(entries(e.operand, ONE, ONE, calculus), calculus), Fraction(1, 2))


@entries.register
def _(e: expr.Diagonal, row: Dim, column: Dim, calculus: Calculus) -> Entries:
    return times(entries(e.operand, row, ONE, calculus), single(Delta(row, column)))


@entries.register
def _(e: expr.Elementwise, row: Dim, column: Dim, calculus: Calculus) -> Entries:
    return applied(e.function, e.order, entries(e.operand, row, column, calculus), calculus)


@entries.register
def _(e: expr.LayerMap, row: Dim, column: Dim, calculus: Calculus) -> Entries:
    size = calculus.shape(e.operand)[0]
    k = calculus.index(size)
    units = times(applied(e.function, 0, entries(e.operand, k, ONE, calculus), calculus), single(Delta(row, k)))
    return plus(summed(k, units, calculus), single(Delta(row, size + 1)))


@entries.register
def _(e: expr.ActivationJacobian, row: Dim, column: Dim, calculus: Calculus) -> Entries:
    slope = applied(e.function, 1, entries(e.operand, row, ONE, calculus), calculus)
    return times(slope, single(Delta(row, column)))


def _exponentials(e: expr.LogSumExp | expr.Softmax, row: Dim, column: Dim, calculus: Calculus) -> Entries:
    """`Σ_k exp` of the entries in the same column, or in the same row."""
    by_column = e.along == "column"
    k = calculus.index(calculus.shape(e.operand)[0 if by_column else 1])
    at = (k, column) if by_column else (row, k)
    return summed(k, applied("exp", 0, entries(e.operand, *at, calculus), calculus), calculus)


@entries.register
def _(e: expr.LogSumExp, row: Dim, column: Dim, calculus: Calculus) -> Entries:
    return applied("log", 0, _exponentials(e, row, column, calculus), calculus)


@entries.register
def _(e: expr.Softmax, row: Dim, column: Dim, calculus: Calculus) -> Entries:
    above = applied("exp", 0, entries(e.operand, row, column, calculus), calculus)
    return times(above, raised(normal(_exponentials(e, row, column, calculus), calculus), Fraction(-1)))


@entries.register
def _(e: expr.Norm, row: Dim, column: Dim, calculus: Calculus) -> Entries:
    size = calculus.shape(e.operand)
    if e.kind == "2" and ONE not in size:
        raise Inexpressible("a spectral norm has no formula by entries")
    i, k = calculus.entry_indices(size)
    one = entries(e.operand, i, k, calculus)
    total = applied("abs", 0, one, calculus) if e.kind == "1" else times(one, one)
    for over in (i, k):
        total = total if over is ONE else summed(over, total, calculus)
    total = normal(total, calculus)
    return total if e.kind == "1" else raised(total, Fraction(1, 2))


@entries.register
def _(e: expr.IndexedSum, row: Dim, column: Dim, calculus: Calculus) -> Entries:
    # the index of the calculation starts at 1, wherever that of the sum does
    i = calculus.index(e.upper - e.lower + 1)
    terms = entries(substitute(e.body, {e.index: i + (e.lower - 1)}), row, column, calculus)
    return summed(i, terms, calculus)


# --- the chain rule --------------------------------------------------------------------------------------------------


def chained(variable: expr.Variable, row: Dim, column: Dim, calculus: Calculus) -> Entries:
    """`∂L/∂v` at an entry, through every equation that uses `v`: `Σ_u Σ_i ∂L/∂u_i ∂u_i/∂v`, by the forward equations.

    Raises:
        Inexpressible: if the variable is used nowhere.
        LookupError: if what is known of the indices does not say where it is used.
    """
    parts = [_used(equation, variable, row, column, calculus) for equation in calculus.network.equations]
    if not any(parts):
        raise Inexpressible(f"the loss does not depend on {variable} through any forward equation")
    return normal(plus(*(part for found in parts for part in found)), calculus)


def _used(equation: Equation, variable: expr.Variable, row: Dim, column: Dim, calculus: Calculus) -> list[Entries]:
    """What an equation, or each that uses `v` of a family of equations, gives to `∂L/∂v` at an entry."""
    network, known = calculus.network, calculus.known
    if equation.left != LOSS and not network.computed_from(LOSS, equation.left, known):
        return []
    found = [(part, bound) for part, bound in variables_of(equation.right) if same_family(part, variable)]
    own = {equation.index} if equation.index is not None else set[str]()
    indices = [frozenset[str]() if part.index is None else part.index.symbols for part, _ in found]
    if own and any(
        not own & symbols and part.index == variable.index for (part, _), symbols in zip(found, indices, strict=True)
    ):
        # in every equation of the family: a sum over all of them
        t = calculus.index(equation.upper - equation.lower + 1)
        at = equation.member(t + (equation.lower - 1))
        return [summed(t, through(at, variable, row, column, calculus), calculus)]
    if any(symbols & bound for (_, bound), symbols in zip(found, indices, strict=True)):
        if own:
            raise Inexpressible(f"{variable} is under a sum in each of the equations for {equation.left}")
        return [through(equation, variable, row, column, calculus)]
    instances = dict.fromkeys(
        instance for part, _ in found if (instance := equation.instance(part, variable, known)) is not None
    )
    return [through(instance, variable, row, column, calculus) for instance in instances]


def through(equation: Equation, variable: expr.Variable, row: Dim, column: Dim, calculus: Calculus) -> Entries:
    """What one equation that uses `v` gives to `∂L/∂v` at an entry: `Σ_i ∂L/∂u_i ∂u_i/∂v`."""
    u = equation.left
    i, k = calculus.entry_indices(calculus.shape(u))
    slope = derivative(normal(entries(equation.right, i, k, calculus), calculus), variable, row, column, calculus)
    upstream = UNIT if u == LOSS else single(Item(Partial(LOSS, u), i, k))
    total = times(slope, upstream)
    for over in (i, k):
        total = total if over is ONE else summed(over, total, calculus)
    return total


def expanded(one: Entries, calculus: Calculus, keep: Entries | None = None, short: bool = False) -> Entries:
    """Derivatives taken through one forward equation.

    Those of a variable by a variable always are; those of the loss, `∂L/∂u`, only where `keep` is given and does not
    contain them. What only abbreviates something is put in by its equation, unless the result is to stay `short`.
    """
    kept = {factor.of for term in keep.terms for factor in term.factors if isinstance(factor, Item)} if keep else set()
    made = _passed(one, calculus, lambda factor: _through(factor, calculus, kept, keep is not None))
    # a derivative by what only abbreviates something goes on to what that is used in
    while keep is not None and any(_is_short(f, calculus, kept) for term in made.terms for f in term.factors):
        made = _passed(made, calculus, lambda f: _through(f, calculus, kept, _is_short(f, calculus, kept)))
    return made if short else written_out(made, calculus)


def _passed(one: Entries, calculus: Calculus, through: Callable[[Factor], Entries]) -> Entries:
    """The entries with each factor replaced."""
    parts = []
    for term in one.terms:
        total = Entries((Term(term.coefficient, ()),))
        calculus.ranges.update(term.bound)
        for factor in term.factors:
            total = times(total, through(factor))
        parts.append(under(term.bound, total))
    return normal(plus(*parts), calculus)


def _is_short(factor: Factor, calculus: Calculus, kept: set[Expr]) -> bool:
    """Whether a factor is the derivative of the loss by an abbreviation."""
    match factor:
        case Item(Partial(expr.Loss(), expr.Variable() as u) as of):
            return of not in kept and abbreviation(u, calculus) is not None
    return False


def written_out(one: Entries, calculus: Calculus) -> Entries:
    """The entries with what only abbreviates something (a mean, a length) put in by its forward equation."""
    if not any(equation.abbreviates for equation in calculus.network.equations):
        return one
    return _passed(one, calculus, lambda factor: _put_in(factor, calculus))


def _put_in(factor: Factor, calculus: Calculus) -> Entries:
    match factor:
        case Item(expr.Variable() as v, row, column):
            if abbreviation(v, calculus) is not None:
                return _meaning(v, calculus).at({ROW: row, COLUMN: column})
        case Applied(function, order, argument):
            return applied(function, order, written_out(argument, calculus), calculus)
        case Raised(base, exponent):
            return raised(written_out(base, calculus), exponent)
    return single(factor)


# the indices of an entry in general
ROW, COLUMN = "row of", "column of"


def _meaning(variable: expr.Variable, calculus: Calculus) -> Entries:
    """Any entry of what a variable abbreviates, worked out once."""

    def find() -> Entries:
        short = abbreviation(variable, calculus)
        assert short is not None
        rows, columns = calculus.shape(variable)
        inside = Calculus(calculus.network, calculus.known)
        row, column = inside.index(rows, ROW), inside.index(columns, COLUMN)
        return written_out(normal(entries(short.right, row, column, inside), inside), inside)

    return calculus.network.kept(("meaning", variable, frozenset(calculus.known.items())), find)


def abbreviation(variable: expr.Variable, calculus: Calculus) -> Equation | None:
    """The equation that a variable abbreviates the right side of; None for any other variable."""
    network = calculus.network
    if not any(equation.abbreviates and same_family(equation.left, variable) for equation in network.equations):
        return None
    found = network.definition(variable, calculus.known)
    return found if found is not None and found.abbreviates else None


def _through(factor: Factor, calculus: Calculus, kept: set[Expr], losses: bool) -> Entries:
    match factor:
        case Item(Partial(expr.Loss(), expr.Variable() as u) as of, row, column) if losses and of not in kept:
            return chained(u, row, column, calculus)
        case Item(Partial(expr.Variable() as u, wrt), row, column) if u != LOSS:
            variable, row, k = place(wrt, row, ONE, calculus)
            if same_variable(u, variable, calculus.known):
                return times(single(Delta(column, row)), single(Delta(ONE, k)))
            equation = calculus.network.definition(u, calculus.known)
            if equation is not None:
                if not calculus.network.is_direct(equation, variable, calculus.known):
                    raise Inexpressible(f"{u} depends on {variable} through more than its own equation")
                forward = normal(entries(equation.right, column, ONE, calculus), calculus)
                return derivative(forward, variable, row, k, calculus)
        case Item(Partial(of, expr.Variable() as variable), row, column) if not isinstance(of, expr.Variable):
            # of what is written out, as ‖W‖_F²: the shape says that it is a scalar
            inside = (part for _, part in subterms(of) if isinstance(part, expr.Variable) and part != variable)
            if calculus.shape(of) == SCALAR and not any(
                calculus.network.computed_from(part, variable, calculus.known) for part in inside
            ):
                return derivative(normal(entries(of, ONE, ONE, calculus), calculus), variable, row, column, calculus)
    return single(factor)
