"""Jacobian–vector and vector–Jacobian products of the network function `ŷ = f(W, x)` as compiled functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from symbackprop.errors import SymbackpropError
from symbackprop.expr import Expr
from symbackprop.network import MLP
from symbackprop.numeric.arguments import check_scheme
from symbackprop.numeric.calls import Call, direction_of
from symbackprop.numeric.gradients import (
    GENERIC,
    Gradients,
    at_depth,
    check_data,
    derived,
    generic,
    said_of_arguments,
    title,
)
from symbackprop.numeric.module import run
from symbackprop.numeric.straight.file import file_of
from symbackprop.numeric.straight.mlp import Pass, Wanted
from symbackprop.numeric.straight.pulled import Pulled
from symbackprop.numeric.straight.pushed import Pushed

# of the network function alone
ACTIVATION = {"activation": GENERIC["activation"]}


class VectorJacobian(Gradients):
    """`yhat, dW, dx = vjp(W, x, v)`, or `yhat, (dW, db), dx = vjp(W, b, x, v)` where biases stand apart.

    Reverse mode: the pass backward with `v` in place of `∂L/∂ŷ`. A batch is columns: `x` is `n_0 × N`, `v` and `ŷ` are
    `n_{L+1} × N`; `dW` has the shapes of the weights, summed over the batch, and `dx` that of `x`. `v` is not
    conjugated. `out=dW`, or `out=(dW, db)`, is filled as by `Gradients`.

    Args:
        network: whose loss does not matter.
        precise, data: as for `Gradients`.
        functions: `g` and `dg` where the activation is generic.

    Raises:
        SymbackpropError: for what is generic and not given.
    """

    called, target = "vjp", "v"
    generic = ACTIVATION

    def __init__(self, network: MLP, *, precise: bool = False, data: str = "columns", **functions: Any) -> None:
        super().__init__(network, inputs=True, precise=precise, data=data, **functions)

    def _first(self, made: Any, call: Call, shape: tuple[int, ...]) -> Any:
        return (made.T if self.data == "rows" else made).reshape(shape)

    def _file(self, network: MLP, wanted: Wanted, spelled: Callable[[Expr], str] | None) -> str:
        if type(network) is MLP:
            network = MLP(network.depth, None, network.activation.name, bias=network.bias)
        made = Pulled(network, derived(network), wanted, spelled)
        return file_of(made, title("Vector–Jacobian product", network), _pulled(made), tuple(self._functions))


class JacobianVector:
    """`yhat, dyhat = jvp(W, x, dW, dx)`, or `jvp(W, b, x, dW, db, dx)` where biases stand apart.

    Forward mode: `dŷ` is the derivative of `ŷ` in the direction `(dW, dx)`, worked out with `ŷ` in one pass (Baydin et
    al. 2018, "Automatic differentiation in machine learning: a survey", section 3.1). A batch is columns: `x` and `dx`
    are `n_0 × N`, `ŷ` and `dŷ` are `n_{L+1} × N`; `dW` has the shapes of the weights and counts for every example.

    Args:
        network: whose loss does not matter; with a given depth, or one that is compiled for the weights it meets.
        precise, data: as for `Gradients`.
        functions: `g` and `dg` where the activation is generic.

    Raises:
        SymbackpropError: for a network of your own, and for what is generic and not given.
    """

    def __init__(self, network: MLP, *, precise: bool = False, data: str = "columns", **functions: Any) -> None:
        check_data(data)
        check_scheme(network)
        if type(network) is not MLP:
            raise SymbackpropError("jvp is for an MLP as it is defined: of a network of your own, take vjp")
        self.network, self.data = network, data
        self._precise = precise
        self._functions = generic(network, functions, ACTIVATION, "jvp")
        self._compiled: dict[int, tuple[str, Callable[..., Any]]] = {}
        if network.depth.is_constant:
            self._at(network.depth.constant)

    @property
    def source(self) -> str:
        """The code, a file that needs NumPy only.

        Raises:
            SymbackpropError: for a network of symbolic depth that has met no weights yet.
        """
        if not self._compiled:
            raise SymbackpropError("the code is written for a given depth: write MLP(depth=2, …), or call it once")
        return list(self._compiled.values())[-1][0]

    def __call__(self, W: Sequence[Any], *data: Any) -> tuple[Any, Any]:
        """`ŷ` and `dŷ`, of the shape that `n_{L+1}` outputs for `x` have: 1-D where `x` is.

        Args:
            W: `W_0 … W_L`.
            data: `x, dW, dx`, or `b, x, dW, db, dx` where biases stand apart; `x` ends in the bias unit 1 where it is
                augmented, and `dx` in anything.

        Raises:
            ShapeError: for arrays that do not conform.
            SymbackpropError: for an input without its bias unit, or arrays of several types.
        """
        separate = self.network.bias == "separate"
        if len(data) != 3 + 2 * separate:
            wanted = "W, b, x, dW, db, dx" if separate else "W, x, dW, dx"
            raise SymbackpropError(f"{1 + len(data)} arguments were given: write jvp({wanted})")
        by_rows = self.data == "rows"
        direction = direction_of(self.network, W, data, by_rows)
        made = self._at(len(W) - 1)(*direction.arguments, **self._functions)
        if len(direction.shape) == 1:
            return made[0][:, 0], made[1][:, 0]
        return (made[0].T, made[1].T) if by_rows else made

    def _at(self, depth: int) -> Callable[..., Any]:
        if depth not in self._compiled:
            network = at_depth(self.network, depth)
            source = Pushed(network, self._precise).source(
                title("Jacobian–vector product", network), _pushed(network), tuple(self._functions)
            )
            self._compiled[depth] = source, run(source, "jvp")
        return self._compiled[depth][1]


def _pulled(made: Pass) -> list[str]:
    network, last = made.network, made.last
    return [
        "The outputs, and v times their Jacobian by the weights and by x; all arrays are of one type.",
        "",
        "Args:",
        *said_of_arguments(network),
        f"    v: n_{last + 1} × N.",
        "    out: arrays for the products by the weights, in C order; new ones if not given.",
        "",
        "Returns:",
        "    ŷ, the products by the weights, summed over the batch, and those by x.",
    ]


def _pushed(network: MLP) -> list[str]:
    return [
        "The outputs and their derivative in a direction; all arrays are of one type.",
        "",
        "Args:",
        *said_of_arguments(network),
        "    dW, dx: the direction, of the same shapes; db too where there is b.",
        "",
        "Returns:",
        "    ŷ and dŷ, each an example a column.",
    ]
