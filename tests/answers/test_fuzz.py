"""Answers that nobody would write: a short run of the campaign in fuzz.py, and that the campaign sees failures."""

import time

import fuzz
import pytest

from symbackprop.answers.judging import judge
from symbackprop.answers.verdict import Verdict


def test_every_text_is_answered() -> None:
    words, failures = fuzz.campaign(40, seed=20)
    assert not failures
    assert sum(words.values()) == 40
    # some are still answers
    assert words["incorrect"] + words["correct"] > 2


def crash(question, answer):
    raise IndexError("tuple index out of range")


def unknown(question, answer):
    return Verdict("perhaps", "")


def unsteady(question, answer):
    return Verdict("incorrect", str(time.perf_counter_ns()))


def slow(question, answer):
    started = time.process_time()
    while time.process_time() < started + 0.02:
        pass
    return Verdict("incorrect", "")


@pytest.mark.parametrize(
    ("judging", "what"),
    [
        (crash, "IndexError"),
        (unknown, "the verdict 'perhaps'"),
        (unsteady, "the second time"),
        (slow, "s for two times"),
    ],
)
def test_the_campaign_sees(judging, what, monkeypatch) -> None:
    monkeypatch.setattr(fuzz, "judge", judging)
    _, failures = fuzz.campaign(3, late=0.01)
    assert len(failures) == 3
    assert all(what in failure.what for failure in failures)


def test_the_texts_are_the_same_each_time_and_most_are_no_answers_of_the_corpus() -> None:
    made = list(fuzz.texts(50, 3))
    assert made == list(fuzz.texts(50, 3))
    assert made != list(fuzz.texts(50, 4))
    corpus = {(row.question, row.answer) for row in fuzz.rows()}
    assert sum(each in corpus for each in made) < 10


def test_judge_is_the_real_one() -> None:
    assert fuzz.judge is judge
