"""The campaign of changed code sees what tests notice and what they do not."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import changed_code
import pytest
from changed_code import Change, changes, outcome, report

CODE = '''"""A module."""


def larger(a: int | None, b: int) -> int | None:
    return b if a is None or a < b else a
'''
TESTS = """from package.module import larger


def test_larger():
    assert larger(None, 2) == 2
    assert larger(1, 2) == 2
    assert larger(3, 2) == 3
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project of one function and one test, which says nothing of two numbers that are equal."""
    for name, text in (("package/__init__.py", ""), ("package/module.py", CODE), ("tests/test_module.py", TESTS)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("before", "after", "word"),
    [
        ("a < b", "a > b", "noticed"),
        ("a is None", "a is not None", "noticed"),
        ("a < b", "a <= b", "SURVIVED"),
        ("return b", "while True: pass\n    return b", "endless"),
    ],
)
def test_what_the_tests_say(root, before, after, word):
    change = Change("package/module.py", 5, "by hand", CODE.replace(before, after), f"-{before}\n+{after}")
    said = outcome(change, root, ("tests",), patience=20 if word != "endless" else 4)
    assert said.word == word
    assert said.by.startswith("FAILED tests/test_module.py::test_larger") == (word == "noticed")
    assert (root / "package/module.py").read_text("utf-8") == CODE
    assert (f"-{before}\n+{after}" in report([said])) == (word == "SURVIVED")


def test_changes_that_are_drawn(root):
    pytest.importorskip("cosmic_ray", reason="Cosmic Ray is not installed")
    drawn = list(islice(changes(root, ["package"], 1), 40))
    assert {change.path for change in drawn} == {"package/module.py"}
    # annotations are not run, and so never changed
    assert all("int | None, b: int) -> int | None" in change.code for change in drawn)
    assert {change.line for change in drawn} == {5}
    assert any("a < b" not in change.code for change in drawn)
    assert [change.code for change in islice(changes(root, ["package"], 1), 40)] == [change.code for change in drawn]


def test_a_file_of_results_is_gone_on_with(root, tmp_path, monkeypatch):
    made = [Change("package/module.py", 5, "by hand", CODE.replace("<", sign), sign) for sign in (">", "<=", "!=")]
    monkeypatch.setattr(changed_code, "copied", lambda folder: root)
    monkeypatch.setattr(changed_code, "changes", lambda *of: iter(made))
    monkeypatch.setattr(changed_code, "TESTS", {"package": ("tests",)})
    file = tmp_path / "changes.jsonl"
    first = changed_code.campaign(1, ["package"], 0, file)
    whole = changed_code.campaign(3, ["package"], 0, file)
    assert [said.word for said in whole] == ["noticed", "SURVIVED", "noticed"]
    assert whole[0] == first[0]
    assert len(file.read_text("utf-8").splitlines()) == 3
    assert "package                2 of 3 changes noticed, 67%" in report(whole)
