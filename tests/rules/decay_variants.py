"""Wrong variants of the rules of weight decay about singular values, of which the exact judge has no values."""

from __future__ import annotations

from dataclasses import dataclass, field

from symbackprop.derivation import Rule
from symbackprop.dims import Bounds, index
from symbackprop.expr import LARGEST, SMALLEST, Expr, Named, Norm, Power, Quotient, SingularValue, SquareRoot, number
from symbackprop.magnitudes import SingularValueAt, SpectralSum
from symbackprop.quantities import Quantities
from symbackprop.rules import decay

A = Named("A")
SPACE = Quantities({"A": ("m", "n")})
TWO = number(2)
FROBENIUS, SPECTRAL = Norm(A, "F"), SingularValue(A, LARGEST)


@dataclass(frozen=True)
class Case:
    """One rule at one line: `start relation right`, and wrong right sides by what is wrong with them."""

    rule: Rule
    start: Expr
    right: Expr
    wrong: dict[str, Expr] = field(hash=False)
    known: Bounds = field(default_factory=lambda: SPACE.bounds, hash=False)
    network: Quantities = SPACE


def over_all(power: int) -> SpectralSum:
    """`Σ_i σ_{i,i}(A)^power`."""
    value = SingularValueAt(A, index("i"))
    return SpectralSum("i", A, value if power == 1 else Power(value, decay.Fraction(power)))


ROOT = SquareRoot(over_all(2))
CASES = (
    Case(
        decay.by_singular_values,
        FROBENIUS,
        ROOT,
        {
            "sum of the values": over_all(1),
            "no root": over_all(2),
            "root of the sum of the values": SquareRoot(over_all(1)),
            "fourth powers": SquareRoot(over_all(4)),
            "largest alone": SPECTRAL,
            "smallest alone": SingularValue(A, SMALLEST),
            "half": Quotient(ROOT, TWO),
            "sign": -ROOT,
        },
    ),
    Case(
        decay.as_frobenius,
        ROOT,
        FROBENIUS,
        {
            "spectral norm": Norm(A),
            "squared": decay.squared(A, "F"),
            "root": SquareRoot(FROBENIUS),
            "of the product": Norm(A.T @ A, "F"),
            "twice": TWO @ FROBENIUS,
            "half": Quotient(FROBENIUS, TWO),
            "sum of the values": over_all(1),
        },
    ),
    Case(
        decay.one_of_all,
        SPECTRAL,
        ROOT,
        {
            "smallest": SingularValue(A, SMALLEST),
            "half": Quotient(ROOT, TWO),
            "sign": -ROOT,
            "difference": ROOT - SPECTRAL,
            "zero": number(0),
            "over the sum": Quotient(over_all(2), over_all(1) + ROOT),
        },
    ),
    Case(
        decay.below_frobenius,
        SingularValue(A.T),
        FROBENIUS,
        {
            "smallest": SingularValue(A, SMALLEST),
            "half": Quotient(FROBENIUS, TWO),
            "sign": -FROBENIUS,
            "difference": FROBENIUS - SPECTRAL,
            "zero": number(0),
            "over the root of the sizes": Quotient(FROBENIUS, SquareRoot(decay.expr.Size(index("m") + index("n")))),
        },
    ),
)
