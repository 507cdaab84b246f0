"""Questions to be answered rightly and wrongly: those of the gallery, and networks in which more conforms.

Each has right formulas, the lines of its derivations, and places where real numbers decide what a formula is worth.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import symbackprop as sb
from benchmarks.float_values import Misshapen, Valueless
from benchmarks.places import Place, differ
from benchmarks.timing import ROOT
from symbackprop.answers.question import Question
from symbackprop.asked import gradient_of
from symbackprop.derivation import Derivation
from symbackprop.dims import Width
from symbackprop.equations import Network
from symbackprop.errors import SymbackpropError
from symbackprop.expr import Expr, Variable
from symbackprop.forward import ForwardNetwork
from symbackprop.given_file import read_given
from symbackprop.library import derive
from symbackprop.network import MLP
from symbackprop.notations import notation as notation_named
from symbackprop.topic import Topic
from symbackprop.tree import subterms

GALLERY = ROOT / "docs" / "questions"
# of symbolic sizes, all different, so that nothing conforms by accident
NUMBERS = (3, 4, 5, 2, 6)
STYLES = ("jacobian", "hadamard")
DERIVATIONS = ("weight_gradient", "layer_weight_gradient", "weight_matrix", "bias", "input", "hidden", "preactivation")
MLPS: dict[str, dict[str, Any]] = {
    "any depth": {},
    "any depth, separate biases, tanh": {"bias": "separate", "activation": "tanh"},
    "any depth, no biases": {"bias": "none", "loss": "squared_error"},
    "two layers": {"depth": 2, "bias": "separate"},
    "three layers of sigmoids": {"depth": 3, "activation": "sigmoid", "loss": "squared_error"},
    "widths all 3": {"widths": [3, 3, 3, 3], "bias": "separate", "activation": "tanh", "loss": "squared_error"},
    "widths all 4, bias units": {"widths": [4, 4, 4, 3], "activation": "sigmoid", "loss": "squared_error"},
    "ReLU, widths given": {"widths": [3, 3, 3, 2], "bias": "separate", "activation": "relu"},
}
# of the derivative by each
ASKED_OF_MLP = {
    "L": (r"W_l", r"\vec{z}_l", r"\vec{h}_l", r"\vec{b}_l", r"\vec{w}_{0,j}^\top", r"\vec{x}"),
    "numbers": (r"W_1", r"W_0", r"\vec{z}_1", r"\vec{h}_1", r"\vec{b}_1", r"\vec{x}"),
}
SQUARE: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "square weights": (
        (r"z_1 = W_1 x", r"h_1 = g(z_1)", r"z_2 = W_2 h_1", r"h_2 = g(z_2)", r"L = \ell(h_2, y)"),
        {"x": "n", "W_1": "n x n", "W_2": "n x n", "y": "n"},
    ),
    "square weights of numbers": (
        (r"h = \tanh(W x + b)", r"u = V h", r"L = \frac{1}{2} \|u - y\|^2"),
        {"x": "3", "W": "3 x 3", "b": "3", "V": "3 x 3", "y": "3"},
    ),
    "a square batch": (
        (r"Z = W X", r"H = \sigma(Z)", r"S = V H", r"L = \frac{1}{2} \|S - Y\|_F^2"),
        {"X": "n x n", "W": "n x n", "V": "n x n", "Y": "n x n"},
    ),
    "sizes of numbers": (
        (r"z = W x + b", r"a = \sigma(z)", r"L = \frac{1}{2} \|a - y\|^2"),
        {"x": "2", "W": "3 x 2", "b": "3", "y": "3"},
    ),
}
ASKED_OF_SQUARE = ("W_1", "W_2", "z_1", "h_1", "x", "W", "V", "Z", "H", "X", "h", "b", "z")


@dataclass(eq=False)
class Exercise:
    """A question with right formulas and with places.

    Attributes:
        right: formulas that have the right value at every place where they have one.
    """

    name: str
    question: Question
    right: tuple[Expr, ...] = ()
    places: tuple[Place, ...] = ()
    _wanted: dict[int, Any] = field(default_factory=dict)

    @property
    def network(self) -> Network:
        return self.question.network

    def wanted(self, place: int) -> Any:
        """The right value at a place."""
        if place not in self._wanted:
            self._wanted[place] = self.places[place].value(self.question.asked)
        return self._wanted[place]

    @cached_property
    def variables(self) -> tuple[Variable, ...]:
        """Variables that stand in the right formulas or in the network."""
        trees = [*self.right, *(side for each in self.network.equations for side in (each.left, each.right))]
        found = [part for tree in trees for _, part in subterms(tree) if isinstance(part, Variable)]
        return tuple(dict.fromkeys(part for part in found if part.name != "L"))


def found_wrong(e: Expr, exercise: Exercise) -> str:
    """What real numbers say of a formula: "wrong", "shape", or "" where it is right, or has no value, everywhere."""
    shaped = True
    for i, place in enumerate(exercise.places):
        try:
            if differ(exercise.wanted(i), found := place.value(e)):
                return "wrong" if found.shape == exercise.wanted(i).shape else "shape"
        except Misshapen:
            shaped = False
        except Valueless:
            continue
    return "" if shaped else "shape"


def exercises(short: bool = False) -> list[Exercise]:
    """All of them that have a right formula; a few of them, if it is to be short."""
    return [made for each in _questions(short) if (made := completed(*each)) is not None]


def _questions(short: bool) -> Iterator[tuple[str, Question]]:
    table = tomllib.loads((ROOT / "docs" / "questions.toml").read_text(encoding="utf-8"))
    given = [row for row in table["question"] if "given" in row]
    for row in given[:2] if short else given:
        network = read_given(GALLERY / row["given"])
        for ask in row["ask"]:
            made = _question(ask, network, row.get("notation"))
            if made is not None:
                yield row["given"].removesuffix(".toml"), made
    for name, (lines, shapes) in list(SQUARE.items())[-1 if short else 0 :]:
        network = sb.Network(*lines, shapes=shapes)
        for letter in ASKED_OF_SQUARE:
            made = _question(rf"\frac{{\partial L}}{{\partial {letter}}}", network)
            if made is not None:
                yield name, made
    for name, options in list(MLPS.items())[-1 if short else 0 :]:
        mlp = MLP(**options)
        for letter in ASKED_OF_MLP["numbers" if mlp.depth.is_constant else "L"]:
            made = _question(rf"\frac{{\partial L}}{{\partial {letter}}}", mlp)
            if made is not None:
                yield f"{name}, {letter}", made


def _question(ask: str, network: Network, notation: str | None = None) -> Question | None:
    letters = None
    if notation is not None:
        letters = notation_named(notation)
        # the letters of the network in the marks of the notation: what is given as rows stays rows
        letters = network.written_in(letters) if isinstance(network, ForwardNetwork) else letters
    try:
        made = Question(ask, network, notation=letters)
        assert made.shape
        return made
    except SymbackpropError:
        return None


def completed(name: str, question: Question) -> Exercise | None:
    """A question with its right formulas and its places; None where no right formula is found."""
    made = Exercise(f"{name}: {question.ask}", question)
    made.places = tuple(_places(question))
    lines = dict.fromkeys(_lines(question))
    made.right = tuple(line for line in lines if question.restates(line) is None and _has_value(line, made))
    return made if made.right else None


def _has_value(line: Expr, exercise: Exercise) -> bool:
    """Whether a line has the right value: one of another orientation has not."""
    found = 0
    for i, place in enumerate(exercise.places):
        try:
            if differ(exercise.wanted(i), place.value(line)):
                return False
            found += 1
        except Misshapen:
            return False
        except Valueless:
            continue
    return found > 0


def _lines(question: Question) -> Iterator[Expr]:
    asked = question.asked
    for derivation in _derivations(question):
        if derivation.start == asked:
            yield from (step.after for step in derivation.steps if step.relation == "=")


def _derivations(question: Question) -> Iterator[Derivation]:
    asked, network = question.asked, question.network
    for style in STYLES:
        for what in DERIVATIONS if isinstance(network, MLP) else (question.ask,):
            try:
                made = derive(what, network, style=style)
            except SymbackpropError:
                continue
            yield from made.derivations if isinstance(made, Topic) else (made,)
    wrt = asked.wrt  # type: ignore[attr-defined]
    while not isinstance(wrt, Variable):
        wrt = wrt.operand
    try:
        yield from gradient_of(wrt, network).derivations
    except SymbackpropError:
        return


# --- places -----------------------------------------------------------------------------------------------------------


def _places(question: Question) -> Iterator[Place]:
    network = question.network
    if isinstance(network, MLP):
        yield from _of_mlp(question, network)
        return
    assert isinstance(network, ForwardNetwork)
    letters = [letter for letter in network.sizes if letter not in ("L", "T")]
    positive = frozenset({"epsilon", "p"})
    summing = {name: axis for name, axis in (("y", None), ("Y", 1)) if network.assumed and network.assumed[0]}
    if "y" in summing:
        members = [each for each in network.inputs if each.name == "y"]
        summing = {"y": int(bool(members) and str(network.shape_of(members[0])[0]) == "1"), "Y": 1}
    for round_ in range(3):
        count = 3 + round_
        sizes = {letter: NUMBERS[(i + round_) % len(NUMBERS)] for i, letter in enumerate(letters)}
        sizes |= {letter: count for letter in ("L", "T") if letter in network.sizes}
        for free in _free(question, count):
            yield Place(network, {**sizes, **free}, round_, _width_of_layer, positive, summing)


def _width_of_layer(kind: Any, layer: int) -> int:
    return (3, 4, 2, 5)[layer % 4]


def _free(question: Question, last: int) -> Iterator[dict[str, int]]:
    """Numbers for the letters of what is asked for."""
    own = question.indices
    layers = [letter for letter in ("l", "t") if letter in own]
    # the weights are counted from 0, where nothing has come before
    first = min((low.constant for letter in layers if (low := question.known[letter][0]) is not None), default=1)
    for number in range(first, last + 1) if layers else (1,):
        yield {**dict.fromkeys(layers, number), **({"j": 2} if "j" in own else {})}


def _of_mlp(question: Question, network: MLP) -> Iterator[Place]:
    depths = (1, 2, 3) if network.widths is None and not network.depth.is_constant else (0,)
    for depth in depths:
        layers = depth or network.depth.constant
        widths = network.widths or tuple((4, 3, 5, 6, 2, 7)[: layers + 2])

        def size(kind: Any, layer: int, widths: tuple[int, ...] = widths) -> int:
            if not 0 <= layer < len(widths):
                raise KeyError(f"n_{layer}")
            last = layer == len(widths) - 1
            return widths[layer] - (kind is not Width and network.augmented and not last)

        for free in _free(question, layers):
            for seed in range(1 if len(depths) > 1 else 2):
                yield Place(network, {"L": layers, **free}, seed, size)
