"""Exploding gradients: the lower bound as printed, and the one that holds."""

from symbackprop.derivation import Derivation
from symbackprop.dims import ONE, index, units
from symbackprop.expr import (
    LEAST_NONZERO,
    LOSS,
    SMALLEST,
    Named,
    Norm,
    Partial,
    Row,
    Weight,
)
from symbackprop.magnitudes import Extreme, OverUnit
from symbackprop.network import MLP
from symbackprop.quantities import Quantities
from symbackprop.rules.bounds import layer_by_layer, row_gradient, shorter
from symbackprop.rules.citation import as_derived, claimed
from symbackprop.rules.ladder import QR, ladder, telescopes
from symbackprop.rules.norms import as_smallest, bounded_below, empty_bound, longest_row, sizes
from symbackprop.rules.products import over
from symbackprop.statements import Chain
from symbackprop.topic import Numbers, Picture, Prose, Remark, Shows, Topic

ORDER = 22
TRUE = "With the fact above the bound is true. "
SLIDE = "slide “Exploding Gradients”"


def derive(network: MLP, style: str) -> Topic:
    """‖∂L/∂w_{0,j}‖ ≥ σ_{n,n}(0 … x … 0) ∏_{l=1}^L [σ_{n,n}(D_l) σ_{n,n}(W_lᵀ)] ‖∂L/∂ŷ‖."""
    gradient = row_gradient(network)
    printed = lower(gradient, network)
    says = Chain((printed.start, printed.result), ("≥",))
    return Topic(
        (
            Prose(("We derived an upper bound of the norm of the gradient:",)),
            Shows(Chain((printed.start, right_side(gradient, "largest")), ("≤",)), "explode.upper_again"),
            Prose(("A fact about the smallest singular value:",)),
            fact(),
            Prose(("By the same logic as before there is a lower bound:",)),
            printed,
            Shows(says, "explode.lower"),
            empty_as_printed(printed, network),
            false_otherwise(gradient, network),
            Prose(("Large singular values of the weights lead to large gradients, all else being equal:",)),
            Shows(says, "explode.lower_again"),
            as_it_is(network),
            Picture("gradient_norms"),
            Picture("depth_gain"),
        ),
        network,
        main=-1,
    )


def fact() -> Derivation:
    """inf ‖A x‖ = σ_{n,n}(A)."""
    A, x = Named("A"), Named("x")
    space = Quantities({"A": ("m", "n"), "x": ("n",)})
    return Derivation(OverUnit("inf", x, Norm(A @ x)), space, known=space.bounds, label="explode.fact").by(as_smallest)


def lower(gradient: Derivation, network: MLP) -> Derivation:
    """The bound as printed, from the fact, for every depth."""
    start = Derivation(Norm(gradient.start), network)
    split = start.by(as_derived(gradient, "the gradient derived"), at=(0,)).by(bounded_below)
    return layer_by_layer(split, SMALLEST)


def right_side(gradient: Derivation, which: str) -> Norm:
    """The lecture's right side, with the singular values of one reading."""
    X, layers, upstream = gradient.result.factors
    return sizes(X, which) @ over("l", 1, layers.upper, sizes(layers.body, which)) @ Norm(upstream)


def empty_as_printed(printed: Derivation, network: MLP) -> Remark:
    """With the infimum, as the fact defines it: true, and it says that a norm is not negative."""
    first = network.normal(units(1))
    placed = ("It says nothing, though, where the first layer has two units or more: the column-placement matrix has a "
              "column of zeros then. ",)  # fmt: skip
    if network.augmented:
        words = ("It says nothing, though: the activation Jacobian has one column more than rows, for the bias unit.",)
    elif not first.is_constant or first == ONE:
        one = ("With one unit in the first layer and no bias units it may say something.",)
        return Remark("As the fact defines it: true", (Prose((TRUE, *(() if first == ONE else placed), *one)),))
    else:
        words = placed
    empty = Derivation(printed.result, network).by(empty_bound)
    return Remark("As the fact defines it: true, and empty", (Prose((TRUE, *words)), empty))


def false_otherwise(gradient: Derivation, network: MLP) -> Remark:
    """With the smallest nonzero singular value: false, by a counterexample."""
    if not network.augmented and set((network.widths or (0, 0))[1:]) == {1}:
        return Remark(
            "One unit in each layer", (Prose(("Every matrix has one singular value, and both sides are equal.",)),)
        )
    start = Derivation(Norm(gradient.start), network)
    claim = start.by(claimed("≥", right_side(gradient, LEAST_NONZERO), SLIDE), is_true=False)
    words = ("Read with the smallest singular value that is not zero, the bound is false: about one random network in "
             "six breaks it at widths 4, 3, 3, 2 with tanh.",)  # fmt: skip
    counter = Numbers(
        "A network of widths 3, 3, 2 with tanh that breaks it, in tenths", ("quantity", "value"), counterexample
    )
    return Remark("With the smallest nonzero singular value: false", (Prose(words), claim, counter))


def counterexample() -> tuple[tuple[str, ...], ...]:
    """A small network with tanh, and both sides."""
    from symbackprop.numeric.bounds import BoundLadder

    found = BoundLadder(MLP(widths=[3, 3, 2], activation="tanh")).counterexample()
    assert found is not None

    def tenths(rows: tuple) -> str:
        return ", ".join(f"{float(value):g}" for value in rows)

    weights = [(f"W_{l}", "; ".join(tenths(row) for row in W)) for l, W in enumerate(found.W)]
    return (
        *weights,
        ("x", tenths(found.x)),
        ("∂L/∂ŷ", tenths(found.upstream)),
        ("the bound claimed", f"{found.claimed:.6g}"),
        *((f"‖∂L/∂w_0,{j}‖", f"{norm:.6g}") for j, norm in enumerate(found.rows, 1)),
    )


def as_it_is(network: MLP) -> Remark:
    """The lower bound that holds, of all first weights together, and its ladder."""
    W = Weight(0)
    rows = Partial(LOSS, Row(W, index("j")).T)
    largest = Extreme("max", "j", ONE, network.normal(units(1)), Norm(rows))
    best = Derivation(largest, network)
    return Remark(
        "The lower bound that holds",
        (
            Prose(("No positive bound for one row follows from these norms where the first layer has two units or "
                   "more: one row may be 0. For all rows together there is one, and it says something where the widths "
                   "do not grow from the first hidden layer on.",)),
            *shorter(network),
            Prose(("From the norm itself to the widest bound.", *(QR if telescopes(network) else ()))),
            ladder(network, SMALLEST),
            Prose(("The longest row is at least as long as the root of the mean square of all:",)),
            best.by(longest_row),
            Numbers("How tight they are in 200 random networks of widths 6, 6, 4, 2 with tanh: the bound over the "
                    "norm, and how often it is broken, for all rows together and for one",
                    ("bound", "median", "10 %", "90 %", "broken", "for one row"), tightness),
            Prose(("One dead unit of a ReLU layer makes the least slope 0, and then the bound says nothing; and "
                   "softplus has slopes below 1.",)),
        ),
    )  # fmt: skip


def tightness() -> tuple[tuple[str, ...], ...]:
    """A row for each rung, with how often it is broken."""
    from symbackprop.numeric.tightness import of_random_networks

    table = of_random_networks((6, 6, 4, 2), "tanh", 200)
    return tuple(
        (r.name, *(f"{q:.3g}" for q in (r.median, r.low, r.high)), percent(r.failed), percent(r.failed_for_a_row))
        for r in table
        if r.kind == "lower"
    )


def percent(part: float) -> str:
    """A part of all as whole per cents."""
    return f"{100 * part:.0f} %"
