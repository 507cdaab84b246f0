"""Cells of tables, as a lecture prints them."""

from __future__ import annotations

import pytest

from symbackprop.library import derive
from symbackprop.render import tex
from symbackprop.render.blocks import Aside, Block, Table
from symbackprop.render.cells import printed
from symbackprop.render.document import document


@pytest.mark.parametrize(
    ("cell", "wanted"),
    [
        ("4.5396e-05", "4.5396 × 10⁻⁵"),
        ("1e+10", "1 × 10¹⁰"),
        ("-2.5e-07", "−2.5 × 10⁻⁷"),
        ("W_0", "W₀"),
        ("‖∂L/∂w_0,12‖", "‖∂L/∂w₀,₁₂‖"),
        ("-0.9, 0.1; -1, 2", "−0.9, 0.1; −1, 2"),
        ("0.25", "0.25"),
        # no numbers: widths, names, words with an e before a sign
        ("784-256-64-10", "784-256-64-10"),
        ("layer-wise 1", "layer-wise 1"),
        ("σ_w", "σ_w"),
        ("the-1", "the-1"),
        ("W1e-3", "W1e-3"),
    ],
)
def test_cells(cell: str, wanted: str) -> None:
    assert printed(cell) == wanted


def cells(found: tuple[Block, ...]) -> list[str]:
    made: list[str] = []
    for block in found:
        if isinstance(block, Table):
            made += [cell for row in block.rows for cell in row]
        elif isinstance(block, Aside):
            made += cells(block.blocks)
    return made


def test_tables_of_the_lecture_are_printed_so() -> None:
    every = cells((*document(derive("vanishing_gradients")).blocks, *document(derive("exploding_gradients")).blocks))
    # σ'(10) and tanh'(10), by their series e^-10 and 4e^-20
    assert {"4.5396 × 10⁻⁵", "8.2446 × 10⁻⁹", "W₀", "‖∂L/∂w₀,₁‖"} <= set(every)
    assert not [cell for cell in every if "e-0" in cell or "_" in cell]


def test_latex_has_a_sign_for_all_of_it() -> None:
    assert "?" not in tex.text(printed("-4.5e-12 W_0123456789"))
    assert tex.text("slide “He”, Xavier’s") == "slide ``He'', Xavier's"
    assert tex.text("10⁻⁵") == r"10\textsuperscript{\ensuremath{-}}\textsuperscript{5}"
