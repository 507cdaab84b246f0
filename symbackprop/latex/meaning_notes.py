r"""Notes over and under braces: words, and shapes that must be those of what they are about."""

from __future__ import annotations

from collections.abc import Iterator

from symbackprop.dims import ONE, Dim, dim
from symbackprop.errors import ShapeError
from symbackprop.latex import surface as s
from symbackprop.latex.errors import ReadingError
from symbackprop.latex.meaning import read, reads
from symbackprop.latex.meaning_dims import as_dim
from symbackprop.latex.readings import Reader, Reading, Readings
from symbackprop.latex.surface import Surface
from symbackprop.substitution import free_symbols


@reads(s.Annotated)
def _(e: s.Annotated, reader: Reader) -> Readings:
    made = read(e.body, reader)
    if e.note is None or _is_prose(e.note):
        return made
    if e.kind in ("underbrace", "overbrace", "underset", "overset"):
        wanted = list(_noted_shapes(e.note, reader))
        if wanted:
            return _with_shape(made, wanted, e, reader)
        named = _with_name(made, e.note, reader)
        if named:
            return named
    raise reader.error(
        f"the note {reader.source(e.note)!r} cannot be read: write words, or a shape such as n \\times m", e.note
    )


def _with_name(made: Readings, note: Surface, reader: Reader) -> Readings:
    """The readings that are the quantity of which the name is written below them."""
    if not isinstance(note, s.Letter | s.Scripted):
        return []
    try:
        meant = {part.settled for part in read(note, reader)}
    except ReadingError:
        return []
    return [part for part in made if part.settled in meant]


def _is_prose(e: Surface) -> bool:
    if isinstance(e, s.Listed):
        return all(_is_prose(part) for part in e.parts)
    return isinstance(e, s.Prose) or (isinstance(e, s.Letter) and len(e.text) > 1)


def _noted_shapes(note: Surface, reader: Reader) -> Iterator[tuple[Dim, Dim]]:
    r"""`n_l \times (n_{l+1} - 1), \text{ or } n_L \times n_{L+1}`: the first is the shape, the others at the ends."""
    for part in note.parts if isinstance(note, s.Listed) else (note,):
        if isinstance(part, s.Prose):
            continue
        if not (isinstance(part, s.Term) and len(part.factors) == 2 and part.signs[0].text == "×"):
            return
        sizes = [as_dim(_bare(factor), reader) for factor in part.factors]
        if sizes[0] is None or sizes[1] is None:
            return
        yield reader.scope.units(sizes[0]), reader.scope.units(sizes[1])


def _bare(e: Surface) -> Surface:
    return e.body if isinstance(e, s.Fenced) and e.left == "(" else e


def _with_shape(made: Readings, wanted: list[tuple[Dim, Dim]], e: s.Annotated, reader: Reader) -> Readings:
    """The readings that have the shape that is written below them.

    Raises:
        NonconformingError: if none has.
    """
    first, *others = wanted
    fitting: Readings = []
    for part in made:
        found = reader.same(part.shape, first, part.found)
        if found is not None and all(_at_an_end(part, other, reader) for other in others):
            fitting.append(Reading(part.tree, part.shape, part.mark, found, part.assumed))
    if not fitting:
        assert e.note is not None
        said = reader.scope.written(made[0].size)
        raise reader.nonconforming(
            f"{reader.source(e.body)!r} is {said}, and not {reader.source(e.note)}: write that below it",
            e.note,
            made[0].settled,
        )
    return fitting


def _at_an_end(part: Reading, wanted: tuple[Dim, Dim], reader: Reader) -> bool:
    """Whether a shape is that of the part with its index at an end: at the depth, or at 0 or 1."""
    from symbackprop.substitution import substitute

    tree = part.settled
    network = reader.scope.network
    ends = (network.depth, dim(0), ONE, network.depth - 1, network.depth + 1)
    for name in free_symbols(tree):
        for end in ends:
            try:
                rows, columns = reader.scope.shape(substitute(tree, {name: end}))
            except ShapeError:
                continue
            normal = network.normal
            if (normal(rows), normal(columns)) == (normal(wanted[0]), normal(wanted[1])):
                return True
    return False
