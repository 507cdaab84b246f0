r"""What an index below `\sum`, `\prod` or `\max` runs over: the ends that are written, or those of what it numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from symbackprop import expr
from symbackprop.dims import ONE, Dim, Symbol, at_most, corners, index
from symbackprop.expr import Expr
from symbackprop.latex import surface as s
from symbackprop.latex.meaning_dims import read_dim
from symbackprop.latex.readings import Reader, Reading
from symbackprop.latex.sizes import Found, is_open, put_in, same
from symbackprop.latex.surface import Surface
from symbackprop.substitution import counts_layers, ranged_parts
from symbackprop.tree import subterms


@dataclass(frozen=True)
class Bounds:
    """An index with the ends of its range as they are written; None where they are not."""

    name: str
    first: Dim | None = None
    last: Dim | None = None

    def ends(self, body: Expr, reader: Reader) -> tuple[Dim, Dim] | None:
        """The ends as the network counts them; whether they are layers, the body says."""
        if self.first is None or self.last is None:
            return None
        is_layer = bool(reader.scope.notation.first) and counts_layers(self.name, body)
        first, last = (reader.scope.end(each, self.name, is_layer) for each in (self.first, self.last))
        return first, last


def bounds_of(e: s.Big, reader: Reader) -> list[Bounds]:
    """The indices that a sign binds, the outermost first.

    Raises:
        ReadingError: if they are not written as `l=1` or `l`.
    """
    below = e.sub
    if below is None:
        raise reader.error(f"{e.sign} does not say over what: write the index and its first value below it", e)
    upper = None if e.sup is None else read_dim(e.sup, reader)
    if isinstance(below, s.Listed) and all(sign.text == "," for sign in below.signs):
        parts: tuple[Surface, ...] = below.parts
    elif isinstance(below, s.Term) and all(sign.text == "" for sign in below.signs):
        parts = below.factors
    else:
        parts = (below,)
    if len(parts) > 1 and upper is not None:
        raise reader.error(f"several indices have one upper end: write a {e.sign} for each", below)
    return [_bounds(part, upper, e, reader) for part in parts]


def _bounds(below: Surface, upper: Dim | None, e: s.Big, reader: Reader) -> Bounds:
    match below:
        case s.Chain(parts=(letter, first), signs=(s.Sign(text="="),)):
            if isinstance(first, s.Chain) and len(first.parts) == 2:
                return Bounds(name_of(letter, reader), *(read_dim(end, reader) for end in first.parts))
            if upper is None:
                raise reader.error(f"{e.sign} does not say where it ends: write the last value above it", e)
            return Bounds(name_of(letter, reader), read_dim(first, reader), upper)
        case s.Letter(text=text) if upper is None and len(text) == 1:
            return Bounds(name_of(below, reader))
        case s.Letter() if upper is not None:
            raise reader.error("the first value of the index is missing: write l=1 below", below)
    raise reader.error(
        f"{reader.source(below)!r} below {e.sign} cannot be read: write the index and its first value, as k=1, "
        "and the last one above",
        below,
    )


def name_of(e: Surface, reader: Reader) -> str:
    """The name of the integer symbol that a sign binds."""
    found = read_dim(e, reader)
    match found:
        case Dim(((Symbol(name), 1),), shift) if shift == -reader.scope.notation.shift_of(name):
            return name
    raise reader.error(f"{reader.source(e)!r} is no index: write a letter", e)


def ranged(at: Bounds, body: Reading, e: s.Big, reader: Reader) -> tuple[Dim, Dim, Found]:
    """The ends of an index, and what they say of open sizes; ends that are not written are those of its entries.

    Raises:
        ReadingError: if nothing says them, or there are fewer entries.
    """
    ends = at.ends(body.settled, reader)
    sizes = [(part, put_in(size, body.found)) for part, size in _numbered(at.name, body, reader)]
    found = body.found
    if ends is None:
        if not sizes:
            raise reader.error(
                f"nothing says over what {at.name} runs: write its first value below and its last above the {e.sign}", e
            )
        (_, first), *others = sizes
        for _, other in others:
            after = same(first, other, found, reader.scope.conform)
            if after is None:
                says = reader.scope.says
                raise reader.error(f"{at.name} would run to {says(first)} and to {says(other)}: write its ends", e)
            found = after
        return ONE, put_in(first, found), found
    first, last = ends
    for part, size in sizes:
        open_size = put_in(size, found)
        if not last.symbols.isdisjoint(reader.bound):
            # how far it runs, who knows the range of the outer index says
            continue
        if any(map(is_open, open_size.symbols)):
            found = same(open_size, last, found, reader.scope.conform) or found
        elif not reader.scope.is_layered and not at_most(last, open_size, dict.fromkeys(last.symbols, (ONE, None))):
            says = reader.scope.says
            raise reader.error(
                f"{at.name} runs to {says(last)}, but {part} has {says(open_size)} entries: write {says(open_size)} "
                "above the sign, or other shapes",
                e,
            )
    refuse_outside(at.name, ends, body, e, reader)
    return first, last, found


def refuse_outside(name: str, ends: tuple[Dim, Dim], body: Reading, at: s.Span | Surface, reader: Reader) -> None:
    """Refuse what surely numbers nothing at one end of its index: `x_i` from 0, `x_{i+1}` up to the last.

    Inside of sums with ends of their own too: `Σ_{i=1}^{n+1} Σ_{j=1}^i x_j`.
    """
    for part, inner, _ in ranged_parts(body.settled):
        for operand, place, size in _places_of(part, body, reader):
            if not inner and name not in place.symbols:
                continue
            open_size = put_in(size, body.found)
            for end in (place.at(way) for way in corners([(name, *ends), *inner])):
                if (
                    at_most(end, 0, {})
                    or at_most(open_size + 1, end, {})
                    or (inner and not _may_reach(end, open_size, reader))
                ):
                    says = reader.scope.says
                    raise reader.error(
                        f"the index {says(place)} of {operand} would be {says(end)}, out of its range: it runs from 1 "
                        f"to {says(open_size)}",
                        at,
                    )


def _may_reach(end: Dim, size: Dim, reader: Reader) -> bool:
    """Whether the last value of an index is no more than a size; also where another index or layers have to say it."""
    is_settled = not end.is_constant and end.symbols.isdisjoint(reader.bound) and not any(map(is_open, size.symbols))
    if reader.scope.is_layered or not is_settled:
        return True
    return at_most(end, size, dict.fromkeys(end.symbols | size.symbols, (ONE, None)))


def _numbered(name: str, body: Reading, reader: Reader) -> list[tuple[Expr, Dim]]:
    """What an index numbers entries, rows or columns of, and how many of them there are."""
    k = index(name)
    return [(part, size) for part, place, size in _places(body, reader) if place == k]


def _places(body: Reading, reader: Reader) -> Iterator[tuple[Expr, Dim, Dim]]:
    """What has its entries, rows or columns numbered in a body, by what, and how many of them there are."""
    for _, part in subterms(body.settled):
        yield from _places_of(part, body, reader)


def _places_of(part: Expr, body: Reading, reader: Reader) -> Iterator[tuple[Expr, Dim, Dim]]:
    """What has its entries, a row or a column numbered by a part of a body itself."""
    if isinstance(part, expr.Entry | expr.Row | expr.Column):
        rows, columns = reader.scope.shape(part.operand, body.found)
        if isinstance(part, expr.Entry | expr.Row):
            of_row = isinstance(part, expr.Entry) and part.column is None and reader.scope.turned
            yield part.operand, part.row, columns if of_row else rows
        if isinstance(part, expr.Entry | expr.Column) and part.column is not None:
            yield part.operand, part.column, columns
