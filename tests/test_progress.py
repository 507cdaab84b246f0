"""The bar on standard error."""

from __future__ import annotations

import io

import pytest

from symbackprop import progress
from symbackprop.progress import Bar, part


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    monkeypatch.setattr(progress, "INTERVAL", 0.0)


def seen(written: str) -> str:
    """What is left in a line of a terminal."""
    line: list[str] = []
    place = 0
    for letter in written:
        if letter == "\r":
            place = 0
            continue
        line[place : place + 1] = letter
        place += 1
    return "".join(line).rstrip()


def test_a_bar_that_grows() -> None:
    terminal = Terminal()
    bar = Bar("figure spectra", terminal)
    bar(1, 3)
    assert seen(terminal.getvalue()) == "figure spectra [##########....................]  33 %"
    bar(2, 3)
    assert seen(terminal.getvalue()) == "figure spectra [####################..........]  66 %"


def test_nothing_is_left_of_it() -> None:
    terminal = Terminal()
    bar = Bar("x", terminal)
    bar(1, 2)
    bar(2, 2)
    assert terminal.getvalue()
    assert seen(terminal.getvalue()) == ""


def test_nothing_is_left_of_it_after_an_error() -> None:
    terminal = Terminal()

    def interrupted() -> None:
        with Bar("x", terminal) as bar:
            bar(1, 2)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert terminal.getvalue()
    assert seen(terminal.getvalue()) == ""


def test_no_bar_where_nobody_looks() -> None:
    file = io.StringIO()
    with Bar("x", file) as bar:
        bar(1, 2)
    assert file.getvalue() == ""


def test_no_bar_for_what_is_done_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PATIENCE", 60.0)
    terminal = Terminal()
    with Bar("x", terminal) as bar:
        bar(1, 2)
        bar(2, 2)
    assert terminal.getvalue() == ""


def test_parts_of_one_computation() -> None:
    told: list[tuple[int, int]] = []
    for place in range(2):
        report = part(lambda done, total: told.append((done, total)), place, 2)
        for done in (1, 2, 3):
            report(done, 3)
    assert told == [(1, 6), (2, 6), (3, 6), (4, 6), (5, 6), (6, 6)]
