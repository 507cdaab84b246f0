"""Letters with accents and scripts: variables, their entries, rows and columns, transposes and powers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from symbackprop import expr
from symbackprop.dims import ONE, Dim, at_most
from symbackprop.errors import ShapeError
from symbackprop.expr import Expr
from symbackprop.groups import EntrywisePower
from symbackprop.latex import surface as s
from symbackprop.latex.errors import ReadingError
from symbackprop.latex.meaning import read, reads
from symbackprop.latex.meaning_dims import as_dim, read_dim, read_places
from symbackprop.latex.readings import Mark, Reader, Reading, Readings, leaf, over
from symbackprop.latex.scope import ANY, At, Candidate, Head, Places, Range
from symbackprop.latex.sizes import NOTHING, merged, open_size
from symbackprop.latex.surface import Surface
from symbackprop.primitives import Rows
from symbackprop.shapes import SCALAR, Shape
from symbackprop.tree import children

TRANSPOSES = frozenset({"⊤", "⊺", "T", "t"})
PRIMES = frozenset({"′", "'"})
# letters that have a sign of their own in this style
CALLIGRAPHIC = {"L": "ℒ", "N": "𝒩"}


# --- what stands above -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Turned:
    """A transpose."""


@dataclass(frozen=True)
class Layer:
    """An index that stands above: `l`, `(l)`, `[l]`."""

    at: Dim
    fence: str = ""


@dataclass(frozen=True)
class Raised:
    """A power; entry by entry where it is written so."""

    exponent: Fraction
    entrywise: bool = False


Above = Turned | Layer | Raised


def read_above(e: Surface | None, reader: Reader) -> list[tuple[Above, ...]]:
    """What a superscript may mean, in the order in which it applies.

    Raises:
        ReadingError: for what is no transpose, no index and no power.
    """
    if e is None:
        return [()]
    match e:
        case s.Term(factors=factors, signs=signs) if all(sign.text == "" for sign in signs) and not _is_product(e):
            ways: list[tuple[Above, ...]] = [()]
            for factor in factors:
                ways = [(*before, *each) for before in ways for each in read_above(factor, reader)]
            return ways
        case s.Scripted(base=s.Fenced() as base, sub=None, sup=sup, primes=0, dotted=False):
            return [(*one, *two) for one in read_above(base, reader) for two in read_above(sup, reader)]
    found = [(mark,) for mark in _marks(e, reader)]
    if not found:
        raise reader.error(
            f"{reader.source(e)!r} above a letter is no transpose, no index and no power: write \\top, [l] or 2", e
        )
    return list(found)


def _is_product(e: s.Term) -> bool:
    """`2l` is one index; `[1]T` and `l\top` are marks one after the other."""
    return not any(
        isinstance(factor, s.Fenced) or (isinstance(factor, s.Letter) and factor.text in TRANSPOSES)
        for factor in e.factors
    )


def _marks(e: Surface, reader: Reader) -> Iterator[Above]:
    match e:
        case s.Letter(text=text) if text in TRANSPOSES:
            yield Turned()
        case s.Fenced(left=("(" | "[") as fence, body=body):
            at = as_dim(body, reader)
            if at is not None:
                yield Layer(at, fence)
            return
        case s.Blank():
            return
    exponent = rational(e)
    if exponent is not None:
        yield Raised(exponent)
    entrywise = _entrywise(e)
    if entrywise is not None:
        yield Raised(entrywise, True)
    at = as_dim(e, reader)
    if at is not None:
        yield Layer(at)


def rational(e: Surface) -> Fraction | None:
    """A rational number that is written out: `2`, `-1`, `1/2`, `\tfrac12`."""
    match e:
        case s.Numeral(text=text):
            return Fraction(text)
        case s.Signed(sign="-", body=body):
            inner = rational(body)
            return None if inner is None else -inner
        case s.Fraction(numerator=over, denominator=under) | s.Term(factors=(over, under), signs=(s.Sign(text="/"),)):
            top, bottom = rational(over), rational(under)
            return None if top is None or not bottom else top / bottom
        case s.Fenced(left="(", body=body, right=")"):
            return rational(body)
    return None


def _entrywise(e: Surface) -> Fraction | None:
    r"""The power of `\odot 2`."""
    match e:
        case s.Term(factors=(s.Blank(), power), signs=(s.Sign(text="⊙" | "∘"),)):
            return rational(power)
        case s.Signed(sign="⊙" | "∘", body=power):
            return rational(power)
    return None


# --- letters ---------------------------------------------------------------------------------------------------------


def head_of(e: Surface) -> Head | None:
    """A letter with its accents and style; None if it is no letter."""
    match e:
        case s.Letter(text=text, style="calligraphic"):
            return Head(CALLIGRAPHIC.get(text, text), "calligraphic")
        case s.Letter(text=text, style=style):
            return Head(text, style)
        case s.Accented(accent=accent, body=body):
            inner = head_of(body)
            if inner is None:
                return None
            return Head(inner.text, inner.style, tuple(sorted((*inner.accents, accent))), inner.prefix)
        case s.Styled(style=style, body=body):
            inner = head_of(body)
            return None if inner is None else Head(inner.text, style, inner.accents, inner.prefix)
    return None


def pushed_in(e: Surface) -> Surface:
    """`\\hat{y_k}` as `\\hat{y}_k`: an accent or a style over a letter with scripts is that of the letter."""
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
    return lettered(head, s.Scripted(e.span, e), reader)


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


def _constant(e: s.Accented | s.Styled, body: s.Numeral, reader: Reader) -> Readings:
    if isinstance(e, s.Styled) and body.text in ("0", "1"):
        size = open_size(e.span[0])
        tree = expr.Zeros(size) if body.text == "0" else expr.Ones(size)
        return [leaf(tree, reader.scope.vector(size), e)]
    raise reader.error(f"{reader.source(e)!r} has no meaning here: write {body.text}", e)


@reads(s.Scripted)
def _(e: s.Scripted, reader: Reader) -> Readings:
    e = flattened(e)
    given = _given(e, reader)
    if given is not None:
        return given
    if e.base in reader.scope.given:
        return scripted(read(e.base, reader), e, reader)
    inner = pushed_in(e.base)
    if inner is not e.base and isinstance(inner, s.Scripted):
        return read(s.Scripted(e.span, inner, e.sub, e.sup, e.primes, e.dotted), reader)
    head = head_of(e.base)
    if head is not None:
        return lettered(head, e, reader)
    return scripted(read(e.base, reader), e, reader)


def _given(e: Surface, reader: Reader) -> Readings | None:
    """What a further symbol stands for; None for what is none."""
    tree = reader.scope.given.get(e)
    if tree is None:
        return None
    return [Reading(tree, reader.scope.shape(tree), replace(mark_of(tree, e), fenced=True))]


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


def lettered(head: Head, e: s.Scripted, reader: Reader) -> Readings:
    """The readings of a letter with its scripts, as a quantity.

    Raises:
        ReadingError: if it is none; the message says what there is.
    """
    aboves = read_above(e.sup, reader)
    belows: list[Places] = [()] if e.sub is None else read_places(e.sub, reader)
    made: Readings = []
    failed: ReadingError | None = None
    for candidate, marks in _candidates(head, belows, aboves, reader):
        try:
            made += _with_marks(candidate, marks, e, reader)
        except ReadingError as error:
            failed = failed or error
    if not made:
        made = _constants(head, e, reader)
    if not made:
        raise failed or unknown(head, e, reader)
    return reader.distinct(made, e)


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


def mark_of(tree: Expr, at: Surface) -> Mark:
    """The span of one place for every part of a tree."""
    return Mark(at.span, tuple(mark_of(child, at) for child in children(tree)))


def unknown(head: Head, e: Surface, reader: Reader) -> ReadingError:
    return reader.error(f"{reader.source(e)!r} is no quantity here: {reader.scope.hint(head)}", e)


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
    return made


def _identity(head: Head, e: s.Scripted, reader: Reader) -> Readings:
    if e.primes:
        return []
    if head.text in ("𝟙", "1"):
        if e.sub is not None or e.sup is not None:
            ones = open_size(e.span[0]) if e.sub is None else read_dim(e.sub, reader)
            plain = leaf(expr.Ones(ones), reader.scope.vector(ones), e)
            return scripted([plain], s.Scripted(e.span, e.base, None, e.sup), reader)
        size = open_size(e.span[0])
        return [leaf(expr.Ones(size), reader.scope.vector(size), e)]
    size = open_size(e.span[0]) if e.sub is None else reader.scope.units(read_dim(e.sub, reader))
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


# --- scripts of anything ---------------------------------------------------------------------------------------------


def scripted(bases: Readings, e: s.Scripted, reader: Reader) -> Readings:
    """The readings of what has scripts: its entries, transposes, powers."""
    aboves = read_above(e.sup, reader)
    belows = [()] if e.sub is None else read_places(e.sub, reader)

    def attempt(base: Reading, below: Places, above: tuple[Above, ...]) -> Callable[[], Readings]:
        def made() -> Readings:
            result = parted(base, below, e, reader)
            for mark in above:
                result = marked(result, mark, e, reader)
            return [primed(result, e, reader)]

        return made

    attempts = [attempt(base, below, above) for base in bases for below in belows for above in aboves]
    return reader.any_of(attempts, e)


def measured(tree: Expr, parts: tuple[Reading, ...] | list[Reading], reader: Reader, e: Surface | s.Span) -> Reading:
    """A reading whose shape is that of its tree; sizes of the operands must not have to be found for that.

    Raises:
        NonconformingError: if parts do not conform.
    """
    found = merged((part.found for part in parts), reader.scope.conform)
    if found is None:
        raise reader.error(f"the sizes in {reader.source(e)!r} contradict each other", e)
    made = over(tree, SCALAR, e, parts, found)
    try:
        size = reader.scope.shape(made.settled)
    except ShapeError as error:
        raise reader.nonconforming(str(error), e, tree) from None
    return over(tree, size, e, parts, found)


def turned(base: Reading, e: Surface, reader: Reader) -> Reading:
    rows, columns = base.shape
    return over(expr.Transpose(base.tree), (columns, rows), e, [base])


def primed(base: Reading, e: s.Scripted, reader: Reader) -> Reading:
    """`W'`: the transpose, of what is no function."""
    if not e.primes:
        return base
    if e.primes > 1 or base.is_scalar:
        raise reader.error(
            f"{reader.source(e)!r} is no function, so ' is no derivative of it: write \\top for a transpose, "
            "or say what it is differentiated by",
            e,
        )
    return turned(base, e, reader)


def marked(base: Reading, mark: Above, e: s.Scripted, reader: Reader) -> Reading:
    """What one mark above makes of a reading.

    Raises:
        ReadingError: if it makes nothing of it.
    """
    if isinstance(mark, Turned):
        return turned(base, e, reader)
    if isinstance(mark, Layer):
        raise reader.error(f"{reader.source(e)!r} has no index above it here: write it where the network has it", e)
    if mark.entrywise or e.dotted:
        return over(EntrywisePower(base.tree, mark.exponent), base.shape, e, [base])
    if base.is_scalar:
        return over(expr.Power(base.tree, mark.exponent), SCALAR, e, [base])
    rows, columns = base.size
    if mark.exponent == -1 and rows == columns:
        raise reader.error(
            f"the inverse {reader.source(e)!r} is none of the operations here: write the equation that it solves", e
        )
    if rows == columns:
        raise reader.error(
            f"{reader.source(e)!r} may be a product of matrices or a power of each entry: write the factors with "
            r"\odot or side by side",
            e,
        )
    return over(EntrywisePower(base.tree, mark.exponent), base.shape, e, [base])


def parted(base: Reading, places: Places, e: Surface, reader: Reader) -> Reading:
    """The entry, row, column or block that places below say.

    Raises:
        ReadingError: if there are more or fewer places than there are dimensions, or one is out of its range.
    """
    if not places or set(places) == {ANY}:
        return base
    rows, columns = base.size
    tree = base.tree
    extents = (rows, columns)
    if len(places) == 1:
        if columns == ONE and rows != ONE:
            places = (places[0], ANY)
        elif rows == ONE and columns != ONE:
            places = (ANY, places[0])
        extents = (rows, columns)
    for place, size in zip(places, extents, strict=False):
        _within(place, size, e, reader)
    made = _part(tree, places, (rows, columns), reader.scope.turned)
    if made is None:
        raise reader.error(
            f"{reader.source(e)!r} has {len(places)} indices below, but it is {reader.scope.written((rows, columns))}: "
            f"write {'none' if base.is_scalar else 'one for each of its dimensions'}",
            e,
        )
    if isinstance(made, expr.Entry):
        return over(made, SCALAR, e, [base])
    if isinstance(made, expr.Row):
        return over(made, (ONE, columns), e, [base])
    if isinstance(made, expr.Column):
        return over(made, (rows, ONE), e, [base])
    return measured(made, [base], reader, e)


def _part(tree: Expr, places: Places, s_: Shape, turned: bool) -> Expr | None:
    rows, columns = s_
    match places:
        case (Dim() as i, At_any) if At_any is ANY:
            return _entry_of_column(tree, i, turned) if columns == ONE else expr.Row(tree, i)
        case (At_any, Dim() as k) if At_any is ANY:
            return _entry_of_row(tree, k, turned) if rows == ONE else expr.Column(tree, k)
        case (At_any, Range(first, last)) if At_any is ANY:
            return expr.Columns(tree, first, last)
        case (Range(first, last), At_any) if At_any is ANY:
            return Rows(tree, first, last)
        case (Dim() as i, Dim() as k) if s_ != SCALAR and (columns != ONE or k == ONE) and (rows != ONE or i == ONE):
            return expr.Entry(tree, i, k)
    return None


def _entry_of_column(tree: Expr, i: Dim, turned: bool) -> Expr:
    return expr.Entry(tree, i, ONE) if turned else expr.Entry(tree, i)


def _entry_of_row(tree: Expr, k: Dim, turned: bool) -> Expr:
    return expr.Entry(tree, k) if turned else expr.Entry(tree, ONE, k)


def _within(place: At, size: Dim, e: Surface, reader: Reader) -> None:
    ends = (place.first, place.last) if isinstance(place, Range) else (place,) if isinstance(place, Dim) else ()
    for end in ends:
        if at_most(end, 0, {}) or at_most(size + 1, end, {}):
            raise reader.error(
                f"the index {end} in {reader.source(e)!r} is out of its range: it runs from 1 to "
                f"{reader.scope.says(size)}",
                e,
            )
