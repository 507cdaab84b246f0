"""Beside ours, SymPy: the explicit network of width 3, differentiated entry by entry."""

from __future__ import annotations

from collections.abc import Iterator

import sympy
from sympy.core.cache import clear_cache

from benchmarks.plan import Plan
from benchmarks.table import Row, digits, duration
from benchmarks.timing import once, repeated
from symbackprop.expr import IndexedProduct, Product
from symbackprop.library import derive
from symbackprop.network import MLP
from symbackprop.tree import subterms

WIDTH = 3


def blow_up(plan: Plan) -> Iterator[Row]:
    """∂L/∂W_0 by SymPy at growing depths: time and operations, beside the time and size of our derivation."""
    derive("weight_gradient", MLP(depth=1))
    yield from (at_depth(depth, plan) for depth in plan.explicit)


def at_depth(depth: int, plan: Plan) -> Row:
    """One depth: a network that takes seconds is differentiated once."""
    network = MLP(depth=depth, activation="tanh", loss="squared_error", bias="none")
    explicit = network.to_sympy([WIDTH] * (depth + 2))
    clear_cache()
    made: list[sympy.Expr] = []
    theirs = once(lambda: made.extend(sympy.diff(explicit.loss, w) for w in explicit.weights[0]))
    each = [int(sympy.count_ops(entry)) for entry in made]
    ours = repeated(lambda: derive("weight_gradient", network), plan.slow)
    nodes = size_written_out(network)
    return Row(
        "sympy",
        f"SymPy, depth {depth}, width {WIDTH}: all of ∂L/∂W_0",
        f"{duration(theirs.seconds)}, {sum(each):,} operations",
        f"ours {duration(ours.seconds)}, {nodes} nodes",
        ratio=theirs.seconds / ours.seconds,
        to=f"× our time, {digits(sum(each) / nodes)} × our size",
        numbers={
            "seconds": theirs.seconds,
            "operations": sum(each),
            "one_entry": each[0],
            "ours": ours.seconds,
            "nodes": nodes,
        },
    )


def size_written_out(network: MLP) -> int:
    """Nodes of the closed form, every factor of the product written out and the loss generic."""
    plain = MLP(depth=network.depth, bias=network.bias)
    lines = derive("weight_gradient", plain).lines
    last = next(
        line
        for line in reversed(lines)
        if isinstance(line, Product) and not any(isinstance(f, IndexedProduct) for f in line.factors)
    )
    return sum(1 for _ in subterms(last))
