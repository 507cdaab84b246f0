"""`-o grad.py`: a file that needs NumPy only, with the same gradients as in process, byte by byte."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from given_networks import CASES, EXAMPLES

import symbackprop as sb
from symbackprop.cli import main
from symbackprop.network import MLP

# runs a file where nothing but NumPy and what comes with Python can be imported, and saves what it gives
ALONE = """
import sys

class Refused:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in {*sys.stdlib_module_names, "numpy"}:
            raise ImportError(name)

sys.meta_path.insert(0, Refused())
import numpy as np
for name in ("symbackprop", "sympy", "scipy"):
    try:
        __import__(name)
    except ImportError:
        continue
    sys.exit(f"{name} can be imported")
space = {"__name__": "grad"}
with open(sys.argv[1], encoding="utf-8") as file:
    exec(compile(file.read(), sys.argv[1], "exec"), space)
given = dict(np.load(sys.argv[2]))
if "W0" in given:
    W = [given[name] for name in sorted(given) if name[0] == "W"]
    total, found = space["gradients"](W, given["x"], given["y"])
    found = {f"W{i}": array for i, array in enumerate(found)}
else:
    total, found = space["gradients"](**given)
np.savez(sys.argv[3], total=total, **found)
"""


def alone(file: Path, arrays: dict, to: Path) -> dict:
    """What a written file gives in a fresh process."""
    np.savez(to.with_suffix(".given.npz"), **arrays)
    command = [sys.executable, "-I", "-W", "error", "-c", ALONE, file, to.with_suffix(".given.npz"), to]
    subprocess.run(command, check=True, timeout=120)
    with np.load(to) as found:
        return dict(found)


def flat(case, arrays: dict) -> dict:
    """Rows and columns one-dimensional, as the file has them."""
    return {name: array.reshape(-1) if 1 in array.shape else array for name, array in arrays.items()}


@pytest.mark.parametrize("name", ["two_layers", "batch_norm"])
def test_a_given_network(name, tmp_path):
    case = CASES[name.replace("_", " ")]()
    file = tmp_path / "grad.py"
    assert main(["derive", "--wrt", "all", "--given", str(EXAMPLES / f"{name}.toml"), "-o", str(file)]) == 0
    arrays = flat(case, case.arrays())
    once, again = (alone(file, arrays, tmp_path / f"{i}.npz") for i in range(2))
    total, found = case.network.gradients()(arrays)
    assert {"total", *found} == set(once)
    assert once["total"].tobytes() == again["total"].tobytes() == np.asarray(total).tobytes()
    for each, array in found.items():
        assert once[each].tobytes() == again[each].tobytes() == array.tobytes()
        wanted = case.by_steps(case.arrays(), each).reshape(array.shape)
        assert np.abs(once[each] - wanted).max() <= 1e-13 * max(1, np.abs(wanted).max())


def test_an_mlp(tmp_path, example):
    file = tmp_path / "grad.py"
    network = ["--depth", "2", "--activation", "tanh", "--loss", "squared_error"]
    assert main(["derive", "--wrt", "all", *network, "-o", str(file)]) == 0
    e = example((5, 4, 6, 3), examples=7)
    arrays = {f"W{l}": w for l, w in enumerate(e.W)} | {"x": e.x, "y": e.y}
    once, again = (alone(file, arrays, tmp_path / f"{i}.npz") for i in range(2))
    by_hand = e.by_hand("tanh", "squared_error")
    assert once["total"] == pytest.approx(by_hand.loss, rel=1e-13)
    _, found = MLP(depth=2, activation="tanh", loss="squared_error").gradients()(*e.arguments)
    for l, wanted in enumerate(by_hand.dW):
        assert once[f"W{l}"].tobytes() == again[f"W{l}"].tobytes() == found[l].tobytes()
        assert np.abs(once[f"W{l}"] - wanted).max() <= 1e-12 * np.abs(wanted).max()
    # the formulas of the derivation, as LaTeX
    assert r"\frac{\partial L}{\partial W_0} = " in file.read_text(encoding="utf-8")


def test_one_gradient_with_its_formulas(tmp_path):
    file = tmp_path / "grad.py"
    given = str(EXAMPLES / "two_layers.toml")
    assert main(["derive", "--wrt", r"\frac{\partial J}{\partial W_1}", "--given", given, "-o", str(file)]) == 0
    text = file.read_text(encoding="utf-8")
    assert r"# \hat{y} = \operatorname{softmax}(h W_2 + b_2)" in text
    assert r"# \frac{\partial J}{\partial W_1} = x^\top\left( h \odot (\mathbf{1}^\top - h) \odot" in text
    case = CASES["two layers"]()
    found = alone(file, flat(case, case.arrays()), tmp_path / "found.npz")
    assert set(found) == {"total", "W_1"}
    wanted = case.by_steps(case.arrays(), "W_1")
    assert np.abs(found["W_1"] - wanted).max() <= 1e-13


def test_a_family_at_a_letter_is_all_of_it(tmp_path):
    case = CASES["recurrent"]()
    file = tmp_path / "grad.py"
    sb.derive(r"\frac{\partial L}{\partial x_t}", case.network).save(file)
    found = alone(file, case.arrays(), tmp_path / "found.npz")
    assert set(found) == {"total", "x_1", "x_2", "x_3", "x_4"}
    for name in ("x_1", "x_4"):
        wanted = case.by_steps(case.arrays(), name)
        assert np.abs(found[name] - wanted).max() <= 1e-13 * max(1, np.abs(wanted).max())


def test_generic_functions_are_arguments_of_the_file(tmp_path):
    file = tmp_path / "grad.py"
    network = sb.Network("h = g(W x)", r"L = \|h\|^2", shapes={"W": "m x n", "x": "n"})
    sb.derive("all", network).save(file)
    assert "def gradients(W, x, out=None, *, g, dg):" in file.read_text(encoding="utf-8")
    sb.derive("all", MLP(depth=1)).save(file)
    assert "def gradients(W, x, y, out=None, *, g, dg, loss, dloss):" in file.read_text(encoding="utf-8")


BAD = {
    "a part of a variable": (r"\frac{\partial J}{\partial W_{1,2,1}}", "part of one: ask for that by W_1"),
    "a row of one": (r"\frac{\partial J}{\partial b_{1,1,2}}", "ask for that by b_1"),
}


@pytest.mark.parametrize(("wrt", "words"), BAD.values(), ids=BAD)
def test_what_cannot_be_written_is_one_sentence(wrt, words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    given = str(EXAMPLES / "two_layers.toml")
    assert main(["derive", "--wrt", wrt, "--given", given, "-o", "grad.py"]) == 2
    said = capsys.readouterr()
    assert said.err.count("\n") == 1
    assert words in said.err
    assert list(tmp_path.iterdir()) == []


def test_a_recurrent_network_of_any_length_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.toml").write_text(
        "given = '''\nh_t = \\tanh(W h_{t-1}), \\quad t = 1, \\dots, T\nL = \\|h_T\\|^2\n'''\n"
        "shapes = { h_t = 'n', W = 'n x n' }\n"
    )
    assert main(["derive", "--wrt", "all", "--given", "net.toml", "-o", "grad.py"]) == 2
    assert "give T a number" in capsys.readouterr().err
