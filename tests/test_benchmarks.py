"""The benchmarks run and print every row; what they measure is for people, and no test waits for a clock."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
# one row of each kind that was asked for, by its name and words of the figure
ASKED = [
    ("help", "--help"),
    ("help", "imports of sympy, numpy, flint, typst"),
    ("terminal", "derive weight_gradient"),
    ("files", "x.pdf"),
    ("files", "x.tex"),
    ("tensorgrad", "tensorgrad"),
    ("reading", "surface"),
    ("reading", "short answers"),
    ("reading", "first formula"),
    ("derivation", "symbolic L"),
    ("depth100", "depth 100: derive, judge every step"),
    ("closed", "depth 3,000: closed form, derived"),
    ("closed", "depth 3,000: closed form, factor by factor"),
    ("growth", "depth 10: time"),
    ("growth", "depth 30: memory"),
    ("sympy", "depth 1,"),
    ("sympy", "depth 2,"),
    ("numbers", "batch 1, 8 × 8, float64, factored"),
    ("numbers", "batch 32, 8 × 8, float64"),
    ("numbers", "8 × 8, float64: twice the depth"),
    ("numbers", "compile, batch 1, 64 × 20: twice the depth"),
    ("numbers", "faster than PyTorch eager"),
    ("bounds", "10 outputs: QR ladder"),
    ("bounds", "64 outputs: QR ladder"),
    ("spectra", "spectra of 64 × 64"),
    ("random", "40 random networks: gradients"),
    ("random", "cases that others get wrong: gradients"),
    ("random", "cases that others get wrong beside PyTorch"),
    ("random", "random networks beside PyTorch"),
    ("random", "random networks beside JAX"),
    ("compiled", "cases that others get wrong, compiled"),
    ("compiled", "20 random networks, compiled"),
    ("equations", "20 equations"),
    ("others", "gradient of tr(A X B)"),
    ("grading", "8 answers, 1 worker"),
    ("mutants", "wrong answers: accepted"),
    ("mutants", "conform in shape"),
    ("mutants", "rewritten: incorrect"),
    ("mutants", "rewritten: undecided"),
    ("answers", "pairs: symbackprop"),
    ("answers", "pairs: Math-Verify"),
    ("answers", "pairs: latex2sympy2-extended"),
    ("answers", "homework size, warm"),
    ("answers", "distinct short answers"),
    ("answers", "check of one answer, cold"),
    ("grading", "peak memory, 2 workers"),
    ("grading", "verdicts of one worker and of two"),
]


@pytest.fixture(autouse=True)
def _checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))


def module(name: str) -> Any:
    return importlib.import_module(f"benchmarks.{name}")


def benchmarks(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments], cwd=ROOT, capture_output=True, encoding="utf-8", timeout=600
    )


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, list[dict[str, Any]]]:
    """The printed table and the rows of the short version."""
    file = tmp_path_factory.mktemp("benchmarks") / "rows.json"
    done = benchmarks("--short", "--json", str(file))
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout, json.loads(file.read_text(encoding="utf-8"))["rows"]


@pytest.mark.parametrize(("name", "words"), ASKED)
def test_every_figure_has_a_row(short: tuple[str, list[dict[str, Any]]], name: str, words: str) -> None:
    printed, rows = short
    (found,) = [row for row in rows if row["name"] == name and words in row["figure"]]
    assert not found["failed"]
    (line,) = [line for line in printed.splitlines() if line.startswith(f"{found['figure']} ")]
    assert found["measured"] in line
    assert found["line"] in line


def test_help_imports_nothing_heavy(short: tuple[str, list[dict[str, Any]]]) -> None:
    (found,) = [row for row in short[1] if "imported" in row["numbers"] and row["name"] == "help"]
    assert found["measured"] == "none"


def test_only_measures_what_is_named() -> None:
    done = benchmarks("--short", "--only", "derivation")
    assert done.returncode == 0
    assert "symbolic L" in done.stdout
    assert "tensorgrad" not in done.stdout


def test_a_name_may_stand_without_an_option() -> None:
    done = benchmarks("numbers", "--only", "derivation", "--short")
    assert done.returncode == 0, done.stderr
    assert "batch 1, 8 × 8, float64" in done.stdout
    assert "symbolic L" in done.stdout
    assert "tr(A X B)" not in done.stdout


@pytest.mark.parametrize("arguments", [("--only", "speed"), ("speed",)])
def test_an_unknown_name_is_wrong_usage(arguments: tuple[str, ...]) -> None:
    done = benchmarks(*arguments)
    assert done.returncode == 2
    assert "derivation" in done.stderr


# --- what a row says -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("seconds", "ok"), [(1.5, True), (1.51, False), (0.1, True)])
def test_a_time_is_held_against_its_line(seconds: float, ok: bool) -> None:
    row = module("table").within("x", "x", seconds, 1.5)
    assert row.ok is ok
    assert ("NO" in module("table").table([row])) is not ok


def test_the_table_says_why_something_failed() -> None:
    table = module("table")
    lines = table.table([table.failure("x", "the figure", "no such file")]).splitlines()
    assert lines[-1] == "the figure: no such file"
    assert lines[2].split() == ["the", "figure", "failed", "NO"]


def test_rows_with_columns_have_headings_of_their_own() -> None:
    table = module("table")
    plain = table.Row("x", "one", "1 s", "2 s")
    wide = table.Row("x", "two", "1 s", columns={"JAX": "1.3", "SymPy": "–"}, note="– is not installed")
    lines = table.table([plain, wide, wide]).splitlines()
    assert lines[0].split()[:4] == ["figure", "measured", "beside", "it"]
    assert lines[4].split()[:4] == ["figure", "measured", "JAX", "SymPy"]
    assert lines[6].split() == lines[7].split() == ["two", "1", "s", "1.3", "–"]
    assert lines[8:] == ["0 of 0 lines reached", "– is not installed"]


@pytest.mark.parametrize(
    ("seconds", "text"), [(2.0, "2 s"), (0.0205, "20.5 ms"), (0.000076, "76 µs"), (1.0, "1 s"), (0.001, "1 ms")]
)
def test_durations(seconds: float, text: str) -> None:
    assert module("table").duration(seconds) == text


# seconds at 10, 20 and 40 layers for a text that is quadratic in the depth
@pytest.mark.parametrize(
    ("seconds", "ok"), [((1, 4, 16), (True, True)), ((1, 8, 64), (False, False)), ((1, 2, 16), (True, False))]
)
def test_growth_is_held_against_the_text(seconds: tuple[float, ...], ok: tuple[bool, ...]) -> None:
    derivations = module("derivations")
    costs = [derivations.Cost(10 * 2**i, s, 1000 * 4**i, 100 * 4**i) for i, s in enumerate(seconds)]
    found = [next(iter(derivations.growth_rows(costs[: i + 1]))) for i in range(len(costs))]
    assert found[0].ok is None
    assert tuple(row.ok for row in found[1:]) == ok


def test_memory_is_held_against_the_text() -> None:
    derivations = module("derivations")
    costs = [derivations.Cost(10, 1, 1000, 100), derivations.Cost(20, 4, 8000, 400)]
    time, memory = derivations.growth_rows(costs)
    assert (time.ok, memory.ok) == (True, False)


@pytest.mark.parametrize(("code", "heavy"), [("import json", []), ("import numpy", ["numpy"])])
def test_imports_are_read_from_what_python_lists(code: str, heavy: list[str]) -> None:
    listed = module("timing").python("-X", "importtime", "-c", code)
    assert module("startup").imported(listed.errors) == heavy


def test_a_command_that_fails_has_no_time() -> None:
    timing, startup = module("timing"), module("startup")
    run = timing.python("-c", "raise SystemExit('no such thing')")
    assert startup._complaint([run], [b""], b"x") == "no such thing"
    done = timing.python("-c", "print('y')")
    assert "x" in startup._complaint([done], [done.output.encode()], b"x")
    assert not startup._complaint([done], [done.output.encode()], b"y")


def test_the_closed_form_is_written_out() -> None:
    from symbackprop.expr import IndexedProduct
    from symbackprop.network import MLP
    from symbackprop.shapes import shape
    from symbackprop.tree import subterms

    made = module("derivations").written_out(5)
    # the placed column, two factors a layer, the gradient by the output
    assert len(made.factors) == 1 + 2 * 5 + 1
    assert not any(isinstance(part, IndexedProduct) for _, part in subterms(made))
    # the shape of w_{0,j}ᵀ: one weight for each entry of x
    network = MLP(depth=5)
    assert [network.says(size) for size in shape(made, network)] == ["n_0", "1"]


# --- random networks -------------------------------------------------------------------------------------------------


def test_random_networks_are_all_right(short: tuple[str, list[dict[str, Any]]]) -> None:
    (found,) = [row for row in short[1] if row["figure"] == "40 random networks: gradients"]
    assert found["numbers"]["wrong"] == []
    assert found["numbers"]["right"] > 300
    # refusals are counted and said; there is none among these
    assert found["numbers"]["refused"] == {}


@pytest.mark.parametrize("seed", [229, 342, 357, 420, 491])
def test_a_scalar_within_a_product_keeps_its_brackets(seed: int) -> None:
    """`(aᵀ b) c` beside a row conforms only so; these networks, of the first 500, have it."""
    networks = module("random_networks")
    count = networks.Count()
    networks.check(seed, count)
    assert count.right > 5
    assert (count.wrong, dict(count.refused)) == ([], {})


def test_compiled_gradients_of_random_networks_are_all_right(short: tuple[str, list[dict[str, Any]]]) -> None:
    (found,) = [row for row in short[1] if row["figure"] == "20 random networks, compiled"]
    assert found["numbers"]["wrong"] == []
    assert found["numbers"]["right"] > 100
    assert found["numbers"]["refused"] == {}


@pytest.mark.parametrize(
    ("right", "wrong"), [(r"(np\.)?\bmultiply\(", "np.divide("), (r"(np\.)?\bsubtract\(", "np.add("), (r"\.T", "")]
)
def test_a_wrong_program_is_found_by_random_networks(monkeypatch: pytest.MonkeyPatch, right: str, wrong: str) -> None:
    gradients = importlib.import_module("symbackprop.numeric.network_gradients")
    compiled, growing = module("compiled"), module("growing")
    written = gradients.file_of
    monkeypatch.setattr(gradients, "file_of", lambda made: re.sub(right, wrong, written(made)))
    count = compiled.Count()
    for seed in range(8):
        compiled.examine(f"network {seed}", growing.grown(seed), seed, count)
    assert len(count.wrong) > 5


def test_a_wrong_rule_is_found_by_random_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    from symbackprop import expr
    from symbackprop.adjoints import pullback

    networks = module("random_networks")
    # the gradient by a Hadamard factor without the others
    monkeypatch.setattr(networks, "all_gradients", _without_hadamard(networks.all_gradients, expr, pullback))
    count = networks.Count()
    for seed in range(12):
        networks.check(seed, count)
    assert any("off by" in words for words in count.wrong)


def _without_hadamard(derive: Any, expr: Any, pullback: Any) -> Any:
    from symbackprop import adjoints

    # rules are loaded when the first is asked for; what is put back must be one
    adjoints._load()
    right = pullback.dispatch(expr.Hadamard)

    def wrong(network: Any, style: str) -> Any:
        pullback.register(expr.Hadamard, lambda e, at, upstream, setting: upstream)
        try:
            return derive(network, style)
        finally:
            pullback.register(expr.Hadamard, right)

    return wrong


def test_every_kind_with_an_adjoint_rule_grows() -> None:
    from symbackprop.adjoints import pullback

    growing = module("growing")
    grown = set().union(*(growing.nodes(growing.grown(seed).network) for seed in range(250)))
    # Mapping is a function of which nothing is known; tests elsewhere register primitives of their own
    kinds = {kind.__name__ for kind in pullback.registry if kind.__module__.startswith("symbackprop.")}
    assert kinds - grown <= {"Mapping"}


def test_complex_steps_give_derivatives_on_paper() -> None:
    from symbackprop.expr import Named

    evaluation = module("evaluation")
    from symbackprop.equations import Equation
    from symbackprop.expr import LOSS, Elementwise

    x = Named("x")
    mp = evaluation.mp
    paper = {
        "tanh": 1 - mp.tanh(0.5) ** 2,
        "log": 2,
        "square": 1,
        "relu": 1,
        "sin": mp.cos(0.5),
        "arctan": mp.mpf("0.8"),
        "erf": 2 / mp.sqrt(mp.pi) * mp.exp(mp.mpf("-0.25")),
    }
    for name, slope in paper.items():
        equations = (Equation(LOSS, Elementwise(name, x)),)
        leaves = {("x", None): evaluation.scalar(mp.mpf("0.5"))}
        found = evaluation.by_complex_step(equations, leaves.__getitem__, {}, ("x", None), (1, 1))
        assert abs(found[0, 0] - slope) < mp.mpf(10) ** -50, name


def test_what_differs_is_said() -> None:
    comparison, evaluation = module("comparison"), module("evaluation")
    one = evaluation.zeros(2, 1)
    near = one + evaluation.mp.mpf(10) ** -40
    assert comparison.differs(one, one.copy()) is None
    assert "shape" in comparison.differs(one, one.T)
    assert "off by" in comparison.differs(one, near)
    assert comparison.differs(one, near, 1e-10) is None


def test_a_case_is_compared_as_derived_written_out_and_as_printed() -> None:
    networks, cases = module("random_networks"), module("cases")
    count = networks.Count()
    networks.examine("2(ŷ - y)", cases.case("2(ŷ - y)"), 0, count, is_printed=True)
    # ŷ, W, x, b and y, each twice, and one of them written out
    assert (count.right, count.wrong) == (11, [])


def test_lost_parentheses_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    networks, cases = module("random_networks"), module("cases")
    latex = networks.sb.latex
    monkeypatch.setattr(networks.sb, "latex", lambda *a: latex(*a).replace("(", "").replace(")", ""))
    count = networks.Count()
    networks.examine("2(ŷ - y)", cases.case("2(ŷ - y)"), 0, count, is_printed=True)
    assert len(count.wrong) == 5
    assert all("as printed" in words for words in count.wrong)


def test_a_kink_is_noted() -> None:
    from symbackprop.equations import Equation
    from symbackprop.expr import LOSS, Elementwise, Named

    evaluation = module("evaluation")
    for at, kinks in (("0", {"relu"}), ("0.5", set())):
        leaf = evaluation.scalar(evaluation.mp.mpf(at))
        forward = evaluation.Forward(
            (Equation(LOSS, Elementwise("relu", Named("x"))),), lambda key, leaf=leaf: leaf, {}
        )
        assert forward.loss == leaf[0, 0]
        assert forward.values.kinks == kinks


# --- peers -----------------------------------------------------------------------------------------------------------


def by_numbers() -> Any:
    """A library of numbers with 140 digits, so that the reader for the peers is tested without any."""
    np = pytest.importorskip("numpy")
    evaluation, peers = module("evaluation"), module("peers")
    mp, each = evaluation.mp, evaluation._each

    def powers(z: Any, axis: int) -> Any:
        made = each(mp.exp, z)
        return made, made.sum(axis=axis, keepdims=True)

    return peers.Library(
        functions={name: lambda z, f=f: each(f, z) for name, f in evaluation.FUNCTIONS.items()},
        array=lambda numbers: each(mp.mpf, np.array(numbers, dtype=object)),
        join=np.concatenate,
        softmax=lambda z, axis: powers(z, axis)[0] / powers(z, axis)[1],
        log_sum_exp=lambda z, axis: each(mp.log, powers(z, axis)[1]),
        maximum=np.maximum,
        minimum=np.minimum,
        norm=lambda z: np.array(mp.sqrt((z * z).sum())),
        gradients=lambda loss, extents: [loss([evaluation.zeros(*extent) for extent in extents])],
    )


def test_the_reader_for_the_peers_finds_the_same_losses() -> None:
    networks, peers, growing = module("random_networks"), module("peers"), module("growing")
    library, read = by_numbers(), set()
    for seed in range(60):
        made = growing.grown(seed)
        point = networks.usable(made, seed)
        if point is None:
            continue
        found = peers.gradients(library, made.network.equations, point.leaf, made.sizes, {("a1", None): (1, 1)})
        assert abs(found["a1", None] - point.forward.loss) < 1e-9 * (1 + abs(point.forward.loss)), seed
        read |= growing.nodes(made.network)
    assert len(read) > 25


@pytest.mark.parametrize("peer", ["PyTorch", "JAX"])
def test_a_peer_agrees(peer: str) -> None:
    networks, peers = module("random_networks"), module("peers")
    if not peers.is_installed(peer):
        pytest.skip(f"{peer} is not installed")
    count = networks.Count()
    for seed in range(4):
        networks.check(seed, count)
    found = count.beside[peer]
    assert found.same > 20
    assert not found.others
    assert not found.refused


def test_a_wrong_gradient_is_not_the_same_beside_a_peer(monkeypatch: pytest.MonkeyPatch) -> None:
    comparison, peers, networks = module("comparison"), module("peers"), module("random_networks")
    monkeypatch.setattr(peers, "is_installed", lambda peer: peer == "JAX")
    monkeypatch.setattr(
        comparison.Point, "by_peer", lambda point, peer, keys: {key: 2 * point.by_steps(key) for key in keys}
    )
    count = networks.Count()
    networks.examine("e ⊙ e", module("cases").case("e ⊙ e"), 0, count)
    assert not count.wrong
    assert len(count.beside["JAX"].others) == 4
    assert "JAX off by" in count.beside["JAX"].others[0]


# --- SymPy and tensorgrad --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("xᵀ B x", "right"),
        ("‖ŷ - y‖², by ŷ", "right"),
        ("1ᵀ tanh(V tanh(W x)), by W", "no answer (ValueError)"),
        # it answers 0
        ("logsumexp(W x), by W", "WRONG"),
    ],
)
def test_the_answers_of_sympy(name: str, verdict: str) -> None:
    others, problem = module("others"), module("problems").PROBLEMS[name]
    drawn = others._drawn(problem)
    wanted = others._wanted(problem, drawn)
    assert others._by_sympy(problem, drawn, wanted).verdict == verdict
    assert others._by_us(problem, drawn, wanted).verdict == "right"
    # against a gradient that is another one, nobody is right
    assert others._by_us(problem, drawn, wanted + 1).verdict == "WRONG"


# layer norm takes it ten seconds
@pytest.mark.parametrize(
    "name",
    ["xᵀ B x", "tr(A X B)", "logsumexp(W x), by W", "1ᵀ (e ⊙ e), e = W x + b, by W", "‖[W, b] [x; 1] - y‖², by b"],
)
def test_the_answers_of_tensorgrad(name: str) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("tensorgrad")
    others, problem = module("others"), module("problems").PROBLEMS[name]
    drawn = others._drawn(problem)
    wanted = others._wanted(problem, drawn)
    assert others._by_tensorgrad(problem, drawn, wanted).verdict == "right"
    assert others._by_tensorgrad(problem, drawn, wanted + 1).verdict == "WRONG"


def test_a_peer_that_raises_has_no_answer() -> None:
    others = module("others")
    seconds, error = others._asked(lambda: [][0])
    assert seconds >= 0
    assert others._nothing(error) == "no answer (IndexError)"


def test_networks_are_one_or_more() -> None:
    done = benchmarks("--only", "random", "--networks", "0")
    assert done.returncode == 2
    assert "1 or more" in done.stderr
