"""Who else computes all gradients of a tanh network with squared loss, each in the way its own documentation shows.

A peer is loaded where it is installed and nothing depends on it. Each runs on one thread. `load` takes the arrays over
before the clock starts; what it gives compiles when it is called, where the peer compiles, and gives the call that is
timed. That call gives `[∂L/∂W_0, …]`, arrays of its own or what NumPy makes arrays of.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Any

Array = Any
Work = Callable[[], Any]
# weights, input and target to what compiles, and that to what is timed
Load = Callable[[list[Array], Array, Array], Callable[[], Work]]


@dataclass(frozen=True)
class Peer:
    """Another way to the same gradients.

    Attributes:
        load: takes weights, input and target.
        packages: modules that must be there; install: what to tell pip.
        limit: seconds until the first answer, after which it is not waited for.
        is_compiled: whether something is made before it can run.
        single: whether it takes one example only.
    """

    load: Load
    packages: tuple[str, ...]
    install: str
    limit: float = 60.0
    is_compiled: bool = False
    single: bool = False

    @property
    def is_installed(self) -> bool:
        return all(find_spec(package) is not None for package in self.packages)


def _loss(W: list[Any], x: Any, y: Any, tanh: Callable[[Any], Any]) -> Any:
    """The loss as a user of the peer writes it."""
    h = x
    for w in W[:-1]:
        h = tanh(w @ h)
    residual = W[-1] @ h - y
    return (residual * residual).sum()


def _hips(W: list[Array], x: Array, y: Array) -> Callable[[], Work]:
    import autograd
    from autograd import numpy as traced

    def start() -> Work:
        derived = autograd.value_and_grad(lambda weights: _loss(weights, x, y, traced.tanh))
        return lambda: derived(W)[1]

    return start


# --- PyTorch ---------------------------------------------------------------------------------------------------------


@cache
def _torch() -> Any:
    """PyTorch on one thread; what it compiles goes to a folder of this run, so that none of it is there already."""
    folder = tempfile.mkdtemp(prefix="symbackprop-inductor-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = folder
    os.environ["TORCHINDUCTOR_COMPILE_THREADS"] = "1"
    import torch

    torch.set_num_threads(1)
    return torch


def _tensors(W: list[Array], x: Array, y: Array) -> tuple[list[Any], Any, Any]:
    torch = _torch()
    return [torch.from_numpy(w).requires_grad_() for w in W], torch.from_numpy(x), torch.from_numpy(y)


def _eager(W: list[Array], x: Array, y: Array) -> Callable[[], Work]:
    torch, (weights, tx, ty) = _torch(), _tensors(W, x, y)
    return lambda: lambda: torch.autograd.grad(_loss(weights, tx, ty, torch.tanh), weights)


@cache
def _first_compiled() -> None:
    """Some seconds that only the first one takes, with what it imports and asks its compiler."""
    torch = _torch()
    torch.compile(lambda z: torch.tanh(z) + 1)(torch.ones(8))


def _inductor(W: list[Array], x: Array, y: Array) -> Callable[[], Work]:
    torch, (weights, tx, ty) = _torch(), _tensors(W, x, y)

    _first_compiled()

    def start() -> Work:
        # it keeps a few versions of one function, and then gives up: every cell starts anew
        torch._dynamo.reset()
        compiled = torch.compile(_loss, dynamic=False)
        return lambda: torch.autograd.grad(compiled(weights, tx, ty, torch.tanh), weights)

    return start


# --- the others ------------------------------------------------------------------------------------------------------


@cache
def _jax_on_one_thread() -> Any:
    # read when it is loaded
    one = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {one}".strip()
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    import jax

    # numbers stay what they are: float32 is kept, float64 allowed
    jax.config.update("jax_enable_x64", True)
    return jax


def _jax(W: list[Array], x: Array, y: Array) -> Callable[[], Work]:
    jax = _jax_on_one_thread()
    weights, jx, jy = jax.block_until_ready(([jax.numpy.asarray(w) for w in W], *map(jax.numpy.asarray, (x, y))))

    def start() -> Work:
        jax.clear_caches()
        compiled = jax.jit(jax.value_and_grad(lambda *given: _loss(*given, jax.numpy.tanh)))
        return lambda: jax.block_until_ready(compiled(weights, jx, jy))[1]

    return start


def _sympy(W: list[Array], x: Array, y: Array) -> Callable[[], Work]:
    """The explicit network differentiated entry by entry, all of them one function with subexpressions shared."""
    import numpy as np
    import sympy

    from symbackprop.network import MLP

    def start() -> Work:
        widths = [len(x), *(len(w) for w in W)]
        network = MLP(widths=widths, activation="tanh", loss="squared_error", bias="none").to_sympy(widths)
        entries = [entry for matrix in network.weights for entry in matrix]
        slopes = [sympy.diff(network.loss, entry) for entry in entries]
        given = [tuple(entries), tuple(network.x), tuple(network.y)]
        compiled = sympy.lambdify(given, slopes, "numpy", cse=True)
        ends = np.cumsum([w.size for w in W])[:-1]

        def work() -> Any:
            weights = np.concatenate([w.ravel() for w in W])
            made = np.array(compiled(weights, x[:, 0], y[:, 0]), dtype=x.dtype)
            return [part.reshape(w.shape) for part, w in zip(np.split(made, ends), W, strict=True)]

        return work

    return start


def _tensorgrad(W: list[Array], x: Array, y: Array) -> Callable[[], Work]:
    """The code it generates, called directly: around it stand named tensors, which PyTorch no longer has."""
    torch, last = _torch(), len(W) - 1
    import tensorgrad as tg
    from tensorgrad.compiler import compile_to_callable
    from tensorgrad.functions import frobenius2, tanh

    arrays = {f"W{l}": torch.from_numpy(w) for l, w in enumerate(W)}
    arrays |= {"x": torch.from_numpy(x), "y": torch.from_numpy(y)}

    def start() -> Work:
        batch, *sizes = tg.symbols(" ".join(["batch", *(f"n{l}" for l in range(last + 2))]))
        weights = [tg.Variable(f"W{l}", **{f"a{l + 1}": sizes[l + 1], f"a{l}": sizes[l]}) for l in range(last + 1)]
        given = tg.Variable("x", a0=sizes[0], batch=batch)
        target = tg.Variable("y", **{f"a{last + 1}": sizes[-1], "batch": batch})
        loss = _loss_of_diagrams(weights, given, target, tanh, frobenius2)
        program = compile_to_callable(*(tg.Derivative(loss, w) for w in weights))
        extents = dict(zip(sizes, [len(x), *(len(w) for w in W)], strict=True)) | {batch: x.shape[1]}
        generated = program.codegen.specialize(extents, dtype=arrays["x"].dtype, for_inductor=False)
        ordered = [arrays[variable.name] for variable in program.vars]
        orders = [order for order, _ in program._wrap_plans]

        def work() -> Any:
            with torch.no_grad():
                made = generated(*ordered)
            return [one if order is None else one.permute(order) for one, order in zip(made, orders, strict=True)]

        return work

    return start


def _loss_of_diagrams(weights: list[Any], x: Any, y: Any, tanh: Any, norm: Any) -> Any:
    h = x
    for w in weights[:-1]:
        h = tanh(w @ h)
    return norm(weights[-1] @ h - y)


# by the names that their columns have
PEERS: dict[str, Peer] = {
    "HIPS autograd": Peer(_hips, ("autograd",), "autograd"),
    "PyTorch eager": Peer(_eager, ("torch",), "torch"),
    "PyTorch compiled": Peer(_inductor, ("torch",), "torch", limit=60.0, is_compiled=True),
    "JAX jit": Peer(_jax, ("jax",), "jax", limit=20.0, is_compiled=True),
    "SymPy": Peer(_sympy, ("sympy",), "sympy", limit=10.0, is_compiled=True, single=True),
    "tensorgrad": Peer(_tensorgrad, ("tensorgrad", "torch"), "tensorgrad torch", limit=10.0, is_compiled=True),
}
