"""Whether the tests fail where the code is wrong: changes of parser, judges and mistakes, each tested by itself.

`python tests/mutation/changed_code.py 100 --out changes.jsonl` draws 100 places, changes one at a time in a copy of the
project, runs the tests until the first of them fails, and lists the changes that none has noticed. With the same
seed and file it goes on where it was. The operators are those of Cosmic Ray (`pip install 'symbackprop[mutation]'`). A
place is drawn first, and then what is changed there, as an addition can be changed in eleven ways and a name in none.
"""

from __future__ import annotations

import argparse
import ast
import compileall
import difflib
import json
import os
import py_compile
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

ROOT = Path(__file__).parents[2]
# what is changed, and the tests of it, those that fail soonest first
TESTS: Mapping[str, tuple[str, ...]] = {
    "symbackprop/latex": ("tests/latex", "tests/lecture", "tests/answers"),
    "symbackprop/judges": ("tests/judges", "tests/rules", "tests/adjoints", "tests/answers"),
    "symbackprop/answers": ("tests/answers", "tests/grading"),
}
COPIED = ("symbackprop", "tests", "derivations", "examples", "docs", "benchmarks", "pyproject.toml", "README.md")
# of tests that go on for so many seconds, the change has made a loop without an end
PATIENCE = 1800.0
# operators that want to be told names
LEFT_OUT = ("VariableReplacer", "VariableInserter")
NOTICED, SURVIVED, ENDLESS = "noticed", "SURVIVED", "endless"


@dataclass(frozen=True)
class Change:
    """One change of one file.

    Attributes:
        path: of the file, from the root.
        operator: by its name in Cosmic Ray.
        code: the whole file, changed.
        shown: the lines that differ.
    """

    path: str
    line: int
    operator: str
    code: str
    shown: str


@dataclass(frozen=True)
class Tested:
    """What the tests say of a change.

    Attributes:
        word: `NOTICED`, `ENDLESS` or `SURVIVED`.
        by: the test that failed first.
    """

    path: str
    line: int
    operator: str
    shown: str
    word: str
    by: str
    seconds: float


# --- changes ----------------------------------------------------------------------------------------------------------


def changes(root: Path, folders: Sequence[str], seed: int) -> Iterator[Change]:
    """Changes at places drawn at random, without end; a place may come again.

    Raises:
        SystemExit: where Cosmic Ray is not installed.
    """
    random = Random(seed)
    files = sorted(path for folder in folders for path in (root / folder).rglob("*.py"))
    # by its length, since to find all places of all files takes minutes
    lengths = [path.stat().st_size for path in files]
    while True:
        (path,) = random.choices(files, lengths)
        places = _places(path.read_text("utf-8"))
        if places:
            line, ways = random.choice(places)
            made = _changed(path, root, line, *random.choice(ways))
            if made is not None:
                yield made


@cache
def _places(code: str) -> list[tuple[int, list[tuple[Any, int]]]]:
    """The places of a file: the line of each, the operators, and which of its occurrences it is to an operator."""
    try:
        from cosmic_ray import plugins
        from cosmic_ray.ast import ast_nodes, get_ast
    except ImportError:
        raise SystemExit("Cosmic Ray is not installed: pip install 'symbackprop[mutation]'") from None

    found: dict[tuple[int, int], list[tuple[Any, int]]] = {}
    tree = get_ast(code)
    for name in plugins.operator_names():
        if name.endswith(LEFT_OUT):
            continue
        operator = plugins.get_operator(name)()
        positions = [start for node in ast_nodes(tree) for start, _ in operator.mutation_positions(node)]
        for occurrence, start in enumerate(positions):
            found.setdefault(start, []).append((operator, occurrence))
    return [(line, ways) for (line, _), ways in sorted(found.items(), key=lambda item: item[0])]


def _changed(path: Path, root: Path, line: int, operator: Any, occurrence: int) -> Change | None:
    """None for a change of annotations, which are not run, and for what is no change."""
    from cosmic_ray.mutating import mutate_code

    before = path.read_text("utf-8")
    after: str | None = mutate_code(before, operator, occurrence)
    if after is None or _run(before) == _run(after):
        return None
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    shown = "\n".join(each for each in lines if each[:1] in "+-" and each[:3] not in ("+++", "---"))
    return Change(path.relative_to(root).as_posix(), line, type(operator).__name__, after, shown)


def _run(code: str) -> str:
    """What is run of a file: without annotations, positions and the forms in which the same is written."""
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return code
    for node in ast.walk(tree):
        if isinstance(node, ast.arg | ast.AnnAssign) and node.annotation is not None:
            node.annotation = ast.Constant(None)
        elif isinstance(node, ast.FunctionDef):
            node.returns = None
    return ast.dump(tree)


# --- tests ------------------------------------------------------------------------------------------------------------


def copied(folder: Path) -> Path:
    """A copy of the project, compiled so that a changed file is seen by its text: a clock is too slow for that."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            shutil.copy2(source, folder / name)
    by_text = py_compile.PycInvalidationMode.CHECKED_HASH
    compileall.compile_dir(str(folder), quiet=2, invalidation_mode=by_text)
    return folder


def outcome(change: Change, root: Path, tests: Sequence[str], patience: float = PATIENCE) -> Tested:
    """Change a file in a copy of the project, run tests until one fails, and put the file back."""
    file = root / change.path
    before, started = file.read_text("utf-8"), time.monotonic()
    env = os.environ | {"PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "--no-header", "--tb=no", "-p", "no:cacheprovider", *tests]
    file.write_text(change.code, "utf-8")
    try:
        done = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, timeout=patience, check=False)
        word = NOTICED if done.returncode else SURVIVED
        by = next((line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))), "")
    except subprocess.TimeoutExpired:
        word, by = ENDLESS, ""
    finally:
        file.write_text(before, "utf-8")
    seconds = round(time.monotonic() - started, 1)
    return Tested(change.path, change.line, change.operator, change.shown, word, by, seconds)


def campaign(count: int, folders: Sequence[str], seed: int, out: Path | None) -> list[Tested]:
    """So many changes, those that a file already has among them.

    Raises:
        SystemExit: where the tests fail without any change.
    """
    kept = out.read_text("utf-8").splitlines() if out is not None and out.exists() else []
    found = [Tested(**json.loads(line)) for line in kept][:count]
    with tempfile.TemporaryDirectory() as name:
        root = copied(Path(name))
        drawn = changes(root, folders, seed)
        for number, change in enumerate(change for change, _ in zip(drawn, range(count), strict=False)):
            if number < len(found):
                continue
            tests = next(tests for folder, tests in TESTS.items() if change.path.startswith(folder))
            said = outcome(change, root, tests)
            found.append(said)
            if out is not None:
                with out.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(asdict(said)) + "\n")
            print(f"{number + 1} of {count}: {said.word}, {said.path}:{said.line}, {said.seconds} s", file=sys.stderr)
    return found


def report(found: Sequence[Tested]) -> str:
    """How many were noticed, in each folder and in all, and those that were not."""
    lines = []
    for folder in (*TESTS, ""):
        words = Counter(each.word for each in found if each.path.startswith(folder))
        total, noticed = words.total(), words.total() - words[SURVIVED]
        if total:
            lines.append(f"{folder or 'all':22} {noticed} of {total} changes noticed, {noticed / total:.0%}")
    for each in found:
        if each.word == SURVIVED:
            lines += [f"\n{each.path}:{each.line} ({each.operator})", each.shown]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description="Whether the tests fail where the code is wrong.")
    parser.add_argument("count", type=int, help="how many changes")
    parser.add_argument("--only", choices=TESTS, action="append", help="what is changed, everything if not given")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", metavar="FILE", type=Path, help="JSON lines, to go on with")
    options = parser.parse_args()
    print(report(campaign(options.count, options.only or list(TESTS), options.seed, options.out)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
