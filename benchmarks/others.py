"""Gradients by a matrix or a vector beside SymPy's symbolic matrices: time, steps that a person can read, right or not.

Only what runs is in the table. Right is decided by neither: both are compared with complex steps at 50 digits.
What SymPy does not differentiate, or leaves as a derivative or a sum over entries, is counted as no answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from random import Random
from typing import Any

import numpy as np
import sympy

import symbackprop as sb
from benchmarks.comparison import differs
from benchmarks.evaluation import Array, Forward, Values, by_complex_step, mp
from benchmarks.plan import Plan
from benchmarks.table import Row, duration
from benchmarks.timing import once
from symbackprop.asked import gradient_of
from symbackprop.expr import Named

NUMBERS = {"n": 2, "m": 3, "p": 4}


@dataclass(frozen=True)
class Problem:
    """A loss and a variable.

    Attributes:
        loss: as LaTeX, for us.
        by: the name of the variable.
        shapes: of all.
        theirs: the same loss in SymPy, of symbols by name.
    """

    loss: str
    by: str
    shapes: dict[str, str]
    theirs: Callable[[dict[str, Any]], Any]


PROBLEMS = {
    "aᵀ X b": Problem(r"a^\top X b", "X", {"a": "m", "b": "n", "X": "m x n"}, lambda v: v["a"].T * v["X"] * v["b"]),
    "xᵀ B x": Problem(r"x^\top B x", "x", {"B": "n x n", "x": "n"}, lambda v: v["x"].T * v["B"] * v["x"]),
    "tr(A X B)": Problem(
        r"\operatorname{tr}(A X B)",
        "X",
        {"A": "p x m", "X": "m x n", "B": "n x p"},
        lambda v: sympy.Trace(v["A"] * v["X"] * v["B"]),
    ),
    "tr(XᵀX)": Problem(r"\operatorname{tr}(X^\top X)", "X", {"X": "m x n"}, lambda v: sympy.Trace(v["X"].T * v["X"])),
    "‖W x - y‖², by W": Problem(
        r"\|W x - y\|^2",
        "W",
        {"W": "m x n", "x": "n", "y": "m"},
        lambda v: (v["W"] * v["x"] - v["y"]).T * (v["W"] * v["x"] - v["y"]),
    ),
    "1ᵀ tanh(W x), by W": Problem(
        r"\mathbf{1}^\top \tanh(W x)",
        "W",
        {"W": "m x n", "x": "n"},
        lambda v: sympy.OneMatrix(1, v["W"].rows) * (v["W"] * v["x"]).applyfunc(sympy.tanh),
    ),
    "1ᵀ tanh(V tanh(W x)), by W": Problem(
        r"\mathbf{1}^\top \tanh(V \tanh(W x))",
        "W",
        {"W": "m x n", "V": "p x m", "x": "n"},
        lambda v: (
            sympy.OneMatrix(1, v["V"].rows) * (v["V"] * (v["W"] * v["x"]).applyfunc(sympy.tanh)).applyfunc(sympy.tanh)
        ),
    ),
}


def _sizes(shape: str) -> tuple[str, str]:
    rows, _, columns = shape.partition(" x ")
    return rows, columns or "1"


def beside(plan: Plan) -> Iterator[Row]:
    """A row for every problem."""
    for name, problem in PROBLEMS.items():
        yield _row(name, problem)
    if find_spec("tensorgrad") is None:
        yield Row("others", "the same problems by tensorgrad", "not installed")


def _row(name: str, problem: Problem) -> Row:
    network = sb.Network(f"L = {problem.loss}", shapes=problem.shapes)
    drawn = {key: _drawn(key, shape) for key, shape in problem.shapes.items()}
    extent = drawn[problem.by].shape
    sizes = {size: NUMBERS[size] for size in network.sizes}
    wanted = by_complex_step(network.equations, lambda key: drawn[key[0]], sizes, (problem.by, None), extent)

    topics: list[Any] = []
    ours = once(lambda: topics.append(gradient_of(Named(problem.by), network)))
    steps = len(topics[0].steps)
    values = Values(Forward(network.equations, lambda key: drawn[key[0]], sizes).variable, _none, sizes)
    our_words = "right" if differs(values.of(topics[0].result, {}), wanted) is None else "WRONG"

    made: list[Any] = []
    theirs = once(lambda: made.append(_theirs(problem)))
    their_words = _verdict(made[0], problem, drawn, wanted)
    return Row(
        "others",
        f"gradient of {name}",
        f"{duration(ours.seconds)}, {steps} steps, {our_words}",
        f"SymPy {duration(theirs.seconds)}, no steps, {their_words}",
        ok=our_words == "right",
        ratio=ours.seconds / theirs.seconds,
        to="× SymPy's time",
        numbers={"ours": ours.seconds, "theirs": theirs.seconds, "steps": steps, "sympy": their_words},
    )


def _none(*_: object) -> Array:
    raise LookupError("a gradient that is written out has no other in it")


def _drawn(key: str, shape: str) -> Array:
    random = Random(key)
    rows, columns = (NUMBERS.get(size) or int(size) for size in _sizes(shape))
    made = np.empty((rows, columns), dtype=object)
    for place in np.ndindex(rows, columns):
        # halves of whole numbers are exact for both
        made[place] = mp.mpf(random.randint(-5, 5)) / 2
    return made


def _theirs(problem: Problem) -> Any:
    symbols = _symbols(problem, lambda size: 1 if size == "1" else sympy.Symbol(size, integer=True, positive=True))
    try:
        return sympy.diff(problem.theirs(symbols), symbols[problem.by])
    except Exception as error:
        return error


def _symbols(problem: Problem, size: Callable[[str], Any]) -> dict[str, Any]:
    return {name: sympy.MatrixSymbol(name, *map(size, _sizes(shape))) for name, shape in problem.shapes.items()}


def _verdict(answer: Any, problem: Problem, drawn: dict[str, Array], wanted: Array) -> str:
    """Whether SymPy's answer has the right values; or why it is none."""
    if isinstance(answer, Exception):
        return f"no answer ({type(answer).__name__})"
    if answer.has(sympy.Derivative):
        return "no answer (left as a derivative)"
    numbers = {sympy.Symbol(name, integer=True, positive=True): value for name, value in NUMBERS.items()}
    try:
        whole = answer.subs(numbers)
        for name, symbol in _symbols(problem, lambda size: NUMBERS.get(size) or int(size)).items():
            exact = sympy.ImmutableMatrix(*drawn[name].shape, [sympy.Rational(str(float(v))) for v in drawn[name].flat])
            whole = whole.subs(symbol, exact)
        done = whole.doit()
        found = done.as_explicit() if hasattr(done, "as_explicit") else done
        # an array of four axes, two of them of length 1, is a matrix
        longer = [size for size in found.shape if size > 1]
        extent = found.shape if len(found.shape) == 2 else (*longer, 1, 1)[:2]
        entries = [mp.mpf(str(sympy.N(entry, 70))) for entry in sympy.flatten(found)]
        values = np.array(entries, dtype=object).reshape(extent)
    except Exception as error:
        return f"no value ({type(error).__name__})"
    if values.shape == wanted.shape:
        return "right" if differs(values, wanted) is None else "WRONG"
    return "right, transposed" if differs(values.T, wanted) is None else "WRONG"
