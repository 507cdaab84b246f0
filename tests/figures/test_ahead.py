"""Figures drawn by another process are the same, and where that process fails they are drawn here."""

from __future__ import annotations

from pathlib import Path

import pytest

from symbackprop import figures
from symbackprop.figures import ahead
from symbackprop.figures.ahead import collected, drawn_ahead


def test_the_other_process_draws_the_same() -> None:
    with drawn_ahead(["gradient_norms"]):
        made = collected("gradient_norms")
    assert made == figures.figure("gradient_norms").svg()


def test_outside_the_block_nothing_is_ahead() -> None:
    with drawn_ahead(["gradient_norms"]):
        pass
    assert collected("gradient_norms") is None
    assert collected("never asked for") is None


def test_where_the_process_fails_the_figure_is_left_to_us(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "SOURCE", "raise SystemExit(1)")
    with drawn_ahead(["gradient_norms"]):
        assert collected("gradient_norms") is None


def test_a_slow_process_is_not_waited_for_and_does_not_stay(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    mark = tmp_path / "still here"
    source = f"import time\ntime.sleep(1.5)\nopen({str(mark)!r}, 'w').close()"
    monkeypatch.setattr(ahead, "SOURCE", source)
    monkeypatch.setattr(ahead, "PATIENCE", 0.05)
    with drawn_ahead(["gradient_norms"]):
        assert collected("gradient_norms") is None
    # killed when the block is left: nobody writes the mark
    with drawn_ahead([]):
        pass
    assert not mark.exists()
