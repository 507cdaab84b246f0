"""What is written of a whole training set: a family of parameters, and what the network predicts for one example."""

from __future__ import annotations

from symbackprop.dims import Dim, index
from symbackprop.expr import Expr, Variable, Weight
from symbackprop.tree import node


@node
class Family(Expr):
    """`{W_l}_{l=0}^L`, all members of a family; `index` is bound in the member."""

    index: str
    lower: Dim
    upper: Dim
    member: Variable

    def __str__(self) -> str:
        return f"{{{self.member}}}_{{{self.index}={self.lower}}}^{{{self.upper}}}"


@node
class Prediction(Expr):
    """`f(x; {W_l})`, the output of the network for one input and its parameters: a column as long as the target."""

    name: str
    input: Expr
    parameters: Expr

    def __str__(self) -> str:
        return f"{self.name}({self.input}; {self.parameters})"


def all_weights(e: Expr) -> tuple[Dim, Dim] | None:
    """The first and the last layer of a family of weights `{W_l}`; None for anything else."""
    match e:
        case Family(name, lower, upper, member) if member == Weight(index(name)):
            return lower, upper
    return None


# why it has no value at one point, for the readers that compute values
UNVALUED: dict[type[Expr], str] = {Family: "it is many matrices, none of which is meant by itself"}
