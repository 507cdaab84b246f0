"""What an answer may use: not what is asked for, and where the question lists quantities, nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from symbackprop.answers.question import Question, whole
from symbackprop.answers.reading import Side
from symbackprop.answers.verdict import INCORRECT, UNREADABLE, Mistake
from symbackprop.expr import Entry, Expr, Negative, Number, Partial, Product, Quotient, Sum, Transpose, Variable
from symbackprop.latex.parse import free_indices
from symbackprop.latex.surface import Span
from symbackprop.substitution import free_symbols
from symbackprop.tree import children, subterms


@dataclass(frozen=True)
class Refused:
    """Why a side is not judged by its value."""

    verdict: str
    note: str
    mistake: Mistake | None = None


def refused(side: Side, head: Expr, is_named: bool, question: Question) -> Refused | None:
    """Why a side of a line may not stand there; None if it may.

    Args:
        head: what the line is about.
        is_named: whether the line gives a name to its value.
    """
    if is_named:
        return None
    free = free_symbols(side.tree) - free_symbols(head)
    # a size that stands on one side only is no index
    free = free_indices(side.tree, question.network) - free_indices(head, question.network) if free else free
    if free:
        note = f"the index {', '.join(sorted(free))} stands on one side only: write the sum over it, or the entry meant"
        return Refused(UNREADABLE, note)
    if head != question.asked and not (isinstance(head, Entry) and head.operand == question.asked):
        return None
    part = question.restates(side.tree)
    if part is not None:
        note = f"it uses {part}, which is what is asked for: write it in terms of other quantities"
        return Refused(INCORRECT, note, Mistake("restates-question", note, place(side, part)))
    other = _not_usable(side.tree, question.usable)
    if other is not None:
        note = f"it uses {other}, which is not among what the answer may use"
        return Refused(INCORRECT, note, Mistake("not-in-terms-of", note, place(side, other)))
    return None


def left_undone(side: Side, question: Question) -> Refused | None:
    r"""Why the last value is no answer: it is `\partial(…)/\partial W` with all the work left. None if it is one."""
    asked = whole(question.asked)
    if not isinstance(asked, Partial) or not _is_undone(side.tree, asked.wrt):
        return None
    note = f"the derivative by {asked.wrt}, which is what is asked for, is not worked out: write what it is"
    return Refused(INCORRECT, note, Mistake("restates-question", note, side.span))


def _is_undone(e: Expr, wrt: Expr) -> bool:
    """Whether it is a derivative by that of a formula, or a sum of such with numbers in front."""
    match e:
        case Partial(of, by):
            return whole(by) == wrt and not isinstance(of, Variable)
        case Sum(parts):
            return all(_is_undone(part, wrt) for part in parts)
        case Negative(inner) | Transpose(inner) | Quotient(inner, Number()):
            return _is_undone(inner, wrt)
        case Product(parts):
            rest = [part for part in parts if not isinstance(part, Number)]
            return len(rest) == 1 and _is_undone(rest[0], wrt)
    return False


def place(side: Side, part: Expr) -> Span:
    """Where a part of a side first stands in the answer."""
    found = next((path for path, each in subterms(side.tree) if each == part), ())
    return side.spans.get(found, side.span)


def _not_usable(e: Expr, usable: tuple[Expr, ...] | None) -> Expr | None:
    """The first quantity in an expression that is not among those."""
    if usable is None or e in usable:
        return None
    if isinstance(e, Partial | Variable):
        return e
    return next((found for part in children(e) if (found := _not_usable(part, usable)) is not None), None)
