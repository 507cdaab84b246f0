"""Formulas that are built alike: equal if their parts are, over one range, and not otherwise."""

from __future__ import annotations

import pytest

import symbackprop as sb
from symbackprop.answers.congruent import MOST, Congruence
from symbackprop.answers.judging import judge
from symbackprop.answers.question import Question
from symbackprop.dims import ONE, Bounds, dim, index
from symbackprop.expr import Expr, IndexedProduct, IndexedSum, Named, Partial, Product, Transpose

A, B, C = (Named(name) for name in "ABC")
k, m, n = index("k"), index("m"), index("n")


def of(name: str, at: object) -> Named:
    return Named(name, at)  # type: ignore[arg-type]


# what the kernel would be asked: here only that a double transpose is none
def knows(one: Expr, two: Expr, known: Bounds) -> bool:
    return two == Transpose(Transpose(one))


def holds(one: Expr, two: Expr) -> bool:
    return Congruence(knows).holds(one, two, {})


def over(name: str, low: object, high: object, body: Expr, kind: type = IndexedSum) -> Expr:
    made: Expr = kind(name, dim(low) if isinstance(low, int) else low, high, body)
    return made


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (A, A.T.T),
        (A @ B, A @ B.T.T),
        (over("k", ONE, n, of("A", k)), over("m", ONE, n, of("A", m).T.T)),
        (over("k", ONE, n, of("A", k)), over("m", 2, n + 1, of("A", m - 1))),
        (over("k", ONE, n, of("A", k), IndexedProduct), over("m", 0, n - 1, of("A", m + 1), IndexedProduct)),
        (
            over("k", ONE, n, A @ over("m", k, n, of("B", m))),
            over("m", ONE, n, A.T.T @ over("k", m, n, of("B", k).T.T)),
        ),
    ],
)
def test_equal(one: Expr, two: Expr) -> None:
    assert holds(one, two)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (A, B),
        (A @ B, B @ A),
        # one term more, one less, and the same number of terms from another start
        (over("k", ONE, n, of("A", k)), over("k", ONE, n + 1, of("A", k))),
        (over("k", ONE, n, of("A", k)), over("k", 2, n, of("A", k))),
        (over("k", ONE, n, of("A", k)), over("k", 2, n + 1, of("A", k))),
        (over("k", ONE, n, of("A", k)), over("k", ONE, n, of("A", k), IndexedProduct)),
        # m is bound on the one side, and an index of the whole on the other
        (over("m", ONE, n, of("A", m)), over("k", ONE, n, of("A", m))),
        (over("m", ONE, n, of("A", m) @ of("B", m)), over("k", ONE, n, of("A", k) @ of("B", m))),
        (
            IndexedProduct("k", ONE, n, of("A", k)),
            IndexedProduct("k", ONE, n, of("A", k), descending=True),
        ),
        # a derivative by a variable is none by what it is equal to
        (Partial(A, B), Partial(A, B.T.T)),
    ],
)
def test_not_found_equal(one: Expr, two: Expr) -> None:
    assert not holds(one, two)


def test_the_kernel_is_asked_so_often_and_no_more() -> None:
    asked: list[Expr] = []

    def never(one: Expr, two: Expr, known: Bounds) -> bool:
        asked.append(one)
        return False

    deep = Product(tuple(of("A", dim(i)) for i in range(3 * MOST)))
    comparing = Congruence(never)
    for i in range(3 * MOST):
        assert not comparing.holds(deep, of("B", dim(i)), {})
    assert len(asked) == MOST


def test_what_stands_in_a_derivative_is_not_written_otherwise() -> None:
    """A derivative of `Σ` by `B` is another one if the sum is written with what `B` is computed from."""
    own, other = over("k", ONE, n, of("A", k)), over("m", ONE, n, of("A", m).T.T)
    seen: list[Expr] = []

    def asked(one: Expr, two: Expr, known: Bounds) -> bool:
        seen.append(two)
        return knows(one, two, known)

    assert not Congruence(asked).holds(C @ own, Partial(other, B) @ other @ C, {})
    assert seen[-1] == Partial(other, B) @ own @ C


def test_within_a_sum_the_index_is_known_to_be_in_its_range() -> None:
    seen: list[Bounds] = []

    def asked(one: Expr, two: Expr, known: Bounds) -> bool:
        seen.append(known)
        return True

    one = over("k", ONE, n, over("m", k, n, of("A", m)))
    assert Congruence(asked).holds(one, over("k", ONE, n, over("m", k, n, of("B", m))), {"m": (ONE, ONE)})
    assert seen == [{"k": (ONE, n), "m": (k, n)}]


# the gradient of a recurrent network, as a sum over all later times of products through time (Goodfellow et al. 10.2.2)
BACK = (
    r"\sum_{t=1}^T \left( (1 - h_t \odot h_t) \odot \sum_{q=t}^T \prod_{p=t}^{q-1} [W^\top \operatorname{diag}"
    r"(1 - h_{p+1} \odot h_{p+1})] V^\top (\hat{y}_q - y_q) \right) x_t^\top"
)
RIGHT = [
    BACK,
    BACK.replace("p=t", "i=t").replace("{p+1}", "{i+1}"),
    BACK.replace(r"(1 - h_t \odot h_t) \odot", r"\operatorname{diag}(1 - h_t \odot h_t)"),
    BACK.replace(r"(1 - h_t \odot h_t)", r"(1 - h_t) \odot (1 + h_t)"),
    BACK.replace(r"h_{p+1} \odot h_{p+1}", r"h_{p+1}^{\odot 2}"),
    BACK.replace(r"(\hat{y}_q - y_q)", r"(-y_q + \hat{y}_q)"),
]
WRONG = [
    # one time too few, one factor too many at the end and at the start, another slope, a sign, no transpose
    BACK.replace("q=t}^T", "q=t+1}^T"),
    BACK.replace("^{q-1} [W", "^{q} [W"),
    # from t to t - 2, which is no product at all
    BACK.replace("^{q-1} [W", "^{q-2} [W"),
    BACK.replace("p=t}", "p=t-1}"),
    BACK.replace(r"(1 - h_{p+1} \odot h_{p+1})", r"(1 - h_{p} \odot h_{p})"),
    BACK.replace(r"(1 - h_t \odot h_t)", r"(1 + h_t \odot h_t)"),
    BACK.replace(r"[W^\top", "[W"),
]


@pytest.fixture(scope="module")
def through_time() -> Question:
    network = sb.Network(
        r"h_t = \tanh(W h_{t-1} + U x_t + b), \quad t = 1, \dots, T",
        r"o_t = V h_t + c, \quad t = 1, \dots, T",
        r"\hat{y}_t = \operatorname{softmax}(o_t), \quad t = 1, \dots, T",
        r"L = -\sum_{t=1}^T y_t^\top \log \hat{y}_t",
        shapes={"h_0": "n", "W": "n x n", "U": "n x d", "x_t": "d", "V": "m x n", "y_t": "m"},
        notation="goodfellow",
    )
    return Question(r"\frac{\partial L}{\partial U}", network)


@pytest.mark.parametrize("answer", RIGHT)
def test_products_through_time(answer: str, through_time: Question) -> None:
    said = judge(through_time, answer, names_mistakes=False)
    assert said.verdict == "correct", said.reason
    assert said.certificate is not None
    assert said.certificate.proof == "induction"


@pytest.mark.parametrize("answer", WRONG)
def test_wrong_products_through_time(answer: str, through_time: Question) -> None:
    assert answer != BACK
    assert judge(through_time, answer, names_mistakes=False).verdict == "incorrect"
