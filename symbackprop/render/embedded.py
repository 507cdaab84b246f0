"""Figures within documents: their vectors, or a sentence in their place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from symbackprop import figures
from symbackprop.errors import MissingExtraError
from symbackprop.render.blocks import Aside, Block, Document, Picture


def vectors(made: Picture) -> str | None:
    """The figure as SVG; None where it cannot be drawn."""
    try:
        return figures.svg(made.name).decode()
    except MissingExtraError:
        return None


def absent(made: Picture) -> str:
    """A sentence in the place of a figure that cannot be drawn: what is seen in it, and what to install."""
    return (
        f"Here is the figure {made.name}: {made.alt.rstrip('.')}. "
        "It is drawn by matplotlib, which is not installed: pip install 'symbackprop[plots]'"
    )


def pages(made: Document) -> dict[str, bytes]:
    """The files with the figures of a document that stand beside a LaTeX file; none where they cannot be drawn."""
    try:
        return {f"{picture.name}.pdf": figures.pdf(picture.name) for picture in pictures(made.blocks)}
    except MissingExtraError:
        return {}


def pictures(blocks: Iterable[Block]) -> Iterator[Picture]:
    """The figures in blocks and in the remarks among them."""
    for block in blocks:
        if isinstance(block, Picture):
            yield block
        elif isinstance(block, Aside):
            yield from pictures(block.blocks)
