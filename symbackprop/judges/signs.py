"""Signs of scalars, and the places at which an expression rises with a part: what carries an inequality outwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from symbackprop import expr
from symbackprop.dims import ONE, Bounds, Dim, Units, Width, as_width, at_most, bound_to, dim
from symbackprop.equations import Network
from symbackprop.expr import Expr, IndexedProduct, Norm, Product, SingularValue
from symbackprop.magnitudes import Extreme, OverUnit, SingularValueAt, SpectralSum
from symbackprop.shapes import SCALAR, shape
from symbackprop.statements import Chain
from symbackprop.tree import Path, children

Equal = Callable[[Expr, Expr], bool]


@dataclass(frozen=True)
class Setting:
    """Where a theorem is applied.

    Attributes:
        given: the equations that are assumed.
        equal: whether two expressions of one shape are equal by their entries.
    """

    network: Network
    known: Bounds
    given: tuple[Chain, ...]
    equal: Equal


def inside_of(setting: Setting, name: str, lower: Dim, upper: Dim) -> Setting:
    """The setting inside a product or sum, whose index lies within its bounds."""
    return replace(setting, known=bound_to(setting.known, name, (lower, upper)))


def spelled(size: Dim, setting: Setting) -> Dim:
    """A size with what the network knows, and numbers of units written as widths, so that sizes of one layer compare.

    Only of hidden layers: the output has as many units as its width, and an index may reach it.
    """
    network = setting.network

    def as_known(atom: Width | Units) -> Dim:
        inner = at_most(
            atom.layer, network.depth, {**dict.fromkeys(network.depth.symbols, (ONE, None)), **setting.known}
        )
        return as_width(atom) if inner else Dim(((atom, 1),))

    return network.normal(size).map_sizes(as_known)


def is_nonnegative(e: Expr, setting: Setting) -> bool:
    """Whether a scalar is surely not below 0."""
    match e:
        case Norm() | SingularValue() | SingularValueAt() | expr.SquareRoot() | expr.Elementwise("abs" | "exp", _, 0):
            return True
        case expr.Number(value):
            return value >= 0
        case expr.Size(size):
            return at_most(dim(0), spelled(size, setting), setting.known)
        case expr.Power(base, exponent):
            return (exponent.denominator == 1 and exponent.numerator % 2 == 0) or is_nonnegative(base, setting)
        case Product(parts) | expr.Sum(parts):
            return all(shape(p, setting.network) == SCALAR and is_nonnegative(p, setting) for p in parts)
        case expr.Quotient(above, below):
            return is_nonnegative(above, setting) and is_nonnegative(below, setting)
        case IndexedProduct(i, low, high, body) | expr.IndexedSum(i, low, high, body) | Extreme(_, i, low, high, body):
            return is_nonnegative(body, inside_of(setting, i, low, high))
        case OverUnit(_, _, body) | SpectralSum(_, _, body):
            return is_nonnegative(body, setting)
    return False


def is_positive(e: Expr, setting: Setting) -> bool:
    """Whether a scalar is surely above 0."""
    match e:
        case expr.Elementwise("exp", _, 0):
            return shape(e, setting.network) == SCALAR
        case expr.Number(value):
            return value > 0
        case expr.Size(size):
            return at_most(ONE, spelled(size, setting), setting.known)
        case expr.SquareRoot(operand) | expr.Power(operand, _):
            return is_positive(operand, setting)
    return False


def rises(e: Expr, where: Path, setting: Setting) -> bool:
    """Whether an expression cannot fall where the part at a place grows, as far as its other parts and its sign say.

    The kernel asks it of the expression before and of the one after, so that products of factors and powers stay where
    nothing is negative.
    """
    if not where:
        return True
    operands = children(e)
    here, inside = operands[where[0]], setting
    match e:
        case Product(parts):
            others = [p for i, p in enumerate(parts) if i != where[0]]
            monotone = all(shape(p, setting.network) == SCALAR and is_nonnegative(p, setting) for p in others)
        case expr.Sum():
            monotone = True
        case expr.Quotient(_, below):
            monotone = where[0] == 0 and is_nonnegative(below, setting)
        case expr.SquareRoot(operand):
            monotone = is_nonnegative(operand, setting)
        case expr.Power(base, exponent):
            monotone = exponent > 0 and is_nonnegative(base, setting)
        case IndexedProduct(i, low, high, body):
            inside = inside_of(setting, i, low, high)
            monotone = shape(body, setting.network) == SCALAR and is_nonnegative(body, inside)
        case expr.IndexedSum(i, low, high) | Extreme(_, i, low, high):
            inside, monotone = inside_of(setting, i, low, high), True
        case _:
            monotone = False
    return monotone and rises(here, where[1:], inside)
