"""Answers judged by several processes, with limits for each: a process that dies or overruns costs one answer.

A process reports each verdict before it begins the next answer, so the first answer without a report is the one that
ended it. That one is tried once more, alone in a new process, as what ended the process may be left over from answers
before; the others of the process go back to the queue.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from symbackprop.errors import SymbackpropError
from symbackprop.grading.assignment import Task
from symbackprop.grading.worker import JUDGE

# answers that a process has at a time: while one report is read, the next answer is judged
AHEAD = 16
# seconds that a process may take to load everything on a busy machine
LOADING = 120.0
# an answer waits where others compute, and one that only waits must end too
PATIENCE = 6
# seconds between two looks at the clock
TICK = 0.1
# the status of a process that the system has ended for computing too long; where there is no such signal, no status
OUT_OF_TIME = -int(getattr(signal, "SIGXCPU", 1 << 20))
THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")


@dataclass(frozen=True)
class Limits:
    """What one answer may take.

    Attributes:
        seconds: of CPU time, in whole ones; and of the clock `PATIENCE` times as many.
        megabytes: beyond what a process has when it has loaded everything.
    """

    seconds: float = 10.0
    megabytes: int = 512


@dataclass(frozen=True)
class Job:
    """An answer to judge.

    Attributes:
        place: by which the result is known.
        alone: whether it is tried again, in a process of its own.
    """

    place: int
    question: str
    answer: str
    alone: bool = False


@dataclass(frozen=True)
class Judged:
    """What came of a job: a verdict as JSON and what names its value, or why there is none."""

    place: int
    verdict: dict[str, Any] | None
    value: str = ""
    failed: str = ""


def judged(
    jobs: Iterable[Job], tasks: Sequence[Task], workers: int, limits: Limits | None = None, judge: str = JUDGE
) -> Iterator[Judged]:
    """What comes of each job, in any order.

    Args:
        tasks: the questions that the jobs name.
        workers: how many processes, 1 or more.
        judge: `module:function` that gives a verdict on a question and an answer.

    Raises:
        SymbackpropError: if processes do not start.
    """
    pool = _Pool(deque(jobs), tasks, limits or Limits(), judge)
    try:
        yield from pool.run(workers)
    finally:
        pool.stop()


@dataclass(eq=False)
class _Process:
    """A worker: what it has been sent and has not reported, and until when the first of that may take."""

    process: subprocess.Popen[str]
    deadline: float
    jobs: deque[Job] = field(default_factory=deque)
    to_send: queue.SimpleQueue[str | None] = field(default_factory=queue.SimpleQueue)
    ready: bool = False
    sent: int = 0
    overran: bool = False
    full: bool = False

    @property
    def is_closed(self) -> bool:
        """Whether it gets no more jobs."""
        return self.full or self.overran or any(job.alone for job in self.jobs)


class _Pool:
    """Runs processes; what they say arrives in one queue."""

    def __init__(self, jobs: deque[Job], tasks: Sequence[Task], limits: Limits, judge: str) -> None:
        self.jobs = jobs
        self.again: deque[Job] = deque()
        self.limits = limits
        self.running: list[_Process] = []
        self.events: queue.SimpleQueue[tuple[_Process, str | None]] = queue.SimpleQueue()
        told = [{"table": dict(task.table), "where": task.where} for task in tasks]
        said = {"tasks": told, "judge": judge, "megabytes": limits.megabytes, "seconds": limits.seconds}
        self.setup = json.dumps(said) + "\n"
        self.stillborn = 0

    def run(self, workers: int) -> Iterator[Judged]:
        while self.jobs or self.again or any(each.jobs for each in self.running):
            self._staff(workers)
            # reports first: those that wait for us are not late
            if self.events.empty():
                self._look_at_the_clock()
            try:
                process, line = self.events.get(timeout=TICK)
            except queue.Empty:
                continue
            found = self._ended(process) if line is None else self._said(process, line)
            if found is not None:
                yield found

    def stop(self) -> None:
        """End every process."""
        for each in self.running:
            _end(each)
        self.running.clear()

    # --- work is given out -------------------------------------------------------------------------------------------

    def _staff(self, workers: int) -> None:
        """Give every process enough to do; start what is missing and end what is worn out."""
        for each in list(self.running):
            self._feed(each)
            if not each.jobs and each.ready:
                # full, or nothing is left to do; a job that is tried again needs a new process
                self.running.remove(each)
                _end(each)
        while len(self.running) < workers and (self.jobs or self.again):
            made = self._start()
            self.running.append(made)
            self._feed(made)

    def _feed(self, process: _Process) -> None:
        """Jobs up to as many as a process has ahead."""
        if process.sent == 0 and self.again:
            self._send(process, self.again.popleft())
            return
        if len(process.jobs) > AHEAD // 2:
            return
        while self.jobs and len(process.jobs) < AHEAD and not process.is_closed:
            self._send(process, self.jobs.popleft())

    def _send(self, process: _Process, job: Job) -> None:
        if process.ready and not process.jobs:
            process.deadline = time.monotonic() + PATIENCE * self.limits.seconds
        process.jobs.append(job)
        process.sent += 1
        process.to_send.put(json.dumps({"question": job.question, "answer": job.answer}) + "\n")

    def _start(self) -> _Process:
        folders = [str(Path(folder).absolute()) for folder in sys.path]
        env = os.environ | {"PYTHONPATH": os.pathsep.join(folders), "PYTHONIOENCODING": "utf-8"}
        env |= dict.fromkeys(THREADS, "1")
        try:
            process = subprocess.Popen(
                # -P: no module of the folder that this is run in is taken for one of ours
                [sys.executable, "-P", "-m", "symbackprop.grading.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                encoding="utf-8",
                env=env,
                # ^C in the terminal is for us alone
                start_new_session=True,
            )
        except OSError as error:
            raise SymbackpropError(f"no process can be started: {error.strerror or error}") from None
        made = _Process(process, time.monotonic() + LOADING)
        made.to_send.put(self.setup)
        threading.Thread(target=_write, args=(made,), daemon=True).start()
        threading.Thread(target=self._listen, args=(made,), daemon=True).start()
        return made

    def _listen(self, process: _Process) -> None:
        assert process.process.stdout is not None
        with process.process.stdout as stream:
            for line in stream:
                self.events.put((process, line))
        self.events.put((process, None))

    # --- what comes back ---------------------------------------------------------------------------------------------

    def _said(self, process: _Process, line: str) -> Judged | None:
        """What a process reports of its first job."""
        # what is torn was being written when the process ended, which is the next that is heard of it
        if process not in self.running or not line.endswith("\n"):
            return None
        # a number that JSON does not have becomes a word
        said = json.loads(line, parse_constant=str)
        process.deadline = time.monotonic() + PATIENCE * self.limits.seconds
        if not process.ready:
            if "failed" in said:
                raise SymbackpropError(f"a process that judges does not start: {said['failed']}")
            process.ready = True
            self.stillborn = 0
            return None
        process.full = said.get("full", False)
        if "verdict" in said:
            return Judged(process.jobs.popleft().place, said["verdict"], said["value"])
        why = said.get("failed", "")
        limit = f"it took more than {self.limits.megabytes} MB of memory"
        return self._lost(process, limit if why == "memory" else f"judging it failed: {why}")

    def _ended(self, process: _Process) -> Judged | None:
        """A process has ended by itself, or was ended because it overran."""
        if process not in self.running:
            return None
        if not process.ready:
            self.stillborn += 1
            if self.stillborn > 2:
                raise SymbackpropError("the processes that judge end before they have loaded: is there enough memory?")
            self.jobs.extendleft(reversed([job for job in process.jobs if not job.alone]))
            self.again.extendleft(reversed([job for job in process.jobs if job.alone]))
            process.jobs.clear()
        overran = process.overran or process.process.wait() == OUT_OF_TIME
        why = f"it took more than {self.limits.seconds:g} s" if overran else "it ended the process that judged it"
        return self._lost(process, why)

    def _lost(self, process: _Process, why: str) -> Judged | None:
        """The first job of a process has no verdict: the process goes, and its other jobs go back."""
        self.running.remove(process)
        _end(process)
        if not process.jobs:
            return None
        job = process.jobs.popleft()
        self.jobs.extendleft(reversed(process.jobs))
        if job.alone:
            return Judged(job.place, None, failed=why)
        self.again.append(Job(job.place, job.question, job.answer, alone=True))
        return None

    def _look_at_the_clock(self) -> None:
        now = time.monotonic()
        for each in self.running:
            if now > each.deadline and (each.jobs or not each.ready):
                each.overran = True
                # its end is reported as any other
                each.process.kill()


def _write(process: _Process) -> None:
    """Write what is to be sent: a process that does not read must not keep us from looking at the clock."""
    assert process.process.stdin is not None
    try:
        with process.process.stdin as stream:
            while (line := process.to_send.get()) is not None:
                stream.write(line)
                stream.flush()
    except (OSError, ValueError):
        # its end is noticed where its reports are read
        return


def _end(process: _Process) -> None:
    process.process.kill()
    process.to_send.put(None)
    process.process.wait()
