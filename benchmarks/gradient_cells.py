"""All gradients of a tanh network as numbers: compiled by us, by hand in NumPy, and by whoever else is installed.

Everything of a cell runs in turns in one process, one thread each, and stands in the table as a ratio to the time by
hand. Nobody has a ratio whose gradients differ from those by hand.
"""

from __future__ import annotations

import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from statistics import median
from textwrap import wrap
from typing import Any

import numpy as np

from benchmarks.gradient_peers import PEERS, Peer, Work
from benchmarks.gradients import by_hand, products_alone, products_cost
from benchmarks.plan import Plan
from benchmarks.table import Row, digits, duration, failure, within
from benchmarks.timing import LONGEST, TooLong, calls, in_turns, limited, paired
from symbackprop.network import MLP

Array = Any
# to what compiles, where something is compiled, and that to what is timed
Begin = Callable[[], Callable[[], Work]]

# seconds: of one turn of calls, of all turns of a cell, of a call that is not repeated in a turn
TURN, CELL, LONG = 0.01, 4.0, 0.2
# seconds after which what has to be compiled is not asked any more, so that everything ends in twice that
PATIENCE = 900.0
FEWEST = 3
# how far from those by hand gradients may be, beside the largest entry of the matrix
CLOSE = {"float64": 1e-10, "float32": 1e-4}
# batch: width: at most this time, that by hand being 1
LINES = {
    1: {8: 0.40, 64: 0.50, 512: 0.9, 2048: 0.9},
    32: {8: 0.7, 64: 0.9, 512: 1.0, 2048: 1.0},
    1024: {8: 0.95, 64: 0.95, 512: 0.95, 2048: 1.0},
}
# batch and width: at most this time, that of the matrix products alone being 1
FLOOR_LINES = {(1024, 2048): 1.1}
# peer: in at least this share of the cells we are faster
FASTER = {"JAX jit": 0.9, "PyTorch eager": 0.8}
DOUBLED = 2.2
COMPILED_AT, COMPILED_IN = 20, 0.05
OURS, HAND, PRODUCTS = "ours", "hand", "products"
# for rows that are about no single cell
BLANK = dict.fromkeys(("compile", "memory", "of peak", HAND, PRODUCTS, *PEERS), "")


@dataclass(frozen=True)
class Cell:
    """Examples at once, the width of every layer, how many of them are hidden, and the type of numbers."""

    batch: int
    size: int
    depth: int
    dtype: str

    def __str__(self) -> str:
        return f"batch {self.batch}, {self.size} × {self.depth}, {self.dtype}"

    @property
    def network(self) -> MLP:
        return MLP(widths=[self.size] * (self.depth + 2), activation="tanh", loss="squared_error", bias="none")

    def drawn(self) -> tuple[list[Array], Array, Array]:
        """Weights, input and target, the same each time."""
        rng = np.random.default_rng(0)
        square = (self.size, self.size)
        W = [(rng.standard_normal(square) / self.size**0.5).astype(self.dtype) for _ in range(self.depth + 1)]
        x, y = rng.standard_normal((2, self.size, self.batch)).astype(self.dtype)
        return W, x, y


@dataclass
class Found:
    """What was measured at a cell.

    Attributes:
        seconds: of a call, turn by turn, of each that answered.
        first: seconds until the first answer.
        words: of each that has no time, why.
        wrong: who gave other gradients.
        memory: bytes, by us and by hand.
    """

    cell: Cell
    seconds: Mapping[str, list[float]] = field(default_factory=dict)
    first: dict[str, float] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    memory: tuple[int, int] = (0, 0)

    def time(self, name: str) -> float:
        return median(self.seconds[name])

    def ratio(self, name: str, to: str) -> float:
        """The median of the ratios of each turn."""
        return median(one / two for one, two in zip(self.seconds[name], self.seconds[to], strict=True))

    def compile(self, name: str) -> float:
        return max(0.0, self.first[name] - self.time(name))


def beside_hand(plan: Plan) -> Iterator[Row]:
    """A row for each cell, then how often we are faster, how time grows with the depth, and what compiling takes."""
    peers = {name: peer for name, peer in PEERS.items() if not (plan.short and peer.is_compiled)}
    rates = {dtype: rate(dtype) for dtype in CLOSE}
    cells = [Cell(*sizes, dtype) for sizes in plan.cells for dtype in CLOSE]
    every: list[Found] = []
    said, begun = note(peers, rates), time.perf_counter()
    for count, cell in enumerate(cells, 1):
        spent = time.perf_counter() - begun
        print(f"  {spent:4.0f} s, {count} of {len(cells)}: {cell}", file=sys.stderr, flush=True)
        if spent > PATIENCE:
            peers = {name: peer for name, peer in peers.items() if not peer.is_compiled}
        found = measured(cell, peers, plan.pairs, every)
        every.append(found)
        if OURS in found.seconds:
            yield row(found, rates[cell.dtype], said)
        for name in found.wrong:
            yield failure("numbers", f"{cell}: {name}", found.words[name])
    yield from faster(every)
    yield from (doubled(Cell(*sizes, "float64"), plan.pairs) for sizes in plan.gates)
    yield from compile_rows(plan.slow)


def note(peers: Mapping[str, Peer], rates: Mapping[str, float]) -> str:
    """How the columns are to be read, and what to install for those that are empty."""
    found = ", ".join(f"{value / 1e9:.0f} billion operations a second in {dtype}" for dtype, value in rates.items())
    text = (
        "hand is its time; products, the matrix products alone, and the peers are multiples of it. Results are written "
        "into arrays of the caller (out=), one thread each: OPENBLAS_NUM_THREADS=1, torch.set_num_threads(1), XLA "
        "without threads. compile is the first answer less a later call, of peers in brackets; memory the most that is "
        "held during a call, workspace, gradients and compiled code too, and in multiples of that by hand "
        "(tracemalloc). of peak is beside one product of 1024 × 1024 matrices: "
        f"{found}. A peer with – was not asked."
    )
    wanted = dict.fromkeys(word for peer in peers.values() if not peer.is_installed for word in peer.install.split())
    missing = [f"Not everybody is installed: pip install {' '.join(wanted)}"] if wanted else []
    return "\n".join([*wrap(text, 120), *missing])


def rate(dtype: str) -> float:
    """Operations a second of one large matrix product: the best of some."""
    size = 1024
    a, out = np.full((size, size), 0.5, dtype), np.empty((size, size), dtype)
    return 2 * size**3 / min(calls(lambda: np.dot(a, a, out), 1) for _ in range(7))


# --- one cell --------------------------------------------------------------------------------------------------------


def measured(cell: Cell, peers: Mapping[str, Peer], turns: int, before: Sequence[Found] = ()) -> Found:
    """Everybody's gradients compared with those by hand, then all of them in turns.

    Args:
        before: smaller cells; a peer that was not waited for in one of them is not asked again.
    """
    W, x, y = cell.drawn()
    out = [np.empty_like(w) for w in W]
    hand: Work = partial(by_hand, W, x, y)
    start = time.perf_counter()
    wanted = hand()[1]
    long = time.perf_counter() - start
    found = Found(cell)
    works: dict[str, Work] = {HAND: hand, PRODUCTS: products_alone(W, x, out)}
    begins: dict[str, Begin] = {OURS: lambda: _ours(cell, W, x, y, out)}
    for name, peer in peers.items():
        if why := _left_out(name, peer, cell, before):
            found.words[name] = why
        else:
            begins[name] = partial(peer.load, W, x, y)
    for name, begin in begins.items():
        work = _asked(name, begin, wanted, found)
        if work is not None:
            works[name] = work
    del wanted
    each = {name: long if long > LONG else calls(work, 1) for name, work in works.items()}
    counts = {name: max(1, round(TURN / seconds)) for name, seconds in each.items()}
    spent = sum(each[name] * counts[name] for name in works)
    found.seconds = in_turns(works, counts, min(turns, max(FEWEST, round(CELL / spent))))
    if OURS in works:
        found.memory = held(lambda: _warm(cell, W, x, y)), held(lambda: hand)
    return found


def _ours(cell: Cell, W: list[Array], x: Array, y: Array, out: list[Array]) -> Callable[[], Work]:
    network = cell.network

    def start() -> Work:
        compiled = network.gradients()
        return lambda: compiled(W, x, y, out=out)[1]

    return start


def _warm(cell: Cell, W: list[Array], x: Array, y: Array) -> Work:
    """Our call with arrays of its own for the gradients, done once, so that it holds what it keeps."""
    work = _ours(cell, W, x, y, [np.empty_like(w) for w in W])()
    work()
    return work


def held(begin: Callable[[], Work]) -> int:
    """Bytes that are held at most during a call, what `begin` made and keeps included."""
    tracemalloc.start()
    try:
        work = begin()
        tracemalloc.reset_peak()
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _left_out(name: str, peer: Peer, cell: Cell, before: Sequence[Found]) -> str:
    """Why a peer is not asked, as its column says it; empty if it is."""
    if not peer.is_installed or (peer.single and cell.batch > 1):
        return "–"
    late = f"> {duration(peer.limit)}"
    smaller = (one for one in before if one.cell.size <= cell.size and one.cell.depth <= cell.depth)
    return late if any(one.words.get(name) == late for one in smaller) else ""


def _asked(name: str, begin: Begin, wanted: Sequence[Array], found: Found) -> Work | None:
    """What is to be timed, if the first answer comes in time and is right; otherwise words are left in `found`."""
    limit = PEERS[name].limit if name in PEERS else LONGEST
    start = time.perf_counter()
    try:
        load = begin()
        start = time.perf_counter()
        with limited(limit):
            work = load()
            answer = work()
        found.first[name] = time.perf_counter() - start
    except (Exception, TooLong) as error:
        # a library may have taken the interruption for an error of its own
        late = isinstance(error, TooLong) or time.perf_counter() - start >= limit
        found.words[name] = f"> {duration(limit)}" if late else f"no answer ({type(error).__name__})"
        if name == OURS:
            found.wrong.append(name)
        return None
    off = distance(answer, wanted)
    if not off <= CLOSE[found.cell.dtype]:
        found.words[name] = f"WRONG, off by {off:.1e}"
        found.wrong.append(name)
        return None
    return work


def distance(answer: Sequence[Any], wanted: Sequence[Array]) -> float:
    """The largest difference of an entry, beside the largest entry of its matrix; infinity where shapes differ."""
    arrays = [np.asarray(one) for one in answer]
    if [one.shape for one in arrays] != [one.shape for one in wanted]:
        return float("inf")
    return max(float(np.abs(one - two).max() / np.abs(two).max()) for one, two in zip(arrays, wanted, strict=True))


# --- rows ------------------------------------------------------------------------------------------------------------


def row(found: Found, peak: float, note: str) -> Row:
    """The row of a cell."""
    cell, ratio = found.cell, found.ratio(OURS, HAND)
    operations = products_cost(cell.batch, cell.size, cell.depth)
    line = LINES.get(cell.batch, {}).get(cell.size)
    floor = FLOOR_LINES.get((cell.batch, cell.size))
    ok = None if line is None else ratio <= line
    said = "" if line is None else f"≤ {line:.2f} × hand"
    if floor is not None:
        ok = ok and found.ratio(OURS, PRODUCTS) <= floor
        said += f", ≤ {floor} × products"
    mine, theirs = found.memory
    return Row(
        "numbers",
        str(cell),
        duration(found.time(OURS)),
        line=said,
        ratio=ratio,
        to="× hand",
        ok=ok,
        numbers={
            "seconds": {name: found.time(name) for name in found.seconds},
            "ratios": {name: found.ratio(name, HAND) for name in found.seconds},
            "first": found.first,
            "memory": found.memory,
        },
        columns=BLANK
        | {
            "compile": duration(found.compile(OURS)),
            "memory": f"{mine / 1e6:.3g} MB, {digits(mine / theirs)}",
            "of peak": f"{operations / found.time(OURS) / peak:.1%}",
            HAND: duration(found.time(HAND)),
            PRODUCTS: digits(found.ratio(PRODUCTS, HAND)),
        }
        | {name: _beside(name, found) for name in PEERS},
        note=note,
    )


def _beside(name: str, found: Found) -> str:
    if name not in found.seconds:
        return found.words.get(name, "–")
    ratio = digits(found.ratio(name, HAND))
    return f"{ratio} ({duration(found.compile(name))})" if PEERS[name].is_compiled else ratio


def faster(every: Sequence[Found]) -> Iterator[Row]:
    """In how many cells we are faster than a peer, of those in which it answered."""
    for name, share in FASTER.items():
        ratios = [one.ratio(OURS, name) for one in every if {OURS, name} <= set(one.seconds)]
        if ratios:
            won = sum(ratio < 1 for ratio in ratios)
            yield Row(
                "numbers",
                f"faster than {name}",
                f"in {won} of {len(ratios)} cells",
                line=f"≥ {share:.0%}",
                ratio=won / len(ratios),
                to="of the cells",
                ok=won / len(ratios) >= share,
                numbers={"ratios": ratios},
                columns=BLANK,
            )
        else:
            yield Row("numbers", f"faster than {name}", "not measured", line=f"≥ {share:.0%}", columns=BLANK)


def doubled(cell: Cell, turns: int) -> Row:
    """The time of a call at twice the depth."""
    works = [_warm(one, *one.drawn()) for one in (replace(cell, depth=2 * cell.depth), cell)]
    count = max(1, round(TURN / calls(works[1], 1)))
    deep, shallow, ratio = paired(*(partial(calls, work, count) for work in works), turns)
    return _growth(f"{cell}: twice the depth", deep, shallow, ratio)


def compile_rows(times: int) -> Iterator[Row]:
    """Compiling at depth 20 and at twice that; no depth is compiled a second time."""
    depths = range(COMPILED_AT - times // 2, COMPILED_AT + times - times // 2)
    once, twice = ([compiled_in(factor * depth) for depth in depths] for factor in (1, 2))
    figure = f"compile, batch 1, 64 × {COMPILED_AT}"
    yield replace(within("numbers", figure, median(once), COMPILED_IN), columns=BLANK)
    ratio = median(two / one for one, two in zip(once, twice, strict=True))
    yield _growth(f"{figure}: twice the depth", median(twice), median(once), ratio)


def _growth(figure: str, deep: float, shallow: float, ratio: float) -> Row:
    return Row(
        "numbers",
        figure,
        f"{duration(deep)}, before {duration(shallow)}",
        line=f"≤ {DOUBLED}",
        ratio=ratio,
        to="× the time",
        ok=ratio <= DOUBLED,
        numbers={"seconds": deep, "before": shallow},
        columns=BLANK,
    )


def compiled_in(depth: int) -> float:
    """Seconds until the first answer, less a later call."""
    cell = Cell(1, 64, depth, "float64")
    W, x, y = cell.drawn()
    start = _ours(cell, W, x, y, [np.empty_like(w) for w in W])
    before = time.perf_counter()
    work = start()
    work()
    first = time.perf_counter() - before
    return first - min(calls(work, 1) for _ in range(5))
