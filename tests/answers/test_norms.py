"""Norms of products, equal and bounded: what holds by a theorem, and near misses that must not."""

import pytest
from networks import question

from symbackprop.answers.judging import judge

Z1 = r"\left\| \frac{\partial L}{\partial \vec{z}_1} \right\|_2"
NEXT = r"\left\| \frac{\partial L}{\partial \vec{z}_2} \right\|_2"
END = r"\left\| \frac{\partial L}{\partial \hat{\vec{y}}} \right\|_2"
SLOPE, WEIGHT = r"\sigma_{1,1}(\operatorname{diag}(g'(\vec{z}_l)))", r"\sigma_{1,1}(W_l^\top)"


def at(layer: str, text: str) -> str:
    return text.replace("_l", f"_{layer}")


HOLD = [
    rf"{Z1} \le {at('1', SLOPE)} {at('1', WEIGHT)} {NEXT}",
    # sizes are numbers: they commute, and a transpose has the same
    rf"{Z1} \le {NEXT} \cdot \|W_1\|_2 {at('1', SLOPE)}",
    rf"{Z1} \le 2 \|W_1\|_F {at('1', SLOPE)} {NEXT}",
    rf"{Z1} \le \left( \prod_{{l=1}}^{{L}} {SLOPE} {WEIGHT} \right) {END}",
    rf"{Z1} \le \left( \prod_{{l=1}}^{{L}} {WEIGHT} \right) \left( \prod_{{l=1}}^{{L}} {SLOPE} \right) {END}",
    rf"{Z1} \le \left( \prod_{{l=1}}^{{L-1}} {SLOPE} {WEIGHT} \right) {at('L', SLOPE)} {at('L', WEIGHT)} {END}",
    rf"{Z1} \ge 0",
]
FAIL = [
    rf"{Z1} \le {at('1', SLOPE)} {NEXT}",
    rf"{Z1} \le \frac{{1}}{{2}} {at('1', SLOPE)} {at('1', WEIGHT)} {NEXT}",
    rf"{Z1} \le {at('2', SLOPE)} {at('1', WEIGHT)} {NEXT}",
    rf"{Z1} \le {at('1', SLOPE)} {at('1', WEIGHT)}^2 {NEXT}",
    rf"{Z1} \le -{at('1', SLOPE)} {at('1', WEIGHT)} {NEXT}",
    rf"{Z1} \le \left( \prod_{{l=2}}^{{L}} {SLOPE} {WEIGHT} \right) {END}",
    rf"{Z1} \le \left( \prod_{{l=1}}^{{L}} {SLOPE} \sigma_{{2,2}}(W_l) \right) {END}",
    rf"{Z1} \le \left( \prod_{{l=1}}^{{8}} {SLOPE} {WEIGHT} \right) {END}",
    rf"{Z1} = {at('1', SLOPE)} {at('1', WEIGHT)} {NEXT}",
    rf"{Z1} \ge 10^{{-9}}",
]


@pytest.mark.parametrize(("answer", "holds"), [*((each, True) for each in HOLD), *((each, False) for each in FAIL)])
def test_bounds_of_a_column(answer, holds):
    assert (judge(question(Z1, "plain"), answer).verdict == "correct") == holds


W = r"\left\| \frac{\partial L}{\partial W} \right\|_F"
PRODUCT = r"\left\| (a - y) \odot \sigma'(z) \right\| \|x\|"
EQUAL = {
    PRODUCT: "correct",
    r"\|x\|_2 \left\| \frac{\partial L}{\partial z} \right\|_F": "correct",
    rf"{W} \le {PRODUCT}": "correct",
    rf"{W} \ge {PRODUCT}": "correct",
    f"-{PRODUCT}": "incorrect",
    f"2 {PRODUCT}": "incorrect",
    r"\left\| (a - y) \odot \sigma'(z) \right\| \|x\|^2": "incorrect",
    r"\left\| (a - y) \odot \sigma'(z) \right\|_1 \|x\|_1": "incorrect",
    r"\left\| a - y \right\| \|\sigma'(z)\| \|x\|": "incorrect",
    r"|x_1| \left\| \frac{\partial L}{\partial z} \right\|": "incorrect",
}


@pytest.mark.parametrize(("answer", "verdict"), EQUAL.items())
def test_the_norm_of_an_outer_product(answer, verdict):
    assert judge(question(W, "logistic"), answer).verdict == verdict


def test_a_matrix_is_longer_than_its_largest_singular_value():
    """‖A B‖_F is not at most σ(A) σ(B), although ‖A B‖_2 is."""
    asked = question(r"\left\| W_3 W_2 \right\|_F", "three")
    assert judge(asked, r"\left\| W_3 W_2 \right\|_F \le \|W_3\|_2 \|W_2\|_2").verdict != "correct"
