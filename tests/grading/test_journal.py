"""The journal loses nothing that is whole and keeps nothing that is not, wherever a run was cut off."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from symbackprop.errors import SymbackpropError
from symbackprop.grading.journal import FINGERPRINTS, VERDICTS, Journal, as_line, digest

NAMES = [digest("a"), digest("b"), None, digest("c")]
ROWS: dict[int, dict[str, Any]] = {
    0: {"id": "a", "verdict": "correct", "reason": "é\u2028"},
    1: {"id": "b", "verdict": "incorrect", "reason": "no"},
    3: {"id": "c", "verdict": "undecided", "reason": "\u202e"},
}
FLAWED = {2: {"id": "line 3", "verdict": "unreadable", "reason": "torn"}}


def filled(folder: Path) -> None:
    with Journal(folder, NAMES) as journal:
        for place in (3, 0, 1):
            journal.append(place, ROWS[place], f"value {place}")


def finished(folder: Path) -> tuple[bytes, bytes, list[int]]:
    """Both files after a run that judges what is missing, and what that was."""
    with Journal(folder, NAMES) as journal:
        missing = [place for place in ROWS if place not in journal]
        for place in missing:
            journal.append(place, ROWS[place], f"value {place}")
        assert [journal.row(place) for place in ROWS] == list(ROWS.values())
        assert [journal.value(place) for place in ROWS] == [f"value {place}" for place in ROWS]
        journal.order(FLAWED)
    return (folder / VERDICTS).read_bytes(), (folder / FINGERPRINTS).read_bytes(), missing


def test_lines_end_in_the_order_of_the_rows(tmp_path: Path) -> None:
    filled(tmp_path)
    verdicts, _, missing = finished(tmp_path)
    assert missing == []
    # no sign in a row ends a line for any reader
    assert [json.loads(line)["id"] for line in verdicts.decode().splitlines()] == ["a", "b", "line 3", "c"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [FINGERPRINTS, VERDICTS]


@pytest.mark.parametrize("name", [VERDICTS, FINGERPRINTS])
def test_a_line_torn_at_any_byte_is_judged_again_and_no_other(name: str, tmp_path: Path) -> None:
    wanted = finished(tmp_path / "whole")[:2]
    filled(tmp_path / "cut")
    whole = {each: (tmp_path / "cut" / each).read_bytes() for each in (VERDICTS, FINGERPRINTS)}
    last = whole[name].rindex(b"\n", 0, -1) + 1
    for end in range(last, len(whole[name])):
        for each, content in whole.items():
            (tmp_path / "cut" / each).write_bytes(content[:end] if each == name else content)
        *found, missing = finished(tmp_path / "cut")
        assert tuple(found) == wanted
        assert missing == [1]


@pytest.mark.parametrize(
    "junk",
    [
        b"\0" * 300 + b"\n",
        b"{}\n",
        b"[[[[\n",
        b'{"line": 1, "row": [], "value": 3}\n',
        b"\xff\n",
        b"[" * 100_000 + b"\n",
    ],
)
def test_what_is_no_line_of_ours_is_dropped(junk: bytes, tmp_path: Path) -> None:
    wanted = finished(tmp_path / "whole")[:2]
    filled(tmp_path / "cut")
    for name in (VERDICTS, FINGERPRINTS):
        file = tmp_path / "cut" / name
        file.write_bytes(junk + file.read_bytes() + junk)
    *found, missing = finished(tmp_path / "cut")
    assert (tuple(found), missing) == (wanted, [])


def test_a_line_that_somebody_has_changed_is_judged_again(tmp_path: Path) -> None:
    filled(tmp_path)
    file = tmp_path / VERDICTS
    file.write_bytes(file.read_bytes().replace(b"incorrect", b"correct"))
    assert finished(tmp_path)[2] == [1]


def test_a_line_of_an_answer_that_has_changed_is_not_used(tmp_path: Path) -> None:
    filled(tmp_path)
    with Journal(tmp_path, [NAMES[0], digest("b, changed"), None, NAMES[3]]) as journal:
        assert [place in journal for place in range(4)] == [True, False, False, True]


def test_two_runs_do_not_write_to_one_folder(tmp_path: Path) -> None:
    with Journal(tmp_path, NAMES), pytest.raises(SymbackpropError, match="another run writes"):
        Journal(tmp_path, NAMES)
    with Journal(tmp_path, NAMES) as journal:
        assert len(journal) == 0


@pytest.mark.skipif(os.name != "posix", reason="a limit on the size of files")
def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    # a file may not grow beyond some bytes: the system refuses as a full disk does, in the middle of a line
    code = f"""
import resource, sys
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
from pathlib import Path
from symbackprop.errors import SymbackpropError
from symbackprop.grading.journal import Journal, digest
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
with Journal(Path({str(tmp_path / "full")!r}), [digest(str(n)) for n in range(50)]) as journal:
    for n in range(50):
        try:
            journal.append(n, {{"id": n, "text": "x" * 100}}, "")
        except SymbackpropError as error:
            print(n, error)
            break
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", timeout=60)
    kept, _, said = done.stdout.partition(" ")
    assert int(kept) > 5, done.stderr
    assert "cannot be written: File too large; what is judged so far is kept" in said
    with Journal(tmp_path / "full", [digest(str(n)) for n in range(50)]) as journal:
        assert [place for place in range(50) if place in journal] == list(range(int(kept)))
    assert (tmp_path / "full" / VERDICTS).read_bytes().endswith(b"}\n")


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SymbackpropError, match=r"file/folder cannot be written: Not a directory; .* another folder"):
        Journal(tmp_path / "file" / "folder", NAMES)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_folder_that_is_read_only_is_a_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(SymbackpropError, match="cannot be written: Permission denied"):
        Journal(tmp_path, NAMES)


def test_a_row_is_one_line_for_every_reader() -> None:
    line = as_line({"id": "a\n\r\x85\u2028\u2029\u202e\ufeff\x00é"})
    assert line.count(b"\n") == 1
    assert len(line.decode().splitlines()) == 1
    assert json.loads(line) == {"id": "a\n\r\x85\u2028\u2029\u202e\ufeff\x00é"}
