"""The loss and the gradients by all weights as one compiled function, from the lines that backpropagation derives."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

import numpy as np

from symbackprop.activations import scalar_function
from symbackprop.dims import dim
from symbackprop.errors import SymbackpropError
from symbackprop.expr import LOSS, Bias, Expr, Partial, Target, Variable, Weight
from symbackprop.network import MLP
from symbackprop.numeric.action import value
from symbackprop.numeric.arguments import check_bias_unit, check_network, check_out, check_scheme, check_vectors
from symbackprop.numeric.code import Code, grouped
from symbackprop.numeric.forms import Form, form
from symbackprop.numeric.forward import values_at_hand, write_layers
from symbackprop.numeric.module import module, run
from symbackprop.tree import subterms

Lines = Sequence[tuple[Expr, Expr]]
REDUCTIONS = {"sum": "np.sum", "mean": "np.mean"}
# keyword of gradients(): what of the network must be generic for it to be given
GENERIC = {"activation": ("g", "dg"), "loss": ("loss", "dloss")}


class Gradients:
    """`loss, grads = gradients(W, x, y)`, or `(W, b, x, y)` with `grads = (dW, db)` where biases stand apart.

    A batch is columns: `x` is `n_0 × N` and `y` is `n_{L+1} × N`. `grads` has the shapes of the weights.

    Args:
        network: with a given depth, or one that is compiled for the number of weights it first meets.
        reduction: "sum" or "mean" over the batch.
        functions: `g`, `dg` and `loss`, `dloss` for a network where these are generic; the last two take
            `(yhat, y)` and give the loss of each example and `∂L/∂ŷ`, an example a column.
        lines: pairs `(∂L/∂v, formula)` from the output down; those that the rules derive, if not given.

    Raises:
        SymbackpropError: for another reduction, and for what is generic and not given.
    """

    def __init__(self, network: MLP, reduction: str = "sum", lines: Lines | None = None, **functions: Any) -> None:
        if reduction not in REDUCTIONS:
            raise SymbackpropError(f"there is no reduction {reduction!r}: write sum or mean")
        check_scheme(network)
        self.network = network
        self.reduction = reduction
        self._functions = _generic(network, functions)
        self._lines = lines
        self._compiled: dict[int, tuple[str, Any]] = {}
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

    def __call__(self, W: Sequence[Any], *data: Any, out: Any = None) -> tuple[Any, Any]:
        """Loss and gradients at a point.

        Args:
            W: `W_0 … W_L`.
            data: `x, y`, or `b, x, y` where biases stand apart; `x` ends in the bias unit 1 where it is augmented.
            out: arrays of the shapes of the gradients, which are filled and returned; `(dW, db)` where biases stand
                apart.

        Raises:
            ShapeError: for arrays that do not conform.
            SymbackpropError: for an input without its bias unit, or `out` that cannot be filled.
        """
        separate = self.network.bias == "separate"
        if len(data) != 2 + separate:
            wanted = "W, b, x, y" if separate else "W, x, y"
            raise SymbackpropError(f"{1 + len(data)} arguments were given: write gradients({wanted})")
        b = data[0] if separate else None
        x, y = map(np.asarray, data[-2:])
        check_network(self.network, W, b)
        check_vectors(self.network, W, x, y, any_target="dloss" in self._functions, batch=True)
        check_bias_unit(self.network, x)
        out_W, out_b = check_out(out, W, b, x, y)
        W = [np.asarray(w) for w in W]
        x, y = _columns(x), _columns(y)
        compiled = self._at(len(W) - 1)
        if b is None:
            loss, dW = compiled(W, x, y, **self._functions, **({"out": out_W} if out_W else {}))
            return loss, _filled(out_W, dW, W)
        biases = [np.asarray(bias) for bias in b]
        shaped = [_columns(bias) for bias in biases]
        loss, (dW, db) = compiled(W, shaped, x, y, **self._functions, **({"out": out_W} if out_W else {}))
        return loss, (_filled(out_W, dW, W), _filled(out_b, db, biases))

    def _at(self, depth: int) -> Any:
        if depth not in self._compiled:
            network = self.network
            if not network.depth.is_constant:
                if type(network) is not MLP:
                    raise SymbackpropError("gradients of a network of your own need its depth: give it a number")
                network = MLP(depth, None, network.activation.name, network.loss.name, network.bias)
            elif type(network) is MLP:
                # without the widths, with which a column of one unit could pass for a scalar
                network = MLP(depth, None, network.activation.name, network.loss.name, network.bias)
            source = gradients_source(network, self._lines or _derived(network), self.reduction, tuple(self._functions))
            self._compiled[depth] = (source, run(source, "gradients"))
        return self._compiled[depth][1]


def _generic(network: MLP, given: dict[str, Any]) -> dict[str, Any]:
    """The functions that stand for what is generic.

    Raises:
        SymbackpropError: if one is missing, or given for what is not generic.
    """
    wanted: tuple[str, ...] = GENERIC["activation"] if network.activation.is_generic else ()
    wanted += GENERIC["loss"] if network.loss.is_generic else ()
    surplus = [name for name in given if name not in wanted and given[name] is not None]
    if surplus:
        raise SymbackpropError(f"{surplus[0]}= is for a generic function: this network has its own, so leave it out")
    missing = [name for name in wanted if given.get(name) is None]
    if missing:
        raise SymbackpropError(
            f"this network has a generic {' and '.join(_what(missing))}: write "
            f"gradients({', '.join(f'{name}=…' for name in missing)}), functions of NumPy arrays, "
            'or name them, as MLP(activation="tanh", loss="squared_error")'
        )
    return {name: given[name] for name in wanted}


def _what(missing: Sequence[str]) -> list[str]:
    return [what for what, names in GENERIC.items() if set(names) & set(missing)]


def _derived(network: MLP) -> Lines:
    # only here, so that lines of one's own need no rules
    from symbackprop.rules.backward import backward

    return backward(network)


def _columns(array: Any) -> Any:
    return array[:, None] if array.ndim == 1 else array


def _filled(out: Sequence[Any] | None, computed: Sequence[Any], like: Sequence[Any]) -> Any:
    """The gradients in the shapes of what they are gradients by, in the arrays given for them if there are any."""
    shaped = [made.reshape(one.shape) for made, one in zip(computed, like, strict=True)]
    if out is None:
        return shaped
    for target, made in zip(out, shaped, strict=True):
        if not np.may_share_memory(target, made):
            np.copyto(target, made)
    return out


# --- the source ------------------------------------------------------------------------------------------------------


def gradients_source(network: MLP, lines: Lines, reduction: str, functions: Sequence[str] = ()) -> str:
    """The source of `gradients(W, x, y)` for a network of given depth, from the lines of its backpropagation."""
    code = Code(network, straight=True, batch=True)
    last = network.depth.constant
    separate = network.bias == "separate"
    weights = [Partial(LOSS, Weight(dim(l))) for l in range(last + 1)]
    biases = [Partial(LOSS, Bias(dim(l))) for l in range(last + 1)] if separate else []

    _unpack(code, "W", last)
    if separate:
        _unpack(code, "b", last)
    written = write_layers(code, network.output)
    if scalar_function(network.activation.name).by_value:
        code.by_value = values_at_hand(code, written)
    each = value(network.loss_of(network.output, Target()), code)
    code.line(f"total = {REDUCTIONS[reduction]}({each})")
    code.line("")
    for partial, right in _used(lines, [*weights, *biases], network):
        code.line(_line(partial, right, code, reduction))
    dW, db = (f"[{', '.join(value(p, code) for p in group)}]" for group in (weights, biases))
    code.line(f"return total, {f'({dW}, {db})' if separate else dW}")

    blanks = ", ".join(["None"] * (last + 1))
    keywords = [f"{name}" for name in functions]
    arguments = [
        "W",
        *(["b"] if separate else []),
        "x",
        "y",
        f"out=({blanks})",
        *(["*"] if keywords else []),
        *keywords,
    ]
    header = f"def gradients({', '.join(arguments)}):"
    return module(_title(network), code, "\n".join([header, _docstring(network, reduction), *code.lines]))


def _unpack(code: Code, family: str, last: int) -> None:
    code.line(f"{', '.join(f'{family}{l}' for l in range(last + 1))} = {family}")


def _used(lines: Lines, wanted: Sequence[Expr], network: MLP) -> Lines:
    """The lines that the wanted ones need, in their order, `∂L/∂ŷ` first.

    Raises:
        SymbackpropError: if one is missing.
    """
    upstream = Partial(LOSS, network.output)
    by_left = dict(lines)
    by_left.setdefault(upstream, upstream)
    needed, waiting = set(), list(wanted)
    while waiting:
        current = waiting.pop()
        if current in needed:
            continue
        needed.add(current)
        if current not in by_left:
            raise SymbackpropError(f"the lines of backpropagation do not say what {current} is")
        waiting += [inner for _, inner in subterms(by_left[current]) if isinstance(inner, Partial)]
    return [(left, right) for left, right in by_left.items() if left in needed and left == upstream] + [
        (left, right) for left, right in by_left.items() if left in needed and left != upstream
    ]


def _line(partial: Expr, right: Expr, code: Code, reduction: str) -> str:
    """One line: `dL_dz1 = …`; weights go straight into the array that was given for them, biases sum over the batch."""
    assert isinstance(partial, Partial) and isinstance(partial.wrt, Variable)
    name = value(partial, code)
    if partial.wrt == code.network.output:
        text = "dloss(yhat, y)" if code.network.loss.is_generic else value(right, code)
        return f"{name} = {f'{grouped(text)} / x.shape[1]' if reduction == 'mean' else text}"
    text = value(right, code)
    if isinstance(partial.wrt, Bias) and form(right, code.network) is Form.COLUMN:
        return f"{name} = {grouped(text)}.sum(axis=1, keepdims=True)"
    product = ast.parse(text, mode="eval").body
    if isinstance(partial.wrt, Weight) and isinstance(product, ast.BinOp) and isinstance(product.op, ast.MatMult):
        left, factor = ast.unparse(product.left), ast.unparse(product.right)
        return f"{name} = np.matmul({left}, {factor}, out=out[{partial.wrt.index}])"
    return f"{name} = {text}"


def _title(network: MLP) -> str:
    return (
        f"Loss and gradients of an MLP of depth {network.depth}: activation {network.activation.name}, "
        f"loss {network.loss.name}, bias {network.bias}.\n\nMade by symbackprop; needs NumPy only.\n"
    )


def _docstring(network: MLP, reduction: str) -> str:
    last = network.depth.constant
    lines = [f"W: the weights W_0 … W_{last}, a list."]
    if network.bias == "separate":
        lines.append(f"b: their biases b_0 … b_{last}, each n × 1.")
    lines.append(f"x: n_0 × N, an example a column{', each ending in the bias unit 1' if network.augmented else ''}.")
    lines.append(f"y: n_{last + 1} × N, the targets.")
    lines.append("out: arrays for the gradients by the weights.")
    lines.append(f"Gives the loss and the gradients, {'the mean' if reduction == 'mean' else 'summed'} over the batch.")
    return '    """' + "\n    ".join(lines) + '\n    """'
