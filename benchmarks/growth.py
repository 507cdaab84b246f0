"""One depth in a process of its own: time and memory of a derivation, judged and printed, beside the text it gives.

`python -m benchmarks.growth 100` prints them as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any


def peak() -> int:
    """The most memory, in bytes, that this process has had so far."""
    status = Path("/proc/self/status")
    if status.exists():
        # ru_maxrss starts from what the parent had when it forked; this does not
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return 1024 * int(line.split()[1])
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def measured(depth: int) -> dict[str, Any]:
    """Seconds of each part, characters of LaTeX, and bytes beyond what one small derivation has taken."""
    from benchmarks.derivations import answered

    answered(2)
    before = peak()
    cpu = time.process_time()
    parts = answered(depth)
    return {
        "depth": depth,
        "cpu": time.process_time() - cpu,
        "bytes": peak() - before,
        "characters": parts.characters,
        "seconds": {"derive": parts.derive, "judge": parts.judge, "print": parts.print},
        "steps": parts.steps,
        "proved": parts.proved,
    }


if __name__ == "__main__":
    print(json.dumps(measured(int(sys.argv[1]))))
