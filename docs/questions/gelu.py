"""The slopes of GELU and SiLU."""

import symbackprop as sb
from symbackprop.derivation import Derivation
from symbackprop.expr import Elementwise, Expr, Named, number
from symbackprop.network import MLP
from symbackprop.quantities import Quantities
from symbackprop.rules.norms import multiplied_out
from symbackprop.topic import Prose, Topic

SPACE = Quantities({"z": ()})
z = Named("z")
# the standard normal distribution, and its density
CDF = sb.function("normal_cdf", lambda sp, z: (1 + sp.erf(z / sp.sqrt(2))) / 2, "Φ")
PDF = sb.function("normal_pdf", lambda sp, z: sp.exp(-(z**2) / 2) / sp.sqrt(2 * sp.pi), "φ")


def derive(network: MLP, style: str) -> Topic:
    """GELU'(z) = Φ(z) + z φ(z), SiLU'(z) = σ(z) + z σ(z) (1 - σ(z))."""
    cdf, pdf, sigmoid = (Elementwise(name, z) for name in ("normal_cdf", "normal_pdf", "sigmoid"))
    spread = sigmoid @ (number(1) - sigmoid)
    return Topic(
        (
            Prose(("GELU is ", z @ cdf, ", where ", cdf, " is the distribution function of the standard normal "
                   "distribution and ", pdf, " its density.")),
            slope("gelu", "GELU", cdf + z @ Elementwise("normal_cdf", z, 1), cdf + z @ pdf),
            Prose(("SiLU, which is Swish with a parameter of 1, is ", z @ sigmoid, ".")),
            slope("silu", "SiLU", sigmoid + z @ Elementwise("sigmoid", z, 1), sigmoid + z @ spread),
        ),
        SPACE,
    )  # fmt: skip


def slope(name: str, title: str, by_product_rule: Expr, written_out: Expr) -> Derivation:
    start = Derivation(Elementwise(name, z, 1), SPACE, title=title)
    made = start.by(multiplied_out(by_product_rule, "product rule"), at=())
    return made.by(multiplied_out(written_out, "slope put in"), at=())
