"""Answers of a question that say the same, and what goes wrong most often: the numbers of the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from symbackprop.answers.verdict import CORRECT, VERDICTS
from symbackprop.grading.marked import Marked


@dataclass
class Cluster:
    """Answers with one value and one verdict, as all correct ones are; without a value, answers with one text.

    Attributes:
        first: the first of them, whose reason and mistakes are shown.
        texts: how often it is written in which way.
        ids: of all of them, in their order.
    """

    first: Marked
    texts: Counter[str] = field(default_factory=Counter)
    ids: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class Summary:
    """What is told of the answers to one question.

    Attributes:
        counts: of each verdict.
        score: the mean.
        mistakes: code, one of its messages, and how many answers have it, the most frequent first.
        lines: a first wrong line, what is said of it, and in how many answers it stands, the most frequent first.
        clusters: by verdict, the largest first.
    """

    counts: dict[str, int]
    score: float
    mistakes: tuple[tuple[str, str, int], ...]
    lines: tuple[tuple[str, str, int], ...]
    clusters: dict[str, tuple[Cluster, ...]]


def summary(marked: Sequence[Marked]) -> Summary:
    """What is told of some answers to one question."""
    found = Counter(each.verdict for each in marked)
    groups: dict[tuple[str, str], Cluster] = {}
    codes: Counter[str] = Counter()
    messages: dict[str, str] = {}
    lines: Counter[str] = Counter()
    notes: dict[str, str] = {}
    for each in marked:
        cluster = groups.setdefault((each.verdict, _key(each)), Cluster(each))
        cluster.texts[each.answer] += 1
        cluster.ids.append(str(each.id))
        codes.update({code for code, _ in each.mistakes})
        for code, message in each.mistakes:
            messages.setdefault(code, message)
        if each.wrong_line is not None:
            line, note = each.wrong_line
            lines[line] += 1
            notes.setdefault(line, note)
    return Summary(
        {word: found[word] for word in VERDICTS},
        sum(each.score for each in marked) / len(marked) if marked else 0.0,
        tuple((code, messages[code], count) for code, count in _ranked(codes)),
        tuple((line, notes[line], count) for line, count in _ranked(lines)),
        {word: _largest(cluster for (verdict, _), cluster in groups.items() if verdict == word) for word in VERDICTS},
    )


def _key(marked: Marked) -> str:
    if marked.verdict == CORRECT:
        # there is one right value
        return ""
    # blanks and line breaks make no difference to a text
    return f"value {marked.value}" if marked.is_valued else f"text {' '.join(marked.answer.split())}"


def _largest(clusters: Iterable[Cluster]) -> tuple[Cluster, ...]:
    return tuple(sorted(clusters, key=lambda cluster: -cluster.count))


def _ranked(counted: Counter[str]) -> list[tuple[str, int]]:
    """The most frequent first; those of equal number by their text, as sets have no order."""
    return sorted(counted.items(), key=lambda each: (-each[1], each[0]))
