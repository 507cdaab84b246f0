"""Backward through a normalization, step by step: the chain rule over every use, then common factors taken out.

No rule here knows a Jacobian: each reads it off the forward equations by entries. The steps are those of a lecture:
the column enters through its mean and through what is left of it, that through its length and through the scaling.
"""

from __future__ import annotations

from symbackprop import expr
from symbackprop.derivation import Context, Derivation, Rewritten, Rule, rule
from symbackprop.dims import ONE, Dim, dim, index
from symbackprop.entries import place, through
from symbackprop.errors import RuleError, SymbackpropError
from symbackprop.expr import LOSS, Diagonal, Entry, Expr, Named, Partial, PreActivation, Product, Variable
from symbackprop.indices import (
    Calculus,
    Inexpressible,
)
from symbackprop.network import MLP
from symbackprop.normalform import normal
from symbackprop.normalization import ARGUMENT, BIAS, Grouped, Normalized, one_set
from symbackprop.rules.citation import Cited
from symbackprop.rules.collecting import cancelled, common_factor, distributed, in_front, in_terms_of, named
from symbackprop.rules.gradients import chain_rule, depends, jacobian
from symbackprop.rules.recognise import recognised
from symbackprop.shapes import shape
from symbackprop.statements import Chain, equal
from symbackprop.substitution import substitute
from symbackprop.tree import subterms


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
    k, i = work.entry_indices(shape(wrt, network))
    at = place(wrt, k, i, work)
    try:
        # what is computed last comes first, as a gradient is computed backwards
        parts = [normal(through(equation, *at, work), work) for equation in reversed(equations)]
        read = [recognised(named(part, used, work), k, i, work) for part in parts if part.terms]
    except Inexpressible:
        return None
    if not read:
        return None
    made = read[0] if len(read) == 1 else expr.Sum(tuple(read))
    uses: list[Expr | Chain] = [equal(equation.left, equation.right) for equation in equations]
    return Rewritten(made, depends(wrt, uses, ", differentiated entry by entry"))


@rule("through the activation of a normalized layer", source="slide 1, bullet 2")
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


# --- the derivations --------------------------------------------------------------------------------------------------


def through_scheme(network: MLP, layer: str = "l") -> Derivation:
    """`∂L/∂z_l` to the Jacobian of the normalization times `∂L/∂a_l`, for every hidden layer.

    Raises:
        SymbackpropError: for a network without normalization.
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
    start = Derivation(
        Partial(LOSS, at.column), network, known={at.scheme.size: (dim(2 if at.scheme.centred else 1), None)}
    )
    return backward(start, at)


def lemma(at: Normalized) -> Rule:
    """The rule that goes through one set at once, by the derivation `backward`.

    Args:
        at: the equations of the set.
    """

    def rewrite(e: Expr, context: Context) -> Rewritten | None:
        if e != Partial(LOSS, at.column):
            return None
        start = Derivation(e, context.network, known=context.known, title="One set")
        # worked out once for the step and for those who check it
        key = ("set", e, frozenset(context.known.items()))
        proof = context.network.kept(key, lambda: backward(start, at))
        return Rewritten(proof.result, (e, " for one set."), (proof,))

    statement = "∂L/∂x = (1/σ) (I - 11ᵀ/n - x̂x̂ᵀ/n) ∂L/∂x̂        shapes: n×n · n×1"
    return Cited("through the set", rewrite, statement, source="derived from the forward equations")


def invariances(network: MLP, layer: str = "l") -> tuple[Derivation, ...]:
    """`1ᵀ ∂L/∂z_l = 0` in a centred scheme; `cᵀ ∂L/∂z_l = 0` or, with ε, what the eigenvalue `nε/s²` leaves of it."""
    l = index(layer)
    at = _normalized(network, l)
    known = {layer: (dim(1), network.depth)}
    gradient = Partial(LOSS, at.column)
    starts = (Derivation(along @ gradient, network, known=known) for along in at.forgotten)
    return tuple(start.by(through_normalization).by(cancelled, at=()) for start in starts)


def projection(network: MLP, layer: str = "l") -> tuple[Derivation, Derivation]:
    """`P P = P` and its trace, `P = I - 11ᵀ/n - ccᵀ/s²`: a projection, of rank `n - 2` (`n - 1` if not centred).

    In `G` groups it is `I - MMᵀ/m - diag(c) M diag(s⁻²) Mᵀ diag(c)/m`, and the rank `n - 2G`.

    Raises:
        SymbackpropError: with ε, where it is none.
    """
    if network.epsilon is not None:
        raise SymbackpropError("with ε the Jacobian of a normalization is no multiple of a projection: leave ε out")
    l = index(layer)
    at = _normalized(network, l)
    known = {layer: (dim(1), network.depth)}
    through = through_scheme(network, layer).result
    assert isinstance(through, Product)
    factor = next(f for f in through.factors if isinstance(f, expr.Sum))
    i = index("i")
    square = Derivation(factor @ factor, network, known=known)
    trace = Derivation(expr.IndexedSum("i", ONE, at.size, Entry(factor, i, i)), network, known=known)
    return square.by(cancelled, at=()), trace.by(cancelled, at=())


def bias_before(name: str, epsilon: object = None) -> Derivation:
    """`∂L/∂b = 1ᵀ ∂L/∂x = 0` for a bias before a centred normalization, as of a layer before batch normalization."""
    network, at = one_set(name, epsilon, is_biased=True)
    start = Derivation(Partial(LOSS, Named(BIAS)), network, known={at.scheme.size: (dim(2), None)})
    return start.by(every_use).by(lemma(at)).by(cancelled, at=())


def parameter_gradients(network: MLP, layer: str = "l") -> tuple[Derivation, Derivation]:
    """`∂L/∂v_l` and `∂L/∂u_l`, the gradients of what a normalized layer learns, for every hidden layer."""
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
    """From `∂L/∂z` to the Jacobian of the normalization times `∂L/∂a`, a line for each step of the lecture.

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
    if isinstance(at, Grouped):
        made = made.by(in_front(at.inverse), at=())
    if at.out is None:
        return made
    made = made.by(in_terms_of(at.out)).by(every_use, at=_place(made, right))
    return made if at.scheme.scale_each else made.by(distributed, at=())


def upstream(at: Normalized) -> Expr:
    """`diag(v) ∂L/∂a`, or `∂L/∂a` where the set shares one scale: the gradient of the normalized column."""
    argument = Partial(LOSS, at.argument)
    return Diagonal(at.scale) @ argument if at.scheme.scale_each else argument


def _place(derivation: Derivation, wanted: Expr) -> tuple[int, ...]:
    for path, inner in subterms(derivation.result):
        if inner == wanted:
            return path
    raise RuleError(f"{derivation.result} does not contain {wanted}")


# stands for the layer where the backward pass is worked out for all layers at once
LAYER = "ℓ"


@rule("through the normalization", source="Ba, Kiros, Hinton 2016; derived from the forward equations")
def through_normalization(e: Expr, context: Context) -> Rewritten | None:
    r"""∂L/∂z_l = √n/s_l (I - 11ᵀ/n - c_l c_lᵀ/s_l²) diag(v_l) ∂L/∂a_l        shapes: n×n · n×1, n = n_l - 1

    In groups of m units, with deviations s: diag(M s⁻¹) (I - MMᵀ/m - diag(c) M diag(s⁻²) Mᵀ diag(c)/m) diag(v) ∂L/∂a.
    """
    network = context.network
    match e:
        case Partial(expr.Loss(), PreActivation(layer) as column, False) if isinstance(network, MLP):
            pass
        case _:
            return None
    equations = network.uses(column, context.known)
    if network.scheme is None or LOSS in [equation.left for equation in equations]:
        return None
    worked = network.kept(("normalized", LAYER), lambda: through_scheme(network, LAYER).result)
    uses: list[Expr | Chain] = [equal(equation.left, equation.right) for equation in equations]
    return Rewritten(substitute(worked, {LAYER: layer}), depends(column, uses))
