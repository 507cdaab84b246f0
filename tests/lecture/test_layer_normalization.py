"""The equations of a normalized network are the lecture's line, once its two further names are put in."""

from __future__ import annotations

from symbackprop.dims import dim, index
from symbackprop.expr import Hidden, Named, PreActivation
from symbackprop.network import MLP
from symbackprop.render.latex import latex
from symbackprop.statements import Together, equal
from symbackprop.substitution import put

l = index("l")


def test_the_lecture_prints_the_equations(lecture, folded) -> None:
    """`layernorm.after`: the names of the argument of ψ and of what is centred put in."""
    network = MLP(normalization="layer")
    z, mean, c, s, a = PreActivation(l + 1), *(Named(name, l + 1) for name in ("mean", "c", "s", "a"))
    known = {"l": (dim(0), network.depth - 1)}
    right = {v: network.definition(v, known).right for v in (z, mean, c, s, a, Hidden(l + 1))}
    made = Together(
        (
            equal(z, right[z]),
            equal(mean, right[mean]),
            equal(s, put(right[s], c, right[c])),
            equal(Hidden(l + 1), put(put(right[Hidden(l + 1)], a, right[a]), c, right[c])),
        )
    )
    assert folded(latex(made)) in [folded(line) for line in lecture["layernorm.after"]]
