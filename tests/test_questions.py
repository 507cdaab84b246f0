"""The gallery of questions: every answer is that of paper, every step is as expected, and the page is up to date."""

from __future__ import annotations

import importlib.util
import math
import re
import shlex
import subprocess
import sys
from fractions import Fraction
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

from symbackprop.activations import scalar_function
from symbackprop.chance import Expectation, Variance
from symbackprop.derivation import Derivation
from symbackprop.dims import DEPTH, dim, index, units, width
from symbackprop.expr import (
    LARGEST,
    LOSS,
    SMALLEST,
    ColumnAt,
    Diagonal,
    Elementwise,
    Entry,
    Expr,
    Hadamard,
    Hidden,
    IndexedProduct,
    Named,
    Norm,
    Number,
    Partial,
    Power,
    PreActivation,
    Product,
    Quotient,
    Row,
    SingularValue,
    Size,
    Weight,
    number,
)
from symbackprop.judges import exact, numeric
from symbackprop.judges.claim import Claim
from symbackprop.judges.outcome import Refuted, Supported
from symbackprop.latex.parse import parse
from symbackprop.primitives import Stacked
from symbackprop.shapes import shape
from symbackprop.statements import Chain
from symbackprop.topic import Numbers

ROOT = Path(__file__).parents[1]


@cache
def gallery() -> ModuleType:
    """The generator, by path: it is no part of the package."""
    spec = importlib.util.spec_from_file_location("symbackprop_questions", ROOT / "docs" / "make_questions.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@cache
def asked() -> dict:
    return {each.title: each for each in gallery().questions()}


def of_name(title: str) -> Derivation:
    """The only derivation of a question, or the last one."""
    return asked()[title].derivations[-1]


# --- on paper --------------------------------------------------------------------------------------------------------

# what was asked, worked out by hand, with nothing of the loss in it where it is known
ON_PAPER = {
    "Weight gradient as an outer product": [r"\frac{\partial C}{\partial W} = \frac{\partial C}{\partial z} x^\top"],
    "Softmax with cross-entropy": [r"\frac{\partial J}{\partial \theta} = \hat{y} - y"],
    "Bias gradient": [r"\frac{\partial C}{\partial b} = \frac{\partial C}{\partial z}"],
    "Squared error": [
        r"\frac{\partial J}{\partial \hat{y}} = \hat{y} - y",
        r"\frac{\partial J}{\partial W} = (W x + b - y) x^\top",
        r"\frac{\partial J}{\partial b} = W x + b - y",
        r"\frac{\partial J}{\partial x} = W^\top (W x + b - y)",
    ],
    # Ioffe and Szegedy 2015, section 3, with the sums over the batch as products with columns of ones
    "Batch normalization, backward": [
        r"\frac{\partial L}{\partial \gamma} = \hat{x}^\top \frac{\partial L}{\partial y}",
        r"\frac{\partial L}{\partial \beta} = \mathbf{1}^\top \frac{\partial L}{\partial y}",
        r"\frac{\partial L}{\partial x} = \frac{\gamma}{s} (\frac{\partial L}{\partial y}"
        r" - \frac{1}{m} \mathbf{1} \mathbf{1}^\top \frac{\partial L}{\partial y}"
        r" - \frac{1}{m} \hat{x} \hat{x}^\top \frac{\partial L}{\partial y})",
    ],
    "Dropout": [
        r"\frac{\partial L}{\partial \tilde{h}} = (s - y) W_2^\top",
        r"\frac{\partial L}{\partial h} = \frac{1}{p} (m \odot ((s - y) W_2^\top))",
        r"\frac{\partial L}{\partial W_2} = \tilde{h}^\top (s - y)",
        r"\frac{\partial L}{\partial W_1}"
        r" = \frac{1}{p} x^\top (\operatorname{step}(x W_1 + b_1) \odot m \odot ((s - y) W_2^\top))",
    ],
    "Recurrent network: backpropagation through time": [
        r"\frac{\partial L}{\partial h_T} = V^\top (\hat{y}_T - y_T)",
        r"\frac{\partial L}{\partial h_t} = V^\top (\hat{y}_t - y_t)"
        r" + W^\top \operatorname{diag}(\mathbf{1} - h_{t+1} \odot h_{t+1}) \frac{\partial L}{\partial h_{t+1}}",
        r"\frac{\partial L}{\partial W} = \sum_{t=1}^T ((\mathbf{1} - h_t \odot h_t)"
        r" \odot \frac{\partial L}{\partial h_t}) h_{t-1}^\top",
        r"\frac{\partial L}{\partial U} = \sum_{t=1}^T ((\mathbf{1} - h_t \odot h_t)"
        r" \odot \frac{\partial L}{\partial h_t}) x_t^\top",
        r"\frac{\partial L}{\partial V} = \sum_{t=1}^T (\hat{y}_t - y_t) h_t^\top",
        r"\frac{\partial L}{\partial b} = \sum_{t=1}^T ((\mathbf{1} - h_t \odot h_t)"
        r" \odot \frac{\partial L}{\partial h_t})",
        r"\frac{\partial L}{\partial c} = \sum_{t=1}^T (\hat{y}_t - y_t)",
    ],
    "Recurrent network: the product through time": [
        r"\frac{\partial L}{\partial h_t} = \prod_{k=t+1}^T [W^\top \operatorname{diag}(\mathbf{1} - h_k \odot h_k)]"
        r" \frac{\partial L}{\partial h_T}",
    ],
    "Ridge regression": [r"\frac{\partial J}{\partial w} = X^\top (X w - y) + \lambda w"],
    "A batch of N rows": [
        r"\frac{\partial J}{\partial \Theta} = \frac{1}{N} (\hat{Y} - Y)",
        r"\frac{\partial J}{\partial W_2} = \frac{1}{N} H^\top (\hat{Y} - Y)",
        r"\frac{\partial J}{\partial b_2} = \frac{1}{N} \mathbf{1}^\top (\hat{Y} - Y)",
        r"\frac{\partial J}{\partial Z}"
        r" = \frac{1}{N} (((\hat{Y} - Y) W_2^\top) \odot H \odot (\mathbf{1} \mathbf{1}^\top - H))",
        r"\frac{\partial J}{\partial W_1} = X^\top \frac{\partial J}{\partial Z}",
        r"\frac{\partial J}{\partial b_1} = \mathbf{1}^\top \frac{\partial J}{\partial Z}",
    ],
    # f = x² y + x² y²
    "A computation graph": [
        r"\frac{\partial f}{\partial x} = 2 x y + 2 x y^2",
        r"\frac{\partial f}{\partial y} = x^2 + 2 x^2 y",
    ],
    "Sigmoid with binary cross-entropy": [
        r"\frac{\partial J}{\partial z} = a - y",
        r"\frac{\partial J}{\partial w} = (a - y) x",
        r"\frac{\partial J}{\partial b} = a - y",
    ],
    "Input gradient": [
        r"\frac{\partial J}{\partial x} = (((\hat{y} - y) W_2^\top) \odot h \odot (\mathbf{1}^\top - h)) W_1^\top"
    ],
    "Swish with its parameter": [
        r"\frac{\partial L}{\partial z}"
        r" = (s + \beta (z \odot s \odot (\mathbf{1} - s))) \odot \frac{\partial L}{\partial h}",
        r"\frac{\partial L}{\partial \beta}"
        r" = z^\top (z \odot s \odot (\mathbf{1} - s) \odot \frac{\partial L}{\partial h})",
    ],
    "Parametric ReLU": [
        r"\frac{\partial L}{\partial z}"
        r" = (\operatorname{step}(z) + a \operatorname{step}(-z)) \odot \frac{\partial L}{\partial h}",
        r"\frac{\partial L}{\partial a} = \min(z, 0)^\top \frac{\partial L}{\partial h}",
    ],
    "Weight sharing": [
        r"\frac{\partial J}{\partial W} = ((\mathbf{1} - u \odot u) \odot (u - y)) h^\top"
        r" + ((\mathbf{1} - h \odot h) \odot (W^\top ((\mathbf{1} - u \odot u) \odot (u - y)))) x^\top",
    ],
    # Ba, Kiros, Hinton 2016, differentiated by hand
    "Layer normalization, backward": [
        r"\frac{\partial L}{\partial \gamma} = \hat{x} \odot \frac{\partial L}{\partial y}",
        r"\frac{\partial L}{\partial \beta} = \frac{\partial L}{\partial y}",
        r"\frac{\partial L}{\partial x} = \frac{1}{s} (\gamma \odot \frac{\partial L}{\partial y}"
        r" - \frac{1}{n} \mathbf{1} \mathbf{1}^\top (\gamma \odot \frac{\partial L}{\partial y})"
        r" - \frac{1}{n} \hat{x} \hat{x}^\top (\gamma \odot \frac{\partial L}{\partial y}))",
    ],
    "The product for arbitrary depth": [
        r"\frac{\partial J}{\partial W_l} = \prod_{k=l}^{L-1} [\operatorname{diag}(g'(z_k)) W_{k+1}^\top]"
        r" \frac{\partial J}{\partial z_L} h_{l-1}^\top",
    ],
    "The slopes of sigmoid, tanh and ReLU": [
        r"\sigma'(z) = \sigma(z) (1 - \sigma(z))",
        r"\tanh'(z) = 1 - \tanh(z)^2",
        r"\operatorname{ReLU}'(z) = \operatorname{step}(z)",
    ],
    "Tanh is a sigmoid": [r"\tanh(z) = 2 \sigma(2 z) - 1"],
    "The softmax does not see a shift": [r"\operatorname{softmax}(z + c \mathbf{1}) = \operatorname{softmax}(z)"],
    "The Jacobian of the softmax": [
        r"\frac{\partial p}{\partial z} = \operatorname{diag}(p) - p p^\top",
        r"\frac{\partial p_k}{\partial z_i} = p_k \delta_{ki} - p_k p_i",
    ],
    "Batch normalization at test time": [r"\frac{\partial y}{\partial x} = \operatorname{diag}(\gamma \oslash s)"],
    "The norm of the gradient of one example": [
        r"\left\| \frac{\partial J}{\partial W} \right\|_F^2"
        r" = \|x\|_2^2 \left\| \frac{\partial J}{\partial z} \right\|_2^2"
    ],
}
LINES = [(title, line) for title, lines in ON_PAPER.items() for line in lines]


def read(title: str, line: str) -> tuple[Derivation, Expr]:
    """The derivation that a line is about, and its right side."""
    question = asked()[title]
    network = question.topics[0].network
    chain = parse(line, getattr(network, "reading", "lecture"), network)
    assert isinstance(chain, Chain)
    left, right = chain.sides
    found = [each for each in question.derivations if each.start == left]
    assert found, f"{left} is none of {[str(each.start) for each in question.derivations]}"
    return found[-1], right


def outcomes(made: Derivation, left: Expr, right: Expr) -> list:
    claim = Claim(left, "=", right, made.network, made.known, made.given)
    return [exact.judge(claim), numeric.judge(claim)]


@pytest.mark.parametrize(("title", "line"), LINES)
def test_an_answer_is_that_of_paper(title: str, line: str) -> None:
    made, right = read(title, line)
    assert shape(made.result, made.network) == shape(right, made.network)
    if made.result != right:
        found = outcomes(made, made.result, right)
        assert any(isinstance(each, Supported) for each in found), found
        assert not any(isinstance(each, Refuted) for each in found), found


@pytest.mark.parametrize(("title", "line"), LINES)
def test_another_answer_is_not(title: str, line: str) -> None:
    """The comparison tells a sign and a factor of 2."""
    made, right = read(title, line)
    for wrong in (-right, number(2) @ right):
        assert any(isinstance(each, Refuted) for each in outcomes(made, made.result, wrong)), wrong


# --- with trees by hand ----------------------------------------------------------------------------------------------

l = index("l")
x, yhat = Hidden(0), PreActivation(DEPTH + 1)


def placed() -> ColumnAt:
    return ColumnAt(x, index("j"), width(1))


def bound(which: str, slope: Expr) -> Expr:
    """σ(0 … x … 0) ∏_{l=1}^L [slope σ(W_lᵀ)] ‖∂L/∂ŷ‖."""
    layer = slope @ SingularValue(Weight(l).T, which)
    product = IndexedProduct("l", dim(1), DEPTH, layer)
    return SingularValue(placed(), which) @ product @ Norm(Partial(LOSS, yhat))


def first_row() -> Expr:
    return Norm(Partial(LOSS, Row(Weight(0), index("j")).T))


@pytest.mark.parametrize(
    ("title", "which", "relation"),
    [("Vanishing gradients: the upper bound", LARGEST, "≤"), ("Exploding gradients: the lower bound", SMALLEST, "≥")],
)
def test_bounds(title: str, which: str, relation: str) -> None:
    made = of_name(title)
    slopes = SingularValue(Diagonal(Elementwise("g", PreActivation(l), 1)), which)
    assert (made.start, made.relation, made.result) == (first_row(), relation, bound(which, slopes))


def test_the_recursion() -> None:
    made = of_name("The recursion of ∂L/∂z")
    back = Weight(l).T @ Partial(LOSS, PreActivation(l + 1))
    slopes = Elementwise("g", PreActivation(l), 1)
    assert made.start == Partial(LOSS, PreActivation(l))
    assert made.result in (Hadamard((slopes, back)), Hadamard((back, slopes)))


def test_a_quarter_a_layer() -> None:
    slope, made = asked()["Sigmoids: a quarter for every layer"].derivations
    assert (slope.relation, slope.result) == ("≤", Number(Fraction(1, 4)))
    assert (made.start, made.relation) == (first_row(), "≤")
    assert made.result == bound(LARGEST, number(Fraction(1, 4)))


def test_residual() -> None:
    every, least = asked()["A residual connection and the smallest singular value"].derivations
    A, u = Named("A"), Named("u")
    size = SingularValue(A, LARGEST)
    assert (least.relation, least.result) == ("≥", number(1) - size)
    assert (every.start, every.relation, every.result) == (Norm(u), "≤", Norm(u + A @ u) + size @ Norm(u))


def test_variances() -> None:
    question = asked()["The variances of Xavier and He"]
    found = {each.title: each.result for each in question.derivations}
    weight = Variance(Entry(Weight(l), dim(1), dim(1)))
    hidden = Expectation(Power(Entry(Hidden(l), dim(1)), Fraction(2)))
    reads, is_read = Size(units(l)), Size(units(l + 1))
    assert found["One layer forward"] == reads @ weight @ hidden
    assert found["One layer forward, ReLU"] == Product(
        (number(Fraction(1, 2)), reads, weight, Variance(Entry(PreActivation(l), dim(1))))
    )
    assert found["He, by the fan-in"] == Quotient(number(2), reads)
    assert found["One layer back, identity"] == is_read @ weight @ Variance(
        Partial(LOSS, Entry(PreActivation(l + 1), dim(1)))
    )
    assert found["Xavier"] == Quotient(number(2), Size(units(l) + units(l + 1)))


def test_gelu_and_silu() -> None:
    gelu, silu = asked()["GELU and SiLU"].derivations
    z = Named("z")
    cdf, pdf, sigmoid = (Elementwise(name, z) for name in ("normal_cdf", "normal_pdf", "sigmoid"))
    assert (gelu.start, gelu.result) == (Elementwise("gelu", z, 1), cdf + z @ pdf)
    assert (silu.start, silu.result) == (Elementwise("silu", z, 1), sigmoid + z @ sigmoid @ (number(1) - sigmoid))
    for at in (-2.0, -0.3, 0.0, 1.5):
        # by differences of the definitions, as written in math
        step = 1e-5
        slope = (gelu_of(at + step) - gelu_of(at - step)) / (2 * step)
        phi, density = value("normal_cdf", at), value("normal_pdf", at)
        assert phi + at * density == pytest.approx(slope, abs=1e-8)
        slope = (silu_of(at + step) - silu_of(at - step)) / (2 * step)
        s = 1 / (1 + math.exp(-at))
        assert s + at * s * (1 - s) == pytest.approx(slope, abs=1e-8)


def gelu_of(z: float) -> float:
    return z * 0.5 * math.erfc(-z / math.sqrt(2))


def silu_of(z: float) -> float:
    return z / (1 + math.exp(-z))


def value(name: str, z: float) -> float:
    made = scalar_function(name).expression()
    return float(made.subs(dict.fromkeys(made.free_symbols, z)))


def test_numbers_by_hand() -> None:
    """x = (1, 2), W = (1 -1; 2 1), b = (0, 1), v = (3, 2), y = 8, worked out with a pencil."""
    column = {"z": (-1, 5), "h": (0, 5), "yhat": (10,), "L": (2,)}
    gradients = {
        "yhat": (2,), "h": (6, 4), "z": (0, 4), "x": (8, 4), "W": ((0, 0), (4, 8)), "b": (0, 4), "v": (0, 10),
        "y": (-2,),
    }  # fmt: skip
    made = asked()["Forward and backward by hand"].derivations
    forward = {each.start.name: entries(each.result) for each in made if not isinstance(each.start, Partial)}
    backward = {each.start.wrt.name: entries(each.result) for each in made if isinstance(each.start, Partial)}
    assert forward == column
    assert backward == gradients


def entries(e: Expr) -> tuple:
    match e:
        case Number(one):
            return (int(one),)
        case Stacked(parts, "rows"):
            return tuple(int(p.value) if isinstance(p, Number) else tuple(int(q.value) for q in p.parts) for p in parts)
    raise AssertionError(e)


def tables(title: str) -> list[dict[str, tuple[str, ...]]]:
    parts = asked()[title].topics[0].parts
    return [{row[0]: row[1:] for row in part.compute()} for part in parts if isinstance(part, Numbers)]


def polynomial(text: str) -> set[tuple[str, ...]]:
    return {tuple(sorted(term.split())) for term in text.split(" + ")}


def test_operations_and_memory() -> None:
    """N D H for X W_1 and N H K for H W_2; backward each of them twice, and N H for the slopes."""
    forward, backward = tables("Operations and memory")
    assert polynomial(forward["all"][0]) == {("D", "H", "N"), ("H", "K", "N")}
    assert polynomial(forward["all"][1]) == {("2", "H", "N"), ("K", "N")}
    assert polynomial(backward["all"][0]) == {("2", "D", "H", "N"), ("2", "H", "K", "N"), ("H", "N")}
    by_weights = next(row for line, row in backward.items() if line.startswith("∂L/∂W_1"))
    assert polynomial(by_weights[0]) == {("D", "H", "N")}
    assert polynomial(by_weights[1]) == {("D", "H")}


def test_orders() -> None:
    made = asked()["From the left or from the right"].topics[0].parts
    (table,) = [part for part in made if isinstance(part, Numbers)]
    found = {(row[0], row[1]): (polynomial(row[2]), row[3]) for row in table.compute()}
    assert found["A B C v", "from the right"] == ({("r", "s"), ("q", "r"), ("p", "q")}, "3 n²")
    assert found["A B C v", "from the left"] == ({("p", "q", "r"), ("p", "r", "s"), ("p", "s")}, "2 n³ + n²")
    assert found["A B C V", "from the right"][0] == {("k", "r", "s"), ("k", "q", "r"), ("k", "p", "q")}
    assert found["A B C V", "from the left"][0] == {("p", "q", "r"), ("p", "r", "s"), ("k", "p", "s")}


# --- the page --------------------------------------------------------------------------------------------------------

BY_TREES = {
    "The recursion of ∂L/∂z",
    "Vanishing gradients: the upper bound",
    "Exploding gradients: the lower bound",
    "Forward and backward by hand",
    "Operations and memory",
    "The variances of Xavier and He",
    "GELU and SiLU",
    "Sigmoids: a quarter for every layer",
    "A residual connection and the smallest singular value",
    "From the left or from the right",
}
# in how many of sixteen courses a kind of question was found, from the survey of courses
FOUND = [12, 8, 7, 7, 6, 6] + [5] * 6 + [4] * 4 + [3] * 2 + [2] * 10 + [0] * 6


def test_every_question_has_an_answer_on_paper() -> None:
    assert set(ON_PAPER) | BY_TREES == set(asked())
    assert sorted((each.found for each in asked().values()), reverse=True) == FOUND


def test_every_step_is_as_expected_and_the_page_is_up_to_date() -> None:
    made = gallery()
    judged = made.judged_of(tuple(asked().values()))
    unexpected = [
        (title, each.number, each.outcomes) for title, own in judged.items() for each in own if not each.as_expected
    ]
    assert not unexpected
    assert made.page(tuple(asked().values()), judged) == made.PAGE.read_text(encoding="utf-8"), (
        "run python docs/make_questions.py"
    )


def test_contents_lead_to_headings() -> None:
    text = gallery().PAGE.read_text(encoding="utf-8")
    links = re.findall(r"^\d+\. \[(.*)\]\(#(.*)\)$", text, re.MULTILINE)
    headings = re.findall(r"^## \d+\. (.*)$", text, re.MULTILINE)
    assert [name for name, _ in links] == headings
    # GitHub's names of headings: letters in lower case, digits, hyphens
    assert all(re.fullmatch(r"\d+-[\w-]+", anchor) for _, anchor in links)
    assert len({anchor for _, anchor in links}) == len(links) == len(asked())


@pytest.mark.parametrize("title", ["Softmax with cross-entropy", "The recursion of ∂L/∂z", "Tanh is a sigmoid"])
def test_the_command_makes_it(title: str, tmp_path: Path) -> None:
    """The command below a question prints the last line of its derivation, as the page has it."""
    question = asked()[title]
    (command,) = question.commands
    words = shlex.split(command)
    assert words[0] == "symbackprop"
    output = tmp_path / "answer.md"
    done = subprocess.run(
        [sys.executable, "-m", *words, "-o", str(output)], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    page = gallery().PAGE.read_text(encoding="utf-8").partition(f". {question.heading}\n")[2].partition("\n## ")[0]
    last = re.findall(r"&= (.*) && \\text", page)[-1]
    assert last in output.read_text(encoding="utf-8")
