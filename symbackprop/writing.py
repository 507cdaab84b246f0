"""Files that are there whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from symbackprop.errors import SymbackpropError


def check_place(path: Path) -> None:
    """Refuse a place where no file can be written.

    Raises:
        SymbackpropError: for a folder, or a file in a folder that is not there or not writable.
    """
    folder = path.parent
    if path.is_dir():
        raise SymbackpropError(f"{path} is a folder: write the name of a file")
    if not folder.is_dir():
        raise SymbackpropError(f"{path}: there is no folder {folder}: make it, or write to another one")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise SymbackpropError(f"{path}: the folder {folder} is not writable: write to another one")


def write_all(contents: Sequence[tuple[Path, bytes]]) -> None:
    """Write files beside their places and rename them at the end, so that nothing half written is ever found there.

    Raises:
        SymbackpropError: if one cannot be written; then none is.
    """
    parts = [target.with_name(f".{target.name}.{os.getpid()}.part") for target, _ in contents]
    target = Path()
    try:
        try:
            for part, (each, content) in zip(parts, contents, strict=True):
                target = each
                with part.open("xb") as file:
                    file.write(content)
            for part, (each, _) in zip(parts, contents, strict=True):
                target = part.replace(each)
        finally:
            # after the renaming there is nothing of that name; after anything else, ^C included, it must go
            for part in parts:
                part.unlink(missing_ok=True)
    except OSError as error:
        raise SymbackpropError(
            f"{target} cannot be written: {error.strerror or error}; write to another place"
        ) from error
