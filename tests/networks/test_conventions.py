"""One network in every convention: numerator and denominator layout, examples as columns and as rows; and what is often
got wrong: diamonds, logsumexp by a vector, layer norm by entries, a block for the bias, the parentheses of 2(ŷ - y)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import symbackprop as sb
from symbackprop.adjoints import HADAMARD, JACOBIAN
from symbackprop.asked import all_gradients, gradient_of
from symbackprop.derivation import Derivation
from symbackprop.dims import ONE, index
from symbackprop.equations import Equation
from symbackprop.expr import LOSS, Named, Norm, Number, Partial, Power, Product, number
from symbackprop.forward import ForwardNetwork
from symbackprop.judges import kernel
from symbackprop.judges.outcome import Proved
from symbackprop.orientation import oriented
from symbackprop.primitives import Stacked
from symbackprop.render.layout import Look, layout
from symbackprop.render.text import render
from symbackprop.render.typst import write
from symbackprop.shapes import shape
from symbackprop.topic import Topic

SIZES = {"n": 2, "m": 3, "p": 4, "N": 5}


@pytest.fixture(autouse=True)
def _checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2]))


# --- rows and columns -------------------------------------------------------------------------------------------------

# the same network of examples that are columns, and of examples that are rows
PAIRS: dict[str, tuple[list[str], dict[str, str], list[str], dict[str, str]]] = {
    "one example": (
        ["z = W x + b", r"h = \tanh(z)", "u = V h + c", r"L = \frac{1}{2} \|u - y\|^2"],
        {"x": "n", "W": "m x n", "b": "m", "V": "p x m", "c": "p", "y": "p"},
        ["z = x W + b", r"h = \tanh(z)", "u = h V + c", r"L = \frac{1}{2} \|u - y\|^2"],
        {"x": "1 x n", "W": "n x m", "b": "1 x m", "V": "m x p", "c": "1 x p", "y": "1 x p"},
    ),
    "a batch": (
        [r"Z = W X + b \mathbf{1}^\top", r"H = \sigma(Z)", r"L = \frac{1}{N} \|V H - Y\|_F^2"],
        {"X": "n x N", "W": "m x n", "b": "m", "V": "p x m", "Y": "p x N"},
        [r"Z = X W + \mathbf{1} b", r"H = \sigma(Z)", r"L = \frac{1}{N} \|H V - Y\|_F^2"],
        {"X": "N x n", "W": "n x m", "b": "1 x m", "V": "m x p", "Y": "N x p"},
    ),
    "softmax": (
        ["z = W x", r"p = \operatorname{softmax}(z)", r"L = -y^\top \log(p)"],
        {"x": "n", "W": "m x n", "y": "m"},
        ["z = x W", r"p = \operatorname{softmax}(z)", r"L = -\log(p) y^\top"],
        {"x": "1 x n", "W": "n x m", "y": "1 x m"},
    ),
}


def values_of(network: ForwardNetwork, leaves: dict[str, Any], topic: Topic) -> dict[str, Any]:
    """The value of every gradient of a derivation, by the name of its variable."""
    from benchmarks.evaluation import Forward, Values

    sizes = {name: SIZES[name] for name in network.sizes}
    lines = {str(line.start.wrt): line.result for line in topic.derivations}
    forward = Forward(network.equations, lambda key: leaves[key[0]], sizes)
    values = Values(forward.variable, lambda wrt, symbols: values.of(lines[str(wrt)], symbols), sizes)
    return {name: values.of(line, {}) for name, line in lines.items()}


def drawn(network: ForwardNetwork) -> dict[str, Any]:
    """Exact numbers for the inputs and parameters; those of y sum to 1."""
    from random import Random

    import numpy as np

    from benchmarks.evaluation import mp

    made: dict[str, Any] = {}
    for variable in network.inputs:
        extent = [size.value(SIZES, lambda kind, layer: 0) for size in network.shape_of(variable)]
        random = Random(variable.name)
        made[variable.name] = np.array(
            [[mp.mpf(random.randint(1, 9)) / 8 for _ in range(extent[1])] for _ in range(extent[0])]
        )
        if variable.name == "y":
            made["y"] = made["y"] / made["y"].sum()
    return made


@pytest.mark.parametrize("style", [HADAMARD, JACOBIAN])
@pytest.mark.parametrize("name", PAIRS)
def test_rows_and_columns_agree_up_to_transposition(name: str, style: str):
    from benchmarks.comparison import differs

    columns, column_shapes, rows, row_shapes = PAIRS[name]
    upright = sb.Network(*columns, shapes=column_shapes)
    lying = sb.Network(*rows, shapes=row_shapes, data="rows")
    leaves = drawn(upright)
    one = values_of(upright, leaves, all_gradients(upright, style))
    two = values_of(lying, {key: value.T for key, value in leaves.items()}, all_gradients(lying, style))
    assert one.keys() == two.keys()
    for key, value in one.items():
        assert differs(two[key].T, value) is None, key
    # a gradient that is not transposed is another one
    assert any(differs(two[key], value) is not None for key, value in one.items())


# --- layouts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("is_by_rows", [False, True])
def test_numerator_layout_is_the_transpose_of_every_line(name: str, is_by_rows: bool):
    equations, shapes = PAIRS[name][2:] if is_by_rows else PAIRS[name][:2]
    network = sb.Network(*equations, shapes=shapes, data="rows" if is_by_rows else "columns")
    for line in all_gradients(network).derivations:
        turned = line.oriented()
        assert turned.start == Partial(LOSS, line.start.wrt, numerator=True)
        assert shape(turned.result, network) == shape(line.result, network)[::-1]
        assert turned.oriented() == line
        # gradients in it are variables of the proof: in the other layout each one is its transpose
        back = _in_denominator_layout(turned)
        assert isinstance(kernel.equal(back, line.result.T, network, network.bounds, network.assumed), Proved)


def _in_denominator_layout(turned: Derivation) -> Any:
    from symbackprop.substitution import replace_at
    from symbackprop.tree import subterms

    e = turned.result
    while True:
        found = [path for path, part in subterms(e) if isinstance(part, Partial) and part.numerator]
        if not found:
            return e
        part = next(p for path, p in subterms(e) if path == found[0])
        e = replace_at(e, found[0], Partial(part.of, part.wrt).T)


# --- what others get wrong --------------------------------------------------------------------------------------------


def gradients(*equations: str, **options: Any) -> dict[str, Any]:
    """The lines of a network by the names of the variables."""
    network = sb.Network(*equations, **options)
    return {str(line.start.wrt): (line.result, network) for line in all_gradients(network).derivations}


def is_equal(found: tuple[Any, sb.Network], text: str) -> bool:
    """Whether a line is what stands on paper."""
    result, network = found
    wanted = sb.parse(text, network=network)
    return isinstance(kernel.equal(result, wanted, network, network.bounds, network.assumed), Proved)


def test_a_diamond_counts_both_uses():
    found = gradients("e = W x", r"q = e \odot e", r"L = \mathbf{1}^\top q", shapes={"W": "m x n", "x": "n"})
    assert is_equal(found["e"], "2 e")
    assert not is_equal(found["e"], "e")
    assert is_equal(found["W"], r"2 e x^\top")


def test_a_diamond_of_two_ways_counts_both():
    found = gradients(
        "e = W x", "a = A e", "b = B e", r"L = a^\top b", shapes={"W": "m x n", "A": "p x m", "B": "p x m"}
    )
    assert is_equal(found["e"], r"A^\top b + B^\top a")
    assert not is_equal(found["e"], r"A^\top b")


def test_logsumexp_by_a_vector_is_the_softmax():
    found = gradients("z = W x", r"L = \operatorname{logsumexp}(z)", shapes={"W": "m x n", "x": "n"})
    assert is_equal(found["z"], r"\operatorname{softmax}(z)")
    assert is_equal(found["W"], r"\operatorname{softmax}(z) x^\top")


def test_the_bias_of_a_block_is_its_last_column():
    m, n = index("m"), index("n")
    W, b, x, y, z = (Named(name) for name in "Wbxyz")
    shapes = {W: (m, n), b: (m, ONE), x: (n, ONE), y: (m, ONE), z: (m, ONE)}
    block = Stacked((W, b), "columns") @ Stacked((x, number(1)), "rows")
    network = ForwardNetwork([Equation(z, block), Equation(LOSS, Power(Norm(z - y), Number(2).value))], shapes)
    for variable, wanted in {W: Partial(LOSS, z) @ x.T, b: Partial(LOSS, z)}.items():
        line = gradient_of(variable, network).derivation
        from symbackprop.substitution import everywhere

        wanted = everywhere(wanted, Partial(LOSS, z), Product((number(2), z - y)))
        assert isinstance(kernel.equal(line.result, wanted, network, network.bounds), Proved), line.result
        assert not isinstance(kernel.equal(line.result, -wanted, network, network.bounds), Proved)


def test_rows_of_a_matrix_are_no_equations():
    shapes = {"W": "m x n", "x": "n", "b": "m", "y": "m"}
    short = sb.Network("z = [W, b] [x; 1]", r"L = \|z - y\|^2", shapes=shapes)
    blocks = r"z = \begin{pmatrix} W & b \end{pmatrix} \begin{bmatrix} x \\ 1 \end{bmatrix}"
    for text in (rf"{blocks} \\ L = \|z - y\|^2", f"{blocks}\nL = \\|z - y\\|^2".replace(" 1 ", "\n 1 ")):
        assert sb.Network(text, shapes=shapes).equations == short.equations


LAYER_NORM = [
    r"\mu = \frac{1}{n} \mathbf{1}^\top z",
    r"c = z - \mu \mathbf{1}",
    r"s = \sqrt{\frac{1}{n} c^\top c + \epsilon}",
    r"u = \frac{1}{s} c",
    r"o = g \odot u + b",
    r"L = \|o - y\|^2",
]


@pytest.mark.parametrize("style", [HADAMARD, JACOBIAN])
def test_layer_norm_by_entries(style: str):
    from benchmarks.comparison import differs
    from benchmarks.evaluation import by_complex_step

    network = sb.Network(*LAYER_NORM, shapes={"z": "n", "g": "n", "b": "n", "y": "n"})
    leaves = drawn(network)
    found = values_of(network, leaves, all_gradients(network, style))
    assert {"z", "g", "b", "mu", "s", "u", "c", "o", "epsilon"} <= found.keys()
    for name, value in found.items():
        wanted = by_complex_step(
            network.equations, lambda key: leaves[key[0]], {"n": SIZES["n"]}, (name, None), value.shape
        )
        assert differs(value, wanted) is None, name
    # without the ways through the mean and the spread it is another one
    assert differs(found["z"], found["u"] / values_of_s(network, leaves)) is not None


def values_of_s(network: ForwardNetwork, leaves: dict[str, Any]) -> Any:
    """The spread, a number."""
    from benchmarks.evaluation import Forward

    return Forward(network.equations, lambda key: leaves[key[0]], {"n": SIZES["n"]}).variable(("s", None))[0, 0]


def test_twice_the_difference_keeps_its_parentheses_everywhere():
    network = sb.Network(r"\hat{y} = W x", r"L = \|\hat{y} - y\|^2", shapes={"W": "m x n", "x": "n"})
    result = gradient_of(Named("yhat"), network).derivation.result
    look = Look(network, network.reading)
    bare = {
        "LaTeX": re.sub(r"\\(left|right)|\\[,;:!]|\s", "", sb.latex(result, network.reading, network)),
        "text": re.sub(r"\s", "", render(result, look)),
        "Typst": re.sub(r"\s", "", write(layout(result, look))),
    }
    assert bare["LaTeX"] == r"2(\hat{y}-y)"
    assert bare["text"] == "2(ŷ−y)"
    assert bare["Typst"] == r"2\(hat(y)-y\)"
    turned = sb.latex(oriented(result), network.reading, network)
    assert "2(" in re.sub(r"\\left|\s", "", turned)
