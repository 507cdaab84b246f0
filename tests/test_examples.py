"""The examples run as a person runs them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

DIGITS = Path(__file__).parent.parent / "examples" / "digits.py"


def run(*arguments, cwd):
    return subprocess.run(
        [sys.executable, str(DIGITS), *arguments], cwd=cwd, capture_output=True, text=True, timeout=120
    )


def test_the_digits_are_learnt(tmp_path):
    """A few epochs reach 95 % on images that were held out; the loss falls and its curve is a picture."""
    pytest.importorskip("sklearn")
    done = run("--epochs", "10", "-o", "curve.png", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    share = re.search(r"test accuracy: ([\d.]+)% of 360 images", done.stdout)
    assert share is not None
    assert float(share[1]) >= 95
    losses = [float(v) for v in re.findall(r"training loss ([\d.]+)", done.stderr)]
    assert len(losses) == 10
    assert losses[-1] < losses[0] / 10
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--epochs", "0"], "write 1 or more"),
        (["-o", "nowhere/curve.png"], "write -o with a folder that exists"),
        (["-o", "curve.txt"], "write -o with a name in .png, .svg or .pdf"),
    ],
)
def test_bad_options_are_sentences(arguments, message, tmp_path):
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
