"""Figures of the lecture, each as a table of numbers and as vectors or pixels.

Each file in `panels` is one figure and has a `DESIGN`; it is found by itself. Numbers are drawn from seeded generators,
so that a figure is the same each time. Only drawing needs matplotlib.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from symbackprop.errors import SymbackpropError
from symbackprop.figures import ahead
from symbackprop.figures.figure import FORMATS, NUMBERS, Design, Figure, check_matplotlib, options_of
from symbackprop.progress import Progress, silent
from symbackprop.writing import check_place, write_all

__all__ = ["FORMATS", "Figure", "check_outputs", "design", "figure", "names", "pdf", "save", "svg"]


@cache
def names() -> tuple[str, ...]:
    """The names of the figures, in the order of the lecture."""
    files = (Path(__file__).parent / "panels").glob("*.py")
    found = [path.stem for path in files if path.stem != "__init__"]
    return tuple(sorted(found, key=lambda name: (_design(name).order, name)))


def design(name: str) -> Design:
    """How that figure is made, with its caption.

    Raises:
        SymbackpropError: for an unknown name.
    """
    if name not in names():
        raise SymbackpropError(f"there is no figure {name!r}: write one of {', '.join(names())}")
    return _design(name)


def _design(name: str) -> Design:
    made: Design = importlib.import_module(f"symbackprop.figures.panels.{name}").DESIGN
    return made


def figure(name: str, progress: Progress = silent, **options: Any) -> Figure:
    """Compute the numbers of a figure.

    Args:
        name: one of `names()`.
        progress: called with how many parts are done, and of how many.
        options: such as `seed=1`; each figure has its own.

    Raises:
        SymbackpropError: for an unknown name, or an option that is unknown or no number in its range.
    """
    made = design(name)
    _check(name, options_of(made), options)
    return Figure(name, made, made.numbers(progress, **options))


def _check(name: str, known: dict[str, Any], options: dict[str, Any]) -> None:
    for option, value in options.items():
        if option not in known:
            offered = ", ".join(f"{each}={default!r}" for each, default in known.items())
            told = f"write one of {offered}" if known else "leave it out"
            raise SymbackpropError(f"the figure {name} has no option {option!r}: {told}")
        # sizes and seeds are whole; a variance need not be
        whole, least = isinstance(known[option], int), 0 if option == "seed" else 1
        if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
            raise SymbackpropError(f"{option} = {value!r} is no {'whole ' * whole}number: write {known[option]!r}")
        if not (least <= value if whole else 0 < value < math.inf):
            raise SymbackpropError(f"{option} = {value!r} is out of range: write {known[option]!r}, say")


@cache
def _by_default(name: str) -> Figure:
    return figure(name)


@cache
def svg(name: str) -> bytes:
    """The vectors of a figure, for a document or a page.

    Raises:
        SymbackpropError: for an unknown name.
        MissingExtraError: where matplotlib is not installed.
    """
    design(name)
    check_matplotlib()
    return ahead.collected(name) or _by_default(name).svg()


@cache
def pdf(name: str) -> bytes:
    """A page of the size of the figure, for LaTeX.

    Raises:
        SymbackpropError: for an unknown name.
        MissingExtraError: where matplotlib is not installed.
    """
    check_matplotlib()
    return _by_default(name).pdf()


def check_outputs(outputs: Iterable[str | Path]) -> None:
    """Refuse what cannot be written, before any work is done for it.

    Raises:
        SymbackpropError: for an unknown suffix, or a folder that is not there or not writable.
        MissingExtraError: where matplotlib is not installed and a format needs it.
    """
    for path in map(Path, outputs):
        suffix = path.suffix.lower()
        if suffix not in FORMATS:
            raise SymbackpropError(
                f"{path}: there is no format {path.suffix or 'without a suffix'} for figures: write a name that ends "
                f"in {', '.join(FORMATS)}"
            )
        check_place(path)
        if suffix not in NUMBERS:
            check_matplotlib()


def save(name: str, outputs: Iterable[str | Path], progress: Progress = silent, **options: Any) -> Figure:
    """Write a figure to files, to all of them or to none; the suffix chooses the format.

    Args:
        name: one of `names()`.
        outputs: where; a file that is there already is replaced.
        progress: called with how many parts are done, and of how many.
        options: those of the figure.

    Raises:
        SymbackpropError: for an unknown name, option or suffix, or where a file cannot be written.
        MissingExtraError: where matplotlib is not installed and a format needs it.
    """
    targets = list(dict.fromkeys(map(Path, outputs)))
    check_outputs(targets)
    made = figure(name, progress, **options)
    write_all([(target, FORMATS[target.suffix.lower()](made)) for target in targets])
    return made
