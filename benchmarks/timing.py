"""Clocks: work in this process, whole processes, and two kinds of work in turns."""

from __future__ import annotations

import atexit
import compileall
import gc
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).parents[1]
# what an installer writes as the command
LAUNCHER = "import sys\nfrom symbackprop.cli import main\nsys.exit(main())\n"
LONGEST = 600.0


@dataclass(frozen=True)
class Time:
    """Seconds of the wall clock, and of the process's own CPU."""

    seconds: float
    cpu: float


@dataclass(frozen=True)
class Ran:
    """A whole process: how long it took and what it said."""

    seconds: float
    status: int
    output: str
    errors: str

    @property
    def complaint(self) -> str:
        """The last line of what it said, for one that failed."""
        return ([*self.errors.strip().splitlines(), *self.output.strip().splitlines()] or ["no output"])[-1][:80]


def once(work: Callable[[], Any]) -> Time:
    """The time of one call."""
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Time(time.perf_counter() - wall, time.process_time() - cpu)


def repeated(work: Callable[[], Any], times: int) -> Time:
    """The median time of some calls."""
    found = [once(work) for _ in range(times)]
    return Time(median(t.seconds for t in found), median(t.cpu for t in found))


def paired(one: Callable[[], float], two: Callable[[], float], times: int) -> tuple[float, float, float]:
    """The medians of two kinds of work done in turns, and the median of the ratios of each turn."""
    turns = [(one(), two()) for _ in range(times)]
    return median(a for a, _ in turns), median(b for _, b in turns), median(a / b for a, b in turns)


def calls(work: Callable[[], Any], count: int) -> float:
    """Seconds of one call, from a number of them."""
    start = time.perf_counter()
    for _ in range(count):
        work()
    return (time.perf_counter() - start) / count


def in_turns(works: Mapping[str, Callable[[], Any]], counts: Mapping[str, int], times: int) -> dict[str, list[float]]:
    """Seconds of a call of each kind of work, turn by turn; in every turn each kind runs its count of calls.

    Every other turn goes backwards, so that nobody always runs after the same one.
    """
    found: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(times):
        for name in list(works)[:: -1 if turn % 2 else 1]:
            found[name].append(calls(works[name], counts[name]))
    return found


class TooLong(BaseException):
    """What is interrupted after its limit; nothing that catches errors shall take it for one of its own."""


@contextmanager
def limited(seconds: float, of_cpu: bool = False) -> Iterator[None]:
    """Interrupts what runs inside after some seconds, at its next line of Python, where the system has such an alarm.

    Args:
        of_cpu: whether they are seconds of this process's CPU, not of the clock.

    Raises:
        TooLong: from inside.
    """
    if not hasattr(signal, "SIGALRM"):
        yield
        return

    def interrupt(*_: Any) -> None:
        raise TooLong

    number, timer = (signal.SIGPROF, signal.ITIMER_PROF) if of_cpu else (signal.SIGALRM, signal.ITIMER_REAL)
    before = signal.signal(number, interrupt)
    signal.setitimer(timer, seconds)
    try:
        yield
    finally:
        signal.setitimer(timer, 0)
        signal.signal(number, before)


@cache
def installed() -> Path:
    """A folder with the package as an installer leaves it: compiled, the derivations inside, and the command."""
    folder = Path(tempfile.mkdtemp(prefix="symbackprop-benchmarks-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    left_out = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "symbackprop", folder / "symbackprop", ignore=left_out)
    shutil.copytree(ROOT / "derivations", folder / "symbackprop" / "derivations", ignore=left_out, dirs_exist_ok=True)
    compileall.compile_dir(folder, quiet=2)
    (folder / "symbackprop-command").write_text(LAUNCHER, encoding="utf-8")
    return folder


def command(*arguments: str, folder: str | Path | None = None, options: Sequence[str] = ()) -> Ran:
    """The command of the installed package in a fresh process, with options of Python itself."""
    return python(*options, str(installed() / "symbackprop-command"), *arguments, folder=folder, packages=installed())


def python(*arguments: str, folder: str | Path | None = None, packages: Path = ROOT) -> Ran:
    """A fresh Python, in a folder that is not the checkout unless one is given."""
    paths = [str(packages), *filter(None, [os.environ.get("PYTHONPATH")])]
    env = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "PYTHONIOENCODING": "utf-8"}
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder or tempfile.gettempdir(),
        env=env,
        capture_output=True,
        encoding="utf-8",
        timeout=LONGEST,
    )
    return Ran(time.perf_counter() - start, done.returncode, done.stdout, done.stderr)
