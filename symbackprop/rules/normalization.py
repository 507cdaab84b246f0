"""Backward through a normalisation, step by step: the chain rule over every use, then common factors taken out.

No rule here knows a Jacobian: each reads it off the forward equations by entries. The steps are those of a lecture:
the column enters through its mean and through what is left of it, that through its length and through the scaling.
"""

from __future__ import annotations

from fractions import Fraction

from symbackprop import expr
from symbackprop.derivation import Context, Derivation, Rewritten, Rule, rule
from symbackprop.dims import ONE, Dim, Symbol, dim, index
from symbackprop.entries import abbreviation, entries, place, through, written_out
from symbackprop.equations import Equation
from symbackprop.errors import RuleError, SymbackpropError
from symbackprop.expr import LOSS, Diagonal, Expr, Named, Partial, PreActivation, Product, Variable
from symbackprop.indices import (
    Calculus,
    Delta,
    Entries,
    Factor,
    Inexpressible,
    Item,
    Raised,
    Term,
    indices_of,
    single,
    symbol_of,
    times,
    under,
)
from symbackprop.network import MLP
from symbackprop.normalform import normal, raised
from symbackprop.normalization import ARGUMENT, Normalized, one_set
from symbackprop.rules.gradients import chain_rule, depends, jacobian
from symbackprop.rules.recognise import recognised
from symbackprop.shapes import shape
from symbackprop.statements import Chain, equal
from symbackprop.substitution import substitute
from symbackprop.tree import Node, subterms


@rule("chain rule over every use", source="multivariable chain rule")
def every_use(e: Expr, context: Context) -> Rewritten | None:
    r"""∂L/∂v = Σ_u (∂u/∂v) ∂L/∂u, each ∂u/∂v with all else in u held fixed        shape: as v"""
    match e:
        case Partial(expr.Loss(), Variable() as wrt, False):
            return _every_use(wrt, context)
    return None


def _every_use(wrt: Variable, context: Context) -> Rewritten | None:
    network = context.network
    equations = network.uses(wrt, context.known)
    used = [equation.left for equation in equations]
    if not used or LOSS in used:
        return None
    work = Calculus(network, context.known)
    rows, columns = shape(wrt, network)
    k, i = (ONE if size == ONE else work.index(size) for size in (rows, columns))
    at = place(wrt, k, i, work)
    try:
        # what is computed last comes first, as a gradient is computed backwards
        parts = [normal(through(equation, *at, work), work) for equation in reversed(equations)]
        read = [recognised(_named(part, used, work), k, i, work) for part in parts if part.terms]
    except Inexpressible:
        return None
    if not read:
        return None
    made = read[0] if len(read) == 1 else expr.Sum(tuple(read))
    uses: list[Expr | Chain] = [equal(equation.left, equation.right) for equation in equations]
    return Rewritten(made, depends(wrt, uses, ", differentiated entry by entry"))


def _named(one: Entries, names: list[Variable], calculus: Calculus) -> Entries:
    """The entries with powers of what a scalar abbreviates written by its name: `(Σ c_i c_i)^{-1/2}` is `s^{-1}`."""
    for name in names:
        short = abbreviation(name, calculus)
        if short is None or calculus.shape(name) != (ONE, ONE):
            continue
        match normal(entries(short.right, ONE, ONE, calculus), calculus).terms:
            case (Term(Fraction(numerator=1, denominator=1), (Raised(base, exponent),), ()),):
                of = single(Item(name, ONE, ONE))
                one = Entries(tuple(_renamed(term, base, exponent, of) for term in one.terms))
    return normal(one, calculus)


def _renamed(term: Term, base: Entries, exponent: Fraction, of: Entries) -> Term:
    factors = (
        Raised(of, f.exponent / exponent) if isinstance(f, Raised) and f.base == base else f for f in term.factors
    )
    return Term(term.coefficient, tuple(factors), term.bound)


@rule("through the activation of a normalised layer", source="slide 1, bullet 2")
def through_argument(e: Expr, context: Context) -> Rewritten | None:
    r"""∂L/∂a_l = (∂h_l/∂a_l) ∂L/∂h_l = D_l ∂L/∂h_l        shapes: (n_l-1)×n_l · n_l×1"""
    match e:
        case Partial(expr.Loss(), Named(name), False) if name == ARGUMENT:
            pass
        case _:
            return None
    chain = chain_rule(e, context)
    if chain is None or not isinstance(chain.after, Product):
        return None
    local, upstream = chain.after.factors
    slope = jacobian(local, context)
    if slope is None:
        return None
    return Rewritten(slope.after @ upstream, (*chain.why[:-1], "."), slope.subproofs)


# --- common factors --------------------------------------------------------------------------------------------------


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
    match having:
        case [Item(Variable() as of, row, column)] if symbol_of(row) == name and column == ONE:
            if abbreviation(of, calculus) is None:
                return None
            total = written_out(under(((name, size),), single(having[0])), calculus)
            return None if total.terms else of
    return None


# --- the derivations --------------------------------------------------------------------------------------------------


def through_scheme(network: MLP, layer: str = "l") -> Derivation:
    """`∂L/∂z_l` to the Jacobian of the normalisation times `∂L/∂a_l`, for every hidden layer.

    Raises:
        SymbackpropError: for a network without normalisation.
    """
    l = index(layer)
    at = _normalized(network, l)
    start = Derivation(Partial(LOSS, at.column), network, known={layer: (dim(1), network.depth)})
    return backward(start, at)


def through_set(name: str, epsilon: object = None) -> Derivation:
    """`∂L/∂x = (1/σ) (I - 11ᵀ/n - x̂x̂ᵀ/n) ∂L/∂x̂` for one set of a scheme, whatever the set is: the lemma of the family.

    Args:
        name: of a scheme in `normalization.SCHEMES`.
        epsilon: as in `MLP`.
    """
    network, at = one_set(name, epsilon)
    start = Derivation(Partial(LOSS, at.column), network, known={at.scheme.size: (dim(1), None)})
    return backward(start, at)


def parameter_gradients(network: MLP, layer: str = "l") -> tuple[Derivation, Derivation]:
    """`∂L/∂v_l` and `∂L/∂u_l`, the gradients of what a normalised layer learns, for every hidden layer."""
    l = index(layer)
    at = _normalized(network, l)
    known = {layer: (dim(1), network.depth)}
    starts = (Derivation(Partial(LOSS, learned), network, known=known) for learned in (at.scale, at.shift))
    scale, shift = (start.by(every_use) for start in starts)
    return scale, shift


def _normalized(network: MLP, layer: Dim) -> Normalized:
    at = network.normalized(layer)
    if at is None:
        raise SymbackpropError("this network has no normalization: write MLP(normalization='layer'), say")
    return at


def backward(start: Derivation, at: Normalized) -> Derivation:
    """From `∂L/∂z` to the Jacobian of the normalisation times `∂L/∂a`, a line for each step of the lecture.

    Args:
        start: a derivation that is at `∂L/∂z`.
        at: the equations of the set that `z` is.
    """
    right = upstream(at) if at.out is None else Partial(LOSS, at.out)
    made = start.by(every_use)
    if at.scheme.centred:
        made = made.by(every_use, at=_place(made, Partial(LOSS, at.mean)))
        made = made.by(common_factor(Partial(LOSS, at.centred)))
        made = made.by(every_use, at=_place(made, Partial(LOSS, at.centred)))
    made = made.by(every_use, at=_place(made, Partial(LOSS, at.length)))
    if at.scheme.centred:
        assert isinstance(made.result, Product)
        made = made.by(common_factor(right), at=(len(made.result.factors) - 1,))
    made = made.by(common_factor(right), at=())
    if at.out is None:
        return made
    return made.by(in_terms_of(at.out)).by(every_use, at=_place(made, right))


def upstream(at: Normalized) -> Expr:
    """`diag(v) ∂L/∂a`, or `∂L/∂a` where the set shares one scale: the gradient of the normalised column."""
    argument = Partial(LOSS, at.argument)
    return Diagonal(at.scale) @ argument if at.scheme.scale_each else argument


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
        "in terms of the normalised column", rewrite, "c cᵀ/σ² = x̂x̂ᵀ        shapes: n×1 · 1×n", source="x̂ = c/σ"
    )


def _replaced(term: Term, old: Variable, new: Variable, back: Entries) -> Entries:
    """A term with every entry of a column written as the entry of another one times a scalar."""
    total = Entries((Term(term.coefficient, ()),))
    for f in term.factors:
        is_old = isinstance(f, Item) and f.of == old
        total = times(total, times(single(Item(new, f.row, f.column)), back) if is_old else single(f))
    return under(term.bound, total)


def _place(derivation: Derivation, wanted: Expr) -> tuple[int, ...]:
    for path, inner in subterms(derivation.result):
        if inner == wanted:
            return path
    raise RuleError(f"{derivation.result} does not contain {wanted}")


# stands for the layer where the backward pass is worked out for all layers at once
LAYER = "ℓ"


@rule("through the normalisation", source="Ba, Kiros, Hinton 2016; derived from the forward equations")
def through_normalization(e: Expr, context: Context) -> Rewritten | None:
    r"""∂L/∂z_l = √n/s_l (I - 11ᵀ/n - c_l c_lᵀ/s_l²) diag(v_l) ∂L/∂a_l        shapes: n×n · n×1, n = n_l - 1"""
    network = context.network
    match e:
        case Partial(expr.Loss(), PreActivation(layer) as column, False) if isinstance(network, MLP):
            pass
        case _:
            return None
    equations = network.uses(column, context.known)
    if network.scheme is None or LOSS in [equation.left for equation in equations]:
        return None
    worked = network.kept(("normalised", LAYER), lambda: through_scheme(network, LAYER).result)
    uses: list[Expr | Chain] = [equal(equation.left, equation.right) for equation in equations]
    return Rewritten(substitute(worked, {LAYER: layer}), depends(column, uses))
