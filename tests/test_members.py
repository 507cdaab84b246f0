"""Members of families out of their ranges: every one of them would be derived as if it were some other variable."""

from __future__ import annotations

import pytest

import symbackprop as sb
from symbackprop.dims import dim, index
from symbackprop.equations import Equation
from symbackprop.errors import EquationError, SymbackpropError
from symbackprop.expr import LOSS, Elementwise, Expr, Named, Norm
from symbackprop.forward import ForwardNetwork
from symbackprop.latex.errors import ReadingError

FIVE = r"h_t = \tanh(W h_{t-1}), \quad t = 1, \dots, 5"
LONG = r"h_t = \tanh(W h_{t-1} + x_t), \quad t = 1, \dots, T"
BACK = r"h_t = \tanh(W h_{t+1} + x_t), \quad t = 1, \dots, T"

# equations, the member that is out of its range, the range, and the text that the error points at
OUTSIDE: dict[str, tuple[tuple[str, ...], str, str, str]] = {
    "after the last": ((FIVE, r"L = \|h_6\|^2"), "h_6", "from 1 to 5", "h_6"),
    "far after the last": ((FIVE, r"L = \|h_{50}\|^2"), "h_{50}", "from 1 to 5", "h_{50}"),
    "before the one that it begins with": (
        (FIVE, r"L = \|h_{-1}\|^2 + \|h_5\|^2"),
        "h_{-1}",
        "from 1 to 5",
        "h_{-1}",
    ),
    "after the last of symbolic length": ((LONG, r"L = \|h_{T+1}\|^2"), "h_{T+1}", "from 1 to T", "h_{T+1}"),
    "at the end of a sum": (
        (LONG, r"L = \sum_{t=1}^{T+1} \|h_t\|^2"),
        "h_t, which comes to h_{T+1},",
        "from 1 to T",
        "h_t",
    ),
    "shifted in a sum": (
        (LONG, r"L = \sum_{t=1}^{T} \|h_{t+1}\|^2"),
        "h_{t+1}, which comes to h_{T+1},",
        "from 1 to T",
        "h_{t+1}",
    ),
    "at the beginning of a sum": (
        (LONG, r"L = \sum_{t=-1}^{T} \|h_t\|^2"),
        "h_t, which comes to h_{-1},",
        "from 1 to T",
        "h_t",
    ),
    "ahead in another family": (
        (LONG, r"y_t = V h_{t+1}, \quad t = 1, \dots, T", r"L = \|y_T\|^2"),
        "h_{t+1}, which comes to h_{T+1},",
        "from 1 to T",
        "h_{t+1}",
    ),
    "from 0": ((LONG.replace("t = 1", "t = 0"), r"L = \|h_{-2}\|^2 + \|h_T\|^2"), "h_{-2}", "from 0 to T", "h_{-2}"),
    "from 2": ((LONG.replace("t = 1", "t = 2"), r"L = \|h_0\|^2 + \|h_T\|^2"), "h_0", "from 2 to T", "h_0"),
    "before the first of one that runs back": ((BACK, r"L = \|h_0\|^2"), "h_0", "from 1 to T", "h_0"),
    "after what one that runs back begins with": ((BACK, r"L = \|h_{T+2}\|^2"), "h_{T+2}", "from 1 to T", "h_{T+2}"),
    "in layers": (
        (
            r"z_l = W_l h_{l-1}, \quad l = 1, \dots, L",
            r"h_l = \sigma(z_l), \quad l = 1, \dots, L",
            r"J = \|h_{L+1}\|^2",
        ),
        "h_{L+1}",
        "from 1 to L",
        "h_{L+1}",
    ),
    "of which another family has more": (
        (
            r"z_l = W_l h_{l-1}, \quad l = 1, \dots, 4",
            r"h_l = \sigma(z_l), \quad l = 1, \dots, 2",
            r"J = \|z_4\|^2",
        ),
        "h_{l-1}, which comes to h_3,",
        "from 1 to 2",
        "h_{l-1}",
    ),
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_member_out_of_the_range_of_its_family_is_pointed_at(name: str) -> None:
    equations, member, ends, place = OUTSIDE[name]
    with pytest.raises(ReadingError) as raised:
        sb.Network(*equations)
    error = raised.value
    assert error.message.startswith(f"{member} is out of its range")
    assert ends in error.message
    start, end = error.span
    assert error.text[start:end] == place


# equations, and the members of families that are inputs
INSIDE: dict[str, tuple[tuple[str, ...], set[str]]] = {
    "to the last": ((FIVE, r"L = \|h_5\|^2"), {"h_0"}),
    "the one that it begins with": ((FIVE, r"L = \|h_0\|^2 + \|h_5\|^2"), {"h_0"}),
    "to a symbolic end": ((LONG, r"L = \|h_T\|^2"), {"h_0"}),
    "a sum from what it begins with": ((LONG, r"L = \sum_{t=0}^{T} \|h_t\|^2"), {"h_0"}),
    "from 0": ((LONG.replace("t = 1", "t = 0"), r"L = \|h_T\|^2 + \|h_0\|^2"), {"h_{-1}"}),
    "from 2": ((LONG.replace("t = 1", "t = 2"), r"L = \|h_T\|^2 + \|h_1\|^2"), {"h_1"}),
    "one that runs back": ((BACK, r"L = \|h_1\|^2 + \|h_{T+1}\|^2"), {"h_{T+1}"}),
    "one more that has its own equation": ((FIVE, r"h_6 = V h_5", r"L = \|h_6\|^2"), {"h_0"}),
    "one that may be in it": ((LONG, r"L = \|h_3\|^2"), {"h_0"}),
    # at t = 1 the inner sum has no terms, so that nothing uses h_0 there
    "a sum over what came before": (
        (LONG, r"c_t = \sum_{s=1}^{t-1} h_s, \quad t = 1, \dots, T", r"L = \|c_T\|^2"),
        {"h_0"},
    ),
}


@pytest.mark.parametrize("name", INSIDE)
def test_what_a_family_begins_with_stays_an_input(name: str) -> None:
    equations, inputs = INSIDE[name]
    network = sb.Network(*equations)
    members = {str(v) for v in network.inputs if v.index is not None and v.name == "h"}
    assert members == inputs
    assert {v.name for v in network.inputs} <= {"W", "V", "x", "h"}


def test_equations_that_are_trees_say_it_without_a_place() -> None:
    def h(at: Expr | object) -> Named:
        return Named("h", at)  # type: ignore[arg-type]

    family = Equation(h(index("t")), Elementwise("tanh", h(index("t") - 1)), "t", dim(1), dim(5))
    loss = Equation(LOSS, Norm(h(dim(6)), "2"))
    with pytest.raises(EquationError, match="h_6 is out of its range") as raised:
        ForwardNetwork([family, loss], {h(index("t")): (dim(3), dim(1))})
    assert raised.value.places == ((1, h(dim(6))),)


# --- what a network is refused for shows where it is ------------------------------------------------------------------

# equations, and the texts that are marked, in their order
SHOWN: dict[str, tuple[tuple[str, ...], list[str]]] = {
    "twice": ((r"z = W x", r"z = V x", r"L = \|z\|^2"), ["z = V x", "z = W x"]),
    "unused": ((r"z = W x", r"h = V x", r"L = \|z\|^2"), ["h = V x"]),
    "the last of a way that leads nowhere": (
        (r"z_1 = W_1 x", r"h = \sigma(z_1)", r"z_2 = W_2 h", r"L = \|z_3\|^2"),
        ["z_2 = W_2 h"],
    ),
    "used by itself only": (
        (r"h_t = \tanh(W h_{t-1} + U x)", r"L = \|W\|_F^2 + \|x\|^2"),
        [r"h_t = \tanh(W h_{t-1} + U x)"],
    ),
    "from itself": ((r"h = \tanh(W h + x)", r"L = \|h\|^2"), [r"h = \tanh(W h + x)"]),
    "too early": ((r"h = \tanh(z)", r"z = W x", r"L = \|h\|^2"), [r"h = \tanh(z)", "z = W x"]),
    "both ways": (
        (r"h_t = \tanh(W h_{t-1} + V h_{t+1})", r"L = \|h_T\|^2"),
        [r"h_t = \tanh(W h_{t-1} + V h_{t+1})"] * 2,
    ),
}


@pytest.mark.parametrize("name", SHOWN)
def test_every_place_that_an_error_names_is_shown(name: str) -> None:
    equations, shown = SHOWN[name]
    with pytest.raises(SymbackpropError) as raised:
        sb.Network(*equations)
    _, *lines = str(raised.value).split("\n")
    assert [line.strip() for line in lines[::2]] == shown
    assert all(set(marks.strip()) == {"^"} for marks in lines[1::2])


def test_the_marks_stand_below_what_is_meant() -> None:
    with pytest.raises(SymbackpropError) as raised:
        sb.Network(r"h = \tanh(z)", r"z = W x", r"L = \|h\|^2")
    _, *lines = str(raised.value).split("\n")
    assert lines == [r"  h = \tanh(z)", "            ^", "  z = W x", "  ^"]
