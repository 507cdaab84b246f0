"""What can go wrong for a user. Each message is a sentence that names what was read and what to write instead."""


class SymbackpropError(ValueError):
    """Base of the errors that a user can cause and mend; the command line prints it as one line and exits with 2."""


class ShapeError(SymbackpropError):
    """Shapes that do not conform; the message names both objects, both shapes and a likely cause."""


class RuleError(SymbackpropError):
    """A rule that does not apply where it was asked to."""


class MissingExtraError(SymbackpropError):
    """A package that is not installed; the message says how to install it."""
