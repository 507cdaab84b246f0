"""The gradient of the hidden units of a layer (slide 1, bullet 3)."""

from symbackprop.derivation import Derivation
from symbackprop.dims import dim, index
from symbackprop.expr import LOSS, Hidden, Partial
from symbackprop.network import MLP
from symbackprop.rules.gradients import chain_rule, jacobian

ORDER = 3


def derive(network: MLP, style: str) -> Derivation:
    """∂L/∂h_l = (∂z_{l+1}/∂h_l) ∂L/∂z_{l+1} = W_lᵀ ∂L/∂z_{l+1}."""
    known = {"l": (dim(1), network.depth)}
    start = Derivation(Partial(LOSS, Hidden(index("l"))), network, known=known, label="rule.hidden")
    return start.by(chain_rule).by(jacobian)
