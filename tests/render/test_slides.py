"""Slides: one step a page, or a page for what fits on it, and nothing cut off."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from symbackprop.derivation import Derivation
from symbackprop.errors import SymbackpropError
from symbackprop.library import derive
from symbackprop.network import MLP
from symbackprop.render import pdf, slides
from symbackprop.render.document import document
from symbackprop.render.files import check_outputs
from symbackprop.topic import Numbers, Part, Picture, Prose, Remark, Topic

# points of a 16:9 page of Typst, and its margins
WIDE, HIGH = 841.89, 473.56
SIDE, TOP, BOTTOM = 45.5, 56.0, 45.0


def derivation(name: str = "weight_gradient", network: MLP | None = None, **options: str) -> Derivation:
    made = derive(name, network, **options)
    assert isinstance(made, Derivation)
    return made


def topic(*parts: Part) -> Topic:
    return Topic(parts, MLP(), "some", "Some topic")


def pages(source: str) -> list[Any]:
    """The ink of each page: True where there is some; ten dots are 14.4 points."""
    import typst
    from matplotlib.image import imread

    made = typst.compile(source.encode(), format="png", ppi=50, ignore_system_fonts=True)
    images = [made] if isinstance(made, bytes) else made
    assert images is not None
    return [imread(io.BytesIO(image))[:, :, :3].min(axis=2) < 0.9 for image in images]


def made_of(what: Derivation | Topic, **options: bool) -> str:
    return slides.source(document(what, subproofs=options.get("subproofs", False)))


@pytest.mark.parametrize(
    ("what", "subproofs"),
    [
        (derivation(), False),
        (derivation(layout="numerator"), True),
        (derivation(style="hadamard"), True),
        (derivation(network=MLP(3)), False),
        (derivation(network=MLP(30)), False),
        (derivation(network=MLP(30), style="hadamard"), False),
        (derivation(network=MLP(widths=[4, 5, 5, 3], activation="tanh", loss="squared_error")), True),
    ],
    ids=["lecture", "numerator", "hadamard", "three layers", "deep", "deep hadamard", "widths"],
)
def test_nothing_is_cut_off(what: Derivation, subproofs: bool) -> None:
    for ink in pages(made_of(what, subproofs=subproofs)):
        rows, columns = ink.shape
        # a delimiter may overhang by a hair; below the body there is only the page number, at the right
        side = int(columns * (SIDE - 4) / WIDE)
        assert ink.any()
        assert not ink[:, :side].any()
        assert not ink[:, -side:].any()
        below = ink[int(rows * (HIGH - BOTTOM + 3) / HIGH) :, :]
        assert not below[:, : int(columns * 0.85)].any()


def test_a_step_has_a_page() -> None:
    what = derivation()
    # title, conventions, network, steps, result
    count = len(pages(made_of(what)))
    assert len(what.steps) + 3 < count <= len(what.steps) + 6


def test_what_fits_is_on_one_page() -> None:
    short = topic(Prose(("A sentence.",)), Numbers("Table", ("a", "b"), lambda: (("1", "2"),)))
    steps = replace(derivation("hidden"), title="")
    made = document(topic(*short.parts, steps))
    # title, conventions, network, the topic with both of its steps
    assert len(pages(slides.source(made))) <= 5


def test_the_line_before_is_shown_again() -> None:
    source = made_of(derivation())
    # every step but the first may stand after the line that it is made from
    assert source.count("before(") == 1 + 8


def test_what_is_too_tall_goes_on_on_the_next_page() -> None:
    rows = tuple((str(i), "x") for i in range(80))
    ink = pages(made_of(topic(Numbers("A long table", ("number", "letter"), lambda: rows))))
    assert len(ink) >= 5


def test_a_remark_is_set_off_on_each_of_its_pages() -> None:
    source = made_of(topic(Remark("What is wrong", (Prose(("This.",)), derivation()))))
    assert "wrap: body => aside([Remark: What is wrong], body)" in source
    assert len(pages(source)) > 10


ROWS = tuple((str(i), "x") for i in range(16))


@pytest.mark.parametrize("tall", [Picture("spectra"), Numbers("Many rows", ("number", "letter"), lambda: ROWS)])
def test_a_sentence_before_what_is_tall_keeps_its_size(tall: Part) -> None:
    words = Prose(("The singular values of a large random matrix fill an interval, as the numbers show. " * 3,))
    # a figure before it, so that the sentence does not share its page
    shared = Picture("spectra")
    alone, led = (pages(made_of(topic(shared, Remark("What is wrong", parts)))) for parts in ((words,), (words, tall)))
    above = round((HIGH - BOTTOM) * 50 / 72)
    # all but the numbers of the pages
    assert (alone[-1][:above] == led[-2][:above]).all()
    assert len(led) == len(alone) + 1


def test_every_equation_and_figure_has_words() -> None:
    source = made_of(topic(Prose(("Words.",)), Picture("activations"), derivation("hidden")))
    assert source.count("math.equation(block:") == source.count('alt: "')
    made = pdf.by_typst(source)
    assert made.startswith(b"%PDF-1.7")
    assert made == pdf.by_typst(source)
    silent = re.sub(r'alt: "[^"]*", ', "", source, count=1)
    with pytest.raises(RuntimeError, match="alt"):
        pdf.by_typst(silent)


def test_a_figure_is_written_once() -> None:
    source = made_of(topic(Prose(("Words.",)), Picture("activations")))
    assert source.count("#picture(bytes(") == 1


def test_titles_are_never_code() -> None:
    attack = '#read("/etc/hostname") $x$ = y <a> @b *c* _d_ `e` // f /* g \\ #panic("here") ] [ " \''
    inner = Topic((Prose((attack,)), Remark(attack, (Prose((attack,)),))), MLP(), "inner", attack)
    what = replace(topic(Numbers(attack, (attack,), lambda: ((attack,),)), inner), title=attack)
    assert pdf.by_typst(made_of(what)).startswith(b"%PDF")


def test_files(tmp_path: Path) -> None:
    what = derivation("hidden")
    what.save(tmp_path / "x.typ", slides=True)
    what.save(tmp_path / "x.pdf", slides=True)
    assert "presentation-16-9" in (tmp_path / "x.typ").read_text(encoding="utf-8")
    assert (tmp_path / "x.pdf").read_bytes() == pdf.by_typst((tmp_path / "x.typ").read_text(encoding="utf-8"))


def test_what_makes_no_slides(tmp_path: Path) -> None:
    with pytest.raises(SymbackpropError, match="slides are made by Typst alone: leave --engine latex out"):
        check_outputs([tmp_path / "x.pdf"], "latex", slides=True)
    for suffix in (".tex", ".md", ".json", ".py"):
        with pytest.raises(SymbackpropError, match=r"slides are made as \.pdf or \.typ: write -o slides\.pdf"):
            check_outputs([tmp_path / f"x{suffix}"], slides=True)
