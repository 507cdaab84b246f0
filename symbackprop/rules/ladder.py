"""The ladder of bounds: the gradient of the first weights between products that are sharper and sharper (erratum 1).

From the value itself outwards: the best bound that is linear in `‖∂L/∂ŷ‖`, telescoped by QR from the right, a factor
for each layer, each layer's two matrices apart, and with the bias column, which is the lecture's.
"""

from __future__ import annotations

from symbackprop.derivation import Context, Derivation, Rewritten, Rule, rule
from symbackprop.dims import dim, index, units, width
from symbackprop.expr import (
    LARGEST,
    LOSS,
    SMALLEST,
    Expr,
    Identity,
    IndexedProduct,
    Named,
    Norm,
    Partial,
    Product,
    SingularValue,
    Variable,
    Weight,
    product_of,
)
from symbackprop.network import MLP
from symbackprop.rules.bounds import RELATION, first_layer, layers_of
from symbackprop.rules.citation import as_derived
from symbackprop.rules.gradients import weight_matrix
from symbackprop.rules.induction import induction
from symbackprop.rules.norms import (
    ONE_BY_ONE,
    assumed,
    bounded_at_once,
    bounded_below_at_once,
    column_kept,
    extreme_slope,
    length_kept,
    rank_one,
    submultiplicative,
    supermultiplicative,
    without_ones,
)
from symbackprop.rules.products import absorb, begun, empty, over, peel
from symbackprop.shapes import Shape
from symbackprop.statements import Chain, equal
from symbackprop.substitution import substitute
from symbackprop.tree import Path, subterms

AT_ONCE: dict[str, Rule] = {LARGEST: bounded_at_once, SMALLEST: bounded_below_at_once}
SPLIT: dict[str, Rule] = {LARGEST: submultiplicative, SMALLEST: supermultiplicative}


class Telescoped(MLP):
    """The network with the factors of `A_l Q_{l+1} = Q_l R_l`, where `A_l = diag(g'(z_l)) W̃_lᵀ`.

    `Q_l` is `(n_l-1) × n_{L+1}` with orthonormal columns, `R_l` is `n_{L+1} × n_{L+1}`: it is about networks in which
    no hidden layer has fewer units than the output.
    """

    def about(self, names: frozenset[str]) -> MLP:
        """The network itself without the factors."""
        return self if names & {"Q", "R"} else MLP(**self.options)

    def _shape_of(self, variable: Variable) -> Shape:
        outputs = self.normal(width(self.depth + 1))
        match variable:
            case Named("Q", layer) if layer is not None:
                return self.normal(units(layer)), outputs
            case Named("R", layer) if layer is not None:
                return outputs, outputs
        return super()._shape_of(variable)


def telescopes(network: MLP) -> bool:
    """Whether no hidden layer is known to have fewer units than the output, without which there are no such `Q_l`."""
    if network.widths is None:
        return True
    *hidden, outputs = (network.normal(units(layer)).constant for layer in range(1, len(network.widths)))
    return min(hidden) >= outputs


def telescoped(network: MLP) -> tuple[Telescoped, tuple[Chain, ...]]:
    """The network with the factors `Q_l` and `R_l`, and the equations that are assumed of them."""
    made = Telescoped(**network.options)
    l = index("l")
    body = layers_of(first_layer(made).result).body
    identity = Identity(made.normal(width(made.depth + 1)))
    Q, R = Named("Q", l), Named("R", l)
    return made, (
        equal(Named("Q", made.depth + 1), identity),
        equal(body @ Named("Q", l + 1), Q @ R),
        equal(Q.T @ Q, identity),
    )


QR = (
    " ", Named("Q", index("l")), " and ", Named("R", index("l")), " come from QR decompositions, the last layer first; "
    "no hidden layer has fewer units than the output.",
)  # fmt: skip
CHOSEN = ("This is how both are chosen.",)


def telescope(network: MLP, given: tuple[Chain, ...]) -> Derivation:
    """Q_1 ∏_{l=1}^L R_l = ∏_{l=1}^L [diag(g'(z_l)) W̃_lᵀ], by induction."""
    L, m = network.depth, index("m")
    product = layers_of(first_layer(network).result)
    name, body = product.index, product.body
    rest = Named("R", index(name))
    start = Derivation(
        Named("Q", dim(1)) @ over(name, 1, L, rest), network, given=given, title="The layers factored from the right"
    )
    claim = product_of((over(name, 1, m, body), Named("Q", m + 1), IndexedProduct(name, m + 1, L, rest)))
    at_m = substitute(body, {name: m + 1})
    put_in = assumed(Named("Q", m + 1) @ Named("R", m + 1), at_m @ Named("Q", m + 2), CHOSEN)

    def step(begin: Derivation) -> Derivation:
        return begin.by(peel).by(put_in, at=()).by(absorb)

    rule = induction("m", claim, 0, L, lambda begin: begin.by(begun(name, body, 1)), step)
    why = ("Nothing stands behind the last layer.",)
    last = assumed(Named("Q", L + 1), Identity(network.normal(width(L + 1))), why)
    return start.by(rule, at=()).by(empty).by(last, at=()).by(identity_out)


@rule("the identity", source="definition of the identity")
def identity_out(e: Expr, context: Context) -> Rewritten | None:
    r"""A I = A        shapes: A is m×n, I is n×n"""
    match e:
        case Product((*before, Identity())):
            return Rewritten(product_of(tuple(before)), ("The identity changes nothing.",))
    return None


def ladder(network: MLP, which: str) -> Derivation:
    """‖∂L/∂W_0‖_F ≤ (with the smallest, ≥) a product, from the sharpest bound to the widest, each a line.

    The lines between, which rest on the QR decompositions, are left out where there are none.
    """
    made, given = telescoped(network) if telescopes(network) else (network, ())
    gradient = first_layer(made)
    name = layers_of(gradient.result).index
    start = Derivation(Norm(Partial(LOSS, Weight(0)), "F"), made, given=given)
    exact = start.by(weight_matrix, at=(0,)).by(rank_one).by(as_derived(gradient, "the gradient derived"))
    optimal = exact.by(AT_ONCE[which])
    fused = each_layer(optimal, gradient, name, which) if given else optimal
    slopes = fused.by(SPLIT[which]).by(extreme_slope)
    return slopes.by(column_kept) if which == LARGEST and network.augmented else slopes


def each_layer(optimal: Derivation, gradient: Derivation, name: str, which: str) -> Derivation:
    """From the singular value of the product to the product of those of the layers, telescoped by QR."""
    made, given = gradient.network, optimal.given
    assert isinstance(made, MLP)
    factored = optimal.by(as_derived(telescope(made, given), "factored from the right", backwards=True))
    by_qr = factored.by(length_kept).by(SPLIT[which])
    l = index(name)
    R, body = Named("R", l), layers_of(gradient.result).body
    place = _place(by_qr.result, SingularValue(R, which))
    turned = by_qr.by(_turned(Named("Q", l)), at=place)
    put_in = assumed(Named("Q", l) @ R, body @ Named("Q", l + 1), CHOSEN)
    return turned.by(put_in, at=(*place, 0)).by(_last_apart(which), at=place).by(length_kept).by(without_ones)


def _place(e: Expr, part: Expr) -> Path:
    return next(path for path, inner in subterms(e) if inner == part)


def _turned(Q: Expr) -> Rule:
    """`σ(R) = σ(Q R)`, where `QᵀQ = I`."""

    def rewrite(e: Expr, context: Context) -> Rewritten | None:
        match e:
            case SingularValue(R, which):
                return Rewritten(SingularValue(Q @ R, which), (Q, " has orthonormal columns."))
        return None

    return Rule(length_kept.name, rewrite, length_kept.statement, "=", length_kept.source, length_kept.requires)


def _last_apart(which: str) -> Rule:
    """`σ(A B Q) ≤ σ(A B) σ(Q)`, or with ≥ and the smallest."""

    def rewrite(e: Expr, context: Context) -> Rewritten | None:
        match e:
            case SingularValue(Product((*first, last)), kind) if kind == which:
                made = SingularValue(product_of(tuple(first)), which) @ SingularValue(last, which)
                return Rewritten(made, ONE_BY_ONE)
        return None

    split = SPLIT[which]
    return Rule(split.name, rewrite, split.statement, RELATION[which], split.source)
