"""Every answer of the corpus has the verdict that mathematics says, or is a known failure."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from corpus_rows import Row, known, of_question, outcome, questions, rows

from symbackprop.answers.verdict import CORRECT, INCORRECT, VERDICTS

# of the contract of a verdict, and two for sums
CODES = """
missing-transpose extra-transpose swapped-factors reversed-product missing-activation-derivative
activation-for-derivative extra-activation-derivative half-derivative wrong-layer product-bounds skipped-layer
bias-column-kept bias-column-dropped hadamard-for-product product-for-hadamard missing-factor extra-factor sign
mean-for-sum sum-for-mean preactivation-for-hidden wrong-input transposed-layout missing-regularizer regularizer-on-bias
component-for-vector restates-question not-in-terms-of shape missing-term extra-term"""
LEAST = 2300
# to name the mistake in a wrong answer about many layers takes long: of these every third one is judged, and all of
# them with CORPUS=all in the environment, as well as for docs/answers.md
DEAR = frozenset({"lecture", "networks", "normalization", "notations"})
ALL = os.environ.get("CORPUS") == "all"


def test_there_are_enough_answers_and_none_twice() -> None:
    made = rows()
    assert len(made) >= LEAST
    assert len({row.key for row in made}) == len(made)
    assert {row.question for row in made} == set(questions())


def test_rows_say_what_is_known() -> None:
    for row in rows():
        assert row.verdict in VERDICTS, row
        assert row.mistake is None or (row.mistake in CODES.split() and row.verdict != CORRECT), row


def test_no_wrong_answer_may_be_accepted() -> None:
    """A false acceptance is never a known failure."""
    assert not [row for row in rows() if row.verdict != CORRECT and known().get(row.key) == CORRECT]


def test_known_failures_are_of_the_corpus() -> None:
    expected = {row.key: row.verdict for row in rows()}
    assert set(known()) <= set(expected)
    assert not [key for key, printed in known().items() if expected[key] == printed]


@pytest.mark.parametrize("name", sorted({row.question for row in rows()}))
def test_verdicts(name: str) -> None:
    """What is printed is what is expected, or what the list of known failures says."""
    unexpected = [
        f"{row.answer}: {made.verdict}, where {expected(row)} was expected ({made.reason})"
        for number, row in enumerate(of_question(name))
        if is_judged(number, row) and (made := outcome(row)).verdict != expected(row)
    ]
    assert not unexpected, "\n".join(unexpected)


def is_judged(number: int, row: Row) -> bool:
    return ALL or row.theme not in DEAR or row.verdict != INCORRECT or number % 3 == 0


def expected(row: Row) -> str:
    return known().get(row.key, row.verdict)


# --- the page --------------------------------------------------------------------------------------------------------

PAGE = Path(__file__).parents[2] / "docs" / "answers.md"


def test_the_page_counts_these_answers() -> None:
    """What is printed for them is compared by `python docs/make_answers.py --check`, as it takes longer."""
    text = PAGE.read_text(encoding="utf-8")
    counts = [line.split(" | ")[1] for line in text.splitlines() if line.startswith("| ") and " % of " in line]
    assert str(len(rows())) in counts


def test_the_page_shows_every_known_failure() -> None:
    text = PAGE.read_text(encoding="utf-8")
    missing = [key for key in known() if f"- {key[0]}: `{' '.join(key[1].split())}`" not in text]
    assert not missing
    assert sum(line.startswith("- ") for line in text.splitlines()) == len(known())
