"""What makes it a package: what is shipped, what is imported when, and that the documents name what exists."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# each costs more than Python itself takes to start
HEAVY = {"sympy", "mpmath", "numpy", "scipy", "sklearn", "flint", "typst", "matplotlib"}
NAMES = "last_hidden preactivation hidden weight_row weight_gradient layer_weight_gradient weight_matrix bias input"


def run(*command: str | Path, cwd: Path, **env: str) -> str:
    """Standard output of a command; its failure fails the test with what it said."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=os.environ | env,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def loaded_by(code: str) -> set[str]:
    """Names of the modules that a fresh interpreter has loaded after running some code."""
    lines = run(
        sys.executable, "-c", f"import sys\n{code}\nprint()\nprint(*sys.modules)", cwd=ROOT, PYTHONPATH=str(ROOT)
    )
    return set(lines.splitlines()[-1].split())


# --- what is imported when -------------------------------------------------------------------------------------------

HELP = """
sys.argv = ["symbackprop", "--help"]
from symbackprop.cli import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
"""
CHECK = r"""
from symbackprop.cli import main
assert main(["check", r"%s", "--ask", r"\partial L/\partial W_l", "--json"]) == %d
"""
RIGHT = CHECK % (r"\partial L/\partial z_{l+1} h_l^\top", 0)
WRONG = CHECK % (r"\partial L/\partial z_{l+1} h_{l+1}^\top", 1)
# what only a wrong answer, another command or a table of numbers needs
NOT_FOR_A_RIGHT_ANSWER = {
    "symbackprop.answers.diagnosis",
    "symbackprop.answers.mistakes",
    "symbackprop.asked",
    "symbackprop.render",
    "difflib",
    "importlib.resources",
    "random",
    "tempfile",
    "zipfile",
}
TREE = "import symbackprop.statements, symbackprop.shapes, symbackprop.network, symbackprop.derivation"


@pytest.mark.parametrize("code", ["import symbackprop", HELP, TREE], ids=["package", "help", "tree"])
def test_nothing_heavy_is_imported(code: str) -> None:
    assert not loaded_by(code) & HEAVY


def test_a_right_answer_loads_only_what_it_takes_to_see_that() -> None:
    loaded = loaded_by(RIGHT)
    assert not loaded & (HEAVY - {"flint"} | NOT_FOR_A_RIGHT_ANSWER)
    assert len([name for name in loaded if name.startswith("symbackprop")]) <= 155


def test_the_mistakes_are_loaded_for_a_wrong_answer() -> None:
    assert "symbackprop.answers.diagnosis" in loaded_by(WRONG)


COMPILED = """
import numpy as np
import symbackprop as sb
W, x = [np.eye(2), np.eye(2)], np.ones(2)
sb.MLP(1, activation={activation!r}, loss="squared_error", bias="none").gradients()(W, x, x)
"""


@pytest.mark.parametrize(("activation", "loads"), [("tanh", False), ("sigmoid", False), ("silu", True)])
def test_gradients_load_sympy_only_for_a_slope_that_has_no_source(activation: str, loads: bool) -> None:
    assert ("sympy" in loaded_by(COMPILED.format(activation=activation))) == loads


def test_the_list_of_modules_sees_a_heavy_one() -> None:
    assert {"sympy", "mpmath"} <= loaded_by("import symbackprop.dims, sympy") & HEAVY


@pytest.mark.parametrize("judge", ["field", "exact", "entrywise", "numeric"])
def test_a_judge_loads_no_rule(judge: str) -> None:
    # import-linter reads import statements; this sees an import by name as well
    loaded = loaded_by(f"import symbackprop.judges.{judge}")
    assert f"symbackprop.judges.{judge}" in loaded
    assert not [name for name in loaded if name.startswith("symbackprop.rules")]


BACKPROP = ROOT / "symbackprop" / "numeric" / "backprop.py"


def test_the_reference_backprop_imports_nothing_of_ours() -> None:
    found = set()
    for statement in ast.walk(ast.parse(BACKPROP.read_text(encoding="utf-8"))):
        if isinstance(statement, ast.Import):
            found |= {name.name.partition(".")[0] for name in statement.names}
        elif isinstance(statement, ast.ImportFrom):
            assert statement.level == 0
            found.add(str(statement.module).partition(".")[0])
    assert "numpy" in found
    assert found <= {"numpy", *sys.stdlib_module_names}


def test_the_reference_backprop_runs_without_the_package(tmp_path: Path) -> None:
    alone = tmp_path / "backprop.py"
    alone.write_text(BACKPROP.read_text(encoding="utf-8"), encoding="utf-8")
    # None in sys.modules makes every import of that name fail, an editable installation notwithstanding
    run(sys.executable, "-c", "import sys; sys.modules['symbackprop'] = None; import backprop", cwd=tmp_path)


# --- what is shipped -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    (built,) = folder.glob("*.whl")
    return built


def _files(folder: Path, pattern: str) -> set[str]:
    return {path.relative_to(ROOT).as_posix() for path in folder.rglob(pattern) if "__pycache__" not in path.parts}


def test_the_wheel_holds_the_package_its_tables_and_the_derivations(wheel: Path) -> None:
    shipped = set(zipfile.ZipFile(wheel).namelist())
    package = ROOT / "symbackprop"
    tables = _files(package, "*.toml")
    derivations = {f"symbackprop/{name}" for name in _files(ROOT / "derivations", "*.py")}
    assert tables
    assert derivations
    expected = _files(package, "*.py") | tables | derivations | {"symbackprop/py.typed"}
    assert {name for name in shipped if ".dist-info/" not in name} == expected
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in shipped)


def test_the_installed_wheel_finds_its_derivations(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    run(sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target", site, wheel, cwd=tmp_path)
    where = run(
        sys.executable, "-c", "import symbackprop; print(symbackprop.__file__)", cwd=tmp_path, PYTHONPATH=str(site)
    )
    assert Path(where.strip()).is_relative_to(site)
    listed = run(site / "bin" / "symbackprop", "list", cwd=tmp_path, PYTHONPATH=str(site))
    assert set(NAMES.split()) <= set(listed.split())


def test_latex2sympy2_imports_where_the_test_extra_asks_for_it() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (wanted,) = (line for line in project["optional-dependencies"]["test"] if line.startswith("latex2sympy2"))
    assert wanted.endswith("; python_version < '3.13'")
    if sys.version_info >= (3, 13) or importlib.util.find_spec("latex2sympy2") is None:
        pytest.skip("latex2sympy2 is not installed here")
    sigmoid = "from latex2sympy2 import latex2sympy; s = latex2sympy(r'\\frac{1}{1+e^{-x}}'); (x,) = s.free_symbols"
    assert run(sys.executable, "-c", f"{sigmoid}; print(s.subs(x, 0))", cwd=ROOT).strip() == "1/2"


# --- the documents ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "docs/architecture.md"])
def test_a_document_names_only_files_that_exist(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    named = re.findall(r"`((?:symbackprop|derivations|tests|examples|benchmarks|docs|\.ci)/[\w./-]*)`", text)
    links = [link for link in re.findall(r"\]\(([^)#]+)[^)]*\)", text) if "://" not in link]
    assert named or links
    missing = [name for name in named if not (ROOT / name).exists()]
    missing += [link for link in links if not (ROOT / document).parent.joinpath(link).exists()]
    assert not missing


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "docs/architecture.md"])
def test_a_document_names_only_functions_that_exist(document: str) -> None:
    for name in re.findall(r"`(symbackprop(?:\.\w+)+)`", (ROOT / document).read_text(encoding="utf-8")):
        module, _, attribute = name.rpartition(".")
        assert hasattr(importlib.import_module(module), attribute), name
