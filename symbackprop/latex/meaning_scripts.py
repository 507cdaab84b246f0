"""Letters with accents and scripts: variables, their entries, rows and columns, transposes and powers."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from symbackprop import expr
from symbackprop.dims import Dim
from symbackprop.latex import surface as s
from symbackprop.latex.counting import MOST_KEPT, keep_in
from symbackprop.latex.errors import ReadingError
from symbackprop.latex.marks_above import Above, Layer, Turned, read_above
from symbackprop.latex.meaning import read, reads
from symbackprop.latex.meaning_dims import as_dim, read_dim, read_places
from symbackprop.latex.parts import mark_of, marked, measured, parted, primed, scripted, turned
from symbackprop.latex.places import ANY, Candidate, Head, Places
from symbackprop.latex.readings import Mark, Reader, Reading, Readings, leaf
from symbackprop.latex.sizes import NOTHING
from symbackprop.latex.surface import Surface, written_in
from symbackprop.shapes import SCALAR

# letters that have a sign of their own in this style
CALLIGRAPHIC = {"L": "ℒ", "N": "𝒩"}


# --- letters ---------------------------------------------------------------------------------------------------------


def head_of(e: Surface) -> Head | None:
    """A letter with its accents and style; None if it is no letter."""
    if isinstance(e, s.Letter):
        return _head(e.text, e.style)
    match e:
        case s.Accented(accent=accent, body=body):
            inner = head_of(body)
            if inner is None:
                return None
            return Head(inner.text, inner.style, tuple(sorted((*inner.accents, accent))), inner.prefix)
        case s.Styled(style=style, body=body):
            inner = head_of(body)
            return None if inner is None else Head(inner.text, style, inner.accents, inner.prefix)
    return None


@lru_cache(maxsize=MOST_KEPT)
def _head(text: str, style: str) -> Head:
    return Head(CALLIGRAPHIC.get(text, text) if style == "calligraphic" else text, style)


def pushed_in(e: Surface) -> Surface:
    """`\\hat{y_k}` as `\\hat{y}_k`: an accent or a style over a letter with scripts is that of the letter."""
    if isinstance(e, s.Letter):
        return e
    match e:
        case s.Accented(span=span, accent=accent, body=s.Scripted() as body) if head_of(body.base) is not None:
            base: Surface = s.Accented(span, accent, body.base)
            return s.Scripted(span, base, body.sub, body.sup, body.primes, body.dotted)
        case s.Styled(span=span, style=style, body=s.Scripted() as body) if head_of(body.base) is not None:
            base = s.Styled(span, style, body.base)
            return s.Scripted(span, base, body.sub, body.sup, body.primes, body.dotted)
    return e


@reads(s.Letter, s.Accented, s.Styled)
def _(e: Surface, reader: Reader) -> Readings:
    given = _given(e, reader)
    if given is not None:
        return given
    e = pushed_in(e)
    if isinstance(e, s.Scripted):
        return read(e, reader)
    head = head_of(e)
    if head is None:
        return _around(e, reader)
    return lettered(head, s.Scripted(e.span, e), reader, written_in(e))


def _around(e: Surface, reader: Reader) -> Readings:
    """An accent or a style around what is no letter."""
    assert isinstance(e, s.Accented | s.Styled)
    if isinstance(e.body, s.Numeral):
        return _constant(e, e.body, reader)
    if isinstance(e, s.Styled):
        return read(e.body, reader)
    if e.accent == "tilde" and reader.scope.is_layered:
        return reader.one_of(
            [read(e.body, reader)], e, lambda parts, _: measured(expr.WithoutBias(parts[0].tree), parts, reader, e)
        )
    raise reader.error(f"the accent over {reader.source(e.body)!r} has no meaning here: write it over a letter", e)


def _constant(e: s.Accented | s.Styled, body: s.Numeral, reader: Reader, size: Dim | None = None) -> Readings:
    if isinstance(e, s.Styled) and body.text in ("0", "1"):
        size = reader.open_size(e.span[0]) if size is None else size
        tree = expr.Zeros(size) if body.text == "0" else expr.Ones(size)
        return [leaf(tree, reader.scope.vector(size), e)]
    raise reader.error(f"{reader.source(e)!r} has no meaning here: write {body.text}", e)


@reads(s.Scripted)
def _(e: s.Scripted, reader: Reader) -> Readings:
    written = written_in(e)
    e = flattened(e)
    given = _given(e, reader)
    if given is not None:
        return given
    if reader.scope.given and e.base in reader.scope.given:
        return scripted(read(e.base, reader), e, reader)
    inner = pushed_in(e.base)
    if inner is not e.base and isinstance(inner, s.Scripted):
        return read(s.Scripted(e.span, inner, e.sub, e.sup, e.primes, e.dotted), reader)
    head = head_of(e.base)
    if head is not None:
        return lettered(head, e, reader, written)
    if isinstance(e.base, s.Styled) and isinstance(e.base.body, s.Numeral) and e.sub is not None:
        # `\mathbf{1}_n`, n ones
        sized = _constant(e.base, e.base.body, reader, reader.scope.units(read_dim(e.sub, reader)))
        return scripted(sized, s.Scripted(e.span, e.base, None, e.sup, e.primes, e.dotted), reader)
    return scripted(read(e.base, reader), e, reader)


def _given(e: Surface, reader: Reader) -> Readings | None:
    """What a further symbol stands for; None for what is none."""
    # most scopes have none, and to look one up costs a walk through the surface
    tree = reader.scope.given.get(e) if reader.scope.given else None
    if tree is None:
        return None
    mark = mark_of(tree, e)
    return [Reading(tree, reader.scope.shape(tree), Mark(mark.span, mark.parts, True))]


def flattened(e: s.Scripted) -> s.Scripted:
    """`{W_l}^\top` as `W_l^\top`: scripts of a letter that already has scripts, each in its place."""
    base = e.base
    if not isinstance(base, s.Scripted) or head_of(base.base) is None or (e.sub is not None and base.sub is not None):
        return e
    if base.sup is not None and e.sup is not None:
        return e
    if base.dotted or (base.sup is not None and e.sub is not None) or (e.primes and base.sup is not None):
        return e
    return s.Scripted(e.span, base.base, e.sub or base.sub, e.sup or base.sup, base.primes + e.primes, e.dotted)


def lettered(head: Head, e: s.Scripted, reader: Reader, written: object = None) -> Readings:
    """The readings of a letter with its scripts, as a quantity.

    Args:
        written: what tells it from all others, if that is known; see `written_in`.

    Raises:
        ReadingError: if it is none; the message says what there is.
    """
    kept = reader.scope.letters
    key = (head, e.sub, e.sup, e.primes, e.dotted)
    before = kept.get(key)
    if before is not None:
        here = [_elsewhere(part, before[0], e, reader) for part in before[1]]
        if written is not None:
            reader.scope.keep_text(written, e.span[0], here)
        return here
    aboves = read_above(e.sup, reader)
    belows: list[Places] = [()] if e.sub is None else read_places(e.sub, reader)
    made: Readings = []
    failed: ReadingError | None = None
    for candidate, marks in _candidates(head, belows, aboves, reader):
        try:
            made += _with_marks(candidate, marks, e, reader)
        except ReadingError as error:
            failed = failed or error
    if made:
        made = reader.distinct(made, e)
        # every part of these trees has the span of all that is written, or of that without what stands above
        if any(part.found for part in made):
            return made
        if (e.sup is None and not e.primes) or e.span != _without_sup(e, reader).span:
            keep_in(kept, key, (e.span, made))
        if written is not None and not reader.bound:
            reader.scope.keep_text(written, e.span[0], made)
        return made
    made = _constants(head, e, reader)
    if not made:
        if written is not None and not reader.bound:
            reader.scope.keep_text(written, e.span[0], [])
        raise failed or unknown(head, e, reader)
    return reader.distinct(made, e)


def _elsewhere(part: Reading, before: s.Span, e: s.Scripted, reader: Reader) -> Reading:
    """What a letter with scripts means, as it was read in another place: there it had the span `before`."""
    lower = e.span if e.sup is None and not e.primes else _without_sup(e, reader).span

    def moved(mark: Mark) -> Mark:
        return Mark(e.span if mark.span == before else lower, tuple([moved(each) for each in mark.parts]), mark.fenced)

    return Reading(part.tree, part.shape, moved(part.mark), part.found, part.assumed)


def _candidates(
    head: Head, belows: list[Places], aboves: list[tuple[Above, ...]], reader: Reader
) -> list[tuple[Candidate, tuple[Above, ...]]]:
    """What the letter may be, with the marks above it that are no index."""
    scope = reader.scope
    made: list[tuple[Candidate, tuple[Above, ...]]] = []
    for below in belows:
        for above in aboves:
            layers = tuple(mark.at for mark in above[:1] if isinstance(mark, Layer))
            found = (*scope.candidates(head, below, layers), *scope.gradient_candidates(head, below, layers))
            made += [(candidate, above[len(layers) :]) for candidate in found]
    declared = [each for each in made if each[0].is_declared]
    return declared or made


def _with_marks(candidate: Candidate, marks: tuple[Above, ...], e: s.Scripted, reader: Reader) -> Iterator[Reading]:
    tree = candidate.tree
    assumed = (candidate.assumed,) if candidate.assumed else ()
    found = reader.scope.shape(tree)
    whole = Reading(tree, found, mark_of(tree, _without_sup(e, reader)), NOTHING, assumed)
    turned_first = marks[:1] == (Turned(),) and len(candidate.rest) == 2 and ANY not in candidate.rest
    for order in (False, True) if turned_first else (False,):
        made = turned(whole, e, reader) if order else whole
        made = parted(made, candidate.rest, e, reader)
        for mark in marks[1:] if order else marks:
            made = marked(made, mark, e, reader)
        yield primed(made, e, reader)


def _without_sup(e: s.Scripted, reader: Reader) -> Surface:
    """The letter with what stands below it, for its span."""
    if e.sup is None and not e.primes:
        return e
    end = max(e.base.span[1], e.sub.span[1] if e.sub is not None else 0)
    return s.Blank((e.span[0], end + (reader.text[end : end + 1] == "}")))


def unknown(head: Head, e: Surface, reader: Reader) -> ReadingError:
    if len(head.text) > 1 and head.text in reader.scope.functions:
        return reader.error(
            f"{reader.source(e)!r} is a function, but not applied to anything here: write parentheses behind it, as in "
            f"{reader.source(e)}(x)",
            e,
        )
    base = e.base if isinstance(e, s.Scripted) else e
    is_word = isinstance(base, s.Letter) and base.style == "roman" and len(base.text) > 1
    what = "neither a function that is known nor a quantity" if is_word else "no quantity"
    return reader.error(f"{reader.source(e)!r} is {what} here: {reader.scope.hint(head)}", e)


# --- constants with letters ------------------------------------------------------------------------------------------


def _constants(head: Head, e: s.Scripted, reader: Reader) -> Readings:
    """`I`, `δ_{ij}`, and sizes that stand in a formula as numbers."""
    made: Readings = []
    if head.text in ("I", "𝐈", "𝟙", "1") and not head.accents:
        made += _identity(head, e, reader)
    if reader.scope.is_kronecker(head) and e.sub is not None and e.sup is None and not e.primes:
        for places in read_places(e.sub, reader):
            if len(places) == 2 and isinstance(places[0], Dim) and isinstance(places[1], Dim):
                made.append(leaf(expr.Kronecker(places[0], places[1]), SCALAR, e))
    size = _size(head, e, reader)
    if size is not None:
        made.append(leaf(expr.Size(size), SCALAR, e))
    elif e.sup is not None:
        base = s.Scripted(e.span, e.base, e.sub)
        size = _size(head, base, reader)
        if size is not None:
            made += scripted([leaf(expr.Size(size), SCALAR, base)], s.Scripted(e.span, base, None, e.sup), reader)
    return made


def _identity(head: Head, e: s.Scripted, reader: Reader) -> Readings:
    if e.primes:
        return []
    if head.text in ("𝟙", "1"):
        if e.sub is not None or e.sup is not None:
            ones = reader.open_size(e.span[0]) if e.sub is None else read_dim(e.sub, reader)
            plain = leaf(expr.Ones(ones), reader.scope.vector(ones), e)
            return scripted([plain], s.Scripted(e.span, e.base, None, e.sup), reader)
        size = reader.open_size(e.span[0])
        return [leaf(expr.Ones(size), reader.scope.vector(size), e)]
    size = reader.open_size(e.span[0]) if e.sub is None else reader.scope.units(read_dim(e.sub, reader))
    plain = leaf(expr.Identity(size), (size, size), e)
    return scripted([plain], s.Scripted(e.span, e.base, None, e.sup), reader) if e.sup is not None else [plain]


def _size(head: Head, e: s.Scripted, reader: Reader) -> Dim | None:
    """A size or a bound index that stands in a formula as a number."""
    if head.accents or head.prefix or head.is_marked or e.primes:
        return None
    is_bare = e.sub is None and e.sup is None
    value = as_dim(s.Letter(e.span, head.text) if is_bare else e, reader)
    if value is None or not is_bare:
        return value
    return value if value.symbols <= reader.bound | reader.scope.sizes else None
