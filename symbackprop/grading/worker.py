"""A process that judges answers: tasks and answers come in as lines of JSON, verdicts go out.

It reports each verdict before it begins the next answer, so that whoever started it knows which answer has ended it. It
ends when its input does, whatever it is doing, so that it never outlives a run that was killed.
"""

from __future__ import annotations

import gc
import json
import math
import os
import queue
import sys
import threading
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, TextIO

from symbackprop.errors import SymbackpropError

# Windows has no such limits
HAS_LIMITS = os.name == "posix"
# calls of `function(question, answer)`, which give a `Verdict`
JUDGE = "symbackprop.answers.judging:judge"
MEGABYTE = 1 << 20
STATM = Path("/proc/self/statm")


def main() -> None:
    """Judge what comes in until nothing comes any more, or an answer has no verdict."""
    verdicts = _own_output()
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin, lines), daemon=True).start()
    try:
        setup = json.loads(lines.get())
        judge = _function(setup["judge"])
        questions = _questions(setup["tasks"])
    except Exception as error:
        _say(verdicts, {"failed": f"{type(error).__name__}: {error}"})
        return
    # trees have no cycles: what is loaded by now need not be looked through again
    gc.freeze()
    gc.set_threshold(200_000, 50, 50)
    _limit_memory(setup["megabytes"])
    # what is kept of each answer adds up, so this makes place for another process long before it may take no more
    full = _taken() + setup["megabytes"] * MEGABYTE // 2
    _say(verdicts, {"ready": True})
    said: dict[str, Any] = {}
    # what has failed once may have left anything behind
    while "failed" not in said:
        job = json.loads(lines.get())
        _limit_time(setup["seconds"])
        said = _judged(judge, questions[job["question"]], job)
        said["full"] = _taken() > full
        _say(verdicts, said)


def _own_output() -> TextIO:
    """Standard output for verdicts alone: whatever else is printed goes nowhere."""
    verdicts = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    return verdicts


def _listen(stream: TextIO, lines: queue.SimpleQueue[str]) -> None:
    for line in stream:
        lines.put(line)
    # not sys.exit, which ends this thread alone
    os._exit(0)


def _say(verdicts: TextIO, said: Mapping[str, Any]) -> None:
    verdicts.write(json.dumps(said) + "\n")
    verdicts.flush()


def _function(name: str) -> Callable[[Any, str], Any]:
    module, _, function = name.partition(":")
    found: Callable[[Any, str], Any] = getattr(import_module(module), function)
    return found


def _questions(tasks: list[dict[str, Any]]) -> dict[str, Any]:
    from symbackprop.grading.question_table import question_of

    return {task["table"]["id"]: question_of(task["table"], task["where"]) for task in tasks}


def _judged(judge: Callable[[Any, str], Any], question: Any, job: Mapping[str, Any]) -> dict[str, Any]:
    try:
        verdict = judge(question, job["answer"])
        return {"verdict": verdict.as_json(), "value": verdict.value}
    except MemoryError:
        return {"failed": "memory"}
    except SymbackpropError as error:
        return {"failed": str(error).partition("\n")[0]}
    except Exception as error:
        # a defect of ours costs one answer
        return {"failed": f"{type(error).__name__}: {error}".partition("\n")[0]}


def _taken() -> int:
    """Bytes of address space; 0 where the system does not tell."""
    if not STATM.exists():
        return 0
    import resource

    return int(STATM.read_text(encoding="ascii").split()[0]) * resource.getpagesize()


def _limit_memory(megabytes: int) -> None:
    """Allow so much address space beyond what is taken already."""
    if not HAS_LIMITS:
        return
    import resource

    # what the system ends leaves no image of its memory in the folder of the user
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if STATM.exists():
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (_taken() + megabytes * MEGABYTE, most))


def _limit_time(seconds: float) -> None:
    """Let the system end this process if the next answer takes more CPU time: a busy machine makes no difference."""
    if not HAS_LIMITS:
        return
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(used.ru_utime + used.ru_stime + seconds), most))


if __name__ == "__main__":
    main()
