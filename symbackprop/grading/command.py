"""The command `grade`: what it says while it runs, when it has ended, and when it is interrupted."""

from __future__ import annotations

import os
import sys
from argparse import Namespace

from symbackprop.errors import SymbackpropError
from symbackprop.grading.run import grade
from symbackprop.progress import Bar

DONE, INTERRUPTED = 0, 130


def run(options: Namespace) -> int:
    """Judge all answers and say what came of it; the exit status, which says nothing of the answers.

    Raises:
        SymbackpropError: for files that cannot be read or written.
    """
    done = [0, 0]
    try:
        with Bar("judging") as bar:

            def progress(judged: int, total: int) -> None:
                done[:] = judged, total
                bar(judged, total)

            made = grade(
                options.submissions,
                options.assignment,
                options.folder,
                workers=_workers(options.workers),
                progress=progress,
            )
    except KeyboardInterrupt:
        judged = f"{done[0]:,} of {done[1]:,} answers are judged and kept, and the same command goes on from there"
        print(f"symbackprop: interrupted; {judged}", file=sys.stderr)
        return INTERRUPTED
    counts = ", ".join(f"{count:,} {word}" for word, count in made.counts.items() if count)
    print(f"{made.answers:,} answers: {counts}")
    if made.kept:
        print(f"{made.kept:,} verdicts kept from an earlier run", file=sys.stderr)
    for file in made.files:
        print(f"wrote {file}", file=sys.stderr)
    return DONE


def _workers(text: str | None) -> int:
    if text is None:
        return os.cpu_count() or 1
    try:
        return int(text)
    except ValueError:
        raise SymbackpropError(f"workers {text!r} are no number: write --workers 2") from None
