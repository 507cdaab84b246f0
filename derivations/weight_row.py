"""The gradient of one row of a weight matrix (slide 1, bullet 4)."""

from symbackprop.derivation import Derivation
from symbackprop.dims import dim, index
from symbackprop.expr import LOSS, Partial, Row, Weight
from symbackprop.network import MLP
from symbackprop.rules.gradients import chain_rule, jacobian, weight_row_scaled

ORDER = 4


def derive(network: MLP, style: str) -> Derivation:
    """∂L/∂w_{l,j}ᵀ = (∂z_{l+1}/∂w_{l,j}ᵀ) ∂L/∂z_{l+1} = (0 … h_l … 0) ∂L/∂z_{l+1}, h_l in column j."""
    l, j = index("l"), index("j")
    known = {"l": (dim(0), network.depth)}
    start = Derivation(Partial(LOSS, Row(Weight(l), j).T), network, known=known, label="rule.weight_row")
    if style == "hadamard":
        return start.by(weight_row_scaled)
    return start.by(chain_rule).by(jacobian, column_label=True)
