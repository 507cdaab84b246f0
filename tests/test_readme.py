"""Every command and every line of Python in the README runs, as it is written."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL)
COMMANDS = [line for language, block in BLOCKS if language == "sh" for line in block.splitlines() if line]
# these make an environment of their own; the script of the continuous integration runs them
INSTALLING = [line for line in COMMANDS if line.startswith("python -m venv")]
PLAIN = [line for line in COMMANDS if line not in INSTALLING]
PYTHON = [block for language, block in BLOCKS if language == "python"]


def run(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", timeout=300)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_the_two_commands_are_there() -> None:
    assert [line.rpartition("&& ")[2] for line in INSTALLING] == [
        ".venv/bin/symbackprop derive weight_gradient -o derivation.pdf",
        ".venv/bin/python -m pytest",
    ]


@pytest.mark.parametrize("line", PLAIN)
def test_a_command_runs(line: str, tmp_path: Path) -> None:
    words = shlex.split(line)
    if words[0] == "symbackprop":
        output = run([sys.executable, "-m", *words], tmp_path)
        written = [words[i + 1] for i, word in enumerate(words) if word == "-o"]
        assert output or written
        for name in written:
            assert (tmp_path / name).stat().st_size > 200
    else:
        assert words[:2] == ["python", "examples/digits.py"]
        script = str(ROOT / words[1])
        run([sys.executable, script, *words[2:], "--epochs", "1"], tmp_path)
        assert (tmp_path / "loss.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("block", PYTHON)
def test_the_python_runs(block: str, tmp_path: Path) -> None:
    output = run([sys.executable, "-c", block], tmp_path)
    assert r"\frac{\partial L}{\partial \vec{w}_{0,j}^\top}" in output
    assert "9 of 9 steps as expected" in output
    assert (tmp_path / "derivation.pdf").read_bytes().startswith(b"%PDF")
