"""What a part of a formula may mean: a few readings, each a tree with its shape, and how readings of parts combine.

Where two readings exist, both are kept until the shapes decide. Equal ones are one, and there are never more than a
few: a formula that stays open in more ways than that is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any, TypeVar, cast, dataclass_transform

from symbackprop.dims import Dim, as_width
from symbackprop.expr import Expr, Number
from symbackprop.latex.errors import ReadingError
from symbackprop.latex.scope import Scope
from symbackprop.latex.sizes import NOTHING, Found, alike, is_open, merged, open_size, put_in, shaped
from symbackprop.latex.surface import Span, Surface
from symbackprop.shapes import SCALAR, Shape
from symbackprop.substitution import free_symbols, substitute
from symbackprop.tree import Node, Path, children, rebuild

# so many readings of one part are kept, and so many ways to combine those of its parts are tried
MOST_READINGS = 24
MOST_WAYS = 600


Made = TypeVar("Made")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def made_often(cls: type[Made]) -> type[Made]:
    """Make a class one of values that are compared by their fields and never changed, as type checkers hold."""
    return dataclass(slots=True, unsafe_hash=True)(cls)


class NonconformingError(ReadingError):
    """Shapes that do not conform in any reading.

    Attributes:
        trees: the two parts that do not go together.
    """

    def __init__(self, message: str, text: str, span: Span, trees: tuple[Node, ...] = ()) -> None:
        super().__init__(message, text, span)
        self.trees = trees


class AmbiguousError(ReadingError):
    """A text that means several things, all of which conform.

    Attributes:
        readings: what it may mean.
    """

    def __init__(self, message: str, text: str, span: Span, readings: tuple[Node, ...] = ()) -> None:
        super().__init__(message, text, span)
        self.readings = readings


class _Elsewhere:
    """What may have been read at another place: its parts are moved here when somebody first looks at them."""

    __slots__ = ("_origin",)
    _origin: tuple[Mark, int]

    # a type checker shall still say which attributes there are
    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> tuple[Mark, ...]:
            """The parts, where they have no value yet."""
            if name != "parts":
                raise AttributeError(name)
            there, by = self._origin
            self.parts = tuple([part.moved(by) for part in there.parts])
            return self.parts


@made_often
class Mark(_Elsewhere):
    """The span that a tree was read from, and those of its operands; `fenced` if it is one factor whatever it is."""

    span: Span
    parts: tuple[Mark, ...] = ()
    fenced: bool = False

    def moved(self, by: int) -> Mark:
        """The same at another place."""
        start, end = self.span
        if not self.parts:
            return Mark((start + by, end + by), (), self.fenced)
        made: Any = object.__new__(Mark)
        made.span = (start + by, end + by)
        made.fenced = self.fenced
        made._origin = self, by
        return cast(Mark, made)


@made_often
class Reading:
    """One thing that a part of a formula may mean.

    Attributes:
        tree: sizes that are still open stand in it as symbols.
        found: what the shapes have said of them.
        assumed: what is taken for granted in it, in words.
    """

    tree: Expr
    shape: Shape
    mark: Mark = field(compare=False)
    found: Found = field(default_factory=dict, compare=False)
    assumed: tuple[str, ...] = field(default=(), compare=False)

    def moved(self, by: int) -> Reading:
        """The same, read at another place."""
        return Reading(self.tree, self.shape, self.mark.moved(by), self.found, self.assumed) if by else self

    @property
    def size(self) -> Shape:
        """Its shape with everything put in that was found."""
        return shaped(self.shape, self.found) if self.found else self.shape

    @property
    def is_scalar(self) -> bool:
        shape = self.shape
        if self.found:
            shape = shaped(shape, self.found)
        # most shapes have letters in them
        return shape is SCALAR or (not shape[0].terms and shape == SCALAR)

    @property
    def is_number(self) -> bool:
        return isinstance(self.tree, Number)

    @property
    def key(self) -> tuple[object, ...]:
        return (self.settled, self.size)

    @property
    def settled(self) -> Expr:
        """The tree with every size put in that was found."""
        return settle(self.tree, self.found)


def settle(e: Expr, found: Found) -> Expr:
    """A tree with every size put in that was found."""
    if not found:
        return e
    names = [name for name in free_symbols(e) if name in found]
    return substitute(e, {name: put_in(found[name], found) for name in names}) if names else e


def open_in(e: Expr) -> list[str]:
    """The sizes and columns that are still open in a tree."""
    return sorted([name for name in free_symbols(e) if is_open(name)])


def said(e: Node) -> Node:
    """A tree for a message: numbers of units as widths."""
    return rebuild(e, tuple(said(child) for child in children(e)), lambda d: d.map_sizes(as_width))


Readings = list[Reading]
# a surface, so that nothing else gets its `id`, what it means, and the sizes and the left sides that it has asked for
Kept = tuple[Surface, Readings, list[Dim], list[Expr]]


class Reader:
    """What is known while a formula is read.

    Args:
        bound: the names of the indices that ∏, Σ and their like bind here.
        left: the first side of the chain, where it has been read: it says which column dots stand for.
        line: what tells the sizes that it leaves open from those of other formulas, where several are read together.

    Attributes:
        kept: by the `id` of a surface, what it means here.
        opened: the sizes that the formula leaves open, as far as it has been read.
        asked: the side on the left, as often as it has said what dots stand for.
    """

    __slots__ = ("_elsewhere", "asked", "bound", "kept", "left", "line", "opened", "scope", "text")

    def __init__(
        self, text: str, scope: Scope, bound: frozenset[str] = frozenset(), left: Expr | None = None, line: str = ""
    ) -> None:
        self.text = text
        self.scope = scope
        self.bound = bound
        self.left = left
        self.line = line
        self.kept: dict[int, Kept] = {}
        scope.keep_up()
        self.opened: list[Dim] = []
        self.asked: list[Expr] = []
        # `kept` of this formula elsewhere, by what is bound and the `id` of what stands on the left, which is kept too
        self._elsewhere: dict[tuple[frozenset[str], int], tuple[Expr | None, dict[int, Kept]]] = {}

    def within(self, name: str) -> Reader:
        """The same inside of what binds an index."""
        return self._at(self.bound | {name}, self.left)

    def after(self, left: Expr) -> Reader:
        """The same for what goes on from a side."""
        return self._at(self.bound, left)

    def _at(self, bound: frozenset[str], left: Expr | None) -> Reader:
        made = Reader(self.text, self.scope, bound, left, self.line)
        _, made.kept = self._elsewhere.setdefault((bound, id(left)), (left, made.kept))
        made.opened, made.asked, made._elsewhere = self.opened, self.asked, self._elsewhere
        return made

    def left_side(self) -> Expr | None:
        """The side on the left, for what takes from it what it does not say itself."""
        if self.left is not None:
            self.asked.append(self.left)
        return self.left

    def open_size(self, place: int, kind: str = "") -> Dim:
        """The open size of what stands at a place of the text; the same place gives the same size."""
        self.opened.append(open_size(f"{kind}{place}{self.line}"))
        return self.opened[-1]

    def error(self, message: str, at: Surface | Span) -> ReadingError:
        return ReadingError(message, self.text, at.span if isinstance(at, Surface) else at)

    def nonconforming(self, message: str, at: Surface | Span, *trees: Node) -> NonconformingError:
        return NonconformingError(message, self.text, at.span if isinstance(at, Surface) else at, trees)

    def source(self, at: Surface | Span) -> str:
        """The text of a part, for a message."""
        start, end = at.span if isinstance(at, Surface) else at
        found = " ".join(self.text[start:end].split())
        return found if len(found) <= 60 else f"{found[:57]}…"

    def same(self, one: Shape, two: Shape, found: Found) -> Found | None:
        return alike(one, two, found, self.scope.conform)

    def ways(self, parts: Sequence[Readings], at: Surface | Span) -> Iterator[tuple[tuple[Reading, ...], Found]]:
        """Every choice of one reading for each part, with what they have found together."""
        if {*map(len, parts)} <= {1}:
            chosen = tuple([part[0] for part in parts])
            found = merged([each.found for each in chosen], self.scope.conform)
            if found is not None:
                yield chosen, found
            return
        if prod(map(len, parts)) > MOST_WAYS:
            raise self.error(
                f"{self.source(at)!r} can be read in too many ways: put parentheses around its parts, "
                "and write \\odot for products entry by entry",
                at,
            )
        for chosen in product(*parts):
            found = merged((each.found for each in chosen), self.scope.conform)
            if found is not None:
                yield chosen, found

    def one_of(
        self,
        parts: Sequence[Readings],
        at: Surface | Span,
        make: Callable[[tuple[Reading, ...], Found], Reading | None],
    ) -> Readings:
        """The readings that can be made of those of the parts.

        Raises:
            ReadingError: the first one that making raised, if none can be made.
        """
        made: Readings = []
        failed: ReadingError | None = None
        for chosen, found in self.ways(parts, at):
            try:
                one = make(chosen, found)
            except ReadingError as error:
                failed = failed or error
                continue
            if one is not None:
                made.append(one)
        if not made and failed is not None:
            raise failed
        if not made:
            raise self.error(f"the sizes in {self.source(at)!r} contradict each other", at)
        return self.distinct(made, at)

    def distinct(self, readings: Iterable[Reading], at: Surface | Span) -> Readings:
        """Without repetitions; an error if there are too many."""
        kept = list(readings)
        if len(kept) == 1:
            return kept
        if len(kept) > 1:
            kept = list({each.key: each for each in reversed(kept)}.values())[::-1]
        if len(kept) > MOST_READINGS:
            raise self.error(
                f"{self.source(at)!r} can be read in {len(kept)} ways: put parentheses around its parts", at
            )
        return kept

    def any_of(self, attempts: Iterable[Callable[[], Readings]], at: Surface | Span) -> Readings:
        """All readings that any of the attempts gives.

        Raises:
            ReadingError: that of the first attempt, if none gives any.
        """
        made: Readings = []
        failed: ReadingError | None = None
        attempts = list(attempts)
        if len(attempts) == 1:
            return self.distinct(attempts[0](), at)
        for attempt in attempts:
            try:
                made += attempt()
            except ReadingError as error:
                failed = failed or error
        if not made:
            assert failed is not None
            raise failed
        return self.distinct(made, at)


def leaf(tree: Expr, shape: Shape, at: Surface | Span, assumed: tuple[str, ...] = ()) -> Reading:
    """A reading of what was read from one place."""
    return Reading(tree, shape, Mark(at.span if isinstance(at, Surface) else at), NOTHING, assumed)


def over(tree: Expr, shape: Shape, at: Surface | Span, parts: Sequence[Reading], found: Found | None = None) -> Reading:
    """A reading made of others, which are the operands of its tree in order."""
    span = at.span if isinstance(at, Surface) else at
    if found is None:
        (only,) = parts
        found = only.found
    return Reading(tree, shape, Mark(span, tuple([part.mark for part in parts])), found, taken_for_granted(parts))


def taken_for_granted(parts: Sequence[Reading]) -> tuple[str, ...]:
    """What any of them takes for granted, each once."""
    for part in parts:
        if part.assumed:
            return tuple(dict.fromkeys(words for part in parts for words in part.assumed))
    return ()


def spans_of(tree: Node, mark: Mark) -> dict[Path, Span]:
    """The span of every subexpression by its path; that of the whole where a part has none of its own."""
    found: dict[Path, Span] = {}
    open_: list[tuple[Path, Node, Mark]] = [((), tree, mark)]
    while open_:
        path, e, at = open_.pop()
        found[path] = at.span
        operands = children(e)
        parts = at.parts if len(at.parts) == len(operands) else (Mark(at.span),) * len(operands)
        for i in range(len(operands) - 1, -1, -1):
            open_.append(((*path, i), operands[i], parts[i]))
    return found
