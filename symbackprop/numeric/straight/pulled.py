"""The source of a vector–Jacobian product: the pass backward with a vector where the gradient by the output stands."""

from __future__ import annotations

from symbackprop.expr import LOSS, Expr, Partial
from symbackprop.numeric.action import value as emitted
from symbackprop.numeric.straight.mlp import Pass
from symbackprop.numeric.straight.values import Value


class Pulled(Pass):
    """As `Pass`, from `ŷ = f(W, x)` and any `v` in place of `∂L/∂ŷ`; what it gives first is `ŷ`."""

    called, target = "vjp", "v"

    def _value(self, loss: str) -> Value:
        return self.program.names["yhat"]

    def _backward(self, left: Expr, right: Expr, text: str) -> None:
        if left != Partial(LOSS, self.network.output):
            super()._backward(left, right, text)
            return
        if self._spelled:
            self.program.comment(f"v stands for {self._spelled(left)}")
        self.program.names[emitted(left, self.code)] = self.program.names[self.target]
