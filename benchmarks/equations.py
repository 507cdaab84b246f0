"""The time of all gradients of a network of many equations: layers of `W z + b` and of tanh in turn."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import partial

from benchmarks.plan import Plan
from benchmarks.table import Row, duration, within
from benchmarks.timing import once
from symbackprop.asked import all_gradients
from symbackprop.dims import ONE, Dim, index
from symbackprop.equations import Equation
from symbackprop.expr import LOSS, Elementwise, Expr, Named, Norm, Power, Variable, number
from symbackprop.forward import ForwardNetwork

# seconds for 200 equations
LIMIT = 1.0
MOST = 200


def network_of(count: int) -> ForwardNetwork:
    """`count` equations, every size another letter."""
    shapes: dict[Variable, tuple[Dim, Dim]] = {Named("x"): (index("n0"), ONE)}
    equations: list[Equation] = []
    before, size = Named("x"), index("n0")
    for i in range(1, count):
        made = Named(f"z{i}")
        right: Expr
        if i % 2:
            rows = index(f"n{i}")
            W, b = Named(f"W{i}"), Named(f"b{i}")
            shapes |= {W: (rows, size), b: (rows, ONE)}
            right, size = W @ before + b, rows
        else:
            right = Elementwise("tanh", before)
        shapes[made] = (size, ONE)
        equations.append(Equation(made, right))
        before = made
    y = Named("y")
    shapes[y] = (size, ONE)
    loss = number(Fraction(1, 2)) @ Power(Norm(before - y), Fraction(2))
    return ForwardNetwork([*equations, Equation(LOSS, loss)], shapes)


def linear(plan: Plan) -> Iterator[Row]:
    """All gradients, at growing numbers of equations."""
    all_gradients(network_of(4))
    for count in plan.equations:
        network = network_of(count)
        taken = once(partial(all_gradients, network))
        figure = f"{count} equations: all gradients"
        beside = f"CPU {duration(taken.cpu)}, {duration(taken.cpu / count)} an equation"
        if count == MOST:
            yield within("equations", figure, taken.seconds, LIMIT, beside, equations=count)
        else:
            numbers = {"seconds": taken.seconds, "cpu": taken.cpu, "equations": count}
            yield Row("equations", figure, duration(taken.seconds), beside, numbers=numbers)
