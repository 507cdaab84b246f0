"""The topic on initialization: its lines, gains as in the papers, numbers of the remarks, verdicts of all judges."""

from __future__ import annotations

import json
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest

from symbackprop.chance import Expectation, Variance
from symbackprop.derivation import Derivation
from symbackprop.dims import DEPTH, ONE, index, units, width
from symbackprop.expr import (
    LOSS,
    Entry,
    Expr,
    Hidden,
    IndexedProduct,
    Partial,
    Power,
    PreActivation,
    Quotient,
    Size,
    Weight,
    number,
)
from symbackprop.judges import kernel
from symbackprop.judges.outcome import Proved
from symbackprop.library import derive
from symbackprop.network import MLP
from symbackprop.render.latex import latex
from symbackprop.topic import Numbers, Picture, Shows, Topic
from symbackprop.verify import verify

l, i, L = index("l"), index("i"), DEPTH
v = Variance(Entry(Weight(l), ONE, ONE))
HALF = number(Fraction(1, 2))


@cache
def topic(**kind) -> Topic:
    made = derive("initialization", MLP(**kind))
    assert isinstance(made, Topic)
    return made


def titled(title: str, **kind) -> list[Derivation]:
    return [made for made in topic(**kind).derivations if made.title == title]


def z(layer, at=ONE) -> Variance:
    return Variance(Entry(PreActivation(layer), at))


def by_z(layer, at=ONE) -> Variance:
    return Variance(Partial(LOSS, Entry(PreActivation(layer), at)))


def test_the_lines_are_the_lectures():
    """In LaTeX, spaces and braces aside."""
    path = Path(__file__).parent / "lecture" / "formulas.json"
    wanted = {line["id"]: line["latex"] for line in json.loads(path.read_text(encoding="utf-8"))["formulas"]}
    shown = {part.label: latex(part.says) for part in topic().all_parts() if isinstance(part, Shows)}
    assert set(shown) == {"init.xavier", "init.he"}
    for name, line in shown.items():
        assert line.replace(r"\left( ", r"\left(").replace(r" \right)", r"\right)") == wanted[name]


WIDE, NEXT = Size(units(l)), Size(units(l + 1))
BOTH = Size(width(l) + width(l + 1))


def square(e: Expr) -> Power:
    return Power(e, Fraction(2))


# He et al. 2015, eqs. 6, 8, 13; Glorot and Bengio 2010, eqs. 5, 6, 12; the bias unit is none of the units that are read
PAPER = {
    "One layer forward": (z(l + 1, i), WIDE @ v @ Expectation(square(Entry(Hidden(l), ONE)))),
    "One layer forward, biases drawn too": (z(l + 1, i), WIDE @ v @ Expectation(square(Entry(Hidden(l), ONE))) + v),
    "One layer forward, ReLU": (z(l + 1, i), HALF @ WIDE @ v @ z(l)),
    "One layer forward, identity": (z(l + 1, i), WIDE @ v @ z(l)),
    "All layers forward, ReLU": (z(L + 1), z(ONE) @ IndexedProduct("l", ONE, L, HALF @ WIDE @ v)),
    "One layer back, ReLU": (by_z(l, index("k")), HALF @ NEXT @ v @ by_z(l + 1)),
    "One layer back, identity": (by_z(l, index("k")), NEXT @ v @ by_z(l + 1)),
    "All hidden layers back, ReLU": (by_z(ONE), IndexedProduct("l", ONE, L - 1, HALF @ NEXT @ v) @ by_z(L)),
    "He, by the fan-in": (v, Quotient(number(2), WIDE)),
    "LeCun": (v, Quotient(number(1), WIDE)),
    "He, by the fan-out": (v, Quotient(number(2), NEXT)),
    "Xavier": (v, Quotient(number(2), Size(units(l) + units(l + 1)))),
}


@pytest.mark.parametrize("title", PAPER)
def test_results_are_those_of_the_papers(title):
    (made,) = titled(title)
    start, result = PAPER[title]
    assert (made.start, made.result) == (start, result)


def test_factors_of_the_lectures_he():
    """Remarks, erratum 4: 2 n_l/(n_l + n_{l+1}), and n_{l+1} above for gradients; one less each with bias units."""
    forward = titled("One layer forward, ReLU, as printed")
    back = titled("One layer back, ReLU, as printed")
    assert [made.result for made in forward] == [
        Quotient(number(2) @ WIDE, BOTH) @ z(l),
        Quotient(number(2) @ WIDE, BOTH) @ z(l),
    ]
    assert [made.result for made in back] == [Quotient(number(2) @ NEXT, BOTH) @ by_z(l + 1)] * 2
    # where biases stand apart the units of a layer are its width
    assert [made.network.normal(units(l)) for made in forward] == [units(l), width(l)]


def table(title: str) -> dict[str, tuple[str, ...]]:
    (found,) = (part for part in topic().all_parts() if isinstance(part, Numbers) and part.title.startswith(title))
    return {name: tuple(cells) for name, *cells in found.compute()}


def test_products_of_the_remarks():
    """Over 784-256-64-10: the lecture's He 4.17264 and 0.0532225; He's own keep one of both at 1."""
    cells = table("The product of the factors")
    (lecture,) = (row for name, row in cells.items() if name.startswith("“He”"))
    assert [float(cell) for cell in lecture] == [4.17264, 0.0532225]
    by_hand = [Fraction(1), Fraction(1)]
    for a, b in ((784, 256), (256, 64), (64, 10)):
        by_hand = [by_hand[0] * Fraction(2 * a, a + b), by_hand[1] * Fraction(2 * b, a + b)]
    assert [float(cell) for cell in lecture] == pytest.approx([float(each) for each in by_hand], rel=1e-5)
    assert float(cells["He, fan-in"][0]) == 1
    assert float(cells["He, fan-out"][1]) == 1


def test_edges_of_the_remarks():
    """Erratum 5: 784 → 256 gives 1.9295 and 0.5262, a square matrix 0 and 2."""
    cells = table("Where the singular values")
    assert [float(cell) for cell in cells["784 → 256"]] == [0.5262, 1.9295]
    assert [float(cell) for cell in cells["256 → 256"]] == [0, 2]


def test_pictures():
    found = [part.name for part in topic().all_parts() if isinstance(part, Picture)]
    assert found == ["initializations", "spectra", "products"]


NETWORKS = {
    "L": {},
    "separate": {"bias": "separate"},
    "none": {"bias": "none"},
    "1": {"depth": 1},
    "2": {"depth": 2},
    "3,3,2": {"widths": (3, 3, 2)},
    "3,4,3,2": {"widths": (3, 4, 3, 2)},
}


@pytest.mark.parametrize("kind", NETWORKS)
def test_the_kernel_proves_every_step(kind):
    made = topic(**NETWORKS[kind])
    unproved = [
        (derivation.title, step.rule.name)
        for derivation in made.derivations
        for step in derivation.steps
        if not isinstance(kernel.judge(step, derivation), Proved)
    ]
    assert made.steps
    assert not unproved


def test_every_judge_agrees():
    report = verify(topic(), effort="brief")
    words = {name: {judged.outcomes[name].word for judged in report.steps} for name in ("kernel", "exact", "numeric")}
    assert words == {"kernel": {"proved"}, "exact": {"supported"}, "numeric": {"supported"}}


def test_in_numerator_layout_the_same_is_said():
    """All lines are scalars: the other layout changes none of them."""
    other = derive("initialization", MLP(), layout="numerator")
    assert [made.result for made in titled("LeCun")] == [
        made.result for made in other.derivations if made.title == "LeCun"
    ]


def test_without_biases_nothing_is_said_of_them():
    assert not titled("One layer forward, biases drawn too", bias="none")
    (made,) = titled("One layer forward", bias="none")
    assert "the bias unit apart" not in {step.rule.name for step in made.steps}
