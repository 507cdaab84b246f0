"""What compiled gradients do with arrays of any kind: the right numbers, or a sentence; never those of another call."""

from __future__ import annotations

import itertools
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symbackprop.errors import ShapeError, SymbackpropError
from symbackprop.network import MLP
from symbackprop.numeric.arrays import overlap, repeats
from symbackprop.numeric.backprop import ACTIVATIONS, LOSSES

WIDTHS, EXAMPLES = (5, 4, 6, 3), 7
# every activation and every loss, and those with kinks together
PAIRS = [
    (a, l) for a in sorted(ACTIVATIONS) for l in sorted(LOSSES) if l == "half_squared_error" or a in ("relu", "tanh")
]
OPTIONS = [{"factored": factored, "inputs": inputs} for factored, inputs in itertools.product((False, True), repeat=2)]


def network(bias="augmented", **options):
    return MLP(depth=2, **{"activation": "tanh", "loss": "squared_error", "bias": bias, **options})


def arrays_of(result):
    """All arrays of a result, in order."""
    if isinstance(result, list | tuple):
        return [array for part in result for array in arrays_of(part)]
    return [np.asarray(result)]


def same(got, want, rel=1e-12):
    for one, other in zip(arrays_of(got), arrays_of(want), strict=True):
        assert one.shape == other.shape
        assert one == pytest.approx(other, rel=rel, abs=rel)


def as_rows(arguments):
    *weights, x, y = arguments
    return (*weights, x.T.copy(), y.T.copy())


def empty_like(e):
    dW = [np.empty_like(w) for w in e.W]
    return dW if e.b is None else (dW, [np.empty_like(b) for b in e.b])


# --- how arrays lie in memory ----------------------------------------------------------------------------------------


def strided(array):
    """Every other entry of a larger array, backwards."""
    room = np.full(tuple(2 * n for n in array.shape), np.nan)
    part = room[tuple(slice(None, None, -2) for _ in array.shape)]
    part[...] = array
    return part


def unaligned(array):
    part = np.frombuffer(bytearray(array.nbytes + 1), dtype=array.dtype, offset=1).reshape(array.shape)
    part[...] = array
    assert not part.flags.aligned
    return part


def fixed(array):
    array = array.copy()
    array.flags.writeable = False
    return array


def mapped(array, path):
    array.tofile(path)
    return np.memmap(path, dtype=array.dtype, mode="r", shape=array.shape)


LAYOUTS = {
    "F order": np.asfortranarray,
    "negative strides": lambda a: np.ascontiguousarray(a[::-1])[::-1],
    "strided": strided,
    "big-endian": lambda a: a.astype(">f8"),
    "unaligned": unaligned,
    "read-only": fixed,
    "nested lists": lambda a: a.tolist(),
    "a matrix": lambda a: np.asmatrix(a) if a.ndim == 2 else a,
}


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
@pytest.mark.parametrize("layout", sorted(LAYOUTS))
@pytest.mark.parametrize("bias", ["augmented", "separate"])
def test_any_layout_in_memory_gives_the_same_gradients(layout, bias, example):
    e = example(WIDTHS, bias, examples=EXAMPLES)
    changed = LAYOUTS[layout]
    arguments = [[changed(w) for w in e.W], *([[changed(b) for b in e.b]] if e.b else []), changed(e.x), changed(e.y)]
    for options in OPTIONS:
        f = network(bias).gradients(**options)
        want = f(*e.arguments)
        same(f(*arguments), want)
        same(f(*arguments), want)  # when they are known


def test_weights_of_one_buffer_and_of_a_read_only_file(example, tmp_path):
    e = example(WIDTHS, examples=EXAMPLES)
    f = network().gradients()
    want = f(*e.arguments)
    sizes = np.cumsum([0, *(w.size for w in e.W)])
    buffer, made = np.concatenate([w.ravel() for w in e.W]), np.empty(sizes[-1])
    places = list(itertools.pairwise(sizes))
    W, out = ([room[i:j].reshape(w.shape) for (i, j), w in zip(places, e.W, strict=True)] for room in (buffer, made))
    same(f(W, e.x, e.y, out=out), want)
    assert made == pytest.approx(np.concatenate([g.ravel() for g in want[1]]))
    files = [mapped(w, tmp_path / f"W{l}") for l, w in enumerate(e.W)]
    same(f(files, e.x, e.y), want)
    mapped_out = [np.memmap(tmp_path / f"g{l}", dtype=float, mode="w+", shape=w.shape) for l, w in enumerate(e.W)]
    same(f(files, e.x, e.y, out=mapped_out), want)


OUTS = {
    "F order": lambda a: np.full(a.shape, np.nan, order="F"),
    "strided": strided,
    "negative strides": lambda a: np.full(a.shape, np.nan)[::-1],
    "big-endian": lambda a: np.full(a.shape, np.nan, dtype=">f8"),
    "unaligned": unaligned,
    "complex": lambda a: np.full(a.shape, np.nan + 1j),
}


@pytest.mark.parametrize("layout", sorted(OUTS))
@pytest.mark.parametrize("bias", ["augmented", "separate"])
@pytest.mark.parametrize("data", ["columns", "rows"])
@pytest.mark.parametrize("inputs", [False, True])
def test_out_of_any_layout_is_filled(layout, bias, data, inputs, example):
    e = example(WIDTHS, bias, examples=EXAMPLES)
    arguments = as_rows(e.arguments) if data == "rows" else e.arguments
    f = network(bias).gradients(data=data, inputs=inputs)
    want = f(*arguments)
    out = [OUTS[layout](w) for w in e.W]
    out = (out, [OUTS[layout](b) for b in e.b]) if e.b else out
    for _ in range(2):
        result = f(*arguments, out=out)
        assert [id(a) for a in arrays_of(result[1])] == [id(a) for a in arrays_of(out)]
        same(result, want)
        for array in arrays_of(out):
            array[...] = np.nan


# --- types -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["f2", "f4", "f8", "g", "c8", "c16", "G"])
def test_any_floating_point_type_is_kept(kind, example):
    e = example(WIDTHS, "separate", examples=EXAMPLES)
    found = e.by_hand()
    for options in OPTIONS:
        f = network("separate").gradients(**options)
        cast = [[v.astype(kind) for v in e.W], [v.astype(kind) for v in e.b], e.x.astype(kind), e.y.astype(kind)]
        result = f(*cast)
        assert {a.dtype for a in arrays_of(result)} == {np.dtype(kind)}
        assert result[0] == pytest.approx(found.loss, rel=float(max(20 * np.finfo(kind).eps, 1e-12)))
    eps = float(max(100 * np.finfo(kind).eps, 1e-12))
    same(network("separate").gradients()(*cast)[1][0], found.dW, eps)


def test_whole_numbers_and_truths_are_taken_to_the_type_of_the_others(example):
    e = example(WIDTHS, examples=EXAMPLES)
    x = np.ones(e.x.shape, int)
    x[:-1] = np.arange(x[:-1].size).reshape(x[:-1].shape) % 3 - 1
    y = (np.arange(e.y.size) % 2 == 0).reshape(e.y.shape)
    f = network().gradients()
    for kind in ("f4", "f8"):
        W = [w.astype(kind) for w in e.W]
        _, grads = f(W, x, y)
        same(grads, f(W, x.astype(kind), y.astype(kind))[1])
        assert {g.dtype for g in grads} == {np.dtype(kind)}
    whole = [np.sign(w).astype(int) for w in e.W]
    assert {g.dtype for g in f(whole, x, y)[1]} == {np.dtype(float)}


REFUSED = {
    "float32 with float64": (lambda a: a.astype("f4"), "types are not mixed"),
    "objects": (lambda a: a.astype(object), "is an array of object: write numbers"),
    "strings": (lambda a: a.astype(str), "is an array of <U32: write numbers"),
    "dates": (lambda a: a.astype("M8[s]"), r"is an array of datetime64\[s\]: write numbers"),
    "ragged lists": (lambda a: [[1.0], [1.0, 2.0]], "is no array of numbers"),
    "a masked array": (lambda a: np.ma.masked_array(a, mask=a > 0), "is a masked array, whose mask nothing would heed"),
    "none": (lambda a: None, "is an array of object: write numbers"),
    "three axes": (lambda a: a[..., None], "write it as|must be a matrix"),
}


@pytest.mark.parametrize("what", sorted(REFUSED))
@pytest.mark.parametrize("which", ["W_1", "b_0", "x", "y"])
@pytest.mark.parametrize("data", ["columns", "rows"])
def test_what_is_no_array_of_such_numbers_is_refused(what, which, data, example):
    if what == "three axes" and which == "b_0":
        pytest.skip("n × 1 is a bias")
    e = example(WIDTHS, "separate", examples=EXAMPLES)
    spoilt, says = REFUSED[what]
    W, b, x, y = list(e.W), list(e.b), e.x, e.y
    x, y = (x.T, y.T) if data == "rows" else (x, y)
    match which:
        case "W_1":
            W[1] = spoilt(W[1])
        case "b_0":
            b[0] = spoilt(b[0])
        case "x":
            x = spoilt(x)
        case "y":
            y = spoilt(y)
    with pytest.raises(SymbackpropError, match=says):
        network("separate").gradients(data=data)(W, b, x, y)


@pytest.mark.parametrize("W", [None, 3, "W", np.ones((3, 4, 4)), {0: 1}, (w for w in ())])
def test_weights_that_are_no_list_are_refused(W):
    with pytest.raises(SymbackpropError, match="W must be a list of the weights"):
        network().gradients()(W, np.ones(5), np.ones(3))


@pytest.mark.parametrize("b", [None, 3, np.ones((3, 4)), []])
def test_biases_that_are_no_list_are_refused(b, example):
    e = example(WIDTHS, "separate", examples=EXAMPLES)
    dW = [np.ones_like(w) for w in e.W]
    for call in (
        lambda: network("separate").gradients()(e.W, b, e.x, e.y),
        lambda: network("separate").gradients().norms(e.W, b, e.x, e.y),
        lambda: network("separate").vjp()(e.W, b, e.x, e.y),
        lambda: network("separate").jvp()(e.W, b, e.x, dW, b, e.x),
    ):
        with pytest.raises(SymbackpropError, match="b must be a list of 3 biases"):
            call()


@pytest.mark.parametrize("out", [3, "out", np.ones(3), {}, (w for w in ())])
def test_out_that_is_no_list_is_refused(out, example):
    e = example(WIDTHS, examples=EXAMPLES)
    with pytest.raises(SymbackpropError, match="out must be a list of arrays"):
        network().gradients()(*e.arguments, out=out)


def test_rows_are_spoken_of_as_the_caller_gave_them(example):
    e = example(WIDTHS, examples=EXAMPLES)
    f = network().gradients(data="rows")
    with pytest.raises(ShapeError, match=r"x has 7 entries, but .*: are the examples its rows"):
        f(e.W, e.x, e.y)
    with pytest.raises(ShapeError, match=r"x is 7 × 5 and y is 2 × 3: both must have one row for each example"):
        f(e.W, e.x.T, e.y.T[:2])
    e.x[-1, 2] = 0
    with pytest.raises(SymbackpropError, match=r"its last entry in row 3 is 0\.0"):
        f(e.W, e.x.T, e.y.T)


def test_a_layer_without_units_is_refused():
    f = MLP(depth=1, activation="tanh", loss="softmax_cross_entropy").gradients()
    with pytest.raises(ShapeError, match="W_0 is 0 × 5: a layer has at least one unit"):
        f([np.ones((0, 5)), np.ones((3, 1))], np.ones((5, 2)), np.ones((3, 2)))
    with pytest.raises(ShapeError, match="W_0 is 4 × 0"):
        f([np.ones((4, 0)), np.ones((3, 5))], np.ones((0, 2)), np.ones((3, 2)))


# --- what shares memory ----------------------------------------------------------------------------------------------


def test_out_over_what_is_read_or_filled_is_refused(example):
    e = example((4, 4, 4, 4), "none", examples=4)
    f = network("none").gradients()
    room = np.empty(80)
    near = [room[i : i + 16].reshape(4, 4) for i in (0, 16, 15)]
    cases = {
        "out for W_1 shares memory with x": ([near[0], e.x, near[1]], e.arguments),
        "out for W_0 shares memory with y": ([e.y[::-1], near[0], near[1]], e.arguments),
        "out for W_2 shares memory with W_1": ([near[0], near[1], e.W[1].T], e.arguments),
        "out for W_0 shares memory with out for W_1": ([near[0], near[0], near[1]], e.arguments),
        "out for W_0 shares memory with out for W_2": (near, e.arguments),
    }
    for says, (out, arguments) in cases.items():
        for _ in range(2):
            with pytest.raises(SymbackpropError, match=says):
                f(*arguments, out=out)
    separate = example(WIDTHS, "separate", examples=3)
    g = network("separate").gradients()
    dW, db = empty_like(separate)
    with pytest.raises(SymbackpropError, match="out for b_1 shares memory with b_1"):
        g(*separate.arguments, out=(dW, [db[0], separate.b[1], db[2]]))


def test_out_beside_what_is_read_is_filled(example):
    """Weights, data and gradients interleaved in one buffer, none over another."""
    e = example((4, 4, 4, 4), "none", examples=4)
    f = network("none").gradients()
    want = f(*e.arguments)
    room = np.full((16, 8), np.nan)
    parts = [room.reshape(-1)[k::8].reshape(4, 4) for k in range(8)]
    for part, array in zip(parts, [*e.W, e.x, e.y], strict=False):
        part[...] = array
    same(f(parts[:3], parts[3], parts[4], out=parts[5:]), want)
    assert np.array_equal(parts[3], e.x)
    assert np.array_equal(parts[4], e.y)


def test_out_with_several_entries_in_one_place_is_refused(example):
    e = example((4, 4, 4, 4), "none", examples=4)
    for strides in ((0, 8), (8, 8), (16, 8), (8, 0)):
        out = [np.empty_like(w) for w in e.W]
        out[1] = np.lib.stride_tricks.as_strided(np.empty(40), (4, 4), strides)
        with pytest.raises(SymbackpropError, match="out for W_1 has several entries in one place"):
            network("none").gradients()(*e.arguments, out=out)


@settings(deadline=None, max_examples=200)
@given(
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.tuples(st.integers(-6, 6), st.integers(-6, 6)),
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.tuples(st.integers(-6, 6), st.integers(-6, 6)),
    st.integers(-12, 12),
)
def test_shared_places_are_found_by_counting_them(shape, strides, other_shape, other_strides, apart):
    """Against the set of places of every entry."""
    room = np.zeros(80, dtype="i1")

    def part(start, shape, strides):
        made = np.lib.stride_tricks.as_strided(room[start:], shape, strides)
        return made, [start + i * strides[0] + j * strides[1] for i in range(shape[0]) for j in range(shape[1])]

    one, places = part(34, shape, strides)
    two, others = part(34 + apart, other_shape, other_strides)
    found = overlap([("one", one)], [("two", two)])
    assert (found == ("one", "two")) == bool(set(places) & set(others))
    # what is called free of repetitions has none
    assert repeats(one) or len(set(places)) == len(places)


# --- one call after another ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("bias", ["augmented", "separate", "none"])
@pytest.mark.parametrize("data", ["columns", "rows"])
@pytest.mark.parametrize("examples", [0, 1, 7, 300])
def test_a_later_call_changes_no_earlier_result(options, bias, data, examples, example):
    e, later = (example(WIDTHS, bias, examples=examples, seed=seed) for seed in (1, 2))
    given = [as_rows(one.arguments) if data == "rows" else one.arguments for one in (e, later)]
    f = network(bias).gradients(data=data, **options)
    result = arrays_of(f(*given[0]))
    kept = [array.copy() for array in result]
    before = [array.copy() for array in arrays_of(given[0])]
    f(*given[1])
    f(given[0][0], *given[1][1:])
    assert all(np.array_equal(one, other) for one, other in zip(result, kept, strict=True))
    # nor are the arguments changed, or part of what is returned
    assert all(np.array_equal(one, other) for one, other in zip(arrays_of(given[0]), before, strict=True))
    assert not any(np.may_share_memory(one, other) for one in result for other in arrays_of(given[0]))


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("bias", ["augmented", "separate", "none"])
@pytest.mark.parametrize("examples", [0, 1, 7, 300])
def test_rows_give_what_columns_give(options, bias, examples, example):
    e = example(WIDTHS, bias, examples=examples)
    by_columns, by_rows = (network(bias).gradients(data=data, **options) for data in ("columns", "rows"))
    total, grads, *inputs = by_columns(*e.arguments)
    turned = by_rows(*as_rows(e.arguments))
    if options["factored"]:
        pairs = grads if e.b is None else grads[0]
        turned_pairs = turned[1] if e.b is None else turned[1][0]
        for (left, right), (u, v), w in zip(pairs, turned_pairs, e.W, strict=True):
            assert u.T @ v == pytest.approx(left @ right.T, abs=1e-12)
            assert (u.T @ v).shape == w.shape
        same(turned[2:], [made.T for made in inputs])
    else:
        same(turned, (total, grads, *[made.T for made in inputs]))
        out = empty_like(e)
        same(by_rows(*as_rows(e.arguments), out=out), turned)


def test_weights_that_change_in_place_are_read_again(example):
    e, other = (example(WIDTHS, examples=EXAMPLES, seed=seed) for seed in (1, 2))
    f, out = network().gradients(), empty_like(e)
    f(*e.arguments, out=out)
    for mine, new in zip([*e.W, e.x, e.y], [*other.W, other.x, other.y], strict=True):
        mine[...] = new
    same(f(*e.arguments, out=out)[1], other.by_hand().dW)
    e.x[-1, 0] = 3
    with pytest.raises(SymbackpropError, match="x must end in the bias unit 1"):
        f(*e.arguments, out=out)


def changed(array, **attributes):
    for name, value in attributes.items():
        setattr(array, name, value)


@pytest.mark.filterwarnings("ignore:Setting the:DeprecationWarning")
@pytest.mark.parametrize("with_out", [False, True])
@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda e, out: changed(e.x, shape=(7, 5)), "x has 7 entries"),
        (lambda e, out: changed(e.y, shape=(21,)), "y has 21 entries"),
        (lambda e, out: changed(e.y, shape=(7, 3)), "y has 7 entries"),
        (lambda e, out: changed(e.W[0], shape=(5, 3)), "x has 5 entries, but W_0|W_1"),
        (lambda e, out: changed(e.W[1], shape=(20, 1)), "W_1"),
        (lambda e, out: changed(e.W[2], shape=(1, 3, 6)), "W_2 must be a matrix"),
        (lambda e, out: changed(e.W[2], shape=(6, 3)), "W_2"),
        (lambda e, out: changed(out[0], shape=(5, 3)), "out for W_0 is 5 × 3"),
        (lambda e, out: changed(out[1].flags, writeable=False), "out for W_1 is a read-only array"),
        (lambda e, out: changed(out[1], dtype="i8"), "out for W_1 is an array of int64"),
    ],
)
def test_arrays_changed_in_place_after_the_first_call_are_looked_at_again(change, says, with_out, example):
    e = example((5, 4, 6, 3), examples=EXAMPLES)
    f, out = network().gradients(), empty_like(e)
    options = {"out": out} if with_out else {}
    for _ in range(2):
        f(*e.arguments, **options)
    change(e, out)
    if says.startswith("out") and not with_out:
        same(f(*e.arguments)[1], e.by_hand().dW)
        return
    with pytest.raises(SymbackpropError, match=says):
        f(*e.arguments, **options)


@pytest.mark.filterwarnings("ignore:Setting the:DeprecationWarning")
@pytest.mark.parametrize("kind", ["i8", ">f8"])
def test_a_type_changed_in_place_is_looked_at_again(kind, example):
    e = example(WIDTHS, "none", examples=EXAMPLES)
    f, out = network("none").gradients(), empty_like(e)
    f(*e.arguments, out=out)
    for array in (e.x, e.y, *e.W):
        numbers = np.round(array * 3)
        array.dtype = kind
        array[...] = numbers
        whole = [w.astype(float) for w in e.W]
        same(f(*e.arguments, out=out), f(whole, e.x.astype(float), e.y.astype(float)))


def test_weights_are_told_from_data_among_arrays_of_one_shape():
    """`[A, B], x, y, out=[C, D]` and `[A, B, x, y], C, D` are the same arrays in the same order."""
    rng = np.random.default_rng(0)
    A, B, x, y, C, D = (rng.standard_normal((3, 3)) for _ in range(6))
    for depth in ("L", 1):
        f = MLP(depth=depth, activation="tanh", loss="squared_error", bias="none").gradients()
        f([A, B], x, y, out=[C, D])
        if depth == 1:
            with pytest.raises(SymbackpropError, match="has 2 weight matrices, but W has 4"):
                f([A, B, x, y], C, D)
        else:
            _, grads = f([A, B, x, y], C, D)
            assert len(grads) == 4


def test_arrays_are_not_kept_alive_and_a_new_one_in_their_place_is_checked(example):
    e = example(WIDTHS, examples=EXAMPLES)
    f = network().gradients()
    f(*e.arguments)
    gone = weakref.ref(e.x)
    e.x = None
    assert gone() is None
    for _ in range(50):
        with pytest.raises(ShapeError):
            f(e.W, np.ones((6, EXAMPLES)), e.y)


# --- numbers that are none -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("activation", "loss"), PAIRS)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_nan_in_one_example_reaches_every_sum_and_no_other_example(activation, loss, example):
    e = example((5, 4, 6, 3), examples=EXAMPLES)
    clean = network(activation=activation, loss=loss).gradients(factored=True, inputs=True)(*e.arguments)
    e.x[1, 2] = np.nan
    total, grads = network(activation=activation, loss=loss).gradients()(*e.arguments)
    assert np.isnan(total)
    assert all(np.isnan(g).any() for g in grads)
    _, pairs, dx = network(activation=activation, loss=loss).gradients(factored=True, inputs=True)(*e.arguments)
    others = [i for i in range(EXAMPLES) if i != 2]
    for got, want in zip([*arrays_of(pairs), dx], [*arrays_of(clean[1]), clean[2]], strict=True):
        assert np.array_equal(got[:, others], want[:, others])
    assert all(np.isnan(np.outer(u[:, 2], v[:, 2])).any() for u, v in pairs)


@pytest.mark.parametrize(("activation", "loss"), PAIRS)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_nan_in_a_weight_reaches_the_loss_and_the_layers_below(activation, loss, example):
    for layer in range(3):
        e = example((5, 4, 6, 3), examples=EXAMPLES)
        e.W[layer][0, 0] = np.nan
        total, grads = network(activation=activation, loss=loss).gradients()(*e.arguments)
        assert np.isnan(total)
        assert all(np.isnan(g).any() for g in grads), layer


@pytest.mark.parametrize("loss", sorted(LOSSES))
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_infinite_targets_are_as_in_the_pass_by_hand(loss, example):
    e = example((5, 4, 6, 3), examples=EXAMPLES)
    e.y[1, 3] = np.inf
    found = e.by_hand("tanh", loss)
    total, grads = network(loss=loss).gradients()(*e.arguments)
    assert np.isfinite(total) == np.isfinite(found.loss)
    for got, want in zip(grads, found.dW, strict=True):
        assert np.array_equal(np.isfinite(got), np.isfinite(want))
        assert got == pytest.approx(want, rel=1e-11, nan_ok=True) or not np.isfinite(want).all()


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_numbers_that_overflow_are_infinite(example):
    e = example(WIDTHS, examples=3)
    e.W[2] *= 1e200
    assert network().gradients()(*e.arguments)[0] == np.inf


# --- how many examples -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("activation", "loss"), PAIRS)
def test_no_examples_have_no_loss_and_no_gradient(activation, loss, example):
    for bias in ("augmented", "separate"):
        e = example(WIDTHS, bias, examples=1)
        *weights, x, y = e.arguments
        for options in OPTIONS:
            f = network(bias, activation=activation, loss=loss).gradients(**options)
            total, grads, *inputs = f(*weights, x[:, :0], y[:, :0])
            assert total == 0
            assert [made.shape for made in inputs] == [(5, 0)] * options["inputs"]
            pairs = grads[0] if e.b else grads
            made = [u @ v.T for u, v in pairs] if options["factored"] else pairs
            assert all(not g.any() and g.shape == w.shape for g, w in zip(made, e.W, strict=True))
            assert not e.b or all(not g.any() and g.shape == b.shape for g, b in zip(grads[1], e.b, strict=True))


def test_there_is_no_mean_of_no_examples(example):
    e = example(WIDTHS, examples=1)
    f = network().gradients(reduction="mean")
    for _ in range(2):
        with pytest.raises(SymbackpropError, match="there is no mean of no examples"):
            f(e.W, e.x[:, :0], e.y[:, :0])


@pytest.mark.parametrize("count", [1, 2, 127, 128, 129, 255, 256, 257, 300, 511, 513, 1000])
@pytest.mark.parametrize("bias", ["augmented", "separate"])
@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_a_batch_is_the_sum_over_its_parts(count, bias, reduction, example):
    e = example(WIDTHS, bias, examples=count)
    *weights, x, y = e.arguments
    f = network(bias).gradients()
    cuts = [slice(0, count // 3), slice(count // 3, count)]
    parts = [arrays_of(f(*weights, x[:, cut], y[:, cut])) for cut in cuts]
    share = count if reduction == "mean" else 1
    want = [(one + other) / share for one, other in zip(*parts, strict=True)]
    whole = network(bias).gradients(reduction=reduction)
    got = whole(*e.arguments)
    assert got[0] == pytest.approx(want[0], rel=1e-12)
    same(arrays_of(got), want)
    out = empty_like(e)
    same(arrays_of(whole(*e.arguments, out=out)), want)
    same(arrays_of(whole(*e.arguments, out=out)), want)


def test_a_single_example_of_every_shape(example):
    for bias in ("augmented", "separate", "none"):
        e = example(WIDTHS, bias)
        *weights, x, y = e.arguments
        for data, options in itertools.product(("columns", "rows"), OPTIONS):
            f = network(bias).gradients(data=data, **options)
            column = (x[None], y[None]) if data == "rows" else (x[:, None], y[:, None])
            one, two = f(*weights, x, y), f(*weights, *column)
            same(arrays_of(one[:2]), arrays_of(two[:2]))
            if options["inputs"]:
                assert one[2].shape == x.shape
                assert two[2].shape == column[0].shape
                same([one[2]], [two[2].reshape(-1)])
        with pytest.raises(ShapeError, match="both must have one column for each example, or be 1-D"):
            network(bias).gradients()(*weights, x, y[:, None])


# --- several callers at once -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [*OPTIONS, {"data": "rows"}])
def test_eight_threads_at_once_get_the_bits_that_each_gets_alone(options, example):
    f = network(activation="sigmoid").gradients(**options)
    sizes = [1, 3, 64, 300, 3, 64, 300, 700]
    cases = [example(WIDTHS, examples=n, seed=seed).arguments for seed, n in enumerate(sizes)]
    cases = [as_rows(case) if options.get("data") == "rows" else case for case in cases]
    alone = [arrays_of(f(*case)) for case in cases]
    start = threading.Barrier(8)

    def work(i):
        start.wait()
        out = None if options.get("factored") else [np.empty_like(w) for w in cases[i][0]]
        for turn in range(60):
            got = arrays_of(f(*cases[i], out=out if turn % 2 else None))
            if not all(np.array_equal(one, other) for one, other in zip(got, alone[i], strict=True)):
                return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))


# --- functions of the caller's ---------------------------------------------------------------------------------------


def generic(**functions):
    given = {
        "g": np.tanh,
        "dg": lambda z: 1 - np.tanh(z) ** 2,
        "loss": lambda yhat, y: ((yhat - y) ** 2).sum(axis=0),
        "dloss": lambda yhat, y: 2 * (yhat - y),
    }
    return MLP(depth=2).gradients(**{**given, **functions})


@pytest.mark.parametrize("name", ["g", "dg", "loss", "dloss"])
@pytest.mark.parametrize("error", [RuntimeError, ValueError, KeyboardInterrupt])
def test_a_function_that_raises_leaves_nothing_behind(name, error, example):
    e = example(WIDTHS, examples=EXAMPLES)
    right = {"g": np.tanh, "dg": lambda z: 1 - np.tanh(z) ** 2}
    right |= {"loss": lambda yhat, y: ((yhat - y) ** 2).sum(axis=0), "dloss": lambda yhat, y: 2 * (yhat - y)}
    fails = []

    def sometimes(*arguments):
        if fails:
            raise error("on purpose")
        return right[name](*arguments)

    f, out = generic(**{name: sometimes}), empty_like(e)
    want = [array.copy() for array in arrays_of(f(*e.arguments, out=out))]
    fails.append(True)
    with pytest.raises(error, match="on purpose"):
        f(*e.arguments, out=out)
    fails.clear()
    assert all(np.array_equal(a, b) for a, b in zip(arrays_of(f(*e.arguments, out=out)), want, strict=True))


@pytest.mark.parametrize("examples", [EXAMPLES, 300])
def test_a_call_from_within_a_function_has_arrays_of_its_own(examples, example):
    e, inner = (example(WIDTHS, examples=examples, seed=seed) for seed in (1, 2))
    depth = []

    def g(z):
        if not depth:
            depth.append(1)
            same(f(*inner.arguments)[1], inner.by_hand().dW)
            depth.pop()
        return np.tanh(z)

    f = generic(g=g)
    for _ in range(2):
        same(f(*e.arguments)[1], e.by_hand().dW)


def test_functions_that_give_other_shapes_are_refused(example):
    e = example(WIDTHS, examples=EXAMPLES)
    for name, function in {
        "g": lambda z: z[0],
        "dg": lambda z: z.sum(axis=0),
        "dloss": lambda yhat, y: (yhat - y).sum(axis=0),
    }.items():
        with pytest.raises(ShapeError, match=f"{name} gives 7 numbers for . × 7: it must give one for each entry"):
            generic(**{name: function})(*e.arguments)
    # one number for all is no mistake
    generic(dg=lambda z: 1.0, dloss=lambda yhat, y: 0.0)(*e.arguments)


@pytest.mark.parametrize("examples", [EXAMPLES, 300])
def test_targets_of_ones_own_loss_have_a_column_for_each_example(examples, example):
    e = example(WIDTHS, examples=examples)
    labels = np.arange(examples) % 3
    onehot = np.eye(3)[:, labels]

    def loss(yhat, y):
        return -yhat[y[0], np.arange(yhat.shape[1])]

    def dloss(yhat, y):
        return -np.eye(len(yhat))[:, y[0]]

    total, grads = generic(loss=loss, dloss=dloss)(e.W, e.x, labels[None])
    other, same_grads = generic(loss=lambda p, y: -(p * y).sum(axis=0), dloss=lambda p, y: -y)(e.W, e.x, onehot)
    assert total == pytest.approx(other, rel=1e-12)
    same(grads, same_grads)
    for y in (labels, None, onehot[:, :2], onehot[..., None]):
        with pytest.raises(ShapeError, match="both must have one column for each example, or be 1-D"):
            generic(loss=loss, dloss=dloss)(e.W, e.x, y)
