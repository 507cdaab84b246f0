"""Immutable nodes, and how to walk and rebuild a tree of them, whatever they stand for."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, ClassVar, TypeVar, dataclass_transform

from symbackprop.dims import Dim
from symbackprop.keeping import keep, kept

Path = tuple[int, ...]
T = TypeVar("T", bound="Node")
N = TypeVar("N", bound="Node")


class Node:
    """Base of every immutable node: structural equality, with the hash computed once."""

    _fields: ClassVar[tuple[str, ...]] = ()
    _hash: int
    _operands: tuple[Any, ...]
    # what all nodes that were found equal to each other have in common
    _same: object = None

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable: make a new one")

    def _values(self) -> tuple[Any, ...]:
        """The values of its fields; `node` puts in a quicker way to read them."""
        return tuple([getattr(self, name) for name in self._fields])

    def __hash__(self) -> int:
        # most are asked for again and again: an attribute that is there costs less than a default for one that is not
        try:
            return self._hash
        except AttributeError:
            made = hash((type(self).__name__, *self._values()))
            keep(self, "_hash", made)
            return made

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if type(self) is not type(other):
            return NotImplemented if not isinstance(other, Node) else False
        if self._same is not None and self._same is other._same:
            return True
        if hash(self) != hash(other) or self._values() != other._values():
            return False
        # the same two are compared over and over, as keys of what was found before
        same = self._same or other._same or object()
        keep(self, "_same", same)
        keep(other, "_same", same)
        return True

    def __repr__(self) -> str:
        return kept(self, "_repr", _repr)


@dataclass_transform(frozen_default=True)
def node(cls: type[T]) -> type[T]:
    """Make a class an immutable node: a frozen dataclass that compares by structure."""
    made = dataclass(frozen=True, eq=False, repr=False)(cls)
    made._fields = tuple(f.name for f in dataclasses.fields(made))  # type: ignore[arg-type]
    if len(made._fields) > 1:
        made._values = _reader(attrgetter(*made._fields))  # type: ignore[assignment]
    return made


def _reader(values: Callable[[Any], tuple[Any, ...]]) -> Callable[[Any], tuple[Any, ...]]:
    """As a method: an object that is not a function would not be bound to the node."""
    return lambda self: values(self)


def _repr(e: Node) -> str:
    inner = ", ".join(str(v) if isinstance(v, Dim) else repr(v) for v in e._values())
    return f"{type(e).__name__}({inner})"


def children(e: Node) -> tuple[Any, ...]:
    """The operands of a node, in the order in which a `Path` counts them."""
    try:
        return e._operands
    except AttributeError:
        made = _children(e)
        keep(e, "_operands", made)
        return made


def _children(e: Node) -> tuple[Any, ...]:
    found: list[Any] = []
    for value in e._values():
        if isinstance(value, Node):
            found.append(value)
        elif isinstance(value, tuple):
            found += [v for v in value if isinstance(v, Node)]
    return tuple(found)


def rebuild(e: N, operands: tuple[Any, ...], dims: Callable[[Dim], Dim] | None = None) -> N:
    """The same node over other operands, its own dims mapped by `dims`."""
    rest = iter(operands)
    values: list[Any] = []
    for value in e._values():
        if isinstance(value, Node):
            values.append(next(rest))
        elif isinstance(value, tuple) and any(isinstance(v, Node) for v in value):
            values.append(tuple(next(rest) if isinstance(v, Node) else v for v in value))
        elif isinstance(value, Dim) and dims is not None:
            values.append(dims(value))
        else:
            values.append(value)
    return type(e)(*values)


def parts(e: Node) -> tuple[Any, ...]:
    """Every subexpression without its path, in the same order as `subterms`; kept, for what is looked at often."""
    return kept(e, "_parts", _parts)


def _parts(e: Node) -> tuple[Any, ...]:
    found = [e]
    for child in children(e):
        found += parts(child)
    return tuple(found)


def subterms(e: Node) -> Iterator[tuple[Path, Any]]:
    """Every subexpression with its path, from the outside in and left to right."""
    yield (), e
    for i, child in enumerate(children(e)):
        for path, inner in subterms(child):
            yield (i, *path), inner


def at_path(e: Node, path: Path) -> Any:
    """The subexpression at a path."""
    for i in path:
        e = children(e)[i]
    return e
