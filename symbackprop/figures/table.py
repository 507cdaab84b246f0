"""The numbers of a figure: columns that say their units, and rows of numbers and words."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

Cell = str | int | float
DIMENSIONLESS = "dimensionless"
# figures in the table that a person reads; a CSV file has them all
FIGURES = 6


@dataclass(frozen=True)
class Column:
    """A column; one of words has no unit."""

    name: str
    unit: str | None = DIMENSIONLESS

    @property
    def header(self) -> str:
        """`gradient norm (dimensionless)`."""
        return self.name if self.unit is None else f"{self.name} ({self.unit})"


def words(name: str) -> Column:
    """A column of words."""
    return Column(name, None)


@dataclass(frozen=True)
class Table:
    """What a figure shows. NumPy's numbers are made Python's, so that they are written with all their figures.

    Raises:
        ValueError: for a row that is longer or shorter than the columns.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def __init__(self, columns: Sequence[Column], rows: Iterable[Sequence[Any]]) -> None:
        object.__setattr__(self, "columns", tuple(columns))
        object.__setattr__(self, "rows", tuple(tuple(map(_plain, row)) for row in rows))
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"a row of {len(row)} cells in a table of {len(self.columns)} columns: {row}")

    def column(self, name: str) -> list[Any]:
        """The cells under that name."""
        place = self._place(name)
        return [row[place] for row in self.rows]

    def distinct(self, name: str) -> list[Any]:
        """The cells under that name, each once, in the order of the rows."""
        return list(dict.fromkeys(self.column(name)))

    def where(self, name: str, value: Cell) -> Table:
        """The rows that have a value under that name."""
        place = self._place(name)
        return Table(self.columns, (row for row in self.rows if row[place] == value))

    def csv(self) -> str:
        """RFC 4180 but for its line ends; the first line has the names with their units."""
        written = io.StringIO()
        writer = csv.writer(written, lineterminator="\n")
        writer.writerow(column.header for column in self.columns)
        writer.writerows(self.rows)
        return written.getvalue()

    def text(self) -> str:
        """Columns side by side, as a person reads them: names, units, and the rows."""
        names = [column.name for column in self.columns]
        units = [column.unit or "" for column in self.columns]
        lines = [names, units, *([_figure(cell) for cell in row] for row in self.rows)]
        widths = [max(len(line[place]) for line in lines) for place in range(len(self.columns))]
        return "\n".join(self._line(line, widths) for line in lines)

    def _line(self, cells: Sequence[str], widths: Sequence[int]) -> str:
        aligned = (
            cell.ljust(width) if column.unit is None else cell.rjust(width)
            for column, cell, width in zip(self.columns, cells, widths, strict=True)
        )
        return "  ".join(aligned).rstrip()

    def _place(self, name: str) -> int:
        return [column.name for column in self.columns].index(name)


def _plain(cell: Any) -> Cell:
    made: Cell = cell.item() if hasattr(cell, "item") else cell
    return made


def _figure(cell: Cell) -> str:
    return f"{cell:.{FIGURES}g}" if isinstance(cell, float) else str(cell)
