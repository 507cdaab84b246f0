"""What a judge says of a step: proved, supported by samples, refuted, or undecided. Samples never prove."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome(ABC):
    """What one judge says of one claim."""

    @property
    def word(self) -> str:
        """`proved`, `supported`, `refuted` or `undecided`."""
        return type(self).__name__.lower()

    @property
    @abstractmethod
    def detail(self) -> str:
        """One line that says on what the outcome rests."""


@dataclass(frozen=True)
class Proved(Outcome):
    """It holds for all widths and all depths that it makes sense for."""

    method: str

    @property
    def detail(self) -> str:
        return self.method


@dataclass(frozen=True)
class Supported(Outcome):
    """Both sides agreed wherever they were compared; `bound` bounds the probability of that, were they different."""

    samples: int
    method: str
    bound: float | None = None

    @property
    def detail(self) -> str:
        error = "" if self.bound is None else f", false agreement at most {self.bound:.1g}"
        return f"{self.samples} samples, {self.method}{error}"


@dataclass(frozen=True)
class Refuted(Outcome):
    """A counterexample was found."""

    counterexample: str

    @property
    def detail(self) -> str:
        return self.counterexample


@dataclass(frozen=True)
class Undecided(Outcome):
    """Neither; the reason is one sentence."""

    reason: str

    @property
    def detail(self) -> str:
        return self.reason
