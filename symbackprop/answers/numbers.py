"""A number as an answer: rounded, so right within a tolerance that the question states."""

from __future__ import annotations

from typing import Any

from symbackprop.answers.comparing import DIFFERENT, EQUAL, OPEN, Compared
from symbackprop.answers.question import Question
from symbackprop.answers.verdict import Certificate, Witness
from symbackprop.answers.witness import shown
from symbackprop.errors import SymbackpropError
from symbackprop.expr import Expr, Partial, Variable
from symbackprop.tree import subterms

# of two points: data that are given are the same at both
SEEDS = (0, 1)
# how far rounding may put a value off, relative to the largest number met on the way
ROUNDING = 1e-12


def is_number(e: Expr) -> bool:
    """Whether it is made of numbers alone."""
    return not any(isinstance(part, Variable | Partial) for _, part in subterms(e))


def compare_numbers(right: Expr, answer: Expr, question: Question) -> Compared:
    """Whether numbers are within the tolerance of what they should be, at the data that are given.

    Args:
        right: what is asked for.
        answer: of which `is_number` holds.
    """
    tolerance = question.tolerance or 0.0
    try:
        (value, peak), (other, _) = (_value(right, question, seed) for seed in SEEDS)
        given, _ = _value(answer, question, SEEDS[0])
    except (SymbackpropError, ArithmeticError) as error:
        return Compared(OPEN, f"its value cannot be computed: {error}")
    if abs(value - other).max() > ROUNDING * peak:
        return Compared(DIFFERENT, "it is a number, and what is asked for depends on quantities that have none")
    doubt = ROUNDING * max(peak, abs(given).max())
    sizes = abs(value)
    # an entry that is 0 is measured by the largest
    sizes[sizes <= doubt] = sizes.max()
    excess = abs(value - given) - tolerance * sizes
    worst = excess.argmax()
    off, allowed = float(abs(value - given).flat[worst]), float(tolerance * sizes.flat[worst])
    if excess.flat[worst] <= -doubt:
        return Compared(EQUAL, f"within {tolerance:g} of the right value", certificate=_certificate())
    if excess.flat[worst] > doubt:
        where = "the data that are given"
        witness = Witness((), SEEDS[0], shown(value), shown(given), where)
        return Compared(DIFFERENT, f"it is off by {off:.3g}, and {allowed:.3g} is allowed", witness=witness)
    return Compared(OPEN, f"it is off by {off:.17g}, too near to the {allowed:.17g} allowed to tell")


def _certificate() -> Certificate:
    return Certificate((), 1, (), (), "unrolled", 0.0)


def _value(e: Expr, question: Question, seed: int) -> tuple[Any, float]:
    """The value at a point, and the largest number met on the way."""
    # NumPy is imported where numbers are wanted, and not before
    from symbackprop.judges.floats import Missing, NotNumeric, Point
    from symbackprop.judges.steps import evaluate

    point = Point(question.network, seed)
    symbols: dict[str, int] = {}
    try:
        value = evaluate(e, point, symbols)
    except (Missing, NotNumeric) as reason:
        raise SymbackpropError(str(reason)) from None
    return value, max(point.peak, 1.0)
