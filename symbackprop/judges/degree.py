"""The degree that the exact judge's bound assumes: of an entry, as a rational function of what is drawn at random.

What is random: inputs, parameters and values of functions, each function taken as a random one, so that its values
are new indeterminates. Sums and products add the degrees of their operands.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import singledispatch

from symbackprop import expr, groups
from symbackprop.equations import Equation, same_family
from symbackprop.expr import Expr, Variable
from symbackprop.judges.hypotheses import NOTHING, Plan
from symbackprop.judges.scalars import growth_of
from symbackprop.judges.settings import Setting
from symbackprop.network import MLP
from symbackprop.primitives import Pairwise
from symbackprop.quantities import Quantities
from symbackprop.substitution import substitute
from symbackprop.tree import children


@dataclass(frozen=True)
class Within:
    """Where a degree is asked for: a network of given sizes, and how what is assumed there is made."""

    setting: Setting
    plan: Plan = NOTHING

    @property
    def in_layers(self) -> bool:
        """Whether the network is one of layers, where a layer map comes between one layer and the next."""
        return isinstance(self.setting.network, MLP)

    @property
    def turns(self) -> int:
        """How many values an index takes at most."""
        if self.in_layers:
            return self.setting.depth + 2
        network = self.setting.network
        extents = network.extents if isinstance(network, Quantities) else ()
        return max(self.setting.depth + 2, *self.setting.sizes, *(size.constant for size in extents))


@singledispatch
def degree_of(e: Expr, within: Within) -> int:
    """A bound on the degree of numerator and denominator of an entry."""
    return sum(degree_of(operand, within) for operand in children(e))


@degree_of.register
def _(e: Variable, within: Within) -> int:
    if within.in_layers:
        # z = W h + b has degree 2; the loss of a network is a sum of such, or of their squares
        return 4
    # the same in every formula
    return within.setting.network.kept(("degree", e, within.plan), lambda: _of_variable(e, within))


def _of_variable(e: Variable, within: Within) -> int:
    made = within.plan.of(e)
    if made is not None:
        # entries of (I - K)(I + K)⁻¹ are determinants of that size
        return max(within.setting.sizes, default=1) + 1 if made.source is None else degree_of(made.source, within)
    found = _equation(e, within)
    return 1 if found is None else degree_of(found.right, within)


def _equation(e: Variable, within: Within) -> Equation | None:
    """The equation that computes a variable; of a family, the one of the member that takes most equations."""
    network = within.setting.network
    if e.index is None or e.index.is_constant:
        return network.definition(e, {})
    for equation in network.equations:
        if same_family(equation.left, e) and equation.index is not None:
            last = substitute(equation.left, {equation.index: equation.upper})
            assert isinstance(last, Variable)
            return network.definition(last, {})
    return None


@degree_of.register
def _(e: expr.Partial, within: Within) -> int:
    if within.in_layers:
        # a path from the loss to a variable passes two factors in each layer, a slope and a weight
        return 2 * (within.setting.depth + 2) + degree_of(e.of, within)
    # (P/Q)′ = (P′Q - PQ′)/Q²
    return 2 * degree_of(e.of, within)


@degree_of.register
def _(e: expr.IndexedProduct | expr.IndexedSum, within: Within) -> int:
    count = e.upper - e.lower + 1
    turns = max(within.turns, count.constant) if count.is_constant else within.turns
    return turns * degree_of(e.body, within)


@degree_of.register
def _(e: expr.Elementwise | expr.LayerMap | expr.ActivationJacobian, within: Within) -> int:
    # a value of the function; without layers its argument counts too, so that twice as much bounds a derivative
    growth = growth_of(e.function, e.order if isinstance(e, expr.Elementwise) else 0)
    return growth if within.in_layers else growth * (1 + degree_of(e.operand, within))


@degree_of.register
def _(e: Pairwise, within: Within) -> int:
    # b + (a - b) step(a - b)
    return 4 * (1 + degree_of(e.left, within) + degree_of(e.right, within))


@degree_of.register
def _(e: expr.Power, within: Within) -> int:
    return _risen(e.exponent, degree_of(e.base, within))


@degree_of.register
def _(e: groups.EntrywisePower, within: Within) -> int:
    return _risen(e.exponent, degree_of(e.operand, within))


def _risen(exponent: Fraction, degree: int) -> int:
    """The degree of a power."""
    return (abs(exponent.numerator) + exponent.denominator - 1) * degree


@degree_of.register
def _(e: expr.Norm | expr.SquareRoot, within: Within) -> int:
    # the root of a sum of squares; its sign doubles the degree once more
    return 4 * degree_of(e.operand, within)
