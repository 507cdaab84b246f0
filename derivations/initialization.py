"""Initialisation: how large random weights may be so that signals and gradients neither vanish nor explode."""

from fractions import Fraction

from symbackprop.chance import Expectation, Gaussian, Variance
from symbackprop.derivation import Derivation
from symbackprop.dims import DEPTH, ONE, Bounds, Dim, dim, index, units, width
from symbackprop.draws import Draws, RandomMLP, random
from symbackprop.expr import (
    LOSS,
    Entry,
    Expr,
    Hidden,
    Identity,
    Partial,
    PreActivation,
    Quotient,
    Size,
    Weight,
    Zeros,
    number,
)
from symbackprop.network import MLP
from symbackprop.rules.citation import as_derived
from symbackprop.rules.induction import induction
from symbackprop.rules.moments import (
    absorb_before,
    activated,
    as_variance,
    bias_apart,
    by_scheme,
    counted,
    half_of_slopes,
    half_of_square,
    of_bias,
    of_constant,
    of_independent,
    of_mean_zero,
    of_sum,
    squared,
    through_activation_by_entries,
    through_weights_by_entries,
    units_alike,
    variance,
    weights_alike,
    without_identity,
    written_out,
)
from symbackprop.rules.norms import multiplied_out
from symbackprop.rules.products import absorb, at_index, fold, over, product_of
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
            Prose(("However, the weight matrices are initialized randomly: it is tricky to design them such that the "
                   "singular values lie within a range. In practice, the following heuristics are popular. Xavier "
                   "initialization draws each row of ", Weight(l), " from",)),  # fmt: skip
            Shows(normal(2), "init.xavier"),
            Prose(("and He initialization from",)),
            Shows(normal(4), "init.he"),
            forward_part(plain),
            *((backward_part(plain),) if deep else ()),
            schemes(plain, deep),
            Picture("initializations", ("Sizes of pre-activations and gradients, layer by layer, by initialization.",)),
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


def about(network: MLP, last: Dim | int = 0, row: str = "", size: Dim | int = 1) -> Bounds:
    """The layers 1 to L (or fewer), and a row that runs over the units of one of them."""
    L = network.depth
    known: dict[str, tuple[Dim | None, Dim | None]] = {"l": (ONE, L + last)}
    if not L.is_constant:
        known[DEPTH.terms[0][0].name] = (dim(1) - last, None)
    if row:
        known[row] = (ONE, network.normal(units(dim(size))))
    return known


def z(layer: Dim, unit: Dim = ONE) -> Entry:
    return Entry(PreActivation(layer), unit)


def by_z(layer: Dim, unit: Dim = ONE) -> Partial:
    return Partial(LOSS, z(layer, unit))


def fan_in(network: MLP, layer: Dim = l) -> Size:
    """How many units a unit of layer l+1 reads, the bias unit not counted."""
    return Size(network.normal(units(layer)))


def fan_out(network: MLP, layer: Dim = l) -> Size:
    """By how many units a unit of layer l is read."""
    return Size(network.normal(units(layer + 1)))


def begin(start: Expr, network: RandomMLP, title: str, **options) -> Derivation:
    return Derivation(start, network, title=title, **options)


# --- forward ---------------------------------------------------------------------------------------------------------


def forward_part(network: MLP) -> Topic:
    """From one layer to the next, then through all of them."""
    any_g = random(network, Draws())
    relu, linear = random(network, Draws(), "relu"), random(network, Draws(), "identity")
    drawn = () if network.bias == "none" else (with_drawn_biases(network),)
    return Topic(
        (
            Prose(("All weights are independent of each other and of the input, have mean 0, and those of one matrix "
                   "have one distribution. Biases start at 0. So the units of a layer are alike: unit 1 stands for "
                   "all of them.",)),
            one_layer(any_g),
            *drawn,
            Prose(("With ReLU, and weights that are as likely as their negatives, half of the squares are left:",)),
            forward_gain(relu),
            Prose(("Near 0, tanh is nearly the identity, and all squares are left:",)),
            forward_gain(linear),
            Prose(("Layer after layer:",)),
            every_layer(relu),
            Prose(("So signals keep their size where the factor is 1. For ReLU this is He's initialization:",)),
            solved(relu, HALF @ fan_in(network), Quotient(number(2), fan_in(network)), "He, fan-in"),
            Prose(("and for the identity, or tanh near 0, LeCun's:",)),
            solved(linear, fan_in(network), Quotient(number(1), fan_in(network)), "LeCun, fan-in"),
        ),
        any_g,
        title="Forward: pre-activations",
    )  # fmt: skip


def one_layer(network: RandomMLP) -> Derivation:
    """Var[z_{l+1,i}] = (n_l-1) Var[w_{l,1,1}] E[h_{l,1}²], and what the biases add."""
    known = about(network, row="i", size=l + 1)
    start = begin(Variance(z(l + 1, i)), network, "One layer forward", known=known).by(written_out)
    sums = (start.by(bias_apart) if network.augmented else start).by(of_sum)
    factors = sums.by(of_mean_zero).by(of_independent).by(as_variance)
    apart = factors if network.bias == "none" else factors.by(of_bias)
    made = apart.by(weights_alike).by(units_alike).by(counted)
    if network.bias == "none" or network.draws.biases == "drawn":
        return made
    return made.by(multiplied_out(made.result.terms[0], "nothing added", ("Nothing is added.",)))


def with_drawn_biases(network: MLP) -> Derivation:
    """The other reading: biases drawn like the weights."""
    return one_layer(random(network, Draws(biases="drawn")))


def forward_gain(network: RandomMLP) -> Derivation:
    """Var[z_{l+1,i}] = ½ (n_l-1) Var[w_{l,1,1}] Var[z_{l,1}] with ReLU, without the ½ for the identity."""
    relu = network.activation.name == "relu"
    known = about(network, row="i", size=l + 1)
    title = f"One layer forward, {'ReLU' if relu else 'identity'}"
    start = begin(Variance(z(l + 1, i)), network, title, known=known)
    given = start.by(as_derived(one_layer(network))).by(activated)
    if not relu:
        return given.by(without_identity).by(as_variance)
    made = given.by(half_of_square).by(as_variance)
    size, v, half, before = made.result.factors
    return made.by(multiplied_out(half @ size @ v @ before, "scalars commute", ("The order of scalars does not matter.",)))


def every_layer(network: RandomMLP) -> Derivation:
    """Var[z_{L+1,i}] = Var[z_{1,1}] ∏_{l=1}^L [½ (n_l-1) Var[w_{l,1,1}]]."""
    L = network.depth
    gain = forward_gain(network)
    factor = product_of(gain.result.factors[:-1])
    known = {name: bounds for name, bounds in about(network, row="i", size=L + 1).items() if name != "l"}
    start = begin(Variance(z(L + 1, i)), network, "All layers forward, ReLU", known=known)

    def layer(here: Derivation, at: Dim, before: bool) -> Derivation:
        """One layer on, its factor behind the variance."""
        rows = {**here.known, "i": (ONE, network.normal(units(at + 1)))}
        cited = gain_at(gain, at, rows, here, last=not before)
        made = here.by(cited, at=(0,) if before else ())
        parts = made.result.factors
        n = len(gain.result.factors)
        turned = product_of((parts[n - 1], *parts[: n - 1], *parts[n:]))
        return made.by(multiplied_out(turned, "scalars commute", ("The order of scalars does not matter.",)))

    def base(here: Derivation) -> Derivation:
        return layer(here, L, False).by(fold("l", factor, L, L))

    def step(here: Derivation) -> Derivation:
        return layer(here, L - m, True).by(absorb_before)

    claim = Variance(z(L + 1 - m)) @ over("l", L + 1 - m, L, factor)
    return start.by(induction("m", claim, 1, L, base, step))


def gain_at(gain: Derivation, at: Dim, known: Bounds, here: Derivation, last: bool):
    """The citation of a layer's gain at one layer, of one unit."""
    raise NotImplementedError
