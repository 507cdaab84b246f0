"""What a judge is asked: do two expressions stand in a relation, in every network of a kind?"""

from __future__ import annotations

from dataclasses import dataclass, field

from symbackprop.dims import Bounds
from symbackprop.equations import Network
from symbackprop.expr import Expr
from symbackprop.statements import Chain


@dataclass(frozen=True)
class Claim:
    """`left relation right` in a network, for all values of the free integer symbols within `known`.

    A free symbol without bounds is a layer index from 1 to the depth (`l`, `k`, `m`), or a row of what it indexes
    (`i`, `j`); in a network of `Quantities` the letters of its sizes are free too. The judges that take a claim import
    no rule: they know only the forward equations.

    Attributes:
        given: equations assumed, for all values of their free indices: the claim says nothing of a network in which
            one of them fails. They fix the values of free variables and nothing else: a variable that is given as
            `v = A x` is held fixed in a derivative by `x`. What follows from `x` belongs in the network's equations.
    """

    left: Expr
    relation: str
    right: Expr
    network: Network
    known: Bounds = field(default_factory=dict)
    given: tuple[Chain, ...] = ()
