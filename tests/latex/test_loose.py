"""A formula whose parts do not conform is refused, and read as it stands where that is asked for."""

import pytest

import symbackprop as sb
from symbackprop.latex.loose import loosened
from symbackprop.latex.parse import read, scope_of
from symbackprop.latex.readings import NonconformingError

NETWORK = sb.Network(
    r"z_1 = W_1 x + b_1",
    r"h_1 = g(z_1)",
    r"z_2 = W_2 h_1",
    r"L = \frac{1}{2} \|z_2 - y\|^2",
    shapes={"x": "d", "W_1": "m x d", "W_2": "n x m", "y": "n"},
)
# a text, and how its tree is written
MISSHAPEN = [
    (r"W_1 W_2", "W_1 W_2"),
    (r"W_1 \cdot W_2", "W_1 W_2"),
    (r"W_2 \frac{\partial L}{\partial z_2} x^\top", "W_2 ∂L/∂z_2 xᵀ"),
    (r"W_1 x + y", "W_1 x + y"),
    (r"(W_2^\top y) \odot g'(z_2)", "(W_2ᵀ y) ⊙ g′(z_2)"),
    (r"\operatorname{diag}(z_2) h_1", "diag(z_2) h_1"),
]


@pytest.mark.parametrize(("text", "written"), MISSHAPEN)
def test_read_as_it_stands(text, written):
    scope = scope_of("lecture", NETWORK)
    with pytest.raises(NonconformingError):
        read(text, scope=scope)
    assert str(read(text, scope=loosened(scope)).tree) == written
    # the scope that it was made from still refuses
    with pytest.raises(NonconformingError):
        read(text, scope=scope)


@pytest.mark.parametrize(
    "text", [r"W_1 x + b_1", r"W_2^\top (z_2 - y)", r"g'(z_1) \odot h_1", r"1 - h_1", r"\|x\|_2 x"]
)
def test_what_conforms_is_read_alike(text):
    scope = scope_of("lecture", NETWORK)
    assert read(text, scope=loosened(scope)).tree == read(text, scope=scope).tree
