"""Statements: chains of sides, implications, lists, and several lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import field, replace
from typing import Any, TypeVar

from symbackprop import expr
from symbackprop.expr import Expr, Variable
from symbackprop.latex import surface as s
from symbackprop.latex.affine import as_column
from symbackprop.latex.errors import ReadingError
from symbackprop.latex.meaning import read
from symbackprop.latex.readings import (
    AmbiguousError,
    Mark,
    NonconformingError,
    Reader,
    Reading,
    Readings,
    made_often,
    open_in,
    said,
    settle,
    taken_for_granted,
)
from symbackprop.latex.sizes import Found, merged, shaped
from symbackprop.latex.surface import Surface
from symbackprop.shapes import SCALAR, Shape
from symbackprop.statements import Chain, Ellipsis, Implies, Statement, Together
from symbackprop.tree import Node, children, subterms

EQUALS = {"=": "=", ":=": "=", "≡": "=", "←": "=", "≜": "=", "=:": "="}
RELATIONS = {**EQUALS, "≤": "≤", "≥": "≥", "<": "<", ">": ">", "≈": "≈", "≠": "≠", "≦": "≤", "≧": "≥"}
# so many ways to read all sides of a line together
MOST_LINES = 64
IMPLIES = frozenset({"⇒", "⟹"})
Stating = TypeVar("Stating", bound="Callable[[Any, Reader, Shape | None], Said]")
_STATEMENTS: dict[type[Surface], Callable[[Any, Reader, Shape | None], Said]] = {}


@made_often
class Said:
    """What a line says: an expression or a statement, and where its parts were read."""

    tree: Node
    mark: Mark
    assumed: tuple[str, ...] = field(default=(), compare=False)


def state(e: Surface, reader: Reader, like: Shape | None) -> Said:
    """What a line says; an expression where it is no statement.

    Args:
        like: the shape of what it is about, where that is known: it decides what the text leaves open.

    Raises:
        ReadingError: if it says nothing, or two things.
    """
    plain = _STATEMENTS.get(type(e))
    return decided(read(e, reader), e, reader, like) if plain is None else plain(e, reader, like)


def _states(kind: type[Surface]) -> Callable[[Stating], Stating]:
    """Register what surfaces of a kind say."""

    def register(stating: Stating) -> Stating:
        _STATEMENTS[kind] = stating
        return stating

    return register


# --- deciding --------------------------------------------------------------------------------------------------------


def decided(readings: Readings, e: Surface, reader: Reader, like: Shape | None) -> Said:
    """The one reading that is left.

    Raises:
        AmbiguousError: if several are left; it prints them.
        ReadingError: if a size is left open.
    """
    fitting = readings if like is None else [_fitted(each, like, reader) for each in readings]
    left = [each for each in fitting if each is not None] or readings
    finished = _closed([(each, each.found) for each in left], reader, e)
    return finished[0] if len(finished) == 1 else _only({each.tree: each for each in finished}.values(), e, reader)


def _fitted(part: Reading, like: Shape, reader: Reader) -> Reading | None:
    if part.is_number and like != SCALAR:
        part = as_column(part, like, reader)
    found = reader.same(part.shape, like, part.found)
    return None if found is None else replace(part, found=found)


def _closed(parts: Sequence[tuple[Reading, Found]], reader: Reader, e: Surface) -> list[Said]:
    """The readings with nothing left open; the error of the first if there is none."""
    made: list[Said] = []
    failed: ReadingError | None = None
    for part, found in parts:
        tree = settle(part.tree, found)
        error = still_open(tree, e, reader)
        if error is None:
            made.append(Said(tree, part.mark, part.assumed))
        failed = failed or error
    if not made:
        assert failed is not None
        raise failed
    return made


def still_open(tree: Expr, e: Surface, reader: Reader) -> ReadingError | None:
    # only what was left open on the way can still be
    names = open_in(tree) if reader.opened else []
    if not names:
        return None
    column = next((name for name in names if name.startswith("?c")), None)
    name = column or names[0]
    place = int(name.lstrip("?abcdefghijklmnopqrstuvwxyz"))
    at = (place, place + 1)
    if column is not None:
        return reader.error(
            "which column this is does not follow from the rest: write it over the column, as "
            r"\overset{j\text{th column}}{\vec{x}}, or the side that the line goes on from",
            at,
        )
    return reader.error("how large this is does not follow from the rest: write its size below it, as I_n", at)


def _only(found: Iterable[Said], e: Surface, reader: Reader) -> Said:
    several = list(found)
    if len(several) == 1:
        return several[0]
    one, two = _differing(several[0].tree, several[1].tree)
    raise AmbiguousError(
        f"{reader.source(e)!r} can be read in {len(several)} ways: {said(one)} or {said(two)}; {advice(one, two)}",
        reader.text,
        e.span,
        tuple(each.tree for each in several),
    )


def advice(one: Node, two: Node) -> str:
    """What to write instead of what may be either of two trees."""
    kinds = [
        {type(part) for _, part in subterms(tree) if isinstance(part, expr.Hadamard | expr.Transpose)}
        for tree in (one, two)
    ]
    if kinds[0] != kinds[1]:
        return r"write \odot for a product entry by entry, nothing for one of matrices, a^\top b for an inner product"
    return "put parentheses around what belongs together"


def _differing(one: Node, two: Node) -> tuple[Node, Node]:
    """The smallest parts that make the difference between two trees."""
    while type(one) is type(two) and not isinstance(one, Variable):
        left, right = children(one), children(two)
        different = [(a, b) for a, b in zip(left, right, strict=False) if a != b]
        if len(left) != len(right) or len(different) != 1:
            break
        one, two = different[0]
    return one, two


# --- chains ----------------------------------------------------------------------------------------------------------


@_states(s.Chain)
def _(e: s.Chain, reader: Reader, like: Shape | None) -> Said:
    texts = [sign.text for sign in e.signs]
    for i, text in enumerate(texts):
        if text in IMPLIES:
            return _implication(e, i, reader, like)
    for sign in e.signs:
        if sign.text not in RELATIONS:
            raise reader.error(f"{sign.text} relates no two sides here: write =, ≤ or ≥", sign)
        if sign.note is not None and not _is_words(sign.note):
            raise reader.error("what stands over a relation cannot be read: leave it out", sign)
    return _chain(e.parts, [RELATIONS[text] for text in texts], e, reader, like)


def _is_words(e: Surface) -> bool:
    """Whether a note over a relation says no more than why: a word, or the number of a line."""
    if isinstance(e, s.Fenced):
        return _is_words(e.body)
    return isinstance(e, s.Prose | s.Letter | s.Numeral)


def _implication(e: s.Chain, i: int, reader: Reader, like: Shape | None) -> Said:
    halves = []
    for parts, signs in ((e.parts[: i + 1], e.signs[:i]), (e.parts[i + 1 :], e.signs[i + 1 :])):
        if len(parts) == 1 or isinstance(parts[0], s.Blank):
            raise reader.error("⇒ stands between two statements: write an equation on either side", e.signs[i])
        span = (parts[0].span[0], parts[-1].span[1])
        halves.append(state(s.Chain(span, parts, signs), reader, like))
    one, two = halves
    assert isinstance(one.tree, Statement)
    assert isinstance(two.tree, Statement)
    return Said(Implies(one.tree, two.tree), Mark(e.span, (one.mark, two.mark)), (*one.assumed, *two.assumed))


def _chain(sides: tuple[Surface, ...], relations: list[str], e: s.Chain, reader: Reader, like: Shape | None) -> Said:
    continued = isinstance(sides[0], s.Blank)
    read_sides: list[Readings] = []
    if continued:
        if reader.left is None:
            raise reader.error("this line goes on from another one, which is not given: write its left side", e)
        read_sides.append([before(reader, e.span[0])])
    for side in sides[1:] if continued else sides:
        if isinstance(side, s.Dots):
            raise reader.error(
                "dots among the sides of a chain leave a side out: write it, or leave the dots out", side
            )
        read_sides.append(read(side, reader))
        if reader.left is None and len(read_sides) == 1 and len(read_sides[0]) == 1:
            reader = reader.after(read_sides[0][0].settled)
    chosen = list(_agreeing(read_sides, like, reader))
    if not chosen:
        raise _disagreeing(read_sides, sides, e, reader)
    made: list[Said] = []
    failed: ReadingError | None = None
    for parts, found in chosen:
        trees = tuple([settle(part.tree, found) for part in parts])
        errors = [still_open(tree, e, reader) for tree in trees] if reader.opened else []
        error = next(filter(None, errors), None)
        if error is not None:
            failed = failed or error
            continue
        tree = Chain(trees, tuple(relations), continued)
        made.append(Said(tree, Mark(e.span, tuple([part.mark for part in parts])), taken_for_granted(parts)))
    if not made:
        assert failed is not None
        raise failed
    return made[0] if len(made) == 1 else _only({each.tree: each for each in made}.values(), e, reader)


def before(reader: Reader, at: int) -> Reading:
    """The side that a line goes on from, which begins at a place."""
    assert reader.left is not None
    return Reading(reader.left, reader.scope.shape(reader.left), Mark((at, at)))


def _agreeing(sides: list[Readings], like: Shape | None, reader: Reader) -> Iterator[tuple[tuple[Reading, ...], Found]]:
    """The choices of a reading for each side in which all sides have one shape."""
    open_: list[tuple[tuple[Reading, ...], Found, Shape | None]] = [((), {}, like)]
    for readings in sides:
        going: list[tuple[tuple[Reading, ...], Found, Shape | None]] = []
        for so_far, found, wanted in open_:
            for each in readings:
                together = merged((found, each.found), reader.scope.conform)
                # a number among columns is the column of it
                if together is not None and wanted is not None and not each.is_number:
                    together = reader.same(wanted, each.shape, together)
                if together is not None:
                    size = wanted if wanted is not None or each.is_number else each.shape
                    going.append(((*so_far, each), together, size))
        if len(going) > MOST_LINES:
            raise reader.error(
                "this line can be read in too many ways: put parentheses around arguments", (0, len(reader.text))
            )
        open_ = going
    for parts, found, wanted in open_:
        size = SCALAR if wanted is None else shaped(wanted, found)
        yield (
            tuple(as_column(each, size, reader) if each.is_number and size != SCALAR else each for each in parts),
            found,
        )


def _disagreeing(
    sides: list[Readings], surfaces: tuple[Surface, ...], e: s.Chain, reader: Reader
) -> NonconformingError:
    """Names the first two sides that never have one shape."""
    for i in range(1, len(sides)):
        one, two = sides[i - 1], sides[i]
        if not list(_agreeing([one, two], None, reader)):
            first, second = one[0], two[0]
            sizes = [reader.scope.written(each.size) for each in (first, second)]
            turned = first.size == second.size[::-1]
            cause = "one is the transpose of the other" if turned else "both sides must have the same shape"
            return reader.nonconforming(
                f"{said(first.settled)} ({sizes[0]}) and {said(second.settled)} ({sizes[1]}) cannot be equal: {cause}",
                surfaces[i],
                first.settled,
                second.settled,
            )
    return reader.nonconforming("the sides of this line have different shapes: write sides of one shape", e)


# --- lists and lines -------------------------------------------------------------------------------------------------


@_states(s.Listed)
def _(e: s.Listed, reader: Reader, like: Shape | None) -> Said:
    parts: list[Surface] = []
    dropped = {",", ";", "quad", ""}
    e = _without_reason(e)
    for sign in e.signs:
        if sign.text not in dropped:
            raise reader.error(f"{sign.text} separates no statements: write a comma", sign)
    for part in e.parts:
        if isinstance(part, s.Prose):
            if part.text.casefold().strip(" :.,") not in _CONNECTIVES:
                raise reader.error(f"words are no part of a formula: leave {part.text!r} out", part)
            continue
        parts.append(part)
    if parts and isinstance(parts[-1], s.Dots):
        parts.pop()
    if len(parts) == 1:
        return state(parts[0], reader, like)
    read_parts = [state(part, reader, None) for part in parts]
    for part, one in zip(parts, read_parts, strict=True):
        if not isinstance(one.tree, Statement):
            raise reader.error(f"{reader.source(part)!r} is no statement: write an equation", part)
    tree = Together(tuple(one.tree for one in read_parts if isinstance(one.tree, Statement)))
    assumed = tuple(dict.fromkeys(words for one in read_parts for words in one.assumed))
    return Said(tree, Mark(e.span, tuple(one.mark for one in read_parts)), assumed)


# words that say when a line holds, and not why
_CONDITIONS = frozenset({"if", "for", "when", "unless", "where", "or", "not", "otherwise", "provided", "with", "as"})


def _without_reason(e: s.Listed) -> s.Listed:
    """A line without the reason that stands beside it: `& \text{(chain rule)}`."""
    if not isinstance(e.parts[-1], s.Prose) or e.signs[-1].text not in ("quad", ""):
        return e
    words = e.parts[-1].text.casefold().strip("( .:")
    if not words or words.split()[0] in _CONDITIONS:
        return e
    return s.Listed(e.span, e.parts[:-1], e.signs[:-1])


_CONNECTIVES = frozenset({"and", "e.g", "where", "with", "so", "thus", "hence", "therefore", ""})


@_states(s.Dots)
def _(e: s.Dots, reader: Reader, like: Shape | None) -> Said:
    if e.sign == "⋱":
        raise reader.error("these dots belong in a matrix: write … or ⋮ for steps that are left out", e)
    return Said(Ellipsis(e.sign), Mark(e.span))


@_states(s.Lines)
def _(e: s.Lines, reader: Reader, like: Shape | None) -> Said:
    lines: list[Said] = []
    for row in e.rows:
        one = state(row, reader, like)
        if not isinstance(one.tree, Statement):
            raise reader.error(f"{reader.source(row)!r} is no statement: write an equation on each line", row)
        lines.append(one)
        if isinstance(one.tree, Chain):
            reader = reader.after(one.tree.sides[0])
    tree = Together(tuple(one.tree for one in lines if isinstance(one.tree, Statement)))
    assumed = tuple(dict.fromkeys(words for one in lines for words in one.assumed))
    return Said(tree, Mark(e.span, tuple(one.mark for one in lines)), assumed)
