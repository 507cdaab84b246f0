"""Every figure in one table: `python -m benchmarks`.

Exit: 0 when everything was measured, whether or not a line is reached; 1 if something could not be; 2 wrong usage.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path

# before NumPy is loaded: what is compared shall not compete for cores; what the caller has set stays
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.plan import FULL, SHORT, Plan
from benchmarks.table import Row, data, heading, table

Figure = Callable[[Plan], Iterator[Row]]

# name of the figures: where they are measured; processes first, while nothing is loaded here
FIGURES = {
    "help": "startup.help_answers",
    "terminal": "startup.to_terminal",
    "files": "startup.to_files",
    "tensorgrad": "startup.tensorgrad",
    "reading": "reading.stages",
    "derivation": "derivations.symbolic_depth",
    "depth100": "derivations.depth_100",
    "closed": "derivations.closed_form",
    "growth": "derivations.growth",
    "sympy": "explicit.blow_up",
    "numbers": "gradient_rows.beside_hand",
    "bounds": "bounds.qr_beside_svd",
    "spectra": "spectra.monte_carlo",
    "random": "random_networks.compared",
    "compiled": "compiled.compared",
    "equations": "equations.linear",
    "others": "others.beside",
    "grading": "grading.grading",
    "mutants": "mutants.wrong_and_right",
    "answers": "answers.beside",
}


def figure(name: str) -> Figure:
    """The function that measures the figures of a name."""
    module, function = FIGURES[name].split(".")
    found: Figure = getattr(import_module(f"benchmarks.{module}"), function)
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Every figure in one table.")
    parser.add_argument("names", metavar="NAME", nargs="*", help="what to measure, everything if nothing is named")
    parser.add_argument("--only", metavar="NAME", action="append", choices=[*FIGURES], help=", ".join(FIGURES))
    parser.add_argument("--short", action="store_true", help="few repetitions and small sizes, within a minute")
    parser.add_argument("--networks", metavar="N", type=int, help="how many random networks are compared")
    parser.add_argument("--mutants", metavar="N", type=int, help="how many wrong answers are judged")
    parser.add_argument("--rewrites", metavar="N", type=int, help="how many right answers, written in other ways")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the rows to a file as well")
    options = parser.parse_args(argv)

    named = [*options.names, *(options.only or [])]
    for name in named:
        if name not in FIGURES:
            parser.error(f"there is no figure {name!r}: write one of {', '.join(FIGURES)}")
    plan = SHORT if options.short else FULL
    for name in ("networks", "mutants", "rewrites"):
        count = getattr(options, name)
        if count is not None:
            if count < 1:
                parser.error(f"--{name} {count}: write how many, 1 or more")
            plan = replace(plan, **{name: count})
    rows: list[Row] = []
    for name in dict.fromkeys(named or FIGURES):
        print(f"{name} …", file=sys.stderr)
        rows.extend(figure(name)(plan))
    print(f"{heading()}\n\n{table(rows)}")
    if options.json is not None:
        options.json.write_text(json.dumps(data(rows), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return int(any(row.failed for row in rows))


if __name__ == "__main__":
    sys.exit(main())
