"""Rows of the table, and the table as text and as data."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import groupby
from textwrap import wrap
from typing import Any

HEADINGS = ("figure", "measured", "beside it", "line to reach", "ratio", "ok")
WORDS = {True: "yes", False: "NO", None: ""}


@dataclass(frozen=True)
class Row:
    """One figure.

    Attributes:
        name: of the group that `--only` selects.
        figure: what is measured, in words.
        measured: with its unit.
        beside: what it is compared with, in the same run.
        line: the line to reach, if there is one.
        ratio: measured by `to`: what stands beside, or the line itself.
        to: what the ratio is to.
        ok: whether the line is reached; None where there is none.
        failed: whether it could not be measured at all.
        numbers: what was measured, as numbers.
        columns: what stands beside it, each in a column of its own, instead of in `beside`.
        note: what stands below the table, once.
    """

    name: str
    figure: str
    measured: str
    beside: str = ""
    line: str = ""
    ratio: float | None = None
    to: str = ""
    ok: bool | None = None
    failed: bool = False
    numbers: Mapping[str, Any] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    note: str = ""

    def headings(self) -> tuple[str, ...]:
        figure, measured, beside, *rest = HEADINGS
        return figure, measured, *(self.columns or [beside]), *rest

    def cells(self) -> tuple[str, ...]:
        ratio = "" if self.ratio is None else f"{digits(self.ratio)} {self.to}".strip()
        beside = self.columns.values() if self.columns else [self.beside]
        return self.figure, self.measured, *beside, self.line, ratio, WORDS[self.ok]


def digits(value: float) -> str:
    """Two significant digits, no exponent: 0.27, 3.1, 48, 1,200."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"


def duration(seconds: float) -> str:
    """Seconds in the unit a person would use."""
    for scale, unit in ((1.0, "s"), (1e-3, "ms")):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"


def within(name: str, figure: str, seconds: float, limit: float, beside: str = "", **numbers: Any) -> Row:
    """A row of a time that has a line of its own."""
    return Row(
        name,
        figure,
        duration(seconds),
        beside,
        f"≤ {duration(limit)}",
        seconds / limit,
        "of the line",
        seconds <= limit,
        numbers={"seconds": seconds, "limit": limit, **numbers},
    )


def failure(name: str, figure: str, why: str) -> Row:
    """A row of what could not be measured; the reason stands below the table."""
    return Row(name, figure, "failed", ok=False, failed=True, numbers={"why": why})


def table(rows: Sequence[Row]) -> str:
    """The rows below the headings, a column each, nothing cut off; below them notes, and why what failed did.

    Rows with columns of their own have headings of their own.
    """
    shown = "\n\n".join("\n".join(_aligned(list(same))) for _, same in groupby(rows, Row.headings)).split("\n")
    counted = [row.ok for row in rows if row.ok is not None]
    shown.append(f"{sum(counted)} of {len(counted)} lines reached")
    notes = dict.fromkeys(row.note for row in rows if row.note)
    return "\n".join([*shown, *notes, *(f"{row.figure}: {row.numbers['why']}" for row in rows if row.failed)])


def _aligned(rows: Sequence[Row]) -> list[str]:
    """Rows with the same headings, below them."""
    lines = [rows[0].headings(), *(row.cells() for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    shown = ["  ".join(f"{cell:{size}}" for cell, size in zip(line, widths, strict=True)).rstrip() for line in lines]
    return [shown[0], "  ".join("─" * size for size in widths), *shown[1:]]


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
    }


def heading() -> str:
    """Where and how it was measured."""
    found = machine()
    load = "" if found["load"] is None else f", load {found['load']}"
    text = (
        f"Python {found['python']}, {found['cores']} cores{load}. Times are medians of the wall clock on whatever else "
        "runs here, what is compared runs in turns, and CPU is the process's own time: on a busy machine trust ratios "
        "and CPU. A cold process is a fresh one; its files are in the disk cache and compiled."
    )
    return "\n".join(wrap(text, 100))


def data(rows: Sequence[Row]) -> dict[str, Any]:
    """The table as data."""
    return {"machine": machine(), "rows": [asdict(row) for row in rows]}
