"""In process: deriving, judging by the kernel and printing, and how both time and memory grow with the text."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from benchmarks.plan import Plan
from benchmarks.table import Row, duration, failure, within
from benchmarks.timing import once, python, repeated
from symbackprop.dims import index, units
from symbackprop.expr import (
    LOSS,
    ActivationJacobian,
    ColumnAt,
    Expr,
    Hidden,
    Partial,
    PreActivation,
    Product,
    Transpose,
    Weight,
)
from symbackprop.judges import kernel
from symbackprop.judges.outcome import Proved
from symbackprop.library import derive
from symbackprop.network import MLP
from symbackprop.render.latex import latex

NAME = "weight_gradient"
DEPTH = 100
LONG = 3000
# a cost per character that is this many times one at a smaller depth has grown, beyond noise
GROWN = 1.25


@dataclass(frozen=True)
class Answered:
    """What it took to derive, judge and print, and what came out."""

    derive: float
    judge: float
    print: float
    steps: int
    proved: int
    characters: int

    @property
    def seconds(self) -> float:
        return self.derive + self.judge + self.print

    @property
    def parts(self) -> str:
        made = {"derive": self.derive, "judge": self.judge, "print": self.print}
        return ", ".join(f"{name} {duration(seconds)}" for name, seconds in made.items())


def answered(depth: int) -> Answered:
    """The lecture's question at a given depth: derived, every step judged by the kernel, all lines as LaTeX."""
    start = time.perf_counter()
    made = derive(NAME, MLP(depth=depth))
    derived = time.perf_counter()
    outcomes = [kernel.judge(step, made) for step in made.steps]
    judged = time.perf_counter()
    text = made.latex()
    printed = time.perf_counter()
    proved = sum(isinstance(outcome, Proved) for outcome in outcomes)
    return Answered(derived - start, judged - derived, printed - judged, len(outcomes), proved, len(text))


def symbolic_depth(plan: Plan) -> Iterator[Row]:
    """The derivation for a symbol L, in a process that has done it before."""
    first = once(lambda: derive(NAME))
    found = repeated(lambda: derive(NAME), plan.repeats)
    beside = f"CPU {duration(found.cpu)}, the first one {duration(first.seconds)}"
    figure = "derivation for symbolic L, in process"
    yield within("derivation", figure, found.seconds, 0.02, beside, cpu=found.cpu, first=first.seconds)


def depth_100(plan: Plan) -> Iterator[Row]:
    """Depth 100: derived, every step judged by the kernel, printed as LaTeX."""
    figure = f"depth {DEPTH}: derive, judge every step, print"
    found = sorted((answered(DEPTH) for _ in range(plan.slow)), key=lambda each: each.seconds)
    middle = found[len(found) // 2]
    if middle.proved < middle.steps:
        yield failure("depth100", figure, f"the kernel proves {middle.proved} of {middle.steps} steps")
        return
    beside = middle.parts
    yield within("depth100", figure, middle.seconds, 2.0, beside, steps=middle.steps, characters=middle.characters)


def written_out(depth: int) -> Expr:
    """`(0 … x … 0) D_1 W_1ᵀ … D_L W_Lᵀ ∂L/∂ŷ`, factor by factor."""
    factors: list[Expr] = [ColumnAt(Hidden(0), index("j"), units(1))]
    for l in range(1, depth + 1):
        factors += [ActivationJacobian("g", PreActivation(l)), Transpose(Weight(l))]
    return Product((*factors, Partial(LOSS, PreActivation(depth + 1))))


def closed_form(plan: Plan) -> Iterator[Row]:
    """The closed form at depth 3,000: derived and printed with the product sign, and printed without it."""
    network = MLP(depth=LONG)
    signed = repeated(lambda: derive("weight_gradient", network).latex(), plan.slow)
    figure = f"depth {LONG:,}: closed form, derived and printed"
    yield within("closed", figure, signed.seconds, 0.5, f"CPU {duration(signed.cpu)}", cpu=signed.cpu)
    printed: list[str] = []
    found = repeated(lambda: printed.append(latex(written_out(LONG), network=network)), plan.slow)
    beside = f"CPU {duration(found.cpu)}, {len(printed[0]):,} characters"
    figure = f"depth {LONG:,}: closed form, factor by factor"
    yield within("closed", figure, found.seconds, 0.5, beside, cpu=found.cpu, characters=len(printed[0]))


# --- growth ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cost:
    """What a depth cost, by the character of LaTeX that came out."""

    depth: int
    seconds: float
    bytes: float
    characters: int


def growth(plan: Plan) -> Iterator[Row]:
    """Time and memory by the character at growing depths, each in a process of its own."""
    found: list[Cost] = []
    for depth in plan.depths:
        runs = [python("-m", "benchmarks.growth", str(depth)) for _ in range(plan.slow if depth < 300 else 1)]
        bad = next((run for run in runs if run.status), None)
        if bad is not None:
            yield failure("growth", f"depth {depth}: derive, judge, print", bad.complaint)
            continue
        read = [json.loads(run.output) for run in runs]
        characters = read[0]["characters"]
        seconds = median(sum(one["seconds"].values()) for one in read)
        taken = median(one["bytes"] for one in read)
        found.append(Cost(depth, seconds, taken, characters))
        yield from growth_rows(found)


def growth_rows(found: list[Cost]) -> Iterator[Row]:
    """Time and memory of the last depth, beside the cheapest character of the depths before."""
    now = found[-1]
    time_by = [1e6 * cost.seconds / cost.characters for cost in found]
    bytes_by = [cost.bytes / cost.characters for cost in found]
    total = {"time": duration(now.seconds), "memory": f"{now.bytes / 2**20:.3g} MB"}
    for what, by, unit in (("time", time_by, "µs"), ("memory", bytes_by, "bytes")):
        ratio = by[-1] / min(by[:-1]) if len(by) > 1 else None
        yield Row(
            "growth",
            f"depth {now.depth}: {what} of derive, judge, print",
            f"{by[-1]:.3g} {unit} a character",
            f"{total[what]}, {now.characters:,} characters",
            "" if ratio is None else f"≤ {GROWN} × before",
            ratio,
            "" if ratio is None else "× before",
            None if ratio is None else ratio <= GROWN,
            numbers={"depth": now.depth, "characters": now.characters, "seconds": now.seconds, "bytes": now.bytes},
        )
