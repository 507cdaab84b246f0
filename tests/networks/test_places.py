"""Gradients by rows and slices say where they stand: read back, and as differences give them."""

from __future__ import annotations

import re

import numpy as np
import pytest

import symbackprop as sb
from symbackprop import notations
from symbackprop.dims import dim
from symbackprop.latex.errors import ReadingError
from symbackprop.latex.parse import parse, read
from symbackprop.shapes import shape

# the equation of h, the shape of what a part is taken of, that of h, and what is printed around the gradient
PARTS = {
    "the upper entries": (r"x_{1:2}", "n", "2", r"\begin{pmatrix} G \\ \mathbf{0} \end{pmatrix}"),
    "entries between": (r"x_{2:3}", "n", "2", r"\begin{pmatrix} \mathbf{0}_1 \\ G \\ \mathbf{0}_{n-3} \end{pmatrix}"),
    "rows between": (
        r"x_{2:3,:}",
        "n x p",
        "2 x p",
        r"\begin{pmatrix} \mathbf{0}_1 \mathbf{1}_p^\top \\ G \\ \mathbf{0}_{n-3} \mathbf{1}_p^\top \end{pmatrix}",
    ),
    "columns between": (
        r"x_{:,2:3}",
        "p x n",
        "p x 2",
        r"\begin{pmatrix} \mathbf{0}_p & G & \mathbf{0}_p \mathbf{1}_{n-3}^\top \end{pmatrix}",
    ),
    "the first columns": (
        r"x_{:,1:2}",
        "p x n",
        "p x 2",
        r"\begin{pmatrix} G & \mathbf{0}_p \mathbf{1}_{n-2}^\top \end{pmatrix}",
    ),
    "a row of an embedding": (
        r"x_{2,:}",
        "n x p",
        "1 x p",
        r"\begin{pmatrix} \mathbf{0}^\top \\ \vdots \\ \mathbf{0}^\top \\ \overset{2\text{nd row}}{G}"
        r" \\ \mathbf{0}^\top \\ \vdots \\ \mathbf{0}^\top \end{pmatrix}",
    ),
}


@pytest.mark.parametrize("name", PARTS)
def test_a_gradient_says_where_it_stands(name: str) -> None:
    taken, of, like, printed = PARTS[name]
    network = sb.Network(rf"h = {taken}", r"L = \|h - y\|_F^2", shapes={"x": of, "y": like})
    line = next(d for d in sb.derive("all", network).derivations if str(d.start.wrt) == "x")
    texts = [sb.latex(e, network=network) for e in line.lines]
    wanted = printed.replace("G", r"\frac{\partial L}{\partial h}")
    assert any(without_blanks(wanted) == without_blanks(text) for text in texts), texts
    for letters in notations.names():
        text = sb.latex(line.result, notation=letters, network=network)
        assert read(text, letters, network, like=shape(line.start, network)).tree == line.result, text


def without_blanks(text: str) -> str:
    return re.sub(r"\s+|\\left|\\right", "", text)


def test_a_row_of_an_embedding_by_differences() -> None:
    """The compiled gradient has its row where the printed one says: the second."""
    network = sb.Network(r"e = E_{2,:}^\top", r"L = \|W e - y\|^2", shapes={"E": "V x d", "W": "m x d", "y": "m"})
    rng = np.random.default_rng(4)
    E, W, y = rng.normal(size=(4, 3)), rng.normal(size=(2, 3)), rng.normal(size=2)
    _, grads = network.gradients()(E=E, W=W, y=y)
    wanted = np.zeros((4, 3))
    for k in range(3):
        ends = []
        for step in (1e-6, -1e-6):
            moved = E.copy()
            moved[1, k] += step
            ends.append(((W @ moved[1] - y) ** 2).sum())
        wanted[1, k] = (ends[0] - ends[1]) / 2e-6
    assert grads["E"] == pytest.approx(wanted, abs=1e-6)


def test_zeros_and_ones_are_as_many_as_stands_below_them() -> None:
    network = sb.Network(r"L = \|x\|^2", shapes={"x": "n"})
    assert str(parse(r"x + \mathbf{1}_n", "lecture", network)) == "x + 1"
    with pytest.raises(ReadingError, match="both must have the same shape"):
        parse(r"x + \mathbf{1}_3", "lecture", network)
    assert shape(parse(r"\mathbf{0}_3", "lecture", network), network)[0] == dim(3)
