"""PDF by Typst, tagged and with words for each formula, and by LaTeX; both without access to anything else."""

from __future__ import annotations

import io
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from symbackprop.errors import MissingExtraError, SymbackpropError
from symbackprop.library import derive
from symbackprop.network import MLP
from symbackprop.render import boxes, pdf, typ
from symbackprop.render.blocks import Document, Heading, Paragraph, Table
from symbackprop.render.document import document
from symbackprop.render.typst import equation


def objects(content: bytes) -> str:
    """Everything a PDF holds, its compressed streams opened."""
    found = [content]
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL):
        try:
            found.append(zlib.decompress(stream))
        except zlib.error:
            continue
    return b"\n".join(found).decode("latin-1")


def alternatives(content: bytes) -> list[str]:
    return re.findall(r"/Alt ?\(([^)]*)\)", objects(content))


# --- by Typst --------------------------------------------------------------------------------------------------------


def test_typst_makes_a_tagged_pdf() -> None:
    made = objects(pdf.pdf(document(derive("weight_gradient"), subproofs=True)))
    assert made.startswith("%PDF-1.7")
    assert "/Marked true" in made
    assert "/Lang (en)" in made or "/Lang(en)" in made
    assert "The lecture's question: the gradient of a row of the first weight matrix" in made
    assert "<pdfuaid:part>1</pdfuaid:part>" in made


def test_every_equation_of_the_pdf_has_words_and_only_words() -> None:
    source = typ.source(document(derive("weight_gradient"), subproofs=True))
    spoken = alternatives(pdf.by_typst(source))
    # an equation that goes on on another page may have its words twice
    assert len(spoken) >= source.count("math.equation(block:")
    assert [words for words in spoken if not re.fullmatch(r"[a-zA-Z0-9 ,;]+", words)] == []
    assert any(words.startswith("partial L") or "the loss L" in words for words in spoken)


def test_an_equation_without_words_is_refused() -> None:
    # so the standard that is asked for is the one that wants them
    good = typ.source(document(derive("last_hidden")))
    silent = re.sub(r'alt: "[^"]*", ', "", good, count=1)
    assert silent != good
    with pytest.raises(RuntimeError, match="alt"):
        pdf.by_typst(silent)


def test_typst_sees_no_file_and_no_package(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret", encoding="utf-8")
    title = '#set document(title: "t")\n'
    for attack in (f'#read("{secret}")', '#read("/etc/hostname")', '#import "@preview/example:0.1.0": add'):
        with pytest.raises(RuntimeError):
            pdf.by_typst(title + attack)
    assert pdf.by_typst(title + "words").startswith(b"%PDF")


def test_words_are_never_code() -> None:
    attack = '#read("/etc/hostname") $x$ = y <a> @b *c* _d_ `e` // f /* g \\ #panic("here") ] [ " \''
    made = Document(attack, (Heading(attack), Paragraph((attack,)), Paragraph(("- " + attack,))))
    assert pdf.pdf(made).startswith(b"%PDF")


def test_the_same_document_is_the_same_file() -> None:
    made = document(derive("hidden"))
    assert pdf.pdf(made) == pdf.pdf(made)


@pytest.mark.parametrize(
    ("network", "style", "side", "subproofs"),
    [
        (MLP(), "jacobian", "denominator", True),
        (MLP(), "jacobian", "numerator", True),
        (MLP(), "hadamard", "denominator", True),
        (MLP(16), "jacobian", "denominator", False),
        (MLP(16), "hadamard", "denominator", False),
        (MLP(widths=[4, 5, 5, 3], activation="tanh", loss="squared_error"), "jacobian", "denominator", False),
    ],
    ids=["lecture", "numerator", "hadamard", "deep", "deep hadamard", "widths"],
)
def test_nothing_is_printed_on_the_margins(network: MLP, style: str, side: str, subproofs: bool) -> None:
    import typst
    from matplotlib.image import imread

    source = typ.source(document(derive("weight_gradient", network, style=style, layout=side), subproofs=subproofs))
    pages = typst.compile(source.encode(), format="png", ppi=50, ignore_system_fonts=True)
    pages = [pages] if isinstance(pages, bytes) else pages
    assert pages is not None
    for page in pages:
        ink = imread(io.BytesIO(page))[:, :, :3].min(axis=2) < 0.9
        # A4 is 210 mm wide, with margins of 22 mm; a delimiter may overhang by a hair
        columns = ink.shape[1]
        edge = int(columns * 20.5 / 210)
        assert ink[:, edge:-edge].any()
        assert not ink[:, :edge].any()
        assert not ink[:, -edge:].any()


def drawn(reason: str) -> np.ndarray:
    """A step with a reason, as pixels of red, green and blue from 0 to 1; a point is a pixel."""
    import typst
    from matplotlib.image import imread

    step = f"#step([12], [A rule], [{reason}], [])"
    definitions = typ.definitions(f"{step} #judged()")
    source = f"#set page(width: 500pt, height: auto, margin: 0pt)\n#set par(justify: true)\n{definitions}\n{step}"
    page = typst.compile(source.encode(), format="png", ppi=72, ignore_system_fonts=True)
    assert isinstance(page, bytes)
    return imread(io.BytesIO(page))[:, :, :3]


def bar(wide: float, color: str) -> str:
    return f"#box(width: {wide}pt, height: 6pt, fill: {color})"


def test_what_the_judges_say_stands_off_from_the_reason() -> None:
    on_one_line = 0
    # 100 points for what they say: from where there is room beside the reason to where there is none
    for wide in range(280, 440, 5):
        pixels = drawn(f"{bar(wide, 'red')}#judged[{bar(100, 'blue')}]")
        red, blue = (np.abs(pixels - color).max(axis=2) < 0.1 for color in ((1.0, 0.255, 0.212), (0.0, 0.455, 0.851)))
        ends, begins = np.flatnonzero(red.any(axis=0)), np.flatnonzero(blue.any(axis=0))
        assert ends.size
        assert begins.size
        # at the right end of a line, wherever that is
        assert begins[-1] >= 497
        if (red.any(axis=1) & blue.any(axis=1)).any():
            on_one_line += 1
            assert begins[0] - ends[-1] > 7
    assert 0 < on_one_line < 32


def test_a_long_formula_in_a_reason_does_not_stretch_the_words_before_it() -> None:
    pixels = drawn(f"No vector becomes longer than {bar(450, 'red')} times its length.")
    formula = np.flatnonzero(((pixels[:, :, 0] > 0.9) & (pixels[:, :, 1] < 0.5)).any(axis=1))
    words = (pixels.max(axis=2) < 0.5)[: formula[0]]
    assert words.any()
    # about 32 letters, not a whole line of 500 points
    assert np.flatnonzero(words.any(axis=0))[-1] < 300


def ink(body: str, size: float) -> np.ndarray:
    """Where a page of letters of that size is dark; a point is four pixels."""
    import typst
    from matplotlib.image import imread

    look = f'#set page(width: 500pt, height: auto, margin: 0pt)\n#set text(font: "New Computer Modern", size: {size}pt)'
    source = f"{look}\n{typ.definitions(body)}\n{body}"
    page = typst.compile(source.encode(), format="png", ppi=288, ignore_system_fonts=True)
    assert isinstance(page, bytes)
    return imread(io.BytesIO(page))[:, :, :3].max(axis=2) < 0.5


@pytest.mark.parametrize("size", [11, 17.5])
def test_headers_of_columns_are_further_apart_than_their_words(size: float) -> None:
    table = Table(("of the product", "factor by factor"), (("2", "2"),), right=(True, True))
    page = ink(typ.block(table, 40), size)
    # above the rule, which is the darkest line
    columns = np.flatnonzero(page[: page.sum(axis=1).argmax()].any(axis=0))
    # as far as three blanks
    assert np.diff(columns).max() / 4 > size


def test_delimiters_on_two_lines_are_as_tall_as_on_one() -> None:
    tall = boxes.Matrix(((boxes.Symbol("a"),), (boxes.Symbol("b"),), (boxes.Symbol("c"),)))
    whole = boxes.Fenced("[", tall, "]")

    def height(box: boxes.Box) -> int:
        return int(ink(f"#{equation(box, 'x')}", 11).any(axis=1).sum())

    assert height(boxes.Torn("[", True, whole)) == height(boxes.Torn("]", False, whole)) == height(whole)
    assert height(boxes.Symbol("[")) < height(whole) / 2


# --- by LaTeX --------------------------------------------------------------------------------------------------------

needs_latex = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")


def latex_file(body: str) -> str:
    return rf"\documentclass{{article}}\begin{{document}}{body}\end{{document}}"


@needs_latex
def test_latex_makes_a_pdf() -> None:
    made = pdf.pdf(document(derive("weight_gradient"), subproofs=True), "latex")
    assert made.startswith(b"%PDF")
    opened = objects(made)
    # hyperref writes the title in UTF-16, its bytes in octal
    assert r"/Title(\376\377\000T\000h\000e\000\040\000l\000e\000c\000t\000u\000r\000e" in opened
    assert "/Lang(en)" in opened


@needs_latex
def test_latex_reads_no_other_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret.tex"
    secret.write_text("secret", encoding="utf-8")
    opened = rf"\newread\r\openin\r={secret} \ifeof\r nothing\else\errmessage{{read}}\fi"
    assert pdf.by_latex(latex_file(opened)).startswith(b"%PDF")
    with pytest.raises(SymbackpropError, match="made no PDF"):
        pdf.by_latex(latex_file(rf"\input{{{secret}}}"))


@needs_latex
def test_latex_runs_no_command_and_writes_no_other_file(tmp_path: Path) -> None:
    there = tmp_path / "there"
    pdf.by_latex(latex_file(rf"x\immediate\write18{{touch {there}}}"))
    with pytest.raises(SymbackpropError):
        pdf.by_latex(latex_file(rf"\newwrite\w\immediate\openout\w={there}.tex x"))
    assert list(tmp_path.iterdir()) == []


@needs_latex
def test_what_latex_complains_of_is_said() -> None:
    with pytest.raises(SymbackpropError, match="Undefined control sequence"):
        pdf.by_latex(latex_file(r"\nosuchcommand"))


def test_without_latex_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingExtraError, match=r"needs latexmk or pdflatex.*install TeX Live.*or write engine typst"):
        pdf.pdf(document(derive("last_hidden")), "latex")


def test_without_typst_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="pip install typst"):
        pdf.pdf(document(derive("last_hidden")))


def test_an_unknown_engine() -> None:
    with pytest.raises(SymbackpropError, match="no engine 'word': write one of typst, latex"):
        pdf.pdf(document(derive("last_hidden")), "word")


@pytest.fixture
def sleeping_latex(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """A LaTeX that starts something that sleeps; what is returned gives the number of that."""
    number = tmp_path / "number"
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "latexmk"
    script.write_text(f"#!/bin/sh\nsleep 60 &\necho $! > {number}.part\nmv {number}.part {number}\nwait\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")

    def wait() -> int:
        for _ in range(200):
            if number.exists():
                return int(number.read_text())
            time.sleep(0.05)
        raise AssertionError("LaTeX was not started")

    return wait


def is_running(number: int) -> bool:
    for _ in range(40):
        try:
            state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return False
        if state == "Z":
            return False
        time.sleep(0.05)
    return True


needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="there is no /proc")


@needs_proc
def test_a_latex_that_takes_too_long_is_ended(
    sleeping_latex: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdf, "TIMEOUT", 1)
    with pytest.raises(SymbackpropError, match="took more than 1 seconds"):
        pdf.by_latex(latex_file("x"))
    assert not is_running(sleeping_latex())


@needs_proc
def test_an_interrupt_leaves_nothing_behind(sleeping_latex: Callable[[], int], tmp_path: Path) -> None:
    out, temporary = tmp_path / "out", tmp_path / "temporary"
    out.mkdir()
    temporary.mkdir()
    code = f"from symbackprop.library import derive; derive('hidden').save({str(out / 'x.pdf')!r}, engine='latex')"
    running = subprocess.Popen(
        [sys.executable, "-c", code], env=os.environ | {"TMPDIR": str(temporary)}, stderr=subprocess.PIPE
    )
    number = sleeping_latex()
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=20)
    assert b"KeyboardInterrupt" in said
    assert not is_running(number)
    assert list(out.iterdir()) == []
    assert list(temporary.iterdir()) == []
