r"""The journal of a run: `verdicts.jsonl`, to which each verdict is appended as soon as it is there.

Beside it, `fingerprints.jsonl` says of each line which answer to which question it judges, so that a later run keeps
just what still holds. A fingerprint is written before its line: a line without one is judged again, a fingerprint
without its line says nothing. Whatever a kill leaves behind is therefore either whole or dropped.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from symbackprop.errors import SymbackpropError

# Windows has no such locks
HAS_LOCKS = os.name == "posix"

VERDICTS, FINGERPRINTS = "verdicts.jsonl", "fingerprints.jsonl"
# what ends a line for some readers, or turns the order of letters
_UNSAFE = re.compile("[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def digest(*parts: str) -> str:
    """A name of some texts that no others have."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def as_line(row: dict[str, Any]) -> bytes:
    """A row as one line of JSON for any reader."""
    text = json.dumps(row, ensure_ascii=False)
    return (_UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n").encode()


class Journal:
    """The verdicts on some rows in a folder: those of earlier runs that still hold, and new ones.

    Args:
        folder: made if it is not there.
        names: a name of each row, which changes with anything that its verdict depends on; None for a row without any.

    Raises:
        SymbackpropError: for a folder that cannot be written, or is being written by another run.
    """

    def __init__(self, folder: Path, names: Sequence[str | None]) -> None:
        self.folder = folder
        self.names = names
        # by place of the row: where its line stands, and what names its value
        self._found: dict[int, tuple[int, int]] = {}
        self._values: dict[int, str] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._fingerprints = (folder / FINGERPRINTS).open("a+b", buffering=0)
        except OSError as error:
            raise self._failure(error) from None
        try:
            self._lock()
            self._verdicts = (folder / VERDICTS).open("a+b", buffering=0)
            self._read()
        except OSError as error:
            self._fingerprints.close()
            raise self._failure(error) from None
        except BaseException:
            self._fingerprints.close()
            raise

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._verdicts.close()
        self._fingerprints.close()

    def __contains__(self, place: int) -> bool:
        """Whether the row at a place is judged."""
        return place in self._found

    def __len__(self) -> int:
        return len(self._found)

    def row(self, place: int) -> dict[str, Any]:
        """The verdict on the row at a place."""
        start, length = self._found[place]
        self._verdicts.seek(start)
        found: dict[str, Any] = json.loads(self._verdicts.read(length))
        return found

    def value(self, place: int) -> str:
        """What names the value of the answer at a place; empty where it has none."""
        return self._values.get(place, "")

    def append(self, place: int, row: dict[str, Any], value: str) -> None:
        """Keep the verdict on the row at a place.

        Raises:
            SymbackpropError: where it cannot be written; what was kept before stays.
        """
        line = as_line(row)
        try:
            _write(self._fingerprints, _fingerprint(self.names[place], line, value))
            end = self._verdicts.seek(0, os.SEEK_END)
            _write(self._verdicts, line)
        except OSError as error:
            raise self._failure(error) from None
        self._found[place] = (end, len(line))
        self._values[place] = value

    def order(self, rows: dict[int, dict[str, Any]]) -> None:
        """Put all lines into the order of the rows, and drop those that hold no longer.

        Args:
            rows: verdicts on the rows without a name.

        Raises:
            SymbackpropError: where it cannot be written; then all is as it was.
        """
        try:
            self._replace(VERDICTS, self._lines(rows))
            self._replace(FINGERPRINTS, self._prints())
        except OSError as error:
            raise self._failure(error) from None

    def _lines(self, rows: dict[int, dict[str, Any]]) -> Iterator[bytes]:
        for place in range(len(self.names)):
            if place in rows:
                yield as_line(rows[place])
            else:
                start, length = self._found[place]
                self._verdicts.seek(start)
                yield self._verdicts.read(length)

    def _prints(self) -> Iterator[bytes]:
        for place, (start, length) in sorted(self._found.items()):
            self._verdicts.seek(start)
            yield _fingerprint(self.names[place], self._verdicts.read(length), self._values[place])

    def _replace(self, name: str, lines: Iterator[bytes]) -> None:
        """Write a file beside its place and rename it."""
        part = self.folder / f".{name}.part"
        try:
            with part.open("wb") as file:
                file.writelines(lines)
                file.flush()
                os.fsync(file.fileno())
            part.replace(self.folder / name)
        finally:
            part.unlink(missing_ok=True)

    # --- what is there already ---------------------------------------------------------------------------------------

    def _lock(self) -> None:
        """Keep other runs away as long as the file is open; a lock ends with its process, however that ends.

        Raises:
            SymbackpropError: if there is another run.
        """
        if not HAS_LOCKS:
            return
        import fcntl

        try:
            fcntl.flock(self._fingerprints, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # a run that has just ended put another file in the place of the one that is locked here
            is_own = os.path.samestat(os.fstat(self._fingerprints.fileno()), (self.folder / FINGERPRINTS).stat())
        except BlockingIOError:
            is_own = False
        if not is_own:
            raise SymbackpropError(
                f"another run writes to {self.folder}: wait until it has ended, or write to another folder"
            )

    def _read(self) -> None:
        """Find the lines that still hold, and drop what is torn."""
        places = {name: place for place, name in enumerate(self.names) if name is not None}
        known: dict[str, tuple[str, str]] = {}
        for _, line in _lines_of(self._fingerprints):
            said = _said(line)
            if said is not None:
                known[said[0]] = said[1:]
        for start, line in _lines_of(self._verdicts):
            name, value = known.get(_name_of(line), ("", ""))
            place = places.get(name)
            if place is not None and place not in self._found:
                self._found[place] = (start, len(line))
                self._values[place] = value

    def _failure(self, error: OSError) -> SymbackpropError:
        return SymbackpropError(
            f"{self.folder} cannot be written: {error.strerror or error}; what is judged so far is kept, mend this and "
            "the same command goes on from there, or write to another folder"
        )


def _lines_of(file: BinaryIO | Any) -> Iterator[tuple[int, bytes]]:
    """The whole lines of a file with their places; what is behind the last one is cut off."""
    file.seek(0)
    start = 0
    with open(file.fileno(), "rb", closefd=False) as reader:
        for line in reader:
            if not line.endswith(b"\n"):
                break
            yield start, line
            start += len(line)
    file.truncate(start)


def _write(file: Any, line: bytes) -> None:
    """Append a whole line; what was written of it is taken back if the rest cannot be.

    Raises:
        OSError: where it cannot be written.
    """
    done = 0
    try:
        while done < len(line):
            done += file.write(line[done:])
    except BaseException:
        file.truncate(file.seek(0, os.SEEK_END) - done)
        raise


def _name_of(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()[:32]


def _fingerprint(name: str | None, line: bytes, value: str) -> bytes:
    return as_line({"line": _name_of(line), "row": name, "value": value})


def _said(line: bytes) -> tuple[str, str, str] | None:
    """Line, row and value of a fingerprint; None for a line that is none."""
    try:
        row = json.loads(line)
        found = row["line"], row["row"], row["value"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return found if all(isinstance(each, str) for each in found) else None
