"""The answers of a class judged, and what comes of it written to a folder; a run that was killed goes on."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from symbackprop import __version__
from symbackprop.answers.verdict import UNDECIDED, UNREADABLE, VERDICTS, Verdict
from symbackprop.errors import SymbackpropError
from symbackprop.grading.assignment import Assignment, Task, read_assignment
from symbackprop.grading.grades import grades_csv
from symbackprop.grading.journal import Journal, digest
from symbackprop.grading.marked import Marked
from symbackprop.grading.report import report_html
from symbackprop.grading.submissions import Submission, read_submissions
from symbackprop.grading.worker import JUDGE
from symbackprop.grading.workers import Job, Judged, Limits, judged
from symbackprop.progress import Progress, silent
from symbackprop.writing import write_all

GRADES, REPORT = "grades.csv", "report.html"


@dataclass(frozen=True)
class Graded:
    """What came of a run.

    Attributes:
        counts: how many answers have which verdict.
        kept: how many verdicts are those of an earlier run.
        files: what was written.
    """

    counts: Mapping[str, int]
    kept: int
    files: tuple[Path, ...]

    @property
    def answers(self) -> int:
        return sum(self.counts.values())


def grade(
    submissions: str | Path,
    assignment: str | Path,
    folder: str | Path,
    *,
    workers: int = 1,
    limits: Limits | None = None,
    judge: str = JUDGE,
    progress: Progress = silent,
) -> Graded:
    """Judge what was handed in and write `verdicts.jsonl`, `grades.csv` and `report.html`.

    Verdicts that are in the folder already are kept where neither answer nor question nor version has changed.

    Args:
        submissions: a file of JSON lines, a CSV, or a folder with a folder for each student.
        assignment: a TOML file.
        folder: where the files are written; it is made if it is not there.
        workers: how many processes judge.
        limits: on time and memory of one answer.
        judge: `module:function` that gives a verdict on a question and an answer.
        progress: told how many answers are judged.

    Raises:
        SymbackpropError: for files that cannot be read or written.
    """
    if workers < 1:
        raise SymbackpropError(f"{workers} workers judge nothing: write --workers 1 or more")
    asked = read_assignment(assignment)
    rows = read_submissions(submissions, [task.id for task in asked.tasks])
    run = _Run(asked, rows, Path(folder), judge)
    with Journal(run.folder, run.names) as journal:
        kept = len(journal)
        run.judge_all(journal, workers, limits or Limits(), progress)
        journal.order({place: run.flawed(row) for place, row in enumerate(rows) if row.problem})
        counts = run.write(journal)
    names = ("verdicts.jsonl", GRADES, REPORT)
    return Graded(counts, kept, tuple(run.folder / name for name in names))


class _Run:
    """The rows of a run, and which of them are the same answer to the same question."""

    def __init__(self, assignment: Assignment, rows: tuple[Submission, ...], folder: Path, judge: str) -> None:
        self.assignment = assignment
        self.rows = rows
        self.folder = folder
        self.judge = judge
        self.tasks = {task.id: task for task in assignment.tasks}
        self.names = [None if row.problem else self._name(row) for row in rows]
        self.same: dict[tuple[str | None, str], list[int]] = defaultdict(list)
        for place, row in enumerate(rows):
            if not row.problem:
                self.same[row.question, row.answer].append(place)

    def _name(self, row: Submission) -> str:
        """A name that changes with all that the verdict depends on."""
        task = self._task(row)
        return digest(__version__, self.judge, str(row.id), task.id, task.written, row.answer)

    def _task(self, row: Submission) -> Task:
        return self.tasks[row.question or ""]

    def judge_all(self, journal: Journal, workers: int, limits: Limits, progress: Progress) -> None:
        """Judge each answer that the journal does not have, equal ones once."""
        total = sum(name is not None for name in self.names)
        progress(len(journal), total)
        jobs = list(self._jobs(journal))
        for found in judged(jobs, self.assignment.tasks, workers, limits, self.judge) if jobs else ():
            row = self.rows[found.place]
            verdict = found.verdict or _lost(found)
            for place in self.same[row.question, row.answer]:
                if place not in journal:
                    journal.append(place, self._of(self.rows[place], verdict), found.value)
            progress(len(journal), total)

    def _jobs(self, journal: Journal) -> Iterator[Job]:
        for (question, answer), places in self.same.items():
            known = next((place for place in places if place in journal), None)
            if known is None:
                yield Job(places[0], question or "", answer)
                continue
            verdict = journal.row(known)
            for place in places:
                if place not in journal:
                    journal.append(place, self._of(self.rows[place], verdict), journal.value(known))

    def _of(self, row: Submission, verdict: Mapping[str, Any]) -> dict[str, Any]:
        return {**verdict, "id": row.id, "question": row.question}

    def flawed(self, row: Submission) -> dict[str, Any]:
        """The verdict on a row that cannot be judged."""
        return self._of(row, Verdict(UNREADABLE, row.problem).as_json())

    def write(self, journal: Journal) -> Mapping[str, int]:
        """Write grades and report; how many answers have which verdict."""
        marked = [self._marked(place, journal) for place in range(len(self.rows))]
        write_all(
            [
                (self.folder / GRADES, grades_csv(self.assignment, marked)),
                (self.folder / REPORT, report_html(self.assignment, marked)),
            ]
        )
        counts = Counter(each.verdict for each in marked)
        return {word: counts[word] for word in VERDICTS}

    def _marked(self, place: int, journal: Journal) -> Marked:
        row = self.rows[place]
        verdict = self.flawed(row) if row.problem else journal.row(place)
        return Marked.of(verdict, row.answer, journal.value(place))


def _lost(found: Judged) -> Mapping[str, Any]:
    """The verdict on an answer that the judge could not end with."""
    return Verdict(UNDECIDED, found.failed).as_json()
