"""A residual connection keeps the smallest singular value away from 0."""

from symbackprop.derivation import Derivation, Rewritten, Rule
from symbackprop.dims import index
from symbackprop.expr import LARGEST, SMALLEST, Expr, Identity, Named, Norm, SingularValue, number
from symbackprop.network import MLP
from symbackprop.quantities import Quantities
from symbackprop.rules.norms import bounded
from symbackprop.topic import Prose, Topic

SPACE = Quantities({"A": ("n", "n"), "u": ("n",)})
A, u = Named("A"), Named("u")
LARGE = SingularValue(A, LARGEST)


def derive(network: MLP, style: str) -> Topic:
    """σ_min(I + A) ≥ 1 - σ_max(A)."""
    block = Identity(index("n")) + A
    every = Derivation(Norm(u), SPACE, known=SPACE.bounds, title="Any upstream gradient")
    every = every.by(bound(Norm(u + A @ u) + Norm(A @ u), "triangle inequality", "≤"), at=()).by(bounded)
    least = Derivation(SingularValue(block, SMALLEST), SPACE, known=SPACE.bounds, title="Of unit vectors the shortest")
    return Topic(
        (
            every,
            Prose(("So ", block @ u, ", which is ", u + A @ u, ", is at least ", (number(1) - LARGE) @ Norm(u),
                   " long. Its least length for ", u, " of length 1 is the smallest singular value:")),
            least.by(bound(number(1) - LARGE, "the smallest singular value", "≥"), at=()),
            Prose(("Without the connection the smallest singular value of ", A, " may be 0, and a product of many such "
                   "layers has no lower bound.")),
        ),
        SPACE,
    )  # fmt: skip


def bound(after: Expr, name: str, relation: str) -> Rule:
    return Rule(name, lambda e, context: Rewritten(after), name, relation, "Horn and Johnson 2013, 7.3.5")
