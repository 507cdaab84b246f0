"""`network.gradients()`: against complex steps through forward passes that are written by hand."""

from __future__ import annotations

import re
import threading
import tracemalloc
from itertools import permutations

import numpy as np
import pytest
from given_networks import CASES, STEP

import symbackprop as sb
from symbackprop.dims import dim
from symbackprop.errors import ShapeError, SymbackpropError
from symbackprop.numeric.module import run
from symbackprop.numeric.network_gradients import NetworkGradients
from symbackprop.numeric.straight.chains import best_order

TOLERANCE = 1e-13


def differs(found, wanted):
    """Whether two arrays differ by more than rounding."""
    return found.shape != wanted.shape or not np.abs(found - wanted).max() <= TOLERANCE * max(1, np.abs(wanted).max())


@pytest.fixture(scope="module")
def compiled():
    """Every case with its compiled gradients, made when it is first asked for."""
    made = {}

    def find(name):
        if name not in made:
            case = CASES[name]()
            made[name] = case, case.network.gradients()
        return made[name]

    return find


@pytest.mark.parametrize("name", CASES)
def test_loss_and_every_gradient(name, compiled):
    case, f = compiled(name)
    assert set(f.parameters) == set(case.shapes)
    assert set(f.asked) == set(case.shapes)
    for seed in (1, 2):
        arrays = case.arrays(seed)
        total, found = f(arrays)
        assert not differs(np.asarray(total), np.asarray(case.loss(**arrays)))
        for each in f.asked:
            assert not differs(found[each], case.by_steps(arrays, each)), each


@pytest.mark.parametrize("name", ["two layers", "attention", "diagonal"])
def test_every_operation_counts(name, compiled):
    """A program with one line left out gives something else."""
    case, f = compiled(name)
    arrays = case.arrays()
    wanted = f(arrays)
    lines = f.source.split("\n")
    steps = [i for i, line in enumerate(lines) if line.startswith("        ") and re.search(r"  # \S+( × \S+)?$", line)]
    assert len(steps) > 10
    given = [array.reshape(-1) if 1 in array.shape else array for array in (arrays[each] for each in f.parameters)]
    for i in steps:
        without = run("\n".join([*lines[:i], "        pass", *lines[i + 1 :]]), "gradients")
        # twice, as the first pass leaves numbers in the workspace
        with np.errstate(all="ignore"):
            without(*(2 * array for array in given))
            total, found = without(*given)
        same = total == wanted[0] and all(
            np.array_equal(found[each].ravel(), wanted[1][each].ravel()) for each in found
        )
        assert not same, lines[i]


def test_vectors_may_be_one_dimensional_and_gradients_are_as_they_are(compiled):
    case, f = compiled("two layers")
    arrays = case.arrays()
    flat = {name: array.reshape(-1) if 1 in array.shape else array for name, array in arrays.items()}
    (total, found), (same, other) = f(arrays), f(**flat)
    assert total == same
    for name in f.asked:
        assert found[name].shape == arrays[name].shape
        assert other[name].shape == flat[name].shape
        assert np.array_equal(found[name].ravel(), other[name].ravel())


@pytest.mark.parametrize("name", ["batch norm", "attention", "recurrent", "layer norm", "dropout"])
def test_float32_stays_float32(name, compiled):
    case, f = compiled(name)
    arrays = case.arrays()
    small = {each: array.astype(np.float32) for each, array in arrays.items()}
    total, found = f(small)
    assert np.asarray(total).dtype == np.float32
    assert total == pytest.approx(float(f(arrays)[0]), rel=1e-4)
    for each, wanted in f(arrays)[1].items():
        assert found[each].dtype == np.float32
        assert np.abs(found[each] - wanted).max() < 1e-4 * max(1, np.abs(wanted).max())


def test_complex_numbers_go_through(compiled):
    case, f = compiled("batch norm")
    arrays = case.arrays()
    moved = {name: array.astype(complex) for name, array in arrays.items()}
    moved["W_1"][2, 1] += 1j * STEP
    assert f(moved)[0].imag / STEP == pytest.approx(f(arrays)[1]["W_1"][2, 1], rel=1e-12)


def test_arrays_that_are_no_rows_one_after_another(compiled):
    case, f = compiled("attention")
    arrays = case.arrays()
    wanted = f(arrays)[1]
    strange = {name: np.asfortranarray(array) for name, array in arrays.items()}
    strange["X"] = np.repeat(arrays["X"], 2, axis=0)[::2]
    for array in strange.values():
        array.flags.writeable = False
    for name, array in f(strange)[1].items():
        assert not differs(array, wanted[name])


def test_out_is_filled_and_given_back(compiled):
    case, f = compiled("batch norm")
    arrays = case.arrays()
    wanted = f(arrays)[1]
    out = {name: np.full(array.shape, np.nan) for name, array in arrays.items()}
    out["W_1"] = np.full(arrays["W_1"].shape, np.nan, order="F")
    out["W_2"] = np.full(arrays["W_2"].shape, np.nan, np.longdouble)
    for _ in range(2):
        _, found = f(arrays, out=out)
        for name in f.asked:
            assert found[name] is out[name]
            assert not differs(out[name], wanted[name])
            out[name][...] = np.nan


def test_what_was_given_is_not_changed_and_results_stay(compiled):
    case, f = compiled("recurrent")
    arrays = case.arrays()
    before = {name: array.copy() for name, array in arrays.items()}
    _, first = f(arrays)
    kept = {name: array.copy() for name, array in first.items()}
    f(case.arrays(7))
    for name in f.asked:
        assert np.array_equal(arrays[name], before[name])
        assert np.array_equal(first[name], kept[name])


def test_the_workspace_is_made_once():
    network = sb.Network(r"L = \|\tanh(A B x) \odot C x - y\|^2", shapes={"A": "n x n", "B": "n x n", "C": "n x n"})
    f = network.gradients()
    rng = np.random.default_rng(0)
    arrays = {name: rng.standard_normal((300, 300) if name in "ABC" else 300) for name in f.parameters}
    out = {name: np.empty_like(array) for name, array in arrays.items()}
    f(arrays, out=out)
    f(arrays, out=out)
    tracemalloc.start()
    f(arrays, out=out)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # one vector would be 2400 bytes, one matrix 720,000
    assert most < 2400


def test_from_several_threads(compiled):
    case, f = compiled("batch norm")
    inputs = [case.arrays(seed) for seed in range(4)]
    wanted = [f(arrays)[1] for arrays in inputs]
    wrong = []

    def work(i):
        for _ in range(100):
            found = f(inputs[i])[1]
            wrong.extend(name for name in found if not np.array_equal(found[name], wanted[i][name]))

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_nan_and_infinity_flow_through(compiled):
    case, f = compiled("two layers")
    arrays = case.arrays()
    arrays["x"][0, 0] = np.nan
    total, found = f(arrays)
    assert np.isnan(total)
    assert np.isnan(found["W_2"]).all()


# --- what is asked for -----------------------------------------------------------------------------------------------


def test_some_gradients_alone(compiled):
    case, f = compiled("two layers")
    arrays = case.arrays()
    some = case.network.gradients(wrt=["W_1", "h"])
    _, found = some(arrays)
    assert list(found) == ["W_1", "h"]
    assert not differs(found["W_1"], case.by_steps(arrays, "W_1"))
    # as h W_2 is: the gradient by h is that by the second layer's input
    wanted = f(arrays)[1]["b_2"] @ arrays["W_2"].T
    assert not differs(found["h"], wanted.ravel())
    assert "out_W_2" not in some.source
    assert case.network.gradients("W_1").asked == ("W_1",)


def test_a_generic_function_is_given():
    network = sb.Network("h = g(W x)", r"L = \|g(V h)\|^2", shapes={"W": "m x n", "x": "n", "V": "p x m"})
    f = network.gradients(g=np.sin, dg=np.cos)
    rng = np.random.default_rng(0)
    W, V, x = rng.standard_normal((4, 3)), rng.standard_normal((2, 4)), rng.standard_normal(3)
    total, found = f(W=W, V=V, x=x)
    z = W @ x
    u = V @ np.sin(z)
    du = 2 * np.sin(u) * np.cos(u)
    dz = np.cos(z) * (V.T @ du)
    assert total == pytest.approx((np.sin(u) ** 2).sum())
    assert not differs(found["V"], np.outer(du, np.sin(z)))
    assert not differs(found["W"], np.outer(dz, x))
    assert not differs(found["x"], W.T @ dz)
    with pytest.raises(SymbackpropError, match=r"g is generic .* write gradients\(dg=…, g=…\)|g=…, dg=…"):
        network.gradients()
    with pytest.raises(SymbackpropError, match="phi= is no generic function"):
        network.gradients(g=np.sin, dg=np.cos, phi=np.sin)
    with pytest.raises(ShapeError, match=r"g gives an array of shape \(\)"):
        network.gradients(g=np.sum, dg=np.cos)(W=W, V=V, x=x)


def test_letters_of_sizes_and_names_of_variables_do_not_meet():
    network = sb.Network(
        r"\lambda = m x",
        r"L = \|\lambda - n\|^2 + \hat{x}^\top x",
        shapes={"m": "m x n", "x": "n", "n": "m", r"\hat{x}": "n"},
    )
    f = network.gradients()
    rng = np.random.default_rng(0)
    m, n, x, xhat = rng.standard_normal((4, 3)), rng.standard_normal(4), rng.standard_normal(3), rng.standard_normal(3)
    assert set(f.parameters) == {"m", "n", "x", "xhat"}
    total, found = f(m=m, n=n, x=x, xhat=xhat)
    assert total == pytest.approx(((m @ x - n) ** 2).sum() + xhat @ x)
    assert not differs(found["m"], 2 * np.outer(m @ x - n, x))
    assert not differs(found["x"], 2 * m.T @ (m @ x - n) + xhat)
    assert network.gradients(wrt="lambda_").asked == ("lambda_",)


# --- what it is compiled to ------------------------------------------------------------------------------------------


def test_vectors_come_first_and_diagonals_are_not_formed(compiled):
    source = compiled("diagonal")[1].source
    assert "np.diag(" not in source
    network = sb.Network(r"L = \|A B C x\|^2", shapes={"A": "n x n", "B": "n x n", "C": "n x n", "x": "n"})
    made = network.gradients().source
    # no product of two matrices: only A, B, C and their transposes times vectors
    dots = re.findall(r"(\S+)\.dot\((\S+), \S+\)  # (.*)", made)
    assert dots
    matrices = [dot for dot in dots if "×" in dot[2] and not (dot[0].endswith(("[:, None]", "_column")))]
    assert not matrices


def test_equal_operations_are_there_once(compiled):
    for name in CASES:
        source = compiled(name)[1].source
        steps = [line.strip() for line in source.split("\n") if ".exp(" in line or ".tanh(" in line]
        assert len(steps) == len(set(steps))


def cost(order, sizes, diagonals):
    """Multiplications of a bracketing: `(multiplications, rows, columns, is diagonal)`."""
    if isinstance(order, int):
        return 0, sizes[order], sizes[order + 1], order in diagonals
    left, right = (cost(part, sizes, diagonals) for part in order)
    own = left[1] * left[2] * right[2]
    if (left[3] and isinstance(order[0], int)) or (right[3] and isinstance(order[1], int)):
        own = left[1] * right[2]
    return left[0] + right[0] + own, left[1], right[2], False


def brackets(first, last):
    """Every way to bracket the factors from the first to the last."""
    if first == last:
        return [first]
    return [(a, b) for m in range(first, last) for a in brackets(first, m) for b in brackets(m + 1, last)]


@pytest.mark.parametrize("sizes", list(permutations((2, 3, 5, 7, 11))))
def test_the_order_of_a_chain_costs_least(sizes):
    found = best_order([dim(n) for n in sizes])
    every = [cost(order, sizes, ())[0] for order in brackets(0, len(sizes) - 2)]
    assert cost(found, sizes, ())[0] == min(every) < max(every)


@pytest.mark.parametrize("place", range(4))
def test_the_order_of_a_chain_with_a_diagonal_costs_least(place):
    sizes = [6, 9, 4, 7]
    sizes.insert(place, sizes[place])
    found = best_order([dim(n) for n in sizes], [place])
    every = [cost(order, sizes, {place})[0] for order in brackets(0, len(sizes) - 2)]
    assert cost(found, sizes, {place})[0] == min(every)


# --- what is refused -------------------------------------------------------------------------------------------------

BAD = {
    "missing": (lambda a: a.pop("W_2"), "the array W_2 is missing"),
    "surplus": (lambda a: a.update(W_3=1), "no array 'W_3'"),
    "transposed": (
        lambda a: a.update(W_1=a["W_1"].T),
        r"W_1 is 4 × 5, but in this network it is D_x × H, with D_x = 5",
    ),
    "two sizes of a letter": (lambda a: a.update(b_1=np.ones(7)), r"b_1 is 7, .* 1 × H, with H = 4 in|W_1 is 5 × 4"),
    "a column for a row": (lambda a: a.update(x=a["x"].T), r"x is 5 × 1, but .* 1 × D_x"),
    "a vector for a matrix": (lambda a: a.update(W_1=np.ones(20)), r"W_1 is 20, but .* D_x × H"),
    "no entries": (lambda a: a.update(x=np.ones((1, 0))), r"x is 1 × 0"),
    "words": (lambda a: a.update(x=np.array([["a"] * 5])), "write numbers"),
    "two precisions": (lambda a: a.update(W_1=a["W_1"].astype(np.float32)), "types are not mixed"),
}


@pytest.mark.parametrize(("change", "words"), BAD.values(), ids=BAD)
def test_wrong_arrays_are_refused(change, words, compiled):
    case, f = compiled("two layers")
    arrays = case.arrays()
    f(arrays)
    change(arrays)
    with pytest.raises(SymbackpropError, match=words):
        f(arrays)


def _frozen(array):
    array = array.copy()
    array.flags.writeable = False
    return array


BAD_OUT = {
    "missing": (lambda a, out: out.pop("W_2"), "array in out W_2 is missing"),
    "surplus": (lambda a, out: out.update(h=np.ones(4)), "no array in out 'h'"),
    "another shape": (lambda a, out: out.update(W_1=np.ones((4, 5))), "out for W_1 is 4 × 5"),
    "read-only": (lambda a, out: out.update(W_1=_frozen(out["W_1"])), "read-only"),
    "whole numbers": (lambda a, out: out.update(W_1=np.ones((5, 4), int)), "cannot hold gradients"),
    "a list": (lambda a, out: out.update(W_1=[[0.0] * 4] * 5), "cannot be filled"),
    "what is given": (lambda a, out: out.update(W_1=a["W_1"]), "out for W_1 shares memory with W_1"),
    "a part of another": (lambda a, out: out.update(b_1=out["W_1"][:1]), "shares memory"),
}


@pytest.mark.parametrize(("change", "words"), BAD_OUT.values(), ids=BAD_OUT)
def test_wrong_out_is_refused(change, words, compiled):
    case, f = compiled("two layers")
    arrays = case.arrays()
    out = {name: np.empty_like(array) for name, array in arrays.items()}
    f(arrays, out=out)
    change(arrays, out)
    with pytest.raises(SymbackpropError, match=words):
        f(arrays, out=out)


def test_the_same_arrays_by_other_names_are_checked_again(compiled):
    case, f = compiled("two layers")
    arrays = case.arrays()
    out = {name: np.empty_like(arrays[name]) for name in f.asked}
    f(arrays, out=out)
    f(arrays, out=out)
    names = list(out)
    first, last = names.index("b_1"), names.index("W_1")
    names[first], names[last] = names[last], names[first]
    with pytest.raises(ShapeError, match="out for"):
        f(arrays, out=dict(zip(names, out.values(), strict=True)))


def test_out_is_a_dict(compiled):
    case, f = compiled("two layers")
    with pytest.raises(SymbackpropError, match="write a dict"):
        f(case.arrays(), out=[np.ones(3)])


def test_networks_without_a_program():
    endless = sb.Network(
        r"h_t = \tanh(W h_{t-1}), \quad t = 1, \dots, T", r"L = \|h_T\|^2", shapes={"h_t": "n", "W": "n x n"}
    )
    with pytest.raises(SymbackpropError, match=r"give T a number, .* network.given\({'T': 4}\).gradients\(\)"):
        endless.gradients()
    with pytest.raises(SymbackpropError, match="no variable 'V' to ask for: write some of"):
        endless.given({"T": 2}).gradients(wrt="V")
    assert isinstance(endless.given({"T": 2}).gradients(), NetworkGradients)
