"""Rows of a CSV, as RFC 4180 and spreadsheets write them: quotes, line breaks inside cells, `,` `;` or tabs between.

Python's own reader takes all that follows an unclosed quote for one cell; here it costs the row in which it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

BETWEEN = ",;\t"
_BREAK = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True)
class CsvRow:
    """The cells of a row, which begins in a line counted from 1."""

    line: int
    cells: list[str]


@dataclass(frozen=True)
class CsvError:
    """A line in which a row begins that is none."""

    line: int
    problem: str


def csv_rows(text: str) -> Iterator[CsvRow | CsvError]:
    """The rows in order, without empty ones; what stands between cells is found in the first line."""
    first = text[: found.start()] if (found := _BREAK.search(text)) else text
    between = max(BETWEEN, key=first.count)
    cell = re.compile(rf'(?:"((?:[^"]|"")*+)"|([^"{between}\r\n][^{between}\r\n]*|))({between}|\r\n|\n|\r|\Z)')
    at, line = 0, 1
    while at < len(text):
        cells, end, problem = _row(text, at, cell)
        if problem:
            yield CsvError(line, problem)
            # what follows may be sound: go on with the next line
            broken = _BREAK.search(text, at)
            end = len(text) if broken is None else broken.end()
        elif cells != [""]:
            yield CsvRow(line, cells)
        line += len(_BREAK.findall(text, at, end))
        at = end


def _row(text: str, at: int, cell: re.Pattern[str]) -> tuple[list[str], int, str]:
    """The cells of a row, where it ends, and why it is none."""
    cells: list[str] = []
    while True:
        found = cell.match(text, at)
        if found is None:
            return [], at, 'has a quote that is not closed, or text behind one: write a quote in a cell as ""'
        quoted, bare, end = found.groups()
        cells.append(bare if quoted is None else quoted.replace('""', '"'))
        at = found.end()
        if end in ("", "\r\n", "\n", "\r"):
            return cells, at, ""
