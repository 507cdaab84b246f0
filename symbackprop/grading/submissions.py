"""What was handed in: JSON lines, a CSV, or a folder for each student, as one list of rows.

No row is lost: one that is broken stays in its place with the reason why it cannot be judged.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from symbackprop.errors import SymbackpropError
from symbackprop.grading.csv_rows import CsvError, csv_rows
from symbackprop.grading.folders import files_of, folder_files

KEYS = ("id", "question", "answer")
# characters of one row, of which an answer may have a small part only
LONGEST = 4_000_000
LONGEST_ID = 200
# what undecodable bytes and halves of a character become
_HALF = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Submission:
    """One row.

    Attributes:
        id: of the student or the answer, as it was given; made from its place where none can be read.
        question: the id of the question; None where none can be read.
        answer: LaTeX; empty where there is none.
        problem: why it is not judged; empty for one that is.
    """

    id: str | int
    question: str | None
    answer: str
    problem: str = ""


def read_submissions(path: str | Path, questions: Collection[str]) -> tuple[Submission, ...]:
    """The rows of a file of JSON lines, of a file that ends in `.csv` or `.tsv`, or of a folder, in their order.

    Args:
        questions: the ids that there are.

    Raises:
        SymbackpropError: for what is no such file or folder, or has no row.
    """
    path = Path(path)
    try:
        if path.is_dir():
            rows = _from_folder(path, questions)
        else:
            text = _text(path)
            is_csv = path.suffix.lower() in (".csv", ".tsv")
            rows = list(_from_csv(text, path) if is_csv else _from_lines(text))
    except OSError as error:
        raise SymbackpropError(f"{path} cannot be read: {error.strerror or error}") from None
    if not rows:
        raise SymbackpropError(f'{path} has no answer: write lines of {{"id", "question", "answer"}}, or a CSV')
    return tuple(_checked(rows, questions))


def _text(path: Path) -> str:
    """A file as text; bytes that are no UTF-8 stay as halves of characters, so that they cost their own row only.

    Raises:
        SymbackpropError: for UTF-16, of which nothing could be read.
    """
    data = path.read_bytes()
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise SymbackpropError(f"{path} is UTF-16 text: save it as UTF-8")
    return data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")


# --- the three kinds -------------------------------------------------------------------------------------------------


def _from_lines(text: str) -> Iterator[Submission]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield _from_line(line, f"line {number}")


def _from_line(line: str, place: str) -> Submission:
    if len(line) > LONGEST:
        return Submission(place, None, "", f"{place} has {len(line):,} characters: write at most {LONGEST:,}")
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        why = error.msg if isinstance(error, json.JSONDecodeError) else "a number or the nesting is beyond bounds"
        return Submission(place, None, "", f'{place} is no JSON ({why}): write {{"id": …, "question": …, "answer": …}}')
    if not isinstance(row, dict):
        return Submission(place, None, "", f'{place} is no object: write {{"id": …, "question": …, "answer": …}}')
    return _from_values(row, place)


def _from_values(row: dict[str, object], place: str) -> Submission:
    """A row by its keys; a whole number is an id or a question too."""
    named = {key: row.get(key) for key in KEYS}
    for key in ("id", "question"):
        # a name of blanks is none
        named[key] = value.strip() or None if isinstance(value := named[key], str) else value
    problems = [f"{place} has no {key}: write one" for key in KEYS if named[key] is None]
    for key, value in named.items():
        is_whole = isinstance(value, int) and not isinstance(value, bool) and key != "answer"
        if value is not None and not isinstance(value, str) and not is_whole:
            problems.append(f"the {key} in {place} is no text: write it in quotes")
            named[key] = None
    id, question, answer = (named[key] for key in KEYS)
    return Submission(
        id if isinstance(id, int) else str(id or "") or place,
        None if question is None else str(question),
        str(answer or ""),
        "; ".join(problems),
    )


def _from_csv(text: str, path: Path) -> Iterator[Submission]:
    rows = csv_rows(text)
    first = next(rows, None)
    header = [] if first is None or isinstance(first, CsvError) else [cell.strip().lower() for cell in first.cells]
    if first is None or not set(KEYS) <= set(header):
        raise SymbackpropError(f"{path} has no columns {', '.join(KEYS)}: write these names in its first row")
    for row in rows:
        place = f"line {row.line}"
        if isinstance(row, CsvError):
            yield Submission(place, None, "", f"{place} {row.problem}")
        elif len(row.cells) != len(header):
            problem = (
                f'{place} has {len(row.cells)} cells, not {len(header)}: write commas and quotes in a cell as "a, b"'
            )
            yield replace(_from_values(dict(zip(header, row.cells, strict=False)), place), problem=problem)
        else:
            yield _from_values(dict(zip(header, row.cells, strict=True)), place)


def _from_folder(path: Path, questions: Collection[str]) -> list[Submission]:
    rows = []
    for student, files in folder_files(path):
        for question, answer, problem in files_of(files, student, questions):
            rows.append(Submission(student, question, answer, problem))
    return rows


# --- what holds for all ----------------------------------------------------------------------------------------------


def _checked(rows: list[Submission], questions: Collection[str]) -> Iterator[Submission]:
    """The rows, with a problem where one is found; of two answers by one student to one question, the first counts."""
    seen: set[tuple[str, str]] = set()
    for number, row in enumerate(rows, 1):
        made = _mended(row, f"row {number}")
        if not made.problem:
            made = replace(made, problem=_problem(made, questions))
        key = (str(made.id), made.question or "")
        if not made.problem and key in seen:
            made = replace(made, problem=f"there is an answer by {made.id} to {made.question} above, which counts")
        if not made.problem:
            seen.add(key)
        yield made


def _mended(row: Submission, place: str) -> Submission:
    """The row with nothing in it that could not be written down."""
    broken = [name for name, text in (("id", str(row.id)), ("question", row.question or "")) if _HALF.search(text)]
    if broken or _HALF.search(row.answer):
        what = " and ".join([*broken, *(["answer"] if _HALF.search(row.answer) else [])])
        problem = f"the {what} has bytes that are not UTF-8 text: save it as UTF-8"
        id = place if "id" in broken else row.id
        return Submission(id, None if "question" in broken else row.question, _whole(row.answer), problem)
    if len(str(row.id)) > LONGEST_ID:
        return replace(row, id=place, problem=f"the id in {place} is longer than {LONGEST_ID} characters: shorten it")
    if row.question is not None and len(row.question) > LONGEST_ID:
        return replace(row, question=None, problem=f"the question in {place} is longer than {LONGEST_ID} characters")
    return row


def _whole(text: str) -> str:
    return _HALF.sub("�", text)


def _problem(row: Submission, questions: Collection[str]) -> str:
    if row.question not in questions:
        return f"there is no question {row.question!r}: write one of {', '.join(questions)}"
    for name, text in (("id", str(row.id)), ("answer", row.answer)):
        if "\0" in text:
            return f"the {name} has a NUL character: take it out"
    return ""
