"""Right formulas for what is asked: the lines of derivations of which the kernel has proved every step so far."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from itertools import chain, product

from symbackprop.answers.question import PARTS, Question
from symbackprop.derivation import Derivation
from symbackprop.dims import Dim, at_most, dim
from symbackprop.equations import Network
from symbackprop.errors import SymbackpropError
from symbackprop.expr import (
    LOSS,
    Bias,
    Column,
    Expr,
    Hidden,
    Partial,
    PreActivation,
    Transpose,
    Variable,
    Weight,
)
from symbackprop.judges import kernel
from symbackprop.judges.outcome import Proved
from symbackprop.network import MLP
from symbackprop.orientation import oriented
from symbackprop.substitution import substitute

# derivations of the lecture, and what the gradients are by that they start from
NAMED: Mapping[str, tuple[type[Expr], ...]] = {
    "weight_gradient": (Transpose,),
    "layer_weight_gradient": (Transpose,),
    "weight_matrix": (Weight,),
    "weight_row": (Transpose,),
    "bias": (Bias, Column),
    "input": (Hidden,),
    "last_hidden": (Hidden,),
}
STYLES = ("jacobian", "hadamard")


def references(head: Expr, question: Question) -> tuple[Expr, ...]:
    """Formulas that are equal to a quantity for every size and depth, the quantity itself first, the longest way last.

    There are none but itself where no derivation is about it.
    """
    key = ("references", head, frozenset(question.known.items()))
    return question.network.kept(key, lambda: tuple(dict.fromkeys((head, *chain.from_iterable(_ways(head, question))))))


def is_reference(formula: Expr, head: Expr, question: Question) -> bool:
    """Whether a formula is one of the references of a quantity, with no more derivations made than it takes to see."""
    return formula == head or any(formula in lines for lines in _ways(head, question))


def closed(head: Expr, question: Question) -> Expr | None:
    """A derivative as a formula with no derivative in it that the network has an equation for; None without one."""
    last = references(head, question)[-1]
    return None if last == head else last


def _ways(head: Expr, question: Question) -> Iterator[tuple[Expr, ...]]:
    """The lines of one way to derive a quantity after another."""
    if isinstance(head, Transpose):
        for lines in _ways(head.operand, question):
            yield tuple(oriented(line) for line in lines if line != head.operand)
    if not isinstance(head, Partial) or head.of != LOSS or head.numerator:
        return
    for number, made in enumerate(_derivations(head, question)):
        key = ("references", head, frozenset(question.known.items()), number)
        yield question.network.kept(key, partial(_lines, made, head, question))


def _lines(made: Callable[[], tuple[Derivation, ...]], head: Partial, question: Question) -> tuple[Expr, ...]:
    found: list[Expr] = []
    # one that says nothing of this network fails
    with suppress(SymbackpropError, LookupError):
        for line in _instances(made(), head, question):
            found.append(line)
    return tuple(found)


def _derivations(head: Partial, question: Question) -> Iterator[Callable[[], tuple[Derivation, ...]]]:
    """Ways to make derivations that may be about a gradient; to make one may fail."""
    network = question.network
    if isinstance(network, MLP):
        for name, style in product((name for name, kinds in NAMED.items() if isinstance(head.wrt, kinds)), STYLES):
            yield partial(_alone, name, network, style)
        for style in STYLES:
            yield partial(_to_the_end, head, network, question, style)
    variable = head.wrt
    while isinstance(variable, PARTS):
        variable = variable.operand
    if isinstance(variable, Variable):
        for asked, style in product(dict.fromkeys((head.wrt, variable)), STYLES):
            yield partial(_asked, asked, network, style)


def _alone(name: str, network: MLP, style: str) -> tuple[Derivation, ...]:
    from symbackprop.library import derive

    made = derive(name, network, style=style)
    return (made,) if isinstance(made, Derivation) else ()


def _asked(wrt: Expr, network: Network, style: str) -> tuple[Derivation, ...]:
    from symbackprop.asked import gradient_of

    return gradient_of(wrt, network, style).derivations


def _to_the_end(head: Partial, network: MLP, question: Question, style: str) -> tuple[Derivation, ...]:
    """From a layer to the output, by induction: `∂L/∂z_l = ∏_{k=l}^L [D_k W_kᵀ] ∂L/∂ŷ`."""
    from symbackprop.rules.gradients import chain_rule, jacobian
    from symbackprop.rules.layers import closed as to_the_output
    from symbackprop.rules.layers import to_layer

    start = Derivation(head, network, known=question.known)
    match head.wrt:
        case PreActivation(layer):
            first, begun = layer, start
        case Hidden(layer):
            first, begun = layer + 1, start.by(chain_rule).by(jacobian)
        case _:
            return ()
    return (to_the_output(to_layer(begun, network, first, network.depth + 1, name="k", style=style), network),)


def _instances(made: tuple[Derivation, ...], head: Partial, question: Question) -> Iterator[Expr]:
    """The lines that are about a gradient, or about a family that it is one of."""
    for derivation in made:
        for name, value in _matched(derivation, head, question):
            for line in _proved(derivation):
                yield substitute(line, {name: value}) if name else line


def _matched(derivation: Derivation, head: Partial, question: Question) -> Iterator[tuple[str, Dim]]:
    """The letter of the family and its value with which a derivation starts at a gradient; no letter for itself."""
    if derivation.start == head:
        yield "", dim(0)
        return
    for name, (low, high) in derivation.known.items():
        for value in _values_in(head):
            if low is None or high is None or substitute(derivation.start, {name: value}) != head:
                continue
            if at_most(low, value, question.known) and at_most(value, high, question.known):
                yield name, value
                return


def _values_in(head: Partial) -> Iterator[Dim]:
    wrt = head.wrt
    while isinstance(wrt, PARTS):
        wrt = wrt.operand
    if isinstance(wrt, Variable) and wrt.index is not None:
        yield wrt.index


def _proved(derivation: Derivation) -> Iterator[Expr]:
    """The lines up to the first step that the kernel does not prove."""
    for step in derivation.steps:
        if step.relation != "=" or not isinstance(kernel.judge(step, derivation), Proved):
            return
        yield step.after
