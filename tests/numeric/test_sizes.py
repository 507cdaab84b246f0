"""Compiled singular values, extremes and suprema, against NumPy at the same weights."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from symbackprop.chance import Expectation, Gaussian, Variance
from symbackprop.dataset import Family, Prediction
from symbackprop.derivation import Derivation
from symbackprop.dims import DEPTH, ONE, dim, index, units, width
from symbackprop.errors import SymbackpropError
from symbackprop.expr import (
    LEAST_NONZERO,
    SMALLEST,
    ColumnAt,
    Columns,
    Elementwise,
    Entry,
    Hidden,
    Identity,
    IndexedSum,
    Norm,
    Power,
    PreActivation,
    Row,
    SingularValue,
    SquareRoot,
    Weight,
    WithoutBias,
    Zeros,
    number,
)
from symbackprop.magnitudes import Extreme, OverUnit, SingularValueAt, SpectralSum
from symbackprop.network import MLP
from symbackprop.numeric.compile import lambdify

NETWORK = MLP(activation="tanh", loss="squared_error")
# W_0 is 3 × 5, W_1 5 × 4, W_2 3 × 6
WIDTHS = (5, 4, 6, 3)
i, k, l, j = index("i"), index("k"), index("l"), index("j")
SLOPE = Elementwise("abs", Elementwise("tanh", Entry(PreActivation(l), i), 1))


def spectrum(A):
    return np.linalg.svd(A)[1]


def slopes(p, layer=1):
    return 1 - np.tanh(p.z[layer][:, 0]) ** 2


VALUES = {
    "the second singular value": (SingularValueAt(Weight(l), dim(2)), lambda e, p: spectrum(e.W[1])[1]),
    "that of a column": (SingularValueAt(Hidden(l), ONE), lambda e, p: np.linalg.norm(p.h[1])),
    "least nonzero, of a wide matrix": (SingularValue(Weight(2), LEAST_NONZERO), lambda e, p: spectrum(e.W[2])[-1]),
    "least nonzero, of one column": (
        SingularValue(ColumnAt(Hidden(l), j, units(l + 1)), LEAST_NONZERO),
        lambda e, p: np.linalg.norm(p.h[1]),
    ),
    "least nonzero, of a row": (
        SingularValue(Row(Weight(l), j), LEAST_NONZERO),
        lambda e, p: np.linalg.norm(e.W[1][0]),
    ),
    "smallest, of a row": (SingularValue(Row(Weight(l), j), SMALLEST), lambda e, p: 0.0),
    "frobenius norm by singular values": (
        SquareRoot(SpectralSum("i", Weight(l), Power(SingularValueAt(Weight(l), i), Fraction(2)))),
        lambda e, p: np.sqrt((e.W[1] ** 2).sum()),
    ),
    "sum of singular values, each less one": (
        SpectralSum("i", Weight(2), SingularValueAt(Weight(2), i) - number(1)),
        lambda e, p: (spectrum(e.W[2]) - 1).sum(),
    ),
    "the first two of them": (
        IndexedSum("i", ONE, dim(2), SingularValueAt(Weight(2), i)),
        lambda e, p: spectrum(e.W[2])[:2].sum(),
    ),
    "largest slope": (Extreme("max", "i", ONE, units(l), SLOPE), lambda e, p: slopes(p).max()),
    "least slope": (Extreme("min", "i", ONE, units(l), SLOPE), lambda e, p: slopes(p).min()),
    "least slope of the first two": (Extreme("min", "i", ONE, dim(2), SLOPE), lambda e, p: slopes(p)[:2].min()),
    "largest row": (
        Extreme("max", "k", ONE, units(l + 1), Norm(Row(Weight(l), k))),
        lambda e, p: np.sqrt((e.W[1] ** 2).sum(axis=1)).max(),
    ),
    "sum over rows": (
        IndexedSum("k", ONE, units(l + 1), Norm(Row(Weight(l), k))),
        lambda e, p: np.sqrt((e.W[1] ** 2).sum(axis=1)).sum(),
    ),
    "largest weights": (
        Extreme("max", "k", dim(0), DEPTH, SingularValue(Weight(k))),
        lambda e, p: max(spectrum(w)[0] for w in e.W),
    ),
    "supremum": (OverUnit("sup", Hidden(l), Norm(Weight(l) @ Hidden(l))), lambda e, p: spectrum(e.W[1])[0]),
    "infimum of a tall one": (
        OverUnit("inf", Hidden(l), Norm(Weight(l) @ Hidden(l))),
        lambda e, p: spectrum(e.W[1])[-1],
    ),
    "infimum of a wide one": (OverUnit("inf", Hidden(2), Norm(Weight(2) @ Hidden(2))), lambda e, p: 0.0),
    "supremum of a product": (
        OverUnit("sup", PreActivation(3), Norm(Weight(2) @ Weight(2).T @ PreActivation(3))),
        lambda e, p: spectrum(e.W[2] @ e.W[2].T)[0],
    ),
    "columns": (Columns(Weight(l), dim(2), width(l)), lambda e, p: e.W[1][:, 1:]),
    "columns by a column": (
        Columns(Weight(l), ONE, units(l)) @ PreActivation(l),
        lambda e, p: e.W[1][:, :-1] @ p.z[1][:, 0],
    ),
    "penalty": (
        Power(Norm(Columns(Weight(l), ONE, units(l)), "F"), Fraction(2)),
        lambda e, p: (e.W[1][:, :-1] ** 2).sum(),
    ),
    "zeros": (Hidden(l) + Zeros(width(l)), lambda e, p: p.h[1][:, 0]),
}


@pytest.mark.parametrize("name", VALUES)
def test_values(name, example):
    tree, want = VALUES[name]
    e = example(WIDTHS)
    f = lambdify(Derivation(tree, NETWORK))
    assert np.asarray(f(e.W, e.x, e.y)) == pytest.approx(np.asarray(want(e, e.by_hand())), rel=1e-11, abs=1e-13)


REFUSED = {
    "supremum of no linear column": (
        OverUnit("sup", Hidden(l), Norm(Hidden(l) @ Hidden(l).T @ Hidden(l))),
        "write the",
    ),
    "sum of another matrix's": (
        SpectralSum("i", Weight(l), SingularValueAt(WithoutBias(Weight(l)), i)),
        r"only a formula in the singular values σ_\{i,i\} of W_l can",
    ),
    "sum of a constant": (SpectralSum("i", Weight(l), number(1)), "only a formula in the singular values"),
    "distribution": (Gaussian(Zeros(width(l)), Identity(width(l))), "it is a distribution"),
    "expectation": (Expectation(Hidden(l)), "it is an average over all draws"),
    "variance": (Variance(Entry(Hidden(l), ONE)), "it is an average over all draws"),
    "family": (Family("k", dim(0), DEPTH, Weight(k)), "it is many matrices"),
    "prediction": (
        Prediction("f", Hidden(0), Family("k", dim(0), DEPTH, Weight(k))),
        "compile the output of the network, and call that with the input",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_compiled_says_why(name):
    tree, why = REFUSED[name]
    with pytest.raises(SymbackpropError, match=why):
        lambdify(Derivation(tree, NETWORK))
