"""Figures drawn by another process while this one does something else: a document has many, and they take seconds."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

# where the process puts a figure, by its name, and the process; a figure that is not there when it ends is drawn here
_started: dict[str, tuple[Path, subprocess.Popen[bytes]]] = {}
# seconds after which this process draws a figure itself
PATIENCE = 60.0

# a process that ends when the figures are drawn need not look for garbage; and nobody reads there what matplotlib
# writes into the documentation of its classes while it is loaded, which takes a third of that time
SOURCE = """\
import gc
gc.disable()
from matplotlib.artist import Artist
Artist._update_set_signature_and_docstring = classmethod(lambda cls: None)
import sys
from pathlib import Path
from symbackprop.figures import svg
for name in sys.argv[2:]:
    part = Path(sys.argv[1], name + ".part")
    part.write_bytes(svg(name))
    part.rename(part.with_suffix(".svg"))
"""


@contextmanager
def drawn_ahead(names: Iterable[str]) -> Iterator[None]:
    """Within the block another process draws these figures, and `figures.svg` takes them from there."""
    wanted = list(dict.fromkeys(names))
    if not wanted:
        yield
        return
    with TemporaryDirectory(prefix="symbackprop") as folder:
        command = [sys.executable, "-c", SOURCE, folder, *wanted]
        # what goes wrong there goes wrong here once more, with an error that is seen
        quiet = subprocess.DEVNULL
        worker = subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet)
        _started.update({name: (Path(folder, f"{name}.svg"), worker) for name in wanted})
        try:
            yield
        finally:
            for name in wanted:
                _started.pop(name, None)
            worker.kill()
            worker.wait()


def collected(name: str) -> bytes | None:
    """The figure, once the other process has drawn it; None where it does not."""
    if name not in _started:
        return None
    file, worker = _started[name]
    end = time.monotonic() + PATIENCE
    # figures come in the order in which a document has them: the first are there before the process ends
    while not file.exists() and worker.poll() is None and time.monotonic() < end:
        time.sleep(0.01)
    return file.read_bytes() if file.exists() else None
