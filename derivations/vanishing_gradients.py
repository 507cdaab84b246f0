"""Vanishing gradients: the norm of a gradient is at most a product over the layers."""

from symbackprop.derivation import Derivation
from symbackprop.dims import DEPTH, dim, index
from symbackprop.expr import (
    LARGEST,
    ActivationJacobian,
    Elementwise,
    Named,
    Norm,
    PreActivation,
    SingularValue,
    Weight,
    WithoutBias,
    number,
)
from symbackprop.network import MLP
from symbackprop.quantities import Quantities
from symbackprop.rules.bounds import layer_by_layer, layers_of, row_gradient, shorter
from symbackprop.rules.citation import as_derived
from symbackprop.rules.induction import induction
from symbackprop.rules.ladder import QR, ladder, telescopes
from symbackprop.rules.norms import bounded, extreme_slope, sizes
from symbackprop.rules.products import absorb, empty, fold, over, peel
from symbackprop.rules.slopes import completed_square, sigmoid_slope, square_dropped, steepest
from symbackprop.statements import Chain, equal
from symbackprop.topic import Numbers, Picture, Prose, Remark, Shows, Topic

ORDER = 21


def derive(network: MLP, style: str) -> Topic:
    """‖∂L/∂w_{0,j}‖ ≤ σ_{1,1}(0 … x … 0) ∏_{l=1}^L [σ_{1,1}(D_l) σ_{1,1}(W_lᵀ)] ‖∂L/∂ŷ‖."""
    gradient = row_gradient(network)
    every_depth = bound(gradient, network)
    says = Chain((every_depth.start, every_depth.result), ("≤",))
    slope = SingularValue(layers_of(gradient.result).body.factors[0])
    return Topic(
        (
            Shows(equal(gradient.start, gradient.result), "vanish.gradient"),
            Prose(("We just showed that no matrix makes a vector longer than its largest singular value times.",)),
            *(() if network.depth.is_constant else (two_layers(gradient, network),)),
            every_depth,
            Shows(says, "vanish.bound"),
            Prose(("Recall the activation functions:",)),
            Picture("activations"),
            Prose(("Sigmoid and tanh saturate on both ends: where all units of a layer have large pre-activations,",)),
            Shows(slope, "vanish.saturation_term"),
            Prose(("is small, and so is the gradient.",)),
            Numbers("Slopes at and away from saturation", ("z", "σ'(z)", "tanh'(z)"), slopes),
            Shows(says, "vanish.bound_again"),
            saturation(),
            Picture("saturation"),
            growth(),
            Picture("activation_comparison"),
            sharper(network),
        ),
        network,
    )


def two_layers(gradient: Derivation, network: MLP) -> Derivation:
    """As on the slide: two layers written out, the others by induction."""
    L, m = network.depth, index("m")
    layers = layers_of(gradient.result)
    body = sizes(layers.body, LARGEST)
    start = Derivation(Norm(gradient.start), network, title="Two layers written out")
    given = start.by(as_derived(gradient, "the gradient derived"), at=(0,), label="vanish.1")
    split = given.by(bounded, label="vanish.2").by(peel, label="vanish.3", restated="vanish.restated")
    one = split.by(bounded, label="vanish.4").by(bounded, label="vanish.5")
    two = one.by(peel).by(bounded).by(bounded).by(fold("l", body, 1, 2), label="vanish.6")
    X, _, norm = two.result.factors
    claim = X @ over("l", 1, m, body) @ Norm(over("l", m + 1, L, layers.body) @ norm.operand.factors[-1])

    def layer(begin: Derivation) -> Derivation:
        return begin.by(peel).by(bounded).by(bounded).by(absorb)

    rule = induction("m", claim, 2, L, lambda begin: begin, layer, "≤")
    return two.by(rule, at=(), dots="⋮").by(empty, label="vanish.7")


def bound(gradient: Derivation, network: MLP) -> Derivation:
    """The same for every depth from 1 on, by induction from the first layer."""
    start = Derivation(Norm(gradient.start), network, title="For every depth")
    split = start.by(as_derived(gradient, "the gradient derived"), at=(0,)).by(bounded)
    return layer_by_layer(split, LARGEST)


def slopes() -> tuple[tuple[str, ...], ...]:
    """σ' and tanh' at some pre-activations."""
    from symbackprop.numeric.slopes import pair

    (_, sigmoid), (_, tanh) = pair("sigmoid"), pair("tanh")
    return tuple((f"{z:g}", f"{float(sigmoid(z)):.5g}", f"{float(tanh(z)):.5g}") for z in (0, 0.1, 1, 3, 5, 10))


def saturation() -> Remark:
    """What the slide says the other way round, and what holds for the sigmoid everywhere."""
    z, l = Named("z"), index("l")
    slope = Derivation(Elementwise("sigmoid", z, 1), Quantities({"z": ()}), title="The slope of the sigmoid")
    layer = SingularValue(ActivationJacobian("sigmoid", PreActivation(l)))
    known = {"l": (dim(1), DEPTH)}
    sigmoid = Derivation(layer, MLP(activation="sigmoid"), known=known, title="A layer of sigmoids")
    return Remark(
        "Large, not small",
        (
            Prose(("The next slide says that the gradient decays where many layers have small pre-activations. It must "
                   "say large: near 0 the slope of tanh is nearly 1. And all units of a layer must saturate, as one "
                   "steep unit keeps the largest singular value up.",)),
            slope.by(sigmoid_slope).by(completed_square).by(square_dropped),
            sigmoid.by(extreme_slope).by(steepest),
            Prose(("So with sigmoids the bound decays in every layer where ",
                   Chain((SingularValue(WithoutBias(Weight(l))), number(4)), ("<",)), ", saturated or not.")),
        ),
    )  # fmt: skip


def growth() -> Remark:
    """Decay or growth per layer in wide random networks, by mean-field theory and measured."""
    columns = ("activation", "variance × fan-in", "q*", "χ", "√χ", "predicted", "measured")
    return Remark(
        "Decay and growth with depth",
        (
            Prose(("In a wide network with random weights it is their variance times the fan-in that counts. The mean "
                   "square of the pre-activations settles at q*, and the norm of the gradient changes by √χ in each "
                   "layer (Poole et al. 2016; Schoenholz et al. 2017). The first layer, of mean square 1 where q* is 0 "
                   "or endless, is predicted and measured in random networks of width 128.",)),
            Numbers("Mean-field theory, by Gaussian quadrature, beside random networks", columns, decays),
            Prose(("Between decay and growth, χ = 1, there is a critical line. Tanh with weights of variance 1 over "
                   "the fan-in and no bias is on it, at q* = 0: there the mean square decays only as 1/(2l).",)),
            Numbers("The critical line of tanh: variances of biases and weights at which χ is 1",
                    ("of biases", "of weights × fan-in", "q*"), critical_line),
        ),
    )  # fmt: skip


ACTIVATIONS = ("sigmoid", "tanh", "relu", "softplus", "elu", "selu", "gelu", "silu")


def decays() -> tuple[tuple[str, ...], ...]:
    """χ and √χ by quadrature, beside what random networks do."""
    from symbackprop.numeric.mean_field import mean_field, side_by_side

    cases = [(activation, sigma_w2) for activation in ACTIVATIONS for sigma_w2 in (1.0, 2.0)]
    rows = []
    for (activation, sigma_w2), seen in zip(cases, side_by_side(cases, width=128, depth=3, samples=10), strict=True):
        row = mean_field(activation, sigma_w2)
        numbers = (sigma_w2, row.q, row.chi, row.decay, seen.predicted[0], seen.ratios[0])
        rows.append((activation, *("endless" if value == float("inf") else f"{value:.4g}" for value in numbers)))
    return tuple(rows)


def critical_line() -> tuple[tuple[str, ...], ...]:
    """Points of it, from no bias on."""
    from symbackprop.numeric.mean_field import critical

    points = (critical("tanh", sigma_b2) for sigma_b2 in (0.0, 0.05, 0.1, 0.5))
    return tuple((f"{p.sigma_b2:g}", f"{p.sigma_w2:.5g}", f"{p.q:.4g}") for p in points)


def sharper(network: MLP) -> Remark:
    """The ladder of upper bounds."""
    return Remark(
        "A ladder of upper bounds",
        (
            Prose(("The bias column of the weights has no part in the gradients of the layers below:",)),
            *shorter(network),
            Prose(("From the norm itself to the bound of the lecture. The first bound is the best that is linear in "
                   "the upstream gradient, and each line is wider than the one before.",
                   *(QR if telescopes(network) else ()))),
            ladder(network, LARGEST),
            Numbers("How tight they are in 200 random networks of widths 6, 6, 4, 2 with tanh, the bound over the norm",
                    ("bound", "median", "10 %", "90 %"), tightness),
        ),
    )  # fmt: skip


def tightness() -> tuple[tuple[str, ...], ...]:
    """A row for each rung of the ladder."""
    from symbackprop.numeric.tightness import of_random_networks

    table = of_random_networks((6, 6, 4, 2), "tanh", 200)
    return tuple((r.name, f"{r.median:.3g}", f"{r.low:.3g}", f"{r.high:.3g}") for r in table if r.kind == "upper")
