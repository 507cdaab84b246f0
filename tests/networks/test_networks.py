"""Networks that students bring, in LaTeX: read as they are meant, and every gradient as on paper.

The tables beside this file hold the equations, the loss in NumPy by hand, and gradients on paper. The network's value
is compared with the loss by hand, every answer with its central differences and with paper, and every step is judged.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import symbackprop as sb
from symbackprop.asked import gradient_of
from symbackprop.derivation import Derivation
from symbackprop.dims import dim
from symbackprop.expr import LOSS, Expr, Named, Partial, Variable, number
from symbackprop.judges import exact, kernel, numeric
from symbackprop.judges.claim import Claim
from symbackprop.judges.floats import Point
from symbackprop.judges.outcome import Proved, Refuted, Supported
from symbackprop.judges.settings import effort_of
from symbackprop.judges.steps import evaluate

FOLDER = Path(__file__).parent
BRIEF = effort_of("brief")
# numbers for the letters of sizes, all different
SIZES = (3, 4, 2, 5, 6, 7, 8)
STEP = 1e-5


def _tables() -> dict[str, dict[str, Any]]:
    """Every network of the files beside this one."""
    sys.path.insert(0, str(FOLDER))
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(FOLDER.glob("*.py")):
        if path.stem != Path(__file__).stem:
            spec = importlib.util.spec_from_file_location(f"networks_{path.stem}", path)
            assert spec is not None
            assert spec.loader is not None
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            found |= getattr(module, "NETWORKS", {})
    return found


NETWORKS = _tables()
EACH = pytest.mark.parametrize("name", NETWORKS)


class Brought:
    """A network of the tables, with numbers for its inputs."""

    def __init__(self, name: str) -> None:
        self.row = row = NETWORKS[name]
        self.network = sb.Network(*row["given"], shapes=row.get("shapes"), data=row.get("data"))
        given = row.get("sizes", {})
        self.sizes = {letter: given.get(letter, n) for letter, n in zip(self.network.sizes, SIZES, strict=False)}
        self.placed = self.network.given(self.sizes)
        rng = np.random.default_rng(7)
        self.values = {v: self._drawn(v, rng) for v in self.members()}
        self.point = Point(self.placed, 0, given=self.values)

    def members(self) -> list[Variable]:
        """The inputs, each of a family."""
        families = self.row.get("families", {})
        found: dict[Variable, None] = {}
        for each in self.network.inputs:
            first, last = families.get(each.name, (0, -1))
            for i in range(first, last + 1):
                found[Named(each.name, dim(i))] = None
            if each.name not in families:
                found[each] = None
        return list(found)

    def _drawn(self, variable: Variable, rng: np.random.Generator) -> Any:
        extent = tuple(size.constant for size in self.placed.shape_of(variable))
        made = rng.standard_normal(extent)
        if variable.name in self.row.get("positive", ()):
            made = np.abs(made) + 0.1
        if variable.name in self.row.get("targets", ()):
            axis = 1 if self.row.get("data") == "rows" else 0
            made = np.abs(made) / np.abs(made).sum(axis=axis, keepdims=True)
        return made

    def loss(self, changed: Variable | None = None, value: Any = None) -> float:
        """The loss by hand, one input perhaps changed."""
        values = {str(v): value if v == changed else own for v, own in self.values.items()}
        return float(np.squeeze(self.row["loss"](values)))

    def differences(self, variable: Variable) -> Any:
        """Central differences of the loss by hand."""
        own = self.values[variable]
        found = np.zeros(own.shape)
        for i in np.ndindex(*own.shape):
            step = np.zeros(own.shape)
            step[i] = STEP
            found[i] = (self.loss(variable, own + step) - self.loss(variable, own - step)) / (2 * STEP)
        return found

    def answers(self, variable: Variable) -> list[Derivation]:
        """The last lines for a variable, or a family that it is one of."""
        asked = (
            variable
            if variable in self.network.inputs
            else next(each for each in self.network.inputs if each.name == variable.name)
        )
        made = gradient_of(asked, self.network).derivations
        return [each for each in made if isinstance(each.start, Partial) and each.start.wrt.name == variable.name]

    def value_of(self, answer: Derivation, variable: Variable) -> Any:
        """The value of an answer where it is about this variable; else None."""
        symbols = dict(self.sizes)
        at = answer.start.wrt.index
        if at is not None and variable.index is not None:
            (own,) = at.symbols - set(self.sizes) or {None}
            if own is None:
                if at.value(self.sizes, None) != variable.index.constant:
                    return None
            else:
                symbols[own] = variable.index.constant
                low, high = answer.known[own]
                if low is not None and low.value(symbols, None) > symbols[own]:
                    return None
                if high is not None and high.value(symbols, None) < symbols[own]:
                    return None
        return np.real(evaluate(answer.result, self.point, symbols))

    def read(self, text: str) -> Expr:
        """A formula about the network."""
        made = sb.parse(text, self.network.reading, self.network)
        assert isinstance(made, Expr)
        return made


@EACH
def test_it_is_read_as_it_is_meant(name: str) -> None:
    brought = Brought(name)
    if "loss" in brought.row:
        assert brought.point.value(LOSS).item() == pytest.approx(brought.loss(), rel=1e-10)


@EACH
def test_every_answer_has_the_value_of_differences(name: str) -> None:
    brought = Brought(name)
    for variable in brought.members() if "loss" in brought.row else ():
        wanted = brought.differences(variable)
        found = [value for each in brought.answers(variable) if (value := brought.value_of(each, variable)) is not None]
        assert found, f"no answer is about {variable}"
        for value in found:
            np.testing.assert_allclose(value, wanted, rtol=1e-5, atol=1e-6 * max(1, np.abs(wanted).max()))


@EACH
def test_every_answer_is_what_paper_says(name: str) -> None:
    brought = Brought(name)
    network = brought.network
    for wrt, expected in brought.row["gradients"].items():
        start = brought.read(rf"\frac{{\partial {brought.row['given'][-1].split('=')[0]}}}{{\partial {wrt}}}")
        claim = Claim(start, "=", brought.read(expected), network, network.bounds, network.assumed)
        outcomes = [exact.judge(claim, BRIEF), numeric.judge(claim, BRIEF)]
        assert any(isinstance(each, Supported) for each in outcomes), (wrt, outcomes)
        assert not any(isinstance(each, Refuted) for each in outcomes), (wrt, outcomes)


def _is_proved(claim: Claim) -> bool:
    try:
        return isinstance(kernel.equal(claim.left, claim.right, claim.network, claim.known, claim.given), Proved)
    except LookupError:
        # what is known of the indices does not settle it
        return False


@EACH
def test_a_wrong_answer_is_refuted_and_not_proved(name: str) -> None:
    brought = Brought(name)
    network = brought.network
    for variable in brought.network.inputs[:1]:
        line = brought.answers(variable)[-1]
        for wrong in (-line.result, number(2) @ line.result):
            claim = Claim(line.start, "=", wrong, network, line.known, network.assumed)
            outcomes = [exact.judge(claim, BRIEF), numeric.judge(claim, BRIEF)]
            assert any(isinstance(each, Refuted) for each in outcomes), (line.start, wrong, outcomes)
            assert not _is_proved(claim)


@EACH
def test_every_step_is_proved(name: str) -> None:
    brought = Brought(name)
    made = list(sb.derive("all", brought.network).derivations)
    made += [answer for each in brought.network.inputs for answer in brought.answers(each)]
    for derivation in made:
        for step in derivation.steps:
            outcome = kernel.judge(step, derivation)
            assert isinstance(outcome, Proved), f"{step.before} = {step.after}: {outcome}"


@EACH
def test_every_step_is_supported_by_a_judge_without_rules(name: str) -> None:
    brought = Brought(name)
    report = sb.verify(sb.derive("all", brought.network), effort="brief")
    assert report.as_expected, str(report)
    for judged in report.steps:
        outcomes = [judged.outcomes["exact"], judged.outcomes["numeric"]]
        assert any(isinstance(each, Supported) for each in outcomes), (judged.step, outcomes)


def test_there_are_many() -> None:
    assert len(NETWORKS) >= 50
