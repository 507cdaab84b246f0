"""Saving a derivation: the suffix chooses the format, and a file is there whole or not at all."""

from __future__ import annotations

import ast
import json
import os
import stat
from pathlib import Path

import pytest

from symbackprop.derivation import Derivation
from symbackprop.errors import SymbackpropError
from symbackprop.library import derive
from symbackprop.render import files
from symbackprop.render.files import FORMATS, check_outputs, save


@pytest.fixture(scope="module")
def derivation() -> Derivation:
    return derive("weight_gradient")


STARTS = {
    ".tex": "\\documentclass",
    ".typ": "#set document(title: \"The lecture's question",
    ".pdf": "%PDF-",
    ".md": "# The lecture's question",
    ".json": "[\n",
    ".py": '"""',
}


@pytest.mark.parametrize("suffix", FORMATS)
def test_the_suffix_chooses_the_format(suffix: str, derivation: Derivation, tmp_path: Path) -> None:
    path = tmp_path / f"x{suffix}"
    derivation.save(path)
    assert path.read_bytes().startswith(STARTS[suffix].encode())
    assert list(tmp_path.iterdir()) == [path]
    save(derivation, str(tmp_path / f"Y{suffix.upper()}"))
    assert (tmp_path / f"Y{suffix.upper()}").read_bytes() == path.read_bytes()


def test_what_is_saved_can_be_read(derivation: Derivation, tmp_path: Path) -> None:
    derivation.save(tmp_path / "x.json")
    assert len(json.loads((tmp_path / "x.json").read_text(encoding="utf-8"))) == 9
    derivation.save(tmp_path / "x.py")
    made = ast.parse((tmp_path / "x.py").read_text(encoding="utf-8"))
    assert "weight_gradient" in [part.name for part in made.body if isinstance(part, ast.FunctionDef)]


def test_options_reach_the_format(derivation: Derivation, tmp_path: Path) -> None:
    derivation.save(tmp_path / "x.md")
    derivation.save(tmp_path / "y.md", subproofs=True)
    assert "Base case" not in (tmp_path / "x.md").read_text(encoding="utf-8")
    assert "Base case" in (tmp_path / "y.md").read_text(encoding="utf-8")
    with pytest.raises(SymbackpropError, match="no notation 'mine'"):
        derivation.save(tmp_path / "z.md", notation="mine")
    assert not (tmp_path / "z.md").exists()


@pytest.mark.parametrize("name", ["x.docx", "x", ".tex"])
def test_an_unknown_suffix(name: str, derivation: Derivation, tmp_path: Path) -> None:
    with pytest.raises(SymbackpropError, match=r"no format .*\.tex, \.typ, \.pdf, \.md, \.json, \.py"):
        derivation.save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there(derivation: Derivation, tmp_path: Path) -> None:
    with pytest.raises(SymbackpropError, match=r"there is no folder .*nowhere: make it"):
        derivation.save(tmp_path / "nowhere" / "x.tex")


def test_a_folder_instead_of_a_file(derivation: Derivation, tmp_path: Path) -> None:
    (tmp_path / "x.tex").mkdir()
    with pytest.raises(SymbackpropError, match=r"x\.tex is a folder"):
        derivation.save(tmp_path / "x.tex")


def test_a_folder_that_is_not_writable(derivation: Derivation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # asked of the system, since an administrator may write everywhere
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(SymbackpropError, match="is not writable: write to another one"):
        derivation.save(tmp_path / "x.tex")


def test_outputs_are_refused_before_work_is_done(tmp_path: Path) -> None:
    check_outputs([tmp_path / "x.tex", str(tmp_path / "x.pdf")])
    with pytest.raises(SymbackpropError, match="no format"):
        check_outputs([tmp_path / "x.tex", tmp_path / "x.doc"])
    with pytest.raises(SymbackpropError, match="no engine 'word'"):
        check_outputs([tmp_path / "x.pdf"], "word")


def test_a_disk_that_is_full(derivation: Derivation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.tex"
    path.write_text("before")

    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(SymbackpropError, match=r"x\.tex cannot be written: No space left on device"):
        derivation.save(path)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("where", ["format", "rename"])
def test_an_interrupt_leaves_what_was_there(
    where: str, derivation: Derivation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.tex"
    path.write_text("before")

    def interrupted(*arguments: object) -> bytes:
        raise KeyboardInterrupt

    if where == "format":
        monkeypatch.setitem(files.FORMATS, ".tex", interrupted)
    else:
        monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        derivation.save(path)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_has_the_rights_that_others_have(derivation: Derivation, tmp_path: Path) -> None:
    derivation.save(tmp_path / "x.tex")
    (tmp_path / "plain").write_text("")
    rights = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("x.tex", "plain")]
    assert rights[0] == rights[1]
