"""Right formulas for what is asked: the lines of derivations of which the kernel has proved every step so far."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from symbackprop.answers.question import PARTS, Question
from symbackprop.derivation import Derivation
from symbackprop.errors import SymbackpropError
from symbackprop.expr import LOSS, Expr, Partial, Variable
from symbackprop.judges import kernel
from symbackprop.judges.outcome import Proved
from symbackprop.network import MLP

# derivations of the lecture by what they start from
NAMED = (
    "weight_gradient",
    "layer_weight_gradient",
    "weight_matrix",
    "weight_row",
    "bias",
    "input",
    "hidden",
    "preactivation",
    "last_hidden",
)


STYLES = ("jacobian", "hadamard")


def references(head: Expr, question: Question) -> tuple[Expr, ...]:
    """Formulas that are equal to a quantity for every size and depth, the quantity itself first, the longest way last.

    There are none but itself where no derivation is about it.
    """
    return question.network.kept(("references", head), lambda: tuple(dict.fromkeys((head, *_lines(head, question)))))


def closed(head: Expr, question: Question) -> Expr | None:
    """A derivative as a formula with no derivative in it that the network has an equation for; None without one."""
    last = references(head, question)[-1]
    return None if last == head else last


def _lines(head: Expr, question: Question) -> Iterator[Expr]:
    if not isinstance(head, Partial) or head.of != LOSS or head.numerator:
        return
    for derivation in _derivations(head, question):
        if derivation.start == head:
            yield from _proved(derivation)


def _derivations(head: Partial, question: Question) -> Iterator[Derivation]:
    from symbackprop.asked import gradient_of
    from symbackprop.library import derive

    network = question.network
    if isinstance(network, MLP):
        for name in NAMED:
            for style in STYLES:
                try:
                    made = derive(name, network, style=style)
                except SymbackpropError:
                    continue
                if isinstance(made, Derivation) and made.start == head:
                    yield made
    wrt = head.wrt
    variable = wrt
    while isinstance(variable, PARTS):
        variable = variable.operand
    if not isinstance(variable, Variable):
        return
    for asked, style in product(dict.fromkeys((wrt, variable)), STYLES):
        try:
            yield from gradient_of(asked, network, style).derivations
        except SymbackpropError:
            continue


def _proved(derivation: Derivation) -> Iterator[Expr]:
    """The lines up to the first step that the kernel does not prove."""
    for step in derivation.steps:
        if step.relation != "=" or not isinstance(kernel.judge(step, derivation), Proved):
            return
        yield step.after
