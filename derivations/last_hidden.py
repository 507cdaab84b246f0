"""The gradient of the last hidden units (slide 1, bullet 1)."""

from symbackprop.derivation import Derivation
from symbackprop.expr import LOSS, Hidden, Partial
from symbackprop.network import MLP
from symbackprop.rules.gradients import chain_rule, jacobian

ORDER = 1


def derive(network: MLP, style: str) -> Derivation:
    """∂L/∂h_L = (∂ŷ/∂h_L) ∂L/∂ŷ = W_Lᵀ ∂L/∂ŷ."""
    start = Derivation(Partial(LOSS, Hidden(network.depth)), network, label="rule.last_hidden")
    return start.by(chain_rule).by(jacobian)
