"""Reading a formula as it stands where its parts do not conform: its tree tells what somebody may have meant."""

from __future__ import annotations

from symbackprop.dims import Dim
from symbackprop.latex.scope import Scope


class Loose(Scope):
    """What letters mean, where all sizes are taken for equal: every product of factors side by side is one."""

    is_loose = True

    def conform(self, one: Dim, two: Dim) -> bool:
        return True


def loosened(scope: Scope) -> Scope:
    """The same letters, where nothing is refused for its shape."""
    return Loose(scope.notation, scope.network, scope.given, scope.given_functions, scope.numerator)
