"""Rules that collect what the calculus took apart: common factors, what cancels, a column by another name."""

from __future__ import annotations

from fractions import Fraction
from functools import reduce

from symbackprop import expr
from symbackprop.derivation import Context, Rewritten, Rule, rule
from symbackprop.dims import ONE, Dim, Symbol, index
from symbackprop.entries import abbreviation, entries, written_out
from symbackprop.equations import Equation
from symbackprop.expr import Expr, Product, Variable, factors_of, product_of
from symbackprop.groups import EntrywisePower, Membership
from symbackprop.indices import (
    UNIT,
    Calculus,
    Delta,
    Entries,
    Factor,
    Inexpressible,
    Item,
    Raised,
    Term,
    indices_of,
    plus,
    scaled,
    single,
    symbol_of,
    times,
    under,
)
from symbackprop.normalform import independent, normal, raised
from symbackprop.rules.recognise import recognised
from symbackprop.shapes import SCALAR, shape
from symbackprop.statements import equal
from symbackprop.tree import Node


def named(one: Entries, names: list[Variable], calculus: Calculus) -> Entries:
    """The entries with powers of what a name abbreviates written by it: `(Σ c_i c_i)^{-1/2}` is `s^{-1}`.

    The name is that of a scalar, or of a column, of which any entry may stand there.
    """
    for name in names:
        short = abbreviation(name, calculus)
        rows, columns = calculus.shape(name)
        if short is None or columns != ONE:
            continue
        at = calculus.index_along(rows)
        match normal(entries(short.right, at, ONE, calculus), calculus).terms:
            case (Term(Fraction(numerator=1, denominator=1), (Raised() as power,), ()),):
                one = plus(*(_renamed(term, power, at, name, calculus) for term in one.terms))
    return normal(one, calculus)


def _renamed(term: Term, power: Raised, at: Dim, name: Variable, calculus: Calculus) -> Entries:
    """A term with powers of the base of one, entry `at` of what a name stands for, by that name."""

    def put(factor: Factor) -> Entries:
        if not isinstance(factor, Raised):
            return single(factor)
        for here in _places(factor, at):
            base = power.base if here == at else normal(power.base.at({str(at): here}), calculus)
            rest = _beside(factor.base, base)
            if rest is not None:
                made = single(Raised(single(Item(name, here, ONE)), factor.exponent / power.exponent))
                return made if rest == UNIT else times(made, raised(rest, -factor.exponent))
        return single(factor)

    total = Entries((Term(term.coefficient, ()),))
    for factor in term.factors:
        total = times(total, put(factor))
    return under(term.bound, total)


def _beside(sum_: Entries, base: Entries) -> Entries | None:
    """What a sum is multiplied by in a base, `1/n` of `1/n Σ c_i c_i`; 1 where they are equal, None otherwise."""
    if sum_ == base:
        return UNIT
    match base.terms:
        case (term,):
            parts = [Entries((part,)) for part in independent(term)]
            if sum_ in parts:
                parts.remove(sum_)
                return reduce(times, parts, scaled(term.coefficient, UNIT))
    return None


def _places(factor: Factor, at: Dim) -> tuple[Dim, ...]:
    """The indices of a factor; 1 for a scalar."""
    return (at,) if at == ONE else tuple(index(name) for name in dict.fromkeys(indices_of(factor)))


def common_factor(right: Expr) -> Rule:
    """The rule that writes `A w + B w + …` as `(A + B + …) w`, for a column `w`; products of columns are turned.

    Sums of what is centred vanish: where `1ᵀc = 0` follows from the forward equations, so does `Σ_i c_i = 0` here.

    Args:
        right: `w`, each entry of which is a product, as those of `diag(v) ∂L/∂a` are.
    """

    def rewrite(e: Expr, context: Context) -> Rewritten | None:
        work = Calculus(context.network, context.known)
        if shape(e, context.network)[1] != ONE:
            return None
        i, k = work.index(shape(e, context.network)[0]), work.index(shape(right, context.network)[0])
        try:
            total = normal(entries(e, i, ONE, work), work)
            left, vanished = _without_vanishing(total, work)
            factor = recognised(normal(_coefficient(left, right, i, k, work), work), i, k, work)
        except Inexpressible:
            return None
        made = factor @ right
        if made == e:
            return None
        why = (right, " is a factor of every term", *_since(vanished), ".")
        return Rewritten(made, why)

    statement = "A w + B w = (A + B) w, and u vᵀw = (u vᵀ) w        shapes: n×n · n×1"
    return Rule("common factor", rewrite, statement, source="distributive law")


def _since(vanished: list[Expr]) -> tuple[str | Expr | Node, ...]:
    """`, and 1ᵀc = 0`, for each column of which the entries sum to 0."""
    words: list[str | Expr | Node] = []
    for column in vanished:
        words += [", and the entries of ", column, " sum to 0"]
    return tuple(words)


def _coefficient(total: Entries, right: Expr, i: Dim, k: Dim, calculus: Calculus) -> Entries:
    """Entry `i, k` of the matrix that entry `i` of a column is with `right` behind it.

    Raises:
        Inexpressible: where some term does not have `right` as a factor.
    """
    pattern = normal(entries(right, k, ONE, calculus), calculus).terms
    if len(pattern) != 1 or pattern[0].bound or pattern[0].coefficient != 1:
        raise Inexpressible(f"the entries of {right} are not products")
    return Entries(tuple(_struck(term, pattern[0].factors, i, k) for term in total.terms))


def _struck(term: Term, pattern: tuple[Factor, ...], i: Dim, k: Dim) -> Term:
    """A term without the entries of the pattern at some index of it, that index being `k` now."""
    name = symbol_of(k)
    assert name is not None
    for at in (*(Dim(((Symbol(bound), 1),)) for bound, _ in term.bound), i):
        wanted = tuple(f.at({name: at}) for f in pattern)
        if all(f in term.factors for f in wanted):
            rest = list(term.factors)
            for f in wanted:
                rest.remove(f)
            if at == i:
                return Term(term.coefficient, (*rest, Delta(i, k)), term.bound)
            own = str(at)
            bound = tuple(pair for pair in term.bound if pair[0] != own)
            return Term(term.coefficient, tuple(f.at({own: k}) for f in rest), bound)
    raise Inexpressible("a term does not have the factor")


def _without_vanishing(one: Entries, calculus: Calculus) -> tuple[Entries, list[Expr]]:
    """The terms without those that have a factor `Σ_i c_i = 0`, and the columns `c`."""
    kept: list[Term] = []
    columns: list[Expr] = []
    for term in one.terms:
        found = next((c for name, size in term.bound if (c := _summing_to_zero(term, name, size, calculus))), None)
        if found is None:
            kept.append(term)
        elif found not in columns:
            columns.append(found)
    return Entries(tuple(kept)), columns


def _summing_to_zero(term: Term, name: str, size: Dim, calculus: Calculus) -> Expr | None:
    """The column of which the entries are summed over an index, where that sum is 0 by the forward equations."""
    having = [f for f in term.factors if name in indices_of(f)]
    columns = [f for f in having if not (isinstance(f, Item) and isinstance(f.of, Membership))]
    match columns:
        case [Item(Variable() as of, row, column)] if symbol_of(row) == name and column == ONE:
            if abbreviation(of, calculus) is None:
                return None
            calculus.ranges.update(term.bound)
            total = written_out(under(((name, size),), Entries((Term(Fraction(1), tuple(having)),))), calculus)
            return None if total.terms else of
    return None


@rule("what cancels", source="1ᵀc = 0 and cᵀc = s² - nε, from the forward equations")
def cancelled(e: Expr, context: Context) -> Rewritten | None:
    r"""1ᵀ(I - 11ᵀ/n) = 0ᵀ, 1ᵀc = 0, cᵀc = s²        shapes: as the expression"""
    work = Calculus(context.network, context.known)
    rows, columns = shape(e, context.network)
    i, k = work.entry_indices((rows, columns))
    try:
        total = normal(entries(e, i, k, work), work)
        names = list(dict.fromkeys(f.of for t in total.terms for f in _lengths(t, work) if isinstance(f.of, Variable)))
        left, vanished = _without_vanishing(_measured(total, names, work), work)
        left = named(left, names, work)
        if not left.terms and columns != ONE:
            return None
        nothing = expr.number(0) if rows == ONE else expr.Zeros(rows)
        made = recognised(left, i, k, work) if left.terms else nothing
    except Inexpressible:
        return None
    if made == e:
        return None
    lengths = [equal(n, s.right) for n in names if (s := abbreviation(n, work)) is not None]
    words: list[str | Node] = ["Multiplied out", *_since(vanished)]
    for length in lengths:
        words += [", with ", length]
    return Rewritten(made, (*words, "."))


def _lengths(term: Term, calculus: Calculus) -> list[Item]:
    """The scalars in a term, those under a power too, and entries of columns that are lengths, one of each group."""
    inside = [t for f in term.factors if isinstance(f, Raised) for t in f.base.terms]
    items = [f for t in (term, *inside) for f in t.factors if isinstance(f, Item)]
    return [f for f in items if f.row == f.column == ONE or _is_length(f.of, calculus)]


def _is_length(of: Expr, calculus: Calculus) -> bool:
    short = abbreviation(of, calculus) if isinstance(of, Variable) else None
    return short is not None and isinstance(short.right, EntrywisePower)


def _measured(one: Entries, names: list[Variable], calculus: Calculus) -> Entries:
    """The entries with scalar abbreviations, such as a length, written out, and nothing else."""

    def put(factor: Factor) -> Entries:
        match factor:
            case Item(Variable() as of, row) if of in names and (short := abbreviation(of, calculus)) is not None:
                return entries(short.right, row, ONE, calculus)
            case Raised(base, exponent):
                return raised(_measured(base, names, calculus), exponent)
        return single(factor)

    parts = []
    for term in one.terms:
        total = Entries((Term(term.coefficient, ()),))
        for f in term.factors:
            total = times(total, put(f))
        parts.append(under(term.bound, total))
    return normal(plus(*parts), calculus)


def in_front(left: Expr) -> Rule:
    """The rule that writes `… (D + A + …) …`, with a sum of square matrices, as `… D (I + D⁻¹A + …) …`.

    Args:
        left: `D`, such as `diag(M s^{⊙-1})`, the diagonal matrix of powers.
    """

    def rewrite(e: Expr, context: Context) -> Rewritten | None:
        match e, left:
            case Product(factors), expr.Diagonal(Product((Membership() as members, EntrywisePower(of, power)))):
                inverse = expr.Diagonal(members @ EntrywisePower(of, -power))
            case _:
                return None
        sums = [f for f in factors if isinstance(f, expr.Sum)]
        if len(sums) != 1 or shape(sums[0], context.network) != shape(left, context.network):
            return None
        work = Calculus(context.network, context.known)
        size = shape(left, context.network)[0]
        i, k = work.index(size), work.index(size)
        try:
            inside = recognised(normal(entries(inverse @ sums[0], i, k, work), work), i, k, work)
        except Inexpressible:
            return None
        at = factors.index(sums[0])
        made = product_of((*factors[:at], left, inside, *factors[at + 1 :]))
        return Rewritten(made, (left, " is taken out to the left: it is the same for all units of a group."))

    statement = "D + A = D (I + D⁻¹A)        shapes: n×n · n×n"
    return Rule("common factor in front", rewrite, statement, source="distributive law")


@rule("distributed", source="distributive law")
def distributed(e: Expr, context: Context) -> Rewritten | None:
    r"""k (I + A) w = k (w + A w), scalars in front        shapes: n×n · n×1"""
    sums = [f for f in e.factors if isinstance(f, expr.Sum)] if isinstance(e, Product) else []
    if not isinstance(e, Product) or len(sums) != 1:
        return None
    at = e.factors.index(sums[0])
    scalars = [f for f in e.factors if shape(f, context.network) == SCALAR]
    before, after = ([f for f in part if f not in scalars] for part in (e.factors[:at], e.factors[at + 1 :]))
    terms: list[Expr] = []
    for term in sums[0].terms:
        inner = term.operand if isinstance(term, expr.Negative) else term
        own = () if isinstance(inner, expr.Identity) else factors_of(inner)
        made = product_of((*before, *own, *after))
        terms.append(-made if isinstance(term, expr.Negative) else made)
    total = expr.Sum(tuple(terms))
    return Rewritten(total if not scalars else _one_fraction(scalars) @ total, ("Each term for itself.",))


def _one_fraction(scalars: list[Expr]) -> Expr:
    """The product of scalars, one of which may be a fraction that the others join."""
    below = [f.denominator for f in scalars if isinstance(f, expr.Quotient)]
    above = [f.numerator if isinstance(f, expr.Quotient) else f for f in scalars]
    above = [f for f in above if f != expr.number(1)] or [expr.number(1)]
    return expr.Quotient(product_of(tuple(above)), product_of(tuple(below))) if below else product_of(tuple(above))


def in_terms_of(column: Variable) -> Rule:
    """The rule that writes `c cᵀ/σ²` as `x̂x̂ᵀ`, for a column `x̂ = c/σ` that the network has.

    Args:
        column: `x̂`; its forward equation is a scalar times a column.
    """

    def rewrite(e: Expr, context: Context) -> Rewritten | None:
        equation = context.network.definition(column, context.known)
        match equation:
            case Equation(right=Product((scale, Variable() as inner))):
                pass
            case _:
                return None
        work = Calculus(context.network, context.known)
        rows, columns = shape(e, context.network)
        if ONE in (rows, columns):
            return None
        i, k = work.index(rows), work.index(columns)
        back = raised(normal(entries(scale, ONE, ONE, work), work), Fraction(-1))
        try:
            total = normal(entries(e, i, k, work), work)
            replaced = Entries(tuple(t for term in total.terms for t in _replaced(term, inner, column, back).terms))
            made = recognised(normal(replaced, work), i, k, work)
        except Inexpressible:
            return None
        return None if made == e else Rewritten(made, (equal(equation.left, equation.right), "."))

    return Rule(
        "in terms of the normalized column", rewrite, "c cᵀ/σ² = x̂x̂ᵀ        shapes: n×1 · 1×n", source="x̂ = c/σ"
    )


def _replaced(term: Term, old: Variable, new: Variable, back: Entries) -> Entries:
    """A term with every entry of a column written as the entry of another one times a scalar."""
    total = Entries((Term(term.coefficient, ()),))
    for f in term.factors:
        match f:
            case Item(of, row, column) if of == old:
                total = times(total, times(single(Item(new, row, column)), back))
            case _:
                total = times(total, single(f))
    return under(term.bound, total)
