"""The answers of the benchmark are what they are said to be: wrong ones wrong, right ones right, by real numbers."""

from __future__ import annotations

import importlib
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

import symbackprop as sb
from symbackprop import expr
from symbackprop.answers.question import Question
from symbackprop.expr import Elementwise, Hadamard, Named, Product, Sum, number

ROOT = Path(__file__).parents[1]
LINES = (r"z = W x + b", r"a = \sigma(z)", r"L = \frac{1}{2} \|a - y\|^2")
SHAPES = {"x": "2", "W": "3 x 2", "b": "3", "y": "3"}


@pytest.fixture(autouse=True)
def _checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))


def module(name: str) -> Any:
    return importlib.import_module(f"benchmarks.{name}")


@pytest.fixture(scope="module")
def exercise() -> Any:
    question = Question(r"\frac{\partial L}{\partial W}", sb.Network(*LINES, shapes=SHAPES))
    return module("exercises").completed("a layer", question)


def tree(text: str, exercise: Any) -> Any:
    found = module("answered").reads_as(text, exercise)
    assert found is not None, text
    return found


# --- real numbers -----------------------------------------------------------------------------------------------------


def test_derivatives_are_those_of_the_textbook(exercise: Any) -> None:
    place = exercise.places[0]
    W, x, b, y = (place.value(Named(name)).real for name in "Wxby")
    a = 1 / (1 + np.exp(-(W @ x + b)))
    expected = ((a - y) * a * (1 - a)) @ x.T
    assert np.allclose(place.value(exercise.question.asked).real, expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (r"\frac{\partial L}{\partial z} x^\top", ""),
        (r"\left((a - y) \odot a \odot (\mathbf{1} - a)\right) x^\top", ""),
        (r"(a - y) x^\top", "wrong"),
        (r"2 \frac{\partial L}{\partial z} x^\top", "wrong"),
        (r"x \left(\frac{\partial L}{\partial z}\right)^\top", "shape"),
    ],
)
def test_wrong_and_right_by_real_numbers(exercise: Any, answer: str, found: str) -> None:
    assert module("exercises").found_wrong(tree(answer, exercise), exercise) == found


def test_what_does_not_conform_is_no_value(exercise: Any) -> None:
    values = module("float_values")
    with pytest.raises(values.Misshapen):
        exercise.places[0].value(Product((Named("x"), Named("W"))))
    with pytest.raises(values.Misshapen):
        exercise.places[0].value(Sum((Named("b"), Named("x"))))


# --- operators --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("drop_transpose", Named("x").T, Named("x")),
        ("reverse_product", Product((Named("W"), Named("x"))), Product((Named("x"), Named("W")))),
        ("product_for_hadamard", Hadamard((Named("a"), Named("y"))), Product((Named("a"), Named("y")))),
        ("hadamard_for_product", Product((Named("a"), Named("y"))), Hadamard((Named("a"), Named("y")))),
        ("integrate", Elementwise("sigmoid", Named("z"), 1), Elementwise("sigmoid", Named("z"))),
        ("drop_diagonal", expr.Diagonal(Named("a")), Named("a")),
        ("flip_sign", -Named("a"), Named("a")),
    ],
)
def test_an_operator_changes_one_thing(exercise: Any, name: str, before: Any, after: Any) -> None:
    assert module("mutant_operators").OPERATORS[name](before, exercise, Random(1)) == after


def test_there_are_operators_enough() -> None:
    assert len(module("mutant_operators").OPERATORS) >= 25


def test_no_operator_comes_from_the_mistakes_that_are_named() -> None:
    for name in ("mutant_operators", "mutant_traps", "rewrites", "float_values", "places", "exercises"):
        text = (ROOT / "benchmarks" / f"{name}.py").read_text(encoding="utf-8")
        assert "symbackprop.judges" not in text
        assert "answers.mistake" not in text
        assert "answers.diagnos" not in text


def test_every_rewriting_keeps_the_value(exercise: Any) -> None:
    rewrites, random = module("rewrites"), Random(3)
    seen = set()
    for _ in range(400):
        made = rewrites.rewritten(random.choice(exercise.right), exercise, random)
        if made is not None:
            seen.add(made[0])
            assert module("exercises").found_wrong(made[1], exercise) == "", made
    assert len(seen) > 12


def test_slips_are_of_the_text() -> None:
    slip = module("answered").slip
    made = {slip(r"(W^\top \delta_2 + b) \odot g'(z_1)", Random(seed)) for seed in range(60)}
    assert ("text: prime dropped", r"(W^\top \delta_2 + b) \odot g(z_1)") in made
    assert ("text: minus for plus", r"(W^\top \delta_2 - b) \odot g'(z_1)") in made
    assert ("text: brackets dropped", r"W^\top \delta_2 + b \odot g'z_1") in made


# --- what is said of them ---------------------------------------------------------------------------------------------


def test_a_few_hundred_wrong_answers_are_not_accepted(exercise: Any) -> None:
    tally = module("mutants").judged_wrong([exercise], 200)
    assert tally.tried > 150
    assert not tally.words["correct"], [str(made) for made in tally.shown]


@pytest.mark.parametrize("factor", [r"\frac{\sqrt{121}}{-11}", r"\frac{\sqrt{9}}{-3}", r"\frac{\sqrt{b_1^2}}{b_1}"])
def test_a_root_has_a_sign(exercise: Any, factor: str) -> None:
    text = rf"{factor} \frac{{\partial L}}{{\partial z}} x^\top"
    assert module("exercises").found_wrong(tree(text, exercise), exercise)
    assert module("answered").answered(exercise, text, "").word != "correct"


def test_right_answers_are_not_rejected(exercise: Any) -> None:
    tally = module("mutants").judged_right([exercise], 40)
    assert not tally.words["incorrect"], [str(made) for made in tally.shown]


def test_the_word_is_the_same_without_the_names_of_mistakes(exercise: Any) -> None:
    answered, dropped = module("answered"), Counter[str]()
    for wrong in module("mutants").wrong_answers([exercise], 15, dropped, 5):
        named = answered.answered(exercise, wrong.text, "")
        assert answered.answered(exercise, wrong.text, "", named=False).word == named.word


def test_a_judge_that_accepts_is_caught(
    exercise: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from symbackprop.answers import judging
    from symbackprop.answers.verdict import Verdict

    monkeypatch.setattr(judging, "judge", lambda question, text, **options: Verdict("correct", "everything is"))
    mutants = module("mutants")
    tally = mutants.judged_wrong([exercise], 10)
    assert tally.words["correct"]
    assert "FALSELY ACCEPTED" in capsys.readouterr().out
    (row, *_) = mutants._wrong_rows(tally, 1)
    assert row.ok is False


# --- other packages ---------------------------------------------------------------------------------------------------


def test_a_package_that_is_not_installed_has_a_row(exercise: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = module("answers")
    monkeypatch.setattr(answers, "_asked", lambda name, texts: None)
    rows = list(answers._theirs([answers.Pair(exercise, "x", "x", True)]))
    assert {row.measured for row in rows} == {"not installed"}


def test_what_others_say_is_counted(exercise: Any) -> None:
    answers = module("answers")
    pairs = [answers.Pair(exercise, "x", "x", right) for right in (True, True, False, False, True)]
    row = answers._row("other", [(True, 1.0), (False, 1.0), (True, 1.0), (False, 1.0), (None, 1.0)], pairs)
    assert row.measured == "2 right"
    assert [row.numbers[key] for key in ("accepted", "rejected", "refused")] == [1, 1, 1]


def test_short_answers_differ_and_are_many() -> None:
    made = module("answers").short_answers()
    assert len(set(made)) == len(made) >= 400


def test_numbers_are_no_wrong_answers_by_rounding(exercise: Any) -> None:
    right = exercise.right[0]
    near = Product((number(1) + number(0), *expr.factors_of(right)))
    assert module("exercises").found_wrong(near, exercise) == ""


@pytest.mark.parametrize(("taken", "found"), [(2**61 - 2, ""), (2**61 + 4, ""), (2, "wrong"), (2**31, "wrong")])
def test_what_is_left_of_large_numbers_shows_nothing(exercise: Any, taken: int, found: str) -> None:
    # (2^61 - 1) x - (2^61 - 2) x is x; the next is not, and rounding cannot tell
    parts = [Product((number(n), *expr.factors_of(exercise.right[0]))) for n in (2**61 - 1, taken)]
    left = Sum((parts[0], expr.Negative(parts[1])))
    assert module("exercises").found_wrong(left, exercise) == found


def test_parts_that_change_places_do_not_move_each_other(exercise: Any) -> None:
    z, h, b = tree("z", exercise), tree("a", exercise), tree("b", exercise)
    e = Sum((h, Sum((z, b))))
    made = {module("mutant_operators").swap_places(e, exercise, Random(seed)) for seed in range(60)}
    wanted = {Sum((z, Sum((h, b)))), Sum((b, Sum((z, h)))), Sum((h, b, z)), Sum((Sum((z, b)), h))}
    assert made == wanted
