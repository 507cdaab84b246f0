"""Batch, instance, group and RMS normalization: one family, which differs by the set that is averaged over."""

from symbackprop.derivation import Derivation
from symbackprop.dims import dim, index
from symbackprop.expr import LOSS, Named, Ones, Partial, number
from symbackprop.network import MLP
from symbackprop.normalization import SCHEMES, Grouped, one_set
from symbackprop.rules.normalization import bias_before, lemma, through_normalization, through_set
from symbackprop.statements import Together, equal
from symbackprop.topic import Numbers, Part, Prose, Remark, Shows, Topic

ORDER = 61
WRITTEN_OUT = ("rms", "batch")


def derive(network: MLP, style: str) -> Topic:
    """∂L/∂x = (1/σ) (I - 11ᵀ/n - x̂x̂ᵀ/n) ∂L/∂x̂ for every set that a scheme averages over."""
    first = through_set("batch")
    return Topic(
        (
            Prose(("All of these take a set of numbers, take off its mean (but for RMS) and divide by its standard "
                   "deviation ", Named("sigma"), ". They differ by the set, so one derivation is that of all.",)),
            Numbers("The schemes", ("scheme", "set", "mean taken off", "scale and shift"), table),
            *(section(name) for name in SCHEMES if name != "layer"),
            small(),
        ),
        first.network,
    )  # fmt: skip


def table() -> tuple[tuple[str, ...], ...]:
    """A row for each scheme."""
    return tuple(
        (
            row.name,
            row.over,
            "yes" if row.centred else "no",
            "one for each entry" if row.scale_each else "one for the set",
        )
        for row in SCHEMES.values()
    )


def section(name: str) -> Topic:
    """One scheme: the gradient of its set, written out for the first two and taken over for the others."""
    row = SCHEMES[name]
    through = through_set(name) if name in WRITTEN_OUT else taken_over(name)
    parts: list[Part] = [Prose((f"The set is {row.over}; its entries are the column ", Named("x"), ".")), through]
    if name == "batch":
        parts += [
            Prose(("A bias before the normalization is taken off with the mean, so its gradient is 0:",)),
            bias_before(name),
        ]
    if row.in_groups:
        parts += in_groups(name)
    title = name.upper() if name == "rms" else name.capitalize()
    return Topic(tuple(parts), through.network, title=f"{title} normalization")


def in_groups(name: str) -> tuple[Part, ...]:
    """All groups of a layer at once, in a network of symbolic depth and widths."""
    l = index("l")
    network = MLP(normalization=name, groups=2)
    at = network.normalized(l)
    assert isinstance(at, Grouped)
    known = {"l": (dim(1), network.depth)}
    gradient = Derivation(Partial(LOSS, at.column), network, known=known, title="All groups of a layer")
    return (
        Prose(("A layer of a network has several groups, here ", number(network.groups or 1), ". Where one set has the "
               "vector ", Ones(at.size), ", a layer has the matrix ", at.membership, ", with a column for each group "
               "that is 1 at its units and 0 elsewhere. Means and standard deviations are columns, with an entry for "
               "each group; the power of a column is taken entry by entry:")),
        Shows(Together(tuple(equal(left, right) for left, right, _ in at.lines()))),
        gradient.by(through_normalization),
    )  # fmt: skip


def taken_over(name: str, epsilon: str | None = None) -> Derivation:
    """The gradient of a set in one step, by the derivation of any set."""
    network, at = one_set(name, epsilon)
    known = {at.scheme.size: (dim(2), None)}
    return Derivation(Partial(LOSS, at.column), network, known=known).by(lemma(at))


def small() -> Remark:
    """Where there is nothing to normalize, and how ε helps."""
    sigma = Named("sigma")
    return Remark(
        "Small sets",
        (
            Prose(("All formulas are singular at ", equal(sigma, number(0)), ", where the entries of a set are equal: "
                   "always so where it has one. With two entries every centred scheme gives 1 and -1, whatever they "
                   "are, and the gradient is 0. With ε under the root of ", sigma, " nothing is singular:")),
            Shows(equal(sigma, one_set("batch", "epsilon")[1].measured())),
            taken_over("batch", "epsilon"),
        ),
    )  # fmt: skip
