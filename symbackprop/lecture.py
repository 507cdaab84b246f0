"""The lecture's formula lines: each id with the statement it makes, built from the network and the derivations.

No line is kept as text. The `model.*` lines are the network's forward equations, the `rule.*` lines the four short
derivations, the `w0.*` lines the steps of `weight_gradient`.
"""

from __future__ import annotations

from dataclasses import dataclass

from symbackprop.derivation import Derivation, Shown
from symbackprop.dims import DEPTH, dim
from symbackprop.errors import SymbackpropError
from symbackprop.expr import Expr, Hidden, LayerMap, PreActivation, Variable
from symbackprop.library import derive
from symbackprop.network import MLP
from symbackprop.statements import Chain, Ellipsis, Statement, equal

RULES = ("last_hidden", "preactivation", "hidden", "weight_row")


@dataclass(frozen=True)
class Line:
    """A line of the lecture: what it says, and how it is shown."""

    says: Statement
    shown: Shown = Shown()


def model_lines(network: MLP) -> dict[str, Line]:
    """The forward equations as slide 1 writes them: the last layers with `z_l` put in, the first one in two lines."""
    L = network.depth
    return {
        "model.output": Line(equal(*_forward(network.output, network))),
        "model.hidden_last": Line(equal(*_composed(Hidden(L), network))),
        "model.hidden_before": Line(equal(*_composed(Hidden(L - 1), network))),
        "model.hidden_first": Line(equal(*_forward(Hidden(1), network))),
        "model.preactivation_first": Line(equal(*_forward(PreActivation(1), network))),
    }


def _forward(variable: Variable, network: MLP) -> tuple[Expr, Expr]:
    equation = network.definition(variable, {"L": (dim(3), None)})
    assert equation is not None
    return equation.left, equation.right


def _composed(hidden: Hidden, network: MLP) -> tuple[Expr, Expr]:
    """`h_l = ψ(W_{l-1} h_{l-1})`: the pre-activations replaced by what they are."""
    left, right = _forward(hidden, network)
    assert isinstance(right, LayerMap)
    _, inside = _forward(PreActivation(hidden.index), network)
    return left, LayerMap(right.function, inside)


def rule_line(derivation: Derivation) -> Line:
    """A short derivation as one line: `start = … = result`."""
    relations = tuple(step.relation for step in derivation.steps)
    return Line(Chain(derivation.lines, relations), derivation.steps[-1].shown)


def step_lines(derivation: Derivation) -> dict[str, Line]:
    """The labelled steps of a derivation; the first with its left side, the others going on from the line before."""
    lines: dict[str, Line] = {}
    for i, step in enumerate(derivation.steps):
        if step.shown.label:
            says = Chain((derivation.start, step.after), (step.relation,), continued=i > 0)
            lines[step.shown.label] = Line(says, step.shown)
    return lines


def lecture_lines(network: MLP | None = None) -> dict[str, Line]:
    """Every line of slides 1 and 2, in the lecture's order."""
    network = network or MLP()
    if network.depth != DEPTH or not network.augmented:
        raise SymbackpropError(
            "the lecture's lines are about depth L with bias units: leave depth, widths and bias out"
        )
    lines = model_lines(network)
    for name in RULES:
        lines[f"rule.{name}"] = rule_line(derive(name, network))
    gradient = step_lines(derive("weight_gradient", network))
    for label, line in gradient.items():
        if label == "w0.3":
            # the second slide states the last line of the first again
            lines["w0.restated"] = again(gradient["w0.2"])
        if line.shown.dots:
            lines["w0.dots"] = Line(Ellipsis(line.shown.dots))
        lines[label] = line
    return lines


def again(line: Line) -> Line:
    """The same line with its left side."""
    assert isinstance(line.says, Chain)
    return Line(Chain(line.says.sides, line.says.relations), line.shown)


def lecture_latex(notation: str = "lecture") -> dict[str, str]:
    """Every line as LaTeX, by the lecture's formula id."""
    from symbackprop.render.latex import latex

    network = MLP()
    lines = lecture_lines(network)
    return {name: latex(line.says, notation, network, line.shown) for name, line in lines.items()}
