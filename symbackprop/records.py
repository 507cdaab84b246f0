"""Frozen dataclasses that cost little to define: a command that reads one answer defines two hundred of them.

Half of the time that it takes to import them went into compiling methods that most commands never call. Here equality,
hash and representation are shared, and `__init__` is compiled when the first object is made.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Hashable
from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def record(cls: type[T]) -> type[T]:
    """Make a class what `dataclass(frozen=True)` makes it."""
    made = fields_only(cls)
    own = made.__dict__
    for name, method in (("__eq__", _equal), ("__hash__", _hash), ("__repr__", _shown)):
        # a class that compares in its own way, without a hash of its own, has `__hash__ = None`
        if own.get(name) is None:
            setattr(made, name, method)
    for name in ("__setattr__", "__delattr__"):
        setattr(made, name, _refuse)
    return made


def fields_only(cls: type[T]) -> type[T]:
    """A dataclass of which only `__init__` is made, and that when the first object is."""
    if cls.__doc__ is None:
        # or the standard library writes the signature there, which takes longer than all else
        cls.__doc__ = cls.__name__
    made: Any = dataclass(init=False, repr=False, eq=False)(cls)
    if "__init__" in made.__dict__:
        return cls

    def __init__(self: Any, *values: Any, **named: Any) -> None:
        init = _init(made)
        made.__init__ = init
        init(self, *values, **named)

    made.__init__ = __init__
    return cls


def _init(cls: type) -> Callable[..., None]:
    """What sets the fields of a new object, in the order in which they are written."""
    known: dict[str, Any] = {"_set": object.__setattr__, "MISSING": MISSING}
    taken, body = [], []
    for each in dataclasses.fields(cls):
        value = each.name
        if each.init:
            taken.append(f"{each.name}{_default(each, known)}")
        if each.default_factory is not MISSING:
            known[f"_make_{each.name}"] = each.default_factory
            value = f"_make_{each.name}()" + (f" if {each.name} is MISSING else {each.name}" if each.init else "")
        elif not each.init:
            # the class has its default
            continue
        body.append(f"    _set(self, {each.name!r}, {value})")
    body += ["    self.__post_init__()"] if hasattr(cls, "__post_init__") else []
    exec(f"def __init__(self, {', '.join(taken)}):\n" + "\n".join(body or ["    pass"]), known)
    made: Callable[..., None] = known["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    return made


def _default(each: Field[Any], known: dict[str, Any]) -> str:
    if each.default_factory is not MISSING:
        return "=MISSING"
    if each.default is MISSING:
        return ""
    known[f"_default_{each.name}"] = each.default
    return f"=_default_{each.name}"


@cache
def _reader(cls: Hashable, of_hash: bool) -> Callable[[Any], Any]:
    """What reads the fields of a class that count for the hash, or for a comparison."""
    every: tuple[Field[Any], ...] = dataclasses.fields(cls)  # type: ignore[arg-type]
    names = [each.name for each in every if (each.hash if of_hash and each.hash is not None else each.compare)]
    return attrgetter(*names) if names else lambda self: ()


def _equal(self: Any, other: Any) -> Any:
    if other.__class__ is not self.__class__:
        return NotImplemented
    if self is other:
        return True
    read = _reader(self.__class__, False)
    return read(self) == read(other)


def _hash(self: Any) -> int:
    return hash(_reader(self.__class__, True)(self))


def _shown(self: Any) -> str:
    shown = (f"{each.name}={getattr(self, each.name)!r}" for each in dataclasses.fields(self) if each.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _refuse(self: Any, name: str, value: object = None) -> None:
    raise FrozenInstanceError(f"{type(self).__name__}.{name} cannot be set: make a new one")
