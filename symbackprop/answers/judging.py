"""The verdict on an answer: each line against the one before and against the truth, then the last value given."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from symbackprop.answers.allowed import left_undone, refused
from symbackprop.answers.comparing import DIFFERENT, OPEN, Compared, compare, fingerprint
from symbackprop.answers.inequalities import compare_sizes
from symbackprop.answers.numbers import compare_numbers
from symbackprop.answers.question import Question, is_number
from symbackprop.answers.reading import ReadAnswer, ReadLine, Side, read_answer
from symbackprop.answers.verdict import CORRECT, INCORRECT, UNDECIDED, UNREADABLE, Line, Mistake, Verdict, Witness
from symbackprop.errors import ShapeError
from symbackprop.expr import Expr, Partial, Transpose
from symbackprop.latex.errors import ReadingError
from symbackprop.shapes import SCALAR, Shape, shape, written

# what leaves a value with another shape and does not speak of that by itself
BESIDE_SHAPE = frozenset({"missing-factor", "extra-factor", "component-for-vector"})
WORDS = "words beside the formulas were not read"


def judge(question: Question, answer: str, *, names_mistakes: bool = True) -> Verdict:
    """What is said of an answer in LaTeX. It is never executed, and nothing of it is kept.

    Args:
        answer: one expression, `lhs = rhs`, or several lines.
        names_mistakes: whether the mistake in a wrong answer is looked for, which takes longer than the verdict.
    """
    try:
        read = read_answer(answer, question)
    except ReadingError as error:
        return Verdict(UNREADABLE, str(error.message))
    return _Judge(question, answer, read, names_mistakes).verdict()


@dataclass
class _Value:
    """A value given for a quantity, or a bound of it, and what is found of that."""

    line: int
    side: Side
    head: Expr
    found: Compared
    is_bound: bool = False


@dataclass
class _Judge:
    """Judges the lines of one answer in order."""

    question: Question
    answer: str
    read: ReadAnswer
    names_mistakes: bool = True
    lines: list[Line] = field(default_factory=list)
    values: list[_Value] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)
    # what a chain is about, its last side and which way it goes, once a side of it is no value but a bound
    bound: tuple[Expr, Expr, str] | None = None

    def verdict(self) -> Verdict:
        for number, line in enumerate(self.read.lines, 1):
            self.lines.append(self._line(number, line))
        own = [value for value in self.values if self._is_asked(value.head)]
        if isinstance(self.question.asked, Partial):
            # who asks for a gradient asks for its value
            own = [value for value in own if not value.is_bound]
        last = own[-1] if own else None
        wrong = next((line.number for line in self.lines if line.verdict == INCORRECT), None)
        word, reason = self._word(last, wrong)
        return Verdict(
            word,
            reason,
            self._score(word, wrong),
            self._assumed(),
            tuple(self.lines),
            wrong,
            tuple(self.mistakes),
            None if last is None or word != INCORRECT else self._witness(wrong, last),
            None if last is None or word != CORRECT else last.found.certificate,
            valued=self._value_of(last),
        )

    def _value_of(self, last: _Value | None) -> str | Callable[[], str]:
        """What names the value that was given last."""
        if last is None or last.head != self.question.asked:
            return ""
        return partial(fingerprint, last.side.tree, self.question)

    # --- a line ------------------------------------------------------------------------------------------------------

    def _line(self, number: int, line: ReadLine) -> Line:
        if line.error is not None:
            if not line.is_misshapen:
                return self._said(number, line, UNREADABLE, line.error.message)
            found = self._reshaped(line)
            self.mistakes += found
            if all(mistake.code in BESIDE_SHAPE for mistake in found):
                self.mistakes.append(Mistake("shape", line.error.message, line.error.span))
            return self._said(number, line, INCORRECT, _said(found) or line.error.message)
        head = self._head(line)
        refused = self._refused(line, head)
        if refused is not None:
            return self._said(number, line, *refused)
        if line.name:
            return self._named(number, line)
        words = [self._value(number, side, before, head) for side, before in self._with_before(line)]
        return self._worst(number, line, words)

    def _head(self, line: ReadLine) -> Expr:
        """What the line is about; an entry of what is asked for, where that says all of it."""
        if line.head is None:
            return self.question.asked
        return self.question.entry_asked(line.head) or line.head

    def _is_asked(self, head: Expr) -> bool:
        return head == self.question.asked or self.question.entry_asked(head) is not None

    def _said(self, number: int, line: ReadLine, word: str, note: str) -> Line:
        return Line(number, line.cut.written, word, note, line.cut.span)

    def _refused(self, line: ReadLine, head: Expr) -> tuple[str, str] | None:
        """Why a line is not judged by its value."""
        for side in line.sides:
            found = refused(side, head, bool(line.name), self.question)
            if found is not None:
                self.mistakes += [] if found.mistake is None else [found.mistake]
                return found.verdict, found.note
        return None

    def _named(self, number: int, line: ReadLine) -> Line:
        """A name is given: what is chained behind it must be equal."""
        words = [self._value(number, side, before, line.sides[0].tree) for side, before in self._with_before(line)]
        made = self._worst(number, line, words[1:] or [(CORRECT, "")])
        return made if made.note or made.verdict != CORRECT else self._said(number, line, CORRECT, f"names {line.name}")

    def _with_before(self, line: ReadLine) -> Iterator[tuple[Side, Side | None]]:
        before: Side | None = None
        for side in line.sides:
            yield side, before
            before = side

    def _value(self, number: int, side: Side, before: Side | None, head: Expr) -> tuple[str, str]:
        """The word for one side, and why."""
        earlier = self.values[-1] if self.values and self.values[-1].head == head else None
        if before is None and self.bound is not None and self.bound[0] != head:
            self.bound = None
        if side.relation != "=" or self.bound is not None:
            last = before.tree if before is not None else head if earlier is None else earlier.side.tree
            last = last if before is not None or self.bound is None else self.bound[1]
            way = self.bound[2] if self.bound is not None else side.relation
            self.bound = (head, side.tree, way)
            if {side.relation, way} == {"≤", "≥"}:
                return INCORRECT, f"{way} and {side.relation} in one chain say nothing of its first and last side"
            return self._bounded(number, side, last, head)
        try:
            size = shape(side.tree, self.question.network)
            wanted = shape(head, self.question.network)
        except ShapeError as error:
            self.mistakes += self._told(side, head) or [Mistake("shape", str(error), side.span)]
            return INCORRECT, _said(self.mistakes)
        if self.question.transposed == "accept" and self._is_asked(head) and self._is_transposed(side, head, size):
            found = compare(head, Transpose(side.tree), self.question, self.answer)
            self.values.append(_Value(number, side, head, found))
            return CORRECT, "this is the transpose, the gradient in the other layout, which is accepted"
        if size != wanted:
            note = (
                f"it is {written(size, self.question.network)}, and {head} is {written(wanted, self.question.network)}"
            )
            found = Compared(DIFFERENT, note)
        elif self.question.tolerance is not None and is_number(side.tree):
            found = compare_numbers(head, side.tree, self.question)
            if found.result == OPEN:
                # of 0 nothing is a share, but it may be just that
                exact = compare(head, side.tree, self.question, self.answer)
                found = exact if exact.is_equal else found
        else:
            found = compare(head, side.tree, self.question, self.answer)
        self.values.append(_Value(number, side, head, found))
        if found.is_equal:
            if earlier is not None and earlier.found.is_different:
                return CORRECT, "this is right, though the line before is wrong"
            return CORRECT, ""
        if not found.is_different:
            return UNDECIDED, found.reason
        made = self._told(side, head)
        self.mistakes += made
        if size != wanted and all(mistake.code in BESIDE_SHAPE for mistake in made):
            self.mistakes.append(Mistake("shape", found.reason, side.span))
        told = _said(made)
        if earlier is not None and size == wanted:
            same = compare(earlier.side.tree, side.tree, self.question, self.answer)
            if earlier.found.is_different and same.is_equal:
                return INCORRECT, "this follows from the line before, which is wrong"
            if earlier.found.is_equal:
                return INCORRECT, _joined("this does not follow from the line before", told)
        return INCORRECT, told or found.reason

    def _reshaped(self, line: ReadLine) -> list[Mistake]:
        """The mistakes in a line that does not conform, if it is the first."""
        if not self._is_first_mistake:
            return []
        from symbackprop.answers.misshapen import reshaped

        return reshaped(line, self.question, self.answer)

    def _told(self, side: Side, head: Expr) -> list[Mistake]:
        """The mistakes in the first wrong value."""
        if not self._is_first_mistake:
            return []
        # a right answer does without
        from symbackprop.answers.diagnosis import diagnosed

        return diagnosed(side, head, self.question, self.answer)

    @property
    def _is_first_mistake(self) -> bool:
        """Whether a mistake is to be looked for: only that of the first wrong line is."""
        return self.names_mistakes and not self.mistakes

    def _is_transposed(self, side: Side, head: Expr, size: Shape) -> bool:
        """Whether a value is the transpose of the right one, and not the right one."""
        if size[::-1] != shape(head, self.question.network) or size == SCALAR:
            return False
        if size == size[::-1] and compare(head, side.tree, self.question, self.answer).is_equal:
            return False
        return compare(head, Transpose(side.tree), self.question, self.answer).is_equal

    def _bounded(self, number: int, side: Side, before: Expr, head: Expr) -> tuple[str, str]:
        if side.relation == "=":
            found = compare(before, side.tree, self.question, self.answer)
        else:
            found = compare_sizes(before, side.relation, side.tree, self.question, self.answer)
        self.values.append(_Value(number, side, head, found, is_bound=found.result != OPEN))
        word = CORRECT if found.is_equal else INCORRECT if found.is_different else UNDECIDED
        return word, found.reason

    def _worst(self, number: int, line: ReadLine, words: Sequence[tuple[str, str]]) -> Line:
        order = (INCORRECT, UNREADABLE, UNDECIDED, CORRECT)
        word, note = min(words, key=lambda each: order.index(each[0]), default=(CORRECT, ""))
        if word == CORRECT:
            note = next((each for _, each in words if each), "")
        return self._said(number, line, word, note)

    # --- the whole ---------------------------------------------------------------------------------------------------

    def _word(self, last: _Value | None, wrong: int | None) -> tuple[str, str]:
        unread = next((line for line in self.lines if line.verdict == UNREADABLE), None)
        if wrong is not None:
            line = self.lines[wrong - 1]
            if last is not None and last.found.is_equal and last.line > wrong:
                return INCORRECT, f"the last line is right, but line {wrong} is not: {line.note}"
            where = f"line {wrong}: " if len(self.lines) > 1 else ""
            return INCORRECT, f"{where}{line.note}"
        if unread is not None:
            where = f"line {unread.number}: " if len(self.lines) > 1 else ""
            return UNREADABLE, f"{where}{unread.note}"
        if last is None:
            bounds = any(self._is_asked(value.head) for value in self.values)
            said = "a bound, and no value, of" if bounds else "nothing of"
            return INCORRECT, f"it says {said} {self.question.asked}, which is asked for"
        doubtful = next((line for line in self.lines if line.verdict == UNDECIDED), None)
        if doubtful is not None:
            where = f"line {doubtful.number}: " if len(self.lines) > 1 else ""
            return UNDECIDED, f"{where}{doubtful.note}"
        undone = left_undone(last.side, self.question)
        if undone is not None:
            self.mistakes += [] if undone.mistake is None else [undone.mistake]
            return undone.verdict, undone.note
        right = "the value is right" if last.side.relation == "=" else "the bound holds"
        return CORRECT, right + (", and so is every line" if len(self.lines) > 1 else "")

    def _score(self, word: str, wrong: int | None) -> float:
        if word == CORRECT:
            return 1.0
        if self.question.partial == "prefix" and wrong is not None:
            return round((wrong - 1) / len(self.lines), 4)
        return 0.0

    def _assumed(self) -> tuple[str, ...]:
        words = (WORDS,) if self.read.words is not None else ()
        return (*self._given(), *self.read.assumed, *words)

    def _given(self) -> Iterator[str]:
        """What the question says of its quantities, in LaTeX."""
        if self.question.given:
            from symbackprop.render.latex import latex

            for each in self.question.given:
                yield latex(each, self.question.letters, self.question.network)

    def _witness(self, wrong: int | None, last: _Value) -> Witness | None:
        values = [value for value in self.values if value.found.witness is not None]
        first = next((value for value in values if value.line == wrong), None)
        return (first or last).found.witness


def _said(mistakes: Sequence[Mistake]) -> str:
    """What mistakes say, in one line."""
    return "; ".join(mistake.message for mistake in mistakes)


def _joined(first: str, second: str) -> str:
    return f"{first}: {second}" if second else first
