"""The command line, as its users call it: what comes out, what is written, and what is said when something is wrong."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import unicodedata
from pathlib import Path

import pytest

from symbackprop.cli import main

FIRST_ISSUE = (
    "last_hidden preactivation hidden weight_row weight_gradient layer_weight_gradient weight_matrix bias input"
)
SECOND_ISSUE = (
    "spectral_norm vanishing_gradients exploding_gradients initialization weight_decay layer_normalization "
    "normalization_schemes"
)


def test_list_names_the_derivations_one_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert listed == [*FIRST_ISSUE.split(), *SECOND_ISSUE.split(), "lecture"]


def test_lecture_prints_every_line_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lecture", "--json"]) == 0
    lines = json.loads(capsys.readouterr().out)
    assert [name for name in lines if name.startswith("rule.")] == [
        "rule.last_hidden",
        "rule.preactivation",
        "rule.hidden",
        "rule.weight_row",
    ]


def test_derive_prints_at_most_100_columns(capsys: pytest.CaptureFixture[str]) -> None:
    for name in FIRST_ISSUE.split():
        assert main(["derive", name]) == 0
        assert max(map(len, capsys.readouterr().out.splitlines())) <= 100


def test_verify_as_json_has_the_fields_of_the_contract(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "hidden", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["step"] for row in rows] == [1, 2]
    for row in rows:
        assert {"name", "step", "rule", "relation", "before", "after", "why", "shape", "judges"} <= row.keys()
        assert row["judges"].keys() == {"kernel", "exact", "numeric"}
    assert rows[1]["after"].startswith(r"W_l^\top")


WRONG = {
    "no such derivation": (["derive", "weight_gradiant"], "weight_gradiant", "weight_gradient"),
    "no such file": (["derive", "mine.py"], "mine.py", "path"),
    "suffix": (["derive", "hidden", "-o", "x.docx"], ".docx", ".pdf"),
    "folder": (["derive", "hidden", "-o", "no/such/folder/x.tex"], "no/such/folder", "folder"),
    "depth 0": (["derive", "hidden", "--depth", "0"], "0", "1 or more"),
    "negative depth": (["derive", "hidden", "--depth", "-2"], "-2", "1 or more"),
    "depth in words": (["derive", "hidden", "--depth", "two"], "two", "--depth 3"),
    "widths for another depth": (["derive", "hidden", "--depth", "3", "--widths", "4,5,3"], "depth 3", "n_0 to n_4"),
    "widths in words": (["derive", "hidden", "--widths", "4,five"], "4,five", "--widths 4,5,5,3"),
    "only the bias unit": (["derive", "hidden", "--widths", "4,1,3"], "n_1 = 1", "2 or more"),
    "activation": (["derive", "hidden", "--activation", "tahn"], "tahn", "tanh"),
    "loss": (["derive", "hidden", "--loss", "mse"], "mse", "mean_squared_error"),
    "bias": (["derive", "hidden", "--bias", "maybe"], "maybe", "augmented"),
    "no bias": (["derive", "bias", "--bias", "none"], "without biases", "augmented or separate"),
    "style": (["derive", "hidden", "--style", "bold"], "bold", "hadamard"),
    "layout": (["derive", "hidden", "--layout", "rows"], "rows", "numerator"),
    "notation": (["derive", "hidden", "--notation", "mine"], "mine", "lecture"),
    "engine without a PDF": (["derive", "hidden", "--engine", "word"], "word", "latex"),
    "a letter of the network": (["derive", "hidden", "--activation", "z"], "letter z", "such as f"),
    "engine": (["derive", "hidden", "--engine", "word", "-o", "x.pdf"], "word", "typst"),
}


@pytest.mark.parametrize(("arguments", "read", "write"), WRONG.values(), ids=WRONG)
def test_wrong_usage_is_one_sentence_and_leaves_no_file(
    arguments: list[str],
    read: str,
    write: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert read in said.err
    assert write in said.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [["plot"], ["nonsense"], ["derive", "hidden", "--colour"], []])
def test_a_usage_error_is_one_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "--help" in said


BROKEN = {
    "does not run": ("import nothing_of_the_kind\n", "line 1"),
    "does not parse": ("def derive(:\n", "line 1"),
    "has no derive": ("x = 1\n", "derive(network, style)"),
    "fails": ("def derive(network, style):\n    return 1 / 0\n", "line 2"),
    "stops the interpreter": ("import sys\ndef derive(network, style):\n    sys.exit(0)\n", "SystemExit"),
    "does not conform": (
        "from symbackprop.derivation import Derivation\n"
        "from symbackprop.expr import PreActivation, Weight\n"
        "def derive(network, style):\n"
        "    return Derivation(Weight(1) @ PreActivation(1), network)\n",
        "did you mean h_1?",
    ),
    "returns something else": ("def derive(network, style):\n    return 3\n", "Derivation"),
}


@pytest.mark.parametrize(("text", "said"), BROKEN.values(), ids=BROKEN)
def test_a_broken_derivation_file_is_one_sentence(
    text: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine.py"
    path.write_text(text, encoding="utf-8")
    assert main(["derive", str(path)]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert said in error
    assert "mine.py" in error or "W_1" in error


def test_a_derivation_of_ones_own_is_found_by_path(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.py"
    path.write_text(
        '"""Mine."""\n'
        "from symbackprop.derivation import Derivation\n"
        "from symbackprop.expr import LOSS, Hidden, Partial\n"
        "from symbackprop.rules.gradients import through_weights\n"
        "def derive(network, style):\n"
        "    return Derivation(Partial(LOSS, Hidden(network.depth)), network).by(through_weights)\n",
        encoding="utf-8",
    )
    assert main(["derive", str(path), "-o", str(tmp_path / "mine.tex")]) == 0
    assert r"W_L^\top" in (tmp_path / "mine.tex").read_text(encoding="utf-8")


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "taken.tex").mkdir()
    assert main(["derive", "hidden", "-o", str(tmp_path / "taken.tex")]) == 2
    assert "taken.tex" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["taken.tex"]


def test_an_interrupted_run_leaves_nothing_behind(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "symbackprop", "derive", "weight_gradient", "--depth", "150", "-o", "long.pdf"]
    started = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, encoding="utf-8")
    time.sleep(1.0)
    os.kill(started.pid, signal.SIGINT)
    _, said = started.communicate(timeout=60)
    assert started.returncode == 130
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []


def test_of_several_files_all_are_written_or_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "taken.md").mkdir()
    outputs = ["-o", str(tmp_path / "a.tex"), "-o", str(tmp_path / "taken.md")]
    assert main(["derive", "hidden", *outputs]) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["taken.md"]
    assert main(["derive", "hidden", *outputs[:2], "-o", str(tmp_path / "b.md")]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tex", "b.md", "taken.md"]


def test_a_terminal_without_the_signs_is_one_sentence(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "symbackprop", "derive", "hidden"]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONIOENCODING": "ascii"}, capture_output=True, encoding="ascii", timeout=60
    )
    assert done.returncode == 2
    assert "PYTHONIOENCODING=utf-8" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_package_that_is_missing_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in sys.modules if name.startswith("symbackprop.judges")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "flint", None)
    assert main(["verify", "hidden"]) == 2
    assert "pip install python-flint" in capsys.readouterr().err


# --- topics, slides and figures ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SECOND_ISSUE.split())
def test_a_topic_is_printed_in_at_most_100_columns(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["derive", name]) == 0
    printed = capsys.readouterr().out
    # a letter and the sign above it are one column
    plain = "".join(c for c in printed if not unicodedata.combining(c))
    assert max(map(len, plain.splitlines())) <= 100
    assert len(printed.splitlines()) > 30


def test_the_lecture_is_one_document_with_verdicts(tmp_path: Path) -> None:
    target = tmp_path / "lecture.typ"
    assert main(["derive", "lecture", "-o", str(target)]) == 0
    source = target.read_text(encoding="utf-8")
    assert source.count("#outline(") == 1
    assert source.count("<svg") >= 6
    # a verdict beside every step, and the counterexample beside the line that is false
    assert source.count("kernel proved") > 200
    assert "Refuted by the numeric judge" in source


def test_slides_are_a_pdf_of_wide_pages(tmp_path: Path) -> None:
    target = tmp_path / "slides.pdf"
    assert main(["derive", "spectral_norm", "--slides", "-o", str(target)]) == 0
    assert target.read_bytes().startswith(b"%PDF")


def test_a_normalization_stands_in_every_layer(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["derive", "weight_gradient", "--normalization", "layer"]) == 0
    printed = capsys.readouterr().out
    assert "diag(v" in printed
    assert main(["derive", "weight_gradient"]) == 0
    assert "diag(v" not in capsys.readouterr().out


def test_plot_without_a_file_prints_the_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plot", "saturation"]) == 0
    assert "dimensionless" in capsys.readouterr().out


def test_plot_writes_every_format(tmp_path: Path) -> None:
    files = [tmp_path / f"x{suffix}" for suffix in (".svg", ".png", ".pdf", ".csv")]
    assert main(["plot", "saturation", *(word for file in files for word in ("-o", str(file)))]) == 0
    starts = (b"<?xml", b"\x89PNG", b"%PDF", b"")
    for file, start in zip(files, starts, strict=True):
        assert file.read_bytes().startswith(start)
        assert file.stat().st_size > 500


MISUSED = {
    "no such figure": (["plot", "saturations"], "saturations", "activations"),
    "no such picture": (["plot", "saturation", "-o", "x.gif"], ".gif", ".svg"),
    "slides in the terminal": (["derive", "spectral_norm", "--slides"], "slides", "-o slides.pdf"),
    "slides by LaTeX": (["derive", "spectral_norm", "--slides", "--engine", "latex", "-o", "x.pdf"], "Typst", "leave"),
    "slides as text": (["derive", "spectral_norm", "--slides", "-o", "x.md"], "x.md", ".pdf"),
    "no such scheme": (["derive", "weight_gradient", "--normalization", "layr"], "layr", "rms"),
    "a batch": (["derive", "weight_gradient", "--normalization", "batch"], "batch", "normalization_schemes"),
    "one unit": (["derive", "hidden", "--normalization", "layer", "--widths", "3,2,2"], "one unit", "layer 1"),
    "lines of a normalized lecture": (["derive", "vanishing_gradients", "--normalization", "rms"], "rms", "leave"),
    "NumPy of a bound": (["derive", "spectral_norm", "-o", "x.py"], "spectral_norm", "weight_gradient"),
}


@pytest.mark.parametrize(("arguments", "named", "told"), MISUSED.values(), ids=MISUSED)
def test_misuse_is_one_sentence(
    arguments: list[str],
    named: str,
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert named in said
    assert told in said
    assert list(tmp_path.iterdir()) == []
