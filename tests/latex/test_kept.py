"""What is kept from one formula for the next changes nothing of what is read; short ways give what long ones give."""

import json
from copy import copy
from fractions import Fraction
from pathlib import Path
from random import Random

import pytest

from symbackprop.expr import Transpose
from symbackprop.latex import calls, parts
from symbackprop.latex import tokens as cutting
from symbackprop.latex.errors import ReadingError
from symbackprop.latex.grammar import surface
from symbackprop.latex.parse import read
from symbackprop.latex.surface import Surface
from symbackprop.latex.symbols import WORDS
from symbackprop.latex.tokens import tokens
from symbackprop.quantities import Quantities

HERE = Path(__file__).parent
FORMULAS = [
    row["latex"]
    for path in (HERE / "published.json", HERE.parent / "lecture" / "formulas.json")
    for row in json.loads(path.read_text("utf-8"))["formulas"]
]
SHAPES = {"W": ("m", "n"), "x": ("n",), "b": ("m",), "z": ("m",), "A": ("n", "n"), "L": ()}
PIECES = [
    "x", "W", r"\phi", r"\varphi", r"\sigma", r"\left(", r"\left (", r"\right)", r"\leftarrow", r"\left.", r"\,", r"\ ",
    r"\\", r"\{", r"\|", "2", "12", ".5", "2.5", "2e", "1e5", "{,}", "...", ".", ".*", ".^", "'", "**", "=>", "{", "}",
    "_", "^", "ReLU", "logx", r"x\_1", r"\text{if }", r"\mathrm{diag}", r"\begin{pmatrix}", "&", "%c\n", "$", "²", "ŷ",
    " ", "\t", "~",
]  # fmt: skip


def cut(text):
    """The tokens of a text, or why it has none."""
    try:
        return tokens(text)
    except ReadingError as error:
        return error.message, error.span


def texts():
    random = Random(0)
    yield from FORMULAS
    for _ in range(2000):
        yield "".join(random.choices(PIECES, k=random.randint(1, 8)))


def test_pieces_that_are_looked_up_are_cut_as_the_others_are(monkeypatch):
    short = [(text, cut(text)) for text in texts()]
    # with an empty table each token is cut by the method of its first character
    monkeypatch.setattr(cutting, "_KNOWN", {})
    for text, found in short:
        assert found == cut(text), text


NAMES = [
    "x", "W", "g", r"\sigma", r"\varphi", r"\top", r"\vec{z}", r"\hat{\vec{y}}", r"\mathbf{W}", r"\cdot", "ŷ", "²", "$",
    "_1", "_{12}", "_12", "_i", "_{ij}", "_{i,j}", "_{l+1}", "_{xh}", "_{max}", "_e", "^2", "^T", r"^\top", r"^{\top}",
    "^{-1}", "^{(1)}", "'", "''", r"\frac{\partial L}{\partial W_1}", r"\frac{\partial \vec{z}_{l+1}}{\partial h}",
    r"\frac", r"\frac{\partial ", "}{", r"\sqrt", r"\max", r"\sum", "(", ")", "[", "|", "{", "}", "2", "e", ".", "=",
    "-", " ", r"a\_b", "(x)", "(a + b_1)", "(W_2^T (1 - h))", r"\left(W x\right)", r"\left((a) b\right)", r"\left(",
    r"\right)", r"(\operatorname{diag} z)", "(2", "e5)", "(W1)", r"(\phi)", "(,)", r"(\sum_i x)", "(a = b)", "(-", "-)",
    r"\big", "{(", ")}", "(1 2)", "(a /", r"\hat", r"\bf",
]  # fmt: skip


def on_the_page(text, words):
    """A surface with all that it is made of and every span, or why there is none."""
    try:
        return shown(surface(text, words))
    except ReadingError as error:
        return error.message, error.span


def shown(node):
    if isinstance(node, Surface):
        # but for what is only kept beside them
        return type(node), *[shown(getattr(node, name)) for name in node.__dataclass_fields__ if name != "written"]
    return tuple(map(shown, node)) if isinstance(node, tuple) else node


def test_what_is_read_at_once_is_as_it_is_sign_by_sign():
    random = Random(1)
    soups = ["".join(random.choices(NAMES, k=random.randint(1, 7))) for _ in range(3000)]
    for text in (*FORMULAS, *soups):
        # with words of somebody's own everything is read sign by sign
        assert on_the_page(text, WORDS) == on_the_page(text, set(WORDS)), text


def test_a_letter_that_is_nothing_may_be_an_index_elsewhere():
    network = Quantities(SHAPES)
    for _ in range(2):
        with pytest.raises(ReadingError, match="'i' is no quantity here"):
            read("i x", network=network)
        assert str(read(r"\sum_{i=1}^{n} i x_i", network=network).tree) == "Σ_{i=1}^{n} (i x[i])"


def meaning(text, network):
    try:
        found = read(text, network=network)
    except ReadingError as error:
        return type(error), error.message, error.span
    return found.tree, found.spans, found.assumed


@pytest.mark.parametrize(
    "text",
    [
        r"W x + b",
        r"W^\top W",
        r"W^{\top} W^T",
        r"\vec{x}^\top x",
        r"x^\top \vec x",
        r"x_1 + x_{1} + x_{ 1 }",
        r"\frac{\partial L}{\partial W} = \frac{\partial L}{\partial z} x^\top",
        r"{W}^\top z + W^{\top} z",
        r"W_{1,2} + W_{12}^2",
        r"A^2 x + W' z",
        r"W W x",
        r"q^\top",
        r"g'(W x + b) + g'(z) \odot (W x)",
        r"g'  (z) + \sigma'(z)",
        r"z (x)",
        r"b + (b + z) + (b + z)",
        r"\left(W x\right) \odot (1 - z)",
        r"A (I - A) x",
        r"(A)_{1,2} + (A)^\top_{1,2}",
        r"\sum_{i=1}^{m} (b_i) g(z_i)",
        r"\operatorname{diag}(g'(z)) (W x)",
        r"L(z)",
        r"(q)",
        r"g(q)",
        r"(x) z",
    ],
)
def test_a_formula_means_the_same_after_others(text):
    alone = meaning(text, Quantities(SHAPES))
    used = Quantities(SHAPES)
    others = (
        r"W'",
        r"{W}^{\top} z",
        r"x_{ 1 }",
        r"W_{1,2} + {W}_{12}",
        r"\sum_{i=1}^{m} (z_i) g(b_i)",
        "g(z) + (b + z)",
    )
    for other in (f"b +  {text}", f"z = {text}", f"({text})", f"g({text})", *others, text):
        meaning(other, used)
    assert meaning(text, used) == alone


def test_what_is_registered_later_counts(monkeypatch):
    network = Quantities(SHAPES)
    for _ in range(2):
        with pytest.raises(ReadingError, match="determinant"):
            read(r"(\det(A)) x", network=network)
        with pytest.raises(ReadingError, match="inverse"):
            read(r"(A^{-1}) x", network=network)
        with monkeypatch.context() as patched:
            patched.setitem(calls.NAMED, "det", calls.NAMED["tr"])
            patched.setitem(parts.POWERS, Fraction(-1), Transpose)
            for _ in range(2):
                assert str(read(r"(\det(A)) x", network=network).tree) == "tr(A) x"
                assert str(read(r"(A^{-1}) x", network=network).tree) == "Aᵀ x"


def test_letters_with_other_scripts_are_told_apart():
    found = read(r"W^\top W x + W_{1,2} \vec{x} + W' W x + W_{1,2}^2 x", network=Quantities(SHAPES)).tree
    assert str(found) == "Wᵀ W x + W[1,2] x + Wᵀ W x + W[1,2]^2 x"


def test_a_copy_of_a_network_does_not_have_the_letters_of_its_original():
    network = Quantities(SHAPES)
    read("W x", network=network)
    other = copy(network)
    other._shapes = Quantities({"W": ("p", "q"), "x": ("q",)})._shapes
    assert read("W x", network=other).mark == read("W x", network=network).mark
    with pytest.raises(ReadingError, match="'b' is no quantity here"):
        read("b", network=other)
    assert read("b", network=network).tree
