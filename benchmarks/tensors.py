"""tensorgrad's gradients, where it is installed: its steps, and its answers as numbers with 50 digits.

Its own evaluation needs the named tensors that PyTorch no longer has, and has 16 digits. Its trees are read here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import singledispatch
from typing import Any

import numpy as np
import tensorgrad as tg
from tensorgrad.compiler.affine import Affine
from tensorgrad.extras.to_diagram import simplify_trace
from tensorgrad.tensor import Rename

from benchmarks.evaluation import Array, mp

FUNCTIONS: dict[str, Callable[[Any], Any]] = {"exp": mp.exp, "log": mp.log, "tanh": mp.tanh}


def variables(shapes: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    """A variable for each name; its edges are named as their sizes, a second one of a size with a stroke."""
    made = {}
    for name, sizes in shapes.items():
        edges = {size + "_" * sizes[:place].count(size): tg.symbols(size) for place, size in enumerate(sizes)}
        made[name] = tg.Variable(name, **edges)
    return made


def gradient(loss: Any, by: Any) -> Any:
    """The derivative with nothing left to differentiate."""
    return tg.Derivative(loss, by).full_simplify()


def steps(loss: Any, by: Any) -> int:
    """The steps from one diagram to the next, as its own trace has them: one derivative at a time."""
    return len(simplify_trace(tg.Derivative(loss, by)).transitions)


def numbers(answer: Any, by: Any, drawn: Mapping[str, Array], sizes: Mapping[str, int]) -> Array:
    """The value of an answer, its axes in the order of the variable's.

    Args:
        drawn: the values of the variables, a matrix each.
    """
    made = value(answer, _Point(drawn, sizes))
    # a derivative by an edge of the variable has the edge's name: the loss has no edges
    return _in_order(made, list(answer.edges), list(by.edges))


@dataclass(frozen=True)
class _Point:
    drawn: Mapping[str, Array]
    sizes: Mapping[str, int]

    def extent(self, size: Any) -> int:
        return self.sizes[str(size)]


def _in_order(array: Array, edges: list[str], wanted: list[str]) -> Array:
    # of a single number NumPy makes no array of itself
    return np.asarray(np.transpose(array, [edges.index(edge) for edge in wanted]), dtype=object)


def _number(weight: Any) -> Any:
    return mp.mpf(weight.numerator) / weight.denominator if isinstance(weight, (int, Fraction)) else mp.mpf(weight)


@singledispatch
def value(t: Any, at: _Point) -> Array:
    """The value of a tensor, its axes in the order of its edges."""
    raise LookupError(f"{type(t).__name__} has no value here")


@value.register
def _(t: tg.Variable, at: _Point) -> Array:
    drawn = at.drawn[t.name]
    return drawn.reshape([at.extent(size) for size in t.shape.values()])


@value.register
def _(t: Rename, at: _Point) -> Array:
    return value(t.tensor, at)


@value.register
def _(t: tg.Delta, at: _Point) -> Array:
    size = at.extent(t.size)
    made = np.full([size] * t.order, mp.mpf(0), dtype=object)
    for i in range(size):
        made[(i,) * t.order] = mp.mpf(1)
    # without edges it is its size
    return made if t.order else np.array(mp.mpf(size), dtype=object)


@value.register
def _(t: tg.Zero, at: _Point) -> Array:
    return np.full([at.extent(size) for size in t.shape.values()], mp.mpf(0), dtype=object)


@value.register
def _(t: Affine, at: _Point) -> Array:
    made = np.full([at.extent(size) for size in t.shape.values()], mp.mpf(0), dtype=object)
    for place in np.ndindex(*made.shape):
        index = dict(zip(t.edges, place, strict=True))
        holds = (sum(c * index[edge] for edge, c in row.items()) == const.subs(at.sizes) for row, const in t.rows)
        made[place] = mp.mpf(all(holds))
    return made


@value.register
def _(t: tg.Product, at: _Point) -> Array:
    made: Array = np.array(mp.mpf(1), dtype=object)
    edges: list[str] = []
    for factor in t.factors:
        # an edge belongs to two factors at most: what both have is summed over
        more = list(factor.edges)
        left = [e for e in edges if e not in more] + [e for e in more if e not in edges]
        axes = {e: i for i, e in enumerate({*edges, *more})}
        both = (made, [axes[e] for e in edges], value(factor, at), [axes[e] for e in more])
        made = np.asarray(np.einsum(*both, [axes[e] for e in left]), dtype=object)
        edges = left
    return _in_order(made, edges, list(t.edges))


@value.register
def _(t: tg.Sum, at: _Point) -> Array:
    terms = [_in_order(value(term, at), list(term.edges), list(t.edges)) for term in t.terms]
    made = sum(_number(weight) * term for weight, term in zip(t.weights, terms, strict=True))
    return np.asarray(made, dtype=object)


@value.register
def _(t: tg.Function, at: _Point) -> Array:
    signature = t.signature
    if signature.edges or len(t.inputs) != 1 or signature.inputs[0]:
        raise LookupError(f"{signature.name} has no value here")
    exponent = getattr(signature, "k", None)
    made = _in_order(value(t.inputs[0], at), list(t.inputs[0].edges), list(t.edges))
    function = FUNCTIONS[signature.name] if exponent is None else lambda z: z ** _number(exponent)
    return np.asarray(np.frompyfunc(function, 1, 1)(made), dtype=object)
