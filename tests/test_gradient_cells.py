"""What stands in the table of numbers: right gradients only, and words where there is no time."""

from __future__ import annotations

import importlib
import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def _checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))


def module(name: str) -> Any:
    return importlib.import_module(f"benchmarks.{name}")


def rows() -> Any:
    return module("gradient_rows")


def cell(batch: int = 2, size: int = 3, depth: int = 2, dtype: str = "float64") -> Any:
    return module("gradient_cells").Cell(batch, size, depth, dtype)


# --- by hand ----------------------------------------------------------------------------------------------------------


def test_gradients_by_hand_are_those_of_differences() -> None:
    rng = np.random.default_rng(1)
    W = [rng.standard_normal(size) for size in ((4, 3), (5, 4), (2, 5))]
    x, y = rng.standard_normal((3, 2)), rng.standard_normal((2, 2))
    _, found = module("gradients").by_hand(W, x, y)
    for l, at in ((0, (2, 1)), (1, (4, 3)), (2, (1, 0))):
        ends = []
        for step in (1e-6, -1e-6):
            moved = [w.copy() for w in W]
            moved[l][at] += step
            ends.append(module("gradients").by_hand(moved, x, y)[0])
        assert found[l][at] == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-6)


def test_the_products_alone_are_those_of_backpropagation() -> None:
    W, x, _ = cell(batch=2, depth=1).drawn()
    out = [np.empty_like(w) for w in W]
    module("gradients").products_alone(W, x, out)()
    upstream = np.full((3, 2), 0.5)
    assert out[1] == pytest.approx(upstream @ (W[0] @ x).T)
    assert out[0] == pytest.approx(W[1].T @ upstream @ x.T)


def test_the_products_of_one_example_are_the_same_by_blas_and_by_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    W, x, _ = cell(batch=1, depth=4).drawn()
    found = []
    for most in (0, 9):
        monkeypatch.setattr(module("gradients"), "OUTER", most)
        out = [np.empty_like(w) for w in W]
        module("gradients").products_alone(W, x, out)()
        found.append(np.array(out))
    assert found[0] == pytest.approx(found[1])


def test_the_cost_of_the_products_on_paper() -> None:
    # two layers of 3 × 3 and 5 examples: forward, by the weights, and once by the hidden units, 9 · 5 · 2 each
    assert module("gradients").products_cost(5, 3, 1) == 5 * 90


def test_the_cells_are_those_that_were_asked_for() -> None:
    cells = module("plan").FULL.cells[1:]
    # 4 depths at widths 8, 64 and 512, depths 2 and 8 at 2048: 32 layers of that are 138 million weights
    assert len(set(cells)) == len(cells) == 3 * (3 * 4 + 2)
    assert {batch for batch, _, _ in cells} == {1, 32, 1024}
    assert all(size**2 * (depth + 1) <= 64_000_000 for _, size, depth in cells)
    assert (1024, 2048, 8) in cells[-2:]


# --- peers ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["HIPS autograd", "PyTorch eager", "PyTorch compiled", "JAX jit", "SymPy", "tensorgrad"]
)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of a peer's own parts
def test_a_peer_has_the_gradients_by_hand(name: str, dtype: str) -> None:
    peer = module("gradient_peers").PEERS[name]
    if not peer.is_installed:
        pytest.skip(f"{name} is not installed")
    W, x, y = cell(1 if peer.single else 3, 2, 1, dtype).drawn()
    answer = peer.load(W, x, y)()()
    wanted = module("gradients").by_hand(W, x, y)[1]
    assert module("gradient_cells").distance(answer, wanted) < module("gradient_cells").CLOSE[dtype]
    assert {np.asarray(one).dtype for one in answer} == {np.dtype(dtype)}


def peer(work: Any, **attributes: Any) -> Any:
    return module("gradient_peers").Peer(
        lambda W, x, y: lambda: lambda: work(W, x, y), ("numpy",), "numpy", **attributes
    )


def use(monkeypatch: pytest.MonkeyPatch, peers: dict[str, Any]) -> None:
    for name in ("gradient_cells", "gradient_rows"):
        monkeypatch.setattr(module(name), "PEERS", peers)


def right(W: Any, x: Any, y: Any) -> Any:
    return module("gradients").by_hand(W, x, y)[1]


def endless(W: Any, x: Any, y: Any) -> Any:
    while True:
        time.sleep(0.001)


def swallowing(W: Any, x: Any, y: Any) -> Any:
    try:
        endless(W, x, y)
    except BaseException as error:
        raise ValueError("it could not be compiled") from error


@pytest.mark.parametrize(
    ("work", "words", "is_failure"),
    [
        (right, None, False),
        (lambda *given: [2 * one for one in right(*given)], "WRONG, off by 1.0e+00", True),
        (lambda *given: right(*given)[::-1], "WRONG, off by", True),
        (lambda *given: right(*given)[:-1], "WRONG, off by inf", True),
        (lambda *given: [one * np.nan for one in right(*given)], "WRONG, off by nan", True),
        (lambda *given: [one * (1 + 1e-8) for one in right(*given)], "WRONG, off by 1.0e-08", True),
        (lambda *given: [][0], "no answer (IndexError)", False),
        (endless, "> 200 ms", False),
        (swallowing, "> 200 ms", False),
    ],
)
def test_only_who_is_right_and_in_time_has_a_ratio(
    monkeypatch: pytest.MonkeyPatch, work: Any, words: str | None, is_failure: bool
) -> None:
    cells = module("gradient_cells")
    peers = {"JAX jit": peer(work, limit=0.2)}
    use(monkeypatch, peers)
    before = signal.getsignal(signal.SIGALRM)
    found = cells.measured(cell(), peers, 3)
    assert signal.getsignal(signal.SIGALRM) == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    assert ("JAX jit" in found.seconds) is (words is None)
    assert found.words.get("JAX jit", "").startswith(words or "")
    assert found.wrong == (["JAX jit"] if is_failure else [])
    printed = rows().row(found, 1e9, "").columns["JAX jit"]
    assert words in printed if words else float(printed) > 0


def test_a_peer_that_differs_is_a_failed_row(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = module("plan")
    use(monkeypatch, {"SymPy": peer(lambda *given: [-one for one in right(*given)])})
    found = list(rows().beside_hand(replace(plan.SHORT, cells=((1, 2, 1),))))
    failed = [row for row in found if row.failed]
    assert [row.figure for row in failed] == ["batch 1, 2 × 1, float64: SymPy", "batch 1, 2 × 1, float32: SymPy"]
    assert all("WRONG" in row.numbers["why"] for row in failed)


def test_our_own_gradients_are_compared_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    cells, plan = module("gradient_cells"), module("plan")
    use(monkeypatch, {})
    for each in (cells, rows()):
        monkeypatch.setattr(each, "CLOSE", {"float64": -1.0})
    found = list(rows().beside_hand(replace(plan.SHORT, cells=((1, 2, 1),))))
    figures = [row.figure for row in found if row.failed]
    assert figures == ["batch 1, 2 × 1, float64: ours", "batch 1, 2 × 1, float64: factored"]


def test_who_was_not_waited_for_is_not_asked_in_a_larger_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = module("gradient_cells")
    asked = []

    def slow(W: Any, x: Any, y: Any) -> Any:
        asked.append((len(x), len(W) - 1))
        endless(W, x, y)

    peers = {"SymPy": peer(slow, limit=0.1)}
    use(monkeypatch, peers)
    every: list[Any] = []
    for size, depth in ((3, 2), (3, 4), (4, 2), (2, 4), (3, 1)):
        every.append(cells.measured(cell(1, size, depth), peers, 3, every))
    assert [one.words["SymPy"] for one in every] == ["> 100 ms"] * 5
    # narrower or shallower ones may be possible
    assert asked == [(3, 2), (2, 4), (3, 1)]


def test_a_peer_for_one_example_is_not_asked_for_more(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = module("gradient_cells")
    peers = {"SymPy": peer(right, single=True)}
    use(monkeypatch, peers)
    assert cells.measured(cell(batch=2), peers, 3).words == {"SymPy": "–"}
    assert "SymPy" in cells.measured(cell(batch=1), peers, 3).seconds


def test_what_is_not_installed_is_said_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = module("gradient_cells")
    absent = replace(peer(right), packages=("no_such_package",), install="no-such-package")
    use(monkeypatch, {"JAX jit": absent})
    found = cells.measured(cell(), {"JAX jit": absent}, 3)
    assert rows().row(found, 1e9, "").columns["JAX jit"] == "–"
    assert "pip install no-such-package" in rows().note({"JAX jit": absent}, {})


# --- lines ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("batch", "size", "ours", "products", "ok"),
    [
        (1, 8, 0.40, 0.3, True),
        (1, 8, 0.41, 0.3, False),
        (32, 512, 1.0, 0.3, True),
        (1024, 512, 0.96, 0.9, False),
        # at most 1.1 of the products as well
        (1024, 2048, 0.99, 0.95, True),
        (1024, 2048, 0.99, 0.85, False),
        (1, 3, 5.0, 0.3, None),
    ],
)
def test_a_ratio_is_held_against_its_line(batch: int, size: int, ours: float, products: float, ok: bool | None) -> None:
    cells = module("gradient_cells")
    found = cells.Found(cell(batch, size), {"ours": [ours] * 3, "hand": [1.0] * 3, "products": [products] * 3})
    found.first["ours"], found.memory = ours + 0.25, (3_000_000, 2_000_000)
    row = rows().row(found, 1e9, "")
    assert row.ok is ok
    assert row.columns["compile"] == "250 ms"
    assert row.columns["memory"] == "3 MB, 1.5"


def test_ratios_are_those_of_each_turn() -> None:
    found = module("gradient_cells").Found(cell(), {"ours": [1.0, 8.0, 3.0], "hand": [2.0, 4.0, 6.0]})
    assert found.ratio("ours", "hand") == 0.5


@pytest.mark.parametrize(("factored", "ok"), [(0.3, True), (0.31, False)])
def test_factors_are_held_against_a_line_of_their_own(factored: float, ok: bool) -> None:
    found = module("gradient_cells").Found(cell(1, 64), {"factored": [factored], "hand": [1.0]}, {"factored": 1.0})
    assert rows().factored_row(found).ok is ok


def test_wrong_factors_are_a_failed_row(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = module("gradient_cells")
    begin = cells._factored

    def swapped(*given: Any) -> Any:
        work = begin(*given)()
        return lambda: lambda: [(h, upstream) for upstream, h in work()]

    assert "factored" in cells.measured(cell(1), {}, 3).seconds
    monkeypatch.setattr(cells, "_factored", swapped)
    assert cells.measured(cell(1), {}, 3).wrong == ["factored"]


@pytest.mark.parametrize(("won", "ok"), [(9, True), (8, False)])
def test_cells_in_which_we_are_faster_are_counted(won: int, ok: bool) -> None:
    cells = module("gradient_cells")
    times = [1.0] * won + [3.0] * (10 - won)
    every = [cells.Found(cell(), {"ours": [t], "JAX jit": [2.0], "hand": [1.0]}) for t in times]
    # where it did not answer, nothing is won
    every.append(cells.Found(cell(), {"ours": [1.0], "hand": [1.0]}))
    jax, torch = rows().faster(every)
    assert (jax.measured, jax.ok) == (f"in {won} of 10 cells", ok)
    assert (torch.measured, torch.ok) == ("not measured", None)
