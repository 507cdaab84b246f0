"""Records: what `dataclass(frozen=True)` makes of the same class is what they must be."""

from __future__ import annotations

import copy
import inspect
import pickle
from dataclasses import FrozenInstanceError, dataclass, field, fields, replace

import pytest

from symbackprop.records import record


class Plain:
    """Fields of every kind."""

    first: int
    second: str = "b"
    many: list[int] = field(default_factory=list, hash=False)
    beside: int = field(default=0, compare=False, repr=False)
    kept: dict[str, int] = field(default_factory=dict, init=False, compare=False)
    limit: int = field(default=9, init=False)


def made(decorated):
    """The class as a decorator makes it."""
    own = dict(vars(Plain))
    for name in ("__dict__", "__weakref__"):
        del own[name]
    return decorated(type("Plain", (), own))


Ours, Theirs = made(record), made(dataclass(frozen=True))


@record
class Base:
    """One field, and what is derived from it."""

    one: int

    def __post_init__(self) -> None:
        if self.one < 0:
            raise ValueError("below 0")


@record
class Child(Base):
    """One more."""

    two: int = 2


@record
class Own:
    """Compares in its own way."""

    one: int
    two: int

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Own) and self.one == other.one

    def __hash__(self) -> int:
        return hash(self.one)


ARGUMENTS = [((1,), {}), ((1, "c"), {}), ((1, "c", [2], 3), {}), ((), {"first": 1, "beside": 4})]


@pytest.mark.parametrize(("values", "named"), ARGUMENTS)
def test_it_is_made_and_shown_as_a_frozen_dataclass(values, named):
    ours, theirs = Ours(*values, **named), Theirs(*values, **named)
    assert repr(ours) == repr(theirs)
    assert hash(ours) == hash(theirs)
    assert [getattr(ours, each.name) for each in fields(Ours)] == [
        getattr(theirs, each.name) for each in fields(Theirs)
    ]
    assert Ours.__match_args__ == Theirs.__match_args__


def test_what_is_wrong_with_its_arguments_is_wrong_with_those_of_a_dataclass():
    for each in (Ours, Theirs):
        for values, named in (((), {}), ((1, "b", [], 0, 5), {}), ((1,), {"third": 3})):
            with pytest.raises(TypeError):
                each(*values, **named)


def test_equality():
    for each in (Ours, Theirs):
        assert each(1) == each(1, beside=7)
        assert each(1) != each(2)
        assert each(1) != each(1, many=[1])
        assert hash(each(1)) == hash(each(1, many=[1]))
    assert Ours(1) != Theirs(1)


def test_two_have_lists_of_their_own():
    one, two = Ours(1), Ours(1)
    one.many.append(1)
    assert two.many == []


def test_nothing_of_it_is_set():
    for each in (Ours, Theirs):
        with pytest.raises(FrozenInstanceError):
            each(1).first = 2
        with pytest.raises(FrozenInstanceError):
            del each(1).first


def test_it_is_replaced_copied_and_pickled():
    assert replace(Ours(1), second="c") == Ours(1, "c")
    assert copy.deepcopy(Child(1)) == Child(1) == pickle.loads(pickle.dumps(Child(1)))


def test_one_that_goes_on_from_another():
    assert Child(1) == Child(1, 2) != Child(1, 3)
    assert Child(1) != Base(1)
    with pytest.raises(ValueError, match="below 0"):
        Child(-1)


def test_its_own_way_to_compare_is_kept():
    assert Own(1, 2) == Own(1, 3)
    assert hash(Own(1, 2)) == hash(Own(1, 3))


def test_its_init_names_the_fields():
    Child(1)
    assert list(inspect.signature(Child).parameters) == ["one", "two"]
