"""The gradient of any variable of any network: what every use of it contributes, by the adjoint rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from symbackprop import expr
from symbackprop.adjoints import HADAMARD, NoAdjoint, Setting, contribution
from symbackprop.derivation import Context, Reason, Rewritten, Rule
from symbackprop.dims import ONE, Bounds, Dim, at_most, index
from symbackprop.entries import entries
from symbackprop.equations import Equation, Network, same_variable
from symbackprop.expr import LOSS, Expr, IndexedSum, Partial, Variable, number
from symbackprop.forms import negated, plus, turned
from symbackprop.forms import times as times_of
from symbackprop.groups import EntrywisePower
from symbackprop.indices import UNIT, Calculus, Inexpressible, summed, times
from symbackprop.normalform import derivative, normal
from symbackprop.rules.recognise import recognised
from symbackprop.statements import equal
from symbackprop.substitution import bound_index, free_symbols, replace_at, substitute
from symbackprop.tree import Path, at_path, children, subterms


@dataclass(frozen=True)
class Use:
    """Where a variable is used.

    Attributes:
        equation: the equation, at the index at which it uses the variable.
        path: where in its right side; of a sum over entries that contains the variable, where the sum stands.
        over: the index with its bounds, where every equation of a family uses the variable.
        is_sum: whether the path leads to a sum over entries.
    """

    equation: Equation
    path: Path
    over: tuple[str, Dim, Dim] | None = None
    is_sum: bool = False


# what is flat when it stands in one of its kind
FLAT = (expr.Product, expr.Sum, expr.Hadamard)
_INSTEAD = r"write out what it is made of, as \max(a, b) or a b"
# the sums around a place, each with its own
Sums = tuple[tuple[Path, expr.IndexedSum], ...]


def uses(network: Network, variable: Variable, known: Bounds) -> list[Use]:
    """Every place where a variable is used on the way to the loss, in the order in which the network computes.

    Raises:
        LookupError: if what is known of the indices does not settle it.
        NoAdjoint: where something but a sum binds an index in an equation.
    """
    every = network.kept("uses by family", lambda: _by_family(network))
    found: list[Use] = []
    for equation, path, template, sums in every.get((type(variable), variable.name), ()):
        if equation.left == LOSS or network.computed_from(LOSS, equation.left, known):
            use = _use(equation, path, template, sums, variable, known)
            if use is not None and use not in found:
                found.append(use)
    return found


def _by_family(network: Network) -> dict[tuple[type[Variable], str], list[tuple[Equation, Path, Variable, Sums]]]:
    """Every place at which a variable stands in an equation, by what it is a member of."""
    found: dict[tuple[type[Variable], str], list[tuple[Equation, Path, Variable, Sums]]] = {}
    for equation in network.equations:
        for path, template, sums in _occurrences(equation.right):
            found.setdefault((type(template), template.name), []).append((equation, path, template, sums))
    return found


def _occurrences(e: Expr, path: Path = (), sums: Sums = ()) -> Iterator[tuple[Path, Variable, Sums]]:
    """Every variable with its path, and the sums around it."""
    if isinstance(e, Variable):
        yield path, e, sums
    inner = (*sums, (path, e)) if isinstance(e, expr.IndexedSum) else sums
    if bound_index(e) is not None and not isinstance(e, expr.IndexedSum):
        raise NoAdjoint(f"{e} runs over an index, and its derivative has no rule: {_INSTEAD}")
    for i, child in enumerate(children(e)):
        yield from _occurrences(child, (*path, i), inner)


def _use(
    equation: Equation, path: Path, template: Variable, sums: Sums, variable: Variable, known: Bounds
) -> Use | None:
    names = {each.index for _, each in sums}
    symbols = frozenset[str]() if template.index is None else template.index.symbols
    bound = symbols & names
    if bound:
        return _at_one_term(equation, path, template, sums, variable, known, bound)
    if sums:
        path = sums[0][0]
    if equation.index is not None and equation.index not in symbols:
        if not same_variable(template, variable, known):
            return None
        return Use(equation, path, (equation.index, equation.lower, equation.upper), bool(sums))
    instance = equation.instance(template, variable, known)
    return None if instance is None else Use(instance, path, None, bool(sums))


def _at_one_term(
    equation: Equation,
    path: Path,
    template: Variable,
    sums: Sums,
    variable: Variable,
    known: Bounds,
    bound: frozenset[str],
) -> Use | None:
    """The use of `h_s` in `Σ_t f(h_t)`: that in the term at `t = s`."""
    if len(sums) != 1 or len(bound) != 1 or template.index is None or variable.index is None:
        raise LookupError(f"{variable} is used under more than one sum in {equation.left} = {equation.right}")
    ((place, total),) = sums
    value = variable.index - (template.index - index(total.index))
    if at_most(value + 1, total.lower, known) or at_most(total.upper + 1, value, known):
        return None
    if not (at_most(total.lower, value, known) and at_most(value, total.upper, known)):
        raise LookupError(f"whether {total.lower} ≤ {value} ≤ {total.upper} is not known")
    term = substitute(total.body, {total.index: value})
    right = replace_at(equation.right, place, term)
    inside = path[len(place) + 1 :]
    if at_path(term, inside) != variable:
        raise LookupError(f"{equation.right} does not use {variable} by itself")
    where = _spliced(equation.right, place, term, inside)
    if at_path(right, where) != variable:
        raise LookupError(f"the place of {variable} in a term of {equation.right} is not found")
    return Use(Equation(equation.left, right), where)


def _spliced(e: Expr, place: Path, new: Expr, inside: Path) -> Path:
    """Where a part of `new` stands once `new` is put into `e` at a place: a product put into a product is flat."""
    if place and inside and type(at_path(e, place[:-1])) is type(new) and isinstance(new, FLAT):
        return (*place[:-1], place[-1] + inside[0], *inside[1:])
    return (*place, *inside)


def gradient(wrt: Expr, context: Context, style: str, twice: bool = False) -> Expr | None:
    """`∂L/∂v = Σ over the uses of v` of what the adjoint rules say; None where the loss does not depend on `v`.

    Args:
        wrt: a variable, or a row, a column or an entry of one.
        context: the network, and what is known of the indices.
        style: "jacobian" or "hadamard".
        twice: whether the gradients of what uses `v` are put in as well.

    Raises:
        NoAdjoint: for a primitive that has no rule.
        LookupError: if what is known of the indices does not say where it is used.
    """
    variable = variable_of(wrt)
    found = [] if variable is None else uses(context.network, variable, context.known)
    if variable is None or not found:
        return None
    setting = Setting(context.network, style)
    parts: list[Expr] = []
    for use in found:
        upstream = upstream_of(use.equation.left)
        if twice and isinstance(upstream, Partial):
            put_in = gradient(upstream.wrt, context, style)
            if put_in is None:
                return None
            upstream = put_in
        part = _contributed(use, variable, upstream, setting, context)
        parts.append(taken(wrt, part, setting) if use.over is None else IndexedSum(*use.over, part))
    return plus(*parts)


def upstream_of(left: Variable) -> Expr:
    """`∂L/∂u`; 1 where `u` is the loss."""
    return number(1) if left == LOSS else Partial(LOSS, left)


def _contributed(use: Use, variable: Variable, upstream: Expr, setting: Setting, context: Context) -> Expr:
    part = contribution(use.equation.right, use.path, upstream, setting)
    if not use.is_sum:
        return part
    total = at_path(use.equation.right, use.path)
    try:
        return _by_entries(total, variable, part, setting, context)
    except NoAdjoint:
        # what is not a matrix as a whole is one term by term
        return _term_by_term(total, variable, part, setting)


def _term_by_term(total: IndexedSum, variable: Variable, upstream: Expr, setting: Setting) -> Expr:
    """`Σ_i` of what each term of a sum contributes."""
    name = total.index
    if name in free_symbols(upstream):
        taken = free_symbols(upstream) | free_symbols(total.body)
        name = next(letter for letter in "ijkmpqrstuv" if letter not in taken)
        total = IndexedSum(name, total.lower, total.upper, substitute(total.body, {total.index: index(name)}))
    parts: list[Expr] = []
    places = [(path, sums) for path, found, sums in _occurrences(total.body) if found == variable]
    for path in dict.fromkeys(sums[0][0] if sums else path for path, sums in places):
        part = contribution(total.body, path, upstream, setting)
        inner = at_path(total.body, path)
        parts.append(_term_by_term(inner, variable, part, setting) if isinstance(inner, IndexedSum) else part)
    whole = plus(*parts)
    if isinstance(whole, expr.Negative):
        return negated(IndexedSum(name, total.lower, total.upper, whole.operand))
    return IndexedSum(name, total.lower, total.upper, whole)


def local_jacobian(equation: Equation, wrt: Expr, context: Context) -> Expr | None:
    """`∂u/∂v` of columns, from the equation of `u` alone: what stands before `∂L/∂u` in the contribution to `∂L/∂v`.

    None where that is no matrix that can be written here.
    """
    variable = variable_of(wrt)
    if variable is None:
        return None
    setting = Setting(context.network)
    upstream = Partial(LOSS, equation.left)
    parts: list[Expr] = []
    for path, found, sums in _occurrences(equation.right):
        if found != variable:
            continue
        use = Use(equation, sums[0][0] if sums else path, None, bool(sums))
        try:
            part = taken(wrt, _contributed(use, variable, upstream, setting, context), setting)
        except NoAdjoint:
            return None
        before = _before(part, upstream, setting)
        if before is None:
            return None
        parts.append(before)
    return plus(*parts) if parts else None


def _before(e: Expr, last: Expr, setting: Setting) -> Expr | None:
    """`A` of `A u`; None for anything else."""
    match e:
        case expr.Negative(operand):
            inner = _before(operand, last, setting)
            return None if inner is None else negated(inner)
        case expr.Product((*factors, end)) if end == last:
            return times_of(*factors)
    if e == last:
        rows = setting.shape(last)[0]
        return number(1) if rows == ONE else expr.Identity(rows)
    return None


def variable_of(part: Expr) -> Variable | None:
    """The variable that something is a part of: `W_l` for `w_{l,j}ᵀ`; None if it is a part of none."""
    match part:
        case Variable():
            return part
        case expr.Transpose(operand) | expr.Row(operand) | expr.Column(operand) | expr.Entry(operand):
            return variable_of(operand)
    return None


def taken(part: Expr, gradient: Expr, setting: Setting) -> Expr:
    """The part of a gradient by a whole variable that is the gradient by a part of it."""
    match part:
        case Variable():
            return gradient
        case expr.Transpose(expr.Row(matrix, j)):
            return _row(taken(matrix, gradient, setting), j, setting)
        case expr.Transpose(operand):
            return turned(taken(operand, gradient, setting), setting.network)
        case expr.Row(matrix, j):
            return turned(_row(taken(matrix, gradient, setting), j, setting), setting.network)
        case expr.Column(matrix, k):
            return _column(taken(matrix, gradient, setting), k, setting)
        case expr.Entry(operand, i, k):
            return expr.Entry(taken(operand, gradient, setting), i, k)
    raise NoAdjoint(f"there is no gradient by {part} here")


def _row(e: Expr, j: Dim, setting: Setting) -> Expr:
    """Row `j` as a column: of an outer product `u hᵀ` it is `(0 … h … 0) u`, or `u_j h`."""
    match e:
        case expr.Negative(operand):
            return negated(_row(operand, j, setting))
        case expr.Sum(terms):
            return plus(*(_row(term, j, setting) for term in terms))
        case expr.Product((*factors, expr.Transpose(last))) if setting.shape(last)[1] == ONE:
            first = times_of(*factors)
            size = setting.shape(first)[0]
            if setting.style == HADAMARD:
                return times_of(expr.Entry(first, j), last)
            return times_of(expr.ColumnAt(last, j, size), first)
    return expr.Row(e, j).T


def _column(e: Expr, k: Dim, setting: Setting) -> Expr:
    """Column `k`: of a product `u hᵀ` it is `h_k u`, and `u` where `h_k` is the bias unit."""
    match e:
        case expr.Negative(operand):
            return negated(_column(operand, k, setting))
        case expr.Sum(terms):
            return plus(*(_column(term, k, setting) for term in terms))
        case expr.Product((*factors, expr.Transpose(Variable() as last))) if setting.shape(last)[1] == ONE:
            constant = setting.network.constant(last, setting.network.normal(k))
            entry: Expr = expr.Entry(last, k) if constant is None else number(constant)
            return times_of(entry, *factors)
    return expr.Column(e, k)


def _by_entries(e: Expr, variable: Variable, upstream: Expr, setting: Setting, context: Context) -> Expr:
    """`Σ_{ik} G_{ik} ∂e_{ik}/∂v`, worked out by entries and read as a matrix."""
    work = Calculus(context.network, context.known)
    i, k = work.entry_indices(setting.shape(e))
    r, c = work.entry_indices(setting.shape(variable))
    try:
        slope = derivative(normal(entries(e, i, k, work), work), variable, r, c, work)
        total = times(slope, UNIT if upstream == number(1) else entries(upstream, i, k, work))
        for over in (i, k):
            total = total if over is ONE else summed(over, total, work)
        total = normal(total, work)
        found = recognised(total, r, c, work, setting.style)
        if any(isinstance(part, EntrywisePower) for _, part in subterms(found)):
            # a quotient entry by entry is what everyone writes
            return recognised(total, r, c, work, HADAMARD)
        return found
    except Inexpressible as error:
        raise NoAdjoint(f"the sum {e} cannot be differentiated by {variable} as a whole: {error}") from None


def through_uses(style: str) -> Rule:
    """The rule that puts the contributions of all uses of `v` in place of `∂L/∂v`."""

    def rewrite(e: Expr, context: Context) -> Rewritten | None:
        match e:
            case Partial(expr.Loss(), wrt, False):
                made = gradient(wrt, context, style)
                return None if made is None else Rewritten(made, _why(wrt, context))
        return None

    return Rule(
        "chain rule over every use",
        rewrite,
        "∂L/∂v = the sum over every u = f(v, …) of what the adjoint rule of f gives of ∂L/∂u",
        source="Giles 2008, section 2.1",
    )


def _why(wrt: Expr, context: Context) -> Reason:
    variable = variable_of(wrt)
    assert variable is not None
    words: Reason = ("The loss depends on ", variable, " only through ")
    found = uses(context.network, variable, context.known)
    for i, equation in enumerate(dict.fromkeys(use.equation for use in found)):
        words = (*words, *((" and ",) if i else ()), equal(equation.left, equation.right))
    return (*words, ".")
