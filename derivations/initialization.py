"""Initialization: how large random weights may be so that signals and gradients neither vanish nor explode."""

from dataclasses import replace
from fractions import Fraction

from symbackprop.chance import Gaussian, Variance
from symbackprop.derivation import Derivation
from symbackprop.dims import ONE, Bounds, Dim, dim, index, units, width
from symbackprop.draws import Draws, RandomMLP, random
from symbackprop.expr import (
    LOSS,
    Entry,
    Expr,
    Identity,
    Partial,
    PreActivation,
    Quotient,
    Size,
    Weight,
    Zeros,
    number,
    product_of,
)
from symbackprop.network import MLP
from symbackprop.rules.by_entries import (
    activated,
    bias_apart,
    through_activation_by_entries,
    through_weights_by_entries,
    without_identity,
    written_out,
)
from symbackprop.rules.citation import as_derived
from symbackprop.rules.induction import induction
from symbackprop.rules.moments import (
    as_variance,
    by_scheme,
    counted,
    half_of_slopes,
    half_of_square,
    of_bias,
    of_independent,
    of_mean_zero,
    of_sum,
    units_alike,
    variance,
    weights_alike,
)
from symbackprop.rules.norms import multiplied_out
from symbackprop.rules.products import absorb, absorb_before, fold, over
from symbackprop.statements import equal
from symbackprop.topic import Numbers, Picture, Prose, Remark, Shows, Topic

ORDER = 40
l, m, i, k = index("l"), index("m"), index("i"), index("k")
HALF = number(Fraction(1, 2))
# the units of each layer, bias units not counted: an example of the remarks
EXAMPLE = (784, 256, 64, 10)


def derive(network: MLP, style: str) -> Topic:
    """Var[z_{l+1,i}] = ½ (n_l-1) Var[w_{l,1,1}] Var[z_{l,1}], and the same backward: Xavier, He, LeCun."""
    plain = MLP(None if network.widths else network.depth, network.widths, loss=network.loss.name, bias=network.bias)
    deep = not plain.depth.is_constant or plain.depth.constant > 1
    return Topic(
        (
            Prose(
                (
                    "However, the weight matrices are initialized randomly: it is tricky to design them such that the "
                    "singular values lie within a range. In practice, the following heuristics are popular. Xavier "
                    "initialization draws each row of ",
                    Weight(l),
                    " from",
                )
            ),
            Shows(normal(2), "init.xavier"),
            Prose(("and He initialization from",)),
            Shows(normal(4), "init.he"),
            forward_part(plain),
            *((backward_part(plain),) if deep else ()),
            schemes(plain, deep),
            Picture("initializations"),
            erratum_he(plain, deep),
            erratum_spectrum(),
        ),
        plain,
    )


def normal(scale: int) -> Gaussian:
    """The distribution on the slide: N(0, scale/(n_l + n_{l+1}) I)."""
    return Gaussian(Zeros(width(l)), Quotient(number(scale), both_widths()) @ Identity(width(l)))


def both_widths() -> Size:
    return Size(width(l) + width(l + 1))


# --- what is claimed, and of what ------------------------------------------------------------------------------------


def layers(network: MLP, last: int = 0) -> Bounds:
    """`l` runs over the layers 1 to `L + last`, of which there is one."""
    L = network.depth
    return {"l": (ONE, L + last), **dict.fromkeys(L.symbols, (dim(1 - last), None))}


def unit(network: MLP, name: str, layer: Dim) -> Bounds:
    """An index runs over the units of a layer, its bias unit left out."""
    return {name: (ONE, units(layer))}


def z(layer: Dim, at: Dim = ONE) -> Entry:
    return Entry(PreActivation(layer), at)


def by_z(layer: Dim, at: Dim = ONE) -> Partial:
    return Partial(LOSS, z(layer, at))


def fan_in(network: MLP, layer: Dim = l) -> Size:
    """How many units a unit of layer l+1 reads, the bias unit not counted."""
    return Size(units(layer))


def fan_out(network: MLP, layer: Dim = l) -> Size:
    """By how many units a unit of layer l is read."""
    return Size(units(layer + 1))


def reordered(made: Derivation, *places: int) -> Derivation:
    """The factors of the last line in another order."""
    factors = made.result.factors
    why = ("The order of scalars does not matter.",)
    return made.by(multiplied_out(product_of(tuple(factors[at] for at in places)), "scalars commute", why), at=())


def half_first(network: RandomMLP) -> tuple[Expr, ...]:
    """The ½ of ReLU; nothing for the identity."""
    return (HALF,) if network.activation.name == "relu" else ()


# --- forward ---------------------------------------------------------------------------------------------------------


def forward_part(network: MLP) -> Topic:
    """From one layer to the next, then through all of them."""
    any_g, relu, linear = (random(network, Draws(), name) for name in ("g", "relu", "identity"))
    return Topic(
        (
            Prose(("All weights are independent of each other and of the input and have mean 0, and those of one "
                   "matrix have one distribution. So the units of a layer are alike, and unit 1 stands for all of "
                   "them. Biases start at 0:",)),
            one_layer(any_g),
            *with_drawn_biases(network),
            Prose(("With ReLU, and weights that are as likely as their negatives, half of the squares are left:",)),
            forward_gain(relu),
            Prose(("Near 0, tanh is nearly the identity, and all of them are left:",)),
            forward_gain(linear),
            Prose(("One layer after the other:",)),
            forward_layers(relu),
            Prose(("Pre-activations keep their size where the factor is 1. For ReLU this is He's initialization,",)),
            solved(relu, fan_in(network), "He, by the fan-in"),
            Prose(("and for the identity, or tanh near 0, it is LeCun's:",)),
            solved(linear, fan_in(network), "LeCun"),
        ),
        network,
        title="Forward: the size of pre-activations",
    )  # fmt: skip


def one_layer(network: RandomMLP, layer: Dim = l, at: Dim = i, known: Bounds | None = None) -> Derivation:
    """Var[z_{l+1,i}] = (n_l-1) Var[w_{l,1,1}] E[h_{l,1}²], and what the biases add."""
    known = {**layers(network), **unit(network, "i", l + 1)} if known is None else known
    start = Derivation(Variance(z(layer + 1, at)), network, title="One layer forward", known=known).by(written_out)
    sums = (start.by(bias_apart) if network.augmented else start).by(of_sum)
    made = sums.by(of_mean_zero).by(of_independent).by(as_variance)
    made = made if network.bias == "none" else made.by(of_bias)
    made = made.by(weights_alike).by(units_alike).by(counted)
    if network.bias == "none" or network.draws.biases == "drawn":
        return made
    return made.by(multiplied_out(made.result.terms[0], "nothing added", ("Nothing is added.",)), at=())


def with_drawn_biases(network: MLP) -> tuple[Prose | Derivation, ...]:
    """The other reading: biases drawn like the weights; nothing for a network without biases."""
    if network.bias == "none":
        return ()
    made = replace(one_layer(random(network, Draws(biases="drawn"))), title="One layer forward, biases drawn too")
    return Prose(("Where biases are drawn like the weights, they add their variance once:",)), made


def forward_gain(network: RandomMLP, layer: Dim = l, at: Dim = i, known: Bounds | None = None) -> Derivation:
    """Var[z_{l+1,i}] = ½ (n_l-1) Var[w_{l,1,1}] Var[z_{l,1}] with ReLU, without the ½ for the identity."""
    before = one_layer(network, layer, at, known)
    title = f"One layer forward, {TITLES[network.activation.name]}"
    start = Derivation(before.start, network, title=title, known=before.known)
    given = start.by(as_derived(before)).by(activated)
    if not half_first(network):
        return given.by(without_identity).by(as_variance)
    return reordered(given.by(half_of_square).by(as_variance), 2, 0, 1, 3)


def forward_layers(network: RandomMLP) -> Derivation:
    """Var[z_{L+1,1}] = Var[z_{1,1}] ∏_{l=1}^L [½ (n_l-1) Var[w_{l,1,1}]]."""
    L = network.depth
    factor = product_of(forward_gain(network).result.factors[:-1])
    start = Derivation(Variance(z(L + 1)), network, title=f"All layers forward, {TITLES[network.activation.name]}")

    def layer(here: Derivation, at: Dim) -> Derivation:
        return reordered(forward_gain(network, at, ONE, here.known), 3, 0, 1, 2)

    def base(here: Derivation) -> Derivation:
        return here.by(as_derived(layer(here, L))).by(fold("l", factor, L, L))

    def step(here: Derivation) -> Derivation:
        return here.by(as_derived(layer(here, L - m)), at=(0,)).by(absorb_before)

    claim = Variance(z(L + 1 - m)) @ over("l", L + 1 - m, L, factor)
    return start.by(induction("m", claim, 1, L, base, step))


def solved(network: RandomMLP, fan: Size, title: str, last: int = 0) -> Derivation:
    """The variance at which the factor of a layer is 1."""
    v, half = variance(l), half_first(network)
    given = equal(product_of((*half, fan, v)), number(1))
    start = Derivation(v, network, title=title, known=layers(network, last), given=(given,))
    wanted = Quotient(number(2 if half else 1), fan)
    return start.by(multiplied_out(wanted, "the factor is 1", (given, ", solved for ", v, ".")))


# --- backward --------------------------------------------------------------------------------------------------------

ASSUMED = Draws(independent_gradients=True)


def backward_part(network: MLP) -> Topic:
    """From one hidden layer to that before it, then through all of them."""
    relu, linear = (random(network, ASSUMED, name) for name in ("relu", "identity"))
    v, both = variance(l), Size(units(l) + units(l + 1))
    return Topic(
        (
            Prose(("For gradients an assumption is made that does not follow from the network: ", by_z(l + 1, i),
                   " is independent of ", Weight(l), " and of ", PreActivation(l), ", and no ", z(l, k), " is exactly "
                   "0. Bias units send nothing back, so biases do not matter.",)),
            backward_gain(relu),
            backward_gain(linear),
            Prose(("From the last hidden layer to the first:",)),
            backward_layers(relu),
            Prose(("The last step back, from the output, whose entries are not alike:",)),
            from_output(relu),
            Prose(("Gradients keep their size where the factor is 1, with He's other variance:",)),
            solved(relu, fan_out(network), "He, by the fan-out", -1),
            Prose(("Both factors can be 1 only where the widths are equal. Xavier's variance makes their mean 1, for "
                   "the identity:",)),
            compromise(linear, v, both),
        ),
        network,
        title="Backward: the size of gradients",
    )  # fmt: skip


def backward_gain(network: RandomMLP, layer: Dim = l, at: Dim = k, known: Bounds | None = None) -> Derivation:
    """Var[∂L/∂z_{l,k}] = ½ (n_{l+1}-1) Var[w_{l,1,1}] Var[∂L/∂z_{l+1,1}] with ReLU, for l < L."""
    known = {**layers(network, -1), **unit(network, "k", l)} if known is None else known
    made = to_squares(network, layer, at, known, f"One layer back, {TITLES[network.activation.name]}")
    return made.by(units_alike).by(counted).by(as_variance)


def to_squares(network: RandomMLP, layer: Dim, at: Dim, known: Bounds, title: str) -> Derivation:
    """Var[∂L/∂z_{l,k}] = ½ Σ_i Var[w_{l,1,1}] E[(∂L/∂z_{l+1,i})²]."""
    start = Derivation(Variance(by_z(layer, at)), network, title=title, known=known).by(through_activation_by_entries)
    if half_first(network):
        slopes = start.by(of_mean_zero).by(of_independent).by(half_of_slopes, at=(0,)).by(as_variance)
    else:
        plain = start.by(without_identity)
        gradient = Variance(plain.result.operand.factors[1])
        slopes = plain.by(multiplied_out(gradient, "a factor 1", ("A factor 1 may be left out.",)), at=())
    parts = slopes.by(through_weights_by_entries).by(of_sum).by(of_mean_zero).by(of_independent)
    # of the two mean squares under the sum, that of the weight
    place = (1, 0, 0) if half_first(network) else (0, 0)
    return parts.by(as_variance, at=place).by(weights_alike)


def backward_layers(network: RandomMLP) -> Derivation:
    """Var[∂L/∂z_{1,1}] = ∏_{l=1}^{L-1} [½ (n_{l+1}-1) Var[w_{l,1,1}]] Var[∂L/∂z_{L,1}]."""
    L = network.depth
    factor = product_of(backward_gain(network).result.factors[:-1])
    known = dict.fromkeys(L.symbols, (dim(2), None))
    start = Derivation(Variance(by_z(ONE)), network, title="All hidden layers back, ReLU", known=known)

    def base(here: Derivation) -> Derivation:
        return here.by(as_derived(backward_gain(network, ONE, ONE, here.known))).by(fold("l", factor, 1, 1))

    def step(here: Derivation) -> Derivation:
        return here.by(as_derived(backward_gain(network, m + 1, ONE, here.known)), at=(1,)).by(absorb)

    claim = over("l", 1, m, factor) @ Variance(by_z(m + 1))
    return start.by(induction("m", claim, 1, L - 1, base, step))


def from_output(network: RandomMLP) -> Derivation:
    """Var[∂L/∂z_{L,k}] = ½ Σ_i Var[w_{L,1,1}] E[(∂L/∂ŷ_i)²]."""
    L = network.depth
    return to_squares(network, L, k, unit(network, "k", L), "From the output back, ReLU")


def compromise(network: RandomMLP, v: Expr, both: Size) -> Derivation:
    """Var[w_{l,1,1}] = 2/(fan-in + fan-out), where the mean of both factors is 1."""
    given = equal(HALF @ both @ v, number(1))
    start = Derivation(v, network, title="Xavier", known=layers(network, -1), given=(given,))
    why = (given, ", solved for ", v, ".")
    return start.by(multiplied_out(Quotient(number(2), both), "the mean factor is 1", why))


# --- schemes ---------------------------------------------------------------------------------------------------------


def schemes(network: MLP, deep: bool) -> Topic:
    """What the lecture's two schemes do to a layer."""
    xavier, he = (Quotient(number(scale), both_widths()) for scale in (2, 4))
    return Topic(
        (
            Prose(("On the slide ", Size(width(l)), " counts the bias unit. Xavier as printed, "
                   "for the identity:",)),
            *with_scheme(network, xavier, "identity", deep),
            Prose(("He as printed, for ReLU, has the same factors:",)),
            *with_scheme(network, he, "relu", deep),
        ),
        network,
        title="The lecture's schemes",
    )  # fmt: skip


def with_scheme(network: MLP, said: Expr, activation: str, deep: bool) -> tuple[Derivation, ...]:
    """The factor of a layer, forward and backward, at the variance that a scheme says."""
    there = random(network, Draws(variance=said), activation)
    back = random(network, Draws(variance=said, independent_gradients=True), activation)
    forward = factored(forward_gain(there), fan_in(network), "forward")
    return (forward, factored(backward_gain(back), fan_out(network), "back")) if deep else (forward,)


def factored(gain: Derivation, fan: Size, title: str) -> Derivation:
    """The gain with the variance put in, and its numbers multiplied."""
    network = gain.network
    assert isinstance(network, RandomMLP)
    name = TITLES[network.activation.name]
    start = Derivation(gain.start, network, title=f"One layer {title}, {name}, as printed", known=gain.known)
    put_in = start.by(as_derived(gain)).by(by_scheme)
    factor = Quotient(number(2) @ fan, both_widths())
    why = ("Numbers multiplied.",)
    return put_in.by(multiplied_out(factor @ put_in.result.factors[-1], "multiplied", why), at=())


TITLES = {"relu": "ReLU", "identity": "identity", "g": "any activation"}


def erratum_he(network: MLP, deep: bool) -> Remark:
    """Erratum 4: what the slide calls He is Xavier's with gain √2."""
    he = Quotient(number(4), both_widths())
    plain = MLP(None if network.widths else network.depth, network.widths, bias="separate")
    return Remark(
        "“He” on the slide is Xavier's initialization with gain √2",
        (
            Prose(("He et al. take 2 over the fan-in: the slide's variance is the same only where the widths are "
                   "equal. Also, ", Size(width(l)), " counts the bias unit, and the true fan-out is ",
                   fan_out(MLP()), ". Where biases stand apart, and widths count no bias units, the factors are:",)),
            *with_scheme(plain, he, "relu", deep),
            Numbers("The product of the factors over 784-256-64-10, with ReLU",
                    ("initialization", "forward", "backward"), products),
        ),
    )  # fmt: skip


def products() -> tuple[tuple[str, ...], ...]:
    """What all layers of the example do to mean squares, forward and backward."""
    from math import prod

    from symbackprop.numeric.initializations import ROWS, gains

    network = MLP(widths=EXAMPLE, bias="separate")
    found = []
    for row in ROWS:
        factors = gains(network, row)
        found.append((row.title, *(f"{float(prod(each)):.6g}" for each in (factors.forward, factors.backward))))
    return tuple(found)


def erratum_spectrum() -> Remark:
    """Erratum 5: singular values are not close to 1."""
    return Remark(
        "Singular values close to 1 are not what Xavier's initialization gives",
        (
            Prose(("The singular values of a large random matrix fill an interval. With Xavier's variance its ends "
                   "are the sum and the difference of the roots of both sizes, times the standard deviation of a "
                   "weight.",)),
            Numbers("Where the singular values of Xavier's initialization lie",
                    ("matrix", "least", "greatest"), edges),
            Prose(("Marchenko and Pastur's law is that of the squares of the singular values. For a square matrix it "
                   "is without bound at 0, where the singular values themselves still have their quarter of a "
                   "circle; for a rectangular one both keep away from 0.",)),
            Picture("spectra"),
            Prose(("A product of L square Gaussian matrices is not as large as its factors allow: its greatest "
                   "singular value nears √((L+1)^(L+1)/L^L), not 2^L.",)),
            Numbers("The greatest singular value of a product of L matrices",
                    ("L", "of the product", "factor by factor"), product_edges),
            Picture("products"),
            Prose(("Dynamical isometry, all singular values of the whole Jacobian being near 1, is what orthogonal "
                   "weights give while the slopes are 1 (Saxe et al. 2014; Pennington et al. 2017).",)),
            Numbers("Part of the singular values within 1 ± 0.1, width 64, depth 10",
                    ("activation", "orthogonal", "Gaussian"), isometries),
        ),
    )  # fmt: skip


def product_edges() -> tuple[tuple[str, ...], ...]:
    """What the product reaches, and what its factors allow."""
    from symbackprop.numeric.spectra import factorwise_edge, product_edge

    return tuple((str(L), f"{product_edge(L):.4g}", f"{factorwise_edge(L):.4g}") for L in (1, 2, 5, 10))


def isometries() -> tuple[tuple[str, ...], ...]:
    """How many singular values of the Jacobian of ten layers are near 1."""
    from symbackprop.numeric.spectra import isometry

    return tuple(
        (name, *(f"{isometry(name, weights, samples=3):.2f}" for weights in ("orthogonal", "gaussian")))
        for name in ("identity", "tanh", "relu")
    )


def edges() -> tuple[tuple[str, ...], ...]:
    """The ends of the interval for some matrices, in the limit of large ones."""
    from symbackprop.numeric.spectra import MarchenkoPastur

    found = []
    for a, b in ((784, 256), (256, 64), (64, 10), (256, 256)):
        low, high = MarchenkoPastur(b, a, 2 / (a + b)).edges
        found.append((f"{a} → {b}", f"{low:.4f}", f"{high:.4f}"))
    return tuple(found)
