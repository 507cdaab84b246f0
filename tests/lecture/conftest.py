"""The lecture's lines, and when two formulas count as one, for the tests of this folder."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def folded() -> Callable[[str], list[str]]:
    """`folding.folded`; by path, since test folders are no packages."""
    spec = importlib.util.spec_from_file_location("folding", HERE / "folding.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.folded


@pytest.fixture(scope="session")
def lecture() -> dict[str, tuple[str, ...]]:
    """Each line of the lecture by its name: as it is printed, and as it is meant where scanning damaged it."""
    lines = json.loads((HERE / "formulas.json").read_text(encoding="utf-8"))["formulas"]
    return {line["id"]: tuple(line[key] for key in ("latex", "meant") if key in line) for line in lines}
