"""Random quantities: what a weight is drawn from, and the moments of what is computed from it."""

from __future__ import annotations

from symbackprop.expr import Expr
from symbackprop.tree import node


@node
class Gaussian(Expr):
    """`N(mean, covariance)`, the distribution of a column; the shape is that of the mean."""

    mean: Expr
    covariance: Expr

    def __str__(self) -> str:
        return f"N({self.mean}, {self.covariance})"


@node
class Expectation(Expr):
    """`E[e]`, entry by entry."""

    operand: Expr

    def __str__(self) -> str:
        return f"E[{self.operand}]"


@node
class Variance(Expr):
    """`Var[e] = E[e²] - E[e]²` of a scalar."""

    operand: Expr

    def __str__(self) -> str:
        return f"Var[{self.operand}]"


# why it has no value at one point, for the readers that compute values
UNVALUED: dict[type[Expr], str] = {
    Gaussian: "it is a distribution, from which values are drawn",
    Expectation: "it is an average over all draws, and a point is one of them",
    Variance: "it is an average over all draws, and a point is one of them",
}
