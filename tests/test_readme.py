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
(GIVEN,) = [block for language, block in BLOCKS if language == "toml"]


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
    (tmp_path / "net.toml").write_text(GIVEN, encoding="utf-8")
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


def test_what_the_readme_says_of_the_network_is_what_comes_out(tmp_path: Path) -> None:
    (tmp_path / "net.toml").write_text(GIVEN, encoding="utf-8")
    asked = ["derive", "--given", "net.toml", "--wrt", r"\frac{\partial J}{\partial W_1}"]
    last = run([sys.executable, "-m", "symbackprop", *asked], tmp_path).splitlines()[-1]
    (promised,) = re.findall(r"The last line is `∂J/∂W₁ = (.*?)`", README)
    assert promised in last


# what each program prints, among other things
PRINTED = (
    (r"\frac{\partial L}{\partial W}", "steps as expected"),
    (r"\frac{\partial L}{\partial \vec{w}_{0,j}^\top}", "9 of 9 steps as expected"),
)


@pytest.mark.parametrize(("block", "printed"), list(zip(PYTHON, PRINTED, strict=True)))
def test_the_python_runs(block: str, printed: tuple[str, ...], tmp_path: Path) -> None:
    output = run([sys.executable, "-c", block], tmp_path)
    assert all(part in output for part in printed)


def test_the_document_is_a_pdf(tmp_path: Path) -> None:
    run([sys.executable, "-c", PYTHON[1]], tmp_path)
    assert (tmp_path / "derivation.pdf").read_bytes().startswith(b"%PDF")


def test_what_the_readme_says_of_a_wrong_answer_is_printed(tmp_path: Path) -> None:
    (answer, ask) = re.findall(r"A wrong one, `(.*?)` for `(.*?)`", README)[0]
    promised = next(block for language, block in BLOCKS if block.startswith("✗"))
    command = [sys.executable, "-m", "symbackprop", "check", answer, "--ask", ask]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", timeout=300)
    assert (done.returncode, done.stdout) == (1, promised)
