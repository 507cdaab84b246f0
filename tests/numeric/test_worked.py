"""Networks worked by hand: numbers of paper, differences at 40 digits, and what is refused."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import mpmath
import pytest

from symbackprop.derivation import Derivation
from symbackprop.errors import ShapeError, SymbackpropError
from symbackprop.expr import Named, Partial, number
from symbackprop.given import Network
from symbackprop.judges.outcome import Refuted
from symbackprop.numeric.worked import Pass, worked
from symbackprop.rules.norms import multiplied_out
from symbackprop.topic import Shows
from symbackprop.verify import verify

LINEAR = Network(r"z = W x + b", r"J = \frac{1}{2} \|z - y\|^2", shapes={"x": "n", "W": "m x n", "b": "m", "y": "m"})
VALUES: dict[str, Any] = {"x": [1, 2], "W": [[1, 0], [3, -1], [0, "1/2"]], "b": [0, 1, 1], "y": [2, 0, 2]}


def numbers(value: Any) -> list[list[Fraction]]:
    return [[Fraction(int(entry.p), int(entry.q)) for entry in value.row(i)] for i in range(value.shape[0])]


def test_a_linear_layer_by_hand() -> None:
    """z = (1, 2, 2), z - y = (-1, 2, 0), J = 5/2, ∂J/∂W = (z - y) xᵀ, ∂J/∂x = Wᵀ (z - y); with a pencil."""
    found = Pass(LINEAR, VALUES)
    W, x, b, z, y = (Named(name) for name in "Wxbzy")
    assert numbers(found.forward[z]) == [[1], [2], [2]]
    assert numbers(found.gradients[z]) == [[-1], [2], [0]]
    assert numbers(found.gradients[W]) == [[-1, -2], [2, 4], [0, 0]]
    assert numbers(found.gradients[b]) == [[-1], [2], [0]]
    assert numbers(found.gradients[x]) == [[5], [-2]]
    assert numbers(found.gradients[y]) == [[1], [-2], [0]]
    (loss,) = [value for variable, value in found.forward.items() if variable.name == "L"]
    assert numbers(loss) == [[Fraction(5, 2)]]


def test_irrational_numbers_are_those_of_differences() -> None:
    """A sigmoid and a softmax of two layers, against central differences of the forward pass written with mpmath."""
    network = Network(
        r"h = \sigma(W x)",
        r"\hat{y} = \operatorname{softmax}(V h)",
        r"J = -\sum_k y_k \log \hat{y}_k",
        shapes={"x": "2", "W": "2 x 2", "V": "2 x 2", "y": "2"},
    )
    values = {"x": [1, -2], "W": [["0.5", "-1"], ["0.25", "2"]], "V": [[1, -1], ["0.5", 3]], "y": [0, 1]}
    found = Pass(network, values)

    def loss(W: Any, V: Any) -> Any:
        h = (W * mpmath.matrix([1, -2])).apply(lambda z: 1 / (1 + mpmath.exp(-z)))
        o = V * h
        return mpmath.log(mpmath.exp(o[0]) + mpmath.exp(o[1])) - o[1]

    with mpmath.workdps(40):
        W, V = (mpmath.matrix([[mpmath.mpf(str(v)) for v in row] for row in values[name]]) for name in ("W", "V"))
        step = mpmath.mpf(10) ** -12
        for name, moved in (("W", W), ("V", V)):
            for i in range(2):
                for k in range(2):
                    ends = []
                    for sign in (1, -1):
                        moved[i, k] += sign * step
                        ends.append(loss(W, V))
                        moved[i, k] -= sign * step
                    slope = (ends[0] - ends[1]) / (2 * step)
                    assert float(found.gradients[Named(name)][i, k]) == pytest.approx(float(slope), abs=1e-12)
    # no step is made of rounded numbers
    topic = worked(network, values)
    about = [part.says for part in topic.parts if isinstance(part, Shows)]
    assert about
    assert all("≈" in each.relations or each.sides[0] in found.network.inputs for each in about)


def test_every_line_is_judged_and_a_wrong_number_refuted() -> None:
    made = worked(LINEAR, VALUES)
    assert verify(made, effort="brief").as_expected
    gradients = [each for each in made.derivations if isinstance(each.start, Partial)]
    assert {each.start.wrt.name for each in gradients} == set("zWbxy")
    for each in gradients:
        wrong = Derivation(each.start, each.network, known=each.known, given=each.given)
        wrong = wrong.by(multiplied_out(number(2) @ each.result, "wrong"), at=())
        (judged,) = verify(wrong, effort="brief").steps
        assert any(isinstance(outcome, Refuted) for outcome in judged.outcomes.values()), each.start


def test_a_row_is_a_list() -> None:
    network = Network(r"z = x W", r"J = \|z\|^2", shapes={"x": "1 x n", "W": "n x m"}, data="rows")
    found = Pass(network, {"x": [1, 2], "W": [[1], [3]]})
    assert numbers(found.gradients[Named("x")]) == [[14, 42]]


REFUSED: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "missing": ({"x": [1, 2]}, SymbackpropError, "have no numbers"),
    "unknown": ({**VALUES, "V": 1}, SymbackpropError, "no parameter or input"),
    "a word": ({**VALUES, "y": ["a", 0, 2]}, SymbackpropError, "no number"),
    "another shape": ({**VALUES, "b": [0, 1]}, ShapeError, "but b is 3 × 1"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    values, error, message = REFUSED[name]
    with pytest.raises(error, match=message):
        Pass(LINEAR, values)


def test_a_family_is_refused() -> None:
    network = Network(
        r"h_t = W h_{t-1}, \quad t = 1, \dots, T", r"J = \|h_T\|^2", shapes={"h_0": "n", "h_t": "n", "W": "n x n"}
    )
    given = {str(each): [[1, 0], [0, 1]] if each.name == "W" else [1, 1] for each in network.inputs}
    with pytest.raises(SymbackpropError, match="is a family"):
        Pass(network, given)
