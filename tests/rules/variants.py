"""For every rule: a line it applies to, what it makes of it on paper, and what people (and faulty rules) make of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

from symbackprop.derivation import Derivation, Rule
from symbackprop.dims import DEPTH, ONE, Bounds, Dim, dim, index, units, width
from symbackprop.draws import RandomMLP
from symbackprop.expr import (
    LOSS,
    ActivationJacobian,
    Bias,
    Column,
    ColumnAt,
    Diagonal,
    Elementwise,
    Entry,
    Expr,
    Hadamard,
    Hidden,
    Identity,
    IndexedProduct,
    IndexedSum,
    Named,
    Norm,
    Ones,
    Partial,
    Power,
    PreActivation,
    Product,
    Quotient,
    Row,
    Softmax,
    Target,
    Weight,
    WithoutBias,
    number,
)
from symbackprop.network import MLP
from symbackprop.rules import algebra, by_entries, decay, gradients, products
from symbackprop.rules.induction import induction

l, j, k, m = index("l"), index("j"), index("k"), index("m")
L = DEPTH
NET, SEPARATE = MLP(), MLP(bias="separate")
HIDDEN: Bounds = {"l": (ONE, L), "L": (ONE, None)}
ANY: Bounds = {"l": (dim(0), L), "L": (ONE, None)}
DEEP: Bounds = {"L": (dim(2), None)}
y, z_out = Target(), PreActivation(L + 1)
TWO = number(2)


@dataclass(frozen=True)
class Case:
    """One rule at one line: `start = right`, and wrong right sides by what is wrong with them."""

    name: str
    rule: Rule
    start: Expr
    right: Expr
    wrong: dict[str, Expr] = field(hash=False)
    known: Bounds = field(default_factory=dict, hash=False)
    network: MLP = NET
    factory: str = ""


def z(layer: Dim | int) -> PreActivation:
    return PreActivation(dim(layer))


def h(layer: Dim | int) -> Hidden:
    return Hidden(dim(layer))


def W(layer: Dim | int) -> Weight:
    return Weight(dim(layer))


def d(e: Expr) -> Partial:
    """`∂L/∂e`."""
    return Partial(LOSS, e)


def D(layer: Dim | int, function: str = "g") -> ActivationJacobian:
    return ActivationJacobian(function, z(layer))


def g(layer: Dim | int, order: int = 1) -> Elementwise:
    return Elementwise("g", z(layer), order)


def wide(column: Expr, layer: Dim | int) -> Expr:
    """`(diag(column) | 0)`: another column than `g'(z_l)` on the activation Jacobian of a layer."""
    return Diagonal(column) @ D(layer, "identity")


def kept(layer: Dim | int) -> Expr:
    """The activation Jacobian with ones in the bias column, where zeros belong."""
    layer = dim(layer)
    return D(layer) + ColumnAt(Ones(units(layer)), width(layer), width(layer))


def placed(vector: Expr, column: Dim, layer: Dim | int) -> ColumnAt:
    return ColumnAt(vector, column, units(dim(layer)))


def layers(lower: Dim | int, upper: Dim | int, body: Expr | None = None, descending: bool = False) -> IndexedProduct:
    return IndexedProduct("k", dim(lower), dim(upper), body or D(k) @ W(k).T, descending)


def scaled(right: Expr) -> dict[str, Expr]:
    """What can be wrong with any right side."""
    return {
        "sign": -right,
        "factor 2": TWO @ right,
        "half": number(Fraction(1, 2)) @ right,
        "counted twice": right + right,
    }


def column(e: Expr) -> Expr:
    """`e` without its last entry, for a column."""
    return WithoutBias(e.T).T


ROW = Row(W(l), j).T
HADAMARD = Hadamard((g(l), WithoutBias(W(l)).T @ d(z(l + 1))))
PLACED = placed(h(l), j, l + 1)
FOUR = (D(1), W(1).T, D(2), W(2).T)


def induct(network: MLP = NET) -> Rule:
    """`∂L/∂z_1 = ∏_{k=1}^{L-1} [D_k W_kᵀ] ∂L/∂z_L`, by induction on `m`."""
    body = D(k) @ W(k).T

    def step(start: Derivation) -> Derivation:
        return start.by(gradients.through_activation).by(gradients.through_weights).by(products.absorb)

    base = products.fold("k", body, 1, 0)
    return induction("m", layers(1, m - 1) @ d(z(m)), 1, L, lambda start: start.by(base), step)


def _case(
    rule: Rule,
    start: Expr,
    right: Expr,
    wrong: dict[str, Expr],
    known: Bounds | None = None,
    network: MLP = NET,
    factory: str = "",
    name: str = "",
) -> Case:
    return Case(name or rule.name, rule, start, right, {**wrong, **scaled(right)}, known or {}, network, factory)


CHAIN = _case(
    gradients.chain_rule,
    d(z(l)),
    Partial(h(l), z(l)) @ d(h(l)),
    {
        "Jacobian transposed": Partial(h(l), z(l)).T @ d(h(l)),
        "numerator layout": Partial(h(l), z(l), numerator=True) @ d(h(l)),
        "swapped factors": d(h(l)) @ Partial(h(l), z(l)),
        "no Jacobian": d(h(l)),
        "no Jacobian, bias row dropped": column(d(h(l))),
        "Jacobian of the layer after": Partial(z(l + 1), z(l)) @ d(h(l)),
        "gradient of the layer after": Partial(h(l), z(l)) @ d(h(l + 1)),
        "one layer counted twice": Partial(h(l), z(l)) @ d(h(l)) + Partial(z(l + 1), z(l)) @ d(z(l + 1)),
    },
    HIDDEN,
)

JACOBIANS = (
    _case(
        gradients.jacobian,
        Partial(z(l + 1), h(l)),
        W(l).T,
        {
            "no transpose": W(l),
            "layer after": W(l + 1).T,
            "layer before": W(l - 1).T,
            "bias column dropped": WithoutBias(W(l)).T,
            "with g'": W(l).T @ Diagonal(g(l + 1)),
            "all ones": Ones(width(l)) @ Ones(units(l + 1)).T,
        },
        ANY,
        name="Jacobian of the weights",
    ),
    _case(
        gradients.jacobian,
        Partial(h(l), z(l)),
        D(l),
        {
            "no g'": D(l, "identity"),
            "another activation": D(l, "f"),
            "g for g'": wide(g(l, 0), l),
            "g''": wide(g(l, 2), l),
            "g' squared": wide(Hadamard((g(l), g(l))), l),
            "bias column dropped": Diagonal(g(l)),
            "bias column kept": kept(l),
            "transposed": D(l).T,
            "layer after": D(l + 1),
        },
        HIDDEN,
        name="Jacobian of the activation",
    ),
    _case(
        gradients.jacobian,
        Partial(z(l + 1), ROW),
        PLACED,
        {
            "transposed": PLACED.T,
            "column after": placed(h(l), j + 1, l + 1),
            "first column": placed(h(l), ONE, l + 1),
            "in every column": h(l) @ Ones(units(l + 1)).T,
            "ones for h": placed(Ones(width(l)), j, l + 1),
            "x for h": placed(h(0), j, l + 1),
            "layer after": placed(h(l + 1), j, l + 1),
            "a column too many": ColumnAt(h(l), j, units(l + 1) + 1),
            "with g'": PLACED @ Diagonal(g(l + 1)),
        },
        ANY,
        name="Jacobian by a row",
    ),
)

ACTIVATION = _case(
    gradients.through_activation,
    d(z(l)),
    D(l) @ d(h(l)),
    {
        "no g'": D(l, "identity") @ d(h(l)),
        "g for g'": wide(g(l, 0), l) @ d(h(l)),
        "g''": wide(g(l, 2), l) @ d(h(l)),
        "bias column kept": kept(l) @ d(h(l)),
        "bias column dropped": Diagonal(g(l)) @ d(h(l)),
        "transposed": D(l).T @ d(h(l)),
        "swapped factors": d(h(l)) @ D(l),
        "g' of the layer after": D(l + 1) @ d(h(l)),
        "gradient of the layer after": D(l) @ d(h(l + 1)),
        "g' twice": Diagonal(g(l)) @ D(l) @ d(h(l)),
        "pre-activation for hidden units": Diagonal(g(l)) @ d(z(l)),
    },
    HIDDEN,
)

WEIGHTS = _case(
    gradients.through_weights,
    d(h(l)),
    W(l).T @ d(z(l + 1)),
    {
        "no transpose": W(l) @ d(z(l + 1)),
        "swapped factors": d(z(l + 1)) @ W(l).T,
        "layer after": W(l + 1).T @ d(z(l + 1)),
        "layer before": W(l - 1).T @ d(z(l + 1)),
        "gradient of this layer": W(l).T @ d(z(l)),
        "no weights": d(z(l + 1)),
        "bias row dropped": WithoutBias(W(l)).T @ d(z(l + 1)),
        "with g'": W(l).T @ Diagonal(g(l + 1)) @ d(z(l + 1)),
        "weights twice": W(l).T @ W(l) @ W(l).T @ d(z(l + 1)),
    },
    ANY,
)

ROWS = (
    _case(
        gradients.weight_row,
        d(ROW),
        PLACED @ d(z(l + 1)),
        {
            "column after": placed(h(l), j + 1, l + 1) @ d(z(l + 1)),
            "first column": placed(h(l), ONE, l + 1) @ d(z(l + 1)),
            "transposed": PLACED.T @ d(z(l + 1)),
            "swapped factors": d(z(l + 1)) @ PLACED,
            "in every column": h(l) @ Ones(units(l + 1)).T @ d(z(l + 1)),
            "x for h": placed(h(0), j, l + 1) @ d(z(l + 1)),
            "layer after": placed(h(l + 1), j, l + 1) @ d(z(l + 1)),
            "pre-activation for hidden units": placed(z(l), j, l + 1) @ d(z(l + 1)),
            "gradient of this layer": PLACED @ d(z(l)),
            "no gradient": PLACED,
        },
        ANY,
    ),
    _case(
        gradients.weight_row_scaled,
        d(ROW),
        Entry(d(z(l + 1)), j) @ h(l),
        {
            "row after": Entry(d(z(l + 1)), j + 1) @ h(l),
            "first row": Entry(d(z(l + 1)), ONE) @ h(l),
            "entry of h": Entry(h(l), j) @ d(z(l + 1)),
            "x for h": Entry(d(z(l + 1)), j) @ h(0),
            "layer after": Entry(d(z(l + 1)), j) @ h(l + 1),
            "gradient of this layer": Entry(d(z(l)), j) @ h(l),
            "with g'": Entry(d(z(l + 1)), j) @ Entry(g(l + 1), j) @ h(l),
            "no gradient": h(l),
            "transposed": Entry(d(z(l + 1)), j) @ h(l).T,
        },
        ANY,
    ),
)

MATRIX = _case(
    gradients.weight_matrix,
    d(W(l)),
    d(z(l + 1)) @ h(l).T,
    {
        "swapped factors": h(l) @ d(z(l + 1)).T,
        "no transpose": d(z(l + 1)) @ h(l),
        "transposed": (d(z(l + 1)) @ h(l).T).T,
        "layer after": d(z(l + 1)) @ h(l + 1).T,
        "x for h": d(z(l + 1)) @ h(0).T,
        "gradient of this layer": d(z(l)) @ h(l).T,
        "bias column dropped": d(z(l + 1)) @ column(h(l)).T,
        "ones for h": d(z(l + 1)) @ Ones(width(l)).T,
        "with g'": Diagonal(g(l + 1)) @ d(z(l + 1)) @ h(l).T,
    },
    ANY,
)

BIASES = tuple(
    _case(
        gradients.bias,
        d(bias),
        d(z(l + 1)),
        {
            "transposed": d(z(l + 1)).T,
            "gradient of this layer": d(z(l)),
            "gradient of the layer after": d(z(l + 2)),
            "gradient of the hidden units": column(d(h(l + 1))),
            "with g'": Hadamard((g(l + 1), d(z(l + 1)))),
            "with the bias": Hadamard((bias, d(z(l + 1)))),
            "all ones": Ones(units(l + 1)),
            "with h": d(z(l + 1)) @ h(l).T,
        },
        ANY,
        network,
        name=f"bias, {network.bias}",
    )
    for network, bias in ((NET, Column(W(l), width(l))), (SEPARATE, Bias(l)))
)

LAYER = _case(
    gradients.through_layer,
    d(z(l)),
    HADAMARD,
    {
        "no g'": WithoutBias(W(l)).T @ d(z(l + 1)),
        "g for g'": Hadamard((g(l, 0), WithoutBias(W(l)).T @ d(z(l + 1)))),
        "g''": Hadamard((g(l, 2), WithoutBias(W(l)).T @ d(z(l + 1)))),
        "bias column kept": Hadamard((g(l), W(l).T @ d(z(l + 1)))),
        "no transpose": Hadamard((g(l), WithoutBias(W(l)) @ d(z(l + 1)))),
        "g' of the layer after": Hadamard((g(l + 1), WithoutBias(W(l)).T @ d(z(l + 1)))),
        "weights of the layer before": Hadamard((g(l), WithoutBias(W(l - 1)).T @ d(z(l + 1)))),
        "gradient of the layer after that": Hadamard((g(l), WithoutBias(W(l)).T @ d(z(l + 2)))),
        "Hadamard for product": Hadamard((g(l), WithoutBias(W(l)).T, d(z(l + 1)))),
        "g' inside": WithoutBias(W(l)).T @ Hadamard((g(l + 1), d(z(l + 1)))),
    },
    HIDDEN,
)

LOSSES = tuple(
    _case(
        gradients.loss_gradient,
        d(z_out),
        right,
        {
            "swapped": factor @ (y - output),
            "sum for difference": factor @ (output + y),
            "no target": factor @ output,
            "no output": factor @ y,
            "transposed": (factor @ (output - y)).T,
            "last hidden units": factor @ (h(L) - y),
            "factor 3": number(3) @ (output - y),
            "with g'": Hadamard((Elementwise("g", z_out, 1), factor @ (output - y))),
        },
        network=MLP(loss=loss),
        name=f"gradient of the loss, {loss}",
    )
    for loss, factor, output, right in (
        ("squared_error", TWO, z_out, TWO @ (z_out - y)),
        ("half_squared_error", number(1), z_out, z_out - y),
        ("softmax_cross_entropy", number(1), Softmax(z_out), Softmax(z_out) - y),
    )
)

DIAGONAL = _case(
    algebra.hadamard_as_diagonal,
    HADAMARD,
    Diagonal(g(l)) @ WithoutBias(W(l)).T @ d(z(l + 1)),
    {
        "swapped factors": WithoutBias(W(l)).T @ d(z(l + 1)) @ Diagonal(g(l)),
        "no diagonal": g(l) @ WithoutBias(W(l)).T @ d(z(l + 1)),
        "outer product": g(l) @ (WithoutBias(W(l)).T @ d(z(l + 1))).T,
        "the other column on the diagonal only": Diagonal(WithoutBias(W(l)).T @ d(z(l + 1))),
        "missing factor": WithoutBias(W(l)).T @ d(z(l + 1)),
        "extra factor": Diagonal(g(l)) @ Diagonal(g(l)) @ WithoutBias(W(l)).T @ d(z(l + 1)),
        "one for the column": Diagonal(Ones(units(l))) @ WithoutBias(W(l)).T @ d(z(l + 1)),
        "sum for product": g(l) + WithoutBias(W(l)).T @ d(z(l + 1)),
    },
    HIDDEN,
)


def _products(end: Expr, right: Callable[[IndexedProduct], Expr], lower: int, upper: Dim | int) -> dict[str, Expr]:
    """What goes wrong with `∏_{k=lower}^{upper}`, put in its place by `right`."""
    upper, first = dim(upper), dim(lower)
    return {
        "upper bound one more": right(layers(first, upper + 1)),
        "upper bound one less": right(layers(first, upper - 1)),
        "lower bound one more": right(layers(first + 1, upper)),
        "lower bound one less": right(layers(first - 1, upper)),
        "reversed": right(layers(first, upper, descending=True)),
        "factors swapped": right(layers(first, upper, W(k).T @ D(k))),
        "no transpose": right(layers(first, upper, D(k) @ W(k))),
        "no g'": right(layers(first, upper, D(k, "identity") @ W(k).T)),
        "weights of the layer before": right(layers(first, upper, D(k) @ W(k - 1).T)),
        "no product": end,
    }


PRODUCTS = (
    _case(
        products.absorb,
        layers(1, L - 1) @ D(L) @ W(L).T @ d(z_out),
        layers(1, L) @ d(z_out),
        {
            **_products(d(z_out), lambda made: made @ d(z_out), 1, L),
            "factor left over": layers(1, L) @ W(L).T @ d(z_out),
        },
        {"L": (ONE, None)},
    ),
    _case(
        products.peel,
        layers(1, L) @ d(z_out),
        D(1) @ W(1).T @ layers(2, L) @ d(z_out),
        {
            **_products(d(z_out), lambda made: D(1) @ W(1).T @ made @ d(z_out), 2, L),
            "the last factor out": D(L) @ W(L).T @ layers(2, L) @ d(z_out),
            "the factor behind": layers(2, L) @ D(1) @ W(1).T @ d(z_out),
            "the second factor out": D(2) @ W(2).T @ layers(2, L) @ d(z_out),
        },
        DEEP,
    ),
    _case(
        products.fold("k", D(k) @ W(k).T, 1, 2),
        Product((*FOUR, d(z(3)))),
        layers(1, 2) @ d(z(3)),
        {
            **_products(d(z(3)), lambda made: made @ d(z(3)), 1, 2),
            "factor left over": layers(1, 2) @ W(2).T @ d(z(3)),
        },
        DEEP,
        factory="fold",
    ),
    _case(
        products.fold("k", D(k) @ W(k).T, 1, 0),
        d(z(1)),
        layers(1, 0) @ d(z(1)),
        {
            "one factor": layers(1, 1) @ d(z(1)),
            "one factor before": layers(0, 0) @ d(z(1)),
            "nothing left": layers(1, 0),
            "another gradient": layers(1, 0) @ d(z(2)),
            "identity of the layer after": layers(2, 1) @ d(z(1)),
            "up to the end": layers(1, L) @ d(z(1)),
        },
        DEEP,
        factory="fold",
        name="as an empty product",
    ),
    _case(
        induct(),
        d(z(1)),
        layers(1, L - 1) @ d(z(L)),
        {
            **_products(d(z(L)), lambda made: made @ d(z(L)), 1, L - 1),
            "another end": layers(1, L - 1) @ d(z_out),
            "gradient of the hidden units": layers(1, L - 1) @ d(h(L)),
            "no gradient": layers(1, L - 1),
        },
        {"L": (ONE, None)},
        factory="induction",
    ),
)

# --- by entries ------------------------------------------------------------------------------------------------------


def entry(v: Expr, at: Dim | int, column: Dim | None = None) -> Entry:
    return Entry(v, dim(at), column)


def summed(body: Expr, upper: Dim, name: str = "k") -> IndexedSum:
    return IndexedSum(name, ONE, upper, body)


i = index("i")
# the kernel puts forward equations in where weights are random
RANDOM = RandomMLP()
UNIT: Bounds = {**HIDDEN, "j": (ONE, units(l))}
w_h = entry(W(l), i, k) @ entry(h(l), k)
ENTRY = d(entry(z(l), j))
BY_ENTRIES = (
    _case(
        by_entries.written_out,
        entry(z(l + 1), i),
        summed(w_h, width(l)),
        {
            "no bias unit": summed(w_h, units(l)),
            "transposed": summed(entry(W(l), k, i) @ entry(h(l), k), width(l)),
            "pre-activations": summed(entry(W(l), i, k) @ entry(z(l), k), units(l)),
            "layer before": summed(entry(W(l - 1), i, k) @ entry(h(l - 1), k), width(l - 1)),
            "weights only": summed(entry(W(l), i, k), width(l)),
            "first row": summed(entry(W(l), ONE, k) @ entry(h(l), k), width(l)),
            "squares": summed(w_h @ w_h, width(l)),
        },
        HIDDEN,
        RANDOM,
    ),
    _case(
        by_entries.bias_apart,
        summed(w_h, width(l)),
        summed(w_h, units(l)) + entry(W(l), i, width(l)),
        {
            "bias twice": summed(w_h, width(l)) + entry(W(l), i, width(l)),
            "no bias": summed(w_h, units(l)),
            "bias of the first unit": summed(w_h, units(l)) + entry(W(l), i, ONE),
            "bias unit alone": summed(w_h, units(l)) + entry(h(l), width(l)),
            "times the last hidden unit": summed(w_h, units(l)) + entry(W(l), i, width(l)) @ entry(h(l), ONE),
            "one unit less": summed(w_h, units(l) - 1) + entry(W(l), i, width(l)),
        },
        HIDDEN,
        RANDOM,
    ),
    _case(
        by_entries.activated,
        entry(h(l), j),
        Elementwise("g", entry(z(l), j)),
        {
            "no activation": entry(z(l), j),
            "slope": Elementwise("g", entry(z(l), j), 1),
            "another activation": Elementwise("f", entry(z(l), j)),
            "first unit": Elementwise("g", entry(z(l), ONE)),
            "twice": Elementwise("g", Elementwise("g", entry(z(l), j))),
            "layer after": Elementwise("g", entry(z(l + 1), ONE)),
            "the bias unit": entry(h(l), width(l)),
        },
        {**HIDDEN, "j": (dim(2), units(l))},
        RANDOM,
    ),
    _case(
        by_entries.without_identity,
        Elementwise("identity", entry(z(l), j)),
        entry(z(l), j),
        {
            "activation": Elementwise("g", entry(z(l), j)),
            "1": number(1),
            "0": number(0),
            "hidden unit": entry(h(l), j),
            "square": entry(z(l), j) @ entry(z(l), j),
            "layer before": entry(h(l - 1), ONE),
        },
        UNIT,
        RANDOM,
    ),
    _case(
        by_entries.through_weights_by_entries,
        d(entry(h(l), j)),
        summed(entry(W(l), i, j) @ d(entry(z(l + 1), i)), units(l + 1), "i"),
        {
            "transposed": summed(entry(W(l), j, i) @ d(entry(z(l + 1), i)), units(l + 1), "i"),
            "one unit": entry(W(l), ONE, j) @ d(entry(z(l + 1), ONE)),
            "weights only": summed(entry(W(l), i, j), units(l + 1), "i"),
            "gradients only": summed(d(entry(z(l + 1), i)), units(l + 1), "i"),
            "another unit": summed(entry(W(l), i, width(l)) @ d(entry(z(l + 1), i)), units(l + 1), "i"),
            "one unit less": summed(entry(W(l), i, j) @ d(entry(z(l + 1), i)), units(l + 1) - 1, "i"),
            "of the pre-activation": d(entry(z(l), j)),
        },
        UNIT,
    ),
    _case(
        by_entries.through_activation_by_entries,
        ENTRY,
        Elementwise("g", entry(z(l), j), 1) @ d(entry(h(l), j)),
        {
            "no slope": d(entry(h(l), j)),
            "activation for slope": Elementwise("g", entry(z(l), j)) @ d(entry(h(l), j)),
            "second derivative": Elementwise("g", entry(z(l), j), 2) @ d(entry(h(l), j)),
            "slope alone": Elementwise("g", entry(z(l), j), 1),
            "another unit": Elementwise("g", entry(z(l), ONE), 1) @ d(entry(h(l), j)),
            "the bias unit": Elementwise("g", entry(z(l), j), 1) @ d(entry(h(l), width(l))),
            "slope twice": Elementwise("g", entry(z(l), j), 1) @ ENTRY,
        },
        {**HIDDEN, "j": (dim(2), units(l))},
    ),
    _case(
        products.absorb_before,
        D(1) @ W(1).T @ layers(2, L) @ d(z_out),
        layers(1, L) @ d(z_out),
        {
            **_products(d(z_out), lambda made: made @ d(z_out), 1, L),
            "factor kept": D(1) @ W(1).T @ layers(1, L) @ d(z_out),
        },
        DEEP,
    ),
)

# --- weight decay ----------------------------------------------------------------------------------------------------

PENALIZED = decay.decayed(NET)
J, R, lam, S_l = Named("J"), Named("R"), Named("lambda"), Named("S", l)


def squares(layer: Dim | int) -> Expr:
    """`‖W̃_l‖_F²`."""
    return decay.squared(WithoutBias(W(layer)), "F")


def by_W(e: Expr) -> Partial:
    return Partial(e, W(l))


NOT_LAST: Bounds = {"l": (dim(0), L - 1), "L": (ONE, None)}
DECAYS = (
    _case(
        decay.sum_rule,
        by_W(J),
        d(W(l)) + lam @ by_W(R),
        {
            "no factor": d(W(l)) + by_W(R),
            "data alone": d(W(l)),
            "penalty alone": lam @ by_W(R),
            "difference": d(W(l)) - lam @ by_W(R),
            "factor at both": lam @ d(W(l)) + lam @ by_W(R),
            "factor at the other": lam @ d(W(l)) + by_W(R),
            "factor squared": d(W(l)) + lam @ lam @ by_W(R),
        },
        ANY,
        PENALIZED,
    ),
    _case(
        decay.only_one_layer,
        by_W(R),
        by_W(squares(l)),
        {
            "layer after": by_W(squares(l + 1)),
            "the first layer": Partial(squares(0), W(0)),
            "biases too": by_W(decay.squared(W(l), "F")),
            "not squared": by_W(Norm(WithoutBias(W(l)), "F")),
            "fourth power": by_W(Power(Norm(WithoutBias(W(l)), "F"), Fraction(4))),
            "with the factor": lam @ by_W(squares(l)),
        },
        NOT_LAST,
        PENALIZED,
    ),
    _case(
        decay.frobenius_gradient,
        by_W(squares(l)),
        TWO @ W(l) @ S_l,
        {
            "biases decay too": TWO @ W(l),
            "no 2": W(l) @ S_l,
            "without the bias column": TWO @ WithoutBias(W(l)),
            "transposed": TWO @ S_l @ W(l).T,
            "of the norm itself": Quotient(W(l) @ S_l, Norm(WithoutBias(W(l)), "F")),
            "biases alone": TWO @ W(l) - TWO @ W(l) @ S_l,
            "S alone": TWO @ S_l,
            "with the factor": TWO @ lam @ W(l) @ S_l,
        },
        ANY,
        PENALIZED,
    ),
    _case(
        decay.to_output,
        Partial(z_out, z(l)),
        D(l) @ Partial(z_out, h(l)),
        {
            "no g'": D(l, "identity") @ Partial(z_out, h(l)),
            "swapped factors": Partial(z_out, h(l)) @ D(l),
            "slope of the layer after": D(l + 1) @ Partial(z_out, h(l)),
            "of the loss": D(l) @ d(h(l)),
            "transposed": (D(l) @ Partial(z_out, h(l))).T,
            "missing factor": Partial(z_out, h(l)),
            "activation for slope": wide(g(l, 0), l) @ Partial(z_out, h(l)),
            "ones in the bias column": kept(l) @ Partial(z_out, h(l)),
        },
        HIDDEN,
    ),
    _case(
        decay.by_itself,
        Partial(z(l), z(l)),
        Identity(units(l)),
        {
            "one column": Ones(units(l)),
            "zero": number(0) @ Identity(units(l)),
            "all ones": Ones(units(l)) @ Ones(units(l)).T,
            "with the bias unit": Identity(width(l)),
            "of the slopes": Diagonal(g(l)),
            "of another layer": Identity(units(l + 1)),
            "itself": Diagonal(z(l)),
        },
        HIDDEN,
    ),
)

CASES: tuple[Case, ...] = (
    CHAIN,
    *JACOBIANS,
    ACTIVATION,
    WEIGHTS,
    *ROWS,
    MATRIX,
    *BIASES,
    LAYER,
    *LOSSES,
    DIAGONAL,
    *PRODUCTS,
    *BY_ENTRIES,
    *DECAYS,
)
