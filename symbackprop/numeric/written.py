"""The gradients that a topic derives, as a file that needs NumPy only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from symbackprop.asked import all_gradients
from symbackprop.errors import SymbackpropError
from symbackprop.expr import LOSS, Expr, Partial, Variable
from symbackprop.forward import ForwardNetwork
from symbackprop.network import MLP
from symbackprop.numeric.gradients import GENERIC, Gradients
from symbackprop.numeric.straight.given import GivenPass
from symbackprop.numeric.straight.given_file import file_of
from symbackprop.rules.reverse import variable_of
from symbackprop.topic import Topic

# what the topic of the gradients by every variable is called
ALL = "gradients"


def program_of(what: Topic, spelled: Callable[[Expr], str]) -> str | None:
    """The source of a pass with the gradients that a topic is about; None for one that is about something else.

    Of a network of equations: the gradient by a variable or those by all. Of an MLP of given depth: those by all
    weights.

    Args:
        spelled: how formulas are written in comments.

    Raises:
        SymbackpropError: for a gradient by a part of a variable, a family of symbolic depth, and a generic loss.
    """
    network = what.network
    if isinstance(network, ForwardNetwork):
        wanted = None if what.name == ALL else _asked(what)
        return file_of(GivenPass(network, all_gradients(network).derivations, wanted, spelled=spelled))
    if what.name != ALL or not isinstance(network, MLP) or not network.depth.is_constant:
        return None
    generic = {"activation": network.activation.is_generic, "loss": network.loss.is_generic}
    # who runs the file gives these: here they are names
    named: dict[str, Any] = {name: len for part, each in GENERIC.items() if generic[part] for name in each}
    return Gradients(network, **named).written(spelled)


def _asked(what: Topic) -> list[Variable]:
    """The variable that the last line is about."""
    start = what.derivation.start
    if not isinstance(start, Partial) or start.of != LOSS:
        raise SymbackpropError(f"{start} is no gradient of the loss: ask for one, or for all")
    wrt = start.wrt
    if not isinstance(wrt, Variable):
        whole = variable_of(wrt)
        raise SymbackpropError(
            f"a program gives gradients by whole variables, and {wrt} is a part of one: ask for that by {whole}"
        )
    return [wrt]
