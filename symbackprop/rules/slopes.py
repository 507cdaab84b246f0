"""Rules about the slopes of activations: how steep they are, and where."""

from __future__ import annotations

from fractions import Fraction

from symbackprop.derivation import Context, Rewritten, rule
from symbackprop.expr import Elementwise, Expr, Negative, Number, Power, Product, Sum, number
from symbackprop.magnitudes import Extreme

# max |g'|, where it is a rational number: σ' = σ (1 - σ) is 1/4 at 0, and tanh' = 1 - tanh² is 1 there
STEEPEST = {"sigmoid": Fraction(1, 4), "tanh": Fraction(1), "relu": Fraction(1), "softplus": Fraction(1)}
HALF, QUARTER = Fraction(1, 2), Fraction(1, 4)


@rule("slope of the sigmoid", source="derivative of 1/(1 + exp(-z))")
def sigmoid_slope(e: Expr, context: Context) -> Rewritten | None:
    r"""σ'(z) = σ(z) (1 - σ(z))        shapes: scalars"""
    match e:
        case Elementwise("sigmoid", z, 1):
            s = Elementwise("sigmoid", z)
            return Rewritten(s @ (number(1) - s), ("The quotient rule, with the exponential written by ", s, "."))
    return None


@rule("slope of tanh", source="derivative of a quotient of exponentials")
def tanh_slope(e: Expr, context: Context) -> Rewritten | None:
    r"""tanh'(z) = 1 - tanh(z)²        shapes: scalars"""
    match e:
        case Elementwise("tanh", z, 1):
            t = Elementwise("tanh", z)
            return Rewritten(number(1) - Power(t, Fraction(2)), ("The quotient rule.",))
    return None


@rule("completing the square", source="algebra")
def completed_square(e: Expr, context: Context) -> Rewritten | None:
    r"""a (1 - a) = 1/4 - (a - 1/2)²        shapes: scalars"""
    match e:
        case Product((a, Sum((Number(one), Negative(b))))) if one == 1 and a == b:
            square = Power(a - Number(HALF), Fraction(2))
            return Rewritten(Number(QUARTER) - square, ("Both are the same polynomial.",))
    return None


@rule("a square is not negative", relation="≤", source="algebra")
def square_dropped(e: Expr, context: Context) -> Rewritten | None:
    r"""a - b² ≤ a        shapes: scalars"""
    match e:
        case Sum((a, Negative(Power(_, exponent)))) if exponent == 2:
            return Rewritten(a, ("A square that is taken away makes nothing greater.",))
    return None


@rule("the steepest slope", relation="≤", source="calculus: σ' = σ(1 - σ) ≤ 1/4, tanh' = 1 - tanh² ≤ 1")
def steepest(e: Expr, context: Context) -> Rewritten | None:
    r"""max_i |g'(z_i)| ≤ max |g'|: 1/4 for the sigmoid, 1 for tanh, ReLU and softplus        shapes: scalars"""
    match e:
        case Extreme("max", _, _, _, Elementwise("abs", Elementwise(function, _, 1), 0)) if function in STEEPEST:
            return Rewritten(Number(STEEPEST[function]), ("This is the slope where the activation is steepest.",))
    return None
