"""How large something is: extremes over unit vectors and over entries, single singular values and sums over them.

`Norm` and `SingularValue`, which the lecture's bounds are written with, are in `symbackprop.expr`.
"""

from __future__ import annotations

from symbackprop.dims import Dim
from symbackprop.expr import Expr, Variable
from symbackprop.tree import node


@node
class OverUnit(Expr):
    """`sup_{‖x‖_2=1} body` or `inf_{‖x‖_2=1} body` of a scalar `body`; `vector` is bound in it."""

    kind: str
    vector: Variable
    body: Expr

    def __str__(self) -> str:
        return f"{self.kind}_{{‖{self.vector}‖_2=1}} {self.body}"


@node
class Extreme(Expr):
    """`max_{index} body` or `min_{index} body` of a scalar, over `index = lower … upper`."""

    kind: str
    index: str
    lower: Dim
    upper: Dim
    body: Expr

    def __str__(self) -> str:
        return f"{self.kind}_{{{self.index}}} {self.body}"


@node
class SingularValueAt(Expr):
    """`σ_{i,i}(A)`, the singular value at place `at` in falling order."""

    operand: Expr
    at: Dim

    def __str__(self) -> str:
        return f"σ_{{{self.at},{self.at}}}({self.operand})"


@node
class SpectralSum(Expr):
    """`Σ_i body`, over all singular values of `of`; `index` is bound in the body, as in `σ_{i,i}(A)^2`."""

    index: str
    of: Expr
    body: Expr

    def __str__(self) -> str:
        return f"Σ_{self.index} {self.body}"
