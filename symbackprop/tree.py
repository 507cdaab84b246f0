"""Immutable nodes, and how to walk and rebuild a tree of them, whatever they stand for."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar, dataclass_transform

from symbackprop.dims import Dim
from symbackprop.keeping import keep, kept

Path = tuple[int, ...]
T = TypeVar("T", bound="Node")
N = TypeVar("N", bound="Node")


class Node:
    """Base of every immutable node: structural equality, with the hash computed once."""

    _fields: ClassVar[tuple[str, ...]] = ()

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable: make a new one")

    def _values(self) -> tuple[Any, ...]:
        return tuple([getattr(self, name) for name in self._fields])

    def __hash__(self) -> int:
        cached: int | None = getattr(self, "_hash", None)
        if cached is None:
            cached = hash((type(self).__name__, *self._values()))
            keep(self, "_hash", cached)
        return cached

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if type(self) is not type(other):
            return NotImplemented if not isinstance(other, Node) else False
        return hash(self) == hash(other) and self._values() == other._values()

    def __repr__(self) -> str:
        return kept(self, "_repr", _repr)


@dataclass_transform(frozen_default=True)
def node(cls: type[T]) -> type[T]:
    """Make a class an immutable node: a frozen dataclass that compares by structure."""
    made = dataclass(frozen=True, eq=False, repr=False)(cls)
    made._fields = tuple(f.name for f in dataclasses.fields(made))  # type: ignore[arg-type]
    return made


def _repr(e: Node) -> str:
    inner = ", ".join(str(v) if isinstance(v, Dim) else repr(v) for v in e._values())
    return f"{type(e).__name__}({inner})"


def children(e: Node) -> tuple[Any, ...]:
    """The operands of a node, in the order in which a `Path` counts them."""
    return kept(e, "_children", _children)


def _children(e: Node) -> tuple[Any, ...]:
    found: list[Any] = []
    for value in e._values():
        if isinstance(value, Node):
            found.append(value)
        elif isinstance(value, tuple):
            found.extend(v for v in value if isinstance(v, Node))
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
