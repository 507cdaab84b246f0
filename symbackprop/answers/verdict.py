"""What is said of an answer. `Verdict.as_json` is the contract that other programs read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from symbackprop.keeping import keep
from symbackprop.latex.surface import Span

CORRECT, INCORRECT, UNDECIDED, UNREADABLE = "correct", "incorrect", "undecided", "unreadable"
VERDICTS = (CORRECT, INCORRECT, UNDECIDED, UNREADABLE)


@dataclass(frozen=True)
class Line:
    """What is said of one line of an answer.

    Attributes:
        number: counted from 1.
        latex: the line as it was written.
        verdict: one of `VERDICTS`.
        note: why, in one sentence; empty where there is nothing to add.
        span: where the line stands in the answer.
    """

    number: int
    latex: str
    verdict: str
    note: str
    span: Span

    def as_json(self) -> dict[str, Any]:
        return {"line": self.number, "latex": self.latex, "verdict": self.verdict, "note": self.note}


@dataclass(frozen=True)
class Mistake:
    """A mistake that explains a wrong value.

    Attributes:
        code: such as `missing-transpose`.
        message: what to look at, in the symbols of the answer.
        span: the half-open characters of the answer that it is about, counted from 0.
    """

    code: str
    message: str
    span: Span

    def as_json(self) -> dict[str, Any]:
        return {"code": self.code, "message": self.message, "span": list(self.span)}


@dataclass(frozen=True)
class Witness:
    """Real numbers at which an answer has another value than it should have.

    Attributes:
        widths: the sizes, in the order of the network's letters, or the widths `n_0 … n_{L+1}`.
        point: the seed of the numbers.
        expected, got: the values, or what is said of them where one does not exist.
        where: in words.
    """

    widths: tuple[int, ...]
    point: int
    expected: Any
    got: Any
    where: str

    def as_json(self) -> dict[str, Any]:
        return {"widths": list(self.widths), "point": self.point, "expected": self.expected, "got": self.got}


@dataclass(frozen=True)
class Certificate:
    """On what an acceptance rests.

    Attributes:
        primes: of the fields in which values were compared.
        points: how many comparisons there were.
        widths: the sizes at which they were.
        depths: the depths at which they were.
        proof: "induction" where it is proved for every depth, "unrolled" for a depth that is given, "shapes" where
            shapes alone decide.
        bound: of the probability that a wrong answer had passed all comparisons.
    """

    primes: tuple[int, ...]
    points: int
    widths: tuple[tuple[int, ...], ...]
    depths: tuple[int, ...]
    proof: str
    bound: float

    def as_json(self) -> dict[str, Any]:
        return {
            "primes": list(self.primes),
            "points": self.points,
            "widths": [list(each) for each in self.widths],
            "depths": list(self.depths),
            "proof": self.proof,
            "false_accept_bound": self.bound,
        }


@dataclass(frozen=True)
class Verdict:
    """What is said of an answer.

    Attributes:
        id: of the answer; None for one that has none.
        question: the id of the question; None for one that has none.
        verdict: one of `VERDICTS`.
        reason: one sentence.
        score: from 0 to 1.
        assumed: what was taken for granted, as LaTeX or in words.
        lines: what is said of each.
        first_wrong_line: its number; None where no line is wrong.
        valued: `value`, or what finds it when it is first asked for.
    """

    verdict: str
    reason: str
    score: float = 0.0
    assumed: tuple[str, ...] = ()
    lines: tuple[Line, ...] = ()
    first_wrong_line: int | None = None
    mistakes: tuple[Mistake, ...] = ()
    witness: Witness | None = None
    certificate: Certificate | None = None
    id: str | None = None
    question: str | None = None
    valued: str | Callable[[], str] = field(default="", compare=False, repr=False)

    @property
    def value(self) -> str:
        """What names the value of the last line, the same for equal answers to one question; empty without one."""
        if not isinstance(self.valued, str):
            keep(self, "valued", self.valued())
        assert isinstance(self.valued, str)
        return self.valued

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "valued": self.value}

    @property
    def is_correct(self) -> bool:
        return self.verdict == CORRECT

    def named(self, id: str | None, question: str | None) -> Verdict:
        """The same of an answer with an id, to a question with an id."""
        return replace(self, id=id, question=question)

    def as_json(self) -> dict[str, Any]:
        """The verdict as `check --json` prints it and `verdicts.jsonl` has it on each line."""
        return {
            "id": self.id,
            "question": self.question,
            "verdict": self.verdict,
            "reason": self.reason,
            "score": self.score,
            "assumed": list(self.assumed),
            "lines": [line.as_json() for line in self.lines],
            "first_wrong_line": self.first_wrong_line,
            "mistakes": [mistake.as_json() for mistake in self.mistakes],
            "witness": None if self.witness is None else self.witness.as_json(),
            "certificate": None if self.certificate is None else self.certificate.as_json(),
        }
