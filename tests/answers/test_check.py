"""`check` in the terminal, as JSON and in Python; hostile answers are answered at once."""

import json
import subprocess
import sys
import time

import pytest
from networks import W1, question

import symbackprop as sb
from symbackprop.answers.judging import judge
from symbackprop.answers.verdict import VERDICTS
from symbackprop.cli import main

ASK = r"\frac{\partial L}{\partial \vec{h}_L}"
RIGHT = r"W_L^\top \frac{\partial L}{\partial \hat{\vec{y}}}"
KEYS = [
    "id",
    "question",
    "verdict",
    "reason",
    "score",
    "assumed",
    "lines",
    "first_wrong_line",
    "mistakes",
    "witness",
    "certificate",
]


@pytest.mark.parametrize(
    ("answer", "status", "verdict"),
    [
        (RIGHT, 0, "correct"),
        (RIGHT.replace(r"^\top", ""), 1, "incorrect"),
        (RIGHT + r"\left(1 + \prod_{k=1}^{8} (\sum_{q=1}^{L} 1 - k)\right)", 3, "undecided"),
        (r"W_L^\top \delta", 4, "unreadable"),
    ],
)
def test_the_status_says_the_verdict(answer, status, verdict, capsys):
    assert main(["check", answer, "--ask", ASK, "--json"]) == status
    made = json.loads(capsys.readouterr().out)
    assert list(made) == KEYS
    assert made["verdict"] == verdict
    assert made["lines"][0].keys() == {"line", "latex", "verdict", "note"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["-(-" + RIGHT + ")", "--ask", ASK],
        ["--ask", ASK, "--json", "-(-" + RIGHT.replace(" ", "{}") + ")"],
        ["-" + RIGHT.replace(" ", "{}"), "--ask", "-" + ASK.replace(" ", "{}"), "--bias", "augmented"],
        ["--ask", ASK, "--", "-(-" + RIGHT + ")"],
    ],
)
def test_an_answer_may_begin_with_a_minus(arguments, capsys):
    assert main(["check", *arguments]) == 0


def test_options_stay_options_beside_a_minus(capsys):
    with pytest.raises(SystemExit) as refused:
        main(["check", "-x", "--ask", ASK, "--nonsense", "3"])
    assert refused.value.code == 2
    assert main(["check", "-" + RIGHT.replace(" ", "{}"), "--ask", ASK]) == 1


def test_in_the_terminal(capsys):
    answer = rf"{ASK} = {RIGHT} \\ = W_L \frac{{\partial L}}{{\partial \hat{{\vec{{y}}}}}}"
    assert main(["check", answer, "--ask", ASK]) == 1
    printed = capsys.readouterr().out
    assert printed.startswith("✗ incorrect: line 2: ")
    assert "✓ 1" in printed
    assert "✗ 2" in printed
    assert "^^^" in printed
    assert max(map(len, printed.splitlines())) <= 104


def test_from_standard_input_about_a_network_of_ones_own(tmp_path):
    file = tmp_path / "net.toml"
    file.write_text("given = '''\nz = W x\nJ = \\|z - y\\|^2\n'''\nshapes = { W = 'm x n' }\n", encoding="utf-8")
    command = [sys.executable, "-m", "symbackprop", "check", "-", "--ask", r"\frac{\partial J}{\partial W}"]
    done = subprocess.run(
        [*command, "--given", str(file)], input=r"2 (z - y) x^\top", capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("✓ correct")


def test_a_wrong_ask_is_a_usage_error(capsys):
    assert main(["check", "x", "--ask", r"\frac{"]) == 2
    assert capsys.readouterr().err


def test_in_python():
    made = sb.check(RIGHT, ask=ASK)
    assert made.is_correct
    assert made.verdict in VERDICTS
    with pytest.raises(sb.SymbackpropError, match="transposed"):
        sb.check(RIGHT, ask=ASK, transposed="maybe")


def test_neither_sympy_nor_numpy_is_loaded_for_a_right_answer():
    code = (
        "import sys, symbackprop as sb\n"
        f"made = sb.check({RIGHT!r}, ask={ASK!r})\n"
        "print(made.verdict, 'sympy' in sys.modules, 'numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["correct", "False", "False"]


HOSTILE = [
    "(" * 100_000,
    "x" * 1_000_000,
    r"9^{9^{9^9}}",
    r"10^7!",
    r"\prod_{l=1}^{1000000000} 2",
    r"\sum_{a=1}^{100000} \sum_{b=1}^{100000} 2",
    r"x^{2305843009213693950}",
    r"(x^\top x)^{2305843009213693950} \frac{\partial L}{\partial z_1} x^\top",
    "{" * 5_000,
    r"\left(" * 3_000,
    "\\\\" * 9_000,
    "a = " * 5_000,
    "\u202ea\u202c",
    "W\u0430",
    "\x00x",
    r"\input{/etc/passwd}",
    r"\def\a{\a}\a",
    "$" * 1_001,
    "+".join(["z_1 x^T"] * 300),
    "x_" * 9_000 + "x",
    r"W_1^\top " * 1_000,
    "x " * 3_000,
    "((x+y)" * 50 + ")" * 50,
    r"\\".join(f"a_{{{i}}} = a_{{{i - 1}}} \\odot a_{{{i - 1}}}" if i else "a_0 = z_1" for i in range(40)),
]


@pytest.mark.parametrize("answer", HOSTILE, ids=lambda text: text[:20])
def test_hostile_answers_are_answered(answer):
    asked = question(W1)
    started = time.process_time()
    made = judge(asked, answer)
    # no timed test, but a bound that a hang would break
    assert time.process_time() - started < 20
    assert made.verdict in ("incorrect", "unreadable")
    assert made.reason
