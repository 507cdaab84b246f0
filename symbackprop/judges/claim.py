"""What a judge is asked: do two expressions stand in a relation, in every network of a kind?"""

from __future__ import annotations

from dataclasses import dataclass, field

from symbackprop.dims import Bounds
from symbackprop.equations import Network
from symbackprop.expr import Expr


@dataclass(frozen=True)
class Claim:
    """`left relation right` in a network, for all values of the free integer symbols within `known`.

    A free symbol without bounds is a layer index from 1 to the depth (`l`, `k`, `m`), or a row of what it indexes
    (`i`, `j`). The judges that take a claim import no rule: they know only the forward equations.
    """

    left: Expr
    relation: str
    right: Expr
    network: Network
    known: Bounds = field(default_factory=dict)
