"""A figure: how its numbers are computed and drawn, and what it looks like in each format."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from symbackprop.errors import MissingExtraError
from symbackprop.figures.table import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Sheet


@dataclass(frozen=True)
class Design:
    """What a file in `panels` says of its figure.

    Attributes:
        order: its place in the list.
        caption: one sentence on what is seen.
        alt: words in place of the figure, for who does not see it.
        numbers: `(progress, **options) -> Table`; the options are keywords with defaults.
        draw: the sheet of that table and of nothing else.
    """

    order: int
    caption: str
    alt: str
    numbers: Callable[..., Table]
    draw: Callable[[Table], Sheet]


@dataclass(frozen=True)
class Figure:
    """A figure whose numbers are there. The same numbers give the same bytes, whenever and wherever they are drawn.

    Drawing raises `MissingExtraError` where matplotlib is not installed; the table needs NumPy alone.
    """

    name: str
    design: Design
    table: Table

    @property
    def caption(self) -> str:
        return self.design.caption

    @property
    def alt(self) -> str:
        return self.design.alt

    def csv(self) -> bytes:
        """The table, each column with its unit."""
        return self.table.csv().encode()

    def svg(self) -> bytes:
        """Vectors; letters are outlines, so that no font is needed where it is shown."""
        return self._drawn("svg")

    def pdf(self) -> bytes:
        return self._drawn("pdf")

    def png(self) -> bytes:
        """Pixels, 300 to the inch."""
        return self._drawn("png")

    def _repr_svg_(self) -> str:
        return self.svg().decode()

    def _drawn(self, kind: str) -> bytes:
        check_matplotlib()
        from symbackprop.figures import style

        return style.drawn(kind, lambda: self.design.draw(self.table))


def check_matplotlib() -> None:
    """Say so before any work is done, where no figure can be drawn.

    Raises:
        MissingExtraError: where matplotlib is not installed.
    """
    from importlib.util import find_spec

    if find_spec("matplotlib") is None:
        raise MissingExtraError(
            "figures are drawn by matplotlib, and it is not installed: pip install 'symbackprop[plots]', "
            "or write a name that ends in .csv"
        )


# a new format is a row here
FORMATS: dict[str, Callable[[Figure], bytes]] = {
    ".svg": Figure.svg,
    ".png": Figure.png,
    ".pdf": Figure.pdf,
    ".csv": Figure.csv,
}
# what needs no matplotlib
NUMBERS = {".csv"}


def options_of(design: Design) -> dict[str, Any]:
    """The options of a figure with their defaults."""
    import inspect

    parameters = inspect.signature(design.numbers).parameters.values()
    return {each.name: each.default for each in parameters if each.kind is each.KEYWORD_ONLY}
