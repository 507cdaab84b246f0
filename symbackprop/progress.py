"""How far a slow computation is, as a bar on standard error; nothing where standard error is no terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TextIO

# called with how many parts are done, and of how many
Progress = Callable[[int, int], None]

WIDTH = 30
# seconds: what is done sooner needs no bar, and a bar drawn more often than this costs time and flickers
PATIENCE = 0.3
INTERVAL = 0.05
START_OF_LINE = "\r"


def silent(done: int, total: int) -> None:
    """Say nothing."""


def part(progress: Progress, place: int, parts: int) -> Progress:
    """What one of several equal computations tells, `place` of them being done, for all of them together."""
    return lambda done, total: progress(place * total + done, parts * total)


class Bar:
    """A bar in one line that is redrawn, and wiped out once all is done or the `with` block is left.

    Args:
        label: what is computed.
        stream: where it is drawn; standard error, if not given. Nothing is drawn where that is no terminal.
    """

    def __init__(self, label: str, stream: TextIO | None = None) -> None:
        self._label = label
        self._stream = stream or sys.stderr
        self._terminal = self._stream.isatty()
        self._next = time.monotonic() + PATIENCE
        self._drawn = 0

    def __call__(self, done: int, total: int) -> None:
        """Draw how much is done, unless it has just been drawn."""
        if not self._terminal:
            return
        if done >= total:
            self.wipe()
        elif time.monotonic() >= self._next:
            self._draw(done, total)
            self._next = time.monotonic() + INTERVAL

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        self.wipe()

    def wipe(self) -> None:
        """Leave the line as it was found."""
        if self._drawn:
            self._write(START_OF_LINE + " " * self._drawn + START_OF_LINE)
            self._drawn = 0

    def _draw(self, done: int, total: int) -> None:
        filled = WIDTH * done // total
        line = f"{self._label} [{'#' * filled}{'.' * (WIDTH - filled)}] {100 * done // total:3d} %"
        # a line that is shorter than the one before must cover it
        self._write(START_OF_LINE + line.ljust(self._drawn))
        self._drawn = max(self._drawn, len(line))

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
