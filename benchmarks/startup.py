"""Whole processes: how soon the command answers, and what the same question costs elsewhere."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from statistics import median

from benchmarks.plan import Plan
from benchmarks.table import Row, duration, failure, within
from benchmarks.timing import Ran, command, installed, paired, python

HEAVY = ("sympy", "numpy", "flint", "typst")
HELP = "symbackprop --help"
DERIVE = "derive weight_gradient"
# suffix: seconds to stay below, or None; how the file starts, or a part of it
FILES: dict[str, tuple[float | None, bytes]] = {"pdf": (2.5, b"%PDF-"), "tex": (None, rb"\frac")}


def help_answers(plan: Plan) -> Iterator[Row]:
    """`--help` as a whole process beside Python itself, and what it imported of the heavy packages."""
    listed = command("--help", options=("-X", "importtime"))
    if listed.status:
        yield failure("help", HELP, listed.complaint)
        return
    ours, bare, ratio = paired(
        lambda: command("--help").seconds, lambda: python("-c", "pass", packages=installed()).seconds, plan.pairs
    )
    yield Row(
        "help",
        f"{HELP}, cold, {plan.pairs} pairs",
        duration(ours),
        f"python -c pass {duration(bare)}",
        "≤ 3 × bare Python",
        ratio,
        "× bare Python",
        ratio <= 3,
        numbers={"seconds": ours, "bare": bare},
    )
    heavy = imported(listed.errors)
    yield Row(
        "help",
        f"… imports of {', '.join(HEAVY)}",
        ", ".join(heavy) or "none",
        line="none",
        ok=not heavy,
        numbers={"imported": heavy},
    )


def imported(listing: str) -> list[str]:
    """The heavy packages in what `python -X importtime` wrote: `import time: self | cumulative | name`."""
    names = {line.rsplit("|", 1)[-1].strip() for line in listing.splitlines() if line.startswith("import time:")}
    return [name for name in HEAVY if name in names]


def to_terminal(plan: Plan) -> Iterator[Row]:
    """The lecture's question answered in the terminal by a cold process."""
    figure = f"{DERIVE}, cold, in the terminal"
    runs = [command("derive", "weight_gradient") for _ in range(plan.cold)]
    complaint = _complaint(runs, [run.output.encode() for run in runs], "∂".encode())
    if complaint:
        yield failure("terminal", figure, complaint)
    else:
        characters = len(runs[0].output)
        yield within("terminal", figure, _median(runs), 1.5, f"{characters:,} characters", characters=characters)


def to_files(plan: Plan) -> Iterator[Row]:
    """The same, written to files."""
    with tempfile.TemporaryDirectory() as folder:
        for suffix, (limit, sign) in FILES.items():
            figure = f"{DERIVE} -o x.{suffix}, cold"
            made = Path(folder, f"x.{suffix}")
            runs, contents = [], []
            for _ in range(plan.cold):
                made.unlink(missing_ok=True)
                runs.append(command("derive", "weight_gradient", "-o", made.name, folder=folder))
                contents.append(made.read_bytes() if made.exists() else b"")
            complaint = _complaint(runs, contents, sign)
            size = f"{len(contents[0]):,} bytes"
            if complaint:
                yield failure("files", figure, complaint)
            elif limit is None:
                yield Row("files", figure, duration(_median(runs)), size, numbers={"seconds": _median(runs)})
            else:
                yield within("files", figure, _median(runs), limit, size, bytes=len(contents[0]))


def _median(runs: list[Ran]) -> float:
    return median(run.seconds for run in runs)


def _complaint(runs: list[Ran], contents: list[bytes], sign: bytes) -> str:
    """Why runs are no answer, in words; empty if all of them are."""
    for run, content in zip(runs, contents, strict=True):
        if run.status:
            return run.complaint
        if sign not in content:
            return f"nothing that holds {sign.decode()} came out"
    return ""


# --- a peer ----------------------------------------------------------------------------------------------------------

# one hidden layer, tanh, squared loss, symbolic sizes: the gradient by the first weights, simplified
TENSORGRAD = """
import tensorgrad as tg
from tensorgrad import functions as F

inputs, hidden, outputs = tg.symbols("inputs hidden outputs")
x, y = tg.Variable("x", i=inputs), tg.Variable("y", o=outputs)
W0, W1 = tg.Variable("W0", i=inputs, h=hidden), tg.Variable("W1", h=hidden, o=outputs)
loss = F.frobenius2(F.tanh(x @ W0) @ W1 - y)
print(tg.Derivative(loss, W0).full_simplify())
"""


def tensorgrad(plan: Plan) -> Iterator[Row]:
    """A gradient of one hidden layer by tensorgrad in a cold process, where it is installed with all it needs."""
    figure = "tensorgrad, cold, one hidden layer"
    if find_spec("tensorgrad") is None or find_spec("torch") is None:
        yield Row("tensorgrad", figure, "not installed")
        return
    run = python("-c", TENSORGRAD)
    if run.status or not run.output.strip():
        yield failure("tensorgrad", figure, run.complaint)
        return
    ours = command("derive", "weight_gradient", "--depth", "1")
    if ours.status:
        yield failure("tensorgrad", figure, ours.complaint)
        return
    yield Row(
        "tensorgrad",
        figure,
        duration(run.seconds),
        f"ours {duration(ours.seconds)}",
        ratio=run.seconds / ours.seconds,
        to="× ours",
        numbers={"seconds": run.seconds, "ours": ours.seconds},
    )
