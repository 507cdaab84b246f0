"""Every adjoint rule gives what the sources give, is proved for all sizes, and its wrong variants are refuted."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from symbackprop.adjoints import pullback
from symbackprop.derivation import Derivation
from symbackprop.dims import Dim, index
from symbackprop.equations import Equation
from symbackprop.errors import RuleError
from symbackprop.expr import LOSS, Expr, Function, Norm, Partial
from symbackprop.judges import exact, kernel, numeric
from symbackprop.judges.claim import Claim
from symbackprop.judges.outcome import Proved, Refuted, Supported
from symbackprop.primitives import Stacked
from symbackprop.quantities import Quantities
from symbackprop.rules.reverse import through_uses
from symbackprop.shapes import shape


def _loaded(name: str) -> ModuleType:
    """The table beside this file; tests are no package."""
    spec = importlib.util.spec_from_file_location(f"adjoints_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


table = _loaded("cases")


def network_of(right: Expr) -> Quantities:
    """`U = right`, and a loss of `U` of which nothing is known."""
    shapes: dict[str, Any] = dict(table.SHAPES)
    inside = Quantities(shapes)
    found: tuple[Dim, Dim] = shape(right, inside)
    return Quantities({**shapes, "U": found}, [Equation(table.U, right), Equation(LOSS, Function("L", (table.U,)))])


@pytest.mark.parametrize("name", table.CASES)
def test_a_rule_gives_what_the_source_gives_and_is_proved(name: str):
    case = table.CASES[name]
    network = network_of(case.right)
    derivation = Derivation(Partial(LOSS, case.wrt), network, known=network.bounds).by(through_uses(case.style))
    assert derivation.result == case.gradient
    (step,) = derivation.steps
    assert isinstance(kernel.judge(step, derivation), Proved)


@pytest.mark.parametrize("name", table.CASES)
def test_the_judges_support_what_the_source_gives(name: str):
    case = table.CASES[name]
    network = network_of(case.right)
    claim = Claim(Partial(LOSS, case.wrt), "=", case.gradient, network, network.bounds)
    found = [exact.judge(claim), numeric.judge(claim)]
    assert any(isinstance(outcome, Supported) for outcome in found), found
    assert not any(isinstance(outcome, Refuted) for outcome in found), found


@pytest.mark.parametrize(
    ("name", "place"), [(name, i) for name, case in table.CASES.items() for i in range(len(case.wrong))]
)
def test_a_wrong_variant_is_refuted(name: str, place: int):
    case = table.CASES[name]
    network = network_of(case.right)
    claim = Claim(Partial(LOSS, case.wrt), "=", case.wrong[place], network, network.bounds)
    assert shape(claim.right, network) == shape(case.wrt, network)
    assert any(isinstance(outcome, Refuted) for outcome in (exact.judge(claim), numeric.judge(claim)))


def test_every_rule_has_a_case():
    used = {type(part) for case in table.CASES.values() for part in _nodes(case.right)}
    # primitives that other tests add from outside have tests of their own
    own = {kind for kind in pullback.registry if kind.__module__.startswith("symbackprop.")}
    without = own - used
    # of the lecture's own primitives the cases are in tests/rules/variants.py
    assert {kind.__name__ for kind in without} <= {"LayerMap", "ColumnAt", "WithoutBias", "Columns", "Rows", "Mapping"}


def _nodes(e: Expr):
    from symbackprop.tree import subterms

    return [part for _, part in subterms(e)]


def test_a_primitive_without_a_rule_is_refused_with_a_sentence():
    network = network_of(Norm(table.X))
    with pytest.raises(RuleError, match=r"the spectral norm .* has no gradient"):
        Derivation(Partial(LOSS, table.X), network).by(through_uses("hadamard"))


def test_a_concatenation_gives_each_block_its_rows():
    network = network_of(Stacked((table.x, table.y), "rows"))
    made = [
        Derivation(Partial(LOSS, v), network, known=network.bounds).by(through_uses("hadamard"))
        for v in (table.x, table.y)
    ]
    n = index("n")
    assert [str(each.result) for each in made] == ["(∂L/∂U)[1…n,:]", f"(∂L/∂U)[{n + 1}…{n + n},:]"]
