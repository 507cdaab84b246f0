"""Theorems about derivatives that the kernel rests on: where nothing is worked out entry by entry.

Each says whether `left = right` is an instance of it, and checks its conditions by the network's forward equations.
"""

from __future__ import annotations

from symbackprop import expr
from symbackprop.dims import ONE, Dim, at_most, index
from symbackprop.equations import same_family, same_variable
from symbackprop.expr import Expr, Product, factors_of
from symbackprop.judges.signs import Setting, inside_of
from symbackprop.shapes import SCALAR, shape
from symbackprop.substitution import bound_index, substitute
from symbackprop.tree import subterms


def _free_of(e: Expr, v: expr.Variable, setting: Setting) -> bool:
    """Whether nothing in an expression is, or is computed from, a variable.

    Raises:
        LookupError: if what is known of the indices does not settle it.
    """
    network, known = setting.network, setting.known
    inside = [part for _, part in subterms(e) if isinstance(part, expr.Variable)]
    return not any(same_variable(part, v, known) or network.computed_from(part, v, known) for part in inside)


def _written(of: Expr, setting: Setting) -> Expr:
    """What a variable is computed from; anything else as it is."""
    if not isinstance(of, expr.Variable):
        return of
    equation = setting.network.definition(of, setting.known)
    return of if equation is None else equation.right


def is_sum_rule(left: Expr, right: Expr, setting: Setting) -> bool:
    """`∂u/∂v = ∂a/∂v + c ∂b/∂v`, where `u = a + c b` for scalars of which `c` has nothing to do with `v`."""
    match left, right:
        case expr.Partial(of, expr.Variable() as v, False), expr.Sum(parts) if of != v:
            total = _written(of, setting)
            if not isinstance(total, expr.Sum) or len(total.terms) != len(parts):
                return False
            return all(_is_term(term, part, v, setting) for term, part in zip(total.terms, parts, strict=True))
    return False


def _is_term(term: Expr, part: Expr, v: expr.Variable, setting: Setting) -> bool:
    """Whether the derivative of `c b` is written as `c ∂b/∂v`."""
    *scale, last = factors_of(term)
    if shape(last, setting.network) != SCALAR or factors_of(part) != (*scale, expr.Partial(last, v)):
        return False
    return all(shape(each, setting.network) == SCALAR and _free_of(each, v, setting) for each in scale)


def is_one_term(left: Expr, right: Expr, setting: Setting) -> bool:
    """`∂(Σ_k a_k)/∂v_l = ∂a_l/∂v_l`, where only the term of layer `l`, which is one of them, has `v_l` in it."""
    match left, right:
        case expr.Partial(of, expr.Variable(index=Dim() as layer) as v, False), expr.Partial(term, w, False) if v == w:
            match _written(of, setting):
                case expr.IndexedSum(k, low, high, body) if k not in layer.symbols:
                    within = at_most(low, layer, setting.known) and at_most(layer, high, setting.known)
                    inside = inside_of(setting, k, low, high)
                    return (
                        within and term == substitute(body, {k: layer}) and _has_only_its_own(body, v, index(k), inside)
                    )
    return False


def _has_only_its_own(body: Expr, v: expr.Variable, at: Dim, setting: Setting) -> bool:
    """Whether all of the family of `v` that a body has is its member at an index, and nothing is computed from `v`."""
    for _, part in subterms(body):
        if bound_index(part) in at.symbols:
            # what stands below is another index of that name
            return False
        if isinstance(part, expr.Variable):
            if same_family(part, v):
                if part.index != at:
                    return False
            elif setting.network.computed_from(part, v, setting.known):
                return False
    return True


def is_chain_to(left: Expr, right: Expr, setting: Setting) -> bool:
    """`∂o/∂v = (∂u/∂v) ∂o/∂u` for columns, where `v` is used in `u` alone, and `o` is not `v` itself."""
    match left, right:
        case (
            expr.Partial(expr.Variable() as of, expr.Variable() as v, False),
            Product((*local, expr.Partial(other, expr.Variable() as u, False))),
        ) if of == other and of != expr.LOSS:
            network, known = setting.network, setting.known
            uses = network.uses(v, known)
            if same_variable(of, v, known) or [equation.left for equation in uses] != [u]:
                return False
            if not network.is_direct(uses[0], v, known) or not all(shape(e, network)[1] == ONE for e in (of, v, u)):
                return False
            slope = local[0] if len(local) == 1 else Product(tuple(local))
            return slope == expr.Partial(u, v) or setting.equal(expr.Partial(u, v), slope)
    return False
