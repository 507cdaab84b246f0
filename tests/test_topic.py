"""Topics: what is in them, in which order, under which name; and how they are turned."""

from __future__ import annotations

import pytest

from symbackprop.derivation import Derivation
from symbackprop.errors import SymbackpropError
from symbackprop.expr import LOSS, Hidden, Partial, PreActivation, Weight
from symbackprop.network import MLP
from symbackprop.rules.gradients import through_activation, through_weights
from symbackprop.topic import Numbers, Picture, Prose, Remark, Shows, Topic
from symbackprop.verify import verify

NET = MLP(depth=1)
FIRST = Derivation(Partial(LOSS, Hidden(1)), NET).by(through_weights)
SECOND = Derivation(Partial(LOSS, PreActivation(1)), NET, name="own").by(through_activation).by(through_weights)
WORDS, LINE = Prose(("Words.",)), Shows(Weight(1), "label")
TABLE = Numbers("table", ("a",), lambda: (("1",),))
TOPIC = Topic((WORDS, FIRST, Remark("inside", (LINE, SECOND)), TABLE, Picture("activations")), NET)


def test_parts_come_in_the_order_of_the_page() -> None:
    kinds = [type(part) for part in TOPIC.all_parts()]
    assert kinds == [Prose, Derivation, Remark, Shows, Derivation, Numbers, Picture]
    assert TOPIC.derivations == (FIRST, SECOND)
    assert TOPIC.steps == (*FIRST.steps, *SECOND.steps)


def test_parts_of_topics_within_topics_count() -> None:
    outer = Topic((WORDS, TOPIC, LINE), NET)
    assert outer.derivations == TOPIC.derivations
    assert [type(part) for part in outer.all_parts()][:3] == [Prose, Topic, Prose]


def test_the_result_is_that_of_the_main_derivation() -> None:
    assert TOPIC.result == SECOND.result
    assert Topic(TOPIC.parts, NET, main=0).result == FIRST.result
    assert TOPIC.latex() == SECOND.latex()


def test_a_topic_without_derivations_has_no_result() -> None:
    with pytest.raises(SymbackpropError, match="the topic nothing has no derivation"):
        assert Topic((WORDS, LINE), NET, "nothing").result


def test_a_name_is_that_of_the_derivations_without_one() -> None:
    named = TOPIC.called("topic", "Title")
    assert (named.name, named.title) == ("topic", "Title")
    assert [each.name for each in named.derivations] == ["topic", "own"]
    assert [each.steps for each in named.derivations] == [each.steps for each in TOPIC.derivations]


def test_turning_turns_derivations_and_is_its_own_inverse() -> None:
    turned = TOPIC.oriented()
    assert all(each.numerator for each in turned.derivations)
    assert [part for part in turned.all_parts() if isinstance(part, Shows)] == [LINE]
    assert turned.oriented() == TOPIC


def test_tables_are_computed_when_somebody_looks() -> None:
    asked: list[str] = []

    def compute() -> tuple[tuple[str, ...], ...]:
        asked.append("once")
        return (("1",),)

    made = Topic((Numbers("table", ("a",), compute), FIRST), NET).called("name", "title").oriented()
    assert list(made.all_parts())
    assert not asked


def test_steps_are_numbered_through_and_placed_in_their_derivation() -> None:
    report = verify(TOPIC, effort="brief")
    assert [(judged.number, judged.place) for judged in report.steps] == [(1, 1), (2, 1), (3, 2)]
    assert [judged.derivation for judged in report.steps] == [FIRST, SECOND, SECOND]
    assert report.as_expected
