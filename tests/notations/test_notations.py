"""The notation tables: what is found, what is refused, and other letters."""

from __future__ import annotations

from dataclasses import replace

import pytest

from symbackprop.dims import DEPTH, dim, index
from symbackprop.errors import SymbackpropError
from symbackprop.expr import LOSS, Entry, Expr, Hidden, Named, Partial, Row, Weight
from symbackprop.notations import GREEK, Written, names, notation
from symbackprop.render.latex import latex

l, j = index("l"), index("j")


def test_found_by_name_and_returned_as_it_is() -> None:
    lecture = notation("lecture")
    assert lecture.name == "lecture"
    assert notation(lecture) is lecture
    assert "lecture" in names()


def test_unknown_name_says_which_are_known() -> None:
    with pytest.raises(SymbackpropError, match=r"no notation 'lektur': write one of .*lecture"):
        notation("lektur")


@pytest.mark.parametrize(
    ("name", "letter"), [("alpha", "α"), ("sigma", "σ"), ("omega", "ω"), ("Gamma", "Γ"), ("Omega", "Ω"), ("xi", "ξ")]
)
def test_greek(name: str, letter: str) -> None:
    assert GREEK[name] == letter


# --- other letters ----------------------------------------------------------------------------------------------------


def test_the_row_follows_the_weights() -> None:
    other = notation("lecture").with_symbols(W="U")
    assert latex(Weight(l), other) == "U_l"
    assert latex(Row(Weight(l), j), other) == r"\vec{u}_{l,j}"
    assert latex(Entry(Weight(l), j, index("k")), other) == "u_{l,j,k}"


def test_the_notation_itself_stays() -> None:
    notation("lecture").with_symbols(W="U")
    assert latex(Weight(l)) == "W_l"


@pytest.mark.parametrize(
    ("letters", "e", "printed"),
    [
        ({"loss": "J"}, Partial(LOSS, Weight(l)), r"\frac{\partial J}{\partial W_l}"),
        ({"depth": "N"}, Weight(DEPTH - 1), "W_{N-1}"),
        ({"l": "k"}, Hidden(l + 1), r"\vec{h}_{k+1}"),
        ({"h": "a"}, Hidden(l), r"\vec{a}_l"),
        ({"z": "a"}, Named("mean", l), r"\bar{a}_l"),
        ({"W": "Theta"}, Weight(l), r"\Theta_l"),
        ({"A": "B"}, Named("A"), "B"),
    ],
)
def test_other_letters(letters: dict[str, str], e: Expr, printed: str) -> None:
    assert latex(e, notation("lecture").with_symbols(**letters)) == printed


@pytest.mark.parametrize(
    ("letters", "message"),
    [
        ({"L": "J"}, "stands for loss and depth: write loss='J' or depth='J'"),
        ({"y": "t"}, "stands for output and target: write output='t' or target='t'"),
        ({"z": "h"}, "h would stand for preactivation and for hidden"),
        ({"g": "W"}, "W for g already stands for weight"),
        ({"W": ""}, "needs a letter"),
    ],
)
def test_letters_that_are_refused(letters: dict[str, str], message: str) -> None:
    with pytest.raises(SymbackpropError, match=message):
        notation("lecture").with_symbols(**letters)


def test_row_mark() -> None:
    marked = replace(notation("lecture"), row_mark="·")
    assert latex(Row(Weight(dim(0)), j).T, marked) == r"\vec{w}_{0,j,\cdot}^\top"


@pytest.mark.parametrize(
    "wrong", [{"style": "fat"}, {"accent": "dot"}, {"place": "above"}, {"fence": "<"}], ids=lambda w: next(iter(w))
)
def test_a_row_with_an_unknown_word_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(SymbackpropError, match=f"no {next(iter(wrong))} "):
        Written("W", **wrong)  # type: ignore[arg-type]
