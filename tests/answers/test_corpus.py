"""Every answer of the corpus has the verdict that mathematics says, or is a known failure."""

from __future__ import annotations

import pytest
from corpus_rows import Row, known, of_question, outcome, questions, rows

from symbackprop.answers.verdict import CORRECT, VERDICTS

# as the contract of a verdict has them
CODES = frozenset(
    [
        "missing-transpose",
        "extra-transpose",
        "swapped-factors",
        "reversed-product",
        "missing-activation-derivative",
        "activation-for-derivative",
        "extra-activation-derivative",
        "half-derivative",
        "wrong-layer",
        "product-bounds",
        "skipped-layer",
        "bias-column-kept",
        "bias-column-dropped",
        "hadamard-for-product",
        "product-for-hadamard",
        "missing-factor",
        "extra-factor",
        "sign",
        "mean-for-sum",
        "sum-for-mean",
        "preactivation-for-hidden",
        "wrong-input",
        "transposed-layout",
        "missing-regularizer",
        "missing-term",
        "regularizer-on-bias",
        "component-for-vector",
        "restates-question",
        "not-in-terms-of",
        "shape",
    ]
)
LEAST = 2000


def test_there_are_enough_answers_and_none_twice() -> None:
    made = rows()
    assert len(made) >= LEAST
    assert len({row.key for row in made}) == len(made)
    assert {row.question for row in made} <= set(questions())


def test_rows_say_what_is_known() -> None:
    for row in rows():
        assert row.verdict in VERDICTS, row
        assert row.mistake is None or (row.mistake in CODES and row.verdict != CORRECT), row


def test_no_wrong_answer_may_be_accepted() -> None:
    """A false acceptance is never a known failure."""
    assert not [row for row in rows() if row.verdict != CORRECT and known().get(row.key) == CORRECT]


def test_known_failures_are_of_the_corpus() -> None:
    assert set(known()) <= {row.key for row in rows()}


@pytest.mark.parametrize("name", sorted({row.question for row in rows()}))
def test_verdicts(name: str) -> None:
    """What is printed is what is expected, or what the list of known failures says."""
    unexpected = [
        f"{row.answer}: {made.verdict}, where {expected(row)} was expected ({made.reason})"
        for row in of_question(name)
        if (made := outcome(row)).verdict != expected(row)
    ]
    assert not unexpected, "\n".join(unexpected)


def expected(row: Row) -> str:
    return known().get(row.key, row.verdict)
