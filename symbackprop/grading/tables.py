"""Values of a table of a TOML file: each of the kind that its key asks for, or a sentence that says what to write."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from symbackprop.errors import SymbackpropError


class Table:
    """A table, and the words for where it stands.

    Args:
        values: by key.
        where: such as `homework.toml, question 1a`.
    """

    def __init__(self, values: Mapping[str, object], where: str) -> None:
        self.values = values
        self.where = where

    def only(self, known: Sequence[str]) -> None:
        """Refuse a key that is none of those.

        Raises:
            SymbackpropError: for the first one.
        """
        for key in self.values:
            if key not in known:
                near = get_close_matches(key, known, 1)
                meant = f"did you mean {near[0]}?" if near else f"its keys are {', '.join(known)}"
                raise SymbackpropError(f"{self.where}: there is no key {key!r}: {meant}")

    def text(self, key: str) -> str | None:
        """A text, if the key is there.

        Raises:
            SymbackpropError: for something else, or for nothing but blanks.
        """
        value = self.values.get(key)
        if value is not None and not (isinstance(value, str) and value.strip()):
            raise self.wrong(key, "a text", "it in quotes")
        return value

    def needed(self, key: str, example: str) -> str:
        """A text that must be there.

        Raises:
            SymbackpropError: where it is missing, or something else.
        """
        found = self.text(key)
        if found is None:
            raise SymbackpropError(f"{self.where}: {key} is missing: write {key} = {example}")
        return found

    def chosen(self, key: str, known: Sequence[str]) -> str | None:
        """One of some words, if the key is there.

        Raises:
            SymbackpropError: for anything else.
        """
        value = self.values.get(key)
        if value is not None and (not isinstance(value, str) or value not in known):
            raise self.wrong(key, "none of its values", " or ".join(f'"{each}"' for each in known))
        return value

    def number(self, key: str, least: float, above: bool = False) -> float | None:
        """A finite number, if the key is there: `least` or more, or, for `above`, more.

        Raises:
            SymbackpropError: for anything else.
        """
        value = self.values.get(key)
        if value is None:
            return None
        is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        if not is_number or value < least or (above and value == least):  # type: ignore[operator]
            raise self.wrong(
                key, "a number that can be", f"one {'above' if above else 'of at least'} {least:g}, without quotes"
            )
        return value  # type: ignore[return-value]

    def whole(self, key: str) -> int | None:
        """A whole number, if the key is there.

        Raises:
            SymbackpropError: for anything else.
        """
        value = self.values.get(key)
        if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
            raise self.wrong(key, "a whole number", "one such as 2, without quotes")
        return value

    def texts(self, key: str) -> list[str] | None:
        """A list of texts, if the key is there.

        Raises:
            SymbackpropError: for anything else.
        """
        value = self.values.get(key)
        if value is not None and not (isinstance(value, list) and all(isinstance(each, str) for each in value)):
            raise self.wrong(key, "a list of texts", r"one such as ['W_1', '\delta_2']")
        return value

    def names(self, key: str) -> dict[str, str]:
        """A table of texts, empty if the key is not there.

        Raises:
            SymbackpropError: for anything else.
        """
        value = self.values.get(key, {})
        if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
            raise self.wrong(key, "a table of texts", "one such as { W_1 = 'H x D', x = 'D' }")
        return value

    def wrong(self, key: str, kind: str, instead: str) -> SymbackpropError:
        """What is said of a value of another kind."""
        shown = repr(self.values.get(key))
        shown = shown if len(shown) <= 60 else f"{shown[:57]}…"
        verb = "is" if kind.startswith("none") else "is not"
        return SymbackpropError(f"{self.where}: {key} = {shown} {verb} {kind}: write {instead}")
