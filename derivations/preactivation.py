"""The gradient of the pre-activations of a layer (slide 1, bullet 2)."""

from symbackprop.derivation import Derivation
from symbackprop.dims import dim, index
from symbackprop.expr import LOSS, Partial, PreActivation
from symbackprop.network import MLP
from symbackprop.rules.gradients import chain_rule, jacobian, through_layer
from symbackprop.rules.normalization import through_scheme

ORDER = 2


def derive(network: MLP, style: str) -> Derivation:
    """∂L/∂z_l = (∂h_l/∂z_l) ∂L/∂h_l = D_l ∂L/∂h_l; with Hadamard products g'(z_l) ⊙ (W̃_lᵀ ∂L/∂z_{l+1})."""
    if network.scheme is not None:
        return through_scheme(network)
    known = {"l": (dim(1), network.depth)}
    start = Derivation(Partial(LOSS, PreActivation(index("l"))), network, known=known, label="rule.preactivation")
    return start.by(through_layer) if style == "hadamard" else start.by(chain_rule).by(jacobian)
