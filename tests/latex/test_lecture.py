"""Every line of the lecture, as printed and as transcribed by hand, is read as the tree that prints it."""

import json
from pathlib import Path

import pytest

from symbackprop.dims import ONE, index, width
from symbackprop.latex.errors import ReadingError
from symbackprop.latex.parse import read
from symbackprop.lecture import lecture_latex, lecture_lines
from symbackprop.network import MLP
from symbackprop.quantities import Quantities
from symbackprop.rules.decay import decayed
from symbackprop.statements import Chain

FORMULAS = json.loads((Path(__file__).parents[1] / "lecture" / "formulas.json").read_text("utf-8"))["formulas"]
TRANSCRIBED = {row["id"]: row.get("meant", row["latex"]) for row in FORMULAS}
SPACE = Quantities({"A": ("m", "n"), "x": ("n",), "y": ("n",)})
NETWORKS = {
    "explode.fact": SPACE,
    "decay.frobenius": SPACE,
    "layernorm.isometry": SPACE,
    "decay.loss": decayed(MLP()),
    "layernorm.after": MLP(normalization="layer"),
}


def network_of(name):
    return SPACE if name.startswith("norm.") else NETWORKS.get(name, MLP())


def read_line(name, text, says):
    """The line, with what is known of it: the side it goes on from, and of which vector a distribution is."""
    left = says.sides[0] if isinstance(says, Chain) and says.continued else None
    like = (width(index("l")), ONE) if name.startswith("init.") else None
    return read(text, network=network_of(name), left=left, like=like)


@pytest.fixture(scope="module")
def lines():
    return lecture_lines()


@pytest.fixture(scope="module")
def printed():
    return lecture_latex()


def test_there_are_49_lines(lines):
    assert set(lines) == set(TRANSCRIBED)
    assert len(lines) == 49


@pytest.mark.parametrize("name", TRANSCRIBED)
def test_transcribed(name, lines):
    says = lines[name].says
    assert read_line(name, TRANSCRIBED[name], says).tree == says


@pytest.mark.parametrize("name", TRANSCRIBED)
def test_printed(name, lines, printed):
    says = lines[name].says
    assert read_line(name, printed[name], says).tree == says


def test_columns_that_nothing_names_are_refused():
    with pytest.raises(ReadingError, match="which column"):
        read(r"(\vec{0} \quad \dots \quad \vec{x} \quad \dots \quad \vec{0}) \frac{\partial L}{\partial \vec{z}_1}")


def test_a_line_that_goes_on_from_nothing_is_refused():
    with pytest.raises(ReadingError, match="goes on from another one"):
        read(r"= W_1^\top \frac{\partial L}{\partial \vec{z}_2}")


def test_sizes_that_nothing_says_are_refused():
    with pytest.raises(ReadingError, match="how large"):
        read(TRANSCRIBED["init.xavier"])


@pytest.mark.parametrize("wrong", [r"n_0 \times n_1", r"(n_1 - 1) \times n_0", r"n_0 \times (n_2 - 1)"])
def test_a_wrong_note_below_a_brace_is_refused(wrong, lines):
    text = TRANSCRIBED["w0.given"].replace(r"n_0 \times (n_1 - 1)", wrong)
    assert text != TRANSCRIBED["w0.given"]
    with pytest.raises(ReadingError, match="write that below it"):
        read(text)


@pytest.mark.parametrize(
    "wrong",
    [
        (r"g'(z_{l,n_l-1})", r"g'(z_{l,n_l})"),
        (r"g'(z_{l,n_l-1})", r"g'(z_{l+1,n_l-1})"),
        (r"g'(z_{l,n_l-1})", r"g(z_{l,n_l-1})"),
        (r"g'(z_{l,1})", r"g'(z_{l,2})"),
        (r"\dots & 0 & 0", r"\dots & 1 & 0"),
    ],
)
def test_a_diagonal_that_is_none_is_refused(wrong):
    text = TRANSCRIBED["rule.preactivation"]
    assert wrong[0] in text
    with pytest.raises(ReadingError):
        read(text.replace(*wrong))


def test_the_bias_column_matters():
    """Without its column of zeros the Jacobian is square, and the line does not conform."""
    text = TRANSCRIBED["rule.preactivation"]
    square = text.replace(r" & 0 \\ \vdots", r" \\ \vdots").replace(r"\vdots & \vdots \\ 0", r"\vdots \\ 0")
    square = square.replace(r"g'(z_{l,n_l-1}) & 0", r"g'(z_{l,n_l-1})")
    with pytest.raises(ReadingError, match="cannot multiply"):
        read(square)
