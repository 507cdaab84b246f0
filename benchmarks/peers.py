"""The same networks by PyTorch and JAX, which nothing needs: our trees with their functions, and their own gradients.

Their arrays hold doubles. What is compared with them has 50 digits, so a difference tells who is off.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, singledispatch
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from benchmarks.evaluation import Array, Forward, Key, Symbols, Values
from symbackprop import expr
from symbackprop.equations import Equation
from symbackprop.expr import Expr, Named
from symbackprop.groups import EntrywisePower
from symbackprop.primitives import DiagonalPart, EntrywiseQuotient, Pairwise, Rows, Stacked, Trace

PEERS = {"PyTorch": "torch", "JAX": "jax"}
# doubles have 16 digits; a network of eight equations keeps ten of them
TOLERANCE = 1e-10

Loss = Callable[[Sequence[Any]], Any]


@dataclass(frozen=True)
class Library:
    """What the reader of a tree needs of a library.

    Attributes:
        functions: of every entry, by our names.
        array: of nested numbers.
        join: several arrays along an axis.
        softmax, log_sum_exp: along an axis, which is kept.
        maximum, minimum: of two arrays, entry by entry.
        norm: of all entries.
        gradients: of a loss by what its arrays are moved by, at zero; and their extents.
    """

    functions: Mapping[str, Callable[[Any], Any]]
    array: Callable[[Any], Any]
    join: Callable[[Sequence[Any], int], Any]
    softmax: Callable[[Any, int], Any]
    log_sum_exp: Callable[[Any, int], Any]
    maximum: Callable[[Any, Any], Any]
    minimum: Callable[[Any, Any], Any]
    norm: Callable[[Any], Any]
    gradients: Callable[[Loss, Sequence[tuple[int, int]]], list[Array]]


def is_installed(peer: str) -> bool:
    """Whether a peer can be asked."""
    return find_spec(PEERS[peer]) is not None


@cache
def library(peer: str) -> Library:
    """A peer that is installed; it is loaded when it is asked for."""
    return {"PyTorch": _torch, "JAX": _jax}[peer]()


def version(peer: str) -> str:
    """The release of a peer that is installed."""
    return str(import_module(PEERS[peer]).__version__)


def gradients(
    peer: Library, equations: tuple[Equation, ...], leaves: Callable[[Key], Array], sizes: Symbols, keys: dict[Key, Any]
) -> dict[Key, Array]:
    """The gradients of the loss by variables, computed ones among them, as a library finds them.

    Args:
        keys: the variables, with their rows and columns.
    """

    def loss(moves: Sequence[Any]) -> Any:
        return _Through(peer, equations, leaves, sizes, dict(zip(keys, moves, strict=True))).loss

    return dict(zip(keys, peer.gradients(loss, list(keys.values())), strict=True))


class _Through(Forward):
    """The forward equations in a library, every variable moved by an array that is zero."""

    def __init__(
        self,
        peer: Library,
        equations: tuple[Equation, ...],
        leaves: Callable[[Key], Array],
        sizes: Symbols,
        moves: Mapping[Key, Any],
    ) -> None:
        super().__init__(equations, lambda key: peer.array(leaves(key).astype(float)), sizes)
        self.values = _Values(peer, self.variable, sizes)
        self.moves = moves

    def _computed(self, key: Key) -> Any:
        made = super()._computed(key)
        return made + self.moves[key] if key in self.moves else made


class _Values(Values):
    def __init__(self, peer: Library, variable: Callable[[Key], Any], sizes: Symbols) -> None:
        super().__init__(variable, _no_gradient, sizes)
        self.peer = peer

    def of(self, e: Expr, symbols: Symbols) -> Any:
        return value(e, self, symbols)


def _no_gradient(*_: object) -> Array:
    raise NotImplementedError("forward equations have no gradient in them")


# --- PyTorch ----------------------------------------------------------------------------------------------------------


def _torch() -> Library:
    import torch
    from torch.nn import functional

    # small arrays; threads would only wait for each other
    torch.set_num_threads(1)

    def found(loss: Loss, extents: Sequence[tuple[int, int]]) -> list[Array]:
        moves = [torch.zeros(extent, dtype=torch.float64, requires_grad=True) for extent in extents]
        made = torch.autograd.grad(loss(moves), moves, materialize_grads=True)
        return [each.numpy() for each in made]

    functions = {
        "sigmoid": torch.sigmoid,
        "tanh": torch.tanh,
        "relu": functional.relu,
        "leaky_relu": functional.leaky_relu,
        "elu": functional.elu,
        "selu": functional.selu,
        # without the threshold above which theirs is a straight line
        "softplus": lambda z: functional.softplus(z, threshold=40),
        "gelu": functional.gelu,
        "silu": functional.silu,
        "identity": lambda z: z,
        "exp": torch.exp,
        "log": torch.log,
        "abs": torch.abs,
        "huber": lambda z: functional.huber_loss(z, torch.zeros_like(z), reduction="none"),
        "sin": torch.sin,
        "cos": torch.cos,
        "sinh": torch.sinh,
        "cosh": torch.cosh,
        "arctan": torch.arctan,
        "erf": torch.erf,
        "sqrt": torch.sqrt,
        "square": torch.square,
        "reciprocal": torch.reciprocal,
        "sign": torch.sign,
        "step": lambda z: (z > 0).to(z.dtype),
        "softsign": functional.softsign,
        "hard_tanh": functional.hardtanh,
        "mish": functional.mish,
        "log_sigmoid": functional.logsigmoid,
    }
    return Library(
        functions,
        lambda numbers: torch.tensor(numbers, dtype=torch.float64),
        torch.cat,
        torch.softmax,
        lambda z, axis: torch.logsumexp(z, axis, keepdim=True),
        torch.maximum,
        torch.minimum,
        torch.linalg.norm,
        found,
    )


# --- JAX --------------------------------------------------------------------------------------------------------------


def _jax() -> Library:
    import jax
    from jax import nn, scipy
    from jax import numpy as jnp

    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_platforms", "cpu")
    # every network is compiled and runs once
    jax.config.update("jax_disable_most_optimizations", True)

    def found(loss: Loss, extents: Sequence[tuple[int, int]]) -> list[Array]:
        made = jax.jit(jax.grad(loss))([jnp.zeros(extent) for extent in extents])
        return [np.asarray(each) for each in made]

    functions = {
        "sigmoid": nn.sigmoid,
        "tanh": jnp.tanh,
        "relu": nn.relu,
        "leaky_relu": nn.leaky_relu,
        "elu": nn.elu,
        "selu": nn.selu,
        "softplus": nn.softplus,
        "gelu": lambda z: nn.gelu(z, approximate=False),
        "silu": nn.silu,
        "identity": lambda z: z,
        "exp": jnp.exp,
        "log": jnp.log,
        "abs": jnp.abs,
        # it has none
        "huber": lambda z: jnp.where(jnp.abs(z) <= 1, z * z / 2, jnp.abs(z) - 0.5),
        "sin": jnp.sin,
        "cos": jnp.cos,
        "sinh": jnp.sinh,
        "cosh": jnp.cosh,
        "arctan": jnp.arctan,
        "erf": scipy.special.erf,
        "sqrt": jnp.sqrt,
        "square": jnp.square,
        "reciprocal": jnp.reciprocal,
        "sign": jnp.sign,
        "step": lambda z: (z > 0).astype(z.dtype),
        "softsign": nn.soft_sign,
        "hard_tanh": nn.hard_tanh,
        "mish": nn.mish,
        "log_sigmoid": nn.log_sigmoid,
    }
    return Library(
        functions,
        lambda numbers: jnp.asarray(numbers, dtype=jnp.float64),
        jnp.concatenate,
        nn.softmax,
        lambda z, axis: nn.logsumexp(z, axis, keepdims=True),
        jnp.maximum,
        jnp.minimum,
        jnp.linalg.norm,
        found,
    )


# --- a tree in a library ----------------------------------------------------------------------------------------------


@singledispatch
def value(e: Expr, values: _Values, symbols: Symbols) -> Any:
    """The value of a node of forward equations from those of its operands, an array of two axes."""
    raise NotImplementedError(f"{type(e).__name__} has no value here: add it to benchmarks/peers.py")


def _axis(e: expr.Softmax | expr.LogSumExp) -> int:
    return 0 if e.along == "column" else 1


def _unit(values: _Values, size: int, place: int) -> Any:
    """A row with a single 1."""
    return values.peer.array(np.eye(size)[place - 1 : place])


def _total(array: Any, values: _Values) -> Any:
    """The sum of all entries, an array of two axes."""
    rows, columns = array.shape
    return values.peer.array(np.ones((1, rows))) @ array @ values.peer.array(np.ones((columns, 1)))


def _scalar(values: _Values, number: float) -> Any:
    return values.peer.array([[number]])


@value.register
def _(e: Named, values: _Values, symbols: Symbols) -> Any:
    return values.variable((e.name, None if e.index is None else values.size(e.index, symbols)))


@value.register
def _(e: expr.Number, values: _Values, symbols: Symbols) -> Any:
    return _scalar(values, float(e.value))


@value.register
def _(e: expr.Size, values: _Values, symbols: Symbols) -> Any:
    return _scalar(values, float(values.size(e.size, symbols)))


@value.register
def _(e: expr.Identity, values: _Values, symbols: Symbols) -> Any:
    return values.peer.array(np.eye(values.size(e.size, symbols)))


@value.register
def _(e: expr.Ones, values: _Values, symbols: Symbols) -> Any:
    return values.peer.array(np.ones((values.size(e.size, symbols), 1)))


@value.register
def _(e: expr.Entry, values: _Values, symbols: Symbols) -> Any:
    i, k = values.size(e.row, symbols), 1 if e.column is None else values.size(e.column, symbols)
    return values.of(e.operand, symbols)[i - 1 : i, k - 1 : k]


@value.register
def _(e: expr.Row, values: _Values, symbols: Symbols) -> Any:
    i = values.size(e.row, symbols)
    return values.of(e.operand, symbols)[i - 1 : i, :]


@value.register
def _(e: expr.Column, values: _Values, symbols: Symbols) -> Any:
    k = values.size(e.column, symbols)
    return values.of(e.operand, symbols)[:, k - 1 : k]


@value.register
def _(e: expr.Columns, values: _Values, symbols: Symbols) -> Any:
    return values.of(e.operand, symbols)[:, values.size(e.first, symbols) - 1 : values.size(e.last, symbols)]


@value.register
def _(e: Rows, values: _Values, symbols: Symbols) -> Any:
    return values.of(e.operand, symbols)[values.size(e.first, symbols) - 1 : values.size(e.last, symbols), :]


@value.register
def _(e: expr.WithoutBias, values: _Values, symbols: Symbols) -> Any:
    return values.of(e.operand, symbols)[:, :-1]


@value.register
def _(e: expr.ColumnAt, values: _Values, symbols: Symbols) -> Any:
    return values.of(e.vector, symbols) @ _unit(values, values.size(e.width, symbols), values.size(e.column, symbols))


@value.register
def _(e: Stacked, values: _Values, symbols: Symbols) -> Any:
    return values.peer.join([values.of(part, symbols) for part in e.parts], 0 if e.axis == "rows" else 1)


@value.register
def _(e: expr.Transpose, values: _Values, symbols: Symbols) -> Any:
    return values.of(e.operand, symbols).T


@value.register
def _(e: expr.Product, values: _Values, symbols: Symbols) -> Any:
    made = None
    front = None
    for factor in e.factors:
        found = values.of(factor, symbols)
        if tuple(found.shape) == (1, 1):
            front = found if front is None else front * found
        else:
            made = found if made is None else made @ found
    return front if made is None else made if front is None else made * front


@value.register
def _(e: expr.Hadamard, values: _Values, symbols: Symbols) -> Any:
    first, *rest = (values.of(factor, symbols) for factor in e.factors)
    for factor in rest:
        first = first * factor
    return first


@value.register
def _(e: expr.Sum, values: _Values, symbols: Symbols) -> Any:
    first, *rest = (values.of(term, symbols) for term in e.terms)
    for term in rest:
        first = first + term
    return first


@value.register
def _(e: expr.Negative, values: _Values, symbols: Symbols) -> Any:
    return -values.of(e.operand, symbols)


@value.register
def _(e: expr.Quotient | EntrywiseQuotient, values: _Values, symbols: Symbols) -> Any:
    return values.of(e.numerator, symbols) / values.of(e.denominator, symbols)


@value.register
def _(e: expr.Power, values: _Values, symbols: Symbols) -> Any:
    return _power(values.of(e.base, symbols), e.exponent)


@value.register
def _(e: EntrywisePower, values: _Values, symbols: Symbols) -> Any:
    return _power(values.of(e.operand, symbols), e.exponent)


def _power(base: Any, exponent: Any) -> Any:
    return base ** (int(exponent) if exponent.denominator == 1 else float(exponent))


@value.register
def _(e: expr.SquareRoot, values: _Values, symbols: Symbols) -> Any:
    return values.peer.functions["sqrt"](values.of(e.operand, symbols))


@value.register
def _(e: expr.Diagonal, values: _Values, symbols: Symbols) -> Any:
    column = values.of(e.operand, symbols)
    return values.peer.array(np.eye(len(column))) * column


@value.register
def _(e: DiagonalPart, values: _Values, symbols: Symbols) -> Any:
    made = _diagonal(e.operand, values, symbols)
    return made @ values.peer.array(np.ones((len(made), 1)))


@value.register
def _(e: Trace, values: _Values, symbols: Symbols) -> Any:
    return _total(_diagonal(e.operand, values, symbols), values)


def _diagonal(operand: Expr, values: _Values, symbols: Symbols) -> Any:
    """A square matrix with nothing beside its diagonal."""
    square = values.of(operand, symbols)
    return values.peer.array(np.eye(len(square))) * square


@value.register
def _(e: expr.Elementwise, values: _Values, symbols: Symbols) -> Any:
    if e.order:
        raise NotImplementedError(f"the derivative of {e.function} is not asked of a library")
    return values.peer.functions[e.function](values.of(e.operand, symbols))


@value.register
def _(e: expr.LayerMap, values: _Values, symbols: Symbols) -> Any:
    column = values.peer.functions[e.function](values.of(e.operand, symbols))
    return values.peer.join([column, _scalar(values, 1.0)], 0)


@value.register
def _(e: expr.Softmax, values: _Values, symbols: Symbols) -> Any:
    return values.peer.softmax(values.of(e.operand, symbols), _axis(e))


@value.register
def _(e: expr.LogSumExp, values: _Values, symbols: Symbols) -> Any:
    return values.peer.log_sum_exp(values.of(e.operand, symbols), _axis(e))


@value.register
def _(e: expr.Norm, values: _Values, symbols: Symbols) -> Any:
    operand = values.of(e.operand, symbols)
    assert e.kind in ("1", "F") or 1 in operand.shape, "a spectral norm"
    if e.kind == "1":
        return _total(values.peer.functions["abs"](operand), values)
    return values.peer.norm(operand)[None, None]


@value.register
def _(e: Pairwise, values: _Values, symbols: Symbols) -> Any:
    one, two = (values.of(part, symbols) for part in e.against)
    return (values.peer.maximum if e.kind == "max" else values.peer.minimum)(one, two)


@value.register
def _(e: expr.IndexedSum, values: _Values, symbols: Symbols) -> Any:
    ends = range(values.size(e.lower, symbols), values.size(e.upper, symbols) + 1)
    first, *rest = (values.of(e.body, {**symbols, e.index: i}) for i in ends)
    for term in rest:
        first = first + term
    return first
