r"""The lines of an answer as trees: what each is about, what it says of that, and the names that it gives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from symbackprop.answers.effort import MOST, work
from symbackprop.answers.lines import Cut, Cuts, cut, goes_on
from symbackprop.answers.question import Question
from symbackprop.dims import ONE, Dim, dim, index
from symbackprop.equations import Network
from symbackprop.expr import Expr, LogSumExp, Softmax
from symbackprop.forward import ForwardNetwork
from symbackprop.keeping import quick
from symbackprop.latex import surface as s
from symbackprop.latex.errors import ReadingError
from symbackprop.latex.grammar import cut as cut_formula
from symbackprop.latex.grammar import joined, surface
from symbackprop.latex.grammar import parts as parts_of
from symbackprop.latex.meaning_statements import EQUALS
from symbackprop.latex.parse import Parsed, free_indices, read, read_at_once
from symbackprop.latex.readings import Mark, NonconformingError, spans_of
from symbackprop.latex.scope import Scope
from symbackprop.latex.surface import Span, Surface
from symbackprop.latex.tokens import NESTING, Token
from symbackprop.orientation import in_rows
from symbackprop.shapes import Shape, shape
from symbackprop.statements import Chain, Ellipsis, Implies, Statement, Together
from symbackprop.substitution import rewritten, substitute
from symbackprop.tree import Node, Path, subterms

# layers by number for which a name with a letter is given too: `\delta_l` also names `\delta_2`
LAYERS = range(10)
MOST_FACTORS = 60


@quick
class Side:
    """One side of a line: a value of what the line is about.

    Attributes:
        relation: to the side before.
        mark: where its parts stand, counted from the start of the line.
        start: where the line starts in the answer.
    """

    tree: Expr
    relation: str
    mark: Mark
    start: int

    @property
    def span(self) -> Span:
        """Where it stands in the answer."""
        return (self.mark.span[0] + self.start, self.mark.span[1] + self.start)

    @property
    def spans(self) -> dict[Path, Span]:
        """Where each of its parts stands in the answer."""
        found = spans_of(self.tree, self.mark)
        return {path: (span[0] + self.start, span[1] + self.start) for path, span in found.items()}


@quick
class ReadLine:
    """A line as it was read.

    Attributes:
        head: what it is about: its first side, or that of the line that it goes on from; None for a value without a
            left side, which is one of what is asked for.
        sides: what it says of that.
        name: the name that the line gives to its value; empty for none.
        error: why it cannot be read; then there are no sides.
        scope: what letters mean there.
    """

    cut: Cut
    head: Expr | None = None
    sides: tuple[Side, ...] = ()
    name: str = ""
    assumed: tuple[str, ...] = ()
    error: ReadingError | None = None
    scope: Scope | None = None

    @property
    def is_misshapen(self) -> bool:
        """Whether it is a formula, but its parts do not conform."""
        return isinstance(self.error, NonconformingError)


@quick
class ReadAnswer:
    """The lines of an answer.

    Attributes:
        words: the span of words beside the formulas that are not read; None where there are none.
    """

    lines: tuple[ReadLine, ...]
    words: Span | None = None

    @property
    def assumed(self) -> tuple[str, ...]:
        """What was taken for granted in any line."""
        return tuple(dict.fromkeys(words for line in self.lines for words in line.assumed))


def read_answer(text: str, question: Question) -> ReadAnswer:
    """The lines of an answer; one that cannot be read has the error.

    Raises:
        ReadingError: for an answer without any line, or with too many.
    """
    cuts: Cuts = cut(text)
    reader = LineReader(question, text, question.asked)
    return ReadAnswer(tuple(line for each in cuts.lines for line in reader.read(each)), cuts.words)


class LineReader:
    """Reads line after line; what a line names, the lines after it may use.

    Args:
        about: what a line without a left side is about, if no line before says it.
    """

    def __init__(self, question: Question, text: str, about: Expr | None = None) -> None:
        self.question = question
        self.about = about
        self.text = text
        self.scope: Scope = question.scope
        self.head: Expr | None = None

    def read(self, line: Cut) -> Iterator[ReadLine]:
        try:
            tokens = cut_formula(line.text)
            count = sum([token[1].signs if token[0] == "name" else 1 for token in tokens])
            parsed = None
            if count <= MOST_FACTORS:
                parsed = read_at_once(line.text, tokens, self.scope, *self._about(line, _has_relation(tokens)))
            if parsed is None:
                whole = joined(line.text, tokens)
                if count > MOST_FACTORS:
                    _check_length(whole, line)
                apart = self._apart(whole, line)
                if apart:
                    for each in apart:
                        yield from self.read(each)
                    return
                self._name_below(whole, line)
                named = self._definition(line, whole)
                if named is not None:
                    yield named
                    return
                left, like = self._about(line, _has_left_side(whole))
                parsed = read(line.text, scope=self.scope, left=left, like=like, whole=whole)
            _check_work(parsed.tree, line)
            yield from self._said(self._along(parsed.tree), parsed.mark, parsed, line)
        except ReadingError as error:
            start, end = (place + line.span[0] for place in error.span)
            # where it stands in the answer, not in the line
            error.text, error.span = self.text, (min(start, len(self.text)), min(end, len(self.text)))
            yield ReadLine(line, self.head, error=error, scope=self.scope)

    def _about(self, line: Cut, has_left_side: bool) -> tuple[Expr | None, Shape | None]:
        """What a line is about, and its shape, where the line does not say so itself."""
        if has_left_side and not goes_on(line.text):
            return None, None
        left, network = self.head or self.about, self.question.network
        if left is None:
            return None, None
        return left, network.kept(("shape of a line", left), lambda: shape(left, network))

    def _said(self, tree: Expr | Statement, mark: Mark, parsed: Parsed, line: Cut) -> Iterator[ReadLine]:
        match tree:
            case Chain(sides, relations, continued):
                start = line.span[0]
                head = sides[0]
                made = [
                    Side(side, relation, part, start)
                    for side, relation, part in zip(sides[1:], relations, mark.parts[1:], strict=True)
                ]
                asked = self.question.asked
                if not continued and head != asked and any(side.tree == asked for side in made):
                    # `a = ∂L/∂W`: what is asked for stands on the right
                    first = Side(head, "=", mark.parts[0], start)
                    made = [first, *(side for side in made if side.tree != asked)]
                    head = asked
                self.head = head
                yield ReadLine(line, head, tuple(made), assumed=parsed.assumed)
            case Together(parts):
                for part, own in zip(parts, mark.parts, strict=True):
                    yield from self._said(part, own, parsed, line)
            case Implies() | Ellipsis():
                raise ReadingError(
                    "this line says something of other statements: write a value, or an equation", line.text, mark.span
                )
            case Expr():
                self.head = None
                yield ReadLine(line, None, (Side(tree, "=", mark, line.span[0]),), assumed=parsed.assumed)

    def _along(self, tree: Any) -> Any:
        """With each softmax of a batch taken as the network takes its own, of rows or of columns."""
        network = self.question.network
        own = network.kept("along", lambda: _directions(network))
        if own != {"row"}:
            return tree

        def by_rows(part: Any) -> Expr | None:
            is_batch = isinstance(part, Softmax | LogSumExp) and ONE not in shape(part.operand, network)
            return replace(part, along="row") if is_batch else None

        return rewritten(tree, by_rows)

    # --- names -------------------------------------------------------------------------------------------------------

    def _definition(self, line: Cut, whole: Surface) -> ReadLine | None:
        r"""A line that gives a name to a value, as `\delta_1 = …`; None where its left side is known already."""
        if not isinstance(whole, s.Chain) or not _is_name(whole.parts[0]) or whole.signs[0].text not in EQUALS:
            return None
        left, start = whole.parts[0], whole.parts[1].span[0]
        shown = line.text[slice(*left.span)]
        if self._is_known(shown):
            return None
        if isinstance(left, s.Letter) and left.text in self._letters():
            message = f"{shown} is the letter of other quantities here, as {shown}_1 may be: give this another name"
            raise ReadingError(message, line.text, left.span)
        # blanked out, so that what is left stands where it stood
        rest = " " * start + line.text[start:]
        parsed = read(rest, scope=self.scope)
        _check_work(parsed.tree, line)
        match self._along(parsed.tree):
            case Chain(trees, relations, False):
                marks, signs = parsed.mark.parts, ("=", *relations)
            case Expr() as tree:
                trees, marks, signs = (tree,), (parsed.mark,), ("=",)
            case _:
                return None
        sides = [Side(*each, line.span[0]) for each in zip(trees, signs, marks, strict=True)]
        self._name(shown, sides[-1].tree)
        self.head = sides[0].tree
        return ReadLine(line, sides[0].tree, tuple(sides), shown, parsed.assumed)

    def _apart(self, whole: Surface, line: Cut) -> list[Cut]:
        r"""Several formulas on a line of which one gives a name, that one first: `\delta x^\top, \delta = a - y`."""
        if not isinstance(whole, s.Listed) or {sign.text for sign in whole.signs} - {",", ";", "quad", ""}:
            return []
        giving = [part for part in whole.parts if self._gives_name(part, line)]
        if not giving or not all(isinstance(part, s.Chain) or part is whole.parts[0] for part in whole.parts):
            return []
        ordered = [*giving, *(part for part in whole.parts if part not in giving)]
        return [_cut_out(line, part.span) for part in ordered]

    def _gives_name(self, e: Surface, line: Cut) -> bool:
        if not isinstance(e, s.Chain) or not _is_name(e.parts[0]) or e.signs[0].text not in EQUALS:
            return False
        return not self._is_known(line.text[slice(*e.parts[0].span)])

    def _name_below(self, whole: Surface, line: Cut) -> None:
        r"""Give the names that are written below braces: `\underbrace{a - y}_{\delta}`."""
        open_ = [whole] if "brace" in line.text else []
        while open_:
            part = open_.pop()
            open_ += parts_of(part)
            if not isinstance(part, s.Annotated) or part.note is None or part.kind not in ("underbrace", "overbrace"):
                continue
            shown = line.text[slice(*part.note.span)]
            if not _is_name(part.note) or self._is_known(shown):
                continue
            tree = self._along(read(_cut_out(line, part.body.span).text, scope=self.scope).tree)
            if isinstance(tree, Expr):
                self._name(shown, tree)

    def _is_known(self, name: str) -> bool:
        try:
            read(name, scope=self.scope)
        except ReadingError:
            return False
        return True

    def _letters(self) -> frozenset[str]:
        """The letters of the network's quantities."""
        network = self.question.network
        return (
            network.names
            if isinstance(network, ForwardNetwork)
            else frozenset(letter for letter, _ in self.scope.table)
        )

    def _name(self, shown: str, tree: Expr) -> None:
        """From here on a name stands for a value, and where a letter counts layers, so do its instances."""
        given = dict(self.scope.given)
        for text, value in (*_instances(shown, tree, self.question), (shown, tree)):
            # names stand for what is written in their place, so about rows where the data are rows
            given[surface(text)] = in_rows(value, self.scope.network) if self.scope.turned else value
        functions = self.scope.given_functions
        self.scope = Scope(self.scope.notation, self.scope.network, given, functions, self.scope.numerator)


def _cut_out(line: Cut, span: Span) -> Cut:
    """A part of a line as a line of its own."""
    start = line.span[0]
    shown = line.text[slice(*span)]
    return Cut(shown, shown, (start + span[0], start + span[1]))


def _directions(network: Network) -> set[str]:
    """Of what the network takes each softmax of a batch."""
    every = (part for equation in network.equations for _, part in subterms(equation.right))
    return {part.along for part in every if isinstance(part, Softmax | LogSumExp)}


def _check_length(whole: Surface, line: Cut) -> None:
    """Refuse a product of more factors than anybody writes: every way to read them is looked at."""
    open_ = [whole]
    while open_:
        part = open_.pop()
        if isinstance(part, s.Term) and len(part.factors) > MOST_FACTORS:
            message = f"a product of {len(part.factors)} factors: write at most {MOST_FACTORS}, or name parts of it"
            raise ReadingError(message, line.text, part.span)
        open_ += parts_of(part)


def _check_work(tree: Node, line: Cut) -> None:
    """Refuse what would take long to compute, before anybody begins to."""
    found = work(tree)
    if found > MOST:
        shown = f"{found:,}" if found < 10**9 else "more than 1,000,000,000"
        raise ReadingError(
            f"to compute this line takes {shown} steps, and {MOST:,} are allowed: write smaller bounds and fewer terms",
            line.text,
            (0, len(line.text)),
        )


def _has_relation(tokens: Sequence[Token]) -> bool:
    """Whether a relation stands outside all braces, and not only below a ∏."""
    depth = 0
    for role, *_ in tokens:
        if role == "rel" and not depth:
            return True
        depth += NESTING.get(role, 0)
    return False


def _has_left_side(e: Surface) -> bool:
    """Whether a line is an equation, or begins with one."""
    return isinstance(e, s.Chain) or (isinstance(e, s.Listed) and isinstance(e.parts[0], s.Chain))


def _is_name(e: Surface) -> bool:
    """Whether something may be a name: a letter with accents and scripts."""
    match e:
        case s.Letter():
            return True
        case s.Scripted(base=body) | s.Accented(body=body):
            return _is_name(body)
    return False


def _instances(shown: str, tree: Expr, question: Question) -> Iterator[tuple[str, Expr]]:
    """The members of a family that is named at a letter: `δ_2`, `δ_{l+1}`, `δ_L` beside `δ_l`."""
    free = (free_indices(tree, question.network) - question.indices) & {"l", "k", "t"}
    for letter in sorted(free):
        head, mark, place = shown.partition("_")
        if place.strip("{} ") != letter:
            continue
        for value, written in _values(letter, question):
            yield f"{head}{mark}{{{written}}}", substitute(tree, {letter: value})


def _values(letter: str, question: Question) -> Iterable[tuple[Dim, str]]:
    here = index(letter)
    yield from ((here + 1, f"{letter}+1"), (here - 1, f"{letter}-1"))
    yield from ((dim(number), str(number)) for number in LAYERS)
    for name in sorted(question.network.depth.symbols):
        yield from ((index(name) + step, f"{name}{step:+d}" if step else name) for step in (-1, 0, 1, 2))
