"""A residual connection keeps the smallest singular value away from 0."""

from symbackprop.derivation import Derivation, Rewritten, Rule
from symbackprop.dims import index
from symbackprop.expr import LARGEST, SMALLEST, Expr, Identity, Named, Norm, SingularValue, number
from symbackprop.network import MLP
from symbackprop.quantities import Quantities
from symbackprop.rules.norms import multiplied_out
from symbackprop.topic import Prose, Topic

SPACE = Quantities({"A": ("n", "n"), "u": ("n",)})
A, u = Named("A"), Named("u")
LARGE = SingularValue(A, LARGEST)


def derive(network: MLP, style: str) -> Topic:
    """σ_min(I + A) ≥ 1 - σ_max(A)."""
    block = Identity(index("n")) + A
    every = Derivation(Norm(block @ u), SPACE, known=SPACE.bounds, title="Any upstream gradient")
    every = every.by(multiplied_out(Norm(u + A @ u), "multiplied out"), at=())
    every = every.by(bound(Norm(u) - Norm(A @ u), "triangle inequality"), at=())
    every = every.by(bound(Norm(u) - LARGE @ Norm(u), "the spectral norm bounds the norm"), at=())
    every = every.by(multiplied_out((number(1) - LARGE) @ Norm(u), "common factor"), at=())
    least = Derivation(SingularValue(block, SMALLEST), SPACE, known=SPACE.bounds, title="The shortest of unit vectors")
    return Topic(
        (
            every,
            Prose(("The smallest singular value is the least length of all these, for ", u, " of length 1:")),
            least.by(bound(number(1) - LARGE, "the smallest singular value"), at=()),
            Prose(("Without the connection the smallest singular value of ", A, " may be 0, and a product of many such "
                   "layers has no lower bound.")),
        ),
        SPACE,
    )  # fmt: skip


def bound(after: Expr, name: str) -> Rule:
    return Rule(name, lambda e, context: Rewritten(after), name, "≥", "Horn and Johnson 2013, 5.1")
