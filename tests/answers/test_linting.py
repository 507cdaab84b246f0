"""A document with right, wrong, unread and ambiguous equations; and the lecture's own text with its errata."""

import json
from pathlib import Path

import pytest

import symbackprop as sb
from symbackprop.answers.formulas import declared, formulas
from symbackprop.answers.linting import lint
from symbackprop.cli import main

HANDOUT = r"""\documentclass{article}
% symbackprop: given = '''
% symbackprop: z_1 = W_1 x + b_1
% symbackprop: h_1 = \sigma(z_1)
% symbackprop: z_2 = W_2 h_1 + b_2
% symbackprop: J = \frac{1}{2} \|z_2 - y\|^2
% symbackprop: '''
% symbackprop: shapes = { x = "d", W_1 = "m x d", W_2 = "n x m", y = "n" }
\begin{document}
We have $z_1 = W_1 x + b_1$, a letter $d$, and costs of \$3.
\begin{align}
\frac{\partial J}{\partial z_2} &= z_2 - y \\ % the error
\frac{\partial J}{\partial W_2} &= (z_2 - y) h_1^\top \label{eq:x} \\
\frac{\partial J}{\partial z_1} &= W_2^\top (z_2 - y) \odot h_1
\end{align}
\[ \frac{\partial J}{\partial W_1} = W_2 (z_2 - y) x^\top \]
Let $\delta = z_2 - y$. Then $\frac{\partial J}{\partial b_2} = \delta$.
\begin{verbatim}
$ not = read $
\end{verbatim}
$$ \foo = 3 $$
\end{document}
"""
# by the number of the line
EXPECTED = {14: "wrong", 16: "wrong", 21: "unread"}
LECTURE = Path(__file__).parent.parent / "lecture" / "formulas.json"


def test_a_handout(tmp_path, capsys):
    file = tmp_path / "handout.tex"
    file.write_text(HANDOUT, encoding="utf-8")
    assert main(["lint", str(file)]) == 1
    printed = capsys.readouterr().out
    for line, word in EXPECTED.items():
        assert f"{file}:{line}: {word}: " in printed
    assert printed.count(f"{file}:") == len(EXPECTED)
    assert "is W_2 to be transposed?" in printed


def test_what_is_a_formula():
    found = list(formulas(HANDOUT))
    assert [each.is_displayed for each in found] == [False, True, True, False, False, True]
    assert all(HANDOUT[each.start] in "$\\" for each in found)
    assert declared(HANDOUT).startswith("given = '''\nz_1 = W_1 x + b_1")
    assert declared("no network") == ""


@pytest.fixture(scope="module")
def lecture() -> dict[str, str]:
    """What is found of each line of the lecture that is printed, by its id."""
    rows = json.loads(LECTURE.read_text("utf-8"))["formulas"]
    document = "\n".join(rf"\begin{{align*}} {row['latex']} \end{{align*}}".replace("\n", " ") for row in rows)
    made: dict[str, str] = {}
    for each in lint(document, sb.MLP()):
        name = rows[each.line - 1]["id"]
        made[name] = each.word if made.get(name, "right") == "right" else made[name]
    return made


def test_the_lecture_has_no_line_that_is_called_wrong_but_its_errata(lecture):
    # remarks, erratum 6: l is free in the sum, the norm is not squared
    assert {name for name, word in lecture.items() if word == "wrong"} == {"decay.loss"}


@pytest.mark.parametrize("name", ["rule.last_hidden", "rule.preactivation", "rule.hidden", "w0.given", "w0.1", "w0.5"])
def test_lines_of_the_lecture_that_are_right(lecture, name):
    assert lecture[name] == "right"


def test_bad_input(tmp_path, capsys):
    assert main(["lint", str(tmp_path / "none.tex")]) == 2
    assert "cannot be read" in capsys.readouterr().err
    bad = tmp_path / "bad.tex"
    bad.write_text("% symbackprop: given = \n$a = b$", encoding="utf-8")
    assert main(["lint", str(bad)]) == 2
    assert "no TOML" in capsys.readouterr().err
    bad.write_bytes(b"\xff\xfe$a = b$")
    assert main(["lint", str(bad)]) == 2
    assert "UTF-8" in capsys.readouterr().err
