"""What Python executes in one warm call of compiled gradients, counted: `python -m benchmarks.instructions`.

A clock on a shared machine is no judge of a change; counts are the same each time. Counted are the bytecode
instructions that do work in a call: calls, arithmetic, subscripts and attributes, in every Python function but NumPy's
own, and the bytes that are held at most beyond what was held before. Moves of names and of the stack are left out: of
these every release of Python makes others, while the ones that are counted are the same from 3.11 on, so that one file
holds for all. What happens inside NumPy is not seen; that is what `python -m benchmarks numbers` is for.

    python -m benchmarks.instructions            prints the counts beside those of `instructions.json`
    python -m benchmarks.instructions --write    writes them there

Exit: 0 when nothing rose, 1 when something did, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import dis
import gc
import json
import os
import sys
import tracemalloc
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from benchmarks.gradient_cells import Cell
from symbackprop.network import MLP

RECORDED = Path(__file__).with_suffix(".json")
COMMAND = "python -m benchmarks.instructions --write"
Counts = dict[str, int]
Work = Callable[[], Any]
Place = tuple[CodeType, int]

KINDS = {
    "CALL": "calls",
    "CALL_KW": "calls",
    "CALL_FUNCTION_EX": "calls",
    "BINARY_OP": "arithmetic",
    "UNARY_NEGATIVE": "arithmetic",
    "BINARY_SUBSCR": "subscripts",
    "BINARY_SLICE": "subscripts",
    "STORE_SUBSCR": "subscripts",
    "STORE_SLICE": "subscripts",
    "LOAD_ATTR": "attributes",
    "LOAD_METHOD": "attributes",
}
# since 3.14 a subscript is one of the binary operations
SUBSCRIPT = {number for number, (name, _) in enumerate(getattr(dis, "_nb_ops", ())) if name == "NB_SUBSCR"}
# functions of their own up to 3.11: entering one is no call that anybody wrote
COMPREHENSIONS = {"<listcomp>", "<dictcomp>", "<setcomp>"}
# a count may rise by this share and by this many before it is said to have risen
SHARE, FEW, FEW_BYTES = 0.02, 2, 4096
NUMPY = str(Path(np.__file__).parent)


def counted(work: Work) -> Counts:
    """How often a call does what, by kind."""
    found: Counter[str] = Counter(dict.fromkeys(KINDS.values(), 0))
    for (code, at), times in executed(work).items():
        name = dis.opname[code.co_code[at]]
        kind = KINDS.get(name)
        if kind is not None:
            found["subscripts" if kind == "arithmetic" and code.co_code[at + 1] in SUBSCRIPT else kind] += times
        if name == "RESUME" and code.co_name in COMPREHENSIONS:
            found["calls"] -= times
    return dict(found)


def executed(work: Work) -> Counter[Place]:
    """How often each bytecode instruction is executed, by its code and its place there, but for NumPy's."""
    # up to 3.11 there are traces only, and after it they miss instructions of code that runs for the first time
    return _traced(work) if sys.version_info < (3, 12) else _monitored(work)


def _traced(work: Work) -> Counter[Place]:
    found: Counter[Place] = Counter()

    def step(frame: FrameType, event: str, _: Any) -> Any:
        if event == "opcode":
            found[frame.f_code, frame.f_lasti] += 1
        return step

    def enter(frame: FrameType, event: str, _: Any) -> Any:
        if frame.f_code.co_filename.startswith(NUMPY):
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        # with this one a function begins, and it has no event
        found[frame.f_code, frame.f_lasti] += 1
        return step

    before = sys.gettrace()
    sys.settrace(enter)
    try:
        work()
    finally:
        sys.settrace(before)
    return found


def _monitored(work: Work) -> Counter[Place]:
    monitoring: Any = vars(sys)["monitoring"]
    tool, instruction = monitoring.PROFILER_ID, monitoring.events.INSTRUCTION
    found: Counter[Place] = Counter()

    def step(code: CodeType, at: int) -> Any:
        if code.co_filename.startswith(NUMPY):
            return monitoring.DISABLE
        found[code, at] += 1
        return None

    monitoring.use_tool_id(tool, "symbackprop")
    monitoring.register_callback(tool, instruction, step)
    monitoring.set_events(tool, instruction)
    try:
        work()
    finally:
        monitoring.set_events(tool, 0)
        monitoring.free_tool_id(tool)
    # what ends the measurement is no part of it
    return Counter({place: times for place, times in found.items() if place[0] is not _monitored.__code__})


def held(work: Work) -> int:
    """Bytes that a call holds at most beyond what was held before it."""
    gc.collect()
    tracemalloc.start()
    try:
        work()
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        work()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


# --- the calls that are counted --------------------------------------------------------------------------------------


def plain(batch: int, size: int, depth: int, dtype: str = "float64") -> Work:
    """A tanh network without biases, squared loss, gradients into the caller's arrays."""
    return call(Cell(batch, size, depth, dtype).network, batch, dtype)


def factored() -> Work:
    """Gradients of one example, left as their factors."""
    cell = Cell(1, 512, 2, "float64")
    W, x, y = cell.drawn()
    gradients = cell.network.gradients(factored=True)
    return warm(lambda: gradients(W, x, y))


def digits() -> Work:
    """The network of `examples/digits.py`: softmax cross-entropy, bias units, the mean over a batch."""
    return call(MLP(widths=[65, 33, 10], activation="tanh", loss="softmax_cross_entropy"), 32, reduction="mean")


def separate() -> Work:
    """Biases apart, ReLU."""
    return call(MLP(widths=[16] * 6, activation="relu", loss="squared_error", bias="separate"), 32)


def call(network: MLP, batch: int, dtype: str = "float64", reduction: str = "sum") -> Work:
    """A call of compiled gradients at a drawn point, with `out=`, after some to warm up."""
    rng = np.random.default_rng(0)
    assert network.widths is not None
    widths = list(network.widths)
    # the bias unit of a layer is no row of the weights before it
    units = [size - network.augmented for size in widths[1:-1]] + widths[-1:]
    W = [(rng.standard_normal(size) / 8).astype(dtype) for size in zip(units, widths[:-1], strict=True)]
    x, y = (rng.standard_normal((size, batch)).astype(dtype) for size in (widths[0], widths[-1]))
    if network.augmented:
        x[-1] = 1
    gradients, out = network.gradients(reduction=reduction), [np.empty_like(w) for w in W]
    given: tuple[Any, ...] = (W, x, y)
    into: Any = out
    if network.bias == "separate":
        b = [np.zeros((size, 1), dtype) for size in units]
        given, into = (W, b, x, y), (out, [np.empty_like(one) for one in b])

    return warm(lambda: gradients(*given, out=into))


def warm(work: Work) -> Work:
    """The same, done some times."""
    for _ in range(3):
        work()
    return work


CALLS: dict[str, Callable[[], Work]] = {
    "batch 1, 8 × 8, float64": lambda: plain(1, 8, 8),
    "batch 1, 64 × 32, float64": lambda: plain(1, 64, 32),
    "batch 1, 64 × 32, float32": lambda: plain(1, 64, 32, "float32"),
    "batch 1, 512 × 2, float64": lambda: plain(1, 512, 2),
    "batch 1, 512 × 2, float64, factored": factored,
    "batch 32, 8 × 8, float64": lambda: plain(32, 8, 8),
    "batch 32, 64 × 32, float64": lambda: plain(32, 64, 32),
    "batch 1024, 64 × 8, float64": lambda: plain(1024, 64, 8),
    "batch 32, digits, mean": digits,
    "batch 32, 16 × 4, relu, biases apart": separate,
}


def counts(name: str) -> Counts:
    """The counts of a call of the table."""
    work = CALLS[name]()
    return {**counted(work), "bytes": held(work)}


# --- beside what is recorded ------------------------------------------------------------------------------------------


def recorded() -> dict[str, Counts]:
    """What the file says."""
    found: dict[str, Counts] = json.loads(RECORDED.read_text(encoding="utf-8"))
    return found


def limit(kind: str, count: int) -> int:
    """The most that a count may be after it was once this."""
    return int(count * (1 + SHARE)) + (FEW_BYTES if kind == "bytes" else FEW)


def risen(name: str, found: Mapping[str, int], before: Mapping[str, int] | None) -> list[str]:
    """A sentence for each count that rose, or one that nothing is recorded."""
    if before is None:
        return [f"{name}: nothing is recorded: {COMMAND}"]
    return [
        f"{name}: {kind} rose from {before[kind]:,} to {count:,}, and may be {limit(kind, before[kind]):,}; "
        f"if that is meant: {COMMAND}"
        for kind, count in found.items()
        if count > limit(kind, before[kind])
    ]


def main(argv: Sequence[str] | None = None) -> int:
    """Count, and print or write; the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.instructions", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--write", action="store_true", help="write the counts to the file")
    options = parser.parse_args(argv)
    found = {name: counts(name) for name in CALLS}
    if options.write:
        RECORDED.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        return 0
    before = recorded() if RECORDED.exists() else {}
    for name, now in found.items():
        print(f"{name}: " + ", ".join(f"{count:,} {kind} ({_was(before, name, kind)})" for kind, count in now.items()))
    complaints = [words for name, now in found.items() for words in risen(name, now, before.get(name))]
    print("\n".join(complaints) or "nothing rose")
    return int(bool(complaints))


def _was(before: Mapping[str, Counts], name: str, kind: str) -> str:
    return f"{before[name][kind]:,}" if kind in before.get(name, {}) else "not recorded"


if __name__ == "__main__":
    sys.exit(main())
