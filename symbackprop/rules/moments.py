"""Rules about means and variances in a network whose weights are drawn at random: how far signals and gradients grow.

What is random and independent is said in one place, the `Draws` of a `RandomMLP`. Every rule says in `requires` what
of it it needs, and does not apply where the network does not say so. Unit 1 of a layer stands for all of them, entry
1,1 of a weight matrix for all of its weights.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from symbackprop import expr
from symbackprop.chance import Expectation, Variance
from symbackprop.derivation import Context, Rewritten, rule
from symbackprop.dims import ONE, Bounds, Dim, at_most, index, units
from symbackprop.draws import RandomMLP
from symbackprop.expr import (
    Bias,
    Elementwise,
    Entry,
    Expr,
    Hidden,
    IndexedSum,
    Partial,
    Power,
    PreActivation,
    Product,
    Size,
    Sum,
    Variable,
    Weight,
    factors_of,
    number,
    product_of,
)
from symbackprop.rules.by_entries import gradient_of, is_bias, is_unit
from symbackprop.substitution import free_symbols
from symbackprop.tree import children, rebuild, subterms

HE = "He et al. 2015, section 2.2"
GLOROT = "Glorot and Bengio 2010, section 4.2"
TWO, HALF = Fraction(2), number(Fraction(1, 2))
INDEPENDENT = "the weights are independent of each other and of the input"
ZERO_MEAN = "the weights have mean 0"
ALIKE = "the weights of one layer have one distribution"
SYMMETRIC = "a weight is as likely as its negative"
GRADIENTS = "the gradient from above is independent of the weights and pre-activations of the layer"


def _network(context: Context) -> RandomMLP | None:
    """The network, if its weights are drawn."""
    return context.network if isinstance(context.network, RandomMLP) else None


def squared(e: Expr) -> Power:
    """`e²`."""
    return Power(e, TWO)


def variance(layer: Dim) -> Variance:
    """`Var[w_{l,1,1}]`, the variance of each weight of `W_l`."""
    return Variance(Entry(Weight(layer), ONE, ONE))


# --- what an entry is, where it stands -------------------------------------------------------------------------------


def _within(layer: Dim, first: int, last: Dim, context: Context) -> bool:
    known: Bounds = {**dict.fromkeys(context.network.depth.symbols, (ONE, None)), **context.known}
    return at_most(first, layer, known) and at_most(layer, last, known)


def _layer_of_weight(e: Expr) -> Dim | None:
    match e:
        case Entry(Weight(layer) | Bias(layer)):
            return layer
    return None


def _is_apart(e: Expr, layer: Dim, context: Context) -> bool:
    """Whether all that is random in an expression is independent of the weights `W_layer`."""
    network = _network(context)
    return network is not None and all(_is_part_apart(part, layer, network, context) for part in _random_parts(e))


def _is_part_apart(part: Expr, layer: Dim, network: RandomMLP, context: Context) -> bool:
    gradient = gradient_of(part)
    if gradient is not None:
        v, _ = gradient
        assert v.index is not None
        # the gradient of layer l+1 is taken to be independent of W_l
        return network.draws.independent_gradients and at_most(layer + 1, v.index, context.known)
    match part:
        case Entry(Weight(other) | Bias(other)):
            return at_most(other + 1, layer, context.known) or at_most(layer + 1, other, context.known)
        case Entry(Variable() as v):
            return not network.computed_from(v, Weight(layer), context.known)
    return False


def _random_parts(e: Expr) -> Iterator[Expr]:
    """Entries, and derivatives by entries, in an expression."""
    if isinstance(e, Entry) or gradient_of(e) is not None:
        yield e
        return
    for child in children(e):
        yield from _random_parts(child)


def _zero_mean_factor(e: Expr, context: Context) -> Expr | None:
    """A factor with mean 0 that is independent of all other factors; None if there is none.

    A weight is one, as is what is linear in weights that nothing else has: `z_{l,k}`, and `∂L/∂h_{l,k}`.
    """
    parts = factors_of(e)
    for i, part in enumerate(parts):
        rest = parts[:i] + parts[i + 1 :]
        layer = _layer_of_weight(part)
        if layer is not None and all(_is_apart(other, layer, context) for other in rest):
            return part
        if not rest and _is_linear(part, context):
            return part
    if len(parts) == 2 and _is_slope_times_gradient(parts, context):
        return parts[1]
    return None


def _is_linear(e: Expr, context: Context) -> bool:
    """Whether it is `z_{l,k}`, or `∂L/∂h_{l,k}` or `∂L/∂z_{l,k}` of a hidden layer."""
    network = _network(context)
    match e:
        case Entry(PreActivation(layer)):
            return network is not None and network.scheme is None and _within(layer, 1, network.depth + 1, context)
        case Partial(expr.Loss(), Entry(PreActivation(layer) | Hidden(layer), _, None)):
            assumed = network is not None and network.draws.independent_gradients
            return assumed and _within(layer, 1, context.network.depth, context)
    return False


def _is_slope_times_gradient(parts: tuple[Expr, ...], context: Context) -> bool:
    match parts:
        case (Elementwise(_, Entry(PreActivation(l), i, None)), Partial(expr.Loss(), Entry(Hidden(m), k, None))):
            return l == m and i == k and _is_linear(parts[1], context)
    return False


# --- variances -------------------------------------------------------------------------------------------------------


@rule("variance of a sum", source=HE, requires=f"{INDEPENDENT}; {ZERO_MEAN}")
def of_sum(e: Expr, context: Context) -> Rewritten | None:
    r"""Var[Σ_k w_k h_k + b] = Σ_k Var[w_k h_k] + Var[b], for uncorrelated terms        shapes: scalars"""
    if not isinstance(e, Variance) or _network(context) is None:
        return None
    terms = e.operand.terms if isinstance(e.operand, Sum) else (e.operand,)
    if not all(_is_uncorrelated(term, terms, context) for term in terms):
        return None
    made = [_variance_of_term(term) for term in terms]
    if made == [e]:
        return None
    why = ("Two different terms have two different weights, of mean 0 and independent of all else, so that the mean of "
           "their product is 0.",)  # fmt: skip
    return Rewritten(made[0] if len(made) == 1 else Sum(tuple(made)), why)


def _variance_of_term(term: Expr) -> Expr:
    if isinstance(term, IndexedSum):
        return IndexedSum(term.index, term.lower, term.upper, Variance(term.body))
    return Variance(term)


def _is_uncorrelated(term: Expr, terms: tuple[Expr, ...], context: Context) -> bool:
    """Whether a term has a weight of its own: entry `k` of a row or column that is summed over, or a bias."""
    body = term.body if isinstance(term, IndexedSum) else term
    weights = [part for part in factors_of(body) if _layer_of_weight(part) is not None]
    if len(weights) != 1:
        return False
    (w,) = weights
    assert isinstance(w, Entry)
    layer = _layer_of_weight(w)
    assert layer is not None
    rest = tuple(part for part in factors_of(body) if part is not w)
    if isinstance(term, IndexedSum) and index(term.index) not in (w.row, w.column):
        return False
    others = [other for other in terms if other is not term]
    return all(_is_apart(part, layer, context) for part in rest) and all(
        _is_other_weight(w, term, other, context) for other in others
    )


def _is_other_weight(w: Entry, term: Expr, other: Expr, context: Context) -> bool:
    """Whether another term has another weight: the bias column is not among the units that the sum runs over."""
    network = _network(context)
    if network is None:
        return False
    pair = [t for t in (term, other) if isinstance(t, IndexedSum)]
    if len(pair) != 1:
        return False
    single = other if pair[0] is term else term
    match single:
        case Entry(Weight(layer), _, column):
            return is_bias(column, layer, network) and network.normal(pair[0].upper) == network.normal(units(layer))
        case Entry(Bias()):
            return True
    return False


@rule("variance of mean zero", source=HE, requires=f"{INDEPENDENT}; {ZERO_MEAN}")
def of_mean_zero(e: Expr, context: Context) -> Rewritten | None:
    r"""Var[w h] = E[w² h²], where E[w h] = 0        shapes: scalars"""
    if not isinstance(e, Variance) or _layer_of_weight(e.operand) is not None:
        return None
    zero = _zero_mean_factor(e.operand, context)
    if zero is None:
        return None
    made = product_of(tuple(squared(part) for part in factors_of(e.operand)))
    return Rewritten(Expectation(made), ("The mean is 0, as that of ", zero, " is."))


@rule("mean square as variance", source=HE, requires=ZERO_MEAN)
def as_variance(e: Expr, context: Context) -> Rewritten | None:
    r"""E[w²] = Var[w], where E[w] = 0        shapes: scalars"""
    match e:
        case Expectation(Power(base, two)) if two == TWO and _zero_mean_factor(base, context) is not None:
            return Rewritten(Variance(base), (base, " has mean 0."))
    return None


@rule("independent factors", source=HE, requires=f"{INDEPENDENT}; of gradients: {GRADIENTS}")
def of_independent(e: Expr, context: Context) -> Rewritten | None:
    r"""E[w² h²] = E[w²] E[h²], for w independent of h        shapes: scalars"""
    match e:
        case Expectation(Product((first, *others))):
            rest = tuple(others)
            if not _are_independent(first, rest, context):
                return None
            made = Expectation(first) @ Expectation(product_of(rest))
            return Rewritten(made, (_base(first), " is independent of ", _base(product_of(rest)), "."))
    return None


def _base(e: Expr) -> Expr:
    return e.base if isinstance(e, Power) else e


def _are_independent(first: Expr, rest: tuple[Expr, ...], context: Context) -> bool:
    network = _network(context)
    if network is None:
        return False
    layer = _layer_of_weight(_base(first))
    if layer is not None:
        return all(_is_apart(other, layer, context) for other in rest)
    match _base(first):
        case Elementwise(_, Entry(PreActivation(l))) | Entry(PreActivation(l)):
            found = [gradient_of(_base(other)) for other in rest]
            return network.draws.independent_gradients and all(_is_above(gradient, l, context) for gradient in found)
    return False


def _is_above(gradient: tuple[Variable, Dim] | None, layer: Dim, context: Context) -> bool:
    """Whether it is the derivative by `h_layer`, or by something after it."""
    match gradient:
        case (PreActivation(above), _):
            return at_most(layer + 1, above, context.known)
        case (Hidden(above), _):
            return at_most(layer, above, context.known)
    return False


# --- what is alike ---------------------------------------------------------------------------------------------------


@rule("weights alike", source=HE, requires=ALIKE)
def weights_alike(e: Expr, context: Context) -> Rewritten | None:
    r"""Var[w_{l,i,k}] = Var[w_{l,1,1}], for k < n_l        shapes: scalars"""
    network = _network(context)
    match e:
        case Variance(Entry(Weight(l), i, Dim() as k)) if network is not None and is_unit(k, l, context):
            if is_bias(k, l, network) or i == k == ONE:
                return None
            return Rewritten(variance(l), ("All weights of ", Weight(l), " have one distribution."))
    return None


@rule("variance of a bias", source=HE, requires="the biases start at 0, or are drawn like the weights")
def of_bias(e: Expr, context: Context) -> Rewritten | None:
    r"""Var[w_{l,i,n_l}] = 0 where biases start at 0, else Var[w_{l,1,1}]        shapes: scalars"""
    network = _network(context)
    match e:
        case Variance(Entry(Weight(l), _, k)) if network is not None and is_bias(k, l, network):
            pass
        case Variance(Entry(Bias(l))) if network is not None:
            pass
        case _:
            return None
    words = {"zero": "Biases start at 0.", "drawn": "Biases are drawn like the weights."}
    return Rewritten(network.draws.bias_variance(variance(l)), (words[network.draws.biases],))


@rule("units alike", source=HE, requires=ALIKE)
def units_alike(e: Expr, context: Context) -> Rewritten | None:
    r"""E[h_{l,k}²] = E[h_{l,1}²], for k < n_l in a hidden layer        shapes: scalars"""
    if not isinstance(e, Expectation | Variance) or _network(context) is None:
        return None
    places = {_place(part, context) for _, part in subterms(e) if isinstance(part, Entry)}
    if len(places) != 1 or places <= {None, ONE}:
        return None
    (k,) = places
    assert k is not None
    made = _moved(e, k)
    assert isinstance(made, Expr)
    return Rewritten(made, ("The units of a layer are computed alike, from weights drawn alike.",))


def _place(entry: Entry, context: Context) -> Dim | None:
    """Which unit of a hidden layer (or pre-activation of the output) an entry is about."""
    match entry:
        case Entry(PreActivation(l), k, None):
            last = context.network.depth + 1
        case Entry(Hidden(l), k, None):
            last = context.network.depth
        case _:
            return None
    return (
        k if _within(l, 1, last, context) and is_unit(k, l, context) and not _output_gradient(entry, context) else None
    )


def _output_gradient(entry: Entry, context: Context) -> bool:
    # the units of the output are alike, the derivatives of the loss by them are not: targets differ
    match entry.operand:
        case PreActivation(l):
            return not at_most(l, context.network.depth, context.known)
    return False


def _moved(e: Expr, k: Dim) -> Expr:
    if isinstance(e, Entry) and e.row == k:
        return Entry(e.operand, ONE)
    return rebuild(e, tuple(_moved(child, k) for child in children(e)))


@rule("equal terms", source="arithmetic")
def counted(e: Expr, context: Context) -> Rewritten | None:
    r"""Σ_{k=1}^{n} c = n c, for c without k        shapes: scalars"""
    match e:
        case IndexedSum(k, low, high, body) if low == ONE and k not in free_symbols(body):
            return Rewritten(Size(high) @ body, (Size(high), " equal terms."))
    return None


# --- the activation --------------------------------------------------------------------------------------------------


@rule("half of the square", source=HE, requires=f"{SYMMETRIC}; the activation is ReLU")
def half_of_square(e: Expr, context: Context) -> Rewritten | None:
    r"""E[max(0, z)²] = ½ E[z²], for z as likely as -z        shapes: scalars"""
    network = _network(context)
    match e:
        case Expectation(Power(Elementwise("relu", Entry(PreActivation(l)) as z, 0), two)) if two == TWO:
            if network is None or not network.draws.symmetric or not _within(l, 1, network.depth + 1, context):
                return None
            why = (z, " is as likely as ", -z, ", and ReLU keeps one of the two squares.")
            return Rewritten(HALF @ Expectation(squared(z)), why)
    return None


@rule("half of the slopes", source=HE, requires=f"{SYMMETRIC}; no pre-activation is exactly 0; the activation is ReLU")
def half_of_slopes(e: Expr, context: Context) -> Rewritten | None:
    r"""E[ReLU'(z)²] = ½, for z as likely as -z and never 0        shapes: scalars"""
    network = _network(context)
    match e:
        case Expectation(Power(Elementwise("relu", Entry(PreActivation(l)) as z, 1), two)) if two == TWO:
            if network is None or not (network.draws.symmetric and network.draws.independent_gradients):
                return None
            if not _within(l, 1, network.depth + 1, context):
                return None
            return Rewritten(HALF, ("The slope is 1 where ", z, " is above 0, half of the time, else 0."))
    return None


# --- schemes, and many layers ----------------------------------------------------------------------------------------


@rule("the scheme", source=GLOROT, requires="the weights are drawn with that variance")
def by_scheme(e: Expr, context: Context) -> Rewritten | None:
    r"""Var[w_{l,1,1}] = the variance that the scheme says        shapes: scalars"""
    network = _network(context)
    match e:
        case Variance(Entry(Weight(l), _, Dim() as k)) if network is not None and is_unit(k, l, context):
            said = network.draws.variance_at(l)
            if said is None or is_bias(k, l, network):
                return None
            return Rewritten(said, ("This is how the weights are drawn.",))
    return None
