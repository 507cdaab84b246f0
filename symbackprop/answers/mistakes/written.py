"""A scalar that is written as a factor and does not belong there, or a power that is too high."""

from __future__ import annotations

from collections.abc import Iterator

from symbackprop.answers.mistakes.repair import Repair, is_slope, without
from symbackprop.answers.mistakes.where import Where
from symbackprop.expr import Expr, Hadamard, Number, Power, Product, Quotient, Size
from symbackprop.groups import EntrywisePower

ORDER = 3


def repairs(part: Expr, where: Where) -> Iterator[Repair]:
    if isinstance(part, Product | Hadamard):
        for i, factor in enumerate(part.factors):
            if not is_slope(factor) and (isinstance(factor, Number) or where.is_scalar(factor)):
                yield Repair(*_named(factor, without(part, i)))
    match part:
        case Power(base, exponent) if exponent > 1:
            made = base if exponent == 2 else Power(base, exponent - 1)
            code = "mean-for-sum" if isinstance(base, Size) else "extra-factor"
            yield Repair(code, made, f"the power of {base} in {{part}} is one too high")
        case EntrywisePower(operand, exponent) if exponent > 1:
            made = operand if exponent == 2 else EntrywisePower(operand, exponent - 1)
            yield Repair("extra-factor", made, f"the power of {operand} in {{part}} is one too high")


def _named(factor: Expr, rest: Expr) -> tuple[str, Expr, str]:
    """What is said of a factor that should not be there."""
    letter = _counted(factor)
    if letter is not None:
        return "mean-for-sum", rest, f"this is a mean over {letter}, and a sum is asked for"
    if isinstance(factor, Number) and factor.value.numerator == 1 and factor.value.denominator > 1:
        return "missing-factor", rest, f"a factor {factor.value.denominator} is missing in {{part}}"
    return "extra-factor", rest, f"the factor {factor} in {{part}} is too much"


def _counted(factor: Expr) -> Expr | None:
    """What a mean is over, of a factor `1/N`."""
    match factor:
        case Quotient(Number(), Size() as size) | Power(Size() as size, _):
            return size
    return None
