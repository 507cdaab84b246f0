"""The table of all gradients as numbers, and the lines that are to be reached in it."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from statistics import median
from textwrap import wrap

import numpy as np

from benchmarks.gradient_cells import CLOSE, FACTORED, HAND, OURS, PRODUCTS, TURN, Cell, Found, begun, measured, warm
from benchmarks.gradient_peers import PEERS, Peer
from benchmarks.gradients import products_cost
from benchmarks.plan import Plan
from benchmarks.table import Row, digits, duration, failure, within
from benchmarks.timing import calls, paired

# seconds after which what has to be compiled and has no line is not asked any more, so that all of it ends
PATIENCE = 900.0
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
# one example: at most this time where each gradient may stay its two factors
FACTORED_LINE = 0.3
# for rows that are about no single cell
BLANK = dict.fromkeys(("compile", "memory", "of peak", HAND, PRODUCTS, *PEERS), "")


def beside_hand(plan: Plan) -> Iterator[Row]:
    """A row for each cell, then how often we are faster, how time grows with the depth, and what compiling takes."""
    peers = {name: peer for name, peer in PEERS.items() if not (plan.short and peer.is_compiled)}
    rates = {dtype: rate(dtype) for dtype in CLOSE}
    cells = [Cell(*sizes, dtype) for sizes in plan.cells for dtype in CLOSE]
    every: list[Found] = []
    said, start = note(peers, rates), time.perf_counter()
    for count, cell in enumerate(cells, 1):
        spent = time.perf_counter() - start
        print(f"  {spent:4.0f} s, {count} of {len(cells)}: {cell}", file=sys.stderr, flush=True)
        if spent > PATIENCE:
            peers = {name: peer for name, peer in peers.items() if name in FASTER or not peer.is_compiled}
        found = measured(cell, peers, plan.pairs, every)
        every.append(found)
        if OURS in found.seconds:
            yield row(found, rates[cell.dtype], said)
        if FACTORED in found.seconds:
            yield factored_row(found)
        for name in found.wrong:
            yield replace(failure("numbers", f"{cell}: {name}", found.words[name]), columns=BLANK)
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


def factored_row(found: Found) -> Row:
    """The row of a cell whose gradients are left as their factors."""
    cell, ratio = found.cell, found.ratio(FACTORED, HAND)
    return Row(
        "numbers",
        f"{cell}, factored",
        duration(found.time(FACTORED)),
        line="" if cell.size not in LINES[1] else f"≤ {FACTORED_LINE:.2f} × hand",
        ratio=ratio,
        to="× hand",
        ok=None if cell.size not in LINES[1] else ratio <= FACTORED_LINE,
        numbers={"seconds": found.time(FACTORED), "hand": found.time(HAND)},
        columns=BLANK | {"compile": duration(found.compile(FACTORED)), HAND: duration(found.time(HAND))},
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
    works = [warm(one, *one.drawn()) for one in (replace(cell, depth=2 * cell.depth), cell)]
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
    start = begun(cell, W, x, y, [np.empty_like(w) for w in W])
    before = time.perf_counter()
    work = start()
    work()
    first = time.perf_counter() - before
    return first - min(calls(work, 1) for _ in range(5))
