"""All gradients of a tanh network as numbers: compiled by us, by hand in NumPy, and by whoever else is installed.

Everything of a cell runs in turns in one process, one thread each, and stands in the table as a ratio to the time by
hand. Nobody has a ratio whose gradients differ from those by hand.
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from statistics import median
from typing import Any

import numpy as np

from benchmarks.gradient_peers import PEERS, Peer, Work
from benchmarks.gradients import by_hand, products_alone
from benchmarks.table import duration
from benchmarks.timing import LONGEST, TooLong, calls, in_turns, limited
from symbackprop.network import MLP

Array = Any
# to what compiles, where something is compiled, and that to what is timed
Begin = Callable[[], Callable[[], Work]]

# seconds: of one turn of calls, of all turns of a cell, of a call that is not repeated in a turn
TURN, CELL, LONG = 0.01, 4.0, 0.2
FEWEST = 3
# how far from those by hand gradients may be, beside the largest entry of the matrix: rounding in float32 at depth 128
# alone is 2e-4 at width 8
CLOSE = {"float64": 1e-10, "float32": 2e-3}
OURS, FACTORED, HAND, PRODUCTS = "ours", "factored", "hand", "products"


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
    once = time.perf_counter() - start
    found = Found(cell)
    works: dict[str, Work] = {HAND: hand, PRODUCTS: products_alone(W, x, out)}
    begins: dict[str, Begin] = {OURS: lambda: begun(cell, W, x, y, out)}
    if cell.batch == 1:
        begins[FACTORED] = lambda: _factored(cell, W, x, y)
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
    each = {name: once if once > LONG else calls(work, 1) for name, work in works.items()}
    counts = {name: max(1, round(TURN / seconds)) for name, seconds in each.items()}
    spent = sum(each[name] * counts[name] for name in works)
    found.seconds = in_turns(works, counts, min(turns, max(FEWEST, round(CELL / spent))))
    if OURS in works:
        found.memory = held(lambda: warm(cell, W, x, y)), held(lambda: hand)
    return found


def begun(cell: Cell, W: list[Array], x: Array, y: Array, out: list[Array]) -> Callable[[], Work]:
    """What compiles our gradients, with the caller's arrays for them."""
    network = cell.network

    def start() -> Work:
        compiled = network.gradients()
        return lambda: compiled(W, x, y, out=out)[1]

    return start


def _factored(cell: Cell, W: list[Array], x: Array, y: Array) -> Callable[[], Work]:
    network = cell.network

    def start() -> Work:
        compiled = network.gradients(factored=True)
        return lambda: compiled(W, x, y)[1]

    return start


def warm(cell: Cell, W: list[Array], x: Array, y: Array) -> Work:
    """Our call with arrays of its own for the gradients, done once, so that it holds what it keeps."""
    work = begun(cell, W, x, y, [np.empty_like(w) for w in W])()
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
        if name in (OURS, FACTORED):
            found.wrong.append(name)
        return None
    if name == FACTORED:
        answer = [upstream @ h.T for upstream, h in answer]
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
