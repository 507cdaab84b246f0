"""Forward equations and the chain rule, entry by entry: every line a scalar.

`z_{l+1} = W_l h_l`, `h_l = ψ(z_l)`, and what they make of the derivatives of the loss by single entries.
"""

from __future__ import annotations

from symbackprop import expr
from symbackprop.derivation import Context, Rewritten, rule
from symbackprop.dims import ONE, Dim, Symbol, at_most, index, units, width
from symbackprop.equations import Network
from symbackprop.expr import (
    LOSS,
    Bias,
    Elementwise,
    Entry,
    Expr,
    Hidden,
    IndexedSum,
    Partial,
    PreActivation,
    Product,
    Size,
    Sum,
    Variable,
    Weight,
    number,
)


def loss_by(entry: Entry) -> Partial:
    """`∂L/∂v_k`."""
    return Partial(LOSS, entry)


def is_unit(k: Dim, layer: Dim, context: Context) -> bool:
    """Whether `k` is surely one of the units of a layer, not its bias unit."""
    match k:
        case Dim(((Symbol(name), 1),), 0):
            # the index of a sum reaches as far as its bound; of one of which nothing is known, nothing is sure
            upper = context.known.get(name, (None, None))[1]
            if upper is None:
                return False
            k = upper
    normal = context.network.normal
    return at_most(normal(k), normal(units(layer)), context.known)


def is_bias(column: Dim | None, layer: Dim, network: Network) -> bool:
    """Whether a unit of a layer is its bias unit: the column of that number in its weights holds biases."""
    return column is not None and network.constant(Hidden(layer), network.normal(column)) is not None


def gradient_of(e: Expr) -> tuple[Variable, Dim] | None:
    """The column and the place of an entry that the loss is differentiated by."""
    match e:
        case Partial(expr.Loss(), Entry(Variable() as v, k, None)):
            return v, k
    return None


# --- forward equations by entries ------------------------------------------------------------------------------------


@rule("forward equation", source="slide 1, bullet 1")
def written_out(e: Expr, context: Context) -> Rewritten | None:
    r"""z_{l+1,i} = Σ_{k=1}^{n_l} w_{l,i,k} h_{l,k}        shapes: scalars"""
    match e:
        case Entry(PreActivation() as z, i, None):
            equation = context.network.definition(z, context.known)
            match None if equation is None else equation.right:
                case Product((Weight() as W, Hidden() as h)):
                    return Rewritten(_row_times(W, h, i), ("An entry of ", W @ h, "."))
                case Sum((Product((Weight() as W, Hidden() as h)), Bias() as b)):
                    return Rewritten(_row_times(W, h, i) + Entry(b, i), ("An entry of ", W @ h + b, "."))
    return None


def letter_not_in(*taken: Dim) -> str:
    """A letter for an index that is none of those that occur."""
    used = frozenset[str]().union(*(each.symbols for each in taken))
    return next(name for name in "kmpqrs" if name not in used)


def _row_times(W: Weight, h: Hidden, i: Dim) -> Expr:
    k = letter_not_in(i, h.index)
    body = Entry(W, i, index(k)) @ Entry(h, index(k))
    return IndexedSum(k, ONE, width(h.index), body)


@rule("the bias unit apart", source="slide 1, bullet 1")
def bias_apart(e: Expr, context: Context) -> Rewritten | None:
    r"""Σ_{k=1}^{n_l} w_{l,i,k} h_{l,k} = Σ_{k=1}^{n_l-1} w_{l,i,k} h_{l,k} + w_{l,i,n_l}        shapes: scalars"""
    match e:
        case IndexedSum(k, low, high, Product((Entry(Weight(l) as W, i, c), Entry(Hidden(m), r, None)))):
            last = width(l)
            whole = l == m and c == r == index(k) and (low, high) == (ONE, last)
            if not whole or not is_bias(last, l, context.network):
                return None
            rest = IndexedSum(k, ONE, units(l), e.body)
            why = ("The last of the ", Size(last), " hidden units is always ", Size(ONE), ".")
            return Rewritten(rest + Entry(W, i, last), why)
    return None


@rule("layer map, entry by entry", source="slide 1, bullet 1")
def activated(e: Expr, context: Context) -> Rewritten | None:
    r"""h_{l,k} = g(z_{l,k}), for k < n_l        shapes: scalars"""
    match e:
        case Entry(Hidden(l) as h, k, None) if is_unit(k, l, context) and k != width(l):
            equation = context.network.definition(h, context.known)
            match None if equation is None else equation.right:
                case expr.LayerMap(g, PreActivation() as z) | Elementwise(g, PreActivation() as z, 0):
                    return Rewritten(Elementwise(g, Entry(z, k)), ("The activation acts on each entry.",))
    return None


@rule("the identity", source="definition")
def without_identity(e: Expr, context: Context) -> Rewritten | None:
    r"""id(z) = z, id'(z) = 1        shapes: scalars"""
    match e:
        case Elementwise("identity", operand, 0):
            return Rewritten(operand, ("The network is linear.",))
        case Elementwise("identity", Entry(), 1):
            return Rewritten(number(1), ("The network is linear.",))
    return None


@rule("gradient through the weights, entry by entry", source="slide 1, bullet 3")
def through_weights_by_entries(e: Expr, context: Context) -> Rewritten | None:
    r"""∂L/∂h_{l,k} = Σ_i w_{l,i,k} ∂L/∂z_{l+1,i}        shapes: scalars"""
    match gradient_of(e):
        case Hidden(l) as h, k:
            uses = context.network.uses(h, context.known)
            if len(uses) != 1 or not isinstance(uses[0].left, PreActivation):
                return None
            i, z = ("i" if "i" not in k.symbols | l.symbols else letter_not_in(k, l)), uses[0].left
            body = Entry(Weight(l), index(i), k) @ loss_by(Entry(z, index(i)))
            why = ("Each entry of ", z, " uses ", Entry(h, k), " once.")
            return Rewritten(IndexedSum(i, ONE, units(z.index), body), why)
    return None


@rule("gradient through the activation, entry by entry", source="slide 1, bullet 2")
def through_activation_by_entries(e: Expr, context: Context) -> Rewritten | None:
    r"""∂L/∂z_{l,k} = g'(z_{l,k}) ∂L/∂h_{l,k}        shapes: scalars"""
    match gradient_of(e):
        case PreActivation() as z, k:
            match context.network.uses(z, context.known):
                case [expr_use] if isinstance(expr_use.left, Hidden):
                    match expr_use.right:
                        case expr.LayerMap(g, _) | Elementwise(g, _, 0):
                            made = Elementwise(g, Entry(z, k), 1) @ loss_by(Entry(expr_use.left, k))
                            return Rewritten(
                                made, (Entry(expr_use.left, k), " is computed from ", Entry(z, k), " alone.")
                            )
    return None
