"""What the figures look like: bytes that do not change, letters that can be read, colours that can be told apart."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Sheet
from matplotlib.legend import Legend
from matplotlib.patches import FancyBboxPatch
from matplotlib.text import Text

from symbackprop import figures
from symbackprop.errors import MissingExtraError, SymbackpropError
from symbackprop.figures import rulers, style

ROOT = Path(__file__).parents[2]


@cache
def figure(name: str) -> figures.Figure:
    return figures.figure(name)


# --- files -----------------------------------------------------------------------------------------------------------


def test_every_format_in_one_go(tmp_path: Path) -> None:
    targets = [tmp_path / f"x{suffix}" for suffix in (".svg", ".png", ".PDF", ".csv")]
    made = figures.save("products", targets, samples=2, width=16)
    begins = (b"<?xml", b"\x89PNG", b"%PDF", b"factors (dimensionless),")
    assert [target.read_bytes().startswith(begin) for target, begin in zip(targets, begins, strict=True)] == [True] * 4
    assert targets[3].read_bytes() == made.csv()
    assert sorted(tmp_path.iterdir()) == sorted(targets)


@pytest.mark.parametrize(
    ("file", "message"),
    [
        (
            "x.gif",
            r"x\.gif: there is no format \.gif for figures: write a name that ends in \.svg, \.png, \.pdf, \.csv",
        ),
        ("x", "there is no format without a suffix"),
        ("no/x.svg", "there is no folder"),
        ("", "is a folder|no format"),
    ],
)
def test_files_that_cannot_be(tmp_path: Path, file: str, message: str) -> None:
    with pytest.raises(SymbackpropError, match=message):
        figures.save("activations", [tmp_path / "good.csv", tmp_path / file])
    assert not list(tmp_path.iterdir())


def test_without_matplotlib(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    figures.save("saturation", [tmp_path / "x.csv"])
    assert (tmp_path / "x.csv").exists()
    for ask in (
        lambda: figures.save("saturation", [tmp_path / "x.svg"]),
        lambda: figures.svg("saturation"),
        lambda: figures.pdf("saturation"),
        figure("saturation").png,
    ):
        with pytest.raises(MissingExtraError, match=re.escape("pip install 'symbackprop[plots]'")):
            ask()


NUMBERS_ALONE = """
import sys
sys.modules["matplotlib"] = None
from symbackprop import figures
for name in figures.names():
    assert figures.design(name).caption
print(figures.figure("activations").table.rows[0][0])
"""


def test_numbers_need_no_matplotlib_at_all() -> None:
    assert in_a_fresh_python(NUMBERS_ALONE).strip() == "tanh"


# --- the same each time ----------------------------------------------------------------------------------------------

DIGESTS = """
import hashlib
from symbackprop import figures
made = figures.figure("gradient_norms", layers=3)
for content in (made.svg(), made.pdf(), made.png(), made.csv()):
    print(hashlib.sha256(content).hexdigest())
"""


def in_a_fresh_python(code: str, **env: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | env,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_the_same_bytes_in_another_python_at_another_time() -> None:
    first = in_a_fresh_python(DIGESTS, PYTHONHASHSEED="1", SOURCE_DATE_EPOCH="1")
    assert first == in_a_fresh_python(DIGESTS, PYTHONHASHSEED="2", SOURCE_DATE_EPOCH="1000000000")


def test_settings_of_others_neither_change_a_figure_nor_are_changed() -> None:
    made = figure("saturation").svg()
    with matplotlib.rc_context({"font.size": 20, "axes.facecolor": "red", "svg.fonttype": "none"}):
        before = dict(matplotlib.rcParams)
        assert figure("saturation").svg() == made
        assert dict(matplotlib.rcParams) == before


def test_vectors_need_no_font_and_have_no_date() -> None:
    made = figures.svg("depth_gain")
    tags = {element.tag.rpartition("}")[2] for element in ElementTree.fromstring(made).iter()}
    assert not tags & {"text", "image", "date"}
    assert figures.svg("depth_gain") is made


def test_pdf_says_nothing_and_embeds_fonts_that_publishers_take(caplog: pytest.LogCaptureFixture) -> None:
    made = figure("saturation").pdf()
    assert not caplog.records
    assert b"/CIDFontType2" in made
    assert b"/Type3" not in made
    assert b"/CreationDate" not in made


def test_names_and_captions_load_nothing_heavy() -> None:
    code = "import sys; from symbackprop import figures; figures.design('spectra').caption; print(*sys.modules)"
    loaded = set(in_a_fresh_python(code).split())
    assert "symbackprop.figures.panels.spectra" in loaded
    assert not loaded & {"sympy", "numpy", "matplotlib", "flint", "typst"}


def test_pyplot_is_never_loaded() -> None:
    code = "import sys; from symbackprop import figures; figures.svg('saturation'); print(*sys.modules)"
    loaded = in_a_fresh_python(code).split()
    assert "matplotlib.figure" in loaded
    assert "matplotlib.pyplot" not in loaded


# --- legible ---------------------------------------------------------------------------------------------------------


@cache
def sheet(name: str) -> Sheet:
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(style.SETTINGS)
        made = rulers.ruled(figure(name).design.draw(figure(name).table))
        FigureCanvasAgg(made).draw()
    return made


def shown(made: Sheet) -> Iterator[Text]:
    """Every text that is seen; ticks that lie beyond the axes are not, and none of what is not drawn."""
    hidden = set()
    for axes in made.axes:
        for axis in (axes.xaxis, axes.yaxis):
            if not axis.get_visible():
                hidden |= {id(text) for text in axis.findobj(Text)}
            low, high = sorted(axis.get_view_interval())
            for ticks in (axis.get_major_ticks(), axis.get_minor_ticks()):
                hidden |= {id(tick.label1) for tick in ticks if not low <= tick.get_loc() <= high}
    for text in made.findobj(Text):
        if text.get_visible() and text.get_text() and id(text) not in hidden and text.get_window_extent().width > 1:
            yield text


def flaws(made: Sheet) -> set[str]:
    """What is wrong with the letters."""
    texts = list(shown(made))
    boxes = [text.get_window_extent() for text in texts]
    found = {"small" for text in texts if text.get_fontsize() < 8}
    for box in boxes:
        if not (0 <= box.x0 < box.x1 <= made.bbox.width and 0 <= box.y0 < box.y1 <= made.bbox.height):
            found.add("cut off")
    if any(one.padded(-0.5).overlaps(other) for one, other in itertools.combinations(boxes, 2)):
        found.add("overlapping")
    return found


@pytest.mark.parametrize("name", figures.names())
def test_letters_are_large_inside_the_sheet_and_apart(name: str) -> None:
    made = sheet(name)
    assert len(list(shown(made))) > 10
    assert made.get_size_inches()[0] * 2.54 == pytest.approx(12)
    assert not flaws(made)


def test_flaws_are_seen() -> None:
    made, (axes,) = style.sheet(5.0, margins=style.Margins(left=0.6))
    axes.set_ylabel("gradient norm")
    axes.text(0.5, 0.5, "a label", fontsize=7)
    axes.text(0.52, 0.52, "another label")
    FigureCanvasAgg(made).draw()
    assert flaws(made) == {"small", "cut off", "overlapping"}


@pytest.mark.parametrize("name", figures.names())
def test_axes_say_their_units(name: str) -> None:
    labels = {axes.get_xlabel() for axes in sheet(name).axes} | {axes.get_ylabel() for axes in sheet(name).axes}
    assert labels - {""}
    assert all(label.endswith("(dimensionless)") for label in labels - {""})


@pytest.mark.parametrize(
    ("name", "marks"),
    [
        ("activations", {"saturated"}),
        ("saturation", {"saturated"}),
        ("depth_gain", {"critical gain of deep networks"}),
        ("activation_comparison", {"median", "10-90 % band", "mean-field theory"}),
        ("initializations", {"predicted", "measured"}),
        ("spectra", {"edges"}),
    ],
)
def test_a_picture_by_itself_says_what_bands_dots_and_grounds_are(name: str, marks: set[str]) -> None:
    legends = sheet(name).findobj(Legend)
    assert marks <= {text.get_text() for legend in legends for text in legend.get_texts()}


def test_numbers_on_steep_lines_stand_upright() -> None:
    (axes, _) = sheet("depth_gain").axes
    marked = [text for text in axes.texts if isinstance(text.get_bbox_patch(), FancyBboxPatch)]
    assert len(marked) > 4
    assert {text.get_rotation() for text in marked} == {0}


@pytest.mark.parametrize("name", figures.names())
def test_captions_are_sentences(name: str) -> None:
    for words in (figures.design(name).caption, figures.design(name).alt):
        assert words[0].isupper()
        assert words.endswith(".")
        assert len(words) > 60


# --- colours ---------------------------------------------------------------------------------------------------------

# Machado, Oliveira and Fernandes (2009), "A physiologically-based model for simulation of color vision deficiency",
# deuteranomaly of severity 1, on linear RGB
DEUTERANOPIA = np.array(
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
)
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
WHITE = TO_XYZ.sum(axis=1)
# differences in CIELAB below about 10 are seen side by side only
DISTINCT = 15


def lab(color: str, sight: np.ndarray) -> np.ndarray:
    rgb = np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    ratio = TO_XYZ @ np.clip(sight @ linear, 0, 1) / WHITE
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def closest(colors: list[str], sight: np.ndarray = DEUTERANOPIA) -> float:
    points = [lab(color, sight) for color in colors]
    return min(float(np.linalg.norm(one - other)) for one, other in itertools.combinations(points, 2))


def test_lines_differ_for_who_sees_no_green() -> None:
    colors = [look.color for look in style.LOOKS]
    assert closest(colors) > DISTINCT
    # matplotlib's own green and red, which are told apart by others
    assert closest(["#2ca02c", "#d62728"], np.eye(3)) > DISTINCT
    assert closest(["#2ca02c", "#d62728"]) < DISTINCT


def test_lines_differ_without_any_colour() -> None:
    assert len({look.marker for look in style.LOOKS}) == len(style.LOOKS)
    assert len({str(look.linestyle) for look in style.LOOKS}) == len(style.LOOKS)


def test_bands_within_bands_differ_in_lightness() -> None:
    lightness = [float(lab(shade, np.eye(3))[0]) for shade in style.SHADES]
    assert all(one - other > DISTINCT - 1 for one, other in itertools.pairwise(lightness))


@pytest.mark.parametrize(
    ("value", "formula"), [(0.0066481, "0.00665"), (1.8158e-4, r"1.82 \times 10^{-4}"), (1024.0, r"1.02 \times 10^{3}")]
)
def test_numbers_as_formulas(value: float, formula: str) -> None:
    assert style.scientific(value) == formula
