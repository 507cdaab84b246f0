"""Formulas as courses, books and homework print them: each is read rightly, or refused by name.

What each means is written by hand, in the words of the tree's own text; what is not in `MEANINGS` must be refused.
"""

import json
from pathlib import Path

import pytest

from symbackprop.latex.errors import ReadingError
from symbackprop.latex.parse import parse
from symbackprop.network import MLP
from symbackprop.quantities import Quantities
from symbackprop.statements import Chain, Together

FORMULAS = {
    row["id"]: row["latex"]
    for row in json.loads(Path(__file__).with_name("published.json").read_text("utf-8"))["formulas"]
}


class Recurrent(Quantities):
    """Quantities some of which are families."""

    def __init__(self, families, **shapes):
        super().__init__(shapes)
        self.families = frozenset(families)


def q(**shapes):
    return Quantities(shapes)


MULTILAYER = MLP(bias="separate")
ROWS = q(
    x=(1, "D_x"), W_1=("D_x", "H"), b_1=(1, "H"), h=(1, "H"), W_2=("H", "D_y"), b_2=(1, "D_y"), yhat=(1, "D_y"),
    y=(1, "D_y"), J=(), z_1=(1, "H"), delta_1=(1, "D_y"), delta_2=(1, "H"), delta_3=(1, "H"),
)  # fmt: skip
LINEAR = q(X=("N", "D"), W=("D", "C"), Y=("N", "C"), L=(), R=())
BATCH = q(mu=("D",), sigma=("D",), x=("N", "D"), xhat=("N", "D"), y=("N", "D"), gamma=("D",), beta=("D",), epsilon=())
UNITS = q(
    a=("H",), z=("n",), w=("H", "n"), delta=("H",), E_n=(), y=("K",), t=("K",), E=(), x=("n",), J=(), p=("H",),
)  # fmt: skip
DEEP = q(
    W_1=("h", "d"), W_2=("q", "h"), x=("d",), z=("h",), h=("h",), o=("q",), J=(), L=(), s=(), **{"lambda": ()},
)  # fmt: skip
HOMEWORK = q(
    W=("H", "D"), x=("D",), b=("H",), h=("H",), z=("H",), y=("H",), yhat=("H",), L=(), p=("H",), t=("H",), a=(),
    A=("m", "n"), B=("n", "m"), V=("n", "m"),
    W_1=("H", "D"), W_2=("H", "H"), z_1=("H",), z_2=("H",), delta=("H",), beta=("H",), gamma=("H",),
)  # fmt: skip

# id: what it is about, the notation, what it means
MEANINGS = {
    "cs231n.5": (LINEAR, "lecture", "R = Σ_{k=1}^{D} Σ_{l=1}^{C} W[k,l]^2"),
    "cs231n.9": (LINEAR, "lecture", "∂L/∂W = Xᵀ ∂L/∂Y"),
    "cs231n.10": (LINEAR, "lecture", "∂L/∂X = ∂L/∂Y Wᵀ"),
    "cs231n.12": (
        q(x=()),
        "lecture",
        "∂sigmoid(x)/∂x = exp(-x)/(1 + exp(-x))^2 = (1 - sigmoid(x)) sigmoid(x)",
    ),
    "cs231n.13": (q(s=("C",), W_2=("C", "H"), W_1=("H", "D"), x=("D",)), "lecture", "s = W_2 max(0, W_1 x)"),
    "cs231n.14": (
        BATCH,
        "lecture",
        "mu[j] = (1/N) Σ_{i=1}^{N} x[i,j] ; sigma[j]^2 = (1/N) Σ_{i=1}^{N} (x[i,j] - mu[j])^2",
    ),
    "cs231n.15": (
        BATCH,
        "lecture",
        "xhat[i,j] = (x[i,j] - mu[j])/√(sigma[j]^2 + epsilon) ; y[i,j] = gamma[j] xhat[i,j] + beta[j]",
    ),
    "cs231n.16": (
        Recurrent(["y", "xhat"], gamma=("D",), y=("D",), xhat=("D",), L=()),
        "lecture",
        "∂L/∂gamma = Σ_{i=1}^{N} (∂L/∂y_i ⊙ xhat_i)",
    ),
    "cs231n.17": (
        Recurrent("hx", h=("H",), x=("D",), W_hh=("H", "H"), W_xh=("H", "D")),
        "lecture",
        "h_t = tanh(W_hh h_{t-1} + W_xh x_t)",
    ),
    "cs224n.1": (ROWS, "lecture", "h = sigmoid(x W_1 + b_1)"),
    "cs224n.2": (ROWS, "lecture", "yhat = softmax_row(h W_2 + b_2)"),
    "cs224n.5": (ROWS, "lecture", "∂J/∂x = (((yhat - y) W_2ᵀ) ⊙ h ⊙ (1ᵀ - h)) W_1ᵀ"),
    "cs224n.7": (ROWS, "lecture", "delta_2 = delta_1 W_2ᵀ"),
    "cs224n.8": (ROWS, "lecture", "delta_3 = delta_2 ⊙ sigmoid′(z_1)"),
    "cs224n.10": (
        Recurrent("u", u_o=("d",), v_c=("d",), u=("d",), J=()),
        "lecture",
        "J = -log(sigmoid(u_oᵀ v_c)) - Σ_{k=1}^{K} log(sigmoid(-(u_kᵀ v_c)))",
    ),
    "cs224n.11": (q(U=("d", "V"), yhat=("V",), y=("V",), v_c=("d",), J=()), "lecture", "∂J/∂v_c = U (yhat - y)"),
    "cs224n.12": (q(x=("n",), c=("n",)), "lecture", "softmax(x) = softmax(x + c)"),
    "cs224n.13": (q(x=("n",)), "lecture", "relu′(x) = step(x)"),
    "cs224n.14": (
        Recurrent("he", h=("H",), e=("D",), W_h=("H", "H"), W_e=("H", "D"), b_1=("H",)),
        "lecture",
        "h_t = sigmoid(W_h h_{t-1} + W_e e_t + b_1)",
    ),
    "ng.1": (MULTILAYER, "ng", "z_1 = W_0 h_0 + b_0"),
    "ng.2": (MULTILAYER, "ng", "h_l = g(z_l)"),
    "ng.6": (MULTILAYER, "ng", "∂L/∂z_1 = (W_1ᵀ ∂L/∂z_2) ⊙ g′(z_1)"),
    "ng.7": (MULTILAYER, "ng", "∂L/∂z_l = (W_lᵀ ∂L/∂z_{l+1}) ⊙ g′(z_l)"),
    "ng.14": (q(z=()), "lecture", "g′(z) = 1 - tanh(z)^2"),
    "nielsen.1": (
        MULTILAYER,
        "nielsen",
        "h_l[j] = g(Σ_{k=1}^{n_{l-1}} (W_{l-1}[j,k] h_{l-1}[k]) + b_{l-1}[j])",
    ),
    "nielsen.3": (MULTILAYER, "nielsen", "∂L/∂z_l[j] = ∂L/∂z_l[j]"),
    "nielsen.5": (MULTILAYER, "nielsen", "∂L/∂z_l = (W_lᵀ ∂L/∂z_{l+1}) ⊙ g′(z_l)"),
    "nielsen.6": (MULTILAYER, "nielsen", "∂L/∂b_{l-1}[j] = ∂L/∂z_l[j]"),
    "nielsen.7": (MULTILAYER, "nielsen", "∂L/∂W_{l-1}[j,k] = h_{l-1}[k] ∂L/∂z_l[j]"),
    "bishop.1": (UNITS, "lecture", "a[j] = Σ_{i=1}^{n} (w[j,i] z[i])"),
    "bishop.3": (UNITS, "lecture", "delta[j] = ∂E_n/∂a[j]"),
    "bishop.5": (UNITS, "lecture", "∂E_n/∂w[j,i] = delta[j] z[i]"),
    "bishop.7": (q(delta=("K",), y=("K",), t=("K",)), "lecture", "delta[k] = y[k] - t[k]"),
    "bishop.8": (UNITS, "lecture", "E_n = 1/2 Σ_{k=1}^{K} (y[k] - t[k])^2"),
    "goodfellow.1": (MULTILAYER, "goodfellow", "z_l = b_{l-1} + W_{l-1} h_{l-1}"),
    "goodfellow.2": (MULTILAYER, "goodfellow", "h_l = g(z_l)"),
    "d2l.1": (DEEP, "lecture", "z = W_1 x"),
    "d2l.2": (DEEP, "lecture", "J = L + s"),
    "d2l.3": (DEEP, "lecture", "s = (lambda/2) (‖W_1‖_F^2 + ‖W_2‖_F^2)"),
    "d2l.4": (DEEP, "lecture", "∂J/∂W_2 = ∂J/∂o hᵀ + lambda W_2"),
    "d2l.5": (DEEP, "lecture", "∂J/∂h = W_2ᵀ ∂J/∂o"),
    "d2l.6": (DEEP, "lecture", "∂J/∂z = ∂J/∂h ⊙ phi′(z)"),
    "d2l.7": (DEEP, "lecture", "∂J/∂W_1 = ∂J/∂z xᵀ + lambda W_1"),
    "prince.1": (MULTILAYER, "prince", "z_{l+1} = b_l + W_l h_l"),
    "prince.2": (MULTILAYER, "prince", "h_{l+1} = g(z_{l+1})"),
    "prince.3": (MULTILAYER, "prince", "∂L/∂b_l = ∂L/∂z_{l+1}"),
    "prince.4": (MULTILAYER, "prince", "∂L/∂W_l = ∂L/∂z_{l+1} h_lᵀ"),
    "prince.5": (MULTILAYER, "prince", "∂L/∂z_l = step(z_l) ⊙ (W_lᵀ ∂L/∂z_{l+1})"),
    "homework.1": (HOMEWORK, "lecture", "h = g(W x + b)"),
    "homework.2": (HOMEWORK, "lecture", "L = 1/2 (y - yhat)ᵀ (y - yhat)"),
    "homework.3": (HOMEWORK, "lecture", "∂L/∂W = (yhat - y) xᵀ"),
    "homework.4": (HOMEWORK, "lecture", "∂L/∂W = ∂L/∂z xᵀ"),
    "homework.5": (HOMEWORK, "lecture", "∂L/∂W_1 = ∂L/∂z_1 xᵀ ; = ((W_2ᵀ ∂L/∂z_2) ⊙ sigmoid′(z_1)) xᵀ"),
    "homework.7": (HOMEWORK, "lecture", "delta = yhat - y ; = p - t"),
    "homework.8": (HOMEWORK, "lecture", "∂L/∂W_1 = ((W_2ᵀ (yhat - y)) ⊙ sigmoid′(z_1)) xᵀ"),
    "homework.9": (
        q(W=("H", "D"), xbar=("D",), b=("H",), y=("H",), yhat=("H",)),
        "lecture",
        "yhat - y = sigmoid(W xbar + b) - y",
    ),
    "homework.13": (HOMEWORK, "lecture", "∂L/∂W[i,j] = delta[i] x[j]"),
    "homework.16": (HOMEWORK, "lecture", "‖W x‖_2 ≤ ‖W‖_2 ‖x‖_2"),
    "homework.17": (q(z=(), a=(), b=()), "lecture", "abs(sigmoid′(z)) ≤ 1/4 ; abs(a) abs(b) = abs(a b)"),
    "homework.24": (MULTILAYER, "lecture", "diag(g′(z_l)) = diag(g′(z_l))"),
    "homework.25": (HOMEWORK, "lecture", "∂p[i]/∂z[j] = p[i] (δ_{i,j} - p[j])"),
    "homework.26": (q(x=()), "lecture", "gelu(x) = (x/2) (1 + erf(x/√2))"),
    "homework.27": (q(x=()), "lecture", "f′(x) = sigmoid(x) + x sigmoid(x) (1 - sigmoid(x))"),
    "homework.29": (Recurrent(["delta"], delta=("H",), b=("H",), L=()), "lecture", "∂L/∂b = Σ_{n=1}^{N} delta_n"),
    "homework.30": (HOMEWORK, "lecture", "(A B)ᵀ = Bᵀ Aᵀ = Bᵀ Aᵀ = Bᵀ Aᵀ"),
}


def told(e):
    """A tree as text."""
    if isinstance(e, Together):
        return " ; ".join(map(told, e.parts))
    if not isinstance(e, Chain):
        return str(e)
    first, *rest = map(str, e.sides)
    text = "" if e.continued else first
    for relation, side in zip(e.relations, rest, strict=True):
        text += f" {relation} {side}"
    return text.strip()


@pytest.mark.parametrize("name", MEANINGS)
def test_read_rightly(name):
    network, notation, meaning = MEANINGS[name]
    assert told(parse(FORMULAS[name], notation, network)) == meaning


# in which network the others are refused, by the course
SETTINGS = {
    "cs231n": (LINEAR, "lecture"),
    "cs224n": (ROWS, "lecture"),
    "ng": (MULTILAYER, "ng"),
    "nielsen": (MULTILAYER, "nielsen"),
    "bishop": (MULTILAYER, "bishop"),
    "goodfellow": (MULTILAYER, "goodfellow"),
    "d2l": (DEEP, "lecture"),
    "6036": (HOMEWORK, "lecture"),
    "prince": (MULTILAYER, "prince"),
    "homework": (HOMEWORK, "lecture"),
}


@pytest.mark.parametrize("name", [name for name in FORMULAS if name not in MEANINGS])
def test_refused_by_name(name):
    """The message points at a place in the text, and says what stands there."""
    network, notation = SETTINGS[name.partition(".")[0]]
    with pytest.raises(ReadingError) as refused:
        parse(FORMULAS[name], notation, network)
    start, end = refused.value.span
    assert 0 <= start < end <= len(FORMULAS[name])
    assert len(refused.value.message) > 20
