"""What an immutable object keeps of what was computed of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

Owner = TypeVar("Owner")
Value = TypeVar("Value")

# sets an attribute of a frozen object; not through `__dict__`, because asking for that makes a dictionary for every
# object, which doubles the work of the garbage collector
keep: Callable[[Any, str, Any], None] = object.__setattr__


def kept(owner: Owner, name: str, find: Callable[[Owner], Value]) -> Value:
    """The attribute of that name, found when it is first asked for; it is never None."""
    found: Value | None = getattr(owner, name, None)
    if found is None:
        found = find(owner)
        keep(owner, name, found)
    return found
