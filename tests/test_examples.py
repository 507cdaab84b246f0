"""The examples run as a person runs them."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

DIGITS = Path(__file__).parent.parent / "examples" / "digits.py"
BESIDE_PYTORCH = DIGITS.with_name("digits_pytorch.py")


def run(*arguments, cwd, script=DIGITS):
    return subprocess.run(
        [sys.executable, str(script), *arguments], cwd=cwd, capture_output=True, text=True, timeout=120
    )


@pytest.fixture
def example(monkeypatch):
    """The two scripts as modules, and 200 images that are noise, with the bias unit below."""
    monkeypatch.syspath_prepend(str(DIGITS.parent))
    rng = np.random.default_rng(3)
    X = np.concatenate([rng.random((64, 200)), np.ones((1, 200))])
    return importlib.import_module, X, np.eye(10)[:, rng.integers(0, 10, 200)]


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


# --- the same by others ----------------------------------------------------------------------------------------------


def losses_by_hand(digits, X, Y, bias_is_trained=True):
    """Mean losses of each epoch: softmax and cross-entropy by their definitions, each weight by its own line."""
    W, rng = digits.start(5)
    V = [np.zeros_like(w) for w in W]
    while True:
        total = 0.0
        for batch in digits.batches(rng, X.shape[1]):
            x, y = X[:, batch], Y[:, batch]
            h = np.vstack([np.tanh(W[0] @ x), np.ones(len(batch))])
            powers = np.exp(W[1] @ h)
            p = powers / powers.sum(axis=0)
            total -= np.log(p[y == 1]).sum()
            upstream = (p - y) / len(batch)
            gradients = [((W[1][:, :-1].T @ upstream) * (1 - h[:-1] ** 2)) @ x.T, upstream @ h.T]
            if not bias_is_trained:
                gradients[1][:, -1] = 0
            for l in range(2):
                V[l] = digits.MOMENTUM * V[l] - digits.RATE * gradients[l]
                W[l] = W[l] + V[l]
        yield total / X.shape[1]


def test_the_losses_are_those_by_hand(example):
    imported, X, Y = example
    digits = imported("digits")
    ours = [loss for _, loss in islice(digits.training(X, Y, 5), 4)]
    assert ours == pytest.approx(list(islice(losses_by_hand(digits, X, Y), 4)), abs=1e-10, rel=0)
    # a bias that stays as it is would be seen
    assert ours[3] != pytest.approx(list(islice(losses_by_hand(digits, X, Y, False), 4))[3], abs=1e-6)


def test_the_losses_are_those_of_pytorch(example):
    pytest.importorskip("torch")
    imported, X, Y = example
    apart, ours, theirs = imported("digits_pytorch").beside(X, Y, 4, 5)
    assert apart < 1e-10
    assert len(ours) == len(theirs) == 4


def test_other_losses_are_told_apart(example, monkeypatch):
    pytest.importorskip("torch")
    imported, X, Y = example
    beside = imported("digits_pytorch")
    training = beside.training
    monkeypatch.setattr(beside, "training", lambda *given: (loss + 1e-9 for loss in training(*given)))
    assert beside.beside(X, Y, 2, 5)[0] > beside.SAME


def test_the_digits_beside_pytorch(tmp_path):
    pytest.importorskip("torch")
    pytest.importorskip("sklearn")
    done = run("--epochs", "2", cwd=tmp_path, script=BESIDE_PYTORCH)
    assert done.returncode == 0, done.stderr
    assert re.search(r"losses at most \S+ apart; an epoch takes it \S+ times as long", done.stdout)


def test_without_pytorch_a_sentence_says_what_to_install(tmp_path):
    (tmp_path / "torch.py").write_text("raise ImportError")
    code = f"import runpy, sys; sys.path.insert(0, {str(tmp_path)!r}); sys.argv = ['x']; "
    code += f"sys.path.insert(0, {str(DIGITS.parent)!r}); runpy.run_path({str(BESIDE_PYTORCH)!r}, run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert done.stderr.strip().endswith("pip install torch")
    assert "Traceback" not in done.stderr


def test_no_epochs_beside_pytorch_are_refused(tmp_path):
    done = run("--epochs", "0", cwd=tmp_path, script=BESIDE_PYTORCH)
    assert done.returncode == 2
    assert "write 1 or more" in done.stderr
