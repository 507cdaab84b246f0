"""The lecture's lines come out of the network and the derivations: they match, and they change when those change."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from symbackprop.dims import DEPTH, dim, index
from symbackprop.expr import Expr
from symbackprop.lecture import lecture_latex, lecture_lines
from symbackprop.library import derive
from symbackprop.network import MLP
from symbackprop.notations import Notation, notation
from symbackprop.render.latex import latex
from symbackprop.statements import Chain
from symbackprop.substitution import substitute

Fold = Callable[[str], list[str]]
Lines = dict[str, tuple[str, ...]]

PRINTED = lecture_latex()
# from the norms on, the lecture writes row j as `w_{0,j,·}`
LATER = replace(notation("lecture"), row_mark="·")


def letters_of(name: str) -> Notation:
    return LATER if name.startswith(("vanish.", "explode.")) else notation("lecture")


def test_all_lines_are_there(lecture: Lines) -> None:
    assert set(PRINTED) == set(lecture)


@pytest.mark.parametrize("name", PRINTED)
def test_a_line_is_as_in_the_lecture(name: str, lecture: Lines, folded: Fold) -> None:
    assert folded(PRINTED[name]) in [folded(line) for line in lecture[name]]


@pytest.mark.parametrize("name", PRINTED)
def test_another_activation_changes_every_line(name: str, lecture: Lines, folded: Fold) -> None:
    network = MLP(activation="f")
    line = lecture_lines(network)[name]
    wanted = [folded(re.sub(r"\bg'", "f'", text)) for text in lecture[name]]
    assert folded(latex(line.says, letters_of(name), network, line.shown)) in wanted


@pytest.mark.parametrize("name", PRINTED)
def test_another_letter_for_the_weights_changes_every_line(name: str, lecture: Lines, folded: Fold) -> None:
    network = MLP()
    line = lecture_lines(network)[name]
    letters = letters_of(name).with_symbols(W="U")
    wanted = [folded(text.replace("W", "U").replace(r"\vec{w}", r"\vec{u}")) for text in lecture[name]]
    assert folded(latex(line.says, letters, network, line.shown)) in wanted


def test_the_steps_of_the_derivation_are_the_lines() -> None:
    """Each `w0.*` line but the restated one and the dots is the line that one step made."""
    derivation = derive("weight_gradient")
    lines = lecture_lines()
    steps = {step.shown.label: step.after for step in derivation.steps}
    assert list(steps) == [name for name in lines if name.startswith("w0.") and name not in ("w0.restated", "w0.dots")]
    for name, after in steps.items():
        says = lines[name].says
        assert isinstance(says, Chain)
        assert says.sides == (derivation.start, after)


def test_another_row_changes_the_left_side_and_the_label(lecture: Lines, folded: Fold) -> None:
    derivation = derive("weight_gradient")
    step = derivation.steps[0]

    def row(e: Expr) -> Expr:
        return substitute(e, {"j": dim(3)})

    made = latex(Chain((row(derivation.start), row(step.after)), ("=",)), shown=step.shown)
    (printed,) = lecture["w0.given"]
    wanted = printed.replace(r"\vec{w}_{0,j}", r"\vec{w}_{0,3}").replace(r"j\text{th column}", r"3\text{rd column}")
    assert folded(made) == folded(wanted)
    assert index("j") != dim(3)


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_another_depth_has_that_many_layers(depth: int, lecture: Lines, folded: Fold) -> None:
    network = MLP(depth=depth)
    derivation = derive("weight_gradient", network)
    *unrolled, closed = [latex(line, network=network) for line in derivation.lines[1:]]
    assert len(unrolled) == 2 * depth + 1
    assert [line.count("pmatrix") // 2 for line in unrolled] == [(i + 1) // 2 for i in range(2 * depth + 1)]
    assert [line.count(r"^\top") for line in unrolled] == [i // 2 for i in range(2 * depth + 1)]
    # the closed line of the lecture without its braces is vanish.gradient; its L is the depth
    (general,) = lecture["vanish.gradient"]
    right = general.partition(" = ")[2].replace("^L", f"^{depth}")
    assert folded(closed) == folded(right)
    assert network.depth != DEPTH
