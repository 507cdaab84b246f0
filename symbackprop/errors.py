"""What can go wrong for a user. Each message is a sentence that names what was read and what to write instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from symbackprop.expr import Variable


class SymbackpropError(ValueError):
    """Base of the errors that a user can cause and mend; the command line prints it as one line and exits with 2."""


class ShapeError(SymbackpropError):
    """Shapes that do not conform; the message names both objects, both shapes and a likely cause."""


class RuleError(SymbackpropError):
    """A rule that does not apply where it was asked to."""


class MissingExtraError(SymbackpropError):
    """A package that is not installed; the message says how to install it."""


class EquationError(SymbackpropError):
    """Forward equations that are no network.

    Attributes:
        message: a sentence that names what is wrong, and what to write instead.
        places: the equations that it is about, by their numbers from 0, that to look at first; each with the variable
            on its right side, None for its left side.
    """

    def __init__(self, message: str, places: tuple[tuple[int, Variable | None], ...]) -> None:
        self.message = message
        self.places = places
        super().__init__(message)
