r"""The mistake in a line whose parts do not conform: a change to its text with which it conforms and is right.

There is no tree to change, so transposes are put in or taken out, factors swapped and products made Hadamard products
where the text has them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, pairwise

from symbackprop.answers.comparing import compare
from symbackprop.answers.diagnosis import written
from symbackprop.answers.question import Question
from symbackprop.answers.reading import ReadLine
from symbackprop.answers.verdict import Mistake
from symbackprop.errors import ShapeError, SymbackpropError
from symbackprop.expr import Expr
from symbackprop.latex import surface as s
from symbackprop.latex.grammar import parts, surface
from symbackprop.latex.parse import read
from symbackprop.latex.surface import Span, Surface
from symbackprop.shapes import shape
from symbackprop.statements import Chain

MOST = 60
MOST_PAIRS = 120
ENTRYWISE = frozenset({"⊙", "∘", "*", ".*"})
TRANSPOSE = r"^\top{}"


@dataclass(frozen=True)
class Edit:
    """A change to a text.

    Attributes:
        code: of the mistake that is taken back.
        pieces: spans, and what stands in their place.
        span: what it is about.
        says: what to look at; `{part}` is the text of the span.
    """

    code: str
    pieces: tuple[tuple[Span, str], ...]
    span: Span
    says: str

    def on(self, text: str) -> str:
        """The text with it made."""
        for (start, end), new in sorted(self.pieces, reverse=True):
            text = text[:start] + new + text[end:]
        return text


def reshaped(line: ReadLine, question: Question) -> list[Mistake]:
    """The mistakes, one or two, with which a line becomes right; none where no such change does."""
    text = line.cut.text
    try:
        edits = list(islice(_edits(surface(text), text), MOST))
    except SymbackpropError:
        return []
    for edit in edits:
        if _is_right(edit.on(text), line, question):
            return [_told(edit, line)]
    pairs = ((one, two) for i, one in enumerate(edits) for two in edits[i + 1 :] if _apart(one, two))
    for one, two in islice(pairs, MOST_PAIRS):
        both = Edit(one.code, (*one.pieces, *two.pieces), one.span, one.says)
        if _is_right(both.on(text), line, question):
            return [_told(one, line), _told(two, line)]
    return []


def _apart(one: Edit, two: Edit) -> bool:
    return all(a[1] <= b[0] or b[1] <= a[0] for a, _ in one.pieces for b, _ in two.pieces)


def _is_right(text: str, line: ReadLine, question: Question) -> bool:
    """Whether a text conforms and says what is right."""
    left = line.head or question.asked
    try:
        tree = read(text, scope=line.scope, left=left, like=None if line.head else question.shape).tree
    except SymbackpropError:
        return False
    match tree:
        case Chain(sides):
            head, values = sides[0], sides[1:]
        case Expr():
            head, values = question.asked, (tree,)
        case _:
            return False
    return all(_equals(value, head, question) for value in values)


def _equals(value: Expr, head: Expr, question: Question) -> bool:
    try:
        if shape(value, question.network) != shape(head, question.network):
            return False
    except ShapeError:
        return False
    return compare(head, value, question).is_equal


def _told(edit: Edit, line: ReadLine) -> Mistake:
    start = line.cut.span[0]
    shown = written(edit.span, line.cut.text)
    return Mistake(edit.code, edit.says.replace("{part}", shown), (edit.span[0] + start, edit.span[1] + start))


# --- what may be changed ---------------------------------------------------------------------------------------------


def _edits(e: Surface, text: str) -> Iterator[Edit]:
    """Changes to a formula, those to its letters first."""
    every = list(_all(e))
    for part in every:
        yield from _transposed(part, text)
    for part in every:
        if isinstance(part, s.Term):
            yield from _factors(part, text)
    for part in every:
        yield from _moved(part, text)


def _all(e: Surface) -> Iterator[Surface]:
    """A formula and its parts; a derivative is one."""
    yield e
    if isinstance(e, s.Fraction):
        return
    for part in parts(e):
        yield from _all(part)


def _transposed(e: Surface, text: str) -> Iterator[Edit]:
    match e:
        case s.Scripted(base=base, sup=sup) if sup is not None:
            mark = text.find("^", base.span[1], e.span[1])
            if mark >= 0 and (e.sub is None or e.sub.span[0] < mark):
                piece = ((mark, e.span[1]), "")
                yield Edit("extra-transpose", (piece,), e.span, "{part} should not be transposed")
        case s.Scripted(base=s.Letter() | s.Accented()) | s.Fraction():
            yield from _put_in(e, text)
        case s.Term(factors=factors):
            for factor in factors:
                if isinstance(factor, s.Letter | s.Accented | s.Fenced):
                    yield from _put_in(factor, text)


def _moved(e: Surface, text: str) -> Iterator[Edit]:
    """Another layer below a letter, and other bounds of a product or sum."""
    match e:
        case s.Scripted(base=s.Letter() | s.Accented(), sub=sub) if sub is not None:
            for new in _neighbours(text[slice(*sub.span)]):
                yield Edit("wrong-layer", ((sub.span, new),), e.span, "{part} is of the wrong layer")
        case s.Big(sup=sup) if sup is not None:
            for new in _neighbours(text[slice(*sup.span)]):
                yield Edit("product-bounds", ((sup.span, new),), e.span, "the bounds of {part} are wrong")


def _neighbours(script: str) -> Iterator[str]:
    """A script one more and one less, in braces."""
    inner = script.strip().removeprefix("{").removesuffix("}").strip()
    for step in (1, -1):
        yield f"{{{int(inner) + step}}}" if inner.isdigit() else f"{{{inner}{step:+d}}}"


def _put_in(e: Surface, text: str) -> Iterator[Edit]:
    end = e.span[1]
    yield Edit("missing-transpose", (((end, end), TRANSPOSE),), e.span, "{part} is not transposed")


def _factors(e: s.Term, text: str) -> Iterator[Edit]:
    for sign, (one, two) in zip(e.signs, pairwise(e.factors), strict=True):
        both = (one.span[0], two.span[1])
        first, second = text[slice(*one.span)], text[slice(*two.span)]
        swapped = ((one.span, second + " "), (two.span, first))
        yield Edit("swapped-factors", swapped, both, "the factors of {part} are swapped")
        gap = (one.span[1], two.span[0])
        if sign.text in ENTRYWISE:
            says = "{part} should be a matrix product, not entry by entry"
            for pieces in (((gap, " "), ((two.span[1],) * 2, TRANSPOSE)), ((gap, " "),)):
                yield Edit("hadamard-for-product", pieces, both, says)
        else:
            yield Edit("product-for-hadamard", ((gap, r" \odot "),), both, "{part} should be taken entry by entry")
