"""Gradients beside SymPy's symbolic matrices and tensorgrad: time, steps that a person can read, right or not.

Right is decided by none of them: all are compared with complex steps at 50 digits. What is not differentiated, or is
left as a derivative or a sum over entries, is counted as no answer.
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
from benchmarks.comparison import Lines, differs, lines_of
from benchmarks.evaluation import Array, Forward, Key, by_complex_step, mp
from benchmarks.plan import Plan
from benchmarks.problems import FIRST, NUMBERS, PROBLEMS, Problem, sizes
from benchmarks.table import Row, duration
from benchmarks.timing import once
from symbackprop.asked import gradient_of
from symbackprop.given import variable_named
from symbackprop.topic import Topic


@dataclass(frozen=True)
class Answer:
    """What one of them makes of a problem.

    Attributes:
        seconds: from the loss as it is written to the gradient.
        steps: in words.
        verdict: right, WRONG, or why there is nothing to compare.
    """

    seconds: float
    steps: str
    verdict: str

    def __str__(self) -> str:
        return f"{duration(self.seconds)}, {self.steps}, {self.verdict}"


def beside(plan: Plan) -> Iterator[Row]:
    """A row for every problem."""
    peers = {"SymPy": _by_sympy}
    if _has_tensorgrad():
        peers["tensorgrad"] = _by_tensorgrad
    for ask in (_by_us, *peers.values()):
        ask(FIRST, _drawn(FIRST), _wanted(FIRST, _drawn(FIRST)))
    for name, problem in PROBLEMS.items():
        drawn = _drawn(problem)
        wanted = _wanted(problem, drawn)
        ours = _by_us(problem, drawn, wanted)
        theirs = {peer: ask(problem, drawn, wanted) for peer, ask in peers.items()}
        yield Row(
            "others",
            f"gradient of {name}",
            str(ours),
            "; ".join(f"{peer} {answer}" for peer, answer in theirs.items()),
            ok=ours.verdict == "right",
            ratio=ours.seconds / theirs["SymPy"].seconds,
            to="× SymPy's time",
            numbers={"ours": vars(ours), **{peer: vars(answer) for peer, answer in theirs.items()}},
        )
    if "tensorgrad" not in peers:
        yield Row("others", "the same problems by tensorgrad", "not installed")


def _has_tensorgrad() -> bool:
    return find_spec("tensorgrad") is not None and find_spec("torch") is not None


# --- a problem at a point ---------------------------------------------------------------------------------------------


def _drawn(problem: Problem) -> dict[str, Array]:
    return {name: _matrix(name, shape) for name, shape in problem.shapes.items()}


def _matrix(name: str, shape: str) -> Array:
    random = Random(name)
    made = np.empty([NUMBERS.get(size) or int(size) for size in sizes(shape)], dtype=object)
    for place in np.ndindex(*made.shape):
        # halves of whole numbers are exact for everyone
        made[place] = mp.mpf(random.randint(-5, 5)) / 2
    return made


def _network(problem: Problem) -> sb.Network:
    return sb.Network(*problem.before, f"L = {problem.loss}", shapes=problem.shapes)


def _wanted(problem: Problem, drawn: dict[str, Array]) -> Array:
    """The gradient by complex steps."""
    by, extent = variable_named(problem.by), drawn[problem.by].shape
    return by_complex_step(_network(problem).equations, _leaves(drawn), NUMBERS, (by.name, None), extent)


def _leaves(drawn: dict[str, Array]) -> Callable[[Key], Array]:
    """The values by the names that variables have in a tree: ŷ is called yhat there."""
    by_name = {variable_named(name).name: value for name, value in drawn.items()}
    return lambda key: by_name[key[0]]


def _verdict(found: Array, wanted: Array) -> str:
    if found.shape != wanted.shape and found.T.shape == wanted.shape:
        return "right, transposed" if differs(found.T, wanted) is None else "WRONG"
    return "right" if differs(found, wanted) is None else "WRONG"


def _asked(work: Callable[[], Any]) -> tuple[float, Any]:
    """What comes out, or why nothing does, and how long it took."""
    made: list[Any] = []

    def tried() -> None:
        try:
            made.append(work())
        except Exception as error:
            made.append(error)

    return once(tried).seconds, made[0]


def _nothing(error: Exception) -> str:
    return f"no answer ({type(error).__name__})"


# --- ours -------------------------------------------------------------------------------------------------------------


def _by_us(problem: Problem, drawn: dict[str, Array], wanted: Array) -> Answer:
    def work() -> Topic:
        return gradient_of(variable_named(problem.by), _network(problem))

    seconds, topic = _asked(work)
    if isinstance(topic, Exception):
        return Answer(seconds, _counted(0), _nothing(topic))
    forward = Forward(topic.network.equations, _leaves(drawn), NUMBERS)
    found = Lines(lines_of(topic.derivations), forward).values.of(topic.result, {})
    return Answer(seconds, _counted(sum(len(each.steps) for each in topic.derivations)), _verdict(found, wanted))


def _counted(count: int, what: str = "step") -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


# --- SymPy ------------------------------------------------------------------------------------------------------------


def _by_sympy(problem: Problem, drawn: dict[str, Array], wanted: Array) -> Answer:
    def work() -> Any:
        symbols = _symbols(problem, lambda size: 1 if size == "1" else sympy.Symbol(size, integer=True, positive=True))
        return sympy.diff(problem.sympy(symbols), symbols[problem.by])

    seconds, answer = _asked(work)
    return Answer(seconds, _counted(0), _sympy_verdict(answer, problem, drawn, wanted))


def _symbols(problem: Problem, size: Callable[[str], Any]) -> dict[str, Any]:
    return {name: sympy.MatrixSymbol(name, *map(size, sizes(shape))) for name, shape in problem.shapes.items()}


def _sympy_verdict(answer: Any, problem: Problem, drawn: dict[str, Array], wanted: Array) -> str:
    """Whether SymPy's answer has the right values; or why it is none."""
    if isinstance(answer, Exception):
        return _nothing(answer)
    if answer.has(sympy.Derivative):
        return "no answer (left as a derivative)"
    try:
        found = _sympy_numbers(answer, problem, drawn)
    except Exception as error:
        return f"no value ({type(error).__name__})"
    # a number is no matrix; 0 may stand for one
    return _verdict(np.full(wanted.shape, found, dtype=object) if found.shape == () else found, wanted)


def _sympy_numbers(answer: Any, problem: Problem, drawn: dict[str, Array]) -> Array:
    numbers = {sympy.Symbol(name, integer=True, positive=True): value for name, value in NUMBERS.items()}
    whole = answer.subs(numbers)
    for name, symbol in _symbols(problem, lambda size: NUMBERS.get(size) or int(size)).items():
        exact = sympy.ImmutableMatrix(*drawn[name].shape, [sympy.Rational(str(float(v))) for v in drawn[name].flat])
        whole = whole.subs(symbol, exact)
    done = whole.doit()
    found = done.as_explicit() if hasattr(done, "as_explicit") else done
    if not hasattr(found, "shape"):
        return np.array(mp.mpf(str(sympy.N(found, 70))), dtype=object)
    # an array of four axes, two of them of length 1, is a matrix
    longer = [size for size in found.shape if size > 1]
    extent = found.shape if len(found.shape) == 2 else (*longer, 1, 1)[:2]
    entries = [mp.mpf(str(sympy.N(entry, 70))) for entry in sympy.flatten(found)]
    return np.array(entries, dtype=object).reshape(extent)


# --- tensorgrad -------------------------------------------------------------------------------------------------------


def _by_tensorgrad(problem: Problem, drawn: dict[str, Array], wanted: Array) -> Answer:
    import tensorgrad as tg
    from tensorgrad import functions

    from benchmarks import tensors

    edges = {name: tuple(size for size in sizes(shape) if size != "1") for name, shape in problem.shapes.items()}

    def loss() -> tuple[Any, Any]:
        variables = tensors.variables(edges)
        return problem.tensorgrad(variables, functions, tg), variables[problem.by]

    seconds, answer = _asked(lambda: tensors.gradient(*loss()))
    if isinstance(answer, Exception):
        return Answer(seconds, "no diagram", _nothing(answer))
    _, count = _asked(lambda: tensors.steps(*loss()))
    steps = "no diagram" if isinstance(count, Exception) else _counted(count, "diagram")
    try:
        found = tensors.numbers(answer, loss()[1], drawn, NUMBERS).reshape(wanted.shape)
    except Exception as error:
        return Answer(seconds, steps, f"no value ({type(error).__name__})")
    return Answer(seconds, steps, _verdict(found, wanted))
