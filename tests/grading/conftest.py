"""An assignment of two small questions, and a judge that decides at once, for tests of everything around the judge."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ASSIGNMENT = r"""
title = "Homework <3>"
[[question]]
id = "1a"
ask = '\frac{\partial L}{\partial \vec{z}_L}'
points = 4
[[question]]
id = "1b"
ask = '\frac{\partial L}{\partial \vec{x}}'
points = 1.5
"""
Row = tuple[str, str, str]


@pytest.fixture(autouse=True)
def _judges_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    # worker processes get the same path
    monkeypatch.syspath_prepend(str(HERE))


@pytest.fixture
def assignment(tmp_path: Path) -> Path:
    file = tmp_path / "assignment.toml"
    file.write_text(ASSIGNMENT, encoding="utf-8")
    return file


@pytest.fixture
def handed_in(tmp_path: Path) -> Callable[[Sequence[Row]], Path]:
    """Writes rows of id, question and answer as JSON lines."""

    def write(rows: Sequence[Row]) -> Path:
        file = tmp_path / "submissions.jsonl"
        lines = [json.dumps(dict(zip(("id", "question", "answer"), row, strict=True))) for row in rows]
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return file

    return write
