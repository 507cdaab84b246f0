"""A folder with a folder for each student, in which each answer is a file: `SUBMISSIONS/<student>/<question>.tex`.

Links are not followed: what they lead to is not the student's, and would be shown in the report.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

SUFFIX = ".tex"
# bytes of a file, of which an answer may have a small part only
LONGEST = 4_000_000


def folder_files(folder: Path) -> Iterator[tuple[str, list[Path]]]:
    """The name of each student with what is in that folder, sorted; what lies beside the folders by its own name.

    Raises:
        OSError: for a folder that cannot be read.
    """
    for path in _visible(folder):
        is_folder = stat.S_ISDIR(path.lstat().st_mode)
        yield path.name, _visible(path) if is_folder else [path]


def files_of(paths: Sequence[Path], student: str, questions: Collection[str]) -> Iterator[tuple[str | None, str, str]]:
    """Question, answer and problem of each file of a student, in the order of the questions.

    Raises:
        OSError: for a file that cannot be read.
    """
    order = {question: place for place, question in enumerate(questions)}
    for path in sorted(paths, key=lambda path: (order.get(path.stem, len(order)), path.name)):
        beside = path.name == student
        problem = "this stands beside the folders of the students: move it into one" if beside else _problem(path)
        question = path.stem if path.suffix == SUFFIX and not beside else None
        # bytes that are no UTF-8 are found with those of other kinds of input
        answer = "" if problem else path.read_bytes().removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
        yield question, answer, problem


def _visible(folder: Path) -> list[Path]:
    """What is in a folder, without what begins with a dot, as programs leave behind."""
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _problem(path: Path) -> str:
    """Why a file is not read; empty if it is."""
    found = path.lstat()
    name = os.fsencode(path.name).decode("utf-8", "replace")
    if stat.S_ISLNK(found.st_mode):
        return f"{name} is a link: put the file itself there"
    if not stat.S_ISREG(found.st_mode):
        return f"{name} is no file: write an answer as <question>{SUFFIX}"
    if path.suffix != SUFFIX:
        return f"{name} does not end in {SUFFIX}: call it <question>{SUFFIX}"
    if found.st_size > LONGEST:
        return f"{name} has {found.st_size:,} bytes: write at most {LONGEST:,}"
    return ""
