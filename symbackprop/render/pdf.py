"""A document as PDF: by Typst, inside this interpreter and tagged for screen readers, or by the system's LaTeX."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Any

from symbackprop.errors import MissingExtraError, SymbackpropError
from symbackprop.render import tex, typ
from symbackprop.render.blocks import Document
from symbackprop.render.embedded import pages

ENGINES = ("typst", "latex")
# seconds; a page takes half of one
TIMEOUT = 120
# in the order of preference: latexmk runs LaTeX as often as it takes
_COMMANDS = {
    "latexmk": ("latexmk", "-pdf", "-norc"),
    "pdflatex": ("pdflatex",),
}
_OPTIONS = ("-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape")


def pdf(made: Document, engine: str = "typst") -> bytes:
    """The bytes of the PDF.

    Args:
        made: the document.
        engine: "typst", which makes PDF/UA-1 with words for every formula, or "latex".

    Raises:
        SymbackpropError: for an unknown engine, or if LaTeX fails.
        MissingExtraError: if the engine is not installed.
    """
    check_engine(engine)
    return by_typst(typ.source(made)) if engine == "typst" else by_latex(tex.source(made), pages(made))


def check_name(engine: str) -> None:
    """Refuse an engine that there is not.

    Raises:
        SymbackpropError: for an unknown one.
    """
    if engine not in ENGINES:
        raise SymbackpropError(f"there is no engine {engine!r}: write one of {', '.join(ENGINES)}")


def check_engine(engine: str) -> None:
    """Refuse an engine that there is not, or is not here.

    Raises:
        SymbackpropError: for an unknown one.
        MissingExtraError: for one that is not installed.
    """
    check_name(engine)
    if engine == "latex":
        _latex()
    elif find_spec("typst") is None:
        raise MissingExtraError(
            "PDF needs the package typst, and it is not installed: pip install typst, or write engine latex"
        )


def by_typst(source: str) -> bytes:
    """Compile Typst source; it sees no file, no package and no font but those that come with Typst."""
    import typst

    with tempfile.TemporaryDirectory() as empty:
        alone: dict[str, Any] = {"root": empty, "package_path": empty, "package_cache_path": empty}
        made = typst.compile(source.encode(), format="pdf", pdf_standards="ua-1", ignore_system_fonts=True, **alone)
    assert isinstance(made, bytes)
    return made


def by_latex(source: str, pictures: Mapping[str, bytes] = MappingProxyType({})) -> bytes:
    """Compile LaTeX source with latexmk or pdflatex, in a folder of its own and without access to other files.

    Args:
        source: the file.
        pictures: the files beside it, by their names.
    """
    command = _latex()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "derivation.tex").write_text(source, encoding="utf-8")
        for name, content in pictures.items():
            Path(folder, name).write_bytes(content)
        # pdflatex finds the pages of the contents in its first run and prints them in its second
        for _ in range(2 if "\\tableofcontents" in source and command[0] == "pdflatex" else 1):
            log = _run((*command, *_OPTIONS, "derivation.tex"), folder)
        made = Path(folder, "derivation.pdf")
        if not made.is_file():
            raise SymbackpropError(f"{command[0]} made no PDF: {_complaint(log)}; write engine typst instead")
        return made.read_bytes()


def _latex() -> tuple[str, ...]:
    for name, command in _COMMANDS.items():
        if shutil.which(name):
            return command
    raise MissingExtraError(
        "engine latex needs latexmk or pdflatex, and neither is installed: install TeX Live or MiKTeX "
        "(on Debian: apt-get install texlive-latex-recommended lmodern), or write engine typst"
    )


def _run(command: tuple[str, ...], folder: str) -> str:
    """What the command prints; it and all that it started end when this does, however it ends."""
    limits = {"openin_any": "p", "openout_any": "p", "max_print_line": "1000"}
    running = subprocess.Popen(
        command,
        cwd=folder,
        env=os.environ | limits,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        said, _ = running.communicate(timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        raise SymbackpropError(f"{command[0]} took more than {TIMEOUT} seconds: write engine typst instead") from None
    finally:
        if running.poll() is None:
            _end(running)
    return said.decode("utf-8", "replace")


def _end(running: subprocess.Popen[bytes]) -> None:
    if hasattr(os, "killpg"):
        os.killpg(running.pid, signal.SIGKILL)
    else:
        running.kill()
    running.communicate()


def _complaint(log: str) -> str:
    """The first error in a log of LaTeX."""
    errors = [line for line in log.splitlines() if line.startswith("!")]
    return errors[0].lstrip("! ") if errors else "it does not say why"
