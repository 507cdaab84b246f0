"""Weight decay: the loss with a penalty on the weights, its gradient, and what the penalty keeps small."""

from __future__ import annotations

from fractions import Fraction

from symbackprop import expr
from symbackprop.derivation import Context, Derivation, Rewritten, Step, rule
from symbackprop.dims import ONE, Bounds, Dim, at_most, dim, index, width
from symbackprop.equations import Equation
from symbackprop.expr import (
    LARGEST,
    LOSS,
    Entry,
    Expr,
    Identity,
    IndexedSum,
    Named,
    Norm,
    Partial,
    Power,
    PreActivation,
    SingularValue,
    Variable,
    Weight,
    WithoutBias,
    number,
)
from symbackprop.indices import Calculus, Inexpressible
from symbackprop.magnitudes import SingularValueAt, SpectralSum
from symbackprop.network import MLP
from symbackprop.rules.gradients import by_lines, jacobian
from symbackprop.rules.induction import induction
from symbackprop.rules.layers import layer_factor
from symbackprop.rules.normalization import through_argument
from symbackprop.rules.products import absorb, empty, fold, over, product_of
from symbackprop.shapes import SCALAR, Shape, shape
from symbackprop.statements import equal
from symbackprop.substitution import substitute

TWO = Fraction(2)
# the loss with its penalty, the penalty, how much of it, and the learning rate
TOTAL, PENALTY, DECAY, RATE = Named("J"), Named("R"), Named("lambda"), Named("eta")
EOF_MARK = None
