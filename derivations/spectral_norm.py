"""The spectral norm: how much longer a matrix can make a vector."""

from symbackprop.derivation import Derivation
from symbackprop.expr import LARGEST, Named, Norm, Quotient, SingularValue, number
from symbackprop.network import MLP
from symbackprop.quantities import Quantities
from symbackprop.rules.norms import as_largest, as_supremum, at_unit_vector, multiplied_out
from symbackprop.statements import Chain, Implies
from symbackprop.topic import Prose, Shows, Topic

ORDER = 20
A, y = Named("A"), Named("y")
SPACE = Quantities({"A": ("m", "n"), "x": ("n",), "y": ("n",)})
UNIT, INVERSE = Quotient(y, Norm(y)), Quotient(number(1), Norm(y))


def derive(network: MLP, style: str) -> Topic:
    """‖A y‖_2 ≤ σ_{1,1}(A) ‖y‖_2 for any A and y."""
    largest = SingularValue(A, LARGEST)
    lemma = derivation()
    conclusion = Implies(
        Chain((INVERSE @ Norm(A @ y), largest), ("≤",)), Chain((Norm(A @ y), largest @ Norm(y)), ("≤",))
    )
    return Topic(
        (
            Prose(("Recall the spectral norm of a matrix ", A, ", which is its largest singular value:")),
            definition(),
            Prose((UNIT, " is a unit vector for any ", y, " that is not zero. So, by the supremum:")),
            at_unit(),
            Prose(("On the other hand, a scalar factor may be taken out of a norm:",)),
            homogeneous(),
            Prose(("Both together:",)),
            Shows(conclusion, "norm.conclusion"),
            Prose(("The same as one chain, from the left side to the right one. For ", y, " zero both sides are 0.")),
            lemma,
            Prose(("We just showed that for any ", A, " and ", y, ":")),
            Shows(Chain((Norm(A @ y), largest @ Norm(y)), ("≤",)), "norm.lemma"),
        ),
        SPACE,
    )


def begin(start: Norm, **options: str) -> Derivation:
    return Derivation(start, SPACE, known=SPACE.bounds, **options)


def definition() -> Derivation:
    """‖A‖_2 = sup ‖A x‖_2 = σ_{1,1}(A)."""
    return begin(Norm(A), label="norm.definition").by(as_supremum).by(as_largest)


def at_unit() -> Derivation:
    """‖A (y/‖y‖_2)‖_2 ≤ ‖A‖_2 = σ_{1,1}(A)."""
    return begin(Norm(A @ UNIT), label="norm.unit_vector").by(at_unit_vector).by(as_largest)


def homogeneous() -> Derivation:
    """‖A (y/‖y‖_2)‖_2 = ‖(1/‖y‖_2) A y‖_2 = (1/‖y‖_2) ‖A y‖_2."""
    start = begin(Norm(A @ UNIT), label="norm.homogeneous")
    moved = start.by(
        multiplied_out(Norm(INVERSE @ A @ y), "scalar factor", ("A scalar may stand anywhere in a product.",))
    )
    return moved.by(multiplied_out(INVERSE @ Norm(A @ y), "a norm is homogeneous", ("The scalar is positive.",)))


def derivation() -> Derivation:
    """‖A y‖_2 = ‖y‖_2 ‖A (y/‖y‖_2)‖_2 ≤ ‖y‖_2 σ_{1,1}(A) = σ_{1,1}(A) ‖y‖_2."""
    largest = SingularValue(A, LARGEST)
    why = ("A scalar factor comes out of the norm, where ", y, " is not zero.")
    scaled = begin(Norm(A @ y)).by(multiplied_out(Norm(y) @ Norm(A @ UNIT), "a norm is homogeneous", why))
    bounded = scaled.by(at_unit_vector).by(as_largest)
    return bounded.by(multiplied_out(largest @ Norm(y), "scalars commute", ("The order of scalars does not matter.",)))
