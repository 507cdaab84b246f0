"""Losses against their textbook definitions at 50 digits, and their gradients against the well-known ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import mpmath
import pytest
import sympy

from symbackprop.dims import dim, width
from symbackprop.errors import SymbackpropError
from symbackprop.expr import LOSS, Partial, PreActivation, Target
from symbackprop.losses import LOSSES, loss
from symbackprop.network import MLP
from symbackprop.symbolic import to_sympy

mp = mpmath.mp.clone()
mp.dps = 60
Vector = Sequence[mpmath.mpf]

OUTPUT = ["0.5", "-1.25", "3"]
TARGET = ["0.25", "0.5", "0.25"]


def softmax(v: Vector) -> list[mpmath.mpf]:
    total = mp.fsum(mp.exp(a) for a in v)
    return [mp.exp(a) / total for a in v]


def sigmoid(a: mpmath.mpf) -> mpmath.mpf:
    return 1 / (1 + mp.exp(-a))


VALUES: dict[str, Callable[[Vector, Vector], mpmath.mpf]] = {
    "squared_error": lambda o, y: mp.fsum((a - b) ** 2 for a, b in zip(o, y, strict=True)),
    "half_squared_error": lambda o, y: mp.fsum((a - b) ** 2 for a, b in zip(o, y, strict=True)) / 2,
    "mean_squared_error": lambda o, y: mp.fsum((a - b) ** 2 for a, b in zip(o, y, strict=True)) / 3,
    "softmax_cross_entropy": lambda o, y: -mp.fsum(b * mp.log(p) for p, b in zip(softmax(o), y, strict=True)),
    "binary_cross_entropy": lambda o, y: (
        -mp.fsum(b * mp.log(sigmoid(a)) + (1 - b) * mp.log(1 - sigmoid(a)) for a, b in zip(o, y, strict=True))
    ),
    "absolute_error": lambda o, y: mp.fsum(abs(a - b) for a, b in zip(o, y, strict=True)),
    "huber": lambda o, y: mp.fsum(
        (a - b) ** 2 / 2 if abs(a - b) <= 1 else abs(a - b) - mp.mpf("0.5") for a, b in zip(o, y, strict=True)
    ),
}
# ∂L/∂ŷ as the textbooks write it
GRADIENTS: dict[str, Callable[[Vector, Vector], list[mpmath.mpf]]] = {
    "squared_error": lambda o, y: [2 * (a - b) for a, b in zip(o, y, strict=True)],
    "half_squared_error": lambda o, y: [a - b for a, b in zip(o, y, strict=True)],
    "mean_squared_error": lambda o, y: [2 * (a - b) / 3 for a, b in zip(o, y, strict=True)],
    "softmax_cross_entropy": lambda o, y: [p - b for p, b in zip(softmax(o), y, strict=True)],
    "binary_cross_entropy": lambda o, y: [sigmoid(a) - b for a, b in zip(o, y, strict=True)],
    "absolute_error": lambda o, y: [mp.sign(a - b) for a, b in zip(o, y, strict=True)],
    "huber": lambda o, y: [max(mp.mpf(-1), min(mp.mpf(1), a - b)) for a, b in zip(o, y, strict=True)],
}
WIDTHS = [2, 3, 3]


def put(e: sympy.Expr, output: Sequence[str] = OUTPUT) -> mpmath.mpf:
    values = {sympy.Symbol(f"yhat_{k}"): sympy.Rational(v) for k, v in enumerate(output, 1)}
    values |= {sympy.Symbol(f"y_{k}"): sympy.Rational(v) for k, v in enumerate(TARGET, 1)}
    return mp.mpf(str(sympy.N(e.subs(values), 50)))


@pytest.mark.parametrize("name", [n for n in LOSSES if n != "generic"])
def test_value(name: str) -> None:
    written = to_sympy(LOSS, WIDTHS, MLP(loss=name), expand=False)
    expected = VALUES[name](list(map(mp.mpf, OUTPUT)), list(map(mp.mpf, TARGET)))
    assert abs(put(written) - expected) < mp.mpf(10) ** -45


@pytest.mark.parametrize("name", [n for n in LOSSES if n != "generic"])
def test_gradient(name: str) -> None:
    gradient = to_sympy(Partial(LOSS, PreActivation(dim(2))), WIDTHS, MLP(loss=name), expand=False)
    expected = GRADIENTS[name](list(map(mp.mpf, OUTPUT)), list(map(mp.mpf, TARGET)))
    for got, e in zip(gradient, expected, strict=True):
        assert abs(put(got) - e) < mp.mpf(10) ** -45


def test_absolute_error_has_slope_zero_where_output_and_target_agree() -> None:
    gradient = to_sympy(Partial(LOSS, PreActivation(dim(2))), WIDTHS, MLP(loss="absolute_error"), expand=False)
    assert [put(e, TARGET) for e in gradient] == [0, 0, 0]
    assert "where output and target agree" in loss("absolute_error").convention


def test_cross_entropy_says_what_it_assumes_and_needs_it() -> None:
    (assumed,) = loss("softmax_cross_entropy").assumed
    total, one = (to_sympy(side, WIDTHS, expand=False) for side in assumed(Target(), width(2)).sides)
    assert total == sum(sympy.symbols("y_1:4"))
    assert one == 1
    written = to_sympy(LOSS, WIDTHS, MLP(loss="softmax_cross_entropy"), expand=False)
    doubled = [2 * mp.mpf(b) for b in TARGET]
    true = VALUES["softmax_cross_entropy"](list(map(mp.mpf, OUTPUT)), doubled)
    values = {sympy.Symbol(f"y_{k}"): 2 * sympy.Rational(v) for k, v in enumerate(TARGET, 1)}
    assert abs(put(written.subs(values)) - true) > 1


@pytest.mark.parametrize("name", [n for n, row in LOSSES.items() if row.textbook])
def test_the_form_of_textbooks(name: str) -> None:
    network, form = MLP(1, loss=name), loss(name).textbook
    assert form is not None
    written = to_sympy(form(network.output, Target(), width(2)), WIDTHS, network, expand=False)
    expected = VALUES[name](list(map(mp.mpf, OUTPUT)), list(map(mp.mpf, TARGET)))
    assert abs(put(written) - expected) < mp.mpf(10) ** -45


def test_mean_divides_by_the_width_of_the_output() -> None:
    mean = to_sympy(LOSS, [2, 3, 5], MLP(loss="mean_squared_error"), expand=False)
    total = to_sympy(LOSS, [2, 3, 5], MLP(loss="squared_error"), expand=False)
    assert sympy.expand(5 * mean - total) == 0


def test_names() -> None:
    assert loss("Squared-Error") is LOSSES["squared_error"]
    assert loss("generic").is_generic
    with pytest.raises(SymbackpropError, match="no loss 'mse': write one of absolute_error, "):
        loss("mse")
