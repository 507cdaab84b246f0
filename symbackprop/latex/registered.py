"""Tables that somebody may add to at any time, so that nothing kept from before may be used after that."""

from __future__ import annotations

from typing import ClassVar, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Table(dict[Key, Value]):
    """What is registered by its key.

    Attributes:
        changes: how often anything was registered, or taken out, in any table.
    """

    changes: ClassVar[int] = 0

    def __setitem__(self, key: Key, value: Value) -> None:
        Table.changes += 1
        super().__setitem__(key, value)

    def __delitem__(self, key: Key) -> None:
        Table.changes += 1
        super().__delitem__(key)
