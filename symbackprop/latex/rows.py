r"""Rows and cells: what stands between `\\` and `&`."""

from __future__ import annotations

from symbackprop.latex.items import Item, Items
from symbackprop.latex.joining import PLAIN, Joiner
from symbackprop.latex.surface import Blank, Lines, Span, Surface

# what parts the items of several rows or cells
_MARKS = frozenset({"row", "amp"})


def lines(joiner: Joiner, items: Items, span: Span) -> Surface:
    r"""The rows between `\\`, their marks `&` left out; one row alone is itself.

    A row may go on with a multiplication sign: its first factor is then `Blank`.
    """
    kinds = {item.kind for item in items}
    if kinds.isdisjoint(_MARKS):
        if items and kinds <= PLAIN:
            return joiner.chain(items)
        rest = without_stop(items)
        return joiner.line(rest) if rest else Blank(span)
    rows: list[Surface] = []
    for row in _split(items, "row"):
        rest = without_stop(_aligned(row))
        if rows and rest and rest[0].kind == "mul" and len(rest) > 1:
            place = rest[0].start
            rest.insert(0, Item("atom", Blank((place, place)), place, place))
        if rest:
            rows.append(joiner.line(rest))
    if not rows:
        return Blank(span)
    return rows[0] if len(rows) == 1 else Lines(span, tuple(rows))


def cells(joiner: Joiner, items: Items, span: Span, *, punctuated: bool) -> tuple[tuple[Surface, ...], ...]:
    """The cells of a matrix, row by row; an empty last row is left out.

    Args:
        punctuated: whether a comma or a full stop at the end of a cell belongs to the sentence, as in `cases`.
    """
    rows: list[tuple[Surface, ...]] = []
    split = _split(items, "row")
    if len(split) > 1 and not split[-1]:
        split.pop()
    for row in split:
        found = []
        for cell in _split(row, "amp"):
            rest = without_stop(cell) if punctuated else cell
            place = row[0].start if row else span[0]
            found.append(joiner.line(rest) if rest else Blank((place, place)))
        rows.append(tuple(found))
    return tuple(rows)


def without_stop(items: Items) -> list[Item]:
    """A displayed line without the punctuation of the sentence that it stands in."""
    end = len(items)
    while end and (items[end - 1].kind in ("stop", "quad") or items[end - 1].value in (",", ";")):
        end -= 1
    return list(items[:end])


def _aligned(row: list[Item]) -> list[Item]:
    """A row with its marks of alignment left out, and those between two of its columns as wide spaces."""
    marks = 0
    found: list[Item] = []
    for item in row:
        if item.kind != "amp":
            found.append(item)
            continue
        marks += 1
        if marks % 2 == 0:
            found.append(Item("quad", "quad", item.start, item.end))
    return found


def _split(items: Items, kind: str) -> list[list[Item]]:
    found: list[list[Item]] = [[]]
    for item in items:
        if item.kind == kind:
            found.append([])
        else:
            found[-1].append(item)
    return found
