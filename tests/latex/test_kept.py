"""What is kept from one formula for the next changes nothing of what is read; short ways give what long ones give."""

import json
from copy import copy
from fractions import Fraction
from pathlib import Path
from random import Random

import pytest

from symbackprop.dims import ONE, index
from symbackprop.expr import Negative, Transpose
from symbackprop.latex import calls, grammar, parse, parts
from symbackprop.latex import tokens as cutting
from symbackprop.latex.errors import ReadingError
from symbackprop.latex.fluent import fluent
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
    r"(\vec{0} \quad \dots \quad x)", r"(a \quad -b)", r"(1 \dots n)", r"\begin{pmatrix}",
    r"\begin{pmatrix} a & b_{1,2} \\ 0 & \dots \end{pmatrix}", r"\end{pmatrix}",
    r"\begin{bmatrix} (a) \\[2pt] b \end{bmatrix}", r"\\", "&", r"(x_{a, b})", r"w_{0,j,\cdot}",
    r"\left(\begin{pmatrix}1 & \sigma\end{pmatrix}\right)", r"\varsigma", r"{W_1}^\top", r"\frac{1}{2}", r"\vdots",
    r"\frac{x}{2 m}", r"\frac{\partial}{\partial x}", r"\frac{\alpha^2}{n_1, y}", r"\frac{d y}{d x}",
    r"(\sqrt{2} x)", r"\frac{\sum}{x}",
    r"\left\|x\right\|_2", r"\left\| (W x)^\top b \right\|", "(W x)'", r"(a, b)_{1}", r"\vec{x}", r"\hat{\phi}",
    r"\bar{x}",
    r"\left(\vec{0} \quad \dots \quad \overset{j\text{th column}}{\vec{x}}\right)", r"(\overset{2}{+} x)",
    r"(\text{max} x)",
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


@pytest.mark.parametrize("piece", ["x_1", "(x)'", r"(W x)^2", "{x_1}^2"])
def test_no_more_tokens_are_read_than_sign_by_sign(piece):
    most = 15_000 // len(tokens(piece))
    for count in {most, most + 1, 20_000 // len(piece)}:
        assert cut(piece * count) == cut_with_names(piece * count)


def cut_with_names(text):
    """The tokens of a text, cut with names and each name taken apart."""
    try:
        return list(apart(grammar.cut(text)))
    except ReadingError as error:
        return error.message, error.span


def apart(found, start=0):
    """Tokens counted from a place on, each sign of a name as one."""
    for token in found:
        if token.role == "name":
            yield from apart(token.value.tokens, start + token.start)
        else:
            yield token._replace(start=start + token.start, end=start + token.end)


def test_a_letter_that_is_nothing_may_be_an_index_elsewhere():
    network = Quantities(SHAPES)
    for _ in range(2):
        for text in ("i x", "(i) x", "g(i) x", "(x_1 i)"):
            with pytest.raises(ReadingError, match="'i' is no quantity here"):
                read(text, network=network)
        assert str(read(r"\sum_{i=1}^{n} i x_i", network=network).tree) == "Σ_{i=1}^{n} (i x[i])"
        assert str(read(r"\sum_{i=1}^{n} g(i) (i) (x_1 i)", network=network).tree) == "Σ_{i=1}^{n} (g(i) i (x[1] i))"


def test_what_is_open_is_found_for_each():
    text = r"x^\top (I) x + z^\top (I) z + x^\top g(I) x + z^\top g(I) z"
    for network in (Quantities(SHAPES),) * 2:
        assert str(read(text, network=network).tree) == "xᵀ I x + zᵀ I z + xᵀ g(I) x + zᵀ g(I) z"


def test_what_is_left_open_is_left_open_after_another_way_to_read_it():
    network = Quantities({"f": ("n", "n"), "W": ("n", "n")})
    # f is a function and a matrix: `I` is read for the one, and again for the other
    with pytest.raises(ReadingError, match="can be read in 2 ways"):
        read("W = f(I) W", network=network)
    with pytest.raises(ReadingError, match="how large this is does not follow"):
        read("(I)", network=network)


def test_dots_stand_for_what_the_left_side_says_in_each_line():
    placed = r"(\vec{0} \quad \dots \quad \vec{0} \quad \vec{x} \quad \vec{0} \quad \dots \quad \vec{0})"
    lines = [("0,j", "j", "units_1"), ("0,3", "3", "units_1"), ("1,j", "j", "units_2")]
    for _ in range(2):
        for row, column, width in lines:
            left = rf"\frac{{\partial L}}{{\partial \vec{{w}}_{{{row}}}^\top}}"
            for right in (
                rf"\sigma_{{1,1}}{placed}",
                rf"\left\| {placed} \right\|_F",
                rf"2 \left\| ({placed}) \right\|_F",
            ):
                said = read(rf"\left\|{left}\right\|_2 \le {right}").tree
                assert f"ColumnAt(Hidden(0), {column}, {width})" in repr(said), right
        with pytest.raises(ReadingError, match="which column this is"):
            read(placed)


def test_what_looks_further_than_parentheses_is_read_anew():
    network = Quantities(SHAPES)
    for name in ("z", "b", "W"):
        assert str(read(rf"\partial (L) / \partial {name}", network=network).tree) == f"∂L/∂{name}"


def meaning(text, network, **ways):
    try:
        found = read(text, network=network, **ways)
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
        r"x^\top (I) x + z^\top (I) z + x^\top g(I) x + z^\top g(I) z",
        r"g(q)",
        r"(x) z",
        r"\begin{pmatrix} g'(z_1) & \dots & 0 \\ \vdots & \ddots & \vdots \\ 0 & \dots & g'(z_m) \end{pmatrix} b",
        r"\begin{pmatrix} I & I \end{pmatrix} \begin{pmatrix} x \\ x \end{pmatrix}",
        r"\prod_{i=1}^{3} (2 i) + \prod_{i=1}^{3} (2 i) (i)",
        r"(2 n) + \sum_{n=1}^{3} (2 n)",
        r"\frac{1}{2} {W}^\top z + \frac{1}{2} x",
        r"\frac{z}{m} + \sum_{m=1}^{3} \frac{z}{m}",
        r"\frac{\partial}{\partial W} L + \frac{dL}{dW}",
        r"\frac{I}{n} x + \frac{I}{n} z",
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


PARTS_OF_LINES = [
    "x", "W", "z", "b", "A", "q", "(", ")", "+", "-", "=", r"\odot", r"\circ", r"^\top", "'", "_1", "1", "2", "g'(z)",
    "(x)", r"\sigma'(z)", "(W x)", "(1 - z)", r"\left(", r"\right)", r"\frac{\partial L}{\partial z}", "L", ",", "n",
    "I", r"\cdot", r"\operatorname{diag}", r"x^\top", r"W^\top", "A^2", r"\le", "/", r"\tanh", r"\,", "[", r"\quad",
    r"\frac{x}{m}", r"\frac{\partial}{\partial W}", r"\frac{z + b}{x_1}", r"(\sqrt{2} z)", r"\frac{I}{n}",
    "]", "[A]", r"\prod_{i=1}^{3}", r"\prod_{i=1}^3 ", r"\left\|", r"\right\|", r"\left\|x\right\|_2", "_2", "_F",
    "&=", "&",
    r"\left[A^2 (i) A_{i,1} \right]", "(A)^2", r"\vec{x}", r"\hat{z}", r"\log", "^i",
]  # fmt: skip
COLUMNS = [
    "z", "b", "W x", "(W x)", "g'(z)", r"\sigma'(W x + b)", "(1 - z)", r"\left(b + (z - b)\right)", "2 z", "z^2", "0",
    r"W W^\top b", r"\operatorname{diag}(z) b", r"\frac{\partial L}{\partial z}", r"b x^\top x", r"z b^\top z",
    "(z) (b)", "z b", "z2", r"\vec{z}", r"\left\| W x \right\|_2 z", r"\left\|z - (b - z)\right\| b", r"(z)^\top b z",
    r"\prod_{i=1}^{3} [2 A_{i,1} W W^\top] (W x)", r"\prod_{i=1}^{3}\left[ \prod_{n=1}^3 (2 n i) \right] z",
    r"\left\|A\right\|_F b",
    r"\prod_{i=1}^{3} [x_i] \prod_{n=1}^3 (n) z", r"\left\|\prod_{i=1}^{3} (A) x\right\|_1 b", r"\prod_{i=1}^{3} i z",
]  # fmt: skip
FORMS = (
    "{}",
    "{} = {}",
    "-{} + {}",
    "z = {} - {}",
    r"z = {} + {}, \quad b = {}",
    "({} - {}) = {} = {}",
    "z = -{}",
    "z &= {}",
    "{} & = {}",
)


def lines_of_columns(random):
    """Products, sums and equations of columns."""
    for _ in range(500):
        sign = random.choice((r" \odot ", r" \circ ", " "))
        terms = [sign.join(random.choices(COLUMNS, k=count)) for count in random.choices((1, 2, 3), k=4)]
        yield random.choice(FORMS).format(*terms)


def test_a_line_of_what_is_known_means_what_its_surface_means(monkeypatch):
    random = Random(2)
    lines = [*lines_of_columns(random)]
    lines += [
        random.choice((" ", "")).join(random.choices(PARTS_OF_LINES, k=random.randint(1, 9))) for _ in range(2000)
    ]
    network = Quantities(SHAPES)
    # each is read twice, so that what is in it is known then
    is_known = {text: meaning(text, network)[0] is not ReadingError for text in (*lines, *lines)}
    going_on = {"left": read("z", network=network).tree, "like": (index("m"), ONE)}
    asked = [(text, ways) for text in is_known for ways in ({}, going_on)]
    asked += [(f"= {text}", going_on) for text, known in is_known.items() if known]
    found = []
    monkeypatch.setattr(parse, "fluent", lambda *given: found.append(fluent(*given)) or found[-1])
    quick = [meaning(text, network, **ways) for text, ways in asked]
    # it is asked at all, and knows much
    assert sum(said is not None for said in found) > 500
    monkeypatch.setattr(parse, "fluent", lambda *_: None)
    for (text, ways), short in zip(asked, quick, strict=True):
        assert short == meaning(text, network, **ways), (text, ways)


def test_lines_of_the_lecture_mean_what_their_surfaces_mean(monkeypatch):
    known = {text: meaning(text, None) for text in (*FORMULAS, *FORMULAS)}
    found = []
    monkeypatch.setattr(parse, "fluent", lambda *given: found.append(fluent(*given)) or found[-1])
    assert {text: meaning(text, None) for text in FORMULAS} == known
    assert sum(said is not None for said in found) > 15
    monkeypatch.setattr(parse, "fluent", lambda *_: None)
    assert {text: meaning(text, None) for text in FORMULAS} == known


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
            assert str(read(r"(\det(A)) x", network=network).tree) == "tr(A) x"
            assert str(read(r"(A^{-1}) x", network=network).tree) == "Aᵀ x"
            patched.setitem(parts.POWERS, Fraction(-1), Negative)
            assert str(read(r"(A^{-1}) x", network=network).tree) == "(-A) x"
            patched.setitem(calls.NAMED, "det", calls.NAMED["diag"])
            assert str(read(r"(\det(x)) x", network=network).tree) == "diag(x) x"


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
